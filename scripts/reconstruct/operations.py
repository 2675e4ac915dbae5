"""The facts about operations: tags, paths, parameters, and the versions that have them.

From sections 1.11, 2 and 3 of the API reference. How they are written down in a generation is the matter of
``shapes``.
"""

from __future__ import annotations

from typing import Any, Literal

from attrs import field, frozen

from scripts.reconstruct.versions import Held

__all__ = ["DATE", "OPERATIONS", "PAGE", "TAGS", "UUID_V7", "Operation", "Parameter", "Tag"]

UUID_V7 = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
DATE = "[0-9]{4}-(?:0[1-9]|1[012])-(?:0[1-9]|[12][0-9]|(?<!02-)3[01])"

OLD_MODEL = "1.0.7"  # the last version with events and sessions
NEW_MODEL = "1.0.10"  # the first with product bases


@frozen(kw_only=True)
class Tag(Held):
    """A tag of the description.

    Attributes:
        name: The tag.
        description: What it is about.
    """

    name: str
    description: str


TAGS = (
    Tag(
        name="BookingOrderDocument",
        seen="1.0.4 1.0.7 1.0.10 1.0.19 1.0.38",
        description="Files of an order, as a rule the customer's tickets",
    ),
    Tag(
        name="BookingOrderItemTicket",
        seen="1.0.4 1.0.7 1.0.10 1.0.19 1.0.38",
        description="An issued ticket, below its order item",
    ),
    Tag(
        name="BookingOrder",
        seen="1.0.7 1.0.10 1.0.19 1.0.38 release",
        description="A purchase confirmed with the ticket issuer",
    ),
    Tag(
        name="BookingReservation",
        seen="1.0.7 1.0.10 1.0.19 1.0.38",
        description="A time-limited hold on offers",
    ),
    Tag(
        name="FormFieldChoice",
        seen="1.0.10",
        description="One allowed value of a choice field",
        until=NEW_MODEL,
    ),
    Tag(
        name="FormField",
        seen="1.0.10",
        description="One field of a form, typed, maybe mandatory",
        until=NEW_MODEL,
    ),
    Tag(name="Form", seen="1.0.10", description="Extra data that an issuer asks for", until=NEW_MODEL),
    Tag(
        name="TicketingCatalog",
        seen="1.0.10 1.0.19 1.0.38",
        description="What one ticket issuer offers for sale",
    ),
    Tag(name="TicketingEvent", description="Something that takes place once or repeatedly", until=OLD_MODEL),
    Tag(
        name="TicketingOffer",
        seen="1.0.7 1.0.10 1.0.19 1.0.38 release",
        description="What a product costs per date, and whether it can be had",
    ),
    Tag(
        name="TicketingOfferAvailability", seen="1.0.10 1.0.19 1.0.38", description="What is left of an offer"
    ),
    Tag(
        name="TicketingOfferPrice",
        seen="1.0.7 1.0.10 1.0.19 1.0.38",
        description="Price of an offer, asked live",
    ),
    Tag(
        name="TicketingOfferTicket",
        seen="1.0.10 1.0.19 1.0.38",
        description="A ticket that is part of an offer",
    ),
    Tag(
        name="TicketingOfferTicketSession",
        seen="1.0.10 1.0.19 1.0.38",
        description="A start time that can be chosen for an offer ticket",
        since=NEW_MODEL,
    ),
    Tag(
        name="TicketingProductBaseOption",
        seen="1.0.10 1.0.19 1.0.38",
        description="A dimension in which a base's products differ",
        since=NEW_MODEL,
    ),
    Tag(
        name="TicketingProductBaseOptionValue",
        seen="1.0.10 1.0.19 1.0.38",
        description="One position on such a dimension",
        since=NEW_MODEL,
    ),
    Tag(
        name="TicketingProductBase",
        seen="1.0.10 1.0.19 1.0.38 release",
        description="Heading under which variants of a product stand",
        since=NEW_MODEL,
    ),
    Tag(name="TicketingProduct", seen="1.0.10 1.0.19", description="One thing for sale, in one variant"),
    Tag(
        name="TicketingSessionAvailability", description="Places left on a date of an event", until=OLD_MODEL
    ),
    Tag(name="TicketingSession", description="A date on which an event takes place", until=OLD_MODEL),
)


@frozen(kw_only=True)
class Parameter(Held):
    """A query parameter, or a path parameter that is not an id.

    Attributes:
        name: On the wire.
        schema: Of its value.
        description: In own words; None where the API's authors wrote none.
        stock_since: The first version in which the generator put its own words where the authors wrote none.
    """

    name: str
    schema: dict[str, Any]
    description: str | None = None
    stock_since: str = ""


