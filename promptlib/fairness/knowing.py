"""Words and names that are known, found in a text in one pass, however many there are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WORD = re.compile(r"\w+")


def same(one: str, other: str) -> bool:
    """Return whether two texts are the same but for case; Turkish has an i of its own."""
    return _small(one) == _small(other)


def _small(text: str) -> str:
    return text.casefold().replace("\N{COMBINING DOT ABOVE}", "").replace("\N{LATIN SMALL LETTER DOTLESS I}", "i")


class Known:
    """What is looked for, by its first word: each text, and what it is told to come from."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        """Take *texts*, each with what it comes from; of two that are the same but for case the first."""
        self._by_first: dict[str, dict[str, tuple[int, str]]] = {}
        for text, source in texts.items():
            first = _WORD.search(text)
            if first is not None:
                self._by_first.setdefault(_small(first[0]), {}).setdefault(_small(text), (first.start(), source))
        self._lengths = {first: _longest_first(known) for first, known in self._by_first.items()}

    def found(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Yield where in *text* something known stands as whole words, the longest of several, and its source."""
        done = 0
        for word in _WORD.finditer(text):
            small = _small(word[0])
            for known in self._lengths.get(small, ()) if word.start() >= done else ():
                before, source = self._by_first[small][known]
                begin = word.start() - before
                end = _end(text, begin, known) if begin >= done else -1
                if end > 0:
                    yield begin, end, source
                    done = end
                    break


def _longest_first(known: Mapping[str, object]) -> list[str]:
    return sorted(known, key=len, reverse=True)


def _end(text: str, begin: int, known: str) -> int:
    """Return where *known* ends that begins at *begin*; -1 where it is not there, or goes on as a longer word."""
    # A letter may be two in small, and a dot above one is none: then the text has another length.
    shorter = () if text.isascii() else range(len(known) + known.count("i"), len(known) // 2, -1)
    for length in (len(known), *shorter):
        end = begin + length
        if end <= len(text) and _small(text[begin:end]) == known:
            inside = end < len(text) and (text[end].isalnum() or text[end] == "_") and known[-1].isalnum()
            return -1 if inside else end
    return -1
