"""Comparison of a pair of schemas.

A change says whether values became invalid or valid, or None if the judge must determine it
(:mod:`scripts.compare.wire.judge`). Its level follows from the rules (:mod:`scripts.compare.wire.rules`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.compare.wire.alternatives import Alternatives
from scripts.compare.wire.shapes import KINDS
from scripts.descriptions.pointers import escape
from scripts.descriptions.values import Json, as_list, as_object

if TYPE_CHECKING:
    from scripts.compare.wire.graph import Graph, Pair

__all__ = ["compare_pair"]

# keywords that include other schemas, not as a part
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


CHOICES = frozenset({"anyOf", "oneOf", "discriminator"})


def compare_pair(graph: Graph, pair: Pair) -> None:
    """Compare the two schemas of a pair."""
    _Comparison(graph, pair).run()


class _Comparison(Alternatives):
    """Comparison of one pair."""

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

    def _parts(self, location: str, content: Json) -> bool:
        """Add the changed references of a schema with equal text in both documents.

        Returns:
            False if the schema must be compared instead.
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

    def _collect(  # noqa: C901, PLR0911, PLR0912 - a flat list of cases
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
            # with equal text, alternatives correspond by position
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
        """Return True if a property is read-only, and True if it is write-only; None if the documents differ."""
        if not HOLDERS.isdisjoint(content):
            one = [self._flag(self.old, self.old.use(place), name) for name in ("readOnly", "writeOnly")]
            other = [self._flag(self.new, self.new.use(place), name) for name in ("readOnly", "writeOnly")]
            return (one[0], one[1]) if one == other else None
        return content.get("readOnly") is True, content.get("writeOnly") is True
