"""Base class of objects that hold a client: copies share the client, and pickling is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ClientBound"]


class ClientBound:
    """Object with a client, whose connections and secrets belong to one process."""

    __slots__ = ()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Mapping[int, object]) -> Self:
        return self.__copy__()

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"Cannot pickle {type(self).__name__}: it holds a client. Build the client in the process that uses it."
        )
