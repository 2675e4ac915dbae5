"""Primitives that differ between sync and async, written by hand in two modules with the same names.

`korus._primitives.asynchronous` (anyio, so asyncio and trio) and `korus._primitives.synchronous` (threads) have the
same names; `scripts.sync` replaces one import with the other. Nothing here depends on the API.
"""
