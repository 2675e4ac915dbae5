"""A shop connected to the sandbox of each test."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from shopping import Shop, open_shop

from korus.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Run a sandbox whose time begins on a day that does not move, since these tests name days."""
    with Sandbox(seed=7, now=datetime(2026, 11, 25, 9, tzinfo=UTC)) as running:
        yield running


@pytest.fixture
def shop(sandbox: Sandbox) -> Iterator[Shop]:
    opened = open_shop(sandbox)
    with opened.http:
        yield opened
