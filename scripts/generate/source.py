"""Reader of a raw client's source: its operations, parameters, classes, attributes and members.

The source is parsed, never imported, so that the clients of several descriptions can be read side by side. Names on the
wire are taken from the source too: the method and path of an operation, the key of an attribute, the name of a
parameter.
"""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from attrs import define, field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = [
    "Attribute",
    "Function",
    "Model",
    "Operation",
    "Parameter",
    "Surface",
    "constant",
    "expression",
    "read_surface",
    "words",
]

ENTRY_POINTS: Final = ("sync", "sync_detailed", "asyncio", "asyncio_detailed", "build_request")
_PLACES: Final = {"add_query": "query", "add_header": "header", "add_cookie": "cookie"}
_BODIES: Final = frozenset({"json", "data", "files", "content"})
_BUILTIN: Final = frozenset(
    {"str", "int", "float", "bool", "list", "dict", "bytes", "None", "Any", "Literal", "datetime"}
)

_Callable = ast.FunctionDef | ast.AsyncFunctionDef


@frozen
class Parameter:
    """Parameter of a function.

    Attributes:
        name: Its name.
        kind: ``positional``, ``keyword``, ``*`` or ``**``.
        annotation: Its type as written.
        default: Its default as written; None if it is required.
        wire: Its name on the wire, None if unknown or in the path.
    """

    name: str
    kind: str
    annotation: str
    default: str | None
    wire: str | None = None


@frozen
class Function:
    """Function or method: its parameters in order, and its result type."""

    name: str
    parameters: tuple[Parameter, ...]
    returns: str


@frozen
class Operation:
    """Operation of the raw client.

    Attributes:
        name: Its name, the last part of its module's.
        module: Its module below the package.
        method: The HTTP method.
        path: The path.
        tag: The description's tag.
        operation_id: The description's id.
        accept: The ``Accept`` header.
        functions: Its functions by name.
        sent: The types of the parameters that are added to the request, by location and name on the wire.
        bodies: The type of the body by the media type that is sent.
        answers: The result type by handled status, None without one.
        media: The documented media type by status.
        is_complete: True if it has all functions.
    """

    name: str
    module: str
    method: str
    path: str
    tag: str
    operation_id: str
    accept: str = ""
    functions: dict[str, Function] = field(factory=dict[str, Function], hash=False)
    sent: dict[tuple[str, str], str] = field(factory=dict[tuple[str, str], str], hash=False)
    bodies: dict[str, str] = field(factory=dict[str, str], hash=False)
    answers: dict[str, str | None] = field(factory=dict[str, "str | None"], hash=False)
    media: dict[str, str | None] = field(factory=dict[str, "str | None"], hash=False)
    is_complete: bool = True

    @property
    def label(self) -> str:
        """The operation on the wire, without the names of path parameters."""
        return f"{self.method} {re.sub(r'{[^{}]*}', '{}', self.path)}"

    def parameters(self) -> dict[str, Parameter]:
        """Return the parameters for callers, in order, without the client."""
        function = self.functions.get("sync") or next(iter(self.functions.values()))
        request = self.functions.get("build_request")
        wires = {parameter.name: parameter.wire for parameter in request.parameters} if request else {}
        return {
            parameter.name: Parameter(
                parameter.name,
                parameter.kind,
                parameter.annotation,
                parameter.default,
                wires.get(parameter.name),
            )
            for parameter in function.parameters
            if parameter.name != "client"
        }


@frozen
class Attribute:
    """Attribute of a model.

    Attributes:
        name: Its name.
        annotation: Its type as written.
        required: True if it has no default.
        wire: Its key on the wire.
        is_used: True if the class reads or writes that key.
    """

    name: str
    annotation: str
    required: bool
    wire: str
    is_used: bool = False


@frozen
class Model:
    """Class of the raw client.

    Attributes:
        name: Its name.
        bases: Its base classes as written.
        attributes: Its attributes by name.
        members: The members of an enumeration by name.
        methods: Its public methods by name.
        reads: True if it reads responses, False if it writes requests.
        extra: The type of the values under other keys, None without them.
    """

    name: str
    bases: tuple[str, ...]
    attributes: dict[str, Attribute] = field(hash=False)
    members: dict[str, str] = field(hash=False)
    methods: dict[str, Function] = field(hash=False)
    reads: bool = False
    extra: str | None = None

    @property
    def is_enumeration(self) -> bool:
        """True if it is an open enumeration."""
        return bool({"OpenStr", "OpenInt"} & set(self.bases))

    def mentions(self) -> set[str]:
        """Return the names of the classes in the types of its attributes."""
        return set[str]().union(*(words(attribute.annotation) for attribute in self.attributes.values()))


