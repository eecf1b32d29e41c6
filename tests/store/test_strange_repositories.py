"""Strange but honest repositories: each is served, or says at once why not and what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Store
from promptlib.errors import Busy, GitFailed, NotAStore, NotFound, SaveRefused, StoreDamaged, StoreError
from tests.hostile import configure, snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptlib import Prompt

    Make = Callable[..., Prompt[Any]]
    Run = Callable[..., str]


@pytest.fixture
def one(tree: Store, make: Make) -> Store:
    """An application's store with two versions of `a`, the first of them live, and `deep/b`."""
    tree.save("a", make("one"))
    tree.label("a", "production", "v1")
    tree.save("a", make("two"))
    tree.save("deep/b", make("b"))
    return tree


def served(path: Path) -> None:
    """Read all of the store of `one` anew."""
    with Store(path) as store:
        assert store.names() == ("a", "deep/b")
        assert [version.number for version in store.history("a")] == [1, 2]
        assert [store.load(ref).messages[0].text for ref in ("a", "a@v1", "a@production", "a@latest")] == [
            *("two", "one", "one", "two")
        ]
        assert store.fsck().ok


@pytest.mark.parametrize(
    "name",
    [
        *(b"a space", b"new\nline", b"end\n", b"b\xff\xfe", "u\u0308\u202e\u200b".encode(), b"-rf", b"--help"),
        *(b"'\"$(id)`;", b"x?y#z%41", b"a:b", b"\x1b[31m", b"d" * 250, b"[a]", b"*", b"a\\b", b"ext::sh -c x"),
    ],
)
@pytest.mark.parametrize("bare", [True, False])
def test_any_path(tmp_path: Path, make: Make, run: Run, name: bytes, *, bare: bool) -> None:
    """Blanks, line ends, other bytes, options, quotes, what looks like an address: a folder is a folder."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    if not bare:
        path.mkdir()
        run(path, "init", "-q")
        configure(path / ".git/config", {"user.name": "Uma", "user.email": "uma@example.org"})
    with Store.init(path, bare=bare) as store:
        store.save("a", make("one"))
        store.label("a", "production", "v1")
    with Store(path) as again:
        assert [version.number for version in again.history("a")] == [1]
        assert again.load("a@production") == make("one")
        assert again.fsck().ok
        assert ((path if bare else path / ".git") / "promptlib/index.sqlite").is_file()
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


def test_a_path_of_three_thousand_characters(tmp_path: Path, make: Make) -> None:
    path = tmp_path.joinpath(*["d" * 200] * 14)
    path.mkdir(parents=True)
    with Store.init(path / "s.git", bare=True) as store:
        assert store.save("a", make("one")).number == 1
        assert store.fsck().ok


@pytest.mark.parametrize("path", ["x" * 300, "x/" * 3000, "a\0b", "\ud800"])
def test_what_is_no_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.chdir(tmp_path)
    for ask in (Store, Store.open, Store.init, lambda each: Store.init(each, bare=True)):
        with pytest.raises(NotAStore, match="is no path of this system"):
            ask(path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "settings",
    [
        *({"core.autocrlf": "true"}, {"core.autocrlf": "input"}, {"core.eol": "crlf"}, {"core.ignorecase": "true"}),
        *({"core.precomposeunicode": "true"}, {"core.fileMode": "false"}, {"core.symlinks": "false"}),
        *({"index.version": "4"}, {"feature.manyFiles": "true"}, {"core.splitIndex": "true"}, {"log.follow": "true"}),
        *({"diff.orderFile": "code.py"}, {"diff.relative": "true"}, {"color.ui": "always"}, {"core.abbrev": "4"}),
        *({"log.showSignature": "true"}, {"log.diffMerges": "off"}, {"diff.renames": "copies"}, {"log.date": "iso"}),
        *({"i18n.logOutputEncoding": "latin1"}, {"i18n.commitEncoding": "latin1"}, {"format.pretty": "oneline"}),
        *({"commit.verbose": "true"}, {"commit.cleanup": "scissors"}, {"core.commentChar": "o"}, {"log.mailmap": "1"}),
        *(
            {"core.preferSymlinkRefs": "true"},
            {"core.logAllRefUpdates": "always"},
            {"gc.auto": "1"},
            {"core.bare": "no"},
        ),
        *(
            {"extensions.worktreeConfig": "true", "core.repositoryFormatVersion": "1"},
            {"status.relativePaths": "false"},
        ),
        {"core.worktree": "../"},
    ],
    ids=str,
)
def test_a_users_settings_change_nothing(one: Store, make: Make, run: Run, settings: dict[str, str]) -> None:
    """What is read, the bytes of a file, and the words of a message."""
    configure(one.path / ".git/config", settings)
    shutil.rmtree(one.path / ".git/promptlib")
    served(one.path)
    message = "one\n\n# ------------------------ >8 ------------------------\nother #words"
    with Store(one.path) as store:
        version = store.save("c", make("c\r\nd"), message=message)
        assert store.version("c@v1").message == message
        run(one.path, "checkout", "-q", "HEAD", "--", "prompts")
        assert store.load("c") == store.load("c@v1") == make("c\r\nd")
        assert version.commit == run(one.path, "rev-parse", "HEAD").strip()
        assert store.fsck().ok


def test_line_ends_that_git_changes_are_told(one: Store, make: Make, run: Run) -> None:
    """Without our .gitattributes git commits other bytes: said at once, with what exempts the files."""
    run(one.path, "config", "core.autocrlf", "input")
    run(one.path, "rm", "-q", "prompts/.gitattributes")
    run(one.path, "commit", "-q", "-m", "No attributes")
    text = one.file("a").replace(b"\n", b"\r\n")
    with pytest.raises(StoreError, match="a hook or filter of this repository changed") as caught:
        one.save("c", make("two"), file=text)
    assert "*.prompty -text" in caught.value.hint


def test_a_sparse_checkout(one: Store, make: Make, run: Run) -> None:
    """What it leaves out is said to be left out, whole or in part; nothing is taken for missing or deleted."""
    run(one.path, "sparse-checkout", "set", "--cone", "prompts/other")
    with Store(one.path) as store:
        assert store.load("a").messages[0].text == "two"
        with pytest.raises(NotFound, match=r"prompts/deep/b\.prompty is committed and is not on disk") as missing:
            store.load("deep/b")
        assert "sparse" in missing.value.hint
        assert store.load("deep/b@latest") == make("b")
        with pytest.raises(Busy, match="is committed and is not on disk") as busy:
            store.save("deep/b", make("c"))
        assert "git sparse-checkout add prompts/deep" in busy.value.hint
        with pytest.raises(SaveRefused, match="sparse"):
            store.save("deep/new", make("c"))
        assert len(store.history("a")) == 2
    run(one.path, "sparse-checkout", "set", "--cone", "src")
    for ask in (Store, Store.init):
        with pytest.raises(StoreError, match=r"prompts/ is committed in .* and is not on disk") as caught:
            ask(one.path)
        assert "git sparse-checkout add prompts" in caught.value.hint
    run(one.path, "sparse-checkout", "disable")
    served(one.path)


@pytest.mark.parametrize("flag", ["--skip-worktree", "--assume-unchanged"])
def test_a_prompt_that_git_is_told_to_pass_over(one: Store, make: Make, run: Run, flag: str) -> None:
    """Its save is made, or refused with the command that ends it; and the file is as it was."""
    run(one.path, "update-index", flag, "prompts/a.prompty")
    before = (one.path / "prompts/a.prompty").read_bytes()
    if flag == "--assume-unchanged":
        assert one.save("a", make("three")).number == 3
        assert one.load("a@v3") == make("three")
        return
    with pytest.raises(SaveRefused, match="nothing was changed") as caught:
        one.save("a", make("three"))
    assert "git update-index --no-skip-worktree prompts/a.prompty" in caught.value.hint
    assert (one.path / "prompts/a.prompty").read_bytes() == before
    served(one.path)


def test_the_folder_of_git_is_no_store(one: Store) -> None:
    """The root of an application is beside it."""
    with pytest.raises(NotAStore, match="is no store: this repository has no prompts/"):
        Store(one.path / ".git")


def test_a_missing_prompt_where_git_cannot_be_read(one: Store) -> None:
    """It is missing all the same, and no prompt is said to be committed."""
    with Store(one.path) as store:
        assert len(store.history("a")) == 2
        shutil.rmtree(one.path / ".git/objects")
        (one.path / ".git/objects").mkdir()
        (one.path / "prompts/a.prompty").unlink()
        with Store(one.path) as fresh, pytest.raises((NotFound, StoreError)):
            fresh.load("a")


def test_prompts_that_are_ignored(one: Store, make: Make) -> None:
    """No new file is taken there: git's words are shown, and no file is left."""
    (one.path / ".git/info").mkdir(exist_ok=True)
    (one.path / ".git/info/exclude").write_text("prompts/\n")
    with pytest.raises(SaveRefused, match="ignored by one of your"):
        one.save("new", make("new"))
    assert not (one.path / "prompts/new.prompty").exists()
    assert one.save("a", make("three")).number == 3


