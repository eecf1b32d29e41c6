"""How large the filters of numbers and lists make what they are given."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from promptlib.rendering.amounts import Amount, Reason, Size, amount, text_size
from promptlib.rendering.bounds import (
    MISSING,
    Bound,
    Interval,
    Listed,
    as_text,
    counted,
    either,
    listing,
    numbers,
    of_constant,
    part,
    rounds,
    textual,
    unknown,
    whole,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptlib.rendering.growth import Call

#: Digits of the largest float.
FLOAT_DIGITS = 309
#: A longer text is a number that nobody computes with.
MOST_DIGITS = 4_000
#: Between two dates from year 1 to year 9999.
MOST_DAYS = 3_700_000

# --- numbers ----------------------------------------------------------------------------------------------------------


def _length(call: Call) -> Bound:
    return counted(rounds(call.value)[0])


def _wordcount(call: Call) -> Bound:
    return counted(as_text(call.value).characters)


def _absolute(call: Call) -> Bound:
    found = numbers(call.value)
    if found is None:
        return _real(call)
    most = None if found.low is None or found.high is None else max(-found.low, found.high)
    return either(whole(0, most, call.value.source), _real(call))


def _real(call: Call) -> Bound:
    """Return the floats that the value can be."""
    return Bound(real=True, source=call.value.source) if call.value.real or call.value.anything else MISSING


def _rounded(call: Call) -> Bound:
    found = numbers(call.value)
    floats = Bound(real=True, source=call.value.source)
    if found is None:
        return floats
    # The next ten, hundred or more that a number is nearest to is less than twice as far away from 0.
    return either(_doubled(found, call.value.source), floats)


def _doubled(found: Interval, source: str) -> Bound:
    return whole(
        None if found.low is None else min(0, 2 * found.low),
        None if found.high is None else max(0, 2 * found.high),
        source,
    )


def _integer(call: Call) -> Bound:
    value = call.value
    default = replace(call.given(0, "default") or of_constant(0), known=())
    found = numbers(value)
    made = [default] if found is None else [default, whole(*found, source=value.source)]
    if value.text is not None or value.anything is not None:
        digits = None if value.text is None or call.given(1, "base") else value.text.characters.limit
        made.append(_of_digits(None if digits is None else max(digits, FLOAT_DIGITS), value.source))
    elif value.real:
        made.append(_of_digits(FLOAT_DIGITS, value.source))
    return either(*made)


def _of_digits(count: int | None, source: str) -> Bound:
    most = None if count is None or count > MOST_DIGITS else 10**count
    return whole(None if most is None else -most, most, source)


def _float(call: Call) -> Bound:
    default = call.given(0, "default") or of_constant(0.0)
    return either(Bound(real=True, source=call.value.source), replace(default, known=()))


def _days_until(_: Call) -> Bound:
    return whole(-MOST_DAYS, MOST_DAYS)


def _sum(call: Call) -> Bound:
    count, item = rounds(call.value)
    item = attribute(item, call.given(0, "attribute"))
    start = replace(call.given(1, "start") or of_constant(0), known=())
    return either(start, added(start, multiplied(item, count)))


def multiplied(item: Bound, count: Amount) -> Bound:
    """Return what up to *count* of *item* come to, put together: numbers, texts or lists."""
    if item.anything is not None:
        return unknown(item.anything)
    made = []
    found = numbers(item)
    if found is not None:
        most = count.limit
        low, high = (None if each is None or most is None else each * most for each in found)
        made.append(whole(None if low is None else min(0, low), None if high is None else max(0, high), item.source))
    if item.real:
        made.append(Bound(real=True, source=item.source))
    if item.text is not None:
        made.append(textual(item.text.times(count)))
    if item.listed is not None:
        made.append(listing(item.listed.count.times(count), item.listed.item))
    return either(*made)


def added(one: Bound, other: Bound) -> Bound:
    """Return what `one + other` comes to."""
    for each in (one, other):
        if each.anything is not None:
            return unknown(each.anything)
    made = []
    left, right = numbers(one), numbers(other)
    source = one.source or other.source
    if left is not None and right is not None:
        low = None if left.low is None or right.low is None else left.low + right.low
        high = None if left.high is None or right.high is None else left.high + right.high
        made.append(whole(low, high, source))
    if one.real or other.real:
        made.append(Bound(real=True, source=source))
    if one.text is not None and other.text is not None:
        made.append(textual(one.text.plus(other.text)))
    if one.listed is not None and other.listed is not None:
        made.append(_joined(one.listed, other.listed))
    return either(*made)


def _joined(one: Listed, other: Listed) -> Bound:
    fields = one.fields + other.fields if one.fields and other.fields else ()
    return listing(one.count.plus(other.count), either(one.item, other.item), fields)


# --- lists ------------------------------------------------------------------------------------------------------------


def attribute(item: Bound, path: Bound | None) -> Bound:
    """Return what a filter reads of each item under *path*, which is written out; without one, the item itself."""
    if path is None or path.known == (None,):
        return item
    if not path.known:
        return unknown(Reason("a computed attribute", "what it reads is not known", "write the attribute in quotes"))
    for each in path.known[0].split(".") if isinstance(path.known[0], str) else path.known:
        item = part(item, int(each) if isinstance(each, str) and each.isdigit() else each)
    return item


def _same(call: Call) -> Bound:
    return listing(*rounds(call.value))


def _reversed(call: Call) -> Bound:
    rest = replace(call.value, text=None, known=())
    found = listing(*rounds(rest)) if rest.anything or rest.listed or rest.mapped else MISSING
    text = written(call.value) if call.value.anything is not None else call.value.text
    return either(found, textual(text_size(text.bytes, text.characters))) if text is not None else found


def _item(call: Call) -> Bound:
    return rounds(call.value)[1]


def _join(call: Call) -> Bound:
    return textual(joined_item(call).times(rounds(call.value)[0]))


def joined_item(call: Call) -> Size:
    """Return the size of one item that `join` puts out, with what stands between it and the next."""
    item = attribute(rounds(call.value)[1], call.given(1, "attribute"))
    return written(item).plus(written(call.given(0, "d") or of_constant("")))


def _pairs(call: Call) -> Bound:
    if call.value.anything is not None:
        return unknown(call.value.anything)
    mapped = call.value.mapped
    return MISSING if mapped is None else listing(mapped.count, _pair(mapped.key, mapped.item))


def _pair(one: Bound, other: Bound, names: tuple[str, ...] = ()) -> Bound:
    return Bound(listed=Listed(amount(2), either(one, other), (one, other), names))


def _groups(call: Call) -> Bound:
    count, item = rounds(call.value)
    key = either(attribute(item, call.given(0, "attribute")), call.given(1, "default") or MISSING)
    return listing(count, _pair(replace(key, known=()), listing(count, item), ("grouper", "list")))


def _batch(call: Call) -> Bound:
    count, item = rounds(call.value)
    filling = call.given(1, "fill_with")
    width = numbers(call.given(0, "linecount") or MISSING) or Interval(None, None)
    positive = width.low is not None and width.low > 0
    rows = count.grown(1, width.low) if positive and width.low else count.plus(amount(1))
    inside = count.capped(width.high) if positive else count
    if filling is None:
        return listing(rows, listing(inside, item))
    if width.high is None:
        return call.open("the width has no limit", "write a number, or declare it with le")
    return listing(rows, listing(inside.plus(amount(width.high)), either(item, filling)))


def _slice(call: Call) -> Bound:
    count, item = rounds(call.value)
    slices = numbers(call.given(0, "slices") or MISSING) or Interval(None, None)
    if slices.high is None:
        return call.open("the number of slices has no limit", "write a number, or declare it with le")
    inside = count.grown(1, slices.low) if slices.low is not None and slices.low > 0 else count
    filled = either(item, call.given(1, "fill_with") or MISSING)
    return listing(amount(slices.high), listing(inside.plus(amount(1)), filled))


def _default(call: Call) -> Bound:
    return either(replace(call.value, known=()), call.given(0, "default_value") or of_constant(""))


GATHERINGS: dict[str, Callable[[Call], Bound]] = {
    "abs": _absolute,
    "batch": _batch,
    "count": _length,
    "d": _default,
    "days_until": _days_until,
    "default": _default,
    "dictsort": _pairs,
    "first": _item,
    "float": _float,
    "groupby": _groups,
    "int": _integer,
    "items": _pairs,
    "join": _join,
    "last": _item,
    "length": _length,
    "list": _same,
    "max": _item,
    "min": _item,
    "reject": _same,
    "rejectattr": _same,
    "reverse": _reversed,
    "round": _rounded,
    "select": _same,
    "selectattr": _same,
    "slice": _slice,
    "sort": _same,
    "sum": _sum,
    "unique": _same,
    "wordcount": _wordcount,
}
