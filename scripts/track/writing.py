"""Texts for a change of versions: changelog fragments, an upgrade note, a pull request, and the SemVer decision."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import frozen

from scripts.compare.wire.render import HEADINGS
from scripts.compare.wire.rules import LEVELS
from scripts.track.judging import Reach, escaped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scripts.compare.python import Effect, Meaning, NameChange
    from scripts.compare.wire.records import Record
    from scripts.compare.wire.rules import Level
    from scripts.track.judging import Task

__all__ = ["Decision", "decide", "fitted", "fragments", "pull_request"]

LONGEST = 65_000
"""The maximum length of a pull request's text on GitHub, less the text that is put before it."""

MOST = 200


@frozen
class Decision:
    """Meaning of the change for korus's own version.

    Attributes:
        level: ``major``, ``minor`` or ``patch``.
        present: The version now.
        next: The version that the next release must have at least.
        reason: The reason, in one sentence.
    """

    level: str
    present: str
    next: str
    reason: str


def decide(meaning: Meaning, present: str) -> Decision:
    """Return the minimum increase of korus's version that the change requires.

    Before 1.0 a breaking change increases the second number, as SemVer 4 allows.

    Args:
        meaning: The effects of the change.
        present: korus's version, as ``X.Y.Z``.
    """
    names = meaning.name_changes()
    breaking = [change for change in names if change.breaking]
    wire = len(meaning.breaks_silently())
    if breaking:
        level = "major"
        reason = f"{len(breaking)} public name{'s have' if len(breaking) > 1 else ' has'} breaking changes"
    elif wire:
        level = "major"
        reason = f"{wire} change{'s' if wire > 1 else ''} on the wire break{'' if wire > 1 else 's'} callers silently"
    elif names:
        level, reason = (
            "minor",
            f"{len(names)} public name{'s are' if len(names) > 1 else ' is'} new or wider",
        )
    elif meaning.deprecated():
        level, reason = "minor", "the API deprecates parts that callers may use"
    else:
        level, reason = "patch", "no public name changed"
    match = re.match(r"(\d+)\.(\d+)\.(\d+)", present)
    major, minor, patch = (int(part) for part in match.groups()) if match else (0, 0, 0)
    step = level if major else {"major": "minor", "minor": "patch", "patch": "patch"}[level]
    following = {
        "major": f"{major + 1}.0.0",
        "minor": f"{major}.{minor + 1}.0",
        "patch": f"{major}.{minor}.{patch + 1}",
    }[step]
    return Decision(level, present, following, reason)


# --- changelog ----------------------------------------------------------------------------------------------------


def _resource(change: NameChange) -> str:
    """Return the resource of a change: the class, or the one after which an operation's module is named."""
    if change.kind in {"operation", "parameter", "returns"}:
        parts = change.name.split(".")
        module = parts[1] if len(parts) > 1 else parts[0]
        return "".join(part.capitalize() for part in module.split("_"))
    return change.owner


def _listed(changes: Iterable[NameChange]) -> list[str]:
    """Return a line for each change, without duplicates."""
    return list(dict.fromkeys(f"- {_line(change)}" for change in changes))


def _line(change: NameChange) -> str:
    """Describe one change in the SDK's terms: the class, the field, old and new."""
    mark = "**Breaking:** " if change.breaking else ""
    short = change.name.removeprefix("models.")
    if change.kind == "attribute" and change.old and change.new and not change.renamed:
        return f"{mark}`{short}`: `{change.old}` → `{change.new}`"
    if change.kind == "attribute" and change.new is None:
        return f"{mark}`{short}` (`{change.old}`) was removed"
    if change.kind == "attribute" and change.old is None:
        return f"{mark}`{short}`: `{change.new}` is new"
    if change.kind == "member":
        return f"{mark}`{short}` ({change.new or change.old}) {change.change}"
    if change.kind in {"operation", "parameter", "returns"}:
        return f"{mark}`{short.removeprefix('api.')}` {change.change}"
    return f"{mark}`{short}` {change.change}"


