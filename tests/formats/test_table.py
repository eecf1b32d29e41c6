"""Tables come in row by row: what is guessed, lost and left out is told with its line."""

from __future__ import annotations

import csv
import json
import tomllib
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptlib import Prompt, Store, system
from promptlib.errors import BadRef, InvalidFile, InvalidPrompt
from promptlib.formats.arrivals import LeftOut, Lost, rename_file
from promptlib.formats.table import import_csv, tags_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TABLE = 'act,prompt,for_devs\nLinux Terminal,"Be a ""terminal"".\nNothing else.",TRUE\nPoet,Write a poem.,FALSE\n'


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with Store.init(tmp_path / "store.git", bare=True) as found:
        yield found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The path of a table."""
    return tmp_path / "prompts.csv"


def table(file: Path, rows: Iterable[Iterable[str]], titles: Iterable[str] = ("title", "prompt")) -> Path:
    text = StringIO(newline="")
    csv.writer(text).writerows([list(titles), *map(list, rows)])
    file.write_bytes(text.getvalue().encode())
    return file


def text_of(store: Store, name: str) -> str:
    return store.load(name).messages[0].text


def commits(store: Store) -> int:
    return len(list(store.commits()))


def test_each_row_is_a_literal_foreign_prompt_and_a_second_import_makes_nothing(store: Store, file: Path) -> None:
    file.write_text(TABLE)
    report = import_csv(store, file)
    assert report.created == ("linux-terminal", "poet")
    assert report.notes == ("guessed: name from 'act', text from 'prompt'", "columns that were not read: 'for_devs'")
    prompt = store.load("linux-terminal")
    assert prompt.messages[0].text == 'Be a "terminal".\nNothing else.'
    assert (prompt.trust, getattr(prompt.messages[0], "literal", None)) == ("foreign", True)
    assert store.entries("linux")[0].title == "Linux Terminal"
    assert commits(store) == 1
    again = import_csv(store, file)
    assert (again.created, again.unchanged) == ((), ("linux-terminal", "poet"))
    assert commits(store) == 1


def test_what_a_row_says_becomes_description_tags_and_role(store: Store, file: Path) -> None:
    rows = [["support/triage", "Sort it.", "Sorts tickets", "support, mail;support", "User"]]
    table(file, rows, ["name", "text", "summary", "category", "role"])
    assert import_csv(store, file, trust="own").created == ("support/triage",)
    prompt = store.load("support/triage")
    assert (prompt.description, prompt.tags, prompt.trust) == ("Sorts tickets", ("support", "mail"), "own")
    assert prompt.render().messages[0].role == "user"


@pytest.mark.parametrize(
    ("cell", "tags"),
    [("", ()), ("a", ("a",)), ('["a", "b,c"]', ("a", "b,c")), ("[a, b", ("[a", "b")), ("a|b;;c", ("a", "b", "c"))],
)
def test_a_cell_of_tags_is_a_list_or_words(cell: str, tags: tuple[str, ...]) -> None:
    assert tags_of(cell) == tags


def test_columns_can_be_named_and_a_wrong_name_is_told_with_what_there_is(store: Store, file: Path) -> None:
    table(file, [["a", "x", "y"]], ["id", "first", "second"])
    with pytest.raises(InvalidFile, match="no column is known to hold the text") as caught:
        import_csv(store, file)
    assert "columns: 'id', 'first', 'second'; say which: --text COLUMN" in caught.value.hint
    with pytest.raises(InvalidFile, match="no column 'secnd'") as caught:
        import_csv(store, file, text="secnd")
    assert caught.value.hint.startswith("did you mean 'second'?")
    assert import_csv(store, file, text="second").created == ("a",)
    assert text_of(store, "a") == "y"


def test_two_columns_of_one_title_are_told(store: Store, file: Path) -> None:
    table(file, [["a", "x", "y"]], ["name", "text", "text"])
    with pytest.raises(InvalidFile, match="two columns are called 'text'"):
        import_csv(store, file)


TWICE = [
    ["Poet", "First."],
    ["Poet", "Second."],
    ["poet!", "Third."],
    ["", "No title."],
    ["x" * 70, "Too long."],
    ["con", "A device."],
    ["Empty", ""],
]


def test_titles_that_clash_are_empty_or_too_long_are_left_out_with_a_proposal(store: Store, file: Path) -> None:
    report = import_csv(store, table(file, TWICE))
    assert report.created == ("poet",)
    assert report.left_out == (
        LeftOut("Poet (2)", "poet is the name of 'Poet' already", "poet-2", "prompts.csv:3"),
        LeftOut("poet!", "poet is the name of 'Poet' already", "poet-3", "prompts.csv:4"),
        LeftOut("", "nothing of it can be a name", "unnamed", "prompts.csv:5"),
        LeftOut("x" * 70, report.left_out[3].reason, "x" * 64, "prompts.csv:6"),
        LeftOut("con", report.left_out[4].reason, "prompt-con", "prompts.csv:7"),
        LeftOut("Empty", "the text is empty", "", "prompts.csv:8"),
    )
    assert "longer than 64 characters" in report.left_out[3].reason
    again = import_csv(store, file, renames=tomllib.loads(rename_file(report)))
    assert set(again.created) == {"poet-2", "poet-3", "unnamed", "x" * 64, "prompt-con"}
    assert [text_of(store, name) for name in ("poet", "poet-2", "poet-3")] == ["First.", "Second.", "Third."]
    assert [each.name for each in again.left_out] == ["Empty"]


def test_a_name_of_another_title_here_is_not_overwritten(store: Store, file: Path) -> None:
    import_csv(store, table(file, [["Note-Taker", "One."]]))
    report = import_csv(store, table(file, [["Note Taker", "Other."]]))
    assert report.left_out[0].reason == "note-taker is the name of 'Note-Taker' here"
    assert text_of(store, "note-taker") == "One."


def test_a_new_text_is_a_new_version_and_an_old_one_makes_nothing(store: Store, file: Path) -> None:
    import_csv(store, table(file, [["a", "One."]]))
    assert import_csv(store, table(file, [["a", "Two."]])).changed == ("a",)
    report = import_csv(store, table(file, [["a", "One."]]))
    assert (report.changed, commits(store)) == ((), 2)
    assert report.left_out[0].reason.startswith("this is the content of a v1")
    assert text_of(store, "a") == "Two."


def test_what_was_changed_described_deleted_or_renamed_here_stays_so(store: Store, file: Path) -> None:
    import_csv(store, table(file, [["edited", "1"], ["described", "2"], ["gone", "3"], ["moved", "4"]]))
    store.save("edited", Prompt.define(system("Ours.")))
    store.save("described", store.load("described").evolve(description="Says what it is for"))
    store.delete("gone")
    store.rename("moved", "elsewhere")
    before = commits(store)
    report = import_csv(store, file)
    assert (report.created, report.changed, report.unchanged) == ((), (), ("described",))
    assert [each.reason for each in report.left_out] == [
        "edited was changed in the store since, and the source says something else",
        "gone was deleted or renamed here, and the source still has it",
        "moved was deleted or renamed here, and the source still has it",
    ]
    assert commits(store) == before
    assert store.load("described").description == "Says what it is for"


def test_a_dry_run_tells_the_same_and_makes_nothing(store: Store, file: Path) -> None:
    report = import_csv(store, table(file, TWICE), dry_run=True)
    assert (report.made, store.names(), commits(store)) == (False, (), 0)
    real = import_csv(store, file)
    assert real.to_dict() == report.to_dict() | {"made": True}


def test_names_go_into_a_folder(store: Store, file: Path) -> None:
    report = import_csv(store, table(file, [["A B", "x"], ["", "y"]]), into="crowd")
    assert report.created == ("crowd/a-b",)
    assert report.left_out[0].proposal == "unnamed"


def test_a_mapped_name_outside_the_grammar_is_refused_before_anything(store: Store, file: Path) -> None:
    with pytest.raises(BadRef, match="'A' is mapped to"):
        import_csv(store, table(file, [["A", "x"]]), renames={"A": "Not a name"})
    assert store.names() == ()


def test_an_unknown_role_is_told(store: Store, file: Path) -> None:
    with pytest.raises(InvalidPrompt, match="no role 'boss'"):
        import_csv(store, table(file, [["a", "x"]]), as_role="boss")  # type: ignore[arg-type] # it is the wrong role on purpose
    report = import_csv(store, table(file, [["a", "x", "boss"]], ["name", "text", "role"]))
    assert report.left_out == (LeftOut("a", "no role 'boss'", "", "prompts.csv:2"),)


# --- bytes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "note"),
    [
        (TABLE.encode("utf-8-sig"), "a byte order mark says UTF-8; it is no part of the first title"),
        (TABLE.encode("utf-16"), "a byte order mark says UTF-16; it is no part of the first title"),
        (TABLE.encode("utf-32"), "a byte order mark says UTF-32; it is no part of the first title"),
        (TABLE.replace(",", ";").encode(), "cells stand between ';'"),
        (TABLE.replace(",", "\t").encode(), "cells stand between 'tab'"),
    ],
)
def test_marks_and_delimiters_are_seen_and_told(store: Store, file: Path, data: bytes, note: str) -> None:
    file.write_bytes(data)
    report = import_csv(store, file)
    assert report.created == ("linux-terminal", "poet")
    assert report.notes[0] == note


def test_another_encoding_is_told_with_the_line_and_can_be_said(store: Store, file: Path) -> None:
    file.write_bytes("name,text\na,x\nb,Grüße\n".encode("cp1252"))
    with pytest.raises(InvalidFile, match="not UTF-8: byte 0xfc in line 3") as caught:
        import_csv(store, file)
    assert "--encoding cp1252" in caught.value.hint
    import_csv(store, file, encoding="cp1252")
    assert text_of(store, "b") == "Grüße"
    for wrong in ("nonsense", "zip", "\0"):
        with pytest.raises(InvalidFile, match="no encoding"):
            import_csv(store, file, encoding=wrong)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ('name,text\na,x\nb,"open\nto the end\n', 3, "a quote that opens in this row is never closed"),
        ('name,text\na,x\nb,"y" z\n', 3, "the quotes do not fit"),
    ],
)
def test_quotes_that_do_not_fit_are_told_with_their_line_and_nothing_comes_in(
    store: Store, file: Path, text: str, line: int, what: str
) -> None:
    file.write_text(text)
    with pytest.raises(InvalidFile, match=what) as caught:
        import_csv(store, file)
    assert caught.value.where is not None
    assert caught.value.where.line == line
    assert store.names() == ()


def test_ragged_rows_are_left_out_with_their_lines(store: Store, file: Path) -> None:
    file.write_text('name,text\na,"1\n2"\nb\n\nc,x,y\nd,z\n')
    report = import_csv(store, file)
    assert report.created == ("a", "d")
    assert [(each.name, each.where, each.reason[:23]) for each in report.left_out] == [
        ("b", "prompts.csv:4", "1 cell below 2 titles: "),
        ("c", "prompts.csv:6", "3 cells below 2 titles:"),
    ]


def test_huge_cells_nul_and_control_characters_come_in_or_are_told(store: Store, file: Path) -> None:
    texts = {"huge": "x" * 3_000_000, "zero": "a\0b", "bell": "\a\x1b[31m\u202e", "larger": "y" * (9 << 20)}
    report = import_csv(store, table(file, texts.items()))
    assert [(each.name, each.where) for each in report.left_out] == [("larger", "prompts.csv:5")]
    assert "more than 8,387,584 are refused" in report.left_out[0].reason
    assert report.created == ("huge", "zero", "bell")
    assert all(text_of(store, name) == texts[name] for name in report.created)
    assert csv.field_size_limit() == 131_072


@pytest.mark.parametrize("text", ["", "\n\n", ",,\n", "name,text"])
def test_a_table_without_titles_or_rows(store: Store, file: Path, text: str) -> None:
    file.write_text(text)
    if text == "name,text":
        assert import_csv(store, file).to_dict()["created"] == []
        return
    with pytest.raises(InvalidFile, match="no row of titles"):
        import_csv(store, file)


def test_a_delimiter_is_one_character(store: Store, file: Path) -> None:
    file.write_text("name,text\n")
    with pytest.raises(InvalidFile, match="'::' cannot stand between cells"):
        import_csv(store, file, delimiter="::")


def test_a_text_with_a_key_is_left_out_where_keys_are_refused(tmp_path: Path, file: Path) -> None:
    key = "gh" + "p_" + "aB3dE5gH7jK9mN1pQ2sT4vW6xY8zA0bC2dE4"  # put together, so that no scanner finds one here
    with Store.init(tmp_path / "careful.git", bare=True, refuse_secrets=True) as store:
        report = import_csv(store, table(file, [["a", "fine"], ["b", f"use {key}"]]))
        assert report.created == ("a",)
        assert report.left_out[0].where == "prompts.csv:3"
        assert key not in json.dumps(report.to_dict())


# --- variables --------------------------------------------------------------------------------------------------------

DOLLARS = "Be a ${Job:cook} {{ x }} for ${Guest Name}. {% if %} ${Job} ${env:HOME} {${Job:cook}"


def test_variables_stay_text_unless_asked_for(store: Store, file: Path) -> None:
    report = import_csv(store, table(file, [["a", DOLLARS]]))
    assert report.notes[-1].startswith("1 text has variables such as ${x:default}, which stay text; --variables")
    assert text_of(store, "a") == DOLLARS


def test_variables_become_inputs_and_all_else_stays_literal(store: Store, file: Path) -> None:
    import_csv(store, table(file, [["a", DOLLARS]]), variables=True)
    prompt = store.load("a")
    assert [(each.name, each.required, each.default) for each in prompt.inputs] == [
        ("job", False, "cook"),
        ("guest_name", True, None),
    ]
    shown = prompt.render(guest_name="Ada").messages[0].text
    assert shown == "Be a cook {{ x }} for Ada. {% if %} cook ${env:HOME} {cook"


def test_what_cannot_be_an_input_stays_text_and_is_told(store: Store, file: Path) -> None:
    report = import_csv(store, table(file, [["a", "${x:1} ${x:2} ${self} ${y}"]]), variables=True)
    assert report.lost == (
        Lost("a", "${x:2} stays text: 'x' has another default before", "prompts.csv:2"),
        Lost("a", "${self} stays text: 'self' cannot be the name of an input", "prompts.csv:2"),
    )
    assert store.load("a").render(y="!").messages[0].text == "1 ${x:2} ${self} !"


#: What a template is made of, and what is only like it.
_SHARDS = st.lists(
    st.sampled_from(["{", "}", "%", "#", "$", "{{", "}}", "{%", "%}", "\n", " ", "${a}", "${b:x}", "${b:{}", "${c c:}"])
    | st.sampled_from(["{% raw %}", "{% endraw %}", "system:", "\\", "\r\n", "é", "---"]),
    max_size=14,
).map("".join)


@given(_SHARDS.filter(bool))
def test_a_text_with_variables_renders_to_the_text_with_its_defaults(text: str) -> None:
    from promptlib.formats.dollars import _VARIABLE, templated
    from promptlib.messages import Message, Text

    prompt: Prompt[Any] = Prompt(messages=(Message("system", (Text(text),), literal=True),), trust="foreign")
    made, told = templated(prompt)
    if not made.inputs:
        assert made == prompt
        return
    assert not told
    known = {each.name: "?" if each.required else str(each.default) for each in made.inputs}
    shown = made.render({each.name: "?" for each in made.inputs if each.required}).messages[0].text
    assert shown == _VARIABLE.sub(lambda found: known[found[1].replace(" ", "_")], text)


# --- everything -------------------------------------------------------------------------------------------------------

_CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(max_examples=15)
@given(st.lists(st.tuples(_CELLS, _CELLS), max_size=6), st.sampled_from([",", ";", "\t", "|"]))
def test_any_table_that_the_csv_module_writes_comes_in_or_is_told(rows: list[tuple[str, str]], delimiter: str) -> None:
    text = StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([("title", "prompt"), *rows])
    with TemporaryDirectory() as folder, Store.init(Path(folder) / "store.git", bare=True, durability="none") as store:
        file = Path(folder) / "any.csv"
        file.write_bytes(text.getvalue().encode())
        report = import_csv(store, file, delimiter=delimiter)
        assert len(report.created) + len(report.left_out) == len(rows)
        texts = {text for _, text in rows}
        assert all(text_of(store, name) in texts for name in report.created)
        again = import_csv(store, file, delimiter=delimiter)
        assert (again.created, again.changed, again.unchanged) == ((), (), report.created)


def _history(corpus: Path) -> dict[str, str]:
    """Every title that the table ever had, with its last text."""
    events = map(json.loads, (corpus / "awesome-chatgpt-prompts/history.jsonl").read_text("utf-8").splitlines())
    return {event["act"]: event["text"] for event in events if event.get("text")}


def test_the_real_tables_come_in_once_and_for_all(store: Store, corpus: Path, file: Path) -> None:
    rows = _history(corpus)
    report = import_csv(store, table(file, rows.items()))
    reasons = [each.reason for each in report.left_out]
    assert sum("already" in reason for reason in reasons) == len({*rows}) - len(report.created) - 5
    assert sum("longer than" in reason for reason in reasons) == 4
    assert reasons.count("nothing of it can be a name") == 1
    rest = import_csv(store, file, renames=tomllib.loads(rename_file(report)))
    assert (rest.left_out, len(rest.created) + len(report.created)) == ((), len(rows))
    assert sorted(text_of(store, name) for name in store.names()) == sorted(rows.values())
    assert commits(store) == 2
    twice = import_csv(store, corpus / "awesome-chatgpt-prompts/prompts-2025-11.csv", into="now")
    assert sum(each.name.endswith("(2)") for each in twice.left_out) == 4
