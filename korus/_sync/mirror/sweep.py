# Written by `python -m scripts.sync` from korus/_async/mirror/sweep.py; edit that file instead.
"""Sweep of one scope: reads all its lists, bypassing the catalogue cache, and writes their content.

`korus._mirror.sweeping` decides what follows from a sweep, and `korus._mirror.store` writes. The list of offers is read
in `offer_pages`; missing offers are looked up again in `second_look`.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from korus._core import watches
from korus._mirror.content import Entry, option_code, read_members
from korus._mirror.leases import Lease, ScopeLost
from korus._mirror.sweeping import Progress
from korus._mirror.unseen import Looks
from korus._primitives.synchronous import map_ordered, run_blocking, run_to_end
from korus._sync.http.pages import Pages, Readings
from korus._sync.mirror.offer_pages import OfferPages
from korus._sync.mirror.second_look import SecondLook
from korus.errors import (
    InvalidIri,
    KorusError,
    NotFound,
    OperationUnavailable,
    PermissionDenied,
)
from korus.hooks import SweepEnded

if TYPE_CHECKING:
    from collections.abc import Callable

    from korus._mirror.content import KindName
    from korus._mirror.store import Store
    from korus._mirror.sweeping import Ceiling, SweepReport
    from korus._sync.client import Korus

__all__ = ["Sweep"]

_PAGE_SIZE: Final = 50  # reference 8.1
_GRACE_SECONDS: Final = 2.0
_RENEW_SECONDS: Final = 45.0
_CONCURRENCY: Final = 8


class Sweep:
    """Reads one scope.

    Args:
        korus: The client.
        store: The tables to write to.
        lease: The lease of the scope.
        synced: The catalogue's ``lastSyncedAt``.
        prefetch: The number of pages to fetch ahead.
        full: True to request every page without conditions.
        ceiling: The limit for removals.
        progress: Called with the progress.
    """

    def __init__(
        self,
        korus: Korus,
        store: Store,
        lease: Lease,
        *,
        synced: str | None,
        prefetch: int,
        full: bool,
        ceiling: Ceiling,
        progress: Callable[[Progress], object],
    ) -> None:
        self._korus = korus
        self._store = store
        self._lease = lease
        self._synced = synced
        self._prefetch = prefetch
        self._full = full
        self._ceiling = ceiling
        self._progress = progress
        self._renewed = korus.transport.clock.monotonic()

    def run(self) -> SweepReport:
        """Read the scope and write it.

        Raises:
            KorusError: A request failed; the next sweep of the scope continues from here.
        """
        transport = self._korus.transport
        began = transport.clock.monotonic()
        with watches.action(transport.observer, "sweep"):
            report = self._run()
            transport.observer.emit(_ended(report, transport.clock.monotonic() - began))
        return report

    def _run(self) -> SweepReport:
        lease = self._lease
        try:
            if lease.scope.catalog is None:
                pages = self._korus.catalogs.list(page_size=_PAGE_SIZE)
                self._keep("catalog", self._entries("catalog", pages, ""))
                looks = Looks()
            else:
                self._read_catalog(lease.scope.catalog)
                looks = self._second_look()
            return run_blocking(self._store.unseen.finish, lease, self._ceiling, looks)
        except ScopeLost:
            return lease.report("lost", reason="another worker has taken over")
        except BaseException as error:
            # after an error the run continues with its other scopes, after a cancellation it does not
            state = "failed" if isinstance(error, KorusError) else "interrupted"
            run_to_end(lambda: self._store.leases.release(lease, state), _GRACE_SECONDS)
            raise

    def _stay(self) -> None:
        """Renew the lease if nothing was written for a while.

        Raises:
            ScopeLost: Another worker has taken over.
        """
        now = self._korus.transport.clock.monotonic()
        if now - self._renewed >= _RENEW_SECONDS:
            self._renewed = now
            run_blocking(self._store.leases.renew, self._lease)

    # --- the lists -----------------------------------------------------------------------------------------

    def _read_catalog(self, catalog: str) -> None:
        scope, prefetch = self._lease.scope, self._prefetch
        self._read_bases(catalog)
        pages = self._korus.offers.list(
            catalog, after=scope.after, before=scope.before, page_size=_PAGE_SIZE, prefetch=prefetch
        )
        OfferPages(
            pages,
            self._store,
            self._lease,
            synced=self._synced,
            prefetch=prefetch,
            full=self._full,
            stay=self._stay,
            clock=self._korus.transport.clock,
            progress=self._progress,
        ).read()
        if scope.sessions:
            self._read_sessions()
        self._lease.kinds.add("offer")

    def _second_look(self) -> Looks:
        look = SecondLook(self._korus, self._store, self._lease, self._ceiling, self._stay)
        return look.looks()

    def _read_bases(self, catalog: str) -> None:
        """Read product bases, their options and products; older versions have products only (reference 1.1)."""
        korus = self._korus
        try:
            bases = self._entries("product_base", self._bases(catalog), catalog)
        except OperationUnavailable:
            pages = korus.products.list(catalog, page_size=_PAGE_SIZE)
            self._keep("product", self._entries("product", pages, catalog))
            return
        self._keep("product_base", bases)
        bases = _once(bases)

        def products_of(base: Entry) -> list[Entry]:
            listed = korus.products.list(base.iri, page_size=_PAGE_SIZE)
            return self._entries("product", listed, base.iri)

        products = map_ordered(products_of, bases, concurrency=_CONCURRENCY)
        self._keep("product", list(chain.from_iterable(products)))
        try:
            self._read_options(bases)
        except OperationUnavailable:
            return

    def _read_options(self, bases: list[Entry]) -> None:
        listed = self._korus.product_bases

        def options_of(base: Entry) -> list[Entry]:
            pages = listed.options(base.iri, page_size=_PAGE_SIZE)
            return self._entries("option", pages, base.iri)

        def values_of(option: Entry) -> list[Entry] | None:
            try:
                pages = listed.option_values(option.parent, option_code(option), page_size=_PAGE_SIZE)
            except InvalidIri:  # a code that no address can have
                return None
            return self._entries("option_value", pages, option.iri)

        options = list(chain.from_iterable(map_ordered(options_of, bases, concurrency=_CONCURRENCY)))
        values = map_ordered(values_of, _once(options), concurrency=_CONCURRENCY)
        self._keep("option", options)
        self._keep(
            "option_value",
            list(chain.from_iterable(each for each in values if each is not None)),
            is_whole=None not in values,
        )

    def _bases(self, catalog: str) -> Pages[Any]:
        try:
            return self._korus.product_bases.list(catalog, with_disabled=True, page_size=_PAGE_SIZE)
        except OperationUnavailable:
            return self._korus.product_bases.list(catalog, page_size=_PAGE_SIZE)

    def _keep(self, kind: KindName, entries: list[Entry], *, is_whole: bool = True) -> None:
        """Write all entries of a kind."""
        run_blocking(self._store.seen.write, self._lease, kind, entries)
        if is_whole:
            self._lease.kinds.add(kind)
        self._progress(Progress(self._lease.scope, kind, len(entries), len(entries)))

    def _entries(self, kind: KindName, pages: Pages[Any], parent: str) -> list[Entry]:
        readings = Readings(pages, self._lease.disturb)
        found: list[Entry] = []
        while (reading := readings.next()) is not None:
            found.extend(read_members(kind, reading.envelope.members, parent, self._lease.disturb))
            self._stay()
        return found

    # --- sessions ------------------------------------------------------------------------------------------

    def _read_sessions(self) -> None:
        """Read the sessions of all offers that this sweep found."""
        after = ""
        while True:
            tickets = run_blocking(self._store.seen.tickets_with_sessions, self._lease, after, _PAGE_SIZE)
            if not tickets:
                break
            for ticket, zone, entries in map_ordered(self._sessions_of, tickets, concurrency=_CONCURRENCY):
                del ticket
                run_blocking(self._store.seen.write, self._lease, "session", entries, zone=zone)
            after = tickets[-1][0]
        self._lease.kinds.add("session")

    def _sessions_of(self, ticket: tuple[str, str | None]) -> tuple[str, str | None, list[Entry]]:
        iri, zone = ticket
        try:
            pages = self._korus.offers.sessions(iri, page_size=_PAGE_SIZE)
            return iri, zone, self._entries("session", pages, iri)
        except (NotFound, PermissionDenied):  # the offer was removed meanwhile; a list answers 403 then
            self._lease.disturb("an offer was removed while its sessions were read")
            return iri, zone, []


def _ended(report: SweepReport, elapsed: float) -> SweepEnded:
    return SweepEnded(
        "catalogs" if report.scope.catalog is None else "catalog",
        elapsed,
        read=report.added + report.changed + report.unchanged,
        added=report.added,
        changed=report.changed,
        removed=report.removed,
        whole=report.state == "done",
        error=None if report.error is None else type(report.error).__name__,
    )


def _once(entries: list[Entry]) -> list[Entry]:
    return list({each.iri: each for each in entries}.values())