def _grouped(names: Iterable[NameChange]) -> dict[str, list[NameChange]]:
    groups: dict[str, list[NameChange]] = {}
    for change in names:
        groups.setdefault(_resource(change), []).append(change)
    return {
        name: sorted(groups[name], key=lambda change: (not change.breaking, change.name, change.change))
        for name in sorted(groups)
    }


def _slug(version: str) -> str:
    return re.sub(r"[^0-9A-Za-z-]+", "-", version).strip("-").lower() or "version"


def fragments(
    meaning: Meaning, version: str, previous: str, *, edition: str | None = None, notes: Iterable[str] = ()
) -> dict[str, str]:
    """Write the changelog fragments.

    Args:
        meaning: The effects of the change.
        version: The new version of the API.
        previous: The previous version.
        edition: The name for the files, if a version has several editions.
        notes: Further notes for users, one per line.

    Returns:
        The texts by file name: one with the changes, and if users must act a second with the instructions.
    """
    name = f"+api-{_slug(edition or version)}"
    where = f"from {previous} to {version}" if version != previous else f"to another edition of {version}"
    lines = [f"The API's description moved {where}."]
    reaching, raw = _by_reach(meaning)
    if not reaching and not raw:
        lines[0] += " No public name changed."
    for resource, changes in _grouped(reaching).items():
        lines += ["", f"{resource}:", ""]
        lines += _listed(changes)
    if raw:
        lines += [
            "",
            RAW,
            "",
            *[line for group in _grouped(raw).values() for line in _listed(group)],
        ]
    wire = [record for record in meaning.comparison.changes if record.level != "compatible"]
    silent = [record for record in wire if not meaning.effects[record.fingerprint].names]
    if silent:
        lines += ["", "On the wire, without a change of names:", ""]
        lines += [
            f"- {'**Breaking:**' if record.level == 'breaking' else 'Possibly breaking:'} {escaped(record.message)}"
            for record in silent[:MOST]
        ]
    listed = [*[escaped(record.message) for record in meaning.deprecated()], *notes]
    if listed:
        lines += ["", "Also:", "", *[f"- {note}" for note in listed[:MOST]]]
    written = {f"{name}.api.md": "\n".join(lines) + "\n"}
    steps = _steps(meaning.every())
    if steps:
        note = [f"Upgrading past API {version}:", "", *[f"- {step}" for step in steps]]
        written[f"{name}.breaking.md"] = "\n".join(note) + "\n"
    return written


RAW = "Only in `korus_api`, the raw client; `korus` does not support it yet:"


def _by_reach(meaning: Meaning) -> tuple[list[NameChange], list[NameChange]]:
    """Return the changes that reach users of korus, and those that only the raw client has."""
    reach = Reach(meaning)
    names = meaning.name_changes()
    reaching = [change for change in names if meaning.layer is None or reach.meets(change)]
    return reaching, [change for change in names if change not in reaching]


def _steps(effects: Iterable[Effect]) -> list[str]:
    steps: dict[str, None] = {}
    for effect in effects:
        if effect.action:
            steps[effect.action] = None
    return list(steps)


# --- pull request -------------------------------------------------------------------------------------------------


