"""Steps between versions as an HTML page without scripts, and as a text table."""

from __future__ import annotations

import itertools
from html import escape
from typing import TYPE_CHECKING

from scripts.compare.python import Effect, effect_lines
from scripts.compare.wire.render import HEADINGS, page, witness_effect
from scripts.compare.wire.rules import LEVELS, RULES
from scripts.compare.wire.shapes import token

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scripts.compare.wire.records import Record
    from scripts.track.history_steps import Entry, Step, Version

__all__ = ["show", "table"]

STYLE = """
a { color: var(--accent); }
header p { max-width: 46rem; }
nav ol { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .4rem; margin: 1rem 0 2rem; }
nav a { display: inline-block; border: 1px solid var(--line); border-radius: 999px; padding: .15rem .8rem;
  color: inherit; text-decoration: none; background: var(--card); }
nav a:hover, nav a:focus-visible { border-color: var(--accent); }
nav a::before { content: ""; display: inline-block; width: .6rem; height: .6rem; border-radius: 50%;
  margin-right: .45rem; background: var(--compatible); }
nav a.breaking::before { background: var(--breaking); } nav a.possibly::before { background: var(--possibly); }
nav a.first::before { background: var(--soft); }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
caption { text-align: left; color: var(--soft); padding: 0 0 .4rem .7rem; font-size: .9rem; }
tbody th { font-weight: 400; }
table { border-collapse: collapse; width: 100%; margin: 0 0 2.5rem; font-size: .95rem; }
.scroll { overflow-x: auto; }
th, td { text-align: right; padding: .35rem .7rem; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
td.bar { text-align: left; width: 34%; min-width: 9rem; }
.bar span { display: inline-block; height: .8rem; vertical-align: middle; min-width: 3px; margin-right: 1px;
  border-radius: 2px; }
.bar .breaking { background: var(--breaking); } .bar .possibly { background: var(--possibly); }
.bar .compatible { background: var(--compatible); }
td.bad { color: var(--breaking); font-weight: 600; }
.timeline { position: relative; padding-left: 1.6rem; }
.timeline::before { content: ""; position: absolute; left: .42rem; top: .6rem; bottom: .6rem; width: 2px;
  background: var(--line); }
.version { position: relative; margin: 0 0 .4rem; }
.version::before { content: ""; position: absolute; left: -1.6rem; top: .35rem; width: .95rem; height: .95rem;
  border-radius: 50%; background: var(--paper); border: 3px solid var(--accent); }
.version h2 { margin: 0; font-size: 1.3rem; } .version p { margin: 0; color: var(--soft); font-size: .92rem; }
.step { background: var(--card); border: 1px solid var(--line); border-radius: 10px; margin: .8rem 0 1.6rem;
  padding: 1rem 1.1rem; }
.step > p.counts { margin: 0 0 .6rem; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); gap: .5rem 1.6rem; }
.columns h3 { font-size: .95rem; margin: .5rem 0 .2rem; color: var(--soft); font-weight: 600; }
.columns ul { margin: 0; padding: 0; list-style: none; font-size: .93rem; }
.columns h4 { font-size: .88rem; font-weight: 400; color: var(--soft); margin: .4rem 0 0; overflow-wrap: break-word; }
.columns ul.short li { display: inline-block; margin-right: 1rem; }
.columns li { padding: .1rem 0 .1rem 1.2rem; position: relative; } .columns code { overflow-wrap: break-word; }
.columns li::before { content: "+"; position: absolute; left: .1rem; font-weight: 700; color: var(--compatible); }
.columns .went li::before { content: "\\2212"; color: var(--soft); }
.columns .went li.breaking::before { color: var(--breaking); }
.columns .more { color: var(--soft); font-style: italic; }
details.level-group { margin: .5rem 0 0; border-top: 1px solid var(--line); padding-top: .5rem; }
details.level-group > summary { font-weight: 600; }
ul.records > li { background: var(--paper); }
.none { color: var(--soft); margin: .2rem 0; }
footer { color: var(--soft); font-size: .88rem; margin-top: 3rem; }
@media (max-width: 40rem) { main { padding: 1.25rem .9rem 3rem; } th, td { padding: .35rem .45rem; }
  td.bar, th.bar { display: none; } .step { padding: .8rem .8rem; } table { font-size: .88rem; }
  thead th { white-space: normal; vertical-align: bottom; } }
@media print { :root { color-scheme: light; --ink: #000; --soft: #444; --paper: #fff; --card: #fff; --line: #bbb;
  --breaking: #8c1d18; --possibly: #6b4000; --compatible: #17552f; --breaking-bg: #fff; --possibly-bg: #fff;
  --compatible-bg: #fff; --accent: #000; } body { font-size: 10pt; } nav { display: none; }
  main { max-width: none; padding: 0; }
  .level { border: 1px solid currentColor; } .bar span { print-color-adjust: exact; }
  .version, .version + .step > p.counts, summary { break-after: avoid; } ul.records > li, tr { break-inside: avoid; }
  details.level-group::details-content { content-visibility: visible; height: auto; } }
"""
MOST_ENTRIES = 24
KINDS = {
    "operation": "operations",
    "parameter": "parameters",
    "property": "properties",
    "value": "values",
    "tag": "tags",
}


