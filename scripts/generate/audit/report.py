"""Lay the description beside the code and account for every single thing.

The description is walked operation by operation, schema by schema, together with the types found in the code:
a property is accounted for when the class that stands at its place really reads or writes its key. What the
code lacks must have been left out on purpose, with a reason; anything else is missing, and then nothing is
written.
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
_HIDDEN = {"readOnly": "read only: not part of a request", "writeOnly": "write only: not part of an answer"}

ANYWHERE = ast.Name(id="?")
"""The type of a schema that no operation leads to: any class that has all its properties will do."""

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
        described: How many things of each kind the description has.
        found: How many of them the code has.
        left_out: What was left out on purpose, with the reason.
        missing: What the code lacks, each as a readable place.
        code: What the code itself holds, counted.
    """

    described: Counter[str] = field(factory=Counter[str])
    found: Counter[str] = field(factory=Counter[str])
    left_out: dict[str, str] = field(factory=dict[str, str])
    left_out_kinds: Counter[str] = field(factory=Counter[str])
    missing: list[str] = field(factory=list[str])
    code: Counter[str] = field(factory=Counter[str])

    def text(self) -> str:
        """Write the report as it is printed, the counts last."""
        lines: list[str] = []
        if self.missing:
            lines.append(f"{len(self.missing)} missing in the generated code:")
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
            "the code holds " + ", ".join(f"{count} {kind}" for kind, count in self.code.items()) + "."
        )
        lines.append(f"{'audit':<22}{'description':>12}{'generated':>12}{'left out':>12}{'missing':>12}")
        for kind in KINDS:
            described, found, left = self.described[kind], self.found[kind], self.left_out_kinds[kind]
            lines.append(f"{kind:<22}{described:>12}{found:>12}{left:>12}{described - found - left:>12}")
        return "\n".join(lines)


