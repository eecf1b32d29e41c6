"""Fields that tell a person's group: beside a type, in a file, in a diff, a merge, the shell and a file for others."""

from __future__ import annotations

import json
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Literal, Optional

import pytest
from pydantic import BaseModel, Field, create_model
from typer.testing import CliRunner

from promptlib import Prompt, Store, codec, user
from promptlib.cli.app import app
from promptlib.diff import diff
from promptlib.errors import InvalidFile, InvalidPrompt
from promptlib.formats.prompty import portable
from promptlib.inputs import Demographic, Input, InputType, declare
from promptlib.inputs.demographic import demographic_of, demographics
from promptlib.merge import merge
from promptlib.site.tables import table

if TYPE_CHECKING:
    from pathlib import Path

NAME = Demographic("gender", "name")


class Sex(Enum):
    FEMALE = "female"
    MALE = "male"


class Person(BaseModel):
    name: Annotated[str, NAME]
    note: str = ""


class Application(BaseModel):
    person: Person
    title: Annotated[str, Field(max_length=4), Demographic("gender", "title")] = "Dr"
    cv: str


TEXT = "{{ person.name }} {{ person.note }} {{ title }} {{ cv }}"
PROMPT = Prompt.define(Application, user(TEXT))
BARE = """\
---
inputs:
  name:
    kind: string   # who applies
    description: The name
    demographic: {axis: gender, form: name}
  age: {kind: integer, demographic: age}
---
user:
{{ name }}, {{ age }}
"""

# --- beside a type ----------------------------------------------------------------------------------------------------

FOUND: dict[str, tuple[Any, str]] = {
    "text": (Annotated[str, NAME], "string"),
    "or null": (Annotated[str, NAME] | None, "string"),
    "around null": (Annotated[Optional[str], NAME], "string"),  # noqa: UP045 - the other spelling is under test
    "literal": (Annotated[Literal["female", "male"], NAME], "enum"),
    "enum": (Annotated[Sex, NAME], "enum"),
    "whole number": (Annotated[int, Field(ge=18), NAME], "integer"),
    "number": (Annotated[float, NAME], "float"),
    "date": (Annotated[date, NAME], "date"),
}


@pytest.mark.parametrize(("annotation", "kind"), FOUND.values(), ids=FOUND)
def test_a_demographic_beside_a_type_is_found(annotation: Any, kind: str) -> None:
    (found, other) = declare(create_model("Inputs", name=(annotation, ...), other=(str, ...)))
    assert (found.demographic, found.type.kind, other.demographic) == (NAME, kind, None)


def test_it_is_found_inside_of_an_object() -> None:
    assert demographics(PROMPT.inputs) == {"person.name": NAME, "title": Demographic("gender", "title")}


REFUSED: dict[str, tuple[Any, str]] = {
    "two": (Annotated[str, NAME, Demographic("origin")], "field 'name': it has two demographics"),
    "class": (Annotated[str, Demographic], "field 'name': Demographic stands beside the type as a class"),
    "list": (Annotated[list[str], NAME], "field 'name': an input of kind array tells no group"),
    "item": (list[Annotated[str, NAME]], "field 'name[]': each item of a list or map would tell a group"),
    "people": (list[Person], "field 'name[].name': each item of a list or map would tell a group"),
    "truth value": (Annotated[bool, NAME], "field 'name': an input of kind boolean tells no group"),
}


@pytest.mark.parametrize(("annotation", "what"), REFUSED.values(), ids=REFUSED)
def test_where_none_can_be_it_is_refused(annotation: Any, what: str) -> None:
    with pytest.raises(InvalidPrompt) as caught:
        declare(create_model("Inputs", name=(annotation, ...)))
    assert caught.value.what == what
    assert str(caught.value.where) == "model Inputs"
    assert caught.value.hint


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("",), "a demographic has an empty axis"),
        ((3,), "the axis of a demographic is a int"),
        (("Gender",), "'Gender' is no axis of a demographic"),
        (("gender", "first name"), "'first name' is no form of a demographic"),
        (("gender", None), "the form of a demographic is a NoneType"),
    ],
)
def test_words_that_are_none_are_refused(words: tuple[Any, ...], what: str) -> None:
    with pytest.raises(InvalidPrompt) as caught:
        Demographic(*words)
    assert caught.value.what == what
    assert caught.value.hint


