"""`make bench-peers` measures for minutes; what it reads, compares and prints is looked at here."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.benchmarks.peers import __main__ as comparison
from tests.benchmarks.peers import environments, ours, texts
from tests.benchmarks.peers.contest import Case, of_values
from tests.benchmarks.peers.table import COLUMNS, Row, row_of, table

if TYPE_CHECKING:
    from tests.benchmarks.peers.contest import Contestant

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "peers.md"
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
