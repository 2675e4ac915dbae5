# Written by `python -m scripts.sync` from korus/_async/mirror/second_look.py; edit that file instead.
"""Second look at missing offers: each is requested by its product and day before it counts as removed."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from attrs import frozen

from korus._mirror.content import Entry, fits, read_member
from korus._mirror.unseen import Looks
from korus._primitives.synchronous import map_ordered, run_blocking
from korus._sync.http.pages import Readings
from korus.errors import KorusError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from korus._mirror.leases import Lease
    from korus._mirror.store import Store
    from korus._mirror.sweeping import Ceiling
    from korus._sync.client import Korus

__all__ = ["SecondLook"]

_PAGE_SIZE: Final = 50  # reference 8.1
_SECOND_LOOKS: Final = 200
_MOST_DAYS: Final = 20
_MOST_CANDIDATES: Final = 5000
_CONCURRENCY: Final = 8
# the time zone in which a day ends last
_FARTHEST_WEST: Final = timedelta(hours=12)


@frozen
class _Found:
    """Contents of a list of offers, and the number of its pages."""

    entries: list[Entry]
    pages: int

    @property
    def iris(self) -> list[str]:
        return [each.iri for each in self.entries]


class SecondLook:
    """Looks again for missing offers of one catalogue.

    Args:
        korus: The client.
        store: The tables that the sweep has written to.
        lease: The sweep's lease.
        ceiling: The limit for removals.
        stay: Renews the lease when it is due.
    """

    def __init__(
        self,
        korus: Korus,
        store: Store,
        lease: Lease,
        ceiling: Ceiling,
        stay: Callable[[], None],
    ) -> None:
        self._korus = korus
        self._store = store
        self._lease = lease
        self._ceiling = ceiling
        self._catalog = lease.scope.catalog or ""
        self._stay = stay

    def looks(self) -> Looks:
        """Request missing offers by their product and day."""
        unseen = run_blocking(self._store.unseen.offers, self._lease, _MOST_CANDIDATES)
        by_product: defaultdict[str, dict[str, date | None]] = defaultdict(dict)
        for each in unseen:
            if each.product is not None:
                by_product[each.product][each.iri] = each.date
        if not by_product:
            return Looks()
        verdict = run_blocking(self._store.unseen.verdict, self._lease, self._ceiling)
        if verdict.state != "done" or not self._filters_work():
            return Looks()
        asked = list(by_product.items())[:_SECOND_LOOKS]
        gone = map_ordered(self._look, asked, concurrency=_CONCURRENCY)
        confirmed = frozenset[str]().union(*gone)
        return Looks(confirmed, frozenset(iri for _, iris in asked for iri in iris) - confirmed)

    def _filters_work(self) -> bool:
        """Return True if the API finds an existing offer by its product and day."""
        seen = run_blocking(self._store.seen.any_offer, self._lease)
        if seen is None or seen.product is None:
            return False
        found = self._of(seen.product, seen.date)
        return found is not None and seen.iri in found.iris

    def _look(self, asked: tuple[str, Mapping[str, date | None]]) -> set[str]:
        """Look for offers of a product; returns the missing ones.

        An offer may have moved to another day, so all days of the product are read too, unless its day has passed.
        """
        product, day_of = asked
        self._stay()
        gone = set(day_of)
        days = sorted({day for day in day_of.values() if day is not None})
        for day in days[:_MOST_DAYS]:
            gone &= self._not_among(product, day, {iri for iri in gone if day_of[iri] == day}) | {
                iri for iri in gone if day_of[iri] != day
            }
        today = (self._korus.transport.clock.now() - _FARTHEST_WEST).date()
        over = {day for day in days[:_MOST_DAYS] if day < today}
        passed = {iri for iri in gone if day_of[iri] in over}
        return passed | self._not_among(product, None, gone - passed)

    def _not_among(self, product: str, day: date | None, iris: set[str]) -> set[str]:
        """Return the offers that a product lacks, on one day or on all; empty if the list is not reliable."""
        if not iris:
            return set()
        found = self._of(product, day)
        if found is not None and found.pages > 1:
            # an offer that moved between pages shows when they are read twice
            again = self._of(product, day)
            found = found if again is not None and again.iris == found.iris else None
        if found is None:
            return set()
        there = set(found.iris)
        back = [each for each in found.entries if each.iri in iris]
        if back:  # on no page of the sweep, but it exists
            run_blocking(self._store.seen.write, self._lease, "offer", back)
        expected = run_blocking(self._store.seen.offers, self._lease, product, day, day)
        return iris - there if expected <= there else set()

    def _of(self, product: str, day: date | None) -> _Found | None:
        """Return the offers of a product on a day; None if the list is not reliable."""
        noticed: list[str] = []
        pages = self._korus.offers.list(
            self._catalog, products=[product], after=day, before=day, page_size=_PAGE_SIZE
        )
        readings = Readings(pages, noticed.append)
        found, count = list[Entry](), 0
        try:
            while (reading := readings.next()) is not None:
                count += 1
                for member in reading.page.items:
                    each = read_member("offer", member, self._catalog)
                    if each is None or not fits(each.body, product, day):
                        return None
                    found.append(each)
        except KorusError:
            return None
        return None if noticed else _Found(found, count)
