"""Scenarios for the sync and the async client, with one cassette each.

A scenario uses ``client`` and is written once, without ``await``: an async client is wrapped in an object that passes
each call to an event loop. `make record` records with the sync client; the async one replays the same cassette.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import anyio.from_thread
import pytest

from korus import AsyncKorus, Korus

if TYPE_CHECKING:
    from collections.abc import Iterator


class Blocking:
    """An object of the async client whose calls wait for their result."""

    def __init__(self, portal: anyio.from_thread.BlockingPortal, target: Any) -> None:
        self._portal = portal
        self._target = target

    def __getattr__(self, name: str) -> Any:
        return self._carried(getattr(self._target, name))

    def __iter__(self) -> Iterator[Any]:
        iterator = aiter(self._target)
        end = object()
        while (item := self._portal.call(_next, iterator, end)) is not end:
            yield self._carried(item)

    def __len__(self) -> int:
        return len(self._target)

    def __repr__(self) -> str:
        return f"Blocking({self._target!r})"

    def _carried(self, found: Any) -> Any:
        if inspect.iscoroutine(found):
            return self._carried(self._portal.call(_awaited, found))
        if inspect.ismethod(found) or inspect.isfunction(found):
            return lambda *args, **options: self._called(found, args, options)
        if (
            type(found).__name__.startswith("Async")
            or hasattr(found, "__anext__")
            or hasattr(found, "__aiter__")
        ):
            return Blocking(self._portal, found)
        return found

    def _called(self, method: Any, args: Any, options: Any) -> Any:
        bare = [one._target if isinstance(one, Blocking) else one for one in args]
        named = {name: one._target if isinstance(one, Blocking) else one for name, one in options.items()}

        async def call() -> Any:
            # everything of an async client happens on its loop, also what does not wait
            found = method(*bare, **named)
            return await found if inspect.isawaitable(found) else found

        return self._carried(self._portal.call(call))


async def _next(iterator: Any, end: Any) -> Any:
    return await anext(iterator, end)


async def _awaited(coroutine: Any) -> Any:
    return await coroutine


@pytest.fixture(params=["sync", "async"])
def client_kind(request):
    scenario = request.getfixturevalue("korus_cassette")
    if scenario.recording and request.param == "async":
        pytest.skip("recorded with the sync client")
    return request.param


@pytest.fixture
def options():
    """More arguments for the client of a scenario; a test module or class may override it."""
    return {}


@pytest.fixture
def client(korus_cassette, client_kind, _korus_settings, options):
    settings = {**_korus_settings, **options}
    if client_kind == "sync":
        with Korus(**settings) as client:
            yield client
        return
    with anyio.from_thread.start_blocking_portal() as portal:
        client = portal.call(lambda: _made(settings))
        try:
            yield Blocking(portal, client)
        finally:
            portal.call(client.aclose)


async def _made(settings: dict[str, Any]) -> AsyncKorus:
    return AsyncKorus(**settings)
