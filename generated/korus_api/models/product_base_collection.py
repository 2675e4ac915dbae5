# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""The model `ProductBaseCollection`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from attrs import define as _define
from attrs import field as _field

from .._reading import ABSENT, read_model, read_models, reads_late, restore, same, shown, unknown_keys


@reads_late
@_define(kw_only=True, eq=False, slots=False)
class ProductBaseCollection:
    """A list of TicketingProductBase"""

    _FIELDS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("total_items", "totalItems"),
        ("search", "search"),
        ("view", "view"),
        ("member", "member"),
    )

    total_items: int = ABSENT
    """At least `0`. Key `totalItems`. None if missing."""
    search: CollectionSearch = ABSENT
    """Key `search`. None if missing."""
    view: CollectionView = ABSENT
    """Key `view`. None if missing."""
    member: list[ProductBase] = ABSENT
    """Product base, which groups the variants of a product. None if missing."""
    _source: Mapping[str, Any] | None = _field(default=None, init=False, repr=False)
    _extra: dict[str, Any] | None = _field(default=None, init=False, repr=False)

    _LATE: ClassVar[dict[str, Callable[[Callable[[str], Any]], Any]]] = {
        "search": lambda get: read_model(CollectionSearch, get("search")),
        "view": lambda get: read_model(CollectionView, get("view")),
        "member": lambda get: read_models(ProductBase, get("member")),
    }

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> Self:
        """Read a mapping, without copying it; no value makes reading fail."""
        self = cls.__new__(cls)
        self._source = source
        self._extra = None
        get: Callable[[str], Any] = source.get
        self.total_items = get("totalItems")
        if get("search") is None:
            self.search = ABSENT
        if get("view") is None:
            self.view = ABSENT
        if get("member") is None:
            self.member = ABSENT
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


from .collection_search import CollectionSearch  # noqa: E402
from .collection_view import CollectionView  # noqa: E402
from .product_base import ProductBase  # noqa: E402

__all__ = ["ProductBaseCollection"]
