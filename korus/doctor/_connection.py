"""Checks of the settings and the connection, each with advice."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from korus._core.config import ENVIRONMENTS, settings
from korus.doctor._report import CONNECTION, SETTINGS
from korus.errors import AuthenticationFailed, ConfigurationError, KorusError, StatusError, TransportError
from korus.hooks import TokenRenewed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from korus import Korus
    from korus._core.config import Config
    from korus.doctor._recorder import Log
    from korus.doctor._report import Report
    from korus.hooks import Event

__all__ = ["check_connection", "check_settings"]

_SKEW_SECONDS = 60
_SECRETS = {"client_secret", "journal"}


def check_settings(report: Report, given: dict[str, Any]) -> dict[str, Any] | None:
    """Report the settings and their sources; return None if no client can be configured."""
    try:
        found: dict[str, Any] = settings()
    except ConfigurationError as error:
        report.step(SETTINGS, "environment", "failed", str(error), "Correct the variable.")
        return None
    for name, value in {**found, **given}.items():
        origin = "given" if name in given else f"from KORUS_{name.upper()}"
        shown = "set" if name in _SECRETS or name == "client_id" else str(value)
        report.step(SETTINGS, name, "ok", f"{shown} ({origin})")
    options = {**found, **given}
    from korus import Korus  # noqa: PLC0415 (heavy)

    try:
        Korus(**options).close()
    except ConfigurationError as error:
        report.step(
            SETTINGS, "client", "failed", str(error), "Set what is missing; see docs/reference/settings.md."
        )
        return None
    return options


def check_connection(report: Report, korus: Korus, log: Log, events: Sequence[Event]) -> bool:
    """Report the reachability of the API and the token endpoint; return False if one cannot be reached."""
    config = korus.config
    _proxies(report)
    for title, url in (("API", config.base_url), ("token endpoint", config.token_url)):
        if not _address(report, title, url):
            return False
    try:
        korus.request("GET", "/v1/ticketing/catalogs")
    except AuthenticationFailed as error:
        report.step(
            CONNECTION,
            "credentials",
            "failed",
            _plain(error),
            "Check the client id, the secret and the token endpoint.",
        )
        return False
    except StatusError as error:
        report.step(CONNECTION, "API", "ok", f"it answers ({error.status})")
    except TransportError as error:
        advice = "Check the network, the proxy, the certificates and the address."
        report.step(CONNECTION, "connection", "failed", _plain(error), advice)
        return False
    except KorusError as error:
        report.step(CONNECTION, "API", "warning", _plain(error), "Something else may answer at this address.")
    _token(report, config, log, events)
    _clock(report, log)
    return True


def _plain(error: KorusError) -> str:
    return f"{type(error).__name__}" + (f" {error.status}" if error.status else "") + f": {error.message}"


def _proxies(report: Report) -> None:
    found = sorted(kind for kind, address in getproxies().items() if address and kind != "no")
    text = f"for {', '.join(found)}" if found else "none"
    report.step(CONNECTION, "proxy", "ok", text)
    certificates = [name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)]
    if certificates:
        report.step(CONNECTION, "certificates", "ok", f"from {', '.join(certificates)}")


def _address(report: Report, title: str, url: str) -> bool:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    known = any(url.startswith(one.base_url) or url == one.token_url for one in ENVIRONMENTS.values())
    kind = "a published address" if known else "an address of your own"
    if getproxies().get(parts.scheme) is None:  # with a proxy, the proxy resolves names
        try:
            count = len({found[4][0] for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)})
        except OSError:
            report.step(
                CONNECTION, title, "failed", f"{host} cannot be resolved", "Check the address and the DNS."
            )
            return False
        kind += f", {count} IP address{'es' if count != 1 else ''}"
    if parts.scheme == "https":
        report.step(CONNECTION, title, "ok", f"{host} ({kind}), TLS")
    elif host in {"localhost", "127.0.0.1", "::1"}:
        report.step(CONNECTION, title, "ok", f"{host} ({kind}), no TLS, on this machine")
    else:
        advice = "Use https: without it others can read the token."
        report.step(CONNECTION, title, "warning", f"{host} ({kind}), no TLS", advice)
    return True


def _token(report: Report, config: Config, log: Log, events: Sequence[Event]) -> None:
    renewed = [event for event in events if isinstance(event, TokenRenewed) and event.lifetime is not None]
    if not renewed or renewed[0].lifetime is None:
        return
    kind = "Keycloak" if "/protocol/openid-connect/" in config.token_url else "another OpenID provider"
    server = log.token_headers.get("server", "")
    text = f"client credentials, token for {renewed[0].lifetime:.0f} s, {kind}" + (
        f" ({server[:40]})" if server else ""
    )
    report.step(CONNECTION, "token", "ok", text)
    if renewed[0].lifetime < _SKEW_SECONDS:
        report.step(
            CONNECTION, "token lifetime", "warning", "it ends within a minute", "Expect frequent renewals."
        )


def _clock(report: Report, log: Log) -> None:
    sent = "" if log.last is None else "".join(log.last.response_headers.get("date", ())[:1])
    try:
        date = parsedate_to_datetime(sent)
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
    except (TypeError, ValueError):
        report.step(CONNECTION, "clock", "skipped", "the API sends no date")
        return
    skew = (datetime.now(UTC) - date).total_seconds()
    if abs(skew) > _SKEW_SECONDS:
        text = f"this machine and the API are {abs(skew):.0f} s apart"
        report.step(CONNECTION, "clock", "warning", text, "Set the clock of this machine.")
    else:
        report.step(CONNECTION, "clock", "ok", "within a minute of the API's")
