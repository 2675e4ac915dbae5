"""Description with the other files of its folder to which it refers.

Every place has a *location*: its JSON Pointer, with the file's name before a ``#`` where it is another file. Nothing is
downloaded: a reference to another host is an error.
"""

from __future__ import annotations

import json
import posixpath
import re
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from scripts.descriptions.errors import DescriptionError, NotOpenApiError, UnresolvedError
from scripts.descriptions.pointers import child, escape, unescape
from scripts.descriptions.reading import lines_of, read
from scripts.descriptions.values import Json, Object, as_object, is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from urllib.parse import SplitResult

__all__ = ["Source", "split"]

SECTIONS = ("paths", "components", "webhooks", "info")
_VERSION = re.compile(r"3\.\d+(\.\d+)?(-\S+)?")


def split(location: str) -> tuple[str, str]:
    """Return the file and the pointer of a location; a key of the pointer may contain the separator, too."""
    if not location or location.startswith("/"):
        return "", location
    file, _, pointer = location.partition("#")
    return file, pointer


class Source:
    """OpenAPI document: its content, its dialect, and the targets of its references.

    Attributes:
        path: Its file.
        root: The content of that file.
        dialect: The dialect of its schemas, ``3.0`` or ``3.1``.
    """

    def __init__(self, path: Path, root: Json) -> None:
        self.path = path
        self.root = _checked(path, root)
        self.version = str(self.root["openapi"])
        self.dialect = "3.0" if self.version.startswith("3.0") else "3.1"
        self._own = str(self.root.get("$self") or "")
        self._files: dict[str, Json] = {"": self.root}
        self._found: dict[str, Json] = {"": self.root}
        self._anchors: dict[str, dict[str, str]] = {}
        self._bases: dict[str, str] | None = None
        self._lines: dict[str, dict[str, int]] = {}
        self._following: set[str] = set()
        self._behind: dict[str, str] = {}

    # --- places --------------------------------------------------------------------------------------------------

    def at(self, location: str) -> Json:
        """Return the value at a location.

        Raises:
            UnresolvedError: The location does not exist.
        """
        found = self._found
        if location in found:
            return found[location]
        parent, slash, part = location.rpartition("/")
        if slash and (location[0] == "/" or "#" in parent):
            holder = self.at(parent)
            try:
                node = child(holder, unescape(part))
            except LookupError:
                node = self._beyond(holder, parent, part, location)
        else:
            node = self._file(split(location)[0])
        found[location] = node
        return node

    def _beyond(self, holder: Json, parent: str, part: str, location: str) -> Json:
        """Return the value at a location whose parent is a reference."""
        reference = as_object(holder).get("$ref")
        if not isinstance(reference, str) or parent in self._following:
            raise UnresolvedError(f"{self.path}: {location} does not exist")
        self._following.add(parent)
        try:
            goal = self.target(reference, self.real(parent))
            self._behind[location] = f"{goal}/{part}"
            return self.at(self._behind[location])
        finally:
            self._following.discard(parent)

    def real(self, location: str) -> str:
        """Return the location in its own file of a value that was found at a location, possibly behind references."""
        around = location
        while around not in self._behind:
            around = around.rpartition("/")[0]
            if not around:
                return location
        return self.real(self._behind[around]) + location[len(around) :]

    def define(self, location: str, content: Json) -> None:
        """Add a value at a location of this document itself."""
        self._found[location] = content

    def forget(self) -> None:
        """Clear the cached locations after the content was changed."""
        self._found = {"": self.root}
        self._anchors = {}
        self._behind = {}
        if self._bases:
            self._bases = None

    def line(self, location: str) -> tuple[str, int] | None:
        """Return the file and line of a location, or of its parent if it has none of its own."""
        file, pointer = split(location)
        path = self.path.parent / file if file else self.path
        if file not in self._lines:
            try:
                self._lines[file] = lines_of(path.read_bytes(), name=path.name)
            except (OSError, DescriptionError):
                self._lines[file] = {}
        lines = self._lines[file]
        while pointer and pointer not in lines:
            pointer = pointer.rpartition("/")[0]
        return (str(path), lines.get(pointer, 1)) if lines else None

    def _file(self, name: str) -> Json:
        if name not in self._files:
            base = self.path.parent.resolve()
            try:
                path = (base / name).resolve()
            except (ValueError, OSError, RuntimeError) as error:
                raise UnresolvedError(f"{self.path}: {name!r} cannot be resolved: {error}") from None
            if not path.is_relative_to(base):
                raise UnresolvedError(f"{self.path}: {name} is outside the document's folder")
            try:
                self._files[name] = read(path)
            except DescriptionError as error:
                raise UnresolvedError(
                    f"{self.path}: a reference to {name} cannot be resolved: {error}"
                ) from error
        return self._files[name]

    # --- references ------------------------------------------------------------------------------------------------

    def _address(self, reference: str) -> SplitResult:
        if self._own and reference.partition("#")[0] == self._own:
            reference = f"#{reference.partition('#')[2]}"
        try:
            address = urlsplit(reference)
        except ValueError as error:
            raise UnresolvedError(f"{self.path}: {reference} cannot be resolved: {error}") from None
        if address.scheme or address.netloc:
            raise UnresolvedError(
                f"{self.path}: {reference} cannot be resolved: it is not in the document's folder"
            )
        return address

    def target(self, reference: str, location: str) -> str:
        """Return the target location of a reference at a location.

        Raises:
            UnresolvedError: The target does not exist.
        """
        file, pointer = split(location)
        named = self._named(reference, pointer) if not file else None
        if named is not None:
            return named
        address = self._address(reference)
        if address.path:
            file = posixpath.normpath(posixpath.join(posixpath.dirname(file), unquote(address.path)))
            if file == self.path.name:
                file = ""
        fragment = unquote(address.fragment)
        if fragment and not fragment.startswith("/"):
            fragment = self._anchor(file, fragment, reference)
        fragment = fragment.removesuffix("/") if fragment == "/" else fragment
        goal = f"{file}#{fragment}" if file else fragment
        try:
            self.at(goal)
        except UnresolvedError as error:
            if "cannot be resolved" in str(error) or "outside" in str(error):
                raise
            raise UnresolvedError(f"{self.path}: {reference} does not exist") from None
        return goal

    def reference(self, goal: str, location: str) -> str:
        """Write the reference that leads from one location to another."""
        here, (file, pointer) = split(location)[0], split(goal)
        pointer = pointer.replace("%", "%25").replace("#", "%23")
        if file == here:
            return f"#{pointer}"
        name = file or self.path.name
        return f"{posixpath.relpath(name, posixpath.dirname(here) or '.')}#{pointer}"

    def _named(self, reference: str, location: str) -> str | None:
        """Return the target of a reference by the `$id` of a schema, its own or that of a parent."""
        if self._bases is None:
            told = self.dialect == "3.1" and '"$id"' in json.dumps(self.root, default=str)
            self._bases = dict(_bases(self.root, self._own)) if told else {}
        if not self._bases:
            return None
        around = location
        while around and around not in self._bases:
            around = around.rpartition("/")[0]
        address, fragment = urldefrag(urljoin(self._bases.get(around, self._own), reference))
        for place, base in self._bases.items():
            if base == address and (not fragment or fragment.startswith("/")):
                goal = place + unquote(fragment)
                with suppress(UnresolvedError):
                    self.at(goal)
                    return goal
        return None

    def _anchor(self, file: str, name: str, reference: str) -> str:
        if file not in self._anchors:
            anchors: dict[str, str] = {}
            stack: list[tuple[str, Json]] = [("", self._file(file))]
            while stack:
                pointer, node = stack.pop()
                if is_object(node):
                    for keyword in ("$anchor", "$dynamicAnchor"):
                        if isinstance(node.get(keyword), str):
                            anchors.setdefault(node[keyword], pointer)
                    stack.extend((f"{pointer}/{escape(key)}", part) for key, part in node.items())
                elif is_list(node):
                    stack.extend((f"{pointer}/{i}", part) for i, part in enumerate(node))
            self._anchors[file] = anchors
        if name not in self._anchors[file]:
            raise UnresolvedError(f"{self.path}: {reference} does not exist")
        return self._anchors[file][name]

    def follow(self, location: str) -> str:
        """Return the location after following all references there that have no siblings.

        Raises:
            UnresolvedError: A reference has no target, or is circular.
        """
        seen = {location}
        while True:
            reference = as_object(self.at(location)).get("$ref")
            if not isinstance(reference, str):
                return location
            location = self.target(reference, location)
            if location in seen:
                raise UnresolvedError(f"{self.path}: the reference at {location} is circular")
            seen.add(location)


