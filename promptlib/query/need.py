"""A need as the index is asked for it: words joined by OR, none of them ever read as an operator.

A text of FTS5's `MATCH` has operators, column filters and quotes. Here it is only made of words of letters and digits,
each between quotes, so that whatever somebody types is searched for, and nothing of it is obeyed.
"""

from __future__ import annotations

from collections import Counter
from math import log
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from promptlib.query.spelling import nearest, ranges
from promptlib.query.words import is_unspaced, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from promptlib.query.language import Language

#: Which words a shelf has in some ranges of its vocabulary, each with how many prompts have it.
Known: TypeAlias = "Callable[[Iterable[tuple[str, str]]], list[tuple[str, int]]]"

#: Of a longer need this beginning is read, and of its words the first different ones are searched for.
LONGEST_NEED = 10_000
MOST_WORDS = 64
LONGEST_TEXT = 100_000
#: Of a whole text so many words are weighed, and so many of them are searched for.
MOST_WEIGHED, MOST_PARTICULAR = 200, 24


class Need(NamedTuple):
    """The words to search for.

    `words` stand as the index has them (stems but for English, which SQLite stems itself), `typed` as they were typed.
    With `prefix` the last one may be the beginning of a longer word.
    """

    words: tuple[str, ...]
    typed: tuple[str, ...]
    prefix: bool = False

    @property
    def match(self) -> str:
        """The expression for `MATCH`; an empty text where there is no word."""
        parts = [f'"{word}"' for word in self.words]
        parts += [f'"{word}"*' for word in self.words if len(word) == 1 and is_unspaced(word)]
        if self.prefix and self.words:
            parts.append(f'"{self.words[-1]}"*')
        return " OR ".join(parts)

    def respelled(self, language: Language, known: Known) -> Need:
        """Return it with the nearest *known* word for each that is not known; the same where there is none."""
        words = tuple(
            _respelled(word, typed, language, known) for word, typed in zip(self.words, self.typed, strict=True)
        )
        return self._replace(words=words)

    def replaced(self, other: Need) -> dict[str, str]:
        """Return how those words were typed that *other* has replaced, each with the new one."""
        return {typed: new for typed, old, new in zip(self.typed, self.words, other.words, strict=True) if old != new}

    def particular(self, language: Language, known: Known, names: int) -> Need:
        """Return it with those of its words alone that tell it from the other *names* of the shelf, by tf·idf."""
        counts = Counter(self.words)
        weights = {}
        for word, times in counts.most_common(MOST_WEIGHED):
            stem = language.stem(word) if language.by_sqlite else word
            found = dict(known(((stem, f"{stem}\0"),))).get(stem, 0)
            if found:
                weights[word] = (1 + log(times)) * log(1 + names / found)
        best = tuple(sorted(weights, key=lambda word: (-weights[word], word))[:MOST_PARTICULAR])
        return Need(best, best)


def _respelled(word: str, typed: str, language: Language, known: Known) -> str:
    stem = language.stem(word) if language.by_sqlite else word
    if dict(known(((stem, f"{stem}\0"),))) or not word.isalpha() or is_unspaced(word):
        return word
    written = typed.casefold()
    near = (
        (each, count) for each, count in known(ranges(written)) if language.stem(each) == each or not language.by_sqlite
    )
    return nearest(written, stem, near) or word


def read(text: str, language: Language, *, prefix: bool = False) -> Need:
    """Return the words of *text*, each once; of nothing but stop words, these."""
    beginning = text[:LONGEST_NEED]
    found = _words(beginning, language, stops=False) or _words(beginning, language, stops=True)
    return Need(tuple(found), tuple(found.values()), prefix and _open(beginning))


def whole(texts: Iterable[str], language: Language) -> Need:
    """Return all words of *texts*, as often as they stand there, to be made `particular`."""
    words = tuple(each.word for text in texts for each in language.words(text[:LONGEST_TEXT]))
    return Need(words, words)


def _words(text: str, language: Language, *, stops: bool) -> dict[str, str]:
    """Return the first different words of *text*, each with how it was typed."""
    found: dict[str, str] = {}
    end = 0
    for each in language.words(text, stops=stops):
        if each.end == end:
            continue  # the last character of a pair that is looked for already
        end = each.end
        found.setdefault(each.word, text[each.start : each.end])
        if len(found) == MOST_WORDS:
            break
    return found


def _open(text: str) -> bool:
    """Return whether the last word of *text* may go on: nothing stands behind it."""
    last = None
    for last in words_of(text[-100:]):  # noqa: B007 - the last one is asked for
        pass
    return last is not None and last.end == len(text[-100:])
