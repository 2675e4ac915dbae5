"""Files for their owner's eyes only."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from korus._core.private_files import create_private, write_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o277])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.parametrize("write", [write_private, lambda path, _: create_private(path)])
def test_a_new_file_is_private_and_obeys_the_umask(
    umask: int, write: Callable[[Path, str], None], tmp_path: Path
) -> None:
    write(tmp_path / "new", "text")
    assert mode(tmp_path / "new") == 0o600 & ~umask
    assert list(tmp_path.iterdir()) == [tmp_path / "new"]


def test_a_file_that_others_could_read_becomes_private(tmp_path: Path) -> None:
    file = tmp_path / "old"
    file.write_text("much longer than what comes")
    file.chmod(0o644)
    write_private(file, "new")
    assert (file.read_text(), mode(file)) == ("new", 0o600)


def test_what_is_no_file_is_written_to_as_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o644)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_private(pipe, "text")
    assert os.read(reader, 10) == b"text"
    os.close(reader)
    assert mode(pipe) == 0o644


def test_a_database_is_created_with_its_folders_and_kept_when_it_is_there(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b"
    create_private(file)
    file.write_text("kept")
    create_private(file)
    assert (file.read_text(), mode(file), mode(file.parent)) == ("kept", 0o600, 0o700)
