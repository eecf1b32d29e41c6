"""What a dictionary would hold if it were a store, and plain git as the second witness."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel

from promptlib import Prompt, Store, system, user
from promptlib.codec import read, write

NAMES = ("a", "b", "team/a", "team/deep/b")
TEXTS = ("one", "two", "three", "four", "five")
LABELS = ("production", "staging")
#: Where there is a file system in memory, git's many small files lie there.
FAST = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - a folder of its own is made there


class Question(BaseModel):
    """What every prompt here asks for."""

    question: str


PROMPTS = {text: Prompt.define(Question, system(text), user("{{ question }}")) for text in TEXTS}
DIGESTS = {text: prompt.digest for text, prompt in PROMPTS.items()}
TEXT_OF = {digest: text for text, digest in DIGESTS.items()}


class File(NamedTuple):
    """What a version's file says: its text, and what it was called before."""

    text: str
    renamed_from: str = ""


@dataclass(frozen=True)
class Saved:
    """One version: its file, the name that it was saved under, and the version before it."""

    file: File
    name: str
    before: Saved | None

    @property
    def parents(self) -> list[tuple[str, str]]:
        """Return name and digest of the version before, as a list of none or one."""
        return [(self.before.name, DIGESTS[self.before.file.text])] if self.before else []


@dataclass
class Life:
    """One name: every version that it had, what it has now, and its labels.

    `inherited` of its versions belong to the name that it was renamed from.
    """

    name: str
    versions: list[Saved] = field(default_factory=list)
    current: File | None = None
    labels: dict[str, File] = field(default_factory=dict)
    inherited: int = 0

    @property
    def files(self) -> list[File]:
        """Every file, oldest first."""
        return [version.file for version in self.versions]

    @property
    def texts(self) -> list[str]:
        """Every text, oldest first."""
        return [file.text for file in self.files]

    @property
    def text(self) -> str | None:
        """The text that it has now."""
        return self.current.text if self.current else None

    @property
    def newest(self) -> Saved | None:
        """The last version."""
        return self.versions[-1] if self.versions else None

    def made(self, text: str) -> File:
        """Return the file that saving *text* makes: what only the file knows is kept."""
        return File(text, self.current.renamed_from if self.current else "")

    def write(self, file: File, before: Saved | None = None) -> None:
        """Put *file* on top, made from *before*, or from the newest version."""
        self.versions.append(Saved(file, self.name, before or self.newest))
        self.current = file


class Branch(dict[str, Life]):
    """Every name on one branch, and how many commits it has."""

    commits = 1

    @classmethod
    def new(cls) -> Branch:
        """Return a branch on which nothing was ever saved."""
        return cls((name, Life(name)) for name in NAMES)

    def copy(self) -> Branch:
        """Return another branch that holds the same."""
        other = Branch(deepcopy(dict(self)))
        other.commits = self.commits
        return other

    def standing(self) -> list[str]:
        """Return the names that have a prompt now."""
        return [name for name, life in self.items() if life.current is not None]

    def known(self) -> list[str]:
        """Return the names that ever had one."""
        return [name for name, life in self.items() if life.versions]

    def rename(self, old: str, new: str) -> None:
        """A name that never was takes the numbers with it; one that has numbers of its own keeps them."""
        before, after = self[old], self[new]
        if not after.versions:
            after.versions = list(before.versions)
            after.inherited = len(before.versions)
        after.write(File(str(before.text), old), before.newest)
        after.labels |= before.labels
        before.current, before.labels = None, {}

    def held(self, prefix: str) -> dict[str, tuple[str, File]]:
        """Return path -> (digest in the first line of a label, file) of all that lies in the newest commit."""
        found = {f"{prefix}{name}.prompty": ("", life.current) for name, life in self.items() if life.current}
        return found | {
            f"{prefix}.labels/{label}/{name}.label": (DIGESTS[file.text], file)
            for name, life in self.items()
            for label, file in life.labels.items()
        }


