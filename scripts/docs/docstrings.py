"""Markdown of classes and functions, from docstrings and signatures. Nothing is imported: griffe reads the source."""

from __future__ import annotations

import logging
import re
import textwrap
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import griffe

from scripts.docs.layout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["describe_class", "describe_function", "find", "prose", "public_members", "summary", "table"]

_WIDE = 88
logging.getLogger("griffe").setLevel(logging.ERROR)  # attrs classes document arguments that it sees as fields


@cache
def _package(name: str) -> griffe.Module:
    found = griffe.load(
        name,
        search_paths=[str(ROOT), str(ROOT / "generated")],
        docstring_parser="google",
        allow_inspection=False,
    )
    return cast("griffe.Module", found)


def find(path: str) -> Any:
    """Return the object at a dotted path below `korus` or `korus_api`, aliases followed."""
    package, _, rest = path.partition(".")
    found: Any = _package(package)
    for name in filter(None, rest.split(".")):
        found = found[name]
        if found.is_alias:
            found = find(found.target_path)
    return found


def summary(thing: Any) -> str:
    """Return the first paragraph of a docstring, on one line."""
    text = thing.docstring.value if thing.docstring else ""
    return prose(text.split("\n\n")[0]).replace("\n", " ")


def public_members(kind: Any) -> Iterator[Any]:
    """Yield the public methods and properties of a class, including those of its bases."""
    for name, member in {**kind.inherited_members, **kind.members}.items():
        if name.startswith("_") and name != "__getitem__":
            continue
        target = find(member.target_path) if member.is_alias else member
        if target.is_function or "property" in target.labels:
            yield target


def prose(text: str) -> str:
    """Convert reStructuredText's double backticks, roles and tables to Markdown."""
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text)
    text = text.replace("``", "`").replace("`~", "`")
    text = re.sub(
        r"[Rr]eference:? (\d[\w.]*)(?=[,.)\s])", r"[reference \1](../../openapi/REFERENCE.md)", text
    )
    text = re.sub(r"(?<=\n\n)((?: {4}.*\n|\n(?= {4}))+)", _fenced, text + "\n").removesuffix("\n")
    return re.sub(r"^(=+ =.*\n(?:.*\S.*\n)+=+ =.*)$", r"```text\n\1\n```", text, flags=re.MULTILINE)


def _fenced(indented: re.Match[str]) -> str:
    return f"```text\n{textwrap.dedent(indented[1]).rstrip()}\n```\n"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Write a Markdown table; a cell is one line, with escaped bars."""
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    lines += [f"| {' | '.join(map(_cell, row))} |" for row in rows]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _signature(thing: Any, name: str) -> str:
    """Return a formatted signature, with one parameter per line if it is long."""
    kinds = griffe.ParameterKind
    parts: list[str] = []
    starred = False
    for parameter in thing.parameters:
        if parameter.name in {"self", "cls"}:
            continue
        if parameter.kind is kinds.keyword_only and not starred:
            parts.append("*")
            starred = True
        stars = {kinds.var_positional: "*", kinds.var_keyword: "**"}.get(parameter.kind, "")
        starred = starred or stars == "*"
        text = stars + parameter.name + (f": {parameter.annotation}" if parameter.annotation else "")
        if parameter.default is not None and not stars:
            text += f" = {parameter.default}" if parameter.annotation else f"={parameter.default}"
        parts.append(text)
    returns = f" -> {thing.returns}" if thing.returns else ""
    short = f"{name}({', '.join(parts)}){returns}"
    if len(short) <= _WIDE:
        return short
    return f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){returns}"


def _is_property(thing: Any) -> bool:
    return "property" in thing.labels or any(
        str(one.value) == "lazy" for one in getattr(thing, "decorators", ())
    )


def describe_function(thing: Any, name: str, level: int) -> str:
    """Write a function's heading, signature and docstring."""
    if _is_property(thing):
        kind = getattr(thing, "annotation", None) or getattr(thing, "returns", None)
        return (
            f"{'#' * level} {name}\n\nProperty"
            + (f" of type `{kind}`" if kind else "")
            + f".\n\n{_sections(thing)}"
        )
    return f"{'#' * level} {name}\n\n```py\n{_signature(thing, name)}\n```\n\n{_sections(thing)}"


def describe_class(thing: Any, name: str, level: int, *, fields: bool = True) -> str:
    """Write a class's heading, docstring and members."""
    out = [f"{'#' * level} {name}\n\n{_sections(thing)}"]
    documented = {
        entry.name
        for section in (thing.docstring.parsed if thing.docstring else ())
        if section.kind.value == "attributes"
        for entry in section.value
    }
    attributes = [
        member
        for key, member in thing.members.items()
        if not key.startswith("_") and member.is_attribute and "property" not in member.labels
        if key not in documented and member.annotation is not None
    ]
    if fields and attributes:
        rows = [(f"`{one.name}`", f"`{one.annotation}`", summary(one)) for one in attributes]
        out.append(table(("field", "type", "meaning"), rows) + "\n")
    out += [describe_function(one, f"{name}.{one.name}", level + 1) for one in public_members(thing)]
    return "\n".join(out)


def _sections(thing: Any) -> str:
    if not thing.docstring:
        return ""
    return "".join(_section(section) for section in thing.docstring.parsed)


def _section(section: Any) -> str:
    kind, value = section.kind.value, section.value
    match kind:
        case "text":
            text = prose(value)
        case "parameters" | "attributes":
            head = ("argument" if kind == "parameters" else "field", "meaning")
            text = table(head, [(f"`{one.name}`", prose(one.description)) for one in value])
        case "raises":
            text = table(
                ("raises", "when"), [(f"`{one.annotation}`", prose(one.description)) for one in value]
            )
        case "returns" | "yields":
            said = " ".join(prose(one.description) for one in value).replace("\n", " ")
            text = f"**{kind.title()}** {said}"
        case "examples":
            text = "\n\n".join(f"```text\n{example}\n```" for _, example in value)
        case "admonition" if ">>>" in value.description:
            text = f"**Example**\n\n```text\n{value.description.strip()}\n```"
        case "admonition":
            text = f"**{section.title or value.kind.title()}** {prose(value.description)}"
        case _:
            raise ValueError(f"no way to write a section of the kind {kind!r} of a docstring")
    return text + "\n\n"
