"""Nothing that is secret is in any error, whatever a server repeats; nothing that a repository names is run."""

from __future__ import annotations

import os
import pickle
import traceback
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from promptlib._git import Repository
from promptlib._git.remotes.addresses import Address, cleaned
from promptlib._git.remotes.quarantine import LEFT_SECONDS
from promptlib._git.remotes.talking import surroundings
from promptlib.errors import (
    BadRef,
    GitFailed,
    NotAuthorised,
    NotFound,
    PromptLibError,
    RemoteRefused,
    RemoteUnreachable,
)
from tests.hostile import Canaries
from tests.serving import HOST, WebServer, daemon, hook, published, silent, web, wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Save = Callable[..., str]
    Git = Callable[..., str]

MAIN = "refs/heads/main"
USER, PASSWORD = "uma-s3cret", "hunter2-s3cret"
TOKEN = "t0ken-s3cret-0123456789"  # noqa: S105 - beside it
HEADER = b64encode(f"x-access-token:{TOKEN}".encode()).decode()
BASIC = b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """A repository whose hook repeats all that it was given, and refuses."""
    path = published(tmp_path / "served", "p.git")
    hook(
        path,
        "pre-receive",
        'plain=$(echo "$GIVEN" | cut -d" " -f2 | base64 -d); echo "no: $GIVEN $plain ${plain#*:} token=$plain"; exit 1',
    )
    return path


@pytest.fixture
def server(tmp_path: Path, served: Path) -> Iterator[WebServer]:
    with web(tmp_path / "served", f"{USER}:{PASSWORD}") as found:
        yield found


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Repository]:
    with Repository.init(tmp_path / "here.git", bare=True) as repository:
        yield repository


def everything_of(error: BaseException) -> str:
    """Return all that a log, a terminal or another process may come to see of *error*."""
    told = ["".join(traceback.TracebackException.from_exception(error, capture_locals=False).format())]
    seen: BaseException | None = error
    while seen is not None:
        told += [str(seen), repr(seen), repr(seen.args), repr(getattr(seen, "__dict__", {}))]
        told.append(pickle.dumps(seen).decode("latin-1"))
        seen = seen.__cause__ or seen.__context__
    return "\n".join(told)


def check_silence(error: BaseException, *secrets: str) -> None:
    told = everything_of(error)
    for secret in (*secrets, USER, PASSWORD, TOKEN, HEADER, BASIC, "c00kie-s3cret"):
        assert secret not in told, f"{secret} in {told}"


def attempt(here: Repository, save: Save, remote: str = "origin") -> Iterator[PromptLibError]:
    """Fetch and push, and yield what came of both."""
    tip = here.tip(MAIN) or save(here, {"a": b"one\n"})
    for talk in (lambda: here.fetch(remote, "main"), lambda: here.push(remote, tip, MAIN, expect=None)):
        with pytest.raises(PromptLibError) as caught:
            talk()
        yield caught.value


@pytest.mark.parametrize(
    "address",
    [
        f"http://{USER}:wrong-{PASSWORD}@{{place}}/p.git",
        f"http://{TOKEN}@{{place}}/p.git",
        f"http://{USER}:wrong@{{place}}/{TOKEN}/p.git?access_token={TOKEN}",
    ],
)
@pytest.mark.parametrize("status", [0, 404, 413, 500])
def test_no_answer_of_a_server_brings_a_secret_back(
    here: Repository, save: Save, server: WebServer, address: str, status: int
) -> None:
    server.status = status
    here.remotes().add("origin", address.format(place=f"{HOST}:{server.port}"))
    kinds = {0: NotAuthorised, 404: NotFound, 413: RemoteRefused}
    for error in attempt(here, save):
        assert isinstance(error, kinds.get(status, RemoteUnreachable))
        check_silence(error, "wrong-")
        assert f"the remote 'origin' (http://{HOST}:{server.port}/…)" in str(error)


