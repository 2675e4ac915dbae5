"""Causes of the changes of the surface in the description.

The cause of a change is a change on the wire of the same part: operation, parameter, key of a schema that the same
operations use, or value of an enumeration. The cause of an added or removed class is a change that refers to it. Other
changes may be caused by names in the description: a renamed schema or tag, another order. Any other change is
unexplained, which is an error of this module.
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
# rules about whole responses of an operation
ANSWERS = (
    "response-success-status",
    "response-status",
    "response-media-type",
    "response-body",
    "request-body",
)
# rules that change which operations use a schema
LETS_IN = re.compile(
    r"property|type|items|variant|media|body|status|parameter|header|operation|enum|schema|all-of|range"
)
TEXTS = ("description-changed", "title-changed", "example-changed")
OTHERS = frozenset({"additionalProperties", "patternProperties", "unevaluatedProperties"})
PLAIN = frozenset({"bool", "bytes", "dict", "float", "int", "list"})
"""Python types that differ if the JSON types differ."""
_VARIANT = re.compile(r"Variant\d+")
UNDECLARED = "additional_properties"
"""The attribute for undeclared properties."""


@frozen
class NameCause:
    """Difference of names in the description without an effect on the wire.

    Attributes:
        what: The kind of name.
        old: The old name.
        new: The new name.
        operation: The operation, if its use of the schema was added or removed.
    """

    what: str
    old: str | None
    new: str | None
    operation: str = ""

    @property
    def sentence(self) -> str:
        """The difference in words."""
        if not self.what:
            return "no cause was found in the description; check it"
        if self.what == WRITING:
            return f"{self.operation or f'the schema {self.new}'} has another notation, which is equal on the wire"
        if self.operation:
            return self._usage
        if self.old is None:
            return f"the {self.what} {self.new} is new"
        if self.new is None:
            return f"the {self.what} {self.old} was removed"
        return f"the {self.what} {self.old} was renamed to {self.new}"

    @property
    def _usage(self) -> str:
        name, is_new = self.new or self.old, self.new is not None
        if self.operation == ANY:
            uses = "an operation uses" if is_new else "no operation uses"
        else:
            uses = f"the {self.what} of {self.operation} {'uses' if is_new else 'does not use'}"
        return f"{uses} the schema {name} {'now' if is_new else 'any more'}"


@define
class Trace:
    """Changes of names with their causes.

    Attributes:
        by_record: The changes caused by each record, by its fingerprint.
        by_name: The changes without a cause on the wire, each with causes in the names of the description.
        unexplained: The changes without any cause.
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
    removed = [name for name in before if name not in after]
    added = [name for name in after if name not in before]
    for name in list(removed):
        twin = next((other for other in added if _alike(before[name], after[other])), None)
        if twin is not None:
            removed.remove(name)
            added.remove(twin)
            causes.append(NameCause("schema", name, twin))
    causes += [NameCause("schema", name, None) for name in removed]
    causes += [NameCause("schema", None, name) for name in added]
    tags_before, tags_after = _tags(old), _tags(new)
    causes += [NameCause("tag", name, None) for name in sorted(tags_before - tags_after)]
    causes += [NameCause("tag", None, name) for name in sorted(tags_after - tags_before)]
    ids_before, ids_after = _ids(old), _ids(new)
    for label in sorted(ids_before.keys() & ids_after.keys()):
        if ids_before[label] != ids_after[label]:
            causes.append(NameCause(f"operation {label}", ids_before[label], ids_after[label]))
    causes += _used_by(old, new)
    causes += _rewritten(old, new)
    common_before = [name for name in before if name in after]
    common_after = [name for name in after if name in before]
    if common_before != common_after:
        causes.append(NameCause("order of schemas", ", ".join(common_before), ", ".join(common_after)))
    return tuple(causes)


def _used_by(old: dict[str, Json], new: dict[str, Json]) -> Iterator[NameCause]:
    """Yield the schemas that a request, a response, or any operation uses in one description only."""
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
    """Yield the schemas and operations with another notation."""
    before, after = _schemas(old), _schemas(new)
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name]:
            yield NameCause(WRITING, name, name)
    operations = dict(_operations(old)), dict(_operations(new))
    for label in sorted(operations[0].keys() & operations[1].keys()):
        if operations[0][label] != operations[1][label]:
            yield NameCause(WRITING, None, None, label)


