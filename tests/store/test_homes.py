"""One store, many homes: bare, an application's repository, a clone, a folder, a package, a machine without git."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from promptlib import Store
from promptlib.errors import (
    Busy,
    GitFailed,
    HookChangedContent,
    InputsMismatch,
    InvalidFile,
    NotAStore,
    NotFound,
    NumberMoved,
    SaveRefused,
    StoreDamaged,
    StoreError,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_init_commits_attributes_alone(application: Path, run: Callable[..., Any]) -> None:
    """What was staged stays staged, what was edited stays edited."""
    before = run(application, "status", "--porcelain")
    Store.init(application)
    assert run(application, "status", "--porcelain") == before
    assert (
        run(application, "show", "--name-only", "--format=%s") == "Start a store of prompts\n\nprompts/.gitattributes\n"
    )
    attributes = (application / "prompts/.gitattributes").read_text()
    assert attributes == "*.prompty -text\n*.label -text\n"
    Store.init(application)
    assert run(application, "rev-list", "--count", "HEAD") == "2\n"


def test_init_needs_an_identity_in_an_application(tmp_path: Path) -> None:
    """The two commands to type are told, and no root is left behind."""
    with pytest.raises(SaveRefused, match="git does not know who you are") as caught:
        Store.init(tmp_path / "app")
    assert 'git config --global user.name "Your Name"' in caught.value.hint
    assert "git config --global user.email" in caught.value.hint
    assert not (tmp_path / "app/prompts").exists()


def test_init_bare_refuses_what_is_there(tmp_path: Path, application: Path) -> None:
    """A file, a full folder and a work tree are left alone; a bare repository is opened."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").write_text("x")
    for name, what in (("file", "is a file"), ("full", "is not empty"), ("app", "a repository with a work tree")):
        with pytest.raises(NotAStore, match=what):
            Store.init(tmp_path / name, bare=True)
    store = Store.init(tmp_path / "new.git", bare=True)
    assert repr(store) == f"Store({str(tmp_path / 'new.git')!r}, bare)"
    Store.init(tmp_path / "new.git", bare=True)
    assert len(list(store.commits())) == 0
    with pytest.raises(NotAStore, match="is a bare repository"):
        Store.init(tmp_path / "new.git")


def test_a_save_leaves_other_work_alone(
    application: Path, tree: Store, make: Callable[..., Any], run: Callable[..., Any]
) -> None:
    """Only the prompt's path is committed."""
    before = run(application, "status", "--porcelain")
    tree.save("support/triage", make("one"), message="First cut")
    assert run(application, "status", "--porcelain") == before
    assert (
        run(application, "show", "--name-only", "--format=%s|%an")
        == "First cut|Uma\n\nprompts/support/triage.prompty\n"
    )


def test_a_bare_name_is_the_file_on_disk(application: Path, tree: Store, make: Callable[..., Any]) -> None:
    """An edit is seen at once, and provenance says so."""
    tree.save("a", make("Be kind."))
    assert tree.load("a").render(question="x").provenance.version == "v1"  # type: ignore[union-attr] # a stored prompt has one
    path = application / "prompts/a.prompty"
    path.write_text(path.read_text().replace("Be kind.", "Be very kind."))
    edited = tree.load("a")
    assert edited.messages[0].text == "Be very kind."
    origin = edited.origin
    assert origin is not None
    assert (origin.version, origin.edited) == ("v1+edited", True)
    assert tree.load("a@latest").messages[0].text == "Be kind."
    assert tree.save("a", edited, message="From the editor").number == 2
    assert tree.load("a").render(question="x").provenance.version == "v2"  # type: ignore[union-attr] # a stored prompt has one


def test_a_file_that_was_never_committed(application: Path, tree: Store) -> None:
    """It loads, and has no version."""
    (application / "prompts/new.prompty").write_text("---\ndescription: New\n---\nuser:\nHello\n")
    prompt = tree.load("new")
    assert prompt.origin is not None
    assert prompt.origin.version is None
    assert tree.names() == ("new",)
    assert tree.save("new", prompt).number == 1


