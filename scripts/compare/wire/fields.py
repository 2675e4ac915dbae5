"""Table of the fields of operations, parameters, bodies and responses, with the rules of their changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from scripts.compare.wire.shapes import token
from scripts.descriptions.values import Json, as_list, as_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scripts.descriptions.values import Object

__all__ = ["FIELDS", "FieldChange", "changed_fields", "examples"]


@frozen
class Field:
    """Field of a part.

    Attributes:
        name: The name.
        rule: The rule of a change, or of a flag that was set; ``{direction}`` is replaced.
        clause: The change in words; ``{was}`` and ``{now}`` are replaced.
        back: Rule and words for a flag that was unset.
        read: A function that returns the shown value.
        sense: A function that returns the compared value, if it differs.
    """

    name: str
    rule: str
    clause: str
    back: tuple[str, str] | None = None
    read: Callable[[Object], Json] | None = None
    sense: Callable[[Object], Json] | None = None

    def value(self, part: Object) -> Json:
        """Return the value in a part."""
        if self.read is not None:
            return self.read(part)
        return part.get(self.name) if self.back is None else part.get(self.name) is True


@frozen
class FieldChange:
    """Change of a field."""

    name: str
    rule: str
    clause: str
    old: Json
    new: Json


def changed_fields(kind: str, was: Object, now: Object) -> Iterator[FieldChange]:
    """Yield the changed fields of one kind of part."""
    for field in FIELDS[kind]:
        old, new = field.value(was), field.value(now)
        sense = field.sense or field.value
        if token(sense(was)) == token(sense(now)):
            continue
        rule, clause = (field.rule, field.clause) if field.back is None or new else field.back
        yield FieldChange(field.name, rule, clause.format(was=_words(old), now=_words(new)), old, new)


def examples(part: Object) -> Json:
    """Return the examples of a part, from `example` or `examples`."""
    shown = [part["example"]] if "example" in part else []
    return [
        *shown,
        *(as_object(example).get("value", example) for example in as_object(part.get("examples")).values()),
    ]


def _words(value: Json) -> str:
    return ", ".join(sorted(map(str, as_list(value)))) or "none"


def _text(rule: str, name: str = "description", what: str = "its description") -> Field:
    return Field(name, rule, f"{what} changed")


def _example(rule: str) -> Field:
    shown: Callable[[Object], Json] = lambda part: part.get("example", part.get("examples"))  # noqa: E731 - a row of a table
    return Field("example", rule, "its example changed", read=shown, sense=examples)


def _flag(name: str, rules: tuple[str, str], clauses: tuple[str, str]) -> Field:
    return Field(name, rules[0], clauses[0], back=(rules[1], clauses[1]))


def _deprecated(what: str, rule: str) -> Field:
    return _flag(
        "deprecated",
        (f"{rule}-deprecated", f"{rule}-no-longer-deprecated"),
        (f"the {what} is deprecated now", f"the {what} is not deprecated any more"),
    )


def _required(what: str, rule: str) -> Field:
    return _flag(
        "required",
        (f"{rule}-became-required", f"{rule}-became-optional"),
        (f"the {what} must be sent now", f"the {what} may be left out now"),
    )


def _tags(part: Object) -> Json:
    return as_list(part.get("tags"))


_OPERATION_TEXTS = {
    "operationId": ("operation-id-changed", "operationId"),
    "summary": ("operation-summary-changed", "summary"),
    "description": ("operation-description-changed", "description"),
    "externalDocs": ("operation-external-docs-changed", "link to documentation"),
}

FIELDS: dict[str, tuple[Field, ...]] = {
    "path": tuple(
        _text("path-description-changed", name, f"the {name} of the path")
        for name in ("summary", "description")
    ),
    "operation": (
        *(_text(rule, name, f"the {what}") for name, (rule, what) in _OPERATION_TEXTS.items()),
        Field(
            "tags",
            "operation-tags-changed",
            "the tags changed from {was} to {now}",
            read=_tags,
            sense=lambda part: sorted(map(str, as_list(part.get("tags")))),
        ),
        _deprecated("operation", "operation"),
    ),
    "parameter": (
        _required("parameter", "parameter"),
        _deprecated("parameter", "parameter"),
        _text("parameter-description-changed"),
        _example("parameter-example-changed"),
        _flag(
            "allowReserved",
            ("parameter-reserved-characters-changed", "parameter-reserved-characters-changed"),
            (
                "the handling of reserved characters changed",
                "the handling of reserved characters changed",
            ),
        ),
        _flag(
            "allowEmptyValue",
            ("parameter-empty-value-allowed", "parameter-empty-value-forbidden"),
            ("an empty value is accepted now", "an empty value is not accepted any more"),
        ),
    ),
    "request body": (
        _required("request body", "request-body"),
        _text("request-body-description-changed"),
    ),
    "media": (
        *(
            Field(name, "{direction}-encoding-changed", f"its `{name}` changed")
            for name in ("prefixEncoding", "itemEncoding")
        ),
        _example("{direction}-media-example-changed"),
    ),
    "response": (
        _text("response-description-changed"),
        Field(
            "links",
            "response-links-changed",
            "its links changed",
            sense=lambda part: as_object(part.get("links")),
        ),
    ),
    "header": (
        _flag(
            "required",
            ("response-header-became-required", "response-header-became-optional"),
            ("the header is always sent now", "the header may be missing now"),
        ),
        _deprecated("header", "response-header"),
        _text("response-header-description-changed"),
    ),
}
