"""Sandbox: its parts put together, started and stopped."""

from __future__ import annotations

import signal
import threading
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Self

from korus.sandbox.admin import admin_routes
from korus.sandbox.app import TOKEN_PATH, Service, api_application, storage_application
from korus.sandbox.boxoffice import BoxOffice
from korus.sandbox.catalogue import Catalogue, build_catalogue, first_day_on_sale
from korus.sandbox.clock import Clock
from korus.sandbox.editing import CatalogEditor, Living
from korus.sandbox.faults import Faults
from korus.sandbox.ids import digest_of, last_segment, uuid7
from korus.sandbox.inspection import Inspection
from korus.sandbox.landing import landing_routes
from korus.sandbox.money import cents
from korus.sandbox.operations import World
from korus.sandbox.server import Server
from korus.sandbox.storage import Storage
from korus.sandbox.tokens import Client, TokenEndpoint
from korus.sandbox.vocabulary import vocabulary_routes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType, TracebackType

    from starlette.applications import Starlette

__all__ = ["DEFAULT_OFFERS", "Sandbox"]

DEFAULT_OFFERS = 3400
"""The default number of offers in the first catalogue: a little more than a year."""


class Sandbox:
    """A stand-in KorusTicket API with state, on loopback.

    It is **not the API**: its offers are invented, and where the API's behaviour is unknown it follows the proposals
    of the API reference's section 10. Use it as a context manager, or with :meth:`start` and
    :meth:`stop`::

        with Sandbox(seed=7) as sandbox:
            korus = Korus(**sandbox.credentials, base_url=sandbox.base_url, token_url=sandbox.token_url)

    Choices of the sandbox that the reference neither shows nor proposes: one reservation per line of a bulk
    call, with one entry of ``items`` per unit; one order per reservation with one item; documents are listed
    once every required beneficiary is named; a document asked for too early is a 422; entity tags and
    ``Cache-Control`` on the catalogue.

    Args:
        seed: The seed of the catalogue's ids, stock and prices, and of faults.
        offers: How many offers the first catalogue has (the others have some 2,700 more).
        latency: Seconds to wait before each answer.
        now: The time at which its clock begins, aware; the real time when None. The calendar begins on that day.
        frozen: True to stop its clock, so that only ``sandbox.clock.advance`` moves it.
        first_day: The first day on sale, if not today.
        hold: How long a hold lasts; 10 to 20 minutes, as each issuer has it, when None.
        document_delay: The time between the completion of an order and the download of its documents.
        url_lifetime: How long a temporary download address is valid.
        token_lifetime: How long an access token is valid, in seconds.
        refresh_lifetime: How long a refresh token is valid, in seconds; 0 issues none.
        living: Changes of the catalogue per second while it runs, drawn from the seed; see ``sandbox.catalog``.
        releases: Offer ``DELETE /v1/booking/reservations/{id}``, which no description of the API has yet.
        host: The address to bind. Anything but loopback lets others in.
        port: The API's port; 0 takes a free one.
        storage_port: The storage host's port; 0 takes a free one.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        offers: int = DEFAULT_OFFERS,
        latency: float = 0.0,
        now: datetime | None = None,
        frozen: bool = False,
        first_day: date | None = None,
        hold: timedelta | None = None,
        document_delay: timedelta = timedelta(seconds=1),
        url_lifetime: timedelta = timedelta(minutes=5),
        token_lifetime: int = 1800,
        refresh_lifetime: int = 1800,
        living: float = 0.0,
        releases: bool = False,
        host: str = "127.0.0.1",
        port: int = 0,
        storage_port: int = 0,
    ) -> None:
        self.seed = seed
        self.host = host
        self._wanted_ports = (port, storage_port)
        self._server: Server | None = None
        self.clock = Clock(now, frozen=frozen)
        self.catalogue: Catalogue = build_catalogue(
            seed, first_day or first_day_on_sale(self.clock.now()), offers
        ).own()
        self.box_office = BoxOffice(self.catalogue, self.clock, hold=hold, document_delay=document_delay)
        self.catalog = CatalogEditor(self.catalogue, self.box_office, self.clock)
        self._living = Living(self.catalog, living, seed)
        self.tokens = TokenEndpoint(self.clock, lifetime=token_lifetime, refresh_lifetime=refresh_lifetime)
        self.faults = Faults(seed)
        self.inspect = Inspection(self.box_office, self.tokens)
        self.service = Service(
            world=World(
                self.catalogue,
                self.box_office,
                Storage(self.clock, lifetime=url_lifetime),
                self.catalog.reading,
            ),
            clock=self.clock,
            tokens=self.tokens,
            faults=self.faults,
            inspect=self.inspect,
            latency=latency,
            releases=releases,
        )
        self.client = self.add_client("korus-sandbox", "sandbox-secret")
        self.service.extra_routes = (*landing_routes(self), *admin_routes(self), *vocabulary_routes())
        self.app: Starlette = api_application(self.service)

    # --- running --------------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Start the server, unless it runs.

        Raises:
            OSError: The port is taken.
        """
        if self._server is None:
            server = Server((self.app, storage_application(self.service)), self.host, self._wanted_ports)
            server.start()
            self._server = server
            self.service.storage.origin = self._origin(server.ports[1])
            self._living.start()
        return self

    def stop(self) -> None:
        """Stop the server; bookings stay, and :meth:`start` continues with them on other ports."""
        self._living.stop()
        if self._server is not None:
            self._server.stop()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def serve(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve in the foreground until the process is interrupted or terminated (SIGINT, SIGTERM).

        Args:
            ready: Called once it answers and can be stopped.
        """
        ended = threading.Event()

        def end(_: int, __: FrameType | None) -> None:
            ended.set()

        previous = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            with self:
                ready()
                while not ended.wait(timeout=1.0):  # a wait without end would not be interrupted everywhere
                    pass
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def refuse_connections(self, seconds: float) -> None:
        """Refuse connections for a time, like a server that restarts."""
        self._running.refuse_connections(seconds)

    @property
    def _running(self) -> Server:
        if self._server is None:
            raise RuntimeError("the sandbox is not running; use it as a context manager, or call start()")
        return self._server

    def _origin(self, port: int) -> str:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - compared with
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    # --- how to reach it ------------------------------------------------------------------------------------

    @property
    def base_url(self) -> str:
        """The API's origin, without a slash at the end."""
        return self._origin(self._running.ports[0])

    @property
    def token_url(self) -> str:
        """The token endpoint."""
        return f"{self.base_url}{TOKEN_PATH}"

    @property
    def storage_url(self) -> str:
        """The storage host's origin."""
        return self._origin(self._running.ports[1])

    @property
    def admin_url(self) -> str:
        """The address of its administration, for other processes; see :mod:`korus.sandbox.admin`."""
        return f"{self.base_url}/_sandbox"

    @property
    def client_id(self) -> str:
        """The service account's id."""
        return self.client.id

    @property
    def client_secret(self) -> str:
        """The service account's secret (an invented one)."""
        return self.client.secret

    @property
    def credentials(self) -> dict[str, str]:
        """``client_id`` and ``client_secret``."""
        return {"client_id": self.client_id, "client_secret": self.client_secret}

    def environment(self) -> dict[str, str]:
        """Return the ``KORUS_*`` variables with which ``Korus.from_env()`` uses this sandbox."""
        return {
            "KORUS_CLIENT_ID": self.client_id,
            "KORUS_CLIENT_SECRET": self.client_secret,
            "KORUS_BASE_URL": self.base_url,
            "KORUS_TOKEN_URL": self.token_url,
        }

    @property
    def changes_made(self) -> int:
        """The number of changes that ``living`` has made to the catalogue."""
        return self._living.made

    # --- changing the world ---------------------------------------------------------------------------------

    @property
    def latency(self) -> float:
        """Seconds to wait before each answer; can be changed at any time."""
        return self.service.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self.service.latency = seconds

    @property
    def living(self) -> float:
        """Changes of the catalogue per second while it runs; can be changed at any time, 0 for none."""
        return self._living.rate

    @living.setter
    def living(self, rate: float) -> None:
        self._living.stop()
        self._living.rate = rate
        if self._server is not None:
            self._living.start()

    def add_client(
        self, client_id: str, client_secret: str, *, catalogs: Mapping[str, bool] | None = None
    ) -> Client:
        """Add a service account with an organisation of its own.

        Args:
            client_id: Its id.
            client_secret: Its secret.
            catalogs: The catalogues it may see, by code (``park``, ``stadium``, ``museum``, ``aquarium``); by default
                all but the aquarium's.
        """
        granted = {catalog.plan.code: catalog.plan.granted for catalog in self.catalogue.catalogs} | dict(
            catalogs or {}
        )
        client = Client(
            client_id,
            client_secret,
            uuid7(digest_of(self.seed, "organization", client_id)),
            frozenset(catalog.id for catalog in self.catalogue.catalogs if granted[catalog.plan.code]),
        )
        self.tokens.add_client(client)
        return client

    def set_stock(self, iri: str, available: int) -> None:
        """Set how many of an offer or a session are left.

        Args:
            iri: The address or id of an offer or of a session.
            available: How many are left.
        """
        self.box_office.set_stock(last_segment(iri), available)

    def set_price(self, iri: str, amount: str) -> None:
        """Set the current price (a decimal string) of an offer; lists still show the old one."""
        self.box_office.set_price(last_segment(iri), cents(amount))

    def expire_reservation(self, iri: str) -> None:
        """End a hold at once."""
        self.box_office.expire(last_segment(iri))
