"""The forms of `promptlib diff`."""

from __future__ import annotations

from typing import Any

import pytest

TRIAGE = "support/triage"
VERSIONS = (f"{TRIAGE}@v1", f"{TRIAGE}@v2")


def test_tokens_are_told_and_counted_as_asked(triage: Any) -> None:
    out = triage.ok("diff", *VERSIONS)
    assert " tokens (+2), exact by o200k_base (source texts: no values, no tools)\n" in out
    assert "exact by cl100k_base" in triage.ok("diff", *VERSIONS, "--encoding", "cl100k_base")
    assert "exact by o200k_base" in triage.ok("diff", *VERSIONS, "--model", "gpt-4o")
    document = triage("diff", *VERSIONS, "--json", "--encoding", "cl100k_base").json
    assert (document["tokens"]["change"], document["tokens"]["encoding"]) == (2, "cl100k_base")
    assert document["messages"][0]["tokens"]["change"] == 2


def test_markdown_and_a_page(triage: Any) -> None:
    markdown = triage.ok("diff", *VERSIONS, "--markdown")
    assert markdown.startswith(f"### `{TRIAGE}` `v1` (`")
    assert "+ You sort support tickets{+ by urgency+}." in markdown
    page = triage.ok("diff", *VERSIONS, "--html")
    assert page.startswith("<!doctype html>")
    assert "<ins> by urgency</ins>" in page


@pytest.mark.parametrize(("option", "begin"), [("--html", "<!doctype html>"), ("--markdown", "### `"), ("", TRIAGE)])
def test_into_a_file(triage: Any, option: str, begin: str) -> None:
    ended = triage("diff", *VERSIONS, *filter(None, [option]), "-o", "found.txt", "--exit-code")
    assert (ended.code, ended.out) == (1, "")
    text = (triage.folder / "found.txt").read_text("utf-8")
    assert text.startswith(begin)
    assert text.endswith("\n")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--html", "--json"), "give one of --html, --markdown and --json"),
        (("--html", "--markdown"), "give one of --html, --markdown and --json"),
        (("--json", "-o", "x"), "--json prints on stdout"),
        (("--encoding", "cl100k_base", "--model", "gpt-4o"), "give one of --encoding, --model and --tokenizer"),
    ],
)
def test_options_that_do_not_go_together(triage: Any, options: tuple[str, ...], words: str) -> None:
    ended = triage("diff", *VERSIONS, *options)
    assert ended.code == 2
    assert words in " ".join(ended.err.replace("│", " ").split())


def test_a_bump_tells_versions_and_words(bare: Any) -> None:
    bare.ok("save", "style", "-", "-m", "One", given="---\n---\nBe brief.\n")
    digest = bare("log", "style", "--json").json["versions"][0]["digest"].removeprefix("sha256:")
    file = "---\nmetadata:\n  promptlib:\n    includes:\n      style: style#{}\n---\n{{% include 'style' %}}\n"
    bare.ok("save", "reply", "-", "-m", "One", given=file.format(digest))
    bare.ok("save", "style", "-", "-m", "Two", given="---\n---\nBe brief and kind.\n")
    digest = bare("log", "style", "--json").json["versions"][0]["digest"].removeprefix("sha256:")
    bare.ok("save", "reply", "-", "-m", "Two", given=file.format(digest))
    out = bare.ok("diff", "reply")
    assert "  ~ style: style v1 (" in out
    assert ") -> style v2 (" in out
    assert "Be brief{+ and kind+}." in out
    (row,) = bare("diff", "reply", "--json").json["includes"]
    assert (row["old_version"], row["new_version"]) == ("v1", "v2")
