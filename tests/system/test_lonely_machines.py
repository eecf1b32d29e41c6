"""A store is served by a plain git server, and what needs no git runs where there is none."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, NoReturn

import pytest
from pydantic import BaseModel

from promptlib import Prompt, Store, user

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Greeting(BaseModel):
    """The inputs of the prompt below."""

    name: str


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """Return a bare store of one prompt with two versions; the first one is live."""
    path = tmp_path / "served" / "prompts.git"
    path.parent.mkdir()
    with Store.init(path, bare=True) as store:
        first = store.save("greeting", Prompt.define(Greeting, user("Hello {{ name }}")), message="First words")
        store.label("greeting", "production", first)
        store.save("greeting", store.load("greeting").evolve(messages=(user("Hi {{ name }}"),)), message="Shorter")
    return path


@pytest.fixture
def address(served: Path, lack: Callable[[str], NoReturn]) -> Iterator[str]:
    """Return the address at which a git daemon on this machine serves the store."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    command = ["git", "daemon", "--export-all", "--listen=127.0.0.1", f"--port={port}", f"--base-path={served.parent}"]
    daemon = subprocess.Popen([*command, "--verbose", served.parent], stderr=subprocess.PIPE, text=True)
    assert daemon.stderr is not None
    said = daemon.stderr.readline()
    if "Ready to rumble" not in said:
        daemon.wait(10)
        lack(f"git daemon does not run here: {said}")
    yield f"git://127.0.0.1:{port}/{served.name}"
    daemon.terminate()
    daemon.wait(10)
    daemon.stderr.close()


def test_a_shallow_clone_from_a_server_loads_what_is_live(address: str, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--depth", "1", address, clone], check=True, timeout=60)
    with Store.open(clone) as store:
        assert store.load("greeting@production", inputs=Greeting).render(Greeting(name="Ada")).text == "Hello Ada"
        assert store.load("greeting", inputs=Greeting).render(Greeting(name="Ada")).text == "Hi Ada"


def test_a_full_clone_from_a_server_has_the_whole_history(address: str, tmp_path: Path) -> None:
    clone = tmp_path / "clone.git"
    subprocess.run(["git", "clone", "-q", "--bare", address, clone], check=True, timeout=60)
    with Store.open(clone) as store:
        assert [version.message.strip() for version in store.history("greeting")] == ["First words", "Shorter"]


WITHOUT_GIT = """
import shutil, sys
from promptlib import Store
assert shutil.which("git") is None
store = Store.open(sys.argv[1])
print(store.load("greeting@production").render(name="Ada").text)
print(store.load("greeting").render(name="Ada").text)
"""


def lonely(*command: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run where PATH holds no program at all."""
    (folder / "nothing").mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, *command],
        env={**os.environ, "PATH": str(folder / "nothing")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_folder_loads_and_renders_without_git(served: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", f"file://{served}", clone], check=True, timeout=60)
    shutil.rmtree(clone / ".git")
    run = lonely("-c", WITHOUT_GIT, clone, folder=tmp_path)
    assert (run.stdout, run.stderr) == ("Hello Ada\nHi Ada\n", "")


def test_what_needs_git_says_so(tmp_path: Path) -> None:
    code = "import sys; from promptlib import Store; Store.init(sys.argv[1], bare=True)"
    run = lonely("-c", code, tmp_path / "new.git", folder=tmp_path)
    assert run.returncode != 0
    assert "git is not installed" in run.stderr
