"""Writers in processes of their own, and whether plain git has what they were told.

Run as a program it has promptlib loaded, forks the writers, and lets them begin together.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from promptlib import Prompt, Store, system, user
from promptlib.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from promptlib import Version

#: What the writers do to a name: put something of their own on top, or change what they have read.
Way = Literal["on top", "edit", "expect"]


class Question(BaseModel):
    """What the writers' prompts ask for."""

    question: str


@dataclass(frozen=True, slots=True)
class Told:
    """What one save was told: the version that it made, or, without a commit, that it came too late."""

    name: str
    text: str
    base: str = ""
    number: int | None = None
    digest: str = ""
    commit: str = ""
    parents: tuple[str, ...] = ()
    expected: str = ""
    found: str = ""
    kept: str = ""


def prompt_of(text: str) -> Prompt[Question]:
    """Return a prompt whose system message is *text*."""
    return Prompt.define(Question, system(text), user("{{ question }}"))


def made(name: str, text: str, version: Version, base: str = "") -> Told:
    """Return what a save that made *version* was told."""
    parents = tuple(pin.digest for pin in version.parents)
    return Told(name, text, base, version.number, version.digest, version.commit, parents)


def crew(path: Path, *, writers: int, saves: int, one_name: bool, way: Way = "on top") -> list[Told]:
    """Let so many *writers* save so often into the store at *path*, and return all that they were told."""
    order = {"path": str(path), "writers": writers, "saves": saves, "one_name": one_name, "way": way}
    done = subprocess.run(
        [sys.executable, __file__, json.dumps(order)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    told = [Told(**row | {"parents": tuple(row["parents"])}) for row in map(json.loads, done.stdout.splitlines())]
    assert len(told) == writers * saves
    return told


# --- what plain git says ----------------------------------------------------------------------------------------------


def git(folder: Path, *words: str, given: str = "") -> str:
    """Run plain git and return what it prints."""
    done = subprocess.run(["git", *words], cwd=folder, input=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def history(folder: Path, old: str) -> list[tuple[str, str, str]]:
    """Return commit, path and text of each change since *old*, oldest first; they must be a line without gaps."""
    told = git(folder, "log", "--reverse", "--format=%x01%H %P", "--raw", "--no-abbrev", "-m", f"{old}..HEAD")
    line, found = old, []
    for part in told.split("\x01")[1:]:
        head, _, row = (row for row in part.splitlines() if row or row == "")
        commit, parent = head.split()
        assert parent == line
        facts, _, path = row.partition("\t")
        found.append((commit, path, facts.split()[3]))
        line = commit
    assert git(folder, "rev-parse", "HEAD").strip() == line
    texts = contents(folder, [blob for _, _, blob in found])
    return [(commit, path, text) for (commit, path, _), text in zip(found, texts, strict=True)]


def contents(folder: Path, blobs: Sequence[str]) -> list[str]:
    """Return the text of each of *blobs*."""
    told = git(folder, "cat-file", "--batch", given="".join(f"{blob}\n" for blob in blobs)).encode()
    texts = []
    for blob in blobs:
        head, _, rest = told.partition(b"\n")
        name, kind, size = head.decode().split()
        assert (name, kind) == (blob, "blob")
        texts.append(rest[: int(size)].decode())
        told = rest[int(size) + 1 :]
    return texts


def assert_all_is_there(folder: Path, old: str, told: Iterable[Told], root: str = "") -> None:
    """Every version that was acknowledged is on the line since *old*, on top of the one before it, and nothing else."""
    told = list(told)
    saved = {one.commit: one for one in told if one.commit}
    line = history(folder, old)
    assert sorted(saved) == sorted(commit for commit, _, _ in line)
    numbers: Counter[str] = Counter()
    newest: dict[str, str] = {}
    for commit, path, text in line:
        one = saved[commit]
        numbers[one.name] += 1
        assert path == f"{root}{one.name}.prompty"
        assert f"\n{one.text}\n" in text
        assert one.number == numbers[one.name]
        before = newest.get(one.name, "")
        assert one.parents == ((before,) if before else ())
        # What was made from an older version is a conflict, and nothing else.
        assert one.base in {"", before}
        newest[one.name] = one.digest
    assert_kept(folder, [one for one in told if not one.commit], {one.digest for one in saved.values()})


def assert_kept(folder: Path, late: Sequence[Told], digests: set[str]) -> None:
    """What came too late is where its error says, and on no branch (the line has just what was acknowledged)."""
    for one in late:
        assert one.expected == one.base
        assert one.found in digests - {one.base}
        assert one.kept.startswith("refs/promptlib/pending/")
        assert f"\n{one.text}\n" in git(folder, "log", "-1", "-p", "--format=", one.kept).replace("\n+", "\n")


# --- the program ------------------------------------------------------------------------------------------------------


def _save(store: Store, name: str, text: str, way: Way) -> Told:
    if way == "on top":
        return made(name, text, store.save(name, prompt_of(text)))
    if way == "edit":
        loaded = store.load(f"{name}@latest")
        assert loaded.origin is not None
        base, prompt, expect = loaded.digest, loaded.evolve(messages=prompt_of(text).messages), None
    else:
        expect = store.version(name)
        base, prompt = expect.digest, prompt_of(text)
    try:
        return made(name, text, store.save(name, prompt, expect=expect), base)
    except Conflict as error:
        return Told(name, text, base, expected=error.expected, found=error.found, kept=error.kept)


def _write(order: dict[str, Any], who: int) -> None:
    with Store(order["path"]) as store:
        name = "shared" if order["one_name"] else f"of/writer{who}"
        for at in range(order["saves"]):
            told = _save(store, name, f"writer {who} save {at}", order["way"])
            # One write of less than a page is never torn.
            os.write(1, json.dumps(asdict(told)).encode() + b"\n")


def _forked(order: dict[str, Any], who: int, start: int) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.read(start, 1)
        _write(order, who)
        code = 0
    except BaseException:  # noqa: BLE001 - told to the one who waits, and never goes on in the parent
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(code)


def main(order: dict[str, Any]) -> int:
    """Fork the writers, let them go, and return how many had an error."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder, Store.init(Path(folder, "warm.git"), bare=True) as store:
        store.save("a", prompt_of("load everything"))
    start, go = os.pipe()
    children = [_forked(order, who, start) for who in range(order["writers"])]
    os.write(go, b"x" * order["writers"])
    return sum(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0 for child in children)


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
