"""Schedules that were written by hand: each shows a fault that was found once, and what is right now."""

from __future__ import annotations

from scripts.simulate.audit import REPEATED
from scripts.simulate.model import Character
from scripts.simulate.script import Script

_LAGGING = {"ReadReservation": "read lags", "ListOrders": "read lags"}
_LATE = "work done late after a lost answer"

NAMED = {
    "row 1: killed while the order was under way, and run again": Script(
        faults={"SendOrder": [_LATE]}, mishaps=[("SendOrder", 1, "crash")]
    ),
    "row 1: interrupted while the order was under way, and run again": Script(
        faults={"SendOrder": [_LATE]}, mishaps=[("SendOrder", 1, "interrupt")]
    ),
    "row 2: 500 after the work while reads lag": Script(
        faults={"SendOrder": ["5xx after the work"]}, always=_LAGGING, pause=30.0
    ),
    "row 2: lost, done late, and sent again while reads lag": Script(
        faults={"SendOrder": [_LATE]}, always=_LAGGING, pause=30.0
    ),
    "row 2: refused as ordered already, by a proxy's second try, while reads lag": Script(
        faults={"SendOrder": ["a proxy's second try refused by line"]}, always=_LAGGING, pause=30.0
    ),
    "row 2: refused as ordered already, without saying so": Script(
        faults={
            "SendOrder": [_LATE],
        },
        always=_LAGGING,
        pause=30.0,
        character=Character(explains=False),
    ),
    "row 3: one 404 while a lost order is looked up": Script(
        faults={
            "SendOrder": ["answer lost after the work"],
            "ReadReservation": [None, "API's own 404 for a read", "gateway's 404 for a read"],
        },
        character=Character(tie="reservation"),
    ),
    "row 4: a held line left out, another refused twice": Script(
        jobs=[[(1, 1), (2, 1), (3, 1)]],
        faults={"SendHold": ["answer refuses another twice instead of one"]},
    ),
    "row 5: an order of another reservation in the answer": Script(
        jobs=[[(1, 1), (2, 1)]], faults={"SendOrder": ["answer lists something else instead"]}
    ),
    "row 5: an order of another reservation in the answer, while reads lag": Script(
        jobs=[[(1, 1), (2, 1)]],
        faults={"SendOrder": ["answer lists something else instead"]},
        always=_LAGGING,
        pause=30.0,
    ),
    "row 5: another's reservation in the answer": Script(
        jobs=[[(1, 1)], [(1, 1)]], faults={"SendHold": [None, "answer lists something else"]}
    ),
    "row 6: three units in three reservations, one refused": Script(
        jobs=[[(1, 3)]], faults={"SendHold": ["a hold for each unit"], "SendOrder": ["order refused"]}
    ),
    "row 7: one reservation listed for two lines": Script(
        jobs=[[(1, 1), (1, 1)]], faults={"SendHold": ["answer repeats one instead of another"]}
    ),
    "row 7: held and refused at once": Script(faults={"SendHold": ["answer refuses what it lists"]}),
    "row 7: fewer units held than asked for": Script(
        jobs=[[(1, 3)]], faults={"SendHold": ["fewer units held"]}, character=Character(shows_quantity=True)
    ),
    "row 7: fewer tickets than held": Script(
        jobs=[[(1, 3)]], faults={"SendOrder": ["fewer tickets"]}, character=Character(shows_quantity=True)
    ),
    "row 8: two recover, and one of them dies": Script(
        faults={"SendOrder": ["answer lost before the work"]},
        mishaps=[("SendOrder", 1, "crash"), ("Together", 2, "suspension")],
        bystanders=2,
    ),
    "row 9: suspended beyond its lease before it sends": Script(
        jobs=[[(1, 1)]],
        faults={"SendOrder": ["suspended before sending", None, "5xx without the work"]},
        bystanders=2,
        hosts=("a", "b", "c"),
    ),
    "row 9: suspended beyond its lease before it repeats a lost order": Script(
        # whoever takes it over cannot order it either
        always={"SendOrder": "5xx without the work"},
        mishaps=[("Advance", 6, "suspension")],
        bystanders=2,
        hosts=("a", "b", "c"),
    ),
    "row 10: two without a common log lose the same hold": Script(
        jobs=[[(1, 1)], [(1, 1)]],
        faults={"SendHold": ["answer lost after the work", "answer lost after the work"]},
        shared=False,
    ),
    "row 10: a lost hold of one unit that hides it is not one of three": Script(
        jobs=[[(1, 3)], [(1, 1)]],
        faults={"SendHold": ["answer lost before the work", "answer lost after the work"]},
        character=Character(price=9),
    ),
    "row 11: references folded, then hidden": Script(
        faults={"SendOrder": ["answer lost after the work"]},
        character=Character(reference="hidden", tie="order"),
    ),
    "row 12: an empty list after a lost hold": Script(
        jobs=[[(1, 1)], [(1, 1)]],
        faults={
            "SendHold": [None, "answer lost after the work"],
            "ListReservations": [None, "read is slow"],
        },
        always={"ListReservations": "empty list"},
    ),
    "row 12: bare IRIs after a lost hold": Script(
        faults={"SendHold": ["answer lost after the work"]}, always={"ListReservations": "list of bare IRIs"}
    ),
    "row 13: the issuer's timeout, of an order that exists": Script(
        faults={"SendOrder": ["issuer's timeout after the work"]}, always=_LAGGING, pause=30.0
    ),
    "row 13: refused without a reason, though the order exists": Script(
        faults={"SendOrder": ["refused without a reason after the work"]}, always=_LAGGING, pause=30.0
    ),
    "row 13: 303 after the work": Script(faults={"SendOrder": ["3xx after the work"]}),
    "row 13: a proxy's second try refused": Script(faults={"SendOrder": ["a proxy's second try refused"]}),
    "row 13: a proxy's second try refused, and a 404 for the look": Script(
        faults={
            "SendOrder": ["a proxy's second try refused"],
            "ReadReservation": [None, "API's own 404 for a read"],
        },
        character=Character(tie="reservation"),
    ),
    "row 15: cancelled before the order is sent": Script(
        mishaps=[("Competing", 1, "cancellation")], bystanders=1, hosts=("a", "b"), gives_up=True
    ),
    "row 15: cancelled while the order is under way": Script(
        faults={"SendOrder": ["answer lost before the work"]},
        mishaps=[("SendOrder", 1, "cancellation")],
        bystanders=1,
        hosts=("a", "b"),
        gives_up=True,
    ),
    "row 17: cancelled while the log is written": Script(
        mishaps=[("OpenIntent", 2, "cancellation")], bystanders=1
    ),
    "row 17: cancelled while the log is full": Script(
        faults={"Competing": ["log full"]}, mishaps=[("Competing", 1, "cancellation")], bystanders=1
    ),
    "row 19: the log is gone before the order": Script(faults={"OpenIntent": [None, "log gone"]}),
    "found: another's hold of one unit beside the two that were held": Script(
        jobs=[[(1, 1)], [(1, 2)]],
        faults={"SendHold": ["empty answer", "answer lists something else"]},
    ),
    "found: holds that have ended look like a lost one": Script(
        jobs=[[(1, 1)], [(1, 1)]],
        faults={
            "SendHold": ["answer lost after the work"] * 2,
            "ListReservations": [None, None, *["read fails"] * 60],
        },
        shared=False,
        character=Character(shows_expired=False),
    ),
    "found: later looks answer 404 for what an earlier one has shown": Script(
        jobs=[[(1, 1), (2, 1)]],
        faults={"SendOrder": ["order refused"], "ReadReservation": [None] * 6},
        always={"ReadReservation": "API's own 404 for a read"},
        mishaps=[("SendOrder", 1, "crash"), ("OpenIntent", 3, "suspension")],
        orders_same=True,
        character=Character(life=60.0),
    ),
    "found: the orders' pages are sorted otherwise": Script(
        jobs=[[(1, 1), (2, 1), (3, 1)]],
        faults={
            "SendOrder": ["a proxy's second try refused"],
            "ListOrders": [None, "list in another order"],
        },
        character=Character(tie="order", page_cap=2, explains=False),
    ),
    "found: refused as ordered already by a call that was cancelled, while reads lag": Script(
        faults={"SendOrder": ["answer lost after the work"]},
        always=_LAGGING,
        mishaps=[("SendOrder", 1, "cancellation")],
        orders_same=True,
        pause=30.0,
        character=Character(explains=False),
    ),
    "found: recovery beside a caller who was told that the same order failed": Script(
        # the process dies before it sends; the second run is refused, and holds and orders the same again
        faults={"SendOrder": ["order refused"]},
        mishaps=[("Advance", 2, "crash")],
        bystanders=1,
        orders_same=True,
        pause=118.0,
    ),
    "found: refused by a proxy's second try, and the order shows another reference": Script(
        faults={"SendOrder": ["a proxy's second try refused"]},
        character=Character(reference="mangled", explains=False),
    ),
    "found: what a refused call left, of another quantity, beside a lost hold that was never made": Script(
        jobs=[[(1, 4)], [(1, 2)]],
        faults={"SendHold": ["a proxy's second try refused", "answer lost before the work"]},
        character=Character(price=9),
    ),
    "found: what a refused call left looks like the lost hold at a price that has moved": Script(
        jobs=[[(1, 4)], [(1, 2)]],
        faults={"SendHold": ["a proxy's second try refused", "answer lost before the work"]},
        character=Character(price=5),
    ),
    "found: ordered again after an unknown order that shows another reference": Script(
        faults={"SendOrder": ["answer omits an entry"]},
        unknowns=["order again"],
        character=Character(reference="mangled"),
    ),
}

_LATE_HOLD = Script(faults={"SendHold": [_LATE]})
_LAST_MOMENT = Script(faults={"SendOrder": [_LATE]}, pause=18.0, character=Character(life=20.0))
_DIED_WHILE_ORDERING = NAMED["row 1: killed while the order was under way, and run again"]

WITHOUT = {
    ("a1",): (NAMED["row 2: lost, done late, and sent again while reads lag"], "doubled"),
    ("a2",): (_LATE_HOLD, REPEATED),
    ("a3",): (
        Script(faults={"SendHold": ["answer lost after the work"]}, always={"ListReservations": "read lags"}),
        REPEATED,
    ),
    ("a4",): (_DIED_WHILE_ORDERING, "falsely_failed"),
    ("a2", "a5"): (_LAST_MOMENT, "falsely_failed"),
    ("a7",): (_DIED_WHILE_ORDERING, "doubled"),
}
"""Schedules that break a rule, or hold something again, without assumptions, and what they show."""
