from __future__ import annotations

import copy

import pytest
from reconstructed import VERSIONS

from scripts.descriptions import FOLDER, find, load
from scripts.descriptions.overlay import OverlayError, apply, apply_file

BASE = {
    "openapi": "3.1.0",
    "paths": {"/a": {"get": {"tags": ["x"], "summary": "old"}}, "/b": {"get": {"tags": ["y"]}}},
    "tags": [{"name": "x"}, {"name": "y"}, {"name": "z"}],
}


def overlay(*actions):
    return {"overlay": "1.0.0", "info": {"title": "t", "version": "1"}, "actions": list(actions)}


def test_update_merges_into_every_selected_node_of_a_copy():
    before = copy.deepcopy(BASE)
    result = apply(BASE, overlay({"target": "$.paths.*.get", "update": {"summary": "new", "tags": ["more"]}}))
    assert result["paths"]["/a"]["get"] == {"tags": ["x", "more"], "summary": "new"}
    assert result["paths"]["/b"]["get"] == {"tags": ["y", "more"], "summary": "new"}
    assert before == BASE


def test_an_update_of_a_list_is_appended():
    result = apply(BASE, overlay({"target": "$.tags", "update": {"name": "new"}}))
    assert [tag["name"] for tag in result["tags"]] == ["x", "y", "z", "new"]


def test_several_members_of_one_list_are_removed():
    result = apply(BASE, overlay({"target": "$.tags[?@.name != 'y']", "remove": True}))
    assert result["tags"] == [{"name": "y"}]


def test_actions_run_in_order_and_may_select_nothing():
    result = apply(
        BASE,
        overlay(
            {"target": "$.paths['/a']", "remove": True},
            {"target": "$.paths['/a'].get", "update": {"summary": "never"}},
        ),
    )
    assert list(result["paths"]) == ["/b"]


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"actions": []}, "is not an overlay"),
        ({"overlay": "1.0.0"}, "`actions` must be a list"),
        (overlay({"update": {}}), "action 1: no target"),
        (overlay({"target": "$.["}), "action 1: the target is not a JSONPath"),
        (overlay({"target": "$.openapi", "update": {"a": 1}}), "neither an object nor a list"),
        (overlay({"target": "$.paths", "update": "text"}), "the update is not"),
        (overlay({"target": "$", "remove": True}), "cannot be removed"),
    ],
)
def test_a_broken_overlay_is_refused_in_one_line(broken, said):
    with pytest.raises(OverlayError, match=said) as caught:
        apply(BASE, broken)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_projects_overlay_gives_every_version_the_form_operation(version):
    result = apply_file(load(find(version)), FOLDER / "overlay.yaml")
    assert "/v1/forms/{id}" in result["paths"]
