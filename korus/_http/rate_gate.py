"""Rate limit of an account: learnt from the API's answers, with a turn for each request.

Pure decisions over numbers; the time is an argument. `SCRIPT` makes the same decisions inside Redis, so that all
workers of an account share one gate; a test compares the two.

A request takes a turn (`RateGate.take`). Without a known limit nothing waits. A 429 reduces the rate, once for all
requests that were in flight, and ``Retry-After`` or an exhausted quota stops all requests for that time. The rate
returns to its former value within `_RECOVERY` seconds, and then grows further.
"""

from __future__ import annotations

import math
import re
from string import Template
from typing import TYPE_CHECKING, Final

from attrs import define, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

__all__ = ["SCRIPT", "RateGate", "Turn", "exhausted_for"]

_AGAIN: Final = 0.7
"""The factor of a further reduction if the last one was not enough."""
_RECOVERY: Final = 5.0
"""Seconds until the rate is back at its value before a reduction; longer in proportion after a long ``Retry-After``."""
_REQUESTS: Final = 40
"""The least number of requests during recovery: a slow rate would otherwise reach its limit with every few requests."""
_LONGEST: Final = 20.0
"""The longest recovery, in seconds."""
_GROWTH: Final = 0.15
_LEAST: Final = 0.5
"""The lowest rate, in requests a second."""
_FIRST: Final = 5.0
"""The least rate assumed at the first reduction: few requests say little about a rate."""
_MOST: Final = 1000.0
"""The rate above which nothing waits."""
_START: Final = 10.0
"""The initial rate of a fleet; doubled every second until a limit is reached."""
_FIRST_PAUSE: Final = 0.5
"""Seconds to pause after a 429 without ``Retry-After``; doubled each time it was too short."""
_PAUSE: Final = 30.0
"""The longest such pause, in seconds."""
_AT_ONCE: Final = 2.0
"""A 429 within these seconds after a pause means that it was too short."""
_KEPT: Final = 3600
_UNIX_TIME: Final = 1e9
_NUMBER: Final = re.compile(r"\d{1,15}(?:\.\d+)?", re.ASCII)
_PARAMETER: Final = re.compile(r"\b(limit|remaining|reset|r|t)\s*=\s*(\d+)", re.ASCII | re.IGNORECASE)
_BURST: Final = 0.02
"""Seconds by which late turns may catch up."""
_START_BURST: Final = 1.0
"""The same while a fleet increases its rate: a few requests do not wait."""


@frozen
class Turn:
    """Turn to send one request.

    Attributes:
        wait: Seconds to wait first.
        at: When it may be sent, by the gate's clock.
        epoch: The gate's epoch; in a later one the turn is lost.
        sent_at: The same as ``at``, by the clock of the process.
    """

    wait: float
    at: float
    epoch: int
    sent_at: float


