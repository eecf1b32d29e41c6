"""The shelf in the shell: what ls shows, what import tells, and that a description is asked for."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

DESCRIBED = "---\ndescription: Sorts tickets by urgency\nmetadata:\n  tags: [mail, support]\n---\nuser:\nSort.\n"
BARE = "user:\nHi.\n"


def git(shell: Any, *words: str) -> str:
    run = subprocess.run(["git", *words], cwd=shell.folder, check=True, capture_output=True, text=True)
    return run.stdout.strip()


@pytest.fixture
def shop(bare: Any) -> Any:
    """Return a shell in a bare store with two prompts."""
    bare.write("triage.prompty", DESCRIBED)
    bare.write("hi.prompty", BARE)
    bare.ok("save", "support/triage", "triage.prompty", "-m", "First")
    bare.ok("save", "hi", "hi.prompty", "-m", "Second")
    bare.ok("label", "support/triage", "production")
    return bare


def test_names_are_bare_in_a_pipe_and_chosen_by_what_the_files_say(shop: Any) -> None:
    assert shop.ok("ls") == "hi\nsupport/triage\n"
    assert shop.ok("ls", "--tag", "mail", "--tag", "support") == "support/triage\n"
    assert shop.ok("ls", "--label", "production") == "support/triage\n"
    assert shop.ok("ls", "--no-description") == "hi\n"
    assert shop.ok("ls", "--description") == "support/triage\n"
    assert shop.ok("ls", "--input", "ticket") == ""
    assert shop.ok("ls", "--kind", "chain") == ""
    assert shop.ok("ls", "--author", "Nobody") == ""


def test_counts_long_lines_and_trees(shop: Any) -> None:
    assert shop.ok("ls", "--tags") == "1  mail\n1  support\n"
    assert shop.ok("ls", "--tree") == "hi  v1\nsupport/\n  triage  v1  production\n"
    assert shop.ok("ls", "--long") == (
        "hi              v1              2                   (no description)\n"
        "support/triage  v1  production  2  [mail, support]  Sorts tickets by urgency\n"
    )
    shown = shop.ok("ls", "--facets")
    assert shown.startswith("2 names\ndescription\n  1  described\n  1  without a description\nkind\n  2  prompt\n")
    assert "folder\n  1  (top)\n  1  support\n" in shown


def test_documents_for_programs(shop: Any) -> None:
    assert shop("ls", "--tags", "--json").json == {
        "promptlib": 1, "kind": "tags", "tags": {"mail": 1, "support": 1}, "total": 2,
    }  # fmt: skip
    facets = shop("ls", "support/", "--facets", "--json").json
    assert (facets["kind"], facets["total"], facets["undescribed"]) == ("facets", 1, 0)
    (told,) = shop("ls", "support/", "--long", "--json").json["names"]
    assert {key: told[key] for key in ("name", "kind", "described", "tags", "inputs", "labels", "tokens")} == {
        "name": "support/triage", "kind": "prompt", "described": True, "tags": ["mail", "support"], "inputs": [],
        "labels": ["production"], "tokens": 2,
    }  # fmt: skip
    assert told["version"]["number"] == 1


def test_what_was_there_earlier(shop: Any) -> None:
    first = shop("log", "support/triage", "--json").json["versions"][0]["commit"]
    assert shop.ok("ls", "--at", first) == "support/triage\n"
    assert shop("ls", "--tags", "--at", first, "--json").json["at"]["commit"] == first


def test_one_thing_is_shown_at_a_time(shop: Any) -> None:
    ended = shop("ls", "--tags", "--tree")
    assert ended.code == 2
    assert "give one" in ended.err


def test_tags_and_labels_are_completed(shop: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from promptlib.cli import completing

    monkeypatch.chdir(shop.folder)
    assert (completing.tags(""), completing.tags("s")) == (["mail", "support"], ["support"])
    assert completing.all_labels("p") == ["production"]
    monkeypatch.chdir(tmp_path)
    assert completing.tags("") == []


# --- descriptions -----------------------------------------------------------------------------------------------------


def test_a_description_is_asked_for_and_given(shop: Any) -> None:
    ended = shop("save", "other", "hi.prompty")
    assert ended.code == 0
    assert ended.err == (
        "other has no description: nobody finds it by what it is for\n"
        "give one: promptlib save other --description '…'\n"
    )
    ended = shop("save", "other", "--description", "Other!")
    assert "other has a description that only repeats its name" in ended.err
    ended = shop("save", "other", "--description", "Says hello", "--json")
    assert (ended.err, ended.json["described"]) == ("", True)
    assert shop.ok("show", "other", "--text") == "user:\nHi.\n" or "Hi." in shop.ok("show", "other", "--text")
    assert shop("ls", "other", "--json").json["names"][0]["description"] == "Says hello"


def test_check_tells_what_has_none_and_fails_nothing(shop: Any) -> None:
    ended = shop("check")
    assert (ended.code, ended.out) == (0, "2 prompts: all can be read\n")
    assert ended.err == "1 prompt has no description: hi\ngive one: promptlib save hi --description '…'\n"
    shop.ok("save", "ho", "hi.prompty", "-m", "Third")
    assert shop("check").err.endswith("all of them: promptlib ls --no-description\n")
    assert shop("check", "--json").json["undescribed"] == ["hi", "ho"]
    assert shop("check", "--strict").code == 0


def test_a_description_is_written_into_the_edited_file(application: Any) -> None:
    application.write("prompts/hi.prompty", BARE)
    application.ok("save", "hi", "-m", "First")
    application.write("prompts/hi.prompty", "# a comment\nuser:\nHo.\n")
    application.ok("save", "hi", "--description", "Says hello", "-m", "Second")
    text = (application.folder / "prompts/hi.prompty").read_text()
    assert text == "---\ndescription: Says hello\n---\n# a comment\nuser:\nHo.\n"
    assert git(application, "status", "--porcelain", "prompts") == ""
    application.write("prompts/hi.prompty", BARE)
    (application.folder / ".git/MERGE_HEAD").write_text("")
    assert application("save", "hi", "--description", "Never").code == 4
    assert (application.folder / "prompts/hi.prompty").read_text() == BARE


def test_a_terminal_shows_versions_and_cuts_what_does_not_fit(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from promptlib.cli import names

    monkeypatch.setattr(names, "on_terminal", lambda: True)
    assert shop.ok("ls", columns=100).splitlines()[1].endswith("production  just now")
    assert shop.ok("ls", columns=40).splitlines()[1].endswith("production")
    shop.ok("save", "hi", "--description", "word " * 40)
    (row,) = (row for row in shop.ok("ls", "--long", columns=90).splitlines() if row.startswith("hi"))
    assert (len(row), row[-1]) == (90, "…")


def test_at_a_terminal_a_new_name_is_asked_for_one(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from promptlib import codec
    from promptlib.cli import describing

    prompt = codec.read(BARE.encode())
    monkeypatch.setattr(describing, "on_terminal", lambda _stream: True)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    answers = iter([" Says hello ", ""])
    monkeypatch.setattr("typer.prompt", lambda *_, **__: next(answers))
    made, data = describing.described("hi", prompt, BARE.encode(), None, ask=True)
    assert (made.description, b"description: Says hello" in data) == ("Says hello", True)
    assert describing.described("hi", prompt, BARE.encode(), None, ask=True) == (prompt, BARE.encode())
    assert describing.described("hi", prompt, BARE.encode(), None, ask=False) == (prompt, BARE.encode())


# --- import -----------------------------------------------------------------------------------------------------------


def test_a_table_comes_in_with_its_report(bare: Any) -> None:
    bare.write("p.csv", "title,prompt\nA B,x\nA-b,y\n")
    ended = bare("import", "csv", "p.csv")
    assert ended.code == 1
    assert ended.out.splitlines() == [
        "guessed: name from 'title', text from 'prompt'",
        "1 new, 0 changed, 0 unchanged",
        "",
        "1 left out:",
        "  A-b -> a-b-2",
        "      p.csv:3: a-b is the name of 'A B' already",
        "",
        "to let them in, write these lines into a file and give it with --rename:",
        '"A-b" = "a-b-2"',
    ]
    bare.write("names.toml", '"A-b" = "a-b-2"\n')
    ended = bare("import", "csv", "p.csv", "--rename", "names.toml", "--json")
    assert (ended.code, ended.json["kind"], ended.json["created"]) == (0, "imported", ["a-b-2"])
    assert bare("import", "csv", "p.csv", "--rename", "gone.toml").code == 2
    assert bare("import", "csv", "gone.csv").code == 1


def test_a_dry_run_says_that_nothing_was_done(bare: Any) -> None:
    bare.write("a.md", "Text.")
    assert bare.ok("import", "text", "a.md", "--dry-run") == (
        "nothing was done; it would be: 1 new, 0 changed, 0 unchanged\n"
    )
    assert bare.ok("ls") == ""
    assert bare.ok("import", "text", "a.md", "-m", "Bring it") == "1 new, 0 changed, 0 unchanged\n"
    assert bare("log", "a", "--json").json["versions"][0]["message"].startswith("Bring it\n\nPromptlib-Source: ")


def test_losses_of_a_prompty_file_are_told(bare: Any) -> None:
    bare.write("a.prompty", "System:\n{{ x }}\n" + "![a](b)\n" * 45)
    shown = bare.ok("import", "prompty", "a.prompty").splitlines()
    assert shown[:4] == ["1 new, 0 changed, 0 unchanged", "", "46 things lost or read otherwise:", "  a"]
    assert shown[4].startswith("      a.prompty:3: a picture in Markdown stays text")
    assert shown[-1] == "  … and 6 more; --json tells all"


def test_an_applications_repository_takes_an_import_as_one_commit(application: Any) -> None:
    application.write("p.csv", "title,prompt\nA,x\nB,y\n")
    application.ok("import", "csv", "p.csv")
    assert git(application, "status", "--porcelain", "prompts") == ""
    assert git(application, "log", "-1", "--format=%s") == "Import p.csv"


def test_a_hook_that_refuses_leaves_nothing(application: Any) -> None:
    application.write("p.csv", "title,prompt\nA,x\nB,y\n")
    hook = application.folder / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho no >&2\nexit 1\n")
    hook.chmod(0o755)
    ended = application("import", "csv", "p.csv")
    assert ended.code == 4
    assert application.ok("ls") == ""
    assert git(application, "status", "--porcelain", "prompts") == ""


def test_a_folder_without_git_takes_no_import(tmp_path: Path, bare: Any) -> None:
    (tmp_path / "plain/prompts").mkdir(parents=True)
    (tmp_path / "plain/p.csv").write_text("title,prompt\nA,x\n")
    ended = bare("-C", str(tmp_path / "plain"), "import", "csv", "p.csv")
    assert ended.code == 4
    assert "cannot be written" in ended.err


def test_terminals_are_safe_from_what_tables_hold(bare: Any) -> None:
    bare.write("p.csv", 'title,prompt\n"\x1b[31mA",x\n"\x1b[31ma",y\n')
    ended = bare("import", "csv", "p.csv")
    assert "\x1b" not in ended.out + ended.err


def test_the_index_is_not_written_by_a_killed_import(bare: Any) -> None:
    """What was imported is there whole or not at all."""
    bare.write("p.csv", "title,prompt\n" + "".join(f"T{at},x{at}\n" for at in range(200)))
    running = subprocess.Popen(
        [sys.executable, "-m", "promptlib", "import", "csv", "p.csv"],
        cwd=bare.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        running.wait(timeout=0.4)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()
    assert len(bare.ok("ls").splitlines()) in (0, 200)
    assert bare("import", "csv", "p.csv").code == 0
    assert len(bare.ok("ls").splitlines()) == 200
