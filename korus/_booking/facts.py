"""Typed facts of what the API says about reservations, orders and failed entries, read once at the edge.

All decisions of a booking read these, never raw JSON. A field that is absent, null or of an odd shape is None; reading
never raises, whatever the API sent. The raw entry is kept beside its facts. No I/O.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, cast

from attrs import field, frozen

from korus._core.raw_json import iri_of as iri_as_sent
from korus._core.raw_json import json_object, objects, text, whole
from korus._core.values import moment
from korus._http.ambiguity import says_already_ordered, says_timed_out
from korus.money import amount

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

__all__ = [
    "FailedEntry",
    "HeldItem",
    "HoldAnswer",
    "OrderAnswer",
    "OrderFacts",
    "Page",
    "ReservationFacts",
    "Signature",
    "describe_failure",
    "folded",
    "iri_of",
    "is_newest_first",
    "is_similar",
    "relative",
]

Signature = tuple[str, frozenset[tuple[str, str | None]]]
"""An offer with the tickets and sessions that were chosen for it."""

_DEPTH: Final = 6
# a place in the request: items[1].quantity, data.items.1, /items/1/offer
_INDEX: Final = re.compile(
    r"(?:[\w.\[]*\b(?:item|reservation)s?\]?[.\[]|/(?:items|reservations)/)(\d{1,9})\b.*", re.DOTALL
)
_NO_REASON: Final = "the API gave no reason"
_REASON_KEYS: Final = ("message", "detail", "description", "reason", "error", "title")
_PATH_KEYS: Final = ("propertyPath", "path")
# ways to name a place that are not known to be used, so what they count from is not known either
_PLACE_KEYS: Final = ("index", "position", "line", "place", "row", "item", "itemIndex")
_OFFER_PREFIX: Final = re.compile(r"(.*/offers/[^/]+)(?:/.*)?")
_UUID: Final = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_RESOURCE: Final = re.compile(
    rf".*/(?:offers|reservations|orders|tickets|sessions|events)/[^/].*|{_UUID.pattern}",
    re.IGNORECASE | re.DOTALL,
)
_ESCAPE: Final = re.compile("%([0-9a-f]{2})", re.IGNORECASE)
_UNRESERVED: Final = re.compile("[A-Za-z0-9._~-]")
_RESERVATION: Final = re.compile(r".*/reservations/[^/]+")


@frozen
class HeldItem:
    """One item of a reservation.

    Attributes:
        signature: What it holds, apart from how many.
        quantity: How many, None when not shown (the API shows none, reference 4.10).
        amount: What it costs, taxes included.
    """

    signature: Signature
    quantity: int | None = None
    amount: Decimal | None = None


@frozen
class ReservationFacts:
    """A reservation.

    Attributes:
        iri: Its IRI, None when not shown.
        created_at: When it was made, aware.
        expires_at: When it ends, aware.
        expired: What the API says; None when it does not.
        status: ``reserved`` or ``released``, or what a later API says.
        order: The IRI of its order, None when it has none or does not show it.
        items: What it holds, as far as that can be read.
        is_readable: False if an item's offer could not be read, or no items were shown.
        total: What it costs, taxes included.
        raw: The entry as it came.
    """

    iri: str | None
    created_at: datetime | None = None
    expires_at: datetime | None = None
    expired: bool | None = None
    status: str | None = None
    order: str | None = None
    items: tuple[HeldItem, ...] = ()
    is_readable: bool = False
    total: Decimal | None = None
    raw: Any = field(default=None, repr=False, eq=False)

    @classmethod
    def read(cls, entry: object) -> ReservationFacts:
        """Read a reservation: a model, its JSON, or a bare IRI."""
        source = json_object(entry)
        if source is None:
            return cls(iri=iri_of(entry), raw=entry)
        entries = objects(source, "items")
        items = tuple(found for found in map(_item, entries) if found is not None)
        expired = source.get("expired")
        return cls(
            iri=iri_of(source),
            created_at=moment(source.get("createdAt")),
            expires_at=moment(source.get("expiresAt")),
            expired=expired if isinstance(expired, bool) else None,
            status=text(source, "status"),
            order=iri_of(source.get("order")),
            items=items,
            is_readable=bool(items) and len(items) == len(entries),
            total=amount(source.get("totalAmountInclTax")),
            raw=entry,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return its JSON; of a bare IRI an object that has nothing else."""
        return _as_object(self.raw, self.iri)

    @property
    def units(self) -> int | None:
        """How many units it holds, as far as it shows: stated quantities, else several items of one kind."""
        if self.stated_units is None and len(self.items) > 1:
            return len(self.items)
        return self.stated_units

    @property
    def stated_units(self) -> int | None:
        """How many units its items say to have; None unless all of them do."""
        quantities = [item.quantity for item in self.items]
        return None if not quantities or None in quantities else sum(cast("list[int]", quantities))

    @property
    def tickets(self) -> int | None:
        """How many tickets its order will have at least, as far as it shows; None when it does not."""
        if not self.is_readable or any(not item.signature[1] for item in self.items):
            return None
        counts = [len(item.signature[1]) * (item.quantity or 1) for item in self.items]
        return sum(counts)

    @property
    def is_free(self) -> bool:
        """True if it can be ordered, as far as it shows."""
        return self.status in {None, "reserved"} and self.expired is not True and self.order is None

    def ended(self, now: datetime) -> str | None:
        """Return why it cannot be ordered any more; None when it can, as far as it shows."""
        if self.status == "released":
            return "it was released"
        # the API's word counts more than this machine's clock
        over = self.expires_at is not None and now >= self.expires_at
        if self.expired is True or (self.expired is None and over):
            return "it has ended" if self.expires_at is None else f"it ended at {self.expires_at.isoformat()}"
        return None


