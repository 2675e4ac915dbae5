"""With and without the extra ``korus-sdk[fast]`` the same is read, written and refused."""

from __future__ import annotations

import ast
import dataclasses
import datetime as dt
import enum
import json
import uuid
from collections import OrderedDict
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from korus._http import decode, encode
from korus.errors import DecodingFailed, InvalidArgument
from korus.models import BulkReservationInput

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = st.text() | st.text(st.characters(categories=["Cs", "Cc", "Zl", "Zp"]), max_size=4)
NUMBERS = st.integers() | st.integers(-(2**70), 2**70) | st.floats()
KEYS = TEXT | st.integers() | st.booleans() | st.none() | st.floats() | st.dates()
ODD = st.sampled_from([
    dt.date(2027, 1, 2), uuid.UUID(int=1), Decimal("1.0"), b"bytes", {1, 2}, object(), (1, "2"), 1j,
])  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
)
WILD = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT | ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
# JSON and what is nearly JSON, put together from its own pieces
PIECES = st.lists(
    st.sampled_from(
        [
            *'{}[]:,"\\ \t\n\r\x0c-+.eE0123456789',
            "true",
            "null",
            "NaN",
            "Infinity",
            "\\ud800",
            "\\u00e9",
            '"a":',
            "1e400",
            "-0.0",
            "18446744073709551616",
            "\ufeff",
            "é",
            '"a":1,"a":2',
            "//",
            "'",
            "0x1",
        ]
    ),
    max_size=12,
).map("".join)


def both(ask: Callable[[], Any]) -> tuple[Any, Any]:
    """Ask with the fast codec and without it; a refusal counts as an answer."""
    answers: list[Any] = []
    for fast in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            for chooser in (decode._Decoders, encode._Encoders):
                patch.setattr(chooser, "fast", None)
                patch.setattr(chooser, "looked_up", not fast)
            try:
                answers.append(repr(ask()))
            except (DecodingFailed, InvalidArgument) as error:
                answers.append((type(error), str(error)))
    return answers[0], answers[1]


def assert_alike(ask: Callable[[], Any]) -> None:
    fast, standard = both(ask)
    assert fast == standard


def test_the_fast_codec_is_the_one_in_use_here() -> None:
    assert decode._Decoders.choose() is not None
    assert encode._Encoders.choose() is not None
    assert encode._fast({"plain": ["é", 1, True, None]}) == '{"plain":["é",1,true,null]}'.encode()


@given(VALUES)
def test_what_json_wrote_is_read_alike(value: Any) -> None:
    body = json.dumps(value).encode()
    assert_alike(lambda: decode.decode_json(body))


@given(PIECES)
@example('{"a":1,"a":2}')
@example("123456789012345678901234567890")
@example('"\\ud800"')
@example("1e400")
@example("\ufeff{}")
@example("1" * 5000)
def test_what_is_nearly_json_is_read_or_refused_alike(text: str) -> None:
    assert_alike(lambda: decode.decode_json(text.encode("utf-8", "surrogatepass")))


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused_alike(body: bytes) -> None:
    assert_alike(lambda: decode.decode_json(body))


@pytest.mark.parametrize("depth", [10, 100, 500, 900, 1_100, 5_000, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_depth_is_read_or_refused_alike(depth: int, opening: str, closing: str) -> None:
    body = (opening * depth + "1" + closing * depth).encode()
    kinds = []
    for fast in (True, False):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(decode._Decoders, "fast", None)
            patch.setattr(decode._Decoders, "looked_up", not fast)
            try:
                value, found = decode.decode_json(body), 0
                while not isinstance(value, int):
                    value, found = next(iter(value.values() if isinstance(value, dict) else value)), found + 1
                kinds.append(found)
            except DecodingFailed as error:
                kinds.append(str(error))
    assert kinds[0] == kinds[1]


@given(WILD)
@example({True: 1})
@example({1e16: 1})
@example({float("nan"): 1})
@example({"a": float("nan")})
@example({"\ud800": 1})
@example({"a": dt.date(2027, 1, 2)})
def test_anything_is_written_or_refused_alike(value: Any) -> None:
    written, refused = both(lambda: encode.encode_json(value))
    if isinstance(refused, tuple):
        assert isinstance(written, tuple)
        assert written[0] is refused[0] is InvalidArgument
    else:
        # the exponent of a float is spelt in two ways
        assert same_values(written, refused)


def same_values(one: str, other: str) -> bool:
    return bool(repr(json.loads(ast.literal_eval(one))) == repr(json.loads(ast.literal_eval(other))))


def test_a_value_that_holds_itself_is_refused_with_either() -> None:
    value: dict[str, Any] = {}
    value["self"] = [value]
    written, refused = both(lambda: encode.encode_json(value))
    assert written[0] is refused[0] is InvalidArgument


class Kind(enum.StrEnum):
    """A text that is more than a text."""

    PAPER = "paper"


class Level(enum.IntEnum):
    """A number that is more than a number."""

    HIGH = 3


class Odd(enum.Enum):
    """Values that are no text."""

    NUMBER = 4
    SET = frozenset({1})
    NOT_A_NUMBER = float("nan")


class Text(str):
    """A text of another type."""

    __slots__ = ()


class Pair(NamedTuple):
    """A tuple of another type."""

    one: int = 1


@dataclasses.dataclass
class Record:
    """What other fast encoders write as an object, and the standard library not at all."""

    kind: str = "paper"


@pytest.mark.parametrize(
    "wrap", [lambda one: one, lambda one: [None, one], lambda one: {"deep": [{"er": one}]}]
)
@pytest.mark.parametrize(
    "odd",
    [
        Kind.PAPER, Level.HIGH, *Odd, Text("paper"), Pair(), Record(), BulkReservationInput(items=[]),
        OrderedDict(a=1), float("nan"), float("-inf"), {1}, frozenset(), b"", bytearray(b"x"),
        memoryview(b"x"), dt.timedelta(1), dt.time(1), dt.datetime(2027, 1, 2, tzinfo=dt.UTC), Decimal("NaN"),
        uuid.UUID(int=3), (1, 2), {Kind.PAPER: 1}, {Text("a"): 1}, {b"a": 1}, {(1,): 1}, {uuid.UUID(int=3): 1},
        {Level.HIGH: 1}, {Odd.NUMBER: 1}, 2**64, -(2**63) - 1, "null", "\udfff", -0.0,
    ],
    ids=lambda odd: type(odd).__name__,  # the text of some holds an address
)  # fmt: skip
def test_fast_and_plain_encoders_write_and_refuse_alike(
    odd: object, wrap: Callable[[object], object]
) -> None:
    assert_alike(lambda: json.loads(encode.encode_json(wrap(odd))))


def test_a_null_beside_plain_values_is_written_by_the_fast_codec() -> None:
    assert encode._fast({"note": None, "price": 1.5}) == b'{"note":null,"price":1.5}'
    assert encode._fast({"note": None, "price": float("nan")}) is None
