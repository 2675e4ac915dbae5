"""Checks of sets of cassettes against descriptions, with a file of known exceptions.

Compares, sorts and counts; `korus.testing.conformance` compares a single exchange.
"""

from __future__ import annotations

import fnmatch
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field, frozen

from korus.testing import cassettes, descriptions, plainyaml
from korus.testing.conformance import DOCUMENTED, KINDS, Checker, Finding, Universe, universe
from korus.testing.plainvalues import is_list, is_mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

__all__ = [
    "Coverage",
    "Exemption",
    "ExemptionsUnreadable",
    "Library",
    "Report",
    "Share",
    "check",
    "cover",
    "read_exemptions",
]

_FIELDS = ("kind", "cassette", "operation", "part", "pointer", "value", "api_version")


class ExemptionsUnreadable(ValueError):
    """The file of known exceptions is invalid; names the place."""


@frozen(kw_only=True)
class Exemption:
    """A known exception: findings that are accepted, with the reason.

    Every attribute but ``reason`` is a pattern in which ``*`` matches anything; left out, it matches all.

    Attributes:
        kind: The kind of finding.
        cassette: The end of the cassette's path.
        operation: ``METHOD /path``.
        part: The part of the exchange.
        pointer: The place in that part.
        value: The value as text.
        api_version: The version of the description.
        reason: Why it is accepted.
        number: Its place in the file, counted from 1.
    """

    kind: str = "*"
    cassette: str = "*"
    operation: str = "*"
    part: str = "*"
    pointer: str = "*"
    value: str = "*"
    api_version: str = "*"
    reason: str
    number: int

    def accepts(self, finding: Finding) -> bool:
        """Return True if the exception covers a finding."""
        return all(
            _fits(getattr(self, name), str(getattr(finding, name))) for name in _FIELDS if name != "cassette"
        ) and (_fits(self.cassette, finding.cassette) or _fits(f"*/{self.cassette}", finding.cassette))


def _fits(pattern: str, text: str) -> bool:
    # brackets are part of many parameters' names, so only * and ? are special
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def read_exemptions(path: Path | str) -> tuple[Exemption, ...]:
    """Read the known exceptions from a YAML file with the one key ``exceptions``.

    Raises:
        ExemptionsUnreadable: It is not such a file, or an exception has no reason.
        FileNotFoundError: There is no such file.
    """
    path = Path(path)
    try:
        document = plainyaml.load(path.read_text(encoding="utf-8"))
    except plainyaml.YamlUnreadable as error:
        raise ExemptionsUnreadable(f"{path}: {error}") from error
    found = document.get("exceptions") if is_mapping(document) else None
    if not is_list(found):
        raise ExemptionsUnreadable(f"{path}: has to have a list under the key `exceptions`")
    return tuple(_exemption(one, number, path) for number, one in enumerate(found, start=1))


def _exemption(found: Any, number: int, path: Path) -> Exemption:
    where = f"{path}, exception {number}"
    if not is_mapping(found):
        raise ExemptionsUnreadable(f"{where}: has to be a mapping")
    given = found
    unknown = given.keys() - {*_FIELDS, "reason"}
    if unknown:
        raise ExemptionsUnreadable(f"{where}: does not know {', '.join(sorted(unknown))}")
    if not str(given.get("reason") or "").strip():
        raise ExemptionsUnreadable(f"{where}: has no reason")
    kind = given.get("kind", "*")
    if kind != "*" and kind not in KINDS:
        raise ExemptionsUnreadable(f"{where}: {kind!r} is not a kind of finding; known are{', '.join(KINDS)}")
    return Exemption(number=number, **{key: str(one) for key, one in given.items()})