@frozen
class OrderFacts:
    """An order.

    Attributes:
        iri: Its IRI, None when not shown.
        reservation: The IRI of the reservation that it was made from, None when not shown (reference 8.13).
        external_reference: The caller's own reference, None when not shown.
        created_at: When it was made, aware.
        is_cancelled: True if its status says so.
        quantity: How many units its items have, None when not shown.
        tickets: How many tickets its items have, None when not shown.
        total: What it costs, taxes included.
        raw: The entry as it came.
    """

    iri: str | None
    reservation: str | None = None
    external_reference: str | None = None
    created_at: datetime | None = None
    is_cancelled: bool = False
    quantity: int | None = None
    tickets: int | None = None
    total: Decimal | None = None
    raw: Any = field(default=None, repr=False, eq=False)

    @classmethod
    def read(cls, entry: object) -> OrderFacts:
        """Read an order: a model, its JSON, or a bare IRI."""
        source = json_object(entry)
        if source is None:
            return cls(iri=iri_of(entry), raw=entry)
        items = [found for found in map(json_object, objects(source, "items")) if found is not None]
        quantities = [whole(item.get("quantity")) for item in items]
        tickets = [objects(item, "tickets") for item in items if isinstance(item.get("tickets"), list)]
        return cls(
            iri=iri_of(source),
            reservation=iri_of(source.get("reservation")),
            external_reference=text(source, "externalReference"),
            created_at=moment(source.get("createdAt")),
            is_cancelled=text(source, "status") == "cancelled",
            quantity=None if not items or None in quantities else sum(cast("list[int]", quantities)),
            tickets=sum(map(len, tickets)) if items and len(tickets) == len(items) else None,
            total=amount(source.get("totalAmountInclTax")),
            raw=entry,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return its JSON; of a bare IRI an object that has nothing else."""
        return _as_object(self.raw, self.iri)

    def is_of(self, external_reference: str) -> bool:
        """Return True unless it shows the reference of something else.

        An API may trim references or fold their case; one that differs in nothing else is the same.
        """
        shown = self.external_reference
        return shown is None or is_similar(shown, external_reference)

    def shortfall(self, reservation: ReservationFacts | None) -> str | None:
        """Return in what it differs from its reservation, as far as both show; None when it does not."""
        if reservation is None:
            return None
        counts = [
            (what, here, there)
            for what, here, there in (
                ("units", self.quantity, reservation.units),
                ("tickets", self.tickets, reservation.tickets),
            )
            if here is not None and there is not None
        ]
        for what, here, there in counts:
            # of tickets a unit may have more than its hold shows
            if here < there or (what == "units" and here > there == reservation.stated_units):
                return f"it has {here} of {there} {what}"
        # an amount says less than a count: a price may have been reduced
        if not counts and self.total is not None and reservation.total is not None:
            return "it costs less than its hold" if self.total < reservation.total else None
        return None


@frozen
class _Mention:
    """What a text in a failed entry names."""

    text: str
    place: int | None = None
    offer: str | None = None
    is_reservation: bool = False
    is_session: bool = False
    names_something: bool = False


@frozen
class FailedEntry:
    """One entry of ``failedReservations`` or ``failedOrders``, whose shape is not documented (P14, P16).

    Attributes:
        raw: The entry exactly as it came.
        index: The place in the request that the property paths in it name; None when they name several.
        offer: The offer that it names, by itself or by one of its tickets and sessions.
        reservation: The reservation that it names.
        quantity: The quantity that it names.
        mentions: All texts in it.
        sessions: The sessions among them.
        names_something: True if it names a place or a resource, whether or not that was asked for.
    """

    raw: Any = field(repr=False)
    index: int | None = None
    offer: str | None = None
    reservation: str | None = None
    quantity: int | None = None
    mentions: frozenset[str] = field(default=frozenset[str](), repr=False)
    sessions: frozenset[str] = frozenset()
    names_something: bool = False

    @classmethod
    def read(cls, raw: object) -> FailedEntry:
        """Read a failed entry of whatever shape."""
        return cls._read(raw, {})

    @classmethod
    def read_all(cls, value: object) -> tuple[FailedEntry, ...]:
        """Read a ``failed…`` array, or whatever the API put there instead of one."""
        if value is None:
            return ()
        entries = cast("Sequence[object]", value) if isinstance(value, list | tuple) else (value,)
        known: dict[str, _Mention] = {}
        return tuple(cls._read(entry, known) for entry in entries)

    @classmethod
    def _read(cls, raw: object, known: dict[str, _Mention]) -> FailedEntry:
        source = json_object(raw) or {}
        mentions = [
            known.get(found) or known.setdefault(found, _mention(found)) for found in set(_texts(raw))
        ]
        places = {found.place for found in mentions if found.place is not None}
        offers = {found.offer for found in mentions if found.offer is not None}
        reservations = {found.text for found in mentions if found.is_reservation}
        offer = iri_of(source.get("offer"))
        reservation = iri_of(source.get("reservation"))
        if offer is not None:
            offers.add(offer)
        return cls(
            raw=raw,
            index=places.pop() if len(places) == 1 else None,
            offer=offers.pop() if len(offers) == 1 else None,
            reservation=reservation or (reservations.pop() if len(reservations) == 1 else None),
            quantity=whole(source.get("quantity")),
            mentions=frozenset(found.text for found in mentions),
            sessions=frozenset(found.text for found in mentions if found.is_session),
            names_something=(offer or reservation) is not None
            or _names_place(source)
            or any(found.names_something for found in mentions),
        )

    @property
    def reason(self) -> str:
        """The API's words."""
        return describe_failure(self.raw)[0]

    @property
    def code(self) -> str | None:
        """The API's code, if it sent one."""
        return describe_failure(self.raw)[1]

    @property
    def says_already_ordered(self) -> bool:
        """True if it refuses because an order exists, which proves that one does."""
        return any(map(says_already_ordered, (self.reason, self.code or "", *self.mentions)))

    @property
    def excludes_no_order(self) -> bool:
        """True if the request may have led to an order all the same.

        It gives no reason, or says that the issuer's system did not answer in time.
        """
        words, code = describe_failure(self.raw)
        is_reason = bool(words.strip()) and words != _NO_REASON and not _RESOURCE.fullmatch(words)
        return not is_reason or any(map(says_timed_out, (words, code or "")))


@frozen
class HoldAnswer:
    """The answer to a bulk reservation."""

    reservations: tuple[ReservationFacts, ...]
    failures: tuple[FailedEntry, ...] = ()

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> HoldAnswer | None:
        """Read the answer; None if it lists neither reservations nor failures."""
        if not _lists(document, "reservations", "failedReservations"):
            return None
        return cls(
            tuple(map(ReservationFacts.read, objects(document, "reservations"))),
            FailedEntry.read_all(document.get("failedReservations")),
        )


@frozen
class OrderAnswer:
    """The answer to a bulk order."""

    orders: tuple[OrderFacts, ...]
    failures: tuple[FailedEntry, ...] = ()

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> OrderAnswer | None:
        """Read the answer; None if it lists neither orders nor failures."""
        if not _lists(document, "orders", "failedOrders"):
            return None
        return cls(
            tuple(map(OrderFacts.read, objects(document, "orders"))),
            FailedEntry.read_all(document.get("failedOrders")),
        )


@frozen
class Page:
    """One page of a list.

    Attributes:
        members: Its members, read.
        total: How many members the whole list has, None when not shown.
    """

    members: tuple[Any, ...]
    total: int | None = None


def _lists(document: Mapping[str, Any], made: str, failed: str) -> bool:
    return isinstance(document.get(made), list) or failed in document


def is_newest_first(listed: Sequence[ReservationFacts | OrderFacts]) -> bool:
    """Return True unless a list shows that it is not sorted by creation, newest first."""
    made = [facts.created_at for facts in listed if facts.created_at is not None]
    return all(one >= other for one, other in pairwise(made))


def is_similar(one: str, other: str) -> bool:
    """Return True if two references differ at most in outer or repeated white space, case and Unicode form."""
    return folded(one) == folded(other)


@lru_cache(maxsize=4096)  # a bulk call compares the same few IRIs again and again
def relative(iri: str) -> str:
    """Return an IRI as it is compared: all spellings of one resource become the same.

    Left out are the origin and the prefix that an API behind a proxy may put before it, and slashes at its end; escapes
    of plain characters are undone, and UUIDs written in lower case (RFC 3986, 6.2.2; RFC 9562, 4).
    """
    if "://" not in iri and not iri.startswith("/"):
        return iri
    start = iri.find("/v1/")
    found = (iri[start:] if start > 0 else iri).rstrip("/")
    if "%" in found:
        found = _ESCAPE.sub(_unescaped, found)
    return found if found.islower() else _UUID.sub(lambda match: match[0].lower(), found)


def _unescaped(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if _UNRESERVED.fullmatch(character) else escape[0]


def iri_of(value: object) -> str | None:
    """Return the relative IRI of a model, a JSON object or an IRI; None for blank nodes (reference 1.5)."""
    if value is None:  # a bulk call asks this six times for each of its lines
        return None
    found = iri_as_sent(value)
    return None if found is None else relative(found)


def folded(reference: str) -> str:
    """Return a reference without what an API may change in it: outer or repeated white space, case, Unicode form."""
    return " ".join(unicodedata.normalize("NFKC", reference).casefold().split())


def describe_failure(raw: object) -> tuple[str, str | None]:
    """Return the reason and the code of a failed entry, as far as it has any that can be read."""
    if isinstance(raw, str) and raw:
        return raw, None
    code: str | None = None
    source = json_object(raw)
    for _ in range(_DEPTH):
        if source is None:
            break
        code = _code(source) or code
        known = [reason for key in _REASON_KEYS if (reason := source.get(key))]
        reason = next(
            (found for found in known if isinstance(found, str) or json_object(found) is not None), None
        )
        if isinstance(reason, str):
            return reason, code
        source = json_object(reason)
    return code or _NO_REASON, code


def _as_object(raw: object, iri: str | None) -> dict[str, Any]:
    source = json_object(raw)
    if source is None:  # a bare IRI, or nothing that can be read
        return {} if iri is None else {"@id": iri}
    return dict(source)


def _code(source: Mapping[str, Any]) -> str | None:
    code = source.get("code")
    is_number = isinstance(code, int) and not isinstance(code, bool)
    return str(code) if is_number else text(source, "code")


def _item(entry: object) -> HeldItem | None:
    source = json_object(entry)
    offer = None if source is None else iri_of(source.get("offer"))
    if source is None or offer is None:
        return None
    sessions: set[tuple[str, str | None]] = set()
    for ticket in objects(source, "offerTickets"):
        shown = json_object(ticket) or {}
        named = iri_of(shown.get("ticket")) or iri_of(shown)
        if named is not None:
            sessions.add((named, iri_of(shown.get("session"))))
    return HeldItem(
        (offer, frozenset(sessions)), whole(source.get("quantity")), amount(source.get("amountInclTax"))
    )


def _mention(found: str) -> _Mention:
    iri = relative(found)
    place = _INDEX.fullmatch(iri)
    offer = _OFFER_PREFIX.fullmatch(iri)
    return _Mention(
        iri,
        place=None if place is None else int(place[1]),
        offer=None if offer is None else offer[1],
        is_reservation=_RESERVATION.fullmatch(iri) is not None,
        is_session="/sessions/" in iri,
        names_something=place is not None or _RESOURCE.fullmatch(iri) is not None,
    )


def _names_place(source: Mapping[str, Any]) -> bool:
    """Return True if an entry names a place in the request in a way that is not understood."""
    paths = (text(source, key) or "" for key in _PATH_KEYS)
    return any(whole(source.get(key)) is not None for key in _PLACE_KEYS) or any(
        character.isdigit() for path in paths for character in path
    )


def _texts(value: object, depth: int = _DEPTH) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth > 0:
        source = json_object(value)
        if source is not None:
            members: Sequence[object] = list(source.values())
        else:
            members = cast("Sequence[object]", value) if isinstance(value, list | tuple) else ()
        for member in members:
            yield from _texts(member, depth - 1)
