"""A bare store as large as one likes, made by one `git fast-import`; the same words give the same commits."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from pydantic import BaseModel

from promptlib import Prompt, codec, system, user
from promptlib._git import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from promptlib.messages import Message

TEAMS, TASKS = 20, 25
#: How many versions a commit holds in the first four fifths; those of the last fifth have a commit each.
AT_ONCE = 20
#: So many versions before its end the line is left by the branches `other` and `rewritten`.
APART, REWRITTEN = 500, 1_000
#: Stores of so few names have a label on each.
FEW = 100
BEGIN = 1_700_000_000
AUTHORS = ("Ann Berg <ann@example.com>", "Ben Okri <ben@example.com>", "Zoë Ødegård <zoe@example.com>")
SUBJECTS = ("the order number", "the last three mails", "the tone", "the deadline", "the product", "the invoice")
SENTENCES = tuple(
    f"- {verb} {subject} {when}, and {reason}."
    for verb in ("Ask for", "Look at", "Quote", "Never guess", "Sum up", "Leave out")
    for subject in SUBJECTS
    for when in ("before you answer", "where the customer is new", "in the first line", "when it is late")
    for reason in ("say so in plain words", "pass it on if you are not sure", "keep names as they are written")
)
LINES = 14
_TEXT, _ABOUT = "THE-TEXT", "THE-DESCRIPTION"


class Ticket(BaseModel):
    """What the prompts ask for."""

    ticket: str
    tone: str = "calm"


@dataclass(frozen=True, slots=True)
class Library:
    """A store of *versions* of *names* prompts, each with as many as the others.

    On `main`, and on `whole`, the last fifth of the versions has a commit each. `before-1` and `before-1000` stand so
    many versions earlier (a tenth of all at most). `other` left `main` 500 versions before its end and has 500 of its
    own; `rewritten` says the last 1,000 again in other words. Some names were deleted and came back, and those of
    `gone` did not. Every tenth name has a label, in a small store every name.
    """

    path: Path
    versions: int
    names: int
    gone: tuple[str, ...]

    def name(self, number: int) -> str:
        """Return one name of the store; 0 is labelled `production` and `staging`, and is never deleted."""
        return name_of(number)

    def apart(self, most: int) -> int:
        """Return how far a branch that is to be *most* versions away stands here."""
        return min(most, self.versions // 10)

    def git(self, *words: str) -> str:
        """Run git in the store and return what it prints."""
        command = ["git", "-C", str(self.path), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def point(self, branch: str) -> None:
        """Put `main` where *branch* stands, as a push by force would."""
        self.git("update-ref", "refs/heads/main", f"refs/heads/{branch}")


def name_of(number: int) -> str:
    """Return the name of prompt *number*: people sort by team and task."""
    return f"team-{number % TEAMS:02}/task-{number // TEAMS % TASKS:02}/name-{number:05}"


def file_of(number: int, version: int) -> bytes:
    """Return the file of *version*, from 0, of prompt *number*: each version changes one line of the one before."""
    seed = Random(number)
    lines = seed.choices(SENTENCES, k=LINES)
    for edit in range(version):
        lines[seed.randrange(LINES)] = f"- Rule {number}.{edit + 1}: {seed.choice(SENTENCES)[2:]}"
    about = f"Sorts tickets by rule {number}"
    frame = _FRAMES[number % len(_FRAMES)]
    return frame.replace(_ABOUT, about).replace(_TEXT, "\n".join(lines)).encode()


def _frame(*messages: Message, tags: tuple[str, ...]) -> str:
    return codec.write(Prompt.define(Ticket, *messages, description=_ABOUT, tags=tags)).decode()


_FRAMES = (
    _frame(system(f"You sort support tickets in a {{{{ tone }}}} voice.\n{_TEXT}"), user("{{ ticket }}"), tags=()),
    _frame(user(f"{_TEXT}\n\nAnswer in a {{{{ tone }}}} voice:\n{{{{ ticket }}}}"), tags=("support", "long")),
    _frame(
        system("You are brief. {% if tone == 'calm' %}Stay calm.{% endif %}"),
        user(f"{_TEXT}\n{{{{ ticket }}}}"),
        tags=("support",),
    ),
)


def built(path: Path, versions: int, names: int) -> Library:
    """Make the store at *path*, a folder that is not there yet."""
    Repository.init(path, bare=True).close()
    importer = subprocess.Popen(["git", "-C", path, "fast-import", "--quiet", "--done"], stdin=subprocess.PIPE)
    assert importer.stdin is not None
    with importer.stdin as pipe:
        for part in _stream(versions, names):
            pipe.write(part)
    assert importer.wait() == 0
    return Library(path, versions, names, tuple(map(name_of, _gone(versions, names))))


def _stream(versions: int, names: int) -> Iterator[bytes]:
    written = _order(versions, names)
    single = versions - versions // 5
    many = min(AT_ONCE, names)
    assert names % many == 0 == single % many, "no commit holds two versions of one name"
    for start in range(0, single, many):
        yield _commit("main", start, f"Rules of round {start}", written[start : start + many])
    for number in range(0, names, 10 if names > FEW else 1):
        labels = ("production",) if number else ("production", "staging")
        yield _labels(single, number, versions // names // 2, labels)
    for number in range(7, names, 500):
        yield _deletion(single, number)
    last, apart = (min(most, versions // 10) for most in (REWRITTEN, APART))
    branches = ((1, "before-1"), (apart, "other"), (last, "before-1000"))
    for at, version in enumerate(written[single:], single):
        left = versions - at
        if left == last:
            yield from (_deletion(at, number) for number in _gone(versions, names))
        for branch in (branch for away, branch in branches if away == left):
            yield f"reset refs/heads/{branch}\nfrom refs/heads/main\n\n".encode()
        yield _commit("main", at, f"Rule {version[0]}: say it better", [version])
    for at in range(apart):
        yield _commit("other", versions + at, f"Another rule {at}", [(at * 7 % names, versions // names + at)])
    yield b"reset refs/heads/rewritten\nfrom refs/heads/before-1000\n\n"
    for at, version in enumerate(written[-last:]):
        yield _commit("rewritten", versions + at, f"Rule {version[0]}, said again", [version])
    yield b"reset refs/heads/whole\nfrom refs/heads/main\n\ndone\n"


def _order(versions: int, names: int) -> list[tuple[int, int]]:
    """Return number and version of all files: each round writes every name once, in an order of its own."""
    rounds = range(versions // names)
    return [(number, at) for at in rounds for number in Random(at).sample(range(names), names)]


def _gone(versions: int, names: int) -> list[int]:
    """Return a few of the names whose last version was written just before the last tenth, or 1,000, of all."""
    end = versions - min(REWRITTEN, versions // 10)
    latest = _order(versions, names)[end - 2 * AT_ONCE : end]
    return [number for number, at in latest if number and at == versions // names - 1][: names // 100][:5]


def _head(branch: str, clock: int, message: str) -> bytes:
    text = message.encode()
    author = AUTHORS[clock % len(AUTHORS)]
    return b"commit refs/heads/%s\ncommitter %s %d +0200\ndata %d\n%s\n" % (
        branch.encode(),
        author.encode(),
        BEGIN + 60 * clock,
        len(text),
        text,
    )


def _written(path: str, data: bytes) -> bytes:
    return b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(data), data)


def _commit(branch: str, clock: int, message: str, versions: list[tuple[int, int]]) -> bytes:
    files = [_written(f"{name_of(number)}.prompty", file_of(number, at)) for number, at in versions]
    return b"".join([_head(branch, clock, message), *files, b"\n"])


def _labels(clock: int, number: int, version: int, labels: tuple[str, ...]) -> bytes:
    data = file_of(number, version)
    held = f"{codec.read(data).digest}\n".encode() + data
    files = [_written(f".labels/{label}/{name_of(number)}.label", held) for label in labels]
    return b"".join([_head("main", clock, f"Label {name_of(number)}"), *files, b"\n"])


def _deletion(clock: int, number: int) -> bytes:
    gone = f"D {name_of(number)}.prompty\n\n".encode()
    return _head("main", clock, f"Delete {name_of(number)}") + gone
