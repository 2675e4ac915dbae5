"""The descriptions of the API on disk: read and write them, put their versions in order, keep the lock.

Every tool that needs a description gets it from here, so that all of them read YAML by the same rules
(those of YAML 1.2, where ``no`` is a word and ``2026-04-18`` is text), agree which version is newer and
trust the same lock. This module downloads nothing, corrects nothing and generates nothing: see
``scripts.fetch``, ``scripts.overlay`` and ``scripts.generate``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from urllib.parse import unquote

import yaml
from attrs import evolve, field, frozen
from yaml.constructor import ConstructorError
from yaml.parser import ParserError
from yaml.scanner import ScannerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "FOLDER",
    "TITLE",
    "CutShortError",
    "Description",
    "DescriptionError",
    "Document",
    "Generator",
    "Lock",
    "OtherApiError",
    "api_version",
    "check_whole",
    "descriptions",
    "dump",
    "entries",
    "file_name",
    "find",
    "is_reconstructed",
    "load",
    "lock_text",
    "mapping",
    "parse",
    "read_lock",
    "resolve",
    "sha256",
    "version_key",
    "versions",
    "write_lock",
    "write_whole",
]

FOLDER = Path(__file__).resolve().parent.parent / "openapi"
"""Where the project keeps its descriptions, the overlay and the lock."""

TITLE = "KorusTicket API"
"""What ``info.title`` says in every description of this API (section 1.2 of the API reference)."""

LOCK_NAME = "lock.toml"

Document: TypeAlias = dict[str, Any]
"""An OpenAPI document as plain values: what JSON could hold, with text for every mapping key."""

SUFFIXES = (".yaml", ".yml", ".json")
# A plus sign is kept for the second file of a version: <version>+<start of its sha256>.yaml
VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]*")
NUMBERED = re.compile(r"v?([0-9]+(?:\.[0-9]+)*)(?:[.-]?([0-9A-Za-z._-]*))?")


class DescriptionError(Exception):
    """A description or the lock is missing, cannot be read, or is not what it should be."""


class CutShortError(DescriptionError):
    """The text ends before the document does, or the document lacks what every description has."""


class OtherApiError(DescriptionError):
    """The document is in order, but describes another API."""


# --- reading and writing YAML and JSON ------------------------------------------------------------

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

# The core schema of YAML 1.2 (chapter 10.3 of its specification); merge keys stay, for they are common.
_CORE: tuple[tuple[str, str, str], ...] = (
    ("tag:yaml.org,2002:null", r"^(?:~|null|Null|NULL|)$", "~nN\0"),
    ("tag:yaml.org,2002:bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("tag:yaml.org,2002:int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", "-+0123456789"),
    (
        "tag:yaml.org,2002:float",
        (
            r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
            r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
        ),
        "-+.0123456789",
    ),
    ("tag:yaml.org,2002:merge", r"^<<$", "<"),
)


class _CoreLoader(_Loader):  # type: ignore[misc] # the base is chosen at run time
    """Reads YAML by the core schema of YAML 1.2, with text for every mapping key."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - as in PyYAML

    def construct_integer(self, node: Any) -> int:
        text = str(node.value)
        return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        stated: set[str] = set()
        for key_node, _ in node.value:
            key = str(key_node.value)  # 200 and "200" are the same key, as in JSON
            problem = f"the key {key!r} stands twice" if key in stated else None
            if not isinstance(key_node, yaml.ScalarNode):
                problem = "a key is not text"
            if problem:
                raise ConstructorError(None, None, problem, key_node.start_mark)
            stated.add(key)
        self.flatten_mapping(node)
        return {str(key.value): self.construct_object(value, deep=deep) for key, value in node.value}

    def construct_tree(self, node: Any) -> Any:
        found: dict[Any, Any] = {}
        yield found
        found.update(self.construct_mapping(node))


for _tag, _pattern, _first in _CORE:
    _CoreLoader.add_implicit_resolver(_tag, re.compile(_pattern), [c if c != "\0" else "" for c in _first])
_CoreLoader.add_constructor("tag:yaml.org,2002:int", _CoreLoader.construct_integer)
_CoreLoader.add_constructor("tag:yaml.org,2002:map", _CoreLoader.construct_tree)


