"""The maintainers' tools: each is run as ``python -m scripts.<tool>``. Nothing in korus imports them."""
