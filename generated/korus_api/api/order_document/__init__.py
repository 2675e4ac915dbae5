# Written by `python -m scripts.generate`. Do not edit: it is written anew.
"""The operations of one resource, one module each."""