class _CarefulDumper(_Dumper):  # type: ignore[misc] # the base is chosen at run time
    """Writes YAML that readers of YAML 1.1 and of YAML 1.2 take for the same values."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {  # noqa: RUF012 - as in PyYAML
        first: list(pairs) for first, pairs in _Dumper.yaml_implicit_resolvers.items()
    }

    def ignore_aliases(self, data: Any) -> bool:
        del data  # anchors say nothing to a reader of a description: the same value is written out each time
        return True


for _tag, _pattern, _first in _CORE[2:4]:
    _CarefulDumper.add_implicit_resolver(_tag, re.compile(_pattern), list(_first))


def _text(dumper: Any, value: str) -> Any:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_CarefulDumper.add_representer(str, _text)


def parse(text: str | bytes, *, name: str = "the description") -> Document:
    """Read a description from its text, YAML or JSON.

    YAML is read by the core schema of YAML 1.2: ``no``, ``on`` and ``2026-04-18`` are text. Mapping keys
    are always text (``200:`` is ``"200"``).

    Args:
        text: The whole file; bytes are taken as UTF-8, with or without a byte order mark.
        name: How to call it in an error.

    Raises:
        CutShortError: The text ends in the middle of something.
        DescriptionError: The text is not UTF-8, not YAML or JSON, repeats a key, or is not a mapping.
    """
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text
    except UnicodeDecodeError as error:
        raise DescriptionError(f"{name} is not UTF-8 text: {error.reason} at byte {error.start}") from error
    content = _values(decoded, name)
    if not isinstance(content, dict):
        raise DescriptionError(f"{name} is not a mapping but {type(content).__name__}")
    return cast("Document", content)


def _values(text: str, name: str) -> object:
    broken: json.JSONDecodeError | None = None
    if text.lstrip().startswith("{"):
        try:
            return cast("object", json.loads(text))
        except json.JSONDecodeError as error:
            broken = error  # a flow mapping of YAML starts with a brace too
    try:
        return cast("object", yaml.load(text, Loader=_CoreLoader))  # noqa: S506 - a safe loader, with fewer tags
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if broken is not None:
            at_end = broken.msg.startswith("Unterminated") or broken.pos >= len(text.rstrip())
            raise _broken(at_end)(f"{name} is not JSON: {broken}") from error
        # what is read well but means nothing was not cut
        read = not isinstance(error, ScannerError | ParserError)
        mark = None if read else getattr(error, "problem_mark", None)
        at_end = mark is not None and mark.line >= text.rstrip().count("\n")
        raise _broken(at_end)(f"{name} is not YAML: {_first_line(error)}") from error


def _broken(at_end: bool) -> type[DescriptionError]:
    """Choose the error for a text that cannot be parsed: what goes wrong at its end was cut short."""
    return CutShortError if at_end else DescriptionError


def _first_line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
    return f"{problem}, line {mark.line + 1}" if mark is not None else str(problem)


def load(path: Path) -> Document:
    """Read the description in a file.

    Raises:
        DescriptionError: The file is missing or cannot be read as a description.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DescriptionError(f"cannot read {path}: {error.strerror}") from error
    return parse(content, name=path.name)


def dump(document: Document) -> str:
    """Write a document as YAML: keys as ordered, no anchors, quotes wherever YAML 1.1 and 1.2 disagree."""
    text: str = yaml.dump(
        document,
        Dumper=_CarefulDumper,
        sort_keys=False,
        allow_unicode=True,
        width=116,
        default_flow_style=False,
    )
    return text


def mapping(value: object) -> Document:
    """Give a value if it is a mapping, and an empty one if not: for documents that may be anything."""
    return cast("Document", value) if isinstance(value, dict) else {}


def entries(value: object) -> Sequence[Any]:
    """Give a value if it is a list, and an empty one if not."""
    return cast("Sequence[Any]", value) if isinstance(value, list) else ()


def resolve(document: Document, reference: str) -> Any:
    """Give what a local reference (``#/components/schemas/…``) points at.

    Raises:
        DescriptionError: The reference is not local, or nothing stands there.
    """
    if not reference.startswith("#"):
        raise DescriptionError(f"{reference} does not point into the document")
    node: Any = document
    for part in filter(None, unquote(reference[1:]).split("/")):
        key = part.replace("~1", "/").replace("~0", "~")
        try:
            node = node[int(key) if isinstance(node, list) else key]
        except (KeyError, IndexError, ValueError, TypeError):
            raise DescriptionError(f"nothing stands at {reference}") from None
    return node


