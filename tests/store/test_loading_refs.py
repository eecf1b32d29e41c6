"""Every spelling of a ref, in every home, and what is said where it leads nowhere."""

from __future__ import annotations

import shutil
import sys
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Store, codec
from promptlib.errors import BadRef, Conflict, InvalidFile, NotFound, SaveRefused, StoreDamaged, StoreError
from promptlib.refs import Ref
from promptlib.store import past

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from promptlib import Prompt

    Make = Callable[..., Prompt[Any]]
    Run = Callable[..., str]


@pytest.fixture
def filled(store: Store, make: Make) -> Store:
    """A store with two versions of a prompt, the first one labelled."""
    store.save("support/a", make("one"))
    store.save("support/a", make("two"))
    store.label("support/a", "production", "v1")
    return store


@pytest.mark.parametrize(
    ("ref", "text"),
    [
        ("support/a", "two"),
        ("support/a@latest", "two"),
        ("support/a@v1", "one"),
        ("support/a@production", "one"),
        ("support/a#{one}", "one"),
        ("support/a#{One}", "one"),
        ("support/a#sha256:{One}", "one"),
        ("support/a@v1#{one}", "one"),
        ("support/a@latest#{two}", "two"),
        ("support/a@production#{one}", "one"),
        ("prompts:/support/a/1", "one"),
        ("prompts:/support/a@production", "one"),
        ("prompts:/support/a@v2", "two"),
    ],
)
def test_every_spelling(filled: Store, make: Make, ref: str, text: str) -> None:
    """A text and a `Ref` mean the same, and so does a transaction; the file is the stored one."""
    one, two = (make(word).digest[7:] for word in ("one", "two"))
    written = ref.format(one=one[:8], One=one, two=two[:8])
    assert filled.load(written) == make(text)
    assert filled.load(Ref.parse(written)) == make(text)
    with filled.transaction("Nothing") as transaction:
        assert transaction.load(written) == make(text)
    assert filled.version(written).digest == make(text).digest
    assert codec.read(filled.file(written)) == make(text)


def test_a_ref_with_a_digest_refuses_other_content(filled: Store, make: Make) -> None:
    """What the newest and a label are now, and how to get the content, is told."""
    one, two = (make(word).digest[7:15] for word in ("one", "two"))
    for ref, what in (
        (f"support/a@latest#{one}", f"the newest version of support/a is sha256:{two} now, not #{one}"),
        (f"support/a@production#{two}", f"the label 'production' on support/a is sha256:{one} now, not #{two}"),
    ):
        for verb in (filled.load, filled.version):
            with pytest.raises(Conflict) as caught:
                verb(ref)
            assert caught.value.what == what
            assert caught.value.hint == f"load support/a#{ref[-8:]} to get that content"
        with filled.transaction("Load") as transaction, pytest.raises(Conflict):
            transaction.load(ref)


def test_what_is_not_there_is_told_with_what_there_is(filled: Store, make: Make) -> None:
    """The nearest names, the labels, the versions."""
    one, two = (make(word).digest[7:15] for word in ("one", "two"))
    versions = f"2 versions are there: v1 {one}, v2 {two}"
    for ref, what, hint in (
        ("support/b", "no prompt 'support/b' here", "did you mean 'support/a'? names here: support/a"),
        ("suport/a@latest", "no prompt 'suport/a' here", "did you mean 'support/a'? names here: support/a"),
        ("support/a@v9", "support/a has no version v9", versions),
        ("support/a#00000000", "support/a has no version #00000000", versions),
        (
            "support/a@producton",
            "no label 'producton' on support/a",
            "did you mean 'production'? labels here: production\nset it: promptlib label support/a producton VERSION",
        ),
    ):
        with pytest.raises(NotFound) as caught:
            filled.load(ref)
        assert (caught.value.what, caught.value.hint) == (what, hint)


def test_only_the_newest_versions_are_listed(bare: Store, make: Make) -> None:
    """An error is no history."""
    for number in range(10):
        bare.save("a", make(str(number)))
    with pytest.raises(NotFound) as caught:
        bare.load("a@v99")
    assert caught.value.hint.startswith("10 versions are there, the newest: v3 ")


