"""Answers of the API as JSON objects: keys, order, types and formats of the newest description.

Embedded objects carry ``@type`` and ``@id`` as in the published samples; where the reference proposes a shape
(P6, P7, P10, P11, P13, P14, P16, P17) it is used. Only the top level of an answer has an ``@context``.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING

from korus.sandbox.catalogue import (
    Base,
    Catalog,
    Form,
    FormField,
    Offer,
    OfferTicket,
    Option,
    OptionValue,
    Product,
    Session,
    sessions_of,
    tickets_of,
)
from korus.sandbox.clock import stamp
from korus.sandbox.ids import genid
from korus.sandbox.money import amount, without_tax

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from korus.sandbox.boxoffice import (
        BoxOffice,
        Document,
        Failure,
        IssuedTicket,
        Order,
        Request,
        Reservation,
    )
    from korus.sandbox.problems import JsonObject

__all__ = [
    "availability",
    "base",
    "catalog",
    "document",
    "failed_order",
    "failed_reservation",
    "form",
    "offer_fragments",
    "offer_ticket",
    "option",
    "option_value",
    "order",
    "patched_document",
    "price",
    "product",
    "reservation",
    "reservation_fragments",
    "session",
    "ticket",
]


def catalog(item: Catalog, language: str, synced: datetime) -> JsonObject:
    """Write a catalogue (reference 4.2)."""
    return {
        "@id": item.iri,
        "@type": "TicketingCatalog",
        "id": item.id,
        "createdAt": stamp(item.created),
        "lastSyncedAt": stamp(synced),
        "name": item.plan.name.in_language(language),
    }


def base(item: Base, language: str) -> JsonObject:
    """Write a product base (4.3, P10)."""
    plan, venue = item.plan, item.catalog.plan.venue
    description = plan.description.in_language(language)
    return {
        "@id": item.iri,
        "@type": "TicketingProductBase",
        "id": item.id,
        "name": plan.name.in_language(language),
        "disabled": plan.disabled,
        "description": description or None,
        "shortDescription": None,
        "termsOfUse": None,
        "useSession": any(ticket.sessions for product in plan.products for ticket in product.tickets),
        "timezone": item.catalog.plan.timezone,
        "recurring": any(product.dated for product in plan.products),
        "beneficiaryInfoMayBeRequired": plan.names != "none",
        "instantDocumentDelivery": plan.instant,
        "maxAmountPerOrder": plan.maximum,
        "universe": plan.universe,
        "venue": {
            "name": venue.name,
            "line1": venue.line1,
            "line2": None,
            "postalCode": venue.postal_code,
            "city": venue.city,
            "country": venue.country,
            "phone": venue.phone,
            "website": venue.website,
            "latitude": venue.latitude,
            "longitude": venue.longitude,
        },
        "medias": {"logo": None, "gallery": [{"url": f"{venue.website}/{plan.code}.jpg", "position": 0}]},
    }


def option(item: Option, base_iri: str, language: str) -> JsonObject:
    """Write an option of a base (4.4, P7)."""
    return {
        "@id": f"{base_iri}/options/{item.code}",
        "@type": "TicketingProductBaseOption",
        "code": item.code,
        "label": item.plan.label.in_language(language),
    }


def option_value(item: OptionValue, language: str) -> JsonObject:
    """Write a value of an option (4.4, P7)."""
    return {
        "@id": item.iri,
        "@type": "TicketingProductBaseOptionValue",
        "id": item.id,
        "code": item.code,
        "label": item.label_fr if language == "fr" else item.label_en,
        "value": item.code,
    }


def seat_map(item: Session, base_iri: str) -> JsonObject:
    """Write the seat map of a session (P23)."""
    return {
        "@context": "/contexts/TicketingSeatMap",
        "@id": f"{base_iri}/seat_maps/{item.id}",
        "@type": "TicketingSeatMap",
        "id": item.id,
    }


def product(item: Product, language: str) -> JsonObject:
    """Write a product (4.5)."""
    return {
        "@id": item.iri,
        "@type": "TicketingProduct",
        "id": item.id,
        "name": item.plan.name.in_language(language),
        "description": item.plan.description.in_language(language),
        "disabled": item.plan.disabled,
    }


def offer_ticket(item: OfferTicket, language: str) -> JsonObject:
    """Write a ticket of an offer (4.8, P11; ``form`` by P21)."""
    return {
        "@id": item.iri,
        "@type": "TicketingOfferTicket",
        "id": item.id,
        "name": item.plan.name.in_language(language),
        "description": item.plan.description.in_language(language),
        "dateAccess": not item.needs_session,
        "form": None if item.form is None else item.form.iri,
    }


def _offer(item: Offer, language: str) -> JsonObject:
    original = item.product.plan.original_price
    return {
        "@id": item.iri,
        "@type": "TicketingOffer",
        "id": item.id,
        "date": None if item.date is None else item.date.isoformat(),
        "availabilityCheckRequired": item.limited,
        "realtimePriceRequired": item.product.plan.dynamic,
        "price": {
            "@type": "OfferPrice",
            "@id": genid(item.id, "price"),
            "amountInclTax": amount(item.price),
            "originalAmountInclTax": None if original is None else amount(max(original, item.price)),
            "currency": "eur",
        },
        "product": product(item.product, language),
        "tickets": [offer_ticket(each, language) for each in tickets_of(item)],
    }


@lru_cache(maxsize=131_072)
def _offer_text(item: Offer, language: str) -> str:
    return json.dumps(_offer(item, language), ensure_ascii=False, separators=(",", ":"))


def offer_fragments(items: Sequence[Offer], box_office: BoxOffice, language: str) -> list[str]:
    """Write offers (4.6, P11) as JSON texts; all but their quantities is cached."""
    return [
        f'{_offer_text(item, language)[:-1]},"availableQuantity":{"null" if left is None else left}}}'
        for item, left in zip(items, box_office.available_of(items), strict=True)
    ]


def availability(item: Offer, box_office: BoxOffice) -> JsonObject:
    """Write the stock of an offer and of its sessions (4.7)."""
    return {
        "@context": "/contexts/TicketingOfferAvailability",
        "@id": f"{item.iri}/availability",
        "@type": "TicketingOfferAvailability",
        "availableQuantity": box_office.available(item),
        "sessionsAvailability": [
            {
                "@type": "SessionAvailability",
                "@id": genid(each.id, "availability"),
                "session": each.iri,
                "availableQuantity": box_office.session_available(each),
            }
            for its_ticket in tickets_of(item)
            for each in sessions_of(its_ticket)
        ],
    }


def price(item: Offer, box_office: BoxOffice) -> JsonObject:
    """Write an offer's current price (4.7); the type is the offer's, as in traffic."""
    cents = box_office.price(item)
    plan = item.catalog.plan
    return {
        "@context": "/contexts/TicketingOffer",
        "@id": f"{item.iri}/price",
        "@type": "TicketingOffer",
        "amountInclTax": amount(cents),
        "amountExclTax": amount(without_tax(cents, plan.tax_percent)) if plan.states_net_prices else None,
        "currency": "eur",
    }


def session(item: Session, box_office: BoxOffice) -> JsonObject:
    """Write a start time (4.18, P6), with the venue's own offset."""
    return {
        "@id": item.iri,
        "@type": "TicketingOfferTicketSession",
        "id": item.id,
        "occursAt": item.occurs_at.isoformat(timespec="seconds"),
        "availableQuantity": box_office.session_available(item),
    }


