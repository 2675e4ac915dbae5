"""Tracking of the API: absorbs a new version of its description, from the download to the report for maintainers.

All steps run in a copy of the repository first. The result is moved into the tree, completely or not at all, only if
the raw client is complete, every change of it is explained, and the tests pass.
"""
