"""The addresses of the API's resources: what an IRI, an id or a model stands for; all else is refused.

Ids are opaque text: no UUID version is required of them, since the API itself sends others (reference 8.6).
Nothing is fetched here, and nothing is guessed: an id is accepted only where it is enough to address the
resource, and an IRI only when it is one of the kinds that the caller asked for, on the API's own origin.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

from attrs import field, frozen

from korus.errors import InvalidIri

__all__ = [
    "CATALOG",
    "DOCUMENT",
    "EVENT",
    "EVENT_SESSION",
    "FORM",
    "FORM_FIELD",
    "KINDS",
    "OFFER",
    "OFFER_TICKET",
    "OFFER_TICKET_SESSION",
    "ORDER",
    "ORGANIZATION",
    "PRODUCT",
    "PRODUCT_BASE",
    "RESERVATION",
    "SEAT_MAP",
    "SESSIONS",
    "TICKET",
    "Kind",
    "Reference",
    "origin",
    "parse_id",
    "parse_iri",
    "prefix_of",
    "reference",
    "relative_iri",
    "relative_iris",
    "same_origin",
]

_BLANK_NODE = "/.well-known/genid/"
# what the paths of all resources begin with
_ROOTS = ("/v1/", _BLANK_NODE)
_ID = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@-]{1,255}", re.ASCII)
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@frozen
class Kind:
    """A kind of resource.

    Attributes:
        name: What messages call it.
        template: Its path, with the names of its ids in braces.
        models: The names of the model classes that stand for it.
    """

    name: str
    template: str
    models: tuple[str, ...] = ()
    ids: tuple[str, ...] = field(init=False)
    segments: tuple[str, ...] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        # frozen: what follows from the template is worked out once
        object.__setattr__(self, "ids", tuple(_PLACEHOLDER.findall(self.template)))
        object.__setattr__(self, "segments", tuple(self.template.split("/")[1:]))


_CATALOG = "/v1/ticketing/catalogs/{catalog_id}"
_ORDER = "/v1/booking/orders/{order_id}"

ORGANIZATION = Kind("organisation", "/v1/organizations/{organization_id}")
CATALOG = Kind("catalogue", _CATALOG, ("Catalog",))
PRODUCT_BASE = Kind("product base", _CATALOG + "/product_bases/{product_base_id}", ("ProductBase",))
SEAT_MAP = Kind(
    "seat map", _CATALOG + "/product_bases/{product_base_id}/seat_maps/{seat_map_id}", ("SeatMap",)
)
PRODUCT = Kind("product", _CATALOG + "/products/{product_id}", ("Product", "ProductInOffer"))
OFFER = Kind("offer", _CATALOG + "/offers/{offer_id}", ("Offer",))
OFFER_TICKET = Kind(
    "offer ticket",
    _CATALOG + "/offers/{offer_id}/tickets/{offer_ticket_id}",
    ("OfferTicket", "OfferTicketInOffer"),
)
OFFER_TICKET_SESSION = Kind(
    "session of an offer ticket",
    _CATALOG + "/offers/{offer_id}/tickets/{offer_ticket_id}/sessions/{session_id}",
    ("OfferTicketSession",),
)
EVENT = Kind("event", _CATALOG + "/events/{event_id}", ("Event",))
EVENT_SESSION = Kind(
    "session of an event", _CATALOG + "/events/{event_id}/sessions/{session_id}", ("Session",)
)
RESERVATION = Kind("reservation", "/v1/booking/reservations/{reservation_id}", ("Reservation",))
ORDER = Kind("order", _ORDER, ("Order",))
TICKET = Kind(
    "ticket",
    _ORDER + "/items/{order_item_id}/tickets/{ticket_id}",
    ("OrderItemTicket", "OrderItemTicketResource"),
)
DOCUMENT = Kind("document", _ORDER + "/documents/{document_id}", ("OrderDocument", "OrderDocumentPatchRead"))
FORM = Kind("form", "/v1/forms/{form_id}", ("Form",))
FORM_FIELD = Kind("form field", "/v1/forms/{form_id}/fields/{field_id}", ("FormField",))

KINDS = (
    ORGANIZATION,
    CATALOG,
    PRODUCT_BASE,
    SEAT_MAP,
    PRODUCT,
    OFFER,
    OFFER_TICKET,
    OFFER_TICKET_SESSION,
    EVENT,
    EVENT_SESSION,
    RESERVATION,
    ORDER,
    TICKET,
    DOCUMENT,
    FORM,
    FORM_FIELD,
)
# a session is named in two ways, old and new, in the same places (reference 8.15)
SESSIONS = (OFFER_TICKET_SESSION, EVENT_SESSION)

_KIND_OF_MODEL = {model: kind for kind in KINDS for model in kind.models}


@frozen
class Reference:
    """One resource of a known kind.

    Attributes:
        kind: What it is.
        iri: Its relative IRI, ``/v1/…``.
        ids: The ids in its path, outermost first, by name.
    """

    kind: Kind
    iri: str
    ids: Mapping[str, str] = field(eq=False)

    def __str__(self) -> str:
        return self.iri

    @property
    def id(self) -> str:
        """The resource's own id: the last of its path."""
        return self.ids[self.kind.ids[-1]]

    def up(self, kind: Kind) -> Reference:
        """Return the resource of ``kind`` that this one lies below: the offer of a session, for example.

        Raises:
            InvalidIri: when a resource of this kind does not lie below one of that kind.
        """
        if kind.segments != self.kind.segments[: len(kind.segments)]:
            raise InvalidIri(f"a {self.kind.name} does not lie below a {kind.name}: {self.iri}")
        return _build(kind, self.ids)

    def is_within(self, other: Reference) -> bool:
        """Return True if this resource is ``other`` or lies below it."""
        return self.iri == other.iri or self.iri.startswith(other.iri + "/")


