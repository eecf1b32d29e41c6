"""A conflict in an editor: markers around the contested lines only, and a way back that takes no marker along."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from promptlib import Prompt, codec, system, user
from promptlib.errors import InvalidFile, InvalidPrompt
from promptlib.merge import Merged, merge
from promptlib.messages import Message, Text
from promptlib.origin import Origin
from tests.merge.editing import edited
from tests.merge.test_merge_properties import BASES, same_whole

if TYPE_CHECKING:
    from random import Random

BASE = Prompt.define(system("Sort.\nBe brief.\nBe kind."), user("Go."), description="Sort", settings={"t": 1})


def said(text: str, base: Prompt[Any] = BASE, **changes: Any) -> Prompt[Any]:
    return base.evolve(messages=[system(text), *base.messages[1:]], **changes)


def chosen(draft: str, side: int, size: int = 7) -> str:
    """Return *draft* as somebody leaves it who takes the one side everywhere."""
    block = rf"^<{{{size}}} [^\n]*\n(.*?)^={{{size}}}\n(.*?)^>{{{size}}} [^\n]*\n"
    return re.sub(block, lambda found: found[side], draft, flags=re.DOTALL | re.MULTILINE)


def contested() -> Merged[Prompt[Any]]:
    ours = said("Sort well.\nBe short.\nBe kind.", settings={"t": 2})
    theirs = said("Sort.\nBe long.\nBe kind.\nCite.", settings={"t": 3})
    return merge(BASE, ours, theirs)


def test_markers_stand_around_the_contested_lines_only() -> None:
    assert contested().draft(ours="HEAD", theirs="warmer") == (
        "---\ndescription: Sort\nmodel:\n"
        "<<<<<<< HEAD\n  t: 2\n=======\n  t: 3\n>>>>>>> warmer\n"
        "---\nsystem:\nSort well.\n"
        "<<<<<<< HEAD\nBe short.\n=======\nBe long.\n>>>>>>> warmer\n"
        "Be kind.\nCite.\n\nuser:\nGo.\n"
    )


def test_the_file_of_ours_keeps_its_comments_in_the_draft() -> None:
    head = b"---\n# ours says so\ndescription: 'Sort'\nmodel: {t: 2}  # warm\n---\n"
    file = head + b"system:\nSort well.\nBe short.\nBe kind.\n\n\nuser:\nGo.\n"
    draft = contested().draft(file=file)
    assert "# ours says so\ndescription: 'Sort'\n" in draft
    assert "<<<<<<< ours\nmodel: {t: 2}  # warm\n=======\nmodel:\n  t: 3\n>>>>>>> theirs\n" in draft


@pytest.mark.parametrize("side", [1, 2])
def test_an_edited_draft_is_the_prompt_of_the_side_that_was_kept(side: int) -> None:
    merged = contested()
    found = merged.read_resolved(chosen(merged.draft(), side))
    expected = merged.resolve("ours" if side == 1 else "theirs")
    assert found is not None
    assert expected is not None
    assert same_whole(found, expected)


@settings(max_examples=15)
@given(st.sampled_from(BASES), st.randoms(use_true_random=False), st.integers(1, 6))
def test_every_draft_can_be_decided_for_either_side(base: Prompt[Any], random: Random, edits: int) -> None:
    ours, theirs = edited(base, random, edits), edited(base, random, edits)
    # Where one literal text ends its last line and the other does not, no editor shows it.
    assume(codec.write(ours)[-1:] == codec.write(theirs)[-1:])
    merged = merge(base, ours, theirs)
    size = 8 if f"{'<' * 8} " in merged.draft() else 7
    for side, name in ((1, "ours"), (2, "theirs")):
        found, expected = merged.read_resolved(chosen(merged.draft(), side, size)), merged.resolve(name)
        assert found is not None
        assert expected is not None
        assert same_whole(found, expected)


def test_markers_that_are_left_are_named_by_line() -> None:
    merged = contested()
    with pytest.raises(InvalidFile) as caught:
        merged.read_resolved(merged.draft(), source="MERGE")
    assert str(caught.value).splitlines() == [
        "conflict markers are left in lines 4, 6, 8, 12, 14, 16",
        "  --> MERGE:4:1",
        "  |",
        "4 | <<<<<<< ours",
        "  | ^^^^^^^",
        "keep the lines that hold, take the others out, and the markers with them",
    ]
    left = merged.draft().replace("<<<<<<< ours\n", "").replace(">>>>>>> theirs\n", "").replace("=======\n", "", 1)
    with pytest.raises(InvalidFile, match="conflict markers are left in line 10"):
        merged.read_resolved(left)
    with pytest.raises(InvalidFile, match="conflict markers are left in lines 4, 6, 8"):
        merged.read_resolved(merged.draft().replace("\n", "\r\n").encode())


def test_lines_of_a_text_that_look_like_markers_do_not_confuse() -> None:
    text = "<<<<<<< HEAD\nBe brief.\n========\n>>>>>>> theirs\n||||||| base"
    base = said(text)
    ours, theirs = said(text.replace("brief", "short")), said(text.replace("brief", "long"))
    merged = merge(base, ours, theirs)
    draft = merged.draft()
    assert f"{'<' * 9} ours\nBe short.\n{'=' * 9}\nBe long.\n{'>' * 9} theirs\n" in draft
    assert "\n<<<<<<< HEAD\n" in draft
    found = merged.read_resolved(chosen(draft, 2, 9))
    assert found == theirs
    assert f"{'<' * 12} ours\n" in merged.draft(marker_size=12)


def test_a_deletion_against_a_change_is_all_between_markers() -> None:
    changed = said("Other.\nBe brief.\nBe kind.")
    merged = merge(BASE, None, changed)
    draft = merged.draft(ours="HEAD", theirs="other")
    assert draft.startswith("<<<<<<< HEAD\n=======\n---\n")
    assert draft.endswith("Go.\n>>>>>>> other\n")
    assert merged.read_resolved(chosen(draft, 1)) is None
    assert merged.read_resolved(chosen(draft, 2)) == changed
    with pytest.raises(InvalidFile, match="the file holds no message"):
        contested().read_resolved("")


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_end_of_a_literal_text_is_neither_added_nor_lost(end: str) -> None:
    def literal(text: str) -> Prompt[Any]:
        return Prompt(messages=(Message("system", (Text(text + end),), literal=True),))

    ours, theirs = literal("a\r\nx"), literal("a\r\ny")
    merged = merge(literal("a\r\nb"), ours, theirs)
    draft = merged.draft()
    for side, expected in ((1, ours), (2, theirs)):
        assert merged.read_resolved(chosen(draft, side)) == expected


def test_an_edited_draft_keeps_where_ours_came_from_and_raises_no_trust() -> None:
    origin = Origin("support/triage", BASE.digest)
    merged = merge(BASE, said("Ours.\nBe kind.").with_origin(origin), said("Theirs.\nBe kind."))
    found = merged.read_resolved(chosen(merged.draft(), 1))
    assert found is not None
    assert found.origin == origin

    foreign = [prompt.with_origin(None, trust="foreign") for prompt in (BASE, said("Ours."), said("Theirs."))]
    merged = merge(*foreign)
    text = chosen(merged.draft(), 1)
    assert "trust: foreign" in text
    kept = merged.read_resolved(text)
    assert kept is not None
    assert kept.trust == "foreign"
    with pytest.raises(InvalidPrompt, match="no longer says that it is foreign, and a merge raises no trust"):
        merged.read_resolved(text.replace("    trust: foreign\n", "").replace("metadata:\n  promptlib:\n", ""))


def test_a_broken_draft_says_where() -> None:
    merged = contested()
    text = chosen(merged.draft(), 1).replace("Sort well.", "Sort {{ well.")
    with pytest.raises(InvalidPrompt, match="MERGE:7:6"):
        merged.read_resolved(text, source="MERGE")
    assert codec.read(chosen(merged.draft(), 1).encode()).settings == {"t": 2}
