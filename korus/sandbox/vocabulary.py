"""JSON-LD contexts and the API documentation for JSON-LD clients: ``/contexts/X``, ``/docs.jsonld``.

The terms are those of the models of `korus.models`; both addresses need no token, as with the API's framework.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from korus import models
from korus.sandbox.problems import error_body

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["DOCUMENTATION_PATH", "documentation_link", "vocabulary_routes"]

DOCUMENTATION_PATH = "/docs.jsonld"
_HYDRA = "http://www.w3.org/ns/hydra/core#"
_MEDIA_TYPE = "application/ld+json"

_CLASSES = {
    "BookingOrder": "Order",
    "BookingOrderDocument": "OrderDocument",
    "BookingOrderItemTicket": "OrderItemTicket",
    "BookingReservation": "Reservation",
    "ConstraintViolation": "ConstraintViolation",
    "Error": "Error",
    "Form": "Form",
    "TicketingCatalog": "Catalog",
    "TicketingOffer": "Offer",
    "TicketingOfferAvailability": "OfferAvailability",
    "TicketingOfferTicket": "OfferTicket",
    "TicketingOfferTicketSession": "OfferTicketSession",
    "TicketingProduct": "Product",
    "TicketingProductBase": "ProductBase",
    "TicketingProductBaseOption": "ProductBaseOption",
    "TicketingProductBaseOptionValue": "ProductBaseOptionValue",
}
"""The short names of resources, and the models whose fields they have."""


def documentation_link(origin: str) -> str:
    """Return the value of the ``Link`` header that names the API documentation."""
    return f'<{origin}{DOCUMENTATION_PATH}>; rel="{_HYDRA}apiDocumentation"'


def vocabulary_routes() -> list[BaseRoute]:
    """Return the routes of the contexts and of the documentation."""
    return [
        Route("/contexts/{name}", _context, name="context"),
        Route(DOCUMENTATION_PATH, _documentation, name="documentation"),
    ]


def _terms(name: str) -> list[str]:
    model = getattr(models, _CLASSES[name])
    return [wire for _, wire in model._FIELDS if not wire.startswith("@")]  # noqa: SLF001 - the generated table


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _context(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _CLASSES:
        body = error_body(404, "There is no such context.")
        return JSONResponse(body, 404, media_type=_MEDIA_TYPE)
    vocabulary = {"@vocab": f"{_origin(request)}{DOCUMENTATION_PATH}#", "hydra": _HYDRA}
    return _answer({"@context": vocabulary | {term: f"{name}/{term}" for term in _terms(name)}}, request)


def _documentation(request: Request) -> Response:
    classes = [
        {
            "@id": f"#{name}",
            "@type": "hydra:Class",
            "hydra:title": name,
            "hydra:supportedProperty": [
                {
                    "@type": "hydra:SupportedProperty",
                    "hydra:property": {"@id": f"#{name}/{term}", "@type": "rdf:Property", "label": term},
                    "hydra:title": term,
                }
                for term in _terms(name)
            ],
        }
        for name in _CLASSES
    ]
    body = {
        "@context": {
            "@vocab": f"{_origin(request)}{DOCUMENTATION_PATH}#",
            "hydra": _HYDRA,
            "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        },
        "@id": DOCUMENTATION_PATH,
        "@type": "hydra:ApiDocumentation",
        "hydra:title": "KorusTicket API (a stand-in)",
        "hydra:supportedClass": classes,
    }
    return _answer(body, request)


def _answer(body: Any, request: Request) -> Response:
    headers = {"Link": documentation_link(_origin(request)), "Cache-Control": "public, max-age=3600"}
    return JSONResponse(body, 200, headers, media_type=_MEDIA_TYPE)
