"""The documents that the sandbox delivers: real PDF files with a QR code for every ticket.

reportlab draws the page, segno computes the code; the same order in the same language gives the same bytes.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import segno
from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped] # ships no types
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped] # ships no types

from korus.sandbox.money import amount
from korus.sandbox.programme import Text

if TYPE_CHECKING:
    from korus.sandbox.boxoffice import Document, IssuedTicket, Order
    from korus.sandbox.catalogue import Offer

__all__ = ["draw_document"]

_WIDTH, _HEIGHT = A4
_MARGIN = 56
_PER_PAGE = 4
_BLOCK = 158
_QR_SIDE = 118

_WORDS = {
    "tickets": Text("Tickets", "Billets"),
    "confirmation": Text("Confirmation of your order", "Confirmation de votre commande"),
    "order": Text("Order", "Commande"),
    "reference": Text("Your reference", "Votre référence"),
    "holder": Text("Holder", "Titulaire"),
    "bearer": Text("the bearer", "le porteur"),
    "date": Text("Date", "Date"),
    "any_day": Text("any day", "n'importe quel jour"),
    "total": Text("Total", "Total"),
    "notice": Text(
        "Made by the korus sandbox, a stand-in. Not a ticket: it opens no gate.",
        "Produit par le bac à sable de korus, une imitation. Ceci n'est pas un billet.",
    ),
}


def draw_document(order: Order, document: Document, language: str) -> bytes:
    """Return the PDF file of a document.

    Args:
        order: The order it belongs to.
        document: Which of the order's documents.
        language: ``en`` or ``fr``.
    """
    words = {key: text.in_language(language) for key, text in _WORDS.items()}
    buffer = io.BytesIO()
    canvas: Any = Canvas(buffer, pagesize=A4, invariant=1, pageCompression=1)
    canvas.setTitle(f"{words[document.kind]} {order.reference}")
    canvas.setAuthor(order.offer.catalog.plan.name.in_language(language))
    canvas.setSubject(words["notice"])
    tickets = list(order.tickets) if document.kind == "tickets" else []
    for first in range(0, max(1, len(tickets)), _PER_PAGE):
        _draw_head(canvas, order, document, words, language)
        for row, ticket in enumerate(tickets[first : first + _PER_PAGE]):
            _draw_ticket(canvas, ticket, words, language, _HEIGHT - 190 - row * _BLOCK)
        canvas.setFont("Helvetica", 8)
        canvas.drawString(_MARGIN, 34, _latin(words["notice"]))
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _latin(text: str) -> str:
    """Return what the built-in fonts can show; another character becomes a question mark."""
    return text.encode("cp1252", "replace").decode("cp1252")


def _draw_head(canvas: Any, order: Order, document: Document, words: dict[str, str], language: str) -> None:
    canvas.setFont("Helvetica-Bold", 20)
    canvas.drawString(_MARGIN, _HEIGHT - 72, _latin(order.offer.catalog.plan.name.in_language(language)))
    canvas.setFont("Helvetica", 12)
    canvas.drawString(
        _MARGIN, _HEIGHT - 94, _latin(f"{words[document.kind]} - {words['order']} {order.reference}")
    )
    canvas.setFont("Helvetica", 9)
    canvas.drawString(_MARGIN, _HEIGHT - 110, _latin(f"{words['reference']}: {order.external_reference}"))
    cents = order.reservation.unit_price * order.reservation.request.quantity
    canvas.drawRightString(_WIDTH - _MARGIN, _HEIGHT - 110, f"{words['total']}: {amount(cents)} EUR")
    canvas.line(_MARGIN, _HEIGHT - 120, _WIDTH - _MARGIN, _HEIGHT - 120)


def _when(offer: Offer, ticket: IssuedTicket, words: dict[str, str]) -> str:
    if ticket.occurs_at is not None:
        return ticket.occurs_at.strftime("%Y-%m-%d %H:%M")
    return words["any_day"] if offer.date is None else offer.date.isoformat()


def _draw_ticket(canvas: Any, ticket: IssuedTicket, words: dict[str, str], language: str, top: float) -> None:
    offer = ticket.offer_ticket.offer
    named = ticket.beneficiary or {}
    holder = " ".join(filter(None, (named.get("firstname"), named.get("lastname")))) or words["bearer"]
    canvas.setFont("Helvetica-Bold", 13)
    canvas.drawString(_MARGIN, top, _latin(offer.product.plan.name.in_language(language))[:60])
    canvas.setFont("Helvetica", 11)
    lines = (
        ticket.offer_ticket.plan.name.in_language(language),
        f"{words['date']}: {_when(offer, ticket, words)}",
        f"{words['holder']}: {holder}",
        ticket.voucher,
    )
    for row, line in enumerate(lines):
        canvas.drawString(_MARGIN, top - 20 - 16 * row, _latin(line)[:70])
    _draw_code(canvas, ticket.voucher, _WIDTH - _MARGIN - _QR_SIDE, top + 14)
    canvas.line(_MARGIN, top - 116, _WIDTH - _MARGIN, top - 116)


def _draw_code(canvas: Any, voucher: str, left: float, top: float) -> None:
    """Draw the QR code of a voucher, each run of dark modules as one rectangle."""
    rows = tuple(tuple(row) for row in segno.make_qr(voucher, error="m").matrix)
    side = _QR_SIDE / len(rows)
    canvas.setFillGray(0)
    for y, row in enumerate(rows):
        start = None
        for x, dark in enumerate((*row, 0)):
            if dark and start is None:
                start = x
            elif not dark and start is not None:
                canvas.rect(
                    left + start * side, top - (y + 1) * side, (x - start) * side, side, stroke=0, fill=1
                )
                start = None
