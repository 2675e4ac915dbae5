"""Whatever is sent, the sandbox answers as the description that it speaks says: schemathesis over every operation."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from judging import UNLISTED, UNLISTED_ON_LISTS, description, judge, operations
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from shopping import PLAIN, open_shop, token_for

from korus.sandbox import Sandbox
from korus.sandbox.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shopping import Shop

ALL = sorted(operations())
FUZZED = {("POST", "/v1/booking/orders/_bulk"), ("GET", "/v1/booking/reservations/{id}")}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS")
NAMES = {"beneficiary": {"firstname": "Ada", "lastname": "Lovelace"}}


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    # a morning, since by the evening the sessions of the first offer, and with them its deadlines, are over
    with Sandbox(seed=3, token_lifetime=86_400, now=datetime(2026, 11, 25, 9, tzinfo=UTC)) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def stocked(running: Sandbox) -> Iterator[Shop]:
    shop = open_shop(running)
    with shop.http:
        yield shop


@pytest.fixture(scope="module")
def known(stocked: Shop, running: Sandbox) -> dict[str, str]:
    """Return a path for every template that leads to something real: of these here, or of a list below them."""
    offer = stocked.offers("Lantern workshop, adult")[0]
    order = stocked.buy(offer)
    ticket = order["items"][0]["tickets"][0]["@id"]
    stocked.patch(ticket, NAMES)
    running.clock.advance(2)
    catalog, offered = stocked.catalog(), offer["tickets"][0]
    session = stocked.members(f"{offered['@id']}/sessions")[0]
    bases = [each["@id"] for each in stocked.members(f"{catalog}/product_bases")]
    (seats, *_) = [
        path for base in bases
        if stocked.get(path := f"{base}/seat_maps/{session['id']}").status_code == 200
    ]  # fmt: skip
    real = ["", catalog, offer["@id"], offered["@id"], offered["form"], seats]
    real += [order["@id"], order["reservation"], ticket]
    found: dict[str, str] = {}
    for path in sorted({path for _, path in ALL}):
        owner, brace, rest = path.rpartition("}")
        pattern = re.sub(r"\{[^}]+\}", "(?!_bulk$)[^/]+", owner + brace)
        known = next((each for each in real if re.fullmatch(pattern, each)), None)
        assert known is not None, f"`real` in {__file__} needs the path of something real for {path}"
        found[path] = known + rest
        if ("GET", path) in ALL:
            real += [each["@id"] for each in stocked.get(found[path]).json().get("member", ())]
    return found


@pytest.fixture(scope="module")
def ids(known: dict[str, str]) -> dict[str, dict[str, str]]:
    """Return the path parameters of those paths."""
    found: dict[str, dict[str, str]] = {}
    for template, path in known.items():
        pattern = re.sub(r"\{([^}]+)\}", r"(?P<\1>[^/]+)", template)
        match = re.fullmatch(pattern, path)
        assert match is not None
        found[template] = match.groupdict()
    return found


def test_every_operation_of_the_description_is_served_and_no_other() -> None:
    served = {(operation.method, operation.path) for operation in OPERATIONS}
    assert served == set(operations())


@pytest.mark.parametrize(("method", "path"), [each for each in ALL if each[0] == "GET"])
def test_a_real_answer_conforms(method: str, path: str, stocked: Shop, known: dict[str, str]) -> None:
    answer = stocked.http.request(method, known[path])
    assert answer.status_code == 200
    assert judge(method, known[path], 200, answer.headers["content-type"], answer.json()) == []


def test_the_judge_sees_what_does_not_conform() -> None:
    path = "/v1/booking/orders"
    member = {"@id": "/x", "@type": "BookingOrder", "status": "confirmed"}
    fine = {"@type": "Collection", "totalItems": 1, "member": [member]}
    media = "application/ld+json"
    assert judge("GET", path, 200, media, fine) == []
    assert judge("GET", path, 200, media, {**fine, "member": None})
    assert judge("GET", path, 200, media, {**fine, "member": [{**member, "status": "lost"}]})
    assert judge("GET", path, 200, media, {**fine, "member": [{**member, "colour": "red"}]}) == [
        "undocumented: .member[].colour"
    ]
    assert judge("GET", path, 200, "text/html", fine)
    assert judge("GET", path, 404, media, {})


@cache
def _schema() -> Any:
    return schemathesis.openapi.from_dict(description())


def _generated(method: str, path: str, mode: GenerationMode) -> Any:
    return _schema()[path][method].as_strategy(generation_mode=mode)


@pytest.mark.parametrize(
    ("method", "path"),
    # `make proof` tries the others
    [each if each in FUZZED else pytest.param(*each, marks=pytest.mark.proof) for each in ALL],
)
def test_generated_requests_get_documented_answers_only(
    method: str, path: str, running: Sandbox, ids: dict[str, dict[str, str]]
) -> None:
    statuses = UNLISTED | (
        UNLISTED_ON_LISTS if set(operations()[method, path]["responses"]) == {"200", "403"} else set()
    )
    headers = {"Authorization": f"Bearer {token_for(running)}"}
    seen: list[int] = []
    drawn = st.one_of(*(_generated(method, path, mode) for mode in GenerationMode))

    @settings(
        max_examples=6 if path.endswith("_bulk") else 14,  # drawing a large body takes its time
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=drawn, real=st.integers(min_value=0, max_value=3))
    def ask(case: Any, real: int) -> None:
        if (
            real and path in ids
        ):  # generated ids name nothing, so most cases are sent to something that is there
            case.path_parameters = {**(case.path_parameters or {}), **ids[path]}
        response = case.call(base_url=running.base_url, headers=headers)
        seen.append(response.status_code)
        checks = [not_a_server_error, content_type_conformance, response_schema_conformance]
        if response.status_code not in statuses:
            checks.append(status_code_conformance)
        case.validate_response(response, checks=checks)

    ask()
    assert len(seen) >= 5


@pytest.mark.parametrize("path", sorted({path for _, path in ALL}))
def test_a_method_that_is_not_documented_is_refused(
    path: str, running: Sandbox, known: dict[str, str]
) -> None:
    documented = {method for method, other in ALL if other == path}
    for method in set(METHODS) - documented:
        answer = PLAIN.request(method, f"{running.base_url}{known[path]}")
        assert answer.status_code == 405, method
        assert set(answer.headers["allow"].split(", ")) - {"HEAD"} == documented
        assert answer.headers["content-type"] == "application/ld+json"
        assert answer.json()["status"] == 405


@pytest.mark.parametrize(("method", "path"), ALL)
def test_nothing_is_answered_without_a_token(
    method: str, path: str, running: Sandbox, known: dict[str, str]
) -> None:
    answer = PLAIN.request(method, f"{running.base_url}{known[path]}")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"code": 401, "message": "JWT Token not found"}


@pytest.mark.parametrize(
    "path", ["/v1", "/v1/booking/orders/", "/v1/ticketing/catalogs/019a4f86-e5b1-7302-94ca-ffe36cb45d05"]
)
def test_what_the_description_does_not_have_is_not_there(path: str, running: Sandbox) -> None:
    answer = PLAIN.get(f"{running.base_url}{path}")
    assert answer.status_code == 404
    assert answer.json()["@type"] == "Error"


@pytest.mark.parametrize("strange", ["_", "_x", "_bulk_", "__bulk", "%C2%AE", "~", "x_bulk"])
def test_an_id_of_any_shape_gets_the_status_of_an_unknown_one(strange: str, stocked: Shop) -> None:
    catalogs, orders = "/v1/ticketing/catalogs", "/v1/booking/orders"
    assert stocked.get(f"{catalogs}/{strange}/offers").status_code == 403
    assert stocked.get(f"{stocked.catalog()}/offers/{strange}/tickets/{strange}/sessions").status_code == 403
    assert stocked.get(f"{orders}/{strange}").status_code == 404
    assert stocked.get(f"{orders}/{strange}/documents").status_code == 403
