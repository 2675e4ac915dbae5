"""Tracking command, which absorbs the newest description of the API or one in a file: `python -m scripts.track`.

`python -m scripts.track publish` publishes the result of a run with ``--branch`` on GitHub, as
`.github/workflows/track.yml` does every night: it pushes the branch, and opens or updates the pull request of this
edition. Its exit status is 0, or 1 with one line about the failure.

Exit statuses:

====== ==============================================================================================
0      nothing new: the description is in the lock; nothing was changed
10     absorbed, a safe change: nothing breaks
11     absorbed, a breaking change: the changelog fragments have the required actions
12     pending review: absorbed, but with unknown effects or required changes, listed in the report; or
       not absorbed, because the version is older than a known one, or is known with other content
       (``--anyway`` absorbs it)
2      invalid arguments
20     failed: the description could not be fetched or stored
21     refused: not valid OpenAPI
22     refused: the descriptions cannot be compared
23     refused: the raw client would be incomplete
24     refused: a change of the raw client has no cause in the description
25     refused: tests fail
26     refused: recorded responses cannot be read
27     failed: the result could not be written, or the branch could not be made
130    interrupted
====== ==============================================================================================

With 20 and above, and with 130, the tree is unchanged, except for 25 and 26 with ``--branch``: they leave the result on
the branch, for a maintainer to fix. If there was anything new, the report is in ``build/track/``.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.track.outcome import DEFAULT_TESTS, Status, Wanted
from scripts.track.pipeline import absorb
from scripts.track.publish import Failed, Publisher, read_publication, run_in, where_the_report_is

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent.parent
INTERRUPTED = 130


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    given_arguments = list(sys.argv[1:] if arguments is None else arguments)
    if given_arguments[:1] == ["publish"]:
        return _publish(given_arguments[1:])
    parser = argparse.ArgumentParser(
        prog="python -m scripts.track",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--description", type=Path, metavar="FILE", help="use this file instead of fetching")
    parser.add_argument("--dry-run", action="store_true", help="run all steps, but leave the tree unchanged")
    parser.add_argument(
        "--branch",
        action="store_true",
        help="leave the result on the branch api/<version>, also if tests fail",
    )
    parser.add_argument(
        "--anyway",
        action="store_true",
        help="absorb also a version that is older, was published with other content, or looks incomplete",
    )
    parser.add_argument(
        "--tests",
        action="append",
        metavar="PATH",
        help="run these tests and no checks; repeatable, '' for no tests",
    )
    parser.add_argument("--url", action="append", metavar="URL", help="fetch from here; repeatable")
    given = parser.parse_args(given_arguments)
    wanted = Wanted(
        root=ROOT,
        description=given.description,
        dry_run=given.dry_run,
        branch=given.branch,
        anyway=given.anyway,
        checks=given.tests is None,
        tests=DEFAULT_TESTS if given.tests is None else [path for path in given.tests if path],
        say=lambda words: print(f"track: {words}", file=sys.stderr, flush=True),
        **({"urls": given.url} if given.url else {}),
    )
    signal.signal(signal.SIGTERM, _interrupt)  # sent to a cancelled job
    try:
        outcome = absorb(wanted)
    except KeyboardInterrupt:
        print("track: interrupted; the tree is unchanged", file=sys.stderr)
        return INTERRUPTED
    print(
        f"track: {outcome.message}", file=sys.stderr if outcome.status >= Status.FETCH_FAILED else sys.stdout
    )
    if outcome.written:
        print(f"track: the report is in {wanted.report}/")
    return int(outcome.status)


def _publish(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.track publish",
        description="Publish the result of a run with --branch on GitHub.",
    )
    parser.add_argument(
        "--report", type=Path, default=ROOT / "build" / "track", help="the folder of the report"
    )
    given = parser.parse_args(arguments)
    try:
        publication = read_publication(given.report)
        if publication is None:
            print("track: nothing to publish")
            return 0
        for line in Publisher(run_in(ROOT), where_the_report_is()).publish(publication):
            print(f"track: {line}")
    except Failed as error:
        print(f"track: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
