"""Bringing a store and a remote to one commit: both homes, every state the two can be in, and what is cut."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Store
from promptlib._git import Repository
from promptlib._git.worktree_merging import NOTE, WorkTreeMerging
from promptlib.errors import (
    Busy,
    Conflict,
    GitFailed,
    MergeConflict,
    NotFound,
    RemoteRefused,
    RemoteUnreachable,
    SaveRefused,
)
from promptlib.store.merging.syncing import MOST_SYNCS
from tests.serving import hook, published, web, wire
from tests.store.lines import git, text, tip

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from promptlib.store.merging.syncing import SyncResult

FILE = ("file",)
REMOTE = "refs/remotes/origin/main"


class Crew:
    """A remote, and stores that are synced with it."""

    def __init__(self, folder: Path, *, bare: bool) -> None:
        """Work in *folder*, with *bare* stores or with applications' repositories."""
        self.folder = folder
        self.bare = bare
        self.hub = published(folder, "hub.git")

    def begin(self, name: str = "one") -> Store:
        """Return a new store that holds two prompts, and has been sent to the remote."""
        place = self.folder / name
        if self.bare:
            store = Store.init(place, bare=True)
        else:
            self._make(place)
            (place / "code.py").write_text("1\n2\n3\n")
            git(place, "add", ".")
            git(place, "commit", "-q", "-m", "Code")
            store = Store.init(place)
        git(place, "remote", "add", "origin", str(self.hub))
        store.save("a", text("One.", "Two."))
        store.save("team/b", text("B."))
        self.sync(store)
        return store

    def _make(self, place: Path) -> None:
        if not place.exists():
            git(self.folder, "init", "-q", "-b", "main", str(place))
        git(place, "config", "user.name", "Uma")
        git(place, "config", "user.email", "uma@example.com")

    def join(self, name: str = "two") -> Store:
        """Return a clone of the remote."""
        place = self.folder / name
        git(self.folder, "clone", "-q", *(("--bare",) if self.bare else ()), str(self.hub), str(place))
        if not self.bare:
            self._make(place)
        return Store(place)

    def sync(self, store: Store, **options: Any) -> SyncResult:
        """Sync with the remote, a folder of this machine."""
        return store.sync(**{"allow": FILE, **options})

    def tip(self) -> str:
        """Return where the remote is."""
        return git(self.hub, "rev-parse", "main").strip()


@pytest.fixture(params=["bare", pytest.param("repository", marks=pytest.mark.soak)])
def crew(request: pytest.FixtureRequest, tmp_path: Path) -> Crew:
    """A remote, in whichever home its stores are; what is particular to a repository has tests of its own."""
    return Crew(tmp_path, bare=request.param == "bare")


@pytest.fixture
def one(crew: Crew) -> Store:
    """The store that began it."""
    return crew.begin()


@pytest.fixture
def two(crew: Crew, one: Store) -> Store:
    """Another one."""
    return crew.join()


def state(store: Store) -> tuple[str, ...]:
    """Return branches and files; what was fetched may have come."""
    work = (git(store.path, "status", "--porcelain"),) if (store.path / ".git").exists() else ()
    return git(store.path, "for-each-ref", "refs/heads", "refs/promptlib"), git(store.path, "rev-parse", "HEAD"), *work


def diverge(crew: Crew, one: Store, two: Store, name: str = "a") -> None:
    """Let both change one prompt in different places; what *one* did is published."""
    one.save(name, text("One!", "Two."))
    one.save("mine", text(f"Mine {name}."))
    crew.sync(one)
    two.save(name, text("One.", "Two!"))
    two.save("yours", text(f"Yours {name}."))


# --- the two ends -----------------------------------------------------------------------------------------------------


def test_there_and_back(crew: Crew, one: Store, two: Store) -> None:
    """What one sent, the other has; what is the same is left alone."""
    result = crew.sync(two)
    assert replace(result, tip="") == replace(
        result, tip="", fetched=0, pushed=0, merged=0, theirs=(), ours=(), commit=""
    )
    assert (result.remote, result.branch, result.tip) == ("origin", "main", crew.tip())
    one.save("a", text("One!", "Two."))
    one.label("a", "production", "v2")
    sent = crew.sync(one)
    assert (sent.pushed, sent.fetched, sent.ours, sent.theirs) == (2, 0, ("a", "a@production"), ())
    came = crew.sync(two)
    assert (came.pushed, came.fetched, came.ours, came.theirs) == (0, 2, (), ("a", "a@production"))
    assert came.tip == sent.tip == tip(two) == crew.tip() == tip(two, REMOTE)
    assert two.load("a@production").messages[0].text == "One!"
    assert came.to_dict()["theirs"] == ["a", "a@production"]
    assert not two.history("a")[-1].provisional


