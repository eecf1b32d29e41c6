"""`check` names every published number that moved, and no other; what it says to type brings them back."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptlib import Store, codec
from promptlib.errors import NumberMoved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REMOTE = "refs/remotes/origin/main"
NAMES = ("a", "b/c", "d")


def text_of(name: str, number: int) -> str:
    """Return a prompt file; no other name has the same, so that nothing looks renamed."""
    return f"---\n---\nuser:\n{name} {number}\n"


@cache
def digest_of(text: str) -> str:
    return codec.read(text.encode()).digest


# --- random histories, and their numbers by brute force ---------------------------------------------------------------


@dataclass
class Made:
    """A commit that was made up: its parents, and every file."""

    parents: tuple[int, ...]
    files: dict[str, str]


@dataclass
class Model:
    """What happened: the commits, where this branch and the remote one are, and where the remote one has been."""

    commits: dict[int, Made] = field(default_factory=dict)
    here: int = 0
    remote: int = 0
    logged: list[int] = field(default_factory=list)
    texts: int = 0

    def add(self, parents: tuple[int, ...], files: dict[str, str]) -> int:
        """Make a commit."""
        self.commits[len(self.commits) + 1] = Made(parents, files)
        return len(self.commits)

    def changed(self, at: int, name: str, *, back: bool) -> dict[str, str]:
        """Return the files at *at* with *name* changed: to a new text, or to the first it had."""
        self.texts += 1
        return self.commits[at].files | {name: text_of(name, 1 if back else self.texts)}

    def joined(self, first: int, second: int, name: str, *, new: bool) -> int:
        """Merge *second* into *first*: its files win, and *name* becomes what neither has where *new* says so."""
        files = self.commits[first].files | self.commits[second].files
        made = self.add((first, second), files)
        if new:
            self.commits[made].files = self.changed(made, name, back=False)
        return made

    def reaches(self, at: int) -> set[int]:
        """Return all commits that *at* reaches."""
        return set(self.order(at))

    def order(self, at: int) -> list[int]:
        """Return first-parent order, as the docs tell it: the first parent's, what the others brought, the commit."""
        found: list[int] = []
        for parent in self.commits[at].parents:
            found += [each for each in self.order(parent) if each not in found]
        return [*found, at]

    def line(self, at: int) -> list[int]:
        """Return the first-parent line of *at*."""
        first = self.commits[at].parents[:1]
        return [at, *(self.line(first[0]) if first else [])]

    def numbers(self, at: int) -> dict[tuple[str, int], str]:
        """Return (name, number) -> digest at *at*."""
        found: dict[tuple[str, int], str] = {}
        counts: dict[str, int] = {}
        for each in self.order(at):
            made = self.commits[each]
            before = [self.commits[parent].files for parent in made.parents] or [{}]
            for name, text in made.files.items():
                if all(files.get(name) != text for files in before):
                    counts[name] = counts.get(name, 0) + 1
                    found[name, counts[name]] = digest_of(text)
        return found

    def moved(self, published: int, now: int) -> set[tuple[str, int, str, str]]:
        """Return (name, number, was, is) of all numbers of *published* that are other content at *now*."""
        before, after = self.numbers(published), self.numbers(now)
        return {(*key, was, after.get(key, "")) for key, was in before.items() if after.get(key, "") != was}


STEPS = ("save", "save", "theirs", "theirs", "pull", "sync", "push", "flip", "delete", "force", "back")
steps = st.lists(
    st.tuples(st.sampled_from(STEPS), st.sampled_from(NAMES), st.booleans()), min_size=1, max_size=14
)  # fmt: skip


def told(moves: list[tuple[str, str, bool]]) -> Model:
    """Play *moves*: what two people and a forge may do to one branch."""
    model = Model()
    model.here = model.remote = model.add((), {name: text_of(name, 1) for name in NAMES})
    model.texts = 1
    model.logged = [model.remote]
    for what, name, flag in moves:
        before = model.remote
        if what == "save":
            model.here = model.add((model.here,), model.changed(model.here, name, back=flag))
        elif what == "theirs":
            model.remote = model.add((model.remote,), model.changed(model.remote, name, back=False))
        elif what == "delete":
            files = {each: text for each, text in model.commits[model.here].files.items() if each != name}
            model.here = model.add((model.here,), files)
        elif what in {"pull", "sync"} and model.remote not in model.reaches(model.here):
            first, second = (model.here, model.remote) if what == "pull" else (model.remote, model.here)
            model.here = model.joined(first, second, name, new=flag)
            model.remote = model.here if what == "sync" else model.remote
        elif what in {"push", "force"} and (what == "force" or model.remote in model.reaches(model.here)):
            model.remote = model.here
        elif what == "flip" and flag:  # somebody else pulls the wrong way round, and pushes
            own = model.add(
                (model.line(model.remote)[-1],), model.changed(model.line(model.remote)[-1], name, back=False)
            )
            model.remote = model.joined(own, model.remote, name, new=False)
        elif what == "back":
            model.here = model.remote
        if model.remote != before:
            model.logged.append(model.remote)
    return model


