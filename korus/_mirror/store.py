"""Tables that a sweep writes: leases, page records, seen and unseen rows.

Rows and their entries in the feed are written in one transaction, chunk by chunk, each under the sweep's lease.
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
    """The tables that a sweep writes.

    Attributes:
        leases: The leases of scopes.
        pages: The records of pages.
        seen: The rows of what was on the pages.
        unseen: The rows of what was on no page.
    """

    def __init__(self, database: Database) -> None:
        self.leases = Leases(database)
        self.pages = PageRecords(database)
        self.seen = Seen(database, self.leases, self.pages)
        self.unseen = Unseen(database, self.leases, self.pages)
