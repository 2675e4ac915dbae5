"""One test, sync and async: an asynchronous client that is called like a synchronous one."""

import inspect
from typing import ClassVar

import pytest
from anyio.from_thread import start_blocking_portal

from korus import AsyncKorus, Korus


class Blocking:
    """Calls the coroutines of an asynchronous object in an event loop of their own, and waits."""

    def __init__(self, inner, portal):
        self._inner = inner
        self._portal = portal

    def __getattr__(self, name):
        found = getattr(self._inner, name)
        return self._blocking(found) if inspect.ismethod(found) else self._wrapped(found)

    def __len__(self):
        return len(self._inner)

    def __iter__(self):
        async def collect():
            return [item async for item in self._inner]

        return iter(self._portal.call(collect))

    def _wrapped(self, value):
        if type(value).__name__.startswith("Async"):
            return Blocking(value, self._portal)
        return value

    def _blocking(self, method):
        def call(*args, **kwargs):
            async def run():
                result = method(*args, **kwargs)
                return await result if inspect.isawaitable(result) else result

            return self._wrapped(self._portal.call(run))

        return call


class Clients:
    """Makes sync or async clients for a sandbox, and closes them."""

    def __init__(self, client_kind, sandbox):
        self.client_kind = client_kind
        self.sandbox = sandbox
        self._closing = []
        self._portal = None
        if client_kind == "async":
            portal = start_blocking_portal()
            self._portal = portal.__enter__()
            self._closing.append(lambda: portal.__exit__(None, None, None))

    def make(self, **options):
        settings = {
            **self.sandbox.credentials,
            "base_url": self.sandbox.base_url,
            "token_url": self.sandbox.token_url,
            **options,
        }
        if self.client_kind == "sync":
            client = Korus(**settings)
            self._closing.append(client.close)
            return client
        client = Blocking(AsyncKorus(**settings), self._portal)
        self._closing.append(client.aclose)
        return client

    def blocking(self, value):
        """Make what a shared object gave callable."""
        return Blocking(value, self._portal) if self.client_kind == "async" else value

    def close(self):
        for close in reversed(self._closing):
            close()


SETTLE = 0.4


class Front:
    """A sandbox, a sync or async client, and shortcuts to what tests need of both."""

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
        """Return offers of the park, with so many left, whose tickets do or do not need sessions and forms."""
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
def client_kind(request):
    return request.param


@pytest.fixture
def clients(client_kind):
    from korus.sandbox import Sandbox

    with Sandbox(seed=7, offers=300) as sandbox:
        made = Clients(client_kind, sandbox)
        yield made
        made.close()


@pytest.fixture
def front(clients):
    return Front(clients, clients.sandbox)


@pytest.fixture
def shared_front(clients, tmp_path):
    """A front whose clients share an intent log: only then can a lost hold be told from somebody else's."""
    return Front(clients, clients.sandbox, journal=str(tmp_path / "bookings.db"))
