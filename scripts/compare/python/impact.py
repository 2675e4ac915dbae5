"""Effects of each change of a description on the raw client, korus, its cassettes and users."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from attrs import field, frozen

from scripts.compare import Comparison, ComparisonError, Document, Record, compare
from scripts.compare.python.causes import NameCause, Trace, name_causes, trace
from scripts.compare.python.changes import NameChange, surface_changes
from scripts.compare.python.recorded import Recordings
from scripts.compare.python.uses import Layer, Use
from scripts.descriptions import DescriptionError, load
from scripts.descriptions.bundle import bundled
from scripts.generate.build import AuditFailedError, OutputError, build, corrected
from scripts.generate.launcher import GenerationError
from scripts.generate.source import Surface, read_surface

__all__ = ["Effect", "Meaning", "SurfaceError", "client_of", "explain"]

ROOT = Path(__file__).resolve().parents[3]


class SurfaceError(Exception):
    """The effects cannot be determined: a client cannot be generated, or a change of names has no cause."""


@frozen
class Effect:
    """Effect of one change of the description on Python.

    Attributes:
        names: The changes of public names of ``korus_api``.
        breaking: True if it breaks callers in Python.
        uses: The lines of korus that use the changed part.
        korus: The public names of korus that change.
        cassettes: The cassettes with the changed part.
        action: The required action of users, or empty.
    """

    names: tuple[NameChange, ...] = ()
    breaking: bool = False
    uses: tuple[Use, ...] = ()
    korus: tuple[str, ...] = ()
    cassettes: tuple[str, ...] = ()
    action: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the effect as plain values."""
        return {
            "verdict": "breaking" if self.breaking else "compatible" if self.names else "none",
            "names": [
                {
                    "name": f"korus_api.{change.name}",
                    "change": change.change,
                    "breaking": change.breaking,
                    "old": change.old,
                    "new": change.new,
                }
                for change in self.names
            ],
            "uses": [str(use) for use in self.uses],
            "korus": list(self.korus),
            "cassettes": list(self.cassettes),
            "action": self.action or None,
        }


@frozen
class Meaning:
    """Effects of a comparison on Python.

    Attributes:
        comparison: The differences on the wire.
        effects: The effect of each record, by its fingerprint.
        corrections: Records that exist only with the overlay applied, with their effects.
        renames: Changes of names without a cause on the wire, with effects and causes.
        unexplained: Changes of names without any cause, for a maintainer to check.
        corrected: The differences with the overlay applied to both.
        surfaces: The old and the new raw client.
        layer: The hand-written layer.
    """

    comparison: Comparison
    effects: dict[str, Effect] = field(hash=False)
    corrections: tuple[tuple[Record, Effect], ...] = ()
    renames: tuple[tuple[NameChange, Effect, tuple[NameCause, ...]], ...] = ()
    unexplained: tuple[NameChange, ...] = ()
    corrected: tuple[Record, ...] = field(default=(), hash=False)
    surfaces: tuple[Surface, Surface] = field(factory=lambda: (Surface(), Surface()), hash=False, repr=False)
    layer: Layer | None = field(default=None, hash=False, repr=False)

    @property
    def breaking(self) -> bool:
        """True if anything breaks callers in Python."""
        return any(effect.breaking for effect in self.every())

    def breaks_silently(self) -> list[Record]:
        """Return the records that break callers on the wire without a change of names.

        Records with compatible changes of names are left out: the raw client keeps unknown values.
        """
        return [
            record
            for record in self.comparison.changes
            if record.level == "breaking" and not self.effects[record.fingerprint].names
        ]

    def deprecated(self) -> list[Record]:
        """Return the records of newly deprecated parts."""
        return [
            record
            for record in self.corrected
            if record.id.endswith("-deprecated") and "no-longer" not in record.id
        ]

    def every(self) -> list[Effect]:
        """Return all effects."""
        return [
            *self.effects.values(),
            *(effect for _, effect in self.corrections),
            *(effect for _, effect, _ in self.renames),
        ]

    def name_changes(self) -> list[NameChange]:
        """Return every change of a name once."""
        seen: dict[tuple[str, str], NameChange] = {}
        for effect in self.every():
            for change in effect.names:
                seen.setdefault((change.name, change.change), change)
        return [seen[key] for key in sorted(seen)]

    def as_json(self) -> dict[str, Any]:
        """Return the comparison with the effect of each record, as plain values."""
        shown = self.comparison.as_json()
        for record, plain in zip(self.comparison.changes, shown["changes"], strict=True):
            plain["python"] = self.effects[record.fingerprint].as_json()
        names = self.name_changes()
        shown["python"] = {
            "verdict": "breaking" if self.breaking else "compatible" if names else "none",
            "breaking": sum(change.breaking for change in names),
            "compatible": sum(not change.breaking for change in names),
            "through_the_overlay": [
                {**record.as_json(), "python": effect.as_json()} for record, effect in self.corrections
            ],
            "without_a_cause_on_the_wire": [
                {**effect.as_json(), "causes": [cause.sentence for cause in causes]}
                for _, effect, causes in self.renames
            ],
        }
        return shown


