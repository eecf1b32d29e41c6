"""Fetching and pushing through real servers: nginx with `git http-backend`, sshd, `git daemon`."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, NoReturn

import pytest

from promptlib._git import Author, Repository
from promptlib.errors import NotAuthorised, RemoteRefused, RemoteUnreachable
from tests.serving import HOST, daemon, hook, published, wire
from tests.system.disks import mounted, why_not
from tests.system.servers import PASSWORD, USER, Server, Sshd, git_daemon, nginx, sshd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["git_daemon", "nginx", "sshd"]

MAIN = "refs/heads/main"
ANN = Author("Ann", "ann@example.com")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own: git's global configuration is part of these tests."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Repository]:
    """An empty repository."""
    with Repository.init(tmp_path / "here.git", bare=True) as repository:
        yield repository


def commit(repository: Repository, data: bytes) -> str:
    """Return a new commit on main."""
    tip = repository.tip(MAIN)
    made, _ = repository.commit({"a": data}, parents=[tip] if tip else [], message="m", author=ANN, time=(1, "+0000"))
    assert repository.swap(MAIN, tip, made, durability="none")
    return made


def configure(key: str, value: str) -> None:
    """Set what holds for all repositories of the user."""
    subprocess.run(["git", "config", "--global", key, value], check=True)


def exchange(here: Repository, url: str, tmp_path: Path) -> None:
    """Push, fetch into another repository, push again, and be told of one's own late push."""
    here.remotes().add("origin", url)
    first = commit(here, b"one\n")
    assert here.push("origin", first, MAIN, expect=None) == "pushed"
    with Repository.init(tmp_path / "other.git", bare=True) as other:
        other.remotes().add("origin", url)
        assert other.fetch("origin", "main") == {"main": first}
        assert other.swap(MAIN, None, first)
        second = commit(other, b"two\n")
        assert other.push("origin", second, MAIN, expect=first) == "pushed"
    third = commit(here, b"three\n")
    assert here.push("origin", third, MAIN, expect=first) == "moved"
    assert here.fetch("origin", "main") == {"main": second}
    assert here.merge_bases(second, third) == (first,)
    assert here.fsck() == []


def test_http(nginx: Server, here: Repository, tmp_path: Path) -> None:
    nginx.make("p.git")
    exchange(here, nginx.url("p.git"), tmp_path)


def test_http_with_a_password_from_a_helper(nginx: Server, here: Repository, tmp_path: Path) -> None:
    nginx.make("p.git")
    configure("credential.helper", f"!f() {{ echo username={USER}; echo password={PASSWORD}; }}; f")
    exchange(here, nginx.url("p.git", "closed"), tmp_path)


def test_http_with_a_password_in_the_address(nginx: Server, here: Repository, tmp_path: Path) -> None:
    nginx.make("p.git")
    exchange(here, nginx.url("p.git", "closed", f"{USER}:{PASSWORD}"), tmp_path)


def test_ssh(sshd: Sshd, here: Repository, tmp_path: Path) -> None:
    sshd.make("p.git")
    configure("core.sshCommand", sshd.command)
    exchange(here, sshd.url("p.git"), tmp_path)


def test_git_daemon(git_daemon: Server, here: Repository, tmp_path: Path) -> None:
    git_daemon.make("p.git")
    exchange(here, git_daemon.url("p.git"), tmp_path)


@pytest.mark.parametrize("userinfo", ["", f"{USER}:wr0ng-Pa55", f"{USER}", "ghp_0123456789abcdef0123"])
def test_wrong_credentials_are_told_without_them(nginx: Server, here: Repository, userinfo: str) -> None:
    nginx.make("p.git")
    here.remotes().add("origin", nginx.url("p.git", "closed", userinfo))
    for attempt in (
        lambda: here.fetch("origin", "main"),
        lambda: here.push("origin", commit(here, b"one\n"), MAIN, expect=None),
    ):
        with pytest.raises(NotAuthorised, match=r"the remote 'origin' .* wants credentials") as caught:
            attempt()
        assert caught.value.remote == "origin"
        for word in (userinfo, *userinfo.split(":")):
            assert not word or word not in f"{caught.value!s}{caught.value!r}{caught.value.__dict__}"


def test_a_key_that_is_not_let_in_or_not_known_asks_nobody(sshd: Sshd, here: Repository) -> None:
    sshd.make("p.git")
    here.remotes().add("origin", sshd.url("p.git"))
    configure("core.sshCommand", sshd.locked_out)
    with pytest.raises(NotAuthorised, match="the remote 'origin'"):
        here.fetch("origin", "main")
    configure("core.sshCommand", sshd.stranger)
    with pytest.raises(RemoteUnreachable, match="has a key that ssh does not know") as caught:
        here.fetch("origin", "main")
    assert "connect once with ssh" in caught.value.hint


