"""Segments: their words, the prompt that has them, what is refused, and where they lie when it renders."""

# ruff: noqa: ISC004 - texts of a table stand as they are told

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, replace
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, create_model

from promptlib import Segment, Store
from promptlib.errors import BudgetExceeded, InvalidPrompt
from promptlib.inputs import Input, InputType
from promptlib.messages import File, Image, Message, Placeholder, Thread, assistant, placeholder, system, user
from promptlib.plain import Frozen, thaw
from promptlib.prompt import Prompt
from promptlib.segments import FINE_TO_COARSE, TRUNCATES, WORDS, check_segment_name, segment_of
from promptlib.tokens import Budget

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from promptlib.messages import Piece


class Question(BaseModel):
    question: str
    docs: list[str] = []
    history: Thread = ()


class Marked(BaseModel):
    """The same inputs, with segments beside two of the types."""

    question: str
    docs: Annotated[list[str], Segment(priority=20)] = []
    history: Annotated[Thread, Segment(priority=10, min_tokens=5)] = ()


PIECES = (system("Answer."), placeholder("history"), user("{{ docs | join('; ') }}: {{ question }}"))
PLAIN = Prompt.define(Question, *PIECES)


def said(prompt: Prompt[Any]) -> object:
    """Return the segments of the inputs of *prompt*, as plain data."""
    return thaw(prompt.segments)


def with_segments(segments: Mapping[str, Any], *pieces: Piece) -> Prompt[Any]:
    return Prompt.define(Question, *(pieces or PIECES), segments=segments)


# --- the value --------------------------------------------------------------------------------------------------------


def test_a_segment_says_what_was_said_and_no_more() -> None:
    assert Segment().to_dict() == {}
    assert Segment(priority=0, boundary="token", max_tokens=None).to_dict() == {}
    said = Segment(
        priority=30, truncate="middle", boundary="line", min_tokens=2, max_tokens=9, marker=" […] ", group="x"
    )
    assert list(said.to_dict()) == list(WORDS)
    assert segment_of(said.to_dict(), "it") == said
    assert said.canonical() == Frozen(said.to_dict())
    assert segment_of(said, "it") is said


def test_segments_are_values() -> None:
    segment = Segment(priority=-3, truncate="drop")
    with pytest.raises(FrozenInstanceError):
        segment.priority = 4  # type: ignore[misc] # the write under test
    again = pickle.loads(pickle.dumps(segment))  # noqa: S301 - made above
    assert (again, hash(again)) == (segment, hash(segment))
    assert segment != replace(segment, priority=0)


NO_NUMBER = "it is a whole number"


