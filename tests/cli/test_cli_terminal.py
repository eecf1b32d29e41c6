from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import unicodedata
from contextlib import redirect_stdout
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib import columns
from promptlib.cli import differences, terminal
from promptlib.cli.versions import DAY, age, signed
from promptlib.columns import safe, untabbed, wide
from promptlib.diff import diff
from promptlib.errors import InvalidPrompt, Where
from promptlib.messages import user
from promptlib.prompt import Prompt

if TYPE_CHECKING:
    from datetime import datetime

HOSTILE = "a\x1b[31mred\x1b]0;title\x07\x9b2J\u202edrow\u200b\U000e0041[bold]x[/bold]\r"


class Terminal(io.StringIO):
    """A stream that a person reads."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Return a terminal of 80 columns, without pager; a test puts it in the place of stdout."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("PAGER", "cat")
    return Terminal()


# --- nothing harms a terminal -----------------------------------------------------------------------------------------


@given(st.text())
def test_safe_text_holds_nothing_that_is_obeyed(text: str) -> None:
    shown = safe(text)
    bad = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert [char for char in shown if unicodedata.category(char) in bad and char not in "\t\u200c\u200d"] == []


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs", "M"])))
def test_safe_text_is_left_alone(text: str) -> None:
    assert safe(text) == text


def test_hostile_text_is_shown_as_signs() -> None:
    assert safe(HOSTILE) == ("a␛[31mred␛]0;title␇<U+009B>2J<U+202E>drow<U+200B><U+E0041>[bold]x[/bold]␍")


@pytest.mark.parametrize(
    "verb", [("show",), ("log",), ("diff",), ("lineage",), ("ls",), ("render",), ("label",), ("export",)]
)
def test_no_verb_lets_a_prompt_reach_the_terminal(bare: Any, verb: tuple[str, ...]) -> None:
    hostile = HOSTILE.replace("\r", "")
    old = Prompt.define(user(hostile, literal=True), description="d\x1b[2J")
    from promptlib import Store

    with Store.open(bare.folder) as store:
        store.save("evil", old, message=f"m {hostile}")
        store.save("evil", old.evolve(messages=(user(hostile + " more", literal=True),)), message=f"n {hostile}")
        store.label("evil", "live", "v1")
    out, code = _on_a_terminal(bare.folder, *verb, "evil" if verb != ("ls",) else "")
    assert code == 0, out
    for bad in ("\x1b[31mred", "\x1b]0", "\x9b", "\u202e", "\u200b", "\x07", "\x1b[2J"):
        assert bad not in out
    if verb != ("ls",):
        assert "␛" in out or "\\x1b" in out or "\N{REPLACEMENT CHARACTER}" in out or verb == ("label",)


def _on_a_terminal(folder: Any, *arguments: str, columns: int = 80) -> tuple[str, int]:
    """Run a command whose stdout is a terminal; return what came out of it, and its exit code."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"COLUMNS": str(columns), "TERM": "xterm", "PAGER": "cat"}
    process = subprocess.Popen(
        [sys.executable, "-m", "promptlib", *filter(None, arguments)],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    found = b""
    try:
        while chunk := os.read(ours, 65536):
            found += chunk
    except OSError:
        pass  # how Linux says that the other side is closed
    finally:
        os.close(ours)
    return found.decode(), process.wait(timeout=60)


def test_errors_are_safe_too(screen: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", screen)
    terminal.print_error(
        InvalidPrompt(
            f"no {HOSTILE}", where=Where("f\x1b", 2, 3, "ab\x1b[2Jc"), hint="h\x9b", others=[InvalidPrompt("b")]
        )
    )
    out = screen.getvalue()
    for bad in ("\x9b", "\u202e", "\x1b[2J", "\x1b]0"):
        assert bad not in out
    assert out.count("error: ") == 2


PICTURED = InvalidPrompt(
    "no filter 'uper'",
    where=Where("prompts/a.prompty", 9, 17, "\t日本語の長い行 \x1b {{ name | uper }}" + " and so on" * 30, width=4),
    hint="did you mean 'upper'?",
)


@pytest.mark.parametrize("columns", [30, 40, 60, 80, 120, 200])
def test_the_picture_of_an_error_fits_the_terminal(
    screen: Terminal, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys, "stderr", screen)
    terminal.print_error(PICTURED)
    rows = screen.getvalue().splitlines()
    assert all(wide(row) <= columns for row in rows)
    [line, caret] = rows[-3:-1]
    assert "\t" not in line + caret
    marked = PICTURED.where.text[16:20] if PICTURED.where else ""
    assert caret.count("^") == 4
    assert wide(line.partition(marked)[0]) == wide(caret.partition("^")[0])
    assert "\x1b" not in screen.getvalue()


def test_the_picture_of_an_error_in_colours(screen: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys, "stderr", screen)
    where = Where("a.prompty", 9, 4, "{{ x | y }}")
    terminal.print_error(InvalidPrompt("no x", where=where, hint="say x"))
    assert screen.getvalue() == (
        "\x1b[1;31merror: \x1b[0m\x1b[1mno x\x1b[0m\n"
        "\x1b[36m  --> a.prompty:9:4\x1b[0m\n"
        "\x1b[36m  |\x1b[0m\n"
        "\x1b[36m9 | \x1b[0m{{ x | y }}\n"
        "\x1b[36m  | \x1b[0m\x1b[1;31m   ^\x1b[0m\n"
        "\x1b[32msay x\x1b[0m\n"
    )


def test_the_picture_of_an_error_in_a_pipe_is_that_of_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.print_error(PICTURED)
    assert capsys.readouterr().err == f"error: {PICTURED}\n"


def test_json_holds_nothing_that_a_terminal_obeys(capsys: pytest.CaptureFixture[str]) -> None:
    import json

    terminal.print_json("x", {"text": HOSTILE + "\ud800 ä"})
    out = capsys.readouterr().out
    assert safe(out.replace("\n", "")) == out.replace("\n", "")
    assert json.loads(out) == {"promptlib": 1, "kind": "x", "text": HOSTILE + "\ud800 ä"}
    assert "ä" in out


# --- layout -----------------------------------------------------------------------------------------------------------


def test_columns_are_aligned_also_with_wide_characters() -> None:
    rows = terminal.aligned([(("日本", ""), ("1", ""), ("x", "")), (("abc", ""), ("22", ""), ("", ""))], right=(1,))
    assert terminal.text_of(rows, colours=False) == "日本   1  x\nabc   22\n"


def test_an_empty_column_takes_no_room() -> None:
    rows = terminal.aligned([(("a", ""), ("", ""), ("b", ""))])
    assert terminal.text_of(rows, colours=False) == "a  b\n"


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=60), max_size=5), st.integers(4, 40))
def test_wrapped_rows_fit_and_lose_only_blanks(texts: list[str], room: int) -> None:
    row = tuple((text, "") for text in texts)
    rows = list(columns.wrapped(row, room))
    assert all(sum(wide(text) for text, _ in each) <= room for each in rows)
    kept = "".join(text for each in rows for text, _ in each).replace(" ", "")
    assert kept == "".join(untabbed(safe(text)) for text in texts).replace(" ", "")


