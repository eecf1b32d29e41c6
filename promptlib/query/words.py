"""The words of a text, each with its place: in any script, in the form in which they are compared.

Letters, digits and the marks on them make words; everything else only parts them. Compared are compatibility forms
without case. Scripts that write no blanks between words (Chinese,
Japanese, Korean endings, Thai, Lao, Khmer, Burmese) are taken two characters at a time, each pair a word, and the last
character once more alone, so that every part of a text is found by each of its characters.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_ASCII_WORD = re.compile(r"[a-z0-9]+")
_WORD_CATEGORIES = frozenset("LNM")
#: Accents are taken off letters before this one: of the scripts after it they are letters of their own.
_FIRST_CYRILLIC = "\u0400"
_ACCENTS = re.compile("[\u0300-\u036f]+")
#: Thai and Lao, Burmese, Khmer, kana and Chinese characters, Korean, and the rarer Chinese ones.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
    "\U00020000-\U0003ffff]+"
)


class Word(NamedTuple):
    """A word as it is compared, and where it stands in the text."""

    start: int
    end: int
    word: str


def words_of(text: str) -> Iterator[Word]:
    """Yield the words of *text* in order; pairs of characters overlap."""
    if text.isascii():
        for found in _ASCII_WORD.finditer(text.lower()):
            yield Word(*found.span(), found[0])
        return
    for start, end in _runs(text):
        run = text[start:end]
        if run.isascii():
            yield Word(start, end, run.lower())
        else:
            yield from _of_a_run(run, start)


def _runs(text: str) -> Iterator[tuple[int, int]]:
    start = None
    for at, char in enumerate(text):
        if _in_a_word(char):
            start = at if start is None else start
        elif start is not None:
            yield start, at
            start = None
    if start is not None:
        yield start, len(text)


@lru_cache(maxsize=4096)
def _in_a_word(char: str) -> bool:
    return unicodedata.category(char)[0] in _WORD_CATEGORIES


def _of_a_run(run: str, start: int) -> Iterator[Word]:
    """Yield the words of a *run* of letters; what has another length when it is compared stands where the run does."""
    compared = _compared(run)
    exact = len(compared) == len(run)
    for begin, end in _runs(compared):
        for low, high in _parted(compared, begin, end):
            place = (start + low, start + high) if exact else (start, start + len(run))
            yield Word(*place, compared[low:high])


def _compared(run: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", run).casefold())


def _parted(text: str, begin: int, end: int) -> Iterator[tuple[int, int]]:
    at = begin
    for found in _UNSPACED.finditer(text, begin, end):
        if at < found.start():
            yield at, found.start()
        yield from _pairs(found.start(), found.end())
        at = found.end()
    if at < end:
        yield at, end


def _pairs(begin: int, end: int) -> Iterator[tuple[int, int]]:
    for at in range(begin, end - 1):
        yield at, at + 2
    yield end - 1, end


@lru_cache(maxsize=4096)
def unaccented(word: str) -> str:
    """Return *word* without the accents of Latin and Greek letters."""
    if word.isascii() or word[0] >= _FIRST_CYRILLIC:
        return word
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", word)))


def is_unspaced(word: str) -> bool:
    """Return whether *word* is of a script that writes no blanks between words."""
    return _UNSPACED.fullmatch(word) is not None
