"""Write a change of versions up: changelog fragments, an upgrade note, a pull request, and the decision on SemVer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import frozen

from scripts.compare.wire.render import HEADINGS
from scripts.compare.wire.rules import LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scripts.compare.python import Effect, Meaning, NameChange
    from scripts.compare.wire.records import Record

__all__ = ["Decision", "decide", "fragments", "pull_request"]

MOST = 200


@frozen
class Decision:
    """What the change means for korus's own version.

    Attributes:
        level: ``major``, ``minor`` or ``patch``.
        present: The version now.
        next: The version that the next release must have at least.
        reason: Why, in one sentence.
    """

    level: str
    present: str
    next: str
    reason: str


def decide(meaning: Meaning, present: str) -> Decision:
    """Decide the least step of korus's version that the change asks for.

    Before 1.0 the second number stands for what breaks, as SemVer 4 allows.

    Args:
        meaning: What the change means.
        present: korus's version, as ``X.Y.Z``.
    """
    names = meaning.name_changes()
    breaking = [change for change in names if change.breaking]
    wire = len(meaning.breaks_silently())
    if breaking:
        level = "major"
        reason = (
            f"{len(breaking)} public name{'s' if len(breaking) > 1 else ''} changed so that callers notice"
        )
    elif wire:
        level = "major"
        reason = f"{wire} change{'s' if wire > 1 else ''} on the wire break{'' if wire > 1 else 's'} callers silently"
    elif names:
        level, reason = (
            "minor",
            f"{len(names)} public name{'s are' if len(names) > 1 else ' is'} new or wider",
        )
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
    """Name the resource that a change belongs to: the class, or the one that an operation's module is called after."""
    if change.kind in {"operation", "parameter", "returns"}:
        parts = change.name.split(".")
        module = parts[1] if len(parts) > 1 else parts[0]
        return "".join(part.capitalize() for part in module.split("_"))
    return change.owner


def _line(change: NameChange) -> str:
    """Say one change in the SDK's terms: the class, the field, old and new."""
    mark = "**Breaking:** " if change.breaking else ""
    short = change.name.removeprefix("models.")
    if change.kind == "attribute" and change.old and change.new and not change.renamed:
        return f"{mark}`{short}`: `{change.old}` → `{change.new}`"
    if change.kind == "attribute" and change.new is None:
        return f"{mark}`{short}` (`{change.old}`) is gone"
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


def fragments(meaning: Meaning, version: str, previous: str) -> dict[str, str]:
    """Write the changelog fragments.

    Args:
        meaning: What the change means.
        version: The version of the API that is followed now.
        previous: The one that was.

    Returns:
        Their texts by the names of their files: one says what changed, and where users must act a second says how.
    """
    name = f"+api-{_slug(version)}"
    where = f"from {previous} to {version}" if version != previous else f"({version}) in another edition"
    lines = [f"The API's description moved {where}."]
    names = meaning.name_changes()
    if not names:
        lines[0] += " No public name changed."
    for resource, changes in _grouped(names).items():
        lines += ["", f"{resource}:", ""]
        lines += [f"- {_line(change)}" for change in changes]
    wire = [record for record in meaning.comparison.changes if record.level != "compatible"]
    silent = [record for record in wire if not meaning.effects[record.fingerprint].names]
    if silent:
        lines += ["", "On the wire, without a change of names:", ""]
        lines += [
            f"- {'**Breaking:**' if record.level == 'breaking' else 'Possibly breaking:'} {_plain(record.message)}"
            for record in silent[:MOST]
        ]
    written = {f"{name}.api.md": "\n".join(lines) + "\n"}
    steps = _steps(meaning.every())
    if steps:
        note = [f"Upgrading past API {version}:", "", *[f"- {step}" for step in steps]]
        written[f"{name}.breaking.md"] = "\n".join(note) + "\n"
    return written


def _steps(effects: Iterable[Effect]) -> list[str]:
    steps: dict[str, None] = {}
    for effect in effects:
        if effect.action:
            steps[effect.action] = None
    return list(steps)


def _plain(words: str) -> str:
    return words.replace("<", "&lt;")


# --- pull request -------------------------------------------------------------------------------------------------


def pull_request(  # noqa: C901, PLR0917 - one case after the other; called from here only, always alike
    meaning: Meaning,
    decision: Decision,
    outcome: str,
    version: str,
    previous: str,
    checks: Iterable[tuple[str, str]],
    left: Iterable[str] = (),
) -> str:
    """Write the body of a pull request: what a maintainer reads.

    Args:
        meaning: What the change means.
        decision: What it means for korus's version.
        outcome: ``safe``, ``breaking`` or ``needs a person``.
        version: The version of the API that is followed now.
        previous: The one that was.
        checks: What was run, with how it went.
        left: What a person has to do, a line each.
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
    ]
    steps = _steps(meaning.every())
    if steps:
        lines += ["", "## What users have to do", "", *[f"- {step}" for step in steps]]
    tasks = [f"- {line}" for line in left]
    if tasks:
        lines += ["", "## Left for a person", "", *tasks]
    if names:
        lines += ["", "## Names"]
        for resource, changes in _grouped(names).items():
            lines += ["", f"### {resource}", "", *[f"- {_line(change)}" for change in changes]]
    for level in LEVELS:
        records = [record for record in comparison.changes if record.level == level]
        if not records:
            continue
        lines += ["", f"## {HEADINGS[level]} on the wire", ""]
        if level == "compatible":
            lines += ["<details><summary>Show them</summary>", ""]
        for record in records[:MOST]:
            lines += _record_lines(record, meaning.effects[record.fingerprint])
        if len(records) > MOST:
            lines.append(f"- and {len(records) - MOST} more: see the report")
        if level == "compatible":
            lines += ["", "</details>"]
    if meaning.renames:
        lines += ["", "## Names without a cause on the wire", ""]
        for change, _, causes in meaning.renames:
            lines.append(f"- {change.sentence}: {_plain('; '.join(cause.sentence for cause in causes[:3]))}")
    lines += ["", "## What was run", "", *[f"- {name}: {how}" for name, how in checks]]
    return "\n".join(lines) + "\n"


def _record_lines(record: Record, effect: Effect) -> list[str]:
    lines = [f"- {_plain(record.message)} (`{record.id}`)"]
    if effect.uses:
        shown = ", ".join(f"`{use}`" for use in effect.uses[:6])
        more = f" and {len(effect.uses) - 6} more" if len(effect.uses) > 6 else ""  # noqa: PLR2004 - a number that says itself
        lines.append(f"  - used in {shown}{more}")
    if effect.cassettes:
        shown = ", ".join(f"`{name}`" for name in effect.cassettes[:4])
        more = f" and {len(effect.cassettes) - 4} more" if len(effect.cassettes) > 4 else ""  # noqa: PLR2004 - a number that says itself
        lines.append(f"  - recorded in {shown}{more}")
    return lines
