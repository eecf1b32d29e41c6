"""Work told in what the encoder is asked, not in time: how often, and how many characters."""

from __future__ import annotations

import base64
from random import Random
from typing import TYPE_CHECKING, Literal, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from promptlib import Budget, Prompt, truncate
from promptlib.errors import BudgetExceeded
from promptlib.messages import Message, Thread, assistant, placeholder, system, user
from promptlib.segments import FINE_TO_COARSE, Boundary, Segment, Stretch
from promptlib.tokens import EncodingCounter, fit, memo
from promptlib.tokens.vocabulary import LONGEST_TOKEN
from tests.tokens.fitting import count, total
from tests.tokens.texts import CODE, WORDS, chinese, english

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promptlib.tokens.truncation import Keep

Goes: TypeAlias = Literal["end", "start", "middle"]
Way: TypeAlias = "tuple[Goes, Keep | None]"

LIMIT = 8_000
LARGE = 10_000_000
#: Characters that may be encoded whatever the limit is: the first look at a text, and what stands around a cut.
BESIDE = 2_500
ENGLISH, CHINESE = english(60_000) + " ", chinese(20_000)
LARGE_TEXTS = {"code": (CODE, 1.5), "English": (ENGLISH, 1.5), "Chinese": (CHINESE, 2.5)}


@pytest.fixture
def encoded() -> Iterator[list[str]]:
    """What the encoder is asked, from a moment on at which no text was ever counted."""
    with pytest.MonkeyPatch.context() as patch:
        yield watched(patch)


def watched(patch: pytest.MonkeyPatch) -> list[str]:
    patch.setattr(memo, "_counters", {})
    asked: list[str] = []
    encode = EncodingCounter.encode

    def watch(self: EncodingCounter, text: str, /) -> list[int]:
        asked.append(text)
        return encode(self, text)

    patch.setattr(EncodingCounter, "encode", watch)
    return asked


def characters(texts: Sequence[str]) -> int:
    return sum(map(len, texts))


