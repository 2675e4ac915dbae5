"""Comparison of limits: enumerations, bounds, sizes, patterns, formats."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from scripts.compare.wire import formats
from scripts.compare.wire.annotations import Annotations
from scripts.compare.wire.facets import moved
from scripts.compare.wire.shapes import Branch, admits, token
from scripts.descriptions.values import Json

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Limits"]

Bound: TypeAlias = tuple[float, bool]
Effect: TypeAlias = tuple[bool | None, bool | None]
"""True if values became invalid, and True if values became valid; None if unknown."""
Sides: TypeAlias = tuple[Branch, Branch]


class Limits(Annotations):
    """Comparison of limits."""

    def _enumerations(self, old: Branch, new: Branch) -> None:
        if old.values is None and new.values is None:
            return
        at = self._at(old, new, "enum")
        branches = (old, new)
        if old.values is not None and new.values is not None:
            removed = [value for key, value in old.values.items() if key not in new.values]
            added = [value for key, value in new.values.items() if key not in old.values]
        elif new.values is not None:
            removed = []
            added = [value for value in new.values.values() if not admits(old.limits, value)]
            self._say(
                "enumeration",
                None,
                list(new.values.values()),
                f"its values are restricted to {_listed(list(new.values.values()))}",
                narrowed=True,
                at=at,
                branches=branches,
            )
        else:
            values = old.values or {}
            removed = [value for value in values.values() if not admits(new.limits, value)]
            added = []
            self._say(
                "enumeration",
                list(values.values()),
                None,
                "its values are not enumerated any more",
                widened=True,
                at=at,
                branches=branches,
            )
        for value in removed:
            self._say(
                "enum",
                value,
                None,
                f"the value {token(value)} was removed",
                narrowed=True,
                at=at,
                subject=token(value),
                branches=branches,
            )
        for value in added:
            self._say(
                "enum",
                None,
                value,
                f"the value {token(value)} was added",
                widened=True,
                at=at,
                subject=token(value),
                branches=branches,
            )

    def _limits(self, old: Branch, new: Branch) -> None:
        names = dict.fromkeys((*old.limits, *new.limits))
        scalar = old.kind in {"number", "string", "boolean"}
        enumerated = scalar and (old.values is not None or new.values is not None)
        for name in names:
            was, now = old.limits.get(name), new.limits.get(name)
            if was == now or name == "integer":
                continue
            encoding = name in {"contentEncoding", "contentMediaType", "contentSchema"} or name.startswith(
                "?"
            )
            if enumerated and not encoding:
                continue  # reported with the enumerations
            self._limit(name, was, now, old, new)

    def _limit(self, name: str, was: Json, now: Json, old: Branch, new: Branch) -> None:
        unknown = name.startswith("?")
        facet, show, judge = LIMITS.get(
            name, ("keyword", _as_is, _unknown) if unknown else ("content", _only, _unknown)
        )
        narrowed, widened = judge(name, was, now, (old, new))
        former, present = show(was), show(now)
        clause = f"its {f'keyword {name[1:]}' if unknown else name} {moved(former, present)}"
        if name == "uniqueItems":
            clause = "its items must be unique now" if now else "its items need not be unique any more"
        self._say(
            facet or name,
            former,
            present,
            clause,
            narrowed=narrowed,
            widened=widened,
            at=self._at(old, new, name),
            subject=name.removeprefix("?") if judge is _unknown else "",
            branches=(old, new),
        )


# --- effect of a changed limit ----------------------------------------------------------------------------------------


def _unknown(_name: str, _was: Json, _now: Json, _sides: Sides) -> Effect:
    return None, None


def _bounds(name: str, was: Json, now: Json, sides: Sides) -> Effect:
    narrowed, widened = _bound_moved(was, now, up=name == "minimum")
    if sides[0].limits.get("integer") != sides[1].limits.get("integer") and was and now:
        # a bound of integers is normalised to the next integer
        return narrowed and was[0] != now[0], widened and was[0] != now[0]
    return narrowed, widened


def _sizes(name: str, was: Json, now: Json, _sides: Sides) -> Effect:
    tighter = now is not None and (was is None or (now > was) == name.startswith("min"))
    return tighter, not tighter


def _unique(_name: str, _was: Json, now: Json, _sides: Sides) -> Effect:
    return bool(now), not now


def _formats(_name: str, was: Json, now: Json, sides: Sides) -> Effect:
    return formats.relation(was or frozenset(), now or frozenset(), sides[0].kind)


def _patterns(_name: str, was: Json, now: Json, _sides: Sides) -> Effect:
    former: frozenset[Json] = was or frozenset[Json]()
    present: frozenset[Json] = now or frozenset[Json]()
    fewer = False if present <= former else True if former <= present else None
    more = False if former <= present else True if present <= former else None
    return fewer, more


def _multiples(name: str, was: Json, now: Json, sides: Sides) -> Effect:
    if not (was and now):
        return _patterns(name, was, now, sides)
    fewer = not all(any(_divides(p, f) for f in was) for p in now)
    return fewer, not all(any(_divides(f, p) for p in now) for f in was)


def _listed(values: list[Json]) -> str:
    shown = [token(value) for value in values[:6]]
    return ", ".join(shown) + (f" and {len(values) - 6} more" if len(values) > 6 else "")  # noqa: PLR2004 - explained by its use


def _bound(bound: Bound | None) -> Json:
    if bound is None:
        return None
    return {"exclusive": bound[0]} if bound[1] else bound[0]


def _bound_moved(was: Bound | None, now: Bound | None, *, up: bool) -> tuple[bool, bool]:
    if was is None:
        return True, False
    if now is None:
        return False, True
    tighter = now[1] if was[0] == now[0] else (now[0] > was[0]) == up
    return tighter, not tighter


def _only(values: frozenset[Json] | None) -> Json:
    if not values:
        return None
    listed = sorted(values, key=str)
    return listed[0] if len(listed) == 1 else listed


def _divides(part: float, whole: float) -> bool:
    """Return True if every multiple of the second is one of the first."""
    ratio = whole / part
    return abs(ratio - round(ratio)) < 1e-9  # noqa: PLR2004 - explained by its use


def _as_is(value: Json) -> Json:
    return value


LIMITS: dict[str, tuple[str, Callable[[Json], Json], Callable[[str, Json, Json, Sides], Effect]]] = {
    **dict.fromkeys(("minimum", "maximum"), ("", _bound, _bounds)),
    **dict.fromkeys(
        ("minLength", "minItems", "minProperties", "maxLength", "maxItems", "maxProperties"),
        ("", _as_is, _sizes),
    ),
    "uniqueItems": ("", bool, _unique),
    "format": ("", _only, _formats),
    "pattern": ("", _only, _patterns),
    "multipleOf": ("multiple-of", _only, _multiples),
}
"""The facet of each limit, if its name differs, how it is shown, and the effect of a change."""
