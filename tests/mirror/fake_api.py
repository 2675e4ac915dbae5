"""An API of catalogues in memory that a test changes at any request, and that lies when told to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any
from urllib.parse import parse_qsl

import httpx
from attrs import define, field

from korus import AsyncKorus, Korus, RetryPolicy

ROOT = "/v1/ticketing/catalogs"

Hook = Callable[[httpx.Request], httpx.Response | None]


@define
class FakeApi:
    """Catalogues with offers, listed page by page.

    ``hooks`` see each request of a list before it is answered: they may change the catalogue, raise, or answer
    themselves. ``lies`` change what a whole list says.
    """

    page_limit: int = 50
    etags: bool = True
    catalogs: dict[str, dict[str, Any]] = field(factory=dict)
    bases: dict[str, dict[str, Any]] = field(factory=dict)
    products: dict[str, tuple[str, dict[str, Any]]] = field(factory=dict)
    offers: dict[str, list[dict[str, Any]]] = field(factory=dict)
    sessions: dict[str, list[dict[str, Any]]] = field(factory=dict)
    hooks: list[Hook] = field(factory=list)
    lie: Callable[[httpx.Request, list[Any], int], tuple[list[Any], int]] | None = None
    always_304: bool = False
    requests: list[httpx.Request] = field(factory=list)
    ever_gone: set[str] = field(factory=set)
    made: int = 0

    # --- what is sold ---------------------------------------------------------------------------------------

    def add_catalog(self, name: str) -> str:
        iri = f"{ROOT}/{name}"
        self.catalogs[iri] = {"@id": iri, "@type": "TicketingCatalog", "id": name, "name": name,
                              "lastSyncedAt": "2027-01-01T00:00:00+00:00"}  # fmt: skip
        self.offers[iri] = []
        return iri

    def add_base(self, catalog: str, name: str) -> str:
        iri = f"{catalog}/product_bases/{name}"
        self.bases[iri] = {"@id": iri, "@type": "TicketingProductBase", "id": name, "name": name,
                           "disabled": False, "timezone": "Europe/Paris"}  # fmt: skip
        return iri

    def add_product(self, base: str, name: str) -> str:
        iri = f"{base.partition('/product_bases/')[0]}/products/{name}"
        self.products[iri] = (base, {"@id": iri, "@type": "TicketingProduct", "id": name, "name": name,
                                     "description": "", "disabled": False})  # fmt: skip
        return iri

    def add_offer(
        self,
        product: str,
        date: str | None,
        *,
        price: str = "10.00",
        left: int | None = 5,
        place: int | None = None,
    ) -> str:
        self.made += 1
        catalog = product.partition("/products/")[0]
        iri = f"{catalog}/offers/o{self.made:05}"
        offer = {
            "@id": iri, "@type": "TicketingOffer", "id": f"o{self.made:05}", "date": date,
            "availabilityCheckRequired": True, "realtimePriceRequired": False,
            "price": {"@type": "OfferPrice", "@id": "/.well-known/genid/0", "amountInclTax": price,
                      "originalAmountInclTax": None, "currency": "eur"},
            "product": self.products[product][1],
            "tickets": [{"@id": f"{iri}/tickets/t", "@type": "TicketingOfferTicket", "id": "t", "name": "Entry",
                         "description": "", "dateAccess": True}],
            "availableQuantity": left,
        }  # fmt: skip
        members = self.offers[catalog]
        members.insert(len(members) if place is None else place, offer)
        return iri

    def add_session(self, offer: str, occurs_at: str, *, left: int | None = 5) -> str:
        """Add a session to the ticket of an offer, which needs one from now on."""
        ticket = self.offer(offer)["tickets"][0]
        ticket["dateAccess"] = False
        self.made += 1
        iri = f"{ticket['@id']}/sessions/s{self.made:05}"
        session = {"@id": iri, "@type": "TicketingOfferTicketSession", "id": f"s{self.made:05}",
                   "occursAt": occurs_at, "availableQuantity": left}  # fmt: skip
        self.sessions.setdefault(ticket["@id"], []).append(session)
        return iri

    def offer(self, iri: str) -> dict[str, Any]:
        return next(offer for members in self.offers.values() for offer in members if offer["@id"] == iri)

    def remove_offer(self, iri: str) -> dict[str, Any]:
        self.ever_gone.add(iri)
        for members in self.offers.values():
            for offer in members:
                if offer["@id"] == iri:
                    members.remove(offer)
                    return offer
        raise KeyError(iri)

    def truth(self, *, sessions: bool = False) -> dict[str, Any]:
        """Everything that is sold, by IRI; with the sessions of tickets that need one, where they are read."""
        found = {**self.catalogs, **self.bases, **{iri: body for iri, (_, body) in self.products.items()}}
        found |= {offer["@id"]: offer for members in self.offers.values() for offer in members}
        tickets = [
            ticket["@id"]
            for offer in found.values()
            for ticket in offer.get("tickets", ())
            if sessions and not ticket["dateAccess"]
        ]
        found |= {each["@id"]: each for iri in tickets for each in self.sessions.get(iri, ())}
        return deepcopy(found)

    # --- answering ------------------------------------------------------------------------------------------

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(200, json={"access_token": "t", "expires_in": 3600, "token_type": "Bearer"})
        self.requests.append(request)
        for hook in list(self.hooks):
            answer = hook(request)
            if answer is not None:
                return answer
        path = request.url.path
        pairs = parse_qsl(request.url.query.decode(), keep_blank_values=True)
        members = self._members(path, pairs)
        if members is None:
            return httpx.Response(404, json={})
        return self._page(request, path, pairs, members)

    def _members(self, path: str, pairs: list[tuple[str, str]]) -> list[Any] | None:
        if path == ROOT:
            return list(self.catalogs.values())
        if path.endswith("/product_bases"):
            return [base for iri, base in self.bases.items() if iri.startswith(path)]
        if path.endswith("/products"):
            return [body for base, body in self.products.values() if base == path.removesuffix("/products")]
        if path.endswith(("/options", "/values", "/sessions")):
            return list(self.sessions.get(path.removesuffix("/sessions"), ()))
        if path.endswith("/offers") and path.removesuffix("/offers") in self.offers:
            members = self.offers[path.removesuffix("/offers")]
            products = {value for name, value in pairs if name.startswith("product[")}
            given = dict(pairs)
            if products:
                members = [offer for offer in members if offer["product"]["id"] in products]
            for name, holds in (("date[after]", str.__ge__), ("date[before]", str.__le__)):
                if name in given:
                    members = [
                        offer for offer in members if offer["date"] and holds(offer["date"], given[name])
                    ]
            return list(members)
        return None

    def _page(
        self, request: httpx.Request, path: str, pairs: list[tuple[str, str]], members: list[Any]
    ) -> httpx.Response:
        total = len(members)
        if self.lie is not None:
            members, total = self.lie(request, members, total)
        given = dict(pairs)
        number, size = int(given.get("page", 1)), min(int(given.get("itemsPerPage", 10)), self.page_limit)
        shown = deepcopy(members[(number - 1) * size : number * size])
        for index, member in enumerate(shown):
            if (
                isinstance(member, dict) and "price" in member
            ):  # another one in each answer, as the API's framework has it
                member["price"]["@id"] = f"/.well-known/genid/{len(self.requests):010}{index:010}"
        plain = json.dumps([self._without_blank(member) for member in shown])
        headers = {}
        if self.etags:
            headers["ETag"] = (
                f'"{hashlib.md5(f"{plain}{total}".encode(), usedforsecurity=False).hexdigest()}"'
            )
            sent = request.headers.get("if-none-match")
            if sent is not None and (self.always_304 or sent == headers["ETag"]):
                return httpx.Response(304, headers=headers)
        body: dict[str, Any] = {"@context": "/contexts/X", "@id": path, "@type": "Collection",
                                "totalItems": total, "member": shown}  # fmt: skip
        if total > size:
            rest = "&".join(f"{name}={value}" for name, value in pairs if name != "page")
            body["view"] = {"@id": f"{path}?{rest}", "first": f"{path}?{rest}&page=1"}
            if number * size < total:
                body["view"]["next"] = f"{path}?{rest}&page={number + 1}"
        # as ASCII, in which JSON holds everything, half of a pair of surrogates too
        headers["Content-Type"] = "application/ld+json"
        return httpx.Response(200, content=json.dumps(body), headers=headers)

    @staticmethod
    def _without_blank(member: Any) -> Any:
        return (
            {**member, "price": {**member["price"], "@id": ""}}
            if isinstance(member, dict) and "price" in member
            else member
        )

    # --- clients --------------------------------------------------------------------------------------------

    def client(self, **options: Any) -> Korus:
        return Korus(**self._settings(options), transport=httpx.MockTransport(self))

    def async_client(self, **options: Any) -> AsyncKorus:
        return AsyncKorus(**self._settings(options), transport=httpx.MockTransport(self))

    @staticmethod
    def _settings(options: dict[str, Any]) -> dict[str, Any]:
        return {
            "client_id": "shop", "client_secret": "s", "base_url": "https://api.test",
            "token_url": "https://api.test/token", "retry": RetryPolicy(attempts=1), **options,
        }  # fmt: skip


def small_api(offers: int = 30, *, page_limit: int = 10) -> FakeApi:
    """An API with one catalogue, one base, three products, and offers on consecutive days."""
    api = FakeApi(page_limit=page_limit)
    base = api.add_base(api.add_catalog("park"), "entry")
    products = [api.add_product(base, name) for name in ("adult", "child", "dog")]
    for number in range(offers):
        day = f"2027-{1 + number // 84:02}-{1 + number // 3 % 28:02}"
        api.add_offer(products[number % 3], day, price=f"{10 + number % 3}.50", left=20)
    return api
