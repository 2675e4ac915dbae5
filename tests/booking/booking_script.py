"""A driver for the steps of the booking protocol that plays a script: no I/O, and time that passes when it is told to.

A `World` answers every effect. What is not scripted has a plain answer: the log takes everything, lists are empty,
time stands still but for `Wait`. A test scripts what it is about, runs the steps, and looks at the outcome and at
`World.effects`, the effects in their order.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from itertools import takewhile

from booking_facts import NOW

from korus._booking import effects, recovery_steps
from korus._booking.facts import Page
from korus.errors import KorusError, NotFound, Problem

ENOUGH = 10_000


class World:
    """Answers effects from scripts, and notes them.

    Attributes:
        effects: All effects but readings of the clock, in order.
        now: The monotonic clock.
    """

    def __init__(self, *, now=100.0, **scripts):
        self.effects = []
        self.now = self._began = now
        self._scripts = defaultdict(list)
        self._constant = {}
        for name, results in scripts.items():
            self.script(name, results)

    def script(self, name, results):
        """Let the effects of a type have these results in turn, or always the same, or that of a function."""
        kind = getattr(effects, name, None) or getattr(recovery_steps, name)
        if isinstance(results, list):
            self._scripts[kind] = list(results)
        else:
            self._constant[kind] = results

    def run(self, steps):
        """Run steps to their end; returns their result or raises their error."""
        result, error = None, None
        while True:
            try:
                effect = steps.send(result) if error is None else steps.throw(error)
            except StopIteration as stop:
                return stop.value
            result, error = None, None
            try:
                result = self._carry_out(effect)
            except KorusError as raised:
                error = raised

    def names(self, *but):
        """Return the names of the effects in their order, with the state of each Advance, but for some."""
        names = [
            f"Advance {effect.state}" if isinstance(effect, effects.Advance) else type(effect).__name__
            for effect in self.effects
        ]
        return [name for name in names if name not in but]

    def waited(self, until=None):
        """Return how many seconds the steps have waited, until one of the effects."""
        before = takewhile(lambda effect: effect is not until, self.effects)
        return sum(effect.seconds for effect in before if isinstance(effect, effects.Wait))

    def only(self, name):
        """Return the effects of a type, in their order."""
        return [effect for effect in self.effects if type(effect).__name__ == name]

    def _carry_out(self, effect):
        if isinstance(effect, effects.Now):
            return self.now
        if isinstance(effect, effects.Today):
            return NOW + timedelta(seconds=self.now - self._began)
        self.effects.append(effect)
        if len(self.effects) > ENOUGH:
            raise AssertionError("the steps do not come to an end")
        if isinstance(effect, effects.Wait):
            self.now += effect.seconds
            return None
        if isinstance(effect, effects.Together):
            return [self._or_error(each) for each in effect.effects]
        return self._answer(effect)

    def _or_error(self, effect):
        try:
            return self._answer(effect)
        except KorusError as error:
            return error

    def _answer(self, effect):
        kind = type(effect)
        if self._scripts[kind]:
            result = self._scripts[kind].pop(0)
        elif kind in self._constant:
            result = self._constant[kind]
        else:
            result = self._plain(effect)
        if callable(result):
            result = result(effect)
        if isinstance(result, Exception):
            raise result
        return result

    @staticmethod
    def _plain(effect):
        if type(effect) not in PLAIN:
            raise AssertionError(f"not scripted: {effect!r}")
        return PLAIN[type(effect)]


PLAIN = {
    effects.OpenIntent: None,
    effects.Advance: True,
    effects.Claim: lambda effect: frozenset(effect.iris),
    effects.Settle: lambda effect: frozenset(effect.claims),
    effects.Claimed: frozenset(),
    effects.Competing: [],
    effects.SentBefore: False,
    effects.InDoubt: frozenset(),
    effects.ReportedFailed: frozenset(),
    effects.ListReservations: Page((), 0),
    effects.ListOrders: Page((), 0),
}


def pages(*members, size=None, total=True):
    """Return a function that lists these members page by page, as an API does."""

    def answer(effect):
        per_page = size or effect.size
        start = (effect.page - 1) * per_page
        return Page(tuple(members[start : start + per_page]), len(members) if total else None)

    return answer


def not_found():
    """Return the API's own 404."""
    return NotFound("no", status=404, problem=Problem(detail="Not Found", raw={"detail": "Not Found"}))
