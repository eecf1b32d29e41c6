"""`promptlib runs` shows the log of an application: newest first, by version, label, output and time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from promptlib import Prompt, Store, system
from promptlib.origin import Origin
from promptlib.runs import RunLog

if TYPE_CHECKING:
    from tests.cli.conftest import Shell

BEGIN = datetime(2026, 11, 3, 14, tzinfo=UTC)


@pytest.fixture
def logged(bare: Shell) -> Shell:
    """Return a shell in a store with a log: style v1, triage (which includes it), style v2, and three strange ones."""
    with Store(bare.folder) as store:
        style = Prompt.define(system("Be kind."))
        first = store.save("support/style", style)
        triage = Prompt.define(system("{% include 'style' %} Sort."), includes={"style": store.load("support/style")})
        store.save("support/triage", triage)
        store.label("support/style", "production", first)
        store.save("support/style", Prompt.define(system("Be very kind.")))
        gone = Prompt.define(system("Gone."))
        ran: list[tuple[Prompt[Any], dict[str, Any]]] = [
            (store.load("support/style@production"), {"output": "yes", "model": "m1", "tokens": 812}),
            (store.load("support/triage"), {"output": "no\n", "model": "m2"}),
            (store.load("support/style"), {"output": "yes", "texts": True}),
            (gone, {}),
            (gone.with_origin(Origin("support/style", gone.digest)), {}),
            (store.load("support/style").evolve(messages=(system("Edited."),)), {}),
        ]
        for at, (prompt, told) in enumerate(ran):
            store.runs.record(prompt.render(), run=f"run{at}", time=BEGIN + timedelta(hours=at), **told)
    return bare


def table(out: str) -> list[list[str]]:
    """Return the columns of each row."""
    return [re.split(r"  +", row) for row in out.splitlines()]


def short(shell: Shell, ref: str) -> str:
    """Return the first eight characters of a version's digest."""
    with Store(shell.folder) as store:
        return store.version(ref).short


def test_runs_are_shown_newest_first(logged: Shell) -> None:
    gone, edited = (Prompt.define(system(text)).digest[7:15] for text in ("Gone.", "Edited."))
    old, new, triage = (short(logged, ref) for ref in ("support/style@v1", "support/style@v2", "support/triage"))
    assert table(logged.ok("runs")) == [
        ["2026-11-03 19:00:00Z", "support/style", f"edited ({edited})", "run5"],
        ["2026-11-03 18:00:00Z", "support/style", f"not here ({gone})", "run4"],
        ["2026-11-03 17:00:00Z", "(not stored)", f"v? ({gone})", "run3"],
        ["2026-11-03 16:00:00Z", "support/style", f"v2 ({new})", "run2"],
        ["2026-11-03 15:00:00Z", "support/triage", f"v1 ({triage})", "m2", "run1"],
        ["2026-11-03 14:00:00Z", "support/style", f"v1 ({old})", "production", "812 tokens", "m1", "run0"],
    ]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["support/style@v1"], "run1 run0"),
        (["support/style@v2"], "run2"),
        (["support/style"], "run5 run4 run2 run1 run0"),
        (["support/style@production"], "run0"),
        (["--since", "2026-11-03T15:00Z", "--until", "2026-11-03T17:00Z"], "run2 run1"),
        (["support/style", "--since", "2026-11-03T18:00Z"], "run5 run4"),
        (["--output", "yes.txt"], "run2 run0"),
        (["--output", "no.txt"], "run1"),
        (["--output", "other.txt"], ""),
        (["support/style@v1", "--output", "yes.txt"], "run0"),
        (["-n", "2"], "run5 run4"),
        (["-n", "0"], "run5 run4 run3 run2 run1 run0"),
    ],
)
def test_conditions(logged: Shell, arguments: list[str], found: str) -> None:
    for name, text in (("yes.txt", "yes\n"), ("no.txt", "no\n"), ("other.txt", "yes no")):
        logged.write(name, text)
    ids = [run["run"] for run in logged("runs", *arguments, "--json").json["runs"]]
    assert ids == found.split()


def test_an_output_comes_by_a_pipe_too(logged: Shell) -> None:
    out = logged.ok("runs", "--output", "-", given="yes\n")
    assert [row[-1] for row in table(out)] == ["run2", "run0"]


def test_a_run_by_what_it_included_says_so(logged: Shell) -> None:
    rows = table(logged.ok("runs", "support/style@v1"))
    assert [row[-2:] for row in rows] == [["with support/style", "run1"], ["m1", "run0"]]


