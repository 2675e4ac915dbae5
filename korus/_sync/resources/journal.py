# Written by `python -m scripts.sync` from korus/_async/resources/journal.py; edit that file instead.
"""The journal of bookings: what is open, what came of it, and settling what a crash left behind."""

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
    """`Korus.journal`: the client's journal; every method needs one.

    A journal is given with ``journal="bookings.db"`` (a file, or the URL of a database that SQLAlchemy speaks
    to) or ``KORUS_JOURNAL``, and needs the extra ``korus-sdk[journal]``. Several processes may share it. After a
    restart, `recover` settles what the process before it left open.

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
            open_only: Only those whose outcome is not known yet.
            kind: ``hold`` or ``order``.
            reference: Only those with this external reference; a hold has one if `submit` was given it.
            limit: At most so many.

        Raises:
            ConfigurationError: This client has no journal.
            JournalFailed: The journal cannot be read.
        """
        if kind not in {None, "hold", "order"}:
            raise InvalidArgument(f"kind is 'hold' or 'order', not {kind!r}")
        return run_blocking(
            self.store.entries, open_only=open_only, kind=kind, reference=reference, limit=limit
        )

    def recover(self, *, complete: bool = True, concurrency: int = 4) -> tuple[Recovered, ...]:
        """Settle what was left open by processes that ended, or gave up.

        The API is asked what exists. A hold that was made is noted with its reservation, which ends by itself if nobody
        orders it. An order that was made is noted. An order that was not made is completed while its reservations
        last if its process died, which is what had been decided before; one that its caller cancelled, or was told
        is unknown, is only looked at.

        What other processes that are alive are working on is left alone; but where these are recovering something
        too, this waits for them, so that nothing from before a crash is under way when it returns. It is safe to run
        this at any time, in several processes at once. Book again what is not there only after it.

        Args:
            complete: Complete orders that were not made; else they stay open until their reservations have ended.
            concurrency: How many intents are worked on at once at most.

        Returns:
            One entry for each intent that was worked on; those that are not ``settled`` can be tried again later. An
            entry with an error and no lines may also be one that another process is recovering still.

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
        """Let go of an intent that nothing can settle any more, such as one of a sandbox that is gone.

        Args:
            intent_id: Its id, as `list` shows it.

        Returns:
            False if there is none such, it is settled, or somebody works on it.

        Raises:
            ConfigurationError: This client has no journal.
            JournalFailed: The journal cannot be written.
        """
        return run_blocking(self.store.forget, intent_id)

    def prune(self, older_than: timedelta | None = None) -> int:
        """Forget intents that were settled longer ago than ``older_than``, or than the journal's retention.

        Returns:
            How many were forgotten. What is open is never forgotten.

        Raises:
            ConfigurationError: This client has no journal.
            JournalFailed: The journal cannot be written.
        """
        return run_blocking(self.store.prune, older_than)

    def retain(self, keep: timedelta) -> None:
        """Set how long settled intents are kept, for everybody who shares the journal; 90 days at first.

        Raises:
            ConfigurationError: This client has no journal.
            InvalidArgument: ``keep`` is negative.
            JournalFailed: The journal cannot be written.
        """
        run_blocking(self.store.keep, keep)

    @property
    def store(self) -> JournalStore:
        """The journal itself, whose methods block.

        Raises:
            ConfigurationError: This client has no journal.
        """
        return self._session.intent_log.journal


def _recovered(found: RecoveredIntent) -> Recovered:
    intent, lines = found.intent, found.lines
    # as models; a hold's lines and an order's are told apart by the kind of the intent
    model = order_model if intent.kind == "order" else reservation_model
    lines = tuple(outcome.built(model) for outcome in lines)
    return Recovered(intent.id, intent.kind, intent.reference, lines, found.error)
