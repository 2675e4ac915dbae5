"""Decisions about bookings, without I/O."""