@given(st.text("ab 日\t", max_size=60), st.integers(5, 30), st.integers(0, 3))
def test_rows_that_are_set_in_are_wrapped_too(text: str, room: int, indent: int) -> None:
    """A run without blanks that is longer than a row once had no end."""
    rows = list(islice(columns.wrapped(((" " * indent, ""), (text, "")), room, " " * indent), 200))
    assert all(sum(wide(text) for text, _ in row) <= room for row in rows)
    kept = "".join(text for row in rows for text, _ in row).replace(" ", "")
    assert kept == untabbed(safe(text)).replace(" ", "")


def test_a_long_line_is_wrapped_in_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = 0
    cell = columns._cell

    def counted(char: str) -> int:
        nonlocal looked
        looked += 1
        return cell(char)

    monkeypatch.setattr(columns, "_cell", counted)
    text = "日本語 " * 25_000 + "\t".join("ab" * 5_000)
    rows = list(columns.wrapped(((text, ""),), 60))
    assert len(rows) > 2_000
    assert looked <= 4 * len(untabbed(text))


@pytest.mark.parametrize(
    ("text", "room"),
    [("日本", 4), ("e\u0301", 1), ("❤\ufe0f", 1), ("한", 2), ("\u1112\u1161\u11ab", 2), ("a\u200db", 2), ("a⃝", 1)],
)
def test_how_wide_a_text_is(text: str, room: int) -> None:
    assert wide(text) == room


