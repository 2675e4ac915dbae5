"""Lock: the descriptions, their origins, and the one from which the raw client is generated."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from scripts.descriptions.errors import DescriptionError
from scripts.descriptions.files import FOLDER, LOCK_NAME, version_key, write_whole

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Description", "Generator", "Lock", "lock_text", "read_lock", "toml_string", "write_lock"]


@frozen
class Description:
    """Entry of the lock for one description file.

    Attributes:
        file: Its name in the folder.
        sha256: The digest of its bytes, 64 hexadecimal digits.
        origin: ``reconstructed`` or ``downloaded``.
        url: The address of the download.
        fetched: The time of the download, as an RFC 3339 timestamp in UTC.
    """

    file: str
    sha256: str
    origin: str
    url: str | None = None
    fetched: str | None = None


@frozen
class Generator:
    """Pinned generator of the raw client."""

    name: str = "openapi-python-client"
    version: str = "0.29.1"


@frozen
class Lock:
    """Lock file: the descriptions, and the current one.

    Attributes:
        current: The version from which ``generated/`` is made.
        descriptions: The description files by version, in the order in which they were followed.
        generator: The generator of the raw client.
    """

    current: str
    descriptions: dict[str, Description] = field(factory=dict[str, Description])
    generator: Generator = Generator()

    def with_description(self, version: str, description: Description, *, current: bool) -> Lock:
        """Return a lock with one description added or replaced, and optionally made the current one.

        A current version is the newest, whatever its name; another one is sorted by its name among the former ones.
        """
        descriptions = {**self.descriptions, version: description}
        if current:
            descriptions[version] = descriptions.pop(version)
        elif version not in self.descriptions:
            newer = [one for one in self.descriptions if version_key(one) > version_key(version)]
            for one in newer:
                descriptions[one] = descriptions.pop(one)
        return evolve(self, current=version if current else self.current, descriptions=descriptions)

    def renamed(self, version: str, edition: str, *, file: str) -> Lock:
        """Return a lock in which a version has the name of its edition, since another edition follows it."""
        descriptions = {
            edition if one == version else one: evolve(entry, file=file) if one == version else entry
            for one, entry in self.descriptions.items()
        }
        return evolve(
            self, current=edition if self.current == version else self.current, descriptions=descriptions
        )


def read_lock(folder: Path = FOLDER) -> Lock:
    """Read the lock of a folder of descriptions.

    Raises:
        DescriptionError: It is missing, is not TOML, or is incomplete.
    """
    path = folder / LOCK_NAME
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DescriptionError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise DescriptionError(f"{path} is not TOML: {error}") from error
    try:
        return Lock(
            current=content["current"],
            descriptions={
                version: Description(**entry) for version, entry in content.get("descriptions", {}).items()
            },
            generator=Generator(**content["generator"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise DescriptionError(f"{path} is incomplete: {error}") from error


def lock_text(lock: Lock) -> str:
    """Write a lock as TOML."""
    lines = [
        "# Written by `python -m scripts.fetch` and `python -m scripts.descriptions`: the descriptions, and",
        "# the version and the generator of generated/.",
        f"current = {toml_string(lock.current)}",
        "",
        "[generator]",
        f"name = {toml_string(lock.generator.name)}",
        f"version = {toml_string(lock.generator.version)}",
    ]
    for version, entry in lock.descriptions.items():
        lines += ["", f"[descriptions.{toml_string(version)}]"]
        pairs = (
            ("file", entry.file),
            ("sha256", entry.sha256),
            ("origin", entry.origin),
            ("url", entry.url),
            ("fetched", entry.fetched),
        )
        lines += [f"{key} = {toml_string(value)}" for key, value in pairs if value is not None]
    return "\n".join(lines) + "\n"


def toml_string(value: str) -> str:
    """Write a text as a TOML basic string."""
    # a JSON string is one, except for DEL, which JSON does not escape
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def write_lock(lock: Lock, folder: Path = FOLDER) -> None:
    """Write the lock of a folder of descriptions atomically."""
    write_whole(folder / LOCK_NAME, lock_text(lock).encode())
