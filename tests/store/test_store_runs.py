"""`store.runs`: where the log lies, and what the history knows of it."""

from __future__ import annotations

import shutil
import stat
import subprocess
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Pin, Prompt, Store, system
from promptlib.errors import NotFound, StoreError, StoreReadOnly
from promptlib.runs import RunLog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promptlib.runs import Run, Runs


def prompt(text: str, **includes: Prompt[Any]) -> Prompt[Any]:
    parts = [f"{{% include '{alias}' %}}" for alias in includes]
    return Prompt.define(system(" ".join([*parts, text])), includes=includes)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return a bare store: style v1 and v2, how v1 includes style v1, triage v1 includes how."""
    store = Store.init(tmp_path / "prompts.git", bare=True)
    store.save("support/style", prompt("Be kind."))
    store.save("support/how", prompt("Be brief.", style=store.load("support/style")))
    store.save("support/triage", prompt("Sort.", how=store.load("support/how")))
    store.save("support/style", prompt("Be very kind."))
    store.label("support/style", "production", "v1")
    yield store
    store.close()


def ran(store: Store, ref: str, output: str = "") -> Run:
    """Log a run of *ref*."""
    return store.runs.record(store.load(ref).render(), output=output)


def ids(runs: Runs) -> list[str]:
    """Return the ids of *runs*."""
    return [run.id for run in runs]


# --- where it lies ----------------------------------------------------------------------------------------------------


def test_a_bare_store_keeps_its_log_beside_the_index(store: Store) -> None:
    run = ran(store, "support/triage")
    assert store.runs.path == store.path / "promptlib" / "runs.jsonl"
    assert stat.S_IMODE(store.runs.path.stat().st_mode) == 0o600
    assert run.ref == store.version("support/triage").ref
    assert run.commit == store.version("support/triage").commit
    assert list(store.runs) == [run]


def test_nothing_is_made_before_the_first_run(store: Store) -> None:
    assert list(store.runs) == []
    assert not store.runs.path.exists()


def application(folder: Path, settings: str = "") -> Path:
    """Make an application's repository with a store in it."""
    folder.mkdir(exist_ok=True)
    for command in (["init", "-q"], ["config", "user.name", "Ada"], ["config", "user.email", "ada@example.org"]):
        subprocess.run(["git", *command], cwd=folder, check=True, capture_output=True)
    if settings:
        (folder / "pyproject.toml").write_text(f"[tool.promptlib]\n{settings}\n")
    with Store.init(folder) as store:
        store.save("support/style", prompt("Be kind."))
    return folder


def test_an_application_keeps_its_log_where_no_commit_reaches(tmp_path: Path) -> None:
    folder = application(tmp_path / "app")
    with Store(folder) as store:
        run = ran(store, "support/style")
        assert store.runs.path == folder / ".git" / "promptlib" / "runs.jsonl"
        assert list(store.runs) == [run]
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=folder, check=True, capture_output=True, text=True, timeout=60
    )
    assert status.stdout == ""


def test_two_stores_of_one_repository_have_a_log_each(tmp_path: Path) -> None:
    folder = application(tmp_path / "app")
    (folder / "service").mkdir()
    with Store.init(folder / "service") as second, Store(folder) as first:
        second.save("support/style", prompt("Be brief."))
        assert first.runs.path.parent == second.runs.path.parent
        assert first.runs.path != second.runs.path
        assert second.runs.path.name.startswith("runs-")


def test_worktrees_share_the_log(tmp_path: Path) -> None:
    folder = application(tmp_path / "app")
    subprocess.run(["git", "worktree", "add", "-q", "../other"], cwd=folder, check=True, capture_output=True)
    with Store(folder) as one, Store(tmp_path / "other") as other:
        run = ran(one, "support/style")
        assert list(other.runs) == [run]


def test_the_settings_say_where(tmp_path: Path) -> None:
    folder = application(tmp_path / "app", 'runs = "var/log/runs.jsonl"')
    with Store(folder) as store:
        run = ran(store, "support/style")
        assert store.runs.path == folder / "var" / "log" / "runs.jsonl"
        assert list(store.runs) == [run]


