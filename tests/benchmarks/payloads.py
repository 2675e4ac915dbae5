"""The answers and requests that are read and written: invented, always the same, shaped as the API's.

Sizes follow the published samples: a page has 50 offers of one or two tickets; an order has two items of two
tickets each. Ids differ from object to object, so that no reader gains by repetition.
"""

from __future__ import annotations

import json
import random
from typing import Any

__all__ = ["BASE", "CATALOG", "bulk_lines", "offer", "offers_page", "order", "orders_page", "page_of"]

CATALOG = "019a4f86-e5b1-7302-94ca-ffe36cb45d05"
BASE = f"/v1/ticketing/catalogs/{CATALOG}"
_OFFERS = f"{BASE}/offers"
_ORDERS = "/v1/booking/orders"


def _id(*seed: object) -> str:
    bits = random.Random(repr(seed)).getrandbits(122)
    text = f"{bits:032x}"
    return f"019{text[3:8]}-{text[8:12]}-7{text[13:16]}-a{text[17:20]}-{text[20:32]}"


def _genid(*seed: object) -> str:
    return f"/.well-known/genid/{random.Random(repr(seed)).getrandbits(80):020x}"


def _ticket(iri: str, number: int, index: int) -> dict[str, Any]:
    own = _id("ticket", number, index)
    return {
        "@id": f"{iri}/tickets/{own}",
        "@type": "TicketingOfferTicket",
        "id": own,
        "name": ("Admission", "Évening tour")[index],
        "description": "One entry",
        "dateAccess": index == 0,
        "form": f"/v1/forms/{_id('form')}" if index else None,
    }


def offer(number: int) -> dict[str, Any]:
    """Give one offer as a member of a list."""
    own = _id("offer", number)
    iri = f"{_OFFERS}/{own}"
    product = _id("product", number % 40)
    return {
        "@id": iri,
        "@type": "TicketingOffer",
        "id": own,
        "date": f"2027-{number // 28 % 12 + 1:02d}-{number % 28 + 1:02d}",
        "availabilityCheckRequired": number % 2 == 0,
        "realtimePriceRequired": False,
        "price": {
            "@type": "OfferPrice",
            "@id": _genid("price", number),
            "amountInclTax": f"{number % 90 + 10}.50",
            "originalAmountInclTax": None if number % 3 else "99.00",
            "currency": "eur",
        },
        "product": {
            "@id": f"{BASE}/products/{product}",
            "@type": "TicketingProduct",
            "id": product,
            "name": "Lantern workshop, adult",
            "description": "<p>Two hours, a bench, paper &amp; a lamp to take home.</p>",
            "disabled": False,
        },
        "tickets": [_ticket(iri, number, index) for index in range(1 + number % 2)],
        "availableQuantity": None if number % 5 == 0 else number % 1250,
    }


def order(number: int) -> dict[str, Any]:
    """Give one order as a member of a list."""
    own = _id("order", number)
    iri = f"{_ORDERS}/{own}"
    return {
        "@id": iri,
        "@type": "BookingOrder",
        "id": own,
        "createdAt": f"2027-02-{number % 28 + 1:02d}T14:05:{number % 60:02d}+00:00",
        "catalog": BASE,
        "organization": f"/v1/organizations/{_id('organization')}",
        "reference": f"LANTRN-{number:06X}",
        "externalReference": f"SHOP-{number}",
        "connectorReference": str(5000 + number),
        "totalAmountInclTax": "146.00",
        "totalAmountExclTax": "132.72",
        "reservation": f"/v1/booking/reservations/{_id('reservation', number)}",
        "customer": {
            "@type": "OrderCustomer",
            "@id": _genid("customer", number),
            "firstname": "Otto",
            "lastname": "Lind",
            "email": "otto.lind@example.org",
            "phone": "0639980456",
            "optin": False,
            "country": "FR",
            "language": "fr",
            "title": "mx",
        },
        "status": "confirmed",
        "cancelledAt": None,
        "items": [_item(iri, number, index) for index in range(2)],
    }


