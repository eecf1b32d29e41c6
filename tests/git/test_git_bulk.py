"""Thousands of commits at once, all or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptlib._git import Author, BulkCommit, Repository
from promptlib._git.bulk import quoted
from promptlib.errors import BadRef, Conflict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAIN = "refs/heads/main"
BOB = Author("Bob ü", "bob@example.com")


def one(number: int, changes: dict[str, bytes | None]) -> BulkCommit:
    return BulkCommit(changes, f"message {number}\n\nwith ü\n", BOB, (1_600_000_000 + number, "+0545"))


def test_a_bulk_is_a_line_of_commits(bare: Repository, save: Callable[..., str]) -> None:
    base = save(bare, {"old": b"1", "gone": b"2"})
    odd = 'a "b"\\c/new\nline/ünï\t'
    result = bare.bulk(
        MAIN, base, [one(0, {odd: b"data 3\nabc"}), one(1, {"gone": None, "d/x": b""}), one(2, {odd: b"\0\n"})]
    )
    assert bare.tip(MAIN) == result.tip == result.commits[-1]
    log = list(bare.log(result.tip, stop=[base]))
    assert tuple(commit.id for commit in log) == result.commits
    assert log[0].parents == (base,)
    assert [commit.message for commit in log] == [f"message {number}\n\nwith ü\n" for number in range(3)]
    assert {(commit.author, commit.zone) for commit in log} == {(BOB, "+0545")}
    assert [commit.time for commit in log] == [1_600_000_000, 1_600_000_001, 1_600_000_002]
    assert {path: bare.read(blob) for path, blob in bare.files(result.tip)} == {"old": b"1", "d/x": b"", odd: b"\0\n"}
    assert bare.fsck() == []


def test_into_an_empty_repository_and_on(bare: Repository) -> None:
    first = bare.bulk(MAIN, None, (one(number, {f"n{number % 7}": b"%d" % number}) for number in range(500)))
    assert len(set(first.commits)) == 500
    again = bare.bulk(MAIN, first.tip, [one(1, {"n1": b"last"})])
    assert len(list(bare.log(again.tip))) == 501
    assert not list((bare.git_dir / "promptlib").glob("marks-*"))
    assert bare._git.run("for-each-ref", "--format=%(refname)").out == b"refs/heads/main\n"


def test_a_source_that_fails_changes_nothing(bare: Repository, save: Callable[..., str]) -> None:
    base = save(bare, {"a": b"1"})

    def broken() -> Iterator[BulkCommit]:
        yield one(0, {"b": b"x" * (1 << 19)})
        raise RuntimeError("the source went away")

    with pytest.raises(RuntimeError, match="the source went away"):
        bare.bulk(MAIN, base, broken())
    assert bare.tip(MAIN) == base
    assert bare._git.run("for-each-ref", "--format=%(refname)").out == b"refs/heads/main\n"
    assert not list((bare.git_dir / "promptlib").glob("marks-*"))
    with pytest.raises(BadRef, match="is no path inside a repository"):
        bare.bulk(MAIN, base, [one(0, {"../x": b"1"})])
    with pytest.raises(ValueError, match="a bulk import needs a commit"):
        bare.bulk(MAIN, base, [])


def test_a_lost_race_keeps_what_was_written(bare: Repository, save: Callable[..., str]) -> None:
    base = save(bare, {"a": b"1"})

    def racing() -> Iterator[BulkCommit]:
        yield one(0, {"b": b"1"})
        save(bare, {"c": b"1"})

    with pytest.raises(Conflict, match=r"moved while 1 commits were being imported\nrun the import again") as caught:
        bare.bulk(MAIN, base, racing())
    kept = caught.value.hint.rpartition(" ")[2]
    tip = bare.tip(kept)
    assert tip is not None
    assert bare.blob_at(tip, "b")


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(min_size=1, max_size=8), min_size=1, max_size=3))
def test_any_path_survives_the_quoting(tmp_path_factory: pytest.TempPathFactory, parts: list[bytes]) -> None:
    path = b"/".join(parts).decode("utf-8", "surrogateescape")
    try:
        quoted(path)
    except BadRef:
        return
    with Repository.init(tmp_path_factory.mktemp("q"), bare=True) as bare:
        result = bare.bulk(MAIN, None, [one(0, {path: b"x"})])
        assert [name for name, _ in bare.files(result.tip)] == [path]
