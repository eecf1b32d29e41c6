"""Differences of prompts that real people keep, edited by chance: nothing is lost, and nothing gets out."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from promptlib import Prompt, system, user
from promptlib.diff import diff
from tests.diff.test_markdown import check
from tests.diff.test_page import TAGS, Seen

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def texts(corpus: Path) -> list[str]:
    """Return the texts of both libraries."""
    found = [path.read_text("utf-8", errors="replace") for path in sorted(corpus.rglob("*.md"))]
    return [text for text in found if text.strip() and len(text) < 60_000]


def edited(text: str, chosen: random.Random) -> str:
    """Return *text* after a few things that people do to prompts."""
    lines = text.split("\n")
    for _ in range(chosen.randint(1, 6)):
        at, other = chosen.randrange(len(lines)), chosen.randrange(len(lines))
        match chosen.randrange(5):
            case 0:
                lines[at] = lines[at].replace(" ", " very ", 1)
            case 1:
                lines.insert(at, "- A rule of its own, with `code` and <tags>.")
            case 2 if len(lines) > 1:
                del lines[at]
            case 3:
                lines[at] = " ".join(lines[at].split()[::-1])
            case _:
                lines[at], lines[other] = lines[other], lines[at]
    return "\n".join(lines)


def test_edits_of_real_prompts(texts: list[str]) -> None:
    assert len(texts) > 200
    chosen = random.Random(11)
    for round_ in range(60):
        old = chosen.choice(texts)
        new = edited(old, chosen) if round_ % 4 else chosen.choice(texts)
        before = Prompt.define(system("Same."), user(old, literal=True))
        after = Prompt.define(user(new, literal=True), system("Same."))
        found = diff(before, after)
        texts_of = {row.before: row.old_text for row in found.messages if row.before}
        assert [texts_of[at] for at in (1, 2)] == ["Same.", old]
        texts_of = {row.after: row.new_text for row in found.messages if row.after}
        assert [texts_of[at] for at in (1, 2)] == [new, "Same."]
        assert found.tokens.change == -diff(after, before).tokens.change
        check(found.markdown())
        assert set(Seen(found.html(page=True)).tags) <= TAGS
