"""What a foreign template has used up, and the operators that weigh before they work."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from jinja2.runtime import Undefined

from promptlib.errors import TemplateRejected
from promptlib.messages import File, Image
from promptlib.rendering import limits
from promptlib.rendering.showing import part_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_NUMBERS = frozenset({int, float, bool})
_SCALARS = _NUMBERS | {type(None)}
_SIZED = frozenset({list, tuple, dict, range})
#: A conversion of a format text, as Python reads it: key, flags, width, precision, length, kind.
_CONVERSION = re.compile(r"%(?:\(([^()]*)\))?[#0\- +]*(\*|\d*)(?:\.(\*|\d*))?[hlL]?([A-Za-z%])")
#: In a text inside of a list each character may be written as an escape: `\x00`, and `\U0001f600` with four more.
_ESCAPED, _ESCAPED_WIDE = 6, 4
#: What a text takes besides its characters.
_HEAD = "\xe9".__sizeof__() - 2


class Measure(NamedTuple):
    """What a value comes to: the most characters of its text, its depth, its nodes, and the bytes of a character."""

    size: int
    depth: int
    nodes: int
    width: int


def refuse(rule: str, what: str, hint: str) -> NoReturn:
    """Raise the refusal; the place is put in where the template is known."""
    raise TemplateRejected(what, rule=rule, hint=hint)


class Meter:
    """The budget of one render. Every method weighs first, and raises `TemplateRejected` instead of working."""

    __slots__ = ("bytes", "steps")

    def __init__(self) -> None:
        """Begin with the whole budget."""
        self.steps = limits.STEPS
        self.bytes = limits.BYTES

    def spend(self, steps: int) -> None:
        """Use up *steps*."""
        self.steps -= steps
        if self.steps < 0:
            refuse(
                "steps",
                f"the template does more than {limits.STEPS:,} steps",
                "loop over less, or prepare the data before it is given as an input",
            )

    def make(self, size: int) -> None:
        """Use up the *size* in bytes of what is about to be made."""
        self.bytes -= size
        if self.bytes < 0:
            refuse(
                "bytes",
                f"the template makes more than {limits.BYTES >> 20} MiB of text and lists",
                "build less of it at once, or give the finished text as an input",
            )

    def made(self, size: int, value: Any) -> Any:  # noqa: ANN401 - a list, tuple or dict
        """Use up *size* bytes for *value*, just made and not large; return it."""
        self.bytes -= size
        if self.bytes < 0:
            self.make(0)
        return value

    def mark(self, size: int) -> None:
        """Use up what a mark takes, of which *size* bytes are kept: a segment begins, or one of its items."""
        self.spend(limits.MARK)
        self.make(size)

    def kept(self, text: str) -> str:
        """Use up what *text*, just made and not large, takes; return it."""
        self.make(text.__sizeof__())
        return text

    def ahead(self, length: int) -> None:
        """Raise unless a text of *length* characters, however wide, can be made."""
        self.room(length * limits.WIDEST_CHARACTER)

    def room(self, size: int) -> None:
        """Raise unless *size* bytes are left."""
        if size > self.bytes:
            self.make(size)

    # --- values -------------------------------------------------------------------------------------------------------

    def loop(self, value: Any, weight: int) -> Any:  # noqa: ANN401 - whatever a template loops over
        """Return *value* to loop over, with *weight* steps for each item used up."""
        self.spend((self.count(value) + 1) * weight)
        return value

    def count(self, value: Any) -> int:  # noqa: ANN401 - whatever a template loops over
        """Return how many items *value* has; raises what looping over it raises where it has none."""
        kind = value.__class__
        if kind in _SIZED or isinstance(value, tuple):
            return len(value)
        if kind is str:
            self.make(len(value) * limits.OBJECT if not value.isascii() else 0)
            return len(value)
        iter(value)
        return refuse("value", f"a {kind.__name__} is no list", "loop over a list, a mapping or a text")

    def items(self, value: Any) -> list[Any]:  # noqa: ANN401 - whatever a template loops over
        """Return *value* as a new list."""
        count = self.count(value)
        self.spend(count // 8)
        self.make(count * (limits.OBJECT if value.__class__ is range else limits.ITEM))
        return list(value)

    def weigh(self, value: Any) -> int:  # noqa: ANN401 - whatever a template holds
        """Use up a step for all that *value* holds, and return how many characters its text has at most."""
        kind = value.__class__
        if kind is str:
            self.spend(len(value) // limits.FAST)
            return len(value)
        return 24 if kind in _SCALARS and kind is not int else self.measure(value).size

    def measure(self, value: Any, *, written: bool = False) -> Measure:  # noqa: ANN401 - whatever a template holds
        """Use up the steps that going through *value* takes, and return what it comes to.

        What is to be *written* may hold nothing but data.
        """
        size, depth, nodes, width = 0, 0, 0, 1
        open_: list[Iterator[Any]] = [iter((value,))]
        while open_:
            for item in open_[-1]:
                kind = item.__class__
                if kind is str:
                    size += len(item) * _ESCAPED + 4
                    if not item.isascii():
                        size += len(item) * _ESCAPED_WIDE
                        width = max(width, (item.__sizeof__() - _HEAD) // (len(item) + 1))
                elif kind is int:
                    size += item.bit_length() // 3 + 4
                elif kind is list or kind is dict or isinstance(item, tuple):
                    count = len(item) * (2 if kind is dict else 1)
                    nodes += count
                    self.spend(count + 6)
                    open_.append(_inside(item))
                    break
                else:
                    size += 30
                    if written and kind not in _SCALARS:
                        str(item) if isinstance(item, Undefined) else text_of(item)
            else:
                open_.pop()
            depth = max(depth, len(open_))
            if depth > limits.DEEPEST_VALUE:
                refuse(
                    "nesting",
                    f"a value is nested deeper than {limits.DEEPEST_VALUE} levels",
                    "give flatter data, or build the text piece by piece",
                )
        self.spend(size // limits.FAST)
        return Measure(size, depth, nodes + 1, width)

    def text(self, value: Any) -> str:  # noqa: ANN401 - whatever a template holds
        """Return *value* as Jinja writes it where it needs a text."""
        if value.__class__ is str:
            return value
        if value.__class__ in _SCALARS and value.__class__ is not int:
            self.make(limits.OBJECT)
            return str(value)
        if isinstance(value, Undefined):
            return str(value)
        if value.__class__ is int and -limits.LARGEST_NUMBER <= value <= limits.LARGEST_NUMBER:
            self.make(limits.OBJECT)
            return str(value)
        self.ahead(self.measure(value, written=True).size)
        return self.kept(str(value))

    def shown(self, value: Any) -> object:  # noqa: ANN401 - whatever a template puts out
        """Return *value*, which is no text, as it stands in a message."""
        self.steps -= 2
        self.make(limits.OBJECT)
        return str(value) if isinstance(value, Undefined) else part_of(value)

    def shown_text(self, value: Any) -> str:  # noqa: ANN401 - whatever a template puts out
        """Return *value*, which is no text, as text."""
        self.steps -= 2
        self.make(limits.OBJECT)
        return str(value) if isinstance(value, Undefined) else text_of(value)

    def joined(self, texts: Sequence[str]) -> str:
        """Return *texts* as one: what a macro, a block or `~` makes."""
        self.ahead(sum(map(len, texts)))
        return self.kept("".join(texts))

    def concat(self, values: Iterable[Any]) -> str:
        """Return *values* as one text: the operator `~`."""
        return self.joined([value if value.__class__ is str else self.text(value) for value in values])

    def operand(self, value: Any) -> Any:  # noqa: ANN401 - whatever a template compares
        """Return *value* to be compared."""
        kind = value.__class__
        if kind is str:
            if len(value) > limits.FAST:
                self.spend(len(value) // limits.FAST)
        elif kind not in _SCALARS:
            self.measure(value)
        return value

    def within(self, item: Any, whole: Any) -> bool:  # noqa: ANN401 - whatever a template compares
        """Return whether *item* is in *whole*."""
        if item.__class__ is str and whole.__class__ is str:
            self.search(whole, item)
        elif whole.__class__ is not dict or item.__class__ is not str:
            self.key(self.operand(item)) if whole.__class__ is dict else self.operand(item)
            self.operand(whole)
            if whole.__class__ is range and item.__class__ not in (int, bool):
                self.spend(len(whole))  # anything but a whole number is compared with each
        return item in whole

    def search(self, text: str, word: str) -> None:
        """Use up what finding *word* in *text* can take: short texts are searched in quadratic time."""
        self.spend(len(text) * min(len(word), 6 if len(text) > 30_000 else 100) // (2 * SEARCHED) + 1)  # noqa: PLR2004 - where Python changes its way

    def key(self, value: Any) -> Any:  # noqa: ANN401 - whatever a template looks up
        """Return *value* to be looked up or kept in a mapping."""
        if value.__class__ is str or value.__class__ in _SCALARS:
            return self.number(value) if value.__class__ is int else value
        if isinstance(value, Undefined):
            str(value)
        return refuse("value", f"a {value.__class__.__name__} is no key", "keys are texts and numbers")

    def sliced(self, value: Any, start: Any, stop: Any, step: Any) -> Any:  # noqa: ANN401 - whatever a template slices
        """Return `value[start:stop:step]`."""
        if value.__class__ in (str, list) or isinstance(value, tuple):
            count = len(range(*slice(start, stop, step).indices(len(value))))
            self.spend(count // 8 if value.__class__ is not str else count // limits.FAST)
            if value.__class__ is str:
                self.ahead(count)
                return self.kept(value[start:stop:step])
            self.make(count * limits.ITEM + limits.OBJECT)
        return value[start:stop:step]

    # --- operators ----------------------------------------------------------------------------------------------------

    def number(self, value: Any) -> Any:  # noqa: ANN401 - a number or anything that is none
        """Return *value*; a whole number must not be too large."""
        if value.__class__ is int and not -limits.LARGEST_NUMBER <= value <= limits.LARGEST_NUMBER:
            refuse("number", f"a number past {len(str(limits.LARGEST_NUMBER)) - 1} digits", "divide it, or use a float")
        return value

    def add(self, left: Any, right: Any) -> Any:  # noqa: ANN401 - whatever a template adds
        """Return `left + right`."""
        if left.__class__ is str and right.__class__ is str:
            return self.joined((left, right))
        if isinstance(left, list | tuple) and isinstance(right, list | tuple):
            self.spend((len(left) + len(right)) // 8)
            self.make((len(left) + len(right)) * limits.ITEM)
            return left + right  # type: ignore[operator] # two kinds raise what Python raises
        return self.number(self.number(left) + self.number(right))

    def multiply(self, left: Any, right: Any) -> Any:  # noqa: ANN401 - whatever a template multiplies
        """Return `left * right`."""
        for many, times in ((left, right), (right, left)):
            if isinstance(many, str | list | tuple) and times.__class__ in (int, bool):
                count = len(many) * max(0, times)
                self.spend(count // limits.SLOW)
                if isinstance(many, str):
                    self.ahead(count)
                    return self.kept(many * times)
                self.make(count * limits.ITEM)
                return many * times
        return self.number(self.number(left) * self.number(right))

    def subtract(self, left: Any, right: Any) -> Any:  # noqa: ANN401 - whatever a template subtracts
        """Return `left - right`."""
        return self.number(self.number(left) - self.number(right))

    def divide(self, left: Any, right: Any) -> Any:  # noqa: ANN401 - whatever a template divides
        """Return `left / right`."""
        return self.number(left) / self.number(right)

    def divide_down(self, left: Any, right: Any) -> Any:  # noqa: ANN401 - whatever a template divides
        """Return `left // right`."""
        return self.number(left) // self.number(right)

    def power(self, left: Any, right: Any) -> Any:  # noqa: ANN401 - whatever a template raises
        """Return `left ** right`."""
        if left.__class__ in (int, bool) and right.__class__ in (int, bool) and left.bit_length() * abs(right) > POWER:
            refuse("number", "the power of a number is too large", "compute it before, and give it as an input")
        made = left**right
        if made.__class__ is complex:
            refuse("number", "the root of a negative number", "compute it before, and give it as an input")
        return self.number(made)

    def remainder(self, left: Any, right: Any) -> Any:  # noqa: ANN401 - whatever a template divides
        """Return `left % right`, which fills in a text where *left* is one."""
        if left.__class__ is str:
            return self.formatted(left, right)
        return self.number(left) % self.number(right)

    def formatted(self, text: str, values: Any) -> str:  # noqa: ANN401 - whatever a template fills in
        """Return `text % values`."""
        size, at, conversions = len(text), text.find("%"), 0
        while at >= 0:
            found = _CONVERSION.match(text, at)
            if found is None or "*" in (found[2], found[3]):
                refuse("format", "a format that is not written out", "write the width as a number: '%-20s'")
            size += sum(_width(each) for each in (found[2], found[3]))
            conversions += found[4] != "%"
            at = text.find("%", found.end())
        self.spend(4 * conversions + 10 + len(text) // limits.SLOW)
        values = tuple(self.number(each) for each in values) if values.__class__ is tuple else self.number(values)
        if isinstance(values, dict):
            largest = self.measure(values, written=True).size
            self.ahead(size + conversions * (largest + 400))
        else:
            self.ahead(size + self.measure(values, written=True).size + 400 * conversions)
        return self.kept(text % values)


#: Characters that a search compares in half a step.
SEARCHED = 64
#: Bits of the largest power that is computed, to be refused afterwards when it is too large.
POWER = 4096


def _inside(item: Any) -> Iterator[Any]:  # noqa: ANN401 - a list, tuple or dict
    return _pairs(item) if item.__class__ is dict else iter(item)


def _pairs(item: dict[Any, Any]) -> Iterator[Any]:
    yield from item
    yield from item.values()


def _width(digits: str | None) -> int:
    if not digits:
        return 0
    if len(digits) > 4:  # noqa: PLR2004 - 9,999
        refuse("format", "a format wider than 9,999", "write a smaller width")
    return int(digits)


def check_output(chunks: Sequence[object], messages: int) -> None:
    """Raise unless *chunks* make *messages* of a size that may be."""
    if messages > limits.MESSAGES:
        refuse("messages", f"more than {limits.MESSAGES:,} messages", "loop over fewer examples")
    size = sum([len(chunk) if isinstance(chunk, str) else _size(chunk) for chunk in chunks])
    if size > limits.OUTPUT // 4 and size * (4 if not _ascii(chunks) else 1) > limits.OUTPUT:
        refuse("output", f"the messages hold more than {limits.OUTPUT >> 20} MiB", "put less into them")


def _size(chunk: object) -> int:
    return len(chunk.url) if isinstance(chunk, Image | File) else 0


def _ascii(chunks: Sequence[object]) -> bool:
    return all(chunk.isascii() for chunk in chunks if isinstance(chunk, str))
