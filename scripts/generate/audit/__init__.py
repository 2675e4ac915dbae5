"""Audit of the raw client: proof that it contains every part of the description."""

from scripts.generate.audit.report import Report, audit

__all__ = ["Report", "audit"]
