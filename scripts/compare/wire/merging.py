"""Intersection, union and normal form of constraints."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from attrs import evolve

from scripts.compare.wire.shapes import KINDS, Branch, Property, Shape, Use, admits, token, undeclared

if TYPE_CHECKING:
    from scripts.descriptions.values import Json


__all__ = ["copied", "intersection_of", "meet", "normalised", "tighter", "union_of"]

MOST_ALTERNATIVES = 64


def tighter(name: str, one: Json, other: Json) -> Json:
    """Return the tighter of two values of a limit."""
    if name == "minimum":
        return max(one, other)  # (5, True) excludes 5, so it is above (5, False)
    if name == "maximum":
        return min(one, other, key=lambda bound: (bound[0], not bound[1]))
    if name in {"minLength", "minItems", "minProperties"}:
        return max(one, other)
    if name in {"maxLength", "maxItems", "maxProperties"}:
        return min(one, other)
    if isinstance(one, frozenset):
        return one | other
    return one


def _and(one: Use | bool | None, other: Use | bool | None) -> Use | bool | None:
    if one is False or other is False:
        return False
    if isinstance(one, Use) and isinstance(other, Use):
        return one.both(other)
    return one if isinstance(one, Use) else other if isinstance(other, Use) else None


def _merge_properties(one: Branch, other: Branch) -> dict[str, Property]:
    merged: dict[str, Property] = {}
    for name in dict.fromkeys((*one.properties, *other.properties)):
        mine, theirs = one.properties.get(name), other.properties.get(name)
        if mine and theirs:
            merged[name] = Property(mine.use.both(theirs.use), mine.location)
            continue
        declared = mine or theirs
        if declared is None:
            continue
        rule = undeclared(other if mine else one, name)
        if rule is False:
            continue
        use = declared.use.both(rule) if isinstance(rule, Use) else declared.use
        merged[name] = Property(use, declared.location)
    return merged


def _merge_prefix(one: Branch, other: Branch) -> tuple[Use, ...]:
    parts: list[Use] = []
    for i in range(max(len(one.prefix), len(other.prefix))):
        mine: Use | bool | None = one.prefix[i] if i < len(one.prefix) else one.items
        theirs: Use | bool | None = other.prefix[i] if i < len(other.prefix) else other.items
        both = _and(mine, theirs)
        if not isinstance(both, Use):
            break
        parts.append(both)
    return tuple(parts)


def meet(one: Branch, other: Branch) -> Branch | None:  # noqa: C901 - a flat list of cases
    """Return the intersection of two branches; None if no enumerated value is left."""
    if other.is_free():
        return _relabelled(one, other)
    if one.is_free():
        return _relabelled(other, one)
    values = one.values
    if other.values is not None:
        values = (
            other.values if values is None else {key: v for key, v in values.items() if key in other.values}
        )
        if not values:
            return None
    limits = dict(one.limits)
    origins = {**other.origins, **one.origins}
    for name, value in other.limits.items():
        if name in limits:
            tight = tighter(name, limits[name], value)
            if tight != limits[name]:
                origins[name] = other.origins.get(name, other.source)
            limits[name] = tight
        else:
            limits[name] = value
    opaque = dict(one.opaque)
    for name, locations in other.opaque.items():
        opaque[name] = tuple(dict.fromkeys((*opaque.get(name, ()), *locations)))
    patterns = dict(one.patterns)
    for name, part in other.patterns.items():
        mine = patterns.get(name)
        patterns[name] = Property(mine.use.both(part.use), mine.location) if mine else part
    dependents = dict(one.dependents)
    for name, asked in other.dependents.items():
        dependents[name] = dependents.get(name, frozenset()) | asked
    return Branch(
        kind=one.kind,
        source=one.source,
        variant=one.variant or other.variant,
        limits=limits,
        origins=origins,
        values=values,
        properties=_merge_properties(one, other),
        required={**other.required, **one.required},
        additional=_and(one.additional, other.additional),
        patterns=patterns,
        names=one.names.both(other.names) if one.names and other.names else one.names or other.names,
        dependents=dependents,
        items=_and(one.items, other.items),
        prefix=_merge_prefix(one, other),
        opaque=opaque,
    )


def _relabelled(branch: Branch, free: Branch) -> Branch:
    if branch.variant or not free.variant:
        return branch
    return copied(branch, variant=free.variant)


def copied(branch: Branch, *, source: str | None = None, variant: str | None = None) -> Branch:
    """Return a copy of a branch, with another schema or alternative as its source if given."""
    return Branch(
        branch.kind,
        source or branch.source,
        variant or branch.variant,
        branch.limits,
        branch.origins,
        branch.values,
        branch.properties,
        branch.required,
        branch.additional,
        branch.patterns,
        branch.names,
        branch.dependents,
        branch.items,
        branch.prefix,
        branch.opaque,
    )


def intersection_of(one: Shape, other: Shape) -> Shape:
    """Return the intersection of two shapes."""
    kinds: dict[str, list[Branch]] = {}
    choice: dict[str, str] = {}
    for kind in KINDS:
        mine, theirs = one.kinds.get(kind), other.kinds.get(kind)
        if not mine or not theirs:
            continue
        if len(mine) * len(theirs) > MOST_ALTERNATIVES:
            # too many combinations: the other shape becomes an opaque constraint
            opaque = Branch(kind, other.source, opaque={"allOf": (other.source,)})
            theirs = [opaque]
        merged = [both for a in mine for b in theirs if (both := meet(a, b)) is not None]
        if merged:
            kinds[kind] = merged
            if len(merged) > 1:
                choice[kind] = one.choice.get(kind) or other.choice.get(kind) or "anyOf"
    return Shape(
        one.source,
        kinds,
        choice,
        tuple(dict.fromkeys((*one.discriminators, *other.discriminators))),
        tuple(dict.fromkeys((*one.merged, *other.merged))),
        one.cut or other.cut,
    )


def _absorb(branches: list[Branch], choice: str) -> list[Branch]:
    """Remove redundant alternatives, and merge enumerations."""
    if len(branches) < 2:  # noqa: PLR2004 - explained by its use
        return branches
    if choice == "anyOf":
        free = next((branch for branch in branches if branch.is_free()), None)
        if free is not None:
            return [free]
    kept: list[Branch] = []
    enumerations: dict[str, Branch] = {}
    seen: set[tuple[object, ...]] = set()
    for branch in branches:
        if branch.is_enumeration():
            listed = _listed(branch)
            if listed is None or _joins(listed, enumerations, choice):
                continue
            kept.append(listed)
            continue
        if choice == "anyOf" and branch.kind not in {"array", "object"} and branch.values is None:
            mark = (tuple(sorted(branch.limits.items(), key=str)), tuple(sorted(branch.opaque.items())))
            if mark in seen:
                continue
            seen.add(mark)
        kept.append(branch)
    return kept


def _joins(listed: Branch, enumerations: dict[str, Branch], choice: str) -> bool:
    """Add an enumeration to the first one with equal limits; return False if no limits are equal."""
    first = enumerations.setdefault(token(listed.limits), listed)
    mine, theirs = first.values or {}, listed.values or {}
    if first is listed:
        listed.values = dict(theirs)
        return False
    if choice != "anyOf" and mine.keys() & theirs.keys():
        return False
    mine.update(theirs)
    return True


def union_of(shapes: list[tuple[str, Shape]], choice: str, source: str) -> Shape:
    """Return the union of several shapes."""
    kinds: dict[str, list[Branch]] = {}
    chosen: dict[str, str] = {}
    discriminators: dict[str, None] = {}
    for kind in KINDS:
        branches: list[Branch] = []
        for location, shape in shapes:
            for branch in shape.kinds.get(kind, ()):
                branches.append(branch if branch.variant else copied(branch, variant=location))
                if len(shape.kinds.get(kind, ())) > 1:
                    kept = {choice, shape.choice.get(kind, choice), chosen.get(kind, choice)}
                    chosen[kind] = "oneOf" if "oneOf" in kept else choice
        branches = _absorb(branches, chosen.get(kind, choice))
        if branches:
            kinds[kind] = branches
            if len(branches) > 1:
                chosen.setdefault(kind, choice)
            else:
                chosen.pop(kind, None)
    for _, shape in shapes:
        discriminators.update(dict.fromkeys(shape.discriminators))
    return Shape(
        source, kinds, chosen, tuple(discriminators), (source,), any(shape.cut for _, shape in shapes)
    )


def _normalise(branch: Branch) -> Branch | None:
    """Return the normal form of a branch; None if no value is left."""
    if not branch.limits:
        return branch
    branch = copied(branch)
    limits = branch.limits = dict(branch.limits)
    if branch.kind == "number":
        _normalise_number(limits)
    if branch.kind == "array" and limits.get("maxItems", 2) <= 1:
        limits.pop("uniqueItems", None)
    if _contradicts(branch):
        return None
    if branch.kind == "object" and limits.get("minProperties", math.inf) <= len(branch.required):
        del limits["minProperties"]
    if branch.values is not None and branch.kind in {"number", "string", "boolean"}:
        return _listed(branch)
    return branch


def _listed(branch: Branch) -> Branch | None:
    """Return an enumeration without the values that its limits exclude, and without the limits."""
    values = branch.values or {}
    left = {key: value for key, value in values.items() if admits(branch.limits, value)}
    kept = {"contentEncoding", "contentMediaType"}
    limits = {name: v for name, v in branch.limits.items() if name in kept or name.startswith("?")}
    return evolve(branch, values=left, limits=limits) if left else None


def _contradicts(branch: Branch) -> bool:
    """Return True if a minimum is greater than its maximum."""
    limits = branch.limits
    for least, most in (
        ("minLength", "maxLength"),
        ("minItems", "maxItems"),
        ("minProperties", "maxProperties"),
    ):
        if limits.get(least, 0) > limits.get(most, math.inf):
            return True
    if len(branch.required) > limits.get("maxProperties", math.inf):
        return True
    if "minimum" in limits and "maximum" in limits:
        (low, above), (high, below) = limits["minimum"], limits["maximum"]
        return bool(low > high or (low == high and (above or below)))
    return False


def _normalise_number(limits: dict[str, Json]) -> None:
    steps = limits.get("multipleOf")
    if steps is not None and 1 in steps:
        limits["integer"] = True
        steps = frozenset(step for step in steps if step != 1)
    if steps is not None:
        if steps:
            limits["multipleOf"] = steps
        else:
            limits.pop("multipleOf", None)
    if limits.get("integer"):
        if "minimum" in limits:
            value, excluded = limits["minimum"]
            limits["minimum"] = (math.floor(value) + 1 if excluded else math.ceil(value), False)
        if "maximum" in limits:
            value, excluded = limits["maximum"]
            limits["maximum"] = (math.ceil(value) - 1 if excluded else math.floor(value), False)


def normalised(shape: Shape) -> Shape:
    """Return the normal form of constraints that depend on each other."""
    kinds: dict[str, list[Branch]] = {}
    for kind, branches in shape.kinds.items():
        kept = [normalised for branch in branches if (normalised := _normalise(branch)) is not None]
        kept = _absorb(kept, shape.choice.get(kind, "anyOf"))
        if kept:
            kinds[kind] = kept
    choice = {kind: named for kind, named in shape.choice.items() if len(kinds.get(kind, ())) > 1}
    return Shape(shape.source, kinds, choice, shape.discriminators, shape.merged, shape.cut)