def test_on_a_narrow_terminal_a_run_takes_two_rows(logged: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("promptlib.cli.runs.on_terminal", lambda: True)
    out = logged.ok("runs", "support/style@v1", columns=80)
    assert [row.split("  ")[-1] for row in out.splitlines()] == [
        f"v1 ({short(logged, 'support/triage')})",
        "with support/style",
        "production",
        "m1",
    ]
    assert max(map(len, out.splitlines())) <= 80
    assert len(logged.ok("runs", "support/style@v1", columns=120).splitlines()) == 2


def test_what_is_left_out_is_told(logged: Shell) -> None:
    assert logged.ok("runs", "-n", "1").splitlines()[1] == "… 5 earlier; -n 0 shows all"


def test_versions_are_counted(logged: Shell) -> None:
    gone, edited = (Prompt.define(system(text)).digest[7:15] for text in ("Gone.", "Edited."))
    old, new, triage = (short(logged, ref) for ref in ("support/style@v1", "support/style@v2", "support/triage"))
    with Store(logged.folder) as store:
        store.runs.record(store.load("support/style@v1").render(), time=BEGIN + timedelta(days=1))
    assert table(logged.ok("runs", "--versions")) == [
        ["support/style", "v1", f"({old})", "production", "2 runs", "2026-11-03 14:00:00Z to 2026-11-04 14:00:00Z"],
        ["support/style", "not here", f"({edited})", "1 run", "2026-11-03 19:00:00Z"],
        ["support/style", "not here", f"({gone})", "1 run", "2026-11-03 18:00:00Z"],
        ["(not stored)", f"({gone})", "1 run", "2026-11-03 17:00:00Z"],
        ["support/style", "v2", f"({new})", "1 run", "2026-11-03 16:00:00Z"],
        ["support/triage", "v1", f"({triage})", "1 run", "2026-11-03 15:00:00Z"],
    ]
    found = logged("runs", "--versions", "--json", "support/triage").json
    assert found["kind"] == "run-versions"
    (used,) = found["versions"]
    assert (used["name"], used["runs"], used["first"]) == ("support/triage", 1, "2026-11-03T15:00:00+00:00")
    assert used["version"]["ref"] == f"support/triage@v1#{triage}"
    assert logged("runs", "--versions", "--json", "-n", "1").json["versions"][1]["version"] is None


def test_texts_are_printed_when_they_are_asked_for(logged: Shell) -> None:
    (run,) = logged("runs", "support/style@v2", "--json").json["runs"]
    assert {"messages", "output"}.isdisjoint(run)
    (run,) = logged("runs", "support/style@v2", "--json", "--texts").json["runs"]
    assert (run["messages"][0]["content"], run["output"]) == ("Be very kind.", "yes")


def test_lines_that_are_no_runs_are_told_beside_the_table(logged: Shell) -> None:
    with Store(logged.folder) as store, store.runs.path.open("ab") as file:
        file.write(b"\x1b]0;hello\x07\n" * 7)
    ended = logged("runs")
    assert ended.code == 0
    assert ended.err == (
        "skipped line 7: it is no JSON; line 8: it is no JSON; line 9: it is no JSON; line 10: it is no JSON; "
        "line 11: it is no JSON; and 2 more\n"
    )
    found = logged("runs", "--json", "-n", "1").json
    assert (found["count"], len(found["skipped"]), found["skipped"][0]) == (6, 7, {"line": 7, "why": "it is no JSON"})
    assert "line 7" in logged("runs", "--versions").err


def test_hostile_words_of_a_log_do_nothing_to_a_terminal(bare: Shell) -> None:
    with Store(bare.folder) as store:
        store.save("a", Prompt.define(system("A.")))
        store.runs.record(store.load("a").render(), model="\x1b[2J\u202e", run="\x07\r")
    out = bare.ok("runs")
    assert "\x1b" not in out
    assert "␛[2J<U+202E>" in out
    assert "␇␍" in out


def test_another_log_is_read_with_and_without_a_store(logged: Shell, tmp_path: Any) -> None:
    with Store(logged.folder) as store:
        old = store.runs.path.rename(tmp_path / "runs.1.jsonl")
    assert logged.ok("runs").startswith("no runs in ")
    assert len(table(logged.ok("runs", "--file", str(old)))) == 6
    alone = tmp_path / "alone"
    alone.mkdir()
    logged.folder = alone
    rows = table(logged.ok("runs", "--file", str(old)))
    # Without a history the number is told as it was logged.
    assert rows[3][2].startswith("v2 (")
    assert table(logged.ok("runs", "--versions", "--file", str(old)))[-1][1] == "v?"
    ended = logged("runs")
    assert (ended.code, ended.err.splitlines()[0]) == (3, f"error: no store in {alone} or above it")
    RunLog(alone / "empty.jsonl")
    assert logged.ok("runs", "--file", "empty.jsonl") == "no runs in empty.jsonl\n"


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["support/styl"], 3, "did you mean 'support/style'?"),
        (["support/style@v7"], 3, "v7"),
        (["Support"], 2, "is no prompt name"),
        (["--since", "yesterday"], 2, "'yesterday' is no time"),
        (["--output", "missing.txt"], 2, "missing.txt: No such file or directory"),
    ],
)
def test_wrong_questions_end_with_a_code(logged: Shell, arguments: list[str], code: int, text: str) -> None:
    ended = logged("runs", *arguments)
    assert ended.code == code
    assert text in ended.err


def test_a_lineage_goes_on_to_the_last_runs(logged: Shell) -> None:
    with Store(logged.folder) as store:
        for at in range(30):
            store.runs.record(store.load("support/triage").render(), run=f"later{at}")
    rows = logged.ok("lineage", "support/style@v1", "--runs").splitlines()
    assert sum("  run later" in row for row in rows) == 20
    assert rows[-1].startswith("  run later29  20")
    assert rows[-1].endswith(f"run of support/triage v1 ({short(logged, 'support/triage')})")
    assert "run of" not in logged.ok("lineage", "support/style@v1")
    ended = logged("lineage", "support/style@v1", "--runs", "--at", "2026-11-03T14:00Z")
    assert (ended.code, "--runs are those of today" in ended.err) == (2, True)
