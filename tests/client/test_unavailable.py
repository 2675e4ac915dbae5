"""Methods whose operation the shipped version of the API does not have say that they always raise."""

import ast
from pathlib import Path

import pytest
from korus_api.operations import OPERATIONS

RESOURCES = Path(__file__).resolve().parents[2] / "korus" / "_async" / "resources"
COMING = {"delete_reservation"}
"""Operations that no version has had so far; korus calls them as soon as one has."""
MARK = "always raises with the API version from which this korus is generated"


def methods():
    """Return (method, operations that it guards, its docstring) for the public methods of all resources."""
    found = []
    for path in sorted(RESOURCES.glob("*.py")):
        for kind in (
            node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.ClassDef)
        ):
            for method in kind.body:
                if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and not method.name.startswith(
                    "_"
                ):
                    calls = [node for node in ast.walk(method) if isinstance(node, ast.Call)]
                    guards = {"_get", "_list", "endpoint", "model_of"}
                    named = {
                        call.args[0].value
                        for call in calls
                        if getattr(call.func, "id", getattr(call.func, "attr", None)) in guards
                    }
                    found.append((f"{path.stem}.{method.name}", named, ast.get_docstring(method) or ""))
    return found


@pytest.mark.parametrize(("method", "named", "text"), methods(), ids=lambda value: str(value)[:40])
def test_a_method_without_its_operation_says_that_it_always_raises(method, named, text):
    summary = text.partition("\n")[0]
    assert (MARK in summary) == bool(named - set(OPERATIONS) - COMING), method


def test_the_methods_are_found():
    assert sum(bool(named) for _, named, _ in methods()) > 15
