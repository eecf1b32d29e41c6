"""History, blame, renames and moments of the real libraries are what git itself says of the same files."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import pytest

from promptlib import Store
from promptlib.errors import NotFound
from promptlib.formats.git_history import import_git
from tests.store.streams import blamed_by_git, git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MATCH = {"fabric": "patterns/{name}/system.md", "awesome": "prompts/{name}.md"}
RENAMED = ("get_wpm", "get_wow_per_minute")
#: In each of the two libraries: 200 in all.
TIMES = 100
#: How many names are blamed without `soak`, besides those with the most versions.
FEW, LONGEST = 14, 4


class Imported(NamedTuple):
    """A library in its own repository and in a store, and what git says about every file of the store."""

    which: str
    source: Path
    store: Store
    #: By name the commits that wrote it and the blobs that they wrote, oldest first.
    wrote: dict[str, list[tuple[str, str]]]


@pytest.fixture(scope="module", params=["fabric", "awesome"])
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imported]:
    """Import each library once; nothing here changes it."""
    source: Path = request.getfixturevalue(f"{request.param}_repository")
    with Store.init(tmp_path_factory.mktemp("imported") / f"{request.param}.git", bare=True) as store:
        import_git(store, source, match=MATCH[request.param])
        yield Imported(request.param, source, store, _written(store.path))


def _written(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """Return what `git log --raw` says, without any of our own code."""
    wrote: dict[str, list[tuple[str, str]]] = {}
    commit = ""
    for row in git(folder, "log", "--reverse", "--raw", "--no-renames", "--no-abbrev", "--format=%H").split("\n"):
        if re.fullmatch("[0-9a-f]{40}", row):
            commit = row
        elif found := re.fullmatch(r":\d+ \d+ [0-9a-f]+ ([0-9a-f]+) [AM]\t(.+)\.prompty", row):
            wrote.setdefault(found[2], []).append((commit, found[1]))
    return wrote


def _contents(folder: Path, objects: list[str]) -> list[bytes]:
    """Return what `git show` would print for each of *objects*, in one process."""
    run = ["git", "-C", str(folder), "cat-file", "--batch"]
    out = subprocess.run(run, input="\n".join(objects).encode(), capture_output=True, check=True, timeout=60).stdout
    found, at = [], 0
    for asked in objects:
        head, _, _ = out[at:].partition(b"\n")
        assert head.split()[1] == b"blob", (asked, head)
        size = int(head.split()[2])
        found.append(out[at + len(head) + 1 :][:size])
        at += len(head) + size + 2
    return found


def test_every_version_is_a_commit_that_wrote_the_file(library: Imported) -> None:
    names = library.store.names()
    assert len(names) > 200
    versions = {name: library.store.history(name) for name in names}
    for name, found in versions.items():
        mine = [each for each in found if each.name == name]
        assert [each.commit for each in mine] == [commit for commit, _ in library.wrote[name]]
        assert [each.number for each in found] == list(range(1, len(found) + 1))
    total = sum(map(len, library.wrote.values()))
    assert total == sum(number for _, number in _events(library.store))
    picked = Random(1).sample([(name, each) for name, found in versions.items() for each in found], 150)
    blobs = [dict(library.wrote[each.name])[each.commit] for _, each in picked]
    for (name, each), data in zip(picked, _contents(library.store.path, blobs), strict=True):
        assert library.store.file(f"{name}@v{each.number}") == data


def _events(store: Store) -> list[tuple[str, int]]:
    """Return how many versions each name has under its own name, those of names that are gone too."""
    counts: dict[str, int] = {}
    for node in store.graph().nodes:
        counts[node.name] = counts.get(node.name, 0) + (not node.missing)
    return sorted(counts.items())


def test_a_renamed_file_goes_on_as_git_follows_it(library: Imported) -> None:
    old, new = RENAMED
    if library.which != "fabric":
        assert all(each.name == name for name in library.store.names()[:40] for each in library.store.history(name))
        return
    # Asked for the oldest first, git would follow nothing.
    shown = git(library.store.path, "log", "--follow", "--format=%H", "main", "--", f"{new}.prompty")
    found = library.store.history(new)
    assert [each.commit for each in found] == shown.split("\n")[::-1]
    assert {each.name for each in found} == {old, new}
    assert {each.version.name for each in library.store.blame(new).lines} == {
        path.removesuffix(".prompty") for _, path in blamed_by_git(library.store.path, "main", f"{new}.prompty")
    }


def _check_blame(library: Imported, names: list[str]) -> int:
    lines = 0
    for name in names:
        mine = library.store.blame(name).lines
        theirs = blamed_by_git(library.store.path, "main", f"{name}.prompty")
        assert [(each.version.commit, f"{each.version.name}.prompty") for each in mine] == theirs
        assert "\n".join(each.text for each in mine).encode() == library.store.file(name).removesuffix(b"\n")
        lines += len(mine)
    return lines


def test_every_line_is_of_the_commit_that_git_blames(library: Imported) -> None:
    names = library.store.names()
    longest = sorted(names, key=lambda name: len(library.wrote[name]))[-LONGEST:]
    assert _check_blame(library, [*longest, *Random(2).sample(names, FEW)]) > 100


@pytest.mark.soak
def test_every_line_of_every_prompt_is_of_the_commit_that_git_blames(library: Imported) -> None:
    assert _check_blame(library, list(library.store.names())) > 1_000


def test_at_random_times_a_store_holds_what_git_shows(library: Imported) -> None:
    _check_times(library, 3, TIMES)


@pytest.mark.soak
def test_at_many_more_random_times_a_store_holds_what_git_shows(library: Imported, seed: int) -> None:
    _check_times(library, seed, 20 * TIMES)


def _check_times(library: Imported, seed: int, count: int) -> None:
    """The library's own repository is asked too: what it held at that time is what the import says it held."""
    random = Random(seed)
    times = sorted(map(int, git(library.store.path, "log", "--format=%ct").split()))
    asked: list[tuple[str, str]] = []
    files: list[tuple[bytes, bytes]] = []
    for _ in range(count):
        seconds = random.randrange(times[0] - 1_000_000, times[-1] + 1_000_000)
        before = ("rev-list", "-1", "--first-parent", f"--before=@{seconds}", "main")
        commit = git(library.store.path, *before)
        when = datetime.fromtimestamp(seconds, UTC)
        if not commit:
            with pytest.raises(NotFound, match="there was nothing at"):
                library.store.at(when)
            continue
        view = library.store.at(when)
        assert view.commit == commit
        names = view.names()
        shown = git(library.store.path, "ls-tree", "-r", "--name-only", commit).split("\n")
        assert set(names) == {path.removesuffix(".prompty") for path in shown if path.endswith(".prompty")}
        if not names:
            continue
        name = random.choice(names)
        version = view.version(name)
        assert version.commit in {written for written, _ in library.wrote[version.name]}
        assert [each.number for each in view.history(name)] == list(range(1, (version.number or 0) + 1))
        source = git(library.source, "rev-list", "-1", "--first-parent", f"--before=@{seconds}", "HEAD")
        asked.append((f"{commit}:{name}.prompty", f"{source}:{MATCH[library.which].replace('{name}', name)}"))
        files.append((view.file(name), view.load(name).messages[0].text.encode()))
    assert len(asked) > 0.7 * count
    stored, sources = zip(*asked, strict=True)
    assert [data for data, _ in files] == _contents(library.store.path, list(stored))
    assert [text for _, text in files] == _contents(library.source, list(sources))
