# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""Tolerant readers of responses.

Reading never raises: a value of an unexpected type is kept unchanged. The common case comes first in every function,
because a page of fifty items has some thousand values; nothing is copied.
"""

from __future__ import annotations

import datetime
import enum
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeVar

if TYPE_CHECKING:
    import httpx

_Model = TypeVar("_Model")

ABSENT: Any = None
"""The value of an attribute whose key is absent, of type Any because the description may not allow null."""


class Readable(Protocol):
    """Model that can be read from a mapping."""

    _FIELDS: ClassVar[tuple[tuple[str, str], ...]]

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> Any:
        """Read a mapping."""


def json_of(response: httpx.Response) -> Any:
    """Return the JSON of a response, or None if the body is empty or not JSON."""
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


class Late:
    """Attribute that is read on first access; the value stored in the instance then hides this descriptor."""

    __slots__ = ("name", "read")

    def __init__(self, name: str, read: Callable[[Callable[[str], Any]], Any]) -> None:
        self.name, self.read = name, read

    def __get__(self, model: Any, owner: type | None = None) -> Any:
        """Read the value from the model's source."""
        if model is None:
            return self
        value = self.read(model._source.get)
        setattr(model, self.name, value)
        return value


def reads_late(model: type[_Model]) -> type[_Model]:
    """Add descriptors that read the model's nested objects on first access."""
    for name, read in model._LATE.items():  # type: ignore[attr-defined]
        setattr(model, name, Late(name, read))
    return model


def read_model(model: type[Readable], value: Any) -> Any:
    """Read an object; other values, such as an IRI or null, are kept."""
    if isinstance(value, dict):
        return model.from_dict(value)
    return value


def read_models(model: type[Readable], value: Any) -> Any:
    """Read a list of objects; members that are not objects are kept."""
    if isinstance(value, list):
        read = model.from_dict
        return [read(item) if isinstance(item, dict) else item for item in value]
    return value


def read_list(read: Callable[[Any], Any], value: Any) -> Any:
    """Read each member of a list."""
    if isinstance(value, list):
        return [read(item) for item in value]
    return value


def read_datetime(value: Any) -> Any:
    """Read a timestamp (ISO 8601); other text is kept."""
    if value is None:
        return None
    try:
        return datetime.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return value


def read_date(value: Any) -> Any:
    """Read a calendar date (ISO 8601); other text is kept."""
    if value is None:
        return None
    try:
        return datetime.date.fromisoformat(value)
    except (TypeError, ValueError):
        return value


def read_first(value: Any, *readers: Callable[[Any], Any]) -> Any:
    """Read with the first reader that converts the value."""
    for read in readers:
        found = read(value)
        if found is not value:
            return found
    return value


def read_one_of(
    value: Any,
    models: tuple[type[Readable], ...],
    key: str | None = None,
    by_value: Mapping[str, type[Readable]] | None = None,
) -> Any:
    """Read an object as the model that its discriminator names, or that shares most keys with it."""
    if not isinstance(value, dict):
        return value
    if key is not None and by_value is not None:
        named = value.get(key)
        if isinstance(named, str) and named in by_value:
            return by_value[named].from_dict(value)
    best = max(models, key=lambda model: _fit(model, value))
    return best.from_dict(value)


def _fit(model: type[Readable], value: Mapping[str, Any]) -> tuple[int, int]:
    known = [wire for _, wire in model._FIELDS]
    matching = sum(wire in value for wire in known)
    return matching, matching - len(known)


class OpenStr(str, enum.Enum):
    """Open enum of text: a value that is not listed becomes an additional member.

    Members are strings and compare equal to their value. `is_known` is True if the description lists the value.
    """

    __str__ = str.__str__

    def __format__(self, format_spec: str) -> str:
        """Format as the value."""
        return str.__format__(self, format_spec)

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = value
        member._value_ = value
        return member

    @classmethod
    def read(cls, value: Any) -> Any:
        """Return the member for a value; values of other types are kept."""
        if value.__class__ is str:
            member = cls._value2member_map_.get(value)
            return cls(value) if member is None else member
        return value

    @property
    def is_known(self) -> bool:
        """True if the description lists this value."""
        return self._value_ in self.__class__._value2member_map_

    def __copy__(self) -> Self:
        """Return the member itself, since it is immutable."""
        return self

    def __deepcopy__(self, memo: object) -> Self:
        """Return the member itself, since it is immutable."""
        return self

    def __reduce_ex__(self, protocol: object) -> tuple[Any, ...]:
        """Return the value for unpickling, so that unlisted values survive."""
        return self.__class__, (self._value_,)


