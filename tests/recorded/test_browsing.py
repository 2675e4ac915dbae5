"""Stories of browsing: everything that is read before something is booked."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from korus.errors import NotFound
from korus.models import Offer

pytestmark = pytest.mark.usefixtures("korus_cassette")


def first_offer(client, **filters):
    return client.offers.list(client.catalogs.list().first(), **filters).first()


def test_catalogues_are_listed_newest_first(client):
    """The catalogues that were granted are listed, the newest first."""
    catalogs = list(client.catalogs.list(order="desc"))
    assert len(catalogs) >= 2
    assert [one.created_at for one in catalogs] == sorted((one.created_at for one in catalogs), reverse=True)
    assert all(one.iri == f"/v1/ticketing/catalogs/{one.id}" for one in catalogs)


def test_pages_are_fetched_as_they_are_needed(client):
    """The first three pages of a long list of offers are read, following the link to the next."""
    pages = client.offers.list(client.catalogs.list().first(), page_size=5)
    seen = []
    for number, page in enumerate(pages.pages(), start=1):
        seen += [one.id for one in page]
        if number == 3:
            break
    assert len(seen) == len(set(seen)) == 15
    assert pages.total > 15
