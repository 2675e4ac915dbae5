"""Search for schedules that break a rule, with exit status 1 if there are any: `python -m scripts.simulate`."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from typing import TYPE_CHECKING

from attrs import evolve

from scripts.simulate.audit import COUNTS, REPEATED
from scripts.simulate.breaks import BREAKS, broken
from scripts.simulate.choices import choices_of
from scripts.simulate.model import ASSUMPTIONS, Assumptions
from scripts.simulate.search import Tally, search
from scripts.simulate.shrink import as_test, shrunk
from scripts.simulate.simulation import simulate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scripts.simulate.simulation import Result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.simulate",
        description="Search for schedules that break a rule; exit status 1 if there are any.",
    )
    parser.add_argument("--seed", type=int, default=0, help="the seed of all random decisions")
    parser.add_argument("--schedules", type=int, default=2000, help="the number of schedules")
    parser.add_argument(
        "--break",
        dest="rule",
        choices=tuple(BREAKS),
        help="undo the fix of a rule, and stop when it is detected",
    )
    parser.add_argument(
        "--without",
        choices=tuple(ASSUMPTIONS),
        action="append",
        default=[],
        help="an assumption to leave out",
    )
    parser.add_argument(
        "--assumptions", action="store_true", help="print the rules that break without each assumption"
    )
    parser.add_argument("--only", type=int, metavar="NUMBER", help="run one schedule and print its trace")
    options = parser.parse_args(arguments)
    # the simulated faults cause warnings of the protocol
    logging.getLogger("korus").addHandler(logging.NullHandler())
    logging.getLogger("korus").propagate = False
    assumptions = evolve(Assumptions(), **dict.fromkeys(options.without, False))
    if options.assumptions:
        return _print_assumptions(options.seed, options.schedules)
    if options.only is not None:
        with broken(options.rule):
            result = simulate(choices_of(options.seed, options.only), assumptions, is_traced=True)
        print("\n".join(result.trace))
        return 0 if result.is_clean else 1
    tally = search(
        options.seed,
        options.schedules,
        assumptions,
        rule=options.rule,
        stops_at_failure=options.rule is not None,
    )
    _print_tally(tally)
    if tally.failing is not None:
        _print_failing(*tally.failing, options.seed, assumptions, options.rule)
    print(json.dumps(tally.to_dict()))
    return 0 if tally.is_clean else 1


def _print_tally(tally: Tally) -> None:
    share = tally.demanding / max(tally.schedules, 1)
    print(f"{tally.schedules:>10}  schedules of seed {tally.seed}")
    print(f"{share:>10.0%}  with at least two processes, four faults and sixty effects")
    print(f"{tally.processes:>10}  processes\n{tally.effects:>10}  effects")
    print(f"{tally.schedules / max(tally.seconds, 0.001) * 60:>10.0f}  schedules per minute of CPU time")
    print("faults")
    for kind, count in sorted(tally.faults.items()):
        print(f"{count:>10}  {kind}")
    print("verdicts")
    for kind, count in sorted(tally.verdicts.items()):
        print(f"{count:>10}  {kind}")
    print("must be zero")
    for name, meaning in COUNTS.items():
        print(f"{tally.counts[name]:>10}  {name}: {meaning}")


def _print_failing(
    number: int, result: Result, seed: int, assumptions: Assumptions, rule: str | None
) -> None:
    count = next(name for name in COUNTS if result.counts[name])
    off = "".join(f" --without {name}" for name in ASSUMPTIONS if not getattr(assumptions, name))
    again = f"python -m scripts.simulate --seed {seed} --only {number}{off}"
    print(f"\nschedule {number} of seed {seed} ({again}):")
    for note in result.notes:
        print(f"    {note}")
    print("shrunk:\n")
    print(as_test(shrunk(result.numbers, count, assumptions, rule), count, assumptions, rule))


def _print_assumptions(seed: int, schedules: int) -> int:
    print(f"with all: {_broken(search(seed, schedules))}", flush=True)
    for name, meaning in ASSUMPTIONS.items():
        tally = search(seed, schedules, evolve(Assumptions(), **{name: False}))
        print(f"without {name} ({meaning}): {_broken(tally)}", flush=True)
    return 0


def _broken(tally: Tally) -> str:
    counts = [f"{count} {much}" for count, much in tally.counts.items() if much]
    repeated = tally.verdicts[REPEATED]
    return ", ".join([*counts, *([f"held again {repeated}"] if repeated else [])]) or "nothing"


if __name__ == "__main__":
    sys.exit(main())