def _item(iri: str, number: int, index: int) -> dict[str, Any]:
    own = _id("item", number, index)
    return {
        "@type": "OrderItem",
        "@id": _genid("item", number, index),
        "unitAmountInclTax": "36.50",
        "unitAmountExclTax": "33.18",
        "quantity": 2,
        "totalAmountInclTax": "73.00",
        "totalAmountExclTax": "66.36",
        "id": own,
        "amountInclTax": "36.50",
        "amountExclTax": "33.18",
        "date": "2027-04-18",
        "product": f"{BASE}/products/{_id('product', number % 40)}",
        "tickets": [_issued(f"{iri}/items/{own}", number, index, place) for place in range(2)],
    }


def _issued(item: str, number: int, index: int, place: int) -> dict[str, Any]:
    own = _id("issued", number, index, place)
    return {
        "@type": "OrderItemTicketResource",
        "@id": f"{item}/tickets/{own}",
        "id": own,
        "voucher": f"44001122{number:04d}{index}{place}",
        "occursAt": "2027-04-18T09:30:00+02:00",
        "event": None,
        "requiredBeneficiaryFields": ["firstname", "lastname"],
        "beneficiary": None,
        "beneficiaryDesignationDeadline": "2027-04-17T22:00:00+00:00" if place else None,
        "beneficiaryAmendable": True,
        "status": "waiting_beneficiary_data",
        "seating": {},
    }


def page_of(
    members: list[dict[str, Any]], *, of: str, total: int, page: int = 1, size: int = 50
) -> dict[str, Any]:
    """Give one page of a list as the API writes it, links included."""
    last = max(-(-total // size), 1)

    def link(number: int) -> str:
        return f"{of}?itemsPerPage={size}&page={number}"

    view = {"@id": link(page), "@type": "PartialCollectionView", "first": link(1), "last": link(last)}
    if page > 1:
        view["previous"] = link(page - 1)
    if page < last:
        view["next"] = link(page + 1)
    return {
        "@context": "/contexts/TicketingOffer",
        "@id": of,
        "@type": "Collection",
        "totalItems": total,
        "member": members,
        "view": view,
    }


def offers_page(total: int = 3400, page: int = 1, size: int = 50) -> bytes:
    """Give a page of offers as bytes."""
    first = (page - 1) * size
    members = [offer(number) for number in range(first, min(first + size, total))]
    return _bytes(page_of(members, of=_OFFERS, total=total, page=page, size=size))


def orders_page(size: int = 50) -> bytes:
    """Give a page of orders as bytes."""
    return _bytes(page_of([order(number) for number in range(size)], of=_ORDERS, total=size, size=size))


def bulk_lines(count: int = 200) -> list[dict[str, Any]]:
    """Give the lines of a bulk reservation as plain values: two tickets each, with four answers."""
    lines: list[dict[str, Any]] = []
    for number in range(count):
        iri = f"{_OFFERS}/{_id('offer', number)}"
        sessions = [
            {
                "ticket": f"{iri}/tickets/{_id('ticket', number, index)}",
                "session": f"{iri}/tickets/{_id('ticket', number, index)}/sessions/{_id('session', number, index)}",
                "formData": {
                    "form": f"/v1/forms/{_id('form')}",
                    "fields": [
                        {"field": f"/v1/forms/{_id('form')}/fields/{_id('field', place)}", "value": value}
                        for place, value in enumerate(("nuts", "2", "true", "2027-04-18"))
                    ],
                },
            }
            for index in range(2)
        ]
        lines.append({"offer": iri, "quantity": number % 5 + 1, "ticketSessions": sessions})
    return lines


def _bytes(value: Any) -> bytes:
    # as the API's own encoder writes: slashes plain, text beyond ASCII escaped
    return json.dumps(value, separators=(",", ":")).encode()
