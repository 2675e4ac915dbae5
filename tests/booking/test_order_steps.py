"""The steps of a bulk order against a script: what comes out, and in which order what is done."""

from datetime import timedelta

import pytest
from attrs import evolve
from booking_facts import NOW, failed, held_json, order_iri, ordered, reservation_iri
from booking_script import World, not_found, pages

from korus._booking import order_steps
from korus._booking.bulk_call import Patience
from korus._booking.facts import OrderAnswer, OrderFacts, Page, ReservationFacts
from korus._booking.order_steps import complete_order, order, resolve_order
from korus._booking.orders import OrderRequest
from korus._booking.outcomes import OrderLine
from korus._journal.intent_log import new_intent
from korus.errors import (
    AuthenticationFailed,
    BadRequest,
    Conflict,
    ConnectionFailed,
    ConnectionLost,
    DecodingFailed,
    JournalFailed,
    NotFound,
    OperationUnavailable,
    OrderFailed,
    OutcomeUnknown,
    PermissionDenied,
    Problem,
    RateLimited,
    ReservationUnusable,
    ServerError,
    StatusError,
    TimedOut,
    UnexpectedCount,
    ValidationFailed,
    Violation,
)

SETTLE, TOTAL = 5.0, 20.0
LOST = ConnectionLost("gone", sent=True)
JOURNAL = JournalFailed("no space left")
A, B = reservation_iri("a"), reservation_iri("b")
ALREADY = Conflict("no", status=409, problem=Problem(detail="The reservation has already been ordered."))


def reservation(name="a", *, order_name=None, **more):
    more.setdefault("expiresAt", (NOW + timedelta(minutes=15)).isoformat())
    made = None if order_name is None else order_iri(order_name)
    return ReservationFacts.read(held_json(1, name=name, **{"order": made, **more}))


def made_order(name="o", of="a", **more):
    return ordered(of, name, **{"externalReference": "REF", "createdAt": NOW.isoformat(), **more})


class Api(World):
    """A world in which reservations have the states that a test gives them, by name, now or from some moment on."""

    def __init__(self, *reservations, orders=(), now=100.0, **scripts):
        super().__init__(now=now, **scripts)
        self.reservations = {facts.iri: facts for facts in reservations or [reservation()]}
        self.orders = {facts.iri: facts for facts in orders}
        if "ReadReservation" not in scripts:
            self.script("ReadReservation", lambda effect: self.reservations.get(effect.iri, not_found()))
        if "ReadOrder" not in scripts:
            self.script("ReadOrder", lambda effect: self.orders.get(effect.iri, not_found()))
        if "ListOrders" not in scripts:
            self.script("ListOrders", self._list)

    def _list(self, effect):
        return pages(*self.orders.values())(effect)

    def buy(self, name="o", of="a", **more):
        """Let a reservation have an order from now on."""
        self.orders[order_iri(name)] = made_order(name, of, **more)
        self.reservations[reservation_iri(of)] = reservation(of, order_name=name)

    def sends(self):
        return [effect.reservations for effect in self.only("SendOrder")]

    def steps(self):
        """Return the names of the effects that write or book."""
        return self.names(
            "Together", "ListOrders", "Wait", "Competing", "SentBefore", "InDoubt", "Advance reconciling"
        )


def request(*names, customer=True):
    iris = [reservation_iri(name) for name in names or ("a",)]
    return OrderRequest(
        lines=tuple(OrderLine(number, iri) for number, iri in enumerate(iris, start=1)),
        external_reference="REF",
        customer={"email": "ada@example.org"} if customer else {},
    )


def intent_of(*names, **changes):
    iris = [reservation_iri(name) for name in names or ("a",)]
    made = new_intent("order", iris, {"reservations": iris}, {"customer": {}}, "REF")
    return evolve(made, id="m", **changes)


def run(world, *names, settle=SETTLE, total=TOTAL):
    return world.run(order(intent_of(*names), request(*names), Patience(settle, total)))


def answer(*orders, failures=()):
    return OrderAnswer(tuple(orders), tuple(failed(entry) for entry in failures))


def statuses(result):
    return [outcome.status for outcome in result.lines]


class TestPlainAnswers:
    def test_order_is_written_down_before_it_is_sent_and_settled_after(self):
        made = made_order()
        world = Api(SendOrder=[answer(made)])
        result = run(world)
        assert [(outcome.status, outcome.results, outcome.adopted) for outcome in result.lines] == [
            ("succeeded", (made,), False)
        ]
        assert world.names() == [
            "OpenIntent",
            "Competing",
            "InDoubt",
            "Together",
            "ListOrders",
            "Advance sending",
            "SendOrder",
            "Settle",
        ]
        assert world.only("Settle")[0].outcome == {
            "lines": [
                {"line": 1, "status": "succeeded", "reservation": A, "orders": [made.iri], "code": None}
            ]
        }
        assert world.sends() == [(A,)]

    def test_orders_with_the_reference_are_known_from_before(self):
        world = Api(orders=[made_order("older", "x")], SendOrder=[answer(made_order())])
        run(world)
        assert world.only("Advance")[0].intent.details["known"] == [order_iri("older")]

    def test_order_that_exists_is_taken_and_not_sent(self):
        world = Api()
        world.buy()
        (outcome,) = run(world).lines
        assert (outcome.status, outcome.adopted, outcome.results[0].iri) == (
            "succeeded",
            True,
            order_iri("o"),
        )
        assert world.sends() == []
        assert world.names() == ["OpenIntent", "Competing", "InDoubt", "Together", "Together", "Settle"]

    def test_order_that_only_names_its_reservation_is_found_by_reference(self):
        world = Api(orders=[made_order()])
        assert statuses(run(world)) == ["succeeded"]
        assert world.sends() == []

    def test_only_what_is_not_ordered_is_sent(self):
        world = Api(reservation("a"), reservation("b"), SendOrder=[answer(made_order("p", "b"))])
        world.buy()
        result = run(world, "a", "b")
        assert [(outcome.status, outcome.adopted) for outcome in result.lines] == [
            ("succeeded", True),
            ("succeeded", False),
        ]
        assert world.sends() == [(B,)]

    def test_failed_line_has_the_apis_words(self):
        entry = {"reservation": A, "message": "Expired.", "code": "expired"}
        world = Api(SendOrder=[answer(failures=[entry])])
        (outcome,) = run(world).lines
        assert (outcome.status, outcome.raw) == ("failed", entry)
        assert isinstance(outcome.error, OrderFailed)
        assert (outcome.error.line, outcome.error.code, outcome.error.raw) == (1, "expired", entry)
        assert world.only("Settle")[0].outcome["lines"][0]["code"] == "expired"

    def test_line_refused_by_the_answer_is_looked_at(self):
        world = Api(SendOrder=lambda _: (world.buy(), answer(failures=[{"reservation": A}]))[1])
        (outcome,) = run(world).lines
        assert (outcome.status, outcome.adopted) == ("succeeded", True)

    def test_unmatched_failures_and_orders_are_passed_on(self):
        stranger = made_order("s", "x")
        world = Api(SendOrder=[answer(made_order(), stranger, failures=[{"reservation": B}])])
        result = run(world)
        assert statuses(result) == ["succeeded"]
        assert result.unmatched == (stranger,)
        assert [entry.raw for entry in result.unmatched_failures] == [{"reservation": B}]

    def test_unmatched_orders_of_an_earlier_round_are_passed_on(self):
        stranger = made_order("s", "x")
        world = Api(SendOrder=[answer(stranger, failures=[{"reservation": B}]), answer(made_order())])
        result = run(world)
        assert statuses(result) == ["succeeded"]
        assert result.unmatched == (stranger,)
        assert len(result.unmatched_failures) == 1

    def test_order_by_elimination_is_confirmed_by_a_look(self):
        made = made_order("o", None)
        world = Api(SendOrder=[answer(made)])
        result = run(world)
        assert (statuses(result), result.lines[0].results) == (["succeeded"], (made,))
        assert world.names("Wait").count("Together") == 2
        world = Api(SendOrder=lambda _: (world.buy("other"), answer(made))[1])
        result = run(world)
        assert result.lines[0].results[0].iri == order_iri("other")
        assert [each.iri for each in result.unmatched] == [made.iri]
        assert not result.lines[0].adopted

    @pytest.mark.parametrize(
        ("shown", "shortfall"),
        [
            ({"items": [{"quantity": 2, "tickets": []}]}, "2 of 3 units"),
            ({"items": [{"tickets": [{}, {}]}]}, "2 of 3 tickets"),
            ({"totalAmountInclTax": "20.00"}, "it costs less than its hold"),
        ],
    )
    def test_order_that_is_not_whole_is_unknown_with_what_there_is(self, shown, shortfall):
        made = made_order(**shown)
        world = Api(reservation(items=3, quantity=1, amount="30.00"), SendOrder=[answer(made)])
        (outcome,) = run(world).lines
        assert (outcome.status, outcome.results) == ("unknown", (made,))
        assert shortfall in str(outcome.error)
        assert world.names()[-1] == "Advance unknown"


