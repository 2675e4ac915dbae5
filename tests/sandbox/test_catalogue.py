"""The catalogue: big enough, the same for the same seed, always ahead of today, and of every kind."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from korus._core.field_types import FIELD_TYPES
from korus.sandbox import Clock, Sandbox
from korus.sandbox.catalogue import build_catalogue, first_day_on_sale, sessions_of, tickets_of
from korus.sandbox.ids import digest_of, uuid7
from korus.sandbox.money import amount, without_tax

DAY = date(2026, 11, 23)
PARK = 0


def test_there_are_thousands_of_offers_over_more_than_a_year() -> None:
    catalogue = Sandbox().catalogue
    offers = [offer for members in catalogue.offers.values() for offer in members]
    days = sorted({offer.date for offer in offers if offer.date})
    assert len(offers) == catalogue.offer_count == len({offer.id for offer in offers}) > 2000
    assert days[-1] - days[0] >= timedelta(days=366)
    assert days[0] == first_day_on_sale(Sandbox().clock.now())


def test_some_days_are_sold_out_and_most_are_not() -> None:
    offers = [offer for offer in build_catalogue(1, DAY, 3400).offers_by_id.values() if offer.limited]
    share = sum(offer.sold_out for offer in offers) / len(offers)
    assert 0.02 < share < 0.12


def test_every_kind_of_offer_is_there() -> None:
    offers = build_catalogue(1, DAY, 3400).offers_by_id.values()
    kinds = {
        "unlimited": any(not offer.limited for offer in offers),
        "dynamic": any(offer.moving_price != offer.price for offer in offers),
        "undated": any(offer.date is None for offer in offers),
        "free": any(offer.price == 0 for offer in offers),
        "disabled": any(offer.product.plan.disabled for offer in offers),
        "mixed": any(
            {ticket.needs_session for ticket in tickets_of(offer)} == {True, False} for offer in offers
        ),
        "form": any(ticket.form for offer in offers for ticket in tickets_of(offer)),
    }
    assert all(kinds.values()), kinds


def test_each_form_has_all_types_of_fields() -> None:
    for form in build_catalogue(1, DAY, 3400).forms.values():
        assert {field.plan.type for field in form.fields} == set(FIELD_TYPES)
        assert all(bool(field.choices) == field.plan.type.endswith("choice") for field in form.fields)


def test_same_seed_gives_same_offers_on_any_first_day() -> None:
    today, later = build_catalogue(7, DAY, 3400), build_catalogue(7, DAY + timedelta(days=40), 3400)
    shared = set(today.offers_by_id) & set(later.offers_by_id)
    assert len(shared) > 2000
    for offer_id in shared:
        one, other = today.offers_by_id[offer_id], later.offers_by_id[offer_id]
        assert (one.iri, one.date, one.capacity, one.price, one.moving_price, one.sold_out) == (
            (other.iri, other.date, other.capacity, other.price, other.moving_price, other.sold_out)
        )
        assert [session.iri for ticket in tickets_of(one) for session in sessions_of(ticket)] == (
            [session.iri for ticket in tickets_of(other) for session in sessions_of(ticket)]
        )


def test_a_catalogue_is_built_once_and_each_sandbox_has_a_copy() -> None:
    built = build_catalogue(7, DAY, 500)
    assert build_catalogue(7, DAY, 500) is built
    assert built.own().offers is not built.offers


@pytest.mark.parametrize("wanted", [1, 500, 3400, 3600, 20_000])
def test_the_first_catalogue_is_as_large_as_asked(wanted: int) -> None:
    catalogue = build_catalogue(1, DAY, wanted)
    offers = catalogue.offers[catalogue.catalogs[PARK].id]
    assert len(offers) == wanted
    assert len({offer.id for offer in offers}) == wanted
    if wanted >= 3400:
        assert max(offer.date for offer in offers if offer.date) - DAY > timedelta(days=360)


def test_ids_are_version_seven() -> None:
    catalogue = build_catalogue(1, DAY, 500)
    for text in [*catalogue.offers_by_id, *catalogue.forms, *(catalog.id for catalog in catalogue.catalogs)]:
        assert uuid.UUID(text).version == 7
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", text)


@given(st.binary(min_size=32, max_size=32), st.integers(min_value=0, max_value=2**48 - 1))
def test_an_id_keeps_its_time(digest: bytes, moment: int) -> None:
    made = uuid.UUID(uuid7(digest, moment))
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert made.int >> 80 == moment


def test_a_digest_depends_on_where_parts_end() -> None:
    assert digest_of("ab", "c") != digest_of("a", "bc")


def test_sessions_carry_the_offset_of_the_venue_and_of_the_season() -> None:
    catalogue = build_catalogue(1, date(2027, 1, 1), 3400)
    tours = [
        offer
        for offer in catalogue.offers[catalogue.catalogs[PARK].id]
        if offer.product.plan.code == "workshop_adult"
    ]
    offsets = {
        (offer.date, sessions_of(tickets_of(offer)[0])[0].occurs_at.utcoffset())
        for offer in tours
        if offer.date in {date(2027, 1, 15), date(2027, 7, 15)}
    }
    assert offsets == {(date(2027, 1, 15), timedelta(hours=1)), (date(2027, 7, 15), timedelta(hours=2))}


@given(st.integers(min_value=0, max_value=10**9), st.integers(min_value=0, max_value=30))
def test_a_net_price_comes_back_to_its_gross(cents: int, percent: int) -> None:
    net = without_tax(cents, percent)
    assert abs(net * (100 + percent) - cents * 100) * 2 <= 100 + percent
    assert re.fullmatch(r"[0-9]+\.[0-9]{2}", amount(net))


def test_clock_runs_stops_moves_and_is_set() -> None:
    start = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)
    clock = Clock(start, frozen=True)
    assert clock.now() - start < timedelta(seconds=1)
    before = clock.now()
    assert clock.now() == before
    assert clock.advance(90) == before + timedelta(seconds=90)
    assert clock.advance(timedelta(days=-1)) == before + timedelta(seconds=90, days=-1)
    clock.set(start)
    assert clock.now() == start
    clock.resume()
    assert timedelta() <= clock.now() - start < timedelta(seconds=5)
    with pytest.raises(ValueError, match="aware"):
        clock.set(datetime(2027, 1, 1))  # noqa: DTZ001 - a naive one is what is refused


@pytest.mark.parametrize(("hour", "day"), [(12, 1), (21, 1), (23, 2)])
def test_what_is_on_sale_has_not_passed_where_it_takes_place(hour: int, day: int) -> None:
    assert first_day_on_sale(datetime(2026, 6, 1, hour, tzinfo=UTC)) == date(2026, 6, day)
