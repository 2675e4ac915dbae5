"""Rows 2 and 3: from the bytes of a page to objects."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

from korus._http import decode
from korus.models import Offer, Order
from tests.benchmarks import payloads, peers
from tests.benchmarks.measuring import CPU, Row, at_least, at_most, race, ratio

if TYPE_CHECKING:
    from collections.abc import Callable

KORUS, STANDARD = "korus with korus-sdk[fast]", "korus, standard library"
_BARE = "generator's own"
_LOOKED = "{}, every attribute looked at"


@cache
def _attributes(kind: type) -> tuple[str, ...]:
    """Name the attributes of a model of any contestant; other values have none."""
    if hasattr(kind, "_FIELDS"):
        return tuple(name for name, _ in kind._FIELDS)
    return tuple(getattr(kind, "model_fields", None) or getattr(kind, "__struct_fields__", ()))


def looked_at(model: Any) -> None:
    """Look at every attribute of a model and of what it holds."""
    for name in _attributes(type(model)):
        value = getattr(model, name)
        for inner in value if isinstance(value, list) else (value,):
            if _attributes(type(inner)):
                looked_at(inner)


def read(body: bytes, model: Any) -> list[Any]:
    """Read a page as the client does it."""
    return [model.from_dict(member) for member in decode.decode_json(body)["member"]]


def _without_fast(call: Callable[[], Any]) -> Callable[[], Any]:
    def slow() -> Any:
        decode._Decoders.fast, decode._Decoders.looked_up = None, True
        try:
            return call()
        finally:
            decode._Decoders.looked_up = False

    return slow


def _contestants(
    body: bytes, model: Any, collection: str, absent: dict[str, str]
) -> dict[str, Callable[[], Any]]:
    def everything() -> None:
        for item in read(body, model):
            looked_at(item)

    found: dict[str, Callable[[], Any]] = {
        KORUS: lambda: read(body, model),
        STANDARD: _without_fast(lambda: read(body, model)),
        _LOOKED.format("korus"): everything,
        "json.loads alone": lambda: json.loads(body),
    }
    if peers.PYDANTIC not in absent:
        pydantic = getattr(peers.module(peers.PYDANTIC), collection)
        found["pydantic v2"] = lambda: pydantic.model_validate_json(body)
        found[_LOOKED.format("pydantic v2")] = lambda: looked_at(pydantic.model_validate_json(body))
    if peers.MSGSPEC not in absent:
        import msgspec

        struct = getattr(peers.module(peers.MSGSPEC), collection)
        decoder = msgspec.json.Decoder(struct)
        found["msgspec"] = lambda: decoder.decode(body)
        found[_LOOKED.format("msgspec")] = lambda: looked_at(decoder.decode(body))
    if peers.BARE not in absent:
        bare = getattr(peers.module(f"{peers.BARE}.models"), collection)
        in_python = json.dumps(peers.renamed(json.loads(body), collection), separators=(",", ":")).encode()
        found[_BARE] = lambda: bare.from_dict(json.loads(in_python))
    if peers.JAVA not in absent:
        java = getattr(peers.module(f"{peers.JAVA}.models"), collection)
        found["openapi-generator"] = lambda: java.from_json(body.decode())
    return found


def _row(  # noqa: PLR0917 (two callers, below)
    number: int, title: str, body: bytes, model: Any, collection: str, rounds: int, absent: dict[str, str]
) -> Row:
    times = race(_contestants(body, model, collection, absent), rounds, clock=CPU)
    figures = []
    if "pydantic v2" in times:
        figures += [
            ratio(f"{KORUS} / pydantic v2", times[KORUS], times["pydantic v2"], **at_most(0.5)),
            ratio(f"{STANDARD} / pydantic v2", times[STANDARD], times["pydantic v2"], **at_most(1.25)),
        ]
    if "msgspec" in times:
        figures.append(ratio(f"{KORUS} / msgspec", times[KORUS], times["msgspec"], **at_most(3.0)))
    if _BARE in times:
        figures += [
            ratio(f"generator's own / {KORUS}", times[_BARE], times[KORUS], **at_least(3.0)),
            ratio(f"generator's own / {STANDARD}", times[_BARE], times[STANDARD], **at_least(3.0)),
        ]
    figures += [
        ratio(
            f"every attribute looked at: korus / {name}",
            times[_LOOKED.format("korus")],
            times[_LOOKED.format(name)],
            **at_most(aim),
        )
        for name, aim in (("pydantic v2", 1.0), ("msgspec", 1.7))
        if name in times
    ]
    remarks = [
        f"{len(body):,} bytes; processor time",
        *(f"{name} is absent: {why}" for name, why in absent.items()),
    ]
    remarks.append(
        "korus reads the objects that a model holds when they are first looked at; so each is measured with looking at all, too"
    )
    return Row(number, title, "µs", times, figures, remarks)


def run_offers(rounds: int, absent: dict[str, str]) -> Row:
    """Measure a page of 50 offers."""
    return _row(
        2, "read a page of 50 offers", payloads.offers_page(), Offer, "OfferCollection", rounds, absent
    )


def run_orders(rounds: int, absent: dict[str, str]) -> Row:
    """Measure a page of 50 orders."""
    return _row(
        3, "read a page of 50 orders with items and tickets", payloads.orders_page(), Order, "OrderCollection",
        rounds, absent,
    )  # fmt: skip
