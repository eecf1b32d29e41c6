"""Pairs: what they hold, and that they differ only where a declared field is put out."""

from __future__ import annotations

import pickle
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, create_model

from promptlib import Budget, Prompt, Segment, Store, Thread, assistant, placeholder, system, user
from promptlib.errors import NotFound, PairingRefused
from promptlib.fairness import Demographic, Field, VariantSet, paired
from promptlib.fairness.cutting import alike

if TYPE_CHECKING:
    from pathlib import Path

    from promptlib.fairness import Pairing
    from promptlib.messages import Message

GENDER = VariantSet.shipped("gender")
AGE = VariantSet.shipped("age")


class Application(BaseModel):
    name: Annotated[str, Demographic("gender", "name")]
    pronoun: Annotated[str, Demographic("gender", "possessive")]
    cv: str
    history: Thread = ()


def test_rows_of_a_case_are_alike_but_for_the_fields() -> None:
    prompt = Prompt.define(
        Application, system("You rate."), placeholder("history"), user("{{ name }}, {{ pronoun | upper }} CV: {{ cv }}")
    )
    talk = (user("Hello"), assistant("What do you need?"))
    pairing = paired(prompt, [{"cv": "5 years"}, {"cv": "3 years", "history": talk}], GENDER)
    assert pairing.groups == ("female", "male", "nonbinary")
    assert len(pairing.variants) == 2 * GENDER.rows * 3
    assert pairing.fields == (Field("name", "name"), Field("pronoun", "possessive"))
    for at, row in enumerate(pairing.rows()):
        assert [each.group for each in row] == list(pairing.groups)
        assert {(each.case, each.row) for each in row} == {divmod(at, GENDER.rows)}
        assert len({_around(each) for each in row}) == 1
        for each in row:
            *_, last = each.rendered.messages
            assert [last.text[put.start : put.end] for put in each.put] == [
                each.values["name"],
                str(each.values["pronoun"]).upper(),
            ]
            assert {put.message for put in each.put} == {len(each.rendered.messages) - 1}
    assert (pairing.allowed, pairing.note) == ((), "")


def _around(variant: Any) -> tuple[object, ...]:
    """Return the messages of a variant with what the fields put out cut out of them."""
    texts = [message.text for message in variant.rendered.messages]
    for put in sorted(variant.put, reverse=True):
        texts[put.message] = texts[put.message][: put.start] + "\0" + texts[put.message][put.end :]
    return tuple((message.role, text) for message, text in zip(variant.rendered.messages, texts, strict=True))


