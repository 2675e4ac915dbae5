"""Copy of the repository for a run, and atomic transfer of the result to the tree.

The tests run in the copy, so that the tree is unchanged until they pass. The transfer is recorded before it begins: if
it is interrupted, the next run (or the end of this one) undoes it first.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.descriptions import write_whole

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["PRODUCTS", "bring_back", "copied", "differences", "one_run", "undo_interrupted", "workplace"]

PRODUCTS = ("openapi", "generated/korus_api", "changelog.d", "docs/reference")
"""The paths that a run writes; no others are copied back."""

LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "build", "dist", "__pycache__", "*.egg-info", ".*_cache", ".hypothesis", "*.pyc"
)
IGNORED = ("__pycache__",)
_PLACE = "korus-track-"
_HELD = ".held"


@contextmanager
def one_run(root: Path) -> Generator[bool]:
    """Lock the tree for one run; yield False if another run holds the lock, which ends with its process."""
    (root / "build").mkdir(exist_ok=True)
    with (root / "build" / "track.lock").open("w") as held:
        yield _locked(held.fileno())


@contextmanager
def workplace() -> Generator[Path]:
    """Create a temporary folder, and remove those of killed runs."""
    for left in Path(tempfile.gettempdir()).glob(f"{_PLACE}*"):
        mark = left / _HELD
        if mark.is_file() and os.access(mark, os.W_OK):
            with mark.open("r+") as held:
                if _locked(held.fileno()):
                    shutil.rmtree(left, ignore_errors=True)
    with (
        tempfile.TemporaryDirectory(prefix=_PLACE, ignore_cleanup_errors=True) as place,
        (Path(place) / _HELD).open("w") as held,
    ):
        _locked(held.fileno())
        yield Path(place)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def copied(root: Path, place: Path) -> Path:
    """Copy the repository without its history and build files, and make the copy a new repository.

    Args:
        root: The repository.
        place: An empty folder for the copy.
    """
    target = place / "korus"
    shutil.copytree(root, target, ignore=LEFT_OUT, symlinks=True)
    environment = root / ".venv"
    if environment.exists():
        (target / ".venv").symlink_to(environment.resolve(), target_is_directory=True)
    # some tests list the files with git
    for command in (
        ("init", "--quiet"),
        ("add", "--all"),
        (
            "-c",
            "user.name=track",
            "-c",
            "user.email=track@localhost",
            "commit",
            "--quiet",
            "--message",
            "copy",
        ),
    ):
        subprocess.run(("git", *command), cwd=target, check=False, capture_output=True)  # noqa: S603, S607 - commands of this project
    return target


def _files(folder: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for product in PRODUCTS:
        for path in sorted((folder / product).rglob("*")):
            if path.is_file() and not any(part in IGNORED for part in path.parts):
                found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def differences(root: Path, copy: Path) -> dict[str, bytes | None]:
    """Return the files that differ in the copy, by their path; ``None`` for removed ones.

    The lock comes last, since it marks the version as absorbed.
    """
    here, there = _files(root), _files(copy)
    changed: dict[str, bytes | None] = {
        name: there.get(name)
        for name in sorted(here.keys() | there.keys())
        if here.get(name) != there.get(name)
    }
    return dict(sorted(changed.items(), key=lambda item: (item[0].endswith("lock.toml"), item[0])))


@contextmanager
def bring_back(root: Path, changed: dict[str, bytes | None], journal: Path) -> Generator[None]:
    """Write files to the tree; undo all changes if this, or the code in the block, fails.

    Args:
        root: The repository.
        changed: The files by path, ``None`` to remove one.
        journal: A folder for the data to undo it.
    """
    undo_interrupted(root, journal)
    saved: dict[str, str | None] = {}
    journal.mkdir(parents=True)
    for i, name in enumerate(changed):
        path = root / name
        saved[name] = str(i) if path.exists() else None
        if path.exists():
            shutil.copyfile(path, journal / str(i))
    write_whole(journal / "manifest.json", json.dumps(saved).encode())
    try:
        for name, content in changed.items():
            if content is None:
                (root / name).unlink(missing_ok=True)
                _drop_empty((root / name).parent, root)
            else:
                write_whole(root / name, content)
        yield
    except BaseException:
        undo_interrupted(root, journal)
        raise
    shutil.rmtree(journal)


def undo_interrupted(root: Path, journal: Path) -> bool:
    """Undo the changes of an interrupted run; return True if there were any."""
    manifest = journal / "manifest.json"
    if not manifest.exists():
        shutil.rmtree(journal, ignore_errors=True)  # interrupted before any change
        return False
    saved: dict[str, str | None] = json.loads(manifest.read_text(encoding="utf-8"))
    for name, kept in saved.items():
        path = root / name
        if kept is None:
            path.unlink(missing_ok=True)
            _drop_empty(path.parent, root)
        else:
            write_whole(path, (journal / kept).read_bytes())
    shutil.rmtree(journal)
    return True


def _drop_empty(folder: Path, root: Path) -> None:
    while (
        folder != root
        and folder.is_dir()
        and not any(path.name != "__pycache__" for path in folder.iterdir())
    ):
        shutil.rmtree(folder)
        folder = folder.parent
