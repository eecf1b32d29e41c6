"""Text prompts that somebody keeps in git become versions: byte for byte, each change once."""

from __future__ import annotations

import os
import subprocess
import tomllib
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Store
from promptlib.errors import BadRef, InvalidPrompt, NotAStore, StoreReadOnly
from promptlib.formats.arrivals import rename_file
from promptlib.formats.git_history import ImportReport, import_git
from promptlib.store import homes, replaying

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MATCH = "patterns/{name}/system.md"


class Source:
    """A repository of texts, as a person makes one with git."""

    def __init__(self, folder: Path) -> None:
        """Begin without a commit."""
        self.folder = folder
        folder.mkdir()
        self._seconds = count(1_700_000_000, 60)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        """Run git; each call is a minute later than the one before."""
        when = f"{next(self._seconds)} +0130"
        names = {"GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@example.org", "GIT_AUTHOR_DATE": when}
        names |= {"GIT_COMMITTER_NAME": "Bob", "GIT_COMMITTER_EMAIL": "bob@example.org", "GIT_COMMITTER_DATE": when}
        command = ["git", "-c", "core.autocrlf=false", *arguments]
        done = subprocess.run(command, cwd=self.folder, env=os.environ | names, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode().strip()

    def path(self, name: str) -> Path:
        """Return where the text of *name* lies."""
        return self.folder / MATCH.replace("{name}", name)

    def write(self, **texts: str | bytes | None) -> None:
        """Write the texts of names (`__` stands for a slash); None takes one away."""
        for word, text in texts.items():
            path = self.path(word.replace("__", "/"))
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def commit(self, message: str = "Change", **texts: str | bytes | None) -> str:
        """Commit the texts of names, and whatever else was changed."""
        self.write(**texts)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "--allow-empty-message", "-m", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """A source without a commit."""
    return Source(tmp_path / "source")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with Store.init(tmp_path / "store.git", bare=True) as found:
        yield found


@pytest.fixture
def bring(store: Store, source: Source) -> Callable[..., ImportReport]:
    """Import the source into the store."""

    def run(**options: Any) -> ImportReport:
        return import_git(store, source.folder, **({"match": MATCH} | options))

    return run


def text_of(store: Store, ref: str) -> str:
    """Return the one literal message of a prompt."""
    (message,) = store.load(ref).messages
    assert message.literal  # type: ignore[union-attr] # an import makes messages alone
    return message.text


def test_each_change_is_a_version(store: Store, source: Source, bring: Callable[..., ImportReport]) -> None:
    """Text, author, time and message are the source's; the source's commit is in a trailer."""
    first = source.commit("Begin\n\nWith a body.\n", a="one", team__b="two\n")
    second = source.commit("Better", a="one and a half")
    source.commit("Code only")
    report = bring()
    assert report == ImportReport(versions=3, deletions=0, renames=0, names=2, left_out=())
    old, new = store.history("a")
    assert (old.author, old.email, old.number) == ("Ann", "ann@example.org", 1)
    assert old.time.isoformat() == source.git("show", "-s", "--format=%aI", first)
    assert old.message == f"Begin\n\nWith a body.\n\nPromptlib-Source: {first}"
    assert new.message == f"Better\n\nPromptlib-Source: {second}"
    assert new.parents == (old.pin,)
    assert [text_of(store, ref) for ref in ("a@v1", "a", "team/b")] == ["one", "one and a half", "two\n"]
    assert store.load("a").messages[0].role == "system"  # type: ignore[union-attr] # an import makes messages alone
    assert store.fsck().ok


def test_a_commit_without_words(store: Store, source: Source, bring: Callable[..., ImportReport]) -> None:
    """The trailer is its whole message."""
    only = source.commit("", a="one")
    bring()
    assert store.version("a").message == f"Promptlib-Source: {only}"


ODD = {
    "carriage-return": b"one\rtwo\r",
    "windows": b"one\r\ntwo\r\n",
    "mixed": b"one\r\ntwo\nthree\rfour",
    "no-final-newline": b"one",
    "many-newlines": b"\n\n\none\n\n\n",
    "empty": b"",
    "newline": b"\n",
    "blank": b" \t ",
    "zero": b"one\0two\n",
    "mark": b"\xef\xbb\xbfone\n",
    "jinja": b"{{ name }} {% for x in y %} {# no #} {{",
    "fence": b"---\ndescription: no\n---\nuser:\nno\n",
    "fence-alone": b"---",
    "roles": b"system:\nno\nuser:\nno",
    "separators": "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg".encode(),
    "emoji": "👩‍👩‍👧 \U0010ffff".encode(),
    "directional": "\u202eabc\u202c\u200b".encode(),
    "controls": bytes(range(1, 32)) + b"\x7f",
}


def test_odd_texts_are_byte_exact(store: Store, source: Source, bring: Callable[..., ImportReport]) -> None:
    """Whatever UTF-8 can hold comes back as it was."""
    source.commit("Odd", **ODD)
    report = bring()
    assert report.left_out == ()
    assert {name: text_of(store, name).encode() for name in store.names()} == ODD
    assert store.fsck().ok


def test_what_is_no_utf8_is_left_out_with_the_reason(
    store: Store, source: Source, bring: Callable[..., ImportReport]
) -> None:
    """Only those versions are missing; where the text can be read again, it goes on."""
    source.commit(a="one", b=b"caf\xe9")
    source.commit(a=b"\xff\xfe")
    source.commit(a="three")
    report = bring()
    assert {each.name: each.reason.partition(" of blob ")[0] for each in report.left_out} == {
        "a": "not UTF-8 at byte 0",
        "b": "not UTF-8 at byte 3",
    }
    assert [text_of(store, version.ref) for version in store.history("a")] == ["one", "three"]
    assert store.names() == ("a",)
    assert bring().versions == 0
    source.commit(b=None)
    assert bring() == ImportReport(versions=0, deletions=0, renames=0, names=0, left_out=report.left_out)


def test_what_is_too_long_is_left_out(
    store: Store, source: Source, bring: Callable[..., ImportReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both a text that is never read and a file that would never be read again."""
    monkeypatch.setattr("promptlib.formats.git_history.LARGEST_PROMPT", 1000)
    assert homes.LARGEST_PROMPT < homes.LARGEST_FILE
    source.commit(a="x" * 1001, b="x" * 1000, c="x" * 500)
    report = bring()
    assert {each.name: each.reason for each in report.left_out}.keys() == {"a", "b"}
    assert "more than 1,000 are refused" in report.left_out[0].reason
    assert "bytes are more than a prompt's 1,000" in report.left_out[1].reason
    assert store.names() == ("c",)


def test_a_rename_counts_on(store: Store, source: Source, bring: Callable[..., ImportReport]) -> None:
    """A text that moves unchanged to another name takes its versions with it; so do the changes after it."""
    source.commit(a="one")
    source.commit(a="two")
    source.path("b").parent.mkdir()
    source.git("mv", str(source.path("a")), str(source.path("b")))
    source.commit("Move")
    source.commit(b="three")
    report = bring()
    assert (report.versions, report.renames, report.deletions) == (4, 1, 0)
    assert [(version.name, version.number) for version in store.history("b")] == [
        ("a", 1),
        ("a", 2),
        ("b", 3),
        ("b", 4),
    ]
    assert store.version("b").renamed_from == "a"
    assert store.names() == ("b",)
    assert bring().versions == 0


def test_a_move_that_is_not_certain_is_no_rename(
    store: Store, source: Source, bring: Callable[..., ImportReport]
) -> None:
    """Two texts alike, or a text changed on the way: a deletion and a beginning."""
    source.commit(a="same", b="same", c="other")
    source.commit(a=None, b=None, c=None, x="same", y="same", z="changed")
    report = bring()
    assert (report.versions, report.renames, report.deletions) == (6, 0, 3)
    assert [len(store.history(name)) for name in "xyz"] == [1, 1, 1]


def test_deletions_are_events(store: Store, source: Source, bring: Callable[..., ImportReport]) -> None:
    """A text that comes back counts on."""
    source.commit(a="one", b="x")
    source.commit(a=None)
    source.commit(a="one")
    source.commit(b=None)
    report = bring()
    assert (report.versions, report.deletions) == (3, 2)
    assert [version.number for version in store.history("a")] == [1, 2]
    assert store.names() == ("a",)
    assert [version.number for version in store.history("b")] == [1]


def test_another_mode_is_no_version(store: Store, source: Source, bring: Callable[..., ImportReport]) -> None:
    """Neither at once nor when the import runs again."""
    source.commit(a="one")
    source.path("a").chmod(0o755)
    source.commit("Mode")
    assert bring().versions == 1
    assert bring().versions == 0
    assert len(store.history("a")) == 1


def test_links_are_no_texts(store: Store, source: Source, bring: Callable[..., ImportReport]) -> None:
    """A link is not followed."""
    source.commit(a="one")
    (source.folder / "patterns/b").mkdir()
    source.path("b").symlink_to(source.path("a"))
    source.commit("Link")
    assert bring().versions == 1
    assert store.names() == ("a",)


def test_names_outside_the_grammar_are_listed(store: Store, source: Source, bring: Callable[..., ImportReport]) -> None:
    """With a free name each, which the mapping takes."""
    source.commit(**{"My Prompt": "one", "my-prompt": "two", "CON": "three", "日本": "four", "x" * 70: "five"})
    source.commit(CON="changed")
    report = bring()
    assert (report.versions, store.names()) == (1, ("my-prompt",))
    proposals = {each.name: each.proposal for each in report.left_out}
    assert proposals == {
        "My Prompt": "my-prompt-2",
        "CON": "prompt-con",
        "日本": "unnamed",
        "x" * 70: "x" * 64,
    }
    assert "is no prompt name" in report.left_out[0].reason
    renames = tomllib.loads(rename_file(report))
    assert renames == proposals
    again = bring(renames=renames)
    assert (again.versions, again.left_out) == (5, ())
    assert text_of(store, "my-prompt-2") == "one"
    assert bring(renames=renames).versions == 0
    assert rename_file(again) == ""


def test_a_mapping_file_holds_any_name(source: Source, bring: Callable[..., ImportReport]) -> None:
    """Quotes, backslashes and control characters are written as TOML reads them."""
    odd = 'a "quoted\\name\tand\nmore\x7f'
    source.commit(**{odd: "one"})
    report = bring()
    assert tomllib.loads(rename_file(report)) == {odd: report.left_out[0].proposal}


def test_two_sources_for_one_name(store: Store, source: Source, bring: Callable[..., ImportReport]) -> None:
    """The first has it; the other is told and gets a proposal."""
    source.commit(a="one")
    source.commit(b="two")
    report = bring(renames={"b": "a"})
    (left,) = report.left_out
    assert (left.name, left.reason, left.proposal) == ("b", "a is the name of 'a' already", "a-2")
    assert [text_of(store, version.ref) for version in store.history("a")] == ["one"]


def test_a_mapping_to_a_bad_name_is_refused(store: Store, source: Source, bring: Callable[..., ImportReport]) -> None:
    """It is the caller's mistake, and nothing is imported."""
    source.commit(a="one", b="two")
    with pytest.raises(BadRef, match="'No Name' is no prompt name"):
        bring(renames={"b": "No Name"})
    assert store.names() == ()


@pytest.mark.parametrize("role", ["user", "developer", "assistant", "tool"])
def test_the_role_is_chosen(store: Store, source: Source, bring: Callable[..., ImportReport], role: str) -> None:
    """System where nothing is said."""
    source.commit(a="one")
    bring(role=role)
    assert store.load("a").messages[0].role == role  # type: ignore[union-attr] # an import makes messages alone


def test_a_role_that_there_is_not(bring: Callable[..., ImportReport]) -> None:
    """The roles are told."""
    with pytest.raises(InvalidPrompt, match="no role 'boss'") as caught:
        bring(role="boss")
    assert "roles: system" in caught.value.hint


@pytest.mark.parametrize("match", ["", "patterns/system.md", "{name}/{name}", "patterns/name/x"])
def test_a_pattern_needs_one_name(bring: Callable[..., ImportReport], match: str) -> None:
    """An example is told."""
    with pytest.raises(BadRef, match=r"needs \{name\} once") as caught:
        bring(match=match)
    assert "--match 'patterns/{name}/system.md'" in caught.value.hint


@pytest.mark.parametrize(
    "match", ["../{name}", "/{name}", ".git/{name}", "-x{name}", "*{name}*", "[{name}", "patterns/{name}.*"]
)
def test_a_pattern_is_plain_text(store: Store, source: Source, bring: Callable[..., ImportReport], match: str) -> None:
    """It leads nowhere but to the paths that it spells."""
    source.commit(a="one")
    assert bring(match=match).versions == 0
    assert store.names() == ()


def test_nothing_is_doubled_when_it_runs_again(
    store: Store, source: Source, bring: Callable[..., ImportReport]
) -> None:
    """A source that has grown adds what is new; a name that grew and one that did not."""
    source.commit(a="one", b="x")
    source.commit(a="two")
    assert bring().versions == 3
    tip = store.version("a").commit
    assert bring() == ImportReport(versions=0, deletions=0, renames=0, names=0, left_out=())
    assert store.version("a").commit == tip
    source.commit(a="three", c="new")
    assert bring() == ImportReport(versions=2, deletions=0, renames=0, names=2, left_out=())
    assert [len(store.history(name)) for name in "abc"] == [3, 1, 1]
    assert store.version("a").parents == (store.version("a@v2").pin,)


def test_an_interrupted_import_goes_on(
    store: Store, source: Source, bring: Callable[..., ImportReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was kept stays, what was not comes with the next run, in the source's order."""
    for number in range(10):
        source.commit(**{"a": f"text {number}", f"b{number}": "x"})
    monkeypatch.setattr(replaying, "CHUNK", 4)

    def stop(done: int, every: int) -> None:
        assert every == 10
        if done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bring(progress=stop)
    assert len(store.history("a")) == 4
    seen: list[int] = []
    assert bring(progress=lambda done, _: seen.append(done)).versions == 12
    assert seen == [1, 2, 3, 4, 5, 6]
    assert [text_of(store, version.ref) for version in store.history("a")] == [f"text {number}" for number in range(10)]
    assert len(store.names()) == 11
    assert store.fsck().ok
    refs = subprocess.run(["git", "for-each-ref"], cwd=store.path, capture_output=True, text=True, check=True).stdout
    assert len(refs.splitlines()) == 1


def test_an_edit_in_the_store_is_never_overwritten(
    store: Store, source: Source, bring: Callable[..., ImportReport]
) -> None:
    """The name is left out with the reason and another name for what the source goes on with; others go on."""
    source.commit(a="one", b="x")
    bring()
    store.save("a", store.load("a").evolve(messages=store.load("b").messages))
    source.commit(a="two", b="y")
    report = bring()
    assert (report.versions, [each.name for each in report.left_out]) == (1, ["a"])
    assert report.left_out[0].reason == "a was changed in the store since, and the source goes on"
    assert report.left_out[0].proposal == "a-2"
    assert text_of(store, "a") == "x"
    assert bring(renames={"a": "a-2"}).versions == 2
    assert [text_of(store, version.ref) for version in store.history("a-2")] == ["one", "two"]


def test_a_name_that_the_store_has_already(store: Store, source: Source, bring: Callable[..., ImportReport]) -> None:
    """The same rule: what somebody saved here is not the source's."""
    source.commit(a="one")
    other = Store.init(store.path.parent / "other.git", bare=True)
    import_git(other, source.folder, match=MATCH)
    store.save("a", other.load("a").with_origin(None, description="mine"))
    report = bring()
    assert (report.versions, report.left_out[0].name) == (0, "a")


def test_a_file_that_was_broken_by_hand(
    store: Store, source: Source, bring: Callable[..., ImportReport], tmp_path: Path
) -> None:
    """It counts as an edit: nothing is laid over it."""
    source.commit(a="one")
    bring()
    source.git("clone", "-q", str(store.path), str(tmp_path / "clone"))
    (tmp_path / "clone/a.prompty").write_text("---\nmodel: [\n---\nuser:\nx\n")
    source.git("-C", str(tmp_path / "clone"), "commit", "-q", "-a", "-m", "Broken")
    source.git("-C", str(tmp_path / "clone"), "push", "-q", "origin", "main")
    source.commit(a="two")
    report = bring()
    assert (report.versions, report.left_out[0].name, report.left_out[0].proposal) == (0, "a", "a-2")


def test_the_main_line_alone_is_followed(store: Store, source: Source, bring: Callable[..., ImportReport]) -> None:
    """A merge is one commit, with what it brought."""
    source.commit(a="one", b="x")
    source.git("checkout", "-q", "-b", "side")
    source.commit("Side 1", b="y")
    source.commit("Side 2", b="z")
    source.git("checkout", "-q", "main")
    source.commit("Main", a="two")
    source.git("merge", "-q", "--no-ff", "side", "-m", "Merge side")
    bring()
    assert [version.message.splitlines()[0] for version in store.history("b")] == ["Change", "Merge side"]
    assert [text_of(store, version.ref) for version in store.history("b")] == ["x", "z"]
    assert [text_of(store, version.ref) for version in store.history("a")] == ["one", "two"]


def test_a_source_that_was_imported_itself(store: Store, source: Source, bring: Callable[..., ImportReport]) -> None:
    """A trailer in the source's own message does not hide ours."""
    source.commit(f"Change\n\nPromptlib-Source: {'0' * 40}", a="one")
    assert bring().versions == 1
    assert bring().versions == 0


@pytest.mark.parametrize("kind", ["empty", "detached", "bare", "sha256"])
def test_sources_of_every_kind(store: Store, source: Source, tmp_path: Path, kind: str) -> None:
    """No commit yet, a detached HEAD, a bare clone, longer ids."""
    folder = source.folder
    if kind == "sha256":
        folder = tmp_path / "longer"
        source.folder = folder
        folder.mkdir()
        source.git("init", "-q", "--object-format=sha256", "-b", "main")
    if kind != "empty":
        source.commit(a="one")
    if kind == "detached":
        source.git("checkout", "-q", "--detach")
    if kind == "bare":
        source.git("clone", "-q", "--bare", str(folder), str(tmp_path / "bare.git"))
        folder = tmp_path / "bare.git"
    for expected in (0 if kind == "empty" else 1, 0):
        assert import_git(store, folder, match=MATCH).versions == expected
    assert store.names() == (() if kind == "empty" else ("a",))


def test_what_is_no_source(store: Store, tmp_path: Path) -> None:
    """A folder without git is told."""
    (tmp_path / "plain").mkdir()
    for path in (tmp_path / "plain", tmp_path / "nothing"):
        with pytest.raises(NotAStore):
            import_git(store, path, match=MATCH)


def test_only_a_bare_store_takes_a_history(source: Source, tmp_path: Path) -> None:
    """An application's repository has a history of its own; the commands to make a store are told."""
    source.commit(a="one")
    (tmp_path / "app/prompts").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", tmp_path / "app"], check=True)
    with pytest.raises(StoreReadOnly, match="a history can be imported into a bare store") as caught:
        import_git(Store(tmp_path / "app"), source.folder, match=MATCH)
    assert "promptlib init --bare prompts.git" in caught.value.hint


def test_a_report_is_plain_data(source: Source, bring: Callable[..., ImportReport]) -> None:
    """As the shell prints it."""
    source.commit(a="one", A="two")
    assert bring().to_dict() == {
        "versions": 1,
        "deletions": 0,
        "renames": 0,
        "names": 1,
        "left_out": [
            {
                "name": "A",
                "reason": "'A' is no prompt name: the segment 'A' holds something other than a-z 0-9 . _ - or begins "
                "with . _ -",
                "proposal": "a-2",
            }
        ],
    }
