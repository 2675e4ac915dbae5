"""Trace each change of the surface to the change of the description that caused it, and the other way round.

A change of the surface is explained by a change on the wire of the same thing: the same operation, the same parameter,
the same key of a schema that the same operations reach, the same value of an enumeration. A class that came or went is
explained by what refers to it. What has no cause on the wire may have one in the names of the description: a schema or
tag that is called differently, another order. Whatever is left is unexplained, which is a mistake of ours.
"""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from scripts.compare.python.changes import NameChange
from scripts.compare.wire.findings import erased
from scripts.descriptions.pointers import escape, last
from scripts.descriptions.structure import operations_in
from scripts.descriptions.values import Json, as_list, as_object
from scripts.generate.source import Surface, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scripts.compare.wire.records import Record

__all__ = ["NameCause", "Trace", "name_causes", "trace"]

ANY = "any operation"
WRITING = "writing"
REFERENCE = re.compile(r'"\$ref": "#/components/((?:[^"\\]|\\.)*)"')
# rules about what an operation answers with as a whole
ANSWERS = (
    "response-success-status",
    "response-status",
    "response-media-type",
    "response-body",
    "request-body",
)
# what lets another operation reach a schema, or keeps one from it
LETS_IN = re.compile(
    r"property|type|items|variant|media|body|status|parameter|header|operation|enum|schema|all-of|range"
)
TEXTS = ("description-changed", "title-changed", "example-changed")
OTHERS = frozenset({"additionalProperties", "patternProperties", "unevaluatedProperties"})
PLAIN = frozenset({"bool", "bytes", "dict", "float", "int", "list"})
"""Types of Python that differ where those of JSON do."""
_VARIANT = re.compile(r"Variant\d+")
UNDECLARED = "additional_properties"
"""The attribute that holds what a schema says of properties that it does not declare."""


@frozen
class NameCause:
    """A difference of names in the description that means nothing on the wire.

    Attributes:
        what: The kind of thing that is named.
        old: Its former name.
        new: Its present name.
        operation: The operation that leads to the schema, where only that is new or gone.
    """

    what: str
    old: str | None
    new: str | None
    operation: str = ""

    @property
    def sentence(self) -> str:
        """The difference in words."""
        if not self.what:
            return "nothing in the description explains it, so a person has to look"
        if self.what == WRITING:
            return f"{self.operation or f'the schema {self.new}'} is written otherwise, which is the same on the wire"
        if self.operation:
            return self._led
        if self.old is None:
            return f"the {self.what} {self.new} is new"
        if self.new is None:
            return f"the {self.what} {self.old} is gone"
        return f"the {self.what} {self.old} is called {self.new}"

    @property
    def _led(self) -> str:
        name, is_new = self.new or self.old, self.new is not None
        if self.operation == ANY:
            leads = "an operation leads to" if is_new else "no operation leads to"
        else:
            leads = f"the {self.what} of {self.operation} {'leads' if is_new else 'does not lead'} to"
        return f"{leads} the schema {name} {'now' if is_new else 'any more'}"


@define
class Trace:
    """Relations between names.

    Attributes:
        by_record: For each record, by its fingerprint, the changes of names it causes.
        by_name: Changes of names without a cause on the wire, each with causes in the names of the description.
        unexplained: Changes of names without any cause.
    """

    by_record: dict[str, list[NameChange]] = field(factory=dict[str, list[NameChange]])
    by_name: list[tuple[NameChange, tuple[NameCause, ...]]] = field(
        factory=list[tuple[NameChange, tuple[NameCause, ...]]]
    )
    unexplained: list[NameChange] = field(factory=list[NameChange])


# --- causes in the names ----------------------------------------------------------------------------------------------


def name_causes(old: dict[str, Json], new: dict[str, Json]) -> tuple[NameCause, ...]:
    """Return the differences of names and order between the schemas and tags of two descriptions."""
    causes: list[NameCause] = []
    before, after = _schemas(old), _schemas(new)
    went = [name for name in before if name not in after]
    came = [name for name in after if name not in before]
    for name in list(went):
        twin = next((other for other in came if _alike(before[name], after[other])), None)
        if twin is not None:
            went.remove(name)
            came.remove(twin)
            causes.append(NameCause("schema", name, twin))
    causes += [NameCause("schema", name, None) for name in went]
    causes += [NameCause("schema", None, name) for name in came]
    tags_before, tags_after = _tags(old), _tags(new)
    causes += [NameCause("tag", name, None) for name in sorted(tags_before - tags_after)]
    causes += [NameCause("tag", None, name) for name in sorted(tags_after - tags_before)]
    ids_before, ids_after = _ids(old), _ids(new)
    for label in sorted(ids_before.keys() & ids_after.keys()):
        if ids_before[label] != ids_after[label]:
            causes.append(NameCause(f"operation {label}", ids_before[label], ids_after[label]))
    causes += _led_to(old, new)
    causes += _rewritten(old, new)
    common_before = [name for name in before if name in after]
    common_after = [name for name in after if name in before]
    if common_before != common_after:
        causes.append(NameCause("order of schemas", ", ".join(common_before), ", ".join(common_after)))
    return tuple(causes)


