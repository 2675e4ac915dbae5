"""Typed facts of offers, their tickets, stock and prices, parsed once from the API's answers.

A field that is absent, null or malformed is None; reading never raises, whatever the API sent. The raw entry is kept
with its facts. No I/O.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen

from korus._core.raw_json import iri_of, json_object, objects, text, whole
from korus.iri import relative_iris
from korus.money import amount

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from korus._core.form_fields import FormDefinition

__all__ = ["AvailabilityFacts", "Knowledge", "OfferFacts", "PriceFacts", "TicketFacts"]

# the fields that a stored booking contains
_TICKET_KEYS: Final = ("@id", "id", "name", "dateAccess", "form")
_OFFER_KEYS: Final = (
    "@id",
    "id",
    "date",
    "availabilityCheckRequired",
    "realtimePriceRequired",
    "price",
    "tickets",
)


@frozen
class TicketFacts:
    """Ticket of an offer.

    Attributes:
        iri: Its IRI; built from its offer's if it shows only an id. None if it shows neither.
        is_whole_day: True if it gives access for the whole day, False if it needs a session; None if not shown.
        form: The IRI of its form, None if it has none or does not show it.
        is_described: False for a bare IRI, of which nothing else is known.
        raw: The entry as received.
    """

    iri: str | None
    is_whole_day: bool | None = None
    form: str | None = None
    is_described: bool = False
    raw: Any = field(default=None, repr=False, eq=False)

    @classmethod
    def read(cls, entry: object, offer: str | None = None) -> TicketFacts:
        """Read a ticket: a model, its JSON, or a bare IRI.

        Args:
            entry: The ticket.
            offer: The IRI of its offer, for a ticket that shows only an id.
        """
        source = json_object(entry)
        if source is None:
            return cls(iri_of(entry), raw=entry)
        iri, identity, whole_day = iri_of(source), text(source, "id"), source.get("dateAccess")
        if iri is None and offer is not None and identity is not None:
            iri = f"{offer}/tickets/{identity}"
        return cls(
            iri=iri,
            is_whole_day=whole_day if isinstance(whole_day, bool) else None,
            form=iri_of(source.get("form")),
            is_described=True,
            raw=source,
        )

    @property
    def fullness(self) -> int:
        """Number of members of its JSON: of two descriptions the fuller one is kept."""
        return len(self.raw) if self.is_described else 0

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON that a stored booking contains."""
        return _kept(_TICKET_KEYS, self.raw) if self.is_described else {}


@frozen
class PriceFacts:
    """Price of one unit: the amount, taxes included, and the currency."""

    amount: Decimal | None = None
    currency: str | None = None

    @classmethod
    def read(cls, entry: object) -> PriceFacts:
        """Read a price: a model or its JSON."""
        source = json_object(entry) or {}
        return cls(amount(source.get("amountInclTax")), text(source, "currency"))


@frozen
class AvailabilityFacts:
    """Quantity left of an offer, and of each of its sessions by IRI; None if no limit is known."""

    quantity: int | None = None
    sessions: Mapping[str, int | None] = field(factory=dict[str, Any])

    @classmethod
    def read(cls, entry: object) -> AvailabilityFacts:
        """Read an availability: a model or its JSON."""
        source = json_object(entry) or {}
        entries = [json_object(session) or {} for session in objects(source, "sessionsAvailability")]
        left = {
            iri_of(session.get("session")): whole(session.get("availableQuantity")) for session in entries
        }
        return cls(
            whole(source.get("availableQuantity")),
            {iri: quantity for iri, quantity in left.items() if iri is not None},
        )


@frozen
class OfferFacts:
    """Offer.

    Attributes:
        iri: Its IRI, None if not shown.
        needs_availability: True if its stock is limited, so that the availability must be read (reference 7.2).
        needs_price: True if its price is variable, so that it must be read (reference 7.2).
        price: The listed price of one unit.
        tickets: Its tickets, None if not shown.
        is_described: False for a bare IRI, of which nothing else is known.
        raw: The entry as received.
    """

    iri: str | None
    needs_availability: bool = False
    needs_price: bool = False
    price: PriceFacts = PriceFacts()
    tickets: tuple[TicketFacts, ...] | None = None
    is_described: bool = False
    raw: Any = field(default=None, repr=False, eq=False)

    @classmethod
    def read(cls, entry: object, iri: str | None = None, *, prefix: str = "") -> OfferFacts:
        """Read an offer: a model, its JSON, or a bare IRI.

        Args:
            entry: The offer.
            iri: Its IRI, if it is known otherwise.
            prefix: The path of the API's address, which is removed from IRIs.
        """
        source = json_object(entry)
        if source is None:
            return cls(iri or iri_of(entry), raw=entry)
        source = relative_iris(source, prefix)
        found = iri or iri_of(source)
        tickets = None
        if isinstance(source.get("tickets"), list):
            tickets = tuple(TicketFacts.read(ticket, found) for ticket in objects(source, "tickets"))
        return cls(
            iri=found,
            needs_availability=source.get("availabilityCheckRequired") is True,
            needs_price=source.get("realtimePriceRequired") is True,
            price=PriceFacts.read(source.get("price")),
            tickets=tickets,
            is_described=True,
            raw=source,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON that a stored booking contains."""
        return _kept(_OFFER_KEYS, self.raw) if self.is_described else {}


@frozen
class Knowledge:
    """Facts about offers, tickets and forms, by IRI; None for those that do not exist."""

    offers: dict[str, OfferFacts | None] = field(factory=dict[str, Any])
    tickets: dict[str, TicketFacts | None] = field(factory=dict[str, Any])
    forms: dict[str, FormDefinition | None] = field(factory=dict[str, Any])

    def learn_offer(self, iri: str, offer: OfferFacts | None) -> None:
        """Add the facts of an offer and of its tickets."""
        self.offers[iri] = offer
        for ticket in (offer.tickets if offer is not None else None) or ():
            self.learn_ticket(ticket)

    def learn_ticket(self, ticket: TicketFacts) -> None:
        """Add the facts of a ticket, unless more are known already."""
        if not ticket.is_described or ticket.iri is None:
            return
        known = self.tickets.get(ticket.iri)
        if known is None or ticket.fullness >= known.fullness:
            self.tickets[ticket.iri] = ticket

    def tickets_of(self, offer: str) -> tuple[str, ...] | None:
        """Return the IRIs of an offer's tickets, in its order; None if they are not known."""
        facts = self.offers.get(offer)
        if facts is None or facts.tickets is None:
            return None
        found = [ticket.iri for ticket in facts.tickets]
        return tuple(iri for iri in found if iri is not None) if all(found) else None

    def form_of(self, ticket: str) -> str | None:
        """Return the IRI of a ticket's form; None if it has none or the ticket is not known."""
        facts = self.tickets.get(ticket)
        return None if facts is None else facts.form


def _kept(keys: Sequence[str], source: Mapping[str, Any]) -> dict[str, Any]:
    """Return the kept members of an object, with each of its tickets reduced to its IRI or kept members."""
    return {
        key: [iri_of(ticket) or _kept(_TICKET_KEYS, json_object(ticket) or {}) for ticket in source[key]]
        if key == "tickets" and isinstance(source[key], list)
        else source[key]
        for key in keys
        if key in source
    }
