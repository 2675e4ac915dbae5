"""The sandbox misbehaves exactly as told: which requests, how often, and what is left undone or done."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from shopping import CUSTOMER, PLAIN, token_for

from korus.sandbox import KINDS, Faults, Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopping import Shop

ORDERS = "/v1/booking/orders"


@pytest.fixture
def raw(sandbox: Sandbox) -> Iterator[httpx.Client]:
    """A client whose answers nobody judges."""
    with httpx.Client(
        base_url=sandbox.base_url, headers={"Authorization": f"Bearer {token_for(sandbox)}"}
    ) as client:
        yield client


def ready(shop: Shop) -> dict[str, Any]:
    """Return the body of an order that would succeed."""
    held = shop.reserve(shop.line(shop.offers("Lantern Park, one day, child")[0]))["reservations"][0]["@id"]
    return {"reservations": [held], "customer": CUSTOMER, "externalReference": "F-1"}


def place(raw: httpx.Client, body: dict[str, Any]) -> httpx.Response:
    return raw.post(f"{ORDERS}/_bulk", json=body, headers={"Content-Type": "application/ld+json"})


def test_a_slow_answer_comes_late(sandbox: Sandbox, raw: httpx.Client) -> None:
    sandbox.faults.add("slow", seconds=0.3)
    begun = time.monotonic()
    assert raw.get(ORDERS).status_code == 200
    assert 0.3 <= time.monotonic() - begun < 3


@pytest.mark.parametrize("done", [False, True])
def test_a_caller_that_gives_up_waiting_does_not_stop_the_work(
    done: bool, shop: Shop, sandbox: Sandbox, raw: httpx.Client
) -> None:
    body = ready(shop)
    sandbox.faults.add("slow", operation="bulk_create_orders", seconds=1, done=done, count=1)
    with pytest.raises(httpx.ReadTimeout):
        raw.post(f"{ORDERS}/_bulk", json=body, headers={"Content-Type": "application/ld+json"}, timeout=0.3)
    if not done:
        assert sandbox.inspect.orders == []
        time.sleep(1.5)
    assert len(sandbox.inspect.orders) == 1


def test_latency_is_added_to_every_answer(sandbox: Sandbox, raw: httpx.Client) -> None:
    sandbox.latency = 0.2
    begun = time.monotonic()
    raw.get(ORDERS)
    assert time.monotonic() - begun >= 0.2


def test_a_connection_dropped_before_the_work_leaves_nothing_done(
    shop: Shop, sandbox: Sandbox, raw: httpx.Client
) -> None:
    body = ready(shop)
    fault = sandbox.faults.add("drop_before", operation="bulk_create_orders", count=1)
    with pytest.raises(httpx.ReadError, match="reset"):
        place(raw, body)
    assert sandbox.inspect.orders == []
    assert place(raw, body).json()["failedOrders"] == []
    assert sandbox.faults.struck(fault) == 1


def test_a_connection_dropped_after_the_work_leaves_it_done(
    shop: Shop, sandbox: Sandbox, raw: httpx.Client
) -> None:
    body = ready(shop)
    sandbox.faults.add("drop_after", operation="bulk_create_orders", count=1)
    with pytest.raises(httpx.ReadError, match="reset"):
        place(raw, body)
    assert [order["externalReference"] for order in sandbox.inspect.orders] == ["F-1"]
    assert place(raw, body).json()["failedOrders"][0]["code"] == "reservation_already_ordered"
    assert sandbox.inspect.statuses[0] == 1


@pytest.mark.parametrize("chunked", [False, True])
def test_an_answer_is_cut_short_after_the_work(
    chunked: bool, shop: Shop, sandbox: Sandbox, raw: httpx.Client
) -> None:
    body = ready(shop)
    sandbox.faults.add("cut_short", at=0.4, chunked=chunked, count=1)
    with pytest.raises(httpx.RemoteProtocolError):
        place(raw, body)
    assert len(sandbox.inspect.orders) == 1
    assert raw.get(ORDERS).status_code == 200


@pytest.mark.parametrize("done", [False, True])
def test_a_status_is_answered_instead_before_or_after_the_work(
    done: bool, shop: Shop, sandbox: Sandbox, raw: httpx.Client
) -> None:
    body = ready(shop)
    sandbox.faults.add("status", status=503, retry_after=7, done=done, count=1)
    answer = place(raw, body)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "7"
    assert answer.json()["status"] == 503
    assert len(sandbox.inspect.orders) == int(done)


def test_a_status_may_have_a_body_of_its_own(sandbox: Sandbox, raw: httpx.Client) -> None:
    sandbox.faults.add("status", status=409, body={"detail": "already"}, count=1)
    assert raw.get(ORDERS).json() == {"detail": "already"}


@pytest.mark.parametrize("status", [401, 403, 404, 409, 422, 429, 500, 502, 503, 504])
def test_every_status_can_be_had(status: int, sandbox: Sandbox, raw: httpx.Client) -> None:
    sandbox.faults.add("status", status=status)
    assert raw.get(ORDERS).status_code == status


def test_a_proxy_answers_in_html(sandbox: Sandbox, raw: httpx.Client) -> None:
    sandbox.faults.add("html", status=502)
    answer = raw.get(ORDERS)
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html")
    assert answer.text.startswith("<html>")


def test_bodies_are_spoilt_while_the_status_stays(sandbox: Sandbox, raw: httpx.Client) -> None:
    seen = {}
    for kind in ("empty", "not_json", "padding", "wrong_charset"):
        sandbox.faults.add(kind, count=1)
        answer = raw.get(ORDERS)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/ld+json; charset=utf-8"
        with pytest.raises(ValueError):
            json.loads(answer.content.decode("utf-8"))
        seen[kind] = len(answer.content)
    assert seen["empty"] == 0
    assert seen["padding"] == 10 * 1024 * 1024


@pytest.mark.parametrize("kind", ["empty", "not_json", "padding", "wrong_charset"])
def test_answer_without_a_body_keeps_none(sandbox: Sandbox, raw: httpx.Client, kind: str) -> None:
    path = "/v1/ticketing/catalogs"
    tag = raw.get(path).headers["etag"]
    sandbox.faults.add(kind, count=1)
    answer = raw.get(path, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.content) == (304, b"")
    assert raw.get(path).status_code == 200


def test_enumerated_value_is_treated_as_unknown(shop: Shop, sandbox: Sandbox, raw: httpx.Client) -> None:
    order = shop.buy(shop.offers("Lantern Park, one day, child")[0])
    sandbox.faults.add("unknown_enum", value="levitating", count=1)
    changed = raw.get(order["@id"]).json()
    assert changed["status"] == "levitating"
    assert changed["items"][0]["tickets"][0]["status"] == "levitating"
    assert changed["reference"] == order["reference"]
    assert raw.get(order["@id"]).json()["status"] == "confirmed"


def test_a_token_is_revoked_in_mid_flight(sandbox: Sandbox, raw: httpx.Client) -> None:
    sandbox.faults.add("revoke_token", operation="list_orders", count=1)
    assert raw.get("/v1/ticketing/catalogs").status_code == 200
    assert raw.get(ORDERS).status_code == 401
    assert raw.get(ORDERS).status_code == 401
    raw.headers["Authorization"] = f"Bearer {token_for(sandbox)}"
    assert raw.get(ORDERS).status_code == 200


def test_stock_runs_out_between_check_and_hold(shop: Shop, sandbox: Sandbox) -> None:
    offer = shop.offers("Lantern Park, one day, child")[0]
    sandbox.faults.add("sold_out", count=1)
    assert shop.reserve(shop.line(offer))["failedReservations"][0]["code"] == "offer_unavailable"
    assert shop.get(f"{offer['@id']}/availability").json()["availableQuantity"] == 0


def test_a_reservation_expires_just_before_it_is_ordered(
    shop: Shop, sandbox: Sandbox, raw: httpx.Client
) -> None:
    body = ready(shop)
    sandbox.faults.add("expire", operation="bulk_create_orders", count=1)
    assert place(raw, body).json()["failedOrders"][0]["code"] == "reservation_expired"
    assert shop.get(body["reservations"][0]).json()["expired"] is True


def test_chosen_entries_of_a_bulk_call_fail(shop: Shop, sandbox: Sandbox) -> None:
    line = shop.line(shop.offers("Lantern Park, one day, child")[0])
    sandbox.faults.add("fail_items", items=[1], count=1)
    answer = shop.reserve(line, line, line)
    assert (len(answer["reservations"]), len(answer["failedReservations"])) == (2, 1)
    assert answer["failedReservations"][0]["code"] == "issuer_refused"


def test_an_order_that_exists_is_never_said_to_be_refused(
    shop: Shop, sandbox: Sandbox, raw: httpx.Client
) -> None:
    body = ready(shop)
    sandbox.faults.add("fail_items", operation="bulk_create_orders", count=1)
    assert place(raw, body).json()["failedOrders"][0]["code"] == "issuer_refused"
    assert place(raw, body).json()["orders"]
    sandbox.faults.add("fail_items", operation="bulk_create_orders")
    assert place(raw, body).json()["failedOrders"][0]["code"] == "reservation_already_ordered"


def test_the_token_endpoint_and_the_storage_host_can_fail_too(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.faults.add("status", operation="token", status=500, count=1)
    assert PLAIN.post(sandbox.token_url, data={}).status_code == 500
    order = shop.buy(shop.offers("Lantern Park, one day, child")[0])
    sandbox.clock.advance(2)
    document = shop.members(f"{order['@id']}/documents")[0]["@id"]
    address = shop.patch(document, {}).json()["temporaryUrl"]
    sandbox.faults.add("cut_short", operation="storage", count=1)
    with pytest.raises(httpx.RemoteProtocolError):
        PLAIN.get(address)
    assert PLAIN.get(address).content.startswith(b"%PDF-")


def test_connections_are_refused_for_a_while(sandbox: Sandbox, raw: httpx.Client) -> None:
    assert raw.get(ORDERS).status_code == 200
    sandbox.refuse_connections(1.5)
    with pytest.raises(httpx.ConnectError):
        raw.get(ORDERS)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.ConnectError):
            assert raw.get(ORDERS).status_code == 200
            return
        time.sleep(0.1)
    pytest.fail("it never answered again")


def strikes(faults: Faults, times: int, operation: str = "get_order") -> list[bool]:
    return [bool(faults.strike(operation, "GET")) for _ in range(times)]


def test_fault_applies_to_its_operation_as_often_as_set() -> None:
    faults = Faults()
    faults.add("drop_before", operation="get_order", skip=2, count=2)
    assert not any(strikes(faults, 3, "list_orders"))
    assert strikes(faults, 6) == [False, False, True, True, False, False]
    faults.clear()
    faults.add("drop_before", method="POST")
    assert not any(strikes(faults, 3))
    assert faults.strike("bulk_create_orders", "POST")


def test_chance_is_seeded() -> None:
    def drawn(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add("drop_after", probability=0.3)
        return strikes(faults, 200)

    assert drawn(4) == drawn(4) != drawn(5)
    assert 30 <= sum(drawn(4)) <= 90


def test_a_rule_that_is_taken_out_no_longer_strikes() -> None:
    faults = Faults()
    first, second = faults.add("slow", seconds=1), faults.add("html")
    assert [fault.kind for fault in faults.strike("get_order", "GET")] == ["slow", "html"]
    faults.remove(first)
    assert [fault.kind for fault in faults.strike("get_order", "GET")] == ["html"]
    assert [fault.kind for fault in faults] == ["html"]
    assert (faults.struck(first), faults.struck(second), faults.struck()) == (1, 2, 3)


def test_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no such kind of fault: 'explode'"):
        Faults().add("explode")  # type: ignore[arg-type] # that is the point
    assert "drop_before" in KINDS


def test_what_the_sandbox_saw_names_the_faults(sandbox: Sandbox, raw: httpx.Client) -> None:
    sandbox.faults.add("status", status=500, count=1)
    raw.get(ORDERS)
    raw.get(ORDERS)
    seen = [exchange for exchange in sandbox.inspect.exchanges if exchange.operation == "list_orders"]
    assert [(exchange.status, exchange.faults) for exchange in seen] == [(500, ("status",)), (200, ())]
