"""Mutation testing of decision modules: every change of one operator must fail the module's own tests.

`make mutate` changes one operator, comparison, condition or constant at a time, runs the tests of that module
(`MODULES`) against the change, and prints the changes that no test detects. The known ones are listed with the reason
in `mutate_survivors.toml` beside this file. The exit status is 1 if fewer than nine in ten changes are detected, if a
survivor is not listed, or if a listed one is detected.

mutmut also changes texts and arguments and cannot be limited to operators; cosmic-ray starts an interpreter for every
change. Here the tests are imported once, and each change runs in a fork, with the changed function replaced.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import resource
import sys
import time
import tomllib
from collections import Counter
from functools import lru_cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Final, TypeAlias, cast

import pytest
from attrs import frozen
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT: Final = Path(__file__).resolve().parent.parent
SURVIVORS: Final = Path(__file__).with_name("mutate_survivors.toml")
WANTED: Final = 0.9
SECONDS: Final = 10
MEMORY: Final = 4 << 30
EXAMPLES: Final = 25

_Cached = type(lru_cache(bool))

MODULES: Final[Mapping[str, str]] = {
    "korus._booking.correlation": "tests/booking/test_correlation.py",
    "korus._booking.facts": "tests/booking/test_facts.py",
    "korus._booking.reconciliation": "tests/booking/test_reconciliation.py",
    "korus._booking.orders": "tests/booking/test_orders.py",
    "korus._booking.hold_steps": "tests/booking/test_hold_steps.py",
    "korus._booking.order_steps": "tests/booking/test_order_steps.py",
    "korus._booking.recovery_steps": "tests/booking/test_recovery_steps.py",
    "korus._http.ambiguity": "tests/http/test_ambiguity.py",
    "korus._booking.judging": "tests/booking/test_booking.py",
    "korus._booking.intent_details": "tests/booking/test_recovery_steps.py tests/booking/test_reconciliation.py",
    "korus._booking.bulk_call": "tests/booking/test_hold_steps.py tests/booking/test_order_steps.py",
}
"""The decision modules, each with the files of its tests."""

_COMPARISONS: Final[Mapping[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_OPERATORS: Final[Mapping[type[ast.AST], type[ast.AST]]] = {
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
# other conditions are negated
_PLAIN: Final = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.NamedExpr, ast.YieldFrom)
_NAMES: Final = {"any": "all", "all": "any", "min": "max", "max": "min"}
# no decisions
_SKIPPED_CALLS: Final = frozenset({"field", "frozen", "define", "TypeVar", "cast", "isinstance"})
_SKIPPED_NAMES: Final = frozenset({"_LOG", "__all__", "TYPE_CHECKING"})


Key: TypeAlias = tuple[str, str, str, int]
"""The place of a change, the expression before and after, and its number among equal ones."""


@frozen
class Mutation:
    """One change of a module.

    Attributes:
        where: Its function or class.
        before: The original expression, as Python writes it.
        after: The changed expression.
        number: The number of the change among equal expressions in the same place, from 1.
        line: Its line in the source.
        code: The changed module.
    """

    where: str
    before: str
    after: str
    number: int
    line: int
    code: CodeType

    def __str__(self) -> str:
        return f"{self.line}: {self.where}: {self.before}  ->  {self.after}  #{self.number}"

    @property
    def key(self) -> Key:
        """Its key, which does not depend on its line."""
        return self.where, self.before, self.after, self.number


# --- changing ----------------------------------------------------------------------------------------------


def mutations(source: str, name: str) -> Iterator[Mutation]:
    """Yield every change of one operator in a module's source."""
    for key, line, changed in _changed(source):
        code = compile(ast.fix_missing_locations(changed), name, "exec")
        yield Mutation(*key, line, code)


def keys(source: str) -> set[Key]:
    """Return the keys of the changes of a module's source."""
    return {key for key, _, _ in _changed(source)}