def _led_to(old: dict[str, Json], new: dict[str, Json]) -> Iterator[NameCause]:
    """Find the schemas that a request or an answer, or any operation at all, leads to in one description only."""
    before, after = _reached(old), _reached(new)
    all_before, all_after = (frozenset[str]().union(*one.values()) for one in (before, after))
    for name in sorted((all_before ^ all_after) & _schemas(old).keys() & _schemas(new).keys()):
        there = name in all_after
        yield NameCause("schema", None if there else name, name if there else None, ANY)
    for part, label in sorted(before.keys() & after.keys()):
        for name in sorted(before[part, label] ^ after[part, label]):
            there = name in after[part, label]
            yield NameCause(part, None if there else name, name if there else None, label)


def _rewritten(old: dict[str, Json], new: dict[str, Json]) -> Iterator[NameCause]:
    """Find the schemas and operations that are written otherwise."""
    before, after = _schemas(old), _schemas(new)
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name]:
            yield NameCause(WRITING, name, name)
    operations = dict(_operations(old)), dict(_operations(new))
    for label in sorted(operations[0].keys() & operations[1].keys()):
        if operations[0][label] != operations[1][label]:
            yield NameCause(WRITING, None, None, label)


def _reached(document: dict[str, Json]) -> dict[tuple[str, str], frozenset[str]]:
    """Return the names of the schemas that each request and each answer leads to."""
    components = as_object(document.get("components"))
    direct = {
        f"{section}/{escape(name)}": _references(part)
        for section, parts in components.items()
        for name, part in as_object(parts).items()
    }
    found: dict[tuple[str, str], frozenset[str]] = {}
    for label, operation in _operations(document):
        for what, part in (
            ("request", [operation.get("parameters"), operation.get("requestBody")]),
            ("answer", operation.get("responses")),
        ):
            seen: set[str] = set()
            todo = list(_references(part))
            while todo:
                place = todo.pop()
                if place not in seen:
                    seen.add(place)
                    todo.extend(direct.get(place, ()))
            found[what, label] = frozenset(last(place) for place in seen if place.startswith("schemas/"))
    return found


def _references(part: Json) -> frozenset[str]:
    text = json.dumps(part, default=str)
    return frozenset(json.loads(f'"{name}"') for name in REFERENCE.findall(text))


def _schemas(document: dict[str, Json]) -> dict[str, Json]:
    return as_object(as_object(document.get("components")).get("schemas"))


def _alike(one: Json, other: Json) -> bool:
    def keys(schema: Json) -> set[str]:
        content = as_object(schema)
        found = set(as_object(content.get("properties")))
        for part in as_list(content.get("allOf")):
            found |= keys(part)
        return found | {str(value) for value in as_list(content.get("enum"))}

    mine, theirs = keys(one), keys(other)
    return bool(mine) and len(mine & theirs) * 5 > len(mine | theirs) * 4


def _operations(document: dict[str, Json]) -> Iterable[tuple[str, dict[str, Json]]]:
    for path, item in as_object(document.get("paths")).items():
        for method, _, operation in operations_in(as_object(item)):
            yield f"{method} {erased(path)}", operation


def _tags(document: dict[str, Json]) -> set[str]:
    return {str(tag) for _, operation in _operations(document) for tag in as_list(operation.get("tags"))}


def _ids(document: dict[str, Json]) -> dict[str, str]:
    return {label: str(operation.get("operationId")) for label, operation in _operations(document)}


# --- tracing ------------------------------------------------------------------------------------------------------


