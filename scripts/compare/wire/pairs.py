"""Compare schemas pair by pair, each pair once.

The pairs form a graph: a pair of objects leads to the pairs of their properties, a pair of lists to that of their
items. Each pair holds the changes that are its own, so a change in a shared schema is found once, whatever reaches it,
and circular schemas end. Which operations reach a pair is worked out afterwards, for all pairs at once.

Nothing here decides how bad a change is (see :mod:`scripts.compare.wire.rules`); it says which values are admitted no
more and which newly, and leaves ``None`` where that takes a closer look (see :mod:`scripts.compare.wire.judge`).
"""

from __future__ import annotations

import json
import re
from collections import deque
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from attrs import define, field

from scripts.compare.wire import formats
from scripts.compare.wire.shapes import (
    KINDS,
    Book,
    Branch,
    Shape,
    Use,
    admits,
    asks_for_more,
    is_empty,
    token,
    undeclared,
)
from scripts.compare.wire.sunset import SUNSET, sunset_change, too_early
from scripts.descriptions.pointers import escape
from scripts.descriptions.values import Json, as_list, as_object

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scripts.compare.wire.rules import Direction

__all__ = ["REFERENCE", "Change", "Clean", "Graph", "Pair"]

Bound: TypeAlias = tuple[float, bool]

REFERENCE = re.compile(r'"\$ref": "((?:[^"\\]|\\.)*)"')
BOTH: tuple[Direction, ...] = ("request", "response")
# (limit, whether a greater one admits less)
NUMERIC = {
    "minLength": True,
    "minItems": True,
    "minProperties": True,
    "maxLength": False,
    "maxItems": False,
    "maxProperties": False,
}
OPAQUE_FACETS = {
    "not": "not",
    "if": "condition",
    "contains": "contains",
    "dependentSchemas": "dependent-schemas",
    "unevaluatedItems": "unevaluated",
    "unevaluatedProperties": "unevaluated",
    "allOf": "all-of",
    "xml": "xml",
}
TEXTS = {
    "title": ("schema-title-changed", "title"),
    "description": ("schema-description-changed", "description"),
    "example": ("schema-example-changed", "example"),
    "examples": ("schema-example-changed", "examples"),
    "externalDocs": ("schema-external-docs-changed", "link to documentation"),
}


# keywords that bring in other schemas otherwise than as a part
HOLDERS = frozenset(
    {
        "$ref",
        "$dynamicRef",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
        "then",
        "else",
        "contains",
        "dependentSchemas",
        "patternProperties",
        "propertyNames",
        "prefixItems",
        "unevaluatedItems",
        "unevaluatedProperties",
        "discriminator",
    }
)
MOST_LABELS = 20
CHOICES = frozenset({"anyOf", "oneOf", "discriminator"})
INSIDE = {"object": "Properties", "array": "Items"}
NOT_LOOKED_AT = Shape("")


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

    def build(self) -> None:
        """Compare whatever the roots lead to, and find out which operations reach what."""
        while self._queue:
            pair = self.pairs[self._queue.popleft()]
            _Comparison(self, pair).run()
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
        """Give the uses of all pairs."""
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
        """Give the place of a pair among the others, by the operation that reaches it first."""
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
        """Say where in a body or parameter a pair is first met."""
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
    """Tells whether two uses are one and the same text, together with all that they refer to."""

    def __init__(self, clean: frozenset[str], *, same_dialect: bool) -> None:
        self._clean = clean if same_dialect else frozenset[str]()
        self.same_dialect = same_dialect

    def same(self, old: Use, new: Use) -> bool:
        """Tell whether there is nothing to compare."""
        return old == new and all(location in self._clean for location in (*old.core, *old.wrappers))

    def has(self, location: str) -> bool:
        """Tell whether a component is the same in both, together with all that it refers to."""
        return location in self._clean

    def same_words(self, old: Json, new: Json) -> bool:
        """Tell whether two parts are the same text, whatever they refer to."""
        return self.same_dialect and json.dumps(old, sort_keys=True, default=str) == json.dumps(
            new, sort_keys=True, default=str
        )

    def changed_references(self, old: Json, new: Json) -> set[str] | None:
        """Say what two parts refer to that is not the same in both; ``None`` where they are not the same text."""
        if not self.same_dialect:
            return None
        text = json.dumps(old, sort_keys=True, default=str)
        if text != json.dumps(new, sort_keys=True, default=str):
            return None
        found = {json.loads(f'"{match}"').removeprefix("#") for match in REFERENCE.findall(text)}
        return found - self._clean


