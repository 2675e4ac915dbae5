"""Documentation: reference pages written from the code, and the site built from all pages."""
