"""Configuration of a client: addresses, credentials, language, timeouts; from arguments or environment.

All settings are checked together, before any request, and frozen. Secrets are wrapped in `korus._core.secret.Secret`
first of all.
"""

from __future__ import annotations

import math
import os
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, cast
from urllib.parse import urlsplit, urlunsplit

from attrs import field, frozen

from korus._core.durations import bounded
from korus._core.headers import read_headers
from korus._core.retry_policy import RetryPolicy
from korus._core.secret import Secret, without_userinfo
from korus._core.values import is_count, is_number, shown
from korus.errors import ConfigurationError, InvalidIri
from korus.iri import origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from korus._core.cache_setting import Cache
    from korus._core.headers import ExtraHeaders
    from korus.hooks import Hook

__all__ = [
    "DEFAULT_TIMEOUT",
    "ENVIRONMENTS",
    "MAX_ANSWER_BYTES",
    "MAX_CONNECTIONS",
    "Config",
    "Environment",
    "EnvironmentName",
    "Timeouts",
    "configure",
    "read_cache",
    "read_journal",
    "read_secret",
    "settings",
]

EnvironmentName = Literal["demo", "production"]

DEFAULT_TIMEOUT = 60.0
"""Default limit for a call, in seconds."""

MAX_CONNECTIONS = 100
"""Default number of connections in the pool."""

MAX_ANSWER_BYTES = 16 * 1024 * 1024
"""Default limit for the length of an answer, in bytes."""

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_LANGUAGE = re.compile(r"[A-Za-z0-9*;,=.\- ]{1,200}", re.ASCII)


@frozen
class Environment:
    """Addresses of one installation of the API; ``token_url`` is None if it is not known."""

    base_url: str
    token_url: str | None


ENVIRONMENTS: Mapping[str, Environment] = {
    "demo": Environment("https://api.demo.korusticket.com", None),
    "production": Environment(
        "https://api.korusticket.com",
        "https://auth.korusticket.com/realms/korusticket/protocol/openid-connect/token",
    ),
}
"""The known installations (reference 1.2, 1.3)."""


@frozen
class Timeouts:
    """Time limits in seconds; None is no limit.

    Attributes:
        total: For one call, with all its retries and waits.
        connect: For opening a connection, TLS included.
        read: For the next part of an answer.
        write: For sending the next part of a request.
        pool: For a free connection of the pool.
    """

    total: float | None = field(default=DEFAULT_TIMEOUT, converter=bounded)
    connect: float | None = field(default=5.0, converter=bounded)
    read: float | None = field(default=30.0, converter=bounded)
    write: float | None = field(default=30.0, converter=bounded)
    pool: float | None = field(default=30.0, converter=bounded)

    def __attrs_post_init__(self) -> None:
        for name in ("total", "connect", "read", "write", "pool"):
            seconds = getattr(self, name)
            if seconds is not None and not (is_number(seconds) and 0 < seconds < math.inf):
                raise ConfigurationError(
                    f"the {name} timeout must be a number of seconds above 0, got {shown(seconds)}"
                )

    @classmethod
    def of(cls, value: float | timedelta | Timeouts | None) -> Timeouts:
        """Read what ``timeout=`` takes: seconds or a `timedelta` for the whole call, `Timeouts`, or None."""
        if isinstance(value, Timeouts):
            return value
        if isinstance(value, timedelta):
            return cls(total=value.total_seconds())
        if value is None:
            return cls(total=None)
        if not is_number(bounded(value)):
            raise ConfigurationError(
                f"`timeout` must be seconds, a timedelta, Timeouts or None, got {shown(value)}"
            )
        return cls(total=value)


@frozen
class Config:
    """Configuration of a client, checked and frozen.

    Attributes:
        base_url: The API's address, without a slash at its end.
        token_url: The address of the token endpoint.
        client_id: The service account's id.
        client_secret: Its secret.
        language: The value of ``Accept-Language``, None to leave it out (reference 1.4).
        timeouts: The time limits.
        retry: How failed requests are retried.
        max_connections: The most connections in the pool.
        http2: True to offer HTTP/2 (needs the ``h2`` package).
        max_answer_bytes: Answers longer than this are refused; parsing one takes up to about 25 times its size.
        journal: Path or SQLAlchemy URL of the journal, which may hold a password.
        cache: Where catalogue data is kept, None for no cache.
        extra_headers: Additional headers for the API.
        hooks: The listeners to the client's events.
    """

    base_url: str
    token_url: str
    client_id: str
    client_secret: Secret
    language: str | None = None
    timeouts: Timeouts = field(factory=Timeouts)
    retry: RetryPolicy = field(factory=RetryPolicy)
    max_connections: int = MAX_CONNECTIONS
    http2: bool = False
    max_answer_bytes: int = MAX_ANSWER_BYTES
    journal: Secret | None = None
    cache: Cache | None = None
    extra_headers: ExtraHeaders = ()
    hooks: tuple[Hook, ...] = field(default=(), eq=False, repr=False)


