"""Base of the comparison of operations: both documents, and methods to record changes of parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.compare.wire.fields import changed_fields
from scripts.compare.wire.shapes import ANYTHING
from scripts.compare.wire.sunset import SUNSET, sunset_change, too_early

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scripts.compare.wire.book import Book
    from scripts.compare.wire.findings import Findings, Operation
    from scripts.compare.wire.graph import Graph
    from scripts.compare.wire.rules import Direction
    from scripts.descriptions.values import Json, Object

__all__ = ["At", "Sides"]

At = tuple[str | None, str | None]
"""The pointers of one part in both documents."""


class Sides:
    """Both documents, the graph of their schemas, and the findings."""

    def __init__(self, old: Book, new: Book, graph: Graph, findings: Findings) -> None:
        self.old_book = old
        self.new_book = new
        self.old = old.document
        self.new = new.document
        self.graph = graph
        self.findings = findings

    def say(  # noqa: PLR0917 - fixed order
        self,
        operation: Operation | None,
        rule: str,
        at: At,
        old: Json,
        new: Json,
        clause: str,
        *,
        part: str = "",
        direction: Direction = "request",
        subject: str = "",
        operations: Iterable[Operation] = (),
    ) -> None:
        """Record a change of a part."""
        self.findings.say(
            rule,
            direction,
            old,
            new,
            clause,
            at=at,
            part=part,
            subject=subject,
            operation=operation,
            operations=operations,
        )

    def fields(
        self,
        kind: str,
        operation: Operation | None,
        at: At,
        was: Object,
        now: Object,
        *,
        part: str = "",
        direction: Direction = "request",
        without: frozenset[str] = frozenset(),
        operations: Iterable[Operation] = (),
    ) -> None:
        """Compare the fields in the table, and the date until which the part works."""
        for change in changed_fields(kind, was, now):
            if change.name not in without:
                self.say(
                    operation,
                    change.rule.format(direction=direction),
                    at,
                    change.old,
                    change.new,
                    change.clause,
                    part=part,
                    direction=direction,
                    subject=change.name if kind == "path" or change.name.endswith("Encoding") else "",
                    operations=operations,
                )
        ended = sunset_change(was, now)
        if ended is not None:
            rule, old, new, clause = ended
            self.say(operation, rule, at, old, new, clause, part=part, direction=direction)

    def ended(self, operation: Operation, was: Object, at: At, part: str) -> None:
        """Report a part that was removed before its announced date."""
        date = too_early(was)
        if date is not None:
            clause = f"it was announced to work until {date}"
            self.say(operation, "removed-before-sunset", at, was.get(SUNSET), None, clause, part=part)

    def lead(
        self, operation: Operation, old: str | None, new: str | None, direction: Direction, part: str
    ) -> None:
        """Add the schemas at two places, used by an operation, to the graph."""
        if old is not None or new is not None:
            if operation.outward:
                direction = "response" if direction == "request" else "request"
            self.graph.root(
                old or ANYTHING, new or ANYTHING, direction, operation.index, part, operation.order
            )
