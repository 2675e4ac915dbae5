"""Effects of a change on Python: names, verdicts, causes, uses, recordings, and advice."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from next_version import next_version

from scripts.compare import Document, compare
from scripts.compare.python import Surface, SurfaceError, client_of, explain, read_surface, surface_changes
from scripts.compare.python.render import FORMATS
from scripts.descriptions import dump, find
from scripts.generate.build import build
from scripts.track.writing import decide, fragments

ROOT = Path(__file__).resolve().parent.parent.parent
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def package(six, tmp_path_factory):
    """The raw client of the last reconstructed version."""
    folder = tmp_path_factory.mktemp("release") / "korus_api"
    build(find("release", six), folder)
    return folder


@pytest.fixture(scope="module")
def meaning(six, package, tmp_path_factory):
    """The effects of the invented next version."""
    folder = tmp_path_factory.mktemp("next")
    path = folder / "1.0.45.yaml"
    path.write_text(dump(next_version()), encoding="utf-8")
    former = find("release", six)
    surfaces = read_surface(package), client_of(path, folder / "new")
    comparison = compare(Document.read(former), Document.read(path), names=("release", "1.0.45"))
    return explain(comparison, former, path, surfaces=surfaces)


def effect(meaning, rule, location=""):
    (found,) = [
        meaning.effects[record.fingerprint]
        for record in meaning.comparison.changes
        if record.id == rule and location in record.where.location
    ]
    return found


def sentences(effect):
    return [change.sentence for change in effect.names]


def test_the_surface_of_the_raw_client_is_read_from_its_source(package):
    surface = read_surface(package)
    operation = surface.operations["list_offers"]
    parameters = operation.parameters()
    assert (operation.module, operation.label) == (
        "api.offer.list_offers",
        "GET /v1/ticketing/catalogs/{}/offers",
    )
    assert (parameters["catalog_id"].kind, parameters["catalog_id"].default) == ("positional", None)
    assert (parameters["product"].kind, parameters["product"].wire) == ("keyword", "product[]")
    reservation = surface.models["Reservation"]
    assert (reservation.attributes["created_at"].wire, reservation.reads) == ("createdAt", True)
    assert surface.models["BulkOrderInput"].attributes["external_reference"].wire == "externalReference"
    assert surface.models["BulkOrderInput"].attributes["external_reference"].required
    assert surface.models["ReservationStatus"].members == {"RESERVED": "'reserved'", "RELEASED": "'released'"}
    assert "GET /v1/booking/reservations/{}" in surface.reached()["ReservationStatus"]


def test_a_surface_has_not_changed_against_itself(package):
    assert surface_changes(read_surface(package), read_surface(package)) == []


def test_each_change_has_names_and_a_verdict_for_python(meaning):
    assert sentences(effect(meaning, "operation-added"))[0] == "`api.closing_day.list_closing_days` is new"
    assert not effect(meaning, "operation-added").breaking
    assert sentences(effect(meaning, "response-property-added")) == ["`models.Catalog.currency` is new"]
    added = effect(meaning, "response-enum-value-added")
    assert sentences(added) == ["`models.ReservationStatus.EXPIRED` is new"]
    assert not added.breaking  # enumerations are open
    removed = effect(meaning, "parameter-removed")
    assert sentences(removed) == ["`api.offer.list_offers` no longer has the parameter `session`"]
    assert removed.breaking
    nullable = effect(meaning, "response-became-nullable")
    was, now = "`list[SessionAvailability]`", "`list[SessionAvailability] | None`"
    assert sentences(nullable) == [
        f"`models.OfferAvailability.sessions_availability` is {now} instead of {was}"
    ]
    assert nullable.breaking
    required = effect(meaning, "parameter-became-required")
    assert "`api.product_base.list_product_bases` requires `with_disabled` now" in sentences(required)
    assert required.breaking


def test_renamed_schema_breaks_python_but_not_the_wire(meaning):
    renamed = {change.name: (change, effect, causes) for change, effect, causes in meaning.renames}
    change, effect_of_it, causes = renamed["models.ProductBaseOptionValue"]
    assert change.sentence == "`models.ProductBaseOptionValue` was renamed to `models.OptionValue`"
    assert effect_of_it.breaking
    assert any("TicketingOptionValue.jsonld-v1.option_value.read" in cause.sentence for cause in causes)
    assert effect_of_it.action == "Replace `ProductBaseOptionValue` by `OptionValue`."
    assert not any("OptionValue" in record.message for record in meaning.comparison.changes)


def test_the_lines_of_korus_that_use_what_changed_are_found_from_its_code(meaning):
    uses = effect(meaning, "parameter-removed").uses
    assert {use.file for use in uses} >= {
        "korus/_async/resources/offers.py",
        "korus/_sync/resources/offers.py",
    }
    for use in uses:
        line = (ROOT / use.file).read_text(encoding="utf-8").splitlines()[use.line - 1]
        assert "session" in line
    assert any(use.function == "AsyncOffers.list" for use in uses)
    assert effect(meaning, "response-property-added").uses == ()


def test_what_changes_of_korus_itself_is_named(meaning):
    assert effect(meaning, "response-property-added").korus == ("korus.models.Catalog.currency",)
    assert effect(meaning, "response-enum-value-added").korus == ("korus.models.ReservationStatus.EXPIRED",)
    assert effect(meaning, "parameter-removed").korus == ()


def test_cassettes_with_changed_parts_are_named(meaning):
    seen = effect(meaning, "response-property-added").cassettes
    assert seen
    for name in seen:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "/v1/ticketing/catalogs" in text
    assert effect(meaning, "operation-added").cassettes == ()


def test_errors_have_advice_where_there_is_any(meaning):
    assert (
        effect(meaning, "parameter-removed").action
        == "Remove the argument `session` from calls of `list_offers`."
    )
    assert effect(meaning, "response-property-added").action == ""
    assert effect(meaning, "response-enum-value-added").action == ""


def test_every_format_shows_it(meaning):
    for form, show in FORMATS.items():
        shown = show(meaning)
        assert "no longer has the parameter" in shown, form
        assert "OptionValue" in shown, form
    assert meaning.as_json()["python"]["verdict"] == "breaking"
    assert meaning.as_json()["python"]["without_a_cause_on_the_wire"]


def test_the_decision_on_the_version_follows_what_breaks_in_python(meaning):
    assert (decide(meaning, "1.2.3").level, decide(meaning, "1.2.3").next) == ("major", "2.0.0")
    assert decide(meaning, "0.1.0").next == "0.2.0"


def test_the_changelog_says_class_field_old_and_new_and_marks_what_breaks(meaning):
    written = fragments(meaning, "1.0.45", "release")
    assert set(written) == {"+api-1-0-45.api.md", "+api-1-0-45.breaking.md"}
    told = written["+api-1-0-45.api.md"]
    assert told.startswith("The API's description moved from release to 1.0.45.\n")
    assert "\nCatalog:\n\n- `Catalog.currency`: `str | None` is new\n" in told
    assert (
        "- **Breaking:** `OfferAvailability.sessions_availability`: `list[SessionAvailability]` → "
        "`list[SessionAvailability] | None`\n"
    ) in told
    assert "\nReservationStatus:\n\n- `ReservationStatus.EXPIRED` ('expired') is new\n" in told
    assert (
        "- Remove the argument `session` from calls of `list_offers`.\n" in written["+api-1-0-45.breaking.md"]
    )


def test_unexplained_change_of_names_is_an_error(package, six, tmp_path):
    shutil.copytree(package, tmp_path / "korus_api")
    model = tmp_path / "korus_api" / "models" / "catalog.py"
    model.write_text(
        model.read_text(encoding="utf-8").replace("    name: str = ABSENT", "    title: str = ABSENT")
    )
    path = find("release", six)
    comparison = compare(Document.read(path), Document.read(path))
    assert comparison.changes == ()
    with pytest.raises(SurfaceError, match=r"no cause in the description.*Catalog"):
        explain(
            comparison, path, path, surfaces=(read_surface(package), read_surface(tmp_path / "korus_api"))
        )


def test_description_without_a_client_is_an_error(tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text("openapi: 3.1.0\n", encoding="utf-8")
    with pytest.raises(SurfaceError, match="cannot be generated"):
        client_of(path, tmp_path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("1.0.10", "1.0.19", marks=pytest.mark.proof),
        pytest.param("1.0.19", "1.0.38", marks=pytest.mark.proof),
        pytest.param("1.0.38", "release", marks=pytest.mark.proof),
    ],
)
def test_every_change_of_names_between_real_versions_has_a_cause(old, new, six, tmp_path):
    paths = find(old, six), find(new, six)
    surfaces = client_of(paths[0], tmp_path / "old"), client_of(paths[1], tmp_path / "new")
    comparison = compare(*(Document.read(path) for path in paths))
    found = explain(comparison, *paths, surfaces=surfaces)
    told = {(change.name, change.change) for change in found.name_changes()}
    assert told == {(change.name, change.change) for change in surface_changes(*surfaces)}


@pytest.mark.proof
def test_other_apis_are_compared_in_python_too(tmp_path):
    def shop(**price):
        answer = {
            "200": {
                "description": "done",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}},
            }
        }
        return {
            "openapi": "3.0.3",
            "info": {"title": "Shop", "version": "1"},
            "paths": {"/items/{id}": {"get": {"operationId": "getItem", "tags": ["items"], "responses": answer,
                      "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]}}},
            "components": {"schemas": {"Item": {"type": "object", "required": ["price"], "properties": {"price": price}}}},
        }  # fmt: skip

    paths = []
    for name, content in (("old", shop(type="number")), ("new", shop(type="string"))):
        paths.append(tmp_path / f"{name}.yaml")
        paths[-1].write_text(dump(content), encoding="utf-8")
    comparison = compare(*(Document.read(path) for path in paths))
    found = explain(comparison, *paths)
    (record,) = comparison.changes
    assert record.id == "response-type-changed"
    assert sentences(found.effects[record.fingerprint]) == ["`models.Item.price` is `str` instead of `float`"]
    assert found.breaking


def test_an_empty_surface_has_only_new_names(package):
    surface = read_surface(package)
    changes = surface_changes(Surface(), surface)
    assert not any(change.breaking for change in changes)
    assert {change.change for change in changes} == {"is new"}