PAGE = (
    Parameter(
        name="page",
        schema={"type": "integer", "default": 1},
        description="Which page of the collection to answer with, counted from 1",
    ),
    Parameter(
        name="itemsPerPage",
        schema={"type": "integer", "default": 10, "minimum": 0, "maximum": 50},
        description="How many members a page holds at most",
    ),
)


def _order(name: str) -> Parameter:
    return Parameter(
        name=f"order[{name}]",
        schema={"type": "string", "enum": ["asc", "desc"]},
        description=f"Sort by `{name}`, ascending or descending",
    )


def _dates(name: str, **described: str) -> tuple[Parameter, ...]:
    """Give the four date filters of a field; without words of their own if stock words are named."""
    words = {
        "after": "on this date or later",
        "strictly_after": "later than this date",
        "before": "on this date or earlier",
        "strictly_before": "earlier than this date",
    }
    return tuple(
        Parameter(
            name=f"{name}[{bound}]",
            schema={"type": "string", "pattern": DATE},
            description=None if described else f"Only those whose `{name}` is {meaning} (YYYY-MM-DD)",
            **described,
        )
        for bound, meaning in words.items()
    )


Kind = Literal["list", "show", "create", "update"]


@frozen(kw_only=True)
class Operation(Held):
    """One operation.

    Attributes:
        method: In lower case.
        path: From the root of the server.
        tag: Its tag, which is also the resource that its path identifiers named ``id`` belong to.
        kind: What it does, which decides its error responses and the stock words of its answer.
        answer: The key of the schema that it answers with (of a member, if it is a list).
        summary: One line in own words.
        description: What is good to know.
        paged: Whether a list comes in pages.
        query: Its query parameters after those for paging.
        body: The key of the schema of its request body.
        proposed: Whether the operation itself is a proposal (P6, P7) in every version.
        answer_proposed: Whether the status of its answer is one.
    """

    method: Literal["get", "post", "patch"]
    path: str
    tag: str
    kind: Kind
    answer: str
    summary: str
    description: str
    paged: bool = False
    query: tuple[Parameter, ...] = field(default=())
    body: str | None = None
    proposed: bool = False
    answer_proposed: bool = False

    @property
    def operation_id(self) -> str:
        """Give the operationId in the generator's manner: from the path, with the method behind it."""
        path = "".join(
            f"_{part[1:-1]}" if part[0] == "{" else part for part in self.path.strip("/").split("/")
        )
        suffix = {"list": "get_collection", "show": "get", "create": "post", "update": "patch"}[self.kind]
        return f"api_{path}_{suffix}"


C = "/v1/ticketing/catalogs"
O = "/v1/booking/orders"  # noqa: E741 - the letters of the API reference
R = "/v1/booking/reservations"
TICKET = f"{O}/{{orderId}}/items/{{orderItemId}}/tickets/{{id}}"
OFFERS = f"{C}/{{catalogId}}/offers"
BASES = f"{C}/{{catalogId}}/product_bases"
EVENTS = f"{C}/{{catalogId}}/events"

