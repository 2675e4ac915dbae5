"""Readers of the keywords that constrain scalar values."""

from __future__ import annotations

from scripts.compare.wire.merging import tighter
from scripts.compare.wire.shapes import KINDS, Branch, kind_of, token
from scripts.descriptions.values import Json, as_list

__all__ = ["read_number", "read_string", "read_values", "stated_types"]

NUMBER_FORMATS = frozenset(
    {"int32", "int64", "float", "double", "decimal", "int8", "int16", "uint8", "uint32", "uint64"}
)


def stated_types(content: dict[str, Json]) -> dict[str, bool]:
    """Return the types of a schema, and True if ``number`` allows only integers."""
    stated = content.get("type")
    if stated is None:
        return dict.fromkeys(KINDS, False)
    named = [name for name in (as_list(stated) or [stated]) if isinstance(name, str)]
    kinds: dict[str, bool] = {}
    for name in named:
        if name == "integer":
            kinds.setdefault("number", True)
        elif name == "number":
            kinds["number"] = False
        elif name in KINDS:
            kinds[name] = False
        elif name == "any":
            return dict.fromkeys(KINDS, False)
    return kinds


def read_values(content: dict[str, Json], branches: dict[str, Branch], location: str) -> None:
    """Read the enumerated values of each type, and keep only types with values."""
    lists: list[list[Json]] = []
    if isinstance(content.get("enum"), list):
        lists.append(as_list(content["enum"]))
    if "const" in content:
        lists.append([content["const"]])
    for values in lists:
        for kind in list(branches):
            branch = branches[kind]
            mine = {token(value): value for value in values if kind_of(value) == kind}
            if branch.values is not None:
                mine = {key: value for key, value in mine.items() if key in branch.values}
            if not mine:
                del branches[kind]
                continue
            if kind == "null" or (kind == "boolean" and len(mine) == 2):  # noqa: PLR2004 - explained by its use
                continue
            branch.values = mine
            branch.origins["enum"] = location


def read_number(content: dict[str, Json], branch: Branch, location: str, *, integer: bool) -> None:
    """Read the constraints of numbers."""
    limits, origins = branch.limits, branch.origins
    if integer:
        limits["integer"] = True
        origins["integer"] = location
    for name, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        bounds: list[tuple[float, bool]] = []
        value, beside = content.get(name), content.get(exclusive)
        if isinstance(value, int | float) and not isinstance(value, bool):
            bounds.append((value, beside is True))
        if isinstance(beside, int | float) and not isinstance(beside, bool):
            bounds.append((beside, True))
        if bounds:
            limits[name] = bounds[0] if len(bounds) == 1 else tighter(name, *bounds)
            origins[name] = location
    step = content.get("multipleOf")
    if isinstance(step, int | float) and not isinstance(step, bool):
        limits["multipleOf"] = frozenset({step})
        origins["multipleOf"] = location
    stated = content.get("format")
    if isinstance(stated, str) and (
        "type" not in content or stated in NUMBER_FORMATS or "string" not in stated_types(content)
    ):
        limits["format"] = frozenset({stated})
        origins["format"] = location


def read_string(content: dict[str, Json], branch: Branch, location: str) -> None:  # noqa: C901 - a flat list of cases
    """Read the constraints of strings."""
    limits, origins = branch.limits, branch.origins
    for name, idle in (("minLength", 0), ("maxLength", None)):
        value = content.get(name)
        if isinstance(value, int | float) and value != idle:
            limits[name] = value
            origins[name] = location
    pattern = content.get("pattern")
    if isinstance(pattern, str) and pattern not in {"", ".*", "^.*$"}:
        limits["pattern"] = frozenset({_pattern(pattern)})
        origins["pattern"] = location
    stated = content.get("format")
    encoding, media = content.get("contentEncoding"), content.get("contentMediaType")
    if isinstance(stated, str) and stated not in NUMBER_FORMATS:
        if stated == "byte":
            encoding = encoding or "base64"
        elif stated == "binary":
            media = media or "application/octet-stream"
        else:
            limits["format"] = frozenset({stated})
            origins["format"] = location
    elif isinstance(stated, str) and "number" not in stated_types(content):
        limits["format"] = frozenset({stated})
        origins["format"] = location
    for name, value in (("contentEncoding", encoding), ("contentMediaType", media)):
        if isinstance(value, str):
            limits[name] = frozenset({value})
            origins[name] = location
    if isinstance(content.get("contentSchema"), dict):
        limits["contentSchema"] = frozenset({token(content["contentSchema"])})
        origins["contentSchema"] = location


def _pattern(pattern: str) -> str:
    """Return a pattern without parts that do not affect a search."""
    if pattern.endswith(".*") and not pattern.endswith("\\.*"):
        pattern = pattern.removesuffix(".*")
    return pattern.replace("[0-9]", r"\d")
