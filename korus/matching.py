"""Which entries of a bulk answer belong to which lines of the request. No I/O, and never a guess.

A bulk answer lists what succeeded and what failed in two arrays, without saying which line of the request an
entry answers (reference 4.11, 4.14). Reservations name their offer, tickets and sessions but no quantity;
what a failed entry holds is not documented at all (P14, P16). So entries are matched by what they do say, by
elimination where exactly one way is left, and where the counts do not add up a line's verdict is open: the
caller then asks the API, or reports the line as unknown.

Lines that ask for the very same thing are interchangeable: which of them is said to have succeeded does not
matter, and the order of the request decides.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, cast

from attrs import field, frozen

from korus.money import amount
from korus.wire import iri_of, objects, text, wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = [
    "Answer",
    "Signature",
    "Verdict",
    "describe_failure",
    "failed_entries",
    "match_orders",
    "match_reservations",
    "reservation_signatures",
    "signature",
]

Status = Literal["succeeded", "failed", "open"]
Signature = tuple[str, frozenset[tuple[str, str | None]]]
"""An offer with the tickets and sessions that were chosen for it."""

_DEPTH = 6
_ITEM_PATH = re.compile(r"\bitems?[.\[](\d{1,9})\b")
_RESERVATION_PATH = re.compile(r"\breservations?[.\[](\d{1,9})\b")


@frozen
class Verdict:
    """What an answer says about one line.

    Attributes:
        status: ``open`` when the answer does not tell.
        entries: The places, in the answer's array of successes, of what the line got.
        raw: The failed entry exactly as it came, None if there is none.
    """

    status: Status
    entries: tuple[int, ...] = ()
    raw: Any = None


@frozen
class Answer:
    """A bulk answer, matched.

    Attributes:
        verdicts: One for each line, in order.
        strangers: The places of successes that could not be tied to any line.
        unplaced: Failed entries that could not be tied to any line.
    """

    verdicts: tuple[Verdict, ...]
    strangers: tuple[int, ...] = ()
    unplaced: tuple[Any, ...] = ()


def signature(item: Mapping[str, Any]) -> Signature:
    """Give what an item of a reservation request asks for, apart from quantity and answers."""
    sessions = [
        (str(entry["ticket"]), cast("str | None", entry.get("session")))
        for entry in cast("Sequence[Mapping[str, Any]]", item.get("ticketSessions", ()))
    ]
    return str(item["offer"]), frozenset(sessions)


def reservation_signatures(reservation: Mapping[str, Any]) -> dict[Signature, int]:
    """Give what a reservation holds: offers with their tickets and sessions, and how many items of each."""
    return dict(Counter(piece.signature for piece in _items(reservation)))


@frozen
class _Piece:
    """The part of one reservation that holds one signature."""

    place: int
    signature: Signature
    items: int = 1
    quantity: int | None = None
    total: Decimal | None = None


@frozen
class _Failure:
    """One failed entry, with what could be read out of it."""

    raw: Any
    line: int | None = None
    offer: str | None = None
    quantity: int | None = None
    mentions: frozenset[str] = field(default=frozenset[str](), repr=False)


def match_reservations(
    items: Sequence[Mapping[str, Any]], reservations: Sequence[Any], failed: Sequence[Any]
) -> Answer:
    """Match the answer of a bulk reservation to the items that were sent.

    Args:
        items: The items of the request, in order.
        reservations: The answer's ``reservations``: models or their JSON.
        failed: The answer's ``failedReservations``, of whatever shape.
    """
    lines = [(place, signature(item)) for place, item in enumerate(items)]
    offers = {sign[0] for _, sign in lines}
    pieces, strangers = _pieces(reservations, offers)
    failures = [_failure(raw, items) for raw in failed]
    board = _Board(items)
    for entry in [entry for entry in failures if entry.line is not None]:
        if board.fail(cast("int", entry.line), entry):
            failures.remove(entry)
    for offer in dict.fromkeys(sign[0] for _, sign in lines):
        own = [piece for piece in pieces if piece.signature[0] == offer]
        mine = [entry for entry in failures if entry.offer == offer]
        _match_offer(board, [place for place, sign in lines if sign[0] == offer], own, mine)
    strangers += sorted({piece.place for piece in pieces} - board.used_places - set(strangers))
    left = [entry for entry in failures if not board.used(entry)]
    # elimination: what nobody else can be
    if len(board.open) == len(left) and not strangers:
        for place, entry in zip(tuple(board.open), left, strict=True):
            board.fail(place, entry)
        left = []
    elif len(board.open) == 1 and len(strangers) == 1 and not left and len(items) == len(reservations):
        board.succeed(board.open[0], strangers)
        strangers = []
    return Answer(board.verdicts, tuple(strangers), tuple(entry.raw for entry in left))


class _Board:
    """The verdicts while they are found."""

    def __init__(self, items: Sequence[Mapping[str, Any]]) -> None:
        self.items = items
        self.used_places: set[int] = set()
        self._verdicts: dict[int, Verdict] = {}
        self._used: list[_Failure] = []

    @property
    def open(self) -> list[int]:
        return [place for place in range(len(self.items)) if place not in self._verdicts]

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        return tuple(self._verdicts.get(place, Verdict("open")) for place in range(len(self.items)))

    def quantity(self, place: int) -> int:
        return int(self.items[place]["quantity"])

    def fail(self, place: int, entry: _Failure) -> bool:
        if place in self._verdicts or place >= len(self.items):
            return False
        self._verdicts[place] = Verdict("failed", raw=entry.raw)
        self._used.append(entry)
        return True

    def succeed(self, place: int, entries: Iterable[int]) -> None:
        found = tuple(dict.fromkeys(entries))
        self._verdicts[place] = Verdict("succeeded", found)
        self.used_places.update(found)

    def used(self, entry: _Failure) -> bool:
        return any(entry is other for other in self._used)


def _match_offer(
    board: _Board, places: Sequence[int], pieces: Sequence[_Piece], failures: Sequence[_Failure]
) -> None:
    """Match what the answer says of one offer to the lines that ask for it."""
    groups: dict[Signature, list[int]] = defaultdict(list)
    for place in places:
        if place in board.open:
            groups[signature(board.items[place])].append(place)
    held = _held_by(groups, pieces)
    if held is None:
        return
    spare = sum(max(len(group) - len(held[sign]), 0) for sign, group in groups.items())
    if pieces and len(failures) > spare:
        return  # something was held and refused at once: part of a line, perhaps
    for sign, group in groups.items():
        if held[sign] and _all_held(board, group, held[sign]):
            continue
        if held[sign] and not _fits(board, group, held[sign], failures):
            return
    undecided = [place for group in groups.values() for place in group if place in board.open]
    barren = all(not held[signature(board.items[place])] for place in undecided)
    if barren and len(failures) >= len(undecided) > 0:
        for place, entry in _pair_failures(board, undecided, failures):
            board.fail(place, entry)


def _held_by(
    groups: Mapping[Signature, Sequence[int]], pieces: Sequence[_Piece]
) -> dict[Signature, list[_Piece]] | None:
    """Say which holds are for which group of like lines; None when one could be for several."""
    held = {sign: [piece for piece in pieces if piece.signature == sign] for sign in groups}
    loose = [piece for piece in pieces if piece.signature not in groups]
    if loose:
        # sessions can be written in two ways, so a hold may look unlike what was asked for
        empty = [sign for sign in groups if not held[sign]]
        if len(empty) != 1:
            return None
        held[empty[0]] = loose
    return held


def _all_held(board: _Board, group: Sequence[int], pieces: Sequence[_Piece]) -> bool:
    """Settle a group of like lines all of which are held; False when that is not certain."""
    quantities = {place: board.quantity(place) for place in group}
    total = sum(quantities.values())
    if len(pieces) == len(group):
        for place, piece in _pair_pieces(quantities, pieces):
            board.succeed(place, [piece.place])
        return True
    if len(group) > 1 and len(pieces) == 1 and total in {pieces[0].quantity, pieces[0].items}:
        for place in group:  # one hold for all of them
            board.succeed(place, [pieces[0].place])
        return True
    if len(pieces) == total:
        remaining = iter(pieces)  # one hold for each unit
        for place, quantity in quantities.items():
            board.succeed(place, [next(remaining).place for _ in range(quantity)])
        return True
    return False


def _fits(
    board: _Board, group: Sequence[int], pieces: Sequence[_Piece], failures: Sequence[_Failure]
) -> bool:
    """Settle a group some lines of which are held and the others failed; False when that is not certain."""
    if len(pieces) + len(failures) != len(group) or not failures:
        return False
    alike = len({_everything(board.items[place]) for place in group}) == 1
    if alike:
        losers = list(group[len(pieces) :])
    else:
        wanted = Counter(entry.quantity for entry in failures)
        asked = Counter(board.quantity(place) for place in group)
        losers = [place for place in group if board.quantity(place) in wanted]
        told_apart = all(asked[quantity or 0] == count for quantity, count in wanted.items())
        if not told_apart or len(losers) != len(failures):
            return False
    for place, entry in _pair_failures(board, losers, failures):
        board.fail(place, entry)
    return _all_held(board, [place for place in group if place not in losers], pieces)


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


def _pair_failures(
    board: _Board, places: Sequence[int], failures: Sequence[_Failure]
) -> Iterator[tuple[int, _Failure]]:
    """Pair lines that all failed with as many entries: by session, by quantity, else in order."""
    left = list(failures)
    for place in places:
        named = {session for _, session in signature(board.items[place])[1] if session}

        def worth(entry: _Failure, place: int = place, named: set[str] = named) -> tuple[int, bool]:
            return len(named & entry.mentions), entry.quantity == board.quantity(place)

        best = max(left, key=worth)
        left.remove(best)
        yield place, best


def _everything(item: Mapping[str, Any]) -> str:
    return repr([item["quantity"], item["ticketSessions"]])


def _pieces(reservations: Sequence[Any], offers: set[str]) -> tuple[list[_Piece], list[int]]:
    """Take reservations apart by what they hold; those that hold nothing that was asked for are strangers."""
    pieces: list[_Piece] = []
    strangers: list[int] = []
    for place, reservation in enumerate(reservations):
        found: dict[Signature, _Piece] = {}
        for item in _items(wire(reservation) or {}):
            before = found.get(item.signature)
            found[item.signature] = _Piece(
                place=place,
                signature=item.signature,
                items=1 if before is None else before.items + 1,
                quantity=item.quantity if before is None else _sum(before.quantity, item.quantity),
                total=item.total if before is None else _sum(before.total, item.total),
            )
        if found and all(sign[0] in offers for sign in found):
            pieces += found.values()
        else:
            strangers.append(place)
    return pieces, strangers


def _sum(one: Any, other: Any) -> Any:
    return None if one is None or other is None else one + other


def _items(reservation: Mapping[str, Any]) -> Iterator[_Piece]:
    for entry in objects(reservation, "items"):
        item = wire(entry)
        offer = None if item is None else iri_of(item.get("offer"))
        if item is None or offer is None:
            continue
        sessions: set[tuple[str, str | None]] = set()
        for ticket in objects(item, "offerTickets"):
            source = wire(ticket) or {}
            named = iri_of(source.get("ticket")) or iri_of(source)
            if named is not None:
                sessions.add((named, iri_of(source.get("session"))))
        yield _Piece(
            place=-1,
            signature=(offer, frozenset(sessions)),
            quantity=_whole(item.get("quantity")),
            total=amount(item.get("amountInclTax")),
        )


# ---------------------------------------------------------------------- failed entries


def failed_entries(value: object) -> tuple[Any, ...]:
    """Give the entries of a ``failed…`` array, whatever the API put there instead of one."""
    if value is None:
        return ()
    return tuple(cast("Sequence[Any]", value)) if isinstance(value, (list, tuple)) else (value,)


def describe_failure(raw: object) -> tuple[str, str | None]:
    """Give the reason and the code of a failed entry, as far as it has any that can be read."""
    source = wire(raw)
    if source is None:
        return (raw if isinstance(raw, str) and raw else f"no reason given: {raw!r}"), None
    code = source.get("code")
    found = text(source, "code") or (str(code) if isinstance(code, int) else None)
    for key in ("message", "detail", "description", "reason", "error", "title"):
        reason = source.get(key)
        if isinstance(reason, str) and reason:
            return reason, found
        nested = wire(reason)
        if nested is not None:
            return describe_failure({"code": code, **nested})
    return found or "the API gave no reason", found


def _failure(raw: Any, items: Sequence[Mapping[str, Any]]) -> _Failure:
    source = wire(raw) or {}
    mentions = frozenset(_texts(raw))
    offers = [str(item["offer"]) for item in items]
    named = iri_of(source.get("offer"))
    if named not in offers:
        # a ticket's or a session's IRI begins with its offer's
        within = {
            offer for offer in offers for found in mentions if found == offer or found.startswith(f"{offer}/")
        }
        named = within.pop() if len(within) == 1 else None
    return _Failure(
        raw=raw,
        line=_path(source, _ITEM_PATH, len(items)),
        offer=named,
        quantity=_whole(source.get("quantity")),
        mentions=mentions,
    )


def _path(source: Mapping[str, Any], shape: re.Pattern[str], count: int) -> int | None:
    for key in ("propertyPath", "path"):
        match = shape.search(text(source, key) or "")
        if match and int(match[1]) < count:
            return int(match[1])
    return None


def _texts(value: object, depth: int = _DEPTH) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth > 0:
        source = wire(value)
        members: Iterable[object] = source.values() if source is not None else ()
        if isinstance(value, (list, tuple)):
            members = cast("Iterable[object]", value)
        for member in members:
            yield from _texts(member, depth - 1)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


# ---------------------------------------------------------------------- orders


def match_orders(reservations: Sequence[str], orders: Sequence[Any], failed: Sequence[Any]) -> Answer:
    """Match the answer of a bulk order to the reservations that were sent.

    An order need not name its reservation (reference 8.13); a verdict is then open, unless one way is left.

    Args:
        reservations: The IRIs of the request, in order.
        orders: The answer's ``orders``: models or their JSON.
        failed: The answer's ``failedOrders``, of whatever shape.
    """
    got: dict[int, list[int]] = defaultdict(list)
    strangers: list[int] = []
    for at, order in enumerate(orders):
        named = iri_of((wire(order) or {}).get("reservation"))
        if named in reservations:
            got[reservations.index(cast("str", named))].append(at)
        else:
            strangers.append(at)
    refused: dict[int, list[Any]] = defaultdict(list)
    unplaced: list[Any] = []
    for raw in failed:
        place = _ordered(raw, reservations)
        if place is None:
            unplaced.append(raw)
        else:
            refused[place].append(raw)
    undecided = [place for place in range(len(reservations)) if place not in got and place not in refused]
    if len(undecided) == 1 and len(strangers) + len(unplaced) == 1:
        if strangers:
            got[undecided[0]] = [strangers.pop()]
        else:
            refused[undecided[0]] = [unplaced.pop()]
    elif not strangers and undecided and len(unplaced) == len(undecided):
        for place in undecided:
            refused[place] = [unplaced.pop(0)]
    verdicts = tuple(
        _order_verdict(got.get(place, []), refused.get(place, [])) for place in range(len(reservations))
    )
    return Answer(verdicts, tuple(strangers), tuple(unplaced))


def _order_verdict(got: Sequence[int], refused: Sequence[Any]) -> Verdict:
    if len(got) == 1 and not refused:
        return Verdict("succeeded", tuple(got))
    if refused and not got:
        return Verdict("failed", raw=refused[0])
    # two orders for one reservation, or an order and a refusal: the reservation itself has to be asked
    return Verdict("open", tuple(got), refused[0] if refused else None)


def _ordered(raw: Any, reservations: Sequence[str]) -> int | None:
    source = wire(raw) or {}
    named = iri_of(source.get("reservation"))
    if named in reservations:
        return reservations.index(cast("str", named))
    mentioned = {found for found in _texts(raw) if found in reservations}
    if len(mentioned) == 1:
        return reservations.index(mentioned.pop())
    return _path(source, _RESERVATION_PATH, len(reservations))