def client_of(description: Path, folder: Path) -> Surface:
    """Generate the raw client of a description and read its surface.

    Raises:
        SurfaceError: It cannot be generated, or would be incomplete.
    """
    try:
        build(description, folder / "korus_api")
    except (GenerationError, AuditFailedError, OutputError, DescriptionError) as error:
        reason = " ".join(str(error).split())
        raise SurfaceError(f"the raw client of {description} cannot be generated: {reason}") from error
    return read_surface(folder / "korus_api")


def explain(
    comparison: Comparison,
    old: Path,
    new: Path,
    *,
    root: Path = ROOT,
    surfaces: tuple[Surface, Surface] | None = None,
    strict: bool = True,
    read: tuple[Layer, Recordings] | None = None,
) -> Meaning:
    """Return the effects of a comparison on Python.

    Args:
        comparison: The differences on the wire.
        old: The file of the old description.
        new: The file of the new description.
        root: The repository with the hand-written layer and the cassettes.
        surfaces: The surfaces of both clients, if already known.
        strict: True to raise an error for changes of names without a cause, False to list them.
        read: The hand-written layer and the cassettes, if already read.

    Raises:
        SurfaceError: A client cannot be generated, or a change of names has no cause.
    """
    if surfaces is None:
        with tempfile.TemporaryDirectory(prefix="surface-") as folder:
            surfaces = client_of(old, Path(folder) / "old"), client_of(new, Path(folder) / "new")
    try:
        before, after = corrected(load(old)), corrected(load(new))
        corrected_changes = compare(Document(old, before), Document(new, after)).changes
        causes = name_causes(*(bundled(path, corrected(load(path))).document for path in (old, new)))
    except (DescriptionError, ComparisonError) as error:
        raise SurfaceError(" ".join(str(error).split())) from error
    changes = surface_changes(*surfaces)
    known = {record.fingerprint for record in comparison.changes}
    found = trace(
        changes,
        [*comparison.changes, *(record for record in corrected_changes if record.fingerprint not in known)],
        causes,
        surfaces,
    )
    if found.unexplained and strict:
        listed = "; ".join(change.sentence for change in found.unexplained[:20])
        raise SurfaceError(f"no cause in the description for these changes of the raw client: {listed}")
    return _meaning(comparison, corrected_changes, found, surfaces, read or (Layer(root), Recordings(root)))


def _meaning(
    comparison: Comparison,
    corrected_changes: tuple[Record, ...],
    found: Trace,
    surfaces: tuple[Surface, Surface],
    read: tuple[Layer, Recordings],
) -> Meaning:
    layer, recordings = read
    known = {record.fingerprint for record in comparison.changes}

    def effect(names: list[NameChange], record: Record | None) -> Effect:
        # a new name is not in use; an equal name is something else
        former = [change for change in names if change.old is not None]
        uses = sorted(
            {use for change in former for use in layer.uses(change, surfaces)}, key=lambda use: use.place
        )
        return Effect(
            tuple(names),
            any(change.breaking for change in names),
            tuple(uses),
            tuple(_korus_names(names, layer)),
            tuple(recordings.containing(record)) if record is not None else (),
            _action(names, record),
        )

    effects = {
        record.fingerprint: effect(found.by_record.get(record.fingerprint, []), record)
        for record in comparison.changes
    }
    corrections = tuple(
        (record, effect(found.by_record[record.fingerprint], record))
        for record in corrected_changes
        if record.fingerprint not in known and record.fingerprint in found.by_record
    )
    nothing = (NameCause("", None, None),)
    uncaused = [*found.by_name, *((change, nothing) for change in found.unexplained)]
    renames = tuple((change, effect([change], None), causes) for change, causes in uncaused)
    return Meaning(
        comparison,
        effects,
        corrections,
        renames,
        tuple(found.unexplained),
        corrected_changes,
        surfaces,
        layer,
    )


def _korus_names(names: list[NameChange], layer: Layer) -> list[str]:
    """Return the public names of korus that change with the raw client, whose models it re-exports."""
    found: dict[str, None] = {}
    for change in names:
        if change.kind in {"class", "attribute", "member", "method"} and layer.re_exported(change.owner):
            element = "" if change.kind == "class" or not change.element else f".{change.element}"
            found[f"korus.models.{change.owner}{element}"] = None
    return list(found)


def _action(names: list[NameChange], record: Record | None) -> str:
    """Return the required action of users."""
    steps: dict[str, None] = {}
    for change in names:
        if not change.breaking:
            continue
        short = change.name.removeprefix("models.").removeprefix("api.")
        if change.renamed:
            steps[f"Replace `{short}` by `{change.new}`."] = None
        elif change.kind == "operation":
            steps[f"Remove the calls of `{change.owner}`: the API no longer has this operation."] = None
        elif change.kind == "parameter" and change.new is None:
            steps[f"Remove the argument `{change.element}` from calls of `{change.owner}`."] = None
        elif change.kind == "parameter":
            steps[f"Check the calls of `{change.owner}`: it {change.change}."] = None
        elif change.kind == "attribute" and change.new is None:
            steps[f"Remove the uses of `{short}`, which no longer exists."] = None
        elif change.kind == "member":
            steps[f"Compare with the value itself instead of `{short}`, or remove the case."] = None
        else:
            steps[f"Check the uses of `{short}`: it {change.change}."] = None
    if not names and record is not None and record.level == "breaking":
        where = record.where.location or "the API"
        return f"No name changes, but the {record.direction} does: check {where}."
    return " ".join(steps)
