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
    """A document as a list or an order shows it.

    Attributes:
        iri: Its IRI, None if not shown.
        id: Its id, None if not shown.
        due: From when on it can be downloaded, aware; None if not shown.
        raw: The entry as it came.
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
        """Return its JSON; of a bare IRI an object that has nothing else."""
        source = json_object(self.raw)
        return {"@id": self.raw} if source is None else dict(source)


@frozen
class DocumentAddress:
    """The answer that names the temporary address of a document.

    Attributes:
        url: The address, None if the API gave none. It is signed, so it is not shown.
        raw: The answer as it came.
    """

    url: str | None = field(repr=False)
    raw: dict[str, Any] = field(factory=dict[str, Any], repr=False, eq=False)

    @classmethod
    def read(cls, answer: dict[str, Any]) -> DocumentAddress:
        """Read the answer."""
        return cls(text(answer, "temporaryUrl"), answer)


@frozen
class OrderName:
    """Name of an order in the names of files: its reference, else its id, else ``order``."""

    name: str = field(default="order", repr=False)
    is_known: bool = False

    @classmethod
    def read(cls, order: object) -> OrderName:
        """Read an order: a model or its JSON; anything else has no name."""
        source = json_object(order) or {}
        return cls(text(source, "reference") or text(source, "id") or "order", bool(source))


def documents_of(order: object) -> tuple[DocumentFacts, ...]:
    """Read the documents that an order (a model or its JSON) names."""
    return tuple(map(DocumentFacts.read, objects(json_object(order) or {}, "documents")))


@frozen
class Pending:
    """The state of waiting for documents; a progress callback gets it.

    Attributes:
        ready: The IRIs of the documents that can be downloaded.
        pending: Those that cannot yet.
        due: When the last of these will be ready, None when it is not known.
        waited: Seconds waited so far.
    """

    ready: tuple[str, ...]
    pending: tuple[str, ...]
    due: datetime | None
    waited: float

    def without(self, document: str) -> Pending:
        """Return the same with a document that is not ready after all."""
        ready = tuple(iri for iri in self.ready if iri != document)
        return evolve(self, ready=ready, pending=(*self.pending, document))
