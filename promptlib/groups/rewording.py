"""Where a title that names a gender could be said of everybody, and how the words around it change."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptlib.groups.axes import checked
from promptlib.groups.english import JOINERS
from promptlib.groups.mentioning import beside
from promptlib.groups.scanning import Phrases, words_of
from promptlib.groups.titles import COUNTERPARTS, PRODUCTS, TITLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.groups.scanning import Found, Word
    from promptlib.groups.titles import Title

_PHRASES = Phrases(TITLES)
#: For each title, the words beside which it means everybody.
_OTHERS = {
    one.word: COUNTERPARTS | {each.word for each in TITLES.values() if each.neutral == one.neutral} - {one.word}
    for one in TITLES.values()
}
#: Words behind which a capital is a courtesy, and no name.
_OPENERS = frozenset(("a", "an", "the", "our", "your", "this", "that", "each", "every", "any", "no", "one"))
_VOWELS = "aeiou"
_ARTICLE = re.compile(r"\b(an?)([ \t]*\n?[ \t]*)\Z", re.IGNORECASE)
_POSSESSIVE = re.compile("['\N{RIGHT SINGLE QUOTATION MARK}]s\\b")
#: The longest stretch before a title that can hold an article and the blanks behind it.
_ROOM = 8


@dataclass(frozen=True, slots=True)
class Rewording:
    """A title, the words that could take its place, and why.

    `start` and `end` are offsets into the text and hold an article before the title that has to change with it, and
    an ending behind it; `text` is what stands there, `proposed` what would, in the same case and number.
    """

    start: int
    end: int
    text: str
    proposed: str
    title: Title


def rewordings(text: str, *, language: str = "en") -> tuple[Rewording, ...]:
    """Return the titles of *text* that name a gender and have a neutral form, in their order.

    Nothing is said of a title that may be a name or stands before one ("Neil Chapman", "Chairman Mao"), nor of one
    beside its counterpart ("waiters and waitresses"). Applying all of them leaves nothing to reword. Raises `NotFound`
    for a language without words; German has none.
    """
    return tuple(_found(text)) if checked(language) == "en" else ()


def _found(text: str) -> Iterator[Rewording]:
    words = words_of(text)
    done = 0
    for at, word in enumerate(words):
        phrase = _PHRASES.at(text, word) if word.start >= done else None
        if phrase is None:
            continue
        done = phrase.end
        title = TITLES[phrase.phrase]
        if not _may_be_a_name(text, words, at, phrase.end) and not _in_a_pair(text, phrase, title):
            yield _reworded(text, phrase, title)


def _may_be_a_name(text: str, words: list[Word], at: int, end: int) -> bool:
    word = words[at]
    if not word.text[0].isupper() or word.text.isupper():
        return False
    if word.small in PRODUCTS:
        return True
    # In the middle of a sentence a capital is that of a name, unless it says of which one: "the Chairman".
    if at and words[at - 1].small not in _OPENERS and _touch(text, words[at - 1].end, word.start):
        return True
    after = next((each for each in words[at + 1 : at + 3] if each.start >= end), None)
    return after is not None and after.text[0].isupper() and _touch(text, end, after.start)


def _touch(text: str, end: int, start: int) -> bool:
    """Whether only one blank stands between two words."""
    return text[end:start] == " "


def _in_a_pair(text: str, phrase: Found, title: Title) -> bool:
    return bool(title.group) and beside(text, phrase.start, phrase.end, JOINERS, _OTHERS[title.word])


def _reworded(text: str, phrase: Found, title: Title) -> Rewording:
    start, end = phrase.start, phrase.end
    proposed = _in_case(text[start:end], title.neutral)
    # "the chairmen's" becomes "the chairs'".
    ending = _POSSESSIVE.match(text, end)
    if ending and title.plural and title.neutral.endswith("s"):
        proposed += text[end]
        end = ending.end()
    ahead = max(0, start - _ROOM)
    article = _ARTICLE.search(text, ahead, start)
    if article and not title.plural:
        right = "an" if title.neutral[0] in _VOWELS else "a"
        if article[1].lower() != right:
            proposed = f"{_in_case(article[1], right)}{article[2]}{proposed}"
            start = article.start()
    return Rewording(start, end, text[start:end], proposed, title)


def _in_case(written: str, words: str) -> str:
    """Return *words* as *written* is written: in capitals, with one, or without."""
    letters = [each for each in written if each.isalpha()]
    if len(letters) > 1 and all(each.isupper() for each in letters):
        return words.upper()
    return words[0].upper() + words[1:] if written[0].isupper() else words
