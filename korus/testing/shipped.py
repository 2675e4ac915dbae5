"""Data of korus for checking recordings: the current description with its corrections, and known differences."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path

import korus_api

from korus.testing import checking, descriptions

__all__ = ["EXCEPTIONS", "description", "exceptions"]

EXCEPTIONS = Path(__file__).with_name("exceptions.yaml")
"""The file of known differences between traffic and all descriptions, with reasons."""


@cache
def description() -> descriptions.Description:
    """Return the description that this version of korus was built from, with its corrections."""
    text = files(korus_api).joinpath("description.json").read_text(encoding="utf-8")
    return descriptions.Description.of(json.loads(text), sha256=korus_api.DESCRIPTION_SHA256)


@cache
def exceptions() -> tuple[checking.Exemption, ...]:
    """Return the known differences between the API and all its descriptions."""
    return checking.read_exemptions(EXCEPTIONS)
