# Written by `python -m scripts.sync` from korus/_async/__init__.py; edit that file instead.
"""The client, the token, the transport and the resources of `Korus`."""
