"""Reconciliation: find the result of a hold whose answer was lost. No I/O, no guesses.

A reservation contains no reference of the caller, so it is recognised by its content: offer, tickets, sessions, and the
quantity if shown. Reservations of before the call (the `Snapshot`) and those that others have claimed are excluded. If
other calls with the same content are in progress, a reservation that could be theirs is not taken until it is clear to
which call it belongs. The work is linear in the number of lines and reservations.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from attrs import field, frozen

from korus._booking.correlation import is_old_form, may_be_session, shown_units
from korus._booking.intent_details import open_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from korus._booking.facts import ReservationFacts, Signature
    from korus._booking.request_items import RequestedLine
    from korus._journal.intent_log import Intent

__all__ = [
    "Matches",
    "find_matches",
]


@frozen
class Matches:
    """Matches of a lost call.

    Attributes:
        found: The candidates' indexes by the lines' indexes.
        is_pending: True if another look may help, because other calls are still sending.
        unclear: Lines with candidates that may belong to other calls.
        candidates: The indexes of each line's candidates, by the line's index.
    """

    found: Mapping[int, int]
    is_pending: bool = False
    unclear: frozenset[int] = frozenset()
    candidates: Mapping[int, tuple[int, ...]] = field(factory=dict[int, tuple[int, ...]])


def find_matches(
    lines: Sequence[RequestedLine],
    candidates: Sequence[ReservationFacts],
    intent: Intent,
    competing: Sequence[Intent],
    *,
    is_shared: bool = True,
    sends: int = 1,
) -> Matches:
    """Find the reservations of the lines of a lost call among candidates.

    Args:
        lines: The lines that were sent.
        candidates: Unclaimed reservations that were created since the call began.
        intent: The call.
        competing: Other calls with the same content, read after the candidates were listed; those without a running
            owner have the state ``unknown``.
        is_shared: True if all processes that book share the log; else matching reservations may belong to others, and
            are only candidates.
        sends: The number of times that the lines were sent: each request may have been processed.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for place, line in enumerate(lines):
        groups[line.key].append(place)
    index = _Index(candidates)
    kinds = [_kind_of(lines, places, key, index, competing) for key, places in groups.items()]
    if any(kind.may_be_answered for kind in kinds):
        # the candidates may belong to answers that they are about to receive
        return Matches({}, is_pending=True)
    found: dict[int, int] = {}
    unclear: set[int] = set()
    alike_by_line: dict[int, tuple[int, ...]] = {}
    for kind in kinds:
        for quantity, places in kind.places.items():
            fitting = [at for at in kind.fitting(quantity) if at not in index.taken]
            alike_by_line.update(dict.fromkeys(places, tuple(fitting)))
            answers = {lines[place].answers for place in places}
            others = [
                (other, [wanted for asked, wanted in asks if asked == quantity])
                for other, asks in kind.others
            ]
            own: Sequence[int] = ()
            # a guess could return another caller's reservation, or fewer units than requested
            if is_shared and (kind.is_of_one_quantity or not kind.sizes[None]):
                own = _share(intent, places, fitting, answers, others, sends=sends)
            found.update(zip(places, own, strict=False))
            index.taken.update(own)
            unclear.update(place for place in places if fitting and place not in found)
    return Matches(found, unclear=frozenset(unclear), candidates=alike_by_line)


@frozen
class _Kind:
    """Lines and calls with the same content except for the quantity, and their candidates.

    Attributes:
        places: The lines' indexes by quantity.
        others: The quantity and answers of each line of other calls with the same content.
        sizes: The candidates' indexes by number of units; None for those that do not show it.
    """

    places: Mapping[int, Sequence[int]]
    others: Sequence[tuple[Intent, Sequence[tuple[int, str | None]]]]
    sizes: Mapping[int | None, Sequence[int]]

    @property
    def may_be_answered(self) -> bool:
        """True if a call that could own one of the candidates is still waiting for its answer."""
        return any(
            other.state == "sending" and (self.sizes[None] or any(asked in self.places for asked, _ in asks))
            for other, asks in self.others
            if asks
        )

    @property
    def is_of_one_quantity(self) -> bool:
        """True if all lines, of this and other calls, have the same quantity."""
        return len({*self.places, *(asked for _, asks in self.others for asked, _ in asks)}) == 1

    def fitting(self, quantity: int) -> list[int]:
        """Return the candidates that may hold this number of units, in the order of the list."""
        return sorted([*self.sizes[None], *self.sizes[quantity]])


