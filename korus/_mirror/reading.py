"""Queries of a mirror: offers, calendars, price history, status."""

from __future__ import annotations

import json
import re
from calendar import monthrange
from collections import defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypeVar

from attrs import field, frozen
from sqlalchemy import func, select

from korus._mirror.content import start_of
from korus._mirror.database import moment
from korus._mirror.many import rows_among
from korus.errors import InvalidArgument
from korus.iri import CATALOG, OFFER, OFFER_TICKET, PRODUCT, PRODUCT_BASE, reference
from korus.money import amount

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from decimal import Decimal

    from sqlalchemy import Select

    from korus._mirror.content import KindName
    from korus._mirror.database import Database
    from korus.iri import Kind

__all__ = ["Day", "DayStatus", "LiveOffer", "Period", "Reading", "SessionTime", "Status", "read_month"]

DayStatus: TypeAlias = Literal["available", "limited", "sold_out", "closed"]

_RECENT_SECONDS: Final = 7 * 24 * 3600.0
_MONTH: Final = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])", re.ASCII)
_T = TypeVar("_T")


@frozen
class SessionTime:
    """A session in a calendar.

    Attributes:
        iri: Its IRI.
        starts_at: Its start, with the venue's own offset, or in its zone if the API sends no offset; None if the API
            sends no time.
        zone: The venue's time zone.
        available: The number of places left; None if no limit is known.
    """

    iri: str
    starts_at: datetime | None
    zone: str | None
    available: int | None


@frozen
class Day:
    """A day of a product's calendar.

    Attributes:
        date: The day.
        status: ``available``; ``limited``: few are left; ``sold_out``; ``closed``: there is no offer, or all are
            disabled.
        lowest_price: The lowest price of the available offers, or of the sold-out ones if all are; None if unknown.
        lowest_price_minor: The same in the smallest units of the currency.
        currency: The currency, in upper case.
        available: The number left, of all offers together; None if no limit is known.
        offers: The IRIs of the offers, cheapest first.
        sessions: The sessions in the mirror, earliest first.
    """

    date: date
    status: DayStatus
    lowest_price: Decimal | None = None
    lowest_price_minor: int | None = None
    currency: str | None = None
    available: int | None = None
    offers: tuple[str, ...] = ()
    sessions: tuple[SessionTime, ...] = ()


@frozen
class Period:
    """Period in which the price and stock of an offer did not change.

    Attributes:
        since: Its begin, as ISO 8601 in UTC: the time at which a sweep first saw this price and stock.
        until: Its end; None for the current period.
        price: The listed price, a decimal string as the API writes it.
        price_minor: The same in the smallest units of the currency.
        currency: The currency, in upper case.
        available: The number left; None if no limit was known.
    """

    since: str
    until: str | None
    price: str | None
    price_minor: int | None
    currency: str | None
    available: int | None


@frozen
class LiveOffer:
    """Live availability and price of an offer.

    Attributes:
        offer: The offer's IRI.
        available: The number left; None if no limit is known. From the mirror if the offer requires no check.
        price: The price, a decimal string; None if it was not requested.
        currency: Its currency.
        sessions: The number of places left of each session, by IRI.
        error: The error of the request, if it failed.
    """

    offer: str
    available: int | None = None
    price: str | None = None
    currency: str | None = None
    sessions: Mapping[str, int | None] = field(factory=dict[str, "int | None"])
    error: Exception | None = field(default=None, repr=False)


@frozen
class Status:
    """Status of a mirror: its size and freshness.

    Attributes:
        counts: The number of objects of each kind.
        last_change: The number of the newest change.
        consumers: The number of the last change that each consumer acknowledged.
        sweeps: The last sweep of each catalogue, of each scope that was swept in the last week, and those in
            quarantine, as plain JSON.
    """

    counts: Mapping[str, int]
    last_change: int
    consumers: Mapping[str, int]
    sweeps: tuple[Mapping[str, Any], ...]


