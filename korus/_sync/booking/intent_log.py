# Written by `python -m scripts.sync` from korus/_async/booking/intent_log.py; edit that file instead.
"""Intent log of a client: in memory, or a journal in a database, which blocks and runs in a worker thread."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from korus._core.lazy import lazy
from korus._core.throttled_log import report
from korus._primitives.synchronous import NoThread, run_blocking, run_to_end
from korus.errors import ConfigurationError, JournalFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from korus._core.config import Config
    from korus._journal.intent_log import Intent, IntentLog, Takeover
    from korus._journal.sql_store import JournalStore

__all__ = ["BookingLog"]

_LOG = logging.getLogger("korus.booking")
_GRACE = 2.0
"""Seconds that a cancelled call may take to write its state to the log."""

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class BookingLog:
    """Intent log of one account's bookings, shared by clients that `with_options` makes.

    Args:
        config: The client's configuration; its journal is the log, if it has one.

    Raises:
        ConfigurationError: The journal needs a package that is not installed, or cannot be opened.
    """

    def __init__(self, config: Config) -> None:
        self._blocks = config.journal is not None
        self._config = config
        if self._blocks:
            vars(self)["store"] = _open_journal(config)

    @lazy
    def store(self) -> IntentLog:
        """The log itself, created at first use, since a client that only reads needs none."""
        from korus._journal.intent_log import MemoryIntentLog

        return MemoryIntentLog()

    def with_config(self, config: Config) -> BookingLog:
        """Return the log of another configuration: this one, if the account and the journal are the same."""
        mine = self._config
        same = (
            mine.base_url == config.base_url
            and mine.client_id == config.client_id
            and mine.journal == config.journal
        )
        return self if same else BookingLog(config)

    @property
    def is_shared(self) -> bool:
        """True if all processes that book for the account share this log."""
        return self.store.shared

    @property
    def journal(self) -> JournalStore:
        """The journal.

        Raises:
            ConfigurationError: This client has none.
        """
        from korus._journal.sql_store import JournalStore

        if not isinstance(self.store, JournalStore):
            raise ConfigurationError(
                "this client has no journal: set journal='bookings.db', or KORUS_JOURNAL"
            )
        return self.store

    def do(
        self,
        function: Callable[_Arguments, _Result],
        *args: _Arguments.args,
        **kwargs: _Arguments.kwargs,
    ) -> _Result:
        """Call the log. A cancellation waits a short time for a write that has begun.

        Raises:
            JournalFailed: The journal cannot be used.
        """
        if not self._blocks:
            return function(*args, **kwargs)
        try:
            return run_to_end(lambda: function(*args, **kwargs), _GRACE)
        except NoThread:
            raise JournalFailed("the journal cannot be used: the system has no thread left") from None

    def take_over(self, spare: Iterable[str]) -> Takeover:
        """Take over intents without a running owner; this process owns them until `let_go`."""
        taken: list[Takeover] = []

        def take() -> Takeover:
            taken.append(self.store.take_over(spare))
            return taken[0]

        try:
            return self.do(take)
        except BaseException:
            for takeover in taken:  # no call will work on it
                self.let_go(*(intent.id for intent in takeover.taken))
            raise

    def let_go(self, *intent_ids: str) -> None:
        """Release intents on which no call of this process works any longer."""
        from korus._journal.process import ACTIVE

        for intent_id in intent_ids:
            ACTIVE.discard(intent_id)

    def give_up(self, intent: Intent, *, sent: bool) -> None:
        """Write to the log, within two seconds, that the call of an intent was cancelled."""

        def note() -> bool:
            return self.store.give_up(intent, sent=sent, wait=_GRACE)

        try:
            if self._blocks:
                run_to_end(note, _GRACE, is_bounded=True)
            else:
                note()
        except (JournalFailed, NoThread, TimeoutError) as error:
            text = f"the journal could not record that {intent.id} was cancelled: {error}"
            report(_LOG, logging.WARNING, "journal_failed", text)

    def close(self) -> None:
        """Close the journal's connections, if there is one."""
        if self._blocks:
            run_blocking(self.journal.close)


def _open_journal(config: Config) -> IntentLog:
    try:
        from korus._journal.sql_store import JournalStore
    except ImportError as cause:
        from korus._core.distribution import install_hint

        raise ConfigurationError(f"a journal needs SQLAlchemy ({cause}): {install_hint('journal')}") from None
    return JournalStore.of(config)
