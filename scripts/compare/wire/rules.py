"""Every rule of the comparison: its id, its level on the wire, and the reason for the level.

This module is the only place that says how bad a change is. It compares nothing.

The level of a change to a schema follows from set inclusion and from which way the values travel: a request that was
accepted and may be refused now, and an answer that may hold what it could not hold before, break callers; the other
way round they do not. What cannot be judged is ``possibly``.
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
    """One rule.

    Attributes:
        id: Its stable name.
        level: What a change that it reports means on the wire.
        reason: Why.
        schema: Whether it is about what a schema admits, so that a witness is looked for.
    """

    id: str
    level: Level
    reason: str
    schema: bool = False


@frozen
class Facet:
    """One constraint of schemas, and the names of what may happen to it.

    Each name becomes two rules, one for requests and one for responses.

    Attributes:
        name: The facet.
        narrowed: Fewer values are admitted.
        widened: More values are admitted.
        replaced: Some values are admitted no more, and others newly.
        unjudged: It is not known which values are concerned.
        rewritten: Exactly the same values are admitted.
        what: The facet in words.
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
        _part("multiple-of", "what the number is a multiple of", replaced="multiple-of-changed"),
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
                ("min", "least", "raised", "lowered"),
                ("max", "greatest", "lowered", "raised"),
            )
        ),
        Facet("uniqueItems", "whether items must differ", "unique-items-required", "unique-items-lifted"),
        Facet("content", "how the text is encoded", unjudged="content-encoding-changed"),
        Facet(
            "required",
            "whether the property must be there",
            "property-became-required",
            "property-became-optional",
        ),
        _part("additional-properties", "what undeclared properties may be"),
        _part(
            "pattern-properties",
            "what properties with names of a pattern may be",
            unjudged="pattern-properties-unjudged",
        ),
        _part("property-names", "what properties may be called"),
        _part("dependent-required", "which properties ask for others"),
        _part("items", "what the items of a list may be"),
        _part("prefix-items", "what the first items of a list may be"),
        Facet(
            "variant",
            "the alternatives of oneOf or anyOf",
            "variant-removed",
            "variant-added",
            unjudged="variant-unjudged",
            rewritten="variant-redundant",
        ),
        _part("choice", "whether exactly one alternative must hold", unjudged="choice-unjudged"),
        _opaque("not", "what the value must not be"),
        _opaque("condition", "what if, then and else ask for"),
        _opaque("contains", "what a list must contain"),
        _opaque("dependent-schemas", "what the presence of a property asks for"),
        _opaque("unevaluated", "what is left for unevaluated parts"),
        _opaque("all-of", "what allOf asks for"),
        Facet("xml", "how the value is written in XML", unjudged="xml-changed"),
        Facet("keyword", "a keyword that this comparison does not know", unjudged="keyword-unjudged"),
        Facet(
            "discriminator-property",
            "the property that tells the alternatives apart",
            replaced="discriminator-property-changed",
        ),
        Facet(
            "discriminator",
            "whether a property tells the alternatives apart",
            unjudged="discriminator-unjudged",
        ),
        Facet(
            "discriminator-mapping",
            "the values that tell the alternatives apart",
            "discriminator-value-removed",
            "discriminator-value-added",
            "discriminator-value-changed",
        ),
    )
}


