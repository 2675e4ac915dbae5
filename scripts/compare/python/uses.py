"""Uses of the raw client's names in the hand-written layer, found in its source.

Every module of ``korus`` is parsed. A use of an attribute counts in modules that name its class, or an operation that
uses the class; otherwise ``id`` would be found everywhere. Typed facts read raw JSON by key without naming a class: the
class with most of the keys in a function is the one that the function reads.
"""

from __future__ import annotations

import ast
from collections import Counter
from typing import TYPE_CHECKING

from attrs import define, evolve, field, frozen

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from scripts.compare.python.changes import NameChange
    from scripts.generate.source import Surface

__all__ = ["Call", "Layer", "Use"]

MOST_LEADING = 6
MOST_HAVING = 12
READER = "korus._core.raw_json"
# listed last: generated code, and code that acts as the API
LAST = ("korus/_sync/", "korus/testing/", "korus/sandbox/")


@frozen(order=True)
class Use:
    """Line of the hand-written layer.

    Attributes:
        file: The file, relative to the root of the repository.
        line: The line number, from 1.
        function: The enclosing function or class.
    """

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" + (f" in {self.function}" if self.function else "")

    @property
    def place(self) -> tuple[int, str, int]:
        """The sort key, with hand-written code first."""
        return (
            next((i for i, start in enumerate(LAST, 1) if self.file.startswith(start)), 0),
            self.file,
            self.line,
        )


_CALLING = frozenset({"endpoint", "call", "model_of", "_get", "_list", "_page"})
"""Functions of the layer whose first argument is the name of an operation."""


@define
class Call:
    """Operation that the hand-written layer calls.

    Attributes:
        uses: The lines that name it.
        gives: The passed arguments, each with its lines.
    """

    uses: list[Use] = field(factory=list[Use])
    gives: dict[str, list[Use]] = field(factory=dict[str, "list[Use]"])


@define
class _Module:
    file: str
    names: dict[str, list[Use]] = field(factory=dict[str, list[Use]])
    attributes: dict[str, list[Use]] = field(factory=dict[str, list[Use]])
    keywords: dict[str, list[Use]] = field(factory=dict[str, list[Use]])
    texts: dict[str, list[Use]] = field(factory=dict[str, list[Use]])
    calls: dict[str, Call] = field(factory=dict[str, Call])
    reads_json: bool = False