# --- versions -------------------------------------------------------------------------------------


def version_key(version: str) -> tuple[int, tuple[int, ...], int, str]:
    """Give the place of a version among the others; use it as a sort key.

    ``dev`` is the oldest, numbered versions follow their numbers (``1.0.7`` before ``1.0.10``,
    ``2.0.0-rc1`` before ``2.0.0``), any other name but ``release`` comes after them, and ``release`` is the
    newest.
    """
    if version == "dev":
        return (0, (), 0, "")
    if version == "release":
        return (3, (), 0, "")
    match = NUMBERED.fullmatch(version)
    if match is None:
        return (2, (), 0, version)
    numbers = [int(part) for part in match[1].split(".")]
    while numbers and numbers[-1] == 0:  # 1.0 and 1.0.0 are the same place
        numbers.pop()
    tail = match[2] or ""
    return (1, tuple(numbers), 0 if tail else 1, tail or version)


def file_name(version: str, *, suffix: str = ".yaml") -> str:
    """Give the name of the file of a version.

    Raises:
        DescriptionError: The version holds characters that no file here is called by.
    """
    if not VERSION.fullmatch(version):
        raise DescriptionError(f"a file cannot be named after the version {version!r}")
    return f"{version}{suffix}"


def descriptions(folder: Path = FOLDER) -> dict[str, Path]:
    """Give the description files in a folder by version, oldest first.

    A second file of a version (``1.0.38+1a2b3c4d.yaml``), the overlay and the lock are not among them.
    """
    found = {
        path.stem: path
        for suffix in SUFFIXES
        for path in sorted(folder.glob(f"*{suffix}"))
        if VERSION.fullmatch(path.stem) and path.stem != "overlay"
    }
    return {version: found[version] for version in sorted(found, key=version_key)}


def versions(folder: Path = FOLDER) -> list[str]:
    """Name the versions of which there is a description, oldest first."""
    return list(descriptions(folder))


def find(version: str, folder: Path = FOLDER) -> Path:
    """Give the description file of a version.

    Raises:
        DescriptionError: There is none.
    """
    found = descriptions(folder)
    if version not in found:
        raise DescriptionError(f"no description of version {version}; there are {', '.join(found) or 'none'}")
    return found[version]


# --- what a document says of itself ---------------------------------------------------------------


def api_version(document: Document) -> str:
    """Check that a document is an OpenAPI 3 description of this API, and give its version.

    Raises:
        DescriptionError: It is not an OpenAPI 3 document.
        CutShortError: It is one, but lacks its title, its version or its paths.
        OtherApiError: It describes another API: its title differs.
    """
    stated = document.get("openapi")
    if not (isinstance(stated, str) and re.fullmatch(r"3\.[0-9]+(\.[0-9]+)?(-\S+)?", stated)):
        raise DescriptionError("it is not an OpenAPI 3 document: it does not say `openapi: 3.x`")
    about = mapping(document.get("info"))
    title: object = about.get("title")
    if not isinstance(title, str):
        raise CutShortError("it has no `info.title`")
    if " ".join(title.split()).casefold() != TITLE.casefold():
        raise OtherApiError(f"it describes {title!r}, not {TITLE!r}")
    version: object = about.get("version")
    # an unquoted `version: 2.0` reads as a number
    if isinstance(version, bool) or not isinstance(version, str | int | float) or version == "":
        raise CutShortError("it has no `info.version`")
    if not mapping(document.get("paths")):
        raise CutShortError("it has no `paths`")
    return str(version)


def check_whole(document: Document) -> None:
    """Check that nothing is missing that the document itself speaks of.

    Raises:
        CutShortError: A local reference points at nothing, or an operation has a tag that the list of tags
        lacks.
    """
    for reference in dict.fromkeys(_references(document)):
        try:
            resolve(document, reference)
        except DescriptionError:
            raise CutShortError(f"it refers to {reference}, which is not in it") from None
    declared = {mapping(tag).get("name") for tag in entries(document.get("tags"))}
    used = {
        tag
        for path in mapping(document.get("paths")).values()
        for operation in mapping(path).values()
        for tag in entries(mapping(operation).get("tags"))
    }
    if declared and used - declared:
        missing = ", ".join(sorted(str(tag) for tag in used - declared))
        raise CutShortError(f"its list of tags lacks some that operations have: {missing}")