def pull_request(
    meaning: Meaning,
    decision: Decision,
    outcome: str,
    version: str,
    previous: str,
    *,
    checks: Iterable[tuple[str, str]],
    tasks: Iterable[Task] = (),
    failures: Iterable[str] = (),
) -> str:
    """Write the body of a pull request, the most urgent parts first.

    Args:
        meaning: The effects of the change.
        decision: The effect on korus's version.
        outcome: ``safe``, ``breaking`` or ``pending review``.
        version: The new version of the API.
        previous: The previous version.
        checks: The checks, with their results.
        tasks: The tasks for a maintainer.
        failures: The failures, with the first steps.
    """
    comparison = meaning.comparison
    names = meaning.name_changes()
    breaking = [change for change in names if change.breaking]
    lines = [
        f"# Follow API {version}",
        "",
        f"The API's description moved from {previous} to {version}. This change is **{outcome}**.",
        "",
        "| | breaking | possibly | compatible |",
        "|---|---|---|---|",
        f"| on the wire | {' | '.join(str(comparison.count(level)) for level in LEVELS)} |",
        f"| in Python | {len(breaking)} | – | {len(names) - len(breaking)} |",  # noqa: RUF001 - typographic on purpose
        "",
        f"korus {decision.present} → at least **{decision.next}** ({decision.level}: {decision.reason}).",
        *failures,
        *_section("Required changes", [task.text for task in tasks if task.breaks]),
        *_section("Required actions of users", _steps(meaning.every())),
        *_section(
            "Optional changes: nothing fails without them", [task.text for task in tasks if not task.breaks]
        ),
    ]
    reaching, raw = _by_reach(meaning)
    for heading, changes in (("## Changes for users of `korus`", reaching), (f"## {RAW.rstrip(':')}", raw)):
        if changes:
            lines += ["", heading]
        for resource, group in _grouped(changes).items():
            lines += ["", f"### {resource}", "", *dict.fromkeys(f"- {_line(change)}" for change in group)]
    for level in LEVELS:
        lines += _level(meaning, level)
    if meaning.renames:
        lines += ["", "## Names without a cause on the wire", ""]
        for change, _, causes in meaning.renames:
            lines.append(f"- {change.sentence}: {escaped('; '.join(cause.sentence for cause in causes[:3]))}")
    lines += ["", "## Steps", "", *[f"- {name}: {how}" for name, how in checks]]
    return "\n".join(lines) + "\n"


def _section(heading: str, entries: list[str]) -> list[str]:
    return ["", f"## {heading}", "", *[f"- {entry}" for entry in entries]] if entries else []


def _level(meaning: Meaning, level: Level) -> list[str]:
    records = [record for record in meaning.comparison.changes if record.level == level]
    if not records:
        return []
    lines = ["", f"## {HEADINGS[level]} on the wire", ""]
    if level == "compatible":
        lines += ["<details><summary>Show them</summary>", ""]
    for record in records[:MOST]:
        lines += _record_lines(record, meaning.effects[record.fingerprint])
    if len(records) > MOST:
        lines.append(f"- and {len(records) - MOST} more: see the report")
    return [*lines, "", "</details>"] if level == "compatible" else lines


def fitted(text: str, report: str) -> str:
    """Return a pull request's text, cut at a line if it is too long for GitHub.

    Args:
        text: The text.
        report: The place of the full report, as a sentence.
    """
    if len(text) <= LONGEST:
        return text
    kept = text[: LONGEST - len(report) - 200].rpartition("\n")[0]
    closing = "\n\n</details>" if kept.count("<details>") > kept.count("</details>") else ""
    return f"{kept}{closing}\n\n**The text is cut here.** {report}\n"


def _record_lines(record: Record, effect: Effect) -> list[str]:
    lines = [f"- {escaped(record.message)} (`{record.id}`)"]
    if effect.uses:
        shown = ", ".join(f"`{use}`" for use in effect.uses[:6])
        more = f" and {len(effect.uses) - 6} more" if len(effect.uses) > 6 else ""  # noqa: PLR2004 - as many are shown
        lines.append(f"  - used in {shown}{more}")
    if effect.cassettes:
        shown = ", ".join(f"`{name}`" for name in effect.cassettes[:4])
        more = f" and {len(effect.cassettes) - 4} more" if len(effect.cassettes) > 4 else ""  # noqa: PLR2004 - as many are shown
        lines.append(f"  - recorded in {shown}{more}")
    return lines
