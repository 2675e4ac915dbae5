"""Comparison of operations: paths, parameters, bodies, responses, callbacks and webhooks.

Schemas are added to the graph of pairs; security and servers are compared in :mod:`scripts.compare.wire.access`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.compare.wire.contents import Contents, answers, media_types
from scripts.compare.wire.findings import Findings, Operation, changed_keywords, erased
from scripts.compare.wire.parameters import Parameters, label, schema_place
from scripts.compare.wire.sides import Sides
from scripts.descriptions.pointers import escape
from scripts.descriptions.structure import METHODS, STRUCTURE
from scripts.descriptions.values import Json, Object, as_list, as_object

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripts.compare.wire.book import Book
    from scripts.compare.wire.documents import Document
    from scripts.compare.wire.graph import Graph
    from scripts.compare.wire.rules import Direction

__all__ = ["Operations", "paired_operations"]

OPERATION_KEYWORDS = frozenset(STRUCTURE["operation"])


def _operations(document: Document, items: dict[str, Json], base: str) -> Iterator[tuple[str, str, str, str]]:
    """Return path, method, location of the path and location of the operation."""
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


def paired_operations(  # noqa: PLR0917 - internal, always called alike
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
    """Return the corresponding operations of both documents, independent of the names of path parameters."""
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
    """Comparison of the operations of two documents."""

    def __init__(self, old: Book, new: Book, graph: Graph, findings: Findings) -> None:
        self.old = old.document
        self.new = new.document
        self.graph = graph
        self.findings = findings
        self.sides = Sides(old, new, graph, findings)
        self.parameters = Parameters(self.sides)
        self.contents = Contents(self.sides, self.parameters)

    def compare(self) -> list[Operation]:
        """Compare all paths and webhooks; return the operations that clients call."""
        olds, news = as_object(self.old.root.get("paths")), as_object(self.new.root.get("paths"))
        operations = paired_operations(self.old, self.new, olds, news, ("/paths", "/paths"), self.findings)
        for operation in operations:
            self._operation(operation)
        self._paths(operations)
        self._webhooks()
        return operations

    # --- paths and operations -------------------------------------------------------------------------------------

    def _paths(self, operations: list[Operation]) -> None:
        shared: dict[tuple[str, str], list[Operation]] = {}
        for operation in operations:
            if operation.old_path is not None and operation.new_path is not None:
                shared.setdefault((operation.old_path, operation.new_path), []).append(operation)
        for (was, now), concerned in shared.items():
            former, present = as_object(self.old.at(was)), as_object(self.new.at(now))
            self.sides.fields("path", None, (was, now), former, present, operations=concerned)

    def _webhooks(self) -> None:
        olds, news = as_object(self.old.root.get("webhooks")), as_object(self.new.root.get("webhooks"))
        operations = paired_operations(
            self.old, self.new, olds, news, ("/webhooks", "/webhooks"), self.findings, outward=True
        )
        for operation in operations:
            self._operation(operation, kind="webhook")

    def _operation(self, operation: Operation, *, kind: str = "") -> None:
        if operation.old is None or operation.new is None:
            self._added_or_removed(operation, kind)
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
        self.sides.fields("operation", operation, (operation.old, operation.new), was, now)
        for keyword, old, new in changed_keywords(was, now, OPERATION_KEYWORDS):
            at, clause = (operation.old, operation.new), f"`{keyword}` of the operation changed"
            self.sides.say(operation, "operation-keyword-changed", at, old, new, clause, subject=keyword)
        self.parameters.compare(operation, was, now)
        self.contents.request(operation, was, now)
        self.contents.answers(operation, was, now)
        self._callbacks(operation, was, now)

    def _same_words(self, operation: Operation, content: Object, above: list[Json]) -> None:
        """Add the schemas of an operation with equal text in both documents, since their references may differ."""
        place = operation.old or ""

        def lead(where: str | None, direction: Direction, part: str) -> None:
            self.sides.lead(operation, where, where, direction, part)

        def bodies(location: str, holder: Object, direction: Direction, part: str) -> None:
            for essence, name in media_types(holder).items():
                where = f"{location}/content/{escape(name)}"
                if "schema" in as_object(self.old.at(where)):
                    lead(f"{where}/schema", direction, f"{part} {essence}")

        for base, parameters in ((operation.old_path, above), (place, as_list(content.get("parameters")))):
            for i in range(len(parameters)):
                location = self.old.follow(f"{base}/parameters/{i}")
                inner = as_object(self.old.at(location))
                lead(schema_place(inner, location), "request", label(inner))
        if "requestBody" in content:
            location = self.old.follow(f"{place}/requestBody")
            bodies(location, as_object(self.old.at(location)), "request", "request body")
        for status, location in answers(self.old, place, content).items():
            answer, part = as_object(self.old.at(location)), f"response {status}"
            bodies(location, answer, "response", part)
            for name in as_object(answer.get("headers")):
                header = self.old.follow(f"{location}/headers/{escape(name)}")
                lead(
                    schema_place(as_object(self.old.at(header)), header), "response", f"{part} header {name}"
                )

    def _item_parameters(self, document: Document, place: str | None) -> Json:
        return as_object(document.at(place)).get("parameters") if place is not None else None

    def _added_or_removed(self, operation: Operation, kind: str) -> None:
        gone = operation.new is None
        content = as_object(self.old.at(operation.old or "") if gone else self.new.at(operation.new or ""))
        name = content.get("operationId")
        moved = ""
        if not kind and isinstance(name, str):
            other = self._find_id(self.new if gone else self.old, name)
            if other is not None:
                moved = f"; {other} has its id now" if gone else f"; {other} had its id before"
        verb = "removed" if gone else "added"
        rule = f"{kind}-{verb}" if kind else f"operation-{verb}"
        if kind == "callback":
            rule = f"callback-operation-{verb}"
        mark = "deprecated " if content.get("deprecated") is True else ""
        if gone:
            self.sides.ended(operation, content, (operation.old, operation.new), "")
        old, new = (operation.label, None) if gone else (None, operation.label)
        clause = f"the {mark}{kind or 'operation'} was {verb}{moved}"
        self.sides.say(operation, rule, (operation.old, operation.new), old, new, clause)

    def _find_id(self, document: Document, name: str) -> str | None:
        for path, item in as_object(document.root.get("paths")).items():
            for method in METHODS:
                if as_object(as_object(item).get(method)).get("operationId") == name:
                    return f"{method.upper()} {path}"
        return None

    # --- callbacks --------------------------------------------------------------------------------------------------

    def _callbacks(self, operation: Operation, was: dict[str, Json], now: Object) -> None:
        olds, news = as_object(was.get("callbacks")), as_object(now.get("callbacks"))
        for name in sorted(olds.keys() | news.keys()):
            old = self.old.follow(f"{operation.old}/callbacks/{escape(name)}") if name in olds else None
            new = self.new.follow(f"{operation.new}/callbacks/{escape(name)}") if name in news else None
            if old is None or new is None:
                verb = "added" if old is None else "removed"
                at = (old or operation.old, new or operation.new)
                shown = (None if old is None else name, None if new is None else name)
                clause = f"the callback {name} was {verb}"
                rule, part = f"callback-{verb}", f"callback {name}"
                self.sides.say(operation, rule, at, *shown, clause, part=part, direction="response")
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