@frozen
class _Known:
    """A record, as tracing needs it."""

    record: Record
    operations: frozenset[str]
    steps: frozenset[str]

    @classmethod
    def of(cls, record: Record) -> _Known:
        operations = frozenset(
            f"{label.partition(' ')[0]} {erased(label.partition(' ')[2])}" for label in record.operations
        )
        steps = set(re.split(r"\.|\[\d*\]|›| ", record.where.location))  # noqa: RUF001 - typographic on purpose
        for pointer in (record.where.old_pointer, record.where.new_pointer):
            parts = [part.replace("~1", "/").replace("~0", "~") for part in (pointer or "").split("/")]
            steps.update(after for part, after in itertools.pairwise(parts) if part == "properties")
            if OTHERS & set(parts):
                steps.add(UNDECLARED)
        if record.id.partition("-")[2].startswith(
            ("additional-properties", "pattern-properties", "unevaluated")
        ):
            steps.add(UNDECLARED)
        return cls(record, operations, frozenset(steps - {""}))


def trace(
    changes: list[NameChange],
    records: Iterable[Record],
    causes: tuple[NameCause, ...],
    surfaces: tuple[Surface, Surface],
) -> Trace:
    """Bring changes of names and changes on the wire together.

    Args:
        changes: How the surface changed.
        records: How the description changed.
        causes: How the names in it changed.
        surfaces: The former and the present surface.
    """
    known = [_Known.of(record) for record in records]
    result = Trace()
    explained: list[NameChange] = []
    open_ones: list[NameChange] = []
    for change in changes:
        found = [item.record for item in known if _direct(change, item)]
        if found:
            explained.append(change)
            for record in found:
                result.by_record.setdefault(record.fingerprint, []).append(change)
        else:
            open_ones.append(change)
    for change, found in _shared(open_ones, known, surfaces):
        open_ones.remove(change)
        explained.append(change)
        for record in found:
            result.by_record.setdefault(record.fingerprint, []).append(change)
    _follow(open_ones, explained, result, surfaces)
    _begin(open_ones, known, result)
    unseen = _unseen(causes, known)
    for change in open_ones:
        reasons = _named(change, causes) or _same_on_the_wire(change, unseen, surfaces)
        if reasons:
            result.by_name.append((change, reasons))
        else:
            result.unexplained.append(change)
    return result


def _follow(
    open_ones: list[NameChange],
    explained: list[NameChange],
    result: Trace,
    surfaces: tuple[Surface, Surface],
) -> None:
    """Explain what follows from changes that are explained, as long as there is any."""
    owners: dict[int, list[str]] = {}
    for fingerprint, caused in result.by_record.items():
        for change in caused:
            owners.setdefault(id(change), []).append(fingerprint)
    moving = True
    while moving and open_ones:
        moving = False
        for change in list(open_ones):
            sources = [other for other in explained if _leads(other, change, surfaces)]
            fingerprints = {mark for source in sources for mark in owners.get(id(source), ())}
            if not fingerprints:
                continue
            for mark in sorted(fingerprints):
                result.by_record[mark].append(change)
            owners[id(change)] = sorted(fingerprints)
            explained.append(change)
            open_ones.remove(change)
            moving = True


def _begin(open_ones: list[NameChange], known: list[_Known], result: Trace) -> None:
    """Explain a class that other operations lead to now, which is another class, by what came or went with them."""
    for change in list(open_ones):
        if change.kind not in {"class", "attribute", "member", "method"} or change.renamed:
            continue
        beginnings = [
            item.record
            for item in known
            if item.record.id in {"operation-added", "operation-removed"}
            and item.operations & change.operations
        ]
        if beginnings:
            open_ones.remove(change)
            for record in beginnings:
                result.by_record.setdefault(record.fingerprint, []).append(change)


def _shared(
    changes: list[NameChange], known: list[_Known], surfaces: tuple[Surface, Surface]
) -> list[tuple[NameChange, list[Record]]]:
    """Find the records that let a class be read, or sent, by other operations than before, with what that changes."""
    reached = [surface.reached() for surface in surfaces]
    found: list[tuple[NameChange, list[Record]]] = []
    for change in changes:
        if change.kind in {"operation", "other"}:
            continue
        if change.kind in {"parameter", "returns"}:
            named = words(change.old or "") ^ words(change.new or "")
        else:
            named = {change.owner, change.element if change.renamed else ""}
        names = set[str]().union(*(_family(name, surfaces) for name in named))
        before, after = (set[str]().union(*(one.get(name, ()) for name in names)) for one in reached)
        # the one class of a schema and that of its requests come and go together
        alone = [{name for name in names if name in surface.models} for surface in surfaces]
        moved = before ^ after or ((before | after) if len(alone[0]) != len(alone[1]) else set[str]())
        # the classes of two schemas may be named like those of one
        moved |= {
            label for name in named for label in reached[0].get(name, set()) ^ reached[1].get(name, set())
        }
        records = [
            item.record
            for item in known
            if item.operations & moved
            and LETS_IN.search(item.record.id)
            and not item.record.id.endswith(TEXTS)
        ]
        if records:
            found.append((change, records))
    return found