def _kind_of(
    lines: Sequence[RequestedLine],
    places: Sequence[int],
    key: str,
    index: _Index,
    competing: Sequence[Intent],
) -> _Kind:
    by_quantity: dict[int, list[int]] = defaultdict(list)
    for place in places:
        by_quantity[lines[place].quantity].append(place)
    others = [(other, open_lines(other, key)) for other in competing]
    # after a price change, another call's hold may look like one of these
    is_priced = all(asked in by_quantity for _, asks in others for asked, _ in asks)
    return _Kind(by_quantity, others, index.sizes_of(lines[places[0]], is_priced=is_priced))


def _share(
    intent: Intent,
    places: Sequence[int],
    fitting: Sequence[int],
    answers: set[str | None],
    others: Sequence[tuple[Intent, Sequence[str | None]]],
    *,
    sends: int,
) -> Sequence[int]:
    """Return the fitting candidates that belong to this call, if several calls may own them."""
    needed = sum(len(wanted) for _, wanted in others)
    # candidates that no call looks for now stay unclaimed
    before = sum(len(wanted) for other, wanted in others if other.id < intent.id and other.state != "unknown")
    if len(fitting) > len(places) * sends + needed:
        return []  # more than all calls requested: some belong to others
    if len(answers.union(*(wanted for _, wanted in others))) == 1:  # they are interchangeable
        return fitting[before : before + len(places)]
    # they differ only in their answers, which are not shown: all are taken, or none
    return fitting if not needed and len(fitting) == len(places) else []


class _Index:
    """Candidates by content."""

    def __init__(self, candidates: Sequence[ReservationFacts]) -> None:
        self.taken: set[int] = set()
        self._candidates = candidates
        self._signatures: dict[int, Signature] = {}
        self._exact: dict[Signature, list[int]] = defaultdict(list)
        # by offer and form: candidates of lines with the other form of session IRIs
        self._loose: dict[tuple[str, bool], list[int]] = defaultdict(list)
        for at, candidate in enumerate(candidates):
            held = {item.signature for item in candidate.items}
            if len(held) != 1 or not candidate.is_free:
                continue
            (signature,) = held
            self._signatures[at] = signature
            self._exact[signature].append(at)
            forms = (
                {is_old_form(session) for _, session in signature[1] if session}
                if signature[1]
                else {True, False}
            )
            for form in forms:
                self._loose[signature[0], form].append(at)

    def sizes_of(self, line: RequestedLine, *, is_priced: bool) -> defaultdict[int | None, list[int]]:
        """Return the candidates that match a line except for the quantity, by number of units.

        Args:
            line: The line.
            is_priced: True to derive the units from the amount.
        """
        # a session IRI has two forms, and a hold need not show its tickets
        forms = {is_old_form(session) for session in line.sessions} or {False}
        loose = [at for form in forms for at in self._loose[line.offer, not form]]
        places = sorted({*self._exact[line.signature], *loose})
        alike = {at: self._candidates[at] for at in places if _is_same(line.signature, self._signatures[at])}
        # if one hold lists its units, so do the others
        listed = any(held.stated_units is None and len(held.items) > 1 for held in alike.values())
        sizes: defaultdict[int | None, list[int]] = defaultdict(list)
        for at, held in alike.items():
            total = held.total if is_priced else None
            shown = shown_units(line, held.stated_units, len(held.items), total)
            sizes[shown or (len(held.items) if listed else None)].append(at)
        return sizes


def _is_same(asked: Signature, found: Signature) -> bool:
    """Return True if the sessions that a hold of the offer shows are the requested ones."""
    wanted, shown = Counter(dict(asked[1])), dict(found[1])
    if not shown:
        return True  # it does not show its tickets
    return wanted.keys() == shown.keys() and all(
        may_be_session(session, shown[ticket]) for ticket, session in asked[1]
    )
