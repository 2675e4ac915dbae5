# Written by `python -m scripts.sync` from korus/_async/books.py; edit that file instead.
"""What a client keeps about its own bookings: the ledger of intents, and facts learnt of offers and forms.

Clients made by `with_options` share it. With a journal the ledger is a database, and using it blocks, so it
is used from a worker; without one it is memory.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from korus._primitives.synchronous import run_blocking
from korus.errors import ConfigurationError, JournalFailed
from korus.intents import MemoryLedger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from korus._primitives.clock import Clock
    from korus.booking import Knowledge
    from korus.config import Config
    from korus.intents import Intent, Ledger, State

__all__ = ["Books", "open_journal"]

_LOG = logging.getLogger("korus")
_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")

# catalogue facts may be kept for a day (reference 1.9); the price in them is never trusted
_KNOWN_SECONDS = 900.0
_MOST_KNOWN = 20_000


class Books:
    """The ledger in this colour, and the facts learnt.

    Args:
        config: The client's set-up; its journal is the ledger, if it has one.
        clock: The clocks.

    Raises:
        ConfigurationError: The journal needs a package that is not installed.
    """

    def __init__(self, config: Config, clock: Clock) -> None:
        self.ledger: Ledger = MemoryLedger() if config.journal is None else open_journal(config, clock)
        self._blocks = config.journal is not None
        self._config = config
        self._clock = clock
        self._known: Knowledge | None = None
        self._known_since = 0.0

    def with_config(self, config: Config) -> Books:
        """Give the books of another set-up: these, if it is of the same account and journal."""
        mine = self._config
        same = (
            mine.base_url == config.base_url
            and mine.client_id == config.client_id
            and mine.journal == config.journal
        )
        return self if same else Books(config, self._clock)

    @property
    def known(self) -> Knowledge:
        """Facts about offers, tickets and forms, not older than a quarter of an hour."""
        known, now = self._known, self._clock.monotonic()
        if (
            known is None
            or now - self._known_since > _KNOWN_SECONDS
            or len(known.offers) + len(known.tickets) > _MOST_KNOWN
        ):
            # a client that only reads needs nothing of what booking needs
            from korus.booking import Knowledge

            known = self._known = Knowledge()
            self._known_since = now
        return known

    def open(self, intent: Intent) -> None:
        """Write an intent down before it is carried out."""
        self._do(self.ledger.open, intent)

    def move(self, intent: Intent, state: State) -> bool:
        """Note how far an intent got; False when another process has taken it over."""
        try:
            return self._do(self.ledger.move, intent, state)
        except JournalFailed as error:
            _LOG.warning("the journal could not note that %s is %s: %s", intent.id, state, error)
            return True

    def settle(
        self, intent: Intent, outcome: Mapping[str, Any], claims: Iterable[str] = ()
    ) -> frozenset[str]:
        """Note the outcome of an intent and claim what came of it."""
        wanted = tuple(claims)
        try:
            return self._do(self.ledger.settle, intent, outcome, wanted)
        except JournalFailed as error:
            # it happened, whether it is written down or not; the journal's recovery will find it out
            _LOG.error("the outcome of %s could not be written down: %s", intent.id, error)
            return frozenset(wanted)

    def leave(self, intent: Intent, claims: Iterable[str] = ()) -> None:
        """Note that the outcome of an intent is known in part only, and claim what came of that part."""
        wanted = tuple(claims)
        try:
            self._do(self.ledger.claim, intent, wanted)
            self._do(self.ledger.move, intent, "unknown")
        except JournalFailed as error:
            _LOG.error("what is known of %s could not be written down: %s", intent.id, error)

    def claimed(self, iris: Iterable[str], but: Intent | None = None) -> frozenset[str]:
        """Say which reservations belong to somebody, or to somebody but an intent."""
        return self._do(self.ledger.claimed, tuple(iris), but)

    def claim(self, intent: Intent, iris: Iterable[str]) -> frozenset[str]:
        """Claim reservations; gives those that are the intent's own now."""
        return self._do(self.ledger.claim, intent, tuple(iris))

    def rivals(self, intent: Intent) -> list[Intent]:
        """Give the other intents alive that share a subject."""
        return self._do(self.ledger.rivals, intent)

    def abandon(self, intent: Intent) -> None:
        """Note at once that nobody sees to an intent any more: its call is being torn down."""
        try:
            self.ledger.move(intent, "unknown")
        except JournalFailed as error:
            _LOG.warning("the journal could not note that %s was given up: %s", intent.id, error)

    def close(self) -> None:
        """Close the journal's connections, if there is one."""
        close = getattr(self.ledger, "close", None)
        if close is not None:
            run_blocking(close)

    def _do(
        self,
        function: Callable[_Arguments, _Result],
        *args: _Arguments.args,
        **kwargs: _Arguments.kwargs,
    ) -> _Result:
        if self._blocks:
            return run_blocking(function, *args, **kwargs)
        return function(*args, **kwargs)


def open_journal(config: Config, clock: Clock) -> Ledger:
    """Open the journal that a set-up names.

    Raises:
        ConfigurationError: SQLAlchemy is not installed, or the address is none that it knows.
    """
    try:
        from korus.journal import JournalStore
    except ImportError as cause:
        raise ConfigurationError(f"a journal needs the extra korus[journal]: {cause}") from None
    return JournalStore.of(config, clock)
