"""A shop that speaks HTTP to a sandbox, every answer of which is held against the description."""

from __future__ import annotations

import ssl
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from attrs import define

sys.path.insert(0, str(Path(__file__).parents[2]))

from judging import judge, template_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from korus.sandbox import Sandbox

CUSTOMER = {"firstname": "Otto", "lastname": "Lind", "email": "otto.lind@shop.example"}


_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Loading the authorities of the real one takes longer than most tests, and nothing here speaks TLS."""

PLAIN = httpx.Client(verify=_NO_TLS, limits=httpx.Limits(max_keepalive_connections=0))


@define
class Shop:
    """A client of the sandbox, with the few calls that most tests need."""

    sandbox: Sandbox
    http: httpx.Client

    def get(self, path: str, params: Any = None, **headers: str) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.get(path, params=params, headers=sent)

    def members(self, path: str, **params: Any) -> list[dict[str, Any]]:
        answer = self.get(path, {"itemsPerPage": 50, **params})
        assert answer.status_code == 200, answer.text
        return answer.json()["member"]

    def post(self, path: str, body: Any) -> httpx.Response:
        return self.http.post(path, json=body, headers={"Content-Type": "application/ld+json"})

    def patch(self, path: str, body: Any, **headers: str) -> httpx.Response:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.patch(
            path, json=body, headers={"Content-Type": "application/merge-patch+json", **sent}
        )

    def catalog(self, name: str = "Lantern Park") -> str:
        found = self.members("/v1/ticketing/catalogs")
        return next(catalog["@id"] for catalog in found if catalog["name"] == name)

    def offers(self, product: str, *, catalog: str = "Lantern Park", **params: Any) -> list[dict[str, Any]]:
        """Return offers that are not sold out of a product, by the first words of its name."""
        address = self.catalog(catalog)
        plans = self.sandbox.catalogue.products[address.rsplit("/", 1)[-1]]
        ids = [plan.id for plan in plans if plan.plan.name.en.startswith(product)]
        found = self.members(f"{address}/offers", **{"product[]": ids, "order[date]": "asc", **params})
        return [offer for offer in found if offer["availableQuantity"] != 0]

    def line(self, offer: dict[str, Any], quantity: int = 1, **answers: str) -> dict[str, Any]:
        """Return a line of a bulk reservation, with the latest session of each ticket that needs one."""
        tickets: list[dict[str, Any]] = []
        for ticket in offer["tickets"]:
            entry: dict[str, Any] = {"ticket": ticket["@id"]}
            if not ticket["dateAccess"]:
                entry["session"] = self.members(f"{ticket['@id']}/sessions")[-1]["@id"]
            if ticket["form"]:
                fields = {field["code"]: field["@id"] for field in self.get(ticket["form"]).json()["fields"]}
                given = answers or {"allergies": "nuts", "seats": "2"}
                values = [{"field": fields[code], "value": value} for code, value in given.items()]
                entry["formData"] = {"form": ticket["form"], "fields": values}
            tickets.append(entry)
        return {"offer": offer["@id"], "quantity": quantity, "ticketSessions": tickets}

    def reserve(self, *lines: dict[str, Any]) -> dict[str, Any]:
        answer = self.post("/v1/booking/reservations/_bulk", {"items": list(lines)})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def order(self, *reservations: str, reference: str = "SHOP-1", **more: Any) -> dict[str, Any]:
        body = {
            "reservations": list(reservations),
            "customer": CUSTOMER,
            "externalReference": reference,
            **more,
        }
        answer = self.post("/v1/booking/orders/_bulk", body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def buy(self, offer: dict[str, Any], quantity: int = 1, reference: str = "SHOP-1") -> dict[str, Any]:
        """Return an order of an offer."""
        held = self.reserve(self.line(offer, quantity))["reservations"]
        return self.order(held[0]["@id"], reference=reference)["orders"][0]


def token_for(sandbox: Sandbox, client_id: str | None = None, client_secret: str | None = None) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id or sandbox.client_id,
        "client_secret": client_secret or sandbox.client_secret,
    }
    return PLAIN.post(sandbox.token_url, data=form).json()["access_token"]


class Renewing(httpx.Auth):
    """Sends the token, and a new one after a 401, since tests move the clock past its end."""

    def __init__(self, sandbox: Sandbox, client_id: str | None, client_secret: str | None) -> None:
        self._renew = lambda: token_for(sandbox, client_id, client_secret)
        self._token = self._renew()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token}"
        response = yield request
        if response.status_code == 401:
            self._token = self._renew()
            request.headers["Authorization"] = f"Bearer {self._token}"
            yield request


def _held_against_the_description(response: httpx.Response) -> None:
    response.read()
    path = response.request.url.path
    if response.request.method in {"GET", "POST", "PATCH"} and template_of(path) is not None:
        content_type = response.headers.get("content-type", "")
        body = response.json() if "json" in content_type else None
        found = judge(response.request.method, path, response.status_code, content_type, body)
        assert not found, f"{response.request.method} {path} {response.status_code}: {found}"


def open_shop(sandbox: Sandbox, client_id: str | None = None, client_secret: str | None = None) -> Shop:
    http = httpx.Client(
        verify=_NO_TLS,
        base_url=sandbox.base_url,
        auth=Renewing(sandbox, client_id, client_secret),
        headers={"Accept": "application/ld+json"},
        event_hooks={"response": [_held_against_the_description]},
    )
    return Shop(sandbox, http)
