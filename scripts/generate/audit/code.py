"""Content of the raw client's source as the audit counts it.

A property counts only if it is declared, listed and read (or written); a parameter only if it is a parameter of
`build_request` and added to the request.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import define, field

from scripts.generate.source import constant, expression, read_surface

if TYPE_CHECKING:
    from pathlib import Path

Hint: TypeAlias = ast.expr
"""Type in an annotation."""


@define
class Model:
    """Model class.

    Attributes:
        name: The class name.
        reads: True if it reads responses, False if it writes requests.
        attributes: The types of its attributes by key on the wire.
        extra: The type of the values under other keys, None without them.
    """

    name: str
    reads: bool
    attributes: dict[str, Hint]
    extra: Hint | None


@define
class Endpoint:
    """Module of an operation.

    Attributes:
        module: The module, relative to the package.
        accept: The ``Accept`` header.
        parameters: The types of the parameters by location and name on the wire.
        bodies: The types of the body by the media type that is sent.
        answers: The result types by handled status.
        media: The documented media types by status.
    """

    module: str
    accept: str = ""
    parameters: dict[tuple[str, str], Hint] = field(factory=dict[tuple[str, str], Hint])
    bodies: dict[str, Hint] = field(factory=dict[str, Hint])
    answers: dict[str, Hint | None] = field(factory=dict[str, "Hint | None"])
    media: dict[str, str | None] = field(factory=dict[str, "str | None"])


@define
class Package:
    """Content of a package: classes and values of enumerations by name, operations by method and path."""

    models: dict[str, Model]
    enums: dict[str, list[Any]]
    endpoints: dict[tuple[str, str], Endpoint]
    listed: set[str]


def read_package(folder: Path) -> Package:
    """Return the content of the package in `folder`."""
    surface = read_surface(folder)
    classes = surface.models.values()
    return Package(
        {
            model.name: Model(
                model.name,
                model.reads,
                {
                    each.wire: expression(each.annotation)
                    for each in model.attributes.values()
                    if each.is_used
                },
                _hint(model.extra),
            )
            for model in classes
            if not model.is_enumeration
        },
        {
            model.name: [constant(expression(value)) for value in model.members.values()]
            for model in classes
            if model.is_enumeration
        },
        {
            (operation.method, operation.path): Endpoint(
                operation.module,
                operation.accept,
                {place: expression(hint) for place, hint in operation.sent.items()},
                {media: expression(hint) for media, hint in operation.bodies.items() if hint},
                {status: _hint(hint) for status, hint in operation.answers.items()},
                operation.media,
            )
            for operation in surface.operations.values()
            if operation.is_complete
        },
        surface.listed,
    )


def _hint(text: str | None) -> Hint | None:
    return None if text is None else expression(text)


def names(hint: Hint | None) -> list[str]:
    """Return the classes of a union, without those inside lists."""
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
        return [value for part in parts if (value := constant(part)) is not None]
    return []
