"""Decisions read typed facts: raw JSON is read, and its keys are spelled, only in the modules at the edge."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("_async", "_booking", "_core", "_http", "_journal", "_mirror", "_primitives", "cli")
READER = "korus._core.raw_json"
EDGE = {
    "_booking/beneficiary_rows.py": "rows and fields that a caller gives",
    "_booking/document_facts.py": "documents in answers",
    "_booking/facts.py": "reservations, orders and failed entries in answers",
    "_booking/intent_details.py": "what the intent log keeps",
    "_booking/issued_tickets.py": "issued tickets in answers",
    "_booking/offer_facts.py": "offers, stock and prices in answers",
    "_booking/order_body.py": "the request of an order",
    "_booking/request_items.py": "the request of a reservation",
    "_booking/snapshot.py": "what the intent log keeps",
    "_booking/stored_booking.py": "a booking as JSON",
    "_booking/violations.py": "paths in a 422",
    "_core/form_fields.py": "definitions of forms",
    "_core/raw_json.py": "the reader itself",
    "_http/error_responses.py": "error answers",
    "_http/pagination.py": "the envelope of a list",
    "_journal/intent_log.py": "stored intents",
    "_journal/database.py": "stored intents",
    "_mirror/content.py": "catalogues, products and offers in lists",
    "cli/entries.py": "catalogues and orders, as far as `korus book` looks at them",
    "cli/previous_run.py": "stored intents",
    "cli/receipt_file.py": "receipts of earlier runs",
}
CAMEL = re.compile(r"[a-z]+(?:[A-Z][a-z0-9]*)+")


def modules():
    below = [path for room in ROOMS for path in (ROOT / "korus" / room).rglob("*.py")]
    return sorted([*below, *(ROOT / "korus").glob("*.py")])


def findings(source):
    """Return what a module above the edge must not have, as (line, what)."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if (isinstance(node, ast.ImportFrom) and node.module == READER) or (
            isinstance(node, ast.Import) and any(name.name == READER for name in node.names)
        ):
            found.append((node.lineno, "reads raw JSON"))
        elif isinstance(node, ast.ImportFrom) and node.module == "korus._core":
            found += [(node.lineno, "reads raw JSON") for name in node.names if name.name == "raw_json"]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and CAMEL.fullmatch(node.value):
            found.append((node.lineno, f"spells {node.value}"))
        elif isinstance(node, ast.Call) and getattr(node.func, "id", None) == "wire":
            found.append((node.lineno, "calls wire()"))
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT / "korus")))
def test_no_module_above_the_edge_reads_raw_json(path):
    if str(path.relative_to(ROOT / "korus")) not in EDGE:
        assert findings(path.read_text("utf-8")) == []


@pytest.mark.parametrize("name", EDGE)
def test_every_module_of_the_edge_reads_or_writes_json(name):
    assert findings((ROOT / "korus" / name).read_text("utf-8")) or name.endswith("raw_json.py")


@pytest.mark.parametrize(
    "source",
    [
        "from korus._core.raw_json import text",
        "from korus._core import raw_json",
        "import korus._core.raw_json",
        "order['externalReference']",
        "wire(order)",
    ],
)
def test_reading_raw_json_is_found(source):
    assert len(findings(source)) == 1
