"""``python -m scripts.track``: absorb the newest description of the API, or the one in a file.

``python -m scripts.track publish`` brings what a run with ``--branch`` left to GitHub, as `.github/workflows/track.yml`
does every night: it pushes the branch, and opens or updates the pull request of this edition. It ends with 0, or with 1
and one line that says what could not be done.

Exit statuses, for a scheduled job to act on:

====== ==============================================================================================
0      nothing new: the description is in the lock; nothing was changed
10     absorbed, a safe change: nothing that anybody uses breaks
11     absorbed, a breaking change: the changelog fragments say for whom and what to do
12     for a person: absorbed, but with changes that cannot be judged, or with something left to do that
       the report lists; or not absorbed, because the version is older than one that is known, or is
       known with other content (``--anyway`` absorbs it)
2      wrong arguments
20     failed: nothing could be fetched or filed
21     refused: not valid OpenAPI
22     refused: the descriptions cannot be compared
23     refused: the raw client would lose something
24     refused: a change of the raw client that no change of the description explains
25     refused: the tests do not hold
26     refused: recorded answers cannot be read
27     failed: the result could not be written, or the branch could not be made
130    interrupted
====== ==============================================================================================

With 20 and above, and with 130, the tree is as it was, but for 25 and 26 with ``--branch``: they leave the result on
the branch, for a person to mend. The report is in ``build/track/`` whenever anything was new.
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
    parser.add_argument("--description", type=Path, metavar="FILE", help="take this file instead of fetching")
    parser.add_argument("--dry-run", action="store_true", help="do everything but leave the tree as it is")
    parser.add_argument(
        "--branch",
        action="store_true",
        help="leave the result in the working tree on the branch api/<version>, also with failing tests",
    )
    parser.add_argument(
        "--anyway",
        action="store_true",
        help="absorb also what is older than a known version, was published with other content, or looks cut short",
    )
    parser.add_argument(
        "--tests",
        action="append",
        metavar="PATH",
        help="run these tests, and no checks, instead of all; repeatable, and '' for none",
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
    signal.signal(signal.SIGTERM, _interrupt)  # the signal that a cancelled job receives
    try:
        outcome = absorb(wanted)
    except KeyboardInterrupt:
        print("track: interrupted; the tree is as it was", file=sys.stderr)
        return INTERRUPTED
    print(
        f"track: {outcome.message}", file=sys.stderr if outcome.status >= Status.FETCH_FAILED else sys.stdout
    )
    if outcome.written:
        print(f"track: the report is in {wanted.report}/")
    return int(outcome.status)


def _publish(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.track publish", description="Bring what a run with --branch left to GitHub."
    )
    parser.add_argument("--report", type=Path, default=ROOT / "build" / "track", help="where the report is")
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
