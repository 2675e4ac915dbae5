"""Setting up: from arguments and from the environment, with all problems at once."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from attrs.exceptions import FrozenInstanceError

from korus import AsyncKorus, Cache, Korus, RetryPolicy, Timeouts
from korus._core.config import DEFAULT_TIMEOUT, ENVIRONMENTS
from korus.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

CREDENTIALS = {"client_id": "shop", "client_secret": "s3"}
EXPLICIT = {**CREDENTIALS, "base_url": "https://api.test/", "token_url": "https://auth.test/token"}
BOTH = pytest.mark.parametrize("kind", [Korus, AsyncKorus])


@BOTH
def test_production_is_known_whole(kind: type[Korus]) -> None:
    config = kind(**CREDENTIALS, environment="production").config
    assert config.base_url == "https://api.korusticket.com"
    assert config.token_url == "https://auth.korusticket.com/realms/korusticket/protocol/openid-connect/token"


@BOTH
def test_the_demo_token_endpoint_has_to_be_given(kind: type[Korus]) -> None:
    with pytest.raises(ConfigurationError, match="token endpoint is not published"):
        kind(**CREDENTIALS, environment="demo")
    config = kind(**CREDENTIALS, environment="demo", token_url="https://auth.test/t").config
    assert (config.base_url, config.token_url) == ("https://api.demo.korusticket.com", "https://auth.test/t")


@BOTH
def test_addresses_of_ones_own_come_before_the_environments(kind: type[Korus]) -> None:
    config = kind(**EXPLICIT, environment="production").config
    assert (config.base_url, config.token_url) == ("https://api.test", "https://auth.test/token")


@pytest.mark.parametrize(
    ("url", "spelled"),
    [
        ("HTTPS://API.Test:443/", "https://api.test"),
        ("http://api.test.:80/Below/", "http://api.test/Below"),
        ("https://api.test:80", "https://api.test:80"),
        ("http://[::1]:8000//", "http://[::1]:8000"),
    ],
)
def test_spellings_of_one_address_are_one(url: str, spelled: str) -> None:
    """Two that spell it otherwise book for one account: they share the journal's claims."""
    assert Korus(**{**EXPLICIT, "base_url": url}).config.base_url == spelled


@BOTH
def test_everything_that_is_wrong_is_said_at_once(kind: type[Korus]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        kind(language="f\nr", max_connections=0, base_url="nonsense", token_url="https://u:p@x/")
    text = str(caught.value)
    for part in ("client_id", "client_secret", "language", "max_connections", "base_url", "token_url"):
        assert part in text
    assert "KORUS_CLIENT_ID" in text


@pytest.mark.parametrize(
    "url",
    ["api.test", "ftp://api.test", "https://", "https://a b", "https://u:p@api.test", "https://api.test?x=1",
     "https://api.test#x", "https://api.test\n", "file:///etc", "https://api.test:port"],
)  # fmt: skip
def test_an_address_that_cannot_be_called_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="base_url"):
        Korus(**{**EXPLICIT, "base_url": url})


def test_no_environment_and_no_address_says_what_to_give() -> None:
    with pytest.raises(ConfigurationError, match="no API is named"):
        Korus(**CREDENTIALS)
    with pytest.raises(ConfigurationError, match="demo, production"):
        Korus(**CREDENTIALS, environment="moon")


@BOTH
def test_the_environment_variables_are_read(kind: type[Korus], monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "KORUS_CLIENT_ID": "shop",
        "KORUS_CLIENT_SECRET": "s3",
        "KORUS_BASE_URL": "https://api.test",
        "KORUS_TOKEN_URL": "https://auth.test",
        "KORUS_LANGUAGE": "fr",
        "KORUS_TIMEOUT": "12.5",
        "KORUS_ENVIRONMENT": "",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    config = kind.from_env().config
    assert (config.client_id, config.client_secret.reveal(), config.base_url) == (
        "shop",
        "s3",
        "https://api.test",
    )
    assert (config.token_url, config.language, config.timeouts.total) == ("https://auth.test", "fr", 12.5)
    assert kind.from_env(language="nl", timeout=1).config.language == "nl"


def test_a_variable_that_is_no_number_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KORUS_TIMEOUT", "soon")
    with pytest.raises(ConfigurationError, match="KORUS_TIMEOUT must be a number of seconds, got 'soon'"):
        Korus.from_env()


@pytest.mark.parametrize(
    ("given", "total"),
    [(3, 3.0), (0.5, 0.5), (timedelta(minutes=1), 60.0), (None, None), (Timeouts(total=9), 9)],
)
def test_timeouts_are_taken_in_every_form(given: object, total: float | None) -> None:
    assert Korus(**EXPLICIT, timeout=given).config.timeouts.total == total


@pytest.mark.parametrize("wrong", [0, -1, float("nan"), float("inf"), True, "5"])
def test_a_timeout_that_makes_no_sense_is_refused(wrong: object) -> None:
    with pytest.raises(ConfigurationError):
        Korus(**EXPLICIT, timeout=wrong)


@BOTH
def test_options_change_what_they_name_and_nothing_else(kind: type[Korus]) -> None:
    retry = RetryPolicy(attempts=2)
    client = kind(**EXPLICIT, language="fr", retry=retry)
    other = client.with_options(timeout=3)
    assert (other.config.language, other.config.retry, other.config.timeouts.total) == ("fr", retry, 3)
    assert client.config.timeouts.total == DEFAULT_TIMEOUT
    assert other.config.base_url == "https://api.test"
    assert type(other) is kind
    moved = client.with_options(environment="production")
    assert moved.config.base_url == ENVIRONMENTS["production"].base_url
    assert client.with_options(language=None).config.language is None
    with pytest.raises(ConfigurationError):
        client.with_options(base_url="nonsense")
    with pytest.raises(TypeError):
        client.with_options(colour="blue")


def test_a_configuration_is_frozen() -> None:
    config = Korus(**EXPLICIT).config
    with pytest.raises(FrozenInstanceError):
        config.base_url = "https://evil.test"  # type: ignore[misc]


def test_an_http_client_and_a_transport_exclude_each_other() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200))
    with httpx.Client() as http, pytest.raises(ConfigurationError, match="not both"):
        Korus(**EXPLICIT, http_client=http, transport=transport)
    with pytest.raises(ConfigurationError, match="`transport` must be an httpx"):
        Korus(**EXPLICIT, transport="x")  # type: ignore[arg-type]


