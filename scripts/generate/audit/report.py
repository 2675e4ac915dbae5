"""Comparison of the description with the generated code.

The audit visits each operation and schema of the description together with the type at the same place in the code: a
property is found if the class reads or writes its key. Parts that the code lacks must have been left out with a
reason. If anything else is missing, nothing is written.
"""

from __future__ import annotations

import ast
import functools
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, field

from scripts.descriptions.values import is_object
from scripts.generate.audit.code import Endpoint, Hint, Model, Package, inner, literals, names, read_package
from scripts.generate.audit.described import (
    Schema,
    all_declarations,
    called_by_the_api,
    components,
    operations,
    see_through,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scripts.descriptions.values import Object
    from scripts.generate.audit.described import Declaration, Place
    from scripts.generate.prepare.shapes import LeftOut

_WEIGHT = {"left out": 0, "found": 1, "missing": 2}
_HIDDEN = {"readOnly": "read only: not part of a request", "writeOnly": "write only: not part of a response"}

ANYWHERE = ast.Name(id="?")
"""The type of a schema that no operation uses: any class with all its properties is accepted."""

KINDS = (
    "operations",
    "parameters",
    "properties",
    "enum values",
    "request media types",
    "response media types",
)


@define
class Report:
    """Result of the audit.

    Attributes:
        described: The number of parts of each kind in the description.
        found: The number of them in the code.
        left_out: The parts left out on purpose, with the reason.
        left_out_kinds: The number of them by kind.
        missing: The readable places of missing parts.
        code: The number of parts in the code, by kind.
    """

    described: Counter[str] = field(factory=Counter[str])
    found: Counter[str] = field(factory=Counter[str])
    left_out: dict[str, str] = field(factory=dict[str, str])
    left_out_kinds: Counter[str] = field(factory=Counter[str])
    missing: list[str] = field(factory=list[str])
    code: Counter[str] = field(factory=Counter[str])

    def text(self) -> str:
        """Return the printed report, with the counts at the end."""
        lines: list[str] = []
        if self.missing:
            lines.append(f"{len(self.missing)} parts missing in the generated code:")
            lines += [f"  {place}" for place in self.missing]
        by_reason: dict[str, list[str]] = {}
        for what, reason in sorted(self.left_out.items()):
            by_reason.setdefault(reason, []).append(what)
        if by_reason:
            lines.append("left out on purpose:")
        for reason, things in sorted(by_reason.items()):
            lines.append(f"  {reason}:")
            lines += [f"    {what}" for what in things]
        lines.append(
            "the code has " + ", ".join(f"{count} {kind}" for kind, count in self.code.items()) + "."
        )
        lines.append(f"{'audit':<22}{'description':>12}{'generated':>12}{'left out':>12}{'missing':>12}")
        for kind in KINDS:
            described, found, left = self.described[kind], self.found[kind], self.left_out_kinds[kind]
            lines.append(f"{kind:<22}{described:>12}{found:>12}{left:>12}{described - found - left:>12}")
        return "\n".join(lines)


def audit(description: Object, folder: Path, left_out: Sequence[LeftOut] = ()) -> Report:
    """Compare a description with the generated package in `folder`.

    Args:
        description: The corrected description, before its preparation.
        folder: The generated package.
        left_out: The parts that the preparation left out. All others must be in the code.
    """
    package = read_package(Path(folder))
    walk = _Walk(description, package, {entry.at: entry.reason for entry in left_out})
    walk.all_operations()
    walk.all_components()
    report = walk.finish()
    report.code = Counter(
        {
            "operations": len(package.endpoints),
            "parameters": sum(len(endpoint.parameters) for endpoint in package.endpoints.values()),
            "classes": len(package.models),
            "attributes": sum(len(model.attributes) for model in package.models.values()),
            "enums": len(package.enums),
            "enum values": sum(len(values) for values in package.enums.values()),
        }
    )
    return report


_TRIALS = 20


def _is_marked(places: Sequence[Place], mark: str) -> bool:
    return any(is_object(place.schema) and place.schema.get(mark) is True for place in places)


def _alike(name: str, other: str) -> bool:
    return "".join(filter(str.isalnum, name)).lower() == "".join(filter(str.isalnum, other)).lower()


def _members(hint: Hint | None) -> Hint | None:
    """Return the type of the items of all lists in a type."""
    if hint is ANYWHERE:
        return hint
    return _any_of(inner(hint))


def _any_of(hints: list[Hint]) -> Hint | None:
    return functools.reduce(lambda one, other: ast.BinOp(one, ast.BitOr(), other), hints) if hints else None


@define
class _Walk:
    document: Object
    package: Package
    reasons: dict[str, str]
    things: dict[tuple[str, str], str] = field(factory=dict[tuple[str, str], str])
    state: dict[tuple[str, str], str] = field(factory=dict[tuple[str, str], str])
    excuses: dict[tuple[str, str], str] = field(factory=dict[tuple[str, str], str])
    visited: set[tuple[str, str, str]] = field(factory=set[tuple[str, str, str]])
    inside: list[str] = field(factory=list[str])

    # --- accounting ------------------------------------------------------------------------------------

    def account(self, kind: str, at: str, label: str, *, found: bool, reason: str | None = None) -> None:
        """Record the state of one part; over all its uses, missing has priority over found, found over left out."""
        key = (kind, at)
        state = "found" if found else "missing"
        if not found:
            reason = reason or self.reason(at)
            state = "missing" if reason is None else "left out"
        known = self.state.get(key)
        if known is None or _WEIGHT[state] > _WEIGHT[known]:
            self.state[key] = state
            self.things[key] = label
            self.excuses[key] = reason or ""

    def reason(self, at: str) -> str | None:
        """Return the reason why the part at a pointer, or a part that contains it, was left out."""
        place = at.rpartition("\t")[2].partition("\n")[0]
        while place:
            if place in self.reasons:
                return self.reasons[place]
            place = place.rpartition("/")[0]
        return None

    def finish(self) -> Report:
        """Return the report."""
        report = Report()
        for (kind, at), label in self.things.items():
            report.described[kind] += 1
            state = self.state[kind, at]
            if state == "found":
                report.found[kind] += 1
            elif state == "left out":
                report.left_out_kinds[kind] += 1
                report.left_out[label] = self.excuses[kind, at]
            else:
                report.missing.append(label)
        return report

    # --- operations ------------------------------------------------------------------------------------

    def all_operations(self) -> None:
        """Compare all operations, with parameters, bodies and responses."""
        for operation in operations(self.document):
            label = f"{operation.method} {operation.path}"
            endpoint = self.package.endpoints.get((operation.method, operation.path))
            listed = endpoint is not None and endpoint.module in self.package.listed
            self.account("operations", operation.at, f"operation {label}", found=listed)
            known = endpoint or Endpoint("")
            for parameter in operation.parameters:
                place, wire = parameter.place, parameter.name
                found = known.parameters.get((place, wire))
                what = f"{label}: parameter {wire} in {place}"
                self.account("parameters", f"{operation.at}\t{parameter.at}", what, found=found is not None)
                if found is not None:
                    self.schema(parameter.schema, parameter.schema_at, found, "request", what)
            self._body(operation, known, label)
            self._answers(operation, known, label)

    def _body(self, operation: Any, endpoint: Endpoint, label: str) -> None:
        for media in operation.bodies:
            sent = "application/json" if media.media_type in {"*/*", "application/*"} else media.media_type
            hint = endpoint.bodies.get(media.media_type) or endpoint.bodies.get(sent)
            what = f"{label}: request body as {media.media_type}"
            self.account("request media types", f"{operation.at}\t{media.at}", what, found=hint is not None)
            if hint is not None and self.reason(f"{media.at}/schema") is None:
                self.schema(media.schema, f"{media.at}/schema", hint, "request", what)

    def _answers(self, operation: Any, endpoint: Endpoint, label: str) -> None:
        for answer in operation.answers:
            handled = answer.status in endpoint.answers
            sent = endpoint.media.get(answer.status)
            for media in answer.media:
                what = f"{label}: {answer.status} as {media.media_type}"
                asked = sent == media.media_type and media.media_type in endpoint.accept
                self.account(
                    "response media types", f"{operation.at}\t{media.at}", what, found=handled and asked
                )
                if handled and asked and self.reason(f"{media.at}/schema") is None:
                    hint = endpoint.answers[answer.status]
                    self.schema(media.schema, f"{media.at}/schema", hint, "read", what)
            if not answer.media and not handled:
                self.account(
                    "response media types",
                    f"{operation.at}\t{answer.at}",
                    f"{label}: {answer.status}",
                    found=False,
                )

    # --- schemas ---------------------------------------------------------------------------------------

    def schema(self, schema: Any, at: str, hint: Hint | None, direction: str, label: str) -> None:
        """Compare a schema with the type `hint` at the same place in the code."""
        if schema is None:
            return
        seen = see_through(self.document, schema, at)
        key = (seen.at, direction, ast.dump(hint) if hint is not None else "")
        if key in self.visited or seen.at in self.inside:
            return
        self.visited.add(key)
        self.inside.append(seen.at)
        self._inside(seen, hint, direction, label)
        self.inside.pop()

    def _inside(self, seen: Schema, hint: Hint | None, direction: str, label: str) -> None:
        for branch in seen.branches:
            self.schema(branch.schema, branch.at, hint, direction, label)
        if seen.properties:
            self._properties(seen, hint, direction, label)
        self._values(seen, hint, label)
        for item in seen.items:
            self.schema(item.schema, item.at, _members(hint), direction, f"{label}, each item")
        for extra in seen.additional:
            models = self._models(hint, direction, set(seen.properties))
            found = _any_of([model.extra for model in models if model.extra is not None])
            others = ANYWHERE if hint is ANYWHERE else found
            self.schema(extra.schema, extra.at, others, direction, f"{label}, other keys")

    def _models(self, hint: Hint | None, direction: str, wires: set[str]) -> list[Model]:
        if hint is ANYWHERE:
            return self._covering(wires)[:_TRIALS] if wires else []
        found = [self.package.models[name] for name in names(hint) if name in self.package.models]
        return [model for model in found if model.reads == (direction == "read")]

    def _properties(self, seen: Schema, hint: Hint | None, direction: str, label: str) -> None:
        wires = set(seen.properties)
        models = self._models(hint, direction, wires)
        hidden = "writeOnly" if direction == "read" else "readOnly"
        model = max(
            models, key=lambda one: (len(wires & set(one.attributes)), -len(one.attributes)), default=None
        )
        best = len(wires & set(model.attributes)) if model is not None else 0
        alike = [one for one in models if len(wires & set(one.attributes)) == best]
        for wire, places in seen.properties.items():
            attribute = model.attributes.get(wire) if model is not None else None
            where = f"{model.name}.{wire}" if model is not None else f"{wire} of {label}"
            # models of a union may share keys: nested parts may be in any of them
            inside = _any_of([one.attributes[wire] for one in alike if wire in one.attributes])
            for place in places:
                schema = place.schema if is_object(place.schema) else {}
                excuse = _HIDDEN[hidden] if schema.get(hidden) is True else None
                what = f"property {where} ({place.at})"
                self.account("properties", place.at, what, found=attribute is not None, reason=excuse)
                if attribute is not None:
                    self.schema(place.schema, place.at, inside, direction, f"property {where}")

    def _values(self, seen: Schema, hint: Hint | None, label: str) -> None:
        for place, values in seen.values:
            listed = [self.package.enums.get(name, []) for name in names(hint)]
            if hint is ANYWHERE:
                listed = [one for one in self.package.enums.values() if any(value in values for value in one)]
            known = [value for one in listed for value in one] + literals(hint)
            for value in values:
                what = f"enum value {value!r} of {label} ({place})"
                found = any(value == other and type(value) is type(other) for other in known)
                self.account("enum values", f"{place}\n{value!r}", what, found=found)

    def all_components(self) -> None:
        """Compare schemas that no operation uses, each with a class that has all its properties."""
        for name, at, schema in components(self.document):
            alias = is_object(schema) and set(schema) == {"$ref"}
            if alias or at in self.reasons or any(visited == at for visited, _, _ in self.visited):
                continue
            self._anywhere(name, at, schema)
        for at, label in called_by_the_api(self.document):
            self.account("operations", at, label, found=False, reason="called by the API, not by a client")
        self._add_unvisited()

    def _anywhere(self, name: str, at: str, schema: Any) -> None:
        """Compare a schema with the class that has all its properties and nested properties."""
        properties = see_through(self.document, schema, at).properties
        wires = set(properties)
        hidden = {
            "read": {wire for wire, places in properties.items() if _is_marked(places, "writeOnly")},
            "request": {wire for wire, places in properties.items() if _is_marked(places, "readOnly")},
        }
        candidates = (
            sorted(self._covering(wires, hidden), key=lambda model: not _alike(model.name, name))
            if wires
            else []
        )
        label = f"schema {name}"
        for model in candidates[:_TRIALS]:
            hint = ast.Name(id=model.name)
            direction = "read" if model.reads else "request"
            trial = _Walk(self.document, self.package, self.reasons, visited=set(self.visited))
            trial.schema(schema, at, hint, direction, label)
            if "missing" not in trial.state.values():
                self.schema(schema, at, hint, direction, label)
                return
        direction = "read" if not candidates or candidates[0].reads else "request"
        self.schema(schema, at, ANYWHERE, direction, label)

    def _covering(self, wires: set[str], hidden: Mapping[str, set[str]] | None = None) -> list[Model]:
        """Return the classes with all these keys, except those hidden in their direction."""
        left_out = hidden or {}
        covering = [
            model
            for model in self.package.models.values()
            if wires - left_out.get("read" if model.reads else "request", set()) <= set(model.attributes)
        ]
        return sorted(covering, key=lambda model: (not model.reads, len(model.attributes), model.name))

    def _add_unvisited(self) -> None:
        """Record properties and values that were not visited."""
        for declared in all_declarations(self.document):
            self._declared(declared, self._around(declared.at))

    def _declared(self, declared: Declaration, reason: str | None) -> None:
        """Record a property or values that are not in the code, unless they were visited."""
        if declared.name is not None and ("properties", declared.at) not in self.things:
            what = f"property {declared.name} ({declared.at})"
            self.account("properties", declared.at, what, found=False, reason=reason)
        for value in declared.values:
            if ("enum values", f"{declared.at}\n{value!r}") not in self.things:
                what = f"enum value {value!r} ({declared.at})"
                self.account("enum values", f"{declared.at}\n{value!r}", what, found=False, reason=reason)

    def _around(self, at: str) -> str | None:
        """Return the reason why a property that contains this one was left out."""
        place = at.rpartition("/")[0]
        while place:
            if self.state.get(("properties", place)) == "left out":
                return self.excuses["properties", place]
            place = place.rpartition("/")[0]
        return None
