"""Replay the versions of the API that there are descriptions of, and show what came and went in each step."""