def origin(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of an absolute URL, so that two spellings of one origin are equal.

    Raises:
        InvalidIri: when it is not an absolute http or https URL, or carries a user name.
    """
    parts = _split(url)
    scheme = parts.scheme.lower()
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        raise InvalidIri(f"not a URL: {_shown(url)}") from None
    if scheme not in _DEFAULT_PORTS or not host or "@" in parts.netloc:
        raise InvalidIri(f"not an absolute http or https URL: {_shown(url)}")
    return scheme, host.rstrip("."), port or _DEFAULT_PORTS[scheme]


def same_origin(one: str, other: str) -> bool:
    """Return True if two absolute URLs have scheme, host and port in common; False when one is not a URL."""
    try:
        return origin(one) == origin(other)
    except InvalidIri:
        return False


def parse_iri(iri: str, *kinds: Kind, base_url: str | None = None) -> Reference:
    """Read a relative IRI, or an absolute one on the API's own origin.

    Args:
        iri: The text.
        kinds: The kinds that are acceptable; none means any.
        base_url: The API's address; without it absolute IRIs are refused.

    Raises:
        InvalidIri: when it is malformed, points elsewhere, or is of another kind.
    """
    path = _own_path(iri, base_url)
    segments = path.split("/")[1:]
    for kind in kinds or KINDS:
        ids = _match(kind, segments)
        if ids is not None:
            return Reference(kind, path, ids)
    for kind in KINDS:
        if _match(kind, segments) is not None:
            raise InvalidIri(
                f"{_wanted(kinds)} is needed here, and this is {_wanted((kind,))}: {_shown(iri)}"
            )
    raise InvalidIri(f"not the IRI of {_wanted(kinds)}: {_shown(iri)}")


def parse_id(value: object, name: str = "id") -> str:
    """Check a bare id (or an option's code), which is opaque but has to fit into a path.

    Args:
        value: The id, as text or `uuid.UUID`.
        name: What messages call it.

    Raises:
        InvalidIri: when it is empty, has characters that no id has, or would leave its place in the path.
    """
    text = str(value) if isinstance(value, UUID) else value
    if not isinstance(text, str) or not _ID.fullmatch(text) or text in {".", ".."}:
        raise InvalidIri(f"this is no {name}: {_shown(value)}")
    return str.__str__(text)


def reference(
    value: object, *kinds: Kind, base_url: str | None = None, parent: Reference | None = None
) -> Reference:
    """Return the resource that a model, a JSON object, an IRI or an id identifies.

    Args:
        value: A model of `korus.models`, its JSON object, an IRI, an id, or a `Reference`.
        kinds: The kinds that are acceptable here; a bare id is read as one of the first.
        base_url: The API's address, for absolute IRIs.
        parent: A resource above it, which makes a bare id enough.

    Raises:
        InvalidIri: when it is none of these, or an id alone does not address a resource of this kind.
    """
    if isinstance(value, Reference):
        return parse_iri(value.iri, *kinds, base_url=base_url)
    if isinstance(value, str):
        text = str.__str__(value)
        if "/" in text:
            return parse_iri(text, *kinds, base_url=base_url)
        return _from_id(text, kinds[0], parent)
    if isinstance(value, UUID):
        return _from_id(str(value), kinds[0], parent)
    return _from_object(value, kinds, base_url, parent)


def _from_object(
    value: object, kinds: tuple[Kind, ...], base_url: str | None, parent: Reference | None
) -> Reference:
    given = type(value).__name__
    known = _KIND_OF_MODEL.get(given)
    if known is not None and known not in kinds:
        raise InvalidIri(f"{_wanted(kinds)} is needed here, not a {known.name} ({given})")
    iri: object
    own_id: object
    if isinstance(value, Mapping):
        source = cast("Mapping[str, object]", value)
        iri, own_id = source.get("@id"), source.get("id")
    else:
        iri, own_id = getattr(value, "iri", None), getattr(value, "id", None)
    if isinstance(iri, str) and not iri.startswith(_BLANK_NODE):
        return parse_iri(iri, *kinds, base_url=base_url)
    if isinstance(own_id, str):
        return _from_id(own_id, known or kinds[0], parent)
    raise InvalidIri(
        f"{_wanted(kinds)} is needed here: an object of korus.models, its IRI or its id, not {given}"
    )


def _from_id(text: str, kind: Kind, parent: Reference | None) -> Reference:
    own = {kind.ids[-1]: parse_id(text)}
    above: Mapping[str, str] = {} if parent is None else parent.ids
    missing = [name for name in kind.ids[:-1] if name not in above]
    if missing:
        raise InvalidIri(
            f"an id alone does not address a {kind.name}; give its IRI ({kind.template}) or the object: "
            f"{_shown(text)}"
        )
    return _build(kind, {**above, **own})


def _build(kind: Kind, ids: Mapping[str, str]) -> Reference:
    own = {name: ids[name] for name in kind.ids}
    return Reference(kind, kind.template.format_map(own), own)


def _match(kind: Kind, segments: list[str]) -> dict[str, str] | None:
    if len(segments) != len(kind.segments):
        return None
    ids: dict[str, str] = {}
    for wanted, found in zip(kind.segments, segments, strict=True):
        if wanted[0] != "{":
            if wanted != found:
                return None
        elif not _ID.fullmatch(found) or found in {".", ".."}:
            return None
        else:
            ids[wanted[1:-1]] = found
    return ids


def _own_path(iri: str, base_url: str | None) -> str:
    parts = _split(iri)
    if parts.query or parts.fragment or "?" in iri or "#" in iri:
        raise InvalidIri(f"an IRI of a resource has no query and no fragment: {_shown(iri)}")
    if not parts.scheme and not parts.netloc:
        if iri.startswith("//") or not iri.startswith("/"):
            raise InvalidIri(f"not an IRI of the API: {_shown(iri)}")
    elif base_url is None or not same_origin(iri, base_url):
        raise InvalidIri(f"this IRI is not on the API's own host: {_shown(iri)}")
    return _without_prefix(parts.path, prefix_of(base_url or ""))


def prefix_of(base_url: str) -> str:
    """Return the path below which the API is reached, without a slash at its end; mostly an empty text."""
    return urlsplit(base_url).path.rstrip("/")


def relative_iri(text: str, base_url: str) -> str:
    """Return the IRI of a resource as this module writes it; a text that is no IRI of the API as it is."""
    try:
        return parse_iri(text, base_url=base_url).iri
    except InvalidIri:
        return text


def relative_iris(document: Any, prefix: str) -> Any:
    """Return a JSON document with all its IRIs as this module writes them.

    An API that is reached below a prefix may put it before its IRIs or not; what is compared and sent is without it.

    Args:
        document: The document.
        prefix: What `prefix_of` gave.
    """
    if not prefix:
        return document
    if isinstance(document, str):
        return _without_prefix(document, prefix)
    if isinstance(document, Mapping):
        entries = cast("Mapping[str, Any]", document)
        return {key: relative_iris(value, prefix) for key, value in entries.items()}
    if isinstance(document, list):
        return [relative_iris(entry, prefix) for entry in document]  # pyright: ignore[reportUnknownVariableType]
    return document


def _without_prefix(path: str, prefix: str) -> str:
    rest = path.removeprefix(prefix)
    return rest if prefix and rest != path and rest.startswith(_ROOTS) else path


def _split(url: object) -> SplitResult:
    # urlsplit drops tabs and newlines without a word, so they are refused before it can
    if not isinstance(url, str) or not url or not url.isascii() or not url.isprintable():
        raise InvalidIri(f"not an IRI: {_shown(url)}")
    if " " in url or "\\" in url:
        raise InvalidIri(f"not an IRI: {_shown(url)}")
    try:
        return urlsplit(url)
    except ValueError:
        raise InvalidIri(f"not an IRI: {_shown(url)}") from None


def _wanted(kinds: tuple[Kind, ...]) -> str:
    if not kinds:
        return "a resource of the API"
    return " or ".join(f"{'an' if kind.name[0] in 'aeiou' else 'a'} {kind.name}" for kind in kinds)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else text[:200] + "…"  # noqa: PLR2004 (long enough for every IRI)


def __dir__() -> list[str]:
    return sorted(__all__)
