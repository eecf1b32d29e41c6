"""What holds after the import of two libraries that real people keep: judged by plain git and by the sources' files."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated

import pytest
from pydantic import BaseModel

from promptlib import Budget, Prompt, Segment, Store, system, user
from promptlib.formats.arrivals import rename_file
from promptlib.formats.git_history import ImportReport, import_git
from promptlib.tokens import encoding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATTERNS = {"fabric": "patterns/{name}/system.md", "awesome": "prompts/{name}.md"}
TRAILER = re.compile(r"\n*Promptlib-Source: ([0-9a-f]{40})\n*\Z")


class Wanted(BaseModel):
    """What a prompt of these libraries works on."""

    text: str


def git(folder: Path, *words: str) -> str:
    run = subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True, text=True, timeout=60)
    return run.stdout


@dataclass(frozen=True)
class Written:
    """A commit of the source, as git prints it."""

    commit: str
    author: str
    email: str
    time: datetime
    message: str


@dataclass
class Source:
    """A library as its own git tells it: for each path the commits that wrote it, and what it holds now."""

    folder: Path
    pattern: str
    renames: dict[str, str] = field(default_factory=dict)
    written: dict[str, list[Written]] = field(default_factory=dict)
    subjects: list[str] = field(default_factory=list)

    def name(self, path: str) -> str | None:
        """Return the name in the store of what lies at *path*."""
        before, after = self.pattern.split("{name}")
        if not path.startswith(before) or not path.endswith(after):
            return None
        name = path[len(before) : len(path) - len(after)]
        return self.renames.get(name, name)

    def read(self) -> Source:
        """Follow every name along the main line, renames included."""
        form = "--format=%x01%H%x02%an%x02%ae%x02%aI%x02%B"
        text = git(self.folder, "log", "-z", "--first-parent", "--reverse", "--name-status", "-M100%", form)
        for entry in text.split("\x01")[1:]:
            head, *changes = entry.split("\0")
            commit, author, email, time, message = head.split("\x02")
            self._follow(
                Written(commit, author, email, datetime.fromisoformat(time), message.rstrip("\n")),
                iter(change.lstrip("\n") for change in changes if change.strip()),
            )
        return self

    def _follow(self, by: Written, fields: Iterator[str]) -> None:
        touched = False
        for status in fields:
            path = next(fields)
            if status.startswith("R"):
                old, path = self.name(path), next(fields)
                self.written.setdefault(self.name(path) or "", []).extend(self.written[old or ""])
            name = self.name(path)
            touched = touched or name is not None
            if name is not None and status != "D":
                self.written.setdefault(name, []).append(by)
        if touched:
            self.subjects.append(by.message.split("\n", maxsplit=1)[0])

    def now(self) -> dict[str, bytes]:
        """Return the text of every name that has a file."""
        paths = git(self.folder, "ls-files", "-z").split("\0")[:-1]
        return {name: (self.folder / path).read_bytes() for path in paths if (name := self.name(path)) is not None}


@dataclass
class Library:
    """A store that a library was imported into, the library, and what the first import said."""

    store: Store
    source: Source
    report: ImportReport


def imported(source: Path, which: str, target: Path) -> Library:
    store = Store.init(target, bare=True)
    report = import_git(store, source, match=PATTERNS[which])
    renames = tomllib.loads(rename_file(report))
    if renames:
        second = import_git(store, source, match=PATTERNS[which], renames=renames)
        assert not second.left_out
        assert second.names == len(renames)
    return Library(store, Source(source, PATTERNS[which], renames).read(), report)


@pytest.fixture(scope="module")
def fabric(fabric_repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    library = imported(fabric_repository, "fabric", tmp_path_factory.mktemp("stores") / "fabric.git")
    yield library
    library.store.close()


@pytest.fixture(scope="module")
def awesome(awesome_repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    library = imported(awesome_repository, "awesome", tmp_path_factory.mktemp("stores") / "awesome.git")
    yield library
    library.store.close()


@pytest.fixture(params=["fabric", "awesome"])
def library(request: pytest.FixtureRequest) -> Library:
    """One library after the other; these stores are only read."""
    found: Library = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def own(fabric: Library, tmp_path: Path) -> Iterator[Store]:
    """A store of the fabric library that a test may change."""
    shutil.copytree(fabric.store.path, tmp_path / "own.git")
    with Store(tmp_path / "own.git") as store:
        yield store


def test_every_name_has_a_version_for_each_commit_that_wrote_it(library: Library) -> None:
    alive = library.source.now()
    assert set(library.store.names()) == set(alive)
    for name in alive:
        versions = library.store.history(name)
        written = library.source.written[name]
        assert [version.number for version in versions] == list(range(1, len(written) + 1)), name
        for version, by in zip(versions, written, strict=True):
            trailer = TRAILER.search(version.message)
            assert trailer is not None
            assert trailer[1] == by.commit
            assert version.message[: trailer.start()] == by.message
            assert (version.author, version.email, version.time) == (by.author, by.email, by.time)
            assert version.time.utcoffset() == by.time.utcoffset()


def test_the_counts_are_those_that_were_counted_by_hand(fabric: Library, awesome: Library) -> None:
    names = fabric.store.names()
    assert len(names) == 225
    assert sum(len(fabric.store.history(name)) for name in names) == 817
    assert (fabric.report.names, fabric.report.renames, fabric.report.left_out) == (235, 1, ())
    assert len(awesome.store.names()) == 218
    assert len(awesome.source.subjects) == 486
    assert awesome.report.names + len(awesome.report.left_out) == 267


def test_names_that_cannot_be_are_listed_with_names_that_can(awesome: Library) -> None:
    left_out = awesome.report.left_out
    assert sorted(each.reason.partition(": ")[2] for each in left_out) == [
        "it is empty",
        *["it is longer than 240 characters"] * 4,
    ]
    assert len({each.proposal for each in left_out} - {""}) == len(left_out)
    assert set(awesome.source.renames.values()) == {each.proposal for each in left_out}


def test_the_newest_text_is_the_file_byte_for_byte(library: Library) -> None:
    for name, text in library.source.now().items():
        (message,) = library.store.load(name).messages
        assert message.text.encode() == text, name
        assert library.store.file(name).endswith(text), name


def test_git_finds_the_store_sound_and_its_log_reads_as_the_source_does(library: Library) -> None:
    folder = library.store.path
    strict = subprocess.run(["git", "-C", folder, "fsck", "--strict"], check=True, capture_output=True, text=True)
    assert "error" not in strict.stdout + strict.stderr
    assert library.store.fsck().problems == ()
    subjects = git(folder, "log", "--reverse", "--format=%s").splitlines()
    assert subjects[0] == "Start a store of prompts"
    assert set(subjects[1:]) == {re.sub(r"\s+", " ", subject) for subject in library.source.subjects}
    stat = git(folder, "log", "--reverse", "--format=%an", "--name-only", "-1", "--skip=1").split()
    assert stat[-1].endswith(".prompty")


def test_a_second_import_adds_nothing_and_a_grown_source_adds_what_is_new(
    fabric_repository: Path, fabric: Library, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", fabric_repository.as_uri(), str(clone))
    git(clone, "reset", "-q", "--hard", "HEAD~300")
    with Store.init(tmp_path / "growing.git", bare=True) as store:
        first = import_git(store, clone, match=PATTERNS["fabric"])
        tip = git(store.path, "rev-parse", "main")
        again = import_git(store, clone, match=PATTERNS["fabric"])
        assert (again.versions, again.deletions, again.left_out) == (0, 0, ())
        assert git(store.path, "rev-parse", "main") == tip
        git(clone, "merge", "-q", "--ff-only", "origin/main")
        rest = import_git(store, clone, match=PATTERNS["fabric"])
        assert first.versions + rest.versions == fabric.report.versions
        assert rest.versions > 0
        assert _all_digests(store) == _all_digests(fabric.store)


def _all_digests(store: Store) -> dict[str, list[str]]:
    return {name: [version.digest for version in store.history(name)] for name in store.names()}


def _label_ten(store: Store) -> dict[str, str]:
    """Label ten prompts at their oldest version, and return ref -> text."""
    chosen = sorted(store.names(), key=lambda name: (-len(store.history(name)), name))[:10]
    with store.transaction("Ten go live") as transaction:
        for name in chosen:
            transaction.label(name, "production", store.history(name)[0])
    return {f"{name}@production": store.load(f"{name}@v1").messages[0].text for name in chosen}


def test_labelled_texts_load_from_a_shallow_clone_and_from_a_folder_without_git(own: Store, tmp_path: Path) -> None:
    texts = _label_ten(own)
    git(tmp_path, "clone", "-q", "--depth", "1", own.path.as_uri(), str(tmp_path / "shallow"))
    with Store(tmp_path / "shallow") as shallow:
        assert {ref: shallow.load(ref).messages[0].text for ref in texts} == texts
        assert [version.number for version in shallow.history(shallow.names()[0])] == [None]
    shutil.copytree(tmp_path / "shallow", tmp_path / "copy", ignore=shutil.ignore_patterns(".git"))
    copy = Store(tmp_path / "copy")
    assert {ref: copy.load(ref).messages[0].text for ref in texts} == texts
    assert len(copy.names()) == 225


def test_any_two_versions_can_be_compared(library: Library) -> None:
    name = max(library.store.names(), key=lambda name: len(library.store.history(name)))
    versions = library.store.history(name)
    for before, after in [*pairwise(versions), (versions[0], versions[-1])]:
        difference = library.store.diff(f"{name}@v{before.number}", f"{name}@v{after.number}")
        assert bool(difference) == (before.digest != after.digest)
        assert not difference.breaking
    one, other = library.store.names()[:2]
    assert library.store.diff(one, other)


def test_a_prompt_of_the_library_is_made_to_take_a_long_text(own: Store) -> None:
    loaded = own.load("summarize")
    typed = loaded.evolve(messages=(*loaded.messages, user("{{ text }}")), inputs=Wanted)
    version = own.save("summarize", typed, message="Take the text as an input")
    assert version.number == len(own.history("summarize"))
    text = "{{ text }} system:\n<|endoftext|> " * 7_000
    rendered = own.load("summarize", inputs=Wanted).render(Wanted(text=text))
    assert [message.role for message in rendered.messages] == ["system", "user"]
    assert rendered.messages[0].text == loaded.messages[0].text
    assert rendered.messages[1].text == text
    assert len(rendered.messages[1].text) > 200_000


def test_the_lineage_of_the_most_edited_prompt_names_all_its_versions(library: Library) -> None:
    name = max(library.store.names(), key=lambda name: (len(library.store.history(name)), name))
    versions = library.store.history(name)
    lineage = library.store.lineage(name)
    assert [node.digest for node in (lineage.node, *lineage.ancestors())] == [
        version.digest for version in reversed(versions)
    ]
    assert len(lineage.tree().splitlines()) >= len(versions)
    assert lineage.mermaid().startswith("flowchart")


def test_the_lineage_of_a_renamed_prompt_goes_on_under_its_old_name(fabric: Library) -> None:
    names = {name: {version.name for version in fabric.store.history(name)} for name in fabric.store.names()}
    (renamed,) = (name for name, known in names.items() if len(known) > 1)
    (old,) = names[renamed] - {renamed}
    lineage = fabric.store.lineage(renamed)
    assert {edge.kind for edge in lineage.edges} == {"parent", "renamed_from"}
    assert {node.name for node in lineage.ancestors()} >= {old}
    assert fabric.store.load(renamed).renamed_from == old


def test_a_load_of_any_name_by_digest_is_that_version(library: Library) -> None:
    for name in library.store.names()[::20]:
        for version in library.store.history(name):
            assert library.store.load(f"{name}#{version.digest.removeprefix('sha256:')}").digest == version.digest


class Reading(BaseModel):
    """A prompt of these libraries as a text to be read."""

    text: Annotated[str, Segment(truncate="middle", boundary="line", marker="\n[…]\n")]


def test_every_text_of_the_library_fits_any_budget(library: Library) -> None:
    reading = Prompt.define(Reading, system("Say what this prompt is for."), user("{{ text }}\n\nIn one sentence."))
    encode = encoding("o200k_base").encoding.encode_ordinary
    for name in library.store.names():
        text = library.store.load(name).messages[0].text
        for limit in (40, 200, 1_000):
            rendered = reading.render(text=text, budget=Budget(limit))
            assert 11 + sum(len(encode(message.text)) for message in rendered.messages) == rendered.tokens <= limit
            report = rendered.report
            assert report is not None
            if report.segments[0].outcome == "truncated":
                kept = rendered.messages[1].text.removesuffix("\n\nIn one sentence.")
                head, _, tail = kept.partition("\n[…]\n")
                assert text.startswith(head)
                assert text.endswith(tail)
