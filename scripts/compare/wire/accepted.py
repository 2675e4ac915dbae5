"""Changes that a maintainer has reviewed and accepted: ``openapi/accepted.toml``.

    [[accepted]]
    fingerprint = "0123456789abcdef"
    reason = "agreed with the distributors on 2026-11-02"
    expires = 2027-01-31

An entry that has expired, or whose fingerprint is not in the comparison, is stale, which is an error. An entry with
``old`` and ``new`` applies only to the comparison of these two versions.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from scripts.descriptions.errors import DescriptionError

if TYPE_CHECKING:
    from pathlib import Path

    from scripts.compare.wire.records import Comparison

__all__ = ["Accepted", "AcceptedError", "accept", "read_accepted"]


class AcceptedError(DescriptionError):
    """The list of accepted changes is invalid, or an entry is stale."""


@frozen
class Accepted:
    """Accepted change.

    Attributes:
        fingerprint: The fingerprint of its record.
        reason: The reason.
        expires: The last day on which it is accepted.
        old: The old version to which it applies, or None for any.
        new: The new version to which it applies, or None for any.
    """

    fingerprint: str
    reason: str
    expires: dt.date
    old: str | None = None
    new: str | None = None


def read_accepted(path: Path) -> tuple[Accepted, ...]:
    """Read the list.

    Raises:
        AcceptedError: The file cannot be read, or an entry is incomplete.
    """
    try:
        entries: list[dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8")).get("accepted", [])
        found = tuple(Accepted(**entry) for entry in entries)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError) as error:
        raise AcceptedError(f"{path} is not a list of accepted changes: {error}") from error
    for entry in found:
        if not entry.reason or not isinstance(entry.expires, dt.date):  # pyright: ignore[reportUnnecessaryIsInstance] - as written
            raise AcceptedError(f"{path}: {entry.fingerprint} must have `reason` and the date `expires`")
    return found


def accept(comparison: Comparison, entries: tuple[Accepted, ...]) -> Comparison:
    """Return the comparison with the accepted records marked.

    Raises:
        AcceptedError: An entry is stale.
    """
    meant = [
        entry
        for entry in entries
        if entry.old in {None, comparison.old} and entry.new in {None, comparison.new}
    ]
    known = {record.fingerprint for record in comparison.changes}
    today = dt.datetime.now(dt.UTC).date()
    for entry in meant:
        if entry.expires < today:
            raise AcceptedError(f"accepted change {entry.fingerprint} expired on {entry.expires}")
        if entry.fingerprint not in known:
            raise AcceptedError(f"accepted change {entry.fingerprint} is not in the comparison; remove it")
    reasons = {entry.fingerprint: entry.reason for entry in meant}
    changes = tuple(evolve(record, accepted=reasons.get(record.fingerprint)) for record in comparison.changes)
    return evolve(comparison, changes=changes)
