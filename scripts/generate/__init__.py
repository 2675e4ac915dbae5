"""Generation of the raw client: `python -m scripts.generate`.

A thin launcher around openapi-python-client, which parses the prepared description and renders the templates. The
templates are ours (`scripts/generate/templates`) and get additional functions here. The result is audited before it
replaces the existing package.
"""
