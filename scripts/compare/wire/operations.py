"""Compare what two documents say of their operations: paths, parameters, bodies, answers, callbacks and webhooks.

Schemas are handed on to the graph of pairs; security and servers are compared in :mod:`scripts.compare.wire.access`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scripts.compare.wire.findings import Findings, Operation, changed_keywords, erased
from scripts.compare.wire.shapes import ANYTHING, Use, token
from scripts.compare.wire.sunset import SUNSET, sunset_change, too_early
from scripts.descriptions.pointers import escape
from scripts.descriptions.structure import METHODS
from scripts.descriptions.values import Json, as_list, as_object

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.compare.wire.documents import Document
    from scripts.compare.wire.pairs import Graph
    from scripts.compare.wire.rules import Direction
    from scripts.compare.wire.shapes import Book, Shape
    from scripts.descriptions.values import Object

__all__ = ["Operations", "paired_operations"]

# what the rest of the comparison looks at
OPERATION_KEYWORDS = frozenset(
    {
        "operationId",
        "tags",
        "summary",
        "description",
        "externalDocs",
        "deprecated",
        "parameters",
        "requestBody",
        "responses",
        "callbacks",
        "security",
        "servers",
    }
)
# path parameters that one document describes: what to report where they went, and where they came
UNDESCRIBED = {
    "path": (
        ("path-parameter-no-longer-described", "what the path parameter may be is not described any more"),
        ("path-parameter-described", "what the path parameter may be is described now"),
    ),
    "stray": (
        ("stray-path-parameter-removed", "a path parameter without a place in the path was removed"),
        ("stray-path-parameter-added", "a path parameter without a place in the path was added"),
    ),
}
PRIMITIVES = frozenset({"null", "boolean", "number", "string"})
# styles that write one value of a primitive type alike
PLAIN_STYLES = frozenset({"form", "simple", "spaceDelimited", "pipeDelimited"})
IGNORED_HEADERS = frozenset({"accept", "content-type", "authorization"})


def _operations(document: Document, items: dict[str, Json], base: str) -> Iterator[tuple[str, str, str, str]]:
    """Give path, method, location of the path and location of the operation."""
    for path in items:
        if path.startswith("x-"):
            continue
        location = document.follow(f"{base}/{escape(path)}")
        content = as_object(document.at(location))
        for method in METHODS:
            if isinstance(content.get(method), dict):
                yield path, method, location, f"{location}/{method}"
        for method in as_object(content.get("additionalOperations")):
            yield path, method, location, f"{location}/additionalOperations/{escape(method)}"


def paired_operations(  # noqa: PLR0917 - called from here only, always alike
    old: Document,
    new: Document,
    olds: dict[str, Json],
    news: dict[str, Json],
    bases: tuple[str, str],
    findings: Findings,
    *,
    outward: bool = False,
    prefix: str = "",
) -> list[Operation]:
    """Bring the operations of both documents together, whatever their path parameters are called."""
    sides: list[dict[tuple[str, str], tuple[str, str, str]]] = []
    for document, items, base in ((old, olds, bases[0]), (new, news, bases[1])):
        side: dict[tuple[str, str], tuple[str, str, str]] = {}
        for path, method, place, location in _operations(document, items, base):
            key = (erased(path), method)
            if key in side:
                key = (path, method)
            side[key] = (path, place, location)
        sides.append(side)
    before, after = sides
    made: list[Operation] = []
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        shown = (now or was or ("", "", ""))[0]
        operation = Operation(
            len(findings.operations),
            key[1].upper(),
            prefix + shown,
            was[2] if was else None,
            now[2] if now else None,
            was[1] if was else None,
            now[1] if now else None,
            outward,
            (was[0] if was else "", now[0] if now else ""),
        )
        findings.operations.append(operation)
        made.append(operation)
    return made


class Operations:
    """The comparison of the operations of two documents."""

    def __init__(self, old: Book, new: Book, graph: Graph, findings: Findings) -> None:
        self.old_book = old
        self.new_book = new
        self.old = old.document
        self.new = new.document
        self.graph = graph
        self.findings = findings

    def compare(self) -> list[Operation]:
        """Compare all paths and webhooks; give the operations that callers call."""
        olds, news = as_object(self.old.root.get("paths")), as_object(self.new.root.get("paths"))
        operations = paired_operations(self.old, self.new, olds, news, ("/paths", "/paths"), self.findings)
        for operation in operations:
            self._operation(operation)
        self._paths(operations)
        self._webhooks()
        return operations

    # --- paths and operations -------------------------------------------------------------------------------------

    def _paths(self, operations: list[Operation]) -> None:
        done: set[tuple[str, str]] = set()
        for operation in operations:
            was, now = operation.old_path, operation.new_path
            if was is None or now is None or (was, now) in done:
                continue
            done.add((was, now))
            former, present = as_object(self.old.at(was)), as_object(self.new.at(now))
            for keyword in ("summary", "description"):
                if token(former.get(keyword)) != token(present.get(keyword)):
                    self.findings.say(
                        "path-description-changed",
                        "request",
                        former.get(keyword),
                        present.get(keyword),
                        f"the {keyword} of the path changed",
                        at=(was, now),
                        subject=keyword,
                        operations=[o for o in operations if (o.old_path, o.new_path) == (was, now)],
                    )

    def _webhooks(self) -> None:
        olds, news = as_object(self.old.root.get("webhooks")), as_object(self.new.root.get("webhooks"))
        operations = paired_operations(
            self.old, self.new, olds, news, ("/webhooks", "/webhooks"), self.findings, outward=True
        )
        for operation in operations:
            self._operation(operation, kind="webhook")

    def _operation(self, operation: Operation, *, kind: str = "") -> None:
        if operation.old is None or operation.new is None:
            self._came_or_went(operation, kind)
            return
        was, now = as_object(self.old.at(operation.old)), as_object(self.new.at(operation.new))
        if operation.templates[0] == operation.templates[1] and operation.old_path == operation.new_path:
            above = self._item_parameters(self.old, operation.old_path)
            changed = self.graph.clean.changed_references(
                [was, above], [now, self._item_parameters(self.new, operation.new_path)]
            )
            if changed is not None and (
                not changed
                or (
                    "callbacks" not in was
                    and all(name.startswith("/components/schemas/") for name in changed)
                )
            ):
                if changed:
                    self._same_words(operation, was, as_list(above))
                return
        self._texts(operation, was, now)
        self._parameters(operation, was, now)
        self._request_body(operation, was, now)
        self._responses(operation, was, now)
        self._callbacks(operation, was, now)

    def _same_words(self, operation: Operation, content: dict[str, Json], above: list[Json]) -> None:  # noqa: C901 - one case after the other
        """Lead to the schemas of an operation that is the same text in both documents, but for what they refer to."""
        sent: Direction = "response" if operation.outward else "request"
        answered: Direction = "request" if operation.outward else "response"
        place = operation.old or ""

        def lead(location: str, holder: Json, direction: Direction, part: str) -> None:
            if "schema" in as_object(holder):
                self.graph.root(
                    f"{location}/schema",
                    f"{location}/schema",
                    direction,
                    operation.index,
                    part,
                    operation.order,
                )

        def bodies(location: str, holder: Json, direction: Direction, part: str) -> None:
            for name, media in as_object(as_object(holder).get("content")).items():
                essence = next(iter(_media_types({"content": {name: media}})))
                lead(f"{location}/content/{escape(name)}", media, direction, f"{part} {essence}")

        for base, parameters in ((operation.old_path, above), (place, as_list(content.get("parameters")))):
            for i, parameter in enumerate(parameters):
                location = self.old.follow(f"{base}/parameters/{i}")
                inner = (
                    as_object(self.old.at(location))
                    if "$ref" in as_object(parameter)
                    else as_object(parameter)
                )
                where = _schema_place(inner, location)
                if where is not None:
                    lead(where.removesuffix("/schema"), {"schema": True}, sent, _label(inner))
        if "requestBody" in content:
            location = self.old.follow(f"{place}/requestBody")
            bodies(location, self.old.at(location), sent, "request body")
        for status, location in self._answers(self.old, place, content).items():
            answer = as_object(self.old.at(location))
            part = f"response {status}"
            bodies(location, answer, answered, part)
            for name in as_object(answer.get("headers")):
                header = self.old.follow(f"{location}/headers/{escape(name)}")
                where = _schema_place(as_object(self.old.at(header)), header)
                if where is not None:
                    lead(where.removesuffix("/schema"), {"schema": True}, answered, f"{part} header {name}")

    def _item_parameters(self, document: Document, place: str | None) -> Json:
        return as_object(document.at(place)).get("parameters") if place is not None else None

    def _came_or_went(self, operation: Operation, kind: str) -> None:
        gone = operation.new is None
        content = as_object(self.old.at(operation.old or "") if gone else self.new.at(operation.new or ""))
        name = content.get("operationId")
        moved = ""
        if not kind and isinstance(name, str):
            other = self._find_id(self.new if gone else self.old, name)
            if other is not None:
                moved = f"; its id stands at {other} now" if gone else f"; its id stood at {other} before"
        verb = "removed" if gone else "added"
        rule = f"{kind}-{verb}" if kind else f"operation-{verb}"
        if kind == "callback":
            rule = f"callback-operation-{verb}"
        told = "deprecated " if content.get("deprecated") is True else ""
        if gone:
            self._ended(operation, content, (operation.old, operation.new), "")
        self.findings.say(
            rule,
            "request",
            operation.label if gone else None,
            None if gone else operation.label,
            f"the {told}{kind or 'operation'} was {verb}{moved}",
            at=(operation.old, operation.new),
            operation=operation,
        )

    def _find_id(self, document: Document, name: str) -> str | None:
        for path, item in as_object(document.root.get("paths")).items():
            for method in METHODS:
                if as_object(as_object(item).get(method)).get("operationId") == name:
                    return f"{method.upper()} {path}"
        return None

    def _texts(self, operation: Operation, was: dict[str, Json], now: dict[str, Json]) -> None:
        at = (operation.old, operation.new)
        rows = (
            ("operationId", "operation-id-changed", "operationId"),
            ("summary", "operation-summary-changed", "summary"),
            ("description", "operation-description-changed", "description"),
            ("externalDocs", "operation-external-docs-changed", "link to documentation"),
        )
        for keyword, rule, what in rows:
            if token(was.get(keyword)) != token(now.get(keyword)):
                self.findings.say(
                    rule,
                    "request",
                    was.get(keyword),
                    now.get(keyword),
                    f"the {what} changed",
                    at=at,
                    operation=operation,
                )
        former, present = (
            sorted(map(str, as_list(was.get("tags")))),
            sorted(map(str, as_list(now.get("tags")))),
        )
        if former != present:
            self.findings.say(
                "operation-tags-changed",
                "request",
                as_list(was.get("tags")),
                as_list(now.get("tags")),
                f"the tags changed from {', '.join(former) or 'none'} to {', '.join(present) or 'none'}",
                at=at,
                operation=operation,
            )
        self._sunset(operation, was, now, at, "")
        for keyword, old, new in changed_keywords(was, now, OPERATION_KEYWORDS):
            self.findings.say(
                "operation-keyword-changed",
                "request",
                old,
                new,
                f"`{keyword}` of the operation changed",
                at=at,
                operation=operation,
                subject=keyword,
            )
        if (was.get("deprecated") is True) != (now.get("deprecated") is True):
            deprecated = now.get("deprecated") is True
            self.findings.say(
                "operation-deprecated" if deprecated else "operation-no-longer-deprecated",
                "request",
                not deprecated,
                deprecated,
                "the operation is deprecated now"
                if deprecated
                else "the operation is not deprecated any more",
                at=at,
                operation=operation,
            )

    def _sunset(
        self, operation: Operation, was: Object, now: Object, at: tuple[str | None, str | None], part: str
    ) -> None:
        """Report that the day changed until which a part works."""
        change = sunset_change(was, now)
        if change is not None:
            rule, old, new, clause = change
            self.findings.say(rule, "request", old, new, clause, at=at, part=part, operation=operation)

    def _ended(self, operation: Operation, was: Object, at: tuple[str | None, str | None], part: str) -> None:
        """Report that a part is gone before the day until which it was promised to work."""
        date = too_early(was)
        if date is not None:
            self.findings.say(
                "removed-before-sunset",
                "request",
                was.get(SUNSET),
                None,
                f"it was to work until {date}",
                at=at,
                part=part,
                operation=operation,
            )

    # --- parameters ------------------------------------------------------------------------------------------------

    def _declared(
        self, document: Document, operation: dict[str, Json], places: tuple[str, str], template: str
    ) -> dict[tuple[str, str], str]:
        """Give the location of each parameter by where it is sent and its name; path parameters by position."""
        names = re.findall(r"\{([^{}]*)\}", template)
        found: dict[tuple[str, str], str] = {}
        item = as_object(document.at(places[0]))
        for base, content in ((places[0], item), (places[1], operation)):
            for i in range(len(as_list(content.get("parameters")))):
                location = document.follow(f"{base}/parameters/{i}")
                parameter = as_object(document.at(location))
                sent, name = str(parameter.get("in")), str(parameter.get("name"))
                if sent == "header":
                    name = name.lower()
                    if name in IGNORED_HEADERS:
                        continue
                elif sent == "path":
                    if name not in names:
                        sent = "stray"  # the path has no place for it, so it is not sent
                    else:
                        name = f"{{{names.index(name)}}}"
                found[sent, name] = location
        return found

    def _parameters(self, operation: Operation, was: dict[str, Json], now: dict[str, Json]) -> None:
        olds = self._declared(
            self.old, was, (operation.old_path or "", operation.old or ""), operation.templates[0]
        )
        news = self._declared(
            self.new, now, (operation.new_path or "", operation.new or ""), operation.templates[1]
        )
        for key in sorted(olds.keys() & news.keys()):
            self._parameter(operation, key, olds.pop(key), news.pop(key))
        self._moved_parameters(operation, olds, news)
        self._undescribed_parameters(operation, olds, news)
        for key in sorted(olds):
            parameter = as_object(self.old.at(olds[key]))
            label = _label(parameter)
            told = "deprecated " if parameter.get("deprecated") is True else ""
            self._ended(operation, parameter, (olds[key], operation.new), label)
            self.findings.say(
                "parameter-removed",
                "request",
                parameter.get("name"),
                None,
                f"the {told}parameter was removed",
                at=(olds[key], operation.new),
                part=label,
                operation=operation,
            )
        for key in sorted(news):
            parameter = as_object(self.new.at(news[key]))
            required = parameter.get("required") is True or key[0] == "path"
            self.findings.say(
                "required-parameter-added" if required else "parameter-added",
                "request",
                None,
                parameter.get("name"),
                f"the {'required' if required else 'optional'} parameter was added",
                at=(operation.old, news[key]),
                part=_label(parameter),
                operation=operation,
            )

    def _undescribed_parameters(
        self, operation: Operation, olds: dict[tuple[str, str], str], news: dict[tuple[str, str], str]
    ) -> None:
        """Report path parameters that only one document describes: they were sent before, and are now."""
        for document, left in ((self.old, olds), (self.new, news)):
            gone = left is olds
            for key in [key for key in left if key[0] in UNDESCRIBED]:
                place = left.pop(key)
                name = as_object(document.at(place)).get("name")
                rule, clause = UNDESCRIBED[key[0]][0 if gone else 1]
                self.findings.say(
                    rule,
                    "request",
                    name if gone else None,
                    None if gone else name,
                    clause,
                    at=(place, operation.new) if gone else (operation.old, place),
                    part=f"path parameter {name}",
                    operation=operation,
                )

    def _moved_parameters(
        self, operation: Operation, olds: dict[tuple[str, str], str], news: dict[tuple[str, str], str]
    ) -> None:
        for key in sorted(olds):
            sent, name = key
            twin = (sent, name.removesuffix("[]") if name.endswith("[]") else f"{name}[]")
            if sent == "query" and twin in news:
                self._change(
                    operation,
                    "parameter-array-suffix-changed",
                    (olds[key], news[twin]),
                    name,
                    twin[1],
                    f"the parameter is sent as {twin[1]} instead of {name}",
                )
                self._parameter(operation, twin, olds.pop(key), news.pop(twin))
        for key in sorted(olds):
            name = str(as_object(self.old.at(olds[key])).get("name"))
            for other in sorted(news):
                present = str(as_object(self.new.at(news[other])).get("name"))
                if other[0] != key[0] and (
                    present == name or (present.lower() == name.lower() and "header" in (other[0], key[0]))
                ):
                    self._change(
                        operation,
                        "parameter-moved",
                        (olds[key], news[other]),
                        key[0],
                        other[0],
                        f"the parameter {name} is sent in the {other[0]} instead of the {key[0]}",
                    )
                    self._parameter(operation, other, olds.pop(key), news.pop(other), moved=True)
                    break

    def _change(  # noqa: PLR0917 - called from here only, always alike
        self,
        operation: Operation,
        rule: str,
        at: tuple[str, str],
        old: Json,
        new: Json,
        clause: str,
        *,
        direction: Direction = "request",
        part: str | None = None,
        subject: str = "",
    ) -> None:
        label = _label(as_object(self.new.at(at[1]))) if part is None else part
        self.findings.say(
            rule, direction, old, new, clause, at=at, part=label, subject=subject, operation=operation
        )

    def _parameter(
        self, operation: Operation, key: tuple[str, str], old: str, new: str, *, moved: bool = False
    ) -> None:
        was, now = as_object(self.old.at(old)), as_object(self.new.at(new))
        at = (old, new)
        if key[0] == "path" and was.get("name") != now.get("name"):
            self._change(
                operation,
                "path-parameter-renamed",
                at,
                was.get("name"),
                now.get("name"),
                f"the path parameter {was.get('name')} is called {now.get('name')} now",
            )
        needed, needs = was.get("required") is True, now.get("required") is True
        if key[0] != "path" and needed != needs:
            self._change(
                operation,
                "parameter-became-required" if needs else "parameter-became-optional",
                at,
                needed,
                needs,
                "the parameter must be sent now" if needs else "the parameter may be left out now",
            )
        if (was.get("deprecated") is True) != (now.get("deprecated") is True):
            deprecated = now.get("deprecated") is True
            self._change(
                operation,
                "parameter-deprecated" if deprecated else "parameter-no-longer-deprecated",
                at,
                not deprecated,
                deprecated,
                "the parameter is deprecated now"
                if deprecated
                else "the parameter is not deprecated any more",
            )
        self._sunset(operation, was, now, at, _label(now))
        if token(was.get("description")) != token(now.get("description")):
            self._change(
                operation,
                "parameter-description-changed",
                at,
                was.get("description"),
                now.get("description"),
                "its description changed",
            )
        if _examples(was) != _examples(now):
            self._change(
                operation,
                "parameter-example-changed",
                at,
                was.get("example", was.get("examples")),
                now.get("example", now.get("examples")),
                "its example changed",
            )
        if (was.get("allowReserved") is True) != (now.get("allowReserved") is True):
            self._change(
                operation,
                "parameter-reserved-characters-changed",
                at,
                was.get("allowReserved") is True,
                now.get("allowReserved") is True,
                "whether reserved characters are left as they are changed",
            )
        if (was.get("allowEmptyValue") is True) != (now.get("allowEmptyValue") is True):
            allowed = now.get("allowEmptyValue") is True
            self._change(
                operation,
                "parameter-empty-value-allowed" if allowed else "parameter-empty-value-forbidden",
                at,
                not allowed,
                allowed,
                "an empty value is accepted now" if allowed else "an empty value is not accepted any more",
            )
        if not moved:
            self._serialization(operation, at, was, now)
        self._parameter_schema(operation, at, was, now)

    def _parameter_schema(
        self, operation: Operation, at: tuple[str, str], was: dict[str, Json], now: dict[str, Json]
    ) -> None:
        places = (_schema_place(was, at[0]), _schema_place(now, at[1]))
        if places[0] is None and places[1] is None:
            return
        old, new = places[0] or ANYTHING, places[1] or ANYTHING
        before = self.old_book.shape(self.old_book.use(old).core)
        after = self.new_book.shape(self.new_book.use(new).core)
        plain = set(before.kinds) - {"null"} <= PRIMITIVES and "content" not in was and "content" not in now
        if (
            plain
            and before.kinds
            and after.admits_all("string")
            and set(before.kinds) - set(after.kinds) - {"null"}
        ):
            self._change(
                operation,
                "parameter-type-generalized",
                at,
                sorted(before.kinds),
                sorted(after.kinds),
                f"its type changed from {' or '.join(sorted(before.kinds))} to text",
            )
            return
        direction: Direction = "response" if operation.outward else "request"
        label = _label(now)
        if self._became_list(was, now, before, after):
            self._change(
                operation,
                "parameter-became-list",
                at,
                sorted(before.kinds),
                ["array"],
                "it may be sent several times now; a single value is written as before",
            )
            new = f"{after.kinds['array'][0].source}/items"
        self.graph.root(old, new, direction, operation.index, label, operation.order)

    @staticmethod
    def _became_list(was: Object, now: Object, before: Shape, after: Shape) -> bool:
        """Return True if one value became a list that is written alike when it holds one."""
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
            and _serialization(now) == ("form", True)
            and _serialization(was)[0] == "form"
        )

    def _serialization(
        self, operation: Operation, at: tuple[str, str], was: dict[str, Json], now: dict[str, Json]
    ) -> None:
        former, present = _serialization(was), _serialization(now)
        if former == present:
            return
        rule = "parameter-serialization-changed"
        if former[0] != "content" and present[0] != "content":
            rule = self._serialization_rule(at, was, now, former, present)
        self._change(
            operation,
            rule,
            at,
            _serialization_value(former),
            _serialization_value(present),
            f"it is written on the wire as {_serialization_words(present)} instead of {_serialization_words(former)}",
        )

    def _serialization_rule(
        self,
        at: tuple[str, str],
        was: dict[str, Json],
        now: dict[str, Json],
        former: tuple[str, object],
        present: tuple[str, object],
    ) -> str:
        places = (_schema_place(was, at[0]), _schema_place(now, at[1]))
        if places[0] is None or places[1] is None:
            return "parameter-serialization-unjudged"
        kinds = set(self.old_book.shape(self.old_book.use(places[0]).core).kinds)
        kinds |= set(self.new_book.shape(self.new_book.use(places[1]).core).kinds)
        if len(kinds) == len(PRIMITIVES) + 2:
            return "parameter-serialization-unjudged"
        styles = {former[0], present[0]}
        alike = len(styles) == 1 or styles <= PLAIN_STYLES
        if kinds <= PRIMITIVES and alike:
            return "parameter-serialization-rewritten"
        if styles == {"simple"} and "object" not in kinds:
            return "parameter-serialization-rewritten"
        return "parameter-serialization-changed"

    # --- request bodies ---------------------------------------------------------------------------------------------

    def _request_body(self, operation: Operation, was: dict[str, Json], now: dict[str, Json]) -> None:
        old = self.old.follow(f"{operation.old}/requestBody") if as_object(was.get("requestBody")) else None
        new = self.new.follow(f"{operation.new}/requestBody") if as_object(now.get("requestBody")) else None
        part = "request body"
        if old is None and new is None:
            return
        former = as_object(self.old.at(old)) if old is not None else {}
        present = as_object(self.new.at(new)) if new is not None else {}
        if old is None or new is None:
            required = present.get("required") is True
            rule = (
                "request-body-removed"
                if new is None
                else "required-request-body-added"
                if required
                else "request-body-added"
            )
            self.findings.say(
                rule,
                "request",
                sorted(as_object(former.get("content"))) if old is not None else None,
                sorted(as_object(present.get("content"))) if new is not None else None,
                "the request body was removed"
                if new is None
                else f"{'a required' if required else 'an optional'} request body was added",
                at=(old or operation.old, new or operation.new),
                part=part,
                operation=operation,
            )
            return
        at = (old, new)
        needed, needs = former.get("required") is True, present.get("required") is True
        if needed != needs:
            self._change(
                operation,
                "request-body-became-required" if needs else "request-body-became-optional",
                at,
                needed,
                needs,
                "the request body must be sent now" if needs else "the request body may be left out now",
                part=part,
            )
        if token(former.get("description")) != token(present.get("description")):
            self._change(
                operation,
                "request-body-description-changed",
                at,
                former.get("description"),
                present.get("description"),
                "its description changed",
                part=part,
            )
        self._contents(operation, at, former, present, part, "request")

    # --- bodies ---------------------------------------------------------------------------------------------------

    def _contents(  # noqa: C901, PLR0917 - one case after the other; called from here only, always alike
        self,
        operation: Operation,
        at: tuple[str, str],
        was: dict[str, Json],
        now: dict[str, Json],
        part: str,
        direction: Direction,
        *,
        only_link: bool = False,
    ) -> None:
        olds = _media_types(was)
        news = _media_types(now)
        flow = direction
        if operation.outward:
            flow = "response" if direction == "request" else "request"
        for name in sorted(olds.keys() | news.keys()):
            former, present = olds.get(name), news.get(name)
            if former is None and present is not None:
                former = _covering(name, olds)
            elif present is None and former is not None:
                present = _covering(name, news)
            if former is not None and present is not None:
                self._media(
                    operation,
                    (f"{at[0]}/content/{escape(former)}", f"{at[1]}/content/{escape(present)}"),
                    f"{part} {name}",
                    direction,
                    flow,
                )
                if name in olds and name in news:
                    continue
                if name in olds or (direction == "response" and not only_link):
                    continue  # the range that stands now takes it in, or it is what the range became
            if only_link:
                continue
            if direction == "response" and name in olds and any(_covering(one, {name: name}) for one in news):
                self._change(
                    operation,
                    "response-media-range-narrowed",
                    at,
                    olds[name],
                    sorted(news),
                    f"of the media types {name} only {', '.join(sorted(news))} is left",
                    direction=direction,
                    part=part,
                    subject=name,
                )
                continue
            added = name in news
            if direction == "response" and not (olds and news):
                continue
            self._change(
                operation,
                f"{direction}-media-type-{'added' if added else 'removed'}",
                at,
                None if added else olds[name],
                news[name] if added else None,
                f"the media type {name} was {'added' if added else 'removed'}",
                direction=direction,
                part=part,
                subject=name,
            )
        if direction == "response" and not only_link and bool(olds) != bool(news):
            self._change(
                operation,
                "response-body-added" if news else "response-body-removed",
                at,
                sorted(olds) or None,
                sorted(news) or None,
                "the answer has a body now" if news else "the answer has no body any more",
                direction=direction,
                part=part,
            )

    def _media(
        self, operation: Operation, at: tuple[str, str], part: str, direction: Direction, flow: Direction
    ) -> None:
        was, now = as_object(self.old.at(at[0])), as_object(self.new.at(at[1]))
        if "schema" in was or "schema" in now:
            self.graph.root(
                f"{at[0]}/schema" if "schema" in was else ANYTHING,
                f"{at[1]}/schema" if "schema" in now else ANYTHING,
                flow,
                operation.index,
                part,
                operation.order,
            )
        if "itemSchema" in was or "itemSchema" in now:
            self.graph.root(
                f"{at[0]}/itemSchema" if "itemSchema" in was else ANYTHING,
                f"{at[1]}/itemSchema" if "itemSchema" in now else ANYTHING,
                flow,
                operation.index,
                f"{part} each item",
                operation.order,
            )
        for keyword in ("prefixEncoding", "itemEncoding"):
            if token(was.get(keyword)) != token(now.get(keyword)):
                self._change(
                    operation,
                    f"{direction}-encoding-changed",
                    at,
                    was.get(keyword),
                    now.get(keyword),
                    f"its `{keyword}` changed",
                    direction=direction,
                    part=part,
                    subject=keyword,
                )
        if self._encoding(self.old_book, was, at[0]) != self._encoding(self.new_book, now, at[1]):
            self._change(
                operation,
                f"{direction}-encoding-changed",
                at,
                was.get("encoding"),
                now.get("encoding"),
                "how its parts are encoded changed",
                direction=direction,
                part=part,
            )
        if _examples(was) != _examples(now):
            self._change(
                operation,
                f"{direction}-media-example-changed",
                at,
                was.get("example", was.get("examples")),
                now.get("example", now.get("examples")),
                "its example changed",
                direction=direction,
                part=part,
            )

    def _encoding(self, book: Book, media: Object, at: str) -> str:
        """Write down how the parts of a body are encoded, without what is so anyway."""
        found: dict[str, Json] = {}
        shape = book.shape(book.use(f"{at}/schema").core) if "schema" in media else None
        for name, content in as_object(media.get("encoding")).items():
            kept = {
                key: value
                for key, value in as_object(content).items()
                if not key.startswith("x-") and value != ENCODING_DEFAULTS.get(key, _NEVER)
            }
            if kept.get("style") is None and kept.get("explode") is True:
                del kept["explode"]
            usual = _usual_content_type(book, shape, name)
            if str(kept.get("contentType", "")).lower() == usual:
                del kept["contentType"]
            if kept:
                found[name] = kept
        return token(found)

    # --- responses --------------------------------------------------------------------------------------------------

    def _answers(self, document: Document, location: str, content: dict[str, Json]) -> dict[str, str]:
        return {
            str(status).upper() if status != "default" else status: document.follow(
                f"{location}/responses/{escape(status)}"
            )
            for status in as_object(content.get("responses"))
            if not status.startswith("x-")
        }

    def _responses(self, operation: Operation, was: dict[str, Json], now: dict[str, Json]) -> None:
        olds = self._answers(self.old, operation.old or "", was)
        news = self._answers(self.new, operation.new or "", now)
        for status in sorted(self._ranges(operation, olds, news)):
            part = f"response {status}"
            old, new = olds.get(status), news.get(status)
            success = status[0] in "123"
            if old is not None and new is not None:
                self._response(operation, (old, new), part)
                continue
            if old is None:
                cover = _covering_status(status, olds)
                self.findings.say(
                    "response-success-status-added" if success and cover is None else "response-status-added",
                    "response",
                    None,
                    status,
                    f"the answer {status} was added",
                    at=(operation.old, new),
                    part=part,
                    operation=operation,
                )
                if cover is not None and new is not None:
                    self._response(operation, (cover, new), part, only_link=True)
            else:
                cover = _covering_status(status, news)
                self.findings.say(
                    "response-success-status-removed"
                    if success and cover is None
                    else "response-status-removed",
                    "response",
                    status,
                    None,
                    f"the answer {status} was removed",
                    at=(old, operation.new),
                    part=part,
                    operation=operation,
                )
                if cover is not None:
                    self._response(operation, (old, cover), part, only_link=True)

    def _ranges(self, operation: Operation, olds: dict[str, str], news: dict[str, str]) -> set[str]:
        """Compare a range of statuses with the single ones that it became, or that became it; return the rest."""
        rest = olds.keys() | news.keys()
        for wide in [status for status in rest if status.endswith("XX")]:
            if (wide in olds) == (wide in news):
                continue
            narrowed = wide in olds
            ranged, single = (olds, news) if narrowed else (news, olds)
            inside = sorted(
                status
                for status in single
                if status[0] == wide[0] and status not in ranged and status != wide
            )
            if not inside:
                continue
            at = (olds[wide], news[inside[0]]) if narrowed else (olds[inside[0]], news[wide])
            self._change(
                operation,
                f"response-status-range-{'narrowed' if narrowed else 'widened'}",
                at,
                wide if narrowed else inside,
                inside if narrowed else wide,
                f"of the answers {wide} only {', '.join(inside)} is left"
                if narrowed
                else f"any answer {wide} may come instead of {', '.join(inside)}",
                direction="response",
                part=f"response {wide}",
            )
            for status in inside:
                pair = (olds[wide], news[status]) if narrowed else (olds[status], news[wide])
                self._response(operation, pair, f"response {status}")
            rest = rest - {wide, *inside}
        return set(rest)

    def _response(
        self, operation: Operation, at: tuple[str, str], part: str, *, only_link: bool = False
    ) -> None:
        was, now = as_object(self.old.at(at[0])), as_object(self.new.at(at[1]))
        if not only_link:
            if token(was.get("description")) != token(now.get("description")):
                self._change(
                    operation,
                    "response-description-changed",
                    at,
                    was.get("description"),
                    now.get("description"),
                    "its description changed",
                    direction="response",
                    part=part,
                )
            if token(as_object(was.get("links"))) != token(as_object(now.get("links"))):
                self._change(
                    operation,
                    "response-links-changed",
                    at,
                    was.get("links"),
                    now.get("links"),
                    "its links changed",
                    direction="response",
                    part=part,
                )
            self._headers(operation, at, was, now, part)
        self._contents(operation, at, was, now, part, "response", only_link=only_link)

    def _headers(
        self, operation: Operation, at: tuple[str, str], was: dict[str, Json], now: dict[str, Json], part: str
    ) -> None:
        olds = {
            name.lower(): name for name in as_object(was.get("headers")) if name.lower() != "content-type"
        }
        news = {
            name.lower(): name for name in as_object(now.get("headers")) if name.lower() != "content-type"
        }
        for key in sorted(olds.keys() | news.keys()):
            name = news.get(key) or olds.get(key) or key
            label = f"{part} header {name}"
            old = self.old.follow(f"{at[0]}/headers/{escape(olds[key])}") if key in olds else None
            new = self.new.follow(f"{at[1]}/headers/{escape(news[key])}") if key in news else None
            if old is not None and new is not None:
                self._header(operation, (old, new), label)
                continue
            former = as_object(self.old.at(old)) if old is not None else {}
            rule = (
                "response-header-added"
                if old is None
                else "response-required-header-removed"
                if former.get("required") is True
                else "response-header-removed"
            )
            self.findings.say(
                rule,
                "response",
                None if old is None else olds[key],
                None if new is None else news[key],
                f"the header was {'added' if old is None else 'removed'}",
                at=(old or at[0], new or at[1]),
                part=label,
                operation=operation,
            )

    def _header(self, operation: Operation, at: tuple[str, str], part: str) -> None:
        was, now = as_object(self.old.at(at[0])), as_object(self.new.at(at[1]))
        always, stays = was.get("required") is True, now.get("required") is True
        if always != stays:
            self._change(
                operation,
                "response-header-became-required" if stays else "response-header-became-optional",
                at,
                always,
                stays,
                "the header is always sent now" if stays else "the header may be missing now",
                direction="response",
                part=part,
            )
        if (was.get("deprecated") is True) != (now.get("deprecated") is True):
            deprecated = now.get("deprecated") is True
            self._change(
                operation,
                "response-header-deprecated" if deprecated else "response-header-no-longer-deprecated",
                at,
                not deprecated,
                deprecated,
                "the header is deprecated now" if deprecated else "the header is not deprecated any more",
                direction="response",
                part=part,
            )
        if token(was.get("description")) != token(now.get("description")):
            self._change(
                operation,
                "response-header-description-changed",
                at,
                was.get("description"),
                now.get("description"),
                "its description changed",
                direction="response",
                part=part,
            )
        former, present = _serialization({**was, "in": "header"}), _serialization({**now, "in": "header"})
        if former != present:
            self._change(
                operation,
                "response-header-serialization-changed",
                at,
                _serialization_value(former),
                _serialization_value(present),
                f"it is written as {_serialization_words(present)} instead of {_serialization_words(former)}",
                direction="response",
                part=part,
            )
        places = (_schema_place(was, at[0]), _schema_place(now, at[1]))
        if places != (None, None):
            flow: Direction = "request" if operation.outward else "response"
            self.graph.root(
                places[0] or ANYTHING, places[1] or ANYTHING, flow, operation.index, part, operation.order
            )

    # --- callbacks --------------------------------------------------------------------------------------------------

    def _callbacks(self, operation: Operation, was: dict[str, Json], now: dict[str, Json]) -> None:
        olds, news = as_object(was.get("callbacks")), as_object(now.get("callbacks"))
        for name in sorted(olds.keys() | news.keys()):
            old = self.old.follow(f"{operation.old}/callbacks/{escape(name)}") if name in olds else None
            new = self.new.follow(f"{operation.new}/callbacks/{escape(name)}") if name in news else None
            if old is None or new is None:
                verb = "added" if old is None else "removed"
                self.findings.say(
                    f"callback-{verb}",
                    "response",
                    None if old is None else name,
                    None if new is None else name,
                    f"the callback {name} was {verb}",
                    at=(old or operation.old, new or operation.new),
                    part=f"callback {name}",
                    operation=operation,
                )
                continue
            made = paired_operations(
                self.old,
                self.new,
                as_object(self.old.at(old)),
                as_object(self.new.at(new)),
                (old, new),
                self.findings,
                outward=True,
                prefix=f"{operation.path} callback {name} ",
            )
            for inner in made:
                self._operation(inner, kind="callback")


# --- reading ------------------------------------------------------------------------------------------------------

ENCODING_DEFAULTS: dict[str, Json] = {"style": "form", "allowReserved": False, "headers": {}}
_NEVER = object()


def _usual_content_type(book: Book, shape: Shape | None, name: str) -> str | None:
    """Return the content type that a part has where none is written, by its type."""
    objects = shape.kinds.get("object", []) if shape else []
    declared = next((branch.properties[name] for branch in objects if name in branch.properties), None)
    if declared is None:
        return None
    part = book.shape(declared.use.core)
    kinds = set(part.kinds) - {"null"}
    if kinds == {"array"} and isinstance(part.kinds["array"][0].items, Use):
        part = book.shape(part.kinds["array"][0].items.core)
        kinds = set(part.kinds) - {"null"}
    if kinds == {"object"}:
        return "application/json"
    if kinds == {"string"} and any("contentMediaType" in branch.limits for branch in part.kinds["string"]):
        return "application/octet-stream"
    return "text/plain" if kinds and kinds <= PRIMITIVES else None


def _label(parameter: dict[str, Json]) -> str:
    return f"{parameter.get('in')} parameter {parameter.get('name')}"


def _schema_place(parameter: dict[str, Json], location: str) -> str | None:
    if "schema" in parameter:
        return f"{location}/schema"
    for name, media in as_object(parameter.get("content")).items():
        if "schema" in as_object(media):
            return f"{location}/content/{escape(name)}/schema"
    return None


def _serialization(parameter: dict[str, Json]) -> tuple[str, object]:
    """Say how a value is written: style and explode with what they are when not written, or the media type."""
    content = as_object(parameter.get("content"))
    if content and "schema" not in parameter:
        return ("content", ",".join(sorted(name.lower() for name in content)))
    usual = "form" if parameter.get("in") in {"query", "cookie"} else "simple"
    style = str(parameter.get("style") or usual)
    explode = parameter.get("explode")
    if style == "deepObject":
        explode = True
    return (style, explode if isinstance(explode, bool) else style == "form")


def _serialization_value(how: tuple[str, object]) -> Json:
    if how[0] == "content":
        return {"content": how[1]}
    return {"style": how[0], "explode": how[1]}


def _serialization_words(how: tuple[str, object]) -> str:
    if how[0] == "content":
        return str(how[1])
    return f"{how[0]}, {'exploded' if how[1] else 'not exploded'}"


def _media_types(holder: dict[str, Json]) -> dict[str, str]:
    """Give the media types as written, by the one way to write them."""
    found: dict[str, str] = {}
    for name in as_object(holder.get("content")):
        kind, *parameters = [part.strip().lower() for part in name.split(";")]
        kept = sorted(part for part in parameters if part and part.replace('"', "") != "charset=utf-8")
        found[";".join((kind, *kept))] = name
    return found


def _covering(name: str, others: dict[str, str]) -> str | None:
    for wide in (f"{name.partition('/')[0]}/*", "*/*"):
        if wide in others and wide != name:
            return others[wide]
    return None


def _covering_status(status: str, others: dict[str, str]) -> str | None:
    if status == "default":
        return None
    wide = f"{status[0]}XX"
    if status != wide and wide in others:
        return others[wide]
    return others.get("default")


def _examples(holder: dict[str, Json]) -> str:
    shown: list[Json] = []
    if "example" in holder:
        shown.append(holder["example"])
    shown.extend(
        as_object(example).get("value", example) for example in as_object(holder.get("examples")).values()
    )
    return token(shown)
