"""Comparing texts that people write: the same letters can be composed in several ways. No I/O."""

from __future__ import annotations

import unicodedata

__all__ = ["folded", "normal"]


def normal(text: str) -> str:
    """Return a text in one form, whichever of Unicode's forms it was in."""
    return unicodedata.normalize("NFKC", text)


def folded(name: str) -> str:
    """Return a name as it is compared: without its Unicode form, its case and its white space counting."""
    return " ".join(normal(normal(name).casefold()).split())
