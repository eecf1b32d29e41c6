"""Messages that two sides changed: which is which, in what order, and each by role, kind and text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from promptlib.diff.alignment import ALIKE_ANYWHERE, likeness, pairs_of
from promptlib.errors import InvalidPrompt
from promptlib.merge.deciding import Three, why_of
from promptlib.merge.ordering import gaps, merged_order
from promptlib.messages import Message, Placeholder, Prelude, Text, canonical_piece

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.merge.deciding import Decisions
    from promptlib.merge.texts import MergedText
    from promptlib.messages import Piece
    from promptlib.plain import Plain

FIELD = "messages"
#: What makes a difference between a template and a literal text.
_TAGS = ("{{", "{%", "{#")


class Slot(NamedTuple):
    """A place among the merged messages: one piece on each side, or runs of new ones that both put there.

    `key` names it whatever else is contested; `base`, `ours` and `theirs` are None where nothing stands.
    """

    key: str
    base: Piece | tuple[Piece, ...] | None
    ours: Piece | tuple[Piece, ...] | None
    theirs: Piece | tuple[Piece, ...] | None

    @property
    def three(self) -> Three:
        """What stands here."""
        return Three(self.base, self.ours, self.theirs)


def merge_messages(decisions: Decisions, three: Three) -> tuple[Piece, ...]:
    """Return the messages merged: each where either side moved it, as both sides changed it.

    The fields are `messages[0]` and so on, counted among those that are in the result or contested. Where the two
    orders contradict each other all messages are one field, `messages`.
    """
    slots = None if FIELD in decisions.forced else decisions.once(FIELD, lambda: slots_of(three))
    for slot in slots or ():
        if not same_piece(slot.ours, slot.theirs):
            decisions.unit(slot.key)
    if not same_piece(three.ours, three.theirs):
        decisions.unit(FIELD)
    if slots is None:
        why = decisions.forced.get(FIELD, "both sides move messages, and the two orders contradict each other")
        return cast("tuple[Piece, ...]", _contested(decisions, FIELD, three, why) or ())
    merged: list[Piece] = []
    at = 0
    for slot in slots:
        why = decisions.forced.get(slot.key, "")
        if not why and _gone(slot):
            continue
        found = _slot(decisions, slot, f"{FIELD}[{at}]", why)
        at += max([len(each) for each in slot.three if isinstance(each, tuple)], default=1)
        merged += [found] if isinstance(found, Message | Placeholder | Prelude) else found or ()
    return tuple(merged)


def same_piece(one: object, other: object) -> bool:
    """Compare pieces, or runs of them, with the way that texts are read."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same_piece, one, other))
    return one == other and getattr(one, "literal", False) == getattr(other, "literal", False)


def _gone(slot: Slot) -> bool:
    """Tell whether one side took a message out, and the other did not change it."""
    if slot.ours is not None and slot.theirs is not None:
        return False
    left = slot.ours if slot.theirs is None else slot.theirs
    return slot.base is not None and (left is None or same_piece(left, slot.base))


# --- which is which ---------------------------------------------------------------------------------------------------


def slots_of(three: Three) -> list[Slot] | None:
    """Return the places of the merged messages in order, also of what is gone; None where the orders contradict."""
    prelude = three.each(lambda pieces: pieces[0] if pieces and isinstance(pieces[0], Prelude) else None)
    base, ours, theirs = three.each(lambda pieces: [each for each in pieces if not isinstance(each, Prelude)])
    mine, yours = _ids(base, ours, "ours"), _ids(base, theirs, "theirs")
    ids = [f"base{at}" for at in range(len(base))]
    known = set(ids)
    order = merged_order(ids, [each for each in mine if each in known], [each for each in yours if each in known])
    if order is None:
        return None
    named = Three(
        dict(zip(ids, base, strict=True)), dict(zip(mine, ours, strict=True)), dict(zip(yours, theirs, strict=True))
    )
    found = gaps(order, mine, yours)
    slots = [Slot(f"{FIELD}#prelude", *prelude)] if any(prelude) else []
    for each in ("", *order):
        if each:
            slots.append(Slot(f"{FIELD}#{each}", *named.each(lambda side, each=each: side.get(each))))  # type: ignore[misc] # a lambda with a default
        if each in found:
            gap = found[each]
            runs = [named.ours[name] for name in gap.ours], [named.theirs[name] for name in gap.theirs]
            slots += _new(each, *runs, paired=not base)
    return slots


