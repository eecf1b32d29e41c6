"""How large the filters of texts make what they are given: the most that can come out."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from promptlib.rendering.amounts import Amount, Reason, Size, amount, endless, larger, smaller, text_size
from promptlib.rendering.bounds import (
    MISSING,
    WIDEST,
    Bound,
    Interval,
    as_json,
    as_text,
    digits_of,
    either,
    listing,
    most_of,
    numbers,
    of_constant,
    quoted,
    rounds,
    textual,
    unknown,
    written,
)
from promptlib.rendering.dating import LONGEST_FORMAT
from promptlib.rendering.delimiting import DEFAULT_LABEL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promptlib.rendering.positions import Span


class Growth(NamedTuple):
    """What a filter makes of a text: so many bytes for so many, so many characters for each, so many bytes for each."""

    bytes: tuple[int, int]
    characters: int
    widest: int


#: In all of Unicode there is nothing that grows more.
GROWTH = {
    "capitalize": Growth((3, 1), 3, 6),
    "e": Growth((5, 1), 5, 5),
    "escape": Growth((5, 1), 5, 5),
    "forceescape": Growth((5, 1), 5, 5),
    "lower": Growth((3, 2), 2, 4),
    "striptags": Growth((6, 5), 1, 4),
    "title": Growth((3, 1), 3, 6),
    "trim": Growth((1, 1), 1, 4),
    "upper": Growth((3, 1), 3, 6),
}
#: What changes nothing of a text.
_AS_IT_IS = ("safe", "string")
#: The size of the largest float; a float without an exponent; a year of four digits; `Wednesday`.
LONGEST_FILE_SIZE, LONGEST_FIXED, LONGEST_DAY, LONGEST_CODE = 340, 330, 10, 9
LONGEST_LABEL = 40
#: Digits of any number of tags in a text.
LONGEST_COUNT = 20
#: What filters do where nothing is said.
INDENT, LENGTH, LEEWAY, ELLIPSIS, CENTER = 4, 255, 5, "...", 80
_NUMBER_HINT = "write a number, or declare it with le"
#: `%-20s`, `%(name)05.1f`, `%%`
_CONVERSION = re.compile(
    r"%(?:\((?P<key>[^()]*)\))?[#0\- +]*(?P<width>\d{0,9})(?:\.(?P<precision>\d{0,9}))?(?P<kind>[sdifeEgGr%])", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a filter: its name, the value, the arguments, and where it stands."""

    name: str
    value: Bound
    arguments: tuple[Bound, ...] = ()
    keywords: tuple[tuple[str, Bound], ...] = ()
    place: Span | None = None

    def given(self, position: int, keyword: str) -> Bound | None:
        """Return the argument at *position*, or under its *keyword*; None when neither is given."""
        if position < len(self.arguments):
            return self.arguments[position]
        return dict(self.keywords).get(keyword)

    def number(self, position: int, keyword: str, default: int) -> int | None:
        """Return the largest number that the argument can be; None when it has no limit."""
        found = self.given(position, keyword)
        return default if found is None else most_of(found)

    def open(self, why: str, hint: str) -> Bound:
        """Return that there is no limit, and why."""
        return unknown(self.reason(why, hint))

    def reason(self, why: str, hint: str) -> Reason:
        """Return the reason that this filter is."""
        return Reason(f"the filter {self.name!r}", why, hint, place=self.place)


def _grown(call: Call) -> Bound:
    growth, text = GROWTH[call.name], as_text(call.value)
    in_bytes = smaller(text.bytes.grown(*growth.bytes), text.characters.grown(growth.widest))
    return textual(text_size(in_bytes, text.characters.grown(growth.characters)))


def _as_it_is(call: Call) -> Bound:
    return textual(written(call.value))


def _added(text: Size, more: Amount) -> Bound:
    """Return a text with *more* in it, somewhere."""
    return textual(text_size(text.bytes.plus(more), text.characters.plus(more)))


def _spaces(call: Call, wide: int | None) -> Amount:
    if wide is None:
        return endless(call.reason("the width has no limit", _NUMBER_HINT))
    return amount(wide)


def _center(call: Call) -> Bound:
    wide = _spaces(call, call.number(0, "width", CENTER))
    return textual(as_text(call.value).plus(text_size(wide)))


def _delimited(call: Call) -> Bound:
    return textual(written(call.value).plus(text_size(fence(call.given(0, "label")))))


def fence(label: Bound | None) -> Amount:
    """Return what stands around a text that is fenced: two tags with a number, and two line breaks."""
    name = amount(len(DEFAULT_LABEL)) if label is None else written(label).bytes.capped(LONGEST_LABEL)
    return name.grown(2).plus(amount(len("<->\n\n</->") + 2 * LONGEST_COUNT))


def _date(call: Call) -> Bound:
    form = call.given(0, "format")
    if form is None:
        return textual(text_size(amount(LONGEST_DAY)))
    text = form.known[0] if form.known else None
    if isinstance(text, str):
        return textual(text_size(amount(len(text.encode(errors="surrogatepass")) + text.count("%") * LONGEST_CODE)))
    return textual(text_size(amount(LONGEST_FORMAT * LONGEST_CODE)))


def _file_size(_: Call) -> Bound:
    return textual(text_size(amount(LONGEST_FILE_SIZE)))


