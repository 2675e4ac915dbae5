"""Findings of the comparison, and their conversion to records.

A finding in a shared component is reported once, with all operations that use it. The same applies to schemas, whose
findings are the changes of pairs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import define, evolve, field

from scripts.compare.wire.bodies import WITHOUT_EFFECT, Bodies
from scripts.compare.wire.records import Record, Where, Witness, fingerprint
from scripts.compare.wire.rules import LEVELS, RULES, Direction, stem
from scripts.compare.wire.shapes import Use, token

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from scripts.compare.wire.graph import Change, Graph, Pair
    from scripts.compare.wire.judge import Judge
    from scripts.descriptions.values import Json

__all__ = ["Findings", "Operation", "changed_keywords", "erased"]

BOTH: tuple[Direction, Direction] = ("request", "response")
NO_WITNESS = {
    "request": "no accepted request is rejected because of it",
    "response": "no response has new values because of it",
}

# constraints that may be equal in another notation
WRITTEN_DIFFERENTLY = frozenset(
    {
        "choice",
        "not",
        "condition",
        "contains",
        "dependent-schemas",
        "unevaluated",
        "all-of",
        "pattern",
        "pattern-properties",
    }
)


def changed_keywords(
    was: Mapping[str, Json], now: Mapping[str, Json], known: frozenset[str]
) -> Iterator[tuple[str, Json, Json]]:
    """Return the changed keywords that are not compared elsewhere, each with its old and its new value.

    Extensions (``x-…``) are ignored, since their meaning is unknown.
    """
    for keyword in sorted((was.keys() | now.keys()) - known):
        old, new = was.get(keyword), now.get(keyword)
        if not keyword.startswith("x-") and token(old) != token(new):
            yield keyword, old, new


def erased(path: str) -> str:
    """Return a path without the names of its parameters, which are not sent."""
    return re.sub(r"\{[^{}]*\}", "{}", path)


@define(eq=False)
class Operation:
    """Operation of both documents, or of one of them.

    Attributes:
        index: The number.
        method: The method in capitals.
        path: The path in the new document, otherwise in the old one.
        old: The location in the old document.
        new: The location in the new document.
        old_path: The location of its path in the old document.
        new_path: The location of its path in the new document.
        outward: True if the API makes the call (callbacks, webhooks).
        templates: The old and the new path.
    """

    index: int
    method: str
    path: str
    old: str | None
    new: str | None
    old_path: str | None
    new_path: str | None
    outward: bool = False
    templates: tuple[str, str] = ("", "")

    @property
    def order(self) -> tuple[str, str]:
        """The sort key."""
        return erased(self.path), self.method

    @property
    def label(self) -> str:
        """The readable name."""
        return f"{self.method} {self.path}"


@define(eq=False)
class _Finding:
    rule: str
    direction: Direction
    old: Json
    new: Json
    clause: str
    old_location: str | None
    new_location: str | None
    part: str
    subject: str
    operations: int
    witness: Witness | None = None
    whole: bool = False


@define(eq=False)
class Findings:
    """Findings of a comparison."""

    operations: list[Operation] = field(factory=list[Operation])
    _found: list[_Finding] = field(factory=list[_Finding])
    _bodies: Bodies | None = None

    def say(
        self,
        rule: str,
        direction: Direction,
        old: Json,
        new: Json,
        clause: str,
        *,
        at: tuple[str | None, str | None],
        part: str = "",
        subject: str = "",
        operation: Operation | None = None,
        operations: Iterable[Operation] = (),
    ) -> None:
        """Record one change.

        Args:
            rule: The id of the rule.
            direction: The affected direction.
            old: The old value.
            new: The new value.
            clause: The change in words.
            at: The locations in both documents.
            part: The part of the operation.
            subject: The name that distinguishes it from other changes at the same place.
            operation: The affected operation.
            operations: All affected operations.
        """
        mask = 0
        for concerned in (*operations, *([operation] if operation else [])):
            mask |= 1 << concerned.index
        level = RULES[rule].level
        if (
            operation is not None
            and operation.outward
            and not (level == "compatible" and rule.endswith(_TEXT))
        ):
            if not rule.startswith(("callback-", "webhook-")):
                rule = "callback-part-changed"
            direction = "response" if direction == "request" else "request"
        self._found.append(_Finding(rule, direction, old, new, clause, at[0], at[1], part, subject, mask))

    def take(self, graph: Graph, judge: Judge, *, unreached: Graph | None = None) -> None:  # noqa: C901 - a flat list of cases
        """Record the changes of all pairs of a graph that an operation uses.

        Args:
            graph: The graph.
            judge: The judge of unknown effects.
            unreached: If given, `graph` has the schemas that no operation uses, and this is the graph of the others.
        """
        reached = unreached.uses() if unreached is not None else set[tuple[Use, Use]]()
        self._bodies = Bodies(graph, judge) if unreached is None else None
        said: dict[Direction, set[int]] = {"request": set(), "response": set()}
        hushed: dict[Direction, set[int]] = {"request": set(), "response": set()}
        for pair in sorted(graph.pairs, key=graph.order):
            if (pair.old, pair.new) in reached:
                continue
            for change in pair.changes:
                if unreached is not None:
                    self._take_unreached(graph, pair, change, judge)
                    continue
                for direction in _concerned(pair, change):
                    before = len(self._found)
                    mask = pair.masks[BOTH.index(direction)]
                    self._take_change(graph, pair, change, direction, mask, judge)
                    for found in self._found[before:]:
                        if RULES[found.rule].level == "breaking":
                            said[direction].add(pair.index)
                        elif found.rule.endswith("change-without-effect"):
                            hushed[direction].add(pair.index)
        if self._bodies is not None:
            for direction in BOTH:
                self._take_unreported(graph, self._bodies, direction, said[direction], hushed[direction])

    def _take_unreported(
        self, graph: Graph, bodies: Bodies, direction: Direction, said: set[int], hushed: set[int]
    ) -> None:
        """Record differences of whole bodies that no change of a part explains."""
        known = graph.above(said, direction)
        # changes without an effect are checked again with whole bodies
        doubtful = graph.above(hushed, direction)
        for pair in reversed(graph.pairs):
            if not pair.masks[BOTH.index(direction)] or pair.index in known:
                continue
            whole = pair.index in graph.first(direction) and (
                pair.index in doubtful or bodies.judge.breaks(pair, direction)
            )
            if not whole and not bodies.is_open(pair):
                continue
            aside = {
                change.subject
                for one in graph.below(pair.index, direction)
                for change in one.changes
                if (change.names or {}).get(direction) in {"property-added", "property-removed"}
            }
            witness = bodies.unreported(pair, direction, aside)
            if witness is not None:
                known |= graph.above([pair.index], direction)
                self._found.append(_unreported(graph, pair, direction, witness))

    def _take_unreached(self, graph: Graph, pair: Pair, change: Change, judge: Judge) -> None:
        """Record a change in an unused schema once, for the direction that it would break."""
        taken: list[_Finding] = []
        concerned_by: tuple[tuple[Direction, bool], ...] = (
            ("request", change.requests),
            ("response", change.responses),
        )
        for direction, concerned in concerned_by:
            if concerned:
                before = len(self._found)
                self._take_change(graph, pair, change, direction, 0, judge)
                taken += self._found[before:]
                del self._found[before:]
        taken = [
            found for found in taken if RULES[found.rule].schema or RULES[found.rule].level != "compatible"
        ]
        if taken:
            worst = min(taken, key=lambda found: LEVELS.index(RULES[found.rule].level))
            worst.rule = "unreached-schema-changed"
            self._found.append(worst)

    def _take_change(  # noqa: PLR0917 - internal, always called alike
        self,
        graph: Graph,
        pair: Pair,
        change: Change,
        direction: Direction,
        mask: int,
        judge: Judge,
    ) -> None:
        _determine(pair, change, judge, direction)
        if change.facet in WRITTEN_DIFFERENTLY and change.narrowed is False and change.widened is False:
            return
        if change.names is not None:
            name = change.names.get(direction)
            if name is None:
                return
        else:
            name = stem(change.facet, direction, narrowed=change.narrowed, widened=change.widened)
        rule = RULES.get(f"{direction}-{name}") or RULES[name]
        part = graph.place(pair, direction)
        witness: Witness | None = None
        if rule.schema:
            if rule.level == "compatible":
                witness = Witness(found=False, reason=NO_WITNESS[direction])
            else:
                witness = judge.witness(pair, change, direction, narrowing=direction == "request")
            if rule.level == "breaking" and self._bodies is not None:
                witness = self._bodies.judged(pair, change, direction, witness)
                if witness.reason in WITHOUT_EFFECT:
                    rule = RULES[f"{direction}-change-without-effect"]
        self._found.append(
            _Finding(
                rule.id,
                direction,
                change.old,
                change.new,
                change.message,
                change.old_location,
                change.new_location,
                part,
                change.subject or change.facet,
                mask,
                witness,
                whole=True,
            )
        )

    # --- records ------------------------------------------------------------------------------------------------------

    def records(self) -> tuple[Record, ...]:
        """Return one record for each change, the worst first, in an order that does not depend on the documents'."""
        merged = _merged(self._found)
        order = sorted(self.operations, key=lambda operation: operation.order)
        reached: dict[int, tuple[Operation | None, tuple[str, ...]]] = {}
        for finding in merged:
            mask = finding.operations
            if mask not in reached:
                concerned = [operation for operation in order if mask >> operation.index & 1]
                reached[mask] = (
                    concerned[0] if concerned else None,
                    tuple(operation.label for operation in concerned),
                )
        records = [self._record(finding, *reached[finding.operations]) for finding in merged]
        counted: dict[str, int] = {}
        distinct: list[Record] = []
        for record in sorted(records, key=_place):
            # two changes with equal names and values
            again = counted.get(record.fingerprint, 0)
            counted[record.fingerprint] = again + 1
            distinct.append(
                evolve(record, fingerprint=fingerprint(record.fingerprint, again)) if again else record
            )
        return tuple(distinct)

    def _record(self, finding: _Finding, first: Operation | None, concerned: tuple[str, ...]) -> Record:
        place = f"{finding.part}: " if finding.part else ""
        where = ""
        if first is not None:
            more = f" and {len(concerned) - 1} more" if len(concerned) > 1 else ""
            where = f"{first.label}{more}: "
        sentence = f"{where}{place}{finding.clause}."
        return Record(
            id=finding.rule,
            where=Where(
                method=first.method if first else None,
                path=first.path if first else None,
                old_pointer=finding.old_location,
                new_pointer=finding.new_location,
                location=finding.part,
            ),
            direction=finding.direction,
            level=RULES[finding.rule].level,
            old=finding.old,
            new=finding.new,
            message=sentence[0].upper() + sentence[1:] if not first else sentence,
            fingerprint=fingerprint(
                finding.rule,
                finding.direction,
                first.method if first else None,
                erased(first.path) if first else None,
                finding.part,
                finding.subject,
                finding.old,
                finding.new,
            ),
            operations=concerned,
            witness=finding.witness,
        )


