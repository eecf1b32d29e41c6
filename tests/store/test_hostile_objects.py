"""Objects that no honest git writes: served as git serves them, or refused with a typed error, in little memory."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import time
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Store
from promptlib.errors import GitFailed, NotFound, PromptLibError, StoreDamaged, StoreError, StoreReadOnly
from tests.hostile import entry, snapshot, write_commit, write_object, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from promptlib import Prompt

    Make = Callable[..., Prompt[Any]]
    Run = Callable[..., str]

MEBI = 1 << 20


@pytest.fixture
def one(bare: Store, make: Make) -> Store:
    """A store of one prompt, `a`, whose message is `one`."""
    bare.save("a", make("one"))
    return bare


def blob_of(store: Store, run: Run, path: str = "a.prompty") -> str:
    """Return the id of the file at *path*."""
    return run(store.path, "rev-parse", f"main:{path}").strip()


def asked(store: Store) -> dict[str, object]:
    """Return what each question to a store ends with: an answer, or the error, which is always ours."""
    with Store(store.path) as fresh:
        questions: dict[str, Callable[[], object]] = {
            "names": fresh.names,
            "load": lambda: fresh.load("a").messages[0].text,
            "first": lambda: fresh.load("a@v1").messages[0].text,
            "history": lambda: [version.number for version in fresh.history("a")],
            "labels": lambda: sorted(fresh.labels("a")),
            "lineage": lambda: len(fresh.lineage("a").ancestors()),
            "graph": lambda: len(fresh.graph().nodes),
            "fsck": lambda: fresh.fsck().ok,
        }
        found: dict[str, object] = {}
        for name, question in questions.items():
            begin = time.monotonic()
            try:
                found[name] = question()
            except PromptLibError as error:
                found[name] = error
            assert time.monotonic() - begin < 60, name
        assert all(answer.hint for answer in found.values() if isinstance(answer, PromptLibError))
        return found


def sound(answers: dict[str, object]) -> dict[str, object]:
    """Return the answers that are no errors, but for fsck's."""
    return {name: found for name, found in answers.items() if not isinstance(found, Exception) and name != "fsck"}


NAMES = [
    *(
        ".",
        "..",
        " ",
        ".git",
        ".GIT",
        "git~1",
        ".git\u200c",
        ".gitmodules",
        "a/b.prompty",
        "con.prompty",
        "nul.prompty",
    ),
    *("x\\y.prompty", "c:x.prompty", "-rf.prompty", "A.prompty", "e\u0301.prompty", "\udcff.prompty", "b .prompty"),
    *("b..prompty", "\x1b[31m.prompty", "x\n.prompty", "x" * 300 + ".prompty", "a.prompty.lock", ".labels.prompty"),
]


def test_names_that_are_none_hide_nothing_and_lead_nowhere(one: Store, run: Run, tmp_path: Path) -> None:
    """They are told by fsck, are no names, and what lies beside them is served; no file is ever made of one."""
    blob = blob_of(one, run)
    folder = write_tree(one.path, entry("100644", "in.prompty", blob))
    rows = [(name, entry("100644", name, blob)) for name in [*NAMES, "a.prompty"]]
    rows += [(f"{name}/", entry("40000", name, folder)) for name in ("..x", ".gi", "CON", "d")]
    rows.sort(key=lambda row: row[0].encode("utf-8", "surrogateescape"))
    write_commit(one.path, write_tree(one.path, *(row for _, row in rows)), run(one.path, "rev-parse", "main").strip())
    before = snapshot(tmp_path)
    answers = asked(one)
    assert sound(answers) == {
        "names": ("a", "a/b", "d/in"),
        "load": "one",
        "first": "one",
        "history": [1],
        "labels": [],
        "lineage": 0,
        "graph": 3,
    }
    problems = " ".join(map(str, one.fsck().problems))
    assert all(name in problems for name in (".git", "con.prompty", "A.prompty", "-rf.prompty"))
    assert snapshot(tmp_path) == before