@define
class Library:
    """The descriptions that a check may need, by version.

    Attributes:
        files: Version to file.
        current: The newest version.
        prepare: Called with a parsed description before its use, for example to apply an overlay.
    """

    files: Mapping[str, Path]
    current: str
    prepare: Callable[[Any], Any] = field(default=lambda document: document)
    _read: dict[str, descriptions.Description] = field(factory=dict[str, descriptions.Description])

    @classmethod
    def of_folder(cls, folder: Path | str) -> Library:
        """Return all descriptions of a folder; their versions decide which is the newest.

        Raises:
            FileNotFoundError: The folder has none.
        """
        files: dict[str, Path] = {}
        found: list[descriptions.Description] = []
        for path in sorted(Path(folder).glob("*.yaml")):
            try:
                description = descriptions.read(path)
            except descriptions.DescriptionUnreadable:
                continue  # an overlay or a lock beside the descriptions
            files[description.version] = path
            found.append(description)
        if not found:
            raise FileNotFoundError(f"{folder} has no description of an API")
        library = cls(files, descriptions.newest(found).version)
        library._read.update({one.version: one for one in found})
        return library

    def get(self, version: str) -> descriptions.Description | None:
        """Return the description of a version, None if it is not there."""
        if version not in self._read and version in self.files:
            content = self.files[version].read_bytes()
            document = self.prepare(plainyaml.load(content.decode("utf-8")))
            self._read[version] = descriptions.Description.of(
                document, sha256=hashlib.sha256(content).hexdigest()
            )
        return self._read.get(version)

    @property
    def newest(self) -> descriptions.Description:
        """The newest description."""
        found = self.get(self.current)
        if found is None:
            raise FileNotFoundError(f"there is no description of version {self.current}")
        return found


@frozen(kw_only=True)
class Report:
    """Result of a check.

    Attributes:
        findings: All findings that no exception accepts, ``documented`` ones included.
        accepted: Findings with the exception that accepts each.
        idle: Exceptions that accepted nothing.
        unreadable: Cassettes that could not be read, and why.
        cassettes: How many cassettes were read.
        interactions: How many exchanges they hold.
        compared: How many of them are requests to an operation of a description.
        stale: Cassettes made under an earlier file of their version's description.
    """

    findings: tuple[Finding, ...]
    accepted: tuple[tuple[Finding, Exemption], ...]
    idle: tuple[Exemption, ...]
    unreadable: tuple[cassettes.CassetteUnreadable, ...]
    cassettes: int
    interactions: int
    compared: int = 0
    stale: tuple[str, ...] = ()

    @property
    def faults(self) -> tuple[Finding, ...]:
        """The findings other than ``documented``."""
        return tuple(finding for finding in self.findings if finding.kind != DOCUMENTED)

    @property
    def passed(self) -> bool:
        """True if something was compared, and no fault, idle exception or unreadable cassette was found."""
        return bool(self.compared) and not (self.faults or self.idle or self.unreadable)


def check(
    paths: Iterable[Path],
    *,
    library: Library | None = None,
    description: descriptions.Description | None = None,
    exemptions: Sequence[Exemption] = (),
    standing: Sequence[Exemption] = (),
    complete: bool = True,
) -> Report:
    """Check cassettes against a description, or against those of their own version and of the newest.

    Args:
        paths: The cassette files.
        library: The descriptions by version; not needed with a description.
        description: Check against this one only.
        exemptions: The known exceptions.
        standing: Exceptions that apply to the API in general, whether or not they occur.
        complete: True if these are all cassettes: only then are exceptions reported that no longer occur.
            Otherwise only those that name one of the checked cassettes are.
    """
    checkers: dict[str, Checker] = {}
    raw: list[Finding] = []
    unreadable: list[cassettes.CassetteUnreadable] = []
    names: list[str] = []
    interactions = compared = 0
    stale: list[str] = []
    for path in paths:
        names.append(path.as_posix())
        try:
            cassette = cassettes.read(path)
        except cassettes.CassetteUnreadable as error:
            unreadable.append(error)
            continue
        interactions += len(cassette.interactions)
        for against in _against(cassette, path, library, description, unreadable):
            key = f"{against.version} {id(against)}"
            checker = checkers.setdefault(key, Checker(against))
            for examination in checker.examine_all(cassette, path.as_posix()):
                raw += examination.findings
                compared += examination.operation is not None
            if _is_stale(cassette.header, against):
                stale.append(path.as_posix())
    report = _sorted_out(raw, exemptions, standing, names, unreadable, complete=complete)
    return evolve(report, interactions=interactions, compared=compared, stale=tuple(stale))


def _is_stale(header: cassettes.Header, description: descriptions.Description) -> bool:
    """Return True for a cassette of a description's version that was made under another file of it."""
    both = header.description_sha256 and description.sha256
    return (
        bool(both)
        and header.api_version == description.version
        and header.description_sha256 != description.sha256
    )


