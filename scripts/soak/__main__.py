"""Soak command, which prints a table and returns 1 if there are problems: `python -m scripts.soak`."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from attrs import asdict

from scripts.soak.redis_server import Unavailable
from scripts.soak.soak import Result, Soak, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_CANNOT_RUN = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    usual = Soak()
    parser = argparse.ArgumentParser(
        prog="python -m scripts.soak",
        description="Use two clients under outages and count problems; exit status 1 if there are any.",
    )
    parser.add_argument("--seconds", type=float, default=usual.seconds, help="the duration")
    parser.add_argument("--seed", type=int, default=usual.seed, help="the seed of all random decisions")
    parser.add_argument(
        "--workers", type=int, default=usual.workers, help="the number of threads, and of tasks"
    )
    options = parser.parse_args(arguments)
    try:
        found = run(Soak(seconds=options.seconds, seed=options.seed, workers=options.workers))
    except Unavailable as reason:
        print(reason, file=sys.stderr)
        return _CANNOT_RUN
    print(table(found))
    print(json.dumps({**asdict(found), "faults": found.faults}))
    return 1 if found.faults else 0


def table(found: Result) -> str:
    """Return the counts, one per line, followed by the problems."""
    rows: list[tuple[str, int | float | str]] = [
        ("calls", found.calls),
        ("  answered", found.succeeded),
        ("  cancelled", found.cancelled),
        ("  errors of korus", sum(found.errors.values())),
        *_indented(found.errors),
        ("errors that nothing explains", sum(found.unexplained.values())),
        *_indented(found.unexplained),
        ("foreign errors", sum(found.foreign.values())),
        *_indented(found.foreign),
        ("calls that overran", found.overran),
        ("wrong answers", found.wrong),
        ("duplicate bookings", found.doubled),
        ("children forked", found.children),
        ("  their calls", found.child_calls),
        ("  failed", found.children_failed),
        ("further event loops", found.loops),
        ("outages of the API", sum(found.outages.values())),
        *_indented(found.outages),
        ("stops of Redis", sum(found.redis_stops.values())),
        *_indented(found.redis_stops),
        ("tokens issued", found.tokens),
        ("answers out of the cache", found.cache_hits),
        ("clients that answer after all trouble", 2 - len(found.unanswered)),
        ("memory after the warm-up, MiB", found.warm.memory / 1024),
        ("memory at the end, MiB", found.end.memory / 1024),
        (f"  growth (at most {found.memory:g})", found.growth),
        ("objects after the warm-up", found.warm.objects),
        ("objects at the end", found.end.objects),
        ("sockets after the warm-up", found.warm.sockets),
        (f"sockets at the end (at most {found.sockets} more)", found.end.sockets),
        ("left open by close()", found.left),
        ("wall time in seconds", found.seconds),
    ]
    width = max(len(words) for words, _ in rows)
    lines = [
        f"{words:<{width}}{value:10.1f}" if isinstance(value, float) else f"{words:<{width}}{value:>10}"
        for words, value in rows
    ]
    lines += [f"{client}: {reason}" for client, reason in found.unanswered.items()]
    lines += found.details
    lines.append(f"not clean: {', '.join(found.faults)}" if found.faults else "clean")
    return "\n".join(lines)


def _indented(counts: Mapping[str, int]) -> list[tuple[str, int | float | str]]:
    return [(f"    {name}", count) for name, count in counts.items()]


if __name__ == "__main__":
    sys.exit(main())
