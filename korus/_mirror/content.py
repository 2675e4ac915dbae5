"""Comparable content of the API's lists: digests, differences, typed columns. No I/O.

A digest is built from the canonical JSON without contexts and addresses of blank nodes, which differ between answers
(reference 1.5). No content makes reading fail: a value that does not fit its column is None there, and is kept in the
body.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import blake2b, sha256
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast
from urllib.parse import unquote, urlencode
from zoneinfo import ZoneInfo

from attrs import field, frozen

from korus._core.raw_json import iri_of, objects, text
from korus.money import amount

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = [
    "KINDS",
    "PERIOD_FIELDS",
    "Entry",
    "KindName",
    "canonical",
    "columns_of",
    "digest_as_written",
    "digest_of",
    "entry",
    "fields_changed",
    "fits",
    "iri_for",
    "minor_units",
    "option_code",
    "page_as_read",
    "read_member",
    "read_members",
    "start_of",
    "synced_at",
    "ticket_rows",
    "written",
]

KindName: TypeAlias = Literal[
    "catalog", "product_base", "option", "option_value", "product", "offer", "session"
]
KINDS: Final[tuple[KindName, ...]] = (
    "catalog",
    "product_base",
    "option",
    "option_value",
    "product",
    "offer",
    "session",
)
"""The kinds of objects in a mirror, parents first."""

PERIOD_FIELDS: Final = frozenset({"price", "availableQuantity"})
"""The fields of an offer that have a history."""

_BLANK: Final = re.compile(r'"@id":"/\.well-known/genid/[^"]*",?')
_BLANK_BYTES: Final = re.compile(rb'"@id": ?"\\?/\.well-known\\?/genid\\?/[^"]*"')
_COLLECTIONS: Final[Mapping[str, KindName]] = {
    "catalogs": "catalog",
    "product_bases": "product_base",
    "options": "option",
    "values": "option_value",
    "products": "product",
    "offers": "offer",
    "sessions": "session",
}
"""The kind of object by the last segment but one of its IRI."""
_EXPONENTS: Final = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF",
         "XPF"),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}  # fmt: skip
_LARGEST: Final = 2**63 - 1
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_LONGEST_KEY: Final = 2000  # PostgreSQL indexes no more than some 2,700 bytes

_encode = json.JSONEncoder(
    ensure_ascii=True, separators=(",", ":"), sort_keys=True, check_circular=False
).encode


@frozen
class Entry:
    """Entry of a list of the API.

    Attributes:
        iri: Its relative IRI.
        parent: The IRI that it was listed under: a catalogue, a base, an option, an offer ticket.
        body: The JSON object.
        digest: The digest of its content.
    """

    iri: str
    parent: str
    body: Mapping[str, Any] = field(repr=False)
    digest: str


def entry(iri: str, parent: str, body: Mapping[str, Any]) -> Entry:
    """Build the entry of a JSON object."""
    return Entry(iri, parent, body, digest_of(body, parent))


def read_member(kind: KindName, member: object, parent: str) -> Entry | None:
    """Read a member of a list; None if it is not an object, or has no IRI or id that can be stored."""
    iri = iri_for(kind, member, parent)
    if iri is None or not isinstance(member, Mapping):
        return None
    return entry(iri, parent, cast("Mapping[str, Any]", member))


def read_members(
    kind: KindName, members: Iterable[object], parent: str, disturb: Callable[[str], object]
) -> Iterator[Entry]:
    """Read the members of a list; one that cannot be stored is reported to `disturb` and left out."""
    for member in members:
        found = read_member(kind, member, parent)
        if found is None:
            disturb(f"one of the {kind.replace('_', ' ')}s has no IRI or id that can be stored")
        else:
            yield found


def fits(body: Mapping[str, Any], product: str, day: date | None) -> bool:
    """Return True unless an offer has another product or day than requested."""
    own = iri_of(body.get("product"))
    return (own is None or own == product) and (day is None or text(body, "date") == day.isoformat())


def page_as_read(members: list[Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Build a page of a collection from its record.

    Args:
        members: Its members.
        said: Its envelope: ``total``, the query of the ``next`` page, and whether there were links (``linked``).
    """
    view: dict[str, str] = {}
    if said["next"] is not None:
        view["next"] = f"?{urlencode([tuple(pair) for pair in said['next']])}"
    elif said["linked"]:
        view["first"] = "?"
    return {"@type": "Collection", "member": members, "totalItems": said["total"], "view": view}