class TestTheListBeforeAnOrder:
    """Many reservations are looked for on pages; what these do not show free and in full is asked for one by one."""

    NAMES = ("a", "b", "c")

    def ordered_with(self, *listed, names=NAMES, **scripts):
        """Order reservations while a list shows these; returns what was read one by one."""
        scripts.setdefault("ListReservations", pages(*listed))
        free = [reservation(name) for name in names]
        orders = [made_order(f"o{name}", of=name) for name in names]
        world = Api(*free, SendOrder=lambda _: answer(*orders), **scripts)
        result = run(world, *names)
        assert statuses(result) == ["succeeded"] * len(names)
        assert world.sends() == [tuple(map(reservation_iri, names))]
        read = [each.iri for together in world.only("Together") for each in together.effects]
        return read, world

    def test_a_page_that_shows_all_of_them_is_the_only_look_at_reservations(self):
        read, world = self.ordered_with(*(reservation(name) for name in self.NAMES))
        assert read == []
        assert [(effect.page, effect.size) for effect in world.only("ListReservations")] == [(1, 50)]

    def test_two_are_read_one_by_one(self):
        read, world = self.ordered_with(reservation("a"), reservation("b"), names=("a", "b"))
        assert read == [A, B]
        assert world.only("ListReservations") == []

    def test_as_many_pages_are_read_as_they_fill(self):
        names = tuple(f"n{number}" for number in range(101))
        read, world = self.ordered_with(*(reservation(name) for name in names), names=names)
        assert read == []
        assert [effect.page for effect in world.only("ListReservations")] == [1, 2, 3]
        names = names[:100]
        _, world = self.ordered_with(*(reservation(name) for name in names), names=names)
        assert [effect.page for effect in world.only("ListReservations")] == [1, 2]

    def test_no_further_page_is_read_after_one_that_shows_none_of_them(self):
        names = tuple(f"n{number}" for number in range(101))
        others = [reservation(f"x{number}") for number in range(50)]
        read, world = self.ordered_with(*others, *(reservation(name) for name in names), names=names)
        assert len(read) == len(names)
        assert [effect.page for effect in world.only("ListReservations")] == [1]

    @pytest.mark.parametrize(
        "shown",
        [
            {"items": 0},
            {"status": None},
            {"status": "released"},
            {"expired": True},
            {"expiresAt": None},
            {"expired": None, "expiresAt": NOW.isoformat()},
            {"order_name": "x"},
        ],
    )
    def test_one_that_is_not_shown_free_and_in_full_is_read(self, shown):
        read, _ = self.ordered_with(reservation("a", **shown), reservation("b"), reservation("c"))
        assert read == [A]

    def test_one_that_is_left_out_shown_twice_or_only_named_is_read(self):
        bare = ReservationFacts.read(B)
        read, _ = self.ordered_with(reservation("a"), bare, reservation("a"))
        assert read == [A, B, reservation_iri("c")]

    @pytest.mark.parametrize(
        "error",
        [
            not_found(),
            PermissionDenied("no", status=403),
            DecodingFailed("no list"),
            OperationUnavailable("not in this version"),
        ],
    )
    def test_without_a_list_each_is_read(self, error):
        read, _ = self.ordered_with(ListReservations=error)
        assert read == [A, B, reservation_iri("c")]

    def test_an_api_that_is_away_is_asked_once(self):
        world = Api(*map(reservation, self.NAMES), ListReservations=ConnectionFailed("refused", sent=False))
        with pytest.raises(ConnectionFailed):
            run(world, *self.NAMES)
        assert world.only("Together") == []
        assert world.sends() == []

    def test_those_that_another_call_may_have_ordered_are_read(self):
        listed = [reservation(name) for name in self.NAMES]
        read, _ = self.ordered_with(*listed, InDoubt=frozenset({B}))
        assert set(read) == {A, B, reservation_iri("c")}

    def test_what_is_seen_in_the_list_is_what_an_order_is_compared_with(self):
        two = [reservation(name, items=2, quantity=1) for name in self.NAMES]
        shown = {"items": [{"quantity": 1, "tickets": []}]}
        orders = [made_order(f"o{name}", of=name, **shown) for name in self.NAMES]
        world = Api(*two, ListReservations=pages(*two), SendOrder=lambda _: answer(*orders))
        assert statuses(run(world, *self.NAMES)) == ["unknown"] * 3