def test_a_broken_file_is_an_error_never_the_older_version(
    application: Path, tree: Store, make: Callable[..., Any]
) -> None:
    """The place of the mistake is told."""
    tree.save("a", make("one"))
    (application / "prompts/a.prompty").write_text("---\nmodel: [\n---\nuser:\nx\n")
    with pytest.raises(InvalidFile) as caught:
        tree.load("a")
    assert "prompts/a.prompty:" in str(caught.value)
    assert tree.load("a@latest") == make("one")


def test_an_edit_on_disk_is_not_overwritten(application: Path, tree: Store, make: Callable[..., Any]) -> None:
    """A save of something else is refused while the file is edited."""
    tree.save("a", make("one"))
    path = application / "prompts/a.prompty"
    path.write_text(path.read_text() + "edited\n")
    edited = path.read_bytes()
    with pytest.raises(Busy):
        tree.save("a", make("two"))
    assert path.read_bytes() == edited


def _hook(application: Path, script: str) -> None:
    hook = application / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\n{script}\n")
    hook.chmod(0o755)


def test_a_hook_that_refuses(application: Path, tree: Store, make: Callable[..., Any], run: Callable[..., Any]) -> None:
    """Its words are told, and everything is as it was."""
    before = run(application, "status", "--porcelain")
    _hook(application, "echo 'no prompts on Sunday' >&2; exit 1")
    with pytest.raises(SaveRefused, match="no prompts on Sunday"):
        tree.save("a", make("one"))
    assert run(application, "status", "--porcelain") == before
    assert not (application / "prompts/a.prompty").exists()


def test_a_hook_that_rewrites(application: Path, tree: Store, make: Callable[..., Any]) -> None:
    """A commit of other bytes is never acknowledged as the given ones."""
    _hook(application, "sed -i 's/one/two/' prompts/a.prompty && git add prompts/a.prompty")
    with pytest.raises(HookChangedContent, match="holds other bytes"):
        tree.save("a", make("one"))
    assert tree.load("a").messages[0].text == "two"


def test_an_identity_is_needed_to_save(
    application: Path, tree: Store, make: Callable[..., Any], run: Callable[..., Any]
) -> None:
    """Without one the commands are told and nothing is made."""
    run(application, "config", "--unset", "user.email")
    with pytest.raises(SaveRefused) as caught:
        tree.save("a", make("one"))
    assert "user.email" in str(caught.value)
    assert not (application / "prompts/a.prompty").exists()


@pytest.mark.parametrize("kind", ["bare", "tree"])
def test_a_shallow_clone_and_a_plain_copy(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, make: Callable[..., Any], run: Callable[..., Any]
) -> None:
    """Labels load by their files; numbers are unknown, and that is said."""
    store: Store = request.getfixturevalue(kind)
    store.save("a", make("one"))
    store.label("a", "production", "v1")
    store.save("a", make("two"))
    run(tmp_path, "clone", "-q", "--depth", "1", f"file://{store.path}", "clone")
    clone = Store(tmp_path / "clone")
    assert clone.load("a@production") == make("one")
    assert clone.load("a") == make("two")
    assert [version.number for version in clone.history("a")] == [None]
    assert str(clone.version("a")).startswith("a v? (")
    with pytest.raises(NotFound, match="a has no numbers here: this clone is shallow") as caught:
        clone.load("a@v1")
    assert "git fetch --unshallow" in caught.value.hint
    assert clone.labels("a")["production"].number is None
    again = clone.save("a", make("two"))
    assert (again.outcome, again.number) == ("unchanged", None)
    shutil.copytree(tmp_path / "clone", tmp_path / "copy", ignore=shutil.ignore_patterns(".git"))
    copy = Store(tmp_path / "copy")
    assert copy.load("a@production") == make("one")
    assert copy.load("a") == make("two")
    assert copy.load(f"a#{make('one').digest[7:]}") == make("one")
    assert copy.names() == ("a",)
    assert copy.fsck().ok
    with pytest.raises(NotFound, match="this folder has no history") as missing:
        copy.load("a@v1")
    assert "here are: a, a@production" in missing.value.hint
    with pytest.raises(NotFound, match="has no history: it is a folder without git"):
        copy.history("a")


