"""Conformance of recorded exchanges to a description, and the parts of the description that they show.

Each request (path, parameters, media type, body) and answer (status, media type, headers, body) is walked together
with its schema. jsonschema-rs validates single values. The walk is ours: a finding has to name an undescribed field,
a branch has to be chosen before its faults can be reported, and the parts that occur have to be recorded. A finding is
a difference between recording and description; this module does not decide which of them is right.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

import jsonschema_rs
from attrs import define, evolve, field, frozen

from korus.testing import bodies
from korus.testing.descriptions import Description, Operation, Parameter, escape
from korus.testing.plainvalues import as_list, as_mapping, is_list, is_mapping
from korus.testing.privacy import ALLOWED_RESPONSE_HEADERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from korus.testing.cassettes import Cassette, Interaction

__all__ = ["DOCUMENTED", "KINDS", "Examination", "Finding", "FindingKind", "Universe", "examine", "universe"]

FindingKind = Literal[
    "documented",
    "undocumented status",
    "undocumented field",
    "unknown enum value",
    "type",
    "missing",
    "format",
]
DOCUMENTED: Final = "documented"
KINDS: Final[tuple[FindingKind, ...]] = (
    DOCUMENTED,
    "undocumented status",
    "undocumented field",
    "unknown enum value",
    "type",
    "missing",
    "format",
)

_BY_KEYWORD: Mapping[str, FindingKind] = {
    "type": "type",
    "enum": "unknown enum value",
    "const": "unknown enum value",
    "required": "missing",
    "additionalProperties": "undocumented field",
    "unevaluatedProperties": "undocumented field",
    "propertyNames": "undocumented field",
}
# walked here; everything else of a schema is jsonschema-rs's to judge
_WALKED = frozenset(
    {
        "$ref", "allOf", "anyOf", "oneOf", "properties", "patternProperties", "additionalProperties", "items",
        "prefixItems", "required", "discriminator", "nullable", "example", "examples", "description", "title",
        "deprecated", "readOnly", "writeOnly", "externalDocs", "xml", "default",
    }
)  # fmt: skip
_NO_BODY = frozenset({204, 304})
_HIDDEN: Final = object()


@frozen(kw_only=True)
class Finding:
    """Result for one place of a recorded exchange.

    Attributes:
        kind: ``documented`` if the whole exchange is as described, otherwise the kind of the difference.
        cassette: The file.
        interaction: The number of the exchange in it, counted from 0.
        part: ``request path``, ``request query``, ``request headers``, ``request body``, ``response status``,
            ``response headers`` or ``response body``; ``exchange`` for the whole.
        pointer: A JSON pointer into that part.
        value: The value at this place, None if it is missing.
        message: What was expected instead.
        operation: ``METHOD /path``, empty if the description has none for it.
        api_version: The version of the description that was compared with.
    """

    kind: FindingKind
    cassette: str
    interaction: int
    part: str
    pointer: str
    value: Any
    message: str
    operation: str
    api_version: str


@frozen(kw_only=True)
class Examination:
    """Result of comparing one exchange with one description.

    Attributes:
        operation: The requested operation; None if the description does not have it, or if the request does not go
            to the API, such as one for a token or a stored file.
        findings: All findings.
        shown: Pointers to the operations, statuses, parameters, properties and enum values it has shown.
    """

    operation: Operation | None
    findings: tuple[Finding, ...]
    shown: frozenset[str]


@frozen
class _Fault:
    kind: FindingKind
    pointer: str
    value: Any
    message: str


@define
class _Walk:
    """Walk of one value along one schema."""

    faults: list[_Fault] = field(factory=list[_Fault])
    shown: set[str] = field(factory=set[str])
    declared: set[str] = field(factory=set[str])
    closed: bool = False
    misfit: bool = False

    def take(self, other: _Walk) -> None:
        self.faults += other.faults
        self.shown |= other.shown
        self.declared |= other.declared
        self.closed |= other.closed
        self.misfit |= other.misfit


@frozen
class _Walker:
    description: Description
    request: bool
    judges: dict[str, jsonschema_rs.Validator]

    def value(self, schema: Any, pointer: str, value: Any, at: str) -> _Walk:
        """Walk a whole value, so that undeclared fields can be reported."""
        walk = self.along(schema, pointer, value, at, frozenset())
        if walk.closed and is_mapping(value) and not walk.misfit:
            for key, one in value.items():
                if key not in walk.declared:
                    message = "the description has no such field here"
                    walk.faults.append(_Fault("undocumented field", f"{at}/{escape(key)}", one, message))
        return walk

    def along(self, schema: Any, pointer: str, value: Any, at: str, passed: frozenset[str]) -> _Walk:
        walk = _Walk()
        if not is_mapping(schema):
            if schema is False:
                walk.faults.append(_Fault("undocumented field", at, value, "no value is allowed here"))
            return walk
        here = schema
        if value is None and here.get("nullable") is True:
            return walk
        reference = here.get("$ref")
        if isinstance(reference, str) and reference not in passed:
            target = self.description.resolve(reference)
            walk.take(self.along(target, reference, value, at, passed | {reference}))
        self.judge(here, pointer, value, at, walk)
        if walk.misfit:
            return walk
        self.combined(here, pointer, value, at, passed, walk)
        if is_mapping(value):
            self.members(here, pointer, value, at, walk)
        elif is_list(value):
            self.elements(here, pointer, value, at, walk)
        for number, known in enumerate(as_list(here.get("enum"))):
            if _equal(known, value):
                walk.shown.add(f"{pointer}/enum/{number}")
        return walk

    def combined(  # noqa: PLR0917 - a step of a walk needs to know where it stands
        self,
        here: Mapping[str, Any],
        pointer: str,
        value: Any,
        at: str,
        passed: frozenset[str],
        walk: _Walk,
    ) -> None:
        for keyword in ("allOf", "anyOf", "oneOf"):
            walks = [
                self.along(part, f"{pointer}/{keyword}/{number}", value, at, passed)
                for number, part in enumerate(as_list(here.get(keyword)))
            ]
            if keyword == "allOf":
                for one in walks:
                    walk.take(one)
            elif walks:
                walk.take(self.best(walks, value, at, exclusive=keyword == "oneOf"))

    @staticmethod
    def best(walks: Sequence[_Walk], value: Any, at: str, *, exclusive: bool) -> _Walk:
        """Return the alternative that the value was meant to follow, with a fault if that cannot be decided."""

        def undeclared(walk: _Walk) -> int:
            return len(value.keys() - walk.declared) if is_mapping(value) else 0

        best = min(walks, key=lambda walk: (walk.misfit, len(walk.faults), undeclared(walk)))
        fitting = [walk for walk in walks if not walk.faults and not walk.misfit]
        if exclusive and len(fitting) > 1 and undeclared(fitting[0]) == undeclared(fitting[1]):
            best.faults.append(_Fault("type", at, value, "it fits more than one of the alternatives"))
        if best.misfit and len(walks) > 1:
            best.faults = [_Fault("type", at, value, "it fits none of the alternatives")]
        return best

    def members(
        self, schema: Mapping[str, Any], pointer: str, value: dict[str, Any], at: str, walk: _Walk
    ) -> None:
        properties = as_mapping(schema.get("properties"))
        walk.closed |= bool(properties) or schema.get("additionalProperties") is False
        for key in as_list(schema.get("required")):
            if isinstance(key, str) and key not in value and not self.exempt(properties.get(key)):
                walk.faults.append(
                    _Fault("missing", f"{at}/{escape(key)}", None, "the description requires it")
                )
        patterns = as_mapping(schema.get("patternProperties"))
        others = schema.get("additionalProperties")
        for key, one in value.items():
            step = f"{at}/{escape(key)}"
            known = key in properties
            if known:
                walk.declared.add(key)
                where = f"{pointer}/properties/{escape(key)}"
                walk.shown.add(where)
                self.take(walk, self.value(properties[key], where, one, step))
            for pattern, part in patterns.items():
                if _occurs(pattern, key):
                    known = True
                    walk.declared.add(key)
                    where = f"{pointer}/patternProperties/{escape(pattern)}"
                    self.take(walk, self.value(part, where, one, step))
            if not known and (others is True or is_mapping(others)):
                walk.declared.add(key)
                self.take(walk, self.value(others, f"{pointer}/additionalProperties", one, step))

    @staticmethod
    def take(walk: _Walk, inner: _Walk) -> None:
        walk.faults += inner.faults
        walk.shown |= inner.shown

    def exempt(self, schema: Any) -> bool:
        flags = as_mapping(self.description.follow(schema, "")[0])
        return flags.get("readOnly" if self.request else "writeOnly") is True

    def elements(
        self, schema: Mapping[str, Any], pointer: str, value: list[Any], at: str, walk: _Walk
    ) -> None:
        firsts = as_list(schema.get("prefixItems"))
        rest = schema.get("items")
        for number, one in enumerate(value):
            if number < len(firsts):
                self.take(
                    walk, self.value(firsts[number], f"{pointer}/prefixItems/{number}", one, f"{at}/{number}")
                )
            elif rest is not None:
                self.take(walk, self.value(rest, f"{pointer}/items", one, f"{at}/{number}"))

    def judge(self, schema: Mapping[str, Any], pointer: str, value: Any, at: str, walk: _Walk) -> None:
        judge = self.judges.get(pointer)
        if judge is None:
            judge = self.judges[pointer] = self.compiled(schema)
        faults = [
            _Fault(
                _BY_KEYWORD.get(error.kind.name, "format"),
                at + "".join(f"/{escape(step)}" for step in error.instance_path),
                value if not error.instance_path else _at(value, error.instance_path),
                error.message,
            )
            for error in judge.iter_errors(value)
        ]
        mistyped = [fault for fault in faults if fault.kind == "type" and fault.pointer == at]
        walk.misfit |= bool(mistyped)
        # what is of another type cannot be judged any further
        walk.faults += mistyped[:1] or faults

    def compiled(self, schema: Mapping[str, Any]) -> jsonschema_rs.Validator:
        own = {key: item for key, item in schema.items() if key not in _WALKED and not key.startswith("x-")}
        if str(self.description.document.get("openapi", "")).startswith("3.0"):
            own = _as_3_1(own)
        if "$ref" in json.dumps(own):
            own["components"] = self.description.document.get("components", {})
        try:
            return jsonschema_rs.Draft202012Validator(own, validate_formats=True)
        except (ValueError, jsonschema_rs.ReferencingError):
            # a schema that is no JSON Schema judges nothing; validating descriptions is not done here
            return jsonschema_rs.Draft202012Validator({})


def _as_3_1(schema: dict[str, Any]) -> dict[str, Any]:
    for flag, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if schema.get(flag) is True:
            schema[flag] = schema.pop(bound, None)
        if schema.get(flag) in (False, None):
            schema.pop(flag, None)
    return schema


def _occurs(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return False  # a pattern in another dialect than Python's, or none at all


def _equal(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one == other


def _at(value: Any, path: Iterable[str | int]) -> Any:
    for step in path:
        value = value[step]
    return value


def _types(description: Description, schema: Any, passed: frozenset[str] = frozenset()) -> set[str]:
    """Return every type that a value of the schema may have, as far as the schema names them."""
    here = as_mapping(schema)
    found = here.get("type")
    types = {found} if isinstance(found, str) else {str(one) for one in as_list(found)}
    reference = here.get("$ref")
    if isinstance(reference, str) and reference not in passed:
        types |= _types(description, description.resolve(reference), passed | {reference})
    for keyword in ("allOf", "anyOf", "oneOf"):
        for part in as_list(here.get(keyword)):
            types |= _types(description, part, passed)
    return types


def _coerced(description: Description, schema: Any, text: str) -> Any:
    """Convert a text from an address or a header to a value of the schema's type."""
    types = _types(description, schema)
    if "integer" in types and re.fullmatch(r"-?\d+", text):
        return int(text)
    if "number" in types and re.fullmatch(r"-?\d+(\.\d+)?([eE][-+]?\d+)?", text):
        return float(text)
    if "boolean" in types and text in {"true", "false"}:
        return text == "true"
    return text