def _changed(source: str) -> Iterator[tuple[Key, int, ast.Module]]:
    """Change the tree of a module, one operator at a time; each change is undone before the next."""
    tree = ast.parse(source)
    seen: Counter[tuple[str, str, str]] = Counter()
    for where, node in list(_decisions(tree, "")):
        changes = list(_changes(node))
        before = _written(node) if changes else ""
        for holder, attribute, value in changes:
            old = holder.__dict__[attribute]
            setattr(holder, attribute, value)
            after = _written(node)
            seen[where, before, after] += 1
            # only the changed statement of the module runs, so that nothing else is created twice
            changed = tree if where else ast.Module([_statement(tree, node)], [])
            yield (where, before, after, seen[where, before, after]), node.lineno, changed
            setattr(holder, attribute, old)


def _statement(tree: ast.Module, node: ast.AST) -> ast.stmt:
    return next(each for each in tree.body if any(inner is node for inner in ast.walk(each)))


def _written(node: ast.AST) -> str:
    return ast.unparse(node.test if isinstance(node, ast.If | ast.While) else node)


def _decisions(node: ast.AST, where: str) -> Iterator[tuple[str, ast.expr | ast.stmt]]:
    """Yield the decisions: no annotations, defaults, decorators or logging, and no fields of classes."""
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list", "args"} and not isinstance(node, ast.Call):
            continue
        for child in cast("list[object]", value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or _is_skipped(child):
                continue
            inner = where
            if isinstance(node, ast.ClassDef) and not isinstance(child, ast.FunctionDef):
                continue
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                inner = f"{where}.{child.name}".lstrip(".")
            if isinstance(child, ast.expr | ast.stmt):
                yield inner, child
            yield from _decisions(child, inner)


def _is_skipped(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=name)):
            return name in _SKIPPED_CALLS
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name))) | ast.If(test=ast.Name(id=name)):
            return name in _SKIPPED_NAMES
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name in _SKIPPED_NAMES
        case _:
            return isinstance(node, ast.Import | ast.ImportFrom)


def _changes(node: ast.expr | ast.stmt) -> Iterator[tuple[ast.AST, str, object]]:
    """Return the changes of one expression: object, attribute, and new value."""
    match node:
        case ast.Compare(ops=ops):
            for at, op in enumerate(ops):
                for other in _COMPARISONS[type(op)]:
                    yield node, "ops", [*ops[:at], other(), *ops[at + 1 :]]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield node, "operand", ast.UnaryOp(ast.Not(), operand)
        case ast.BoolOp(op=op) | ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in _OPERATORS:
            yield node, "op", _OPERATORS[type(op)]()
        case ast.Constant(value=bool() as value):
            yield node, "value", not value
        case ast.Constant(value=int() | float() as number):
            yield node, "value", number + 1
        case ast.Name(id=name) if name in _NAMES:
            yield node, "id", _NAMES[name]
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) if isinstance(test, _PLAIN):
            yield node, "test", ast.UnaryOp(ast.Not(), test)
        case _:
            pass


# --- running -----------------------------------------------------------------------------------------------


@frozen
class Report:
    """The result of one module."""

    module: str
    total: int
    survivors: tuple[Mutation, ...]


class _Runner:
    """Pytest plugin that collects a module's tests once, and runs them against each change in a fork."""

    def __init__(self, module: str, only: str) -> None:
        self._module = module
        self._only = only
        self.report: Report | None = None

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        module = sys.modules[self._module]
        path = Path(str(module.__file__))
        _sort_by_duration(session)
        if not _passes(session, None, module):
            raise SystemExit(f"{self._module}: its tests fail without a change")
        total = 0
        survivors: list[Mutation] = []
        for mutation in mutations(path.read_text("utf-8"), str(path)):
            if self._only not in mutation.where:
                continue
            total += 1
            if _passes(session, mutation, module):
                survivors.append(mutation)
                print(f"  {mutation}", flush=True)
        self.report = Report(self._module, total, tuple(survivors))
        return True


