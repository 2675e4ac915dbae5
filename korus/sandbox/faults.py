"""Fault injection: rules for failures of the sandbox, by kind, operation and count.

Rules are evaluated in the order of their creation. Each counts the requests that it matches, and randomness has one
seed, so a sequence of faults can be replayed. :data:`KINDS` describes the kinds; :mod:`korus.sandbox.wire` and
:mod:`korus.sandbox.app` implement them.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from attrs import asdict, field, frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["KINDS", "Fault", "FaultKind", "Faults"]

FaultKind = Literal[
    "slow",
    "drop_before",
    "drop_after",
    "cut_short",
    "status",
    "html",
    "empty",
    "not_json",
    "padding",
    "unknown_enum",
    "wrong_charset",
    "revoke_token",
    "sold_out",
    "expire",
    "fail_items",
]

KINDS: Mapping[FaultKind, str] = {
    "slow": "wait `seconds` before the work; with `done` after it",
    "drop_before": "reset the connection (TCP RST) before anything is done",
    "drop_after": "do the work, then reset the connection without a byte of answer",
    "cut_short": "do the work, send `at` (0 to 1) of the body, then close; `chunked` cuts between two chunks",
    "status": "answer `status` instead, with `retry_after`, `body` if given; `done` does the work first",
    "html": "answer an HTML page, as a proxy does, with `status`; `done` does the work first",
    "empty": "do the work, answer its status with an empty body",
    "not_json": "do the work, answer its status with text that is no JSON",
    "padding": "do the work, answer its status with ten megabytes of spaces",
    "unknown_enum": "do the work, replace every enumerated value in the answer with `value`",
    "wrong_charset": "do the work, send the answer in UTF-16 but call it UTF-8",
    "revoke_token": "revoke the request's access token before it is checked, so that the answer is 401",
    "sold_out": "take the stock of every offer in a bulk reservation to nothing before it is carried out",
    "expire": "end every reservation in a bulk order before it is carried out",
    "fail_items": "let the entries at `items` (all when empty) of a bulk call fail, but for what is ordered already",
}
"""Description of each kind."""


def _kind(_: object, __: Any, value: str) -> None:
    if value not in get_args(FaultKind):
        raise ValueError(f"no such kind of fault: {value!r}; there are {', '.join(get_args(FaultKind))}")


def _header_text(value: str | int | None) -> str | None:
    return None if value is None else str(value)


@frozen
class Fault:
    """One rule.

    Args:
        kind: The kind of failure, see :data:`KINDS`.
        operation: The operation by name (``bulk_create_orders``, ``token``, ``storage``); None for all.
        method: The HTTP method; None for all.
        count: How many times it applies at most; None for always.
        skip: How many matching requests pass first: ``skip=2, count=1`` applies to the third.
        probability: The probability for a matching request, 0 to 1.
        seconds: For ``slow``.
        status: For ``status`` and ``html``.
        retry_after: For ``status``: the header's value, seconds or an HTTP date.
        body: For ``status``: a JSON object to send instead of the API's error object.
        done: For ``slow``, ``status`` and ``html``: do the work first.
        at: For ``cut_short``: how much of the body to send.
        chunked: For ``cut_short``: without a content length.
        value: For ``unknown_enum``.
        items: For ``fail_items``: which entries, counted from 0.
        id: Its number, given by :class:`Faults`.
    """

    kind: FaultKind = field(validator=_kind)
    operation: str | None = None
    method: str | None = None
    count: int | None = None
    skip: int = 0
    probability: float = 1.0
    seconds: float = 1.0
    status: int = 503
    retry_after: str | None = field(default=None, converter=_header_text)
    body: Mapping[str, Any] | None = None
    done: bool = False
    at: float = 0.5
    chunked: bool = False
    value: str = "something_new"
    items: tuple[int, ...] = field(default=(), converter=tuple)
    id: int = 0

    def matches(self, operation: str, method: str) -> bool:
        """Return True if the rule matches a request to an operation."""
        return self.operation in {None, operation} and self.method in {None, method}

    def as_json(self) -> dict[str, Any]:
        """Return the rule as a JSON object, as the admin endpoints show and take it."""
        return asdict(self)


class Faults:
    """The rules in force; safe to change while the sandbox answers.

    Args:
        seed: The seed of ``probability``.
    """

    def __init__(self, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self._random = random.Random(seed)  # noqa: S311 - replayable chance is the point
        self._rules: list[Fault] = []
        self._matched: Counter[int] = Counter()
        self._struck: Counter[int] = Counter()
        self._made = 0

    def add(self, kind: FaultKind, **rule: Any) -> Fault:
        """Add a rule.

        Args:
            kind: The kind of failure.
            **rule: The other fields of :class:`Fault`.

        Returns:
            The rule, for :meth:`remove` and :meth:`struck`.
        """
        rule.pop("id", None)
        with self._lock:
            fault = Fault(kind=kind, id=self._made + 1, **rule)
            self._made += 1
            self._rules.append(fault)
            return fault

    def remove(self, fault: Fault) -> None:
        """Remove a rule, if it is still there."""
        with self._lock:
            self._rules = [rule for rule in self._rules if rule.id != fault.id]

    def clear(self) -> None:
        """Remove all rules."""
        with self._lock:
            self._rules.clear()

    def reseed(self, seed: int) -> None:
        """Restart the random sequence."""
        with self._lock:
            self._random.seed(seed)

    def struck(self, fault: Fault | None = None) -> int:
        """Return how many times one rule, or all rules, have applied."""
        with self._lock:
            return self._struck.total() if fault is None else self._struck[fault.id]

    def __iter__(self) -> Iterator[Fault]:
        with self._lock:
            return iter(tuple(self._rules))

    def __len__(self) -> int:
        return len(self._rules)

    def strike(self, operation: str, method: str) -> tuple[Fault, ...]:
        """Return the rules that apply to a request, and count it."""
        if not self._rules:
            return ()
        with self._lock:
            struck = tuple(
                rule for rule in self._rules if rule.matches(operation, method) and self._strikes(rule)
            )
            for rule in struck:
                self._struck[rule.id] += 1
            return struck

    def _strikes(self, rule: Fault) -> bool:
        self._matched[rule.id] += 1
        if self._matched[rule.id] <= rule.skip:
            return False
        if rule.count is not None and self._struck[rule.id] >= rule.count:
            return False
        return rule.probability >= 1 or self._random.random() < rule.probability

    def from_json(self, rule: Mapping[str, Any]) -> Fault:
        """Add a rule given as a JSON object.

        Raises:
            ValueError: It is not a valid rule.
        """
        fields = dict(rule)
        kind = fields.pop("kind", None)
        if not isinstance(kind, str):
            raise ValueError("a fault needs a kind")  # noqa: TRY004 - the text that came is at fault
        try:
            return self.add(cast("FaultKind", kind), **fields)
        except TypeError as error:
            raise ValueError(str(error)) from None