def _media(content: Mapping[str, Any], content_type: str | None) -> str | None:
    """Return the key of a ``content`` map that applies to a content type."""
    wanted = bodies.media_type(content_type)
    by_type = {bodies.media_type(key): key for key in content}
    main = wanted.partition("/")[0]
    return next((by_type[key] for key in (wanted, f"{main}/*", "*/*") if key in by_type), None)


@define
class _Examiner:
    description: Description
    cassette: str
    number: int
    operation: str = ""
    findings: list[Finding] = field(factory=list[Finding])
    shown: set[str] = field(factory=set[str])
    request_judges: dict[str, jsonschema_rs.Validator] = field(factory=dict[str, jsonschema_rs.Validator])
    response_judges: dict[str, jsonschema_rs.Validator] = field(factory=dict[str, jsonschema_rs.Validator])

    def find(self, kind: FindingKind, part: str, pointer: str, value: Any, message: str) -> None:
        self.findings.append(
            Finding(
                kind=kind,
                cassette=self.cassette,
                interaction=self.number,
                part=part,
                pointer=pointer,
                value=value,
                message=message,
                operation=self.operation,
                api_version=self.description.version,
            )
        )

    def walk(self, part: str, schema: Any, pointer: str, value: Any, at: str = "") -> None:
        judges = self.request_judges if part.startswith("request") else self.response_judges
        walked = _Walker(self.description, part.startswith("request"), judges).value(
            schema, pointer, value, at
        )
        self.shown |= walked.shown
        for fault in walked.faults:
            self.find(fault.kind, part, fault.pointer, fault.value, fault.message)

    def exchange(self, interaction: Interaction) -> Operation | None:
        split = urlsplit(interaction.request.uri)
        found = self.description.find(interaction.request.method, split.path)
        if found is None:
            # a request with a token goes to the API
            if self.description.covers(split.path) or interaction.request.header("authorization"):
                self.find(
                    "undocumented field",
                    "request path",
                    "",
                    f"{interaction.request.method} {split.path}",
                    "the description has no such operation",
                )
            return None
        operation, sent = found
        self.operation = operation.name
        self.shown.add(operation.pointer)
        for parameter in operation.parameters:
            if parameter.place == "path" and parameter.name in sent:
                text = sent[parameter.name]
                self.shown.add(parameter.pointer)
                value = _coerced(self.description, parameter.schema, text)
                self.walk(
                    "request path", parameter.schema, parameter.pointer, value, f"/{escape(parameter.name)}"
                )
        if split.path.endswith("/") and not operation.path.endswith("/"):
            message = "the description has no slash at the end"
            self.find("format", "request path", "", split.path, message)
        self.query(operation, split.query)
        self.request_headers(operation, interaction)
        if self.description.is_secured(operation) and not interaction.request.header("authorization"):
            message = "the description requires credentials"
            self.find("missing", "request headers", "/authorization", None, message)
        self.request_body(operation, interaction)
        self.answer(operation, interaction)
        if not self.findings:
            self.find(DOCUMENTED, "exchange", "", interaction.response.status, "all of it is as described")
        return operation

    def query(self, operation: Operation, query: str) -> None:
        sent: dict[str, list[str]] = {}
        for name, text in parse_qsl(query, keep_blank_values=True):
            sent.setdefault(name, []).append(text)
        known: set[str] = set()
        for parameter in operation.parameters:
            if parameter.place != "query":
                continue
            values = sent.get(parameter.name)
            if values is None and parameter.style == "deepObject":
                known |= self.deep(parameter, sent)
                continue
            if values is None:
                if parameter.required:
                    self.find(
                        "missing",
                        "request query",
                        f"/{escape(parameter.name)}",
                        None,
                        "the description requires it",
                    )
                continue
            known.add(parameter.name)
            self.shown.add(parameter.pointer)
            if len(values) > 1 and "array" not in _types(self.description, parameter.schema):
                at = f"/{escape(parameter.name)}"
                self.find("format", "request query", at, values, "the description has this parameter once")
            self.walk(
                "request query",
                parameter.schema,
                parameter.pointer,
                self.parameter_value(parameter, values),
                f"/{escape(parameter.name)}",
            )
        for name, values in sent.items():
            if name not in known:
                self.find(
                    "undocumented field",
                    "request query",
                    f"/{escape(name)}",
                    values[0] if len(values) == 1 else values,
                    "the description has no such parameter",
                )

    def deep(self, parameter: Parameter, sent: Mapping[str, list[str]]) -> set[str]:
        names = {name for name in sent if name.startswith(f"{parameter.name}[") and name.endswith("]")}
        if names:
            properties = as_mapping(self.description.follow(parameter.schema, "")[0]).get("properties")
            value = {
                name[len(parameter.name) + 1 : -1]: _coerced(
                    self.description,
                    as_mapping(properties).get(name[len(parameter.name) + 1 : -1]),
                    sent[name][-1],
                )
                for name in names
            }
            self.shown.add(parameter.pointer)
            at = f"/{escape(parameter.name)}"
            self.walk("request query", parameter.schema, parameter.pointer, value, at)
        return names

    def parameter_value(self, parameter: Parameter, values: list[str]) -> Any:
        schema = parameter.schema
        if "array" in _types(self.description, schema):
            followed = as_mapping(self.description.follow(schema, "")[0])
            texts = values if parameter.explode or len(values) > 1 else values[0].split(",")
            return [_coerced(self.description, followed.get("items"), text) for text in texts]
        return _coerced(self.description, schema, values[-1])

    def request_headers(self, operation: Operation, interaction: Interaction) -> None:
        for parameter in operation.parameters:
            name = parameter.name.lower()
            if parameter.place != "header" or name in {"accept", "content-type", "authorization"}:
                continue
            text = interaction.request.header(name)
            if text is not None:
                self.shown.add(parameter.pointer)
                value = _coerced(self.description, parameter.schema, text)
                at = f"/{escape(parameter.name)}"
                self.walk("request headers", parameter.schema, parameter.pointer, value, at)

    def request_body(self, operation: Operation, interaction: Interaction) -> None:
        request = interaction.request
        node, pointer = self.description.follow(
            operation.node.get("requestBody"), f"{operation.pointer}/requestBody"
        )
        described = as_mapping(node)
        if not request.body:
            if described.get("required") is True:
                self.find("missing", "request body", "", None, "the description requires a body")
            return
        if not described:
            self.find(
                "undocumented field", "request body", "", _shown(request.body), "the operation takes no body"
            )
            return
        self.content(
            "request",
            as_mapping(described.get("content")),
            f"{pointer}/content",
            request.header("content-type"),
            request.body,
        )

    def answer(self, operation: Operation, interaction: Interaction) -> None:
        response = interaction.response
        responses = as_mapping(operation.node.get("responses"))
        code = str(response.status)
        key = next(
            (one for one in (code, f"{code[0]}XX", f"{code[0]}xx", "default") if one in responses), None
        )
        if key is None:
            known = ", ".join(responses) or "none"
            self.find(
                "undocumented status", "response status", "", response.status, f"documented are: {known}"
            )
            return
        node, pointer = self.description.follow(responses[key], f"{operation.pointer}/responses/{key}")
        self.shown.add(f"{operation.pointer}/responses/{key}")
        described = as_mapping(node)
        for name, raw in as_mapping(described.get("headers")).items():
            self.response_header(name, raw, f"{pointer}/headers/{escape(name)}", interaction)
        content = as_mapping(described.get("content"))
        if not response.body:
            if content and response.status not in _NO_BODY and interaction.request.method != "HEAD":
                self.find("missing", "response body", "", None, "the description promises a body")
            return
        if not content:
            self.find(
                "undocumented field", "response body", "", _shown(response.body), "no body is described"
            )
            return
        self.content(
            "response", content, f"{pointer}/content", response.header("content-type"), response.body
        )

    def response_header(self, name: str, raw: Any, pointer: str, interaction: Interaction) -> None:
        if name.lower() == "content-type":
            return
        node, pointer = self.description.follow(raw, pointer)
        described = as_mapping(node)
        text = interaction.response.header(name)
        if text is None:
            # recordings do not keep every header
            if described.get("required") is True and name.lower() in ALLOWED_RESPONSE_HEADERS:
                message = "the description requires it"
                self.find("missing", "response headers", f"/{escape(name)}", None, message)
            return
        schema = described.get("schema", {})
        value = _coerced(self.description, schema, text)
        self.walk("response headers", schema, f"{pointer}/schema", value, f"/{escape(name)}")

    def content(
        self,
        side: str,
        content: Mapping[str, Any],
        pointer: str,
        content_type: str | None,
        body: Mapping[str, Any],
    ) -> None:
        key = _media(content, content_type)
        if key is None:
            known = ", ".join(content)
            self.find("format", f"{side} headers", "/content-type", content_type, f"documented are: {known}")
            # the same schema for every documented type may still be what the body follows
            key = next((one for one in content if bodies.is_json(one)), None)
            if key is None or not bodies.is_json(content_type):
                return
        schema = as_mapping(content[key]).get("schema")
        if schema is None:
            return
        where = f"{pointer}/{escape(key)}/schema"
        if bodies.is_json(key) or "json" in body:
            value = bodies.value(body, _HIDDEN)
            if value is _HIDDEN:
                self.find("type", f"{side} body", "", _shown(body), "the body is not JSON")
            else:
                self.walk(f"{side} body", schema, where, value)
        elif "form" in body:
            self.walk(f"{side} body", schema, where, dict(body["form"]))


