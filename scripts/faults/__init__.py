"""A campaign of bookings against the sandbox while everything goes wrong: ``python -m scripts.faults``.

Many bookings are made at once by threads, tasks, bulk calls and forked children in several processes, and by
``korus book``, under a seeded schedule of faults:

- the API: slow answers, reset connections, answers cut short, 429 and 5xx with and without the work, revoked tokens,
  stock that runs out, holds that end;
- a proxy before it: pages with 404, reads that lag, requests that it repeats by itself, connections refused;
- the processes: SIGKILL, SIGINT, SIGTERM, and SIGSTOP for longer than the lease, as seen from another host.

Afterwards the books of the sandbox are compared with what the bookers believe. Each kind of fault is in the table with
its count; the last line is the same as JSON.

It proves nothing about the real API: the sandbox is not it.
"""