def test_core_bare_contradicts_what_is_there(one: Store, tmp_path: Path, make: Make, run: Run) -> None:
    """True beside files: refused, since names would be others; false in a bare repository: that is one all the same."""
    run(one.path, "config", "core.bare", "true")
    with pytest.raises(StoreError, match=r"core\.bare in .* says that there are no files") as caught:
        Store(one.path)
    assert f"git -C {one.path} config core.bare false" in caught.value.hint
    run(one.path / ".git", "config", "core.bare", "false")
    served(one.path)
    with Store.init(tmp_path / "p.git", bare=True) as bare:
        bare.save("a", make("one"))
        run(bare.path, "config", "core.bare", "false")
        with Store(bare.path) as again:
            assert again.save("a", make("two")).number == 2


def test_a_bare_repository_must_be_named(bare: Store, make: Make, run: Run, tmp_path: Path) -> None:
    """safe.bareRepository=explicit: opening a store by its path is naming it; the user's identity is found."""
    home = Path(os.environ["HOME"]) / ".gitconfig"
    assert not home.exists()
    home.write_text("[safe]\nbareRepository = explicit\n[user]\nname = Uma\nemail = uma@example.org\n")
    try:
        version = Store(bare.path).save("a", make("one"))
        assert (version.author, version.email) == ("Uma", "uma@example.org")
        assert bare.fsck().ok
    finally:
        home.unlink()


