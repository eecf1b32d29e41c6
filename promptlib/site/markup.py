"""HTML out of texts that nobody trusts: what is written here is text, whatever it says."""

from __future__ import annotations

import re
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from promptlib.columns import safe
from promptlib.diff.page import STYLE as DIFF_STYLE
from promptlib.lineage.page import as_data, hashed

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEAD = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src {styles}; script-src {scripts}; \
base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="promptlib">
<title>{title}</title>
{style}
<script>{first}</script>
</head>
<body class="{sort}">
"""
_BAR = """\
<a class="skip" href="#main">Skip to the content</a>
<header class="bar">
<a class="home" href="{root}index.html"><svg viewBox="0 0 20 20" aria-hidden="true"><path d="M3 3h5v14H3z"/>\
<path d="M9 3h4v14H9z"/><path d="m14 4 3-1 2 13-3 1z"/></svg><bdi>{title}</bdi></a>
{middle}
<button id="theme" type="button"><span class="sun" aria-hidden="true">◐</span> <span class="word">Theme</span>\
</button>
</header>
"""
#: What leads to the search, in the bar of every page but the first.
SEARCH = (
    '<a class="find" href="{root}index.html#find" data-find><span>Search<span class="more"> all prompts</span></span>'
    " <kbd>/</kbd></a>"
)


def line(text: str) -> str:
    """Return *text* as HTML of one line, with what is not to be seen, or would be obeyed, made visible."""
    return escape(safe(text))


def block(text: str) -> str:
    """Return *text* as HTML of several lines, otherwise like `line`; the lines are those that LF ends."""
    return "\n".join(map(line, text.split("\n")))


def cut(text: str, most: int) -> str:
    """Return the beginning of *text*, broken at a blank where there is one."""
    if len(text) <= most:
        return text
    head = text[:most]
    blank = head.rfind(" ", most // 2)
    return (head[:blank] if blank > 0 else head) + "…"


def template(name: str) -> str:
    """Return a file of the package's own, without its remarks and indentation: it is in every page."""
    text = (files("promptlib.site") / "template" / name).read_text(encoding="utf-8")
    lines = [each.strip() for each in text.split("\n")]
    return "\n".join(each for each in lines if each and not each.startswith("//"))


#: What stands in a folder's name where a page's name could otherwise be the same: see `address`.
_LIKE_A_PAGE = re.compile(r"(\.html_*)$")


def address(name: str) -> str:
    """Return where the page of *name* lies in a site; no two names have one place, nor one inside another's page."""
    *folders, last = name.split("/")
    return "/".join(["p", *(_LIKE_A_PAGE.sub(r"\1_", folder) for folder in folders), f"{last}.html"])


class Shell:
    """What all pages of one kind share: title, style and scripts, and the policy that lets these alone pass."""

    def __init__(self, title: str, sort: str, *scripts: str) -> None:
        """Take the site's *title*, the *sort* of page that the style is for, and the names of *scripts*."""
        self.title = title
        self._sort = sort
        self._first = template("theme.js")
        scripts = tuple(map(template, scripts))
        # A policy names each by its hash: nothing else runs, and nothing is loaded.
        sheets = [template("site.css"), template(f"{sort}.css"), *([DIFF_STYLE] if sort == "leaf" else [])]
        self._style = "\n".join(f"<style>{sheet}</style>" for sheet in sheets)
        self._styles = " ".join(f"'{hashed(sheet)}'" for sheet in sheets)
        self._last = "\n".join(f"<script>{script}</script>" for script in scripts)
        self._scripts = " ".join(f"'{hashed(script)}'" for script in (self._first, *scripts))

    def page(self, body: Iterable[str], data: object, *, title: str, depth: int = 0, middle: str = "") -> str:
        """Return a page of *body*, whose script finds *data*; *depth* is that of the folder it lies in."""
        head = _HEAD.format(
            styles=self._styles,
            scripts=self._scripts,
            title=line(f"{title} · {self.title}" if title else self.title),
            style=self._style,
            first=self._first,
            sort=self._sort,
        )
        bar = _BAR.format(root="../" * depth, title=line(self.title), middle=middle)
        foot = f'<script type="application/json" id="data">{as_data(data)}</script>\n{self._last}\n</body>\n</html>\n'
        return "\n".join([head.rstrip("\n"), bar.rstrip("\n"), *body, foot])
