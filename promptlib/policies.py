"""Which inputs of a prompt have a segment, what a budget may do to each, and whether it ever could."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from promptlib import inputs as grammar
from promptlib.errors import InvalidPrompt, Where, nearest
from promptlib.forms import EMPTY, inputs_form, segments_form
from promptlib.messages import Placeholder
from promptlib.segments import CUTS, segment_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from promptlib.inputs import Input
    from promptlib.messages import Piece
    from promptlib.plain import Frozen
    from promptlib.prompt import Prompt
    from promptlib.rendering import Template
    from promptlib.segments import Segment, Truncate

#: How an input is cut when its segment does not say it; all other kinds are texts, and lose their end.
_BY_KIND: dict[str, Truncate] = {"thread": "oldest", "array": "items"}
_UNCUT = ("image", "file")


def carried(pieces: Iterable[Piece]) -> dict[str, Segment]:
    """Return the segments that placeholders among *pieces* carry; raises `InvalidPrompt` for two of one input."""
    found: dict[str, Segment] = {}
    for piece in pieces:
        if not isinstance(piece, Placeholder) or piece.segment is None:
            continue
        if found.setdefault(piece.name, piece.segment) != piece.segment:
            raise InvalidPrompt(
                f"two placeholders {piece.name!r} have two segments",
                where=_where(piece.name),
                hint="an input has one segment: say it once, or the same words twice",
            )
    return found


def bare(piece: Piece) -> Piece:
    """Return *piece* without the segment that it carries."""
    return Placeholder(piece.name, piece.text) if isinstance(piece, Placeholder) and piece.segment else piece


def changed(changes: Mapping[str, object], parts: Mapping[str, Any], before: Frozen) -> dict[str, object]:
    """Return the parts that segments change, after *changes* of a prompt that had the segments *before*.

    Input by input the last of these counts: what there was, a model's annotations, placeholders, `segments=`, which
    also takes the place of all that there was. *parts* are the changes as the constructor takes them.
    """
    model, given = changes.get("inputs"), changes.get("segments", EMPTY)
    annotated = grammar.declared_segments(model) if isinstance(model, type) else {}
    pieces = parts.get("messages", ())
    own = carried(pieces)
    if given is EMPTY and not (before or annotated or own):
        return {}
    found: dict[str, object] = {} if "segments" in changes else dict(before)
    made: dict[str, object] = {"messages": tuple(map(bare, pieces))} if own else {}
    if found and "inputs" in parts:
        made["inputs"] = inputs = inputs_form(parts["inputs"], "inputs")
        found = {each.name: found[each.name] for each in inputs if each.name in found}
    return made | {"segments": {**found, **annotated, **own, **segments_form(given, "segments")}}


def effective(segments: Frozen, inputs: tuple[Input, ...]) -> dict[str, Segment]:
    """Return the segments of *inputs* by name, with the truncation that fits each input where none is said.

    Raises one `InvalidPrompt` for all that cannot be: no such input, one that nothing can be cut from, a policy that
    is none for its kind.
    """
    kinds = {each.name: each.type.kind for each in inputs}
    found: dict[str, Segment] = {}
    problems: list[InvalidPrompt] = []
    for name, words in segments.items():
        try:
            found[name] = _fitting(name, segment_of(words, _called(name)), kinds)
        except InvalidPrompt as error:
            error.where = _where(name)
            problems.append(error)
    _raise(problems)
    return found


def _fitting(name: str, segment: Segment, kinds: Mapping[str, str]) -> Segment:
    if name not in kinds:
        hint = f"{nearest(name, kinds)} inputs here: {', '.join(kinds) or 'none'}".strip()
        raise InvalidPrompt(f"{_called(name)} belongs to no input", hint=hint)
    kind = kinds[name]
    if kind in _UNCUT:
        raise InvalidPrompt(f"the input {name!r} is of kind {kind}, and cannot be cut", hint="take its segment out")
    _check_policy(name, segment, kind)
    if segment.truncate is not None:
        return segment
    try:
        return replace(segment, truncate=_BY_KIND.get(kind, "end"))
    except InvalidPrompt as error:
        raise InvalidPrompt(f"{_called(name)}: {error.what}", hint=error.hint) from error


def _check_policy(name: str, segment: Segment, kind: str) -> None:
    said = segment.truncate
    if kind == "thread" and segment.group:
        what, hint = "is that of a thread, and in a group", "take the group out: messages of a thread go one by one"
        raise InvalidPrompt(f"{_called(name)} {what}", hint=hint)
    if kind == "thread" and said not in (None, "oldest", "drop"):
        what, hint = "a thread loses its oldest messages, or all of them", 'write truncate="oldest" or "drop"'
    elif kind != "thread" and said == "oldest":
        what, hint = f"the input is of kind {kind}, and has no messages", 'only a thread is cut by "oldest"'
    elif kind != "array" and said == "items":
        what, hint = f"the input is of kind {kind}, and has no items", 'only a list is cut by "items"'
    else:
        return
    raise InvalidPrompt(f"{_called(name)} says truncate={said!r}: {what}", hint=hint)


def check_acting(prompt: Prompt[Any], template: Template, own: Mapping[str, Segment]) -> None:
    """Raise one `InvalidPrompt` for segments that a budget could never act on, or that contradict each other.

    *own* are those of the inputs of *prompt*, whose messages are *template*.
    """
    stated = template.segments
    placed = {piece.name for piece in prompt.messages if isinstance(piece, Placeholder)}
    # A loop over a thread makes a text of it, which has no messages to drop.
    lost = {each.name for each in prompt.inputs if each.type.kind == "thread"} - placed
    problems = [_never_cut(name) for name in own if name in lost or name not in template.markable]
    problems += [_would_break(name) for name in own if name in template.fenced and own[name].truncate in CUTS]
    problems += [_said_twice(name) for name in own if name in stated and stated[name] != own[name]]
    problems += _groups((*stated.items(), *own.items()))
    _raise(problems)


def _never_cut(name: str) -> InvalidPrompt:
    around = f'{{% segment "{name}" %}} around its place'
    return InvalidPrompt(
        f"{_called(name)} would never be cut: the input is printed nowhere by itself",
        where=_where(name),
        hint=f"print it as {{{{ {name} }}}}, a thread at its placeholder, or state {around} instead of this one",
    )


def _would_break(name: str) -> InvalidPrompt:
    return InvalidPrompt(
        f"{_called(name)} may be cut inside, and would lose the end of a fence that its loop writes",
        where=_where(name),
        hint='write truncate="items": each item is kept whole, with its fence',
    )


def _said_twice(name: str) -> InvalidPrompt:
    return InvalidPrompt(
        f"{_called(name)} is stated in a message and declared for the input, with other words",
        where=_where(name),
        hint="rename the one in the message, or take one of the two out",
    )


def _groups(segments: Iterable[tuple[str, Segment]]) -> Iterator[InvalidPrompt]:
    """Yield where a group holds segments of two priorities."""
    first: dict[str, tuple[str, Segment]] = {}
    for name, segment in segments:
        before, other = first.setdefault(segment.group, (name, segment)) if segment.group else (name, segment)
        if other.priority != segment.priority:
            yield InvalidPrompt(
                f"the group {segment.group!r} holds priorities {other.priority} ({before!r}) "
                f"and {segment.priority} ({name!r})",
                where=_where(name),
                hint="a group is kept or dropped together: give all of it one priority",
            )


def _called(name: str) -> str:
    return f"the segment {name!r:.80}"


def _where(name: str) -> Where:
    return Where(f"segment {name!r}")


def _raise(problems: list[InvalidPrompt]) -> None:
    if problems:
        problems[0].others = tuple(problems[1:])
        raise problems[0]
