"""Checks of document addresses from the API's answers, and the headers sent to them.

A manipulated answer must not make a shop read its own machine or its cloud's metadata service, and save the result as a
ticket. Names are not resolved here.
"""

from __future__ import annotations

import re
import unicodedata
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

from korus.errors import DownloadFailed

__all__ = ["check_address", "storage_headers"]

_LOOPBACK_NAMES = re.compile(r"(?:.+\.)?localhost(?:\.localdomain)?|ip6-(?:localhost|loopback)")
_METADATA_NAMES: Final = frozenset(
    {
        "instance-data",
        "instance-data.ec2.internal",
        "metadata",
        "metadata.azure.internal",
        "metadata.goog",
        "metadata.google.internal",
    }
)
# metadata services without a link-local address
_METADATA: Final = frozenset(map(ip_address, ("100.100.100.200", "192.0.0.192", "fd00:ec2::254")))
_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")
_MOST_PARTS = 4


def check_address(scheme: str, host: str, *, base_url: str) -> None:
    """Check that a document may be fetched from an address.

    This machine, private networks, metadata services and plain http are refused, unless the API itself is at the same
    host, or on this machine or in a private network too.

    Args:
        scheme: The scheme of the address.
        host: The host to connect to, without brackets.
        base_url: The API's address.

    Raises:
        DownloadFailed: It may not. The address, which may be signed, is not shown.
    """
    api = urlsplit(base_url)
    api_host = api.hostname or ""
    kind = _kind(host)
    beside = host.casefold() == api_host.casefold() or (
        kind in {"loopback", "private"} and kind == _kind(api_host)
    )
    if kind is not None and not beside:
        raise DownloadFailed(
            f"the API named a {kind} address for a document, and is not there itself: not fetched",
            operation="download",
        )
    if scheme != "https" and not (beside and api.scheme == "http"):
        raise DownloadFailed(
            "the API named an address without https for a document: not fetched", operation="download"
        )


def storage_headers(user_agent: str) -> dict[str, str]:
    """Return all headers for a storage host, besides ``Host``: others may invalidate a signed address."""
    return {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": user_agent}


def _kind(host: str) -> str | None:
    """Return the reason to refuse a host: ``loopback``, ``private``, ``metadata`` or ``reserved``."""
    name = unicodedata.normalize("NFKC", host).casefold().replace("\u3002", ".").rstrip(".")
    if _LOOPBACK_NAMES.fullmatch(name):
        return "loopback"
    if name in _METADATA_NAMES:
        return "metadata"
    address = _address(name)
    if address is None:
        return None
    kinds = {
        "metadata": address in _METADATA or address.is_link_local,
        "loopback": address.is_loopback or address.is_unspecified,
        "reserved": address.is_multicast or address.is_reserved,
        "private": not address.is_global,
    }
    return next((kind for kind, holds in kinds.items() if holds), None)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return _old_notation(host)
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _old_notation(host: str) -> IPv4Address | None:
    """Read an IPv4 address in any form that the C library accepts: ``127.1``, ``0x7f000001``, ``0177.0.0.1``."""
    parts = host.split(".")
    if len(parts) > _MOST_PARTS or not all(map(_NUMBER.fullmatch, parts)):
        return None
    try:
        *bytes_, rest = (int(part, 16 if part[1:2] == "x" else 8 if part[0] == "0" else 10) for part in parts)
        value = sum(byte << (24 - 8 * place) for place, byte in enumerate(bytes_)) + rest
        return IPv4Address(value)
    except ValueError:
        return None
