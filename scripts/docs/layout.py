"""Pages of the site, in their order."""

from __future__ import annotations

from pathlib import Path

__all__ = ["DOCS", "NAVIGATION", "ROOT", "SITE", "STAGE"]

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
STAGE = ROOT / "build" / "docs"
SITE = ROOT / "build" / "site"

NAVIGATION: dict[str, tuple[str, ...]] = {
    "": ("index", "why"),
    "Tutorial": (
        "tutorial/first-booking",
        "tutorial/from-a-file",
        "tutorial/mirror",
        "tutorial/test-your-shop",
    ),
    "How to": (
        "howto/async",
        "howto/forms",
        "howto/sessions-and-groups",
        "howto/partial-failures",
        "howto/recover",
        "howto/workers",
        "howto/fleet",
        "howto/price-changes",
        "howto/documents",
        "howto/proxies-tls",
        "howto/http-client",
        "howto/observe",
        "howto/first-contact",
        "howto/follow-the-api",
        "howto/upgrade",
    ),
    "Concepts": (
        "concepts/exactly-once",
        "concepts/holds",
        "concepts/paging-and-drift",
        "concepts/tolerant-reading",
        "concepts/tokens",
        "concepts/caching",
        "concepts/versions",
    ),
    "Reference": (
        "reference/library",
        "reference/models",
        "reference/errors",
        "reference/settings",
        "reference/commands",
        "reference/pytest-plugin",
        "reference/api",
    ),
    "Project": (
        "project/how-it-is-built",
        "project/tracking",
        "project/benchmarks",
        "project/security",
        "project/adding",
        "project/changelog",
    ),
}
"""The pages by section, in the order of the site; their first headings are the titles."""
