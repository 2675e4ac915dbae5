# Written by `python -m scripts.sync` from korus/_async/client.py; edit that file instead.
"""`Korus`: the client, its set-up and its resources, each of which has a module of its own."""

from __future__ import annotations

import errno
import os
import threading
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypedDict, Unpack, cast
from urllib.request import getproxies

import httpx

from korus._http.environment import check_proxies, setup_error
from korus._primitives.clock import SYSTEM_CLOCK, Clock
from korus._primitives.synchronous import network_transport
from korus._sync.books import Books
from korus._sync.transport import Transport
from korus.config import (
    Config,
    EnvironmentName,
    Timeouts,
    configure,
    read_cache,
    settings,
)
from korus.errors import ConfigurationError
from korus.secret import Secret

if TYPE_CHECKING:
    import ssl
    from datetime import timedelta
    from pathlib import Path
    from types import TracebackType

    from korus._sync.cache import CatalogueCache
    from korus._sync.resources.catalogs import Catalogs
    from korus._sync.resources.documents import Documents
    from korus._sync.resources.forms import Forms
    from korus._sync.resources.journal import Journal
    from korus._sync.resources.offers import Offers
    from korus._sync.resources.orders import Orders
    from korus._sync.resources.product_bases import ProductBases
    from korus._sync.resources.products import Products
    from korus._sync.resources.reservations import Reservations
    from korus._sync.resources.tickets import Tickets
    from korus.caching import Cache
    from korus.retry import RetryPolicy

__all__ = ["Korus", "Options"]

# where httpx looks for certificates
_CERTIFICATE_SETTINGS = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_MAX_ANSWER_BYTES = 64 * 1024 * 1024


class Options(TypedDict, total=False):
    """The arguments of `Korus`, all of them optional here."""

    client_id: str
    client_secret: str | Secret
    environment: EnvironmentName
    base_url: str
    token_url: str
    language: str | None
    timeout: float | timedelta | Timeouts | None
    retry: RetryPolicy
    http_client: httpx.Client
    transport: httpx.BaseTransport
    journal: str | Secret | None
    cache: Cache | Path | str | bool | None
    max_connections: int
    http2: bool
    max_answer_bytes: int


@cache
def _ssl_context(*_kind: bool | str | None) -> ssl.SSLContext:
    """Load the certificates once for all clients of the same kind, since that is most of the cost of one.

    HTTP/2 makes another kind, because it is written into the context, and so do other settings.
    """
    file, folders = map(os.environ.get, _CERTIFICATE_SETTINGS)
    if folders and not file and not any(map(os.path.isdir, folders.split(os.pathsep))):
        # OpenSSL would trust nobody then, without a word
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    return httpx.create_ssl_context()


class _Pool:
    """The httpx client that requests go through: the caller's own, or one that is opened with the first."""

    def __init__(
        self,
        config: Config,
        http_client: httpx.Client | None,
        transport: httpx.BaseTransport | None,
    ) -> None:
        self._config = config
        self._client = http_client
        self._transport = transport
        self._opening = threading.Lock()
        self._closed = False
        self.own = http_client is None

    def get(self) -> httpx.Client:
        """Give the httpx client."""
        if self._client is None:
            with self._opening:
                if self._closed:
                    raise ConfigurationError("this client is closed; build a new one")
                if self._client is None:
                    self._client = self._open()
        return self._client

    def _open(self) -> httpx.Client:
        config, transport = self._config, self._transport
        if transport is not None:
            return httpx.Client(transport=transport)
        limits = httpx.Limits(
            max_connections=config.max_connections, max_keepalive_connections=config.max_connections
        )
        check_proxies(getproxies(), os.environ)
        try:
            verify = _ssl_context(config.http2, *map(os.environ.get, _CERTIFICATE_SETTINGS))
            # proxies of the environment keep their say: httpx prefers the more particular pattern
            own = network_transport(verify=verify, limits=limits, http2=config.http2)
            return httpx.Client(
                verify=verify,
                limits=limits,
                http2=config.http2,
                mounts=None if "all" in getproxies() else {"all://": own},
            )
        except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
            raise setup_error(error, os.environ) from None

    def close(self) -> None:
        """Close what was opened here; an httpx client that the caller brought stays open."""
        self._closed = True
        if self.own and self._client is not None:
            self._client.close()


