"""Deprecations of the API warn where users meet them, at their own line, and never within a booking."""

from __future__ import annotations

import attrs
import pytest
from korus_api.api.catalog import list_catalogs
from korus_api.api.offer_price import get_offer_price

CATALOG = "/v1/ticketing/catalogs/019a4f86-e5b1-7302-94ca-cef96551b9f4"
OFFER = f"{CATALOG}/offers/019a5331-dd1c-7ace-8bbf-8856ecdebb1b"


@pytest.fixture
def deprecate(monkeypatch):
    def change(module, **changes):
        monkeypatch.setattr(module, "OPERATION", attrs.evolve(module.OPERATION, **changes))

    return change


def test_deprecated_operation_warns_at_the_line_that_calls_it(korus, deprecate):
    deprecate(list_catalogs, deprecated=True)
    with pytest.warns(DeprecationWarning, match=r"^list_catalogs is deprecated by the API") as warned:
        korus.catalogs.list()
    assert warned[0].filename == __file__


async def test_deprecated_operation_warns_in_async_code_too(async_korus, deprecate):
    deprecate(get_offer_price, deprecated=True)
    with pytest.warns(DeprecationWarning, match="get_offer_price is deprecated"), pytest.raises(Exception):  # noqa: B017 - whether there is such an offer is not the point
        await async_korus.offers.price(OFFER)


def test_deprecated_parameter_warns_only_where_it_is_given(korus, deprecate):
    deprecate(list_catalogs, deprecated_parameters=("order_created_at",))
    korus.catalogs.list()
    with pytest.warns(DeprecationWarning, match="`order_created_at` of list_catalogs is deprecated"):
        korus.catalogs.list(sort="asc")