# a changed text is compatible also if the API makes the call
_TEXT = (
    "description-changed",
    "summary-changed",
    "example-changed",
    "docs-changed",
    "id-changed",
    "tags-changed",
)


def _place(record: Record) -> tuple[object, ...]:
    return (
        LEVELS.index(record.level),
        erased(record.where.path or ""),
        record.where.method or "",
        record.direction,
        record.where.location,
        record.id,
        token(record.old),
        token(record.new),
        record.fingerprint,
    )


def _determine(pair: Pair, change: Change, judge: Judge, direction: Direction) -> None:
    """Determine the effect of a change, if unknown."""
    if change.narrowed is not None and change.widened is not None:
        return
    if change.facet == "variant" and judge.variant_proof(pair, change, direction):
        change.narrowed = change.narrowed if change.narrowed is not None else False
        change.widened = change.widened if change.widened is not None else False
        return
    if change.facet in {"keyword", "content", "xml", "discriminator"}:
        return
    not_narrowed, not_widened = judge.proof(pair, direction)
    if change.narrowed is None and not_narrowed:
        change.narrowed = False
    if change.widened is None and not_widened:
        change.widened = False
    if change.narrowed is None and judge.witness(pair, change, direction, narrowing=True).found:
        change.narrowed = True
    if change.widened is None and judge.witness(pair, change, direction, narrowing=False).found:
        change.widened = True


