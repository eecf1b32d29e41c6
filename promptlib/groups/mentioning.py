"""Words of a text that fix a group of people."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from promptlib.groups import english, german
from promptlib.groups.axes import checked
from promptlib.groups.scanning import Phrases, is_shouted, words_of
from promptlib.groups.titles import COUNTERPARTS, TITLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.groups.axes import Axis
    from promptlib.groups.scanning import Word

#: Words between a number and "old", and the longest number that is an age.
_YEARS = frozenset(["year", "years", "yr", "yrs"])
_DIGITS = 3
STATED = "a stated age"


@dataclass(frozen=True, slots=True)
class Mention:
    """A word that fixes a group: by which axis, which group, and where it stands.

    `start` and `end` are offsets into the text, `text` is what stands there. A possessive ending belongs to no
    mention: of *the man's* it is *man*.
    """

    axis: Axis
    group: str
    start: int
    end: int
    text: str


def mentions(text: str, *, language: str = "en") -> tuple[Mention, ...]:
    """Return the words of *text* that fix a group, in their order.

    Words count wherever they stand: in quotation marks and in fences too, since a model reads those like the rest and
    prompts use both as delimiters. What does not count: tags of a template, addresses of the web and of people, and
    groups of one axis that are named side by side and so fix none ("he or she", "men and women", "his/her"). The list
    is short, and case is minded where it tells words apart ("US citizens", "let us"). Time grows with the length of
    the text. Raises `NotFound` for a language without words.
    """
    found = list(_german(text) if checked(language) == "de" else _english(text))
    return tuple(_without_pairs(text, found, german.JOINERS if language == "de" else english.JOINERS))


# --- lists, made ready once -------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _single() -> dict[str, tuple[Axis, str]]:
    known = {word: key for key, words in english.WORDS.items() for word in words.split()}
    titles: dict[str, tuple[Axis, str]] = {
        word: ("gender", title.group) for word, title in TITLES.items() if title.group and " " not in word
    }
    return known | titles


@lru_cache(maxsize=1)
def _before_people() -> tuple[dict[str, tuple[Axis, str]], frozenset[str]]:
    known = {word: key for key, words in english.BEFORE_PEOPLE.items() for word in words.split()}
    return known, frozenset(english.PEOPLE.split())


@lru_cache(maxsize=1)
def _english_phrases() -> tuple[Phrases, dict[str, tuple[Axis, str]], Phrases]:
    known = {phrase: key for key, phrases in english.PHRASES.items() for phrase in phrases}
    for word, title in TITLES.items():
        if title.group and " " in word:
            known[word] = ("gender", title.group)
    return Phrases(known), known, Phrases(english.ASIDE)


@lru_cache(maxsize=1)
def _german_lists() -> tuple[dict[str, tuple[Axis, str]], Phrases, dict[str, tuple[Axis, str]], Phrases]:
    single = {word: key for key, words in german.WORDS.items() for word in words.split()}
    known = {phrase: key for key, phrases in german.PHRASES.items() for phrase in phrases}
    return single, Phrases(known, case=True), known, Phrases(german.ASIDE, case=True)


# --- looking ----------------------------------------------------------------------------------------------------------


def _mention(text: str, key: tuple[Axis, str], start: int, end: int) -> Mention:
    return Mention(*key, start, end, text[start:end])


def _english(text: str) -> Iterator[Mention]:
    words = words_of(text)
    phrases, keys, asides = _english_phrases()
    done = 0
    for at, word in enumerate(words):
        if word.start < done:
            continue
        aside = asides.at(text, word)
        phrase = phrases.at(text, word)
        if aside:
            done = aside.end
        elif phrase:
            done = phrase.end
            yield _mention(text, keys[phrase.phrase], phrase.start, phrase.end)
        else:
            age = _stated(text, words, at)
            key = _people(text, words, at) or _one_word(text, words, at)
            if age:
                yield _mention(text, ("age", STATED), *age)
            elif key:
                yield _mention(text, key, word.start, word.end)


def _one_word(text: str, words: list[Word], at: int) -> tuple[Axis, str] | None:
    word = words[at]
    key = _single().get(word.small)
    if key is None:
        return None
    loud = len(word.text) > 1 and word.text.isupper()
    if loud and word.small in english.PRONOUNS | english.CAPITALISED and not is_shouted(words, at):
        return None
    if word.small in english.CAPITALISED and not word.text[0].isupper():
        return None
    if word.small in english.GIVEN_NAMES and _is_named(text, words, at):
        return None
    return key


def _is_named(text: str, words: list[Word], at: int) -> bool:
    """Whether a word with a capital stands right behind."""
    after = words[at + 1 : at + 2]
    return bool(after) and text[words[at].end : after[0].start] == " " and after[0].text[0].isupper()


def _people(text: str, words: list[Word], at: int) -> tuple[Axis, str] | None:
    """Return what a word fixes that stands before a word for a person."""
    known, people = _before_people()
    word = words[at]
    # A word that is listed with a capital is another one without: "polish", "us".
    key = known.get(word.text) or known.get(word.small)
    if key is None or at + 1 == len(words):
        return None
    after = words[at + 1]
    gap = text[word.end : after.start]
    return key if after.small in people and len(gap) <= len(" \n ") and gap.isspace() else None


def _stated(text: str, words: list[Word], at: int) -> tuple[int, int] | None:
    """Return from where to where an age is told: "35 years old", "aged 35"."""
    word = words[at]
    if word.small == "old" and at > 1:
        number, unit = words[at - 2], words[at - 1]
        if unit.small in _YEARS and _is_age(number) and word.start - number.end <= len(" years\n "):
            return number.start, word.end
    if word.small == "aged" and at + 1 < len(words):
        number = words[at + 1]
        if _is_age(number) and text[word.end : number.start] == " ":
            return word.start, number.end
    return None


def _is_age(word: Word) -> bool:
    return len(word.text) <= _DIGITS and word.text.isdecimal()


def _german(text: str) -> Iterator[Mention]:
    single, phrases, keys, asides = _german_lists()
    done = 0
    for word in words_of(text):
        if word.start < done:
            continue
        aside = asides.at(text, word)
        phrase = phrases.at(text, word)
        # An adjective may open a sentence; a noun is one only with its capital.
        key = single.get(word.text) or (single.get(word.small) if word.text.istitle() else None)
        if aside:
            done = aside.end
        elif phrase:
            done = phrase.end
            yield _mention(text, keys[phrase.phrase], phrase.start, phrase.end)
        elif key:
            yield _mention(text, key, word.start, word.end)


def _without_pairs(text: str, found: list[Mention], joiners: frozenset[str]) -> Iterator[Mention]:
    """Yield the mentions that stand beside no other group of their axis."""
    paired: set[int] = set()
    for at, (one, other) in enumerate(pairwise(found)):
        gap = text[one.end : other.start]
        if _are_counterparts(one, other) and len(gap) <= max(map(len, joiners)) and gap.replace("\n", " ") in joiners:
            paired |= {at, at + 1}
    for at, each in enumerate(found):
        if at not in paired and not _has_counterpart(text, each, joiners):
            yield each


def _are_counterparts(one: Mention, other: Mention) -> bool:
    """Whether two mentions are of different groups, and of the same work where both are titles."""
    titles = [TITLES[each] for each in (one.text.lower(), other.text.lower()) if each in TITLES]
    same_work = len({each.neutral for each in titles}) < len(titles) or len(titles) < len((one, other))
    return one.axis == other.axis and one.group != other.group and same_work


def _has_counterpart(text: str, each: Mention, joiners: frozenset[str]) -> bool:
    """Whether a title stands beside the word for everybody or for the others: "actors and actresses"."""
    if each.text.lower() not in TITLES:
        return False
    return beside(text, each.start, each.end, joiners, COUNTERPARTS)


def beside(text: str, start: int, end: int, joiners: frozenset[str], others: frozenset[str]) -> bool:
    """Whether one of *others* stands right before or behind, with a word between that joins."""
    room = max(map(len, others)) + max(map(len, joiners))
    before = text[max(0, start - room) : start].replace("\n", " ").lower()
    after = text[end : end + room].replace("\n", " ").lower()
    for joiner in joiners:
        if before.endswith(joiner):
            ahead = words_of(before.removesuffix(joiner))
            if ahead and ahead[-1].small in others and ahead[-1].end == len(before) - len(joiner):
                return True
        if after.startswith(joiner):
            behind = words_of(after.removeprefix(joiner))
            if behind and behind[0].start == 0 and behind[0].small in others:
                return True
    return False
