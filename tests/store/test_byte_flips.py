"""One flipped bit anywhere in a store: what is read is right or an error of ours, and `fsck` names it and mends it."""

from __future__ import annotations

import random
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Prompt, Store, Version, user
from promptlib.errors import PromptLibError
from promptlib.store import writing
from promptlib.store.checking import examine_closed
from promptlib.store.remembering import MEMORY
from tests.store.conftest import Question, prompt_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CASES, AT_ONCE, SOAK = 120, 20, 5_000
REFS = ("a", "a@latest", "a@v1", "a@v3", "a@production", "team/b@v1", "renamed@v1", "whole", "whole@production")
NAMES = ("a", "renamed", "whole")
#: What git keeps that no answer depends on, or that people write.
LEFT_OUT = ("config", "description", "hooks/", "info/", "logs/", "COMMIT_EDITMSG", "promptlib/lock", "promptlib/holder")
KINDS = (
    *("index.sqlite", "commit-graph", "multi-pack-index", "packed-refs", "HEAD", ".bitmap", ".idx", ".pack"),
    *(".labels/.includes", ".labels/", ".prompty", "git/index", "refs/", "objects/"),
)


def fill(store: Store) -> None:
    """Save names with a rename, a merge of texts by include, and labels that were moved."""
    for text in ("one", "two", "three, and a longer text than before"):
        store.save("a", prompt_of(text, description="What a is for"))
    store.save("team/b", prompt_of("first"))
    store.label("a", "production", "v1")
    store.save("old", prompt_of("kept"))
    store.rename("old", "renamed")
    store.label("a", "production", "v2")
    part = store.save("part", Prompt.define(Question, user("Think of {{ question }}.")))
    store.save("whole", Prompt.define(Question, user('{% include "part" %} Again.'), includes={"part": part}))
    store.label("whole", "production", "v1")
    store.graph()  # the index knows every version by now
    store._past().index.complete()
    store.close()


def git(folder: Path, *arguments: str) -> None:
    """Run git as a user does."""
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


def told(answer: object) -> object:
    """Return *answer* as it is compared."""
    if isinstance(answer, Prompt):
        texts = [message.text for message in answer.messages]
        return answer.digest, texts, [(name, str(pin)) for name, pin in answer.includes.items()]
    return answer


def questions(store: Store) -> dict[str, Callable[[], object]]:
    """Return everything that is asked of a store."""
    asked: dict[str, Callable[[], object]] = {"names": store.names}
    for ref in REFS:
        asked[f"load {ref}"] = lambda ref=ref: store.load(ref)  # type: ignore[misc] # bound at once
    for name in NAMES:
        asked[f"history {name}"] = lambda name=name: store.history(name)  # type: ignore[misc] # bound at once
        asked[f"labels {name}"] = lambda name=name: store.labels(name)  # type: ignore[misc] # bound at once
    asked["graph"] = lambda: [(node.name, node.number, node.digest, node.commit) for node in store.graph().nodes]
    return asked


def answers(store: Store) -> dict[str, Any]:
    """Ask everything; what is no error of ours goes up and fails the test."""
    found: dict[str, Any] = {}
    for question, ask in questions(store).items():
        try:
            found[question] = ask()
        except PromptLibError as error:
            found[question] = error
    return found


def afresh(folder: Path) -> dict[str, Any]:
    """Ask a store as a new process would."""
    MEMORY._kept.clear()
    try:
        with Store(folder) as store:
            return answers(store)
    except PromptLibError as error:
        return {"open": error}


def _loose(folder: Path) -> None:
    with Store.init(folder, bare=True, durability="none") as store:
        fill(store)


def _packed(folder: Path) -> None:
    _loose(folder)
    git(folder, "-c", "pack.threads=1", "gc", "-q")
    git(folder, "commit-graph", "write", "--reachable", "--changed-paths")
    git(folder, "multi-pack-index", "write")


def _mixed(folder: Path) -> None:
    _packed(folder)
    with Store(folder, durability="none") as store:
        store.save("team/b", prompt_of("second"))
        store.label("team/b", "production", "v1")


def _application(folder: Path) -> None:
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "user.name", "Uma")
    git(folder, "config", "user.email", "uma@example.com")
    with Store.init(folder, durability="none") as store:
        fill(store)


Stores = dict[str, tuple["Path", dict[str, Any]]]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Stores:
    """Four stores and what they answer."""
    found: Stores = {}
    when = "@1700000000 +0000"
    for build in (_loose, _packed, _mixed, _application):
        folder = tmp_path_factory.mktemp("sound") / build.__name__
        with pytest.MonkeyPatch.context() as patch:
            # The same bytes in every run: the same seed flips the same bit.
            for who in ("AUTHOR", "COMMITTER"):
                for what, value in (("NAME", "Uma"), ("EMAIL", "uma@example.com"), ("DATE", when)):
                    patch.setenv(f"GIT_{who}_{what}", value)
            patch.setattr(writing, "moment", lambda: (1_700_000_000, "+0000"))
            build(folder)
        found[build.__name__] = folder, afresh(folder)
        assert not [answer for answer in found[build.__name__][1].values() if isinstance(answer, Exception)]
    return found


