"""Descriptions as plain values: read from a file or text, and written as YAML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

from scripts.descriptions.errors import DescriptionError
from scripts.descriptions.reading import FLOAT, INT, read, values
from scripts.descriptions.values import is_object

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Document", "dump", "load", "parse"]

Document: TypeAlias = dict[str, Any]
"""A document as plain JSON values, with text for every mapping key."""

_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _CarefulDumper(_Dumper):  # type: ignore[misc] # the base is chosen at run time
    """YAML dumper whose output has the same values in YAML 1.1 and YAML 1.2."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {  # noqa: RUF012 - as in PyYAML
        first: list(pairs) for first, pairs in _Dumper.yaml_implicit_resolvers.items()
    }

    def ignore_aliases(self, data: Any) -> bool:
        del data  # no anchors: a repeated value is written out each time
        return True


for _tag, _pattern, _first in (("int", INT, "-+0123456789"), ("float", FLOAT, "-+.0123456789")):
    _CarefulDumper.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


def _text(dumper: Any, value: str) -> Any:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_CarefulDumper.add_representer(str, _text)


def parse(text: str | bytes, *, name: str = "the description") -> Document:
    """Read a description from its text, YAML or JSON.

    Args:
        text: The whole file; bytes are taken as UTF-8, with or without a byte order mark.
        name: Its name in errors.

    Raises:
        CutShortError: The text is incomplete.
        DescriptionError: The text is not UTF-8, not YAML or JSON, repeats a key, or is not a mapping.
    """
    return _mapping(values(text, name=name), name)


def load(path: Path) -> Document:
    """Read the description in a file.

    Raises:
        DescriptionError: The file is missing or cannot be read as a description.
    """
    return _mapping(read(path), path.name)


def _mapping(content: object, name: str) -> Document:
    if not is_object(content):
        raise DescriptionError(f"{name} is not a mapping but {type(content).__name__}")
    return content


def dump(document: Document) -> str:
    """Write a document as YAML: keys in order, no anchors, quotes where YAML 1.1 and 1.2 differ."""
    text: str = yaml.dump(
        document,
        Dumper=_CarefulDumper,
        sort_keys=False,
        allow_unicode=True,
        width=116,
        default_flow_style=False,
    )
    return text
