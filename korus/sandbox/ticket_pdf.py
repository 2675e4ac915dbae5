"""Documents of the sandbox: real PDF files with a QR code for every ticket.

reportlab draws the page, segno computes the code; the same order in the same language has the same bytes.
"""

from __future__ import annotations

import io
import unicodedata
from itertools import groupby
from typing import TYPE_CHECKING, Any

import segno
from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped] # ships no types
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped] # ships no types

from korus.sandbox.money import amount
from korus.sandbox.seed_data import Text

if TYPE_CHECKING:
    from korus.sandbox.boxoffice import Document, IssuedTicket, Order
    from korus.sandbox.catalogue import Offer

__all__ = ["draw_document"]

_WIDTH, _HEIGHT = A4
_MARGIN = 56
_BAND = 92
_PER_PAGE = 4
_FIRST = _HEIGHT - _BAND - 70
_CARD = 136
_BLOCK = 148
_PAD = 16
_QR_SIDE = 104
_QR_MASK = 3
_INK, _QUIET, _LINE, _ACCENT = "#23211d", "#6a645a", "#d9d2c3", "#9a4b00"

_DAYS = Text(
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "lundi mardi mercredi jeudi vendredi samedi dimanche",
)
_MONTHS = Text(
    "January February March April May June July August September October November December",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
)
# letters of European names that the built-in fonts lack and that are no letter with an accent
_PLAINER = str.maketrans("ŁłĐđĦħŁŦŧıŊŋ", "LlDdHhLTtiNn")

