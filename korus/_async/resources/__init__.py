"""Resources of the client, one module each, imported at first use."""
