"""Comparison command for two OpenAPI documents: `python -m scripts.compare OLD NEW`.

Exit status: 0 compared, 1 compared and ``--fail-on`` applies, 2 invalid arguments, 3 a file cannot be read, 4 a file is
not an OpenAPI 3 document, 5 a ``$ref`` cannot be resolved, 6 the effects on Python cannot be determined, 7 an entry in
the list of accepted changes is stale.
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
exit status: 0 compared, 1 compared and --fail-on applies, 2 invalid arguments, 3 a file cannot be read,
4 not OpenAPI 3, 5 a $ref cannot be resolved, 6 the effects on Python cannot be determined,
7 an entry in the list of accepted changes is stale"""


def located(name: str) -> Path:
    """Return the path of a document, given as path or as version in ``openapi/``."""
    path = Path(name)
    if path.exists():
        return path
    return descriptions(FOLDER).get(name, path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.compare",
        description="Compare two OpenAPI 3.0, 3.1 or 3.2 documents and report the effects on clients.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "old", nargs="?", metavar="OLD", help="the old document: a file, or a version in openapi/"
    )
    parser.add_argument(
        "new", nargs="?", metavar="NEW", help="the new document: a file, or a version in openapi/"
    )
    parser.add_argument(
        "--format", choices=sorted(FORMATS), default="text", help="output format (default: text)"
    )
    parser.add_argument(
        "--fail-on",
        choices=("breaking", "possibly", "any"),
        help="the level of changes that results in exit status 1",
    )
    parser.add_argument("--rules", action="store_true", help="print every rule with its level and reason")
    parser.add_argument(
        "--python", action="store_true", help="report the effects on the raw client and on korus"
    )
    parser.add_argument(
        "--accepted",
        type=Path,
        metavar="FILE",
        help="list of accepted changes (default: openapi/accepted.toml)",
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
        parser.error("OLD and NEW are required")
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
        sys.stderr.write(f"{asked.old} or {asked.new} is nested too deeply\n")
        return 3
    if asked.python:
        from scripts.compare.python import SurfaceError, explained  # noqa: PLC0415 - slow to import and seldom needed

        try:
            shown = explained(comparison, old.path, new.path, asked.format)
        except KeyError:
            parser.error(f"--python does not support the format {asked.format}")
        except SurfaceError as error:
            sys.stderr.write(f"{error}\n")
            return 6
    else:
        shown = FORMATS[asked.format](comparison)
    # JSON can contain a lone surrogate, which cannot be encoded
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
