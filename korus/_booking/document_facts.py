"""Typed facts of an order's documents, read once at the edge (reference 4.16). No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from korus._core.raw_json import iri_of, json_object, objects, text
from korus._core.values import moment

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["DocumentAddress", "DocumentFacts", "OrderName", "Pending", "documents_of"]


@frozen
class DocumentFacts:
    """Document in a list or an order.

    Attributes:
        iri: Its IRI, None if not shown.
        id: Its id, None if not shown.
        due: The time from which it can be downloaded, aware; None if not shown.
        raw: The entry as received.
    """

    iri: str | None
    id: str | None = None
    due: datetime | None = None
    raw: Any = field(default=None, repr=False, eq=False)

    @classmethod
    def read(cls, entry: object) -> DocumentFacts:
        """Read a document: a model, its JSON, or a bare IRI."""
        source = json_object(entry) or {}
        return cls(iri_of(entry), text(source, "id"), moment(source.get("downloadableAt")), entry)

    def to_dict(self) -> dict[str, Any]:
        """Return its JSON; for a bare IRI an object that contains only it."""
        source = json_object(self.raw)
        return {"@id": self.raw} if source is None else dict(source)


@frozen
class DocumentAddress:
    """Answer with the temporary address of a document.

    Attributes:
        url: The address, None if the API sent none. It is signed, so the repr omits it.
        raw: The answer as received.
    """

    url: str | None = field(repr=False)
    raw: dict[str, Any] = field(factory=dict[str, Any], repr=False, eq=False)

    @classmethod
    def read(cls, answer: dict[str, Any]) -> DocumentAddress:
        """Read the answer."""
        return cls(text(answer, "temporaryUrl"), answer)


@frozen
class OrderName:
    """Name of an order in file names: its reference, else its id, else ``order``."""

    name: str = field(default="order", repr=False)
    is_known: bool = False

    @classmethod
    def read(cls, order: object) -> OrderName:
        """Read the name of a model or its JSON; anything else is named ``order``."""
        source = json_object(order) or {}
        return cls(text(source, "reference") or text(source, "id") or "order", bool(source))


def documents_of(order: object) -> tuple[DocumentFacts, ...]:
    """Read the documents that an order (a model or its JSON) names."""
    return tuple(map(DocumentFacts.read, objects(json_object(order) or {}, "documents")))


@frozen
class Pending:
    """State of waiting for documents; passed to progress callbacks.

    Attributes:
        ready: The IRIs of the documents that can be downloaded.
        pending: The IRIs of those that cannot be downloaded yet.
        due: The time at which the last of these will be ready, None if it is not known.
        waited: Seconds waited so far.
    """

    ready: tuple[str, ...]
    pending: tuple[str, ...]
    due: datetime | None
    waited: float

    def without(self, document: str) -> Pending:
        """Return a copy in which this document is pending."""
        ready = tuple(iri for iri in self.ready if iri != document)
        return evolve(self, ready=ready, pending=(*self.pending, document))
