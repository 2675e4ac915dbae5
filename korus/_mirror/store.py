"""The writing side of a mirror: who sweeps what, what was seen and what was not, and the feed of changes.

Rows and their entries in the feed are written in one transaction, chunk by chunk, each under the lease of its sweep.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from korus._mirror.leases import Leases
from korus._mirror.page_records import PageRecords
from korus._mirror.seen import Seen
from korus._mirror.unseen import Unseen

if TYPE_CHECKING:
    from korus._mirror.database import Database

__all__ = ["Store"]


class Store:
    """The parts that sweeps write with.

    Attributes:
        leases: Who sweeps what.
        pages: The pages that were read.
        seen: What was on them.
        unseen: What was on none.
    """

    def __init__(self, database: Database) -> None:
        self.leases = Leases(database)
        self.pages = PageRecords(database)
        self.seen = Seen(database, self.leases, self.pages)
        self.unseen = Unseen(database, self.leases, self.pages)
