"""Preparation of an OpenAPI description, so that the generator supports all of it.

The published generator drops or rejects parts that it cannot name (`@id` beside `id`, `x` beside `x[]`, enum values
that differ only in case) and duplicates repeated schemas. `prepare` applies naming and shaping *rules*, never lists
of this API's names, because future descriptions will have unknown operations and schemas. The result is an OpenAPI
document in which every object and every enum is a named component and every name is the Python name; the names on
the wire are in `x-` members for the templates.

Files are read by `scripts.descriptions`, errors of the description are corrected by `scripts.descriptions.overlay`,
and Python is written by `scripts.generate`.
"""

from scripts.descriptions import DescriptionError
from scripts.generate.prepare.document import LeftOut, Prepared, prepare

__all__ = ["DescriptionError", "LeftOut", "Prepared", "prepare"]
