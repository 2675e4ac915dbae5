"""Follow the API: absorb a new version of its description, from the download to the page that a maintainer reads.

Everything is done in a copy of the repository first. Only when the raw client is complete, every change of it is
explained and the tests hold does the result come into the tree, whole or not at all.
"""
