"""`fsck` names damage of any kind, tells what helps, and never fails."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from promptlib import Prompt, Store
from promptlib._git.runner import Git
from promptlib._git.verifying import Verifier
from promptlib._index import Remembered
from promptlib.cli.app import app
from promptlib.errors import GitFailed, NotFound, StoreDamaged, StoreError
from promptlib.store.checking import Problem, Report
from promptlib.store.copies import Copies
from promptlib.store.homes import Folder
from promptlib.store.past import DIFFERENT, History
from promptlib.store.remembering import MEMORY
from tests.store.conftest import prompt_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., str]


@pytest.fixture
def filled(bare: Store) -> Store:
    """A bare store with two versions and a label."""
    bare.save("a", prompt_of("one"))
    bare.save("a", prompt_of("two"))
    bare.label("a", "production", "v1")
    bare.close()
    return bare


def fsck(store: Store, *, repair: bool = False) -> Report:
    """Verify *store* as another process would."""
    store.close()
    MEMORY._kept.clear()
    with Store(store.path) as fresh:
        return fresh.fsck(repair=repair)


def told(report: Report) -> list[tuple[str, str]]:
    """Return kind and place of the problems."""
    return [(problem.kind, problem.place) for problem in report.problems]


def _garbage_config(folder: Path) -> None:
    (folder / "config").write_text("[core\n garbage")


def _garbage_graph(folder: Path) -> None:
    (folder / "objects/info").mkdir(exist_ok=True)
    (folder / "objects/info/commit-graph").write_bytes(b"CGPH" + bytes(2000))


def _garbage_pack(folder: Path) -> None:
    (folder / "objects/pack/pack-1.pack").write_bytes(b"PACK" + bytes(20))


def _short_pack(folder: Path) -> None:
    (folder / "objects/pack/pack-1.pack").write_bytes(b"")


def _pack_folder(folder: Path) -> None:
    (folder / "objects/pack/pack-1.idx").mkdir()


def _objects_file(folder: Path) -> None:
    shutil.rmtree(folder / "objects/pack", ignore_errors=True)
    (folder / "objects/pack").write_bytes(b"x")


def _all_objects(folder: Path) -> None:
    for path in (folder / "objects").glob("??"):
        shutil.rmtree(path)


def _ref_folder(folder: Path) -> None:
    (folder / "refs/heads/main").unlink()
    (folder / "refs/heads/main").mkdir()


def _ref_pipe(folder: Path) -> None:
    os.mkfifo(folder / "refs/heads/pipe")


def _ref_to_a_blob(folder: Path) -> None:
    blob = next(path for path in (folder / "objects").glob("??/*") if path.is_file())
    tree = Git.at(folder).run("rev-parse", "main^{tree}").out.decode().strip()
    (folder / "refs/heads/tree").write_text(f"{tree}\n")
    del blob


def _ref_to_nowhere(folder: Path) -> None:
    (folder / "refs/tags/gone").write_text("1" * 40 + "\n")


def _packed_noise(folder: Path) -> None:
    (folder / "packed-refs").write_bytes(b"\xff\xfe noise\n^nothing\n")


def _head_detached(folder: Path) -> None:
    (folder / "HEAD").write_text("1" * 40 + "\n")


DAMAGES: list[tuple[Any, tuple[str, str]]] = [
    (_garbage_config, ("file", "config")),
    (_garbage_graph, ("file", "objects/info/commit-graph")),
    (_garbage_pack, ("file", "objects/pack/pack-1.pack")),
    (_short_pack, ("file", "objects/pack/pack-1.pack")),
    (_pack_folder, ("file", "objects/pack/pack-1.idx")),
    (_all_objects, ("ref", "refs/heads/main")),
    (_ref_folder, ("index", "history")),
    (_ref_pipe, ("ref", "refs/heads/pipe")),
    (_ref_to_a_blob, ("ref", "refs/heads/tree")),
    (_ref_to_nowhere, ("ref", "refs/tags/gone")),
    (_packed_noise, ("ref", "packed-refs")),
    (_head_detached, ("ref", "HEAD")),
]


@pytest.mark.parametrize(("damage", "wanted"), DAMAGES, ids=[each[0].__name__ for each in DAMAGES])
def test_any_damage_is_a_problem(filled: Store, damage: Callable[[Path], None], wanted: tuple[str, str]) -> None:
    """And a repair of it never fails either."""
    filled.history("a")
    filled.close()
    damage(filled.path)
    report = fsck(filled)
    assert wanted in told(report)
    assert all(problem.what for problem in report.problems)
    again = fsck(filled, repair=True)
    assert again.ok or again.problems


def test_a_folder_of_packs_that_is_a_file(filled: Store) -> None:
    """Nothing of it is needed here, so everything loads."""
    _objects_file(filled.path)
    fsck(filled, repair=True)
    assert Store(filled.path).load("a").messages[0].text == "two"


def test_each_fault_of_a_ref_tells_its_remedy(filled: Store) -> None:
    """What to type."""
    _ref_to_nowhere(filled.path)
    (problem,) = fsck(filled).problems
    assert str(problem) == f"ref refs/tags/gone: it points to {'1' * 40}, which is not here"
    assert problem.remedy == "fetch it again, or take it away: git update-ref -d refs/tags/gone"


def test_what_the_system_refuses(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects, refs and packs that may not be read."""

    def refused(*_: object, **__: object) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Verifier, "_loose", refused)
    assert ("ref", "refs") in told(fsck(filled))
    monkeypatch.undo()

    def failed(*_: object, **__: object) -> Any:
        message = "git could not be started"
        raise GitFailed(message, hint="install it")

    monkeypatch.setattr(Git, "run", failed)
    report = fsck(filled)
    assert ("object", str(filled.path)) in told(report)


