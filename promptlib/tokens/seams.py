"""The tokens of a text that is put together of parts, as parts come and go.

Parts cannot be added up: where two of them touch, the count of both may be other than the sum. So a text is taken
apart at safe cuts (`streaming.is_safe_cut`), and only what lies between the nearest of them on both sides of a seam is
counted anew. Under an encoding without safe cuts parts are added up, and the whole is for somebody else to verify.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from promptlib.tokens.streaming import CANDIDATE, NEAR, TRIED, is_safe_cut, safe_cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from promptlib.tokens.memo import Counts

# In characters: how far from a seam a safe cut is looked for. Where there is none so near, the count of the seam is a
# good guess, and the whole is counted once it is done.
REACH = 256


class Composition:
    """One text as a row of places, each empty or filled, and the number of tokens of what they hold."""

    __slots__ = ("_counts", "_filled", "_held", "tokens")

    def __init__(self, counts: Counts, held: Iterable[Sequence[str]]) -> None:
        """Begin with what each place *held*: a row of texts, or none."""
        self._counts = counts
        self._held: list[tuple[str, ...]] = [_solid(texts) for texts in held]
        self._filled = [at for at, texts in enumerate(self._held) if texts]
        #: The tokens of the whole.
        self.tokens = self._sum(_terms([text for at in self._filled for text in self._held[at]], counts))

    @property
    def text(self) -> str:
        """What the places hold, one after the other."""
        return "".join([text for at in self._filled for text in self._held[at]])

    @property
    def is_blank(self) -> bool:
        """Whether no place holds anything to be seen."""
        return not any(text.strip() for at in self._filled for text in self._held[at])

    def held(self, place: int) -> tuple[str, ...]:
        """Return what stands at *place*."""
        return self._held[place]

    def change(self, place: int, texts: Sequence[str]) -> int:
        """Return by how much the tokens change when *place* holds *texts*; nothing is changed."""
        new, old = _solid(texts), self._held[place]
        if not self._counts.bundled:
            return self._sum(new) - self._sum(old)
        before, behind = self._before(place), self._behind(place)
        gained = Counter(_terms([*before, *new, *behind], self._counts))
        lost = Counter(_terms([*before, *old, *behind], self._counts))
        return self._sum((gained - lost).elements()) - self._sum((lost - gained).elements())

    def put(self, place: int, texts: Sequence[str], change: int | None = None) -> None:
        """Let *place* hold *texts*; *change* is what `change` said of it."""
        self.tokens += self.change(place, texts) if change is None else change
        new = _solid(texts)
        if new and not self._held[place]:
            insort(self._filled, place)
        elif not new and self._held[place]:
            self._filled.remove(place)
        self._held[place] = new

    def _sum(self, texts: Iterable[str]) -> int:
        return sum(map(self._counts.count, texts))

    def _before(self, place: int) -> list[str]:
        """Return the texts from the last safe cut before *place* on."""
        found: list[str] = []
        room = REACH
        for text in self._leftwards(place):
            part = text[-room:]
            cut = last_safe_cut(part)
            found.append(part[cut or 0 :])
            room -= len(part)
            if cut is not None or room <= 0:
                break
        return found[::-1]

    def _behind(self, place: int) -> list[str]:
        """Return the texts behind *place*, up to the first safe cut."""
        found: list[str] = []
        room = REACH
        for text in self._rightwards(place):
            part = text[:room]
            cut = safe_cut(part, 1, len(part))
            found.append(part[:cut])
            room -= len(part)
            if cut is not None or room <= 0:
                break
        return found

    def _leftwards(self, place: int) -> Iterator[str]:
        for at in reversed(self._filled[: bisect_left(self._filled, place)][-REACH:]):
            yield from reversed(self._held[at])

    def _rightwards(self, place: int) -> Iterator[str]:
        first = bisect_left(self._filled, place + 1)
        for at in self._filled[first : first + REACH]:
            yield from self._held[at]


def _solid(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple([text for text in texts if text])


def last_safe_cut(text: str) -> int | None:
    """Return the last safe cut in *text*, or None; it gives up on texts that have hardly any."""
    for low in sorted({max(1, len(text) - NEAR), 1}, reverse=True):
        places = [found.start() for found in CANDIDATE.finditer(text, low, len(text))]
        for place in islice(reversed(places), TRIED):
            if place < len(text) and is_safe_cut(text[place - 1], text[place]):
                return place
    return None


def _terms(texts: Sequence[str], counts: Counts) -> list[str]:
    """Return texts whose tokens add up to those of *texts* in one: cut between them where that is safe, else beside."""
    if not counts.bundled:
        return list(texts)
    found: list[str] = []
    held = ""  # what may still grow together with the text behind it
    cut: int | None = None  # the last safe cut near the end of what is held, -1 while it is not known
    for text in texts:
        if held and not is_safe_cut(held[-1], text[0]):
            if cut == -1:
                cut = _near_end(held)
            if cut is not None:
                counts.learn_parts(held, cut, short="behind")
                found.append(held[:cut])
                held = held[cut:]
            first = safe_cut(text, 1, min(len(text), REACH))
            if first is None:
                held, cut = held + text, _joined_cut(text, len(held))
                continue
            counts.learn_parts(text, first, short="before")
            found.append(held + text[:first])
            held, cut = text[first:], -1
            continue
        if held:
            found.append(held)
        held, cut = text, -1
    return [*found, held] if held else found


def _near_end(text: str) -> int | None:
    """Return the last safe cut within `REACH` of the end of *text*."""
    begin = max(0, len(text) - REACH)
    place = last_safe_cut(text[begin:])
    return None if place is None else begin + place


def _joined_cut(text: str, before: int) -> int | None:
    """Return the last safe cut of what is held, when only *text* was added to it *before* so many characters."""
    place = _near_end(text)
    return None if place is None else before + place