def test_a_squash_keeps_what_labels_say(
    application: Path, tree: Store, make: Callable[..., Any], run: Callable[..., Any]
) -> None:
    """The label's file holds the text, so no rewriting of history takes it away."""
    start = run(application, "rev-parse", "HEAD").strip()
    tree.save("a", make("one"))
    tree.label("a", "production", "v1")
    tree.save("a", make("two"))
    run(application, "stash", "-q")
    run(application, "reset", "-q", "--soft", start)
    run(application, "commit", "-q", "-m", "Squashed")
    assert tree.load("a@production") == make("one")
    assert [version.digest for version in tree.history("a")] == [make("two").digest]
    with pytest.raises(NotFound, match="a has no version #"):
        tree.load(f"a#{make('one').digest[7:15]}")


def test_a_number_that_moved(application: Path, tree: Store, make: Callable[..., Any], run: Callable[..., Any]) -> None:
    """`name@v1#digest` never returns other content."""
    start = run(application, "rev-parse", "HEAD").strip()
    first = tree.save("a", make("one"))
    run(application, "stash", "-q")
    run(application, "reset", "-q", "--hard", start)
    tree.save("a", make("two"))
    with pytest.raises(NumberMoved, match=r"a@v1 is sha256:\w+ now, not #") as caught:
        tree.load(first.ref)
    assert "nowhere in this history" in caught.value.hint
    tree.save("a", make("one"))
    with pytest.raises(NumberMoved) as moved:
        tree.load(first.ref)
    assert f"that content is a@v2#{first.short}" in moved.value.hint


def test_unpushed_numbers_are_provisional(
    tmp_path: Path, bare: Store, make: Callable[..., Any], run: Callable[..., Any]
) -> None:
    """They may still move."""
    bare.save("a", make("one"))
    run(tmp_path, "clone", "-q", str(bare.path), "clone")
    run(tmp_path / "clone", "config", "user.name", "Uma")
    run(tmp_path / "clone", "config", "user.email", "uma@example.com")
    clone = Store(tmp_path / "clone")
    assert str(clone.save("a", make("two"))).startswith("a v2~ (")
    assert [version.provisional for version in clone.history("a")] == [False, True]


