"""Search for whole bodies that show a change, or a difference that no record reports.

A place is compared without the surrounding schemas. No body shows a change below ``maxItems: 0``, or in an alternative
that another one covers. A value that several constraints exclude together may not be excluded by a single one.
"""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

from attrs import define, field

from scripts.compare.wire.guesses import Guesses
from scripts.compare.wire.records import Witness
from scripts.compare.wire.samples import NoSampleError, from_pattern
from scripts.compare.wire.shapes import token
from scripts.descriptions.values import Json, Object, as_object, is_list, is_object, members

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.compare.wire.graph import Change, Graph, Pair
    from scripts.compare.wire.judge import Judge
    from scripts.compare.wire.rules import Direction
    from scripts.compare.wire.shapes import Branch

__all__ = ["WITHOUT_EFFECT", "Bodies"]

AROUND = "the surrounding schemas exclude it"
PROVED = "the sets of values differ, but no example was found"
OTHERS = "every value allowed by one side is allowed by the other, too"
WITHOUT_EFFECT = frozenset({AROUND, OTHERS})
# facets with an exact effect on the values
JUDGED = frozenset(
    {
        "type",
        "nullable",
        "enum",
        "enumeration",
        "minimum",
        "maximum",
        "multiple-of",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minProperties",
        "maxProperties",
        "uniqueItems",
        "required",
        "additional-properties",
        "property-names",
        "dependent-required",
        "pattern-properties",
        "items",
        "prefix-items",
        "variant",
        "choice",
        "not",
        "condition",
        "contains",
        "dependent-schemas",
        "unevaluated",
        "all-of",
    }
)
TRIES = 300
AT_LENGTH = TRIES * 10
ENOUGH = 25
KEPT = 6
MOST_WAYS = 12
MOST_PLACES = 4
_STEP = re.compile(r"\.\*|\./.*/$|\.[^.\[\]*()/]+|\[\d*\]|\(names\)$")


