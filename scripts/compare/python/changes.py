"""Compare two surfaces of the raw client: which public names came, went or changed, and what callers notice.

Nothing here knows why; that is worked out in :mod:`scripts.compare.python.causes`.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from attrs import frozen

from scripts.compare.python.surface import Attribute, Model, Operation, Parameter, Surface, words

__all__ = ["NameChange", "surface_changes"]

Kind: TypeAlias = Literal[
    "operation", "parameter", "returns", "class", "attribute", "member", "method", "other"
]

MOST_ALIKE = 0.5


@frozen
class NameChange:
    """One change of the public surface.

    Attributes:
        kind: What changed.
        name: The public name, below ``korus_api``.
        change: What happened to it, as a clause.
        breaking: Whether callers notice.
        owner: The class or operation that it belongs to.
        element: The attribute, parameter or member.
        wire: Its name on the wire.
        old: What it looked like.
        new: What it looks like.
        operations: The operations on the wire that lead to it.
        renamed: Whether only the name differs.
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
    """Say how the public surface changed."""
    changes: list[NameChange] = []
    classes, went, came = _paired_models(old, new)
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
                    f"is called `models.{after.name}` now",
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
    changes.extend(_whole(model, reached_old, came=False) for model in went)
    changes.extend(_whole(model, reached_new, came=True) for model in came)
    for name in sorted(old.others.keys() | new.others.keys()):
        was, now = old.others.get(name), new.others.get(name)
        if was != now:
            what = "is new" if was is None else "is gone" if now is None else "has another signature"
            changes.append(NameChange("other", name, what, was is not None, name, name, None, was, now))
    return sorted(changes, key=lambda change: (change.name, change.kind, change.change))


def _whole(model: Model, reached: dict[str, set[str]], *, came: bool) -> NameChange:
    name = model.name
    return NameChange(
        "class",
        f"models.{name}",
        "is new" if came else "is gone",
        not came,
        name,
        name,
        None,
        None if came else name,
        name if came else None,
        frozenset(reached.get(name, set())),
    )


# --- operations ---------------------------------------------------------------------------------------------------


def _operations(old: Surface, new: Surface, renames: dict[str, str], changes: list[NameChange]) -> None:
    olds = {operation.label: operation for operation in old.operations.values()}
    news = {operation.label: operation for operation in new.operations.values()}
    for label in sorted(olds.keys() | news.keys()):
        was, now = olds.get(label), news.get(label)
        concerned = frozenset({label})
        if was is None and now is not None:
            changes.append(
                NameChange(
                    "operation",
                    now.module,
                    "is new",
                    False,
                    now.name,
                    now.name,
                    label,
                    None,
                    now.module,
                    concerned,
                )
            )
        elif now is None and was is not None:
            changes.append(
                NameChange(
                    "operation",
                    was.module,
                    "is gone",
                    True,
                    was.name,
                    was.name,
                    label,
                    was.module,
                    None,
                    concerned,
                )
            )
        elif was is not None and now is not None:
            if was.module != now.module:
                changes.append(
                    NameChange(
                        "operation",
                        was.module,
                        f"is called `{now.module}` now",
                        True,
                        was.name,
                        now.name,
                        label,
                        was.module,
                        now.module,
                        concerned,
                        renamed=True,
                    )
                )
            _signatures(was, now, renames, changes, concerned)


