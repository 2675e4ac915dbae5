"""Form answers: every type, every refusal, and the way back."""

# ruff: noqa: DTZ001 - datetimes without a zone are what is tested

import string
import unicodedata
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import IntEnum, StrEnum
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from korus.errors import AnswersInvalid, InvalidArgument
from korus.forms import FIELD_TYPES, FormAnswers, coerce_field, parse_field

FORM = "/v1/forms/019a5d1d-6980-7e10-8b63-c8b83f0c5046"
CHOICES = [{"code": "plain", "label": "Plain"}, {"code": "vegan", "label": "Vegan"}]


def reason(type_, value, **kwargs):
    with pytest.raises(AnswersInvalid) as caught:
        coerce_field(type_, value, **kwargs)
    assert len(caught.value.problems) == 1
    return caught.value.problems[0].reason


class TestTexts:
    @pytest.mark.parametrize(
        ("type_", "value", "sent"),
        [
            ("text", "Vega", "Vega"),
            ("text", "", ""),
            ("text", "  Ærø 👩‍👩‍👧 e\u0301 ", "  Ærø 👩‍👩‍👧 e\u0301 "),
            ("bool", True, "true"),
            ("bool", False, "false"),
            ("integer", 4, "4"),
            ("integer", 0, "0"),
            ("integer", -12, "-12"),
            ("integer", 10**40, "1" + "0" * 40),
            ("decimal", Decimal("7.50"), "7.50"),
            ("decimal", Decimal("7.5"), "7.50"),
            ("decimal", Decimal("0.125"), "0.125"),
            ("decimal", Decimal("1E-7"), "0.0000001"),
            ("decimal", Decimal("-0.00"), "0.00"),
            ("decimal", Decimal("-0.05"), "-0.05"),
            ("decimal", 7, "7.00"),
            ("decimal", "7.50", "7.50"),
            ("decimal", "-3", "-3.00"),
            ("date", date(2026, 4, 18), "2026-04-18"),
            ("date", date(33, 4, 3), "0033-04-03"),
            ("date", "2026-04-18", "2026-04-18"),
            ("time", time(18, 45), "18:45"),
            ("time", time(0, 5), "00:05"),
            ("time", "18:45", "18:45"),
            ("datetime", datetime(2026, 4, 18, 18, 45), "2026-04-18 18:45:00"),
            ("datetime", datetime(987, 4, 8, 8, 5, 9), "0987-04-08 08:05:09"),
            ("datetime", "2026-04-18 18:45:00", "2026-04-18 18:45:00"),
            ("single_choice", "vegan", "vegan"),
            ("single_choice", "Vegan", "vegan"),
            ("single_choice", CHOICES[0], "plain"),
        ],
    )
    def test_a_value_becomes_the_text_of_the_reference(self, type_, value, sent):
        assert coerce_field(type_, value, choices=CHOICES) == (sent,)

    def test_several_choices_become_several_texts_in_the_order_given(self):
        assert coerce_field("multi_choice", ["vegan", "Plain"], choices=CHOICES) == ("vegan", "plain")
        assert coerce_field("multi_choice", ("plain",), choices=["plain", "vegan"]) == ("plain",)
        assert coerce_field("multi_choice", [], choices=CHOICES) == ()

    def test_a_set_of_choices_always_gives_the_same_texts(self):
        assert coerce_field("multi_choice", {"vegan", "plain"}, choices=CHOICES) == ("plain", "vegan")

    def test_a_type_the_reference_does_not_know_takes_a_text_as_is(self):
        assert coerce_field("colour", "#ff0000") == ("#ff0000",)
        assert parse_field("colour", "#ff0000") == "#ff0000"
        assert "give a str" in reason("colour", 4)

    def test_unknown_choices_accept_any_code_and_empty_choices_none(self):
        assert coerce_field("single_choice", "plain") == ("plain",)
        assert "is not one of the choices: none" in reason("single_choice", "plain", choices=[])

    def test_subclasses_are_sent_as_what_they_hold(self):
        class Meal(StrEnum):
            VEGAN = "vegan"

        class Seats(IntEnum):
            TWO = 2

        class Shout(str):
            __slots__ = ()

            def __str__(self):
                return self.upper() + "!"

        assert coerce_field("single_choice", Meal.VEGAN, choices=CHOICES) == ("vegan",)
        assert coerce_field("integer", Seats.TWO) == ("2",)
        assert coerce_field("text", Shout("ada")) == ("ada",)


