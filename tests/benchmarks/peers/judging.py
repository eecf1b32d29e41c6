"""What libraries kept, judged by one count for all; and the tables that show it."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from promptlib.messages import Message
from promptlib.tokens import count_messages, count_tokens

from .histories import CASES, LIMIT, LONG

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .histories import Case, Long, Turn

BROKEN = "\ufffd"
NAME, CELL = 42, 12
WORK = ("encodes", "characters", "next turn", "time")
VERDICT = ("over", "left", "broken", "mid-turn", "torn")


class Verdict(NamedTuple):
    """How well a library's results keep to their limits."""

    results: int
    #: How many are over their limit.
    over: int
    #: The tokens that the others leave unused, in the middle of them.
    left: float | None
    #: Characters that were cut in two.
    broken: int
    #: Conversations that begin with something else than a message of the user.
    mid_turn: int = 0
    #: Results of tools without their call, and calls without a result.
    torn: int = 0

    def cells(self) -> list[str]:
        """Return what a table shows of it."""
        left = "-" if self.left is None else f"{self.left:,.0f}"
        return [f"{self.over}/{self.results}", left, *map(str, (self.broken, self.mid_turn, self.torn))]


def verdict(cases: Sequence[Case], kept: Sequence[Sequence[tuple[int, str]]]) -> Verdict:
    """Return the verdict on what was *kept* of *cases*: of each the numbers of its messages, with their texts."""
    sent = [
        [{**case.turns[number], "content": text} for number, text in some]
        for case, some in zip(cases, kept, strict=True)
    ]
    room = [case.limit - int(count_messages(map(Message.of, turns))) for case, turns in zip(cases, sent, strict=True)]
    return Verdict(
        len(cases),
        *_room(room),
        sum(turn["content"].count(BROKEN) for turns in sent for turn in turns),
        sum(map(mid_turn, sent)),
        sum(map(torn, sent)),
    )


def verdict_on_texts(given: Sequence[Long], kept: Sequence[str]) -> Verdict:
    """Return the verdict on what was *kept* of the texts *given*."""
    room = [each.limit - int(count_tokens(text)) for each, text in zip(given, kept, strict=True)]
    return Verdict(len(given), *_room(room), sum(text.count(BROKEN) for text in kept))


def _room(room: Sequence[int]) -> tuple[int, float | None]:
    within = [left for left in room if left >= 0]
    return len(room) - len(within), median(within) if within else None


def torn(turns: Iterable[Turn]) -> int:
    """Return how many results of tools stand without their call, and calls without their result."""
    called: set[str] = set()
    alone = 0
    for turn in turns:
        called |= {call["id"] for call in turn.get("tool_calls", ())}
        if "tool_call_id" in turn:
            alone += turn["tool_call_id"] not in called
            called.discard(turn["tool_call_id"])
    return alone + len(called)


def mid_turn(turns: Sequence[Turn]) -> bool:
    """Tell whether behind the system message something else comes first than a message of the user."""
    first = next((turn["role"] for turn in turns if turn["role"] != "system"), "user")
    return bool(first != "user")


class Row(NamedTuple):
    """What was found of one way to cut conversations; without a verdict on tools it has no place for their calls."""

    name: str
    work: Mapping[str, float]
    plain: Verdict
    tools: Verdict | None


class TextRow(NamedTuple):
    """What was found of one way to cut texts."""

    name: str
    verdict: Verdict
    time: float


def table(rows: Sequence[Row], texts: Sequence[TextRow], missing: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of the tables; *missing* says why a library is not in them."""
    yield _line(f"{LONG:,} messages to {LIMIT:,} tokens", WORK)
    for row in rows:
        encodes, characters, next_turn, time = (row.work[name] for name in WORK)
        yield _line(row.name, [f"{encodes:,}", f"{characters:,}", f"{next_turn:,}", f"{time:.3g}"])
    yield "\n" + _line(f"{CASES} conversations, each to its limit", VERDICT[:-1])
    for row in rows:
        yield _line(row.name, row.plain.cells()[:-1])
    yield "\n" + _line(f"{CASES} with calls of tools", VERDICT)
    for row in rows:
        if row.tools is not None:
            yield _line(row.name, row.tools.cells())
    yield "\n" + _line(f"{2 * CASES} texts, each to its limit", [*VERDICT[:-2], "time"])
    for each in texts:
        yield _line(each.name, [*each.verdict.cells()[:-2], f"{each.time:.3g}"])
    for name, reason in missing.items():
        yield f"{name:<{NAME}} not installed: {reason}"


def _line(name: str, cells: Sequence[str]) -> str:
    return (f"{name:<{NAME}}" + "".join(f"{cell:>{CELL}}" for cell in cells)).rstrip()
