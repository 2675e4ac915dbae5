# Written by `python -m scripts.sync` from korus/_async/client.py; edit that file instead.
"""`Korus`: the client, its configuration and its resources."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypedDict, Unpack, cast

from korus._core.config import (
    DEFAULT_TIMEOUT,
    MAX_ANSWER_BYTES,
    MAX_CONNECTIONS,
    Config,
    EnvironmentName,
    Timeouts,
    configure,
    read_cache,
    read_journal,
    read_secret,
    settings,
)
from korus._core.headers import guarded_headers
from korus._core.lazy import lazy
from korus._core.secret import Secret, without_userinfo
from korus._sync.booking.session import Session
from korus._sync.http.pool import Pool, check_setting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import timedelta
    from pathlib import Path
    from types import TracebackType

    from korus._core.cache_setting import Cache
    from korus._core.retry_policy import RetryPolicy
    from korus._http.answer import Answer
    from korus._http.library import ClientLike, TransportLike, httpx
    from korus._http.raw_answers import RawAnswers
    from korus._sync.http.cache import CatalogueCache
    from korus._sync.http.transport import Transport
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
    from korus.hooks import Hook

__all__ = ["Korus", "Options"]


class Options(TypedDict, total=False):
    """Arguments of `Korus`, all optional."""

    client_id: str
    client_secret: str | Secret
    environment: EnvironmentName
    base_url: str
    token_url: str
    language: str | None
    timeout: float | timedelta | Timeouts | None
    retry: RetryPolicy
    http_client: httpx.Client | ClientLike
    transport: httpx.BaseTransport | TransportLike
    journal: str | os.PathLike[str] | Secret | None
    cache: Cache | Path | str | bool | None
    max_connections: int
    http2: bool
    max_answer_bytes: int
    extra_headers: Mapping[str, str] | None
    hooks: Sequence[Hook]


class Korus:
    """Client of the KorusTicket API.

    Any number of tasks can use it at once; they share one connection pool and one token. Use it as a context
    manager, or call `close`.

    Args:
        client_id: The service account's id.
        client_secret: Its secret.
        environment: ``demo`` or ``production``; sets the known addresses.
        base_url: The API's address, instead of the environment's.
        token_url: The token endpoint, instead of the environment's.
        language: The language of translated texts and documents, such as ``fr``.
        timeout: Seconds (or a `timedelta`) for a whole call with all its retries, or a `Timeouts`; None for no
            limit.
        retry: The number of retries and the waits between them.
        http_client: Your own httpx or httpx2 client. You close it yourself. Its redirects and auth are not used, its
            other settings are, with the cookies that it has now. After its first use it belongs to its process
            and event loop: it is refused in a forked child and in a second event loop. Documents are fetched
            through it with requests that have none of its headers, cookies and parameters; its event hooks see
            these requests too.
        transport: Your own httpx or httpx2 transport, with the same rules. The duration of a call then depends on
            it: a thread cannot be interrupted, so only the timeouts that httpx passes to it apply.
        journal: Path or SQLAlchemy URL of a journal, with which bookings can be recovered after a crash.
        cache: The cache of catalogue answers, which are stored as long as the API's headers allow, by default for
            a day (the API's recommendation): True for an SQLite file in the user's cache folder, a path, the
            address of a Redis server (``redis://…``; its workers also share one token), or a `korus.Cache` with more
            settings. Needs the extra ``korus-sdk[cache]``.
        max_connections: The maximum number of connections and of concurrent attempts; other calls wait.
        http2: True to offer HTTP/2, which needs the package ``h2``. Do not use it if servers or proxies often end
            connections (GOAWAY): httpx then fails the other calls on the connection, and requests that book are not
            repeated once they may have been sent.
        max_answer_bytes: The maximum size of an answer, with any content encoding; longer ones are refused. Reading
            an answer takes at most this and 32 MB of memory; parsing it takes up to about 25 times its size.
        extra_headers: Additional headers for the API; not sent to the token endpoint or a storage host.
        hooks: Callables that receive the client's events; see `korus.hooks`.

    Raises:
        ConfigurationError: With every invalid or missing setting. Nothing is sent before the first call.

    Example:
        >>> with Korus(client_id="shop", client_secret="…", environment="production") as korus:
        ...     catalog = korus.catalogs.list().first()

    Reference: 1.2, 1.3.
    """

    _session: Session
    _pool: Pool
    _borrowed: bool
    _own_log: bool

    def __init__(
        self,
        *,
        client_id: str | None = None,
        client_secret: str | Secret | None = None,
        environment: EnvironmentName | None = None,
        base_url: str | None = None,
        token_url: str | None = None,
        language: str | None = None,
        timeout: float | timedelta | Timeouts | None = DEFAULT_TIMEOUT,
        retry: RetryPolicy | None = None,
        http_client: httpx.Client | ClientLike | None = None,
        transport: httpx.BaseTransport | TransportLike | None = None,
        journal: str | os.PathLike[str] | Secret | None = None,
        cache: Cache | Path | str | bool | None = None,
        max_connections: int = MAX_CONNECTIONS,
        http2: bool = False,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
        extra_headers: Mapping[str, str] | None = None,
        hooks: Sequence[Hook] = (),
    ) -> None:
        # first, so that a traceback with local variables shows neither
        client_secret = read_secret(client_secret, "client_secret")
        journal = read_journal(journal)
        own_headers, extra_headers = guarded_headers(extra_headers), None
        base_url, token_url = without_userinfo(base_url), without_userinfo(token_url)
        guarded = Secret(cache) if isinstance(cache, str) else cache
        cache = None
        cache = read_cache(guarded)
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
            extra_headers=own_headers,
            hooks=hooks,
        )
        check_setting(http_client, transport)
        if "KORUS_LOG" in os.environ:
            from korus._core.log_setting import set_up_log

            set_up_log()
        self._pool, self._borrowed = Pool(config, http_client, transport), False
        self._session, self._own_log = Session.open(config, self._pool), True

    @classmethod
    def from_env(cls, **options: Unpack[Options]) -> Self:
        """Build a client from ``KORUS_*`` environment variables.

        The variables are ``KORUS_CLIENT_ID``, ``KORUS_CLIENT_SECRET``, ``KORUS_ENVIRONMENT``, ``KORUS_BASE_URL``,
        ``KORUS_TOKEN_URL``, ``KORUS_LANGUAGE``, ``KORUS_TIMEOUT`` (seconds) and ``KORUS_JOURNAL``.

        Args:
            options: Arguments of the client; they override the environment.

        Raises:
            ConfigurationError: As `Korus` itself.
        """
        options = _guarded(options)
        return cls(**cast("Options", {**settings(), **options}))

    def with_options(self, **options: Unpack[Options]) -> Korus:
        """Return a client with other settings that shares this one's connections, and its token if possible.

        Closing it does not close the connections. The settings of the pool (``max_connections``, ``http2``) can only
        be changed together with another ``http_client`` or ``transport``.

        Args:
            options: The changed settings; see `Korus`. All others stay the same.

        Raises:
            ConfigurationError: The settings are invalid.

        Example:
            >>> french = korus.with_options(language="fr", timeout=5)
        """
        options = _guarded(options)
        options = _checked(options)
        http_client, transport = options.pop("http_client", None), options.pop("transport", None)
        check_setting(http_client, transport)
        config = _changed(self.config, options)
        other = object.__new__(Korus)
        if http_client is None and transport is None:
            other._pool, other._borrowed = self._pool, True
            other._session = self._session.with_config(config)
            other._own_log = other._session.intent_log is not self._session.intent_log
        else:
            other._pool, other._borrowed = Pool(config, http_client, transport), False
            other._session = Session.open(config, other._pool, self._session.transport.clock)
            other._own_log = True
        return other

    @property
    def config(self) -> Config:
        """The configuration of this client; frozen, with masked secrets."""
        return self._session.config

    @property
    def transport(self) -> Transport:
        """The transport that sends requests; for operations without a method here."""
        return self._session.transport

    @property
    def cache(self) -> CatalogueCache | None:
        """The catalogue cache, None without ``cache=``; its `clear` deletes all entries."""
        return self._session.transport.cache

    @lazy
    def catalogs(self) -> Catalogs:
        """Catalogues that this service account can access."""
        from korus._sync.resources.catalogs import Catalogs

        return Catalogs(self._session)

    @lazy
    def product_bases(self) -> ProductBases:
        """Product bases, their options and option values."""
        from korus._sync.resources.product_bases import ProductBases

        return ProductBases(self._session)

    @lazy
    def products(self) -> Products:
        """Products."""
        from korus._sync.resources.products import Products

        return Products(self._session)

    @lazy
    def offers(self) -> Offers:
        """Offers, their price, availability, tickets and sessions."""
        from korus._sync.resources.offers import Offers

        return Offers(self._session)

    @lazy
    def reservations(self) -> Reservations:
        """Reservations: temporary holds on offers."""
        from korus._sync.resources.reservations import Reservations

        return Reservations(self._session)

    @lazy
    def orders(self) -> Orders:
        """Orders: confirmed purchases."""
        from korus._sync.resources.orders import Orders

        return Orders(self._session)

    @lazy
    def tickets(self) -> Tickets:
        """Issued tickets and their beneficiaries."""
        from korus._sync.resources.tickets import Tickets

        return Tickets(self._session)

    @lazy
    def documents(self) -> Documents:
        """Documents: the files of orders."""
        from korus._sync.resources.documents import Documents

        return Documents(self._session)

    @lazy
    def forms(self) -> Forms:
        """Forms that must be answered with a reservation."""
        from korus._sync.resources.forms import Forms

        return Forms(self._session)

    @lazy
    def journal(self) -> Journal:
        """The journal of this client's bookings, if it has one."""
        from korus._sync.resources.journal import Journal

        return Journal(self._session)

    def raw_answer(self) -> AbstractContextManager[RawAnswers]:
        """Collect headers, status, request id and elapsed time of the calls made inside a block.

        Only calls of this client and of clients derived from it by `with_options` are included, and only those of this
        task and of the tasks and threads that korus starts for them.

        Example:
            >>> with korus.raw_answer() as raw:
            ...     offers = korus.offers.list(catalog).first()
            >>> raw.status, raw.request_id, raw.headers.get("x-ratelimit-remaining")
        """
        from korus._http.raw_answers import collected

        return collected(self._pool)

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | float | Sequence[str | float]] | None = None,
        json: Any = None,
        content_type: str | None = None,
    ) -> Answer:
        """Send a request that has no method of its own, with the usual token, retries, deadline and errors.

        A GET, HEAD or OPTIONS is retried after any failure; other methods only if the request was certainly not
        processed. Bookings are not written to a journal: use `reservations` and `orders` for them.

        Args:
            method: The HTTP method.
            path: The path below ``base_url``, such as ``/v1/ticketing/catalogs``; percent-encoded.
            params: The query.
            json: The body, as JSON; None for none.
            content_type: The body's media type; by default ``application/ld+json``, for a PATCH
                ``application/merge-patch+json``.

        Returns:
            The answer: ``status``, ``headers``, ``content``, ``request_id`` and ``json()``.

        Raises:
            InvalidArgument: An argument is invalid; nothing was sent.
            KorusError: The request failed; see `korus.errors`.

        Example:
            >>> answer = korus.request("GET", "/v1/ticketing/catalogs", params={"page": 2})
            >>> answer.json()["member"]
        """
        from korus._http.raw_requests import raw_request
        from korus._http.retry import replay_of_unknown

        operation, arguments = raw_request(method, path, params, json, content_type)
        replay = replay_of_unknown(operation.method)
        return self._session.transport.send(operation, arguments, replay=replay)

    def close(self) -> None:
        """End prefetching, and close the connections.

        A client made by `with_options` does not close the connections, which belong to the original client.
        """
        if self._own_log:
            self._session.intent_log.close()
        self._session.transport.close()
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

    def __dir__(self) -> list[str]:
        return sorted(name for name in super().__dir__() if not name.startswith("_"))

    def __repr__(self) -> str:
        if not hasattr(self, "_session"):
            # a traceback with local variables may show a client whose configuration was refused
            return f"<{type(self).__name__}, not set up>"
        return f"<{type(self).__name__} of {self._session.name}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a client is not pickled: it holds secrets and connections; build one in each process"
        )


