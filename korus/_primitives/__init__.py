"""The few pieces that differ by nature between the two colours, written by hand, name for name alike.

`korus._primitives.asynchronous` (anyio, so asyncio and trio) and `korus._primitives.synchronous` (threads)
offer the same names; `scripts.sync` swaps one import for the other. Nothing here knows of the API.
"""
