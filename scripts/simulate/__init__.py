"""Deterministic simulator of the booking protocol: a model of the API, processes with their own clocks, and one seed.

It runs the real steps of `korus._booking` and the real log in memory, without sockets, threads, SQLite or real time. A
schedule is a list of numbers that decide which process moves next and which faults occur; the same numbers give the
same run.
"""
