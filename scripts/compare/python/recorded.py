"""Cassettes that contain a changed part of the API.

A cassette contains an operation if it has an exchange of it. It contains a property if the request or the response of
that exchange has the key; for a new property, if it has the operation.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from attrs import frozen

from korus.testing import cassettes
from scripts.compare.wire.findings import erased
from scripts.descriptions.values import Json, members

if TYPE_CHECKING:
    from pathlib import Path

    from scripts.compare.wire.records import Record

__all__ = ["Recordings"]


@frozen
class _Exchange:
    file: str
    method: str
    path: str
    keys: frozenset[str]
    status: int


class Recordings:
    """Exchanges in the cassettes of the repository."""

    def __init__(self, root: Path, folders: tuple[str, ...] = ("tests", "examples")) -> None:
        self.exchanges: list[_Exchange] = []
        for folder in folders:
            for path in (
                sorted((root / folder).rglob("cassettes/**/*.yaml")) if (root / folder).is_dir() else ()
            ):
                self._read(path, root)

    def _read(self, path: Path, root: Path) -> None:
        try:
            cassette = cassettes.read(path)
        except (cassettes.CassetteUnreadable, OSError):
            return  # reported by the tests of the cassettes
        for interaction in cassette.interactions:
            keys: set[str] = set()
            for part in (interaction.request, interaction.response):
                keys.update(key for key, _ in members(_json(part.content)))
            split = urlsplit(interaction.request.uri)
            keys.update(unquote(pair.partition("=")[0]) for pair in split.query.split("&") if pair)
            self.exchanges.append(
                _Exchange(
                    path.relative_to(root).as_posix(),
                    interaction.request.method.upper(),
                    unquote(split.path),
                    frozenset(keys),
                    interaction.response.status,
                )
            )

    def containing(self, record: Record) -> list[str]:
        """Return the cassettes that contain the subject of a record."""
        patterns = [_pattern(label) for label in record.operations]
        subject = record.parameter if record.key is None else record.key
        found: set[str] = set()
        for exchange in self.exchanges:
            if not any(
                method == exchange.method and path.fullmatch(exchange.path) for method, path in patterns
            ):
                continue
            if record.old is not None and subject is not None and subject not in exchange.keys:
                continue
            if record.direction == "response" and record.where.location.startswith("response "):
                status = record.where.location.split(" ")[1]
                if status.isdigit() and int(status) != exchange.status:
                    continue
            found.add(exchange.file)
        return sorted(found)


def _pattern(label: str) -> tuple[str, re.Pattern[str]]:
    method, _, path = label.partition(" ")
    return method, re.compile(re.escape(erased(path)).replace(r"\{\}", "[^/]+") + "/?")


def _json(content: bytes) -> Json:
    try:
        return json.loads(content)
    except ValueError:
        return None
