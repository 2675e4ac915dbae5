"""Content of the raw client's source, read from the syntax tree; nothing is imported.

A property counts only if it is declared, listed and read (or written); a parameter only if it is a parameter of
`build_request` and added to the request.
"""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from attrs import define, field

if TYPE_CHECKING:
    from pathlib import Path

Hint: TypeAlias = ast.expr
"""Type in an annotation."""

_PLACES = {"add_query": "query", "add_header": "header", "add_cookie": "cookie"}


@define
class Attribute:
    """Attribute of a model: name, key on the wire and type."""

    name: str
    wire: str
    hint: Hint


@define
class Model:
    """Model class.

    Attributes:
        name: The class name.
        reads: True if it reads responses, False if it writes requests.
        attributes: The attributes that are declared and read or written, by key on the wire.
        extra: The type of the values under other keys, if given.
    """

    name: str
    reads: bool
    attributes: dict[str, Attribute] = field(factory=dict[str, Attribute])
    extra: Hint | None = None


@define
class Parameter:
    """Parameter that `build_request` adds to the request."""

    place: str
    wire: str
    hint: Hint


@define
class Endpoint:
    """Module of an operation.

    Attributes:
        module: The module, relative to the package.
        method: The HTTP method.
        path: The path in the description.
        accept: The `Accept` header.
        range: The range of media types of the body, such as `image/*`.
        parameters: The parameters by location and name on the wire.
        bodies: The types of the body by the media type that is sent.
        answers: The result types by handled status.
        media: The documented media types by status.
    """

    module: str
    method: str = ""
    path: str = ""
    accept: str = ""
    range: str | None = None
    parameters: dict[tuple[str, str], Parameter] = field(factory=dict[tuple[str, str], Parameter])
    bodies: dict[str, Hint] = field(factory=dict[str, Hint])
    answers: dict[str, Hint | None] = field(factory=dict[str, Hint | None])
    media: dict[str, str | None] = field(factory=dict[str, str | None])


@define
class Package:
    """Content of a package."""

    models: dict[str, Model] = field(factory=dict[str, Model])
    enums: dict[str, list[Any]] = field(factory=dict[str, list[Any]])
    endpoints: dict[tuple[str, str], Endpoint] = field(factory=dict[tuple[str, str], Endpoint])
    listed: list[str] = field(factory=list[str])


def read_package(folder: Path) -> Package:
    """Return the content of the package in `folder`."""
    package = Package()
    for path in sorted((folder / "models").glob("*.py")):
        if path.name != "__init__.py":
            _read_model_module(ast.parse(path.read_text(encoding="utf-8")), package)
    for path in sorted((folder / "api").rglob("*.py")):
        if path.name != "__init__.py":
            module = ".".join(path.relative_to(folder).with_suffix("").parts)
            endpoint = _read_endpoint(ast.parse(path.read_text(encoding="utf-8")), module)
            if endpoint is not None:
                package.endpoints[endpoint.method, endpoint.path] = endpoint
    operations = folder / "operations.py"
    if operations.is_file():
        package.listed = _listed_modules(ast.parse(operations.read_text(encoding="utf-8")))
    return package


def names(hint: Hint | None) -> list[str]:
    """Return the classes of a union, without those inside lists."""
    if hint is None:
        return []
    if isinstance(hint, ast.Name):
        return [hint.id]
    if isinstance(hint, ast.BinOp):
        return [*names(hint.left), *names(hint.right)]
    return []


def inner(hint: Hint | None) -> list[Hint]:
    """Return the item types of the lists in a union."""
    if isinstance(hint, ast.BinOp):
        return [*inner(hint.left), *inner(hint.right)]
    if isinstance(hint, ast.Subscript) and isinstance(hint.value, ast.Name) and hint.value.id == "list":
        return [hint.slice]
    return []


def literals(hint: Hint | None) -> list[Any]:
    """Return the literals of a type."""
    if isinstance(hint, ast.BinOp):
        return [*literals(hint.left), *literals(hint.right)]
    if isinstance(hint, ast.Subscript) and isinstance(hint.value, ast.Name) and hint.value.id == "Literal":
        parts = hint.slice.elts if isinstance(hint.slice, ast.Tuple) else [hint.slice]
        return [value for part in parts if (value := _constant(part)) is not None]
    return []


def _constant(node: ast.AST | None) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if (
        isinstance(node, ast.UnaryOp)
        and isinstance(node.op, ast.USub)
        and isinstance(node.operand, ast.Constant)
    ):
        return -cast("Any", node.operand.value)
    return None


