from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from promptlib.cli import lesson_screen
from promptlib.columns import wide
from promptlib.learn import LESSONS, NAMES, page_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from promptlib.cli.terminal import Row


def answered(shell: Any, lesson: str) -> None:
    shell.write(f"promptlib-lessons/{lesson}.prompty", page_of(lesson).answer)


# --- one lesson -------------------------------------------------------------------------------------------------------


def test_a_lesson_is_shown_and_its_file_laid_out(shell: Any) -> None:
    out = shell.ok("learn", "delimiters")
    assert out.startswith("Delimiters: where a stranger's text ends\n")
    assert "your file: promptlib-lessons/delimiters.prompty" in out
    file = shell.folder / "promptlib-lessons/delimiters.prompty"
    assert file.read_text("utf-8") == page_of("delimiters").broken


def test_what_a_learner_wrote_is_never_written_over(shell: Any) -> None:
    shell.write("promptlib-lessons/delimiters.prompty", "mine")
    shell.ok("learn", "delimiters")
    assert (shell.folder / "promptlib-lessons/delimiters.prompty").read_text("utf-8") == "mine"


def test_it_goes_on_where_the_learner_left(shell: Any) -> None:
    assert shell.ok("learn").startswith(page_of(NAMES[0]).title)
    shell.ok("learn", "way-out")
    assert shell.ok("learn").startswith(page_of("way-out").title)


def test_a_check_ends_with_1_while_it_is_not_mended_and_then_with_0(shell: Any) -> None:
    shell.ok("learn", "delimiters")
    ended = shell("learn", "delimiters", "--check")
    assert ended.code == 1
    assert "undelimited: review stands among the words of the prompt" in ended.out
    assert "  --> promptlib-lessons/delimiters.prompty:12:48" in ended.out
    assert 'write {{ review | delimited("review") }}' in ended.out
    assert ended.out.endswith("delimiters: not mended, 1 thing to look at\n")
    answered(shell, "delimiters")
    assert shell.ok("learn", "delimiters", "--check") == "delimiters: mended\n"


def test_a_file_that_is_named_is_checked_and_nothing_is_written(shell: Any) -> None:
    shell.write("mine.prompty", page_of("way-out").answer)
    assert shell.ok("learn", "way-out", "mine.prompty", "--check") == "way-out: mended\n"
    document = shell("learn", "way-out", "mine.prompty", "--check", "--json").json
    assert document == {"promptlib": 1, "kind": "lesson-check", "lesson": "way-out", "ok": True, "findings": []}
    assert sorted(each.name for each in shell.folder.iterdir()) == ["mine.prompty"]


def test_a_check_before_anything_lies_there_says_how_to_begin(shell: Any) -> None:
    ended = shell("learn", "delimiters", "--check")
    assert ended.code == 3
    assert "promptlib-lessons/delimiters.prompty: nothing lies there" in ended.err
    assert "promptlib learn delimiters" in ended.err


def test_an_unknown_lesson_names_the_nearest(shell: Any) -> None:
    ended = shell("learn", "delimiter")
    assert ended.code == 3
    assert "no lesson 'delimiter'" in ended.err
    assert "did you mean 'delimiters'?" in ended.err
    assert "promptlib learn --list" in ended.err


def test_a_finding_as_json_has_its_place(shell: Any) -> None:
    shell.ok("learn", "delimiters")
    found = shell("learn", "delimiters", "--check", "--json")
    assert found.code == 1
    (finding,) = found.json["findings"]
    assert (finding["lesson"], finding["check"], finding["ground"]) == ("delimiters", "undelimited", "structure")
    assert (finding["line"], finding["column"], finding["width"]) == (12, 48, 12)


def test_hints_come_one_by_one(shell: Any) -> None:
    hints = page_of("delimiters").hints
    for number in range(1, len(hints) + 1):
        assert shell.ok("learn", "delimiters", "--hint").startswith(f"hint {number} of {len(hints)}\n")
    document = shell("learn", "delimiters", "--hint", "--json").json
    assert (document["number"], document["of"], document["hint"]) == (len(hints), len(hints), hints[-1])


