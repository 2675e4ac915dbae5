"""Output formats of the effects on Python: text, Markdown, JSON and HTML."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING

from scripts.compare.wire.render import HEADINGS, page
from scripts.compare.wire.rules import LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripts.compare.python.impact import Effect, Meaning
    from scripts.compare.wire.records import Record

__all__ = ["FORMATS", "effect_lines"]

MOST = 8


def _some(items: tuple[object, ...]) -> str:
    shown = ", ".join(str(item) for item in items[:MOST])
    return f"{shown} and {len(items) - MOST} more" if len(items) > MOST else shown


def effect_lines(effect: Effect) -> list[str]:
    """Return the effect of one change on Python, as lines of text."""
    lines = [f"{'breaking' if change.breaking else 'ok'}: {change.sentence}" for change in effect.names]
    if not effect.names:
        lines.append("no name of korus_api changes")
    if effect.uses:
        lines.append(f"used in {_some(effect.uses)}")
    if effect.korus:
        lines.append(f"changes {_some(effect.korus)}")
    if effect.cassettes:
        lines.append(f"recorded in {_some(effect.cassettes)}")
    if effect.action:
        lines.append(f"action: {effect.action}")
    return lines


def _summary(meaning: Meaning) -> str:
    names = meaning.name_changes()
    breaking = sum(change.breaking for change in names)
    wire = ", ".join(f"{meaning.comparison.count(level)} {HEADINGS[level].lower()}" for level in LEVELS)
    return f"on the wire {wire}; in Python {breaking} breaking, {len(names) - breaking} compatible"


def _entries(meaning: Meaning) -> list[tuple[str, list[tuple[str, str, Effect]]]]:
    """Return headings with entries: sentence, rule, effect."""
    sections: list[tuple[str, list[tuple[str, str, Effect]]]] = []

    def of(record: Record, effect: Effect) -> tuple[str, str, Effect]:
        return record.message, record.id, effect

    for level in LEVELS:
        entries = [
            of(record, meaning.effects[record.fingerprint])
            for record in meaning.comparison.changes
            if record.level == level
        ]
        if entries:
            sections.append((f"{HEADINGS[level]} on the wire ({len(entries)})", entries))
    if meaning.corrections:
        entries = [of(record, effect) for record, effect in meaning.corrections]
        sections.append((f"Through the overlay ({len(entries)})", entries))
    if meaning.renames:
        entries = [
            (
                f"{change.sentence}: {'; '.join(cause.sentence for cause in causes[:3])}.",
                "name-changed",
                effect,
            )
            for change, effect, causes in meaning.renames
        ]
        sections.append((f"Names without a cause on the wire ({len(entries)})", entries))
    return sections


def text(meaning: Meaning) -> str:
    """Write the effects as plain text."""
    lines = [f"{meaning.comparison.old} → {meaning.comparison.new}: {_summary(meaning)}"]
    for heading, entries in _entries(meaning):
        lines += ["", heading]
        for sentence, rule, effect in entries:
            lines.append(f"  {sentence}  [{rule}]")
            lines += [f"      {line}" for line in effect_lines(effect)]
    return "\n".join(lines) + "\n"


def markdown(meaning: Meaning) -> str:
    """Write the effects as Markdown."""
    lines = [
        f"# {meaning.comparison.old} → {meaning.comparison.new}",
        "",
        f"{_summary(meaning).capitalize()}.",
    ]
    for heading, entries in _entries(meaning):
        lines += ["", f"## {heading}", ""]
        for sentence, rule, effect in entries:
            lines.append(f"- {sentence.replace('<', '&lt;')} (`{rule}`)")
            lines += [f"  - {line}" for line in effect_lines(effect)]
    return "\n".join(lines) + "\n"


def as_json(meaning: Meaning) -> str:
    """Write the effects as one JSON object."""
    return json.dumps(meaning.as_json(), ensure_ascii=False, indent=2) + "\n"


def html(meaning: Meaning) -> str:
    """Write the effects as an HTML page."""
    title = f"{meaning.comparison.old} → {meaning.comparison.new}"
    parts = [f"<h1>{escape(title)}</h1>", f'<p class="lead">{escape(_summary(meaning).capitalize())}.</p>']
    for heading, entries in _entries(meaning):
        parts.append(f"<h2>{escape(heading)}</h2>")
        parts.append('<ul class="records">')
        for sentence, rule, effect in entries:
            level = "breaking" if effect.breaking else "compatible"
            lines = "".join(f"<dd>{escape(line)}</dd>" for line in effect_lines(effect))
            parts.append(
                f'<li class="{level}"><details><summary><span class="level {level}">'
                f"{'Breaking in Python' if effect.breaking else 'Compatible in Python'}</span> {escape(sentence)}"
                f"</summary><dl><dt>rule</dt><dd><code>{escape(rule)}</code></dd>"
                f"<dt>in Python</dt><div>{lines}</div></dl>"
                "</details></li>"
            )
        parts.append("</ul>")
    return page(title, "\n".join(parts))


FORMATS: dict[str, Callable[[Meaning], str]] = {
    "text": text,
    "markdown": markdown,
    "json": as_json,
    "html": html,
}
"""The output formats by name."""