def _family(name: str, surfaces: tuple[Surface, Surface]) -> set[str]:
    """Return a class with the other classes of its schema: what is read and what is sent."""
    if not name:
        return set()
    plain = re.sub(r"(Input|Read|Request)$", "", name)
    related = {plain, f"{plain}Input", f"{plain}Read", f"{plain}Request"}
    return {name} | {one for surface in surfaces for one in related & surface.models.keys()}


def _direct(change: NameChange, item: _Known) -> bool:  # noqa: C901, PLR0911, PLR0912 - one case after the other
    record = item.record
    if record.id == "unreached-schema-changed":
        return not change.operations and change.kind != "operation" and _is_of(change, record)
    if not (change.operations & item.operations):
        return False
    rule = record.id
    if change.kind == "operation":
        return rule in {"operation-added", "operation-removed"} or (
            change.renamed
            and rule in {"operation-tags-changed", "operation-id-changed", "path-parameter-renamed"}
        )
    if rule.startswith("operation-") and rule in {"operation-added", "operation-removed"}:
        return change.kind == "class"
    if change.kind == "parameter":
        if change.renamed and rule == "path-parameter-renamed":
            return True
        if rule.startswith(("path-parameter-", "stray-path-parameter-")):
            return _plain(record.where.location.rpartition(" ")[2]) in {
                _plain(change.element),
                _plain(change.wire or ""),
            }
        if record.where.location.startswith("request body"):
            return change.element in {"body", "content", "data", "files"} or change.wire in item.steps
        _, is_one, rest = record.where.location.partition(" parameter ")
        # what is in the path has no other name in Python than the one made of it
        same = _plain(rest) in {_plain(change.element), _plain(change.wire or "")}
        return bool(is_one) and (same or change.wire in item.steps)
    if change.kind == "returns":
        return rule.startswith(ANSWERS) or (
            record.where.location.startswith("response") and "›" not in record.where.location  # noqa: RUF001 - typographic on purpose
        )
    if change.kind == "member":
        value = change.wire or ""
        return rule.endswith(("enum-value-added", "enum-value-removed")) and value in {
            repr(record.old),
            repr(record.new),
        }
    if change.kind == "attribute":
        if change.wire is None or change.wire not in item.steps:
            return False
        return not rule.endswith(("description-changed", "title-changed", "example-changed"))
    if change.kind == "class" and change.renamed:
        return False
    if change.kind == "class":
        return rule.endswith(
            ("enum-introduced", "enum-lifted", "type-changed", "type-narrowed", "type-widened")
        ) and (_same_word(change.element, item.steps) or _is_of(change, record))
    return False


def _is_of(change: NameChange, record: Record) -> bool:
    """Return True if a class is that of a schema that a record is about, or of a part of it."""
    schemas = [
        pointer.split("/")[3]
        for pointer in (record.where.old_pointer, record.where.new_pointer)
        if pointer and pointer.startswith("/components/schemas/")
    ]
    return any(_plain(change.owner).startswith(_plain(re.split(r"[.-]", schema)[0])) for schema in schemas)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _same_word(name: str, steps: frozenset[str]) -> bool:
    plain = name.lower()
    return any(len(step) > 2 and plain.endswith(re.sub(r"[^a-z0-9]", "", step.lower())) for step in steps)  # noqa: PLR2004 - a number that says itself


def _leads(source: NameChange, change: NameChange, surfaces: tuple[Surface, Surface]) -> bool:
    """Return True if a change that is explained explains another: it brings, drops or alters the class concerned."""
    if change.kind not in {"class", "attribute", "member", "method"}:
        return False
    if change.kind == "class" and not change.renamed:
        return change.owner in _mentioned(source, surfaces)
    before, after = words(source.old or ""), words(source.new or "")
    if source.kind != "class" and change.kind == "class":
        # what was the only class of a place is one of several there now, or the other way round
        return change.old in before and change.new in after
    if source.kind != "class" and _VARIANT.search(change.owner) and before != after:
        # the classes of a union are counted, so that one more or less moves those after it
        return change.owner in before | after
    if source.owner == change.owner and not source.renamed:
        # the members of a class depend on its kind, and a member is identified by its name
        return source.kind == "class" or (source.kind == change.kind == "member" and change.renamed)
    # which class a value is of can change when another came or went beside it
    texts = words(change.old or "") | words(change.new or "")
    return (
        source.kind == "class"
        and bool(source.operations & change.operations)
        and (source.owner in texts or source.element in texts)
    )


