"""The command itself: it lists what there is, loads only what is asked for, and says plainly what is wrong."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import korus

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ended


def test_help_lists_every_sub_command_with_a_line_each(korus_command: Callable[..., Ended]) -> None:
    ended = korus_command("--help")
    assert ended.status == 0
    for name in ("book", "sandbox", "cassettes", "journal"):
        assert f" {name} " in ended.out


@pytest.mark.parametrize("name", ["book", "sandbox", "cassettes", "journal"])
def test_every_sub_command_explains_itself(name: str, korus_command: Callable[..., Ended]) -> None:
    ended = korus_command(name, "--help")
    assert ended.status == 0
    assert f"korus {name}" in ended.out


def test_the_version_is_that_of_the_package(korus_command: Callable[..., Ended]) -> None:
    assert korus_command("--version").out == f"korus {korus.__version__}\n"


@pytest.mark.parametrize(
    "arguments", [(), ("nosuch",), ("book",), ("book", "no-such-file.yaml"), ("--nosuch",)]
)
def test_a_wrong_command_line_leaves_with_2(
    arguments: tuple[str, ...], korus_command: Callable[..., Ended]
) -> None:
    assert korus_command(*arguments).status == 2


def test_an_interrupt_while_a_sub_command_is_loaded_ends_without_a_traceback(
    korus_command: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("korus.cli.import_module", interrupted)
    ended = korus_command("mirror", "sync")
    assert (ended.status, ended.err) == (130, "")


def test_listing_the_sub_commands_loads_none_of_them() -> None:
    code = (
        "import sys\n"
        "from korus.cli import main\n"
        "try:\n    main(['--help'])\n"
        "except SystemExit:\n"
        "    loaded = {'korus.cli.book', 'korus.sandbox', 'httpx', 'starlette', 'vcr', 'sqlalchemy'} & sys.modules.keys()\n"
        "    print('loaded', sorted(loaded))\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "loaded []"


def test_a_wrong_setting_is_one_line_and_status_2(
    korus_command: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    import pathlib

    file = pathlib.Path(str(tmp_path)) / "one.yaml"
    file.write_text(
        "external_reference: A\ncustomer: {firstname: a, lastname: b, email: a@b}\nitems: [{offer: o, quantity: 1}]\n"
    )
    monkeypatch.setenv("KORUS_CLIENT_ID", "shop")
    monkeypatch.setenv("KORUS_CLIENT_SECRET", "hush-hush")
    monkeypatch.setenv("KORUS_ENVIRONMENT", "demo")
    ended = korus_command("book", file)
    assert ended.status == 2
    assert "token_url" in ended.err
    assert "hush-hush" not in ended.err
    assert "Traceback" not in ended.err
