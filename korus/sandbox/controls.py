"""Controls of a running sandbox for its administration and pages; `Sandbox` implements them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from korus.sandbox.app import Service
    from korus.sandbox.boxoffice import BoxOffice
    from korus.sandbox.catalogue import Catalogue
    from korus.sandbox.clock import Clock
    from korus.sandbox.editing import CatalogEditor
    from korus.sandbox.faults import Faults
    from korus.sandbox.inspection import Inspection
    from korus.sandbox.tokens import Client, TokenEndpoint

__all__ = ["Controls"]


class Controls(Protocol):
    """Parts of a sandbox that its administration and its pages for people need."""

    clock: Clock
    catalogue: Catalogue
    catalog: CatalogEditor
    box_office: BoxOffice
    tokens: TokenEndpoint
    faults: Faults
    inspect: Inspection
    service: Service
    client: Client

    @property
    def latency(self) -> float:
        """Seconds to wait before each answer."""
        ...

    @latency.setter
    def latency(self, seconds: float) -> None: ...

    def environment(self) -> dict[str, str]:
        """Return the environment variables that let a client talk to it."""
        ...

    def set_stock(self, iri: str, available: int) -> None:
        """Set the stock of an offer or a session."""
        ...

    def set_price(self, iri: str, amount: str) -> None:
        """Set the current price of an offer."""
        ...

    def expire_reservation(self, iri: str) -> None:
        """End a hold now."""
        ...

    def refuse_connections(self, seconds: float) -> None:
        """Refuse connections for a time."""
        ...