def test_a_name_that_stands_twice(one: Store, make: Make, run: Run) -> None:
    """Some readers take the first, others the last: nothing is chosen silently, and fsck names it."""
    one.save("b", make("b"))
    rows = [entry("100644", "a.prompty", blob_of(one, run, f"{name}.prompty")) for name in ("a", "b")]
    write_commit(one.path, write_tree(one.path, *rows), run(one.path, "rev-parse", "main").strip())
    for question in ("names", "load"):
        with pytest.raises(StoreDamaged, match=r"names 'a\.prompty' twice"):
            raise asked(one)[question]  # type: ignore[misc] # the assertion is that it is an error
    assert "twice" in str(one.fsck().problems)


def test_a_folder_out_of_order(one: Store, run: Run) -> None:
    """Every file of it is found; git itself tells another history of it, so its history is an error."""
    blob = blob_of(one, run)
    rows = [entry("100644", f"{name}.prompty", blob) for name in "zam"]
    write_commit(one.path, write_tree(one.path, *rows), run(one.path, "rev-parse", "main").strip())
    assert one.names() == ("a", "m", "z")
    assert {one.load(name).digest for name in "amz"} == {one.load("a").digest}
    with pytest.raises(StoreDamaged, match="git's log tells other changes"):
        one.history("a")
    assert "treeNotSorted" in str(one.fsck().problems)


@pytest.mark.parametrize(
    ("mode", "served"),
    [
        *(("100755", True), ("100664", True), ("0100644", True), ("100600", True)),
        *(("120000", "symbolic link"), ("160000", "submodule"), ("140000", "submodule"), ("10000", "submodule")),
        *(("40000", "no prompt 'b' here"), ("040000", "no prompt 'b' here"), ("xyz", "mode that is no number")),
    ],
)
def test_modes_are_read_as_git_reads_them(one: Store, run: Run, mode: str, served: bool | str) -> None:  # noqa: FBT001 - a parameter
    """A link is not followed, a folder is no prompt, and files of old tools and other rights are files."""
    blob = blob_of(one, run)
    inside = write_tree(one.path, entry("100644", "in.prompty", blob))
    row = entry(mode, "b.prompty", inside if mode.lstrip("0").startswith("40") else blob)
    write_commit(one.path, write_tree(one.path, entry("100644", "a.prompty", blob), row))
    assert one.load("a").messages[0].text == "one"
    if served is True:
        assert one.names() == ("a", "b")
        assert one.load("b") == one.load("a@v1") == one.load("b@v1")
        return
    with pytest.raises((StoreDamaged, NotFound), match=str(served)):
        one.load("b")
    assert "b" not in (one.names() if mode != "xyz" else ())


def test_a_folder_of_an_old_tool_is_a_folder(one: Store, run: Run) -> None:
    """Leading zeros in its mode hide nothing below it."""
    blob = blob_of(one, run)
    row = entry("040000", "old", write_tree(one.path, entry("100644", "x.prompty", blob)))
    write_commit(one.path, write_tree(one.path, entry("100644", "a.prompty", blob), row))
    assert one.names() == ("a", "old/x")
    assert one.load("old/x@v1") == one.load("old/x")
    one.save("old/y", one.load("a").evolve(description="y"))
    assert one.names() == ("a", "old/x", "old/y")


def nested(store: Store, blob: str, levels: int, wide: int) -> None:
    """Let main hold `a` beside folders in folders, *wide* in each, *levels* deep."""

    def put(body: bytes) -> str:
        data = b"tree %d\0" % len(body) + body
        found = hashlib.sha1(data, usedforsecurity=False).hexdigest()
        path = store.path / "objects" / found[:2] / found[2:]
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(zlib.compress(data, 1))
        return found

    tree = put(b"".join(entry("100644", f"f{at}", blob) for at in range(wide)))
    for _ in range(levels):
        tree = put(b"".join(entry("40000", f"d{at}", tree) for at in range(wide)))
    write_commit(store.path, put(entry("100644", "a.prompty", blob) + entry("40000", "b", tree)))


