"""Table of the names of operations and classes, which only grows.

A name is never assigned to another operation or class, not even after its owner was removed. The table is
`openapi/names.toml`; only `make generate` and `make track` add to it.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from scripts.descriptions import DescriptionError, write_whole
from scripts.descriptions.lock import toml_string
from scripts.descriptions.values import as_object

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Kept", "read_kept", "write_kept"]

HEAD = """\
# Written by `make generate` and `make track`: the Python names of operations and classes. Entries are only
# added, so that a name never changes its meaning.
"""


@frozen
class Kept:
    """Table of names.

    Attributes:
        operations: Package and name of each operation, by method and path without the names of parameters.
        classes: The class of each schema, by the key of its definition.
    """

    operations: Mapping[str, str] = field(factory=dict[str, str])
    classes: Mapping[str, str] = field(factory=dict[str, str])

    def grown(self, other: Kept) -> Kept:
        """Return this table updated with another one."""
        return Kept({**self.operations, **other.operations}, {**self.classes, **other.classes})


def read_kept(path: Path) -> Kept:
    """Read the table; it is empty if the file does not exist.

    Raises:
        DescriptionError: The file cannot be read.
    """
    try:
        content: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Kept()
    except (OSError, ValueError) as error:
        raise DescriptionError(f"{path} cannot be read: {error}") from error
    sections = (as_object(content.get(name)) for name in ("operations", "classes"))
    return Kept(*({str(key): str(name) for key, name in section.items()} for section in sections))


def write_kept(kept: Kept, path: Path) -> None:
    """Write the table, if it has changed."""
    lines = [HEAD]
    for heading, names in (("operations", kept.operations), ("classes", kept.classes)):
        lines += [
            f"[{heading}]",
            *[f"{toml_string(key)} = {toml_string(name)}" for key, name in sorted(names.items())],
            "",
        ]
    content = "\n".join(lines).rstrip("\n").encode() + b"\n"
    if not path.exists() or path.read_bytes() != content:
        write_whole(path, content)