@pytest.mark.parametrize(
    ("words", "what", "hint"),
    [
        (
            {"truncate": "midle"},
            "no truncate 'midle'",
            f"did you mean 'middle'? truncate: {', '.join(TRUNCATES)}",
        ),
        ({"boundary": "x"}, "no boundary 'x'", f"boundary: {', '.join(FINE_TO_COARSE)}"),
        ({"boundary": None}, "no boundary None", f"boundary: {', '.join(FINE_TO_COARSE)}"),
        ({"truncate": ["end"]}, "no truncate ['end']", f"did you mean 'end'? truncate: {', '.join(TRUNCATES)}"),
        ({"priority": 1.0}, "priority of a segment is 1.0", NO_NUMBER),
        ({"priority": True}, "priority of a segment is True", NO_NUMBER),
        ({"priority": 2**53}, "priority of a segment is 9007199254740992", NO_NUMBER),
        ({"priority": -(10**5_000)}, "priority of a segment is too large a number", NO_NUMBER),
        ({"min_tokens": -1}, "min_tokens of a segment is -1", f"{NO_NUMBER} from 0 on"),
        ({"max_tokens": 0}, "max_tokens of a segment is 0", f"{NO_NUMBER} from 1 on"),
        ({"min_tokens": None}, "min_tokens of a segment is None", f"{NO_NUMBER} from 0 on"),
        (
            {"min_tokens": 2_000, "max_tokens": 1_000},
            "a segment keeps at least 2,000 and at most 1,000 tokens",
            "min_tokens is the lower limit, max_tokens the upper",
        ),
        ({"marker": 3}, "the marker of a segment is a int", "it is a text"),
        ({"group": None}, "the group of a segment is a NoneType", "it is a text"),
        ({"group": "a b"}, "'a b' is no name for a segment", "a word of letters, digits, _, - and ."),
        (
            {"marker": "\ud800"},
            "the marker of a segment holds a lone surrogate at character 1",
            "such text is no Unicode",
        ),
        (
            {"truncate": "drop", "min_tokens": 1},
            "min_tokens of a segment that is kept whole or dropped",
            "leave min_tokens out",
        ),
        (
            {"truncate": "items", "boundary": "line"},
            "a boundary of a segment that is cut by items",
            "leave the boundary out",
        ),
        (
            {"truncate": "drop", "marker": "…"},
            "a marker of a segment that is cut by drop",
            "leave the marker out",
        ),
        (
            {"truncate": "oldest", "group": "a"},
            "a thread in a group",
            "a thread is no part of a group: its messages go one by one",
        ),
    ],
)
def test_words_that_cannot_be_are_refused(words: dict[str, Any], what: str, hint: str) -> None:
    with pytest.raises(InvalidPrompt) as caught:
        Segment(**words)
    assert (caught.value.what, caught.value.hint) == (what, hint)
    with pytest.raises(InvalidPrompt) as caught:
        segment_of(words, "the segment 'docs'")
    assert (caught.value.what, caught.value.hint) == (f"the segment 'docs': {what}", hint)


@pytest.mark.parametrize(
    ("given", "what", "hint"),
    [
        (30, "it is a int", "write Segment(priority=10)"),
        ({"prio": 3}, "it has no 'prio'", f"did you mean 'priority'? words: {', '.join(WORDS)}"),
        ({3: 4}, "it has no 3", f"words: {', '.join(WORDS)}"),
    ],
)
def test_what_is_no_segment_is_refused(given: object, what: str, hint: str) -> None:
    with pytest.raises(InvalidPrompt) as caught:
        segment_of(given, "it")
    assert (caught.value.what, caught.value.hint) == (what, hint)


@pytest.mark.parametrize("name", ["docs", "A.b-c_9", "x" * 64])
def test_a_name_of_a_segment_is_a_word(name: str) -> None:
    assert check_segment_name(name) == name


@pytest.mark.parametrize("name", ["", "9", "a b", "ä", "x" * 65, "a\n", None, 3])
def test_other_names_are_refused(name: object) -> None:
    with pytest.raises(InvalidPrompt, match="is no name for a segment"):
        check_segment_name(name)


# --- a prompt that has them -------------------------------------------------------------------------------------------

HISTORY, DOCS = Segment(priority=10), Segment(priority=20, marker="")


def test_segments_are_declared_beside_types_at_placeholders_and_by_name() -> None:
    """Each goes before the ones in front of it, input by input and whole."""
    assert said(Prompt.define(Marked, *PIECES)) == {
        "docs": {"priority": 20},
        "history": {"priority": 10, "min_tokens": 5},
    }
    pieces = (PIECES[0], placeholder("history", priority=11), PIECES[2])
    assert said(Prompt.define(Marked, *pieces)) == {"docs": {"priority": 20}, "history": {"priority": 11}}
    both = Prompt.define(Marked, *pieces, segments={"history": Segment(truncate="drop"), "question": {"marker": "…"}})
    assert said(both) == {
        "docs": {"priority": 20},
        "history": {"truncate": "drop"},
        "question": {"marker": "…"},
    }
    assert with_segments({"history": HISTORY}) == with_segments({"history": {"priority": 10}})


