"""`make bench-peers` measures for minutes; what it reads, compares, judges and prints is looked at here."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.benchmarks.peers import __main__ as comparison
from tests.benchmarks.peers import environments, histories, judging, limits, ours, texts, trim_ours
from tests.benchmarks.peers.contest import Case, of_values
from tests.benchmarks.peers.judging import TextRow, Verdict, mid_turn, torn, verdict, verdict_on_texts
from tests.benchmarks.peers.table import COLUMNS, Row, row_of, table
from tests.benchmarks.peers.trimming import Watched

if TYPE_CHECKING:
    from tests.benchmarks.peers.contest import Contestant
    from tests.benchmarks.peers.histories import Turn

PAGES = Path(__file__).parents[1] / "docs" / "reference"
PAGE, LIMITS_PAGE = PAGES / "peers.md", PAGES / "budgets-beside-others.md"
FIGURES = {name: [2.0, 1.5, 2.25] for name in COLUMNS[:-1]}
TOLD = {"name": "some-library", "version": "1.2", "prepared": True, "figures": FIGURES}


def test_a_row_is_made_of_what_the_contest_told() -> None:
    row = row_of(TOLD, [[0.5, 0.4, 0.625], 12.4])
    assert row == Row(
        name="some-library",
        version="1.2",
        prepared=True,
        figures=FIGURES | {"many rows": [0.5, 0.4, 0.625]},
        grown=12.4,
    )


@pytest.mark.parametrize(
    ("told", "rows"), [({}, [[1.0, 1.0, 1.0], 0.0]), (TOLD, []), (TOLD | {"name": None}, [[1.0], 0])]
)
def test_another_answer_is_refused(told: dict[str, object], rows: list[object]) -> None:
    with pytest.raises(ValueError, match="a contest answers otherwise"):
        row_of(told, rows)


def test_the_table_has_medians_middle_halves_and_what_is_missing() -> None:
    figures = {**{name: [61.234, 58.0, 70.04] for name in COLUMNS}, "200 KB": None}
    row = Row(name="some-library", version="1.2", prepared=True, figures=figures, grown=12.4)
    lines = [re.sub(" {2,}", "  ", line) for line in table([row], {"other==3": "no such version"})]
    assert lines == [
        "x over compiled sandboxed Jinja  " + "  ".join([*COLUMNS, "MiB grown"]),
        "some-library 1.2  61.2  61.2  61.2  61.2*  differs  61.2  61.2  61.2  12",
        "  58-70  58-70  58-70  58-70  58-70  58-70  58-70",
        "other==3  not installed: no such version",
    ]


def test_a_library_that_cannot_be_installed_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def python_of(module: str) -> str:
        environments._run(sys.executable, "-c", f"raise SystemExit('looked for it\\nno {module} for this Python')")
        return module

    monkeypatch.setattr(comparison, "python_of", python_of)
    comparison.main(["banks"])
    assert f"{environments.PINS['banks']:<36} not installed: no banks for this Python\n" in capsys.readouterr().out


def test_a_text_that_is_another_one_has_no_figure() -> None:
    case = Case(texts.TINY, texts.tiny_values, 1)
    work = texts.JINJA.from_string(texts.TINY).render
    assert of_values(lambda values: work(values) + "!", dict, case) is None
    figure = of_values(work, dict, case)
    assert figure is not None
    assert figure[1] <= figure[0] <= figure[2]


def test_what_is_prepared_for_a_library_without_loops_gives_the_same_chat() -> None:
    def rendered(parts: tuple[tuple[texts.Role, str], ...], values: texts.Values) -> list[str]:
        return [texts.JINJA.from_string(text).render(values) for _, text in parts]

    values = texts.chat_values(1)
    assert rendered(texts.PREPARED, texts.prepared(values)) == rendered(texts.CHAT, values)


@pytest.mark.parametrize("of", ours.CONTESTANTS, ids=lambda of: of.name)
def test_ours_gives_what_the_floor_gives(of: Contestant) -> None:
    chat, document = texts.chat_values(1), texts.document_values(1)
    floors = [texts.JINJA.from_string(source) for source in (texts.ONE_TEXT, texts.DOCUMENT)]
    assert texts.one_text(of.chat()(of.chat_given(chat))) == floors[0].render(chat)
    assert of.parse(of.write(texts.DOCUMENT))(of.given(document)) == floors[1].render(document)


def test_the_page_shows_the_versions_that_are_compared() -> None:
    shown = set(re.findall(r"^([a-z][a-z-]+)(?:, [\w -]+?)? (\d[\d.]+) ", PAGE.read_text("utf-8"), re.MULTILINE))
    assert {tuple(pin.split("==")) for pin in environments.PINS.values()} <= shown


# --- to the same limit ------------------------------------------------------------------------------------------------


def turn(role: str, content: str, **beside: object) -> Turn:
    return {"role": role, "content": content, **beside}


def call(name: str) -> Turn:
    return {"id": name, "type": "function", "function": {"name": "look", "arguments": "{}"}}


CALL, RESULT = turn("assistant", "I look.", tool_calls=[call("a")]), turn("tool", "Found.", tool_call_id="a")
ASKED = [turn("system", "Answer."), turn("user", "Who?"), CALL, RESULT, turn("user", "And now?")]


@pytest.mark.parametrize("tools", [False, True])
def test_the_conversations_are_whole_before_they_are_cut(*, tools: bool) -> None:
    turns = histories.conversation(0, histories.LONG, tools=tools)
    assert histories.LONG - 10 < len(turns) <= histories.LONG
    assert len({turn["content"] for turn in turns}) == len(turns)
    assert (turns[0]["role"], turns[1]["role"], turns[-1]["role"]) == ("system", "user", "user")
    assert (torn(turns), mid_turn(turns)) == (0, False)
    assert any("tool_calls" in turn for turn in turns) == tools
    assert turns == histories.conversation(0, histories.LONG, tools=tools)


def test_the_verdict_tells_what_is_over_left_broken_and_torn() -> None:
    cases = [histories.Case(ASKED, 40), histories.Case(ASKED, 12), histories.Case(ASKED, 39)]
    kept = [[(0, "Answer."), (4, "And now?")], [(0, "Answer."), (4, "And now?")], [(3, "\ufffd"), (4, "And now?")]]
    # 3 for the reply, 3 and a role around each: 3 + 4 + 2 + 4 + 3 = 16, and 3 + 4 + 1 + 1 (the call's id) + 4 + 3.
    assert verdict(cases, kept) == Verdict(results=3, over=1, left=23.5, broken=1, mid_turn=1, torn=1)
    assert verdict(cases[:1], [[(at, each["content"]) for at, each in enumerate(ASKED)]]).torn == 0
    assert verdict(cases[1:2], kept[1:2]).left is None


@pytest.mark.parametrize(
    ("turns", "apart"),
    [([CALL, RESULT], 0), ([CALL], 1), ([RESULT], 1), ([RESULT, CALL], 2), ([CALL, RESULT, RESULT], 1)],
)
def test_a_call_and_its_result_belong_together(turns: list[Turn], apart: int) -> None:
    assert torn(turns) == apart


def test_the_verdict_on_texts() -> None:
    given = [histories.Long("one two three", 3), histories.Long("one two three", 2), histories.Long("one two three", 2)]
    assert verdict_on_texts(given, ["one two", "one two three", "one\ufffd"]) == Verdict(3, 1, 0.5, 1)


def test_ours_is_over_no_limit_and_encodes_what_it_keeps() -> None:
    (of,) = trim_ours.TRIMMERS
    for tools in (False, True):
        cases = histories.cases(tools=tools)[:4]
        found = verdict(cases, [of.begin(*case, Watched()).kept() for case in cases])
        assert (found.over, found.broken, found.torn) == (0, 0, 0)
    turns = histories.conversation(0, histories.LONG)
    watched = Watched()
    session = of.begin(turns, histories.LIMIT, watched)
    kept = session.kept()
    assert watched.calls <= len(kept) + 2
    assert [text for _, text in kept] == [turns[number]["content"] for number, _ in kept]
    session.add(turn("user", "And now?"))
    assert session.kept()[-1] == (len(turns), "And now?")
    assert watched.calls <= len(kept) + 4
    assert watched.characters <= sum(len(text) for _, text in kept) + 2_500


ROW = judging.Row(
    "some-library 1.2",
    {"encodes": 2213, "characters": 1103022, "next turn": 2218, "time": 2.3856},
    Verdict(30, 0, 96.5, 0, 18),
    Verdict(30, 2, None, 1, 3, 8),
)


def test_the_tables_tell_work_verdicts_and_what_is_missing() -> None:
    without = ROW._replace(name="other 3", tools=None)
    lines = judging.table(
        [ROW, without], [TextRow("cutter 4", Verdict(60, 0, 16, 4), 1.2134)], {"third==5": "no such version"}
    )
    assert [re.sub(" {2,}", "  ", line).strip() for line in "\n".join(lines).splitlines()] == [
        "1,000 messages to 8,000 tokens  encodes  characters  next turn  time",
        "some-library 1.2  2,213  1,103,022  2,218  2.39",
        "other 3  2,213  1,103,022  2,218  2.39",
        "",
        "30 conversations, each to its limit  over  left  broken  mid-turn",
        "some-library 1.2  0/30  96  0  18",
        "other 3  0/30  96  0  18",
        "",
        "30 with calls of tools  over  left  broken  mid-turn  torn",
        "some-library 1.2  2/30  -  1  3  8",
        "",
        "60 texts, each to its limit  over  left  broken  time",
        "cutter 4  0/60  16  4  1.21",
        "third==5  not installed: no such version",
    ]


def test_rows_are_made_of_what_the_second_contest_told() -> None:
    kept = [[[0, histories.SYSTEM]]] * histories.CASES
    told = {"name": "some-library 1.2", "work": {"encodes": 1}, "plain": kept, "tools": None}
    row = limits.row_of(told)
    assert (row.name, row.work, row.plain.over, row.tools) == ("some-library 1.2", {"encodes": 1}, 0, None)
    assert limits.row_of(told | {"tools": kept}).tools == row.plain
    assert limits.text_row_of({"name": "x", "kept": [""] * 2 * histories.CASES, "time": 1.0}).verdict.over == 0
    for other in ({}, told | {"work": None}):
        with pytest.raises(ValueError, match="a contest answers otherwise"):
            limits.row_of(other)
    with pytest.raises(ValueError, match="a contest answers otherwise"):
        limits.text_row_of({"name": "x", "kept": []})


def test_a_library_that_cannot_be_installed_is_told_there_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def python_for_limits(module: str) -> str:
        raise environments.NotInstalled(f"no {module} for this Python")

    monkeypatch.setattr(limits, "python_for_limits", python_for_limits)
    limits.main(["langchain"])
    assert (
        f"{environments.PINS['langchain']:<42} not installed: no langchain for this Python\n" in capsys.readouterr().out
    )


def test_the_vocabulary_lies_where_tiktoken_looks_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tiktoken_ext import openai_public  # type: ignore[import-untyped] # tiktoken's own plug-in says no types

    limits.put_vocabulary(tmp_path)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    assert openai_public.o200k_base()["mergeable_ranks"][b"hello"] == 24912


def test_the_other_page_shows_the_versions_that_are_compared() -> None:
    shown = set(
        re.findall(r"^([a-z][a-z-]+)(?:, [\w %-]+?)? (\d[\d.]+) ", LIMITS_PAGE.read_text("utf-8"), re.MULTILINE)
    )
    assert {tuple(pin.split("==")) for pins in environments.LIMIT_PINS.values() for pin in pins} <= shown
