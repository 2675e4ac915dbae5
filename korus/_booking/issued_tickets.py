"""Typed facts of issued tickets and their beneficiaries, parsed once from the API's answers (reference 4.15). No I/O.

A field that is absent, null or malformed is None; reading never raises.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen

from korus._core.raw_json import iri_of, json_object, objects, text
from korus._core.values import moment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = [
    "DATE_OF_BIRTH",
    "FIELDS",
    "IssuedTicketFacts",
    "field_name",
    "order_tickets",
    "plain_name",
    "read_order_tickets",
]

DATE_OF_BIRTH: Final = "dateOfBirth"
FIELDS: Final = (
    "firstname",
    "lastname",
    "title",
    "nationality",
    DATE_OF_BIRTH,
    "placeOfBirth",
    "email",
    "phone",
)
"""The fields of a beneficiary, by the API's names (reference 4.15)."""

_WORDS: Final = re.compile(r"[^a-z0-9]")


@frozen
class IssuedTicketFacts:
    """Issued ticket.

    Attributes:
        iri: Its IRI, None if not shown.
        id: Its id, None if not shown.
        voucher: Its voucher, None if not shown.
        status: Its status, None if not shown.
        beneficiary: The known data of its beneficiary, by the API's field names.
        required: The fields of its beneficiary that are required, by the API's names.
        shows_requirements: True if it lists the required fields, even if there are none.
        amendable: True if the beneficiary can be changed later; None if not shown.
        deadline: The time until which the beneficiary can be sent, aware; None if not shown.
        raw: The entry as received.
    """

    iri: str | None
    id: str | None = field(default=None, repr=False)
    voucher: str | None = field(default=None, repr=False)
    status: str | None = None
    beneficiary: Mapping[str, Any] = field(factory=dict[str, Any], repr=False)
    required: tuple[str, ...] = ()
    shows_requirements: bool = False
    amendable: bool | None = None
    deadline: datetime | None = None
    raw: Any = field(default=None, repr=False, eq=False)

    @classmethod
    def read(cls, entry: object) -> IssuedTicketFacts:
        """Read a ticket: a model, its JSON, or a bare IRI."""
        source = json_object(entry) or {}
        amendable = source.get("beneficiaryAmendable")
        required = [name for name in objects(source, "requiredBeneficiaryFields") if isinstance(name, str)]
        return cls(
            iri=iri_of(entry),
            id=text(source, "id"),
            voucher=text(source, "voucher"),
            status=text(source, "status"),
            beneficiary=json_object(source.get("beneficiary")) or {},
            required=tuple(field_name(name) or name for name in required),
            shows_requirements="requiredBeneficiaryFields" in source,
            amendable=amendable if isinstance(amendable, bool) else None,
            deadline=moment(source.get("beneficiaryDesignationDeadline")),
            raw=entry,
        )

    @property
    def names(self) -> frozenset[str]:
        """The IRI, id and voucher, by any of which a row may name it."""
        return frozenset(name for name in (self.iri, self.id, self.voucher) if name is not None)


def order_tickets(order: object) -> tuple[Any, ...]:
    """Return the raw tickets of an order (a model or its JSON) in order, if shown."""
    items = [json_object(item) or {} for item in objects(json_object(order) or {}, "items")]
    return tuple(ticket for item in items for ticket in objects(item, "tickets"))


def read_order_tickets(order: object) -> tuple[IssuedTicketFacts, ...]:
    """Read the tickets of an order (a model or its JSON) in order, if shown."""
    return tuple(map(IssuedTicketFacts.read, order_tickets(order)))


def plain_name(name: str) -> str:
    """Return the name of a field or column in lower case, letters and digits only."""
    return _WORDS.sub("", name.lower())


def field_name(name: str) -> str | None:
    """Return the API's name of a beneficiary's field from any spelling; None if there is no such field."""
    plain = plain_name(name)
    return next((known for known in FIELDS if known.lower() == plain), None)
