"""Nineteen made-up next versions end in the right status, with the right label, tasks and sentences."""

from __future__ import annotations

import ast
import copy
import json
import subprocess

import attrs
import pytest
from rehearsal import ROOT, VERSIONS, body, left

from scripts.descriptions import load
from scripts.track.outcome import Status
from scripts.track.writing import fragments

NAMES = sorted(path.stem for path in VERSIONS.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_invented_version_has_the_expected_result(name, rehearsal, tmp_path):
    patch = load(VERSIONS / f"{name}.yaml")
    wanted = patch["expects"]
    outcome = rehearsal.track(patch, tmp_path)
    assert (int(outcome.status), outcome.message if "message" in wanted else "") == (
        wanted["status"],
        outcome.message if wanted.get("message", "") in outcome.message else wanted.get("message", ""),
    )
    if outcome.meaning is None:
        return
    tasks = left(outcome)
    breaks = [task.text for task in tasks if task.breaks]
    assert len(breaks) == len(wanted["breaks"]), breaks
    assert [part for part in wanted["breaks"] if not any(part in text for text in breaks)] == []
    assert [part for part in wanted["tasks"] if not any(part in task.text for task in tasks)] == []
    if wanted["tasks"] == []:
        assert [task.text for task in tasks if "sandbox" not in task.text] == []
    written = fragments(outcome.meaning, patch["version"], "release", edition=outcome.edition.name)
    text = "\n".join([body(outcome), *written.values()])
    assert [part for part in wanted["says"] if part not in text] == []
    assert [part for part in wanted.get("never", ()) if part in text] == []
    published = json.loads(outcome.as_json())
    assert (published["label"], published["draft"]) == (wanted["label"], False)
    digest = outcome.edition.sha256[:8]
    branch = wanted.get("branch", f"api/{patch['version']}")
    assert published["branch"] == branch.format(digest=digest)
    fragment = wanted.get("fragment", f"+api-{patch['version'].replace('.', '-')}.api.md")
    assert fragment.format(digest=digest) in written


def test_there_are_nineteen_versions():
    assert len(NAMES) == 19


def test_changed_name_without_a_cause_needs_review(rehearsal, tmp_path):
    surface = copy.deepcopy(rehearsal.former.surface)
    catalog = surface.models["Catalog"].attributes
    catalog["title"] = attrs.evolve(catalog.pop("name"), name="title", wire="title")
    former = attrs.evolve(rehearsal.former, surface=surface)
    patch = load(VERSIONS / "17-a-shared-schema.yaml")
    outcome = attrs.evolve(rehearsal, former=former).track(patch, tmp_path)
    assert outcome.status == Status.NEEDS_A_PERSON
    reasons = [task.text for task in left(outcome) if "find the cause" in task.text]
    assert sorted(reasons) == [
        "find the cause of a changed name in the raw client: `models.Catalog.name` is new",
        "find the cause of a changed name in the raw client: `models.Catalog.title` was removed",
    ]


# --- a new operation of a known resource is offered as a method ---------------------------------------------------

CATALOG = "TicketingCatalog.jsonld-v1.catalog.read"
NEIGHBOUR = {
    "version": "1.0.45",
    "actions": [
        {
            "target": "$.paths",
            "update": {
                "/v1/ticketing/catalogs/{id}": {
                    "get": {
                        "operationId": "api_v1ticketingcatalogs_id_get",
                        "tags": ["TicketingCatalog"],
                        "parameters": [
                            {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
                            {"name": "withOffers", "in": "query", "schema": {"type": "boolean"}},
                        ],
                        "responses": {
                            "200": {
                                "description": "TicketingCatalog resource",
                                "content": {
                                    "application/ld+json": {
                                        "schema": {"$ref": f"#/components/schemas/{CATALOG}"}
                                    }
                                },
                            }
                        },
                    }
                }
            },
        }
    ],
    "expects": {},
}


@pytest.fixture(scope="module")
def neighbour(rehearsal, tmp_path_factory):
    return rehearsal.track(NEIGHBOUR, tmp_path_factory.mktemp("proposal"))


def test_patch_applies_and_gives_a_method_with_its_filters(neighbour, tmp_path):
    for name in ("korus/_async/resources/catalogs.py",):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text((ROOT / name).read_text())
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    done = subprocess.run(
        ["git", "apply", "-"],
        cwd=tmp_path,
        input=neighbour.proposal,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "korus/_async/resources/catalogs.py").read_text()
    ast.parse(text)
    assert "async def get_catalog(self, id: str, *, with_offers: bool | None = None) -> Catalog:" in text
    assert 'self._get("get_catalog", lambda: models.Catalog, id=id, with_offers=with_offers)' in text
    scenario = (tmp_path / "tests/recorded/test_get_catalog.py").read_text()
    ast.parse(scenario)
    assert 'client.catalogs.get_catalog("id")' in scenario


def test_patch_writes_new_names_where_korus_writes_former_ones(rehearsal, tmp_path):
    patch = load(VERSIONS / "18-a-shared-schema-in-place-of-one.yaml")
    proposed = rehearsal.track(patch, tmp_path).proposal.splitlines()
    new, old = "OrderItemTicketBeneficiaryInput", "PatchOrderItemTicketInputBeneficiary"
    assert f"-    from korus_api.models import {old} as Beneficiary" in proposed
    assert f"+    from korus_api.models import {new} as Beneficiary" in proposed
    assert [line for line in proposed if line.startswith("+") and old in line] == []
    assert [line for line in proposed if line.startswith("+++")] == ["+++ b/korus/models.py"]


def test_proposal_is_not_applied(neighbour):
    assert "get_catalog" not in (ROOT / "korus/_async/resources/catalogs.py").read_text()
    assert neighbour.proposal.startswith("diff --git a/korus/_async/resources/catalogs.py")
