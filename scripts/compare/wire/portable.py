"""Conversion of a schema of a description to a self-contained JSON Schema (2020-12).

The keywords are copied literally, so that a validator checks the description and not the normal form of this package.
Annotations are left out, 3.0 is converted to 3.1, and each direction has its own schema: read-only properties are not
required in requests, write-only ones not in responses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema_rs

from scripts.compare.wire.documents import ComparisonError
from scripts.descriptions.pointers import escape
from scripts.descriptions.values import Json, as_list, as_object

if TYPE_CHECKING:
    from scripts.compare.wire.book import Book
    from scripts.compare.wire.rules import Direction

__all__ = ["INT_RANGES", "MOST_REFERENCES", "Portable", "compiled"]

MOST_REFERENCES = 300
"""The maximum number of schemas referenced by a validated schema, since the time grows with its square."""

COPIED = frozenset(
    {
        "type",
        "enum",
        "const",
        "format",
        "pattern",
        "minLength",
        "maxLength",
        "minimum",
        "maximum",
        "multipleOf",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minContains",
        "maxContains",
        "minProperties",
        "maxProperties",
        "required",
        "dependentRequired",
    }
)
ONE = frozenset(
    {
        "items",
        "additionalProperties",
        "unevaluatedProperties",
        "unevaluatedItems",
        "not",
        "if",
        "then",
        "else",
        "contains",
        "propertyNames",
    }
)
SEVERAL = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
NAMED = frozenset({"properties", "patternProperties", "dependentSchemas"})
TYPES = frozenset({"null", "boolean", "number", "integer", "string", "array", "object"})


INT_RANGES = {
    "int8": (-(2**7), 2**7 - 1),
    "int16": (-(2**15), 2**15 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint8": (0, 2**8 - 1),
    "uint32": (0, 2**32 - 1),
    "uint64": (0, 2**64 - 1),
}


def _url(value: Any) -> bool:
    return not isinstance(value, str) or jsonschema_rs.is_valid(
        {"format": "uri"}, value, validate_formats=True
    )


class Portable:
    """Schemas of one document, as JSON Schemas for one direction."""

    def __init__(self, book: Book, direction: Direction | None) -> None:
        self.book = book
        self.document = book.document
        self._hidden = {"request": "readOnly", "response": "writeOnly", None: ""}[direction]
        self._written: dict[str, tuple[Json, frozenset[str]]] = {}
        self._large: set[tuple[str, int]] = set()

    def schema(self, core: tuple[str, ...], most: int) -> dict[str, Json] | None:
        """Return the schema of the constraints at some locations.

        Args:
            core: The locations.
            most: The maximum number of other schemas to which it refers.

        Returns:
            The schema, or None if it refers to more.
        """
        definitions: dict[str, Json] = {}
        todo = list(core)
        while todo:
            location = todo.pop()
            if location in definitions:
                continue
            # a schema with a reference to one that is too large is too large
            if len(definitions) > most or (location, most) in self._large:
                self._large.update((start, most) for start in core if len(core) == 1)
                return None
            content, targets = self._write(location)
            definitions[location] = content
            todo.extend(targets - definitions.keys())
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "allOf": [{"$ref": f"#/$defs/{escape(escape_percent(location))}"} for location in core],
            "$defs": dict(definitions.items()),
        }

    def _write(self, location: str) -> tuple[Json, frozenset[str]]:
        found = self._written.get(location)
        if found is None:
            targets: set[str] = set()
            found = (self._convert(location, targets), frozenset(targets))
            self._written[location] = found
        return found

    def _convert(self, location: str, targets: set[str]) -> Json:
        node = self.document.at(location)
        if isinstance(node, bool):
            return node
        content = as_object(node)
        out: dict[str, Json] = {}
        reference = content.get("$ref", content.get("$dynamicRef"))
        if isinstance(reference, str):
            goal = self.document.target(reference, location)
            targets.add(goal)
            out["$ref"] = f"#/$defs/{escape(escape_percent(goal))}"
            if self.document.dialect == "3.0":
                return out
        for key, value in content.items():
            place = f"{location}/{key}"
            if key in COPIED:
                out[key] = value
            elif key in ONE and isinstance(value, dict | bool):
                out[key] = self._convert(place, targets)
            elif key in SEVERAL and isinstance(value, list):
                out[key] = [self._convert(f"{place}/{i}", targets) for i in range(len(as_list(value)))]
            elif key in NAMED and isinstance(value, dict):
                out[key] = {
                    name: self._convert(f"{place}/{escape(name)}", targets) for name in as_object(value)
                }
        self._correct(location, content, out)
        if self.document.dialect == "3.0" and content.get("nullable") is True:
            return {"anyOf": [out, {"type": "null"}]}
        return out

    def _correct(self, location: str, content: dict[str, Json], out: dict[str, Json]) -> None:
        types = as_list(out.get("type")) or [out.get("type")]
        if not all(isinstance(kind, str) and kind in TYPES for kind in types):
            out.pop("type", None)
        for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            value = content.get(exclusive)
            if value is True and bound in out:
                out[exclusive] = out.pop(bound)
            elif isinstance(value, int | float) and not isinstance(value, bool):
                out[exclusive] = value
        if out.get("format") in {"byte", "binary"}:
            del out["format"]
        # the validator supports only formats of text
        bounds = INT_RANGES.get(str(out.get("format")))
        if bounds is not None and out.get("type") != "string":
            out["allOf"] = [*as_list(out.get("allOf")), {"minimum": bounds[0], "maximum": bounds[1]}]
        required = [
            name for name in as_list(out.get("required")) if not self._is_hidden(location, content, name)
        ]
        if required:
            out["required"] = required
        else:
            out.pop("required", None)

    def _is_hidden(self, location: str, content: dict[str, Json], name: str) -> bool:
        if not self._hidden:
            return False
        declared = as_object(as_object(content.get("properties")).get(name))
        if declared.get(self._hidden) is True:
            return True
        reference = declared.get("$ref")
        if isinstance(reference, str):
            try:
                return (
                    as_object(self.document.at(self.document.target(reference, location))).get(self._hidden)
                    is True
                )
            except ComparisonError:
                return False
        return False


def escape_percent(text: str) -> str:
    """Escape the characters that a reference cannot contain."""
    return (
        text.replace("%", "%25")
        .replace("#", "%23")
        .replace(" ", "%20")
        .replace('"', "%22")
        .replace("<", "%3C")
        .replace(">", "%3E")
        .replace("{", "%7B")
        .replace("}", "%7D")
        .replace("^", "%5E")
        .replace("\\", "%5C")
        .replace("`", "%60")
        .replace("|", "%7C")
    )


def compiled(schema: dict[str, Json]) -> Any:
    """Return a validator; None if it does not support a pattern or keyword."""
    try:
        return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, formats={"url": _url})
    except (ValueError, TypeError, jsonschema_rs.ReferencingError):
        return None
