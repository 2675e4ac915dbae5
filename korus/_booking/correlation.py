"""Correlation of the entries of a bulk answer with the lines of its request. No I/O, no guesses.

A bulk answer lists successes and failures in two arrays, and does not say which line of the request an entry belongs to
(reference 4.11, 4.14). Reservations name their offer, tickets and sessions but no quantity; the content of a failed
entry is not documented (P14, P16). So entries are matched to lines by their content. Entries that name nothing are
matched by elimination, and only if the counts leave one possibility. An entry that contradicts a line never matches it:
the line is then undetermined, and the caller asks the API or reports it as unknown.

Lines with the same content are interchangeable: they succeed in the order of the request. The work is linear in the
number of lines and entries.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from attrs import evolve, frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from decimal import Decimal

    from korus._booking.facts import FailedEntry, OrderFacts, ReservationFacts, Signature
    from korus._booking.request_items import RequestedLine

__all__ = [
    "Correlation",
    "LineResult",
    "Status",
    "correlate_holds",
    "correlate_orders",
]

Status = Literal["succeeded", "failed", "undetermined"]


@frozen
class LineResult:
    """Result of one line in an answer.

    Attributes:
        status: ``undetermined`` if the answer does not show it, or contradicts itself or the line.
        entries: The indexes of the line's entries in the answer's array of successes, complete or partial.
        failure: The failed entry, None if there is none.
        shortfall: The difference between the entries and the line; None if they hold all of it.
    """

    status: Status
    entries: tuple[int, ...] = ()
    failure: FailedEntry | None = None
    shortfall: str | None = None


_UNDETERMINED = LineResult("undetermined")


@frozen
class Correlation:
    """Bulk answer, correlated with the lines of its request.

    Attributes:
        lines: One result for each line, in order.
        unmatched: The indexes of successes that match no line.
        unmatched_failures: Failed entries that match no line.
    """

    lines: tuple[LineResult, ...]
    unmatched: tuple[int, ...] = ()
    unmatched_failures: tuple[FailedEntry, ...] = ()


# --- holds -------------------------------------------------------------------------------------------------


@frozen
class _Piece:
    """Part of one reservation that holds one signature."""

    place: int
    signature: Signature
    items: int = 1
    quantity: int | None = None
    total: Decimal | None = None


_Placed: TypeAlias = "tuple[int, FailedEntry]"
"""A failed entry with its index in the answer."""


def correlate_holds(
    lines: Sequence[RequestedLine], reservations: Sequence[ReservationFacts], failures: Sequence[FailedEntry]
) -> Correlation:
    """Correlate the answer of a bulk reservation with the lines that were sent.

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
    unmatched |= {piece.place for found in pieces.values() for piece in found} - board.used_places
    _eliminate(board, nameless, unmatched, failures)
    unexplained = unmatched if len(nameless) <= len(board.open) else unmatched.union(nameless)
    _doubt_failures(board, by_offer, [reservations[place] for place in unexplained - board.used_places])
    unmatched |= set(nameless) - board.used_places
    return Correlation(
        board.results,
        tuple(sorted(unmatched)),
        tuple(entry for at, entry in enumerate(failures) if at not in board.used_failures),
    )


