"""Budgets: cutting, fitting and fitting again, against tiktoken's own work on the same text or on what is kept."""

from __future__ import annotations

import argparse
import base64
import string
from functools import partial
from itertools import accumulate, count, pairwise
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from promptlib import Budget, Prompt, truncate
from promptlib.messages import Message, Thread, assistant, placeholder, system, user
from promptlib.segments import Segment, Stretch
from promptlib.tokens import encoding, fit, memo

from .measure import Figure, figure, paired, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .measure import Work

SIZE = 10_000_000
LIMIT = 8_000
ROUNDS = 9
HAN = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种，。"
CODE = Path(argparse.__file__).read_text(encoding="utf-8")
WORDS = CODE.split()
#: Prompts of one turn, each with texts of its own, so that every one of them is counted.
PROMPTS = 8
SEGMENTS = 10_000
PLAIN = Segment(truncate="end")


class Document(BaseModel):
    """A text of any length and a question."""

    document: str
    question: str


class Talk(BaseModel):
    """What a chat of four messages takes, about 2 KB each."""

    rules: str
    example: str
    answer: str
    question: str


class Search(BaseModel):
    """What a prompt with segments and a thread takes."""

    rules: str
    documents: tuple[str, ...]
    history: Thread
    question: str


READ = Prompt.define(
    Document,
    system("Answer from what you read."),
    user('Read this:\n{% segment "document" truncate="end" %}{{ document }}{% endsegment %}\nNow: {{ question }}'),
)
TALK = Prompt.define(
    Talk,
    system("{{ rules }}"),
    user("Such as: {{ example }}"),
    assistant("{{ answer }}"),
    user("Now: {{ question }}"),
)
SEARCH = Prompt.define(
    Search,
    system('{{ rules }}\n{% segment "documents" truncate="items" %}{{ documents | join("; ") }}{% endsegment %}'),
    placeholder("history", priority=10),
    user('{% segment "question" priority=20 truncate="middle" %}{{ question }}{% endsegment %}'),
)


def figures() -> Iterator[Figure]:
    """Yield what this module measures."""
    for name, text in large_texts().items():
        yield from _cut(f"10 MB of {name}", text)
    yield from _not_reached("4 messages of 2 KB", TALK, _talks())
    yield from _not_reached("messages with segments", SEARCH, _searches())
    yield from _thread()
    for limit in (LIMIT, 100_000):
        yield from _segments(limit)
    for name, text in hostile_texts().items():
        yield from _hostile(f"1 MB of {name}", text)