_VARIABLES = {
    "client_id": "KORUS_CLIENT_ID",
    "client_secret": "KORUS_CLIENT_SECRET",
    "environment": "KORUS_ENVIRONMENT",
    "base_url": "KORUS_BASE_URL",
    "token_url": "KORUS_TOKEN_URL",
    "language": "KORUS_LANGUAGE",
    "timeout": "KORUS_TIMEOUT",
    "journal": "KORUS_JOURNAL",
}
_SECRET = {"client_secret", "journal"}


def settings() -> dict[str, str | float | Secret]:
    """Read the ``KORUS_*`` environment variables as arguments of a client; empty ones count as absent.

    Raises:
        ConfigurationError: ``KORUS_TIMEOUT`` is not a number.
    """
    found: dict[str, str | float | Secret] = {}
    for argument, variable in _VARIABLES.items():
        if not os.environ.get(variable):
            continue
        if argument in _SECRET:
            found[argument] = Secret(os.environ[variable])
        elif argument == "timeout":
            found[argument] = _seconds(variable)
        else:
            found[argument] = without_userinfo(os.environ[variable].strip())
    return found


def _seconds(variable: str) -> float:
    try:
        return float(os.environ[variable])
    except ValueError:
        raise ConfigurationError(
            f"{variable} must be a number of seconds, got {os.environ[variable]!r}"
        ) from None


def read_secret(value: str | Secret | None, name: str) -> Secret | None:
    """Wrap a secret; called first, so that a traceback with local variables does not show it.

    Raises:
        ConfigurationError: It is not a text.
    """
    if value is None or isinstance(value, Secret):
        return value
    if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without a type checker
        raise ConfigurationError(f"`{name}` must be a text, got {shown(value)}")
    return Secret(value)


def read_journal(value: str | os.PathLike[str] | Secret | None) -> Secret | None:
    """Check and wrap the value of ``journal=``, which may hold a password.

    Raises:
        ConfigurationError: It is neither a path nor an address.
    """
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if value is not None and not isinstance(value, str | Secret):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers without a type checker
        raise ConfigurationError(f"`journal` must be a path or a SQLAlchemy URL, got {shown(value)}")
    journal = read_secret(value, "journal")
    if journal is not None and not journal.reveal().strip():
        raise ConfigurationError(
            "`journal` must be a path or a SQLAlchemy URL, got an empty text; see KORUS_JOURNAL"
        )
    return journal


def configure(
    *,
    client_id: str | None,
    client_secret: Secret | None,
    environment: str | None = None,
    base_url: str | None = None,
    token_url: str | None = None,
    language: str | None = None,
    timeout: float | timedelta | Timeouts | None = DEFAULT_TIMEOUT,
    retry: RetryPolicy | None = None,
    max_connections: int = MAX_CONNECTIONS,
    http2: bool = False,
    max_answer_bytes: int = MAX_ANSWER_BYTES,
    journal: Secret | None = None,
    cache: Cache | Path | str | Secret | bool | None = None,
    extra_headers: Mapping[str, str] | ExtraHeaders | None = None,
    hooks: Sequence[Hook] = (),
) -> Config:
    """Check all arguments of a client together.

    Raises:
        ConfigurationError: Settings are wrong or missing; the message lists all, and what to do.
    """
    # first, so that neither a message nor a traceback with local variables shows a password
    base_url, token_url = without_userinfo(base_url), without_userinfo(token_url)
    texts: dict[str, object] = {
        "client_id": client_id,
        "environment": environment,
        "base_url": base_url,
        "token_url": token_url,
        "language": language,
    }
    no_texts = [
        f"`{name}` must be a text, got {shown(value)}"
        for name, value in texts.items()
        if not isinstance(value, str | None)
    ]
    problems = no_texts + _wrong_kinds(retry, http2, max_connections, max_answer_bytes)
    headers = _headers(extra_headers, problems)
    listening = _hooks(hooks, problems)
    timeouts = _timeouts(timeout, problems)
    if no_texts:
        # wrong kinds of values cannot be checked further
        raise _cannot(problems)
    if environment is not None and environment not in ENVIRONMENTS:
        problems.append(f"environment must be one of {', '.join(ENVIRONMENTS)}, got {environment!r}")
    api, tokens = _addresses(environment, base_url, token_url, problems)
    if not client_id:
        problems.append("client_id is missing (KORUS_CLIENT_ID)")
    if client_secret is None or not client_secret.reveal():
        problems.append("client_secret is missing (KORUS_CLIENT_SECRET)")
    if language is not None and not _LANGUAGE.fullmatch(language):
        problems.append(f"language must be a language code such as 'fr', got {language!r}")
    if problems or client_secret is None:
        raise _cannot(problems)
    return Config(
        base_url=_spelled(api),
        token_url=tokens or "",
        client_id=client_id or "",
        client_secret=client_secret,
        language=language,
        timeouts=timeouts,
        retry=retry or RetryPolicy(),
        max_connections=max_connections,
        http2=http2,
        max_answer_bytes=max_answer_bytes,
        journal=journal,
        cache=read_cache(cache),
        extra_headers=headers,
        hooks=listening,
    )