def _concerned(pair: Pair, change: Change) -> Iterator[Direction]:
    """Return the directions in which a change has an effect."""
    if change.facet == "xml" and not pair.xml:
        return
    if pair.masks[0] and change.requests:
        yield "request"
    if pair.masks[1] and change.responses:
        yield "response"


def _unreported(graph: Graph, pair: Pair, direction: Direction, witness: Witness) -> _Finding:
    request = direction == "request"
    return _Finding(
        "request-schema-narrowed" if request else "response-schema-widened",
        direction,
        None,
        None,
        "its constraints together reject values that were accepted"
        if request
        else "its constraints together allow values that were impossible before",
        pair.old.core[0],
        pair.new.core[0],
        graph.place(pair, direction),
        "whole",
        pair.masks[BOTH.index(direction)],
        witness,
        whole=True,
    )


def _merged(found: list[_Finding]) -> list[_Finding]:
    """Merge findings of one change: at the same place, or in a shared schema that was copied."""
    for side in ("both", "old"):
        kept: dict[tuple[object, ...], _Finding] = {}
        rest: list[_Finding] = []
        for finding in found:
            place: tuple[object, ...]
            if side == "both":
                place = (finding.old_location, finding.new_location)
            else:
                if finding.old_location is None or not finding.whole:
                    rest.append(finding)
                    continue
                place = (finding.old_location,)
            key = (
                finding.rule,
                finding.direction,
                finding.subject,
                finding.clause,
                token(finding.old),
                token(finding.new),
                *place,
            )
            if key in kept:
                kept[key].operations |= finding.operations
            else:
                kept[key] = finding
        found = [*kept.values(), *rest]
    return found