def _field(item: FormField, language: str) -> JsonObject:
    return {
        "@id": item.iri,
        "@type": "FormField",
        "id": item.id,
        "code": item.plan.code,
        "label": item.plan.label.in_language(language),
        "type": item.plan.type,
        "required": item.plan.required,
        "choices": [
            {
                "@type": "FormFieldChoice",
                "@id": genid(item.id, choice.code),
                "code": choice.code,
                "label": choice.label.in_language(language),
            }
            for choice in item.choices
        ],
    }


def form(item: Form, language: str) -> JsonObject:
    """Write a form with its fields (4.17, P17)."""
    return {
        "@context": "/contexts/Form",
        "@id": item.iri,
        "@type": "Form",
        "id": item.id,
        "code": item.plan.code,
        "fields": [_field(each, language) for each in item.fields],
    }


def _reservation_item(item: Reservation, unit: int) -> JsonObject:
    request, plan = item.request, item.request.offer.catalog.plan
    net = amount(without_tax(item.unit_price, plan.tax_percent)) if plan.states_net_prices else None
    return {
        "@type": "ReservationItem",
        "@id": genid(item.id, unit),
        "amountInclTax": amount(item.unit_price),
        "amountExclTax": net,
        "date": None if request.offer.date is None else request.offer.date.isoformat(),
        "offer": request.offer.iri,
        "product": request.offer.product.iri,
        "offerTickets": [
            {
                "@type": "ReservationItemOfferTicket",
                "@id": genid(item.id, unit, its_ticket.id),
                "ticket": its_ticket.iri,
                "session": None if its_session is None else its_session.iri,
                "seating": {},
            }
            for its_ticket, its_session in request.sessions
        ],
    }


