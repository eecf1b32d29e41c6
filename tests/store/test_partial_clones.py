"""A store in a partial clone: what works without its texts, what says so, and bringing them in one go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from promptlib import Chain, Prompt, Store, step, system
from promptlib._git.runner import Git
from promptlib.cli.app import app
from promptlib.errors import NotFetched, NotFound
from tests.serving import HOST, daemon, published

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Make = Callable[..., Prompt[Any]]
    Run = Callable[..., str]

VERSIONS = 40


@pytest.fixture
def source(tmp_path: Path, make: Make) -> Iterator[Store]:
    """A store with names that include, were renamed and were labelled."""
    with Store.init(published(tmp_path / "served", "source.git"), bare=True) as store:
        store.save("inner", Prompt.define(system("Inner.")))
        store.save("style", Prompt.define(system("{% include 'i' %} Kind."), includes={"i": store.load("inner")}))
        with store.transaction("More") as more:
            more.save("polite", Prompt.define(system("{% include 's' %} Go."), includes={"s": store.load("style")}))
            more.save("other", make("other"))
        store.save("old", make("old"))
        store.rename("old", "new")
        for number in range(VERSIONS):
            store.save("many", make(f"many {number}"))
        store.label("polite", "production", "v1")
        yield store


@pytest.fixture(params=["bare", "tree"])
def clone(request: pytest.FixtureRequest, tmp_path: Path, source: Store, run: Run) -> Iterator[Store]:
    """A clone of it without texts; in a work tree with the current ones."""
    with daemon(tmp_path / "served") as port:
        kind = ["--bare"] if request.param == "bare" else []
        run(tmp_path, "clone", "-q", *kind, "--filter=blob:none", f"git://{HOST}:{port}/source.git", "clone")
        with Store.open(tmp_path / "clone") as store:
            yield store


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The arguments of every git that is started from now on."""
    found: list[tuple[str, ...]] = []
    command = Git.command

    def told(self: Git, *arguments: str, hooks: bool = False) -> list[str]:
        found.append(arguments)
        return command(self, *arguments, hooks=hooks)

    monkeypatch.setattr(Git, "command", told)
    return found


def fetches(started: list[tuple[str, ...]]) -> int:
    return sum("fetch" in each for each in started)


def test_every_text_comes_in_one_fetch(clone: Store, source: Store, started: list[tuple[str, ...]]) -> None:
    told = clone.fetch()
    assert told.talks == fetches(started) == 1
    assert told.texts >= VERSIONS
    assert len(started) <= 10
    assert str(told) == f"{told.texts} texts came"
    started.clear()
    for name in source.names():
        assert [each.digest for each in clone.history(name)] == [each.digest for each in source.history(name)]
    assert clone.graph().nodes == source.graph().nodes
    assert fetches(started) == 0
    assert len(started) <= 20  # and not one for each version
    assert (clone.fetch().texts, clone.fetch().talks) == (0, 0)
    assert clone.fsck().ok


def test_what_is_known_of_versions_whose_texts_are_not_here(
    clone: Store, source: Store, started: list[tuple[str, ...]]
) -> None:
    """Numbers hang on whether a name was once another's: that text is needed, and one command brings it."""
    if not (clone.path / ".git").is_dir():
        with pytest.raises(NotFetched, match="the text of many is not here") as caught:
            clone.history("many")
        assert caught.value.hint == (
            "nothing is fetched unasked; bring it: promptlib fetch many, or all texts: promptlib fetch"
        )
        for question in (clone.lineage, clone.impact):
            with pytest.raises(NotFetched, match="bring it: promptlib fetch many"):
                question("many")
    assert clone.names() == source.names()
    assert clone.fetch("inner").texts <= 2
    started.clear()
    told = clone.history("many")
    assert [each.number for each in told] == list(range(1, VERSIONS + 1))
    assert {each.digest for each in told[:-1]} == {""}
    assert len(started) <= 12
    assert [each.number for each in clone.history("new")] == [1, 2]
    assert clone.labels("other") == {}
    for ref in ("many@v1", "many@v2"):
        with pytest.raises(NotFetched, match=r"the text of many is not here: this clone is partial, and left it"):
            clone.load(ref)
    assert len(clone.graph().nodes) == len(source.graph().nodes)
    with pytest.raises(NotFetched, match="bring it: promptlib fetch many"):
        clone.file("many@v1")
    with pytest.raises(NotFetched, match="bring it: promptlib fetch many"):
        clone.diff("many@v1", "many@v2")


def test_a_name_comes_with_what_it_includes_and_was_called(clone: Store, source: Store) -> None:
    told = clone.fetch("polite", "new")
    assert told.talks <= 3
    assert clone.load("polite@v1").render().text == "Inner. Kind. Go."
    assert clone.load("polite@production") == source.load("polite@production")
    assert clone.history("new") == source.history("new")
    with pytest.raises(NotFetched):
        clone.load("many@v1")
    with pytest.raises(NotFound, match="no prompt 'mny' in this history\ndid you mean 'many'"):
        clone.fetch("mny")


