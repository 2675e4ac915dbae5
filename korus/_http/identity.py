"""Check that an answer is about the requested resource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast
from urllib.parse import unquote, urlsplit
from uuid import UUID

from attrs import frozen

from korus.errors import AnswerMismatch

__all__ = ["Identity"]

_BLANK_NODE = "/.well-known/genid/"
_LAST_ID_IS_OF_ANOTHER = frozenset({"get_seat_map"})
"""Operations whose last id may belong to another resource than the answer (reference P22)."""


@frozen
class Identity:
    """The resource or list that a request is for.

    Attributes:
        template: The operation's path, its parameters in braces.
        path: The request's path, below ``base_url``.
        base_url: The API's address.
    """

    template: str
    path: str
    base_url: str

    def check(self, answer: object, *, operation: str) -> None:
        """Check that an answer's ``@id`` does not name another resource of the same kind (rule R9).

        A blank node or a missing ``@id`` names nothing. ``@type`` is ignored, since the API's answers often have
        another one (reference 8.8).

        Raises:
            AnswerMismatch: It names another resource, or a part of another one.
        """
        found = cast("Mapping[str, object]", answer).get("@id") if isinstance(answer, Mapping) else None
        template = self.template.rsplit("/", 1)[0] if operation in _LAST_ID_IS_OF_ANOTHER else self.template
        if isinstance(found, str) and any(
            _is_another(template, self.path, each) for each in self._relative(found)
        ):
            raise AnswerMismatch(
                f"{operation}: the answer is about another resource than {self.path}, so it was discarded. "
                "Look for a proxy or a cache on the way that mixes up answers.",
                operation=operation,
            )

    def _relative(self, iri: str) -> list[str]:
        """Return the possible paths of an IRI: with the path of ``base_url`` or without."""
        try:
            path = urlsplit(iri).path
        except ValueError:
            return []
        if path.startswith(_BLANK_NODE) or not path.startswith("/"):
            return []
        prefix = urlsplit(self.base_url).path.rstrip("/")
        return [path, path.removeprefix(prefix)] if prefix and path.startswith(prefix + "/") else [path]


def _is_another(template: str, path: str, named: str) -> bool:
    differs = False
    # an IRI above or below the resource is accepted too
    for part, asked, found in zip(
        template.split("/"), path.split("/"), named.rstrip("/").split("/"), strict=False
    ):
        if not part.startswith("{"):
            if part != found:
                return False
        elif not _same_id(asked, found):
            differs = True
    return differs


def _same_id(one: str, other: str) -> bool:
    one, other = unquote(one), unquote(other)
    if one == other:
        return True
    try:
        return UUID(one) == UUID(other)
    except ValueError:
        return False