class Reading:
    """Reads a mirror; results are models of `korus.models`, built by the caller.

    Args:
        database: The database.
        base_url: The API's address, with which absolute IRIs are accepted too.
    """

    def __init__(self, database: Database, base_url: str | None = None) -> None:
        self._database = database
        self._tables = database.tables
        self._base_url = base_url

    def _iri(self, value: object, *kinds: Kind) -> str:
        return reference(value, *kinds, base_url=self._base_url).iri

    def _many(self, wanted: Select[Any], build: Callable[[Any], _T]) -> tuple[_T, ...]:
        with self._database.reading() as connection:
            return tuple(build(json.loads(row.body)) for row in connection.execute(wanted))

    def _listed(self, kind: KindName) -> Select[Any]:
        table, bodies = self._tables.things[kind], self._tables.bodies
        return select(bodies.c.body).join(table, table.c.iri == bodies.c.iri)

    def catalogs(self, build: Callable[[Any], _T]) -> tuple[_T, ...]:
        """Return all catalogues."""
        return self._many(self._listed("catalog").order_by(self._tables.things["catalog"].c.name), build)

    def product_bases(self, catalog: object, build: Callable[[Any], _T]) -> tuple[_T, ...]:
        """Return the product bases of a catalogue."""
        table = self._tables.things["product_base"]
        wanted = self._listed("product_base").order_by(table.c.name, table.c.iri)
        return self._many(wanted.where(table.c.catalog == self._iri(catalog, CATALOG)), build)

    def products(self, of: object, build: Callable[[Any], _T]) -> tuple[_T, ...]:
        """Return the products of a catalogue or of a product base."""
        table = self._tables.things["product"]
        iri = self._iri(of, CATALOG, PRODUCT_BASE)
        wanted = self._listed("product").order_by(table.c.name, table.c.iri)
        return self._many(wanted.where((table.c.catalog == iri) | (table.c.parent == iri)), build)

    def below(
        self, kind: KindName, parent: object, parent_kind: Kind, build: Callable[[Any], _T]
    ) -> tuple[_T, ...]:
        """Return what is listed under something."""
        table = self._tables.things[kind]
        wanted = self._listed(kind).order_by(table.c.code, table.c.iri)
        return self._many(wanted.where(table.c.parent == self._iri(parent, parent_kind)), build)

    def sessions(self, of: object, build: Callable[[Any], _T]) -> tuple[_T, ...]:
        """Return the sessions of an offer or of an offer ticket."""
        table, tickets = self._tables.things["session"], self._tables.offer_tickets
        iri = self._iri(of, OFFER, OFFER_TICKET)
        of_offer = select(tickets.c.iri).where(tickets.c.offer == iri)
        wanted = self._listed("session").order_by(table.c.starts_at.is_(None), table.c.starts_at, table.c.iri)
        return self._many(wanted.where((table.c.parent == iri) | table.c.parent.in_(of_offer)), build)

    def option_values(self, base: object, code: str, build: Callable[[Any], _T]) -> tuple[_T, ...]:
        """Return the values of an option of a base."""
        table, options = self._tables.things["option_value"], self._tables.things["option"]
        own = select(options.c.iri).where(
            options.c.parent == self._iri(base, PRODUCT_BASE), options.c.code == code
        )
        wanted = self._listed("option_value").where(table.c.parent.in_(own))
        return self._many(wanted.order_by(table.c.value, table.c.iri), build)

    def offers(
        self,
        build: Callable[[Any], _T],
        *,
        catalog: object = None,
        product: object = None,
        between: tuple[date | None, date | None] | None = None,
        available: bool | None = None,
        limit: int | None = None,
    ) -> tuple[_T, ...]:
        """Return offers, earliest first; those without a date come last."""
        table = self._tables.things["offer"]
        wanted = self._listed("offer")
        if catalog is not None:
            wanted = wanted.where(table.c.catalog == self._iri(catalog, CATALOG))
        if product is not None:
            wanted = wanted.where(table.c.product == self._iri(product, PRODUCT))
        after, before = between or (None, None)
        if after is not None:
            wanted = wanted.where(table.c.date >= after)
        if before is not None:
            wanted = wanted.where(table.c.date <= before)
        can_be_had = (table.c.available.is_(None) | (table.c.available > 0)) & table.c.disabled.is_not(True)
        if available is not None:
            wanted = wanted.where(can_be_had if available else ~can_be_had)
        if limit is not None and limit < 1:
            raise InvalidArgument(f"`limit` must be at least 1, got {limit!r}.")
        return self._many(
            wanted.order_by(table.c.date.is_(None), table.c.date, table.c.iri).limit(limit), build
        )

    def calendar(self, product: object, month: str | date, *, limited_below: int = 10) -> tuple[Day, ...]:
        """Return the days of a month."""
        first, last = read_month(month)
        table, live = self._tables.things["offer"], self._tables.live
        with self._database.reading() as connection:
            rows = connection.execute(
                select(
                    table.c.iri,
                    table.c.date,
                    table.c.price,
                    table.c.price_minor,
                    table.c.currency,
                    table.c.available,
                    table.c.disabled,
                    table.c.last_seen,
                    live.c.at.label("live_at"),
                    live.c.price.label("live_price"),
                    live.c.price_minor.label("live_price_minor"),
                    live.c.currency.label("live_currency"),
                    live.c.available.label("live_available"),
                )
                .outerjoin(live, live.c.offer == table.c.iri)
                .where(table.c.product == self._iri(product, PRODUCT), table.c.date.between(first, last))
            ).all()
            sessions = self._session_times(connection, [row.iri for row in rows]) if rows else {}
        by_day: defaultdict[date, list[_Listed]] = defaultdict(list)
        for row in rows:
            by_day[row.date].append(_listed(row))
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        return tuple(_day(day, by_day.get(day, []), sessions, limited_below) for day in days)

    def _session_times(self, connection: Any, offers: list[str]) -> dict[str, list[SessionTime]]:
        table, tickets = self._tables.things["session"], self._tables.offer_tickets
        wanted = (
            select(tickets.c.offer, table.c.iri, table.c.starts_local, table.c.zone, table.c.available)
            .join(table, table.c.parent == tickets.c.iri)
            .order_by(table.c.starts_at.is_(None), table.c.starts_at, table.c.iri)
        )
        times: defaultdict[str, list[SessionTime]] = defaultdict(list)
        for row in rows_among(connection, wanted, tickets.c.offer, offers):
            times[row.offer].append(
                SessionTime(row.iri, start_of(row.starts_local, row.zone), row.zone, row.available)
            )
        return times

    def price_history(self, offer: object) -> tuple[Period, ...]:
        """Return the prices and stocks of an offer, oldest first."""
        table = self._tables.periods
        wanted = select(table).where(table.c.offer == self._iri(offer, OFFER)).order_by(table.c.seq)
        with self._database.reading() as connection:
            return tuple(
                Period(row.since, row.until, row.price, row.price_minor, row.currency, row.available)
                for row in connection.execute(wanted)
            )

    def to_ask(self, offers: list[str], limit: int) -> list[Mapping[str, Any]]:
        """Return the offers whose price or availability has to be requested live, nearest dates first."""
        table = self._tables.things["offer"]
        wanted = select(
            table.c.iri, table.c.date, table.c.available, table.c.availability_check, table.c.realtime_price
        ).where(table.c.availability_check | table.c.realtime_price)
        with self._database.reading() as connection:
            rows = rows_among(connection, wanted, table.c.iri, list(dict.fromkeys(offers)))
        rows.sort(key=lambda row: (row.date is None, row.date or date.min, row.iri))
        return [dict(row._mapping) for row in rows[:limit]]  # noqa: SLF001 (the documented way)

    def status(self) -> Status:
        """Return the mirror's size and freshness."""
        sweeps, changes, consumers = self._tables.sweeps, self._tables.changes, self._tables.consumers
        with self._database.reading() as connection:
            counts: dict[str, int] = {
                kind: int(connection.execute(select(func.count()).select_from(table)).scalar_one())
                for kind, table in self._tables.things.items()
            }
            last = int(connection.execute(select(func.max(changes.c.seq))).scalar() or 0)
            positions = {row.name: int(row.seq) for row in connection.execute(select(consumers))}
            since = moment(self._database.now(connection) - _RECENT_SECONDS)
            # a scope "from today on" is a new one each day
            newest = (
                select(func.max(sweeps.c.id)).where(sweeps.c.started_at >= since).group_by(sweeps.c.scope)
            )
            latest = select(func.max(sweeps.c.id)).group_by(sweeps.c.catalog)
            rows = connection.execute(
                select(sweeps)
                .where(sweeps.c.id.in_(newest) | sweeps.c.id.in_(latest) | (sweeps.c.state == "quarantined"))
                .order_by(sweeps.c.id)
            ).all()
        return Status(counts, last, positions, tuple(map(_sweep, rows)))


