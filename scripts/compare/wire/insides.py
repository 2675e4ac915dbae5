"""Comparison of objects, arrays and opaque constraints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.compare.wire.graph import BOTH
from scripts.compare.wire.limits import Limits
from scripts.compare.wire.shapes import Branch, Use, asks_for_more, is_empty, undeclared
from scripts.compare.wire.sunset import SUNSET, too_early
from scripts.descriptions.values import Json, as_object

if TYPE_CHECKING:
    from scripts.compare.wire.book import Book

__all__ = ["Insides"]

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


INSIDE = {"object": "Properties", "array": "Items"}


class Insides(Limits):
    """Comparison of one alternative with another."""

    def _branches(self, old: Branch, new: Branch) -> None:
        self._enumerations(old, new)
        inside = old.kind in {"object", "array"}
        if inside and is_empty(old) and is_empty(new) and asks_for_more(old) == asks_for_more(new):
            return  # an empty object or array has no contents to compare
        self._limits(old, new)
        # an added or removed limit of zero is reported as limit
        is_limited = inside and 0 in {side.limits.get(f"max{INSIDE[old.kind]}") for side in (old, new)}
        if old.kind == "object":
            self._requirements(old, new, declared=not is_limited)
        if is_limited:
            pass
        elif old.kind == "object":
            self._objects(old, new)
        elif old.kind == "array":
            self._arrays(old, new)
        for keyword in dict.fromkeys((*old.opaque, *new.opaque)):
            self._opaque(keyword, old, new)

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
                    f"the properties required beside {name} changed",
                    narrowed=bool(now_asked - was_asked),
                    widened=bool(was_asked - now_asked),
                    at=self._at(old, new, "dependents"),
                    subject=name,
                    branches=(old, new),
                )

    def _property(self, name: str, old: Branch, new: Branch) -> None:
        was, now = old.properties[name], new.properties[name]
        at = (was.location, now.location)
        hidden: dict[str, tuple[bool, bool]] = {}
        for word in ("read", "write"):
            before, after = hidden[word] = (
                self._flag(self.old, was.use, f"{word}Only"),
                self._flag(self.new, now.use, f"{word}Only"),
            )
            if before == after:
                continue
            demanded = word == "read" and before and name in new.required
            named = (
                f"property-became-{word}-only"
                if after
                else f"{'required-' if demanded else ''}property-no-longer-{word}-only"
            )
            self._say(
                "",
                before,
                after,
                f"the property {name} is {word} only now"
                if after
                else f"the property {name} is not {word} only any more",
                names=dict.fromkeys(BOTH, named),
                narrowed=demanded,
                at=at,
                subject=name,
                branches=(old, new),
            )
        self.graph.link(
            self.pair,
            was.use,
            now.use,
            f".{name}",
            requests=not all(hidden["read"]),
            responses=not all(hidden["write"]),
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
                f"the property {name} was announced to work until {date}",
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
        """Report properties that became required or optional, except added and removed ones."""
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
            f"the property {name} is required now" if now else f"the property {name} is optional now",
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

    def _additional(self, old: Branch, new: Branch) -> None:
        was, now = self._rule(self.old, old.additional), self._rule(self.new, new.additional)
        if isinstance(was, Use) and isinstance(now, Use):
            self.graph.link(self.pair, was, now, ".*")
            return
        words = {None: "may have any value", False: "are rejected"}
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
                # only names of the pattern were or are allowed
                narrowed, widened = was is not None, now is not None
            self._say(
                "pattern-properties",
                self._summary(self.old, was.use) if was else None,
                self._summary(self.new, now.use) if now else None,
                f"the schema of properties with names like {pattern} was {'added' if now else 'removed'}",
                narrowed=narrowed,
                widened=widened,
                at=(was.location if was else old.source, now.location if now else new.source),
                subject=pattern,
                branches=(old, new),
            )

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
                    f"the schema of item {i} changed",
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
                "the schema of its items changed",
                narrowed=tighter,
                widened=not tighter,
                at=self._at(old, new, "items"),
                branches=(old, new),
            )

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
            f"its constraint `{keyword}` "
            + ("changed" if former and present else "was added" if present else "was removed"),
            narrowed=narrowed,
            widened=widened,
            at=(self.before.source, self.after.source) if keyword == "allOf" else self._at(old, new, keyword),
            subject=keyword,
            branches=(old, new),
        )


def _written(book: Book, keyword: str, place: str) -> Json:
    content = as_object(book.document.at(place))
    if keyword == "if":
        return {name: content[name] for name in ("if", "then", "else") if name in content}
    if keyword == "contains":
        return {name: content[name] for name in ("contains", "minContains", "maxContains") if name in content}
    return content.get(keyword)
