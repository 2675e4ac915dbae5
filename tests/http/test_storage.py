"""Where documents may be fetched from."""

from __future__ import annotations

import pytest

from korus._http.storage import check_address, storage_headers
from korus.errors import DownloadFailed

API = "https://api.korusticket.com"
LOCAL = "http://127.0.0.1:8000"


def may(scheme: str, host: str, base_url: str) -> bool:
    try:
        check_address(scheme, host, base_url=base_url)
    except DownloadFailed:
        return False
    return True


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.8.9.1", "localhost", "LOCALHOST", "localhost.", "a.localhost", "localhost.localdomain",
        "::1", "[::1]", "::", "0.0.0.1", "0", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001",
        "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "ip6-localhost",
        "\uff11\uff12\uff17.0.0.1", "127\u30020\u30020\u30021", "\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3",
        "169.254.169.254", "169.254.170.2", "0xa9fea9fe", "2852039166", "::ffff:169.254.169.254", "fe80::1", "fe80::1%eth0",
        "fd00:ec2::254", "100.100.100.200", "192.0.0.192", "metadata.google.internal", "Metadata.Google.Internal.", "metadata",
        "instance-data", "10.0.0.1", "192.168.1.1", "172.16.0.1", "fc00::1", "224.0.0.1", "255.255.255.255",
    ],
)  # fmt: skip
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_internal_addresses_are_refused(scheme: str, host: str) -> None:
    assert not may(scheme, host, API)


@pytest.mark.parametrize(
    "host", ["storage.googleapis.com", "8.8.8.8", "2001:4860:4860::8888", "1.2.3.4.example", "0x.example", "localhost.example"]
)  # fmt: skip
def test_public_addresses_are_fetched_over_https_only(host: str) -> None:
    assert may("https", host, API)
    assert not may("http", host, API)
    assert not may("http", host, LOCAL)


@pytest.mark.parametrize(
    ("host", "base_url", "http", "https"),
    [
        ("127.0.0.1", LOCAL, True, True),
        ("localhost", LOCAL, True, True),
        ("::1", "http://localhost:9", True, True),
        ("127.0.0.1", "https://localhost:9", False, True),
        ("10.0.0.2", "http://10.0.0.1", True, True),
        ("10.0.0.2", LOCAL, False, False),
        ("169.254.169.254", LOCAL, False, False),
        ("169.254.169.254", "http://169.254.1.1", False, False),
        ("169.254.1.1", "http://169.254.1.1", True, True),
        ("api.internal", "http://api.internal:8000", True, True),
        ("API.internal", "https://api.internal", False, True),
        ("api.korusticket.com", API, False, True),
    ],
)
def test_where_the_api_is_itself_documents_may_be_too(
    host: str, base_url: str, http: bool, https: bool
) -> None:
    assert (may("http", host, base_url), may("https", host, base_url)) == (http, https)


def test_what_a_storage_host_is_sent_can_be_counted() -> None:
    assert storage_headers("me") == {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "me"}