@frozen
class _Listed:
    """Offer of a day, with the newest price and stock."""

    iri: str
    price: str | None
    price_minor: int | None
    currency: str | None
    available: int | None
    disabled: bool

    @property
    def can_be_had(self) -> bool:
        return not self.disabled and self.available != 0


def _listed(row: Any) -> _Listed:
    is_live = row.live_at is not None and row.live_at > row.last_seen
    has_price = is_live and row.live_price is not None
    return _Listed(
        row.iri,
        row.live_price if has_price else row.price,
        row.live_price_minor if has_price else row.price_minor,
        row.live_currency if has_price else row.currency,
        row.live_available if is_live and row.live_available is not None else row.available,
        bool(row.disabled),
    )


def _day(
    day: date, offers: list[_Listed], sessions: Mapping[str, list[SessionTime]], limited_below: int
) -> Day:
    on_sale = [offer for offer in offers if not offer.disabled]
    if not on_sale:
        return Day(day, "closed", offers=tuple(offer.iri for offer in offers))
    choice = [offer for offer in on_sale if offer.can_be_had] or on_sale
    ordered = sorted(
        on_sale, key=lambda offer: (offer.price_minor is None, offer.price_minor or 0, offer.iri)
    )
    cheapest = min(
        (offer for offer in choice if offer.price_minor is not None),
        key=lambda offer: (offer.price_minor or 0, offer.iri),
        default=None,
    )
    known = [offer.available for offer in on_sale if offer.available is not None]
    left = sum(known) if len(known) == len(on_sale) else None
    status: DayStatus = "available"
    if left == 0:
        status = "sold_out"
    elif left is not None and left < limited_below:
        status = "limited"
    times = [time for offer in ordered for time in sessions.get(offer.iri, ())]
    return Day(
        day,
        status,
        None if cheapest is None else amount(cheapest.price),
        None if cheapest is None else cheapest.price_minor,
        None if cheapest is None else cheapest.currency,
        left,
        tuple(offer.iri for offer in ordered),
        tuple(times),
    )


def read_month(month: str | date) -> tuple[date, date]:
    """Return the first and the last day of a month.

    Raises:
        InvalidArgument: It is neither a date nor ``YYYY-MM``.
    """
    if isinstance(month, date):
        year, number = month.year, month.month
    else:
        found = _MONTH.fullmatch(month)
        if found is None or found[1] == "0000":
            raise InvalidArgument(f"`month` must be a date or YYYY-MM, got {month!r}.")
        year, number = int(found[1]), int(found[2])
    return date(year, number, 1), date(year, number, monthrange(year, number)[1])


def _sweep(row: Any) -> dict[str, Any]:
    names = (
        "id", "scope", "catalog", "state", "started_at", "ended_at", "reason", "added", "changed", "removed",
        "unchanged", "waiting", "quarantined",
    )  # fmt: skip
    return {name: getattr(row, name) for name in names}
