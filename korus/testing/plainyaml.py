"""YAML with the values of JSON: the notation of cassettes and descriptions.

Scalars are read by JSON's rules, so ``no``, ``2026-04-18`` and ``12:30`` are texts. A repeated key is refused, and
what is written is read back as the same value. Comments and the layout of a file are not kept.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["YamlUnreadable", "dump", "load"]

_INT = re.compile(r"-?(?:0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"-?[0-9]+(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)\Z")
_BOOL = re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")
_NULL = re.compile(r"(?:null|Null|NULL|~|)\Z")
_MERGE = re.compile(r"<<\Z")
_DIGITS = list("-0123456789")
_WIDTH = 110


class YamlUnreadable(ValueError):
    """The text is not YAML, or has a value that JSON does not have."""


_CLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CDumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Loader(_CLoader):  # type: ignore[misc]  # the C classes are chosen at run time
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # replaces the class attribute of PyYAML

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        mapping: dict[Hashable, Any] = {}
        self.flatten_mapping(node)
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                # JSON's keys are texts; 200: and true: are written without quotes by many hands
                key = str(key_node.value)
            if key in mapping:
                line = key_node.start_mark.line + 1
                raise YamlUnreadable(f"line {line}: the key {key!r} occurs twice in one mapping")
            mapping[key] = self.construct_object(value_node, deep=deep)
        return mapping


class _Dumper(_CDumper):  # type: ignore[misc]  # the C classes are chosen at run time
    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  # PyYAML's signature
        return True


for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:int", _INT, _DIGITS),
    ("tag:yaml.org,2002:float", _FLOAT, _DIGITS),
    ("tag:yaml.org,2002:bool", _BOOL, list("tTfF")),
    ("tag:yaml.org,2002:null", _NULL, ["n", "N", "~", ""]),
    ("tag:yaml.org,2002:merge", _MERGE, ["<"]),
):
    _Loader.add_implicit_resolver(_tag, _pattern, _first)
    # texts that the loader above would take for another value are quoted
    _Dumper.add_implicit_resolver(_tag, _pattern, _first)


def _text(dumper: Any, value: str) -> Any:
    style = "|" if "\n" in value and not re.search(r"[^\S\n]\n|\A\s|\r", value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def load(text: str) -> Any:
    """Read one YAML document as plain JSON values, key order kept.

    Raises:
        YamlUnreadable: It is not YAML, repeats a key, or has a value that JSON does not have; names the line.
    """
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  # a subclass of the safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark is not None else ""
        reason = getattr(error, "problem", None) or str(error)
        raise YamlUnreadable(f"{where}{reason}") from error
    except (ValueError, RecursionError) as error:
        if isinstance(error, YamlUnreadable):
            raise
        raise YamlUnreadable(str(error)) from error


def dump(value: Any) -> str:
    """Write plain JSON values as YAML that `load` reads back as the same values.

    Raises:
        ValueError: YAML cannot represent the value, for example half of a surrogate pair.
    """
    try:
        text = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    except (yaml.YAMLError, UnicodeError, RecursionError) as error:
        raise ValueError(f"cannot be written as YAML: {error}") from error
    return str(text)
