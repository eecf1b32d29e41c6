"""Where a need was met in a document, and the piece of its text that shows it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from promptlib.query.hits import Snippet
from promptlib.query.words import is_unspaced, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptlib.query.document import Document
    from promptlib.query.hits import Column, Hit
    from promptlib.query.language import Language
    from promptlib.query.need import Need

#: Characters of a snippet, and those of a text that are looked through for one.
WIDTH = 160
LOOKED_THROUGH = 200_000
#: Where as many words were met in several fields, the first of these is shown.
_SHOWN_FIRST: tuple[Column, ...] = ("description", "body", "title", "name", "tags", "inputs", "message")
_BLANKS = re.compile(r"[\s\x00-\x1f]+")
#: A blank that is no single space.
_UNEVEN = re.compile(r"[^\S ]|[\x00-\x1f]|  ")
_MOST_FORMS = 10_000
_EDGE = 20  # characters within which a cut looks for a blank


class Met(NamedTuple):
    """A word of the need in a text: its place, and which word of the need it is."""

    start: int
    end: int
    word: str


class Marker:
    """Finds the words of one need in texts."""

    def __init__(self, need: Need, language: Language) -> None:
        """Look for the words of *need*, compared as *language* compares them."""
        self._language = language
        self._stems = {self._key(word): word for word in need.words}
        self._forms: dict[str, str | None] = {}
        self._beginnings = tuple(word for word in need.words if len(word) == 1 and is_unspaced(word))
        if need.prefix and need.words:
            self._beginnings += (self._key(need.words[-1]),)
        self._near = _beginning({word[:2] for word in need.words if word.isascii()})

    def _key(self, word: str) -> str:
        return self._language.stem(word) if self._language.by_sqlite else word

    def met(self, text: str) -> list[Met]:
        """Return the words of the need that stand in *text*, in order."""
        text = text[:LOOKED_THROUGH]
        if not text.isascii():
            candidates: Iterable[tuple[int, int, str]] = words_of(text)
        elif self._near is None:
            return []
        else:
            candidates = [(*each.span(), each[0]) for each in self._near.finditer(text.lower())]
        return [Met(start, end, found) for start, end, word in candidates if (found := self._found(word))]

    def _found(self, word: str) -> str | None:
        """Return the word of the need that *word* is a form of."""
        if word not in self._forms:
            if len(self._forms) > _MOST_FORMS:
                self._forms.clear()
            key = self._language.key(word)
            found = self._stems.get(key) or next((each for each in self._beginnings if key.startswith(each)), None)
            self._forms[word] = found
        return self._forms[word]

    def shown(self, document: Document) -> tuple[Column, Snippet]:
        """Return the field of *document* where most of the words were met, and a snippet cut from there."""
        best: Column = "description" if document.description else "body"
        most, shown = 0, []
        for field in _SHOWN_FIRST:
            text = getattr(document, field)
            met = self.met(text) if text else []
            if len(met) > most and (count := len({each.word for each in met})) > most:
                best, most, shown = field, count, met
        return best, cut(getattr(document, best), shown)


def _beginning(pairs: set[str]) -> re.Pattern[str] | None:
    """Return what finds words that begin so: the stem of a word begins as the word does, others need not be stemmed.

    That nothing stands before a word is looked at behind its beginning: only a pattern that begins with letters is
    searched for by them.
    """
    by_length = [sorted(each for each in pairs if len(each) == length) for length in (2, 1)]
    parts = [f"(?:{'|'.join(each)})(?<![a-z0-9]{'.' * len(each[0])})" for each in by_length if each]
    return re.compile(f"(?:{'|'.join(parts)})[a-z0-9]*") if parts else None


def cut(text: str, met: list[Met]) -> Snippet:
    """Return the piece of *text* around the place where most of the words stand together, on one line."""
    first, last = _cluster(met)
    begin, end = (met[first].start, met[last].end) if met else (0, 0)
    room = max(0, WIDTH - (end - begin))
    low, high = _low(text, max(0, begin - room // 3)), min(len(text), end + room)
    high = _high(text, max(end, low), min(high, max(end, low + WIDTH)))
    marks = _joined([(each.start, each.end) for each in met if low <= each.start and each.end <= high])
    return _on_one_line(text, low, high, marks)


def _cluster(met: list[Met]) -> tuple[int, int]:
    """Return the first and last of the words that stand together: as many different ones as can be, then as many."""
    best, chosen, begin = (0, 0), (0, 0), 0
    inside: dict[str, int] = {}
    for at, each in enumerate(met):
        inside[each.word] = inside.get(each.word, 0) + 1
        while each.end - met[begin].start > WIDTH and begin < at:
            left = met[begin].word
            inside[left] -= 1
            if not inside[left]:
                del inside[left]
            begin += 1
        found = len(inside), at - begin
        if found > best:
            best, chosen = found, (begin, at)
    return chosen


def _low(text: str, at: int) -> int:
    """Return the beginning of a word at *at* or a little before; *at* itself in a text without blanks."""
    if at == 0:
        return 0
    blank = max(text.rfind(" ", max(0, at - _EDGE), at), text.rfind("\n", max(0, at - _EDGE), at))
    return blank + 1 if blank >= 0 else at


def _high(text: str, least: int, at: int) -> int:
    """Return the end of a word at *at* or a little before, not before *least*."""
    if at >= len(text):
        return len(text)
    begin = max(least, at - _EDGE)
    blank = max(text.rfind(" ", begin, at + 1), text.rfind("\n", begin, at + 1))
    return blank if blank >= 0 else at


def _joined(marks: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return *marks* without overlaps: pairs of characters stand one over the other."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(marks):
        if found and start <= found[-1][1] and end > found[-1][0]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _on_one_line(text: str, low: int, high: int, marks: list[tuple[int, int]]) -> Snippet:
    before = "…" if text[:low].strip() else ""
    after = "…" if text[high:].strip() else ""
    if _UNEVEN.search(text, low, high) is None and low < high and text[low] != " " != text[high - 1]:
        moved = len(before) - low
        return Snippet(f"{before}{text[low:high]}{after}", tuple((start + moved, end + moved) for start, end in marks))
    line, at = before, low
    places: list[tuple[int, int]] = []
    for start, end in marks:
        line += _evened(text[at:start], begins=line == before)
        places.append((len(line), len(line) + end - start))
        line += text[start:end]
        at = end
    line += _evened(text[at:high], begins=line == before)
    return Snippet(f"{line.rstrip(' ')}{after}", tuple(places))


def _evened(text: str, *, begins: bool) -> str:
    even = _BLANKS.sub(" ", text)
    return even.lstrip(" ") if begins else even


def surface(stem: str, hits: Iterable[Hit], language: Language) -> str:
    """Return a word with this *stem* as it stands in one of *hits*, or the stem."""
    marked = (hit.snippet.text[start:end].casefold() for hit in hits for start, end in hit.snippet.marks)
    return next((word for word in marked if language.key(word) == stem), stem)
