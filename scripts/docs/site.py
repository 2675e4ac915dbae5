"""Documentation site, staged in `build/docs`, built by Zensical into `build/site`, with a check of its links.

The pages are also readable in the repository. In the staged pages, links to files outside of ``docs/`` point to copies,
two blocks marked ``<!-- tab: … -->`` become tabs, and comments for the tests are removed.
"""

from __future__ import annotations

import os
import posixpath
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from scripts.docs.layout import DOCS, NAVIGATION, ROOT, SITE, STAGE

__all__ = ["broken_links", "build", "stage", "staged_text", "title"]

_BESIDE = {
    "README.md": "project/readme.md",
    "CHANGELOG.md": "project/changes.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/reporting.md",
    "openapi/REFERENCE.md": "reference/known.md",
    "openapi/README.md": "reference/descriptions.md",
    "changelog.d/README.md": "project/fragments.md",
    "examples/shop/README.md": "examples/shop.md",
    "examples/mirror/README.md": "examples/mirror.md",
}
"""Markdown files outside of docs/ that are pages of the site, with their places."""

_CONFIGURATION = """\
[project]
site_name = "korus"
site_description = "Python SDK for the KorusTicket API"
docs_dir = "docs"
site_dir = "site"
use_directory_urls = false
extra_css = ["korus.css"]
nav = [
{nav}]

[project.theme]
language = "en"
font = false
features = [
  "content.code.copy",
  "content.tabs.link",
  "navigation.footer",
  "navigation.sections",
  "navigation.top",
  "navigation.tracking",
  "search.highlight",
]

[[project.theme.palette]]
media = "(prefers-color-scheme: light)"
scheme = "default"
toggle.icon = "lucide/sun"
toggle.name = "Switch to dark mode"

[[project.theme.palette]]
media = "(prefers-color-scheme: dark)"
scheme = "slate"
toggle.icon = "lucide/moon"
toggle.name = "Switch to light mode"

[project.markdown_extensions]
attr_list = {{}}
md_in_html = {{}}
tables = {{}}
toc.permalink = true
pymdownx.highlight.pygments_lang_class = true
pymdownx.inlinehilite = {{}}
pymdownx.superfences = {{}}
pymdownx.tabbed.alternate_style = true
"""


_STYLE = """\
/* names in the first column of a table stay whole */
.md-typeset table:not([class]) td:first-child code { overflow-wrap: normal; word-break: normal; }
"""


def title(text: str) -> str:
    """Return the first heading of a page."""
    found = re.search(r"^# (.+)$", text, flags=re.MULTILINE)
    if found is None:
        raise ValueError("a page begins with a heading")
    return found[1].replace("`", "")


