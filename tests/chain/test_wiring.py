"""Every mistake in a wire is refused when the chain is defined, with the step and the two types."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from promptlib import Chain, Image, Pin, Prompt, Ref, Step, Thread, Version, constant, placeholder, step, system, user
from promptlib.chain.steps import Constant
from promptlib.errors import InvalidChain, NotFound
from promptlib.inputs import Input, InputType
from promptlib.plain import Frozen

if TYPE_CHECKING:
    from collections.abc import Callable


class Address(BaseModel):
    city: str
    zip: str | None = None


class Ticket(BaseModel):
    notes: str
    address: Address | None = None
    anything: Any = None


class Notes(BaseModel):
    notes: str


class Text(BaseModel):
    text: str


class Short(BaseModel):
    summary: Annotated[str, Field(max_length=80)]


class Scored(BaseModel):
    mood: Literal["warm", "plain"]
    score: Annotated[int, Field(ge=1, le=5)]


class Found(BaseModel):
    mood: Literal["warm", "plain", "cold"]
    score: Annotated[int, Field(ge=0, le=5)]
    owner: str | None = None
    points: list[str]


class Chat(BaseModel):
    history: Thread = ()


class Picture(BaseModel):
    picture: Image


class Coded(BaseModel):
    code: Annotated[str, Field(pattern="^[a-z]+$")]
    day: date


READ = Prompt.define(Text, user("Read {{ text }}"))
BRIEF = Prompt.define(Short, user("Decide {{ summary }}"))
SCORE = Prompt.define(Scored, user("{{ mood }} {{ score }}"))
FIND = Prompt.define(Text, user("Find {{ text }}"), outputs=Found)
TALK = Prompt.define(Chat, placeholder("history"), user("Go on"))
SEE = Prompt.define(Picture, user("{{ picture }}"))
CODE = Prompt.define(Coded, user("{{ code }} {{ day }}"))

READ_STEP = step("read", READ, text="notes")
FIND_STEP = step("find", FIND, text="notes")


def told(error: InvalidChain) -> list[str]:
    """Return each problem on one line: what, where, hint."""
    return [f"{each.what} @ {each.where} @ {each.hint}" for each in (error, *error.others)]


def refused(make: Callable[[], object]) -> list[str]:
    with pytest.raises(InvalidChain) as caught:
        make()
    return told(caught.value)


def notes(*steps: Step, **words: Any) -> Chain[Any]:
    return Chain.define(Notes, *steps, **words)


MISTAKES: dict[str, tuple[Callable[[], object], str]] = {
    "an unknown input": (
        lambda: notes(step("read", READ, text="note")),
        (
            "the step 'read' needs text: text, and there is no 'note' to take it from @ step 'read' @ "
            "did you mean 'notes'? to take from here: notes"
        ),
    ),
    "an unknown step": (
        lambda: notes(READ_STEP, step("again", READ, text="raed.text")),
        (
            "the step 'again' needs text: text, and there is no 'raed' to take it from @ step 'again' @ "
            "did you mean 'read'? to take from here: notes, read.text"
        ),
    ),
    "a step that runs later": (
        lambda: notes(step("again", READ, text="read.text"), READ_STEP),
        (
            "the step 'again' needs text: text, and takes it from 'read.text', a step that runs later @ step 'again' @ "
            "write the step 'read' before 'again'"
        ),
    ),
    "its own output": (
        lambda: notes(READ_STEP, step("again", READ, text="again.text")),
        (
            "the step 'again' needs text: text, and takes it from 'again.text', its own output @ step 'again' @ "
            "to take from here: notes, read.text"
        ),
    ),
    "a circle": (
        lambda: notes(step("one", READ, text="two.text"), step("two", READ, text="one.text"), READ_STEP),
        (
            "the step 'one' needs text: text, and takes it from 'two.text': the steps 'one' and 'two' "
            "wait for each other "
            "@ step 'one' @ a chain has an order: let one of them do without the other"
        ),
    ),
    "a circle of three": (
        lambda: notes(
            step("one", READ, text="three.text"),
            step("two", READ, text="one.text"),
            step("three", READ, text="two.text"),
            READ_STEP,
        ),
        (
            "the step 'one' needs text: text, and takes it from 'three.text': the steps 'one' and "
            "'three' wait for each "
            "other @ step 'one' @ a chain has an order: let one of them do without the other"
        ),
    ),
    "an input that the prompt has not": (
        lambda: notes(step("read", READ, txt="notes")),
        (
            f"the step 'read' wires 'txt', which ? ({READ.digest[7:15]}) does not take @ step 'read' @ "
            "did you mean 'text'? it takes: text: text"
        ),
    ),
    "a missing input": (
        lambda: notes(READ_STEP, step("brief", BRIEF)),
        (
            "the step 'brief' needs summary: text of at most 80 characters, and nothing is wired to it "
            "@ step 'brief' @ "
            "to take from here: notes, read.text"
        ),
    ),
    "an unused input of the chain": (
        lambda: Chain.define(Scored, step("rate", SCORE, mood="mood", score=constant(3))),
        (
            "the input 'score' of the chain (a whole number from 1 to 5) is used by no step @ input 'score' @ "
            "wire it, as in step(…, text='score'), or take it out"
        ),
    ),
    "a wrong type": (
        lambda: notes(FIND_STEP, step("read", READ, text="find.points")),
        (
            "the step 'read' needs text: text, and 'find.points' is list of texts: a list is not accepted as text "
            "@ step 'read' @ change what find.points is declared as, or what the prompt takes"
        ),
    ),
    "a whole output for a text": (
        lambda: notes(READ_STEP, step("again", READ, text="read")),
        (
            "the step 'again' needs text: text, and 'read' is an object with text: object is not accepted as text "
            "@ step 'again' @ write 'read.text'"
        ),
    ),
    "an unknown field": (
        lambda: notes(FIND_STEP, step("read", READ, text="find.point")),
        (
            "the step 'read' needs text: text, and takes it from 'find.point': 'find' is an object with mood, score, "
            "owner, points, and has no 'point' @ step 'read' @ did you mean 'points'? it has: "
            "find.mood (one of 'warm', "
            "'plain', 'cold'), find.score (a whole number from 0 to 5), find.owner (text, or None), "
            "find.points (list of "
            "texts)"
        ),
    ),
    "a field of a text": (
        lambda: notes(step("read", READ, text="notes.title")),
        (
            "the step 'read' needs text: text, and takes it from 'notes.title': 'notes' is text, which has no fields "
            "@ step 'read' @ write 'notes'"
        ),
    ),
    "a field of data of any shape": (
        lambda: Chain.define(Ticket, step("read", READ, text="anything.title")),
        (
            "the step 'read' needs text: text, and takes it from 'anything.title': 'anything' is any "
            "plain data, which has "
            "no fields @ step 'read' @ declare its shape as a model"
        ),
    ),
    "what may be None": (
        lambda: notes(FIND_STEP, step("read", READ, text="find.owner")),
        (
            "the step 'read' needs text: text, and 'find.owner' is text, or None: None is not accepted @ step 'read' @ "
            "declare find.owner without None, or let the prompt take None"
        ),
    ),
    "a field of what may be None": (
        lambda: Chain.define(Ticket, step("read", READ, text="address.city")),
        (
            "the step 'read' needs text: text, and 'address.city' is text, or None: None is not "
            "accepted @ step 'read' @ "
            "declare address.city without None, or let the prompt take None"
        ),
    ),
    "wider limits": (
        lambda: notes(READ_STEP, step("brief", BRIEF, summary="read.text")),
        (
            "the step 'brief' needs summary: text of at most 80 characters, and 'read.text' is text: read.text lets "
            "through a length above 80 @ step 'brief' @ change what read.text is declared as, or what the prompt takes"
        ),
    ),
    "a lower bound": (
        lambda: notes(FIND_STEP, step("score", SCORE, mood=constant("warm"), score="find.score")),
        (
            "the step 'score' needs score: a whole number from 1 to 5, and 'find.score' is a whole number from 0 to 5: "
            "find.score lets through less than 1 @ step 'score' @ change what find.score is declared as, or what the "
            "prompt takes"
        ),
    ),
    "an enum that is not contained": (
        lambda: notes(FIND_STEP, step("score", SCORE, mood="find.mood", score=constant(1))),
        (
            "the step 'score' needs mood: one of 'warm', 'plain', and 'find.mood' is one of 'warm', 'plain', 'cold': "
            "'cold' is not accepted @ step 'score' @ change what find.mood is declared as, or what the prompt takes"
        ),
    ),
    "a text for an enum": (
        lambda: notes(READ_STEP, step("score", SCORE, mood="read.text", score=constant(1))),
        (
            "the step 'score' needs mood: one of 'warm', 'plain', and 'read.text' is text: text is not "
            "accepted as enum "
            "@ step 'score' @ change what read.text is declared as, or what the prompt takes"
        ),
    ),
    "a text without the pattern": (
        lambda: notes(READ_STEP, step("code", CODE, code="read.text", day=constant("2026-11-30"))),
        (
            "the step 'code' needs code: text that matches '^[a-z]+$', and 'read.text' is text: "
            "read.text does not ask for "
            "the pattern '^[a-z]+$' @ step 'code' @ change what read.text is declared as, or what the prompt takes"
        ),
    ),
    "a text for a date": (
        lambda: notes(READ_STEP, step("code", CODE, code=constant("a"), day="read.text")),
        (
            "the step 'code' needs day: a date, and 'read.text' is text: text is not accepted as date @ step 'code' @ "
            "change what read.text is declared as, or what the prompt takes"
        ),
    ),
    "a text for a thread": (
        lambda: notes(READ_STEP, step("talk", TALK, history="read.text")),
        (
            "the step 'talk' needs history: list of messages, and 'read.text' is text: text is not accepted as thread "
            "@ step 'talk' @ change what read.text is declared as, or what the prompt takes"
        ),
    ),
    "a thread for a text": (
        lambda: Chain.define(Chat, step("read", READ, text="history")),
        (
            "the step 'read' needs text: text, and 'history' is list of messages: thread is not accepted as text "
            "@ step 'read' @ change what history is declared as, or what the prompt takes"
        ),
    ),
    "a text for an image": (
        lambda: notes(step("see", SEE, picture="notes")),
        (
            "the step 'see' needs picture: an image, and 'notes' is text: text is not accepted as image @ step 'see' @ "
            "change what notes is declared as, or what the prompt takes"
        ),
    ),
    "a constant of another type": (
        lambda: notes(READ_STEP, step("score", SCORE, mood=constant("warm"), score=constant(9))),
        (
            "the step 'score' needs score: a whole number from 1 to 5, and its constant is 9: the constant is 9, not a "
            "whole number from 1 to 5 @ step 'score' @ change the value or the type"
        ),
    ),
    "two steps of one name": (
        lambda: notes(READ_STEP, READ_STEP),
        "two steps are called 'read' @ step 'read' @ a step has a name of its own",
    ),
    "a step called like an input": (
        lambda: notes(step("notes", READ, text="notes")),
        (
            "'notes' is the name of a step and of an input of the chain @ step 'notes' @ rename one of "
            "them: wires could "
            "not tell them apart"
        ),
    ),
    "a prompt that is not at hand": (
        lambda: notes(step("read", "team/read@production", text="notes")),
        (
            "the step 'read' is given as team/read@production (floating), and its prompt is not at hand to be checked "
            "@ step 'read' @ give the prompt itself, store.load(…), or Chain.define(…, resolve=store.load)"
        ),
    ),
    "another store": (
        lambda: notes(step("read", "shared:team/read@production", text="notes"), resolve=lambda _: READ),
        (
            "the step 'read' names another store: shared:team/read@production @ step 'read' @ what a "
            "chain runs lies in "
            "its own store"
        ),
    ),
    "a label and a digest": (
        lambda: notes(step("read", "team/read@production#12345678", text="notes"), resolve=lambda _: READ),
        (
            "the step 'read' names a label and a digest: team/read@production#12345678 @ step 'read' @ "
            "pin it, or follow "
            "the label: one of the two"
        ),
    ),
    "no prompt": (
        lambda: step("read", 3, text="notes"),  # type: ignore[arg-type] # the mistake
        (
            "the step 'read' is given a int, not a prompt @ step 'read' @ give a Prompt, a Version, a "
            "Pin, or a text such "
            "as name@production"
        ),
    ),
    "no ref": (
        lambda: step("read", "Team Read", text="notes"),
        (
            "the step 'read' names no prompt: 'Team Read' is no prompt name: the segment 'Team Read' "
            "holds something other "
            "than a-z 0-9 . _ - or begins with . _ - @ step 'read' @ a valid name near it: 'team-read'"
        ),
    ),
    "no name of a step": (
        lambda: step("read it", READ, text="notes"),
        (
            "'read it' is no name for a step @ None @ a word of letters, digits and _ that begins with "
            "a letter, such as "
            "summarise; its output is summarise.text"
        ),
    ),
    "a value where a place is asked for": (
        lambda: step("score", SCORE, score=3),  # type: ignore[arg-type] # the mistake
        (
            "the step 'score' wires 'score' to 3, which is no place that a value comes from @ step 'score' @ write "
            "constant(3) for a value that is always the same"
        ),
    ),
    "words where a place is asked for": (
        lambda: step("read", READ, text="Some words."),
        (
            "the step 'read' takes 'text' from 'Some words.', which names nothing @ step 'read' @ "
            "write an input of the "
            "chain, or step.field; a text that is always the same is constant('Some words.')"
        ),
    ),
    "an output outside the grammar": (
        lambda: step("read", READ, text="notes", outputs=type("Bad", (BaseModel,), {"__annotations__": {"x": bytes}})),
        (
            "the output of the step 'read' is outside the grammar: field 'x': bytes is outside the grammar of inputs "
            "@ step 'read' @ write str, or File for a document"
        ),
    ),
    "an output without fields": (
        lambda: step("read", READ, text="notes", outputs=type("Empty", (BaseModel,), {})),
        "the output of the step 'read' has no fields @ step 'read' @ leave outputs= out for text",
    ),
    "an output that no answer can hold": (
        lambda: step("read", READ, text="notes", outputs=Chat),
        (
            "the step 'read' declares 'history' with a thread, which no answer can hold @ step 'read' "
            "@ an answer is text "
            "or JSON: declare texts, numbers, lists, objects"
        ),
    ),
    "an output that says less than the prompt's": (
        lambda: notes(step("find", FIND, text="notes", outputs=Scored)),
        (
            "the step 'find' declares output.mood: one of 'warm', 'plain', and "
            f"? ({FIND.digest[7:15]}) declares one of 'warm', 'plain', 'cold': 'cold' is not accepted @ step 'find' @ "
            "leave outputs= out to take what the prompt declares"
        ),
    ),
    "no steps": (
        lambda: Chain(steps=()),
        'a chain needs at least one step @ None @ such as step("summarise", prompt, text="notes")',
    ),
    "what is no step": (
        lambda: Chain(steps=(READ,)),  # type: ignore[arg-type] # the mistake
        'a chain is made of steps, and here is a Prompt @ None @ write step("summarise", prompt, text="notes")',
    ),
    "a step that would move": (
        lambda: Chain(steps=(Step(name="read", use=Ref("team/read", number=3)),)),
        (
            "the step 'read' runs team/read@v3, which is neither pinned nor a label @ step 'read' @ "
            "Chain.define(…, resolve=store.load) pins it; name@production follows a label"
        ),
    ),
    "a use that is none": (
        lambda: Step(name="read", use="team/read"),  # type: ignore[arg-type] # the mistake
        (
            "the step 'read' is given a str, not a prompt @ step 'read' @ give a Prompt, a Version, a "
            "Pin, or a text such "
            "as name@production"
        ),
    ),
    "wires that are no mapping": (
        lambda: Step(name="read", use=Pin("", READ.digest), wires=("notes",)),  # type: ignore[arg-type] # the mistake
        "the wires of the step 'read' are no mapping @ step 'read' @ such as {\"text\": \"notes\"}",
    ),
    "a wire of another shape": (
        lambda: Step(name="read", use=Pin("", READ.digest), wires=Frozen({"text": Frozen({"from": "notes"})})),
        (
            "the step 'read' wires 'text' to {'from': 'notes'} @ step 'read' @ a wire is a text such as \"notes\" or "
            '"read.text", or {"constant": value}'
        ),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_refused_with_the_step_and_the_types(mistake: str) -> None:
    make, expected = MISTAKES[mistake]
    assert refused(make)[0] == expected


def test_all_mistakes_are_told_at_once() -> None:
    problems = refused(lambda: notes(step("score", SCORE, mood="nots", scor="notes"), step("brief", BRIEF)))
    assert [each.partition(",")[0] for each in problems] == [
        "the step 'score' needs mood: one of 'warm'",
        "the step 'score' wires 'scor'",
        "the step 'score' needs score: a whole number from 1 to 5",
        "the step 'brief' needs summary: text of at most 80 characters",
    ]


def test_a_prompt_that_resolve_does_not_find_or_that_is_another_one() -> None:
    def lost(ref: str) -> Prompt[Any]:
        raise NotFound(f"no prompt {ref!r} here", hint="this store is empty")

    pin = Pin("team/read", READ.digest)
    assert refused(lambda: notes(step("read", pin, text="notes"), resolve=lost)) == [
        f"the prompt of the step 'read' is not found: no prompt '{pin}' here @ step 'read' @ this store is empty"
    ]
    assert refused(lambda: notes(step("read", pin, text="notes"), resolve=lambda _: BRIEF))[0].startswith(
        f"the step 'read' is pinned to {READ.digest}, and what was found is {BRIEF.digest}"
    )
    chain = notes(READ_STEP)
    assert refused(lambda: notes(step("read", "team/all", text="notes"), resolve=lambda _: chain)) == [
        (
            "the step 'read' is given a Chain, not a prompt @ step 'read' @ steps are prompts: write out the steps of "
            "that chain"
        )
    ]


def test_a_ref_without_a_label_is_pinned_to_what_it_names_now() -> None:
    chain = notes(step("read", "team/read@v3", text="notes"), resolve=lambda _: READ)
    assert chain.step("read").use == Pin("team/read", READ.digest)
    assert chain.pinned
    assert step("read", f"team/read#{READ.digest[7:]}", text="notes") == chain.step("read")
    floating = notes(step("read", Ref("team/read", label="production"), text="notes"), resolve=lambda _: READ)
    assert not floating.pinned
    assert (floating.step("read").label, chain.step("read").label) == ("production", "")
    assert repr(floating).startswith("Chain(read (follows team/read@production), sha256:")
    assert str(floating.step("read")) == "read: team/read@production (floating)"
    assert floating.follows == {"read": "team/read@production"}
    assert chain.includes == {"read": f"team/read#{READ.digest[7:]}"}


def test_what_is_not_at_hand_is_checked_as_far_as_it_is_known() -> None:
    pin = Pin("team/read", READ.digest)
    unknown: Chain[Any] = Chain(
        steps=(
            Step(name="read", use=pin, wires=Frozen({"text": "notes"})),
            Step(name="next", use=pin, wires=Frozen({"text": "read.whatever", "tone": Frozen({"constant": 1})})),
        ),
        inputs=(Input(name="notes", type=InputType(kind="string")),),
    )
    assert unknown.outputs == ()
    assert unknown.step("next").gives is None
    assert not unknown.step("next").answers_text
    assert refused(lambda: unknown.at_hand(lambda _: READ))[0].startswith(
        "the step 'next' needs text: text, and takes it from 'read.whatever'"
    )
    assert refused(lambda: Chain(steps=(Step(name="read", use=pin, wires=Frozen({"text": "notes"})),))) == [
        "the step 'read' needs text, and there is no 'notes' to take it from @ step 'read' @ to take from here: nothing"
    ]


def test_wires_reach_into_objects_and_fit_what_is_wider() -> None:
    class Order(BaseModel):
        address: Address
        notes: str

    class Letter(BaseModel):
        city: str
        zip: str | None
        where: Address
        score: float
        outputs: str

    letter = Prompt.define(Letter, system("{{ where.city }}"), user("{{ city }} {{ zip }} {{ score }} {{ outputs }}"))
    chain = Chain.define(
        Order,
        step("find", FIND, text="notes"),
        step("letter", letter, {"outputs": "notes"}, city="address.city", zip="address.zip", where="address",
             score="find.score"),
    )  # fmt: skip
    assert chain.step("letter").wires["outputs"] == "notes"
    assert constant([1]) == Constant((1,))


def test_a_version_is_pinned_to_its_content() -> None:
    version = Version("team/read", 3, READ.digest, "", "", "", datetime(2026, 11, 30, tzinfo=UTC), "")
    assert step("read", version, text="notes").use == Pin("team/read", READ.digest)
