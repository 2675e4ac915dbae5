"""The maintainers' tool over recorded traffic: `python -m scripts.cassettes`.

The work is done in `korus.testing`, which users have too; what only this repository has is added here: the
descriptions of all versions with their overlay, the list of known exceptions, and the generator.
"""
