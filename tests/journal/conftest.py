"""Clients of both kinds at a sandbox, as for bookings."""

from booking_front import client_kind, clients, front, shared_front

__all__ = ["client_kind", "clients", "front", "shared_front"]