def test_a_package_carries_prompts(
    tmp_path: Path, make: Callable[..., Any], bare: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They load by name and label, as installed package data."""
    from promptlib import codec

    folder = tmp_path / "somepackage/prompts/support"
    folder.mkdir(parents=True)
    (tmp_path / "somepackage/__init__.py").touch()
    (folder / "triage.prompty").write_bytes(codec.write(make("one")))
    monkeypatch.syspath_prepend(tmp_path)
    store = Store.package("somepackage")
    assert store.names() == ("support/triage",)
    assert store.load("support/triage") == make("one")
    with pytest.raises(NotFound, match="no package 'nosuchpackage'"):
        Store.package("nosuchpackage")
    with pytest.raises(NotFound, match="has no folder 'elsewhere'"):
        Store.package("somepackage", "elsewhere")
    sys.modules.pop("somepackage", None)


def test_a_root_of_its_own(application: Path, make: Callable[..., Any], run: Callable[..., Any]) -> None:
    """`[tool.promptlib] root` says where."""
    (application / "pyproject.toml").write_text('[tool.promptlib]\nroot = "src/app/prompts"\n')
    store = Store.init(application)
    store.save("a", make("one"))
    assert (application / "src/app/prompts/a.prompty").is_file()
    assert Store(application).load("a") == make("one")
    assert store.history("a")[0].number == 1


@pytest.mark.parametrize("root", ["../outside", "/etc", "", ".git", "a\\b", 3])
def test_a_root_outside_is_refused(application: Path, root: object) -> None:
    """No setting leads out of the project."""
    (application / "pyproject.toml").write_text(f"[tool.promptlib]\nroot = {root!r}\n".replace("\\\\", "\\"))
    with pytest.raises(StoreError, match=r"is no folder inside the project|cannot be read"):
        Store(application)


def test_the_store_around_the_working_directory(
    application: Path, tree: Store, make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From any folder below; without a store the commands to make one are told."""
    tree.save("a", make("one"))
    (application / "deep/down").mkdir(parents=True)
    monkeypatch.chdir(application / "deep/down")
    assert Store.open().load("a") == make("one")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(NotAStore, match="no store in ") as caught:
        Store.open()
    assert "promptlib init" in caught.value.hint


def test_paths_that_are_no_store(tmp_path: Path, application: Path) -> None:
    """A file, nothing, a folder and a repository without prompts."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    for name, what in (
        ("file", "is a file"),
        ("nothing", "does not exist"),
        ("empty", "this folder has no prompts/"),
        ("app", "this repository has no prompts/"),
    ):
        with pytest.raises(NotAStore, match=what) as caught:
            Store(tmp_path / name)
        assert "promptlib init" in caught.value.hint


class Other(BaseModel):
    """A model that the prompts do not fit."""

    answer: str


def test_inputs_are_checked_field_by_field(bare: Store, make: Callable[..., Any]) -> None:
    """The model given to load must be assignable."""
    bare.save("a", make("one"))
    with pytest.raises(InputsMismatch) as caught:
        bare.load("a", inputs=Other)
    assert "question" in str(caught.value)
    assert "answer" in str(caught.value)


def test_links_are_no_prompts(application: Path, tree: Store, make: Callable[..., Any], tmp_path: Path) -> None:
    """A link would read any file of the machine."""
    (tmp_path / "secret").write_text("---\ndescription: x\n---\nuser:\nsecret\n")
    (application / "prompts/a.prompty").symlink_to(tmp_path / "secret")
    with pytest.raises(StoreDamaged, match=r"prompts/a\.prompty is a link"):
        tree.load("a")


def test_a_damaged_label_is_told(application: Path, tree: Store, make: Callable[..., Any]) -> None:
    """Neither a changed text nor a changed first line passes."""
    tree.save("a", make("one"))
    tree.label("a", "production", "v1")
    path = application / "prompts/.labels/production/a.label"
    sound = path.read_bytes()
    path.write_bytes(sound.replace(b"one", b"two"))
    with pytest.raises(StoreDamaged, match="does not hold what its first line says"):
        tree.load("a@production")
    path.write_bytes(b"not a digest\n" + sound)
    with pytest.raises(StoreDamaged, match="its first line is not a digest"):
        tree.load("a@production")
    assert [problem.kind for problem in tree.fsck().problems] == ["label"]


def test_without_git_a_work_tree_is_a_folder(
    application: Path, tree: Store, make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loading from disk and rendering still work; what needs git says that it is missing."""
    tree.save("a", make("one"))
    tree.label("a", "production", "v1")
    monkeypatch.setenv("PATH", "")
    store = Store(application)
    assert store.load("a@production") == make("one")
    rendered = store.load("a").render(question="Why?")
    assert rendered.messages[1].text == "Why?"
    with pytest.raises(GitFailed, match="git"):
        store.save("a", make("two"))


def test_an_edited_file_is_saved_with_its_comments(application: Path, tree: Store, make: Callable[..., Any]) -> None:
    """What a person wrote is committed as they wrote it."""
    tree.save("a", make("one"))
    path = application / "prompts/a.prompty"
    path.write_text("---\n# mine\n" + path.read_text().removeprefix("---\n").replace("one", "two"))
    edited = path.read_bytes()
    assert tree.save("a", tree.load("a")).number == 2
    assert path.read_bytes() == edited
    assert tree.file("a@latest") == tree.file("a") == edited


def test_a_file_is_kept_to_the_byte(store: Store, make: Callable[..., Any]) -> None:
    """Every ref gives the file that was committed; another content than the prompt's is refused."""
    from promptlib import codec

    file = codec.write(make("one")).replace(b"---\n", b"---\n# why\n", 1)
    version = store.save("a", make("one"), file=file)
    store.label("a", "production", version)
    store.save("a", make("two"))
    for ref in ("a@v1", "a@production", f"a#{version.short}"):
        assert store.file(ref) == file
    assert b"# why" in store.file("a")
    with pytest.raises(StoreDamaged, match="would not read back as it was given"):
        store.save("a", make("three"), file=file)
    with pytest.raises(NotFound):
        store.file("b")


def test_files_of_a_folder(application: Path, tree: Store, make: Callable[..., Any], tmp_path: Path) -> None:
    """A copy without git gives them too."""
    version = tree.save("a", make("one"))
    tree.label("a", "production", version)
    first = tree.file("a")
    tree.save("a", make("two"))
    shutil.copytree(application / "prompts", tmp_path / "copy/prompts")
    copy = Store(tmp_path / "copy")
    assert copy.file("a@production") == copy.file(f"a#{version.digest[7:]}") == first
    assert copy.file("a") == tree.file("a") != first
