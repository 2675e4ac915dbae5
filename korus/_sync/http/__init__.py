# Written by `python -m scripts.sync` from korus/_async/http/__init__.py; edit that file instead.
"""Network I/O of the client."""