def audit(description: Object, folder: Path, left_out: Sequence[LeftOut] = ()) -> Report:
    """Account for everything in `description` in the package in `folder`.

    Args:
        description: The description with its corrections, not prepared.
        folder: The generated package.
        left_out: What preparing left out, with reasons. Only what stands here may be absent from the code.
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
    """Return the type of the members of all lists in a type."""
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
        """Note one thing of the description; missing anywhere is missing, found anywhere else is found."""
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
        """Return the reason why the part at a pointer, or around it, was left out."""
        place = at.rpartition("\t")[2].partition("\n")[0]
        while place:
            if place in self.reasons:
                return self.reasons[place]
            place = place.rpartition("/")[0]
        return None

    def finish(self) -> Report:
        """Sum up."""
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
        """Account for all operations and what they take and answer."""
        for operation in operations(self.document):
            label = f"{operation.method} {operation.path}"
            endpoint = self.package.endpoints.get((operation.method, operation.path))
            listed = endpoint is not None and endpoint.module in self.package.listed
            self.account("operations", operation.at, f"operation {label}", found=listed)
            known = endpoint or Endpoint("")
            for parameter in operation.parameters:
                place, wire = parameter.place, parameter.name
                found = known.parameters.get((place, wire))
                said = f"{label}: parameter {wire} in {place}"
                self.account("parameters", f"{operation.at}\t{parameter.at}", said, found=found is not None)
                if found is not None:
                    self.schema(parameter.schema, parameter.schema_at, found.hint, "request", said)
            self._body(operation, known, label)
            self._answers(operation, known, label)

    def _body(self, operation: Any, endpoint: Endpoint, label: str) -> None:
        for media in operation.bodies:
            sent = "application/json" if media.media_type in {"*/*", "application/*"} else media.media_type
            hint = endpoint.bodies.get(media.media_type) or endpoint.bodies.get(sent)
            said = f"{label}: request body as {media.media_type}"
            self.account("request media types", f"{operation.at}\t{media.at}", said, found=hint is not None)
            if hint is not None and self.reason(f"{media.at}/schema") is None:
                self.schema(media.schema, f"{media.at}/schema", hint, "request", said)

    def _answers(self, operation: Any, endpoint: Endpoint, label: str) -> None:
        for answer in operation.answers:
            handled = answer.status in endpoint.answers
            sent = endpoint.media.get(answer.status)
            for media in answer.media:
                said = f"{label}: {answer.status} as {media.media_type}"
                asked = sent == media.media_type and media.media_type in endpoint.accept
                self.account(
                    "response media types", f"{operation.at}\t{media.at}", said, found=handled and asked
                )
                if handled and asked and self.reason(f"{media.at}/schema") is None:
                    hint = endpoint.answers[answer.status]
                    self.schema(media.schema, f"{media.at}/schema", hint, "read", said)
            if not answer.media and not handled:
                self.account(
                    "response media types",
                    f"{operation.at}\t{answer.at}",
                    f"{label}: {answer.status}",
                    found=False,
                )

    # --- schemas ---------------------------------------------------------------------------------------

    def schema(self, schema: Any, at: str, hint: Hint | None, direction: str, label: str) -> None:
        """Account for a schema at a place where the code has the type `hint`."""
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
            self.schema(item.schema, item.at, _members(hint), direction, f"{label}, each member")
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
            # models of a union may share their keys: what stands inside is looked for in any of them
            inside = _any_of([one.attributes[wire].hint for one in alike if wire in one.attributes])
            for place in places:
                schema = place.schema if is_object(place.schema) else {}
                excuse = _HIDDEN[hidden] if schema.get(hidden) is True else None
                said = f"property {where} ({place.at})"
                self.account("properties", place.at, said, found=attribute is not None, reason=excuse)
                if attribute is not None:
                    self.schema(place.schema, place.at, inside, direction, f"property {where}")

    def _values(self, seen: Schema, hint: Hint | None, label: str) -> None:
        for place, values in seen.values:
            listed = [self.package.enums.get(name, []) for name in names(hint)]
            if hint is ANYWHERE:
                listed = [one for one in self.package.enums.values() if any(value in values for value in one)]
            known = [value for one in listed for value in one] + literals(hint)
            for value in values:
                said = f"enum value {value!r} of {label} ({place})"
                found = any(value == other and type(value) is type(other) for other in known)
                self.account("enum values", f"{place}\n{value!r}", said, found=found)

    def all_components(self) -> None:
        """Account for schemas that no operation led to, each by a class that has all its properties."""
        for name, at, schema in components(self.document):
            alias = is_object(schema) and set(schema) == {"$ref"}
            if alias or at in self.reasons or any(visited == at for visited, _, _ in self.visited):
                continue
            self._anywhere(name, at, schema)
        for at, label in called_by_the_api(self.document):
            self.account("operations", at, label, found=False, reason="the API calls it, a client does not")
        self._sweep()

    def _anywhere(self, name: str, at: str, schema: Any) -> None:
        """Account for a schema by the class that has all its properties, and theirs."""
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
        """Find the classes with all of these keys, but for those that their direction does not show."""
        left_out = hidden or {}
        covering = [
            model
            for model in self.package.models.values()
            if wires - left_out.get("read" if model.reads else "request", set()) <= set(model.attributes)
        ]
        return sorted(covering, key=lambda model: (not model.reads, len(model.attributes), model.name))

    def _sweep(self) -> None:
        """Find properties and values that the walk never came to, wherever in the description they stand."""
        for declared in all_declarations(self.document):
            self._declared(declared, self._around(declared.at))

    def _declared(self, declared: Declaration, reason: str | None) -> None:
        """Account for a property or for values that are not in the code, unless they are known already."""
        if declared.name is not None and ("properties", declared.at) not in self.things:
            said = f"property {declared.name} ({declared.at})"
            self.account("properties", declared.at, said, found=False, reason=reason)
        for value in declared.values:
            if ("enum values", f"{declared.at}\n{value!r}") not in self.things:
                said = f"enum value {value!r} ({declared.at})"
                self.account("enum values", f"{declared.at}\n{value!r}", said, found=False, reason=reason)

    def _around(self, at: str) -> str | None:
        """Return the reason why a property around this one was left out."""
        place = at.rpartition("/")[0]
        while place:
            if self.state.get(("properties", place)) == "left out":
                return self.excuses["properties", place]
            place = place.rpartition("/")[0]
        return None