def written(model: Model, folder: Path) -> dict[int, str]:
    """Let the repository at *folder* be that of *model*, with plain git: branches, and where they have been."""
    rows: list[str] = []
    for mark, made in model.commits.items():
        rows += [f"commit refs/made/{mark}", f"mark :{mark}", f"committer U <u@example.com> {mark} +0000", "data 0"]
        rows += [f"{'from' if not at else 'merge'} :{parent}" for at, parent in enumerate(made.parents)]
        rows += ["deleteall"] if made.parents else [f"from {'0' * 40}"]
        for name, text in made.files.items():
            rows += [f"M 100644 inline {name}.prompty", f"data {len(text)}", text]
    marks = folder / "marks"
    command = ["git", "fast-import", "--quiet", "--force", f"--export-marks={marks}"]
    subprocess.run(command, cwd=folder, input="\n".join(rows).encode() + b"\n", check=True)
    ids = {int(mark[1:]): commit for mark, commit in (row.split() for row in marks.read_text().splitlines())}
    log = folder / "logs" / REMOTE
    for place in (folder / REMOTE, log):
        place.parent.mkdir(parents=True, exist_ok=True)
    (folder / "refs/heads/main").write_text(ids[model.here] + "\n")
    (folder / REMOTE).write_text(ids[model.remote] + "\n")
    pairs = zip([0, *model.logged], model.logged, strict=False)
    log.write_text("".join(f"{ids.get(old, '0' * 40)} {ids[new]} U <u@e> 1 +0000\tfetch\n" for old, new in pairs))
    return ids


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One bare repository for all histories: its index has to follow from each to the next."""
    folder = tmp_path_factory.mktemp("numbers") / "store.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", folder], check=True)
    return folder


def expected(model: Model) -> dict[tuple[str, int], set[tuple[str, int, str, str]]]:
    """Return (cause, published commit) -> what moved."""
    here, remote = model.here, model.remote
    found: dict[tuple[str, int], set[tuple[str, int, str, str]]] = {}
    if remote in model.reaches(here):
        found["merge", remote] = model.moved(remote, here)
    elif here not in model.reaches(remote):
        found["pull", remote] = model.moved(remote, model.joined(here, remote, "a", new=False))
    lines: list[int] = []
    for at in dict.fromkeys(reversed(model.logged)):
        if at not in model.line(remote) and not any(at in model.line(line) for line in lines):
            lines.append(at)
            found["remote", at] = model.moved(at, remote)
    return {key: moved for key, moved in found.items() if moved}


@settings(max_examples=40)
@given(moves=steps)
def test_every_number_that_moved_is_named_and_no_other(repository: Path, moves: list[tuple[str, str, bool]]) -> None:
    check_history(repository, told(moves))


@pytest.mark.soak
@settings(max_examples=3_000)
@given(moves=st.lists(steps, min_size=1, max_size=3))
def test_every_number_of_long_histories_that_moved_is_named(
    repository: Path, moves: list[list[tuple[str, str, bool]]]
) -> None:
    check_history(repository, told([move for some in moves for move in some]))


def check_history(repository: Path, model: Model) -> None:
    ids = written(model, repository)
    wanted = {(cause, ids[at]): moved for (cause, at), moved in expected(model).items()}
    with Store.open(repository) as store:
        checked = store.check()
        found = {
            (each.cause, each.at): {(number.name, number.number, number.was, number.now) for number in each.numbers}
            for each in checked.movements
        }
        assert checked.unknown == ()
        assert found == wanted
        assert checked.ok == (not any(cause == "merge" for cause, _ in wanted))
        for each in checked.movements:
            assert each.commit[:7] in each.why
            assert len(list(each.told())) == len(each.numbers)
            for number in each.numbers if each.cause == "merge" else ():
                with pytest.raises((NumberMoved, LookupError)):
                    store.load(number.ref)
                if number.elsewhere:
                    assert store.version(f"{number.name}@v{number.elsewhere}").digest == number.was


def test_the_histories_hold_every_case(repository: Path) -> None:
    """The property above is about something: all four kinds come up."""
    seen = set()
    for moves in (
        [("save", "a", False), ("theirs", "a", False), ("pull", "a", False)],
        [("save", "a", False), ("theirs", "a", False)],
        [("theirs", "a", False), ("back", "a", True), ("save", "b/c", False), ("push", "a", True), ("flip", "a", True)],
    ):
        model = told(moves)
        check_history(repository, model)
        seen |= {cause for cause, _ in expected(model)}
    assert seen == {"merge", "pull", "remote"}


# --- two people and a server ------------------------------------------------------------------------------------------


@pytest.fixture
def clone(tmp_path: Path, run: Callable[..., str]) -> Callable[[str], Path]:
    """Clone a server's repository that holds one prompt with two versions, published."""
    server = tmp_path / "server.git"
    run(tmp_path, "init", "-q", "--bare", "-b", "main", str(server))

    def cloned(person: str) -> Path:
        folder = tmp_path / person
        run(tmp_path, "clone", "-q", str(server), str(folder))
        run(folder, "config", "user.name", person)
        run(folder, "config", "user.email", f"{person}@example.com")
        run(folder, "config", "pull.rebase", "false")
        return folder

    first = cloned("first")
    run(first, "checkout", "-q", "-B", "main")
    for number in (1, 2):
        save(first, run, "support/triage", number)
    run(first, "push", "-q", "origin", "main")
    return cloned


