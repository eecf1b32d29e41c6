"""The stems of English words, as M. F. Porter's "An algorithm for suffix stripping" (1980) cuts them.

SQLite stems what it indexes by this algorithm itself. It is here for what SQLite does not show: which words of a text
a query met, and which word of the vocabulary somebody may have meant.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

#: SQLite leaves shorter and longer words alone.
SHORTEST, LONGEST = 3, 64
_VOWELS = frozenset("aeiou")

_STEP_2 = (
    *(("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("logi", "log")),
    *(("bli", "ble"), ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous"), ("ization", "ize")),
    *(("ation", "ate"), ("ator", "ate"), ("alism", "al"), ("iveness", "ive"), ("fulness", "ful")),
    *(("ousness", "ous"), ("aliti", "al"), ("iviti", "ive"), ("biliti", "ble")),
)
_STEP_3 = (
    *(("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", "")),
)
_STEP_4 = (
    *("al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou", "ism", "ate"),
    *("iti", "ous", "ive", "ize"),
)


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Return the stem of *word*, which is in lower case; a word with other letters than a to z keeps them."""
    if not SHORTEST <= len(word.encode()) <= LONGEST:
        return word
    for step in (_plurals, _past, _y, _suffixes_2, _suffixes_3, _suffixes_4, _last_e):
        word = step(word)
    return word


def _consonant(word: str, at: int) -> bool:
    letter = word[at]
    if letter in _VOWELS:
        return False
    return letter != "y" or at == 0 or not _consonant(word, at - 1)


def _measure(stem: str) -> int:
    """Return how often vowels are followed by consonants."""
    kinds = [_consonant(stem, at) for at in range(len(stem))]
    return sum(not before and after for before, after in pairwise(kinds))


def _has_vowel(stem: str) -> bool:
    return any(not _consonant(stem, at) for at in range(len(stem)))


def _double(word: str) -> bool:
    return len(word) > 1 and word[-1] == word[-2] and _consonant(word, len(word) - 1)


def _short(word: str) -> bool:
    """Return whether *word* ends in consonant, vowel, consonant, the last none of w, x, y."""
    if len(word) < SHORTEST or word[-1] in "wxy":
        return False
    last = len(word) - 1
    return _consonant(word, last - 2) and not _consonant(word, last - 1) and _consonant(word, last)


def _plurals(word: str) -> str:
    if word.endswith(("sses", "ies")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _past(word: str) -> str:
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) else word
    for suffix in ("ed", "ing"):
        left = word.removesuffix(suffix)
        if left != word:
            return _restored(left) if _has_vowel(left) else word
    return word


def _restored(word: str) -> str:
    if word.endswith(("at", "bl", "iz")):
        return f"{word}e"
    if _double(word) and word[-1] not in "lsz":
        return word[:-1]
    return f"{word}e" if _measure(word) == 1 and _short(word) else word


def _y(word: str) -> str:
    return f"{word[:-1]}i" if word.endswith("y") and _has_vowel(word[:-1]) else word


def _replaced(word: str, rules: tuple[tuple[str, str], ...]) -> str:
    for suffix, other in rules:
        if word.endswith(suffix):
            left = word[: -len(suffix)]
            return left + other if _measure(left) else word
    return word


def _suffixes_2(word: str) -> str:
    return _replaced(word, _STEP_2)


def _suffixes_3(word: str) -> str:
    return _replaced(word, _STEP_3)


def _suffixes_4(word: str) -> str:
    for suffix in _STEP_4:
        left = word.removesuffix(suffix)
        if left != word:
            fits = _measure(left) > 1 and (suffix != "ion" or left.endswith(("s", "t")))
            return left if fits else word
    return word


def _last_e(word: str) -> str:
    if word.endswith("e"):
        left = word[:-1]
        count = _measure(left)
        if count > 1 or (count == 1 and not _short(left)):
            word = left
    return word[:-1] if word.endswith("ll") and _measure(word) > 1 else word