def _ids(base: Sequence[Piece], side: Sequence[Piece], which: str) -> list[str]:
    """Return a name for each piece of *side*: that of the piece of *base* that it is, or one of its own."""
    pairs = pairs_of(base, side)
    _take_gaps(base, side, pairs)
    source = {target: at for at, target in pairs.items()}
    return [f"base{source[at]}" if at in source else f"{which}{at}" for at in range(len(side))]


def _take_gaps(base: Sequence[Piece], side: Sequence[Piece], pairs: dict[int, int]) -> None:
    """Take what stands in one place for one piece rewritten: however little of it is left, or in another role."""
    taken = set(pairs.values())
    for at in range(len(base)):
        if at in pairs:
            continue
        target = pairs.get(at - 1, -1) + 1 if at == 0 or at - 1 in pairs else -1
        if 0 <= target < len(side) and target not in taken and _one_rewritten(base[at], side[target]):
            pairs[at] = target
            taken.add(target)


def _one_rewritten(old: Piece, new: Piece) -> bool:
    return _kind(old) == _kind(new) or (
        isinstance(old, Message) and isinstance(new, Message) and likeness(old.text, new.text) >= ALIKE_ANYWHERE
    )


def _kind(piece: Piece) -> tuple[str, str]:
    return ("message", piece.role) if isinstance(piece, Message) else ("placeholder", getattr(piece, "name", ""))


def _new(behind: str, ours: list[Piece], theirs: list[Piece], *, paired: bool) -> Iterator[Slot]:
    """Yield the slots of what both sides put at one place: what is alike once, the rest contested.

    Two messages of one role are contested word by word; so are chats of one shape when they are to be *paired*.
    """
    key = f"{FIELD}#after-{behind or 'start'}"
    shorter = min(len(ours), len(theirs))
    head = next((at for at in range(shorter) if not same_piece(ours[at], theirs[at])), shorter)
    left = shorter - head
    tail = next((at for at in range(left) if not same_piece(ours[-1 - at], theirs[-1 - at])), left)
    yield from (Slot(f"{key}-{at}", None, each, each) for at, each in enumerate(ours[:head]))
    mine, yours = tuple(ours[head : len(ours) - tail]), tuple(theirs[head : len(theirs) - tail])
    if not mine or not yours:
        sides = ((each, None) for each in mine), ((None, each) for each in yours)
        yield from (Slot(f"{key}-{head + at}", None, *pair) for side in sides for at, pair in enumerate(side))
    elif (paired or len(mine) == len(yours) == 1) and [*map(_kind, mine)] == [*map(_kind, yours)]:
        yield from (Slot(f"{key}-{head + at}", None, *pair) for at, pair in enumerate(zip(mine, yours, strict=True)))
    else:
        yield Slot(f"{key}-{head}", None, mine, yours)
    yield from (Slot(f"{key}-end-{at}", None, each, each) for at, each in enumerate(ours[len(ours) - tail :]))


# --- one place --------------------------------------------------------------------------------------------------------


def _slot(decisions: Decisions, slot: Slot, field: str, why: str) -> Any:  # noqa: ANN401 - a piece, a run of them or None
    base, ours, theirs = slot.three
    if why:
        return _contested(decisions, field, slot.three, why)
    if isinstance(ours, tuple) and isinstance(theirs, tuple):
        return _contested(decisions, field, slot.three, "both sides add messages at one place")
    if ours is None or theirs is None:
        if base is None:
            return theirs if ours is None else ours
        return _contested(decisions, field, slot.three, why_of(slot.three, _shown))
    if same_piece(ours, theirs) or same_piece(theirs, base):
        return ours
    if same_piece(ours, base):
        return theirs
    return _one(decisions, slot, field)