@define(eq=False)
class Bodies:
    """Bodies of two documents.

    Attributes:
        graph: The pairs of schemas.
        judge: The judge, which has the validators.
    """

    graph: Graph
    judge: Judge
    _guessed: dict[tuple[int, Direction, int], tuple[list[Json], list[Json]]] = field(
        factory=dict[tuple[int, "Direction", int], tuple[list["Json"], list["Json"]]]
    )
    _covered: dict[tuple[int, Direction], bool] = field(factory=dict[tuple[int, "Direction"], bool])

    # --- one pair -----------------------------------------------------------------------------------------------------

    def guessed(self, pair: Pair, direction: Direction, tries: int = TRIES) -> tuple[list[Json], list[Json]]:
        """Return guessed values that their own side allows, and those of them that the other side rejects."""
        key = (pair.index, direction, tries)
        if key not in self._guessed:
            self._guessed[key] = self._guess(pair, direction, tries)
        return self._guessed[key]

    def _guess(self, pair: Pair, direction: Direction, tries: int) -> tuple[list[Json], list[Json]]:
        inside, outside = self._validators(pair, direction)
        sides = (self.judge.old, self.judge.new)
        cores = (pair.old.core, pair.new.core)
        schemas = [side.schema(core, direction) for side, core in zip(sides, cores, strict=True)]
        if inside is None or outside is None or None in schemas:
            return [], []
        here, there = schemas if direction == "request" else reversed(schemas)
        admitted: dict[str, Json] = {}
        refused: dict[str, Json] = {}
        for one, other in ((here, there), (there, here)):
            for value in Guesses(one, other).some(tries):
                try:
                    if inside.is_valid(value):
                        admitted[token(value)] = value
                        if not outside.is_valid(value):
                            refused[token(value)] = value
                except ValueError:
                    continue
        return list(admitted.values()), list(refused.values())

    def _validators(self, pair: Pair, direction: Direction) -> tuple[Any, Any]:
        old = self.judge.old.validator(pair.old.core, direction)
        new = self.judge.new.validator(pair.new.core, direction)
        return (old, new) if direction == "request" else (new, old)

    def judged(self, pair: Pair, change: Change, direction: Direction, witness: Witness) -> Witness:
        """Return a whole body that shows a change, or the reason for its absence."""
        if change.facet in JUDGED and self._is_covered(pair, direction):
            return Witness(found=False, reason=OTHERS)
        if witness.found:
            body = self.witness(pair, direction, [witness.value])
            if body is not None and not body.found:
                others = self.guessed(pair, direction)[1]
                body = self.witness(pair, direction, others) if others else body
            return body or witness
        if change.facet not in JUDGED:
            return witness
        proved = self.judge.breaks(pair, direction) is False
        admitted, refused = ([], []) if proved else self.guessed(pair, direction)
        if refused:
            return self.witness(pair, direction, refused) or Witness(
                True, refused[0], pair.old.core[0], pair.new.core[0]
            )
        if proved or len(admitted) >= ENOUGH:
            return Witness(found=False, reason=OTHERS)
        return witness

    def _is_covered(self, pair: Pair, direction: Direction) -> bool:
        """Return True if it is proved for every body with the pair that one side allows all values of the other."""
        key = (pair.index, direction)
        if key not in self._covered:
            bodies = self.graph.above([pair.index], direction) & self.graph.first(direction)
            self._covered[key] = all(
                self.judge.breaks(self.graph.pairs[index], direction) is False for index in bodies
            )
        return self._covered[key]

    # --- from a place to the body -------------------------------------------------------------------------------------

    def witness(self, pair: Pair, direction: Direction, values: list[Json]) -> Witness | None:
        """Search for a body with one of the values at the place of a pair that shows the change.

        Returns:
            The body; a witness without a value if the surrounding schemas exclude it; None if that is unknown.
        """
        seen: set[tuple[int, int, str]] = set()
        blocked = False
        todo: list[tuple[int, list[Json]]] = [(pair.index, values[:KEPT])]
        roots = self.graph.first(direction)
        for _ in range(MOST_WAYS):
            if not todo:
                break
            index, held = todo.pop()
            here = self.graph.pairs[index]
            if index in roots:
                return Witness(True, held[0], here.old.core[0], here.new.core[0])
            for parent, label, *through in self.graph.parents.get(index, ()):
                if (index, parent, label) in seen or not through[0 if direction == "request" else 1]:
                    continue
                seen.add((index, parent, label))
                found = self._around(self.graph.pairs[parent], label, direction, held)
                if found is None:
                    return None
                if found:
                    todo.append((parent, found))
                else:
                    blocked = True
        if todo or not blocked:
            return None
        return Witness(found=False, reason=AROUND)

    def _around(
        self, parent: Pair, label: str, direction: Direction, values: list[Json]
    ) -> list[Json] | None:
        """Return bodies with the values at their place, or None if the surrounding schemas are not supported."""
        inside, outside = self._validators(parent, direction)
        steps = _STEP.findall(label)
        if inside is None or outside is None or "".join(steps) != label:
            return None
        admitted = False
        for way in (self._samples, self._guesses, self._many_guesses):
            found: list[Json] = []
            for base in way(parent, direction):
                admitted = admitted or inside.is_valid(base)
                for value in values:
                    found += [
                        whole
                        for whole in _placed(base, steps, value)
                        if inside.is_valid(whole) and not outside.is_valid(whole)
                    ]
                if len(found) >= KEPT:
                    break
            if found:
                return found
        return [] if admitted else None

    def _samples(self, parent: Pair, direction: Direction) -> Iterator[Json]:
        side, use = (self.judge.old, parent.old) if direction == "request" else (self.judge.new, parent.new)
        for kind in ("object", "array"):
            for branch in side.book.shape(use.core).kinds.get(kind, ())[:8]:
                for full in (False, True):
                    try:
                        yield side.sampler.branch(branch, full=full)
                        if branch.prefix:
                            yield side.sampler.list(branch, len(branch.prefix) + 1, full=full)
                    except NoSampleError:
                        break
        yield from ({}, [])

    def _guesses(self, parent: Pair, direction: Direction) -> Iterator[Json]:
        yield from self.guessed(parent, direction)[0][:60]

    def _many_guesses(self, parent: Pair, direction: Direction) -> Iterator[Json]:
        """Return many guesses, since the rare conclusion that no body exists must be correct."""
        yield from self.guessed(parent, direction, AT_LENGTH)[0]

    def is_open(self, pair: Pair) -> bool:
        """Return True if the parts of a schema may have an effect together that none of them has alone."""
        old, new = self.judge.old.book, self.judge.new.book
        before, after = old.shape(pair.old.core), new.shape(pair.new.core)
        composed = any(
            _is_composed(branches) for shape in (before, after) for branches in shape.kinds.values()
        )
        if not composed and not any(change.facet == "enumeration" for change in pair.changes):
            return False
        return old.digest(pair.old) != new.digest(pair.new)

    # --- differences without a record ---------------------------------------------------------------------------------

    def unreported(self, pair: Pair, direction: Direction, aside: set[str]) -> Witness | None:
        """Search for a body that shows a change other than new and undeclared properties."""
        breaks = self.judge.breaks(pair, direction)
        inside, outside = self._validators(pair, direction)
        if breaks is False or inside is None or outside is None:
            return None
        refused = self.guessed(pair, direction)[1] or list(self._turned(pair, direction))
        proved = breaks and not aside and pair.index in self.graph.first(direction)
        if proved and not refused:
            refused = self.guessed(pair, direction, AT_LENGTH)[1]
        values = [value for value in refused if _shows(value, aside, inside, outside)]
        if not values:
            return Witness(found=False, reason=PROVED) if proved else None
        body = self.witness(pair, direction, values)
        if body is None:
            return Witness(True, values[0], pair.old.core[0], pair.new.core[0])
        return body if body.found else None

    def _turned(self, pair: Pair, direction: Direction) -> Iterator[Json]:
        """Return values that two alternatives of ``oneOf`` allow on one side only, since one is wider there."""
        sides = ((self.judge.old.book, pair.old.core), (self.judge.new.book, pair.new.core))
        if not any("oneOf" in book.shape(core).choice.values() for book, core in sides):
            return
        opposite: Direction = "response" if direction == "request" else "request"
        for child, label, *_ in pair.edges:
            values = self.guessed(self.graph.pairs[child], opposite)[1]
            yield from self._around(pair, label, direction, values[:KEPT]) or ()
        inside, outside = self._validators(pair, direction)
        for value in self._variants(pair, direction):
            if inside.is_valid(value) and not outside.is_valid(value):
                yield value

    def _variants(self, pair: Pair, direction: Direction) -> Iterator[Json]:
        """Return guessed values of the added and removed alternatives."""
        for change in pair.changes:
            for side, branch in zip((self.judge.old, self.judge.new), change.branches, strict=True):
                if change.facet == "variant" and branch is not None:
                    schema = side.schema((branch.variant or branch.source,), direction)
                    yield from Guesses(schema, schema).some(TRIES * 3)


