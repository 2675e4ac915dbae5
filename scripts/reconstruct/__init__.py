"""Write the descriptions in ``openapi/`` that have not been downloaded yet.

The published descriptions could not be had, so each version's file is put together from tables of facts
(``operations``, ``schemas``) by the rules of the generator that wrote the published one (``shapes``). A
file that has been downloaded since is never touched.
"""

from __future__ import annotations

from scripts.reconstruct.document import document
from scripts.reconstruct.versions import VERSIONS, Version

__all__ = ["VERSIONS", "Version", "document"]
