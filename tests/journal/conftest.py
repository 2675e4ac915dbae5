"""Clients of both kinds at a sandbox, as for bookings."""

from booking_front import clients, colour, front, shared_front

__all__ = ["clients", "colour", "front", "shared_front"]