def _against(
    cassette: cassettes.Cassette,
    path: Path,
    library: Library | None,
    description: descriptions.Description | None,
    unreadable: list[cassettes.CassetteUnreadable],
) -> list[descriptions.Description]:
    if description is not None:
        return [description]
    if library is None:
        raise ValueError("either a description or a library of them is needed")
    own = library.get(cassette.header.api_version)
    if own is None:
        reason = f"there is no description of version {cassette.header.api_version!r}"
        unreadable.append(cassettes.CassetteUnreadable(path, "/api_version", reason))
    newest = library.newest
    return [newest] if own is None or own is newest else [own, newest]


def _sorted_out(
    raw: list[Finding],
    exemptions: Sequence[Exemption],
    standing: Sequence[Exemption],
    names: list[str],
    unreadable: list[cassettes.CassetteUnreadable],
    *,
    complete: bool,
) -> Report:
    findings: list[Finding] = []
    accepted: list[tuple[Finding, Exemption]] = []
    used: set[int] = set()
    for finding in raw:
        known = () if finding.kind == DOCUMENTED else exemptions
        takers = [one for one in known if one.accepts(finding)]
        used |= {one.number for one in takers}
        if finding.kind != DOCUMENTED:
            takers += [one for one in standing if one.accepts(finding)]
        if takers:
            accepted.append((finding, takers[0]))
        else:
            findings.append(finding)
    idle = [
        one
        for one in exemptions
        if one.number not in used
        and (complete or any("*" not in one.cassette and _fits(f"*{one.cassette}", name) for name in names))
    ]
    return Report(
        findings=tuple(findings),
        accepted=tuple(accepted),
        idle=tuple(idle),
        unreadable=tuple(unreadable),
        cassettes=len(names) - len({str(one.path) for one in unreadable}),
        interactions=0,
    )


@frozen(kw_only=True)
class Share:
    """Share of one kind of thing that the cassettes show.

    Attributes:
        shown: How many are shown.
        total: How many there are.
        missing: The names of those not shown.
    """

    shown: int
    total: int
    missing: tuple[str, ...]

    @property
    def percent(self) -> float:
        """The share in percent, 100 if there is nothing to show."""
        return 100.0 * self.shown / self.total if self.total else 100.0


@frozen(kw_only=True)
class Coverage:
    """Coverage of a description by cassettes.

    Attributes:
        api_version: The description's version.
        shares: ``operations``, ``success statuses``, ``statuses``, ``parameters``, ``properties``, ``enum values``.
        operations: For each operation, the number of exchanges that show it.
    """

    api_version: str
    shares: Mapping[str, Share]
    operations: Mapping[str, int]

    @property
    def passed(self) -> bool:
        """True if all operations and all documented success statuses are shown."""
        return not (self.shares["operations"].missing or self.shares["success statuses"].missing)


def cover(paths: Iterable[Path], description: descriptions.Description) -> Coverage:
    """Measure how much of a description the cassettes show.

    Raises:
        CassetteUnreadable: A cassette is broken.
    """
    checker = Checker(description)
    whole: Universe = universe(description)
    shown: set[str] = set()
    counts = dict.fromkeys(whole.operations.values(), 0)
    for path in paths:
        for examination in checker.examine_all(cassettes.read(path), path.as_posix()):
            shown |= examination.shown
            if examination.operation is not None:
                counts[examination.operation.name] += 1
    successes = {
        pointer: name for pointer, name in whole.statuses.items() if pointer in whole.success_statuses
    }
    return Coverage(
        api_version=description.version,
        shares={
            "operations": _share(whole.operations, shown),
            "success statuses": _share(successes, shown),
            "statuses": _share(whole.statuses, shown),
            "parameters": _share(whole.parameters, shown),
            "properties": _share(whole.properties, shown),
            "enum values": _share(whole.enum_values, shown),
        },
        operations=counts,
    )


def _share(names: Mapping[str, str], shown: set[str]) -> Share:
    missing = tuple(sorted({name for pointer, name in names.items() if pointer not in shown}))
    return Share(shown=sum(pointer in shown for pointer in names), total=len(names), missing=missing)
