"""Four clones that write at once to real servers: nginx with `git http-backend`, `git daemon`, sshd."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from promptlib import Store
from promptlib.errors import NotAuthorised, RemoteRefused
from tests.serving import hook, wire
from tests.store.fleet import cruise, launched, sail_at_once
from tests.store.lines import text
from tests.system.servers import PASSWORD, USER, Server, Sshd, git_daemon, nginx, sshd

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["git_daemon", "nginx", "sshd"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home of its own: git's global configuration is part of these tests."""
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def test_http(nginx: Server, tmp_path: Path) -> None:
    """One after the other over a wire that is cut twice, and all at once."""
    hub = nginx.make("hub.git")
    with (
        wire(nginx.port) as line,
        launched(tmp_path, 11, line, hub, nginx.url("hub.git", port=line.port)) as found,
    ):
        cruise(found, clones=4, saves=10, names=6, cuts=2)
        assert line.cuts >= 2
    second = nginx.make("second.git")
    (tmp_path / "again").mkdir()
    with (
        wire(nginx.port) as line,
        launched(tmp_path / "again", 12, line, second, nginx.url("second.git", port=line.port)) as found,
    ):
        sail_at_once(found, clones=4, saves=12, names=6)
        assert found.merges


def test_git_daemon(git_daemon: Server, tmp_path: Path) -> None:
    hub = git_daemon.make("hub.git")
    with (
        wire(git_daemon.port) as line,
        launched(tmp_path, 13, line, hub, git_daemon.url("hub.git", port=line.port)) as found,
    ):
        sail_at_once(found, clones=4, saves=12, names=6)
        assert found.merges


def test_ssh(sshd: Sshd, tmp_path: Path) -> None:
    hub = sshd.make("hub.git")
    subprocess.run(["git", "config", "--global", "core.sshCommand", sshd.command], check=True)
    with wire(sshd.port) as line, launched(tmp_path, 14, line, hub, sshd.url("hub.git")) as found:
        sail_at_once(found, clones=4, saves=6, names=6)


def test_a_server_that_says_no(nginx: Server, tmp_path: Path) -> None:
    """A hook, a limit of size, wrong credentials: told, nothing has moved, and no error holds the secret."""
    with Store.init(tmp_path / "one.git", bare=True) as store:
        store.save("a", text("One."))
        before = store.version("a").commit
        remotes = {
            which: nginx.url(f"{which}.git", which, f"{USER}:wrong{PASSWORD}" if which == "closed" else "")
            for which in ("tiny", "closed", "open")
        }
        for which, address in remotes.items():
            subprocess.run(["git", "remote", "add", which, address], cwd=store.path, check=True)
            hook(nginx.make(f"{which}.git"), "pre-receive", "echo 'not here' >&2; exit 1")
        with pytest.raises(RemoteRefused, match="not here"):
            store.sync("open")
        with pytest.raises(NotAuthorised) as caught:
            store.sync("closed")
        assert PASSWORD not in f"{caught.value!r}{caught.value}{caught.value.__dict__}"
        store.save("large", text("x" * 2_000_000))
        with pytest.raises(RemoteRefused):
            store.sync("tiny")
        assert store.version("a").commit == before
