"""Show how a booking goes: a live table on a terminal, plain lines anywhere else.

Only shows what it is told; what happens is decided elsewhere.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Self

from rich.console import Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console, RenderableType

__all__ = ["Progress", "progress_on"]

_COLOURS = {"booked": "green", "incomplete": "yellow", "failed": "red"}


class Progress(AbstractContextManager["Progress"]):
    """Where a run says what it is doing. This one keeps it to itself."""

    def __exit__(self, *_: object) -> None:
        """Stop showing and leave what was shown."""

    def step(self, doing: str) -> None:
        """Say what the run as a whole is doing now."""

    def lines(self, titles: Sequence[str]) -> None:
        """Name the lines of the booking."""

    def line(self, position: int, doing: str) -> None:
        """Say what is happening to a line, or what has become of it."""


def progress_on(console: Console) -> Progress:
    """The display that suits where the words go to."""
    return (
        _LiveTable(console) if console.is_terminal and not console.is_dumb_terminal else _PlainLines(console)
    )


class _PlainLines(Progress):
    """One line of text for each thing said."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._titles: Sequence[str] = ()

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def step(self, doing: str) -> None:
        self._say(doing)

    def lines(self, titles: Sequence[str]) -> None:
        self._titles = titles

    def line(self, position: int, doing: str) -> None:
        self._say(f"  {self._titles[position]}: {doing}")


class _LiveTable(Progress):
    """A table that is drawn anew whenever something is said."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._step = Spinner("dots")
        self._doing = True
        self._titles: Sequence[str] = ()
        self._states: list[str] = []
        self._live = Live(console=console, get_renderable=self._table, refresh_per_second=12)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._doing = False
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
        return Group(self._step, lines) if self._doing else lines
