# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""Models and enums, imported on first use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .bulk_order_input import BulkOrderInput
    from .bulk_order_input_customer import BulkOrderInputCustomer
    from .bulk_order_input_customer_title import BulkOrderInputCustomerTitle
    from .bulk_order_output import BulkOrderOutput
    from .bulk_order_output_failed_order import BulkOrderOutputFailedOrder
    from .bulk_reservation_input import BulkReservationInput
    from .bulk_reservation_input_item import BulkReservationInputItem
    from .bulk_reservation_input_item_ticket_session import BulkReservationInputItemTicketSession
    from .bulk_reservation_input_item_ticket_session_form_data import BulkReservationInputItemTicketSessionFormData
    from .bulk_reservation_input_item_ticket_session_form_data_field import BulkReservationInputItemTicketSessionFormDataField
    from .bulk_reservation_output import BulkReservationOutput
    from .bulk_reservation_output_failed_reservation import BulkReservationOutputFailedReservation
    from .catalog import Catalog
    from .catalog_collection import CatalogCollection
    from .collection_search import CollectionSearch
    from .collection_search_mapping_item import CollectionSearchMappingItem
    from .collection_view import CollectionView
    from .constraint_violation import ConstraintViolation
    from .constraint_violation_violation import ConstraintViolationViolation
    from .error import Error
    from .form import Form
    from .form_field import FormField
    from .form_field_choice import FormFieldChoice
    from .form_field_type import FormFieldType
    from .ld_context import LdContext
    from .ld_context_hydra import LdContextHydra
    from .list_catalogs_order_created_at import ListCatalogsOrderCreatedAt
    from .list_offers_order_date import ListOffersOrderDate
    from .list_orders_order_created_at import ListOrdersOrderCreatedAt
    from .list_product_base_option_values_code import ListProductBaseOptionValuesCode
    from .list_reservations_order_created_at import ListReservationsOrderCreatedAt
    from .offer import Offer
    from .offer_availability import OfferAvailability
    from .offer_collection import OfferCollection
    from .offer_price import OfferPrice
    from .offer_price_in_offer import OfferPriceInOffer
    from .offer_ticket import OfferTicket
    from .offer_ticket_session import OfferTicketSession
    from .offer_ticket_session_collection import OfferTicketSessionCollection
    from .order import Order
    from .order_collection import OrderCollection
    from .order_customer import OrderCustomer
    from .order_document import OrderDocument
    from .order_document_collection import OrderDocumentCollection
    from .order_document_patch_read import OrderDocumentPatchRead
    from .order_item import OrderItem
    from .order_item_ticket import OrderItemTicket
    from .order_item_ticket_beneficiary import OrderItemTicketBeneficiary
    from .order_item_ticket_resource import OrderItemTicketResource
    from .order_item_ticket_resource_status import OrderItemTicketResourceStatus
    from .order_item_ticket_status import OrderItemTicketStatus
    from .order_status import OrderStatus
    from .patch_order_document_input import PatchOrderDocumentInput
    from .patch_order_item_ticket_input import PatchOrderItemTicketInput
    from .patch_order_item_ticket_input_beneficiary import PatchOrderItemTicketInputBeneficiary
    from .patch_order_item_ticket_input_beneficiary_title import PatchOrderItemTicketInputBeneficiaryTitle
    from .product import Product
    from .product_base import ProductBase
    from .product_base_collection import ProductBaseCollection
    from .product_base_medias import ProductBaseMedias
    from .product_base_medias_gallery_item import ProductBaseMediasGalleryItem
    from .product_base_medias_logo import ProductBaseMediasLogo
    from .product_base_option import ProductBaseOption
    from .product_base_option_code import ProductBaseOptionCode
    from .product_base_option_collection import ProductBaseOptionCollection
    from .product_base_option_value import ProductBaseOptionValue
    from .product_base_option_value_collection import ProductBaseOptionValueCollection
    from .product_base_venue import ProductBaseVenue
    from .product_collection import ProductCollection
    from .reservation import Reservation
    from .reservation_collection import ReservationCollection
    from .reservation_item import ReservationItem
    from .reservation_item_offer_ticket import ReservationItemOfferTicket
    from .reservation_seats_arrangement import ReservationSeatsArrangement
    from .reservation_status import ReservationStatus
    from .seat_map import SeatMap
    from .session_availability import SessionAvailability

