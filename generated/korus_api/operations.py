# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""Index of all operations by name; their modules are not imported."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_PACKAGE = __name__.rpartition(".")[0]

OPERATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "bulk_create_orders": f"{_PACKAGE}.api.order.bulk_create_orders",
        "bulk_create_reservations": f"{_PACKAGE}.api.reservation.bulk_create_reservations",
        "get_form": f"{_PACKAGE}.api.form.get_form",
        "get_offer_availability": f"{_PACKAGE}.api.offer_availability.get_offer_availability",
        "get_offer_price": f"{_PACKAGE}.api.offer_price.get_offer_price",
        "get_offer_ticket": f"{_PACKAGE}.api.offer_ticket.get_offer_ticket",
        "get_order": f"{_PACKAGE}.api.order.get_order",
        "get_order_document": f"{_PACKAGE}.api.order_document.get_order_document",
        "get_order_item_ticket": f"{_PACKAGE}.api.order_item_ticket.get_order_item_ticket",
        "get_reservation": f"{_PACKAGE}.api.reservation.get_reservation",
        "get_seat_map": f"{_PACKAGE}.api.seat_map.get_seat_map",
        "list_catalogs": f"{_PACKAGE}.api.catalog.list_catalogs",
        "list_offer_ticket_sessions": f"{_PACKAGE}.api.offer_ticket_session.list_offer_ticket_sessions",
        "list_offers": f"{_PACKAGE}.api.offer.list_offers",
        "list_order_documents": f"{_PACKAGE}.api.order_document.list_order_documents",
        "list_orders": f"{_PACKAGE}.api.order.list_orders",
        "list_product_base_option_values": f"{_PACKAGE}.api.product_base_option_value.list_product_base_option_values",
        "list_product_base_options": f"{_PACKAGE}.api.product_base_option.list_product_base_options",
        "list_product_bases": f"{_PACKAGE}.api.product_base.list_product_bases",
        "list_products": f"{_PACKAGE}.api.product.list_products",
        "list_reservations": f"{_PACKAGE}.api.reservation.list_reservations",
        "update_order_document": f"{_PACKAGE}.api.order_document.update_order_document",
        "update_order_item_ticket": f"{_PACKAGE}.api.order_item_ticket.update_order_item_ticket",
    }
)
"""The module of each operation."""
