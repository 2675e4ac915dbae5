"""Checks of the environment that httpx uses: proxies and certificates. Errors name the variable. No I/O.

Values are never shown, since a proxy's address may hold a password.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from korus.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["check_proxies", "setup_error"]

_SCHEMES: Final = ("http", "https", "socks5", "socks5h")
_PROXIES: Final = ("http", "https", "all")
_FILES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


def check_proxies(proxies: Mapping[str, str], environment: Mapping[str, str]) -> None:
    """Check the proxies that the environment names.

    Args:
        proxies: The result of `urllib.request.getproxies`.
        environment: The environment variables.

    Raises:
        ConfigurationError: An address cannot be used, or an exception from them cannot be read.
    """
    exceptions = [entry.strip() for entry in proxies.get("no", "").split(",")]
    if "*" in exceptions:
        return  # no proxy is used at all
    for kind in _PROXIES:
        address = proxies.get(kind)
        if address and (problem := _problem(address)):
            raise ConfigurationError(f"{_variable(kind, environment)} {problem}")
    if any("[" in entry and "://" not in entry for entry in exceptions):
        raise ConfigurationError(
            f"{_variable('no', environment)} must have IPv6 addresses without brackets: ::1, not [::1]"
        )


def setup_error(error: Exception, environment: Mapping[str, str]) -> ConfigurationError:
    """Return the error to raise if an httpx client cannot be built with the settings of the environment.

    Args:
        error: The error of httpx.
        environment: The environment variables.
    """
    if isinstance(error, ImportError):
        if "socks" in str(error).lower():
            named = next((kind for kind in _PROXIES if _is_socks(kind, environment)), "all")
            return ConfigurationError(
                f"{_variable(named, environment)} names a SOCKS proxy, which needs the package socksio: "
                "pip install 'httpx[socks]'"
            )
        from korus._core.distribution import install_hint  # noqa: PLC0415 (only for this message)

        return ConfigurationError(f"http2=True needs the package h2: {install_hint('http2')}")
    if isinstance(error, OSError):
        named = next((name for name in _FILES if environment.get(name)), "SSL_CERT_FILE")
        wanted = (
            "a file that can be written"
            if named == "SSLKEYLOGFILE"
            else "readable certificates in PEM format"
        )
        return ConfigurationError(f"{named} must name {wanted}: {error.strerror or type(error).__name__}")
    return ConfigurationError(f"{_variable('no', environment)} has an entry that cannot be read")


def _problem(address: str) -> str | None:
    """Return the fault of a proxy's address; None if it is valid."""
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        _ = parts.port  # out of range, or not a number
    except ValueError:
        return "must be the address of a proxy such as http://proxy.example:3128"
    if parts.scheme.lower() not in _SCHEMES:
        return f"must be the address of a proxy that begins with {', '.join(_SCHEMES)}, got another scheme"
    return None if parts.hostname else "must be the address of a proxy, got one without a host"


def _is_socks(kind: str, environment: Mapping[str, str]) -> bool:
    return environment.get(_variable(kind, environment), "").lower().startswith("socks")


def _variable(kind: str, environment: Mapping[str, str]) -> str:
    """Return the variable that names a kind of proxy."""
    names = (f"{kind}_proxy", f"{kind}_proxy".upper())
    return next((name for name in names if environment.get(name)), f"{names[1]} or the system's settings")
