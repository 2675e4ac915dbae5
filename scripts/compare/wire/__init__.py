"""Comparison of two descriptions on the wire: accepted requests and possible responses."""
