"""What is measured of an answer, without a model: numbers that two groups can be compared by."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol, TypeAlias

from promptlib.chain.answers import plain_output
from promptlib.errors import InvalidInputs
from promptlib.fairness.refusing import refuses
from promptlib.groups import english, german, mentions
from promptlib.plain import Frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from promptlib.inputs import Input, InputType
    from promptlib.plain import Plain

#: What a measure reads of one answer, by the name of the figure: a bool is compared as a rate, a number as a mean. A
#: measure with one figure calls it by an empty text. What is left out of an answer is no part of the comparison there.
Figures: TypeAlias = "Mapping[str, float | bool]"

_WORD = re.compile(r"\w+(?:['\u2019-]\w+)*")
_SENTENCE_END = re.compile(r"[.!?…:;]+(?:\s|$)|\n+")
#: Letters from which on Björnsson calls a word long.
_LONG = 7
TWO = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model answered: the text, to whom, and which of the repeats it was.

    `case` and `row` count from 0. `again` is the second run of the group that all others are compared with. `own` are
    the declared values of the person, such as the name: what an answer takes over from the question is no difference
    in how it treats people. `run` is the digest of the run in what is handed over
    to be kept.
    """

    text: str
    group: str
    row: int
    case: int
    repeat: int
    again: bool = False
    own: tuple[str, ...] = ()
    run: str = ""

    @property
    def others_words(self) -> str:
        """The text without the declared values of the person."""
        found = _own(self.own)
        return found.sub(" ", self.text) if found is not None else self.text


class Measure(Protocol):
    """What can be read of one answer. Any object with these two serves."""

    @property
    def name(self) -> str:
        """What the report calls it."""

    def read(self, answer: Answer, /) -> Figures:
        """Return the figures of *answer*, always by the same names."""


class PairMeasure(Protocol):
    """What can be read of two answers, such as how alike they are.

    An answer of a group is held against one of the first run of the reference group; so is the second run of that group
    itself, and the difference between the two is what is tested.
    """

    @property
    def name(self) -> str:
        """What the report calls it."""

    def between(self, answer: Answer, other: Answer, /) -> Figures:
        """Return the figures of the pair."""


@dataclass(frozen=True, slots=True)
class Words:
    """The number of words."""

    name: str = "words"

    def read(self, answer: Answer, /) -> Figures:
        """Count words: runs of letters and digits, with the apostrophes and hyphens inside them."""
        return {"": float(len(_WORD.findall(answer.text)))}


@dataclass(frozen=True, slots=True)
class Characters:
    """The number of characters, blanks at both ends apart."""

    name: str = "characters"

    def read(self, answer: Answer, /) -> Figures:
        """Count code points."""
        return {"": float(len(answer.text.strip()))}


@dataclass(frozen=True, slots=True)
class Refusals:
    """Whether the answer begins like a refusal; see `promptlib.fairness.refusing`."""

    language: str = "en"
    name: str = "refusals"

    def read(self, answer: Answer, /) -> Figures:
        """Look for the markers of the language."""
        return {"": refuses(answer.text, self.language)}


@dataclass(frozen=True, slots=True)
class Readability:
    """LIX (Björnsson 1968): words a sentence, plus the share of words of more than six letters in percent.

    It asks for no syllables, so it serves in any language with words and sentences. 20 is a children's book, 60 a law.
    An answer without a word has none.
    """

    name: str = "readability"

    def read(self, answer: Answer, /) -> Figures:
        """Return the LIX of the answer."""
        words = _WORD.findall(answer.text)
        if not words:
            return {}
        sentences = sum(1 for part in _SENTENCE_END.split(answer.text) if _WORD.search(part))
        return {"": len(words) / sentences + 100 * sum(len(word) >= _LONG for word in words) / len(words)}


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many words two answers share: Jaccard (1912), shared words by all words, from 0 to 1.

    The declared values of both persons are left out, and the case of letters. Two answers without words are alike.
    """

    name: str = "overlap"

    def between(self, answer: Answer, other: Answer, /) -> Figures:
        """Return the overlap of the two sets of words."""
        one, two = (set(_WORD.findall(each.others_words.lower())) for each in (answer, other))
        return {"": len(one & two) / len(one | two) if one | two else 1.0}


@dataclass(frozen=True, slots=True)
class Mentions:
    """How often an answer mentions each group of one axis, in 100 words; see `promptlib.groups.mentions`.

    The declared values of the person are left out. An answer without a word mentions nobody.
    """

    axis: str = "gender"
    language: str = "en"
    name: str = "mentions"

    def read(self, answer: Answer, /) -> Figures:
        """Count the mentions of every group that there are words for."""
        text = answer.others_words
        found = Counter(each.group for each in mentions(text, language=self.language) if each.axis == self.axis)
        words = len(_WORD.findall(answer.text)) or 1
        return {group: 100 * found[group] / words for group in _groups(self.axis, self.language)}


@dataclass(frozen=True, slots=True)
class Function:
    """A function of yours from the text of an answer to a number, or to a bool for a rate."""

    name: str
    function: Callable[[str], float | bool]

    def read(self, answer: Answer, /) -> Figures:
        """Return what the function makes of the text."""
        return {"": self.function(answer.text)}


@dataclass(frozen=True, slots=True)
class Outputs:
    """The declared outputs of the prompt, read from the answer as JSON, alone or in one fenced block.

    Numbers are compared as means, booleans as rates, enums as the rate of each value (of two values the first: the
    other is the rest); texts, dates, lists and maps are not. `unreadable` is the rate of answers that are not what was
    declared: those have no other figure.
    """

    fields: tuple[Input, ...]
    name: str = "outputs"

    def read(self, answer: Answer, /) -> Figures:
        """Return a figure for each declared value that can be compared."""
        try:
            found = plain_output(answer.text, self.fields)
        except InvalidInputs:
            return {"unreadable": True}
        figures: dict[str, float | bool] = {"unreadable": False}
        for field in self.fields:
            figures.update(_figures(field.name, field.type, found[field.name]))
        return figures


def _figures(name: str, kind: InputType, value: Plain) -> Iterator[tuple[str, float | bool]]:
    if kind.nullable:
        yield f"{name}=null", value is None
    if kind.kind == "enum":
        # Booleans are told from 1: an enum may hold both.
        told = kind.values if len(kind.values) > TWO or kind.nullable else kind.values[:1]
        yield from ((f"{name}={each}", value == each and type(value) is type(each)) for each in told)
    elif isinstance(value, Frozen) and kind.kind == "object":
        for field in kind.properties:
            yield from _figures(f"{name}.{field.name}", field.type, value[field.name])
    elif kind.kind == "boolean" and isinstance(value, bool):
        yield name, value
    elif kind.kind in ("integer", "float") and isinstance(value, int | float):
        yield name, float(value)


@lru_cache(maxsize=16)
def _groups(axis: str, language: str) -> tuple[str, ...]:
    """Return the groups of *axis* that there are words for."""
    lists = german.WORDS if language == "de" else english.WORDS
    return tuple(sorted({group for each, group in lists if each == axis}))


@lru_cache(maxsize=1024)
def _own(values: tuple[str, ...]) -> re.Pattern[str] | None:
    """Return what finds the values of a person, whole and word by word: an answer calls Anna Berg Anna."""
    parts = {part for value in values for part in (value, *_WORD.findall(value)) if part.strip()}
    if not parts:
        return None
    longest_first = sorted(parts, key=lambda part: (-len(part), part))
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)
