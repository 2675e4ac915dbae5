"""Check of sizes: a class has at most 400 lines, a function at most 60 without its docstring.

`korus/_sync` is written from `korus/_async`, and is not checked.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["main", "too_long"]

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("korus", "scripts", "examples")
MOST_OF_CLASS = 400
MOST_OF_FUNCTION = 60

_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


def _lines(node: ast.ClassDef | _Function) -> int:
    if isinstance(node, ast.ClassDef):
        return (node.end_lineno or 0) - node.lineno + 1
    documented = ast.get_docstring(node, clean=False) is not None
    first = (node.body[0].end_lineno or 0) + 1 if documented else node.body[0].lineno
    return (node.end_lineno or 0) - first + 1


def too_long(text: str) -> Iterator[tuple[int, str, int, int]]:
    """Yield the classes and functions of a module that are too long: line, name, lines, and the limit."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef | _Function):
            most = MOST_OF_CLASS if isinstance(node, ast.ClassDef) else MOST_OF_FUNCTION
            if (lines := _lines(node)) > most:
                yield node.lineno, node.name, lines, most


def main() -> int:
    """Print classes and functions that are too long; return 0 if there are none."""
    status = 0
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT)
            if name.is_relative_to("korus/_sync"):
                continue
            for line, called, lines, most in too_long(path.read_text(encoding="utf-8")):
                print(f"{name}:{line}: {called} has {lines} lines, at most {most} are allowed: split it")
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
