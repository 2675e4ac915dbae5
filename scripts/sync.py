"""Conversion of `korus/_async` to `korus/_sync`: the same code without ``async`` and ``await``.

`unasync` replaces the tokens; this module has the table of replacements, and changes comments and docstrings, which
`unasync` does not. Code that differs between the two is written by hand in `korus/_primitives`. With ``--check``
nothing is written, and the exit status is 1 if `korus/_sync` is not up to date.
"""

from __future__ import annotations

import argparse
import io
import re
import subprocess
import sys
import tempfile
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING

import unasync  # type: ignore[import-untyped]  # it has no types

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["main", "synchronous"]

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "korus" / "_async"
TARGET = ROOT / "korus" / "_sync"

# the formatter runs in a temporary folder, where it cannot recognise our packages
_OURS = 'lint.isort.known-first-party = ["korus", "korus_api"]'

HEADER = "# Written by `python -m scripts.sync` from korus/_async/{name}; edit that file instead.\n"

# names that do not follow the rule "remove Async"
NAMES = {
    "AsyncByteStream": "SyncByteStream",
    "AsyncExitStack": "ExitStack",
    "AbstractAsyncContextManager": "AbstractContextManager",
    "_async": "_sync",
    "aclose": "close",
    "aclosing": "closing",
    "aiter_bytes": "iter_bytes",
    "aiter_raw": "iter_raw",
    "anext": "next",
    "aread": "read",
    "async_auth_flow": "sync_auth_flow",
    "asynchronous": "synchronous",
    "enter_async_context": "enter_context",
}

_ASYNC_CLASS = re.compile(r"\bAsync[A-Z]\w*")
_KEYWORD = re.compile(r"\b(?:async (?=for |with |def )|await )")
_WORD = re.compile(r"\w+")


def _names_of(source: str) -> dict[str, str]:
    """Return the replacements of a module's names."""
    bare = {name: name.removeprefix("Async") for name in _ASYNC_CLASS.findall(source)}
    return {**bare, **NAMES}


# from Python 3.12 on the text parts of an f-string are separate tokens
_TEXTS = {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}


def _unwrapped(source: str, wrapper: str = "Awaitable[") -> str:
    """Replace the types of awaitables with those of their results: ``Awaitable[Answer]`` is ``Answer``."""
    while (start := source.find(wrapper)) >= 0:
        depth, end = 1, start + len(wrapper)
        while depth:
            depth += {"[": 1, "]": -1}.get(source[end], 0)
            end += 1
        inner = source[start + len(wrapper) : end - 1]
        source = source[:start] + inner + source[end:]
    return source


def _without_async(source: str, names: Mapping[str, str]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "_async", "module.py")
        path.parent.mkdir()
        path.write_text(source, encoding="utf-8")
        rule = unasync.Rule("/_async/", "/_sync/", names)
        unasync.unasync_files([str(path)], [rule])  # pyright: ignore[reportUnknownMemberType]  # it has no types
        return Path(folder, "_sync", "module.py").read_text(encoding="utf-8")


def _reworded(text: str, names: Mapping[str, str]) -> str:
    """Rename in comments and strings, and remove ``await`` from the examples in docstrings."""
    lines = text.splitlines(keepends=True)
    for token in reversed(list(tokenize.generate_tokens(io.StringIO(text).readline))):
        if token.type not in _TEXTS:
            continue
        (first, start), (last, end) = token.start, token.end
        plain = _KEYWORD.sub("", token.string)
        plain = _WORD.sub(lambda match: names.get(match.group(), match.group()), plain)
        before, after = lines[first - 1][:start], lines[last - 1][end:]
        lines[first - 1 : last] = [before + plain + after]
    return "".join(lines)


def synchronous(sources: Mapping[str, str]) -> dict[str, str]:
    """Return the synchronous source of asynchronous modules.

    Args:
        sources: The modules' source by path below `korus/_async`.
    """
    with tempfile.TemporaryDirectory() as folder:
        for name, source in sources.items():
            names = _names_of(source)
            text = _reworded(_without_async(_unwrapped(source), names), names)
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(HEADER.format(name=name) + text, encoding="utf-8")
        # remove imports that only the async code needs
        _ruff("check", "--fix-only", "--isolated", "--select", "F401,I", "--config", _OURS, folder)
        _ruff("format", "--config", str(ROOT / "pyproject.toml"), folder)
        return {name: Path(folder, name).read_text(encoding="utf-8") for name in sources}


def _ruff(*arguments: str) -> None:
    subprocess.run(  # noqa: S603 (our own interpreter and fixed commands)
        [sys.executable, "-m", "ruff", *arguments, "--quiet", "--no-cache"], check=True, cwd=ROOT
    )


def _wanted() -> dict[str, str]:
    return synchronous(
        {
            path.relative_to(SOURCE).as_posix(): path.read_text(encoding="utf-8")
            for path in sorted(SOURCE.rglob("*.py"))
        }
    )


def _stale(wanted: dict[str, str]) -> list[str]:
    present = {path.relative_to(TARGET).as_posix() for path in TARGET.rglob("*.py")}
    differing = [
        name
        for name, text in wanted.items()
        if name not in present or (TARGET / name).read_text(encoding="utf-8") != text
    ]
    return sorted([*differing, *(present - wanted.keys())])


def _write(wanted: dict[str, str]) -> None:
    for name in _stale(wanted):
        path = TARGET / name
        if name not in wanted:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[name], encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write `korus/_sync`, or check that it is up to date."""
    parser = argparse.ArgumentParser(prog="python -m scripts.sync", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit status 1 if a file is out of date"
    )
    options = parser.parse_args(arguments)
    wanted = _wanted()
    if not options.check:
        _write(wanted)
        return 0
    stale = _stale(wanted)
    for name in stale:
        print(f"korus/_sync/{name} is out of date; run `make sync`")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
