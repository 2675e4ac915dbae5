"""The shop, tested: against the sandbox where it has to be pushed, against recordings where it only has to be asked."""

from decimal import Decimal

import pytest
from shop import Basket, Shop, Sorry

from korus.models import Customer

ADA = Customer(firstname="Ada", lastname="Lovelace", email="ada@example.com")


@pytest.fixture
def shop(korus):
    return Shop(korus)


# --- with a cassette: the box office answers what it answered when this was recorded --------------------------------


@pytest.mark.korus_cassette(purpose="What the shop window shows.")
def test_the_window_shows_what_is_on(shop, korus_cassette):
    shown = shop.whats_on(limit=3)
    assert len(shown) == 3
    assert all(one.price > 0 for one in shown)
    assert str(shown[0]).endswith("EUR")


@pytest.mark.korus_cassette(purpose="A customer buys two tickets and gets them.")
def test_a_customer_buys_tickets_and_gets_them(shop, korus_cassette, tmp_path):
    basket = Basket()
    shown = shop.whats_on(limit=1)[0]
    basket.add(shown, quantity=2)
    order = shop.check_out(basket, ADA, "SHOP-1001")
    # what is private has been replaced in the recording: the order belongs to somebody whose name nobody knows
    assert order.customer.lastname == korus_cassette.shown("family", "Lovelace")
    assert order.external_reference == korus_cassette.shown("reference", "SHOP-1001")
    assert Decimal(order.total_amount_incl_tax) == basket.total
    files = shop.tickets(order, tmp_path)
    assert [path.read_bytes()[:5] for path in files] == [b"%PDF-"] * len(files)
    assert files


@pytest.mark.korus_cassette(purpose="The box office refuses one of two lines.")
def test_a_customer_is_told_what_cannot_be_had(shop, korus_cassette):
    # while this is recorded, the sandbox is told to refuse the second line; when it is replayed, nothing is arranged
    korus_cassette.arrange(
        lambda sandbox: sandbox.faults.add(
            "fail_items", operation="bulk_create_reservations", items=(1,), count=1
        )
    )
    basket = Basket()
    first, second = shop.whats_on(limit=2)
    basket.add(first)
    basket.add(second)
    with pytest.raises(Sorry, match="cannot be had any more") as told:
        shop.check_out(basket, ADA, "SHOP-1002")
    assert second.name in str(told.value)


# --- with the sandbox: for what is easier to push than to record ----------------------------------------------------


def test_somebody_else_is_faster(shop, korus_sandbox):
    basket = Basket()
    shown = shop.whats_on(limit=1)[0]
    basket.add(shown, quantity=2)
    korus_sandbox.set_stock(shown.offer.iri, 1)
    with pytest.raises(Sorry, match="faster"):
        shop.check_out(basket, ADA, "SHOP-1003")
    assert korus_sandbox.inspect.orders == []


def test_nothing_is_bought_twice_when_the_connection_breaks(shop, korus_sandbox):
    basket = Basket()
    basket.add(shop.whats_on(limit=1)[0])
    korus_sandbox.faults.add("drop_after", operation="bulk_create_orders", count=1)
    order = shop.check_out(basket, ADA, "SHOP-1004")
    assert [found.get("@id", order.iri) for found in korus_sandbox.inspect.orders] == [order.iri]
