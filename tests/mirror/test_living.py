"""A short campaign of processes that mirror a catalogue that changes; `make proof` runs a longer one."""

from __future__ import annotations

from collections import Counter

import pytest

from scripts import living


@pytest.mark.timeout(120)
def test_a_mirror_of_a_catalogue_that_changes_ends_exact(capsys: pytest.CaptureFixture[str]) -> None:
    assert living.main(["--seconds", "3", "--offers", "100", "--rate", "20", "--seed", "4"]) == 0
    said = capsys.readouterr().out
    counts = dict(line.rsplit(None, 1) for line in said.splitlines()[:-1])
    assert said.splitlines()[-1] == "exact"
    assert int(counts["sweeps"]) >= 1
    assert int(counts["changes in the feed"]) >= int(counts["things in the mirror"]) > 1000


def test_what_is_wrong_makes_a_campaign_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(campaign: living.Campaign) -> None:
        campaign.counts = Counter(sweeps=3)
        campaign.wrong = ["the mirror lacks /a"]

    monkeypatch.setattr(living.Campaign, "run", run)
    assert living.main([]) == 1
    assert capsys.readouterr().out.splitlines()[1:] == ["the mirror lacks /a", "wrong: 1"]
