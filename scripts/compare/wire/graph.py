"""Graph of the pairs of corresponding schemas of two documents.

A pair of objects leads to the pairs of their properties, a pair of arrays to the pair of their items. Each pair has
only its own changes, so that a change in a shared schema is found once and recursive schemas end. The operations that
use each pair are determined afterwards, for all pairs at once.
"""

from __future__ import annotations

import json
import re
from collections import deque
from functools import cached_property
from typing import TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from scripts.compare.wire.book import Book
    from scripts.compare.wire.rules import Direction
    from scripts.compare.wire.shapes import Branch, Use
    from scripts.descriptions.values import Json

__all__ = ["BOTH", "REFERENCE", "Change", "Clean", "Graph", "Pair"]

REFERENCE = re.compile(r'"\$ref": "((?:[^"\\]|\\.)*)"')


BOTH: tuple[Direction, ...] = ("request", "response")


MOST_LABELS = 20


@define(eq=False)
class Change:
    """Difference between two schemas.

    Attributes:
        facet: The constraint; empty if `names` are given.
        names: The rule by direction (without the direction), if it does not follow from the facet; other directions
            are not affected.
        old: The old value.
        new: The new value.
        old_location: The location in the old document.
        new_location: The location in the new document.
        message: The change, as a clause.
        narrowed: True if values became invalid, None if unknown.
        widened: True if values became valid, None if unknown.
        subject: The property or keyword, which distinguishes changes of one pair.
        branches: The two alternatives with the change.
    """

    facet: str
    old: Json
    new: Json
    old_location: str
    new_location: str
    message: str
    narrowed: bool | None = False
    widened: bool | None = False
    subject: str = ""
    names: dict[Direction, str] | None = None
    branches: tuple[Branch | None, Branch | None] = (None, None)
    requests: bool = True
    responses: bool = True


@define(eq=False)
class Pair:
    """Corresponding uses of schemas in both documents.

    Attributes:
        index: The number in the graph.
        old: The use in the old document.
        new: The use in the new document.
        changes: The differences of the schemas, without those of their parts.
        edges: The pairs of their parts: number, step, and flags for requests and responses.
        xml: True if an XML body uses it.
        masks: The operations that use it in requests and in responses, one bit each.
        ways: For requests and for responses, the root and the pair from which it is reached first, and the step.
    """

    index: int
    old: Use
    new: Use
    changes: list[Change] = field(factory=list[Change])
    edges: list[tuple[int, str, bool, bool]] = field(factory=list[tuple[int, str, bool, bool]])
    masks: list[int] = field(factory=lambda: [0, 0])
    xml: bool = False
    ways: list[tuple[int, int, str] | None] = field(factory=lambda: [None, None])


@define(eq=False)
class Root:
    """Use of a schema in an operation."""

    pair: int
    direction: Direction
    operation: int
    label: str
    order: tuple[str, str]


