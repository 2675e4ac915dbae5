"""Correlation: which entries of a bulk answer belong to which lines of the request. No I/O, and never a guess.

A bulk answer lists what succeeded and what failed in two arrays, without saying which line of the request an entry
answers (reference 4.11, 4.14). Reservations name their offer, tickets and sessions but no quantity; what a failed
entry holds is not documented at all (P14, P16). So entries are tied to lines by what they do say. Elimination is
used among entries that name nothing, and only where the counts leave one way. An entry that contradicts a line is
never taken for it: the line is then undetermined, and the caller asks the API or reports it as unknown.

Lines that ask for the very same thing are interchangeable: which of them is said to have succeeded does not matter,
and the order of the request decides. The work is linear in the number of lines and entries.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, cast

from attrs import evolve, frozen

from korus._journal.intent_log import digest_of
from korus.money import amount
from korus.wire import text

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

    from korus._booking.facts import FailedEntry, OrderFacts, ReservationFacts, Signature

__all__ = [
    "Correlation",
    "LineResult",
    "RequestedLine",
    "Status",
    "correlate_holds",
    "correlate_orders",
]

Status = Literal["succeeded", "failed", "undetermined"]


@frozen
class RequestedLine:
    """What one line of a bulk reservation asked for.

    Attributes:
        signature: The offer with its tickets and sessions.
        quantity: How many.
        price: What one unit was listed at, None when not known.
        answers: A digest of the form answers, None for none: it tells lines apart without keeping what was answered.
    """

    signature: Signature
    quantity: int
    price: Decimal | None = None
    answers: str | None = None

    @classmethod
    def of(cls, item: Mapping[str, Any], price: object = None) -> RequestedLine:
        """Read an item of a request, as sent or as the intent log keeps it."""
        entries = cast("Sequence[Mapping[str, Any]]", item.get("ticketSessions") or ())
        sessions = [(str(entry["ticket"]), cast("str | None", entry.get("session"))) for entry in entries]
        if "answers" in item:  # kept by the log
            answers = text(item, "answers")
        else:
            given = [entry["formData"] for entry in entries if "formData" in entry]
            answers = digest_of(given) if given else None
        return cls(
            signature=(str(item["offer"]), frozenset(sessions)),
            quantity=int(item["quantity"]),
            price=amount(item.get("price") if price is None else price),
            answers=answers,
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
        """A digest of what it asks for but its answers; the same for lines that ask for the same."""
        offer, sessions = self.signature
        return digest_of(
            [offer, sorted((ticket, session or "") for ticket, session in sessions), self.quantity]
        )


@frozen
class LineResult:
    """What an answer says about one line.

    Attributes:
        status: ``undetermined`` when the answer does not say, or contradicts itself or the line.
        entries: The places, in the answer's array of successes, of what the line got, or got in part.
        failure: The failed entry, None if there is none.
        shortfall: In what the entries fall short of what the line asked for; None when they do not.
    """

    status: Status
    entries: tuple[int, ...] = ()
    failure: FailedEntry | None = None
    shortfall: str | None = None


_UNDETERMINED = LineResult("undetermined")


@frozen
class Correlation:
    """A bulk answer, tied to the lines of its request.

    Attributes:
        lines: One result for each line, in order.
        unmatched: The places of successes that were tied to no line.
        unmatched_failures: Failed entries that were tied to no line.
    """

    lines: tuple[LineResult, ...]
    unmatched: tuple[int, ...] = ()
    unmatched_failures: tuple[FailedEntry, ...] = ()


# --- holds -------------------------------------------------------------------------------------------------


@frozen
class _Piece:
    """The part of one reservation that holds one signature."""

    place: int
    signature: Signature
    items: int = 1
    quantity: int | None = None
    total: Decimal | None = None


def correlate_holds(
    lines: Sequence[RequestedLine], reservations: Sequence[ReservationFacts], failures: Sequence[FailedEntry]
) -> Correlation:
    """Tie the answer of a bulk reservation to the lines that were sent.

    Args:
        lines: The lines of the request, in order.
        reservations: The answer's ``reservations``.
        failures: The answer's ``failedReservations``.
    """
    by_offer: dict[str, list[int]] = defaultdict(list)
    for place, line in enumerate(lines):
        by_offer[line.offer].append(place)
    board = _Board(lines)
    pieces, nameless, unmatched = _pieces(reservations, by_offer)
    addressed = _addressed(board, failures)
    for offer, places in by_offer.items():
        _match_offer(board, places, pieces.get(offer, ()), addressed.get(offer, ()))
    for offer, places in by_offer.items():
        spare = {piece.place for piece in pieces.get(offer, ())} - board.used_places
        unmatched |= spare
        if spare:  # something of this offer is held for which no line is left: its failures are not believed
            board.doubt_failures(places)
    _eliminate(board, nameless, unmatched, failures)
    unmatched |= set(nameless) - board.used_places
    return Correlation(
        board.results,
        tuple(sorted(unmatched)),
        tuple(entry for at, entry in enumerate(failures) if at not in board.used_failures),
    )


class _Board:
    """The results while they are found."""

    def __init__(self, lines: Sequence[RequestedLine]) -> None:
        self.lines = lines
        self.used_places: set[int] = set()
        self.used_failures: set[int] = set()
        self._results: dict[int, LineResult] = {}

    def is_open(self, place: int) -> bool:
        return place not in self._results

    @property
    def open(self) -> list[int]:
        return [place for place in range(len(self.lines)) if place not in self._results]

    @property
    def results(self) -> tuple[LineResult, ...]:
        return tuple(self._results.get(place, _UNDETERMINED) for place in range(len(self.lines)))

    def fail(self, place: int, at: int, entry: FailedEntry) -> None:
        self.used_failures.add(at)
        self._results.setdefault(place, LineResult("failed", failure=entry))

    def succeed(self, place: int, entries: Iterable[int]) -> None:
        found = tuple(dict.fromkeys(entries))
        self._results[place] = LineResult("succeeded", found)
        self.used_places.update(found)

    def fall_short(self, place: int, entries: Iterable[int], shortfall: str) -> None:
        found = tuple(dict.fromkeys(entries))
        self._results[place] = LineResult("undetermined", found, shortfall=shortfall)
        self.used_places.update(found)

    def contradict(self, place: int) -> None:
        self._results[place] = _UNDETERMINED

    def doubt_failures(self, places: Iterable[int]) -> None:
        for place in places:
            if not self.is_open(place) and self._results[place].status == "failed":
                self._results[place] = evolve(self._results[place], status="undetermined")


def _pieces(
    reservations: Sequence[ReservationFacts], offers: Mapping[str, Any]
) -> tuple[dict[str, list[_Piece]], list[int], set[int]]:
    """Take reservations apart by what they hold.

    Returns:
        The pieces by offer; the places of reservations that say nothing of what they hold; and of those that hold
        something that was not asked for, are over, or are listed twice with different content.
    """
    pieces: dict[str, list[_Piece]] = defaultdict(list)
    nameless: list[int] = []
    unmatched: set[int] = set()
    first: dict[str, int] = {}
    for place, reservation in enumerate(reservations):
        if reservation.iri is not None:
            before = first.setdefault(reservation.iri, place)
            if before != place:
                if reservations[before] != reservation:
                    unmatched |= {before, place}
                continue  # the same entry once more is no second reservation
        if not reservation.items and reservation.status in {None, "reserved"} and reservation.order is None:
            nameless.append(place)
        elif (
            not reservation.is_readable
            or reservation.order is not None
            or reservation.status == "released"
            or any(item.signature[0] not in offers for item in reservation.items)
        ):
            unmatched.add(place)
        else:
            for piece in _parts(place, reservation):
                pieces[piece.signature[0]].append(piece)
    contradicted = {
        offer: [piece for piece in found if piece.place not in unmatched] for offer, found in pieces.items()
    }
    return contradicted, [place for place in nameless if place not in unmatched], unmatched


def _parts(place: int, reservation: ReservationFacts) -> Iterable[_Piece]:
    found: dict[Signature, _Piece] = {}
    for item in reservation.items:
        before = found.get(item.signature)
        found[item.signature] = _Piece(
            place,
            item.signature,
            1 if before is None else before.items + 1,
            item.quantity if before is None else _sum(before.quantity, item.quantity),
            item.amount if before is None else _sum(before.total, item.amount),
        )
    if len(found) == 1:
        (piece,) = found.values()
        yield evolve(piece, total=piece.total if reservation.total is None else reservation.total)
        return
    yield from found.values()


def _sum(one: Any, other: Any) -> Any:
    return None if one is None or other is None else one + other


def _addressed(board: _Board, failures: Sequence[FailedEntry]) -> dict[str, list[tuple[int, FailedEntry]]]:
    """Settle the lines that failed entries name by their place; returns the other entries by the offer they name."""
    by_offer: dict[str, list[tuple[int, FailedEntry]]] = defaultdict(list)
    for at, entry in enumerate(failures):
        if entry.index is not None:
            if entry.index >= len(board.lines):
                continue
            if entry.offer is None or entry.offer == board.lines[entry.index].offer:
                board.fail(entry.index, at, entry)
            elif board.is_open(entry.index):
                board.contradict(entry.index)  # it names one line by its place and another by its offer
        elif entry.offer is not None:
            by_offer[entry.offer].append((at, entry))
    return by_offer


def _match_offer(
    board: _Board,
    places: Sequence[int],
    pieces: Sequence[_Piece],
    failures: Sequence[tuple[int, FailedEntry]],
) -> None:
    """Tie what the answer says of one offer to the lines that ask for it."""
    failed_by_place = [place for place in places if not board.is_open(place)]
    groups: dict[Signature, list[int]] = defaultdict(list)
    for place in places:
        if board.is_open(place):
            groups[board.lines[place].signature].append(place)
    held = _held_by(groups, pieces)
    if held is None or (not groups and failed_by_place):
        return
    spare = sum(max(len(group) - len(held[sign]), 0) for sign, group in groups.items())
    if pieces and len(failures) > spare:
        return  # something was held and refused at once: part of a line, perhaps
    for sign, group in groups.items():
        if held[sign] and _all_held(board, group, held[sign]):
            continue
        if held[sign] and not _fits(board, group, held[sign], failures):
            _note_shortfall(board, group, held[sign])
            return
    undecided = [place for group in groups.values() for place in group if board.is_open(place)]
    barren = all(not held[board.lines[place].signature] for place in undecided)
    left = [each for each in failures if each[0] not in board.used_failures]
    if barren and len(left) >= len(undecided) > 0:
        _pair_failures(board, undecided, left)
        # one entry more for a line that failed says nothing of any other line
        board.used_failures.update(at for at, _ in left)


def _held_by(
    groups: Mapping[Signature, Sequence[int]], pieces: Sequence[_Piece]
) -> dict[Signature, list[_Piece]] | None:
    """Return which pieces are for which group of like lines; None when one could be for several."""
    held: dict[Signature, list[_Piece]] = {sign: [] for sign in groups}
    loose: list[_Piece] = []
    for piece in pieces:
        held.get(piece.signature, loose).append(piece)
    if loose:
        # sessions can be written in two ways, so a hold may look unlike what was asked for
        empty = [sign for sign in groups if not held[sign]]
        if len(empty) != 1 or not all(_may_be(empty[0], piece.signature) for piece in loose):
            return None
        held[empty[0]] = loose
    return held


def _may_be(asked: Signature, shown: Signature) -> bool:
    """Return True if a piece that looks unlike what was asked for may still be it."""
    wanted, found = dict(asked[1]), dict(shown[1])
    if not found:
        return True  # it does not show its tickets
    if wanted.keys() != found.keys():
        return False
    return all(may_be_session(wanted[ticket], found[ticket]) for ticket in wanted)


def may_be_session(asked: str | None, shown: str | None) -> bool:
    """Return True if two session IRIs may be one session: the same, or written in the old form and the new."""
    if asked is None or shown is None or asked == shown:
        return asked == shown
    return ("/events/" in asked) != ("/events/" in shown)


def _all_held(board: _Board, group: Sequence[int], pieces: Sequence[_Piece]) -> bool:
    """Settle a group of like lines all of which are held; False when that is not certain."""
    quantities = {place: board.lines[place].quantity for place in group}
    total = sum(quantities.values())
    if len(pieces) == len(group):
        alike = len(group) == 1 or len({_everything(board.lines[place]) for place in group}) == 1
        pairs = list(_pair_pieces(quantities, pieces))
        for place, piece in pairs:
            shortfall = _shortfall(board.lines[place], piece, alone=len(group) == 1 or alike)
            if shortfall is None:
                board.succeed(place, [piece.place])
            else:
                board.fall_short(place, [piece.place], shortfall)
        return True
    if len(group) > 1 and len(pieces) == 1 and total in {pieces[0].quantity, pieces[0].items}:
        for place in group:  # one hold for all of them
            board.succeed(place, [pieces[0].place])
        return True
    if len(pieces) == total and all(piece.items == 1 and piece.quantity in {None, 1} for piece in pieces):
        remaining = iter(pieces)  # one hold for each unit
        for place, quantity in quantities.items():
            board.succeed(place, [next(remaining).place for _ in range(quantity)])
        return True
    return False


def _shortfall(line: RequestedLine, piece: _Piece, *, alone: bool) -> str | None:
    """Return in what a piece differs from the quantity that its line asked for; None when it does not show any."""
    if not alone and piece.quantity is None:
        return None
    shown = shown_units(line, piece.quantity, piece.items, piece.total)
    return None if shown in {None, line.quantity} else f"{shown} of {line.quantity} units are held"


def shown_units(line: RequestedLine, quantity: int | None, items: int, total: Decimal | None) -> int | None:
    """Return how many units a hold shows to have: stated, or several items, or its amount; None when it does not."""
    if quantity is not None:
        return quantity
    if items > 1:
        return items
    if line.price and total is not None and total > 0 and not total % line.price:
        return int(total / line.price)
    return None  # the price has moved, or is not known: the amount says nothing


def _note_shortfall(board: _Board, group: Sequence[int], pieces: Sequence[_Piece]) -> None:
    """Keep with the only line of its kind what it got, when that is not all that it asked for."""
    if len(group) == 1 and board.is_open(group[0]):
        units = sum(piece.quantity or piece.items for piece in pieces)
        asked = board.lines[group[0]].quantity
        if units < asked:
            places = [piece.place for piece in pieces]
            board.fall_short(group[0], places, f"{units} of {asked} units are held")


def _fits(
    board: _Board, group: Sequence[int], pieces: Sequence[_Piece], failures: Sequence[tuple[int, FailedEntry]]
) -> bool:
    """Settle a group some lines of which are held and the others failed; False when that is not certain."""
    left = [each for each in failures if each[0] not in board.used_failures]
    if len(pieces) + len(left) != len(group) or not left:
        return False
    if len({_everything(board.lines[place]) for place in group}) == 1:
        losers = list(group[len(pieces) :])
    else:
        wanted = Counter(entry.quantity for _, entry in left)
        asked = Counter(board.lines[place].quantity for place in group)
        losers = [place for place in group if board.lines[place].quantity in wanted]
        told_apart = all(asked[quantity or 0] == count for quantity, count in wanted.items())
        if not told_apart or len(losers) != len(left):
            return False
    _pair_failures(board, losers, left)
    lost = set(losers)
    return _all_held(board, [place for place in group if place not in lost], pieces)


def _pair_pieces(quantities: Mapping[int, int], pieces: Sequence[_Piece]) -> Iterator[tuple[int, _Piece]]:
    """Pair like lines with as many holds: by their size where it shows, else in order."""
    places = list(quantities)
    ordered = sorted(places, key=lambda place: quantities[place])
    for size in (_stated, _counted, _paid):
        sizes = [size(piece) for piece in pieces]
        if None in sizes:
            continue
        known = sorted(zip(cast("list[Decimal]", sizes), range(len(pieces)), strict=True))
        first = known[0][0] / quantities[ordered[0]]
        if first and all(
            value == first * quantities[place] for (value, _), place in zip(known, ordered, strict=True)
        ):
            yield from ((place, pieces[at]) for (_, at), place in zip(known, ordered, strict=True))
            return
    yield from zip(places, pieces, strict=True)


def _stated(piece: _Piece) -> Decimal | None:
    return None if piece.quantity is None else Decimal(piece.quantity)


def _counted(piece: _Piece) -> Decimal | None:
    return Decimal(piece.items)


def _paid(piece: _Piece) -> Decimal | None:
    return piece.total


def _pair_failures(board: _Board, places: Sequence[int], failures: Sequence[tuple[int, FailedEntry]]) -> None:
    """Pair lines that all failed with as many entries: by session and quantity where they are named, else in order."""
    by_name: dict[Hashable, list[tuple[int, FailedEntry]]] = defaultdict(list)
    for at, entry in reversed(failures):
        for name in (*entry.mentions, entry.quantity, None):
            by_name[name].append((at, entry))
    taken: set[int] = set()
    for place in places:
        line = board.lines[place]
        for name in (*sorted(line.sessions), line.quantity, None):
            stack = by_name[name]
            while stack and stack[-1][0] in taken:
                stack.pop()
            if stack:
                at, entry = stack.pop()
                taken.add(at)
                board.fail(place, at, entry)
                break


def _everything(line: RequestedLine) -> Hashable:
    return line.quantity, line.answers


def _eliminate(
    board: _Board, nameless: Sequence[int], unmatched: set[int], failures: Sequence[FailedEntry]
) -> None:
    """Settle the open lines with what names nothing, where exactly one way is left."""
    silent = [
        (at, entry)
        for at, entry in enumerate(failures)
        if at not in board.used_failures and not entry.names_something
    ]
    others = len(failures) - len(board.used_failures) - len(silent)
    open_lines = board.open
    if unmatched or others or any(result.shortfall for result in board.results):
        return
    if not nameless and len(silent) == len(open_lines):
        for place, (at, entry) in zip(open_lines, silent, strict=True):
            board.fail(place, at, entry)
    elif len(nameless) == 1 == len(open_lines) and not silent:
        board.succeed(open_lines[0], nameless)


# --- orders ------------------------------------------------------------------------------------------------


def correlate_orders(
    reservations: Sequence[str],
    orders: Sequence[OrderFacts],
    failures: Sequence[FailedEntry],
    external_reference: str,
) -> Correlation:
    """Tie the answer of a bulk order to the reservations that were sent.

    An order belongs to the reservation that it names, however its reference is written. One that names none
    (reference 8.13) is taken only where it is the single one left for a single reservation; one that names another
    reservation or another reference is nobody's here.

    Args:
        reservations: The IRIs of the request, in order.
        orders: The answer's ``orders``.
        failures: The answer's ``failedOrders``.
        external_reference: The reference that was sent.
    """
    place_of = {iri: place for place, iri in enumerate(reservations)}
    got, nameless, unmatched = _orders_by_place(place_of, orders, external_reference)
    refused: dict[int, list[FailedEntry]] = defaultdict(list)
    silent: list[FailedEntry] = []
    unplaced: list[FailedEntry] = []
    for entry in failures:
        place = _place_of(entry, place_of)
        if place is not None:
            refused[place].append(entry)
        else:
            (unplaced if entry.names_something else silent).append(entry)
    left = [place for place in range(len(reservations)) if place not in got and place not in refused]
    if not unmatched and not unplaced:
        if len(left) == 1 == len(nameless) and not silent:
            got[left[0]] = [nameless.pop()]
        elif not nameless and len(silent) == len(left):
            for place in left:
                refused[place] = [silent.pop(0)]
    results = tuple(
        _order_result(got.get(place, []), refused.get(place, [])) for place in range(len(reservations))
    )
    return Correlation(results, tuple(sorted([*unmatched, *nameless])), (*unplaced, *silent))


def _orders_by_place(
    place_of: Mapping[str, int], orders: Sequence[OrderFacts], external_reference: str
) -> tuple[dict[int, list[int]], list[int], set[int]]:
    """Return the orders by the reservation that they name, those that name none, and those that contradict."""
    got: dict[int, list[int]] = defaultdict(list)
    nameless: list[int] = []
    unmatched: set[int] = set()
    first: dict[str, int] = {}
    for at, order in enumerate(orders):
        if order.iri is not None:
            before = first.setdefault(order.iri, at)
            if before != at:
                if orders[before] != order:
                    unmatched |= {before, at}
                continue
        place = place_of.get(order.reservation or "")
        if place is not None and not order.is_cancelled:
            got[place].append(at)
        elif order.reservation is None and order.is_of(external_reference) and not order.is_cancelled:
            nameless.append(at)
        else:
            unmatched.add(at)
    kept = {place: [at for at in found if at not in unmatched] for place, found in got.items()}
    return {place: found for place, found in kept.items() if found}, nameless, unmatched


def _order_result(got: Sequence[int], refused: Sequence[FailedEntry]) -> LineResult:
    if len(got) == 1 and not refused:
        return LineResult("succeeded", tuple(got))
    if refused and not got:
        return LineResult("failed", failure=refused[0])
    # two orders for one reservation, or an order and a refusal: the reservation itself has to be asked
    return LineResult("undetermined", tuple(got), refused[0] if refused else None)


def _place_of(entry: FailedEntry, place_of: Mapping[str, int]) -> int | None:
    named = place_of.get(entry.reservation or "")
    mentioned = {place_of[found] for found in entry.mentions if found in place_of}
    indexed = entry.index if entry.index is not None and entry.index < len(place_of) else None
    places = {place for place in (named, indexed, *mentioned) if place is not None}
    if entry.reservation is not None and named is None:
        return None  # it is about another reservation
    return places.pop() if len(places) == 1 else None