def test_both_went_on(crew: Crew, one: Store, two: Store) -> None:
    """One merge, whose first parent is the remote: what is published keeps its numbers."""
    diverge(crew, one, two)
    before, mine = crew.tip(), tip(two)
    published_numbers = [(each.number, each.digest) for each in one.history("a")]
    result = crew.sync(two)
    assert (result.fetched, result.pushed, result.merged, result.tries) == (2, 3, 1, 1)
    assert (result.theirs, result.ours) == (("a", "mine"), ("a", "yours"))
    assert result.commit == result.tip == crew.tip() == tip(two)
    assert git(two.path, "log", "-1", "--format=%P|%s").strip() == f"{before} {mine}|Sync with origin/main"
    crew.sync(one)
    for store in (one, two):
        assert [each.text for each in store.load("a").messages] == ["One!", "Two!", "Go."]
        numbers = [(each.number, each.digest) for each in store.history("a")]
        assert numbers[: len(published_numbers)] == published_numbers
        assert [number for number, _ in numbers] == [1, 2, 3, 4]
        assert store.fsck().ok
    if not crew.bare:
        assert git(two.path, "status", "--porcelain") == ""


def test_a_conflict_moves_nothing(crew: Crew, one: Store, two: Store) -> None:
    """Here and there; a decision in one call settles it."""
    for store, word in ((one, "One"), (two, "Two")):
        store.save("a", text(f"{word}!", "Two."))
    crew.sync(one)
    before, there = state(two), crew.tip()
    with pytest.raises(MergeConflict, match="a: changed here and in origin/main differently") as caught:
        crew.sync(two)
    assert [each.name for each in caught.value.conflicts] == ["a"]
    assert (state(two), crew.tip()) == (before, there)
    result = crew.sync(two, resolve={"a": "theirs"}, message="Theirs is better")
    assert (result.resolved, result.tip) == (("a",), crew.tip())
    assert git(two.path, "log", "-1", "--format=%s").strip() == "Theirs is better"
    assert two.load("a").messages[0].text == "One!"


def test_a_remote_without_a_branch(crew: Crew) -> None:
    """The first sync makes it; where neither side has a commit there is nothing to do."""
    git(crew.folder, "init", "-q", "-b", "main", *(("--bare",) if crew.bare else ()), str(crew.folder / "empty"))
    if not crew.bare:
        crew._make(crew.folder / "empty")
        (crew.folder / "empty/prompts").mkdir()
    git(crew.folder / "empty", "remote", "add", "origin", str(crew.hub))
    with Store(crew.folder / "empty") as empty:
        assert crew.sync(empty).tip == ""
        empty.save("a", text("One."))
        result = crew.sync(empty)
        assert (result.pushed, result.ours, result.tip) == (1, ("a",), crew.tip())


def test_into_a_store_without_a_commit(crew: Crew, one: Store) -> None:
    place = crew.folder / "new"
    git(crew.folder, "init", "-q", "-b", "main", *(("--bare",) if crew.bare else ()), str(place))
    if not crew.bare:
        crew._make(place)
        (place / "prompts").mkdir()
    git(place, "remote", "add", "origin", str(crew.hub))
    with Store(place) as store:
        # Cut between the fetch and the branch: nothing is taken for a branch that was lost.
        git(place, "fetch", "-q", "origin")
        assert crew.sync(store).tip == crew.tip()
        assert store.names() == ("a", "team/b")


def test_a_branch_that_is_not_there(crew: Crew, one: Store, two: Store) -> None:
    """It is not made unasked: somebody has deleted it, or the branch here is another one."""
    git(crew.hub, "branch", "-m", "main", "trunk")
    before = state(two)
    git(two.path, "update-ref", REMOTE, "HEAD")
    with pytest.raises(NotFound, match="origin/main was deleted there; nothing has changed") as caught:
        crew.sync(two)
    assert caught.value.hint == "branches there: trunk\nto publish this one: git push origin main"
    git(two.path, "update-ref", "-d", REMOTE)
    with pytest.raises(NotFound, match="origin/main is not there"):
        crew.sync(two)
    assert state(two) == before