def _addresses(
    environment: str | None, base_url: str | None, token_url: str | None, problems: list[str]
) -> tuple[str, str | None]:
    """Return the addresses of the API and of the token endpoint, and collect their faults."""
    known = ENVIRONMENTS.get(environment or "", Environment("", None))
    api, tokens = base_url or known.base_url, token_url or known.token_url
    if not api:
        problems.append("no API is named: set environment='demo', environment='production' or base_url=…")
    elif not tokens:
        problems.append(
            "token_url is missing (KORUS_TOKEN_URL)"
            + (
                "; the address of the demo environment's token endpoint is not published, it comes with the "
                "credentials"
                if environment == "demo"
                else ""
            )
        )
    problems += [
        f"{name} must be an http or https address without user, password, query or fragment, got {url!r}"
        for name, url in (("base_url", api), ("token_url", tokens))
        if url and not _is_plain_url(url, query=name == "token_url")
    ]
    return api, tokens


def _spelled(url: str) -> str:
    """Normalise an address: intent log and cache are kept for each address and account."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    host = parts.netloc.lower().removesuffix(_DEFAULT_PORTS[scheme]).rstrip(".")
    return urlunsplit(parts._replace(scheme=scheme, netloc=host)).rstrip("/")


def _cannot(problems: list[str]) -> ConfigurationError:
    return ConfigurationError(
        "the client cannot be configured:" + "".join(f"\n  - {line}" for line in problems)
    )


def _timeouts(timeout: float | timedelta | Timeouts | None, problems: list[str]) -> Timeouts:
    try:
        return Timeouts.of(timeout)
    except ConfigurationError as error:
        problems.append(error.message)
        return Timeouts()


def _headers(extra_headers: object, problems: list[str]) -> ExtraHeaders:
    try:
        return read_headers(extra_headers)
    except ConfigurationError as error:
        problems.append(error.message)
        return ()


def _hooks(given: object, problems: list[str]) -> tuple[Hook, ...]:
    found = tuple(cast("Iterable[object]", given)) if type(given) in {list, tuple} else None
    if found is None or not all(map(callable, found)):
        problems.append(
            "`hooks` must be a list of callables that take an event, such as [print], got "
            + ("a list with something else in it" if found is not None else shown(given))
        )
        return ()
    return cast("tuple[Hook, ...]", found)


def _wrong_kinds(
    retry: object, http2: object, max_connections: object, max_answer_bytes: object
) -> list[str]:
    """Return the faults of the settings that are not texts."""
    problems: list[str] = []
    if not isinstance(retry, RetryPolicy | None):
        problems.append(f"`retry` must be a RetryPolicy, such as RetryPolicy(attempts=3), got {shown(retry)}")
    if not isinstance(http2, bool):
        problems.append(f"`http2` must be True or False, got {shown(http2)}")
    for name, value in (("max_connections", max_connections), ("max_answer_bytes", max_answer_bytes)):
        if not is_count(value):
            problems.append(f"`{name}` must be a whole number of at least 1, got {shown(value)}")
    return problems


def read_cache(value: Cache | Path | str | Secret | bool | None) -> Cache | None:
    """Read the value of ``cache=``. A text may hold a password, so it is wrapped in a `Secret` before this can fail."""
    if value is None or value is False:
        return None
    from korus._core.cache_setting import Cache  # noqa: PLC0415 (a client without a cache needs none of it)

    return Cache.of(value)


def _is_plain_url(url: str, *, query: bool) -> bool:
    try:
        origin(url)
    except InvalidIri:
        return False
    parts = urlsplit(url)
    return not parts.fragment and (query or not parts.query)