def _kinds(folder: Path) -> dict[str, list[Path]]:
    """Return the files that a bit is flipped in, by what they are, so that each kind has its share."""
    kinds: dict[str, list[Path]] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size):
        name = path.relative_to(folder).as_posix().removeprefix(".git/")
        kind = next((kind for kind in KINDS if kind in f"git/{name}"), "")
        if kind and not name.startswith(LEFT_OUT):
            kinds.setdefault(kind, []).append(path)
    return kinds


class Flip:
    """One store with one flipped bit."""

    def __init__(self, sound: Stores, folder: Path, seed: int) -> None:
        """Copy one of the stores into *folder*, and flip."""
        chance = random.Random(seed)
        self.home = chance.choice(sorted(sound))
        source, self.right = sound[self.home]
        self.folder = folder / f"{seed}"
        shutil.copytree(source, self.folder)
        self.warm = Store(self.folder)
        self.was_warm = chance.random() < 0.25
        if self.was_warm:
            answers(self.warm)
        kinds = _kinds(self.folder)
        self.kind = chance.choice(sorted(kinds))
        path = chance.choice(kinds[self.kind])
        if self.kind != "index.sqlite" and chance.random() < 0.5:
            # Every answer then comes out of git.
            self.warm.close()
            shutil.rmtree(path_of_ours(self.folder))
        data = bytearray(path.read_bytes())
        at, bit = chance.randrange(len(data)), chance.randrange(8)
        data[at] ^= 1 << bit
        path.chmod(0o644)
        path.write_bytes(data)
        self.what = f"{seed}: bit {bit} of byte {at} of {path.relative_to(self.folder)} in {self.home}"

    def is_right(self, question: str, answer: object) -> bool:
        """Return whether *answer* is the right one, or says of what it cannot tell that it cannot."""
        right = self.right[question]
        if told(answer) == told(right):
            return True
        if question.startswith("load ") and isinstance(answer, Prompt):
            # A prompt's file in a work tree belongs to people: it is told to be edited.
            return self.kind == ".prompty" and answer.origin is not None and answer.origin.standing.edited
        if question == "graph" and self.home == "_application" and self.kind == "HEAD" and not answer:
            return True  # a branch without a commit has no history; fsck tells of it
        if isinstance(answer, (dict, tuple, list)) and len(answer) == len(right):
            pairs = zip(_listed(answer), _listed(right), strict=True)
            return all(_is_same(one, other) for one, other in pairs)
        return False

    def wrong(self, found: dict[str, Any]) -> list[str]:
        """Return the questions that were answered wrongly and without a word."""
        return [
            question
            for question, answer in found.items()
            if not isinstance(answer, PromptLibError) and not self.is_right(question, answer)
        ]


def path_of_ours(folder: Path) -> Path:
    """Return where promptlib keeps the index."""
    return folder / (".git/promptlib" if (folder / ".git").exists() else "promptlib")


def _listed(answer: Any) -> list[Any]:
    return sorted(answer.items()) if isinstance(answer, dict) else list(answer)


def _is_same(one: Any, other: Any) -> bool:
    """An empty digest says that a file cannot be read; a label whose version cannot be is known by digest alone."""
    if isinstance(one, tuple) and isinstance(one[-1], Version):
        return bool(one[0] == other[0]) and _is_same(one[1], other[1])
    if isinstance(one, Version):
        digests = one.digest in {other.digest, ""} and all(
            mine.digest in {known.digest, ""} for mine, known in zip(one.parents, other.parents, strict=False)
        )
        nowhere = one.number is None and not one.commit
        return digests and (
            nowhere or (one.number, one.commit, one.message) == (other.number, other.commit, other.message)
        )
    return (
        isinstance(one, tuple)
        and one[2] in {other[2], ""}
        and (one[0], one[1], one[3]) == (other[0], other[1], other[3])
    )


