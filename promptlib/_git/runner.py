"""The one place that starts git, hardened against what a foreign repository may ask it to run."""

from __future__ import annotations

import os
import re
import threading
import weakref
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import IO, TYPE_CHECKING, Self, cast

from promptlib.errors import GitFailed, NotFetched, StoreError, StoreReadOnly
from promptlib.forking import ForkBarrier

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator, Mapping
    from io import BufferedReader
    from pathlib import Path

    from promptlib._git.layout import Layout

# Identity and dates are the user's to set; every other GIT_* could redirect git or make it run something.
KEPT = frozenset(f"GIT_{who}_{what}" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL", "DATE"))
SETTINGS = (
    "core.fsmonitor=false",
    "core.pager=cat",
    "protocol.ext.allow=never",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.graftFileDeprecated=false",
    # Larger objects are streamed, so that a compressed bomb never lies in memory as a whole.
    "core.bigFileThreshold=2m",
)
NO_HOOKS = f"core.hooksPath={os.devnull}"
MOST_ERROR_TEXT = 4000
_PROMISED = re.compile(r"could not fetch ([0-9a-f]{40,64}) from promisor remote")


@lru_cache(maxsize=4)
def _executable(search_path: str | None) -> str:
    import shutil  # noqa: PLC0415 - a load starts no process

    found = shutil.which("git", path=search_path)
    if found is None:
        raise GitFailed(
            "git is not installed, or not on the PATH",
            hint="install git to save and to read history; loading from a folder and rendering work without it",
        )
    return os.path.abspath(found)  # noqa: PTH100 - resolving links would change what the program is called


def executable() -> str:
    """Return the absolute path of git; the lookup is done once for each PATH."""
    return _executable(os.environ.get("PATH"))


def environment() -> dict[str, str]:
    """Return the environment for our own calls of git: no redirection, no prompt, no network, English."""
    return users_environment() | {
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_GRAFT_FILE": os.devnull,
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "LC_ALL": "C",
    }


def users_environment() -> dict[str, str]:
    """Return the environment for the user's own commit, whose hooks inherit it."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_") or key in KEPT}
    return kept | {"GIT_TERMINAL_PROMPT": "0", "GIT_EDITOR": ":"}


def redact(text: str) -> str:
    """Return *text* without the user and password of any URL."""
    return re.sub(r"(?<=://)[^/\s'\"]*@", "", text)


@dataclass(frozen=True, slots=True)
class Result:
    """What a finished git process left: its exit code, output, and redacted error text."""

    code: int
    out: bytes
    error: str


def failure(verb: str, text: str, code: int = 1) -> StoreError:
    """Return the error for a git that failed with *text*; where a signal ended it, that is the cause."""
    error = _failure(verb, redact(text).strip()[:MOST_ERROR_TEXT] or "it gave no reason")
    if code < 0:
        error.__cause__ = ChildProcessError(f"git {verb} was ended by signal {-code}")
    return error


def _failure(verb: str, words: str) -> StoreError:
    if "Permission denied" in words or "Read-only file system" in words:
        return StoreReadOnly(f"git {verb} may not write here: {words}", hint="check who owns the repository's files")
    if "promisor remote" in words or "lazy fetching disabled" in words:
        return not_fetched(found[1] if (found := _PROMISED.search(words)) else "")
    return GitFailed(f"git {verb} failed: {words}", hint=_remedy(words))


def not_fetched(object_id: str) -> NotFetched:
    """Return the error for an object that a partial clone has left at its remote."""
    what = f"object {object_id}" if object_id else "an object"
    return NotFetched(
        f"{what} is not here: this clone is partial, and left it at its remote",
        hint="nothing is fetched unasked; promptlib fetch brings all texts that are missing, in one go",
    )


def _remedy(words: str) -> str:
    if "repository extension" in words or "repo version" in words:
        return "this repository needs a newer git; reftables need 2.45"
    return "promptlib fsck tells whether the repository is sound"


class Git:
    """Runs git in one repository; its long-lived children belong to the thread and the process that asked."""

    def __init__(self, folder: Path, selection: tuple[str, ...] = ()) -> None:
        """Run in *folder*, with *selection* as the options that name the repository."""
        self.folder = folder
        self._selection = selection
        self._local = threading.local()
        self._children: weakref.WeakSet[Child] = weakref.WeakSet()

    @classmethod
    def of(cls, layout: Layout) -> Self:
        """Return a runner for the repository of *layout*, without any search for it."""
        # With a work tree around it, as core.worktree may say, git would take every path for one below the git folder.
        # In a bare one git would begin to write reflogs, and each save would start a git of its own.
        around = () if layout.bare else (f"--work-tree={layout.git_dir}",)
        return cls(layout.git_dir, (f"--git-dir={layout.git_dir}", *around))

    @classmethod
    def at(cls, folder: Path) -> Self:
        """Return a runner that lets git find the repository of *folder*, as it does for the user."""
        return cls(folder)

    def command(self, *arguments: str, hooks: bool = False) -> list[str]:
        """Return the whole command line."""
        settings = SETTINGS if hooks else (NO_HOOKS, *SETTINGS)
        options = [word for setting in settings for word in ("-c", setting)]
        return [executable(), *self._selection, "--no-optional-locks", "--no-pager", *options, *arguments]

    def run(self, *arguments: str, given: bytes = b"", check: bool = True, hooks: bool = False) -> Result:
        """Run git to its end; raise for an exit code other than 0 when *check*."""
        from subprocess import PIPE  # noqa: PLC0415 - a load starts no process

        process = self._spawn(self.command(*arguments, hooks=hooks), PIPE, hooks=hooks)
        try:
            out, words = process.communicate(given)
        except OSError as error:
            raise _unheard(_verb(arguments), error) from error
        finally:
            _reap(process, os.getpid())
        result = Result(process.returncode, out, redact(_words(process.returncode, words.decode("utf-8", "replace"))))
        # What a git says that was killed is no answer.
        if result.code < 0 or (check and result.code):
            raise failure(_verb(arguments), result.error, result.code)
        return result

    def start(self, *arguments: str, given: int | None = None) -> Child:
        """Start a git that is talked to, or that reads the file *given*; the caller ends it."""
        from subprocess import PIPE  # noqa: PLC0415 - a load starts no process

        process = self._spawn(self.command(*arguments), PIPE if given is None else given)
        child = Child(process, _verb(arguments))
        self._children.add(child)
        return child

    def launch(self, arguments: tuple[str, ...], around: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start a git with the environment *around*, in a session of its own: it has no terminal to ask at."""
        from subprocess import PIPE  # noqa: PLC0415 - a load starts no process

        return self._spawn(self.command(*arguments), PIPE, around=around)

    def _spawn(
        self, command: list[str], given: int, *, hooks: bool = False, around: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        import subprocess  # noqa: PLC0415 - a load starts no process

        try:
            with _spawning:
                process = subprocess.Popen(  # noqa: S603 - a fixed command, an absolute program, no shell
                    command,
                    stdin=given,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    cwd=self.folder,
                    env=around or (users_environment() if hooks else environment()),
                    start_new_session=around is not None,
                    restore_signals=hooks,  # kept: a limit on the size of files is an error to git, not its sudden end
                )
                _living.add(process)
        except OSError as error:
            raise GitFailed(f"git could not be started in {str(self.folder)!r}: {error.strerror}") from error
        return process

    def child(self, *arguments: str) -> Child:
        """Return the long-lived git of this thread for *arguments*, started when there is none."""
        held: dict[tuple[str, ...], Child] = self._local.__dict__.setdefault("held", {})
        child = held.get(arguments)
        if child is None or not child.usable:
            child = held[arguments] = self.start(*arguments)
        return child

    def close(self) -> None:
        """End every child, whichever thread started it."""
        for child in list(self._children):
            child.end()


def _words(code: int, error: str) -> str:
    """Return the last words of a git that ended with *code*: what ended it, where it could say nothing."""
    if code >= 0 or error.strip():
        return error
    import signal  # noqa: PLC0415 - it is rare

    return f"it was ended by signal {-code}: {signal.strsignal(-code)}"


def _verb(arguments: tuple[str, ...]) -> str:
    return next((word for word in arguments if not word.startswith("-") and "=" not in word), "")


def _unheard(verb: str, error: OSError) -> GitFailed:
    return GitFailed(f"git {verb} could not be talked to: {error.strerror}", hint="try again")


class Child:
    """A running git: write to it, read from it, and end it."""

    def __init__(self, process: subprocess.Popen[bytes], verb: str) -> None:
        """Take over *process*; it is reaped when this object goes, at the latest when Python ends."""
        self.verb = verb
        self._process = process
        self._owner = os.getpid()
        self._reap: Callable[[], object] = weakref.finalize(self, _reap, process, self._owner)
        self._input = process.stdin
        self.output = cast("BufferedReader", process.stdout)
        self.process = process.pid
        self._started = ""

    @property
    def started(self) -> str:
        """When it began, as the system tells it, so that a later process of its number is known as another."""
        self._started = self._started or started_at(self.process)
        return self._started

    @property
    def usable(self) -> bool:
        """Tell whether this process started it, and it runs: the machine may have killed it while nothing was asked."""
        return self._owner == os.getpid() and self._process.poll() is None

    @contextmanager
    def talk(self) -> Iterator[None]:
        """End it when what is asked and answered inside is broken off: no later question may get this answer.

        A `StoreError` breaks off nothing: whoever raises one has heard the whole answer, or has ended the process.
        """
        try:
            yield
        except StoreError:
            raise
        except OSError as error:
            self.end()
            raise _unheard(self.verb, error) from error
        except BaseException:
            self.end()
            raise

    def write(self, data: bytes) -> None:
        """Send *data*, all of it, at once."""
        pipe = _piped(self._input)
        try:
            pipe.write(data)
            pipe.flush()
        except (BrokenPipeError, ValueError) as error:
            raise self.failed() from error

    def close_input(self) -> None:
        """Tell it that nothing more comes."""
        _close_quietly(self._input)

    def finish(self) -> str:
        """Close its input, wait for its end, and raise unless it succeeded; return its error text."""
        self.close_input()
        error = _piped(self._process.stderr).read().decode("utf-8", "replace")
        code = self._process.wait()
        self._reap()
        if code:
            raise failure(self.verb, _words(code, error), code)
        return redact(error)

    def failed(self) -> StoreError:
        """End it and return the error that its last words make."""
        words = self.last_words()
        return failure(self.verb, words, self._process.returncode or 0)

    def last_words(self) -> str:
        """End it and return its error text."""
        from subprocess import TimeoutExpired  # noqa: PLC0415 - loaded by now

        if self._process.returncode is None:
            _close_quietly(self._input)
            try:
                self._process.wait(timeout=5)
            except TimeoutExpired:
                self._process.kill()
        pipe = _piped(self._process.stderr)
        error = "" if pipe.closed else pipe.read().decode("utf-8", "replace")
        self.end()
        return redact(_words(self._process.returncode or 0, error))

    def end(self) -> None:
        """Stop it, whatever it does."""
        self._reap()


def started_at(process: int) -> str:
    """Return what no other process of this number has: when it began; an empty text for one that is gone."""
    try:
        # The fields after the name, which stands in brackets and may hold anything.
        with open(f"/proc/{process}/stat", "rb") as file:  # noqa: PTH123 - a text path like all others here
            fields = file.read().rpartition(b") ")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in {b"Z", b"X"} else fields[19].decode()


def _piped(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise GitFailed("this git process has no such pipe")
    return pipe


def _close_quietly(pipe: IO[bytes] | None) -> None:
    try:
        if pipe is not None:
            pipe.close()
    except OSError:
        # What was still to be written has no reader any more.
        return


def _reap(process: subprocess.Popen[bytes], owner: int) -> None:
    if os.getpid() != owner:
        _forget(process)
        return
    try:
        if process.poll() is None:
            _stop(process)
    finally:
        for pipe in (process.stdin, process.stdout, process.stderr):
            _close_quietly(pipe)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end, since a git that is killed leaves its locks behind; kill it when it does not."""
    from subprocess import TimeoutExpired  # noqa: PLC0415 - loaded by now

    try:
        process.terminate()
        process.wait(timeout=5)
    except BaseException as error:
        process.kill()
        process.wait()
        if not isinstance(error, TimeoutExpired):
            raise


_living: weakref.WeakSet[subprocess.Popen[bytes]] = weakref.WeakSet()
_spawning = ForkBarrier(rank=1)


def _forget_all() -> None:
    for process in list(_living):
        _forget(process)


def _forget(process: subprocess.Popen[bytes]) -> None:
    """Let go of a process of the parent: after a fork it is not ours to stop, or to talk to."""
    process.returncode = 0
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            # What the parent has not sent yet is its own to send: only this process's end of the pipe is closed.
            cast("BufferedReader", pipe).raw.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
