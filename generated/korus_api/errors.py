# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""Errors raised by the functions of this package."""

from __future__ import annotations


class UnexpectedStatus(Exception):  # noqa: N818 - the generator's name for it
    """A response with a status that is not documented.

    Attributes:
        status_code: The status.
        content: The raw body.
    """

    def __init__(self, status_code: int, content: bytes) -> None:
        self.status_code = status_code
        self.content = content
        text = content.decode(errors="replace")
        super().__init__(f"undocumented status {status_code}: {text[:500]}")

    def __reduce__(self) -> tuple[type[UnexpectedStatus], tuple[int, bytes]]:
        """Return the arguments for unpickling."""
        return UnexpectedStatus, (self.status_code, self.content)


__all__ = ["UnexpectedStatus"]
