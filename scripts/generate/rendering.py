"""Functions and filters of the templates: signatures, docstrings, imports.

Each run creates one `Rendering` from the prepared description; its methods become the functions and filters of the
templates.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any

from attrs import frozen

from scripts.generate.expressions import (
    imported,
    is_read_late,
    literal,
    names_used,
    python_type,
    read_expression,
    write_expression,
)
from scripts.generate.prepare.names import module_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripts.descriptions.values import Object

_WIDTH = 110
_JSON_LD = {
    "@context": "JSON-LD context.",
    "@id": "IRI of this object; a blank node if it cannot be fetched.",
    "@type": "JSON-LD type.",
}
_READING = ("ABSENT", "json_of", "read_date", "read_datetime", "read_first", "read_list",
            "read_model", "read_models", "read_one_of", "reads_late", "restore", "same", "shown",
            "unknown_keys")  # fmt: skip
_WRITING = ("add_cookie", "add_header", "add_query", "form_fields", "form_parts", "form_text", "path_part",
            "query_text", "send_empty_form", "write_value")  # fmt: skip
_TYPES = ("UNSET", "File", "Operation", "Response", "Unset")


def docstring(text: Any, indent: int, lead: int = 0) -> str:
    """Wrap and escape text for use inside a docstring.

    Args:
        text: Any text.
        indent: The indent of all lines but the first.
        lead: The columns already used on the first line, beyond the indent.
    """
    plain = "".join(letter for letter in str(text) if letter.isprintable() or letter in "\n\t")
    plain = plain.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    paragraphs = [" ".join(block.split()) for block in re.split(r"\n\s*\n", plain)]
    lines: list[str] = []
    for block in filter(None, paragraphs):
        if lines:
            lines.append("")
        taken = " " * lead if not lines else ""
        lines += textwrap.wrap(
            block, _WIDTH - indent, initial_indent=taken, break_long_words=False, break_on_hyphens=False
        )
    joined = ("\n" + " " * indent).join(lines)[lead:]
    joined = re.sub(r"\n +\n", "\n\n", joined)
    # a final quote would join the closing ones, a final backslash would escape them
    return joined + " " if joined.endswith(('"', "\\")) else joined


@frozen
class Rendering:
    """Template functions for one prepared description."""

    document: Object
    package: str
    operations: dict[str, Object]

    @classmethod
    def of(cls, document: Object, package: str) -> Rendering:
        """Build the functions for a prepared description."""
        facts = {
            operation["operationId"]: operation["x-operation"]
            for item in document["paths"].values()
            for operation in item.values()
        }
        return cls(document=document, package=package, operations=facts)

    @property
    def _discriminators(self) -> list[Object]:
        found: list[Object] = self.document["x-discriminators"]
        return found

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters of the templates."""
        return {
            "literal": literal,
            "docstring": docstring,
            "python_type": python_type,
            "read_expression": self.reading,
            "is_read_late": is_read_late,
            "write_expression": write_expression,
        }

    def functions(self) -> dict[str, Callable[..., Any]]:
        """Return the functions of the templates."""
        names = (
            "ordered_properties", "field_documentation", "module_text", "default_description",
            "model_modules", "operation_modules", "deprecated_parameters",
            "operation_facts", "bodies", "answer_types", "signature", "summary", "arguments_documentation",
            "parameter_lines", "url_expression", "has_query", "has_delimiters", "body_lines",
            "passed_on", "endpoint_text",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}

    def reading(self, prop: Any, source: str) -> str:
        """Write the expression that reads a property."""
        return read_expression(prop, source, self._discriminators)

    # --- models ----------------------------------------------------------------------------------------

    @staticmethod
    def ordered_properties(model: Any, facts: Object) -> list[Any]:
        """Return a model's properties in the order of the description, required ones first."""
        order = {name: number for number, name in enumerate(facts["x-wire"])}
        listed = [*model.required_properties, *model.optional_properties]
        return sorted(listed, key=lambda prop: (not prop.required, order[prop.name.get_untrusted_value()]))

    def field_documentation(self, prop: Any, facts: Object) -> str:
        """Write a field's documentation: meaning, key on the wire if different, and value if missing."""
        name = prop.name.get_untrusted_value()
        wire = facts["x-wire"][name]
        text = facts["x-documented"][name] or _JSON_LD.get(wire) or self._description_of_class(prop)
        parts = [
            text,
            "" if text and wire == str(prop.python_name) else f"Key `{wire}`.",
            "None if missing." if facts["x-direction"] == "read" else "",
        ]
        return docstring(" ".join(filter(None, parts)), 4, 3)

    def _description_of_class(self, prop: Any) -> str:
        """Return the description of the single model or enum that a property holds."""
        named = {name for _, name in imported(prop)}
        schemas = self.document["components"]["schemas"]
        text = schemas[named.pop()].get("description") if len(named) == 1 else None
        return f"{text.rstrip('.')}." if text else ""

    @staticmethod
    def default_description(name: str, reading: bool) -> str:
        """Return a docstring for a model without a description."""
        return f"`{name}` in a response." if reading else f"`{name}` in a request."

    @staticmethod
    def module_text(model: Any, body: str) -> str:
        """Write a model's module: imports, the class, and the models that it refers to."""
        name = str(model.class_info.name)
        listed = [*model.required_properties, *model.optional_properties]
        if not isinstance(model.additional_properties, bool) and model.additional_properties is not None:
            listed.append(model.additional_properties)
        others = sorted({pair for prop in listed for pair in imported(prop) if pair[1] != name})
        used = names_used(body)
        typing_names = [
            name for name in ("TYPE_CHECKING", "Any", "ClassVar", "Literal", "Self") if name in used
        ]
        abstract = [name for name in ("Callable", "Mapping") if name in used]
        lines = [f'"""The model `{name}`."""', "", "from __future__ import annotations", ""]
        lines += ["import datetime"] * ("datetime" in used)
        lines += [f"from collections.abc import {', '.join(abstract)}"] * bool(abstract)
        lines += [f"from typing import {', '.join(typing_names)}"] * bool(typing_names)
        # a property may be called `field`
        lines += ["", "from attrs import define as _define"] + ["from attrs import field as _field"] * (
            "_field" in used
        )
        lines.append("")
        for module, candidates in (("_reading", _READING), ("_writing", _WRITING), ("types", _TYPES)):
            needed = [candidate for candidate in candidates if candidate in used]
            lines += [_import(f"..{module}", needed)] * bool(needed)
        lines += ["", "", body.strip("\n"), "", ""]
        # imported after the class exists, since models refer to each other in cycles
        lines += [_import(f".{module}", [other], "  # noqa: E402") for module, other in others]
        lines += ["", f'__all__ = ["{name}"]'] if others else [f'__all__ = ["{name}"]']
        return re.sub(r"\n{4,}", "\n\n\n", "\n".join(lines))

    def model_modules(self) -> list[tuple[str, str]]:
        """Return module and name of every model and enum."""
        return [(module_name(name), name) for name in sorted(self.document["components"]["schemas"])]

    # --- operations ------------------------------------------------------------------------------------

    def operation_modules(self) -> list[tuple[str, str]]:
        """Return name and module of every operation."""
        found: list[tuple[str, str]] = []
        for item in self.document["paths"].values():
            for operation in item.values():
                facts = operation["x-operation"]
                found.append((facts["name"], f"api.{facts['module']}"))
        return sorted(found)

    def operation_facts(self, endpoint: Any) -> Object:
        """Return the facts of an operation, with the generator's objects for its parameters."""
        facts = self.operations[str(endpoint.name)]
        props = {
            (place, str(prop.name.get_untrusted_value())): prop
            for place, listed in (
                ("path", endpoint.path_parameters),
                ("query", endpoint.query_parameters),
                ("header", endpoint.header_parameters),
                ("cookie", endpoint.cookie_parameters),
            )
            for prop in listed
        }
        parameters = [{**fact, "prop": props[fact["in"], fact["python"]]} for fact in facts["parameters"]]
        return {**facts, "parameters": parameters}

    @staticmethod
    def deprecated_parameters(facts: Object) -> tuple[str, ...]:
        """Return the arguments that the description marks as deprecated."""
        return tuple(fact["python"] for fact in facts["parameters"] if fact["deprecated"])

    @staticmethod
    def bodies(endpoint: Any, facts: Object) -> list[Object]:
        """Return the media types of the body with the generator's object for each."""
        by_media = {str(body.content_type.get_untrusted_value()): body.prop for body in endpoint.bodies}
        return [{**fact, "prop": by_media[fact["media_type"]]} for fact in facts["bodies"]]

    def answer_types(self, endpoint: Any, facts: Object) -> Object:
        """Return the result type and the reading expression of each documented status."""
        kinds = {fact["status"]: fact for fact in facts["responses"]}
        branches: list[Object] = []
        types: list[str] = []
        for answer in endpoint.responses:
            fact = kinds.get(answer.status_code.pattern, {"kind": "none"})
            kind = fact["kind"]
            if kind == "none":
                expression, answer_type = "None", "None"
            elif kind == "text":
                expression, answer_type = "response.text", "str"
            elif kind == "binary":
                expression, answer_type = "response.content", "bytes"
            else:
                expression = read_expression(answer.prop, "json_of(response)", self._discriminators)
                answer_type = python_type(answer.prop, "answer")
                if answer_type != "Any":
                    expression = f"cast({literal(answer_type)}, {expression})"
            types.append(answer_type)
            branches.append({"condition": _condition(answer.status_code.range), "expression": expression})
        flat = list(dict.fromkeys(part for name in types for part in _split_union(name) if part != "None"))
        whole = " | ".join(sorted(flat, key=lambda name: (name == "Any", name))) or "None"
        return {
            "branches": branches,
            "type": whole,
            "optional_type": whole if whole in {"Any", "None"} else f"{whole} | None",
            "has_default": any(branch["condition"] is None for branch in branches),
        }

    @staticmethod
    def summary(facts: Object, endpoint: Any) -> str:
        """Return summary and description of an operation."""
        short = _sentence(
            endpoint.summary.get_untrusted_value().strip() or f"{facts['method']} {facts['path']}"
        )
        more = endpoint.description.get_untrusted_value().strip()
        advice = "\n\nDeprecated by the API." if facts["deprecated"] else ""
        return short + (f"\n\n{more}" if more and more not in short else "") + advice

    @staticmethod
    def signature(endpoint: Any, facts: Object, bodies: list[Object], use: str) -> str:
        """Write a function's parameters: keyword-only to build a request, path parameters positional to call."""
        path: list[str] = []
        rest: list[str] = []
        optional: list[str] = []
        for fact in facts["parameters"]:
            hint = _parameter_type(fact)
            if fact["in"] == "path":
                path.append(f"{fact['python']}: {hint}")
            elif fact["required"]:
                rest.append(f"{fact['python']}: {hint}")
            else:
                optional.append(f"{fact['python']}: {hint} | Unset = UNSET")
        if bodies:
            hint = _body_type(bodies)
            needed = bodies[0]["required"]
            (rest if needed else optional).append(f"body: {hint}" + ("" if needed else " | Unset = UNSET"))
            if _range(bodies):
                (rest if needed else optional).append("body_media_type: str" + ("" if needed else ' = ""'))
        if use == "call":
            client = "AuthenticatedClient" if endpoint.requires_security else "AuthenticatedClient | Client"
            parts = [*path, "*", f"client: {client}", *rest, *optional]
        else:
            parts = ["*", *path, *rest, *optional] if path or rest or optional else []
        return "".join(f"\n    {part}," for part in parts) + ("\n" if parts else "")

    @staticmethod
    def arguments_documentation(facts: Object, bodies: list[Object], client: bool = False) -> str:
        """Document the parameters of an operation's function."""
        lines = [_argument(fact["python"], fact) for fact in facts["parameters"] if fact["in"] == "path"]
        if client:
            lines.append("        client: The client that sends the request.")
        lines += [_argument(fact["python"], fact) for fact in facts["parameters"] if fact["in"] != "path"]
        if bodies:
            media = " or ".join(body["media_type"] for body in bodies)
            lines.append(f"        body: The request body, as `{media}`.")
            if _range(bodies):
                lines.append(
                    f"        body_media_type: The media type of the body, within `{_range(bodies)}`."
                )
        return "    Args:\n" + "\n".join(lines) + "\n" if lines else ""

    @staticmethod
    def has_query(facts: Object) -> bool:
        """Return True if an operation has parameters in its query."""
        return any(fact["in"] == "query" for fact in facts["parameters"])

    @staticmethod
    def has_delimiters(facts: Object) -> bool:
        """Return True if the query has characters that httpx must not escape."""
        return any(
            fact["in"] == "query" and (fact["delimited"] or fact["reserved"]) for fact in facts["parameters"]
        )

    def parameter_lines(self, facts: Object) -> list[str]:
        """Write the calls that add parameters to query, headers and cookies."""
        lines = ["params: list[tuple[str, str]] = []"] if self.has_query(facts) else []
        for fact in facts["parameters"]:
            if fact["in"] == "path":
                continue
            target = "params" if fact["in"] == "query" else "headers"
            options = _options(fact) + (", reserved=True" if fact["reserved"] and target == "params" else "")
            if fact["in"] == "query" and self.has_delimiters(facts):
                options += ", quoted=True"
            lines.append(f"add_{fact['in']}({target}, {literal(fact['wire'])}, {fact['python']}{options})")
        return lines

    @staticmethod
    def url_expression(facts: Object) -> str:
        """Write the expression for the path with its escaped parameters."""
        by_wire = {fact["wire"]: fact for fact in facts["parameters"] if fact["in"] == "path"}
        if not by_wire:
            return "OPERATION.path"
        parts: list[str] = []
        for piece in re.split(r"({[^{}]+})", facts["path"]):
            wire = piece[1:-1]
            if piece.startswith("{") and wire in by_wire:
                fact = by_wire[wire]
                options = _options(fact)
                name = f", {literal(wire)}" if fact["style"] == "matrix" else ""
                parts.append(f"{{path_part({fact['python']}{name}{options})}}")
            else:
                parts.append(literal(piece)[1:-1].replace("{", "{{").replace("}", "}}"))
        # before Python 3.12, an f-string cannot contain its own quotes
        return (
            'f"'
            + "".join(part.replace('"', "'") if part.startswith("{path_part") else part for part in parts)
            + '"'
        )

    @staticmethod
    def body_lines(bodies: list[Object]) -> list[str]:
        """Write the statements that add the body to the request."""
        lines: list[str] = []
        for number, body in enumerate(bodies):
            statements = _body_statements(body)
            if len(bodies) > 1:
                word = "if" if number == 0 else "elif"
                lines.append(f"{word} {_body_test(body)}:")
                lines += [f"    {statement}" for statement in statements]
            elif body["required"]:
                lines += statements
            else:
                lines.append("if not isinstance(body, Unset):")
                lines += [f"    {statement}" for statement in statements]
        return lines

    @staticmethod
    def passed_on(facts: Object, bodies: list[Object], client: bool = False) -> str:
        """Write the arguments that one function of a module passes to another."""
        names = [fact["python"] for fact in facts["parameters"]]
        names += ["body"] * bool(bodies) + ["body_media_type"] * bool(_range(bodies)) + ["client"] * client
        return "".join(f"\n        {name}={name}," for name in names) + ("\n    " if names else "")

    @staticmethod
    def endpoint_text(endpoint: Any, facts: Object, code: str) -> str:
        """Write an operation's module."""
        props = [
            *[fact["prop"] for fact in facts["parameters"]],
            *[body.prop for body in endpoint.bodies],
            *[answer.prop for answer in endpoint.responses],
        ]
        models = sorted({pair for prop in props for pair in imported(prop)})
        used = names_used(code)
        typing_names = [name for name in ("Any", "Final", "Literal", "cast") if name in used]
        title = docstring(f"{facts['method']} {facts['path']}", 0)
        lines = [f'"""{title}."""', "", "from __future__ import annotations", ""]
        lines += ["import datetime"] * ("datetime" in used)
        lines += [
            f"from typing import {', '.join(typing_names)}",
            "",
            "import httpx",
            "",
        ]
        lines += ["from ... import errors"] * ("errors" in used)
        for module, candidates in (("_reading", _READING), ("_writing", _WRITING)):
            needed = [candidate for candidate in candidates if candidate in used]
            lines += [_import(f"...{module}", needed)] * bool(needed)
        clients = [name for name in ("AuthenticatedClient", "Client") if name in used]
        lines.append(f"from ...client import {', '.join(clients)}")
        lines += [_import(f"...models.{module}", [name]) for module, name in models if name in used]
        lines.append(f"from ...types import {', '.join(name for name in _TYPES if name in used)}")
        lines += ["", code.strip("\n")]
        return re.sub(r"\n{4,}", "\n\n\n", "\n".join(lines))


