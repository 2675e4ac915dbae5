"""Write the raw client: `python -m scripts.generate`.

A thin launcher around openapi-python-client, which parses the prepared description and drives the templates.
The templates are ours (`scripts/generate/templates`), what they cannot know is handed to them here, and the result is
audited before it replaces what stood in its place.
"""