def _signatures(  # noqa: C901 - one case after the other
    was: Operation,
    now: Operation,
    renames: dict[str, str],
    changes: list[NameChange],
    concerned: frozenset[str],
) -> None:
    olds, news = was.parameters(), now.parameters()
    by_wire = {parameter.wire: parameter for parameter in news.values() if parameter.wire}
    gone = [parameter for name, parameter in olds.items() if name not in news]
    come = [parameter for name, parameter in news.items() if name not in olds]
    for parameter in list(gone):
        twin = by_wire.get(parameter.wire) if parameter.wire else None
        if twin is None and parameter.kind == "positional":
            # path parameters have no other name than their place
            places = [p.name for p in olds.values() if p.kind == "positional"]
            others = [p for p in news.values() if p.kind == "positional"]
            place = places.index(parameter.name)
            twin = others[place] if len(others) == len(places) else None
        if twin is not None and twin in come:
            gone.remove(parameter)
            come.remove(twin)
            changes.append(
                NameChange(
                    "parameter",
                    f"{now.module}({parameter.name})",
                    f"is called `{twin.name}` now",
                    True,
                    now.name,
                    parameter.name,
                    parameter.wire or parameter.name,
                    parameter.name,
                    twin.name,
                    concerned,
                    renamed=True,
                )
            )
    changes.extend(
        _of_parameter(now, parameter, f"loses the parameter `{parameter.name}`", True, concerned, gone=True)
        for parameter in gone
    )
    for parameter in come:
        required = parameter.default is None
        word = "must be given the new parameter" if required else "gains the keyword"
        changes.append(_of_parameter(now, parameter, f"{word} `{parameter.name}`", required, concerned))
    for name, parameter in olds.items():
        other = news.get(name)
        if other is None or parameter == other:
            continue
        if (parameter.default is None) != (other.default is None):
            needed = other.default is None
            clause = f"must be given `{name}` now" if needed else f"need not be given `{name}` any more"
            changes.append(_of_parameter(now, other, clause, needed, concerned, before=parameter))
        elif parameter.default != other.default:
            clause = f"has the default {other.default} for `{name}` instead of {parameter.default}"
            changes.append(_of_parameter(now, other, clause, True, concerned, before=parameter))
        if parameter.kind != other.kind and (parameter.default is None) == (other.default is None):
            clause = f"takes `{name}` as {other.kind} instead of {parameter.kind}"
            changes.append(
                _of_parameter(now, other, clause, other.kind != "positional", concerned, before=parameter)
            )
        if _renamed(parameter.annotation, renames) != _parts(other.annotation):
            lost = _renamed(parameter.annotation, renames) - _parts(other.annotation)
            clause = f"takes `{name}` as `{other.annotation}` instead of `{parameter.annotation}`"
            lost -= {"Unset"} if other.default is None else set()
            changes.append(_of_parameter(now, other, clause, bool(lost), concerned, before=parameter))
    order_old = [p.name for p in olds.values() if p.kind == "positional" and p.name in news]
    order_new = [p.name for p in news.values() if p.kind == "positional" and p.name in olds]
    if order_old != order_new:
        changes.append(
            NameChange(
                "parameter",
                now.module,
                f"takes its positional parameters as {', '.join(order_new)} instead of {', '.join(order_old)}",
                True,
                now.name,
                "",
                None,
                ", ".join(order_old),
                ", ".join(order_new),
                concerned,
            )
        )
    before, after = was.functions.get("sync"), now.functions.get("sync")
    if before and after and _renamed(before.returns, renames) != _parts(after.returns):
        more = _parts(after.returns) - _renamed(before.returns, renames)
        changes.append(
            NameChange(
                "returns",
                now.module,
                f"returns `{after.returns}` instead of `{before.returns}`",
                bool(more),
                now.name,
                "",
                None,
                before.returns,
                after.returns,
                concerned,
            )
        )


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
    """Bring the classes together by name, and those that are left by what they hold and who leads to them."""
    pairs = [(old.models[name], new.models[name]) for name in sorted(old.models.keys() & new.models.keys())]
    went = [old.models[name] for name in sorted(old.models.keys() - new.models.keys())]
    came = [new.models[name] for name in sorted(new.models.keys() - old.models.keys())]
    reached_old, reached_new = old.reached(), new.reached()
    scored: list[tuple[float, str, str]] = []
    for before in went:
        for after in came:
            likeness = _likeness(before, after)
            places_old, places_new = reached_old.get(before.name, set()), reached_new.get(after.name, set())
            if likeness > MOST_ALIKE and (places_old & places_new or likeness == 1):
                shared = len(places_old & places_new) / (len(places_old | places_new) or 1)
                scored.append((-(likeness + shared), before.name, after.name))
    for _, one, other in sorted(scored):
        gone = next((model for model in went if model.name == one), None)
        fresh = next((model for model in came if model.name == other), None)
        if gone is not None and fresh is not None:
            went.remove(gone)
            came.remove(fresh)
            pairs.append((gone, fresh))
    return pairs, went, came


def _likeness(one: Model, other: Model) -> float:
    if bool(one.members) != bool(other.members) or one.reads != other.reads:
        return 0
    mine = set(one.members.values()) or {attribute.wire for attribute in one.attributes.values()}
    theirs = set(other.members.values()) or {attribute.wire for attribute in other.attributes.values()}
    return len(mine & theirs) / len(mine | theirs) if mine | theirs else 1.0