class TestWhatCannotBeOrdered:
    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"status": "released"}, "it was released"),
            ({"expired": True, "expiresAt": None}, "it has ended"),
            ({"expired": None, "expiresAt": (NOW - timedelta(minutes=1)).isoformat()}, "it ended at"),
            ({"order": order_iri("x")}, "it is already ordered, under the reference 'OTHER'"),
            ({"order": order_iri("c")}, "was cancelled"),
        ],
    )
    def test_reservation_that_cannot_be_ordered_is_refused(self, changes, reason):
        orders = [made_order("x", externalReference="OTHER"), made_order("c", status="cancelled")]
        world = Api(reservation(**changes), orders=orders)
        world.script("ListOrders", pages())
        with pytest.raises(ReservationUnusable) as caught:
            run(world)
        (problem,) = caught.value.problems
        assert (problem.line, problem.reservation) == (1, A)
        assert reason in problem.reason
        assert world.sends() == []
        assert world.names()[-2:] == ["Settle", "InDoubt"]
        assert world.only("Settle")[0].outcome == {"refused": "ReservationUnusable"}

    def test_order_of_another_reference_may_be_of_a_call_in_doubt(self):
        named = [reservation(order_name="x"), reservation("b")]
        world = Api(*named, orders=[made_order("x", externalReference="X-1")])
        world.script("InDoubt", lambda _: frozenset({A}))
        world.script("SendOrder", lambda _: answer(made_order("y", "b")))
        first, second = run(world, "a", "b").lines
        assert (first.status, [made.iri for made in first.results]) == ("unknown", [order_iri("x")])
        assert second.status == "succeeded"
        assert world.sends() == [(B,)]

    def test_order_of_a_call_with_another_reference_is_not_ours(self):
        world = Api(reservation(order_name="x"), orders=[made_order("x", externalReference="OTHER")])
        world.script("InDoubt", lambda effect: frozenset() if effect.same_reference else frozenset({A}))
        with pytest.raises(ReservationUnusable, match="under the reference 'OTHER'"):
            run(world)

    def test_reservation_that_does_not_exist_is_refused(self):
        with pytest.raises(ReservationUnusable, match="the reservation does not exist"):
            run(Api(ReadReservation=lambda _: not_found()))

    def test_order_of_the_first_look_is_kept_while_waiting(self):
        world = Api(orders=[made_order("x")], SendOrder=[answer(made_order("y", "b"))])
        world.script("ListOrders", pages())

        first_look = [reservation(order_name="x"), not_found()]

        def later_look(effect):
            return not_found() if effect.iri == A else reservation("b")

        world.script("ReadReservation", later_look)
        world.script("ReadReservation", first_look)
        first, second = run(world, "a", "b").lines
        assert (first.status, [made.iri for made in first.results]) == ("succeeded", [order_iri("x")])
        assert second.status == "succeeded"
        assert world.sends() == [(B,)]

    @pytest.mark.parametrize("same_reference", [True, False])
    def test_reservation_in_doubt_that_is_not_shown_is_unknown(self, same_reference):
        world = Api(ReadReservation=lambda _: not_found())
        world.script(
            "InDoubt",
            lambda effect: frozenset({A} if same_reference or not effect.same_reference else ()),
        )
        with pytest.raises(OutcomeUnknown):
            run(world)
        assert world.sends() == []
        assert world.waited() >= SETTLE

    def test_hold_that_is_not_shown_yet_is_waited_for(self):
        world = Api(SendOrder=[answer(made_order())])
        world.script("ReadReservation", lambda _: reservation() if world.now > 103 else not_found())
        assert statuses(run(world)) == ["succeeded"]
        assert world.sends() == [(A,)]

    def test_order_named_by_a_reservation_is_not_missing_if_hidden(self):
        world = Api(reservation(order_name="o"))
        with pytest.raises(DecodingFailed, match="names an order that cannot be found"):
            run(world)
        assert world.sends() == []

    def test_order_of_a_reservation_that_is_not_found_is_found_by_reference(self):
        world = Api(orders=[made_order()], ReadReservation=lambda _: not_found())
        assert run(world).lines[0].results[0].iri == order_iri("o")
        assert world.sends() == []

    @pytest.mark.parametrize(
        "page", [NotFound("<html>", status=404), NotFound("x", status=404, problem=Problem(raw="<html>"))]
    )
    def test_404_of_a_gateway_is_no_answer_of_the_api(self, page):
        world = Api(ReadReservation=lambda _: page)
        with pytest.raises(NotFound):
            run(world)
        assert world.sends() == []

    def test_order_sent_before_may_only_not_be_shown_yet(self):
        world = Api(reservation(expired=True), SentBefore=True)
        world.script("SentBefore", lambda _: True)
        world.script("ReadReservation", lambda _: (world.now > 103 and world.buy(), world.reservations[A])[1])
        assert statuses(run(world)) == ["succeeded"]
        assert world.sends() == []
        assert SETTLE > world.now - 100 > 3 - 2

    def test_order_never_sent_before_is_not_waited_for(self):
        world = Api(reservation(expired=True))
        with pytest.raises(ReservationUnusable):
            run(world)
        assert world.waited() == 0
        world = Api(reservation(expired=True))
        world.script("SentBefore", lambda _: True)
        with pytest.raises(ReservationUnusable):
            run(world)
        assert world.waited() >= SETTLE

    @pytest.mark.parametrize(
        "refused",
        [
            answer(failures=[{"reservation": A, "message": "not available any more"}]),
            Conflict("no", status=409),
            ValidationFailed("no", status=422),
            NotFound("no", status=404),
        ],
    )
    def test_refusal_after_another_call_that_is_in_doubt_is_no_failure(self, refused):
        world = Api(SendOrder=[refused], InDoubt=frozenset({A}))
        with pytest.raises(OutcomeUnknown):
            run(world)
        assert world.waited() >= SETTLE
        world = Api(SendOrder=[refused], InDoubt=frozenset({A}))
        world.script("ReadReservation", lambda _: (world.now > 102 and world.buy(), world.reservations[A])[1])
        assert statuses(run(world)) == ["succeeded"]

    def test_refusal_of_a_line_that_is_not_in_doubt_is_a_failure(self):
        refused = answer(made_order(), failures=[{"reservation": B, "message": "sold out"}])
        world = Api(reservation("a"), reservation("b"), SendOrder=[refused], InDoubt=frozenset({A}))
        assert statuses(run(world, "a", "b")) == ["succeeded", "failed"]
        assert world.waited() == 0

    def test_one_that_cannot_be_ordered_is_waited_for_beside_others(self):
        world = Api(reservation("a"), reservation("b", expired=True), SendOrder=[answer(made_order())])
        world.script("SentBefore", lambda _: True)
        with pytest.raises(ReservationUnusable):
            run(world, "a", "b")
        assert world.waited() >= SETTLE

    def test_reservations_are_named_by_their_place(self):
        world = Api(reservation("a"), reservation("b", status="released"))
        with pytest.raises(ReservationUnusable) as caught:
            run(world, "a", "b")
        assert [(problem.line, problem.reservation) for problem in caught.value.problems] == [(2, B)]

    @pytest.mark.parametrize("kind", ["ReadReservation", "ListOrders", "ReadOrder"])
    def test_api_that_cannot_be_read_is_sent_nothing(self, kind):
        world = Api(reservation(order_name="o" if kind == "ReadOrder" else None))
        world.script(kind, lambda _: ServerError("no", status=500))
        with pytest.raises(ServerError):
            run(world)
        assert world.sends() == []
        assert world.only("Settle")[0].outcome == {"refused": "ServerError"}

    def test_order_of_another_reservation_is_not_believed(self):
        world = Api(reservation(order_name="o"), orders=[made_order("o", "b")])
        with pytest.raises(DecodingFailed, match="names an order that names another reservation"):
            run(world)
        assert world.sends() == []

    def test_one_order_named_by_two_reservations_is_not_believed(self):
        world = Api(reservation("a", order_name="o"), reservation("b", order_name="o"))
        world.orders[order_iri("o")] = made_order("o", None)
        with pytest.raises(DecodingFailed, match="two reservations name the same order"):
            run(world, "a", "b")


class TestTurns:
    def test_call_that_orders_the_same_is_waited_for(self):
        earlier, sending = intent_of(state="intended"), intent_of(state="sending")
        earlier, sending = evolve(earlier, id="a"), evolve(sending, id="z")
        world = Api(SendOrder=[answer(made_order())], Competing=[[earlier], [sending], []])
        assert statuses(run(world)) == ["succeeded"]
        assert world.names("Together", "ListOrders") == [
            "OpenIntent",
            "Competing",
            "Wait",
            "Advance intended",
            "Competing",
            "Wait",
            "Advance intended",
            "Competing",
            "InDoubt",
            "Advance sending",
            "SendOrder",
            "Settle",
        ]
        assert world.waited() == pytest.approx(0.2)

    def test_later_call_that_does_not_send_is_not_waited_for(self):
        later = evolve(intent_of(state="intended"), id="z")
        world = Api(SendOrder=[answer(made_order())], Competing=[[later]])
        run(world)
        assert world.waited() == 0

    def test_call_that_never_ends_is_waited_for_as_long_as_the_call_may_take(self):
        world = Api(SendOrder=[answer(made_order())])
        world.script("Competing", lambda _: [evolve(intent_of(state="sending"), id="a")])
        assert statuses(run(world, total=7.0)) == ["succeeded"]
        assert 7 <= world.waited() <= 7.2

    def test_intent_taken_over_while_waiting_sends_nothing(self):
        world = Api(Advance=[False])
        world.script("Competing", lambda _: [evolve(intent_of(state="sending"), id="a")])
        with pytest.raises(OutcomeUnknown, match="another process has taken it over"):
            run(world)
        assert world.names() == ["OpenIntent", "Competing", "Wait", "Advance intended"]


