"""Reference pages and documentation site: `python -m scripts.docs`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from scripts.docs.layout import DOCS
from scripts.docs.reference import PAGES, written

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 1 if a page is out of date or the site has a broken link."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.docs", description="Write or check the reference pages, or build the site."
    )
    wanted = parser.add_mutually_exclusive_group()
    wanted.add_argument(
        "--check", action="store_true", help="write nothing; exit status 1 if a page is out of date"
    )
    wanted.add_argument("--build", action="store_true", help="build the site into build/site")
    wanted.add_argument("--serve", action="store_true", help="build the site and serve it locally")
    wanted.add_argument("--pictures", action="store_true", help="record the terminal sessions again")
    given = parser.parse_args(arguments)
    if given.pictures:
        from scripts.docs.pictures import draw  # noqa: PLC0415 - starts sandboxes

        draw()
        return 0
    if given.build or given.serve:
        from scripts.docs.site import build  # noqa: PLC0415 - the check needs no Zensical

        return build(serve=given.serve)
    old = [page for page in PAGES if written(page) != (DOCS / page).read_text(encoding="utf-8")]
    for page in old:
        if given.check:
            print(f"docs/{page} is out of date: run `python -m scripts.docs`")
        else:
            (DOCS / page).write_text(written(page), encoding="utf-8")
            print(f"wrote docs/{page}")
    return 1 if given.check and old else 0


if __name__ == "__main__":
    sys.exit(main())
