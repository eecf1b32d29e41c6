"""`promptlib merge-file`: by hand, and as the driver of a plain `git merge`."""

from __future__ import annotations

import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Store, codec

if TYPE_CHECKING:
    from pathlib import Path

BASE = """\
---
# Who: support
inputs:
  ticket: {kind: string}
---
system:
You sort support tickets.
Be brief.

user:
{{ ticket }}
"""


def edits(*pairs: tuple[str, str]) -> str:
    text = BASE
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


#: Both add an input in one place and edit one line: git sees conflicts, a merge of structures none.
OURS = edits(
    ("inputs:\n", "inputs:\n  # how much\n  limit: {kind: integer, default: 9}\n"),
    ("Be brief.", "Be brief, in {{ limit }} words."),
    ("You sort", "You rank"),
)
THEIRS = edits(
    ("inputs:\n", "inputs:\n  tone: {kind: string, default: warm}\n"),
    ("support tickets", "letters"),
    ("\nuser:", "Be {{ tone }}.\n\nuser:"),
)
CONTESTED = edits(("You sort", "You file"))


@pytest.fixture
def files(shell: Any) -> Any:
    """Return a shell in a folder with three files."""
    for name, text in {"base": BASE, "ours": OURS, "theirs": THEIRS, "contested": CONTESTED}.items():
        (shell.folder / name).write_text(text, newline="")
    return shell


def test_three_files_become_one(files: Any) -> None:
    (files.folder / "ours").chmod(0o640)
    ended = files("merge-file", "ours", "base", "theirs")
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    merged = (files.folder / "ours").read_text()
    prompt = codec.read(merged.encode())
    assert [each.name for each in prompt.inputs] == ["limit", "tone", "ticket"]
    assert prompt.messages[0].text == "You rank letters.\nBe brief, in {{ limit }} words.\nBe {{ tone }}."
    assert "# how much" in merged
    assert "# Who: support" in merged
    assert (files.folder / "ours").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in files.folder.iterdir()) == ["base", "contested", "ours", "theirs"]


def test_the_result_goes_to_stdout_when_asked_for(files: Any) -> None:
    ended = files("merge-file", "-p", "ours", "base", "theirs")
    assert ended.code == 0
    assert "You rank letters." in ended.out
    assert (files.folder / "ours").read_text() == OURS


def test_a_conflict_ends_with_1_and_is_told(files: Any) -> None:
    ended = files("merge-file", "ours", "base", "contested", "--ours", "HEAD", "--theirs", "%Y", "--path", "a.prompty")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.splitlines() == [
        "a.prompty: 1 conflict",
        "  messages[0]: both sides change the same words",
        '    base   "You sort support tickets.\\nBe brief, in {{ limit }} words."',
        '    ours   "You rank support tickets.\\nBe brief, in {{ limit }} words."',
        '    theirs "You file support tickets.\\nBe brief, in {{ limit }} words."',
    ]
    merged = (files.folder / "ours").read_text()
    assert "<<<<<<< HEAD\nYou rank support tickets.\n=======\nYou file support tickets.\n>>>>>>> theirs\n" in merged
    again = files("merge-file", "--marker-size", "11", "-p", "contested", "base", "theirs")
    assert again.code == 0


def test_comments_that_cannot_stay_are_told(files: Any) -> None:
    # Both changed the one line that the comment stands on.
    (files.folder / "ours").write_text(
        edits(("ticket: {kind: string}", "ticket:  # ours\n    kind: string\n    maxLength: 9"))
    )
    (files.folder / "theirs").write_text(edits(("{kind: string}", "{kind: string, minLength: 1}  # theirs")))
    ended = files("merge-file", "ours", "base", "theirs")
    assert ended.code == 0
    assert ended.err == "ours: comments that are not in the merged file\n  # theirs\n"
    (declared,) = codec.read((files.folder / "ours").read_bytes()).inputs
    assert (declared.type.min_length, declared.type.max_length) == (1, 9)


def test_a_file_that_is_none_is_refused_and_left_alone(files: Any) -> None:
    ended = files("merge-file", "ours", "base", "nowhere")
    assert ended.code == 2
    assert "nowhere: No such file or directory" in ended.err
    (files.folder / "theirs").write_bytes(b"\xff")
    ended = files("merge-file", "ours", "base", "theirs")
    assert ended.code == 1
    assert "byte 0xFF is no UTF-8" in ended.err
    assert (files.folder / "ours").read_text() == OURS


def test_a_full_disk_leaves_the_file_as_it_was(files: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "ours")

    monkeypatch.setattr("pathlib.Path.replace", full)
    ended = files("merge-file", "ours", "base", "theirs")
    assert ended.code == 1
    assert "No space left on device" in ended.err
    assert (files.folder / "ours").read_text() == OURS
    assert sorted(path.name for path in files.folder.iterdir()) == ["base", "contested", "ours", "theirs"]


