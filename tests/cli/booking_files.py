"""Booking files of a few lines that tests write."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """\
external_reference: SHOP 1/é
language: en
customer: {firstname: Ada, lastname: Lovelace, email: ada@example.com}
items:
"""
ADULTS = (
    "  - {catalog: Lantern Park, product: 'Lantern Park, one day, adult', date: 2027-05-15, quantity: 2}\n"
)
CHILDREN = (
    "  - {catalog: Lantern Park, product: 'Lantern Park, one day, child', date: 2027-05-15, quantity: 1}\n"
)
PLAYED = (
    "  - {catalog: Vega Stadium, product: 'Cup night, south stand, silver', date: 2027-05-12, quantity: 1"
)


def write(folder: Path, *items: str) -> Path:
    file = folder / "wish.yaml"
    file.write_text(HEAD + "".join(items), encoding="utf-8")
    return file
