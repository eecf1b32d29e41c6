"""Ways to fool a pairing: each is refused, with the reason and its place."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Literal, NamedTuple

import pytest
from pydantic import BaseModel, Field, create_model, field_validator, model_validator

from promptlib import (
    Budget,
    Chain,
    Image,
    Message,
    Prompt,
    Segment,
    Thread,
    assistant,
    placeholder,
    step,
    system,
    user,
)
from promptlib.codec import read
from promptlib.errors import PairingRefused
from promptlib.fairness import Demographic, VariantSet, paired

GENDER = VariantSet.shipped("gender")
COMPUTED = " is computed with, and not only put out"
CAPTURED = "'name' is put out inside of a macro or block, whose text can be read again"
HOLDER = "'person', which holds 'person.name',"
OF_EMILY = ", of 'Emily Walker'"
MORE = "; so are {} more of this group"
WIDTHS = VariantSet(
    axis="gender",
    language="en",
    source="ours",
    licence="CC0-1.0",
    groups={"female": {"name": ("Bo", "Alexandrina")}, "male": {"name": ("Maximilianus", "Jo")}},
)


class Applicant(BaseModel):
    name: Annotated[str, Demographic("gender", "name")]
    cv: str = "five years"


class Person(BaseModel):
    name: Annotated[str, Demographic("gender", "name")]
    city: str = "Leeds"


class Nested(BaseModel):
    person: Person
    cv: str = "five years"


class Talk(Applicant):
    history: Thread = ()


def _type(annotation: Any) -> Any:
    """Return *annotation*, of which a checker need not make anything."""
    return annotation


def one(text: str, model: type[BaseModel] = Applicant, **parts: Any) -> Prompt[Any]:
    return Prompt.define(model, user(text), **parts)


def refusal(prompt: Prompt[Any], *cases: Any, variants: VariantSet = GENDER, **options: Any) -> PairingRefused:
    with pytest.raises(PairingRefused) as caught:
        paired(prompt, cases or [{}], variants, **options)
    errors = [caught.value, *caught.value.others]
    assert all(isinstance(each, PairingRefused) for each in errors)
    assert all(each.hint for each in errors)
    return caught.value


# --- the template reads a declared field ------------------------------------------------------------------------------

READ: dict[str, tuple[str, str, int]] = {
    "condition": ("{% if name %}x{% endif %}{{ name }}{{ cv }}", "a condition reads 'name'", 7),
    "comparison": ("{% if name == 'Bo' %}x{% endif %}{{ name }}{{ cv }}", "a condition reads 'name'", 7),
    "elif": ("{% if cv %}{% elif name %}{% endif %}{{ name }}", "a condition reads 'name'", 20),
    "test": ("{% if name is lower %}x{% endif %}{{ name }}{{ cv }}", "a condition reads 'name'", 7),
    "is defined": ("{% if name is defined %}x{% endif %}{{ name }}{{ cv }}", "a condition reads 'name'", 7),
    "membership": ("{% if 'B' in name %}x{% endif %}{{ name }}{{ cv }}", "a condition reads 'name'", 14),
    "loop over a split": ("{% for c in name | list %}{{ c }}{% endfor %}{{ cv }}", "a loop goes over 'name'", 13),
    "filtered loop": ("{% for c in [cv] if name %}{{ c }}{% endfor %}{{ name }}", "a loop goes over 'name'", 21),
    "range": ("{% for c in range(name | length) %}x{% endfor %}{{ name }}{{ cv }}", "a loop goes over 'name'", 19),
    "alias": ("{% set a = name %}{{ a | length }}{{ cv }}{{ name }}", "'name' is given another name", 12),
    "with": ("{% with a = name %}{{ a }}{% endwith %}{{ cv }}", "'name' is given another name", 13),
    "namespace": ("{% set n = namespace(a=name) %}{{ n.a }}{{ cv }}", "'name' is given another name", 24),
    "tuple": ("{% set a, b = name, cv %}{{ a }}{{ b }}", "'name' is given another name", 15),
    "filter block": ("{% filter replace('B', name) %}B{% endfilter %}{{ cv }}", "a filter is given 'name'", 24),
    "call": (
        "{% macro m(x) %}{{ caller() }}{% endmacro %}{% call m(name) %}{% endcall %}{{ cv }}",
        "a macro is given 'name'",
        55,
    ),
    "macro's default": ("{% macro m(x=name) %}x{% endmacro %}{{ m() }}{{ cv }}", "a macro reads 'name'", 14),
    "macro's argument": (
        "{% macro m(x) %}{{ x[0] }}{% endmacro %}{{ m(name) }}{{ cv }}",
        "'name'" + COMPUTED,
        46,
    ),
    "inside of a macro": (
        "{% macro m() %}{{ name }}{% endmacro %}{{ m() | length }}{{ cv }}",
        CAPTURED,
        19,
    ),
    "inside of a set block": (
        "{% set a %}{{ name }}{% endset %}{{ a | length }}{{ cv }}",
        CAPTURED,
        15,
    ),
    "inside of a filter block": (
        "{% filter upper %}{{ name }}{% endfilter %}{{ cv }}",
        CAPTURED,
        22,
    ),
    "inside of a call block": (
        "{% macro m() %}{{ caller() | length }}{% endmacro %}{% call m() %}{{ name }}{% endcall %}{{ cv }}",
        CAPTURED,
        70,
    ),
    "conditional expression": (
        "{{ cv if name else 'x' }}{{ name }}",
        "'name'" + COMPUTED,
        10,
    ),
    "or": ("{{ name or cv }}", "'name'" + COMPUTED, 4),
    "length": ("{{ name | length }}{{ cv }}", "'name'" + COMPUTED, 4),
    "filter that cuts": ("{{ name | truncate(3) }}{{ cv }}", "'name'" + COMPUTED, 4),
    "filter that replaces": (
        "{{ name | replace('B', 'x') }}{{ cv }}",
        "'name'" + COMPUTED,
        4,
    ),
    "filter that measures": ("{{ name | center(20) }}{{ cv }}", "'name'" + COMPUTED, 4),
    "filter's argument": ("{{ cv | replace('five', name) }}", "'name'" + COMPUTED, 25),
    "harmless behind harmful": (
        "{{ name | first | upper }}{{ cv }}",
        "'name'" + COMPUTED,
        4,
    ),
    "computed argument": ("{{ name | delimited(cv) }}", "'name'" + COMPUTED, 4),
    "subscript": ("{{ name[0] }}{{ cv }}", "'name'" + COMPUTED, 4),
    "look-up table": ("{{ {'Bo': 'x'}[name] }}{{ cv }}", "'name'" + COMPUTED, 16),
    "key": ("{% set t = {name: cv} %}{{ t | tojson }}", "'name' is given another name", 13),
    "concatenation": ("{{ name ~ '!' }}{{ cv }}", "'name'" + COMPUTED, 4),
    "arithmetic": ("{{ name * 2 }}{{ cv }}", "'name'" + COMPUTED, 4),
    "changed": (
        "{% for c in [1, 2] %}{{ loop.changed(name) }}{% endfor %}{{ cv }}",
        "'name'" + COMPUTED,
        38,
    ),
    "string with braces": ("{{ name ~ '}}' }}{{ cv }}", "'name'" + COMPUTED, 4),
}


@pytest.mark.parametrize(("text", "what", "column"), READ.values(), ids=READ)
def test_what_reads_a_declared_field_is_refused_at_its_place(text: str, what: str, column: int) -> None:
    error = refusal(one(text))
    assert error.what == what
    assert error.where is not None
    assert (error.where.line, error.where.column) == (1, column)
    assert text[column - 1 : column - 1 + error.where.width] == "name"
    assert "write {{ name }} by itself" in error.hint


NESTED: dict[str, tuple[str, str]] = {
    "tojson of the object": (
        "{{ person | tojson }}{{ cv }}",
        "'person', which holds 'person.name', is computed with, and not only put out",
    ),
    "loop over the object": (
        "{% for k in person | items %}{{ k | join }}{% endfor %}{{ cv }}",
        "a loop goes over " + HOLDER,
    ),
    "subscript": ("{{ person['name'] }}{{ cv }}", "'person.name'" + COMPUTED),
    "computed subscript": (
        "{{ person[cv] }}",
        "'person', which holds 'person.name', is computed with, and not only put out",
    ),
    "alias of the object": ("{% set p = person %}{{ p.name }}{{ cv }}", HOLDER + " is given another name"),
    "attribute by a filter": (
        "{{ [person] | map(attribute='name') | join }}{{ cv }}",
        "'person', which holds 'person.name', is computed with, and not only put out",
    ),
    "length of the object": (
        "{{ person | length }}{{ cv }}",
        "'person', which holds 'person.name', is computed with, and not only put out",
    ),
}


@pytest.mark.parametrize(("text", "what"), NESTED.values(), ids=NESTED)
def test_an_object_is_not_read_around_its_declared_field(text: str, what: str) -> None:
    error = refusal(one(text, Nested))
    assert error.what == what
    assert "write {{ person.name }} by itself" in error.hint


def test_every_place_is_told_at_once() -> None:
    error = refusal(one("{% if name %}x{% endif %}\n{{ name | length }}\n{{ cv }}"))
    assert [(each.where.line, each.where.column) for each in (error, *error.others) if each.where] == [(1, 7), (2, 4)]
    assert str(error).count("^^^^") == 2
    error = refusal(
        one("{{ name | length }} {{ cv }}\nIs he good?", tools=[{"name": "ask", "description": "Asks her"}])
    )
    assert [each.what.partition(":")[0] for each in (error, *error.others)] == [
        "'name'" + COMPUTED,
        "the template fixes gender at line 2",
        "tools[0].description fixes gender",
    ]


def test_a_file_is_named() -> None:
    text = (
        "---\ninputs:\n  name: {kind: string, demographic: gender}\n---\nsystem:\nBe kind.\n\n"
        "user:\nRate\n{{ name | length }}\n"
    )
    error = refusal(read(text.encode(), source="prompts/rate.prompty"))
    assert str(error.where) == "prompts/rate.prompty:10:4"
    assert "10 | {{ name | length }}" in str(error)


def test_an_include_is_looked_through() -> None:
    inner = one("{% if name == 'Bo' %}Be kind.{% endif %}{{ cv }}")
    error = refusal(one("{% include 'style' %} {{ name }}", includes={"style": inner}))
    assert error.what == "in the include 'style': a condition reads 'name'"
    deeper = one("{% include 'inner' %}", includes={"inner": inner})
    error = refusal(one("{% include 'style' %} {{ name }}", includes={"style": deeper}))
    assert error.what == "in the include 'style': in the include 'inner': a condition reads 'name'"


def test_an_include_inside_of_a_block_is_read_again() -> None:
    inner = one("{{ name }} {{ cv }}")
    text = "{% set a %}{% include 'who' %}{% endset %}{% if 'Bo' in a %}x{% endif %}{{ name }}"
    pairing = paired(one(text, includes={"who": inner}), [{}], GENDER)
    assert len(pairing.variants) == 30  # nobody here is called Bo: the messages are the same
    text = "{% set a %}{% include 'who' %}{% endset %}{{ a | length }} {{ name }}"
    error = refusal(one(text, includes={"who": inner}))
    assert error.what.endswith("message 1 (user) differs where no declared field is put out")


def test_a_tool_is_given_none() -> None:
    tool = {"name": "find", "bindings": {"who": {"input": "name"}}}
    assert refusal(one("{{ name }} {{ cv }}", tools=[tool])).what == "a tool is given 'name'"


# --- the model changes something with the group -----------------------------------------------------------------------


class Lengths(Applicant):
    salary: int = 0

    @model_validator(mode="after")
    def by_name(self) -> Lengths:
        self.salary = len(self.name)
        return self


class Shouting(Applicant):
    @field_validator("name")
    @classmethod
    def loud(cls, name: str) -> str:
        return name.upper()


class Picky(Applicant):
    @field_validator("name")
    @classmethod
    def refuse(cls, name: str) -> str:
        if name.startswith("J"):
            raise ValueError("no names with J")
        return name


class Filled(Applicant):
    greeting: str = ""

    @model_validator(mode="before")
    @classmethod
    def default(cls, given: Any) -> Any:
        return {"greeting": f"Dear {given['name'].split()[0]}", **given}


MODELS: dict[str, tuple[type[BaseModel], str, str]] = {
    "another input": (
        Lengths,
        "{{ salary }}",
        "male[0] in cases[0]: the model changes 'salary' with the group: it is 12, and was 2",
    ),
    "the field itself": (Shouting, "", "female[0] in cases[0]: the model makes 'BO' of 'Bo' for 'name'"),
    "a value": (Picky, "", "male[1] in cases[0]: input 'name' is 'Jo', which is refused"),
    "a computed default": (Filled, "{{ greeting }}", "the input 'greeting' of cases[0] holds a value of the set: 'Bo'"),
}


@pytest.mark.parametrize(("model", "more", "what"), MODELS.values(), ids=MODELS)
def test_a_validator_that_looks_at_the_group_is_found(model: type[BaseModel], more: str, what: str) -> None:
    assert refusal(one("{{ name }} {{ cv }}" + more, model), variants=WIDTHS).what == what


# --- the template's own words -----------------------------------------------------------------------------------------

FIXED: dict[str, tuple[str, str, int, str]] = {
    "pronoun": ("Rate {{ name }}.\nIs he any good? {{ cv }}", "names a group: 'he'", 2, "he"),
    "job title": ("{{ name }} is our new salesman: {{ cv }}", "names a group: 'salesman'", 1, "salesman"),
    "form of address": ("Write to Mr {{ name }}: {{ cv }}", "names a group: 'Mr'", 1, "Mr"),
    "in a constant": ("{{ name }}: {{ cv ~ ' and her team' }}", "names a group: 'her'", 1, "her"),
    "in a set": ("{% set p = 'she' %}{{ name }}: {{ p }} {{ cv }}", "names a group: 'she'", 1, "she"),
    "in a branch": (
        "{{ name }}{% if cv == 'x' %} herself{% endif %}{{ cv }}",
        "names a group: 'herself'",
        1,
        "herself",
    ),
    "in raw text": ("{{ name }} {{ cv }}{% raw %} {{ she }}{% endraw %}", "names a group: 'she'", 1, "she"),
    "shouted": ("Is SHE any good? {{ name }} {{ cv }}", "names a group: 'SHE'", 1, "SHE"),
    "in Markdown": ("Is _she_ any good? {{ name }} {{ cv }}", "names a group: 'she'", 1, "she"),
    "in a picture": ("👩‍💼 {{ name }} {{ cv }}", "shows a group: '👩'", 1, "👩"),
    "wide letters": ("{{ name }} {{ cv }} ｓｈｅ", "names a group: 'she'", 1, "ｓｈｅ"),
    "look-alike letters": ("{{ name }} {{ cv }} shе", "names a group: 'she'", 1, "shе"),
    "invisible characters": ("{{ name }} {{ cv }} s\u200bhe", "names a group: 'she'", 1, "s\u200bhe"),
    "a name of the set": (
        "Like Emily Walker, {{ name }}: {{ cv }}",
        "holds a value of the set: 'Emily Walker'",
        1,
        "Emily Walker",
    ),
    "a first name of the set": (
        "Like Emily, {{ name }}: {{ cv }}",
        "holds a value of the set: 'Emily'" + OF_EMILY,
        1,
        "Emily",
    ),
    "in another case": ("Like EMILY, {{ name }}: {{ cv }}", "holds a value of the set: 'EMILY'" + OF_EMILY, 1, "EMILY"),
}


@pytest.mark.parametrize(("text", "what", "line", "word"), FIXED.values(), ids=FIXED)
def test_a_template_that_fixes_the_group_is_refused_with_its_line(text: str, what: str, line: int, word: str) -> None:
    error = refusal(one(text))
    assert error.what == f"the template fixes gender at line {line}: it {what}"
    assert error.where is not None
    column = text.splitlines()[line - 1].index(word) + 1
    assert (error.where.line, error.where.column, error.where.width) == (line, column, len(word))


@pytest.mark.parametrize("language", ["en-GB", "EN"])
def test_a_dialect_has_the_words_of_its_language(language: str) -> None:
    own = replace(GENDER, language=language)
    assert refusal(one("Rate {{ name }}. Is he good? {{ cv }}"), variants=own).what.endswith("names a group: 'he'")


def test_the_words_of_messages_that_are_no_templates_count() -> None:
    literal = Prompt.define(Applicant, system("He is {{ good }}.", literal=True), user("{{ name }} {{ cv }}"))
    assert refusal(literal).what == "the template fixes gender at line 1: it names a group: 'He'"
    style = one("Ask his boss. {{ cv }}", create_model("Style", cv=(str, ...)))
    include = one("{% include 'style' %} {{ name }}", includes={"style": style})
    assert refusal(include).what.endswith("fixes gender at line 1: it names a group: 'his'")


def test_a_word_that_is_put_together_is_found() -> None:
    error = refusal(one("{{ name }}: {{ cv }}, w{{ 'om' }}an"))
    assert error.what == "message 1 (user) of cases[0] names a group: 'woman', once it is put together"
    assert str(error.where) == "cases[0], message 1 (user):1:16"


def test_what_is_sent_beside_counts() -> None:
    class Answer(BaseModel):
        hire: bool = Field(description="whether she is hired")

    tools = [{"name": "ask", "description": "Asks her boss"}]
    assert refusal(one("{{ name }} {{ cv }}", tools=tools)).what == (
        "tools[0].description fixes gender: it names a group: 'her'"
    )
    error = refusal(one("{{ name }} {{ cv }}", outputs=Answer))
    assert error.what == "outputs[0].hire fixes gender: it names a group: 'she'"
    enum: Any = create_model("Answer", kind=(_type(Literal["he", "other"]), ...))
    assert refusal(one("{{ name }} {{ cv }}", outputs=enum)).what.startswith("outputs[0].values[0] fixes gender")


def test_words_for_everybody_fix_nothing() -> None:
    text = "{{ name }}: did he or she send a CV? If they did, what do people say of their work? {{ cv }}"
    assert len(paired(one(text), [{}], GENDER).variants) == 30


# --- the other inputs of a case ---------------------------------------------------------------------------------------


class Case(NamedTuple):
    model: type[BaseModel]
    case: dict[str, Any]
    what: str
    where: str


CASES: dict[str, Case] = {
    "text": Case(
        Applicant,
        {"cv": "Sales.\nShe led a team"},
        "the input 'cv' of cases[0] names a group: 'She'",
        "cases[0].cv:2:1",
    ),
    "name of the set": Case(
        Applicant,
        {"cv": "Emily's CV"},
        "the input 'cv' of cases[0] holds a value of the set: 'Emily'" + OF_EMILY,
        "cases[0].cv:1:1",
    ),
    "example in a thread": Case(
        Talk,
        {"history": [user("Rate him"), assistant("7")]},
        "the input 'history' of cases[0] names a group: 'him'",
        "cases[0].history[0]:1:6",
    ),
    "field": Case(Applicant, {"name": "Bo"}, "cases[0] gives 'name' itself", ""),
    "field inside": Case(Nested, {"person": {"name": "Bo"}}, "cases[0] gives 'person.name' itself", ""),
    "object that holds it": Case(Nested, {"person": Person(name="Bo")}, "cases[0] gives 'person.name' itself", ""),
    "neighbour inside": Case(
        Nested,
        {"person": {"city": "Lady Bay, a lady's bay"}},
        "the input 'person' of cases[0] names a group: 'Lady'",
        "cases[0].person.city:1:1",
    ),
    "unknown input": Case(Applicant, {"CV": "x"}, "female[0] in cases[0]: unknown input 'CV'", "inputs of Applicant"),
}


@pytest.mark.parametrize("given", CASES.values(), ids=CASES)
def test_a_case_that_tells_the_group_is_refused(given: Case) -> None:
    texts = {
        Applicant: one("{{ name }} {{ cv }}"),
        Nested: one("{{ person.name }} {{ person.city }} {{ cv }}", Nested),
        Talk: Prompt.define(Talk, placeholder("history"), user("{{ name }} {{ cv }}")),
    }
    error = refusal(texts[given.model], given.case)
    assert error.what == given.what
    assert str(error.where or "") == given.where


def test_a_default_is_an_input_of_a_case_too() -> None:
    model = create_model("Inputs", __base__=Applicant, boss=(str, "Mrs Lee"))
    error = refusal(one("{{ name }} {{ cv }} {{ boss }}", model))
    assert error.what == "the input 'boss' of cases[0] names a group: 'Mrs'"


def test_an_input_that_tells_the_group_by_its_name_is_refused() -> None:
    model = create_model("Inputs", __base__=Applicant, sex=(_type(Literal["f", "m", "x"]), ...))
    prompt = one("{{ name }} {{ cv }} {{ sex }}", model)
    error = refusal(prompt, {"sex": "f"})
    assert error.what == "the input 'sex' of cases[0] by its name tells gender"
    assert 'Demographic("gender")' in error.hint
    assert len(paired(prompt, [{"sex": "f"}], GENDER, allow=["sex"]).variants) == 30


def test_what_is_allowed_on_purpose_is_kept_for_the_report() -> None:
    prompt = one("{{ name }} {{ cv }}")
    case = {"cv": "A letter to Mrs Lee, of her nephew"}
    assert "allow=['cv']" in refusal(prompt, case).hint
    pairing = paired(prompt, [{}, case], GENDER, allow=["cv"])
    assert [tuple(each) for each in pairing.allowed] == [("cv", 1, ("Mrs", "her", "nephew"))]


def test_pictures_are_not_looked_into_and_said_to_be_so() -> None:
    model = create_model("Inputs", __base__=Applicant, photo=(Image, ...))
    case = {"photo": Image("https://example.org/portrait.png")}
    pairing = paired(one("{{ name }} {{ cv }} {{ photo }}", model), [case], GENDER)
    assert pairing.note == "the images and files of 'photo' were not looked into"
    error = refusal(one("{{ name }} {{ cv }} {{ photo }}", model), {"photo": Image("https://example.org/a/emily.png")})
    assert error.what.startswith("the input 'photo' of cases[0] holds a value of the set: 'emily'")


@pytest.mark.parametrize(
    ("cases", "what"),
    [
        ({"cv": "x"}, "cases are a dict, not a list of mappings"),
        (3, "cases are a int, not a list of mappings"),
        ([], "there are no cases"),
        (["x"], "cases[0] is a str, not a mapping"),
        ([{}, Applicant(name="x")], "cases[1] is a Applicant, not a mapping"),
    ],
)
def test_what_is_no_case_is_refused(cases: Any, what: str) -> None:
    with pytest.raises(PairingRefused) as caught:
        paired(one("{{ name }} {{ cv }}"), cases, GENDER)
    assert caught.value.what == what


def test_what_cannot_be_allowed_is_refused() -> None:
    for name in ("CV", "name"):
        error = refusal(one("{{ name }} {{ cv }}"), allow=[name])
        assert error.what == f"allow names {name!r}, which is no other input"


# --- what a budget does -----------------------------------------------------------------------------------------------


class Long(BaseModel):
    name: Annotated[str, Demographic("gender", "name")]
    cv: Annotated[str, Segment(truncate="end")]


def test_a_budget_that_cuts_one_group_otherwise_is_refused() -> None:
    prompt = one("{{ name }} {{ cv }}", Long)
    error = refusal(prompt, {"cv": "word " * 100}, variants=WIDTHS, budget=Budget(60))
    assert error.what.startswith(
        "male[0] in cases[0]: the budget cuts it otherwise than the first group: 'cv' is truncated with "
    )
    assert error.hint.startswith("raise max_tokens")


def test_a_budget_that_drops_the_field_of_one_group_is_refused() -> None:
    model = create_model("Inputs", name=(_type(Annotated[str, Demographic("gender"), Segment(truncate="drop")]), ...))
    error = refusal(one("Rate {{ name }} now", model), variants=WIDTHS, budget=Budget(11))
    assert "the budget cuts it otherwise than the first group" in error.what


def test_a_budget_that_is_exceeded_is_told() -> None:
    error = refusal(one("{{ name }} {{ cv }}"), {"cv": "word " * 100}, budget=Budget(20))
    assert error.what.startswith("female[0] in cases[0]: the prompt takes ")


# --- fields, forms, values --------------------------------------------------------------------------------------------


def test_a_prompt_without_a_field_is_told_how_to_write_one() -> None:
    class Silent(BaseModel):
        who: str

    error = refusal(one("{{ who }}", Silent))
    assert error.what == "no input of this prompt tells the axis 'gender'"
    assert 'write who: Annotated[str, Demographic("gender", "name")] in the model' in error.hint
    assert "`demographic: gender` below `who:` in the file" in error.hint
    assert "fields={'who': 'name'}" in error.hint
    assert len(paired(one("{{ who }}", Silent), [{}], GENDER, fields={"who": "name"}).variants) == 30


def test_another_axis_is_told() -> None:
    class Misspelt(BaseModel):
        who: Annotated[str, Demographic("gendre", "name")]

    error = refusal(one("{{ who }}", Misspelt))
    assert error.what == "no input of this prompt tells the axis 'gender'; its fields tell gendre"
    assert error.hint.startswith("did you mean 'gendre'?")


FORMS: dict[str, tuple[Any, str, str]] = {
    "form": (
        Annotated[str, Demographic("gender", "nmae")],
        "'who' asks for the form 'nmae', which the set for 'gender' has not",
        "did you mean 'name'?",
    ),
    "length": (
        Annotated[str, Field(max_length=12), Demographic("gender")],
        "female.name[1], which 'who' is given, is 'Sarah Bennett', not text of at most 12 characters" + MORE.format(4),
        "change the type",
    ),
    "enum": (
        Annotated[Literal["Ms", "Mr"], Demographic("gender", "title")],
        "nonbinary.title[0], which 'who' is given, is 'Mx', not one of 'Ms', 'Mr'" + MORE.format(9),
        "variants.only(",
    ),
    "number": (
        Annotated[int, Demographic("gender", "title")],
        "female.title[0], which 'who' is given, is 'Ms', not a whole number" + MORE.format(9),
        "change the type",
    ),
    "date": (
        Annotated[date, Demographic("gender", "title")],
        "female.title[0], which 'who' is given, is 'Ms', not a date" + MORE.format(9),
        "change the type",
    ),
}


@pytest.mark.parametrize(("annotation", "what", "hint"), FORMS.values(), ids=FORMS)
def test_values_that_a_field_cannot_hold_are_told_by_field_group_and_row(annotation: Any, what: str, hint: str) -> None:
    error = refusal(one("{{ who }}", create_model("Inputs", who=(annotation, ...))))
    assert error.what == what
    assert hint in error.hint


def test_fields_that_are_none_are_refused() -> None:
    error = refusal(one("{{ name }} {{ cv }}"), fields={"nmae": "name"})
    assert (error.what, error.hint) == ("no input 'nmae' to vary", "did you mean 'name'? inputs here: name, cv")
    talk = Prompt.define(Talk, placeholder("history"), user("{{ name }} {{ cv }}"))
    assert refusal(talk, fields={"history": "name"}).what == "the input 'history' is of kind thread and tells no group"


def test_fields_that_are_no_mapping_are_refused() -> None:
    fields: tuple[Any, ...] = ("name", ["name"])
    for given in fields:
        error = refusal(one("{{ name }} {{ cv }}"), fields=given)
        assert error.what == f"fields are a {type(given).__name__}, not a mapping"


def test_a_value_that_a_filter_cannot_put_out_is_told() -> None:
    error = refusal(one("{{ name | date('%Y') }} {{ cv }}"))
    assert error.what == "female[0] cannot be put out: 'Emily Walker' is no date in ISO form"


def test_a_case_in_which_no_field_is_seen_is_refused() -> None:
    error = refusal(one("{% if cv == 'x' %}{{ name }}{% endif %}{{ cv }}"))
    assert error.what == "no message of cases[0] puts out a declared field"
    model = create_model(
        "Inputs", __base__=Applicant, title=(_type(Annotated[str, Demographic("gender", "title")]), ...)
    )
    error = refusal(one("{% if cv == 'x' %}{{ title }}{% endif %}{{ name }}{{ cv }}", model))
    assert error.what == "no message of any case puts out 'title'"


def test_a_chain_and_other_things_are_refused() -> None:
    prompt = one("{{ name }} {{ cv }}")
    chain = Chain.define(Applicant, step("rate", prompt, name="name", cv="cv"))
    things: tuple[Any, ...] = (chain, "rate", None)
    for given in things:
        error = refusal(given)
        assert error.what == f"a {type(given).__name__} cannot be paired"


def test_a_prompt_that_renders_otherwise_is_found() -> None:
    """Whatever makes the messages: they are compared with those of the skeleton."""

    class Leaking(Prompt[Any]):
        def render(self, inputs: Any = None, /, **options: Any) -> Any:
            rendered = super().render(inputs, **options)
            first, *others = rendered.messages
            loud = Message(
                first.role, (*first.parts[:-1], type(first.parts[-1])(first.text + "!" * len(inputs["name"])))
            )
            object.__setattr__(rendered, "messages", (loud, *others))
            return rendered

    honest = one("{{ name }} {{ cv }}")
    error = refusal(Leaking(messages=honest.messages, inputs=honest.inputs, inputs_model=Applicant))
    assert error.what == "female[0] in cases[0]: message 1 (user) differs where no declared field is put out"
    assert str(error.where) == "female[0] in cases[0], message 1 (user):1:24"