class _Comparison:
    """The comparison of one pair."""

    def __init__(self, graph: Graph, pair: Pair) -> None:
        self.graph = graph
        self.pair = pair
        self.old = graph.old
        self.new = graph.new
        self.before = self.after = NOT_LOOKED_AT
        self.annotated = {(pair.old.core, pair.new.core)}
        self.chosen: set[tuple[str | None, str | None, bool, bool]] = set()

    def run(self) -> None:
        if self.pair.old == self.pair.new and len(self.pair.old.core) == 1 and not self.pair.old.wrappers:
            location = self.pair.old.core[0]
            content = self.old.document.at(location)
            if self.graph.clean.same_words(content, self.new.document.at(location)) and self._parts(
                location, content
            ):
                return
        self.before = self.old.shape(self.pair.old.core)
        self.after = self.new.shape(self.pair.new.core)
        self._annotations(self.pair.old, self.pair.new)
        self._types()
        for kind in KINDS:
            olds, news = self.before.kinds.get(kind), self.after.kinds.get(kind)
            if olds and news:
                self._alternatives(kind, olds, news)
        self._discriminators()

    # --- what is the same text ------------------------------------------------------------------------------------

    def _parts(self, location: str, content: Json) -> bool:
        """Lead from a schema that is the same text in both documents to what it refers to.

        Returns:
            Whether that is all there is to do; otherwise it must be compared, and nothing was done.
        """
        links: list[tuple[str, str, bool, bool]] = []
        if not self._collect(location, as_object(content), "", links, (True, True)):
            return False
        for place, label, requests, responses in links:
            self.graph.link(
                self.pair,
                self.old.use(place),
                self.new.use(place),
                label,
                requests=requests,
                responses=responses,
            )
        return True

    def _collect(  # noqa: C901, PLR0911, PLR0912 - one case after the other
        self,
        location: str,
        content: dict[str, Json],
        label: str,
        links: list[tuple[str, str, bool, bool]],
        flow: tuple[bool, bool],
    ) -> bool:
        held = HOLDERS & content.keys()
        if (
            held
            and held <= CHOICES
            and len(held - {"discriminator"}) == 1
            and not (label and "oneOf" in held)
        ):
            # the same text, so each alternative stands for the one at the same place
            (keyword,) = held - {"discriminator"}
            for i, member in enumerate(as_list(content[keyword])):
                if HOLDERS.isdisjoint(as_object(member)):
                    if not self._collect(f"{location}/{keyword}/{i}", as_object(member), label, links, flow):
                        return False
                else:
                    links.append((f"{location}/{keyword}/{i}", label, *flow))
        elif held:
            if not label:
                return False
            links.append((location, label, *flow))
            return True
        for name, part in as_object(content.get("properties")).items():
            if isinstance(part, dict):
                place = f"{location}/properties/{escape(name)}"
                hidden = self._hidden(place, as_object(part))
                if hidden is None:
                    return False
                through = (flow[0] and not hidden[0], flow[1] and not hidden[1])
                if not self._collect(place, as_object(part), f"{label}.{name}", links, through):
                    return False
        for keyword, step in (("items", "[]"), ("additionalProperties", ".*")):
            part = content.get(keyword)
            if isinstance(part, dict) and not self._collect(
                f"{location}/{keyword}", as_object(part), f"{label}{step}", links, flow
            ):
                return False
        return True

    def _hidden(self, place: str, content: dict[str, Json]) -> tuple[bool, bool] | None:
        """Say whether a property is read only, and write only; ``None`` where that is not the same in both."""
        if not HOLDERS.isdisjoint(content):
            one = [self._flag(self.old, self.old.use(place), name) for name in ("readOnly", "writeOnly")]
            other = [self._flag(self.new, self.new.use(place), name) for name in ("readOnly", "writeOnly")]
            return (one[0], one[1]) if one == other else None
        return content.get("readOnly") is True, content.get("writeOnly") is True

    # --- reporting ------------------------------------------------------------------------------------------------

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

    # --- texts and flags --------------------------------------------------------------------------------------------

    def _annotations(self, old_use: Use, new_use: Use) -> None:
        before, after = self.old.shape(old_use.core), self.new.shape(new_use.core)
        several = len(before.merged) > 1 or len(after.merged) > 1 or len(old_use.core) + len(new_use.core) > 2  # noqa: PLR2004 - a number that says itself
        olds, news = self.old.annotations(old_use), self.new.annotations(new_use)
        for keyword, (name, what) in TEXTS.items():
            old, new = olds.get(keyword), news.get(keyword)
            if old is None and new is None:
                continue
            if several and (old is None or new is None):
                # merging by hand loses the texts of the parts, so they count where as many parts are merged
                self._part_texts(before, after, keyword, name, what)
                continue
            was, is_ = old[0] if old else None, new[0] if new else None
            if token(was) != token(is_):
                verb = "changed" if old and new else "was added" if new else "was removed"
                self._say(
                    "",
                    was,
                    is_,
                    f"its {what} {verb}",
                    names=dict.fromkeys(BOTH, name),
                    at=(old[1] if old else before.source, new[1] if new else after.source),
                    subject=keyword,
                )
        for keyword in sorted(name for name in olds.keys() | news.keys() if ":" in name):
            old, new = olds.get(keyword), news.get(keyword)
            was, is_ = old[0] if old else None, new[0] if new else None
            if token(was) != token(is_):
                self._say(
                    "",
                    was,
                    is_,
                    f"its annotation {keyword} {_moved(was, is_)}",
                    names=dict.fromkeys(BOTH, "schema-annotation-changed"),
                    at=(old[1] if old else before.source, new[1] if new else after.source),
                    subject=keyword,
                )
        old = self.old.deep_annotation(old_use, "default")
        new = self.new.deep_annotation(new_use, "default")
        if (old is None) != (new is None) or (old and new and token(old[0]) != token(new[0])):
            verb = "changed" if old and new else "added" if new else "removed"
            was, is_ = old[0] if old else None, new[0] if new else None
            text = {
                "changed": f"its default changed from {token(was)} to {token(is_)}",
                "added": f"its default {token(is_)} was added",
                "removed": f"its default {token(was)} was removed",
            }[verb]
            self._say(
                "",
                was,
                is_,
                text,
                names=dict.fromkeys(BOTH, f"default-{verb}"),
                at=(old[1] if old else before.source, new[1] if new else after.source),
            )
        old = self.old.deep_annotation(old_use, "deprecated")
        new = self.new.deep_annotation(new_use, "deprecated")
        was, is_ = bool(old and old[0] is True), bool(new and new[0] is True)
        if was != is_:
            self._say(
                "",
                was,
                is_,
                "it is deprecated now" if is_ else "it is not deprecated any more",
                names=dict.fromkeys(BOTH, "property-deprecated" if is_ else "property-no-longer-deprecated"),
                at=(old[1] if old else before.source, new[1] if new else after.source),
            )
        old, new = self.old.deep_annotation(old_use, SUNSET), self.new.deep_annotation(new_use, SUNSET)
        change = sunset_change({SUNSET: old[0]} if old else {}, {SUNSET: new[0]} if new else {})
        if change is not None:
            rule, was, is_, text = change
            self._say(
                "",
                was,
                is_,
                text,
                names=dict.fromkeys(BOTH, rule),
                at=(old[1] if old else before.source, new[1] if new else after.source),
                subject=SUNSET,
            )

    # --- types ----------------------------------------------------------------------------------------------------

    def _types(self) -> None:
        before, after = self.before, self.after
        had, has = "null" in before.kinds, "null" in after.kinds
        old_types, new_types = _type_names(before), _type_names(after)
        removed = {kind for kind in before.kinds if kind not in after.kinds} - {"null"}
        added = {kind for kind in after.kinds if kind not in before.kinds} - {"null"}
        old_integer, new_integer = _is_integer(before), _is_integer(after)
        if "number" in before.kinds and "number" in after.kinds and not _enumerated(before, "number"):
            if new_integer and not old_integer and not _enumerated(after, "number"):
                removed.add("number")
            elif old_integer and not new_integer and not _enumerated(after, "number"):
                added.add("number")
        # any type but null against every type is told by the nullability alone
        if had != has and not (len(before.kinds) == 1 and had) and not (len(after.kinds) == 1 and has):
            self._say(
                "nullable",
                had,
                has,
                "it may be null now" if has else "it may not be null any more",
                narrowed=had,
                widened=has,
            )
        elif had != has:
            (added if has else removed).add("null")
        if removed or added:
            self._say(
                "type",
                old_types,
                new_types,
                f"its type changed from {_words(old_types)} to {_words(new_types)}",
                narrowed=bool(removed),
                widened=bool(added),
            )

    # --- alternatives -----------------------------------------------------------------------------------------------

    def _alternatives(self, kind: str, olds: list[Branch], news: list[Branch]) -> None:
        pairs, removed, added = self._matched(olds, news)
        for old, new in pairs:
            self._branches(old, new)
            self._variant_annotations(old, new)
        for branch in removed:
            place = branch.variant or branch.source
            self._say(
                "variant",
                self._variant_name(self.old, branch),
                None,
                f"the alternative {self._variant_name(self.old, branch)} was removed",
                narrowed=None,
                at=(place, self.after.source),
                subject=self._variant_name(self.old, branch),
                branches=(branch, None),
            )
        for branch in added:
            place = branch.variant or branch.source
            self._say(
                "variant",
                None,
                self._variant_name(self.new, branch),
                f"the alternative {self._variant_name(self.new, branch)} was added",
                widened=None,
                at=(self.before.source, place),
                subject=self._variant_name(self.new, branch),
                branches=(None, branch),
            )
        was, is_ = self.before.choice.get(kind), self.after.choice.get(kind)
        other = bool(was and is_ and was != is_)
        # values that a further alternative of oneOf holds too were fine before, and match twice now
        overlap = kind not in {"object", "array"} and self._may_overlap(was, is_, removed, added)
        narrowed = is_ == "oneOf" and (other or bool(added))
        widened = (is_ == "anyOf") if other else (was == "oneOf" and bool(removed))
        told = (was, is_, narrowed, widened)
        if (other or overlap) and told not in self.chosen:
            self.chosen.add(told)
            self._say(
                "choice",
                was or "one alternative",
                is_ or "one alternative",
                f"{was} became {is_}"
                if other
                else "exactly one alternative must hold, and the alternatives are others now",
                narrowed=None if narrowed else False,
                widened=None if widened else False,
            )

    @staticmethod
    def _may_overlap(was: str | None, is_: str | None, removed: list[Branch], added: list[Branch]) -> bool:
        """Tell whether alternatives came to, or went from, a choice in which only one may hold."""
        return (is_ == "oneOf" and bool(added)) or (was == "oneOf" and bool(removed))

    def _part_texts(self, before: Shape, after: Shape, keyword: str, name: str, what: str) -> None:
        if len(before.merged) != len(after.merged):
            return
        for was_at, now_at in zip(before.merged, after.merged, strict=True):
            was = as_object(self.old.document.at(was_at)).get(keyword)
            now = as_object(self.new.document.at(now_at)).get(keyword)
            if token(was) != token(now):
                verb = "was added" if was is None else "was removed" if now is None else "changed"
                self._say(
                    "",
                    was,
                    now,
                    f"the {what} of a part {verb}",
                    names=dict.fromkeys(BOTH, name),
                    at=(was_at, now_at),
                    subject=keyword,
                )

    def _variant_annotations(self, old: Branch, new: Branch) -> None:
        """Compare what annotates two alternatives; where there are none, the pair itself was compared already."""
        if old.variant is None and new.variant is None:
            return
        one = Use((old.variant,)) if old.variant else self.pair.old
        other = Use((new.variant,)) if new.variant else self.pair.new
        if (one.core, other.core) not in self.annotated and (old.variant is None) == (new.variant is None):
            self.annotated.add((one.core, other.core))
            self._annotations(one, other)

    def _matched(
        self, olds: list[Branch], news: list[Branch]
    ) -> tuple[list[tuple[Branch, Branch]], list[Branch], list[Branch]]:
        if len(olds) == 1 and len(news) == 1:
            return [(olds[0], news[0])], [], []
        pairs: list[tuple[Branch, Branch]] = []
        left = list(olds)
        free = list(news)
        for depth in (4, 0):
            by_digest: dict[str, list[Branch]] = {}
            for branch in free:
                by_digest.setdefault(self.new.branch_digest(branch, depth), []).append(branch)
            for old in list(left):
                same = by_digest.get(self.old.branch_digest(old, depth))
                if same:
                    new = same.pop(0)
                    pairs.append((old, new))
                    left.remove(old)
                    free.remove(new)
        scored = sorted(
            (
                (-score, i, j)
                for i, old in enumerate(left)
                for j, new in enumerate(free)
                if (score := self._likeness(old, new)) > 0
            ),
        )
        taken_old: set[int] = set()
        taken_new: set[int] = set()
        for _, i, j in scored:
            if i not in taken_old and j not in taken_new:
                taken_old.add(i)
                taken_new.add(j)
                pairs.append((left[i], free[j]))
        return (
            pairs,
            [old for i, old in enumerate(left) if i not in taken_old],
            [new for j, new in enumerate(free) if j not in taken_new],
        )

    def _likeness(self, old: Branch, new: Branch) -> float:  # noqa: C901 - one case after the other
        """Say how likely two alternatives stand for the same thing; 0 where they do not."""
        tags_old, tags_new = self._tags(self.old, old), self._tags(self.new, new)
        for name in tags_old.keys() & tags_new.keys():
            if not tags_old[name] & tags_new[name]:
                return 0
        score = 0.0
        if (
            old.variant
            and new.variant
            and _last(old.variant) == _last(new.variant)
            and not _last(old.variant).isdigit()
        ):
            score += 2
        if tags_old.keys() & tags_new.keys():
            score += 2
        names_old, names_new = set(old.properties), set(new.properties)
        if names_old or names_new:
            score += len(names_old & names_new) / len(names_old | names_new)
        elif old.kind == "object":
            score += 0.5
        if old.kind == "array":
            score += 0.5
        if old.kind in {"string", "number"}:
            score += 0.2
            if (old.values is None) == (new.values is None):
                score += 0.2
            if old.limits.keys() & new.limits.keys():
                score += 0.3
        return score if score >= 0.3 else 0  # noqa: PLR2004 - a number that says itself

    def _tags(self, book: Book, branch: Branch) -> dict[str, frozenset[str]]:
        """Give the properties that can hold a few words only; they tell alternatives apart."""
        tags: dict[str, frozenset[str]] = {}
        for name, declared in branch.properties.items():
            if name not in branch.required:
                continue
            shape = book.shape(declared.use.core)
            if set(shape.kinds) == {"string"} and len(shape.kinds["string"]) == 1:
                values = shape.kinds["string"][0].values
                if values is not None and len(values) == 1:
                    tags[name] = frozenset(values)
        return tags

    def _variant_name(self, book: Book, branch: Branch) -> str:
        place = branch.variant or branch.source
        name = _last(place)
        if not name.isdigit():
            return name
        tags = self._tags(book, branch)
        if tags:
            key = min(tags)
            return f"{key}={min(tags[key])}"
        if branch.properties:
            return "{" + ", ".join(sorted(branch.properties)[:4]) + "}"
        return branch.kind

    # --- one alternative against another ------------------------------------------------------------------------------

    def _branches(self, old: Branch, new: Branch) -> None:
        self._enumerations(old, new)
        inside = old.kind in {"object", "array"}
        if inside and is_empty(old) and is_empty(new) and asks_for_more(old) == asks_for_more(new):
            return  # what could be inside, and how much of it, makes no difference
        self._limits(old, new)
        # what may be inside is told by the limit where that is nothing
        told = inside and 0 in {side.limits.get(f"max{INSIDE[old.kind]}") for side in (old, new)}
        if old.kind == "object":
            self._requirements(old, new, declared=not told)
        if told:
            pass
        elif old.kind == "object":
            self._objects(old, new)
        elif old.kind == "array":
            self._arrays(old, new)
        for keyword in dict.fromkeys((*old.opaque, *new.opaque)):
            self._opaque(keyword, old, new)

    def _at(self, old: Branch, new: Branch, *keys: str) -> tuple[str, str]:
        was = next((old.origins[key] for key in keys if key in old.origins), old.source)
        now = next((new.origins[key] for key in keys if key in new.origins), new.source)
        return was, now

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
                f"only {_listed(list(new.values.values()))} are left of its values",
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
                continue  # told by the enumerations
            self._limit(name, was, now, old, new)

    def _limit(self, name: str, was: Json, now: Json, old: Branch, new: Branch) -> None:
        at = self._at(old, new, name)
        branches = (old, new)
        if name in {"minimum", "maximum"}:
            narrowed, widened = _bound_moved(was, now, up=name == "minimum")
            if old.limits.get("integer") != new.limits.get("integer") and was and now:
                # a bound of integers is written as the next integer
                narrowed, widened = narrowed and was[0] != now[0], widened and was[0] != now[0]
            self._say(
                name,
                _bound(was),
                _bound(now),
                f"its {name} {_moved(_bound(was), _bound(now))}",
                narrowed=narrowed,
                widened=widened,
                at=at,
                branches=branches,
            )
        elif name in NUMERIC:
            tighter = now is not None and (was is None or (now > was) == NUMERIC[name])
            self._say(
                name,
                was,
                now,
                f"its {name} {_moved(was, now)}",
                narrowed=tighter,
                widened=not tighter,
                at=at,
                branches=branches,
            )
        elif name == "uniqueItems":
            self._say(
                name,
                bool(was),
                bool(now),
                "its items must differ now" if now else "its items need not differ any more",
                narrowed=bool(now),
                widened=not now,
                at=at,
                branches=branches,
            )
        elif name == "format":
            narrower, wider = formats.relation(was or frozenset(), now or frozenset(), old.kind)
            self._say(
                "format",
                _only(was),
                _only(now),
                f"its format {_moved(_only(was), _only(now))}",
                narrowed=narrower,
                widened=wider,
                at=at,
                branches=branches,
            )
        elif name in {"pattern", "multipleOf"}:
            former: frozenset[Json] = was or frozenset[Json]()
            present: frozenset[Json] = now or frozenset[Json]()
            fewer: bool | None = False if present <= former else True if former <= present else None
            more: bool | None = False if former <= present else True if present <= former else None
            if name == "multipleOf" and former and present:
                fewer = not all(any(_divides(p, f) for f in former) for p in present)
                more = not all(any(_divides(f, p) for p in present) for f in former)
            self._say(
                "pattern" if name == "pattern" else "multiple-of",
                _only(was),
                _only(now),
                f"its {name} {_moved(_only(was), _only(now))}",
                narrowed=fewer,
                widened=more,
                at=at,
                branches=branches,
            )
        elif name.startswith("?"):
            self._say(
                "keyword",
                was,
                now,
                f"its keyword {name[1:]} {_moved(was, now)}",
                narrowed=None,
                widened=None,
                at=at,
                subject=name[1:],
                branches=branches,
            )
        else:
            self._say(
                "content",
                _only(was),
                _only(now),
                f"its {name} {_moved(_only(was), _only(now))}",
                narrowed=None,
                widened=None,
                at=at,
                subject=name,
                branches=branches,
            )

    # --- objects --------------------------------------------------------------------------------------------------

    def _objects(self, old: Branch, new: Branch) -> None:
        for name in sorted(old.properties.keys() | new.properties.keys()):
            if name not in old.properties:
                self._added(name, old, new)
            elif name not in new.properties:
                self._removed(name, old, new)
            else:
                self._property(name, old, new)
        self._additional(old, new)
        self._patterns(old, new)
        if old.names and new.names:
            self.graph.link(self.pair, old.names, new.names, "(names)")
        elif old.names or new.names:
            self._say(
                "property-names",
                bool(old.names),
                bool(new.names),
                "the names of its properties are restricted now"
                if new.names
                else "the names of its properties are not restricted any more",
                narrowed=new.names is not None,
                widened=old.names is not None,
                at=self._at(old, new, "names"),
                branches=(old, new),
            )
        for name in sorted(old.dependents.keys() | new.dependents.keys()):
            was_asked, now_asked = (
                old.dependents.get(name, frozenset()),
                new.dependents.get(name, frozenset()),
            )
            if was_asked != now_asked:
                self._say(
                    "dependent-required",
                    sorted(was_asked),
                    sorted(now_asked),
                    f"what the presence of {name} asks for changed",
                    narrowed=bool(now_asked - was_asked),
                    widened=bool(was_asked - now_asked),
                    at=self._at(old, new, "dependents"),
                    subject=name,
                    branches=(old, new),
                )

    def _flag(self, book: Book, use: Use, keyword: str) -> bool:
        found = book.deep_annotation(use, keyword)
        return found is not None and found[0] is True

    def _property(self, name: str, old: Branch, new: Branch) -> None:
        was, now = old.properties[name], new.properties[name]
        at = (was.location, now.location)
        read_before, read_after = (
            self._flag(self.old, was.use, "readOnly"),
            self._flag(self.new, now.use, "readOnly"),
        )
        write_before, write_after = (
            self._flag(self.old, was.use, "writeOnly"),
            self._flag(self.new, now.use, "writeOnly"),
        )
        if read_before != read_after:
            demanded = not read_after and name in new.required
            named = (
                "property-became-read-only"
                if read_after
                else "required-property-no-longer-read-only"
                if demanded
                else "property-no-longer-read-only"
            )
            self._say(
                "",
                read_before,
                read_after,
                f"the property {name} is read only now"
                if read_after
                else f"the property {name} is not read only any more",
                names=dict.fromkeys(BOTH, named),
                narrowed=demanded,
                at=at,
                subject=name,
                branches=(old, new),
            )
        if write_before != write_after:
            named = "property-became-write-only" if write_after else "property-no-longer-write-only"
            self._say(
                "",
                write_before,
                write_after,
                f"the property {name} is write only now"
                if write_after
                else f"the property {name} is not write only any more",
                names=dict.fromkeys(BOTH, named),
                at=at,
                subject=name,
                branches=(old, new),
            )
        self.graph.link(
            self.pair,
            was.use,
            now.use,
            f".{name}",
            requests=not (read_before and read_after),
            responses=not (write_before and write_after),
        )

    def _added(self, name: str, old: Branch, new: Branch) -> None:
        now = new.properties[name]
        rule = undeclared(old, name)
        read_only = self._flag(self.new, now.use, "readOnly")
        write_only = self._flag(self.new, now.use, "writeOnly")
        required = name in new.required
        newly_required = required and name not in old.required
        closed = rule is False
        plain = "property-added-to-closed-object" if closed else "property-added"
        request = "required-property-added" if newly_required and not read_only else plain
        response = "property-added" if write_only else plain
        if response == "property-added" and newly_required:
            response = "required-property-added"
        self._say(
            "",
            None,
            self._summary(self.new, now.use),
            f"the {'required ' if required else ''}property {name} was added",
            narrowed=newly_required,
            widened=closed,
            names={"request": request, "response": response},
            at=(old.source, now.location),
            subject=name,
            branches=(old, new),
        )
        if isinstance(rule, Use):
            self.graph.link(
                self.pair, rule, now.use, f".{name}", requests=not read_only, responses=not write_only
            )

    def _removed(self, name: str, old: Branch, new: Branch) -> None:
        was = old.properties[name]
        rule = undeclared(new, name)
        closed = rule is False
        read_only = self._flag(self.old, was.use, "readOnly")
        write_only = self._flag(self.old, was.use, "writeOnly")
        named = "property-removed-from-closed-object" if closed else "property-removed"
        self._say(
            "",
            self._summary(self.old, was.use),
            None,
            f"the property {name} was removed",
            narrowed=closed,
            widened=True,
            names={"request": named, "response": named},
            at=(was.location, new.source),
            subject=name,
            branches=(old, new),
            requests=not read_only,
            responses=not write_only,
        )
        written = self.old.deep_annotation(was.use, SUNSET)
        date = too_early({SUNSET: written[0]}) if written else None
        if date is not None and written is not None:
            self._say(
                "",
                written[0],
                None,
                f"the property {name} was to work until {date}",
                names=dict.fromkeys(BOTH, "removed-before-sunset"),
                at=(written[1], new.source),
                subject=name,
                requests=not read_only,
                responses=not write_only,
            )
        if isinstance(rule, Use):
            self.graph.link(
                self.pair, was.use, rule, f".{name}", requests=not read_only, responses=not write_only
            )

    def _requirements(self, old: Branch, new: Branch, *, declared: bool) -> None:
        """Report what must be there, unless the property itself came or went with that."""
        for name in sorted(old.required.keys() ^ new.required.keys()):
            there, missing = (new, old) if name in new.required else (old, new)
            if not (declared and name in there.properties and name not in missing.properties):
                self._required(name, old, new)

    def _required(self, name: str, old: Branch, new: Branch) -> None:
        now = name in new.required
        read_only = write_only = False
        declared = new.properties.get(name)
        if declared:
            read_only = self._flag(self.new, declared.use, "readOnly")
            write_only = self._flag(self.new, declared.use, "writeOnly")
        self._say(
            "required",
            not now,
            now,
            f"the property {name} must be there now" if now else f"the property {name} may be missing now",
            narrowed=now,
            widened=not now,
            at=(
                old.properties[name].location if name in old.properties else old.source,
                declared.location if declared else new.source,
            ),
            subject=name,
            branches=(old, new),
            requests=not read_only,
            responses=not write_only,
        )

    def _summary(self, book: Book, use: Use) -> Json:
        names = _type_names(book.shape(use.core))
        return names[0] if len(names) == 1 else names

    def _additional(self, old: Branch, new: Branch) -> None:
        was, now = self._rule(self.old, old.additional), self._rule(self.new, new.additional)
        if isinstance(was, Use) and isinstance(now, Use):
            self.graph.link(self.pair, was, now, ".*")
            return
        words = {None: "may be anything", False: "are refused"}
        if type(was) is type(now):
            return
        narrowed = was is None or now is False
        self._say(
            "additional-properties",
            self._rule_value(self.old, was),
            self._rule_value(self.new, now),
            "undeclared properties "
            + (words[now] if not isinstance(now, Use | bool) or now is False else "must follow a schema")
            + " now",
            narrowed=narrowed,
            widened=not narrowed,
            at=self._at(old, new, "additional"),
            branches=(old, new),
        )

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

    def _patterns(self, old: Branch, new: Branch) -> None:
        for pattern in sorted(old.patterns.keys() | new.patterns.keys()):
            was, now = old.patterns.get(pattern), new.patterns.get(pattern)
            if was and now:
                self.graph.link(self.pair, was.use, now.use, f"./{pattern}/")
                continue
            rule = self._rule(self.old if now else self.new, (old if now else new).additional)
            narrowed: bool | None = now is not None if rule is None else None
            widened: bool | None = was is not None if rule is None else None
            if rule is False:
                # names of the pattern were or become the only ones admitted
                narrowed, widened = was is not None, now is not None
            self._say(
                "pattern-properties",
                self._summary(self.old, was.use) if was else None,
                self._summary(self.new, now.use) if now else None,
                f"what is said of properties with names like {pattern} was {'added' if now else 'removed'}",
                narrowed=narrowed,
                widened=widened,
                at=(was.location if was else old.source, now.location if now else new.source),
                subject=pattern,
                branches=(old, new),
            )

    # --- lists ----------------------------------------------------------------------------------------------------

    def _arrays(self, old: Branch, new: Branch) -> None:
        was, now = self._rule(self.old, old.items), self._rule(self.new, new.items)
        for i in range(max(len(old.prefix), len(new.prefix))):
            first = self._rule(self.old, old.prefix[i] if i < len(old.prefix) else was)
            second = self._rule(self.new, new.prefix[i] if i < len(new.prefix) else now)
            if isinstance(first, Use) and isinstance(second, Use):
                self.graph.link(self.pair, first, second, f"[{i}]")
            elif first is not second:
                tighter = first is None or second is False
                self._say(
                    "prefix-items",
                    self._rule_value(self.old, first),
                    self._rule_value(self.new, second),
                    f"what item {i} may be changed",
                    narrowed=tighter,
                    widened=not tighter,
                    at=self._at(old, new, "items"),
                    subject=str(i),
                    branches=(old, new),
                )
        if isinstance(was, Use) and isinstance(now, Use):
            self.graph.link(self.pair, was, now, "[]")
        elif was is not now and type(was) is not type(now):
            tighter = was is None or now is False
            self._say(
                "items",
                self._rule_value(self.old, was),
                self._rule_value(self.new, now),
                "what its items may be changed",
                narrowed=tighter,
                widened=not tighter,
                at=self._at(old, new, "items"),
                branches=(old, new),
            )

    # --- constraints compared as wholes ---------------------------------------------------------------------------

    def _opaque(self, keyword: str, old: Branch, new: Branch) -> None:
        was = sorted(self.old.opaque_digest(keyword, place) for place in old.opaque.get(keyword, ()))
        now = sorted(self.new.opaque_digest(keyword, place) for place in new.opaque.get(keyword, ()))
        if was == now:
            return
        former = [_written(self.old, keyword, place) for place in old.opaque.get(keyword, ())]
        present = [_written(self.new, keyword, place) for place in new.opaque.get(keyword, ())]
        narrowed: bool | None = None if present else False
        widened: bool | None = None if former else False
        self._say(
            OPAQUE_FACETS[keyword],
            former[0] if len(former) == 1 else former or None,
            present[0] if len(present) == 1 else present or None,
            f"what its `{keyword}` asks for "
            + ("changed" if former and present else "was added" if present else "was removed"),
            narrowed=narrowed,
            widened=widened,
            at=(self.before.source, self.after.source) if keyword == "allOf" else self._at(old, new, keyword),
            subject=keyword,
            branches=(old, new),
        )

    # --- discriminators -----------------------------------------------------------------------------------------------

    def _discriminators(self) -> None:
        olds, news = self.before.discriminators, self.after.discriminators
        was = as_object(self.old.document.at(olds[0])) if olds else {}
        now = as_object(self.new.document.at(news[0])) if news else {}
        if not was and not now:
            return
        at = (olds[0] if olds else self.before.source, news[0] if news else self.after.source)
        if not was or not now:
            self._say(
                "discriminator",
                was.get("propertyName"),
                now.get("propertyName"),
                "a property tells its alternatives apart now"
                if now
                else "no property tells its alternatives apart any more",
                narrowed=None,
                widened=None,
                at=at,
            )
            return
        if was.get("propertyName") != now.get("propertyName"):
            self._say(
                "discriminator-property",
                was.get("propertyName"),
                now.get("propertyName"),
                f"its alternatives are told apart by {now.get('propertyName')} instead of {was.get('propertyName')}",
                narrowed=True,
                widened=True,
                at=at,
            )
        old_map = self._mapping(self.old, was, olds[0], self.before)
        new_map = self._mapping(self.new, now, news[0], self.after)
        for value in sorted(old_map.keys() | new_map.keys()):
            former, present = old_map.get(value), new_map.get(value)
            if former is None or present is None:
                self._say(
                    "discriminator-mapping",
                    value if former is not None else None,
                    value if present is not None else None,
                    f"the value {value} that told an alternative was {'added' if present is not None else 'removed'}",
                    narrowed=present is None,
                    widened=former is None,
                    at=at,
                    subject=value,
                )
            elif self._elsewhere(former, present):
                self._say(
                    "discriminator-mapping",
                    _last(former.core[0]),
                    _last(present.core[0]),
                    f"the value {value} tells another alternative",
                    narrowed=True,
                    widened=True,
                    at=at,
                    subject=value,
                )

    def _mapping(
        self, book: Book, discriminator: dict[str, Json], place: str, shape: Shape
    ) -> dict[str, Use]:
        """Give the schema that each value of the discriminator stands for, those that are not written too."""
        found: dict[str, Use] = {}
        for value, target in as_object(discriminator.get("mapping")).items():
            if isinstance(target, str):
                plain = "/" not in target and "#" not in target and "." not in target
                reference = f"#/components/schemas/{target}" if plain else target
                try:
                    found[value] = book.use(book.document.target(reference, place))
                except Exception:  # noqa: BLE001 - a name that points nowhere stands for itself
                    found[value] = Use((f"?{target}",))
        written = {use.core for use in found.values()}
        for branch in shape.kinds.get("object", ()):
            if branch.variant and branch.variant.startswith("/components/schemas/"):
                use = book.use(branch.variant)
                if use.core not in written:
                    found.setdefault(_last(branch.variant), use)
        return found

    def _elsewhere(self, former: Use, present: Use) -> bool:
        if former.core[0].startswith("?") or present.core[0].startswith("?"):
            return former != present
        if _last(former.core[0]) == _last(present.core[0]):
            return False
        return self.old.digest(former) != self.new.digest(present) and self._paired(former, present)

    def _paired(self, former: Use, present: Use) -> bool:
        """Tell whether two alternatives with different names are not one that was renamed."""
        olds = [b for b in self.before.kinds.get("object", ()) if b.variant == former.core[0]]
        news = [b for b in self.after.kinds.get("object", ()) if b.variant == present.core[0]]
        if not olds or not news:
            return True
        pairs, _, _ = self._matched(self.before.kinds.get("object", []), self.after.kinds.get("object", []))
        return (olds[0], news[0]) not in pairs