class TestRefusals:
    @pytest.mark.parametrize(
        ("type_", "value"),
        [
            *[(type_, None) for type_ in FIELD_TYPES],
            ("text", 4),
            ("text", b"Vega"),
            ("bool", 1),
            ("bool", "true"),
            ("integer", True),
            ("integer", 4.0),
            ("integer", "4"),
            ("integer", Decimal(4)),
            ("decimal", 7.5),
            ("decimal", True),
            ("decimal", Decimal("NaN")),
            ("decimal", Decimal("sNaN")),
            ("decimal", Decimal("-Infinity")),
            ("decimal", Decimal("1E+2")),
            *[
                ("decimal", text)
                for text in (
                    "1e2",
                    "1E-2",
                    "NaN",
                    "inf",
                    "+1",
                    "1_000",
                    " 1",
                    "1 ",
                    "1\n",
                    ".5",
                    "1.",
                    "",
                    "1,5",
                    "٣",
                )
            ],
            ("date", datetime(2026, 4, 18)),
            ("date", 20260418),
            *[
                ("date", text)
                for text in ("2026-4-18", "20260418", "2026-02-30", "2026-W01-1", "2026-04-18\n")
            ],
            ("time", time(18, 45, 1)),
            ("time", time(18, 45, 0, 1)),
            ("time", time(18, 45, tzinfo=UTC)),
            ("time", datetime(2026, 4, 18, 18, 45)),
            *[("time", text) for text in ("18:45:00", "24:00", "8:45", "18.45", "T18:45")],
            ("datetime", date(2026, 4, 18)),
            ("datetime", datetime(2026, 4, 18, 18, 45, 0, 7)),
            ("datetime", datetime(2026, 4, 18, 18, 45, tzinfo=UTC)),
            *[
                ("datetime", text)
                for text in ("2026-04-18T18:45:00", "2026-04-18 18:45", "2026-04-18 18:45:00Z")
            ],
            ("single_choice", "Vegetarian"),
            ("single_choice", ["vegan"]),
            ("single_choice", True),
            ("multi_choice", "vegan"),
            ("multi_choice", ["vegan", "vegan"]),
            ("multi_choice", ["vegan", "Vegan"]),
            ("multi_choice", ["vegan", "fish"]),
            ("multi_choice", {"vegan": True}),
            ("multi_choice", None),
        ],
    )
    def test_what_would_be_misread_or_lost_is_refused(self, type_, value):
        assert reason(type_, value, choices=CHOICES)

    def test_float_is_refused_with_decimal_and_text_as_advice(self):
        assert reason("decimal", 0.1) == (
            "a float is not exact: give Decimal('0.1') or the text '0.1' instead"
        )

    @pytest.mark.parametrize("control", ["\n", "\t", "\r", "\x00", "\x7f", "\x85", "\x1b"])
    def test_a_control_character_is_refused_and_named(self, control):
        assert f"character 4 is U+{ord(control):04X}" in reason("text", f"Ada{control}")

    def test_half_a_surrogate_pair_is_refused(self):
        assert "character 1 is half of a surrogate pair" in reason("text", "\ud83d!")

    @pytest.mark.parametrize("blank", ["", "   ", "\u3000"])
    def test_a_required_text_may_not_be_blank(self, blank):
        assert "blank" in reason("text", blank, required=True)
        assert coerce_field("text", blank) == (blank,)

    def test_a_required_choice_of_none_is_refused(self):
        assert "at least one" in reason("multi_choice", [], choices=CHOICES, required=True)

    def test_a_number_too_long_for_anything_is_refused_rather_than_crashing(self):
        assert "1000 digits" in reason("integer", 10**5000)
        assert "1000 digits" in reason("decimal", 10**5000)
        assert "1000 digits" in reason("decimal", Decimal("1E-5000"))
        assert coerce_field("integer", 10**999) == (str(10**999),)

    def test_a_label_that_two_choices_share_is_refused_with_their_codes(self):
        shared = [{"code": "a", "label": "Hall"}, {"code": "b", "label": "Hall"}]
        assert reason("single_choice", "Hall", choices=shared).endswith("one of 'a', 'b'") or reason(
            "single_choice", "Hall", choices=shared
        ).endswith("one of 'b', 'a'")

    @pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
    def test_a_choice_is_found_whatever_unicode_form_it_is_in(self, form):
        choices = [{"code": "thé", "label": "Thé glacé"}, {"code": "half", "label": "½ ﬁlet"}, {"code": "x"}]
        for name_, code in (("thé", "thé"), ("Thé glacé", "thé"), ("½ ﬁlet", "half")):
            for known in (form, "NFD"):
                listed = [
                    {name: unicodedata.normalize(known, text) for name, text in choice.items()}
                    for choice in choices
                ]
                (found,) = coerce_field("single_choice", unicodedata.normalize(form, name_), choices=listed)
                assert unicodedata.normalize("NFC", found) == code
                assert found in {choice["code"] for choice in listed}
        assert "not one of the choices" in reason("single_choice", "", choices=choices)

    def test_a_name_that_is_written_just_so_wins_over_one_that_looks_like_it(self):
        choices = [{"code": "2", "label": "a²"}, {"code": "3", "label": "a2"}]
        assert coerce_field("single_choice", "a2", choices=choices) == ("3",)
        assert coerce_field("single_choice", "a²", choices=choices) == ("2",)

    def test_a_code_wins_over_the_label_of_another_choice(self):
        crossed = [{"code": "a", "label": "b"}, {"code": "b", "label": "a"}]
        assert coerce_field("single_choice", "a", choices=crossed) == ("a",)

    @pytest.mark.parametrize(
        ("type_", "texts"),
        [
            ("bool", "True"),
            ("bool", ""),
            ("integer", "4.0"),
            ("integer", "٤"),
            ("integer", "4\n"),
            ("decimal", "1e5"),
            ("date", "2026-02-30"),
            ("time", "24:00"),
            ("datetime", "2026-04-18T18:45:00"),
            ("text", ()),
            ("text", ("a", "b")),
            ("single_choice", "fish"),
            ("multi_choice", ("plain", "fish")),
        ],
    )
    def test_a_text_that_is_not_in_the_format_is_not_read(self, type_, texts):
        with pytest.raises(AnswersInvalid):
            parse_field(type_, texts, choices=CHOICES)

    def test_unknown_time_zone_is_refused_as_such(self):
        with pytest.raises(InvalidArgument, match="Europe/Atlantis"):
            coerce_field("datetime", datetime(2026, 4, 18, tzinfo=UTC), time_zone="Europe/Atlantis")


