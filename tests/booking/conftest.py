"""Things to book: offers, tickets and forms as the API says them."""

from typing import ClassVar

import pytest

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


SETTLE = 0.4


class Front:
    """A sandbox, a client of either colour, and shortcuts to what tests need of both."""

    customer: ClassVar = {"firstname": "Ada", "lastname": "Lovelace", "email": "ada@example.org"}

    def __init__(self, clients, sandbox, journal=None):
        self.clients = clients
        self.sandbox = sandbox
        self.journal = journal
        self.korus = self.client()

    def client(self, **options):
        from korus import RetryPolicy, Timeouts

        return self.clients.make(
            **{
                "retry": RetryPolicy(first_wait=0.01, longest_wait=0.05, settle=SETTLE),
                "timeout": Timeouts(total=5.0),
                "journal": self.journal,
                **options,
            }
        )

    def offers(self, count=1, *, stock=1000, form=False, session=False):
        """Give offers of the park, with so many left, whose tickets do or do not need sessions and forms."""
        found = []
        for catalog in self.korus.catalogs.list():
            for offer in self.korus.offers.list(catalog, sort="desc", page_size=50):
                tickets = offer.tickets
                needs = any(not ticket.date_access for ticket in tickets)
                asks = any(ticket.form for ticket in tickets)
                if session not in {None, needs} or asks is not form or offer.product.disabled:
                    continue
                self.sandbox.set_stock(offer.iri, stock)
                found.append(offer)
                if len(found) == count:
                    return found
        raise AssertionError("the sandbox has no such offers")

    def hold(self, *offers, quantity=1):
        booking = self.korus.reservations.bulk()
        for offer in offers:
            booking.add(offer, quantity=quantity)
        return booking.submit()

    def order(self, held, reference="SHOP-1", **more):
        return self.korus.orders.create(
            held, **{"customer": self.customer, "external_reference": reference, **more}
        )

    def requests(self, operation):
        return self.sandbox.inspect.requests[operation]


@pytest.fixture(params=["sync", "async"])
def colour(request):
    return request.param


@pytest.fixture
def clients(colour):
    from booking_colours import Clients

    from korus.sandbox import Sandbox

    with Sandbox(seed=7, offers=300) as sandbox:
        made = Clients(colour, sandbox)
        yield made
        made.close()


@pytest.fixture
def front(clients):
    return Front(clients, clients.sandbox)


@pytest.fixture
def shared_front(clients, tmp_path):
    """A front whose clients share an intent log: only then can a lost hold be told from somebody else's."""
    return Front(clients, clients.sandbox, journal=str(tmp_path / "bookings.db"))
