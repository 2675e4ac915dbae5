"""Formats of strings and numbers, and which are contained in which.

A format that is not listed here may mean anything: what a change of it does cannot be judged.
"""

from __future__ import annotations

__all__ = ["HINTS", "KNOWN", "relation"]

HINTS = frozenset({"password", "textarea", "html", "markdown", "float", "double", "decimal", "color"})
"""Formats that say how a value is shown or held, not which values there are."""

WITHIN: dict[str, frozenset[str]] = {
    "int8": frozenset({"int16", "int32", "int64"}),
    "int16": frozenset({"int32", "int64"}),
    "int32": frozenset({"int64"}),
    "uint8": frozenset({"int16", "int32", "int64", "uint32", "uint64"}),
    "uint32": frozenset({"int64", "uint64"}),
    "uri": frozenset({"uri-reference", "iri", "iri-reference", "url"}),
    "url": frozenset({"uri", "uri-reference", "iri", "iri-reference"}),
    "uri-reference": frozenset({"iri-reference"}),
    "iri": frozenset({"iri-reference"}),
    "email": frozenset({"idn-email"}),
    "hostname": frozenset({"idn-hostname"}),
}
"""Formats whose values are all values of others."""

KNOWN = frozenset(
    {
        "date",
        "date-time",
        "time",
        "duration",
        "email",
        "idn-email",
        "hostname",
        "idn-hostname",
        "ipv4",
        "ipv6",
        "uri",
        "url",
        "uri-reference",
        "iri",
        "iri-reference",
        "uri-template",
        "json-pointer",
        "relative-json-pointer",
        "regex",
        "uuid",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint32",
        "uint64",
    }
)
"""Formats that rule values out, and of which it is known which."""


def _within(one: str, other: str) -> bool | None:
    """Return True if all values of one format are values of the other; ``None`` where that is not known."""
    if one == other or other in HINTS:
        return True
    if other in WITHIN.get(one, ()):
        return True
    if one in KNOWN and other in KNOWN:
        return False
    if one in HINTS:
        return False if other in KNOWN else None
    return None


def relation(old: frozenset[str], new: frozenset[str], kind: str) -> tuple[bool | None, bool | None]:
    """Return the effect of a change of formats.

    Args:
        old: The former formats; a value must follow all of them.
        new: The present ones.
        kind: The JSON type.

    Returns:
        Whether values are admitted no more, and whether values are newly admitted; ``None`` where not known.
    """

    def loses(before: frozenset[str], after: frozenset[str]) -> bool | None:
        verdict: bool | None = False
        for asked in after:
            if asked in HINTS:
                continue
            if not before:
                found: bool | None = True if asked in KNOWN else None
            else:
                inside = [_within(had, asked) for had in before]
                found = False if True in inside else None if None in inside else True
            if found:
                return True
            if found is None:
                verdict = None
        return verdict

    del kind
    return loses(old, new), loses(new, old)
