"""Which page comes next: the decisions alone, over every envelope that can be made up."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from korus._http.pagination import (
    Cursor,
    Envelope,
    Memory,
    cursor_at,
    foreseen,
    page_query,
    position_of,
    read_envelope,
    step,
)
from korus.errors import DecodingFailed, InvalidArgument

URL = "https://api.test/v1/booking/orders"


def read(document: Any) -> Envelope:
    return read_envelope(document, operation="list_orders", url=URL)


LINKS = (
    st.sampled_from(
        [
            "/v1/booking/orders?page=2",
            "/v1/booking/orders?page=1",
            "/v1/booking/orders?page=99999999999999999999999",
            "?page=3&itemsPerPage=2",
            "/v1/booking/orders",
            f"{URL}?cursor=x",
            "https://evil.test/v1/booking/orders?page=2",
            "//evil.test/v1/booking/orders?page=2",
            "https://[",
            "/v1/booking/reservations?page=2",
            "/v1/booking/orders?page=\u0664",
            "",
        ]
    )
    | st.text()
)
ENVELOPES = st.fixed_dictionaries(
    {},
    optional={
        "member": st.none()
        | st.lists(st.dictionaries(st.sampled_from(["@id", "id"]), st.text(max_size=2)), max_size=4),
        "hydra:member": st.lists(st.none(), max_size=3),
        "totalItems": st.none() | st.integers(-3, 30) | st.text(max_size=3) | st.floats(),
        "hydra:totalItems": st.integers(0, 30),
        "view": st.none()
        | st.text()
        | st.dictionaries(
            st.sampled_from(["@id", "next", "hydra:next", "first", "last", "previous"]), st.none() | LINKS
        ),
        "@type": st.sampled_from(["Collection", "hydra:Collection", "Order"]),
    },
)


@given(st.lists(ENVELOPES, min_size=1, max_size=6), st.booleans())
def test_reading_ends_whatever_the_pages_say(documents: list[dict[str, Any]], paged: bool) -> None:
    """The same few pages are answered over and over; the walk may not go round in them for ever."""
    cursor: Cursor | None = Cursor()
    memory = Memory()
    warned = 0
    for turn in range(2000):
        try:
            envelope = read(documents[turn % len(documents)])
        except DecodingFailed:
            return
        done = step(cursor, envelope, memory, paged=paged)
        warned += done.warning is not None
        if done.following is None:
            break
        assert done.following.number > cursor.number
        query = page_query(done.following, (), None)
        assert all(isinstance(key, str) and isinstance(value, str) for key, value in query)
        saved = json.loads(json.dumps(position_of(done.following, 0, "key")))
        assert cursor_at(saved, "key").number == done.following.number
        cursor, memory = done.following, memory.with_page(envelope)
    else:
        pytest.fail("the walk did not end")
    assert warned <= 1


@given(st.integers(0, 200), st.integers(1, 60), st.integers(1, 50), st.booleans())
def test_a_right_collection_is_read_once_and_without_a_warning(
    count: int, asked: int, largest: int, links: bool
) -> None:
    size = min(asked, largest)
    items = [{"@id": f"/o{number}"} for number in range(count)]
    cursor: Cursor | None = Cursor()
    memory = Memory()
    seen: list[Any] = []
    while cursor is not None:
        query = dict(page_query(cursor, (("order[createdAt]", "asc"),), asked))
        page = int(query.get("page", "1"))
        assert page == cursor.number
        document: dict[str, Any] = {"member": items[(page - 1) * size : page * size], "totalItems": count}
        if links and page * size < count:
            document["view"] = {"next": f"/v1/booking/orders?page={page + 1}&itemsPerPage={asked}"}
        envelope = read(document)
        ahead = foreseen(cursor, 5)
        assert all(later.number <= -(-count // size) for later in ahead)
        done = step(cursor, envelope, memory, paged=True)
        assert done.warning is None
        seen += envelope.members
        cursor, memory = done.following, memory.with_page(envelope)
    assert seen == items


@pytest.mark.parametrize(
    ("link", "query"),
    [
        ("/v1/booking/orders?page=2", (("page", "2"),)),
        ("https://api.test:443/v1/booking/orders?page=2", (("page", "2"),)),
        ("//API.test/v1/booking/orders?a=%2F&a=", (("a", "/"), ("a", ""))),
        ("?page=2", (("page", "2"),)),
        ("http://api.test/v1/booking/orders?page=2", None),
        ("https://api.test:8443/v1/booking/orders?page=2", None),
        ("https://api.test@evil.test/v1/booking/orders?page=2", None),
        ("https://evil.test/v1/booking/orders?page=2", None),
        ("//evil.test/v1/booking/orders?page=2", None),
        ("javascript:alert(1)?page=2", None),
        ("/v1/booking/orders/../../admin?page=2", None),
        ("/v1/booking/orders", None),
    ],
)
def test_only_the_query_of_a_link_to_the_same_list_is_used(link: str, query: object) -> None:
    envelope = read({"member": [1], "view": {"next": link}})
    assert envelope.next_query == query
    assert envelope.refused_link == (query is None)


@given(circle=st.integers(1, 40), lead=st.integers(0, 10), total=st.sampled_from([None, 10**30]))
def test_pages_that_come_round_in_a_circle_are_left(circle: int, lead: int, total: int | None) -> None:
    cursor, memory, turns = Cursor(), Memory(), 0
    while True:
        at = turns if turns < lead else lead + (turns - lead) % circle
        envelope = Envelope([{"id": f"o{at}"}, {"id": f"p{at}"}], total=total)
        done = step(cursor, envelope, memory, paged=True)
        turns += 1
        if done.following is None:
            break
        cursor, memory = done.following, memory.with_page(envelope)
    assert done.repeated
    assert (done.warning is None) == (total is None)
    assert turns <= 4 * (circle + lead) + 4


def test_pages_can_be_foreseen_only_by_number_and_total() -> None:
    known = Cursor(number=2, first_size=10, total=45)
    assert [cursor.number for cursor in foreseen(known, 3)] == [2, 3, 4]
    assert [cursor.number for cursor in foreseen(known, 30)] == [2, 3, 4, 5]
    assert foreseen(Cursor(number=2, first_size=10), 3) == []
    assert foreseen(Cursor(number=2, total=45), 3) == []
    linked = Cursor(number=2, first_size=10, total=45, query=(("x", "1"), ("page", "2")))
    assert [cursor.query for cursor in foreseen(linked, 2)] == [
        (("x", "1"), ("page", "2")),
        (("x", "1"), ("page", "3")),
    ]
    assert foreseen(Cursor(number=2, first_size=10, total=45, query=(("cursor", "a"),)), 3) == []


def test_a_list_without_pages_is_never_asked_for_a_second() -> None:
    done = step(Cursor(), Envelope([1, 2], total=9), Memory(), paged=False)
    assert done.following is None
    assert done.warning == "the collection said that it has 9 items, and 2 came"


@pytest.mark.parametrize(
    "position",
    [
        None,
        3,
        [],
        {},
        {"collection": "key"},
        {"collection": "key", "page": "2", "query": None},
        {"collection": "x"},
    ],
)
def test_what_is_no_position_is_refused(position: object) -> None:
    with pytest.raises(InvalidArgument):
        cursor_at(position, "key")
