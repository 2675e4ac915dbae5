"""Replay of recorded answers with the raw client of another description, and checks of recorded requests.

Builds that client in a temporary folder with `scripts.generate` and reads the recorded answers with it. It reports
recordings without an operation, answers that cannot be read or do not survive a round trip, values whose type is
another, and requests that do not match the description: the problems of a program after the change of versions.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import enum
import importlib
import json
import sys
import tempfile
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Union
from urllib.parse import urlsplit

import attrs
import httpx
from attrs import frozen

from korus.testing import bodies, cassettes, checking, descriptions, reports
from korus.testing.conformance import Checker
from korus.testing.plainvalues import is_list
from scripts.descriptions import FOLDER, load, read_lock, sha256
from scripts.generate.build import build, corrected

__all__ = ["Outcome", "Trouble", "reread"]

_FIRST_ERROR = 400
_RENAMED = {"undocumented field": "not described", "missing": "missing"}


@frozen(kw_only=True)
class Trouble:
    """Problem of one recorded exchange.

    Attributes:
        kind: ``no operation``, ``no status``, ``not read``, ``changed``, ``kept as it came``, ``not described``,
            ``missing`` or, of a request, ``request``.
        cassette: The file.
        interaction: The number of the exchange, counted from 0.
        operation: ``METHOD /path``.
        pointer: The place in the body.
        message: The description of the problem.
    """

    kind: str
    cassette: str
    interaction: int
    operation: str
    pointer: str
    message: str


@frozen(kw_only=True)
class Outcome:
    """Result of reading all recorded answers.

    Attributes:
        api_version: The version of the description.
        read: The number of answers that were read.
        passed_by: The number of answers of other hosts: tokens and files.
        troubles: The problems.
    """

    api_version: str
    read: int
    passed_by: int
    troubles: tuple[Trouble, ...]

    @property
    def passed(self) -> bool:
        """True if answers were read and there were no problems."""
        return bool(self.read) and not self.troubles

    def as_json(self) -> str:
        """Return the result as JSON."""
        troubles = [attrs.asdict(one) for one in self.troubles]
        found = {
            "api_version": self.api_version,
            "passed": self.passed,
            "read": self.read,
            "troubles": troubles,
        }
        return json.dumps(found, indent=2, ensure_ascii=False)

    def as_table(self) -> str:
        """Return the result as a table."""
        head = ("trouble", "cassette#interaction", "operation", "where", "problem")
        rows = [
            (one.kind, f"{one.cassette}#{one.interaction}", one.operation, one.pointer or "/", one.message)
            for one in self.troubles
        ]
        verdict = f"{len(rows)} problems" if rows else "all were read and written back unchanged"
        if not self.read:
            verdict = "no response was read, because no request calls one of its operations"
        end = f"{self.read} responses read with the client of {self.api_version}: {verdict}"
        return f"{reports.table(head, rows)}\n{end}" if rows else end


def reread(
    description: Path,
    paths: Sequence[Path],
    exemptions: Sequence[checking.Exemption] = (),
    package: Path | None = None,
) -> Outcome:
    """Build the raw client of a description and read all answers of the cassettes with it.

    Args:
        description: The description.
        paths: The cassettes.
        exemptions: The known exceptions.
        package: The raw client, if it is built already.

    Raises:
        DescriptionError: The description is invalid.
        GenerationError: The generator does not support a part of it.
        AuditFailedError: The client would lack a part of the description.
        CassetteUnreadable: A cassette is invalid.
    """
    with tempfile.TemporaryDirectory(prefix="korus-reread-") as folder:
        name = f"reread_{Path(folder).name.rpartition('-')[2].lower()}_client"
        if package is None:
            build(description, Path(folder) / name)
        else:
            (Path(folder) / name).symlink_to(package, target_is_directory=True)
        # bytecode of a temporary package is not needed
        before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
        sys.path.insert(0, folder)
        try:
            read = descriptions.Description.of(corrected(load(description)))
            return _Reader.of(name, read, exemptions).all(paths)
        finally:
            sys.path.remove(folder)
            sys.dont_write_bytecode = before
            for module in [one for one in sys.modules if one == name or one.startswith(f"{name}.")]:
                del sys.modules[module]


@lru_cache(maxsize=1)
def _own_checkers(_lock_sha256: str) -> dict[str, Checker]:
    """Return the checkers of recordings against their own descriptions."""
    lock = read_lock()
    return {
        version: Checker(descriptions.Description.of(corrected(load(FOLDER / one.file))))
        for version, one in lock.descriptions.items()
    }


@frozen
class _Reader:
    description: descriptions.Description
    checker: Checker
    own: Mapping[str, Checker]
    newest: Checker
    exemptions: Sequence[checking.Exemption]
    modules: Mapping[tuple[str, str], Any]
    client: Any

    @classmethod
    def of(
        cls, package: str, description: descriptions.Description, exemptions: Sequence[checking.Exemption]
    ) -> _Reader:
        operations = importlib.import_module(f"{package}.operations").OPERATIONS
        loaded = [importlib.import_module(module) for module in operations.values()]
        client = importlib.import_module(f"{package}.client").Client(base_url="https://recorded.invalid")
        own = _own_checkers(sha256((FOLDER / "lock.toml").read_bytes()))
        return cls(
            description,
            Checker(description),
            own,
            own[read_lock().current],
            exemptions,
            {(one.OPERATION.method, one.OPERATION.path): one for one in loaded},
            client,
        )

    def all(self, paths: Sequence[Path]) -> Outcome:
        troubles: list[Trouble] = []
        read = passed_by = 0
        for path in paths:
            cassette = cassettes.read(path)
            own = self.own.get(cassette.header.api_version, self.newest)
            for number, interaction in enumerate(cassette.interactions):
                found = self.one(interaction, own, path.as_posix())
                if found is None:
                    passed_by += 1
                    continue
                read += 1
                operation, kinds = found
                troubles += [
                    Trouble(
                        kind=kind,
                        cassette=path.as_posix(),
                        interaction=number,
                        operation=operation,
                        pointer=pointer,
                        message=message,
                    )
                    for kind, pointer, message in kinds
                ]
        return Outcome(
            api_version=self.description.version, read=read, passed_by=passed_by, troubles=tuple(troubles)
        )

    def one(
        self, interaction: cassettes.Interaction, own: Checker, name: str
    ) -> tuple[str, list[tuple[str, str, str]]] | None:
        request = interaction.request
        path = urlsplit(request.uri).path
        found = self.description.find(request.method, path)
        if found is None:
            # requests with a token are sent to the API
            if not self.description.covers(path) and not request.header("authorization"):
                return None
            return f"{request.method} {path}", [("no operation", "", "the client has no operation for it")]
        operation, _ = found
        module = self.modules.get((operation.method, operation.path))
        if module is None:
            return operation.name, [("no operation", "", "the client has no operation for it")]
        troubles = list(self.answer(module, interaction.response))
        return operation.name, [*troubles, *self.renamed(interaction, own, name)]

    def renamed(
        self, interaction: cassettes.Interaction, own: Checker, name: str
    ) -> Iterator[tuple[str, str, str]]:
        """Yield the parts of an exchange that match its own description but not this one."""
        known = {(one.part, one.kind, one.pointer) for one in own.examine(interaction).findings}
        for one in self.checker.examine(interaction, cassette=name).findings:
            new = (one.part, one.kind, one.pointer) not in known and not any(
                two.accepts(one) for two in self.exemptions
            )
            if new and one.part.startswith("request ") and one.kind != "documented":
                yield "request", f"{one.part} {one.pointer}".strip(), f"{one.kind}: {one.message}"
            elif new and one.part == "response body" and one.kind in _RENAMED:
                yield _RENAMED[one.kind], one.pointer, one.message

    def answer(self, module: Any, recorded: cassettes.RecordedResponse) -> Iterator[tuple[str, str, str]]:
        documented = any(
            str(recorded.status) == status or status == "default" for status in module.OPERATION.responses
        )
        ranged = f"{recorded.status // 100}XX" in {status.upper() for status in module.OPERATION.responses}
        if not documented and not ranged:
            if recorded.status < _FIRST_ERROR:
                yield "no status", "", f"the client does not read status {recorded.status}"
            return
        response = httpx.Response(
            recorded.status,
            headers=[(name, value) for name, values in recorded.headers.items() for value in values],
            content=recorded.content,
        )
        try:
            parsed = module._build_response(client=self.client, response=response).parsed  # noqa: SLF001 - no public interface
        except Exception as error:  # noqa: BLE001 - any error is a finding
            yield "not read", "", f"{type(error).__name__}: {error}"
            return
        to_dict = getattr(parsed, "to_dict", None)
        if to_dict is None:
            return
        value = bodies.value(recorded.body)
        if to_dict() != value:
            yield "changed", "", "the model does not write the response back unchanged"
        yield from _kept(parsed, "")


def _kept(model: Any, at: str) -> Iterator[tuple[str, str, str]]:
    """Yield the places where a model holds a raw value of another type than described."""
    hints: dict[str, Any] = {}
    # a name that is missing at run time makes a model's types unknown
    with contextlib.suppress(NameError):
        hints = typing.get_type_hints(model.__class__, vars(sys.modules[model.__module__]))
    fields: tuple[tuple[str, str], ...] = model._FIELDS  # noqa: SLF001 - the raw client's own table
    for attribute, wire in fields:
        value = getattr(model, attribute)
        yield from _misfits(hints.get(attribute, Any), value, f"{at}/{descriptions.escape(wire)}")


def _misfits(hint: Any, value: Any, at: str) -> Iterator[tuple[str, str, str]]:
    if value is None or hint is Any:
        return
    choices = typing.get_args(hint) if typing.get_origin(hint) in {Union, types.UnionType} else (hint,)
    if is_list(value):
        lists = [one for one in choices if typing.get_origin(one) is list]
        if lists:
            for number, item in enumerate(value):
                yield from _misfits(typing.get_args(lists[0])[0], item, f"{at}/{number}")
            return
    if hasattr(value, "_FIELDS"):
        yield from _kept(value, at)
        return
    if isinstance(value, enum.Enum):
        if not getattr(value, "is_known", True):
            yield "kept as it came", at, f"{value.value!r} is a value unknown to the client"
        return
    if not any(_is(one, value) for one in choices):
        expected = " or ".join(getattr(one, "__name__", str(one)) for one in choices if one is not type(None))
        yield "kept as it came", at, f"expected {expected}, got {json.dumps(value, default=str)[:60]}"


def _is(hint: Any, value: Any) -> bool:
    if hint is Any:
        return True
    plain = typing.get_origin(hint) or hint
    if plain is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if plain is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if plain is dt.date:
        return isinstance(value, dt.date) and not isinstance(value, dt.datetime)
    if plain in {dict, Mapping} or (isinstance(plain, type) and issubclass(plain, Mapping)):
        return isinstance(value, Mapping)
    return isinstance(plain, type) and isinstance(value, plain)
