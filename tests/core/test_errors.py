"""Every error has what all of them have, and survives pickling and copying."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import pytest

from korus import errors
from korus.errors import KorusError, Problem, Violation

ARGUMENTS: dict[str, dict[str, Any]] = {
    "TransportError": {"sent": True},
    "ConnectionFailed": {"sent": False},
    "ConnectionLost": {"sent": True},
    "TimedOut": {"sent": False},
    "ValidationFailed": {"violations": [Violation("items[0]", "no", "c", "items", 1)]},
    "RateLimited": {"retry_after": 3.5},
    "ServerError": {"retry_after": None},
    "DecodingFailed": {"excerpt": b"<html>", "content_type": "text/html"},
    "OutcomeUnknown": {"intent": {"operation": "x", "lines": [1, 2]}},
    "ItemFailed": {"line": 2, "code": "x", "raw": {"a": 1}},
    "ReservationFailed": {"line": None},
    "OrderFailed": {"raw": "text"},
    "PriceChanged": {"changes": ["a"]},
    "SoldOut": {"shortages": [1]},
    "DocumentsNotReady": {"pending": ["/v1/a"]},
}
KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, KorusError)]
FIRST = {kind: ["one", "two"] for kind in KINDS if issubclass(kind, errors._Problems)}


def build(kind: type[KorusError]) -> KorusError:
    if kind in FIRST:
        return (
            kind(FIRST[kind], operation="list_offers")
            if kind is not errors._Problems
            else errors.AnswersInvalid([])
        )
    details: dict[str, Any] = {"operation": "list_offers"}
    if not issubclass(kind, errors.TransportError):
        details |= {"status": 418, "problem": Problem(title="t", raw={"x": [1]}), "request_id": "r1"}
    return kind("what happened", **details, **ARGUMENTS.get(kind.__name__, {}))


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_survives_pickling_and_copying(kind: type[KorusError]) -> None:
    error = build(kind)
    error.add_note("a note")
    protocols = range(2, pickle.HIGHEST_PROTOCOL + 1)
    ways = [pickle.loads(pickle.dumps(error, protocol)) for protocol in protocols]  # noqa: S301 (just written)
    for again in (*ways, copy.copy(error), copy.deepcopy(error)):
        assert type(again) is type(error)
        assert again.args == error.args
        assert vars(again) == vars(error)
        assert str(again) == str(error)
        assert again.__notes__ == ["a note"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_says_where_it_comes_from(kind: type[KorusError]) -> None:
    error = build(kind)
    for name in ("operation", "status", "problem", "request_id"):
        assert hasattr(error, name)
    assert error.message == str(error) != ""


@pytest.mark.parametrize("kind", KINDS)
def test_a_group_of_errors_survives_pickling(kind: type[KorusError]) -> None:
    group = pickle.loads(pickle.dumps(ExceptionGroup("two lines failed", [build(kind), build(kind)])))  # noqa: S301 (just written)
    assert [str(error) for error in group.exceptions] == [str(build(kind))] * 2


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = [
        line for line in (errors.__doc__ or "").splitlines() if "── " in line or line.strip() == "KorusError"
    ]
    path: list[str] = []
    for line in drawn:
        name = line.replace("│", " ").split("── ")[-1].split()[0]
        depth = 0 if name == "KorusError" else (line.index("── ") - 5) // 4 + 1
        path[depth:] = [name]
        if depth:
            assert issubclass(getattr(errors, name), getattr(errors, path[depth - 1])), line
    named = {line.replace("│", " ").split("── ")[-1].split()[0] for line in drawn}
    public = {kind.__name__ for kind in KINDS if not kind.__name__.startswith("_")}
    assert named == public


def test_errors_can_be_caught_by_the_python_kind_they_are() -> None:
    assert issubclass(errors.InvalidArgument, ValueError)
    assert issubclass(errors.OperationUnavailable, NotImplementedError)
    assert not any(issubclass(kind, KeyError) for kind in KINDS)