class TestZones:
    def test_a_datetime_with_a_zone_is_converted_to_the_venues(self):
        noon = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
        assert coerce_field("datetime", noon, time_zone="Europe/Lisbon") == ("2026-07-01 13:00:00",)
        assert coerce_field("datetime", noon, time_zone=timezone(timedelta(hours=-3))) == (
            "2026-07-01 09:00:00",
        )
        assert coerce_field("datetime", noon, time_zone={"timezone": "Asia/Tokyo"}) == (
            "2026-07-01 21:00:00",
        )

    def test_a_product_base_without_a_zone_leaves_it_unknown(self):
        assert "state time_zone" in reason(
            "datetime", datetime(2026, 7, 1, tzinfo=UTC), time_zone={"timezone": None}
        )

    def test_a_datetime_without_a_zone_is_the_venues_local_time(self):
        assert coerce_field("datetime", datetime(2026, 7, 1, 12, 0), time_zone="Asia/Tokyo") == (
            "2026-07-01 12:00:00",
        )

    def test_a_conversion_off_the_calendar_is_refused(self):
        assert "outside the years" in reason(
            "datetime", datetime(9999, 12, 31, 23, tzinfo=UTC), time_zone="Asia/Tokyo"
        )

    @given(
        st.datetimes(
            min_value=datetime(1950, 1, 2), max_value=datetime(2100, 1, 1), timezones=st.timezones()
        ).map(lambda moment: moment.replace(microsecond=0))
    )
    def test_the_text_is_what_the_clock_of_the_venue_shows(self, moment):
        venue = ZoneInfo("Europe/Lisbon")
        local = moment.astimezone(venue)
        assume(local.microsecond == 0)
        (sent,) = coerce_field("datetime", moment, time_zone=venue)
        assert parse_field("datetime", sent) == local.replace(tzinfo=None)


codes = st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=8), min_size=1, unique=True)
texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]))

