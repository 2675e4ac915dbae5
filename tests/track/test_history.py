"""The page of all versions: whole, readable without a script, in light and in dark; and the table beside it."""

from __future__ import annotations

import io
import shutil
import subprocess
from html.parser import HTMLParser

import pytest

from scripts.descriptions import versions
from scripts.history import main
from scripts.track.history_page import show, table
from scripts.track.history_steps import replay

VOID = {"meta", "br", "wbr", "link"}
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def steps(six):
    return replay(six, python=False)


class Page(HTMLParser):
    """Checks that what is opened is closed, and collects what a reader meets."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.ids, self.links, self.words = [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.tags.append((tag, named))
        if "id" in named:
            self.ids.append(named["id"])
        if tag == "a":
            self.links.append(named["href"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_is_whole_and_needs_no_script_and_no_network(steps):
    text = show(steps)
    page = Page(text)
    assert page.open == []
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "img", "iframe"}
    assert not any(key.startswith("on") for _, named in page.tags for key in named)
    assert "http" not in text.replace("https://api.", "").replace("https://docs.", "")
    assert "prefers-color-scheme: dark" in text
    assert '<meta name="viewport"' in text
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)


def test_page_has_every_version_and_record(steps, six):
    page = Page(show(steps))
    words = "".join(page.words)
    assert len([one for one in page.ids if one.startswith("v-")]) == len(versions(six))
    for step in steps:
        for record in step.comparison.changes:
            assert record.message in words
    expandable = sum(tag == "details" for tag, _ in page.tags)
    assert expandable > sum(len(step.comparison.changes) for step in steps)


def test_additions_removals_and_breaks_are_shown(steps):
    (forms,) = [step for step in steps if step.new.name == "1.0.19"]
    assert {(entry.kind, entry.name) for entry in forms.went} == {
        ("operation", "GET /v1/forms/{id}"),
        ("property", "form"),
        ("tag", "Form"),
        ("tag", "FormField"),
        ("tag", "FormFieldChoice"),
    }
    assert {entry.name for entry in forms.went if entry.breaking} == {"GET /v1/forms/{id}", "form"}
    assert ("property", "lastSyncedAt", "TicketingCatalog") in {
        (entry.kind, entry.name, entry.place) for entry in forms.came
    }
    assert not any(entry.breaking for entry in forms.came)


def test_the_table_has_one_line_for_each_step(steps, six):
    lines = table(steps).splitlines()
    assert [line.split()[0] for line in lines[1:]] == versions(six)[:-1]
    assert lines[-1].split() == ["1.0.38", "→", "release", "1", "0", "22", "-", "-"]


def test_the_command_writes_the_page_and_prints_the_table(tmp_path, capsys, six):
    output = tmp_path / "history" / "index.html"
    assert main(["--wire-only", "--folder", str(six), "--output", str(output)]) == 0
    shown = capsys.readouterr().out
    assert "1.0.38 → release" in shown
    assert output.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_page_of_a_single_version_says_so(tmp_path, six):
    shutil.copy(six / "release.yaml", tmp_path)
    assert "fewer than two versions" in show(replay(tmp_path, python=False))


def test_texts_of_a_description_are_escaped(tmp_path, six):
    plain = (six / "release.yaml").read_text(encoding="utf-8")
    (tmp_path / "1.yaml").write_text(plain, encoding="utf-8")
    (tmp_path / "2.yaml").write_text(
        plain.replace("externalReference:", "'<script>x</script>':"), encoding="utf-8"
    )
    text = show(replay(tmp_path, python=False))
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert Page(text).open == []


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
@pytest.mark.timeout(300)
def test_a_browser_shows_the_page_in_both_colour_schemes(steps, tmp_path):
    from PIL import Image

    page = tmp_path / "index.html"
    page.write_text(show(steps), encoding="utf-8")
    shades = {}
    for scheme, setting in (("light", 1), ("dark", 0)):
        picture = tmp_path / f"{scheme}.png"
        subprocess.run(
            [
                CHROMIUM,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                f"--user-data-dir={tmp_path / f'profile-{scheme}'}",
                f"--blink-settings=preferredColorScheme={setting}",
                "--window-size=1000,1400",
                f"--screenshot={picture}",
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=240,
        )
        image = Image.open(io.BytesIO(picture.read_bytes())).convert("L")
        corner = image.getpixel((4, 4))
        extremes = image.getextrema()
        shades[scheme] = corner
        assert extremes[1] - extremes[0] > 150  # text stands out from the paper
    assert shades["light"] > 230
    assert shades["dark"] < 50
