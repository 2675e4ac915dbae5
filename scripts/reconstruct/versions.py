"""The versions that are reconstructed, and what "from" and "seen" mean of a fact.

A fact holds in a span of versions and was seen on the documentation pages of some of them. Where it holds
without having been seen, it was filled in from a neighbouring version and counts as inferred. Which facts
there are stands in ``operations`` and ``schemas``.
"""

from __future__ import annotations

from enum import Enum

from attrs import field, frozen

__all__ = ["ANY", "VERSIONS", "Generation", "Held", "Version"]


class Generation(Enum):
    """A period of API Platform with descriptions of one shape (section 5 of the API reference)."""

    A = "4.0 and 4.1"
    B = "4.2.0 and 4.2.1"
    C = "4.2.4 to 4.2.17"
    D = "4.2.18 and later"

    @property
    def number(self) -> int:
        """Give the place in time, from 0."""
        return "ABCD".index(self.name)


@frozen
class Version:
    """One version of the API.

    Attributes:
        name: As in ``info.version``.
        generation: The shape in which its description is written.
    """

    name: str
    generation: Generation

    @property
    def number(self) -> int:
        """Give the place in time, from 0."""
        return VERSIONS.index(self)


VERSIONS = (
    Version("1.0.4", Generation.A),
    Version("1.0.7", Generation.A),
    Version("1.0.10", Generation.B),
    Version("1.0.19", Generation.C),
    Version("1.0.38", Generation.C),
    Version("release", Generation.D),
)

_NAMES = tuple(version.name for version in VERSIONS)

ANY = " ".join(_NAMES)
"""Seen where no version is printed, as in a guide: such a fact is not marked in any version."""


@frozen(kw_only=True)
class Held:
    """The versions in which a fact holds, and those in which it was seen.

    Attributes:
        since: The first version.
        until: The last version.
        seen: The names of the versions whose pages show it, apart by spaces.
    """

    since: str = field(default=_NAMES[0])
    until: str = field(default=_NAMES[-1])
    seen: str = ""

    def holds(self, version: Version) -> bool:
        """Tell whether the fact holds in a version."""
        return _NAMES.index(self.since) <= version.number <= _NAMES.index(self.until)

    def is_inferred(self, version: Version) -> bool:
        """Tell whether the fact holds in a version without having been seen there."""
        return version.name not in self.seen.split()
