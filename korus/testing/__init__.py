"""Tools for testing a program that uses korus: recorded traffic, checks over it, pytest fixtures.

Needs the extra ``korus-sdk[testing]``. Importing ``korus`` imports none of it, and importing this package
imports nothing heavy: every module of it is imported where it is used.
"""

from __future__ import annotations

__all__: list[str] = []
