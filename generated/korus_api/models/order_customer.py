# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""The model `OrderCustomer`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from attrs import define as _define
from attrs import field as _field

from .._reading import ABSENT, restore, same, shown, unknown_keys


@_define(kw_only=True, eq=False, slots=False)
class OrderCustomer:
    """Customer"""

    _FIELDS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("firstname", "firstname"),
        ("lastname", "lastname"),
        ("email", "email"),
        ("phone", "phone"),
        ("optin", "optin"),
        ("country", "country"),
        ("language", "language"),
        ("title", "title"),
    )

    firstname: str = ABSENT
    """First name. Example: `Otto`. None if missing."""
    lastname: str = ABSENT
    """Last name. Example: `Lind`. None if missing."""
    email: str = ABSENT
    """Mail address. None if missing."""
    phone: str = ABSENT
    """Phone number, as it was entered. None if missing."""
    optin: bool = ABSENT
    """True if the customer wants news. None if missing."""
    country: str = ABSENT
    """Country, two capital letters. Example: `FR`. None if missing."""
    language: str = ABSENT
    """Language, two small letters. Example: `fr`. None if missing."""
    title: str = ABSENT
    """Salutation. Example: `mx`. None if missing."""
    _source: Mapping[str, Any] | None = _field(default=None, init=False, repr=False)
    _extra: dict[str, Any] | None = _field(default=None, init=False, repr=False)

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> Self:
        """Read a mapping, without copying it; no value makes reading fail."""
        self = cls.__new__(cls)
        self._source = source
        self._extra = None
        get: Callable[[str], Any] = source.get
        self.firstname = get("firstname")
        self.lastname = get("lastname")
        self.email = get("email")
        self.phone = get("phone")
        self.optin = get("optin")
        self.country = get("country")
        self.language = get("language")
        self.title = get("title")
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return the mapping that was read, with the changes made since."""
        return restore(self)

    @property
    def additional_properties(self) -> dict[str, Any]:
        """The values under keys without an attribute; changes are kept."""
        if self._extra is None:
            self._extra = unknown_keys(self)
        return self._extra

    def __repr__(self) -> str:
        """Return IRI, id and enum values; other values are shown as `…`."""
        return shown(self, [name for name, _ in self._FIELDS])

    def __eq__(self, other: object) -> bool:
        """Compare attributes and unknown keys."""
        return same(self, other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self) -> int:
        # by the IRI, so that equal models have equal hashes and can be keys of a mapping
        return hash((type(self), str(getattr(self, "iri", None))))


__all__ = ["OrderCustomer"]
