"""A campaign of bookings against the sandbox while everything goes wrong: ``python -m scripts.faults``.

Many bookings are made at once by threads, tasks and processes, under a seeded schedule of faults: slow answers,
refused and reset connections, answers cut short, 429 and 5xx, revoked tokens, stock that runs out, holds that end,
and processes killed without warning and started again with their journal. Afterwards the books of the sandbox are
compared with what the bookers believe.

It proves nothing about the real API: the sandbox is not it.
"""
