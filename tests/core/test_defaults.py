"""Each default is written once."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from korus import AsyncKorus, Korus, Timeouts
from korus._core.config import DEFAULT_TIMEOUT, MAX_ANSWER_BYTES, MAX_CONNECTIONS, Config, configure

DEFAULTS = {
    "timeout": DEFAULT_TIMEOUT,
    "max_connections": MAX_CONNECTIONS,
    "max_answer_bytes": MAX_ANSWER_BYTES,
}


@pytest.mark.parametrize("function", [Korus.__init__, AsyncKorus.__init__, configure])
@pytest.mark.parametrize("name", DEFAULTS)
def test_clients_take_their_defaults_from_the_configuration(function: Any, name: str) -> None:
    assert inspect.signature(function).parameters[name].default == DEFAULTS[name]


def test_a_config_without_settings_has_the_defaults() -> None:
    fields = inspect.signature(Config).parameters
    assert fields["max_connections"].default == MAX_CONNECTIONS
    assert fields["max_answer_bytes"].default == MAX_ANSWER_BYTES
    assert Timeouts().total == DEFAULT_TIMEOUT
