# Written by `python -m scripts.generate` from KorusTicket API release. Do not edit: it is written anew.
"""One package per resource, one module per operation."""
