"""The shop front of `examples/mirror` in a browser: a calendar that comes from the mirror."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from fake_api import small_api

from korus.mirror import Mirror

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "mirror"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ADULT = "/v1/ticketing/catalogs/park/products/adult"


@pytest.fixture
def front(tmp_path: Path) -> Iterator[str]:
    """A running shop front on a mirror in which 2 January is sold out and 3 January has few left."""
    api = small_api()
    offers = [
        offer for offer in api.offers["/v1/ticketing/catalogs/park"] if offer["product"]["name"] == "adult"
    ]
    offers[1]["availableQuantity"], offers[2]["availableQuantity"] = 0, 2
    with api.client() as korus, Mirror(tmp_path / "m.db", korus) as mirror:
        mirror.sync(prefetch=0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "shop_front:app", "--port", str(port), "--log-level", "warning"],
        cwd=EXAMPLE,
        env={**os.environ, "KORUS_MIRROR": str(tmp_path / "m.db")},
    )
    try:
        ends = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/").raise_for_status()
                break
            except httpx.HTTPError:
                assert time.monotonic() < ends
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)


def browsed(url: str, folder: Path) -> str:
    """The page as a browser has it once it is loaded."""
    assert CHROMIUM is not None
    return subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         f"--user-data-dir={folder}", "--dump-dom", url],
        check=True, capture_output=True, text=True, timeout=240,
    ).stdout  # fmt: skip


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
@pytest.mark.timeout(300)
def test_a_browser_shows_the_calendar_of_the_mirror(front: str, tmp_path: Path) -> None:
    shown = browsed(f"{front}/calendar?product={ADULT}&month=2027-01", tmp_path / "profile")
    cells = dict(re.findall(r'class="(\w+)" data-day="2027-01-(\d\d)"', shown))
    days = {day: status for status, day in re.findall(r'class="(\w+)" data-day="2027-01-(\d\d)"', shown)}
    assert cells
    assert len(days) == 31
    assert [days[f"{number:02}"] for number in (1, 2, 3, 20)] == [
        "available",
        "sold_out",
        "limited",
        "closed",
    ]
    assert "10.50 EUR" in shown
    assert "sold out" in shown
    # 1 January 2027 is a Friday
    assert shown.index('data-day="2027-01-01"') > shown.index("<td></td>" * (date(2027, 1, 1).weekday()))


def test_the_front_page_links_every_product(front: str) -> None:
    page = httpx.get(f"{front}/").text
    assert [name for name in ("adult", "child", "dog") if f">{name}</a>" in page] == ["adult", "child", "dog"]
    assert httpx.get(f"{front}/calendar?product=nothing").status_code == 404
