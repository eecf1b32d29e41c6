"""A repository names programs in a hundred places: reading runs none of them, a save in the user's own tree a few."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from promptlib import Store
from promptlib.cli.app import app
from promptlib.errors import PromptLibError, StoreError
from promptlib.formats.git_history import import_git
from promptlib.store.replaying import Replayed
from tests.hostile import ATTRIBUTES, Canaries, configure, snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from promptlib import Prompt

    Make = Callable[..., Prompt[Any]]
    Run = Callable[..., str]

#: What `docs/explanation` says of a save in an application's repository: hooks of a commit, filters, signing.
SIGNING = """#!/bin/sh
cat > /dev/null
: > '{}'
echo '-----BEGIN PGP SIGNATURE-----'
echo '-----END PGP SIGNATURE-----'
printf '\\n[GNUPG:] SIG_CREATED x\\n' >&2
"""
OF_THE_USER = {
    *("hook.pre-commit", "hook.prepare-commit-msg", "hook.commit-msg", "hook.post-commit"),
    *("hook.post-index-change", "hook.reference-transaction", "filter.evil.clean", "filter.spoken.process"),
    "gpg.program",
}
VERBS = [
    *(["log", "support/a"], ["log", "--json", "support/a"], ["show", "support/a"], ["show", "support/a@v1"]),
    *(["show", "--source", "support/a@production"], ["diff", "support/a@v1", "support/a@v2"], ["ls"], ["ls", "--json"]),
    *(
        ["diff", "support/a"],
        ["lineage", "support/a"],
        ["lineage", "--json", "support/a"],
        ["fsck"],
        ["fsck", "--json"],
    ),
    *(["render", "support/a@v1", "-i", "question=x"], ["count", "support/a@latest"], ["label", "support/a"]),
]


@pytest.fixture
def canaries(tmp_path: Path) -> Canaries:
    """Programs outside of every repository."""
    (tmp_path / "cage").mkdir()
    return Canaries(tmp_path / "cage")


def filled(store: Store, make: Make) -> None:
    """Two versions, a label, another name."""
    store.save("support/a", make("one"))
    store.label("support/a", "production", "v1")
    store.save("support/a", make("two"))
    store.save("b", make("b"))


@pytest.fixture(params=["bare", "tree", "linked"])
def evil(request: pytest.FixtureRequest, tmp_path: Path, make: Make, run: Run) -> Path:
    """The folder of a store in each home that git gives it, not armed yet."""
    home: Store = request.getfixturevalue("bare" if request.param == "bare" else "tree")
    filled(home, make)
    home.close()
    if request.param != "linked":
        return home.path
    run(home.path, "worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    return tmp_path / "linked"


def git_dir(folder: Path, run: Run) -> Path:
    """Return the folder of the repository that all of its work trees share."""
    return (folder / run(folder, "rev-parse", "--git-common-dir").strip()).resolve()


@pytest.fixture(params=["in its own folder", "through an include"])
def armed(request: pytest.FixtureRequest, evil: Path, canaries: Canaries, tmp_path: Path, run: Run) -> Path:
    """The same store, its repository full of programs."""
    own = git_dir(evil, run)
    if request.param == "in its own folder":
        canaries.arm(own, hooks=own / "hooks")
        configure(own / "config", {"extensions.worktreeConfig": "true"})
        configure(own / "config.worktree", {"core.fsmonitor": str(canaries.program("worktree.fsmonitor"))})
    else:
        canaries.arm(own, hooks=tmp_path / "cage/hooks", through=tmp_path / "cage/included")
        configure(own / "config", {f"includeIf.gitdir:{own}.path": str(tmp_path / "cage/included")})
    if not (evil / "HEAD").exists():
        (evil / ".gitattributes").write_text(ATTRIBUTES)
    return evil


def everything(path: Path) -> Iterator[object]:
    """Ask a store all that can be asked; an answer may be a typed error."""
    with Store(path) as store:
        refs = ["support/a", "support/a@latest", "support/a@v1", "support/a@production", "b"]
        digest = store.load("support/a@v1").digest
        refs += [f"support/a#{digest[7:15]}", f"support/a@v1#{digest[7:15]}", f"support/a#{digest[7:]}"]
        for ref in refs:
            yield store.load(ref).render(question="x").text
            yield store.file(ref)
            yield store.version(ref)
        yield store.names()
        yield store.history("support/a")
        yield store.labels("support/a")
        yield store.diff("support/a@v1", "support/a@v2")
        yield store.lineage("support/a").ancestors()
        yield store.graph()
        yield list(store.commits())
        yield store.fsck()
        with pytest.raises(PromptLibError):
            store.load("support/missing")


def from_the_shell(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Type every verb that reads."""
    monkeypatch.chdir(folder)
    for verb in VERBS:
        ended = CliRunner().invoke(app, verb, prog_name="promptlib")
        assert ended.exception is None or isinstance(ended.exception, SystemExit), verb
        assert ended.exit_code in {0, 1}, (verb, ended.output)


