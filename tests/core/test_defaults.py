"""Each default is written once; the documentation states the same."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from korus import AsyncKorus, Korus, RetryPolicy, Timeouts
from korus._core.config import DEFAULT_TIMEOUT, MAX_ANSWER_BYTES, MAX_CONNECTIONS, Config, configure

ROOT = Path(__file__).parents[2]
DEFAULTS = {
    "timeout": DEFAULT_TIMEOUT,
    "max_connections": MAX_CONNECTIONS,
    "max_answer_bytes": MAX_ANSWER_BYTES,
}


def stated(page: str, row: str) -> str:
    """Return the line of a page that speaks of a setting."""
    lines = (ROOT / "docs" / page).read_text().splitlines()
    return next((line for line in lines if f"`{row}" in line and "unless set" in line), "")


@pytest.mark.parametrize("function", [Korus.__init__, AsyncKorus.__init__, configure])
@pytest.mark.parametrize("name", DEFAULTS)
def test_clients_take_their_defaults_from_the_configuration(function: Any, name: str) -> None:
    assert inspect.signature(function).parameters[name].default == DEFAULTS[name]


def test_a_config_without_settings_has_the_defaults() -> None:
    fields = inspect.signature(Config).parameters
    assert fields["max_connections"].default == MAX_CONNECTIONS
    assert fields["max_answer_bytes"].default == MAX_ANSWER_BYTES
    assert Timeouts().total == DEFAULT_TIMEOUT


@pytest.mark.parametrize(
    ("page", "row", "words"),
    [
        ("reference/settings.md", "timeout", f"{DEFAULT_TIMEOUT:g} unless set"),
        ("reference/settings.md", "max_connections", f"{MAX_CONNECTIONS} unless set"),
        ("reference/settings.md", "max_answer_bytes", f"{MAX_ANSWER_BYTES // 1024**2} MiB unless set"),
        ("why.md", "settle", f"{RetryPolicy().settle:g} seconds unless set"),
    ],
)
def test_the_documentation_states_the_default(page: str, row: str, words: str) -> None:
    assert words in stated(page, row), f"docs/{page} has to say `{words}` of `{row}`"
