"""Values that know their line: JSON and YAML, what is read and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from korus.cli.source_positions import FileProblem, SourceValue, Unreadable, read_json, read_yaml

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def nested(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(nested, inner), default=0)


@given(PLAIN.filter(lambda value: nested(value) < 20), st.sampled_from([None, 0, 2, "\t"]), st.booleans())
def test_json_reads_as_the_standard_library_reads_it(
    value: object, indent: int | str | None, ascii_only: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    located, problems = read_json(text)
    assert (located.plain(), problems) == (value, ())


def test_a_json_value_knows_its_line_and_path() -> None:
    located, _ = read_json('{"a": [1,\n  {"b":\n true}],\r\n\t"c": 2.50}')
    assert isinstance(located.value, dict)
    assert located.value["c"] == SourceValue(Decimal("2.50"), 4, "c")
    sequence = located.value["a"].value
    assert isinstance(sequence, tuple)
    assert [entry.line for entry in sequence] == [1, 2]
    inner = sequence[1].value
    assert isinstance(inner, dict)
    assert inner["b"] == SourceValue(value=True, line=3, where="a[1].b")


def test_yaml_values_come_as_what_yaml_1_2_says_they_are() -> None:
    located, problems = read_yaml(
        "number: 12\nhex: 0x1f\nexact: 1.50\ndate: 2027-05-15\nmoment: 2027-05-15 14:30:00\n"
        "zoned: 2027-05-15T14:30:00Z\ntime: 14:30\nyes: yes\ntrue: true\nnothing: ~\nquoted: '7'\nlist: [a, b]\n5: five\n"
    )
    assert problems == ()
    assert located.plain() == {
        "number": 12,
        "hex": 31,
        "exact": Decimal("1.50"),
        "date": date(2027, 5, 15),
        "moment": datetime(2027, 5, 15, 14, 30),  # noqa: DTZ001 - the file says no zone
        "zoned": datetime(2027, 5, 15, 14, 30, tzinfo=UTC),
        "time": "14:30",
        "yes": "yes",
        "true": True,
        "nothing": None,
        "quoted": "7",
        "list": ["a", "b"],
        "5": "five",
    }


def test_what_is_wrong_with_single_values_does_not_hide_the_others() -> None:
    located, problems = read_yaml("a: .nan\nb: 2\na: 3\nc: !shop x\nd: 2027-02-30\n? [k]\n: v\n")
    assert [(problem.line, problem.where) for problem in problems] == [
        (1, "a"),
        (3, "a"),
        (4, "c"),
        (5, "d"),
        (6, ""),
    ]
    assert problems[1].reason == "said twice, first on line 1"
    assert isinstance(located.value, dict)
    assert located.value["b"].value == 2
    assert located.value["a"].refused


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('{"a"\n1}', 2, "not JSON: Expecting ':' delimiter (column 1)"),
        ('{"a": 1\n "b": 2}', 2, "not JSON: Expecting ',' delimiter (column 2)"),
        ("{'a': 1}", 1, "not JSON: Expecting property name enclosed in double quotes (column 2)"),
        ("", 1, "not JSON: Expecting value (column 1)"),
        ("[" * 50 + "]" * 50, 1, "nested too deeply"),
        ("[" * 100_000, 1, "nested too deeply to be read"),
    ],
)
def test_what_is_not_json_is_refused_with_its_line(text: str, line: int, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_json(text)
    assert [(problem.line, problem.reason) for problem in caught.value.problems] == [(line, reason)]


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "9" * 5000, "1e999999999999999999999"])
def test_unusable_json_number_is_refused_with_its_position(number: str) -> None:
    _, problems = read_json(f'{{"a": 1,\n"b": {number}}}')
    assert problems == (FileProblem(2, "b", f"{number[:40]} is not a number that can be used"),)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a: 1\nb: [1\n", 3, "not YAML: expected ',' or ']', but got '<stream end>'"),
        ("a:\n\t- b", 2, "not YAML: found character '\\t' that cannot start any token"),
        ("a: 1\n---\nb: 2", 2, "not YAML: but found another document"),
        ("a: 1\nb: \x07", 2, "not YAML: special characters are not allowed"),
        ("a: *nobody", 1, "not YAML: found undefined alias 'nobody'"),
        ("# nothing\n", 1, "the file is empty"),
        ("a: &a [*a]", 1, "nested too deeply"),
    ],
)
def test_what_is_not_yaml_is_refused_with_its_line(text: str, line: int, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read_yaml(text)
    assert [(problem.line, problem.reason) for problem in caught.value.problems] == [(line, reason)]


def test_anchors_that_multiply_into_something_huge_are_stopped() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]")
    with pytest.raises(Unreadable, match="more than 100000 values"):
        read_yaml("\n".join(lines))


def test_a_merge_key_brings_in_what_is_not_said_here() -> None:
    text = """\
