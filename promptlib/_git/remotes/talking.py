"""Running a git that talks to another machine, for as long as it gives a sign of life."""

from __future__ import annotations

import os
import re
import shlex
import signal
import threading
import time
from contextlib import suppress
from queue import Empty, Queue
from typing import IO, TYPE_CHECKING, cast

from promptlib._git.runner import Result, environment
from promptlib.errors import GitFailed

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping

    from promptlib._git.runner import Git

#: For so many seconds the other side may be silent.
PATIENCE = 60.0
#: More than that is no answer: a list of a hundred thousand refs takes 10 MB.
MOST_OUT = 64 << 20
MOST_WORDS = 256 << 10
CHUNK = 1 << 14
#: So long the pipes are listened to when git has ended already.
GRACE = 0.25
#: So long for the last of the pipes to end, when nobody holds it any more.
STOPPED = 10
_PROGRESS = re.compile(
    r"(?:remote: )?(?:Enumerating|Counting|Compressing|Writing|Receiving|Resolving|Unpacking|Updating|Checking|"
    r"Filtering|Total|Delta) .*(?:\d|done\.?).*|remote:\s*"
)
#: Certificates are the machine's business, and no way to run anything.
_CERTIFICATES = ("GIT_SSL_CAINFO", "GIT_SSL_CAPATH")


def surroundings(scheme: str, ssh: str, patience: float) -> dict[str, str]:
    """Return the environment for a talk in *scheme* and no other; *ssh* is the user's own `core.sshCommand`."""
    found = environment()
    found = {key: value for key, value in found.items() if key not in {"SSH_ASKPASS", "DISPLAY"}}
    found |= {key: os.environ[key] for key in _CERTIFICATES if key in os.environ}
    found |= {
        "GIT_ALLOW_PROTOCOL": scheme,
        "GIT_ASKPASS": "",
        "SSH_ASKPASS_REQUIRE": "never",
        "GIT_HTTP_LOW_SPEED_LIMIT": "1",
        "GIT_HTTP_LOW_SPEED_TIME": str(max(1, int(patience))),
    }
    return found | {"GIT_SSH_COMMAND": _quiet_ssh(ssh or "ssh", patience)}


def _quiet_ssh(command: str, patience: float) -> str:
    """Let ssh ask nobody and wait for nobody; another program than OpenSSH is left as it is."""
    try:
        first = next(iter(shlex.split(command)), "")
    except ValueError:
        return command
    if os.path.splitext(os.path.basename(first))[0] != "ssh":  # noqa: PTH119, PTH122 - a word of a shell, no path of ours
        return command
    wait = max(1, int(patience / 3))
    return f"{command} -o BatchMode=yes -o ConnectTimeout={wait} -o ServerAliveInterval={wait} -o ServerAliveCountMax=2"


class Silent(GitFailed):
    """The other side gave no sign of life."""


def talk(
    git: Git, arguments: tuple[str, ...], around: Mapping[str, str], *, given: bytes = b"", patience: float = PATIENCE
) -> Result:
    """Run git to its end and return what it left, progress taken out; raises `Silent` after *patience* seconds.

    It runs in a session of its own, without a terminal: nothing can ask there. What it started ends with it.
    """
    process = git.launch(arguments, around)
    heard: Queue[bytes | None] = Queue()
    out: list[bytes] = []
    listeners = (
        (process.stdin, _tell, (given,)),
        (process.stdout, _gather, (out, heard)),
        (process.stderr, _listen, (heard,)),
    )
    threads = [
        threading.Thread(target=listen, args=(_pipe(pipe), *rest), daemon=True) for pipe, listen, rest in listeners
    ]
    for thread in threads:
        thread.start()
    kept = False
    try:
        words, kept = _heard(heard, process, patience)
        process.wait()
    finally:
        # In the middle of a talk it is stopped with all that it has started; after the end nothing is left to stop.
        _stop(process)
        for thread in threads:
            # Only a pipe that outlives its git is not waited for: whoever holds it may go on to do so for hours.
            thread.join(timeout=GRACE if kept else STOPPED)
    return Result(process.returncode, b"".join(out), _said(words))


def _heard(heard: Queue[bytes | None], process: subprocess.Popen[bytes], patience: float) -> tuple[bytes, bool]:
    """Return all that came to stderr until both pipes have ended, or git has; and whether somebody keeps the pipes.

    An ssh that stays for the next connection, as ControlPersist lets it, keeps the pipes open for long.
    """
    words = bytearray()
    open_pipes = 2
    last = time.monotonic()
    while open_pipes:
        try:
            piece = heard.get(timeout=min(patience, GRACE))
        except Empty:
            if process.poll() is not None:
                break
            if time.monotonic() - last >= patience:
                raise Silent(f"no sign of life for {patience:g} seconds") from None
            continue
        last = time.monotonic()
        if piece is None:
            open_pipes -= 1
        elif len(words) < MOST_WORDS:
            words += piece
    return bytes(words), open_pipes > 0


def _tell(pipe: IO[bytes], given: bytes) -> None:
    with suppress(OSError, ValueError):
        pipe.write(given)
    _close(pipe)


def _gather(pipe: IO[bytes], out: list[bytes], heard: Queue[bytes | None]) -> None:
    size = 0
    while piece := _read(pipe):
        size += len(piece)
        if size <= MOST_OUT:
            out.append(piece)
        heard.put(b"")
    _close(pipe)
    heard.put(None)


def _listen(pipe: IO[bytes], heard: Queue[bytes | None]) -> None:
    while piece := _read(pipe):
        # Progress writes over itself: the last of it is enough.
        heard.put(piece)
    _close(pipe)
    heard.put(None)


def _read(pipe: IO[bytes]) -> bytes:
    try:
        return os.read(pipe.fileno(), CHUNK)
    except (OSError, ValueError):
        return b""


def _said(words: bytes) -> str:
    rows = re.split(r"[\r\n]+", words.decode("utf-8", "replace"))
    told = (row.replace("\x1b[K", "").rstrip() for row in rows)
    return "\n".join(row for row in told if row and not _PROGRESS.fullmatch(row))


def _stop(process: subprocess.Popen[bytes]) -> None:
    from subprocess import TimeoutExpired  # noqa: PLC0415 - loaded by now

    if process.returncode is not None:
        return
    for sign in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        with suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, sign)
            else:
                process.terminate()
        with suppress(TimeoutExpired):
            process.wait(timeout=5)
            return


def _close(pipe: IO[bytes]) -> None:
    """Close *pipe* in the thread that used it: it may outlive the talk by far."""
    with suppress(OSError):
        pipe.close()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    return cast("IO[bytes]", pipe)
