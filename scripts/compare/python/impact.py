"""Meaning of each change of a description in Python: for the raw client, korus, its cassettes and users."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

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
    """The meaning in Python cannot be found: a client cannot be generated, or a change of names has no cause."""


@frozen
class Effect:
    """Meaning of one change of the description in Python.

    Attributes:
        names: The public names of ``korus_api`` that change.
        breaking: Whether callers in Python notice.
        uses: The lines of korus that use what changed.
        korus: The public names of korus that change with it.
        cassettes: The cassettes that have seen it.
        action: What a user has to do; empty where nothing.
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
    """Meaning of a comparison in Python.

    Attributes:
        comparison: What differs on the wire.
        effects: What each record means, by its fingerprint.
        corrections: Records that hold only once the overlay is applied, with what they mean.
        renames: Changes of names that have no cause on the wire, what they mean, and the cause that they have.
        unexplained: Changes of names that nothing in the description explains, which a person has to look at.
        corrected: What differs once the overlay is applied to both.
        surfaces: The former and the present raw client.
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

        A record that changes names, none of them so that callers notice, was taken in by the raw client: it keeps
        values that it does not know.
        """
        return [
            record
            for record in self.comparison.changes
            if record.level == "breaking" and not self.effects[record.fingerprint].names
        ]

    def deprecated(self) -> list[Record]:
        """Return the records of what the API advises against from now on."""
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
        """Return the comparison with what each record means, as plain values."""
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
        SurfaceError: It cannot be generated, or something would be lost.
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
    """Explain a comparison in Python terms.

    Args:
        comparison: What differs on the wire.
        old: The former description's file.
        new: The present one's.
        root: The repository whose hand-written layer and cassettes are looked through.
        surfaces: The surfaces of both clients, where they are known already.
        strict: Raise an error for changes of names without a cause, instead of listing them for a person.
        read: The hand-written layer and the cassettes, where they were read already.

    Raises:
        SurfaceError: A client cannot be generated, or a change of names has no cause.
    """
    if surfaces is None:
        with tempfile.TemporaryDirectory(prefix="surface-") as folder:
            surfaces = client_of(old, Path(folder) / "old"), client_of(new, Path(folder) / "new")
    try:
        before, after = corrected(load(old)), corrected(load(new))
        mended = compare(Document(old, before), Document(new, after)).changes
        causes = name_causes(*(bundled(path, corrected(load(path))).document for path in (old, new)))
    except (DescriptionError, ComparisonError) as error:
        raise SurfaceError(" ".join(str(error).split())) from error
    changes = surface_changes(*surfaces)
    known = {record.fingerprint for record in comparison.changes}
    found = trace(
        changes,
        [*comparison.changes, *(record for record in mended if record.fingerprint not in known)],
        causes,
        surfaces,
    )
    if found.unexplained and strict:
        listed = "; ".join(change.sentence for change in found.unexplained[:20])
        raise SurfaceError(f"no change of the description explains these changes of the raw client: {listed}")
    return _meaning(comparison, mended, found, surfaces, read or (Layer(root), Recordings(root)))


def _meaning(
    comparison: Comparison,
    mended: tuple[Record, ...],
    found: Trace,
    surfaces: tuple[Surface, Surface],
    read: tuple[Layer, Recordings],
) -> Meaning:
    layer, recordings = read
    known = {record.fingerprint for record in comparison.changes}

    def effect(names: list[NameChange], record: Record | None) -> Effect:
        # nothing uses a name that is new; what is called like it is something else
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
        (evolve(record, message=record.message), effect(found.by_record[record.fingerprint], record))
        for record in mended
        if record.fingerprint not in known and record.fingerprint in found.by_record
    )
    nothing = (NameCause("", None, None),)
    uncaused = [*found.by_name, *((change, nothing) for change in found.unexplained)]
    renames = tuple((change, effect([change], None), causes) for change, causes in uncaused)
    return Meaning(
        comparison, effects, corrections, renames, tuple(found.unexplained), mended, surfaces, layer
    )


def _korus_names(names: list[NameChange], layer: Layer) -> list[str]:
    """Name the public names of korus that change with names of the raw client: all its models are re-exported."""
    found: dict[str, None] = {}
    for change in names:
        if change.kind in {"class", "attribute", "member", "method"} and layer.re_exported(change.owner):
            element = "" if change.kind == "class" or not change.element else f".{change.element}"
            found[f"korus.models.{change.owner}{element}"] = None
    return list(found)


def _action(names: list[NameChange], record: Record | None) -> str:  # noqa: C901 - one case after the other
    """Return what a user has to do."""
    steps: dict[str, None] = {}
    for change in names:
        if not change.breaking:
            continue
        short = change.name.removeprefix("models.").removeprefix("api.")
        if change.renamed:
            steps[f"Write `{change.new}` where `{short}` stands."] = None
        elif change.kind == "operation":
            steps[f"Stop calling `{change.owner}`: the API does not answer it any more."] = None
        elif change.kind == "parameter" and change.new is None:
            steps[f"Stop giving `{change.element}` to `{change.owner}`."] = None
        elif change.kind == "parameter":
            steps[f"Check the calls of `{change.owner}`: it {change.change}."] = None
        elif change.kind == "attribute" and change.new is None:
            steps[f"Stop using `{short}`; it is not there any more."] = None
        elif change.kind == "attribute":
            steps[f"Check where `{short}` is used: it {change.change}."] = None
        elif change.kind == "member":
            steps[f"Compare with the text of the value instead of `{short}`, or drop the case."] = None
        else:
            steps[f"Check where `{short}` is used: it {change.change}."] = None
    if not names and record is not None and record.level == "breaking":
        where = record.where.location or "the API"
        what = "sent" if record.direction == "request" else "answered"
        return f"No name changes, but what is {what} does: check {where}."
    return " ".join(steps)
