"""Configuration, secrets, forks and reading raw JSON: the base of all other packages."""
