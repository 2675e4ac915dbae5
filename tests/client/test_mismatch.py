"""Rule R9 in every read: an answer about something else is refused, and never kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from scripted_server import Caller, Reply, ScriptedServer

from korus.errors import AnswerMismatch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CATALOG = "/v1/ticketing/catalogs/c1"
OFFER = f"{CATALOG}/offers/o1"
ORDER = "/v1/booking/orders/b1"
TICKET = f"{ORDER}/items/i1/tickets/t1"
DOCUMENT = f"{ORDER}/documents/d1"
BENEFICIARY = {"firstname": "Ada", "lastname": "Lovelace"}
NEEDS = {"requiredBeneficiaryFields": [], "beneficiaryAmendable": True}

READS: dict[str, tuple[Callable[[Any], Any], str, str]] = {
    "order": (lambda k: k.orders.get("b1"), ORDER, "/v1/booking/orders/b2"),
    "reservation": (
        lambda k: k.reservations.get("r1"),
        "/v1/booking/reservations/r1",
        "/v1/booking/reservations/r2",
    ),
    "price": (lambda k: k.offers.price(OFFER), f"{OFFER}/price", f"{CATALOG}/offers/o2/price"),
    "availability": (
        lambda k: k.offers.availability(OFFER),
        f"{OFFER}/availability",
        f"{CATALOG}/offers/o2/availability",
    ),
    "offer ticket": (
        lambda k: k.offers.ticket(f"{OFFER}/tickets/t1"),
        f"{OFFER}/tickets/t1",
        f"{OFFER}/tickets/t2",
    ),
    "ticket": (lambda k: k.tickets.get(TICKET), TICKET, TICKET[:-1] + "2"),
    "document": (lambda k: k.documents.get(DOCUMENT), DOCUMENT, DOCUMENT[:-1] + "2"),
    "document's address": (lambda k: k.documents.url(DOCUMENT), DOCUMENT, DOCUMENT[:-1] + "2"),
    "form": (lambda k: k.forms.get("f1"), "/v1/forms/f1", "/v1/forms/f2"),
    "required beneficiaries": (lambda k: k.tickets.required("b1"), ORDER, "/v1/booking/orders/b2"),
    "beneficiary": (
        lambda k: k.tickets.set_beneficiary({"@id": TICKET, **NEEDS}, BENEFICIARY),
        TICKET,
        TICKET[:-1] + "2",
    ),
    "offers": (
        lambda k: k.offers.list("c1").first(),
        f"{CATALOG}/offers",
        "/v1/ticketing/catalogs/c2/offers",
    ),
    "documents": (
        lambda k: k.documents.list("b1").first(),
        f"{ORDER}/documents",
        "/v1/booking/orders/b2/documents",
    ),
}


@pytest.mark.parametrize("read", READS)
def test_an_answer_about_another_is_refused(server: ScriptedServer, caller: Caller, read: str) -> None:
    call, _, other = READS[read]
    server.answer = lambda _: Reply(
        body={"@id": other, "id": "b1", "member": [], "customer": {"lastname": "Canary"}}
    )
    with pytest.raises(AnswerMismatch) as caught:
        caller.call(call)
    assert caught.value.status == 200
    assert "Canary" not in repr(caught.value) + str(caught.value)


@pytest.mark.parametrize("name", ["right", "absolute", "genid", "none"])
@pytest.mark.parametrize("read", READS)
def test_an_answer_about_the_same_or_without_a_name_is_taken(
    server: ScriptedServer, caller: Caller, read: str, name: str
) -> None:
    call, right, _ = READS[read]
    iri = {
        "right": right,
        "absolute": server.base_url + right,
        "genid": "/.well-known/genid/0123456789abcdef0123",
        "none": None,
    }[name]
    server.answer = lambda _: Reply(body={"@id": iri, "@type": "TicketingOffer", "member": []})
    caller.call(call)


def test_an_answer_about_another_is_not_kept(server: ScriptedServer, caller: Caller, tmp_path: Path) -> None:
    call, right, other = READS["form"]
    server.replies(Reply(body={"@id": other}), Reply(body={"@id": right, "id": "f1"}))
    with pytest.raises(AnswerMismatch):
        caller.call(call, cache=tmp_path / "cache.sqlite3")
    assert caller.call(call, call, cache=tmp_path / "cache.sqlite3").id == "f1"
    assert len(server.api_requests) == 2


def test_a_cookie_of_one_account_does_not_reach_another(server: ScriptedServer, caller: Caller) -> None:
    server.answer = lambda _: Reply(body={"@id": ORDER}, headers={"Set-Cookie": "session=of-shop; Path=/"})
    other = lambda k: k.with_options(client_id="other").orders.get("b1")  # noqa: E731
    caller.call(READS["order"][0], other, READS["order"][0])
    assert [seen.headers.get("cookie") for seen in server.seen] == [None] * len(server.seen)


def test_of_the_callers_own_cookies_those_are_sent_that_it_brought(
    server: ScriptedServer, caller: Caller
) -> None:
    import httpx

    own = (httpx.AsyncClient if caller.asynchronous else httpx.Client)(
        cookies={"mine": "1"}, params={"trace": "yes"}, headers={"X-Mine": "2"}
    )
    server.answer = lambda _: Reply(
        body={"@id": ORDER}, headers={"Set-Cookie": "session=of-shop; Path=/", "Connection": "close"}
    )
    server.answer_token = lambda _: Reply(
        body={"access_token": "t", "expires_in": 60}, headers={"Connection": "close"}
    )
    other = lambda k: k.with_options(client_id="other").orders.get("b1")  # noqa: E731
    caller.call(READS["order"][0], other, http_client=own)
    assert [seen.headers.get("cookie") for seen in server.api_requests] == ["mine=1"] * 2
    assert [seen.target for seen in server.api_requests] == [f"{ORDER}?trace=yes"] * 2
    assert {seen.headers["x-mine"] for seen in server.api_requests} == {"2"}
    if not caller.asynchronous:
        own.close()