def test_a_check_of_a_partial_clone_tells_what_is_left_at_the_remote(
    clone: Store, started: list[tuple[str, ...]]
) -> None:
    repository: Any = clone._repository
    tip = repository.head().commit
    if repository.bare:
        first = clone.fsck()  # not even numbers can be told yet
        assert first.ok, first.problems
        assert first.versions == 0
        repository.bring([repository.blob_at(tip, ".labels/production/polite.label")])
    clone.fetch("other")
    started.clear()
    report = clone.fsck()
    assert report.ok, report.problems
    assert any("left at its remote" in each.what for each in report.remarks), report.remarks
    assert len(started) <= 40
    assert fetches(started) == 0


def test_a_shallow_one_stays_shallow(source: Store, tmp_path: Path, run: Run) -> None:
    with daemon(tmp_path / "served") as port:
        address = f"git://{HOST}:{port}/source.git"
        run(tmp_path, "clone", "-q", "--bare", "--depth=3", "--filter=blob:none", address, "shallow.git")
        with Store.open(tmp_path / "shallow.git") as clone:
            told = clone.fetch()
            assert told.talks == 1
            assert clone.load("polite@production") == source.load("polite@production")
            assert [each.number for each in clone.history("many")] == [None, None]
            assert (tmp_path / "shallow.git/shallow").exists()


def test_a_whole_clone_has_nothing_to_fetch(bare: Store, make: Make, started: list[tuple[str, ...]]) -> None:
    bare.save("a", make("a"))
    started.clear()
    assert str(bare.fetch()) == "0 texts came"
    assert bare.fetch("a").talks == 0
    assert started == []


def test_an_empty_partial_clone(tmp_path: Path, run: Run) -> None:
    published(tmp_path / "served", "empty.git")
    with daemon(tmp_path / "served") as port:
        run(tmp_path, "clone", "-q", "--bare", "--filter=blob:none", f"git://{HOST}:{port}/empty.git", "clone")
        with Store.open(tmp_path / "clone") as clone:
            assert clone.fetch().texts == 0


def test_a_file_that_is_no_prompt_hides_nothing(tmp_path: Path, source: Store, run: Run) -> None:
    work = tmp_path / "work"
    run(tmp_path, "clone", "-q", str(source.path), str(work))
    (work / "broken.prompty").write_text("---\nx: [\n---\n")
    for command in (["config", "user.name", "U"], ["config", "user.email", "u@example.com"], ["add", "."]):
        run(work, *command)
    run(work, "commit", "-q", "-m", "Broken")
    run(work, "push", "-q", "origin", "main")
    with daemon(tmp_path / "served") as port:
        run(tmp_path, "clone", "-q", "--bare", "--filter=blob:none", f"git://{HOST}:{port}/source.git", "clone")
        with Store.open(tmp_path / "clone") as clone:
            assert clone.fetch("broken").texts == 2
            assert clone.names("broken") == ("broken",)


def test_the_verb(clone: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(clone.path)
    runner = CliRunner()
    runner.invoke(app, ["fetch", "inner"])
    assert "v1   ????????  " in runner.invoke(app, ["log", "many"]).output
    done = runner.invoke(app, ["fetch", "many"])
    assert done.exit_code == 0, done.output
    assert done.output.endswith(" texts came\n")
    assert runner.invoke(app, ["show", "many@v1"]).exit_code == 0
    listed = runner.invoke(app, ["log", "many"])
    assert listed.exit_code == 0


def test_a_chain_comes_with_what_its_steps_run(tmp_path: Path, run: Run) -> None:
    with Store.init(published(tmp_path / "served", "source.git"), bare=True) as source:
        source.save("read", Prompt.define(system("Read.")))
        source.save("tell", Prompt.define(system("Tell.")))
        source.save("other", Prompt.define(system("Other.")))
        source.label("tell", "production", "v1")
        steps = step("read", source.load("read")), step("tell", "tell@production")
        source.save("all", Chain.define(*steps, resolve=source.load))
    with daemon(tmp_path / "served") as port:
        run(tmp_path, "clone", "-q", "--bare", "--filter=blob:none", f"git://{HOST}:{port}/source.git", "clone")
        with Store.open(tmp_path / "clone") as clone:
            with pytest.raises(NotFetched, match="the text of all is not here"):
                clone.load_chain("all")
            clone.fetch("all")
    with Store.open(tmp_path / "clone") as clone:
        assert [name for name, _ in clone.load_chain("all").included] == ["read", "tell"]
        with pytest.raises(NotFetched):
            clone.load("other")