class _Reader(ast.NodeVisitor):
    """Visitor that records every name, attribute, keyword and string of a module with its function."""

    def __init__(self, module: _Module) -> None:
        self.module = module
        self.stack: list[str] = []
        self.docstrings: set[int] = set()

    def _note(self, table: dict[str, list[Use]], key: str, node: ast.AST) -> None:
        line = getattr(node, "lineno", 0)
        table.setdefault(key, []).append(Use(self.module.file, line, ".".join(self.stack)))

    def _scope(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        self._skip_docstring(node.body)
        self.stack.append(node.name)
        self.generic_visit(node)
        self.stack.pop()

    def _skip_docstring(self, body: list[ast.stmt]) -> None:
        if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
            self.docstrings.add(id(body[0].value))

    def visit_Module(self, node: ast.Module) -> None:
        self._skip_docstring(node.body)
        self.generic_visit(node)

    visit_FunctionDef = _scope  # noqa: N815 - the interface of ast
    visit_AsyncFunctionDef = _scope  # noqa: N815 - the interface of ast
    visit_ClassDef = _scope  # noqa: N815 - the interface of ast

    def visit_Name(self, node: ast.Name) -> None:
        self._note(self.module.names, node.id, node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._note(self.module.attributes, node.attr, node)
        self.generic_visit(node)

    def visit_keyword(self, node: ast.keyword) -> None:
        if node.arg:
            self._note(self.module.keywords, node.arg, node.value)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = _called(node)
        if name is not None:
            use = Use(self.module.file, node.lineno, ".".join(self.stack))
            call = self.module.calls.setdefault(name, Call())
            call.uses.append(use)
            for keyword in node.keywords:
                if keyword.arg:
                    call.gives.setdefault(keyword.arg, []).append(use_at(use, keyword.value))
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and id(node) not in self.docstrings:
            self._note(self.module.texts, node.value, node)
            if node.value.isidentifier():
                # an annotation in quotes
                self._note(self.module.names, node.value, node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            for part in alias.name.split("."):
                self._note(self.module.names, part, node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.module.reads_json = self.module.reads_json or node.module == READER
        for alias in node.names:
            self._note(self.module.names, alias.name, node)
            if (node.module or "").startswith("korus_api.api"):
                use = Use(self.module.file, alias.lineno, ".".join(self.stack))
                self.module.calls.setdefault(alias.name, Call()).uses.append(use)
        for part in (node.module or "").split("."):
            self._note(self.module.names, part, node)


def use_at(use: Use, node: ast.AST) -> Use:
    """Return a use at the line of a node."""
    return evolve(use, line=getattr(node, "lineno", use.line))


def _called(node: ast.Call) -> str | None:
    """Return the possible operation of a call: its first argument, by name or as an endpoint."""
    name = getattr(node.func, "id", getattr(node.func, "attr", None))
    if not node.args:
        return None
    first = node.args[0]
    if name in _CALLING and isinstance(first, ast.Constant) and isinstance(first.value, str):
        return first.value
    if isinstance(first, ast.Call):
        return _called(first)
    return first.id if isinstance(first, ast.Name) and node.keywords else None


def _by_function(module: _Module, keys: Collection[str]) -> list[dict[str, list[Use]]]:
    """Return the keys in each function of a module, with their lines."""
    scopes: dict[str, dict[str, list[Use]]] = {}
    for key in module.texts.keys() & keys:
        for use in module.texts[key]:
            scopes.setdefault(use.function, {}).setdefault(key, []).append(use)
    return list(scopes.values())


class Layer:
    """Source of the hand-written layer.

    Attributes:
        root: The root of the repository.
    """

    def __init__(self, root: Path, folder: str = "korus") -> None:
        self.root = root
        self.modules: list[_Module] = []
        for path in sorted((root / folder).rglob("*.py")):
            module = _Module(path.relative_to(root).as_posix())
            _Reader(module).visit(ast.parse(path.read_text(encoding="utf-8")))
            self.modules.append(module)
        self._dealing: dict[str, set[str]] = {}
        self._facts: dict[int, dict[str, list[tuple[set[str], list[Use]]]]] = {}

    def calls(self, surface: Surface) -> dict[str, Call]:
        """Return the operations of a client that the layer calls, by name, with their arguments."""
        found: dict[str, Call] = {}
        for module in self.modules:
            if module.file.startswith(LAST):
                continue
            for name in module.calls.keys() & surface.operations.keys():
                call = found.setdefault(name, Call())
                call.uses += (use for use in module.calls[name].uses if use not in call.uses)
                for argument, uses in module.calls[name].gives.items():
                    call.gives.setdefault(argument, []).extend(uses)
        return found

    def reads(self, owner: str, wire: str, surface: Surface) -> list[Use]:
        """Return the lines of typed facts that read a key of a class."""
        model = surface.models.get(owner)
        if model is None:
            return []
        return sorted(
            {use for owners, uses in self._reading(surface).get(wire, ()) if owner in owners for use in uses},
            key=lambda use: use.place,
        )

    def _reading(self, surface: Surface) -> dict[str, list[tuple[set[str], list[Use]]]]:
        """Return for each key the classes that the functions with it read, with the lines."""
        if id(surface) in self._facts:
            return self._facts[id(surface)]
        having: dict[str, set[str]] = {}
        for model in surface.models.values():
            for attribute in model.attributes.values():
                having.setdefault(attribute.wire, set()).add(model.name)
        found: dict[str, list[tuple[set[str], list[Use]]]] = {}
        for module in self.modules:
            if module.reads_json and not module.file.startswith(LAST):
                for keys in _by_function(module, having.keys()):
                    counts = Counter(owner for key in keys for owner in having[key])
                    # the function may also read parts of its class
                    whole = {owner for owner, count in counts.items() if count == max(counts.values())}
                    inner = {name for owner in whole for name in surface.models[owner].mentions()}
                    for key, uses in keys.items():
                        likely = having[key] & whole or having[key] & inner or having[key]
                        most = max(counts[owner] for owner in likely)
                        owners = {owner for owner in likely if counts[owner] == most}
                        # a single key of many classes does not identify one
                        if most > 1 or len(owners) <= MOST_HAVING:
                            found.setdefault(key, []).append((owners, uses))
        self._facts[id(surface)] = found
        return found

    def uses(self, change: NameChange, surfaces: tuple[Surface, Surface]) -> list[Use]:  # noqa: C901, PLR0912 - a flat list of cases
        """Return the lines that use a changed name, sorted and without duplicates."""
        found: set[Use] = set()
        for module in self.modules:
            if change.kind in {"operation", "returns"}:
                for name in {change.owner, change.element} - {""}:
                    for table in (module.names, module.attributes, module.texts):
                        found.update(table.get(name, ()))
            elif change.kind == "parameter":
                if self._deals_with_operation(module, change.owner):
                    found.update(module.keywords.get(change.element, ()))
                    found.update(module.texts.get(change.element, ()))
                    found.update(module.texts.get(change.wire or "", ()))
            elif change.kind == "class":
                for name in {change.owner, change.element}:
                    found.update(module.names.get(name, ()))
                    found.update(module.attributes.get(name, ()))
            elif change.kind in {"attribute", "method"}:
                if self._deals_with_class(module, change.owner, surfaces):
                    for name in {
                        change.element,
                        change.new if change.renamed and change.new else change.element,
                    }:
                        found.update(module.attributes.get(name, ()))
                        found.update(module.keywords.get(name, ()))
                    if change.wire and change.wire != change.element:
                        found.update(module.texts.get(change.wire, ()))
            elif change.kind == "member":
                value = (change.wire or "").strip("'\"")
                if self._deals_with_class(module, change.owner, surfaces):
                    found.update(module.attributes.get(change.element, ()))
                    found.update(module.texts.get(value, ()))
        if change.kind in {"attribute", "member"}:
            for surface in surfaces:
                found.update(self.reads(change.owner, change.wire or change.element, surface))
        return sorted(found, key=lambda use: use.place)

    def re_exported(self, name: str) -> bool:
        """Return True if ``korus.models`` exports a model."""
        module = next((module for module in self.modules if module.file.endswith("/models.py")), None)
        if module is None:
            return False
        return "korus_api" in module.names or name in module.names

    def _deals_with_operation(self, module: _Module, name: str) -> bool:
        return name in module.names or name in module.attributes or name in module.texts

    def _deals_with_class(self, module: _Module, name: str, surfaces: tuple[Surface, Surface]) -> bool:
        if name in module.names:
            return True
        if name not in self._dealing:
            leading: set[str] = set()
            for surface in surfaces:
                holders = {model.name for model in surface.models.values() if name in model.mentions()}
                leading |= holders
                for operation in surface.operations.values():
                    texts = [function.returns for function in operation.functions.values()]
                    texts += [p.annotation for f in operation.functions.values() for p in f.parameters]
                    if any(name in text for text in texts):
                        leading.add(operation.name)
            # a class that nearly every operation uses (an error, for example) does not identify a module
            self._dealing[name] = leading if len(leading) <= MOST_LEADING else set()
        return any(other in module.names or other in module.calls for other in self._dealing[name])
