"""Things to book: offers, tickets and forms as the API says them."""

import pytest
from booking_front import client_kind, clients, front, shared_front

__all__ = ["client_kind", "clients", "front", "shared_front", "shared_shop", "shop"]

CATALOG = "/v1/ticketing/catalogs/019a4e61-e5b0-7246-801a-c1eb3bc7c567"


class Shop:
    """Makes the JSON of offers, tickets, sessions and forms."""

    catalog = CATALOG

    def offer_iri(self, number=1):
        return f"{CATALOG}/offers/019a57f7-0d80-7f8f-8d5c-{number:012d}"

    def ticket_iri(self, offer=1, number=1):
        return f"{self.offer_iri(offer)}/tickets/019a57f7-24f0-723c-800c-{number:012d}"

    def session_iri(self, offer=1, ticket=1, number=1):
        return f"{self.ticket_iri(offer, ticket)}/sessions/019a57f7-30a8-79f0-aeb7-{number:012d}"

    def form_iri(self, number=1):
        return f"/v1/forms/019a5d1d-6980-7e10-8b63-{number:012d}"

    def ticket(self, offer=1, number=1, *, date_access=True, form=None):
        return {
            "@id": self.ticket_iri(offer, number),
            "@type": "TicketingOfferTicket",
            "id": self.ticket_iri(offer, number).rsplit("/", 1)[1],
            "name": f"Ticket {number}",
            "dateAccess": date_access,
            "form": form,
        }

    def offer(self, number=1, *tickets, **more):
        return {
            "@id": self.offer_iri(number),
            "@type": "TicketingOffer",
            "id": self.offer_iri(number).rsplit("/", 1)[1],
            "date": "2026-04-18",
            "availabilityCheckRequired": True,
            "realtimePriceRequired": False,
            "price": {"amountInclTax": "36.50", "originalAmountInclTax": None, "currency": "eur"},
            "tickets": list(tickets or [self.ticket(number)]),
            **more,
        }

    def form(self, number=1, *fields):
        return {
            "@id": self.form_iri(number),
            "id": self.form_iri(number).rsplit("/", 1)[1],
            "fields": list(fields),
        }

    def field(self, form, number, code, type_="text", *, required=False, choices=()):
        identity = f"019a5d1d-6d68-7155-bfdc-{number:012d}"
        return {
            "@id": f"{self.form_iri(form)}/fields/{identity}",
            "id": identity,
            "code": code,
            "label": code.title(),
            "type": type_,
            "required": required,
            "choices": [{"code": choice, "label": choice.title()} for choice in choices],
        }


@pytest.fixture
def shop():
    return Shop()


@pytest.fixture(scope="session")
def shared_shop():
    """The same, for property tests, which may not have a fixture of each test."""
    return Shop()
