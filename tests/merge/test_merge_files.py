"""Files merged: what prompts say as structures, comments and spelling of both sides where they can stay."""

from __future__ import annotations

import pytest

from promptlib import codec
from promptlib.errors import InvalidFile
from promptlib.merge import merge_files, merged_file

BASE = """\
---
# Who: support
description: Sort tickets
inputs:
  ticket: {kind: string}  # as it came in
  tone:
    kind: string
    default: plain
metadata:
  team: support
---
system:
You sort tickets.
Answer in a {{ tone }} voice.
Be brief.


user:
{{ ticket }}
"""


def edits(*pairs: tuple[str, str], text: str = BASE) -> bytes:
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text.encode()


def test_comments_spelling_and_unknown_keys_of_both_sides_stay() -> None:
    ours = edits(
        ("# Who: support", "# Who: support, and sales"),
        ("tickets.\n", "letters.\n"),
        ("  team: support\n", "  team: support\n  cost: 3\n"),
    )
    theirs = edits(
        ("default: plain", "default: warm  # since May"),
        ("brief", "short"),
        ("---\nsystem", "x-lab: 'yes'\n---\nsystem"),
    )
    found = merge_files(BASE.encode(), ours, theirs)
    assert found.data is not None
    assert (
        found.data.decode()
        == edits(
            ("# Who: support", "# Who: support, and sales"),
            ("tickets.\n", "letters.\n"),
            ("  team: support\n", "  team: support\n  cost: 3\nx-lab: 'yes'\n"),
            ("default: plain", "default: warm  # since May"),
            ("brief", "short"),
        ).decode()
    )
    assert (found.conflicts, found.lost) == ((), ())
    assert found.merged is not None
    assert found.merged.prompt == codec.read(found.data)


def test_an_unchanged_side_leaves_the_file_of_the_other_as_it_is() -> None:
    other = edits(
        ("# Who: support\n", ""),
        ("{kind: string}  # as it came in", "\n    kind: string"),
        ("Be brief.\n\n\n", "Be brief.\n"),
    )
    for found in (merge_files(BASE.encode(), BASE.encode(), other), merge_files(BASE.encode(), other, BASE.encode())):
        assert found.data == other
        assert found.lost == ()


def test_what_lines_cannot_merge_structures_can() -> None:
    """Both sides add an input in one place: lines conflict, declarations by name do not."""
    ours = edits(
        ("inputs:\n", "inputs:\n  # ours\n  limit: {kind: integer, default: 3}\n"),
        ("Be brief.", "Be brief.\nAt most {{ limit }} words."),
    )
    theirs = edits(
        ("inputs:\n", "inputs:\n  # theirs\n  place: {kind: string, default: x}\n"),
        ("You sort", "From {{ place }}: you sort"),
    )
    found = merge_files(BASE.encode(), ours, theirs)
    assert found.conflicts == ()
    assert found.data is not None
    prompt = codec.read(found.data)
    assert [each.name for each in prompt.inputs] == ["limit", "place", "ticket", "tone"]
    assert b"# ours" in found.data
    assert b"# as it came in" in found.data
    # What cannot be kept is told, never passed over.
    assert found.lost == (() if b"# theirs" in found.data else ("# theirs",))


@pytest.mark.parametrize("swapped", [False, True])
def test_as_many_comments_as_can_be_stay_and_the_others_are_told(swapped: bool) -> None:  # noqa: FBT001 - a parameter
    many = edits(
        ("ticket: {kind: string}  # as it came in", "ticket:  # one\n    # two\n    kind: string\n    maxLength: 9")
    )
    few = edits(("{kind: string}  # as it came in", "{kind: string, minLength: 1}  # three"))
    found = merge_files(BASE.encode(), *((few, many) if swapped else (many, few)))
    assert (found.conflicts, found.lost) == ((), ("# three",))
    assert found.data is not None
    assert b"# one\n    # two\n" in found.data


def test_a_comment_that_a_side_took_out_is_not_lost() -> None:
    ours = edits(("# Who: support\n", ""), ("default: plain", "default: cool"))
    theirs = edits(("default: plain", "default: warm"), ("  # as it came in", "  # raw"))
    found = merge_files(BASE.encode(), ours, theirs)
    assert [each.splitlines() for each in found.conflicts] == [
        [
            'inputs.tone.default: changed from "plain" on both sides, differently',
            '  base   "plain"',
            '  ours   "cool"',
            '  theirs "warm"',
        ]
    ]
    assert found.data is not None
    assert b"<<<<<<< ours\n    default: cool\n=======\n    default: warm\n>>>>>>> theirs\n" in found.data
    assert b"# raw" in found.data
    assert b"# Who" not in found.data
    assert found.lost == ()


def test_line_ends_of_the_file_stay() -> None:
    base = BASE.replace("\n", "\r\n")
    ours, theirs = edits(("sort", "rank"), text=base), edits(("brief", "short"), text=base)
    found = merge_files(base.encode(), ours, theirs)
    assert found.data == edits(("sort", "rank"), ("brief", "short"), text=base)


def test_files_that_are_absent() -> None:
    data = BASE.encode()
    assert merge_files(None, data, None).data == data
    assert merge_files(None, None, data).data == data
    assert merge_files(data, None, data).data is None
    changed = edits(("brief", "short"))
    found = merge_files(data, None, changed)
    assert found.conflicts[0].startswith("prompt: ours deletes it, theirs changes it\n")
    assert found.data == b"<<<<<<< ours\n=======\n" + codec.write(codec.read(changed)) + b">>>>>>> theirs\n"


def test_a_file_of_a_decided_merge_keeps_what_people_wrote_around_it() -> None:
    ours, theirs = edits(("brief", "short")), edits(("brief", "long"), ("  # as it came in", "  # raw"))
    merged = merge_files(BASE.encode(), ours, theirs).merged
    assert merged is not None
    prompt = merged.resolve("theirs")
    assert prompt is not None
    assert merged_file(prompt, BASE.encode(), ours, theirs) == theirs


def test_a_side_that_is_no_prompt_file_is_merged_by_lines() -> None:
    broken = edits(("Be brief.", "Be {{ nobody }}."))
    found = merge_files(BASE.encode(), broken, edits(("You sort", "You rank")))
    assert found.merged is None
    assert found.data == edits(("Be brief.", "Be {{ nobody }}."), ("You sort", "You rank"))
    assert found.conflicts == (
        "merged by lines, for a side is no prompt file: undeclared variable 'nobody'",
        "what came out is none either: undeclared variable 'nobody'",
    )
    mended = merge_files(broken, broken, BASE.encode())
    assert (mended.data, mended.conflicts) == (BASE.encode(), ())
    contested = merge_files(BASE.encode(), broken, edits(("Be brief.", "<<<<<<< Be short.")))
    assert contested.data is not None
    assert b"<<<<<<<< ours\n<<<<<<< Be {{ nobody }}.\n========\n<<<<<<< Be short.\n>>>>>>>> theirs\n" in contested.data
    assert contested.conflicts[1] == "contested in line 15"


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(InvalidFile, match="byte 0xFF is no UTF-8"):
        merge_files(BASE.encode(), BASE.encode(), b"\xff")