@define
class RateGate:
    """Learnt rate limit of one account.

    Attributes:
        rate: Requests a second after the last reduction; 0 if no limit is known.
        since: The beginning of the recovery.
        recovery: Its duration; 0 while a fleet increases its rate from `_START`.
        cut: The end of the pause after the last reduction.
        hold: The time until which no request may be sent.
        next_read: The next turn of a request that reads.
        next_booking: The next turn of a request that books: these wait for each other only.
        epoch: The number of reductions and holds; turns of an earlier epoch are taken again.
        strikes: The number of consecutive pauses that were too short.
    """

    rate: float = 0.0
    since: float = 0.0
    recovery: float = _RECOVERY
    cut: float = -1.0
    hold: float = 0.0
    next_read: float = 0.0
    next_booking: float = 0.0
    epoch: int = 0
    strikes: int = 0
    _counted: int = 0
    _counting_since: float = 0.0
    _counted_before: float = 0.0

    @classmethod
    def feeling_its_way(cls, now: float) -> RateGate:
        """Return a gate for a fleet, whose workers may all start at once."""
        return cls(_START, now, 0.0)

    def limit(self, now: float) -> float:
        """Return the allowed requests a second; infinity while no limit is known."""
        if not self.rate:
            return math.inf
        passed = max(now - self.since, 0.0)
        if self.recovery:
            limit = self.rate * (1 + _GROWTH * ((passed - self.recovery) / self.recovery) ** 3)
        else:
            limit = self.rate * 2 ** min(passed, 60.0)
        return limit if limit < _MOST else math.inf

    def take(self, now: float, *, books: bool, longest: float) -> Turn | None:
        """Return the next turn; None if it is more than ``longest`` seconds away."""
        limit = self.limit(now)
        at = max(now, self.hold)
        if limit != math.inf:
            late = _BURST if self.recovery else _START_BURST
            at = max(at, (self.next_booking if books else self.next_read) - late)
        if at - now > longest:
            return None
        if now - self._counting_since >= 1:
            self._counted_before = self._counted / (now - self._counting_since)
            self._counted, self._counting_since = 0, now
        self._counted += 1
        if limit != math.inf:
            gap = 1 / limit
            if books:
                self.next_booking = max(self.next_booking, at) + gap
                self.next_read = max(self.next_read, now) + gap
            else:
                self.next_read = max(self.next_read, at) + gap
        return Turn(at - now, at, self.epoch, at)

    def again(self, now: float, last: Turn | None) -> Turn | None:
        """Return a turn at its time, without a wait; None if a limit was reached since it was taken."""
        if last is None or last.epoch != self.epoch:
            return None
        return Turn(0.0, now, self.epoch, now)

    def limited(self, now: float, *, sent_at: float, retry_after: float | None) -> None:
        """Record a 429 for a request that was sent at a time."""
        if sent_at <= self.cut:  # of the same burst
            if retry_after is not None and now + retry_after > self.hold + 1:
                self._hold(now + retry_after)
            return
        self.strikes = self.strikes + 1 if self.cut > 0 and now - self.cut < _AT_ONCE else 0
        wait = min(_FIRST_PAUSE * 2.0**self.strikes, _PAUSE) if retry_after is None else retry_after
        measured = max(self._counted / max(now - self._counting_since, 1.0), self._counted_before)
        self.rate = max(_LEAST, min(self.limit(now), max(_FIRST, measured)))
        self.rate *= _AGAIN if self.strikes else 1.0
        self.recovery = max(_RECOVERY * max(1.0, wait), min(_REQUESTS / self.rate, _LONGEST))
        self._hold(max(now + wait, self.hold))
        self.since = self.cut = self.hold

    def exhausted(self, now: float, *, seconds: float) -> None:
        """Record that the API allows no further request for some seconds."""
        if now + seconds > self.hold:
            self._hold(now + seconds)

    def _hold(self, until: float) -> None:
        self.hold = until
        self.next_read = self.next_booking = until
        self.epoch += 1


