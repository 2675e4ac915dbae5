"""Typed facts of reservations, orders and failed entries, parsed once from the API's answers.

All booking decisions use these, never raw JSON. A field that is absent, null or malformed is None; reading never
raises. The raw entry is kept with its facts. No I/O.
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
# other ways to name a place, which have not been seen; it is not known whether they count from 0 or 1
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
    """Item of a reservation.

    Attributes:
        signature: Its offer, tickets and sessions.
        quantity: Its quantity, None if not shown (the API shows none, reference 4.10).
        amount: Its price, taxes included.
    """

    signature: Signature
    quantity: int | None = None
    amount: Decimal | None = None


@frozen
class ReservationFacts:
    """Reservation.

    Attributes:
        iri: Its IRI, None if not shown.
        created_at: Its time of creation, aware.
        expires_at: The time at which it ends, aware.
        expired: The API's ``expired`` flag; None if not shown.
        status: ``reserved`` or ``released``, or a value of a later API.
        order: The IRI of its order, None if it has none or does not show it.
        items: Its readable items.
        is_readable: False if an item's offer could not be read, or no items were shown.
        total: Its price, taxes included.
        raw: The entry as received.
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
        """Number of units: the sum of the quantities, else the number of items of one kind; None if not shown."""
        if self.stated_units is None and len(self.items) > 1:
            return len(self.items)
        return self.stated_units

    @property
    def stated_units(self) -> int | None:
        """Sum of its items' quantities; None unless all of them show one."""
        quantities = [item.quantity for item in self.items]
        return None if not quantities or None in quantities else sum(cast("list[int]", quantities))

    @property
    def tickets(self) -> int | None:
        """Minimum number of tickets of its order; None if not shown."""
        if not self.is_readable or any(not item.signature[1] for item in self.items):
            return None
        counts = [len(item.signature[1]) * (item.quantity or 1) for item in self.items]
        return sum(counts)

    @property
    def is_free(self) -> bool:
        """True if nothing shows that it cannot be ordered."""
        return self.status in {None, "reserved"} and self.expired is not True and self.order is None

    def ended(self, now: datetime) -> str | None:
        """Return why it can no longer be ordered; None if nothing shows that."""
        if self.status == "released":
            return "it was released"
        # the API's flag has priority over the local clock
        over = self.expires_at is not None and now >= self.expires_at
        if self.expired is True or (self.expired is None and over):
            return "it has ended" if self.expires_at is None else f"it ended at {self.expires_at.isoformat()}"
        return None


@frozen
class OrderFacts:
    """Order.

    Attributes:
        iri: Its IRI, None if not shown.
        reservation: The IRI of its reservation, None if not shown (reference 8.13).
        external_reference: The caller's own reference, None if not shown.
        created_at: Its time of creation, aware.
        is_cancelled: True if its status is cancelled.
        quantity: The number of units of its items, None if not shown.
        tickets: The number of tickets of its items, None if not shown.
        total: Its price, taxes included.
        raw: The entry as received.
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
        """Return True unless it shows another external reference.

        An API may trim references or change their case, so these differences are ignored.
        """
        shown = self.external_reference
        return shown is None or is_similar(shown, external_reference)

    def shortfall(self, reservation: ReservationFacts | None) -> str | None:
        """Return the difference from its reservation, in the fields that both show; None without one."""
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
            # a unit can have more tickets than its hold shows
            if here < there or (what == "units" and here > there == reservation.stated_units):
                return f"it has {here} of {there} {what}"
        # an amount proves less than a count, since a price may have been reduced
        if not counts and self.total is not None and reservation.total is not None:
            return "it costs less than its hold" if self.total < reservation.total else None
        return None


@frozen
class _Mention:
    """Resources and places that a text in a failed entry names."""

    text: str
    place: int | None = None
    offer: str | None = None
    is_reservation: bool = False
    is_session: bool = False
    names_something: bool = False


@frozen
class FailedEntry:
    """Entry of ``failedReservations`` or ``failedOrders``, whose shape is not documented (P14, P16).

    Attributes:
        raw: The entry as received.
        index: The index in the request that its property paths name; None if they name several.
        offer: The offer that it names, directly or by a ticket or session.
        reservation: The reservation that it names.
        quantity: The quantity that it names.
        mentions: All texts in it.
        sessions: The sessions among them.
        names_something: True if it names a place or a resource, even one that was not requested.
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
        """Read a failed entry of any shape."""
        return cls._read(raw, {})

    @classmethod
    def read_all(cls, value: object) -> tuple[FailedEntry, ...]:
        """Read a ``failed…`` array, or any other value in its place."""
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
        """The API's message."""
        return describe_failure(self.raw)[0]

    @property
    def code(self) -> str | None:
        """The API's code, if it sent one."""
        return describe_failure(self.raw)[1]

    @property
    def says_already_ordered(self) -> bool:
        """True if the reason is that an order exists, which proves it."""
        return any(map(says_already_ordered, (self.reason, self.code or "", *self.mentions)))

    @property
    def excludes_no_order(self) -> bool:
        """True if the request may have created an order nevertheless.

        It has no reason, or the reason is that the issuer's system did not answer in time.
        """
        words, code = describe_failure(self.raw)
        is_reason = bool(words.strip()) and words != _NO_REASON and not _RESOURCE.fullmatch(words)
        return not is_reason or any(map(says_timed_out, (words, code or "")))


@frozen
class HoldAnswer:
    """Answer to a bulk reservation."""

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
    """Answer to a bulk order."""

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
        members: The facts of its members.
        total: The number of members of the whole list, None if not shown.
    """

    members: tuple[Any, ...]
    total: int | None = None


def _lists(document: Mapping[str, Any], made: str, failed: str) -> bool:
    return isinstance(document.get(made), list) or failed in document


def is_newest_first(listed: Sequence[ReservationFacts | OrderFacts]) -> bool:
    """Return True unless the members' times contradict the order newest first."""
    made = [facts.created_at for facts in listed if facts.created_at is not None]
    return all(one >= other for one, other in pairwise(made))


def is_similar(one: str, other: str) -> bool:
    """Return True if two references differ at most in outer or repeated whitespace, case and Unicode form."""
    return folded(one) == folded(other)


@lru_cache(maxsize=4096)  # a bulk call compares the same few IRIs many times
def relative(iri: str) -> str:
    """Return an IRI in normal form, which is the same for all spellings of one resource.

    The origin, the prefix that an API behind a proxy may add, and trailing slashes are removed; escapes of unreserved
    characters are decoded, and UUIDs written in lower case (RFC 3986, 6.2.2; RFC 9562, 4).
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
    found = iri_as_sent(value)
    return None if found is None else relative(found)


def folded(reference: str) -> str:
    """Return a reference in normal form: the differences that `is_similar` ignores."""
    return " ".join(unicodedata.normalize("NFKC", reference).casefold().split())


def describe_failure(raw: object) -> tuple[str, str | None]:
    """Return the reason and the code of a failed entry, if they are present and readable."""
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
    if source is None:  # a bare IRI, or an unreadable value
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
    """Return True if an entry names a place in the request in an unknown way."""
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
