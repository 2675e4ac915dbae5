"""Errors of descriptions and of the lock."""

from __future__ import annotations

__all__ = ["CutShortError", "DescriptionError", "NotOpenApiError", "OtherApiError", "UnresolvedError"]


class DescriptionError(Exception):
    """A description or the lock is missing, unreadable or invalid."""


class CutShortError(DescriptionError):
    """The document is incomplete, or lacks parts that every description has."""


class OtherApiError(DescriptionError):
    """The document is valid, but describes another API."""


class NotOpenApiError(DescriptionError):
    """A file was read, but is not an OpenAPI 3 document."""


class UnresolvedError(DescriptionError):
    """A ``$ref`` has no target, is circular, or is outside of the document's folder."""
