"""A difference as HTML: all of it is ours but the texts, and those are texts."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib import Prompt, system, user
from promptlib.columns import safe
from promptlib.diff import diff
from promptlib.diff.layout import visible
from tests.diff.hostile_texts import HOSTILE, hostile_prompts

TAGS = {
    *("div", "style", "h2", "h3", "p", "strong", "ul", "li", "code", "span", "section", "header", "ins", "del"),
    *("html", "head", "meta", "title", "body"),
}


class Seen(HTMLParser):
    """Which tags, attributes and texts a page has."""

    def __init__(self, page: str) -> None:
        """Read *page*."""
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text(text: str) -> None:
    for before, after in hostile_prompts(text):
        for page in (diff(before, after).html(), diff(before, after).html(page=True)):
            seen = Seen(page)
            assert set(seen.tags) <= TAGS
            assert seen.attributes <= {"class", "charset", "name", "content", "http-equiv", "lang"}
            assert seen.open == []
            assert page.count("<style>") == page.count("</style>") == seen.tags.count("style")
            assert not set("\x1b\u202e\u2066\x07\r\u2028") & set(page)
        if before is None:
            shown = "".join(Seen(diff(before, after).html()).texts)
            assert all(safe(visible(line)) in shown for line in text.split("\n"))


@pytest.mark.no_cover
@given(st.text(), st.text())
def test_the_words_of_both_sides_are_on_the_page(one: str, two: str) -> None:
    one, two = (text.encode("utf-8", "replace").decode() for text in (one, two))
    before, after = (Prompt.define(user(f"a {text} b", literal=True)) for text in (one, two))
    if not diff(before, after):
        return
    shown = "".join(Seen(diff(before, after).html()).texts).replace("⏎", "")
    for word in diff(before, after).messages[0].words:
        if word.edit != "same":
            assert all(safe(visible(line)) in shown for line in word.text.split("\n"))


def test_a_fragment_and_a_page() -> None:
    difference = diff(None, Prompt.define(system("x")))
    assert difference._repr_html_() == difference.html()
    assert difference.html().startswith('<div class="promptlib-diff">')
    page = difference.html(page=True)
    assert page.startswith("<!doctype html>\n")
    assert difference.html() in page
    assert "default-src 'none'" in page
    for outside in ("http:", "https:", "src=", "@import", "url(", "<script"):
        assert outside not in page


def test_no_difference_has_a_page_too() -> None:
    same = Prompt.define(system("x"))
    assert "<p>No difference.</p>" in diff(same, same).html()
    assert "The content is the same" in diff(same, same.evolve(description="y")).html()


def test_old_and_new_stand_beside_each_other() -> None:
    before, after = Prompt.define(system("Be warm.")), Prompt.define(system("Be plain."))
    page = diff(before, after).html()
    assert '<div class="old hit">Be <del>warm</del>.</div><div class="new hit">Be <ins>plain</ins>.</div>' in page
