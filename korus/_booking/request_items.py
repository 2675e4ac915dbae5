"""Items of a bulk reservation's request, built from lines and read back (reference 4.9). No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from attrs import field, frozen

from korus._booking.facts import iri_of, relative
from korus._core.raw_json import json_object, text
from korus._journal.intent_log import digest_of
from korus.errors import InvalidArgument
from korus.money import amount

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from korus._booking.facts import Signature

__all__ = [
    "RequestedLine",
    "TicketSession",
    "is_form_data",
    "kept_item",
    "read_answers",
    "request_item",
    "split",
]


@frozen
class TicketSession:
    """Request for one ticket of an offer: its session and the answers to its form, if there are any."""

    ticket: str
    session: str | None = None
    form_data: Mapping[str, Any] | None = field(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON to send."""
        session = {} if self.session is None else {"session": self.session}
        form_data = {} if self.form_data is None else {"formData": self.form_data}
        return {"ticket": self.ticket, **session, **form_data}


def request_item(offer: str, quantity: int, tickets: Sequence[TicketSession]) -> dict[str, Any]:
    """Return one item of the request."""
    return {
        "offer": offer,
        "quantity": quantity,
        "ticketSessions": [ticket.to_dict() for ticket in tickets],
    }


def kept_item(item: Mapping[str, Any], price: str | None) -> dict[str, Any]:
    """Return an item for the intent log: without answers, only with their digest."""
    return {
        "offer": item["offer"],
        "quantity": item["quantity"],
        "ticketSessions": [
            {key: entry[key] for key in ("ticket", "session") if key in entry}
            for entry in item["ticketSessions"]
        ],
        "price": price,
        "answers": _answers_of(item),
    }


def read_answers(given: object) -> Mapping[Any, Any] | None:
    """Return form answers by field, or the finished ``formData``; None for anything else."""
    return json_object(given)


def is_form_data(answers: Mapping[Any, Any]) -> bool:
    """Return True if answers are a finished ``formData`` object."""
    return set(answers) == {"form", "fields"} and isinstance(answers["fields"], (list, tuple))


@frozen
class RequestedLine:
    """Requested line of a bulk reservation.

    Attributes:
        signature: The offer with its tickets and sessions.
        quantity: The quantity.
        price: The listed price of one unit, None if not known.
        answers: A digest of the form answers, None for none: it distinguishes lines without storing the answers.
    """

    signature: Signature
    quantity: int
    price: Decimal | None = None
    answers: str | None = None

    @classmethod
    def of(cls, item: Mapping[str, Any], price: object = None) -> RequestedLine:
        """Read an item of a request, as sent or as the intent log keeps it."""
        entries = cast("Sequence[Mapping[str, Any]]", item.get("ticketSessions") or ())
        sessions = [(relative(str(entry["ticket"])), iri_of(entry.get("session"))) for entry in entries]
        return cls(
            signature=(relative(str(item["offer"])), frozenset(sessions)),
            quantity=int(item["quantity"]),
            price=amount(item.get("price") if price is None else price),
            answers=_answers_of(item),
        )

    @property
    def offer(self) -> str:
        """The offer's IRI."""
        return self.signature[0]

    @property
    def sessions(self) -> frozenset[str]:
        """The IRIs of its sessions."""
        return frozenset(session for _, session in self.signature[1] if session is not None)

    @property
    def key(self) -> str:
        """A digest of its content without answers and quantity, which a hold need not show."""
        offer, sessions = self.signature
        return digest_of([offer, sorted((ticket, session or "") for ticket, session in sessions)])


def _answers_of(item: Mapping[str, Any]) -> str | None:
    """Return the digest of an item's answers, as sent or as the intent log keeps it; None for none."""
    if "answers" in item:  # kept by the log
        return text(item, "answers")
    given = [entry["formData"] for entry in item.get("ticketSessions") or () if "formData" in entry]
    return digest_of(given) if given else None


def split(items: Sequence[dict[str, Any]], size: int) -> list[tuple[int, Sequence[dict[str, Any]]]]:
    """Cut the items into calls of at most ``size``, in order, each with the number of lines before it.

    Raises:
        InvalidArgument: ``size`` is less than 1.
    """
    if isinstance(size, bool) or not isinstance(cast("object", size), int) or size < 1:
        raise InvalidArgument(f"`lines_per_call` must be at least 1, got {size!r}.")
    return [(start, items[start : start + size]) for start in range(0, len(items), size)]