_WORDS = {
    "tickets": Text("Tickets", "Billets"),
    "confirmation": Text("Confirmation of your order", "Confirmation de votre commande"),
    "order": Text("Order", "Commande"),
    "reference": Text("Your reference", "Votre référence"),
    "holder": Text("Holder", "Titulaire"),
    "bearer": Text("the bearer", "le porteur"),
    "any_day": Text("Good for any day", "Valable n'importe quel jour"),
    "at": Text("at", "à"),
    "of": Text("of", "sur"),
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
            count = f"{first + row + 1} {words['of']} {len(tickets)}"
            _draw_ticket(canvas, ticket, words, language, (_FIRST - row * _BLOCK, count))
        _write(canvas, _MARGIN, 30, words["notice"], size=8, colour=_QUIET)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _latin(text: str) -> str:
    """Replace letters that the built-in fonts lack: by the letter without its accent, else by a question mark."""
    shown: list[str] = []
    for letter in text.translate(_PLAINER):
        for form in (letter, unicodedata.normalize("NFKD", letter)[:1]):
            if form.encode("cp1252", "ignore"):
                shown.append(form)
                break
        else:
            shown.append("?")
    return "".join(shown)


def _write(
    canvas: Any,
    x: float,
    y: float,
    text: str,
    *,
    size: int,
    bold: bool = False,
    colour: str = _INK,
    right: bool = False,
    room: float = _WIDTH - 2 * _MARGIN,
) -> None:
    """Write one line, cut short where there is no room for it."""
    font = "Helvetica-Bold" if bold else "Helvetica"
    shown = _latin(text)
    while shown and canvas.stringWidth(shown, font, size) > room:
        shown = f"{shown[:-2].rstrip()}\N{HORIZONTAL ELLIPSIS}"
    canvas.setFont(font, size)
    canvas.setFillColor(colour)
    (canvas.drawRightString if right else canvas.drawString)(x, y, shown)


def _draw_head(canvas: Any, order: Order, document: Document, words: dict[str, str], language: str) -> None:
    plan = order.offer.catalog.plan
    canvas.setFillColor(_INK)
    canvas.rect(0, _HEIGHT - _BAND, _WIDTH, _BAND, stroke=0, fill=1)
    canvas.setFillColor(_ACCENT)
    canvas.rect(0, _HEIGHT - _BAND - 4, _WIDTH, 4, stroke=0, fill=1)
    _write(
        canvas, _MARGIN, _HEIGHT - 50, plan.name.in_language(language), size=24, bold=True, colour="#ffffff"
    )
    venue = plan.venue
    place = f"{venue.name}, {venue.line1}, {venue.postal_code} {venue.city}"
    _write(canvas, _MARGIN, _HEIGHT - 70, place, size=9, colour="#d9d2c3")
    top, right = _HEIGHT - _BAND - 32, _WIDTH - _MARGIN
    title = f"{words[document.kind]} - {words['order']} {order.reference}"
    _write(canvas, _MARGIN, top, title, size=13, bold=True, room=330)
    cents = order.reservation.unit_price * order.reservation.request.quantity
    total = f"{words['total']}: {amount(cents)} EUR"
    _write(canvas, right, top, total, size=13, bold=True, right=True)
    reference = f"{words['reference']}: {order.external_reference}"
    _write(canvas, _MARGIN, top - 16, reference, size=9, colour=_QUIET)


def _when(offer: Offer, ticket: IssuedTicket, words: dict[str, str], language: str) -> str:
    """The day in words and, where there is one, the time at the venue."""
    day = offer.date if ticket.occurs_at is None else ticket.occurs_at
    if day is None:
        return words["any_day"]
    name = _DAYS.in_language(language).split()[day.weekday()]
    month = _MONTHS.in_language(language).split()[day.month - 1]
    time = "" if ticket.occurs_at is None else f" {words['at']} {ticket.occurs_at:%H:%M}"
    return f"{name} {day.day} {month} {day.year}{time}"


def _draw_ticket(
    canvas: Any, ticket: IssuedTicket, words: dict[str, str], language: str, place: tuple[float, str]
) -> None:
    top, count = place
    offer = ticket.offer_ticket.offer
    named = ticket.beneficiary or {}
    holder = " ".join(filter(None, (named.get("firstname"), named.get("lastname")))) or words["bearer"]
    canvas.setStrokeColor(_LINE)
    canvas.roundRect(_MARGIN, top - _CARD, _WIDTH - 2 * _MARGIN, _CARD, 8, stroke=1, fill=0)
    left, stub = _MARGIN + _PAD, _WIDTH - _MARGIN - 2 * _PAD - _QR_SIDE
    room = stub - left - _PAD
    canvas.setDash(2, 3)
    canvas.line(stub, top - 8, stub, top - _CARD + 8)
    canvas.setDash()
    lines = (
        (offer.product.plan.name.in_language(language), 14, True, _INK),
        (ticket.offer_ticket.plan.name.in_language(language), 10, False, _QUIET),
        (_when(offer, ticket, words, language), 11, True, _INK),
        (f"{words['holder']}: {holder}", 11, False, _INK),
    )
    for row, (line, size, bold, colour) in enumerate(lines):
        _write(canvas, left, top - 28 - 20 * row, line, size=size, bold=bold, colour=colour, room=room)
    _write(canvas, left, top - _CARD + 14, ticket.voucher, size=9, colour=_QUIET)
    _write(canvas, stub - _PAD, top - _CARD + 14, count, size=9, colour=_QUIET, right=True)
    _draw_code(canvas, ticket.voucher, stub + _PAD, top - (_CARD - _QR_SIDE) / 2)


def _draw_code(canvas: Any, voucher: str, left: float, top: float) -> None:
    """Draw the QR code of a voucher, each run of dark modules as one rectangle of a single path."""
    # readers read every mask; looking for the one that scans best would cost more than all else on the page
    rows = segno.make_qr(voucher, error="m", mask=_QR_MASK).matrix
    runs: list[str] = []
    for y, row in enumerate(rows):
        x = 0
        for dark, run in groupby(row):
            wide = len(tuple(run))
            if dark:
                runs.append(f"{x} {y} {wide} 1 re")
            x += wide
    canvas.saveState()
    canvas.translate(left, top)
    canvas.scale(_QR_SIDE / len(rows), -_QR_SIDE / len(rows))
    canvas.setFillGray(0)
    canvas.addLiteral(
        f"{' '.join(runs)} f"
    )  # whole numbers, which reportlab would write as floats one by one
    canvas.restoreState()
