"""Tracing of a 422's property paths to lines, tickets and form fields, or to arguments of a call. No I/O."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from attrs import evolve

from korus._core.raw_json import json_object, objects

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from korus._booking.offer_facts import Knowledge
    from korus.errors import Violation

__all__ = ["trace_order_violations", "trace_violations"]


def trace_violations(
    violations: Iterable[Violation], items: Sequence[Mapping[str, Any]], offset: int, known: Knowledge
) -> tuple[Violation, ...]:
    """Trace the property paths of a bulk reservation's 422 to lines, tickets and form fields.

    Args:
        violations: The violations as received.
        items: The items of the call that was refused.
        offset: The number of lines of the booking before the call's first.
        known: The known facts, for the names of form fields.
    """
    return tuple(_trace(violation, items, offset, known) for violation in violations)


def _trace(
    violation: Violation, items: Sequence[Mapping[str, Any]], offset: int, known: Knowledge
) -> Violation:
    path = _steps(violation.path)
    place, item = _member(items, path, "items")
    if place is None or item is None:
        return violation
    rest = path[2:]
    if rest[:1] != ["ticketSessions"]:
        return evolve(violation, line=offset + place + 1, argument=rest[0] if rest else None)
    _, session = _member(cast("Sequence[Any]", item.get("ticketSessions", ())), rest, "ticketSessions")
    if session is None:
        return evolve(violation, line=offset + place + 1, argument="sessions")
    argument = {"session": "sessions", "formData": "answers"}.get("".join(rest[2:3]), "ticket")
    form_data = json_object(session.get("formData")) or {}
    _, answer = _member(objects(form_data, "fields"), rest[3:], "fields")
    name = None if answer is None else _field_name(form_data, answer, known)
    return evolve(
        violation, line=offset + place + 1, argument=argument, ticket=session.get("ticket"), field=name
    )


def trace_order_violations(
    violations: Iterable[Violation], reservations: Sequence[str]
) -> tuple[Violation, ...]:
    """Trace the property paths of a bulk order's 422 to reservations and to arguments of ``orders.create``."""
    return tuple(_trace_order(violation, reservations) for violation in violations)


def _trace_order(violation: Violation, reservations: Sequence[str]) -> Violation:
    path = _steps(violation.path)
    if path[:1] == ["reservations"]:
        place = _place(path[1]) if len(path) > 1 else None
        known = place is not None and place < len(reservations)
        return evolve(violation, argument="held", line=place + 1 if known and place is not None else None)
    if path[:1] == ["externalReference"]:
        return evolve(violation, argument="external_reference")
    return evolve(violation, argument=".".join(path)) if path else violation


def _steps(path: str) -> list[str]:
    return re.findall(r"[^.\[\]]+", path)


def _place(step: str) -> int | None:
    return int(step) if re.fullmatch(r"[0-9]{1,9}", step) else None


def _member(
    members: Sequence[Any], path: Sequence[str], name: str
) -> tuple[int | None, Mapping[str, Any] | None]:
    if len(path) < 2 or path[0] != name:  # noqa: PLR2004 - a name and a place
        return None, None
    place = _place(path[1])
    if place is None or place >= len(members):
        return None, None
    return place, json_object(members[place])


def _field_name(form_data: Mapping[str, Any], answer: Mapping[str, Any], known: Knowledge) -> str | None:
    iri = answer.get("field")
    form = known.forms.get(str(form_data.get("form")))
    for entry in () if form is None else form.fields:
        if isinstance(iri, str) and (entry.iri == iri or iri.endswith(f"/fields/{entry.id}")):
            return entry.code or entry.label or iri
    return iri if isinstance(iri, str) else None
