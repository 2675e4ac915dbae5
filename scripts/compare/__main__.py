"""``python -m scripts.compare OLD NEW``: say what differs between two OpenAPI documents.

Exit status: 0 when the comparison was made, 1 when it was and ``--fail-on`` is met, 2 for a wrong call, 3 when a file
cannot be read, 4 when it is not an OpenAPI 3 document, 5 when a ``$ref`` cannot be followed, 6 when ``--python`` cannot
say what the changes mean in Python, 7 when an entry of the list of accepted changes is stale.
"""

from __future__ import annotations

import argparse
import gc
import sys
from pathlib import Path

from scripts.compare import ComparisonError, Document, compare
from scripts.compare.wire.accepted import AcceptedError, accept, read_accepted
from scripts.compare.wire.documents import exit_status
from scripts.compare.wire.render import FORMATS, rules_table
from scripts.descriptions import FOLDER, descriptions

EPILOG = """\
exit status: 0 compared, 1 compared and --fail-on is met, 2 wrong call, 3 unreadable file, 4 not OpenAPI 3,
5 a $ref that cannot be followed, 6 what the changes mean in Python could not be worked out,
7 an entry of the list of accepted changes is stale"""


def located(name: str) -> Path:
    """Find a document by its path, or by its version in ``openapi/``."""
    path = Path(name)
    if path.exists():
        return path
    return descriptions(FOLDER).get(name, path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.compare",
        description="Say what differs between two OpenAPI 3.0, 3.1 or 3.2 documents, and what that means for callers.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "old", nargs="?", metavar="OLD", help="the former document: a file, or a version in openapi/"
    )
    parser.add_argument(
        "new", nargs="?", metavar="NEW", help="the present document: a file, or a version in openapi/"
    )
    parser.add_argument(
        "--format", choices=sorted(FORMATS), default="text", help="how to show it (default: text)"
    )
    parser.add_argument(
        "--fail-on", choices=("breaking", "possibly", "any"), help="when to exit with status 1"
    )
    parser.add_argument("--rules", action="store_true", help="print every rule with its level and reason")
    parser.add_argument(
        "--python", action="store_true", help="say what it means for the raw client and for korus"
    )
    parser.add_argument(
        "--accepted",
        type=Path,
        metavar="FILE",
        help="changes that are accepted (default: openapi/accepted.toml)",
    )
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    if asked.rules:
        sys.stdout.write(rules_table())
        return 0
    if asked.old is None or asked.new is None:
        parser.error("OLD and NEW are needed")
    try:
        old, new = Document.read(located(asked.old)), Document.read(located(asked.new))
        comparison = compare(old, new, names=(asked.old, asked.new)).located(old, new)
        listed = asked.accepted or FOLDER / "accepted.toml"
        if asked.accepted is not None or listed.exists():
            comparison = accept(comparison, read_accepted(listed))
    except AcceptedError as error:
        sys.stderr.write(f"{' '.join(str(error).split())}\n")
        return 7
    except ComparisonError as error:
        sys.stderr.write(f"{' '.join(str(error).split())}\n")
        return exit_status(error)
    except RecursionError:
        sys.stderr.write(f"{asked.old} or {asked.new} is nested too deeply to be compared\n")
        return 3
    if asked.python:
        from scripts.compare.python import SurfaceError, explained  # noqa: PLC0415 - slow to import and seldom needed

        try:
            shown = explained(comparison, old.path, new.path, asked.format)
        except KeyError:
            parser.error(f"--python cannot be shown as {asked.format}")
        except SurfaceError as error:
            sys.stderr.write(f"{error}\n")
            return 6
    else:
        shown = FORMATS[asked.format](comparison)
    # JSON can contain a lone surrogate, which no encoding can write
    sys.stdout.write(shown.encode("utf-8", "backslashreplace").decode("utf-8"))
    met = {
        None: False,
        "breaking": comparison.count("breaking") > 0,
        "possibly": comparison.count("breaking") + comparison.count("possibly") > 0,
        "any": any(record.accepted is None for record in comparison.changes),
    }
    return int(met[asked.fail_on])


if __name__ == "__main__":
    gc.disable()  # the process ends before garbage collection is useful
    sys.exit(main())
