"""The log: every commit, every parent, every difference."""

from __future__ import annotations

import subprocess
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from promptlib._git import Author, Change, Commit, Repository, history
from promptlib.errors import BadRef, GitFailed, StoreDamaged

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ANN = Author("Ann", "ann@example.com")


def write(
    repository: Repository,
    changes: dict[str, bytes | None],
    *parents: str,
    message: str = "m",
    time: int = 1_700_000_000,
) -> str:
    return repository.commit(
        changes, parents=parents, message=message, author=ANN, time=(time, "-0330"), durability="none"
    )[0]


def merge(repository: Repository, changes: dict[str, bytes | None], *parents: str) -> str:
    return write(repository, changes, *parents, message="merge")


def paths(changes: tuple[Change, ...]) -> list[str]:
    return [("-" if change.blob is None else "") + change.path for change in changes]


def by_id(repository: Repository, tip: str, prefix: str = "") -> dict[str, Commit]:
    return {commit.id: commit for commit in repository.log(tip, prefix=prefix)}


def test_a_line_of_commits(bare: Repository) -> None:
    one = write(bare, {"a": b"1", "b": b"1"}, message="first\n\nbody\n")
    two = write(bare, {"a": None}, one, message="")
    three = write(bare, {"b": b"2", "c/d": b"1"}, two, message="third", time=12)
    log = list(bare.log(three))
    assert [commit.id for commit in log] == [one, two, three]
    assert [commit.parents for commit in log] == [(), (one,), (two,)]
    assert [paths(commit.changes) for commit in log] == [["a", "b"], ["-a"], ["b", "c/d"]]
    assert [commit.message for commit in log] == ["first\n\nbody\n", "", "third\n"]
    assert {(commit.author, commit.zone) for commit in log} == {(ANN, "-0330")}
    assert [commit.time for commit in log] == [1_700_000_000, 1_700_000_000, 12]
    assert log[2].changes[0].blob == bare.blob_at(three, "b")
    assert [commit.id for commit in bare.log(three, stop=[one])] == [two, three]
    assert list(bare.log(three, stop=[three])) == []


def test_commits_outside_the_prefix_come_without_changes(bare: Repository) -> None:
    one = write(bare, {"src/x": b"1"})
    two = write(bare, {"prompts/a": b"1", "prompts.txt": b"no"}, one)
    three = write(bare, {"src/x": b"2"}, two)
    log = list(bare.log(three, prefix="prompts"))
    assert [(commit.id, paths(commit.changes)) for commit in log] == [(one, []), (two, ["prompts/a"]), (three, [])]
    assert [commit.id for commit in bare.log(three, prefix="nowhere")] == [one, two, three]
    assert [paths(commit.changes) for commit in bare.log(two, prefix="pro*")] == [[], []]


def test_merges_tell_the_difference_to_the_first_parent(bare: Repository) -> None:
    base = write(bare, {"a": b"0", "z": b"0"})
    left = write(bare, {"a": b"left"}, base)
    right = write(bare, {"b": b"right"}, base)
    taken = merge(bare, {"b": b"right"}, left, right)
    edited = merge(bare, {"a": b"both", "b": b"right"}, left, right)
    ours = merge(bare, {}, left, right)  # nothing of the right side
    theirs = merge(bare, {"a": b"0", "b": b"right"}, left, right)  # exactly the right side
    same = write(bare, {"a": b"0"}, left)
    nothing = merge(bare, {}, base, same)  # differs from neither parent
    found = {commit.id: commit for tip in (taken, edited, ours, theirs, nothing) for commit in bare.log(tip)}
    assert paths(found[taken].changes) == ["b"]
    assert paths(found[edited].changes) == ["a", "b"]
    assert paths(found[ours].changes) == []
    assert paths(found[theirs].changes) == ["a", "b"]
    assert found[nothing].changes == ()
    first = list(bare.log(edited, first_parent=True))
    assert [commit.id for commit in first] == [base, left, edited]
    assert (paths(first[2].changes), first[2].parents) == (["a", "b"], (left, right))


def test_merges_below_a_prefix(bare: Repository) -> None:
    """An octopus of which some parents differ below the prefix, and some only elsewhere."""
    base = write(bare, {"p/a": b"0", "src": b"0"})
    one = write(bare, {"src": b"1"}, base)
    two = write(bare, {"p/b": b"2"}, base)
    three = write(bare, {"p/c": b"3"}, base)
    octopus = merge(bare, {"p/b": b"2", "p/c": b"3"}, one, two, three)
    half = merge(bare, {"p/b": b"2"}, one, two, base)
    found = by_id(bare, octopus, "p")[octopus]
    assert paths(found.changes) == ["p/b", "p/c"]
    found = by_id(bare, half, "p")[half]
    assert paths(found.changes) == ["p/b"]


