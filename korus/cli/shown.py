"""Output of commands: a table for people, one JSON object a line for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import typer

from korus._core.values import readable_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["harmless", "print_columns", "print_json", "print_table"]

_WIDEST: Final = 60


def print_json(value: Mapping[str, Any]) -> None:
    """Print one JSON object on a line of its own."""
    typer.echo(readable_json(value))


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table with headings; an address is never cut short, other cells are."""
    print_columns([headings, *([_cell(value) for value in row] for row in rows)])


def print_columns(rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns, each as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _cell(value: object) -> str:
    text = "-" if value is None or value == "" else harmless(str(value))
    return text if text.startswith("/") or len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def harmless(words: str) -> str:
    """Return what the API says as it can be shown on a terminal: nothing that moves the cursor."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape", "backslashreplace").decode()
        for letter in words
    )