@pytest.mark.parametrize(("levels", "wide", "words"), [(5_000, 1, "nest more than 256 deep"), (12, 10, "more than ")])
def test_folders_without_end(
    one: Store, run: Run, monkeypatch: pytest.MonkeyPatch, levels: int, wide: int, words: str
) -> None:
    """Five thousand folders in each other, or 10^13 files out of ten blobs: refused, and `a` is served."""
    monkeypatch.setattr("promptlib._git.trees.MOST_FILES", 20_000)
    monkeypatch.setattr("promptlib._git.comparing.MOST_FILES", 20_000)
    nested(one, blob_of(one, run), levels, wide)
    with Store(one.path) as fresh:
        assert fresh.load("a").messages[0].text == "one"
        for question in (fresh.names, fresh.graph, lambda: fresh.load("a@v1")):
            with pytest.raises(StoreError, match=words) as caught:
                question()
            assert caught.value.hint


@pytest.mark.no_cover
def test_a_hundred_thousand_entries(one: Store, run: Run) -> None:
    """One folder may well be large."""
    blob = blob_of(one, run)
    rows = [entry("100644", "a.prompty", blob), *(entry("100644", f"n{at:06}.prompty", blob) for at in range(100_000))]
    write_commit(one.path, write_tree(one.path, *rows))
    begin = time.process_time()
    with Store(one.path) as fresh:
        assert len(fresh.names()) == 100_001
        assert fresh.load("n099999") == fresh.load("a")
    assert time.process_time() - begin < 20


BOMB = """
import json, resource, sys
from promptlib import Store
from promptlib.errors import PromptLibError
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
store = Store(sys.argv[1])
told = {}
for name, ask in {
    "load": lambda: store.load(sys.argv[2]), "names": store.names, "first": lambda: store.load(sys.argv[2] + "@v1"),
    "history": lambda: store.history("a"), "a": lambda: store.load("a").digest, "fsck": lambda: store.fsck().ok,
}.items():
    if len(sys.argv) > 3 and name not in sys.argv[3:]:
        continue
    try:
        told[name] = str(ask())
    except PromptLibError as error:
        told[name] = f"{type(error).__name__}: {error}"
store.close()
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(json.dumps(told | {"grown": grown >> 10, "git": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10}))
"""


def measured(store: Store, name: str, *questions: str) -> dict[str, Any]:
    """Ask a store of a bomb in a process of its own; return the answers, and the MiB that it and git took."""
    command = [sys.executable, "-c", BOMB, str(store.path), name, *questions]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def bomb(store: Store, kind: bytes, size: int) -> str:
    """Write an object of *size* zeros, which takes a thousandth of that on disk."""
    head = b"%s %d\0" % (kind, size)
    running, packer = hashlib.sha1(head, usedforsecurity=False), zlib.compressobj(9)
    parts = [packer.compress(head)]
    for _ in range(size // MEBI):
        running.update(bytes(MEBI))
        parts.append(packer.compress(bytes(MEBI)))
    path = store.path / "objects" / running.hexdigest()[:2] / running.hexdigest()[2:]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"".join([*parts, packer.flush()]))
    assert path.stat().st_size < size // 900
    return running.hexdigest()


