"""Silences by line, by file and by project, and what is said about those that silence nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from promptlib.errors import NotFound, StoreError
from promptlib.lint import Settings, lint_file

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "description: Answers\ninputs:\n  q:\n    kind: string\n    description: The question\n"


def found(text: str, settings: Settings | None = None) -> dict[str, int | None]:
    return {
        each.rule: each.where.line for each in lint_file(text.encode(), source="a.prompty", settings=settings).findings
    }


def in_header(comment: str = "", *, behind: str = "") -> str:
    lines = HEAD.replace("  q:\n", f"{comment}  q:{behind}\n")
    return f"---\n{lines}---\nuser:\n{{{{ q }}}}\n"


def test_a_comment_in_the_front_matter_silences_its_line_or_the_one_below() -> None:
    assert found(in_header()) == {"one-letter-input": 4}
    assert found(in_header("  # lint: off one-letter-input everybody here says q\n")) == {}
    assert found(in_header(behind=" # lint: off one-letter-input everybody here says q")) == {}
    apart = in_header("  # lint: off one-letter-input too far away\n  # more words\n")
    assert found(apart) == {"one-letter-input": 6, "unused-silence": 4}


def test_a_comment_in_a_message_silences_its_line_or_the_one_below() -> None:
    text = "---\ndescription: Answers\n---\nuser:\nWhen are you{comment} open?  {behind}\n"
    assert found(text.format(comment="", behind="")) == {"trailing-blanks": 5}
    assert found(text.format(comment="{# lint: off trailing-blanks they are meant #}", behind="")) == {}
    told = text.format(comment="", behind="")
    above = told.replace("When", "{# lint: off trailing-blanks, secret #}\nWhen")
    assert found(above) == {"unused-silence": 5}


def test_words_in_a_text_silence_nothing() -> None:
    text = "---\ndescription: |\n  Answers.\n  # lint: off missing-description\n---\nuser:\n# lint: off secret\nHi\n"
    assert found(text) == {}


@pytest.mark.parametrize("told", ["{one-letter-input: everybody says q}", "[one-letter-input]"])
def test_metadata_silences_the_whole_file(told: str) -> None:
    text = in_header().replace("description: Answers\n", f"description: Answers\nmetadata:\n  lint: {told}\n")
    report = lint_file(text.encode())
    assert report.ok
    assert report.silenced == 1


def test_a_silence_of_no_rule_is_told_with_the_nearest() -> None:
    report = lint_file(in_header("  # lint: off one-leter-input\n").encode())
    told = {each.rule: each for each in report.findings}
    assert told.keys() == {"one-letter-input", "unknown-silence"}
    assert told["unknown-silence"].message == "no rule 'one-leter-input' to be silent"
    assert told["unknown-silence"].advice == "did you mean 'one-letter-input'?"


def test_a_silence_of_a_rule_that_does_not_look_is_not_called_unused() -> None:
    text = in_header("  # lint: off shouting, one-letter-input it is a test\n")
    assert found(text) == {}
    assert found(text, Settings(select=("all",), ignore=("wording",))) == {}
    assert found(text, Settings(select=("default", "shouting"))) == {"unused-silence": 4}


# --- settings ---------------------------------------------------------------------------------------------------------


def project(folder: Path, text: str) -> Settings:
    (folder / "pyproject.toml").write_text(f"[tool.promptlib.lint]\n{text}\n")
    return Settings.of_project(folder)


def test_a_project_chooses_rules_families_and_patterns(tmp_path: Path) -> None:
    assert Settings.of_project(tmp_path) == Settings()
    chosen = project(tmp_path, 'select = ["default", "wording"]\nignore = ["inputs"]\nbudget = 900\nreserve = 1')
    assert chosen == Settings(select=("default", "wording"), ignore=("inputs",), budget=900, reserve=1)
    assert found(in_header(), chosen).keys() == {"no-output-form", "no-way-out", "over-budget"}
    by_name = project(tmp_path, 'per-file = {"drafts/*" = ["one-letter-input"], "*.prompty" = ["inputs"]}')
    assert found(in_header(), by_name) == {}
    assert lint_file(in_header().encode(), source="drafts/x", settings=by_name).ok
    assert not lint_file(in_header().encode(), source="other/x", settings=by_name).ok


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('selct = ["secret"]', r"\[tool.promptlib.lint\] selct in .* is not known.*did you mean 'select'\?"),
        ('select = "secret"', "select in .* is no list of rules"),
        ("select = [1]", "select is no list of rules"),
        ("budget = true", "budget in .* is no whole number"),
        ('per-file = ["x"]', "per-file in .* is no table of patterns"),
    ],
)
def test_settings_that_say_nothing_are_refused(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        project(tmp_path, text)
    assert re.search(words, str(caught.value).replace("\n", " "))


def test_a_table_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.promptlib]\nlint = 1\n")
    with pytest.raises(StoreError, match="is no table"):
        Settings.of_project(tmp_path)


@pytest.mark.parametrize(
    "words", [{"select": ("sekret",)}, {"ignore": ("sekret",)}, {"per_file": (("*", ("sekret",)),)}]
)
def test_a_word_that_names_no_rule_is_refused_with_the_nearest(words: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(NotFound, match="no rule 'sekret'") as caught:
        lint_file(in_header().encode(), settings=Settings(**words))  # type: ignore[arg-type] # a table of keywords
    assert "did you mean 'secret'?" in caught.value.hint
