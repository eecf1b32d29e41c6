"""A bare store whose prompts have to do with each other: included styles, derivations, merges, one long line.

It is made by one `git fast-import`; the same words give the same commits.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from promptlib import codec
from promptlib._git import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Each prompt has so many versions, and so many of them have a commit together.
VERSIONS = 10
AT_ONCE = 20
STYLES = 20
#: Every so many prompts: one includes a style, the next one includes that prompt, and one further on is merged.
EVERY = 25
#: So many prompts derive one from the other, and each of these families begins anew.
FAMILY = 10
#: One version in so many belongs to the one long line.
LONG = 50
BEGIN = 1_700_000_000


@dataclass(frozen=True, slots=True)
class Families:
    """A store of *versions*: what a prompt includes or derives from, `about` tells by its number."""

    path: Path
    versions: int

    @property
    def prompts(self) -> int:
        """How many prompts there are besides styles and the long line."""
        return (self.versions - self.versions // LONG) // VERSIONS - STYLES

    def git(self, *words: str) -> str:
        """Run git in the store and return what it prints."""
        command = ["git", "-C", str(self.path), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def prompt_name(number: int) -> str:
    """Return the name of prompt *number*."""
    return f"team-{number % 20:02}/prompt-{number:05}"


def style_name(number: int) -> str:
    """Return the name of style *number*; number 0 is the one that most prompts include."""
    return f"style/tone-{number:02}"


LINE = "long/line"


def _style(number: int, version: int) -> bytes:
    return f"---\ntags: [style]\n---\nsystem:\nTone {number}, as of {version}.\n".encode()


@cache
def _digest(kind: str, number: int, version: int) -> str:
    data = _style(number, version) if kind == "style" else _prompt(number, version)
    return codec.outline(data).digest.removeprefix("sha256:")


def _pins(number: int, version: int) -> dict[str, str]:
    """Return what a version of a prompt includes, by the name in its text."""
    if number % EVERY == 0:
        return {"tone": f"{style_name(number // EVERY % STYLES)}#{_digest('style', number // EVERY % STYLES, version)}"}
    if number % EVERY == 1:
        return {"inner": f"{prompt_name(number - 1)}#{_digest('prompt', number - 1, version)}"}
    if number % 4 == 3:
        return {"tone": f"{style_name(0)}#{_digest('style', 0, version)}"}
    return {}


def _prompt(number: int, version: int) -> bytes:
    pins = _pins(number, version)
    held = [f"      {word}: {pin}" for word, pin in pins.items()]
    rows = ["    includes:", *held] if held else []
    if number % FAMILY and number % 2 == 0:
        before = number - 2
        rows.append(f"    derived_from: {prompt_name(before)}#{_digest('prompt', before, VERSIONS - 1)}")
    head = "\n".join(["metadata:", "  promptlib:", *rows]) if rows else "tags: [plain]"
    body = "".join(f'{{% include "{word}" %}}\n' for word in pins)
    return f"---\n{head}\n---\nsystem:\n{body}Rule {number} of version {version}.\n".encode()


def built(path: Path, versions: int) -> Families:
    """Make the store at *path*, a folder that is not there yet."""
    Repository.init(path, bare=True).close()
    families = Families(path, versions)
    importer = subprocess.Popen(["git", "-C", path, "fast-import", "--quiet", "--done"], stdin=subprocess.PIPE)
    assert importer.stdin is not None
    with importer.stdin as pipe:
        for part in _stream(families):
            pipe.write(part)
    assert importer.wait() == 0
    return families


def _stream(families: Families) -> Iterator[bytes]:
    clock = 0
    for version in range(VERSIONS):
        files = [(style_name(number), _style(number, version)) for number in range(STYLES)]
        files += [(prompt_name(number), _prompt(number, version)) for number in range(families.prompts)]
        for start in range(0, len(files), AT_ONCE):
            clock += 1
            yield _commit("main", clock, f"Round {version}", files[start : start + AT_ONCE])
    for number in range(0, families.prompts, 2 * EVERY):
        yield _labels(clock := clock + 1, prompt_name(number), _prompt(number, VERSIONS - 1))
    for at in range(families.versions // LONG // 4):
        text = f"---\n---\nsystem:\nLine {at}"
        yield _commit("main", clock + 1, f"Step {at}", [(LINE, f"{text}.\n".encode())])
        yield b"reset refs/heads/side\nfrom refs/heads/main\n\n"
        yield _commit("side", clock + 2, f"A try of step {at}", [(LINE, f"{text}, tried.\n".encode())])
        yield _commit("main", clock + 3, f"Step {at}, said better", [(LINE, f"{text}, better.\n".encode())])
        merged = f"{text}, better as tried.\n".encode()
        yield _commit("main", clock + 4, f"Merge the try of step {at}", [(LINE, merged)], merge="side")
        clock += 4
    yield b"done\n"


def _commit(branch: str, clock: int, message: str, files: list[tuple[str, bytes]], merge: str = "") -> bytes:
    text = message.encode()
    head = b"commit refs/heads/%s\ncommitter Ann Berg <ann@example.com> %d +0200\ndata %d\n%s\n" % (
        *(branch.encode(), BEGIN + 60 * clock, len(text), text),
    )
    joined = f"merge refs/heads/{merge}\n".encode() if merge else b""
    written = (b"M 100644 inline %s.prompty\ndata %d\n%s\n" % (name.encode(), len(data), data) for name, data in files)
    return b"".join([head, joined, *written, b"\n"])


def _labels(clock: int, name: str, data: bytes) -> bytes:
    held = f"{codec.outline(data).digest}\n".encode() + data
    text = f"Label {name}".encode()
    head = b"commit refs/heads/main\ncommitter Ann Berg <ann@example.com> %d +0200\ndata %d\n%s\n" % (
        *(BEGIN + 60 * clock, len(text), text),
    )
    path = f".labels/production/{name}.label".encode()
    return head + b"M 100644 inline %s\ndata %d\n%s\n\n" % (path, len(held), held)