def _reached(document: dict[str, Json]) -> dict[tuple[str, str], frozenset[str]]:
    """Return the names of the schemas that each request and each response uses."""
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
            ("response", operation.get("responses")),
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
    """Record with the data for tracing."""

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
    """Return the changes of names with their causes.

    Args:
        changes: The changes of the surface.
        records: The changes of the description.
        causes: The changes of names in the description.
        surfaces: The old and the new surface.
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
    """Explain changes that follow from explained ones, repeatedly."""
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
    """Explain changes of a class that added or removed operations use, by these."""
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
    """Return the changes of classes that other operations use now, with the records that caused it."""
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
        # a schema may have one class, or separate ones for requests and responses
        alone = [{name for name in names if name in surface.models} for surface in surfaces]
        moved = before ^ after or ((before | after) if len(alone[0]) != len(alone[1]) else set[str]())
        # classes of two schemas may have names of one family
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
    """Return a class with the other classes of its schema, for responses and requests."""
    if not name:
        return set()
    plain = re.sub(r"(Input|Read|Request)$", "", name)
    related = {plain, f"{plain}Input", f"{plain}Read", f"{plain}Request"}
    return {name} | {one for surface in surfaces for one in related & surface.models.keys()}


def _direct(change: NameChange, item: _Known) -> bool:  # noqa: C901, PLR0911, PLR0912 - a flat list of cases
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
    if rule in {"operation-added", "operation-removed"}:
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
        # the Python name of a path parameter is made from its name on the wire
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
    """Return True if a class belongs to the schema of a record, or to a part of it."""
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
    return any(len(step) > 2 and plain.endswith(re.sub(r"[^a-z0-9]", "", step.lower())) for step in steps)  # noqa: PLR2004 - shorter ones match by chance


def _leads(source: NameChange, change: NameChange, surfaces: tuple[Surface, Surface]) -> bool:
    """Return True if an explained change is the cause of another: it adds, removes or changes the same class."""
    if change.kind not in {"class", "attribute", "member", "method"}:
        return False
    if change.kind == "class" and not change.renamed:
        return change.owner in _mentioned(source, surfaces)
    before, after = words(source.old or ""), words(source.new or "")
    if source.kind != "class" and change.kind == "class":
        # the only class of a place beadded one of several, or the reverse
        return change.old in before and change.new in after
    if source.kind != "class" and _VARIANT.search(change.owner) and before != after:
        # the classes of a union are numbered, so an added or removed one renames the following
        return change.owner in before | after
    if source.owner == change.owner and not source.renamed:
        # the members of a class depend on its kind, and a member is identified by its name
        return source.kind == "class" or (source.kind == change.kind == "member" and change.renamed)
    # the class of a value can change with an added or removed one beside it
    texts = words(change.old or "") | words(change.new or "")
    return (
        source.kind == "class"
        and bool(source.operations & change.operations)
        and (source.owner in texts or source.element in texts)
    )


def _mentioned(source: NameChange, surfaces: tuple[Surface, Surface]) -> set[str]:
    """Return the classes that a changed part mentions in either surface."""
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
    """Return the differences of names that explain a change, the closest first."""
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
    # names depend on each other: the first one keeps a shared name
    renaming = change.renamed or change.kind in {"attribute", "returns", "parameter", "class"}
    return tuple(
        cause
        for cause in causes
        if renaming
        and (cause.what.startswith("order") or (cause.old and cause.new and cause.what != WRITING))
    )


def _unseen(causes: tuple[NameCause, ...], known: list[_Known]) -> tuple[NameCause, ...]:
    """Return the parts with another notation but no change on the wire other than texts."""
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
    """Return the parts of a name with another notation: a constant instead of an enum with one value, for example."""
    before, after = words(change.old or ""), words(change.new or "")
    is_as_it_was = (
        change.renamed
        or (change.old and change.new and not (before ^ after) & PLAIN)
        or all(change.wire in keys for keys in _beside(change, surfaces))
    )
    if not is_as_it_was and change.kind not in {"class", "method"}:
        return ()  # an added or removed key, or another type, is a change on the wire
    schemas = [
        cause
        for cause in unseen
        if cause.new and any(_resembles(part, cause.new) for part in _words_of(change))
    ]
    return tuple(schemas) or tuple(cause for cause in unseen if cause.operation in change.operations)


def _beside(change: NameChange, surfaces: tuple[Surface, Surface]) -> list[set[str]]:
    """Return the keys of the classes of a union in each surface; empty if the class is not in a union."""
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
    # without the suffixes of API Platform: serialisation groups, formats
    named = re.sub(r"[^a-z0-9]", "", re.split(r"[.-]", side)[0].lower())
    return len(plain) > 2 and (plain.startswith(named) or named.endswith(plain) or plain in named)  # noqa: PLR2004 - shorter ones match by chance
