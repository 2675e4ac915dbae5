"""Run of one schedule, from its first number to the audit."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, cast

from attrs import evolve, frozen

from korus._booking.lines import BookingLine
from scripts.simulate.audit import COUNTS, Request
from scripts.simulate.choices import Choices, Worst
from scripts.simulate.model import ALL_HOLD, Assumptions, Character
from scripts.simulate.users import Job, bystander, healthy_recovery, shop
from scripts.simulate.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scripts.simulate.script import Script
    from scripts.simulate.world import Moves, Process

__all__ = ["Result", "simulate", "simulate_script"]

_OFFERS: Final = tuple(f"/v1/ticketing/catalogs/c/offers/o{number}" for number in range(1, 4))


@frozen
class Result:
    """Result of a schedule.

    Attributes:
        numbers: The numbers that it used.
        counts: The counts that must be zero, by name.
        notes: Descriptions of the counted violations.
        processes: The number of processes.
        effects: The number of effects.
        faults: The number of faults, by kind.
        verdicts: The number of korus's results, by kind.
        trace: Every move, if tracing is on.
    """

    numbers: tuple[int, ...]
    counts: Mapping[str, int]
    notes: tuple[str, ...]
    processes: int
    effects: int
    faults: Mapping[str, int]
    verdicts: Mapping[str, int]
    trace: tuple[str, ...] = ()

    @property
    def is_clean(self) -> bool:
        """True if all counts are zero."""
        return not any(self.counts.values())

    @property
    def is_demanding(self) -> bool:
        """True for at least two processes, four faults and sixty effects."""
        return self.processes >= 2 and sum(self.faults.values()) >= 4 and self.effects >= 60  # noqa: PLR2004


def simulate(
    choices: Choices | Sequence[int], assumptions: Assumptions = ALL_HOLD, *, is_traced: bool = False
) -> Result:
    """Run one schedule."""
    drawn = choices if isinstance(choices, Choices) else Choices(choices)
    world = _world(drawn, assumptions)
    jobs = [_job(world, number) for number in range(1, drawn.pick((1, 2, 2, 3)) + 1)]
    return _run(world, jobs, drawn.pick((0, 1, 1, 2)), is_traced=is_traced)


def simulate_script(
    script: Script, assumptions: Assumptions = ALL_HOLD, *, is_traced: bool = False
) -> Result:
    """Run a schedule that was written by hand."""
    character = evolve(script.character, tie=script.character.tie if assumptions.a4 else "none")
    world = World(
        Worst(),
        assumptions,
        character,
        script.shared,
        script=evolve(script, seen=Counter(), moved=Counter(), started=0),
    )
    jobs = [
        _job_of(number, [(_OFFERS[offer - 1], quantity) for offer, quantity in lines])
        for number, lines in enumerate(script.jobs, start=1)
    ]
    return _run(world, jobs, script.bystanders, is_traced=is_traced)


def _run(world: World, jobs: Sequence[Job], bystanders: int, *, is_traced: bool) -> Result:
    world.trace = [] if is_traced else None
    world.audit.requests = [job.request for job in jobs]
    plan = _Plan(world, jobs, bystanders)
    world.on_end = plan.ended
    plan.begin()
    ended = world.rest()
    world.is_calm = True
    if ended:
        plan.finish()
        ended = world.rest()
    if not ended:
        world.audit.add("endless", "it does not come to rest")
    else:
        plan.check_open()
    world.audit.close()
    return Result(
        tuple(world.choices.numbers),
        {name: world.audit.counts[name] for name in COUNTS},
        tuple(world.audit.notes),
        len(world.processes),
        world.effects,
        dict(world.faults),
        dict(world.audit.verdicts),
        tuple(world.trace or ()),
    )


def _world(choices: Choices, assumptions: Assumptions) -> World:
    tie: Literal["both", "reservation", "order", "none"] = choices.pick(("both", "reservation", "order"))
    references: tuple[Literal["exact", "folded", "hidden"], ...] = ("exact", "exact", "folded", "hidden")
    character = Character(
        tie=tie if assumptions.a4 else "none",
        reference=choices.pick(references) if assumptions.a6 else "mangled",
        shows_quantity=choices.happens(300),
        price=choices.pick((10, 10, 9)),
        shows_expired=not choices.happens(200),
        shows_total=not choices.happens(300),
        page_cap=choices.pick((50, 3)),
        life=choices.pick((600.0, 60.0, 20.0)),
        explains=not choices.happens(300),
    )
    return World(
        choices,
        assumptions,
        character,
        shared=not choices.happens(150),
        severity=choices.pick((100, 50, 200, 300)),
        mishaps=choices.pick((10, 0, 25, 40)),
    )


def _job(world: World, number: int) -> Job:
    choices = world.choices
    count = choices.pick((1, 2, 3))
    return _job_of(number, [(choices.pick(_OFFERS), choices.pick((1, 2, 3))) for _ in range(count)])


def _job_of(number: int, wanted: Sequence[tuple[str, int]]) -> Job:
    lines = tuple(BookingLine(place, offer, units) for place, (offer, units) in enumerate(wanted, start=1))
    asked: Counter[str] = Counter()
    for line in lines:
        asked[line.offer] += cast("int", line.quantity)
    return Job(Request(f"SHOP-{number}", asked), lines)


class _Plan:
    """Course of a schedule: a process for each request, others that recover, and new ones for those that died."""

    def __init__(self, world: World, jobs: Sequence[Job], bystanders: int) -> None:
        self._world = world
        self._bystanders = bystanders
        self._jobs = jobs
        self._working: dict[int, Job] = {}
        self._restarts = 0

    def begin(self) -> None:
        for job in self._jobs:
            self._start(job)
        for _ in range(self._bystanders):
            pauses = [self._world.choices.between(0.5, 120.0) for _ in range(2)]
            self._world.start(self._host(), self._skew(), partial(bystander, pauses=pauses))

    def _start(self, job: Job) -> None:
        def script(process: Process) -> Moves[None]:
            self._working[process.number] = job
            yield from shop(process, job)

        self._world.start(self._host(), self._skew(), script)

    def _host(self) -> str:
        script = self._world.script
        return self._world.choices.pick(("a", "b")) if script is None else script.host()

    def _skew(self) -> float:
        # if the API does not show what has ended, a wrong clock cannot be tolerated
        wrong = self._world.choices.pick((0.0, 5.0, -5.0, 600.0, -600.0))
        return wrong if self._world.character.shows_expired else 0.0

    def ended(self, process: Process, how: str) -> None:
        """Run the request of a crashed or cancelled process again."""
        _ = how
        job = self._working.pop(process.number, None)
        if job is None or job.is_over or self._restarts >= 4 or not self._world.shared:  # noqa: PLR2004
            return
        self._restarts += 1
        self._start(job)

    def finish(self) -> None:
        """Let a healthy process on another host recover."""
        world = self._world
        if world.shared and world.assumptions.a7:
            world.start("z", 0.0, healthy_recovery)
            return
        for process in list(world.processes):
            if process.is_alive:
                world.resume(process, healthy_recovery(process))

    def check_open(self) -> None:
        """Check that no intent is open after a healthy recovery."""
        for log in self._world.logs():
            for intent in log.open_intents():
                self._world.audit.check_open(intent)