def test_the_answer_comes_after_success(shell: Any) -> None:
    shell.ok("learn", "delimiters")
    answered(shell, "delimiters")
    shell.ok("learn", "delimiters", "--check")
    out = shell.ok("learn", "delimiters", "--answer")
    assert '    {{ review | delimited("review") }}' in out
    assert "\nWhy\n" in out
    document = shell("learn", "delimiters", "--answer", "--json").json
    assert document["shown"] is True
    assert document["standing"] == {"mended": True, "checks": 1, "hints": 0, "answer": "after"}


def test_the_answer_before_success_is_asked_for_twice_and_noted(shell: Any) -> None:
    shell.ok("learn", "delimiters")
    ended = shell("learn", "delimiters", "--answer", "--json")
    assert (ended.code, ended.json["shown"], ended.json["answer"]) == (1, False, None)
    assert "One way to write it" in shell.ok("learn", "delimiters", "--answer")
    answered(shell, "delimiters")
    shell.ok("learn", "delimiters", "--check")
    standing = shell("learn", "delimiters", "--answer", "--json").json["standing"]
    assert (standing["mended"], standing["answer"]) == (True, "before")


def test_the_answer_that_is_kept_back_says_how_to_see_it(shell: Any) -> None:
    ended = shell("learn", "delimiters", "--answer")
    assert (ended.code, ended.err) == (1, "")
    assert ended.out == "not mended yet: --hint helps; ask for the answer once more to see it all the same\n"


def test_the_list_says_how_far_one_is(shell: Any) -> None:
    shell.ok("learn", "typed-inputs")
    answered(shell, "typed-inputs")
    shell.ok("learn", "typed-inputs", "--check")
    shell.ok("learn", "examples", "--hint")
    lines = shell.ok("learn", "--list").splitlines()
    assert any(line.split()[1:3] == ["typed-inputs", "mended"] for line in lines)
    assert any(line.split()[0] == ">" and line.split()[2:4] == ["examples", "begun"] for line in lines)
    assert lines[-1] == f"1 of {len(LESSONS)} mended; promptlib learn LESSON opens one"
    document = shell("learn", "--list", "--json").json
    assert [each["lesson"] for each in document["lessons"]] == list(NAMES)
    assert document["at"] == "examples"
    assert all(each["checks"] for each in document["lessons"])


def test_another_folder(shell: Any) -> None:
    shell.ok("learn", "delimiters", "--folder", "here/there")
    assert (shell.folder / "here/there/progress.json").is_file()
    assert not (shell.folder / "promptlib-lessons").exists()


def test_options_that_exclude_each_other(shell: Any) -> None:
    assert "take one of --list, --check" in shell("learn", "--list", "--hint").err
    ended = shell("learn", "delimiters", "mine.prompty")
    assert (ended.code, "a file is for --check" in ended.err) == (2, True)


# --- progress ---------------------------------------------------------------------------------------------------------


def test_damaged_progress_is_told_and_stays(shell: Any) -> None:
    shell.write("promptlib-lessons/progress.json", '{"promptlib-lessons": 1,\n "at": }')
    ended = shell("learn", "delimiters")
    assert ended.code == 1
    assert "does not say where you are" in ended.err
    assert "progress.json:2:8" in ended.err
    assert "delete it to begin anew" in ended.err
    assert (shell.folder / "promptlib-lessons/progress.json").read_text("utf-8").endswith('"at": }')


def test_newer_progress_is_told_and_stays(shell: Any) -> None:
    shell.write("promptlib-lessons/progress.json", '{"promptlib-lessons": 2}')
    ended = shell("learn", "--list")
    assert ended.code == 1
    assert "was written by a later promptlib: its shape is 2" in ended.err
    assert (shell.folder / "promptlib-lessons/progress.json").read_text("utf-8") == '{"promptlib-lessons": 2}'


def test_without_the_file_one_begins_anew_and_keeps_the_prompts(shell: Any) -> None:
    shell.ok("learn", "delimiters")
    answered(shell, "delimiters")
    (shell.folder / "promptlib-lessons/progress.json").unlink()
    assert shell.ok("learn").startswith(page_of(NAMES[0]).title)
    shell.ok("learn", "delimiters", "--check")


