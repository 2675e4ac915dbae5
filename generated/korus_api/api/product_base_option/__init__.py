# Written by `python -m scripts.generate`. Do not edit: changes are overwritten.
"""Operations of one resource, one module each."""
