"""Checks that need a booking: holds that expire, and orders outside of production. Only on explicit request."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from korus import RetryPolicy
from korus.doctor._looking import RESERVATIONS, SECONDS, newest, note_lag, read, texts, until
from korus.doctor._ordering import order, order_again, order_ended
from korus.errors import KorusError, OutcomeUnknown
from korus.hooks import AttemptEnded

if TYPE_CHECKING:
    from korus import Korus
    from korus.doctor._recorder import Log
    from korus.doctor._report import Report
    from korus.hooks import Event

__all__ = ["book"]

_PATH = f"{RESERVATIONS}/_bulk"
_AFTER_END = 1.5
"""Seconds after its end at which a reservation is ordered, since times are in whole seconds."""
_PRODUCTION = "on production nothing is ordered"


def book(korus: Korus, report: Report, log: Log, offer: str, *, orders: bool, wait: float) -> None:
    """Hold units of an offer and observe them; order some if ``orders``.

    Holds that are not ordered expire: the API documents no way to release them.

    Args:
        korus: The client.
        report: The report.
        log: The exchanges.
        offer: The offer.
        orders: False on production, where one unit is held and nothing is ordered.
        wait: The maximum number of seconds to wait for a reservation to end.
    """
    held = _hold(korus, report, offer)
    if held is None:
        for name in ("a1", "a2", "a3", "a4", "a5", "a6"):
            report.leave(name, "the offer could not be held")
        return
    settle = korus.config.retry.settle
    in_item = until(lambda: read(korus, held) is not None)
    in_list = until(lambda: held in _shown(korus))
    note_lag(report, "reservation", in_item, in_list, settle)
    if not orders:
        for name in ("a1", "a2", "a4", "a5", "a6"):
            report.leave(name, _PRODUCTION)
        return
    left = _hold(korus, report, offer, quietly=True)
    late = _abandon(korus, report, log, in_list, settle)
    first = order(korus, report, held, settle)
    if first is not None:
        order_again(korus, report, held, first)
    if left is None:
        report.leave("a5", "a second unit of the offer could not be held")
    elif first is None:
        report.leave("a5", "no order could be placed, so a refusal would prove nothing")
    elif _has_ended(korus, report, left, wait):
        order_ended(korus, report, left)
    if late is not None:
        late.look_again(korus, report)


def _hold(korus: Korus, report: Report, offer: str, *, quietly: bool = False) -> str | None:
    booking = korus.reservations.bulk()
    try:
        booking.add(offer)
        (held,) = booking.submit().succeeded
    except (KorusError, ValueError) as error:
        if not quietly:
            status: Any = "failed" if isinstance(error, OutcomeUnknown) else "warning"
            advice = "Choose an offer in stock that requires no form and no session."
            report.step("probe", "hold", status, f"not held: {type(error).__name__}", advice)
        return None
    if not quietly:
        report.step("probe", "hold", "ok", "held one unit; holds that are not ordered expire")
    return held.iri


def _shown(korus: Korus) -> set[str]:
    return {str(one.get("@id")) for one in newest(korus, RESERVATIONS)}


def _last_request(log: Log) -> Any:
    """Return the body of the last request that held."""
    sent = (one for one in reversed(log.exchanges) if one.method == "POST" and one.uri.endswith(_PATH))
    found = next(sent, None)
    return None if found is None else json.loads(found.request_body)


class _Abandoned:
    """Hold request whose answer was not waited for.

    Args:
        offer: The requested offer.
        before: The reservations that existed before.
        settle: The setting.
    """

    def __init__(self, offer: str, before: set[str], settle: float) -> None:
        self._offer = offer
        self._before = before
        self._settle = settle
        self._ended = monotonic()
        self._found = False

    def is_shown(self, korus: Korus) -> bool:
        """Return True if the list shows its reservation."""
        return any(
            str(one.get("@id")) not in self._before and self._offer in texts(one)
            for one in newest(korus, RESERVATIONS)
        )

    def judge(self, korus: Korus, report: Report, lag: float) -> None:
        """Wait for the reservation for a while."""
        waited = until(lambda: self.is_shown(korus), self._settle + lag + SECONDS)
        self._found = waited is not None
        if waited is None:
            seconds = monotonic() - self._ended
            text = f"an abandoned request was not processed within {seconds:.1f} s"
            report.assume("a2", "held", text)
        elif waited <= self._settle:
            report.assume("a2", "held", f"the result of an abandoned request was shown after {waited:.1f} s")
        elif waited <= self._settle + lag:
            report.leave("a2", f"the result was shown after {waited:.1f} s, but reads lag by {lag:.1f} s")
        else:
            self._note_late(report, waited)

    def look_again(self, korus: Korus, report: Report) -> None:
        """Look for the reservation again, after everything else."""
        if not self._found and self.is_shown(korus):
            self._note_late(report, monotonic() - self._ended)

    def _note_late(self, report: Report, waited: float) -> None:
        text = f"a request was processed up to {waited:.1f} s after its end, `settle` is {self._settle:.1f} s"
        report.assume("a2", "broken", text)
        report.differ("assumption a2", f"POST {_PATH}", "", "requests are processed late")


def _abandon(korus: Korus, report: Report, log: Log, lag: float | None, settle: float) -> _Abandoned | None:
    """Hold another unit, disconnect before the answer arrives, and look for its result."""
    body = _last_request(log)
    if body is None or lag is None:
        report.leave("a2", "lists do not show what was written")
        return None
    before = _shown(korus)
    events: list[Event] = []
    once = korus.with_options(retry=RetryPolicy(attempts=1), hooks=[events.append])
    log.hangs_up = True
    try:
        with suppress(KorusError):
            once.request("POST", _PATH, json=body)
    finally:
        log.hangs_up = False
    attempts = [one for one in events if isinstance(one, AttemptEnded)]
    if not attempts or not attempts[-1].sent or attempts[-1].status is not None:
        report.leave("a2", "no request could be abandoned between sending and answer")
        return None
    abandoned = _Abandoned(str(body["items"][0]["offer"]), before, settle)
    abandoned.judge(korus, report, lag)
    return abandoned


def _has_ended(korus: Korus, report: Report, held: str, wait: float) -> bool:
    """Wait until a reservation has ended; return False if that takes too long or is not known."""
    with korus.raw_answer() as raw:
        document = read(korus, held) or {}
    left = _seconds_left(document.get("expiresAt"), raw.headers.get("date"))
    if left is None:
        report.leave("a5", "the reservation does not show when it ends")
        return False
    if left > wait:
        text = f"a hold ends {left:.0f} s after its creation, which is longer than --wait {wait:.0f}"
        report.leave("a5", text)
        report.step("probe", "order after the end", "skipped", text, f"--wait {left + 30:.0f} waits for it.")
        return False
    sleep(max(left, 0) + _AFTER_END)
    shown = until(lambda: _shows_end(korus, held))
    how = f"after {shown:.1f} s" if shown is not None else f"not within {SECONDS:.0f} s"
    report.observations["reservation, ended"] = f"its end is shown {how}"
    return True


def _shows_end(korus: Korus, held: str) -> bool:
    document = read(korus, held)
    return document is None or document.get("expired") is True or document.get("status") == "released"


def _seconds_left(expires_at: object, date: str | None) -> float | None:
    """Return the number of seconds left, by the API's own clock if it shows it."""
    try:
        ends = datetime.fromisoformat(str(expires_at))
        now = parsedate_to_datetime(date) if date else datetime.now(UTC)
    except (TypeError, ValueError):
        return None
    return (ends.astimezone(UTC) - now.astimezone(UTC)).total_seconds()
