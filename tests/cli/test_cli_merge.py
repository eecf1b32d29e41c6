"""`promptlib merge` and `promptlib sync`: what is told, how conflicts are decided, and that no word is lost."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from promptlib.cli import editing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Shell

FILE = "---\ndescription: Greet\n---\nsystem:\nBe warm and brief.\n\nuser:\nHello.\n"


def git(folder: Path, *arguments: str) -> str:
    """Run plain git and return what it prints."""
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A remote, in a home where remotes of this machine are spoken to."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text('[protocol "file"]\n\tallow = always\n')
    monkeypatch.setenv("HOME", str(home))
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "hub.git")
    return tmp_path / "hub.git"


@pytest.fixture
def here(bare: Shell, hub: Path) -> Shell:
    """A store with two prompts, published."""
    for name in ("greet", "team/other"):
        bare.ok("save", name, "-", given=FILE)
    bare.ok("label", "greet", "production", "v1")
    git(bare.folder, "remote", "add", "origin", str(hub))
    told = bare.ok("sync")
    assert told == ("origin/main: 0 commits came, 4 commits sent\n  went out: greet, greet@production, team/other\n")
    return bare


@pytest.fixture
def there(here: Shell, tmp_path: Path) -> Shell:
    """The same store as somebody else has it."""
    shutil.copytree(here.folder, tmp_path / "there.git")
    return type(here)(tmp_path / "there.git")


def contest(here: Shell, there: Shell) -> None:
    """Let both change one word differently; what *there* did is published."""
    there.ok("save", "greet", "-", given=FILE.replace("brief", "short"))
    there.ok("save", "team/other", "-", given=FILE.replace("Hello", "Good day"))
    there.ok("sync")
    here.ok("save", "greet", "-", given=FILE.replace("brief", "terse").replace("Greet", "Greet people"))


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Let the user's editor be a script that is given the file as `$1`."""

    def write(script: str) -> Path:
        file = tmp_path / "my editor"
        file.write_text(f"#!/bin/sh\necho x >> '{tmp_path}/opened'\n{script}\n")
        file.chmod(0o755)
        monkeypatch.setenv("GIT_EDITOR", f"'{file}'")
        return file

    return write


TAKE_OURS = "sed -i '/^=======$/,/^>>>>>>>/d; /^<<<<<<</d; /^theirs$/d' \"$1\""


def test_what_is_told(here: Shell, there: Shell) -> None:
    """What came, what went, what was put together; in JSON the same."""
    assert here.ok("sync") == "nothing new, here or in origin/main\n"
    there.ok("save", "greet", "-", given=FILE.replace("Hello", "Good day"))
    there.ok("label", "greet", "production", "latest")
    told = there("sync", "--json").json
    assert {key: told[key] for key in ("kind", "fetched", "pushed", "merged", "ours", "theirs", "commit")} == {
        "kind": "sync",
        "fetched": 0,
        "pushed": 2,
        "merged": 0,
        "ours": ["greet", "greet@production"],
        "theirs": [],
        "commit": "",
    }
    here.ok("save", "greet", "-", given=FILE.replace("brief", "short"))
    told_here = here.ok("sync", "origin", "-m", "Both")
    lines = told_here.splitlines()
    assert lines[0] == "origin/main: 2 commits came, 2 commits sent"
    assert lines[1:3] == ["  came in: greet, greet@production", "  went out: greet"]
    assert lines[3] == f"  merged in: {git(here.folder, 'rev-parse', 'HEAD')[:12]}"
    assert git(here.folder, "log", "-1", "--format=%s") == "Both\n"
    there.ok("sync")
    assert "short" in there.ok("show", "greet")


