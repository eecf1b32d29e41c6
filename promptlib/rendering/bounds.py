"""How large a value can be: what its declared type, or what a template makes of it, lets it be at most."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from promptlib.rendering.amounts import (
    HUGE,
    NOTHING,
    Amount,
    Reason,
    Size,
    amount,
    endless,
    larger,
    largest,
    smaller,
    text_size,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


#: `-2.2250738585072014e-308`
LONGEST_FLOAT = 24
LONGEST_TRUTH, LONGEST_NONE = len("False"), len("None")
#: As they are written inside of a list: a name that is not there, and a list that is still to be made.
LONGEST_MISSING, LONGEST_KIND = len("Undefined"), 120
#: Bytes that Python's way of writing a text inside of a list makes of one, `\x00`, and of a character, `\U000e0001`.
ESCAPED, ESCAPED_CHARACTER = 4, 10
#: Bytes that JSON makes of a control character: `\u0000`; no other character takes as much.
CONTROL = 6
#: Bytes of the widest character in UTF-8.
WIDEST = 4
#: What stands around an item, and around a list: quotes, a colon, a comma, brackets.
BETWEEN, BRACKETS, QUOTES = 2, 3, 2
#: Bounds in a bound: `{% set a = [a, a] %}` makes twice as many of them.
HEAVIEST = 5_000
#: Above so many bits, digits are not counted one by one.
_BITS = 64


class Interval(NamedTuple):
    """Whole numbers from *low* to *high*; None where there is no limit."""

    low: int | None
    high: int | None


NUMBERS = Interval(None, None)


@dataclass(frozen=True, slots=True)
class Listed:
    """Items in an order: how many, what each can be, and each by itself where they are known; those can have names."""

    count: Amount
    item: Bound
    fields: tuple[Bound, ...] = ()
    names: tuple[str, ...] = ()
    weight: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Weigh what is inside."""
        object.__setattr__(self, "weight", self.item.weight + sum([each.weight for each in self.fields]))


