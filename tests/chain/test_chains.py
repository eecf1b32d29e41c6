"""Chains as values: what is in their digest, how they are copied, shown and put into files."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from promptlib import Chain, Pin, Prompt, Step, codec, constant, step, user
from promptlib.chain.answers import checked
from promptlib.errors import InputsMismatch, InvalidChain, InvalidFile, InvalidInputs, InvalidPrompt
from promptlib.inputs import Input, InputType
from promptlib.merge import merge
from promptlib.origin import Origin, Standing
from promptlib.plain import Frozen, freeze
from promptlib.refs import Ref


class Notes(BaseModel):
    notes: str


class Text(BaseModel):
    text: str


class Mood(BaseModel):
    mood: str
    """Not in the digest."""


READ = Prompt.define(Text, user("Read {{ text }}"))
AGAIN = Prompt.define(Text, user("Read again {{ text }}"))
CHAIN = Chain.define(
    Notes,
    step("read", READ, text="notes"),
    step("again", AGAIN, text="read.text", outputs=Mood),
    description="Twice",
    tags=["reading"],
    authors=["Ada"],
)


def test_the_digest_of_a_content_never_changes() -> None:
    assert READ.digest == "sha256:7802ec5358d367c8713f0ce95562391f82f39dbead9eaa9f72f9a8014c0db2dc"
    assert CHAIN.digest == "sha256:ffa33436503232102ab24500c153b14b2a1ff3c88e5ab78a0cfbe3b5cef72dbf"


def test_the_digest_is_over_what_runs() -> None:
    described = CHAIN.evolve(description="Other words", tags=[], authors=())
    assert (described, hash(described)) == (CHAIN, hash(CHAIN))
    assert described != CHAIN.evolve(steps=CHAIN.steps[:1])
    assert CHAIN != READ
    named = CHAIN.with_origin(None, includes={"read": f"team/read#{READ.digest[7:]}"})
    assert (named.digest, named.step("read").use) == (CHAIN.digest, Pin("team/read", READ.digest))
    floating = Chain.define(Notes, step("read", "team/read@production", text="notes"), resolve=lambda _: READ)
    pinned = Chain.define(Notes, step("read", READ, text="notes"))
    assert floating != pinned
    moved = Chain.define(Notes, step("read", "team/read@production", text="notes"), resolve=lambda _: AGAIN)
    assert moved == floating


def test_a_chain_is_immutable_and_remembers_where_it_came_from() -> None:
    with pytest.raises(FrozenInstanceError):
        CHAIN.description = "x"  # type: ignore[misc] # the mistake
    origin = Origin("team/read", CHAIN.digest, find=lambda: Standing(CHAIN.digest, 3))
    loaded = CHAIN.with_origin(origin)
    assert loaded.name == "team/read"
    assert repr(loaded) == f"Chain('team/read', read -> again, {CHAIN.digest[:15]})"
    assert loaded.evolve(description="New").origin is origin
    assert loaded.derive(description="New").derived_from == Pin("team/read", CHAIN.digest)
    assert CHAIN.derive().derived_from == Pin("", CHAIN.digest)
    copy = pickle.loads(pickle.dumps(loaded))  # noqa: S301 - made on the same line
    assert (copy, copy.name, copy.included, copy.description) == (loaded, "team/read", loaded.included, "Twice")
    with pytest.raises(TypeError, match="a chain has no 'step' to change; did you mean 'steps'"):
        CHAIN.evolve(step=())  # type: ignore[call-arg] # the mistake
    assert CHAIN.evolve(inputs=CHAIN.inputs).inputs_model is None
    assert CHAIN.evolve(inputs=Notes).model is Notes


def test_a_stored_chain_is_typed_by_a_model_that_fits() -> None:
    bare = codec.read_stored(codec.write(CHAIN))
    assert isinstance(bare, Chain)
    assert bare.with_model(Notes).model is Notes
    assert bare.model(notes="x").model_dump() == {"notes": "x"}
    with pytest.raises(InputsMismatch):
        bare.with_model(Text)


def test_steps_are_found_by_name_and_turned_to_other_prompts() -> None:
    assert CHAIN.step("again").used == f"? ({AGAIN.digest[7:15]})"
    with pytest.raises(InvalidChain, match="no step 'raed' in this chain"):
        CHAIN.step("raed")
    turned = CHAIN.step("read").using(AGAIN)
    assert (turned.use, turned.prompt) == (Pin("", AGAIN.digest), AGAIN)
    assert CHAIN.step("read").using(Pin("team/read", READ.digest)).prompt is None
    assert CHAIN.resolve("read") is READ
    bare = codec.read_stored(codec.write(CHAIN))
    assert isinstance(bare, Chain)
    assert bare.resolve("read", lambda _: READ) is READ
    with pytest.raises(InvalidChain, match="is pinned to"):
        bare.resolve("read", lambda _: AGAIN)
    assert [each.name for each in CHAIN.outputs] == ["mood"]


def test_nothing_of_a_name_is_mermaids_or_htmls_own() -> None:
    class Odd(BaseModel):
        notes: str

    chain = Chain.define(
        Odd,
        step("read", READ, text=constant('<script>alert("x")</script>\n%%{init}%%')),
        step("again", "team/again@production", text="notes"),
        resolve=lambda _: AGAIN.with_origin(Origin("team/again", AGAIN.digest, find=lambda: Standing(AGAIN.digest, 7))),
    )
    drawn = chain.to_mermaid()
    assert "<script" not in drawn
    assert "%%" not in drawn
    assert f"team/again#64;production floating, now v7 ({AGAIN.digest[7:15]})" in drawn
    assert "style s1 stroke-dasharray: 5 5" in drawn
    shown = chain._repr_html_()
    assert "<script" not in shown
    assert "constant &#x27;&lt;script&gt;" in shown
    bare = codec.read_stored(codec.write(chain))
    assert isinstance(bare, Chain)
    assert "gives what its prompt declares" in bare.to_mermaid()
    assert "team/again#64;production floating<br/>" in bare.to_mermaid()


def test_data_is_checked_against_an_output() -> None:
    with pytest.raises(InvalidInputs, match="output lacks 'a'"):
        checked({}, (Input(name="a", type=InputType(kind="string")),))


# --- files ------------------------------------------------------------------------------------------------------------

FILE = f"""---
# What we do with notes.
description: Twice
inputs:
  notes:
    kind: string
