"""The shop, tested: against the sandbox where it has to be pushed, against recordings where it only has to be asked."""

from datetime import timedelta
from decimal import Decimal

import pytest
from shop import Basket, Shop, Sorry, WeWillMail

from korus import RetryPolicy
from korus.models import Customer

ADA = Customer(firstname="Ada", lastname="Lovelace", email="ada@example.com")


@pytest.fixture
def mails():
    """The mails of the shop, by the number of the purchase."""
    return {}


@pytest.fixture
def client(korus, tmp_path):
    """A client with a journal, as the shop needs it, that looks for a lost answer only briefly."""
    with korus.with_options(
        journal=str(tmp_path / "journal.db"),
        timeout=1.5,
        retry=RetryPolicy(attempts=2, first_wait=0.01, longest_wait=0.05, settle=0.2),
    ) as client:
        yield client


@pytest.fixture
def shop(client, mails):
    return Shop(client, mails.__setitem__)


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
    (order,) = shop.check_out(basket, ADA, "SHOP-1001").orders
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
    (order,) = shop.check_out(basket, ADA, "SHOP-1004").orders
    assert [found["order"] for found in korus_sandbox.inspect.orders] == [order.iri]
    assert not shop.waiting


def test_what_is_refused_of_a_basket_is_named_and_the_rest_is_bought(shop, korus_sandbox):
    basket = Basket()
    first, second = shop.whats_on(limit=2)
    basket.add(first)
    basket.add(second)
    korus_sandbox.faults.add("fail_items", operation="bulk_create_orders", items=(0,), count=1)
    purchase = shop.check_out(basket, ADA, "SHOP-1005")
    assert purchase.missing == (first.name,)
    assert [found["order"] for found in korus_sandbox.inspect.orders] == [purchase.orders[0].iri]


# --- an answer that is lost for good: the customer hears later, and nothing is bought twice --------------------------


def check_out_and_lose_the_answer(shop, sandbox, number, *, done):
    basket = Basket()
    basket.add(shop.whats_on(limit=1)[0])
    # the reservation is looked at once before it is ordered; that may still work
    sandbox.faults.add("drop_after" if done else "drop_before", operation="bulk_create_orders")
    for operation in ("get_reservation", "list_orders"):
        sandbox.faults.add("status", operation=operation, status=503, skip=1)
    with pytest.raises(WeWillMail, match="Please do not order again: we will mail you"):
        shop.check_out(basket, ADA, number)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_customer_whose_answer_is_lost_is_mailed_once_it_is_known(
    shop, client, korus_sandbox, mails, restarted
):
    check_out_and_lose_the_answer(shop, korus_sandbox, "SHOP-1006", done=True)
    shop.settle()
    assert (mails, shop.waiting) == ({}, {"SHOP-1006"})  # nobody can tell yet
    korus_sandbox.faults.clear()
    shop = Shop(client, shop.mail, shop.waiting) if restarted else shop
    shop.settle()
    (order,) = korus_sandbox.inspect.orders
    assert mails == {"SHOP-1006": f"Your tickets are booked: {order['reference']}."}
    assert not shop.waiting
    mails.clear()
    shop.settle()
    assert mails == {}


def test_a_crash_between_settling_and_mailing_loses_no_mail(shop, client, korus_sandbox, mails):
    check_out_and_lose_the_answer(shop, korus_sandbox, "SHOP-1007", done=True)
    korus_sandbox.faults.clear()
    client.journal.recover()
    shop.settle()
    assert list(mails) == ["SHOP-1007"]
    assert mails["SHOP-1007"].startswith("Your tickets are booked")


def test_a_purchase_that_another_worker_is_about_to_order_is_left_alone(shop, mails):
    shop.waiting.add("SHOP-1009")
    shop.settle()
    assert (mails, shop.waiting) == ({}, {"SHOP-1009"})


class Crash(BaseException):
    """Raised where a worker is killed: nothing after it is done."""


def crash(*_args, **_named):
    raise Crash


def test_a_crash_before_the_page_is_shown_loses_no_mail(shop, client, korus_sandbox, mails):
    basket = Basket()
    basket.add(shop.whats_on(limit=1)[0])
    with pytest.raises(Crash):
        Shop(client, crash, shop.waiting).check_out(basket, ADA, "SHOP-1010")
    shop.settle()
    (order,) = korus_sandbox.inspect.orders
    assert mails == {"SHOP-1010": f"Your tickets are booked: {order['reference']}."}
    assert not shop.waiting


def test_a_crash_just_before_the_order_is_mailed_once_the_hold_has_ended(
    shop, client, korus_sandbox, mails, monkeypatch
):
    basket = Basket()
    basket.add(shop.whats_on(limit=1)[0])
    with monkeypatch.context() as patched:
        patched.setattr(type(client.orders), "create", crash)
        with pytest.raises(Crash):
            shop.check_out(basket, ADA, "SHOP-1011")
    shop.settle()
    assert (mails, shop.waiting) == ({}, {"SHOP-1011"})  # the hold may still be ordered
    Shop(client, shop.mail, shop.waiting, holds_last=timedelta(0)).settle()
    assert mails == {"SHOP-1011": "Your order did not go through. You have not been charged."}
    assert not shop.waiting
    assert korus_sandbox.inspect.orders == []


def test_an_order_that_was_refused_is_no_open_purchase(shop, korus_sandbox):
    basket = Basket()
    basket.add(shop.whats_on(limit=1)[0])
    korus_sandbox.faults.add("status", operation="bulk_create_orders", status=403)
    with pytest.raises(Sorry, match="You have not been charged"):
        shop.check_out(basket, ADA, "SHOP-1008")
    assert not shop.waiting
    assert korus_sandbox.inspect.orders == []