def _indent(call: Call) -> Bound:
    text = written(call.value)
    width = call.given(0, "width")
    wide = amount(INDENT) if width is None else _spaces(call, most_of(width))
    if width is not None and width.text is not None:
        wide = larger(wide, width.text.bytes)
    blank = call.given(2, "blank")
    # A line that is not blank has two characters at least, its end counted in.
    step = 2 if blank is None or blank.known == (False,) else 1
    lines = text.characters.grown(1, step).plus(amount(2))
    return _added(text, wide.times(lines).plus(amount(2)))


def _replace(call: Call) -> Bound:
    text = as_text(call.value)
    old, new = call.given(0, "old") or MISSING, as_text(call.given(1, "new") or MISSING)
    gone = len(str(old.known[0]).encode(errors="surrogatepass")) if old.known else 0
    times = text.bytes.grown(1, gone) if gone else text.characters.plus(amount(1))
    most = numbers(call.given(2, "count") or MISSING)
    if most is not None and most.low is not None and most.low >= 0:
        times = times.capped(most.high)
    grown = new.bytes if new.bytes.limit is None else amount(new.bytes.limit - gone, new.bytes.source)
    return textual(text_size(text.bytes.plus(grown.times(times)), text.characters.plus(new.characters.times(times))))


def _truncate(call: Call) -> Bound:
    length, leeway = call.number(0, "length", LENGTH), call.number(3, "leeway", LEEWAY)
    most = None if length is None or leeway is None else length + max(leeway, LEEWAY)
    ending = written(call.given(2, "end") or of_constant(ELLIPSIS))
    found = MISSING
    text = written(call.value) if call.value.anything is not None else call.value.text
    if text is not None:
        in_bytes = None if most is None else WIDEST * most
        kept = text_size(text.bytes.capped(in_bytes), text.characters.capped(most))
        found = textual(kept.plus(ending))
    # A short list comes back as it is.
    if call.value.anything is not None or call.value.listed is not None:
        count, item = rounds(replace(call.value, text=None))
        found = either(found, listing(count.capped(most), item))
    return found


def _urlencode(call: Call) -> Bound:
    text = as_text(call.value).bytes.grown(3)
    count, item = rounds(replace(call.value, text=None))
    pair = as_text(item).bytes
    if call.value.mapped is not None:
        pair = pair.plus(as_text(call.value.mapped.item).bytes)
    return textual(text_size(larger(text, pair.grown(3).plus(amount(2)).times(count))))


def _wordwrap(call: Call) -> Bound:
    text = written(call.value)
    mark = call.given(2, "wrapstring")
    between = amount(1) if mark is None or mark.known == (None,) else written(mark).bytes
    # A line holds one character at least.
    return _added(text, between.times(text.characters.plus(amount(1))))


def _tojson(call: Call) -> Bound:
    given = call.given(0, "indent")
    if given is None or given.known == (None,):
        return textual(text_size(as_json(call.value)))
    wide = larger(_spaces(call, most_of(given)), written(replace(given, whole=None)).bytes)
    if wide.limit is None:
        return textual(text_size(wide))
    return textual(text_size(as_json(call.value, wide.limit)))


def _format(call: Call) -> Bound:
    pattern = call.value.known[0] if call.value.known else None
    if not isinstance(pattern, str):
        return call.open("a format that is not written out can be of any width", 'write it: {{ "%s" | format(name) }}')
    found = formatted(pattern, call.arguments, dict(call.keywords))
    return found or call.open("this format is not read here", "write %s, %d or %.2f, and ~ for all else")


def formatted(pattern: str, arguments: tuple[Bound, ...], keywords: Mapping[object, Bound]) -> Bound | None:
    """Return what Python makes of `pattern % arguments`; None for a pattern that is not read here."""
    sizes, position, at = [written(of_constant(pattern))], 0, pattern.find("%")
    while at >= 0:
        found = _CONVERSION.match(pattern, at)
        if found is None:
            return None
        value = keywords.get(found["key"], MISSING)
        if found["key"] is None and found["kind"] != "%":
            value = arguments[position] if position < len(arguments) else MISSING
            position += 1
        sizes.append(_converted(value, found))
        at = pattern.find("%", found.end())
    return textual(Size().plus(*sizes))


def _converted(value: Bound, found: re.Match[str]) -> Size:
    width = int(found["width"] or 0) + int(found["precision"] or 0)
    if found["kind"] == "%":
        return text_size(amount(width))
    if found["kind"] in "sr":
        return text_size((quoted(value) if found["kind"] == "r" else as_text(value).bytes).plus(amount(width)))
    digits = digits_of(numbers(value) or Interval(0, 0), value.source)
    return text_size(digits.plus(amount(LONGEST_FIXED + width)))


TEXTS: dict[str, Callable[[Call], Bound]] = {
    **dict.fromkeys(GROWTH, _grown),
    **dict.fromkeys(_AS_IT_IS, _as_it_is),
    "center": _center,
    "date": _date,
    "delimited": _delimited,
    "filesizeformat": _file_size,
    "format": _format,
    "indent": _indent,
    "replace": _replace,
    "tojson": _tojson,
    "truncate": _truncate,
    "urlencode": _urlencode,
    "wordwrap": _wordwrap,
}