def test_a_deleted_name_is_told_everywhere(filled: Store) -> None:
    """Its history stays."""
    filled.delete("support/a")
    with pytest.raises(NotFound, match="support/a was deleted in ") as caught:
        filled.version("support/a@latest")
    assert "2 versions are there" in caught.value.hint
    for ref in ("support/a", "support/a@latest", "support/a@production"):
        with pytest.raises(NotFound, match="support/a was deleted in "):
            filled.load(ref)
    assert [version.number for version in filled.history("support/a")] == [1, 2]
    assert filled.lineage("support/a@v2").node.number == 2


def test_a_shallow_clone_lists_no_numbers(filled: Store, make: Make, tmp_path: Path, run: Run) -> None:
    """Nor does a save there get one."""
    run(tmp_path, "clone", "-q", "--depth", "1", f"file://{filled.path}", "clone")
    run(tmp_path / "clone", "config", "user.name", "Uma")
    run(tmp_path / "clone", "config", "user.email", "uma@example.com")
    clone = Store(tmp_path / "clone")
    with pytest.raises(NotFound) as caught:
        clone.load("support/a#00000000")
    assert caught.value.hint == f"1 versions are there: #{make('two').digest[7:15]}"
    with clone.transaction("Save") as transaction:
        assert transaction.save("support/a", make("three")).number is None
    assert [version.number for version in clone.history("support/a")] == [None, None]


def test_a_folder_has_no_history(filled: Store, make: Make, tmp_path: Path, run: Run) -> None:
    """A digest that is there is met, from the file or the label; another, and a name that is not, are told."""
    run(tmp_path, "clone", "-q", f"file://{filled.path}", "clone")
    shutil.copytree(tmp_path / "clone", tmp_path / "copy", ignore=shutil.ignore_patterns(".git"))
    with Store(tmp_path / "copy") as copy:
        for text in ("one", "two"):
            ref = Ref.parse(f"support/a#{make(text).digest[7:15]}")
            assert copy.load(ref) == make(text)
            assert codec.read(copy.file(ref)) == make(text)
        for unknown in ("support/a#00000000", f"support/a#{'0' * 64}", "support/a@latest"):
            with pytest.raises(NotFound, match="is not here: this folder has no history") as caught:
                copy.load(unknown)
            assert caught.value.hint == "here are: support/a, support/a@production"
        with pytest.raises(NotFound, match="no prompt 'support/b' here"):
            copy.load("support/b#00000000")
        for verb in (copy.version, copy.history, copy.lineage, copy.labels):
            with pytest.raises(NotFound, match="it is a folder without git"):
                verb("support/a")


