"""Servers of git on loopback, as cheap as they can be, and a wire that can be cut: for every test of remotes."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOST = "127.0.0.1"
DEADLINE = 20.0
Direction = Literal["up", "down"]


def free_port() -> int:
    """Return a port of loopback that nobody listens at."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        port: int = taken.getsockname()[1]
        return port


def wait_for(port: int, process: subprocess.Popen[bytes] | None = None) -> None:
    """Return when somebody listens at *port*; fail when *process*, which should, has ended."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        assert process is None or process.poll() is None, f"the server ended with {process and process.returncode}"
        time.sleep(0.01)
    message = f"nobody listens at {port}"
    raise AssertionError(message)


def published(root: Path, name: str, **settings: str) -> Path:
    """Return a new bare repository *name* below *root* that a server may serve and be pushed to."""
    path = root / name
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", path], check=True, capture_output=True)
    wanted = {"http.receivepack": "true", "uploadpack.allowfilter": "true", "daemon.receivepack": "true", **settings}
    for key, value in wanted.items():
        subprocess.run(["git", "-C", path, "config", key, value], check=True, capture_output=True)
    return path


def hook(repository: Path, name: str, script: str) -> None:
    """Let *repository* run *script* as its hook *name*."""
    (repository / "hooks").mkdir(exist_ok=True)
    file = repository / "hooks" / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


# --- a wire -----------------------------------------------------------------------------------------------------------


class Wire:
    """A proxy of TCP in front of a server: it passes everything on, until it is told where to cut."""

    def __init__(self, port: int) -> None:
        """Lead to *port* of loopback."""
        self._target = port
        self._listening = socket.create_server((HOST, 0))
        self.port: int = self._listening.getsockname()[1]
        self._lock = threading.Lock()
        self._left: dict[Direction, int | None] = {"up": None, "down": None}
        #: How often it was cut, and how many bytes it has passed on each way.
        self.cuts = 0
        self.passed: dict[Direction, int] = {"up": 0, "down": 0}
        self.connections = 0
        self._ends: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def cut_after(self, size: int, direction: Direction) -> None:
        """Cut the connection that carries the byte *size* from now on in *direction*, once."""
        with self._lock:
            self._left[direction] = size

    def mend(self) -> None:
        """Let everything pass."""
        with self._lock:
            self._left = {"up": None, "down": None}

    def close(self) -> None:
        """Take it away."""
        # A thread that waits in accept would keep the port open.
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._threads[0].join()
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for end in self._ends:
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return  # it was taken away
            self.connections += 1
            try:
                far = socket.create_connection((HOST, self._target), timeout=DEADLINE)
            except OSError:
                near.close()
                continue
            self._ends += near, far
            ways: tuple[tuple[socket.socket, socket.socket, Direction], ...] = (near, far, "up"), (far, near, "down")
            for way in ways:
                self._threads.append(threading.Thread(target=self._carry, args=way, daemon=True))
                self._threads[-1].start()

    def _carry(self, source: socket.socket, sink: socket.socket, direction: Direction) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 14):
                data, cut = self._allowed(data, direction)
                sink.sendall(data)
                if cut:
                    self._reset(source, sink)
                    return
            sink.shutdown(socket.SHUT_WR)
            return
        self._reset(source, sink)

    def _allowed(self, data: bytes, direction: Direction) -> tuple[bytes, bool]:
        with self._lock:
            left = self._left[direction]
            if left is not None and left <= len(data):
                data, cut = data[:left], True
                self._left[direction] = None
                self.cuts += 1
            else:
                self._left[direction] = None if left is None else left - len(data)
                cut = False
            self.passed[direction] += len(data)
            return data, cut

    @staticmethod
    def _reset(*ends: socket.socket) -> None:
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def wire(port: int) -> Iterator[Wire]:
    """Have a wire to *port*."""
    made = Wire(port)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def silent() -> Iterator[int]:
    """Have a port at which connections are taken and nothing is ever said."""
    with socket.create_server((HOST, 0)) as listening:
        yield listening.getsockname()[1]


# --- git daemon -------------------------------------------------------------------------------------------------------


@contextmanager
def daemon(root: Path) -> Iterator[int]:
    """Serve everything below *root* with `git daemon`, and yield its port."""
    port = free_port()
    # `git daemon` starts itself anew under another name and would outlive a signal to the first of the two.
    program = Path(subprocess.check_output(["git", "--exec-path"], text=True).strip()) / "git-daemon"
    command = [os.fspath(program), f"--base-path={root}", "--export-all", "--enable=receive-pack", "--reuseaddr"]
    command += [f"--listen={HOST}", f"--port={port}", "--informative-errors", os.fspath(root)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=DEADLINE)


# --- http -------------------------------------------------------------------------------------------------------------


class WebServer(ThreadingHTTPServer):
    """`git http-backend` behind http, which wants a user and a password where it is given them."""

    daemon_threads = True

    def __init__(self, root: Path, credentials: str = "") -> None:
        """Serve everything below *root*; *credentials* are `user:password`."""
        super().__init__((HOST, 0), _Handler)
        self.root = root
        self.credentials = credentials
        self.port: int = self.server_address[1]
        #: Every request: method and path with query. What it was asked with, header by header.
        self.requests: list[str] = []
        self.headers: list[dict[str, str]] = []
        #: A status to answer everything with, 0 for none.
        self.status = 0
        #: Called in the middle of each request.
        self.on_request: Callable[[], object] = lambda: None

    def address(self, name: str, userinfo: str = "") -> str:
        """Return where the repository *name* is."""
        return f"http://{f'{userinfo}@' if userinfo else ''}{HOST}:{self.port}/{name}"


class _Handler(BaseHTTPRequestHandler):
    server: WebServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer."""
        self._answer()

    def do_POST(self) -> None:
        """Answer."""
        self._answer()

    def _answer(self) -> None:
        from base64 import b64encode

        server = self.server
        server.requests.append(f"{self.command} {self.path}")
        server.headers.append(dict(self.headers))
        server.on_request()
        body = self._body()
        given = self.headers.get("Authorization", "")
        wanted = f"Basic {b64encode(server.credentials.encode()).decode()}" if server.credentials else ""
        echo = f"{self.command} {self.path}\nAuthorization: {given}\nCookie: session=c00kie-s3cret\n".encode()
        if server.status:
            self._say(server.status, [("Content-Type", "text/plain")], echo)
        elif wanted and given != wanted:
            self._say(401, [("WWW-Authenticate", 'Basic realm="git"'), ("Content-Type", "text/plain")], echo)
        else:
            self._backend(body, given)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _backend(self, body: bytes, given: str) -> None:
        path, _, query = self.path.partition("?")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ["HOME"],
            "GIT_PROJECT_ROOT": os.fspath(self.server.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "HTTP_GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REMOTE_ADDR": HOST,
            "REMOTE_USER": "somebody",
            # What a hook on the server could repeat.
            "GIVEN": given,
        }
        git = shutil.which("git") or "git"
        done = subprocess.run([git, "http-backend"], input=body, env=environment, capture_output=True, check=False)
        head, _, rest = done.stdout.partition(b"\r\n\r\n")
        fields = [row.split(": ", 1) for row in head.decode().split("\r\n") if ": " in row]
        status = next((int(value.split()[0]) for name, value in fields if name == "Status"), 200 if head else 500)
        self._say(status, [(name, value) for name, value in fields if name != "Status"], rest)

    def _say(self, status: int, fields: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in (*fields, ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def web(root: Path, credentials: str = "") -> Iterator[WebServer]:
    """Serve everything below *root* over http."""
    server = WebServer(root, credentials)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
