"""Decisions of bookings, without I/O: facts, correlation, reconciliation, and the steps of the booking protocol."""