_MODULES: Final[dict[str, str]] = {
    "BulkOrderInput": "bulk_order_input",
    "BulkOrderInputCustomer": "bulk_order_input_customer",
    "BulkOrderInputCustomerTitle": "bulk_order_input_customer_title",
    "BulkOrderOutput": "bulk_order_output",
    "BulkOrderOutputFailedOrder": "bulk_order_output_failed_order",
    "BulkReservationInput": "bulk_reservation_input",
    "BulkReservationInputItem": "bulk_reservation_input_item",
    "BulkReservationInputItemTicketSession": "bulk_reservation_input_item_ticket_session",
    "BulkReservationInputItemTicketSessionFormData": "bulk_reservation_input_item_ticket_session_form_data",
    "BulkReservationInputItemTicketSessionFormDataField": "bulk_reservation_input_item_ticket_session_form_data_field",
    "BulkReservationOutput": "bulk_reservation_output",
    "BulkReservationOutputFailedReservation": "bulk_reservation_output_failed_reservation",
    "Catalog": "catalog",
    "CatalogCollection": "catalog_collection",
    "CollectionSearch": "collection_search",
    "CollectionSearchMappingItem": "collection_search_mapping_item",
    "CollectionView": "collection_view",
    "ConstraintViolation": "constraint_violation",
    "ConstraintViolationViolation": "constraint_violation_violation",
    "Error": "error",
    "Form": "form",
    "FormField": "form_field",
    "FormFieldChoice": "form_field_choice",
    "FormFieldType": "form_field_type",
    "LdContext": "ld_context",
    "LdContextHydra": "ld_context_hydra",
    "ListCatalogsOrderCreatedAt": "list_catalogs_order_created_at",
    "ListOffersOrderDate": "list_offers_order_date",
    "ListOrdersOrderCreatedAt": "list_orders_order_created_at",
    "ListProductBaseOptionValuesCode": "list_product_base_option_values_code",
    "ListReservationsOrderCreatedAt": "list_reservations_order_created_at",
    "Offer": "offer",
    "OfferAvailability": "offer_availability",
    "OfferCollection": "offer_collection",
    "OfferPrice": "offer_price",
    "OfferPriceInOffer": "offer_price_in_offer",
    "OfferTicket": "offer_ticket",
    "OfferTicketSession": "offer_ticket_session",
    "OfferTicketSessionCollection": "offer_ticket_session_collection",
    "Order": "order",
    "OrderCollection": "order_collection",
    "OrderCustomer": "order_customer",
    "OrderDocument": "order_document",
    "OrderDocumentCollection": "order_document_collection",
    "OrderDocumentPatchRead": "order_document_patch_read",
    "OrderItem": "order_item",
    "OrderItemTicket": "order_item_ticket",
    "OrderItemTicketBeneficiary": "order_item_ticket_beneficiary",
    "OrderItemTicketResource": "order_item_ticket_resource",
    "OrderItemTicketResourceStatus": "order_item_ticket_resource_status",
    "OrderItemTicketStatus": "order_item_ticket_status",
    "OrderStatus": "order_status",
    "PatchOrderDocumentInput": "patch_order_document_input",
    "PatchOrderItemTicketInput": "patch_order_item_ticket_input",
    "PatchOrderItemTicketInputBeneficiary": "patch_order_item_ticket_input_beneficiary",
    "PatchOrderItemTicketInputBeneficiaryTitle": "patch_order_item_ticket_input_beneficiary_title",
    "Product": "product",
    "ProductBase": "product_base",
    "ProductBaseCollection": "product_base_collection",
    "ProductBaseMedias": "product_base_medias",
    "ProductBaseMediasGalleryItem": "product_base_medias_gallery_item",
    "ProductBaseMediasLogo": "product_base_medias_logo",
    "ProductBaseOption": "product_base_option",
    "ProductBaseOptionCode": "product_base_option_code",
    "ProductBaseOptionCollection": "product_base_option_collection",
    "ProductBaseOptionValue": "product_base_option_value",
    "ProductBaseOptionValueCollection": "product_base_option_value_collection",
    "ProductBaseVenue": "product_base_venue",
    "ProductCollection": "product_collection",
    "Reservation": "reservation",
    "ReservationCollection": "reservation_collection",
    "ReservationItem": "reservation_item",
    "ReservationItemOfferTicket": "reservation_item_offer_ticket",
    "ReservationSeatsArrangement": "reservation_seats_arrangement",
    "ReservationStatus": "reservation_status",
    "SeatMap": "seat_map",
    "SessionAvailability": "session_availability",
}