def test_merging_a_branch(here: Shell, there: Shell) -> None:
    assert here.ok("merge", "origin/main") == "nothing new in origin/main\n"
    there.ok("save", "greet", "-", given=FILE.replace("Hello", "Good day"))
    there.ok("label", "greet", "staging", "latest")
    git(here.folder, "fetch", "-q", str(there.folder), "+main:refs/heads/theirs")
    here.ok("save", "greet", "-", given=FILE.replace("brief", "short"))
    told = here.ok("merge", "theirs", "-m", "Both").splitlines()
    assert told[0] == f"merged theirs: {git(here.folder, 'rev-parse', 'HEAD')[:12]}"
    assert told[1:] == ["  came in: greet@staging", "  put together: greet"]
    there.ok("save", "team/other", "-", given=FILE.replace("brief", "short"))
    git(there.folder, "fetch", "-q", str(here.folder), "+main:refs/heads/ours")
    assert there("merge", "ours", "--json").json["outcome"] == "merged"
    git(here.folder, "fetch", "-q", str(there.folder), "+main:refs/heads/theirs")
    assert here.ok("merge", "theirs").startswith("went forward to theirs: ")
    ended = here("merge", "nowhere")
    assert (ended.code, ended.err.splitlines()[0]) == (3, "error: no branch, tag or commit 'nowhere' here")


def test_a_conflict_reads_well(here: Shell, there: Shell) -> None:
    """Which prompt, which field, and the words of both sides; exit code 4, and nothing has moved."""
    contest(here, there)
    there.ok("label", "greet", "production", "latest")
    there.ok("delete", "team/other")
    there.ok("sync")
    here.ok("label", "greet", "production", "latest")
    here.ok("save", "team/other", "-", given=FILE.replace("Hello", "Hi"))
    before = git(here.folder, "rev-parse", "HEAD")
    ended = here("sync")
    assert ended.code == 4
    assert ended.out == ""
    first, *rest = ended.err.splitlines()
    assert first.startswith("error: greet@production, greet, team/other: changed here and in origin/main differently")
    text = "\n".join(rest)
    assert "label greet@production\n    base   " in text
    assert (
        "prompt greet\n  messages[0]: both sides change the same words\n"
        "    ours   Be warm and [-brief-]{+terse+}.\n"
        "    theirs Be warm and [-brief-]{+short+}.\n"
    ) in text
    assert "prompt team/other\n  prompt: theirs deletes it, ours changes it\n" in text
    assert text.endswith("decide: --ours or --theirs for all of them, --edit for each in your editor")
    assert git(here.folder, "rev-parse", "HEAD") == before
    found = here("sync", "--json")
    assert (found.code, found.json["outcome"]) == (4, "conflict")
    assert [each["name"] for each in found.json["conflicts"]] == ["greet", "greet", "team/other"]
    coloured = here.process("sync", FORCE_COLOR="1")
    assert b"\x1b[1;32mterse" in coloured.stderr


def test_a_conflict_of_values_and_files(here: Shell, there: Shell) -> None:
    """What is no text is shown on a line each; a file by its path."""
    settings = "model:\n  options:\n    temperature: {}\n"
    for shell, value in ((there, "0.1"), (here, "0.9")):
        shell.ok("save", "greet", "-", given=FILE.replace("---\nsys", settings.format(value) + "---\nsys"))
    for shell, word in ((there, "x"), (here, "y")):
        tree = git(shell.folder, "rev-parse", "HEAD^{tree}").strip()
        blob = subprocess.run(
            ["git", "hash-object", "-w", "--stdin"],
            cwd=shell.folder,
            input=word,
            text=True,
            check=True,
            capture_output=True,
        ).stdout.strip()
        rows = git(shell.folder, "ls-tree", tree) + f"100644 blob {blob}\tREADME\n"
        made = subprocess.run(
            ["git", "mktree"], cwd=shell.folder, input=rows, text=True, check=True, capture_output=True
        ).stdout.strip()
        identity = ("-c", "user.name=E", "-c", "user.email=e@example.org")
        commit = git(shell.folder, *identity, "commit-tree", made, "-p", "HEAD", "-m", "Readme").strip()
        git(shell.folder, "update-ref", "HEAD", commit)
    there.ok("sync")
    ended = here("sync")
    assert ended.code == 4
    assert "file README\n    this file was changed on both sides" in ended.err
    assert "ours   0.9" in ended.err
    assert "theirs 0.1" in ended.err


@pytest.mark.parametrize(("option", "word"), [("--ours", "terse"), ("--theirs", "short")])
def test_one_side_for_all(here: Shell, there: Shell, option: str, word: str) -> None:
    contest(here, there)
    told = here.ok("sync", option)
    assert "  decided: greet\n" in told
    assert word in here.ok("show", "greet")
    there.ok("sync")
    assert word in there.ok("show", "greet")
    ended = here("sync", "--ours", "--edit")
    assert ended.code == 2
    assert "take one of --ours, --theirs and --edit" in ended.err