def _shown(body: Mapping[str, Any]) -> Any:
    for key in ("json", "form", "text"):
        if key in body:
            return body[key]
    return f"{len(bodies.replay(body))} bytes"


@define
class Checker:
    """Compares exchanges with one description; keeps what it compiled from one exchange to the next."""

    description: Description
    _request_judges: dict[str, jsonschema_rs.Validator] = field(
        factory=dict[str, jsonschema_rs.Validator], repr=False
    )
    _response_judges: dict[str, jsonschema_rs.Validator] = field(
        factory=dict[str, jsonschema_rs.Validator], repr=False
    )

    def examine(self, interaction: Interaction, *, cassette: str = "", number: int = 0) -> Examination:
        """Compare one exchange with the description.

        Args:
            interaction: The exchange.
            cassette: The name of its file, for the findings.
            number: Its number in the file, counted from 0.
        """
        examiner = _Examiner(
            self.description,
            cassette,
            number,
            request_judges=self._request_judges,
            response_judges=self._response_judges,
        )
        operation = examiner.exchange(interaction)
        return Examination(
            operation=operation, findings=tuple(examiner.findings), shown=frozenset(examiner.shown)
        )

    def examine_all(self, cassette: Cassette, name: str) -> Iterator[Examination]:
        """Compare all exchanges of a cassette with the description."""
        imported = cassette.header.origin == "imported"
        for number, interaction in enumerate(cassette.interactions):
            found = self.examine(interaction, cassette=name, number=number)
            # other tools keep no credentials
            kept = [one for one in found.findings if not (imported and one.pointer == "/authorization")]
            yield evolve(found, findings=tuple(kept))


