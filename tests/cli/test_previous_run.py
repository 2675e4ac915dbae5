"""What previous runs held and ordered is read from the intents with their reference."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from korus._booking.outcomes import LineOutcome, OrderLine, Recovered
from korus._journal.database import JournalEntry
from korus.cli.previous_run import read_log
from korus.errors import OutcomeUnknown

WHEN = datetime(2027, 5, 1, tzinfo=UTC)
R1, R2, R3 = (f"/v1/booking/reservations/{number}" for number in (1, 2, 3))
O1 = "/v1/booking/orders/1"


def entry(name: str, kind: str, details: dict[str, Any], outcome: Any = None, **changes: Any) -> JournalEntry:
    state = "settled" if outcome is not None else "unknown"
    fields: dict[str, Any] = {"state": state, "alive": False, **changes}
    return JournalEntry(
        id=name,
        kind=kind,
        reference="R",
        created_at=WHEN,
        updated_at=WHEN,
        details=details,
        outcome=outcome,
        **fields,
    )


def item(offer: str, quantity: int) -> dict[str, Any]:
    return {"offer": offer, "quantity": quantity, "ticketSessions": [], "price": None, "answers": None}


def line(number: int, *reservations: str, status: str = "succeeded") -> dict[str, Any]:
    return {"line": number, "status": status, "reservations": list(reservations), "code": None}


HELD = {"items": [item("a", 2), item("b", 3)], "lines": [1, 2]}


def held() -> JournalEntry:
    return entry("h", "hold", HELD, {"lines": [line(1, R1), line(2, status="failed")]})


def ordered(*lines: tuple[str, str, list[str]], **changes: Any) -> JournalEntry:
    details = {"reservations": [iri for iri, _, _ in lines], "externalReference": "R"}
    written = [
        {"line": at, "status": status, "reservation": iri, "orders": orders}
        for at, (iri, status, orders) in enumerate(lines, start=1)
    ]
    return entry("o", "order", details, {"lines": written}, **changes)


def test_a_hold_without_an_order_is_held() -> None:
    runs = read_log([held()], ())
    (found,) = runs.reservations.values()
    assert (found.iri, found.status, found.orders) == (R1, "held", ())
    assert [(part.requested.offer, part.units) for part in found.parts] == [("a", 2)]
    assert runs.lost == []


def test_units_are_known_if_each_reservation_has_one_or_there_is_one_only() -> None:
    several = entry("h", "hold", HELD, {"lines": [line(1, R1, R2), line(2, R1, R3)]})
    runs = read_log([several], ())
    assert [part.units for part in runs.reservations[R2].parts] == [1]
    assert [part.units for part in runs.reservations[R3].parts] == [None]
    assert [part.requested.offer for part in runs.reservations[R1].parts] == ["a", "b"]


def test_orders_and_refusals_are_tied_to_their_reservations() -> None:
    runs = read_log([ordered((R1, "succeeded", [O1]), (R2, "failed", [])), held()], ())
    assert (runs.reservations[R1].status, runs.reservations[R2].status) == ("ordered", "failed")
    assert {order: found.iri for order, found in runs.orders.items()} == {O1: R1}
    assert runs.reservations[R1].parts
    assert runs.reservations[R2].parts == ()


def test_an_order_that_was_not_sent_leaves_its_holds_as_they_are() -> None:
    for outcome in ({"cancelled": True}, {"refused": "ValidationFailed"}, {"forgotten": True}):
        given_up = entry("o", "order", {"reservations": [R1]}, outcome)
        assert read_log([held(), given_up], ()).reservations[R1].status == "held"


def test_an_order_that_is_open_is_what_recovery_has_found() -> None:
    open_order = entry("o", "order", {"reservations": [R1, R2, R3]})
    error = OutcomeUnknown("it has not been ordered", intent={})
    outcomes = (
        LineOutcome(OrderLine(1, R1), "succeeded", ({"@id": O1},)),
        LineOutcome(OrderLine(2, R2), "unknown", error=error),
        LineOutcome(OrderLine(3, R3), "failed"),
    )
    runs = read_log([open_order], [Recovered("o", "order", "R", outcomes)])
    assert [runs.reservations[iri].status for iri in (R1, R2, R3)] == ["ordered", "unknown", "failed"]
    assert runs.reservations[R1].orders == (O1,)
    assert (runs.reservations[R2].intent, runs.reservations[R2].reason) == ("o", "it has not been ordered")


def test_an_order_that_could_not_be_asked_about_is_unknown_or_busy() -> None:
    open_order = entry("o", "order", {"reservations": [R1]})
    error = OutcomeUnknown("the API does not answer", intent={})
    found = read_log([open_order], [Recovered("o", "order", "R", error=error)]).reservations[R1]
    assert (found.status, found.reason) == ("unknown", "the API does not answer")
    at_work = entry("o", "order", {"reservations": [R1]}, state="sending", alive=True)
    assert read_log([at_work], ()).reservations[R1].status == "busy"


def test_an_order_is_known_whatever_another_intent_says() -> None:
    open_order = entry("o2", "order", {"reservations": [R1]})
    runs = read_log([ordered((R1, "succeeded", [O1])), open_order], ())
    assert runs.reservations[R1].status == "ordered"


def test_lines_of_an_open_hold_are_lost_unless_they_are_known() -> None:
    details = {**HELD, "known_lines": [line(1, R1), None]}
    runs = read_log([entry("h", "hold", details)], ())
    assert list(runs.reservations) == [R1]
    assert [(lost.intent, lost.requested.offer) for lost in runs.lost] == [("h", "b")]
    forgotten = entry("h", "hold", details, {"forgotten": True})
    assert read_log([forgotten], ()).lost == []
