"""Another process looks at a sandbox and tells it what to do, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from shopping import PLAIN, token_for

if TYPE_CHECKING:
    from shopping import Shop

    from korus.sandbox import Sandbox


def tell(sandbox: Sandbox, path: str, **body: Any) -> httpx.Response:
    return PLAIN.post(f"{sandbox.admin_url}{path}", json=body)


def look(sandbox: Sandbox, path: str, **params: str) -> Any:
    return PLAIN.get(f"{sandbox.admin_url}{path}", params=params).json()


def test_the_front_says_how_to_reach_it_and_counts(shop: Shop, sandbox: Sandbox) -> None:
    shop.buy(shop.offers("Lantern Park, one day, child")[0])
    seen = look(sandbox, "/")
    assert seen["environment"] == sandbox.environment()
    assert (seen["orders"], seen["reservations"], seen["open_reservations"]) == (1, 1, 0)
    assert seen["requests"]["bulk_create_orders"] == 1
    assert seen["tokens_issued"] == 1


def test_orders_and_reservations_are_reported(shop: Shop, sandbox: Sandbox) -> None:
    offer = shop.offers("Lantern workshop, adult")[0]
    order = shop.buy(offer, 2, "A-1")
    open_hold = shop.reserve(shop.line(offer))["reservations"][0]["@id"]
    told = look(sandbox, "/orders", external_reference="A-1")
    assert [(each["order"], each["quantity"]) for each in told] == [(order["@id"], 2)]
    assert look(sandbox, "/orders", external_reference="A-2") == []
    assert [each["reservation"] for each in look(sandbox, "/reservations", open="1")] == [open_hold]
    assert len(look(sandbox, "/reservations")) == 2


def test_faults_are_set_and_cleared(sandbox: Sandbox) -> None:
    added = tell(sandbox, "/faults", kind="status", status=429, operation="list_orders", count=1)
    assert added.json()["id"] == 1
    headers = {"Authorization": f"Bearer {token_for(sandbox)}"}
    answers = [
        PLAIN.get(f"{sandbox.base_url}/v1/booking/orders", headers=headers).status_code for _ in range(2)
    ]
    assert answers == [429, 200]
    assert [(rule["kind"], rule["struck"]) for rule in look(sandbox, "/faults")["rules"]] == [("status", 1)]
    assert PLAIN.delete(f"{sandbox.admin_url}/faults").json()["rules"] == []


def test_the_clock_the_stock_and_the_price_are_moved(shop: Shop, sandbox: Sandbox) -> None:
    offer = shop.offers("Lantern Park, one day, child")[0]["@id"]
    tell(sandbox, "/stock", iri=offer, available=2)
    tell(sandbox, "/price", iri=offer, amount="1.50")
    assert shop.get(f"{offer}/availability").json()["availableQuantity"] == 2
    assert shop.get(f"{offer}/price").json()["amountInclTax"] == "1.50"
    before = look(sandbox, "/clock")["now"]
    assert tell(sandbox, "/clock", advance=86_400).json()["now"][:10] > before[:10]


def test_tokens_reservations_and_connections_are_ended(shop: Shop, sandbox: Sandbox) -> None:
    held = shop.reserve(shop.line(shop.offers("Lantern Park, one day, child")[0]))["reservations"][0]["@id"]
    tell(sandbox, "/expire", reservation=held)
    assert shop.get(held).json()["expired"] is True
    tell(sandbox, "/tokens/revoke")
    assert shop.get(held).status_code == 200
    assert sandbox.inspect.tokens_issued == 2
    tell(sandbox, "/latency", seconds=0.001)
    assert sandbox.latency == 0.001
    tell(sandbox, "/refuse", seconds=30)
    with pytest.raises(httpx.ConnectError):
        look(sandbox, "/")


def test_requests_are_shown_without_tokens(shop: Shop, sandbox: Sandbox) -> None:
    shop.catalog()
    told = look(sandbox, "/requests", operation="list_catalogs")
    assert [(each["method"], each["status"], each["authorized"]) for each in told] == [("GET", 200, True)]
    assert "sandbox-access" not in str(told)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/faults", {"kind": "explode"}),
        ("/faults", {}),
        ("/faults", {"kind": "slow", "speed": 1}),
        ("/stock", {}),
    ],
)
def test_a_bad_order_is_refused(path: str, body: dict[str, Any], sandbox: Sandbox) -> None:
    assert tell(sandbox, path, **body).status_code == 400
    assert len(sandbox.faults) == 0


def test_the_secret_is_shown_to_names_of_this_machine_only(sandbox: Sandbox) -> None:
    for name in ("evil.example", "10.0.0.1", "127.0.0.1.evil.example", "localhost.evil.example"):
        page = PLAIN.get(sandbox.base_url, headers={"Host": name}).text
        assert sandbox.client_id in page
        assert sandbox.client_secret not in page
    for name in ("localhost", "LOCALHOST:80", "127.0.0.1", "[::1]:8000"):
        assert sandbox.client_secret in PLAIN.get(sandbox.base_url, headers={"Host": name}).text


def test_a_web_page_can_neither_post_nor_rebind_a_name(sandbox: Sandbox) -> None:
    assert PLAIN.post(f"{sandbox.admin_url}/faults", content=b'{"kind":"slow"}').status_code == 415
    headers = {"Host": "evil.example"}
    assert PLAIN.get(f"{sandbox.admin_url}/orders", headers=headers).status_code == 403
