"""Prompts: what is refused when they are defined, what cannot be changed, what the digest promises, how they render."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError, create_model

from promptlib.errors import (
    BadRef,
    InputsMismatch,
    InvalidInputs,
    InvalidPrompt,
    NotFound,
    PromptLibError,
    RenderFailed,
)
from promptlib.inputs import Input, InputType, declare
from promptlib.messages import (
    Image,
    Message,
    Placeholder,
    Prelude,
    Text,
    Thread,
    ToolCall,
    assistant,
    placeholder,
    system,
    user,
)
from promptlib.origin import Origin, Standing
from promptlib.plain import DEEPEST, Frozen
from promptlib.prompt import DEEPEST_INCLUDE, Prompt
from promptlib.refs import Pin
from promptlib.version import Version
from tests.strategies import plain_strategy

if TYPE_CHECKING:
    from collections.abc import Callable


class Triage(BaseModel):
    ticket: str
    tone: Literal["warm", "plain"] = "plain"
    limit: int = Field(default=3, ge=1, le=9)
    history: Thread = ()


class Answer(BaseModel):
    urgency: int


class Word(BaseModel):
    word: str = "hi"


MESSAGES = (
    system("Answer in a {{ tone }} voice, in {{ limit }} lines."),
    placeholder("history"),
    user("{{ ticket }}"),
)
TRIAGE = Prompt.define(Triage, *MESSAGES, settings={"temperature": 0.5, "stop": ["END"]})
STYLE = Prompt.define(Word, system("Say {{ word }}."))
PIN = str(Pin("s", STYLE.digest))


def wrong(value: object) -> Any:
    """Return *value* where a type checker would refuse it."""
    return value


def of(*pieces: Any, **fields: Any) -> Prompt[Any]:
    return Prompt(messages=pieces, **fields)


def some_version(prompt: Prompt[Any], name: str = "style") -> Version:
    return Version(
        name, 1, prompt.digest, "c" * 40, "Ada", "ada@example.org", datetime(2026, 1, 1, tzinfo=UTC), "First"
    )


class TestDefining:
    def test_a_prompt_knows_its_parts(self) -> None:
        assert TRIAGE.messages == MESSAGES
        assert [each.name for each in TRIAGE.inputs] == ["ticket", "tone", "limit", "history"]
        assert TRIAGE.variables == ("history", "limit", "ticket", "tone")
        assert TRIAGE.model is Triage
        assert TRIAGE.settings == {"temperature": 0.5, "stop": ("END",)}
        assert (TRIAGE.name, TRIAGE.origin) == ("", None)
        assert repr(TRIAGE) == f"Prompt(3 messages, inputs: ticket, tone, limit, history, {TRIAGE.digest[:15]})"

    def test_a_prompt_without_inputs_leaves_the_model_out(self) -> None:
        prompt = Prompt.define(user("Hello"), tags=["a"], authors=("Ada",), tools=[{"name": "find"}], outputs=Answer)
        assert (prompt.inputs, prompt.variables, prompt.tags, prompt.authors) == ((), (), ("a",), ("Ada",))
        assert prompt.tools == (Frozen({"name": "find"}),)
        assert [each.name for each in prompt.outputs] == ["urgency"]
        assert repr(prompt).startswith("Prompt(1 messages, inputs: none, sha256:")

    def test_parts_of_one_text_are_joined(self) -> None:
        assert of(Message("user", (Text("a"), Text("b")))).messages == (user("ab"),)
        assert of(Message("user")).messages == (user(""),)

    REFUSED: tuple[tuple[Callable[[], object], str, str], ...] = (
        (lambda: Prompt.define(Triage), "a prompt needs at least one message", 'such as user("{{ question }}")'),
        (lambda: of(Prelude("{% set x = 1 %}")), "a prompt needs at least one message", "such as user"),
        (lambda: of(user("a"), Prelude("b")), "a prelude stands after a message", "write its statements into that"),
        (lambda: of("hello"), "a message of a prompt is a str", 'write system("…"), user("…") or placeholder("…")'),
        (lambda: of(user("see", Image("https://x"))), "holds an image or a file", "declare an input of type Image"),
        (lambda: of(user("a", name="ada")), "holds a name or a tool call", "give them in an input of type Thread"),
        (lambda: of(assistant("a", tool_calls=[ToolCall("1", "f")])), "a name or a tool call", "type Thread"),
        (lambda: of(user("\ud800")), "the text of a user message holds a lone surrogate at character 1", "no Unicode"),
        (lambda: of(user("\ud800", literal=True)), "the text of a user message holds a lone surrogate", "no Unicode"),
        (lambda: of(Prelude("{# \udfff #}"), user("a")), "the text of a prelude holds a lone surrogate", "no Unicode"),
        (lambda: of(user("a"), settings=5), "settings is a int, not a mapping", "such as"),
        (lambda: of(user("a"), settings={"a": {1, 2}}), "settings.a is a set, not plain data", "plain data is None"),
        (lambda: of(user("a"), tools={"name": "a"}), "tools is a dict, not a list", "give a list of mappings"),
        (lambda: of(user("a"), tools=5), "tools is a int, not a list", "give a list of mappings"),
        (lambda: of(user("a"), tools=["a"]), "tools[0] is a str, not a mapping", "such as"),
        (lambda: of(user("a"), tags="support"), "tags is a str, not a list of texts", 'such as ["support"]'),
        (lambda: of(user("a"), authors=5), "authors is a int, not a list of texts", 'such as ["support"]'),
        (lambda: of(user("a"), tags=["a", 5]), "tags holds something that is no text", 'such as ["support"]'),
        (lambda: of(user("a"), description=5), "description is a int, not a text", "write it in quotes"),
        (lambda: of(user("a"), inputs=(5,)), "inputs holds a int", "give a pydantic model, or Input values"),
        (lambda: of(user("a"), outputs=5), "outputs holds a int", "give a pydantic model, or Input values"),
        (lambda: TRIAGE.evolve(includes=wrong(5)), "includes is a int, not a mapping", "store.load"),
        (lambda: of(user("a"), includes={"a b": PIN}), "the include 'a b' is no word", "an alias is an identifier"),
        (lambda: of(user("a")).evolve(includes=wrong({"s": 5})), "the include 's' is a int", "a Version or a pin"),
        (
            lambda: Prompt.define(user('{% include "s" %}'), includes={"s": TRIAGE}),
            "the include 's' has 3 messages",
            "only a prompt of one message can be included: its text is put in place",
        ),
    )

    @pytest.mark.parametrize(("make", "what", "hint"), REFUSED)
    def test_what_can_be_no_prompt_is_refused(self, make: Callable[[], object], what: str, hint: str) -> None:
        with pytest.raises(InvalidPrompt) as caught:
            make()
        assert what in caught.value.what
        assert hint in caught.value.hint

    def test_a_variable_that_is_not_declared_is_shown_in_its_line(self) -> None:
        with pytest.raises(InvalidPrompt) as caught:
            Prompt.define(
                Triage,
                system("{{ tone }}{{ limit }}"),
                placeholder("history"),
                user("Sort:\n{{ tickte }} {{ ticket }}"),
            )
        text = str(caught.value)
        assert "undeclared variable 'tickte'" in text
        assert "message 2 (user):2:4" in text
        assert "2 | {{ tickte }} {{ ticket }}\n  |    ^^^^^^\n" in text
        assert "did you mean 'ticket'?" in text

    def test_an_input_that_is_not_used_is_named(self) -> None:
        with pytest.raises(InvalidPrompt, match="history"):
            Prompt.define(Triage, *MESSAGES[::2])

    def test_broken_jinja_is_shown_in_its_line(self) -> None:
        with pytest.raises(InvalidPrompt) as caught:
            Prompt.define(user("one\n{% if %}"))
        assert caught.value.where is not None
        assert (caught.value.where.source, caught.value.where.line) == ("message 1 (user)", 2)

    def test_a_pin_has_to_be_whole(self) -> None:
        with pytest.raises(BadRef, match="is no pin"):
            Prompt.define(user("a"), includes={"s": "style@v1"})


class TestImmutability:
    def test_no_field_can_be_set_or_deleted(self) -> None:
        for name in ("messages", "inputs", "settings", "description", "origin", "_digest", "_template", "extra"):
            with pytest.raises(FrozenInstanceError):
                setattr(TRIAGE, name, ())
            with pytest.raises(FrozenInstanceError):
                delattr(TRIAGE, name)
        with pytest.raises((AttributeError, TypeError)):
            setattr(TRIAGE, "other", 1)  # noqa: B010 - a field that does not exist
        assert not hasattr(TRIAGE, "__dict__")

    def test_nothing_inside_can_be_changed_through_and_through(self) -> None:
        seen: list[object] = []
        for value in (TRIAGE.messages, TRIAGE.inputs, TRIAGE.settings, TRIAGE.tools, TRIAGE.includes, TRIAGE.extra):
            walk(value, seen)
        assert len(seen) > 20

    def test_what_it_was_made_from_is_not_held(self) -> None:
        given_settings: dict[str, Any] = {"options": {"stop": ["a"]}}
        messages = [user("a")]
        prompt = of(*messages, settings=given_settings)
        before = prompt.digest
        given_settings["options"]["stop"].append("b")
        messages.append(user("b"))
        assert prompt.settings == Frozen({"options": Frozen({"stop": ("a",)})})
        assert of(*prompt.messages, settings=prompt.settings).digest == before

    def test_copies_are_equal(self) -> None:
        for again in (copy.copy(TRIAGE), copy.deepcopy(TRIAGE), replace(TRIAGE)):
            assert again == TRIAGE
            assert again.model is Triage


def walk(value: object, seen: list[object]) -> None:
    """Fail on anything that can be changed in place."""
    assert not isinstance(value, list | dict | set | bytearray), value
    hash(value)
    seen.append(value)
    if isinstance(value, tuple):
        children: list[object] = list(value)
    elif isinstance(value, Frozen):
        children = [*value, *value.values()]
    else:
        fields = getattr(value, "__dataclass_fields__", {})
        children = [getattr(value, name) for name in fields]
        for name in fields:
            with pytest.raises(FrozenInstanceError):
                setattr(value, name, None)
    for child in children:
        walk(child, seen)


class TestIdentity:
    def test_equality_and_hash_are_the_digests(self) -> None:
        again = Prompt.define(Triage, *MESSAGES, settings={"stop": ["END"], "temperature": 0.5}, description="other")
        assert again == TRIAGE
        assert hash(again) == hash(TRIAGE)
        assert len({again, TRIAGE, STYLE}) == 2
        assert TRIAGE != STYLE
        assert wrong(TRIAGE.digest) != TRIAGE

    def test_neither_class_name_nor_docstring_nor_order_nor_words_about_it_matter(self) -> None:
        class Other(BaseModel):
            """Something else."""

            history: Thread = ()
            limit: int = Field(3, le=9, ge=1, description="how many lines", title="Lines")
            tone: Literal["plain", "warm"] = Field("plain", examples=["warm"])
            ticket: str

        again = Prompt.define(
            Other, *MESSAGES, settings={"stop": ["END"], "temperature": 0.5}, tags=["a"], authors=["b"]
        )
        assert again.digest == TRIAGE.digest

    CHANGES: tuple[tuple[str, dict[str, Any]], ...] = (
        ("ticket", {"ticket": (str | None, ...)}),
        ("a default", {"tone": (Literal["warm", "plain"], "warm")}),
        ("a value", {"tone": (Literal["warm", "plain", "crisp"], "plain")}),
        ("required", {"tone": (Literal["warm", "plain"], ...)}),
        ("a kind", {"limit": (float, Field(3.0, ge=1, le=9))}),
        ("a limit", {"limit": (int, Field(3, ge=1, le=8))}),
        ("no limit", {"limit": (int, 3)}),
        ("a length", {"ticket": (str, Field(max_length=9))}),
        ("a pattern", {"ticket": (str, Field(pattern="^a"))}),
    )

    @pytest.mark.parametrize(("what", "fields"), CHANGES)
    def test_each_change_of_an_input_is_another_content(self, what: str, fields: dict[str, Any]) -> None:
        changed = create_model("Changed", __base__=Triage, **fields)
        assert TRIAGE.evolve(inputs=changed).digest != TRIAGE.digest, what

    def test_each_part_of_the_content_counts(self) -> None:
        digests = {
            TRIAGE.digest,
            TRIAGE.evolve(settings={"temperature": 0.5}).digest,
            TRIAGE.evolve(settings={"temperature": 1}).digest,
            TRIAGE.evolve(settings={"temperature": 1.0}).digest,
            TRIAGE.evolve(settings={"temperature": True}).digest,
            TRIAGE.evolve(settings={}).digest,
            TRIAGE.evolve(tools=[{"name": "find"}]).digest,
            TRIAGE.evolve(tools=[{"name": "find"}, {"name": "ask"}]).digest,
            TRIAGE.evolve(tools=[{"name": "ask"}, {"name": "find"}]).digest,
            TRIAGE.evolve(outputs=Answer).digest,
            TRIAGE.evolve(messages=[*MESSAGES, user("")]).digest,
            TRIAGE.evolve(messages=MESSAGES[1:] + MESSAGES[:1]).digest,
            TRIAGE.evolve(messages=[Prelude("{% set x = 1 %}"), *MESSAGES]).digest,
            TRIAGE.evolve(messages=[*MESSAGES[:1], Placeholder("history", "{# #}"), *MESSAGES[2:]]).digest,
        }
        assert len(digests) == 14

    def test_literal_text_and_the_same_text_as_a_template_differ(self) -> None:
        assert of(user("a")).digest != of(user("a", literal=True)).digest

    def test_an_include_counts_by_its_content_and_not_by_its_name(self) -> None:
        def including(pin: Any) -> str:
            return Prompt.define(Word, user('{% include "s" %}{{ word }}'), includes={"s": pin}).digest

        assert including(STYLE) == including(Pin("style", STYLE.digest)) == including(some_version(STYLE, "other"))
        assert including(STYLE) != including(STYLE.evolve(messages=[system("Say {{ word }}!")]))

    def test_the_digest_of_today_is_the_digest_of_tomorrow(self) -> None:
        assert of(system("You help."), user("Hi")).digest == (
            "sha256:00138e72e33cf33bd604de4b3335ce1be004e61b1b103c6e1e591924fdd36dca"
        )

    texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)

    @pytest.mark.no_cover
    @given(texts, texts, st.sampled_from(["system", "user"]))
    def test_one_character_more_or_less_is_another_content(self, one: str, other: str, role: Any) -> None:
        def literal(text: str) -> Prompt[Any]:
            return of(Message(role, (Text(text),), literal=True))

        assert (literal(one).digest == literal(other).digest) == (one == other)
        assert literal(one).digest != literal(one + "x").digest

    @pytest.mark.no_cover
    @given(st.dictionaries(texts, plain_strategy, max_size=4), st.randoms(use_true_random=False))
    def test_settings_count_by_content_and_not_by_order(self, given_settings: dict[str, Any], random: Any) -> None:
        keys = list(given_settings)
        random.shuffle(keys)
        one = of(user("x"), settings=given_settings)
        other = of(user("x"), settings={key: given_settings[key] for key in keys})
        assert one.digest == other.digest
        assert (one.digest == of(user("x")).digest) == (not given_settings)

    fields = st.fixed_dictionaries(
        {
            "a": st.sampled_from([(str, ...), (str, "x"), (str | None, None), (int, 1), (float, 1.0), (bool, True)]),
            "b": st.sampled_from([(list[str], ...), (list[int], ...), (dict[str, int], ...), (Literal["x", 1], 1)]),
            "c": st.sampled_from([(int, Field(ge=0)), (int, Field(ge=1)), (int, Field(le=1)), (int, ...)]),
        }
    )

    @pytest.mark.no_cover
    @given(fields, fields, st.permutations(["a", "b", "c"]))
    def test_models_count_by_their_fields_and_not_by_their_order(
        self, one: dict[str, Any], other: dict[str, Any], order: list[str]
    ) -> None:
        def digest(chosen: dict[str, Any]) -> str:
            return Prompt.define(create_model("Any", **chosen), user("{{ a }}{{ b | length }}{{ c }}")).digest

        try:
            expected = digest(one)
        except InvalidPrompt:  # the length of a text or number is refused, whatever the order
            return
        assert digest({name: one[name] for name in order}) == expected
        same = repr(sorted(one.items())) == repr(sorted(other.items()))
        assert (digest(other) == expected) == same

    @given(texts, st.lists(texts, max_size=3), st.lists(texts, max_size=3))
    def test_words_about_a_prompt_are_no_content(self, description: str, tags: list[str], authors: list[str]) -> None:
        again = STYLE.evolve(description=description, tags=tags, authors=authors)
        assert again.digest == STYLE.digest
        assert (again.description, again.tags, again.authors) == (description, tuple(tags), tuple(authors))


class TestCopies:
    def test_a_copy_is_checked_like_any_prompt(self) -> None:
        with pytest.raises(InvalidPrompt, match="at least one message"):
            TRIAGE.evolve(messages=())
        with pytest.raises(InvalidPrompt, match="undeclared variable 'tone'"):
            TRIAGE.evolve(inputs=Word)
        with pytest.raises(TypeError):
            wrong(TRIAGE).evolve(nothing=1)

    def test_a_copy_keeps_what_is_not_changed(self) -> None:
        origin = Origin("support/triage", TRIAGE.digest)
        loaded = TRIAGE.with_origin(origin, extra={"owner": "Ada"})
        again = loaded.evolve(description="new")
        assert (again.origin, again.extra, again.model, again.description) == (
            origin,
            Frozen({"owner": "Ada"}),
            Triage,
            "new",
        )
        assert again.name == "support/triage"
        assert repr(again).startswith("Prompt('support/triage', 3 messages")

    def test_inputs_can_be_given_as_declared(self) -> None:
        declared = (Input(name="word", type=InputType(kind="string")),)
        again = STYLE.evolve(inputs=declared)
        assert again.inputs == declared
        assert again.model is not Word
        assert again.render(word="yo").text == "Say yo."

    def test_a_derived_prompt_says_what_it_came_from(self) -> None:
        assert TRIAGE.derive().derived_from == Pin("", TRIAGE.digest)
        loaded = TRIAGE.with_origin(Origin("support/triage", TRIAGE.digest), renamed_from="old")
        derived = loaded.derive(settings={})
        assert derived.derived_from == Pin("support/triage", TRIAGE.digest)
        assert (derived.renamed_from, derived.settings) == ("", Frozen())

    def test_another_model_types_the_same_content(self) -> None:
        class Mine(BaseModel):
            word: Literal["hi", "yo"] = "yo"

        typed = STYLE.with_model(Mine)
        assert (typed.digest, typed.model) == (STYLE.digest, Mine)
        with pytest.raises(InputsMismatch, match="urgency"):
            STYLE.with_model(Answer)


class TestOrigin:
    def test_its_place_in_the_history_is_looked_up_once_and_when_read(self) -> None:
        asked: list[int] = []

        def find() -> Standing:
            asked.append(1)
            return Standing(TRIAGE.digest, 7, "c" * 40, edited=True)

        origin = Origin("support/triage", TRIAGE.digest, "production", find)
        assert asked == []
        assert (origin.number, origin.commit, origin.edited, origin.version) == (7, "c" * 40, True, "v7+edited")
        assert asked == [1]
        again = pickle.loads(pickle.dumps(origin))  # noqa: S301 - made above
        assert (again, again.version, again.label) == (origin, "v7+edited", "production")

    def test_without_a_history_it_is_a_digest(self) -> None:
        origin = Origin("support/triage", TRIAGE.digest)
        assert (origin.number, origin.commit, origin.edited, origin.version) == (None, "", False, None)
        assert origin.standing == Standing(TRIAGE.digest)
        assert Origin("a", TRIAGE.digest, find=lambda: Standing(TRIAGE.digest, 7)).version == "v7"


CHILD = """
import pickle, sys
prompt = pickle.load(open(sys.argv[1], "rb"))
print(prompt.digest, prompt.origin.version, prompt.render({"word": "yo"}).text)
"""


class TestPickle:
    def test_everything_comes_back(self) -> None:
        prompt = TRIAGE.with_origin(Origin("a", TRIAGE.digest, "production"), extra={"x": 1}).derive(
            description="d", tags=["t"]
        )
        again = pickle.loads(pickle.dumps(prompt))  # noqa: S301 - made above
        for name in (
            "messages",
            "inputs",
            "settings",
            "description",
            "tags",
            "extra",
            "derived_from",
            "origin",
            "model",
        ):
            assert getattr(again, name) == getattr(prompt, name), name
        assert again.digest == prompt.digest
        assert again.render(ticket="x").messages == prompt.render(ticket="x").messages

    @pytest.mark.parametrize("seed", ["0", "1", "4711"])
    def test_another_process_with_another_hash_seed_has_the_same_digest(self, tmp_path: Any, seed: str) -> None:
        prompt = STYLE.evolve(inputs=STYLE.inputs).with_origin(Origin("a", STYLE.digest, find=lambda: Standing("", 2)))
        hash(prompt.settings)
        path = tmp_path / "prompt.pickle"
        path.write_bytes(pickle.dumps(prompt))
        environment = os.environ | {"PYTHONHASHSEED": seed}
        made = subprocess.run(
            [sys.executable, "-c", CHILD, str(path)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert made.stdout.split(maxsplit=2) == [STYLE.digest, "v2", "Say yo.\n"]


class Bare(BaseModel):
    prompt: Prompt  # type: ignore[type-arg] # without its parameter it is a field too


class Holder(BaseModel):
    prompt: Prompt[Triage]
    other: Prompt[Any] | None = None


class TestInModels:
    def test_a_prompt_is_a_field_of_a_model(self) -> None:
        holder = Holder(prompt=TRIAGE, other=STYLE)
        assert (holder.prompt is TRIAGE, holder.other is STYLE) == (True, True)
        assert holder.model_dump(mode="json") == {"prompt": f"#{TRIAGE.digest[7:]}", "other": f"#{STYLE.digest[7:]}"}
        assert Bare(prompt=TRIAGE).prompt is TRIAGE
        assert Holder.model_validate(holder.model_dump() | {"prompt": TRIAGE, "other": None}).prompt is TRIAGE
        with pytest.raises(ValidationError, match="instance of Prompt"):
            Holder(prompt=wrong("hi"))


class TestRendering:
    def test_inputs_come_as_a_model_a_mapping_or_keywords(self) -> None:
        turns = (user("before"), assistant("after"))
        rendered = TRIAGE.render(Triage(ticket="lost", tone="warm", history=turns))
        assert [(message.role, message.text) for message in rendered.messages] == [
            ("system", "Answer in a warm voice, in 3 lines."),
            ("user", "before"),
            ("assistant", "after"),
            ("user", "lost"),
        ]
        assert TRIAGE.render({"ticket": "lost", "tone": "warm", "history": turns}).messages == rendered.messages
        assert TRIAGE.render(ticket="lost", tone="warm", history=turns).messages == rendered.messages
        assert TRIAGE.render({"ticket": "lost"}, tone="warm", history=turns).messages == rendered.messages
        assert rendered.report is None

    def test_other_values_are_refused(self) -> None:
        with pytest.raises(InvalidInputs, match="give the inputs as a model or as keywords, not both") as caught:
            TRIAGE.render(Triage(ticket="a"), tone="warm")
        assert caught.value.hint == "keywords here: tone"
        with pytest.raises(InvalidInputs, match="the inputs are a Word, this prompt takes Triage") as caught:
            TRIAGE.render(wrong(Word()))
        assert "types a stored prompt" in caught.value.hint
        with pytest.raises(InvalidInputs, match="ticket"):
            TRIAGE.render()

    def test_a_budget_is_kept_or_refused(self) -> None:
        from promptlib.tokens import Budget

        assert TRIAGE.render(ticket="lost", budget=Budget(1_000)).report is not None
        with pytest.raises(PromptLibError, match="token"):
            TRIAGE.render(ticket="lost " * 1_000, budget=Budget(10))


class TestIncludes:
    including = Prompt.define(Word, system('Rules. {% include "style" %} {{ word }}'), includes={"style": STYLE})

    def test_the_text_of_an_include_is_put_in_place(self) -> None:
        assert self.including.render(word="yo").text == "Rules. Say yo. yo"

    def test_an_include_gets_the_defaults_that_it_declares(self) -> None:
        prompt = Prompt.define(system('{% include "style" %}'), includes={"style": STYLE})
        assert prompt.render().text == "Say hi."

    def test_a_pinned_include_is_found_by_a_resolver(self) -> None:
        pin = Pin("support/style", STYLE.digest)
        prompt = self.including.evolve(includes={"style": pin})
        asked: list[str] = []

        def resolve(ref: str) -> Prompt[Any]:
            asked.append(ref)
            return STYLE

        assert prompt.render(word="yo", resolve=resolve).text == "Rules. Say yo. yo"
        assert asked == [str(pin)]
        assert prompt.includes == {"style": str(pin)}
        assert prompt.evolve(includes={"style": some_version(STYLE)}).includes == {"style": f"style#{STYLE.digest[7:]}"}

    def test_an_include_that_is_not_at_hand_says_how_to_find_it(self) -> None:
        prompt = self.including.evolve(includes={"style": Pin("support/style", STYLE.digest)})
        with pytest.raises(
            NotFound, match=r"the include 'style' \(support/style#[0-9a-f]{64}\) is not at hand"
        ) as caught:
            prompt.render(word="yo")
        assert "resolve=store.load" in caught.value.hint

    def test_other_content_than_the_pinned_is_refused(self) -> None:
        prompt = self.including.evolve(includes={"style": Pin("support/style", STYLE.digest)})
        with pytest.raises(InvalidPrompt, match=r"is pinned to sha256:[0-9a-f]{64}, and what was found is sha256:"):
            prompt.render(word="yo", resolve=lambda _: TRIAGE)

    def test_what_an_include_needs_has_to_be_declared(self) -> None:
        class Number(BaseModel):
            word: int

        with pytest.raises(InvalidPrompt, match="the include 'style' needs inputs that are not declared here"):
            Prompt.define(Number, system('{% include "style" %}{{ word }}'), includes={"style": STYLE})
        loaded = STYLE.with_origin(Origin("support/style", STYLE.digest))
        with pytest.raises(InvalidPrompt, match=r"the include 'style' \(support/style\) needs"):
            Prompt.define(Number, system('{% include "style" %}{{ word }}'), includes={"style": loaded})

    def test_includes_have_includes_down_to_a_depth(self) -> None:
        def nested(levels: int) -> Prompt[Any]:
            prompt: Prompt[Any] = Prompt.define(system("deep"))
            for _ in range(levels):
                prompt = Prompt.define(system('> {% include "inner" %}'), includes={"inner": prompt})
            return prompt

        assert nested(DEEPEST_INCLUDE).render().text == "> " * DEEPEST_INCLUDE + "deep"
        with pytest.raises(InvalidPrompt, match=r"includes go in a circle or deeper than 16"):
            nested(DEEPEST_INCLUDE + 1).render()
        assert DEEPEST_INCLUDE < DEEPEST


def test_a_word_that_no_prompt_has() -> None:
    """A misspelt change names the nearest one."""
    prompt = Prompt.define(user("Hello"))
    with pytest.raises(TypeError, match=r"a prompt has no 'message' to change; did you mean 'messages'\?"):
        prompt.evolve(message=())  # type: ignore[call-arg] # the mistake under test


BINDINGS = [{"branch": {"input": "branch"}}, [{"name": "branch", "input": "branch"}]]


@pytest.mark.parametrize("bindings", [*BINDINGS, {"branch": {}}, "none", {"branch": "branch"}, [1]])
def test_an_input_that_only_a_tool_takes(bindings: object) -> None:
    """A binding uses its input; anything else does not."""

    class Inputs(BaseModel):
        question: str
        branch: str = "main"

    def make() -> Prompt[Inputs]:
        return Prompt.define(
            Inputs, user("{{ question }}"), tools=[{"name": "find", "bindings": bindings}, {"name": "x"}]
        )

    if bindings in BINDINGS:
        assert make().render(question="?").text == "?"
    else:
        with pytest.raises(InvalidPrompt, match="unused input 'branch'"):
            make()


def test_what_neither_messages_nor_includes_use_is_an_error() -> None:
    """An include that is at hand tells what it takes; one that no message names is no part of the prompt."""

    class Inputs(BaseModel):
        word: str
        tone: str

    class Tone(BaseModel):
        tone: str

    style = Prompt.define(Tone, system("Be {{ tone }}."))
    prompt = Prompt.define(Inputs, system('{% include "style" %} {{ word }}'), includes={"style": style})
    assert prompt.render(word="Hi", tone="kind").text == "Be kind. Hi"
    with pytest.raises(InvalidPrompt) as caught:
        Prompt.define(Inputs, system('{% include "style" %}'), includes={"style": style})
    assert str(caught.value) == (
        "unused input 'word'\n  --> input 'word'\nwrite {{ word }} in a message, or take the input out"
    )
    with pytest.raises(InvalidPrompt, match="unused include 'style'"):
        Prompt.define(system("Hi"), includes={"style": Prompt.define(system("x"))})


def test_a_budget_that_is_none() -> None:
    """A number is no budget: it has no encoding and no reserve."""
    with pytest.raises(InvalidInputs) as caught:
        Prompt.define(user("Hello")).render(budget=8_000)  # type: ignore[arg-type] # the mistake under test
    assert str(caught.value) == "budget is a int, not a Budget\nwrite Budget(8_000)"


def test_an_include_that_is_not_one_text_at_rendering() -> None:
    """Conditions and loops around its message, and images, can only be seen then; nothing is left out in silence."""

    class Count(BaseModel):
        turns: list[str]

    class Picture(BaseModel):
        picture: Image

    loop: Prompt[Any] = Prompt(
        messages=(Prelude("{% for turn in turns %}"), user("{{ turn }}{% endfor %}")), inputs=declare(Count)
    )
    prompt = Prompt.define(Count, user('a {% include "loop" %}'), includes={"loop": loop})
    assert prompt.render(turns=["b"]).text == "a b"
    for turns in ([], ["b", "c"]):
        with pytest.raises(RenderFailed) as caught:
            prompt.render(turns=turns)
        assert caught.value.what == f"the include 'loop' made {len(turns)} messages"
        assert caught.value.hint == "an include is put in place as one text: its conditions and loops stay inside"
        assert str(caught.value.where) == "message 1 (user):1:6"
    seen = Prompt.define(Picture, user("see {{ picture }}"))
    with pytest.raises(RenderFailed, match="the include 'seen' holds an image or a file") as caught:
        Prompt.define(Picture, user('{% include "seen" %}'), includes={"seen": seen}).render(picture=Image("https://x"))
    assert caught.value.hint == "write {{ picture }} in a message of the prompt that includes it"
