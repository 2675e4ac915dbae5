"""Normalisation of a description to the form of OpenAPI, so that no tool treats a part as empty.

A reference where OpenAPI allows none (an operation, a list of parameters, a mapping of properties …) is replaced by its
target, whose parts become references. An empty list or null in place of a mapping is an empty mapping, as PHP writes
it; any other wrong type is an error, and fields that OpenAPI does not define are reported.
"""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from scripts.descriptions.errors import DescriptionError, UnresolvedError
from scripts.descriptions.pointers import escape, last
from scripts.descriptions.source import split
from scripts.descriptions.structure import DATA, EXTENSIBLE, NEW_IN_3_2, REFERABLE, STRUCTURE
from scripts.descriptions.values import Json, Object, is_list, is_object

if TYPE_CHECKING:
    from scripts.descriptions.source import Source

__all__ = ["Normal", "Reference", "Unknown", "normalise"]


@frozen
class Reference:
    """Reference: the object and key that hold it, and the kind and location of its target."""

    holder: Object
    key: str
    kind: str
    goal: str
    at: str


@frozen
class Unknown:
    """Field that OpenAPI does not define: its location, the kind of its object, and its value."""

    at: str
    kind: str
    name: str
    value: Json = field(eq=False)


@define
class Normal:
    """Findings of the normalisation.

    Attributes:
        references: Every reference in an allowed place.
        unknown: The fields that this version of OpenAPI does not define.
        newer: The fields that OpenAPI 3.2 has added.
    """

    references: list[Reference] = field(factory=list[Reference])
    unknown: list[Unknown] = field(factory=list[Unknown])
    newer: list[Unknown] = field(factory=list[Unknown])


def normalise(source: Source) -> Normal:
    """Normalise a document, and the parts of other files to which it refers.

    Raises:
        UnresolvedError: A reference cannot be followed.
        DescriptionError: A value has a type that OpenAPI does not allow there.
    """
    walk = _Walk(source)
    walk.run()
    source.forget()
    return walk.found