def _references(node: object) -> Iterator[str]:
    for one in entries(node):
        yield from _references(one)
    for key, value in mapping(node).items():
        if key == "$ref" and isinstance(value, str):
            if value.startswith("#"):
                yield value
        elif key not in {"example", "examples", "default", "const", "enum"}:  # what stands there is not read
            yield from _references(value)


def is_reconstructed(document: Document) -> bool:
    """Tell whether a description says of itself that it was reconstructed, not downloaded."""
    return mapping(mapping(document.get("info")).get("x-provenance")).get("origin") == "reconstructed"


# --- the lock -------------------------------------------------------------------------------------


@frozen
class Description:
    """What the lock says of one description file.

    Attributes:
        file: Its name in the folder.
        sha256: Of its bytes, 64 hexadecimal digits.
        origin: ``reconstructed`` or ``downloaded``.
        url: Where it was downloaded from.
        fetched: When, as an RFC 3339 timestamp in UTC.
    """

    file: str
    sha256: str
    origin: str
    url: str | None = None
    fetched: str | None = None


@frozen
class Generator:
    """The generator of the raw client, pinned."""

    name: str = "openapi-python-client"
    version: str = "0.29.1"


def _in_order(value: dict[str, Description]) -> dict[str, Description]:
    return {version: value[version] for version in sorted(value, key=version_key)}


@frozen
class Lock:
    """What the project is built from.

    Attributes:
        current: The version that ``generated/`` is made from.
        descriptions: Every description file by its version, oldest first.
        generator: What generates the raw client.
    """

    current: str
    descriptions: dict[str, Description] = field(converter=_in_order)
    generator: Generator = Generator()

    def with_description(self, version: str, description: Description, *, current: bool) -> Lock:
        """Give this lock with one description added or replaced, and made the current one if so asked."""
        return evolve(
            self,
            current=version if current else self.current,
            descriptions={**self.descriptions, version: description},
        )


def read_lock(folder: Path = FOLDER) -> Lock:
    """Read the lock of a folder of descriptions.

    Raises:
        DescriptionError: It is missing, is not TOML, or lacks something.
    """
    path = folder / LOCK_NAME
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DescriptionError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise DescriptionError(f"{path} is not TOML: {error}") from error
    try:
        return Lock(
            current=content["current"],
            descriptions={
                version: Description(**entry) for version, entry in content.get("descriptions", {}).items()
            },
            generator=Generator(**content["generator"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise DescriptionError(f"{path} is incomplete: {error}") from error


def lock_text(lock: Lock) -> str:
    """Write a lock as TOML."""

    def text(value: str) -> str:
        # a JSON string is a TOML basic string, but for the one control character that JSON lets stand
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

    lines = [
        "# Written by `python -m scripts.fetch` and `python -m scripts.reconstruct`: which descriptions",
        "# there are, which of them generated/ is made from, and with what.",
        f"current = {text(lock.current)}",
        "",
        "[generator]",
        f"name = {text(lock.generator.name)}",
        f"version = {text(lock.generator.version)}",
    ]
    for version, entry in lock.descriptions.items():
        lines += ["", f"[descriptions.{text(version)}]"]
        pairs = (
            ("file", entry.file),
            ("sha256", entry.sha256),
            ("origin", entry.origin),
            ("url", entry.url),
            ("fetched", entry.fetched),
        )
        lines += [f"{key} = {text(value)}" for key, value in pairs if value is not None]
    return "\n".join(lines) + "\n"


def write_lock(lock: Lock, folder: Path = FOLDER) -> None:
    """Write the lock of a folder of descriptions, whole or not at all."""
    write_whole(folder / LOCK_NAME, lock_text(lock).encode())


def sha256(content: bytes) -> str:
    """Give the SHA-256 of some bytes as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: beside its place first, then moved there.

    Raises:
        OSError: It could not be written; what stood there is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
