"""README, CONTRIBUTING and the pages in docs/ are true: their blocks run, and what they name exists.

Sybil finds the blocks. Those of one page run in order and share their names. A block that cannot run here is skipped by
``<!-- skip: next "reason" -->``, and one that only prepares the next is hidden in ``<!-- invisible-code-block: python``.
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import SkipTest

import anyio
import httpx
import pytest
from pypdf import PdfReader
from ruamel.yaml import YAML
from sybil import Sybil
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.markdown import CodeBlockParser, SkipParser

from korus import AsyncKorus, Korus, errors
from korus.cli.booking_file import parse
from korus.sandbox import Sandbox
from scripts import demo
from tests.benchmarks import report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sybil import Document, Example

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
ASYNC_PAGE = ROOT / "docs" / "howto" / "async.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
TEXTS = {str(page.relative_to(ROOT)): page.read_text(encoding="utf-8") for page in PAGES}
PATIENCE = 60.0
# of the largest catalogue: until after the last day that a page names
FEWER_OFFERS = 1500

every_page = pytest.mark.parametrize("page", PAGES, ids=TEXTS)


class Shell:
    """Runs the shell blocks of a page in its folder, and what they leave running until `close`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("__pycache__"))
        commands = folder / ".commands"
        commands.mkdir()
        # the names of targets are checked, not what they do; what is to be installed is checked by test_distribution
        for name, text in {
            "make": f'exec "{shutil.which("make")}" --dry-run --directory "{ROOT}" "$@" >/dev/null',
            "pip": "exit 0",
        }.items():
            (commands / name).write_text(f"#!/bin/sh\n{text}\n")
            (commands / name).chmod(0o755)
        self._environment = {
            "PATH": f"{commands}:{Path(sys.executable).parent}:/usr/bin:/bin",
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT),
            "COLUMNS": "120",
            "GUNICORN_CMD_ARGS": "--bind=127.0.0.1:0 --no-control-socket",
        }
        self._started: list[subprocess.Popen[bytes]] = []
        self._sandboxes: list[Sandbox] = []

    def __call__(self, example: Example) -> None:
        """Run one block; a sandbox that it starts is replaced by one that sells what the examples book."""
        text = str(example.parsed)
        log = self.folder / ".output"
        is_server = text.startswith("gunicorn ")
        settings = {name: value for name, value in os.environ.items() if name.startswith("KORUS_")}
        with log.open("wb") as output:
            # a session of its own, so that `close` ends everything that the block started
            started = subprocess.Popen(
                ["bash", "-eu", "-o", "pipefail", "-c", text],
                cwd=self.folder,
                env=self._environment | (settings if is_server else {}),
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._started.append(started)
        if is_server:
            self._visit(started, log)
            return
        if found := re.match(r"korus sandbox .*--environment-file (\S+)", text):
            self._replace_sandbox(self.folder / found[1])
            return
        assert started.wait(PATIENCE) == 0, f"{example.path}:{example.line}: {log.read_text()}"

    def _visit(self, started: subprocess.Popen[bytes], log: Path) -> None:
        """Ask a server that a block starts, on the port that it names in its log, for its page; then end it."""
        deadline = time.monotonic() + PATIENCE
        while not (found := re.search(r"Listening at: (http://\S+)", log.read_text())):
            assert started.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        page = httpx.get(found[1], timeout=PATIENCE)
        assert page.status_code == 200, log.read_text()
        assert page.text
        self.close()

    def _replace_sandbox(self, file: Path) -> None:
        deadline = time.monotonic() + PATIENCE
        while not file.exists():
            assert time.monotonic() < deadline, (self.folder / ".output").read_text()
            time.sleep(0.05)
        self.close()
        booked, first_day = demo.file_to_book()
        sandbox = Sandbox(seed=7, first_day=first_day, offers=FEWER_OFFERS).start()
        self._sandboxes.append(sandbox)
        demo.stock_up(sandbox, first_day)
        shutil.copyfile(booked, self.folder / "examples" / booked.name)
        file.write_text("".join(f"export {name}={value}\n" for name, value in sandbox.environment().items()))

    def close(self) -> None:
        """End everything that was started."""
        for started in self._started:
            if started.poll() is None:
                os.killpg(started.pid, signal.SIGTERM)
                started.wait(PATIENCE)
        for sandbox in self._sandboxes:
            sandbox.stop()


def run_python(example: Example) -> None:
    """Run a Python block with the names of its page; one that forks or is a test, in a process of its own.

    One that names a file in its first line is written into that file, for a shell block that follows.
    """
    source = str(example.parsed)
    if name := re.match(r"# (\w+\.py)\n", source):
        Path(name[1]).write_text(source)
    elif "os.fork" in source:
        assert run_process("-W", "error", "-c", source).stderr == ""
    elif "def test_" in source:
        Path("test_block.py").write_text(source)
        plugins = ("-p", "korus.testing.plugin", "-p", "no:cacheprovider")
        run_process("-m", "pytest", "-q", *plugins, "test_block.py")
    else:
        PythonEvaluator()(example)


def run_process(*arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # nine plugins take seconds to import
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def read_yaml(example: Example) -> None:
    """Read a YAML block: a booking file as `korus book` does, another one as YAML."""
    if "\nitems:" in example.parsed:
        parse(str(example.parsed), json=False)
    else:
        YAML(typ="safe").load(example.parsed)


def document(page: Path, shell: Callable[[Example], None]) -> Document:
    return Sybil(
        parsers=[
            CodeBlockParser("python", run_python),
            CodeBlockParser("shell", shell),
            CodeBlockParser("yaml", read_yaml),
            SkipParser(),
        ]
    ).parse(page)


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def sandbox(share_time: Callable[[Sandbox], Sandbox]) -> Iterator[Sandbox]:
    """Run a sandbox shortly before the day that the pages name."""
    with Sandbox(seed=7, now=datetime(2026, 12, 28, 9, tzinfo=UTC), offers=FEWER_OFFERS) as running:
        yield share_time(running)


@pytest.fixture
def shop(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with the sandbox in the environment."""
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    monkeypatch.setattr(demo, "FOLDER", tmp_path / ".demo")
    running = Shell(tmp_path)
    try:
        yield running
    finally:
        running.close()


@every_page
@pytest.mark.usefixtures("as_the_sandbox")
def test_every_block_of_a_page_runs(page: Path, shop: Path, shell: Shell) -> None:
    found = document(page, shell)
    try:
        for example in found.examples():
            with suppress(SkipTest):  # with the reason that the page gives
                example.evaluate()
    finally:
        for value in found.namespace.values():
            if isinstance(value, Korus):
                value.close()
            elif isinstance(value, AsyncKorus):
                asyncio.run(value.aclose())


@every_page
def test_every_block_has_a_language_that_runs(page: Path) -> None:
    text = page.read_text()
    fences = re.findall(r"^ *```(.*)$", text, flags=re.MULTILINE)
    # signatures, written from the code
    written = {"py"} if "written by `python -m scripts.docs`" in text else set()
    assert set(fences[::2]) <= {"python", "shell", "yaml", "text", "markdown"} | written
    assert set(fences[1::2]) <= {""}
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    assert re.findall(r"\n\n    \S.*", outside) == [], "indented code does not run: use a fence"


def test_a_block_that_fails_is_found(shop: Path, shell: Shell) -> None:
    page = shop / "page.md"
    for block in (
        "```python\n1 / 0\n```\n",
        "```shell\ntrue\nkorus nosuch\ntrue\n```\n",
        "```shell\nmake nosuch\n```\n",
    ):
        page.write_text(f"# Page\n\n{block}")
        (example,) = document(page, shell).examples()
        with pytest.raises((ZeroDivisionError, AssertionError)):
            example.evaluate()


# --- README ------------------------------------------------------------------------------------------------------------


def test_the_readme_is_short_and_in_order() -> None:
    text = README.read_bytes()
    assert len(text.splitlines()) <= 150
    assert len(text) <= 9000
    assert re.findall(r"^## (.+)$", text.decode(), flags=re.MULTILINE) == [
        "Install",
        "First call",
        "Errors",
        "What you can rely on",
        "Read on",
    ]


def assert_booked(sandbox: Sandbox, shop: Path) -> None:
    (order,) = sandbox.inspect.orders
    tickets = sorted((shop / "tickets").iterdir())
    assert tickets
    for ticket in tickets:
        text = "".join(page.extract_text() for page in PdfReader(ticket).pages)
        assert order["reference"] in text
    assert sandbox.inspect.requests["bulk_create_reservations"] == 1
    assert sandbox.inspect.requests["bulk_create_orders"] == 1


def test_the_readmes_example_books_and_downloads(sandbox: Sandbox, shop: Path) -> None:
    exec(compile(blocks(README, "python")[0], "README.md", "exec"), {})  # noqa: S102 - the README's own code
    assert_booked(sandbox, shop)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_async_example_does_the_same(sandbox: Sandbox, shop: Path, backend: str) -> None:
    namespace: dict[str, Any] = {}
    source = blocks(ASYNC_PAGE, "python")[0].replace("asyncio.run(book())", "")
    exec(compile(source, "async.md", "exec"), namespace)  # noqa: S102 - the page's own code
    anyio.run(namespace["book"], backend=backend)
    assert_booked(sandbox, shop)


def test_the_two_examples_differ_only_in_async_and_await() -> None:
    def words(block: str) -> list[str]:
        plain = block.replace("AsyncKorus", "Korus")
        plain = re.sub(
            r"#.*|import asyncio\n|asyncio\.run.*|async def book\(\) -> None:|\b(async|await)\b", "", plain
        )
        return re.sub(r"[\s()]|,(?=\s*\))", "", plain).split()

    assert words(blocks(README, "python")[0]) == words(blocks(ASYNC_PAGE, "python")[0])


# --- names that pages mention --------------------------------------------------------------------------------------------


@every_page
def test_every_file_and_folder_that_is_linked_is_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert [path for path in links if not (page.parent / path).exists()] == []


def test_the_map_of_contributing_names_files_that_exist() -> None:
    section = re.search(
        r"^## Where would I change …$(.*?)^## ", TEXTS["CONTRIBUTING.md"], re.MULTILINE | re.DOTALL
    )
    assert section is not None
    rows = [line for line in section[1].splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 10
    paths = [re.findall(r"`((?:korus|scripts|openapi|tests|docs)/[^`]+)`", row) for row in rows]
    assert [row for row, found in zip(rows, paths, strict=True) if len(found) < 2] == []
    assert [path for found in paths for path in found if not (ROOT / path).exists()] == []


@every_page
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = re.findall(r"(?:`|^ *)make ([a-z-]+)", page.read_text(), flags=re.MULTILINE)
    assert [name for name in named if f"\n{name}:" not in makefile] == []


def test_every_extra_is_in_the_table_of_the_readme() -> None:
    extras = re.findall(r"^\| `([a-z0-9]+)` \| (?:the|a|HTTP)", README.read_text(), flags=re.MULTILINE)
    project = (ROOT / "pyproject.toml").read_text()
    declared = re.findall(
        r"^([a-z0-9]+) = \[", project.partition("[project.optional-dependencies]")[2], flags=re.MULTILINE
    )
    assert set(extras) == set(declared[: declared.index("dev")])


def named(pattern: str) -> list[str]:
    return sorted({name for text in TEXTS.values() for name in re.findall(pattern, text, flags=re.MULTILINE)})


@pytest.mark.parametrize("command", named(r"`korus ([a-z]+(?: [a-z]+)?)"))
def test_every_korus_command_that_is_named_exists(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    from korus.cli import main

    with pytest.raises(SystemExit) as left:
        main([*command.split(), "--help"])
    assert left.value.code == 0
    assert f"korus {command}" in capsys.readouterr().out


@pytest.mark.parametrize("module", named(r"python -m (scripts\.[a-z.]+)"))
def test_every_tool_that_is_named_exists(module: str) -> None:
    assert importlib.util.find_spec(module) is not None


def test_page_about_workers_is_right_about_the_cache() -> None:
    from korus._http import cache_health

    assert f"left alone for {cache_health._REST_SECONDS:.0f} seconds" in TEXTS["docs/howto/workers.md"]


def test_the_tree_of_errors_is_that_of_the_module() -> None:
    (tree,) = blocks(ROOT / "docs" / "reference" / "errors.md", "text")
    described = inspect.getdoc(errors) or ""
    assert textwrap.indent(tree, "    ", lambda line: bool(line.strip())).rstrip() in described


def test_the_figures_are_written_into_the_page_about_speed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "speed.md"
    page.write_text(TEXTS["docs/project/benchmarks.md"])
    (tmp_path / "table.md").write_text("| a table |")
    monkeypatch.setattr(report, "FOLDER", tmp_path)
    report.into_page(page)
    assert "| a table |" in page.read_text()
    assert page.read_text().splitlines()[:10] == TEXTS["docs/project/benchmarks.md"].splitlines()[:10]