def test_a_hook_that_repeats_credentials_is_shown_without_them(
    here: Repository, save: Save, server: WebServer, served: Path, git: Git
) -> None:
    """By address, by the user's helper, and by a header of the repository's own configuration."""
    tip = save(here, {"a": b"one\n"})
    helper = f"!f() {{ echo username={USER}; echo password={PASSWORD}; echo 'error: {PASSWORD}' >&2; }}; f"
    git(here.git_dir, "config", "--global", "credential.helper", helper)
    remotes = here.remotes()
    remotes.add("address", server.address("p.git", f"{USER}:{PASSWORD}"))
    remotes.add("helper", server.address("p.git"))
    for name in ("address", "helper"):
        with pytest.raises(RemoteRefused, match="refuses to move main: no: ") as caught:
            here.push(name, tip, MAIN, expect=None)
        check_silence(caught.value)
        assert caught.value.reason.endswith("\npre-receive hook declined")
    server.credentials = f"x-access-token:{TOKEN}"
    git(here.git_dir, "config", "--global", "--unset", "credential.helper")
    git(here.git_dir, "config", f"http.http://{HOST}:{server.port}/.extraheader", f"AUTHORIZATION: Basic {HEADER}")
    with pytest.raises(RemoteRefused, match="refuses to move main") as caught:
        here.push("helper", tip, MAIN, expect=None)
    check_silence(caught.value)
    (served / "hooks/pre-receive").unlink()
    assert here.push("helper", tip, MAIN, expect=None) == "pushed"


def test_a_password_in_an_address_is_in_no_list_of_processes(
    here: Repository, save: Save, server: WebServer, served: Path
) -> None:
    seen: list[str] = []

    def look() -> None:
        """Look at what this test has started: somebody else on this machine may have the same password."""
        parents: dict[str, str] = {}
        words: dict[str, str] = {}
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                parents[process.name] = (process / "stat").read_text("utf-8", "replace").rpartition(") ")[2].split()[1]
                words[process.name] = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        for process_id, told in words.items():
            above = process_id
            while above in parents and above != str(os.getpid()):
                above = parents[above]
            if above == str(os.getpid()) != process_id:
                seen.append(told)

    server.on_request = look
    (served / "hooks/pre-receive").unlink()
    here.remotes().add("origin", server.address("p.git", f"{USER}:{PASSWORD}"))
    assert here.push("origin", save(here, {"a": b"one\n"}), MAIN, expect=None) == "pushed"
    assert any(f"git-remote-http {'promptlib-there'}" in words or "remote-http" in words for words in seen)
    assert not any(PASSWORD in words for words in seen)


def test_what_is_shown_of_an_address() -> None:
    for text in (
        f"https://{USER}:{PASSWORD}@example.org/{TOKEN}/x.git?k={TOKEN}",
        f"https://{TOKEN}@example.org/x.git",
    ):
        address = Address.parse(text)
        assert str(address) == "https://example.org/…"
        assert repr(address) == "<https://example.org/…>"
    assert str(Address.parse("git@example.org:a/b.git")) == "ssh://example.org/…"
    assert str(Address.parse("../x.git")) == "../x.git"
    assert Address.parse("https://h/x").bare == "https://h/x"
    assert Address.parse("[::1]:x").loopback
    assert Address.parse("http://localhost:80/x").loopback
    assert not Address.parse("http://127.0.0.1.example.org/x").loopback


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-x",
        "ext::sh -c x",
        "fd::17",
        "a\nb",
        "https:///x",
        "https://-x/y",
        "foo://x/y",
        "https://h?x",
        "x" * 5000,
        3,
    ],
)
def test_what_is_no_address(text: Any) -> None:
    with pytest.raises(BadRef):
        Address.parse(text)


@pytest.mark.parametrize(
    ("text", "scheme"), [("http://example.org/x", "http"), ("git://example.org/x", "git"), ("/srv/x.git", "file")]
)
def test_what_is_spoken_to_only_when_asked(here: Repository, git: Git, text: str, scheme: str) -> None:
    with pytest.raises(GitFailed, match=r"is not spoken to: .* only when you ask for it") as caught:
        here.fetch(text, "main")
    assert caught.value.hint == f"ask for it: git config --global protocol.{scheme}.allow always"
    git(here.git_dir, "config", f"protocol.{scheme}.allow", "always")  # a repository is not you
    with pytest.raises(GitFailed, match="is not spoken to"):
        here.fetch(text, "main")