@define
class _Walk:
    source: Source
    found: Normal = field(factory=Normal)
    _todo: list[tuple[Any, Any, str, str]] = field(factory=list[tuple[Any, Any, str, str]])
    _seen: set[tuple[str, str]] = field(factory=set[tuple[str, str]])

    def run(self) -> None:
        self._todo.append(({"": self.source.root}, "", "document", ""))
        while self._todo:
            holder, key, kind, at = self._todo.pop()
            self._visit(holder, key, kind, at)

    def _visit(self, holder: Any, key: Any, kind: str, at: str) -> None:
        if kind[0] == "{":
            self._mapping(holder, key, kind, at)
        elif kind[0] == "[":
            self._list(holder, key, kind, at)
        elif kind == "schema" and isinstance(holder[key], bool):
            return
        else:
            self._object(holder, key, kind, at)

    def _fail(self, at: str, what: str) -> DescriptionError:
        return DescriptionError(f"{self.source.path}: {at or 'the document'} is not {what}")

    def _mapping(self, holder: Any, key: Any, kind: str, at: str) -> None:
        if is_object(holder[key]) and isinstance(holder[key].get("$ref"), str):
            holder[key] = self._expanded(holder[key], kind, at)
        if not holder[key] and not is_object(holder[key]):
            holder[key] = {}
        value = holder[key]
        if not is_object(value):
            raise self._fail(at, "a mapping")
        extended = kind in {"{pathItem}", "{response}"} and "/components/" not in at[:12]
        for name in value:
            if not (extended and name.startswith("x-")):
                self._todo.append((value, name, kind[1:-1], f"{at}/{escape(name)}"))

    def _list(self, holder: Any, key: Any, kind: str, at: str) -> None:
        if is_object(holder[key]) and isinstance(holder[key].get("$ref"), str):
            holder[key] = self._expanded(holder[key], kind, at)
        if not holder[key] and not is_list(holder[key]):
            holder[key] = []
        value = holder[key]
        if not is_list(value):
            raise self._fail(at, "a list")
        for number in range(len(value)):
            self._todo.append((value, number, kind[1:-1], f"{at}/{number}"))

    def _object(self, holder: Any, key: Any, kind: str, at: str) -> None:
        if holder[key] is None or holder[key] == []:
            holder[key] = {}
        value = holder[key]
        if not is_object(value):
            raise self._fail(at, "an object")
        for keyword in ("$ref", "$dynamicRef") if kind == "schema" else ("$ref",):
            if isinstance(value.get(keyword), str) and kind in REFERABLE:
                self._refer(value, keyword, kind, at)
        if isinstance(value.get("$ref"), str):
            if kind in REFERABLE and (kind != "schema" or self.source.dialect == "3.0"):
                return
            if kind not in REFERABLE:
                made = self._expanded(value, kind, at)
                value.clear()
                value.update(made)
        self._fields(value, kind, at)

    def _fields(self, value: Object, kind: str, at: str) -> None:
        fields = STRUCTURE[kind]
        newest = self.source.version.startswith("3.2")
        for name, part in value.items():
            place = f"{at}/{escape(name)}"
            known = fields.get(name)
            if (kind, name) in NEW_IN_3_2:
                (self.found.newer if newest else self.found.unknown).append(Unknown(place, kind, name, part))
            if known:
                self._todo.append((value, name, known, place))
            elif known is not None and name not in DATA and (name != "enum" or is_object(part)):
                value[name] = self._plain(part, place)
            elif kind == "callback" and not name.startswith("x-"):
                self._todo.append((value, name, "pathItem", place))
            elif known is None and kind not in EXTENSIBLE and not name.startswith("x-"):
                self.found.unknown.append(Unknown(place, kind, name, part))

    # --- references ------------------------------------------------------------------------------------------------

    def _refer(self, value: Object, keyword: str, kind: str, at: str) -> None:
        """Record a reference, and visit its target."""
        goal = self.source.target(value[keyword], at)
        self.found.references.append(Reference(value, keyword, kind, goal, at))
        if (goal, kind) in self._seen:
            return
        self._seen.add((goal, kind))
        goal = self.source.real(goal)
        parent, slash, _ = goal.rpartition("/")
        holder: Any = self.source.at(parent) if slash and split(goal)[1] else None
        name: Any = int(last(goal)) if is_list(holder) else last(goal)
        if is_list(holder) or name in (holder or ()):
            self._todo.append((holder, name, kind, goal))
        else:  # a whole file, or the target of another reference
            self._todo.append(({"": self.source.at(goal)}, "", kind, goal))

    def _expanded(self, value: Object, kind: str, at: str) -> Json:
        """Return the target of a reference that OpenAPI does not allow here."""
        goal = self._goal(value, at)
        made = self._linked(self.source.at(goal), kind, goal, at, whole=True)
        beside = {name: part for name, part in value.items() if name != "$ref"}
        if not is_object(made):
            return made
        for name, part in beside.items():
            if name in made and made[name] != part and name not in {"summary", "description"}:
                raise DescriptionError(
                    f"{self.source.path}: {at} has a $ref beside `{name}`, which OpenAPI leaves undefined"
                )
            made[name] = part
        return made

    def _plain(self, value: Json, at: str, above: tuple[str, ...] = ()) -> Json:
        """Return a plain value with its references replaced by their targets, though OpenAPI allows none there."""
        if is_object(value) and isinstance(value.get("$ref"), str):
            goal = self._goal(value, at)
            if goal in above:
                raise UnresolvedError(f"{self.source.path}: the reference at {at} is circular")
            return self._plain(copy.deepcopy(self.source.at(goal)), goal, (*above, goal))
        if is_object(value):
            return {name: self._plain(part, f"{at}/{escape(name)}", above) for name, part in value.items()}
        if is_list(value):
            return [self._plain(part, f"{at}/{number}", above) for number, part in enumerate(value)]
        return value

    def _goal(self, value: Object, at: str) -> str:
        seen: set[str] = set()
        goal = at
        node: Json = value
        while is_object(node) and isinstance(node.get("$ref"), str):
            goal = self.source.real(self.source.target(node["$ref"], goal))
            if goal in seen:
                raise UnresolvedError(f"{self.source.path}: the reference at {at} is circular")
            seen.add(goal)
            node = self.source.at(goal)
        return goal

    def _linked(self, node: Json, kind: str, goal: str, at: str, *, whole: bool = False) -> Json:
        """Return a copy of the value at `goal` for the place `at`, with references to its parts."""
        if not whole and kind and is_object(node) and isinstance(node.get("$ref"), str):
            return {**node, "$ref": self.source.reference(self.source.target(node["$ref"], goal), at)}
        if kind[:1] == "{" and is_object(node):
            return {
                name: self._linked(part, kind[1:-1], f"{goal}/{escape(name)}", at)
                for name, part in node.items()
            }
        if kind[:1] == "[" and is_list(node):
            return [
                self._linked(part, kind[1:-1], f"{goal}/{number}", at) for number, part in enumerate(node)
            ]
        if whole and kind and is_object(node):
            fields = STRUCTURE[kind]
            return {
                name: self._linked(part, fields[name], f"{goal}/{escape(name)}", at)
                if name in fields
                else self._moved(part, f"{goal}/{escape(name)}", at)
                for name, part in node.items()
            }
        if kind and kind[0] not in "{[" and is_object(node):
            return {"$ref": self.source.reference(goal, at)}
        return copy.deepcopy(node)

    def _moved(self, node: Json, goal: str, at: str) -> Json:
        """Return a copy of an unknown value, with its references adapted to another file."""
        if is_list(node):
            return [self._moved(part, f"{goal}/{number}", at) for number, part in enumerate(node)]
        if not is_object(node):
            return node
        made = {name: self._moved(part, f"{goal}/{escape(name)}", at) for name, part in node.items()}
        if isinstance(node.get("$ref"), str):
            with suppress(UnresolvedError):  # only targets that are used are visited and must exist
                made["$ref"] = self.source.reference(self.source.target(node["$ref"], goal), at)
        return made
