"""Real servers of git from Debian, on loopback: nginx with `git http-backend`, and sshd."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.serving import DEADLINE, HOST, daemon, free_port, published, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

USER = "uma"
PASSWORD = "s3cret-Pa55"  # noqa: S105 - of a server that lives for one test

NGINX = """
daemon off;
{user}
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    gzip off;
    server {{
        listen {host}:{port};
        client_max_body_size 64m;
        # Anybody may read and write below open/, with a password below closed/; nothing large below small/.
        location ~ ^/(?:open|small)(/.*)$ {{
            client_max_body_size 64m;
            {backend}
        }}
        location ~ ^/tiny(/.*)$ {{
            client_max_body_size 1k;
            {backend}
        }}
        location ~ ^/closed(/.*)$ {{
            auth_basic "prompts";
            auth_basic_user_file {folder}/users;
            {backend}
        }}
    }}
}}
"""
BACKEND = """
            fastcgi_pass unix:{folder}/fcgi;
            fastcgi_param SCRIPT_FILENAME {exec_path}/git-http-backend;
            fastcgi_param GIT_PROJECT_ROOT {root};
            fastcgi_param GIT_HTTP_EXPORT_ALL "";
            fastcgi_param PATH_INFO $1;
            fastcgi_param QUERY_STRING $query_string;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param CONTENT_TYPE $content_type;
            fastcgi_param CONTENT_LENGTH $content_length;
            fastcgi_param HTTP_CONTENT_ENCODING $http_content_encoding;
            fastcgi_param GIT_PROTOCOL $http_git_protocol;
            fastcgi_param REMOTE_USER $remote_user;
            fastcgi_param REMOTE_ADDR $remote_addr;
            # What a hook on the server could repeat.
            fastcgi_param GIVEN $http_authorization;
            fastcgi_request_buffering off;
            fastcgi_buffering off;
"""
SSHD = """
Port {port}
ListenAddress {host}
HostKey {folder}/host
PidFile {folder}/sshd.pid
AuthorizedKeysFile {folder}/authorized
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
StrictModes no
UsePAM no
LogLevel ERROR
"""


@dataclass(frozen=True)
class Server:
    """A server and the folder whose repositories it serves."""

    root: Path
    port: int
    #: What stands before the name of a repository.
    base: str
    #: More such, by what they are for: `closed` wants a password, `tiny` takes no large request.
    bases: dict[str, str] = field(default_factory=dict)

    def make(self, name: str, **settings: str) -> Path:
        """Return a new bare repository that is served and may be pushed to."""
        return published(self.root, name, **settings)

    def url(self, name: str, which: str = "", userinfo: str = "", port: int = 0) -> str:
        """Return the address of the repository *name*; *port* is that of a wire before the server."""
        scheme, _, rest = (self.bases[which] if which else self.base).partition("://")
        rest = rest.replace(f":{self.port}", f":{port or self.port}", 1)
        return f"{scheme}://{f'{userinfo}@' if userinfo else ''}{rest}/{name}"


@contextmanager
def _running(command: list[str], port: int, log: Path) -> Iterator[None]:
    with log.open("wb") as words:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=words, stderr=words)
        try:
            wait_for(port, process)
            yield
        finally:
            process.terminate()
            process.wait(timeout=DEADLINE)


@pytest.fixture
def nginx(tmp_path: Path, program: Callable[[str, str], str]) -> Iterator[Server]:
    """Serve repositories over http as forges do: nginx, fcgiwrap and `git http-backend`, all from Debian."""
    serve, wrap = program("nginx", "nginx-light"), program("fcgiwrap", "fcgiwrap")
    folder, root = tmp_path / "nginx", tmp_path / "served"
    folder.mkdir()
    root.mkdir(exist_ok=True)
    exec_path = subprocess.check_output(["git", "--exec-path"], text=True).strip()
    port = free_port()
    user = f"user {getpass.getuser()};" if os.geteuid() == 0 else ""
    backend = BACKEND.format(folder=folder, exec_path=exec_path, root=root)
    (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
    config = NGINX.format(folder=folder, user=user, host=HOST, port=port, backend=backend)
    (folder / "nginx.conf").write_text(config)
    # A socket's path may have a hundred characters, and pytest's are long.
    wrapped = subprocess.Popen(
        [wrap, "-c", "8", "-s", "unix:fcgi"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": os.environ["HOME"]},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        command = [serve, "-e", f"{folder}/start.log", "-p", os.fspath(folder), "-c", f"{folder}/nginx.conf"]
        with _running(command, port, folder / "log"):
            there = f"http://{HOST}:{port}"
            bases = {which: f"{there}/{which}" for which in ("open", "closed", "tiny")}
            yield Server(root, port, bases["open"], bases)
    finally:
        # Its children outlive it, and a backend whose client was cut off reads for ever: all of its session ends.
        os.killpg(wrapped.pid, signal.SIGKILL)
        wrapped.wait(timeout=DEADLINE)


@pytest.fixture
def git_daemon(tmp_path: Path) -> Iterator[Server]:
    """Serve repositories with `git daemon`, which comes with git."""
    root = tmp_path / "served"
    root.mkdir(exist_ok=True)
    with daemon(root) as port:
        yield Server(root, port, f"git://{HOST}:{port}")


@dataclass(frozen=True)
class Sshd(Server):
    """An sshd, and the command that reaches it with the right key."""

    command: str = ""
    #: The same, for one who has never seen the server's key; and with a key that it does not know.
    stranger: str = ""
    locked_out: str = ""


@pytest.fixture
def sshd(tmp_path: Path, program: Callable[[str, str], str]) -> Iterator[Sshd]:
    """Serve repositories over ssh, to the user that runs the tests."""
    serve, generate = program("sshd", "openssh-server"), program("ssh-keygen", "openssh-client")
    folder, root = tmp_path / "sshd", tmp_path / "served"
    folder.mkdir()
    root.mkdir(exist_ok=True)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    for name in ("host", "key", "other"):
        subprocess.run([generate, "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True, timeout=60)
    shutil.copyfile(folder / "key.pub", folder / "authorized")
    port = free_port()
    (folder / "sshd.conf").write_text(SSHD.format(port=port, host=HOST, folder=folder))
    kind, key = (folder / "host.pub").read_text().split()[:2]
    (folder / "known").write_text(f"[{HOST}]:{port} {kind} {key}\n")
    with _running([serve, "-D", "-e", "-f", f"{folder}/sshd.conf"], port, folder / "log"):
        bases = {"": f"ssh://{getpass.getuser()}@{HOST}:{port}{root}"}
        ssh = "ssh -F none -o IdentitiesOnly=yes"
        yield Sshd(
            root,
            port,
            bases[""],
            bases,
            command=f"{ssh} -o UserKnownHostsFile={folder}/known -i {folder}/key",
            stranger=f"{ssh} -o UserKnownHostsFile={folder}/nobody -i {folder}/key",
            locked_out=f"{ssh} -o UserKnownHostsFile={folder}/known -i {folder}/other",
        )
