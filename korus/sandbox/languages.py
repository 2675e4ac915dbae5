"""Language of answers: negotiation of ``Accept-Language`` with the languages of the sandbox.

The API documents only that the header decides, and that the catalogue's own language is the default (reference 1.4
and 3.3).
"""

from __future__ import annotations

__all__ = ["LANGUAGES", "preferred_language"]

LANGUAGES: tuple[str, ...] = ("en", "fr")


def preferred_language(header: str | None, default: str | None = None) -> str | None:
    """Return the best of :data:`LANGUAGES` for an ``Accept-Language`` value.

    Args:
        header: The header as sent, such as ``fr-CA, en;q=0.5``; None when absent.
        default: The result if nothing matches.
    """
    best, best_weight = default, 0.0
    for item in (header or "").split(","):
        tag, _, parameters = item.strip().partition(";")
        primary = tag.split("-")[0].strip().lower()
        weight = _weight(parameters)
        if primary == "*" and best == default and weight > 0 and default is None:
            best = LANGUAGES[0]
        if primary in LANGUAGES and weight > best_weight:
            best, best_weight = primary, weight
    return best


def _weight(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
