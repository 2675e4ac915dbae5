"""Intent log of the simulated processes: the real one in memory, with leases and simulated faults."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from attrs import define, field

from korus._booking import effects as ask
from korus._journal.intent_log import ALIVE_STATES, Intent, MemoryIntentLog
from korus.errors import JournalFailed
from scripts.simulate.network import Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripts.simulate.world import Process, World

__all__ = ["SimulatedLog"]

_FAULTS: Final = ("log locked", "log fails once", "log fails after the write", "log full", "log gone")
_WAIT: Final = 0.01
_GRACE: Final = 2.0
_READS: Final = (ask.Claimed, ask.Competing, ask.SentBefore, ask.InDoubt, ask.ReportedFailed)


@define
class _Row:
    """Facts of an intent that only the simulator needs."""

    intent: Intent
    owner: Process
    lease: float
    is_open: bool = True
    is_cancelled: bool = False
    taken_by: Process | None = None


@define(eq=False)
class SimulatedLog:
    """Simulated log.

    Attributes:
        world: The world of the schedule.
        shared: True if all processes use it.
        rows: All intents that were ever written, by id.
    """

    world: World
    shared: bool
    rows: dict[str, _Row] = field(factory=dict[str, _Row])
    _me: Process | None = None
    _locked_until: float = 0.0
    _full_until: float = 0.0
    _memory: MemoryIntentLog = field(init=False)
    _given_up: dict[tuple[int, str], tuple[Intent, bool]] = field(
        factory=dict[tuple[int, str], tuple[Intent, bool]]
    )

    def __attrs_post_init__(self) -> None:
        self._memory = MemoryIntentLog(shared=self.shared, owner=lambda: self._me, alive=self._is_alive)

    # --- liveness ------------------------------------------------------------------------------------------

    def _is_alive(self, owner: object, intent: Intent) -> bool:
        me: Any = self._me
        holder: Any = owner
        if holder is me:
            return intent.id in me.active
        if holder.host == me.host:
            return bool(holder.is_alive)
        return self.rows[intent.id].lease >= self.clock

    @property
    def clock(self) -> float:
        """The log's own clock, which measures leases."""
        return self.world.now + self.world.log_clock_error

    def left_behind(self, process: Process) -> set[str]:
        """Return the open intents that have no running owner visible to a process, or that others recover."""
        self._me = process
        found: set[str] = set()
        for row in self.rows.values():
            if row.is_open:
                is_alive = row.intent.state in ALIVE_STATES and self._is_alive(row.owner, row.intent)
                if not is_alive or (row.taken_by is not None and row.owner is not process):
                    found.add(row.intent.id)
        return found

    def open_intents(self) -> list[Intent]:
        """Return the intents that are not settled."""
        return [row.intent for row in self.rows.values() if row.is_open]

    # --- effects -------------------------------------------------------------------------------------------

    def carry_out(self, process: Process, effect: ask.Effect[Any]) -> Reply:
        """Start an effect on the log."""
        world = self.world
        kind = world.fault(_FAULTS, 0.25, type(effect).__name__)
        at = world.now + _WAIT
        if kind == "log locked":
            self._locked_until = world.now + world.choices.between(0.1, 20.0)
        elif kind in {"log full", "log gone"}:
            self._full_until = world.now + world.choices.between(1.0, 60.0)
        if self._locked_until > at:
            at = min(self._locked_until, world.now + process.patience.settle)

        def finish() -> Any:
            if kind == "log fails once" or self._is_unusable(effect):
                if isinstance(effect, ask.Claim):
                    world.audit.unclaimed(effect.intent)
                raise JournalFailed(kind or "the log cannot be used")
            result = self.perform(process, effect)
            if kind == "log fails after the write":
                raise JournalFailed(kind)
            return result

        return Reply(at, finish)

    def _is_unusable(self, effect: ask.Effect[Any]) -> bool:
        now = self.world.now
        if now < self._full_until and not isinstance(effect, _READS):
            return True
        return now < self._locked_until

    def perform(self, process: Process, effect: ask.Effect[Any]) -> Any:  # noqa: C901, PLR0911 (one for each effect)
        """Run an effect on the log immediately."""
        self._me = process
        match effect:
            case ask.OpenIntent(intent):
                self._flush(process)
                self.world.audit.opened(intent)
                self._memory.open(intent)
                self.rows[intent.id] = _Row(intent, process, self._lease())
                return None
            case ask.Advance(intent, state):
                self.world.audit.fenced(process, intent, state, is_held=self.is_held(process, intent))
                return self._change(process, intent, lambda: self._memory.advance(intent, state))
            case ask.Settle(intent, outcome, claims):
                self.world.audit.settling(intent, outcome)
                return self._change(process, intent, lambda: self._memory.settle(intent, outcome, claims))
            case ask.Claim(intent, iris):
                return self._memory.claim(intent, iris)
            case ask.Claimed(intent, iris):
                return self._memory.claimed(iris, intent)
            case ask.Competing(intent, with_dormant):
                return self._memory.competing(intent, with_dormant=with_dormant)
            case ask.SentBefore(intent):
                return self._memory.sent_before(intent)
            case ask.InDoubt(intent, same_reference):
                return self._memory.in_doubt(intent, same_reference=same_reference)
            case ask.ReportedFailed(intent):
                return self._memory.reported_failed(intent)
            case ask.TakeOver(spare):
                self._flush(process)
                return self._take_over(process, lambda: self._memory.take_over(spare))
            case _:
                raise AssertionError(f"no way to carry out {type(effect).__name__}")

    def take(self, process: Process, intent_id: str) -> Intent | None:
        """Take over one abandoned intent."""
        self._me = process
        self._flush(process)
        taken: list[Intent] = []

        def take() -> Any:
            found = self._memory.take(intent_id)
            taken.extend(() if found is None else (found,))
            return None

        self._take_over(process, take)
        self._note_taken(process, taken)
        return taken[0] if taken else None

    def give_up(self, process: Process, intent: Intent, *, sent: bool) -> None:
        """Record that the caller of an intent was cancelled; if it cannot be written now, it is written later."""
        now = self.world.now
        self._given_up[process.number, intent.id] = (intent, sent)
        if now + _GRACE < max(self._locked_until, self._full_until):
            return
        self._me = process
        self._flush(process)

    def _flush(self, process: Process) -> None:
        for number, intent_id in list(self._given_up):
            if number == process.number:
                intent, sent = self._given_up.pop((number, intent_id))
                row = self.rows.get(intent.id)
                is_mine = row is not None and row.owner is process and row.is_open
                self._change(process, intent, partial(self._memory.give_up, intent, sent=sent))
                if row is not None and is_mine:
                    row.is_cancelled = row.is_cancelled or row.taken_by is None

    # --- what the simulator knows --------------------------------------------------------------------------

    def is_held(self, process: Process, intent: Intent) -> bool:
        """Return True if a process owns an intent."""
        row = self.rows.get(intent.id)
        return row is not None and row.is_open and row.owner is process and row.intent.epoch == intent.epoch

    def _change(self, process: Process, intent: Intent, change: Callable[[], Any]) -> Any:
        was_held = self.is_held(process, intent)
        result = change()
        if was_held:
            self._refresh(intent.id)
        return result

    def _refresh(self, intent_id: str) -> None:
        row = self.rows[intent_id]
        now = next((each for each in self._memory.entries() if each.id == intent_id), None)
        if now is None:
            row.is_open = False
        else:
            row.intent, row.lease = now, self._lease()

    def _take_over(self, process: Process, take: Callable[[], Any]) -> Any:
        takeover = take()
        if takeover is not None:
            self._note_taken(process, takeover.taken)
        return takeover

    def _note_taken(self, process: Process, taken: Any) -> None:
        for intent in taken:
            row = self.rows[intent.id]
            row.intent, row.owner, row.taken_by, row.lease = intent, process, process, self._lease()
            process.active.add(intent.id)
            self.world.audit.taken(process, intent)

    def _lease(self) -> float:
        return self.clock + self.world.lease
