"""A soak: two clients live for minutes while everything around them fails: ``python -m scripts.soak``.

One `Korus`, used by threads, and one `AsyncKorus`, used by tasks that are cancelled at random, live in one process.
They share a token and the catalogue in a real Redis server, and their bookings in a journal. Meanwhile

- the sandbox refuses and resets connections, answers late, not at all, in part, with 429, 5xx and HTML pages, and
  revokes tokens;
- Redis is killed and started again, and suspended;
- children are forked from the process and use both clients, and so do further event loops.

Afterwards both clients answer the first call, no call has ended in an error that is not korus's, none has taken longer
than its deadline, none got another's answer, and the process holds no more memory and sockets than after its first
minute. The counts are printed as a table; the last line is the same as JSON.

It needs ``redis-server`` and Linux. It proves nothing about the real API: the sandbox is not it.
"""
