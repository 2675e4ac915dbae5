"""The catalogue mirror without requests: what is stored, what a sweep concludes, and how the copy is read."""
