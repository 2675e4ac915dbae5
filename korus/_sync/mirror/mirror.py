# Written by `python -m scripts.sync` from korus/_async/mirror/mirror.py; edit that file instead.
"""`Mirror`: a copy of the catalogues in the distributor's database."""

from __future__ import annotations

import time
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Self

from attrs import frozen

from korus._core.client_bound import ClientBound
from korus._core.values import is_number
from korus._mirror.content import minor_units, synced_at
from korus._mirror.database import Database
from korus._mirror.feed import Feed
from korus._mirror.reading import LiveOffer, Reading
from korus._mirror.schema import DEFAULT_PREFIX, build_tables
from korus._mirror.store import Store
from korus._mirror.sweeping import (
    MAX_REMOVAL_SHARE,
    Ceiling,
    Progress,
    Scope,
    SweepReport,
    SyncReport,
    check_share,
)
from korus._primitives.synchronous import map_ordered, run_blocking
from korus._sync.mirror.sweep import Sweep
from korus.errors import ConfigurationError, InvalidArgument, KorusError
from korus.iri import CATALOG, OFFER, PRODUCT_BASE, reference

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

    from korus._core.secret import Secret
    from korus._mirror.content import KindName
    from korus._mirror.feed import Change
    from korus._mirror.reading import Day, Period, Status
    from korus._sync.client import Korus
    from korus.iri import Reference
    from korus.models import (
        Catalog,
        Offer,
        OfferTicket,
        OfferTicketSession,
        Product,
        ProductBase,
        ProductBaseOption,
        ProductBaseOptionValue,
    )

__all__ = ["Consumer", "Mirror"]

_MOST_AT_ONCE = 64


@frozen
class _How:
    """Options of a sweep; see `Mirror.sync`."""

    ceiling: Ceiling
    full: bool
    prefetch: int
    progress: Callable[[Progress], object]


