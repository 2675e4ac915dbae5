"""World of a schedule: the scheduler, the driver of the simulated processes, and their disturbances.

A process has tasks, each a generator that yields effects. The next task runs, or one that is due shortly after it.
Between any two effects a process may crash, be suspended, cancelled or interrupted, or its clock may jump.
"""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from attrs import define, field

from korus._booking import effects as ask
from korus._booking.bulk_call import Patience
from korus._booking.facts import FailedEntry, HoldAnswer, OrderAnswer, OrderFacts, Page, ReservationFacts
from korus._booking.outcomes import LineOutcome
from korus._booking.recovery_steps import Recover, RecoveredIntent, recover_one
from korus._journal.intent_log import Intent, Takeover
from korus.errors import KorusError
from scripts.simulate.audit import Audit
from scripts.simulate.log import SimulatedLog
from scripts.simulate.model import Api, Assumptions, Character, at_time
from scripts.simulate.network import Reply, send_hold, send_order
from scripts.simulate.reads import read

if TYPE_CHECKING:
    from scripts.simulate.choices import Choices
    from scripts.simulate.script import Script

__all__ = ["Cancelled", "Moves", "Parallel", "Process", "Task", "World"]

_T = TypeVar("_T")
Moves = Generator[Any, Any, _T]
"""A generator that yields effects, or `Parallel`."""

_READS: Final = (ask.ReadReservation, ask.ReadOrder, ask.ListReservations, ask.ListOrders)
_MISHAPS: Final = ("crash", "suspension", "cancellation", "interrupt", "clock jumps", "crash", "suspension")
_WINDOW: Final = 0.3
_MOST_MOVES: Final = 6000
_MOST_OFTEN: Final = 800


class Cancelled(BaseException):
    """The call was cancelled, or the program interrupted."""


@define(eq=False)
class Parallel:
    """Run scripts concurrently; the result is the list of their results in order."""

    scripts: Sequence[Moves[Any]]


@define(eq=False)
class Task:
    """Running script."""

    number: int
    process: Process
    script: Moves[Any]
    wake: float | None = 0.0
    finish: Callable[[], Any] = lambda: None
    pending: object = None
    parent: Task | None = None
    children: list[Task] = field(factory=list["Task"])
    result: Any = None
    is_over: bool = False


@define(eq=False)
class Process:
    """Simulated process."""

    number: int
    world: World
    host: str
    skew: float
    patience: Patience
    log: SimulatedLog
    is_alive: bool = True
    active: set[str] = field(factory=set[str])
    tasks: list[Task] = field(factory=list[Task])
    sent: dict[str, dict[int, int]] = field(factory=dict[str, dict[int, int]])

    # --- the driver: as korus's own, but for the effects that the world carries out ----------------------------

    def run(self, steps: ask.Steps[_T], taken: Intent | None = None) -> Moves[_T]:  # noqa: C901 (as the driver)
        """Run steps of the protocol to their end, like the driver of a client."""
        intent, sent = taken, taken is not None and taken.sent
        ids: set[str] = set() if taken is None else {taken.id}
        self.active |= ids
        result: Any = None
        error: KorusError | None = None
        try:
            while True:
                try:
                    effect = steps.throw(error) if error is not None else steps.send(result)
                except StopIteration as stop:
                    return cast("_T", stop.value)
                if isinstance(effect, ask.OpenIntent):
                    self.active.add(effect.intent.id)
                    ids.add(effect.intent.id)
                    intent = effect.intent
                result, error = None, None
                try:
                    if isinstance(effect, Recover):
                        result = yield from self._recover(effect)
                        continue
                    if isinstance(effect, ask.SendHold | ask.SendOrder):
                        # whether a request was sent is known only at the end, by the error of refused connections
                        sent_before, sent = sent, True
                        try:
                            result = yield effect
                        except KorusError as failed:
                            sent = sent_before or getattr(failed, "sent", True)
                            raise
                        continue
                    result = yield effect
                    if isinstance(effect, ask.Advance):
                        intent = None if effect.state == "unknown" or not result else effect.intent
                    elif isinstance(effect, ask.Settle):
                        intent = None
                except KorusError as caught:
                    error = caught
        finally:
            steps.close()
            if self.is_alive:
                if intent is not None:
                    self.log.give_up(self, intent, sent=sent)
                self.active -= ids

    def _recover(self, effect: Recover) -> Moves[list[RecoveredIntent]]:
        def recovered(intent: Intent) -> Moves[RecoveredIntent]:
            steps = recover_one(intent, self.patience, complete=effect.complete)
            try:
                result = yield from self.run(steps, taken=intent)
            except KorusError as error:
                self.world.audit.recovery_failed(intent, error)
                return RecoveredIntent(intent, error=error)
            self.world.audit.recovered(intent, result)
            return RecoveredIntent(intent, result.lines)

        try:
            results: list[RecoveredIntent] = yield Parallel([recovered(intent) for intent in effect.intents])
            return results
        finally:
            if self.is_alive:
                self.active -= {intent.id for intent in effect.intents}

    def suspend(self, until: float) -> None:
        """Suspend this process until some time."""
        for task in self.tasks:
            if task.wake is not None:
                task.wake = max(task.wake, until)

    def sent_lines(self, intent: Intent, items: Sequence[Any]) -> list[int]:
        """Return the indexes of a hold's lines that are sent, found by the items themselves."""
        places = {id(item): place for place, item in enumerate(self.world.items.get(intent.id, ()))}
        return [places.get(id(item), place) for place, item in enumerate(items)]


