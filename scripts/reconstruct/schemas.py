"""The facts about schemas: names, fields, and the versions that have them.

From sections 4 and 5.1 of the API reference. How a schema is written down in a generation (its JSON-LD
keys, its name as an input) is the matter of ``shapes``. Fields stand in the order in which the API prints
them.
"""

from __future__ import annotations

from typing import Any, Literal

from attrs import frozen

from scripts.reconstruct.versions import ANY, Held

__all__ = ["INLINE", "OPTION_CODES", "SCHEMAS", "Field", "Schema", "refer"]

AFTER_FORMS = "1.0.10"  # the last version whose description has forms

Kind = Literal["item", "listed", "nested", "value", "input", "merge_patch"]


@frozen(kw_only=True)
class Field(Held):
    """A property of a schema.

    Attributes:
        name: On the wire.
        schema: Its JSON Schema; a reference is written with ``refer``.
        required: Whether a request must have it (no answer's own field was ever marked so).
    """

    name: str
    schema: dict[str, Any]
    required: bool = False


@frozen(kw_only=True)
class Schema(Held):
    """A component schema.

    Attributes:
        resource: The short name of the resource, or of the class of a nested object: the start of its name.
        groups: The serialisation groups: the end of its name.
        kind: ``item`` for a resource that an operation on one item answers with, ``listed`` for one that only
            lists hold, ``nested`` for a resource inside another, ``value`` for a nested object that is no
            resource, ``input`` and ``merge_patch`` for request bodies.
        dto: The class of the input or output, where it is not the resource itself.
        named: Whether its name was seen.
        description: What it is.
        fields: Its own fields.
    """

    resource: str
    groups: str
    kind: Kind
    description: str
    fields: tuple[Field, ...]
    dto: str = ""
    named: bool = False


@frozen(kw_only=True)
class Inline:
    """An object that is written where it stands.

    Attributes:
        description: What it is.
        fields: Its fields.
    """

    description: str
    fields: tuple[Field, ...]


def refer(key: str) -> dict[str, Any]:
    """Refer to a schema of the table by its key."""
    return {"$ref": key}


def _inline(key: str) -> dict[str, Any]:
    return {"$inline": key}


def _type(name: str, nullable: bool) -> dict[str, Any]:
    return {"type": [name, "null"] if nullable else name}


def _text(description: str, *, nullable: bool = False, **more: Any) -> dict[str, Any]:
    return {**_type("string", nullable), "description": description, **more}


def _id(thing: str) -> dict[str, Any]:
    return _text(f"Id of the {thing}, a UUID")


def _iri(thing: str, *, nullable: bool = False) -> dict[str, Any]:
    return _text(f"IRI of the {thing}", nullable=nullable)


def _relation(description: str) -> dict[str, Any]:
    return {
        "type": "string",
        "format": "iri-reference",
        "description": description,
        "example": "https://example.com/",
    }


def _time(description: str, *, nullable: bool = False, **more: Any) -> dict[str, Any]:
    return {**_type("string", nullable), "format": "date-time", "description": description, **more}


def _date(description: str) -> dict[str, Any]:
    return {"type": ["string", "null"], "format": "date", "description": description, "example": "2026-04-18"}


def _amount(description: str, *, nullable: bool = False, example: str = "36.50") -> dict[str, Any]:
    return _text(f"{description}: a decimal number as text, two decimals", nullable=nullable, example=example)


def _flag(description: str) -> dict[str, Any]:
    return {"type": "boolean", "description": description}


def _count(description: str, *, nullable: bool = False, **more: Any) -> dict[str, Any]:
    return {**_type("integer", nullable), "description": description, **more}


def _list(of: dict[str, Any], description: str) -> dict[str, Any]:
    return {"type": "array", "items": of, "description": description}


def _object(
    properties: dict[str, Any],
    description: str = "",
    *,
    required: tuple[str, ...] = (),
    nullable: bool = False,
) -> dict[str, Any]:
    written: dict[str, Any] = _type("object", nullable)
    if description:
        written["description"] = description
    if required:
        written["required"] = list(required)
    return {**written, "properties": properties}


def _inferred(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "x-evidence": "inferred"}


INCL = "with tax"
EXCL = "without tax"
TITLES = ["mr", "mrs", "mx"]
OPTION_CODES = ["seating_category", "zone", "price_type", "days_count"]
FIELD_TYPES = [
    "text",
    "bool",
    "integer",
    "decimal",
    "date",
    "time",
    "datetime",
    "single_choice",
    "multi_choice",
]
LEFT = "How many can still be had; null where no limit is known"
SEATING = Field(
    name="seating",
    schema={"description": "Where the seat is; nothing is known of its form", "x-evidence": "inferred"},
)