def test_a_placeholder_hands_its_segment_to_the_prompt() -> None:
    carrying = placeholder("history", priority=10, truncate="drop", max_tokens=900)
    assert carrying == Placeholder("history", segment=Segment(priority=10, truncate="drop", max_tokens=900))
    assert carrying != placeholder("history") == Placeholder("history")
    assert repr(carrying) == repr(Placeholder("history"))
    assert placeholder("history", priority=0).segment == placeholder("history", min_tokens=0).segment == Segment()
    prompt = with_segments({}, PIECES[0], carrying, PIECES[2])
    assert prompt.messages[1] == Placeholder("history")
    assert said(prompt) == {"history": {"priority": 10, "truncate": "drop", "max_tokens": 900}}
    made: Prompt[Any] = Prompt(messages=(PIECES[0], carrying, PIECES[2]), inputs=PLAIN.inputs)
    assert made == prompt
    parts: dict[str, Any] = {"inputs": PLAIN.inputs, "segments": Frozen({"history": Frozen({"priority": 1})})}
    carried: Prompt[Any] = Prompt(messages=(PIECES[0], carrying, PIECES[2]), **parts)
    assert carried == Prompt(messages=made.messages, **parts)


def test_what_a_placeholder_cannot_say_is_refused_where_it_is_written() -> None:
    with pytest.raises(InvalidPrompt) as caught:
        placeholder("history", priority="high")  # type: ignore[arg-type] # the mistake under test
    assert str(caught.value) == "the placeholder 'history': priority of a segment is 'high'\nit is a whole number"


def test_two_segments_at_two_placeholders_are_refused() -> None:
    pieces: list[Piece] = [*PIECES, placeholder("history", priority=1)]
    assert said(with_segments({}, *pieces)) == {"history": {"priority": 1}}
    with pytest.raises(InvalidPrompt) as caught:
        with_segments({}, *pieces, placeholder("history", priority=2))
    assert str(caught.value) == (
        "two placeholders 'history' have two segments\n"
        "  --> segment 'history'\n"
        "an input has one segment: say it once, or the same words twice"
    )


def test_segments_are_content_and_their_absence_changes_no_digest() -> None:
    assert "segments" not in str(PLAIN.content())
    assert PLAIN.digest == Prompt(messages=PLAIN.messages, inputs=PLAIN.inputs, segments=Frozen()).digest
    assert PLAIN.digest == "sha256:678444b03c46a73f6ec475473d471e4ac0da9bd0a0f4c45dc251eea4270e2f3b"
    assert (
        with_segments({"history": HISTORY}).digest
        == "sha256:e21fbb5ee6018534f83d8e651468439b44716852cb85730025d25a42516da1e1"
    )
    others: list[dict[str, Any]] = [{}, {"history": {}}, {"history": HISTORY}, {"docs": HISTORY}]
    others += [{"docs": {}, "history": {}}, {"docs": {}, "history": HISTORY}]
    assert len({with_segments(segments).digest for segments in others}) == len(others)


def test_what_goes_without_saying_is_no_content() -> None:
    """Nor does it matter in which order segments are given."""
    spelt = {"history": {"boundary": "token", "priority": 10, "truncate": None}, "docs": {"priority": 0}}
    assert with_segments(spelt) == with_segments({"docs": Segment(), "history": HISTORY})
    assert with_segments({"history": {"truncate": "oldest"}}) != with_segments({"history": {}})


def test_each_segment_says_how_it_is_cut() -> None:
    """What was not said is what fits the input: `oldest` for a thread, `items` for a list, else `end`."""
    stated = user('{% segment "all" priority=3 %}{{ docs | join }}{{ question }}{% endsegment %}{{ question }}')
    prompt = with_segments({"question": {}, "history": {"priority": 4}}, PIECES[1], stated)
    assert prompt.all_segments == {
        "all": Segment(priority=3, truncate="end"),
        "question": Segment(truncate="end"),
        "history": Segment(priority=4, truncate="oldest"),
    }
    assert with_segments({"docs": {}}).all_segments == {"docs": Segment(truncate="items")}
    assert with_segments({"docs": {"truncate": "middle"}}).all_segments == {"docs": Segment(truncate="middle")}
    assert PLAIN.all_segments == {}


