"""A review as a comment: what breaks first, whatever the texts are, and never too long."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from promptlib import Prompt, Store, system, user
from promptlib.messages import Message, Text
from promptlib.review import review
from tests.diff.hostile_texts import HOSTILE

READER = MarkdownIt("commonmark").enable("table")
MARK = "<!-- promptlib review -->"


def base_of(store: Store) -> str:
    done = subprocess.run(["git", "rev-parse", "main"], cwd=store.path, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Return an empty bare store."""
    return Store.init(tmp_path / "prompts.git", bare=True, durability="none")


def test_what_breaks_stands_before_all_words(store: Store) -> None:
    with store:
        store.save("a", Prompt.define(system("One.")))
        store.save("b", Prompt.define(system("Two.")))
        store.label("a", "production", "v1")
        base = base_of(store)
        store.save("a", Prompt.define(system("One more.")))
        store.delete("b")
        store.label("a", "production", "v2")
        text = review(store, f"{base}..main").markdown()
        assert text.startswith(
            f"{MARK}\n## Prompts\n\n**1 changed, 1 removed**, **1 breaking**, 1 label moved, +1 tokens"
        )
        assert "| `a` | changed | v1 → v2 | no | +1 |  |" in text
        assert "| `b` | removed | v1 | **yes** |  |  |" in text
        parts = ["### Breaking changes\n\n- `b`: the name is gone", "### Label `production` of `a` moved: v1 → v2"]
        parts += ["What goes live:", "+ One{+ more+}.", "### `a` changed: v1 → v2", "```mermaid"]
        places = [text.index(part) for part in parts]
        assert places == sorted(places)
        assert text.count("One{+ more+}") == 1  # told where the label moves, and not again


def hostile_store(store: Store, text: str) -> str:
    line = text.replace("\n", " ")
    old = Prompt.define(user("x", literal=True), description="d")
    store.save("a", old, message=text.strip() or "m")
    store.label("a", "live", "v1")
    base = base_of(store)
    new: Prompt[Any] = Prompt(
        messages=(system("s"), Message("user", (Text(f"{text}\n{line}"),), literal=True)),
        settings={"k": text, "response_format": text},  # type: ignore[arg-type] # it takes a mapping
        tools=({"name": line, "description": text},),  # type: ignore[arg-type] # and these
        description=text,
    )
    store.save("a", new, message=f"{text.strip() or 'm'}")
    store.save("b", Prompt.define(system('{% include "x" %}'), includes={"x": store.load("c")}, description=text))
    store.label("a", "live", "v2")
    return base


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_code(store: Store, text: str) -> None:
    with store:
        store.save("c", Prompt.define(system("c")))
        store.save("d", Prompt.define(system('{% include "x" %}'), includes={"x": store.load("c")}))
        base = hostile_store(store, text)
        markdown = review(store, f"{base}..main").markdown()
    seen = []
    for token in READER.parse(markdown.removeprefix(f"{MARK}\n")):
        for each in token.children or [token]:
            seen.append(each.type)
            assert each.type not in {"html_inline", "html_block", "link_open", "image", "code_block", "hr"}, each
            if each.type == "text":
                assert not set(each.content) & set("@#<>[]|`\\$"), each.content
                assert "http" not in each.content
            if each.type == "fence":
                assert each.info in {"diff", "mermaid"}
    assert "fence" in seen


@pytest.mark.no_cover
def test_it_is_never_longer_than_asked(store: Store) -> None:
    with store:
        for at in range(12):
            store.save(f"p{at}", Prompt.define(system("\n".join(f"old line {at} {word}" for word in range(200)))))
        base = base_of(store)
        for at in range(12):
            store.save(f"p{at}", Prompt.define(system("\n".join(f"new line {at} {word} `x`" for word in range(200)))))
        found = review(store, f"{base}..main")
        whole = found.markdown(None)
        assert len(whole) > 65_000
        for limit in (65_000, 20_000, 5_000, 2_500):
            text = found.markdown(limit)
            assert len(text) <= limit
            assert text.startswith(MARK)
            assert text.count("```") % 2 == 0
            assert "Too long for a comment: " in text
            assert "`promptlib review` with these commits and `--limit 0`" in text
            assert all(f"| `p{at}` |" in text for at in range(12))
        assert len(found.markdown(300)) <= 300


def test_very_many_prompts(store: Store) -> None:
    with store:
        with store.transaction("Begin") as transaction:
            for at in range(150):
                transaction.save(f"p{at:03}", Prompt.define(system(f"Words {at}.")))
        base = base_of(store)
        with store.transaction("Away") as transaction:
            for at in range(150):
                transaction.delete(f"p{at:03}")
        found = review(store, f"{base}..main")
        text = found.markdown(10_000)
        assert len(text) <= 10_000
        assert re.search(r"… and \d+ more\n", text)
        assert "**150 removed**, **150 breaking**" in text
        assert "### Breaking changes" in text
        assert re.search(r"- and \d+ more\n", text)
        assert "…" not in found.markdown(40_000)[-200:]
        assert "Too long" not in found.markdown(40_000)


def test_what_is_trusted_from_now_on_is_told_at_the_top(store: Store) -> None:
    with store:
        for name in ("a", "b"):
            store.save(name, Prompt.define(system("Words."), trust="foreign"))
        base = base_of(store)
        assert not any(each.newly_trusted for each in review(store, "main..main").prompts)
        store.trust("a", reason="Read by @uma")
        path = Path(store.path).parent / "work"
        subprocess.run(["git", "clone", "-q", store.path, path], check=True, capture_output=True)
        file = path / "b.prompty"
        file.write_text(file.read_text().replace("trust: foreign", "").replace("promptlib:", "other: 1"))
        for words in (["-c", "user.name=U", "-c", "user.email=u@e", "commit", "-qam", "By hand"], ["push", "-q"]):
            subprocess.run(["git", *words], cwd=path, check=True, capture_output=True)
        found = review(store, f"{base}..main")
        assert [(each.name, each.newly_trusted) for each in found.prompts] == [("a", True), ("b", True)]
        assert found.to_dict()["prompts"][0]["newly_trusted"] is True  # type: ignore[index] # a list of rows
        text = found.markdown()
        assert "**Trusted from now on.**" in text
        assert "\n- `a`, because: `Read by @uma`\n- `b`, and nobody says why\n" in text


def test_a_lineage_that_is_too_large_is_not_drawn(store: Store) -> None:
    with store:
        store.save("a", Prompt.define(system("Begin.")))
        base = base_of(store)
        for at in range(61):
            store.save("a", Prompt.define(system(f"Words {at}.")))
        found = review(store, f"{base}..main")
        assert found.lineage is None
        assert "The lineage is too large for a picture here: see `promptlib graph`." in found.markdown()
        assert "- and 41 before them" in found.markdown()


def test_numbers_do_not_reach_a_shallow_table(store: Store, tmp_path: Path) -> None:
    with store:
        store.save("a", Prompt.define(system("One.")))
        store.save("a", Prompt.define(system("Two.")))
        store.save("a", Prompt.define(system("Three.")))
    command = ["git", "clone", "-q", "--bare", "--depth", "2", (tmp_path / "prompts.git").as_uri(), "cut.git"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    with Store.open(tmp_path / "cut.git") as cut:
        text = review(cut, "main~1..main").markdown()
    assert "_The history is cut off, so versions have no numbers here" in text
    assert "| `a` | changed | `" in text
