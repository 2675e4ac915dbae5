"""Track a made-up next version without a copy of the tree and without the suite: everything else is as in the field."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import attrs
from attrs import frozen

from korus.testing import cassettes
from scripts.cassettes.replay import reread
from scripts.compare.python import read_surface
from scripts.compare.python.recorded import Recordings
from scripts.compare.python.uses import Layer
from scripts.descriptions import dump, load, overlay, read_lock, sha256, write_lock
from scripts.fetch import take
from scripts.generate.build import build
from scripts.track import pipeline
from scripts.track.outcome import Edition, Outcome, Status, StoppedError, Wanted
from scripts.track.report import body, left

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = Path(__file__).parent / "versions"
RECORDED = (
    "test_booking/test_an_offer_is_held_and_ordered.yaml",
    "test_browsing/test_availability_and_price_are_asked_before_booking.yaml",
)


def made_up(patch: dict[str, Any], release: Path) -> dict[str, Any]:
    """Return the description that a patch makes of the release."""
    content = load(release)
    content["info"].pop("x-provenance", None)
    for path, twin in patch.get("copy", {}).items():
        content["paths"][twin] = _renamed(content["paths"][path], patch["rename"])
    schemas = content["components"]["schemas"]
    for name, twin in patch.get("rename", {}).items():
        if name in schemas:
            schemas[twin] = _renamed(schemas[name], patch["rename"])
    content = _renamed(content, patch.get("replace", {}))
    content = overlay.apply(content, {"overlay": "1.0.0", "actions": patch.get("actions", [])})
    if patch.get("reversed"):
        schemas = content["components"]["schemas"]
        content["components"]["schemas"] = dict(reversed(schemas.items()))
    content["info"]["version"] = patch["version"]
    return content


def _renamed(value: Any, names: dict[str, str]) -> Any:
    text = json.dumps(value)
    for name, other in names.items():
        text = text.replace(name, other)
    return json.loads(text)


@frozen
class Rehearsal:
    """The present state that all made-up versions are compared with, read once."""

    folder: Path
    former: pipeline.Former
    client: Path
    read: tuple[Layer, Recordings]
    recorded: list[Path]
    known: set[pipeline.Trouble]

    @classmethod
    def of(cls, folder: Path, place: Path) -> Rehearsal:
        release, client = folder / "release.yaml", place / "former"
        build(release, client)
        recorded = [ROOT / "tests" / "cassettes" / "recorded" / name for name in RECORDED]
        assert list(cassettes.find(recorded)) == recorded
        former = pipeline.Former(release, "release", read_surface(client))
        read = Layer(ROOT), Recordings(ROOT)
        return cls(folder, former, client, read, recorded, troubles(release, recorded, client))

    def track(self, patch: dict[str, Any], place: Path) -> Outcome:
        """Run what does not need the tree."""
        content = dump(made_up(patch, self.former.path)).encode()
        digest = sha256(content)
        wanted = Wanted(root=ROOT, say=lambda _: None)
        lock = read_lock(self.folder)
        folder = Path(shutil.copytree(self.folder, place / "openapi"))
        description = take(content, "next.yaml", folder=folder, republished=lambda _: True).path
        outcome = Outcome(Status.NOT_WRITTEN, "", version=patch["version"], previous="release")
        outcome.edition = Edition(patch["version"], digest, known=patch["version"] in lock.descriptions)
        try:
            pipeline.check_age(patch["version"], lock)
            if "message" in patch["expects"]:
                pipeline.validate_file(description)
            client = place / "korus_api"
            meaning = pipeline.assess(wanted, outcome, self.former, description, client, self.read)
            fresh = troubles(description, self.recorded, client) - self.known
            pipeline.judge_recordings(fresh, outcome)
            outcome.status = pipeline.verdict(outcome, meaning)
            outcome.changed = ["openapi/lock.toml"]
        except StoppedError as stop:
            outcome.status, outcome.message = stop.status, str(stop)
        return outcome


def follow_the_release(root):
    """Take back what was absorbed after the release, so that the next version can be made up of it."""
    lock = read_lock(root / "openapi")
    if lock.current == "release":
        return
    kept = list(lock.descriptions)[: list(lock.descriptions).index("release") + 1]
    for version, entry in lock.descriptions.items():
        if version not in kept:
            (root / "openapi" / entry.file).unlink()
    write_lock(
        attrs.evolve(
            lock, current="release", descriptions={version: lock.descriptions[version] for version in kept}
        ),
        root / "openapi",
    )
    for fragment in (root / "changelog.d").glob("+api-*"):
        fragment.unlink()
    build(root / "openapi" / "release.yaml", root / "generated" / "korus_api")


def troubles(description: Path, recorded: list[Path], client: Path) -> set[pipeline.Trouble]:
    """Return what is wrong with the recordings under a description."""
    found = reread(description, recorded, (), client).troubles
    return {
        (one.kind, one.cassette, str(one.interaction), one.operation, one.pointer, one.message)
        for one in found
    }


__all__ = ["ROOT", "VERSIONS", "Rehearsal", "body", "follow_the_release", "left", "made_up"]
