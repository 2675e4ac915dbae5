"""Description files: listing, order of versions, and atomic writing."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import tomllib
from pathlib import Path

from scripts.descriptions.errors import DescriptionError
from scripts.descriptions.values import as_object

__all__ = [
    "FOLDER",
    "LOCK_NAME",
    "descriptions",
    "file_name",
    "find",
    "sha256",
    "version_key",
    "versions",
    "write_whole",
]

FOLDER = Path(__file__).resolve().parent.parent.parent / "openapi"
"""The folder of the project's descriptions, overlay and lock."""

LOCK_NAME = "lock.toml"
SUFFIXES = (".yaml", ".yml", ".json")
TAKEN = {"overlay"}  # in the folder, but not a description
# A plus sign is kept for the second file of a version: <version>+<start of its sha256>.yaml
VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]*")
NUMBERED = re.compile(r"v?([0-9]+(?:\.[0-9]+)*)(?:[.-]?([0-9A-Za-z._-]*))?")


def version_key(version: str) -> tuple[int, tuple[int, ...], int, str]:
    """Return the sort key of a version.

    ``dev`` is the oldest, numbered versions follow their numbers (``1.0.7`` before ``1.0.10``,
    ``2.0.0-rc1`` before ``2.0.0``), any other name but ``release`` comes after them, and ``release`` is the
    newest.
    """
    if version == "dev":
        return (0, (), 0, "")
    if version == "release":
        return (3, (), 0, "")
    match = NUMBERED.fullmatch(version)
    if match is None:
        return (2, (), 0, version)
    numbers = [int(part) for part in match[1].split(".")]
    while numbers and numbers[-1] == 0:  # 1.0 and 1.0.0 are equal
        numbers.pop()
    tail = match[2] or ""
    return (1, tuple(numbers), 0 if tail else 1, tail or version)


def file_name(version: str, *, suffix: str = ".yaml") -> str:
    """Return the name of the file of a version.

    Raises:
        DescriptionError: The version contains characters that are not allowed in file names here.
    """
    if not VERSION.fullmatch(version) or version.casefold() in TAKEN:
        raise DescriptionError(f"a file cannot be named after the version {version!r}")
    return f"{version}{suffix}"


def descriptions(folder: Path = FOLDER) -> dict[str, Path]:
    """Return the description files in a folder by version, oldest first.

    Those in the lock have its order, in which the project followed them; the others come after them, sorted by name. A
    second file of a version (``1.0.38+1a2b3c4d.yaml``) is included if the lock has it, as an edition that was followed;
    the overlay and the lock are not.
    """
    followed = _followed(folder)
    found = {
        path.stem: path
        for suffix in SUFFIXES
        for path in sorted(folder.glob(f"*{suffix}"))
        if (VERSION.fullmatch(path.stem) and path.stem not in TAKEN) or path.stem in followed
    }
    others = sorted(found.keys() - set(followed), key=version_key)
    return {version: found[version] for version in (*followed, *others) if version in found}


def _followed(folder: Path) -> list[str]:
    """Return the versions of the lock in its order; an invalid lock is empty here and reported elsewhere."""
    try:
        content = tomllib.loads((folder / LOCK_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return list(as_object(content.get("descriptions")))


def versions(folder: Path = FOLDER) -> list[str]:
    """Return the versions with a description, oldest first."""
    return list(descriptions(folder))


def find(version: str, folder: Path = FOLDER) -> Path:
    """Return the description file of a version.

    Raises:
        DescriptionError: There is none.
    """
    found = descriptions(folder)
    if version not in found:
        raise DescriptionError(f"no description of version {version}; known are {', '.join(found) or 'none'}")
    return found[version]


def sha256(content: bytes) -> str:
    """Return the SHA-256 of some bytes as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file atomically: to a temporary file first, which is then moved.

    Raises:
        OSError: It could not be written; an existing file is unchanged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
