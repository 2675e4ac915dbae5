"""Scenarios of documents: waiting for them, addressing them, fetching them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from booking import ordered

from korus import RetryPolicy
from korus.errors import DocumentsNotReady


@pytest.fixture
def options():
    return {"retry": RetryPolicy(first_wait=0.01)}


def test_the_documents_of_an_order_are_downloaded(client, tmp_path):
    """The tickets of an order as PDF, in a folder."""
    order = ordered(client, "SHOP-9", quantity=2)
    client.documents.wait(order, timeout=20)
    files = client.documents.download(order, to=tmp_path)
    assert len(files) == len(list(tmp_path.iterdir())) >= 1
    assert all(path.read_bytes().startswith(b"%PDF-") for path in tmp_path.iterdir())


def test_a_document_is_addressed_in_a_language(client):
    """The address that a document can be fetched from for a while, outside the API."""
    order = ordered(client, "SHOP-10")
    client.documents.wait(order, timeout=20)
    (document, *_) = client.documents.list(order)
    assert client.documents.get(document).downloadable_at == document.downloadable_at
    address = client.documents.url(document, language="fr")
    assert address.cached_language == "fr"
    assert "/v1/" not in address.temporary_url


def test_a_document_that_is_not_ready_is_waited_for_only_so_long(client, korus_cassette):
    """An order whose documents need longer than anybody waits."""
    korus_cassette.arrange(lambda sandbox: setattr(sandbox.box_office, "_document_delay", timedelta(hours=1)))
    order = ordered(client, "SHOP-11")
    with pytest.raises(DocumentsNotReady):
        client.documents.wait(order, timeout=0.2)
