"""Events of a sweep for hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fake_api import small_api

from korus.hooks import ActionEnded, ActionStarted, CallEnded, SweepEnded
from korus.mirror import Mirror

if TYPE_CHECKING:
    from pathlib import Path


def test_each_sweep_is_an_action_with_its_numbers(tmp_path: Path) -> None:
    events: list[Any] = []
    api = small_api()
    with (
        api.client() as plain,
        Mirror(tmp_path / "m.db", plain.with_options(hooks=[events.append])) as mirror,
    ):
        report = mirror.sync()
        sweeps = [event for event in events if isinstance(event, SweepEnded)]
        assert sum(event.added for event in sweeps) == report.added == 35
        assert next(event.kind for event in sweeps) == "catalogs"
        assert all(event.whole and event.error is None and event.removed == 0 for event in sweeps)
        events.clear()
        mirror.sync()
    actions = [event.action.name for event in events if isinstance(event, ActionStarted)]
    assert set(actions) == {"sweep"}
    assert len([event for event in events if isinstance(event, ActionEnded)]) == len(actions)
    assert [event for event in events if isinstance(event, CallEnded)]
    assert sum(event.added + event.changed for event in events if isinstance(event, SweepEnded)) == 0
