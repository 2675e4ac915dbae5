# Written by `python -m scripts.sync` from korus/_async/resources/__init__.py; edit that file instead.
"""One module per resource of the client; each is imported when it is first used."""