def test_a_store_that_cannot_be_read_at_all(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """One cause is told once."""
    (filled.path / "refs/heads/main").write_bytes(b"garbage\n")
    assert told(fsck(filled)) == [("ref", "refs/heads/main")]

    def failed(_: Store) -> Any:
        message = "no file can be read"
        raise StoreError(message, hint="look")

    monkeypatch.setattr(Store, "_reading", failed)
    report = filled.fsck()
    assert ("store", "files") in told(report)
    assert (report.prompts, report.labels) == (0, 0)


def test_a_work_tree_without_a_head(tree: Store, run: Run) -> None:
    """The files are verified all the same; a broken index of git's is named."""
    tree.save("a", prompt_of("one"))
    index = tree.path / ".git/index"
    index.write_bytes(index.read_bytes()[:-1] + b"x")
    report = fsck(tree)
    assert told(report) == [("file", "index")]
    assert report.problems[0].remedy == "make git's index again: rm .git/index && git reset"
    (tree.path / ".git/refs/heads/main").write_bytes(b"")
    assert ("ref", "refs/heads/main") in told(fsck(tree))
    del run


def test_a_reflog_of_what_is_gone(tree: Store) -> None:
    """No version is lost with it."""
    tree.save("a", prompt_of("one"))
    log = tree.path / ".git/logs/HEAD"
    rows = log.read_bytes().splitlines()
    log.write_bytes(b"\n".join([rows[0].replace(rows[0][41:81], b"1" * 40), *rows[1:], b""]))
    (problem,) = fsck(tree).problems
    assert (problem.kind, problem.place) == ("ref", "HEAD")
    assert problem.what == f"its reflog tells of commit {'1' * 40}, which is not here; no version is lost"
    assert problem.remedy == "git reflog expire --stale-fix --expire-unreachable=now HEAD"


def test_a_tree_that_is_badly_made(filled: Store, run: Run) -> None:
    """In the words of git."""
    blob = run(filled.path, "rev-parse", "HEAD:a.prompty").strip()
    raw = b"100644 .git\0" + bytes.fromhex(blob)
    (filled.path.parent / "raw").write_bytes(raw)
    tree = run(filled.path, "hash-object", "-t", "tree", "--literally", "-w", str(filled.path.parent / "raw")).strip()
    (problem,) = fsck(filled).problems
    assert problem.place == tree
    assert "the tree is badly made: hasDotgit" in problem.what


def test_an_index_that_says_something_else(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is put aside and made again."""
    filled.history("a")
    monkeypatch.setattr(History, "differences", lambda _: [("a v1", DIFFERENT)])
    report = fsck(filled, repair=True)
    assert [(each.place, each.what.partition(",")[0]) for each in report.mended] == [
        ("index.sqlite", "made again from git; it did not say what git says")
    ]
    assert (filled.path / "promptlib/damaged/index.sqlite").is_file()


def test_copies_go_on_past_what_cannot_be_read(filled: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file, a folder, HEAD: each is passed over, and what is left is looked through."""
    filled.history("a")
    assert filled._repository is not None
    assert filled._history is not None
    (tmp_path / "root").mkdir()
    (tmp_path / "root/pipe").symlink_to(tmp_path)
    home = Folder(tmp_path / "root")
    copies = Copies(home, filled._repository, "", Remembered(filled._history.index_file))
    assert copies.find("1" * 40, b"blob") is None
    assert copies.find("2" * 40, b"tree") is None
    (filled.path / "HEAD").write_bytes(b"")

    def failed(*_: object) -> Any:
        message = "no folder"
        raise StoreDamaged(message)

    monkeypatch.setattr(Folder, "walk", failed)
    again = Copies(home, filled._repository, "", Remembered(filled._history.index_file))
    assert again.find("3" * 40, b"blob") is None


# --- the listing of labels, and moving a damaged one ------------------------------------------------------------------


def test_a_label_whose_line_was_changed(tree: Store) -> None:
    """Listing labels tells no digest that the text does not have; moving the label mends it."""
    tree.save("a", prompt_of("one"))
    tree.label("a", "production", "v1")
    path = tree.path / "prompts/.labels/production/a.label"
    path.write_bytes(b"sha256:" + b"0" * 64 + path.read_bytes()[71:])
    with pytest.raises(StoreDamaged, match="does not hold what its first line says"):
        tree.labels("a")
    with pytest.raises(NotFound, match="no label 'other' on a") as caught:
        tree.load("a@other")
    assert "labels here: production" in caught.value.hint


@pytest.mark.parametrize("evidence", ["branch", "index", "line"])
def test_a_branch_that_has_gone_is_not_an_empty_store(filled: Store, run: Run, evidence: str) -> None:
    """Nothing is read as nothing, and no history begins anew."""
    filled.history("a")
    filled.close()
    if evidence == "branch":
        shutil.rmtree(filled.path / "promptlib")
        run(filled.path, "branch", "-m", "main", "other")
        run(filled.path, "symbolic-ref", "HEAD", "refs/heads/main")
        words = "; here are: refs/heads/other"
    elif evidence == "index":
        tip = run(filled.path, "rev-parse", "main").strip()
        (filled.path / "refs/heads/main").unlink()
        words = f", and the index knows commit {tip[:12]}"
    else:
        shutil.rmtree(filled.path / "promptlib")
        (filled.path / "refs/heads/main").unlink()
        (filled.path / "packed-refs").write_text("garbage\n")
        words = ", and packed-refs is damaged"
    store = Store(filled.path)
    acts: list[Callable[[], object]] = [
        store.names,
        lambda: store.load("a"),
        lambda: store.labels("a"),
        lambda: store.save("b", prompt_of("anew")),
    ]
    for act in acts:
        with pytest.raises(StoreDamaged) as caught:
            act()
        assert caught.value.what == f"HEAD names refs/heads/main, and there is no such branch{words}"
        assert "promptlib fsck --repair" in caught.value.hint


# --- for people and for programs --------------------------------------------------------------------------------------


def shell(monkeypatch: pytest.MonkeyPatch, folder: Path, *words: str) -> tuple[int, str]:
    """Run a command in *folder*."""
    monkeypatch.chdir(folder)
    MEMORY._kept.clear()
    done = CliRunner().invoke(app, ["fsck", *words])
    return done.exit_code, done.output


def test_the_words(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sound, damaged, mended."""
    filled.history("a")
    filled.close()
    assert shell(monkeypatch, filled.path) == (0, "1 prompt, 1 label, 2 versions: all is well\n")
    (filled.path / "refs/heads/main").write_bytes(b"")
    code, text = shell(monkeypatch, filled.path)
    assert code == 5
    assert text.startswith("ref  refs/heads/main  it holds '', which is no commit\n    try: promptlib fsck --repair;")
    assert text.endswith("0 prompts, 0 labels, 0 versions: 1 damaged\n")
    code, text = shell(monkeypatch, filled.path, "--repair")
    assert code == 0
    assert text.startswith("mended  ref  refs/heads/main  points to ")
    assert text.endswith("1 prompt, 1 label, 2 versions: 1 mended, all is well\n")
    assert shell(monkeypatch, filled.path)[0] == 0


def test_a_store_that_does_not_open(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same words, codes and JSON."""
    filled.close()
    (filled.path / "HEAD").unlink()
    code, text = shell(monkeypatch, filled.path)
    assert code == 5
    assert "ref  HEAD  it is missing\n    try: printf 'ref: refs/heads/main\\n' > " in text
    code, text = shell(monkeypatch, filled.path, "--json")
    assert code == 5
    assert json.loads(text)["problems"][0]["place"] == "HEAD"
    code, text = shell(monkeypatch, filled.path, "--repair", "--json")
    assert code == 0
    assert [each["what"] for each in json.loads(text)["mended"]] == ["names refs/heads/main, the one branch here"]


def test_there_is_no_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what it always says."""
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["fsck"])
    assert done.exit_code != 0


def test_everything_that_is_known_is_shown(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What still loads, where a copy lies, what helps, what is left over, what is still damaged."""
    problem = Problem("version", "a v1", "it is lost", "do this", ("a@v2", "a@production"), ("the index",))
    remark = Problem("file", "x.lock", "a lock of git's, 2 hours old", "wait")
    report = Report((problem,), 1, 2, 3, (remark,), (Problem("object", "1" * 40, "is whole again"),))
    monkeypatch.setattr(Store, "fsck", lambda *_, **__: report)
    code, text = shell(monkeypatch, filled.path)
    assert code == 5
    assert text == (
        f"mended  object  {'1' * 40}  is whole again\n"
        "version  a v1  it is lost\n"
        "    still readable: a@v2, a@production\n"
        "    a copy is left: the index\n"
        "    try: do this\n"
        "note  x.lock  a lock of git's, 2 hours old\n"
        "    try: wait\n"
        "1 prompt, 2 labels, 3 versions: 1 mended, 1 still damaged\n"
    )
    assert isinstance(prompt_of("x"), Prompt)