def test_words_are_cleaned_of_what_has_the_form_of_a_secret() -> None:
    for text in (
        "Authorization: Bearer abcdefgh12345",
        "set-cookie: session=abcdef",
        "x-api-key = abc",
        "your token: abc",
        "basic YWJjZGVmZ2g6aGlqa2w=",
        "got ghp_0123456789abcdef and glpat-0123456789ab",
        "see https://user:pass@example.org/help?token=abc#x",
        "error 1https://user:pass@example.org: token=abc",
        "the long-word-before-my_token: abc",
    ):
        told = cleaned(text, ())
        assert "abc" not in told
        assert "0123456789" not in told
        assert "pass" not in told
        assert "***" in told
    assert cleaned("a\x1b[2Jb\u202ec\r\n\n  d\te", ("short", "abc")) == "a␛[2Jb<U+202E>c\n  d e"
    assert len(cleaned("x" * 100_000, ())) == 4000


# --- programs ---------------------------------------------------------------------------------------------------------


def test_nothing_that_a_repository_configures_is_run_by_a_fetch_or_a_push(
    here: Repository,
    save: Save,
    tmp_path: Path,
    git: Git,
    server: WebServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "cage").mkdir()
    canaries = Canaries(tmp_path / "cage")
    (server.root / "p.git/hooks/pre-receive").unlink()
    server.credentials = ""
    tip = save(here, {"a": b"one\n"})
    canaries.arm(here.git_dir, hooks=here.git_dir / "hooks")
    program = canaries.program("network")
    settings = {
        **dict.fromkeys(("core.sshCommand", "core.gitProxy", "core.askPass", "core.alternateRefsCommand"), program),
        **dict.fromkeys(("credential.helper", f"credential.http://{HOST}.helper"), f"!{program}"),
        **dict.fromkeys(("remote.origin.uploadpack", "remote.origin.receivepack", "remote.origin.vcs"), program),
        "remote.origin.url": server.address("p.git"),
        f"url.ext::{program} .insteadOf": f"http://{HOST}",
        "push.gpgSign": "true",
        "gpg.program": program,
    }
    for key, value in settings.items():
        git(here.git_dir, "config", "--replace-all", key, str(value))
    for name in ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_PROXY_COMMAND", "GIT_ASKPASS", "SSH_ASKPASS", "GIT_EXEC_PATH"):
        monkeypatch.setenv(name, str(program))
    with Repository.open(here.git_dir) as armed:
        assert armed.push("origin", tip, MAIN, expect=None) == "pushed"
        assert armed.fetch("origin", "main") == {"main": tip}
        server.credentials = f"{USER}:{PASSWORD}"
        with pytest.raises(NotAuthorised):
            armed.fetch("origin", "main")
        for address in (f"ssh://{HOST}:1/x", f"git://{HOST}:1/x"):
            with pytest.raises(RemoteUnreachable):
                armed.fetch(address, "main")
    assert canaries.sang() == set()


def test_the_users_own_configuration_holds(
    here: Repository, save: Save, server: WebServer, served: Path, git: Git
) -> None:
    """Also what it says of this repository alone."""
    (served / "hooks/pre-receive").unlink()
    home = Path(os.environ["HOME"])
    (home / "mine").write_text(
        f'[credential]\n\thelper = "!f() {{ echo username={USER}; echo password={PASSWORD}; }}; f"\n'
    )
    git(here.git_dir, "config", "--global", f"includeIf.gitdir:{here.git_dir}/.path", "mine")
    git(here.git_dir, "config", "--global", f"url.{server.address('')}.insteadOf", "https://prompts.example.org/")
    here.remotes().add("origin", "https://prompts.example.org/p.git")
    assert here.push("origin", save(here, {"a": b"one\n"}), MAIN, expect=None) == "pushed"
    git(here.git_dir, "config", "--global", f"url.http://{HOST}:1/.pushInsteadOf", "https://prompts.example.org/")
    with pytest.raises(RemoteUnreachable, match=f"http://{HOST}:1/…"):
        here.push("origin", save(here, {"a": b"two\n"}), MAIN, expect=here.tip("refs/remotes/origin/main"))