def _sort_by_duration(session: pytest.Session) -> None:
    """Sort the tests by duration, since most changes are detected by many tests.

    They run in a fork, since some tests can run only once.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            taken: list[float] = []
            for item in session.items:
                began = time.process_time()
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
                taken.append(time.process_time() - began)
            os.write(writing, json.dumps(taken).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        durations: list[float] = json.loads(pipe.read() or b"[]")
    os.waitpid(child, 0)
    order = sorted(zip(durations, range(len(durations)), strict=True))
    session.items[:] = [session.items[at] for _, at in order] or session.items


def _passes(session: pytest.Session, mutation: Mutation | None, module: ModuleType) -> bool:
    """Run the collected tests against a change in a fork; True if they pass."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            os._exit(_run(session, mutation, module))
        finally:
            os._exit(1)  # any exception means that the change was detected
    return os.waitpid(child, 0)[1] == 0


def _run(session: pytest.Session, mutation: Mutation | None, module: ModuleType) -> int:
    # a change may cause an endless loop, or use all memory
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    if mutation is not None:
        apply(mutation, module)
    for item in session.items:
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        if session.testsfailed:
            return 1
    return 0


def apply(mutation: Mutation, module: ModuleType) -> None:
    """Replace the code of the changed function, so that all modules that imported it run the change."""
    if not mutation.where:
        exec(mutation.code, vars(module))  # noqa: S102 - a constant of korus's own code, changed
        return
    owner: object = module
    code = mutation.code
    for name in mutation.where.split("."):
        owner = vars(owner)[name]
        code = next(each for each in code.co_consts if isinstance(each, CodeType) and each.co_name == name)
    function = getattr(owner, "fget", None) or getattr(owner, "__func__", None) or owner
    if isinstance(function, _Cached):
        function.cache_clear()
        function = function.__wrapped__
    cast("FunctionType", function).__code__ = code


def mutate(module: str, tests: str, only: str) -> Report:
    """Test the changes of a module, and print those that its tests do not detect."""
    began = time.monotonic()
    runner = _Runner(module, only)
    quick = ["-q", "-s", "--assert=plain", "--hypothesis-profile=mutate"]
    quick += [f"-p no:{name}" for name in ("cacheprovider", "randomly", "xdist")]
    pytest.main([*quick, *tests.split()], plugins=[runner])
    if runner.report is None:
        raise SystemExit(f"{module}: its tests cannot run")
    report = runner.report
    noticed = report.total - len(report.survivors)
    seconds = time.monotonic() - began
    print(
        f"{module}: {noticed} of {report.total} detected, {noticed / max(report.total, 1):.1%}, in {seconds:.0f} s"
    )
    return report


# --- survivors ---------------------------------------------------------------------------------------------


def known_survivors(module: str) -> set[Key]:
    """Read the survivors that are listed with a reason."""
    listed = tomllib.loads(SURVIVORS.read_text("utf-8")).get(module, [])
    return {(each["where"], each["before"], each["after"], each.get("number", 1)) for each in listed}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m scripts.mutate", description=__doc__)
    parser.add_argument(
        "modules", nargs="*", default=list(MODULES), help="the modules (default: all decision modules)"
    )
    parser.add_argument("--only", default="", help="only functions with this text in their name")
    given = parser.parse_args(arguments)
    status = 0
    for module in given.modules:
        report = mutate(module, MODULES[module], given.only)
        found, known = {each.key for each in report.survivors}, known_survivors(module)
        for where, before, after, _ in sorted(found - known):
            print(f"  not listed: {where}: {before}  ->  {after}")
            status = 1
        for where, before, after, _ in sorted(known - found) if not given.only else ():
            print(f"  listed, but detected: {where}: {before}  ->  {after}")
            status = 1
        if report.total - len(report.survivors) < WANTED * report.total:
            status = 1
    return status


if __name__ == "__main__":
    settings.register_profile("mutate", deadline=None, max_examples=EXAMPLES, derandomize=True, database=None)
    sys.exit(main())
