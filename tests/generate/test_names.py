from __future__ import annotations

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_python_client.strings import ClassName, PythonIdentifier

from scripts.generate.prepare import names

ANY_TEXT = st.text(max_size=30)


@pytest.mark.parametrize(
    ("wire", "python"),
    [
        ("@id", "iri"),
        ("@type", "ld_type"),
        ("@context", "ld_context"),
        ("createdAt[strictly_before]", "created_at_strictly_before"),
        ("order[createdAt]", "order_created_at"),
        ("product[]", "product"),
        ("order[a.b]", "order_a_b"),
        ("itemsPerPage", "items_per_page"),
        ("line1", "line1"),
        ("parsedHTMLBody", "parsed_html_body"),
        ("class", "class_"),
        ("list", "list_"),
        ("größe", "grosse"),
        ("+1", "plus_1"),
        ("-1", "minus_1"),
    ],
)
def test_keys_on_the_wire_become_python_names(wire, python):
    assert names.property_identifier(wire) == python


@given(ANY_TEXT)
def test_identifiers_are_fixed_points_of_the_generator(text):
    name = names.identifier(text)
    assert name.isidentifier()
    assert not keyword.iskeyword(name)
    assert str(PythonIdentifier(name, names.PREFIX)) == name


@given(ANY_TEXT)
def test_class_names_are_fixed_points_of_the_generator(text):
    name = names.class_name(text)
    assert name.isidentifier()
    assert str(ClassName(name, names.PREFIX)) == name


@given(
    st.lists(
        st.one_of(ANY_TEXT, st.sampled_from(["id", "@id", "iri", "x", "x[]", "x_list", "fooBar", "foo_bar"]))
    )
)
def test_keys_get_distinct_names_in_any_order(wires):
    chosen = names.distinct_identifiers(wires, reserved={"to_dict"})
    assert set(chosen) == set(wires)
    assert len(set(chosen.values())) == len(chosen)
    assert "to_dict" not in chosen.values()
    assert names.distinct_identifiers(reversed(wires), reserved={"to_dict"}) == chosen


def test_key_with_brackets_is_named_list():
    assert names.distinct_identifiers(["event[]", "event"]) == {"event": "event", "event[]": "event_list"}


@pytest.mark.parametrize(
    ("many", "one"),
    [("items", "Item"), ("ticketSessions", "TicketSession"), ("categories", "Category"), ("addresses", "Address"),
     ("statuses", "Status"), ("boxes", "Box"), ("children", "Child")],
)  # fmt: skip
def test_plurals_become_singulars(many, one):
    assert names.singular(many) == one


@pytest.mark.parametrize("word", ["gallery", "mapping", "status", "address", "series"])
def test_singulars_are_unchanged(word):
    assert names.singular(word) == word


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("offer", "offers"),
        ("product_base", "product_bases"),
        ("category", "categories"),
        ("box", "boxes"),
        ("day", "days"),
    ],
)
def test_nouns_have_plurals(one, many):
    assert names.plural(one) == many


def test_enum_members_are_named_after_their_values():
    values = ["", "1", "1.0", "a.b", "a-b", "waiting", "Waiting", "WAITING", "+1", "-1", "mr", "é"]
    assert names.member_names(values) == [
        "EMPTY", "VALUE_1", "VALUE_1_0", "A_DOT_B", "A_DASH_B", "WAITING_LOWER", "WAITING_TITLE", "WAITING_UPPER",
        "PLUS_1", "MINUS_1", "MR", "E",
    ]  # fmt: skip
    assert names.member_names([1, -1, 0]) == ["VALUE_1", "VALUE_MINUS_1", "VALUE_0"]


def test_valid_names_in_the_description_are_used():
    assert names.member_names(["a", "b"], ["Alpha", "betaTwo"]) == ["ALPHA", "BETA_TWO"]
    assert names.member_names(["a", "b"], ["Alpha"]) == ["A", "B"]
    assert names.member_names(["a", "b"], ["x y", "x-y"]) == ["A", "B"]


@given(st.lists(ANY_TEXT, unique=True, max_size=12))
def test_enum_member_names_are_distinct_and_independent_of_order(values):
    chosen = names.member_names(values)
    assert len(set(chosen)) == len(values)
    assert all(name.isidentifier() and not name.startswith("_") for name in chosen)
    backwards = names.member_names(list(reversed(values)))
    assert dict(zip(values, chosen, strict=True)) == dict(zip(reversed(values), backwards, strict=True))