class _Board:
    """Results while they are being determined."""

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
    """Split reservations by signature.

    Returns:
        The pieces by offer; the indexes of reservations that do not show their content; and of those that name
        nothing, hold something that was not requested, have ended, or are listed twice with different content.
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
                continue  # a repeated entry is not a second reservation
        if reservation.iri is None or not reservation.is_free:
            unmatched.add(place)
        elif not reservation.items:
            nameless.append(place)
        elif not reservation.is_readable or any(
            item.signature[0] not in offers for item in reservation.items
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
    if len(reservation.items) == 1:
        (item,) = reservation.items
        total = item.amount if reservation.total is None else reservation.total
        yield _Piece(place, item.signature, 1, item.quantity, total)
        return
    # if there are several items, their number is a better sign than their price
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
    yield from found.values()


def _sum(one: Any, other: Any) -> Any:
    return None if one is None or other is None else one + other


def _addressed(board: _Board, failures: Sequence[FailedEntry]) -> dict[str, list[_Placed]]:
    """Settle lines whose index a failed entry names; return the other entries by the offer that they name."""
    by_offer: dict[str, list[_Placed]] = defaultdict(list)
    for at, entry in enumerate(failures):
        if entry.index is not None:
            if entry.index >= len(board.lines):
                continue
            if not _contradicts(entry, board.lines[entry.index]):
                board.fail(entry.index, at, entry)
            elif board.is_open(entry.index):
                board.contradict(entry.index)  # its index names one line, its content another
        elif entry.offer is not None:
            by_offer[entry.offer].append((at, entry))
    return by_offer


def _contradicts(entry: FailedEntry, line: RequestedLine) -> bool:
    """Return True if a failed entry contradicts a line, or is about only a part of it."""
    return (
        entry.offer not in {None, line.offer}
        or entry.quantity not in {None, line.quantity}
        or not _may_name(entry, line.sessions)
    )


def _may_name(entry: FailedEntry, sessions: Iterable[str]) -> bool:
    """Return True if every session that a failed entry names can be one of these."""
    return all(any(may_be_session(asked, named) for asked in sessions) for named in entry.sessions)


def _match_offer(
    board: _Board,
    places: Sequence[int],
    pieces: Sequence[_Piece],
    failures: Sequence[_Placed],
) -> None:
    """Correlate the answer's entries of one offer with its lines."""
    if len(places) == len(pieces) == 1 and not failures and _is_of_one_line(board, places[0], pieces[0]):
        _settle_alone(board, places[0], pieces[0])  # the common case, which needs no groups
        return
    groups: dict[Signature, list[int]] = defaultdict(list)
    for place in places:
        if board.is_open(place):
            groups[board.lines[place].signature].append(place)
    held = _held_by(groups, pieces)
    if held is None:
        return
    own, general = _by_group(groups, failures)
    spare = {sign: max(len(group) - len(held[sign]), 0) for sign, group in groups.items()}
    missing = {sign: count - len(own[sign]) for sign, count in spare.items()}
    if pieces and (len(failures) > sum(spare.values()) or min(missing.values(), default=0) < 0):
        return  # held and refused at once: this may be one part of a line
    enough = len(general) == sum(missing.values())
    lost: list[int] = []
    is_clear = True
    for sign, group in groups.items():
        losers: Sequence[int] | None = group
        if held[sign]:
            is_complete = enough or not missing[sign]
            losers = _split(board, group, held[sign], own[sign] or general, is_complete=is_complete)
        if losers is None:
            _note_shortfall(board, group, held[sign])
            is_clear = False
            continue
        _fail(board, losers, own[sign])
        lost += [place for place in losers if board.is_open(place)]
    if is_clear:
        _fail(board, lost, general)


def _is_of_one_line(board: _Board, place: int, piece: _Piece) -> bool:
    return board.is_open(place) and board.lines[place].signature == piece.signature


def _settle_alone(board: _Board, place: int, piece: _Piece) -> None:
    """Settle a line with the only matching hold."""
    _settle(board, place, piece, shown_units(board.lines[place], piece.quantity, piece.items, piece.total))


def _settle(board: _Board, place: int, piece: _Piece, size: int | None) -> None:
    """Settle a line with a hold of this many units, None if it does not show them."""
    asked = board.lines[place].quantity
    if size is None or size == asked:
        board.succeed(place, [piece.place])
    else:
        board.fall_short(place, [piece.place], f"{size} of {asked} units are held")


def _by_group(
    groups: Mapping[Signature, Sequence[int]], failures: Sequence[_Placed]
) -> tuple[dict[Signature, list[_Placed]], list[_Placed]]:
    """Return failed entries by the group whose sessions they name, and those that name no session.

    An entry with sessions of no group, or of several, is in neither.
    """
    sessions = {sign: frozenset(session for _, session in sign[1] if session is not None) for sign in groups}
    whole: dict[frozenset[str], list[Signature]] = defaultdict(list)
    single: dict[str, list[Signature]] = defaultdict(list)
    for sign, names in sessions.items():
        whole[names].append(sign)
        for name in names:
            single[name].append(sign)
    own: dict[Signature, list[_Placed]] = {sign: [] for sign in groups}
    general: list[_Placed] = []
    for each in failures:
        named = each[1].sessions
        if not named:
            general.append(each)
            continue
        # the request may have used the other form of the session IRIs
        found = whole[named] or min((single[name] for name in named), key=len)
        found = found or (list(groups) if len(groups) == 1 else [])
        if len(found) == 1 and _may_name(each[1], sessions[found[0]]):
            own[found[0]].append(each)
    return own, general


