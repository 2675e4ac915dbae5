"""Administration of a running sandbox from another process: ``/_sandbox/…``, for loopback peers only.

These paths are not part of the API. ``GET /_sandbox/`` lists them; bodies and answers are plain JSON. A POST must
have the type ``application/json``, which a web page of another origin cannot send without a preflight request.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from korus.sandbox.clock import stamp
from korus.sandbox.faults import KINDS

if TYPE_CHECKING:
    from korus.sandbox.controls import Controls

__all__ = ["admin_routes", "from_here"]

Action = Callable[["Controls", Request, dict[str, Any]], Any]


def _summary(sandbox: Controls, _: Request, __: dict[str, Any]) -> Any:
    return {
        "environment": sandbox.environment(),
        "paths": {path: what for path, (what, _) in ACTIONS.items()},
    } | (sandbox.inspect.summary())


def _orders(sandbox: Controls, request: Request, _: dict[str, Any]) -> Any:
    wanted = request.query_params.get("external_reference")
    return [
        order for order in sandbox.inspect.orders if wanted is None or order["externalReference"] == wanted
    ]


def _reservations(sandbox: Controls, request: Request, _: dict[str, Any]) -> Any:
    return (
        sandbox.inspect.open_reservations if "open" in request.query_params else sandbox.inspect.reservations
    )


def _requests(sandbox: Controls, request: Request, _: dict[str, Any]) -> Any:
    operation = request.query_params.get("operation")
    return [each.as_json() for each in sandbox.inspect.exchanges if operation in {None, each.operation}]


def _faults(sandbox: Controls, request: Request, body: dict[str, Any]) -> Any:
    if request.method == "POST":
        return sandbox.faults.from_json(body).as_json()
    if request.method == "DELETE":
        sandbox.faults.clear()
    rules = [{**fault.as_json(), "struck": sandbox.faults.struck(fault)} for fault in sandbox.faults]
    return {"kinds": dict(KINDS), "rules": rules, "struck": sandbox.faults.struck()}


def _clock(sandbox: Controls, request: Request, body: dict[str, Any]) -> Any:
    if request.method == "POST":
        sandbox.clock.advance(float(body["advance"]))
    return {"now": stamp(sandbox.clock.now())}


def _revoke(sandbox: Controls, _: Request, body: dict[str, Any]) -> Any:
    sandbox.tokens.revoke_all(refresh=bool(body.get("refresh", False)))
    return {"tokens_issued": sandbox.tokens.tokens_issued}


def _stock(sandbox: Controls, _: Request, body: dict[str, Any]) -> Any:
    sandbox.set_stock(str(body["iri"]), int(body["available"]))
    return {}


def _price(sandbox: Controls, _: Request, body: dict[str, Any]) -> Any:
    sandbox.set_price(str(body["iri"]), str(body["amount"]))
    return {}


def _expire(sandbox: Controls, _: Request, body: dict[str, Any]) -> Any:
    sandbox.expire_reservation(str(body["reservation"]))
    return {}


def _catalog(sandbox: Controls, _: Request, body: dict[str, Any]) -> Any:
    edit = sandbox.catalog
    match body.pop("action"):
        case "add":
            return {"iri": edit.add(str(body["iri"]), body.get("date"), price=body.get("price"))}
        case "add_product":
            return {"iri": edit.add_product(str(body["iri"]), str(body["name"]))}
        case "remove":
            edit.remove(str(body["iri"]))
        case "reprice":
            edit.reprice(str(body["iri"]), str(body["amount"]))
        case "restock":
            edit.restock(str(body["iri"]), int(body["available"]))
        case "disable":
            edit.disable(str(body["iri"]), disabled=bool(body.get("disabled", True)))
        case "rename":
            edit.rename(str(body["iri"]), str(body["name"]))
        case "move":
            edit.move(str(body["iri"]), to=body.get("date"), place=body.get("place"))
        case action:
            raise ValueError(f"no such action: {action}")
    return {}


def _latency(sandbox: Controls, _: Request, body: dict[str, Any]) -> Any:
    sandbox.latency = float(body["seconds"])
    return {}


def _refuse(sandbox: Controls, _: Request, body: dict[str, Any]) -> Any:
    sandbox.refuse_connections(float(body["seconds"]))
    return {}


ACTIONS: dict[str, tuple[str, tuple[Action, tuple[str, ...]]]] = {
    "/": ("what there is, and all counts", (_summary, ("GET",))),
    "/orders": ("every order; ?external_reference=", (_orders, ("GET",))),
    "/reservations": ("every reservation; ?open for those that hold stock", (_reservations, ("GET",))),
    "/requests": ("the latest requests; ?operation=", (_requests, ("GET",))),
    "/faults": ("GET the rules, POST one ({kind, …}), DELETE all", (_faults, ("GET", "POST", "DELETE"))),
    "/clock": ("GET the time, POST {advance: seconds}", (_clock, ("GET", "POST"))),
    "/tokens/revoke": ("POST {refresh: bool}", (_revoke, ("POST",))),
    "/stock": ("POST {iri, available}", (_stock, ("POST",))),
    "/price": ("POST {iri, amount}", (_price, ("POST",))),
    "/expire": ("POST {reservation}", (_expire, ("POST",))),
    "/catalog": (
        "POST {action: add|add_product|remove|reprice|restock|disable|rename|move, iri, …}",
        (_catalog, ("POST",)),
    ),
    "/latency": ("POST {seconds}", (_latency, ("POST",))),
    "/refuse": ("POST {seconds}: refuse connections for so long", (_refuse, ("POST",))),
}
"""The routes and what they do."""


def admin_routes(sandbox: Controls) -> list[BaseRoute]:
    """Return the routes below ``/_sandbox``."""
    return [
        Route(f"/_sandbox{path}", _endpoint(sandbox, action), methods=list(methods))
        for path, (_, (action, methods)) in ACTIONS.items()
    ]


def _endpoint(sandbox: Controls, action: Action) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        if not from_here(request):
            return JSONResponse({"error": "for loopback only"}, 403)
        body: dict[str, Any] = {}
        if request.method == "POST":
            if request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
                return JSONResponse({"error": "send application/json"}, 415)
            try:
                body = dict(json.loads(await request.body() or b"{}"))
            except (TypeError, ValueError):
                return JSONResponse({"error": "send a JSON object"}, 400)
        try:
            # on a thread, since closing the listening sockets waits for the event loop
            return JSONResponse(await run_in_threadpool(action, sandbox, request, body))
        except (KeyError, TypeError, ValueError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)

    return answer


def from_here(request: Request) -> bool:
    """Return True if the peer is this machine and used a loopback name, which rules out DNS rebinding."""
    host = (request.url.hostname or "").strip("[]")
    peer = request.client.host if request.client is not None else ""
    try:
        return ipaddress.ip_address(peer).is_loopback and (
            host.lower().rstrip(".") == "localhost" or ipaddress.ip_address(host).is_loopback
        )
    except ValueError:
        return False