def test_where_a_branch_is_published(crew: Crew, one: Store, two: Store) -> None:
    """What git's configuration says of the branch holds, unless another remote is named."""
    git(two.path, "config", "branch.main.remote", "hub")
    git(two.path, "config", "branch.main.merge", "refs/heads/trunk")
    git(two.path, "remote", "rename", "origin", "hub") if not crew.bare else git(
        two.path, "config", "remote.hub.url", str(crew.hub)
    )
    git(two.path, "config", "branch.main.merge", "refs/heads/trunk")
    git(crew.hub, "branch", "trunk")
    two.save("c", text("C."))
    result = crew.sync(two)
    assert (result.remote, result.branch) == ("hub", "trunk")
    assert git(crew.hub, "rev-parse", "trunk").strip() == tip(two)
    assert crew.tip() != tip(two)
    assert crew.sync(two, remote=str(crew.hub)).branch == "main"
    assert crew.tip() == tip(two)
    with pytest.raises(NotFound, match="no remote 'hubb' here") as caught:
        crew.sync(two, remote="hubb")
    assert "did you mean 'hub'?" in caught.value.hint


def test_no_branch_and_no_remote(crew: Crew, one: Store) -> None:
    git(one.path, "checkout", "-q", "--detach") if not crew.bare else git(
        one.path, "update-ref", "--no-deref", "HEAD", tip(one)
    ) or (one.path / "HEAD").write_text(tip(one) + "\n")
    with pytest.raises(Busy, match="HEAD is detached"):
        crew.sync(one)
    with Store.init(crew.folder / "alone.git", bare=True) as alone, pytest.raises(NotFound, match="no remote 'origin'"):
        alone.sync()


def test_stores_that_never_met(crew: Crew, one: Store) -> None:
    git(crew.folder, "init", "-q", "-b", "main", *(("--bare",) if crew.bare else ()), str(crew.folder / "strange"))
    if not crew.bare:
        crew._make(crew.folder / "strange")
        (crew.folder / "strange/prompts").mkdir()
    with Store(crew.folder / "strange") as strange:
        strange.save("z", text("Z."))
        git(strange.path, "remote", "add", "origin", str(crew.hub))
        before, there = state(strange), crew.tip()
        with pytest.raises(Conflict, match="this branch and origin/main have no commit in common"):
            crew.sync(strange)
        assert (state(strange), crew.tip()) == (before, there)


def test_a_shallow_clone(crew: Crew, one: Store) -> None:
    """It can follow and send; to merge it must know what both have in common."""
    place = crew.folder / "cut"
    git(crew.folder, "clone", "-q", "--depth=1", *(("--bare",) if crew.bare else ()), crew.hub.as_uri(), str(place))
    if not crew.bare:
        crew._make(place)
    with Store(place) as cut:
        cut.save("c", text("C."))
        assert crew.sync(cut).pushed == 1
        crew.sync(one)
        one.save("d", text("D."))
        crew.sync(one)
        assert crew.sync(cut).fetched == 1
        assert cut.load("d").messages[0].text == "D."


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_a_line_that_was_merged_the_other_way_round(crew: Crew, one: Store, two: Store) -> None:
    """After a plain pull the published line is the second parent: the sync puts it first again, and no number moves."""
    diverge(crew, one, two)
    numbers = [(each.number, each.digest) for each in one.history("mine")]
    before = [(each.number, each.digest) for each in one.history("a")]
    git(two.path, "fetch", "-q", str(crew.hub), f"+main:{REMOTE}")
    two.merge("origin/main")
    pulled = tip(two)
    assert git(two.path, "log", "-1", "--format=%P").split()[1] == crew.tip()
    if not crew.bare:
        (two.path / "code.py").write_text("an edit that is not committed\n")
    there = crew.tip()
    result = crew.sync(two)
    assert git(two.path, "log", "-1", "--format=%P").split() == [there, pulled]
    assert result.commit == tip(two) == crew.tip()
    assert git(two.path, "rev-parse", "HEAD^{tree}") == git(two.path, "rev-parse", f"{pulled}^{{tree}}")
    crew.sync(one)
    for store in (one, two):
        assert [(each.number, each.digest) for each in store.history("mine")] == numbers
        assert [(each.number, each.digest) for each in store.history("a")][: len(before)] == before
    if not crew.bare:
        assert (two.path / "code.py").read_text() == "an edit that is not committed\n"