def _read_model_module(tree: ast.Module, package: Package) -> None:
    for node in tree.body:
        if not isinstance(node, ast.ClassDef):
            continue
        bases = {base.id for base in node.bases if isinstance(base, ast.Name)}
        if bases & {"OpenStr", "OpenInt"}:
            package.enums[node.name] = [
                value
                for statement in node.body
                if isinstance(statement, ast.Assign) and (value := _constant(statement.value)) is not None
            ]
        else:
            package.models[node.name] = _read_model(node)


def _read_model(node: ast.ClassDef) -> Model:
    hints = {
        statement.target.id: statement.annotation
        for statement in node.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    }
    methods = {statement.name: statement for statement in node.body if isinstance(statement, ast.FunctionDef)}
    reads = "from_dict" in methods
    done = _reads(node, methods["from_dict"]) if reads else _writes(methods.get("to_dict"))
    table = _table(node)
    model = Model(node.name, reads)
    for wire, name in done.items():
        if name in hints and (not reads or table.get(wire) == name):
            model.attributes[wire] = Attribute(name, wire, hints[name])
    extra = methods["additional_properties"].returns if "additional_properties" in methods else None
    extra = extra or hints.get("additional_properties")
    if isinstance(extra, ast.Subscript) and isinstance(extra.slice, ast.Tuple):
        model.extra = extra.slice.elts[1]
    return model


def _reads(model: ast.ClassDef, method: ast.FunctionDef) -> dict[str, str]:
    """Return keys and names in `self.name = …get("wire")…` and `"name": lambda get: …get("wire")…` (lazy values)."""
    read = [
        (node.targets[0].attr, node.value)
        for node in ast.walk(method)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute)
    ]
    late = _class_value(model, "_LATE")
    if isinstance(late, ast.Dict):
        read += [(str(_constant(name)), value) for name, value in zip(late.keys, late.values, strict=True)]
    return {
        str(_constant(call.args[0])): name
        for name, value in read
        for call in ast.walk(value)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "get"
        and call.args
    }


def _writes(method: ast.FunctionDef | None) -> dict[str, str]:
    """Return keys and names in `result["wire"] = …self.name…`."""
    found: dict[str, str] = {}
    for node in ast.walk(method) if method is not None else ():
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Subscript):
            continue
        for used in ast.walk(node.value):
            if (
                isinstance(used, ast.Attribute)
                and isinstance(used.value, ast.Name)
                and used.value.id == "self"
            ):
                found[str(_constant(node.targets[0].slice))] = used.attr
    return found


def _table(node: ast.ClassDef) -> dict[str, str]:
    rows = _class_value(node, "_FIELDS")
    return {
        str(_constant(row.elts[1])): str(_constant(row.elts[0]))
        for row in (rows.elts if isinstance(rows, ast.Tuple) else ())
        if isinstance(row, ast.Tuple)
    }


def _class_value(node: ast.ClassDef, name: str) -> ast.expr | None:
    for statement in node.body:
        if (
            isinstance(statement, ast.AnnAssign)
            and isinstance(statement.target, ast.Name)
            and statement.target.id == name
        ):
            return statement.value
    return None