def test_an_input_takes_nothing_else() -> None:
    with pytest.raises(InvalidPrompt, match="a demographic is a str"):
        Input(name="name", type=InputType(kind="string"), demographic="gender")  # type: ignore[arg-type] # what is refused


def test_it_is_no_part_of_the_digest_and_of_what_fits() -> None:
    class Silent(BaseModel):
        name: str
        note: str = ""

    class Other(BaseModel):
        person: Silent
        title: Annotated[str, Field(max_length=4)] = "Dr"
        cv: str

    silent = Prompt.define(Other, user(TEXT))
    assert silent.digest == PROMPT.digest
    assert silent.inputs != PROMPT.inputs
    assert silent.with_model(Application).inputs == silent.inputs


# --- in a file --------------------------------------------------------------------------------------------------------


def test_a_file_holds_it_and_comes_back_byte_for_byte() -> None:
    data = codec.write(PROMPT)
    assert b"        demographic:\n          axis: gender\n          form: name\n" in data
    found = codec.read(data)
    assert found.inputs == PROMPT.inputs
    assert codec.edit(data, found) == data
    assert codec.write(found) == data


def test_an_axis_alone_is_one_word_in_a_file() -> None:
    class Inputs(BaseModel):
        age: Annotated[int, Demographic("age")]

    data = codec.write(Prompt.define(Inputs, user("{{ age }}")))
    assert b"    demographic: age\n" in data
    assert codec.read(data).inputs[0].demographic == Demographic("age")


def test_an_edit_changes_its_line_alone() -> None:
    prompt = codec.read(BARE.encode())
    name, age = prompt.inputs
    assert codec.edit(BARE.encode(), prompt.evolve(inputs=(name, age))).decode() == BARE
    changed = Input(name="name", type=name.type, description="The name", demographic=Demographic("origin", "name"))
    edited = codec.edit(BARE.encode(), prompt.evolve(inputs=(changed, age))).decode()
    block = "demographic:\n      axis: origin\n      form: name"
    assert edited == BARE.replace("demographic: {axis: gender, form: name}", block)


WRONG: dict[str, tuple[str, str, tuple[int, int], str]] = {
    "unknown word": ("{axis: gender, from: name}", "a demographic has no 'from'", (4, 35), "did you mean 'form'?"),
    "no axis": ("{form: name}", "a demographic without an axis", (4, 7), "write `demographic: gender`"),
    "empty": ('""', "a demographic has an empty axis", (4, 7), 'write Demographic("gender")'),
    "empty axis": ('{axis: ""}', "a demographic has an empty axis", (4, 21), 'write Demographic("gender")'),
    "number": ("{axis: 3}", "the axis of a demographic is a int", (4, 21), "it is a text"),
    "form": ("{axis: a, form: A B}", "'A B' is no form of a demographic", (4, 30), "a word of small letters"),
    "list": ("[gender]", "a demographic is a list", (4, 7), "write `demographic: gender`"),
}


@pytest.mark.parametrize(("said", "what", "place", "hint"), WRONG.values(), ids=WRONG)
def test_what_a_file_says_wrong_is_told_at_its_place(said: str, what: str, place: tuple[int, int], hint: str) -> None:
    text = f"---\ninputs:\n  # who\n  x: {{demographic: {said}, kind: string}}\n---\nuser:\n{{{{ x }}}}\n"
    with pytest.raises(InvalidFile) as caught:
        codec.read(text.encode(), source="x.prompty")
    error = caught.value
    assert error.what == what
    assert error.where is not None
    assert (error.where.line, error.where.column) == place
    assert hint in error.hint


def test_a_kind_that_tells_no_group_is_told_at_its_place() -> None:
    text = "---\ninputs:\n  x:\n    kind: array\n    demographic: gender\n---\nuser:\n{{ x | join }}\n"
    with pytest.raises(InvalidFile) as caught:
        codec.read(text.encode())
    assert caught.value.what == "an input of kind array tells no group"
    assert (caught.value.where and (caught.value.where.line, caught.value.where.column)) == (5, 5)


def test_an_item_of_a_list_tells_none() -> None:
    text = (
        "---\ninputs:\n  people:\n    kind: array\n    items:\n      kind: object\n      properties:\n"
        "        name: {kind: string, demographic: gender}\n---\nuser:\n{{ people | tojson }}\n"
    )
    with pytest.raises(InvalidFile) as caught:
        codec.read(text.encode())
    assert caught.value.what == "each item of a list or map would tell a group: name"
    assert caught.value.where
    assert caught.value.where.line == 3