def test_the_nearest_settings_count(tmp_path: Path) -> None:
    folder = application(tmp_path / "app", 'runs = "runs.jsonl"')
    (folder / "service").mkdir()
    with Store.init(folder / "service") as store:
        assert store.runs.path == folder.resolve() / "runs.jsonl"
    (folder / "service" / "pyproject.toml").write_text('[tool.promptlib]\nruns = "own.jsonl"\n')
    with Store(folder / "service") as store:
        assert store.runs.path == (folder / "service").resolve() / "own.jsonl"


@pytest.mark.parametrize(
    "setting", ['"../runs.jsonl"', '"/tmp/runs.jsonl"', '".git/runs.jsonl"', "7", '"out/runs.jsonl"']
)
def test_settings_cannot_lead_out_of_the_project(tmp_path: Path, setting: str) -> None:
    folder = application(tmp_path / "app", f"runs = {setting}")
    (folder / "out").symlink_to(tmp_path)
    with Store(folder) as store, pytest.raises(StoreError) as caught:
        _ = store.runs
    assert f"in {folder.resolve() / 'pyproject.toml'} is no file inside the project" in caught.value.what
    assert caught.value.hint == 'write a path such as runs = "var/runs.jsonl"; RunLog(path) in code takes any'


def test_a_link_that_came_with_a_clone_is_not_written_through(tmp_path: Path) -> None:
    folder = application(tmp_path / "app", 'runs = "runs.jsonl"')
    (tmp_path / "precious").write_text("precious\n")
    (folder / "runs.jsonl").symlink_to(tmp_path / "precious")
    with Store(folder) as store, pytest.raises(StoreError, match="the run was not logged"):
        ran(store, "support/style")
    assert (tmp_path / "precious").read_text() == "precious\n"


def test_a_shared_store_has_a_shared_log(tmp_path: Path) -> None:
    with Store.init(tmp_path / "prompts.git", bare=True) as store:
        store.save("hello", prompt("Hello."))
    subprocess.run(["git", "config", "core.sharedRepository", "group"], cwd=store.path, check=True, timeout=60)
    with Store(store.path) as store:
        ran(store, "hello")
        assert stat.S_IMODE(store.runs.path.stat().st_mode) & 0o640 == 0o640


def test_a_folder_without_git_logs_where_it_is_told(tmp_path: Path, store: Store) -> None:
    folder = tmp_path / "image"
    (folder / "prompts").mkdir(parents=True)
    (folder / "prompts" / "hello.prompty").write_bytes(b"---\n---\nsystem:\nHello\n")
    with Store(folder) as plain, pytest.raises(StoreReadOnly) as caught:
        _ = plain.runs
    assert str(caught.value) == (
        f"{folder} is a folder without git, so it has no place for a log of runs\n"
        'log where you like: RunLog("runs.jsonl") of promptlib.runs; or name a file: runs = "var/runs.jsonl" '
        "in [tool.promptlib] of pyproject.toml"
    )
    with Store(folder) as plain:
        rendered = plain.load("hello").render()
    run = RunLog(tmp_path / "runs.jsonl").record(rendered)
    assert (run.name, run.number, run.commit) == ("hello", None, "")
    (folder / "pyproject.toml").write_text('[tool.promptlib]\nruns = "runs.jsonl"\n')
    with Store(folder) as plain:
        plain.runs.record(rendered)
        assert plain.runs.path == folder / "runs.jsonl"
        assert ids(plain.runs.of("hello")) == ids(plain.runs)
        # No history can say what a number is, or whether the name was ever another.
        with pytest.raises(NotFound):
            plain.runs.of("hello@v1")


# --- what the history knows -------------------------------------------------------------------------------------------


def test_a_number_is_looked_up(store: Store) -> None:
    old, new = ran(store, "support/style@v1"), ran(store, "support/style@v2")
    assert ids(store.runs.of("support/style@v1")) == [old.id]
    assert ids(store.runs.of("support/style@latest")) == [new.id]
    assert ids(store.runs.of(store.version("support/style@v2"))) == [new.id]
    assert ids(store.runs.of("support/style")) == [old.id, new.id]
    with pytest.raises(NotFound, match="v3"):
        store.runs.of("support/style@v3")


