"""The overlay puts forms back where a version stopped listing them, and changes nothing where they are listed."""

import copy
import json
from pathlib import Path

import jsonpath_rfc9535
import jsonschema_rs
from openapi_spec_validator import validate

from scripts.descriptions import FOLDER, load
from scripts.descriptions.overlay import apply

FORM = "/v1/forms/{id}"
SCHEMAS = ["Form.jsonld-v1.form.read", "FormField.jsonld-v1.form.read", "FormFieldChoice.jsonld-v1.form.read"]
TICKETS = ["TicketingOfferTicket.jsonld-v1.offer.read", "TicketingOfferTicket.jsonld-v1.offer_ticket.read"]
SAMPLE = Path(__file__).resolve().parent / "samples" / "proposed" / "form-get.json"
LISTED = {"1.0.4", "1.0.7", "1.0.10"}


def merged(node, update):
    """Merge as the Overlay Specification 1.0 says: objects member by member, anything else takes the place."""
    for key, value in update.items():
        if isinstance(value, dict) and isinstance(node.get(key), dict):
            merged(node[key], value)
        elif isinstance(value, list) and isinstance(node.get(key), list):
            node[key].extend(copy.deepcopy(value))
        else:
            node[key] = copy.deepcopy(value)


def applied(document):
    """Apply the overlay by the words of its specification, independently of the project's own applier."""
    result = copy.deepcopy(document)
    for action in load(FOLDER / "overlay.yaml")["actions"]:
        for node in jsonpath_rfc9535.find(action["target"], result):
            if action.get("remove"):
                *way, last = node.location
                parent = result
                for key in way:
                    parent = parent[key]
                del parent[last]
            elif isinstance(node.value, list):
                node.value.append(copy.deepcopy(action["update"]))
            else:
                merged(node.value, action["update"])
    return result


def own_properties(schema):
    found = dict(schema.get("properties", {}))
    for part in schema.get("allOf", []):
        found.update(part.get("properties", {}))
    return found


def test_the_overlay_is_an_overlay_document_with_a_reason_for_every_action():
    overlay = load(FOLDER / "overlay.yaml")
    assert overlay["overlay"] == "1.0.0"
    assert set(overlay["info"]) == {"title", "version"}
    for action in overlay["actions"]:
        assert set(action) in ({"target", "description", "update"}, {"target", "description", "remove"})
        assert len(action["description"]) > 40
        jsonpath_rfc9535.compile(action["target"])


def test_every_version_can_read_a_form_with_the_overlay(document):
    result = applied(document)
    validate(result)
    operation = result["paths"][FORM]["get"]
    assert operation["operationId"] == "api_v1forms_id_get"
    assert operation["tags"] == ["Form"]
    assert sorted(operation["responses"]) == ["200", "403", "404"]
    for status in ("403", "404"):
        assert operation["responses"][status]["content"]["application/ld+json"]["schema"] == {
            "$ref": "#/components/schemas/Error.jsonld"
        }
    assert [tag["name"] for tag in result["tags"]].count("Form") == 1
    schema = operation["responses"]["200"]["content"]["application/ld+json"]["schema"]
    validator = jsonschema_rs.Draft202012Validator({**schema, "components": result["components"]})
    form = json.loads(SAMPLE.read_text(encoding="utf-8"))
    validator.validate(form)
    form["fields"][0]["type"] = "colour"
    assert not validator.is_valid(form)


def test_every_ticket_of_an_offer_names_its_form_with_the_overlay(document):
    result = applied(document)
    for name in TICKETS:
        properties = own_properties(result["components"]["schemas"][name])
        assert properties["form"]["type"] == ["string", "null"]
        assert list(properties)[-1] == "form"


def test_a_version_that_lists_forms_is_left_as_it_is(version, document):
    result = applied(document)
    assert (result == document) is (version in LISTED)


def test_applying_the_overlay_twice_is_applying_it_once(document):
    once = applied(document)
    assert applied(once) == once


def test_nothing_but_forms_is_changed(version, document):
    result = applied(document)
    for name in SCHEMAS:
        result["components"]["schemas"].pop(name)
    result["paths"].pop(FORM)
    result["tags"] = [tag for tag in result["tags"] if tag["name"] != "Form"]
    expected = copy.deepcopy(document)
    for name in SCHEMAS:
        expected["components"]["schemas"].pop(name, None)
    expected["paths"].pop(FORM, None)
    expected["tags"] = [tag for tag in expected["tags"] if tag["name"] != "Form"]
    for one in (result, expected):
        for parameter in (
            each for path in one["paths"].values() for each in path.get("get", {}).get("parameters", [])
        ):
            if parameter.get("name") == "withDisabled":
                parameter["schema"].pop("pattern", None)
        for name in TICKETS:
            schema = one["components"]["schemas"][name]
            for properties in [
                schema.get("properties", {}),
                *(part.get("properties", {}) for part in schema.get("allOf", [])),
            ]:
                properties.pop("form", None)
    assert result == expected, version


def test_the_description_of_another_api_is_left_as_it_is():
    other = {
        "openapi": "3.1.0",
        "info": {"title": "Books", "version": "1"},
        "paths": {"/books": {"get": {"tags": ["Book"], "responses": {"200": {"description": "Books"}}}}},
        "components": {"schemas": {"Book": {"type": "object"}, "Error.jsonld": {"type": "object"}}},
        "tags": [{"name": "Book"}],
    }
    assert applied(other) == other


def test_the_projects_own_applier_agrees(document):
    assert apply(document, load(FOLDER / "overlay.yaml")) == applied(document)
