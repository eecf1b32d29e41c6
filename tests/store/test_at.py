"""A store as it was: what is asked of a view is answered as it would have been then."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import PromptLibError, Store
from promptlib.errors import BadRef, NotFound
from promptlib.store.homes import Folder
from tests.cli.test_cli_hostile import ADDRESSES, REFS
from tests.store.streams import NOON, Stream, file_of, git, label_of, labelled
from tests.store.test_hostile_stores import HOSTILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from promptlib import Prompt
    from promptlib.store import View
    from tests.store.conftest import Question

HOUR = 3600


def at(hour: float) -> datetime:
    """Return a time so many hours after noon."""
    return datetime.fromtimestamp(NOON, UTC) + timedelta(hours=hour)


@pytest.fixture
def day(tmp_path: Path) -> Iterator[tuple[Store, list[str]]]:
    """One name, one commit an hour; `production` goes from v1 to v2 and back, and away; then the name goes too."""
    stream = Stream(tmp_path / "day.git")
    steps: list[dict[str, bytes | None]] = [
        {"support/triage": file_of("one"), "other": file_of("x")},
        labelled("support/triage", "production", "one"),
        {"support/triage": file_of("two")},
        labelled("support/triage", "production", "two"),
        labelled("support/triage", "production", "one"),
        {"support/triage": file_of("three")},
        labelled("support/triage", "production", None),
        {"support/triage": None},
    ]
    for hour, files in enumerate(steps):
        stream.commit(files, *([hour] if hour else []), seconds=NOON + hour * HOUR, zone="+0230")
    commits = stream.write()
    with Store(stream.folder) as store:
        yield store, commits


def text(view: View, ref: str) -> str:
    return view.load(ref).messages[0].text


class TestWhatWasLive:
    @pytest.mark.parametrize(
        ("hour", "live"),
        [(1, "one"), (1.5, "one"), (2.9, "one"), (3, "two"), (3.99, "two"), (4, "one"), (5.5, "one")],
    )
    def test_a_label_says_what_it_said_then(self, day: tuple[Store, list[str]], hour: float, live: str) -> None:
        store, commits = day
        view = store.at(at(hour))
        assert text(view, "support/triage@production") == live
        labels = view.labels("support/triage")
        assert {label: version.digest for label, version in labels.items()} == {
            "production": store.version("support/triage@v1" if live == "one" else "support/triage@v2").digest
        }
        assert (view.commit, view.time) == (commits[int(hour)], at(int(hour)))

    def test_everything_else_is_answered_as_then_too(self, day: tuple[Store, list[str]]) -> None:
        store, commits = day
        view = store.at(at(3.5))
        assert [str(each) for each in view.history("support/triage")] == [
            str(each) for each in store.history("support/triage")[:2]
        ]
        assert [each.labels for each in view.history("support/triage")] == [(), ("production",)]
        assert view.version("support/triage").number == view.version("support/triage@latest").number == 2
        assert text(view, "support/triage") == text(view, "support/triage@latest") == "two"
        assert view.load("support/triage@v1").origin.number == 1  # type: ignore[union-attr] # it was loaded
        assert view.file("support/triage@production") == file_of("two")
        assert view.names() == ("other", "support/triage")
        assert view.diff("support/triage@v1", "support/triage")
        assert [node.number for node in view.graph().nodes if node.name == "support/triage"] == [1, 2]
        assert [node.number for node in view.lineage("support/triage@v1").descendants()] == [2]
        assert [names for _, names in view.commits()] == [("other", "support/triage"), ("support/triage",)]
        assert repr(view) == f"EarlierView({str(store.path)!r}, {commits[3][:8]}, 2026-05-03T15:00:00+00:00)"

    def test_what_came_later_is_not_there(self, day: tuple[Store, list[str]]) -> None:
        store, _ = day
        view = store.at(at(2.5))
        later = store.history("support/triage")[2]
        for ref in ("support/triage@v3", f"support/triage#{later.digest[7:]}"):
            with pytest.raises(NotFound, match=r"2 versions are there: v1 .*, v2"):
                view.load(ref)
        with pytest.raises(NotFound, match="no label 'staging'"):
            view.load("support/triage@staging")
        assert view.at(at(9)).commit == view.commit
        assert view.at(at(0)).history("support/triage")[0].number == 1
        with pytest.raises(NotFound, match="is not in the history of main"):
            view.at(later)

    def test_what_is_gone_is_there_before_and_not_after(self, day: tuple[Store, list[str]]) -> None:
        store, commits = day
        assert text(store.at(at(6.5)), "support/triage") == "three"
        assert store.at(at(6.5)).labels("support/triage") == {}
        gone = store.at(at(7))
        with pytest.raises(NotFound, match=f"support/triage was deleted in {commits[7][:7]}"):
            gone.load("support/triage")
        with pytest.raises(NotFound, match=f"support/triage was deleted in {commits[7][:7]}"):
            gone.version("support/triage")
        assert gone.names() == ("other",)
        assert len(gone.history("support/triage")) == 3

    def test_it_stays_while_the_store_goes_on(
        self, day: tuple[Store, list[str]], make: Callable[..., Prompt[Question]]
    ) -> None:
        store, _ = day
        view = store.at(at(3.5))
        for round_ in range(3):
            store.save("support/triage", make(f"Later {round_}."))
            store.label("support/triage", "production", "v3")
            assert text(view, "support/triage@production") == "two"
            assert [each.number for each in view.history("support/triage")] == [1, 2]
            assert view.version("support/triage").labels == ("production",)

    def test_nothing_can_be_written(self, day: tuple[Store, list[str]]) -> None:
        view = day[0].at(at(3))
        assert not [name for name in ("save", "label", "delete", "rename", "transaction") if hasattr(view, name)]


class TestMoments:
    def test_all_ways_to_say_one(self, day: tuple[Store, list[str]]) -> None:
        store, commits = day
        git(
            store.path,
            "-c",
            "user.name=Bob",
            "-c",
            "user.email=b@example.org",
            "tag",
            "-am",
            "Go",
            "v2.0/rc",
            commits[2],
        )
        git(store.path, "branch", "release", commits[2])
        moments: list[Any] = [
            at(2),
            at(2.99).astimezone(timezone(timedelta(hours=-7))),
            at(2) + timedelta(microseconds=999_999),
            "2026-05-03 14:00Z",
            "2026-05-03T16:30:00+02:30",
            "2026-05-03 07:59:59.5-07:00",
            commits[2],
            commits[2][:7],
            store.version("support/triage@v2"),
            "v2.0/rc",
            "release",
            "refs/heads/release",
        ]
        assert {store.at(moment).commit for moment in moments} == {commits[2]}

    def test_a_branch_gives_no_other_meaning_to_the_digits_of_a_commit(self, day: tuple[Store, list[str]]) -> None:
        store, commits = day
        git(store.path, "branch", commits[2][:9], commits[5])
        git(store.path, "branch", "abcdef0", commits[5])
        assert store.at(commits[2][:9]).commit == commits[2]
        assert store.at("abcdef0").commit == commits[5]

    @pytest.mark.parametrize(
        ("moment", "what", "hint"),
        [
            ("2026-05-03 14:00", "'2026-05-03 14:00' says no time zone", 'write it: "2026-05-03 14:00Z" for UTC$'),
            ("2026-05-03", "'2026-05-03 00:00' says no time zone", '"2026-05-03 00:00Z" for UTC$'),
            (datetime(2026, 5, 3, 14, 0, 1), "'2026-05-03 14:00:01' says", "2026-05-03 14:00:01Z"),  # noqa: DTZ001 - that is the mistake
            ("2026-13-03 14:00Z", "'2026-13-03 14:00Z' is no time: ", 'a time is written "2026-05-03 14:00[+]02:00"'),
            ("abc12", "'abc12' is too short for a commit", "give 7 digits"),
            (5, "a moment is a datetime, a text or a Version, not a int", "a commit by 7 digits"),
        ],
    )
    def test_what_means_no_moment(self, day: tuple[Store, list[str]], moment: Any, what: str, hint: str) -> None:
        with pytest.raises(BadRef) as caught:
            day[0].at(moment)
        caught.match(what)
        caught.match(hint)

    def test_a_time_without_zone_is_told_with_the_zone_of_the_machine(
        self, day: tuple[Store, list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TZ", "Asia/Kolkata")
        time = __import__("time")
        time.tzset()
        try:
            with pytest.raises(BadRef, match=r'"2026-05-03 14:00Z" for UTC, or "2026-05-03 14:00\+05:30" for the zone'):
                day[0].at("2026-05-03 14:00")
            with pytest.raises(BadRef, match=r'write it: "0001-01-01 00:00Z" for UTC'):
                day[0].at("0001-01-01")
        finally:
            monkeypatch.undo()
            time.tzset()

    @pytest.mark.parametrize(
        ("moment", "what", "hint"),
        [
            (at(-1), "there was nothing at 2026-05-03 11:00Z: main begins at 2026-05-03 12:00Z", "its first commit is"),
            ("1999-01-01 00:00Z", "there was nothing at 1999-01-01 00:00Z", "ask for that time or a later one"),
            ("0" * 40, "commit 000000000000 is not in the history of main", "git branch --all --contains 000000000000"),
            ("beta", "'beta' is no time, commit, tag or branch here", "a time is written"),
            ("--upload-pack=x", "'--upload-pack=x' is no time", "a time is written"),
        ],
    )
    def test_what_this_history_has_not(self, day: tuple[Store, list[str]], moment: Any, what: str, hint: str) -> None:
        with pytest.raises(NotFound) as caught:
            day[0].at(moment)
        caught.match(what)
        caught.match(hint)

    def test_hostile_words_are_no_moment(self, day: tuple[Store, list[str]]) -> None:
        moments = [
            *(*ADDRESSES, *REFS, *HOSTILE, "HEAD", "@", "main~0", "main^{commit}", "refs/heads/main\0", "", "-"),
            *("2026-05-03T14:00+24:00", "2026-05-03T25:00Z", "2026-05-03\n", "2026-05-03 14:00 \x1b[2J", "2026-W18-7"),
            *("\u0662\u0660\u0662\u0666-05-03", "0001-01-01T00:00+23:59", "a" * 10_000, "\ud800"),
        ]
        for moment in moments:
            with pytest.raises((BadRef, NotFound)) as caught:
                day[0].at(moment)
            assert all(char == "\n" or char.isprintable() for char in str(caught.value))
            assert len(str(caught.value)) < 500

    def test_times_at_the_ends_of_the_calendar(self, day: tuple[Store, list[str]]) -> None:
        assert day[0].at("9999-12-31 23:59:59.999999-23:59").commit == day[1][-1]

    def test_several_commits_that_begin_alike(self, tmp_path: Path) -> None:
        stream = Stream(tmp_path / "many.git")
        for number in range(400):
            stream.commit({"a": file_of(f"{number}")}, *([number] if number else []))
        commits = stream.write()
        with Store(stream.folder) as store, pytest.MonkeyPatch.context() as patch:
            patch.setattr("promptlib.store.when.SHORTEST", 2)
            patch.setattr("promptlib.store.when._COMMIT", re.compile("[0-9a-f]{2,64}"))
            twins = next(each[:2] for each in commits if sum(other[:2] == each[:2] for other in commits) > 1)
            with pytest.raises(BadRef, match=f"{twins} could be any of [234] commits: {twins}") as caught:
                store.at(twins)
            assert caught.value.hint == "give more digits"

    def test_a_version_without_a_commit(self, day: tuple[Store, list[str]]) -> None:
        store, _ = day
        foreign = store.history("support/triage")[0]
        with pytest.raises(NotFound, match="has no commit here"):
            store.at(type(foreign)("a", None, foreign.digest, "", "", "", foreign.time, ""))


class TestClocks:
    def test_where_clocks_go_back_the_place_on_the_line_decides_as_in_git(self, tmp_path: Path) -> None:
        random = Random(7)
        stream = Stream(tmp_path / "clocks.git")
        for number in range(60):
            lie = random.choice([0, 0, 0, -5 * HOUR, 9 * HOUR, -40 * HOUR])
            seconds, zone = NOON + number * HOUR + lie, random.choice(["+0000", "-1130", "+1400"])
            # Two of three commits have nothing to do with prompts.
            path = "a" if number % 3 == 0 else "notes.txt"
            stream.commit({path: file_of(f"{number}")}, *([number] if number else []), seconds=seconds, zone=zone)
        stream.write()
        with Store(stream.folder) as store:
            for _ in range(60):
                seconds = NOON + random.randrange(-45 * HOUR, 65 * HOUR)
                found = git(stream.folder, "rev-list", "-1", "--first-parent", f"--before=@{seconds}", "main")
                try:
                    mine = store.at(datetime.fromtimestamp(seconds, UTC))
                except NotFound:
                    assert found == ""
                    continue
                assert mine.commit == found
                assert mine.time.timestamp() == int(git(stream.folder, "show", "-s", "--format=%ct", found))

    def test_a_merged_branch_counts_from_its_merge(self, tmp_path: Path) -> None:
        stream = Stream(tmp_path / "merged.git")
        base = stream.commit({"a": file_of("one")}, seconds=NOON)
        side = stream.commit({"a": file_of("side")}, base, seconds=NOON + HOUR, branch="side")
        main = stream.commit({"b": file_of("b")}, base, seconds=NOON + 2 * HOUR)
        stream.commit({"a": file_of("side")}, main, side, seconds=NOON + 4 * HOUR)
        commits = stream.write()
        with Store(stream.folder) as store:
            assert text(store.at(at(1.5)), "a") == "one"
            assert store.at(at(3)).names() == ("a", "b")
            assert [each.number for each in store.at(at(3)).history("a")] == [1]
            merged = store.at(at(4))
            assert text(merged, "a") == "side"
            assert [each.commit for each in merged.history("a")] == [commits[0], commits[1]]
            apart = store.at(commits[1])
            assert (text(apart, "a"), apart.names()) == ("side", ("a",))


# --- every commit of random histories ---------------------------------------------------------------------------------

NAMES = ("a", "team/b", "c")


def _random_history(stream: Stream, random: Random, commits: int) -> None:
    """Write, rename, delete and label on up to three lines that are merged now and then."""
    files: dict[int, dict[str, bytes]] = {}
    tips: list[int] = []
    for number in range(1, commits + 1):
        parents = [random.choice(tips[-3:])] if tips else []
        if len(set(tips[-3:])) > 1 and random.random() < 0.3:
            parents = random.sample(sorted(set(tips[-3:])), 2)
        mine = [files[parent] for parent in parents] or [{}]
        state = dict(mine[0])
        for other in mine[1:]:
            state |= {path: data for path, data in other.items() if random.random() < 0.7}
        _change(state, random, number)
        before = mine[0]
        changes: dict[str, bytes | None] = dict.fromkeys(path for path in before if path not in state)
        changes |= {path: data for path, data in state.items() if before.get(path) != data}
        last = stream.commit(changes, *parents, seconds=NOON + number * HOUR)
        files[last] = state
        tips = [tip for tip in tips if tip not in parents or random.random() < 0.5] + [last]
    rest = sorted(set(tips[-4:]) - {last})
    for tip in rest:
        last = stream.commit({}, last, tip, seconds=NOON + (commits + tip) * HOUR)


def _change(state: dict[str, bytes], random: Random, number: int) -> None:
    name = random.choice(NAMES)
    path = f"{name}.prompty"
    label = f".labels/production/{name}.label"
    match random.randrange(6):
        case 0 if path in state:
            del state[path]
        case 1 if path in state:
            new = f"{random.choice(NAMES)}2.prompty"
            state[new] = state.pop(path)
        case 2:
            state[label] = label_of(f"{name} {random.randrange(number)}")
        case 3:
            state[path] = file_of(f"{name} {random.randrange(4)}")
        case _:
            state[path] = file_of(f"{name} {number}")


def _answers(view: View) -> dict[str, object]:
    """Ask everything of everything."""
    found: dict[str, object] = {"names": view.names(), "commits": list(view.commits())}
    for name in (*NAMES, *(f"{each}2" for each in NAMES)):
        for ref in (name, f"{name}@latest", f"{name}@v1", f"{name}@v2", f"{name}@v9", f"{name}@production"):
            found[ref] = [_tried(question, ref) for question in (view.version, view.load, view.file)]
        found[f"impact {name}"] = _tried(view.impact, name)
        found[f"lineage {name}"] = _tried(_around, name, view)
        found[f"history {name}"] = _tried(view.history, name)
        found[f"labels {name}"] = _tried(view.labels, name)
    graph = view.graph()
    found["nodes"] = graph.nodes
    found["edges"] = graph.edges
    return found


def _around(name: str, view: View) -> object:
    lineage = view.lineage(name)
    return lineage.ancestors(), lineage.descendants()


def _tried(question: Callable[..., object], *asked: object) -> object:
    try:
        return question(*asked)
    except PromptLibError as error:
        return type(error), error.what, error.hint


def _check_every_commit(folder: Path, seed: int, commits: int) -> int:
    stream = Stream(folder / "whole.git")
    _random_history(stream, Random(seed), commits)
    ids = stream.write()
    git(stream.folder, "update-ref", "refs/heads/main", ids[-1])
    shutil.copytree(stream.folder, folder / "then.git")
    off = 0
    line = set(git(stream.folder, "rev-list", "--first-parent", "main").split())
    with Store(stream.folder) as store:
        for commit in git(stream.folder, "rev-list", "main").split():
            shutil.rmtree(folder / "then.git" / "promptlib", ignore_errors=True)
            git(folder / "then.git", "update-ref", "refs/heads/main", commit)
            with Store(folder / "then.git") as then:
                assert _answers(store.at(commit)) == _answers(then)
            off += commit not in line
        assert _answers(store.at(ids[-1])) == _answers(store)
    return off


def test_a_view_answers_as_a_store_that_ends_there(tmp_path: Path) -> None:
    assert _check_every_commit(tmp_path, seed=3, commits=16) > 3


@pytest.mark.soak
def test_every_view_of_many_histories_answers_as_a_store_that_ends_there(tmp_path: Path, seed: int) -> None:
    for each in range(seed, seed + 8):
        _check_every_commit(tmp_path / str(each), seed=each, commits=30)


# --- homes ------------------------------------------------------------------------------------------------------------


class TestHomes:
    def test_an_applications_repository_is_seen_as_committed(
        self, tree: Store, make: Callable[..., Prompt[Question]]
    ) -> None:
        first = tree.save("greet", make("One."))
        tree.label("greet", "production", "v1")
        second = tree.save("greet", make("Two."))
        (tree.path / "prompts" / "greet.prompty").write_bytes(file_of("edited"))
        (tree.path / "prompts" / "new.prompty").write_bytes(file_of("not committed"))
        view = tree.at(second)
        assert text(view, "greet") == "Two."
        assert view.load("greet").origin is not None
        assert not view.load("greet").origin.edited  # type: ignore[union-attr] # asserted above
        assert view.names() == ("greet",)
        assert text(tree.at(first), "greet") == "One."
        with pytest.raises(NotFound, match="no label 'production' on greet"):
            tree.at(first).load("greet@production")

    def test_before_the_store_began_there_was_no_prompt(self, application: Path) -> None:
        with Store.init(application) as store:
            code = git(application, "rev-list", "--max-parents=0", "HEAD")
            view = store.at(code)
            assert view.names() == ()
            with pytest.raises(NotFound, match="no prompt 'greet' here\nthis store is empty"):
                view.load("greet")

    def test_a_view_outlives_a_branch_that_was_reset(self, tmp_path: Path) -> None:
        stream = Stream(tmp_path / "reset.git")
        for number in range(3):
            stream.commit({"a": file_of(f"{number}")}, *([number] if number else []))
        commits = stream.write()
        with Store(stream.folder) as store:
            view = store.at(commits[2])
            git(stream.folder, "update-ref", "refs/heads/main", commits[0])
            assert len(store.history("a")) == 1
            assert [each.number for each in view.history("a")] == [1, 2, 3]
            with pytest.raises(NotFound, match="is not in the history of main"):
                store.at(commits[2])

    def test_a_folder_without_git_has_no_earlier_time(self, tmp_path: Path) -> None:
        (tmp_path / "prompts").mkdir()
        (tmp_path / "prompts" / "a.prompty").write_bytes(file_of("one"))
        assert isinstance(Store(tmp_path)._reader.files, Folder)
        with pytest.raises(NotFound, match="has no history: it is a folder without git"):
            Store(tmp_path).at(at(0))

    def test_an_empty_store(self, tmp_path: Path) -> None:
        stream = Stream(tmp_path / "empty.git")
        stream.write()
        with Store(stream.folder) as store, pytest.raises(NotFound, match="main has no commit yet"):
            store.at(at(0))

    def test_a_shallow_clone_knows_what_it_has(self, day: tuple[Store, list[str]], tmp_path: Path) -> None:
        git(tmp_path, "clone", "-q", "--bare", "--depth=3", day[0].path.as_uri(), "shallow.git")
        with Store(tmp_path / "shallow.git") as store:
            view = store.at(at(5.5))
            assert text(view, "support/triage@production") == "one"
            assert [each.number for each in view.history("support/triage")] == [None]
            with pytest.raises(NotFound) as caught:
                store.at(at(3))
            caught.match("this clone is shallow: what was at 2026-05-03 15:00Z is not in it")
            caught.match("it begins at 2026-05-03 17:00Z; to have the rest: git fetch --unshallow")

    def test_what_a_remote_has_is_not_provisional_then_either(self, day: tuple[Store, list[str]]) -> None:
        store, commits = day
        git(store.path, "update-ref", "refs/remotes/origin/main", commits[3])
        assert [each.provisional for each in store.history("support/triage")] == [False, False, True]
        assert [each.provisional for each in store.at(at(6)).history("support/triage")] == [False, False, True]
        assert [each.provisional for each in store.at(at(3)).history("support/triage")] == [False, False]


def test_a_time_that_was_damaged_in_the_index_makes_no_other_commit_the_answer(day: tuple[Store, list[str]]) -> None:
    store, commits = day
    for hour in range(8):
        for wrong in (NOON - 100 * HOUR, NOON + 100 * HOUR):
            store.history("support/triage")
            store.close()
            with closing(sqlite3.connect(store.path / "promptlib" / "index.sqlite")) as index:
                index.execute("UPDATE commits SET committed=? WHERE position=?", (wrong, hour))
                index.commit()
            for asked in (hour, max(0, hour - 1), min(7, hour + 1)):
                assert store.at(at(asked)).commit == commits[asked]


# --- what it costs ----------------------------------------------------------------------------------------------------


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that an index is asked from now on."""
    asked: list[str] = []
    connect = sqlite3.connect

    def traced(*words: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*words, **named)
        connection.set_trace_callback(asked.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", traced)
    return asked


def test_a_view_costs_the_same_in_any_history(tmp_path: Path, statements: list[str]) -> None:
    counts = []
    for size in (8, 400):
        stream = Stream(tmp_path / f"{size}.git")
        for number in range(size):
            files = {"a" if number in {1, 3, size - 1} else f"n{number % 7}": file_of(f"{number}")}
            stream.commit(files, *([number] if number else []), seconds=NOON + number)
        stream.write()
        with Store(stream.folder) as store:
            store.history("a")
            store.graph()
            statements.clear()
            view = store.at(datetime.fromtimestamp(NOON + 5, UTC))
            found = len(statements)
            history = view.history("a")
            version, loaded = view.version("a@v2"), view.load("a@latest")
            assert [each.number for each in history] == [1, 2]
            assert loaded.digest == version.digest
        counts.append((found, len(statements)))
    assert counts[0] == counts[1]
    assert counts[0][1] <= 60