def _held_by(
    groups: Mapping[Signature, Sequence[int]], pieces: Sequence[_Piece]
) -> dict[Signature, list[_Piece]] | None:
    """Return the pieces of each group of like lines; None if a piece could belong to several groups."""
    held: dict[Signature, list[_Piece]] = {sign: [] for sign in groups}
    loose: list[_Piece] = []
    for piece in pieces:
        held.get(piece.signature, loose).append(piece)
    if loose:
        # session IRIs have two forms, so a hold may look different from its line
        empty = [sign for sign in groups if not held[sign]]
        if len(empty) != 1 or not all(_may_be(empty[0], piece.signature) for piece in loose):
            return None
        held[empty[0]] = loose
    return held


def _may_be(asked: Signature, shown: Signature) -> bool:
    """Return True if a piece that looks different from a line can still match it."""
    wanted, found = dict(asked[1]), dict(shown[1])
    if not found:
        return True  # it does not show its tickets
    if wanted.keys() != found.keys():
        return False
    return all(may_be_session(wanted[ticket], found[ticket]) for ticket in wanted)


def may_be_session(asked: str | None, shown: str | None) -> bool:
    """Return True if two IRIs can name the same session: they are equal, or one has the old form and one the new."""
    if asked is None or shown is None or asked == shown:
        return asked == shown
    return is_old_form(asked) != is_old_form(shown)


def is_old_form(session: str) -> bool:
    """Return True if a session's IRI names its event, not its offer and ticket."""
    return "/events/" in session


def _all_held(board: _Board, group: Sequence[int], pieces: Sequence[_Piece]) -> bool:
    """Settle a group of like lines if all are held; return False if that is not certain."""
    if len(pieces) == len(group):
        for place, piece, size in _pair_pieces(board, group, pieces):
            _settle(board, place, piece, size)
        return True
    quantities = {place: board.lines[place].quantity for place in group}
    total = sum(quantities.values())
    if len(group) > 1 and len(pieces) == 1 and total in {pieces[0].quantity, pieces[0].items}:
        for place in group:  # one hold for all of them
            board.succeed(place, [pieces[0].place])
        return True
    if len(group) == 1 and sum(piece.quantity or 0 for piece in pieces) == total:
        board.succeed(group[0], [piece.place for piece in pieces])  # several holds for one line
        return True
    # lines of one offer have one price
    line = board.lines[group[0]]
    sizes = {shown_units(line, piece.quantity, piece.items, piece.total) for piece in pieces}
    amounts = {piece.total for piece in pieces}
    # amounts that do not fit a known price can be those of any number of units
    are_units = sizes == {1} or (sizes <= {None, 1} and len(amounts) == 1 and None in {line.price, *amounts})
    if len(pieces) == total and are_units:
        remaining = iter(pieces)  # one hold for each unit
        for place, quantity in quantities.items():
            board.succeed(place, [next(remaining).place for _ in range(quantity)])
        return True
    return False


def shown_units(line: RequestedLine, quantity: int | None, items: int, total: Decimal | None) -> int | None:
    """Return a hold's number of units by its quantities, its items or its amount; None if it does not show them."""
    if quantity is not None:
        return quantity
    if items > 1:
        return items
    if line.price and total is not None and total > 0 and not total % line.price:
        return int(total / line.price)
    return None  # the price has changed, or is not known, so the amount is no sign


def _note_shortfall(board: _Board, group: Sequence[int], pieces: Sequence[_Piece]) -> None:
    """Set the shortfall of a single line that got only a part of its units."""
    if len(group) == 1 and board.is_open(group[0]):
        units = sum(piece.quantity or piece.items for piece in pieces)
        asked = board.lines[group[0]].quantity
        if units < asked:
            places = [piece.place for piece in pieces]
            board.fall_short(group[0], places, f"{units} of {asked} units are held")


def _split(
    board: _Board,
    group: Sequence[int],
    pieces: Sequence[_Piece],
    failures: Sequence[_Placed],
    *,
    is_complete: bool,
) -> Sequence[int] | None:
    """Settle the held lines of a group of like lines; return the others, None if it is not certain which they are.

    Args:
        board: The results so far.
        group: The indexes of the lines.
        pieces: Their holds.
        failures: Entries that can belong to the others.
        is_complete: True if there is one entry for each line that is not held.
    """
    if len(pieces) == len(group) or not failures:
        return [] if _all_held(board, group, pieces) else None
    if not is_complete or len(pieces) > len(group):
        return None
    sizes = _sizes(board, group, pieces)
    stated = [entry.quantity for _, entry in failures]
    winners: Sequence[int] | None = None
    if _are_alike(board, group):
        winners = group[: len(pieces)]
    elif None not in sizes:
        winners = _pick(board, group, sizes)
    elif None not in stated and len(stated) == len(group) - len(pieces):
        losers = _pick(board, group, stated)
        winners = None if losers is None else [place for place in group if place not in set(losers)]
    if winners is None or any(
        size not in {None, board.lines[place].quantity}
        for place, _, size in _pair_pieces(board, winners, pieces)
    ):
        return None
    _all_held(board, winners, pieces)
    return [place for place in group if board.is_open(place)]


