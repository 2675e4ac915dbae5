"""The pages for people: what the sandbox is, and what it sells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute, Route

if TYPE_CHECKING:
    from starlette.requests import Request

    from korus.sandbox.sandbox import Sandbox

__all__ = ["landing_routes"]


def landing_routes(sandbox: Sandbox) -> list[BaseRoute]:
    """Return the routes of the pages."""

    async def front(_: Request) -> HTMLResponse:
        return HTMLResponse(f"korus sandbox, {sandbox.catalogue.offer_count} offers")

    return [Route("/", front)]