def table(steps: Iterable[Step]) -> str:
    """Return the number of changes per step as text."""
    rows: list[tuple[str, ...]] = [
        ("step", "breaking", "possibly", "compatible", "in Python breaking", "compatible")
    ]
    for step in steps:
        names = step.meaning.name_changes() if step.meaning else []
        python = (
            (str(sum(change.breaking for change in names)), str(sum(not change.breaking for change in names)))
            if step.meaning
            else ("-", "-")
        )
        rows.append(
            (
                f"{step.old.name} → {step.new.name}",
                *(str(step.comparison.count(level)) for level in LEVELS),
                *python,
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def show(steps: list[Step]) -> str:
    """Return the steps as a page."""
    if not steps:
        return page(
            "API history", "<h1>API history</h1><p>There are fewer than two versions.</p>", style=STYLE
        )
    versions = [steps[0].old, *(step.new for step in steps)]
    parts = [
        "<header><h1>The KorusTicket API, version by version</h1>",
        (
            f'<p class="lead">Additions and removals in {len(versions)} versions of the API. A change is breaking if '
            "an accepted request is rejected now, a response may have values that were impossible before, or a name "
            "of the Python client was removed.</p></header>"
        ),
        '<nav aria-label="Versions"><ol>',
        *(
            f'<li><a class="{_worst(step)}" href="#{_anchor(step.new)}">{escape(step.new.name)}</a></li>'
            for step in reversed(steps)
        ),
        f'<li><a class="first" href="#{_anchor(versions[0])}">{escape(versions[0].name)}</a></li>',
        "</ol></nav>",
        _overview(steps),
        '<div class="timeline">',
    ]
    for step in reversed(steps):
        parts += [_version(step.new), _step(step)]
    parts += [
        _version(versions[0]),
        "</div>",
        (
            "<footer><p>Reconstructed versions were written from the documentation, since their files are no longer "
            "published; inferred parts are marked.</p></footer>"
        ),
    ]
    return page("The KorusTicket API, version by version", "\n".join(parts), style=STYLE)


def _worst(step: Step) -> str:
    return next((level for level in LEVELS if step.comparison.count(level)), "compatible")


def _anchor(version: Version) -> str:
    return "v-" + "".join(char if char.isalnum() else "-" for char in version.name)


def _overview(steps: list[Step]) -> str:
    most = max(len(step.comparison.changes) for step in steps) or 1
    rows: list[str] = []
    for step in reversed(steps):
        counts = [step.comparison.count(level) for level in LEVELS]
        bar = "".join(
            f'<span class="{level}" style="width:{max(1, round(88 * count / most))}%"></span>'
            for level, count in zip(LEVELS, counts, strict=True)
            if count
        )
        names = step.meaning.name_changes() if step.meaning else []
        broken = sum(change.breaking for change in names)
        cells = "".join(
            f"<td{' class=bad' if level == 'breaking' and count else ''}>{count}</td>"
            for level, count in zip(LEVELS, counts, strict=True)
        )
        python = (
            f"<td{' class=bad' if broken else ''}>{broken}</td><td>{len(names) - broken}</td>"
            if step.meaning
            else ""
        )
        rows.append(
            f'<tr><th scope="row"><a href="#{_anchor(step.new)}">{escape(step.old.name)} → {escape(step.new.name)}</a>'
            f"</th>{cells}"
            f'{python}<td class="bar" aria-hidden="true">{bar}</td></tr>'
        )
    heads = ["step", "breaking", "possibly", "compatible"]
    if any(step.meaning for step in steps):
        heads += ["Python names broken", "new or wider"]
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return (
        '<div class="scroll" role="region" aria-label="Changes per step" tabindex="0"><table><caption>Changes on the '
        f"wire by level, and in Python</caption><thead><tr>{head}"
        '<td class="bar"></td></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _version(version: Version) -> str:
    origin = "reconstructed from the documentation" if version.reconstructed else "as published"
    return (
        f'<div class="version" id="{_anchor(version)}"><h2>{escape(version.name)}</h2>'
        f"<p>{version.operations} operations, {version.schemas} schemas; {origin}</p></div>"
    )


def _step(step: Step) -> str:
    chips = " ".join(
        f'<span class="level {level}">{step.comparison.count(level)} {HEADINGS[level].lower()}</span>'
        for level in LEVELS
        if step.comparison.count(level)
    )
    label = f"{escape(step.old.name)} to {escape(step.new.name)}"
    parts = [
        f'<section class="step" aria-label="{label}">',
        f'<p class="counts">{chips or "nothing changed"}</p>',
    ]
    came, went = step.came, step.went
    if came or went:
        parts += [
            '<div class="columns">',
            _column("came", "Came", came),
            _column("went", "Went", went),
            "</div>",
        ]
    else:
        parts.append('<p class="none">No additions and no removals.</p>')
    for level in LEVELS:
        records = [record for record in step.comparison.changes if record.level == level]
        if records:
            shown = " open" if level == "breaking" and len(records) <= 5 else ""  # noqa: PLR2004 - explained by its use
            parts.append(
                f'<details class="level-group"{shown}><summary>{HEADINGS[level]}: {len(records)} '
                f"change{'s' if len(records) > 1 else ''}</summary>"
            )
            parts.append('<ul class="records">')
            parts += [
                _record(record, step.meaning.effects[record.fingerprint] if step.meaning else None)
                for record in records
            ]
            parts.append("</ul></details>")
    if step.meaning and step.meaning.renames:
        parts.append(
            f'<details class="level-group"><summary>Names without a cause on the wire: {len(step.meaning.renames)}'
            '</summary><ul class="records">'
        )
        for change, _, causes in step.meaning.renames:
            level = "breaking" if change.breaking else "compatible"
            why = "; ".join(cause.sentence for cause in causes[:3])
            parts.append(
                f'<li class="{level}"><details><summary><code>{escape(change.name)}</code> '
                f"{escape(change.change)}</summary>"
                f"<dl><dt>because</dt><dd>{escape(why)}</dd></dl></details></li>"
            )
        parts.append("</ul></details>")
    parts.append("</section>")
    return "\n".join(parts)


def _column(css: str, title: str, entries: list[Entry]) -> str:
    """Return the additions or removals, grouped by place; many groups are collapsed."""
    if not entries:
        return ""
    shown: list[str] = []
    folded: list[str] = []
    count = 0
    for (kind, place), group in itertools.groupby(entries, key=_heading):
        items = list(group)
        (folded if count and count + len(items) > MOST_ENTRIES else shown).append(_group(kind, place, items))
        count += len(items)
    rest = len(entries) - sum(part.count("<li") for part in shown)
    more = (
        f'<details><summary class="more">{rest} more</summary>{"".join(folded)}</details>' if folded else ""
    )
    return f'<div class="{css}"><h3>{title} ({len(entries)})</h3>{"".join(shown)}{more}</div>'


def _heading(entry: Entry) -> tuple[str, str]:
    return KINDS[entry.kind], entry.place if entry.kind in {"parameter", "property", "value"} else ""


def _group(kind: str, place: str, entries: list[Entry]) -> str:
    heading = f"{kind} of {_breakable(place)}" if place else kind
    items = [
        f"<li{' class=breaking' if entry.breaking else ''}><code>{_breakable(entry.name)}</code>"
        + (' <span class="level breaking">breaking</span>' if entry.breaking else "")
        + "</li>"
        for entry in entries
    ]
    short = "" if kind == KINDS["operation"] else ' class="short"'
    return f"<h4>{heading}</h4><ul{short}>{''.join(items)}</ul>"


def _breakable(words: str) -> str:
    """Allow line breaks in a path only before its slashes."""
    return escape(words).replace("/", "<wbr>/")


def _record(record: Record, effect: Effect | None) -> str:
    where = record.where
    rows = [("rule", f"<code>{escape(record.id)}</code>: {escape(RULES[record.id].reason)}")]
    if len(record.operations) > 1:
        rows.append(("reaches", ", ".join(f"<code>{escape(label)}</code>" for label in record.operations)))
    if record.old is not None:
        rows.append(("old", f"<code>{escape(token(record.old))}</code>"))
    if record.new is not None:
        rows.append(("new", f"<code>{escape(token(record.new))}</code>"))
    if record.witness is not None and record.level != "compatible":
        found = record.witness
        rows.append(
            (
                "witness",
                f"<code>{escape(token(found.value))}</code> {witness_effect(record)}"
                if found.found
                else escape(found.reason or ""),
            )
        )
    pointers = [pointer for pointer in (where.old_pointer, where.new_pointer) if pointer is not None]
    if pointers:
        rows.append(("pointers", "<br>".join(f"<code>{escape(pointer)}</code>" for pointer in pointers)))
    if effect is not None:
        rows.append(("in Python", "<br>".join(escape(line) for line in effect_lines(effect))))
    details = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows)
    return (
        f'<li class="{record.level}"><details><summary>{escape(record.message)}</summary>'
        f"<dl>{details}</dl></details></li>"
    )