def save(folder: Path, run: Callable[..., str], name: str, number: int) -> str:
    """Commit a prompt as a person does who has no promptlib."""
    path = folder / "prompts" / f"{name}.prompty"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text_of(name, number))
    run(folder, "add", ".")
    run(folder, "commit", "-q", "-m", f"{name} {number}")
    return run(folder, "rev-parse", "HEAD").strip()


def typed(remedy: str, begin: str) -> str:
    """Return the command that the words of *remedy* give."""
    found = re.search(rf"{begin}.*", remedy)
    assert found, remedy
    return found[0]


@pytest.fixture
def pulled(clone: Callable[[str], Path], run: Callable[..., str]) -> Path:
    """A clone where a plain `git pull` has put the published line behind its own."""
    anna, ben = clone("anna"), clone("ben")
    save(anna, run, "support/triage", 3)
    run(anna, "push", "-q")
    save(ben, run, "other", 1)
    (ben / "prompts/support/triage.prompty").write_text(text_of("support/triage", 4))
    run(ben, "commit", "-qam", "Another third version")
    subprocess.run(["git", "pull", "-q", "--no-edit", "-s", "ours"], cwd=ben, check=True, capture_output=True)
    return ben


def test_a_plain_pull_is_named_and_undone_by_what_is_said(pulled: Path, run: Callable[..., str]) -> None:
    with Store.open(pulled) as store:
        checked = store.check()
        merge, remote = run(pulled, "rev-parse", "HEAD", "origin/main").split()
        (movement,) = checked.movements
        was, now = (digest_of(text_of("support/triage", number)) for number in (3, 4))
        assert (movement.cause, movement.at, movement.commit, movement.published) == (
            "merge",
            remote,
            merge,
            "origin/main",
        )
        assert movement.failed
        assert movement.why == f"the merge {merge[:7]} made the published line its second parent"
        assert list(movement.told()) == [
            f"support/triage@v3 was #{was[7:15]} at origin/main and is #{now[7:15]} here (that content: v4)"
        ]
        assert not checked.ok
        assert checked.warnings == 0
        assert store.check("other").movements == ()
        undo = typed(movement.remedy, "git reset")
        subprocess.run(undo, cwd=pulled, shell=True, check=True, capture_output=True)  # noqa: S602 - as it is typed
        (after,) = store.check().movements
        assert (after.cause, after.failed) == ("pull", False)
        assert after.why == "this branch and origin/main have diverged, and a plain git pull would put this one first"
        (line,) = after.told()
        assert line == (
            f"support/triage@v3 was #{was[7:15]} at origin/main and would be #{now[7:15]} here after it"
            " (that content: v4)"
        )
        assert after.remedy == "promptlib sync merges with the published line first, and moves none"
        assert store.check().ok
        assert store.check().warnings == 1
        # What sync does: the published line first.
        run(pulled, "checkout", "-q", "--detach", "origin/main")
        subprocess.run(["git", "merge", "-q", "-s", "ours", "main"], cwd=pulled, check=True, capture_output=True)
        run(pulled, "checkout", "-q", "-B", "main")
        assert store.check().movements == ()