def check(sound: Stores, folder: Path, seed: int) -> None:
    """Flip, ask, verify, repair, ask again."""
    flip = Flip(sound, folder, seed)
    found = afresh(flip.folder)
    assert not flip.wrong(found), flip.what
    with flip.warm:
        again = answers(flip.warm) if flip.was_warm else {}
    assert not flip.wrong(again), flip.what
    failed = [question for question, answer in found.items() if isinstance(answer, PromptLibError)]
    try:
        store = Store(flip.folder)
    except PromptLibError as error:
        report = examine_closed(flip.folder, error, repair=False)
        assert report is not None, flip.what
        assert not report.ok, flip.what
        return
    with store:
        report = store.fsck()
        assert not (failed and report.ok), f"{flip.what}: {failed}"
        if report.ok:
            return
        assert all(problem.what and problem.place for problem in report.problems), flip.what
        repaired = store.fsck(repair=True)
    if repaired.ok:
        after = afresh(flip.folder)
        assert not [question for question, answer in after.items() if isinstance(answer, PromptLibError)], flip.what
        assert not flip.wrong(after), flip.what
    for mended in repaired.mended:
        assert (mended.kind, mended.place) not in {(left.kind, left.place) for left in repaired.problems}, flip.what


@pytest.mark.no_cover
@pytest.mark.parametrize("first", range(0, CASES, AT_ONCE))
def test_a_flipped_bit_is_never_read_in_silence(sound: Stores, tmp_path: Path, first: int) -> None:
    """Loads by name, label, number; histories, labels and lineage; a fresh store and one that was asked before."""
    for seed in range(first, first + AT_ONCE):
        check(sound, tmp_path, seed)
        shutil.rmtree(tmp_path / f"{seed}")


@pytest.mark.soak
@pytest.mark.parametrize("first", range(CASES, CASES + SOAK, 100))
def test_many_flipped_bits(sound: Stores, tmp_path: Path, first: int) -> None:
    """The same, many times more."""
    for seed in range(first, first + 100):
        check(sound, tmp_path, seed)
        shutil.rmtree(tmp_path / f"{seed}")


@pytest.mark.parametrize("swapped", range(6))
def test_a_pack_index_that_tells_of_other_objects(sound: Stores, tmp_path: Path, swapped: int) -> None:
    """Two offsets change places: git's log tells of other commits and folders, and ends well; ours does not."""
    chance = random.Random(swapped)
    folder = tmp_path / "swapped"
    shutil.copytree(sound["_packed"][0], folder)
    shutil.rmtree(folder / "promptlib")
    for name in ("multi-pack-index", "*.bitmap", "*.rev"):
        for path in (folder / "objects/pack").glob(name):
            path.unlink()
    (index,) = (folder / "objects/pack").glob("*.idx")
    data = bytearray(index.read_bytes())
    count = int.from_bytes(data[8 + 255 * 4 : 8 + 256 * 4], "big")
    start = 8 + 256 * 4 + count * 24
    one, other = (start + 4 * at for at in chance.sample(range(count), 2))
    data[one : one + 4], data[other : other + 4] = data[other : other + 4], data[one : one + 4]
    index.chmod(0o644)
    index.write_bytes(data)
    flip = object.__new__(Flip)
    flip.home, flip.right, flip.kind = "_packed", sound["_packed"][1], ".idx"
    assert not flip.wrong(afresh(folder))
    with Store(folder) as store:
        assert not store.fsck().ok
        assert store.fsck(repair=True).ok
    assert not [each for each in afresh(folder).values() if isinstance(each, PromptLibError)]


def test_a_commit_graph_that_tells_of_other_parents(sound: Stores, tmp_path: Path) -> None:
    """Every parent in the graph is said to be the first commit: plain git's log is short then, ours is whole."""
    folder = tmp_path / "graph"
    shutil.copytree(sound["_packed"][0], folder)
    shutil.rmtree(folder / "promptlib")
    graph = folder / "objects/info/commit-graph"
    data = bytearray(graph.read_bytes())
    chunks = {
        bytes(data[8 + 12 * at : 12 + 12 * at]): int.from_bytes(data[12 + 12 * at : 20 + 12 * at], "big")
        for at in range(data[6] + 1)
    }
    count = int.from_bytes(data[chunks[b"OIDF"] + 255 * 4 : chunks[b"OIDF"] + 256 * 4], "big")
    rows = [chunks[b"CDAT"] + 36 * at for at in range(count)]
    root = next(at for at, row in enumerate(rows) if data[row + 20 : row + 24] == b"\x70\0\0\0")
    for row in rows:
        if data[row + 20 : row + 24] != b"\x70\0\0\0":
            data[row + 20 : row + 24] = root.to_bytes(4, "big")
    graph.chmod(0o644)
    graph.write_bytes(data)
    plain = subprocess.run(["git", "rev-list", "HEAD"], cwd=folder, check=True, capture_output=True).stdout
    assert plain.count(b"\n") == 2, "git itself believes the graph"
    found = afresh(folder)
    assert {question: told(answer) for question, answer in found.items()} == {
        question: told(answer) for question, answer in sound["_packed"][1].items()
    }
    with Store(folder) as store:
        assert [problem.place for problem in store.fsck().problems] == ["objects/info/commit-graph"]
        assert store.fsck(repair=True).ok
    assert not graph.exists()
