"""Who brought which line and which field, as plain `git blame` tells it and beyond."""

from __future__ import annotations

import subprocess
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from promptlib import Prompt, Store, codec, system, user
from promptlib._git import Author, Repository
from promptlib.blame import fields_of
from promptlib.errors import NotFetched, NotFound, StoreDamaged
from tests.store.conftest import prompt_of
from tests.store.streams import NOON, Stream, blamed_by_git, file_of, git

if TYPE_CHECKING:
    from pathlib import Path

    from promptlib.blame import Blame
    from promptlib.messages import Message

ADA, BEN = Author("Ada", "ada@example.org"), Author("Ben", "ben@example.org")


class Ticket(BaseModel):
    """What the prompts of this page ask for."""

    ticket: str
    tone: str = "calm"


def triage(*messages: Message, **parts: Any) -> Prompt[Ticket]:
    shown = user("{{ ticket }} {{ tone }}")
    return Prompt.define(
        Ticket, *messages, *(() if any("{{ ticket" in each.text for each in messages) else (shown,)), **parts
    )


def told(found: Blame) -> dict[str, int | None]:
    """Return the number behind each field."""
    return {each.path: each.version.number for each in found.fields}


def numbers(found: Blame, *words: str) -> list[int | None]:
    """Return the numbers behind the lines that begin with *words*."""
    return [each.version.number for word in words for each in found.lines if each.text.startswith(word)]


class TestLines:
    def test_each_line_has_the_version_that_brought_it(self, store: Store) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("GIT_AUTHOR_DATE", f"{NOON} +0200")
            store.save("greet", triage(system("One.\nTwo.\nThree.")), message="Begin", author=ADA)
            store.save("greet", triage(system("One.\nTwo!\nThree.")), message="Louder\n\nMuch.", author=BEN)
        found = store.blame("greet")
        assert numbers(found, "One", "Two", "Three", "user:") == [1, 2, 1, 1]
        line = next(each for each in found.lines if each.text == "Two!")
        assert (line.author, line.message, line.version.ref) == ("Ben", "Louder\n\nMuch.", store.version("greet").ref)
        assert line.time == store.version("greet").time
        assert [each.number for each in found.lines] == list(range(1, len(found.lines) + 1))
        assert "\n".join(each.text for each in found.lines).encode() == store.file("greet").removesuffix(b"\n")
        assert found.version == store.version("greet")
        assert [each.number for each in found.versions] == [2, 1]
        assert [each.version.number for each in store.blame("greet@v1").lines] == [1] * len(found.lines)

    def test_labels_and_digests_name_a_version_too(self, bare: Store) -> None:
        first = bare.save("greet", triage(system("One.")))
        bare.label("greet", "production", first)
        bare.save("greet", triage(system("Two.")))
        for ref in ("greet@production", f"greet#{first.short}", "greet@v1"):
            assert bare.blame(ref).version.number == 1
        with pytest.raises(NotFound, match="no label 'staging' on greet"):
            bare.blame("greet@staging")
        with pytest.raises(NotFound, match="no prompt 'great' here"):
            bare.blame("great")

    def test_a_file_on_disk_has_nobody_behind_it_yet(self, tree: Store) -> None:
        tree.save("greet", triage(system("One.")))
        (tree.path / "prompts" / "greet.prompty").write_bytes(file_of("edited"))
        assert "One." in [each.text for each in tree.blame("greet").lines]

    def test_a_view_blames_as_it_was(self, bare: Store) -> None:
        for number in range(3):
            bare.save("greet", triage(system(f"One.\nNumber {number}.")))
        then = bare.at(bare.version("greet@v2"))
        assert numbers(then.blame("greet"), "One", "Number") == [1, 2]
        with pytest.raises(NotFound, match="greet has no version v3"):
            then.blame("greet@v3")

    def test_printed_they_are_a_table_that_no_text_can_break(self, bare: Store) -> None:
        bare.save("greet", triage(system("Red: \x1b[31m and \u202e turned.")), author=Author("Ada\x1b[2J", "a@b"))
        bare.save("greet", triage(system("Red: \x1b[31m and \u202e turned.\nMore.")), author=BEN)
        shown = str(bare.blame("greet"))
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        first = shown.split("\n", maxsplit=1)[0]
        assert first.startswith(f"v1 {bare.version('greet@v1').short}  Ada")
        assert first.endswith(" 1  ---")
        assert f"v2 {bare.version('greet@v2').short}  Ben" in shown