@define
class Surface:
    """Surface of a raw client.

    Attributes:
        operations: The operations by name.
        models: The classes by name.
        others: Functions and classes of the other modules: their signature by ``module.name``.
        listed: The modules in the index of operations.
    """

    operations: dict[str, Operation] = field(factory=dict[str, Operation])
    models: dict[str, Model] = field(factory=dict[str, Model])
    others: dict[str, str] = field(factory=dict[str, str])
    listed: set[str] = field(factory=set[str])

    def reached(self) -> dict[str, set[str]]:
        """Return the operations (on the wire) that lead to each class, by its name."""
        found: dict[str, set[str]] = {}
        for operation in self.operations.values():
            names: set[str] = set()
            for function in operation.functions.values():
                names |= words(function.returns)
                for parameter in function.parameters:
                    names |= words(parameter.annotation)
            todo = [name for name in names if name in self.models]
            seen: set[str] = set()
            while todo:
                name = todo.pop()
                if name in seen:
                    continue
                seen.add(name)
                found.setdefault(name, set()).add(operation.label)
                todo.extend(other for other in self.models[name].mentions() if other in self.models)
        return found


def words(annotation: str) -> set[str]:
    """Return the names in an annotation."""
    return set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", annotation))


def constant(node: ast.AST | None) -> Any:
    """Return the value of a literal, None for anything else."""
    if isinstance(node, ast.Constant):
        return node.value
    if (
        isinstance(node, ast.UnaryOp)
        and isinstance(node.op, ast.USub)
        and isinstance(node.operand, ast.Constant)
    ):
        return -cast("Any", node.operand.value)
    return None


@lru_cache(maxsize=4096)
def expression(text: str) -> ast.expr:
    """Parse a type as written."""
    return ast.parse(text, mode="eval").body


def read_surface(package: Path) -> Surface:
    """Read the client in a folder, without private modules and classes."""
    surface = Surface()
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        if any(part.startswith("_") and part != "__init__" for part in parts):
            continue
        tree = _tree(path.read_text(encoding="utf-8"))
        if parts[0] == "models" and parts[-1] != "__init__":
            for node in tree.body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    surface.models[node.name] = _model(node)
        elif parts[0] == "api" and parts[-1] != "__init__":
            operation = _operation(tree, ".".join(parts))
            if operation is not None:
                surface.operations[operation.name] = operation
        elif parts[0] == "operations":
            surface.listed = _listed(tree)
        elif parts[0] not in {"models", "api"}:
            surface.others.update(_others(tree, ".".join(parts)))
    return surface


@lru_cache(maxsize=512)
def _tree(text: str) -> ast.Module:
    # two clients have most of their files in common
    return ast.parse(text)


def _unparsed(node: ast.expr | None) -> str:
    return "" if node is None else ast.unparse(node)


# --- functions ----------------------------------------------------------------------------------------------------


def _function(node: _Callable, wires: Mapping[str, str] | None = None) -> Function:
    arguments, named = node.args, wires or {}
    plain = [*arguments.posonlyargs, *arguments.args]
    missing: list[ast.expr | None] = [None] * (len(plain) - len(arguments.defaults))
    found = [
        *(("positional", *pair) for pair in zip(plain, [*missing, *arguments.defaults], strict=True)),
        ("*", arguments.vararg, None),
        *(("keyword", *pair) for pair in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)),
        ("**", arguments.kwarg, None),
    ]
    parameters = tuple(
        Parameter(
            argument.arg,
            kind,
            _unparsed(argument.annotation),
            None if default is None else ast.unparse(default),
            named.get(argument.arg),
        )
        for kind, argument, default in found
        if argument is not None and not (kind == "positional" and argument.arg in {"self", "cls"})
    )
    return Function(node.name, parameters, _unparsed(node.returns))


def _shown(function: Function) -> str:
    shown = (f"{each.kind} {each.name}: {each.annotation} = {each.default}" for each in function.parameters)
    return f"({', '.join(shown)}) -> {function.returns}"


def _others(tree: ast.Module, module: str) -> Iterator[tuple[str, str]]:
    prefix = module.removesuffix("__init__").removesuffix(".")
    for node in tree.body:
        name = f"{prefix}.{getattr(node, 'name', '_')}".lstrip(".")
        if name.rpartition(".")[2].startswith("_"):
            continue
        if isinstance(node, _Callable):
            yield name, _shown(_function(node))
        elif isinstance(node, ast.ClassDef):
            yield name, f"class({', '.join(map(ast.unparse, node.bases))})"
            for part in node.body:
                if isinstance(part, ast.FunctionDef) and not part.name.startswith("_"):
                    yield f"{name}.{part.name}", _shown(_function(part))