@cache
def _template(kind: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="promptlib-template-", dir=FAST))
    if kind == "tree":
        for command in (
            ["init", "-q", "-b", "main"],
            ["config", "user.name", "Uma"],
            ["config", "user.email", "u@e.x"],
        ):
            subprocess.run(["git", *command], cwd=folder, check=True)
        (folder / "code.py").write_text("code\n")
    Store.init(folder, bare=kind == "bare", durability="none").close()
    if kind == "tree":
        subprocess.run(["git", "add", "code.py"], cwd=folder, check=True)
        subprocess.run(["git", "commit", "-q", "-m", "Code"], cwd=folder, check=True)
    for hook in folder.rglob("*.sample"):
        hook.unlink()
    return folder


def remove_templates() -> None:
    """Take the templates of this process away."""
    for kind in ("bare", "tree"):
        shutil.rmtree(_template(kind), ignore_errors=True)
    _template.cache_clear()


class Ground:
    """A repository of one run, and what plain git says and does there."""

    def __init__(self, kind: str) -> None:
        """Copy a store on which nothing was saved."""
        self._above = tempfile.mkdtemp(prefix="promptlib-machine-", dir=FAST)
        self.path = Path(self._above) / "store"
        shutil.copytree(_template(kind), self.path)
        self.bare = kind == "bare"
        self.prefix = "" if self.bare else "prompts/"
        self.git_dir = self.path if self.bare else self.path / ".git"
        self.first_commits = 1 if self.bare else 2

    def remove(self) -> None:
        """Take it away."""
        shutil.rmtree(self._above)

    def git(self, *arguments: str, given: bytes = b"") -> bytes:
        """Return what plain git says."""
        done = subprocess.run(
            ["git", *arguments], cwd=self.path, input=given, capture_output=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def write_by_hand(self, name: str, text: str | None) -> None:
        """Commit another text of *name*, or none, as people do who know nothing of promptlib."""
        path = f"{self.prefix}{name}.prompty"
        if not self.bare:
            target = self.path / path
            if text is None:
                self.git("rm", "-q", "--", path)
            else:
                data = target.read_bytes() if target.exists() else None
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(_with_text(data, text))
                self.git("add", "--", path)
            self.git("commit", "-q", "-m", "By hand")
            return
        head = self.git("symbolic-ref", "HEAD").decode().strip()
        if text is None:
            change = f"D {path}\n".encode()
        else:
            listed = self.git("ls-tree", "HEAD", "--", path)
            data = _with_text(self.git("cat-file", "blob", f"HEAD:{path}") if listed else None, text)
            change = b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(data), data)
        order = f"commit {head}\ncommitter Ada <a@e.x> 1700000000 +0000\ndata 7\nBy hand\nfrom {head}^0\n".encode()
        self.git("fast-import", "--quiet", given=order + change + b"\n")

    def switch(self, branch: str, *, new: bool) -> None:
        """Let HEAD be *branch*."""
        if not self.bare:
            self.git("switch", "-q", *(["-c"] if new else []), branch)
            return
        if new:
            self.git("branch", branch)
        self.git("symbolic-ref", "HEAD", f"refs/heads/{branch}")

    def check(self, name: str, branch: Branch) -> None:
        """Compare what plain git has on the branch *name* with what the model has."""
        rows = self.git("ls-tree", "-r", "-z", name, "--", *([self.prefix] if self.prefix else [])).split(b"\0")[:-1]
        blobs = {path.decode(): facts.split()[2] for facts, _, path in (row.partition(b"\t") for row in rows)}
        blobs.pop(f"{self.prefix}.gitattributes")
        expected = branch.held(self.prefix)
        assert set(blobs) == set(expected)
        for path, (digest, file) in expected.items():
            data = self.git("cat-file", "blob", blobs[path].decode())
            if digest:
                first, _, data = data.partition(b"\n")
                assert first.decode() == digest
            found = read(data)
            assert File(TEXT_OF[found.digest], found.renamed_from) == file
        counted = int(self.git("rev-list", "--count", name))
        assert counted == branch.commits - 1 + self.first_commits
        if not self.bare:
            assert self.git("status", "--porcelain", "--untracked-files=all") == b""


def _with_text(data: bytes | None, text: str) -> bytes:
    """Return the file *data*, its text replaced by hand; or a new file."""
    if data is None:
        return write(PROMPTS[text])
    before = TEXT_OF[read(data).digest]
    assert data.count(f"\n{before}\n".encode()) == 1
    return data.replace(f"\n{before}\n".encode(), f"\n{text}\n".encode())