class TestRefusals:
    def test_order_behind_a_firewalls_403_is_found(self):
        world = Api()
        world.script("SendOrder", lambda _: (world.buy(), PermissionDenied("<html>", status=403))[1])
        (outcome,) = run(world).lines
        assert (outcome.status, outcome.adopted) == ("succeeded", True)
        assert world.sends() == [(A,)]

    @pytest.mark.parametrize("words", [{"code": "ISSUER_TIMEOUT"}, {}])
    def test_line_refused_for_an_inconclusive_reason_is_sent_again(self, words):
        refused = answer(failures=[{"reservation": A, **words}])
        world = Api(SendOrder=[refused, answer(made_order())])
        assert statuses(run(world)) == ["succeeded"]
        assert world.sends() == [(A,), (A,)]
        assert world.waited() >= SETTLE
        late = Api(SendOrder=[refused])
        late.script("ReadReservation", lambda _: (late.now > 103 and late.buy(), late.reservations[A])[1])
        assert statuses(run(late)) == ["succeeded"]
        assert late.sends() == [(A,)]
        with pytest.raises(OutcomeUnknown):
            run(Api(SendOrder=[refused] * 4))
        ended = Api(SendOrder=[refused])
        ended.script("ReadReservation", [reservation(), *[reservation(expired=True)] * 9])
        assert statuses(run(ended)) == ["failed"]
        assert ended.waited() >= SETTLE

    def test_403_without_an_order_is_raised_after_one_look(self):
        world = Api(SendOrder=[PermissionDenied("no", status=403)])
        with pytest.raises(PermissionDenied):
            run(world)
        assert world.names().count("Together") == 2
        assert world.waited() == 0

    def test_abandoned_order_is_looked_for(self):
        world = Api(SendOrder=[StatusError("", status=408)])
        world.script("ReadReservation", lambda _: (world.now > 103 and world.buy(), world.reservations[A])[1])
        assert statuses(run(world)) == ["succeeded"]
        assert world.sends() == [(A,)]

    @pytest.mark.parametrize(
        "error",
        [
            AuthenticationFailed("no", status=401),
            RateLimited("no", status=429),
            ConnectionFailed("no", sent=False),
            TimedOut("no", sent=False),
        ],
    )
    def test_request_that_was_not_processed_is_refused_without_a_look(self, error):
        world = Api(SendOrder=[error])
        with pytest.raises(type(error)):
            run(world)
        assert world.steps() == ["OpenIntent", "Advance sending", "SendOrder", "Settle"]
        assert world.names().count("Together") == 1

    @pytest.mark.parametrize(
        "error",
        [BadRequest("no", status=400), Conflict("no", status=409), ValidationFailed("no", status=422)],
    )
    def test_refusal_is_raised_after_one_look_without_waiting(self, error):
        world = Api(SendOrder=[error])
        with pytest.raises(type(error)):
            run(world)
        assert world.names().count("Together") == 2
        assert world.waited() == 0
        assert world.names()[-2:] == ["Settle", "InDoubt"]

    @pytest.mark.parametrize(
        "error",
        [
            Conflict("no", status=409),
            ValidationFailed("no", status=422),
            StatusError("see other", status=303),
        ],
    )
    def test_refusal_of_a_second_try_finds_the_order_of_the_first(self, error):
        world = Api(SendOrder=lambda _: (world.buy(), error)[1])
        (outcome,) = run(world).lines
        assert (outcome.status, outcome.adopted) == ("succeeded", True)
        assert world.waited() == 0

    @pytest.mark.parametrize("error", [Conflict("no", status=409), StatusError("see other", status=303)])
    def test_refusal_beside_a_new_order_of_another_reference_is_unknown(self, error):
        # an API may write references otherwise than they were sent
        world = Api(SendOrder=lambda _: (world.buy(externalReference="X-1"), error)[1])
        (outcome,) = run(world).lines
        assert (outcome.status, [made.iri for made in outcome.results]) == ("unknown", [order_iri("o")])
        assert world.names()[-1] == "Advance unknown"

    def test_refusal_beside_a_list_that_leaves_something_out_is_unknown(self):
        world = Api(SendOrder=[Conflict("no", status=409)])
        world.script("ListOrders", lambda _: Page((), 3))
        with pytest.raises(OutcomeUnknown) as caught:
            run(world)
        assert caught.value.status == 409

    def test_refusal_of_a_reservation_that_is_not_found_now_is_unknown(self):
        world = Api(SendOrder=[Conflict("no", status=409)])
        world.script("ReadReservation", [reservation(), not_found()])
        with pytest.raises(OutcomeUnknown) as caught:
            run(world)
        assert caught.value.status == 409

    def test_refusal_of_several_lines_one_of_which_is_in_doubt_is_unknown(self):
        world = Api(reservation("a"), reservation("b"), SendOrder=[Conflict("no", status=409)])
        world.script("InDoubt", lambda _: frozenset({A}))
        with pytest.raises(OutcomeUnknown):
            run(world, "a", "b")

    def test_refused_line_whose_reservation_cannot_be_seen_is_unknown(self):
        world = Api(SendOrder=[answer(failures=[{"reservation": A, "message": "No."}])])
        world.script("ReadReservation", [reservation(), ServerError("no", status=500)])
        with pytest.raises(OutcomeUnknown, match="it may have been ordered before"):
            run(world)

    def test_failed_line_beside_an_unknown_one_is_an_outcome(self):
        world = Api(reservation("a"), reservation("b"))
        world.script("SendOrder", [answer(failures=[{"reservation": B, "message": "No."}]), LOST])
        world.script(
            "ReadReservation",
            lambda effect: (
                ServerError("no", status=500)
                if effect.iri == A and len(world.sends()) > 1
                else world.reservations[effect.iri]
            ),
        )
        result = run(world, "a", "b")
        assert statuses(result) == ["unknown", "failed"]

    def test_redirect_that_a_look_cannot_explain_is_unknown(self):
        world = Api(SendOrder=[StatusError("see other", status=303)])
        with pytest.raises(OutcomeUnknown):
            run(world)
        assert world.names()[-1] == "Advance unknown"

    def test_refusal_whose_look_fails_is_unknown(self):
        world = Api(SendOrder=[Conflict("no", status=409)])
        world.script("ReadReservation", [reservation(), ServerError("no", status=500)])
        with pytest.raises(OutcomeUnknown) as caught:
            run(world)
        assert caught.value.status == 409

    def test_refused_lines_fail_beside_others_that_are_ordered(self):
        refusal = Conflict("no", status=409)
        world = Api(reservation("a"), reservation("b"), SendOrder=[refusal])
        world.buy()
        result = run(world, "a", "b")
        assert statuses(result) == ["succeeded", "failed"]
        assert result.lines[1].error is refusal

    def test_refusal_of_all_fails_the_lines_that_a_look_does_not_show(self):
        world = Api(reservation("a"), reservation("b"))
        world.script("SendOrder", lambda _: (world.buy(), Conflict("no", status=409))[1])
        assert statuses(run(world, "a", "b")) == ["succeeded", "failed"]

    @pytest.mark.parametrize("error", [RateLimited("no", status=429), ConnectionFailed("no", sent=False)])
    def test_lines_refused_for_now_can_still_be_ordered_and_have_not_failed(self, error):
        world = Api(reservation("a"), reservation("b"), SendOrder=[error])
        world.buy()
        result = run(world, "a", "b")
        assert statuses(result) == ["succeeded", "unknown"]
        assert "order the same reservation again" in str(result.lines[1].error)

    def test_paths_of_a_422_count_the_lines_of_the_call(self):
        violations = (Violation("reservations[1]", "No."), Violation("customer.email", "No."))
        refusal = ValidationFailed("no", status=422, violations=violations)
        world = Api(*map(reservation, "abc"), SendOrder=[refusal])
        world.buy()
        result = run(world, "a", "b", "c")
        assert [(each.line, each.argument) for each in result.lines[1].error.violations] == [
            (3, "held"),
            (None, "customer.email"),
        ]

    def test_already_ordered_proves_an_order_that_is_waited_for(self):
        world = Api(SendOrder=[ALREADY])
        world.script("ReadReservation", lambda _: (world.now > 102 and world.buy(), world.reservations[A])[1])
        (outcome,) = run(world).lines
        assert (outcome.status, outcome.adopted) == ("succeeded", True)
        assert 2 <= world.waited() <= SETTLE

    def test_already_ordered_is_unknown_while_the_order_is_not_shown(self):
        world = Api(SendOrder=[ALREADY])
        with pytest.raises(OutcomeUnknown):
            run(world)
        assert world.waited() >= SETTLE
        assert len(world.sends()) == 1

    def test_line_already_ordered_is_unknown_while_the_order_is_not_shown(self):
        entry = {"reservation": A, "code": "already_ordered"}
        world = Api(SendOrder=[answer(failures=[entry])])
        with pytest.raises(OutcomeUnknown, match="it is ordered, but its order is not shown yet"):
            run(world)
        assert world.waited() >= SETTLE
        world = Api(SendOrder=[answer(failures=[entry])])
        world.script("ReadReservation", lambda _: (world.now > 102 and world.buy(), world.reservations[A])[1])
        assert statuses(run(world)) == ["succeeded"]
        # the look that shows the order is the last one
        assert world.names()[-4:] == ["Advance reconciling", "Together", "Together", "Settle"]

    def test_order_under_another_reference_may_be_this_one_after_sending(self):
        world = Api()
        world.script("ListOrders", pages())
        entry = {"reservation": A, "message": "No."}
        world.script(
            "SendOrder", lambda _: (world.buy(externalReference="OTHER"), answer(failures=[entry]))[1]
        )
        (outcome,) = run(world).lines
        assert (outcome.status, [each.iri for each in outcome.results]) == ("unknown", [order_iri("o")])
        assert "under the reference 'OTHER'" in str(outcome.error)
        lost = Api(SendOrder=lambda _: (lost.buy(externalReference="OTHER"), LOST)[1])
        (outcome,) = run(lost).lines
        assert (outcome.status, [each.iri for each in outcome.results]) == ("unknown", [order_iri("o")])
        assert len(lost.sends()) == 1


