# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""Enum `LdContextHydra`."""

from __future__ import annotations

from .._reading import OpenStr


class LdContextHydra(OpenStr):
    """Open enum: values that are not listed are kept."""

    HTTP_WWW_W3_ORG_NS_HYDRA_CORE = "http://www.w3.org/ns/hydra/core#"


__all__ = ["LdContextHydra"]
