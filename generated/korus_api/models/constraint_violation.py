# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""The model `ConstraintViolation`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from attrs import define as _define
from attrs import field as _field

from .._reading import ABSENT, read_model, read_models, reads_late, restore, same, shown, unknown_keys


@reads_late
@_define(kw_only=True, eq=False, slots=False)
class ConstraintViolation:
    """Problems of the request"""

    _FIELDS: ClassVar[tuple[tuple[str, str], ...]] = (
        ("ld_context", "@context"),
        ("iri", "@id"),
        ("ld_type", "@type"),
        ("status", "status"),
        ("violations", "violations"),
        ("detail", "detail"),
        ("description", "description"),
        ("type_", "type"),
        ("title", "title"),
        ("instance", "instance"),
    )

    ld_context: str | LdContext = ABSENT
    """JSON-LD context. Key `@context`. None if missing."""
    iri: str = ABSENT
    """IRI of this object; a blank node if it cannot be fetched. Key `@id`. None if missing."""
    ld_type: str = ABSENT
    """JSON-LD type. Key `@type`. None if missing."""
    status: int = ABSENT
    """HTTP status of the answer. The server's default is `422`. None if missing."""
    violations: list[ConstraintViolationViolation] = ABSENT
    """Everything that is wrong. None if missing."""
    detail: str = ABSENT
    """Description of this occurrence of the problem. None if missing."""
    description: str = ABSENT
    """Same as detail. None if missing."""
    type_: str = ABSENT
    """Address that names the kind of problem. Key `type`. None if missing."""
    title: str | None = ABSENT
    """Kind of problem, in a few words. None if missing."""
    instance: str | None = ABSENT
    """Address of this occurrence. None if missing."""
    _source: Mapping[str, Any] | None = _field(default=None, init=False, repr=False)
    _extra: dict[str, Any] | None = _field(default=None, init=False, repr=False)

    _LATE: ClassVar[dict[str, Callable[[Callable[[str], Any]], Any]]] = {
        "ld_context": lambda get: read_model(LdContext, get("@context")),
        "violations": lambda get: read_models(ConstraintViolationViolation, get("violations")),
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
        self.status = get("status")
        self.detail = get("detail")
        self.description = get("description")
        self.type_ = get("type")
        self.title = get("title")
        self.instance = get("instance")
        if get("@context") is None:
            self.ld_context = ABSENT
        if get("violations") is None:
            self.violations = ABSENT
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


from .constraint_violation_violation import ConstraintViolationViolation  # noqa: E402
from .ld_context import LdContext  # noqa: E402

__all__ = ["ConstraintViolation"]
