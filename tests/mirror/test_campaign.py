"""Seeded runs of a mirror beside a model: short here, 1,000 on SQLite and 100 on a real PostgreSQL in `make proof`."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

import campaign
import pytest

# a file in memory where there is one: these runs are about what is written, not about the disk
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - for what is gone at the end
FAST = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None


def on_sqlite(seeds: range) -> Counter[str]:
    total: Counter[str] = Counter()
    for seed in seeds:
        with tempfile.TemporaryDirectory(dir=FAST) as folder:
            total.update(campaign.run(seed, str(Path(folder, "mirror.db"))))
    return total


def test_a_few_runs_hold_on_sqlite() -> None:
    total = on_sqlite(range(2))
    assert total["done"] > 8


@pytest.mark.timeout(600)
def test_a_few_runs_hold_on_postgresql(address: str) -> None:
    for seed in range(2):
        # a prefix for one, a schema for another
        where = {"schema": f"run_{seed}", "prefix": ""} if seed % 2 else {"prefix": f"run_{seed}_"}
        campaign.run(seed, address, **where)


# halves, for two cores: `make proof` runs each by its name
@pytest.mark.proof
@pytest.mark.timeout(0)
@pytest.mark.parametrize("part", range(10))
@pytest.mark.parametrize("start", [pytest.param(1000, id="first"), pytest.param(1500, id="second")])
def test_a_thousand_runs_hold_on_sqlite(start: int, part: int) -> None:
    first = start + part * 50
    assert on_sqlite(range(first, first + 50))["done"] > 250


@pytest.mark.proof
@pytest.mark.timeout(0)
def test_a_hundred_runs_hold_on_postgresql(address: str) -> None:
    for seed in range(5000, 5100):
        campaign.run(seed, address, prefix=f"proof_{seed}_")