def test_a_merge_below_other_work_is_turned_round_and_nothing_is_lost(pulled: Path, run: Callable[..., str]) -> None:
    save(pulled, run, "support/triage", 5)
    with Store.open(pulled) as store:
        (movement,) = store.check().movements
        before = run(pulled, "rev-parse", "HEAD^{tree}")
        assert movement.commit == run(pulled, "rev-parse", "HEAD^").strip()
        mend = typed(movement.remedy, "git reset")
        subprocess.run(mend, cwd=pulled, shell=True, check=True, capture_output=True)  # noqa: S602 - as it is typed
        assert store.check().movements == ()
        assert run(pulled, "rev-parse", "HEAD^{tree}") == before
        assert run(pulled, "status", "--porcelain") == ""
        assert store.version("support/triage@v3").digest == digest_of(text_of("support/triage", 3))


def test_in_a_bare_store_the_merge_is_turned_round(pulled: Path, tmp_path: Path, run: Callable[..., str]) -> None:
    bare = tmp_path / "bare store.git"
    run(tmp_path, "init", "-q", "--bare", "-b", "main", str(bare))
    run(bare, "config", "user.name", "Bea")
    run(bare, "config", "user.email", "bea@example.com")
    run(bare, "fetch", "-q", str(pulled), "main:main", f"{REMOTE}:{REMOTE}")
    # The files lie below prompts/, which is no name's place in a bare store: the numbers are those of `prompts/…`.
    with Store.open(bare) as store:
        (movement,) = store.check().movements
        assert [each.name for each in movement.numbers] == ["prompts/support/triage"]
        mend = typed(movement.remedy, "git -C")
        subprocess.run(mend, cwd=tmp_path, shell=True, check=True, capture_output=True)  # noqa: S602 - as it is typed
        assert store.check().movements == ()


def test_sync_puts_it_right_and_publishes_it(
    pulled: Path, clone: Callable[[str], Path], run: Callable[..., str]
) -> None:
    save(pulled, run, "another", 1)
    with Store.open(pulled) as store:
        (movement,) = store.check().movements
        assert movement.remedy.startswith("promptlib sync puts the published line first before it pushes; or by hand: ")
        store.sync(allow={"file"})
        assert store.check().movements == ()
    with Store.open(clone("carol")) as store:
        third, fourth = (digest_of(text_of("support/triage", number)) for number in (3, 4))
        assert [version.digest for version in store.history("support/triage")][2:] == [third, fourth]


def test_squashed_published_commits_are_named(clone: Callable[[str], Path], run: Callable[..., str]) -> None:
    anna = clone("anna")
    for number in (3, 4):
        save(anna, run, "support/triage", number)
    run(anna, "push", "-q")
    published = run(anna, "rev-parse", "HEAD").strip()
    run(anna, "reset", "-q", "--soft", "HEAD~3")
    run(anna, "commit", "-qm", "Squashed")
    with Store.open(anna) as store:
        (movement,) = store.check().movements
        assert (movement.cause, movement.at, movement.failed) == ("rewritten", published, True)
        assert movement.why == (
            f"published commits were rewritten here: this branch no longer holds {published[:7]} of origin/main"
        )
        second, third, fourth = (digest_of(text_of("support/triage", number))[7:15] for number in (2, 3, 4))
        assert list(movement.told()) == [
            f"support/triage@v2 was #{second} at origin/main and is #{fourth} here",
            f"support/triage@v3 was #{third} at origin/main and is nothing that can be read here",
            f"support/triage@v4 was #{fourth} at origin/main and is nothing that can be read here (that content: v2)",
        ]
        back = typed(movement.remedy, "git reset")
        run(anna, *back.split()[1:])
        assert store.check().movements == ()


def test_a_branch_that_others_have_rewritten_is_told_and_fails_nothing(
    clone: Callable[[str], Path], run: Callable[..., str]
) -> None:
    anna, ben = clone("anna"), clone("ben")
    old = run(ben, "rev-parse", "origin/main").strip()
    run(anna, "reset", "-q", "--soft", "HEAD~1")
    run(anna, "commit", "-q", "--amend", "-m", "One again")
    run(anna, "push", "-q", "--force")
    run(ben, "fetch", "-q")
    run(ben, "reset", "-q", "--hard", "origin/main")
    with Store.open(ben) as store:
        checked = store.check()
        (movement,) = checked.movements
        assert (movement.cause, movement.at, movement.commit, movement.failed) == ("remote", old, "", False)
        assert movement.why == f"origin/main was rewritten: it no longer holds {old[:7]}"
        first, second = (digest_of(text_of("support/triage", number))[7:15] for number in (1, 2))
        nothing = "nothing that can be read"
        assert list(movement.told()) == [
            f"support/triage@v1 was #{first} at origin/main before and is #{second} there now",
            f"support/triage@v2 was #{second} at origin/main before and is {nothing} there now (that content: v1)",
        ]
        assert movement.remedy == (
            "that is published: write refs with a digest; name#digest loads, name@v3#digest refuses other content"
        )
        assert checked.ok
        # What git has cleaned away cannot be asked for its numbers.
        log = ben / ".git/logs" / REMOTE
        log.write_text(log.read_text().replace(old, "ab" * 20) + "no line of a reflog\n")
        assert store.check().movements == ()


