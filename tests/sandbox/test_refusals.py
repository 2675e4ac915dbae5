"""What the sandbox refuses, with which status and which words for where."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from shopping import CUSTOMER, PLAIN, open_shop, token_for

from korus._core.field_types import FIELD_TYPES

if TYPE_CHECKING:
    from shopping import Shop

    from korus.sandbox import Sandbox

MORE: dict[str, tuple[str, ...]] = {
    "text": ("Vega", "ünï·çødé 🏮", "0"),
    "bool": ("true", "false"),
    "integer": ("4", "-12", "007"),
    "decimal": ("7.50", "7", "-0.5"),
    "date": ("2027-02-28", "2028-02-29"),
    "time": ("00:00", "23:59"),
    "datetime": ("2026-04-18 18:45:00",),
    "single_choice": ("red",),
    "multi_choice": ("tea", "cake"),
}
GOOD = {name: MORE.get(name, (row.text,)) for name, row in FIELD_TYPES.items()}
BAD: dict[str, tuple[str, ...]] = {
    "bool": ("True", "1", "yes", ""),
    "integer": ("4.0", "four", "", "+4", " 4", "٤"),
    "decimal": ("7,50", "1e3", "NaN", "", ".5", "7."),
    "date": ("2027-02-29", "20270228", "2027-2-8", "28.02.2027", ""),
    "time": ("24:00", "9:30", "09:30:00", "0930"),
    "datetime": (
        "2026-04-18T18:45:00",
        "2026-04-18 18:45",
        "2026-04-18 18:45:00+00:00",
        "2026-02-30 10:00:00",
    ),
    "single_choice": ("purple", "Red", ""),
    "multi_choice": ("tea,cake", ""),
}
BAD |= {name: (f"{row.text}\n",) for name, row in FIELD_TYPES.items() if row.shape and name not in BAD}


@pytest.fixture
def line(shop: Shop) -> dict[str, Any]:
    return shop.line(shop.offers("Lantern workshop, adult")[0])


def refused(shop: Shop, *lines: dict[str, Any]) -> list[str]:
    """Return where a bulk reservation is wrong."""
    answer = shop.post("/v1/booking/reservations/_bulk", {"items": list(lines)})
    assert answer.status_code == 422, answer.text
    assert answer.json()["status"] == 422
    return [violation["propertyPath"] for violation in answer.json()["violations"]]


def form_fields(shop: Shop, line: dict[str, Any]) -> dict[str, dict[str, Any]]:
    form = line["ticketSessions"][0]["formData"]["form"]
    return {field["type"]: field for field in shop.get(form).json()["fields"]}


def test_the_workshop_form_has_all_types(shop: Shop, line: dict[str, Any]) -> None:
    assert set(form_fields(shop, line)) == set(GOOD)


@pytest.mark.parametrize("kind", sorted(GOOD))
def test_a_well_written_answer_is_taken(
    kind: str, shop: Shop, line: dict[str, Any], sandbox: Sandbox
) -> None:
    fields = line["ticketSessions"][0]["formData"]["fields"]
    address = form_fields(shop, line)[kind]["@id"]
    kept = [entry for entry in fields if entry["field"] != address]
    for value in GOOD[kind]:
        line["ticketSessions"][0]["formData"]["fields"] = [*kept, {"field": address, "value": value}]
        assert len(shop.reserve(line)["reservations"]) == 1
        assert value in [answer[2] for answer in sandbox.inspect.reservations[-1]["answers"]]


@pytest.mark.parametrize("kind", sorted(BAD))
def test_malformed_form_answer_is_refused_with_its_position(
    kind: str, shop: Shop, line: dict[str, Any]
) -> None:
    fields = line["ticketSessions"][0]["formData"]["fields"]
    address = form_fields(shop, line)[kind]["@id"]
    kept = [entry for entry in fields if entry["field"] != address]
    for value in BAD[kind]:
        line["ticketSessions"][0]["formData"]["fields"] = [*kept, {"field": address, "value": value}]
        assert refused(shop, line) == [f"items[0].ticketSessions[0].formData.fields[{len(kept)}].value"], (
            value
        )


def test_several_choices_are_several_entries_and_none_is_given_twice(
    shop: Shop, line: dict[str, Any]
) -> None:
    data = line["ticketSessions"][0]["formData"]
    extras = form_fields(shop, line)["multi_choice"]["@id"]
    data["fields"] += [{"field": extras, "value": "tea"}, {"field": extras, "value": "cake"}]
    assert len(shop.reserve(line)["reservations"]) == 1
    data["fields"].append({"field": extras, "value": "tea"})
    assert refused(shop, line) == ["items[0].ticketSessions[0].formData.fields[4].field"]


def test_a_required_answer_that_is_missing_is_named(shop: Shop, line: dict[str, Any]) -> None:
    line["ticketSessions"][0]["formData"]["fields"].pop()
    assert refused(shop, line) == ["items[0].ticketSessions[0].formData.fields"]
    del line["ticketSessions"][0]["formData"]
    assert refused(shop, line) == ["items[0].ticketSessions[0].formData"]


def test_all_problems_are_reported_at_once_and_nothing_is_held(
    shop: Shop, line: dict[str, Any], sandbox: Sandbox
) -> None:
    first, second, third = copy.deepcopy(line), copy.deepcopy(line), copy.deepcopy(line)
    first["quantity"] = 0
    del second["ticketSessions"][0]["session"]
    second["quantity"] = "2"
    third["offer"] = third["offer"].replace("/offers/", "/products/")
    assert refused(shop, line, first, second, third) == [
        "items[1].quantity",
        "items[2].quantity",
        "items[2].ticketSessions[0].session",
        "items[3].offer",
    ]
    assert sandbox.inspect.reservations == []


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"quantity": 9}, "quantity"),
        ({"quantity": True}, "quantity"),
        ({"quantity": 1.5}, "quantity"),
        ({"offer": 7}, "offer"),
        ({"offer": "https://example.com/"}, "offer"),
        ({"ticketSessions": []}, "ticketSessions"),
        ({"ticketSessions": {}}, "ticketSessions"),
        ({"ticketSessions": [{}]}, "ticketSessions[0].ticket"),
        ({"ticketSessions": [3]}, "ticketSessions[0]"),
    ],
)
def test_a_line_that_is_wrong_is_refused_where_it_is_wrong(
    change: dict[str, Any], where: str, shop: Shop, line: dict[str, Any]
) -> None:
    assert refused(shop, {**line, **change}) == [f"items[0].{where}"]


def test_a_session_must_be_of_the_ticket_and_a_whole_day_ticket_takes_none(
    shop: Shop, line: dict[str, Any]
) -> None:
    other = shop.line(shop.offers("Lantern workshop, child")[0])["ticketSessions"][0]
    line["ticketSessions"][0]["session"] = other["session"]
    assert refused(shop, line) == ["items[0].ticketSessions[0].session"]
    line["ticketSessions"][0]["session"] = None
    assert refused(shop, line) == ["items[0].ticketSessions[0].session"]
    day = shop.line(shop.offers("Lantern Park, one day, child")[0])
    day["ticketSessions"][0]["session"] = other["session"]
    assert refused(shop, day) == ["items[0].ticketSessions[0].session"]
    day["ticketSessions"] = [other]
    assert refused(shop, day) == ["items[0].ticketSessions[0].ticket"]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"reservations": []}, "reservations"),
        (
            {"reservations": ["/v1/booking/reservations/019c23ce-8130-757d-9573-7de8ce887e98"]},
            "reservations[0]",
        ),
        ({"customer": None}, "customer"),
        ({"customer": {**CUSTOMER, "email": "otto"}}, "customer.email"),
        ({"customer": {**CUSTOMER, "title": "dr"}}, "customer.title"),
        ({"customer": {**CUSTOMER, "optin": "yes"}}, "customer.optin"),
        ({"customer": {**CUSTOMER, "country": "fr"}}, "customer.country"),
        ({"customer": {"firstname": "Otto", "email": "o@shop.example"}}, "customer.lastname"),
        ({"externalReference": ""}, "externalReference"),
        ({"externalReference": "x" * 51}, "externalReference"),
        ({"notes": 5}, "notes"),
    ],
)
def test_an_order_that_is_wrong_is_refused_where_it_is_wrong(
    change: dict[str, Any], where: str, shop: Shop, sandbox: Sandbox
) -> None:
    held = shop.reserve(shop.line(shop.offers("Lantern Park, one day, child")[0]))["reservations"][0]["@id"]
    body = {"reservations": [held], "customer": CUSTOMER, "externalReference": "A", **change}
    answer = shop.post("/v1/booking/orders/_bulk", body)
    assert answer.status_code == 422
    assert [violation["propertyPath"] for violation in answer.json()["violations"]] == [where]
    assert sandbox.inspect.orders == []


def test_a_reservation_named_twice_is_refused(shop: Shop) -> None:
    held = shop.reserve(shop.line(shop.offers("Lantern Park, one day, child")[0]))["reservations"][0]["@id"]
    body = {"reservations": [held, held], "customer": CUSTOMER, "externalReference": "A"}
    answer = shop.post("/v1/booking/orders/_bulk", body)
    assert [violation["propertyPath"] for violation in answer.json()["violations"]] == ["reservations[1]"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b'{"items": NaN}', b'{"items": "\\ud800"}', b"\xff"]
)
def test_a_body_that_is_no_json_object_is_a_400(body: bytes, shop: Shop) -> None:
    headers = {"Content-Type": "application/ld+json"}
    answer = shop.http.post("/v1/booking/reservations/_bulk", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["@type"] == "Error"


def test_media_types_are_minded(shop: Shop) -> None:
    wrong = shop.http.post("/v1/booking/reservations/_bulk", json={})
    assert wrong.status_code == 415
    assert shop.get("/v1/booking/orders", Accept="text/html").status_code == 406
    assert shop.get("/v1/booking/orders", Accept="*/*").status_code == 200


def test_a_catalogue_that_is_not_granted_is_refused_everywhere(shop: Shop) -> None:
    closed = next(catalog for catalog in shop.sandbox.catalogue.catalogs if not catalog.plan.granted)
    offer = shop.sandbox.catalogue.offers[closed.id][0]
    assert closed.iri not in [catalog["@id"] for catalog in shop.members("/v1/ticketing/catalogs")]
    for path in (f"{closed.iri}/offers", f"{closed.iri}/product_bases", f"{offer.iri}/price"):
        assert shop.get(path).status_code == 403
    line = {"offer": offer.iri, "quantity": 1, "ticketSessions": []}
    assert shop.post("/v1/booking/reservations/_bulk", {"items": [line]}).status_code == 403


def test_another_organisation_sees_nothing_of_this_one(shop: Shop, sandbox: Sandbox) -> None:
    order = shop.buy(shop.offers("Lantern Park, one day, child")[0])
    sandbox.add_client("rival", "rival-secret", catalogs={"aquarium": True})
    other = open_shop(sandbox, "rival", "rival-secret")
    with other.http:
        assert len(other.members("/v1/ticketing/catalogs")) == 4
        assert other.members("/v1/booking/orders") == []
        assert other.members("/v1/booking/reservations") == []
        for path in (order["@id"], order["reservation"], order["items"][0]["tickets"][0]["@id"]):
            assert other.get(path).status_code == 403
        assert other.get(f"{order['@id']}/documents").status_code == 403


def test_what_does_not_exist_is_a_404_by_itself_and_a_403_in_a_list(shop: Shop) -> None:
    nothing = "019c23ce-8130-757d-9573-7de8ce887e98"
    catalog = shop.catalog()
    for path in (
        f"/v1/booking/orders/{nothing}",
        f"/v1/booking/reservations/{nothing}",
        f"/v1/forms/{nothing}",
        f"{catalog}/offers/{nothing}/price",
        f"{catalog}/offers/{nothing}/availability",
        f"{catalog}/offers/{nothing}/tickets/{nothing}",
        f"/v1/booking/orders/{nothing}/documents/{nothing}",
        f"/v1/booking/orders/{nothing}/items/{nothing}/tickets/{nothing}",
    ):
        assert shop.get(path).status_code == 404, path
    for path in (
        f"/v1/ticketing/catalogs/{nothing}/offers",
        f"{catalog}/product_bases/{nothing}/products",
        f"{catalog}/offers/{nothing}/tickets/{nothing}/sessions",
        f"/v1/booking/orders/{nothing}/documents",
    ):
        assert shop.get(path).status_code == 403, path


def test_an_error_is_a_problem_document(shop: Shop) -> None:
    answer = shop.get("/v1/booking/orders/019c23ce-8130-757d-9573-7de8ce887e98")
    assert answer.json() == {
        "@context": "/contexts/Error",
        "@id": "/errors/404",
        "@type": "Error",
        "title": "An error occurred",
        "detail": "There is no such order.",
        "status": 404,
        "type": "/errors/404",
        "description": "There is no such order.",
    }
    assert answer.headers["x-request-id"]


def test_a_wrong_token_is_refused_by_its_fault(sandbox: Sandbox) -> None:
    good = token_for(sandbox)

    def asked(authorization: str) -> tuple[int, str]:
        answer = PLAIN.get(f"{sandbox.base_url}/v1/booking/orders", headers={"Authorization": authorization})
        return answer.status_code, "" if answer.status_code == 200 else answer.json()["message"]

    assert asked(f"Bearer {good}") == (200, "")
    assert asked(f"bearer {good}") == (200, "")
    assert asked("Bearer nonsense") == (401, "Invalid JWT Token")
    assert asked(good) == (401, "JWT Token not found")
    sandbox.clock.advance(1801)
    assert asked(f"Bearer {good}") == (401, "Expired JWT Token")


@pytest.mark.parametrize(
    "body",
    [
        {"items": [{}] * 100_000},
        {"items": [1] * 150_000},
        {"items": [{"offer": "x" * 1000, "quantity": "y", "ticketSessions": [{}] * 50}] * 600},
    ],
    ids=["objects", "numbers", "long lines"],
)
def test_a_body_that_is_wrong_throughout_is_answered_shortly(shop: Shop, body: dict[str, Any]) -> None:
    answer = shop.post("/v1/booking/reservations/_bulk", body)
    assert answer.status_code == 422
    assert len(answer.json()["violations"]) == 1000
    assert len(answer.content) < 1_000_000


def test_reservations_that_do_not_exist_are_answered_shortly(shop: Shop) -> None:
    body = {"customer": CUSTOMER, "externalReference": "R", "reservations": ["x"] * 75_000}
    answer = shop.post("/v1/booking/orders/_bulk", body)
    assert answer.status_code == 422
    assert len(answer.content) < 1_000_000


def test_all_lines_together_have_a_largest_number_of_units(shop: Shop, line: dict[str, Any]) -> None:
    lines = [{**line, "quantity": 100}] * 101
    assert "items" in refused(shop, *lines)


def test_many_answers_to_one_field_are_judged_in_a_moment(shop: Shop, line: dict[str, Any]) -> None:
    choices = form_fields(shop, line)["multi_choice"]
    given = [{"field": choices["@id"], "value": str(number)} for number in range(20_000)]
    form = {**line["ticketSessions"][0]["formData"], "fields": given}
    lines = {**line, "ticketSessions": [{**line["ticketSessions"][0], "formData": form}]}
    assert len(refused(shop, lines)) == 1000
