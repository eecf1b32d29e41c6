"""Budgets: cutting, fitting and fitting again, against tiktoken's own work on the same text or on what is kept."""

from __future__ import annotations

import argparse
import base64
import string
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from promptlib import Budget, Prompt, assistant, placeholder, system, truncate, user
from promptlib.messages import Message, Thread
from promptlib.segments import Segment, Stretch
from promptlib.tokens import encoding, fit, memo

from .measure import Figure, figure, paired, seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SIZE = 10_000_000
LIMIT = 8_000
ROUNDS = 9
HAN = "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种，。"
CODE = Path(argparse.__file__).read_text(encoding="utf-8")
WORDS = CODE.split()
#: Prompts of one turn, each with texts of its own, so that every one of them is counted.
PROMPTS = 8
SEGMENTS = 10_000


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
    system('{{ rules }}\n{% segment "documents" truncate="items" %}{{ documents | join(' ') }}{% endsegment %}'),
    placeholder("history", priority=10),
    user('{% segment "question" priority=20 truncate="middle" %}{{ question }}{% endsegment %}'),
)


def figures() -> Iterator[Figure]:
    """Yield what this module measures."""
    for name, text in large_texts().items():
        yield from _cut(name, text)
    yield from _not_reached("4 messages of 2 KB", TALK, _talks())
    yield from _not_reached("4 segments and 4 messages of 2 KB", SEARCH, _searches())
    yield from _thread()
    for limit in (LIMIT, 100_000):
        yield from _segments(limit)
    for name, text in hostile_texts().items():
        yield from _hostile(name, text)


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


def encoded(text: str) -> list[int]:
    """Return the tokens of *text* by tiktoken itself."""
    return encoding("o200k_base").encoding.encode_ordinary(text)


def forget() -> None:
    """Let nothing be known of the texts that were counted before."""
    memo._counters.clear()


def anew(work: Callable[[], object]) -> float:
    """Return what *work* costs when nothing is known of its texts."""
    forget()
    return seconds(work)


def _cut(name: str, text: str) -> Iterator[Figure]:
    decode = encoding("o200k_base").encoding.decode_bytes

    def encode_slice_decode() -> str:
        return decode(encoded(text)[:LIMIT]).decode(errors="ignore")

    inputs, budget = Document(document=text, question="what is it?"), Budget(LIMIT)
    ways = {
        f"10 MB of {name} cut to {LIMIT} tokens": partial(truncate, text, LIMIT),
        f"10 MB of {name} as a segment, to {LIMIT}": partial(READ.render, inputs, budget=budget),
    }
    assert truncate(text, LIMIT) == encode_slice_decode()
    assert READ.render(inputs, budget=budget).tokens > LIMIT - 3
    floor = min(seconds(encode_slice_decode) for _ in range(3))
    for what, work in ways.items():
        yield figure(what, "encode all, slice, decode", 0.01, [anew(work) / floor for _ in range(ROUNDS)])


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

    def with_budget_anew() -> None:
        forget()
        with_budget()

    def counted_apart() -> None:
        for row in rows:
            for message in prompt.render(row).messages:
                encoded(message.text)

    assert prompt.render(rows[0], budget=budget) == prompt.render(rows[0])
    what, floor = f"a budget that is not reached: {name}", "render, and one count of each message"
    yield figure(what, floor, 1.15, paired(with_budget_anew, counted_apart))
    yield figure(f"{what}, again", floor, None, paired(with_budget, counted_apart))


def _thread() -> Iterator[Figure]:
    random = Random(5)
    turns = [(user, assistant)[at % 2](english(random, 400), literal=True) for at in range(1_000)]
    budget, numbers = Budget(LIMIT), count()

    def anew() -> None:
        forget()
        fit(turns, budget)

    def one_more() -> None:
        fit([*turns, user(f"one more, number {next(numbers)}", literal=True)], budget)

    def each_once() -> None:
        for turn in turns:
            encoded(turn.text)

    yield figure(f"1,000 messages to {LIMIT}", "one count of each", None, paired(anew, each_once))
    yield figure("the same with one message more", "the first time", None, paired(one_more, anew))


def _segments(limit: int) -> Iterator[Figure]:
    random = Random(6)
    texts = [f"{at}: {english(random, 120)}\n" for at in range(SEGMENTS)]
    segment = Segment(truncate="drop")
    budget, numbers = Budget(limit), count()

    def fitted(texts: Sequence[str]) -> tuple[Message, ...]:
        places = [0]
        for text in texts:
            places.append(places[-1] + len(text))
        stretches = [Stretch(f"s{at}", segment, 0, places[at], places[at + 1]) for at in range(len(texts))]
        return budget.fit([user("".join(texts), literal=True)], stretches).messages

    def again() -> None:
        at = next(numbers)
        texts[at % 50] = f"{at}: {english(random, 120)}\n"
        fitted(texts)

    kept = fitted(texts)[0].text
    what = f"{SEGMENTS:,} segments to {limit:,}"
    yield figure(what, "one count of what is kept", None, [anew(lambda: fitted(texts)) / seconds(lambda: encoded(kept)) for _ in range(ROUNDS)])
    yield figure(f"{what}, one edited", "one count of what is kept", None, paired(again, lambda: encoded(kept), rounds=ROUNDS))


def _hostile(name: str, text: str) -> Iterator[Figure]:
    inputs, budget = Document(document=text, question="what is it?"), Budget(LIMIT)
    kept = truncate(text, LIMIT)
    shown = READ.render(inputs, budget=budget).messages
    floor = "tiktoken's count of what is kept"
    ratios = [anew(lambda: truncate(text, LIMIT)) / seconds(lambda: encoded(kept)) for _ in range(ROUNDS)]
    yield figure(f"1 MB of {name} cut to {LIMIT}", floor, 3, ratios)
    ratios = [
        anew(lambda: READ.render(inputs, budget=budget)) / seconds(lambda: [encoded(each.text) for each in shown])
        for _ in range(ROUNDS)
    ]
    yield figure(f"1 MB of {name} as a segment, to {LIMIT}", floor, 3, ratios)
