"""Show how a booking goes: a live table on a terminal, plain lines anywhere else.

It only shows; decisions are made elsewhere. The table is in `korus.cli.live_table`, which needs rich:
where nobody sees it, it is not imported.
"""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

__all__ = ["PlainLines", "Progress", "Screen"]

_NOT_FOR_TABLES = frozenset({"dumb", "unknown"})


class Screen:
    """Standard output. A booking goes on when nobody reads it any more (``| head``, a full disk).

    Args:
        quiet: True to print nothing.
        file: Where to print instead.
    """

    def __init__(self, *, quiet: bool = False, file: TextIO | None = None) -> None:
        self.quiet = quiet
        self.file: TextIO = sys.stdout if file is None else file
        self.printer: Callable[[str], object] = self._print

    @property
    def is_terminal(self) -> bool:
        """True if a table can be drawn here; ``FORCE_COLOR`` says so of anything."""
        is_one = self.file.isatty() or bool(os.environ.get("FORCE_COLOR"))
        return is_one and os.environ.get("TERM", "") not in _NOT_FOR_TABLES

    def say(self, text: str) -> None:
        """Print a text as it is, on lines of any length."""
        if self.quiet:
            return
        try:
            self.printer(text)
        except OSError:
            self.fall_silent()

    def fall_silent(self) -> None:
        """Print nothing any more."""
        self.quiet = True
        with suppress(OSError, ValueError):  # what is left in its buffer must not fail when the command ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _print(self, text: str) -> None:
        encoding = getattr(self.file, "encoding", None) or "utf-8"
        # a name that this terminal cannot show is no reason to stop
        self.file.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        self.file.flush()


class Progress(AbstractContextManager["Progress"]):
    """Progress of a run. This class shows nothing."""

    def __exit__(self, *_: object) -> None:
        """Stop showing."""

    def step(self, doing: str) -> None:
        """Show what the run is doing now."""

    def lines(self, titles: Sequence[str]) -> None:
        """Name the lines of the booking."""

    def line(self, position: int, doing: str) -> None:
        """Show what is happening to a line, or its result."""


class PlainLines(Progress):
    """One line of text for each thing said.

    Args:
        screen: Where they go.
    """

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._titles: Sequence[str] = ()

    def step(self, doing: str) -> None:
        """Print what the run is doing now."""
        self._screen.say(doing)

    def lines(self, titles: Sequence[str]) -> None:
        """Remember the names of the lines."""
        self._titles = titles

    def line(self, position: int, doing: str) -> None:
        """Print what is happening to a line."""
        self._screen.say(f"  {self._titles[position]}: {doing}")