class TestFields:
    def test_messages_are_followed_wherever_they_stand(self, bare: Store) -> None:
        rules, tone = system("You sort support tickets by urgency."), system("Answer in a warm and plain voice.")
        bare.save("triage", triage(rules, tone))
        bare.save("triage", triage(system("Be brief, whatever the ticket says."), rules, tone))
        bare.save("triage", triage(system("Be brief, whatever the ticket says."), tone, rules))
        bare.save("triage", triage(system("Be brief, whatever the ticket says."), tone, system("You sort tickets.")))
        assert [told(bare.blame(f"triage@v{at}"))["messages[0]"] for at in (1, 2, 3, 4)] == [1, 2, 2, 2]
        last = told(bare.blame("triage"))
        assert [last[f"messages[{at}]"] for at in range(4)] == [2, 1, 4, 1]

    def test_every_other_part_has_the_version_that_changed_its_meaning(self, bare: Store) -> None:
        style = bare.save("style", Prompt.define(system("Plain words.")))
        start = triage(system("Sort."), settings={"temperature": 0.2, "stop": {"words": ["a"], "most": 3}})
        bare.save("triage", start)
        bare.save("triage", start.evolve(description="Sort a ticket", tags=("support",)))
        changed = bare.load("triage").evolve(settings={"temperature": 0.7, "stop": {"words": ["a"], "most": 4}})
        bare.save("triage", changed)

        class Warmer(Ticket):
            tone: str = "warm"

        included = {"style": style}
        body = system("{% include 'style' %} Sort.")
        bare.save("triage", bare.load("triage").evolve(messages=(body, changed.messages[1]), includes=included))
        bare.save("triage", bare.load("triage").evolve(inputs=Warmer))
        assert told(bare.blame("triage")) == {
            "description": 2,
            "tags": 2,
            "messages[0]": 4,
            "messages[1]": 1,
            "inputs.ticket": 1,
            "inputs.tone": 5,
            "settings.temperature": 3,
            "settings.stop.words": 1,
            "settings.stop.most": 3,
            "includes.style": 4,
        }
        field = bare.blame("triage").field("settings.temperature")
        assert (field.value, field.author, field.message) == (0.7, field.version.author, "Save triage")
        with pytest.raises(NotFound) as caught:
            bare.blame("triage").field("settings.temprature")
        assert caught.value.what == f"{bare.version('triage')} has no field 'settings.temprature'"
        caught.match("did you mean 'settings.temperature'")

    def test_another_way_to_write_the_same_is_no_change_of_meaning(self, tmp_path: Path) -> None:
        stream = Stream(tmp_path / "notes.git")
        plain = file_of("one", description="Asks")
        stream.commit({"a": plain})
        stream.commit({"a": plain.replace(b"description: Asks", b"# a note\ndescription:   'Asks'")}, 1)
        stream.write()
        with Store(stream.folder) as store:
            found = store.blame("a")
            assert set(told(found).values()) == {1}
            assert numbers(found, "# a note", "description") == [2, 2]

    def test_a_way_back_is_a_change(self, bare: Store) -> None:
        bare.save("greet", triage(system("One.")))
        bare.save("greet", triage(system("Two.")))
        bare.revert("greet", "v1")
        assert told(bare.blame("greet"))["messages[0]"] == 3

    def test_a_file_that_is_no_prompt_has_lines_and_says_what_is_wrong(self, tmp_path: Path) -> None:
        stream = Stream(tmp_path / "broken.git")
        stream.commit({"a": file_of("one")})
        stream.commit({"a": file_of("one").replace(b"inputs:", b"inputs")}, 1)
        stream.commit({"a": file_of("one", description="Back")}, 2)
        stream.write()
        with Store(stream.folder) as store:
            broken = store.at(store.history("a")[1]).blame("a")
            assert broken.fields == ()
            assert broken.problem
            assert numbers(broken, "inputs", "---") == [2, 1, 1]
            with pytest.raises(NotFound) as caught:
                broken.field("messages[0]")
            assert caught.value.hint == broken.problem
            # What stood before it, and stands again, is as old as it was.
            assert told(store.blame("a")) == {
                "description": 3,
                "messages[0]": 1,
                "messages[1]": 1,
                "inputs.question": 1,
            }
            assert store.blame("a").to_dict()["problem"] is None

    def test_what_was_broken_on_both_sides_of_a_merge_is_passed_over(self, tmp_path: Path) -> None:
        stream = Stream(tmp_path / "broken.git")
        base = stream.commit({"a": file_of("one")})
        side = stream.commit({"a": b"---\ninputs: [\n---\nuser:\nside\n"}, base, branch="side")
        main = stream.commit({"a": b"---\ninputs: [\n---\nuser:\nmain\n"}, base)
        stream.commit({"a": file_of("one", description="Mended")}, main, side)
        stream.write()
        with Store(stream.folder) as store:
            assert told(store.blame("a")) == {
                "description": 4,
                "messages[0]": 1,
                "messages[1]": 1,
                "inputs.question": 1,
            }

    def test_all_that_a_prompt_says_is_a_field(self) -> None:
        class Answer(BaseModel):
            urgency: int

        prompt = triage(
            system("Sort."),
            outputs=Answer,
            tools=[{"name": "look_up"}],
            authors=("Ada",),
            segments={"ticket": {"priority": 2}},
            trust="foreign",
        )
        assert list(fields_of(prompt)) == [
            *("authors", "trust", "messages[0]", "messages[1]", "inputs.ticket", "inputs.tone", "outputs.urgency"),
            *[path for path in fields_of(prompt) if path.startswith("segments.")],
            "tools[0]",
        ]


