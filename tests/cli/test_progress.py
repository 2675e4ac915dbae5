"""The progress display: a live table on a terminal, plain lines anywhere else, and nothing taken for markup."""

from __future__ import annotations

import io
import re

import pytest

from korus.cli.book import progress_on
from korus.cli.progress import Screen


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def xterm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")


def shown(*, terminal: bool) -> str:
    file = Terminal() if terminal else io.StringIO()
    with progress_on(Screen(file=file)) as progress:
        progress.step("holding [bold]")
        progress.lines(["2 x Day visit [red]", "1 x " + "Evening " * 20])
        progress.line(0, "waiting, 0 of 1 files ready")
        progress.line(1, "failed")
        progress.line(0, "booked")
    return file.getvalue()


def test_without_a_terminal_each_thing_said_is_a_line() -> None:
    assert shown(terminal=False).splitlines() == [
        "holding [bold]",
        "  2 x Day visit [red]: waiting, 0 of 1 files ready",
        "  1 x " + ("Evening " * 20).rstrip() + " : failed",
        "  2 x Day visit [red]: booked",
    ]


def test_terminal_shows_the_state_of_each_line_and_clears_it() -> None:
    assert shown(terminal=True).endswith("\x1b[1A\x1b[2K" * 3)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown(terminal=True))
    first, second = [line.rstrip() for line in plain.splitlines() if line.strip()][-2:]
    assert re.fullmatch(r"  2 x Day visit \[red\] +booked", first)
    assert re.fullmatch(r"  1 x Evening Evening .*…  failed", second)
    assert max(len(first), len(second)) <= 60


def test_what_is_said_meanwhile_stays_above_the_table() -> None:
    file = Terminal()
    screen = Screen(file=file)
    with progress_on(screen) as progress:
        progress.lines(["2 x Day visit"])
        screen.say("orders found: [1]")
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", file.getvalue())
    assert [line for line in plain.splitlines() if "orders" in line] == ["orders found: [1]"]


@pytest.mark.parametrize("terminal", [True, False])
def test_a_quiet_screen_shows_nothing(terminal: bool) -> None:
    file = Terminal() if terminal else io.StringIO()
    screen = Screen(quiet=True, file=file)
    with progress_on(screen) as progress:
        progress.step("holding")
        screen.say("done")
    assert file.getvalue() == ""


def test_a_terminal_that_cannot_draw_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert shown(terminal=True) == shown(terminal=False)


def test_a_letter_that_standard_output_does_not_know_is_escaped() -> None:
    raw = io.BytesIO()
    screen = Screen(file=io.TextIOWrapper(raw, encoding="ascii"))
    screen.say("Zo\u00eb")
    assert raw.getvalue() == b"Zo\\xeb\n"