# --- somebody else comes first ----------------------------------------------------------------------------------------


def before_each(monkeypatch: pytest.MonkeyPatch, method: str, acts: list[Callable[[], object]]) -> None:
    """Do one of *acts* before each call of a method of the repository, until none is left."""
    real = getattr(Repository, method)

    def late(self: Repository, *arguments: Any, **options: Any) -> Any:
        if acts:
            act, waiting = acts[0], acts[1:]
            acts.clear()  # what it does itself is not delayed
            act()
            acts.extend(waiting)
        return real(self, *arguments, **options)

    monkeypatch.setattr(Repository, method, late)


def test_others_push_in_between(crew: Crew, one: Store, two: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """It begins again from what is there then: one merge in the end, and nobody's work is gone."""
    diverge(crew, one, two)

    def more(turn: int) -> None:
        one.save("more", text(f"More {turn}."))
        crew.sync(one)

    before_each(monkeypatch, "push", [lambda: more(1), lambda: more(2)])
    result = crew.sync(two)
    assert result.tries == 3
    assert len(git(two.path, "log", "--merges", "--format=%h").split()) == 1
    assert two.load("more").messages[0].text == "More 2."
    assert crew.tip() == tip(two)
    assert len(two.history("more")) == 2
    if not crew.bare:
        assert git(two.path, "status", "--porcelain") == ""


def test_others_that_never_rest(crew: Crew, one: Store, two: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    diverge(crew, one, two)
    before = state(two)
    tried: list[str] = []

    def moved(_: Repository, __: str, commit: str, *___: object, **____: object) -> str:
        tried.append(commit)
        return "moved"

    waited: list[float] = []
    monkeypatch.setattr(Repository, "push", moved)
    monkeypatch.setattr("promptlib.store.merging.syncing.MOST_SYNCS", 3)
    monkeypatch.setattr("promptlib.store.merging.syncing.time.sleep", waited.append)
    monkeypatch.setattr("promptlib.store.merging.syncing.uniform", lambda _, most: most)
    with pytest.raises(Busy, match="origin/main: others came first 3 times"):
        crew.sync(two)
    assert len(tried) == 3
    assert waited == [0.1, 0.2, 0.4]  # at most: chance parts those who came at once
    assert state(two) == before
    assert MOST_SYNCS > 3


def test_a_save_here_in_between(crew: Crew, one: Store, two: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """While what was merged is sent, while it is worked out, while the branch goes forward: it is sent too."""
    for number, method in enumerate(("push", "merge_bases", "head", "lock")):
        one.save("a", text(f"One {number}.", "Two."))
        one.save(f"mine{number}", text("Mine."))
        crew.sync(one)
        if number != 1:
            two.save(f"yours{number}", text("Yours."))
        with Store(two.path) as other:
            before_each(monkeypatch, method, [partial(other.save, f"late{number}", text("Late."))])
            result = crew.sync(two)
        monkeypatch.undo()
        assert result.tip == crew.tip() == tip(two)
        assert two.load(f"late{number}").messages[0].text == "Late."
        crew.sync(one)
        assert tip(one) == tip(two)
    assert one.fsck().ok


def test_the_branch_goes_forward_elsewhere(crew: Crew, one: Store, two: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two syncs of one store at once."""
    one.save("a", text("One!", "Two."))
    crew.sync(one)
    with Store(two.path) as other:
        before_each(monkeypatch, "merge_bases", [lambda: crew.sync(other)])
        assert crew.sync(two).tip == crew.tip()
        monkeypatch.undo()
        diverge(crew, one, two)
        before_each(monkeypatch, "merge_bases", [lambda: crew.sync(other)])
        assert crew.sync(two).tip == crew.tip()
    assert len(git(two.path, "log", "--merges", "--format=%h").split()) == 1


# --- a server that says no, a wire that is cut ------------------------------------------------------------------------


def test_a_server_that_says_no(crew: Crew, one: Store, two: Store) -> None:
    """Its words are told, and what was not done; here all is as it was. When it lets it pass, it goes on."""
    diverge(crew, one, two)
    hook(crew.hub, "pre-receive", 'echo "not on a Friday" >&2; exit 1')
    before, there = state(two), crew.tip()
    with pytest.raises(RemoteRefused, match="not on a Friday") as caught:
        crew.sync(two)
    assert caught.value.hint.startswith("what came from origin/main is here, and your branch is as it was")
    assert (state(two), crew.tip()) == (before, there)
    with pytest.raises(RemoteRefused):
        crew.sync(two)
    (crew.hub / "hooks/pre-receive").unlink()
    assert crew.sync(two).tip == crew.tip()
    two.save("a", text("One again!", "Two!"))
    hook(crew.hub, "update", "exit 1")
    with pytest.raises(RemoteRefused):
        crew.sync(two)
    assert len(two.history("a")) == 5


def test_a_server_that_is_gone(crew: Crew, one: Store, two: Store) -> None:
    diverge(crew, one, two)
    before = state(two)
    crew.hub.rename(crew.folder / "away.git")
    with pytest.raises((NotFound, RemoteUnreachable)):
        crew.sync(two)
    assert state(two) == before


@pytest.mark.parametrize(("size", "direction"), [(300, "down"), (900, "up"), (1500, "up")])
def test_a_wire_that_is_cut(crew: Crew, one: Store, two: Store, size: int, direction: Any) -> None:
    """In whichever step: afterwards the store is as it was, or the sync is done; the next one ends well."""
    diverge(crew, one, two)
    acknowledged = {each.digest for store in (one, two) for name in store.names() for each in store.history(name)}
    before = state(two)
    with web(crew.folder) as server, wire(server.server_port) as line:
        git(two.path, "remote", "set-url", "origin", f"http://127.0.0.1:{line.port}/hub.git")
        line.cut_after(size, direction)
        try:
            two.sync()
        except (RemoteUnreachable, RemoteRefused, GitFailed):
            assert state(two) == before
        assert line.cuts
        line.mend()
        two.sync()
        assert tip(two) == crew.tip()
    crew.sync(one)
    assert acknowledged <= {each.digest for name in one.names() for each in one.history(name)}


def test_a_push_that_arrived_without_an_answer(
    crew: Crew, one: Store, two: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The branch is as it was, the remote has the merge: the next sync goes forward to it."""
    diverge(crew, one, two)
    before, push = state(two), Repository.push

    def cut(self: Repository, *arguments: Any, **options: Any) -> Any:
        push(self, *arguments, **options)
        raise RemoteUnreachable("the connection was cut")

    monkeypatch.setattr(Repository, "push", cut)
    with pytest.raises(RemoteUnreachable):
        crew.sync(two)
    monkeypatch.undo()
    assert state(two) == before
    result = crew.sync(two)
    assert (result.pushed, result.tip) == (0, crew.tip())
    assert len(git(two.path, "log", "--merges", "--format=%h").split()) == 1


# --- in an application's repository -----------------------------------------------------------------------------------


@pytest.fixture
def apps(tmp_path: Path) -> tuple[Crew, Store, Store]:
    """Two applications' repositories."""
    crew = Crew(tmp_path, bare=False)
    return crew, crew.begin(), crew.join()


def test_all_that_a_repository_goes_through(apps: tuple[Crew, Store, Store], monkeypatch: pytest.MonkeyPatch) -> None:
    """Sent, brought forward, merged, contested, refused: each as in a store that stands alone."""
    crew, one, two = apps
    diverge(crew, one, two)
    hook(crew.hub, "pre-receive", 'echo "not on a Friday" >&2; exit 1')
    before, there = state(two), crew.tip()
    with pytest.raises(RemoteRefused, match="not on a Friday"):
        crew.sync(two)
    assert (state(two), crew.tip()) == (before, there)
    (crew.hub / "hooks/pre-receive").unlink()

    def more() -> None:
        one.save("more", text("More."))
        crew.sync(one)

    before_each(monkeypatch, "push", [more])
    result = crew.sync(two)
    monkeypatch.undo()
    assert (result.tries, result.tip, result.merged) == (2, crew.tip(), 1)
    assert git(two.path, "log", "--merges", "--format=%P").split()[0] != tip(two)
    assert crew.sync(one).theirs == ("a", "yours")
    for store, word in ((one, "One"), (two, "Two")):
        store.save("a", text(f"{word}!!", "Two."))
    crew.sync(one)
    before = state(two)
    with pytest.raises(MergeConflict):
        crew.sync(two)
    assert state(two) == before
    crew.sync(two, resolve="theirs")
    git(two.path, "fetch", "-q", str(crew.hub), f"+main:{REMOTE}")
    one.save("later", text("Later."))
    crew.sync(one, resolve="ours")
    two.save("two", text("Two."))
    git(two.path, "fetch", "-q", str(crew.hub), f"+main:{REMOTE}")
    two.merge("origin/main")
    crew.sync(two)
    assert git(two.path, "log", "-1", "--format=%P").split()[0] == tip(one)
    assert git(two.path, "status", "--porcelain") == ""
    git(two.path, "switch", "-q", "--detach")
    with pytest.raises(Busy, match="HEAD is detached: there is no branch to sync"):
        crew.sync(two)


def test_hooks_and_signatures_of_the_user(apps: tuple[Crew, Store, Store], tmp_path: Path) -> None:
    """The merge goes through the hooks; made again with the remote first it is signed again."""
    crew, one, two = apps
    diverge(crew, one, two)
    signer = tmp_path / "signer"
    signer.write_text(
        '#!/bin/sh\necho "$@" >> "$0.log"\ncat > /dev/null\nprintf "\\n[GNUPG:] SIG_CREATED \\n" >&2\n'
        "echo -----BEGIN PGP SIGNATURE-----\necho signed\necho -----END PGP SIGNATURE-----\n"
    )
    signer.chmod(0o755)
    for key, value in (("commit.gpgsign", "true"), ("gpg.program", str(signer)), ("user.signingkey", "uma")):
        git(two.path, "config", key, value)
    hook(two.path / ".git", "commit-msg", 'echo "Reviewed" >> "$1"')
    crew.sync(two)
    made = git(two.path, "cat-file", "commit", "HEAD")
    assert "gpgsig -----BEGIN PGP SIGNATURE-----\n signed" in made
    assert made.endswith("Sync with origin/main\nReviewed\n")
    assert git(two.path, "log", "-1", "--format=%P").split()[0] != tip(two)
    # And where only the order of the parents is put right.
    one.save("later", text("Later."))
    crew.sync(one)
    one.save("later", text("Later!"))
    crew.sync(one)
    two.save("two", text("Two."))
    git(two.path, "fetch", "-q", str(crew.hub), f"+main:{REMOTE}")
    two.merge("origin/main")
    crew.sync(two)
    assert "gpgsig" in git(two.path, "cat-file", "commit", "HEAD")
    assert tip(two) == crew.tip()


def test_a_hook_of_the_user_says_no(apps: tuple[Crew, Store, Store]) -> None:
    crew, one, two = apps
    diverge(crew, one, two)
    hook(two.path / ".git", "pre-commit", "exit 1")
    before, there = state(two), crew.tip()
    with pytest.raises(SaveRefused, match="git refused the commit of this merge"):
        crew.sync(two)
    assert (state(two), crew.tip()) == (before, there)


def test_an_edit_that_is_not_committed(apps: tuple[Crew, Store, Store]) -> None:
    """It is in the way of a merge and of going forward, and of nothing else."""
    crew, one, two = apps
    (two.path / "code.py").write_text("edited\n")
    two.save("c", text("C."))
    assert crew.sync(two).pushed == 1
    crew.sync(one)
    one.save("d", text("D."))
    crew.sync(one)
    with pytest.raises(Busy, match=r"not committed: code\.py"):
        crew.sync(two)
    two.save("e", text("E."))
    with pytest.raises(Busy, match=r"not committed: code\.py"):
        crew.sync(two)
    assert (two.path / "code.py").read_text() == "edited\n"
    git(two.path, "stash", "-q")
    assert crew.sync(two).tip == crew.tip()


def test_sources_that_conflict(apps: tuple[Crew, Store, Store]) -> None:
    crew, one, two = apps
    for store, word in ((one, "one"), (two, "two")):
        (store.path / "code.py").write_text(f"{word}\n")
        git(store.path, "commit", "-q", "-a", "-m", word)
    crew.sync(one)
    before, there = state(two), crew.tip()
    with pytest.raises(Conflict, match=r"code\.py: changed on both sides") as caught:
        crew.sync(two)
    assert "git merge origin/main" in caught.value.hint
    assert (state(two), crew.tip()) == (before, there)


def test_a_merge_that_stays_because_somebody_went_on(
    apps: tuple[Crew, Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server refuses, and the user has committed on top meanwhile: that is told, and the next sync sends both."""
    crew, one, two = apps
    diverge(crew, one, two)
    hook(crew.hub, "pre-receive", "exit 1")
    before_each(monkeypatch, "push", [lambda: git(two.path, "commit", "-q", "--allow-empty", "-m", "On top")])
    with pytest.raises(RemoteRefused) as caught:
        crew.sync(two)
    monkeypatch.undo()
    assert "your branch holds the merge: somebody has committed on top" in caught.value.hint
    (crew.hub / "hooks/pre-receive").unlink()
    assert crew.sync(two).tip == crew.tip()


def test_the_branch_moves_before_the_files_do(apps: tuple[Crew, Store, Store], monkeypatch: pytest.MonkeyPatch) -> None:
    """What was worked out is out of date behind the lock: it begins again."""
    crew, one, two = apps
    one.save("a", text("One!", "Two."))
    crew.sync(one)
    with Store(two.path) as other:
        before_each(monkeypatch, "lock", [lambda: None, partial(other.save, "late", text("Late."))])
        result = crew.sync(two)
        monkeypatch.undo()
        assert (result.tries, result.tip) == (2, crew.tip())
        crew.sync(one)
        one.save("c", text("One.", "Two."))
        crew.sync(one)
        crew.sync(two)
        diverge(crew, one, two, "c")
        before_each(monkeypatch, "lock", [lambda: None, partial(crew.sync, other)])
        result = crew.sync(two)
        assert (result.tries, result.tip, result.commit) == (2, crew.tip(), "")
        monkeypatch.undo()
        one.save("e", text("One.", "Two."))
        crew.sync(one)
        crew.sync(two)
        diverge(crew, one, two, "e")
        before_each(monkeypatch, "lock", [partial(crew.sync, other)])
        result = crew.sync(two)
    assert (result.tries, result.tip, result.commit) == (2, crew.tip(), "")
    assert two.load("late").messages[0].text == "Late."


def test_others_push_and_the_user_goes_on(apps: tuple[Crew, Store, Store], monkeypatch: pytest.MonkeyPatch) -> None:
    """The merge cannot be taken back then: the next try merges what has come on top of it."""
    crew, one, two = apps
    diverge(crew, one, two)

    def both() -> None:
        one.save("more", text("More."))
        crew.sync(one)
        git(two.path, "commit", "-q", "--allow-empty", "-m", "On top")

    before_each(monkeypatch, "push", [both])
    result = crew.sync(two)
    assert (result.tries, result.tip) == (2, crew.tip())
    assert two.load("more").messages[0].text == "More."


def test_the_branch_moves_while_the_merge_is_made_again(
    apps: tuple[Crew, Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    crew, one, two = apps
    diverge(crew, one, two)
    real = WorkTreeMerging.with_parents

    def late(self: WorkTreeMerging, *arguments: Any) -> str:
        git(two.path, "commit", "-q", "--allow-empty", "-m", "On top")
        return real(self, *arguments)

    monkeypatch.setattr(WorkTreeMerging, "with_parents", late)
    with pytest.raises(Busy, match="moved while it was merged"):
        crew.sync(two)
    monkeypatch.undo()
    numbers = [(each.number, each.digest) for each in one.history("a")]
    assert crew.sync(two).tip == crew.tip()
    assert [(each.number, each.digest) for each in two.history("a")][: len(numbers)] == numbers


def test_killed_between_the_commit_and_the_push(
    apps: tuple[Crew, Store, Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the parents in either order: the next sync sends it, the remote first."""
    crew, one, two = apps
    for name, method in (("a", "with_parents"), ("c", "undo")):
        if name == "c":
            one.save("c", text("One.", "Two."))
            crew.sync(one)
            crew.sync(two)
        diverge(crew, one, two, name)
        there = crew.tip()

        class Killed(BaseException):
            """The process is no more."""

        def killed(*_: object, **__: object) -> None:
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(WorkTreeMerging, method, killed)
            if method == "undo":
                patch.setattr(Repository, "push", killed)
            with pytest.raises(Killed):
                crew.sync(two)
        assert tip(two) != there
        if method == "undo":  # as if the end of the merge had not been noted either
            note = json.dumps([tip(two, "HEAD^2"), there, tip(two, "HEAD^{tree}")])
            (two.path / ".git" / NOTE).write_text(note)
        result = crew.sync(two)
        assert not (two.path / ".git" / NOTE).exists()
        assert result.tip == crew.tip()
        assert there in git(two.path, "log", "--first-parent", "--format=%H", "-2").split()
        crew.sync(one)
