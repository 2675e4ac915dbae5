from __future__ import annotations

import importlib
import re
import shutil
from pathlib import Path

import pytest

from scripts.descriptions import find, load
from scripts.generate.audit import audit
from scripts.generate.build import build, corrected
from scripts.generate.prepare import prepare


@pytest.fixture(scope="module")
def description():
    # of a version that will not change, so that what is sabotaged is there whatever is followed
    return corrected(load(find("release")))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    package = tmp_path_factory.mktemp("whole") / "korus_api"
    build(find("release"), package)
    return package


@pytest.fixture
def package(whole, tmp_path):
    return Path(shutil.copytree(whole, tmp_path / "korus_api", ignore=shutil.ignore_patterns("__pycache__")))


def models_of(package):
    return importlib.import_module(f"{package.__name__}.models")


def missing(description, package):
    return audit(description, package, prepare(description).left_out).missing


def edit(path, pattern, replacement=""):
    text = path.read_text(encoding="utf-8")
    changed, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
    assert count >= 1, f"nothing to sabotage: {pattern}"
    path.write_text(changed, encoding="utf-8")


def test_generated_package_lacks_nothing(description, package):
    report = audit(description, package, prepare(description).left_out)
    assert report.missing == []
    assert report.described == report.found + report.left_out_kinds
    assert report.described["operations"] == sum(
        method in {"get", "post", "patch"} for item in description["paths"].values() for method in item
    )


@pytest.mark.parametrize(
    ("file", "pattern", "replacement", "named"),
    [
        ("models/offer.py", r"^    id: str = ABSENT\n", "", "property Offer.id"),
        ("models/offer.py", r'^        self\.id = get\("id"\)\n', "", "property Offer.id"),
        ("models/offer.py", r'^        \("id", "id"\),\n', "", "property Offer.id"),
        ("models/offer.py", r'get\("@id"\)', 'get("id")', "property Offer.@id"),
        ("models/collection_view.py", r"^        self\.next_ = .*\n", "", "property CollectionView.next"),
        ("models/ld_context.py", r"^    ld_vocab: .*\n", "", "property LdContext.@vocab"),
        ("models/bulk_order_input.py", r'^ *result\["externalReference"\] = .*\n', "", "property BulkOrderInput.externalReference"),
        ("models/bulk_order_input.py", r"^    external_reference: .*\n", "", "property BulkOrderInput.externalReference"),
        ("models/order_status.py", r"^    CANCELLED = .*\n", "", "enum value 'cancelled'"),
        ("models/order_status.py", r'"cancelled"', '"canceled"', "enum value 'cancelled'"),
        ("models/form_field_type.py", r"^    DATETIME = .*\n", "", "enum value 'datetime'"),
        ("api/offer/list_offers.py", r'^    add_query\(params, "product\[\]".*\n', "", "parameter product[] in query"),
        ("api/offer/list_offers.py", r"^    session: str \| None \| Unset = UNSET,\n", "", "parameter session in query"),
        ("api/offer/list_offers.py", r"\{path_part\(catalog_id\)\}", "x", "parameter catalogId in path"),
        ("api/offer/list_offers.py", r"^    if status == 403:\n.*\n", "", "403 as application/ld+json"),
        ("api/offer/list_offers.py", r'accept="application/ld\+json"', 'accept="text/html"', "200 as application/ld+json"),
        ("api/order/bulk_create_orders.py", r'^    headers\["Content-Type"\] = .*\n', "", "request body as application/ld+json"),
        ("api/order/bulk_create_orders.py", r'^    request\["json"\] = .*\n', "", "request body as application/ld+json"),
        ("api/order/bulk_create_orders.py", r"read_model\(BulkOrderOutput, (.*)\)\)", r"\1)", "failedOrders"),
        ("operations.py", r'^ *"list_offers": .*\n', "", "operation GET /v1/ticketing/catalogs/{catalogId}/offers"),
        ("api/offer/list_offers.py", r"^async def asyncio\(", "async def other(", "operation GET /v1/ticketing/catalogs/{catalogId}/offers"),
    ],
)  # fmt: skip
def test_parts_removed_from_the_code_are_reported(*, description, package, file, pattern, replacement, named):
    edit(package / file, pattern, replacement)
    assert any(named in place for place in missing(description, package)), missing(description, package)


@pytest.mark.parametrize("file", ["api/offer/list_offers.py", "models/order_status.py", "models/offer.py"])
def test_missing_file_is_reported(description, package, file):
    (package / file).unlink()
    assert missing(description, package)


def test_new_parts_are_missing_until_generated(description, package):
    grown = {
        **description,
        "paths": {**description["paths"], "/v1/new": {"get": {"responses": {"204": {"description": ""}}}}},
    }
    assert "operation GET /v1/new" in missing(grown, package)


def test_parts_are_left_out_with_a_reason(client_of):
    path = Path(__file__).parent / "descriptions" / "names_on_the_wire.yaml"
    folder = Path(client_of("names_on_the_wire").__file__).parent
    document = load(path)
    excused = audit(document, folder, prepare(document).left_out)
    assert excused.missing == []
    assert excused.left_out["GET /books: 200 as application/json"].startswith("alternative representation")
    assert excused.left_out["POST /books: request body as application/json"].startswith(
        "alternative media type"
    )
    assert all(excused.left_out.values())
    assert "GET /books: 200 as application/json" in audit(document, folder).missing


def test_base_schema_may_have_write_only_properties(client_of, described):
    described_pet = described(
        {
            "Base": {
                "type": "object",
                "properties": {"id": {"type": "string"}, "secret": {"type": "string", "writeOnly": True}},
            },
            "Pet": {
                "allOf": [
                    {"$ref": "#/components/schemas/Base"},
                    {"type": "object", "properties": {"name": {"type": "string"}}},
                ]
            },
        },
        responses={
            "200": {
                "description": "it",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}},
            }
        },
    )
    pet = models_of(client_of(described_pet, "client_write_only_base")).Pet
    source = {"id": "1", "name": "Rex", "secret": "kept all the same"}
    assert pet.from_dict(source).name == "Rex"
    assert not hasattr(pet, "secret")
    assert pet.from_dict(source).to_dict() == source


def test_description_of_another_api_is_generated_whole(client_of):
    models = models_of(client_of("pets_3_0"))
    source = {
        "name": "Rex",
        "None": None,
        "parent": {"name": "Max"},
        "dict": {"x": {"name": "Kit"}},
        "weird key!": 1,
        "weird_key": 2,
        "mixed": {"kind": "wolf"},
        "unforeseen": 3,
    }
    pet = models.Pet.from_dict(source)
    assert (pet.parent.name, pet.weird_key, pet.mixed.kind) == ("Max", 2, "wolf")
    assert pet.to_dict() == source
