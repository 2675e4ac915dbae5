"""Public surface of a raw client, read from its source: operations, parameters, classes, attributes, members.

The source is parsed, never imported, so that the clients of several descriptions can be read side by side. What each
name stands for on the wire is taken from the source, too: the method and path of an operation, the key of an attribute,
the name of a query parameter.
"""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import TYPE_CHECKING

from attrs import define, field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Attribute", "Function", "Model", "Operation", "Parameter", "Surface", "read_surface"]

ENTRY_POINTS = ("sync", "sync_detailed", "asyncio", "asyncio_detailed", "build_request")


@frozen
class Parameter:
    """A parameter of a function.

    Attributes:
        name: Its name.
        kind: ``positional``, ``keyword``, ``*`` or ``**``.
        annotation: Its type as written.
        default: Its default as written; ``None`` where it must be given.
        wire: What it is called on the wire, where that is known.
    """

    name: str
    kind: str
    annotation: str
    default: str | None
    wire: str | None = None


@frozen
class Function:
    """A function or method: its parameters in order, and what it returns."""

    name: str
    parameters: tuple[Parameter, ...]
    returns: str


@frozen
class Operation:
    """An operation of the raw client.

    Attributes:
        name: Its name, the last part of its module's.
        module: Its module below the package.
        method: The HTTP method.
        path: The path.
        tag: The description's tag.
        operation_id: The description's id.
        functions: Its functions by name.
    """

    name: str
    module: str
    method: str
    path: str
    tag: str
    operation_id: str
    functions: dict[str, Function] = field(hash=False)

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
    """Attribute of a model: its type as written, True if it is required, and its key on the wire."""

    name: str
    annotation: str
    required: bool
    wire: str


@frozen
class Model:
    """A class of the raw client.

    Attributes:
        name: Its name.
        bases: Its base classes as written.
        attributes: Its attributes by name.
        members: The members of an enumeration by name.
        methods: Its public methods by name.
        reads: Whether it is what the API answers, rather than what is sent.
    """

    name: str
    bases: tuple[str, ...]
    attributes: dict[str, Attribute] = field(hash=False)
    members: dict[str, str] = field(hash=False)
    methods: dict[str, Function] = field(hash=False)
    reads: bool = False

    def mentions(self) -> set[str]:
        """Name the classes that its attributes are of."""
        found: set[str] = set()
        for attribute in self.attributes.values():
            found |= words(attribute.annotation)
        return found


@define
class Surface:
    """The public surface of a raw client.

    Attributes:
        operations: By name.
        models: By name.
        others: Functions and classes of the other modules, ``module.name`` to what they look like.
    """

    operations: dict[str, Operation] = field(factory=dict[str, Operation])
    models: dict[str, Model] = field(factory=dict[str, Model])
    others: dict[str, str] = field(factory=dict[str, str])

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


# --- parsing ------------------------------------------------------------------------------------------------------


def read_surface(package: Path) -> Surface:
    """Read the surface of the package in a folder."""
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
        elif parts[0] not in {"models", "api", "operations"}:
            surface.others.update(_others(tree, ".".join(parts)))
    return surface


@lru_cache(maxsize=512)
def _tree(text: str) -> ast.Module:
    # two clients have most of their files in common
    return ast.parse(text)


def _operation(tree: ast.Module, module: str) -> Operation | None:
    facts: dict[str, str] = {}
    functions: dict[str, Function] = {}
    for node in tree.body:
        if isinstance(node, ast.AnnAssign | ast.Assign) and isinstance(node.value, ast.Call):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            if isinstance(target, ast.Name) and target.id == "OPERATION":
                facts = {
                    keyword.arg: str(keyword.value.value)
                    for keyword in node.value.keywords
                    if keyword.arg and isinstance(keyword.value, ast.Constant)
                }
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in ENTRY_POINTS:
            functions[node.name] = _function(node)
    if not facts or not functions:
        return None
    return Operation(
        facts.get("name", module.rpartition(".")[2]),
        module,
        facts.get("method", ""),
        facts.get("path", ""),
        facts.get("tag", ""),
        facts.get("operation_id", ""),
        functions,
    )


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Function:
    arguments = node.args
    wires = _wires(node)
    parameters: list[Parameter] = []
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(plain) - len(arguments.defaults)) + list(
        arguments.defaults
    )
    for argument, default in zip(plain, defaults, strict=True):
        if argument.arg not in {"self", "cls"}:
            parameters.append(_parameter(argument, "positional", default, wires))
    if arguments.vararg:
        parameters.append(_parameter(arguments.vararg, "*", None, wires))
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        parameters.append(_parameter(argument, "keyword", default, wires))
    if arguments.kwarg:
        parameters.append(_parameter(arguments.kwarg, "**", None, wires))
    return Function(node.name, tuple(parameters), ast.unparse(node.returns) if node.returns else "")