def _pick(board: _Board, group: Sequence[int], quantities: Sequence[int | None]) -> list[int] | None:
    """Return the lines of these quantities; None if several lines fit that are not interchangeable."""
    by_quantity: dict[int | None, list[int]] = defaultdict(list)
    for place in group:
        by_quantity[board.lines[place].quantity].append(place)
    found: list[int] = []
    for quantity, count in Counter(quantities).items():
        like = by_quantity[quantity]
        if count > len(like) or (count < len(like) and not _are_alike(board, like)):
            return None
        found += like[:count]
    return sorted(found)


def _are_alike(board: _Board, places: Sequence[int]) -> bool:
    """Return True if lines of one group are interchangeable."""
    return len({(board.lines[place].quantity, board.lines[place].answers) for place in places}) <= 1


def _sizes(board: _Board, group: Sequence[int], pieces: Sequence[_Piece]) -> list[int | None]:
    """Return the number of units of each piece of like lines, None where it is not shown."""
    line = board.lines[group[0]]
    # if one hold lists its units, so do the others
    listed = any(piece.items > 1 for piece in pieces)
    return [
        piece.items
        if listed and piece.quantity is None
        else shown_units(line, piece.quantity, piece.items, piece.total)
        for piece in pieces
    ]


def _pair_pieces(
    board: _Board, group: Sequence[int], pieces: Sequence[_Piece]
) -> Iterator[tuple[int, _Piece, int | None]]:
    """Pair like lines with an equal number of holds: by size where the holds show it, else in order."""
    asked = {place: board.lines[place].quantity for place in group}
    sizes = _sizes(board, group, pieces)
    if None in sizes and _are_proportional(list(asked.values()), pieces):
        by_amount = sorted(pieces, key=lambda piece: piece.total or 0)
        places = sorted(group, key=lambda place: asked[place])
        yield from ((place, piece, piece.quantity) for place, piece in zip(places, by_amount, strict=True))
        return
    by_size: dict[int | None, list[int]] = defaultdict(list)
    for at in reversed(range(len(pieces))):
        by_size[sizes[at]].append(at)
    others: list[int] = []
    for place in group:
        if by_size[asked[place]]:
            yield place, pieces[by_size[asked[place]].pop()], asked[place]
        else:
            others.append(place)
    left = sorted(at for found in by_size.values() for at in found)
    yield from ((place, pieces[at], sizes[at]) for place, at in zip(others, left, strict=True))


def _are_proportional(quantities: Sequence[int], pieces: Sequence[_Piece]) -> bool:
    """Return True if the amounts of holds are proportional to the quantities, at any price of one unit."""
    totals = [piece.total for piece in pieces]
    if None in totals or len(set(quantities)) == 1:
        return False
    pairs = list(zip(sorted(cast("list[Decimal]", totals)), sorted(quantities), strict=True))
    first, fewest = pairs[0]
    return first > 0 and all(total * fewest == first * quantity for total, quantity in pairs)


def _fail(board: _Board, places: Sequence[int], failures: Sequence[_Placed]) -> None:
    """Fail lines with entries that fit no other line: by quantity where it is shown, else by their number.

    A surplus entry of the only remaining line has no effect on other lines.
    """
    by_quantity: dict[int | None, list[_Placed]] = defaultdict(list)
    for each in failures:
        by_quantity[each[1].quantity].append(each)
    unstated = by_quantity.pop(None, [])
    like: dict[int | None, list[int]] = defaultdict(list)
    for place in places:
        like[board.lines[place].quantity].append(place)
    is_clear = True
    for quantity, entries in by_quantity.items():
        is_clear &= _pair(board, like[quantity], entries)
    if is_clear:
        _pair(board, [place for place in places if board.is_open(place)], unstated)


def _pair(board: _Board, places: Sequence[int], failures: Sequence[_Placed]) -> bool:
    """Fail each line with one entry; return False if the counts do not show which lines failed."""
    if len(places) != 1 and len(places) != len(failures):
        return False
    for place, (at, entry) in zip(places, failures, strict=False):
        board.fail(place, at, entry)
    if places:
        board.used_failures.update(at for at, _ in failures)
    return True