@pytest.mark.parametrize("packed", [False, True])
def test_a_small_object_that_holds_200_megabytes(one: Store, run: Run, *, packed: bool) -> None:
    """It is refused by its size, loose and packed; neither we nor git ever hold it, and the rest is served."""
    blob = blob_of(one, run)
    rows = entry("100644", "a.prompty", blob), entry("100644", "b.prompty", bomb(one, b"blob", 200 * MEBI))
    write_commit(one.path, write_tree(one.path, *rows), run(one.path, "rev-parse", "main").strip())
    if packed:
        run(one.path, "repack", "-adfq")
    found = measured(one, "b")
    assert "holds 209,715,200 bytes; more than 8,388,608 are refused" in found["load"]
    assert found["load"].startswith("GitFailed")
    assert found["names"] == "('a', 'b')"
    assert found["a"] == one.load("a").digest
    assert found["fsck"] == "False"
    assert found["grown"] < 64, found
    assert found["git"] < 96, found


@pytest.mark.parametrize("kind", [b"tree", b"commit"])
def test_a_folder_or_commit_of_80_megabytes(one: Store, run: Run, kind: bytes) -> None:
    """Refused by its size as well; git reads those two whole, we do not."""
    blob, found = blob_of(one, run), bomb(one, kind, 80 * MEBI)
    if kind == b"tree":
        write_commit(one.path, write_tree(one.path, entry("100644", "a.prompty", blob), entry("40000", "b", found)))
    else:
        (one.path / "refs/heads/main").write_text(f"{found}\n")
    told = measured(one, "b/x", "load", "a", "history")
    assert "holds 83,886,080 bytes; more than 67,108,864 are refused" in told["load"]
    assert "GitFailed" in told["history"] or "StoreDamaged" in told["history"]
    assert told["a"].startswith("sha256:") if kind == b"tree" else "are refused" in told["a"]
    assert told["grown"] < 128, told


def test_a_message_without_end(one: Store, make: Make, run: Run) -> None:
    """A commit's text of 12 MiB is read in one go; one of 40 is refused."""
    one.save("a", make("two"))
    tree, above = run(one.path, "rev-parse", "main^{tree}").strip(), run(one.path, "rev-parse", "main~1").strip()
    write_commit(one.path, tree, above, message=b"x" * (12 * MEBI))
    begin = time.process_time()
    assert [version.number for version in Store(one.path).history("a")] == [1, 2]
    assert time.process_time() - begin < 5
    write_commit(one.path, tree, above, message=b"y" * (40 * MEBI))
    with pytest.raises(GitFailed, match="longer than 16,777,216 bytes"):
        Store(one.path).history("a")


def test_a_label_that_is_none(one: Store, run: Run) -> None:
    """A link, a submodule, a folder, a bomb, another text: never the words that went live."""
    one.label("a", "production", "v1")
    blob, tip = blob_of(one, run), run(one.path, "rev-parse", "main").strip()
    label = blob_of(one, run, ".labels/production/a.label")
    huge = write_object(one.path, "blob", b"sha256:" + b"0" * 64 + b"\n" + b"x" * (9 * MEBI))
    folder = write_tree(one.path, entry("100644", "q", blob))
    kinds = {
        ("120000", label): "symbolic link",
        ("160000", tip): "submodule",
        ("40000", folder): "no label 'production'",
        ("100644", huge): "are refused",
        ("100644", blob): "first line is not a digest",
    }
    for (mode, held), words in kinds.items():
        above = write_tree(one.path, entry("40000", "production", write_tree(one.path, entry(mode, "a.label", held))))
        write_commit(
            one.path, write_tree(one.path, entry("40000", ".labels", above), entry("100644", "a.prompty", blob))
        )
        with pytest.raises((StoreError, NotFound), match=words):
            one.load("a@production")
        assert one.load("a").messages[0].text == "one"
    strange = [entry("40000", name, write_tree(one.path, entry("100644", "a.label", label))) for name in ("..", ".git")]
    above = write_tree(one.path, *strange, entry("40000", "Production", folder), entry("40000", "v1", folder))
    write_commit(one.path, write_tree(one.path, entry("40000", ".labels", above), entry("100644", "a.prompty", blob)))
    assert one.labels("a") == {}
    assert not one.fsck().ok