def test_head_is_a_link(one: Store, make: Make) -> None:
    """As git wrote it once, and still does with core.preferSymlinkRefs: no detached HEAD, and an unborn branch too."""
    head = one.path / ".git/HEAD"
    head.unlink()
    head.symlink_to("refs/heads/main")
    served(one.path)
    assert Store(one.path).save("a", make("three")).number == 3
    head.unlink()
    head.symlink_to("../../../etc/passwd")
    with pytest.raises((StoreDamaged, NotAStore)):
        Store(one.path).names()
        Store(one.path).load("a@latest")


@pytest.mark.parametrize(
    "reference",
    [
        *("refs/heads/\u00fcbung", "refs/heads/a.b@c", "refs/heads/-x", "refs/foo/bar", "refs/remotes/origin/x"),
        *("refs/heads/a/b/c/d", "refs/heads/x'y\"z;$(id)", "refs/heads/" + "n" * 200, "refs/heads/HEAD"),
    ],
)
def test_head_points_anywhere(tmp_path: Path, make: Make, run: Run, reference: str) -> None:
    run(tmp_path, "init", "-q", "--bare", "new.git")
    run(tmp_path / "new.git", "symbolic-ref", "HEAD", reference)
    with Store(tmp_path / "new.git") as store:
        assert store.save("a", make("one")).number == 1
        assert store.save("a", make("two"), expect="v1").number == 2
        assert run(store.path, "rev-parse", "--verify", reference).strip() == store.version("a").commit


