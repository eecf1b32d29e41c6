"""A `promptlib` for pages with many commands: imported once, and forked for each call.

`standing(folder)` writes the programs `promptlib` and `python` for a PATH. A call of `promptlib` hands its arguments,
directory, environment and files to a process that waits, and that forks: the call is a process of its own that need not
wait for imports. How `promptlib` starts by itself is under test in tests/cli/test_cli_process.py.
"""

from __future__ import annotations

import json
import os
import select
import shlex
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: What runs for a call; it imports next to nothing.
CALL = """\
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as line:
    line.connect(sys.argv[1])
    said = json.dumps([sys.argv[2:], os.getcwd(), dict(os.environ)]).encode("utf-8", "surrogateescape")
    socket.send_fds(line, [len(said).to_bytes(8, "big")], [0, 1, 2])
    line.sendall(said)
    status = line.recv(1)
sys.exit(status[0] if status else 70)
"""
NOTHING_SAID = 70


@contextmanager
def standing(folder: Path) -> Iterator[Path]:
    """Yield *folder* with `python` and `promptlib` in it, as long as the process stands that answers."""
    address, call, python = folder / "line", folder / "call.py", shlex.quote(sys.executable)
    call.write_text(CALL, "utf-8")
    calling = f"{python} -I -S {shlex.quote(str(call))} {shlex.quote(str(address))}"
    for name, line in {"python": python, "promptlib": calling}.items():
        (folder / name).write_text(f'#!/bin/sh\nexec {line} "$@"\n', "utf-8")
        (folder / name).chmod(0o755)
    words = [sys.executable, __file__, str(address)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield folder
        process.stdin.close()


def stand(address: str) -> None:
    """Answer calls at *address* until standard input ends."""
    from promptlib import count_tokens
    from promptlib.cli.app import VERBS

    for place in {place.partition(":")[0] for place in VERBS.values()}:
        import_module(f"promptlib.cli.{place}")
    count_tokens("the vocabulary is read")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children: the system clears them away
    with socket.socket(socket.AF_UNIX) as line:
        line.bind(address)
        line.listen(64)
        print("ready", flush=True)  # noqa: T201 - whoever started this reads it
        while True:
            ready, _, _ = select.select([line, sys.stdin], [], [])
            if sys.stdin in ready:
                return
            caller, _ = line.accept()
            with caller:
                if os.fork() == 0:
                    line.close()
                    _answer(caller)


def _answer(caller: socket.socket) -> None:
    """Be the `promptlib` that *caller* has started, to its end."""
    status = NOTHING_SAID
    try:
        length, files, _, _ = socket.recv_fds(caller, 8, 3)
        said = b""
        while len(said) < int.from_bytes(length, "big"):
            said += caller.recv(1 << 16)
        arguments, directory, environment = json.loads(said)
        for place, file in enumerate(files):
            os.dup2(file, place)
            os.close(file)
        # Those of the process that was forked remember what they were.
        sys.stdin, sys.stdout = os.fdopen(0, encoding="utf-8"), os.fdopen(1, "w", encoding="utf-8")
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.chdir(directory)
        os.environ.clear()
        os.environ.update(environment)
        time.tzset()
        sys.argv = ["promptlib", *arguments]
        status = _run()
    except BaseException:  # noqa: BLE001 - what Python itself does with what nobody catches
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
        status = 1
    finally:
        caller.sendall(bytes([status]))
        os._exit(status)


def _run() -> int:
    """Return how the command line ends."""
    from promptlib.cli import main

    try:
        main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    stand(sys.argv[1])