class TestLostAnswers:
    @pytest.mark.parametrize(
        "error",
        [
            LOST,
            TimedOut("slow", sent=True),
            ServerError("no", status=500),
            ServerError("no", status=503),
            ServerError("no", status=524),
            DecodingFailed("html"),
        ],
    )
    def test_same_reservation_is_sent_again_after_two_looks_settle_apart(self, error):
        world = Api(SendOrder=[error, answer(made_order())])
        assert statuses(run(world)) == ["succeeded"]
        assert world.sends() == [(A,), (A,)]
        one, two = world.only("SendOrder")
        assert world.waited(two) - world.waited(one) >= SETTLE
        assert world.steps() == [
            "OpenIntent",
            "Advance sending",
            "SendOrder",
            "Advance sending",
            "SendOrder",
            "Settle",
        ]

    def test_two_looks_exactly_settle_apart_are_enough(self):
        world = Api(now=0.0, SendOrder=[LOST, answer(made_order())])
        run(world, settle=0.2)
        assert world.waited() == 0.2

    def test_looking_ends_with_the_time_of_the_call(self):
        world = Api(now=0.0, SendOrder=[LOST])
        world.script(
            "ReadReservation", lambda _: ServerError("no", status=500) if world.sends() else reservation()
        )
        with pytest.raises(OutcomeUnknown):
            run(world, settle=0.2, total=0.2)
        assert world.waited() == 0.2

    def test_time_to_look_begins_with_the_answer_that_was_lost(self):
        world = Api(
            ReadReservation=lambda _: ServerError("no", status=500) if world.sends() else reservation()
        )

        def send(_):
            world.now += 30
            return LOST

        world.script("SendOrder", send)
        with pytest.raises(OutcomeUnknown):
            run(world)
        assert SETTLE <= world.now - 130 <= SETTLE + 2.1

    def test_unknown_order_carries_what_is_needed_to_ask_again(self):
        cause = ServerError("bad gateway", status=502, request_id="req-1")
        world = Api(
            ReadReservation=lambda _: ServerError("no", status=500) if world.sends() else reservation()
        )
        world.script("SendOrder", [cause])
        with pytest.raises(OutcomeUnknown) as caught:
            run(world)
        error = caught.value
        assert (error.status, error.request_id, error.operation) == (502, "req-1", "bulk_create_orders")
        assert (error.intent["kind"], error.intent["reservations"]) == ("order", [A])

    def test_looking_is_paced_and_each_look_checks_the_ownership(self):
        world = Api(SendOrder=[LOST, answer(made_order())])
        run(world)
        waits = [effect.seconds for effect in world.only("Wait")]
        assert waits[0] == pytest.approx(0.2)
        assert waits[1] == pytest.approx(0.32)
        assert max(waits) <= 2
        assert waits == sorted(waits)
        assert world.names().count("Advance reconciling") == len(waits) + 1

    def test_order_that_a_look_shows_is_taken_at_once(self):
        world = Api(SendOrder=lambda _: (world.buy(), LOST)[1])
        (outcome,) = run(world).lines
        assert (outcome.status, outcome.adopted) == ("succeeded", True)
        assert world.waited() == 0
        assert len(world.sends()) == 1

    def test_order_that_shows_up_late_is_not_sent_again(self):
        world = Api(SendOrder=[LOST])
        world.script("ReadReservation", lambda _: (world.now > 104 and world.buy(), world.reservations[A])[1])
        assert statuses(run(world)) == ["succeeded"]
        assert len(world.sends()) == 1

    def test_looking_goes_on_until_all_lines_are_certain(self):
        world = Api(reservation("a"), reservation("b"))
        world.script("SendOrder", lambda _: (world.buy(), LOST)[1])
        world.script(
            "ReadReservation",
            lambda effect: (world.now > 104 and world.buy("p", "b"), world.reservations[effect.iri])[1],
        )
        assert statuses(run(world, "a", "b")) == ["succeeded", "succeeded"]
        assert len(world.sends()) == 1

    def test_order_that_was_seen_once_stays_seen(self):
        world = Api(reservation("a"), reservation("b"))

        def send(_):
            if len(world.sends()) == 1:
                world.buy()
                return LOST
            return answer(made_order("p", "b"))

        def read(effect):
            shown = world.reservations[effect.iri]
            if effect.iri == A and world.waited():  # later looks leave the order out
                world.orders = {iri: made for iri, made in world.orders.items() if made.reservation != A}
                return reservation()
            return shown

        world.script("SendOrder", send)
        world.script("ReadReservation", read)
        first, second = run(world, "a", "b").lines
        assert (first.status, second.status) == ("succeeded", "succeeded")
        assert world.sends() == [(A, B), (B,)]

    def test_two_looks_are_needed_even_where_nothing_settles(self):
        world = Api(SendOrder=[LOST, answer(made_order())])
        assert statuses(run(world, settle=0.0)) == ["succeeded"]
        one, two = world.only("SendOrder")
        assert world.waited(two) - world.waited(one) > 0

    def test_api_that_contradicts_itself_is_given_up_in_time(self):
        world = Api(SendOrder=[LOST])
        shown = [0]

        def read(_):
            shown[0] += 1
            return reservation(expired=bool(world.sends()) and shown[0] % 2 == 0)

        world.script("ReadReservation", read)
        with pytest.raises(OutcomeUnknown):
            run(world)
        ends = TOTAL + 2 * SETTLE
        assert ends <= world.now - 100 <= ends + 2.1
        assert len(world.sends()) == 1

    def test_only_lines_without_an_order_are_sent_again(self):
        world = Api(reservation("a"), reservation("b"))
        world.script("SendOrder", [lambda _: (world.buy(), LOST)[1], answer(made_order("p", "b"))])
        assert statuses(run(world, "a", "b")) == ["succeeded", "succeeded"]
        assert world.sends() == [(A, B), (B,)]

    def test_no_order_is_sent_more_than_four_times(self):
        world = Api(SendOrder=[LOST] * 9)
        with pytest.raises(OutcomeUnknown, match="it is not known whether this was ordered"):
            run(world)
        assert world.sends() == [(A,)] * 4
        assert world.names()[-1] == "Advance unknown"

    def test_refusal_after_a_lost_answer_that_no_look_explains_is_unknown(self):
        for refusal in (Conflict("no", status=409), PermissionDenied("no", status=403)):
            world = Api(SendOrder=[LOST, refusal])
            with pytest.raises(OutcomeUnknown):
                run(world)
            assert len(world.sends()) == 2
            assert world.waited(world.effects[-1]) - world.waited(world.only("SendOrder")[1]) >= SETTLE

    def test_line_refused_after_a_lost_answer_is_unknown(self):
        entry = {"reservation": A, "message": "Not possible."}
        world = Api(SendOrder=[LOST, answer(failures=[entry])])
        with pytest.raises(
            OutcomeUnknown, match=r"refused \(Not possible\.\), but it may have been ordered before"
        ):
            run(world)

    def test_refusal_after_a_lost_answer_is_final_once_the_hold_has_ended(self):
        world = Api()
        world.script(
            "SendOrder",
            [
                LOST,
                lambda _: (
                    world.reservations.update({A: reservation(expired=True)}),
                    answer(failures=[{"reservation": A, "message": "Expired."}]),
                )[1],
            ],
        )
        (outcome,) = run(world).lines
        assert outcome.status == "failed"
        assert outcome.raw == {"reservation": A, "message": "Expired."}

    def test_reservation_that_ended_without_an_order_has_failed(self):
        world = Api(SendOrder=lambda _: (world.reservations.update({A: reservation(expired=True)}), LOST)[1])
        (outcome,) = run(world).lines
        assert outcome.status == "failed"
        assert isinstance(outcome.error, OrderFailed)
        assert world.waited() >= SETTLE
        assert world.names()[-2:] == ["Settle", "InDoubt"]

    def test_refusal_after_a_lost_answer_fails_what_has_ended(self):
        def refuse(_):
            world.reservations[A] = reservation("a", expired=True)
            return Conflict("no", status=409)

        for names, expected in (("ab", ["failed", "unknown"]), ("ba", ["unknown", "failed"])):
            world = Api(reservation("a"), reservation("b"), SendOrder=[LOST, refuse])
            assert statuses(run(world, *names)) == expected

    def test_unknown_lines_one_of_which_has_an_order_are_not_raised(self):
        part = made_order(items=[{"quantity": 1}])
        world = Api(reservation("a", quantity=2), reservation("b"))
        world.script("SendOrder", [answer(part), Conflict("no", status=409)])
        result = run(world, "a", "b")
        assert statuses(result) == ["unknown", "unknown"]
        assert result.lines[0].results == (part,)

    def test_reservation_that_is_gone_after_a_lost_answer_is_unknown(self):
        world = Api(SendOrder=lambda _: (world.reservations.clear(), LOST)[1])
        with pytest.raises(OutcomeUnknown):
            run(world)
        assert len(world.sends()) == 1

    def test_gateways_404_while_looking_is_not_believed(self):
        page = NotFound("<html>", status=404)
        world = Api(SendOrder=lambda _: (world.buy(), LOST)[1])
        world.script("ReadReservation", [reservation(), page, page, page])
        world.script("ReadReservation", lambda effect: world.reservations[effect.iri])
        assert statuses(run(world)) == ["succeeded"]
        assert world.waited() > 0

    def test_api_that_cannot_be_asked_is_asked_until_the_time_is_over(self):
        for total, longest in ((TOTAL, TOTAL), (1.0, SETTLE), (None, SETTLE)):
            # the look before the order sees it, and none after
            reads = [reservation(), *[ServerError("no", status=500)] * 99]
            world = Api(SendOrder=[LOST], ReadReservation=reads)
            with pytest.raises(OutcomeUnknown):
                run(world, total=total)
            assert longest <= world.now - 100 <= longest + 2.1
            assert len(world.sends()) == 1

    def test_line_missing_in_the_answer_is_looked_for_and_sent_again(self):
        world = Api(reservation("a"), reservation("b"))
        world.script("SendOrder", [answer(made_order()), answer(made_order("p", "b"))])
        result = run(world, "a", "b")
        assert statuses(result) == ["succeeded", "succeeded"]
        assert world.sends() == [(A, B), (B,)]
        assert world.waited(world.only("SendOrder")[1]) >= SETTLE

    def test_two_orders_for_one_line_are_settled_by_its_reservation(self):
        world = Api()
        orders = [made_order("o"), made_order("p")]
        world.script("SendOrder", lambda _: (world.buy(), answer(*orders))[1])
        result = run(world)
        assert [each.iri for each in result.lines[0].results] == [order_iri("o")]
        assert [each.iri for each in result.unmatched] == [order_iri("p")]

    def test_mixed_outcome_is_not_raised_and_stays_open(self):
        world = Api(reservation("a"), reservation("b"))
        world.script("SendOrder", [lambda _: (world.buy(), LOST)[1], Conflict("no", status=409)])
        result = run(world, "a", "b")
        assert statuses(result) == ["succeeded", "unknown"]
        assert world.names()[-1] == "Advance unknown"


