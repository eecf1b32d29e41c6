"""Segments: the named stretches of a prompt that a budget may shorten, and how."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from promptlib.errors import InvalidPrompt, nearest
from promptlib.plain import LARGEST_INTEGER, Frozen, freeze

if TYPE_CHECKING:
    from promptlib.plain import Plain

#: What goes when there is no room: the end, the start or the middle of a text; all of it; the oldest messages of a
#: thread; the last items of a list.
Truncate = Literal["end", "start", "middle", "drop", "oldest", "items"]
TRUNCATES: tuple[Truncate, ...] = get_args(Truncate)

#: What is never cut in two, from fine to coarse; `token` means characters as people see them.
Boundary = Literal["token", "word", "sentence", "line", "paragraph"]
FINE_TO_COARSE: tuple[Boundary, ...] = get_args(Boundary)

#: The policies that cut inside of a text.
CUTS = frozenset({"end", "start", "middle"})

#: Bits of a number that is told.
_LONGEST = 256
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """How a budget may shorten a stretch of a prompt; without a budget it says nothing.

    Of all segments those of higher *priority* stay longer; among equals the first. *truncate* names what goes: the
    `end`, `start` or `middle` of a text (at a *boundary*, with a *marker* where it was cut), all of it (`drop`), the
    `oldest` messages of a thread, the last `items` of a list; when nothing is said, what fits the input: `oldest`,
    `items`, or `end`. At least *min_tokens* stay, or there is `BudgetExceeded`; never more than *max_tokens* stay.
    Segments of one *group* are kept or dropped together.

    It stands beside a type (`Annotated[str, Segment(priority=30)]`), in `Prompt.define(..., segments={…})`, in
    `placeholder("history", priority=10)`, or in a template: `{% segment "docs" priority=30 %}…{% endsegment %}`.
    Raises `InvalidPrompt` for what cannot be.
    """

    priority: int = 0
    truncate: Truncate | None = None
    boundary: Boundary = "token"
    min_tokens: int = 0
    max_tokens: int | None = None
    marker: str = ""
    group: str = ""

    def __post_init__(self) -> None:
        """Refuse values of the wrong kind, and words that say nothing together."""
        _check_words(self)
        _check_numbers(self)
        if self.truncate == "drop" and self.min_tokens:
            raise _impossible("min_tokens of a segment that is kept whole or dropped", "leave min_tokens out")
        if self.truncate not in (None, *CUTS) and self.boundary != "token":
            raise _impossible(f"a boundary of a segment that is cut by {self.truncate}", "leave the boundary out")
        if self.truncate in ("drop", "oldest") and self.marker:
            raise _impossible(f"a marker of a segment that is cut by {self.truncate}", "leave the marker out")
        if self.group and self.truncate == "oldest":
            raise _impossible("a thread in a group", "a thread is no part of a group: its messages go one by one")

    def to_dict(self) -> dict[str, Plain]:
        """Return what was said, without what goes without saying."""
        return {
            each.name: getattr(self, each.name) for each in fields(self) if getattr(self, each.name) != each.default
        }

    def canonical(self) -> Frozen:
        """Return it as the canonical content of a prompt holds it."""
        return Frozen(self.to_dict())


WORDS: tuple[str, ...] = tuple(each.name for each in fields(Segment))


class Stretch(NamedTuple):
    """Where a segment lies in rendered messages.

    With *messages* at 0 it is text: the offsets *start* to *end* of the joined text of message number *message*, and
    the offsets at which its *items* begin. Otherwise it is a thread: so many whole messages from number *message* on.
    """

    name: str
    segment: Segment
    message: int
    start: int = 0
    end: int = 0
    items: tuple[int, ...] = ()
    messages: int = 0


def segment_of(given: object, what: str) -> Segment:
    """Return *given*, a `Segment` or a mapping of its words, as a segment; *what* names it in errors."""
    if isinstance(given, Segment):
        return given
    if not isinstance(given, Mapping):
        raise InvalidPrompt(f"{what} is a {type(given).__name__}", hint="write Segment(priority=10)")
    unknown = next((word for word in given if word not in WORDS), None)
    if unknown is not None:
        hint = f"{nearest(str(unknown), WORDS)} words: {', '.join(WORDS)}".strip()
        raise InvalidPrompt(f"{what} has no {unknown!r}", hint=hint)
    try:
        return Segment(**given)
    except InvalidPrompt as error:
        raise InvalidPrompt(f"{what}: {error.what}", hint=error.hint) from error


def check_segment_name(name: object) -> str:
    """Return *name* when a segment can have it; raises `InvalidPrompt`."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _impossible(f"{name!r:.80} is no name for a segment", "a word of letters, digits, _, - and .")
    return name


def _check_words(segment: Segment) -> None:
    words: tuple[tuple[str, object, tuple[Any, ...]], ...] = (
        ("truncate", segment.truncate, (*TRUNCATES, None)),
        ("boundary", segment.boundary, FINE_TO_COARSE),
    )
    for name, given, known in words:
        if given not in known:
            texts = [each for each in known if each]
            raise _impossible(
                f"no {name} {given!r:.80}", f"{nearest(str(given), texts)} {name}: {', '.join(texts)}".strip()
            )
    for name, given in (("marker", segment.marker), ("group", segment.group)):
        if not isinstance(given, str):
            raise _impossible(f"the {name} of a segment is a {type(given).__name__}", "it is a text")
        freeze(given, what=f"the {name} of a segment")
    if segment.group:
        check_segment_name(segment.group)


def _check_numbers(segment: Segment) -> None:
    least = {"priority": -LARGEST_INTEGER, "min_tokens": 0, "max_tokens": 1}
    for name, low in least.items():
        given = getattr(segment, name)
        if given is None and name == "max_tokens":
            continue
        if type(given) is not int or not low <= given <= LARGEST_INTEGER:
            # Python refuses to write thousands of digits.
            huge = isinstance(given, int) and given.bit_length() > _LONGEST
            said = "too large a number" if huge else f"{given!r:.80}"
            raise _impossible(f"{name} of a segment is {said}", "it is a whole number" + _from(low))
    if segment.max_tokens is not None and segment.min_tokens > segment.max_tokens:
        raise _impossible(
            f"a segment keeps at least {segment.min_tokens:,} and at most {segment.max_tokens:,} tokens",
            "min_tokens is the lower limit, max_tokens the upper",
        )


def _from(low: int) -> str:
    return f" from {low} on" if low >= 0 else ""


def _impossible(what: str, hint: str) -> InvalidPrompt:
    return InvalidPrompt(what, hint=hint)
