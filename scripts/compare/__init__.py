"""Comparison of two OpenAPI documents.

:mod:`scripts.compare.wire` compares requests and responses; :mod:`scripts.compare.python` derives the effects on the
raw Python client.
"""

from __future__ import annotations

from scripts.compare.wire.comparison import compare
from scripts.compare.wire.documents import ComparisonError, Document
from scripts.compare.wire.records import Comparison, Record
from scripts.compare.wire.rules import LEVELS, RULES, Rule

__all__ = ["LEVELS", "RULES", "Comparison", "ComparisonError", "Document", "Record", "Rule", "compare"]