# --- words --------------------------------------------------------------------------------------------------------


def _type_names(shape: Shape) -> list[str]:
    return [
        "integer" if kind == "number" and _is_integer(shape) else kind
        for kind in KINDS
        if kind in shape.kinds
    ]


def _is_integer(shape: Shape) -> bool:
    branches = shape.kinds.get("number", ())
    return bool(branches) and all(
        branch.limits.get("integer")
        or (branch.values is not None and all(float(value).is_integer() for value in branch.values.values()))
        for branch in branches
    )


def _enumerated(shape: Shape, kind: str) -> bool:
    return all(branch.values is not None for branch in shape.kinds.get(kind, ()))


def _words(names: list[str]) -> str:
    if len(names) == len(KINDS):
        return "anything"
    return " or ".join(names) or "nothing"


def _listed(values: list[Json]) -> str:
    shown = [token(value) for value in values[:6]]
    return ", ".join(shown) + (f" and {len(values) - 6} more" if len(values) > 6 else "")  # noqa: PLR2004 - a number that says itself


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


def _moved(was: Json, now: Json) -> str:
    if was is None:
        return f"{token(now)} was added"
    if now is None:
        return f"{token(was)} was removed"
    return f"changed from {token(was)} to {token(now)}"


def _only(values: frozenset[Json] | None) -> Json:
    if not values:
        return None
    listed = sorted(values, key=str)
    return listed[0] if len(listed) == 1 else listed


def _divides(part: float, whole: float) -> bool:
    """Tell whether every multiple of the second is one of the first."""
    ratio = whole / part
    return abs(ratio - round(ratio)) < 1e-9  # noqa: PLR2004 - a number that says itself


def _last(location: str) -> str:
    return location.rpartition("/")[2].replace("~1", "/").replace("~0", "~")


def _written(book: Book, keyword: str, place: str) -> Json:
    content = as_object(book.document.at(place))
    if keyword == "if":
        return {name: content[name] for name in ("if", "then", "else") if name in content}
    if keyword == "contains":
        return {name: content[name] for name in ("contains", "minContains", "maxContains") if name in content}
    return content.get(keyword)
