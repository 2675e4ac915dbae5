"""The shop on the web, for gunicorn: ``gunicorn --preload --worker-class gthread examples.fleet.app:application``.

With ``--preload`` this module is imported in gunicorn's master, and the client is used there before the fork.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

from examples.fleet.shared_shop import open_shop
from examples.shop.shop import Basket, Sorry, WeWillMail, booked
from korus.errors import KorusError
from korus.models import Customer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIEnvironment

SHOP, _ = open_shop()
with suppress(KorusError):
    # in the master, before the fork: the catalogue is in the cache, the token is there
    SHOP.whats_on(limit=1)


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Show what is on, or take a purchase."""
    if environ["REQUEST_METHOD"] == "POST":
        form = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        status, text = buy(form)
    else:
        status, text = "200 OK", "\n".join(map(str, SHOP.whats_on(limit=3)))
    start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
    return [text.encode()]


def buy(form: Mapping[str, str]) -> tuple[str, str]:
    """Buy what the form asks for; returns the status and the sentence for the customer."""
    basket = Basket()
    try:
        for shown in SHOP.whats_on(limit=int(form["lines"])):
            basket.add(shown, quantity=int(form["quantity"]))
        customer = Customer(firstname=form["firstname"], lastname=form["lastname"], email=form["email"])
        purchase = SHOP.check_out(basket, customer, form["number"])
    except Sorry as sorry:
        return "409 Conflict", str(sorry)
    except WeWillMail as later:
        return "202 Accepted", str(later)
    except KorusError:
        # `check_out` lets none of them through: nothing has been ordered
        return "503 Service Unavailable", "The box office does not answer. Nothing was bought."
    return "201 Created", booked(purchase.orders)
