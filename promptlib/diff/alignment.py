"""Which message of one prompt is which message of another."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import replace
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from promptlib.diff.rows import MessageChange, Stretch
from promptlib.diff.wording import compare_words, matches, words_of
from promptlib.messages import Message, Placeholder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from promptlib.messages import Piece

#: How much of their words two messages share when they are one message reworded: in one place, and across places.
ALIKE_IN_PLACE = 0.25
ALIKE_ANYWHERE = 0.6
#: Past so many candidates, or so many words to look at for all of them, only messages in one place are compared.
MOST_CANDIDATES = 10_000
MOST_LOOKS = 4_000_000
#: How much of a message's words were taken from, or put into, another one that it was split from or merged into.
MOVED_WORDS = 0.8
FEWEST_WORDS = 3
#: A longer text is known by its beginning.
LONGEST_BAG = 100_000


class _Item(NamedTuple):
    """A piece as it is compared."""

    kind: str
    name: str
    text: str
    literal: bool


def align(before: Sequence[Piece], after: Sequence[Piece]) -> tuple[MessageChange, ...]:
    """Return a row for each message of *after*, in order, and among them one for each message that is gone.

    Equal messages are matched first, then those of one role with similar words, then those that only changed role.
    """
    old, new = list(map(_item, before)), list(map(_item, after))
    pairs = _paired(old, new)
    kept = _increasing(pairs)
    origin = {target: source for source, target in pairs.items()}
    gone = [at for at in range(len(old)) if at not in pairs]
    rows: list[MessageChange] = []
    passed = shown = 0
    for at, item in enumerate(new):
        # What is gone stands where it stood: before the first message that stayed and came after it.
        while shown < len(gone) and bisect_left(kept, gone[shown]) <= passed:
            rows.append(_alone("removed", old[gone[shown]], gone[shown]))
            shown += 1
        source = origin.get(at)
        if source is None:
            rows.append(_alone("added", item, at))
            continue
        stayed = passed < len(kept) and kept[passed] == source
        passed += stayed
        rows.append(_both(old[source], item, (source, at), moved=not stayed))
    return tuple(_with_parts([*rows, *(_alone("removed", old[at], at) for at in gone[shown:])]))


def _with_parts(rows: list[MessageChange]) -> Iterator[MessageChange]:
    """Say of messages that came or went whether their words were taken from, or put into, one that changed."""
    alone = [row for row in rows if row.change in ("added", "removed") and row.role != "placeholder"]
    changed = [row for row in rows if row.change == "changed"]
    if not alone or not changed or len(alone) * len(changed) > MOST_CANDIDATES:
        yield from rows
        return
    taken = {edit: [(row, _words_of(row, edit)) for row in changed] for edit in ("removed", "added")}
    for row in rows:
        if row.change == "added" and row.role != "placeholder":
            source = _holder(_words_of(row, "added"), taken["removed"])
            yield replace(row, split_from=source.before if source else None)
        elif row.change == "removed" and row.role != "placeholder":
            target = _holder(_words_of(row, "removed"), taken["added"])
            yield replace(row, merged_into=target.after if target else None)
        else:
            yield row


def _words_of(row: MessageChange, edit: str) -> Counter[str]:
    return _bag_of("".join([word.text for word in row.words if word.edit == edit]))


def _holder(words: Counter[str], holders: list[tuple[MessageChange, Counter[str]]]) -> MessageChange | None:
    """Return the row among *holders* that holds most of *words*, if it is nearly all of them."""
    if words.total() < FEWEST_WORDS or not holders:
        return None
    row, held = max(holders, key=lambda holder: (words & holder[1]).total())
    return row if (words & held).total() >= MOVED_WORDS * words.total() else None


def pairs_of(before: Sequence[Piece], after: Sequence[Piece]) -> dict[int, int]:
    """Return which position of *after* each message of *before* has, for those that are in both; counted from 0."""
    return _paired(list(map(_item, before)), list(map(_item, after)))


def _item(piece: Piece) -> _Item:
    match piece:
        case Message(role=role, literal=literal):
            return _Item(role, "", piece.text, literal)
        case Placeholder(name, text):
            return _Item("placeholder", name, text, literal=False)
        case _:
            return _Item("prelude", "", piece.text, literal=False)


def _paired(old: list[_Item], new: list[_Item]) -> dict[int, int]:
    """Return which position of *new* each matched position of *old* has."""
    pairs = dict(matches(old, new))
    anchors = sorted(pairs.items())
    _take(pairs, _equal(old, new, pairs))
    _take(pairs, _similar(old, new, pairs, anchors))
    _take(pairs, _equal([_roleless(item) for item in old], [_roleless(item) for item in new], pairs))
    return pairs


def _take(pairs: dict[int, int], candidates: Iterable[tuple[int, int]]) -> None:
    taken = set(pairs.values())
    for source, target in candidates:
        if source not in pairs and target not in taken:
            pairs[source] = target
            taken.add(target)


def _equal(old: list[_Item], new: list[_Item], pairs: dict[int, int]) -> Iterator[tuple[int, int]]:
    free_old, free_new = _free(old, new, pairs)
    places: dict[_Item, list[int]] = {}
    for target in reversed(free_new):
        places.setdefault(new[target], []).append(target)
    for source in free_old:
        if places.get(old[source]):
            yield source, places[old[source]].pop()


def _roleless(item: _Item) -> _Item:
    """Return *item* as a text alone; one that is blank, or no message, stays as it is."""
    is_message = item.kind not in {"placeholder", "prelude"} and bool(item.text.strip())
    return item._replace(kind="message", literal=False) if is_message else item


def _free(old: list[_Item], new: list[_Item], pairs: dict[int, int]) -> tuple[list[int], list[int]]:
    taken = set(pairs.values())
    return [at for at in range(len(old)) if at not in pairs], [at for at in range(len(new)) if at not in taken]


def _similar(
    old: list[_Item], new: list[_Item], pairs: dict[int, int], anchors: list[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Return the similar pairs, the most similar and then the nearest first."""
    free_old, free_new = _free(old, new, pairs)
    old_gap = {at: bisect_left(anchors, (at, 0)) for at in free_old}
    new_gap = {at: bisect_left(anchors, at, key=itemgetter(1)) for at in free_new}
    old_words = {at: _bag(old[at]) for at in free_old}
    new_words = {at: _bag(new[at]) for at in free_new}
    everywhere = (
        len(free_old) * len(free_new) <= MOST_CANDIDATES
        and sum(map(len, old_words.values())) * len(free_new) <= MOST_LOOKS
    )
    found: list[tuple[float, int, int, int]] = []
    for source in free_old:
        # Far too many to compare all with all: then a message is looked for where it was.
        near = [at for at in range(source - 1, source + 2) if at in new_words]
        for target in free_new if everywhere else near:
            if (old[source].kind, old[source].name) != (new[target].kind, new[target].name):
                continue
            alike = _likeness(old_words[source], new_words[target])
            if alike >= (ALIKE_IN_PLACE if old_gap[source] == new_gap[target] else ALIKE_ANYWHERE):
                found.append((-alike, abs(source - target), source, target))
    return [(source, target) for _, _, source, target in sorted(found)]


