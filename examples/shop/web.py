"""The shop on the web: the same shop behind two pages. Any framework will do; this one comes with the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shop import Basket, Sorry, WeWillMail
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse
from starlette.routing import Route

from korus.models import Customer

if TYPE_CHECKING:
    from shop import Shop
    from starlette.requests import Request


def application(shop: Shop) -> Starlette:
    """The web application of a shop: what is on, and buying the first of it."""

    async def window(_: Request) -> JSONResponse:
        shown = await run_in_threadpool(shop.whats_on, limit=3)
        return JSONResponse([str(one) for one in shown])

    async def purchase(request: Request) -> JSONResponse:
        form = await request.json()
        try:
            order = await run_in_threadpool(buy, form)
        except Sorry as sorry:
            return JSONResponse({"sorry": str(sorry)}, status_code=409)
        except WeWillMail as later:
            return JSONResponse({"later": str(later)}, status_code=202)
        return JSONResponse({"order": order, "for": form["lastname"]}, status_code=201)

    def buy(form: dict[str, str]) -> str:
        basket = Basket()
        basket.add(shop.whats_on(limit=1)[0])
        customer = Customer(firstname=form["firstname"], lastname=form["lastname"], email=form["email"])
        (order,) = shop.check_out(basket, customer, form["number"]).orders
        return order.total_amount_incl_tax

    return Starlette(routes=[Route("/", window), Route("/purchases", purchase, methods=["POST"])])
