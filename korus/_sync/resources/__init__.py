# Written by `python -m scripts.sync` from korus/_async/resources/__init__.py; edit that file instead.
"""Resources of the client, one module each, imported at first use."""
