"""The words of all pages, as the index that the search of a site reads: no server, and no text twice."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from promptlib.query.words import words_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptlib.query.language import Language

#: Longer words are keys, addresses and accidents.
LONGEST = 40
#: Characters of all bodies that are looked at; each page has an equal share, and no more than the largest.
ROOM, LARGEST_SHARE = 12_000_000, 60_000
#: So much of one word in one page counts; more is repetition.
_MOST = 60


class Words:
    """Collects words by page. Forms of one stem share the places where they stand."""

    def __init__(self, language: Language, pages: int) -> None:
        """Take words as *language* does; *pages* is how many there will be."""
        self._language = language
        self.share = min(LARGEST_SHARE, ROOM // max(1, pages))
        #: Whether a text was longer than its share.
        self.cut = False
        self._groups: dict[str, int] = {}
        self._forms: dict[str, int] = {}
        self._posts: list[list[int]] = []
        self._last: list[int] = []
        self._sizes: list[int] = []

    def add(self, fields: Iterable[tuple[int, str]]) -> None:
        """Add the next page, told as texts, each with how much a word of it weighs."""
        weights: defaultdict[int, int] = defaultdict(int)
        size = 0
        for weight, text in fields:
            self.cut = self.cut or len(text) > self.share
            for found in words_of(text[: self.share]):
                word = found.word
                if len(word) > LONGEST or word in self._language.stops:
                    continue
                size += weight
                weights[self._group(word)] += weight
        page = len(self._sizes)
        for group in sorted(weights):
            self._posts[group] += [page - self._last[group], min(weights[group], _MOST)]
            self._last[group] = page
        self._sizes.append(size)

    def _group(self, word: str) -> int:
        found = self._forms.get(word)
        if found is None:
            stem = self._language.stem(word)
            found = self._forms[word] = self._groups.setdefault(stem, len(self._groups))
            if found == len(self._posts):
                self._posts.append([])
                self._last.append(0)
        return found

    def data(self) -> dict[str, object]:
        """Return the index: forms in order with their groups, and by group pairs of page (from the last) and weight."""
        forms = sorted(self._forms)
        order: dict[int, int] = {}
        for form in forms:
            order.setdefault(self._forms[form], len(order))
        posts = sorted(order, key=order.__getitem__)
        return {
            "language": self._language.name,
            "stops": sorted(self._language.stops),
            "sizes": self._sizes,
            "words": " ".join(forms),
            "groups": [order[self._forms[form]] for form in forms],
            "posts": [" ".join(map(str, self._posts[group])) for group in posts],
        }
