"""Huge waits and odd dates: bounded or refused, and never an OverflowError."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from korus import AsyncKorus, Cache, Korus, RetryPolicy, Timeouts
from korus._booking.beneficiaries import check_beneficiary, requirement
from korus._booking.issued_tickets import IssuedTicketFacts
from korus._core.durations import LONGEST, bounded
from korus.errors import ConfigurationError, DocumentsNotReady, InvalidArgument, KorusError

SETTINGS = {
    "client_id": "shop",
    "client_secret": "s3",
    "base_url": "http://127.0.0.1:1",
    "token_url": "http://127.0.0.1:1",
}
HUGE = [1e300, 10**400, 1e10]


def test_the_longest_wait_is_one_that_sleeps_and_sockets_take() -> None:
    assert LONGEST < threading.TIMEOUT_MAX
    assert [bounded(value) for value in (1e300, 10**400, 1e9, 5, 0.5, -1)] == [1e9, 1e9, 1e9, 5, 0.5, -1]
    assert bounded(None) is None
    assert bounded(float("inf")) == float("inf")
    assert bounded(True) is True


@pytest.mark.parametrize("seconds", HUGE, ids=["1e300", "10**400", "1e10"])
def test_a_huge_wait_is_a_long_one(seconds: float) -> None:
    assert Timeouts(total=seconds, connect=seconds, read=seconds).total == LONGEST
    assert Timeouts.of(seconds).total == LONGEST
    assert Timeouts.of(timedelta.max).total == LONGEST
    policy = RetryPolicy(first_wait=seconds, longest_wait=seconds, retry_after_cap=seconds, settle=seconds)
    assert (policy.first_wait, policy.settle) == (LONGEST, LONGEST)
    assert Cache(keep=seconds).keep == Cache(keep=timedelta.max).keep == LONGEST


@pytest.mark.parametrize("seconds", [float("inf"), float("nan")])
def test_a_wait_without_end_is_refused(seconds: float) -> None:
    with pytest.raises(ConfigurationError):
        Timeouts(total=seconds)
    with pytest.raises(ConfigurationError):
        RetryPolicy(settle=seconds)


@pytest.mark.parametrize("seconds", HUGE, ids=["1e300", "10**400", "1e10"])
def test_a_call_with_a_huge_timeout_is_made(seconds: float) -> None:
    timeouts = Timeouts(total=seconds, connect=seconds, read=seconds, write=seconds, pool=seconds)
    with (
        Korus(**SETTINGS, timeout=timeouts, retry=RetryPolicy(attempts=1)) as korus,
        pytest.raises(KorusError),
    ):
        korus.catalogs.list().first()


@pytest.mark.parametrize("seconds", HUGE, ids=["1e300", "10**400", "1e10"])
async def test_an_async_call_with_a_huge_timeout_is_made(seconds: float) -> None:
    timeouts = Timeouts(total=seconds, connect=seconds, read=seconds, write=seconds, pool=seconds)
    async with AsyncKorus(**SETTINGS, timeout=timeouts, retry=RetryPolicy(attempts=1)) as korus:
        with pytest.raises(KorusError):
            await korus.catalogs.list().first()


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "9999-12-31"])
def test_a_deadline_at_the_ends_of_the_calendar_can_be_compared(moment: str) -> None:
    ticket = IssuedTicketFacts.read(
        {"@id": "/t", "beneficiaryDesignationDeadline": moment, "requiredBeneficiaryFields": []}
    )
    assert requirement(ticket).deadline is not None
    given = {"firstname": "Ada", "lastname": "Lovelace"}
    try:
        assert check_beneficiary(ticket, given, now=datetime.now(UTC)) == given
    except InvalidArgument:
        assert moment.startswith("0001")


@pytest.mark.parametrize("due", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
@pytest.mark.parametrize(
    "date", ["Fri, 31 Dec 2027 23:59:59 -9999", "Mon, 01 Jan 0001 00:00:00 +1400", "x" * 50]
)
@pytest.mark.parametrize("timeout", [0, *HUGE], ids=["0", "1e300", "10**400", "1e10"])
def test_documents_with_odd_dates_are_listed_or_not_ready(due: str, date: str, timeout: float) -> None:
    order = "/v1/booking/orders/o"

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/":
            return httpx.Response(
                200, json={"access_token": "t", "token_type": "Bearer", "expires_in": 10**400}
            )
        if request.url.path.endswith("/documents"):
            members = [{"@id": f"{order}/documents/d", "id": "d", "downloadableAt": due}]
            return httpx.Response(200, json={"member": members}, headers={"date": date})
        return httpx.Response(200, json={"@id": order, "items": []})

    with Korus(**SETTINGS, transport=httpx.MockTransport(answer)) as korus:
        if due.startswith("0001"):
            (document,) = korus.documents.wait(order, timeout=timeout)
            assert document.id == "d"
        else:
            with pytest.raises(DocumentsNotReady):
                korus.documents.wait(order, timeout=0)


@pytest.mark.parametrize("number", [10**5000, 2**31], ids=["endless", "large"])
def test_a_number_beyond_all_measure_is_refused_without_showing_it(number: int) -> None:
    with Korus(**SETTINGS) as korus:
        for ask in (
            lambda: korus.catalogs.list(page_size=number),
            lambda: korus.catalogs.list().page(number),
        ):
            with pytest.raises(InvalidArgument) as caught:
                ask()
            assert len(str(caught.value)) < 200
        booking = korus.reservations.bulk()
        booking.add("/v1/ticketing/catalogs/c/offers/o", quantity=-number)
        booking.add("/v1/ticketing/catalogs/c/offers/o", quantity=number)
        with pytest.raises(InvalidArgument):
            booking.submit(check=False)


def test_amounts_beyond_all_measure_have_no_total() -> None:
    from korus.cli.receipt import _total

    class Line:
        def __init__(self, iri: str, amount: str) -> None:
            self.orders = ({"@id": iri, "totalAmountInclTax": amount},)

    huge = "9" + "9" * 30 + "E999999"
    assert _total([Line("/a", huge), Line("/b", huge)]) is None  # type: ignore[list-item]
    assert Decimal(_total([Line("/a", "1.50"), Line("/b", "2.25")]) or 0) == Decimal("3.75")  # type: ignore[list-item]
