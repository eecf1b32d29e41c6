"""What a text says of groups of people: words that fix a group, and neutral forms of titles. It touches nothing else.

The lists are short and our own, so that each word on them is there for a reason that stands beside it. No list infers
a group from a name, and none knows all words: a text without mentions is no proof that it speaks of everybody.
"""

from __future__ import annotations

from promptlib.groups.axes import AXES, LANGUAGES, Axis
from promptlib.groups.mentioning import Mention, mentions
from promptlib.groups.rewording import Rewording, rewordings
from promptlib.groups.titles import Title, neutral

__all__ = [
    "AXES",
    "LANGUAGES",
    "Axis",
    "Mention",
    "Rewording",
    "Title",
    "mentions",
    "neutral",
    "rewordings",
]