def test_only_packed_refs(one: Store, make: Make, run: Run) -> None:
    run(one.path, "pack-refs", "--all", "--prune")
    run(one.path, "gc", "-q", "--prune=now")
    assert not list((one.path / ".git/refs/heads").iterdir())
    served(one.path)
    assert one.save("a", make("three")).number == 3


def test_each_work_tree_has_its_settings_and_its_head(one: Store, make: Make, run: Run, tmp_path: Path) -> None:
    run(one.path, "config", "extensions.worktreeConfig", "true")
    run(one.path, "worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    run(tmp_path / "linked", "config", "--worktree", "user.name", "Side")
    with Store(tmp_path / "linked") as linked:
        assert linked.save("a", make("side")).author == "Side"
    served(one.path)
    run(one.path, "worktree", "lock", str(tmp_path / "linked"))
    (tmp_path / "linked").rename(tmp_path / "moved")
    served(one.path)
    with Store(tmp_path / "moved") as moved:
        assert moved.load("a").messages[0].text == "side"


def test_a_submodule_is_a_store_of_its_own(one: Store, make: Make, run: Run, tmp_path: Path) -> None:
    """Its checkout is served; the store around it neither saves into it nor takes its files for versions."""
    with Store.init(tmp_path / "lib.git", bare=True) as library:
        library.save("a", make("lib"))
    run(
        one.path, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(tmp_path / "lib.git"), "prompts/lib"
    )
    configure(one.path / ".git/modules/prompts/lib/config", {"user.name": "Uma", "user.email": "uma@example.org"})
    run(one.path, "commit", "-q", "-m", "Submodule", "--", "prompts/lib", ".gitmodules")
    with Store(one.path / "prompts/lib") as inside:
        assert inside.names() == ("a",)
        assert inside.save("b", make("b")).number == 1
        assert len(inside.history("a")) == 1
    with pytest.raises(SaveRefused, match="is a repository of its own"):
        one.save("lib/c", make("c"))
    with pytest.raises(NotFound):
        one.load("lib/a@latest")
    (one.path / "prompts/lib/package").mkdir()
    with Store.init(one.path / "prompts/lib/package") as deeper:
        assert deeper.save("q", make("q")).number == 1
    assert run(one.path / "prompts/lib", "log", "-1", "--format=%s").strip() == "Save q"
    run(one.path, "submodule", "-q", "deinit", "-f", "prompts/lib")
    served(one.path)


def test_variables_of_a_caller_lead_nowhere_else(
    one: Store, make: Make, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that was started by another git: its variables are for that git."""
    run(tmp_path, "init", "-q", "other")
    elsewhere = {
        **dict.fromkeys(("GIT_DIR", "GIT_COMMON_DIR"), tmp_path / "other/.git"),
        **dict.fromkeys(("GIT_WORK_TREE", "GIT_CEILING_DIRECTORIES"), tmp_path),
        **{f"GIT_{name}": tmp_path / name for name in ("INDEX_FILE", "OBJECT_DIRECTORY", "TRACE", "SHALLOW_FILE")},
        **dict.fromkeys(("GIT_NAMESPACE", "GIT_PREFIX", "GIT_REFLOG_ACTION", "GIT_QUARANTINE_PATH"), "x"),
        "GIT_DEFAULT_HASH": "sha256",
        "GIT_GLOB_PATHSPECS": "1",
        "GIT_REPLACE_REF_BASE": "refs/heads/",
    }
    for name, value in elsewhere.items():
        monkeypatch.setenv(name, str(value))
    before = snapshot(tmp_path / "other")
    monkeypatch.chdir(one.path)
    served(Store.open().path)
    assert Store.open().save("a", make("three")).number == 3
    with Store.init(tmp_path / "new.git", bare=True) as new:
        assert new.save("x", make("x")).commit.__len__() == 40
    assert snapshot(tmp_path / "other") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["app", "new.git", "other"]


def test_inside_a_hook(one: Store, run: Run, tmp_path: Path) -> None:
    """A hook may read the store of the commit that is being made."""
    hook = one.path / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    command = f"'{sys.executable}' -m promptlib"
    hook.write_text(f"#!/bin/sh\n{{ {command} fsck && {command} show --text a@v1; }} > '{tmp_path}/said' 2>&1\n")
    hook.chmod(0o755)
    run(one.path, "commit", "-q", "-m", "By hand", "--", "code.py")
    said = (tmp_path / "said").read_text()
    assert "all is well" in said
    assert "one" in said
    served(one.path)


@pytest.mark.parametrize("bare", [True, False])
def test_a_partial_clone_whose_promise_is_gone(make: Make, run: Run, tmp_path: Path, *, bare: bool) -> None:
    """Nothing is fetched unasked: what is missing says so, with the command that brings it."""
    with Store.init(tmp_path / "source.git", bare=True) as source:
        source.save("a", make("one"))
        source.save("a", make("two"))
        source.label("a", "production", "v1")
    run(source.path, "config", "uploadpack.allowFilter", "true")
    kind = ["--bare"] if bare else []
    run(tmp_path, "clone", "-q", *kind, "--filter=blob:none", "--no-local", f"file://{source.path}", "clone")
    source.path.rename(tmp_path / "gone.git")
    missing = ["a@v1", "a", "a@production"] if bare else ["a@v1"]
    with Store(tmp_path / "clone") as clone:
        for ref in missing:
            with pytest.raises(GitFailed, match="this clone is partial") as caught:
                clone.load(ref)
            assert "bring it: promptlib fetch a, or all texts: promptlib fetch" in caught.value.hint
        assert [version.number for version in clone.history("a")] == [1, 2]
        if bare:
            assert [version.labels for version in clone.history("a")] == [(), ()]
            assert [node.labels for node in clone.graph().nodes] == [(), ()]
    (tmp_path / "gone.git").rename(source.path)
    run(tmp_path / "clone", "fetch", "-q", "--refetch", "--no-filter")
    with Store(tmp_path / "clone") as clone:
        assert clone.load("a@v1") == make("one")


def test_a_reftable_needs_a_git_that_knows_it(bare: Store, make: Make, run: Run, tmp_path: Path) -> None:
    """Here git reads refs, and says it when it cannot; where it can, all works as with files."""
    made = subprocess.run(
        ["git", "init", "-q", "--bare", "--ref-format=reftable", "r.git"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    if made.returncode == 0:
        with Store(tmp_path / "r.git") as store:
            store.save("a", make("one"))
            assert store.save("a", make("two"), expect="v1").number == 2
        return
    bare.save("a", make("one"))
    settings = {"core.repositoryFormatVersion": "1", "extensions.refStorage": "reftable"}
    configure(bare.path / "config", settings)
    before = snapshot(tmp_path)
    with Store(bare.path) as store:
        for ask in (store.names, lambda: store.load("a"), lambda: store.save("b", make("b"))):
            with pytest.raises(GitFailed, match="unknown repository extension") as caught:
                ask()
            assert "needs a newer git; reftables need 2.45" in caught.value.hint
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        *(("a = " + "[" * 100_000, "cannot be read"), ("a = 1" + "0" * 5000, "cannot be read")),
        *(("[tool.promptlib]\nroot = ", "cannot be read"), ("#" * (2 << 20), "larger than 1 MiB")),
        *(
            (f"[tool.promptlib]\nroot = {root!r}", "is no folder inside")
            for root in ("x" * 5000, ".GIT/x", ".", "a\x7fb")
        ),
    ],
    ids=lambda value: value[:34],
)
def test_settings_that_are_none(one: Store, text: str, words: str) -> None:
    (one.path / "pyproject.toml").write_text(text)
    with pytest.raises(StoreError, match=words) as caught:
        Store(one.path)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("text", ["tool = 3", "tool = [1]", "[tool]\npromptlib = 3", "[[tool.promptlib]]\nx = 1", ""])
def test_settings_of_others_are_theirs(one: Store, text: str) -> None:
    (one.path / "pyproject.toml").write_text(text)
    served(one.path)
