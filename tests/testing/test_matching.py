"""A request finds the recorded one that it is, and is told how it differs from the nearest when it finds none."""

from __future__ import annotations

import json

import pytest

from korus.testing import bodies
from korus.testing.cassettes import RecordedRequest
from korus.testing.matching import MadeRequest, Matcher, describe
from korus.testing.pseudonyms import Kind, Pseudonyms

PUBLIC = Pseudonyms()
WITH_KEY = Matcher(PUBLIC)
ADA = PUBLIC.replace(Kind.GIVEN, "Ada")


def recorded(
    method="POST", uri="https://api.sandbox.test/v1/x?b=2&a=1&a=0", body=None, kind="application/json"
):
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    return RecordedRequest(method=method, uri=uri, body=bodies.record(content, kind))


def made(method="POST", uri="http://127.0.0.1:5/v1/x?a=1&a=0&b=2", body=None, kind="application/json"):
    content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    return MadeRequest(
        method=method, uri=uri, headers={"content-type": kind} if kind else {}, content=content
    )


def places(one, other, matcher=WITH_KEY):
    return [difference.place for difference in matcher.differences(one, other)]


def test_the_host_the_order_of_the_query_and_of_keys_do_not_count():
    assert places(recorded(body={"a": 1, "b": [1, 2]}), made(body={"b": [1, 2], "a": 1})) == []


def test_a_parameter_that_says_what_leaving_it_out_says_too_does_not_count():
    plain, spelt = "https://h/v1/x", "https://h/v1/x?withDisabled=false&page=1&itemsPerPage=10"
    assert places(recorded(uri=plain), made(uri=spelt)) == places(recorded(uri=spelt), made(uri=plain)) == []
    other = made(uri="https://h/v1/x?withDisabled=true&page=2")
    assert places(recorded(uri=plain), other) == ["query withDisabled", "query page"]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (made(method="PATCH", body={"a": 1}), ["method"]),
        (made(uri="https://h/v1/y?a=1&a=0&b=2", body={"a": 1}), ["path"]),
        (made(uri="https://h/v1/x?a=0&a=1&b=2", body={"a": 1}), ["query a"]),
        (made(uri="https://h/v1/x?a=1&a=0&b=2&c=", body={"a": 1}), ["query c"]),
        (made(uri="https://h/v1/x?a=1&a=0", body={"a": 1}), ["query b"]),
        (made(body={"a": True}), ["body /a"]),
        (made(body={"a": 1.0}), ["body /a"]),
        (made(body={"a": 1, "b": None}), ["body /b"]),
        (made(body=[1]), ["body /"]),
        (made(), ["body"]),
        (made(body=b"text", kind="text/plain"), ["body"]),
    ],
)
def test_everything_else_counts_and_is_named(other, expected):
    assert places(recorded(body={"a": 1}), other) == expected


def test_lists_are_compared_in_order_and_to_the_end():
    assert places(recorded(body={"a": [1, 2]}), made(body={"a": [2, 1, 3]})) == [
        "body /a/0",
        "body /a/1",
        "body /a/2",
    ]


def test_volatile_places_are_left_out_wherever_they_are_named():
    matcher = Matcher(PUBLIC, ("?b", "/items/*/at"))
    one = recorded(body={"items": [{"at": 1, "n": 1}, {"at": 2, "n": 2}]})
    assert places(
        one, made(uri="https://h/v1/x?a=1&a=0", body={"items": [{"at": 9, "n": 1}, {"n": 3}]}), matcher
    ) == ["body /items/1/n"]


def test_pseudonym_replaces_one_value_only():
    one = recorded(body={"firstname": ADA, "notes": f"for {ADA}!"})
    assert places(one, made(body={"firstname": "Ada", "notes": "for Ada!"})) == []
    assert places(one, made(body={"firstname": "Eda", "notes": "for Ada!"})) == ["body /firstname"]


def test_pseudonym_without_key_matches_one_consistent_value():
    one = recorded(body={"firstname": ADA, "notes": f"for {ADA}"})
    without_key = Matcher(None)
    assert places(one, made(body={"firstname": "Eda", "notes": "for Eda"}), without_key) == []
    assert places(one, made(body={"firstname": "Eda", "notes": "for Ida"}), without_key) == ["body /notes"]


def test_secrets_and_identifiers_match_those_of_another_run():
    kind = "application/x-www-form-urlencoded"
    secret = PUBLIC.replace(Kind.SECRET, "then")
    identifier = "019c23d2-0000-7abc-8def-000000000001"
    replaced = PUBLIC.identifiers([identifier])[identifier]
    one = recorded(
        uri=f"https://a/v1/x/{replaced}", body=f"grant_type=c&client_secret={secret}".encode(), kind=kind
    )
    other = made(uri=f"https://b/v1/x/{identifier}", body=b"client_secret=now&grant_type=c", kind=kind)
    assert places(one, other) == []
    elsewhere = made(uri="https://b/v1/x/019c23d2-0000-7abc-9def-000000000001", body=other.content, kind=kind)
    assert places(one, elsewhere) == ["path"]
    refresh = made(uri=other.uri, body=b"client_secret=now&grant_type=r", kind=kind)
    assert places(one, refresh) == ["body grant_type"]


def test_mismatch_names_the_nearest_request_and_every_difference():
    one = recorded(uri="https://api.sandbox.test/v1/x?page=2", body={"quantity": 2})
    far = recorded(method="GET", uri="https://api.sandbox.test/v1/elsewhere")
    other = made(uri="https://h/v1/x?page=3", body={"quantity": 3})
    matcher = Matcher(PUBLIC)
    candidates = [
        (number, request, matcher.differences(request, other)) for number, request in enumerate((far, one))
    ]
    assert describe(other, candidates, "scenario.yaml") == (
        "POST https://h/v1/x?page=3\n"
        "  is answered by nothing in scenario.yaml. The nearest is interaction 1, POST https://api.sandbox.test/v1/x?page=2\n"
        "  It differs in\n"
        '    query page\n      recorded  ["2"]\n      sent      ["3"]\n'
        "    body /quantity\n      recorded  2\n      sent      3\n"
        '  What differs from run to run is left out by the marker: volatile=["?page", "/quantity"].'
    )


def test_surplus_request_differs_from_unrecorded_one():
    one = recorded(body={"a": 1})
    other = made(body={"a": 1})
    assert "was recorded 1 time (last as interaction 0) and has been played as often" in describe(
        other, [(0, one, [])], "c"
    )
    assert "empty or does not exist" in describe(other, [], "c")
