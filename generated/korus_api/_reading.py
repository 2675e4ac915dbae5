# Written by `python -m scripts.generate`. Do not edit: it is written anew.
"""Read what the API answers, whatever it answers.

Reading never raises: a value of another type than promised is kept as it came. The common case comes first in every
function, because a page of fifty items reads some thousand values; nothing is copied.
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
"""What an attribute holds when its key is absent; typed as anything, since the description may not foresee it."""


class Readable(Protocol):
    """A model that reads itself."""

    _FIELDS: ClassVar[tuple[tuple[str, str], ...]]

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> Any:
        """Read a mapping."""


def json_of(response: httpx.Response) -> Any:
    """Read the JSON of an answer; None where it is empty or something else, whose text stays in `content`."""
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


class Late:
    """An attribute that is read when it is first looked at; the value that it leaves in the instance hides it."""

    __slots__ = ("name", "read")

    def __init__(self, name: str, read: Callable[[Callable[[str], Any]], Any]) -> None:
        self.name, self.read = name, read

    def __get__(self, model: Any, owner: type | None = None) -> Any:
        """Read the value from what the model was read from."""
        if model is None:
            return self
        value = self.read(model._source.get)
        setattr(model, self.name, value)
        return value


def reads_late(model: type[_Model]) -> type[_Model]:
    """Make the objects that a model holds be read when they are first looked at."""
    for name, read in model._LATE.items():  # type: ignore[attr-defined]
        setattr(model, name, Late(name, read))
    return model


def read_model(model: type[Readable], value: Any) -> Any:
    """Read an object; an IRI, null or anything else in its place is kept."""
    if isinstance(value, dict):
        return model.from_dict(value)
    return value


def read_models(model: type[Readable], value: Any) -> Any:
    """Read a list of objects; members that are no objects are kept."""
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
    """Read a timestamp (ISO 8601); text that is none is kept."""
    if value is None:
        return None
    try:
        return datetime.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return value


def read_date(value: Any) -> Any:
    """Read a calendar date (ISO 8601); text that is none is kept."""
    if value is None:
        return None
    try:
        return datetime.date.fromisoformat(value)
    except (TypeError, ValueError):
        return value


def read_first(value: Any, *readers: Callable[[Any], Any]) -> Any:
    """Read by the first of several ways that makes something of the value."""
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
    """Read an object as one of several models: as the one its discriminator names, or the one it has most keys of."""
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
    """Text from a list that may grow: a value that is not listed is kept as a member of its own.

    Members are text and compare equal to it. `is_known` tells whether the description lists the value.
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
        """Give the member for a value; anything but text is kept."""
        if value.__class__ is str:
            member = cls._value2member_map_.get(value)
            return cls(value) if member is None else member
        return value

    @property
    def is_known(self) -> bool:
        """Whether the description lists this value."""
        return self._value_ in self.__class__._value2member_map_

    def __copy__(self) -> Self:
        """Be its own copy: members do not change."""
        return self

    def __deepcopy__(self, memo: object) -> Self:
        """Be its own copy: members do not change."""
        return self

    def __reduce_ex__(self, protocol: object) -> tuple[Any, ...]:
        """Unpickle by value, so that values that are not listed survive."""
        return self.__class__, (self._value_,)


class OpenInt(int, enum.Enum):
    """A whole number from a list that may grow: a value that is not listed is kept as a member of its own.

    Members are numbers and compare equal to them. `is_known` tells whether the description lists the value.
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
        """Give the member for a value; anything but a whole number is kept."""
        if value.__class__ is int:
            return cls(value)
        return value

    @property
    def is_known(self) -> bool:
        """Whether the description lists this value."""
        return self._value_ in self.__class__._value2member_map_

    def __copy__(self) -> Self:
        """Be its own copy: members do not change."""
        return self

    def __deepcopy__(self, memo: object) -> Self:
        """Be its own copy: members do not change."""
        return self

    def __reduce_ex__(self, protocol: object) -> tuple[Any, ...]:
        """Unpickle by value, so that values that are not listed survive."""
        return self.__class__, (self._value_,)


def restore(model: Any) -> dict[str, Any]:
    """Give a model back as it came, with the changes made to its attributes.

    Key order, unknown keys, absent keys and the spelling of timestamps stay as they came. The result shares nothing
    with the model that could be changed through it. A name that was set though the class does not have it is refused.
    """
    source: Mapping[str, Any] = model._source or {}
    fields: tuple[tuple[str, str], ...] = model._FIELDS
    held: dict[str, Any] = vars(model)
    if strange := held.keys() - {name for name, _ in fields} - {"_source", "_extra"}:
        # setting it cannot be refused without a call for every attribute that is read
        name = min(strange)
        raise AttributeError(f"{type(model).__name__!r} object has no attribute {name!r} to send", name=name, obj=model)
    changed: dict[str, Any] = {}
    for attribute, wire in fields:
        if attribute not in held:  # nobody has looked at it, so it goes back as it came
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
    """Collect what came under keys that the model has no attribute for."""
    known = {wire for _, wire in model._FIELDS}
    source: Mapping[str, Any] = model._source or {}
    return {
        wire: value if read is None else read(value) for wire, value in source.items() if wire not in known
    }


def same(model: Any, other: Any) -> bool:
    """Compare two models of one class by their attributes and unknown keys."""
    fields: Iterable[tuple[str, str]] = model._FIELDS
    return all(getattr(model, name) == getattr(other, name) for name, _ in fields) and bool(
        model.additional_properties == other.additional_properties
    )


_IRI = re.compile(r"/[A-Za-z0-9._~/-]{1,200}")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def shown(model: Any, names: Iterable[str]) -> str:
    """Write a model down without what may be personal: which values there are, and only its IRI and id themselves.

    Any text may hold a name, a mail or a voucher, whatever the description says, and a repr ends in log files.
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
    if value is raw:  # as it came: all of it is JSON, which is faster to copy than to compare
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
