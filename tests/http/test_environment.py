"""Proxies and certificates of the environment: a mistake is a ConfigurationError that names the variable."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import anyio
import httpx
import pytest

from korus import AsyncKorus, Korus
from korus.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = {
    "client_id": "shop",
    "client_secret": "s3",
    "base_url": "https://api.test",
    "token_url": "https://auth.test/token",
}
SECRET = "geheim"


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("SSL"):
            monkeypatch.delenv(name)


def opened(kind: type[Korus | AsyncKorus]) -> object:
    """Open the connections of a client, as its first call does; an asynchronous one's belong to an event loop."""
    client = kind(**SETTINGS)
    if isinstance(client, Korus):
        return client._pool.get()

    async def get() -> object:
        return client._pool.get()

    return anyio.run(get)


NOT_WITH_HTTPX2 = pytest.mark.skipif(
    os.environ.get("KORUS_TEST_HTTPX") == "httpx2", reason="httpx2 takes these as they are"
)


def refusal(kind: type[Korus | AsyncKorus]) -> str:
    with pytest.raises(ConfigurationError) as caught:
        opened(kind)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    return str(caught.value)


BOTH = pytest.mark.parametrize("kind", [Korus, AsyncKorus])


@BOTH
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize(
    "address",
    [
        f"socks4://u:{SECRET}@proxy:1080",
        f"ftp://u:{SECRET}@proxy",
        "://proxy",
        "http://",
        "http://[::1",
        f"http://u:{SECRET}@proxy:port",
        f"http://u:{SECRET}@proxy:99999",
    ],
)
def test_a_proxy_that_cannot_be_used_is_named(
    kind: type[Korus], variable: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, address)
    assert refusal(kind).startswith(f"{variable} must be the address of a proxy")


@BOTH
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "all_proxy"])
@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "SOCKS5"])
def test_a_socks_proxy_without_its_package_is_not_blamed_on_http2(
    kind: type[Korus], variable: str, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv(variable, f"{scheme}://u:{SECRET}@proxy:1080")
    said = refusal(kind)
    assert said.startswith(f"{variable} names a SOCKS proxy, which needs the package socksio")
    assert "http2" not in said


@BOTH
@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize(
    "hosts",
    [
        "[::1]",
        "localhost, [::1]:80",
        pytest.param("fe80::/10", marks=NOT_WITH_HTTPX2),
        pytest.param("exämple..com:x", marks=NOT_WITH_HTTPX2),
    ],
)
@pytest.mark.parametrize("with_proxy", [True, False])
def test_an_exception_from_proxies_that_cannot_be_read_is_named(
    kind: type[Korus], variable: str, hosts: str, with_proxy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, hosts)
    if with_proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://u:{SECRET}@proxy:3128")
    assert refusal(kind).startswith(f"{variable} ")


@BOTH
@pytest.mark.parametrize(
    "settings",
    [
        {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "::1,localhost,10.0.0.0/8,.internal"},
        {"HTTPS_PROXY": "proxy:3128"},
        {"NO_PROXY": "*", "HTTPS_PROXY": "nonsense://"},
        {"HTTPS_PROXY": "", "NO_PROXY": ""},
        {"NO_PROXY": "all://[::1]", "HTTPS_PROXY": "http://proxy:3128"},
        {"FTP_PROXY": "ftp://proxy"},
    ],
)
def test_proxies_that_can_be_used_are(
    kind: type[Korus], settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert isinstance(opened(kind), (httpx.Client, httpx.AsyncClient))


@BOTH
@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
@pytest.mark.parametrize("what", ["missing", "no certificate"])
def test_certificates_that_cannot_be_read_are_named(
    kind: type[Korus], variable: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "certificates"
    if what == "no certificate":
        path.write_text("no certificate")
    monkeypatch.setenv(variable, str(path))
    assert refusal(kind).startswith(f"{variable} must name readable certificates in PEM format: ")


@BOTH
def test_a_folder_of_certificates_is_read(
    kind: type[Korus], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", f"{tmp_path / 'missing'}{os.pathsep}{tmp_path}")
    assert opened(kind) is not None


@BOTH
def test_a_log_of_keys_that_cannot_be_written_is_named(
    kind: type[Korus], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "missing" / "keys"))
    monkeypatch.setenv("SSL_CERT_DIR", "")
    from korus._async.http import pool as asynchronous
    from korus._sync.http import pool as synchronous

    for module in (asynchronous, synchronous):
        module._ssl_context.cache_clear()
    assert refusal(kind).startswith("SSLKEYLOGFILE must name a file that can be written")
