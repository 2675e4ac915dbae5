"""External references: what could come back changed from the API is refused before anything is sent."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from korus._booking.external_reference import reference_problem
from korus.errors import InvalidArgument

REFUSED = {
    "empty": "",
    "blank": " ",
    "too long": "x" * 51,
    "leading space": " SHOP-1",
    "trailing space": "SHOP-1 ",
    "trailing ideographic space": "SHOP-1\u3000",
    "line": "SHOP\n1",
    "NUL": "SHOP\x001",
    "C1 control": "SHOP\x851",
    "zero-width joiner": "SHOP\u200d1",
    "zero-width space": "SHOP\u200b1",
    "byte order mark": "\ufeffSHOP-1",
    "no-break space": "SHOP\xa01",
    "narrow no-break space": "SHOP\u202f1",
    "soft hyphen": "SHOP\xad1",
    "right-to-left override": "SHOP\u202e1",
    "line separator": "SHOP\u20281",
    "private use": "SHOP\ue0001",
    "unassigned": "SHOP\u03781",
    "half a character": "SHOP\ud8001",
    "combining grapheme joiner": "SHOP\u034f1",
    "Hangul filler": "SHOP\u31641",
    "variation selector": "SHOP\ufe0f1",
    "blank Braille pattern": "SHOP\u28001",
    "decomposed": unicodedata.normalize("NFD", "CAFÉ-1"),
    "singleton": "\u212b-1",  # the sign for ångström is not NFC by itself
}


@pytest.mark.parametrize("given_reference", REFUSED.values(), ids=REFUSED.keys())
def test_a_reference_that_may_come_back_changed_is_refused(given_reference):
    assert reference_problem(given_reference) is not None


@pytest.mark.parametrize("given_reference", ["S", "SHOP-1", "SHOP 1/é", "Ä/ß_#7", "x" * 50, "注文-1", "🎫 7"])
def test_a_plain_reference_is_accepted(given_reference):
    assert reference_problem(given_reference) is None


def test_the_reason_names_the_character_and_where_it_is():
    reason = reference_problem("SHOP\u200d1")
    assert reason == "contain only printable characters, got U+200D at position 5"
    assert reference_problem("x" * 63) == "be 1 to 50 characters long, got 63"


@given(st.text(max_size=60))
def test_what_is_accepted_survives_trimming_and_normalising(text):
    if reference_problem(text) is None:
        assert text.strip() == text
        assert unicodedata.normalize("NFC", text) == text
        assert "".join(letter for letter in text if letter.isprintable()) == text


@pytest.mark.parametrize("given_reference", [17, None, b"SHOP-1", *REFUSED.values()])
def test_orders_create_refuses_it_before_anything_is_sent(front, given_reference):
    with pytest.raises(InvalidArgument, match="`external_reference` must"):
        front.order(["/v1/booking/reservations/r"], reference=given_reference)
    assert front.sandbox.inspect.requests.total() == 0
