"""`promptlib lock`, `check --locked`, `export bundle`, and what check says of numbers and labels."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Store

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def shop(application: Any, triage_text: str) -> Any:
    """Return a shell in an application with one prompt in production."""
    application.write("prompts/support/triage.prompty", triage_text)
    application.ok("save", "support/triage", "-m", "First")
    application.ok("label", "support/triage", "production")
    return application


def test_lock_and_check(shop: Any) -> None:
    assert shop.ok("lock") == "1 prompt, 1 label, 0 includes locked\n"
    assert shop.ok("check", "--locked") == "1 prompt: all can be read\nas locked\n"
    shop.write("prompts/support/triage.prompty", "---\n---\nuser:\nOther.\n")
    shop.write("prompts/new.prompty", "---\n---\nuser:\nNew.\n")
    ended = shop("check", "--locked")
    assert ended.code == 1
    path = "prompts/support/triage.prompty"
    back = f"go back: git restore --staged --worktree {path}"
    first, new = ended.out.splitlines()[1], ended.out.splitlines()[2:]
    assert ended.out.splitlines() == [
        "2 prompts: all can be read",
        first,
        "    accept it: promptlib lock",
        new[1],
        f"    look: git diff HEAD -- {path}",
        f"    {back}",
        "    accept it: promptlib lock",
        "2 differ from the lock",
    ]
    assert first.startswith("new: is not in the lock; found: sha256:")
    assert new[1].startswith("support/triage: locked as sha256:")
    found = shop("check", "--locked", "--json")
    assert found.code == 1
    assert found.json["ok"] is False
    assert [(each["kind"], each["what"]) for each in found.json["drifts"]] == [
        ("prompt", "new"),
        ("prompt", "support/triage"),
    ]
    shop.ok("lock", "support/triage")
    ended = shop.write("prompts/new.prompty", "---\n---\nuser:\nNewer.\n")
    assert shop.ok("check", "--locked").splitlines()[-1] == "as locked"
    shop.write("prompts/support/triage.prompty", "---\n---\nuser:\nAnother.\n")
    assert shop("check", "--locked").out.splitlines()[-1] == "1 differs from the lock"


def test_a_lock_elsewhere(triage: Any, tmp_path: Path) -> None:
    ended = triage("lock")
    assert ended.code == 4
    assert ended.err.splitlines() == [
        "error: a bare store has no folder that a lock could lie in",
        "say where: promptlib lock -o FILE; and then: promptlib check --locked --lock FILE",
    ]
    place = str(tmp_path / "app.lock")
    assert triage.ok("lock", "-o", place, "--labels-only") == "0 prompts, 1 label, 0 includes locked\n"
    assert triage.ok("check", "--locked", "--lock", place).splitlines()[-1] == "as locked"
    triage.ok("label", "support/triage", "production", "v2")
    ended = triage("check", "--lock", place)
    assert ended.code == 1
    digest = triage("lock", "-o", place, "--json").json["labels"]["support/triage@production"]
    assert f"found: {digest[:15]}" in ended.out
    assert "go back: promptlib label support/triage production '#" in ended.out


def test_without_a_lock_or_with_a_broken_one(shop: Any) -> None:
    ended = shop("check", "--locked")
    assert (ended.code, ended.err) == (
        3,
        "error: no lock here: prompts/promptlib.lock\nwrite one: promptlib lock\n",
    )
    shop.write("prompts/promptlib.lock", 'promptlib-lock = 1\n\n[prompts]\n"a" = 3\n')
    ended = shop("check", "--locked")
    assert ended.code == 5
    assert ended.err.splitlines() == [
        'error: prompts/promptlib.lock is no lock: it is no entry: `"…" = "…"` is one',
        "  --> prompts/promptlib.lock:4:1",
        "  |",
        '4 | "a" = 3',
        "  | ^^^^^^^",
        "write it again: promptlib lock; who changed it: git log -p -- prompts/promptlib.lock",
    ]
    shop.write("prompts/promptlib.lock", "promptlib-lock = 9\n")
    assert shop("check", "--locked").code == 1


@pytest.fixture
def pulled(shop: Any, tmp_path: Path) -> Any:
    """Return the shell where a plain merge put the published line second."""

    def git(*words: str, folder: Path = shop.folder) -> str:
        run = subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True)
        return run.stdout.strip()

    branch = git("branch", "--show-current")
    server = tmp_path / "server.git"
    git("clone", "-q", "--bare", ".", str(server))
    git("remote", "add", "origin", str(server))
    other = tmp_path / "other"
    git("clone", "-q", str(server), str(other))
    for folder, text in ((other, "Theirs."), (shop.folder, "Ours.")):
        (folder / "prompts/support/triage.prompty").write_text(f"---\n---\nuser:\n{text}\n")
        git("-c", "user.name=U", "-c", "user.email=u@e", "commit", "-qam", text, folder=folder)
    git("push", "-q", folder=other)
    git("fetch", "-q")
    shop.git, shop.branch = git, branch
    return shop


def test_numbers_that_would_move_are_a_warning(pulled: Any) -> None:
    ended = pulled("check")
    assert ended.code == 0
    published = f"origin/{pulled.branch}"
    why = f"this branch and {published} have diverged, and a plain git pull would put this one first"
    lines = ended.out.splitlines()
    assert lines[0] == "1 prompt: all can be read"
    assert lines[1] == f"1 published number would move: {why}"
    assert lines[2].startswith("  support/triage@v2 was #")
    assert lines[3] == "    promptlib sync merges with the published line first, and moves none"
    assert pulled("check", "--strict").code == 1
    assert pulled("check", "--strict", "--json").json["ok"] is False


def test_numbers_that_moved_fail(pulled: Any) -> None:
    pulled.git("merge", "-q", "-s", "ours", "--no-edit", f"origin/{pulled.branch}")
    ended = pulled("check")
    assert ended.code == 1
    merge = pulled.git("rev-parse", "--short=7", "HEAD")
    assert f"1 published number moved: the merge {merge} made the published line its second parent" in ended.out
    sync = "promptlib sync puts the published line first before it pushes"
    assert f"    {sync}\n    or undo the merge: git reset --keep HEAD^1\n" in ended.out
    (movement,) = pulled("check", "--json").json["movements"]
    assert (movement["cause"], movement["failed"], movement["commit"][:7]) == ("merge", True, merge)
    assert [number["number"] for number in movement["numbers"]] == [2]


def test_foreign_labels_and_shallow_clones_are_told(pulled: Any, tmp_path: Path) -> None:
    label = pulled.folder / "prompts/.labels/production/support/triage.label"
    other = label.parents[2] / "next/support/triage.label"
    other.parent.mkdir(parents=True)
    text = b"---\n---\nuser:\nElsewhere.\n"
    with Store.init(tmp_path / "elsewhere.git", bare=True) as store:
        from promptlib import codec

        digest = codec.read(text).digest
        assert store.names() == ()
    other.write_bytes(digest.encode() + b"\n" + text)
    lines = pulled("check").out.splitlines()
    assert f"support/triage@next is #{digest[7:15]}, and that is no version of support/triage" in lines
    assert "    move it to a version: promptlib label support/triage next VERSION" in lines
    assert pulled("check", "--json").json["labels"][0]["label"] == "next"
    pulled.git("clone", "-q", "--depth", "1", f"file://{tmp_path / 'server.git'}", str(tmp_path / "shallow"))
    ended = pulled("-C", str(tmp_path / "shallow"), "check")
    assert ended.out.splitlines() == [
        "1 prompt: all can be read",
        "not known: whether numbers moved, and whether labels are versions: this clone is shallow",
    ]


def test_a_label_that_cannot_be_read_fails(shop: Any) -> None:
    label = shop.folder / "prompts/.labels/production/support/triage.label"
    label.write_bytes(label.read_bytes().replace(b"tickets", b"letters"))
    ended = shop("check")
    assert ended.code == 1
    assert ended.out.splitlines()[0] == "support/triage@production"
    assert ended.out.splitlines()[-1] == "2 prompts and labels: 1 cannot be read"


def test_export_bundle(triage: Any, tmp_path: Path) -> None:
    place = tmp_path / "prompts.bundle"
    first = triage.ok("export", "bundle", "-o", str(place))
    assert first.splitlines()[0] == f"{place}: 1 prompt, 1 label, 0 includes, {place.stat().st_size:,} bytes"
    assert first.splitlines()[1].startswith("sha256:")
    found = triage("export", "bundle", "support/triage", "-o", str(place), "--versions", "--labels-only", "--json").json
    assert found["kind"] == "bundle"
    assert (found["prompts"], list(found["labels"]), len(found["versions"])) == (
        {},
        ["support/triage@production"],
        1,
    )
    with Store.open(place) as store:
        assert store.load("support/triage@production")
    assert triage("export", "bundle").code == 2
    assert triage("export", "bundle", "nobody", "-o", str(place)).code == 3


def test_the_shell_works_on_a_bundle(triage: Any, tmp_path: Path) -> None:
    place = str(tmp_path / "prompts.bundle")
    triage.ok("export", "bundle", "-o", place)
    assert triage.ok("-C", place, "ls") == "support/triage\n"
    assert "tickets and mails" in triage.ok("-C", place, "show", "support/triage")
    assert triage.ok("-C", place, "check", "--locked").splitlines()[-1] == "as locked"
    assert triage.ok("-C", place, "fsck") == "1 prompt, 1 label, 0 versions: all is well\n"
    ended = triage("-C", place, "label", "support/triage", "production", "--remove")
    assert ended.code in {3, 4}
    assert "it is a bundle" in ended.err
    # The next command works where it stands again.
    assert triage.ok("log", "support/triage").startswith("v3")
    (tmp_path / "text").write_text("text")
    ended = triage("-C", str(tmp_path / "text"), "ls")
    assert ended.code == 3
    assert "is a file and no bundle" in ended.err


@pytest.mark.parametrize("form", [("export",), ("export", "prompty")])
def test_export_of_one_prompt_has_a_long_and_a_short_form(triage: Any, form: tuple[str, ...], tmp_path: Path) -> None:
    text = triage.ok(*form, "support/triage")
    assert text.startswith("---\n")
    triage.ok(*form, "-o", str(tmp_path / "x.prompty"), "support/triage")
    assert (tmp_path / "x.prompty").read_text() == text
    assert triage(*form, "nobody").code == 3


def test_a_prompt_that_is_called_bundle_has_the_long_form(triage: Any, triage_text: str) -> None:
    triage.ok("save", "bundle", "-", "-m", "A name", given=triage_text)
    assert triage("export", "bundle").code == 2
    assert triage.ok("export", "prompty", "bundle").startswith("---\n")
