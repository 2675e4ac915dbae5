"""Bodies come back byte for byte from the cassette, and what cannot be read is refused."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from korus.testing import bodies, plainyaml

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def again(recorded):
    return bodies.replay(plainyaml.load(plainyaml.dump(recorded)))


@given(
    value=JSON,
    indent=st.sampled_from([None, 1, 2, 4, "\t"]),
    ascii_only=st.booleans(),
    end=st.sampled_from(["", "\n"]),
)
def test_any_json_in_any_usual_layout_comes_back_byte_for_byte(value, indent, ascii_only, end):
    content = (json.dumps(value, indent=indent, ensure_ascii=ascii_only) + end).encode(
        "utf-8", "surrogatepass"
    )
    assert again(bodies.record(content, "application/ld+json")) == content


@given(
    content=st.binary(max_size=80),
    content_type=st.sampled_from(
        [None, "application/json", "text/html; charset=latin-1", "application/x-www-form-urlencoded"]
    ),
)
def test_any_bytes_under_any_type_come_back_byte_for_byte(content, content_type):
    assert again(bodies.record(content, content_type)) == content


@given(value=JSON)
def test_what_is_written_as_yaml_is_read_as_the_same_json(value):
    try:
        text = plainyaml.dump({"value": value})
    except ValueError:
        return  # half a surrogate pair: bodies keep such a text as text
    assert json.dumps(plainyaml.load(text)["value"]) == json.dumps(value)


@pytest.mark.parametrize(
    ("content", "recorded"),
    [
        (b'{"b":1,"a":[true,null]}', {"json": {"b": 1, "a": [True, None]}}),
        (b'{"a": 1}', {"json": {"a": 1}, "layout": {"separators": [", ", ": "]}}),
        (b'{"u":"http:\\/\\/x"}', {"json": {"u": "http://x"}, "layout": {"escaped_slashes": True}}),
        (b'{"a":1,  "b":1.50}', {"json": {"a": 1, "b": 1.5}, "exact": '{"a":1,  "b":1.50}'}),
        (b"", {}),
    ],
)
def test_json_is_stored_as_structure_with_minimal_extras(content, recorded):
    found = bodies.record(content, "application/json")
    assert found == recorded
    assert list(found.get("json", {})) == list(recorded.get("json", {})), "keys keep their order"


def test_form_bodies_are_pairs_and_other_bytes_base64():
    assert bodies.record(b"a=1&b=x+y&a=2", "application/x-www-form-urlencoded") == {
        "form": [["a", "1"], ["b", "x y"], ["a", "2"]]
    }
    assert bodies.record(b"\x00\xff", "application/pdf") == {"base64": "AP8="}
    assert bodies.record("é".encode("latin-1"), "text/plain; charset=iso-8859-1") == {
        "text": "é",
        "charset": "iso-8859-1",
    }


def test_a_body_whose_value_was_edited_but_not_its_exact_text_is_refused():
    recorded = bodies.record(b'{"a":1,  "b":2}', "application/json")
    recorded["json"]["b"] = 3
    with pytest.raises(bodies.BodyUnreadable, match="differ; delete `exact`"):
        bodies.replay(recorded)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "deflate, gzip", "identity", None])
def test_content_encodings_are_undone(encoding):
    content = plain = b'{"a":1}' * 50
    if encoding in {"deflate", "deflate, gzip"}:
        content = zlib.compress(content)
    if encoding in {"gzip", "deflate, gzip"}:
        content = gzip.compress(content)
    assert bodies.decode_content(content, encoding) == plain


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"x", "br"),
        (b"not gzip", "gzip"),
        pytest.param(gzip.compress(b"x" * 99)[:-9], "gzip", id="cut short"),
    ],
)
def test_an_encoding_that_cannot_be_undone_is_refused(content, encoding):
    with pytest.raises(bodies.BodyUnreadable):
        bodies.decode_content(content, encoding)


@pytest.mark.parametrize("text", ['{"a":1,"a":2}', '{"a":NaN}', "[1,]", "[" * 100_000])
def test_json_that_a_structure_cannot_hold_is_no_json(text):
    with pytest.raises(ValueError, match=r"."):
        bodies.parse_json(text)


@pytest.mark.parametrize("text", ["a: 1\na: 2\n", "a: [1\n", "\x00"])
def test_yaml_that_says_something_twice_or_is_broken_is_refused(text):
    with pytest.raises(plainyaml.YamlUnreadable):
        plainyaml.load(text)


def test_yaml_scalars_are_read_by_the_rules_of_json():
    assert plainyaml.load("a: no\nb: 2026-04-18\nc: 12:30\nd: 0o7\n200: 1e3\n") == {
        "a": "no",
        "b": "2026-04-18",
        "c": "12:30",
        "d": "0o7",
        "200": 1000.0,
    }