def examine(interaction: Interaction, description: Description) -> Examination:
    """Compare one exchange with a description."""
    return Checker(description).examine(interaction)


@frozen(kw_only=True)
class Universe:
    """All parts of a description that an exchange can show: pointers, with names for people.

    Attributes:
        operations: ``METHOD /path``.
        statuses: ``METHOD /path 200``.
        parameters: ``METHOD /path ?name``.
        properties: ``Schema.property``.
        enum_values: ``Schema.property = value``.
        success_statuses: The pointers among the statuses that are successes.
    """

    operations: Mapping[str, str]
    statuses: Mapping[str, str]
    parameters: Mapping[str, str]
    properties: Mapping[str, str]
    enum_values: Mapping[str, str]
    success_statuses: frozenset[str]


@define
class _Survey:
    description: Description
    properties: dict[str, str] = field(factory=dict[str, str])
    enum_values: dict[str, str] = field(factory=dict[str, str])
    passed: set[str] = field(factory=set[str])

    def schema(self, node: Any, pointer: str, name: str) -> None:
        here = as_mapping(node)
        if not here or pointer in self.passed:
            return
        self.passed.add(pointer)
        reference = here.get("$ref")
        if isinstance(reference, str):
            self.schema(self.description.resolve(reference), reference, unquote(reference.rpartition("/")[2]))
        for number, known in enumerate(as_list(here.get("enum"))):
            self.enum_values[f"{pointer}/enum/{number}"] = f"{name} = {json.dumps(known, ensure_ascii=False)}"
        for key, part in as_mapping(here.get("properties")).items():
            where = f"{pointer}/properties/{escape(key)}"
            self.properties[where] = f"{name}.{key}"
            self.schema(part, where, f"{name}.{key}")
        for keyword in ("allOf", "anyOf", "oneOf", "prefixItems"):
            for number, part in enumerate(as_list(here.get(keyword))):
                self.schema(part, f"{pointer}/{keyword}/{number}", name)
        for keyword in ("items", "additionalProperties"):
            self.schema(
                here.get(keyword), f"{pointer}/{keyword}", f"{name}[]" if keyword == "items" else name
            )


