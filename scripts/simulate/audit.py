"""Audit: compares the results and actions of korus with the model. Each count must be zero."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final

from attrs import define, evolve, field, frozen

from korus._booking.outcomes import OrderLine
from korus._core.raw_json import json_object
from korus._http.ambiguity import is_ambiguous, redirects_after_work
from korus.errors import KorusError, OutcomeUnknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from korus._booking import effects as ask
    from korus._booking.facts import OrderFacts, ReservationFacts
    from korus._booking.hold_steps import HoldResult
    from korus._booking.order_steps import OrderResult
    from korus._booking.outcomes import LineOutcome
    from korus._journal.intent_log import Intent
    from scripts.simulate.model import Bought
    from scripts.simulate.network import Reply
    from scripts.simulate.reads import Look
    from scripts.simulate.world import Process, Task, World

__all__ = ["COUNTS", "REPEATED", "Audit", "Request"]

COUNTS: Final = {
    "doubled": "units ordered beyond the requested ones (R1)",
    "lost": "orders reported that do not exist, or existing ones that were not reported (R2)",
    "falsely_failed": "orders reported as failed that exist (R2)",
    "falsely_succeeded": "lines reported as succeeded that are incomplete (R2)",
    "stolen": "reservations or orders that belong to another line, or contradict theirs (R4, R9)",
    "after_cancellation": "booking requests started after a cancellation (R7)",
    "left_open": "intents that recovery left open without reporting them (R5)",
    "after_lost_claim": "booking requests started after a lost claim (R6)",
    "unproven_absence": "absence assumed without proof (R10)",
    "endless": "schedules that did not end",
}
REPEATED: Final = "line held again though its first hold exists"
_NEARLY: Final = 0.001


@define(eq=False)
class Request:
    """Request of a shop's customer, with one external reference.

    Attributes:
        reference: The external reference.
        asked: The requested units, by offer.
    """

    reference: str
    asked: Mapping[str, int]


@frozen
class _Failure:
    at: float
    reservation: str
    reference: str
    intent: str | None


@define(eq=False)
class Audit:
    """Record of one schedule."""

    world: World
    counts: Counter[str] = field(factory=Counter[str])
    verdicts: Counter[str] = field(factory=Counter[str])
    requests: list[Request] = field(factory=list[Request])
    notes: list[str] = field(factory=list[str])
    _failures: list[_Failure] = field(factory=list[_Failure])
    _believers: dict[str, Counter[str]] = field(factory=lambda: defaultdict(Counter))
    _told: set[str] = field(factory=set[str])
    _fences: dict[tuple[int, str], bool] = field(factory=dict[tuple[int, str], bool])
    _cancelled: dict[str, int] = field(factory=dict[str, int])
    _lost: dict[tuple[int, str], float] = field(factory=dict[tuple[int, str], float])
    _looks: list[Look] = field(factory=list["Look"])
    _begun: dict[str, float] = field(factory=dict[str, float])
    _refused: set[str] = field(factory=set[str])
    _unclaimed: set[str] = field(factory=set[str])
    _reported: dict[str, Any] = field(factory=dict[str, Any])

    def add(self, count: str, why: str, much: int = 1) -> None:
        """Count a violation."""
        self.counts[count] += much
        self.notes.append(f"{count}: {why}")
        self.world.note(f"!!! {count}: {why}")

    # --- while it runs -------------------------------------------------------------------------------------

    def looked(self, look: Look) -> None:
        """Record a read that the API answered."""
        self._looks.append(look)

    def opened(self, intent: Intent) -> None:
        """Record that an intent is written."""
        self._begun[intent.id] = self.world.now

    def fenced(self, process: Process, intent: Intent, state: str, *, is_held: bool) -> None:
        """Record a compare-and-set of an intent's state."""
        self._fences[process.number, intent.id] = is_held and state == "sending"

    def taken(self, process: Process, intent: Intent) -> None:
        """Record that a process took an intent over: its requests may be lost."""
        if intent.sent:
            self._lost[process.number, intent.id] = self.world.now

    def unclaimed(self, intent: Intent) -> None:
        """Record that a claim could not be written: then only the API's answer shows the owner."""
        self._unclaimed.add(intent.id)

    def cancelling(self, process: Process) -> None:
        """Record the cancelled intents that the process itself has opened."""
        for intent_id in process.active:
            row = process.log.rows.get(intent_id)
            if row is not None and row.owner is process:
                self._cancelled.setdefault(intent_id, process.number)

    def sending(self, task: Task, effect: ask.SendHold | ask.SendOrder) -> None:
        """Check the start of a request that books."""
        process, intent = task.process, effect.intent
        if not self._fences.pop((process.number, intent.id), False):
            self.add("after_lost_claim", f"p{process.number} sends for {intent.id}")
        row = process.log.rows.get(intent.id)
        by = self._cancelled.get(intent.id)
        # a cancellation that could not be logged is known only to its own process
        if row is not None and row.taken_by is None and by == process.number:
            self.add("after_cancellation", f"p{process.number} goes on with {intent.id}")
        elif row is not None and row.is_cancelled:
            self.add("after_cancellation", f"p{process.number} sends for {intent.id}")
        if (process.number, intent.id) in self._lost:
            self._check_proven(task, intent, getattr(effect, "reservations", None))

    def sent(self, process: Process, effect: ask.SendHold | ask.SendOrder, reply: Reply) -> Reply:
        """Wrap a reply to record a lost answer.

        Each process must look for the answers that it has lost itself. If a process was suspended after the check of
        its owner and sends after another has taken over, neither must look again because of the other: both send the
        same reservation (R6).
        """

        def finish() -> Any:
            try:
                return reply.finish()
            except KorusError as error:
                if is_ambiguous(error) or redirects_after_work(error):
                    self._lost[process.number, effect.intent.id] = self.world.now
                raise

        return evolve(reply, finish=finish)

    def _check_proven(self, task: Task, intent: Intent, reservations: Sequence[str] | None) -> None:
        """Check that absence was seen twice, `settle` apart, since the answer was lost."""
        since = self._lost[task.process.number, intent.id]
        subjects = ["ListReservations"] if reservations is None else reservations
        known = (json_object(intent.details.get("baseline")) or {}).get("iris")
        for subject in subjects:
            begun = [
                look.begun
                for look in self._looks
                if look.task == task.number and look.subject == subject and look.begun >= since - _NEARLY
                if look.is_first and not look.is_unsorted and not (look.is_empty and known)
            ]
            if not begun or begun[-1] - begun[0] < self.world.settle - _NEARLY:
                self.add(
                    "unproven_absence", f"{intent.id}: {subject} looked for at {begun} since {since:.2f}"
                )

    # --- verdicts ------------------------------------------------------------------------------------------

    def held(self, intent: Intent, lines: Iterable[LineOutcome[ReservationFacts]]) -> None:
        """Check the outcomes of a hold."""
        numbers = list(intent.details["lines"])
        believed: Counter[str] = Counter()
        for outcome in lines:
            self.verdicts[f"hold {outcome.status}"] += 1
            place = numbers.index(outcome.line.number)
            item = intent.details["items"][place]
            if outcome.status == "succeeded":
                self._check_hold(intent, item, outcome.results)
                believed.update(facts.iri or "" for facts in outcome.results)
        for iri, count in believed.items():
            # equal lines of one call may be assigned differently the next time
            believers = self._believers[iri]
            believers[intent.id] = max(believers[intent.id], count)
            held = self.world.api.held.get(iri)
            by_claim = sum(count for of, count in believers.items() if of not in self._unclaimed)
            if held is not None and by_claim > len(held.lines):
                self.add("stolen", f"{iri} is believed by {dict(believers)}")

    def _check_hold(
        self, intent: Intent, item: Mapping[str, Any], results: Sequence[ReservationFacts]
    ) -> None:
        api, units = self.world.api, 0
        for facts in results:
            held = api.held.get(facts.iri or "")
            if held is None:
                self.add("lost", f"{intent.id}: {facts.iri} does not exist")
                continue
            units += held.units
            if held.offer != item["offer"]:
                self.add("stolen", f"{intent.id}: {held.iri} holds another offer")
            # as many units as another line requested, but not this one. Without a claim, the owner of a reservation is
            # unknown
            unowned = {intent.id, *self._unclaimed}
            is_foreign = any(of not in unowned for of, _ in held.lines)
            if (
                is_foreign
                and len(results) == 1
                and item["quantity"] not in {held.units, held.item["quantity"]}
            ):
                self.add("stolen", f"{intent.id}: {held.iri} holds {held.units} of {item['quantity']} units")
        shown = [facts.units for facts in results]
        if None not in shown and units != item["quantity"]:
            self.add("falsely_succeeded", f"{intent.id}: {units} of {item['quantity']} units")

    def ordered(self, intent: Intent, reference: str, lines: Iterable[LineOutcome[OrderFacts]]) -> None:
        """Check the outcomes of an order."""
        for outcome in lines:
            self.verdicts[f"order {outcome.status}"] += 1
            reservation = outcome.line.reservation if isinstance(outcome.line, OrderLine) else ""
            self._told |= {facts.iri or "" for facts in outcome.results}
            if outcome.status == "succeeded":
                self._check_order(intent, reservation, outcome.results)
            elif outcome.status == "failed":
                self._failures.append(_Failure(self.world.now, reservation, reference, None))

    def _check_order(self, intent: Intent, reservation: str, results: Sequence[OrderFacts]) -> None:
        believed = [self.world.api.bought.get(facts.iri or "") for facts in results]
        for made in believed:
            if made is None:
                self.add("lost", f"{intent.id}: {reservation} has no such order")
            elif made.held.iri != reservation:
                self.add("stolen", f"{intent.id}: {made.iri} is not of {reservation}")
            elif (
                made.is_short and self.world.character.shows_quantity and self._is_shown(intent, reservation)
            ):
                self.add("falsely_succeeded", f"{intent.id}: {made.iri} is not whole")

    def _is_shown(self, intent: Intent, reservation: str) -> bool:
        """Return True if the reservation was shown at the last look, so that its order can be compared with it."""
        begun = self._begun.get(intent.id, 0.0)
        looks = [look for look in self._looks if look.subject == reservation and look.begun >= begun]
        return bool(looks) and not looks[-1].is_absent

    def order_refused(self, intent: Intent, reference: str, error: KorusError, lines: Iterable[str]) -> None:
        """Record an order that ended with an error: unless it is unknown, none of it exists."""
        self.verdicts[f"order {type(error).__name__}"] += 1
        if not isinstance(error, OutcomeUnknown):
            self._failures += [_Failure(self.world.now, iri, reference, intent.id) for iri in lines]

    def found_unusable(self, reference: str, reservations: Iterable[str]) -> None:
        """Record reservations that korus reported as unusable."""
        self._failures += [_Failure(self.world.now, iri, reference, None) for iri in reservations]

    def recovered(self, intent: Intent, result: HoldResult | OrderResult) -> None:
        """Check the results of recovery."""
        lines: Any = result.lines
        if intent.kind == "hold":
            self.held(intent, lines)
        else:
            self.ordered(intent, intent.reference or "", lines)

    def recovery_failed(self, intent: Intent, error: KorusError) -> None:
        """Record an intent that recovery could not settle, or whose order was refused."""
        self.verdicts[f"recovery: {type(error).__name__}"] += 1
        if intent.kind == "order" and intent.id in self._refused:
            self.order_refused(intent, intent.reference or "", error, intent.keys)

    def settling(self, intent: Intent, outcome: Mapping[str, Any]) -> None:
        """Record the outcome that is written for an intent, which can be read in the log."""
        if "refused" in outcome:
            self._refused.add(intent.id)
        for line in outcome.get("lines") or ():
            self._told |= set(line.get("orders") or ())

    def recovery_ended(self, process: Process, before: set[str], reported: Iterable[Any]) -> None:
        """Check that after recovery no earlier intent is in progress, unless it is reported."""
        said = {each.intent.id: each for each in reported}
        # an intent of a suspended process may be continued
        left = process.log.left_behind(process) & before
        for intent_id in sorted(left - said.keys()):
            self.add("left_open", f"p{process.number}: {intent_id} is open and recovery does not report it")
        self._reported.update(said)

    def check_open(self, intent: Intent) -> None:
        """Check an intent that is open although a healthy process has recovered after the end of all reservations.

        Allowed are an order that exists and is incomplete, and a hold of an account that may not list reservations.
        """
        found = self._reported.get(intent.id)
        lines = () if found is None else found.lines
        is_seen = intent.kind == "order" and any(outcome.results for outcome in lines)
        is_blind = intent.kind == "hold" and intent.details.get("baseline") is None
        if not (is_seen or is_blind):
            self.add("left_open", f"{intent.kind} {intent.id} is open after a healthy recovery")

    # --- at the end ----------------------------------------------------------------------------------------

    def close(self) -> None:
        """Check the final state of the model."""
        api = self.world.api
        for request in self.requests:
            self._check_request(request)
        for failure in self._failures:
            held = api.held.get(failure.reservation)
            for made in held.orders if held is not None else ():
                if self._is_denied(made, failure):
                    self.add(
                        "falsely_failed", f"{made.iri} of {failure.reservation}, failed at {failure.at:.2f}"
                    )
        for made in api.bought.values():
            if made.iri not in self._told:
                self.add("lost", f"{made.iri} of {made.intent} exists and was not reported")
        self._count_repeated_holds()

    def _count_repeated_holds(self) -> None:
        """Count lines that were held twice: this takes stock, but is harmless, since the first is never ordered."""
        times: defaultdict[tuple[str, int], set[float]] = defaultdict(set)
        for held in self.world.api.held.values():
            for line in held.lines:
                times[line].add(held.made)
        repeated = sum(len(made) - 1 for made in times.values())
        if repeated:
            self.verdicts[REPEATED] += repeated

    def _check_request(self, request: Request) -> None:
        units: Counter[str] = Counter()
        for made in self.world.api.bought.values():
            if made.reference == request.reference:
                units[made.held.offer] += made.held.units
        for offer, count in units.items():
            asked = request.asked.get(offer, 0)
            if count > asked:
                self.add("doubled", f"{request.reference}: {count} of {asked} {offer}", count - asked)

    def _is_denied(self, made: Bought, failure: _Failure) -> bool:
        by_it = failure.intent is None or failure.intent == made.intent
        return by_it and made.begun <= failure.at and made.reference == failure.reference