def likeness(one: str, other: str) -> float:
    """Return the share of words that both texts have, from 0 to 1, whatever their order."""
    return _likeness(_bag_of(one), _bag_of(other))


def _bag(item: _Item) -> Counter[str]:
    """Return the words of a message; of a placeholder, which is what its input is, the name."""
    return Counter([item.name]) if item.name else _bag_of(item.text)


def _bag_of(text: str) -> Counter[str]:
    return Counter([word for word in words_of(text[:LONGEST_BAG]) if not word.isspace()])


def _likeness(one: Counter[str], other: Counter[str]) -> float:
    """Return the share of words that both have, from 0 to 1, whatever their order."""
    total = one.total() + other.total()
    return 1.0 if not total else 2 * (one & other).total() / total


def _increasing(pairs: dict[int, int]) -> list[int]:
    """Return the longest run of old positions whose new positions go up too: what stayed in order."""
    ends: list[int] = []
    before: dict[int, int | None] = {}
    for source in sorted(pairs):
        at = bisect_left(ends, pairs[source], key=pairs.__getitem__)
        before[source] = ends[at - 1] if at else None
        ends[at : at + 1] = [source]
    kept: list[int] = []
    last = ends[-1] if ends else None
    while last is not None:
        kept.append(last)
        last = before[last]
    return kept[::-1]


def _alone(change: str, item: _Item, at: int) -> MessageChange:
    added = change == "added"
    return MessageChange(
        change="added" if added else "removed",
        role=item.kind,
        name=item.name,
        before=None if added else at + 1,
        after=at + 1 if added else None,
        literal=item.literal,
        was_literal=item.literal,
        words=(Stretch("added" if added else "removed", item.text),) if item.text else (),
    )


def _both(old: _Item, new: _Item, at: tuple[int, int], *, moved: bool) -> MessageChange:
    return MessageChange(
        change="changed" if moved or old != new else "same",
        role=new.kind,
        name=new.name,
        before=at[0] + 1,
        after=at[1] + 1,
        moved=moved,
        old_role=old.kind if old.kind != new.kind else "",
        literal=new.literal,
        was_literal=old.literal,
        words=compare_words(old.text, new.text),
    )
