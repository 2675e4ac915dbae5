"""Data that korus brings for checking recordings: the present description, corrected, and what differs from it."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path

import korus_api

from korus.testing import checking, descriptions

__all__ = ["EXCEPTIONS", "description", "exceptions"]

EXCEPTIONS = Path(__file__).with_name("exceptions.yaml")
"""The file of what traffic has and no description says, each with its reason."""


@cache
def description() -> descriptions.Description:
    """Return the description that this version of korus was made from, with its mistakes corrected."""
    text = files(korus_api).joinpath("description.json").read_text(encoding="utf-8")
    return descriptions.Description.of(json.loads(text), sha256=korus_api.DESCRIPTION_SHA256)


@cache
def exceptions() -> tuple[checking.Exemption, ...]:
    """Return what is known to differ from any description of the API."""
    return checking.read_exemptions(EXCEPTIONS)
