# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""The model `OrderItemTicketResource`."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from attrs import define as _define
from attrs import field as _field

from .._reading import ABSENT, read_datetime, read_model, reads_late, restore, same, shown, unknown_keys


@reads_late
@_define(kw_only=True, eq=False, slots=False)
class OrderItemTicketResource:
    """An issued ticket inside its order"""

    _FIELDS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("ld_context", "@context"),
        ("iri", "@id"),
        ("ld_type", "@type"),
        ("id", "id"),
        ("voucher", "voucher"),
        ("occurs_at", "occursAt"),
        ("required_beneficiary_fields", "requiredBeneficiaryFields"),
        ("beneficiary", "beneficiary"),
        ("beneficiary_designation_deadline", "beneficiaryDesignationDeadline"),
        ("beneficiary_amendable", "beneficiaryAmendable"),
        ("status", "status"),
        ("seating", "seating"),
    )

    ld_context: str | LdContext = ABSENT
    """JSON-LD context. Key `@context`. None if missing."""
    iri: str = ABSENT
    """IRI of this object; a blank node if it cannot be fetched. Key `@id`. None if missing."""
    ld_type: str = ABSENT
    """JSON-LD type. Key `@type`. None if missing."""
    id: str = ABSENT
    """Id of the ticket, a UUID. None if missing."""
    voucher: str | None = ABSENT
    """Content of the ticket's code. Example: `4400112233557799`. None if missing."""
    occurs_at: datetime.datetime | None = ABSENT
    """Start. Format `date-time`. Key `occursAt`. None if missing."""
    required_beneficiary_fields: list[str] = ABSENT
    """Required fields of the beneficiary. Key `requiredBeneficiaryFields`. None if missing."""
    beneficiary: OrderItemTicketBeneficiary | None = ABSENT
    """Beneficiary, the person who will use the ticket. None if missing."""
    beneficiary_designation_deadline: datetime.datetime | None = ABSENT
    """Deadline for naming the beneficiary. Format `date-time`. Example: `2026-04-10T22:00:00Z`. Key
    `beneficiaryDesignationDeadline`. None if missing."""
    beneficiary_amendable: bool = ABSENT
    """True if the beneficiary can still be changed. Key `beneficiaryAmendable`. None if missing."""
    status: OrderItemTicketResourceStatus = ABSENT
    """True if data of the beneficiary are missing. None if missing."""
    seating: Any = ABSENT
    """Position of the seat; its form is unknown. None if missing."""
    _source: Mapping[str, Any] | None = _field(default=None, init=False, repr=False)
    _extra: dict[str, Any] | None = _field(default=None, init=False, repr=False)

    _LATE: ClassVar[dict[str, Callable[[Callable[[str], Any]], Any]]] = {
        "ld_context": lambda get: read_model(LdContext, get("@context")),
        "beneficiary": lambda get: read_model(OrderItemTicketBeneficiary, get("beneficiary")),
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
        self.id = get("id")
        self.voucher = get("voucher")
        self.occurs_at = read_datetime(get("occursAt"))
        self.required_beneficiary_fields = get("requiredBeneficiaryFields")
        self.beneficiary_designation_deadline = read_datetime(get("beneficiaryDesignationDeadline"))
        self.beneficiary_amendable = get("beneficiaryAmendable")
        self.status = OrderItemTicketResourceStatus.read(get("status"))
        self.seating = get("seating")
        if get("@context") is None:
            self.ld_context = ABSENT
        if get("beneficiary") is None:
            self.beneficiary = ABSENT
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


from .ld_context import LdContext  # noqa: E402
from .order_item_ticket_beneficiary import OrderItemTicketBeneficiary  # noqa: E402
from .order_item_ticket_resource_status import OrderItemTicketResourceStatus  # noqa: E402

__all__ = ["OrderItemTicketResource"]
