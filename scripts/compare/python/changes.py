"""Comparison of two surfaces of the raw client: added, removed and changed names.

Their causes are determined in :mod:`scripts.compare.python.causes`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, TypeAlias

from attrs import frozen

from scripts.generate.source import Attribute, Model, Operation, Parameter, Surface, words

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["NameChange", "surface_changes"]

Kind: TypeAlias = Literal[
    "operation", "parameter", "returns", "class", "attribute", "member", "method", "other"
]

MOST_ALIKE = 0.5


@frozen
class NameChange:
    """Change of the public surface.

    Attributes:
        kind: The kind of name.
        name: The public name, below ``korus_api``.
        change: The change, as a clause.
        breaking: True if it breaks callers.
        owner: The class or operation to which it belongs.
        element: The attribute, parameter or member.
        wire: The name on the wire.
        old: The old form.
        new: The new form.
        operations: The operations on the wire that use it.
        renamed: True if only the name differs.
    """

    kind: Kind
    name: str
    change: str
    breaking: bool
    owner: str
    element: str
    wire: str | None
    old: str | None
    new: str | None
    operations: frozenset[str] = frozenset()
    renamed: bool = False

    @property
    def sentence(self) -> str:
        """The change in words."""
        return f"`{self.name}` {self.change}"


def surface_changes(old: Surface, new: Surface) -> list[NameChange]:
    """Return the changes of the public surface."""
    changes: list[NameChange] = []
    classes, removed, added = _paired_models(old, new)
    renames = {before.name: after.name for before, after in classes}
    reached_old, reached_new = old.reached(), new.reached()
    _operations(old, new, renames, changes)
    for before, after in classes:
        operations = frozenset(reached_old.get(before.name, set()) | reached_new.get(after.name, set()))
        if before.name != after.name:
            changes.append(
                NameChange(
                    "class",
                    f"models.{before.name}",
                    f"was renamed to `models.{after.name}`",
                    True,
                    before.name,
                    after.name,
                    None,
                    before.name,
                    after.name,
                    operations,
                    renamed=True,
                )
            )
        _model(before, after, renames, operations, changes)
    changes.extend(_whole(model, reached_old, added=False) for model in removed)
    changes.extend(_whole(model, reached_new, added=True) for model in added)
    for name in sorted(old.others.keys() | new.others.keys()):
        was, now = old.others.get(name), new.others.get(name)
        if was != now:
            what = "is new" if was is None else "was removed" if now is None else "has another signature"
            changes.append(NameChange("other", name, what, was is not None, name, name, None, was, now))
    return sorted(changes, key=lambda change: (change.name, change.kind, change.change))


def _whole(model: Model, reached: dict[str, set[str]], *, added: bool) -> NameChange:
    name = model.name
    return NameChange(
        "class",
        f"models.{name}",
        "is new" if added else "was removed",
        not added,
        name,
        name,
        None,
        None if added else name,
        name if added else None,
        frozenset(reached.get(name, set())),
    )


# --- operations ---------------------------------------------------------------------------------------------------


def _operations(old: Surface, new: Surface, renames: dict[str, str], changes: list[NameChange]) -> None:
    olds = {operation.label: operation for operation in old.operations.values()}
    news = {operation.label: operation for operation in new.operations.values()}
    for label in sorted(olds.keys() | news.keys()):
        was, now = olds.get(label), news.get(label)
        concerned = frozenset({label})
        if was is not None and now is not None:
            if was.module != now.module:
                clause = f"was renamed to `{now.module}`"
                changes.append(_of_operation(was, now, clause, label, renamed=True))
            changes.extend(_signatures(was, now, renames, concerned))
        else:
            changes.append(_of_operation(was, now, "is new" if was is None else "was removed", label))


def _of_operation(
    was: Operation | None, now: Operation | None, clause: str, label: str, *, renamed: bool = False
) -> NameChange:
    names = [each.name for each in (was, now) if each is not None]
    old, new = (None if each is None else each.module for each in (was, now))
    return NameChange(
        "operation",
        old or new or "",
        clause,
        was is not None,
        names[0],
        names[-1],
        label,
        old,
        new,
        frozenset({label}),
        renamed=renamed,
    )


def _signatures(
    was: Operation, now: Operation, renames: dict[str, str], concerned: frozenset[str]
) -> Iterator[NameChange]:
    olds, news = was.parameters(), now.parameters()
    twins = _renamed_parameters(olds, news)
    for name, twin in twins.items():
        yield NameChange(
            "parameter",
            f"{now.module}({name})",
            f"was renamed to `{twin}`",
            True,
            now.name,
            name,
            olds[name].wire or name,
            name,
            twin,
            concerned,
            renamed=True,
        )
    for name, parameter in olds.items():
        if name not in news and name not in twins:
            yield _of_parameter(
                now, parameter, f"no longer has the parameter `{name}`", True, concerned, gone=True
            )
        elif name in news and news[name] != parameter:
            yield from _kept_parameter(now, parameter, news[name], renames, concerned)
    for name, parameter in news.items():
        if name not in olds and name not in twins.values():
            required = parameter.default is None
            word = "requires the new parameter" if required else "has the new parameter"
            yield _of_parameter(now, parameter, f"{word} `{name}`", required, concerned)
    order_old, order_new = (
        ", ".join(p.name for p in mine.values() if p.kind == "positional" and p.name in other)
        for mine, other in ((olds, news), (news, olds))
    )
    if order_old != order_new:
        clause = f"has the positional parameters {order_new} instead of {order_old}"
        yield NameChange(
            "parameter", now.module, clause, True, now.name, "", None, order_old, order_new, concerned
        )
    before, after = was.functions.get("sync"), now.functions.get("sync")
    if before and after and _renamed(before.returns, renames) != _parts(after.returns):
        more = _parts(after.returns) - _renamed(before.returns, renames)
        clause = f"returns `{after.returns}` instead of `{before.returns}`"
        old, new = before.returns, after.returns
        yield NameChange("returns", now.module, clause, bool(more), now.name, "", None, old, new, concerned)


def _renamed_parameters(olds: dict[str, Parameter], news: dict[str, Parameter]) -> dict[str, str]:
    """Return the new names of renamed parameters, by their old ones."""
    by_wire = {parameter.wire: parameter for parameter in news.values() if parameter.wire}
    places = [name for name, parameter in olds.items() if parameter.kind == "positional"]
    others = [parameter for parameter in news.values() if parameter.kind == "positional"]
    twins: dict[str, str] = {}
    for name, parameter in olds.items():
        if name in news:
            continue
        twin = by_wire.get(parameter.wire) if parameter.wire else None
        if twin is None and parameter.kind == "positional" and len(others) == len(places):
            # path parameters are identified by position
            twin = others[places.index(name)]
        if twin is not None and twin.name not in olds and twin.name not in twins.values():
            twins[name] = twin.name
    return twins


def _kept_parameter(
    now: Operation, was: Parameter, other: Parameter, renames: dict[str, str], concerned: frozenset[str]
) -> Iterator[NameChange]:
    name = was.name
    if (was.default is None) != (other.default is None):
        needed = other.default is None
        clause = f"requires `{name}` now" if needed else f"no longer requires `{name}`"
        yield _of_parameter(now, other, clause, needed, concerned, before=was)
    elif was.default != other.default:
        clause = f"has the default {other.default} for `{name}` instead of {was.default}"
        yield _of_parameter(now, other, clause, True, concerned, before=was)
    if was.kind != other.kind and (was.default is None) == (other.default is None):
        clause = f"takes `{name}` as {other.kind} instead of {was.kind}"
        yield _of_parameter(now, other, clause, other.kind != "positional", concerned, before=was)
    lost = _renamed(was.annotation, renames) - _parts(other.annotation)
    if _renamed(was.annotation, renames) != _parts(other.annotation):
        lost -= {"Unset"} if other.default is None else set()
        clause = f"takes `{name}` as `{other.annotation}` instead of `{was.annotation}`"
        yield _of_parameter(now, other, clause, bool(lost), concerned, before=was)


def _of_parameter(
    operation: Operation,
    parameter: Parameter,
    clause: str,
    breaking: bool,
    concerned: frozenset[str],
    *,
    gone: bool = False,
    before: Parameter | None = None,
) -> NameChange:
    return NameChange(
        "parameter",
        operation.module,
        clause,
        breaking,
        operation.name,
        parameter.name,
        parameter.wire or parameter.name,
        parameter.annotation if gone else before.annotation if before else None,
        None if gone else parameter.annotation,
        concerned,
    )


# --- classes ------------------------------------------------------------------------------------------------------


def _paired_models(old: Surface, new: Surface) -> tuple[list[tuple[Model, Model]], list[Model], list[Model]]:
    """Return pairs of classes, by name or by contents and operations, and the removed and added classes."""
    pairs = [(old.models[name], new.models[name]) for name in sorted(old.models.keys() & new.models.keys())]
    removed = [old.models[name] for name in sorted(old.models.keys() - new.models.keys())]
    added = [new.models[name] for name in sorted(new.models.keys() - old.models.keys())]
    reached_old, reached_new = old.reached(), new.reached()
    scored: list[tuple[float, str, str]] = []
    for before in removed:
        for after in added:
            likeness = _likeness(before, after)
            places_old, places_new = reached_old.get(before.name, set()), reached_new.get(after.name, set())
            if likeness > MOST_ALIKE and (places_old & places_new or likeness == 1):
                shared = len(places_old & places_new) / (len(places_old | places_new) or 1)
                scored.append((-(likeness + shared), before.name, after.name))
    for _, one, other in sorted(scored):
        gone = next((model for model in removed if model.name == one), None)
        fresh = next((model for model in added if model.name == other), None)
        if gone is not None and fresh is not None:
            removed.remove(gone)
            added.remove(fresh)
            pairs.append((gone, fresh))
    return pairs, removed, added


def _likeness(one: Model, other: Model) -> float:
    if bool(one.members) != bool(other.members) or one.reads != other.reads:
        return 0
    mine = set(one.members.values()) or {attribute.wire for attribute in one.attributes.values()}
    theirs = set(other.members.values()) or {attribute.wire for attribute in other.attributes.values()}
    return len(mine & theirs) / len(mine | theirs) if mine | theirs else 1.0


@frozen
class _Class:
    """Collector of the changes of one class."""

    name: str
    operations: frozenset[str]
    changes: list[NameChange]

    def say(
        self,
        kind: Kind,
        element: str,
        clause: str,
        old: str | None,
        new: str | None,
        *,
        breaking: bool = True,
        wire: str | None = None,
        renamed: bool = False,
    ) -> None:
        name = f"models.{self.name}.{element}" if element else f"models.{self.name}"
        self.changes.append(
            NameChange(
                kind, name, clause, breaking, self.name, element, wire, old, new, self.operations, renamed
            )
        )


def _model(
    before: Model,
    after: Model,
    renames: dict[str, str],
    operations: frozenset[str],
    changes: list[NameChange],
) -> None:
    noted = _Class(after.name, operations, changes)
    _attributes(before, after, renames, noted)
    _members(before.members, after.members, noted)
    if before.bases != after.bases:
        old, new = ", ".join(before.bases), ", ".join(after.bases)
        noted.say("class", "", f"is a {new or 'plain class'} now", old, new)
    for name in sorted(before.methods.keys() | after.methods.keys()):
        was, now = before.methods.get(name), after.methods.get(name)
        if was is None or now is None or _shape(was.parameters) != _shape(now.parameters):
            clause = "is new" if was is None else "was removed" if now is None else "has another signature"
            noted.say(
                "method", name, clause, name if was else None, name if now else None, breaking=was is not None
            )


def _attributes(before: Model, after: Model, renames: dict[str, str], noted: _Class) -> None:
    wires = {attribute.wire: attribute for attribute in after.attributes.values()}
    twins: set[str] = set()
    for name, attribute in before.attributes.items():
        wire = attribute.wire
        other, twin = after.attributes.get(name), wires.get(wire)
        if other is None and twin is not None and twin.name not in before.attributes:
            twins.add(twin.name)
            clause = f"was renamed to `{twin.name}`"
            noted.say("attribute", name, clause, name, twin.name, wire=wire, renamed=True)
            other = twin
        if other is None:
            noted.say("attribute", name, "was removed", attribute.annotation, None, wire=wire)
        else:
            _attribute(attribute, other, renames, noted, reads=after.reads)
    for name, attribute in after.attributes.items():
        if name not in before.attributes and name not in twins:
            must = attribute.required and not after.reads
            clause = "is new and required" if must else "is new"
            noted.say(
                "attribute", name, clause, None, attribute.annotation, breaking=must, wire=attribute.wire
            )


def _members(olds: dict[str, str], news: dict[str, str], noted: _Class) -> None:
    names = {value: name for name, value in news.items()}
    kept: set[str] = set()
    for name, value in olds.items():
        twin = names.get(value)
        if name in news:
            if news[name] != value:
                noted.say(
                    "member", name, f"is {news[name]} instead of {value}", value, news[name], wire=value
                )
        elif twin is not None and twin not in olds:
            kept.add(twin)
            noted.say("member", name, f"was renamed to `{twin}`", name, twin, wire=value, renamed=True)
        else:
            noted.say("member", name, "was removed", value, None, wire=value)
    for name, value in news.items():
        if name not in olds and name not in kept:
            # enumerations are open: an unknown value was always possible
            noted.say("member", name, "is new", None, value, breaking=False, wire=value)


def _shape(parameters: tuple[Parameter, ...]) -> list[tuple[str, str, str | None]]:
    return [(parameter.name, parameter.kind, parameter.default) for parameter in parameters]


def _attribute(
    was: Attribute, now: Attribute, renames: dict[str, str], noted: _Class, *, reads: bool
) -> None:
    found: list[tuple[str, bool]] = []
    before, after = _renamed(was.annotation, renames), _parts(now.annotation)
    if before != after:
        # readers receive unknown values; writers can no longer send some values
        noticed = after - before if reads else before - after - {"Unset"}
        found.append((f"is `{now.annotation}` instead of `{was.annotation}`", bool(noticed)))
    if was.required != now.required and not reads:
        found.append(("is required now" if now.required else "is no longer required", now.required))
    for clause, breaking in found:
        old, new = was.annotation, now.annotation
        noted.say("attribute", now.name, clause, old, new, breaking=breaking, wire=now.wire)


def _parts(annotation: str) -> set[str]:
    """Return the members of a union."""
    parts: list[str] = []
    depth, start = 0, 0
    for i, char in enumerate(annotation):
        if char == "[":
            depth += 1
        elif char == "]":
            depth -= 1
        elif char == "|" and depth == 0:
            parts.append(annotation[start:i])
            start = i + 1
    parts.append(annotation[start:])
    return {part.strip() for part in parts if part.strip()}


def _renamed(annotation: str, renames: dict[str, str]) -> set[str]:
    """Return the members of a union with the new names of classes, so that a rename is reported once."""
    for name in sorted(words(annotation), key=len, reverse=True):
        if name in renames and renames[name] != name:
            annotation = re.sub(rf"\b{name}\b", renames[name], annotation)
    return _parts(annotation)
