# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""The model `BulkOrderOutput`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from attrs import define as _define
from attrs import field as _field

from .._reading import ABSENT, read_model, read_models, reads_late, restore, same, shown, unknown_keys


@reads_late
@_define(kw_only=True, eq=False, slots=False)
class BulkOrderOutput:
    """Orders, and reservations that could not be ordered"""

    _FIELDS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("ld_context", "@context"),
        ("iri", "@id"),
        ("ld_type", "@type"),
        ("orders", "orders"),
        ("failed_orders", "failedOrders"),
    )

    ld_context: str | LdContext = ABSENT
    """JSON-LD context. Key `@context`. None if missing."""
    iri: str = ABSENT
    """IRI of this object; a blank node if it cannot be fetched. Key `@id`. None if missing."""
    ld_type: str = ABSENT
    """JSON-LD type. Key `@type`. None if missing."""
    orders: list[Order] = ABSENT
    """The orders that were placed. None if missing."""
    failed_orders: list[BulkOrderOutputFailedOrder] = ABSENT
    """The reservations that could not be ordered. Key `failedOrders`. None if missing."""
    _source: Mapping[str, Any] | None = _field(default=None, init=False, repr=False)
    _extra: dict[str, Any] | None = _field(default=None, init=False, repr=False)

    _LATE: ClassVar[dict[str, Callable[[Callable[[str], Any]], Any]]] = {
        "ld_context": lambda get: read_model(LdContext, get("@context")),
        "orders": lambda get: read_models(Order, get("orders")),
        "failed_orders": lambda get: read_models(BulkOrderOutputFailedOrder, get("failedOrders")),
    }

    @classmethod
    def from_dict(cls, source: Mapping[str, Any]) -> Self:
        """Read a mapping, without copying it; no value makes reading fail."""
        self = cls.__new__(cls)
        self._source = source
        self._extra = None
        get: Callable[[str], Any] = source.get
        self.iri = get("@id")
        self.ld_type = get("@type")
        if get("@context") is None:
            self.ld_context = ABSENT
        if get("orders") is None:
            self.orders = ABSENT
        if get("failedOrders") is None:
            self.failed_orders = ABSENT
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


from .bulk_order_output_failed_order import BulkOrderOutputFailedOrder  # noqa: E402
from .ld_context import LdContext  # noqa: E402
from .order import Order  # noqa: E402

__all__ = ["BulkOrderOutput"]
