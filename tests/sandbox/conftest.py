"""A shop connected to the sandbox of each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from shopping import Shop, open_shop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from korus.sandbox import Sandbox


@pytest.fixture
def shop(sandbox: Sandbox) -> Iterator[Shop]:
    opened = open_shop(sandbox)
    with opened.http:
        yield opened