class TestOwnership:
    @pytest.mark.parametrize("effect", ["OpenIntent", "Competing", "SentBefore", "InDoubt", "Advance"])
    def test_log_that_fails_before_the_first_request_sends_nothing(self, effect):
        world = Api(reservation(expired=True) if effect == "SentBefore" else reservation())
        world.script(effect, lambda _: JOURNAL)
        with pytest.raises(JournalFailed):
            run(world)
        assert world.sends() == []
        assert world.only("Settle") == []

    @pytest.mark.parametrize(
        ("seconds", "raised"), [(TOTAL + SETTLE, JournalFailed), (TOTAL + SETTLE + 0.1, OutcomeUnknown)]
    )
    def test_failing_log_after_a_suspension_leaves_the_order_unknown(self, seconds, raised):
        """Another process may have taken the order over meanwhile, and completed it."""
        world = Api(reservation())

        def fail(_):
            world.now += seconds
            return JOURNAL

        world.script("Competing", fail)
        with pytest.raises(raised):
            run(world)
        assert world.sends() == []

    def test_intent_taken_over_before_sending_sends_nothing(self):
        world = Api(Advance=[False])
        with pytest.raises(OutcomeUnknown, match="another process has taken it over"):
            run(world)
        assert world.names()[-1] == "Advance sending"

    def test_intent_taken_over_after_a_lost_answer_begins_no_request(self):
        world = Api(Advance=[True, False], SendOrder=[LOST])
        with pytest.raises(OutcomeUnknown, match="another process has taken it over"):
            run(world)
        assert world.names()[-2:] == ["SendOrder", "Advance reconciling"]

    def test_intent_taken_over_while_looking_begins_no_request(self):
        world = Api(Advance=[True, True, True, False], SendOrder=[LOST])
        with pytest.raises(OutcomeUnknown):
            run(world)
        assert len(world.sends()) == 1
        assert world.names()[-2:] == ["Wait", "Advance reconciling"]

    def test_intent_taken_over_before_the_second_round_sends_nothing_more(self):
        world = Api(SendOrder=[LOST])
        world.script("Advance", lambda effect: effect.state != "sending" or not world.sends())
        with pytest.raises(OutcomeUnknown):
            run(world)
        assert len(world.sends()) == 1

    def test_log_that_fails_while_looking_does_not_end_the_look(self):
        world = Api(SendOrder=lambda _: (world.buy(), LOST)[1])
        world.script("Advance", lambda effect: JOURNAL if effect.state == "reconciling" else True)
        assert statuses(run(world)) == ["succeeded"]

    def test_log_that_fails_before_the_second_round_sends_nothing_more(self):
        world = Api(reservation("a"), reservation("b"), SendOrder=lambda _: (world.buy(), LOST)[1])
        world.script(
            "Advance", lambda effect: JOURNAL if effect.state == "sending" and world.sends() else True
        )
        assert statuses(run(world, "a", "b")) == ["succeeded", "unknown"]
        assert len(world.sends()) == 1

    def test_answer_is_kept_if_the_log_fails(self):
        world = Api(SendOrder=[answer(made_order())], Settle=JOURNAL)
        assert statuses(run(world)) == ["succeeded"]

    def test_unknown_order_is_kept_if_the_log_fails(self):
        world = Api(SendOrder=[LOST])
        world.script("Advance", lambda effect: JOURNAL if world.sends() else True)
        with pytest.raises(OutcomeUnknown) as caught:
            run(world)
        assert caught.value.intent["reference"] == "REF"
        assert caught.value.operation == "bulk_create_orders"

    def test_refusal_that_cannot_be_written_down_is_unknown(self):
        # once this process is gone, another may complete the order
        world = Api(SendOrder=[RateLimited("no", status=429)], Settle=JOURNAL)
        with pytest.raises(OutcomeUnknown):
            run(world)