OPERATIONS = (
    Operation(
        method="get",
        path=f"{O}/{{orderId}}/documents",
        tag="BookingOrderDocument",
        kind="list",
        since="1.0.19",
        seen="1.0.19 1.0.38",
        answer="document",
        summary="List an order's documents",
        description="All files of the order at once; this list has no pages. `downloadableAt` tells from "
        "when on a file can be had.",
    ),
    Operation(
        method="get",
        path=f"{O}/{{orderId}}/documents/{{id}}",
        tag="BookingOrderDocument",
        kind="show",
        since="1.0.19",
        seen="1.0.19 1.0.38",
        answer="document",
        summary="Show one document",
        description="Says from when on the file can be had, not where: for that, update the document.",
    ),
    Operation(
        method="patch",
        path=f"{O}/{{orderId}}/documents/{{id}}",
        tag="BookingOrderDocument",
        kind="update",
        seen="1.0.7 1.0.38",
        answer="patched_document",
        body="PatchOrderDocumentInput",
        summary="Get a temporary download address",
        description="Send an empty object. The answer holds a signed address on the storage host that "
        "stops working soon: fetch the file at once, without the access token, and do not "
        "pass the address on. `Accept-Language` chooses the language of the file; without it "
        "the catalogue's own is used.",
    ),
    Operation(
        method="get",
        path=TICKET,
        tag="BookingOrderItemTicket",
        kind="show",
        seen="1.0.4 1.0.7 1.0.19 1.0.38",
        answer="ticket",
        summary="Show one issued ticket",
        description="Tells which data of its beneficiary are still wanted, and until when.",
    ),
    Operation(
        method="patch",
        path=TICKET,
        tag="BookingOrderItemTicket",
        kind="update",
        seen="1.0.4 1.0.7 1.0.19 1.0.38",
        answer="ticket",
        body="PatchOrderItemTicketInput",
        summary="Set a ticket's beneficiary",
        description="Names the person who will use the ticket. First and last name are always needed, "
        "whatever else the ticket asks for.",
    ),
    Operation(
        method="get",
        path=O,
        tag="BookingOrder",
        kind="list",
        paged=True,
        seen="1.0.7",
        answer="order",
        query=(
            Parameter(
                name="external_reference",
                schema={"type": "string", "pattern": "^.{1,50}$"},
                description="Only orders placed under this reference of your own (in a body it is called "
                "`externalReference`)",
            ),
            _order("createdAt"),
            *_dates("createdAt"),
        ),
        summary="List orders",
        description="The orders of your organisation, a page at a time.",
    ),
    Operation(
        method="post",
        path=f"{O}/_bulk",
        tag="BookingOrder",
        kind="create",
        seen="1.0.7 release",
        answer="order_answer",
        body="BulkOrderInput",
        summary="Turn reservations into orders",
        description="The request is checked as a whole first: if it is wrong, nothing is ordered and the "
        "answer is 422. Then each reservation is ordered with its issuer, and some may fail "
        "while others succeed: the status is 200 all the same, and those that failed stand in "
        "`failedOrders`.",
    ),
    Operation(
        method="get",
        path=f"{O}/{{id}}",
        tag="BookingOrder",
        kind="show",
        seen="1.0.7",
        answer="order",
        summary="Show one order",
        description="With its items and their tickets.",
    ),
    Operation(
        method="get",
        path=R,
        tag="BookingReservation",
        kind="list",
        paged=True,
        seen="1.0.7 1.0.10",
        answer="reservation",
        query=(_order("createdAt"),),
        summary="List reservations",
        description="The reservations of your organisation, a page at a time.",
    ),
    Operation(
        method="post",
        path=f"{R}/_bulk",
        tag="BookingReservation",
        kind="create",
        seen="1.0.7 1.0.10",
        answer="reservation_answer",
        body="BulkReservationInput",
        answer_proposed=True,
        summary="Reserve one or more offers",
        description="Each item names an offer, how many of it, and for every ticket of the offer its "
        "session and form answers where it needs them. The request is checked as a whole "
        "first: if it is wrong, nothing is held and the answer is 422. Then each issuer is "
        "asked, and some offers may be held while others fail: the status is 200 all the "
        "same, and those that failed stand in `failedReservations`. Every reservation ends at "
        "its own `expiresAt`.",
    ),
    Operation(
        method="get",
        path=f"{R}/{{id}}",
        tag="BookingReservation",
        kind="show",
        seen="1.0.7 1.0.10",
        answer="reservation",
        summary="Show one reservation",
        description="Names its order once it has been ordered, and tells whether it has expired.",
    ),
    Operation(
        method="get",
        path="/v1/forms/{id}",
        tag="Form",
        kind="show",
        until=NEW_MODEL,
        answer="form",
        summary="Show a form and its fields",
        description="What a ticket's issuer asks for; the answers are sent with the reservation.",
    ),
    Operation(
        method="get",
        path=C,
        tag="TicketingCatalog",
        kind="list",
        paged=True,
        seen="1.0.10 1.0.19",
        answer="catalog",
        query=(_order("createdAt"),),
        summary="List the catalogues open to you",
        description="An empty list means that no catalogue has been granted to your organisation.",
    ),
    Operation(
        method="get",
        path=OFFERS,
        tag="TicketingOffer",
        kind="list",
        paged=True,
        seen="1.0.7 1.0.19 1.0.38 release",
        answer="offer",
        query=(
            _order("date"),
            *_dates("date", stock_since="1.0.38"),
            Parameter(
                name="product[]",
                schema={"type": "array", "items": {"type": "string", "x-evidence": "inferred"}},
                description="Only offers of these products, by id; repeat the parameter for several",
            ),
            Parameter(
                name="productBaseId",
                schema={"type": "string", "x-evidence": "inferred"},
                since="release",
                description="Only offers of the products of this base, by its id",
            ),
            Parameter(
                name="session",
                schema={"type": "string", "pattern": UUID_V7},
                description="Only offers for this session, by its id",
            ),
            Parameter(
                name="optionValuesContext[]",
                schema={"type": "array", "items": {"type": "string", "x-evidence": "inferred"}},
                since="release",
                description="Only offers with these option values; repeat the parameter for several",
            ),
        ),
        summary="List offers of a catalogue",
        description="Prices and quantities here are good for display and may be kept for a day; ask for "
        "the price and the availability of an offer itself before reserving it.",
    ),
    Operation(
        method="get",
        path=f"{OFFERS}/{{id}}/availability",
        tag="TicketingOfferAvailability",
        kind="show",
        answer="offer_availability",
        summary="Ask what is left of an offer",
        description="Asked live. Wanted before reserving an offer whose `availabilityCheckRequired` is true.",
    ),
    Operation(
        method="get",
        path=f"{OFFERS}/{{id}}/price",
        tag="TicketingOfferPrice",
        kind="show",
        seen="1.0.7",
        answer="offer_price",
        summary="Ask an offer's current price",
        description="Asked live. Wanted before reserving an offer whose `realtimePriceRequired` is true.",
    ),
    Operation(
        method="get",
        path=f"{OFFERS}/{{offerId}}/tickets",
        tag="TicketingOfferTicket",
        kind="list",
        until=OLD_MODEL,
        answer="offer_ticket",
        summary="List an offer's tickets",
        description="All tickets that the offer holds, at once; this list has no pages.",
    ),
    Operation(
        method="get",
        path=f"{OFFERS}/{{offerId}}/tickets/{{id}}",
        tag="TicketingOfferTicket",
        kind="show",
        since=NEW_MODEL,
        seen="1.0.19 1.0.38",
        answer="offer_ticket",
        summary="Show one ticket of an offer",
        description="Tells whether a session has to be chosen for it.",
    ),
    Operation(
        method="get",
        path=f"{OFFERS}/{{offerId}}/tickets/{{offerTicketId}}/sessions",
        tag="TicketingOfferTicketSession",
        kind="list",
        paged=True,
        since=NEW_MODEL,
        proposed=True,
        answer="offer_ticket_session",
        summary="List the time slots of an offer ticket",
        description="The start times to choose from when a ticket is not good for the whole day.",
    ),
    Operation(
        method="get",
        path=BASES,
        tag="TicketingProductBase",
        kind="list",
        paged=True,
        since=NEW_MODEL,
        seen="1.0.38 release",
        answer="product_base",
        query=(
            Parameter(
                name="withDisabled",
                schema={"type": "boolean", "pattern": "true|false"},
                since="1.0.38",
                description="Whether to list disabled bases too; they are left out otherwise",
            ),
        ),
        summary="Browse the product bases of a catalogue",
        description="Each base is a heading for the variants of one product.",
    ),
    Operation(
        method="get",
        path=f"{BASES}/{{productBaseId}}/products",
        tag="TicketingProduct",
        kind="list",
        paged=True,
        since=NEW_MODEL,
        answer="product",
        summary="List the products of a base",
        description="The variants that can be bought.",
    ),
    Operation(
        method="get",
        path=f"{C}/{{catalogId}}/products",
        tag="TicketingProduct",
        kind="list",
        paged=True,
        until=OLD_MODEL,
        answer="product",
        summary="List products of a catalogue",
        description="Everything that the catalogue's issuer sells.",
    ),
    Operation(
        method="get",
        path=f"{BASES}/{{productBaseId}}/options",
        tag="TicketingProductBaseOption",
        kind="list",
        paged=True,
        since=NEW_MODEL,
        proposed=True,
        answer="product_base_option",
        summary="List the options of a base",
        description="The dimensions in which the products of the base differ.",
    ),
    Operation(
        method="get",
        path=f"{BASES}/{{productBaseId}}/options/{{code}}/values",
        tag="TicketingProductBaseOptionValue",
        kind="list",
        paged=True,
        since=NEW_MODEL,
        answer="product_base_option_value",
        summary="List the values of an option",
        description="What can be chosen along one dimension of the base.",
    ),
    Operation(
        method="get",
        path=EVENTS,
        tag="TicketingEvent",
        kind="list",
        paged=True,
        until=OLD_MODEL,
        answer="event",
        summary="List events",
        description="What takes place at the catalogue's issuer.",
    ),
    Operation(
        method="get",
        path=f"{EVENTS}/{{id}}",
        tag="TicketingEvent",
        kind="show",
        until=OLD_MODEL,
        answer="event",
        summary="Show one event",
        description="Its name and what is said of it.",
    ),
    Operation(
        method="get",
        path=f"{EVENTS}/{{eventId}}/sessions",
        tag="TicketingSession",
        kind="list",
        paged=True,
        until=OLD_MODEL,
        answer="session",
        summary="List an event's occurrences",
        description="When the event takes place.",
    ),
    Operation(
        method="get",
        path=f"{EVENTS}/{{eventId}}/sessions/{{id}}/availability",
        tag="TicketingSessionAvailability",
        kind="show",
        until=OLD_MODEL,
        answer="session_availability",
        summary="Ask what is left of an occurrence",
        description="Asked live. Wanted before reserving a session with limited places.",
    ),
)
