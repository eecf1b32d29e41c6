"""The size of what a template puts out, put together of literal text, values and messages; and of what must stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptlib.rendering.amounts import (
    AROUND,
    EMPTY,
    NOTHING,
    Amount,
    Reason,
    Size,
    amount,
    endless,
    text_size,
)
from promptlib.rendering.bounds import Bound, shown
from promptlib.rendering.collecting import Soft
from promptlib.segments import CUTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promptlib.messages import Message
    from promptlib.rendering.amounts import Scale
    from promptlib.segments import Segment


class Task(NamedTuple):
    """What is to be measured by: values of inputs, segments of inputs, includes, and what counts.

    `include` returns the size of an included prompt's text, in which segments count as such where it is told so. What
    is `embedded` is itself put into another text, and no message of its own.
    """

    scale: Scale
    values: Mapping[str, Bound]
    segments: Mapping[str, Segment]
    include: Callable[[str, bool], Size]
    embedded: bool = False
    #: Whether segments are cut here; in a text that is captured nothing is known of them.
    segmented: bool = True


class Row:
    """Literal texts, values and messages as they come, one behind the other.

    Literal text is counted where it stands in one piece, so that most of it is exact. Layout that messages drop at
    their edges is left out where that is certain.
    """

    __slots__ = ("_embedded", "_items", "_opens", "_scale", "_sizes")

    def __init__(self, task: Task) -> None:
        """Begin somewhere in a message."""
        self._scale = task.scale
        self._embedded = task.embedded
        self._items: list[str | Size] = []
        self._sizes: list[Size] = []
        self._opens = False

    def literal(self, text: str) -> None:
        """Put literal text; layout is `Soft`."""
        self._items.append(text)

    def value(self, size: Size, *, opened: bool = False) -> None:
        """Put a value of that *size*; a statement that *opened* messages ends what is known of the one before."""
        self._items.append(size)
        if opened:
            self._settle(closes=False)

    def message(self, message: Message) -> None:
        """Open *message*."""
        self.break_off(NOTHING if self._embedded else amount(self._scale.around(message.role), AROUND))
        self._opens = True

    def break_off(self, tokens: Amount) -> None:
        """End the message that is open, and put so many *tokens* behind it."""
        self._settle(closes=True)
        self._sizes.append(Size(tokens=tokens))

    def end(self, *, closes: bool = False) -> Size:
        """Return the size of all; the message that is open *closes* here, or goes on."""
        self._settle(closes=closes)
        return EMPTY.plus(*self._sizes)

    def _settle(self, *, closes: bool) -> None:
        """Measure what was put since the last message opened."""
        items, self._items = self._items, []
        texts = [at for at, item in enumerate(items) if item.__class__ is str]
        first, last = (texts[0], texts[-1]) if texts else (len(items), -1)
        behind = max([at for at, item in enumerate(items) if isinstance(item, Size)], default=-1)
        run: list[str] = []
        opens, self._opens = self._opens, False
        for at, item in enumerate(items):
            if isinstance(item, str) and (item.__class__ is str or first < at < last):
                run.append(item)
                continue
            if isinstance(item, Soft) and ((opens and not run) or (closes and at > last and at > behind)):
                continue
            self._count(run, opens=opens, closes=False)
            run, opens = [], False
            self._sizes.append(item if isinstance(item, Size) else text_size(amount(len(item))))
        self._count(run, opens=opens, closes=closes)

    def _count(self, run: list[str], *, opens: bool, closes: bool) -> None:
        text = "".join(run)
        if not text:
            return
        alone = not self._embedded
        tokens = self._scale.literal(text, opens=opens and alone, closes=closes and alone)
        self._sizes.append(Size(amount(len(text.encode(errors="surrogatepass"))), amount(tokens), amount(len(text))))


def put_out(bound: Bound, scale: Scale) -> Size:
    """Return the size of a value in a message: its text, or the image that it is."""
    size = shown(bound)
    if not bound.image:
        return size
    picture = Size(tokens=amount(scale.picture, bound.source), pictured=True)
    return picture if size == EMPTY else size.plus(picture)


class Items(NamedTuple):
    """A list in a segment: the size of one item, and the bytes of what stands around the list."""

    item: Size
    frame: Amount


def kept(task: Task, segment: Segment, size: Size, items: Items | None = None) -> Size:
    """Return the size of what must stay of a text of that *size* when *segment* is cut as far as it may be."""
    if not task.segmented or size.pictured:  # a text around an image is never cut
        return size
    scale = task.scale
    if not scale.least(segment):
        return EMPTY
    if segment.truncate in CUTS:
        return Size(tokens=amount(scale.cut(segment, size.bytes.limit), size.bytes.source))
    if segment.truncate != "items" or items is None:
        return size
    if items.frame.limit is None:
        return Size(tokens=items.frame)
    most = scale.items(segment, size.bytes.limit, items.frame.limit, items.item.bytes.limit)
    return Size(tokens=items.item.bytes if most is None else amount(most, size.bytes.source))


def thread_size(task: Task, name: str) -> Amount:
    """Return the tokens that the messages of a placeholder take, overhead included."""
    listed = task.values[name].listed if name in task.values else None
    if listed is None or listed.count == NOTHING:
        return NOTHING
    segment = task.segments.get(name)
    if segment is None:
        hint = f'let a budget drop the oldest of them: placeholder("{name}", priority=10)'
        return endless(Reason(name, "the messages of a thread have no limit", hint, name))
    if not task.scale.least(segment):
        return NOTHING
    hint = f'leave min_tokens out of placeholder("{name}", …)'
    return endless(Reason(name, "min_tokens keeps whole messages, and they have no limit", hint, name))


def newest_stays(name: str) -> Amount:
    """Return what a thread takes that may be the only thing there is."""
    hint = "write a text outside of segments, in a message that no condition leaves out"
    why = "no other message is certain to be sent, so its newest one stays, whatever its size"
    return endless(Reason(name, why, hint, name))
