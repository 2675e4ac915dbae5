"""Output formats of a comparison, and the table of rules."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING

from scripts.compare.wire.rules import LEVELS, RULES, Level
from scripts.compare.wire.shapes import token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scripts.compare.wire.records import Comparison, Record

__all__ = ["FORMATS", "html_records", "rules_table"]

HEADINGS: dict[Level, str] = {
    "breaking": "Breaking",
    "possibly": "Possibly breaking",
    "compatible": "Compatible",
}
MOST_OPERATIONS = 12


def _summary(comparison: Comparison) -> str:
    return ", ".join(f"{comparison.count(level)} {HEADINGS[level].lower()}" for level in LEVELS)


def _grouped(comparison: Comparison) -> Iterator[tuple[Level, list[Record]]]:
    for level in LEVELS:
        records = [record for record in comparison.changes if record.level == level]
        if records:
            yield level, records


def _witness_words(record: Record) -> str | None:
    witness = record.witness
    if witness is None or record.level == "compatible":
        return None
    if not witness.found:
        return f"no witness: {witness.reason}"
    shown = token(witness.value)
    shown = shown if len(shown) <= 160 else f"{shown[:157]}..."  # noqa: PLR2004 - explained by its use
    return f"{shown} {witness_effect(record)}"


def witness_effect(record: Record) -> str:
    """Return in words what a value shows."""
    if record.direction == "request":
        return "was accepted and is rejected now"
    return "is possible now and was impossible before"


def text(comparison: Comparison) -> str:
    """Write a comparison as plain text."""
    lines = [f"{comparison.old} → {comparison.new}: {_summary(comparison)}"]
    for level, records in _grouped(comparison):
        lines += ["", f"{HEADINGS[level]} ({len(records)})"]
        for record in records:
            lines.append(f"  {record.message}  [{record.id}]")
            if len(record.operations) > 1:
                shown = record.operations[:MOST_OPERATIONS]
                more = len(record.operations) - len(shown)
                lines.append(f"      affects {', '.join(shown)}" + (f" and {more} more" if more else ""))
            witness = _witness_words(record)
            if witness:
                lines.append(f"      {witness}")
            if record.accepted is not None:
                lines.append(f"      accepted: {record.accepted}")
    return "\n".join(lines) + "\n"


def _md(words: str) -> str:
    return words.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def markdown(comparison: Comparison) -> str:
    """Write a comparison as Markdown."""
    lines = [f"# {_md(comparison.old)} → {_md(comparison.new)}", "", f"{_summary(comparison).capitalize()}."]
    for level, records in _grouped(comparison):
        lines += [
            "",
            f"## {HEADINGS[level]}",
            "",
            "| change | rule | affects | witness |",
            "|---|---|---|---|",
        ]
        for record in records:
            shown = ", ".join(f"`{name}`" for name in record.operations[:MOST_OPERATIONS])
            more = len(record.operations) - MOST_OPERATIONS
            witness = _witness_words(record) or ""
            lines.append(
                f"| {_md(record.message)} | `{record.id}` | {_md(shown)}{f' and {more} more' if more > 0 else ''} "
                f"| {_md(witness)} |"
            )
    return "\n".join(lines) + "\n"


def as_json(comparison: Comparison) -> str:
    """Write a comparison as one JSON object."""
    return json.dumps(comparison.as_json(), ensure_ascii=False, indent=2) + "\n"


def html_records(records: list[Record]) -> str:
    """Write records as an HTML list with folded details."""
    parts = ['<ul class="records">']
    for record in records:
        witness = _witness_words(record)
        where = record.where
        rows = [
            ("rule", f"<code>{escape(record.id)}</code>: {escape(RULES[record.id].reason)}"),
            ("reaches", escape(", ".join(record.operations)) or "no operation"),
            (
                "before",
                f"<code>{escape(where.old_pointer or '')}</code>" if where.old_pointer is not None else "",
            ),
            (
                "after",
                f"<code>{escape(where.new_pointer or '')}</code>" if where.new_pointer is not None else "",
            ),
            ("old", f"<code>{escape(token(record.old))}</code>" if record.old is not None else ""),
            ("new", f"<code>{escape(token(record.new))}</code>" if record.new is not None else ""),
            ("witness", escape(witness or "")),
        ]
        details = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows if value)
        parts.append(
            f'<li class="{record.level}"><details><summary><span class="level {record.level}">'
            f"{HEADINGS[record.level]}</span> {escape(record.message)}</summary><dl>{details}</dl></details></li>"
        )
    parts.append("</ul>")
    return "\n".join(parts)


STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --soft: #5b6470; --paper: #fbfbfa; --card: #ffffff; --line: #dfe3e8;
  --breaking: #b3261e; --breaking-bg: #fdeceb; --possibly: #8a5300; --possibly-bg: #fff3dc;
  --compatible: #1f6f43; --compatible-bg: #e6f5ec; --accent: #2457c5; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7eaee; --soft: #a2acb8; --paper: #14171b; --card: #1c2127;
  --line: #333b45; --breaking: #ffb4ab; --breaking-bg: #4a1a17; --possibly: #ffd08a; --possibly-bg: #45320f;
  --compatible: #8fdcae; --compatible-bg: #153825; --accent: #9dbcff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; margin: 0 0 .25rem; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
p.lead { color: var(--soft); margin: 0 0 1.5rem; }
code { font: .86em ui-monospace, monospace; overflow-wrap: anywhere; }
ul.records { list-style: none; margin: 0; padding: 0; }
ul.records > li { background: var(--card); border: 1px solid var(--line); border-left: 4px solid var(--compatible);
  border-radius: 6px; margin: .4rem 0; padding: .45rem .75rem; }
ul.records > li.breaking { border-left-color: var(--breaking); }
ul.records > li.possibly { border-left-color: var(--possibly); }
summary { cursor: pointer; overflow-wrap: anywhere; } summary:focus-visible { outline: 2px solid var(--accent); }
.level { display: inline-block; font-size: .75rem; font-weight: 600; border-radius: 999px; padding: .05rem .55rem;
  margin-right: .35rem; background: var(--compatible-bg); color: var(--compatible); white-space: nowrap; }
.level.breaking { background: var(--breaking-bg); color: var(--breaking); }
.level.possibly { background: var(--possibly-bg); color: var(--possibly); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem .9rem; margin: .6rem 0 .2rem; font-size: .9rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dt { margin-top: .3rem; } }
"""