def test_everything_comes_back_from_a_pickle() -> None:
    prompt = with_segments({"history": HISTORY, "docs": DOCS})
    again = pickle.loads(pickle.dumps(prompt))  # noqa: S301 - made above
    assert again == prompt
    assert again.segments == prompt.segments
    assert again.all_segments == prompt.all_segments


def test_nothing_of_them_can_be_changed() -> None:
    given_words = {"priority": 1}
    given_segments = {"history": given_words}
    prompt = with_segments(given_segments)
    given_words["priority"] = 2
    given_segments["docs"] = {}
    assert said(prompt) == {"history": {"priority": 1}}
    with pytest.raises(TypeError):
        prompt.segments["history"] = {}  # type: ignore[index] # the write under test
    with pytest.raises(AttributeError):
        prompt.segments = Frozen()  # type: ignore[misc] # the write under test


# --- copies -----------------------------------------------------------------------------------------------------------

BOTH = with_segments({"history": HISTORY, "docs": Segment(priority=20)})


class Longer(BaseModel):
    question: str
    history: Annotated[Thread, Segment(priority=99)] = ()
    more: Annotated[str, Segment(truncate="start")] = ""


def test_a_copy_keeps_its_segments() -> None:
    assert BOTH.evolve(description="other").segments == BOTH.segments
    assert BOTH.evolve(messages=[*PIECES, user("More.")]).segments == BOTH.segments
    assert BOTH.derive(tags=["x"]).segments == BOTH.segments
    assert BOTH.evolve(inputs=PLAIN.inputs).segments == BOTH.segments


def test_new_segments_take_the_place_of_all_that_there_were() -> None:
    assert BOTH.evolve(segments={}) == BOTH.derive(segments={}) == PLAIN
    assert said(BOTH.evolve(segments={"question": {}})) == {"question": {}}
    assert said(BOTH.derive(segments={"question": {}})) == {"question": {}}


def test_new_messages_bring_the_segments_of_their_placeholders() -> None:
    moved = BOTH.evolve(messages=[placeholder("history", truncate="drop"), PIECES[2]])
    assert said(moved) == {"history": {"truncate": "drop"}, "docs": {"priority": 20}}
    fresh = BOTH.evolve(messages=[placeholder("history", truncate="drop"), PIECES[2]], segments={})
    assert said(fresh) == {"history": {"truncate": "drop"}}


def test_new_inputs_bring_theirs_and_take_those_of_inputs_that_are_gone() -> None:
    pieces: list[Piece] = [PIECES[1], user("{{ question }}{{ more }}")]
    found = BOTH.evolve(inputs=Longer, messages=pieces)
    assert said(found) == {"history": {"priority": 99}, "more": {"truncate": "start"}}
    declared = Prompt.define(Question, *PIECES).evolve(inputs=Longer, messages=pieces).inputs
    assert said(BOTH.evolve(inputs=declared, messages=pieces)) == {"history": {"priority": 10}}
    streamed: Any = iter(declared)
    assert said(BOTH.evolve(inputs=streamed, messages=pieces)) == {"history": {"priority": 10}}


def test_a_model_that_types_a_stored_prompt_changes_no_segment() -> None:
    """Segments are content: the model's own ones are for prompts that are defined by it."""
    assert BOTH.with_model(Marked).segments == BOTH.segments
    assert PLAIN.with_model(Marked) == PLAIN


# --- what cannot be ---------------------------------------------------------------------------------------------------


class Pictures(BaseModel):
    picture: Image
    paper: File


def refusal(make: Callable[[], object]) -> str:
    with pytest.raises(InvalidPrompt) as caught:
        make()
    return str(caught.value)


NEVER = "would never be cut: the input is printed nowhere by itself"


