"""Merging prompts: cost over reading and writing them, and over git's own merge of large texts."""

from __future__ import annotations

import subprocess
import tempfile
from functools import partial
from pathlib import Path
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING

from pydantic import BaseModel

from promptlib import Prompt, codec, system, user
from promptlib.merge import merge
from promptlib.merge.texts import merge_texts

from .measure import Figure, figure, paired

if TYPE_CHECKING:
    from collections.abc import Iterator

WORDS = 170_000
EDITS = 200
ROUNDS = 9


class Ticket(BaseModel):
    """What the prompt asks for."""

    ticket: str
    tone: str = "calm"


def figures() -> Iterator[Figure]:
    """Yield what this module measures."""
    yield _small()
    for words, what in ((WORDS, "lines that occur once"), (5_000, "lines that occur often")):
        yield _large(f"texts of 1 MB, {EDITS} edits a side, {what}", words)


def _small() -> Figure:
    """Return the cost of a merge of prompts over that of reading its three files and writing one."""
    lines = [f"- Rule number {at} says {at * 7} words." for at in range(14)]
    texts = ["\n".join(lines), "\n".join([*lines[:3], "- Be kind.", *lines[3:]]), "\n".join([*lines[:9], *lines[10:]])]
    sides = [
        Prompt.define(Ticket, system(f"{text}\nIn a {{{{ tone }}}} voice."), user("{{ ticket }}")) for text in texts
    ]
    files = [codec.write(each) for each in sides]

    def floor() -> None:
        for file in files:
            codec.read(file)
        codec.write(sides[0])

    assert merge(*sides).prompt is not None
    return figure(
        "merge of two edits of a prompt",
        "its three files read, one written",
        None,
        paired(lambda: merge(*sides), floor),
    )


def _large(what: str, vocabulary: int) -> Figure:
    """Return the time of a merge of large texts over that of a process of `git merge-file`."""
    random = Random(1)
    base = [f"w{at if vocabulary == WORDS else random.randrange(vocabulary)}" for at in range(WORDS)]
    ours, theirs = list(base), list(base)
    for at in range(EDITS):
        ours[random.randrange(WORDS // 2) * 2] = f"o{at}"
        theirs[random.randrange(WORDS // 4) * 4 + 1] = f"t{at}"
    texts = ["\n".join(each) for each in (base, ours, theirs)]
    assert not merge_texts(*texts).spots
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("base", "ours", "theirs")]
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text)
        command = ["git", "merge-file", "-p", "-q", str(paths[1]), str(paths[0]), str(paths[2])]
        floor = partial(subprocess.run, command, stdout=subprocess.DEVNULL, check=False)
        ratios = paired(lambda: merge_texts(*texts), floor, rounds=ROUNDS, clock=perf_counter)
    return figure(what, "git merge-file, a process", None, ratios)
