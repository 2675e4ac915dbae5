"""Read OpenAPI documents, and find what their references point at.

A document is its file and whichever other files of its folder it refers to. Every place in it has a *location*: the
JSON Pointer, with the file's name before a ``#`` where it is another file. Nothing here knows what a schema means,
and nothing is downloaded: a reference to another host is an error.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from scripts import descriptions
from scripts.descriptions.pointers import escape, unescape
from scripts.descriptions.values import Json, as_list, as_object, is_list, is_object

if TYPE_CHECKING:
    from pathlib import Path
    from urllib.parse import SplitResult

__all__ = [
    "ComparisonError",
    "Document",
    "NotOpenApiError",
    "UnreadableError",
    "UnresolvedError",
]

# what stands under these is a value of the API, not a part of the description
VALUES = frozenset({"example", "examples", "default", "enum", "const"})


class ComparisonError(Exception):
    """A document cannot be compared. The message is one line."""

    exit_status = 3


class UnreadableError(ComparisonError):
    """A file is missing, is not text, or is neither YAML nor JSON."""

    exit_status = 3


class NotOpenApiError(ComparisonError):
    """A file was read, but is not an OpenAPI 3 document."""

    exit_status = 4


class UnresolvedError(ComparisonError):
    """A ``$ref`` points at nothing, in circles, or outside the document's folder."""

    exit_status = 5


def _split(location: str) -> tuple[str, str]:
    """Give the file and the pointer of a location; a key of the pointer may hold the mark between them, too."""
    if not location or location.startswith("/"):
        return "", location
    file, _, pointer = location.partition("#")
    return file, pointer


def read(path: Path) -> Json:
    """Read a YAML (by the core schema of YAML 1.2) or JSON file.

    Raises:
        UnreadableError: The file is missing, is neither, or repeats a key.
    """
    try:
        return descriptions.read(path)
    except descriptions.DescriptionError as error:
        raise UnreadableError(str(error)) from error