def test_a_server_says_no_in_its_own_words(nginx: Server, here: Repository) -> None:
    served = nginx.make("p.git")
    here.remotes().add("origin", nginx.url("p.git", "closed", f"{USER}:{PASSWORD}"))
    first = commit(here, b"one\n")
    assert here.push("origin", first, MAIN, expect=None) == "pushed"
    hook(served, "pre-receive", f'echo "no pushes on Friday ($GIVEN, {PASSWORD})" >&2; exit 1')
    second = commit(here, b"two\n")
    with pytest.raises(RemoteRefused, match="refuses to move main: no pushes on Friday") as caught:
        here.push("origin", second, MAIN, expect=first)
    assert caught.value.reference == MAIN
    assert caught.value.reason == "no pushes on Friday (Basic ***, ***)\npre-receive hook declined"
    (served / "hooks/pre-receive").unlink()
    hook(served, "update", 'test "$1" != refs/heads/main || { echo "main is protected: open a pull request"; exit 1; }')
    with pytest.raises(RemoteRefused, match="main is protected: open a pull request"):
        here.push("origin", second, MAIN, expect=first)
    assert here.push("origin", second, "refs/heads/side", expect=None) == "pushed"


def test_a_server_that_takes_nothing_large(nginx: Server, here: Repository) -> None:
    import random

    nginx.make("p.git", **{"receive.maxInputSize": "2000"})
    noise = random.Random(1).randbytes(40_000)
    large = commit(here, noise)
    here.remotes().add("origin", nginx.url("p.git"))
    with pytest.raises(RemoteRefused, match="pack exceeds maximum allowed size") as caught:
        here.push("origin", large, MAIN, expect=None)
    assert caught.value.remote == "origin"
    here.remotes().add("tiny", nginx.url("p.git", "tiny"))
    with pytest.raises(RemoteRefused, match="takes no request of this size"):
        here.push("tiny", large, MAIN, expect=None)


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_connection_that_is_cut_anywhere_leaves_both_sides_whole(
    nginx: Server, here: Repository, tmp_path: Path, direction: str
) -> None:
    import random

    served = nginx.make("p.git")
    random_places = random.Random(7)
    with wire(nginx.port) as cable, Repository.init(tmp_path / "other.git", bare=True) as other:
        for each in (here, other):
            each.remotes().add("origin", nginx.url("p.git", port=cable.port))
        expect: str | None = None
        for _ in range(4):
            new = commit(here, random_places.randbytes(50_000))
            for attempt in range(3):
                before = cable.passed["up" if direction == "up" else "down"]
                cable.cut_after(random_places.randrange(1, 60_000 if direction == "up" else 2_000), direction)  # type: ignore[arg-type] # one of the two words
                try:
                    here.push("origin", new, MAIN, expect=expect)
                except (RemoteUnreachable, RemoteRefused):
                    cable.mend()
                    assert cable.passed["up" if direction == "up" else "down"] >= before, attempt
                else:
                    break
                assert subprocess.run(["git", "-C", served, "fsck", "--strict"], check=False).returncode == 0
            cable.mend()
            assert here.push("origin", new, MAIN, expect=here.fetch("origin", "main").get("main")) in {
                "pushed",
                "current",
            }
            expect = new
            cable.cut_after(random_places.randrange(1, 60_000), "down")
            try:
                other.fetch("origin", "main")
            except RemoteUnreachable as error:
                assert "run it again" in error.hint  # noqa: PT017 - it may as well come through
            cable.mend()
            assert other.fsck() == []
            assert other.fetch("origin", "main") == {"main": new}
        assert cable.cuts >= 4
        assert list(other.common_dir.rglob("tmp_*")) == []
        assert list((other.common_dir / "promptlib").glob("remote-*")) == []


def test_a_disk_that_is_full_there_is_told_in_the_servers_words(
    here: Repository, tmp_path: Path, lack: Callable[[str], NoReturn]
) -> None:
    import random

    probe = tmp_path / "probe"
    probe.mkdir()
    if (refused := why_not(probe)) != "":
        lack(f"no file system can be mounted here: {refused}")
    with mounted(tmp_path / "disk", "size=1m") as disk:
        published(disk.path, "p.git")
        with daemon(disk.path) as port:
            here.remotes().add("origin", f"git://{HOST}:{port}/p.git")
            large = commit(here, random.Random(3).randbytes(2_000_000))
            with pytest.raises(RemoteRefused, match="No space left on device") as caught:
                here.push("origin", large, MAIN, expect=None)
            assert caught.value.hint == "nothing has changed there, and what you have is kept here"
            assert here.fetch("origin", "main") == {}
