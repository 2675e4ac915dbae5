"""The documentation: reference pages written from the code, and the site that is built of all pages."""
