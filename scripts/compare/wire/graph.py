"""Pairs of schemas that stand for the same thing in both documents, as a graph.

The pairs form a graph: a pair of objects leads to the pairs of their properties, a pair of lists to that of their
items. Each pair holds the changes that are its own, so a change in a shared schema is found once, whatever reaches it,
and circular schemas end. Which operations reach a pair is worked out afterwards, for all pairs at once.
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
    """One difference between two schemas.

    Attributes:
        facet: Which constraint differs; empty where the names of the rules are given.
        names: The rule by direction (without the direction), where it does not follow from the facet; a direction
            that is missing is not concerned.
        old: The former value.
        new: The present value.
        old_location: Where it stands in the former document.
        new_location: Where it stands in the present document.
        message: What happened, as a clause.
        narrowed: Whether values are admitted no more.
        widened: Whether values are newly admitted.
        subject: The property or keyword, so that like changes of one pair can be told apart.
        branches: The two alternatives in which it was found.
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
    """Two uses that stand for the same thing in both documents.

    Attributes:
        index: Its number in the graph.
        old: The former use.
        new: The present one.
        changes: What differs in the schemas themselves, not in their parts.
        edges: The pairs of their parts: number, how they are reached, and whether requests and responses reach them
            through here.
        xml: Whether a body that is XML reaches it.
        masks: Which operations reach it in requests and in responses, one bit each.
        ways: For requests and for responses, the root and the pair it is reached from first, and how.
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
    """Where an operation uses a schema."""

    pair: int
    direction: Direction
    operation: int
    label: str
    order: tuple[str, str]


class Graph:
    """All pairs of two documents' schemas that stand for the same thing."""

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

    def root(  # noqa: PLR0917 - called from here only, always alike
        self,
        old: str,
        new: str,
        direction: Direction,
        operation: int,
        label: str,
        order: tuple[str, str] = ("", ""),
    ) -> None:
        """Compare the schemas at two locations, for one operation.

        Args:
            old: The former location.
            new: The present one.
            direction: Which way the values travel.
            operation: The number of the operation.
            label: The part of the operation.
            order: The place of the operation among the others, by its names.
        """
        pair = self._pair(self.old.use(old), self.new.use(new))
        if pair is not None:
            self.roots.append(Root(pair, direction, operation, label, order))

    def build(self, compare: Callable[[Graph, Pair], None]) -> None:
        """Compare whatever the roots lead to, and find out which operations reach what."""
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
        """Let one pair lead to another."""
        index = self._pair(old, new)
        if index is not None:
            pair.edges.append((index, label, requests, responses))

    def uses(self) -> set[tuple[Use, Use]]:
        """Return the uses of all pairs."""
        return set(self._index)

    def _spread(self) -> None:  # noqa: C901 - one case after the other
        """Hand on the operations from pair to pair until nothing changes; in an order that seldom takes long."""
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
        """Find the first way to each pair, in an order that does not depend on how the documents are ordered."""
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
        """Return a pair with all that it leads to."""
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
        """The pairs that lead to each pair."""
        found: dict[int, list[tuple[int, str, bool, bool]]] = {}
        for pair in self.pairs:
            for child, label, requests, responses in pair.edges:
                found.setdefault(child, []).append((pair.index, label, requests, responses))
        return found

    def above(self, indices: Iterable[int], direction: Direction) -> set[int]:
        """Return pairs with all that lead to them."""
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
        """Return the place of a pair among the others, by the operation that reaches it first."""
        firsts = [self.roots[way[0]] for way in pair.ways if way is not None]
        return min(
            ((root.order, root.label, pair.index) for root in firsts), default=(("", ""), "", pair.index)
        )

    def _label(self, pair: Pair, direction: Direction, first: str) -> str:
        """Return the part of the operations that a pair is met in: without the status where that differs."""
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
        """Return where in a body or parameter a pair is first met."""
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
    """Comparison of two uses by text, including all parts to which they refer."""

    def __init__(self, clean: frozenset[str], *, same_dialect: bool) -> None:
        self._clean = clean if same_dialect else frozenset[str]()
        self.same_dialect = same_dialect

    def same(self, old: Use, new: Use) -> bool:
        """Return True if there is nothing to compare."""
        return old == new and all(location in self._clean for location in (*old.core, *old.wrappers))

    def has(self, location: str) -> bool:
        """Return True if a component is the same in both, together with all that it refers to."""
        return location in self._clean

    def same_words(self, old: Json, new: Json) -> bool:
        """Return True if two parts are the same text, whatever they refer to."""
        return self.same_dialect and json.dumps(old, sort_keys=True, default=str) == json.dumps(
            new, sort_keys=True, default=str
        )

    def changed_references(self, old: Json, new: Json) -> set[str] | None:
        """Return what two parts refer to that is not the same in both; None where they are not the same text."""
        if not self.same_dialect:
            return None
        text = json.dumps(old, sort_keys=True, default=str)
        if text != json.dumps(new, sort_keys=True, default=str):
            return None
        found = {json.loads(f'"{match}"').removeprefix("#") for match in REFERENCE.findall(text)}
        return found - self._clean
