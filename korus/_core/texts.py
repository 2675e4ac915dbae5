"""Comparison of texts that people write: the same letters can be composed in several ways. No I/O."""

from __future__ import annotations

import unicodedata

__all__ = ["folded", "normal"]


def normal(text: str) -> str:
    """Return a text in one Unicode normal form."""
    return unicodedata.normalize("NFKC", text)


def folded(name: str) -> str:
    """Return a name for comparison, regardless of Unicode form, case and white space."""
    return " ".join(normal(normal(name).casefold()).split())