class TestListsOfOrders:
    """Orders are found by their reference in whatever order and pages the list has."""

    OLDER = tuple(
        made_order(f"x{at}", f"x{at}", createdAt=(NOW - timedelta(days=1, seconds=at)).isoformat())
        for at in range(120)
    )

    def test_list_is_read_down_to_what_is_too_old(self):
        world = Api(SendOrder=[answer(made_order())], ListOrders=pages(*self.OLDER))
        run(world)
        assert [(effect.reference, effect.page, effect.size) for effect in world.only("ListOrders")] == [
            ("REF", 1, 50)
        ]

    def test_list_is_read_on_where_a_reservation_does_not_say_its_age(self):
        world = Api(
            reservation(createdAt=None), SendOrder=[answer(made_order())], ListOrders=pages(*self.OLDER)
        )
        run(world)
        assert [effect.page for effect in world.only("ListOrders")] == [1, 2, 3]

    @pytest.mark.parametrize("total", [True, False])
    def test_list_sorted_otherwise_than_asked_is_read_to_its_end(self, total):
        listed = [*reversed(self.OLDER), made_order()]
        world = Api(ListOrders=pages(*listed, total=total))
        assert statuses(run(world)) == ["succeeded"]
        assert world.sends() == []

    def test_list_without_an_end_is_not_believed(self, monkeypatch):
        monkeypatch.setattr(order_steps, "MOST_PAGES", 3)
        world = Api(ListOrders=lambda effect: Page((made_order(f"p{effect.page}", "x"),), None))
        with pytest.raises(UnexpectedCount, match="more than 150 orders"):
            run(world)
        assert len(world.only("ListOrders")) == 3

    def test_order_of_another_reference_in_the_list_is_not_ours(self):
        others = [
            made_order("x", "b", externalReference="OTHER"),
            made_order("y", None, externalReference="OTHER"),
        ]
        world = Api(orders=others, SendOrder=[answer(made_order())])
        assert not run(world).lines[0].adopted
        with pytest.raises(ReservationUnusable, match="under the reference 'OTHER'"):
            run(Api(orders=[made_order("x", externalReference="OTHER")]))

    def test_reference_that_was_folded_is_still_ours(self):
        world = Api(orders=[made_order("x", externalReference=" ref")])
        assert run(world).lines[0].adopted

    def test_list_is_read_down_to_the_oldest_of_the_reservations(self):
        early = (NOW - timedelta(days=2)).isoformat()
        world = Api(reservation("a"), reservation("b", createdAt=early), ListOrders=pages(*self.OLDER))
        world.script("SendOrder", [answer(made_order(), made_order("p", "b"))])
        run(world, "a", "b")
        assert [effect.page for effect in world.only("ListOrders")] == [1, 2, 3]

    def test_list_is_read_while_one_reservation_has_no_order(self):
        world = Api(reservation("a"), reservation("b"), orders=[made_order("p", "b")])
        world.buy()
        assert statuses(run(world, "a", "b")) == ["succeeded", "succeeded"]
        assert world.sends() == []

    def test_one_ended_reservation_of_several_needs_a_whole_list(self):
        world = Api(reservation("a"), reservation("b", expired=True))
        world.script("ListOrders", lambda _: Page((), 1))
        with pytest.raises(UnexpectedCount, match="has fewer members than its total"):
            run(world, "a", "b")

    def test_live_order_counts_before_a_cancelled_one(self):
        orders = [made_order("c", status="cancelled"), made_order("o")]
        assert run(Api(orders=orders)).lines[0].results[0].iri == order_iri("o")
        assert run(Api(orders=orders[::-1])).lines[0].results[0].iri == order_iri("o")

    @pytest.mark.parametrize(
        "short",
        [
            lambda effect: Page((made_order("x", "x"),), 2),
            lambda effect: Page((made_order("x", "x"),) if effect.page == 1 else (), 2),
            lambda effect: Page((made_order("x", "x"),), None),
            lambda effect: Page((), 1),
        ],
    )
    def test_list_that_leaves_out_what_it_counts_proves_no_absence(self, short):
        world = Api(SendOrder=lambda _: (world.reservations.update({A: reservation(expired=True)}), LOST)[1])
        world.script("ListOrders", short)
        with pytest.raises(OutcomeUnknown):
            run(world)
        # a reservation that is free can be sent: the API refuses it if it has an order
        world = Api(SendOrder=[answer(made_order())], ListOrders=short)
        assert statuses(run(world)) == ["succeeded"]

    @pytest.mark.parametrize(
        "whole",
        [
            pages(made_order("x", "x"), total=False),
            lambda _: Page((made_order("x", "x"), OrderFacts(None)), 2),
        ],
    )
    def test_list_that_shows_what_it_counts_is_whole(self, whole):
        world = Api(SendOrder=lambda _: (world.reservations.update({A: reservation(expired=True)}), LOST)[1])
        world.script("ListOrders", whole)
        assert statuses(run(world)) == ["failed"]


class TestResolving:
    def resolve(self, world, *names, sent=True, is_ours=True):
        intent = intent_of(*names, sent=sent, state="reconciling")
        return world.run(
            resolve_order(intent, request(*names, customer=False), Patience(SETTLE, TOTAL), is_ours=is_ours)
        )

    def test_order_that_exists_is_found_and_settled(self):
        world = Api()
        world.buy()
        (outcome,) = self.resolve(world).lines
        assert (outcome.status, outcome.adopted) == ("succeeded", True)
        assert world.names()[-1] == "Settle"

    def test_free_reservation_is_unknown_and_stays_open(self):
        world = Api()
        (outcome,) = self.resolve(world).lines
        assert outcome.status == "unknown"
        until = (NOW + timedelta(minutes=15)).isoformat()
        assert f"it has not been ordered. It can be ordered until {until}: order the same" in str(
            outcome.error
        )
        assert world.waited() >= SETTLE
        assert world.names()[-1] == "Advance unknown"
        assert world.sends() == []

    def test_ended_reservation_has_failed(self):
        world = Api(reservation(expired=True))
        (outcome,) = self.resolve(world).lines
        assert outcome.status == "failed"
        assert world.waited() >= SETTLE
        assert world.only("Settle")[0].outcome["lines"][0]["status"] == "failed"

    def test_absent_reservation_is_unknown(self):
        world = Api(ReadReservation=lambda _: not_found())
        assert statuses(self.resolve(world)) == ["unknown"]

    def test_mixed_lines_stay_open(self):
        world = Api(reservation("a"), reservation("b"))
        world.buy()
        assert statuses(self.resolve(world, "a", "b")) == ["succeeded", "unknown"]
        assert world.names()[-1] == "Advance unknown"

    def test_order_that_was_never_sent_needs_one_look(self):
        world = Api(reservation(expired=True))
        assert statuses(self.resolve(world, sent=False)) == ["failed"]
        assert world.waited() == 0

    def test_foreign_intent_is_only_looked_at(self):
        for made in (reservation(), reservation(expired=True)):
            world = Api(made)
            self.resolve(world, is_ours=False)
            assert set(world.names()) == {"Together", "ListOrders", "Wait"}

    def test_api_that_cannot_be_asked_leaves_it_unknown(self):
        world = Api(ReadReservation=lambda _: ServerError("no", status=500))
        with pytest.raises(OutcomeUnknown, match="the answer was lost"):
            self.resolve(world)
        assert world.only("Settle") == []

    def test_intent_taken_over_meanwhile_stays_unknown(self):
        world = Api(Advance=[False])
        with pytest.raises(OutcomeUnknown, match="another process has taken it over"):
            self.resolve(world)


