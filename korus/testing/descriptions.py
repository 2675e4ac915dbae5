"""Descriptions of the API for checks of recorded traffic: the operations, looked up by request.

Accepts any OpenAPI 3.0 or 3.1 document, and corrects nothing in it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from attrs import field, frozen

from korus.testing import plainyaml
from korus.testing.plainvalues import as_list, as_mapping, is_list, is_mapping

__all__ = ["METHODS", "Description", "DescriptionUnreadable", "Operation", "Parameter", "escape", "read"]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class DescriptionUnreadable(ValueError):
    """A file that is not an OpenAPI description."""


def escape(step: str | int) -> str:
    """One step of a JSON pointer."""
    return str(step).replace("~", "~0").replace("/", "~1")


@frozen(kw_only=True)
class Parameter:
    """A parameter of an operation.

    Attributes:
        name: As on the wire.
        place: ``path``, ``query``, ``header`` or ``cookie``.
        required: True if it has to be sent.
        schema: Its schema.
        pointer: The place of the schema in the description.
        style: The OpenAPI style.
        explode: True if a list is sent as several pairs.
    """

    name: str
    place: str
    required: bool
    schema: Any
    pointer: str
    style: str
    explode: bool


@frozen(kw_only=True)
class Operation:
    """An operation of a description.

    Attributes:
        method: Upper case.
        path: The template, as in the description.
        operation_id: The description's id, empty if it has none.
        pointer: The place of the operation in the description.
        node: The operation object.
        parameters: Its own and its path's.
    """

    method: str
    path: str
    operation_id: str
    pointer: str
    node: Mapping[str, Any] = field(repr=False)
    parameters: tuple[Parameter, ...] = field(repr=False)

    @property
    def name(self) -> str:
        """Its name in reports: ``GET /v1/x/{id}``."""
        return f"{self.method} {self.path}"

    @property
    def statuses(self) -> tuple[str, ...]:
        """The documented statuses as written: ``200``, ``4XX``, ``default``."""
        return tuple(as_mapping(self.node.get("responses")))

    @property
    def success_statuses(self) -> tuple[str, ...]:
        """The documented statuses that are successes."""
        return tuple(status for status in self.statuses if status.startswith("2"))


@frozen(kw_only=True, eq=False)
class Description:
    """A description with its operations.

    Attributes:
        document: The parsed document.
        version: ``info.version``.
        sha256: The digest of the file's bytes, empty if there was no file.
        operations: All operations, those of the most specific paths first.
        templates: Their paths as patterns, with the names of the parameters in them.
        bases: The paths that its servers put before those of operations.
    """

    document: Mapping[str, Any] = field(repr=False)
    version: str
    sha256: str = ""
    operations: tuple[Operation, ...] = field(repr=False)
    templates: tuple[tuple[re.Pattern[str], tuple[str, ...], Operation], ...] = field(repr=False)
    bases: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(cls, document: Any, *, sha256: str = "") -> Description:
        """Build a description of a parsed document.

        Raises:
            DescriptionUnreadable: It is not an OpenAPI document.
        """
        if not is_mapping(document) or not isinstance(document.get("paths"), Mapping):
            raise DescriptionUnreadable("it has no paths, so it is not an OpenAPI description")
        whole = document
        operations = sorted(_operations(whole), key=_specificity)
        templates = tuple((*_compile(operation.path), operation) for operation in operations)
        servers = [as_mapping(server).get("url") for server in as_list(whole.get("servers"))]
        bases = {urlsplit(str(url)).path.rstrip("/") for url in servers if url} - {""}
        return cls(
            document=whole,
            version=str(as_mapping(whole.get("info")).get("version", "")),
            sha256=sha256,
            operations=tuple(operations),
            templates=templates,
            bases=tuple(sorted(bases, key=len, reverse=True)),
        )

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """Return the operation of a request, and its path parameters as sent."""
        candidates = [path.removeprefix(base) for base in self.bases if path.startswith(f"{base}/")]
        for candidate in (*candidates, path):
            for pattern, names, operation in self.templates:
                found = pattern.fullmatch(candidate) if operation.method == method.upper() else None
                if found is not None:
                    return operation, dict(zip(names, map(unquote, found.groups()), strict=True))
        return None

    def is_secured(self, operation: Operation) -> bool:
        """Return True if an operation needs credentials: an empty alternative means that it does not."""
        wanted = as_list(operation.node.get("security", self.document.get("security")))
        return bool(wanted) and all(bool(one) for one in wanted)

    def covers(self, path: str) -> bool:
        """Return True if a path is below the paths of this description, described or not."""
        firsts = {operation.path.split("/")[1] for operation in self.operations if operation.path.count("/")}
        candidates = [path.removeprefix(base) for base in self.bases if path.startswith(f"{base}/")]
        return any(one.split("/")[1:2] and one.split("/")[1] in firsts for one in (*candidates, path))

    def resolve(self, reference: str) -> Any:
        """Return the target of an internal reference, None without one."""
        return _resolve(self.document, reference)

    def follow(self, node: Any, pointer: str) -> tuple[Any, str]:
        """Follow references: return the node itself, or the target, and its pointer."""
        return _follow(self.document, node, pointer)


def _resolve(document: Mapping[str, Any], reference: str) -> Any:
    if not reference.startswith("#"):
        return None
    node: Any = document
    for raw in reference[1:].split("/")[1:]:
        step = unquote(raw).replace("~1", "/").replace("~0", "~")
        if is_mapping(node):
            node = node.get(step)
        elif is_list(node) and step.isdigit() and int(step) < len(node):
            node = node[int(step)]
        else:
            return None
    return node


def _follow(document: Mapping[str, Any], node: Any, pointer: str) -> tuple[Any, str]:
    passed: set[str] = set()
    while is_mapping(node) and isinstance(node.get("$ref"), str):
        reference = str(node["$ref"])
        if reference in passed:
            break
        passed.add(reference)
        node, pointer = _resolve(document, reference), reference
    return node, pointer


def _operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    for path, found in as_mapping(document["paths"]).items():
        item, pointer = _follow(document, found, f"#/paths/{escape(path)}")
        shared = as_mapping(item)
        for method in METHODS:
            node = shared.get(method)
            if not is_mapping(node):
                continue
            own = node
            parameters: dict[tuple[str, str], Parameter] = {}
            for holder, where in ((shared, pointer), (own, f"{pointer}/{method}")):
                for number, raw in enumerate(as_list(holder.get("parameters"))):
                    parameter = _parameter(document, raw, f"{where}/parameters/{number}")
                    parameters[parameter.place, parameter.name] = parameter
            yield Operation(
                method=method.upper(),
                path=str(path),
                operation_id=str(own.get("operationId", "")),
                pointer=f"{pointer}/{method}",
                node=own,
                parameters=tuple(parameters.values()),
            )


def _parameter(document: Mapping[str, Any], raw: Any, pointer: str) -> Parameter:
    node, pointer = _follow(document, raw, pointer)
    found = as_mapping(node)
    place = str(found.get("in", "query"))
    style = str(found.get("style", "form" if place in {"query", "cookie"} else "simple"))
    return Parameter(
        name=str(found.get("name", "")),
        place=place,
        required=found.get("required") is True,
        schema=found.get("schema", {}),
        pointer=f"{pointer}/schema",
        style=style,
        explode=bool(found.get("explode", style == "form")),
    )


def _specificity(operation: Operation) -> tuple[int, int, str]:
    return operation.path.count("{"), -len(operation.path), operation.path


def _compile(path: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    names: list[str] = []
    parts: list[str] = []
    for text, name in re.findall(r"([^{]*)(?:\{([^}]*)\})?", path):
        parts.append(re.escape(text))
        if name:
            names.append(name)
            parts.append("([^/]+)")
    return re.compile("".join(parts) + "/?"), tuple(names)


def read(path: Path | str) -> Description:
    """Read a description from a YAML or JSON file.

    Raises:
        DescriptionUnreadable: The file is not an OpenAPI description.
        FileNotFoundError: There is no such file.
    """
    content = Path(path).read_bytes()
    try:
        document = plainyaml.load(content.decode("utf-8"))
        return Description.of(document, sha256=hashlib.sha256(content).hexdigest())
    except (UnicodeDecodeError, plainyaml.YamlUnreadable, DescriptionUnreadable) as error:
        raise DescriptionUnreadable(f"{path}: {error}") from error


def newest(descriptions: Iterable[Description]) -> Description:
    """Return the description with the highest version; ``release`` is newer than any number (reference, versions)."""

    def order(description: Description) -> tuple[int, list[int], str]:
        numbers = [int(number) for number in re.findall(r"\d+", description.version)]
        return (2 if description.version == "release" else 1 if numbers else 0), numbers, description.version

    return max(descriptions, key=order)
