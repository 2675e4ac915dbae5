"""The documentation site: every page is found, every link leads somewhere, and a browser shows it wide and narrow."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from scripts.docs import site
from scripts.docs.layout import DOCS, NAVIGATION, ROOT

if TYPE_CHECKING:
    from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PAGES = sorted(DOCS.rglob("*.md"))
LINK = re.compile(r"\]\(([^)\s#:]*)(?:#([^)\s]+))?\)")


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as the site and code hosts write them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


def linked(page: Path) -> set[Path]:
    return {(page.parent / path).resolve() for path, _ in LINK.findall(page.read_text()) if path}


def test_every_page_is_in_the_navigation() -> None:
    listed = [f"{page}.md" for pages in NAVIGATION.values() for page in pages]
    assert sorted(listed) == [page.relative_to(DOCS).as_posix() for page in PAGES]


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *PAGES], ids=lambda page: page.name
)
def test_every_anchor_that_is_linked_exists(page: Path) -> None:
    found = [
        ((page.parent / path).resolve() if path else page, anchor)
        for path, anchor in LINK.findall(page.read_text())
    ]
    assert [(to.name, anchor) for to, anchor in found if anchor and anchor not in anchors(to)] == []


def test_twenty_questions_are_answered_within_two_clicks() -> None:
    index = DOCS / "index.md"
    table = index.read_text().partition("## Questions of a new user")[2]
    rows = re.findall(r"^\| (.+\?.*) \| \[.+\]\(([^)#]+)(?:#[^)]+)?\) \|$", table, flags=re.MULTILINE)
    assert len({question for question, _ in rows}) == len(rows) >= 20
    assert index.resolve() in linked(ROOT / "README.md")
    assert [page for _, page in rows if not (DOCS / page).is_file()] == []


def test_two_marked_blocks_become_tabs_and_hidden_ones_go(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Page\n\n<!-- tab: sync -->\n\n```python\nf()\n\ng()\n```\n\n<!-- tab: async -->\n\n```python\nawait f()\n```\n\n"
        "<!-- invisible-code-block: python\nhidden()\n-->\n\nEnd.\n"
    )
    assert site.staged_text(page) == (
        '# Page\n\n=== "sync"\n\n    ```python\n    f()\n\n    g()\n    ```\n\n=== "async"\n\n    ```python\n'
        "    await f()\n    ```\n\nEnd.\n"
    )


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<a href="b.html">b</a><a href="b.html#part">p</a><a href="#own" id="own">o</a><a href="https://a.example/">x</a>'
    )
    (tmp_path / "b.html").write_text(
        '<h2 id="part">Part</h2><a href="c.html">c</a><a href="a.html#none">n</a>'
    )
    assert site.broken_links(tmp_path) == ["b.html: a.html#none", "b.html: c.html"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built in a folder of its own."""
    folder = tmp_path_factory.mktemp("site")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site, "STAGE", folder / "docs")
        patch.setattr(site, "SITE", folder / "site")
        assert site.build() == 0
    return folder / "site"


def test_the_site_has_every_page_and_names_it_in_llms_txt(built: Path) -> None:
    named = re.findall(r"\]\(([^)]+)\)", (built / "llms.txt").read_text())
    assert sorted(named) == [page.relative_to(DOCS).as_posix() for page in PAGES]
    for name in named:
        assert (built / name).is_file()
        assert (built / name).with_suffix(".html").is_file()


def test_the_site_asks_no_other_host(built: Path) -> None:
    text = (built / "index.html").read_text()
    assert re.findall(r'(?:src|href)="((?:https?:)?//[^"]+)"[^>]*>', re.sub(r"<a .*?>", "", text)) == []


MEASURE = """<!doctype html><meta charset="utf-8"><pre id="seen"></pre><script>
const pages = PAGES, widths = [1280, 390], seen = {};
let open = pages.length * widths.length;
for (const page of pages) for (const width of widths) {
  const frame = document.createElement("iframe");
  frame.style.width = width + "px"; frame.style.height = "800px"; frame.src = page;
  frame.onload = () => setTimeout(() => {
    const d = frame.contentDocument;
    seen[page + " " + width] = [d.title, d.querySelectorAll("nav a").length, d.documentElement.scrollWidth - width];
    if (!--open) document.getElementById("seen").textContent = JSON.stringify(seen);
  }, 100);
  document.body.append(frame);
}
</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
@pytest.mark.timeout(300)
def test_a_browser_shows_pages_wide_and_narrow_without_scrolling_sideways(
    built: Path, tmp_path: Path
) -> None:
    assert CHROMIUM is not None
    pages = [
        "index.html",
        "why.html",
        "reference/api.html",
        "reference/errors.html",
        "project/how-it-is-built.html",
    ]
    (built / "measure.html").write_text(MEASURE.replace("PAGES", json.dumps(pages)))
    shown = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--allow-file-access-from-files", "--virtual-time-budget=20000", f"--user-data-dir={tmp_path / 'profile'}",
         "--dump-dom", (built / "measure.html").as_uri()],
        check=True, capture_output=True, text=True, timeout=240,
    ).stdout  # fmt: skip
    found = re.search(r'<pre id="seen">(\{.*?\})</pre>', shown)
    assert found is not None
    seen = json.loads(found[1].replace("&amp;", "&"))
    assert len(seen) == 2 * len(pages)
    for name, (title, links, beyond) in seen.items():
        assert "korus" in title, name
        assert links > 40, name
        assert beyond <= 0, name
