"""Rules for external references: which texts come back from the API as they were sent. No I/O.

Orders are found again by their external reference, and only by that after a crash of a program without an
intent log. A text that an API could trim, normalise or strip of its invisible characters would not be found,
so it is refused before anything is held or ordered.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["reference_problem"]

# the filter that finds orders takes no more (reference 3.6)
_LONGEST: Final = 50
# printable to `str.isprintable`, but shown as nothing: fillers, joiners, selectors, the blank Braille pattern
_INVISIBLE: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def reference_problem(reference: str) -> str | None:
    """Return why a text cannot be an external reference, as the end of "it must …"; None if it can."""
    if not 1 <= len(reference) <= _LONGEST:
        return f"be 1 to {_LONGEST} characters long, got {len(reference)}"
    if reference != reference.strip():
        return "not begin or end with white space"
    for position, letter in enumerate(reference, start=1):
        if not letter.isprintable() or _INVISIBLE.match(letter):
            return f"have printable characters only, got U+{ord(letter):04X} at position {position}"
    if not unicodedata.is_normalized("NFC", reference):
        return "be in the Unicode form NFC; write it with unicodedata.normalize('NFC', …)"
    return None
