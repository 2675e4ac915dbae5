"""Whether a reservation that turned up could be the one whose answer was lost. No I/O, and never a guess.

A reservation carries nothing of the caller's, so it is recognised by what it holds: offer, tickets, sessions,
and as far as it shows how many. What was there before the call (the `Baseline`) is out of the question, and
so is what somebody else has claimed. Where other calls of the same kind are under way, a reservation that
could be theirs is left alone until it is clear whose it is.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from korus.errors import InvalidIri
from korus.intents import subject_of
from korus.iri import OFFER_TICKET_SESSION, SESSIONS, parse_iri
from korus.matching import reservation_signatures, signature
from korus.money import amount
from korus.wire import iri_of, objects, text, wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from korus.intents import Intent
    from korus.matching import Signature

__all__ = [
    "Baseline",
    "Found",
    "adoptable",
    "could_be",
    "hold_details",
    "hold_subjects",
    "placed_reservations",
    "told_lines",
]

_KEPT: Final = 50
_EVER: Final = datetime.min.replace(tzinfo=UTC)


@frozen
class Baseline:
    """The newest reservations before a call: what is not among them and not older was made since.

    Attributes:
        iris: The newest reservations' IRIs.
        newest: When the newest of them was made, as the API wrote it; None when there was none.
    """

    iris: frozenset[str]
    newest: str | None

    @classmethod
    def of(cls, reservations: Iterable[object]) -> Baseline:
        """Take the first page of the list, newest first, as the baseline."""
        listed = [source for source in map(wire, reservations) if source is not None]
        made = [moment for moment in (text(source, "createdAt") for source in listed) if moment]
        newest = max(made, key=lambda moment: _moment(moment) or _EVER, default=None)
        return cls(frozenset(iri for iri in map(iri_of, listed) if iri), newest)

    def is_before(self, reservation: Mapping[str, Any]) -> bool:
        """Tell whether a reservation was there before the call."""
        if iri_of(reservation) in self.iris:
            return True
        made, newest = _moment(text(reservation, "createdAt")), _moment(self.newest)
        return made is not None and newest is not None and made < newest

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain JSON."""
        return {"newest": self.newest, "iris": sorted(self.iris)[:_KEPT]}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Baseline:
        """Read what `to_dict` wrote."""
        return cls(frozenset(map(str, stored.get("iris") or ())), text(stored, "newest"))


@frozen
class Found:
    """What of a lost call was found.

    Attributes:
        adopted: The candidates' places by the lines' places.
        pending: Whether it is worth looking again, because others are still sending.
        unclear: Lines for which there are candidates that may be somebody else's.
    """

    adopted: Mapping[int, int]
    pending: bool = False
    unclear: frozenset[int] = frozenset()


def hold_details(
    items: Sequence[Mapping[str, Any]], prices: Sequence[str | None], baseline: Baseline | None
) -> dict[str, Any]:
    """Give what has to be remembered of a hold: what it asks for, without anybody's answers."""
    return {
        "items": [
            {
                "offer": item["offer"],
                "quantity": item["quantity"],
                "ticketSessions": [
                    {key: entry[key] for key in ("ticket", "session") if key in entry}
                    for entry in item["ticketSessions"]
                ],
                "price": price,
                "answers": _answers(item),
            }
            for item, price in zip(items, prices, strict=True)
        ],
        "baseline": None if baseline is None else baseline.to_dict(),
    }


