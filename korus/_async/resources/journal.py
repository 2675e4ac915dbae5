"""The journal of bookings: what is open, what came of it, and settling what a crash left behind."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

from attrs import field, frozen

from korus._async.holding import AsyncHolding
from korus._async.ordering import AsyncOrdering
from korus._primitives.asynchronous import map_ordered, run_blocking, sleep
from korus.errors import ConfigurationError, InvalidArgument, KorusError
from korus.ordering import OrderRequest
from korus.outcomes import HoldLine, LineOutcome, OrderLine
from korus.wire import objects

if TYPE_CHECKING:
    import builtins
    from datetime import datetime, timedelta

    from korus._async.client import AsyncKorus
    from korus.intents import Intent
    from korus.journal import JournalEntry, JournalStore

__all__ = ["AsyncJournal", "Recovered"]

_LOG = logging.getLogger("korus")
_OTHERS_SECONDS = 300.0
_OTHERS_PAUSE = 0.2


@frozen
class Recovered:
    """What became of one intent that was left open.

    Attributes:
        id: The intent's id.
        kind: ``hold`` or ``order``.
        reference: The external reference of an order.
        lines: The outcome of each line that was open; empty when it is not known still.
        error: Why it is not known still.
    """

    id: str
    kind: str
    reference: str | None
    lines: tuple[LineOutcome[Any], ...] = field(default=())
    error: KorusError | None = None

    @property
    def settled(self) -> bool:
        """Whether its outcome is known now."""
        unsettled = any(outcome.status == "unknown" for outcome in self.lines)
        return bool(self.lines) and not unsettled

    @property
    def succeeded(self) -> tuple[Any, ...]:
        """The reservations or orders that exist."""
        return tuple(result for outcome in self.lines for result in outcome.results)


class AsyncJournal:
    """`AsyncKorus.journal`: the client's journal; every method needs one.

    A journal is given with ``journal="bookings.db"`` (a file, or the URL of a database that SQLAlchemy speaks
    to) or ``KORUS_JOURNAL``, and needs the extra ``korus[journal]``. Several processes may share it. After a
    restart, `recover` settles what the process before it left open.

    Example:
        >>> with Korus.from_env(journal="bookings.db") as korus:
        ...     for recovered in korus.journal.recover():
        ...         print(recovered.reference, recovered.settled)
    """

    def __init__(self, client: AsyncKorus) -> None:
        self._client = client

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._client!r}>"

    async def list(
        self,
        *,
        open_only: bool = False,
        kind: str | None = None,
        reference: str | None = None,
        limit: int | None = None,
    ) -> builtins.list[JournalEntry]:
        """List intents, newest first.

        Args:
            open_only: Only those whose outcome is not known yet.
            kind: ``hold`` or ``order``.
            reference: Only orders with this external reference.
            limit: At most so many.

        Raises:
            ConfigurationError: This client has no journal.
            JournalFailed: The journal cannot be read.
        """
        if kind not in {None, "hold", "order"}:
            raise InvalidArgument(f"kind is 'hold' or 'order', not {kind!r}")
        return await run_blocking(
            self._store.entries, open_only=open_only, kind=kind, reference=reference, limit=limit
        )

    async def recover(self, *, complete: bool = True, concurrency: int = 4) -> tuple[Recovered, ...]:
        """Settle what was left open by processes that ended, or gave up.

        The API is asked what exists. A hold that was made is noted with its reservation, which ends by itself
        if nobody orders it. An order that was made is noted. An order that was not made is completed while
        its reservations last, which is what had been decided before the crash.

        What other processes that are alive are seeing to is left alone; but where these are recovering
        something too, this waits for them, so that nothing of before the crash is under way when it returns.
        It is safe to run this at any time, in several processes at once. Book again what is not there only
        after it.

        Args:
            complete: Whether orders that were not made are completed; else they are noted as not made.
            concurrency: How many intents are seen to at once at most.

        Returns:
            One entry for each intent that was seen to; those that are not ``settled`` can be tried again
            later.

        Raises:
            ConfigurationError: This client has no journal.
            JournalFailed: The journal cannot be read.
        """
        store = self._store
        clock = self._client.transport.clock

        async def settle(entry: tuple[Intent, datetime]) -> Recovered:
            intent, touched = entry
            try:
                if intent.kind == "order":
                    return await self._order(intent, touched, complete=complete)
                return await self._hold(intent, touched)
            except KorusError as error:
                await self._client.books.move(intent, "unknown")
                _LOG.warning("journal: %s %s is open still: %s", intent.kind, intent.id, error)
                return Recovered(intent.id, intent.kind, intent.reference, error=error)
            except BaseException:
                self._client.books.abandon(intent)
                raise

        recovered: builtins.list[Recovered] = []
        ends = clock.monotonic() + _OTHERS_SECONDS
        while True:
            left = await run_blocking(store.take_over, [entry.id for entry in recovered])
            recovered += await map_ordered(settle, left, concurrency=concurrency)
            # whoever goes on to book takes it that nothing of before is under way any more
            if not await run_blocking(store.taken_by_others) or clock.monotonic() > ends:
                return tuple(recovered)
            await sleep(_OTHERS_PAUSE)

    async def prune(self, older_than: timedelta | None = None) -> int:
        """Forget intents that were settled longer ago than ``older_than``, or than the journal's retention.

        Returns:
            How many were forgotten. What is open is never forgotten.

        Raises:
            ConfigurationError: This client has no journal.
            JournalFailed: The journal cannot be written.
        """
        return await run_blocking(self._store.prune, older_than)

    async def retain(self, keep: timedelta) -> None:
        """Set how long settled intents are kept, for everybody who shares the journal; 90 days at first.

        Raises:
            ConfigurationError: This client has no journal.
            InvalidArgument: ``keep`` is negative.
            JournalFailed: The journal cannot be written.
        """
        await run_blocking(self._store.keep, keep)

    @property
    def _store(self) -> JournalStore:
        if self._client.config.journal is None:
            raise ConfigurationError(
                "this client has no journal: give journal='bookings.db', or KORUS_JOURNAL"
            )
        return cast("JournalStore", self._client.books.ledger)

    async def _hold(self, intent: Intent, touched: datetime) -> Recovered:
        items, numbers = objects(intent.details, "items"), objects(intent.details, "lines")
        lines = [
            HoldLine(number, item["offer"], item["quantity"])
            for number, item in zip(numbers, items, strict=True)
        ]
        holding = AsyncHolding(self._client.transport, self._client.books)
        result = await holding.resolve(intent, lines, recent=self._recent(touched))
        return Recovered(intent.id, intent.kind, intent.reference, result.lines)

    async def _order(self, intent: Intent, touched: datetime, *, complete: bool) -> Recovered:
        lines = [
            OrderLine(number, str(iri))
            for number, iri in enumerate(objects(intent.details, "reservations"), start=1)
        ]
        ordering = AsyncOrdering(self._client.transport, self._client.books)
        customer = intent.private.get("customer")
        if complete and customer:
            request = OrderRequest(
                tuple(lines),
                str(intent.details["externalReference"]),
                customer,
                intent.private.get("notes"),
            )
            result = await ordering.complete(intent, request, recent=self._recent(touched))
        else:
            result = await ordering.resolve(intent, lines, recent=self._recent(touched))
        return Recovered(intent.id, intent.kind, intent.reference, result.lines)

    def _recent(self, touched: datetime) -> bool:
        """Tell whether the API may still be at work on a request of that time."""
        age = (self._client.transport.clock.now() - touched).total_seconds()
        return age < 2 * self._client.config.retry.settle