base: &base {a: 1, b: 2}
more: &more
  b: 3
  c: 4
one: {<<: *base, b: 9}
both: {<<: [*base, *more], d: 5}
quoted: {"<<": 1}
"""
    located, problems = read_yaml(text)
    assert problems == ()
    plain = located.plain()
    assert plain["one"] == {"a": 1, "b": 9}
    assert plain["both"] == {"a": 1, "b": 2, "c": 4, "d": 5}
    assert plain["quoted"] == {"<<": 1}
    lines = dict(located.lines())
    assert (lines["both.c"], lines["both.d"], lines["one.b"]) == (4, 6, 5)


@pytest.mark.parametrize("text", ["a: &a 1\nb: {<<: *a}", "a: &a [1]\nb: {<<: *a}", "b: {<<: [{c: 1}, x]}"])
def test_a_merge_of_anything_else_is_a_problem(text: str) -> None:
    _, problems = read_yaml(text)
    assert [(problem.where, problem.reason) for problem in problems] == [
        ("b", "<< merges a mapping, or a list of them, and nothing else")
    ]


@pytest.mark.parametrize(("read", "text"), [(read_json, '{"a": "x\\ud800"}'), (read_yaml, 'a: "x\\ud800"')])
def test_half_a_character_is_a_problem(read: Any, text: str) -> None:
    located, (problem,) = read(text)
    assert (problem.line, problem.where, problem.reason) == (1, "a", r"'\ud800' is half a character")
    assert located.plain() == {"a": None}


@given(
    st.recursive(
        st.integers(),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3)
        ),
        max_leaves=9,
    )
)
def test_every_value_has_a_line(value: Any) -> None:
    located, _ = read_json(json.dumps(value, indent=1))
    lines = dict(located.lines())
    assert lines[""] == 1
    assert len(lines) == sum(1 for _ in located.lines())
    assert max(lines.values()) <= json.dumps(value, indent=1).count("\n") + 1


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("%YAML 1.1\n---\noptin: yes\n", 1),
        ("\ufeff%YAML 1.1\n---\na: 1\n", 1),
        ("# a comment\n\n%YAML\t1.1 # old\r\n---\na: 1\n", 3),
        ("%TAG ! tag:example.com,2000:\n%YAML 1.0\n---\na: 1\n", 2),
        ("%YAML 1.3\n---\na: 1\n", 1),
        ("%YAML 2.0\n---\na: 1\n", 1),
        ("%YAML one\n---\na: 1\n", 1),
    ],
)
def test_another_version_of_yaml_is_refused_at_its_line(text: str, line: int) -> None:
    with pytest.raises(Unreadable) as caught:
        read_yaml(text)
    (problem,) = caught.value.problems
    assert problem.line == line
    assert "booking files are YAML 1.2" in problem.reason


@pytest.mark.parametrize(
    "text", ["%YAML 1.2\n---\na: yes\n", "# %YAML 1.1\na: yes\n", "a: yes # %YAML 1.1\n"]
)
def test_version_1_2_is_what_is_read(text: str) -> None:
    located, problems = read_yaml(text)
    assert (located.plain(), problems) == ({"a": "yes"}, ())
