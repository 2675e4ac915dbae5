"""Campaign of bookings against the sandbox under many faults: ``python -m scripts.faults``.

Threads, tasks, bulk calls and forked children in several processes, and ``korus book``, make many bookings at once
under a seeded schedule of faults:

- the API: slow answers, reset connections, incomplete answers, 429 and 5xx with and without processing, revoked tokens,
  stock that runs out, holds that end;
- a proxy in front of it: pages with 404, lagging reads, repeated requests, refused connections;
- the processes: SIGKILL, SIGINT, SIGTERM, and SIGSTOP for longer than the lease, as seen from another host.

Afterwards the records of the sandbox are compared with those of the bookers. The table contains the count of each kind
of fault; the last line is the same as JSON.

The campaign proves nothing about the real API, which may differ from the sandbox.
"""
