"""Model of the API: reservations and orders with their creation times, and their representation in reads.

The model itself has no faults. Creation times are kept, so that a lagging read shows the past. The switches of
`Assumptions` let the model break the assumptions of korus's rules.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

from attrs import define, field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["ALL_HOLD", "ASSUMPTIONS", "Api", "Assumptions", "Bought", "Character", "Held", "at_time"]

_BEGIN: Final = datetime(2027, 1, 4, 9, tzinfo=UTC)
ALREADY: Final = "this reservation is already ordered"
ASSUMPTIONS: Final = {
    "a1": "the API orders a reservation at most once",
    "a2": "no request is carried out later than `settle` after its end",
    "a3": "reads show a write within `settle`",
    "a4": "an order is tied to its reservation",
    "a5": "a reservation that has ended cannot be ordered",
    "a6": "external references come back as they were sent",
    "a7": "all who book for one account share one intent log",
    "a8": "the clock of the log runs forward",
}


def at_time(seconds: float) -> datetime:
    """Return the API's wall clock."""
    return _BEGIN + timedelta(seconds=seconds)


@frozen
class Assumptions:
    """Assumptions of korus's rules; False switches one off."""

    a1: bool = True
    a2: bool = True
    a3: bool = True
    a4: bool = True
    a5: bool = True
    a6: bool = True
    a7: bool = True
    a8: bool = True


ALL_HOLD: Final = Assumptions()


@frozen
class Character:
    """Properties of the API for a whole schedule.

    Attributes:
        tie: The direction of links: the reservation names its order, the order its reservation, or both.
        reference: The form in which orders show the external reference.
        shows_quantity: True if items show their quantity.
        price: The price of one unit; the listed price is 10.
        shows_expired: True if reservations show whether they have ended.
        shows_total: True if lists show their number of members.
        page_cap: The maximum number of members on a page.
        life: Seconds until a reservation ends.
        explains: True if the refusal of a second order states the reason.
    """

    tie: Literal["both", "reservation", "order", "none"] = "both"
    reference: Literal["exact", "folded", "hidden", "mangled"] = "exact"
    shows_quantity: bool = False
    price: int = 10
    shows_expired: bool = True
    shows_total: bool = True
    page_cap: int = 50
    life: float = 600.0
    explains: bool = True


@define(eq=False)
class Held:
    """A reservation.

    Attributes:
        lines: The lines and intents for which it was created.
    """

    number: int
    item: Mapping[str, Any]
    units: int
    made: float
    ends: float
    lines: frozenset[tuple[str, int]]
    orders: list[Bought] = field(factory=list["Bought"])

    @property
    def iri(self) -> str:
        """Its IRI."""
        return f"/v1/booking/reservations/{self.number:08d}"

    @property
    def offer(self) -> str:
        """The IRI of its offer."""
        return str(self.item["offer"])


@define(eq=False)
class Bought:
    """An order.

    Attributes:
        begun: The start time of its request.
        intent: Its intent.
        is_short: True if it has fewer tickets than were held, and shows it.
        lags: False if every read shows it immediately.
    """

    number: int
    held: Held
    reference: str
    made: float
    begun: float
    intent: str
    is_short: bool = False
    lags: bool = True

    def is_shown(self, seen: float) -> bool:
        """Return True if a read shows it that is as old as ``seen``."""
        return self.made <= seen or not self.lags

    @property
    def iri(self) -> str:
        """Its IRI."""
        return f"/v1/booking/orders/{self.number:08d}"


@define
class Api:
    """State of the API."""

    character: Character
    assumptions: Assumptions
    held: dict[str, Held] = field(factory=dict[str, Held])
    bought: dict[str, Bought] = field(factory=dict[str, Bought])

    # --- work ----------------------------------------------------------------------------------------------

    def hold(self, item: Mapping[str, Any], units: int, at: float, lines: Iterable[tuple[str, int]]) -> Held:
        """Create a reservation."""
        life = self.character.life
        made = Held(len(self.held) + 1, item, units, at, at + life, frozenset(lines))
        self.held[made.iri] = made
        return made

    def order(
        self, iri: str, reference: str, intent: str, begun: float, at: float, *, is_short: bool = False
    ) -> Bought | str:
        """Order a reservation; return the order, or the reason for the refusal."""
        held = self.held.get(iri)
        if held is None:
            return "there is no such reservation"
        if held.orders and self.assumptions.a1:
            return ALREADY if self.character.explains else "this reservation cannot be used"
        if at >= held.ends and self.assumptions.a5:
            return "this reservation has expired"
        made = Bought(len(self.bought) + 1, held, reference, at, begun, intent, is_short)
        self.bought[made.iri] = made
        held.orders.append(made)
        return made

    # --- what is shown -------------------------------------------------------------------------------------

    def reservation(self, held: Held, now: float, seen: float) -> dict[str, Any]:
        """Return a reservation's JSON as a read shows it that is as old as ``seen``."""
        character = self.character
        names_order = character.tie in {"both", "reservation"}
        order = next((made.iri for made in held.orders if made.is_shown(seen)), None) if names_order else None
        quantity = {"quantity": held.units} if character.shows_quantity else {}
        item = {
            "offer": held.offer,
            "amountInclTax": f"{character.price * held.units}.00",
            "offerTickets": [
                {"ticket": entry["ticket"], "session": entry.get("session")}
                for entry in held.item["ticketSessions"]
            ],
            **quantity,
        }
        expired = {"expired": now >= held.ends} if character.shows_expired else {}
        return {
            "@id": held.iri,
            "createdAt": at_time(int(held.made)).isoformat(),
            "expiresAt": at_time(held.ends).isoformat(),
            **expired,
            "status": "reserved",
            "order": order,
            "totalAmountInclTax": item["amountInclTax"],
            "items": [item],
        }

    def order_json(self, made: Bought) -> dict[str, Any]:
        """Return an order's JSON."""
        character = self.character
        shown = {
            "exact": made.reference,
            "folded": made.reference.lower(),
            "hidden": None,
            "mangled": f"X{made.number}",
        }[character.reference]
        names = {"reservation": made.held.iri} if character.tie in {"both", "order"} else {}
        tickets = len(made.held.item["ticketSessions"]) * made.held.units - made.is_short
        return {
            "@id": made.iri,
            **names,
            "externalReference": shown,
            "createdAt": at_time(int(made.made)).isoformat(),
            "status": "confirmed",
            "totalAmountInclTax": f"{character.price * made.held.units}.00",
            "items": [
                {
                    **({"quantity": made.held.units} if character.shows_quantity else {}),
                    "tickets": [{"voucher": str(place)} for place in range(tickets)],
                }
            ],
        }

    def reservations(self, seen: float) -> list[Held]:
        """Return the reservations, newest first, as a read shows them that is as old as ``seen``."""
        shown = [held for held in self.held.values() if held.made <= seen]
        return sorted(shown, key=lambda held: (int(held.made), held.number), reverse=True)

    def orders(self, reference: str | None, seen: float) -> list[Bought]:
        """Return the orders with a reference, or all, newest first."""
        shown = [
            made
            for made in self.bought.values()
            if made.is_shown(seen) and reference in {None, made.reference}
        ]
        return sorted(shown, key=lambda made: (int(made.made), made.number), reverse=True)