def test_long_lines_break_at_blanks_on_a_terminal(screen: Terminal) -> None:
    with redirect_stdout(screen):
        terminal.emit([(("    ", ""), ("word " * 30, ""))])
    rows = screen.getvalue().splitlines()
    assert len(rows) == 2 or len(rows) == 3
    assert all(row.startswith("    word") and len(row.rstrip()) <= 80 for row in rows)


def test_a_cut_text_fits() -> None:
    assert terminal.cut("日本語", 5) == "日本…"
    assert terminal.cut("abc", 3) == "abc"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "in the future"), (0, "just now"), (61, "1 minute ago"), (3 * DAY, "3 days ago"), (800 * DAY, "2 years ago")],
)
def test_age(seconds: int, words: str) -> None:
    from datetime import UTC, datetime, timedelta

    now: datetime = datetime(2026, 5, 3, tzinfo=UTC)
    assert age(now - timedelta(seconds=seconds), now) == words


def test_signed() -> None:
    assert (signed(3), signed(-1200), signed(0)) == ("+3", "-1,200", "±0")


# --- colours and pages ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "tty", "painted"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
        ({"TERM": "dumb"}, True, False),
    ],
)
def test_colours_are_for_terminals(
    environment: dict[str, str], *, tty: bool, painted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    stream = Terminal() if tty else io.StringIO()
    terminal.emit([(("x", "bold red"),)], stream=stream)
    assert ("\x1b[" in stream.getvalue()) is painted


@pytest.mark.parametrize(("lines", "paged"), [(5, False), (200, True)])
def test_what_does_not_fit_goes_through_the_pager(
    lines: int, *, paged: bool, screen: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("PAGER", f"tee {tmp_path / 'page'}")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("LINES", "24")
    with redirect_stdout(screen):
        terminal.paged([(("row", "bold"),)] * lines)
    assert (tmp_path / "page").exists() is paged
    assert screen.getvalue() == ("" if paged else "row\n" * lines)


def test_a_pager_that_is_not_there_is_done_without(screen: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGER", "no-such-pager --really")
    with redirect_stdout(screen):
        terminal.paged([terminal.plain("row")] * 200)
    assert screen.getvalue() == "row\n" * 200


# --- differences ------------------------------------------------------------------------------------------------------


def _difference() -> Any:
    old = Prompt.define(user("one\ntwo old words here\nthree"), description="a")
    return diff(old, Prompt.define(user("one\ntwo new words here\nthree\nfour"), description="b"))


def test_a_difference_is_plain_in_a_pipe() -> None:
    assert terminal.text_of(differences.rows(_difference()), colours=False) == str(_difference()) + "\n"


def test_a_difference_is_coloured_on_a_terminal(screen: Terminal) -> None:
    with redirect_stdout(screen):
        terminal.emit(differences.rows(_difference()))
    assert "[-" not in screen.getvalue().replace("\x1b[", "")
    assert "\x1b[9;31mold" in screen.getvalue()
    assert "\x1b[1;32mnew" in screen.getvalue()


@pytest.mark.parametrize("colour", [True, False])
def test_a_difference_stands_side_by_side_where_there_is_room(
    screen: Terminal, monkeypatch: pytest.MonkeyPatch, *, colour: bool
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    if not colour:
        monkeypatch.setenv("NO_COLOR", "1")
    with redirect_stdout(screen):
        terminal.emit(differences.rows(_difference()))
    rows = [row for row in screen.getvalue().splitlines() if "│" in row]
    assert len(rows) == 4
    assert "old" in rows[1].split("│")[0]
    assert "new" in rows[1].split("│")[1]
    assert ("[-old-]" in rows[1]) is not colour