def test_ssh_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_ASKPASS", "/bin/true")
    monkeypatch.setenv("GIT_SSL_CAINFO", "/etc/ca.pem")
    found = surroundings("ssh", "", 60)
    assert "SSH_ASKPASS" not in found
    assert (found["GIT_SSL_CAINFO"], found["GIT_ALLOW_PROTOCOL"], found["GIT_ASKPASS"]) == ("/etc/ca.pem", "ssh", "")
    assert found["GIT_SSH_COMMAND"].startswith("ssh -o BatchMode=yes -o ConnectTimeout=20")
    assert surroundings("ssh", "/usr/bin/ssh -i 'my key'", 9)["GIT_SSH_COMMAND"].endswith("ServerAliveCountMax=2")
    for other in ("plink -batch", "ssh 'unfinished"):
        assert surroundings("ssh", other, 9)["GIT_SSH_COMMAND"] == other


# --- connections ------------------------------------------------------------------------------------------------------


def test_a_server_that_says_nothing_is_left(here: Repository) -> None:
    with silent() as port:
        for scheme in ("http", "git"):
            with pytest.raises(RemoteUnreachable, match=f"{scheme}://{HOST}:{port}/… gave no sign of life for 0.5 sec"):
                here.fetch(f"{scheme}://{HOST}:{port}/p.git", "main", patience=0.5)


@pytest.mark.parametrize("direction", ["up", "down"])
def test_a_cut_leaves_both_sides_as_they_were_or_as_they_should_be(
    tmp_path: Path, here: Repository, save: Save, git: Git, direction: Any
) -> None:
    import random

    places = random.Random(20 if direction == "up" else 21)
    served = published(tmp_path / "served", "large.git")
    with daemon(tmp_path / "served") as port, wire(port) as cable:
        here.remotes().add("origin", f"git://{HOST}:{cable.port}/large.git")
        with Repository.init(tmp_path / "other.git", bare=True) as other:
            other.remotes().add("origin", f"git://{HOST}:{cable.port}/large.git")
            expect: str | None = None
            for _ in range(3):
                new = save(here, {f"{each}": places.randbytes(3_000) for each in range(6)})
                cable.cut_after(places.randrange(1, 15_000 if direction == "up" else 150), direction)
                told = here.tip("refs/remotes/origin/main")
                with pytest.raises(RemoteUnreachable, match="did not answer, or not to the end") as caught:
                    here.push("origin", new, MAIN, expect=expect)
                assert "run it again" in caught.value.hint
                assert here.tip("refs/remotes/origin/main") == told
                cable.mend()
                found = here.fetch("origin", "main").get("main")
                assert found in {expect, new}
                assert here.push("origin", new, MAIN, expect=found) in {"pushed", "current"}
                before = other.tip("refs/remotes/origin/main")
                cable.cut_after(places.randrange(400, 15_000), "down")
                with pytest.raises(RemoteUnreachable):
                    other.fetch("origin", "main")
                assert other.tip("refs/remotes/origin/main") == before
                cable.mend()
                assert other.fetch("origin", "main") == {"main": new}
                expect = new
            for each in (here, other):
                assert each.fsck() == []
                assert list(each.common_dir.rglob("tmp_*")) == []
                assert list((each.common_dir / "promptlib").glob("remote-*")) == []
        assert git(served, "fsck", "--strict", "--no-dangling") == ""


def test_what_a_killed_fetch_left_goes_in_the_end(here: Repository, served: Path) -> None:
    left = here.layout.own_folder() / "remote-left"
    left.mkdir()
    (left / "credentials").write_text(PASSWORD)
    with pytest.raises(GitFailed):
        here.fetch(os.fspath(served), "main")
    assert left.is_dir()  # it may be somebody's who is at work
    os.utime(left, (1, LEFT_SECONDS))
    with pytest.raises(GitFailed):
        here.fetch(os.fspath(served), "main")
    assert not left.exists()


def test_a_helper_that_outlives_its_git_is_not_waited_for(here: Repository, save: Save, served: Path, git: Git) -> None:
    """As an ssh that ControlPersist keeps: it holds the pipes open."""
    (served / "hooks/pre-receive").unlink()
    script = served.parent / "ssh"
    script.write_text('#!/bin/sh\nsleep 20 &\nshift $(($# - 1))\nexec sh -c "$1"\n')
    script.chmod(0o755)
    git(here.git_dir, "config", "--global", "core.sshCommand", os.fspath(script))
    tip = save(here, {"a": b"one\n"})
    assert here.push(f"ssh://somewhere{served}", tip, MAIN, expect=None, patience=15) == "pushed"