def _parameter(argument: ast.arg, kind: str, default: ast.expr | None, wires: dict[str, str]) -> Parameter:
    return Parameter(
        argument.arg,
        kind,
        ast.unparse(argument.annotation) if argument.annotation else "",
        ast.unparse(default) if default is not None else None,
        wires.get(argument.arg),
    )


def _wires(node: ast.AST) -> dict[str, str]:
    """Find calls like ``add_query(params, "page[]", page)``: a wire name directly before the parameter."""
    found: dict[str, str] = {}
    for call in ast.walk(node):
        if isinstance(call, ast.Call):
            for first, second in zip(call.args, call.args[1:], strict=False):
                if (
                    isinstance(first, ast.Constant)
                    and isinstance(first.value, str)
                    and isinstance(second, ast.Name)
                ):
                    found[second.id] = first.value
    return found


def _model(node: ast.ClassDef) -> Model:
    attributes: dict[str, Attribute] = {}
    members: dict[str, str] = {}
    methods: dict[str, Function] = {}
    wires = dict(_keys(node))
    reads = False
    for part in node.body:
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
            name = part.target.id
            if name.startswith("_"):
                reads = reads or name == "_FIELDS"
                continue
            if "ClassVar" in ast.unparse(part.annotation):
                continue
            attributes[name] = Attribute(
                name, ast.unparse(part.annotation), part.value is None, wires.get(name, name)
            )
        elif isinstance(part, ast.Assign) and isinstance(part.targets[0], ast.Name):
            name = part.targets[0].id
            if not name.startswith("_"):
                members[name] = ast.unparse(part.value)
        elif isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) and not part.name.startswith("_"):
            function = methods[part.name] = _function(part)
            if any(isinstance(one, ast.Name) and one.id == "property" for one in part.decorator_list):
                del methods[part.name]
                attributes[part.name] = Attribute(part.name, function.returns, required=False, wire=part.name)
    return Model(
        node.name, tuple(ast.unparse(base) for base in node.bases), attributes, members, methods, reads
    )


def _keys(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    """Find the keys on the wire: pairs in ``_FIELDS``, or what ``to_dict`` puts where."""
    for part in ast.walk(node):
        if isinstance(part, ast.Tuple) and len(part.elts) == 2:  # noqa: PLR2004 - a number that says itself
            name, key = part.elts
            if isinstance(name, ast.Constant) and isinstance(key, ast.Constant):
                yield str(name.value), str(key.value)
        elif isinstance(part, ast.Assign) and isinstance(part.targets[0], ast.Subscript):
            key = part.targets[0].slice
            if isinstance(key, ast.Constant):
                for inner in ast.walk(part.value):
                    if (
                        isinstance(inner, ast.Attribute)
                        and isinstance(inner.value, ast.Name)
                        and inner.value.id == "self"
                    ):
                        yield inner.attr, str(key.value)


def _others(tree: ast.Module, module: str) -> Iterator[tuple[str, str]]:
    prefix = module.removesuffix(".__init__").removesuffix("__init__")
    for node in tree.body:
        name = getattr(node, "name", None)
        if isinstance(name, str) and not name.startswith("_"):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                function = _function(node)
                shown = ", ".join(
                    f"{p.kind} {p.name}: {p.annotation} = {p.default}" for p in function.parameters
                )
                yield f"{prefix}.{name}".lstrip("."), f"({shown}) -> {function.returns}"
            elif isinstance(node, ast.ClassDef):
                yield (
                    f"{prefix}.{name}".lstrip("."),
                    f"class({', '.join(ast.unparse(base) for base in node.bases)})",
                )
                for part in node.body:
                    if isinstance(part, ast.FunctionDef) and not part.name.startswith("_"):
                        function = _function(part)
                        shown = ", ".join(
                            f"{p.kind} {p.name}: {p.annotation} = {p.default}" for p in function.parameters
                        )
                        yield f"{prefix}.{name}.{part.name}".lstrip("."), f"({shown}) -> {function.returns}"