def page(title: str, body: str, *, style: str = "") -> str:
    """Write an HTML page for light and dark mode, print and small screens."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}{style}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n"
        "</body>\n</html>\n"
    )


def html(comparison: Comparison) -> str:
    """Write a comparison as an HTML page."""
    parts = [
        f"<h1>{escape(comparison.old)} → {escape(comparison.new)}</h1>",
        f'<p class="lead">{escape(_summary(comparison).capitalize())}.</p>',
    ]
    for level, records in _grouped(comparison):
        parts += [f"<h2>{HEADINGS[level]} ({len(records)})</h2>", html_records(records)]
    return page(f"{comparison.old} → {comparison.new}", "\n".join(parts))


def _place(record: Record) -> tuple[str, int] | None:
    """Return file and line in the new document, or in the old one for a removed part."""
    place = record.where.new_line or record.where.old_line
    if place is None:
        return None
    file, _, line = place.rpartition(":")
    return file, int(line)


def github(comparison: Comparison) -> str:
    """Write a comparison as annotations of GitHub Actions."""
    kinds: dict[Level, str] = {"breaking": "error", "possibly": "warning", "compatible": "notice"}
    lines: list[str] = []
    for record in comparison.changes:
        kind = "notice" if record.accepted is not None else kinds[record.level]
        place = _place(record)
        where = f"file={_escaped(place[0], ':,')},line={place[1]}," if place else ""
        lines.append(f"::{kind} {where}title={_escaped(record.id, ':,')}::{_escaped(record.message)}\n")
    return "".join(lines)


def _escaped(words: str, more: str = "") -> str:
    for sign in f"%\r\n{more}":
        words = words.replace(sign, f"%{ord(sign):02X}")
    return words


def sarif(comparison: Comparison) -> str:
    """Write a comparison as SARIF 2.1.0."""
    kinds: dict[Level, str] = {"breaking": "error", "possibly": "warning", "compatible": "note"}
    results: list[dict[str, object]] = []
    for record in comparison.changes:
        place = _place(record)
        physical = (
            {"artifactLocation": {"uri": place[0]}, "region": {"startLine": place[1]}} if place else None
        )
        results.append(
            {
                "ruleId": record.id,
                "level": kinds[record.level],
                "message": {"text": record.message},
                "partialFingerprints": {"change/v1": record.fingerprint},
                **({"locations": [{"physicalLocation": physical}]} if physical else {}),
                **(
                    {"suppressions": [{"kind": "external", "justification": record.accepted}]}
                    if record.accepted is not None
                    else {}
                ),
            }
        )
    used = sorted({record.id for record in comparison.changes})
    rules = [{"id": name, "shortDescription": {"text": RULES[name].reason}} for name in used]
    run = {"tool": {"driver": {"name": "scripts.compare", "rules": rules}}, "results": results}
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return (
        json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2)
        + "\n"
    )


FORMATS: dict[str, Callable[[Comparison], str]] = {
    "text": text,
    "markdown": markdown,
    "json": as_json,
    "html": html,
    "github": github,
    "sarif": sarif,
}
"""The output formats by name."""


def rules_table() -> str:
    """Write every rule with its level and reason."""
    width = max(map(len, RULES))
    return "".join(f"{rule.id:<{width}}  {rule.level:<10}  {rule.reason}\n" for rule in RULES.values())
