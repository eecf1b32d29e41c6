"""Whatever two people do to a prompt: the merge is a prompt that can be, and nothing that they wrote is lost."""

from __future__ import annotations

import csv
import re
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptlib import Prompt, codec
from promptlib.codec.header import header_of
from promptlib.codec.reconciling import same
from promptlib.errors import InvalidPrompt
from promptlib.inputs import Input, InputType
from promptlib.merge import Merged, merge
from promptlib.messages import Message, Placeholder, Prelude, assistant, system, user
from promptlib.plain import Frozen, freeze
from promptlib.refs import Pin
from tests.merge.editing import edited

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from promptlib.merge.texts import Side


def frozen(items: dict[str, Any]) -> Frozen:
    found = freeze(items)
    assert isinstance(found, Frozen)
    return found


TEXT = InputType(kind="string")
RICH: Prompt[Any] = Prompt(
    messages=(
        Prelude("{% set greeting = 'Hello' %}"),
        system("You are a clerk.\nSay {{ greeting }} first.\n\nAnswer in a {{ tone }} voice.\nBe brief.\nBe brief.\n"),
        Placeholder("history"),
        user("Here it is:\r\n{{ ticket }}\r\n\r\nWhat now?", literal=False),
        assistant("<<<<<<< not a marker\n=======\nuser:\n{{ raw }} {% if %}", literal=True),
        user("{% for doc in docs %}\n- {{ doc }}\n{% endfor %}\nAnswer."),
    ),
    inputs=(
        Input(name="ticket", type=TEXT, description="What came in"),
        Input(name="tone", type=InputType(kind="enum", values=("warm", "plain")), required=False, default="warm"),
        Input(name="history", type=InputType(kind="thread"), required=False, default=()),
        Input(name="docs", type=InputType(kind="array", items=TEXT, max_length=9)),
    ),
    settings=frozen({"id": "m", "options": {"temperature": 0.5, "stop": ["a", "b"]}}),
    outputs=(Input(name="answer", type=TEXT),),
    tools=(Frozen({"name": "look", "kind": "function"}), Frozen({"kind": "bare"})),
    segments=frozen({"docs": {"priority": 3}, "history": {"priority": 1}}),
    description="Answer a ticket.\nIn two lines.",
    tags=("support", "old"),
    authors=("Ann", "Ben"),
    derived_from=Pin("support/other", "sha256:" + "0" * 64),
    extra=frozen({"displayName": "Clerk", "metadata": {"team": "a", "cost": {"centre": 3}}}),
)
SMALL = Prompt.define(system("Be brief."))
LITERAL = Prompt.define(system("a\r\nb\r\n\r\n{{ no tag\r\nuser:\r\n", literal=True))
BASES = (RICH, SMALL, LITERAL)


def same_whole(one: Prompt[Any], other: Prompt[Any]) -> bool:
    """Tell whether two prompts have the same content and say the same beside it, judged without the merge."""
    return (
        one.digest == other.digest
        and [getattr(piece, "literal", None) for piece in one.messages]
        == [getattr(piece, "literal", None) for piece in other.messages]
        and one.messages == other.messages
        and same(header_of(one), header_of(other))
    )


def words(prompt: Prompt[Any]) -> Counter[str]:
    """Return all that people wrote in *prompt*, as words."""
    texts = [piece.text for piece in prompt.messages]
    texts += [each.description for each in prompt.inputs] + [prompt.description, *prompt.tags]
    return Counter(word for text in texts for word in text.split())


def outcomes(merged: Merged[Prompt[Any]]) -> dict[Side, Prompt[Any]]:
    """Return the prompts that come out: one, or one for each side."""
    if not merged.conflicts:
        assert merged.prompt is not None
        return {"ours": merged.prompt, "theirs": merged.prompt}
    assert merged.prompt is None
    found: dict[Side, Prompt[Any]] = {}
    for side in ("ours", "theirs"):
        prompt = merged.resolve(side)
        assert prompt is not None
        found[side] = prompt
    return found


def check_merge(base: Prompt[Any] | None, ours: Prompt[Any], theirs: Prompt[Any]) -> Merged[Prompt[Any]]:
    """Hold a merge against all that it promises."""
    merged, mirrored = merge(base, ours, theirs), merge(base, theirs, ours)
    assert [(each.field, each.base, each.ours, each.theirs) for each in merged.conflicts] == [
        (each.field, each.base, each.theirs, each.ours) for each in mirrored.conflicts
    ]
    assert len({each.field for each in merged.conflicts}) == len(merged.conflicts)
    found, other = outcomes(merged), outcomes(mirrored)
    assert (found["ours"], found["theirs"]) == (other["theirs"], other["ours"])
    before = Counter[str]() if base is None else words(base)
    for prompt in found.values():
        assert same_whole(codec.read(codec.write(prompt)), prompt)
    for side, own in (("ours", ours), ("theirs", theirs)):
        # A word that only this side knows is in what comes out when it is chosen.
        assert words(own).keys() - before.keys() <= words(found[side]).keys()  # type: ignore[index] # one of the sides
    return merged


