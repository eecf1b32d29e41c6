"""`promptlib impact`, `graph`, and the pages of lineages."""

from __future__ import annotations

from typing import Any

import pytest

from promptlib import Prompt, Store, system
from promptlib.cli import impact

STYLE = "10556f1f"


@pytest.fixture
def related(bare: Any) -> Any:
    """Return a shell in a store where head includes style, page includes head, and mail derives from head."""
    with Store(bare.folder) as store:
        style = store.save("style", Prompt.define(system("Be brief.")), message="\x1b[31mRed\x1b[0m <b>")
        head = store.save("head", Prompt.define(system('{% include "s" %}Head.'), includes={"s": style}))
        store.label("head", "production", "v1")
        store.save("mail", store.load("head").derive(description="By mail"))
        store.save("page", Prompt.define(system('{% include "h" %}Page.'), includes={"h": head}))
        store.save("head", Prompt.define(system("Another head.")))
        store.save("page", Prompt.define(system("Another page.")))
    return bare


def test_impact_shows_what_is_in_use_and_counts_the_rest(related: Any) -> None:
    told = related.ok("impact", "style").splitlines()
    assert told[0].split()[:5] == ["head", "v1", told[0].split()[2], "production", "includes"]
    assert told[0].endswith(f"includes style v1 ({STYLE})")
    assert told[1].startswith("mail  v1")
    assert "newest" in told[1]
    assert told[-1] == "and 1 version no longer in use: --all shows them"
    everything = related.ok("impact", "style", "--all").splitlines()
    assert len(everything) == 3
    assert everything[-1].startswith("page  v1")
    assert f"includes head v1 ({told[0].split()[2]}), which includes style v1 ({STYLE})" in everything[-1]
    assert related.ok("impact", "page") == "nothing includes, runs or derives from page\n"


def test_impact_for_programs(related: Any) -> None:
    document = related("impact", "style", "--json").json
    assert (document["kind"], document["ref"], document["older"]) == ("impact", "style", 1)
    first = document["impact"][0]
    assert (first["name"], first["labels"], first["newest"], first["current"]) == ("head", ["production"], False, True)
    assert first["path"] == [
        {"kind": "includes", "source": first["ref"][: first["ref"].index("#") + 9], "target": f"style@v1#{STYLE}"}
    ]
    assert len(related("impact", "style", "--json", "--all").json["impact"]) == 3
    assert related("impact", "style", "--exit-code").code == 1
    assert related("impact", "page", "--exit-code").code == 0
    assert related("impact", "page@v1", "--exit-code").code == 0


def test_wrong_refs_are_told(related: Any) -> None:
    ended = related("impact", "styel")
    assert ended.code == 3
    assert "did you mean 'style'" in ended.err
    assert related("impact", "Not a ref").code == 2


def test_a_graph_tells_of_each_prompt_what_it_has_to_do_with_others(related: Any) -> None:
    told = related.ok("graph").splitlines()
    assert [row.split()[:2] for row in told] == [["head", "v2"], ["mail", "v1"], ["page", "v2"], ["style", "v1"]]
    assert "derived from head v1" in told[1]
    assert f"includes style v1 ({STYLE})" in told[1]
    assert "includes" not in told[0], "the newest version of head includes nothing"
    document = related("graph", "--json").json
    assert len(document["nodes"]) == 6
    assert {edge["kind"] for edge in document["edges"]} == {"parent", "includes", "derived_from"}
    assert related.ok("graph", "--mermaid").startswith("flowchart BT\n")


def test_an_empty_store_has_an_empty_graph(bare: Any) -> None:
    assert bare.ok("graph") == "no prompt has a version here\n"


@pytest.mark.parametrize("words", [["graph"], ["lineage", "page"]])
def test_pages_are_written(related: Any, words: list[str]) -> None:
    assert related.ok(*words, "--html", "page.html") == "Wrote page.html: open it in a browser\n"
    page = (related.folder / "page.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert "Content-Security-Policy" in page
    assert "\x1b" not in page
    assert related.ok(*words, "--html", "-") == page
    assert related(*words, "--html", "page.html", "--json").code == 2
    assert "give one of --json and --html" in related(*words, "--html", "page.html", "--json").err
    ended = related(*words, "--html", "nowhere/page.html")
    assert ended.code == 1
    assert "nowhere/page.html: No such file or directory" in ended.err


def test_on_a_terminal_each_takes_one_line(related: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(impact, "on_terminal", lambda: True)
    told = related.ok("impact", "style", "--all", columns=100).splitlines()
    assert [len(row) <= 100 for row in told] == [True] * 3
    assert told[1].endswith("derives from head v1 ← style v1") or told[1].endswith("includes style v1")
    assert told[2].endswith("includes head v1 ← style v1")
    narrow = related.ok("impact", "style", "--all", columns=50).splitlines()
    assert narrow[2].endswith("…")
    assert len(narrow) == 3
