# Written by `python -m scripts.sync` from korus/_async/booking/__init__.py; edit that file instead.
"""The I/O of bookings: the steps of `korus._booking`, carried out."""
