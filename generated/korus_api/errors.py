# Written by `python -m scripts.generate`. Do not edit: it is written anew.
"""What the functions of this package raise by themselves."""

from __future__ import annotations


class UnexpectedStatus(Exception):  # noqa: N818 - the generator's name for it
    """The answer has a status that the description does not document.

    Attributes:
        status_code: The status.
        content: The body as it came.
    """

    def __init__(self, status_code: int, content: bytes) -> None:
        self.status_code = status_code
        self.content = content
        text = content.decode(errors="replace")
        super().__init__(f"undocumented status {status_code}: {text[:500]}")

    def __reduce__(self) -> tuple[type[UnexpectedStatus], tuple[int, bytes]]:
        """Unpickle from what it was made of."""
        return UnexpectedStatus, (self.status_code, self.content)


__all__ = ["UnexpectedStatus"]
