"""A shop front that shows a calendar from the mirror: ``uvicorn shop_front:app``, with ``KORUS_MIRROR`` set.

It asks the API nothing: ``korus mirror sync``, run every hour, keeps the mirror fresh.
"""

import os
from datetime import UTC, date, datetime, timedelta
from html import escape

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from korus.errors import InvalidArgument
from korus.mirror import Day, Mirror

mirror = Mirror(os.environ.get("KORUS_MIRROR", "catalogue.db"))

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>
 body {{ font: 16px system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem }}
 table {{ border-collapse: collapse; width: 100%; table-layout: fixed }}
 td {{ border: 1px solid #ccc; height: 4.5rem; vertical-align: top; padding: .3rem }}
 td b {{ display: block }} .sold_out, .closed {{ color: #999 }} .limited {{ background: #fff3d6 }}
 .available {{ background: #e6f5e6 }}
</style><h1>{title}</h1>{body}</html>"""
WORDS = {"available": "", "limited": "few left", "sold_out": "sold out", "closed": ""}


async def front(_: Request) -> HTMLResponse:
    """List what is sold."""
    parts = []
    for catalog in await run_in_threadpool(mirror.catalogs):
        products = await run_in_threadpool(mirror.products, catalog)
        links = [
            f'<li><a href="/calendar?product={escape(each.iri)}">{escape(each.name)}</a></li>'
            for each in products
            if not each.disabled
        ]
        parts.append(f"<h2>{escape(catalog.name)}</h2><ul>{''.join(links)}</ul>")
    return HTMLResponse(PAGE.format(title="What's on", body="".join(parts)))


async def calendar(request: Request) -> HTMLResponse:
    """Show a month of a product."""
    product = request.query_params.get("product", "")
    month = request.query_params.get("month", datetime.now(tz=UTC).strftime("%Y-%m"))
    try:
        days = await run_in_threadpool(mirror.calendar, product, month)
    except InvalidArgument as error:
        raise HTTPException(404, str(error)) from None
    cells = ["<td></td>"] * days[0].date.weekday() + [cell(day) for day in days]
    rows = "".join(f"<tr>{''.join(cells[start : start + 7])}</tr>" for start in range(0, len(cells), 7))
    links = "".join(
        f'<a href="/calendar?product={escape(product)}&month={other}">{other}</a> '
        for other in around(days[0].date)
    )
    return HTMLResponse(
        PAGE.format(title=f"{days[0].date:%B %Y}", body=f"<p>{links}</p><table>{rows}</table>")
    )


def cell(day: Day) -> str:
    """Return one day as HTML."""
    price = (
        f"{day.lowest_price} {day.currency}"
        if day.lowest_price is not None and day.status != "sold_out"
        else ""
    )
    times = " ".join(f"{each.starts_at:%H:%M}" for each in day.sessions if each.starts_at)
    return (
        f'<td class="{day.status}" data-day="{day.date}"><b>{day.date.day}</b>'
        f"{price}<br>{WORDS[day.status]} <small>{times}</small></td>"
    )


def around(first: date) -> tuple[str, str]:
    """Return the months before and after."""
    before, after = first - timedelta(days=1), first + timedelta(days=31)
    return before.strftime("%Y-%m"), after.strftime("%Y-%m")


app = Starlette(routes=[Route("/", front), Route("/calendar", calendar)])