class Korus:
    """A client of the KorusTicket API.

    It may be used by any number of tasks at once, and shares one pool of connections and one token among
    them. Use it as a context manager, or `close` it.

    Args:
        client_id: The service account's id.
        client_secret: Its secret.
        environment: ``demo`` or ``production``; gives the addresses that are known.
        base_url: The API's address, in place of the environment's.
        token_url: The token endpoint, in place of the environment's.
        language: Which language translated texts and documents come in, such as ``fr``.
        timeout: Seconds (or a `timedelta`) for a whole call with all its retries; `Timeouts` says more; None
            waits for ever.
        retry: How often and how patiently to try again.
        http_client: An httpx client of your own. It stays yours to close; its redirects and its auth are not
            used, its other settings are.
        transport: An httpx transport of your own.
        journal: Path or SQLAlchemy URL of a journal that lets bookings survive a crash.
        cache: Where answers about catalogues are kept for a day, as the API advises: True for an SQLite file
            among the user's caches, a path, the address of a Redis server (``redis://…``; its workers share
            one token too), or a `korus.Cache`, which says more. Needs the extra ``korus[cache]``.
        max_connections: Connections at most.
        http2: Whether to offer HTTP/2; needs the package ``h2``.
        max_answer_bytes: Answers longer than this are refused.

    Raises:
        ConfigurationError: with everything that is wrong or missing. Nothing is sent before the first call.

    Example:
        >>> with Korus(client_id="shop", client_secret="…", environment="production") as korus:
        ...     catalog = korus.catalogs.list().first()

    Reference: 1.2, 1.3.
    """

    _transport: Transport
    _pool: _Pool
    _borrowed: bool
    _books: Books
    _own_books: bool

    def __init__(
        self,
        *,
        client_id: str | None = None,
        client_secret: str | Secret | None = None,
        environment: EnvironmentName | None = None,
        base_url: str | None = None,
        token_url: str | None = None,
        language: str | None = None,
        timeout: float | timedelta | Timeouts | None = 60.0,
        retry: RetryPolicy | None = None,
        http_client: httpx.Client | None = None,
        transport: httpx.BaseTransport | None = None,
        journal: str | Secret | None = None,
        cache: Cache | Path | str | bool | None = None,
        max_connections: int = 100,
        http2: bool = False,
        max_answer_bytes: int = _MAX_ANSWER_BYTES,
    ) -> None:
        # first of all, so that a traceback with local variables shows neither
        client_secret = None if client_secret is None else Secret(client_secret)
        journal = None if journal is None else Secret(journal)
        cache = read_cache(cache)
        config = configure(
            client_id=client_id,
            client_secret=client_secret,
            environment=environment,
            base_url=base_url,
            token_url=token_url,
            language=language,
            timeout=timeout,
            retry=retry,
            max_connections=max_connections,
            http2=http2,
            max_answer_bytes=max_answer_bytes,
            journal=journal,
            cache=cache,
        )
        _check_colour(http_client, transport)
        self._set_up(config, _Pool(config, http_client, transport))

    def _set_up(self, config: Config, pool: _Pool, clock: Clock = SYSTEM_CLOCK) -> None:
        self._pool, self._borrowed = pool, False
        self._transport = Transport(config, pool.get, clock=clock)
        self._books, self._own_books = Books(config, clock), True

    @classmethod
    def from_env(cls, **options: Unpack[Options]) -> Self:
        """Build a client from ``KORUS_*`` environment variables.

        They are ``KORUS_CLIENT_ID``, ``KORUS_CLIENT_SECRET``, ``KORUS_ENVIRONMENT``, ``KORUS_BASE_URL``,
        ``KORUS_TOKEN_URL``, ``KORUS_LANGUAGE``, ``KORUS_TIMEOUT`` (seconds) and ``KORUS_JOURNAL``.

        Args:
            options: Arguments of the client; they come before the environment.

        Raises:
            ConfigurationError: as the client itself raises.
        """
        options = _guarded(options)
        return cls(**cast("Options", {**settings(), **options}))

    def with_options(self, **options: Unpack[Options]) -> Korus:
        """Give a client with other settings that shares this one's connections, and its token where it may.

        Closing it leaves the connections to this one. The pool's own settings (``max_connections``,
        ``http2``) change only together with another ``http_client`` or ``transport``.

        Args:
            options: What is different; see `Korus`. Everything else stays as it is.

        Raises:
            ConfigurationError: when the settings do not hold.

        Example:
            >>> french = korus.with_options(language="fr", timeout=5)
        """
        options = _guarded(options)
        http_client, transport = options.pop("http_client", None), options.pop("transport", None)
        _check_colour(http_client, transport)
        config = _changed(self.config, options)
        other = object.__new__(Korus)
        if http_client is None and transport is None:
            other._pool, other._borrowed = self._pool, True
            other._transport = self._transport.with_config(config)
            other._books = self._books.with_config(config)
            other._own_books = other._books is not self._books
        else:
            other._set_up(config, _Pool(config, http_client, transport), self._transport.clock)
        return other

    @property
    def config(self) -> Config:
        """How this client is set up; frozen, its secrets masked."""
        return self._transport.config

    @property
    def transport(self) -> Transport:
        """What carries the requests out; for operations that have no method here."""
        return self._transport

    @property
    def books(self) -> Books:
        """What this client keeps about its own bookings; shared with those made by `with_options`."""
        return self._books

    @property
    def cache(self) -> CatalogueCache | None:
        """What keeps answers about catalogues, None without ``cache=``; its `clear` forgets them all."""
        return self._transport.cache

    @cached_property
    def catalogs(self) -> Catalogs:
        """The catalogues that were opened to this service account."""
        from korus._sync.resources.catalogs import Catalogs

        return Catalogs(self)

    @cached_property
    def product_bases(self) -> ProductBases:
        """Product bases, their options and the values of these."""
        from korus._sync.resources.product_bases import ProductBases

        return ProductBases(self)

    @cached_property
    def products(self) -> Products:
        """Products."""
        from korus._sync.resources.products import Products

        return Products(self)

    @cached_property
    def offers(self) -> Offers:
        """Offers, their price, availability, tickets and sessions."""
        from korus._sync.resources.offers import Offers

        return Offers(self)

    @cached_property
    def reservations(self) -> Reservations:
        """Reservations: temporary holds on offers."""
        from korus._sync.resources.reservations import Reservations

        return Reservations(self)

    @cached_property
    def orders(self) -> Orders:
        """Orders: confirmed purchases."""
        from korus._sync.resources.orders import Orders

        return Orders(self)

    @cached_property
    def tickets(self) -> Tickets:
        """Issued tickets and their beneficiaries."""
        from korus._sync.resources.tickets import Tickets

        return Tickets(self)

    @cached_property
    def documents(self) -> Documents:
        """The files of orders."""
        from korus._sync.resources.documents import Documents

        return Documents(self)

    @cached_property
    def forms(self) -> Forms:
        """Forms that have to be answered with a reservation."""
        from korus._sync.resources.forms import Forms

        return Forms(self)

    @cached_property
    def journal(self) -> Journal:
        """The journal of this client's bookings, if it was given one."""
        from korus._sync.resources.journal import Journal

        return Journal(self)

    def close(self) -> None:
        """End what is fetched ahead, and close the connections.

        A client made by `with_options` leaves the connections to the one it was made from.
        """
        if self._own_books:
            self._books.close()
        self._transport.close()
        if not self._borrowed:
            self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        if not hasattr(self, "_transport"):
            # a traceback with local variables may show a client whose set-up was refused
            return f"<{type(self).__name__}, not set up>"
        config = self.config
        language = f" in {config.language}" if config.language else ""
        return f"<{type(self).__name__} of {config.base_url}{language}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a client is not pickled: it holds secrets and connections; build one in each process"
        )


