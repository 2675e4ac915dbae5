# Written by `python -m scripts.sync` from korus/_async/booking/__init__.py; edit that file instead.
"""I/O of bookings: runs the steps of `korus._booking`."""