@pytest.mark.parametrize(
    ("segments", "text"),
    [
        (
            {"histroy": {}},
            "the segment 'histroy' belongs to no input\n  --> segment 'histroy'\n"
            "did you mean 'history'? inputs here: question, docs, history",
        ),
        (
            {"history": {"truncate": "end"}},
            "the segment 'history' says truncate='end': a thread loses its oldest messages, or all of them\n"
            "  --> segment 'history'\n"
            'write truncate="oldest" or "drop"',
        ),
        (
            {"history": {"truncate": "items"}},
            "the segment 'history' says truncate='items': a thread loses its oldest messages, or all of them\n"
            "  --> segment 'history'\n"
            'write truncate="oldest" or "drop"',
        ),
        (
            {"history": {"truncate": "drop", "group": "a"}},
            "the segment 'history' is that of a thread, and in a group\n  --> segment 'history'\n"
            "take the group out: messages of a thread go one by one",
        ),
        (
            {"docs": {"truncate": "oldest"}},
            "the segment 'docs' says truncate='oldest': the input is of kind array, and has no messages\n"
            "  --> segment 'docs'\n"
            'only a thread is cut by "oldest"',
        ),
        (
            {"question": {"truncate": "items"}},
            "the segment 'question' says truncate='items': the input is of kind string, and has no items\n"
            "  --> segment 'question'\n"
            'only a list is cut by "items"',
        ),
        (
            {"history": {"boundary": "word"}},
            "the segment 'history': a boundary of a segment that is cut by oldest\n"
            "  --> segment 'history'\n"
            "leave the boundary out",
        ),
        (
            {"docs": {"group": "a", "priority": 1}, "question": {"group": "a", "priority": 2}},
            "the group 'a' holds priorities 1 ('docs') and 2 ('question')\n  --> segment 'question'\n"
            "a group is kept or dropped together: give all of it one priority",
        ),
        ({"docs": 3}, "the segment 'docs' is a int\nwrite Segment(priority=10)"),
        ([], 'segments is a list, not a mapping\nsuch as {"history": Segment(priority=10)}'),
        ({3: {}}, "segments has a key that is no text: 3\nwrite the key as a text"),
    ],
)
def test_a_segment_that_cannot_be_is_refused(segments: Any, text: str) -> None:
    assert refusal(lambda: with_segments(segments)) == text
    assert refusal(lambda: PLAIN.evolve(segments=segments)) == text


def test_without_inputs_there_is_nothing_to_cut() -> None:
    assert refusal(lambda: Prompt.define(user("Hi"), segments={"docs": {}})) == (
        "the segment 'docs' belongs to no input\n  --> segment 'docs'\ninputs here: none"
    )


@pytest.mark.parametrize("kind", ["image", "file"])
def test_images_and_files_are_never_cut(kind: str) -> None:
    name = {"image": "picture", "file": "paper"}[kind]
    assert refusal(lambda: Prompt.define(Pictures, user("{{ picture }}{{ paper }}"), segments={name: {}})) == (
        f"the input '{name}' is of kind {kind}, and cannot be cut\n  --> segment '{name}'\ntake its segment out"
    )


def test_all_that_is_wrong_is_told_at_once() -> None:
    text = refusal(lambda: with_segments({"nothing": {}, "history": {"truncate": "start"}, "docs": {}}))
    assert [text.count(word) for word in ("belongs to no input", "says truncate='start'", "segment 'docs'")] == [
        1,
        1,
        0,
    ]


@pytest.mark.parametrize(
    "text",
    [
        '{% segment "part" %}{{ question }}{% endsegment %}{{ docs | join }}',
        "{% if question %}yes{% endif %}{{ docs | join }}",
        "{% set it = question %}{{ it }}{{ docs | join }}",
        "{{ question ~ '!' }}{{ docs | join }}",
    ],
)
def test_a_segment_that_would_never_act_is_refused(text: str) -> None:
    assert refusal(lambda: with_segments({"question": {}}, PIECES[1], user(text))) == (
        f"the segment 'question' {NEVER}\n  --> segment 'question'\n"
        "print it as {{ question }}, a thread at its placeholder, "
        'or state {% segment "question" %} around its place instead of this one'
    )


def test_a_thread_without_a_placeholder_is_never_cut() -> None:
    loop = user("{% for turn in history %}{{ turn.text }}{% endfor %}{{ docs | join }}{{ question }}")
    assert refusal(lambda: with_segments({"history": {}}, loop)).startswith(f"the segment 'history' {NEVER}")