def large_texts() -> dict[str, str]:
    """Return texts of 10 MB."""
    return {
        "code": CODE * (SIZE // len(CODE) + 1),
        "English": english(Random(1), SIZE),
        "Chinese": "".join(Random(1).choices(HAN, k=SIZE // 3)),
    }


def hostile_texts() -> dict[str, str]:
    """Return texts of 1 MB that engines were slow at."""
    random = Random(2)
    return {
        "one letter": "a" * 1_000_000,
        "spaces": " " * 990_000,
        "base64": base64.b64encode(random.randbytes(750_000)).decode(),
        "random letters": "".join(random.choices(string.ascii_letters, k=1_000_000)),
        "unbroken Chinese": "".join(random.choices(HAN[:-2], k=333_000)),
    }


def english(random: Random, size: int) -> str:
    """Return words, about *size* characters of them."""
    return " ".join(random.choices(WORDS, k=size // 6))


def encoded(*texts: str) -> None:
    """Encode each of *texts* by tiktoken itself."""
    for text in texts:
        encoding("o200k_base").encoding.encode_ordinary(text)


def anew(work: Work) -> None:
    """Do *work* when nothing is known of its texts."""
    memo._counters.clear()
    work()


def _ways(text: str) -> dict[str, Work]:
    """Return what cuts *text*: alone, as a segment of a message that is there, as one of a prompt that is rendered."""
    budget = Budget(LIMIT)
    messages = [system("Answer from what you read."), user(text, literal=True)]
    inputs = Document(document=text, question="what is it?")
    return {
        "cut": partial(truncate, text, LIMIT),
        "as a segment": partial(fit, messages, budget, segments={1: Segment(truncate="end")}),
        "rendered": partial(READ.render, inputs, budget=budget),
    }


def _cut(name: str, text: str) -> Iterator[Figure]:
    by = encoding("o200k_base").encoding

    def encode_slice_decode() -> str:
        return by.decode_bytes(by.encode_ordinary(text)[:LIMIT]).decode(errors="ignore")

    assert truncate(text, LIMIT) == encode_slice_decode()
    floor = min(seconds(encode_slice_decode) for _ in range(3))
    for way, work in _ways(text).items():
        ratios = [seconds(partial(anew, work)) / floor for _ in range(ROUNDS)]
        yield figure(f"{name} to {LIMIT} tokens, {way}", "encode all, slice, decode", 0.01, ratios)


def _hostile(name: str, text: str) -> Iterator[Figure]:
    floor = partial(encoded, truncate(text, LIMIT))
    for way, work in _ways(text).items():
        ratios = [seconds(partial(anew, work)) / seconds(floor) for _ in range(ROUNDS)]
        yield figure(f"{name} to {LIMIT} tokens, {way}", "one count of what is kept", 3, ratios)


def _talks() -> list[Talk]:
    random = Random(3)
    return [Talk(**{name: english(random, 2_000) for name in Talk.model_fields}) for _ in range(PROMPTS)]


def _searches() -> list[Search]:
    random = Random(4)

    def search() -> Search:
        history = tuple((user, assistant)[at % 2](english(random, 2_000), literal=True) for at in range(4))
        rules, question, *documents = (english(random, 1_000) for _ in range(4))
        return Search(rules=rules, documents=tuple(documents), history=history, question=question)

    return [search() for _ in range(PROMPTS)]


def _not_reached(name: str, prompt: Prompt[Any], rows: Sequence[BaseModel]) -> Iterator[Figure]:
    budget = Budget(LIMIT)

    def with_budget() -> None:
        for row in rows:
            prompt.render(row, budget=budget)

    def counted_apart() -> None:
        for row in rows:
            encoded(*(message.text for message in prompt.render(row).messages))

    assert prompt.render(rows[0], budget=budget) == prompt.render(rows[0])
    what, floor = f"budget not reached, {name}", "render, and one count of each message"
    yield figure(what, floor, 1.15, paired(partial(anew, with_budget), counted_apart))
    yield figure(f"{what}, again", floor, None, paired(with_budget, counted_apart))


def _thread() -> Iterator[Figure]:
    random = Random(5)
    turns = [(user, assistant)[at % 2](english(random, 400), literal=True) for at in range(1_000)]
    budget, numbers = Budget(LIMIT), count()

    def one_more() -> None:
        fit([*turns, user(f"one more, number {next(numbers)}", literal=True)], budget)

    first = partial(anew, partial(fit, turns, budget))
    each_once = partial(encoded, *(turn.text for turn in turns))
    yield figure(f"1,000 messages to {LIMIT} tokens", "one count of each", None, paired(first, each_once))
    yield figure("the same with one message more", "the first time", None, paired(one_more, first))


def _segments(limit: int) -> Iterator[Figure]:
    random = Random(6)
    texts = [f"{at}: {english(random, 120)}\n" for at in range(SEGMENTS)]
    budget, numbers = Budget(limit), count()

    def fitted() -> tuple[Message, ...]:
        ends = [*accumulate(map(len, texts), initial=0)]
        stretches = [Stretch(f"s{at}", PLAIN, 0, low, high) for at, (low, high) in enumerate(pairwise(ends))]
        return budget.fit([user("".join(texts), literal=True)], stretches).messages

    def edited() -> None:
        number = next(numbers)
        texts[number % 50] = f"{number}: {english(random, 120)}\n"
        fitted()

    kept = partial(encoded, fitted()[0].text)
    what, floor = f"{SEGMENTS:,} segments to {limit:,} tokens", "one count of what is kept"
    yield figure(what, floor, None, paired(partial(anew, fitted), kept, rounds=ROUNDS))
    fitted()
    yield figure(f"{what}, one edited", floor, None, paired(edited, kept, rounds=ROUNDS))