class OpenInt(int, enum.Enum):
    """Open enum of integers: a value that is not listed becomes an additional member.

    Members are integers and compare equal to their value. `is_known` is True if the description lists the value.
    """

    __str__ = int.__repr__

    def __format__(self, format_spec: str) -> str:
        """Format as the value."""
        return int.__format__(self, format_spec)

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return None
        member = int.__new__(cls, value)
        member._name_ = str(value)
        member._value_ = value
        return member

    @classmethod
    def read(cls, value: Any) -> Any:
        """Return the member for a value; values of other types are kept."""
        if value.__class__ is int:
            return cls(value)
        return value

    @property
    def is_known(self) -> bool:
        """True if the description lists this value."""
        return self._value_ in self.__class__._value2member_map_

    def __copy__(self) -> Self:
        """Return the member itself, since it is immutable."""
        return self

    def __deepcopy__(self, memo: object) -> Self:
        """Return the member itself, since it is immutable."""
        return self

    def __reduce_ex__(self, protocol: object) -> tuple[Any, ...]:
        """Return the value for unpickling, so that unlisted values survive."""
        return self.__class__, (self._value_,)


def restore(model: Any) -> dict[str, Any]:
    """Return the source of a model with the changes made to its attributes.

    Key order, unknown keys, absent keys and the format of timestamps are kept. The result shares no mutable value
    with the model.

    Raises:
        AttributeError: An attribute was set that the class does not have.
    """
    source: Mapping[str, Any] = model._source or {}
    fields: tuple[tuple[str, str], ...] = model._FIELDS
    held: dict[str, Any] = vars(model)
    if strange := held.keys() - {name for name, _ in fields} - {"_source", "_extra"}:
        # reported here, because `__setattr__` would slow down every read
        name = min(strange)
        raise AttributeError(f"{type(model).__name__!r} object has no attribute {name!r} to send", name=name, obj=model)
    changed: dict[str, Any] = {}
    for attribute, wire in fields:
        if attribute not in held:  # never accessed, so unchanged
            continue
        value = held[attribute]
        if value is not None or source.get(wire) is not None:
            changed[wire] = _wire_form(value, source.get(wire))
    result: dict[str, Any] = {}
    known = {wire for _, wire in fields}
    extra: dict[str, Any] | None = model._extra
    for wire, raw in source.items():
        if wire in changed:
            result[wire] = changed.pop(wire)
        elif wire in known or extra is None:
            result[wire] = raw if raw.__class__ in _PLAIN else _wire_form(raw, raw)
        elif wire in extra:
            result[wire] = _wire_form(extra[wire], raw)
    result.update(changed)
    for wire, value in (extra or {}).items():
        if wire not in result:
            result[wire] = _wire_form(value, None)
    return result


def unknown_keys(model: Any, read: Callable[[Any], Any] | None = None) -> dict[str, Any]:
    """Return the values under keys without an attribute."""
    known = {wire for _, wire in model._FIELDS}
    source: Mapping[str, Any] = model._source or {}
    return {
        wire: value if read is None else read(value) for wire, value in source.items() if wire not in known
    }


def same(model: Any, other: Any) -> bool:
    """Return True if two models of one class have equal attributes and unknown keys."""
    fields: Iterable[tuple[str, str]] = model._FIELDS
    return all(getattr(model, name) == getattr(other, name) for name, _ in fields) and bool(
        model.additional_properties == other.additional_properties
    )


_IRI = re.compile(r"/[A-Za-z0-9._~/-]{1,200}")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def shown(model: Any, names: Iterable[str]) -> str:
    """Return a repr without personal data: values other than IRI, id, booleans and listed enum values are `…`.

    Any text may contain a name, an e-mail address or a voucher code, and a repr ends up in log files.
    """
    parts: list[str] = []
    for name in names:
        value = getattr(model, name, None)
        if value is None or type(value).__name__ == "Unset":
            continue
        kept = {"iri": _IRI, "id": _UUID}.get(name)
        known = isinstance(value, enum.Enum) and value.name in type(value).__members__
        plain = isinstance(value, bool) or known or (isinstance(value, str) and kept is not None and kept.fullmatch(value))
        text = str(value) if known else repr(value)
        parts.append(f"{name}={text if plain else '…'}")
    return f"{type(model).__name__}({', '.join(parts)})"


_PLAIN = frozenset({str, int, float, bool, type(None)})


def _wire_form(value: Any, raw: Any) -> Any:
    kind = value.__class__
    if kind in _PLAIN:
        return value
    if value is raw:  # unchanged JSON is faster to copy than to compare
        if kind is dict:
            return {key: item if item.__class__ in _PLAIN else _wire_form(item, item) for key, item in value.items()}
        if kind is list:
            return [item if item.__class__ in _PLAIN else _wire_form(item, item) for item in value]
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, list | tuple):
        before = raw if isinstance(raw, list) and len(raw) == len(value) else [None] * len(value)
        return [_wire_form(item, old) for item, old in zip(value, before, strict=True)]
    if isinstance(value, Mapping):
        old_values = raw if isinstance(raw, Mapping) else {}
        return {key: _wire_form(item, old_values.get(key)) for key, item in value.items()}
    if isinstance(value, datetime.datetime):
        before = read_datetime(raw)
        unchanged = isinstance(before, datetime.datetime) and (before, before.utcoffset()) == (value, value.utcoffset())
        return raw if unchanged else value.isoformat()
    if isinstance(value, datetime.date):
        return raw if read_date(raw) == value else value.isoformat()
    to_dict = getattr(value, "to_dict", None)
    return value if to_dict is None else to_dict()