_PLACE = ("name", "line1", "line2", "postalCode", "city", "country", "phone", "website")
_VENUE = _object(
    {
        **{name: {"type": ["string", "null"]} for name in _PLACE},
        "latitude": _text("Decimal degrees, as text", nullable=True, example="38.57"),
        "longitude": _text("Decimal degrees, as text", nullable=True, example="-7.91"),
    },
    "Where it takes place",
    nullable=True,
)
_PICTURE = {"url": _text("Address of the picture"), "position": _count("Place among the others")}
_MEDIAS = _object(
    {
        "logo": _inferred(_object(_PICTURE, "The emblem", nullable=True)),
        "gallery": _inferred(_list(_object(_PICTURE, "A picture"), "In the order in which to show them")),
    },
    "Pictures",
    nullable=True,
)


def _note(name: str, schema: dict[str, Any]) -> Field:
    """Give a field of a product base of which only a note was seen, in the newest version."""
    return Field(name=name, schema=_inferred(schema), since="release", seen="release")


_OFFER_TICKET = (
    ("id", _id("ticket")),
    ("name", _text("What it is called", example="Admission")),
    ("description", _text("What is said of it", example="One entry")),
)
_DATE_ACCESS = _flag("True: good for the whole day. False: a session has to be chosen")
_FORM = _iri("form to fill in, null if there is none", nullable=True)

_TICKET = (
    Field(name="id", schema=_id("ticket"), seen="1.0.4 1.0.7 1.0.19"),
    Field(
        name="voucher",
        schema=_text("What the ticket's code holds", nullable=True, example="4400112233557799"),
        seen="1.0.4 1.0.7 1.0.19",
    ),
    Field(name="occursAt", schema=_time("When it begins", nullable=True), seen="1.0.4 1.0.7 1.0.19"),
    Field(name="event", schema=_iri("event", nullable=True), seen="1.0.4 1.0.7", until="1.0.7"),
    Field(
        name="requiredBeneficiaryFields",
        schema=_list({"type": "string"}, "Which fields of the beneficiary have to be given"),
        seen="1.0.4 1.0.7 1.0.19",
    ),
    Field(
        name="beneficiary",
        schema={"anyOf": [refer("beneficiary"), {"type": "null"}], "description": "Who will use the ticket"},
        seen="1.0.4 1.0.7 1.0.19",
    ),
    Field(
        name="beneficiaryDesignationDeadline",
        schema=_time(
            "Until when the beneficiary has to be named", nullable=True, example="2026-04-10T22:00:00Z"
        ),
        seen="1.0.4 1.0.7 1.0.19",
    ),
    Field(
        name="beneficiaryAmendable",
        schema=_flag("Whether the beneficiary can still be changed"),
        seen="1.0.4 1.0.7 1.0.19",
    ),
    Field(
        name="status",
        schema=_text(
            "Whether data of the beneficiary are awaited", enum=["waiting_beneficiary_data", "validated"]
        ),
        since="1.0.7",
        seen="1.0.7 1.0.19",
    ),
    Field(name="seating", schema=SEATING.schema, since="1.0.7", seen="1.0.7 1.0.19"),
)
# Of a ticket inside an order the reference saw these in 1.0.7; the rest is taken over from the ticket itself.
_EMBEDDED_SEEN = {
    "voucher",
    "occursAt",
    "event",
    "requiredBeneficiaryFields",
    "beneficiary",
    "beneficiaryDesignationDeadline",
    "beneficiaryAmendable",
}