VALUES = {
    "text": texts,
    "bool": st.booleans(),
    "integer": st.integers(),
    "decimal": st.one_of(
        st.decimals(allow_nan=False, allow_infinity=False, places=2),
        st.builds(
            lambda sign, digits, places: Decimal((sign, tuple(digits), -places)),
            st.sampled_from([0, 1]),
            st.lists(st.integers(0, 9), min_size=1, max_size=40),
            st.integers(0, 60),
        ),
    ),
    "date": st.dates(),
    "time": st.times().map(lambda value: value.replace(second=0, microsecond=0)),
    "datetime": st.datetimes().map(lambda value: value.replace(microsecond=0)),
}


class TestRoundTrip:
    @pytest.mark.parametrize("type_", sorted(VALUES))
    def test_coerced_then_parsed_gives_the_same_value(self, type_):
        @given(VALUES[type_])
        def holds(value):
            sent = coerce_field(type_, value)
            assert all(isinstance(text, str) for text in sent)
            back = parse_field(type_, sent)
            assert back == value
            assert type(back) is type(value)
            assert coerce_field(type_, back) == sent

        holds()

    @given(codes, st.data())
    def test_a_choice_comes_back_as_its_code(self, known, data):
        chosen = data.draw(st.sampled_from(known))
        sent = coerce_field("single_choice", chosen, choices=known)
        assert parse_field("single_choice", sent, choices=known) == chosen

    @given(codes, st.data())
    def test_choices_come_back_as_their_codes_in_order(self, known, data):
        chosen = data.draw(st.lists(st.sampled_from(known), unique=True))
        sent = coerce_field("multi_choice", chosen, choices=known)
        assert parse_field("multi_choice", sent, choices=known) == chosen

    @given(
        st.sampled_from(FIELD_TYPES), st.one_of(st.text(), st.text(string.digits + "-:. Ee+_", max_size=20))
    )
    def test_any_text_is_read_or_refused_and_what_is_read_is_written_the_same(self, type_, text):
        try:
            value = parse_field(type_, text)
        except AnswersInvalid:
            return
        try:
            sent = coerce_field(type_, value)
        except AnswersInvalid:  # read tolerantly, but nothing korus would send
            assert type_ in ("text", "single_choice", "multi_choice")
            return
        assert parse_field(type_, sent) == value

    @given(st.sampled_from(FIELD_TYPES), st.from_type(object))
    def test_no_value_whatever_raises_anything_but_the_documented_error(self, type_, value):
        try:
            sent = coerce_field(type_, value, choices=CHOICES)
        except AnswersInvalid:
            return
        assert isinstance(sent, tuple)
        parse_field(type_, sent, choices=CHOICES)


def form_field(number, code, type_="text", *, required=False, label=None, choices=(), **extra):
    identity = f"019a5d1d-6d68-7155-bfdc-{number:012d}"
    return {
        "@id": f"{FORM}/fields/{identity}",
        "id": identity,
        "code": code,
        "label": label,
        "type": type_,
        "required": required,
        "choices": list(choices),
        **extra,
    }


def form(*fields, **extra):
    return {"@id": FORM, "id": FORM.rsplit("/", 1)[1], "code": "visitor", "fields": list(fields), **extra}


