# Written by `python -m scripts.sync` from korus/_async/resources/journal.py; edit that file instead.
"""Journal of bookings: list of intents, and recovery after a crash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from korus._booking.outcomes import Recovered
from korus._booking.recovery_steps import RecoveredIntent, recover
from korus._core import watches
from korus._primitives.synchronous import run_blocking
from korus._sync.booking.driver import Driver
from korus._sync.booking.hold import reservation_model
from korus._sync.booking.order import order_model
from korus.errors import InvalidArgument

if TYPE_CHECKING:
    import builtins
    from datetime import timedelta

    from korus._journal.database import JournalEntry
    from korus._journal.intent_log import Kind
    from korus._journal.sql_store import JournalStore
    from korus._sync.booking.session import Session

__all__ = ["Journal"]


class Journal:
    """`Korus.journal`: the client's journal, which every method requires.

    Set a journal with ``journal="bookings.db"`` (a file, or the URL of a database that SQLAlchemy supports) or
    ``KORUS_JOURNAL``; it needs the extra ``korus-sdk[journal]``. Several processes can share it. After a restart,
    `recover` settles the intents that the previous process left open.

    Example:
        >>> with Korus.from_env(journal="bookings.db") as korus:
        ...     for recovered in korus.journal.recover():
        ...         print(recovered.reference, recovered.settled)
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._session.name}>"

    def list(
        self,
        *,
        open_only: bool = False,
        kind: Kind | None = None,
        reference: str | None = None,
        limit: int | None = None,
    ) -> builtins.list[JournalEntry]:
        """List intents, newest first.

        Args:
            open_only: True for only those whose outcome is not known yet.
            kind: ``hold`` or ``order``.
            reference: Only those with this external reference; a hold has one if it was passed to `submit`.
            limit: The maximum number of intents.

        Raises:
            ConfigurationError: This client has no journal.
            JournalFailed: The journal cannot be read.
        """
        if kind not in {None, "hold", "order"}:
            raise InvalidArgument(f"`kind` must be 'hold' or 'order', got {kind!r}.")
        return run_blocking(
            self.store.entries, open_only=open_only, kind=kind, reference=reference, limit=limit
        )

    def recover(self, *, complete: bool = True, concurrency: int = 4) -> tuple[Recovered, ...]:
        """Settle intents that ended or cancelled processes left open.

        The existing reservations and orders are read from the API. A hold that exists is recorded with its reservation,
        which expires if it is not ordered. An order that exists is recorded. A missing order is completed while its
        reservations last if its process died, as decided before; one that its caller cancelled, or received as
        unknown, is only looked for.

        Intents of running processes are not touched; but if these processes are recovering too, this waits for them,
        so that after it no intent from before a crash is in progress. It is safe to call this at any time, in
        several processes at once. Book missing lines again only after it.

        Args:
            complete: True to complete missing orders; else they stay open until their reservations have ended.
            concurrency: The maximum number of intents to process at once.

        Returns:
            One entry for each processed intent; those that are not ``settled`` can be retried later. An entry with
            an error and no lines can also be one that another process is still recovering.

        Raises:
            ConfigurationError: This client has no journal.
            JournalFailed: The journal cannot be read.
        """
        _ = self.store
        driver = Driver(self._session.transport, self._session.intent_log, concurrency)
        with watches.action(self._session.transport.observer, "recover"):
            recovered = driver.run(recover(complete=complete))
        return tuple(map(_recovered, recovered))

    def forget(self, intent_id: str) -> bool:
        """Remove an intent that can no longer be settled, such as one of a sandbox that no longer exists.

        Args:
            intent_id: Its id, as shown by `list`.

        Returns:
            False if it does not exist, is settled, or is in use by a running process.

        Raises:
            ConfigurationError: This client has no journal.
            JournalFailed: The journal cannot be written.
        """
        return run_blocking(self.store.forget, intent_id)

    def prune(self, older_than: timedelta | None = None) -> int:
        """Delete intents that were settled long ago.

        Args:
            older_than: How long ago, at least; by default the journal's retention.

        Returns:
            The number of deleted intents. Open intents are never deleted.

        Raises:
            ConfigurationError: This client has no journal.
            JournalFailed: The journal cannot be written.
        """
        return run_blocking(self.store.prune, older_than)

    def retain(self, keep: timedelta) -> None:
        """Set how long settled intents are kept, for all processes that share the journal; by default 90 days.

        Args:
            keep: How long.

        Raises:
            ConfigurationError: This client has no journal.
            InvalidArgument: ``keep`` is negative.
            JournalFailed: The journal cannot be written.
        """
        run_blocking(self.store.keep, keep)

    @property
    def store(self) -> JournalStore:
        """The underlying store, whose methods block.

        Raises:
            ConfigurationError: This client has no journal.
        """
        return self._session.intent_log.journal


def _recovered(found: RecoveredIntent) -> Recovered:
    intent, lines = found.intent, found.lines
    # as models; the kind of the intent distinguishes the lines of holds and orders
    model = order_model if intent.kind == "order" else reservation_model
    lines = tuple(outcome.built(model) for outcome in lines)
    return Recovered(intent.id, intent.kind, intent.reference, lines, found.error)
