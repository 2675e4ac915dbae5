"""Prove that nothing of a description was lost on its way into the raw client."""

from scripts.generate.audit.report import Report, audit

__all__ = ["Report", "audit"]
