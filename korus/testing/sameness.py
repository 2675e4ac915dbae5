"""Comparison of two recordings of a scenario, so that an unchanged scenario needs no new file.

Values that differ in every recording are ignored: a server's ids of requests and bookings, tokens, and times within two
days of the recording. All else is compared, and so is which of these ids is which.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field

from korus.testing import pdf
from korus.testing.cassettes import CassetteUnreadable, read, write
from korus.testing.privacy import is_catalogue
from korus.testing.pseudonyms import SECRET_KINDS, Kind, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from korus.testing.cassettes import Cassette, Interaction

__all__ = ["same_scenario", "write_changes"]

_SAYS_NOTHING = frozenset({"x-request-id", "etag", "last-modified"})
_NEAR = dt.timedelta(days=2)
_ANEW = re.compile(
    r"(?P<moment>\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2}))"
    r"|(?P<uuid>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
    r"|(?P<genid>/\.well-known/genid/[0-9a-f]{20})"
    r"|(?<![\w.])(?P<epoch>1[0-9]{9})(?![\w.])"
    r"|(?<![\w.-])(?P<day>\d{4}-\d{2}-\d{2})(?![\w-])"
    r"|(?<![A-Za-z0-9])(?P<pseudonym>(?:[A-Za-z]+-[0-9a-z]{10}|9999[0-9]{6,})(?![A-Za-z0-9]))"
)


def same_scenario(one: Cassette, other: Cassette) -> bool:
    """Return True if two recordings of a scenario are equal."""
    return list(_said(one)) == list(_said(other))


def _said(cassette: Cassette) -> Iterator[str]:
    labels = _Labels(cassette.header.recorded_at, frozenset(_of_the_catalogue(cassette)))
    last = None
    for text in _in_order(cassette.interactions):
        said = labels.replaced(text)
        # the number of polls depends on the machine
        if said != last:
            yield said
        last = said


def _of_the_catalogue(cassette: Cassette) -> Iterator[str]:
    """Yield the ids of the catalogue: those of a fixed catalogue are the same in every recording."""
    for one in cassette.interactions:
        if is_catalogue(one.request.method, one.request.uri):
            yield from (found["uuid"] for found in _ANEW.finditer(_text(one)) if found["uuid"])


def _in_order(interactions: Iterable[Interaction]) -> Iterator[str]:
    """Yield the exchanges; reads between two writes may be concurrent, and are sorted."""
    for is_read, run in itertools.groupby(
        interactions, key=lambda one: one.request.method in {"GET", "HEAD"}
    ):
        texts = map(_text, run)
        yield from sorted(texts, key=lambda text: _ANEW.sub("", text)) if is_read else texts


def _text(interaction: Interaction) -> str:
    request, response = interaction.request, interaction.response
    kept = {name: found for name, found in response.headers.items() if name not in _SAYS_NOTHING}
    body: Any = "pdf" if pdf.is_pdf(response.content) else dict(response.body)
    return json.dumps(
        [request.method, request.uri, dict(request.headers), dict(request.body), response.status, kept, body],
        ensure_ascii=False,
    )


@define
class _Labels:
    """Names for values that differ in every recording, by the order of their first occurrence."""

    recorded_at: dt.datetime
    fixed: frozenset[str]
    names: dict[str, str] = field(factory=dict[str, str])

    def replaced(self, text: str) -> str:
        return _ANEW.sub(self._label, text)

    def _label(self, found: re.Match[str]) -> str:
        kind, text = str(found.lastgroup), found[0]
        if kind in {"moment", "epoch", "day"}:
            return f"<{kind}>" if abs(_moment(kind, text) - self.recorded_at) < _NEAR else text
        if kind == "uuid" and text in self.fixed:
            return text
        if kind == "pseudonym" and kind_of(text) not in {Kind.REFERENCE, Kind.VOUCHER, *SECRET_KINDS}:
            return text
        return self.names.setdefault(text, f"<{kind} {len(self.names)}>")


def _moment(kind: str, text: str) -> dt.datetime:
    try:
        if kind == "moment":
            return dt.datetime.fromisoformat(text)
        if kind == "day":
            return dt.datetime.combine(dt.date.fromisoformat(text), dt.time(12), dt.UTC)
        return dt.datetime.fromtimestamp(int(text), dt.UTC)
    except (ValueError, OverflowError, OSError):
        return dt.datetime.min.replace(tzinfo=dt.UTC)


def write_changes(path: Path | str, cassette: Cassette) -> bool:
    """Write a cassette unless the file is equal to it; return True if it was written.

    Two recordings of an unchanged scenario are equal. If only the header differs, the exchanges stay as they were. A
    deleted file is compared as it was committed.
    """
    path = Path(path)
    if not path.exists() and (committed := _committed(path)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(committed)
    try:
        before = read(path)
    except (FileNotFoundError, CassetteUnreadable):
        before = None
    if before is not None and same_scenario(before, cassette):
        header = evolve(
            cassette.header, recorded_at=before.header.recorded_at, korus_version=before.header.korus_version
        )
        if header == before.header:
            return False
        cassette = evolve(before, header=header)
    write(path, cassette)
    return True


def _committed(path: Path) -> bytes:
    """Return the file as of git's last commit; empty without git, or if it is not in it."""
    folder = next(one for one in path.absolute().parents if one.is_dir())
    name = path.absolute().relative_to(folder).as_posix()
    try:
        shown = subprocess.run(  # noqa: S603 - the name of a file is no option here
            ["git", "show", f"HEAD:./{name}"],  # noqa: S607 - the user's own git
            cwd=folder,
            capture_output=True,
            check=False,
        )
    except OSError:
        return b""
    return shown.stdout if shown.returncode == 0 else b""