def test_a_bad_version_is_found_in_whatever_included_it(store: Store) -> None:
    triage, how, new = ran(store, "support/triage"), ran(store, "support/how"), ran(store, "support/style@v2")
    style = ran(store, "support/style@production")
    assert ids(store.runs.with_version("support/style@v1")) == [triage.id, how.id, style.id]
    assert ids(store.runs.with_version("support/how@v1")) == [triage.id, how.id]
    assert ids(store.runs.with_version("support/style@production")) == [triage.id, how.id, style.id]
    store.label("support/style", "production", "v2")
    # What was loaded by the label, whatever it pointed at then; and what it points at now.
    assert ids(store.runs.of("support/style@production")) == [style.id]
    assert ids(store.runs.with_version("support/style@production")) == [new.id]


def test_includes_that_a_prompt_does_not_carry_are_found_in_the_store(store: Store) -> None:
    how = store.version("support/how")
    triage = Prompt.define(system("{% include 'how' %} Sort."), includes={"how": how})
    run = store.runs.record(triage.render(resolve=store.load))
    style = store.version("support/style@v1")
    assert run.includes == (how.pin, style.pin)
    gone = Prompt.define(system("{% include 'how' %} Sort."), includes={"how": Pin("support/gone", how.digest)})
    rendered = gone.render(resolve=lambda _: store.load("support/how"))
    assert store.runs.record(rendered).includes == (Pin("support/gone", how.digest),)
    nameless = Prompt.define(system("{% include 'how' %} Sort."), includes={"how": Pin("", how.digest)})
    rendered = nameless.render(resolve=lambda _: store.load("support/how"))
    assert store.runs.record(rendered).includes == (Pin("", how.digest),)


def test_a_renamed_prompt_keeps_its_runs(store: Store) -> None:
    before = ran(store, "support/style")
    store.rename("support/style", "tone/kind")
    after = ran(store, "tone/kind")
    other = store.save("support/style", prompt("Something else."))
    foreign = ran(store, "support/style")
    assert ids(store.runs.of("tone/kind")) == [before.id, after.id]
    assert ids(store.runs.of(f"tone/kind#{before.digest[7:15]}")) == [before.id, after.id]
    assert ids(store.runs.of("support/style@latest")) == [foreign.id]
    assert other.digest == foreign.digest


def test_versions_are_told_as_the_history_has_them_now(store: Store) -> None:
    ran(store, "support/style@v1", "the answer")
    ran(store, "support/triage", "the answer")
    found = store.runs.producing("the answer").versions()
    assert [str(each.version) for each in found] == [
        str(store.version("support/style@v1")),
        str(store.version("support/triage@v1")),
    ]
    assert str(found[0]).startswith(f"{store.version('support/style@v1')}: 1 run, 20")


def test_a_content_that_is_gone_is_told_not_guessed(store: Store, tmp_path: Path) -> None:
    run = ran(store, "support/style@v2", "the answer")
    other = Store.init(tmp_path / "other.git", bare=True)
    other.save("support/style", prompt("Be kind."))
    other.runs.path.parent.mkdir(exist_ok=True)
    shutil.copy(store.runs.path, other.runs.path)
    (used,) = other.runs.producing("the answer").versions()
    assert (used.digest, used.version) == (run.digest, None)
    assert str(used).startswith(f"support/style ({run.digest[7:15]}), not in a history at hand: 1 run")
    # The digest is asked for as it stands; a number that the history gives to other content is not.
    assert ids(other.runs.of(f"support/style@v2#{run.digest[7:15]}")) == [run.id]
    assert ids(other.runs.of(run.pin)) == [run.id]
    assert ids(other.runs.of("support/style@v1")) == []
    with Store.init(tmp_path / "third.git", bare=True) as third:
        third.save("other", prompt("Other."))
        third.runs.path.parent.mkdir(exist_ok=True)
        shutil.copy(store.runs.path, third.runs.path)
        (used,) = third.runs.versions()
        assert used.version is None
        assert ids(third.runs.of("support/style")) == [run.id]


def test_a_name_that_nobody_knows_is_an_error(store: Store) -> None:
    with pytest.raises(NotFound) as caught:
        store.runs.of("support/styl")
    assert "did you mean 'support/style'?" in caught.value.hint
    with pytest.raises(NotFound):
        store.runs.with_version("support/styl")
    assert ids(store.runs.of(Pin("support/styl", f"sha256:{'a' * 64}"))) == []


