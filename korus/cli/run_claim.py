"""The claim of a run in the intent log: of two runs for one account and reference, the second one waits.

The account, with the API's address, is in the log's own scope. A claim ends with its process; for other machines it
has a lease, which a thread renews.
"""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from korus._booking.facts import folded
from korus.errors import ConfigurationError, JournalFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from korus._journal.runs import RunHolder
    from korus._journal.sql_store import JournalStore

__all__ = ["RunBusy", "RunClaim", "claim_run"]

_PAUSE: Final = 0.25


class RunBusy(Exception):
    """Another run for the same account and reference did not end in time; ``holder`` says which."""

    def __init__(self, holder: RunHolder) -> None:
        super().__init__()
        self.holder = holder


class RunClaim:
    """A run's claim, as `claim_run` gives it.

    Args:
        store: The intent log.
        name: What is claimed.
    """

    def __init__(self, store: JournalStore, name: str) -> None:
        self._store = store
        self._name = name
        self._released = threading.Event()

    def is_held(self) -> bool:
        """Return True if the claim is still this run's; one that was suspended for long may have lost it.

        Raises:
            JournalFailed: The log cannot be written.
        """
        return self._store.renew(self._name)

    def keep(self) -> None:
        """Renew the lease until `release`."""
        # a signal that this thread takes does not interrupt the main thread's wait for an answer
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while not self._released.wait(self._store.lease / 3):
            with suppress(JournalFailed):  # there is time for another attempt
                self._store.renew(self._name)

    def release(self) -> None:
        """Let go of the claim; where that cannot be written, the end of the process does it."""
        self._released.set()
        with suppress(JournalFailed):
            self._store.release(self._name)


@contextmanager
def claim_run(
    store: JournalStore, reference: str, wait: float, waiting: Callable[[RunHolder], None]
) -> Generator[RunClaim]:
    """Claim a reference for this run, and release it at the end.

    Args:
        store: The intent log.
        reference: The external reference; one that an API might take for the same is the same.
        wait: Seconds to wait for another run at most.
        waiting: Called once if there is one.

    Raises:
        RunBusy: Another run has not ended in time.
        ConfigurationError: The log cannot be used.
    """
    name = f"korus book {folded(reference)}"
    _acquire(store, name, wait, waiting)
    claim = RunClaim(store, name)
    try:
        # where no thread is left, the claim is renewed whenever the run asks if it holds it
        with suppress(RuntimeError):
            threading.Thread(target=claim.keep, name="korus-claim", daemon=True).start()
        yield claim
    finally:
        claim.release()


def _acquire(store: JournalStore, name: str, wait: float, waiting: Callable[[RunHolder], None]) -> None:
    ends = time.monotonic() + wait
    reported = False
    while (holder := _holder(store, name)) is not None:
        left = ends - time.monotonic()
        if left <= 0:
            raise RunBusy(holder)
        if not reported:
            waiting(holder)
            reported = True
        time.sleep(min(_PAUSE, left))


def _holder(store: JournalStore, name: str) -> RunHolder | None:
    try:
        return store.acquire(name)
    except JournalFailed as error:
        raise ConfigurationError(
            f"{error.message}; set KORUS_JOURNAL to a file or a database that can be written"
        ) from None
