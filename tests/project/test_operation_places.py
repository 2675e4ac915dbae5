"""Every place that an operation of the API needs has it; what lacks one is listed by file and line.

`docs/project/adding.md`, "Add an operation", is the page for it.
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from attrs import frozen
from korus_api.operations import OPERATIONS

from korus.sandbox.operations import API_VERSION, RELEASE
from korus.sandbox.operations import OPERATIONS as SERVED
from scripts.descriptions import read_lock

ROOT = Path(__file__).parents[2]
CASSETTES = "tests/cassettes"


@frozen
class Operation:
    """Texts that the places are searched for."""

    name: str
    method: str
    path: str

    @property
    def writes(self) -> bool:
        return self.method != "GET"


@frozen
class Place:
    """A file that has to name an operation, the line beside which it does, and what to write there."""

    file: str
    beside: str
    pattern: str
    what: str
    only_writes: bool = False

    def lacks(self, operation: Operation, root: Path = ROOT) -> str | None:
        if self.only_writes and not operation.writes:
            return None
        path = root / self.file
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        wanted = re.compile(self.pattern.format(name=operation.name, path=re.escape(operation.path)))
        texts = {file: file.read_text() for file in files}
        if any(wanted.search(text) for text in texts.values()):
            return None
        file, line = next(
            ((file, number) for file in files for number, text in enumerate(texts[file].split("\n"), 1)
             if self.beside in text),
            (files[0], 1),
        )  # fmt: skip
        return (
            f"{file.relative_to(root)}:{line}: {self.what.format(name=operation.name, path=operation.path)}"
        )


PLACES = (
    Place(
        "openapi/REFERENCE.md",
        "## 2. Operations",
        r"\| `{name}` \|",
        "a row for {name} in the table: {path}, its operationId, its tag, the versions that have it and its name",
    ),
    Place(
        "korus/_async",
        "class AsyncResource",
        r'"{name}"',
        'a method that calls "{name}", in the class of its resource; then `make sync`',
    ),
    Place(
        "korus/_http/retry.py",
        "REPLAY: Mapping",
        r'"{name}":',
        'an entry of `REPLAY` for "{name}": may a request that may have been carried out be repeated?',
        only_writes=True,
    ),
    Place(
        "korus/sandbox/operations.py",
        "OPERATIONS: tuple",
        r'Operation\(\s*"{name}"',
        'a handler, and a row of `OPERATIONS` for "{name}"; what it answers goes to representations.py',
    ),
    Place(
        "tests/recorded/test_operations.py",
        "def test_every_read_of_what_is_sold_may_be_forbidden",
        r'"{name}"',
        'an entry for "{name}" in one of the scenarios of refusals; then `make record`, with `ARGS` naming it',
    ),
)


def lacking(operation: Operation, places: tuple[Place, ...] = PLACES) -> list[str]:
    """Return what an operation still lacks, each with the file and line where it belongs."""
    found = [place.lacks(operation) for place in places]
    return [each for each in found if each is not None]


def described() -> list[Operation]:
    """Return the operations of the description; of a newer one than the sandbox's those that korus or the sandbox has.

    The others are listed by the report of tracking. Paths have the parameters of the description.
    """
    served = {(one.method, one.path) for one in SERVED}
    calls = "".join(path.read_text() for path in (ROOT / "korus/_async").rglob("*.py"))
    found = []
    for name, module in OPERATIONS.items():
        operation = importlib.import_module(module).OPERATION
        is_called = f'"{name}"' in calls and name != RELEASE.name
        if read_lock().current == API_VERSION or is_called or (operation.method, operation.path) in served:
            found.append(Operation(name, operation.method, operation.path))
    return found


def shown_by_a_cassette(operation: Operation) -> bool:
    path = re.sub(r"\\\{[^}]*\\\}", "[^/?\\\\s]+", re.escape(operation.path))
    request = re.compile(
        rf"method: {operation.method}\n +uri: \S+?{path}(\?\S*)?\n(?:(?!method: ).*\n)*? +status: 200\n"
    )
    return any(request.search(file.read_text()) for file in sorted((ROOT / CASSETTES).rglob("*.yaml")))


@pytest.mark.parametrize("operation", described(), ids=lambda operation: operation.name)
def test_every_operation_has_all_its_places(operation: Operation) -> None:
    missing = lacking(operation)
    if not shown_by_a_cassette(operation):
        missing.append(
            f"tests/recorded/test_operations.py:1: a scenario in which {operation.name} answers 200"
        )
    assert not missing, "\n" + "\n".join(missing)


def test_missing_places_of_a_new_operation_are_listed() -> None:
    new = Operation("list_moons", "POST", "/v1/moons")
    found = lacking(new)
    assert len(found) == len(PLACES)
    for line in found:
        file, number, what = line.split(":", 2)
        assert "moons" in what
        assert 1 <= int(number) <= len((ROOT / file).read_text().splitlines())
    assert not shown_by_a_cassette(new)


def test_a_read_needs_no_entry_about_repeating_it() -> None:
    assert not any("REPLAY" in line for line in lacking(Operation("list_moons", "GET", "/v1/moons")))