# --- classes ------------------------------------------------------------------------------------------------------


def _model(node: ast.ClassDef) -> Model:
    hints = {
        part.target.id: part
        for part in node.body
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
    }
    functions = {
        part.name: part for part in node.body if isinstance(part, _Callable) and not part.name.startswith("_")
    }
    reads = "_FIELDS" in hints
    used = _read_keys(hints, functions.get("from_dict")) if reads else _written_keys(functions.get("to_dict"))
    wires = _table(hints["_FIELDS"].value) if reads else used
    attributes = {
        name: Attribute(
            name,
            ast.unparse(part.annotation),
            part.value is None,
            wires.get(name, name),
            name in used and used[name] == wires.get(name),
        )
        for name, part in hints.items()
        if not name.startswith("_") and "ClassVar" not in ast.unparse(part.annotation)
    }
    methods = {name: _function(part) for name, part in functions.items()}
    for name, part in functions.items():
        if any(isinstance(one, ast.Name) and one.id == "property" for one in part.decorator_list):
            attributes[name] = Attribute(name, methods.pop(name).returns, required=False, wire=name)
    members = {
        part.targets[0].id: ast.unparse(part.value)
        for part in node.body
        if isinstance(part, ast.Assign) and isinstance(part.targets[0], ast.Name)
    }
    return Model(
        node.name,
        tuple(map(ast.unparse, node.bases)),
        attributes,
        {name: value for name, value in members.items() if not name.startswith("_")},
        methods,
        reads,
        _extra(attributes.get("additional_properties")),
    )


def _extra(attribute: Attribute | None) -> str | None:
    """Return the type of the values under other keys, from that of the mapping."""
    hint = None if attribute is None else expression(attribute.annotation)
    if isinstance(hint, ast.Subscript) and isinstance(hint.slice, ast.Tuple):
        return ast.unparse(hint.slice.elts[1])
    return None


def _table(rows: ast.expr | None) -> dict[str, str]:
    """Return the keys on the wire by name, from the pairs in ``_FIELDS``."""
    return {
        str(constant(row.elts[0])): str(constant(row.elts[1]))
        for row in (rows.elts if isinstance(rows, ast.Tuple) else ())
        if isinstance(row, ast.Tuple)
    }


def _read_keys(hints: Mapping[str, ast.AnnAssign], method: _Callable | None) -> dict[str, str]:
    """Return keys by name in `self.name = …get("wire")…` and `"name": lambda get: …get("wire")…` (lazy values)."""
    read = [
        (node.targets[0].attr, node.value)
        for node in (ast.walk(method) if method is not None else ())
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute)
    ]
    late = hints["_LATE"].value if "_LATE" in hints else None
    if isinstance(late, ast.Dict):
        read += [(str(constant(name)), value) for name, value in zip(late.keys, late.values, strict=True)]
    return {
        name: str(constant(call.args[0]))
        for name, value in read
        for call in ast.walk(value)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "get"
        and call.args
    }


def _written_keys(method: _Callable | None) -> dict[str, str]:
    """Return keys by name in `result["wire"] = …self.name…`."""
    return {
        used.attr: str(constant(node.targets[0].slice))
        for node in (ast.walk(method) if method is not None else ())
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript)
        for used in ast.walk(node.value)
        if isinstance(used, ast.Attribute) and isinstance(used.value, ast.Name) and used.value.id == "self"
    }


# --- operations ---------------------------------------------------------------------------------------------------


def _operation(tree: ast.Module, module: str) -> Operation | None:
    functions = {node.name: node for node in tree.body if isinstance(node, _Callable)}
    facts = next(
        (
            {keyword.arg: keyword.value for keyword in node.value.keywords if keyword.arg}
            for node in tree.body
            if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Call)
            if isinstance(node.target, ast.Name) and node.target.id == "OPERATION"
        ),
        None,
    )
    if facts is None or not functions.keys() & set(ENTRY_POINTS):
        return None
    path, builder = str(constant(facts.get("path")) or ""), functions.get("build_request")
    named = {} if builder is None else _named(builder)
    hints = (
        {} if builder is None else {each.arg: _unparsed(each.annotation) for each in builder.args.kwonlyargs}
    )
    sent = {place: hints[name] for place, name in named.items() if name in hints}
    if builder is not None:
        sent |= {("path", wire): hints[name] for name, wire in _in_path(builder, path) if name in hints}
    wires = {name: wire for (_, wire), name in named.items()}
    read = {
        name: str(constant(facts.get(name)) or "")
        for name in ("name", "method", "tag", "operation_id", "accept")
    }
    media = facts.get("responses")
    return Operation(
        **{**read, "name": read["name"] or module.rpartition(".")[2]},
        module=module,
        path=path,
        functions={
            name: _function(node, wires if name == "build_request" else None)
            for name, node in functions.items()
            if name in ENTRY_POINTS
        },
        sent=sent,
        bodies={} if builder is None else dict.fromkeys(_bodies(builder, facts), hints.get("body", "")),
        answers=_answers(functions["_parse_response"]) if "_parse_response" in functions else {},
        media={
            str(constant(status)): constant(kind)
            for status, kind in zip(media.keys, media.values, strict=True)
        }
        if isinstance(media, ast.Dict)
        else {},
        is_complete=bool(read["method"]) and {*ENTRY_POINTS, "_parse_response"} <= functions.keys(),
    )


