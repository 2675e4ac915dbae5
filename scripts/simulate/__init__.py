"""A deterministic simulator of the booking protocol: a model of the API, processes with clocks of their own, one seed.

It drives the real steps of `korus._booking` and the real log in memory. No sockets, threads, SQLite or real time. A
schedule is a list of numbers that decide who moves next and what goes wrong; the same numbers give the same run.
"""