def _import(module: str, imported_names: list[str], comment: str = "") -> str:
    line = f"from {module} import {', '.join(imported_names)}{comment}"
    if len(line) <= _WIDTH:
        return line
    return "\n".join([f"from {module} import ({comment}", *(f"    {name}," for name in imported_names), ")"])


def _split_union(text: str) -> list[str]:
    parts: list[str] = []
    depth, start = 0, 0
    for position, letter in enumerate(text):
        depth += (letter == "[") - (letter == "]")
        if depth == 0 and text.startswith(" | ", position):
            parts.append(text[start:position])
            start = position + 3
    return [*parts, text[start:]]


def _condition(code_range: tuple[int, int] | None) -> str | None:
    if code_range is None:
        return None
    low, high = code_range
    return f"status == {low}" if low == high else f"{low} <= status <= {high}"


def _parameter_type(fact: Object) -> str:
    hint = python_type(fact["prop"], "parameter")
    if hint.endswith("Any") or fact["required"] or "None" in _split_union(hint):
        return hint
    return f"{hint} | None"


def _body_type(bodies: list[Object]) -> str:
    hints = [python_type(body["prop"], _body_direction(body)) for body in bodies]
    return " | ".join(dict.fromkeys(part for hint in hints for part in _split_union(hint)))