def test_in_an_editor(here: Shell, there: Shell, editor: Callable[[str], Path], tmp_path: Path) -> None:
    """Each conflict once, in git's editor; what is not contested is merged in the file that is opened."""
    contest(here, there)
    for shell in (there, here):
        shell.ok("label", "greet", "production", "latest")
    there.ok("sync")
    editor(
        f'cp "$1" \'{tmp_path}\'/shown-$(basename "$1" | sed \'s/.*[.]//\')\n{TAKE_OURS}; sed -i s/terse/crisp/ "$1"'
    )
    told = here.ok("sync", "--edit")
    assert "  decided: greet, greet@production\n" in told
    assert "crisp" in here.ok("show", "greet")
    shown = (tmp_path / "shown-prompty").read_text()
    assert "<<<<<<< ours\nBe warm and terse.\n=======\nBe warm and short.\n>>>>>>> theirs\n" in shown
    assert "description: Greet people\n" in shown
    question = (tmp_path / "shown-txt").read_text()
    assert question.startswith("# label 'production' of greet\n")
    assert question.endswith("ours\ntheirs\n")
    assert (tmp_path / "opened").read_text() == "x\nx\n"
    assert list((here.folder / "promptlib/deciding").iterdir()) == []


def test_markers_that_are_left(here: Shell, there: Shell, editor: Callable[[str], Path]) -> None:
    """Refused, and what was written is kept: the same command opens it again."""
    contest(here, there)
    editor('sed -i "s/terse/crisp/" "$1"')
    before = git(here.folder, "rev-parse", "HEAD")
    ended = here("sync", "--edit")
    assert ended.code == 1
    assert "conflict markers are left in lines 5, 7, 9" in ended.err
    assert "what you wrote is kept, and the same command opens it again: " in ended.err
    assert git(here.folder, "rev-parse", "HEAD") == before
    editor(TAKE_OURS)
    here.ok("sync", "--edit")
    assert "crisp" in here.ok("show", "greet")


def test_an_editor_that_fails_and_one_that_is_stopped(
    here: Shell, there: Shell, editor: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is merged, and nothing that was written is lost."""
    contest(here, there)
    path = editor('sed -i "s/terse/crisp/" "$1"; exit 3')
    ended = here("sync", "--edit")
    assert ended.code == 1
    assert f"the editor ended with 3: '{path}'" in ended.err
    run = subprocess.run

    def stopped(command: Any, **options: Any) -> Any:
        if command[0] == "sh":
            raise KeyboardInterrupt
        return run(command, **options)

    monkeypatch.setattr(subprocess, "run", stopped)
    ended = here("sync", "--edit")
    assert ended.code == 130
    assert "what you wrote is kept" in ended.err
    monkeypatch.setattr(subprocess, "run", run)
    editor(TAKE_OURS)
    here.ok("sync", "--edit")
    assert "crisp" in here.ok("show", "greet")


def test_a_deletion_in_an_editor(here: Shell, there: Shell, editor: Callable[[str], Path]) -> None:
    """An empty file means that it is gone; two lines that both are left decide nothing."""
    there.ok("delete", "team/other")
    there.ok("sync")
    here.ok("save", "team/other", "-", given=FILE.replace("Hello", "Hi"))
    editor(': > "$1"')
    here.ok("sync", "--edit")
    assert here.ok("ls") == "greet\n"
    there.ok("sync")
    for shell, word in ((there, "short"), (here, "terse")):
        shell.ok("save", "greet", "-", given=FILE.replace("brief", word))
        shell.ok("label", "greet", "production", "latest")
    there.ok("sync")
    editor("true")
    ended = here("sync", "--edit")
    assert ended.code == 1
    assert "both lines are left in " in ended.err
    editor("sed -i '/^ours$/d; /^theirs$/d' \"$1\"")
    assert "neither line is left in" in here("sync", "--edit").err


def test_which_editor(here: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git's own choice; without git what the environment says."""
    git(here.folder, "config", "core.editor", "of the repository")
    assert editing._editor(here.folder) == "of the repository"
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setenv("EDITOR", "ed")
    assert editing._editor(here.folder) == "ed"
    monkeypatch.setenv("VISUAL", "vim")
    assert editing._editor(here.folder) == "vim"