@dataclass(frozen=True, slots=True)
class Mapped:
    """Values by key: how many, what each key and value can be, and those whose keys are known.

    It is `closed` where no others than these can be in it.
    """

    count: Amount
    key: Bound
    item: Bound
    entries: tuple[tuple[object, Bound], ...] = ()
    closed: bool = False
    weight: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Weigh what is inside."""
        inside = (self.key, self.item, *[each for _, each in self.entries])
        object.__setattr__(self, "weight", sum([each.weight for each in inside]))


@dataclass(frozen=True, slots=True)
class Bound:
    """What a value can be, and how large. With nothing in it there is no value: using it is an error.

    Numbers, truth values and None belong to the input `source`. `known` holds a value that is written out in the
    template. `anything` says why nothing at all is known, `spaces` which namespaces it can be, and `calls` what can be
    called under it.
    """

    text: Size | None = None
    whole: Interval | None = None
    real: bool = False
    truth: bool = False
    none: bool = False
    listed: Listed | None = None
    mapped: Mapped | None = None
    image: bool = False
    anything: Reason | None = None
    spaces: frozenset[int] = frozenset()
    calls: tuple[object, ...] = ()
    loop: Listed | None = None
    source: str = ""
    known: tuple[object, ...] = ()

    @property
    def weight(self) -> int:
        """How many bounds are in it, those counted twice that stand in it twice."""
        return 1 + sum([each.weight for each in (self.listed, self.mapped, self.loop) if each is not None])


MISSING = Bound()
NONE = Bound(none=True, known=(None,))
TRUTH = Bound(truth=True)


def whole(low: int | None, high: int | None, source: str = "") -> Bound:
    """Return whole numbers from *low* to *high*."""
    return Bound(whole=Interval(low, high), source=source)


def textual(size: Size) -> Bound:
    """Return a text of that size."""
    return Bound(text=size)


def listing(count: Amount, item: Bound, fields: tuple[Bound, ...] = ()) -> Bound:
    """Return a list."""
    return Bound(listed=Listed(count, item, fields))


def unknown(reason: Reason) -> Bound:
    """Return a value of which nothing is known."""
    return Bound(anything=reason, source=reason.source)


def light(bound: Bound) -> Bound:
    """Return *bound*, or that nothing is known of what holds too much to be followed."""
    if bound.weight <= HEAVIEST:
        return bound
    hint = "take it apart, or build the text piece by piece"
    return unknown(Reason("a value", "it holds too much to be followed", hint))


def of_constant(value: object, source: str = "") -> Bound:
    """Return a value that is written out: a text, a number, a truth value or None."""
    if isinstance(value, bool):
        return Bound(truth=True, source=source, known=(value,))
    if isinstance(value, int):
        return Bound(whole=Interval(value, value), source=source, known=(value,))
    if isinstance(value, float):
        return Bound(real=True, source=source, known=(value,))
    if isinstance(value, str):
        size = text_size(amount(len(value.encode(errors="surrogatepass")), source), amount(len(value), source))
        return Bound(text=size, known=(value,))
    return NONE


def mapping(entries: Iterable[tuple[object, Bound]]) -> Bound:
    """Return a mapping of which all keys are known."""
    named = tuple(dict(entries).items())
    keys = replace(either(*[of_constant(key) for key, _ in named]), known=())
    items = either(*[item for _, item in named])
    return Bound(mapped=Mapped(amount(len(named)), keys, items, named, closed=True))


# --- putting together, taking apart -----------------------------------------------------------------------------------


def either(*bounds: Bound) -> Bound:
    """Return what can be any of *bounds*."""
    found = [each for each in {id(each): each for each in bounds}.values() if each != MISSING]
    if len(found) < 2:  # noqa: PLR2004 - no two to choose from
        return found[0] if found else MISSING
    texts = [each.text for each in found if each.text is not None]
    lists = [each.listed for each in found if each.listed is not None]
    maps = [each.mapped for each in found if each.mapped is not None]
    loops = [each.loop for each in found if each.loop is not None]
    made = Bound(
        text=largest(*texts) if texts else None,
        whole=spanning(*[each.whole for each in found if each.whole is not None]),
        real=any(each.real for each in found),
        truth=any(each.truth for each in found),
        none=any(each.none for each in found),
        listed=_one_list(lists) if lists else None,
        mapped=_one_mapping(maps) if maps else None,
        image=any(each.image for each in found),
        anything=next((each.anything for each in found if each.anything), None),
        spaces=frozenset().union(*[each.spaces for each in found]),
        calls=tuple(dict.fromkeys([call for each in found for call in each.calls])),
        loop=_one_list(loops) if loops else None,
        source=next((each.source for each in found if each.source), ""),
    )
    return light(made)


def spanning(*intervals: Interval) -> Interval | None:
    """Return the interval around all of *intervals*, None for none."""
    if not intervals:
        return None
    lows = [each.low for each in intervals]
    highs = [each.high for each in intervals]
    return Interval(
        None if None in lows else min(low for low in lows if low is not None),
        None if None in highs else max(high for high in highs if high is not None),
    )


def _one_list(lists: list[Listed]) -> Listed:
    if len(lists) == 1:
        return lists[0]
    fields: tuple[Bound, ...] = ()
    if len({len(each.fields) for each in lists}) == 1:
        fields = tuple(either(*some) for some in zip(*[each.fields for each in lists], strict=True))
    names = lists[0].names if fields and len({each.names for each in lists}) == 1 else ()
    return Listed(larger(*[each.count for each in lists]), either(*[each.item for each in lists]), fields, names)


def _one_mapping(maps: list[Mapped]) -> Mapped:
    if len(maps) == 1:
        return maps[0]
    closed = all(each.closed for each in maps)
    names = dict.fromkeys([name for each in maps for name, _ in each.entries])
    entries = tuple((name, either(*[_under(each, name) for each in maps])) for name in names)
    return Mapped(
        larger(*[each.count for each in maps]),
        either(*[each.key for each in maps]),
        either(*[each.item for each in maps]),
        entries,
        closed,
    )


def _under(mapped: Mapped, key: object) -> Bound:
    found = next((bound for name, bound in mapped.entries if name == key), None)
    if found is not None:
        return found
    return MISSING if mapped.closed else mapped.item


def part(bound: Bound, key: object) -> Bound:
    """Return what stands under *key*, a name or a number that is written out."""
    if bound.anything is not None:
        return unknown(bound.anything)
    found = MISSING
    if bound.mapped is not None:
        found = _under(bound.mapped, key)
    if bound.listed is not None and key in bound.listed.names:
        found = either(found, bound.listed.fields[bound.listed.names.index(str(key))])
    if isinstance(key, int):
        found = either(found, _at(bound, key))
    return found


def _at(bound: Bound, number: int) -> Bound:
    found = MISSING
    if bound.listed is not None:
        fields = bound.listed.fields
        inside = -len(fields) <= number < len(fields)
        found = fields[number] if inside else MISSING if fields else bound.listed.item
    return either(found, textual(character(bound.text))) if bound.text is not None else found


def any_part(bound: Bound) -> Bound:
    """Return what stands under a key that is computed."""
    if bound.anything is not None:
        return unknown(bound.anything)
    inside = [each.item for each in (bound.listed, bound.mapped) if each is not None]
    return either(*inside, textual(character(bound.text)) if bound.text is not None else MISSING)


def character(text: Size) -> Size:
    """Return the size of one character of *text*."""
    return text_size(text.bytes.capped(WIDEST), text.characters.capped(1))


def rounds(bound: Bound) -> tuple[Amount, Bound]:
    """Return how often a loop over it goes round, and what it sees: items, keys, or characters."""
    if bound.anything is not None:
        return endless(bound.anything), unknown(bound.anything)
    counts, items = [], []
    if bound.text is not None:
        counts.append(bound.text.characters)
        items.append(textual(character(bound.text)))
    if bound.listed is not None:
        counts.append(bound.listed.count)
        items.append(bound.listed.item)
    if bound.mapped is not None:
        counts.append(bound.mapped.count)
        items.append(bound.mapped.key)
    return larger(*counts), either(*items)


def fields_of(bound: Bound, count: int) -> tuple[Bound, ...]:
    """Return what *count* names get that it is taken apart into."""
    listed = bound.listed
    if listed is not None and len(listed.fields) == count and bound.mapped is None and bound.text is None:
        return listed.fields
    return (rounds(bound)[1],) * count


# --- what is written --------------------------------------------------------------------------------------------------


def shown(bound: Bound) -> Size:
    """Return the size of the text that a message gets of it; what has none is an error there."""
    if bound.anything is not None:
        return text_size(endless(bound.anything))
    number = text_size(_longest_number(bound))
    return number if bound.text is None else largest(bound.text, number)


def _longest_number(bound: Bound) -> Amount:
    """Return the length of the longest number or truth value."""
    longest = max(LONGEST_FLOAT * bound.real, LONGEST_TRUTH * bound.truth)
    found = amount(longest, bound.source) if longest else NOTHING
    return larger(found, digits_of(bound.whole, bound.source)) if bound.whole is not None else found


def digits_of(interval: Interval, source: str) -> Amount:
    """Return how many digits and signs the longest number of *interval* has; Python writes none that is far longer."""
    most = sys.get_int_max_str_digits()
    lengths = [_digits(each) for each in interval if each is not None]
    if None in interval:
        if not most:
            hint = "declare it with ge and le (in a file minimum and maximum)"
            return endless(Reason(source or "a number", "a whole number has no limit", hint, source))
        return amount(max([most + 1, *lengths]), source)
    return amount(max(lengths), source)


def _digits(number: int) -> int:
    if number.bit_length() <= _BITS:
        return len(str(number))
    return abs(number).bit_length() * 1234 // 4096 + 2  # a bit is 0.30103 of a digit


def written(bound: Bound) -> Size:
    """Return the size of its text where an operator or a filter needs one: also None, lists and mappings have one."""
    if bound.anything is not None:
        return text_size(endless(bound.anything))
    sizes = [shown(bound)]
    if bound.none:
        sizes.append(text_size(amount(LONGEST_NONE, bound.source)))
    sizes += [text_size(_inside(each)) for each in (bound.listed, bound.mapped) if each is not None]
    return largest(*sizes)


def _inside(many: Listed | Mapped) -> Amount:
    """Return the bytes of a list or mapping as Python writes it."""
    pair = quoted(many.item).plus(amount(BETWEEN))
    if isinstance(many, Mapped):
        pair = pair.plus(quoted(many.key), amount(BETWEEN))
    return pair.times(many.count).plus(amount(BRACKETS))


def quoted(bound: Bound) -> Amount:
    """Return the bytes of a value as Python writes it inside of a list."""
    if bound.image or bound.spaces or bound.calls or bound.loop is not None:
        what = bound.source or "a value"
        why, hint = "how it is written inside of a list is not known", "put it out by itself"
        return endless(Reason(what, why, hint, bound.source))
    sizes = [written(replace(bound, text=None)).bytes, amount(LONGEST_MISSING, bound.source)]
    if bound.text is not None:
        escaped = smaller(bound.text.bytes.grown(ESCAPED), bound.text.characters.grown(ESCAPED_CHARACTER))
        sizes.append(escaped.plus(amount(QUOTES)))
    if bound.listed is not None:
        # What is not yet a list says of what kind it is, and a range where it begins and ends.
        edges = _longest_number(bound.listed.item).grown(3)
        sizes.append(edges.plus(amount(LONGEST_KIND, bound.source)))
    return larger(*sizes)


def as_text(bound: Bound) -> Size:
    """Return the size of what Python itself makes a text of: also of what has no text in a message."""
    size = written(bound)
    if bound.anything is not None or not _is_strange(bound):
        return size
    return largest(size, text_size(quoted(replace(bound, text=None))))


def _is_strange(bound: Bound) -> bool:
    inside = bound.listed is not None or bound.mapped is not None or bound.loop is not None
    return inside or bound.image or bool(bound.spaces or bound.calls)


def as_json(bound: Bound, indent: int | None = None, depth: int = 1) -> Amount:
    """Return the bytes of its JSON; each item on a line of its own where there is an *indent*."""
    if bound.anything is not None:
        return endless(bound.anything)
    sizes = [_longest_number(bound), amount(LONGEST_NONE * bound.none, bound.source)]
    if bound.text is not None:
        sizes.append(smaller(bound.text.bytes, bound.text.characters).grown(CONTROL).plus(amount(QUOTES)))
    line = BETWEEN + (0 if indent is None else indent * depth + 1)
    for each in (bound.listed, bound.mapped):
        if each is None:
            continue
        pair = as_json(each.item, indent, depth + 1).plus(amount(line))
        if isinstance(each, Mapped):
            pair = pair.plus(as_json(each.key), amount(BETWEEN + QUOTES))
        sizes.append(pair.times(each.count).plus(amount(BRACKETS + line)))
    return larger(*sizes)


# --- numbers ----------------------------------------------------------------------------------------------------------


def numbers(bound: Bound) -> Interval | None:
    """Return the whole numbers that it can be, truth values as 0 and 1."""
    if bound.anything is not None:
        return NUMBERS
    found = [bound.whole] if bound.whole is not None else []
    return spanning(*found, *([Interval(0, 1)] if bound.truth else []))


def most_of(bound: Bound) -> int | None:
    """Return the largest whole number that it can be; None when there is no limit, 0 when it is none."""
    found = numbers(bound)
    return 0 if found is None else found.high


def counted(count: Amount, source: str = "") -> Bound:
    """Return the number that *count* is."""
    limit = count.limit
    return whole(0, HUGE if limit is None else limit, source or count.source)
