"""The scripted servers of the client's tests, and a sync or async caller."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scripted_server import Caller, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    running = ScriptedServer()
    yield running
    running.close()


@pytest.fixture
def other_server() -> Iterator[ScriptedServer]:
    """Another origin: the same machine, another port."""
    running = ScriptedServer()
    yield running
    running.close()


@pytest.fixture(params=["sync", "async"])
def caller(request: pytest.FixtureRequest, server: ScriptedServer) -> Caller:
    return Caller(request.param == "async", server)