def reservation(item: Reservation, box_office: BoxOffice) -> JsonObject:
    """Write a reservation (4.10); ``items`` has one entry for every unit held."""
    return _reservation(item, item.expired(box_office.clock.now()), item.order, item.expires, item.released)


def _reservation(
    item: Reservation, expired: bool, order_id: str | None, expires: datetime, released: bool
) -> JsonObject:
    offer, quantity = item.request.offer, item.request.quantity
    plan = offer.catalog.plan
    gross = item.unit_price * quantity
    net = (
        amount(without_tax(item.unit_price, plan.tax_percent) * quantity) if plan.states_net_prices else None
    )
    return {
        "@id": item.iri,
        "@type": "BookingReservation",
        "expired": expired,
        "catalog": offer.catalog.iri,
        "id": item.id,
        "createdAt": stamp(item.created),
        "totalAmountInclTax": amount(gross),
        "totalAmountExclTax": net,
        "expiresAt": stamp(expires),
        "items": [_reservation_item(item, unit) for unit in range(quantity)],
        "organization": f"/v1/organizations/{item.organization}",
        "order": None if order_id is None else f"/v1/booking/orders/{order_id}",
        "seatsArrangement": "ADJACENT" if offer.product.base.plan.universe == "sport" else "UNKNOWN",
        "releasable": order_id is None and not released,
        "status": "released" if released else "reserved",
    }


@lru_cache(maxsize=16_384)
def _reservation_text(
    item: Reservation, expired: bool, order_id: str | None, expires: datetime, released: bool
) -> str:
    written = _reservation(item, expired, order_id, expires, released)
    return json.dumps(written, ensure_ascii=False, separators=(",", ":"))


def reservation_fragments(items: Sequence[Reservation], box_office: BoxOffice) -> list[str]:
    """Write reservations as JSON texts; each is cached until it changes."""
    now = box_office.clock.now()
    return [
        _reservation_text(item, item.expired(now), item.order, item.expires, item.released) for item in items
    ]


def failed_reservation(request: Request, failure: Failure) -> JsonObject:
    """Write a line that could not be held (4.11, P14)."""
    return {
        "@type": "FailedReservation",
        "@id": genid(request.offer.id, request.quantity, failure.code),
        "offer": request.offer.iri,
        "quantity": request.quantity,
        "code": failure.code,
        "message": failure.message,
    }