class TestLife:
    def test_a_rename_is_followed_and_brings_only_its_own_line(self, store: Store) -> None:
        store.save("old", triage(system("One.\nTwo.\nThree.\nFour.")))
        store.save("old", triage(system("One.\nTwo!\nThree.\nFour.")))
        store.rename("old", "team/new")
        store.save("team/new", store.load("team/new").evolve(description="Told"))
        found = store.blame("team/new")
        assert numbers(found, "One", "Two", "Three", "Four") == [1, 2, 1, 1]
        assert {each.version.name for each in found.lines} == {"old", "team/new"}
        assert told(found)["messages[1]"] == 1
        assert told(found)["renamed_from"] == 3
        assert told(found)["description"] == 4
        path = "team/new.prompty" if store._repository and store._repository.bare else "prompts/team/new.prompty"
        assert [(each.version.commit, each.version.name) for each in found.lines] == [
            (commit, name.removeprefix("prompts/").removesuffix(".prompty"))
            for commit, name in blamed_by_git(store.path, "HEAD", path)
        ]

    def test_a_rename_that_git_takes_for_a_new_file_ends_the_lines_and_not_the_fields(self, tmp_path: Path) -> None:
        stream = Stream(tmp_path / "rewritten.git")
        stream.commit({"old": file_of("one", description="Kept")})
        stream.commit({"old": None, "new": b"---\n# renamed\n" + _renamed("old", "x\n" * 50, "Kept")}, 1)
        stream.write()
        with Store(stream.folder) as store:
            found = store.blame("new")
            assert [each.number for each in store.history("new")] == [1, 2]
            assert {each.version.number for each in found.lines} == {2}
            assert told(found)["description"] == 1

    def test_where_git_takes_another_file_for_the_old_one_lines_begin_with_the_rename(self, tmp_path: Path) -> None:
        stream = Stream(tmp_path / "mistaken.git")
        after = _renamed("old", "\n".join(f"line {at}" for at in range(30)), "Kept")
        stream.commit({"old": file_of("one"), "twin": after.replace(b"line 7\n", b"line seven\n")})
        stream.commit({"old": None, "twin": None, "new": b"---\n" + after}, 1)
        commits = stream.write()
        with Store(stream.folder) as store:
            assert "twin.prompty" in {path for _, path in blamed_by_git(stream.folder, "main", "new.prompty")}
            assert {each.version.commit for each in store.blame("new").lines} == {commits[1]}

    def test_a_name_that_was_deleted_begins_anew_as_in_git(self, tmp_path: Path) -> None:
        stream = Stream(tmp_path / "again.git")
        stream.commit({"a": file_of("one"), "b": file_of("x")})
        stream.commit({"a": None}, 1)
        stream.commit({"a": file_of("one")}, 2)
        stream.commit({"a": file_of("two")}, 3)
        stream.write()
        with Store(stream.folder) as store:
            found = store.blame("a")
            assert [each.number for each in store.history("a")] == [1, 2, 3]
            assert {each.version.number for each in found.lines} == {2, 3}
            assert set(told(found).values()) == {2, 3}

    def test_a_line_that_came_through_a_merge_is_of_the_version_on_its_side(self, tmp_path: Path) -> None:
        stream = Stream(tmp_path / "merged.git")
        base = stream.commit({"a": file_of("one\ntwo\nthree\nfour\nfive")})
        side = stream.commit({"a": file_of("one\ntwo\nthree\nfour\nFIVE", description="Side")}, base, branch="side")
        main = stream.commit({"a": file_of("ONE\ntwo\nthree\nfour\nfive")}, base)
        stream.commit({"a": file_of("ONE\ntwo\nmerged\nfour\nFIVE", description="Side")}, main, side)
        commits = stream.write()
        with Store(stream.folder) as store:
            found = store.blame("a")
            lines = {each.text: commits.index(each.version.commit) + 1 for each in found.lines}
            assert [lines[text] for text in ("ONE", "two", "merged", "four", "FIVE")] == [3, 1, 4, 1, 2]
            assert commits.index(found.field("description").version.commit) + 1 == 2
            assert commits.index(found.field("inputs.question").version.commit) + 1 == 1
            assert len(found.field("messages[0]").version.parents) == 2

    def test_a_merge_takes_a_renamed_file_further(self, tmp_path: Path) -> None:
        long = "\n".join(f"line {at}" for at in range(12))
        stream = Stream(tmp_path / "both.git")
        base = stream.commit({"old": file_of(long)})
        side = stream.commit({"old": file_of(long.replace("line 3", "side 3"))}, base, branch="side")
        main = stream.commit({"old": None, "new": file_of(long)}, base)
        last = file_of(long.replace("line 3", "side 3").replace("line 9", "merged 9"))
        stream.commit({"new": last, "old": None}, main, side)
        commits = stream.write()
        with Store(stream.folder) as store:
            lines = {each.text: commits.index(each.version.commit) + 1 for each in store.blame("new").lines}
            assert [lines[text] for text in ("line 1", "merged 9")] == [1, 4]

    def test_an_old_name_that_came_over_one_with_numbers_of_its_own(self, tmp_path: Path) -> None:
        stream = Stream(tmp_path / "over.git")
        stream.commit({"a": file_of("gone\n" * 9), "b": file_of("one\ntwo\nthree\nfour\nfive\nsix")})
        stream.commit({"a": None}, 1)
        stream.commit({"b": None}, 2)
        stream.commit({"b": file_of("one\ntwo\nthree\nfour\nfive\nsix")}, 3)
        stream.commit({"b": None, "a": file_of("one\ntwo\nthree\nfour\nfive\nsix")}, 4)
        commits = stream.write()
        with Store(stream.folder) as store:
            assert [each.name for each in store.history("a")] == ["a", "a"]
            assert {each.version.commit for each in store.blame("a").lines} == {commits[3]}
            assert {each.version.name for each in store.blame("a").lines} == {"b"}