__all__ = [
    "BulkOrderInput",
    "BulkOrderInputCustomer",
    "BulkOrderInputCustomerTitle",
    "BulkOrderOutput",
    "BulkOrderOutputFailedOrder",
    "BulkReservationInput",
    "BulkReservationInputItem",
    "BulkReservationInputItemTicketSession",
    "BulkReservationInputItemTicketSessionFormData",
    "BulkReservationInputItemTicketSessionFormDataField",
    "BulkReservationOutput",
    "BulkReservationOutputFailedReservation",
    "Catalog",
    "CatalogCollection",
    "CollectionSearch",
    "CollectionSearchMappingItem",
    "CollectionView",
    "ConstraintViolation",
    "ConstraintViolationViolation",
    "Error",
    "Form",
    "FormField",
    "FormFieldChoice",
    "FormFieldType",
    "LdContext",
    "LdContextHydra",
    "ListCatalogsOrderCreatedAt",
    "ListOffersOrderDate",
    "ListOrdersOrderCreatedAt",
    "ListProductBaseOptionValuesCode",
    "ListReservationsOrderCreatedAt",
    "Offer",
    "OfferAvailability",
    "OfferCollection",
    "OfferPrice",
    "OfferPriceInOffer",
    "OfferTicket",
    "OfferTicketSession",
    "OfferTicketSessionCollection",
    "Order",
    "OrderCollection",
    "OrderCustomer",
    "OrderDocument",
    "OrderDocumentCollection",
    "OrderDocumentPatchRead",
    "OrderItem",
    "OrderItemTicket",
    "OrderItemTicketBeneficiary",
    "OrderItemTicketResource",
    "OrderItemTicketResourceStatus",
    "OrderItemTicketStatus",
    "OrderStatus",
    "PatchOrderDocumentInput",
    "PatchOrderItemTicketInput",
    "PatchOrderItemTicketInputBeneficiary",
    "PatchOrderItemTicketInputBeneficiaryTitle",
    "Product",
    "ProductBase",
    "ProductBaseCollection",
    "ProductBaseMedias",
    "ProductBaseMediasGalleryItem",
    "ProductBaseMediasLogo",
    "ProductBaseOption",
    "ProductBaseOptionCode",
    "ProductBaseOptionCollection",
    "ProductBaseOptionValue",
    "ProductBaseOptionValueCollection",
    "ProductBaseVenue",
    "ProductCollection",
    "Reservation",
    "ReservationCollection",
    "ReservationItem",
    "ReservationItemOfferTicket",
    "ReservationSeatsArrangement",
    "ReservationStatus",
    "SeatMap",
    "SessionAvailability",
]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    """Import a model on first use."""
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{module}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the names of the module, including all models."""
    return sorted({*globals(), *_MODULES})
