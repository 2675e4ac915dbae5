"""Network I/O of the client."""