def universe(description: Description) -> Universe:
    """Collect all parts of a description that an exchange can show."""
    survey = _Survey(description)
    operations: dict[str, str] = {}
    statuses: dict[str, str] = {}
    parameters: dict[str, str] = {}
    for operation in description.operations:
        operations[operation.pointer] = operation.name
        for parameter in operation.parameters:
            sign = {"path": "{}", "query": "?", "header": "header "}.get(
                parameter.place, f"{parameter.place} "
            )
            label = f"{operation.name} {sign}{parameter.name}"
            parameters.setdefault(parameter.pointer, label)
            survey.schema(parameter.schema, parameter.pointer, label)
        body, pointer = description.follow(
            operation.node.get("requestBody"), f"{operation.pointer}/requestBody"
        )
        _survey_content(survey, as_mapping(body), pointer, f"{operation.name} request")
        for status, raw in as_mapping(operation.node.get("responses")).items():
            statuses[f"{operation.pointer}/responses/{status}"] = f"{operation.name} {status}"
            response, pointer = description.follow(raw, f"{operation.pointer}/responses/{status}")
            _survey_content(survey, as_mapping(response), pointer, f"{operation.name} {status}")
    return Universe(
        operations=operations,
        statuses=statuses,
        parameters=parameters,
        properties=survey.properties,
        enum_values=survey.enum_values,
        success_statuses=frozenset(
            f"{operation.pointer}/responses/{status}"
            for operation in description.operations
            for status in operation.success_statuses
        ),
    )


def _survey_content(survey: _Survey, holder: Mapping[str, Any], pointer: str, name: str) -> None:
    for media, node in as_mapping(holder.get("content")).items():
        survey.schema(as_mapping(node).get("schema"), f"{pointer}/content/{escape(media)}/schema", name)


def renamed(finding: Finding, cassette: str) -> Finding:
    """Return the finding with another name of its file."""
    return evolve(finding, cassette=cassette)
