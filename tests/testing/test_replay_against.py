"""``python -m scripts.cassettes replay``: what a program would meet after a change of the API's description."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.cassettes.__main__ import main

ROOT = Path(__file__).resolve().parents[2]
RELEASE = (ROOT / "openapi" / "release.yaml").read_text(encoding="utf-8")
CATALOGS = ROOT / "tests/cassettes/recorded/test_browsing/test_catalogues_are_listed_newest_first.yaml"


@pytest.mark.parametrize(
    ("changed", "status", "expected"),
    [
        (RELEASE, 0, "all were read and written back unchanged"),
        (RELEASE.replace("lastSyncedAt", "syncedAt"), 1, "/member/0/lastSyncedAt"),
        (RELEASE.replace("/v1/", "/v2/"), 1, "the client has no operation for it"),
    ],
    ids=["same", "renamed field", "moved paths"],
)
def test_a_renamed_field_is_seen_and_a_moved_path_too(tmp_path, capsys, changed, status, expected):
    description = tmp_path / "new.yaml"
    description.write_text(changed, encoding="utf-8")
    assert main(["replay", "--against", str(description), str(CATALOGS)]) == status
    assert expected in capsys.readouterr().out
