"""One test, both colours: an asynchronous client that is called like a synchronous one."""

import inspect

from anyio.from_thread import start_blocking_portal

from korus import AsyncKorus, Korus


class Blocking:
    """Calls the coroutines of an asynchronous object in an event loop of their own, and waits."""

    def __init__(self, inner, portal):
        self._inner = inner
        self._portal = portal

    def __getattr__(self, name):
        found = getattr(self._inner, name)
        return self._blocking(found) if inspect.ismethod(found) else self._wrapped(found)

    def __len__(self):
        return len(self._inner)

    def __iter__(self):
        async def collect():
            return [item async for item in self._inner]

        return iter(self._portal.call(collect))

    def _wrapped(self, value):
        if type(value).__name__.startswith("Async"):
            return Blocking(value, self._portal)
        return value

    def _blocking(self, method):
        def call(*args, **kwargs):
            async def run():
                result = method(*args, **kwargs)
                return await result if inspect.isawaitable(result) else result

            return self._wrapped(self._portal.call(run))

        return call


class Clients:
    """Makes clients of one colour for a sandbox, and closes them."""

    def __init__(self, colour, sandbox):
        self.colour = colour
        self.sandbox = sandbox
        self._closing = []
        self._portal = None
        if colour == "async":
            portal = start_blocking_portal()
            self._portal = portal.__enter__()
            self._closing.append(lambda: portal.__exit__(None, None, None))

    def make(self, **options):
        settings = {
            **self.sandbox.credentials,
            "base_url": self.sandbox.base_url,
            "token_url": self.sandbox.token_url,
            **options,
        }
        if self.colour == "sync":
            client = Korus(**settings)
            self._closing.append(client.close)
            return client
        client = Blocking(AsyncKorus(**settings), self._portal)
        self._closing.append(client.aclose)
        return client

    def blocking(self, value):
        """Make what a shared object gave callable in this colour."""
        return Blocking(value, self._portal) if self.colour == "async" else value

    def close(self):
        for close in reversed(self._closing):
            close()