@define(eq=False)
class World:
    """State of one schedule."""

    choices: Choices
    assumptions: Assumptions
    character: Character
    shared: bool
    settle: float = 5.0
    lease: float = 80.0
    severity: int = 100
    mishaps: int = 10
    now: float = 0.0
    log_clock_error: float = 0.0
    is_calm: bool = False
    api: Api = field(init=False)
    audit: Audit = field(init=False)
    processes: list[Process] = field(factory=list[Process])
    faults: Counter[str] = field(factory=Counter[str])
    effects: int = 0
    moves: int = 0
    items: dict[str, Sequence[Any]] = field(factory=dict[str, Sequence[Any]])
    trace: list[str] | None = None
    script: Script | None = None
    on_end: Callable[[Process, str], None] = lambda _, __: None
    _log: SimulatedLog = field(init=False)
    _due: list[tuple[float, int, Callable[[], None]]] = field(
        factory=list[tuple[float, int, Callable[[], None]]]
    )
    _tasks: list[Task] = field(factory=list[Task])
    _counter: int = 0

    def __attrs_post_init__(self) -> None:
        self.api = Api(self.character, self.assumptions)
        self.audit = Audit(self)
        self._log = SimulatedLog(self, shared=self.shared)

    # --- decisions -----------------------------------------------------------------------------------------

    def fault(self, kinds: Sequence[str], weight: float = 1.0, effect: str = "") -> str | None:
        """Return the next fault; None for no fault."""
        if self.script is not None:
            kind = None if self.is_calm else self.script.fault(effect)
            self.faults.update(() if kind is None else (kind,))
            return kind
        if self.is_calm or not self.choices.happens(min(int(self.severity * weight), _MOST_OFTEN)):
            return None
        kind = self.choices.pick(kinds)
        self.faults[kind] += 1
        return kind

    def count(self) -> int:
        """Return the next number."""
        self._counter += 1
        return self._counter

    def note(self, text: str) -> None:
        """Add a line to the trace."""
        if self.trace is not None:
            self.trace.append(f"{self.now:9.2f} {text}")

    def later(self, at: float, work: Callable[[], None]) -> None:
        """Run work of the API at some time."""
        heapq.heappush(self._due, (at, self.count(), work))

    # --- processes -----------------------------------------------------------------------------------------

    def logs(self) -> list[SimulatedLog]:
        """Return the logs that exist."""
        return [self._log] if self.shared and self.assumptions.a7 else [each.log for each in self.processes]

    def start(self, host: str, skew: float, script: Callable[[Process], Moves[None]]) -> Process:
        """Start a process."""
        log = self._log if self.shared and self.assumptions.a7 else SimulatedLog(self, shared=self.shared)
        patience = Patience(self.settle, 60.0, log.shared)
        process = Process(len(self.processes) + 1, self, host, skew, patience, log)
        self.processes.append(process)
        self._spawn(process, script(process))
        return process

    def resume(self, process: Process, script: Moves[Any]) -> None:
        """Start another script on an idle process."""
        self._spawn(process, script)

    def _spawn(self, process: Process, script: Moves[Any], parent: Task | None = None) -> Task:
        task = Task(self.count(), process, script, self.now, parent=parent)
        process.tasks.append(task)
        self._tasks.append(task)
        if parent is not None:
            parent.children.append(task)
        return task

    # --- the loop ------------------------------------------------------------------------------------------

    def rest(self) -> bool:
        """Run until all processes are idle; return False if that does not end."""
        while True:
            runnable = [task for task in self._tasks if task.wake is not None and not task.is_over]
            if not runnable:
                self._work(float("inf"))
                return True
            self.moves += 1
            if self.moves > _MOST_MOVES:
                return False
            first = min(cast("float", task.wake) for task in runnable)
            due = [task for task in runnable if cast("float", task.wake) <= first + _WINDOW]
            due.sort(key=lambda task: (cast("float", task.wake), task.number))
            task = due[0] if len(due) == 1 else self.choices.pick(due)
            self.now = max(self.now, cast("float", task.wake))
            self._work(self.now)
            mishap = self._next_mishap(task)
            if mishap is not None:
                self._mishap(task.process, mishap)
            else:
                self._move(task)
            self._tasks = [task for task in self._tasks if not task.is_over]

    def _work(self, until: float) -> None:
        while self._due and self._due[0][0] <= until:
            at, _, work = heapq.heappop(self._due)
            work()
            if until == float("inf"):
                self.now = max(self.now, at)

    def _move(self, task: Task) -> None:
        finish, task.finish = task.finish, lambda: None
        try:
            try:
                value = finish()
            except KorusError as error:
                self.note(f"p{task.process.number} {_name(task.pending)}: {type(error).__name__}: {error}")
                effect = task.script.throw(error)
            else:
                self._note_result(task, value)
                effect = task.script.send(value)
            self._begin(task, effect)
        except StopIteration as stop:
            self._end(task, stop.value)

    def _note_result(self, task: Task, value: Any) -> None:
        if self.trace is not None and task.pending is not None:
            self.note(f"p{task.process.number} {_name(task.pending)} -> {_shown(value)}")

    def _begin(self, task: Task, effect: Any) -> None:
        process = task.process
        while isinstance(effect, ask.Now | ask.Today):
            now = (
                self.now
                if isinstance(effect, ask.Now)
                else at_time(self.now) + timedelta(seconds=process.skew)
            )
            effect = task.script.send(now)
        self.effects += 1
        task.pending = effect
        if isinstance(effect, Parallel):
            if not effect.scripts:
                task.wake, task.finish = self.now, list[Any]
                return
            task.wake = None
            for script in effect.scripts:
                self._spawn(process, script, task)
            return
        reply = self._reply(task, effect)
        task.wake, task.finish = max(reply.at, task.wake or 0.0), reply.finish

    def _reply(self, task: Task, effect: Any) -> Reply:
        process = task.process
        match effect:
            case ask.SendHold():
                self.audit.sending(task, effect)
                return self.audit.sent(process, effect, send_hold(self, process, effect))
            case ask.SendOrder():
                self.audit.sending(task, effect)
                return self.audit.sent(process, effect, send_order(self, process, effect))
            case ask.Wait(seconds):
                return Reply(self.now + seconds, lambda: None)
            case ask.Together(effects):
                return self._together(task, effects)
            case _ if isinstance(effect, _READS):
                return read(self, task, effect)
            case _:
                return process.log.carry_out(process, effect)

    def _together(self, task: Task, effects: Sequence[ask.Effect[Any]]) -> Reply:
        self.effects += len(effects)
        replies = [read(self, task, effect) for effect in effects]

        def finish() -> list[Any]:
            results: list[Any] = []
            for reply in replies:
                try:
                    results.append(reply.finish())
                except KorusError as error:
                    results.append(error)
            return results

        return Reply(max((reply.at for reply in replies), default=self.now), finish)

    def _end(self, task: Task, result: Any) -> None:
        task.is_over, task.result, task.wake = True, result, None
        if task in task.process.tasks:
            task.process.tasks.remove(task)
        parent = task.parent
        if parent is None:
            self.on_end(task.process, "ended")
        elif all(child.is_over for child in parent.children):
            results = [child.result for child in parent.children]
            parent.children = []
            parent.wake, parent.finish = self.now, lambda: results

    # --- mishaps -------------------------------------------------------------------------------------------

    def _next_mishap(self, task: Task) -> str | None:
        if self.is_calm:
            return None
        if self.script is not None:
            return self.script.mishap(type(task.pending).__name__)
        return self.choices.pick(_MISHAPS) if self.choices.happens(self.mishaps) else None

    def _mishap(self, process: Process, kind: str) -> None:
        if kind in {"crash", "interrupt"} and not self.shared:
            kind = "suspension"  # a log in memory dies with its process, which a7 excludes
        self.faults[kind] += 1
        self.note(f"p{process.number} {kind}")
        match kind:
            case "crash":
                self.crash(process)
            case "suspension":
                process.suspend(self.now + self.choices.between(1.0, 2.5 * self.lease))
            case "clock jumps":
                if self.character.shows_expired:  # else a wrong clock cannot be tolerated
                    process.skew += self.choices.between(-600.0, 600.0)
                if not self.assumptions.a8:
                    self.log_clock_error += self.choices.between(-4 * self.lease, 4 * self.lease)
            case _:
                self.cancel(process, is_interrupt=kind == "interrupt")

    def crash(self, process: Process) -> None:
        """End a process at once, as SIGKILL does."""
        process.is_alive = False
        for task in process.tasks:
            task.is_over = True
            task.script.close()
        process.tasks = []
        self.on_end(process, "crashed")

    def cancel(self, process: Process, *, is_interrupt: bool) -> None:
        """Cancel the tasks of a process; an interrupt also ends the process."""
        self.audit.cancelling(process)
        for task in sorted(
            process.tasks, key=lambda task: -task.number
        ):  # the latest task is cancelled first
            if task.is_over:
                continue
            self._cancel(task)
        if is_interrupt:
            self.crash(process)

    def _cancel(self, task: Task) -> None:
        if isinstance(
            task.pending, ask.OpenIntent | ask.Advance | ask.Settle | ask.Claim
        ) and self.choices.happens(500):
            # a write that has begun is completed before the cancellation is propagated
            with suppress(KorusError):
                task.finish()
        task.finish, task.children = (lambda: None), []
        try:
            effect = task.script.throw(Cancelled())
        except StopIteration as stop:
            self._end(task, stop.value)
        except Cancelled:
            self._end_cancelled(task)
        else:
            self._begin(task, effect)

    def _end_cancelled(self, task: Task) -> None:
        task.is_over, task.wake = True, None
        task.process.tasks.remove(task)
        if task.parent is None:
            self.on_end(task.process, "cancelled")


