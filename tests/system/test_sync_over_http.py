"""Working together through a real web server: four at once, a wire that is cut, a server that says no."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from promptlib import Prompt, Store, system
from promptlib.cli.app import app
from promptlib.errors import NotFetched, RemoteRefused, RemoteUnreachable
from tests.serving import Direction, hook, wire
from tests.system.servers import PASSWORD, USER, Server, Sshd, nginx, sshd
from tests.system.syncing import felt

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["nginx", "sshd"]

SAVES = 50
CUTS = 2


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own: git's global configuration is part of these tests."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    git("config", "--global", "user.name", "Uma")
    git("config", "--global", "user.email", "uma@example.com")
    return folder


def git(*arguments: str | Path) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def begun(server: Server, url: str, tmp_path: Path) -> Store:
    """Return a store whose first version is published at *url*."""
    store = Store.init(tmp_path / "first.git", bare=True)
    git("-C", store.path, "remote", "add", "origin", url)
    store.save("shared/0", Prompt.define(system("First."), system("The same.")))
    store.sync()
    return store


def failures(clones: list[Path]) -> int:
    """Return how many syncs of *clones* have failed so far."""
    return sum(felt(clone).stat().st_size for clone in clones if felt(clone).exists())


def test_four_that_write_at_once_through_a_wire_that_is_cut(nginx: Server, tmp_path: Path) -> None:
    served = nginx.make("p.git")
    chance = random.Random(5)
    with wire(nginx.port) as cable:
        url = nginx.url("p.git", "closed", f"{USER}:{PASSWORD}", cable.port)
        begun(nginx, url, tmp_path).close()
        clones = [tmp_path / f"clone-{number}.git" for number in range(4)]
        for clone in clones:
            git("clone", "-q", "--bare", url, clone)
        script = Path(__file__).with_name("syncing.py")
        writers = [
            subprocess.Popen(
                [sys.executable, script, clone, str(number), str(SAVES), "5"],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            for number, clone in enumerate(clones)
        ]
        # What cuts a request short is healed by curl where the connection was used before: cut until it was felt twice.
        directions: Iterator[Direction] = cycle(("up", "down"))
        asked = 0
        while failures(clones) < CUTS and any(each.poll() is None for each in writers):
            if asked == cable.cuts:
                cable.cut_after(chance.randrange(200, 4_000), next(directions))
                asked += 1
            time.sleep(0.05)
        cable.mend()
        told = []
        for writer in writers:
            out, words = writer.communicate(timeout=500)
            assert writer.returncode == 0, words.decode()
            assert PASSWORD not in words.decode() + out.decode()
            told.append(json.loads(out))
        assert failures(clones) >= CUTS
        stores = [Store.open(clone) for clone in clones]
        for store in (*stores, *stores):
            store.sync(resolve="ours")
    tips = {git("-C", path, "rev-parse", "main") for path in (*clones, served)}
    assert len(tips) == 1
    acknowledged = [tuple(pair) for each in told for pair in each["acknowledged"]]
    assert len(acknowledged) == 4 * SAVES
    held = {(name, version.digest) for name in stores[0].names() for version in stores[0].history(name)}
    assert [pair for pair in acknowledged if pair not in held] == []
    for store in stores:
        assert store.names() == stores[0].names()
        assert store.fsck().ok
        store.close()
    git("-C", served, "fsck", "--strict", "--no-dangling")


def test_a_server_that_says_no_changes_nothing_and_is_heard(nginx: Server, tmp_path: Path) -> None:
    served = nginx.make("p.git")
    with begun(nginx, nginx.url("p.git", "closed", f"{USER}:{PASSWORD}"), tmp_path) as store:
        before = store.version("shared/0")
        hook(served, "pre-receive", f'echo "closed till Monday, {PASSWORD}"; exit 1')
        store.save("shared/0", Prompt.define(system("Second.")))
        with pytest.raises(RemoteRefused, match=r"closed till Monday, \*\*\*") as caught:
            store.sync()
        assert PASSWORD not in str(caught.value) + repr(caught.value.__dict__)
        assert [each.number for each in store.history("shared/0")] == [1, 2]
        (served / "hooks/pre-receive").unlink()
        assert store.sync().pushed == 1
        assert store.history("shared/0")[0].digest == before.digest


def test_wrong_credentials_in_the_shell(nginx: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nginx.make("p.git")
    with Store.init(tmp_path / "mine.git", bare=True) as store:
        store.save("a", Prompt.define(system("Mine.")))
    git("-C", tmp_path / "mine.git", "remote", "add", "origin", nginx.url("p.git", "closed", f"{USER}:wr0ng-s3cret"))
    monkeypatch.chdir(tmp_path / "mine.git")
    done = CliRunner().invoke(app, ["sync"])
    assert done.exit_code == 1
    assert f"the remote 'origin' (http://127.0.0.1:{nginx.port}/…) wants credentials" in done.output
    for secret in ("wr0ng-s3cret", USER + ":"):
        assert secret not in done.output


def test_a_store_at_an_address_and_a_partial_clone(
    nginx: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nginx.make("p.git")
    url = nginx.url("p.git", "closed")
    git("config", "--global", "credential.helper", f"!f() {{ echo username={USER}; echo password={PASSWORD}; }}; f")
    with begun(nginx, url, tmp_path) as store:
        for number in range(200):
            store.save("many", Prompt.define(system(f"Text {number}.")))
        store.sync()
        project = tmp_path / "project"
        git("init", "-q", "-b", "main", project)
        (project / "pyproject.toml").write_text(f'[tool.promptlib.stores]\nfar = {{ url = "{url}", partial = true }}\n')
        with Store.init(project) as here:
            with pytest.raises(NotFetched):
                here.load("far:many")
            assert here.fetch("far:").texts == 2
            assert here.load("far:many") == store.load("many")
            assert here.fetch("far:many").talks == 1
            assert here.history("far:many") == store.history("many")
        git("clone", "-q", "--bare", "--filter=blob:none", url, tmp_path / "partial.git")
        monkeypatch.chdir(tmp_path / "partial.git")
        done = CliRunner().invoke(app, ["fetch"])
        assert done.output.endswith(" texts came\n"), done.output
        with Store.open() as partial:
            assert partial.history("many") == store.history("many")
            partial.save("many", Prompt.define(system("From a partial clone.")))
            assert partial.sync().pushed == 1
        assert store.sync().fetched == 1
        assert store.load("many").messages[0].text == "From a partial clone."


def test_sync_over_ssh(sshd: Sshd, tmp_path: Path) -> None:
    sshd.make("p.git")
    git("config", "--global", "core.sshCommand", sshd.command)
    with begun(sshd, sshd.url("p.git"), tmp_path) as store:
        git("config", "--global", "core.sshCommand", f"{sshd.command} -p 1")
        store.save("a", Prompt.define(system("Later.")))
        git("-C", store.path, "remote", "set-url", "origin", f"ssh://127.0.0.1:1{sshd.root}/p.git")
        with pytest.raises(RemoteUnreachable, match="did not answer"):
            store.sync()
        git("config", "--global", "core.sshCommand", sshd.command)
        git("-C", store.path, "remote", "set-url", "origin", sshd.url("p.git"))
        assert store.sync().pushed == 1
