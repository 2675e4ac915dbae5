"""Formats of strings and numbers, and their subset relation.

The effect of a change of any other format is unknown.
"""

from __future__ import annotations

__all__ = ["HINTS", "KNOWN", "relation"]

HINTS = frozenset({"password", "textarea", "html", "markdown", "float", "double", "decimal", "color"})
"""Formats of presentation or storage, which do not restrict values."""

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
"""Formats whose values are a subset of others."""

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
"""Formats that restrict values in a known way."""


def _within(one: str, other: str) -> bool | None:
    """Return True if all values of one format are values of the other; None if unknown."""
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
        old: The old formats, all of which apply.
        new: The new formats.
        kind: The JSON type.

    Returns:
        True if values became invalid, and True if values became valid; None if unknown.
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
