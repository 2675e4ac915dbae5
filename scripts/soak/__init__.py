"""Soak test: two clients run for minutes under many faults: ``python -m scripts.soak``.

One `Korus`, used by threads, and one `AsyncKorus`, used by tasks that are cancelled at random, live in one process.
They share a token and the catalogue cache in a real Redis server, and a journal. Meanwhile

- the sandbox refuses and resets connections, answers late, not at all, in part, with 429, 5xx and HTML pages, and
  revokes tokens;
- Redis is killed and started again, and suspended;
- children are forked from the process and use both clients, and so do further event loops.

Afterwards the first call of both clients succeeds, no call has ended in an error that is not korus's, exceeded its
deadline or received another call's answer, and the process holds no more memory and sockets than after its first
minute. The counts are printed as a table; the last line is the same as JSON.

It needs ``redis-server`` and Linux. It proves nothing about the real API, which may differ from the sandbox.
"""