def _ticket_fields(item: IssuedTicket) -> JsonObject:
    named = None
    if item.beneficiary is not None:
        named = {
            "@type": "OrderItemTicketBeneficiary",
            "@id": genid(item.id, "beneficiary"),
            **{name: item.beneficiary.get(name) for name in _BENEFICIARY_ORDER},
        }
    return {
        "id": item.id,
        "voucher": item.voucher,
        "occursAt": None if item.occurs_at is None else stamp(item.occurs_at),
        "requiredBeneficiaryFields": list(item.required),
        "beneficiary": named,
        "beneficiaryDesignationDeadline": None if item.deadline is None else stamp(item.deadline),
        "beneficiaryAmendable": item.amendable,
        "status": "validated" if item.complete else "waiting_beneficiary_data",
        "seating": {},
    }


_CUSTOMER_ORDER = ("firstname", "lastname", "email", "phone", "optin", "country", "language", "title")
_BENEFICIARY_ORDER = (
    "firstname",
    "lastname",
    "email",
    "phone",
    "title",
    "dateOfBirth",
    "placeOfBirth",
    "nationality",
)


def ticket(item: IssuedTicket) -> JsonObject:
    """Write an issued ticket fetched by itself (4.15)."""
    return {
        "@context": "/contexts/BookingOrderItemTicket",
        "@id": item.iri,
        "@type": "BookingOrderItemTicket",
        **_ticket_fields(item),
    }


def order(item: Order) -> JsonObject:
    """Write an order (4.13), with its one item and the item's tickets."""
    held = item.reservation
    offer, quantity = held.request.offer, held.request.quantity
    net = without_tax(held.unit_price, offer.catalog.plan.tax_percent)
    totals = {
        "totalAmountInclTax": amount(held.unit_price * quantity),
        "totalAmountExclTax": amount(net * quantity),
    }
    customer: JsonObject = {"optin": False, **item.customer}
    return {
        "@id": item.iri,
        "@type": "BookingOrder",
        "id": item.id,
        "createdAt": stamp(item.created),
        "catalog": offer.catalog.iri,
        "organization": f"/v1/organizations/{item.organization}",
        "reference": item.reference,
        "externalReference": item.external_reference,
        "connectorReference": item.connector_reference,
        **totals,
        "reservation": held.iri,
        "customer": {
            "@type": "OrderCustomer",
            "@id": genid(item.id, "customer"),
            **{name: customer[name] for name in _CUSTOMER_ORDER if name in customer},
        },
        "status": "confirmed",
        "cancelledAt": None,
        "items": [
            {
                "@type": "OrderItem",
                "@id": genid(item.item_id),
                "unitAmountInclTax": amount(held.unit_price),
                "unitAmountExclTax": amount(net),
                "quantity": quantity,
                **totals,
                "id": item.item_id,
                "amountInclTax": totals["totalAmountInclTax"],
                "amountExclTax": totals["totalAmountExclTax"],
                "date": None if offer.date is None else offer.date.isoformat(),
                "product": offer.product.iri,
                "tickets": [
                    {"@type": "OrderItemTicketResource", "@id": each.iri, **_ticket_fields(each)}
                    for each in item.tickets
                ],
            }
        ],
    }


def failed_order(held: Reservation, failure: Failure) -> JsonObject:
    """Write a reservation that could not be ordered (4.14, P16)."""
    return {
        "@type": "FailedOrder",
        "@id": genid(held.id, failure.code),
        "reservation": held.iri,
        "code": failure.code,
        "message": failure.message,
    }


def document(item: Document, order_iri: str) -> JsonObject:
    """Write a document as listed and read (4.16)."""
    return {
        "@id": f"{order_iri}/documents/{item.id}",
        "@type": "BookingOrderDocument",
        "id": item.id,
        "downloadableAt": stamp(item.downloadable),
    }


def patched_document(item: Document, order_iri: str, url: str, language: str) -> JsonObject:
    """Write a document with its temporary address (4.16)."""
    return {
        "@context": "/contexts/BookingOrderDocument",
        "@id": f"{order_iri}/documents/{item.id}",
        "@type": "BookingOrderDocument",
        "id": item.id,
        "temporaryUrl": url,
        "cachedLanguage": language,
    }
