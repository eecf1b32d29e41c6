"""Segments in the shell: shown, compared, and left out of what is exported."""

from __future__ import annotations

from typing import Any

import pytest

FILE = """\
---
inputs:
  question:
    kind: string
  history:
    kind: thread
metadata:
  promptlib:
    segments:
      history:
        priority: 10
        min_tokens: 1000
---
system:
{% segment "rules" priority=-1 truncate="middle" boundary="line" marker="…" max_tokens=2000 group="a" %}
Be kind.
{% endsegment %}

{{ history }}

user:
{{ question }}
"""
STYLE = "---\n---\nsystem:\nBe {{ '{' }} kind.\n"


@pytest.fixture
def answer(bare: Any) -> Any:
    """Return a shell in a bare store where `answer` has two versions with segments."""
    bare.ok("save", "answer", "-", "-m", "First", given=FILE)
    bare.ok("save", "answer", "-", "-m", "Second", given=FILE.replace("priority: 10", "priority: 20"))
    return bare


# --- show and diff ----------------------------------------------------------------------------------------------------


def test_show_tells_each_segment(answer: Any) -> None:
    out = answer.ok("show", "answer@v1")
    assert out.partition("segments\n")[2].partition("\n\n")[0].splitlines() == [
        '  rules    message  priority -1  middle by line  at most 2,000 tokens, marker "…", group a',
        "  history  input    priority 10  oldest          at least 1,000 tokens",
    ]


def test_show_as_json(answer: Any) -> None:
    document = answer("show", "answer", "--json").json
    plain = {"boundary": "token", "max_tokens": None, "marker": "", "group": ""}
    rules = {"truncate": "middle", "boundary": "line", "min_tokens": 0, "max_tokens": 2000, "marker": "…", "group": "a"}
    assert document["segments"] == [
        {"name": "rules", "of": "message", "priority": -1, **rules},
        {"name": "history", "of": "input", "priority": 20, "truncate": "oldest", "min_tokens": 1000, **plain},
    ]
    assert "priority: 20" in document["file"]


def test_a_prompt_without_segments_shows_none(triage: Any) -> None:
    assert "segments" not in triage.ok("show", "support/triage")
    assert triage("show", "support/triage", "--json").json["segments"] == []


def test_diff_shows_the_words_that_changed(answer: Any) -> None:
    assert answer.ok("diff", "answer").partition("\n\n")[2] == "segments\n  ~ history.priority: 10 -> 20\n"
    (row,) = answer("diff", "answer", "--json").json["segments"]
    assert (row["path"], row["before"], row["after"]) == ("history.priority", 10, 20)
    assert answer("diff", "answer", "--json").json["breaking"] is False


def test_a_wrong_word_is_shown_at_its_place(bare: Any) -> None:
    ended = bare("save", "answer", "-", given=FILE.replace("        priority", "        prioritty"))
    assert ended.code == 1
    assert ended.err == (
        "error: the segment 'history' has no 'prioritty'\n"
        "  --> standard input:11:9\n"
        "   |\n"
        "11 |         prioritty: 10\n"
        "   |         ^^^^^^^^^\n"
        "did you mean 'priority'? words: priority, truncate, boundary, min_tokens, max_tokens, marker, group\n"
    )


# --- export -----------------------------------------------------------------------------------------------------------

EXPORTED = """\
---
inputs:
  question:
    kind: string
  history:
    kind: thread
---
system:
Be kind.

{{ history }}

user:
{{ question }}
"""
LOST = [
    "the segment 'rules' (priority -1, truncate middle) is gone",
    "the segment 'history' (priority 10, truncate oldest) is gone",
]


def test_export_writes_a_file_for_other_tools_and_tells_what_is_lost(answer: Any) -> None:
    ended = answer("export", "answer@v1")
    assert (ended.code, ended.out) == (0, EXPORTED)
    assert ended.err == "".join(f"lost: {loss}\n" for loss in LOST)
    ended = answer("export", "answer@v1", "-o", "out.prompty")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err == "".join(f"lost: {loss}\n" for loss in LOST)
    assert (answer.folder / "out.prompty").read_text("utf-8") == EXPORTED


def test_export_for_programs(answer: Any) -> None:
    ended = answer("export", "answer@v1", "--json", "--output", "out.prompty")
    assert ended.json == {"promptlib": 1, "kind": "export", "file": EXPORTED, "losses": LOST}
    assert ended.err == ""
    assert (answer.folder / "out.prompty").read_text("utf-8") == EXPORTED


def test_what_loses_nothing_says_nothing(triage: Any) -> None:
    ended = triage("export", "support/triage@v1")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == triage.ok("show", "support/triage@v1", "--source").replace("# a comment that stays\n", "")


def test_what_is_included_is_put_in_place(bare: Any) -> None:
    bare.ok("save", "part/style", "-", given=STYLE)
    digest = bare("show", "part/style", "--json").json["digest"].removeprefix("sha256:")
    file = f"""---
metadata:
  promptlib:
    includes:
      style: part/style#{digest}
---
system:
{{% include "style" %}}
Answer.
"""
    bare.ok("save", "answer", "-", given=file)
    ended = bare("export", "answer")
    assert ended.err == ""
    assert ended.out == "---\n---\nsystem:\nBe {{ '{' }} kind.\nAnswer.\n"


def test_a_folder_that_is_not_there_and_a_prompt_that_is_not(answer: Any) -> None:
    ended = answer("export", "answer", "-o", "nowhere/out.prompty")
    assert ended.code == 1
    assert ended.err.startswith("error: nowhere/out.prompty: No such file or directory\n")
    assert answer("export", "nothing").code == 3


def test_marks_are_told(bare: Any) -> None:
    bare.ok("save", "answer", "-", given="---\n---\nuser:\nA role line is\n\\user:\n")
    ended = bare("export", "answer")
    assert ended.err == "lost: message 1 (user) holds marks (\\) that other tools take for text\n"
