"""Show how a booking goes: a live table on a terminal, plain lines anywhere else.

Only shows what it is told; what happens is decided elsewhere.
"""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, suppress
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

__all__ = ["Progress", "Screen", "progress_on"]

_COLOURS = {"booked": "green", "incomplete": "yellow", "failed": "red"}


class Screen(Console):
    """Standard output. A booking goes on when nobody reads it any more (``| head``, a full disk)."""

    def on_broken_pipe(self) -> None:
        """Fall silent."""
        self.quiet = True
        with suppress(OSError, ValueError):  # what is left in its buffer must not fail when the command ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def say(self, text: str) -> None:
        """Print a text as it is, on lines of any length."""
        try:
            self.print(text, markup=False, highlight=False, soft_wrap=True)
        except OSError:
            self.on_broken_pipe()


class Progress(AbstractContextManager["Progress"]):
    """Where a run says what it is doing. This one keeps it to itself."""

    def __exit__(self, *_: object) -> None:
        """Stop showing."""

    def step(self, doing: str) -> None:
        """Say what the run as a whole is doing now."""

    def lines(self, titles: Sequence[str]) -> None:
        """Name the lines of the booking."""

    def line(self, position: int, doing: str) -> None:
        """Say what is happening to a line, or what has become of it."""


def progress_on(screen: Screen) -> Progress:
    """The display that suits where the words go to."""
    return _LiveTable(screen) if screen.is_terminal and not screen.is_dumb_terminal else _PlainLines(screen)


class _PlainLines(Progress):
    """One line of text for each thing said."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._titles: Sequence[str] = ()

    def step(self, doing: str) -> None:
        self._screen.say(doing)

    def lines(self, titles: Sequence[str]) -> None:
        self._titles = titles

    def line(self, position: int, doing: str) -> None:
        self._screen.say(f"  {self._titles[position]}: {doing}")


class _LiveTable(Progress):
    """A table that is drawn anew whenever something is said, and taken away for the summary at the end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._step = Spinner("dots")
        self._titles: Sequence[str] = ()
        self._states: list[str] = []
        self._live = Live(console=console, get_renderable=self._table, refresh_per_second=12, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def step(self, doing: str) -> None:
        self._step.update(text=Text(doing, style="bold"))

    def lines(self, titles: Sequence[str]) -> None:
        self._titles = titles
        self._states = [""] * len(titles)

    def line(self, position: int, doing: str) -> None:
        self._states[position] = doing

    def _table(self) -> RenderableType:
        lines = Table.grid(padding=(0, 2))
        # what has become of a line is never cut short for its title
        widest = max((len(state) for state in self._states), default=0)
        lines.add_column(
            no_wrap=True, overflow="ellipsis", max_width=max(20, self._console.width - widest - 4)
        )
        lines.add_column(no_wrap=True, overflow="ellipsis")
        for title, state in zip(self._titles, self._states, strict=True):
            lines.add_row(Text(f"  {title}"), Text(state, style=_COLOURS.get(state.partition(" ")[0], "dim")))
        return Group(self._step, lines)
