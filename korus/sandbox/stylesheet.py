"""Stylesheet of the sandbox's pages, light and dark."""

from __future__ import annotations

__all__ = ["STYLESHEET"]

STYLESHEET = """
:root {
  color-scheme: light dark;
  --paper: #f7f5f0; --card: #fffdf9; --ink: #23211d; --quiet: #6a645a; --line: #e2dccf;
  --accent: #9a4b00; --notice: #fdeecb; --notice-ink: #5b3a00; --good: #2f6f4e; --none: #b3453a;
  --code: #f0ebe0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16171b; --card: #1f2126; --ink: #ece8df; --quiet: #a49e92; --line: #34363d;
    --accent: #f0ad5e; --notice: #3b2d12; --notice-ink: #f7dca6; --good: #7fce9f; --none: #f08c80;
    --code: #121317;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main { max-width: 68rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
a { color: var(--accent); text-underline-offset: .15em; }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .25rem; letter-spacing: -.01em; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1.05rem; margin: 0; }
p { margin: .35rem 0; }
.quiet { color: var(--quiet); }
.small { font-size: .875rem; }
.notice {
  background: var(--notice); color: var(--notice-ink); border-radius: .6rem; padding: .8rem 1rem;
  margin: 1.25rem 0;
}
pre, code { font: .85rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
pre {
  background: var(--code); border: 1px solid var(--line); border-radius: .6rem; padding: .9rem 1rem;
  overflow-x: auto;
}
.figures {
  display: flex; flex-wrap: wrap; gap: 1.5rem 2.5rem; margin: 1.25rem 0; padding: 0; list-style: none;
}
.figures strong { display: block; font-size: 1.4rem; font-variant-numeric: tabular-nums; }
.cards { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)); }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: .8rem; padding: 1.1rem 1.2rem;
}
.card ul { margin: .7rem 0 0; padding: 0; list-style: none; }
.card li { border-top: 1px solid var(--line); padding: .45rem 0; }
.card li:last-child { padding-bottom: 0; }
.tag {
  display: inline-block; border: 1px solid var(--line); border-radius: 99px; padding: 0 .55rem;
  margin: .1rem .2rem 0 0; font-size: .78rem; color: var(--quiet); white-space: nowrap;
}
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; background: var(--card); font-size: .9rem; }
th, td { text-align: left; padding: .5rem .7rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--quiet); font-weight: 600; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.days { display: flex; gap: 3px; }
.days a {
  flex: none; width: 2.45rem; padding: .1rem 0; border-radius: .3rem; text-align: center;
  text-decoration: none; font-size: .78rem; line-height: 1.3rem; color: var(--card);
  background: var(--good); font-variant-numeric: tabular-nums;
}
.days a.none { background: var(--none); }
.days span { flex: none; width: 2.45rem; text-align: center; line-height: 1.2; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1rem; }
"""
