"""The filters of foreign templates: those of Jinja, each weighed before it works.

What Jinja makes lazily is a list here, so that its size is known before anything is done with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from io import StringIO
from typing import Any

from jinja2 import filters as jinja
from jinja2.exceptions import FilterArgumentError
from jinja2.filters import make_attrgetter
from jinja2.runtime import Undefined
from jinja2.utils import pass_context

from promptlib.rendering import limits
from promptlib.rendering.dating import ISO, dated, days_until
from promptlib.rendering.delimiting import DEFAULT_LABEL, delimited
from promptlib.rendering.environment import ENVIRONMENT as _ENVIRONMENT
from promptlib.rendering.environment import RenderContext, escaped
from promptlib.rendering.metering import Meter, refuse

Filter = Callable[..., Any]
#: What ends a line for `splitlines`, and what ends a word for `split`.
_LINE_ENDS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
_BLANKS = " \t\x1f\xa0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B))) + _LINE_ENDS
_WORD = re.compile(r"\w+")
#: What Jinja makes a title of: all that stands between blanks, hyphens and opening brackets.
_TITLED = re.compile(r"[^-\s({\[<]+")

WEIGHED: dict[str, Filter] = {}


def weighed(*names: str, base: int = 0) -> Callable[[Filter], Filter]:
    """Keep a function as the filter of these *names*; it gets the meter of the render and the value.

    *base* are the steps that it takes however small the value is, where they are many.
    """

    def keep(function: Filter) -> Filter:
        @pass_context
        def call(context: RenderContext, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - whatever a template gives
            if base:
                context.meter.spend(base)
            return function(context.meter, *args, **kwargs)

        WEIGHED.update(dict.fromkeys(names, call))
        return call

    return keep


def _counted(text: str, marks: str) -> int:
    marks = "".join(filter(str.isascii, marks)) if text.isascii() else marks
    return sum(map(text.count, marks))


def _whole(value: Any, what: str) -> int:  # noqa: ANN401 - whatever a template gives
    if value.__class__ not in (int, bool):
        message = f"{what} is a {type(value).__name__}, not a whole number"
        raise TypeError(message)
    return int(value)


# --- texts ------------------------------------------------------------------------------------------------------------


def _mapped(names: tuple[str, ...], work: Callable[[str], str], growth: int, pace: int, *, base: int = 0) -> None:
    """Keep *work* as a filter of text to text; it makes at most *growth* characters of one, at a *pace* in a step."""

    def apply(meter: Meter, value: Any) -> str:  # noqa: ANN401 - whatever a template gives
        text = value if value.__class__ is str else meter.text(value)
        if len(text) > limits.FAST:
            meter.spend(len(text) // pace)
            meter.ahead(len(text) * growth)
        return meter.kept(work(text))

    weighed(*names, base=base)(apply)


_mapped(("upper",), str.upper, 3, limits.SLOW)
_mapped(("lower",), str.lower, 3, limits.SLOW)
_mapped(("capitalize",), str.capitalize, 3, limits.SLOW)
_mapped(("e", "escape", "forceescape"), escaped, 6, limits.SLOW, base=8)
_mapped(("safe", "string"), str, 1, limits.FAST)


@weighed("trim")
def _trim(meter: Meter, value: Any, chars: str | None = None) -> str:  # noqa: ANN401 - whatever a template gives
    text = value if value.__class__ is str else meter.text(value)
    if chars is not None or len(text) > limits.FAST:
        meter.spend(len(text) * max(1, len(chars or "")) // limits.SLOW)
    made = text.strip(chars)
    return made if made is text else meter.kept(made)


@weighed("delimited")
def _delimited(meter: Meter, value: Any, label: Any = DEFAULT_LABEL) -> str:  # noqa: ANN401 - whatever a template gives
    if value.__class__ is str:
        meter.spend(20 + len(value) // 8 + 4 * value.count("<"))
        meter.ahead(2 * len(value))
    return meter.kept(delimited(value, label))


@weighed("date", base=140)
def _date(meter: Meter, value: Any, format: Any = ISO) -> str:  # noqa: A002, ANN401 - what templates call it
    meter.spend(4 * len(format) if format.__class__ is str else 0)
    return meter.kept(dated(value, format))


@weighed("days_until", base=100)
def _days_until(_: Meter, value: Any, today: Any) -> int:  # noqa: ANN401 - whatever a template gives
    return days_until(value, today)


@weighed("title", base=30)
def _title(meter: Meter, value: Any) -> str:  # noqa: ANN401 - whatever a template gives
    text = meter.text(value)
    meter.spend(len(text) // 4 + 4 * _counted(text, _BLANKS + "-({[<"))
    meter.ahead(len(text) * 3)
    made = StringIO()
    at = 0
    for word in _TITLED.finditer(text):
        made.write(text[at : word.start()])
        made.write(word[0][0].upper() + word[0][1:].lower())
        at = word.end()
    made.write(text[at:])
    return meter.kept(made.getvalue())


@weighed("center")
def _center(meter: Meter, value: Any, width: int = 80) -> str:  # noqa: ANN401 - whatever a template gives
    text = meter.text(value)
    meter.ahead(max(len(text), _whole(width, "the width")))
    return meter.kept(text.center(width))


@weighed("replace")
def _replace(meter: Meter, value: Any, old: Any, new: Any, count: int | None = None) -> str:  # noqa: ANN401 - whatever a template gives
    text, before, after = meter.text(value), meter.text(old), meter.text(new)
    most = -1 if count is None else _whole(count, "the count")
    if before:
        meter.search(text, before)
        meter.search(text, before)
    found = text.count(before)
    found = min(found, most) if most >= 0 else found
    meter.spend(found // limits.SLOW)
    meter.ahead(len(text) + found * max(0, len(after) - len(before)))
    return meter.kept(text.replace(before, after, most))


@weighed("indent", base=20)
def _indent(meter: Meter, value: Any, width: Any = 4, first: bool = False, blank: bool = False) -> str:  # noqa: ANN401, FBT001, FBT002 - Jinja's own signature
    wide = len(width) if isinstance(width, str) else max(0, _whole(width, "the width"))
    if value.__class__ is not str:
        return jinja.do_indent(value, width, first, blank)  # raises what Jinja raises
    lines = _counted(value, _LINE_ENDS) + 1
    meter.spend(lines * 4 + len(value) // limits.SLOW)
    meter.ahead((len(value) + lines * (wide + 1)) // 2 + lines * limits.OBJECT // 2)
    meter.ahead(len(value) + lines * (wide + 1))
    return meter.kept(jinja.do_indent(value, width, first, blank))


@weighed("truncate")
def _truncate(
    meter: Meter,
    value: Any,  # noqa: ANN401 - whatever a template gives
    length: int = 255,
    killwords: bool = False,  # noqa: FBT001, FBT002 - Jinja's own signature
    end: str = "...",
    leeway: int | None = None,
) -> Any:  # noqa: ANN401 - a short list comes back as it is
    if value.__class__ is str:
        meter.make(4 * (min(len(value), max(0, _whole(length, "the length"))) + len(end)) + limits.OBJECT)
        meter.spend(len(value) // limits.FAST)
    return jinja.do_truncate(_ENVIRONMENT, value, length, killwords, end, leeway)


@weighed("wordwrap", base=120)
def _wordwrap(
    meter: Meter,
    value: Any,  # noqa: ANN401 - whatever a template gives
    width: int = 79,
    break_long_words: bool = True,  # noqa: FBT001, FBT002 - Jinja's own signature
    wrapstring: str | None = None,
    break_on_hyphens: bool = True,  # noqa: FBT001, FBT002 - Jinja's own signature
) -> str:
    text = meter.text(value)
    words, lines = _counted(text, _BLANKS) + 1, _counted(text, _LINE_ENDS) + 1
    meter.spend(len(text) + words * 6)
    dashes = text.count("-")
    # Each word is an object, and so are the blanks between two and each stretch between hyphens.
    meter.room(_longest_line(text) * (limits.OBJECT + limits.ITEM) + lines * limits.OBJECT)
    longest = max(map(len, text.split()), default=0)
    room = max(1, _whole(width, "the width"))
    meter.spend(longest * (longest // room + 1) // limits.FAST)
    # Runs of hyphens are looked through from each word again.
    meter.spend(_longest_run(text) * dashes // limits.SLOW if dashes > limits.FAST else 0)
    rows = words + lines + dashes + len(text) // room
    meter.spend(rows)
    meter.ahead(len(text) + rows * (len(wrapstring or "\n") + limits.ITEM))
    return meter.kept(jinja.do_wordwrap(_ENVIRONMENT, text, width, break_long_words, wrapstring, break_on_hyphens))


def _longest_line(text: str) -> int:
    """Return the most words that a line falls into."""
    return max((_counted(line, _BLANKS + "-") + 1 for line in text.splitlines()), default=1)


def _longest_run(text: str) -> int:
    return max((len(found[0]) for found in re.finditer("-+", text)), default=0)


@weighed("wordcount")
def _wordcount(meter: Meter, value: Any) -> int:  # noqa: ANN401 - whatever a template gives
    text = meter.text(value)
    meter.spend(len(text) // limits.WORDS)
    return sum(1 for _ in _WORD.finditer(text))


@weighed("striptags", base=60)
def _striptags(meter: Meter, value: Any) -> str:  # noqa: ANN401 - whatever a template gives
    text = meter.text(value)
    # Each tag is cut out of a new copy of the whole.
    meter.spend(
        (text.count("<") + 1) * (len(text) // limits.FAST + 2) + len(text) // limits.SLOW + 40 * text.count("&")
    )
    words = _counted(text, _BLANKS) + 1
    meter.spend(words)
    meter.ahead(len(text))
    meter.room(words * limits.OBJECT)
    return meter.kept(jinja.do_striptags(text))


@weighed("urlencode")
def _urlencode(meter: Meter, value: Any) -> str:  # noqa: ANN401 - whatever a template gives
    size = meter.weigh(value)
    meter.spend(size * 2)
    meter.ahead(size * 4)
    return meter.kept(jinja.do_urlencode(value))


@weighed("format")
def _format(meter: Meter, value: Any, *args: Any, **kwargs: Any) -> str:  # noqa: ANN401 - whatever a template gives
    if args and kwargs:
        message = "can't handle positional and keyword arguments at the same time"
        raise FilterArgumentError(message)
    return meter.formatted(meter.text(value), kwargs or args)


@weighed("tojson", base=50)
def _tojson(meter: Meter, value: Any, indent: int | None = None) -> str:  # noqa: ANN401 - whatever a template gives
    found = meter.measure(value)
    size = found.size
    meter.spend(found.nodes * (2 if indent is None else 12))
    if indent is not None:
        if _whole(indent, "the indentation") > limits.WIDEST_INDENT:
            refuse("value", f"an indentation wider than {limits.WIDEST_INDENT}", "write tojson(indent=2)")
        size += found.nodes * (found.depth * max(0, indent) + 1)
    # Before they are joined, the pieces of a mapping or list are texts of their own.
    meter.room(size * found.width + found.nodes * limits.OBJECT)
    return meter.kept(json.dumps(value, ensure_ascii=False, sort_keys=True, indent=indent))


@weighed("filesizeformat")
def _filesizeformat(meter: Meter, value: Any, binary: bool = False) -> str:  # noqa: ANN401, FBT001, FBT002 - Jinja's own signature
    return meter.kept(jinja.do_filesizeformat(_short(meter, value), binary))


# --- numbers ----------------------------------------------------------------------------------------------------------


def _short(meter: Meter, value: Any) -> Any:  # noqa: ANN401 - whatever a template gives
    """Return *value*, which is read as a number and must not be a long text."""
    if value.__class__ is str and len(value) > limits.LONGEST_NUMBER:
        refuse("number", f"a number of more than {limits.LONGEST_NUMBER} characters", "cut the text first")
    meter.spend(4)
    return meter.number(value)


@weighed("int", base=20)
def _int(meter: Meter, value: Any, default: Any = 0, base: int = 10) -> Any:  # noqa: ANN401 - whatever a template gives
    return meter.number(jinja.do_int(_short(meter, value), default, base))


@weighed("float")
def _float(meter: Meter, value: Any, default: Any = 0.0) -> Any:  # noqa: ANN401 - whatever a template gives
    return jinja.do_float(_short(meter, value), default)


@weighed("abs")
def _abs(meter: Meter, value: Any) -> Any:  # noqa: ANN401 - whatever a template gives
    return abs(meter.number(value))


@weighed("round")
def _round(meter: Meter, value: Any, precision: int = 0, method: Any = "common") -> Any:  # noqa: ANN401 - whatever a template gives
    if abs(_whole(precision, "the precision")) > limits.MOST_DIGITS:
        refuse("number", f"a precision past {limits.MOST_DIGITS} digits", "round to fewer digits")
    return jinja.do_round(meter.number(value), precision, method)


@weighed("sum", base=8)
def _sum(meter: Meter, value: Any, attribute: Any = None, start: Any = 0) -> Any:  # noqa: ANN401 - whatever a template gives
    items = _attributes(meter, value, attribute)
    if start.__class__ is list and all(item.__class__ is list for item in items):
        return _flat(meter, [start, *items])
    made = start
    for item in items:
        made = meter.add(made, item)
    return made


def _flat(meter: Meter, lists: list[list[Any]]) -> list[Any]:
    count = sum(map(len, lists))
    meter.spend(len(lists) + count // 8)
    meter.make(count * limits.ITEM)
    return [item for each in lists for item in each]


# --- lists ------------------------------------------------------------------------------------------------------------


def _attributes(meter: Meter, value: Any, attribute: Any) -> list[Any]:  # noqa: ANN401 - whatever a template gives
    """Return the items of *value*, or that attribute of each."""
    items = meter.items(value)
    if attribute is None:
        return items
    _path(meter, attribute, len(items))
    return list(map(make_attrgetter(_ENVIRONMENT, attribute), items))


def _path(meter: Meter, attribute: Any, count: int) -> None:  # noqa: ANN401 - a text or a number
    parts = attribute.count(".") + attribute.count(",") + 1 if isinstance(attribute, str) else 1
    meter.spend(parts * 6 * count)


def _sorting(meter: Meter, value: Any, attribute: Any) -> int:  # noqa: ANN401 - whatever a template gives
    """Use up what sorting *value* takes; return how many items it has."""
    count = meter.count(value)
    if attribute is not None:
        _path(meter, attribute, count)
    before = meter.steps
    if attribute is None:
        meter.weigh(value if value.__class__ is not range else 0)
    else:
        paths = attribute.split(",") if isinstance(attribute, str) else [attribute]
        meter.weigh([list(map(make_attrgetter(_ENVIRONMENT, path), value)) for path in paths])
    meter.spend((before - meter.steps + count) * count.bit_length() // 2 + count * 3 + 10)
    meter.make(count * 2 * limits.OBJECT)
    return count


@weighed("sort")
def _sort(meter: Meter, value: Any, reverse: Any = False, case_sensitive: Any = False, attribute: Any = None) -> Any:  # noqa: ANN401, FBT002 - Jinja's own signature
    _sorting(meter, value, attribute)
    return jinja.do_sort(_ENVIRONMENT, value, reverse, case_sensitive, attribute)


@weighed("dictsort")
def _dictsort(meter: Meter, value: Any, case_sensitive: Any = False, by: Any = "key", reverse: Any = False) -> Any:  # noqa: ANN401, FBT002 - Jinja's own signature
    if value.__class__ is dict:
        _sorting(meter, list(value if by == "key" else value.values()), None)
    return jinja.do_dictsort(value, case_sensitive, by, reverse)


@weighed("groupby", base=40)
def _groupby(meter: Meter, value: Any, attribute: Any, default: Any = None, case_sensitive: Any = False) -> Any:  # noqa: ANN401, FBT002 - Jinja's own signature
    count = _sorting(meter, value, attribute)
    before = meter.steps
    meter.weigh(default)
    meter.spend((before - meter.steps) * count * count.bit_length())
    meter.make(count * limits.OBJECT)
    return jinja.sync_do_groupby(_ENVIRONMENT, value, attribute, default, case_sensitive)


@weighed("unique")
def _unique(meter: Meter, value: Any, case_sensitive: Any = False, attribute: Any = None) -> list[Any]:  # noqa: ANN401, FBT002 - Jinja's own signature
    _sorting(meter, value, attribute)
    read = make_attrgetter(_ENVIRONMENT, attribute, postprocess=None if case_sensitive else jinja.ignore_case)
    seen: dict[Any, Any] = {}
    for item in value:
        key = read(item)
        seen.setdefault(meter.key(key) if key.__class__ is not str else key, item)
    return list(seen.values())


@weighed("min")
def _min(meter: Meter, value: Any, case_sensitive: Any = False, attribute: Any = None) -> Any:  # noqa: ANN401, FBT002 - Jinja's own signature
    _sorting(meter, value, attribute)
    return jinja.do_min(_ENVIRONMENT, value, case_sensitive, attribute)


@weighed("max")
def _max(meter: Meter, value: Any, case_sensitive: Any = False, attribute: Any = None) -> Any:  # noqa: ANN401, FBT002 - Jinja's own signature
    _sorting(meter, value, attribute)
    return jinja.do_max(_ENVIRONMENT, value, case_sensitive, attribute)


@weighed("join")
def _join(meter: Meter, value: Any, d: Any = "", attribute: Any = None) -> str:  # noqa: ANN401 - whatever a template gives
    items = _attributes(meter, value, attribute)
    between = meter.text(d)
    meter.spend(len(items))
    texts = [item if item.__class__ is str else meter.text(item) for item in items]
    meter.ahead(sum(map(len, texts)) + len(between) * len(texts))
    return meter.kept(between.join(texts))


@weighed("list")
def _list(meter: Meter, value: Any) -> list[Any]:  # noqa: ANN401 - whatever a template gives
    return meter.items(value)


@weighed("reverse")
def _reverse(meter: Meter, value: Any) -> Any:  # noqa: ANN401 - whatever a template gives
    if value.__class__ is str:
        meter.ahead(len(value))
        return meter.kept(value[::-1])
    return meter.items(value)[::-1]


@weighed("first")
def _first(meter: Meter, value: Any) -> Any:  # noqa: ANN401 - whatever a template gives
    meter.spend(meter.count(value) and 1)
    return jinja.sync_do_first(_ENVIRONMENT, value)


@weighed("last")
def _last(meter: Meter, value: Any) -> Any:  # noqa: ANN401 - whatever a template gives
    meter.spend(meter.count(value) and 1)
    return jinja.do_last(_ENVIRONMENT, value)


@weighed("length", "count")
def _length(meter: Meter, value: Any) -> int:  # noqa: ANN401 - whatever a template gives
    meter.spend(1)
    return len(value)


@weighed("items")
def _items(meter: Meter, value: Any) -> list[Any]:  # noqa: ANN401 - whatever a template gives
    if value.__class__ is dict:
        meter.spend(len(value))
        meter.make(len(value) * limits.OBJECT)
    return list(jinja.do_items(value))


@weighed("batch")
def _batch(meter: Meter, value: Any, linecount: int, fill_with: Any = None) -> list[Any]:  # noqa: ANN401 - whatever a template gives
    items = meter.items(value)
    wide = _whole(linecount, "the width")
    meter.spend(len(items) * 3)
    meter.make(len(items) * limits.ITEM + len(items) // max(1, wide) * limits.OBJECT)
    meter.make(max(0, wide) * limits.ITEM if fill_with is not None else 0)
    return list(jinja.do_batch(items, linecount, fill_with))


@weighed("slice")
def _slice(meter: Meter, value: Any, slices: int, fill_with: Any = None) -> list[Any]:  # noqa: ANN401 - whatever a template gives
    items = meter.items(value)
    count = max(0, _whole(slices, "the number of slices"))
    meter.spend(count * 6 + len(items))
    meter.make(len(items) * limits.ITEM + count * limits.OBJECT * 2)
    return list(jinja.sync_do_slice(items, slices, fill_with))


def _lazy(name: str, work: Filter) -> None:
    """Keep one of the filters that call another filter or test for each item."""

    @pass_context
    def call(context: RenderContext, value: Any, *args: Any, **kwargs: Any) -> list[Any]:  # noqa: ANN401 - whatever a template gives
        meter = context.meter
        count = meter.count(value)
        meter.spend(count * 12)
        if args or kwargs:
            _path(meter, kwargs.get("attribute", args[0] if args else None), count)
        meter.make(count * limits.ITEM)
        return list(work(context, value, *args, **kwargs))

    WEIGHED[name] = call


_lazy("map", jinja.sync_do_map)
_lazy("select", jinja.sync_do_select)
_lazy("reject", jinja.sync_do_reject)
_lazy("selectattr", jinja.sync_do_selectattr)
_lazy("rejectattr", jinja.sync_do_rejectattr)


@weighed("default", "d")
def _default(meter: Meter, value: Any, default_value: Any = "", boolean: Any = False) -> Any:  # noqa: ANN401, FBT002 - Jinja's own signature
    meter.spend(1)
    return default_value if isinstance(value, Undefined) or (boolean and not value) else value