def option_code(option: Entry) -> str:
    """Return the code with which the values of an option are requested."""
    return text(option.body, "code") or unquote(option.iri.rpartition("/")[2])


def synced_at(catalog: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return a catalogue's IRI and the time of its last import."""
    return iri_for("catalog", catalog, ""), _text(text(catalog, "lastSyncedAt"))


def canonical(value: object) -> str:
    """Write JSON so that equal content is equal text, without the addresses of blank nodes."""
    return _BLANK.sub("", _encode(value))


def digest_of(body: Mapping[str, Any], parent: str) -> str:
    """Return the digest of an object's content and parent."""
    if "@context" in body:
        body = {key: value for key, value in body.items() if key != "@context"}
    return blake2b(f"{canonical(body)}\n{parent}".encode(), digest_size=16).hexdigest()


def digest_as_written(content: bytes) -> str:
    """Return the digest of the text of a page or a member, without the addresses of blank nodes.

    These differ in each answer; the rest of the text nearly always stays the same if the content does.
    """
    # SHA-256 has instructions of its own; it is cut to the length of the other digests
    return sha256(_BLANK_BYTES.sub(b"", content)).hexdigest()[:32]


def fields_changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys whose values differ."""
    keys = sorted((before.keys() | after.keys()) - {"@context"})
    return tuple(
        key for key in keys if key not in before or key not in after or _differ(before[key], after[key])
    )


def _differ(before: object, after: object) -> bool:
    if type(before) is type(after) and isinstance(
        before, (str, int)
    ):  # most are, and need not be written for it
        return before != after
    return canonical(before) != canonical(after)


def written(body: Mapping[str, Any]) -> str:
    """Write a body for a text column: ASCII, so that every database can hold it."""
    return json.dumps(body, ensure_ascii=True, separators=(",", ":"))


def iri_for(kind: KindName, member: object, parent: str) -> str | None:
    """Return the IRI of a member of a list, or one built from its id; None if it has neither.

    An IRI that a database cannot store counts as missing, and so does one of another kind, whose row it would replace.
    """
    iri = iri_of(member)
    if iri is None:
        return _key(_built_iri(kind, member, parent))
    collection = iri.rpartition("/")[0].rpartition("/")[2]
    return None if _COLLECTIONS.get(collection, kind) != kind else _key(iri)


def _built_iri(kind: KindName, member: object, parent: str) -> str | None:
    if not isinstance(member, Mapping):
        return None
    source = cast("Mapping[str, Any]", member)
    own = text(source, "code" if kind == "option" else "id")
    if own is None:
        return None
    catalog = parent.partition("/product_bases/")[0].partition("/offers/")[0]
    below = {
        "catalog": "/v1/ticketing/catalogs",
        "product_base": f"{catalog}/product_bases",
        "option": f"{parent}/options",
        "option_value": f"{parent}/values",
        "product": f"{catalog}/products",
        "offer": f"{catalog}/offers",
        "session": f"{parent}/sessions",
    }
    return f"{below[kind]}/{own}"


# --- columns -------------------------------------------------------------------------------------------------


def columns_of(kind: KindName, body: Mapping[str, Any], zone: str | None = None) -> dict[str, Any]:
    """Return the typed columns of an object."""
    if kind == "offer":
        return _offer_columns(body)
    if kind == "session":
        return _session_columns(body, zone)
    columns: dict[str, Any] = {"id": _text(body.get("id"))}
    if kind in {"catalog", "product_base", "product"}:
        columns["name"] = _text(body.get("name"))
    if kind == "catalog":
        columns |= {
            "created_at": _text(body.get("createdAt")),
            "last_synced_at": _text(body.get("lastSyncedAt")),
        }
    if kind in {"product_base", "product"}:
        columns["disabled"] = _flag(body.get("disabled"))
    if kind == "product_base":
        columns |= {
            "use_session": _flag(body.get("useSession")),
            "timezone": _text(body.get("timezone")),
            "universe": _text(body.get("universe")),
        }
    if kind in {"option", "option_value"}:
        columns |= {"code": _text(body.get("code")), "label": _text(body.get("label"))}
    if kind == "option_value":
        columns["value"] = _text(body.get("value"))
    return columns


def _offer_columns(body: Mapping[str, Any]) -> dict[str, Any]:
    price = _object(body.get("price"))
    product = body.get("product")
    currency = _text(price.get("currency"))
    return {
        "id": _text(body.get("id")),
        "product": _key(iri_of(product)),
        "date": _day(body.get("date")),
        "price": _text(price.get("amountInclTax")),
        "currency": None if currency is None else currency.upper()[:8],
        "price_minor": minor_units(price.get("amountInclTax"), currency),
        "original_minor": minor_units(price.get("originalAmountInclTax"), currency),
        "available": _count(body.get("availableQuantity")),
        "availability_check": _flag(body.get("availabilityCheckRequired")),
        "realtime_price": _flag(body.get("realtimePriceRequired")),
        "disabled": _flag(_object(product).get("disabled")),
    }


def _session_columns(body: Mapping[str, Any], zone: str | None) -> dict[str, Any]:
    local = _text(body.get("occursAt"))
    starts = start_of(local, zone)
    return {
        "id": _text(body.get("id")),
        "starts_at": None if starts is None or starts.tzinfo is None else _in_utc(starts),
        "starts_local": local,
        "zone": zone if _zone(zone) is not None else None,
        "available": _count(body.get("availableQuantity")),
    }


def ticket_rows(offer: str, catalog: str, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of the tickets in an offer."""
    rows: dict[str, dict[str, Any]] = {}
    for place, ticket in enumerate(objects(body, "tickets")):
        source = _object(ticket)
        iri = _key(iri_of(ticket) or (f"{offer}/tickets/{source['id']}" if text(source, "id") else None))
        if iri is not None:
            rows[iri] = {
                "iri": iri,
                "catalog": catalog,
                "offer": offer,
                "place": place,
                "id": _text(source.get("id")),
                "name": _text(source.get("name")),
                "date_access": _flag(source.get("dateAccess")),
                "form": _text(source.get("form")),
            }
    return list(rows.values())


def minor_units(value: object, currency: str | None) -> int | None:
    """Return an amount in the smallest units of its currency, such as cents; None if it is not a whole number of them.

    Reference: 1.6, 8.12.
    """
    read = amount(value)
    if read is None:
        return None
    scaled = read.scaleb(_EXPONENTS.get((currency or "").upper(), 2))
    if scaled != scaled.to_integral_value() or abs(scaled) > Decimal(_LARGEST):
        return None
    return int(scaled)


def _object(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _text(value: object) -> str | None:
    """Return a text that every database can store."""
    return _UNSTORABLE.sub("\ufffd", value) if isinstance(value, str) else None


def _key(iri: str | None) -> str | None:
    """Return an IRI that every database can store and index; None for any other."""
    if iri is None or _UNSTORABLE.search(iri) or len(iri.encode()) > _LONGEST_KEY:
        return None
    return iri


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _count(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if abs(value) <= _LARGEST else None


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def start_of(written: str | None, zone: str | None) -> datetime | None:
    """Return when a session starts: with the offset that was written, else in the venue's zone, else without one."""
    try:
        found = None if written is None else datetime.fromisoformat(written)
    except ValueError:
        return None
    return found if found is None or found.tzinfo is not None else found.replace(tzinfo=_zone(zone))


def _in_utc(moment: datetime) -> str | None:
    try:
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):  # one at the end of the calendar has no time in UTC
        return None


def _zone(name: str | None) -> ZoneInfo | None:
    try:
        return None if name is None else ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return None