class Graph:
    """Graph of all pairs of corresponding schemas."""

    def __init__(self, old: Book, new: Book, clean: Clean) -> None:
        self.old = old
        self.new = new
        self.clean = clean
        self.pairs: list[Pair] = []
        self.roots: list[Root] = []
        self._index: dict[tuple[Use, Use], int] = {}
        self._queue: deque[int] = deque()
        self._below: dict[tuple[int, Direction], frozenset[int]] = {}

    # --- building ---------------------------------------------------------------------------------------------------

    def root(  # noqa: PLR0917 - internal, always called alike
        self,
        old: str,
        new: str,
        direction: Direction,
        operation: int,
        label: str,
        order: tuple[str, str] = ("", ""),
    ) -> None:
        """Add the schemas at two locations, used by an operation.

        Args:
            old: The old location.
            new: The new location.
            direction: The direction of the values.
            operation: The number of the operation.
            label: The part of the operation.
            order: The sort key of the operation.
        """
        pair = self._pair(self.old.use(old), self.new.use(new))
        if pair is not None:
            self.roots.append(Root(pair, direction, operation, label, order))

    def build(self, compare: Callable[[Graph, Pair], None]) -> None:
        """Compare all pairs that the roots lead to, and determine the operations that use each."""
        while self._queue:
            compare(self, self.pairs[self._queue.popleft()])
        for root in self.roots:
            self.pairs[root.pair].masks[0 if root.direction == "request" else 1] |= 1 << root.operation
            self.pairs[root.pair].xml |= re.search(r"\bxml\b|\*/\*", root.label) is not None
        self._spread()
        self._trace()

    def _pair(self, old: Use, new: Use) -> int | None:
        key = (old, new)
        found = self._index.get(key)
        if found is None:
            if self.clean.same(old, new):
                return None
            found = self._index[key] = len(self.pairs)
            self.pairs.append(Pair(found, old, new))
            self._queue.append(found)
        return found

    def link(
        self, pair: Pair, old: Use, new: Use, label: str, *, requests: bool = True, responses: bool = True
    ) -> None:
        """Add an edge from one pair to another."""
        index = self._pair(old, new)
        if index is not None:
            pair.edges.append((index, label, requests, responses))

    def uses(self) -> set[tuple[Use, Use]]:
        """Return the uses of all pairs."""
        return set(self._index)

    def _spread(self) -> None:  # noqa: C901 - a flat list of cases
        """Propagate the operations along the edges until nothing changes, in an order that is usually fast."""
        order: list[int] = []
        done = [False] * len(self.pairs)
        for root in self.roots:
            stack: list[tuple[int, int]] = [(root.pair, 0)]
            if done[root.pair]:
                continue
            done[root.pair] = True
            while stack:
                index, position = stack[-1]
                edges = self.pairs[index].edges
                if position < len(edges):
                    stack[-1] = (index, position + 1)
                    child = edges[position][0]
                    if not done[child]:
                        done[child] = True
                        stack.append((child, 0))
                else:
                    stack.pop()
                    order.append(index)
        order.reverse()
        moving = True
        while moving:
            moving = False
            for index in order:
                requests, responses = self.pairs[index].masks
                for child, _, to_requests, to_responses in self.pairs[index].edges:
                    masks = self.pairs[child].masks
                    if self.pairs[index].xml and not self.pairs[child].xml:
                        self.pairs[child].xml = moving = True
                    if to_requests and requests & ~masks[0]:
                        masks[0] |= requests
                        moving = True
                    if to_responses and responses & ~masks[1]:
                        masks[1] |= responses
                        moving = True

    def _trace(self) -> None:
        """Determine the first way to each pair, independent of the order in the documents."""
        for position, direction in enumerate(BOTH):
            queue: deque[int] = deque()
            order = sorted(
                (root.order, root.label, i)
                for i, root in enumerate(self.roots)
                if root.direction == direction
            )
            for _, _, i in order:
                pair = self.pairs[self.roots[i].pair]
                if pair.ways[position] is None:
                    pair.ways[position] = (i, -1, "")
                    queue.append(pair.index)
            while queue:
                pair = self.pairs[queue.popleft()]
                way = pair.ways[position]
                if way is None:
                    continue
                for child, label, *through in sorted(pair.edges, key=lambda edge: edge[1]):
                    ways = self.pairs[child].ways
                    if through[position] and ways[position] is None:
                        ways[position] = (way[0], pair.index, label)
                        queue.append(child)

    def below(self, index: int, direction: Direction) -> list[Pair]:
        """Return a pair and all pairs below it."""
        position = BOTH.index(direction)
        found = {index: self.pairs[index]}
        todo = [index]
        while todo:
            for child, _, *through in self.pairs[todo.pop()].edges:
                if through[position] and child not in found:
                    found[child] = self.pairs[child]
                    todo.append(child)
        return list(found.values())

    @cached_property
    def parents(self) -> dict[int, list[tuple[int, str, bool, bool]]]:
        """The parents of each pair."""
        found: dict[int, list[tuple[int, str, bool, bool]]] = {}
        for pair in self.pairs:
            for child, label, requests, responses in pair.edges:
                found.setdefault(child, []).append((pair.index, label, requests, responses))
        return found

    def above(self, indices: Iterable[int], direction: Direction) -> set[int]:
        """Return pairs and all pairs above them."""
        position = BOTH.index(direction)
        found = set(indices)
        todo = list(found)
        while todo:
            for parent, _, *through in self.parents.get(todo.pop(), ()):
                if through[position] and parent not in found:
                    found.add(parent)
                    todo.append(parent)
        return found

    def first(self, direction: Direction) -> set[int]:
        """Return the pairs of whole bodies and parameters."""
        return self._first[direction]

    @cached_property
    def _first(self) -> dict[Direction, set[int]]:
        return {
            direction: {root.pair for root in self.roots if root.direction == direction} for direction in BOTH
        }

    def order(self, pair: Pair) -> tuple[tuple[str, str], str, int]:
        """Return the sort key of a pair, by the first operation that uses it."""
        firsts = [self.roots[way[0]] for way in pair.ways if way is not None]
        return min(
            ((root.order, root.label, pair.index) for root in firsts), default=(("", ""), "", pair.index)
        )

    def _label(self, pair: Pair, direction: Direction, first: str) -> str:
        """Return the part of the operations that uses a pair, without the status if there are several."""
        mask = pair.masks[BOTH.index(direction)]
        if mask.bit_count() < 2:  # noqa: PLR2004 - one operation
            return first
        concerned = [
            root
            for root in self.roots
            if root.direction == direction
            and mask >> root.operation & 1
            and root.label.partition(" ")[0] == first.partition(" ")[0]
        ]
        labels = {
            root.label
            for root in concerned[:MOST_LABELS]
            if pair.index in self._indices(root.pair, direction)
        }
        for label in (first, re.sub(r"^(response) \S+", r"\1", first), first.partition(" ")[0]):
            if all(re.sub(r"^(response) \S+", r"\1", one) == label or one == label for one in labels):
                return label
        return first

    def _indices(self, index: int, direction: Direction) -> frozenset[int]:
        key = (index, direction)
        if key not in self._below:
            self._below[key] = frozenset(pair.index for pair in self.below(index, direction))
        return self._below[key]

    def place(self, pair: Pair, direction: Direction) -> str:
        """Return the path within a body or parameter to the first use of a pair."""
        position = BOTH.index(direction)
        labels: list[str] = []
        way = pair.ways[position]
        if way is None:
            return ""
        root = self._label(pair, direction, self.roots[way[0]].label)
        while way is not None and way[1] >= 0:
            labels.append(way[2])
            way = self.pairs[way[1]].ways[position]
        path = "".join(reversed(labels)).removeprefix(".")
        return f"{root} › {path}" if path else root  # noqa: RUF001 - typographic on purpose


class Clean:
    """Textual comparison of two uses, including all parts to which they refer."""

    def __init__(self, clean: frozenset[str], *, same_dialect: bool) -> None:
        self._clean = clean if same_dialect else frozenset[str]()
        self.same_dialect = same_dialect

    def same(self, old: Use, new: Use) -> bool:
        """Return True if two uses are equal."""
        return old == new and all(location in self._clean for location in (*old.core, *old.wrappers))

    def has(self, location: str) -> bool:
        """Return True if a component, with all that it refers to, is equal in both documents."""
        return location in self._clean

    def same_words(self, old: Json, new: Json) -> bool:
        """Return True if two parts have equal text, apart from the targets of references."""
        return self.same_dialect and json.dumps(old, sort_keys=True, default=str) == json.dumps(
            new, sort_keys=True, default=str
        )

    def changed_references(self, old: Json, new: Json) -> set[str] | None:
        """Return the references of two parts whose targets differ; None if their text differs."""
        if not self.same_dialect:
            return None
        text = json.dumps(old, sort_keys=True, default=str)
        if text != json.dumps(new, sort_keys=True, default=str):
            return None
        found = {json.loads(f'"{match}"').removeprefix("#") for match in REFERENCE.findall(text)}
        return found - self._clean
