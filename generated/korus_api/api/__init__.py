# Written by `python -m scripts.generate`. Do not edit: it is written anew.
"""One package per resource, one module per operation."""
