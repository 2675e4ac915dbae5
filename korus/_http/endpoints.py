"""Access to the generated operations, which differ between API versions.

An operation or argument that is missing in the description from which korus was generated is refused here by name,
before anything is sent.
"""

from __future__ import annotations

import importlib
import inspect
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from korus._core.deprecation import warn_deprecated_by_api
from korus.errors import OperationUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from korus_api.types import Operation

__all__ = [
    "NEUTRAL",
    "Endpoint",
    "endpoint",
    "is_paged",
    "model_of",
    "request_for",
    "warn_if_deprecated",
]


class Endpoint(Protocol):
    """Module of `korus_api.api`: one operation."""

    OPERATION: Operation
    build_request: Callable[..., dict[str, Any]]


_Model = TypeVar("_Model")


def endpoint(operation: str) -> Endpoint:
    """Find an operation, which only some descriptions may have, by its name.

    Raises:
        OperationUnavailable: This description does not have it.
    """
    from korus_api.operations import OPERATIONS  # noqa: PLC0415 (only when an operation is called)

    module = OPERATIONS.get(operation)
    if module is None:
        raise _unavailable(operation, "there is no such operation")
    return cast("Endpoint", importlib.import_module(module))


def model_of(operation: str, model: Callable[[], type[_Model]]) -> type[_Model]:
    """Return a model of an operation, which only some descriptions may have.

    Args:
        operation: The operation's name.
        model: Returns the attribute of `korus_api.models`, where models are imported lazily.

    Raises:
        OperationUnavailable: This description does not have it.
    """
    try:
        return model()
    except AttributeError:
        raise _unavailable(operation, "its model does not exist") from None


NEUTRAL: Mapping[str, Any] = MappingProxyType({"page": 1, "items_per_page": 10, "with_disabled": False})
"""Values that mean the same as leaving a parameter out: sent only if the description requires the parameter.

Reference: 1.7, 3.19.
"""


def request_for(module: Endpoint, /, **arguments: Any) -> dict[str, Any]:
    """Build the request of an operation.

    Args:
        module: The operation's module.
        arguments: Its arguments by their Python names; None means "not given", for which a required parameter gets a
            value that means the same (`NEUTRAL`).

    Raises:
        OperationUnavailable: The operation of this description does not have one of them, or needs one that was not
            given.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    try:
        return module.build_request(**given)
    except TypeError:
        required = {name: NEUTRAL[name] for name in _missing(module, given) if name in NEUTRAL}
        if required:
            return request_for(module, **given, **required)
        problem = _mismatch(module, given)
        if problem is None:
            raise
    raise _unavailable(module.OPERATION.name, problem)


def warn_if_deprecated(module: Endpoint, arguments: Mapping[str, Any]) -> None:
    """Warn about an operation or an argument that the API deprecates.

    Only for direct calls of users, not within a booking, since warnings may be turned into errors.
    """
    operation = module.OPERATION
    if operation.deprecated:
        warn_deprecated_by_api(operation.name)
    for name in operation.deprecated_parameters:
        if arguments.get(name) is not None:
            warn_deprecated_by_api(f"`{name}` of {operation.name}")


def is_paged(module: Endpoint) -> bool:
    """Return True if the operation has page numbers."""
    return "page" in _parameters(module.build_request)


@cache
def _parameters(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(function).parameters


def _mismatch(module: Endpoint, given: dict[str, Any]) -> str | None:
    known = _parameters(module.build_request)
    unknown = sorted(given.keys() - known.keys())
    if unknown:
        return f"it does not take {', '.join(unknown)}"
    missing = _missing(module, given)
    return f"it cannot be called without {', '.join(missing)}" if missing else None


def _missing(module: Endpoint, given: Mapping[str, Any]) -> list[str]:
    return [
        name
        for name, parameter in _parameters(module.build_request).items()
        if parameter.default is inspect.Parameter.empty and name not in given
    ]


def _unavailable(operation: str, reason: str) -> OperationUnavailable:
    from korus_api import API_VERSION  # noqa: PLC0415 (only on the way to an error)

    return OperationUnavailable(
        f"{operation}: {reason} in version {API_VERSION} of the API's description, from which this korus was "
        "generated",
        operation=operation,
    )
