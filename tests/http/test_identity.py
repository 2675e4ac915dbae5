"""Rule R9: an answer that names another resource than was asked for is an error, whatever it calls itself."""

from __future__ import annotations

import pytest

from korus._http.identity import Identity
from korus.errors import AnswerMismatch, DecodingFailed

ORDER = Identity("/v1/booking/orders/{id}", "/v1/booking/orders/o1", "https://api.test")
PRICE = Identity(
    "/v1/ticketing/catalogs/{catalogId}/offers/{id}/price",
    "/v1/ticketing/catalogs/c1/offers/o1/price",
    "https://api.test",
)
LIST = Identity(
    "/v1/ticketing/catalogs/{catalogId}/offers", "/v1/ticketing/catalogs/c1/offers", "https://api.test"
)


@pytest.mark.parametrize(
    ("identity", "iri"),
    [
        (ORDER, "/v1/booking/orders/o1"),
        (ORDER, "/v1/booking/orders/o1/"),
        (ORDER, "/v1/booking/orders/o1?x=1"),
        (ORDER, "https://api.test/v1/booking/orders/o1"),
        (ORDER, "https://behind.the.gateway/v1/booking/orders/o1"),
        (ORDER, "/v1/booking/orders/%6f1"),
        (ORDER, "/.well-known/genid/0123456789abcdef0123"),
        (ORDER, "https://api.test/.well-known/genid/0123456789abcdef0123"),
        (ORDER, "/v1/booking/reservations/r1"),
        (ORDER, "/somewhere/else"),
        (ORDER, "urn:uuid:1"),
        (ORDER, "http://[broken"),
        (ORDER, ""),
        (PRICE, "/v1/ticketing/catalogs/c1/offers/o1/price"),
        (PRICE, "/v1/ticketing/catalogs/c1/offers/o1"),
        (PRICE, "/v1/ticketing/catalogs/c1/products/p1"),
        (LIST, "/v1/ticketing/catalogs/c1/offers?page=2&itemsPerPage=30"),
    ],
)
def test_what_names_the_same_or_nothing_is_let_through(identity: Identity, iri: str) -> None:
    identity.check({"@id": iri, "@type": "SomethingElse", "id": "other"}, operation="op")


def test_the_last_id_of_a_seat_map_may_be_that_of_its_session() -> None:
    base = "/v1/ticketing/catalogs/c1/product_bases/b1"
    seats = Identity(
        "/v1/ticketing/catalogs/{catalogId}/product_bases/{productBaseId}/seat_maps/{id}",
        f"{base}/seat_maps/s1",
        "https://api.test",
    )
    seats.check({"@id": f"{base}/seat_maps/m7"}, operation="get_seat_map")
    with pytest.raises(AnswerMismatch):
        seats.check({"@id": f"{base.replace('b1', 'b2')}/seat_maps/s1"}, operation="get_seat_map")


@pytest.mark.parametrize("answer", [None, [], "text", 7, {}, {"@id": None}, {"@id": 7}, {"id": "o2"}])
def test_an_answer_without_a_name_is_let_through(answer: object) -> None:
    ORDER.check(answer, operation="op")


@pytest.mark.parametrize(
    ("identity", "iri"),
    [
        (ORDER, "/v1/booking/orders/o2"),
        (ORDER, "https://api.test/v1/booking/orders/o2"),
        (ORDER, "https://elsewhere.test/v1/booking/orders/o2"),
        (ORDER, "/v1/booking/orders/O1"),
        (ORDER, "/v1/booking/orders/o2/items/i/tickets/t"),
        (PRICE, "/v1/ticketing/catalogs/c1/offers/o2/price"),
        (PRICE, "/v1/ticketing/catalogs/c2/offers/o1/price"),
        (PRICE, "/v1/ticketing/catalogs/c1/offers/o2"),
        (LIST, "/v1/ticketing/catalogs/c2/offers"),
        (LIST, "/v1/ticketing/catalogs/c2"),
    ],
)
def test_what_names_another_is_refused(identity: Identity, iri: str) -> None:
    with pytest.raises(
        AnswerMismatch, match=r"^op: the answer is about another resource than /v1/"
    ) as caught:
        identity.check({"@id": iri}, operation="op")
    assert isinstance(caught.value, DecodingFailed)
    assert caught.value.operation == "op"
    assert iri not in str(caught.value)


def test_a_uuid_is_the_same_in_capitals() -> None:
    name = "0190f0a4-1b2c-7d3e-8f40-0123456789ab"
    asked = Identity("/v1/booking/orders/{id}", f"/v1/booking/orders/{name.upper()}", "https://api.test")
    asked.check({"@id": f"/v1/booking/orders/{name}"}, operation="op")


@pytest.mark.parametrize(
    "iri", ["/v1/booking/orders/", "/gate/v1/booking/orders/", "https://x.test/gate/v1/booking/orders/"]
)
def test_a_prefix_of_the_api_may_be_in_the_name_or_not(iri: str) -> None:
    asked = Identity("/v1/booking/orders/{id}", "/v1/booking/orders/o1", "https://api.test/gate")
    asked.check({"@id": iri + "o1"}, operation="op")
    with pytest.raises(AnswerMismatch):
        asked.check({"@id": iri + "o2"}, operation="op")