def _model(  # noqa: C901, PLR0912 - one case after the other
    before: Model,
    after: Model,
    renames: dict[str, str],
    operations: frozenset[str],
    changes: list[NameChange],
) -> None:
    def say(
        kind: Kind,
        element: str,
        clause: str,
        *,
        breaking: bool,
        wire: str | None,
        old: str | None,
        new: str | None,
        renamed: bool = False,
    ) -> None:
        changes.append(
            NameChange(
                kind,
                f"models.{after.name}.{element}" if element else f"models.{after.name}",
                clause,
                breaking,
                after.name,
                element,
                wire,
                old,
                new,
                operations,
                renamed,
            )
        )

    wires = {attribute.wire: attribute for attribute in after.attributes.values()}
    twins: set[str] = set()
    for name, attribute in before.attributes.items():
        other = after.attributes.get(name)
        if other is None:
            twin = wires.get(attribute.wire)
            if twin is not None and twin.name not in before.attributes:
                twins.add(twin.name)
                say(
                    "attribute",
                    name,
                    f"is called `{twin.name}` now",
                    breaking=True,
                    wire=attribute.wire,
                    old=name,
                    new=twin.name,
                    renamed=True,
                )
                _attribute(attribute, twin, after, renames, say)
            else:
                say(
                    "attribute",
                    name,
                    "is gone",
                    breaking=True,
                    wire=attribute.wire,
                    old=attribute.annotation,
                    new=None,
                )
        else:
            _attribute(attribute, other, after, renames, say)
    for name, attribute in after.attributes.items():
        if name not in before.attributes and name not in twins:
            must = attribute.required and not after.reads
            say(
                "attribute",
                name,
                "is new and must be given" if must else "is new",
                breaking=must,
                wire=attribute.wire,
                old=None,
                new=attribute.annotation,
            )
    values = {value: name for name, value in after.members.items()}
    kept: set[str] = set()
    for name, value in before.members.items():
        if name not in after.members:
            if value in values and values[value] not in before.members:
                kept.add(values[value])
                say(
                    "member",
                    name,
                    f"is called `{values[value]}` now",
                    breaking=True,
                    wire=value,
                    old=name,
                    new=values[value],
                    renamed=True,
                )
            else:
                say("member", name, "is gone", breaking=True, wire=value, old=value, new=None)
        elif after.members[name] != value:
            say(
                "member",
                name,
                f"is {after.members[name]} instead of {value}",
                breaking=True,
                wire=value,
                old=value,
                new=after.members[name],
            )
    for name, value in after.members.items():
        if name not in before.members and name not in kept:
            # enumerations are open: an unknown value was always possible
            say("member", name, "is new", breaking=False, wire=value, old=None, new=value)
    if before.bases != after.bases:
        say(
            "class",
            "",
            f"is a {', '.join(after.bases) or 'plain class'} now",
            breaking=True,
            wire=None,
            old=", ".join(before.bases),
            new=", ".join(after.bases),
        )
    for name in sorted(before.methods.keys() | after.methods.keys()):
        was, now = before.methods.get(name), after.methods.get(name)
        if was is None or now is None or _shape(was.parameters) != _shape(now.parameters):
            clause = "is new" if was is None else "is gone" if now is None else "has another signature"
            say(
                "method",
                name,
                clause,
                breaking=was is not None,
                wire=None,
                old=name if was else None,
                new=name if now else None,
            )


def _shape(parameters: tuple[Parameter, ...]) -> list[tuple[str, str, str | None]]:
    return [(parameter.name, parameter.kind, parameter.default) for parameter in parameters]


def _attribute(was: Attribute, now: Attribute, owner: Model, renames: dict[str, str], say: object) -> None:
    before, after = _renamed(was.annotation, renames), _parts(now.annotation)
    if before != after:
        # readers meet more than they knew of; writers may not give what they gave
        noticed = after - before if owner.reads else before - after - {"Unset"}
        say(  # type: ignore[operator] # the function of the caller
            "attribute",
            now.name,
            f"is `{now.annotation}` instead of `{was.annotation}`",
            breaking=bool(noticed),
            wire=now.wire,
            old=was.annotation,
            new=now.annotation,
        )
    if was.required != now.required and not owner.reads:
        say(  # type: ignore[operator] # the function of the caller
            "attribute",
            now.name,
            "must be given now" if now.required else "need not be given any more",
            breaking=now.required,
            wire=now.wire,
            old=was.annotation,
            new=now.annotation,
        )


def _parts(annotation: str) -> set[str]:
    """Give the members of a union."""
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
    """Give the members of a union with classes by their present names, so that a rename is told once."""
    for name in sorted(words(annotation), key=len, reverse=True):
        if name in renames and renames[name] != name:
            annotation = _replaced(annotation, name, renames[name])
    return _parts(annotation)


def _replaced(text: str, name: str, by: str) -> str:

    return re.sub(rf"\b{re.escape(name)}\b", by, text)
