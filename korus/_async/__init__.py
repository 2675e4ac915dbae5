"""The client, the token, the transport and the resources of `AsyncKorus`."""
