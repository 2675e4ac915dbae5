"""Documents to compare, in the normal form of OpenAPI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.descriptions import read
from scripts.descriptions.errors import DescriptionError, NotOpenApiError, UnresolvedError
from scripts.descriptions.normal import normalise
from scripts.descriptions.source import Source

if TYPE_CHECKING:
    from pathlib import Path

    from scripts.descriptions.values import Json

__all__ = ["ComparisonError", "Document", "NotOpenApiError", "UnresolvedError", "exit_status"]

ComparisonError = DescriptionError
"""A document that cannot be compared; the message is one line."""


def exit_status(error: DescriptionError) -> int:
    """Return the exit status of the command for an error."""
    return 5 if isinstance(error, UnresolvedError) else 4 if isinstance(error, NotOpenApiError) else 3


class Document(Source):
    """OpenAPI document to compare.

    Raises:
        DescriptionError: It is not OpenAPI 3, or a reference has no target.
    """

    def __init__(self, path: Path, root: Json) -> None:
        super().__init__(path, root)
        self.normal = normalise(self)

    @classmethod
    def read(cls, path: Path) -> Document:
        """Read a document and check its references.

        Raises:
            DescriptionError: The file cannot be read, is not OpenAPI 3, or has a reference without a target.
        """
        return cls(path, read(path))
