"""One library's ways to cut to a limit, in the environment that holds the library.

`python -m benchmarks.peers.trimming MODULE` prints as JSON what the module's contestants kept, and what work it was.
"""

from __future__ import annotations

import json
import sys
from functools import cached_property
from importlib import import_module
from importlib.metadata import version
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import tiktoken

from ..measure import seconds  # noqa: TID252 - tests hold no package that has a name of its own
from . import histories

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .histories import Turn

    #: What is kept: the numbers of the messages, each with its text.
    Kept = list[tuple[int, str]]

ROUNDS = 5
#: In seconds: what takes longer is measured once.
PATIENCE = 2.0
ENCODING = "o200k_base"


class Watched:
    """tiktoken's encoding, which notes how often it is asked to encode, and how much."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.calls = self.characters = 0

    @cached_property
    def encoding(self) -> tiktoken.Encoding:
        """The encoding itself."""
        return tiktoken.get_encoding(ENCODING)

    def encode(self, text: str) -> list[int]:
        """Return the tokens of *text*."""
        self.note(text)
        return self.encoding.encode_ordinary(text)

    def count(self, text: str) -> int:
        """Return the number of tokens of *text*."""
        return len(self.encode(text))

    def note(self, text: str) -> None:
        """Note that *text* is encoded."""
        self.calls += 1
        self.characters += len(text)


class Session(Protocol):
    """A conversation that a library holds, with a limit."""

    def kept(self) -> Kept:
        """Return what of it is sent."""

    def add(self, turn: Turn) -> None:
        """Go on with one more message."""


class Trimmer(NamedTuple):
    """A library's way to cut a conversation."""

    name: str
    package: str
    begin: Callable[[list[Turn], int, Watched], Session]
    #: Whether its messages have a place for calls of tools.
    tools: bool = True


class Cutter(NamedTuple):
    """A library's way to cut a text."""

    name: str
    package: str
    cut: Callable[[str, int], str]


def work(of: Trimmer) -> dict[str, float]:
    """Return what it takes to cut the long conversation, and what once more with one message more."""
    turns = histories.conversation(0, histories.LONG)
    watched = Watched()
    session = of.begin(turns, histories.LIMIT, watched)
    first = seconds(session.kept)
    told: dict[str, float] = {"encodes": watched.calls, "characters": watched.characters}
    session.add({"role": "assistant", "content": f"{len(turns)}. As I said."})
    session.add({"role": "user", "content": f"{len(turns) + 1}. And now?"})
    watched.calls = 0
    session.kept()
    times = [first]
    while first < PATIENCE and len(times) < ROUNDS:
        times.append(seconds(of.begin(turns, histories.LIMIT, Watched()).kept))
    return told | {"next turn": watched.calls, "time": median(times) / _each_once(turns)}


def _each_once(turns: Sequence[Turn]) -> float:
    """Return the time that encoding each message once takes."""
    by = Watched()

    def each_once() -> None:
        for turn in turns:
            by.encode(turn["content"])

    return median([seconds(each_once) for _ in range(ROUNDS)])


def results(of: Trimmer, *, tools: bool) -> list[Kept]:
    """Return what is kept of each conversation that is judged."""
    return [of.begin(case.turns, case.limit, Watched()).kept() for case in histories.cases(tools=tools)]


def texts(of: Cutter) -> dict[str, Any]:
    """Return what is kept of each long text, and the time over that of encoding all, slicing and decoding."""
    given, by = histories.long_texts(), tiktoken.get_encoding(ENCODING)
    kept = [of.cut(each.text, each.limit) for each in given]

    def cut_all() -> None:
        for each in given:
            of.cut(each.text, each.limit)

    def slice_all() -> None:
        for each in given:
            by.decode(by.encode_ordinary(each.text)[: each.limit])

    return {"kept": kept, "time": median([seconds(cut_all) / seconds(slice_all) for _ in range(ROUNDS)])}


def main(module: str) -> None:
    """Print what was found out as one line of JSON."""
    driver = import_module(f"benchmarks.peers.trim_{module}")
    trimmers: Sequence[Trimmer] = driver.TRIMMERS
    cutters: Sequence[Cutter] = driver.CUTTERS
    told = {
        "trimmers": [
            {
                "name": f"{of.name} {version(of.package)}",
                "work": work(of),
                "plain": results(of, tools=False),
                "tools": results(of, tools=True) if of.tools else None,
            }
            for of in trimmers
        ],
        "cutters": [{"name": f"{of.name} {version(of.package)}", **texts(of)} for of in cutters],
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