def _read_endpoint(tree: ast.Module, module: str) -> Endpoint | None:
    endpoint = Endpoint(module)
    functions = {
        node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    for node in tree.body:
        if (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and node.target.id == "OPERATION"
        ):
            _read_operation(node.value, endpoint)
    builder = functions.get("build_request")
    callers = ("sync", "sync_detailed", "asyncio", "asyncio_detailed", "_parse_response")
    if not endpoint.method or builder is None or any(name not in functions for name in callers):
        return None
    hints = {argument.arg: argument.annotation for argument in builder.args.kwonlyargs}
    _read_parameters(builder, hints, endpoint)
    _read_bodies(builder, hints, endpoint)
    _read_answers(functions["_parse_response"], endpoint)
    return endpoint


def _read_operation(value: ast.expr | None, endpoint: Endpoint) -> None:
    if not isinstance(value, ast.Call):
        return
    for keyword in value.keywords:
        if keyword.arg in {"method", "path", "accept"}:
            setattr(endpoint, keyword.arg, _constant(keyword.value))
        elif keyword.arg == "request_media_types" and isinstance(keyword.value, ast.Tuple):
            taken = [str(_constant(element)) for element in keyword.value.elts]
            endpoint.range = next((media for media in taken if "*" in media), None)
        elif keyword.arg == "responses" and isinstance(keyword.value, ast.Dict):
            endpoint.media = {
                str(_constant(key)): _constant(media)
                for key, media in zip(keyword.value.keys, keyword.value.values, strict=True)
            }


def _read_parameters(builder: ast.AST, hints: dict[str, Hint | None], endpoint: Endpoint) -> None:
    for node in ast.walk(builder):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _PLACES:
            wire, value = _constant(node.args[1]), node.args[2]
            hint = hints.get(value.id) if isinstance(value, ast.Name) else None
            if hint is not None:
                place = _PLACES[node.func.id]
                endpoint.parameters[place, str(wire)] = Parameter(place, str(wire), hint)
        elif isinstance(node, ast.JoinedStr):
            _read_path(node, hints, endpoint)


def _read_path(node: ast.JoinedStr, hints: dict[str, Hint | None], endpoint: Endpoint) -> None:
    """Match the values in the URL expression with the parameters of the path."""
    rest = endpoint.path
    arguments: list[tuple[str, str]] = []
    waiting: str | None = None
    for piece in node.values:
        if isinstance(piece, ast.Constant):
            text = str(piece.value)
            start = rest.find(text)
            if waiting is not None:
                arguments.append((waiting, rest[:start]))
            waiting, rest = None, rest[start + len(text) :]
        elif isinstance(piece, ast.FormattedValue) and isinstance(piece.value, ast.Call) and piece.value.args:
            first = piece.value.args[0]
            waiting = first.id if isinstance(first, ast.Name) else None
            if waiting is not None and rest.startswith("{") and "}{" in rest:
                arguments.append((waiting, rest[: rest.index("}") + 1]))
                waiting, rest = None, rest[rest.index("}") + 1 :]
    if waiting is not None:
        arguments.append((waiting, rest))
    for name, place in arguments:
        hint = hints.get(name)
        if hint is not None and place.startswith("{") and place.endswith("}"):
            endpoint.parameters["path", place[1:-1]] = Parameter("path", place[1:-1], hint)


def _read_bodies(
    builder: ast.FunctionDef | ast.AsyncFunctionDef, hints: dict[str, Hint | None], endpoint: Endpoint
) -> None:
    hint = hints.get("body")
    if hint is None:
        return
    for block in _blocks(builder.body):
        sent = False
        media: str | None = None
        for node in block:
            if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Subscript):
                continue
            key = _constant(node.targets[0].slice)
            if key in {"json", "data", "files", "content"}:
                sent = True
                media = "multipart/form-data" if key == "files" else media
            elif key == "Content-Type" and isinstance(node.value, ast.Name):
                media = endpoint.range  # the caller chooses the media type
            elif key == "Content-Type":
                media = str(_constant(node.value))
        if sent and media is not None:
            endpoint.bodies[media] = hint


def _blocks(body: list[ast.stmt]) -> list[list[ast.stmt]]:
    found = [body]
    for statement in body:
        if isinstance(statement, ast.If):
            found += [*_blocks(statement.body), *_blocks(statement.orelse)]
    return found


def _read_answers(parser: ast.FunctionDef | ast.AsyncFunctionDef, endpoint: Endpoint) -> None:
    for statement in parser.body:
        if isinstance(statement, ast.If):
            status = _status(statement.test)
            returned = [node for node in statement.body if isinstance(node, ast.Return)]
            if status is not None and returned:
                endpoint.answers[status] = _answer_hint(returned[0].value)
        elif isinstance(statement, ast.Return):
            raises = any(isinstance(node, ast.If) and _status(node.test) is None for node in parser.body)
            if not raises:
                endpoint.answers["default"] = _answer_hint(statement.value)


def _status(test: ast.expr) -> str | None:
    if not isinstance(test, ast.Compare):
        return None
    if isinstance(test.ops[0], ast.Eq):
        return str(_constant(test.comparators[0]))
    low = _constant(test.left)
    return f"{low // 100}XX" if isinstance(low, int) else None


def _answer_hint(value: ast.expr | None) -> Hint | None:
    """Return the type from `cast("Type", …)`, if the expression uses the classes that it names."""
    if not (isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "cast"):
        return value if value is not None and not isinstance(value, ast.Constant) else None
    hint = _expression(str(_constant(value.args[0])))
    used = {node.id for node in ast.walk(value.args[1]) if isinstance(node, ast.Name)}
    claimed = {node.id for node in ast.walk(hint) if isinstance(node, ast.Name)} - _BUILTIN
    return hint if claimed <= used else ast.Name(id="Unread", ctx=ast.Load())


_BUILTIN = {"str", "int", "float", "bool", "list", "dict", "bytes", "None", "Any", "Literal", "datetime"}


def _listed_modules(tree: ast.Module) -> list[str]:
    return [
        "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant)).lstrip(".")
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
    ]


@lru_cache(maxsize=1024)
def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body
