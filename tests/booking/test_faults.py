"""A short campaign of bookings under faults and kills; ``make faults`` runs long ones."""

import pytest

from scripts.faults.__main__ import main
from scripts.faults.campaign import Campaign, Reckoning, run


@pytest.mark.timeout(600)
def test_of_two_hundred_bookings_under_faults_and_kills_none_is_lost_or_made_twice():
    reckoning = run(Campaign(seed=11, bookings=200, processes=2, workers=10, pauses=(20, 60)))
    assert reckoning.asked == 200
    assert reckoning.ordered + reckoning.refused == 200
    assert (reckoning.duplicates, reckoning.lost, reckoning.unknown) == (0, 0, 0)
    # it proves something only if something went wrong
    assert reckoning.faults > 100
    assert reckoning.kills > 0
    assert reckoning.replays > 50


def reckoning(**more):
    usual = dict.fromkeys(
        ("asked", "lines", "ordered", "refused", "orders", "duplicates", "lost", "unknown", "spare_holds"), 0
    )
    usual |= dict.fromkeys(("tokens", "replays", "kills", "faults", "requests"), 0)
    return Reckoning(**{**usual, "seconds": 1.5, **more})


@pytest.mark.parametrize("fault", ["duplicates", "lost", "unknown"])
def test_one_booking_lost_doubled_or_unknown_fails_the_campaign(monkeypatch, capsys, fault):
    monkeypatch.setattr("scripts.faults.__main__.run", lambda campaign: reckoning(**{fault: campaign.seed}))
    assert main(["--seed", "0"]) == 0
    assert main(["--seed", "0", "1"]) == 1
    last = capsys.readouterr().out.strip().split("\n\n")[-1]
    assert last.splitlines()[0].split() == ["seed", "0", "1"]
