"""One text, changed by two sides: merged by lines, and where lines conflict by words."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from promptlib.codec.delimiters import tags
from promptlib.diff.wording import words_of
from promptlib.merge.hunks import Hunk, aligned, hunks_of, overlap, regions, slid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promptlib.merge.hunks import Region

Side = Literal["base", "ours", "theirs"]
SIDES: tuple[Side, ...] = get_args(Side)

#: The share of its words that a line keeps on each side when the words that each changed can be told apart.
KEPT = 0.5
#: Past so many characters in all three, lines that both changed are not compared by words.
MOST_CHARACTERS = 6_000_000
#: Nor are so many lines in a row: what has not been told apart by lines will not be by words.
MOST_LINES = 20_000


class Spot(NamedTuple):
    """A stretch that all three have differently; where both sides made the same of it, it is not contested."""

    base: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class MergedText:
    """A text in stretches: those that are settled, and the spots that are not."""

    chunks: tuple[str | Spot, ...]
    #: Whether the last line was given an end that the text has not.
    ended: bool = False

    @property
    def spots(self) -> tuple[Spot, ...]:
        """What is contested; nothing when the text is merged."""
        return tuple(chunk for chunk in self.chunks if isinstance(chunk, Spot) and chunk.ours != chunk.theirs)

    def taking(self, side: Side) -> str:
        """Return the text with the contested spots as *side* has them."""
        text = "".join([getattr(chunk, side) if isinstance(chunk, Spot) else chunk for chunk in self.chunks])
        return text[:-1] if self.ended else text

    def with_both(self) -> str:
        """Return the text with what both sides put at one place, ours first; what they changed is as ours has it."""
        texts = [
            chunk.ours + chunk.theirs * (not chunk.base and chunk.ours != chunk.theirs)
            if isinstance(chunk, Spot)
            else chunk
            for chunk in self.chunks
        ]
        text = "".join(texts)
        return text[:-1] if self.ended else text


def merge_texts(base: str, ours: str, theirs: str, *, template: bool = False, by_words: bool = True) -> MergedText:
    """Merge what two sides made of the text *base*; in a *template* a tag is never merged inside.

    Changes to different lines both hold, also of lines that are next to each other, and so do changes to different
    words of one line. Contested are a word that both changed, texts that both put at one place, and what one side put
    beside a word that the other took out. Line ends and blanks are kept as they are.
    """
    if theirs in (ours, base):
        return MergedText((ours,) if ours else ())
    if ours == base:
        return MergedText((theirs,) if theirs else ())
    lines = base.split("\n")
    mine, yours = (_hunks(lines, side.split("\n")) for side in (ours, theirs))
    chunks: list[str | Spot] = []
    at = 0
    for region in regions(slid(lines, mine, yours), slid(lines, yours, mine)):
        chunks += [_joined(lines[at : region.start]), *_settled(lines, region, template=template, by_words=by_words)]
        at = region.end
    chunks.append(_joined(lines[at:]))
    return MergedText(tuple(_merged(chunks)), ended=True)


def _hunks(before: Sequence[str], after: Sequence[str]) -> list[Hunk]:
    return hunks_of(before, after, aligned(before, after))


def _joined(lines: Sequence[str]) -> str:
    """Return *lines*, each with its end: so an empty line is not the same as none."""
    return "".join([f"{line}\n" for line in lines])


def _settled(lines: Sequence[str], region: Region, *, template: bool, by_words: bool) -> list[str | Spot]:
    """Return the stretches of one region of lines."""
    settled = region.settled(lines)
    if settled is not None:
        return [_joined(settled)]
    ours, theirs = region.side(lines, region.ours), region.side(lines, region.theirs)
    spot = Spot(*map(_joined, (lines[region.start : region.end], ours, theirs)))
    words = _by_words(spot, template=template) if by_words else None
    return words or _peeled([spot.base], [f"{line}\n" for line in ours], [f"{line}\n" for line in theirs])


def _peeled(base: Sequence[str], ours: Sequence[str], theirs: Sequence[str]) -> list[str | Spot]:
    """Return the spot, and before and behind it what both sides begin and end with alike and the base has not."""
    shorter = min(len(ours), len(theirs))
    head = next((at for at in range(shorter) if ours[at] != theirs[at]), shorter)
    left = shorter - head
    tail = next((at for at in range(left) if ours[-1 - at] != theirs[-1 - at]), left)
    inner = Spot("".join(base), *("".join(side[head : len(side) - tail]) for side in (ours, theirs)))
    before, behind = "".join(ours[:head]), "".join(ours[len(ours) - tail :])
    return [spot for spot in (Spot("", before, before), inner, Spot("", behind, behind)) if any(spot)]


def _by_words(spot: Spot, *, template: bool) -> list[str | Spot] | None:
    """Return the stretches of *spot* merged by words, or None where words say too little."""
    if sum(map(len, spot)) > MOST_CHARACTERS or spot.base.count("\n") > MOST_LINES:
        return None
    words = [_words(text, template=template) for text in spot]
    base = words[0]
    if not all(_shares(base, side) for side in words[1:]):
        return None
    ours, theirs = (_phrases(base, _hunks(base, side)) for side in words[1:])
    if not (_recognisable(base, ours) and _recognisable(base, theirs)):
        return None
    chunks: list[str | Spot] = []
    at = 0
    for region in regions(ours, theirs, lambda one, other: _meet(base, one, other)):
        chunks.append("".join(base[at : region.start]))
        settled = region.settled(base)
        if settled is not None:
            chunks.append("".join(settled))
        else:
            sides = region.side(base, region.ours), region.side(base, region.theirs)
            chunks += _peeled(base[region.start : region.end], *sides)
        at = region.end
    chunks.append("".join(base[at:]))
    made = MergedText(tuple(chunks))
    whole = all(text == "" or text.endswith("\n") for text in map(made.taking, SIDES))
    return chunks if whole else None


def _words(text: str, *, template: bool) -> list[str]:
    """Return *text* in words; in a *template* each tag is one."""
    if not template or "{" not in text:
        return words_of(text)
    words: list[str] = []
    at = 0
    for tag in tags(text):
        if tag.kind != "raw" and tag.closed:
            words += [*words_of(text[at : tag.start]), text[tag.start : tag.end]]
            at = tag.end
    return words + words_of(text[at:])


def _phrases(base: Sequence[str], hunks: list[Hunk]) -> list[Hunk]:
    """Return *hunks* with those that only a blank parts put together: people change phrases, not alternating words."""
    found: list[Hunk] = []
    for hunk in hunks:
        before = found[-1] if found else None
        if before is not None and _only_blanks(between := base[before.end : hunk.start]):
            found[-1] = Hunk(before.start, hunk.end, (*before.new, *between, *hunk.new))
        else:
            found.append(hunk)
    return found


def _only_blanks(words: Sequence[str]) -> bool:
    return all(word.isspace() and word != "\n" for word in words)


def _shares(base: Sequence[str], side: Sequence[str]) -> bool:
    """Tell whether *side* has enough words of *base*, wherever: to align them is more work."""
    total, left = (Counter(word for word in words if not word.isspace()) for words in (base, side))
    return (total & left).total() >= KEPT * total.total()


def _recognisable(base: Sequence[str], hunks: list[Hunk]) -> bool:
    """Tell whether enough words of *base* are left to say which of them *hunks* changed."""
    total = sum(not word.isspace() for word in base)
    lost = sum(not word.isspace() for hunk in hunks for word in base[hunk.start : hunk.end])
    return total - lost >= KEPT * total


def _meet(base: Sequence[str], one: Hunk, other: Hunk) -> bool:
    """Tell whether two changes of words meet.

    `not` that one side puts beside a word that the other replaces would turn its meaning around: what is put in or
    taken out meets a change right beside it, blanks between do not part them.
    """
    if overlap(one, other):
        return True
    first, second = (one, other) if one[:2] <= other[:2] else (other, one)
    if not _only_blanks(base[first.end : second.start]):
        return False
    replaced = all(hunk.new and hunk.start < hunk.end for hunk in (one, other))
    return not replaced and not any(_only_blanks([*base[hunk.start : hunk.end], *hunk.new]) for hunk in (one, other))


def _merged(chunks: list[str | Spot]) -> Iterator[str | Spot]:
    """Yield settled neighbours as one."""
    pending = ""
    for chunk in chunks:
        if isinstance(chunk, str):
            pending += chunk
            continue
        if pending:
            yield pending
        pending = ""
        yield chunk
    if pending:
        yield pending