def _named(builder: _Callable) -> dict[tuple[str, str], str]:
    """Return the parameters in calls such as ``add_query(params, "page[]", page)``, by location and wire name."""
    return {
        (_PLACES[node.func.id], str(constant(node.args[1]))): node.args[2].id
        for node in ast.walk(builder)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _PLACES
        if isinstance(node.args[2], ast.Name)
    }


def _in_path(builder: _Callable, path: str) -> Iterator[tuple[str, str]]:
    """Match the values in the URL expression with the parameters of the path."""
    found: list[tuple[str, str]] = []
    for node in ast.walk(builder):
        if not isinstance(node, ast.JoinedStr):
            continue
        rest, waiting = path, None
        for piece in node.values:
            if isinstance(piece, ast.Constant):
                before, _, rest = rest.partition(str(piece.value))
                if waiting is not None:
                    found.append((waiting, before))
                waiting = None
            elif isinstance(piece, ast.FormattedValue) and isinstance(piece.value, ast.Call):
                first = next(iter(piece.value.args), None)
                waiting = first.id if isinstance(first, ast.Name) else None
                if waiting is not None and rest.startswith("{") and "}{" in rest:
                    before, _, rest = rest.partition("}")
                    found.append((waiting, before + "}"))
                    waiting = None
        if waiting is not None:
            found.append((waiting, rest))
    return ((name, place[1:-1]) for name, place in found if place.startswith("{") and place.endswith("}"))


def _bodies(builder: _Callable, facts: Mapping[str, ast.expr]) -> Iterator[str]:
    """Return the media types in which the body is sent."""
    taken = facts.get("request_media_types")
    kinds = [str(constant(each)) for each in taken.elts] if isinstance(taken, ast.Tuple) else []
    chosen = next((kind for kind in kinds if "*" in kind), None)
    for block in _blocks(builder.body):
        is_sent, media = False, None
        for node in block:
            if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Subscript):
                continue
            key = constant(node.targets[0].slice)
            if key in _BODIES:
                is_sent = True
                media = "multipart/form-data" if key == "files" else media
            elif key == "Content-Type":
                # a name: the caller chooses the media type
                media = chosen if isinstance(node.value, ast.Name) else str(constant(node.value))
        if is_sent and media is not None:
            yield media


def _blocks(body: list[ast.stmt]) -> list[list[ast.stmt]]:
    found = [body]
    for statement in body:
        if isinstance(statement, ast.If):
            found += [*_blocks(statement.body), *_blocks(statement.orelse)]
    return found


def _answers(parser: _Callable) -> dict[str, str | None]:
    """Return the result type by handled status."""
    found: dict[str, str | None] = {}
    for statement in parser.body:
        if isinstance(statement, ast.If):
            status = _status(statement.test)
            returned = [node for node in statement.body if isinstance(node, ast.Return)]
            if status is not None and returned:
                found[status] = _result(returned[0].value)
        elif isinstance(statement, ast.Return) and not any(
            isinstance(node, ast.If) and _status(node.test) is None for node in parser.body
        ):
            found["default"] = _result(statement.value)
    return found


def _status(test: ast.expr) -> str | None:
    if not isinstance(test, ast.Compare):
        return None
    if isinstance(test.ops[0], ast.Eq):
        return str(constant(test.comparators[0]))
    low = constant(test.left)
    return f"{low // 100}XX" if isinstance(low, int) else None


def _result(value: ast.expr | None) -> str | None:
    """Return the type from `cast("Type", …)`, if the expression uses the classes that it names."""
    if not (isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "cast"):
        return None if value is None or isinstance(value, ast.Constant) else ast.unparse(value)
    text = str(constant(value.args[0]))
    claimed, used = (
        {node.id for node in ast.walk(part) if isinstance(node, ast.Name)}
        for part in (expression(text), value.args[1])
    )
    return text if claimed - _BUILTIN <= used else "Unread"


def _listed(tree: ast.Module) -> set[str]:
    """Return the modules in the index of operations."""
    return {
        "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant)).lstrip(".")
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
    }