def _shows(value: Json, aside: set[str], inside: Any, outside: Any) -> bool:
    """Return True if one side rejects a value for another reason than undeclared properties."""
    if not aside & {key for key, _ in members(value)}:
        return True
    kept = copy.deepcopy(value)
    todo: list[Json] = [kept]
    while todo:
        node = todo.pop()
        for name in aside & as_object(node).keys():
            part = node.pop(name)
            if not inside.is_valid(kept):
                node[name] = part
            elif outside.is_valid(kept):
                return False
        todo.extend(node if is_list(node) else as_object(node).values())
    return True


def _is_composed(branches: list[Branch]) -> bool:
    """Return True if a value must satisfy several constraints that depend on each other."""
    return len(branches) > 1 or any(
        branch.opaque
        or branch.patterns
        or branch.dependents
        or branch.names
        or branch.prefix
        or (branch.values is not None and branch.kind in {"array", "object"})
        for branch in branches
    )


def _placed(base: Json, steps: list[str], value: Json) -> Iterator[Json]:
    """Return a value with another one inserted at the end of some steps."""
    if not steps:
        yield value
        if is_object(value) and is_object(
            base
        ):  # an alternative may require more so that no other one matches
            yield {**base, **value}
    elif steps[0][0] == "[":
        yield from _in_list(base, steps, value)
    elif steps[0] == "(names)":
        content = as_object(base)
        if isinstance(value, str):
            for part in ("text", 1, *list(content.values())[:MOST_PLACES]):
                yield from ({**content, value: part}, {value: part})
    else:
        content = as_object(base)
        for name in _named(steps[0], content):
            for inner in _placed(content.get(name), steps[1:], value):
                yield from ({**content, name: inner}, {name: inner})


def _in_list(base: Json, steps: list[str], value: Json) -> Iterator[Json]:
    items = base if is_list(base) else []
    places = range(min(len(items) + 1, MOST_PLACES)) if steps[0] == "[]" else [int(steps[0][1:-1])]
    for number in places:
        if number <= len(items):
            for inner in _placed(items[number] if number < len(items) else None, steps[1:], value):
                yield [*items[:number], inner, *items[number + 1 :]]


def _named(step: str, content: Object) -> list[str]:
    if step == ".*":
        return ["extra", "x", *list(content)[:MOST_PLACES]]
    if step.startswith("./") and step.endswith("/"):
        return [name for _, name in zip(range(3), from_pattern(step[2:-1]), strict=False)]
    return [step[1:]]
