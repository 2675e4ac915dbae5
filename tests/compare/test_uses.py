"""Where korus uses a field of the API is found from its source: ten fields that decide about money and tickets."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.compare.python import read_surface
from scripts.compare.python.changes import NameChange
from scripts.compare.python.uses import Layer

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def surface():
    return read_surface(ROOT / "generated" / "korus_api")


@pytest.fixture(scope="module")
def layer():
    return Layer(ROOT)


FACTS = "korus/_booking/facts.py"
OFFERS = "korus/_booking/offer_facts.py"
READS = [
    ("OfferPrice", "amountInclTax", {(OFFERS, "PriceFacts.read")}),
    ("OfferPriceInOffer", "amountInclTax", {(OFFERS, "PriceFacts.read"), ("korus/_mirror/content.py", "_offer_columns")}),
    ("OfferAvailability", "availableQuantity", {(OFFERS, "AvailabilityFacts.read")}),
    ("SessionAvailability", "availableQuantity", {(OFFERS, "AvailabilityFacts.read")}),
    ("Reservation", "totalAmountInclTax", {(FACTS, "ReservationFacts.read")}),
    ("Reservation", "expiresAt", {(FACTS, "ReservationFacts.read")}),
    ("ReservationItem", "amountInclTax", {(FACTS, "_item")}),
    ("Order", "externalReference", {(FACTS, "OrderFacts.read"), ("korus/cli/entries.py", "OrderEntry.read")}),
    ("BulkOrderOutput", "failedOrders", {(FACTS, "OrderAnswer.read")}),
    ("OrderItemTicket", "beneficiaryAmendable", {("korus/_booking/issued_tickets.py", "IssuedTicketFacts.read")}),
    ("Reservation", "organization", set()),
]  # fmt: skip


@pytest.mark.parametrize(("owner", "wire", "expected"), READS)
def test_typed_facts_that_read_a_field_are_found(owner, wire, expected, layer, surface):
    found = layer.reads(owner, wire, surface)
    assert {(use.file, use.function) for use in found} == expected
    for use in found:
        assert f'"{wire}"' in (ROOT / use.file).read_text().splitlines()[use.line - 1]


def test_uses_in_written_code_and_in_the_sandbox_come_last(layer, surface):
    owner, wire = "Reservation", "totalAmountInclTax"
    change = NameChange(
        "attribute", f"models.{owner}.x", "is gone", True, owner, "total_amount_incl_tax", wire, "str", None
    )
    files = [use.file for use in layer.uses(change, (surface, surface))]
    assert files[0] == FACTS
    ranks = [file.startswith(("korus/_sync/", "korus/testing/", "korus/sandbox/")) for file in files]
    assert ranks == sorted(ranks)


def test_every_operation_that_korus_calls_is_found(layer, surface):
    calls = layer.calls(surface)
    assert calls.keys() == surface.operations.keys()
    assert {"external_reference", "items_per_page", "page"} <= calls["list_orders"].gives.keys()
    assert calls["bulk_create_orders"].uses