def large(text: str) -> str:
    """Return 10 MB of *text*."""
    return text * (LARGE // len(text.encode()) + 1)


# --- ten megabytes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", ["start", "end", "middle"])
@pytest.mark.parametrize(("text", "most"), LARGE_TEXTS.values(), ids=LARGE_TEXTS)
def test_to_cut_ten_megabytes_little_more_is_encoded_than_stays(
    text: str, most: float, keep: Keep, encoded: list[str]
) -> None:
    kept = truncate(large(text), LIMIT, keep=keep)
    assert encoded.pop() == kept  # the verifying count
    assert characters(encoded) <= most * len(kept)
    assert LIMIT - 2 <= count(kept) <= LIMIT


@pytest.mark.parametrize("goes", ["end", "start", "middle"])
@pytest.mark.parametrize(("text", "most"), LARGE_TEXTS.values(), ids=LARGE_TEXTS)
def test_to_fit_ten_megabytes_between_what_must_stay_little_more_is_encoded_than_stays(
    text: str, most: float, goes: Goes, encoded: list[str]
) -> None:
    before, inside, behind = "Read this:\n", large(text), "\nNow, what is it?"
    segment = Stretch("document", Segment(truncate=goes), 1, len(before), len(before) + len(inside))
    messages = [system("Answer from what you read."), user(before + inside + behind, literal=True)]
    kept = Budget(LIMIT).fit(messages, [segment]).messages
    assert encoded.pop() == kept[1].text  # the verifying count
    assert characters(encoded) <= most * characters([message.text for message in kept])
    assert LIMIT - 2 <= total(kept) <= LIMIT


# --- a thread ---------------------------------------------------------------------------------------------------------


def conversation(turns: int, size: int) -> list[Message]:
    return [(user, assistant)[at % 2](f"{at} {ENGLISH[at : at + size]}", literal=True) for at in range(turns)]


@pytest.mark.parametrize("size", [100, 450, 2_000, 7_000])
def test_of_a_thousand_messages_those_that_stay_are_encoded_and_one_more(size: int, encoded: list[str]) -> None:
    turns, budget = conversation(1_000, size), Budget(LIMIT)
    kept = fit(turns, budget).messages
    assert len(encoded) <= len(kept) + 1
    assert {message.text for message in kept} <= set(encoded)  # to verify, each count is remembered
    encoded.clear()
    again = fit([*turns, user("And now?")], budget)
    assert len(encoded) <= 2
    assert again.report.total == total(again.messages)


@pytest.mark.parametrize("size", [40, 2_000, 20_000])
def test_of_a_thousand_messages_of_any_length_no_more_is_encoded_than_the_limit_holds(
    size: int, encoded: list[str]
) -> None:
    turns, budget = conversation(1_000, size), Budget(LIMIT)
    fit(turns, budget)
    used = characters(encoded)
    encoded.clear()
    fit([*turns, user("And now?")], budget)
    assert len(encoded) <= 2
    assert used <= len(truncate("".join(turn.text for turn in turns), LIMIT, keep="end")) + BESIDE


# --- segments ---------------------------------------------------------------------------------------------------------


def listing(
    texts: Sequence[str], truncate: Literal["drop", "end", "start", "middle"] = "drop"
) -> tuple[list[Message], list[Stretch]]:
    """Return one message in which each of *texts* is a segment."""
    stretches, at = [], 0
    for number, text in enumerate(texts):
        stretches.append(Stretch(f"s{number}", Segment(truncate=truncate), 0, at, at + len(text)))
        at += len(text)
    return [user("".join(texts), literal=True)], stretches


@pytest.mark.no_cover
@pytest.mark.parametrize("limit", [LIMIT, 100_000])
def test_after_one_edit_among_ten_thousand_segments_that_one_is_encoded_and_the_whole_verified(
    limit: int, encoded: list[str]
) -> None:
    text = "the quick brown fox jumps over the lazy dog, and over many others besides.\n"
    texts = [f"{at:05} {text}" for at in range(10_000)]
    budget = Budget(limit)
    budget.fit(*listing(texts))
    encoded.clear()
    texts[17] = "00017 A quick brown fox jumped over lazy dogs, and over many an other one besides.\n"
    messages, _, _ = budget.fit(*listing(texts))
    assert encoded == [texts[17], messages[0].text]


@pytest.mark.no_cover
@pytest.mark.parametrize("behind", ["\n", " ", ""])
@pytest.mark.parametrize("goes", ["end", "start", "middle"])
def test_once_the_limit_is_reached_the_segments_behind_it_are_not_read(
    goes: Goes, behind: str, encoded: list[str]
) -> None:
    texts = [f"{at:05} quick foxes jump over {at % 7 * 'very '}lazy dogs{behind}" for at in range(10_000)]
    budget = Budget(LIMIT)
    kept = budget.fit(*listing(texts, goes)).messages[0].text
    assert characters(encoded) <= 4 * len(kept)
    encoded.clear()
    texts[17] = f"00017 slow foxes{behind}"
    messages, _, _ = budget.fit(*listing(texts, goes))
    assert messages[0].text in encoded
    assert len(encoded) <= 30


def test_where_segments_touch_their_neighbours_are_encoded_with_the_one_that_was_edited(encoded: list[str]) -> None:
    texts = [f" {at:05} quick foxes jump over {at:05} lazy dog" for at in range(1_000)]
    budget = Budget(LIMIT)
    budget.fit(*listing(texts))
    encoded.clear()
    texts[17] = "s 00017 slow foxes jump over 00017 lazy dog"
    messages, _, _ = budget.fit(*listing(texts))
    assert encoded.pop() == messages[0].text
    assert characters(encoded) <= 3 * len(texts[17])


# --- a budget that is not reached -------------------------------------------------------------------------------------


class Question(BaseModel):
    rules: str
    documents: list[str]
    history: Thread
    question: str


def test_where_all_fits_each_message_is_encoded_once_and_no_role(encoded: list[str]) -> None:
    prompt = Prompt.define(
        Question,
        system('{{ rules }}{% segment "docs" truncate="items" %}{{ documents | join("; ") }}{% endsegment %}'),
        placeholder("history", priority=10),
        user('{% segment "question" priority=20 truncate="middle" %}{{ question }}{% endsegment %}'),
    )
    inputs = Question(
        rules=ENGLISH[:2_000],
        documents=["one", ENGLISH[:900]],
        history=tuple(conversation(4, 2_000)),
        question=CODE[:2_000],
    )
    rendered = prompt.render(inputs, budget=Budget(LIMIT))
    assert encoded == [message.text for message in rendered.messages]
    assert rendered == prompt.render(inputs, budget=Budget(LIMIT))
    assert len(encoded) == len(rendered.messages)


# --- any text, any limit ----------------------------------------------------------------------------------------------

KINDS = {
    "code": CODE,
    "English": ENGLISH,
    "Chinese": CHINESE,
    "base64": base64.b64encode(Random(3).randbytes(50_000)).decode(),
    "joined emoji": "👩\u200d🏽",
}
#: What a long text repeats: stretches of a kind, or of some other characters, hostile ones among them.
PARTS = st.lists(
    st.tuples(
        st.sampled_from([*KINDS, "a", " ", "\n", "-=", "e\u0301", "9"]) | st.text(min_size=1, max_size=20),
        st.integers(1, 60_000),
    ),
    min_size=1,
    max_size=4,
)
#: The same as people and programs write it: words, and what stands behind each.
SENTENCES = st.lists(
    st.tuples(st.sampled_from(WORDS), st.sampled_from([" ", " ", " ", ", ", "\n", ".\n\n"])), min_size=1, max_size=50
)


def lengthened(text: str, size: int = 200_000) -> str:
    """Return *text* again and again: far longer than any limit below."""
    return (text * (size // len(text) + 1))[:size]


def work(text: str, limit: int, way: Way, boundary: Boundary) -> int:
    """Return how many characters are encoded to shorten *text*."""
    goes, keep = way
    policy = Segment(truncate=goes, boundary=boundary)
    with pytest.MonkeyPatch.context() as patch:
        encoded = watched(patch)
        if keep is None:
            Budget(limit).fit([user(f"Read {text}.\nNow?", literal=True)], [Stretch("it", policy, 0, 5, 5 + len(text))])
        else:
            truncate(text, limit, keep=keep, boundary=boundary)
        return characters(encoded)


LIMITS = st.integers(20, 2_000)
#: What goes from a segment; with what stays, when it is cut alone.
WAYS: st.SearchStrategy[Way] = st.sampled_from(
    [("end", None), ("start", None), ("middle", None), ("end", "start"), ("start", "end"), ("middle", "middle")]
)
BOUNDARIES = st.sampled_from(FINE_TO_COARSE)


@given(SENTENCES, LIMITS, WAYS, BOUNDARIES)
def test_the_work_on_words_grows_with_the_limit_alone(
    words: list[tuple[str, str]], limit: int, way: Way, boundary: Boundary
) -> None:
    """A long word that is one token has 12 to 16 characters, and is encoded up to three times: read, tried, verified.

    So 48 characters for each token of the limit, whatever the length of the text.
    """
    text = lengthened("".join(word + blank for word, blank in words))
    assert work(text, limit, way, boundary) <= 3 * 16 * limit + BESIDE


@given(PARTS, LIMITS, WAYS, BOUNDARIES)
def test_the_work_on_any_text_grows_with_the_limit_alone(
    parts: list[tuple[str, int]], limit: int, way: Way, boundary: Boundary
) -> None:
    """No token has more than 128 bytes, so a token of the limit can stand for no more characters.

    In runs without a safe cut each try encodes all that would stay; there are up to ten.
    """
    text = lengthened("".join(lengthened(KINDS.get(kind, kind), size) for kind, size in parts))
    assert work(text, limit, way, boundary) <= 10 * LONGEST_TOKEN * limit + BESIDE


@pytest.mark.parametrize(
    "stretches", [(), (Stretch("it", Segment(), 0, 0, 40_000),)], ids=["alone", "beside a segment"]
)
@pytest.mark.parametrize("limit", [1, 100, 10_000])
def test_required_text_of_megabytes_is_refused_without_being_encoded(
    limit: int, stretches: tuple[Stretch, ...], encoded: list[str]
) -> None:
    with pytest.raises(BudgetExceeded, match="so the text was not counted"):
        Budget(limit).fit([user(ENGLISH * 40, literal=True)], stretches)
    assert encoded == []