def hold_subjects(items: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Give the subjects of a hold: alike for lines that only their answers tell apart."""
    return tuple(_subject(item) for item in items)


def _subject(item: Mapping[str, Any]) -> str:
    offer, sessions = signature(item)
    return subject_of(
        [offer, sorted((ticket, session or "") for ticket, session in sessions), item["quantity"]]
    )


def _answers(item: Mapping[str, Any]) -> str | None:
    """Give a digest of the answers, which tells lines apart without keeping what was answered."""
    if "answers" in item:  # remembered already
        return text(item, "answers")
    given = [entry["formData"] for entry in item["ticketSessions"] if "formData" in entry]
    return subject_of(given) if given else None


def adoptable(
    items: Sequence[Mapping[str, Any]],
    candidates: Sequence[Mapping[str, Any]],
    intent: Intent,
    rivals: Sequence[Intent],
) -> Found:
    """Say which candidates are what the lines of a lost call got.

    Args:
        items: The lines, as sent or as remembered.
        candidates: Reservations made since the call began that nobody has claimed.
        intent: The call.
        rivals: Other calls alive that ask for the same, read after the candidates were listed.
    """
    mine = hold_subjects(items)
    if any(other.state == "sending" and set(other.subjects) & set(mine) for other in rivals):
        # what turned up may be the answer that they are just about to get
        return Found({}, pending=True)
    adopted: dict[int, int] = {}
    unclear: set[int] = set()
    taken: set[int] = set()
    for subject in dict.fromkeys(mine):
        lines = [place for place, other in enumerate(mine) if other == subject]
        fitting = [
            place
            for place, candidate in enumerate(candidates)
            if place not in taken and could_be(items[lines[0]], candidate)
        ]
        others = [(other, _lines_of(other, subject)) for other in rivals]
        needed = sum(len(wanted) for _, wanted in others)
        before = sum(len(wanted) for other, wanted in others if other.id < intent.id)
        alike = len({_answers(items[place]) for place in lines}.union(*(wanted for _, wanted in others))) == 1
        if len(fitting) >= len(lines) + needed:
            own = fitting[: len(lines)] if not before else fitting[before : before + len(lines)]
        elif alike:
            own = fitting[before : before + len(lines)]
        elif needed == 0:
            own = fitting if len(fitting) == len(lines) else []
        else:
            own = []
        if len(fitting) > len(lines) + needed:
            own = []  # more than all of us asked for: some are a stranger's
        adopted.update(zip(lines, own, strict=False))
        taken.update(own)
        unclear.update(place for place in lines if fitting and place not in adopted)
    return Found(adopted, unclear=frozenset(unclear))


def told_lines(hold: Intent) -> list[Mapping[str, Any] | None]:
    """Give for each line of a hold what is known of it already, though not of all of them; None for the others."""
    told, items = objects(hold.details, "told"), objects(hold.details, "items")
    return [wire(known) for known in told] if len(told) == len(items) else [None] * len(items)


def placed_reservations(hold: Intent) -> frozenset[str]:
    """Give the reservations that are known to be what lines of a hold got, though not all lines are known."""
    return frozenset(
        str(iri) for known in told_lines(hold) if known is not None for iri in objects(known, "reservations")
    )


def _lines_of(other: Intent, subject: str) -> list[str | None]:
    """Give the digests of the answers of another call's lines that ask for the same and are not known yet."""
    lines = zip(objects(other.details, "items"), other.subjects, told_lines(other), strict=False)
    return [_answers(item) for item, asked, known in lines if asked == subject and known is None]


def could_be(item: Mapping[str, Any], reservation: Mapping[str, Any]) -> bool:
    """Tell whether a reservation holds what a line asks for, as far as it shows."""
    if text(reservation, "status") not in {None, "reserved"} or reservation.get("expired") is True:
        return False
    if iri_of(reservation.get("order")) is not None:
        return False
    held = reservation_signatures(reservation)
    if len(held) != 1:
        return False
    ((found, count),) = held.items()
    return _same(signature(item), found) and _quantity_fits(item, reservation, count)


def _same(asked: Signature, found: Signature) -> bool:
    if asked[0] != found[0]:
        return False
    wanted, shown = Counter(dict(asked[1])), dict(found[1])
    if not shown:
        return True  # it does not show its tickets
    return wanted.keys() == shown.keys() and all(
        _sessions_agree(session, shown[ticket]) for ticket, session in asked[1]
    )


def _sessions_agree(asked: str | None, shown: str | None) -> bool:
    if asked is None or shown is None or asked == shown:
        return asked == shown
    try:
        kinds = {parse_iri(iri, *SESSIONS).kind is OFFER_TICKET_SESSION for iri in (asked, shown)}
    except InvalidIri:
        return False
    return len(kinds) == 2  # noqa: PLR2004 - the old form and the new cannot be compared


def _quantity_fits(item: Mapping[str, Any], reservation: Mapping[str, Any], count: int) -> bool:
    quantity = int(item["quantity"])
    stated = [
        found.get("quantity") for found in map(wire, objects(reservation, "items")) if found is not None
    ]
    if stated and all(isinstance(number, int) for number in stated):
        return sum(number for number in stated if isinstance(number, int)) == quantity
    if count > 1:
        return count == quantity
    unit, total = amount(item.get("price")), amount(reservation.get("totalAmountInclTax"))
    if not unit or total is None or total % unit:
        return True  # the price has moved, so the amount tells nothing
    return total == unit * quantity


def _moment(written: str | None) -> datetime | None:
    try:
        found = None if written is None else datetime.fromisoformat(written)
    except ValueError:
        return None
    return found if found is None or found.tzinfo is not None else found.replace(tzinfo=UTC)