@BOTH
def test_building_a_client_opens_nothing(kind: type[Korus]) -> None:
    assert kind(**EXPLICIT)._pool._opened._values == {}


def test_http2_without_its_package_is_a_configuration_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h2", None)
    with Korus(**EXPLICIT, http2=True) as korus, pytest.raises(ConfigurationError, match="h2"):
        korus.orders.get("x")


def kind_of(value: object) -> str:
    return repr(value)[:20]


ODD = {
    "client_id": [7, b"shop", ["shop"]],
    "client_secret": [7, b"secret", {"a": 1}],
    "environment": [7, ["demo"], {}],
    "base_url": [7, b"https://api.test", httpx.URL("https://api.test")],
    "token_url": [7, ["x"]],
    "language": [7, b"fr", ["fr"]],
    "timeout": ["5", True, {"a": 1}, float("nan"), float("inf"), -1, 0, [5], timedelta(seconds=-1)],
    "retry": [3, True, "often", {"attempts": 3}, RetryPolicy],
    "journal": [7, True, b"journal.sqlite3", ["x"], "", "  "],
    "cache": [7, 1.5, b"cache", ["x"]],
    "max_connections": ["5", 2.5, None, True, 0, -1, float("nan")],
    "http2": ["yes", 1, None],
    "max_answer_bytes": ["5", 2.5, None, True, 0],
}


@BOTH
@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in ODD.items() for value in values], ids=kind_of
)
def test_a_setting_of_an_odd_type_is_refused_at_once(kind: type[Korus], name: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=name):
        kind(**{**EXPLICIT, name: value})
    # None leaves these settings as they are
    if value is not None or name in {"max_connections", "http2", "max_answer_bytes"}:
        with pytest.raises(ConfigurationError, match=name):
            kind(**EXPLICIT).with_options(**{name: value})
        with pytest.raises(ConfigurationError, match=name):
            kind.from_env(**{**EXPLICIT, name: value})


@pytest.mark.parametrize(
    "changes",
    [
        {"attempts": "3"},
        {"attempts": 2.5},
        {"attempts": None},
        {"first_wait": "1"},
        {"longest_wait": None},
        {"settle": [5]},
        {"settle": float("nan")},
        {"statuses": 503},
        {"statuses": "503"},
        {"statuses": {"503"}},
        {"statuses": None},
    ],
    ids=str,
)
def test_a_retry_policy_of_odd_types_is_refused_at_once(changes: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(changes))):
        RetryPolicy(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["total", "connect", "read", "write", "pool"])
@pytest.mark.parametrize("value", ["5", True, [5], float("nan"), {"a": 1}], ids=kind_of)
def test_timeouts_of_odd_types_are_refused_at_once(name: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=name):
        Timeouts(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("keep", "most"), [("day", 1), (None, 1), ([1], 1), (60, "1"), (60, None)], ids=kind_of
)
def test_a_cache_of_odd_types_is_refused_at_once(keep: object, most: object) -> None:
    with pytest.raises(ConfigurationError, match="of a cache must be"):
        Cache(keep=keep, max_bytes=most)  # type: ignore[arg-type]


@BOTH
def test_a_journal_may_be_given_as_a_path(kind: type[Korus], tmp_path: Path) -> None:
    korus = kind(**EXPLICIT, journal=tmp_path / "journal.sqlite3")
    assert korus.config.journal is not None
    assert korus.config.journal.reveal() == str(tmp_path / "journal.sqlite3")
    changed = korus.with_options(journal=tmp_path / "other.sqlite3")
    assert changed.config.journal is not None
    assert changed.config.journal.reveal().endswith("other.sqlite3")


def test_a_refused_secret_is_not_quoted() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Korus(**{**EXPLICIT, "client_secret": b"canary"})  # type: ignore[arg-type]
    assert "canary" not in str(caught.value)
