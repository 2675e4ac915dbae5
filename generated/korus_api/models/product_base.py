# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""The model `ProductBase`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from attrs import define as _define
from attrs import field as _field

from .._reading import ABSENT, read_model, reads_late, restore, same, shown, unknown_keys


@reads_late
@_define(kw_only=True, eq=False, slots=False)
class ProductBase:
    """Product base, which groups the variants of a product"""

    _FIELDS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("ld_context", "@context"),
        ("iri", "@id"),
        ("ld_type", "@type"),
        ("id", "id"),
        ("name", "name"),
        ("disabled", "disabled"),
        ("description", "description"),
        ("short_description", "shortDescription"),
        ("terms_of_use", "termsOfUse"),
        ("use_session", "useSession"),
        ("timezone", "timezone"),
        ("recurring", "recurring"),
        ("beneficiary_info_may_be_required", "beneficiaryInfoMayBeRequired"),
        ("instant_document_delivery", "instantDocumentDelivery"),
        ("max_amount_per_order", "maxAmountPerOrder"),
        ("universe", "universe"),
        ("venue", "venue"),
        ("medias", "medias"),
    )

    ld_context: str | LdContext = ABSENT
    """JSON-LD context. Key `@context`. None if missing."""
    iri: str = ABSENT
    """IRI of this object; a blank node if it cannot be fetched. Key `@id`. None if missing."""
    ld_type: str = ABSENT
    """JSON-LD type. Key `@type`. None if missing."""
    id: str = ABSENT
    """Id of the product base, a UUID. None if missing."""
    name: str = ABSENT
    """Name. Example: `Evening walk`. None if missing."""
    disabled: bool = ABSENT
    """True if it is not for sale at present. None if missing."""
    description: str | None = ABSENT
    """What is said of it, HTML. None if missing."""
    short_description: str | None = ABSENT
    """The same in short, HTML. Key `shortDescription`. None if missing."""
    terms_of_use: str | None = ABSENT
    """Terms of use, HTML. Key `termsOfUse`. None if missing."""
    use_session: bool = ABSENT
    """Whether its offers need a session. Key `useSession`. None if missing."""
    timezone: str | None = ABSENT
    """Time zone, an IANA name. Example: `Europe/Lisbon`. None if missing."""
    recurring: bool = ABSENT
    """Whether it is offered on many dates. None if missing."""
    beneficiary_info_may_be_required: bool = ABSENT
    """Whether its tickets may need a beneficiary. Key `beneficiaryInfoMayBeRequired`. None if missing."""
    instant_document_delivery: bool = ABSENT
    """Whether its documents are there at once. Key `instantDocumentDelivery`. None if missing."""
    max_amount_per_order: int | None = ABSENT
    """How many offers one order may hold: a count, not money. Key `maxAmountPerOrder`. None if missing."""
    universe: str | None = ABSENT
    """What kind of thing it is; an open list. Example: `show`. None if missing."""
    venue: ProductBaseVenue | None = ABSENT
    """Where it takes place. None if missing."""
    medias: ProductBaseMedias | None = ABSENT
    """Pictures. None if missing."""
    _source: Mapping[str, Any] | None = _field(default=None, init=False, repr=False)
    _extra: dict[str, Any] | None = _field(default=None, init=False, repr=False)

    _LATE: ClassVar[dict[str, Callable[[Callable[[str], Any]], Any]]] = {
        "ld_context": lambda get: read_model(LdContext, get("@context")),
        "venue": lambda get: read_model(ProductBaseVenue, get("venue")),
        "medias": lambda get: read_model(ProductBaseMedias, get("medias")),
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
        self.name = get("name")
        self.disabled = get("disabled")
        self.description = get("description")
        self.short_description = get("shortDescription")
        self.terms_of_use = get("termsOfUse")
        self.use_session = get("useSession")
        self.timezone = get("timezone")
        self.recurring = get("recurring")
        self.beneficiary_info_may_be_required = get("beneficiaryInfoMayBeRequired")
        self.instant_document_delivery = get("instantDocumentDelivery")
        self.max_amount_per_order = get("maxAmountPerOrder")
        self.universe = get("universe")
        if get("@context") is None:
            self.ld_context = ABSENT
        if get("venue") is None:
            self.venue = ABSENT
        if get("medias") is None:
            self.medias = ABSENT
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
from .product_base_medias import ProductBaseMedias  # noqa: E402
from .product_base_venue import ProductBaseVenue  # noqa: E402

__all__ = ["ProductBase"]
