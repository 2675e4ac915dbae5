"""Python expressions of a property: its type, and how it is read and written.

The templates call these functions with the generator's property objects. Common cases become one direct call; unions
of several models, which are rare, become a call that tries them in order. No names are chosen here.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from openapi_python_client.parser.properties import AnyProperty, EnumProperty, ModelProperty
from openapi_python_client.parser.properties.boolean import BooleanProperty
from openapi_python_client.parser.properties.const import ConstProperty
from openapi_python_client.parser.properties.date import DateProperty
from openapi_python_client.parser.properties.datetime import DateTimeProperty
from openapi_python_client.parser.properties.file import FileProperty
from openapi_python_client.parser.properties.float import FloatProperty
from openapi_python_client.parser.properties.int import IntProperty
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.parser.properties.none import NoneProperty
from openapi_python_client.parser.properties.union import UnionProperty

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Direction: TypeAlias = Literal["read", "request", "parameter", "answer", "content"]

_PLAIN: tuple[tuple[type, str], ...] = (
    (BooleanProperty, "bool"),
    (DateTimeProperty, "datetime.datetime"),
    (DateProperty, "datetime.date"),
    (IntProperty, "int"),
    (FloatProperty, "float"),
    (NoneProperty, "None"),
    (AnyProperty, "Any"),
)
_FILE: Mapping[Direction, str] = {"read": "str", "answer": "bytes", "content": "bytes | str"}


def literal(value: Any) -> str:
    """Write text, numbers, None and tuples of them as Python, text in double quotes."""
    if isinstance(value, str):
        return _double_quoted(value)
    if isinstance(value, tuple | list):
        parts = [literal(item) for item in cast("list[Any]", value)]
        return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"
    return repr(value)


def _double_quoted(text: str) -> str:
    # a JSON string is a Python string except for lone surrogates and separators, which are safe as ASCII escapes
    printable = text.isprintable()
    return json.dumps(text, ensure_ascii=not printable)


def python_type(prop: Any, direction: Direction) -> str:
    """Write the type of a property, without `Unset`."""
    parts = list(dict.fromkeys(_types(prop, direction)))
    if "Any" in parts and not imported(prop) and not any(part.startswith("Literal") for part in parts):
        return "Any"
    parts.sort(key=lambda part: ("None", "Any").index(part) if part in {"None", "Any"} else -1)
    return " | ".join(parts)


def _types(prop: Any, direction: Direction) -> list[str]:
    if isinstance(prop, UnionProperty):
        return [part for inner in prop.inner_properties for part in _types(inner, direction)]
    if isinstance(prop, ListProperty):
        return [f"list[{python_type(prop.inner_property, direction)}]"]
    if isinstance(prop, ModelProperty):
        return [str(prop.class_info.name)]
    if isinstance(prop, EnumProperty):
        plain = [] if direction in {"read", "answer"} else ["int" if prop.value_type is int else "str"]
        return [str(prop.class_info.name), *plain]
    if isinstance(prop, ConstProperty):
        return [f"Literal[{literal(prop.value.raw_value)}]"]
    # in JSON, `format: binary` is text: a file cannot be sent there
    own = _FILE.get(direction, "File | str").split(" | ") if isinstance(prop, FileProperty) else []
    return own or [next((name for kind, name in _PLAIN if isinstance(prop, kind)), "str")]


def _branches(prop: Any) -> list[Any]:
    if isinstance(prop, UnionProperty):
        return [branch for inner in prop.inner_properties for branch in _branches(inner)]
    return [prop]


def _reader(prop: Any, discriminators: list[dict[str, Any]]) -> Callable[[str], str] | None:
    """Return the function that builds the reading expression, or None if the value is used as it is."""
    branches = _branches(prop)
    models = [branch for branch in branches if isinstance(branch, ModelProperty)]
    found: list[Callable[[str], str]] = []
    # a calendar date is also a valid timestamp, so the stricter reader comes first
    for kind, name in ((DateProperty, "read_date"), (DateTimeProperty, "read_datetime")):
        if any(isinstance(branch, kind) for branch in branches):
            found.append(_call(name))
    found.extend(
        _call(f"{branch.class_info.name}.read") for branch in branches if isinstance(branch, EnumProperty)
    )
    if models:
        found.append(_model_reader([str(model.class_info.name) for model in models], discriminators))
    found.extend(
        reader
        for branch in branches
        if isinstance(branch, ListProperty) and (reader := _list_reader(branch, discriminators)) is not None
    )
    if len(found) < 2:  # noqa: PLR2004 - one way of reading needs no choice
        return found[0] if found else None
    ways = ", ".join(f"lambda value: {way('value')}" for way in found)
    return lambda source: f"read_first({source}, {ways})"


def _call(function: str) -> Callable[[str], str]:
    return lambda source: f"{function}({source})"


def _model_reader(names: list[str], discriminators: list[dict[str, Any]]) -> Callable[[str], str]:
    if len(names) == 1:
        return lambda source: f"read_model({names[0]}, {source})"
    listed = ", ".join(names)
    chosen = next((known for known in discriminators if set(known["classes"]) == set(names)), None)
    if chosen is None:
        return lambda source: f"read_one_of({source}, ({listed}))"
    by_value = ", ".join(f"{literal(value)}: {name}" for value, name in chosen["values"].items())
    return lambda source: f"read_one_of({source}, ({listed}), {literal(chosen['property'])}, {{{by_value}}})"


def _list_reader(prop: Any, discriminators: list[dict[str, Any]]) -> Callable[[str], str] | None:
    inner = prop.inner_property
    if isinstance(inner, ModelProperty):
        return lambda source: f"read_models({inner.class_info.name}, {source})"
    if isinstance(inner, DateProperty):
        return lambda source: f"read_list(read_date, {source})"
    if isinstance(inner, DateTimeProperty):
        return lambda source: f"read_list(read_datetime, {source})"
    if isinstance(inner, EnumProperty):
        return lambda source: f"read_list({inner.class_info.name}.read, {source})"
    reader = _reader(inner, discriminators)
    return None if reader is None else lambda source: f"read_list(lambda item: {reader('item')}, {source})"


def read_expression(prop: Any, source: str, discriminators: list[dict[str, Any]]) -> str:
    """Write the expression that reads a property from `source`."""
    reader = _reader(prop, discriminators)
    return source if reader is None else reader(source)


def is_read_late(prop: Any) -> bool:
    """Return True if a property can hold objects or lists, which are read on first access."""
    return any(
        isinstance(branch, ModelProperty)
        or (isinstance(branch, ListProperty) and _list_reader(branch, []) is not None)
        for branch in _branches(prop)
    )


def write_expression(prop: Any, source: str) -> str:
    """Write the expression that converts a property to JSON values."""
    if isinstance(prop, ModelProperty):
        return f"{source}.to_dict()"
    if isinstance(prop, ListProperty) and isinstance(prop.inner_property, ModelProperty):
        return f"[item.to_dict() for item in {source}]"
    simple = all(
        isinstance(branch, BooleanProperty | IntProperty | FloatProperty | NoneProperty | ConstProperty)
        or type(branch).__name__ == "StringProperty"
        for branch in _branches(prop)
    )
    return source if simple else f"write_value({source})"


def imported(prop: Any) -> set[tuple[str, str]]:
    """Return the models and enums in a property's type, as (module, class)."""
    if isinstance(prop, UnionProperty):
        return {pair for inner in prop.inner_properties for pair in imported(inner)}
    if isinstance(prop, ListProperty):
        return imported(prop.inner_property)
    if isinstance(prop, EnumProperty | ModelProperty):
        return {(str(prop.class_info.module_name), str(prop.class_info.name))}
    return set()


def names_used(code: str) -> set[str]:
    """Return the names that code uses, without those in text and attributes, to import only these."""
    return set(_NAME.findall(_TEXT.sub(_code_within, code)))


# parsing every module would take a tenth of the whole run
_TEXT = re.compile(r'""".*?"""|#[^\n]*|f?"(?:\\.|[^"\\\n])*"', re.DOTALL)
_NAME = re.compile(r"(?<![\w.])[^\W\d]\w*")


def _code_within(text: re.Match[str]) -> str:
    return " ".join(re.findall(r"{([^{}]*)}", text[0])) if text[0].startswith('f"') else " "
