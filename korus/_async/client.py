"""`AsyncKorus`: the client, its configuration and its resources."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypedDict, Unpack, cast

from korus._async.booking.session import AsyncSession
from korus._async.http.pool import AsyncPool, check_setting
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

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import timedelta
    from pathlib import Path
    from types import TracebackType

    from korus._async.http.cache import AsyncCatalogueCache
    from korus._async.http.transport import AsyncTransport
    from korus._async.resources.catalogs import AsyncCatalogs
    from korus._async.resources.documents import AsyncDocuments
    from korus._async.resources.forms import AsyncForms
    from korus._async.resources.journal import AsyncJournal
    from korus._async.resources.offers import AsyncOffers
    from korus._async.resources.orders import AsyncOrders
    from korus._async.resources.product_bases import AsyncProductBases
    from korus._async.resources.products import AsyncProducts
    from korus._async.resources.reservations import AsyncReservations
    from korus._async.resources.tickets import AsyncTickets
    from korus._core.cache_setting import Cache
    from korus._core.retry_policy import RetryPolicy
    from korus._http.answer import Answer
    from korus._http.library import AsyncClientLike, AsyncTransportLike, httpx
    from korus._http.raw_answers import RawAnswers
    from korus.hooks import Hook

__all__ = ["AsyncKorus", "AsyncOptions"]


class AsyncOptions(TypedDict, total=False):
    """Arguments of `AsyncKorus`, all optional."""

    client_id: str
    client_secret: str | Secret
    environment: EnvironmentName
    base_url: str
    token_url: str
    language: str | None
    timeout: float | timedelta | Timeouts | None
    retry: RetryPolicy
    http_client: httpx.AsyncClient | AsyncClientLike
    transport: httpx.AsyncBaseTransport | AsyncTransportLike
    journal: str | os.PathLike[str] | Secret | None
    cache: Cache | Path | str | bool | None
    max_connections: int
    http2: bool
    max_answer_bytes: int
    extra_headers: Mapping[str, str] | None
    hooks: Sequence[Hook]


class AsyncKorus:
    """Client of the KorusTicket API.

    Any number of tasks can use it at once; they share one connection pool and one token. Use it as a context
    manager, or call `aclose`.

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
        >>> async with AsyncKorus(client_id="shop", client_secret="…", environment="production") as korus:
        ...     catalog = await korus.catalogs.list().first()

    Reference: 1.2, 1.3.
    """

    _session: AsyncSession
    _pool: AsyncPool
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
        http_client: httpx.AsyncClient | AsyncClientLike | None = None,
        transport: httpx.AsyncBaseTransport | AsyncTransportLike | None = None,
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
        self._pool, self._borrowed = AsyncPool(config, http_client, transport), False
        self._session, self._own_log = AsyncSession.open(config, self._pool), True

    @classmethod
    def from_env(cls, **options: Unpack[AsyncOptions]) -> Self:
        """Build a client from ``KORUS_*`` environment variables.

        The variables are ``KORUS_CLIENT_ID``, ``KORUS_CLIENT_SECRET``, ``KORUS_ENVIRONMENT``, ``KORUS_BASE_URL``,
        ``KORUS_TOKEN_URL``, ``KORUS_LANGUAGE``, ``KORUS_TIMEOUT`` (seconds) and ``KORUS_JOURNAL``.

        Args:
            options: Arguments of the client; they override the environment.

        Raises:
            ConfigurationError: As `AsyncKorus` itself.
        """
        options = _guarded(options)
        return cls(**cast("AsyncOptions", {**settings(), **options}))

    def with_options(self, **options: Unpack[AsyncOptions]) -> AsyncKorus:
        """Return a client with other settings that shares this one's connections, and its token if possible.

        Closing it does not close the connections. The settings of the pool (``max_connections``, ``http2``) can only
        be changed together with another ``http_client`` or ``transport``.

        Args:
            options: The changed settings; see `AsyncKorus`. All others stay the same.

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
        other = object.__new__(AsyncKorus)
        if http_client is None and transport is None:
            other._pool, other._borrowed = self._pool, True
            other._session = self._session.with_config(config)
            other._own_log = other._session.intent_log is not self._session.intent_log
        else:
            other._pool, other._borrowed = AsyncPool(config, http_client, transport), False
            other._session = AsyncSession.open(config, other._pool, self._session.transport.clock)
            other._own_log = True
        return other

    @property
    def config(self) -> Config:
        """The configuration of this client; frozen, with masked secrets."""
        return self._session.config

    @property
    def transport(self) -> AsyncTransport:
        """The transport that sends requests; for operations without a method here."""
        return self._session.transport

    @property
    def cache(self) -> AsyncCatalogueCache | None:
        """The catalogue cache, None without ``cache=``; its `clear` deletes all entries."""
        return self._session.transport.cache

    @lazy
    def catalogs(self) -> AsyncCatalogs:
        """Catalogues that this service account can access."""
        from korus._async.resources.catalogs import AsyncCatalogs

        return AsyncCatalogs(self._session)

    @lazy
    def product_bases(self) -> AsyncProductBases:
        """Product bases, their options and option values."""
        from korus._async.resources.product_bases import AsyncProductBases

        return AsyncProductBases(self._session)

    @lazy
    def products(self) -> AsyncProducts:
        """Products."""
        from korus._async.resources.products import AsyncProducts

        return AsyncProducts(self._session)

    @lazy
    def offers(self) -> AsyncOffers:
        """Offers, their price, availability, tickets and sessions."""
        from korus._async.resources.offers import AsyncOffers

        return AsyncOffers(self._session)

    @lazy
    def reservations(self) -> AsyncReservations:
        """Reservations: temporary holds on offers."""
        from korus._async.resources.reservations import AsyncReservations

        return AsyncReservations(self._session)

    @lazy
    def orders(self) -> AsyncOrders:
        """Orders: confirmed purchases."""
        from korus._async.resources.orders import AsyncOrders

        return AsyncOrders(self._session)

    @lazy
    def tickets(self) -> AsyncTickets:
        """Issued tickets and their beneficiaries."""
        from korus._async.resources.tickets import AsyncTickets

        return AsyncTickets(self._session)

    @lazy
    def documents(self) -> AsyncDocuments:
        """Documents: the files of orders."""
        from korus._async.resources.documents import AsyncDocuments

        return AsyncDocuments(self._session)

    @lazy
    def forms(self) -> AsyncForms:
        """Forms that must be answered with a reservation."""
        from korus._async.resources.forms import AsyncForms

        return AsyncForms(self._session)

    @lazy
    def journal(self) -> AsyncJournal:
        """The journal of this client's bookings, if it has one."""
        from korus._async.resources.journal import AsyncJournal

        return AsyncJournal(self._session)

    def raw_answer(self) -> AbstractContextManager[RawAnswers]:
        """Collect headers, status, request id and elapsed time of the calls made inside a block.

        Only calls of this client and of clients derived from it by `with_options` are included, and only those of this
        task and of the tasks and threads that korus starts for them.

        Example:
            >>> with korus.raw_answer() as raw:
            ...     offers = await korus.offers.list(catalog).first()
            >>> raw.status, raw.request_id, raw.headers.get("x-ratelimit-remaining")
        """
        from korus._http.raw_answers import collected

        return collected(self._pool)

    async def request(
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
            >>> answer = await korus.request("GET", "/v1/ticketing/catalogs", params={"page": 2})
            >>> answer.json()["member"]
        """
        from korus._http.raw_requests import raw_request
        from korus._http.retry import replay_of_unknown

        operation, arguments = raw_request(method, path, params, json, content_type)
        replay = replay_of_unknown(operation.method)
        return await self._session.transport.send(operation, arguments, replay=replay)

    async def aclose(self) -> None:
        """End prefetching, and close the connections.

        A client made by `with_options` does not close the connections, which belong to the original client.
        """
        if self._own_log:
            await self._session.intent_log.aclose()
        await self._session.transport.aclose()
        if not self._borrowed:
            await self._pool.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

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


def _guarded(options: AsyncOptions) -> AsyncOptions:
    """Wrap the secrets before a traceback can show them; this cannot fail."""
    guarded: Any = dict(options)
    for name, value in options.items():
        if name in {"base_url", "token_url"}:
            guarded[name] = without_userinfo(value)
        elif name == "extra_headers":
            guarded[name] = guarded_headers(value)
        elif name in _GUARDED and isinstance(value, str):
            guarded[name] = Secret(value)
    return cast("AsyncOptions", guarded)


def _checked(options: AsyncOptions) -> AsyncOptions:
    """Return the wrapped arguments."""
    guarded: Any = dict(options)
    for name, read in _GUARDED.items():
        if name in guarded:
            guarded[name] = read(guarded[name])
    return cast("AsyncOptions", guarded)


def _changed(config: Config, options: AsyncOptions) -> Config:
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