metadata:
  tags:
    - reading
  promptlib:
    steps:
      # First of all.
      - name: read
        prompt: team/read#{READ.digest[7:]}
        inputs:
          text: notes
      - name: again
        prompt: team/again@production
        inputs:
          text: read.text
        outputs:
          mood:
            kind: string
---
"""


def test_a_file_says_its_steps_in_a_way_that_a_diff_shows() -> None:
    chain = codec.read_stored(FILE.encode())
    assert isinstance(chain, Chain)
    assert [str(each) for each in chain.steps] == [
        f"read: team/read ({READ.digest[7:15]})",
        "again: team/again@production (floating)",
    ]
    assert codec.edit(FILE.encode(), chain) == FILE.encode()
    turned = chain.evolve(steps=[chain.steps[0].using(Pin("team/read", AGAIN.digest)), chain.steps[1]])
    assert codec.edit(FILE.encode(), turned).decode() == FILE.replace(READ.digest[7:], AGAIN.digest[7:])
    assert codec.read_stored(codec.edit(b"---\ndescription: x\n---\nuser:\nHello\n", chain)) == chain
    prompt = codec.edit(FILE.encode(), READ)
    assert codec.read(prompt) == READ
    outline = codec.outline(FILE.encode())
    assert (outline.digest, outline.includes, outline.follows) == (chain.digest, chain.includes, chain.follows)
    stored, notes = codec.read_with_notes(FILE.replace("\n", "\r\n").encode())
    assert stored == chain
    assert notes


def changed(old: str, new: str) -> str:
    assert old in FILE
    return FILE.replace(old, new, 1)


HOSTILE: dict[str, tuple[str, str]] = {
    "a body": (FILE + "\nuser:\nHello\n", "a chain has steps and no messages\n  --> x.prompty:26:1"),
    "no list": (FILE[: FILE.index("    steps:")] + "    steps:\n      read: x\n---\n", "steps is no list of steps"),
    "an empty list": (FILE[: FILE.index("    steps:")] + "    steps: []\n---\n", "steps is no list of steps"),
    "a word for a step": (
        FILE[: FILE.index("    steps:")] + "    steps:\n      - read\n---\n",
        "a step holds keys and values",
    ),
    "an unknown key": (changed("        prompt: team/again", "        promt: team/again"), "a step has no 'promt'"),
    "no name": (changed("- name: again\n        prompt", "- prompt"), "a step without a name"),
    "a name that is none": (changed("name: again", "name: 3"), "name is no text"),
    "a name of two words": (changed("name: again", "name: again and"), "'again and' is no name for a step"),
    "no prompt": (changed("        prompt: team/again@production\n", ""), "a step without a prompt"),
    "a short digest": (changed(READ.digest[7:], READ.digest[7:15]), "is no pin"),
    "a number": (changed("team/again@production", "team/again@v3"), "is neither pinned nor a label of this store"),
    "another store": (changed("team/again@production", "shared:again@production"), "is neither pinned nor a label"),
    "a bad label": (changed("team/again@production", "team/again@Production"), "is no label"),
    "inputs that are none": (changed("inputs:\n          text: notes", "inputs: notes"), "inputs of a step hold names"),
    "a number for a place": (changed("text: read.text", "text: 3"), "the input 'text' of a step comes from nowhere"),
    "words for a place": (changed("text: read.text", "text: Hello you"), "which names nothing"),
    "another word for constant": (changed("text: read.text", "text: {value: 3}"), "comes from nowhere"),
    "a step twice": (changed("name: again", "name: read"), "two steps are called 'read'"),
    "a step that waits": (
        changed("text: notes\n      - name", "text: again.mood\n      - name"),
        "wait for each other",
    ),
    "an unknown place": (changed("text: read.text", "text: raed.text"), "there is no 'raed' to take it from"),
    "an unused input": (
        changed("  notes:\n    kind: string", "  notes:\n    kind: string\n  more:\n    kind: string"),
        "the input 'more' of the chain (text) is used by no step",
    ),
    "an output of no kind": (changed("kind: string\n---", "kind: strng\n---"), "no kind of input 'strng'"),
    "an output with other words": (
        changed("kind: string\n---", "kind: string\n            colour: red\n---"),
        "unknown words: colour",
    ),
    "an output that is a picture": (changed("kind: string\n---", "kind: image\n---"), "which no answer can hold"),
    "a model": (changed("description: Twice", "description: Twice\nmodel: gpt"), "a chain has no model of its own"),
    "tools": (
        changed("description: Twice", "description: Twice\ntools:\n  - name: x"),
        "a chain has no tools of its own",
    ),
    "outputs": (changed("description: Twice", "outputs:\n  a:\n    kind: string"), "a chain has no outputs of its own"),
    "includes": (
        changed("    steps:", f"    includes:\n      a: team/read#{READ.digest[7:]}\n    steps:"),
        "a chain has no includes of its own",
    ),
    "a literal text": (changed("description: Twice", "template: literal"), "a chain is no literal text"),
    "a role": (changed("    steps:", "    role: user\n    steps:"), "a chain is no literal text"),
}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_file_that_is_no_chain_is_refused_with_its_place(hostile: str) -> None:
    text, what = HOSTILE[hostile]
    with pytest.raises(InvalidPrompt) as caught:
        codec.read_stored(text.encode(), source="x.prompty")
    assert what in str(caught.value)
    assert "  --> x.prompty:" in str(caught.value)
    assert "^" in str(caught.value)
    with pytest.raises(InvalidPrompt):
        codec.outline(text.encode())


def test_a_chains_file_is_no_prompts() -> None:
    with pytest.raises(InvalidFile) as caught:
        codec.read(FILE.encode(), source="x.prompty")
    assert str(caught.value) == (
        "this is a chain of steps, and no prompt\n"
        "  --> x.prompty:11:5\n"
        "   |\n"
        "11 |     steps:\n"
        "   |     ^^^^^\n"
        "load it with store.load_chain(NAME); codec.read_stored(…) reads both"
    )


WORDS = st.text(min_size=1, max_size=8, alphabet="abcdefgh_").filter(lambda word: not word.startswith("_"))
TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)


@st.composite
def chains(draw: st.DrawFn) -> Chain[Any]:
    """Chains of any shape, whose prompts are not at hand."""
    names = draw(st.lists(WORDS, min_size=2, max_size=6, unique=True))
    steps: list[Step] = []
    for name in names[1:]:
        sources = [names[0], *(f"{each.name}.{draw(WORDS)}" for each in steps)]
        wires: dict[str, Any] = {
            key: draw(st.sampled_from(sources)) if draw(st.booleans()) else {"constant": draw(PLAIN)}
            for key in draw(st.lists(WORDS, max_size=3, unique=True))
        }
        if name == names[1]:
            wires["used"] = names[0]
        use = Pin(draw(WORDS.map(lambda word: word.strip("_") or "a")), f"sha256:{draw(DIGESTS)}")
        floating = draw(st.booleans())
        steps.append(
            Step(
                name=name,
                use=Ref(use.name, label="production") if floating else use,
                wires=Frozen({key: freeze(wire) for key, wire in wires.items()}),
            )
        )
    return Chain(
        steps=tuple(steps),
        inputs=(Input(name=names[0], type=InputType(kind="string"), description=draw(TEXTS)),),
        description=draw(TEXTS),
        tags=tuple(draw(st.lists(TEXTS, max_size=2))),
    )


@given(chains())
def test_a_file_holds_the_chain_exactly(chain: Chain[Any]) -> None:
    try:
        data = codec.write(chain)
    except InvalidPrompt:
        return  # a text that fits into no front matter
    back = codec.read_stored(data)
    assert isinstance(back, Chain)
    assert back == chain
    assert (back.steps, back.description, back.tags) == (chain.steps, chain.description, chain.tags)
    assert codec.write(back) == data
    assert codec.edit(data, back) == data
    assert codec.outline(data).digest == chain.digest
    assert pickle.loads(pickle.dumps(chain)) == chain  # noqa: S301 - made on the same line


@given(chains())
def test_merging_a_chain_with_itself_changes_nothing(chain: Chain[Any]) -> None:
    merged = merge(chain, chain, chain)
    assert (merged.prompt, merged.conflicts) == (chain, ())
    assert merge(None, chain, chain).prompt == chain


def test_the_names_of_the_package_are_late_and_no_others() -> None:
    import promptlib.chain

    assert promptlib.chain.StepRun.__name__ == "StepRun"
    with pytest.raises(AttributeError, match="has no attribute 'Chains'"):
        promptlib.chain.Chains  # noqa: B018 - looking is the test
