"""Comparison of parameters and headers: existence, requirement, and form on the wire."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import define

from scripts.compare.wire.shapes import ANYTHING, Use
from scripts.descriptions.pointers import escape
from scripts.descriptions.values import Json, Object, as_list, as_object

if TYPE_CHECKING:
    from scripts.compare.wire.documents import Document
    from scripts.compare.wire.findings import Operation
    from scripts.compare.wire.shapes import Shape
    from scripts.compare.wire.sides import Sides

__all__ = ["PRIMITIVES", "Parameters", "label", "schema_place"]

# rules and clauses for path parameters that only one document describes: removed, added
UNDESCRIBED = {
    "path": (
        ("path-parameter-no-longer-described", "the path parameter is not described any more"),
        ("path-parameter-described", "the path parameter is described now"),
    ),
    "stray": (
        ("stray-path-parameter-removed", "a path parameter that the path does not contain was removed"),
        ("stray-path-parameter-added", "a path parameter that the path does not contain was added"),
    ),
}
PRIMITIVES = frozenset({"null", "boolean", "number", "string"})
# styles with the same form of a scalar value
PLAIN_STYLES = frozenset({"form", "simple", "spaceDelimited", "pipeDelimited"})
IGNORED_HEADERS = frozenset({"accept", "content-type", "authorization"})

Places = dict[tuple[str, str], str]
"""The pointer of each parameter by location and name; path parameters by position."""


@define(eq=False)
class Parameters:
    """Comparison of the parameters of operations and the headers of responses."""

    sides: Sides

    # --- existence ----------------------------------------------------------------------------------------------------

    def compare(self, operation: Operation, was: Object, now: Object) -> None:
        """Compare the parameters of an operation, including those of its path."""
        places = (
            (operation.old_path or "", operation.old or ""),
            (operation.new_path or "", operation.new or ""),
        )
        olds = _declared(self.sides.old, was, places[0], operation.templates[0])
        news = _declared(self.sides.new, now, places[1], operation.templates[1])
        for key in sorted(olds.keys() & news.keys()):
            self._both(operation, key, (olds.pop(key), news.pop(key)))
        self._moved(operation, olds, news)
        self._undescribed(operation, olds, news)
        for key in sorted(olds):
            parameter = as_object(self.sides.old.at(olds[key]))
            at, part = (olds[key], operation.new), label(parameter)
            mark = "deprecated " if parameter.get("deprecated") is True else ""
            self.sides.ended(operation, parameter, at, part)
            clause = f"the {mark}parameter was removed"
            self.sides.say(operation, "parameter-removed", at, parameter.get("name"), None, clause, part=part)
        for key in sorted(news):
            parameter = as_object(self.sides.new.at(news[key]))
            required = parameter.get("required") is True or key[0] == "path"
            self.sides.say(
                operation,
                "required-parameter-added" if required else "parameter-added",
                (operation.old, news[key]),
                None,
                parameter.get("name"),
                f"the {'required' if required else 'optional'} parameter was added",
                part=label(parameter),
            )

    def _undescribed(self, operation: Operation, olds: Places, news: Places) -> None:
        """Report path parameters that only one document describes, but which are always sent."""
        for document, left in ((self.sides.old, olds), (self.sides.new, news)):
            gone = left is olds
            for key in [key for key in left if key[0] in UNDESCRIBED]:
                place = left.pop(key)
                name = as_object(document.at(place)).get("name")
                rule, clause = UNDESCRIBED[key[0]][0 if gone else 1]
                self.sides.say(
                    operation,
                    rule,
                    (place, operation.new) if gone else (operation.old, place),
                    name if gone else None,
                    None if gone else name,
                    clause,
                    part=f"path parameter {name}",
                )

    def _moved(self, operation: Operation, olds: Places, news: Places) -> None:
        for key in sorted(olds):
            sent, name = key
            twin = (sent, name.removesuffix("[]") if name.endswith("[]") else f"{name}[]")
            if sent == "query" and twin in news:
                at = (olds.pop(key), news.pop(twin))
                clause = f"the parameter is sent as {twin[1]} instead of {name}"
                self._say(operation, "parameter-array-suffix-changed", at, name, twin[1], clause)
                self._both(operation, twin, at)
        for key in sorted(olds):
            name = str(as_object(self.sides.old.at(olds[key])).get("name"))
            for other in sorted(news):
                present = str(as_object(self.sides.new.at(news[other])).get("name"))
                if other[0] != key[0] and (
                    present == name or (present.lower() == name.lower() and "header" in (other[0], key[0]))
                ):
                    at = (olds.pop(key), news.pop(other))
                    clause = f"the parameter {name} is sent in the {other[0]} instead of the {key[0]}"
                    self._say(operation, "parameter-moved", at, key[0], other[0], clause)
                    self._both(operation, other, at, moved=True)
                    break

    def _say(  # noqa: PLR0917 - fixed order
        self, operation: Operation, rule: str, at: tuple[str, str], old: Json, new: Json, clause: str
    ) -> None:
        part = label(as_object(self.sides.new.at(at[1])))
        self.sides.say(operation, rule, at, old, new, clause, part=part)

    # --- one parameter ------------------------------------------------------------------------------------------------

    def _both(
        self, operation: Operation, key: tuple[str, str], at: tuple[str, str], *, moved: bool = False
    ) -> None:
        was, now = as_object(self.sides.old.at(at[0])), as_object(self.sides.new.at(at[1]))
        former, present = was.get("name"), now.get("name")
        if key[0] == "path" and former != present:
            clause = f"the path parameter {former} is called {present} now"
            # the name is the path's, for all of its operations
            path = tuple((place or "").rpartition("/")[0] for place in (operation.old, operation.new))
            rule = "path-parameter-renamed"
            self.sides.say(operation, rule, (path[0], path[1]), former, present, clause, part=label(now))
        without = frozenset({"required"} if key[0] == "path" else ())
        self.sides.fields("parameter", operation, at, was, now, part=label(now), without=without)
        if not moved:
            self._serialization(operation, at, was, now)
        self._schema(operation, at, was, now)

    def _schema(self, operation: Operation, at: tuple[str, str], was: Object, now: Object) -> None:
        places = (schema_place(was, at[0]), schema_place(now, at[1]))
        if places == (None, None):
            return
        old, new = places[0] or ANYTHING, places[1] or ANYTHING
        before = self.sides.old_book.shape(self.sides.old_book.use(old).core)
        after = self.sides.new_book.shape(self.sides.new_book.use(new).core)
        plain = set(before.kinds) - {"null"} <= PRIMITIVES and "content" not in was and "content" not in now
        if (
            plain
            and before.kinds
            and after.admits_all("string")
            and set(before.kinds) - set(after.kinds) - {"null"}
        ):
            kinds = sorted(before.kinds)
            clause = f"its type changed from {' or '.join(kinds)} to text"
            self._say(operation, "parameter-type-generalized", at, kinds, sorted(after.kinds), clause)
            return
        if _became_list(was, now, before, after):
            clause = "it may be sent several times now; a single value has the same form"
            self._say(operation, "parameter-became-list", at, sorted(before.kinds), ["array"], clause)
            new = f"{after.kinds['array'][0].source}/items"
        self.sides.lead(operation, old, new, "request", label(now))

    def _serialization(self, operation: Operation, at: tuple[str, str], was: Object, now: Object) -> None:
        former, present = _written(was), _written(now)
        if former != present:
            rule = "parameter-serialization-changed"
            if former[0] != "content" and present[0] != "content":
                rule = self._serialization_rule(at, was, now, {former[0], present[0]})
            clause = f"it is written on the wire as {_words(present)} instead of {_words(former)}"
            self._say(operation, rule, at, _value(former), _value(present), clause)

    def _serialization_rule(self, at: tuple[str, str], was: Object, now: Object, styles: set[str]) -> str:
        places = (schema_place(was, at[0]), schema_place(now, at[1]))
        if places[0] is None or places[1] is None:
            return "parameter-serialization-unjudged"
        kinds = set(self.sides.old_book.shape(self.sides.old_book.use(places[0]).core).kinds)
        kinds |= set(self.sides.new_book.shape(self.sides.new_book.use(places[1]).core).kinds)
        if len(kinds) == len(PRIMITIVES) + 2:
            return "parameter-serialization-unjudged"
        alike = len(styles) == 1 or styles <= PLAIN_STYLES
        if (kinds <= PRIMITIVES and alike) or (styles == {"simple"} and "object" not in kinds):
            return "parameter-serialization-rewritten"
        return "parameter-serialization-changed"

    # --- headers of responses -----------------------------------------------------------------------------------------

    def headers(self, operation: Operation, at: tuple[str, str], was: Object, now: Object, part: str) -> None:
        """Compare the headers of a response."""
        olds, news = _header_names(was), _header_names(now)
        for key in sorted(olds.keys() | news.keys()):
            name = f"{part} header {news.get(key) or olds.get(key)}"
            old = self.sides.old.follow(f"{at[0]}/headers/{escape(olds[key])}") if key in olds else None
            new = self.sides.new.follow(f"{at[1]}/headers/{escape(news[key])}") if key in news else None
            if old is not None and new is not None:
                self._header(operation, (old, new), name)
                continue
            former = as_object(self.sides.old.at(old)) if old is not None else {}
            rule = (
                "response-required-header-removed"
                if former.get("required") is True
                else "response-header-removed"
            )
            self.sides.ended(operation, former, (old, at[1]), name)
            self.sides.say(
                operation,
                "response-header-added" if old is None else rule,
                (old or at[0], new or at[1]),
                olds.get(key),
                news.get(key),
                f"the header was {'added' if old is None else 'removed'}",
                part=name,
                direction="response",
            )

    def _header(self, operation: Operation, at: tuple[str, str], part: str) -> None:
        was, now = as_object(self.sides.old.at(at[0])), as_object(self.sides.new.at(at[1]))
        self.sides.fields("header", operation, at, was, now, part=part, direction="response")
        former, present = _written({**was, "in": "header"}), _written({**now, "in": "header"})
        if former != present:
            self.sides.say(
                operation,
                "response-header-serialization-changed",
                at,
                _value(former),
                _value(present),
                f"it is written as {_words(present)} instead of {_words(former)}",
                part=part,
                direction="response",
            )
        self.sides.lead(operation, schema_place(was, at[0]), schema_place(now, at[1]), "response", part)


# --- reading ----------------------------------------------------------------------------------------------------------


def _declared(document: Document, operation: Object, places: tuple[str, str], template: str) -> Places:
    names = re.findall(r"\{([^{}]*)\}", template)
    found: Places = {}
    for base, content in ((places[0], as_object(document.at(places[0]))), (places[1], operation)):
        for i in range(len(as_list(content.get("parameters")))):
            location = document.follow(f"{base}/parameters/{i}")
            parameter = as_object(document.at(location))
            sent, name = str(parameter.get("in")), str(parameter.get("name"))
            if sent == "header":
                name = name.lower()
                if name in IGNORED_HEADERS:
                    continue
            elif sent == "path" and name in names:
                name = f"{{{names.index(name)}}}"
            elif sent == "path":
                sent = "stray"  # the path does not contain it, so it is not sent
            found[sent, name] = location
    return found


def _header_names(answer: Object) -> dict[str, str]:
    names = as_object(answer.get("headers"))
    return {name.lower(): name for name in names if name.lower() != "content-type"}


def label(parameter: Object) -> str:
    """Return the readable name of a parameter."""
    return f"{parameter.get('in')} parameter {parameter.get('name')}"


def schema_place(parameter: Object, location: str) -> str | None:
    """Return the location of the schema of a parameter or header."""
    if "schema" in parameter:
        return f"{location}/schema"
    for name, media in as_object(parameter.get("content")).items():
        if "schema" in as_object(media):
            return f"{location}/content/{escape(name)}/schema"
    return None


def _became_list(was: Object, now: Object, before: Shape, after: Shape) -> bool:
    """Return True if a scalar became a list whose form with one value is equal."""
    lists = after.kinds.get("array", [])
    return (
        bool(before.kinds)
        and set(before.kinds) <= PRIMITIVES
        and set(after.kinds) - {"null"} == {"array"}
        and len(lists) == 1
        and isinstance(lists[0].items, Use)
        and not lists[0].prefix
        and lists[0].values is None
        and not lists[0].opaque
        and lists[0].limits.keys() <= {"minItems", "maxItems", "uniqueItems"}
        and lists[0].limits.get("minItems", 0) <= 1
        and lists[0].limits.get("maxItems", 1) >= 1
        and _written(now) == ("form", True)
        and _written(was)[0] == "form"
    )


def _written(parameter: Object) -> tuple[str, object]:
    """Return the form of a value: style and explode with their defaults, or the media type."""
    content = as_object(parameter.get("content"))
    if content and "schema" not in parameter:
        return ("content", ",".join(sorted(name.lower() for name in content)))
    usual = "form" if parameter.get("in") in {"query", "cookie"} else "simple"
    style = str(parameter.get("style") or usual)
    explode = parameter.get("explode")
    if style == "deepObject":
        explode = True
    return (style, explode if isinstance(explode, bool) else style == "form")


def _value(how: tuple[str, object]) -> Json:
    return {"content": how[1]} if how[0] == "content" else {"style": how[0], "explode": how[1]}


def _words(how: tuple[str, object]) -> str:
    return str(how[1]) if how[0] == "content" else f"{how[0]}, {'exploded' if how[1] else 'not exploded'}"
