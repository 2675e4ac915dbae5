"""The live table of a booking's lines, on a terminal."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from korus.cli.progress import Progress, Screen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

__all__ = ["LiveTable"]

_COLOURS = {"booked": "green", "incomplete": "yellow", "failed": "red"}


class _Console(Console):
    """A terminal that falls silent, as the screen does, when nobody reads it any more."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(file=screen.file)
        self._screen = screen

    def on_broken_pipe(self) -> None:
        """Fall silent."""
        self.quiet = True
        self._screen.fall_silent()


class LiveTable(Progress):
    """A table that is drawn again whenever something is said, and taken away for the summary at the end.

    Args:
        screen: The terminal; what is said on it meanwhile is printed above the table.
    """

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._console = console = _Console(screen)
        self._step = Spinner("dots")
        self._titles: Sequence[str] = ()
        self._states: list[str] = []
        self._live = Live(console=console, get_renderable=self._table, refresh_per_second=12, transient=True)

    def __enter__(self) -> Self:
        self._screen.printer = partial(self._console.print, markup=False, highlight=False, soft_wrap=True)
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def step(self, doing: str) -> None:
        """Show what the run as a whole is doing now."""
        self._step.update(text=Text(doing, style="bold"))

    def lines(self, titles: Sequence[str]) -> None:
        """Begin the table."""
        self._titles = titles
        self._states = [""] * len(titles)

    def line(self, position: int, doing: str) -> None:
        """Show what is happening to a line."""
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