def _range(bodies: list[Object]) -> str:
    """Return the range of media types, such as `image/*`, from which the caller chooses; empty without one."""
    return next(
        (
            body["media_type"]
            for body in bodies
            if "*" in body["media_type"] and body["kind"] in {"text", "binary"}
        ),
        "",
    )


def _body_direction(body: Object) -> Any:
    return "content" if body["kind"] in {"text", "binary"} else "request"


def _body_test(body: Object) -> str:
    hint = python_type(body["prop"], _body_direction(body))
    if body["kind"] in {"text", "binary"}:
        return "isinstance(body, bytes | str)"
    plain = [re.sub(r"\[.*\]", "", part) for part in _split_union(hint) if part not in {"None", "Any"}]
    return f"isinstance(body, {' | '.join(plain)})" if plain else "body is not None"


def _body_statements(body: Object) -> list[str]:
    media = literal(body["media_type"] if "*" not in body["media_type"] else "application/json")
    kind = body["kind"]
    written = write_expression(body["prop"], "body")
    encoding = f", {body['encoding']!r}" if body["encoding"] else ""
    if kind == "multipart":
        return [f'request["files"] = form_parts({written}{encoding})', "send_empty_form(request)"]
    if "*" in body["media_type"] and kind in {"text", "binary"}:
        media = "body_media_type"
    target = {
        "json": f'request["json"] = {written}',
        "form": f'request["content"] = form_text({written}{encoding})'
        if encoding
        else f'request["data"] = form_fields({written})',
    }.get(kind, 'request["content"] = body')
    return [target, f'headers["Content-Type"] = {media}']


def _options(fact: Object) -> str:
    """Write the options of a parameter that differ from the defaults of its location."""
    usual = "form" if fact["in"] in {"query", "cookie"} else "simple"
    options = ""
    if fact["in"] in {"query", "path"} and fact["style"] != usual:
        options += f", style={literal(fact['style'])}"
    if fact["explode"] != (usual == "form"):
        options += f", explode={fact['explode']}"
    return options + (", as_json=True" if fact["json"] else "")


def _argument(name: str, fact: Object) -> str:
    text = fact["description"] or f"The {fact['in']} parameter."
    if fact["deprecated"]:
        text += " Deprecated."
    text = f"{_sentence(text)} Sent as `{fact['wire']}` in the {fact['in']}."
    return f"        {name}: {docstring(text, 12, max(0, len(name) - 2))}"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
