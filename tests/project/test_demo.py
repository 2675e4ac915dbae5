"""`make demo`: the example is booked whole, today and when its weekend has long passed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from korus.cli.booking_file import OfferNamed, parse
from scripts import demo

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place of its own for what the demonstration writes."""
    monkeypatch.setattr(demo, "FOLDER", tmp_path / "demo")
    monkeypatch.setattr(demo, "shown", str)
    return tmp_path / "demo"


def dates(file: Path) -> list[date | None]:
    items = parse(file.read_text(), json=False).items
    return [item.offer.date for item in items if isinstance(item.offer, OfferNamed)]


def test_file_is_booked_unchanged_until_its_week_begins(folder: Path) -> None:
    assert demo.file_to_book(date(2027, 5, 10)) == (demo.FILE, demo.FIRST_DAY)
    assert not folder.exists()
    assert {day.isoformat() for day in dates(demo.FILE) if day} == {"2027-05-14", "2027-05-15", "2027-05-16"}


@pytest.mark.parametrize("today", [date(2027, 5, 11), date(2027, 5, 17), date(2031, 2, 28)])
def test_later_a_copy_is_booked_for_the_next_weeks_weekend(folder: Path, today: date) -> None:
    file, first_day = demo.file_to_book(today)
    assert file == folder / demo.FILE.name
    assert 0 <= (first_day - today).days < 7
    assert [day.weekday() for day in dates(file) if day] == [day.weekday() for day in dates(demo.FILE) if day]
    assert all(4 <= (day - first_day).days <= 6 for day in dates(file) if day)
    original, copy = (parse(one.read_text(), json=False) for one in (demo.FILE, file))
    assert copy.items[0].beneficiaries == original.items[0].beneficiaries


def test_the_demonstration_books_everything_each_time_it_is_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    class Clock(datetime):
        moment = datetime.now(UTC)

        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return cls.moment

    monkeypatch.setattr(demo, "datetime", Clock)
    monkeypatch.setenv("KORUS_ENVIRONMENT", "production")  # must not lead anywhere
    for years in (0, 7):
        Clock.moment += timedelta(days=365 * years)
        assert demo.main() == 0
        out = capfd.readouterr().out
        assert "6 of 6 booked" in out
        assert "the receipt has the same orders" in out
        assert len(list(folder.glob("*/*.pdf"))) == 6
