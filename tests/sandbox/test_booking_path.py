"""From browsing to a ticket in hand, over HTTP, with every answer held against the description."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pypdf import PdfReader
from shopping import PLAIN, open_shop

from korus.sandbox import Sandbox

if TYPE_CHECKING:
    from shopping import Shop

NAMES = {"beneficiary": {"firstname": "Ada", "lastname": "Lovelace"}}


def test_the_first_offer_after_new_year_asks_for_a_session_and_a_form(shop: Shop) -> None:
    query = {"date[after]": "2027-01-02", "order[date]": "asc"}
    offer = shop.members(f"{shop.catalog()}/offers", **query)[0]
    ticket = offer["tickets"][0]
    assert offer["date"] == "2027-01-02"
    assert offer["availableQuantity"] > 0
    assert ticket["dateAccess"] is False
    required = {field["code"] for field in shop.get(ticket["form"]).json()["fields"] if field["required"]}
    assert required == {"allergies", "seats"}


def test_a_booking_goes_from_hold_to_pdf(shop: Shop, sandbox: Sandbox) -> None:
    offer = shop.offers("Lantern workshop, adult")[0]
    order = shop.buy(offer, 2, "SHOP-42")
    tickets = order["items"][0]["tickets"]
    assert [ticket["status"] for ticket in tickets] == ["waiting_beneficiary_data", "validated"]
    assert shop.members(f"{order['@id']}/documents") == []

    named = shop.patch(tickets[0]["@id"], NAMES).json()
    assert named["status"] == "validated"
    assert named["beneficiary"]["firstname"] == "Ada"
    document = shop.members(f"{order['@id']}/documents")[0]
    assert shop.patch(document["@id"], {}).status_code == 422

    sandbox.clock.advance(2)
    address = shop.patch(document["@id"], {}).json()["temporaryUrl"]
    file = PLAIN.get(address)
    assert file.headers["content-type"] == "application/pdf"
    pages = PdfReader(io.BytesIO(file.content)).pages
    text = "".join(page.extract_text() for page in pages)
    assert order["reference"] in text
    assert all(ticket["voucher"] in text for ticket in tickets)
    assert "Ada Lovelace" in text


def test_every_ticket_has_a_page_with_its_code_on_it(shop: Shop, sandbox: Sandbox) -> None:
    order = shop.buy(shop.offers("Lantern Park, one day, child")[0], 9)
    sandbox.clock.advance(2)
    document = shop.members(f"{order['@id']}/documents")[0]
    file = PLAIN.get(shop.patch(document["@id"], {}).json()["temporaryUrl"]).content
    reader = PdfReader(io.BytesIO(file))
    assert len(reader.pages) == 3
    drawn = sum(page.get_contents().get_data().count(b" re") for page in reader.pages)
    assert drawn > 9 * 100  # a QR code of version 1 has more than a hundred runs of dark modules


@pytest.mark.parametrize(
    ("language", "day", "count"),
    [("en", "Friday 14 May 2027", "1 of 1"), ("fr", "vendredi 14 mai 2027", "1 sur 1")],
)
def test_ticket_shows_the_day_in_words_and_its_holder(language: str, day: str, count: str) -> None:
    with Sandbox(seed=7, now=datetime(2027, 5, 14, 6, tzinfo=UTC), document_delay=timedelta(0)) as sandbox:
        shop = open_shop(sandbox)
        with shop.http:
            order = shop.buy(shop.offers("Lantern Park, one day, child")[0])
            name = {"firstname": "\u0141ukasz", "lastname": "\u017b\u00f3\u0142\u0107-\u0416 " + "x" * 90}
            shop.patch(order["items"][0]["tickets"][0]["@id"], {"beneficiary": name})
            document = shop.members(f"{order['@id']}/documents")[0]["@id"]
            answer = shop.patch(document, {}, **{"Accept-Language": language})
            file = PLAIN.get(answer.json()["temporaryUrl"]).content
    text = PdfReader(io.BytesIO(file)).pages[0].extract_text()
    assert day in text
    assert count in text
    assert "Lukasz Z\u00f3lc-? xxx" in text
    assert "x\N{HORIZONTAL ELLIPSIS}" in text
    assert order["reference"] in text


def test_an_order_names_its_reservation_and_a_reservation_its_order(shop: Shop) -> None:
    held = shop.reserve(shop.line(shop.offers("Lantern workshop")[0]))
    address = held["reservations"][0]["@id"]
    order = shop.order(address)["orders"][0]
    assert order["reservation"] == address
    assert shop.get(address).json()["order"] == order["@id"]
    assert shop.get(order["@id"]).json()["reference"] == order["reference"]


def test_stock_goes_down_with_a_hold_and_comes_back_when_it_ends(shop: Shop, sandbox: Sandbox) -> None:
    offer = shop.offers("Lantern Park, one day, child")[0]
    availability = f"{offer['@id']}/availability"
    before = shop.get(availability).json()["availableQuantity"]
    held = shop.reserve(shop.line(offer, 3))["reservations"][0]
    assert shop.get(availability).json()["availableQuantity"] == before - 3
    sandbox.clock.advance(timedelta(minutes=15, seconds=1))
    assert shop.get(availability).json()["availableQuantity"] == before
    assert shop.get(held["@id"]).json()["expired"] is True


def test_what_was_ordered_never_comes_back(shop: Shop, sandbox: Sandbox) -> None:
    offer = shop.offers("Lantern Park, one day, child")[0]
    before = offer["availableQuantity"]
    shop.buy(offer, 2)
    sandbox.clock.advance(timedelta(hours=1))
    assert shop.get(f"{offer['@id']}/availability").json()["availableQuantity"] == before - 2


def test_a_session_has_a_stock_of_its_own(shop: Shop) -> None:
    offer = shop.offers("Lantern workshop, adult")[0]
    line = shop.line(offer, 4)
    chosen = line["ticketSessions"][0]["session"]

    def left() -> dict[str, int]:
        entries = shop.get(f"{offer['@id']}/availability").json()["sessionsAvailability"]
        return {entry["session"]: entry["availableQuantity"] for entry in entries}

    before = left()
    shop.reserve(line)
    assert left() == {**before, chosen: before[chosen] - 4}


def test_holds_of_one_call_end_at_different_times(shop: Shop) -> None:
    park = shop.line(shop.offers("Lantern Park, one day, child")[0])
    museum = shop.line(shop.offers("Collection, full", catalog="Museum of Quiet Things")[0])
    held = shop.reserve(park, museum)["reservations"]
    lasts = [
        datetime.fromisoformat(each["expiresAt"]) - datetime.fromisoformat(each["createdAt"]) for each in held
    ]
    assert lasts == [timedelta(minutes=15), timedelta(minutes=20)]


def test_a_bulk_hold_fails_in_part_when_one_offer_is_sold_out(shop: Shop) -> None:
    everything = shop.members(
        f"{shop.catalog()}/offers", **{"date[after]": "2027-01-01", "order[date]": "asc"}
    )
    every = [offer for page in range(1, 20) for offer in shop.members(f"{shop.catalog()}/offers", page=page)]
    sold_out = next(
        offer for offer in every if offer["availableQuantity"] == 0 and not offer["product"]["disabled"]
        and offer["tickets"][0]["dateAccess"]
    )  # fmt: skip
    good = next(
        offer for offer in everything if offer["availableQuantity"] and offer["tickets"][0]["dateAccess"]
    )
    answer = shop.reserve(shop.line(good), shop.line(sold_out, 2))
    assert [held["items"][0]["offer"] for held in answer["reservations"]] == [good["@id"]]
    failed = answer["failedReservations"][0]
    assert (failed["offer"], failed["quantity"], failed["code"]) == (sold_out["@id"], 2, "offer_unavailable")


def test_the_items_of_a_reservation_are_its_units(shop: Shop) -> None:
    held = shop.reserve(shop.line(shop.offers("Lantern Park, one day, child")[0], 3))["reservations"][0]
    assert len(held["items"]) == 3
    assert held["totalAmountInclTax"] == "73.50"


def test_an_offer_can_mix_whole_day_and_session_tickets(shop: Shop) -> None:
    offer = shop.offers("Evening admission")[0]
    assert [ticket["dateAccess"] for ticket in offer["tickets"]] == [True, False]
    held = shop.reserve(shop.line(offer))["reservations"][0]
    sessions = [ticket["session"] for ticket in held["items"][0]["offerTickets"]]
    assert sessions[0] is None
    assert sessions[1] is not None


def test_a_reservation_is_ordered_once(shop: Shop, sandbox: Sandbox) -> None:
    held = shop.reserve(shop.line(shop.offers("Lantern workshop, adult")[0]))["reservations"][0]["@id"]
    first = shop.order(held)
    second = shop.order(held)
    assert len(first["orders"]) == 1
    assert second["orders"] == []
    assert second["failedOrders"][0]["code"] == "reservation_already_ordered"
    assert sandbox.inspect.orders_by_reservation() == {held: [first["orders"][0]["@id"]]}


def test_many_callers_at_once_order_a_reservation_once(shop: Shop, sandbox: Sandbox) -> None:
    held = shop.reserve(shop.line(shop.offers("Lantern workshop, adult")[0]))["reservations"][0]["@id"]
    answers: list[dict[str, Any]] = []
    start = Barrier(8)

    def order() -> None:
        start.wait()
        answers.append(shop.order(held))

    threads = [Thread(target=order) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(len(answer["orders"]) for answer in answers) == 1
    assert sum(len(answer["failedOrders"]) for answer in answers) == 7
    assert len(sandbox.inspect.orders) == 1


def test_the_last_places_are_not_held_twice(shop: Shop, sandbox: Sandbox) -> None:
    offer = shop.offers("Lantern Park, one day, child")[0]
    sandbox.set_stock(offer["@id"], 5)
    line = shop.line(offer)
    answers: list[dict[str, Any]] = []
    threads = [Thread(target=lambda: answers.append(shop.reserve(line))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(len(answer["reservations"]) for answer in answers) == 5
    assert shop.get(f"{offer['@id']}/availability").json()["availableQuantity"] == 0


def test_an_expired_reservation_fails_beside_one_that_is_ordered(shop: Shop, sandbox: Sandbox) -> None:
    offer = shop.offers("Lantern Park, one day, child")[0]
    over, good = (shop.reserve(shop.line(offer))["reservations"][0]["@id"] for _ in range(2))
    sandbox.expire_reservation(over)
    answer = shop.order(over, good)
    assert [order["reservation"] for order in answer["orders"]] == [good]
    assert [(failed["reservation"], failed["code"]) for failed in answer["failedOrders"]] == [
        (over, "reservation_expired")
    ]


def test_orders_are_found_by_their_external_reference(shop: Shop) -> None:
    offer = shop.offers("Lantern Park, one day, child")[0]
    wanted = shop.buy(offer, reference="A-1")
    shop.buy(offer, reference="A-2")
    found = shop.members("/v1/booking/orders", external_reference="A-1")
    assert [order["@id"] for order in found] == [wanted["@id"]]
    assert shop.members("/v1/booking/orders", external_reference="A-3") == []
    assert len(shop.members("/v1/booking/orders")) == 2


def test_orders_are_filtered_and_ordered_by_date(shop: Shop, sandbox: Sandbox) -> None:
    offer = shop.offers("Lantern Park, two days, child", **{"date[after]": "2027-03-01"})[0]
    first = shop.buy(offer)
    sandbox.clock.advance(timedelta(days=2))
    second = shop.buy(offer)
    day = sandbox.clock.now().date().isoformat()

    def found(**params: str) -> list[str]:
        return [order["@id"] for order in shop.members("/v1/booking/orders", **params)]

    assert found(**{"order[createdAt]": "desc"}) == [second["@id"], first["@id"]]
    assert found(**{"createdAt[after]": day}) == [second["@id"]]
    assert found(**{"createdAt[strictly_before]": day}) == [first["@id"]]


def test_a_real_time_price_differs_from_the_list_and_is_what_a_hold_costs(shop: Shop) -> None:
    offer = shop.offers("Lantern Park, one day, adult")[0]
    assert offer["realtimePriceRequired"] is True
    price = shop.get(f"{offer['@id']}/price").json()
    assert price["amountInclTax"] != offer["price"]["amountInclTax"]
    held = shop.reserve(shop.line(offer))["reservations"][0]
    assert held["totalAmountInclTax"] == price["amountInclTax"]


def test_a_price_can_be_moved_between_check_and_hold(shop: Shop, sandbox: Sandbox) -> None:
    offer = shop.offers("Lantern Park, one day, child")[0]
    sandbox.set_price(offer["@id"], "99.9")
    assert shop.get(f"{offer['@id']}/price").json()["amountInclTax"] == "99.90"
    assert shop.get(f"{offer['@id']}/price").json()["amountExclTax"] == "90.82"


def test_what_an_issuer_does_not_state_is_null(shop: Shop) -> None:
    offer = shop.offers("Collection, full", catalog="Museum of Quiet Things")[0]
    assert shop.get(f"{offer['@id']}/price").json()["amountExclTax"] is None
    assert offer["availableQuantity"] is None
    held = shop.reserve(shop.line(offer))["reservations"][0]
    assert held["totalAmountExclTax"] is None
    assert shop.order(held["@id"])["orders"][0]["totalAmountExclTax"] == "13.21"


def test_a_beneficiary_is_merged_field_by_field(shop: Shop) -> None:
    offer = shop.offers("Home match", catalog="Vega Stadium")[0]
    ticket = shop.buy(offer)["items"][0]["tickets"][0]
    assert ticket["requiredBeneficiaryFields"] == ["firstname", "lastname", "dateOfBirth", "nationality"]
    full = {"firstname": "Ada", "lastname": "King", "email": "ada@shop.example", "nationality": "GB"}
    after = shop.patch(ticket["@id"], {"beneficiary": full}).json()
    assert after["status"] == "waiting_beneficiary_data"
    change = {"firstname": "Ada", "lastname": "King", "email": None, "dateOfBirth": "1815-12-10"}
    after = shop.patch(ticket["@id"], {"beneficiary": change}).json()
    assert after["status"] == "validated"
    assert after["beneficiary"]["email"] is None
    assert after["beneficiary"]["nationality"] == "GB"


def test_a_beneficiary_that_cannot_be_taken_is_refused_field_by_field(shop: Shop) -> None:
    offer = shop.offers("Home match", catalog="Vega Stadium")[0]
    ticket = shop.buy(offer)["items"][0]["tickets"][0]["@id"]
    wrong = {
        "firstname": " ",
        "title": "dr",
        "nationality": "gb",
        "dateOfBirth": "1815-02-30",
        "email": "ada",
    }
    answer = shop.patch(ticket, {"beneficiary": wrong})
    assert answer.status_code == 422
    assert [violation["propertyPath"] for violation in answer.json()["violations"]] == [
        f"beneficiary.{name}"
        for name in ("firstname", "lastname", "email", "title", "dateOfBirth", "nationality")
    ]
    assert shop.get(ticket).json()["beneficiary"] is None


def test_a_name_that_cannot_be_changed_is_refused_the_second_time(shop: Shop) -> None:
    ticket = shop.buy(shop.offers("Cup night", catalog="Vega Stadium")[0])["items"][0]["tickets"][0]
    assert ticket["beneficiaryAmendable"] is False
    assert shop.patch(ticket["@id"], NAMES).status_code == 200
    assert shop.patch(ticket["@id"], NAMES).status_code == 422


def test_a_beneficiary_cannot_be_named_after_the_deadline(shop: Shop, sandbox: Sandbox) -> None:
    ticket = shop.buy(shop.offers("Cup night", catalog="Vega Stadium")[0])["items"][0]["tickets"][0]
    sandbox.clock.set(datetime.fromisoformat(ticket["beneficiaryDesignationDeadline"]) + timedelta(seconds=1))
    answer = shop.patch(ticket["@id"], NAMES)
    assert answer.status_code == 422
    assert answer.json()["violations"][0]["propertyPath"] == "beneficiary"


def test_late_tickets_come_two_days_before_and_a_confirmation_at_once(shop: Shop, sandbox: Sandbox) -> None:
    order = shop.buy(shop.offers("Cup night", catalog="Vega Stadium", **{"date[after]": "2027-02-01"})[0])
    shop.patch(order["items"][0]["tickets"][0]["@id"], NAMES)
    confirmation, tickets = shop.members(f"{order['@id']}/documents")
    sandbox.clock.advance(2)
    assert shop.patch(confirmation["@id"], {}).status_code == 200
    assert shop.patch(tickets["@id"], {}).status_code == 422
    eve = datetime.fromisoformat(order["items"][0]["date"]).replace(hour=6, tzinfo=UTC) - timedelta(days=2)
    assert datetime.fromisoformat(tickets["downloadableAt"]) == eve
    assert shop.get(tickets["@id"]).json()["downloadableAt"] == tickets["downloadableAt"]


@pytest.mark.parametrize(
    ("began", "delay", "due"), [(0.25, 0.5, 1), (0.75, 1.0, 2), (0.0, 1.0, 1), (0.4, 0.6, 1)]
)
def test_a_due_time_is_a_whole_second_and_holds_to_the_second(began: float, delay: float, due: int) -> None:
    start = datetime(2027, 5, 14, 6, tzinfo=UTC)
    with Sandbox(
        seed=7, now=start + timedelta(seconds=began), document_delay=timedelta(seconds=delay)
    ) as sandbox:
        sandbox.clock.freeze()
        sandbox.clock.set(start + timedelta(seconds=began))
        shop = open_shop(sandbox)
        with shop.http:
            order = shop.buy(shop.offers("Lantern Park, one day, child")[0])
            (document,) = shop.members(f"{order['@id']}/documents")
            shown = datetime.fromisoformat(document["downloadableAt"])
            assert shown == start + timedelta(seconds=due)
            sandbox.clock.set(shown - timedelta(microseconds=1))
            assert shop.patch(document["@id"], {}).status_code == 422
            sandbox.clock.set(shown)
            assert shop.patch(document["@id"], {}).status_code == 200


def test_a_document_comes_in_the_language_asked_for(shop: Shop, sandbox: Sandbox) -> None:
    order = shop.buy(shop.offers("Lantern Park, one day, child")[0])
    sandbox.clock.advance(2)
    document = shop.members(f"{order['@id']}/documents")[0]["@id"]
    for asked, language, word in (
        ("fr-FR", "fr", "Billets"),
        ("en", "en", "Tickets"),
        ("xx", "en", "Tickets"),
    ):
        answer = shop.patch(document, {}, **{"Accept-Language": asked})
        assert answer.json()["cachedLanguage"] == language
        assert answer.headers["content-language"] == language
        file = PLAIN.get(answer.json()["temporaryUrl"]).content
        assert word in PdfReader(io.BytesIO(file)).pages[0].extract_text()


def test_a_download_address_expires_and_cannot_be_forged(shop: Shop, sandbox: Sandbox) -> None:
    order = shop.buy(shop.offers("Lantern Park, one day, child")[0])
    sandbox.clock.advance(2)
    document = shop.members(f"{order['@id']}/documents")[0]["@id"]
    address = httpx.URL(shop.patch(document, {}).json()["temporaryUrl"])
    assert PLAIN.get(address).status_code == 200
    assert PLAIN.get(address.copy_set_param("Expires", "9999999999")).status_code == 403
    assert PLAIN.get(address.copy_with(path="/elsewhere.pdf")).status_code == 403
    sandbox.clock.advance(301)
    late = PLAIN.get(address)
    assert late.status_code == 400
    assert "ExpiredToken" in late.text
    assert PLAIN.get(shop.patch(document, {}).json()["temporaryUrl"]).status_code == 200


def test_the_storage_host_is_another_origin_and_notes_a_token(shop: Shop, sandbox: Sandbox) -> None:
    order = shop.buy(shop.offers("Lantern Park, one day, child")[0])
    sandbox.clock.advance(2)
    document = shop.members(f"{order['@id']}/documents")[0]["@id"]
    address = httpx.URL(shop.patch(document, {}).json()["temporaryUrl"])
    assert (address.host, address.port) != (
        httpx.URL(sandbox.base_url).host,
        httpx.URL(sandbox.base_url).port,
    )
    PLAIN.get(address)
    assert sandbox.inspect.storage_requests_with_token == 0
    PLAIN.get(address, headers={"Authorization": "Bearer leaked"})
    assert sandbox.inspect.storage_requests_with_token == 1
    assert sandbox.inspect.storage_requests == 2


def test_a_past_date_is_not_held(shop: Shop, sandbox: Sandbox) -> None:
    line = shop.line(shop.offers("Lantern Park, one day, child")[0])
    sandbox.clock.advance(timedelta(days=3))
    assert shop.reserve(line)["failedReservations"][0]["code"] == "offer_closed"


def test_a_disabled_product_is_not_held(shop: Shop) -> None:
    products = shop.sandbox.catalogue.products[shop.catalog().rsplit("/", 1)[-1]]
    rink = next(product.id for product in products if product.plan.disabled)
    offer = shop.members(f"{shop.catalog()}/offers", **{"product[]": rink})[0]
    assert offer["product"]["disabled"] is True
    assert shop.reserve(shop.line(offer))["failedReservations"][0]["code"] == "product_disabled"


def test_the_same_seed_and_clock_give_the_same_answers() -> None:
    from shopping import open_shop

    def scenario() -> list[Any]:
        moment = datetime(2026, 12, 1, 9, tzinfo=UTC)
        with Sandbox(seed=5, now=moment, frozen=True) as sandbox, open_shop(sandbox).http as http:
            from shopping import Shop

            shop = Shop(sandbox, http)
            offer = shop.offers("Lantern workshop, adult")[0]
            order = shop.buy(offer, 2)
            return [offer, order, shop.patch(order["items"][0]["tickets"][0]["@id"], NAMES).json()]

    assert scenario() == scenario()


def test_another_seed_gives_other_ids() -> None:
    ids = [{catalog.id for catalog in Sandbox(seed=seed).catalogue.catalogs} for seed in (1, 2)]
    assert ids[0].isdisjoint(ids[1])
