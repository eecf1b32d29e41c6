"""What a render yields, as messages."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, cast

from promptlib.errors import PromptLibError, RenderFailed
from promptlib.messages import Message, Placeholder, Text
from promptlib.rendering.positions import Span, where

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from promptlib.messages import Part, Piece, Role
    from promptlib.rendering.positions import Place
    from promptlib.segments import Stretch


# A render makes many messages out of roles and texts that are known to be right: going through the checks of the
# constructor would cost more than the rest of a small render.
_new = object.__new__
_put_text = Text.__dict__["text"].__set__
_put_role, _put_parts, _put_literal, _put_name, _put_calls, _put_call_id = (
    Message.__dict__[each.name].__set__ for each in fields(Message)
)


class Opening(int):
    """The number of the piece that opens here; a type of its own, so that no value can pass for it."""

    __slots__ = ()


class Soft(str):
    """Line breaks beside a statement: layout of the template, dropped at the edges of a rendered message."""

    __slots__ = ()


class Segmented(str):
    """The text of an included prompt that knows where its segments lie in it."""

    __slots__ = ("stretches",)

    stretches: tuple[Stretch, ...]


def collected(
    chunks: list[object], pieces: tuple[Piece, ...], values: Mapping[str, object], places: tuple[Place, ...]
) -> tuple[Message, ...]:
    """Return the messages that *chunks* make: each `Opening` opens the piece of that number."""
    # The first piece opens at the very start: no statement can stand before it.
    openings = [at for at, chunk in enumerate(chunks) if chunk.__class__ is Opening] if len(pieces) > 1 else [0]
    openings.append(len(chunks))
    messages: list[Message] = []
    for at in range(len(openings) - 1):
        start, end = openings[at], openings[at + 1]
        number = cast("int", chunks[start])
        piece = pieces[number]
        if isinstance(piece, Message):
            messages.append(message(piece.role, chunks, start + 1, end))
            continue
        _refuse_text(chunks[start + 1 : end], pieces, number, places)
        if isinstance(piece, Placeholder):
            messages.extend(thread(pieces, number, values, places))
    return tuple(messages)


def message(role: Role, chunks: Sequence[object], start: int, end: int) -> Message:
    """Return the message that chunks *start* to *end* make, without the layout at its edges."""
    while start < end and chunks[start].__class__ is Soft:
        start += 1
    while start < end and chunks[end - 1].__class__ is Soft:
        end -= 1
    inside = chunks[start:end]
    try:
        text = "".join(cast("Sequence[str]", inside))
    except TypeError:
        return Message(role, tuple(_parts(inside)), literal=True)
    return literal(role, text)


def literal(role: Role, text: str) -> Message:
    """Return a message of one text, which is no template."""
    part = _new(Text)
    _put_text(part, text)
    made = _new(Message)
    _put_role(made, role)
    _put_parts(made, (part,))
    _put_literal(made, True)  # noqa: FBT003 - the setter of a slot takes no keyword
    _put_name(made, "")
    _put_calls(made, ())
    _put_call_id(made, "")
    return made


def included_text(alias: str, messages: tuple[Message, ...], stretches: tuple[Stretch, ...] = ()) -> str:
    """Return the text of the one message that the include *alias* made, and raise `RenderFailed` for anything else.

    The *stretches* that lie in it go along, to be told by the `render_marked` of the prompt that includes it.
    """
    if len(messages) != 1:
        what = f"the include {alias!r} made {len(messages)} messages"
        raise RenderFailed(what, hint="an include is put in place as one text: its conditions and loops stay inside")
    if any(not isinstance(part, Text) for part in messages[0].parts):
        what = f"the include {alias!r} holds an image or a file, and is put in place as text"
        raise RenderFailed(what, hint="write {{ picture }} in a message of the prompt that includes it")
    if not stretches:
        return messages[0].text
    text = Segmented(messages[0].text)
    text.stretches = stretches
    return text


def _parts(chunks: Sequence[object]) -> Iterator[Part]:
    """Yield texts and other parts in their order; texts that touch are one."""
    text: list[str] = []
    for chunk in chunks:
        if isinstance(chunk, str):
            text.append(chunk)
            continue
        if joined := "".join(text):
            yield Text(joined)
        text.clear()
        yield cast("Part", chunk)
    if joined := "".join(text):
        yield Text(joined)


def thread(
    pieces: tuple[Piece, ...], number: int, values: Mapping[str, object], places: tuple[Place, ...]
) -> list[Message]:
    """Return the messages for the placeholder of that number, each literal, so that none is ever read as a template."""
    try:
        return list(_turns(values, cast("Placeholder", pieces[number]).name))
    except PromptLibError as error:
        error.where = where(pieces, Span(number, 0, 0), places)
        raise


def _turns(values: Mapping[str, object], name: str) -> Iterator[Message]:
    if name not in values:
        raise RenderFailed(f"{name!r} has no value here", hint="a placeholder needs the messages of its input")
    given = values[name]
    if not isinstance(given, list | tuple):
        raise RenderFailed(f"{name!r} is a {type(given).__name__}, and its placeholder needs messages")
    for item in given:
        turn = Message.of(item)
        yield turn if turn.literal else replace(turn, literal=True)


def _refuse_text(chunks: Sequence[object], pieces: tuple[Piece, ...], number: int, places: tuple[Place, ...]) -> None:
    for chunk in chunks:
        if not isinstance(chunk, str) or chunk.strip():
            raise RenderFailed(
                f"text outside of every message: {str(chunk).strip()[:60]!r}",
                where=where(pieces, Span(number, 0, 0), places),
                hint="the statement that opens its message was skipped: put both into one condition",
            )
