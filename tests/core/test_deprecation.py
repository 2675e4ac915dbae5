"""Deprecations: a warning at the user's own line, which names the replacement and the version that removes it."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

import korus as package
from korus.errors import InvalidArgument

if TYPE_CHECKING:
    from korus import AsyncKorus, Korus

MESSAGE = r"`order=` as a sort direction is deprecated and will be removed in korus \d+\.\d+; use `sort=`"
CATALOG = "019a4f86-e5b1-7302-94ca-ffe36cb45d05"


def lists(client: Korus | AsyncKorus) -> list:
    return [
        client.catalogs.list,
        lambda **options: client.offers.list(CATALOG, **options),
        client.orders.list,
        client.reservations.list,
    ]


@pytest.mark.parametrize("number", range(4))
async def test_the_old_name_of_sort_warns_where_it_is_used(
    korus: Korus, async_korus: AsyncKorus, number: int
) -> None:
    for client in (korus, async_korus):
        with pytest.warns(DeprecationWarning, match=MESSAGE) as caught:
            lists(client)[number](order="asc")
        assert [warning.filename for warning in caught] == [__file__]


def test_the_old_name_sends_the_same(korus: Korus) -> None:
    with pytest.warns(DeprecationWarning, match=MESSAGE):
        old = [one.iri for one in korus.catalogs.list(order="desc")]
    assert old == [one.iri for one in korus.catalogs.list(sort="desc")]
    assert old != [one.iri for one in korus.catalogs.list(sort="asc")]


def test_both_names_at_once_are_refused(korus: Korus) -> None:
    with (
        pytest.warns(DeprecationWarning, match=MESSAGE),
        pytest.raises(InvalidArgument, match="give `sort` only"),
    ):
        korus.catalogs.list(order="asc", sort="desc")


def test_a_wrong_direction_is_refused_by_either_name(korus: Korus) -> None:
    with pytest.raises(InvalidArgument, match=r"`sort` must be 'asc' or 'desc', got 'up'"):
        korus.catalogs.list(sort="up")
    with (
        pytest.warns(DeprecationWarning, match=MESSAGE),
        pytest.raises(InvalidArgument, match="'asc' or 'desc'"),
    ):
        korus.catalogs.list(order="up")


def test_the_new_name_does_not_warn(korus: Korus) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert korus.catalogs.list(sort="asc").first() is not None


def test_what_is_deprecated_is_removed_by_the_version_that_says_so() -> None:
    sources = (Path(package.__file__).parent).rglob("*.py")
    versions = {
        found for path in sources for found in re.findall(r'removed_in="([^"]+)"', path.read_text("utf-8"))
    }
    assert versions
    assert [one for one in versions if Version(one) <= Version(package.__version__)] == []
    page = (Path(__file__).resolve().parents[2] / "docs" / "concepts" / "versions.md").read_text("utf-8")
    assert set(re.findall(r"^\| .* \| (\d+\.\d+) \|$", page, flags=re.MULTILINE)) == versions
