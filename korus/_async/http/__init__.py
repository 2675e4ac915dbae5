"""The network: reading answers."""