class TestFormAnswers:
    def test_answers_become_form_data_in_the_order_of_the_form(self):
        name, seats, meals = (
            form_field(1, "family_name", required=True),
            form_field(2, "seats", "integer"),
            form_field(3, "meals", "multi_choice", choices=CHOICES),
        )
        answers = FormAnswers(
            form(name, seats, meals), {"meals": ["vegan", "plain"], "seats": 2, "family_name": "Vega"}
        )
        assert answers.problems == ()
        assert answers.form_data == {
            "form": FORM,
            "fields": [
                {"field": name["@id"], "value": "Vega"},
                {"field": seats["@id"], "value": "2"},
                {"field": meals["@id"], "value": "vegan"},
                {"field": meals["@id"], "value": "plain"},
            ],
        }
        assert answers.values == {"family_name": "Vega", "seats": 2, "meals": ["vegan", "plain"]}

    @pytest.mark.parametrize("by", ["code", "label", "id", "@id"])
    def test_a_field_goes_by_its_code_label_id_or_iri(self, by):
        entry = form_field(1, "family_name", label="Family name")
        assert FormAnswers(form(entry), {entry[by]: "Vega"}).form_data["fields"] == [
            {"field": entry["@id"], "value": "Vega"}
        ]

    def test_a_field_is_found_whatever_unicode_form_its_label_is_in(self):
        entry = form_field(1, "lunch_at", label="Déjeuner à")
        answers = FormAnswers(form(entry), {unicodedata.normalize("NFD", "Déjeuner à"): "12"})
        assert answers.form_data["fields"] == [{"field": entry["@id"], "value": "12"}]

    def test_all_problems_are_reported_at_once(self):
        answers = FormAnswers(
            form(
                form_field(1, "family_name", required=True),
                form_field(2, "seats", "integer"),
                form_field(3, "born", "date", required=True),
            ),
            {"seats": "two", "born": None, "hat": "L"},
        )
        with pytest.raises(AnswersInvalid) as caught:
            _ = answers.form_data
        assert [str(problem) for problem in caught.value.problems] == [
            "hat: the form has no such field; its fields are: family_name, seats, born",
            "family_name: this required field has no answer",
            "seats: 'two' is a str; give an int",
            "born: this required field has no answer",
        ]

    def test_a_name_that_two_fields_share_lists_both(self):
        first, second = form_field(1, "a", label="Name"), form_field(2, "b", label="Name")
        (problem,) = FormAnswers(form(first, second), {"Name": "Vega"}).problems
        assert problem.field == "Name"
        assert first["@id"] in problem.reason
        assert second["@id"] in problem.reason

    def test_a_code_that_is_another_fields_label_is_ambiguous_too(self):
        (problem,) = FormAnswers(form(form_field(1, "a", label="b"), form_field(2, "b")), {"b": "x"}).problems
        assert "more than one field" in problem.reason

    def test_the_same_field_under_two_names_is_a_problem(self):
        entry = form_field(1, "a", label="A")
        (problem,) = FormAnswers(form(entry), {"a": "1", "A": "2"}).problems
        assert str(problem) == "a: answered twice, under different names"

    def test_none_leaves_an_optional_field_out_and_no_entry_is_sent(self):
        answers = FormAnswers(
            form(form_field(1, "a"), form_field(2, "b", "multi_choice")), {"a": None, "b": []}
        )
        assert answers.form_data == {"form": FORM, "fields": []}

    def test_a_form_or_field_known_by_its_id_only_gets_its_iri(self):
        entry = form_field(1, "a")
        del entry["@id"]
        answers = FormAnswers({"id": "f1", "fields": [entry]}, {"a": "x"})
        assert answers.form_data == {
            "form": "/v1/forms/f1",
            "fields": [{"field": f"/v1/forms/f1/fields/{entry['id']}", "value": "x"}],
        }

    def test_a_blank_node_is_never_sent_as_the_iri_of_a_field(self):
        entry = form_field(1, "a", **{"@id": "/.well-known/genid/9f8fb8b2b009f330393a"})
        assert (
            FormAnswers(form(entry), {"a": "x"}).form_data["fields"][0]["field"]
            == f"{FORM}/fields/{entry['id']}"
        )

    @given(
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3),
                st.dictionaries(
                    st.sampled_from(["@id", "id", "fields", "code", "label", "type", "choices"]), inner
                ),
            ),
        )
    )
    @example({"fields": [{"code": "a", "type": "single_choice", "choices": [None, 3, [], {"code": "x"}]}]})
    def test_whatever_the_api_says_a_form_is_nothing_but_problems_come_of_it(self, broken):
        answers = FormAnswers(broken, {"a": "x"})
        assert answers.problems or answers.form_data["fields"]

    def test_an_unset_required_flag_and_an_unknown_type_are_tolerated(self):
        entry = form_field(1, "a", "hologram", required=None)
        assert FormAnswers(form(entry), {"a": "x"}).values == {"a": "x"}


@pytest.mark.parametrize("named", [None, ["text"], 3, b"text"])
def test_a_type_that_is_no_text_is_refused(named):
    with pytest.raises(InvalidArgument, match="the type of a field is a text such as 'integer'"):
        coerce_field(named, "x")
    with pytest.raises(InvalidArgument, match="the type of a field is a text such as 'integer'"):
        parse_field(named, "x")


@pytest.mark.parametrize("texts", [5, None, (5,), ("a", None), b"3"])
def test_texts_that_are_none_are_refused(texts):
    with pytest.raises(InvalidArgument, match="texts are a text or several, not"):
        parse_field("integer", texts)
