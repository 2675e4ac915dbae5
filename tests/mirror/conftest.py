"""A PostgreSQL server for the mirror's tests."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from scripts import postgres

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """The address of a PostgreSQL server."""
    given = os.environ.get(postgres.VARIABLE)
    if given:
        yield given
        return
    try:
        with postgres.server() as url:
            yield url
    except postgres.Unavailable as reason:
        pytest.skip(f"no PostgreSQL: {reason}")