def _renamed(old: str, text: str, description: str) -> bytes:
    """Return a file, without its first fence, that tells its old name."""
    prompt = prompt_of(text, description=description).with_origin(None, renamed_from=old)
    return codec.write(prompt).removeprefix(b"---\n")


class TestHomes:
    def test_a_shallow_clone_says_that_it_does_not_know(self, tmp_path: Path) -> None:
        stream = Stream(tmp_path / "whole.git")
        stream.commit({"a": file_of("one\ntwo"), "b": file_of("x")})
        stream.commit({"a": file_of("one\nTWO")}, 1)
        stream.commit({"b": file_of("all\nnew").replace(b"---\n", b"---\n#\n")}, 2)
        stream.write()
        git(tmp_path, "clone", "-q", "--bare", "--depth=2", stream.folder.as_uri(), "shallow.git")
        with Store(tmp_path / "shallow.git") as store, pytest.raises(NotFound) as caught:
            store.blame("a")
        assert caught.value.what == "who brought all of a is not known here: this clone is shallow"
        assert caught.value.hint == "fetch the rest of the history: git fetch --unshallow"

    def test_what_is_newer_than_the_cut_is_known(self, tmp_path: Path) -> None:
        stream = Stream(tmp_path / "whole.git")
        stream.commit({"b": file_of("x")})
        stream.commit({"b": file_of("y")}, 1)
        stream.commit({"a": file_of("one")}, 2)
        stream.write()
        git(tmp_path, "clone", "-q", "--bare", "--depth=2", stream.folder.as_uri(), "shallow.git")
        with Store(tmp_path / "shallow.git") as store:
            assert {each.version.digest for each in store.blame("a").lines} == {store.version("a").digest}

    def test_a_folder_without_git_knows_nobody(self, tmp_path: Path) -> None:
        (tmp_path / "prompts").mkdir()
        (tmp_path / "prompts" / "a.prompty").write_bytes(file_of("one"))
        with pytest.raises(NotFound, match="has no history: it is a folder without git"):
            Store(tmp_path).blame("a")

    def test_a_root_that_git_quotes(self, tmp_path: Path) -> None:
        folder, root = tmp_path / "app", 'prömpt "ß"'
        (folder / root).mkdir(parents=True)
        git(folder, "init", "-q")
        (folder / "pyproject.toml").write_text(f"[tool.promptlib]\nroot = '{root}'\n")
        (folder / root / "old.prompty").write_bytes(file_of("\n".join(f"line {at}" for at in range(12))))
        who = ("-c", "user.name=B", "-c", "user.email=b@example.org")
        git(folder, "add", "--all")
        git(folder, *who, "commit", "-qm", "Begin")
        (folder / root / "old.prompty").rename(folder / root / "new.prompty")
        git(folder, "add", "--all")
        git(folder, *who, "commit", "-qm", "Rename")
        with Store(folder) as store:
            assert {each.version.commit for each in store.blame("new").lines} == {git(folder, "rev-parse", "HEAD^")}

    def test_a_partial_clone_tells_what_it_left_at_its_remote(self, tmp_path: Path) -> None:
        stream = Stream(tmp_path / "whole.git")
        stream.commit({"a": file_of("one")})
        stream.write()
        git(stream.folder, "config", "uploadpack.allowFilter", "true")
        git(tmp_path, "clone", "-q", "--bare", "--filter=blob:none", stream.folder.as_uri(), "partial.git")
        with Store(tmp_path / "partial.git") as store, pytest.raises(NotFetched, match="this clone is partial"):
            store.blame("a")

    def test_a_repository_of_sha256(self, tmp_path: Path) -> None:
        stream = Stream(tmp_path / "long.git", object_format="sha256")
        stream.commit({"a": file_of("one\ntwo")})
        stream.commit({"a": file_of("one\nTWO")}, 1)
        commits = stream.write()
        with Store(stream.folder) as store:
            assert numbers(store.blame("a"), "one", "TWO") == [1, 2]
            assert store.at(commits[0][:9]).history("a")[0].commit == commits[0]

    def test_what_is_configured_changes_nothing_and_runs_nothing(self, tmp_path: Path) -> None:
        stream = Stream(tmp_path / "app", "prompts/")
        stream.commit({"a": file_of("one\ntwo"), "../.gitattributes": b"*.prompty diff=evil\n"})
        stream.commit({"a": file_of("one\nTWO")}, 1)
        commits = stream.write(bare=False)
        (tmp_path / "ignored").write_text(f"{commits[1]}\n")
        git(stream.folder, "config", "blame.ignoreRevsFile", str(tmp_path / "ignored"))
        git(stream.folder, "config", "diff.evil.textconv", f"touch {tmp_path / 'run'}; cat")
        with Store(stream.folder) as store:
            found = store.blame("a")
        assert numbers(found, "one", "TWO") == [1, 2]
        assert not (tmp_path / "run").exists()

    def test_a_git_that_tells_of_other_lines_is_not_believed(
        self, bare: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bare.save("greet", triage(system("One.")))
        monkeypatch.setattr(Repository, "blame", lambda *_: [])
        with pytest.raises(StoreDamaged, match="git blame tells of 0 lines of greet, and there are "):
            bare.blame("greet")

    def test_an_empty_file(self, tmp_path: Path) -> None:
        stream = Stream(tmp_path / "empty.git")
        stream.commit({"a": file_of("one")})
        stream.commit({"a": b""}, 1)
        commits = stream.write()
        with Store(stream.folder) as store:
            found = store.at(commits[1]).blame("a")
            assert (found.lines, found.fields, str(found)) == ((), (), "")


def test_it_starts_as_many_processes_for_any_history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = []
    for size in (3, 60):
        stream = Stream(tmp_path / f"{size}.git")
        for number in range(size):
            stream.commit({"a" if number % 2 else "b": file_of(f"one\n{number}")}, *([number] if number else []))
        stream.write()
        with Store(stream.folder) as store:
            store.history("a")
            with monkeypatch.context() as patch:
                started: list[str] = []
                begin = subprocess.Popen.__init__

                def counted(self: Any, command: list[str], *words: Any, **named: Any) -> None:
                    started.append(" ".join(map(str, command)))  # noqa: B023 - of this round
                    begin(self, command, *words, **named)  # noqa: B023 - of this round

                patch.setattr(subprocess.Popen, "__init__", counted)
                assert store.blame("a").fields
        counts.append(len(started))
    assert counts[0] == counts[1] <= 2


# --- beside git -------------------------------------------------------------------------------------------------------

WORDS = {name: [f"{name}-{at}" for at in range(30)] for name in ("alph", "beta")}


def _lines_of(texts: list[str]) -> bytes:
    return file_of("\n".join(texts))


def _branchy(stream: Stream, random: Random, commits: int) -> dict[int, dict[str, list[str]]]:
    """Edit, repeat, delete, rename and merge the lines of two files whose words have nothing in common."""
    states: dict[int, dict[str, list[str]]] = {}
    tips: list[int] = []
    for number in range(1, commits + 1):
        parents = [random.choice(tips)] if tips else []
        if len(tips) > 1 and random.random() < 0.35:
            parents = random.sample(tips, 2)
        sides = [states[parent] for parent in parents]
        before = sides[0] if sides else {}
        state = {name: list(lines) for name, lines in before.items()}
        if len(sides) < 2:
            for name in WORDS:
                _edit(state, random, name)
        elif before.keys() == sides[1].keys():  # what a merge renames has no history of its own
            for name, lines in state.items():
                pairs = zip(lines, sides[1][name], strict=False)
                state[name] = [random.choice(pair) for pair in pairs] + random.choices(WORDS[name[:4]], k=1)
        changes: dict[str, bytes | None] = dict.fromkeys(name for name in before if name not in state)
        changes |= {name: _lines_of(lines) for name, lines in state.items() if before.get(name) != lines}
        last = stream.commit(changes, *parents, seconds=NOON + random.randrange(10_000), branch=f"b{number}")
        states[last] = state
        tips = [*[tip for tip in tips if tip not in parents or random.random() < 0.6], last][-4:]
    return states


def _edit(state: dict[str, list[str]], random: Random, stem: str) -> None:
    name = next((name for name in state if name.startswith(stem)), "")
    if not name:
        state[stem] = random.choices(WORDS[stem], k=12)
        return
    lines = state[name]
    match random.randrange(8):
        case 0:
            state[f"{stem}{random.randrange(3)}"] = state.pop(name)
        case 1 if random.random() < 0.5:
            del state[name]
        case 2:
            lines.insert(random.randrange(len(lines)), random.choice(WORDS[stem]))
        case 3 if len(lines) > 6:
            del lines[random.randrange(len(lines))]
        case 4 | 5:
            lines[random.randrange(len(lines))] = random.choice(WORDS[stem])
        case _:
            pass


def _check_branchy(folder: Path, seed: int, commits: int) -> tuple[int, int]:
    """Compare every file of the last commits with git; return how many lines were compared, and how many left."""
    stream = Stream(folder)
    states = _branchy(stream, Random(seed), commits)
    ids = stream.write()
    compared = left = 0
    for number in range(commits - 3, commits + 1):
        git(folder, "update-ref", "refs/heads/main", ids[number - 1])
        with Store(folder) as store:
            for name in states[number]:
                theirs = blamed_by_git(folder, "main", f"{name}.prompty")
                mine = [(each.version.commit, f"{each.version.name}.prompty") for each in store.blame(name).lines]
                assert len(mine) == len(theirs)
                known = {(each.commit, f"{each.name}.prompty") for each in store.history(name)}
                for one, other in zip(mine, theirs, strict=True):
                    # git follows what a commit deleted and another name begins with; a store says what was renamed.
                    left += other not in known
                    compared += other in known
                    assert other not in known or one == other
    return compared, left


def test_lines_agree_with_git_through_merges_renames_and_repeated_lines(tmp_path: Path) -> None:
    found = [_check_branchy(tmp_path / f"{seed}.git", seed, 25) for seed in range(2)]
    assert sum(compared for compared, _ in found) > 10 * sum(left for _, left in found)


@pytest.mark.soak
def test_lines_agree_with_git_in_many_histories(tmp_path: Path, seed: int) -> None:
    found = [_check_branchy(tmp_path / f"{each}.git", each, 40) for each in range(seed, seed + 60)]
    assert sum(compared for compared, _ in found) > 10 * sum(left for _, left in found)