def _one(decisions: Decisions, slot: Slot, field: str) -> Any:  # noqa: ANN401 - a piece or None
    """Return one piece that both sides changed, aspect by aspect."""
    three = slot.three
    texts = three.each(lambda piece: "" if piece is None else piece.text)
    literal = three.each(lambda piece: getattr(piece, "literal", False))
    if literal.ours != literal.theirs and (slot.base is None or _would_be_read_otherwise(texts, literal)):
        why = "one side makes it a template or a literal text, and the other changes words with tags in it"
        return _contested(decisions, field, three, why)
    is_literal = literal.theirs if literal.ours == literal.base else literal.ours
    piece = slot.ours
    if isinstance(piece, Message):
        roles = three.each(lambda each: None if each is None else each.role)
        role = decisions.settle(
            f"{field}.role", roles, lambda one, other: bool(one == other), shown=lambda role: role, given=str
        )
        piece = replace(piece, role=role, literal=is_literal)
    merged = decisions.text(texts, template=not is_literal)
    if not merged.spots:
        return _with_text(piece, merged.taking("ours"))
    return _reworded(decisions, field, piece, merged, absent=slot.base is None)


def _would_be_read_otherwise(texts: Three, literal: Three) -> bool:
    """Tell whether a side changed words, with tags among them, that the other side made to be read in another way."""
    other = texts.theirs if literal.ours != literal.base else texts.ours
    return other != texts.base and any(tag in text for text in texts for tag in _TAGS)


def _reworded(decisions: Decisions, field: str, piece: Any, merged: MergedText, *, absent: bool) -> Any:  # noqa: ANN401 - a piece or None
    variants = Three(None if absent else merged.taking("base"), merged.taking("ours"), merged.taking("theirs"))

    def given(value: object) -> Any:  # noqa: ANN401 - a text, a piece or None
        return value if isinstance(value, str) else _given(value)

    why = "both sides add a message at one place" if absent else "both sides change the same words"
    found = decisions.contest(field, variants, why, shown=lambda text: text, given=given)
    return _with_text(piece, found) if isinstance(found, str) else found


def _with_text(piece: Any, text: str) -> Piece:  # noqa: ANN401 - a piece, whose kind decides
    if isinstance(piece, Message):
        return replace(piece, parts=(Text(text),))
    return cast("Piece", replace(piece, text=text))


# --- choices ----------------------------------------------------------------------------------------------------------


def _contested(decisions: Decisions, field: str, three: Three, why: str) -> Any:  # noqa: ANN401 - a piece, a run of them or None
    pieces = [each for each in (three.ours, three.theirs) if isinstance(each, Message)]

    def given(value: object) -> Any:  # noqa: ANN401 - a piece, a run of them or None
        if isinstance(value, str) and pieces:
            return _with_text(pieces[0], value)
        return _given(value)

    return decisions.contest(field, three, why, shown=_shown, given=given)


def _shown(part: Any) -> Plain:  # noqa: ANN401 - a piece, a run of them or None
    """Return a piece as the canonical content has it, and a run of them as a list."""
    if isinstance(part, tuple):
        return tuple(map(canonical_piece, part))
    return None if part is None else canonical_piece(part)


def _given(value: object) -> Any:  # noqa: ANN401 - a piece, a run of them or None
    """Return a chosen value as pieces: None for nothing, a piece, a mapping as a conflict shows it, or several."""
    if value is None or isinstance(value, Message | Placeholder | Prelude):
        return value
    match value:
        case {"role": role, "text": str(text), **rest} if not rest:
            return Message(cast("Any", role), (Text(text),))
        case {"role": role, "literal": str(text), **rest} if not rest:
            return Message(cast("Any", role), (Text(text),), literal=True)
        case {"placeholder": str(name), **rest} if not rest.keys() - {"text"}:
            return Placeholder(name, str(rest.get("text", "")))
        case {"prelude": str(text), **rest} if not rest:
            return Prelude(text)
    if isinstance(value, Sequence) and not isinstance(value, str | Mapping):
        found = tuple(map(_given, value))
        if all(isinstance(each, Message | Placeholder | Prelude) for each in found):
            return found
    raise InvalidPrompt(
        f"a {type(value).__name__} is no message",
        hint="give user('…'), a text where one message is contested, or a list",
    )
