"""One module per resource of the client; each is imported when it is first used."""