def _name(effect: object) -> str:
    intent = getattr(effect, "intent", None)
    of = f" {intent.id}" if isinstance(intent, Intent) else ""
    about: Any = (
        getattr(effect, "iri", None) or getattr(effect, "state", None) or getattr(effect, "reservations", "")
    )
    return f"{type(effect).__name__}{of} {_shown(about) if about else ''}".rstrip()


def _shown(value: object) -> str:  # noqa: C901, PLR0911, PLR0912 (one for each kind of result)
    """Return a short description of a result."""
    match value:
        case ReservationFacts():
            ended = ", ended" if value.expired else ""
            return f"{_short(value.iri)}({value.order and _short(value.order)}{ended})"
        case OrderFacts():
            return f"{_short(value.iri)}({value.reservation and _short(value.reservation)})"
        case FailedEntry():
            return f"refused {value.raw}"
        case HoldAnswer():
            return f"made {_shown(value.reservations)}, failed {_shown(value.failures)}"
        case OrderAnswer():
            return f"made {_shown(value.orders)}, failed {_shown(value.failures)}"
        case Page():
            return f"page {_shown(value.members)} of {value.total}"
        case Intent():
            return value.id
        case LineOutcome():
            outcome: LineOutcome[Any] = cast("Any", value)
            return f"{outcome.status} {_shown(outcome.results)}"
        case RecoveredIntent():
            return f"{value.intent.id}: {_shown(value.lines)} {value.error or ''}".rstrip()
        case Takeover():
            return f"taken {_shown(value.taken)}, under way {_shown(value.under_way)}"
        case frozenset():
            return _shown(sorted(cast("frozenset[str]", value)))
        case list() | tuple():
            members = cast("Sequence[object]", value)
            return f"[{', '.join(map(_shown, members))}]"
        case str():
            return _short(value)
        case KorusError():
            return f"{type(value).__name__}: {value}"
        case _:
            return repr(value)


def _short(iri: str | None) -> str:
    return "-" if iri is None else re.sub(r"/v1/booking/(.)\w+/0*", r"\1", iri)
