"""Typed facts that `korus book` reads of catalogues and orders: names, start times, amounts. No I/O.

A field that is absent, null or of an odd shape is None; reading never raises, whatever the API sent.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import field, frozen

from korus._booking.facts import iri_of as relative_iri_of
from korus._core.raw_json import iri_of, json_object, objects, text, whole
from korus._core.texts import folded

__all__ = ["Named", "OfferEntry", "OrderEntry", "OrderItem", "SessionEntry"]


@frozen
class Named:
    """Something that a file may mean: by IRI, by id or by name."""

    iri: str
    id: str
    name: str = field(repr=False)
    thing: Any = field(repr=False)

    @classmethod
    def read(cls, thing: object) -> Named:
        """Read a catalogue, a product, a ticket or anything else that has a name."""
        source = json_object(thing) or {}
        iri = iri_of(thing) or ""
        own_id = text(source, "id") or iri.rpartition("/")[2]
        return cls(iri, own_id, text(source, "name") or own_id, thing)

    @property
    def needs_session(self) -> bool:
        """True for a ticket that says that it does not give access for the whole day."""
        return (json_object(self.thing) or {}).get("dateAccess") is False

    def is_meant_by(self, written: str) -> bool:
        """Return True if this is its IRI or id."""
        return written in {self.iri, self.id}

    def is_called(self, written: str) -> bool:
        """Return True if this is its name, whatever its case and white space."""
        return folded(self.name) == folded(written)


@frozen
class SessionEntry:
    """A session of a ticket: its IRI, when it begins, and all ways to write that, the shortest first."""

    iri: str | None
    start: datetime | None = None
    written: tuple[str, ...] = ()

    @classmethod
    def read(cls, session: object) -> SessionEntry:
        """Read a session: a model or its JSON."""
        occurs_at = (json_object(session) or {}).get("occursAt")
        start = _start(occurs_at)
        if start is None:
            return cls(iri_of(session), None, (occurs_at,) if isinstance(occurs_at, str) else ())
        day, time = start.date().isoformat(), start.strftime("%H:%M")
        written = (time, f"{day} {time}", f"{day}T{time}", start.isoformat(), str(occurs_at))
        return cls(iri_of(session), start, written)


@frozen
class OfferEntry:
    """An offer: its date, its product, its tickets and the currency of its price."""

    iri: str | None
    date: str | None = None
    product: str | None = None
    product_name: str = "offer"
    tickets: tuple[Named, ...] = ()
    currency: str | None = None

    @classmethod
    def read(cls, offer: object) -> OfferEntry:
        """Read an offer: a model or its JSON."""
        source = json_object(offer) or {}
        product = source.get("product")
        named = json_object(product) or {}
        return cls(
            iri=iri_of(offer),
            date=text(source, "date"),
            product=iri_of(product),
            product_name=text(named, "name") or iri_of(product) or iri_of(offer) or "offer",
            tickets=tuple(map(Named.read, objects(source, "tickets"))),
            currency=text(json_object(source.get("price")) or {}, "currency"),
        )


@frozen
class OrderItem:
    """One item of an order."""

    product: str | None
    date: str | None
    quantity: int | None
    tickets: tuple[str | None, ...]
    starts: frozenset[datetime]

    @classmethod
    def read(cls, item: object) -> OrderItem:
        """Read an item: a model or its JSON."""
        source = json_object(item) or {}
        tickets = objects(source, "tickets")
        starts = (_start((json_object(ticket) or {}).get("occursAt")) for ticket in tickets)
        return cls(
            product=iri_of(source.get("product")),
            date=text(source, "date"),
            quantity=whole(source.get("quantity")),
            tickets=tuple(map(iri_of, tickets)),
            starts=frozenset(start for start in starts if start is not None),
        )


@frozen
class OrderEntry:
    """An order.

    Attributes:
        iri: Its IRI as it came, None if not shown.
        relative_iri: Its IRI without origin and prefix.
        reference: The readable reference that the issuer knows it by.
        external_reference: The caller's own reference.
        reservation: The relative IRI of its reservation.
        status: Its status.
        total: What it costs, taxes included, as it came.
        items: Its items.
    """

    iri: str | None
    relative_iri: str | None = None
    reference: str | None = None
    external_reference: str | None = None
    reservation: str | None = None
    status: str | None = None
    total: str | None = None
    items: tuple[OrderItem, ...] = field(default=(), repr=False)

    @classmethod
    def read(cls, order: object) -> OrderEntry:
        """Read an order: a model or its JSON."""
        source = json_object(order) or {}
        return cls(
            iri=iri_of(order),
            relative_iri=relative_iri_of(order),
            reference=text(source, "reference"),
            external_reference=text(source, "externalReference"),
            reservation=relative_iri_of(source.get("reservation")),
            status=text(source, "status"),
            total=text(source, "totalAmountInclTax"),
            items=tuple(map(OrderItem.read, objects(source, "items"))),
        )

    @property
    def name(self) -> str:
        """Name of the order in messages."""
        return self.reference or str(self.iri)


def _start(written: object) -> datetime | None:
    """Read a timestamp with its offset; None for anything else."""
    try:
        found = datetime.fromisoformat(written) if isinstance(written, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
