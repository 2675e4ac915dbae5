"""Pages for people: a description of the sandbox, its catalogues, and answers of the API in a browser.

``/`` lists the catalogues, ``/_sandbox/catalogs/{id}`` a catalogue's products and next days.
``/_sandbox/answer/…`` shows the API's answer to a GET, without a token, so for loopback peers only.
"""

from __future__ import annotations

import json
import shlex
from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from korus.sandbox.admin import from_here
from korus.sandbox.app import peek
from korus.sandbox.clock import stamp
from korus.sandbox.money import amount
from korus.sandbox.problems import Refusal
from korus.sandbox.stylesheet import STYLESHEET

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from korus.sandbox.catalogue import Base, Catalog, Form, Offer, Product
    from korus.sandbox.controls import Controls
    from korus.sandbox.seed_data import BasePlan, ProductPlan

__all__ = ["landing_routes"]

_DAYS_SHOWN = 14
_BASES_SHOWN = 8
_PRODUCTS_SHOWN = 40


def landing_routes(sandbox: Controls) -> list[BaseRoute]:
    """Return the routes of the pages."""

    async def front(request: Request) -> HTMLResponse:
        return HTMLResponse(_front(sandbox, secret=from_here(request)))

    async def catalog(request: Request) -> HTMLResponse:
        found = sandbox.catalogue.catalog(request.path_params["catalogId"])
        if found is None or not found.plan.granted:
            return HTMLResponse(_page("Not found", "<h1>There is no such catalogue</h1>" + _BACK), 404)
        return HTMLResponse(_catalog_page(sandbox, found))

    async def answer(request: Request) -> Response:
        if not from_here(request):
            return JSONResponse({"error": "for loopback only"}, 403)
        try:
            text = peek(sandbox.service, sandbox.client, f"/{request.path_params['path']}", request.url.query)
        except Refusal as refusal:
            return JSONResponse(refusal.body, refusal.status)
        shown = json.dumps(json.loads(text), ensure_ascii=False, indent=2)
        return Response(shown, media_type="application/json")

    return [
        Route("/", front),
        Route("/_sandbox/catalogs/{catalogId}", catalog),
        Route("/_sandbox/answer/{path:path}", answer),
    ]


_BACK = '<p><a href="/">All catalogues</a></p>'


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLESHEET}</style></head><body><main>{body}"
        '<footer class="quiet small">korus sandbox: a stand-in with invented venues, for trying things out '
        "and for tests. It is independent of the makers of the API.</footer></main></body></html>"
    )


def _answer_link(iri: str, text: str) -> str:
    return f'<a href="/_sandbox/answer{escape(iri)}">{escape(text)}</a>'


def _tags(*tags: str | None) -> str:
    return "".join(f'<span class="tag">{escape(tag)}</span>' for tag in tags if tag)


# --- the front page ---------------------------------------------------------------------------------------

_FRONT = """
<h1>korus sandbox</h1>
<p class="quiet">A stand-in for the KorusTicket API, on this machine</p>
<div class="notice"><strong>This is not the API.</strong> The venues, prices and tickets are invented, nothing
booked here exists anywhere else, and where the real API's behaviour is not known the sandbox follows a
proposal.</div>
<ul class="figures">{figures}</ul>
<h2>Use it</h2>
<p>Set these, and <code>Korus.from_env()</code> and the <code>korus</code> command talk to this sandbox:</p>
<pre>{exports}</pre>
<p>Faults, time, stock and what has been seen: <a href="/_sandbox/"><code>/_sandbox/</code></a></p>
<h2>Catalogues</h2>
<div class="cards">{catalogs}</div>
<h2>Forms</h2>
<div class="cards">{forms}</div>
<p class="small quiet">As the API answers: {answers}</p>
"""


