"""The words of a text, one by one, without what is no prose; every pass takes time in proportion to the text."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import normalize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Marks that are put on the letter before, and characters that nobody sees: both stand inside of a word.
_UNSEEN = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
_MARKS = f"\u0300-\u036f{_UNSEEN}"
_WITHOUT = dict.fromkeys(map(ord, _UNSEEN))
_WORD = re.compile(rf"[\w{_MARKS}]+")
_ADDRESS = re.compile(r"https?://\S+|www\.\S+|(?<![\w.+-])[\w.+-]{1,64}@[\w-][\w.-]{0,255}")
_TAGS = (("{{", "}}"), ("{%", "%}"), ("{#", "#}"))
_BLANKS = r"[ \t]*(?:\n[ \t]*|[ \t])"
_APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"


class Word(NamedTuple):
    """A word as it is written, in plain small letters, and where.

    Plain: full-width letters are the common ones, and what nobody sees is left out. Letters of other alphabets that
    look alike stay others.
    """

    text: str
    small: str
    start: int
    end: int


def words_of(text: str) -> list[Word]:
    """Return the words of *text*: none in tags of a template, addresses of the web or of people."""
    skipped = [*_addresses(text), *_templates(text)]
    starts = [start for start, _ in sorted(skipped)]
    ends = [end for _, end in sorted(skipped)]
    furthest = 0
    for at, end in enumerate(ends):
        furthest = ends[at] = max(furthest, end)
    found = []
    for each in _WORD.finditer(text):
        before = bisect_right(starts, each.start()) - 1
        if before < 0 or ends[before] <= each.start():
            found.append(Word(each[0], _small(each[0]), each.start(), each.end()))
    return found


def _small(word: str) -> str:
    return word.lower() if word.isascii() else normalize("NFKC", word.translate(_WITHOUT)).lower()


def _addresses(text: str) -> Iterator[tuple[int, int]]:
    return (each.span() for each in _ADDRESS.finditer(text))


def _templates(text: str) -> Iterator[tuple[int, int]]:
    """Yield the tags of a template that are closed; what is opened only is text."""
    for opener, closer in _TAGS:
        at = text.find(opener)
        while at >= 0:
            end = text.find(closer, at + 2)
            if end < 0:
                break
            yield at, end + 2
            at = text.find(opener, end + 2)


class Found(NamedTuple):
    """A phrase, and from where to where it stands."""

    phrase: str
    start: int
    end: int


class Phrases:
    """Wordings of one word or more, found by their first word."""

    def __init__(self, phrases: Iterable[str], *, case: bool = False) -> None:
        """Know *phrases*; a blank in one stands for blanks and at most one line break."""
        self._by_first: dict[str, list[tuple[str, int, re.Pattern[str]]]] = {}
        flags = re.NOFLAG if case else re.IGNORECASE
        for phrase in sorted(phrases, key=len, reverse=True):
            first = _WORD.search(phrase)
            assert first is not None  # noqa: S101 - a list of ours that holds signs alone would be a mistake in it
            pattern = re.escape(phrase).replace(r"\ ", _BLANKS).replace("'", f"['{_APOSTROPHE}]")
            # "(s)he" is found by its "s", and begins before it.
            entry = phrase, first.start(), re.compile(rf"{pattern}(?![\w{_MARKS}])", flags)
            self._by_first.setdefault(first[0].lower(), []).append(entry)

    def at(self, text: str, word: Word) -> Found | None:
        """Return the longest phrase that begins with *word*, and from where to where it stands."""
        for phrase, ahead, pattern in self._by_first.get(word.small, ()):
            found = pattern.match(text, word.start - ahead) if word.start >= ahead else None
            if found:
                return Found(phrase, found.start(), found.end())
        return None


def is_shouted(words: list[Word], at: int) -> bool:
    """Whether the word stands in capitals beside another one that does."""
    around = words[max(0, at - 1) : at] + words[at + 1 : at + 2]
    return any(len(each.text) > 1 and each.text.isupper() for each in around)