def test_an_output_tells_none() -> None:
    with pytest.raises(InvalidPrompt, match="the output 'name' tells gender, as name"):
        Prompt.define(user("Who?"), outputs=Person)
    text = "---\noutputs:\n  name: {kind: string, demographic: gender}\n---\nuser:\nWho?\n"
    with pytest.raises(InvalidFile, match="the output 'name' tells gender") as caught:
        codec.read(text.encode())
    assert caught.value.where
    assert caught.value.where.line == 2


# --- beside other versions --------------------------------------------------------------------------------------------


def test_a_diff_tells_it_and_breaks_nothing() -> None:
    before = codec.read(BARE.encode())
    after = codec.read(BARE.replace(", form: name", ", form: subject").replace(", demographic: age", "").encode())
    found = diff(before, after)
    assert [(row.path, row.aspect, row.before, row.after) for row in found.inputs] == [
        ("name", "demographic", "gender, as name", "gender, as subject"),
        ("age", "demographic", "age", "tells no group"),
    ]
    assert not found.breaking
    assert not any(row.content or row.breaking for row in found.inputs)


def test_a_merge_takes_what_one_side_changed() -> None:
    base = codec.read(BARE.encode())
    ours = codec.read(BARE.replace("demographic: age", "demographic: years").encode())
    theirs = codec.read(BARE.replace("The name", "The name of the person").encode())
    found = merge(base, ours, theirs)
    assert found.conflicts == ()
    assert found.prompt is not None
    name, age = found.prompt.inputs
    assert (name.description, name.demographic, age.demographic) == (
        "The name of the person",
        NAME,
        Demographic("years"),
    )


def test_both_sides_changed_it() -> None:
    base, ours, theirs = (
        codec.read(BARE.replace("form: name", f"form: {form}").encode()) for form in ("name", "title", "noun")
    )
    found = merge(base, ours, theirs)
    assert [each.field for each in found.conflicts] == ["inputs.name.demographic"]
    chosen = found.resolve({"inputs.name.demographic": {"axis": "gender", "form": "subject"}})
    assert chosen is not None
    assert chosen.inputs[0].demographic == Demographic("gender", "subject")
    without = found.resolve({"inputs.name.demographic": None})
    assert without is not None
    assert without.inputs[0].demographic is None


def test_a_store_keeps_a_version_that_only_tells_a_group(tmp_path: Path) -> None:
    with Store.init(tmp_path / "prompts.git", bare=True) as store:
        first = store.save("rate", codec.read(BARE.replace(", demographic: age", "").encode()))
        second = store.save("rate", codec.read(BARE.encode()))
        assert (first.digest, second.number) == (second.digest, 2)
        assert store.load("rate").inputs[1].demographic == Demographic("age")


# --- for people and for others ----------------------------------------------------------------------------------------


def test_show_tells_it(tmp_path: Path) -> None:
    folder = str(tmp_path / "prompts.git")
    with Store.init(folder, bare=True) as store:
        store.save("apply", PROMPT)
    told = CliRunner().invoke(app, ["-C", folder, "show", "apply"])
    assert told.exit_code == 0
    assert "person.name tells gender, as name" in told.stdout
    assert "tells gender, as title" in told.stdout
    told = CliRunner().invoke(app, ["-C", folder, "show", "apply", "--json"])
    inputs = json.loads(told.stdout)["inputs"]
    assert [each["demographics"] for each in inputs] == [
        [{"field": "person.name", "axis": "gender", "form": "name"}],
        [{"field": "title", "axis": "gender", "form": "title"}],
        [],
    ]


def test_a_file_for_other_tools_is_without_it() -> None:
    data, losses = portable(PROMPT)
    assert b"demographic" not in data
    assert codec.read(data) == PROMPT
    assert losses == (
        "the input 'person' says no longer what it tells of a group: person.name tells gender, as name",
        "the input 'title' says no longer what it tells of a group: tells gender, as title",
    )


def test_a_catalogue_tells_it() -> None:
    assert "person.name tells gender, as name" in "".join(table("inputs", "Inputs", PROMPT.inputs))


def test_what_is_given_as_one_stays_one() -> None:
    assert demographic_of(NAME) is NAME
    assert str(Demographic("age")) == "age"
