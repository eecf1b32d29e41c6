"""`--at WHEN`, `diff --since WHEN` and `promptlib blame`: earlier times in the shell."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from promptlib.cli import completing
from tests.cli.conftest import Shell
from tests.store.streams import NOON, Stream, file_of, git, labelled

if TYPE_CHECKING:
    from pathlib import Path

HOUR = 3600


@pytest.fixture
def day(tmp_path: Path) -> Shell:
    """A shell in a store where `production` on `greet` moved from v1 (12:00) to v2 (14:00)."""
    stream = Stream(tmp_path / "day.git")
    stream.commit({"greet": file_of("one\ntwo"), "other": file_of("x")})
    stream.commit(labelled("greet", "production", "one\ntwo"), 1, seconds=NOON + HOUR)
    stream.commit({"greet": file_of("one\nTWO", description="Told")}, 2, seconds=NOON + 2 * HOUR)
    stream.commit(labelled("greet", "production", "one\nTWO"), 3, seconds=NOON + 3 * HOUR)
    stream.commit({"greet": file_of("one\nTHREE", description="Told"), "other": None}, 4, seconds=NOON + 4 * HOUR)
    stream.write()
    return Shell(stream.folder)


WHEN = "2026-05-03 14:30Z"


class TestAt:
    def test_every_verb_that_reads_a_name_answers_as_then(self, day: Shell) -> None:
        assert "one\ntwo" in day.ok("show", "greet@production", "--text", "--at", WHEN)
        assert day.ok("ls", "--at", WHEN).split() == ["greet", "other"]
        assert day.ok("ls").split() == ["greet"]
        assert len(re.findall("^v", day.ok("log", "greet", "--at", WHEN), re.MULTILINE)) == 2
        assert day.ok("label", "greet", "--at", WHEN).startswith("production  v1  ")
        assert "TWO" in day.ok("render", "greet", "-i", "question=Why?", "--at", "2026-05-03T16:30+02:00")
        assert "THREE" not in day.ok("diff", "greet", "--at", WHEN)
        assert "THREE" in day.ok("diff", "greet")
        assert "v3" not in day.ok("lineage", "greet", "--at", WHEN)
        assert "TWO" in day.ok("blame", "greet", "--at", WHEN)

    def test_documents_say_of_when_they_are(self, day: Shell) -> None:
        commit = git(day.folder, "rev-list", "-1", "--before=2026-05-03T14:30Z", "main")
        asked = [
            ["show", "greet"],
            ["ls"],
            ["log", "greet"],
            ["label", "greet"],
            ["render", "greet", "-i", "question=Why?"],
            ["diff", "greet"],
            ["lineage", "greet"],
            ["blame", "greet"],
        ]
        for words in asked:
            document = day(*words, "--json", "--at", WHEN).json
            assert document["at"] == {"commit": commit, "time": "2026-05-03T14:00:00+00:00"}
            assert "at" not in day(*words, "--json").json

    def test_a_moment_that_is_none_is_told_with_its_exit_code(self, day: Shell) -> None:
        ended = day("show", "greet", "--at", "2026-05-03 14:30")
        assert (ended.code, ended.out) == (2, "")
        assert ended.err == (
            "error: '2026-05-03 14:30' says no time zone, and the answer depends on it\n"
            'write it: "2026-05-03 14:30Z" for UTC\n'
        )
        assert day("show", "greet", "--at", "2020-01-01 00:00Z").code == 3
        assert day("label", "greet", "production", "v1", "--at", WHEN).code == 2

    def test_a_diff_since_then(self, day: Shell) -> None:
        changed = day.ok("diff", "greet@production", "--since", "2026-05-03 13:30Z")
        assert "[-two-]{+TWO+}" in changed
        assert "no difference" in day.ok("diff", "greet@production", "--since", "2026-05-03 15:30Z")
        for more in (["greet"], ["--at", WHEN]):
            ended = day("diff", "greet", *more, "--since", WHEN)
            assert ended.code == 2
            assert "--since compares one REF with itself" in ended.err

    def test_a_person_is_told_which_moment_was_found(self, day: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        assert day("label", "greet", "--at", WHEN).err == ""
        monkeypatch.setattr("promptlib.cli.asking.on_terminal", lambda _: True)
        told = day("label", "greet", "--at", WHEN).err
        assert re.fullmatch(r"as of 2026-05-03 14:00:00\+00:00, commit [0-9a-f]{8}\n", told)
        assert day("label", "greet").err == ""

    def test_this_minute_is_offered_to_type_over(self) -> None:
        (now,) = completing.moments("")
        assert datetime.fromisoformat(now).utcoffset() is not None
        assert completing.moments(now[:4]) == [now]
        assert completing.moments("1999") == []


class TestBlame:
    def test_lines_are_a_table(self, day: Shell) -> None:
        rows = day.ok("blame", "greet").splitlines()
        assert re.fullmatch(r"v1  [0-9a-f]{8}  Ada Writer  .+   1  ---", rows[0])
        told = {row.rpartition("  ")[2]: row.split()[0] for row in rows}
        assert (told["one"], told["THREE"], told["description: Told"]) == ("v1", "v3", "v2")
        ends = {found.end() for row in rows if (found := re.match(r"v\d  .{8}  Ada Writer  .+? +\d+  (?=\S|$)", row))}
        assert len(ends) == 1

    def test_fields_are_a_table(self, day: Shell) -> None:
        rows = [row.split() for row in day.ok("blame", "greet", "--fields").splitlines()]
        told = {row[-2]: row[0] for row in rows if row[-1] == "Told"}
        assert told == {"description": "v2"}
        messages = next(row for row in rows if "messages[0]" in row)
        assert (messages[0], messages[-3:]) == ("v3", ["system:", "one", "THREE"])

    def test_the_document_has_both(self, day: Shell) -> None:
        document = day("blame", "greet", "--json").json
        assert document["kind"] == "blame"
        assert document["ref"].startswith("greet@v3#")
        line = next(each for each in document["lines"] if each["text"] == "THREE")
        assert (line["number"] > 1, line["version"]["number"], line["version"]["author"]) == (True, 3, "Ada Writer")
        field = next(each for each in document["fields"] if each["path"] == "description")
        assert (field["value"], field["version"]["number"], document["problem"]) == ("Told", 2, None)

    def test_for_people_a_run_of_lines_has_one_version_before_it(
        self, day: Shell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("promptlib.cli.blame.on_terminal", lambda: True)
        rows = day.ok("blame", "greet").splitlines()
        assert " ".join(row[:2] for row in rows).split() == ["v1", "v2", "v1", "v3", "v1"]
        long = day.ok("blame", "greet", "--fields", columns=80).splitlines()
        assert max(map(len, long)) <= 80

    def test_what_a_terminal_would_obey_is_shown(self, tmp_path: Path) -> None:
        stream = Stream(tmp_path / "evil.git")
        stream.commit({"a": b"---\ninputs: [\n---\nuser:\n\x1b[2J\tgone\n"})
        stream.write()
        shell = Shell(stream.folder)
        assert "\x1b" not in shell.ok("blame", "a")
        assert "␛[2J" in shell.ok("blame", "a")
        told = shell.ok("blame", "a", "--fields")
        assert told.startswith("a v1 () is no prompt: ")

    def test_a_name_that_is_not_there(self, day: Shell) -> None:
        ended = day("blame", "great")
        assert ended.code == 3
        assert "did you mean 'greet'" in ended.err