# --- a plain git merge ------------------------------------------------------------------------------------------------


class Repository:
    """An application's repository whose prompts git merges by our driver."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self("init", "-q", "-b", "main")
        self("config", "user.name", "Ann")
        self("config", "user.email", "ann@example.com")
        script = folder.parent / "promptlib-command"
        start = "from promptlib.cli import main; main()"
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c "{start}" "$@"\n')
        script.chmod(0o755)
        driver = f"{shlex.quote(str(script))} merge-file %A %O %B --path %P --marker-size %L --ours %X --theirs %Y"
        self("config", "merge.promptlib.name", "prompts, merged as structures")
        self("config", "merge.promptlib.driver", driver)
        self.attributes("*.prompty merge=promptlib")
        self.path = folder / "prompts" / "support" / "triage it.prompty"

    def __call__(self, *words: str, code: int = 0) -> str:
        run = subprocess.run(
            ["git", "-C", self.folder, *words], capture_output=True, text=True, check=False, timeout=60
        )
        assert run.returncode == code, run.stdout + run.stderr
        return run.stdout + run.stderr

    def attributes(self, line: str) -> None:
        (self.folder / ".git" / "info" / "attributes").write_text(f"{line}\n")

    def commit(self, text: str) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(text, newline="")
        self("add", "-A")
        self("commit", "-qm", "Edit")

    def branches(self, base: str, ours: str, theirs: str) -> None:
        """Make two branches of one commit, and stand on `main`, which is ours."""
        if base:
            self.commit(base)
        else:
            self("commit", "-q", "--allow-empty", "-m", "Begin")
        self("checkout", "-qb", "theirs")
        self.commit(theirs)
        self("checkout", "-q", "main")
        self.commit(ours)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    folder = tmp_path / "app"
    folder.mkdir()
    return Repository(folder)


def test_git_alone_conflicts_where_the_driver_merges(repository: Repository) -> None:
    repository.branches(BASE, OURS, THEIRS)
    repository.attributes("")
    repository("merge", "-q", "theirs", code=1)
    assert "<<<<<<<" in repository.path.read_text()
    repository("merge", "--abort")
    repository.attributes("*.prompty merge=promptlib")
    repository("merge", "-q", "theirs")
    prompt = codec.read(repository.path.read_bytes())
    assert prompt.messages[0].text == "You rank letters.\nBe brief, in {{ limit }} words.\nBe {{ tone }}."
    assert repository("status", "--porcelain") == ""


def test_git_stops_at_a_conflict_of_the_driver_and_goes_on_after_an_edit(repository: Repository) -> None:
    repository.branches(BASE, OURS, CONTESTED)
    told = repository("merge", "theirs", code=1)
    assert "prompts/support/triage it.prompty: 1 conflict" in told
    assert "CONFLICT (content)" in told
    text = repository.path.read_text()
    assert text.count("<<<<<<< ") == 1
    assert "limit: {kind: integer, default: 9}" in text
    begin, end = text.index("<<<<<<< "), text.index("=======\n")
    after = text[text.index("\n", text.index(">>>>>>> ")) + 1 :]
    repository.path.write_text(text[:begin] + text[text.index("\n", begin) + 1 : end] + after)
    repository("commit", "-qam", "Merge")
    assert len(repository("log", "-1", "--format=%P").split()) == 2
    assert codec.read(repository.path.read_bytes()).messages[0].text.startswith("You rank support tickets.\n")


def test_git_merges_a_prompt_that_both_branches_added(repository: Repository) -> None:
    repository.branches("", BASE, edits(("---\nsystem", "metadata: {tags: [mail]}\n---\nsystem")))
    repository("merge", "-q", "theirs")
    prompt = codec.read(repository.path.read_bytes())
    assert prompt.tags == ("mail",)
    assert prompt.messages[0].text == "You sort support tickets.\nBe brief."


def test_a_rebase_and_a_cherry_pick_use_the_driver_too(repository: Repository) -> None:
    repository.branches(BASE, OURS, THEIRS)
    repository("checkout", "-q", "theirs")
    repository("rebase", "-q", "main")
    first = repository.path.read_bytes()
    assert codec.read(first).messages[0].text.startswith("You rank letters.\n")
    repository("checkout", "-q", "main")
    repository("cherry-pick", "theirs")
    assert repository.path.read_bytes() == first


def test_a_store_reads_what_git_merged(repository: Repository) -> None:
    repository.path = repository.path.with_name("triage.prompty")
    repository.branches(BASE, OURS, THEIRS)
    repository("merge", "-q", "theirs")
    with Store.open(repository.folder) as store:
        assert len(store.history("support/triage")) == 4
        assert store.load("support/triage@latest").messages[0].text.startswith("You rank letters.\n")
