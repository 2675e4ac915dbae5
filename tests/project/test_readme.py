"""The README is true: its examples run, in both colours, and what it names is there."""

from __future__ import annotations

import importlib.util
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest
from pypdf import PdfReader

from korus.cli.booking_file import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from korus.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def sandbox(share_time: Callable[[Sandbox], Sandbox]) -> Iterator[Sandbox]:
    """Run a sandbox shortly before the day that the README names."""
    from korus.sandbox import Sandbox

    with Sandbox(seed=7, now=datetime(2026, 12, 28, 9, tzinfo=UTC)) as running:
        yield share_time(running)


@pytest.fixture
def shop(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with the sandbox in the environment."""
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def assert_booked(sandbox: Sandbox, shop: Path) -> None:
    (order,) = sandbox.inspect.orders
    tickets = sorted((shop / "tickets").iterdir())
    assert tickets
    for ticket in tickets:
        text = "".join(page.extract_text() for page in PdfReader(ticket).pages)
        assert order["reference"] in text
    assert sandbox.inspect.requests["bulk_create_reservations"] == 1
    assert sandbox.inspect.requests["bulk_create_orders"] == 1


def test_the_first_example_books_and_downloads(sandbox: Sandbox, shop: Path) -> None:
    exec(compile(blocks("python")[0], "README.md", "exec"), {})  # noqa: S102 - the README's own code
    assert_booked(sandbox, shop)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_second_example_does_the_same_in_an_event_loop(
    sandbox: Sandbox, shop: Path, backend: str
) -> None:
    namespace: dict[str, object] = {}
    exec(compile(blocks("python")[1], "README.md", "exec"), namespace)  # noqa: S102 - the README's own code
    anyio.run(namespace["book"], backend=backend)
    assert_booked(sandbox, shop)


def test_the_two_examples_differ_in_nothing_but_their_colour() -> None:
    def words(block: str) -> list[str]:
        plain = block.replace("AsyncKorus", "Korus")
        plain = re.sub(r"#.*|async def book\(\) -> None:|\b(async|await)\b", "", plain)
        return re.sub(r"[\s()]|,(?=\s*\))", "", plain).split()

    first, second = blocks("python")[:2]
    assert words(first) == words(second)


def test_the_booking_file_in_the_readme_is_one() -> None:
    (block,) = blocks("yaml")
    assert parse(block, json=False).external_reference == "FAMILY-2027-05"


def test_every_file_and_folder_that_is_linked_is_there() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    folders = re.findall(r"^\| `([a-z_/]+/)` \|", README, flags=re.MULTILINE)
    assert {"korus/", "openapi/", "generated/korus_api/"} <= set(folders)
    assert [path for path in (*links, *folders) if not (ROOT / path).exists()] == []


def test_every_target_and_extra_that_is_named_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert [
        name
        for name in re.findall(r"(?:`|^    )make ([a-z]+)", README, flags=re.MULTILINE)
        if f"\n{name}:" not in makefile
    ] == []
    extras = re.findall(r"^\| `([a-z]+)` \| (?:the|a) ", README, flags=re.MULTILINE)
    project = (ROOT / "pyproject.toml").read_text()
    assert len(extras) >= 6
    assert [name for name in extras if f"\n{name} = [" not in project] == []


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`korus ([a-z]+(?: [a-z]+)?)", README))))
def test_every_korus_command_that_is_named_exists(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    from korus.cli import main

    with pytest.raises(SystemExit) as left:
        main([*command.split(), "--help"])
    assert left.value.code == 0
    assert f"korus {command}" in capsys.readouterr().out


@pytest.mark.parametrize("module", sorted(set(re.findall(r"python -m (scripts\.[a-z]+)", README))))
def test_every_tool_that_is_named_exists(module: str) -> None:
    assert importlib.util.find_spec(module) is not None
