"""Headers, status, request id and time of the calls made inside a block, successes too."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from korus._core.observer import COLLECTORS
from korus._http.library import httpx

if TYPE_CHECKING:
    from collections.abc import Generator

    from korus._core.watches import CallWatch
    from korus._http.answer import Answer

__all__ = ["RawAnswer", "RawAnswers", "collect", "collected", "raw_answer"]


@frozen
class RawAnswer:
    """The last answer of one call.

    Attributes:
        operation: The operation's name.
        status: The HTTP status; None if no answer came.
        headers: The answer's headers; empty if no answer came, or if it came from the cache.
        request_id: The API's id of the request, if it sent one.
        elapsed: Seconds that the call took, with all its attempts and waits.
        attempts: How often it was tried; 0 if its answer came from the cache.
    """

    operation: str
    status: int | None
    headers: httpx.Headers = field(repr=False)
    request_id: str | None
    elapsed: float
    attempts: int


@define(eq=False)
class RawAnswers:
    """The answers of the calls made inside a block, in the order in which the calls ended.

    Its attributes ``status``, ``headers``, ``request_id`` and ``elapsed`` are those of the last call, and None (no
    headers) as long as there is none.

    Attributes:
        answers: One for each call, failed ones included.
    """

    answers: list[RawAnswer] = field(factory=list[RawAnswer])

    @property
    def last(self) -> RawAnswer | None:
        """The last call's."""
        return self.answers[-1] if self.answers else None

    @property
    def status(self) -> int | None:
        """The last call's HTTP status."""
        return None if self.last is None else self.last.status

    @property
    def headers(self) -> httpx.Headers:
        """The last call's headers."""
        return httpx.Headers() if self.last is None else self.last.headers

    @property
    def request_id(self) -> str | None:
        """The API's id of the last call's request."""
        return None if self.last is None else self.last.request_id

    @property
    def elapsed(self) -> float | None:
        """Seconds that the last call took."""
        return None if self.last is None else self.last.elapsed


@contextmanager
def collected(pool: object) -> Generator[RawAnswers]:
    """Collect the answers of the calls that are made with a pool inside the block."""
    answers = RawAnswers()
    before = COLLECTORS.set((*COLLECTORS.get(), (pool, answers)))
    try:
        yield answers
    finally:
        COLLECTORS.reset(before)


def collect(pool: object, answer: RawAnswer) -> None:
    """Add an answer to the blocks around."""
    for wanted, answers in COLLECTORS.get():
        if wanted is pool:
            answers.answers.append(answer)


def raw_answer(watch: CallWatch, answer: Answer | None) -> RawAnswer:
    """Return what is collected of a call that has ended."""
    last = watch.last
    status = None if answer is None else answer.status
    if last is None:  # out of the cache, or refused before an attempt
        return RawAnswer(watch.call.operation, status, httpx.Headers(), None, watch.elapsed, 0)
    headers = last.headers or httpx.Headers()
    return RawAnswer(
        watch.call.operation, last.status, headers, last.request_id, watch.elapsed, watch.attempts
    )
