"""Rules of the comparison: id, level on the wire, and the reason for the level.

The level of a schema change follows from set inclusion and from the direction of the values. A change is breaking if a
request that was accepted may be rejected, or if a response may have values that were impossible before. The reverse is
compatible. A change whose effect is unknown is ``possibly``.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import frozen

__all__ = ["FACETS", "LEVELS", "RULES", "Direction", "Facet", "Level", "Rule", "stem"]

Level: TypeAlias = Literal["breaking", "possibly", "compatible"]
Direction: TypeAlias = Literal["request", "response"]

LEVELS: tuple[Level, ...] = ("breaking", "possibly", "compatible")


@frozen
class Rule:
    """Rule of the comparison.

    Attributes:
        id: The stable name.
        level: The effect of a change on the wire.
        reason: The reason for the level.
        schema: True if it concerns the values of a schema, so that a witness is searched.
    """

    id: str
    level: Level
    reason: str
    schema: bool = False


@frozen
class Facet:
    """Constraint of schemas, with the names of its changes.

    Each name becomes two rules, one for requests and one for responses.

    Attributes:
        name: The facet.
        what: A readable name.
        narrowed: Fewer values are valid.
        widened: More values are valid.
        replaced: Some values became invalid, others valid.
        unjudged: The effect is unknown.
        rewritten: The same values are valid.
    """

    name: str
    what: str
    narrowed: str | None = None
    widened: str | None = None
    replaced: str | None = None
    unjudged: str | None = None
    rewritten: str | None = None


def _opaque(name: str, what: str) -> Facet:
    names = (f"{name}-{verb}" for verb in ("narrowed", "widened", "changed", "unjudged"))
    return Facet(name, what, *names)


def _part(name: str, what: str, **more: str) -> Facet:
    return Facet(name, what, f"{name}-narrowed", f"{name}-widened", **more)


FACETS: dict[str, Facet] = {
    facet.name: facet
    for facet in (
        _part("type", "the types of the value", replaced="type-changed"),
        Facet("nullable", "whether the value may be null", "became-not-nullable", "became-nullable"),
        Facet("enum", "the enumerated values", "enum-value-removed", "enum-value-added"),
        Facet("enumeration", "whether the values are enumerated", "enum-introduced", "enum-lifted"),
        Facet(
            "format",
            "the format",
            "format-narrowed",
            "format-widened",
            "format-changed",
            "format-unjudged",
            "format-hint-changed",
        ),
        _opaque("pattern", "the pattern"),
        Facet("minimum", "the lower bound", "minimum-raised", "minimum-lowered"),
        Facet("maximum", "the upper bound", "maximum-lowered", "maximum-raised"),
        _part("multiple-of", "the factor of the number", replaced="multiple-of-changed"),
        *(
            Facet(
                f"{side}{thing.title()}",
                f"the {word} {of}",
                f"{side}-{thing}-{less}",
                f"{side}-{thing}-{more}",
            )
            for thing, of in (
                ("length", "length"),
                ("items", "number of items"),
                ("properties", "number of properties"),
            )
            for side, word, less, more in (
                ("min", "minimum", "raised", "lowered"),
                ("max", "maximum", "lowered", "raised"),
            )
        ),
        Facet("uniqueItems", "whether items must be unique", "unique-items-required", "unique-items-lifted"),
        Facet("content", "the encoding of the text", unjudged="content-encoding-changed"),
        Facet(
            "required",
            "whether the property is required",
            "property-became-required",
            "property-became-optional",
        ),
        _part("additional-properties", "the schema of undeclared properties"),
        _part(
            "pattern-properties",
            "the schema of properties by pattern",
            unjudged="pattern-properties-unjudged",
        ),
        _part("property-names", "the schema of property names"),
        _part("dependent-required", "the properties that require others"),
        _part("items", "the schema of the items of an array"),
        _part("prefix-items", "the schemas of the first items of an array"),
        Facet(
            "variant",
            "the alternatives of oneOf or anyOf",
            "variant-removed",
            "variant-added",
            unjudged="variant-unjudged",
            rewritten="variant-redundant",
        ),
        _part("choice", "whether exactly one alternative must match", unjudged="choice-unjudged"),
        _opaque("not", "the excluded schema (`not`)"),
        _opaque("condition", "the condition (`if`, `then`, `else`)"),
        _opaque("contains", "the schema of `contains`"),
        _opaque("dependent-schemas", "the schemas that depend on a property"),
        _opaque("unevaluated", "the schema of unevaluated parts"),
        _opaque("all-of", "the schemas of `allOf`"),
        Facet("xml", "the XML form of the value", unjudged="xml-changed"),
        Facet("keyword", "a keyword unknown to this comparison", unjudged="keyword-unjudged"),
        Facet(
            "discriminator-property",
            "the discriminator property",
            replaced="discriminator-property-changed",
        ),
        Facet(
            "discriminator",
            "whether there is a discriminator",
            unjudged="discriminator-unjudged",
        ),
        Facet(
            "discriminator-mapping",
            "the values of the discriminator",
            "discriminator-value-removed",
            "discriminator-value-added",
            "discriminator-value-changed",
        ),
    )
}


def stem(facet: str, direction: Direction, *, narrowed: bool | None, widened: bool | None) -> str:
    """Return the name of a change of a facet in one direction.

    Args:
        facet: The facet's name.
        direction: The direction of the values.
        narrowed: True if values became invalid, None if unknown.
        widened: True if values became valid, None if unknown.
    """
    row = FACETS[facet]
    matters = narrowed if direction == "request" else widened
    beside = widened if direction == "request" else narrowed
    bad, good = (row.narrowed, row.widened) if direction == "request" else (row.widened, row.narrowed)
    if matters:
        name = (row.replaced or bad) if beside else (bad or row.replaced)
    elif matters is None:
        name = row.unjudged or bad or row.replaced
    elif beside is False:
        name = row.rewritten or good
    else:
        name = good or row.unjudged or row.rewritten
    if name is None:
        name = row.unjudged or row.replaced or row.rewritten or row.narrowed or row.widened
    if name is None:
        raise LookupError(facet)
    return name


def _facet_rules() -> list[Rule]:
    rules: list[Rule] = []
    for facet in FACETS.values():
        what = facet.what[0].upper() + facet.what[1:]
        rows: tuple[tuple[str | None, Level, str, Level, str], ...] = (
            (
                facet.narrowed,
                "breaking",
                f"{what} allows fewer values: a request that was accepted may be rejected.",
                "compatible",
                f"{what} allows fewer values: every response was possible before.",
            ),
            (
                facet.widened,
                "compatible",
                f"{what} allows more values: every accepted request is still accepted.",
                "breaking",
                f"{what} allows more values: a response may have values that were impossible before.",
            ),
            (
                facet.replaced,
                "breaking",
                f"{what} allows other values: a request that was accepted may be rejected.",
                "breaking",
                f"{what} allows other values: a response may have values that were impossible before.",
            ),
            (
                facet.unjudged,
                "possibly",
                f"{what} changed: it is unknown whether every accepted request is still accepted.",
                "possibly",
                f"{what} changed: it is unknown whether responses may have new values.",
            ),
            (
                facet.rewritten,
                "compatible",
                f"{what} is written differently and allows the same requests.",
                "compatible",
                f"{what} is written differently and allows the same responses.",
            ),
        )
        for name, request, why_request, response, why_response in rows:
            if name is not None:
                rules.append(Rule(f"request-{name}", request, why_request, schema=True))
                rules.append(Rule(f"response-{name}", response, why_response, schema=True))
    return rules


# id without direction; level and reason for requests; level and reason for responses
_BOTH: tuple[tuple[str, Level, str, Level, str], ...] = (
    (
        "property-added",
        "compatible",
        "The property is optional, so a request without it is still accepted.",
        "compatible",
        "Undeclared properties were allowed, so clients already ignore it.",
    ),
    (
        "required-property-added",
        "breaking",
        "A request without the property was accepted and is rejected now.",
        "compatible",
        "Undeclared properties were allowed, so clients already ignore it.",
    ),
    (
        "property-added-to-closed-object",
        "compatible",
        "The property was rejected before and is optional now.",
        "breaking",
        "Undeclared properties were forbidden, so a strict client rejects a response with it.",
    ),
    (
        "property-removed",
        "possibly",
        "The property may be ignored without an error.",
        "breaking",
        "Clients that read the property do not find it, or find an undocumented value.",
    ),
    (
        "property-removed-from-closed-object",
        "breaking",
        "Undeclared properties are rejected, so a request with it is rejected, too.",
        "breaking",
        "Clients that read the property do not find it any more.",
    ),
    (
        "property-became-read-only",
        "possibly",
        "The property is ignored or rejected in requests; the description does not specify which.",
        "compatible",
        "Responses have the property as before.",
    ),
    (
        "property-no-longer-read-only",
        "compatible",
        "The property may be sent and is optional.",
        "compatible",
        "Responses have the property as before.",
    ),
    (
        "required-property-no-longer-read-only",
        "breaking",
        "The property was not sent in requests and is required now.",
        "compatible",
        "Responses have the property as before.",
    ),
    (
        "property-became-write-only",
        "compatible",
        "Requests send the property as before.",
        "breaking",
        "Responses do not have the property any more.",
    ),
    (
        "property-no-longer-write-only",
        "compatible",
        "Requests send the property as before.",
        "compatible",
        "Responses may have one more property.",
    ),
    (
        "default-changed",
        "possibly",
        "A request without the value has another meaning now.",
        "compatible",
        "A default does not apply to responses.",
    ),
    (
        "default-added",
        "possibly",
        "The meaning of a request without the value was not documented, and may have changed.",
        "compatible",
        "A default does not apply to responses.",
    ),
    (
        "default-removed",
        "possibly",
        "The meaning of a request without the value is not documented any more, and may have changed.",
        "compatible",
        "A default does not apply to responses.",
    ),
    (
        "property-deprecated",
        "compatible",
        "A deprecated part still works.",
        "compatible",
        "A deprecated part is still in responses.",
    ),
    (
        "property-no-longer-deprecated",
        "compatible",
        "The part works as before.",
        "compatible",
        "The part is in responses as before.",
    ),
    *(
        (name, "compatible", why, "compatible", why)
        for name, why in (
            ("schema-title-changed", "A title is for people only."),
            ("schema-description-changed", "A description is for people only."),
            ("schema-example-changed", "An example is not binding."),
            (
                "schema-annotation-changed",
                "A term of a vocabulary describes the meaning of a value, not which values are valid.",
            ),
            ("schema-external-docs-changed", "A link to documentation is for people only."),
        )
    ),
)

_DOCUMENT: tuple[tuple[str, Level, str], ...] = (
    # --- operations
    ("operation-removed", "breaking", "Calls of the operation fail."),
    ("operation-added", "compatible", "No client calls it yet."),
    ("path-parameter-renamed", "compatible", "The name of a path parameter is not sent."),
    ("operation-id-changed", "compatible", "The id is not sent, but generated names may depend on it."),
    ("operation-deprecated", "compatible", "A deprecated operation still works."),
    ("operation-no-longer-deprecated", "compatible", "The operation works as before."),
    ("removed-before-sunset", "breaking", "It was removed before the announced date."),
    ("sunset-moved-nearer", "breaking", "Clients have less time than announced."),
    ("sunset-unreadable", "possibly", "The date until which the part works cannot be read."),
    ("sunset-removed", "compatible", "The end of the part is not announced any more."),
    ("sunset-added", "compatible", "Clients know until when the part works."),
    ("operation-tags-changed", "compatible", "Tags are not sent, but generated names may depend on them."),
    ("operation-summary-changed", "compatible", "A summary is for people only."),
    ("operation-description-changed", "compatible", "A description is for people only."),
    ("operation-external-docs-changed", "compatible", "A link to documentation is for people only."),
    (
        "operation-keyword-changed",
        "possibly",
        "An unknown keyword may change the behaviour of the operation.",
    ),
    ("path-description-changed", "compatible", "A description is for people only."),
    (
        "path-parameter-described",
        "compatible",
        "The path contained the parameter before, so it was sent.",
    ),
    (
        "path-parameter-no-longer-described",
        "compatible",
        "The path still contains the parameter, so it is sent.",
    ),
    (
        "stray-path-parameter-added",
        "compatible",
        "The path does not contain the parameter, so it is not sent.",
    ),
    (
        "stray-path-parameter-removed",
        "compatible",
        "The path did not contain the parameter, so it was not sent.",
    ),
    # --- parameters
    (
        "parameter-removed",
        "breaking",
        "The parameter is rejected or ignored now.",
    ),
    (
        "parameter-added",
        "compatible",
        "The parameter is optional, so a request without it is still accepted.",
    ),
    (
        "required-parameter-added",
        "breaking",
        "A request without the parameter was accepted and is rejected now.",
    ),
    (
        "parameter-became-required",
        "breaking",
        "A request without the parameter was accepted and is rejected now.",
    ),
    ("parameter-became-optional", "compatible", "A request that sends the parameter is still accepted."),
    ("parameter-moved", "breaking", "The parameter is ignored in its former location."),
    (
        "parameter-array-suffix-changed",
        "breaking",
        "The name on the wire differs: `x` and `x[]` are different parameters.",
    ),
    ("parameter-serialization-changed", "breaking", "The same value is written differently on the wire."),
    (
        "parameter-serialization-rewritten",
        "compatible",
        "The style or explode differs, but values of this type have the same form on the wire.",
    ),
    (
        "parameter-serialization-unjudged",
        "possibly",
        "It is unknown whether the same value has the same form on the wire.",
    ),
    ("parameter-type-generalized", "compatible", "On the wire every former value is text, too."),
    (
        "parameter-became-list",
        "compatible",
        "A list of one value has the same form on the wire as the value.",
    ),
    (
        "parameter-reserved-characters-changed",
        "possibly",
        "Reserved characters may be escaped in only one of the documents.",
    ),
    (
        "parameter-empty-value-forbidden",
        "possibly",
        "An empty value is not documented as accepted any more, but may still be accepted.",
    ),
    ("parameter-empty-value-allowed", "compatible", "Every accepted request is still accepted."),
    ("parameter-deprecated", "compatible", "A deprecated parameter still works."),
    ("parameter-no-longer-deprecated", "compatible", "The parameter works as before."),
    ("parameter-description-changed", "compatible", "A description is for people only."),
    ("parameter-example-changed", "compatible", "An example is not binding."),
    # --- request bodies
    ("request-body-added", "compatible", "The body is optional, so a request without one is still accepted."),
    ("required-request-body-added", "breaking", "A request without a body was accepted and is rejected now."),
    ("request-body-removed", "breaking", "The body is rejected or ignored now."),
    (
        "request-body-became-required",
        "breaking",
        "A request without a body was accepted and is rejected now.",
    ),
    ("request-body-became-optional", "compatible", "A request with a body is still accepted."),
    ("request-body-description-changed", "compatible", "A description is for people only."),
    ("request-media-type-removed", "breaking", "A body of this media type was accepted and is rejected now."),
    ("request-media-type-added", "compatible", "Bodies of the former media types are still accepted."),
    ("request-encoding-changed", "possibly", "A part of the body is written differently on the wire."),
    ("request-media-example-changed", "compatible", "An example is not binding."),
    # --- responses
    (
        "response-success-status-removed",
        "breaking",
        "Clients that expect this status for a success do not receive it any more.",
    ),
    ("response-success-status-added", "possibly", "Clients may not treat the new status as a success."),
    ("response-status-removed", "possibly", "Clients that handle this failure do not receive it any more."),
    (
        "response-status-added",
        "compatible",
        "Clients already have to handle undocumented failures.",
    ),
    ("response-status-range-narrowed", "compatible", "Every response was possible before."),
    (
        "response-status-range-widened",
        "possibly",
        "Clients may not handle the additional statuses.",
    ),
    ("response-media-range-narrowed", "compatible", "Every response was possible before."),
    ("response-description-changed", "compatible", "A description is for people only."),
    (
        "response-media-type-removed",
        "breaking",
        "Clients that request or read this media type do not receive it.",
    ),
    ("response-media-type-added", "possibly", "Clients that do not send `Accept` may receive it."),
    ("response-encoding-changed", "possibly", "A part of the body is written differently on the wire."),
    ("response-media-example-changed", "compatible", "An example is not binding."),
    (
        "response-body-added",
        "compatible",
        "Clients of an operation without a response body do not read one.",
    ),
    ("response-body-removed", "breaking", "Clients that read the body do not find it."),
    (
        "response-header-removed",
        "possibly",
        "The header was optional; clients that read it do not find it any more.",
    ),
    (
        "response-required-header-removed",
        "breaking",
        "The header was always sent; clients that read it do not find it any more.",
    ),
    ("response-header-added", "compatible", "Clients ignore unknown headers."),
    ("response-header-became-optional", "breaking", "The header was always sent and may be missing now."),
    ("response-header-became-required", "compatible", "The header is always sent now."),
    (
        "response-header-serialization-changed",
        "breaking",
        "The same value is written differently on the wire.",
    ),
    ("response-header-deprecated", "compatible", "A deprecated header is still sent."),
    ("response-header-no-longer-deprecated", "compatible", "The header is sent as before."),
    ("response-header-description-changed", "compatible", "A description is for people only."),
    ("response-links-changed", "compatible", "Links describe relations of operations and are not sent."),
    # --- security
    (
        "security-requirement-added",
        "breaking",
        "A call without credentials was accepted and is rejected now.",
    ),
    ("security-requirement-removed", "compatible", "A call with the former credentials is still accepted."),
    (
        "security-alternative-removed",
        "breaking",
        "Clients that have only these credentials are rejected now.",
    ),
    ("security-alternative-added", "compatible", "Clients with the former credentials are still accepted."),
    ("security-scope-added", "breaking", "A token without the scope was accepted and is rejected now."),
    ("security-scope-removed", "compatible", "A token with the scope is still accepted."),
    ("security-scheme-changed", "breaking", "Credentials are sent differently."),
    ("security-scheme-rewritten", "compatible", "The same header with the same value is sent."),
    ("security-scheme-flow-removed", "breaking", "Tokens cannot be obtained with this flow any more."),
    ("security-scheme-flow-added", "compatible", "Tokens can still be obtained with the former flows."),
    (
        "security-scheme-address-changed",
        "possibly",
        "Tokens are obtained at another URL; the former one may still work.",
    ),
    ("security-scheme-scope-removed", "breaking", "A token with the scope cannot be obtained any more."),
    ("security-scheme-scope-added", "compatible", "Tokens with the former scopes can still be obtained."),
    ("security-scheme-added", "compatible", "A scheme that no operation requires has no effect."),
    ("security-scheme-removed", "compatible", "A scheme that no operation requires has no effect."),
    ("security-scheme-description-changed", "compatible", "A description is for people only."),
    # --- servers, tags and the rest
    ("server-removed", "breaking", "Calls to the former URL may fail."),
    ("server-added", "compatible", "The former URLs still work."),
    ("server-variable-changed", "possibly", "The URL from the template may differ."),
    ("server-description-changed", "compatible", "A description is for people only."),
    ("tag-added", "compatible", "Tags are not sent, but generated names may depend on them."),
    ("tag-removed", "compatible", "Tags are not sent, but generated names may depend on them."),
    ("tag-description-changed", "compatible", "A description is for people only."),
    ("info-version-changed", "compatible", "The version is only a name."),
    ("info-changed", "compatible", "Title, contact, licence and the like are for people only."),
    ("info-description-changed", "compatible", "A description is for people only."),
    ("external-docs-changed", "compatible", "A link to documentation is for people only."),
    (
        "document-keyword-changed",
        "possibly",
        "An unknown keyword of the document may change the meaning of other parts.",
    ),
    ("document-text-changed", "compatible", "A name or text of a part is for people only."),
    # --- calls by the API
    ("callback-removed", "breaking", "Clients that wait for the callback are not called."),
    ("callback-added", "possibly", "The API may make a call that it did not make before."),
    ("callback-operation-removed", "breaking", "Clients that wait for the callback are not called."),
    ("callback-operation-added", "possibly", "The API may make a call that it did not make before."),
    ("callback-part-changed", "possibly", "The API sends or expects something else in the call."),
    ("webhook-removed", "breaking", "Clients that wait for the webhook are not called."),
    ("webhook-added", "possibly", "The API may make a call that it did not make before."),
    # --- changes that only whole bodies show
    (
        "request-schema-narrowed",
        "breaking",
        "A body that was accepted is rejected by several constraints together.",
    ),
    ("response-schema-widened", "breaking", "A response may have values that were impossible before."),
    (
        "request-change-without-effect",
        "compatible",
        "The surrounding schemas exclude every value that shows the change.",
    ),
    (
        "response-change-without-effect",
        "compatible",
        "The surrounding schemas exclude every value that shows the change.",
    ),
    # --- schemas that no operation uses
    (
        "unreached-schema-changed",
        "possibly",
        "No operation uses the schema, so its direction is unknown.",
    ),
)


def _table() -> dict[str, Rule]:
    rules = [Rule(*row) for row in _DOCUMENT]
    rules.extend(_facet_rules())
    for name, request, why_request, response, why_response in _BOTH:
        rules.append(Rule(f"request-{name}", request, why_request, schema=name in _WITH_WITNESS))
        rules.append(Rule(f"response-{name}", response, why_response, schema=name in _WITH_WITNESS))
    table: dict[str, Rule] = {}
    for rule in rules:
        if rule.id in table:
            raise ValueError(f"duplicate rule: {rule.id}")
        table[rule.id] = rule
    return table


_WITH_WITNESS = frozenset(
    {
        "property-added",
        "required-property-added",
        "property-added-to-closed-object",
        "property-removed",
        "property-removed-from-closed-object",
        "property-became-read-only",
        "property-no-longer-read-only",
        "required-property-no-longer-read-only",
        "property-became-write-only",
        "property-no-longer-write-only",
    }
)

RULES: dict[str, Rule] = _table()
"""The rules by id."""
