"""Decisions about a sweep, without I/O.

A sweep reads a scope: a catalogue, from one day to another. What it did not see may be removed, but not if the lists
changed while they were read, were read in part, or lack too much at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from korus._core.values import is_number
from korus.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from korus._mirror.content import KindName

__all__ = [
    "CATALOGS",
    "MAX_REMOVAL_SHARE",
    "Ceiling",
    "Missing",
    "Progress",
    "Scope",
    "SweepReport",
    "SyncReport",
    "Verdict",
    "check_share",
    "judge",
]

MAX_REMOVAL_SHARE: Final = 0.2
"""The largest share of the objects of one kind that a sweep may remove without being accepted by a person."""

CATALOGS: Final = "catalogs"
"""The name of the scope of the list of catalogues."""


@frozen
class Scope:
    """Scope of a sweep: a catalogue's offers from one day to another, and all that they belong to.

    Attributes:
        catalog: The catalogue's IRI; None for the list of catalogues itself.
        after: The first day of the offers, None for no limit.
        before: The last day of the offers, None for no limit.
        sessions: True if the sessions of offers are read too.
    """

    catalog: str | None = None
    after: date | None = None
    before: date | None = None
    sessions: bool = False

    @property
    def name(self) -> str:
        """A unique name."""
        if self.catalog is None:
            return CATALOGS
        days = f"{self.after or ''}..{self.before or ''}"
        return f"{self.catalog} {days}{' sessions' if self.sessions else ''}"

    @property
    def has_window(self) -> bool:
        """True if the offers are limited to certain days."""
        return self.after is not None or self.before is not None


@frozen
class Progress:
    """Progress of a sweep.

    Attributes:
        scope: The scope.
        kind: The kind of objects.
        read: The number of objects read.
        total: The number of objects in all, None if the API does not send it.
    """

    scope: Scope
    kind: KindName
    read: int
    total: int | None


@frozen
class Ceiling:
    """Limit for the removals of one sweep.

    Attributes:
        share: The largest share of the objects of one kind.
        accepted: True if removals that earlier sweeps held in quarantine are allowed whatever the share.
    """

    share: float = MAX_REMOVAL_SHARE
    accepted: bool = False


@frozen
class Missing:
    """Objects of one kind that a sweep did not see.

    Attributes:
        unseen: Their number.
        before: The number of all objects before the sweep.
        held: The number of those that an earlier sweep did not see either.
    """

    unseen: int
    before: int
    held: int = 0


@frozen
class Verdict:
    """Permission of a sweep to remove what it did not see.

    Attributes:
        state: ``done``: it may; ``unsettled``: its lists were read in part or changed; ``quarantined``: too much is
            missing.
        reason: The reason if it may not.
    """

    state: str
    reason: str | None = None


def judge(missing: Mapping[KindName, Missing], *, disturbed: str | None, ceiling: Ceiling) -> Verdict:
    """Decide if a sweep may remove what it did not see.

    Args:
        missing: The missing objects by kind.
        disturbed: The reason if the lists changed while they were read, or were read in part.
        ceiling: The limit for removals.
    """
    if disturbed is not None:
        return Verdict("unsettled", disturbed)
    for kind, found in missing.items():
        going = found.unseen - found.held if ceiling.accepted else found.unseen
        # 29 of 100 are not more than a share of 0.29, which is a little less as a float
        if going > ceiling.share * found.before + 1e-9:
            share = going / max(found.before, 1)
            return Verdict(
                "quarantined",
                f"{going} of {found.before} {kind.replace('_', ' ')}s are gone ({share:.0%}), "
                f"and at most {ceiling.share:.0%} may go at once",
            )
    return Verdict("done")


def check_share(value: object) -> float:
    """Read ``max_removal_share``.

    Raises:
        InvalidArgument: It is not a number from 0 to 1.
    """
    if not is_number(value) or not 0 <= value <= 1:
        raise InvalidArgument(f"`max_removal_share` must be a number from 0 to 1, got {value!r}.")
    return float(value)


@frozen
class SweepReport:
    """Result of one sweep.

    Attributes:
        scope: The scope.
        state: ``done``, ``unsettled`` (read, but nothing was removed: see ``reason``), ``quarantined`` (the same, and a
            person has to accept the removals), ``busy`` (another worker has the scope), ``lost`` (another worker took
            over) or ``failed``.
        added: The number of added objects.
        changed: The number of changed objects.
        removed: The number of removed objects.
        unchanged: The number of unchanged objects.
        waiting: The number of missing objects, which are removed if a second look does not find them either.
        quarantined: The number of removals that wait to be accepted.
        reason: Why nothing was removed.
        error: The error of a failed sweep.
    """

    scope: Scope
    state: str
    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    waiting: int = 0
    quarantined: int = 0
    reason: str | None = None
    error: Exception | None = field(default=None, repr=False)


@frozen
class SyncReport:
    """Result of `Mirror.sync`: the sweeps, and their sums."""

    sweeps: tuple[SweepReport, ...]

    @property
    def added(self) -> int:
        """The number of added objects."""
        return sum(sweep.added for sweep in self.sweeps)

    @property
    def changed(self) -> int:
        """The number of changed objects."""
        return sum(sweep.changed for sweep in self.sweeps)

    @property
    def removed(self) -> int:
        """The number of removed objects."""
        return sum(sweep.removed for sweep in self.sweeps)

    @property
    def quarantined(self) -> int:
        """The number of removals that wait to be accepted."""
        return sum(sweep.quarantined for sweep in self.sweeps)

    @property
    def failed(self) -> tuple[SweepReport, ...]:
        """The sweeps that failed or were lost."""
        return tuple(sweep for sweep in self.sweeps if sweep.state in {"failed", "lost"})
