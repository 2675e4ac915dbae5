"""Errors of descriptions and of the lock."""

from __future__ import annotations

__all__ = ["CutShortError", "DescriptionError", "NotOpenApiError", "OtherApiError", "UnresolvedError"]


class DescriptionError(Exception):
    """A description or the lock is missing, cannot be read, or is not what it should be."""


class CutShortError(DescriptionError):
    """The text ends before the document does, or the document lacks what every description has."""


class OtherApiError(DescriptionError):
    """The document is in order, but describes another API."""


class NotOpenApiError(DescriptionError):
    """A file was read, but is not an OpenAPI 3 document."""


class UnresolvedError(DescriptionError):
    """A ``$ref`` points at nothing, in circles, or outside the document's folder."""