def staged_text(source: Path) -> str:
    """Return the staged text of a page."""
    text = source.read_text(encoding="utf-8")
    text = re.sub(r"<!-- invisible-code-block: .*?-->\n*", "", text, flags=re.DOTALL)
    text = re.sub(
        r"^ *<!-- (?:skip: next|written by|figures:|towncrier) .*-->\n+", "", text, flags=re.MULTILINE
    )
    text = re.sub(r"^<!-- tab: (\w+) -->\n\n(```.*?\n```)\n", _tab, text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(
        r"(\]\()([^)\s#]+)((?:#[^)\s]*)?\))", lambda link: link[1] + _target(source, link[2]) + link[3], text
    )


def _tab(found: re.Match[str]) -> str:
    block = "".join(f"    {line}".rstrip() + "\n" for line in found[2].splitlines())
    return f'=== "{found[1]}"\n\n{block}'


def _place(path: Path) -> str:
    """Return the place of a repository file in the site."""
    within = path.relative_to(ROOT).as_posix()
    if path.is_relative_to(DOCS):
        return path.relative_to(DOCS).as_posix()
    return _BESIDE.get(within, f"files/{within}")


def _target(source: Path, link: str) -> str:
    """Return the staged form of a link; files that are not pages are copied."""
    if urlsplit(link).scheme:
        return link
    path = Path(os.path.normpath(source.parent / link))
    if path.is_dir():
        path /= "README.md"
    if not path.is_file():
        return link  # the check of the links reports it
    place = _place(path)
    if place.startswith("files/") or path.suffix != ".md":
        (STAGE / place).parent.mkdir(parents=True, exist_ok=True)
        # browsers show .txt files of any language as text
        place += "" if path.suffix in {".svg", ".png"} else ".txt"
        shutil.copyfile(path, STAGE / place)
    return posixpath.relpath(place, posixpath.dirname(_place(source)))


def stage() -> list[str]:
    """Write all pages of the site and `llms.txt` to `STAGE`; return the pages, in order."""
    shutil.rmtree(STAGE, ignore_errors=True)
    pages = [f"{page}.md" for section in NAVIGATION.values() for page in section]
    sources = {page: DOCS / page for page in pages} | {place: ROOT / name for name, place in _BESIDE.items()}
    for place, source in sources.items():
        (STAGE / place).parent.mkdir(parents=True, exist_ok=True)
        (STAGE / place).write_text(staged_text(source), encoding="utf-8")
    for picture in DOCS.rglob("*.svg"):
        (STAGE / _place(picture)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture, STAGE / _place(picture))
    (STAGE / "korus.css").write_text(_STYLE, encoding="utf-8")
    (STAGE / "llms.txt").write_text(_for_models(), encoding="utf-8")
    return pages


def _for_models() -> str:
    """Return `llms.txt`: the list of pages with their Markdown files."""
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    lines = ["# korus", "", "> " + index.split("\n\n")[1].replace("\n", " "), ""]
    for section, pages in NAVIGATION.items():
        lines += [f"## {section or 'Begin here'}", ""]
        for page in pages:
            text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
            lines.append(f"- [{title(text)}]({page}.md)")
        lines.append("")
    return "\n".join(lines)


def _configuration() -> str:
    entries: list[str] = []
    for section, pages in NAVIGATION.items():
        listed = ", ".join(
            f'{{ "{title((DOCS / f"{page}.md").read_text(encoding="utf-8"))}" = "{page}.md" }}'
            for page in pages
        )
        entries.append(f'  {{ "{section}" = [{listed}] }},\n' if section else f"  {listed},\n")
    return _CONFIGURATION.format(nav="".join(entries))


def build(*, serve: bool = False) -> int:
    """Build the site; return 1 if Zensical fails or a link is broken."""
    pages = stage()
    configuration = STAGE.parent / "zensical.toml"
    configuration.write_text(_configuration(), encoding="utf-8")
    task = "serve" if serve else "build"
    done = subprocess.run(  # noqa: S603 - our own tool
        [sys.executable, "-m", "zensical", task, "--config-file", str(configuration)],
        check=False,
        cwd=STAGE.parent,
        stdout=None if serve else subprocess.DEVNULL,
    )
    if done.returncode:
        return 1
    for page in pages:  # llms.txt names the Markdown
        shutil.copyfile(STAGE / page, SITE / page)
    broken = broken_links(SITE)
    for place in broken:
        print(f"broken link: {place}")
    print(f"{SITE / 'index.html'}: {len(list(SITE.rglob('*.html')))} pages, {len(broken)} broken links")
    return 1 if broken else 0


class _Links(HTMLParser):
    """Links and anchors of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record the link targets and anchors of a tag."""
        for name, value in attrs:
            if name in {"href", "src"} and value and tag in {"a", "img", "link", "script"}:
                self.links.append(value)
            elif name == "id" and value:
                self.anchors.add(value)


def broken_links(site: Path) -> list[str]:
    """Return the links within a site whose page or anchor does not exist."""
    read = {page: _Links(page.read_text(encoding="utf-8")) for page in site.rglob("*.html")}
    broken: list[str] = []
    for page, found in read.items():
        if page.name == "404.html":  # is shown at any address
            continue
        for link in found.links:
            address = urlsplit(link)
            if address.scheme or address.netloc:
                continue
            target = Path(os.path.normpath(page.parent / unquote(address.path))) if address.path else page
            target = target / "index.html" if target.is_dir() else target
            anchor = unquote(address.fragment)
            if not target.is_file() or (anchor and target in read and anchor not in read[target].anchors):
                broken.append(f"{page.relative_to(site)}: {link}")
    return sorted(set(broken))