PEOPLE = b"author A <a@b> %s\ncommitter A <a@b> %s\n"
COMMITS: dict[str, dict[str, bytes]] = {
    "dates past every calendar": {"people": PEOPLE % ((b"99999999999999999999 +0000",) * 2)},
    "dates before": {"people": PEOPLE % (b"-1 -9999", b"-9223372036854775809 +0000")},
    "no dates": {"people": b"author A <a@b>\ncommitter A <a@b>\n"},
    "words for dates": {"people": PEOPLE % (b"yesterday +0200", b"1 garbage")},
    "zones of days": {"people": PEOPLE % (b"1 +999999999999", b"1 -99")},
    "no brackets": {"people": b"author A\ncommitter B\n"},
    "other bytes": {"people": b"author \xff\xfe <\xff> 1 +0000\ncommitter A <a> 1 +0000\n", "message": b"\xff\n"},
    "another encoding": {"more": b"encoding latin1\n", "message": b"caf\xe9\n"},
    "no encoding": {"more": b"encoding \x1b[31mnonsense\n", "message": b"caf\xe9\n"},
    "unknown headers": {"more": b"x y z\n \x01 odd\nHG:extra a\nparent deadbeef\n"},
    "NULs": {"message": b"a\0b\0commit\n" + b"0" * 40 + b"\n"},
    "a forged log": {"message": b"commit\n" + b"0" * 40 + b"\n\nEve\ne\n1 +0000\n1\n:100644 100644 1 2 M\n"},
    "a forged change": {"message": b":100644 100644 " + b"1" * 40 + b" " + b"2" * 40 + b" M\0a.prompty\n"},
    "terminal escapes": {
        "people": b"author \x1b[31mE\x07 <\x9b> 1 +0000\ncommitter A <a> 1 +0000\n",
        "message": b"\x1b[2J",
    },
    "nothing": {"message": b""},
    "a signature": {"more": b"gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n"},
}


@pytest.mark.parametrize("case", COMMITS)
def test_commits_of_any_maker(one: Store, make: Make, run: Run, case: str) -> None:
    """Whatever stands in a commit, the versions around it are told, each with its number and text."""
    one.save("a", make("two"))
    tree, above = run(one.path, "rev-parse", "main^{tree}").strip(), run(one.path, "rev-parse", "main~1").strip()
    made = write_commit(one.path, tree, above, **COMMITS[case])
    for _ in range(2):  # the second time out of the index
        with Store(one.path) as fresh:
            versions = fresh.history("a")
            assert [(version.number, version.commit) for version in versions] == [(1, above), (2, made)]
            assert [fresh.load(f"a@v{at}").messages[0].text for at in (1, 2)] == ["one", "two"]
            assert versions[1].time.year in range(1, 10_000)
            assert len(fresh.lineage("a").ancestors()) == 1
    one.save("a", make("three"), expect=versions[1])
    assert one.version("a@v3").number == 3


def test_parents_that_are_none(one: Store, make: Make, run: Run) -> None:
    """A missing parent, a folder for one: the text is served, its history is an error, never a shorter one."""
    one.save("a", make("two"))
    tree = run(one.path, "rev-parse", "main^{tree}").strip()
    for parent in ("1" * 40, tree):
        write_commit(one.path, tree, parent)
        answers = asked(one)
        assert (answers["load"], answers["names"]) == ("two", ("a",))
        assert all(isinstance(answers[name], StoreError) for name in ("history", "first", "lineage", "graph"))
        assert answers["fsck"] is False


def test_a_hundred_parents(one: Store, make: Make, run: Run) -> None:
    """And one parent twice."""
    first = run(one.path, "rev-parse", "main").strip()
    old = run(one.path, "rev-parse", "main^{tree}").strip()
    one.save("a", make("two"))
    tree = run(one.path, "rev-parse", "main^{tree}").strip()
    sides = [write_commit(one.path, old, first, message=b"%d\n" % at) for at in range(100)]
    write_commit(one.path, tree, *sides)
    assert [version.number for version in Store(one.path).history("a")] == [1, 2]
    write_commit(one.path, tree, first, first)
    assert [version.number for version in Store(one.path).history("a")] == [1, 2]
    assert one.load("a").messages[0].text == "two"


