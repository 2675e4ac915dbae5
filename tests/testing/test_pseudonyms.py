"""Pseudonyms keep the kind of what they replace, are the same every time, and cannot be mistaken for real values."""

from __future__ import annotations

import re
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from korus.testing.pseudonyms import Kind, Pseudonyms, is_own_identifier, is_pseudonym, kind_of, pieces

PUBLIC = Pseudonyms()
UUIDS = st.uuids() | st.builds(
    lambda n: uuid.UUID(int=n),
    st.integers(0x019C23D2_0000_7ABC_8DEF_000000000000, 0x019C23D2_0000_7ABC_8DEF_0000000000FF),
)


@given(kind=st.sampled_from(Kind), value=st.text(min_size=1, max_size=40))
def test_pseudonyms_are_recognised_and_not_replaced_again(kind, value):
    made = PUBLIC.replace(kind, value)
    if value.strip():
        assert kind_of(made) == kind
        assert made == PUBLIC.replace(kind, made)
    else:
        assert made == value


@given(
    value=st.from_regex(
        r"[A-Za-z]{2,12}(-[0-9a-z]{4,12})?|\+?[0-9]{6,16}|[0-9]{4}-[0-9]{2}-[0-9]{2}", fullmatch=True
    )
)
def test_a_real_value_is_not_taken_for_a_pseudonym(value):
    assert not is_pseudonym(value) or value.startswith("190")


@pytest.mark.parametrize(
    ("kind", "value", "form"),
    [
        ("email", "ada@lovelace.org", r"[^@ ]+@person\.example"),
        ("phone", "+33 6 39 98 04 56", r"\+999\d{9}"),
        ("phone", "06 39 98 04 56", r"0999\d{9}"),
        ("birthdate", "1984-05-06", r"190\d-\d\d-\d\d"),
        ("birthdate", "1984-05-06T10:00:00+02:00", r"190\d-\d\d-\d\dT00:00:00\+00:00"),
        ("birthdate", "06/05/1984", r"\d\d/\d\d/190\d"),
        ("voucher", "4400112233557799", r"9999\d{12}"),
        ("voucher", "AB-12-XY", r"VOUCHER-\w{10}"),
        ("reference", "SHOP-42", r"REF-\w{10}"),
    ],
)
def test_a_pseudonym_keeps_the_form_of_what_it_replaces(kind, value, form):
    assert re.fullmatch(form, PUBLIC.replace(Kind(kind), value))


def test_one_person_has_one_pseudonym_however_the_name_is_written():
    assert PUBLIC.replace(Kind.GIVEN, "Ada") == PUBLIC.replace(Kind.GIVEN, " ADA ")
    assert PUBLIC.replace(Kind.PHONE, "+33639980456")[1:] == PUBLIC.replace(Kind.PHONE, "0639980456")[1:]
    assert PUBLIC.replace(Kind.GIVEN, "Ada") != PUBLIC.replace(Kind.GIVEN, "Eda")


def test_another_key_gives_other_pseudonyms_of_the_same_form():
    other = Pseudonyms(b"a key that is nobody's business")
    assert other.replace(Kind.GIVEN, "Ada") != PUBLIC.replace(Kind.GIVEN, "Ada")
    assert kind_of(other.replace(Kind.GIVEN, "Ada")) is Kind.GIVEN
    assert "nobody" not in repr(other)
    assert PUBLIC.public
    assert not other.public


@given(identifiers=st.lists(UUIDS.map(str), min_size=1, max_size=12, unique=True))
def test_identifiers_keep_version_variant_and_order(identifiers):
    made = PUBLIC.identifiers(identifiers)
    new = [made.get(one, one) for one in identifiers]
    assert sorted(range(len(new)), key=new.__getitem__) == sorted(
        range(len(new)), key=identifiers.__getitem__
    )
    assert [(one[14], one[19]) for one in new] == [(one[14], one[19]) for one in identifiers]
    assert all(map(is_own_identifier, new))
    assert len(set(new)) == len(new)


def test_texts_are_cut_at_their_pseudonyms():
    name = PUBLIC.replace(Kind.GIVEN, "Ada")
    assert list(pieces(f"dear {name}, Given-name")) == [
        ("dear ", False),
        (name, True),
        (", Given-name", False),
    ]