def test_reading_runs_no_program_of_the_repository(
    armed: Path, canaries: Canaries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    """Nor does it write anywhere but in its own folder inside git's."""
    for name, value in canaries.inherited().items():
        monkeypatch.setenv(name, value)
    before = snapshot(tmp_path)
    assert len(list(everything(armed))) > 30
    from_the_shell(armed, monkeypatch)
    assert canaries.sang() == set()
    assert snapshot(tmp_path) == before


def test_a_lost_object_is_fetched_from_nowhere(armed: Path, canaries: Canaries, run: Run) -> None:
    """Four remotes promise it, each through a program; what is missing is an error that says so."""
    path = "support/a.prompty" if (armed / "HEAD").exists() else "prompts/support/a.prompty"
    first = run(armed, "log", "--format=%H", "--diff-filter=A", "--", path).strip()
    blob = run(armed, "rev-parse", f"{first}:{path}").strip()
    shared = git_dir(armed, run)
    (shared / "objects" / blob[:2] / blob[2:]).unlink()
    shutil.rmtree(shared / "promptlib")
    canaries.sang()
    with Store(armed) as store:
        with pytest.raises(StoreError, match=blob):
            store.load("support/a@v1")
        assert len(store.history("support/a")) == 2
        assert not store.fsck().ok
        assert store.load("support/a@production").messages[0].text == "one"
    assert canaries.sang() == set()
    subprocess.run(["git", "cat-file", "-p", blob], cwd=armed, capture_output=True, check=False, timeout=30)
    assert canaries.sang() >= {"remote.ext", "core.sshCommand", "remote.packed.uploadpack", "core.gitProxy"}


PLAIN = [
    *(["status"], ["diff"], ["evil"], ["checkout", "-q", "-b", "other"], ["commit", "--allow-empty", "--no-gpg-sign"]),
    *(
        ["add", "-A"],
        ["commit", "-m", "m"],
        ["log", "-p", "--ext-diff"],
        ["show", "--textconv", "HEAD"],
        ["gc", "--auto"],
    ),
    *(["interpret-trailers", "--trailer", "evil=x"], ["fetch", "ext"], ["ls-remote", "ssh"], ["fetch", "packed"]),
    *(["ls-remote", "proxied"], ["stash"], ["commit", "--allow-empty", "--no-gpg-sign", "-m", "m"]),
    *(["commit", "--amend", "--no-gpg-sign", "--no-edit"], ["rebase", "-i", "HEAD~1"], ["merge", "main"]),
]


def test_plain_git_does_run_them(application: Path, tree: Store, make: Make, canaries: Canaries) -> None:
    """A canary that cannot sing would prove nothing: an ordinary session starts dozens of them."""
    filled(tree, make)
    canaries.arm(application / ".git", hooks=application / ".git/hooks")
    (application / ".gitattributes").write_text(ATTRIBUTES)
    for command in PLAIN:
        subprocess.run(["git", *command], cwd=application, capture_output=True, check=False, timeout=30, input=b"")
    assert len(sang := canaries.sang()) >= 20, sorted(sang)


def test_a_save_in_a_bare_store_runs_nothing(
    bare: Store, make: Make, canaries: Canaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also no hook: a bare store is a server's, and its hooks are for pushes."""
    filled(bare, make)
    canaries.arm(bare.path, hooks=bare.path / "hooks")
    for name, value in canaries.inherited().items():
        monkeypatch.setenv(name, value)
    with Store(bare.path) as store:
        store.save("support/a", make("three"))
        store.label("support/a", "production", "v3")
        store.rename("b", "c")
        store.revert("support/a", "v1")
        store.delete("c")
        with store.transaction("Two") as transaction:
            transaction.save("d", make("d"))
            transaction.save("e", make("e"))
        moment = 1, "+0000"
        store.replay(iter([Replayed({"f": store.file("d")}, "m", "A", "a@example.org", moment)]))
        assert store.fsck().ok
    assert canaries.sang() == set()


@pytest.mark.parametrize("place", ["tree", "linked"])
def test_a_save_in_the_users_tree_runs_what_is_the_users(
    request: pytest.FixtureRequest,
    make: Make,
    canaries: Canaries,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:
    """Hooks of a commit, filters of the files, signing; of a hundred other programs none."""
    application: Path = request.getfixturevalue("application")
    filled(request.getfixturevalue("tree"), make)
    folder = application
    if place == "linked":
        run(application, "worktree", "add", "-q", "-b", "side", str(folder := application.with_name("linked")))
    canaries.arm(application / ".git", hooks=application / ".git/hooks")
    canaries.program("gpg.program").write_text(SIGNING.format(canaries.marks / "gpg.program"))
    for name, value in canaries.inherited().items():
        monkeypatch.setenv(name, value)
    with Store(folder) as store:
        version = store.save("support/a", make("three"))
        assert store.load("support/a@latest") == make("three")
        store.label("support/a", "production", version)
        store.rename("b", "c")
        assert canaries.sang() == OF_THE_USER
    assert run(folder, "cat-file", "commit", version.commit).count("BEGIN PGP SIGNATURE") == 1
    assert (application / "code.py").read_text() == "two\n"


def test_an_import_runs_no_program_of_its_source(
    armed: Path, canaries: Canaries, tmp_path: Path, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A repository that is imported is the most foreign of all."""
    for name, value in canaries.inherited().items():
        monkeypatch.setenv(name, value)
    with Store.init(tmp_path / "into.git", bare=True) as into:
        report = import_git(into, armed, match="{name}.prompty")
        assert report.versions > 1
    assert canaries.sang() == set()
