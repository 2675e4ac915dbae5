"""Turn any OpenAPI description into one that the generator can take in whole.

The published generator loses or refuses what it cannot name (`@id` beside `id`, `x` beside `x[]`, enum values
that differ in case only) and duplicates what stands in several places. `prepare` applies naming and shaping
*rules*, never lists of this API's names, because the next description will hold operations and schemas that
nobody here has seen. Its result is again an OpenAPI document: every object and every enum is a named
component, every name is already the Python name, and the names used on the wire travel beside them in `x-`
members that the templates read.

It does not read files (`scripts.descriptions`), does not correct what the description gets wrong
(`scripts.descriptions.overlay`) and writes no Python (`scripts.generate`).
"""

from scripts.descriptions import DescriptionError
from scripts.generate.prepare.document import LeftOut, Prepared, prepare

__all__ = ["DescriptionError", "LeftOut", "Prepared", "prepare"]
