"""Check of the import contracts in ``pyproject.toml`` with import-linter.

import-linter cannot be run with ``python -m``, and a check that cannot run must not count as passed.
"""

from __future__ import annotations

import sys

from importlinter.cli import lint_imports

__all__ = ["main"]


def main() -> int:
    """Check every contract; return 0 if all are kept."""
    return lint_imports(no_logo=True)


if __name__ == "__main__":
    sys.exit(main())
