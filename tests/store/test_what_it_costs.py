"""Processes and modules are counted, because counts hold on every machine."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import promptlib.codec
import promptlib.store
from promptlib import Prompt, Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.store.conftest import Question


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The command lines of the processes that were started."""
    commands: list[list[str]] = []
    original = subprocess.Popen.__init__

    def counted(self: subprocess.Popen[Any], command: list[str], *words: Any, **named: Any) -> None:
        commands.append([str(word) for word in command])
        original(self, command, *words, **named)

    monkeypatch.setattr(subprocess.Popen, "__init__", counted)
    return commands


def _long(folder: Path, make: Callable[..., Prompt[Question]], versions: int) -> Path:
    """Make a bare store with so many versions of two names, a label, and all objects packed."""
    with Store.init(folder, bare=True) as store:
        for number in range(versions):
            store.save(f"greet{number % 2}", make(f"Version {number}."))
        store.label("greet0", "production", "v1")
    subprocess.run(["git", "gc", "-q"], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("ref", ["greet0", "greet0@production", "greet0@v2", "greet0@latest"])
def test_the_first_load_in_a_fresh_clone_starts_as_many_processes_for_any_history(
    ref: str, tmp_path: Path, make: Callable[..., Prompt[Question]], started: list[list[str]], run: Callable[..., str]
) -> None:
    counts = []
    for versions in (4, 40):
        source = _long(tmp_path / f"{versions}.git", make, versions)
        run(tmp_path, "clone", "-q", "--bare", source.as_uri(), f"clone-{versions}.git")
        started.clear()
        with Store(tmp_path / f"clone-{versions}.git") as store:
            assert store.load(ref).messages
        counts.append(len(started))
        walked = [command for command in started if "log" in command]
        assert not walked or "@v" in ref, "only a number needs the history"
    assert counts[0] == counts[1] <= 3


def test_a_load_in_a_work_tree_starts_nothing(
    tree: Store, make: Callable[..., Prompt[Question]], started: list[list[str]]
) -> None:
    tree.save("greet", make("One."))
    tree.label("greet", "production", "v1")
    started.clear()
    with Store(tree.path) as again:
        assert again.load("greet@production").digest == again.load("greet").digest
    assert started == []


def test_a_load_in_a_bare_store_with_an_index_starts_nothing(
    bare: Store, make: Callable[..., Prompt[Question]], started: list[list[str]]
) -> None:
    saved = bare.save("greet", make("One."))
    bare.save("greet", make("Two."))
    bare.label("greet", "production", "v1")
    bare.history("greet")
    started.clear()
    with Store(bare.path) as again:
        for ref in ("greet", "greet@production", "greet@v1", f"greet#{saved.short}", "greet@latest"):
            origin = again.load(ref).origin
            assert origin is not None
            assert origin.number in {1, 2}
    assert started == []


def test_a_save_in_a_warm_bare_store_starts_nothing(
    bare: Store, make: Callable[..., Prompt[Question]], started: list[list[str]]
) -> None:
    bare.save("greet", make("One."))
    started.clear()
    for number in range(5):
        bare.save("greet", make(f"Again {number}."))
        bare.save(f"greet{number}", make("New."))
    bare.label("greet", "production", "v2")
    assert started == []


def test_no_history_is_asked_of_git_by_path(
    store: Store, make: Callable[..., Prompt[Question]], started: list[list[str]]
) -> None:
    for number in range(3):
        store.save("team/greet", make(f"Version {number}."))
    store.rename("team/greet", "team/hello")
    with Store(store.path) as again:
        assert len(again.history("team/hello")) == 4
        again.lineage("team/hello")
        again.diff("team/hello@v1", "team/hello@v3")
    asked = [command[command.index("log") :] for command in started if "log" in command]
    assert asked
    assert all(command[-1] in {"--", "prompts", "prompts/"} for command in asked)


def test_a_load_by_label_imports_no_index_and_nothing_that_writes(
    bare: Store, make: Callable[..., Prompt[Question]]
) -> None:
    bare.save("greet", make("One."))
    bare.label("greet", "production", "v1")
    code = (
        "import sys; from promptlib import Store\n"
        "print(Store(sys.argv[1]).load('greet@production').render(question='Why?').text)\n"
        "heavy = {'sqlite3', 'subprocess', 'jinja2', 'tiktoken', 'git', 'filelock', 'typer', 'rich', 'asyncio',"
        " 'difflib', 'tomllib', 'promptlib.codec.writing', 'promptlib.store.writing', 'promptlib.lineage'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, bare.path], check=False, capture_output=True, text=True, timeout=60
    )
    assert found.returncode == 0, found.stderr
    assert "One." in found.stdout


@pytest.mark.parametrize("module", [promptlib.store, promptlib.codec])
def test_what_is_imported_late_is_there_and_nothing_else(module: Any) -> None:
    for name in module.__all__:
        vars(module).pop(name, None) if name in {"Problem", "Report", "Transaction", "edit", "write"} else None
        assert getattr(module, name) is getattr(module, name)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = module.nothing
