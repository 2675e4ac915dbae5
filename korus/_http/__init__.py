"""Requests and answers without I/O."""
