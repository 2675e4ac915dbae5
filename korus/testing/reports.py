"""Output of the cassette commands: tables for people, JSON for programs.

Each function formats a check, a coverage, a scan or a cassette as text.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from attrs import asdict

from korus.testing import bodies
from korus.testing.conformance import DOCUMENTED, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from korus.testing.cassettes import Cassette, Interaction
    from korus.testing.checking import Coverage, Exemption, Report
    from korus.testing.scanning import Leak

__all__ = [
    "check_as_json",
    "check_as_table",
    "coverage_as_json",
    "coverage_as_table",
    "leaks_as_json",
    "leaks_as_table",
    "scenario",
    "table",
]

_WIDEST = 60


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _WIDEST else f"{text[:_WIDEST]}…"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Format a table whose columns are as wide as their widest cell."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    lines.insert(1, ["─" * width for width in widths])
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def check_as_json(report: Report) -> str:
    """Format a check for programs: all findings, accepted ones apart, and a count of each kind."""
    return json.dumps(
        {
            "passed": report.passed,
            "cassettes": report.cassettes,
            "interactions": report.interactions,
            "compared": report.compared,
            "counts": Counter(finding.kind for finding in report.findings),
            "findings": [asdict(finding, recurse=False) for finding in report.findings],
            "accepted": [
                {**asdict(finding, recurse=False), "reason": one.reason} for finding, one in report.accepted
            ],
            "exceptions_that_no_longer_occur": [asdict(one) for one in report.idle],
            "unreadable": [
                {"cassette": str(one.path), "pointer": one.where, "reason": one.reason}
                for one in report.unreadable
            ],
            "stale": list(report.stale),
        },
        indent=2,
        ensure_ascii=False,
        default=str,
    )


def check_as_table(report: Report) -> str:
    """Format a check for people: the faults, and a summary in the last line."""
    parts: list[str] = []
    if report.faults:
        rows = [
            (
                one.kind,
                f"{one.cassette}#{one.interaction}"
                + (f" and {len(alike) - 1} more" if len(alike) > 1 else ""),
                one.api_version,
                one.operation or "—",
                f"{one.part} {one.pointer}".strip(),
                _short(one.value),
                _short(one.message),
            )
            for alike in _alike(report.faults)
            for one in alike[:1]
        ]
        head = ("finding", "cassette#interaction", "version", "operation", "where", "value", "expected")
        parts.append(table(head, rows))
    parts += [f"unreadable: {one}" for one in report.unreadable]
    parts += [
        f"exception {one.number} no longer occurs, take it out: {_meant(one)} ({one.reason})"
        for one in report.idle
    ]
    parts += [
        f"stale: {name} names a former description of its version; record it again" for name in report.stale
    ]
    documented = sum(finding.kind == DOCUMENTED for finding in report.findings)
    verdict = "all is as described" if report.passed else f"{len(report.faults)} findings"
    if not report.compared:
        verdict += ", and nothing was compared: no request was made to an operation of the description"
    parts.append(
        f"{report.cassettes} cassettes, {report.interactions} interactions: {verdict}; {documented} comparisons fully "
        f"documented, {len(report.accepted)} findings accepted by exceptions"
        + (f", {len(report.unreadable)} unreadable" if report.unreadable else "")
        + (f", {len(report.idle)} exceptions that no longer occur" if report.idle else "")
    )
    return "\n".join(parts)


def _alike(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Group findings about the same field, across members of lists and exchanges."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for one in findings:
        place = re.sub(r"/\d+(?=/|$)", "/*", one.pointer)
        groups.setdefault((one.kind, one.api_version, one.operation, one.part, place), []).append(one)
    return list(groups.values())


def _meant(exemption: Exemption) -> str:
    given = {
        name: text
        for name, text in asdict(exemption).items()
        if text != "*" and name not in {"number", "reason"}
    }
    return ", ".join(f"{name} {text}" for name, text in given.items())


def coverage_as_json(coverage: Coverage) -> str:
    """Format a coverage for programs."""
    return json.dumps(
        {
            "api_version": coverage.api_version,
            "passed": coverage.passed,
            "shares": {
                name: {
                    "shown": share.shown,
                    "total": share.total,
                    "percent": round(share.percent, 1),
                    "missing": list(share.missing),
                }
                for name, share in coverage.shares.items()
            },
            "operations": dict(coverage.operations),
        },
        indent=2,
        ensure_ascii=False,
    )


def coverage_as_table(coverage: Coverage) -> str:
    """Format a coverage for people: the shares, then what no cassette has shown."""
    rows = [
        (name, f"{share.percent:.0f} %", f"{share.shown} of {share.total}")
        for name, share in coverage.shares.items()
    ]
    parts = [
        f"What the cassettes have shown of version {coverage.api_version}",
        "",
        table(("of", "shown", ""), rows),
    ]
    for name, share in coverage.shares.items():
        if share.missing:
            parts += ["", f"{name} that no cassette has shown:", *(f"  {one}" for one in share.missing)]
    return "\n".join(parts)


def leaks_as_json(leaks: Sequence[Leak], files: int) -> str:
    """Format a scan for programs."""
    found = [
        {
            "cassette": one.cassette,
            "line": one.line or None,
            "pointer": one.pointer or None,
            "what": one.what,
            "excerpt": one.excerpt,
        }
        for one in leaks
    ]
    return json.dumps({"passed": not leaks, "files": files, "found": found}, indent=2, ensure_ascii=False)


def leaks_as_table(leaks: Sequence[Leak], files: int) -> str:
    """Format a scan for people."""
    verdict = f"{len(leaks)} places look private" if leaks else "nothing private found"
    return "\n".join([*map(str, leaks), f"{files} files: {verdict}"])


def scenario(cassette: Cassette, name: str, *, only: int | None = None) -> str:
    """Format a cassette for people: its header, then each exchange in a few lines.

    Args:
        cassette: What to show.
        name: Its file.
        only: The number of one interaction, to show that one with whole bodies.
    """
    header = cassette.header
    lines = [
        name,
        f"  {header.purpose}",
        (
            f"  from {header.origin}, API version {header.api_version}, {header.recorded_at:%Y-%m-%d %H:%M} UTC, "
            f"korus {header.korus_version}"
        ),
    ]
    if header.volatile:
        lines.append(f"  not compared: {', '.join(header.volatile)}")
    for number, one in enumerate(cassette.interactions):
        if only is None or only == number:
            lines += ["", *_exchange(number, one, whole=only is not None)]
    return "\n".join(lines)


def _exchange(number: int, one: Interaction, *, whole: bool) -> list[str]:
    request, response = one.request, one.response
    return [
        f"  {number}  {request.method} {request.uri}",
        *_part(request.headers if whole else {}, request.body, "→", whole=whole),
        f"     {response.status} {response.reason}".rstrip(),
        *_part(response.headers if whole else {}, response.body, "←", whole=whole),
    ]


def _part(
    headers: Mapping[str, tuple[str, ...]], body: Mapping[str, Any], arrow: str, *, whole: bool
) -> list[str]:
    lines = [f"     {arrow} {name}: {', '.join(values)}" for name, values in headers.items()]
    if not body:
        return lines
    for key in ("json", "form", "text"):
        if key in body:
            content = body[key]
            text = (
                content
                if isinstance(content, str)
                else json.dumps(content, ensure_ascii=False, indent=2 if whole else None)
            )
            shown = text.splitlines() if whole else [_short(text)]
            return [*lines, *(f"     {arrow} {line}" for line in shown)]
    return [*lines, f"     {arrow} {len(bodies.replay(body))} bytes"]
