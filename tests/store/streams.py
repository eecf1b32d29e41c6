"""Histories as `git fast-import` reads them: any dates, any merges, one process for all of it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promptlib import codec
from promptlib.store.layout import Labelled, label_path, prompt_path
from tests.store.conftest import prompt_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NOON = 1_777_809_600  # 3 May 2026, 12:00 UTC


def file_of(text: str, **words: str) -> bytes:
    """Return the file of a prompt whose system message is *text*."""
    return codec.write(prompt_of(text, **words))


def label_of(text: str) -> bytes:
    """Return the file of a label on that prompt."""
    data = file_of(text)
    return Labelled(codec.read(data).digest, data).to_bytes()


def git(folder: Path, *words: str) -> str:
    """Run git in *folder* and return what it prints."""
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")


@dataclass
class Stream:
    """Commits that are not written yet; each is known by its number, from 1."""

    folder: Path
    prefix: str = ""
    object_format: str = "sha1"
    lines: list[bytes] = field(default_factory=list)
    count: int = 0

    def commit(
        self,
        files: Mapping[str, bytes | None],
        *parents: int,
        seconds: int = NOON,
        zone: str = "+0000",
        branch: str = "main",
    ) -> int:
        """Add a commit of *files* (a path, or a name without a suffix) on top of *parents*; return its number."""
        self.count += 1
        # Who wrote it and when says nothing about when it came here.
        author = f"author Ada Writer <ada@example.org> {seconds - 86_400} {zone}"
        committer = f"committer Bob <bob@example.org> {seconds} {zone}"
        head = f"commit refs/heads/{branch}\nmark :{self.count}\n{author}\n{committer}\ndata 4\nStep\n"
        ties = [f"{'merge' if at else 'from'} :{parent}\n" for at, parent in enumerate(parents)]
        self.lines.append((head + "".join(ties)).encode())
        for path, data in files.items():
            at = self.prefix + (path if "." in path else prompt_path(path))
            at = at.rpartition("../")[2]
            if data is None:
                self.lines.append(f"D {at}\n".encode())
            else:
                self.lines.append(b"M 100644 inline %s\ndata %d\n%s\n" % (at.encode(), len(data), data))
        return self.count

    def write(self, *, bare: bool = True) -> list[str]:
        """Make the repository, checked out unless *bare*; return the ids of the commits in their order."""
        self.folder.mkdir(parents=True, exist_ok=True)
        git(
            self.folder,
            "init",
            "-q",
            "-b",
            "main",
            f"--object-format={self.object_format}",
            *(("--bare",) if bare else ()),
        )
        marks = self.folder / ("marks" if bare else ".git/marks")
        subprocess.run(
            ["git", "fast-import", "--quiet", f"--export-marks={marks}"],
            cwd=self.folder,
            input=b"".join(self.lines),
            check=True,
            timeout=60,
        )
        ids = dict(line.split() for line in marks.read_text().splitlines())
        if not bare:
            git(self.folder, "checkout", "-q", "-f", "main")
        return [ids[f":{number}"] for number in range(1, self.count + 1)]


def labelled(name: str, label: str, text: str | None) -> dict[str, bytes | None]:
    """Return the change that puts *label* on the prompt *text* of *name*, or takes it away."""
    return {label_path(name, label): None if text is None else label_of(text)}


def blamed_by_git(folder: Path, commit: str, path: str) -> list[tuple[str, str]]:
    """Return for each line the commit and path that plain `git blame` names."""
    found: list[tuple[str, str]] = []
    paths: dict[str, str] = {}
    commit_of_line = ""
    for row in git(folder, "blame", "--porcelain", commit, "--", path).split("\n"):
        words = row.split(" ")
        if row.startswith("\t"):
            found.append((commit_of_line, paths[commit_of_line]))
        elif len(words[0]) == 40 and len(words) in {3, 4}:
            commit_of_line = words[0]
        elif words[0] == "filename":
            paths[commit_of_line] = row.partition(" ")[2]
    return found
