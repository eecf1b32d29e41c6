"""A merge that conflicts as a file for an editor: merged where it can be, with both sides between markers elsewhere."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from promptlib import codec
from promptlib.errors import InvalidFile, InvalidPrompt, Where
from promptlib.merge.hunks import aligned
from promptlib.prompt import Prompt
from promptlib.trust import FOREIGN, OWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptlib.chain import Stored
    from promptlib.merge.merged import Merged

#: As many signs as git's markers have; more where a text has a line that could be taken for one.
MARKER_SIZE = 7
_SIGNS = re.compile(r"^(?:<+|=+|>+|\|+)", re.MULTILINE)
_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")
#: Left-over markers that one error names.
MOST_NAMED = 10


def marker_size(sides: Iterable[Stored | None], least: int = MARKER_SIZE) -> int:
    """Return how many signs a marker has that no line of a prompt among *sides* can be taken for."""
    texts = (piece.text for side in sides if isinstance(side, Prompt) for piece in side.messages)
    return max([least, *map(longest_sign, texts)])


def longest_sign(text: str) -> int:
    """Return how many signs a marker needs beside *text*: one more than any of its lines begins with."""
    return max((len(found[0]) + 1 for found in _SIGNS.finditer(text)), default=0)


def draft_of(merged: Merged[Any], file: bytes, names: tuple[str, str], size: int) -> str:
    """Return the file of *merged* with the contested lines of both sides between markers that bear their *names*."""
    mine, yours = merged.resolve("ours"), merged.resolve("theirs")
    ours = b"" if mine is None else codec.edit(file, mine) if file else codec.write(mine)
    # From the first one, so that both differ in nothing but what is contested.
    theirs = b"" if yours is None else codec.edit(ours, yours) if ours else codec.write(yours)
    return "".join(marked(ours.decode(), theirs.decode(), names, size))


def marked(one: str, other: str, names: tuple[str, str], size: int) -> Iterator[str]:
    """Yield the lines that two texts share and, between markers, those of each that differ."""
    ours, theirs = _LINE.findall(one), _LINE.findall(other)
    stops = [(-1, -1), *aligned(ours, theirs), (len(ours), len(theirs))]
    for (at, of), (next_at, next_of) in pairwise(stops):
        mine, yours = ours[at + 1 : next_at], theirs[of + 1 : next_of]
        if mine or yours:
            yield f"{'<' * size} {names[0]}\n"
            yield from map(_ended, mine)
            yield f"{'=' * size}\n"
            yield from map(_ended, yours)
            yield f"{'>' * size} {names[1]}\n"
        yield from ours[next_at : next_at + 1]


def _ended(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n"


def marker_lines(text: str, size: int) -> list[int]:
    """Return the numbers of the lines of *text* that are conflict markers of *size* signs."""
    marker = re.compile(rf"(?:<{{{size}}}|>{{{size}}}|\|{{{size}}})(?: .*)?\r?|={{{size}}}\r?")
    return [at for at, line in enumerate(text.split("\n"), 1) if marker.fullmatch(line)]


def read_draft(merged: Merged[Any], text: str, *, source: str, size: int) -> Stored | None:
    """Return the prompt that an edited draft holds; raises what `Merged.read_resolved` says."""
    check_no_markers(text, source=source, size=size)
    if not text.strip() and None in (merged.ours, merged.theirs):
        return None
    sides = [side for side in (merged.resolve("ours"), merged.resolve("theirs")) if side is not None]
    if text.endswith("\n") and not any(codec.write(side).endswith(b"\n") for side in sides):
        # Editors end the last line; where neither side's file does, that line end is no part of the text.
        text = text.removesuffix("\n")
    found = codec.read_stored(text.encode(), source=source)
    _check_trust(found, merged, sides)
    origin = merged.ours.origin if merged.ours is not None else None
    return found.with_origin(origin)


def check_no_markers(text: str, *, source: str, size: int) -> None:
    """Raise `InvalidFile` for lines of *text* that are conflict markers of *size* signs; all are named."""
    left = marker_lines(text, size)
    if left:
        numbers = ", ".join(map(str, left[:MOST_NAMED]))
        more = f" and {len(left) - MOST_NAMED} more" if len(left) > MOST_NAMED else ""
        raise InvalidFile(
            f"conflict markers are left in line{'s' if len(left) > 1 else ''} {numbers}{more}",
            where=Where(source, left[0], 1, text.split("\n")[left[0] - 1], size),
            hint="keep the lines that hold, take the others out, and the markers with them",
        )


def _check_trust(found: Stored, merged: Merged[Any], sides: list[Stored]) -> None:
    """Refuse an edit that makes foreign words one's own in passing."""
    own = {side.digest for side in (merged.ours, merged.theirs) if side is not None and side.trust == OWN}
    if found.trust == OWN and any(side.trust == FOREIGN for side in sides) and found.digest not in own:
        raise InvalidPrompt(
            "the merged file no longer says that it is foreign, and a merge raises no trust",
            hint="put the line `trust: foreign` back below metadata.promptlib; then: promptlib trust NAME --reason '…'",
        )
