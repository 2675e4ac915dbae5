# Written by `python -m scripts.sync` from korus/_async/http/pool.py; edit that file instead.
"""Connection pool: an httpx client for each process and event loop, or the caller's own."""

from __future__ import annotations

import errno
import os
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies

from korus._core.forks import hold_off_forks
from korus._http.environment import check_proxies, setup_error
from korus._http.library import (
    Httpx2Client,
    Httpx2Transport,
    connection_pools,
    cookies_of,
    httpx,
    is_of_kind,
    without_cookies,
)
from korus._primitives.synchronous import Local, Slots, bound, home
from korus.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Hashable

    from korus._core.config import Config
    from korus._http.library import ClientLike, TransportLike

__all__ = ["Pool", "check_setting"]

# these can be used in any event loop
_WITHOUT_CONNECTIONS = ("MockTransport", "ASGITransport")
# the environment variables in which httpx looks for certificates
_CERTIFICATE_SETTINGS = ("SSL_CERT_FILE", "SSL_CERT_DIR")


@cache
def _ssl_context(*_kind: bool | int | str | None) -> ssl.SSLContext:
    """Load the certificates once for all clients with the same settings, since that is most of a client's cost.

    HTTP/2 needs its own context, because it is set in the context, and so do other settings. So does another
    process, since a context contains locks.
    """
    file, folders = map(os.environ.get, _CERTIFICATE_SETTINGS)
    if folders and not file and not any(map(os.path.isdir, folders.split(os.pathsep))):
        # OpenSSL would silently trust no certificate
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    return httpx.create_ssl_context()


def _new_client(**options: Any) -> httpx.Client:
    """Build an httpx client with connections of its own."""
    return httpx.Client(**options)


class Pool:
    """Owner of the httpx client for requests: the caller's own, or one that is opened at the first request.

    There is one client for each process and event loop, since connections cannot be shared between them.
    """

    def __init__(
        self,
        config: Config,
        http_client: httpx.Client | ClientLike | None,
        transport: httpx.BaseTransport | TransportLike | None,
    ) -> None:
        self._config = config
        self._http_client = http_client
        self._transport = transport
        self._lent_to: tuple[int, Hashable] | None = None
        self._closed = False
        self._opened = Local(self._open, self._close)
        self.own = http_client is None
        # a copy: cookies that the API sets for one account must not reach another
        self.cookies = httpx.Cookies() if http_client is None else cookies_of(http_client)

    def get(self) -> httpx.Client:
        """Return the httpx client."""
        return self.opened()[0]

    def added(self) -> tuple[list[tuple[bytes, bytes]], tuple[tuple[str, str], ...]]:
        """Return the headers, including cookies, and query parameters that the caller's own client adds."""
        client: Any = self._http_client
        if client is None:
            return [], ()
        cookies = sorted(f"{each.domain}{each.path} {each.name}={each.value}" for each in self.cookies.jar)
        headers = [*client.headers.raw, *((b"cookie", each.encode()) for each in cookies)]
        return headers, tuple(client.params.multi_items())

    def opened(self) -> tuple[httpx.Client, Slots]:
        """Return the httpx client and the slots for attempts, which are as many as its connections."""
        if self._closed:
            raise ConfigurationError("this client is closed; build a new one")
        return self._opened.get()

    def _open(self) -> tuple[httpx.Client, Slots]:
        return self._open_client(), Slots(self._config.max_connections)

    def _open_client(self) -> httpx.Client:
        config, transport = self._config, self._transport
        if self._http_client is not None:
            self._lend("http_client")
            if isinstance(self._http_client, httpx.Client):
                return self._http_client
            return without_cookies(Httpx2Client(self._http_client))
        if transport is not None:
            self._lend("transport")
            if not isinstance(transport, httpx.BaseTransport):
                transport = Httpx2Transport(transport)
            return without_cookies(httpx.Client(transport=transport))
        limits = httpx.Limits(
            max_connections=config.max_connections, max_keepalive_connections=config.max_connections
        )
        check_proxies(getproxies(), os.environ)
        try:
            with hold_off_forks():  # OpenSSL has locks that a child would inherit
                verify = _ssl_context(config.http2, os.getpid(), *map(os.environ.get, _CERTIFICATE_SETTINGS))
            client = _new_client(verify=verify, limits=limits, http2=config.http2)
        except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
            raise setup_error(error, os.environ) from None
        bound(connection_pools(client))
        return without_cookies(client)

    def _lend(self, setting: str) -> None:
        """Refuse the caller's own client or transport if it holds connections of another process or event loop."""
        here = os.getpid(), home()
        self._lent_to = self._lent_to or here
        if self._lent_to == here:
            return
        if self._lent_to[0] != os.getpid():
            raise ConfigurationError(
                f"Cannot use this {setting} after a fork: it was used in the parent process, which still uses "
                f"its connections. Create the client in each worker, or omit {setting}."
            )
        if not is_of_kind(self._transport, *_WITHOUT_CONNECTIONS):
            raise ConfigurationError(
                f"Cannot use this {setting} in a second event loop: its connections belong to the first. "
                f"Create a client in each event loop, or omit {setting}."
            )

    def _close(self, opened: tuple[httpx.Client, Slots]) -> None:
        if self.own:
            opened[0].close()

    def close(self) -> None:
        """Close the clients that were opened here; the caller's own httpx client stays open."""
        self._closed = True
        self._opened.close()


def check_setting(http_client: Any, transport: Any) -> None:
    """Raise ConfigurationError unless at most one of them is given, and it is of the right kind."""
    if http_client is not None and transport is not None:
        raise ConfigurationError("pass either `http_client` or `transport`, not both")
    if http_client is not None and not is_of_kind(http_client, "Client"):
        raise ConfigurationError(
            f"`http_client` must be an httpx.Client or httpx2.Client, got {type(http_client).__name__}."
        )
    if transport is not None and not is_of_kind(transport, "BaseTransport"):
        raise ConfigurationError(
            "`transport` must be an httpx.BaseTransport or httpx2.BaseTransport, got "
            f"{type(transport).__name__}."
        )
