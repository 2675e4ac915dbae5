"""Scenarios of refusals and failures: what the API says when something is wrong, and what korus makes of it."""

from __future__ import annotations

import pytest
from booking import held, ordered

from korus import RetryPolicy
from korus.errors import BadRequest, NotFound, PermissionDenied, RateLimited, ServerError, ValidationFailed

NOWHERE = "019c23d2-0000-7abc-8def-000000000000"


@pytest.fixture
def options():
    return {"retry": RetryPolicy(first_wait=0.01, attempts=3)}


def test_a_token_that_was_revoked_is_renewed_once(client, korus_cassette):
    """401, a new token, and the same request again."""
    client.catalogs.list().first()
    korus_cassette.arrange(lambda sandbox: sandbox.faults.add("revoke_token", count=1))
    assert client.catalogs.list().first().iri


def test_a_request_that_makes_no_sense_is_refused(client, korus_cassette):
    """400 with the API's own words."""
    korus_cassette.arrange(
        lambda sandbox: sandbox.faults.add(
            "status",
            operation="bulk_create_orders",
            status=400,
            count=1,
            body={
                "@context": "/contexts/Error",
                "@id": "/errors/400",
                "@type": "Error",
                "title": "An error occurred",
                "detail": "Syntax error",
                "status": 400,
                "type": "/errors/400",
                "description": "Syntax error",
            },
        )
    )
    from booking import ADA

    with pytest.raises(BadRequest) as caught:
        client.orders.create(held(client).succeeded, customer=ADA, external_reference="SHOP-7")
    assert caught.value.problem.detail == "Syntax error"
    assert caught.value.operation == "bulk_create_orders"


def test_resources_of_others_are_refused(client):
    """403 for a catalogue that was not granted."""
    with pytest.raises(PermissionDenied) as caught:
        client.offers.list(NOWHERE).first()
    assert caught.value.status == 403
    assert caught.value.operation == "list_offers"


def test_what_does_not_exist_is_not_found(client):
    """404 for an order, a reservation, a form and a price."""
    catalog = client.catalogs.list().first()
    for ask in (
        lambda: client.orders.get(NOWHERE),
        lambda: client.reservations.get(NOWHERE),
        lambda: client.forms.get(NOWHERE),
        lambda: client.offers.price(f"{catalog.iri}/offers/{NOWHERE}"),
        lambda: client.offers.availability(f"{catalog.iri}/offers/{NOWHERE}"),
    ):
        with pytest.raises(NotFound) as caught:
            ask()
        assert caught.value.status == 404
        assert caught.value.problem.title


def test_too_many_requests_are_made_again_after_the_time_the_api_names(client, korus_cassette):
    """429 with Retry-After, then an answer."""
    korus_cassette.arrange(
        lambda sandbox: sandbox.faults.add(
            "status", operation="list_catalogs", status=429, retry_after=1, count=1
        )
    )
    assert client.catalogs.list().first().iri


def test_lasting_429_is_raised_with_the_time_to_wait(client, korus_cassette):
    """429 until the attempts are used up."""
    korus_cassette.arrange(
        lambda sandbox: sandbox.faults.add("status", operation="list_catalogs", status=429, retry_after=0)
    )
    with pytest.raises(RateLimited) as caught:
        client.catalogs.list().first()
    assert caught.value.retry_after == 0


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_failing_server_is_asked_again(client, korus_cassette, status):
    """A gateway fails once; the second attempt is answered."""
    korus_cassette.arrange(
        lambda sandbox: sandbox.faults.add("status", operation="list_catalogs", status=status, count=1)
    )
    assert client.catalogs.list().first().iri


def test_broken_server_is_reported_as_such(client, korus_cassette):
    """500 on reading is not tried again."""
    korus_cassette.arrange(
        lambda sandbox: sandbox.faults.add("status", operation="list_catalogs", status=500)
    )
    with pytest.raises(ServerError) as caught:
        client.catalogs.list().first()
    assert caught.value.status == 500


def test_a_page_of_a_proxy_is_an_error_and_no_answer(client, korus_cassette):
    """HTML with status 502 until the attempts are used up."""
    korus_cassette.arrange(lambda sandbox: sandbox.faults.add("html", operation="list_catalogs", status=502))
    with pytest.raises(ServerError) as caught:
        client.catalogs.list().first()
    assert "<" in caught.value.body


def test_undocumented_values_are_kept(client, korus_cassette):
    """Every enumerated value of a reservation is one that the description does not know."""
    outcome = held(client)
    korus_cassette.arrange(
        lambda sandbox: sandbox.faults.add("unknown_enum", operation="get_reservation", count=1)
    )
    found = client.reservations.get(outcome.succeeded[0])
    assert found.status == "something_new"
    assert not found.status.is_known


def test_an_order_without_a_customer_is_refused_with_violations(client, korus_cassette):
    """422 with what is wrong, field by field."""
    from booking import ADA

    with pytest.raises(ValidationFailed) as caught:
        client.orders.create(
            held(client).succeeded, customer={**ADA.to_dict(), "email": "nobody"}, external_reference="SHOP-8"
        )
    assert [one.path for one in caught.value.violations] == ["customer.email"]


_ = ordered
