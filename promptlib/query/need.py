"""A need as the index is asked for it: words joined by OR, none of them ever read as an operator.

A text of FTS5's `MATCH` has operators, column filters and quotes. Here it is only made of words of letters and digits,
each between quotes, so that whatever somebody types is searched for, and nothing of it is obeyed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptlib.query.words import is_unspaced, words_of

if TYPE_CHECKING:
    from promptlib.query.language import Language

#: Of a longer need this beginning is read, and of its words the first different ones are searched for.
LONGEST_NEED = 10_000
MOST_WORDS = 64


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


def read(text: str, language: Language, *, prefix: bool = False) -> Need:
    """Return the words of *text*, each once; of nothing but stop words, these."""
    beginning = text[:LONGEST_NEED]
    found = _words(beginning, language, stops=False) or _words(beginning, language, stops=True)
    return Need(tuple(found), tuple(found.values()), prefix and _open(beginning))


def _words(text: str, language: Language, *, stops: bool) -> dict[str, str]:
    """Return the first different words of *text*, each with how it was typed."""
    found: dict[str, str] = {}
    for each in language.words(text, stops=stops):
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