def test_unusual_paths_and_messages(bare: Repository) -> None:
    names = ['q"uote', "new\nline", "tab\t", "ünï/c o", ":100644 100644", "commit\nx", "-rf", "bytes\udcff"]
    message = ":000000 100644 0 1 A\ncommit\n\n  indented \n\ttab\n# kept\n"
    tip = write(bare, dict.fromkeys(names, b"1"), message=message)
    (only,) = bare.log(tip)
    assert sorted(paths(only.changes)) == sorted(names)
    assert only.message == message


def test_foreign_commits(bare: Repository, git: Callable[..., str]) -> None:
    """Another encoding, a signature, a broken date, no newline at the end, NULs: read as far as git does."""
    tree = git(bare.git_dir, "mktree").strip()
    rows = [
        b"author J\xfcrgen <j@x> 5 +0100\ncommitter C <c@x> 7 +0000\nencoding ISO-8859-1\n\ngr\xfc\xdfe",
        b"author J\xfc <j@x> 5 +0100\ncommitter C <c@x> 7 +0000\n\nbroken \xff utf-8\n",
        b"author A <a@x> x y\ncommitter C <c@x> 7 +0000\ngpgsig -----BEGIN\n abc\n\nsigned\n",
        b"author A <a@x> 5 +0100\ncommitter C <c@x> 7 +0000\n\nbefore\0after\n",
        b"author A <a@x> 5 +0100\ncommitter C <c@x> 7 +0000\n",
    ]
    ids: list[str] = []
    for row in rows:
        parent = b"parent %s\n" % ids[-1].encode() if ids else b""
        body = b"tree %s\n%s%s" % (tree.encode(), parent, row)
        done = subprocess.run(
            ["git", "hash-object", "-t", "commit", "-w", "--stdin", "--literally"],
            input=body,
            cwd=bare.git_dir,
            capture_output=True,
            check=True,
        )
        ids.append(done.stdout.decode().strip())
    log = list(bare.log(ids[-1]))
    assert [commit.id for commit in log] == ids
    assert [commit.message for commit in log] == ["grüße", "broken � utf-8\n", "signed\n", "before", ""]
    assert [commit.author.name for commit in log] == ["Jürgen", "J�", "A", "A", "A"]
    assert [(commit.time, commit.committed) for commit in log] == [(5, 7), (5, 7), (0, 7), (5, 7), (5, 7)]


def test_only_ids_and_no_options(bare: Repository) -> None:
    for word in ("--output=/tmp/x", "HEAD", "main"):
        with pytest.raises(BadRef, match="is no object id"):
            bare.log(word)
    tip = write(bare, {"a": b"1"})
    with pytest.raises(BadRef):
        bare.log(tip, stop=["--all"])
    with pytest.raises(StoreDamaged, match="is not in this repository"):
        list(bare.log("1" * len(tip)))


def test_a_log_may_be_left_early(bare: Repository) -> None:
    tip = write(bare, {"a": b"0"})
    for number in range(30):
        tip = write(bare, {"a": b"%d" % number}, tip)
    log = bare.log(tip)
    next(log)
    log.close()  # type: ignore[attr-defined] # a generator, though callers need only know an iterator
    assert list(bare._git._children) == []


def test_a_history_with_a_hole_is_told(bare: Repository) -> None:
    one = write(bare, {"a": b"0"})
    two = write(bare, {"a": b"1"}, one)
    file = bare.git_dir / "objects" / one[:2] / one[2:]
    file.unlink()
    with pytest.raises((GitFailed, StoreDamaged), match=one):
        list(bare.log(two))


def test_a_log_that_ends_early_is_told(bare: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever git says of how it ended: the commit that was asked for comes last, or it is missed."""
    one = write(bare, {"a": b"0"})
    two = write(bare, {"a": b"1"}, one)
    tokens = history._tokens
    for kept in (0, 3):  # the first commit is a token, its change two
        monkeypatch.setattr(history, "_tokens", lambda output, kept=kept: islice(tokens(output), kept))
        with pytest.raises(GitFailed, match=f"git log ended before commit {two}\n.*try again"):
            list(bare.log(two))


def test_a_log_of_a_shallow_clone(app: Repository, tmp_path: Path, git: Callable[..., str]) -> None:
    assert app.work_tree is not None
    for number in range(3):
        app.commit_paths({"prompts/a.prompty": b"%d" % number}, message=f"v{number}")
    git(tmp_path, "clone", "-q", "--depth", "2", f"file://{app.work_tree}", "clone")
    with Repository.open(tmp_path / "clone") as clone:
        tip = clone.head().commit
        assert tip is not None
        assert [len(commit.parents) for commit in clone.log(tip)] == [0, 1]