def _eliminate(
    board: _Board, nameless: Sequence[int], unmatched: set[int], failures: Sequence[FailedEntry]
) -> None:
    """Settle the open lines with entries that name nothing, if there is exactly one possibility."""
    left = [(at, entry) for at, entry in enumerate(failures) if at not in board.used_failures]
    open_lines = board.open
    if (
        unmatched
        or any(entry.names_something for _, entry in left)
        or any(result.shortfall for result in board.results)
    ):
        return
    if not nameless and len(left) == len(open_lines):
        _fail(board, open_lines, left)
    elif len(nameless) == 1 == len(open_lines) and not left:
        board.succeed(open_lines[0], nameless)


def _doubt_failures(
    board: _Board, by_offer: Mapping[str, Sequence[int]], unexplained: Iterable[ReservationFacts]
) -> None:
    """Reset failed lines for which the answer may contain a hold."""
    for reservation in unexplained:
        if reservation.status == "released":
            continue
        if reservation.is_readable:
            for offer in {item.signature[0] for item in reservation.items}:
                board.doubt_failures(by_offer.get(offer, ()))
        else:
            board.doubt_failures(range(len(board.lines)))
            return


# --- orders ------------------------------------------------------------------------------------------------


def correlate_orders(
    reservations: Sequence[str],
    orders: Sequence[OrderFacts],
    failures: Sequence[FailedEntry],
    external_reference: str,
) -> Correlation:
    """Correlate the answer of a bulk order with the reservations that were sent.

    An order belongs to the reservation that it names, in any spelling of the IRI. An order that names none (reference
    8.13) is accepted only if one order and one reservation are left; an order with another reservation, or with none
    and another external reference, matches no line.

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
    contradicting: list[FailedEntry] = []
    for entry in failures:
        place = _place_of(entry, reservations, place_of)
        if place is not None:
            refused[place].append(entry)
        else:
            (contradicting if entry.names_something else silent).append(entry)
    left = [place for place in range(len(reservations)) if place not in got and place not in refused]
    if not unmatched and not contradicting:
        if len(left) == 1 == len(nameless) and not silent:
            got[left.pop()] = [nameless.pop()]
        elif not nameless and len(silent) == len(left):
            refused.update((place, [entry]) for place, entry in zip(left, silent, strict=True))
            silent = []
    contradicted = {orders[at].reservation for at in unmatched}
    # if there are more orders than open lines, one belongs to a reservation that is reported as refused
    doubted = set(refused) if len(nameless) > len(left) else set[int]()
    doubted |= {place for iri, place in place_of.items() if iri in contradicted}
    results = tuple(
        _order_result(got.get(place, []), refused.get(place, []), is_doubtful=place in doubted)
        for place in range(len(reservations))
    )
    return Correlation(results, tuple(sorted([*unmatched, *nameless])), (*contradicting, *silent))


def _orders_by_place(
    place_of: Mapping[str, int], orders: Sequence[OrderFacts], external_reference: str
) -> tuple[dict[int, list[int]], list[int], set[int]]:
    """Return the orders by their reservation, those that name none, and those that contradict the request."""
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
        if order.is_cancelled or (order.iri is None and order.reservation is None):
            unmatched.add(at)  # cancelled, or shows nothing
        elif place is not None:
            got[place].append(at)
        elif order.reservation is None and order.is_of(external_reference):
            nameless.append(at)
        else:
            unmatched.add(at)
    kept = {place: [at for at in found if at not in unmatched] for place, found in got.items()}
    return (
        {place: found for place, found in kept.items() if found},
        [at for at in nameless if at not in unmatched],
        unmatched,
    )


def _order_result(got: Sequence[int], refused: Sequence[FailedEntry], *, is_doubtful: bool) -> LineResult:
    if len(got) == 1 and not refused and not is_doubtful:
        return LineResult("succeeded", tuple(got))
    # an entry that proves an order has priority
    failure = next((entry for entry in refused if entry.says_already_ordered), next(iter(refused), None))
    if failure is not None and not got and not is_doubtful:
        return LineResult("failed", failure=failure)
    # two orders for one reservation, or an order and a refusal: the reservation must be read
    return LineResult("undetermined", tuple(got), failure)


def _place_of(entry: FailedEntry, reservations: Sequence[str], place_of: Mapping[str, int]) -> int | None:
    """Return the index of the reservation that a failed entry names; None if it names none or another."""
    named: set[str | None] = {*(place_of.keys() & entry.mentions)}
    if entry.reservation is not None:
        named.add(entry.reservation)
    if entry.index is not None:
        named.add(reservations[entry.index] if entry.index < len(reservations) else None)
    return place_of.get(named.pop() or "") if len(named) == 1 else None
