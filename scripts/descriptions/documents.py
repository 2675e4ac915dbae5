"""Read and write documents, YAML or JSON, and find one's way in them.

YAML is read by the core schema of YAML 1.2, where ``no`` is a word and ``2026-04-18`` is text, and mapping
keys are always text. What a document means is of no concern here.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from urllib.parse import unquote

import yaml
from yaml.constructor import ConstructorError
from yaml.parser import ParserError
from yaml.scanner import ScannerError

from scripts.descriptions.errors import CutShortError, DescriptionError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Document", "dump", "entries", "load", "mapping", "parse", "resolve"]

Document: TypeAlias = dict[str, Any]
"""A document as plain values: what JSON could hold, with text for every mapping key."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

# The core schema of YAML 1.2 (chapter 10.3 of its specification); merge keys stay, for they are common.
_CORE: tuple[tuple[str, str, str], ...] = (
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", "~nN\0"),
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("tag:yaml.org,2002:int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        (
            r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
        ),
        "-+.0123456789",
    ),
    ("tag:yaml.org,2002:merge", r"^<<$", "<"),
)


class _CoreLoader(_Loader):  # type: ignore[misc] # the base is chosen at run time
    """Reads YAML by the core schema of YAML 1.2, with text for every mapping key."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - as in PyYAML

    def construct_integer(self, node: Any) -> int:
        text = str(node.value)
        return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        stated: set[str] = set()
        for key_node, _ in node.value:
            key = str(key_node.value)  # 200 and "200" are the same key, as in JSON
            problem = f"the key {key!r} stands twice" if key in stated else None
            if not isinstance(key_node, yaml.ScalarNode):
                problem = "a key is not text"
            if problem:
                raise ConstructorError(None, None, problem, key_node.start_mark)
            stated.add(key)
        self.flatten_mapping(node)
        return {str(key.value): self.construct_object(value, deep=deep) for key, value in node.value}

    def construct_tree(self, node: Any) -> Any:
        found: dict[Any, Any] = {}
        yield found
        found.update(self.construct_mapping(node))


for _tag, _pattern, _first in _CORE:
    _CoreLoader.add_implicit_resolver(_tag, re.compile(_pattern), [c if c != "\0" else "" for c in _first])
_CoreLoader.add_constructor("tag:yaml.org,2002:int", _CoreLoader.construct_integer)
_CoreLoader.add_constructor("tag:yaml.org,2002:map", _CoreLoader.construct_tree)


class _CarefulDumper(_Dumper):  # type: ignore[misc] # the base is chosen at run time
    """Writes YAML that readers of YAML 1.1 and of YAML 1.2 take for the same values."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {  # noqa: RUF012 - as in PyYAML
        first: list(pairs) for first, pairs in _Dumper.yaml_implicit_resolvers.items()
    }

    def ignore_aliases(self, data: Any) -> bool:
        del data  # anchors say nothing to a reader of a description: the same value is written out each time
        return True


for _tag, _pattern, _first in _CORE[2:4]:
    _CarefulDumper.add_implicit_resolver(_tag, re.compile(_pattern), list(_first))


def _text(dumper: Any, value: str) -> Any:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_CarefulDumper.add_representer(str, _text)


def parse(text: str | bytes, *, name: str = "the description") -> Document:
    """Read a description from its text, YAML or JSON.

    YAML is read by the core schema of YAML 1.2: ``no``, ``on`` and ``2026-04-18`` are text. Mapping keys
    are always text (``200:`` is ``"200"``).

    Args:
        text: The whole file; bytes are taken as UTF-8, with or without a byte order mark.
        name: How to call it in an error.

    Raises:
        CutShortError: The text ends in the middle of something.
        DescriptionError: The text is not UTF-8, not YAML or JSON, repeats a key, or is not a mapping.
    """
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        raise DescriptionError(f"{name} is not UTF-8 text: {error.reason} at byte {error.start}") from error
    content = _values(decoded, name)
    if not isinstance(content, dict):
        raise DescriptionError(f"{name} is not a mapping but {type(content).__name__}")
    return cast("Document", content)


def _values(text: str, name: str) -> object:
    broken: json.JSONDecodeError | None = None
    if text.lstrip().startswith("{"):
        try:
            return cast("object", json.loads(text))
        except json.JSONDecodeError as error:
            broken = error  # a flow mapping of YAML starts with a brace too
    try:
        return cast("object", yaml.load(text, Loader=_CoreLoader))  # noqa: S506 - a safe loader, with fewer tags
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if broken is not None:
            at_end = broken.msg.startswith("Unterminated") or broken.pos >= len(text.rstrip())
            raise _broken(at_end)(f"{name} is not JSON: {broken}") from error
        # what is read well but means nothing was not cut
        read = not isinstance(error, ScannerError | ParserError)
        mark = None if read else getattr(error, "problem_mark", None)
        at_end = mark is not None and mark.line >= text.rstrip().count("\n")
        raise _broken(at_end)(f"{name} is not YAML: {_first_line(error)}") from error


def _broken(at_end: bool) -> type[DescriptionError]:
    """Choose the error for a text that cannot be parsed: what goes wrong at its end was cut short."""
    return CutShortError if at_end else DescriptionError


def _first_line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
    return f"{problem}, line {mark.line + 1}" if mark is not None else str(problem)


def load(path: Path) -> Document:
    """Read the description in a file.

    Raises:
        DescriptionError: The file is missing or cannot be read as a description.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DescriptionError(f"cannot read {path}: {error.strerror}") from error
    return parse(content, name=path.name)


def dump(document: Document) -> str:
    """Write a document as YAML: keys as ordered, no anchors, quotes wherever YAML 1.1 and 1.2 disagree."""
    text: str = yaml.dump(
        document,
        Dumper=_CarefulDumper,
        sort_keys=False,
        allow_unicode=True,
        width=116,
        default_flow_style=False,
    )
    return text


def mapping(value: object) -> Document:
    """Give a value if it is a mapping, and an empty one if not: for documents that may be anything."""
    return cast("Document", value) if isinstance(value, dict) else {}


def entries(value: object) -> Sequence[Any]:
    """Give a value if it is a list, and an empty one if not."""
    return cast("Sequence[Any]", value) if isinstance(value, list) else ()


def resolve(document: Document, reference: str) -> Any:
    """Give what a local reference (``#/components/schemas/…``) points at.

    Raises:
        DescriptionError: The reference is not local, or nothing stands there.
    """
    if not reference.startswith("#"):
        raise DescriptionError(f"{reference} does not point into the document")
    node: Any = document
    for part in filter(None, unquote(reference[1:]).split("/")):
        key = part.replace("~1", "/").replace("~0", "~")
        try:
            node = node[int(key) if isinstance(node, list) else key]
        except (KeyError, IndexError, ValueError, TypeError):
            raise DescriptionError(f"nothing stands at {reference}") from None
    return node
