"""Prompts as files for other readers of Prompty: without what only promptlib knows, as far as that changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from promptlib import codec
from promptlib.codec.body import write_piece
from promptlib.errors import InvalidPrompt
from promptlib.inputs.grammar import silent
from promptlib.inputs.wording import groups_told
from promptlib.messages import Message, Piece, Text
from promptlib.plain import Frozen
from promptlib.rendering.positions import title
from promptlib.rendering.untagging import as_template, names_of, own_words, put_in_place, untagged
from promptlib.trust import FOREIGN, OWN

if TYPE_CHECKING:
    from promptlib.inputs import Input
    from promptlib.prompt import Prompt
    from promptlib.segments import Segment


class Portable(NamedTuple):
    """A file for other readers, and what it lacks: one sentence for each loss."""

    data: bytes
    losses: tuple[str, ...]


def portable(prompt: Prompt[Any]) -> Portable:
    """Return *prompt* as a file that other tools read, and what is lost.

    Read here, the file renders to the same messages as *prompt*. It has no segments; texts that are no templates
    stand as templates of these texts, and what is included and at hand stands in place. What cannot be put in place
    exactly stays included, and is among the losses, as is what other tools read in another way.
    """
    plain, losses = _plain(prompt)
    return Portable(codec.write(plain), (*losses, *_foreign_words(plain), *_marked(plain)))


def _plain(prompt: Prompt[Any]) -> tuple[Prompt[Any], tuple[str, ...]]:
    """Return *prompt* without segments, demographics, literal texts and includes, and what is lost."""
    losses = [_lost_segment(name, segment) for name, segment in prompt.all_segments.items()]
    losses += [
        f"the input {each.name!r} says no longer what it tells of a group: {said}"
        for each in prompt.inputs
        for said in groups_told(each)
    ]
    inputs = tuple(map(silent, prompt.inputs))
    plain = _with(prompt, messages=tuple(map(_untagged, prompt.messages)), segments=Frozen(), inputs=inputs)
    try:
        plain = _with(plain, messages=tuple(map(_template, plain.messages)))
    except InvalidPrompt as error:  # a foreign template has limits that a literal text has not
        losses.append(f"its literal texts stay, and other tools take them for templates: {error.what}")
    for alias in prompt.includes:
        try:
            plain, more = _in_place(plain, alias)
            losses += [f"{each}, in the include {alias!r}" for each in more]
        except _StaysError as stays:
            losses.append(f"the include {alias!r} stays, and other tools do not find it: {stays}")
    return plain, tuple(losses)


def _with(prompt: Prompt[Any], **parts: object) -> Prompt[Any]:
    return prompt.with_origin(prompt.origin, places=(), inputs_model=None, **parts)


def _lost_segment(name: str, segment: Segment) -> str:
    return f"the segment {name!r} (priority {segment.priority}, truncate {segment.truncate}) is gone"


def _untagged(piece: Piece) -> Piece:
    return _message(piece, untagged(piece.text)) if isinstance(piece, Message) and not piece.literal else piece


def _template(piece: Piece) -> Piece:
    return _message(piece, as_template(piece.text)) if isinstance(piece, Message) and piece.literal else piece


def _message(message: Message, text: str) -> Message:
    return Message(message.role, (Text(text),))


class _StaysError(Exception):
    """Why an include is not put in place."""


def _in_place(prompt: Prompt[Any], alias: str) -> tuple[Prompt[Any], tuple[str, ...]]:
    """Return *prompt* with the text of the include *alias* in place, and what that lacks; raises `_StaysError`."""
    found = dict(prompt.included).get(alias)
    if found is None:
        raise _StaysError("it is not at hand")
    if found.trust == FOREIGN and prompt.trust == OWN:
        raise _StaysError("its words are foreign, and those of this prompt are not")
    inner, losses = _plain(found)
    if inner.includes:
        raise _StaysError(f"what it includes stays, too: {', '.join(inner.includes)}")
    (piece, *others) = inner.messages
    if others:
        raise _StaysError("statements stand before its message")
    if getattr(piece, "literal", False):
        raise _StaysError("its text is literal, and too long for a template")
    _check_names(prompt, inner, alias)
    try:
        made = _with(
            prompt,
            messages=_put(prompt, alias, piece.text),
            inputs=(*prompt.inputs, *_further_inputs(prompt, inner)),
            includes=Frozen({other: pin for other, pin in prompt.includes.items() if other != alias}),
            included=tuple(each for each in prompt.included if each[0] != alias),
        )
    except InvalidPrompt as error:
        raise _StaysError(f"in place it would be wrong: {error.what}") from error
    return made, losses


def _put(prompt: Prompt[Any], alias: str, text: str) -> tuple[Piece, ...]:
    made: list[Piece] = []
    for piece in prompt.messages:
        if not isinstance(piece, Message) or piece.literal:
            made.append(piece)
            continue
        put = put_in_place(piece.text, alias, text)
        if put is None:
            raise _StaysError("in place its line breaks would not be the same")
        made.append(_message(piece, put))
    return tuple(made)


def _further_inputs(prompt: Prompt[Any], inner: Prompt[Any]) -> tuple[Input, ...]:
    """Return the inputs of *inner* that *prompt* does not declare: each has a default, or it could not be included."""
    known = {each.name for each in prompt.inputs}
    return tuple(each for each in inner.inputs if each.name not in known)


def _check_names(prompt: Prompt[Any], inner: Prompt[Any], alias: str) -> None:
    """An included text sees its inputs alone, and what it sets is not seen outside."""
    around, inside = names_of(prompt.messages), names_of(inner.messages)
    declared = {each.name for each in prompt.inputs}
    seen = (inside.all - inside.bound).union(inner.variables)
    clash = (around.bound & seen) | (inside.lasting & (around.all | declared))
    if clash:
        raise _StaysError(f"both texts use the name {min(clash)!r}, each for its own")
    if inside.lasting and sum(piece.text.count(alias) for piece in prompt.messages) > 1:
        raise _StaysError(f"it sets {min(inside.lasting)!r}, and is included more than once")


def _foreign_words(prompt: Prompt[Any]) -> tuple[str, ...]:
    return tuple(f"{word} is known to promptlib alone" for word in own_words(prompt.messages))


def _marked(prompt: Prompt[Any]) -> tuple[str, ...]:
    """Return where the file holds marks that keep a text from being misread, which other tools take for text."""
    threads = frozenset(each.name for each in prompt.inputs if each.type.kind == "thread")
    return tuple(
        f"{title(prompt.messages, at)} holds marks (\\) that other tools take for text"
        for at, piece in enumerate(prompt.messages)
        if isinstance(piece, Message) and not piece.literal and write_piece(piece, threads) != _unmarked(piece)
    )


def _unmarked(message: Message) -> str:
    return f"{message.role}:\n{message.text}\n" if message.text else f"{message.role}:\n"
