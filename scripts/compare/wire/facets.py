"""Recording and wording of differences between two schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.compare.wire.graph import Change, Graph, Pair
from scripts.compare.wire.shapes import KINDS, Branch, Shape, Use, token

if TYPE_CHECKING:
    from scripts.compare.wire.book import Book
    from scripts.compare.wire.rules import Direction
    from scripts.descriptions.values import Json

__all__ = ["Facets", "is_integer", "moved", "type_names"]

NOT_LOOKED_AT = Shape("")


class Facets:
    """Base of the parts of the comparison of one pair: both schemas, and methods to record changes."""

    def __init__(self, graph: Graph, pair: Pair) -> None:
        self.graph = graph
        self.pair = pair
        self.old = graph.old
        self.new = graph.new
        self.before = self.after = NOT_LOOKED_AT
        self.annotated = {(pair.old.core, pair.new.core)}
        self.chosen: set[tuple[str | None, str | None, bool, bool]] = set()

    def _say(
        self,
        facet: str,
        old: Json,
        new: Json,
        message: str,
        *,
        narrowed: bool | None = False,
        widened: bool | None = False,
        at: tuple[str, str] | None = None,
        subject: str = "",
        names: dict[Direction, str] | None = None,
        branches: tuple[Branch | None, Branch | None] = (None, None),
        requests: bool = True,
        responses: bool = True,
    ) -> None:
        old_location, new_location = at or (self.before.source, self.after.source)
        self.pair.changes.append(
            Change(
                facet,
                old,
                new,
                old_location,
                new_location,
                message,
                narrowed,
                widened,
                subject,
                names,
                branches,
                requests,
                responses,
            )
        )

    def _at(self, old: Branch, new: Branch, *keys: str) -> tuple[str, str]:
        was = next((old.origins[key] for key in keys if key in old.origins), old.source)
        now = next((new.origins[key] for key in keys if key in new.origins), new.source)
        return was, now

    def _flag(self, book: Book, use: Use, keyword: str) -> bool:
        found = book.deep_annotation(use, keyword)
        return found is not None and found[0] is True

    def _summary(self, book: Book, use: Use) -> Json:
        names = type_names(book.shape(use.core))
        return names[0] if len(names) == 1 else names

    def _rule(self, book: Book, rule: Use | bool | None) -> Use | bool | None:
        if isinstance(rule, Use):
            shape = book.shape(rule.core)
            if shape.is_anything():
                return None
            if not shape.kinds:
                return False
        return rule

    def _rule_value(self, book: Book, rule: Use | bool | None) -> Json:
        return True if rule is None else False if isinstance(rule, bool) else self._summary(book, rule)


def type_names(shape: Shape) -> list[str]:
    """Return the allowed types of a schema; `integer` is separate from `number`."""
    return [
        "integer" if kind == "number" and is_integer(shape) else kind for kind in KINDS if kind in shape.kinds
    ]


def is_integer(shape: Shape) -> bool:
    """Return True if only integers are allowed as numbers."""
    branches = shape.kinds.get("number", ())
    return bool(branches) and all(
        branch.limits.get("integer")
        or (branch.values is not None and all(float(value).is_integer() for value in branch.values.values()))
        for branch in branches
    )


def moved(was: Json, now: Json) -> str:
    """Return the change of a value in words."""
    if was is None:
        return f"{token(now)} was added"
    if now is None:
        return f"{token(was)} was removed"
    return f"changed from {token(was)} to {token(now)}"