class TestCompleting:
    def complete(self, world, *names, sent=True, known=(), **changes):
        intent = intent_of(*names, sent=sent, state="reconciling", **changes)
        intent = evolve(intent, details={**intent.details, "known": list(known)})
        return world.run(complete_order(intent, request(*names), Patience(SETTLE, TOTAL)))

    def test_missing_order_is_sent_for_the_same_reservation(self):
        world = Api(SendOrder=[answer(made_order())])
        assert statuses(self.complete(world)) == ["succeeded"]
        assert world.sends() == [(A,)]
        assert world.waited(world.only("SendOrder")[0]) >= SETTLE
        assert world.names()[-1] == "Settle"

    def test_line_refused_beside_a_call_that_has_sent_the_same_meanwhile_is_unknown(self):
        refusal = answer(failures=[{"reservation": A, "message": "No."}])
        for doubt, status in ((frozenset({A}), "unknown"), (frozenset(), "failed")):
            world = Api(SendOrder=[refusal], InDoubt=[frozenset(), *[doubt] * 3])
            assert statuses(self.complete(world, sent=False)) == [status]

    def test_request_refused_beside_the_same_request_is_unknown(self):
        refusal = BadRequest("no", status=400)
        for doubt, raised in ((frozenset({A}), OutcomeUnknown), (frozenset(), BadRequest)):
            with pytest.raises(raised):
                self.complete(Api(SendOrder=[refusal], InDoubt=[frozenset(), *[doubt] * 3]), sent=False)

    def test_order_that_exists_is_not_sent(self):
        world = Api(reservation("a"), reservation("b"), SendOrder=[answer(made_order("p", "b"))])
        world.buy()
        assert statuses(self.complete(world, "a", "b")) == ["succeeded", "succeeded"]
        assert world.sends() == [(B,)]

    def test_ended_reservation_is_not_sent(self):
        world = Api(reservation(expired=True))
        assert statuses(self.complete(world)) == ["failed"]
        assert world.sends() == []

    def test_line_reported_as_failed_by_another_call_is_not_sent(self):
        world = Api(
            reservation("a"),
            reservation("b"),
            ReportedFailed=lambda _: frozenset({A}),
            SendOrder=[answer(made_order("p", "b"))],
        )
        result = self.complete(world, "a", "b", sent=False)
        assert statuses(result) == ["unknown", "succeeded"]  # somebody may have ordered it again since
        assert "another call has reported it as failed" in str(result.lines[0].error)
        assert world.sends() == [(B,)]
        # noted before asked: a call that reports a failure does it the other way round
        assert world.names().index("Advance sending") < world.names().index("ReportedFailed")

    def test_absent_reservation_is_not_sent(self):
        world = Api(ReadReservation=lambda _: not_found())
        assert statuses(self.complete(world)) == ["unknown"]
        assert world.sends() == []

    def test_booking_made_otherwise_since_is_not_completed(self):
        world = Api(orders=[made_order("n", "new")])
        (outcome,) = self.complete(world).lines
        assert outcome.status == "unknown"
        assert "other reservations were ordered under the same reference" in str(outcome.error)
        assert world.sends() == []

    @pytest.mark.parametrize(
        ("orders", "known"),
        [
            ([made_order("n", "new")], [order_iri("n")]),
            ([made_order("n", "new", status="cancelled")], []),
            ([made_order("n", "new", externalReference="OTHER")], []),
        ],
    )
    def test_orders_from_before_or_of_others_do_not_keep_it_from_completing(self, orders, known):
        world = Api(orders=orders, SendOrder=[answer(made_order())])
        assert statuses(self.complete(world, known=known)) == ["succeeded"]

    def test_own_order_is_no_booking_made_otherwise(self):
        world = Api(reservation("a"), reservation("b"), SendOrder=[answer(made_order("p", "b"))])
        world.buy()
        world.orders[order_iri("o")] = made_order("o", None)
        assert statuses(self.complete(world, "a", "b")) == ["succeeded", "succeeded"]

    def test_refusal_of_what_was_never_sent_is_settled_and_raised(self):
        world = Api(SendOrder=[Conflict("no", status=409)])
        with pytest.raises(Conflict):
            self.complete(world, sent=False)
        assert world.only("Settle")[0].outcome == {"refused": "Conflict"}

    @pytest.mark.parametrize("error", [RateLimited("no", status=429), ConnectionFailed("no", sent=False)])
    def test_order_refused_for_now_stays_open(self, error):
        world = Api(SendOrder=[error])
        with pytest.raises(type(error)):
            self.complete(world, sent=False)
        assert world.only("Settle") == []

    def test_refusal_after_a_lost_answer_stays_open(self):
        world = Api(SendOrder=[Conflict("no", status=409)])
        assert statuses(self.complete(world)) == ["unknown"]
        assert world.names()[-1] == "Advance unknown"

    @pytest.mark.parametrize("advances", [[False], [True] * 6 + [False]])
    def test_intent_taken_over_begins_no_request(self, advances):
        world = Api(Advance=advances)
        with pytest.raises(OutcomeUnknown, match="another process has taken it over"):
            self.complete(world)
        assert world.sends() == []

    def test_log_that_fails_sends_nothing(self):
        world = Api()
        world.script("Advance", lambda effect: JOURNAL if effect.state == "sending" else True)
        assert statuses(self.complete(world)) == ["unknown"]
        assert world.sends() == []
        world = Api(Advance=JOURNAL)
        with pytest.raises(JournalFailed):
            self.complete(world, sent=False)


class TestFailuresBesideOtherCalls:
    """A refused line is reported as failed only if no other call has sent its reservation meanwhile."""

    def order_refused(self, doubts, **more):
        world = Api(
            SendOrder=[answer(failures=[{"reservation": A, "message": "No."}])],
            InDoubt=[frozenset(each) for each in doubts],
            **more,
        )
        return run(world)

    def test_refusal_is_a_failure_without_competing_calls(self):
        result = self.order_refused([(), (), ()])
        assert statuses(result) == ["failed"]

    def test_line_that_another_call_has_ordered_meanwhile_is_found(self):
        world = Api(SendOrder=[answer(failures=[{"reservation": A, "message": "No."}])])
        doubts = iter([frozenset(), frozenset({A})])

        def in_doubt(_):
            found = next(doubts)
            if found:
                world.buy()
            return found

        world.script("InDoubt", in_doubt)
        assert statuses(run(world)) == ["succeeded"]

    @pytest.mark.parametrize("doubts", [[(), (A,)], [(), (), (A,)]], ids=["before", "after"])
    def test_line_that_another_call_sends_meanwhile_is_unknown(self, doubts):
        with pytest.raises(OutcomeUnknown):
            self.order_refused(doubts)

    def test_failure_that_cannot_be_noted_is_unknown(self):
        with pytest.raises(OutcomeUnknown):
            self.order_refused([(), ()], Settle=lambda _: None)
