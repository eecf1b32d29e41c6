"""The page and its layout, without a browser: what lies where, and that no text is anything but text."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from html import unescape
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib import Prompt, system
from promptlib.diff import diff
from promptlib.lineage import Edge, Graph, Node
from promptlib.lineage import page as paging
from promptlib.lineage.layout import placed

if TYPE_CHECKING:
    from typing import Any

    from promptlib.diff import PromptDiff


HOSTILE = (
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]></title><img src=x onerror=alert(1)>",
    "\"' onload='alert(1)' x=\"",
    "${alert(1)} `alert(1)` {{7*7}} @@DATA@@ @@SCRIPT@@",
    "\u202edrow\u2066\u200f\x1b[2J\x00\u2028\u2029",
    "&lt;/script&gt;&#60;script&#62;",
    "\\u003c/script\\u003e",
)


def node(name: str, number: int, message: str = "") -> Node:
    return Node(name, f"sha256:{number:064x}", number, f"{name}-{number}", message=message)


ONE, TWO = node("a", 1, "First"), node("a", 2)
EDGE = Edge("parent", TWO, ONE)


def data_of(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def texts(before: Node | None, after: Node) -> PromptDiff:
    """Compare prompts that say the numbers of their versions."""
    old = Prompt.define(system(f"Say {before.number} <b>\u202e aloud.")) if before else None
    return diff(old, Prompt.define(system(f"Say {after.number} <b>\u202e aloud.")))


def test_only_the_pages_own_script_and_style_may_run() -> None:
    page = Graph([ONE], [EDGE]).html()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    style, script = (
        re.search(r"<style>(.*?)</style>", page, re.DOTALL),
        re.search(r"<script>(.*?)</script>", page, re.DOTALL),
    )
    assert policy
    assert style
    assert script
    hashes = [b64encode(sha256(found[1].encode()).digest()).decode() for found in (style, script)]
    assert policy[1] == (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert not re.search(r"(?:src|href)=|https?:(?!//www\.w3\.org/2000/svg)|innerHTML|eval\(", page)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_leaves_its_block(text: str) -> None:
    hostile = Node(text, "sha256:x", 1, text, None, text, text, (text,), vouched=text)
    graph = Graph([hostile], [Edge("parent", hostile, ONE)], texts)
    page = graph.html()
    plain = Graph([ONE], [EDGE], texts).html()
    assert page.count("<") == plain.count("<")
    assert page.lower().count("<script") == 2
    assert page.lower().count("</script") == 2
    assert data_of(page)["nodes"][0]["author"] == data_of(page)["nodes"][0]["labels"][0]
    frame = graph._repr_html_()
    assert frame.count("<") == 2
    assert frame.count('"') == 12
    assert unescape(frame.partition('srcdoc="')[2].removesuffix('"></iframe>')) == graph.html(diffs=50)


@given(st.text(max_size=40))
def test_every_character_comes_back_as_text_that_nothing_obeys(text: str) -> None:
    page = Graph([Node(ONE.name, ONE.digest, ONE.number, ONE.commit, message=f"a {text} z")]).html()
    shown = "\n".join(data_of(page)["nodes"][0]["message"])
    assert shown.startswith("a ")
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b-\x1f\x7f\u2028\u2029]", shown)
    assert "</" not in page[page.index('id="data"') : page.rindex("</script>\n<script>")]


def test_a_page_holds_what_each_version_changed_up_to_a_limit() -> None:
    third = node("a", 3)
    graph = Graph([ONE, TWO, third], [EDGE, Edge("parent", third, TWO)], texts)
    data = data_of(graph.html())
    assert sorted(data["diffs"]) == ["0", "1", "2"]
    assert [data["diffs"][key]["to"] for key in "012"] == [None, 0, 1]
    changed = [span for line in data["diffs"]["1"]["lines"] for span in line]
    assert ["del", "1"] in changed
    assert ["add", "2"] in changed
    assert len(data_of(graph.of(third).html(diffs=1))["diffs"]) == 1
    assert data_of(Graph([ONE], [EDGE]).html())["diffs"] == {}


def test_a_long_difference_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MOST_LINES", 1)
    monkeypatch.setattr(paging, "WIDEST", 5)
    lines = data_of(Graph([ONE], [EDGE], texts).html())["diffs"]["0"]["lines"]
    assert len(lines) == 2
    assert lines[-1] == [["dim", "… more than is shown here"]]
    assert all(len(text) <= 6 for line in lines[:-1] for _, text in line)
    monkeypatch.setattr(paging, "MOST_CHARACTERS", 1)
    assert len(data_of(Graph([ONE], [EDGE], texts).html())["diffs"]) == 1


def test_what_is_missing_or_ran_has_no_difference() -> None:
    gone, run = Node("gone", "sha256:0", missing=True), Node("", "", run="r1")
    graph = Graph([ONE], [Edge("derived_from", TWO, gone), Edge("produced", run, ONE)], texts)
    data = data_of(graph.html())
    assert sorted(data["diffs"]) == ["0"]
    assert [each["short"] for each in data["nodes"]] == ["v1", "v2", "?", "run"]


@given(st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), max_size=40), st.integers(0, 14))
def test_no_two_versions_meet_and_later_ones_stand_to_the_right(raw: list[tuple[int, int]], first: int) -> None:
    nodes = [node(f"n{at % 4}", at) for at in range(15)]
    pairs = [(max(pair), min(pair)) for pair in raw if pair[0] != pair[1]]
    placing = placed(nodes, pairs, first)
    assert len(set(placing.spots)) == len(nodes)
    assert all(placing.spots[source][0] > placing.spots[target][0] for source, target in pairs)
    rows = [row for _, start, count in placing.lanes for row in range(start, start + count)]
    assert rows == list(range(len(rows)))
    lanes = {name: range(start, start + count) for name, start, count in placing.lanes}
    assert all(spot[1] in lanes[each.name] for each, spot in zip(nodes, placing.spots, strict=True))
    assert placing.lanes[0][0] == nodes[first].name


def test_damage_that_turns_in_circles_is_drawn_too() -> None:
    placing = placed([ONE, TWO], [(0, 1), (1, 0)])
    assert len(set(placing.spots)) == 2
    assert placed([], []).lanes == []
