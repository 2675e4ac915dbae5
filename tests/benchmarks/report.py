"""The table for the terminal, the results as JSON, and a page with plots that needs nothing but a browser."""

from __future__ import annotations

import html
import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from tests.benchmarks.measuring import median, quartiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.benchmarks.measuring import Figure, Row

__all__ = ["FOLDER", "into_page", "markdown", "summary", "text_of", "write"]

FOLDER = Path("build/bench")

_BEGIN, _END = "<!-- figures: begin -->", "<!-- figures: end -->"


def _number(value: float, unit: str = "") -> str:
    size = abs(value)
    text = f"{value:,.0f}" if size >= 100 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"
    if unit == "" and 0.9 < value < 1:
        text = f"{value:.4f}"
    return text if unit in {"", "×"} else f"{text} {unit}"


def _aim(figure: Figure) -> str:
    if figure.aim is None:
        return ""
    return f"{'≤' if figure.below else '≥'} {_number(figure.aim, figure.unit)}"


def _verdict(figure: Figure) -> str:
    return {None: "", True: "met", False: "MISSED"}[figure.met]


def _spread(figure: Figure) -> str:
    if figure.spread is None or figure.spread[0] == figure.spread[1]:
        return ""
    return f"{_number(figure.spread[0])} … {_number(figure.spread[1])}"


def text_of(row: Row) -> str:
    """Write one row for the terminal."""
    lines = [f"\n{row.number}. {row.title}"]
    width = max(len(name) for name in row.times)
    for name, values in row.times.items():
        low, high = quartiles(values)
        lines.append(
            f"   {name:<{width}}  {_number(median(values), row.unit):>12}   ({_number(low)} … {_number(high)})"
        )
    width = max(len(figure.text) for figure in row.figures)
    lines += [
        f"   {figure.text:<{width}}  {_number(figure.value, figure.unit):>10}  {_spread(figure):<18} "
        f"{_aim(figure):<10} {_verdict(figure)}".rstrip()
        for figure in row.figures
    ]
    lines += [f"   {remark}" for remark in row.remarks]
    return "\n".join(lines)


def summary(rows: Sequence[Row]) -> str:
    """Say how many aims are met, and which are not."""
    judged = [(row, figure) for row in rows for figure in row.figures if figure.met is not None]
    missed = [(row, figure) for row, figure in judged if not figure.met]
    lines = [f"\n{len(judged) - len(missed)} of {len(judged)} aims met"]
    lines += [
        f"   missed: row {row.number}, {figure.text}: {_number(figure.value, figure.unit)} (aim {_aim(figure)})"
        for row, figure in missed
    ]
    return "\n".join(lines)


def markdown(rows: Sequence[Row]) -> str:
    """Write the figures that have aims as a table for the page about speed."""
    lines = ["| # | figure | aim | measured (middle half) |", "|---|---|---|---|"]
    for row in rows:
        for figure in row.figures:
            if figure.aim is not None:
                measured = _number(figure.value, figure.unit) + (
                    f" ({_spread(figure)})" if _spread(figure) else ""
                )
                verdict = "" if figure.met else " **missed**"
                lines.append(f"| {row.number} | {figure.text} | {_aim(figure)} | {measured}{verdict} |")
    return "\n".join([*lines, ""])


def into_page(page: Path = Path("docs/project/benchmarks.md")) -> None:
    """Put the table of the latest run where the page about speed shows it."""
    text = page.read_text("utf-8")
    before, mark, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (mark and end):
        raise SystemExit(f"{page}: put the lines {_BEGIN} and {_END} where the figures go")
    table = (FOLDER / "table.md").read_text("utf-8")
    page.write_text(f"{before}{mark}\n\n{table}\n{end}{after}", "utf-8")


def conditions(rounds: int, seconds: float) -> dict[str, object]:
    """Say when and on what kind of machine this run was made."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "rounds": rounds,
        "seconds": round(seconds, 1),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        "load": round(os.getloadavg()[0], 2),
    }


def write(rows: Sequence[Row], *, rounds: int, seconds: float) -> Path:
    """Write ``results.json``, ``index.html`` and ``table.md``; give their folder."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    about = conditions(rounds, seconds)
    listed = [
        {
            **attrs.asdict(row, recurse=False),
            "figures": [{**attrs.asdict(figure), "met": figure.met} for figure in row.figures],
        }
        for row in rows
    ]
    (FOLDER / "results.json").write_text(json.dumps({"about": about, "rows": listed}, indent=1), "utf-8")
    (FOLDER / "index.html").write_text(_page(rows, about), "utf-8")
    (FOLDER / "table.md").write_text(f"{markdown(rows)}\n{_said(about)}\n", "utf-8")
    return FOLDER


