"""Bytes to JSON: the same values with and without the fast decoder, and one kind of refusal."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from korus._http import decode
from korus._http.decode import SplitPage, decode_json, decode_object, described, split_page, text_of
from korus._http.encode import encode_json
from korus.errors import DecodingFailed, InvalidArgument

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
AWKWARD = [
    b"123456789012345678901234567890",
    b"1e400",
    b"-0.0",
    b"NaN",
    b"[Infinity]",
    b'"\\ud800"',
    b"\xef\xbb\xbf{}",
    b'{"a":1,"a":2}',
    b"18446744073709551616",
    b'"a\x01b"',
    b"1" * 5000,
    b"[1,]",
    b"01",
    b'{"a":1}x',
    b"\xff\xfe",
    b'"\xc3"',
    b"",
    b"  ",
    b"{",
    b"'a'",
    b"{}\n\n",
    b"[" * 100_000,
]


def outcome(body: bytes) -> Any:
    try:
        return repr(decode_json(body))
    except DecodingFailed:
        return DecodingFailed


def by_both(body: bytes, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    monkeypatch.setattr(decode._Decoders, "looked_up", False)
    fast = outcome(body)
    assert decode._Decoders.fast is not None, "msgspec is installed for the tests"
    monkeypatch.setattr(decode._Decoders, "fast", None)
    return fast, outcome(body)


@pytest.mark.parametrize("body", AWKWARD, ids=lambda body: repr(body[:20]))
def test_awkward_bodies_are_read_alike_by_both_decoders(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    fast, standard = by_both(body, monkeypatch)
    assert fast == standard


@given(st.one_of(st.binary(max_size=60), JSON.map(lambda value: json.dumps(value).encode())))
def test_any_body_is_read_alike_by_both_decoders(body: bytes) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        fast, standard = by_both(body, monkeypatch)
    assert fast == standard


@given(JSON)
def test_json_comes_back_as_it_was(value: Any) -> None:
    assert decode_json(json.dumps(value).encode()) == value
    assert decode_json(encode_json(value)) == value


@pytest.mark.parametrize(
    "charset", ["utf-8", "UTF-8", '"utf-8"', "iso-8859-1", "windows-1252", "utf-16", "UTF-16LE", "utf-32"]
)
def test_the_named_charset_is_believed(charset: str) -> None:
    body = '{"a": "é"}'.encode(charset.strip('"'))
    assert decode_json(body, f"application/ld+json; charset={charset}") == {"a": "é"}


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=klingon", "text/html", "", "charset", "x; charset=;"]
)
def test_an_unknown_charset_is_utf_8(content_type: str) -> None:
    assert decode_json('{"a": "é"}'.encode(), content_type) == {"a": "é"}


@pytest.mark.parametrize(
    ("body", "content_type", "said"),
    [
        (b"", None, "empty"),
        (b" " * 10_000_000, None, "white space: 10000000 bytes"),
        (
            b"<!doctype html>",
            "text/html; charset=utf-8",
            "markup: 15 bytes that begin with '<!do' (text/html)",
        ),
        (b"  <html>", None, "markup: 8 bytes"),
        ("é".encode("latin-1"), None, "not text in its charset"),
        (b'{"a": ', None, "cut short"),
        (b"hello", None, "not JSON"),
        (b"NaN", None, "NaN is not JSON"),
        (b"[" * 100_000, None, "nested too deeply"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_refusal_says_what_came_instead(body: bytes, content_type: str | None, said: str) -> None:
    with pytest.raises(DecodingFailed) as caught:
        decode_json(body, content_type, operation="list_offers")
    assert said in str(caught.value)
    assert str(caught.value).startswith("list_offers: ")
    assert caught.value.excerpt == body[:4]
    assert caught.value.content_type == content_type
    assert caught.value.__context__ is None


@given(st.lists(JSON, max_size=5), st.sampled_from(["member", "hydra:member"]), st.data())
def test_a_split_page_has_its_members_as_they_are_written(members: list[Any], key: str, data: Any) -> None:
    document = {"totalItems": 7, key: members, "view": {"next": "?page=2"}}
    page = split_page(json.dumps(document, indent=data.draw(st.sampled_from([None, 1]))).encode())
    assert page is not None
    assert [json.loads(member) for member in page.members] == members
    places = data.draw(st.lists(st.integers(0, len(members) - 1), unique=True) if members else st.just([]))
    assert json.loads(page.only(places)) == {**document, key: [members[place] for place in places]}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"member": {}}',
        b'{"member": null}',
        b'{"member": [}',
        b'{"member": []} x',
    ],
)
def test_what_is_no_page_is_not_split(body: bytes) -> None:
    assert split_page(body) is None


def test_pages_are_split_in_utf_8_and_with_msgspec_only(monkeypatch: pytest.MonkeyPatch) -> None:
    body = b'{"member": null, "hydra:member": [1]}'
    assert split_page(body, "application/ld+json; charset=utf-8") == SplitPage(
        "hydra:member", (b"1",), {"member": b"null"}
    )
    assert split_page(body, "application/ld+json; charset=latin-1") is None
    monkeypatch.setattr(decode._Decoders, "fast", None)
    monkeypatch.setattr(decode._Decoders, "looked_up", True)
    assert split_page(body) is None


@pytest.mark.parametrize("body", [b"null", b"[]", b'"a"', b"1", b"true"])
def test_an_object_is_asked_for_by_name(body: bytes) -> None:
    with pytest.raises(
        DecodingFailed, match=r"a JSON object was expected, not (null|an array|a text|a number|a boolean)"
    ):
        decode_object(body)


def test_huge_json_is_read_in_time() -> None:
    body = b"[" + b'{"a": [1, 2.5, "text", null]},' * 50_000 + b"0]"
    began = time.monotonic()
    assert len(decode_json(body)) == 50_001
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    "body",
    [
        b"<p>Lovelace ada@example.org</p>",
        b'{"lastname": "Lovelace", "email": "ada@example.org"',
        b"Lovelace,ada@example.org",
        b'"Lovelace ada@example.org',
        b'[NaN, "Lovelace ada@example.org"]',
        b"\xffLovelace ada@example.org",
    ],
)
def test_a_refused_body_is_never_quoted(body: bytes) -> None:
    with pytest.raises(DecodingFailed) as caught:
        decode_object(body, "application/json")
    shown = f"{caught.value} {caught.value!r} {vars(caught.value)}"
    assert not [canary for canary in ("Lovelace", "ada@") if canary in shown]
    assert str(len(body)) in shown
    assert len(caught.value.excerpt) == 4


@given(st.binary(), st.text())
def test_any_body_can_be_described_in_a_line(body: bytes, content_type: str) -> None:
    said = described(body, content_type)
    assert said.isascii()
    assert said.isprintable()
    assert len(said) < 150


@given(st.binary(), st.text())
def test_any_body_can_be_shown(body: bytes, content_type: str) -> None:
    assert isinstance(text_of(body, content_type), str)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), {1, 2}, "\ud800", object()])
def test_what_json_cannot_hold_is_not_sent(wrong: object) -> None:
    with pytest.raises(InvalidArgument, match="cannot be sent as JSON"):
        encode_json({"value": wrong})


def test_a_body_is_compact_utf_8() -> None:
    assert encode_json({"a": "é", "b": [1, None]}) == '{"a":"é","b":[1,null]}'.encode()
