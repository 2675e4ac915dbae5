"""Report: a page for users and JSON for the maintainers. It contains private values only as pseudonyms."""

from __future__ import annotations

from typing import Any, Literal

from attrs import asdict, define, field, frozen

__all__ = ["Assumption", "Difference", "Report", "Status", "Step"]

Status = Literal["ok", "warning", "failed", "skipped"]
_MARKS = {"ok": "ok     ", "warning": "WARNING", "failed": "FAILED ", "skipped": "-      "}
SETTINGS, CONNECTION = "settings", "connection"
FITS, CANNOT_CONNECT, WRONG_SETTINGS, DIFFERS = 0, 1, 2, 3


@frozen
class Step:
    """One check.

    Attributes:
        group: ``settings``, ``connection`` or ``probe``.
        title: Its name.
        status: ``ok``, ``warning``, ``failed`` or ``skipped``.
        text: The result.
        advice: The next action, empty if none.
    """

    group: str
    title: str
    status: Status
    text: str
    advice: str = ""


@frozen
class Difference:
    """Difference between the API and its description, or korus's expectations.

    Attributes:
        kind: The kind, such as ``undocumented field``, ``unknown enum value``, ``page size`` or ``assumption``.
        operation: ``METHOD /path`` with parameters in braces.
        place: A pointer with ``*`` for list indexes, or a parameter.
        text: The difference; values of the API are pseudonyms if they may be private.
        count: The number of times it was seen.
    """

    kind: str
    operation: str
    place: str
    text: str
    count: int = 1


@frozen
class Assumption:
    """Assumption of the booking protocol (docs/why.md).

    Attributes:
        name: ``a1`` to ``a8``.
        text: The assumption.
        seen: ``held``, ``broken`` or ``not seen``.
        evidence: The evidence, or the reason why it was not seen.
    """

    name: str
    text: str
    seen: Literal["held", "broken", "not seen"] = "not seen"
    evidence: str = ""


_BY_BOOKING = "requires a booking: --book OFFER"
_ASSUMPTIONS = (
    Assumption("a1", "the API orders a reservation at most once", evidence=_BY_BOOKING),
    Assumption("a2", "no request is carried out later than `settle` after its end", evidence=_BY_BOOKING),
    Assumption("a3", "reads show a write within `settle`", evidence=_BY_BOOKING),
    Assumption("a4", "an order is tied to its reservation", evidence=_BY_BOOKING),
    Assumption("a5", "a reservation that has ended cannot be ordered", evidence=_BY_BOOKING),
    Assumption("a6", "external references come back as they were sent", evidence=_BY_BOOKING),
    Assumption("a7", "all who book for one account share one intent log"),
    Assumption("a8", "the clock of the log runs forward"),
)
_DEPLOYMENT = frozenset({"a7", "a8"})
_SEEN = {"held": "seen to hold", "broken": "seen to fail", "not seen": "not seen    "}


@define
class Report:
    """Results of the doctor.

    Attributes:
        korus_version: The version of korus.
        api_version: The version of the description used.
        steps: The checks, in order.
        operations: By ``METHOD /path``: the statuses seen, or the reason why it was not tried.
        differences: The differences.
        observations: Other observations: headers, page sizes, effects of filters.
        assumptions: The assumptions of the booking protocol.
        requests: The number of requests sent to the API.
    """

    korus_version: str
    api_version: str
    steps: list[Step] = field(factory=list[Step])
    operations: dict[str, str] = field(factory=dict[str, str])
    differences: list[Difference] = field(factory=list[Difference])
    observations: dict[str, str] = field(factory=dict[str, str])
    assumptions: dict[str, Assumption] = field(factory=lambda: {one.name: one for one in _ASSUMPTIONS})
    requests: int = 0

    def step(self, group: str, title: str, status: Status, text: str, advice: str = "") -> None:
        """Add a check."""
        self.steps.append(Step(group, title, status, text, advice))

    def differ(self, kind: str, operation: str, place: str, text: str) -> None:
        """Add a difference, or increase its count."""
        for number, one in enumerate(self.differences):
            if (one.kind, one.operation, one.place, one.text) == (kind, operation, place, text):
                self.differences[number] = Difference(kind, operation, place, text, one.count + 1)
                return
        self.differences.append(Difference(kind, operation, place, text))

    def assume(self, name: str, seen: Literal["held", "broken"], evidence: str) -> None:
        """Record that an assumption was seen to hold or to fail; a failure is final."""
        known = self.assumptions[name]
        if known.seen == seen:
            evidence = f"{known.evidence}; {evidence}"
        if known.seen != "broken" or seen == "broken":
            self.assumptions[name] = Assumption(name, known.text, seen, evidence)

    def leave(self, name: str, reason: str) -> None:
        """Record the reason why an assumption could not be checked."""
        known = self.assumptions[name]
        if known.seen == "not seen":
            self.assumptions[name] = Assumption(name, known.text, evidence=reason)

    @property
    def status(self) -> int:
        """0: korus and the API fit. 1: cannot connect. 2: wrong settings. 3: something differs."""
        failed = {step.group for step in self.steps if step.status == "failed"}
        if SETTINGS in failed:
            return WRONG_SETTINGS
        if CONNECTION in failed:
            return CANNOT_CONNECT
        # an error of the deployment is not one of the API
        broken = any(
            one.seen == "broken" for name, one in self.assumptions.items() if name not in _DEPLOYMENT
        )
        return DIFFERS if failed or self.differences or broken else FITS

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain JSON."""
        return {"format": 1, "status": self.status, **asdict(self)}

    def text(self) -> str:
        """Return the report as a text page."""
        lines = [f"korus doctor: korus {self.korus_version}, description {self.api_version}", ""]
        for step in self.steps:
            lines.append(f"{_MARKS[step.status]} {step.title}: {step.text}")
            lines += [f"        -> {step.advice}"] if step.advice else []
        if self.operations:
            lines += ["", "Operations"]
            lines += [f"  {name}: {seen}" for name, seen in self.operations.items()]
        if self.observations:
            lines += ["", "Observations"]
            lines += [f"  {name}: {seen}" for name, seen in self.observations.items()]
        if self.operations:
            lines += ["", "Assumptions of the booking protocol"]
            for one in self.assumptions.values():
                lines += [f"  {one.name}  {_SEEN[one.seen]}  {one.text}", f"      {one.evidence}"]
        if self.differences:
            lines += ["", f"Differences ({len(self.differences)})"]
            for found in self.differences:
                times = f" ({found.count} times)" if found.count > 1 else ""
                lines.append(f"  {found.kind}: {found.operation} {found.place}: {found.text}{times}")
        lines += ["", _CONCLUSIONS[self.status]]
        return "\n".join(lines) + "\n"


_CONCLUSIONS = {
    FITS: "korus and the API fit.",
    CANNOT_CONNECT: "Cannot connect; see the failed steps above.",
    WRONG_SETTINGS: "The settings are wrong; see the failed steps above.",
    DIFFERS: "The API differs from what korus expects. Please send the report (--report FILE) to the maintainers.",
}