_GUARDED: Mapping[str, Callable[[Any], object]] = {
    "client_secret": partial(read_secret, name="client_secret"),
    "journal": read_journal,
    "cache": read_cache,
}


def _guarded(options: Options) -> Options:
    """Wrap the secrets before a traceback can show them; this cannot fail."""
    guarded: Any = dict(options)
    for name, value in options.items():
        if name in {"base_url", "token_url"}:
            guarded[name] = without_userinfo(value)
        elif name == "extra_headers":
            guarded[name] = guarded_headers(value)
        elif name in _GUARDED and isinstance(value, str):
            guarded[name] = Secret(value)
    return cast("Options", guarded)


def _checked(options: Options) -> Options:
    """Return the wrapped arguments."""
    guarded: Any = dict(options)
    for name, read in _GUARDED.items():
        if name in guarded:
            guarded[name] = read(guarded[name])
    return cast("Options", guarded)


def _changed(config: Config, options: Options) -> Config:
    """Build a configuration with changed settings; another environment has its own addresses."""
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
        "extra_headers": config.extra_headers,
        "hooks": config.hooks,
    }
    if "environment" not in options:
        kept |= {"base_url": config.base_url, "token_url": config.token_url}
    return configure(**{**kept, **cast("dict[str, Any]", options)})