SCHEMAS: dict[str, Schema] = {
    "catalog": Schema(
        resource="TicketingCatalog",
        groups="v1.catalog.read",
        kind="listed",
        named=True,
        seen="1.0.10 1.0.19",
        description="What one ticket issuer offers for sale",
        fields=(
            Field(name="id", schema=_id("catalogue"), seen="1.0.10 1.0.19"),
            Field(
                name="createdAt",
                schema=_time("When it was first imported", example="2025-11-04T10:20:30+00:00"),
                seen="1.0.10 1.0.19",
            ),
            Field(
                name="lastSyncedAt",
                schema=_time("When it was last brought up to date", example="2026-01-09T02:00:00+00:00"),
                since="1.0.19",
                seen="1.0.19",
            ),
            Field(name="name", schema=_text("What it is called", example="Lantern Park")),
        ),
    ),
    "product_base": Schema(
        resource="TicketingProductBase",
        groups="v1.product_base.read",
        kind="listed",
        since="1.0.10",
        description="Heading under which variants of a product stand",
        fields=(
            Field(name="id", schema=_id("product base"), seen=ANY),
            Field(name="name", schema=_text("What it is called", example="Evening walk"), seen=ANY),
            Field(name="disabled", schema=_flag("Whether it is not for sale at present"), seen=ANY),
            _note("description", _text("What is said of it, HTML", nullable=True)),
            _note("shortDescription", _text("The same in short, HTML", nullable=True)),
            _note("termsOfUse", _text("Terms of use, HTML", nullable=True)),
            _note("useSession", _flag("Whether its offers need a session")),
            _note("timezone", _text("Time zone, an IANA name", nullable=True, example="Europe/Lisbon")),
            _note("recurring", _flag("Whether it is offered on many dates")),
            _note("beneficiaryInfoMayBeRequired", _flag("Whether its tickets may need a beneficiary")),
            _note("instantDocumentDelivery", _flag("Whether its documents are there at once")),
            _note(
                "maxAmountPerOrder",
                _count("How many offers one order may hold: a count, not money", nullable=True),
            ),
            _note("universe", _text("What kind of thing it is; an open list", nullable=True, example="show")),
            _note("venue", _VENUE),
            _note("medias", _MEDIAS),
        ),
    ),
    "product_base_option": Schema(
        resource="TicketingProductBaseOption",
        groups="v1.product_base_option.read",
        kind="listed",
        since="1.0.10",
        description="A dimension in which a base's products differ",
        fields=(
            Field(name="code", schema=_text("What the dimension is", enum=OPTION_CODES)),
            Field(name="label", schema=_text("What to show for it", nullable=True)),
        ),
    ),
    "product_base_option_value": Schema(
        resource="TicketingProductBaseOptionValue",
        groups="v1.product_base_option_value.read",
        kind="listed",
        since="1.0.10",
        description="One position on a dimension of a base",
        fields=(
            Field(name="id", schema=_id("value")),
            Field(name="code", schema=_text("Short name")),
            Field(name="label", schema=_text("What to show for it", nullable=True)),
            Field(name="value", schema=_text("The value itself")),
        ),
    ),
    "product": Schema(
        resource="TicketingProduct",
        groups="v1.product.read",
        kind="listed",
        description="One thing for sale, in one variant",
        fields=(
            Field(name="id", schema=_id("product"), seen=ANY),
            Field(name="name", schema=_text("What it is called"), seen=ANY),
            Field(name="description", schema=_text("What is said of it, HTML; may be empty"), seen=ANY),
            Field(name="disabled", schema=_flag("Whether it is not for sale at present")),
        ),
    ),
    "offer": Schema(
        resource="TicketingOffer",
        groups="v1.offer.read",
        kind="listed",
        seen="1.0.7 release",
        description="What a product costs on a date, and whether it can be had",
        fields=(
            Field(name="id", schema=_id("offer"), seen="1.0.7 release"),
            Field(
                name="date", schema=_date("The day it is for; null if it is not bound to one"), seen="1.0.7"
            ),
            Field(
                name="availabilityCheckRequired",
                schema=_flag("Whether stock is limited: ask for the availability before reserving"),
                seen="1.0.7",
            ),
            Field(
                name="realtimePriceRequired",
                schema=_flag("Whether the price moves: ask for it before reserving"),
                seen="1.0.7",
            ),
            Field(name="price", schema=refer("offer_list_price"), seen="1.0.7"),
            Field(name="product", schema=refer("offer_product"), seen="1.0.7"),
            Field(
                name="tickets",
                schema=_list(refer("offer_embedded_ticket"), "The tickets it holds"),
                seen="1.0.7",
            ),
            Field(name="availableQuantity", schema=_count(LEFT, nullable=True, example=1250), seen="1.0.7"),
        ),
    ),
    "offer_list_price": Schema(
        resource="OfferPrice",
        groups="v1.offer.read",
        kind="value",
        seen="1.0.7",
        description="Price of an offer as last known",
        fields=(
            Field(name="amountInclTax", schema=_amount(f"Price {INCL}"), seen="1.0.7"),
            Field(
                name="originalAmountInclTax",
                schema=_amount(f"Price before a reduction, {INCL}", nullable=True, example="41.00"),
                seen="1.0.7",
            ),
            Field(
                name="currency",
                schema=_text("Currency; compare without regard to case", example="eur"),
                seen="1.0.7",
            ),
        ),
    ),
    "offer_product": Schema(
        resource="TicketingProduct",
        groups="v1.offer.read",
        kind="nested",
        seen="1.0.7",
        description="The product that an offer sells",
        fields=(
            Field(name="id", schema=_id("product")),
            Field(name="name", schema=_text("What it is called"), seen="1.0.7"),
            Field(name="description", schema=_text("What is said of it, HTML; may be empty"), seen="1.0.7"),
            Field(name="disabled", schema=_flag("Whether it is not for sale at present"), seen="1.0.7"),
        ),
    ),
    "offer_embedded_ticket": Schema(
        resource="TicketingOfferTicket",
        groups="v1.offer.read",
        kind="nested",
        seen="1.0.7",
        description="A ticket that an offer holds",
        fields=(
            *(Field(name=name, schema=schema) for name, schema in _OFFER_TICKET),
            Field(name="dateAccess", schema=_DATE_ACCESS, seen="1.0.7"),
            Field(name="form", schema=_FORM, until=AFTER_FORMS, seen="1.0.7"),
        ),
    ),
    "offer_availability": Schema(
        resource="TicketingOfferAvailability",
        groups="v1.offer_availability.read",
        kind="item",
        description="What is left of an offer",
        fields=(
            Field(name="availableQuantity", schema=_count(LEFT, nullable=True, example=1250), seen=ANY),
            Field(
                name="sessionsAvailability",
                schema=_list(refer("offer_session_availability"), "The same per session"),
                seen=ANY,
            ),
        ),
    ),
    "offer_session_availability": Schema(
        resource="SessionAvailability",
        groups="v1.offer_availability.read",
        kind="value",
        description="What is left of an offer for one session",
        fields=(
            Field(name="session", schema=_iri("session"), seen=ANY),
            Field(name="availableQuantity", schema=_count(LEFT, nullable=True, example=180), seen=ANY),
        ),
    ),
    "offer_price": Schema(
        resource="TicketingOfferPrice",
        groups="v1.offer_price.read",
        kind="item",
        seen="1.0.7",
        description="Price of an offer, asked live",
        fields=(
            Field(name="amountInclTax", schema=_amount(f"Price {INCL}"), seen="1.0.7"),
            Field(
                name="amountExclTax",
                schema=_amount(
                    f"Price {EXCL}; null where the issuer does not tell it", nullable=True, example="33.18"
                ),
                seen="1.0.7",
            ),
            Field(
                name="currency",
                schema=_text("Currency; compare without regard to case", example="eur"),
                seen="1.0.7",
            ),
        ),
    ),
    "offer_ticket": Schema(
        resource="TicketingOfferTicket",
        groups="v1.offer_ticket.read",
        kind="item",
        seen="1.0.19 1.0.38",
        description="A ticket that is part of an offer",
        fields=(
            *(
                Field(name=name, schema=schema, seen="1.0.38" if name == "description" else "1.0.19 1.0.38")
                for name, schema in _OFFER_TICKET
            ),
            Field(name="dateAccess", schema=_DATE_ACCESS, seen="1.0.38"),
            Field(name="form", schema=_FORM, until=AFTER_FORMS),
        ),
    ),
    "offer_ticket_session": Schema(
        resource="TicketingOfferTicketSession",
        groups="v1.offer_ticket_session.read",
        kind="listed",
        since="1.0.10",
        description="A start time that can be chosen for an offer ticket",
        fields=(
            Field(name="id", schema=_id("session")),
            Field(name="occursAt", schema=_time("When it begins, in local time with its offset")),
            Field(name="availableQuantity", schema=_count(LEFT, nullable=True)),
        ),
    ),
    "reservation": Schema(
        resource="BookingReservation",
        groups="v1.reservation.read",
        kind="item",
        named=True,
        seen="1.0.7",
        description="A time-limited hold on offers",
        fields=(
            Field(
                name="expired",
                schema={"readOnly": True, **_flag("Whether its time has run out")},
                seen="1.0.7",
            ),
            Field(name="catalog", schema=_iri("catalogue"), since="1.0.7", seen="1.0.7"),
            Field(name="id", schema=_id("reservation"), seen="1.0.7"),
            Field(
                name="createdAt",
                schema=_time("When it was made", example="2026-02-03T14:01:02+00:00"),
                seen="1.0.7",
            ),
            Field(name="totalAmountInclTax", schema=_amount(f"Sum {INCL}"), seen="1.0.7"),
            Field(
                name="totalAmountExclTax",
                schema=_amount(f"Sum {EXCL}", nullable=True, example="33.18"),
                seen="1.0.7",
            ),
            Field(
                name="expiresAt",
                schema=_time("When the hold ends", example="2026-02-03T14:16:02+00:00"),
                seen="1.0.7",
            ),
            Field(name="items", schema=_list(refer("reservation_item"), "What is held"), seen="1.0.7"),
            Field(name="organization", schema=_iri("organisation that holds it"), seen="1.0.7"),
            Field(
                name="order", schema=_iri("order made of it, null before that", nullable=True), seen="1.0.7"
            ),
            Field(
                name="seatsArrangement",
                schema=_text(
                    "Whether the seats are side by side", enum=["ADJACENT", "NON_ADJACENT", "UNKNOWN"]
                ),
                since="1.0.7",
                seen="1.0.7",
            ),
            Field(
                name="releasable",
                schema=_flag("Whether the hold can be given up"),
                since="1.0.7",
                seen="1.0.7",
            ),
            Field(
                name="status",
                schema=_text(
                    "Where it stands; a hold that ran out is told by `expired`", enum=["reserved", "released"]
                ),
                since="1.0.7",
                seen="1.0.7",
            ),
        ),
    ),
    "reservation_item": Schema(
        resource="ReservationItem",
        groups="v1.reservation.read",
        kind="value",
        named=True,
        seen="1.0.7",
        description="One offer in a reservation",
        fields=(
            Field(name="amountInclTax", schema=_amount(f"Price {INCL}"), seen="1.0.7"),
            Field(
                name="amountExclTax",
                schema=_amount(f"Price {EXCL}", nullable=True, example="33.18"),
                seen="1.0.7",
            ),
            Field(name="date", schema=_date("The day it is for"), seen="1.0.7"),
            Field(name="offer", schema=_iri("offer"), seen="1.0.7"),
            Field(name="product", schema=_iri("product"), seen="1.0.7"),
            Field(
                name="offerTickets",
                schema=_list(refer("reservation_item_offer_ticket"), "Its tickets"),
                seen="1.0.7",
            ),
        ),
    ),
    "reservation_item_offer_ticket": Schema(
        resource="ReservationItemOfferTicket",
        groups="v1.reservation.read",
        kind="value",
        seen="1.0.7",
        description="One ticket of a reserved offer",
        fields=(
            Field(name="ticket", schema=_iri("offer's ticket"), seen="1.0.7"),
            Field(name="session", schema=_iri("session, null if it needs none", nullable=True), seen="1.0.7"),
            Field(name="seating", schema=SEATING.schema, seen="1.0.7"),
        ),
    ),
    "reservation_answer": Schema(
        resource="BookingReservation",
        groups="v1.reservation.read",
        dto="BulkReservationOutput",
        kind="item",
        seen="1.0.7",
        description="What was held and what was not",
        fields=(
            Field(
                name="reservations",
                schema=_inferred(_list(refer("reservation"), "The holds that were made")),
                seen="1.0.7",
            ),
            Field(
                name="failedReservations",
                schema=_list(
                    _inferred(
                        _object(
                            {
                                "@type": {"type": "string"},
                                "@id": {"type": "string"},
                                "offer": _iri("offer that could not be held"),
                                "quantity": _count("How many of it were asked for"),
                                "code": _text("Short name of the reason", nullable=True),
                                "message": _text("The reason in words"),
                            },
                            "Why one of them failed",
                        )
                    ),
                    "The offers that could not be held",
                ),
                seen="1.0.7",
            ),
        ),
    ),
    "BulkReservationInput": Schema(
        resource="BookingReservation",
        groups="v1.reservation.bulk_write",
        dto="BulkReservationInput",
        kind="input",
        seen="1.0.7",
        description="What to hold",
        fields=(
            Field(
                name="items",
                required=True,
                seen="1.0.7",
                schema={**_list(_inline("reserved_offer"), "One entry per offer"), "minItems": 1},
            ),
        ),
    ),
    "order": Schema(
        resource="BookingOrder",
        groups="v1.order.read",
        kind="item",
        named=True,
        seen="1.0.7",
        description="A purchase confirmed with the ticket issuer",
        fields=(
            Field(name="id", schema=_id("order"), seen="1.0.7 release"),
            Field(
                name="createdAt",
                schema=_time("When it was placed", example="2026-02-03T14:05:06+00:00"),
                seen="1.0.7 release",
            ),
            Field(name="catalog", schema=_iri("catalogue"), since="1.0.7", seen="1.0.7 release"),
            Field(name="organization", schema=_iri("organisation that placed it"), seen="1.0.7 release"),
            Field(
                name="reference",
                schema=_text("The name people know it by", example="LANTRN-7C41E9"),
                seen="1.0.7 release",
            ),
            Field(
                name="externalReference",
                schema=_text("Your own name for it", nullable=True, example="SHOP-17"),
                seen="1.0.7 release",
            ),
            Field(
                name="connectorReference",
                schema=_text("The issuer's name for it", nullable=True, example="5120"),
                seen="1.0.7 release",
            ),
            Field(name="totalAmountInclTax", schema=_amount(f"Sum {INCL}"), seen="1.0.7 release"),
            Field(
                name="totalAmountExclTax",
                schema=_amount(f"Sum {EXCL}", example="33.18"),
                seen="1.0.7 release",
            ),
            Field(name="reservation", schema=_iri("reservation it was made of")),
            Field(name="customer", schema=refer("order_customer"), seen="1.0.7 release"),
            Field(
                name="status", schema=_text("Where it stands", enum=["confirmed", "cancelled"]), seen="1.0.7"
            ),
            Field(
                name="cancelledAt",
                schema=_time("When it was cancelled, if it was", nullable=True),
                seen="1.0.7",
            ),
            Field(name="items", schema=_list(refer("order_item"), "What was bought"), seen="1.0.7"),
        ),
    ),
    "order_customer": Schema(
        resource="OrderCustomer",
        groups="v1.order.read",
        kind="value",
        seen="1.0.7 release",
        description="Who bought",
        fields=(
            Field(name="firstname", schema=_text("First name", example="Otto"), seen="1.0.7 release"),
            Field(name="lastname", schema=_text("Last name", example="Lind"), seen="1.0.7 release"),
            Field(name="email", schema=_text("Mail address"), seen="1.0.7 release"),
            Field(
                name="phone",
                schema=_text("Phone number, in whatever form it was given"),
                seen="1.0.7 release",
            ),
            Field(name="optin", schema=_flag("Whether the customer wants news"), since="1.0.7", seen="1.0.7"),
            Field(name="country", schema=_text("Country, two capital letters", example="FR"), seen="1.0.7"),
            Field(name="language", schema=_text("Language, two small letters", example="fr"), seen="1.0.7"),
            Field(name="title", schema=_text("Form of address", example="mx"), since="1.0.7", seen="1.0.7"),
        ),
    ),
    "order_item": Schema(
        resource="OrderItem",
        groups="v1.order.read",
        kind="value",
        seen="1.0.7",
        description="One offer in an order",
        fields=(
            Field(name="unitAmountInclTax", schema=_amount(f"Price of one {INCL}"), since="1.0.7"),
            Field(
                name="unitAmountExclTax",
                schema=_amount(f"Price of one {EXCL}", example="33.18"),
                since="1.0.7",
            ),
            Field(name="quantity", schema=_count("How many"), since="1.0.7"),
            Field(name="totalAmountInclTax", schema=_amount(f"Price of all {INCL}"), since="1.0.7"),
            Field(
                name="totalAmountExclTax",
                schema=_amount(f"Price of all {EXCL}", example="33.18"),
                since="1.0.7",
            ),
            Field(name="id", schema=_id("item")),
            Field(name="amountInclTax", schema=_amount(f"Price {INCL}"), seen="1.0.7"),
            Field(name="amountExclTax", schema=_amount(f"Price {EXCL}", example="33.18"), seen="1.0.7"),
            Field(name="date", schema=_date("The day it is for"), seen="1.0.7"),
            Field(name="product", schema=_iri("product"), seen="1.0.7"),
            Field(
                name="tickets",
                schema=_list(refer("order_embedded_ticket"), "The tickets issued"),
                seen="1.0.7",
            ),
        ),
    ),
    "order_embedded_ticket": Schema(
        resource="OrderItemTicketResource",
        groups="v1.order.read",
        kind="nested",
        seen="1.0.7",
        description="An issued ticket inside its order",
        fields=tuple(
            Field(
                name=one.name,
                schema={
                    "anyOf": [refer("order_beneficiary"), {"type": "null"}],
                    "description": "Who will use the ticket",
                }
                if one.name == "beneficiary"
                else one.schema,
                since=one.since,
                until=one.until,
                seen="1.0.7" if one.name in _EMBEDDED_SEEN else "",
            )
            for one in _TICKET
        ),
    ),
    "order_answer": Schema(
        resource="BookingOrder",
        groups="v1.order.read",
        dto="BulkOrderOutput",
        kind="item",
        seen="1.0.7 release",
        description="What was ordered and what was not",
        fields=(
            Field(
                name="orders",
                schema=_list(refer("order"), "The orders that were placed"),
                seen="1.0.7 release",
            ),
            Field(
                name="failedOrders",
                schema=_list(
                    _inferred(
                        _object(
                            {
                                "@type": {"type": "string"},
                                "@id": {"type": "string"},
                                "reservation": _iri("reservation that could not be ordered"),
                                "code": _text("Short name of the reason", nullable=True),
                                "message": _text("The reason in words"),
                            },
                            "Why one of them failed",
                        )
                    ),
                    "The reservations that could not be ordered",
                ),
            ),
        ),
    ),
    "BulkOrderInput": Schema(
        resource="BookingOrder",
        groups="v1.order.bulk_write",
        dto="BulkOrderInput",
        kind="input",
        seen="1.0.7 release",
        description="What to order, and for whom",
        fields=(
            Field(
                name="reservations",
                seen="1.0.7 release",
                schema=_list({"type": "string"}, "IRIs of the reservations to order, none of them expired"),
            ),
            Field(name="customer", seen="1.0.7 release", schema=_inline("customer")),
            Field(
                name="externalReference",
                required=True,
                seen="1.0.7 release",
                schema=_text("Your own name for the order, to find it again by", example="SHOP-17"),
            ),
            Field(
                name="notes",
                since="release",
                seen="release",
                schema=_text(
                    "Anything the issuer should know", nullable=True, example="Wheelchair place please"
                ),
            ),
        ),
    ),
    "ticket": Schema(
        resource="BookingOrderItemTicket",
        groups="v1.order_item_ticket.read",
        kind="item",
        seen="1.0.4 1.0.7 1.0.19",
        description="An issued ticket, below its order item",
        fields=_TICKET,
    ),
    "PatchOrderItemTicketInput": Schema(
        resource="BookingOrderItemTicket",
        groups="v1.order_item_ticket.patch_write",
        dto="PatchOrderItemTicketInput",
        kind="merge_patch",
        seen="1.0.4 1.0.7",
        description="What to change on a ticket",
        fields=(
            Field(
                name="beneficiary",
                seen="1.0.4 1.0.7",
                schema=_inline("beneficiary"),
            ),
        ),
    ),
    "document": Schema(
        resource="BookingOrderDocument",
        groups="v1.order_document.get",
        kind="item",
        named=True,
        since="1.0.19",
        seen="1.0.19",
        description="A file of an order, as a rule the customer's tickets",
        fields=(
            Field(name="id", schema=_id("document"), seen="1.0.19"),
            Field(
                name="downloadableAt",
                schema=_time("From when on the file can be had", example="2026-02-03T14:06:00+00:00"),
                seen="1.0.19",
            ),
        ),
    ),
    "patched_document": Schema(
        resource="BookingOrderDocument",
        groups="v1.order_document.patch_read",
        kind="item",
        seen="1.0.7",
        description="Where a file of an order can be had for a short while",
        fields=(
            Field(name="id", schema=_id("document"), seen="1.0.7"),
            Field(
                name="temporaryUrl",
                schema=_text("Signed address on the storage host; stops working soon", nullable=True),
                seen="1.0.7",
            ),
            Field(
                name="cachedLanguage",
                schema=_inferred(
                    _text("Language of the file, two small letters", nullable=True, example="fr")
                ),
            ),
        ),
    ),
    "PatchOrderDocumentInput": Schema(
        resource="BookingOrderDocument",
        groups="v1.order_document.patch_write",
        dto="PatchOrderDocumentInput",
        kind="merge_patch",
        named=True,
        seen="1.0.7",
        description="Nothing: send an empty object",
        fields=(),
    ),
    "form": Schema(
        resource="Form",
        groups="v1.form.read",
        kind="item",
        until=AFTER_FORMS,
        description="Extra data that an issuer asks for",
        fields=(
            Field(name="id", schema=_id("form")),
            Field(name="code", schema=_text("Short name, unique", example="visitor_details")),
            Field(name="fields", schema=_list(refer("form_field"), "What is asked")),
        ),
    ),
    "form_field": Schema(
        resource="FormField",
        groups="v1.form.read",
        kind="nested",
        until=AFTER_FORMS,
        description="One field of a form",
        fields=(
            Field(name="id", schema=_id("field")),
            Field(name="code", schema=_text("Short name")),
            Field(name="label", schema=_text("What to show for it", nullable=True)),
            Field(name="type", schema=_text("What kind of answer it takes", enum=FIELD_TYPES)),
            Field(name="required", schema=_flag("Whether it has to be answered")),
            Field(name="choices", schema=_list(refer("form_field_choice"), "The answers to choose from")),
        ),
    ),
    "form_field_choice": Schema(
        resource="FormFieldChoice",
        groups="v1.form.read",
        kind="value",
        until=AFTER_FORMS,
        description="One allowed value of a choice field",
        fields=(
            Field(name="code", schema=_text("What to send as the answer")),
            Field(name="label", schema=_text("What to show for it", nullable=True)),
        ),
    ),
    "event": Schema(
        resource="TicketingEvent",
        groups="v1.event.read",
        kind="item",
        named=True,
        until="1.0.7",
        description="Something that takes place once or repeatedly",
        fields=(
            Field(name="id", schema=_id("event"), seen=ANY),
            Field(name="name", schema=_text("What it is called"), seen=ANY),
            Field(name="description", schema=_text("What is said of it; may be empty"), seen=ANY),
        ),
    ),
    "session": Schema(
        resource="TicketingSession",
        groups="v1.session.read",
        kind="listed",
        until="1.0.7",
        description="A date on which an event takes place",
        fields=(
            Field(name="id", schema=_id("session")),
            Field(name="occursAt", schema=_time("When it begins")),
            Field(name="availableQuantity", schema=_count(LEFT, nullable=True)),
        ),
    ),
    "session_availability": Schema(
        resource="TicketingSessionAvailability",
        groups="v1.session_availability.read",
        kind="item",
        until="1.0.7",
        description="Places left on a date of an event",
        fields=(
            Field(name="availableQuantity", schema=_count("How many can still be had", example=24), seen=ANY),
        ),
    ),
}