class Document:
    """One OpenAPI document: its content, its dialect, and what its references point at.

    Attributes:
        path: The file it was read from.
        root: The content of that file.
        dialect: ``3.0`` or ``3.1``: in which dialect its schemas are written.
    """

    def __init__(self, path: Path, root: Json) -> None:
        if not isinstance(root, dict):
            raise NotOpenApiError(f"{path} is not an OpenAPI document: it is not a mapping")
        content = as_object(root)
        stated = content.get("openapi")
        if not (isinstance(stated, str) and re.fullmatch(r"3\.\d+(\.\d+)?(-\S+)?", stated)):
            known = "Swagger 2" if "swagger" in content else "no `openapi: 3.x`"
            raise NotOpenApiError(f"{path} is not an OpenAPI 3 document: {known}")
        for key in ("paths", "components", "webhooks", "info"):
            if key in content and not isinstance(content[key], dict):
                raise NotOpenApiError(f"{path} is not an OpenAPI 3 document: `{key}` is not a mapping")
        if not any(key in content for key in ("paths", "components", "webhooks")):
            raise NotOpenApiError(
                f"{path} is not an OpenAPI 3 document: it has neither `paths` nor `components` nor `webhooks`"
            )
        self.path = path
        self.root = content
        self.dialect = "3.0" if stated.startswith("3.0") else "3.1"
        self._files: dict[str, Json] = {"": content}
        self._found: dict[str, Json] = {"": content}
        self._anchors: dict[str, dict[str, str]] = {}

    @classmethod
    def read(cls, path: Path) -> Document:
        """Read a document and check that each of its references can be followed.

        Raises:
            ComparisonError: The file cannot be read, is not OpenAPI 3, or refers to what is not there.
        """
        document = cls(path, read(path))
        document.check_references()
        return document

    # --- places --------------------------------------------------------------------------------------------------

    def at(self, location: str) -> Json:
        """Give what stands at a location."""
        found = self._found
        if location in found:
            return found[location]
        parent, slash, part = location.rpartition("/")
        if slash and (location[0] == "/" or "#" in parent):
            holder = self.at(parent)
            key = unescape(part)
            try:
                node: Json = as_list(holder)[int(key)] if isinstance(holder, list) else holder[key]
            except (KeyError, IndexError, ValueError, TypeError):
                raise UnresolvedError(f"{self.path}: nothing stands at {location}") from None
        else:
            node = self._file(_split(location)[0])
        found[location] = node
        return node

    def define(self, location: str, content: Json) -> None:
        """Let something stand at a location of this document's own."""
        self._found[location] = content

    def _file(self, name: str) -> Json:
        if name not in self._files:
            base = self.path.parent.resolve()
            try:
                path = (base / name).resolve()
            except (ValueError, OSError, RuntimeError) as error:
                raise UnresolvedError(f"{self.path}: {name!r} cannot be followed: {error}") from None
            if not path.is_relative_to(base):
                raise UnresolvedError(f"{self.path}: {name} is outside the document's folder")
            try:
                self._files[name] = read(path)
            except UnreadableError as error:
                raise UnresolvedError(
                    f"{self.path}: a reference to {name} cannot be followed: {error}"
                ) from error
        return self._files[name]

    def _address(self, reference: str) -> SplitResult:
        try:
            return urlsplit(reference)
        except ValueError as error:
            raise UnresolvedError(f"{self.path}: {reference} cannot be followed: {error}") from None

    def target(self, reference: str, location: str) -> str:
        """Give the location that a reference found at a location points at.

        Raises:
            UnresolvedError: Nothing stands there.
        """
        here = _split(location)[0]
        split = self._address(reference)
        if split.scheme or split.netloc:
            raise UnresolvedError(
                f"{self.path}: {reference} cannot be followed: it is not in the document's folder"
            )
        file = here
        if split.path:
            folder = here.rpartition("/")[0]
            parts: list[str] = []
            for part in [*folder.split("/"), *unquote(split.path).split("/")]:
                if part == ".." and parts and parts[-1] != "..":
                    parts.pop()
                elif part not in {"", "."}:
                    parts.append(part)
            file = "/".join(parts)
            if file == self.path.name:
                file = ""
        fragment = unquote(split.fragment)
        if fragment and not fragment.startswith("/"):
            fragment = self._anchor(file, fragment, reference)
        fragment = fragment.removesuffix("/") if fragment == "/" else fragment
        goal = f"{file}#{fragment}" if file else fragment
        try:
            self.at(goal)
        except UnresolvedError as error:
            if "cannot be followed" in str(error) or "outside" in str(error):
                raise
            raise UnresolvedError(f"{self.path}: nothing stands at {reference}") from None
        return goal

    def _anchor(self, file: str, name: str, reference: str) -> str:
        if file not in self._anchors:
            anchors: dict[str, str] = {}
            stack: list[tuple[str, Json]] = [("", self._file(file))]
            while stack:
                pointer, node = stack.pop()
                if isinstance(node, dict):
                    for keyword in ("$anchor", "$dynamicAnchor"):
                        if isinstance(as_object(node).get(keyword), str):
                            anchors.setdefault(as_object(node)[keyword], pointer)
                    stack.extend((f"{pointer}/{escape(key)}", part) for key, part in as_object(node).items())
                elif isinstance(node, list):
                    stack.extend((f"{pointer}/{i}", part) for i, part in enumerate(as_list(node)))
            self._anchors[file] = anchors
        if name not in self._anchors[file]:
            raise UnresolvedError(f"{self.path}: nothing stands at {reference}")
        return self._anchors[file][name]

    def follow(self, location: str) -> str:
        """Give the location that remains once every reference that stands there alone has been followed.

        Raises:
            UnresolvedError: A reference points at nothing or in circles.
        """
        seen = {location}
        while True:
            node = self.at(location)
            if not (isinstance(node, dict) and isinstance(as_object(node).get("$ref"), str)):
                return location
            location = self.target(as_object(node)["$ref"], location)
            if location in seen:
                raise UnresolvedError(f"{self.path}: the reference at {location} points in circles")
            seen.add(location)

    def check_references(self) -> None:
        """Follow each reference once.

        Raises:
            UnresolvedError: One of them cannot be followed.
        """
        done: set[str] = set()
        checked: set[tuple[str, str]] = set()
        stack: list[tuple[str, Json]] = [("", self.root)]
        while stack:
            file, node = stack.pop()
            if isinstance(node, list):
                stack.extend((file, part) for part in as_list(node))
                continue
            for key, part in as_object(node).items():
                if is_object(part) or is_list(part):
                    if key not in VALUES and not key.startswith("x-"):
                        stack.append((file, part))
                elif key == "$ref" and isinstance(part, str) and (file, part) not in checked:
                    checked.add((file, part))
                    goal = self.target(part, f"{file}#" if file else "")
                    other = _split(goal)[0]
                    if other and goal not in done:
                        done.add(goal)
                        stack.append((other, self.at(goal)))