def test_a_deleted_prompt_keeps_its_runs(store: Store) -> None:
    run = ran(store, "support/triage")
    store.delete("support/triage")
    assert ids(store.runs.of("support/triage")) == [run.id]
    assert ids(store.runs.of("support/triage@v1")) == [run.id]


def test_a_run_is_logged_while_the_history_cannot_be_read(store: Store) -> None:
    loaded = store.load("support/style@v1")
    rendered = store.load("support/style@production").render()
    log = store.runs
    (store.path / "HEAD").write_text("ref: refs/heads/gone\n")
    store.close()
    run = log.record(rendered)
    assert (run.digest, run.number, run.label) == (loaded.digest, None, "production")
    assert run.result_digest == loaded.render().provenance.result_digest  # type: ignore[union-attr] # it was loaded
    (store.path / "HEAD").write_text("ref: refs/heads/main\n")
    assert list(store.runs.of("support/style@v1")) == [run]


# --- several stores ---------------------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path, store: Store) -> Iterator[Store]:
    """Return a store of an application that knows the other one as `shared`, and has a style of its own."""
    folder = application(tmp_path / "app", 'stores = {shared = "../prompts.git"}')
    with Store(folder) as project:
        yield project


def test_a_prompt_of_another_store_is_logged_with_the_name_of_its_store(project: Store, store: Store) -> None:
    there, here = ran(project, "shared:support/triage", "there"), ran(project, "support/style", "here")
    assert (there.name, there.ref) == ("shared:support/triage", f"shared:{store.version('support/triage').ref}")
    assert list(project.runs) == [there, here]
    assert ids(project.runs.of("shared:support/triage")) == [there.id]
    assert ids(project.runs.of("shared:support/triage@v1")) == [there.id]
    assert ids(project.runs.of(f"shared:support/triage#{there.digest[7:15]}")) == [there.id]
    (used,) = project.runs.producing("there").versions()
    assert used.version == store.version("support/triage")
    assert str(used).startswith(f"shared:{used.version}: 1 run")


def test_what_it_included_lies_in_its_store(project: Store) -> None:
    there, here = ran(project, "shared:support/triage"), ran(project, "support/style")
    # Both stores have a style with these very words; each is its own.
    assert project.version("shared:support/style@v1").digest == here.digest
    assert ids(project.runs.with_version("shared:support/style@v1")) == [there.id]
    assert ids(project.runs.with_version("shared:support/style")) == [there.id]
    assert ids(project.runs.with_version("support/style@v1")) == [here.id]
    assert there.used(Pin("shared:support/style", here.digest))
    assert not there.used(Pin("support/style", here.digest))


def test_includes_of_another_store_are_found_there(project: Store, store: Store) -> None:
    how = project.load("shared:support/how")
    bare = Prompt.define(system("{% include 'how' %} Sort."), includes={"how": store.version("support/how")})
    run = project.runs.record(bare.with_origin(how.origin).render(resolve=store.load))
    assert [pin.name for pin in run.includes] == ["support/how", "support/style"]


def test_a_lineage_of_another_store_knows_its_runs(project: Store) -> None:
    there = ran(project, "shared:support/triage")
    ran(project, "support/style")
    lineage = project.lineage("shared:support/style@v1", runs=project.runs)
    assert [node.run for node in lineage.nodes if node.run] == [there.id]


def test_a_store_that_the_settings_no_longer_know_is_not_at_hand(project: Store) -> None:
    run = ran(project, "shared:support/triage", "there")
    (project.path / "pyproject.toml").write_text("")
    with Store(project.path) as store:
        (used,) = store.runs.versions()
        assert (used.name, used.version) == ("shared:support/triage", None)
        assert ids(store.runs.of(run.pin)) == [run.id]


def test_a_log_keeps_its_store_and_a_store_no_log(store: Store) -> None:
    ran(store, "support/style@v1")
    log = Store.open(store.path).runs
    assert len(ids(log.of("support/style@v1"))) == 1
    alone = Store.open(store.path)
    assert alone.runs.path == log.path
    gone = weakref.ref(alone)
    del alone
    assert gone() is None