def _mentioned(source: NameChange, surfaces: tuple[Surface, Surface]) -> set[str]:
    """Return the classes that what changed mentions in either surface."""
    found = words(source.old or "") | words(source.new or "")
    for surface in surfaces:
        if source.kind == "class":
            model = surface.models.get(source.owner) or surface.models.get(source.element)
            found |= model.mentions() if model is not None else set[str]()
        operation = surface.operations.get(source.owner) if source.kind == "operation" else None
        for function in operation.functions.values() if operation is not None else ():
            found |= words(function.returns)
            found |= {word for one in function.parameters for word in words(one.annotation)}
    return found


def _named(change: NameChange, causes: tuple[NameCause, ...]) -> tuple[NameCause, ...]:
    """Return the differences of names that account for a change of a name, the closest first."""
    if change.kind == "other":
        return ()
    wanted = "tag" if change.kind == "operation" else "schema"
    close = [
        cause
        for cause in causes
        if cause.what.startswith((wanted, "operation" if change.kind == "operation" else wanted))
        and any(_resembles(part, side) for part in _words_of(change) for side in (cause.old, cause.new))
    ]
    if close:
        return tuple(close)
    led = [cause for cause in causes if cause.operation in change.operations and cause.what != WRITING]
    if led:
        return tuple(led)
    # a name depends on those beside it, and the first one keeps it
    renaming = change.renamed or change.kind in {"attribute", "returns", "parameter", "class"}
    return tuple(
        cause
        for cause in causes
        if renaming
        and (cause.what.startswith("order") or (cause.old and cause.new and cause.what != WRITING))
    )


def _unseen(causes: tuple[NameCause, ...], known: list[_Known]) -> tuple[NameCause, ...]:
    """Return what is written otherwise without any change on the wire, texts aside."""
    schemas: set[str] = set()
    operations: set[str] = set()
    for item in known:
        if item.record.id.endswith(TEXTS):
            continue
        for pointer in (item.record.where.old_pointer, item.record.where.new_pointer):
            section, _, rest = (pointer or "").removeprefix("/components/").partition("/")
            if section == "schemas":
                schemas.add(rest.partition("/")[0])
            elif pointer:
                operations |= item.operations
    return tuple(
        cause
        for cause in causes
        if cause.what == WRITING
        and cause.operation not in operations
        and escape(cause.new or "") not in schemas
    )


def _same_on_the_wire(
    change: NameChange, unseen: tuple[NameCause, ...], surfaces: tuple[Surface, Surface]
) -> tuple[NameCause, ...]:
    """Return what is written otherwise where a name is: a constant in the place of a list of one value, for example."""
    before, after = words(change.old or ""), words(change.new or "")
    is_as_it_was = (
        change.renamed
        or (change.old and change.new and not (before ^ after) & PLAIN)
        or all(change.wire in keys for keys in _beside(change, surfaces))
    )
    if not is_as_it_was and change.kind not in {"class", "method"}:
        return ()  # a key that came or went, or is read as another type, is a change on the wire
    schemas = [
        cause
        for cause in unseen
        if cause.new and any(_resembles(part, cause.new) for part in _words_of(change))
    ]
    return tuple(schemas) or tuple(cause for cause in unseen if cause.operation in change.operations)


def _beside(change: NameChange, surfaces: tuple[Surface, Surface]) -> list[set[str]]:
    """Return the keys that the classes of a union have in each surface, none where a class is not one of several."""
    stem = _VARIANT.sub("", change.owner)
    return [
        {
            attribute.wire
            for model in surface.models.values()
            if stem != change.owner and _VARIANT.sub("", model.name) == stem
            for attribute in model.attributes.values()
        }
        for surface in surfaces
    ]


def _words_of(change: NameChange) -> set[str]:
    if change.kind == "operation":
        return {part for part in (change.old, change.new) if part}
    found = {change.owner} if change.kind != "returns" else set[str]()
    before, after = words(change.old or ""), words(change.new or "")
    return found | (before ^ after)


def _resembles(part: str | None, side: str | None) -> bool:
    if not part or not side:
        return False
    plain = re.sub(r"[^a-z0-9]", "", part.rpartition(".")[2].lower())
    # what a generator of descriptions puts behind the class: serialisation groups, formats
    named = re.sub(r"[^a-z0-9]", "", re.split(r"[.-]", side)[0].lower())
    return len(plain) > 2 and (plain.startswith(named) or named.endswith(plain) or plain in named)  # noqa: PLR2004 - a number that says itself
