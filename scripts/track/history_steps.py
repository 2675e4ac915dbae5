"""Changes from each version of the description to the next: on the wire, and in Python."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

from attrs import frozen

from scripts.compare import Comparison, Document, Record, compare
from scripts.compare.python import Meaning, client_of, explain
from scripts.descriptions import descriptions, is_reconstructed

__all__ = ["Entry", "Step", "Version", "replay"]


@frozen
class Version:
    """Version of the description.

    Attributes:
        name: Its name.
        operations: The number of its operations.
        schemas: The number of its schemas.
        reconstructed: True if its file was reconstructed, not downloaded.
    """

    name: str
    operations: int
    schemas: int
    reconstructed: bool


@frozen
class Entry:
    """Addition or removal.

    Attributes:
        kind: ``operation``, ``parameter``, ``property``, ``value`` or ``tag``.
        name: Its name.
        place: Its place.
        breaking: True if it breaks callers.
    """

    kind: str
    name: str
    place: str
    breaking: bool


@frozen
class Step:
    """Step from one version to the next.

    Attributes:
        old: The former version.
        new: The present one.
        comparison: The differences on the wire.
        meaning: Their effects in Python, if they were determined.
    """

    old: Version
    new: Version
    comparison: Comparison
    meaning: Meaning | None

    @property
    def came(self) -> list[Entry]:
        """The additions."""
        return _entries(self.comparison.changes, "added")

    @property
    def went(self) -> list[Entry]:
        """The removals."""
        return _entries(self.comparison.changes, "removed")


def _entries(records: tuple[Record, ...], verb: str) -> list[Entry]:
    found: dict[tuple[str, str, str], Entry] = {}
    for record in records:
        kind = _kind(record.id, verb)
        if kind is None:
            continue
        value = record.old if verb == "removed" else record.new
        name, place = str(value), record.where.location
        if kind == "operation":
            place = ""
        elif kind == "parameter":
            place = f"{record.where.method} {record.where.path}"
        elif kind == "property":
            pointer = record.where.old_pointer if verb == "removed" else record.where.new_pointer
            name = (pointer or "").rpartition("/")[2].replace("~1", "/").replace("~0", "~")
            place = _owner(record)
        elif kind == "value":
            place = _owner(record)
        key = (kind, name, place)
        breaking = record.level == "breaking" or (key in found and found[key].breaking)
        found[key] = Entry(kind, name, place, breaking)
    order = ("operation", "parameter", "property", "value", "tag")
    return sorted(found.values(), key=lambda entry: (order.index(entry.kind), entry.place, entry.name))


def _kind(rule: str, verb: str) -> str | None:
    if rule == f"operation-{verb}":
        return "operation"
    if rule in {f"parameter-{verb}", f"required-parameter-{verb}"}:
        return "parameter"
    if rule == f"tag-{verb}":
        return "tag"
    if f"property-{verb}" in rule and rule.startswith(("request-", "response-")):
        return "property"
    if rule.endswith(f"enum-value-{verb}"):
        return "value"
    return None


def _owner(record: Record) -> str:
    """Return the place of a property or value: the schema's class if it has one, else a description."""
    for pointer in (record.where.new_pointer, record.where.old_pointer):
        parts = (pointer or "").split("/")
        if len(parts) > 3 and parts[1:3] == ["components", "schemas"]:  # noqa: PLR2004 - explained by its use
            return parts[3].replace("~1", "/").split(".jsonld")[0].split("-v1")[0]
    return f"{record.where.method} {record.where.path} {record.where.location}"


def _version(name: str, document: Document) -> Version:
    root = document.root
    methods = {"get", "put", "post", "delete", "patch", "head", "options", "trace"}
    return Version(
        name,
        sum(len(methods & set(item)) for item in root.get("paths", {}).values()),
        len(root.get("components", {}).get("schemas", {})),
        is_reconstructed(root),
    )


def replay(folder: Path, *, python: bool) -> list[Step]:
    """Compare each version in a folder with the next, oldest first.

    Args:
        folder: The folder of the descriptions.
        python: True to determine the effects in Python, which requires the raw client of each version.

    Raises:
        ComparisonError: A description cannot be read or compared.
        SurfaceError: The effects in Python cannot be determined.
    """
    paths = descriptions(folder)
    documents = {name: Document.read(path) for name, path in paths.items()}
    steps: list[Step] = []
    with tempfile.TemporaryDirectory(prefix="history-") as place:
        surfaces = {
            name: client_of(path, Path(place) / str(i))
            for i, (name, path) in enumerate(paths.items())
            if python
        }
        names = list(paths)
        for old, new in itertools.pairwise(names):
            comparison = compare(documents[old], documents[new], names=(old, new))
            meaning = (
                explain(
                    comparison, paths[old], paths[new], surfaces=(surfaces[old], surfaces[new]), strict=False
                )
                if python
                else None
            )
            steps.append(
                Step(_version(old, documents[old]), _version(new, documents[new]), comparison, meaning)
            )
    return steps