def test_a_zipped_package(tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Package data is read where there are no files at all."""
    with zipfile.ZipFile(tmp_path / "zipped.zip", "w") as archive:
        archive.writestr("zippedprompts/__init__.py", "")
        archive.writestr("zippedprompts/prompts/team/a.prompty", codec.write(make("one")))
        archive.writestr("zippedprompts/prompts/.labels/production/team/a.label", b"")
    monkeypatch.syspath_prepend(tmp_path / "zipped.zip")
    store = Store.package("zippedprompts")
    assert store.names() == ("team/a",)
    assert store.load("team/a") == make("one")
    with pytest.raises(NotFound, match="no prompt 'b' here"):
        store.load("b")
    with pytest.raises(StoreDamaged, match="is no label"):
        store.load("team/a@production")
    sys.modules.pop("zippedprompts", None)


def test_without_git_nothing_is_known_of_versions(
    application: Path, tree: Store, make: Make, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files and labels load, names that are not there are told, and a prompt says that it knows no version."""
    tree.save("a", make("one"))
    tree.label("a", "production", "v1")
    run(application, "gc", "-q")
    shutil.rmtree(application / ".git/promptlib")
    monkeypatch.setenv("PATH", "")
    store = Store(application)
    for ref in ("a", "a@production"):
        loaded = store.load(ref)
        assert loaded == make("one")
        assert loaded.origin.version is None  # type: ignore[union-attr] # a stored prompt has one
        assert loaded.render(question="x").provenance.digest == make("one").digest  # type: ignore[union-attr] # a stored prompt has one
    with pytest.raises(NotFound, match="no prompt 'b' here") as caught:
        store.load("b")
    assert "names here: a" in caught.value.hint


def test_a_history_that_was_rewritten_since(application: Path, tree: Store, make: Make, run: Run) -> None:
    """A prompt that was loaded before says that it has no number any more."""
    start = run(application, "rev-parse", "HEAD").strip()
    tree.save("a", make("one"))
    loaded = tree.load("a")
    run(application, "stash", "-q")
    run(application, "reset", "-q", "--hard", start)
    tree.save("b", make("two"))
    assert loaded.origin.version is None  # type: ignore[union-attr] # a stored prompt has one


def test_parts_of_a_ref_that_are_no_text(store: Store, make: Make) -> None:
    """A `Ref` made by hand is checked like a text."""
    store.save("a", make("one"))
    for ref in (Ref(3), Ref("a", label=3), Ref("../a"), Ref("a", label="../a")):  # type: ignore[arg-type] # on purpose
        with pytest.raises(BadRef):
            store.load(ref)


def test_an_index_is_opened_once(bare: Store, make: Make) -> None:
    """Also by two threads that come at the same time."""
    bare.save("a", make("one"))
    history = bare._history
    assert history is not None
    index = history.index
    history._open_index()
    assert history.index is index


def test_what_was_found_is_forgotten_in_time(bare: Store, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that asks for every version does not grow for ever."""
    monkeypatch.setattr(past, "_MOST_FOUND", 2)
    for text in ("one", "two", "three"):
        bare.save("a", make(text))
    for _ in range(2):
        assert [bare.load(f"a@v{number}") for number in (1, 2, 3)] == [make(text) for text in ("one", "two", "three")]
    assert len(bare._history._found) <= 2  # type: ignore[union-attr] # a bare store has a history


def test_a_digest_that_the_index_lost(bare: Store, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is damage, and is told as such; the content is never guessed."""
    bare.save("a", make("one"))
    history = bare._history
    assert history is not None
    monkeypatch.setattr(history.index, "digest_of", lambda _: "")
    with pytest.raises(StoreDamaged, match="a v1 has no digest in the index"):
        bare.load("a@v1")


@pytest.mark.parametrize("settings", ["[tool.promptlib\n", "\xff"])
def test_settings_that_cannot_be_read(application: Path, tree: Store, settings: str) -> None:
    """They could name another root: nothing is guessed."""
    (application / "pyproject.toml").write_bytes(settings.encode("latin-1"))
    with pytest.raises(StoreError, match=r"pyproject\.toml cannot be read") as caught:
        Store(application)
    assert caught.value.hint == "mend the file first"


def test_settings_of_others(application: Path, tree: Store, make: Make) -> None:
    """A project without settings of ours has its prompts where they always are."""
    (application / "pyproject.toml").write_text("[tool.other]\nroot = 'x'\n")
    tree.save("a", make("one"))
    assert Store(application).load("a") == make("one")


def test_init_without_an_identity_leaves_a_repository_as_it_was(tmp_path: Path, run: Run) -> None:
    """One that is there is not taken away."""
    run(tmp_path, "init", "-q", "app")
    with pytest.raises(SaveRefused):
        Store.init(tmp_path / "app")
    assert (tmp_path / "app/.git").is_dir()
    assert not (tmp_path / "app/prompts").exists()


def test_a_broken_file_tells_its_place_in_every_home(filled: Store, tmp_path: Path) -> None:
    """Path, line and column, as an editor opens them."""
    (tmp_path / "folder/prompts").mkdir(parents=True)
    (tmp_path / "folder/prompts/a.prompty").write_text(
        "---\ninputs:\n  x: {type: string}\n  x: {type: string}\n---\nuser:\nx\n"
    )
    with pytest.raises(InvalidFile, match=r"prompts/a\.prompty:4:3"):
        Store(tmp_path / "folder").load("a")


def test_the_bytes_of_a_name_are_there_though_they_are_no_prompt(store: Store, tree: Store, make: Make) -> None:
    """How errors call the file comes with them; only files on disk have a place there."""
    store.save("a/b", make("one"))
    shown, data = store.raw("a/b")
    assert shown.endswith("a/b.prompty")
    assert data == store.file("a/b")
    with pytest.raises(NotFound, match="no prompt 'a/c'"):
        store.raw("a/c")
    tree.save("c", make("one"))
    path = tree.file_path("c")
    assert path is not None
    path.write_bytes(b"\xff")
    assert tree.raw("c") == ("prompts/c.prompty", b"\xff")


def test_only_files_on_disk_have_a_place_there(bare: Store, tree: Store) -> None:
    """A bare store has its prompts in git alone."""
    assert bare.file_path("a") is None
    assert tree.file_path("a/b") == tree.path / "prompts/a/b.prompty"
