"""The word that somebody may have meant, out of the words that the shelf has.

The shelf knows stems. So what was typed is held against each of them twice: as a stem, and as that stem with an ending.
`summrize` is `summ` + `rize` to nobody, but one letter from `summar` + `ize`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Shorter words are too near to too many others.
SHORTEST = 4
#: From so many letters on two of them may be wrong.
LONG = 8
#: What English puts behind a stem, and Porter takes away.
_ENDINGS = (
    *("", "e", "s", "es", "ed", "er", "ers", "ing", "ings", "ion", "ions", "ation", "ations", "or", "ly", "y", "ies"),
    *("ness", "ment", "ments", "able", "ability", "ity", "ities", "ize", "ized", "izes", "izing", "izer", "ization"),
    *("ise", "ised", "ises", "ising", "al", "ally", "ic", "ical", "ive", "ful", "ous", "ance", "ence", "ant", "ent"),
)
#: Letters that may be wrong, as a share of the word that is meant.
_SHARE = 0.34
_LAST = "\U0010ffff"


def ranges(typed: str) -> tuple[tuple[str, str], ...]:
    """Return where in an ordered vocabulary the words stand that *typed* may have been meant to be.

    They begin with its first letter, or with its second where the first is one too many or the two changed places.
    """
    if len(typed) < SHORTEST:
        return ()
    return tuple((letter, f"{letter}{_LAST}") for letter in dict.fromkeys(typed[:2]))


def nearest(typed: str, stem: str, known: Iterable[tuple[str, int]]) -> str:
    """Return of the *known* words, each with how many prompts have it, the nearest to *typed*, or an empty text.

    *stem* is the stem of what was typed. Of words that are equally near the one that most prompts have is taken.
    """
    most = 2 if len(typed) >= LONG else 1
    rests = _rests(typed, most)
    best, found = (_SHARE, 0), ""
    for word, count in known:
        if SHORTEST - 1 <= len(word) <= len(typed) + most:
            away = min(distance(stem, word, most), _with_an_ending(typed, word, rests, most))
            nearness = away / len(word), -count
            if away <= most and nearness < best:
                best, found = nearness, word
    return found


def _rests(typed: str, most: int) -> dict[int, int]:
    """Return where *typed* may be cut for an ending to stand behind, and how far that is from one."""
    longest = max(map(len, _ENDINGS)) + most
    found = {}
    for at in range(max(SHORTEST - 1, len(typed) - longest), len(typed) + 1):
        away = min(distance(typed[at:], ending, most) for ending in _ENDINGS)
        if away <= most:
            found[at] = away
    return found


def _with_an_ending(typed: str, word: str, rests: dict[int, int], most: int) -> int:
    """Return how far *typed* is from *word* with an ending, *most* + 1 for farther."""
    rows = _last_rows(word, typed, most)
    return min((rows[at] + away for at, away in rests.items()), default=most + 1)


def distance(one: str, other: str, most: int) -> int:
    """Return how many letters must be added, left out, exchanged or swapped; *most* + 1 for more than *most*."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    return min(_last_rows(one, other, most)[-1], most + 1)


def _last_rows(one: str, other: str, most: int) -> list[int]:
    """Return the distances of *one* from every beginning of *other* (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        earlier, before, row = before, row, [at]
        for to, wanted in enumerate(other, 1):
            cost = min(before[to] + 1, row[to - 1] + 1, before[to - 1] + (letter != wanted))
            if at > 1 and to > 1 and letter == other[to - 2] and one[at - 2] == wanted:
                cost = min(cost, earlier[to - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return [most + 1] * (len(other) + 1)
    return row
