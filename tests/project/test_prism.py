"""A booking through Prism: no violation, and Prism would see one. Skipped until `make prism` has installed it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from korus.testing import shipped
from scripts import demo, prism

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = prism.find()
installed = pytest.mark.skipif(PROGRAM is None, reason="Prism is not installed: make prism")


@pytest.fixture(autouse=True)
def _in_a_place_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(demo, "FOLDER", tmp_path / "demo")


@installed
def test_a_booking_violates_nothing() -> None:
    booked = prism.book_through(str(PROGRAM))
    assert (booked.status, booked.violations) == (0, ()), booked.output
    assert booked.requests > 20


def stricter(place: str) -> dict[str, Any]:
    """Return the description with a field that no order has, required of its request or of its answer."""
    document: dict[str, Any] = copy.deepcopy(shipped.description().document)
    operation = document["paths"]["/v1/booking/orders/_bulk"]["post"]
    holder = operation["requestBody"] if place == "request" else operation["responses"]["200"]
    (media_type,) = holder["content"].values()
    name = media_type["schema"]["$ref"].rpartition("/")[2]
    schema = document["components"]["schemas"][name]
    schema["required"] = [*schema.get("required", []), "canary"]
    return document


@installed
@pytest.mark.parametrize("place", ["request", "answer"])
def test_a_violation_is_seen(place: str) -> None:
    assert prism.book_through(str(PROGRAM), stricter(place)).violations


def program(folder: Path, text: str) -> str:
    file = folder / "prism"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return str(file)


def test_command_without_prism_names_the_fix(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PRISM", str(tmp_path / "none"))
    assert prism.main() == 2
    assert "make prism" in capsys.readouterr().err


def test_output_of_a_failed_prism_is_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PRISM", program(tmp_path, "echo no such option; exit 1"))
    assert prism.main() == 2
    assert "no such option" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("booked", "status"),
    [
        (prism.Booked(0, "", 9, ()), 0),
        (prism.Booked(0, "", 9, ("a violation",)), 1),
        (prism.Booked(3, "", 9, ()), 1),
        (prism.Booked(0, "", 0, ()), 1),
    ],
    ids=["right", "violation", "not booked", "nothing passed"],
)
def test_the_status_is_0_only_if_all_was_compared_and_right(
    monkeypatch: pytest.MonkeyPatch, booked: prism.Booked, status: int
) -> None:
    monkeypatch.setattr(prism, "find", lambda: "prism")
    monkeypatch.setattr(prism, "book_through", lambda _: booked)
    assert prism.main() == status
