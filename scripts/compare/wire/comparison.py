"""Comparison of two documents, change by change.

A change affects the accepted requests or the possible responses; a different notation is not a change.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from scripts.compare.wire.access import compare_access, compare_surroundings
from scripts.compare.wire.book import Book
from scripts.compare.wire.findings import Findings
from scripts.compare.wire.graph import REFERENCE, Clean, Graph
from scripts.compare.wire.judge import Judge
from scripts.compare.wire.operations import Operations
from scripts.compare.wire.pairs import compare_pair
from scripts.compare.wire.records import Comparison
from scripts.compare.wire.shapes import token
from scripts.descriptions.pointers import escape
from scripts.descriptions.values import as_object

if TYPE_CHECKING:
    from scripts.compare.wire.documents import Document

__all__ = ["compare"]

# kinds of objects, or their fields, that are compared elsewhere
LOOKED_AT = frozenset(
    {
        "document",
        "operation",
        "example",
        "encoding",
        ("components", "mediaTypes"),
        ("pathItem", "query"),
        ("pathItem", "additionalOperations"),
        *(("mediaType", name) for name in ("itemSchema", "prefixEncoding", "itemEncoding")),
    }
)
TEXTS = frozenset(
    {
        ("server", "name"),
        ("response", "summary"),
        ("securityScheme", "deprecated"),
        *(("tag", name) for name in ("summary", "parent", "kind")),
    }
)


def compare(old: Document, new: Document, *, names: tuple[str, str] | None = None) -> Comparison:
    """Compare two documents.

    Args:
        old: The old document.
        new: The new document.
        names: Their names in the result; the paths of their files if not given.

    Raises:
        ComparisonError: A reference cannot be resolved.
    """
    clean = _clean(old, new)
    before, after = Book(old), Book(new)
    findings = Findings()
    graph = Graph(before, after, clean)
    operations = Operations(before, after, graph, findings).compare()
    graph.build(compare_pair)
    judge = Judge(before, after)
    findings.take(graph, judge)
    _unreached(graph, clean, judge, findings)
    compare_access(old, new, operations, findings)
    compare_surroundings(old, new, findings)
    _other_fields(old, new, findings)
    former, present = names or (str(old.path), str(new.path))
    return Comparison(former, present, findings.records())


def _other_fields(old: Document, new: Document, findings: Findings) -> None:
    """Report changed fields that are not compared elsewhere: unknown ones, and names and texts of 3.2."""
    sides = [
        {
            one.at: one
            for one in (*document.normal.unknown, *document.normal.newer)
            if one.kind not in LOOKED_AT and (one.kind, one.name) not in LOOKED_AT
        }
        for document in (old, new)
    ]
    for at in sorted(sides[0].keys() | sides[1].keys()):
        was, now = sides[0].get(at), sides[1].get(at)
        former, present = was.value if was else None, now.value if now else None
        known = now or was
        if token(former) != token(present) and known is not None:
            findings.say(
                "document-text-changed" if (known.kind, known.name) in TEXTS else "document-keyword-changed",
                "request",
                former,
                present,
                f"`{known.name}` at {at.rpartition('/')[0] or '/'} changed",
                at=(at if was else None, at if now else None),
                subject=at,
            )


def _components(document: Document) -> dict[str, tuple[str, frozenset[str]]]:
    """Return the text and the references of each component."""
    found: dict[str, tuple[str, frozenset[str]]] = {}
    for section, entries in as_object(document.root.get("components")).items():
        for name, content in as_object(entries).items():
            text = json.dumps(content, sort_keys=True, default=str)
            references = frozenset(json.loads(f'"{match}"') for match in REFERENCE.findall(text))
            found[f"/components/{section}/{escape(name)}"] = (text, references)
    return found


def _clean(old: Document, new: Document) -> Clean:
    """Return the components whose text, with all that they refer to, is equal in both documents."""
    if old.dialect != new.dialect:
        return Clean(frozenset(), same_dialect=False)
    olds, news = _components(old), _components(new)
    clean = {place for place in olds.keys() & news.keys() if olds[place] == news[place]}
    users: dict[str, list[str]] = {}
    spoilt: list[str] = []
    for place in sorted(clean):
        for reference in olds[place][1]:
            target = reference.removeprefix("#")
            users.setdefault(target, []).append(place)
            if target not in clean:
                spoilt.append(place)
    while spoilt:
        place = spoilt.pop()
        if place in clean:
            clean.discard(place)
            spoilt.extend(users.get(place, ()))
    return Clean(frozenset(clean), same_dialect=True)


def _reached(document: Document) -> set[str]:
    """Return the components that operations of the document use, directly or indirectly."""
    components = _components(document)
    text = json.dumps([document.root.get("paths"), document.root.get("webhooks")], default=str)
    todo = [json.loads(f'"{match}"').removeprefix("#") for match in set(REFERENCE.findall(text))]
    # a discriminator names schemas without a reference
    found: set[str] = set()
    while todo:
        place = "/".join(todo.pop().split("/")[:4])
        if place not in found and place in components:
            found.add(place)
            todo.extend(reference.removeprefix("#") for reference in components[place][1])
    return found


def _unreached(graph: Graph, clean: Clean, judge: Judge, findings: Findings) -> None:
    """Compare schemas with the same name that no operation uses in either document."""
    rest = Graph(graph.old, graph.new, clean)
    names: list[list[str]] = [
        list(as_object(as_object(book.document.root.get("components")).get("schemas")))
        for book in (graph.old, graph.new)
    ]
    places = [f"/components/schemas/{escape(name)}" for name in names[0] if name in set(names[1])]
    places = [place for place in places if not clean.has(place)]
    if not places:
        return
    reached = _reached(graph.old.document) | _reached(graph.new.document)
    for place in places:
        if place not in reached:
            for direction in ("request", "response"):
                rest.root(place, place, direction, 0, f"schema {place.rpartition('/')[2]}", (place, ""))
    rest.build(compare_pair)
    findings.take(rest, judge, unreached=graph)