def _bases(root: Object, base: str) -> Iterator[tuple[str, str]]:
    """Find the schemas with an `$id`: location and address of each."""
    todo: list[tuple[str, Json, str]] = [("", root, base)]
    while todo:
        place, node, around = todo.pop()
        if is_object(node):
            if isinstance(node.get("$id"), str):
                around = urldefrag(urljoin(around, node["$id"]))[0]
                yield place, around
            todo += [(f"{place}/{escape(key)}", part, around) for key, part in node.items()]
        elif is_list(node):
            todo += [(f"{place}/{number}", part, around) for number, part in enumerate(node)]


def _checked(path: Path, root: Json) -> Object:
    """Check that a document is OpenAPI 3; an empty list or null counts as an empty mapping, as PHP writes it.

    Raises:
        NotOpenApiError: It is not.
    """
    if not is_object(root):
        raise NotOpenApiError(f"{path} is not an OpenAPI document: it is not a mapping")
    stated = root.get("openapi")
    if not (isinstance(stated, str) and _VERSION.fullmatch(stated)):
        known = "it is Swagger 2" if "swagger" in root else "`openapi` must be `3.x`"
        raise NotOpenApiError(f"{path} is not an OpenAPI 3 document: {known}")
    if not stated.startswith(("3.0", "3.1", "3.2")):
        raise NotOpenApiError(f"{path} has `openapi: {stated}`; only 3.0, 3.1 and 3.2 are supported")
    for key in SECTIONS:
        if key in root and not root[key] and not is_object(root[key]):
            root[key] = {}
        elif key in root and not is_object(root[key]):
            raise NotOpenApiError(f"{path} is not an OpenAPI 3 document: `{key}` is not a mapping")
    if not any(key in root for key in ("paths", "components", "webhooks")):
        raise NotOpenApiError(
            f"{path} is not an OpenAPI 3 document: it has neither `paths` nor `components` nor `webhooks`"
        )
    return root
