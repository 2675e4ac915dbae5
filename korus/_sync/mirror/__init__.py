# Written by `python -m scripts.sync` from korus/_async/mirror/__init__.py; edit that file instead.
"""The catalogue mirror: sweeps, and the mirror that a program holds."""