def test_one_render_a_variant(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[object] = []
    render = Prompt.render

    def counted(prompt: Prompt[Any], *values: Any, **options: Any) -> object:
        rendered.append(prompt)
        return render(prompt, *values, **options)

    monkeypatch.setattr(Prompt, "render", counted)
    prompt = Prompt.define(Application, user("{{ name }} {{ pronoun }} {{ cv }}"), placeholder("history"))
    pairing = paired(prompt, [{"cv": "x"}, {"cv": "y"}], GENDER)
    assert len(rendered) == len(pairing.variants) == 60


ALLOWED: dict[str, str] = {
    "by itself": "{{ name }}",
    "without blanks": "{{name}}",
    "trimmed": "a {{- name -}} b",
    "upper case": "{{ name | upper }}",
    "several filters": "{{ name | trim | title | tojson }}",
    "in a fence": "{{ name | delimited('applicant') }}",
    "in a condition on something else": "{% if cv %}{{ name }}{% else %}{{ name | lower }}{% endif %}",
    "in a loop over something else": "{% for turn in [1, 2] %}{{ name }} {% endfor %}",
    "in a segment": "{% segment 'who' priority=3 %}{{ name }}{% endsegment %}",
    "beside a macro": "{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m(cv) }}{{ name }}",
    "beside another of its name": "{% for name in ['x'] %}{{ name | length }}{% endfor %}{{ name }}",
    "in a comment": "{# if name == 'x' she … #}{{ name }}",
    "twice": "{{ name }}{{ name }}",
    "behind escapes": "{% raw %}{{ name | length }}{% endraw %}{{ name }}",
    "over several lines": "{{\n  name\n  | upper\n}}",
}


@pytest.mark.parametrize("text", ALLOWED.values(), ids=ALLOWED)
@pytest.mark.parametrize("trust", ["own", "foreign"])
def test_what_only_puts_a_field_out_is_paired(text: str, trust: Literal["own", "foreign"]) -> None:
    model = create_model("Inputs", name=(_type(Annotated[str, Demographic("gender")]), ...), cv=(str, "x"))
    prompt = Prompt.define(model, user(text + "{{ cv }}"), trust=trust)
    for row in paired(prompt, [{}], GENDER).rows():
        assert len({_around(each) for each in row}) == 1
        assert all(each.put for each in row)


def _type(annotation: Any) -> Any:
    """Return *annotation*, of which a checker need not make anything."""
    return annotation


def test_numbers_and_dates_are_put_out() -> None:
    model = create_model(
        "Inputs",
        age=(_type(Annotated[int, Demographic("age")]), ...),
        born=(_type(Annotated[date, Demographic("age", "born")]), ...),
        said=(_type(Annotated[str, Demographic("age", "age")]), ...),
    )
    prompt = Prompt.define(model, user("{{ age }}, {{ born | date('%B %Y') }}, {{ said }}"))
    texts = [each.rendered.text for each in paired(prompt, [{}], AGE).variants[:3]]
    assert texts == ["22, March 2003, 22", "42, March 1983, 42", "62, March 1963, 62"]


def test_a_field_inside_of_an_object_is_given_beside_its_neighbours() -> None:
    class Person(BaseModel):
        name: Annotated[str, Demographic("gender")]
        city: str = "Leeds"

    class Inputs(BaseModel):
        person: Person

    prompt = Prompt.define(Inputs, user("{{ person.name }} of {{ person.city }}"))
    texts = [each.rendered.text for each in paired(prompt, [{}, {"person": {"city": "York"}}], GENDER).variants]
    assert (texts[0], texts[-1]) == ("Emily Walker of Leeds", "Rowan Morris of York")


def test_fields_can_be_given_instead() -> None:
    class Inputs(BaseModel):
        who: str
        name: Annotated[str, Demographic("gender", "name")]

    prompt = Prompt.define(Inputs, user("{{ who }} {{ name }}"))
    pairing = paired(prompt, [{}], GENDER.only("male", "female"), fields={"who": "title", "name": "noun"})
    assert [each.rendered.text for each in pairing.variants[:2]] == ["Mr man", "Ms woman"]


def test_a_stored_prompt_and_its_includes_are_paired(tmp_path: Path) -> None:
    inner = create_model("Style", name=(str, ...))
    outer = create_model("Inputs", name=(_type(Annotated[str, Demographic("gender")]), ...))
    with Store.init(tmp_path / "prompts.git", bare=True) as store:
        style = store.save("style", Prompt.define(inner, system("Be kind to {{ name | upper }}.")))
        include = '{% include "style" %}'
        store.save("rate", Prompt.define(outer, user(include + " {{ name }}"), includes={"style": style}))
        loaded = store.load("rate")
        texts = [each.rendered.text for each in paired(loaded, [{}], GENDER, resolve=store.load).variants[:2]]
    assert texts == ["Be kind to EMILY WALKER. Emily Walker", "Be kind to JAMES WALKER. James Walker"]


def test_an_include_that_is_not_at_hand_is_not_found() -> None:
    model = create_model("Inputs", name=(_type(Annotated[str, Demographic("gender")]), ...))
    pin = f"style#{'0' * 64}"
    with pytest.raises(NotFound, match="the include 'style'"):
        paired(Prompt.define(model, user("{% include 'style' %} {{ name }}"), includes={"style": pin}), [{}], GENDER)


def test_a_model_tells_the_fields_of_a_file_that_is_silent() -> None:
    silent = create_model("Inputs", name=(str, ...))
    telling = create_model("Inputs", name=(_type(Annotated[str, Demographic("gender")]), ...))
    prompt = Prompt.define(silent, user("{{ name }}")).with_model(telling)
    assert paired(prompt, [{}], GENDER).fields == (Field("name", "name"),)


def test_a_set_without_a_list_of_words_says_so() -> None:
    model = create_model("Inputs", name=(_type(Annotated[str, Demographic("genre")]), ...), cv=(str, "Elle"))
    french = VariantSet(
        axis="genre",
        language="fr",
        source="ours",
        licence="CC0-1.0",
        groups={"femme": {"name": ("Camille Petit",)}, "homme": {"name": ("Paul Petit",)}},
    )
    pairing = paired(Prompt.define(model, user("{{ name }} {{ cv }}")), [{}], french)
    assert pairing.note == (
        "no list of words tells the axis 'genre' in the language 'fr': outside of the fields only the set's own values "
        "were looked for"
    )
    with pytest.raises(PairingRefused, match="holds a value of the set: 'Camille', of 'Camille Petit'"):
        paired(Prompt.define(model, user("{{ name }} {{ cv }}")), [{"cv": "Camille"}], french)


def test_a_variant_crosses_a_process() -> None:
    model = create_model("Inputs", name=(_type(Annotated[str, Demographic("gender")]), ...))
    prompt = Prompt.define(model, user("{{ name }}")).evolve(inputs=Prompt.define(model, user("{{ name }}")).inputs)
    variant = paired(prompt, [{}], GENDER).variants[0]
    assert pickle.loads(pickle.dumps(variant)) == variant  # noqa: S301 - our own bytes, made on this line
    assert hash(variant.values)


# --- inside a budget --------------------------------------------------------------------------------------------------


class Long(BaseModel):
    name: Annotated[str, Demographic("gender")]
    cv: Annotated[str, Segment(truncate="end")]


def test_a_budget_that_cuts_nothing_changes_nothing() -> None:
    prompt = Prompt.define(Long, user("{{ name }} {{ cv }}"))
    pairing = paired(prompt, [{"cv": "five years"}], GENDER, budget=Budget(1_000))
    assert all(each.put and each.rendered.report for each in pairing.variants)
    assert pairing.variants == paired(prompt, [{"cv": "five years"}], GENDER).variants


def test_what_every_group_loses_alike_is_paired() -> None:
    """A segment that is dropped is dropped for all; where the fields stand is not told then."""
    model = create_model(
        "Inputs",
        name=(_type(Annotated[str, Demographic("gender")]), ...),
        cv=(_type(Annotated[str, Segment(truncate="drop")]), ...),
    )
    prompt = Prompt.define(model, user("{{ name }}. {{ cv }}"))
    pairing = paired(prompt, [{"cv": "word " * 100}], GENDER, budget=Budget(50))
    assert {each.rendered.messages[0].text for each in pairing.variants} == {
        f"{each.values['name']}. " for each in pairing.variants
    }
    assert not any(each.put for each in pairing.variants)


def texts(*given: str) -> list[Message]:
    return [user(text) for text in given]


CUTS: dict[str, tuple[list[Message], list[Message], tuple[tuple[str, str], ...], bool]] = {
    "the same": (texts("a Bo b"), texts("a Jo b"), (("Bo", "Jo"),), True),
    "other lengths": (texts("a Bo b"), texts("a Alexandrina b"), (("Bo", "Alexandrina"),), True),
    "cut behind": (texts("a Bo "), texts("a Jo "), (("Bo", "Jo"), ("x", "y")), True),
    "cut before": (texts("x b"), texts("y b"), (("Bo", "Jo"), ("x", "y")), True),
    "cut otherwise": (texts("a Bo wor"), texts("a Jo wo"), (("Bo", "Jo"),), False),
    "field cut in two": (texts("a B"), texts("a J"), (("Bo", "Jo"),), False),
    "in the other order": (texts("x Bo"), texts("y Jo"), (("Bo", "Jo"), ("x", "y")), False),
    "once too often": (texts("Bo Bo"), texts("Jo Jo"), (("Bo", "Jo"),), False),
    "over messages": (texts("Bo", "x"), texts("Jo", "y"), (("Bo", "Jo"), ("x", "y")), True),
    "over messages, in the other order": (texts("x", "Bo"), texts("y", "Jo"), (("Bo", "Jo"), ("x", "y")), False),
    "a message less": (texts("Bo", "x"), texts("Jo"), (("Bo", "Jo"), ("x", "y")), False),
    "a field that looks like its text": (texts("aa Bo"), texts("aa aa"), (("Bo", "aa"),), True),
    "many places to begin": (texts("a" * 50 + "b"), texts("a" * 50 + "c"), (("a", "a"),) * 9 + (("b", "c"),), True),
}


@pytest.mark.parametrize(("one", "other", "pairs", "expected"), CUTS.values(), ids=CUTS)
def test_what_a_budget_leaves_is_explained_by_one_text(
    one: list[Message], other: list[Message], pairs: tuple[tuple[str, str], ...], *, expected: bool
) -> None:
    assert alike(one, other, pairs) is expected


# --- any template of plain variables ----------------------------------------------------------------------------------

WORDS = st.sampled_from(["{{ name }}", "{{title}}", "{{ cv }}", "{{ note }}", "Rate: ", "\n", "…", "{ }", "7 ", " %} "])
PLAIN = st.lists(
    st.tuples(st.sampled_from([system, user, assistant]), st.lists(WORDS, min_size=1)), min_size=1, max_size=4
)


@settings(max_examples=60, deadline=None)
@given(PLAIN, st.text(alphabet="0x{}% \n…ßé|", max_size=12))
def test_a_plain_template_differs_only_there(parts: list[Any], note: str) -> None:
    """The expected messages are made by replacing tags in the text of the template, for each variant by itself."""
    messages = [role("".join(words)) for role, words in parts]
    used = {name for name in ("name", "title", "cv", "note") if any(name in each.text for each in messages)}
    if not {"name", "title"} & used:
        return
    types = {"name": "name", "title": "title"}
    fields: dict[str, Any] = {
        name: (Annotated[str, Demographic("gender", types[name])] if name in types else str, ...)
        for name in sorted(used)
    }
    prompt = Prompt.define(create_model("Inputs", **fields), *messages)
    case = {name: text for name, text in {"cv": "{{ name }} five", "note": note}.items() if name in used}
    for each in paired(prompt, [case], GENDER).variants:
        values = {
            **case,
            "name": GENDER.groups[each.group]["name"][each.row],
            "title": GENDER.groups[each.group]["title"][0],
        }
        assert [message.text for message in each.rendered.messages] == [
            naive(message.text, values) for message in messages
        ]


def naive(text: str, values: dict[str, Any]) -> str:
    """Return *text* with its tags replaced in one pass."""
    found, rest = "", text
    while rest:
        tag = next(
            (tag for name in values for tag in (f"{{{{ {name} }}}}", f"{{{{{name}}}}}") if rest.startswith(tag)), ""
        )
        found += str(values[tag.strip("{ }")]) if tag else rest[0]
        rest = rest[len(tag) or 1 :]
    return found


def test_what_a_pairing_says_of_itself() -> None:
    model = create_model("Inputs", name=(_type(Annotated[str, Demographic("gender")]), ...))
    pairing: Pairing = paired(Prompt.define(model, user("{{ name }}")), [{}], GENDER)
    assert pairing.set is GENDER
    assert pairing.cases == ({},)
    assert [put.field for put in pairing.variants[0].put] == ["name"]
