"""Scenarios of browsing: everything that is read before something is booked."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from booking import a_timed_ticket


def test_catalogues_are_listed_newest_first(client):
    """The catalogues that were granted are listed, the newest first."""
    catalogs = list(client.catalogs.list(sort="desc"))
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
    assert pages.total() > 15


def test_a_list_that_fits_one_page_has_no_link_to_a_next_one(client):
    """All product bases are on one page, and nothing more is asked for."""
    bases = client.product_bases.list(client.catalogs.list().first(), page_size=50)
    names = [base.name for base in bases]
    assert len(names) == len(set(names)) == bases.total()
    assert all(base.disabled is False for base in bases)


def test_disabled_product_bases_are_listed_when_they_are_asked_for(client):
    """Without the parameter fewer product bases are listed than with it."""
    catalogs = list(client.catalogs.list())
    shown = [base.iri for one in catalogs for base in client.product_bases.list(one, page_size=50)]
    every = [
        base for one in catalogs for base in client.product_bases.list(one, with_disabled=True, page_size=50)
    ]
    assert {base.iri for base in every} > set(shown)
    assert {base.disabled for base in every} == {True, False}


def test_an_empty_collection_has_no_first_item(client):
    """Nobody has ordered anything yet."""
    orders = client.orders.list()
    assert orders.first() is None
    assert orders.total() == 0
    assert list(client.reservations.list()) == []


def test_a_product_base_leads_to_its_products_options_and_values(client):
    """From a base to what can be bought of it and along which dimensions it differs."""
    base = client.product_bases.list(client.catalogs.list().first()).first()
    products = list(client.products.list(base))
    assert products
    assert all(product.iri.startswith(base.iri.partition("/product_bases")[0]) for product in products)
    options = list(client.product_bases.options(base))
    codes = [option.code for option in options]
    assert codes == sorted(codes, key=codes.index)
    values = [value for option in options for value in client.product_bases.option_values(base, option.code)]
    assert len(values) >= len(options) > 0
    assert all(value.value for value in values)


@pytest.mark.parametrize("code", ["seating_category", "zone", "price_type", "days_count"])
def test_the_values_of_every_option_can_be_read(client, code):
    """Some base of some catalogue has each of the four documented options."""
    for catalog in client.catalogs.list():
        for base in client.product_bases.list(catalog, page_size=50):
            if code in [option.code for option in client.product_bases.options(base)]:
                values = list(client.product_bases.option_values(base, code))
                assert values
                assert len({value.id for value in values}) == len(values)
                return
    pytest.fail(f"no base has the option {code}")


def test_offers_are_filtered_by_date_and_sorted(client):
    """A window of one week, from both sides, in both orders."""
    catalog = client.catalogs.list().first()
    start = client.offers.list(catalog, sort="asc").first().date
    end = start + timedelta(days=6)
    inside = [
        one.date for one in client.offers.list(catalog, after=start, before=end, sort="desc", page_size=50)
    ]
    assert inside == sorted(inside, reverse=True)
    assert {min(inside), max(inside)} == {start, end}
    strict = client.offers.list(catalog, strictly_after=start, strictly_before=end, sort="asc", page_size=50)
    assert {one.date for one in strict} == {start + timedelta(days=days) for days in range(1, 6)}


def test_offers_are_filtered_by_product_base_session_and_option(client):
    """Each filter narrows the list to what it names."""
    catalog = client.catalogs.list().first()
    base = client.product_bases.list(catalog).first()
    product = client.products.list(base).first()
    by_product = client.offers.list(catalog, products=[product.id], page_size=2)
    assert by_product.first().product.name == product.name
    by_base = client.offers.list(catalog, product_base=base.id, page_size=2)
    assert by_base.total() >= by_product.total() > 0
    option = client.product_bases.options(base).first()
    value = client.product_bases.option_values(base, option.code).first()
    assert client.offers.list(catalog, option_values=[value.code], page_size=1).total() is not None


def test_a_session_can_be_chosen_for_a_ticket(client):
    """The sessions of a ticket, each in local time, and the offers of one of them."""
    catalog, offer, ticket = a_timed_ticket(client)
    sessions = list(client.offers.sessions(ticket))
    assert sessions
    assert all(session.occurs_at.utcoffset() is not None for session in sessions)
    assert all(session.iri.startswith(ticket.iri) for session in sessions)
    found = client.offers.list(catalog, session=sessions[0].id)
    assert offer.id in [one.id for one in found]


def test_a_seat_map_is_read_for_a_session(client):
    """The base of the session's offer has a seat map for it."""
    catalog, offer, ticket = a_timed_ticket(client)
    session = client.offers.sessions(ticket).first()
    for base in client.product_bases.list(catalog, page_size=50):
        if client.offers.list(catalog, product_base=base, session=session, page_size=1).first() == offer:
            assert client.product_bases.seat_map(base, session).id == session.id
            return
    pytest.fail("no product base has the offer of the session")


def test_a_ticket_of_an_offer_is_shown_with_what_it_gives_access_to(client):
    """The ticket by itself says what it says inside the offer."""
    _, _, ticket = a_timed_ticket(client)
    alone = client.offers.ticket(ticket)
    assert (alone.id, alone.name, alone.date_access) == (ticket.id, ticket.name, False)


def test_availability_and_price_are_asked_before_booking(client):
    """What is left of an offer as a whole and by session, and what it costs now."""
    _, offer, _ = a_timed_ticket(client)
    availability = client.offers.availability(offer)
    assert availability.available_quantity is None or availability.available_quantity >= 0
    assert availability.sessions_availability
    price = client.offers.price(offer)
    assert Decimal(price.amount_incl_tax) > 0
    assert price.currency.lower() == "eur"


def test_texts_come_in_the_language_that_was_asked_for(client):
    """The same bases in English and in French."""
    catalog = client.catalogs.list().first()
    english = client.with_options(language="en").product_bases.list(catalog).first()
    french = client.with_options(language="fr").product_bases.list(catalog).first()
    assert english.id == french.id
    assert english.name != french.name


def test_what_is_addressed_by_its_id_and_by_its_address_is_the_same(client):
    """Catalogues by object, address and bare id lead to the same first offer."""
    catalog = client.catalogs.list().first()
    first = {
        client.offers.list(one, sort="asc", page_size=1).first().iri
        for one in (catalog, catalog.iri, catalog.id)
    }
    assert len(first) == 1


_ = date
