"""Attribute that is computed when it is first read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

from korus._core.forks import watch_forks

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["lazy"]

_Value = TypeVar("_Value")

# its values are often imported late as well
watch_forks()


class lazy(Generic[_Value]):  # noqa: N801 (a decorator, named as functools names its own)
    """`functools.cached_property` without the lock that it has before Python 3.12.

    A lock that another thread holds during a fork stays locked in the child for ever. Two threads may compute two
    values; both get the first.
    """

    def __init__(self, make: Callable[[Any], _Value]) -> None:
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> _Value: ...
    def __get__(self, instance: object | None, owner: type) -> Self | _Value:
        """Return the value, and store it in the instance, where later reads find it."""
        if instance is None:
            return self
        kept: dict[str, _Value] = vars(instance)
        return kept.setdefault(self._name, self._make(instance))