def test_other_words_about_the_same_content_move_nothing(clone: Callable[[str], Path], run: Callable[..., str]) -> None:
    anna, ben = clone("anna"), clone("ben")
    save(anna, run, "support/triage", 3)
    run(anna, "push", "-q")
    text = text_of("support/triage", 3).replace("---\n", "---\ndescription: The same\n", 1)
    (ben / "prompts/support/triage.prompty").write_text(text)
    run(ben, "commit", "-qam", "Described")
    subprocess.run(["git", "pull", "-q", "--no-edit", "-s", "ours"], cwd=ben, check=True, capture_output=True)
    with Store.open(ben) as store:
        assert store.check().movements == ()
        assert len(store.history("support/triage")) == 4


def test_who_is_behind_or_ahead_or_alone_hears_nothing(clone: Callable[[str], Path], run: Callable[..., str]) -> None:
    anna, ben = clone("anna"), clone("ben")
    save(anna, run, "support/triage", 3)
    with Store.open(anna) as store:
        assert store.check().movements == ()
    run(anna, "push", "-q")
    run(ben, "fetch", "-q")
    with Store.open(ben) as store:
        assert store.check().movements == ()
        run(ben, "checkout", "-q", "-b", "own")
        assert store.check().movements == ()


def test_a_detached_head_has_rewritten_nothing(clone: Callable[[str], Path], run: Callable[..., str]) -> None:
    anna = clone("anna")
    run(anna, "checkout", "-q", "--detach", "HEAD~1")
    save(anna, run, "support/triage", 7)
    with Store.open(anna) as store:
        assert [each.cause for each in store.check().movements] == ["pull"]


def test_a_shallow_clone_knows_no_numbers(
    clone: Callable[[str], Path], tmp_path: Path, run: Callable[..., str]
) -> None:
    run(tmp_path, "clone", "-q", "--depth", "1", f"file://{tmp_path / 'server.git'}", "shallow")
    with Store.open(tmp_path / "shallow") as store:
        checked = store.check()
    assert checked.unknown == ("whether numbers moved, and whether labels are versions: this clone is shallow",)
    assert checked.ok
    assert checked.warnings == 1


def test_an_unborn_branch_and_a_store_without_a_remote(bare: Store) -> None:
    assert bare.check().movements == ()
    (Path(bare.path) / "refs/remotes/origin").mkdir(parents=True)
    assert bare.check().movements == ()


def test_a_version_that_cannot_be_read_moves_too(clone: Callable[[str], Path], run: Callable[..., str]) -> None:
    anna, ben = clone("anna"), clone("ben")
    (anna / "prompts/support/triage.prompty").write_text("---\nno prompt\n")
    run(anna, "commit", "-qam", "Broken")
    run(anna, "push", "-q")
    save(ben, run, "support/triage", 4)
    subprocess.run(["git", "pull", "-q", "--no-edit", "-s", "ours"], cwd=ben, check=True, capture_output=True)
    with Store.open(ben) as store:
        (movement,) = store.check().movements
        (number,) = movement.numbers
        assert (number.was, number.elsewhere, number.number) == ("", None, 3)
        assert number.to_dict()["was"] is None


def test_while_the_published_line_is_a_part_of_it_no_history_is_read(
    clone: Callable[[str], Path], run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = clone("anna")
    save(anna, run, "support/triage", 3)
    with Store.open(anna) as store:
        store.history("support/triage")
        from promptlib._git import Repository
        from promptlib._index import Index
        from promptlib._index.session import Session

        def refuse(*_: Any, **__: Any) -> Iterator[Any]:
            message = "a history was read"
            raise AssertionError(message)

        monkeypatch.setattr(Repository, "log", refuse)
        monkeypatch.setattr(Index, "everything", refuse)
        monkeypatch.setattr(Session, "copied", refuse)
        assert store.check().ok
