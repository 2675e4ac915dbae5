"""Data of the scenarios: an available offer, and its buyer."""

from __future__ import annotations

import pytest

from korus.models import Beneficiary, Customer

ADA = Customer(
    firstname="Ada",
    lastname="Lovelace",
    email="ada.lovelace@example.com",
    phone="+33639980456",
    country="FR",
    language="fr",
    title="mrs",
    optin=False,
)

EVERYTHING = Beneficiary(
    firstname="Ada",
    lastname="Lovelace",
    email="ada@example.com",
    phone="+33639980456",
    title="mrs",
    date_of_birth="1984-05-06",
    place_of_birth="London",
    nationality="GB",
)


def plain_offer(client, number=0):
    """The offer with the number that needs neither a session nor answers, of which there is enough."""
    catalog = client.catalogs.list().first()
    found = [
        offer
        for offer in client.offers.list(catalog, sort="asc", page_size=8).page(1)
        if (offer.available_quantity is None or offer.available_quantity > 20)
        and all(one.date_access and not one.form for one in offer.tickets)
    ]
    return found[number]


def held(client, quantity=1, number=0):
    """A hold of a plain offer."""
    booking = client.reservations.bulk()
    booking.add(plain_offer(client, number), quantity=quantity)
    return booking.submit()


def ordered(client, reference, quantity=1):
    """An order of a plain offer."""
    return client.orders.create(
        held(client, quantity).succeeded, customer=ADA, external_reference=reference
    ).succeeded[0]


def named_ticket(client):
    """The first ticket of an order that has to be given a name."""
    catalogs = list(client.catalogs.list())
    for catalog in catalogs:
        for base in client.product_bases.list(catalog, page_size=50):
            if not base.beneficiary_info_may_be_required:
                continue
            for offer in client.offers.list(catalog, product_base=base.id, sort="asc", page_size=20).page(1):
                if (offer.available_quantity or 99) > 5 and all(
                    one.date_access and not one.form for one in offer.tickets
                ):
                    return offer
    return pytest.fail("nothing asks for a name")


def a_timed_ticket(client):
    """A ticket whose holder has to choose a session, with the offer it belongs to."""
    for catalog in client.catalogs.list():
        for offer in client.offers.list(catalog, sort="asc", page_size=20):
            for ticket in offer.tickets:
                if not ticket.date_access:
                    return catalog, offer, ticket
    return pytest.fail("no offer has a ticket for a session")
