"""Maintainers' tool for recorded traffic: `python -m scripts.cassettes`.

The public part is in `korus.testing`; this package adds the parts of the repository: the descriptions of all versions
with their overlay, the list of known exceptions, and the generator.
"""