# --- one's own prompts ------------------------------------------------------------------------------------------------

OWN = """\
---
description: Answers a customer
inputs:
  question:
    kind: string
    description: What a customer wants to know
---
user:
You are a helpful assistant. Please answer this: {{ question }} Always answer.
"""


def test_all_lessons_look_at_a_file_of_ones_own_and_write_nothing(shell: Any) -> None:
    shell.write("mine.prompty", OWN)
    ended = shell("learn", "--on", "mine.prompty")
    assert ended.code == 1
    assert "undelimited: question stands among the words" in ended.out
    assert "  promptlib learn delimiters\n" in ended.out
    assert "empty-role: 'You are a helpful assistant' could stand in any prompt" in ended.out
    assert "guess: 'always answer' orders an answer" in ended.out
    assert "lessons looked at mine.prompty: 1 proven, " in ended.out
    assert [each.name for each in shell.folder.iterdir()] == ["mine.prompty"]


def test_what_is_only_read_from_words_is_advice(shell: Any) -> None:
    shell.write("mine.prompty", "---\ndescription: Says hello\n---\nuser:\nHello there, help me\n")
    ended = shell("learn", "--on", "mine.prompty")
    assert ended.code == 0
    assert "no-task: 'help' does not say what is to come out" in ended.out
    assert "read from words, which is advice" in ended.out


def test_a_prompt_of_a_store_is_looked_at_by_its_name(triage: Any) -> None:
    ended = triage("learn", "--on", "support/triage", "--json")
    assert ended.code == 1
    assert (ended.json["name"], ended.json["ok"]) == ("support/triage", False)
    told = {(each["lesson"], each["check"]) for each in ended.json["findings"]}
    assert ("typed-inputs", "undescribed") in told
    assert all(each["file"].endswith("support/triage.prompty") for each in ended.json["findings"])


def test_a_good_prompt_has_nothing_to_be_told(shell: Any) -> None:
    shell.write("mine.prompty", page_of("way-out").answer)
    out = shell.ok("learn", "--on", "mine.prompty")
    assert out.endswith("lessons looked at mine.prompty: nothing found\n"), out


def test_an_unreadable_file_is_one_finding(shell: Any) -> None:
    shell.write("mine.prompty", "---\nuser:\n{{ x }}\n")
    ended = shell("learn", "--on", "mine.prompty")
    assert ended.code == 1
    assert "unreadable: front matter is opened and never closed" in ended.out
    assert "1 lesson looked at mine.prompty: 1 proven" in ended.out


# --- the screen -------------------------------------------------------------------------------------------------------


def screens(name: str, file: Path) -> Iterable[Row]:
    page = page_of(name)
    yield from lesson_screen.reading(page, file)
    yield from lesson_screen.checked_by(page)
    yield from lesson_screen.answer(page)
    yield from lesson_screen.reason(page)
    for number, text in enumerate(page.hints, 1):
        yield from lesson_screen.hint(number, len(page.hints), text)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("columns", [80, 60])
def test_no_line_of_a_lesson_is_wider_than_the_terminal(
    name: str, columns: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for row in screens(name, tmp_path / "file"):
        text = "".join(span for span, _ in row)
        if str(tmp_path) not in text:
            assert wide(text) <= columns, text


@pytest.mark.parametrize("name", NAMES)
def test_what_is_read_fits_two_screens_and_the_code_is_not_broken(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    page = page_of(name)
    rows = ["".join(span for span, _ in row) for row in lesson_screen.markdown(page.reading)]
    assert len(rows) <= 2 * 24
    fenced = [block.split("\n", 1)[1].rstrip("\n").split("\n") for block in page.reading.split("```")[1::2]]
    for line in (line for block in fenced for line in block if line.strip()):
        assert f"    {line}".rstrip() in rows


def test_a_page_has_no_colour_behind_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    styles = {style for name in NAMES for row in lesson_screen.markdown(page_of(name).text) for _, style in row}
    assert not [style for style in styles if " on " in f" {style} "]
