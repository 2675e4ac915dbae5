"""The one reader: repeated keys, aliases, several documents, and the line of each value."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.descriptions import FOLDER, DescriptionError, dump, load, read
from scripts.descriptions.reading import lines_of, values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: {x: 1, x: 2}\n", "'x' is repeated, line 2"),
        ('{"a": {"x": 1, "x": 2}}', "'x' is repeated"),
        ("<<: {x: 1}\na: 1\na: 2\n", "'a' is repeated"),
        ("a: &a {b: *a}\n", "inside its own anchor"),
        ("a: *b\n", "alias"),
        ("a: 1\n---\na: 2\n", "several documents, line"),
        ("a: !mine 1\n", "tag !mine is unknown, line 1"),
        ("[" * 100_000 + "]" * 100_000, "nested too deeply"),
    ],
)
def test_ambiguous_yaml_is_an_error(text, message):
    with pytest.raises(DescriptionError, match=message):
        values(text, name="x")


def test_exponential_aliases_are_rejected():
    text = "a: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
        f"b{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 9)
    )
    with pytest.raises(DescriptionError, match="expand to too many values"):
        values(text, name="x")


def test_two_aliases_of_one_value_are_two_values():
    made = values("a: &a {x: 1}\nb: *a\n", name="x")
    made["a"]["x"] = 2
    assert made["b"] == {"x": 1}


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_a_text_without_a_value_is_null(text):
    assert values(text, name="x") is None


@pytest.mark.parametrize(
    "text",
    [
        "a:\n  b: [1,\n    2]\n'c/d': x\n",
        '{"a":\n  {"b": [1,\n    2]},\n"c/d": "x, [{"}',
    ],
)
def test_each_key_and_item_has_its_line(text):
    lines = lines_of(text, name="x")
    assert lines["/a/b"] == 2
    assert lines["/a/b/0"] == 2
    assert lines["/a/b/1"] == 3
    assert lines["/c~1d"] == 4


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


def pointers(value, at=""):
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        place = f"{at}/{str(key).replace('~', '~0').replace('/', '~1')}"
        yield place
        yield from pointers(part, place)


@given(st.dictionaries(st.text(max_size=4), json_values, max_size=4), st.sampled_from([None, 0, 2]))
def test_the_lines_of_json_are_those_of_all_that_it_holds(document, indent):
    text = json.dumps(document, indent=indent)
    lines = lines_of(text, name="x")
    assert set(lines) == set(pointers(document))
    assert all(0 < line <= text.count("\n") + 1 for line in lines.values())
    if indent is None:
        assert set(lines.values()) <= {1}


def test_a_large_description_is_read_at_a_megabyte_a_second(tmp_path):
    path = tmp_path / "large.yaml"
    path.write_text(dump({"all": [load(FOLDER / "release.yaml")] * 10}), encoding="utf-8")
    began = time.process_time()
    read(path)
    assert path.stat().st_size / (time.process_time() - began) > 1_000_000