def stem(facet: str, direction: Direction, *, narrowed: bool | None, widened: bool | None) -> str:
    """Choose the name of a facet for a change, as seen by one direction.

    Args:
        facet: The facet's name.
        direction: Which way the values travel.
        narrowed: Whether values are not admitted any more; ``None`` where that is not known.
        widened: Whether values are newly admitted; ``None`` where that is not known.
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
                f"{what} admits fewer values: a request that was accepted may be refused.",
                "compatible",
                f"{what} admits fewer values: whatever is answered now could be answered before.",
            ),
            (
                facet.widened,
                "compatible",
                f"{what} admits more values: every request that was accepted still is.",
                "breaking",
                f"{what} admits more values: an answer may hold what no reader has been told of.",
            ),
            (
                facet.replaced,
                "breaking",
                f"{what} admits other values: requests that were accepted may be refused.",
                "breaking",
                f"{what} admits other values: an answer may hold what no reader has been told of.",
            ),
            (
                facet.unjudged,
                "possibly",
                f"{what} changed, and whether each request that was accepted still is cannot be told.",
                "possibly",
                f"{what} changed, and whether answers hold anything new cannot be told.",
            ),
            (
                facet.rewritten,
                "compatible",
                f"{what} is written differently, and admits the same requests.",
                "compatible",
                f"{what} is written differently, and admits the same answers.",
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
        "Undeclared properties were never ruled out, so readers already pass over it.",
    ),
    (
        "required-property-added",
        "breaking",
        "A request that does not send the property was accepted and is refused now.",
        "compatible",
        "Undeclared properties were never ruled out, and that it is always there takes nothing away.",
    ),
    (
        "property-added-to-closed-object",
        "compatible",
        "The property was refused before and is optional now.",
        "breaking",
        "Undeclared properties were ruled out, so a strict reader refuses an answer that has it.",
    ),
    (
        "property-removed",
        "possibly",
        "The property may be passed over, so that what it asked for is silently not done.",
        "breaking",
        "Readers of the property find nothing, or something that nothing is said about.",
    ),
    (
        "property-removed-from-closed-object",
        "breaking",
        "Undeclared properties are refused, so a request that sends it is too.",
        "breaking",
        "Readers of the property find nothing any more.",
    ),
    (
        "property-became-read-only",
        "possibly",
        "Sending the property is passed over or refused; the description does not say which.",
        "compatible",
        "Answers hold the property as before.",
    ),
    (
        "property-no-longer-read-only",
        "compatible",
        "The property may be sent and need not be.",
        "compatible",
        "Answers hold the property as before.",
    ),
    (
        "required-property-no-longer-read-only",
        "breaking",
        "The property was not sent in requests and must be now.",
        "compatible",
        "Answers hold the property as before.",
    ),
    (
        "property-became-write-only",
        "compatible",
        "Requests send the property as before.",
        "breaking",
        "Answers do not hold the property any more.",
    ),
    (
        "property-no-longer-write-only",
        "compatible",
        "Requests send the property as before.",
        "compatible",
        "Answers may hold one property more.",
    ),
    (
        "default-changed",
        "possibly",
        "A request that leaves the value out means something else now.",
        "compatible",
        "A default says nothing about what is answered.",
    ),
    (
        "default-added",
        "possibly",
        "What a request means that leaves the value out was not said before, and may have changed.",
        "compatible",
        "A default says nothing about what is answered.",
    ),
    (
        "default-removed",
        "possibly",
        "What a request means that leaves the value out is not said any more, and may have changed.",
        "compatible",
        "A default says nothing about what is answered.",
    ),
    (
        "property-deprecated",
        "compatible",
        "A deprecated part still works.",
        "compatible",
        "A deprecated part is still answered.",
    ),
    (
        "property-no-longer-deprecated",
        "compatible",
        "The part works as before.",
        "compatible",
        "The part is answered as before.",
    ),
    *(
        (name, "compatible", why, "compatible", why)
        for name, why in (
            ("schema-title-changed", "A title is text for people."),
            ("schema-description-changed", "A description is text for people."),
            ("schema-example-changed", "An example binds nobody."),
            (
                "schema-annotation-changed",
                "A name of a vocabulary says what the value means, not what it may be.",
            ),
            ("schema-external-docs-changed", "A link to documentation binds nobody."),
        )
    ),
)

_DOCUMENT: tuple[tuple[str, Level, str], ...] = (
    # --- operations
    ("operation-removed", "breaking", "Calls of the operation are answered with an error."),
    ("operation-added", "compatible", "Nobody calls it yet."),
    ("path-parameter-renamed", "compatible", "The name of a path parameter is not sent."),
    ("operation-id-changed", "compatible", "The id is not sent, though generated names may follow it."),
    ("operation-deprecated", "compatible", "A deprecated operation still works."),
    ("operation-no-longer-deprecated", "compatible", "The operation works as before."),
    ("removed-before-sunset", "breaking", "It was promised to work until a day that has not come yet."),
    ("sunset-moved-nearer", "breaking", "Callers have less time than they were promised."),
    ("sunset-unreadable", "possibly", "Until when the part works cannot be told from what is written."),
    ("sunset-removed", "compatible", "No day is announced on which the part ends."),
    ("sunset-added", "compatible", "Callers know until when the part works."),
    ("operation-tags-changed", "compatible", "Tags are not sent, though generated names may follow them."),
    ("operation-summary-changed", "compatible", "A summary is text for people."),
    ("operation-description-changed", "compatible", "A description is text for people."),
    ("operation-external-docs-changed", "compatible", "A link to documentation binds nobody."),
    (
        "operation-keyword-changed",
        "possibly",
        "A keyword of an operation that is not known here may change what the operation does.",
    ),
    ("path-description-changed", "compatible", "The text of a path is for people."),
    (
        "path-parameter-described",
        "compatible",
        "The path has had the place all along, so it was sent before.",
    ),
    (
        "path-parameter-no-longer-described",
        "compatible",
        "The path still has the place, so it is still sent.",
    ),
    (
        "stray-path-parameter-added",
        "compatible",
        "The path has no place for the parameter, so nobody sends it.",
    ),
    (
        "stray-path-parameter-removed",
        "compatible",
        "The path has no place for the parameter, so nobody sent it.",
    ),
    # --- parameters
    (
        "parameter-removed",
        "breaking",
        "What the parameter asked for is refused or silently not done any more.",
    ),
    (
        "parameter-added",
        "compatible",
        "The parameter is optional, so a request without it is still accepted.",
    ),
    (
        "required-parameter-added",
        "breaking",
        "A request without the parameter was accepted and is refused now.",
    ),
    (
        "parameter-became-required",
        "breaking",
        "A request without the parameter was accepted and is refused now.",
    ),
    ("parameter-became-optional", "compatible", "A request that sends the parameter is still accepted."),
    ("parameter-moved", "breaking", "The parameter is not looked for any more where it used to be sent."),
    (
        "parameter-array-suffix-changed",
        "breaking",
        "The name on the wire differs: `x` and `x[]` are two parameters.",
    ),
    ("parameter-serialization-changed", "breaking", "The same value is written differently on the wire."),
    (
        "parameter-serialization-rewritten",
        "compatible",
        "The style or explode differs, but a value of this type is written alike.",
    ),
    (
        "parameter-serialization-unjudged",
        "possibly",
        "Whether the same value is written alike cannot be told.",
    ),
    ("parameter-type-generalized", "compatible", "As text on the wire every former value is still one."),
    ("parameter-became-list", "compatible", "A list of one value is written like the value."),
    (
        "parameter-reserved-characters-changed",
        "possibly",
        "Reserved characters may be escaped in one and not the other.",
    ),
    (
        "parameter-empty-value-forbidden",
        "possibly",
        "A request with an empty value was announced as accepted; that it is not any more does not say it is refused.",
    ),
    ("parameter-empty-value-allowed", "compatible", "Every request that was accepted still is."),
    ("parameter-deprecated", "compatible", "A deprecated parameter still works."),
    ("parameter-no-longer-deprecated", "compatible", "The parameter works as before."),
    ("parameter-description-changed", "compatible", "A description is text for people."),
    ("parameter-example-changed", "compatible", "An example binds nobody."),
    # --- request bodies
    ("request-body-added", "compatible", "The body is optional, so a request without one is still accepted."),
    ("required-request-body-added", "breaking", "A request without a body was accepted and is refused now."),
    ("request-body-removed", "breaking", "What the body asked for is refused or silently not done any more."),
    ("request-body-became-required", "breaking", "A request without a body was accepted and is refused now."),
    ("request-body-became-optional", "compatible", "A request with a body is still accepted."),
    ("request-body-description-changed", "compatible", "A description is text for people."),
    ("request-media-type-removed", "breaking", "A body of this media type was accepted and is refused now."),
    ("request-media-type-added", "compatible", "Bodies of the former media types are still accepted."),
    ("request-encoding-changed", "possibly", "A part of the body is written differently on the wire."),
    ("request-media-example-changed", "compatible", "An example binds nobody."),
    # --- responses
    (
        "response-success-status-removed",
        "breaking",
        "A success that callers wait for is not answered any more.",
    ),
    ("response-success-status-added", "possibly", "Callers may not take the new status for a success."),
    ("response-status-removed", "possibly", "Callers that tell this failure apart wait for it in vain."),
    (
        "response-status-added",
        "compatible",
        "Callers already have to deal with failures that are not documented.",
    ),
    ("response-status-range-narrowed", "compatible", "Whatever is answered now could be answered before."),
    (
        "response-status-range-widened",
        "possibly",
        "Callers may not take the further statuses for what they are.",
    ),
    ("response-media-range-narrowed", "compatible", "Whatever is answered now could be answered before."),
    ("response-description-changed", "compatible", "A description is text for people."),
    ("response-media-type-removed", "breaking", "Callers that ask for or read this media type get none."),
    ("response-media-type-added", "possibly", "Callers that do not say what they accept may get it."),
    ("response-encoding-changed", "possibly", "A part of the body is written differently on the wire."),
    ("response-media-example-changed", "compatible", "An example binds nobody."),
    (
        "response-body-added",
        "compatible",
        "Callers of an operation without an answer's body do not read one.",
    ),
    ("response-body-removed", "breaking", "Callers that read the body find none."),
    ("response-header-removed", "possibly", "The header was optional; callers that use it find it no more."),
    (
        "response-required-header-removed",
        "breaking",
        "The header was always there and callers find it no more.",
    ),
    ("response-header-added", "compatible", "Callers pass over headers that they do not know."),
    ("response-header-became-optional", "breaking", "The header was always there and may be missing now."),
    ("response-header-became-required", "compatible", "The header is always there now."),
    (
        "response-header-serialization-changed",
        "breaking",
        "The same value is written differently on the wire.",
    ),
    ("response-header-deprecated", "compatible", "A deprecated header is still sent."),
    ("response-header-no-longer-deprecated", "compatible", "The header is sent as before."),
    ("response-header-description-changed", "compatible", "A description is text for people."),
    ("response-links-changed", "compatible", "Links tell how operations belong together and are not sent."),
    # --- security
    ("security-requirement-added", "breaking", "A call without credentials was accepted and is refused now."),
    ("security-requirement-removed", "compatible", "A call with the former credentials is still accepted."),
    ("security-alternative-removed", "breaking", "Callers with these credentials only are refused now."),
    ("security-alternative-added", "compatible", "Callers with the former credentials are still accepted."),
    ("security-scope-added", "breaking", "A token without the scope was accepted and is refused now."),
    ("security-scope-removed", "compatible", "A token with the scope is still accepted."),
    ("security-scheme-changed", "breaking", "Credentials are sent in another way."),
    ("security-scheme-rewritten", "compatible", "The same header is sent as before, with the same value."),
    ("security-scheme-flow-removed", "breaking", "Tokens cannot be obtained in this way any more."),
    ("security-scheme-flow-added", "compatible", "Tokens can still be obtained in the former ways."),
    (
        "security-scheme-address-changed",
        "possibly",
        "Tokens come from another address; the former one may still work.",
    ),
    ("security-scheme-scope-removed", "breaking", "A token with the scope cannot be obtained any more."),
    ("security-scheme-scope-added", "compatible", "Tokens with the former scopes can still be obtained."),
    ("security-scheme-added", "compatible", "What no operation asks for changes nothing by itself."),
    ("security-scheme-removed", "compatible", "What no operation asks for changes nothing by itself."),
    ("security-scheme-description-changed", "compatible", "A description is text for people."),
    # --- servers, tags and the rest
    ("server-removed", "breaking", "Calls to the former address may not be answered any more."),
    ("server-added", "compatible", "The former addresses still stand."),
    ("server-variable-changed", "possibly", "The address that a template stands for may differ."),
    ("server-description-changed", "compatible", "A description is text for people."),
    ("tag-added", "compatible", "Tags are not sent, though generated names may follow them."),
    ("tag-removed", "compatible", "Tags are not sent, though generated names may follow them."),
    ("tag-description-changed", "compatible", "A description is text for people."),
    ("info-version-changed", "compatible", "The version is a name for the description."),
    ("info-changed", "compatible", "Title, contact, licence and the like are for people."),
    ("info-description-changed", "compatible", "A description is text for people."),
    ("external-docs-changed", "compatible", "A link to documentation binds nobody."),
    (
        "document-keyword-changed",
        "possibly",
        "A keyword beside `info` and `paths` that is not known here may change what all the rest means.",
    ),
    ("document-text-changed", "compatible", "A name or text of a part is for people."),
    # --- what the API calls
    ("callback-removed", "breaking", "Whoever waits to be called back is not called."),
    ("callback-added", "possibly", "The API may call where it did not before."),
    ("callback-operation-removed", "breaking", "Whoever waits to be called back is not called."),
    ("callback-operation-added", "possibly", "The API may call where it did not before."),
    ("callback-part-changed", "possibly", "What the API sends or waits for when it calls differs."),
    ("webhook-removed", "breaking", "Whoever waits for the webhook is not called."),
    ("webhook-added", "possibly", "The API may call where it did not before."),
    # --- what only whole bodies show
    (
        "request-schema-narrowed",
        "breaking",
        "A body that was accepted is refused, by several constraints together.",
    ),
    ("response-schema-widened", "breaking", "An answer may hold what no reader has been told of."),
    ("request-change-without-effect", "compatible", "What is around the place lets no body show the change."),
    (
        "response-change-without-effect",
        "compatible",
        "What is around the place lets no body show the change.",
    ),
    # --- what no operation reaches
    (
        "unreached-schema-changed",
        "possibly",
        "No operation reaches the schema, so who reads it cannot be told.",
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
            raise ValueError(f"two rules are called {rule.id}")
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
"""Every rule by its id."""