def test_one_name_has_one_segment() -> None:
    def stated(priority: int) -> Prompt[Any]:
        text = '{% segment "question" priority=1 %}Q{% endsegment %} {{ question }} {{ docs | join }}'
        return with_segments({"question": {"priority": priority}}, PIECES[1], user(text))

    assert stated(1).all_segments == {"question": Segment(priority=1, truncate="end")}
    assert refusal(lambda: stated(2)) == (
        "the segment 'question' is stated in a message and declared for the input, with other words\n"
        "  --> segment 'question'\n"
        "rename the one in the message, or take one of the two out"
    )


def test_a_group_has_one_priority_wherever_it_is_stated() -> None:
    text = '{% segment "q" group="g" priority=1 %}{{ question }}{% endsegment %}{{ docs | join }}'
    prompt = with_segments({"docs": {"group": "g", "priority": 1}}, PIECES[1], user(text))
    assert [each.group for each in prompt.all_segments.values()] == ["g", "g"]
    assert refusal(lambda: prompt.evolve(segments={"docs": {"group": "g"}})) == (
        "the group 'g' holds priorities 1 ('q') and 0 ('docs')\n  --> segment 'docs'\n"
        "a group is kept or dropped together: give all of it one priority"
    )
    two = text + '{% segment "r" group="g" priority=2 %}x{% endsegment %}'
    assert "holds priorities 1 ('q') and 2 ('r')" in refusal(lambda: with_segments({}, PIECES[1], user(two)))


# --- rendering --------------------------------------------------------------------------------------------------------

TURNS = (user("One turn."), assistant("Another turn."), user("The last turn."))
VALUES: dict[str, Any] = {
    "question": "Why?",
    "docs": ["first document", "second document", "third document"],
    "history": TURNS,
}


def test_without_a_budget_segments_say_nothing() -> None:
    text = '{% segment "all" %}{{ docs | join("; ") }}{% endsegment %}: {{ question }}'
    prompt = with_segments({"history": HISTORY, "question": {}}, PIECES[0], PIECES[1], user(text))
    plain = PLAIN.evolve(messages=[*PIECES[:2], user('{{ docs | join("; ") }}: {{ question }}')])
    assert prompt.render(VALUES).messages == plain.render(VALUES).messages
    assert prompt.render(VALUES).report is None


def test_a_budget_that_is_not_reached_changes_nothing() -> None:
    rendered = BOTH.render(VALUES, budget=Budget(1_000))
    assert rendered.messages == PLAIN.render(VALUES).messages
    assert rendered.report is not None


def test_a_budget_cuts_what_has_the_lowest_priority_first() -> None:
    whole = PLAIN.render(VALUES).tokens
    tight = Budget(int(whole) - 4)
    with pytest.raises(BudgetExceeded):
        PLAIN.render(VALUES, budget=tight)
    texts = [message.text for message in BOTH.render(VALUES, budget=tight).messages]
    assert texts == [
        "Answer.",
        "Another turn.",
        "The last turn.",
        "first document; second document; third document: Why?",
    ]
    swapped = BOTH.evolve(segments={"history": {"priority": 30}, "docs": {"priority": 20}})
    texts = [message.text for message in swapped.render(VALUES, budget=tight).messages]
    assert texts == ["Answer.", *(turn.text for turn in TURNS), "first document: Why?"]
    for prompt in (BOTH, swapped):
        assert prompt.render(VALUES, budget=tight).tokens <= tight.limit


def test_rows_are_cut_one_by_one() -> None:
    whole = int(PLAIN.render(VALUES).tokens)
    rows = list(BOTH.render_many([VALUES, VALUES | {"history": ()}], budget=Budget(whole - 4)))
    assert [len(each.messages) for each in rows] == [4, 2]


class Words(BaseModel):
    words: str
    note: str = "note"


def including(text: str, **parts: Any) -> Prompt[Any]:
    class Style(BaseModel):
        words: Annotated[str, Segment(priority=5)]

    style = Prompt.define(Style, system('{{ words }} {% segment "rules" priority=9 %}and be kind{% endsegment %}'))
    return Prompt.define(Words, system(text + "{{ note }}{{ words if false }}"), includes={"style": style}, **parts)