_SCRIPT: Final = """
local key, command, now = KEYS[1], ARGV[1], tonumber(ARGV[2])
if now == nil then
  local time = redis.call('TIME')
  now = tonumber(time[1]) + tonumber(time[2]) / 1000000
end
local names = {
  'rate', 'since', 'recovery', 'cut', 'hold', 'read', 'booking', 'epoch', 'strikes', 'count', 'from', 'before'
}
local found = redis.call('HMGET', key, unpack(names))
local gate = {}
for index, name in ipairs(names) do gate[name] = tonumber(found[index] or '0') end
if not found[1] then gate.rate, gate.since, gate.recovery, gate.cut = $START, now, 0, -1 end

local function limit()
  if gate.rate == 0 then return math.huge end
  local passed, value = math.max(now - gate.since, 0), 0
  if gate.recovery > 0 then
    value = gate.rate * (1 + $GROWTH * ((passed - gate.recovery) / gate.recovery) ^ 3)
  else
    value = gate.rate * 2 ^ math.min(passed, 60)
  end
  if value < $MOST then return value end
  return math.huge
end

local function hold(till)
  gate.hold, gate.read, gate.booking = till, till, till
  gate.epoch = gate.epoch + 1
end

local answer = {'', '', ''}
if command == 'take' or command == 'again' then
  local books, longest, epoch = ARGV[3] == '1', tonumber(ARGV[4]), tonumber(ARGV[5])
  if command == 'again' and epoch == gate.epoch then return {'0', string.format('%.6f', now), tostring(epoch)} end
  local most, at = limit(), math.max(now, gate.hold)
  if most ~= math.huge then
    local late = gate.recovery > 0 and $BURST or $START_BURST
    at = math.max(at, (books and gate.booking or gate.read) - late)
  end
  if at - now > longest then return {'-1', '', ''} end
  if now - gate.from >= 1 then
    gate.before = gate.count / (now - gate.from)
    gate.count, gate.from = 0, now
  end
  gate.count = gate.count + 1
  if most ~= math.huge then
    if books then
      gate.booking = math.max(gate.booking, at) + 1 / most
      gate.read = math.max(gate.read, now) + 1 / most
    else
      gate.read = math.max(gate.read, at) + 1 / most
    end
  end
  answer = {string.format('%.6f', at - now), string.format('%.6f', at), tostring(gate.epoch)}
elseif command == 'limited' then
  local sent, wait = tonumber(ARGV[3]), tonumber(ARGV[4])
  if sent <= gate.cut then
    if wait and now + wait > gate.hold + 1 then hold(now + wait) end
  else
    gate.strikes = gate.cut > 0 and now - gate.cut < $AT_ONCE and gate.strikes + 1 or 0
    wait = wait or math.min($FIRST_PAUSE * 2 ^ gate.strikes, $PAUSE)
    local measured = math.max(gate.count / math.max(now - gate.from, 1), gate.before)
    gate.rate = math.max($LEAST, math.min(limit(), math.max($FIRST, measured)))
    if gate.strikes > 0 then gate.rate = gate.rate * $AGAIN end
    gate.recovery = math.max($RECOVERY * math.max(1, wait), math.min($REQUESTS / gate.rate, $LONGEST))
    hold(math.max(now + wait, gate.hold))
    gate.since, gate.cut = gate.hold, gate.hold
  end
elseif command == 'exhausted' then
  local seconds = tonumber(ARGV[3])
  if now + seconds > gate.hold then hold(now + seconds) end
end
local values = {}
for _, name in ipairs(names) do
  table.insert(values, name)
  table.insert(values, string.format('%.6f', gate[name]))
end
redis.call('HSET', key, unpack(values))
redis.call('EXPIRE', key, $KEPT)
return answer
"""

SCRIPT: Final = Template(_SCRIPT).substitute(
    START=_START,
    GROWTH=_GROWTH,
    MOST=_MOST,
    BURST=_BURST,
    START_BURST=_START_BURST,
    LEAST=_LEAST,
    FIRST=_FIRST,
    AGAIN=_AGAIN,
    AT_ONCE=_AT_ONCE,
    PAUSE=_PAUSE,
    FIRST_PAUSE=_FIRST_PAUSE,
    REQUESTS=_REQUESTS,
    LONGEST=_LONGEST,
    RECOVERY=_RECOVERY,
    KEPT=_KEPT,
)
"""`RateGate` inside Redis: ``take books longest 0``, ``again books longest epoch``, ``limited sent wait``, ``exhausted
seconds``, each after a time; empty for that of Redis."""


def exhausted_for(headers: Iterable[tuple[bytes, bytes]], now: Callable[[], datetime]) -> float | None:
    """Return the seconds for which an answer's headers allow no further request.

    Reads ``RateLimit`` in the forms of both drafts, ``RateLimit-Remaining`` with ``RateLimit-Reset``, and the same
    with ``X-``; a reset is in seconds, or a Unix time.

    Returns:
        Seconds; None if requests are left or the headers do not say.
    """
    limits = [header for header in headers if b"limit" in header[0].lower()]
    if not limits:
        return None
    found = {
        _text(name).removeprefix("x-").replace("rate-limit", "ratelimit"): _text(value)
        for name, value in limits
    }
    both = _PARAMETER.findall(found.get("ratelimit", ""))
    parameters = {name.lower(): number for name, number in both}
    remaining = _number(
        found.get("ratelimit-remaining") or parameters.get("remaining") or parameters.get("r")
    )
    reset = _number(found.get("ratelimit-reset") or parameters.get("reset") or parameters.get("t"))
    if remaining is None or reset is None or remaining > 0:
        return None
    return max(reset - now().timestamp() if reset > _UNIX_TIME else reset, 0.0)


def _number(text: str | None) -> float | None:
    match = _NUMBER.match(text or "")
    return float(match[0]) if match else None


def _text(header: bytes) -> str:
    return header.decode("latin-1").lower()
