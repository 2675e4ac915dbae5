"""Maintainers' tools, each run as ``python -m scripts.<tool>``. Nothing in korus imports them."""