@pytest.mark.parametrize("trust", ["own", "foreign"])
def test_an_included_prompt_brings_its_segments(trust: Any) -> None:
    """Also in a prompt that has none of its own, and one below another."""
    prompt = including('Say: {% include "style" %}! ', trust=trust)
    outer = Prompt.define(
        Words, system('> {% include "inner" %}{{ words if false }}{{ note if false }}'), includes={"inner": prompt}
    )
    values = {"words": "long words " * 20, "note": "end"}
    for each, before in ((prompt, ""), (outer, "> ")):
        text = each.render(values).text
        assert text == f"{before}Say: {values['words']} and be kind! end"
        assert each.render(values, budget=Budget(1_000)).text == text
        short = each.render(values, budget=Budget(30)).text
        assert short.startswith(f"{before}Say: long words")
        assert short.endswith(" and be kind! end")
        assert len(short) < len(text)


def test_a_stated_segment_holds_the_whole_include() -> None:
    prompt = including('{% segment "all" truncate="drop" %}{% include "style" %}{% endsegment %}')
    assert prompt.render(words="x " * 100, budget=Budget(20)).text == "note"


# --- the store --------------------------------------------------------------------------------------------------------


def test_a_change_of_segments_alone_is_a_version(tmp_path: Path) -> None:
    with Store.init(tmp_path / "prompts.git", bare=True) as store:
        store.save("answer", PLAIN, message="First")
        loaded = store.load("answer", inputs=Marked)
        assert said(loaded) == {}
        second = store.save("answer", loaded.evolve(segments={"history": HISTORY}), message="Shorter")
        assert (second.number, second.outcome) == (2, "created")
        again = store.load("answer@v2", inputs=Marked)
        assert again == with_segments({"history": HISTORY})
        assert again.all_segments == {"history": Segment(priority=10, truncate="oldest")}
        assert store.save("answer", again, message="Same").outcome == "unchanged"
        assert store.diff("answer@v1", "answer@v2").segments[0].path == "history"


# --- properties -------------------------------------------------------------------------------------------------------

_words = st.fixed_dictionaries(
    {},
    optional={"priority": st.integers(-5, 5), "min_tokens": st.integers(0, 3), "max_tokens": st.integers(3, 40)},
)
_segments = st.fixed_dictionaries({}, optional={"docs": _words, "history": _words, "question": _words})
_turns = st.lists(st.text("ab \n", max_size=20).map(user), max_size=4).map(tuple)


@given(_segments, st.lists(st.text("abc ", min_size=1, max_size=30), max_size=5), _turns, st.integers(8, 120))
def test_whatever_is_rendered_fits_or_is_refused(
    segments: dict[str, Any], docs: list[str], turns: tuple[Message, ...], most: int
) -> None:
    prompt = with_segments(segments)
    values = {"question": "Why is that so?", "docs": docs, "history": turns}
    whole = PLAIN.render(values)
    assert prompt.render(values).messages == whole.messages
    try:
        rendered = prompt.render(values, budget=Budget(most))
    except BudgetExceeded:
        assert int(whole.tokens) > most or any("max_tokens" in words for words in segments.values())
        return
    assert rendered.tokens <= most
    if not segments:
        assert rendered.messages == whole.messages


def test_inputs_built_from_a_file_are_cut_alike() -> None:
    declared = (Input(name="text", type=InputType(kind="string")),)
    prompt: Prompt[Any] = Prompt(messages=(user("{{ text }}"),), inputs=declared, segments=Frozen({"text": Frozen()}))
    defined = Prompt.define(create_model("Any", text=(str, ...)), user("{{ text }}"), segments={"text": {}})
    assert prompt == defined
    value = "some words " * 50
    shortened = prompt.render(text=value, budget=Budget(40)).text
    assert shortened == defined.render(text=value, budget=Budget(40)).text
    assert value.startswith(shortened)