# Objects inside request bodies. They are written where they stand, since the names of their classes are not
# known.
_ORDERED = "1.0.7 release"
_PATCHED = "1.0.4 1.0.7"
INLINE: dict[str, Inline] = {
    "reserved_offer": Inline(
        description="An offer to hold",
        fields=(
            Field(name="offer", schema=_relation("The offer to hold"), required=True, seen="1.0.7"),
            Field(name="quantity", schema=_count("How many of it", minimum=1), required=True, seen="1.0.7"),
            Field(
                name="ticketSessions",
                schema=_list(_inline("reserved_ticket"), "One entry for each ticket of the offer"),
                required=True,
                seen="1.0.7",
            ),
        ),
    ),
    "reserved_ticket": Inline(
        description="A ticket of the offer, with what has to be told of it",
        fields=(
            Field(name="ticket", schema=_relation("A ticket of the offer"), required=True, seen="1.0.7"),
            Field(
                name="session",
                schema=_relation("The session chosen for it; left out if the ticket needs none"),
                seen="1.0.7",
            ),
            Field(name="formData", schema=_inline("form_data"), seen="1.0.7"),
        ),
    ),
    "form_data": Inline(
        description="Answers to the ticket's form",
        fields=(
            Field(name="form", schema=_iri("form"), required=True, seen="1.0.7"),
            Field(
                name="fields",
                schema=_list(_inline("form_answer"), "One entry per answer"),
                required=True,
                seen="1.0.7",
            ),
        ),
    ),
    "form_answer": Inline(
        description="The answer to one field",
        fields=(
            Field(name="field", schema=_iri("field"), required=True, seen="1.0.7"),
            Field(name="value", schema=_text("The answer, always as text"), required=True, seen="1.0.7"),
        ),
    ),
    "customer": Inline(
        description="Who buys",
        fields=(
            Field(name="firstname", schema=_text("First name", example="otto"), required=True, seen=_ORDERED),
            Field(name="lastname", schema=_text("Last name", example="lind"), required=True, seen=_ORDERED),
            Field(name="email", schema=_text("Mail address"), required=True, seen=_ORDERED),
            Field(
                name="phone",
                schema=_text("Phone number, best in E.164 form", example="+33639980456"),
                seen=_ORDERED,
            ),
            Field(name="country", schema=_text("Country, two capital letters", example="FR"), seen=_ORDERED),
            Field(name="language", schema=_text("Language, two small letters", example="fr"), seen=_ORDERED),
            Field(
                name="optin", schema=_flag("Whether the customer wants news"), since="1.0.7", seen=_ORDERED
            ),
            Field(name="title", schema=_text("Form of address", enum=TITLES), since="1.0.7", seen=_ORDERED),
        ),
    ),
    "beneficiary": Inline(
        description="Who will use the ticket",
        fields=(
            Field(name="firstname", schema=_text("First name", example="mira"), required=True, seen=_PATCHED),
            Field(name="lastname", schema=_text("Last name", example="vega"), required=True, seen=_PATCHED),
            Field(
                name="title",
                schema=_text("Form of address", nullable=True, enum=[*TITLES, None]),
                seen=_PATCHED,
            ),
            Field(
                name="nationality",
                schema=_text("Country, two capital letters", nullable=True, example="PT"),
                seen=_PATCHED,
            ),
            Field(
                name="dateOfBirth",
                schema=_text("Day of birth, YYYY-MM-DD", nullable=True, example="1991-06-23"),
                seen=_PATCHED,
            ),
            Field(name="placeOfBirth", schema=_text("Place of birth", nullable=True), seen=_PATCHED),
            Field(name="email", schema=_text("Mail address", nullable=True), seen=_PATCHED),
            Field(name="phone", schema=_text("Phone number", nullable=True), seen=_PATCHED),
        ),
    ),
}

_BENEFICIARY = (
    ("firstname", "First name"),
    ("lastname", "Last name"),
    ("email", "Mail address"),
    ("phone", "Phone number"),
    ("title", "Form of address"),
    ("dateOfBirth", "Day of birth, YYYY-MM-DD"),
    ("placeOfBirth", "Place of birth"),
    ("nationality", "Country, two capital letters"),
)
for _key, _groups, _seen in (
    ("beneficiary", "v1.order_item_ticket.read", "1.0.4 1.0.19"),
    ("order_beneficiary", "v1.order.read", ""),
):
    SCHEMAS[_key] = Schema(
        resource="OrderItemTicketBeneficiary",
        groups=_groups,
        kind="value",
        named=_key == "beneficiary",
        seen=_seen,
        description="Who will use a ticket",
        # that they may be null is known of the request only
        fields=tuple(
            Field(name=name, schema=_inferred(_text(words, nullable=True)), seen=_seen)
            for name, words in _BENEFICIARY
        ),
    )
