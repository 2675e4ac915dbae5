"""Proposed changes from a report of `korus doctor`.

`python -m scripts.doctor REPORT` prints actions for `openapi/overlay.yaml` and marks for `openapi/REFERENCE.md`, each
with its evidence. It changes nothing; a maintainer decides.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["main", "proposals"]

# assumptions about the deployment of korus, not about the API
_DEPLOYMENT = frozenset({"a7", "a8"})
_OVERLAY = {
    "undocumented field": "add the property to its schema, without making it required",
    "unknown enum value": "add the value to the enumeration",
    "undocumented status": "add the status to the operation's responses",
    "type": "widen the type",
    "missing": "remove the field from `required`",
    "format": "drop the format, or widen it",
    "page size": "correct `maximum` of the parameter",
    "filter": "mark the parameter with `x-evidence: seen ignored`",
    "operation": "mark the operation with `x-evidence: seen missing`",
}


def proposals(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield proposed changes, each with its evidence.

    Raises:
        ValueError: It is not a report of `korus doctor`.
    """
    if report.get("format") != 1 or not isinstance(report.get("differences"), list):
        raise ValueError("not a report of `korus doctor`: it has no differences")
    version = report.get("api_version")
    seen = f"seen by korus {report.get('korus_version')} against description {version}"
    for one in report["differences"]:
        where = f"{one['operation']}{' ' if one['place'] else ''}{one['place']}"
        todo = _OVERLAY.get(one["kind"])
        place = "openapi/REFERENCE.md" if todo is None else "openapi/overlay.yaml"
        yield (
            f"{place}: {where}\n  {todo or 'mark as seen to differ, and check the rule that depends on it'}\n"
            f"  evidence: {one['kind']}, {one['text']} ({one['count']} times), {seen}"
        )
    for one in report["assumptions"].values():
        if one["seen"] != "not seen" and one["name"] not in _DEPLOYMENT:
            mark = "seen" if one["seen"] == "held" else "seen to be wrong"
            yield (
                f"openapi/REFERENCE.md, docs/why.md: {one['name']}, {one['text']}\n"
                f"  mark it as {mark}\n  evidence: {one['evidence']}, {seen}"
            )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0, or 2 for an invalid file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("report", type=Path, help="the JSON file from `korus doctor --report`")
    given = parser.parse_args(arguments)
    try:
        found = list(proposals(json.loads(given.report.read_text(encoding="utf-8"))))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print(f"cannot read {given.report}: {error}", file=sys.stderr)
        return 2
    print("\n\n".join(found) or "nothing to change")
    return 0


if __name__ == "__main__":
    sys.exit(main())
