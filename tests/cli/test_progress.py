"""The progress display: a live table on a terminal, plain lines anywhere else, and nothing taken for markup."""

from __future__ import annotations

import io
import re

from korus.cli.progress import Screen, progress_on


def shown(*, terminal: bool) -> str:
    file = io.StringIO()
    console = Screen(file=file, force_terminal=terminal, width=60, _environ={"TERM": "xterm"})
    with progress_on(console) as progress:
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
