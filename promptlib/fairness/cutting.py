"""Whether a budget cut two variants alike: one text must explain both, with nothing but the fields' values put in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from promptlib.messages import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptlib.messages import Message
    from promptlib.rendering import RenderedPrompt

#: What the fields put out in one variant and in the other, in the order in which the uncut messages hold it.
Pairs = tuple[tuple[str, str], ...]


def alike(one: Sequence[Message], other: Sequence[Message], pairs: Pairs) -> bool:
    """Return whether *one* and *other* are the same messages but for *pairs*, some of which may be cut away in both."""
    if [_bare(each) for each in one] != [_bare(each) for each in other]:
        return False
    reached = {0}
    for here, there in zip(_texts(one), _texts(other), strict=True):
        reached = {end for begin in reached for end in _ends(here, there, pairs, begin)}
    return bool(reached)


def otherwise(one: RenderedPrompt, other: RenderedPrompt) -> str:
    """Return what the budget did to one and not to the other, in words."""
    if one.report is not None and other.report is not None:
        for here, there in zip(one.report.segments, other.report.segments, strict=False):
            if (here.name, here.outcome, here.given) != (there.name, there.outcome, there.given):
                return (
                    f"{here.name!r} is {here.outcome} with {here.given} tokens, and {there.outcome} with {there.given}"
                )
    return f"{len(one.messages)} messages are left, and {len(other.messages)}, or a field is cut in two"


def _bare(message: Message) -> Message:
    """Return *message* without the words of its texts."""
    return replace(message, parts=tuple(Text("") if isinstance(part, Text) else part for part in message.parts))


def _texts(messages: Sequence[Message]) -> list[str]:
    return [part.text for message in messages for part in message.parts if isinstance(part, Text)]


def _ends(one: str, other: str, pairs: Pairs, begin: int) -> set[int]:
    """Return behind which of *pairs* two texts can end that begin before number *begin*."""
    found: set[int] = set()
    seen = {(0, 0, begin)}
    waiting = [(0, 0, begin)]
    while waiting:
        here, there, number = waiting.pop()
        if one[here:] == other[there:]:
            found.add(number)
        same = same_from(one, other, here, there)
        for at in range(number, len(pairs)):
            left, right = pairs[at]
            position = one.find(left, here, here + same + len(left))
            while 0 <= position <= here + same:
                behind = position + len(left), there + position - here + len(right), at + 1
                if other.startswith(right, there + position - here) and behind not in seen:
                    seen.add(behind)
                    waiting.append(behind)
                position = one.find(left, position + 1, here + same + len(left))
    return found


def same_from(one: str, other: str, here: int = 0, there: int = 0) -> int:
    """Return how many characters from *here* and *there* on are the same."""
    low, high = 0, min(len(one) - here, len(other) - there)
    while low < high:
        middle = (low + high + 1) // 2
        if one[here : here + middle] == other[there : there + middle]:
            low = middle
        else:
            high = middle - 1
    return low
