"""Amounts stay exact, currencies compare in any case."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from korus.errors import InvalidArgument
from korus.money import amount, same_currency, wire_amount

AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, places=2)


@given(AMOUNTS)
def test_an_amount_survives_the_way_out_and_back(value: Decimal) -> None:
    assert amount(wire_amount(value)) == value


@pytest.mark.parametrize(
    ("wire", "read"),
    [
        ("36.50", Decimal("36.50")),
        ("0", Decimal(0)),
        ("-1.005", Decimal("-1.005")),
        (" 7.10 ", Decimal("7.10")),
        (12, Decimal(12)),
        (None, None),
        ("", None),
        ("string", None),
        ("1e5", None),
        ("NaN", None),
        ("Infinity", None),
        ("1,50", None),
        ("\u0663", None),
        (1.5, None),
        (True, None),
        (Decimal("NaN"), None),
        ({}, None),
    ],
)
def test_reading_an_amount_is_exact_or_none(wire: object, read: Decimal | None) -> None:
    assert amount(wire) == read


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("36.5"), "36.50"),
        (7, "7.00"),
        ("0.1", "0.10"),
        (Decimal("1.005"), "1.005"),
        (Decimal("1E+3"), "1000.00"),
    ],
)
def test_an_amount_is_written_plainly(value: Decimal | int | str, text: str) -> None:
    assert wire_amount(value) == text


@pytest.mark.parametrize("wrong", [1.5, True, "1e5", Decimal("NaN"), Decimal("Infinity"), "", None])
def test_what_is_no_exact_amount_is_not_written(wrong: object) -> None:
    with pytest.raises(InvalidArgument):
        wire_amount(wrong)


def test_currencies_ignore_case_and_unknown_equals_nothing() -> None:
    assert same_currency("eur", "EUR")
    assert not same_currency("eur", "usd")
    assert not same_currency(None, None)
    assert not same_currency("", "")
