# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""One package per resource, one module per operation."""