class Mirror(ClientBound):
    """Copy of the catalogues in a database of yours, with a feed of changes.

    `sync` and `refresh` send requests; everything else only reads the copy. Several processes may use one database.

    Nothing is removed from the copy because of a list that changed while it was read, was short, or lacks more than
    ``max_removal_share`` of its objects: see `sync`.

    Args:
        database: The path of an SQLite file, or a SQLAlchemy URL (``postgresql://…``).
        korus: The client; not needed for reading.
        prefix: The prefix of the tables' names.
        schema: The tables' schema, on PostgreSQL.
        max_removal_share: The largest share of the objects of one kind in a catalogue that a sweep may remove without
            being accepted.

    Raises:
        ConfigurationError: The database cannot be used, or the extra ``korus-sdk[mirror]`` is not installed.

    Example:
        >>> with Mirror("catalogue.db", korus) as mirror:
        ...     report = mirror.sync()
        ...     for change in mirror.changes(since=last):
        ...         print(change.op, change.kind, change.iri)
    """

    def __init__(
        self,
        database: str | os.PathLike[str] | Secret,
        korus: Korus | None = None,
        *,
        prefix: str = DEFAULT_PREFIX,
        schema: str | None = None,
        max_removal_share: float = MAX_REMOVAL_SHARE,
    ) -> None:
        self._korus = korus
        self._max_removal_share = check_share(max_removal_share)
        self._database = Database(database, build_tables(prefix, schema))
        self._store = Store(self._database)
        self._feed = Feed(self._database)
        base_url = None if korus is None else korus.config.base_url
        self._base_url = base_url
        self._reading = Reading(self._database, base_url)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._korus!r}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the database; the client stays open."""
        run_blocking(self._database.close)

    @property
    def _client(self) -> Korus:
        if self._korus is None:
            raise ConfigurationError("This mirror has no client, so it can only be read. Give it one.")
        return self._korus

    # --- sweeping ------------------------------------------------------------------------------------------

    def sync(
        self,
        catalogs: Iterable[Catalog | Reference | str] | None = None,
        *,
        between: tuple[date | None, date | None] | None = None,
        sessions: bool = False,
        accept: bool = False,
        full: bool = False,
        prefetch: int = 2,
        progress: Callable[[Progress], object] | None = None,
    ) -> SyncReport:
        """Read catalogues and write what has changed.

        The list of catalogues is read first, then each catalogue by a sweep of its own: bases, options, products,
        offers. Rows and feed are written together, chunk by chunk. What a sweep did not see is removed if a second
        look does not find it either: a request for the offer's own day and product, or the next sweep. Nothing is
        removed if the lists changed while they were read or were cut short (the sweep is ``unsettled``), or if more
        than ``max_removal_share`` of one kind would be removed (it is ``quarantined``).

        The client's catalogue cache receives what is read; if anything has changed, its older entries are revalidated.

        An interrupted sweep is continued at its position, within an hour. Two workers never sweep one scope at the same
        time: for the second it is ``busy``.

        Args:
            catalogs: The catalogues, as objects, IRIs or ids; by default all that the client may read.
            between: The first and the last day of the offers, each of which may be None; by default all days.
            sessions: True to read the sessions of offers too: one request for each ticket that needs a session.
            accept: True to remove what earlier sweeps held in quarantine, if this one does not see it either.
            full: True to request every page without conditions.
            prefetch: The number of pages to fetch ahead at the same time; 0 to fetch one after the other.
            progress: Called with the progress.

        Returns:
            A report of each sweep. A failed one has an ``error``; the others continue.

        Raises:
            ConfigurationError: This mirror has no client.
            InvalidArgument: An argument is invalid.
            MirrorFailed: The database does not answer.
            KorusError: The list of catalogues cannot be read.
        """
        after, before = _window(between)
        began = time.time()
        wanted = None if catalogs is None else [self._iri_of_catalog(each) for each in catalogs]
        how = _How(Ceiling(self._max_removal_share, accept), full, prefetch, progress or _unheard)
        first = self._sweep(Scope(), how)
        if first.error is not None:
            raise first.error
        listed = run_blocking(self._reading.catalogs, synced_at)
        moments = {iri: synced for iri, synced in listed if iri is not None}
        scopes = [
            Scope(iri, after, before, sessions)
            for iri in (moments if wanted is None else dict.fromkeys(wanted))
        ]
        run, done = run_blocking(self._store.leases.open_run, scopes)
        reports = [first]
        for scope in scopes:
            if scope.name in done:
                continue
            reports.append(self._sweep(scope, how, run, moments.get(scope.catalog or "")))
        self._expire_cache(began)
        return SyncReport(tuple(reports))

    def _sweep(self, scope: Scope, how: _How, run: int = 0, synced: str | None = None) -> SweepReport:
        client = self._client
        lease = run_blocking(self._store.leases.claim, scope, run)
        if lease is None:
            return SweepReport(scope, "busy", reason="another worker has this scope")
        sweep = Sweep(
            client,
            self._store,
            lease,
            synced=synced,
            prefetch=how.prefetch,
            full=how.full,
            ceiling=how.ceiling,
            progress=how.progress,
        )
        try:
            return sweep.run()
        except KorusError as error:
            return lease.report("failed", reason=str(error), error=error)

    def _iri_of_catalog(self, value: object) -> str:
        return reference(value, CATALOG, base_url=self._base_url).iri

    # --- reading -------------------------------------------------------------------------------------------

    def catalogs(self) -> tuple[Catalog, ...]:
        """Return the catalogues.

        Raises:
            MirrorFailed: The database does not answer.
        """
        from korus.models import Catalog

        return run_blocking(self._reading.catalogs, Catalog.from_dict)

    def product_bases(self, catalog: Catalog | Reference | str) -> tuple[ProductBase, ...]:
        """Return the product bases of a catalogue, disabled ones too, by name.

        Raises:
            MirrorFailed: The database does not answer.
        """
        from korus.models import ProductBase

        return run_blocking(self._reading.product_bases, catalog, ProductBase.from_dict)

    def products(self, of: Catalog | ProductBase | Reference | str) -> tuple[Product, ...]:
        """Return the products of a catalogue or of a product base, disabled ones too, by name.

        Raises:
            MirrorFailed: The database does not answer.
        """
        from korus.models import Product

        return run_blocking(self._reading.products, of, Product.from_dict)

    def options(self, product_base: ProductBase | Reference | str) -> tuple[ProductBaseOption, ...]:
        """Return the options of a product base.

        Raises:
            MirrorFailed: The database does not answer.
        """
        from korus.models import ProductBaseOption

        build = ProductBaseOption.from_dict
        return run_blocking(self._reading.below, "option", product_base, PRODUCT_BASE, build)

    def option_values(
        self, product_base: ProductBase | Reference | str, code: str
    ) -> tuple[ProductBaseOptionValue, ...]:
        """Return the values of an option of a product base.

        Raises:
            MirrorFailed: The database does not answer.
        """
        from korus.models import ProductBaseOptionValue

        return run_blocking(self._reading.option_values, product_base, code, ProductBaseOptionValue.from_dict)

    def sessions(self, of: Offer | OfferTicket | Reference | str) -> tuple[OfferTicketSession, ...]:
        """Return the sessions of an offer or of an offer ticket, earliest first, if sweeps read them.

        Raises:
            MirrorFailed: The database does not answer.
        """
        from korus.models import OfferTicketSession

        return run_blocking(self._reading.sessions, of, OfferTicketSession.from_dict)

    def offers(
        self,
        catalog: Catalog | Reference | str | None = None,
        *,
        product: Product | Reference | str | None = None,
        between: tuple[date | None, date | None] | None = None,
        available: bool | None = None,
        limit: int | None = None,
    ) -> tuple[Offer, ...]:
        """Return offers, earliest first; those without a date come last.

        Args:
            catalog: Only offers of this catalogue.
            product: Only offers of this product.
            between: The first and the last day, each of which may be None.
            available: True for available offers only, False for those that are sold out or disabled.
            limit: The maximum number.

        Raises:
            InvalidArgument: An argument is invalid.
            MirrorFailed: The database does not answer.
        """
        from korus.models import Offer

        return run_blocking(
            self._reading.offers,
            Offer.from_dict,
            catalog=catalog,
            product=product,
            between=_window(between),
            available=available,
            limit=limit,
        )

    def calendar(
        self, product: Product | Reference | str, month: str | date, *, limited_below: int = 10
    ) -> tuple[Day, ...]:
        """Return the days of a month with availability, lowest price and sessions.

        Args:
            product: The product or its IRI.
            month: ``YYYY-MM``, or any day of it.
            limited_below: A day with fewer left than this is ``limited``.

        Raises:
            InvalidArgument: An argument is invalid.
            MirrorFailed: The database does not answer.
        """
        return run_blocking(self._reading.calendar, product, month, limited_below=limited_below)

    def price_history(self, offer: Offer | Reference | str) -> tuple[Period, ...]:
        """Return the history of an offer's price and stock, oldest first; of a removed offer too.

        Raises:
            MirrorFailed: The database does not answer.
        """
        return run_blocking(self._reading.price_history, offer)

    def status(self) -> Status:
        """Return the mirror's size and freshness.

        Raises:
            MirrorFailed: The database does not answer.
        """
        return run_blocking(self._reading.status)

    # --- the feed ------------------------------------------------------------------------------------------

    def changes(
        self, since: int = 0, limit: int | None = None, *, kinds: Iterable[KindName] | None = None
    ) -> tuple[Change, ...]:
        """Return the changes after a number, oldest first.

        Args:
            since: The number of the last change that was read; 0 for all.
            limit: The maximum number.
            kinds: Only changes of these kinds.

        Raises:
            InvalidArgument: An argument is invalid.
            MirrorFailed: The database does not answer.
        """
        return run_blocking(self._feed.read, since, limit, kinds=kinds)

    def consumer(self, name: str) -> Consumer:
        """Return a named reader of the feed, whose position is stored in the database.

        Args:
            name: Its name, such as ``search-index``.
        """
        return Consumer(self._feed, name)

    def expire_cache(self) -> bool:
        """Expire the client's catalogue cache, if the feed has changes that it has not seen.

        `sync` does this by itself. Call it if another process sweeps and this one has a cache of its own. Each cache is
        a consumer of the feed, so no change is missed after a crash.

        Returns:
            True if there were changes: older entries are then used only after the API has confirmed them.

        Raises:
            ConfigurationError: This mirror has no client.
            MirrorFailed: The database does not answer.
        """
        _ = self._client
        return self._expire_cache(None)

    def _expire_cache(self, began: float | None) -> bool:
        cache = self._client.cache
        if cache is None:
            return False
        last = run_blocking(self._feed.last)
        if last <= run_blocking(self._feed.position, cache.name) or not cache.expire(began=began):
            return False
        run_blocking(self._feed.acknowledge, cache.name, last)
        return True

    # --- live ----------------------------------------------------------------------------------------------

    def refresh(
        self,
        offers: Iterable[Offer | Reference | str],
        *,
        limit: int = 50,
        concurrency: int = 8,
    ) -> tuple[LiveOffer, ...]:
        """Request live availability and prices of offers that are about to be shown.

        Only offers that require it are requested (``availabilityCheckRequired``, ``realtimePriceRequired``), nearest
        dates first. The results are stored, and `calendar` uses them until a newer sweep.

        Args:
            offers: Offers in the mirror.
            limit: The maximum number of offers.
            concurrency: The maximum number of concurrent requests.

        Returns:
            One entry for each requested offer, by date. An entry with an ``error`` has no result.

        Raises:
            ConfigurationError: This mirror has no client.
            InvalidArgument: An argument is invalid.
            MirrorFailed: The database does not answer.
        """
        for name, value in (("limit", limit), ("concurrency", concurrency)):
            if not is_number(value) or value < 1:
                raise InvalidArgument(f"`{name}` must be at least 1, got {value!r}.")
        client = self._client
        wanted = [reference(offer, OFFER, base_url=self._base_url).iri for offer in offers]
        rows = run_blocking(self._reading.to_ask, wanted, limit)

        def ask(row: Mapping[str, Any]) -> LiveOffer:
            return _ask(client, row)

        found = map_ordered(ask, rows, concurrency=min(concurrency, _MOST_AT_ONCE))
        run_blocking(self._store.seen.write_live, [_live_row(each) for each in found if each.error is None])
        return tuple(found)


class Consumer(ClientBound):
    """Named reader of a mirror's feed: at least once, in order.

    Changes that were read but not acknowledged are returned again, after a crash too.

    Example:
        >>> consumer = mirror.consumer("search-index")
        >>> while changes := consumer.read(500):
        ...     index(changes)
        ...     consumer.acknowledge(changes[-1].seq)
    """

    def __init__(self, feed: Feed, name: str) -> None:
        self._feed = feed
        self.name = name

    def position(self) -> int:
        """Return the number of the last change that was acknowledged, 0 at first.

        Raises:
            MirrorFailed: The database does not answer.
        """
        return run_blocking(self._feed.position, self.name)

    def read(self, limit: int = 500) -> tuple[Change, ...]:
        """Return the next unacknowledged changes, oldest first.

        Raises:
            InvalidArgument: ``limit`` is below 1.
            MirrorFailed: The database does not answer.
        """
        return run_blocking(self._read, limit)

    def _read(self, limit: int) -> tuple[Change, ...]:
        return self._feed.read(self._feed.position(self.name), limit)

    def acknowledge(self, seq: int) -> int:
        """Acknowledge all changes up to a number; returns the position, which never decreases.

        Raises:
            InvalidArgument: There is no such change yet.
            MirrorFailed: The database does not answer.
        """
        return run_blocking(self._feed.acknowledge, self.name, seq)


def _unheard(_: Progress) -> None:
    pass


def _window(between: tuple[date | None, date | None] | None) -> tuple[date | None, date | None]:
    if between is None:
        return None, None
    after, before = between
    for day in between:
        if not _is_day(day):
            raise InvalidArgument(f"`between` must be two days, each a date or None, got {day!r}.")
    if after is not None and before is not None and before < after:
        raise InvalidArgument("`between` must be a first and a last day, in this order.")
    return after, before


def _is_day(value: object) -> bool:
    return value is None or (isinstance(value, date) and not isinstance(value, datetime))


def _ask(korus: Korus, row: Mapping[str, Any]) -> LiveOffer:
    """Request the availability and price of an offer, as far as it requires that."""
    iri, available, price, currency = row["iri"], row["available"], None, None
    sessions: dict[str, int | None] = {}
    try:
        if row["availability_check"]:
            left = korus.offers.availability(iri)
            available = left.available_quantity
            sessions = {
                str(each.session): each.available_quantity for each in left.sessions_availability or ()
            }
        if row["realtime_price"]:
            said = korus.offers.price(iri)
            price, currency = said.amount_incl_tax, said.currency
    except KorusError as error:
        return LiveOffer(iri, error=error)
    return LiveOffer(iri, available, price, currency, sessions)


def _live_row(live: LiveOffer) -> dict[str, Any]:
    currency = None if live.currency is None else live.currency.upper()[:8]
    return {
        "offer": live.offer,
        "price": live.price,
        "price_minor": minor_units(live.price, currency),
        "currency": currency,
        "available": live.available,
        "sessions": live.sessions,
    }
