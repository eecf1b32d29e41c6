"""What the index answers over repositories made by plain git."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from promptlib._git import Repository
from promptlib._index import Index
from promptlib.errors import BadRef, StoreDamaged
from tests.index.conftest import describe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promptlib._git import Commit
    from tests.index.conftest import Library

OpenIndex = Callable[["Library"], Index]


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def shown(index: Index, name: str) -> list[tuple[str, int | None]]:
    return [(row.name, row.number) for row in index.events(name)]


def everything(index: Index) -> list[object]:
    """All that depends on the tip; ids may differ between an index that grew and one that was made at once."""
    rows = {row.id: row for row in index.everything()}
    told = [(*row[1:4], [(rows[at].commit, rows[at].name) for at in row.parents], row[5:]) for row in rows.values()]
    current = {name: (row and row.commit) for name in index.names() for row in [index.current(name)]}
    return [told, current, index.removed_names(), index.labels()]


def test_a_version_is_a_change_of_the_file(library: Library, open_index: OpenIndex) -> None:
    first = library.commit({"support/triage": "one"}, "First cut\n\nWith a body.")
    library.commit({"other": "x"})
    library.git("commit", "--quiet", "--allow-empty", "-m", "Nothing")
    third = library.commit({"support/triage": "two"})
    index = open_index(library)
    rows = index.versions("support/triage")
    assert [(row.number, row.commit) for row in rows] == [(1, first), (2, third)]
    assert rows[0][9:] == (
        "Ada Writer",
        "ada@example.org",
        1700000000,
        "+0200",
        1700000100,
        "First cut\n\nWith a body.\n",
    )
    assert rows[1].parents == (rows[0].id,)
    assert index.story("support/triage", rows[1:]).rows == {row.id: row for row in rows[:2]}
    assert index.edges() == [(rows[1].id, rows[0].id)]
    assert index.names() == ("other", "support/triage")
    assert index.current("support/triage") == index.newest("support/triage") == rows[1]
    assert index.version("support/triage", 1) == rows[0]
    assert index.version("support/triage", 3) is None


def test_only_names_in_the_grammar_below_the_root_count(library: Library, open_index: OpenIndex) -> None:
    library.commit({"good": "x", "Bad Name": "x", "con": "x"})
    (library.folder / "outside.prompty").write_text("x")
    (library.folder / "prompts" / "readme.md").write_text("x")
    library.commit({})
    assert open_index(library).names() == ("good",)


def test_nothing_is_known_of_a_name_that_never_was(library: Library, open_index: OpenIndex) -> None:
    library.commit({"a": "x"})
    index = open_index(library)
    assert (index.events("b"), index.current("b"), index.newest("b"), index.version("b", 1)) == ([], None, None, None)
    assert (index.deleted("b"), index.by_digest("b", "0" * 8), index.label("b", "x")) == (None, None, None)


def test_a_branch_without_a_commit_is_empty(library: Library, open_index: OpenIndex) -> None:
    library.commit({"a": "x"})
    index = open_index(library)
    assert index.names() == ("a",)
    index.at(None)
    assert (index.names(), index.versions("a")) == ((), [])
    index.at(library.tip)
    assert index.names() == ("a",)


def test_a_removal_is_an_event_and_numbers_go_on(library: Library, open_index: OpenIndex) -> None:
    library.commit({"a": "one", "b": "x"})
    removal = library.commit({"a": None}, "Away")
    index = open_index(library)
    assert (index.names(), index.removed_names(), index.current("a")) == (("b",), ("a",), None)
    gone = index.deleted("a")
    assert gone
    assert (gone.commit, gone.number, gone.blob, gone.message) == (removal, None, None, "Away\n")
    library.commit({"a": "two"})
    index.at(library.tip)
    assert shown(index, "a") == [("a", 1), ("a", None), ("a", 2)]
    assert index.deleted("a") is None


def test_a_removal_counts_though_another_line_went_on(library: Library, open_index: OpenIndex) -> None:
    library.commit({"a": "one", "b": "x"})
    library.branch("side")
    library.commit({"a": "side"})
    library.checkout("main")
    removal = library.commit({"a": None})
    library.merge("side")
    index = open_index(library)
    gone = index.deleted("a")
    assert gone
    assert (gone.commit, index.current("a"), len(index.versions("a"))) == (removal, None, 2)


def test_a_name_that_no_merge_took_was_never_removed(library: Library, open_index: OpenIndex) -> None:
    library.commit({"a": "one"})
    library.branch("side")
    library.commit({"b": "side"})
    library.checkout("main")
    library.merge("side")
    index = open_index(library)
    assert (index.deleted("b"), index.current("b"), index.removed_names()) == (None, None, ("b",))
    assert shown(index, "b") == [("b", 1)]


def test_a_rename_is_one_version_and_those_before_it_count(library: Library, open_index: OpenIndex) -> None:
    library.commit({"a": "one"})
    library.commit({"a": "two"})
    library.commit({"a": None, "b": "two"})
    library.commit({"b": None, "c/d": "from:b\nthree"})
    index = open_index(library)
    assert shown(index, "c/d") == [("a", 1), ("a", 2), ("a", None), ("b", 3), ("b", None), ("c/d", 4)]
    assert [row.number for row in index.versions("c/d")] == [1, 2, 3, 4]
    assert index.version("c/d", 1) == index.version("a", 1)
    last = index.newest("c/d")
    assert last
    assert last.came_from == "b"
    gone = index.deleted("a")
    assert gone
    assert gone.became == "b"
    assert index.by_digest("c/d", digest("one")[:8]) == index.version("a", 1)
    assert index.version("c/d", 5) is None


def test_merges_number_the_first_parent_first(library: Library, open_index: OpenIndex) -> None:
    library.commit({"a": "one"})
    library.branch("side")
    library.commit({"a": "side"})
    library.checkout("main")
    library.commit({"a": "main"})
    library.merge("side")
    index = open_index(library)
    blobs = {row.number: row for row in index.versions("a")}
    assert [index.digest_of(blobs[at].blob or "") for at in (1, 2, 3)] == [
        f"sha256:{digest(text)}" for text in ("one", "main", "side")
    ]
    assert index.current("a") == blobs[2]
    assert index.newest("a") == blobs[3]
    library.commit({"a": "after"})
    index.at(library.tip)
    after = index.version("a", 4)
    assert after
    assert after.parents == (blobs[2].id,)


def test_content_that_only_a_merge_made_has_two_parents(library: Library, open_index: OpenIndex) -> None:
    library.commit({"a": "one"})
    library.branch("side")
    library.commit({"a": "side"})
    library.checkout("main")
    library.commit({"a": "main"})
    library.merge("side", {"a": "both"})
    index = open_index(library)
    *_, main, side, both = index.versions("a")
    assert (both.number, both.parents) == (4, (main.id, side.id))


def test_labels_are_those_of_the_tip(library: Library, open_index: OpenIndex) -> None:
    library.commit({"a": "one", "b": "x"})
    library.label("production", "a")
    moved = library.commit({"a": "two"}) and library.label("production", "a")
    library.label("draft", "b")
    index = open_index(library)
    found = index.label("a", "production")
    assert found
    assert (found[0].commit, found[1]) == (moved, None)
    assert index.labelled() == {("a", "production"): f"sha256:{digest('two')}", ("b", "draft"): f"sha256:{digest('x')}"}
    library.commit({"@draft:b": None})
    index.at(library.tip)
    assert index.labelled("b") == {}
    assert index.label("b", "draft") is None
    library.commit({"@odd:b": "no digest\n"})
    index.at(library.tip)
    assert index.labelled("b") == {("b", "odd"): ""}


def test_a_label_moved_on_a_side_line_counts_only_when_the_merge_took_it(
    library: Library, open_index: OpenIndex
) -> None:
    library.commit({"a": "one"})
    library.label("production", "a")
    library.commit({"a": "two"})
    library.branch("side")
    library.label("production", "a")
    library.checkout("main")
    library.merge("side")
    index = open_index(library)
    assert index.labelled() == {("a", "production"): f"sha256:{digest('one')}"}
    library.git("reset", "--quiet", "--hard", "HEAD~1")
    taken = library.merge("side", {"@production:a": f"sha256:{digest('two')}\ntwo"})
    index.at(taken)
    found = index.label("a", "production")
    assert found
    assert found[0].commit == taken
    assert index.labelled() == {("a", "production"): f"sha256:{digest('two')}"}


def test_the_second_step_keeps_texts_of_current_and_labelled_versions(library: Library, open_index: OpenIndex) -> None:
    library.commit({"a": "one"})
    library.label("production", "a")
    library.commit({"a": "two"})
    index = open_index(library)
    old, new = index.versions("a")
    assert index.text(new.blob or "") is None
    index.complete()
    assert index.current_text("a") == (new, b"two")
    assert index.text(old.blob or "") is None
    found = index.label("a", "production")
    assert found
    assert found[1] == f"sha256:{digest('one')}\none".encode()
    library.commit({"a": "three"})
    index.at(library.tip)
    index.complete()
    assert index.text(new.blob or "") is None


def test_a_text_that_is_not_the_blobs_is_not_kept(library: Library, open_index: OpenIndex) -> None:
    library.commit({"a": "one"})
    index = open_index(library)
    blob = index.versions("a")[0].blob or ""
    index.store_text(blob, b"other")
    assert index.text(blob) is None
    index.store_text(blob, b"one")
    assert index.text(blob) == b"one"


def test_a_digest_means_its_newest_version(library: Library, open_index: OpenIndex) -> None:
    for text in ("one", "two", "one"):
        library.commit({"a": text})
    index = open_index(library)
    found = index.by_digest("a", digest("one")[:10])
    assert found
    assert found.number == 3
    assert index.by_digest("a", "f" * 64) is None


def test_any_beginning_of_a_digest_finds_its_version(library: Library, open_index: OpenIndex) -> None:
    library.commit({"a": "one", "b": "two"})
    index = open_index(library)
    index.describe_all()
    whole = digest("one")
    for length in range(len(whole) + 1):
        found = index.by_digest("a", whole[:length])
        assert found
        assert found.name == "a"
        if length:
            other = whole[: length - 1] + ("0" if whole[length - 1] != "0" else "1")
            assert index.by_digest("a", other) is None
    for no_digest in (f"{whole}0", whole[:-1] + "g", "x", f"{whole[:8]} ", whole.upper()):
        assert index.by_digest("a", no_digest) is None
    assert index.alike("a", f"sha256:{whole}")[1] == index.versions("a")
    assert index.alike("a", f"sha256:{digest('two')}")[1] == []
    assert [index.name_of(f"sha256:{digest(text)}") for text in ("one", "two", "three")] == ["a", "b", ""]
    assert index.name_of("no digest") == ""


def test_a_number_is_found_whatever_came_between(library: Library, open_index: OpenIndex) -> None:
    for text in ("one", None, "two", "three", None, "four"):
        library.commit({"a": text})
    index = open_index(library)
    for number, text in enumerate(("one", "two", "three", "four"), 1):
        found = index.version("a", number)
        assert found
        assert (found.number, index.digest_of(found.blob or "")) == (number, f"sha256:{digest(text)}")
    assert [index.version("a", number) for number in (-1, 0, 5)] == [None] * 3
    library.git("reset", "--quiet", "--hard", "HEAD~2")
    index.at(library.tip)
    assert [row.number for row in index.versions("a")] == [1, 2, 3]
    assert index.newest("a") == index.version("a", 3)
    library.git("reset", "--quiet", "--hard", "HEAD~3")
    index.at(library.tip)
    assert index.newest("a") == index.version("a", 1) == index.current("a")


def test_a_prefix_of_two_digests_is_refused(library: Library, open_index: OpenIndex) -> None:
    library.commit({"a": "one"})
    library.commit({"a": "two"})
    index = open_index(library)
    with pytest.raises(BadRef, match=r"a# could be any of 2 contents: sha256:.*\nwrite more digits"):
        index.by_digest("a", "")


def test_a_file_that_is_no_prompt_is_a_version_with_a_problem(library: Library, open_index: OpenIndex) -> None:
    library.commit({"a": "broken"})
    index = open_index(library)
    blob = index.versions("a")[0].blob or ""
    assert index.descriptions((blob,))[blob].problem == "no prompt"
    assert index.digest_of(blob) == ""


def test_a_text_too_large_to_read_hides_no_other(library: Library, open_index: OpenIndex) -> None:
    library.commit({"a": "one", "big": "x" * (2 << 20), "c": "three"})
    index = open_index(library)
    index.complete()
    big = index.current("big")
    assert big
    assert "refused" in index.descriptions((big.blob or "",))[big.blob or ""].problem
    assert index.current_text("c") == (index.current("c"), b"three")


def test_the_position_of_a_commit_tells_what_it_reaches(library: Library, open_index: OpenIndex) -> None:
    first = library.commit({"a": "one"})
    library.branch("side")
    side = library.commit({"a": "side"})
    library.checkout("main")
    library.commit({"a": "main"})
    library.merge("side")
    index = open_index(library)
    assert (index.position(first), index.position(side), index.position("0" * 40)) == (0, None, None)


class TestGrowing:
    """An index that grew equals one that is made at once."""

    def check(self, library: Library, index: Index, open_index: OpenIndex) -> None:
        index.at(library.tip)
        grown = everything(index)
        index.close()
        library.file.unlink()
        assert grown == everything(open_index(library))

    def test_by_commits_and_merges(self, library: Library, open_index: OpenIndex) -> None:
        library.commit({"a": "one", "b": "x"})
        index = open_index(library)
        assert index.names() == ("a", "b")
        library.branch("side")
        library.commit({"a": "side", "b": None, "new": "x"})
        library.checkout("main")
        library.commit({"a": "main"})
        library.label("production", "a")
        self.check(library, index, open_index)
        library.merge("side", {"a": "both"})
        self.check(library, index, open_index)
        library.branch("late", "HEAD~1")
        library.commit({"a": "late"})
        library.checkout("main")
        library.merge("late", {"a": "late"})
        library.commit({"a": "end"})
        self.check(library, index, open_index)

    def test_back_to_a_side_line_only_what_is_new_there_is_read(
        self, library: Library, open_index: OpenIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        base = library.commit({"a": "one"})
        library.branch("side")
        library.commit({"a": "side"})
        library.checkout("main")
        library.commit({"a": "main"})
        library.merge("side")
        index = open_index(library)
        assert len(index.versions("a")) == 3
        library.checkout("side")
        stops: list[tuple[str, ...]] = []
        log = Repository.log

        def counted(repository: Repository, tip: str, *, stop: tuple[str, ...], prefix: str) -> Iterator[Commit]:
            stops.append(stop)
            return log(repository, tip, stop=stop, prefix=prefix)

        with monkeypatch.context() as patch:
            patch.setattr(Repository, "log", counted)
            index.at(library.tip)
            assert len(index.versions("a")) == 2
        assert stops == [(base,)]
        self.check(library, index, open_index)

    def test_across_a_switch_of_branches_and_back(self, library: Library, open_index: OpenIndex) -> None:
        library.commit({"a": "one"})
        library.commit({"a": None, "b": "one"})
        library.branch("side", "HEAD~1")
        library.commit({"a": "side"})
        library.label("draft", "a")
        library.checkout("main")
        library.commit({"c": "c"})
        index = open_index(library)
        main = everything(index)
        for branch in ("side", "main", "side"):
            library.checkout(branch)
            index.at(library.tip)
            found = everything(index)
            assert (found == main) == (branch == "main")
        self.check(library, index, open_index)

    def test_when_the_published_line_becomes_the_second_parent(self, library: Library, open_index: OpenIndex) -> None:
        library.commit({"a": "one"})
        library.branch("mine")
        library.commit({"a": "mine"})
        library.checkout("main")
        library.commit({"a": "main"})
        index = open_index(library)
        assert [row.number for row in index.versions("a")] == [1, 2]
        library.checkout("mine")
        library.merge("main", {"a": "both"})
        self.check(library, index, open_index)

    def test_after_a_rewrite_that_left_nothing(self, library: Library, open_index: OpenIndex) -> None:
        library.commit({"a": "one"})
        index = open_index(library)
        assert index.names() == ("a",)
        library.git("checkout", "--quiet", "--orphan", "fresh")
        library.commit({"z": "z"})
        self.check(library, index, open_index)

    def test_after_the_old_tip_was_pruned(self, library: Library, open_index: OpenIndex) -> None:
        library.commit({"a": "one"})
        library.commit({"a": "two"})
        index = open_index(library)
        assert len(index.versions("a")) == 2
        library.git("reset", "--quiet", "--hard", "HEAD~1")
        library.git("reflog", "expire", "--expire=now", "--all")
        library.git("gc", "--quiet", "--prune=now")
        library.commit({"a": "other"})
        self.check(library, index, open_index)

    def test_a_tip_that_is_no_commit_is_an_error_and_changes_nothing(
        self, library: Library, open_index: OpenIndex
    ) -> None:
        tip = library.commit({"a": "one"})
        index = open_index(library)
        assert index.names() == ("a",)
        index.at("f" * 40)
        with pytest.raises(StoreDamaged, match="is not in this repository"):
            index.names()
        index.at(tip)
        assert index.names() == ("a",)


def test_threads_share_one_index(library: Library, open_index: OpenIndex) -> None:
    library.commit({f"n{at}": "x" for at in range(8)})
    index = open_index(library)
    found: list[tuple[str, str]] = []

    def ask(name: str) -> None:
        found.extend((name, row.name) for _ in range(20) for row in index.versions(name))

    threads = [threading.Thread(target=ask, args=(f"n{at}",)) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(found) == 160
    assert all(asked == answered for asked, answered in found)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_opens_its_own(library: Library, open_index: OpenIndex) -> None:
    library.commit({"a": "one"})
    index = open_index(library)
    assert index.names() == ("a",)
    child = os.fork()
    if not child:
        try:
            os._exit(0 if index.names() == ("a",) else 1)
        except BaseException:  # noqa: BLE001 - a child must not run the parent's tests on
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    library.commit({"b": "two"})
    index.at(library.tip)
    assert index.names() == ("a", "b")


def test_texts_of_a_sha256_repository_are_checked_by_its_ids(tmp_path: Path, library: Library) -> None:
    library.git("init", "--quiet", "--initial-branch=main", "--object-format=sha256", str(tmp_path / "long"))
    library.folder = tmp_path / "long"
    library.commit({"a": "one"})
    with Repository.open(library.folder) as repository:
        index = Index.open(library.file, repository, "prompts", describe=describe)
        index.at(library.tip)
        index.complete()
        current = index.current("a")
        assert current
        assert len(current.blob or "") == 64
        assert index.current_text("a") == (current, b"one")
        index.close()


def test_a_bare_repository_has_its_names_at_the_root(library: Library, tmp_path: Path) -> None:
    (library.folder / "a.prompty").write_text("one")
    library.commit({"b": "two"})
    library.git("clone", "--quiet", "--bare", str(library.folder), str(tmp_path / "bare.git"))
    with Repository.open(tmp_path / "bare.git") as repository:
        index = Index.open(tmp_path / "index.sqlite", repository, "", describe=lambda data: pytest.fail(str(data)))
        index.at(library.tip)
        assert index.names() == ("a", "prompts/b")
        index.close()
