"""Rules for external references: texts that the API returns unchanged. No I/O.

Orders are found by their external reference, which is the only way after a crash of a program without an intent log.
A text that the API could trim, normalise or strip of invisible characters might not be found, so it is refused before
anything is held or ordered.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["reference_problem"]

# the limit of the filter that finds orders (reference 3.6)
_LONGEST: Final = 50
# printable for `str.isprintable`, but invisible: fillers, joiners, selectors, the blank Braille pattern
_INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def reference_problem(reference: str) -> str | None:
    """Return the requirement that a text does not meet, to follow "it must"; None if it is valid."""
    if not 1 <= len(reference) <= _LONGEST:
        return f"be 1 to {_LONGEST} characters long, got {len(reference)}"
    if reference != reference.strip():
        return "not begin or end with whitespace"
    for position, letter in enumerate(reference, start=1):
        if not letter.isprintable() or _INVISIBLE.match(letter):
            return f"contain only printable characters, got U+{ord(letter):04X} at position {position}"
    if not unicodedata.is_normalized("NFC", reference):
        return "be in Unicode form NFC; convert it with unicodedata.normalize('NFC', …)"
    return None
