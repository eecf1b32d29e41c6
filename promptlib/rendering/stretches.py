"""Where the segments of a prompt lie in its rendered messages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from promptlib.messages import Message, Placeholder
from promptlib.rendering.collecting import Opening, Segmented, Soft, collected
from promptlib.segments import Stretch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptlib.messages import Piece
    from promptlib.rendering.positions import Place
    from promptlib.segments import Segment

#: What may stand inside of a tag, so that a marker of it does not keep two halves apart; and a marker that does.
JOINING = " \t\r\n\f\v/"
SEEN = " […] "

Marked = tuple[tuple[Message, ...], tuple[Stretch, ...]]


class Mark(NamedTuple):
    """Where a segment begins, one of its items begins (or the last one ends), or the segment ends.

    A type of its own, so that no value can pass for it. *segment* is what the template states; without one it is that
    of the input *name*. An item with a name begins its segment when none is open.
    """

    what: Literal["begin", "item", "end"]
    name: str = ""
    segment: Segment | None = None


class Printed(str):
    """What one expression put out: where the text that may be shortened lies in it, and its items."""

    __slots__ = ("end", "items", "start")

    start: int
    end: int
    items: tuple[int, ...]


def printed(text: str, start: int, end: int, items: tuple[int, ...] = ()) -> Printed:
    """Return *text*, of which *start* to *end* may be shortened; *items* are n beginnings and the end of the last."""
    made = Printed(text)
    made.start, made.end, made.items = start, end, items
    return made


def collected_marked(
    chunks: list[object],
    pieces: tuple[Piece, ...],
    values: Mapping[str, object],
    places: tuple[Place, ...],
    segments: Mapping[str, Segment],
) -> Marked:
    """Return the messages that *chunks* make without the marks among them, and the stretches that these tell."""
    messages = collected([chunk for chunk in chunks if chunk.__class__ is not Mark], pieces, values, places)
    found: list[Stretch] = []
    made = 0
    inside: _Inside | None = None
    for offset, point in _points(chunks):
        if not isinstance(point, Opening):
            if inside is not None:
                inside.take(point, offset)
            continue
        if inside is not None:
            found += inside.stretches(len(messages[made - 1].text))
            inside = None
        piece = pieces[point]
        if isinstance(piece, Message):
            inside = _Inside(made, segments)
            made += 1
        elif isinstance(piece, Placeholder):
            turns = len(cast("tuple[object, ...]", values[piece.name]))
            if turns and piece.name in segments:
                found.append(Stretch(piece.name, segments[piece.name], made, messages=turns))
            made += turns
    if inside is not None:
        found += inside.stretches(len(messages[made - 1].text))
    return messages, tuple(found)


def _points(chunks: list[Any]) -> Iterator[tuple[int, object]]:
    """Yield the marks, and the chunks that know more of themselves, with the offset in the text of their message."""
    offset, bare = 0, True
    for chunk in chunks:
        kind = chunk.__class__
        if kind is str:
            offset += len(chunk)
            bare = False
        elif kind is Mark:
            yield offset, chunk
        elif kind is Soft:
            # Layout at the beginning of a message is dropped.
            offset += 0 if bare else len(chunk)
        else:
            yield offset, chunk
            bare = kind is Opening
            offset = 0 if bare else offset + (len(chunk) if isinstance(chunk, str) else 0)


class _Inside:
    """What is known of the segments of one message."""

    __slots__ = ("_found", "_items", "_mark", "_message", "_segments", "_shown", "_start")

    def __init__(self, message: int, segments: Mapping[str, Segment]) -> None:
        self._message = message
        self._segments = segments
        self._found: list[Stretch] = []
        self._mark: Mark | None = None
        self._start = 0
        self._items: list[int] = []
        self._shown: tuple[int, int] | None = None

    def take(self, point: object, offset: int) -> None:
        """Take in a mark, or a chunk that knows more of itself, that stands at *offset*."""
        if isinstance(point, Mark):
            what, name, _ = point
            if what == "end":
                self._end(offset)
                return
            if self._mark is None and name:
                self._mark, self._start, self._items, self._shown = point, offset, [], None
            if what == "item":
                self._items.append(offset)
        elif isinstance(point, Segmented) and self._mark is None:
            self._found += [_moved(each, self._message, offset) for each in point.stretches]
        elif isinstance(point, Printed):
            self._items += [offset + each for each in point.items]
            self._shown = offset + point.start, offset + point.end

    def _end(self, offset: int) -> None:
        """End the stretch that has begun, if it is one that somebody asked for."""
        mark, self._mark = self._mark, None
        if mark is None:
            return
        segment = mark.segment or self._segments.get(mark.name)
        start, end = self._shown if self._shown and mark.segment is None else (self._start, offset)
        if segment is not None:
            if start > self._start and segment.truncate == "middle" and not segment.marker.strip(JOINING):
                # Two halves that meet could read as the tag that closes the fence around them.
                segment = replace(segment, marker=SEEN)
            # One offset is where the last item would end, if there were any.
            items = tuple(self._items) if len(self._items) > 1 else ()
            self._found.append(Stretch(mark.name, segment, self._message, start, end, items))

    def stretches(self, length: int) -> Iterator[Stretch]:
        """Yield what was found in the message, which has that *length*; what is empty is no stretch."""
        for each in self._found:
            # Layout at the end of a message was dropped.
            kept = each if each.end <= length else _cut(each, length)
            if kept.start < kept.end:
                yield kept


def _cut(stretch: Stretch, length: int) -> Stretch:
    """Return a stretch of a text that is only so long."""
    items = tuple([min(each, length) for each in stretch.items])
    return stretch._replace(end=length, items=items)


def _moved(stretch: Stretch, message: int, offset: int) -> Stretch:
    """Return a stretch of an included prompt where its text was put."""
    items = tuple([offset + each for each in stretch.items])
    return stretch._replace(message=message, start=offset + stretch.start, end=offset + stretch.end, items=items)