@pytest.mark.parametrize("kind", ["blob", "tree", "tag", "no commit", "nothing"])
def test_a_branch_that_points_to_something_else(one: Store, run: Run, kind: str) -> None:
    """It is damage: never an empty store, and no save starts a new history on it."""
    first = run(one.path, "rev-parse", "main").strip()
    target = {
        "blob": blob_of(one, run),
        "tree": run(one.path, "rev-parse", "main^{tree}").strip(),
        "tag": write_object(one.path, "tag", b"object %s\ntype commit\ntag x\n\nm\n" % first.encode()),
        "no commit": write_object(one.path, "commit", b"hello"),
        "nothing": "1" * 40,
    }[kind]
    (one.path / "refs/heads/main").write_text(f"{target}\n")
    answers = asked(one)
    assert all(isinstance(found, StoreError) for name, found in answers.items() if name != "fsck"), answers
    assert answers["fsck"] is False
    with Store(one.path) as fresh, pytest.raises(StoreError):
        fresh.save("b", one.load(f"a#{'0' * 64}") if kind == "" else _prompt())
    assert (one.path / "refs/heads/main").read_text() == f"{target}\n"


def _prompt() -> Prompt[Any]:
    from tests.store.conftest import prompt_of

    return prompt_of("new")


def test_borrowed_objects(one: Store, run: Run, tmp_path: Path) -> None:
    """Alternates: relative, absolute and in a circle they serve; missing, they are told, and nothing is written."""
    run(tmp_path, "clone", "-q", "--bare", "--shared", str(one.path), "borrower.git")
    place = tmp_path / "borrower.git/objects/info/alternates"
    own, theirs = tmp_path / "borrower.git/objects", one.path / "objects"
    (theirs / "info/alternates").write_text(f"{own}\n")
    for text in (f"../../{one.path.name}/objects\n", f"{theirs}\n", f"{own}\n{theirs}\n", f"{theirs}\n" * 3000):
        place.write_text(text)
        assert sound(asked(Store(tmp_path / "borrower.git")))["history"] == [1]
    for text in ("/nowhere/objects\n", f"{own}\n", "-rf\n$(touch x)\n#\n", '"/a\\tb"\n'):
        place.write_text(text)
        shutil.rmtree(tmp_path / "borrower.git/promptlib", ignore_errors=True)
        before = snapshot(tmp_path)
        answers = asked(Store(tmp_path / "borrower.git"))
        assert sound(answers) == {}
        assert answers["fsck"] is False
        assert snapshot(tmp_path) == before


def test_a_folder_of_ours_that_is_a_link(one: Store, make: Make, tmp_path: Path) -> None:
    """A repository brings `promptlib` as a link to somebody's files: neither reading nor saving touches them."""
    for below in ("", "lock", "holder", "index.sqlite"):
        own = one.path / "promptlib"
        own.unlink() if own.is_symlink() else shutil.rmtree(own)
        target = tmp_path / f"somebodys{below}"
        if below:
            target.write_text("precious" * 40)
            (one.path / "promptlib").mkdir()
            (one.path / "promptlib" / below).symlink_to(target)
        else:
            target.mkdir()
            (target / "holder").write_text("precious" * 40)
            (one.path / "promptlib").symlink_to(target)
        with Store(one.path) as fresh:
            assert fresh.load("a@v1").messages[0].text == "one"
            fresh.fsck()
            with suppress(StoreReadOnly, GitFailed):
                fresh.save("a", make(f"saved {below}"))
        assert (target if below else target / "holder").read_text() == "precious" * 40
        assert below or [path.name for path in target.iterdir()] == ["holder"]