_STYLE = """
:root { color-scheme: light dark; --ground: #fbfaf7; --ink: #22262b; --quiet: #646b73; --line: #dcdad2;
  --bar: #b8bfc7; --mine: #2f6f9f; --good: #2d7a46; --bad: #b3382c; }
@media (prefers-color-scheme: dark) { :root { --ground: #16191d; --ink: #e4e6e8; --quiet: #9aa2ab;
  --line: #31363c; --bar: #525a63; --mine: #63a8dc; --good: #6cc58a; --bad: #ef8577; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.2rem 4rem; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .3rem; } h2 { font-size: 1.1rem; margin: 2.6rem 0 .6rem; }
p { margin: .3rem 0; } .quiet { color: var(--quiet); font-size: .88rem; }
table { border-collapse: collapse; width: 100%; margin: .8rem 0; font-size: .92rem; }
th { text-align: left; font-weight: 600; color: var(--quiet); }
th, td { padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.met { color: var(--good); } .missed { color: var(--bad); font-weight: 600; }
.scroll { overflow-x: auto; } svg { display: block; width: 100%; height: auto; min-width: 34rem; }
svg text { font: 13px system-ui, sans-serif; fill: var(--ink); } svg .value { fill: var(--quiet); }
svg .bar { fill: var(--bar); } svg .mine { fill: var(--mine); }
svg .spread { stroke: var(--ink); stroke-width: 1.5; } svg .end { stroke: var(--line); }
"""


def _said(about: dict[str, object]) -> str:
    return (
        f"{about['at']}, Python {about['python']}, {about['machine']}, load {about['load']}; medians of\n"
        f"{about['rounds']} rounds with the contestants taking turns, and the middle half of the rounds."
    )


def _page(rows: Sequence[Row], about: dict[str, object]) -> str:
    judged = [figure for row in rows for figure in row.figures if figure.met is not None]
    met = sum(figure.met is True for figure in judged)
    said = _said(about)
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width, initial-scale=1'>",
        f"<title>korus: what it costs</title><style>{_STYLE}</style>",
        "<h1>What korus costs</h1>",
        f"<p>{met} of {len(judged)} aims met.</p><p class='quiet'>{html.escape(said)}</p>",
    ]
    for row in rows:
        parts.append(f"<section id='row-{row.number}'><h2>{row.number}. {html.escape(row.title)}</h2>")
        parts += [_plot(row), _table(row.figures)]
        parts += [f"<p class='quiet'>{html.escape(remark)}</p>" for remark in row.remarks]
        parts.append("</section>")
    return "\n".join([*parts, "</html>", ""])


def _table(figures: Sequence[Figure]) -> str:
    lines = [
        (
            "<div class='scroll'><table><tr><th>figure<th class='number'>median<th class='number'>middle half"
            "<th class='number'>aim<th></tr>"
        )
    ]
    for figure in figures:
        verdict = _verdict(figure).lower()
        lines.append(
            f"<tr><td>{html.escape(figure.text)}<td class='number'>{_number(figure.value, figure.unit)}"
            f"<td class='number'>{_spread(figure)}<td class='number'>{_aim(figure)}"
            f"<td class='{verdict}'>{verdict}</tr>"
        )
    return "\n".join([*lines, "</table></div>"])


def _plot(row: Row) -> str:
    """Draw a bar for each contestant, with the middle half of its rounds as a line."""
    left, width, height = 240, 520, 26
    most = max(quartiles(values)[1] for values in row.times.values())
    lines = [
        f"<div class='scroll'><svg viewBox='0 0 {left + width + 110} {height * len(row.times) + 8}' role='img'>"
    ]
    lines.append(f"<title>{html.escape(row.title)}, {row.unit}, less is better</title>")
    for number, (name, values) in enumerate(sorted(row.times.items(), key=lambda entry: median(entry[1]))):
        top, middle = number * height + 4, number * height + 4 + height / 2 - 2
        low, high = (left + bound / most * width for bound in quartiles(values))
        length = max(median(values) / most * width, 1)
        kind = "mine" if name.startswith(("korus", "make", "second", "compare")) else "bar"
        lines += [
            f"<text x='{left - 10}' y='{middle + 4:.1f}' text-anchor='end'>{html.escape(name)}</text>",
            f"<rect class='{kind}' x='{left}' y='{top}' width='{length:.1f}' height='{height - 8}' rx='2'/>",
            f"<line class='spread' x1='{low:.1f}' x2='{high:.1f}' y1='{middle:.1f}' y2='{middle:.1f}'/>",
            (
                f"<text class='value' x='{max(left + length, high) + 8:.1f}' y='{middle + 4:.1f}'>"
                f"{_number(median(values), row.unit)}</text>"
            ),
        ]
    lines.append(f"<line class='end' x1='{left}' x2='{left}' y1='0' y2='{height * len(row.times) + 4}'/>")
    return "\n".join([*lines, "</svg></div>"])
