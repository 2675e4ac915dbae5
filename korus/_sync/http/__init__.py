# Written by `python -m scripts.sync` from korus/_async/http/__init__.py; edit that file instead.
"""The network: reading answers."""
