"""``python -m examples.fleet``: try a fleet out, print the table; leaves with 1 if anything is doubled or lost."""

from __future__ import annotations

import argparse
import json
import sys

from attrs import asdict, fields

from examples.fleet.fleet import Result, Trial, run
from scripts import postgres
from scripts.soak import redis_server

_ROWS = {
    "customers": "customers",
    "orders": "orders that exist",
    "doubles": "doubles",
    "losses": "losses",
    "told_booked": "customers told that they have tickets",
    "told_not_booked": "customers told that nothing was bought",
    "told_nothing": "customers not told anything",
    "requests": "requests to the box office",
    "too_many": "429 answers",
    "too_many_percent": "429 answers, % of requests",
    "p50": "a purchase, p50, s",
    "p95": "a purchase, p95, s",
    "tokens": "tokens requested",
    "killed": "workers killed",
    "faults": "faults met",
    "journal_transactions_per_purchase": "journal: transactions a purchase",
    "journal_bytes_per_intent": "journal: bytes an intent",
    "redis_round_trips_per_request": "Redis: round trips a request",
    "seconds": "wall time, s",
}


def main() -> int:
    usual = Trial()
    parser = argparse.ArgumentParser(prog="python -m examples.fleet", description=__doc__)
    for each in fields(Trial):
        default = getattr(usual, each.name)
        parser.add_argument(f"--{each.name.replace('_', '-')}", type=type(default), default=default)
    options = parser.parse_args()
    try:
        found = run(Trial(**vars(options)))
    except (postgres.Unavailable, redis_server.Unavailable) as missing:
        print(missing, file=sys.stderr)
        return 2
    print(table(found))
    print(json.dumps(asdict(found)))
    return 0 if found.is_clean else 1


def table(found: Result) -> str:
    width = max(map(len, _ROWS.values()))
    rows = [f"{words:<{width}}{getattr(found, name):>10}" for name, words in _ROWS.items()]
    return "\n".join([*rows, *found.details])


if __name__ == "__main__":
    sys.exit(main())
