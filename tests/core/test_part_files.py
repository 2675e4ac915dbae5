"""Files that appear whole or not at all, whoever gives up and whenever."""

from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path

import pytest

from korus._core import part_files
from korus._core.part_files import PartFile


def full_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_file_appears_when_it_is_finished_and_replaces_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(b"old")
    part = PartFile(tmp_path)
    part.open()
    part.write(b"new")
    assert (tmp_path / "a.pdf").read_bytes() == b"old"
    assert part.finish("a.pdf") == tmp_path / "a.pdf"
    part.drop()
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.pdf", b"new")]


def test_a_file_is_for_its_owner_only_and_needs_no_chmod(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "chmod", refuse)
    monkeypatch.setattr(os, "fchmod", refuse)
    monkeypatch.setattr(Path, "chmod", refuse)
    part = PartFile(tmp_path / "tickets")
    part.open()
    final = part.finish("a.pdf")
    assert stat.S_IMODE(final.stat().st_mode) == 0o600


@pytest.mark.parametrize("errno_", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_system_that_cannot_sync_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, errno_: int
) -> None:
    def refuse(_: int) -> None:
        raise OSError(errno_, os.strerror(errno_))

    monkeypatch.setattr(os, "fsync", refuse)
    part = PartFile(tmp_path)
    part.open()
    part.write(b"x")
    assert part.finish("a.pdf").read_bytes() == b"x"


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = PartFile(tmp_path)
    part.open()
    part.write(b"x")
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        part.finish("a.pdf")
    part.drop()
    assert list(tmp_path.iterdir()) == []


def test_a_buffer_that_cannot_be_flushed_at_the_end_leaves_nothing_behind(tmp_path: Path) -> None:
    part = PartFile(tmp_path)
    part.open()
    inner = part._opened()

    class Full:
        close = full_disk

    part._file = Full()  # type: ignore[assignment]
    part.drop()
    inner.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("step", ["open", "write", "finish"])
def test_what_is_dropped_while_a_thread_is_at_work_goes_when_its_step_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    part = PartFile(tmp_path)
    inside, go_on = threading.Event(), threading.Event()

    def pause() -> None:
        inside.set()
        go_on.wait(10)

    made, opened, sync = part_files.tempfile.mkstemp, part._opened, os.fsync
    if step == "open":
        monkeypatch.setattr(part_files.tempfile, "mkstemp", lambda *a, **k: (made(*a, **k), pause())[0])
    else:
        part.open()
    if step == "write":
        monkeypatch.setattr(PartFile, "_opened", lambda _: (pause(), opened())[1])
    if step == "finish":
        monkeypatch.setattr(os, "fsync", lambda number: (sync(number), pause())[0])
    arguments = {"open": (), "write": (b"x" * 100_000,), "finish": ("a.pdf",)}[step]
    thread = threading.Thread(target=getattr(part, step), args=arguments)
    thread.start()
    assert inside.wait(10)
    part.drop()
    go_on.set()
    thread.join(10)
    # a file that had come to its end is whole, and may stay
    assert [path.name for path in tmp_path.iterdir()] == (["a.pdf"] if step == "finish" else [])


def test_a_part_that_cannot_be_opened_can_be_dropped(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    part = PartFile(tmp_path / "file" / "below")
    with pytest.raises(OSError):
        part.open()
    part.drop()
    with pytest.raises(ValueError, match="not open"):
        part.write(b"")