@settings(max_examples=60)
@given(st.sampled_from(BASES), st.randoms(use_true_random=False), st.integers(1, 5))
def test_an_unchanged_side_leaves_the_other_exactly_as_it_is(base: Prompt[Any], random: Random, edits: int) -> None:
    other = edited(base, random, edits)
    for merged in (
        merge(other, other, other),
        merge(base, other, other),
        merge(base, base, other),
        merge(base, other, base),
    ):
        assert merged.conflicts == ()
        assert merged.prompt is not None
        assert same_whole(merged.prompt, other)
        assert merged.prompt.tags == other.tags
    assert merge(None, other, other).prompt is other


@settings(max_examples=60)
@given(st.sampled_from(BASES), st.randoms(use_true_random=False), st.integers(1, 6), st.integers(1, 6))
def test_any_two_edits_merge_or_conflict_and_nothing_is_lost(
    base: Prompt[Any], random: Random, mine: int, yours: int
) -> None:
    check_merge(base, edited(base, random, mine), edited(base, random, yours))


@settings(max_examples=15)
@given(st.randoms(use_true_random=False), st.integers(0, 8))
def test_prompts_without_a_common_past_merge_or_conflict(random: Random, edits: int) -> None:
    check_merge(None, edited(RICH, random, edits), edited(random.choice(BASES), random, edits))


def _real(folder: Path) -> list[Prompt[Any]]:
    texts = [path.read_bytes() for path in sorted(folder.glob("fabric/patterns/*/system.md"))]
    with (folder / "awesome-chatgpt-prompts" / "prompts-2025-11.csv").open(encoding="utf-8", newline="") as rows:
        texts += [row["prompt"].encode() for row in csv.DictReader(rows)]
    found: list[Prompt[Any]] = []
    for text in texts:
        try:
            found.append(codec.read(text))
        except InvalidPrompt:
            found.append(Prompt.define(system(text.decode(), literal=True)))
    return found


@pytest.mark.no_cover
def test_500_pairs_of_edits_of_real_prompts(corpus: Path, record_property: Callable[[str, object], None]) -> None:
    random = Random(6)
    prompts = _real(corpus)
    assert len(prompts) > 400
    clean, reasons = 0, Counter[str]()
    for _ in range(500):
        base = random.choice(prompts)
        if random.random() < 0.5 and not any(getattr(piece, "literal", False) for piece in base.messages):
            base = base.evolve(messages=[*base.messages, user("Here is the text.\nBe kind."), assistant("I will.")])
        merged = check_merge(
            base, edited(base, random, random.randint(1, 4)), edited(base, random, random.randint(1, 4))
        )
        clean += not merged.conflicts
        reasons.update(re.split(r"[:,]", each.why)[0] for each in merged.conflicts)
    record_property("clean", clean)
    record_property("reasons", dict(reasons))
    print(f"clean: {clean} of 500; conflicts: {dict(reasons)}")  # noqa: T201 - a figure for whoever asks with -s
    assert clean > 350


@pytest.mark.parametrize("at", range(8))
def test_edits_of_different_lines_of_real_prompts_never_conflict(corpus: Path, at: int) -> None:
    random = Random(at)
    for base in random.sample(_real(corpus), 20):
        first = base.messages[0]
        assert isinstance(first, Message)
        if first.literal:
            continue
        lines = first.text.split("\n")
        who = [random.choice([*"......", "ours", "theirs"]) for _ in lines]
        made: dict[str, list[str]] = {"ours": [], "theirs": [], "both": []}
        for place, (line, side) in enumerate(zip(lines, who, strict=True)):
            word = f"{side} {place}"
            new: list[str] = random.choice(
                [[f"Now {word}."], [line, f"More {word}."], [f"{line} {word}"], [] if line else [line]]
            )
            for name, found in made.items():
                found.extend(new if name == side or (name == "both" and side != ".") else [line])
        sides = [base.evolve(messages=[system("\n".join(each)), *base.messages[1:]]) for each in made.values()]
        merged = merge(base, *sides[:2])
        assert merged.conflicts == ()
        assert merged.prompt == sides[2]