def _front(sandbox: Controls, *, secret: bool) -> str:
    seen = sandbox.inspect.summary()
    figures = (
        (f"{seen['offers']:,}", "offers"),
        (f"{seen['reservations']:,}", "reservations made"),
        (f"{seen['orders']:,}", "orders"),
        (seen["now"][:16].replace("T", " "), "sandbox time, UTC"),
    )
    variables = sandbox.environment()
    if not secret:
        variables |= {"KORUS_CLIENT_SECRET": "(shown to a browser on this machine only)"}
    answers = ("ticketing/catalogs", "booking/reservations", "booking/orders")
    body = _FRONT.format(
        figures="".join(f"<li><strong>{number}</strong>{label}</li>" for number, label in figures),
        exports=escape("\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())),
        catalogs="".join(
            _card(sandbox, catalog) for catalog in sandbox.catalogue.catalogs if catalog.plan.granted
        ),
        forms="".join(map(_form_card, sandbox.catalogue.forms.values())),
        answers=", ".join(_answer_link(f"/v1/{path}", path.split("/")[1]) for path in answers),
    )
    return _page("korus sandbox", body)


def _card(sandbox: Controls, catalog: Catalog) -> str:
    plan = catalog.plan
    bases = sandbox.catalogue.bases[catalog.id]
    hidden = len(bases) - _BASES_SHOWN
    lines = "".join(map(_base_line, bases[:_BASES_SHOWN]))
    more = f"<li class='quiet small'>and {hidden} more</li>" if hidden > 0 else ""
    offers = len(sandbox.catalogue.offers[catalog.id])
    return (
        f"<section class='card'><h3><a href='/_sandbox/catalogs/{catalog.id}'>{escape(plan.name.en)}</a></h3>"
        f"<p class='quiet small'>{escape(plan.venue.city)} · {offers:,} offers · holds last "
        f"{plan.hold_minutes} minutes</p><ul>{lines}{more}</ul></section>"
    )


def _base_line(base: Base) -> str:
    cheapest = min(product.price for product in base.plan.products)
    return (
        f"<li>{escape(base.plan.name.en)} <span class='quiet small'>from {amount(cheapest)} EUR</span><br>"
        f"{_tags_of(base.plan, base.plan.products)}</li>"
    )


def _tags_of(base: BasePlan, products: Sequence[ProductPlan]) -> str:
    tickets = [ticket for product in products for ticket in product.tickets]
    return _tags(
        "closed" if base.disabled else None,
        "sessions" if any(ticket.sessions for ticket in tickets) else None,
        "form" if any(ticket.form for ticket in tickets) else None,
        "moving price" if any(product.dynamic for product in products) else None,
        {"lead": "one name per order", "each": "every name"}.get(base.names),
        None if base.instant else "late documents",
    )


def _form_card(form: Form) -> str:
    fields = "".join(
        f"<li><code>{escape(field.plan.code)}</code> <span class='quiet small'>{escape(field.plan.type)}"
        f"{', required' if field.plan.required else ''}</span></li>"
        for field in form.fields
    )
    title = _answer_link(form.iri, form.plan.code)
    return f"<section class='card'><h3>{title}</h3><ul>{fields}</ul></section>"


# --- a catalogue's page -----------------------------------------------------------------------------------

_CATALOG = """
<p><a href="/">All catalogues</a></p>
<h1>{name}</h1>
<p class="quiet">{place}; <code>{iri}</code></p>
<p class="small">As the API answers: {answers}</p>
<h2>The next {count} days</h2>
<p class="quiet small">Each number is what is left; ∞ where no limit is known. It leads to the availability as
the API answers it.</p>
<div class="scroll"><table>
<thead><tr><th>Product</th><th class="number">Price</th><th><div class="days">{days}</div></th></tr></thead>
<tbody>{rows}</tbody></table></div>
{more}<p class="quiet small">Sandbox time: {now}</p>
"""


def _catalog_page(sandbox: Controls, catalog: Catalog) -> str:
    today = sandbox.clock.now().astimezone(catalog.zone).date()
    days = [today + timedelta(days=offset) for offset in range(_DAYS_SHOWN)]
    ahead: dict[tuple[str, date | None], Offer] = {
        (offer.product.id, offer.date): offer
        for offer in sandbox.catalogue.offers[catalog.id]
        if offer.date is None or days[0] <= offer.date <= days[-1]
    }
    products = sandbox.catalogue.products[catalog.id]
    hidden = len(products) - _PRODUCTS_SHOWN
    answers = (("product_bases", "product bases"), ("offers", "offers"))
    body = _CATALOG.format(
        name=escape(catalog.plan.name.en),
        place=escape(f"{catalog.plan.venue.city}, {catalog.plan.timezone}"),
        iri=escape(catalog.iri),
        answers=", ".join(_answer_link(f"{catalog.iri}/{path}", text) for path, text in answers),
        count=_DAYS_SHOWN,
        days="".join(f"<span>{day:%a}<br>{day.day}</span>" for day in days),
        rows="".join(_product_row(sandbox, product, days, ahead) for product in products[:_PRODUCTS_SHOWN]),
        more=f"<p class='quiet small'>and {hidden} more products</p>" if hidden > 0 else "",
        now=stamp(sandbox.clock.now()),
    )
    return _page(f"{catalog.plan.name.en} - korus sandbox", body)


def _product_row(
    sandbox: Controls, product: Product, days: list[date], ahead: dict[tuple[str, date | None], Offer]
) -> str:
    if product.plan.dated:
        cells = "".join(_day(sandbox, ahead.get((product.id, day))) for day in days)
    else:
        cells = _day(sandbox, ahead.get((product.id, None))) + "<em class='quiet'>any&nbsp;day</em>"
    return (
        f"<tr><td>{escape(product.plan.name.en)}<br>{_tags_of(product.base.plan, [product.plan])}</td>"
        f"<td class='number'>{amount(product.plan.price)}</td><td><div class='days'>{cells}</div></td></tr>"
    )


def _day(sandbox: Controls, offer: Offer | None) -> str:
    if offer is None:
        return "<span></span>"
    left = sandbox.box_office.available(offer)
    kind = " class='none'" if left == 0 else ""
    address = f"/_sandbox/answer{offer.iri}/availability"
    return f"<a{kind} href='{address}' title='{offer.date or 'any day'}'>{'∞' if left is None else left}</a>"
