"""A new operation of a known resource is offered as a method, in a patch that git takes and that is valid Python."""

from __future__ import annotations

import ast
import subprocess

import pytest
from rehearsal import ROOT

CATALOG = "TicketingCatalog.jsonld-v1.catalog.read"
PATCH = {
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
def outcome(rehearsal, tmp_path_factory):
    return rehearsal.track(PATCH, tmp_path_factory.mktemp("proposal"))


def test_patch_applies_and_gives_a_method_with_its_filters(outcome, tmp_path):
    for name in ("korus/_async/resources/catalogs.py",):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text((ROOT / name).read_text())
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    done = subprocess.run(
        ["git", "apply", "-"],
        cwd=tmp_path,
        input=outcome.proposal,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "korus/_async/resources/catalogs.py").read_text()
    ast.parse(text)
    assert "async def get_catalog(self, id: str, *, with_offers: bool | None = None) -> Catalog:" in text
    assert 'with require_operation("get_catalog"):' in text
    story = (tmp_path / "tests/recorded/test_get_catalog.py").read_text()
    ast.parse(story)
    assert 'client.catalogs.get_catalog("id")' in story


def test_nothing_of_the_proposal_is_written_unasked(outcome):
    assert "get_catalog" not in (ROOT / "korus/_async/resources/catalogs.py").read_text()
    assert outcome.proposal.startswith("diff --git a/korus/_async/resources/catalogs.py")
