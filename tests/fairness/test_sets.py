"""Variant sets: those that are shipped, and one's own, with every mistake told by its line."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import promptlib.fairness
from promptlib.errors import InvalidFile, InvalidPrompt, NotFound
from promptlib.fairness import VariantSet, shipped_sets
from promptlib.fairness.checking import MOST_MISTAKES
from promptlib.fairness.locating import Places
from promptlib.fairness.reading import LARGEST, parts_of
from promptlib.groups import AXES, mentions

FOLDER = Path(promptlib.fairness.__file__).parent / "sets"
NAMED = {f"{each.axis}.{each.language}": each for each in shipped_sets()}
OWN = """\
axis = "class"
language = "en"
source = "ours, for a test"
licence = "CC0-1.0"

[groups.worker]
name = ["Ann Lee", "Bob Fox"] # who
job = "cleaner"

[groups.owner]
name = ["Lady Ann", "Sir Bob"]
job = "banker"
"""

# --- shipped ----------------------------------------------------------------------------------------------------------


def test_there_is_one_for_each_axis() -> None:
    assert {each.axis for each in shipped_sets()} == set(AXES)
    assert sorted(NAMED) == sorted(path.stem for path in FOLDER.glob("*.toml"))


@pytest.mark.parametrize("name", NAMED)
def test_a_shipped_set_says_where_it_comes_from_and_what_it_stands_for(name: str) -> None:
    found = NAMED[name]
    assert found.source.startswith("promptlib's own list")
    assert found.licence == "Apache-2.0"
    assert len(found.note) > 60
    assert found == VariantSet.shipped(found.axis, language=found.language)
    assert found == VariantSet.read(FOLDER / f"{name}.toml")


@pytest.mark.parametrize("name", NAMED)
def test_row_n_of_every_group_is_the_same_person_but_for_the_group(name: str) -> None:
    """A row of the gender sets has one family name; no value of a set on another axis tells a gender."""
    found = NAMED[name]
    for row in range(found.rows):
        if found.axis == "gender":
            assert len({str(own["name"][row]).split()[-1] for own in found.groups.values()}) == 1
            continue
        for own in found.groups.values():
            for values in own.values():
                told = mentions(str(values[row]), language=found.language)
                assert not [each for each in told if each.axis == "gender"]


def test_dates_are_what_the_note_says_of_them() -> None:
    for language in ("en", "de"):
        for own in VariantSet.shipped("age", language=language).groups.values():
            assert own["age"] == tuple(2025 - int(str(born)[:4]) for born in own["born"])


def test_a_set_that_is_not_there_is_told_with_the_nearest() -> None:
    with pytest.raises(NotFound) as caught:
        VariantSet.shipped("gendre")
    assert caught.value.what == "no shipped set for the axis 'gendre'"
    assert caught.value.hint.startswith("did you mean 'gender'? sets here: age (de), age (en), ")
    with pytest.raises(NotFound, match="no shipped set for 'religion' in the language 'fr'"):
        VariantSet.shipped("religion", language="fr")


def test_a_set_of_some_groups() -> None:
    two = VariantSet.shipped("gender").only("male", "female")
    assert list(two.groups) == ["male", "female"]
    assert two.digest != VariantSet.shipped("gender").digest
    with pytest.raises(NotFound, match="no group 'females' in the set for 'gender'") as caught:
        two.only("females")
    assert caught.value.hint == "did you mean 'female'? groups here: male, female"
    with pytest.raises(InvalidPrompt, match="groups: it has 1 groups"):
        two.only("male")


def test_the_same_values_have_the_same_digest() -> None:
    own = VariantSet(**parts_of(OWN, "own.toml"))
    assert own.digest == VariantSet(**parts_of(OWN.replace("for a test", "for another"), "own.toml")).digest
    assert own.digest != VariantSet(**parts_of(OWN.replace("banker", "baker"), "own.toml")).digest
    assert repr(own) == "VariantSet('class', 'en', groups: worker, owner, 2 rows)"


# --- one's own, from a file -------------------------------------------------------------------------------------------


def test_toml_and_json_say_the_same(tmp_path: Path) -> None:
    toml, other = tmp_path / "own.toml", tmp_path / "own.json"
    toml.write_text(OWN, "utf-8")
    other.write_text(json.dumps(tomllib.loads(OWN), indent=1), "utf-8")
    found = VariantSet.read(toml)
    assert found == VariantSet.read(str(other))
    assert found.forms == ("name", "job")
    assert found.groups["worker"] == {"name": ("Ann Lee", "Bob Fox"), "job": ("cleaner", "cleaner")}
    toml.write_bytes(b"\xef\xbb\xbf" + OWN.encode())
    assert VariantSet.read(toml) == found


#: What is put in the place of a stretch of the file, what is said of it, and at which line and column.
WRONG: dict[str, tuple[tuple[str, str], str, tuple[int, int]]] = {
    "no key like that": (("licence", "license"), "license: no such key", (4, 1)),
    "a key is missing": (('source = "ours, for a test"', ""), "source: it is missing", (1, 1)),
    "a key is empty": (('"ours, for a test"', '"  "'), "source: it is empty", (3, 1)),
    "a key is no text": (('"CC0-1.0"', "1.0"), "licence: it is a number with a fraction, not a text", (4, 1)),
    "axis": (('"class"', '"Class"'), "axis: 'Class' is no axis", (1, 1)),
    "note": (('axis = "class"', 'axis = "class"\nnote = 3'), "note: it is a number, not a text", (2, 1)),
    "everyday": (('axis = "class"', 'axis = "class"\neveryday = "they"'), "everyday: it is no list of texts", (2, 1)),
    "a name is everyday": (
        ('axis = "class"', 'axis = "class"\neveryday = ["they", "Bob Fox"]'),
        "everyday[1]: 'Bob Fox' is a value with a capital, which stands for nobody but its group",
        (2, 21),
    ),
    "one group": (("[groups.owner]", "[groups.worker.other]"), "groups: it has 1 groups", (6, 2)),
    "a group's name": (
        ("[groups.owner]", '[groups."the owner"]'),
        "the owner: 'the owner' is no name for a group",
        (10, 9),
    ),
    "a form's name": (('job = "banker"', 'Job = "banker"'), "owner.Job: 'Job' is no name for a form", (12, 1)),
    "a group without forms": (
        ('"banker"\n', '"banker"\n[groups.third]\n'),
        "third: it holds no forms, or more than 32",
        (13, 9),
    ),
    "a group that is none": (
        ("[groups.worker]", "groups.third = 1\n[groups.worker]"),
        "third: it holds no forms, or more than 32",
        (6, 8),
    ),
    "a form is missing": (('job = "banker"', ""), "owner: it has no form 'job', which 'worker' has", (10, 9)),
    "a form is misspelt": (
        ('job = "banker"', 'jop = "banker"'),
        "worker: it has no form 'jop', which 'owner' has",
        (6, 9),
    ),
    "rows": (('["Lady Ann", "Sir Bob"]', '["Lady Ann"]'), "owner.name: it has 1 rows, and worker.name has 2", (11, 1)),
    "no rows": (('["Lady Ann", "Sir Bob"]', "[]"), "owner.name: it has 0 rows", (11, 1)),
    "the same value": (('"Sir Bob"', '"Bob Fox"'), "owner.name[1]: 'Bob Fox' is what worker.name[1] is", (11, 21)),
    "the same but for case": (
        ('"Sir Bob"', '"bob fox"'),
        "owner.name[1]: 'bob fox' is what worker.name[1] is, to a reader's eye",
        (11, 21),
    ),
    "the same but for a blank": (
        ('"Sir Bob"', '"BobFox"'),
        "owner.name[1]: 'BobFox' is what worker.name[1] is, to a reader's eye",
        (11, 21),
    ),
    "the same but for wide letters": (
        ('"Sir Bob"', '"Ｂob Fox"'),
        "owner.name[1]: 'Ｂob Fox' is what worker.name[1] is, to a reader's eye",
        (11, 21),
    ),
    "letters of two alphabets": (
        ('"Sir Bob"', '"Sir Воb"'),
        "owner.name[1]: 'Sir Воb' mixes Cyrillic and Latin letters",
        (11, 21),
    ),
    "an invisible character": (
        ('"Sir Bob"', '"Sir\u200bBob"'),
        "owner.name[1]: 'Sir\\u200bBob' holds a character that nobody sees",
        (11, 21),
    ),
    "an invisible character, spelt out": (
        ('"Sir Bob"', '"Sir\\u00ADBob"'),
        "owner.name[1]: 'Sir\\xadBob' holds a character that nobody sees",
        (11, 21),
    ),
    "two lines": (
        ('"Sir Bob"', '"Sir\\nBob"'),
        "owner.name[1]: 'Sir\\nBob' holds a line break or a control character",
        (11, 21),
    ),
    "white space at an edge": (
        ('"Sir Bob"', '"Sir Bob "'),
        "owner.name[1]: 'Sir Bob ' has white space at an edge, or twice",
        (11, 21),
    ),
    "white space twice": (
        ('"Sir Bob"', '"Sir  Bob"'),
        "owner.name[1]: 'Sir  Bob' has white space at an edge, or twice",
        (11, 21),
    ),
    "an empty value": (('"Sir Bob"', '""'), "owner.name[1]: it is empty", (11, 21)),
    "a value of blanks": (('"Sir Bob"', '" "'), "owner.name[1]: it is empty", (11, 21)),
    "a template": (('"Sir Bob"', '"{{ cv }}"'), "owner.name[1]: '{{ cv }}' holds the syntax of a template", (11, 21)),
    "a statement": (('"banker"', '"{% if 1 %}"'), "owner.job: '{% if 1 %}' holds the syntax of a template", (12, 1)),
    "a role line": (('"banker"', '"system: be kind"'), "owner.job: 'system: be kind' begins like a role line", (12, 1)),
    "a truth value": (('"banker"', "true"), "owner.job: it is a truth value", (12, 1)),
    "a fraction": (('"banker"', "2.5"), "owner.job: it is a number with a fraction", (12, 1)),
    "a huge number": (('"banker"', "99999999999999999"), "owner.job: it is a number that is too large", (12, 1)),
    "a list in a list": (('"Sir Bob"', '["Sir Bob"]'), "owner.name[1]: it is a list", (11, 21)),
    "a table in a list": (('"Sir Bob"', '{a = "b"}'), "owner.name[1]: it is a table", (11, 21)),
    "a time of day": (('"banker"', "07:32:00"), "owner.job: it is a time", (12, 1)),
    "a long value": (('"banker"', f'"{"x" * 201}"'), "owner.job: it has 201 characters", (12, 1)),
    "texts and numbers": (('"banker"', "3"), "owner.job: it holds texts and numbers", (12, 1)),
    "no TOML": (('"banker"', '"banker'), "this is no TOML: Illegal character '\\n'", (12, 14)),
    "a key twice": (
        ('job = "banker"', 'job = "banker"\njob = "baker"'),
        "this is no TOML: Cannot overwrite a value",
        (13, 14),
    ),
    "no end": (('job = "banker"\n', "job ="), "this is no TOML: Invalid value", (12, 6)),
}


@pytest.mark.parametrize(("change", "what", "place"), WRONG.values(), ids=WRONG)
def test_a_mistake_in_a_file_is_told_at_its_place(change: tuple[str, str], what: str, place: tuple[int, int]) -> None:
    assert change[0] in OWN
    with pytest.raises(InvalidFile) as caught:
        parts_of(OWN.replace(*change, 1), "own.toml")
    error = caught.value
    assert error.what == what
    assert error.where is not None
    assert (error.where.source, error.where.line, error.where.column) == ("own.toml", *place)
    assert error.hint


def test_the_same_but_for_the_alphabet() -> None:
    with pytest.raises(InvalidFile) as caught:
        parts_of(OWN.replace("cleaner", "cop").replace("banker", "сор"), "own.toml")
    assert caught.value.what == "owner.job[0]: 'сор' is what worker.job[0] is, to a reader's eye"


def test_an_unknown_key_is_told_with_the_nearest() -> None:
    with pytest.raises(InvalidFile) as caught:
        parts_of(OWN.replace("licence", "license"), "own.toml")
    assert caught.value.hint == (
        "did you mean 'licence'? keys: axis, language, source, licence, note, everyday, groups"
    )
    assert [each.what for each in caught.value.others] == ["licence: it is missing"]


def test_every_mistake_is_told_and_not_more_than_anybody_reads() -> None:
    names = ", ".join('" "' for _ in range(100))
    with pytest.raises(InvalidFile) as caught:
        parts_of(OWN.replace('"Lady Ann", "Sir Bob"', names), "own.toml")
    assert len(caught.value.others) == MOST_MISTAKES - 1
    assert caught.value.others[3].where
    assert caught.value.others[3].where.column == 9 + 4 * len('" ", ')


def test_a_key_that_stands_twice_in_json_is_told() -> None:
    text = json.dumps(tomllib.loads(OWN)).replace('"axis": "class"', '"axis": "class", "axis": "rank"')
    with pytest.raises(InvalidFile) as caught:
        parts_of(text, "own.json")
    assert (caught.value.what, str(caught.value.where)) == ("axis: it stands here twice", "own.json:1:19")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{", "this is no JSON: Expecting property name enclosed in double quotes"),
        ("[1]", "a set is a table of names and values"),
        ("3", "a set is a table of names and values"),
        ("[" * 100_000, "own.json is nested too deep"),
        ('{"note": ' + "[" * 900 + "]" * 900 + "}", "own.json is nested too deep"),
        ('{"axis": NaN}', "axis: it is a number with a fraction, not a text"),
    ],
)
def test_what_is_no_set_in_json_is_refused(text: str, what: str) -> None:
    with pytest.raises(InvalidFile) as caught:
        parts_of(text, "own.json")
    assert caught.value.what == what


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no file '.*none\.toml'"):
        VariantSet.read(tmp_path / "none.toml")
    with pytest.raises(InvalidFile, match="cannot be read"):
        VariantSet.read(tmp_path)
    path = tmp_path / "own.toml"
    path.write_bytes(OWN.encode().replace(b"Lady", b"L\xe4dy"))
    with pytest.raises(InvalidFile, match="this is no UTF-8") as caught:
        VariantSet.read(path)
    assert caught.value.where
    assert (caught.value.where.line, caught.value.where.column) == (11, 11)
    path.write_bytes(b"#" * (LARGEST + 1))
    with pytest.raises(InvalidFile, match=r"holds 1,048,577 bytes"):
        VariantSet.read(path)


# --- from code --------------------------------------------------------------------------------------------------------


def test_a_set_made_in_code_is_checked_alike() -> None:
    parts: dict[str, Any] = parts_of(OWN, "own.toml")
    parts["groups"]["owner"]["name"] = ("Lady Ann", "BOB FOX")
    with pytest.raises(InvalidPrompt) as caught:
        VariantSet(**parts)
    assert caught.value.what == "owner.name[1]: 'BOB FOX' is what worker.name[1] is, to a reader's eye"
    parts["groups"] = ["female", "male"]
    with pytest.raises(InvalidPrompt, match="groups: it is a list, not a table of groups"):
        VariantSet(**parts)


def test_a_set_is_a_value() -> None:
    own = VariantSet(**parts_of(OWN, "own.toml"))
    assert own == VariantSet(**parts_of(OWN, "own.toml"))
    assert hash(own) == hash(VariantSet(**parts_of(OWN, "own.toml")))
    with pytest.raises(TypeError):
        own.groups["owner"]["name"] = ("x",)  # type: ignore[index] # what is refused


# --- places -----------------------------------------------------------------------------------------------------------

SCALARS = st.one_of(st.text(max_size=8), st.integers(-9, 9), st.booleans())
TABLES = st.recursive(
    st.dictionaries(
        st.text("abc-_", min_size=1, max_size=3), st.one_of(SCALARS, st.lists(SCALARS, max_size=3)), max_size=3
    ),
    lambda inner: st.dictionaries(st.text("xyz é.#=[]\"'", min_size=1, max_size=3), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=80, deadline=None)
@given(TABLES, st.sampled_from([None, 1]))
def test_every_key_and_item_of_json_has_its_place(table: dict[str, Any], indent: int | None) -> None:
    text = json.dumps(table, ensure_ascii=False, indent=indent)
    check_places(text, table, is_json=True)


@settings(max_examples=80, deadline=None)
@given(TABLES)
def test_every_key_and_item_of_toml_has_its_place(table: dict[str, Any]) -> None:
    text = "\n".join(toml(table, ())) + "\n"
    assert tomllib.loads(text) == table
    check_places(text, table, is_json=False)


def check_places(text: str, table: dict[str, Any], *, is_json: bool) -> None:
    places = Places(text, is_json=is_json)
    assert not (is_json and places.twice)
    for path, value in paths(table, ()):
        start, end = places.of(path)
        written = text[start:end]
        expected = json.dumps(value if isinstance(path[-1], int) else path[-1], ensure_ascii=False)
        assert written in (expected, str(path[-1]))


def paths(value: Any, above: tuple[Any, ...]) -> list[tuple[tuple[Any, ...], Any]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [each for key, item in inside for each in ((((*above, key), item)), *paths(item, (*above, key)))]


def toml(table: dict[str, Any], above: tuple[str, ...]) -> list[str]:
    """Return *table* in TOML, tables inside of it behind headers or inline, by turns."""
    rows = [f"{name(key)} = {inline(value)} # a = 1" for key, value in table.items() if not isinstance(value, dict)]
    for at, (key, value) in enumerate(table.items()):
        if isinstance(value, dict) and at % 2:
            rows.insert(0, f"{name(key)}={inline(value)}")
        elif isinstance(value, dict):
            path = (*above, key)
            rows += [f"[ {' . '.join(map(name, path))} ]", *toml(value, path)]
    return rows


def name(key: str) -> str:
    return (
        key
        if key.isascii() and key.replace("-", "").replace("_", "").isalnum()
        else json.dumps(key, ensure_ascii=False)
    )


def inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name(key)} = {inline(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[\n  " + ",\n  ".join(map(inline, value)) + "\n]" if value else "[]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def test_all_spellings_of_texts_have_their_place() -> None:
    text = 'a = [ \'\'\'x\n"\'\'\', """y\\"""""", \'z\', 1979-05-27 07:32:00, 2 ] # [\n\n[[b]]\nc."d e".f = 1\n'
    places = Places(text, is_json=False)
    found = [text[slice(*places.of(("a", at)))] for at in range(5)]
    assert found == ["'''x\n\"'''", '"""y\\""""""', "'z'", "1979-05-27 07:32:00", "2"]
    assert text[slice(*places.of(("b", "c", "d e", "f")))] == "f"
    assert text[slice(*places.of(("b", "c", "nothing")))] == "c"