def _check_colour(http_client: Any, transport: Any) -> None:
    if http_client is not None and transport is not None:
        raise ConfigurationError("give http_client or transport, not both")
    if http_client is not None and not isinstance(http_client, httpx.Client):
        raise ConfigurationError(f"http_client is an httpx.Client, not {type(http_client).__name__}")
    if transport is not None and not isinstance(transport, httpx.BaseTransport):
        raise ConfigurationError(f"transport is an httpx.BaseTransport, not {type(transport).__name__}")


def _guarded(options: Options) -> Options:
    """Wrap the secrets before a traceback could show them."""
    guarded: Any = {
        name: Secret(cast("str", value))
        if name in {"client_secret", "journal"} and value is not None
        else value
        for name, value in options.items()
    }
    if "cache" in guarded:
        guarded["cache"] = read_cache(guarded["cache"])
    return cast("Options", guarded)


def _changed(config: Config, options: Options) -> Config:
    """Set up anew with what is different; another environment brings its own addresses."""
    kept: dict[str, Any] = {
        "client_id": config.client_id,
        "client_secret": config.client_secret,
        "language": config.language,
        "timeout": config.timeouts,
        "retry": config.retry,
        "max_connections": config.max_connections,
        "http2": config.http2,
        "max_answer_bytes": config.max_answer_bytes,
        "journal": config.journal,
        "cache": config.cache,
    }
    if "environment" not in options:
        kept |= {"base_url": config.base_url, "token_url": config.token_url}
    return configure(**{**kept, **cast("dict[str, Any]", options)})
