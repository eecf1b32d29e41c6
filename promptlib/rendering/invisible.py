"""Characters that a reader does not see: which they are, and where values hold them. Nothing is ever changed."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, fields
from functools import lru_cache
from itertools import chain, groupby, islice
from typing import TYPE_CHECKING, Literal, TypeAlias

from promptlib.messages import File, Image, Message, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Kind: TypeAlias = Literal["bidi", "tag", "zero-width", "variation", "separator", "control", "surrogate", "ignorable"]

#: They turn the direction of what follows, so that a text reads otherwise than it is sent.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
#: ASCII once more, without a glyph: whole sentences that only a model reads.
_TAGS = range(0xE0000, 0xE0080)
_ZERO_WIDTH = frozenset("\u200b\u200c\u200d\u2060\ufeff")
#: They choose a form of the character before them; in a row they carry any bytes.
_VARIATIONS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0), range(0x180B, 0x1810))
#: Unicode's property Default_Ignorable_Code_Point, where the category does not tell: fillers, joiners, reserved places.
_IGNORABLE = (
    *(range(each, each + 1) for each in (0x034F, 0x2065, 0x3164, 0xFFA0)),
    *(range(0x115F, 0x1161), range(0x17B4, 0x17B6), range(0xFFF0, 0xFFF9), range(0xE0000, 0xE1000)),
)
#: Other, control; other, format; halves of a character alone, which nobody can send; line and paragraph separators.
_CATEGORIES = ("Cc", "Cf", "Cs", "Zl", "Zp")
#: Format characters with a glyph: signs that enclose the digits behind them, marks of annotations, hieroglyphs' layout.
_SEEN = re.compile("[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd\U00013430-\U0001345f]")
#: Every text has them.
_PLAIN_CONTROLS = "\t\n\r"
#: Where characters of these categories are; the ideographs, syllables and private places between hold none.
_PLACES = (
    range(0x3400),
    range(0xA000, 0xAC00),
    range(0xD800, 0xE000),
    range(0xFB00, 0x12000),
    range(0x13000, 0x14000),
    range(0x1B000, 0x1E000),
)

# What a joiner belongs between. A script is known by the first word of its characters' names.
_CURSIVE = frozenset(
    {
        "ADLAM", "ARABIC", "CHORASMIAN", "HANIFI", "MANDAIC", "MANICHAEAN", "MONGOLIAN", "NKO", "PHAGS-PA", "PSALTER",
        "SYRIAC",
    }
)  # fmt: skip
_INDIC = frozenset(
    {
        "BALINESE", "BENGALI", "BRAHMI", "CHAKMA", "DEVANAGARI", "GRANTHA", "GUJARATI", "GURMUKHI", "JAVANESE",
        "KAITHI", "KANNADA", "KHMER", "LEPCHA", "LIMBU", "MALAYALAM", "MEETEI", "MODI", "MYANMAR", "NEWA", "ORIYA",
        "SHARADA", "SIDDHAM", "SINHALA", "SUNDANESE", "TAKRI", "TAMIL", "TELUGU", "TIBETAN", "TIRHUTA", "VEDIC",
    }
)  # fmt: skip
#: Scripts without blanks between words: the zero-width space says where a line may break.
_UNSPACED = frozenset(
    {
        "KHMER", "LAO", "MYANMAR", "THAI", "TIBETAN",
    }
)  # fmt: skip
_EMOJI_VARIATIONS = "\ufe0e\ufe0f"
#: Punctuation that has an emoji form, and what a keycap is made of.
_EMOJI_PUNCTUATION = "\u203c\u2049\u3030"
_KEYCAPS, _KEYCAP = "0123456789#*", "\u20e3"
#: The flags of England, Scotland and Wales are a black flag and these tags.
_FLAG = "\U0001f3f4"
_REGIONS = frozenset(
    "".join(chr(0xE0000 + ord(each)) for each in f"{name}\x7f") for name in ("gbeng", "gbsct", "gbwls")
)

#: The longest run that something visible can need is that of a flag.
_LONGEST_AT_HOME = 6

#: Findings that are kept; of the rest only the number is told, because a text can be made of nothing else.
MOST_FINDINGS = 1000
#: Characters of a hidden text that are told.
LONGEST_HIDDEN = 200


@dataclass(frozen=True, slots=True)
class Invisible:
    """A run of characters of one kind that a reader does not see.

    `offset` counts the characters before it, from 0; `code_point` and `name` are those of the first, `length` tells
    how many there are, and `hidden` is what the tags among them spell.
    """

    offset: int
    length: int
    code_point: int
    name: str
    kind: Kind
    hidden: str = ""

    def __str__(self) -> str:
        """Return `U+200B ZERO WIDTH SPACE at 12`, and how many, and what it hides."""
        more = f", {self.length:,} in a row" if self.length > 1 else ""
        hidden = f", which hides {self.hidden!a}" if self.hidden else ""
        return f"U+{self.code_point:04X} {self.name} at {self.offset:,}{more} ({self.kind}){hidden}"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is invisible in a value: the input, and the path from there to the text (`turns[2].text`)."""

    input: str
    path: str
    found: Invisible

    def __str__(self) -> str:
        """Return the path and what is there."""
        return f"{self.path}: {self.found}"

    def to_dict(self) -> dict[str, object]:
        """Return plain data for a log."""
        parts = {each.name: getattr(self.found, each.name) for each in fields(self.found)}
        return {"input": self.input, "path": self.path, **parts}


@dataclass(frozen=True, slots=True)
class UnicodeReport:
    """What is invisible in the values of one render; true where something is.

    Beyond the first thousand findings only their number is told, as `more`.
    """

    findings: tuple[Finding, ...] = ()
    more: int = 0

    def __bool__(self) -> bool:
        """Say whether something was found."""
        return bool(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        """Iterate over the findings, in the order of the inputs."""
        return iter(self.findings)

    def explain(self) -> str:
        """Return a line for each finding."""
        lines = [*map(str, self.findings)] or ["nothing invisible in the values"]
        return "\n".join([*lines, f"and {self.more:,} more"] if self.more else lines)


def invisible_in_values(values: Mapping[str, object]) -> UnicodeReport:
    """Return what is invisible in plain *values*: in texts, lists, keys of mappings, messages, images and files."""
    found = (
        Finding(name, path, each)
        for name, value in values.items()
        for path, text in _texts(value, name)
        for each in invisible(text)
    )
    kept = tuple(islice(found, MOST_FINDINGS))
    return UnicodeReport(kept, sum(1 for _ in found))


def invisible(text: str) -> Iterator[Invisible]:
    """Yield the runs of invisible characters in *text*.

    Joiners inside of emoji and in scripts that are not written without them, flags, and the forms of emoji and
    ideographs are none: they are seen by what they do.
    """
    for match in _pattern().finditer(text):
        run, start = match[0], match.start()
        odd = [at for at, _ in enumerate(run[:_LONGEST_AT_HOME]) if not _at_home(text, start, run, at)]
        places = enumerate(chain(odd, range(_LONGEST_AT_HOME, len(run))))
        # Neighbours of one kind have the same difference of position and rank.
        for (kind, _), group in groupby(places, key=lambda each: (_kind(run[each[1]]), each[1] - each[0])):
            first = next(group)[1]
            length = 1 + sum(1 for _ in group)  # noqa: B031 - behind its first, the rest is counted
            yield _described(run[first : first + length], start + first, kind)


def _described(run: str, offset: int, kind: Kind) -> Invisible:
    code = ord(run[0])
    unnamed = kind if kind in ("control", "surrogate") else "unassigned"
    name = unicodedata.name(run[0], f"<{unnamed}-{code:04X}>")
    letters = (chr(ord(each) - _TAGS.start) for each in run if kind == "tag")
    hidden = "".join(islice(filter(str.isprintable, letters), LONGEST_HIDDEN))
    return Invisible(offset, len(run), code, name, kind, hidden)


def _kind(character: str) -> Kind:
    code, category = ord(character), unicodedata.category(character)
    if character in _BIDI:
        return "bidi"
    if code in _TAGS:
        return "tag"
    if character in _ZERO_WIDTH:
        return "zero-width"
    if any(code in each for each in _VARIATIONS):
        return "variation"
    names: dict[str, Kind] = {"Cc": "control", "Cs": "surrogate", "Zl": "separator", "Zp": "separator"}
    return names.get(category, "ignorable")


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    """Return what finds runs of them, by the categories of this Python's Unicode."""
    told = [code for code in chain(*_PLACES) if unicodedata.category(chr(code)) in _CATEGORIES]
    codes = {*told, *chain(*_IGNORABLE), *chain(*_VARIATIONS)}
    return re.compile(f"[{''.join(_ranges(code for code in sorted(codes) if not _ordinary(chr(code))))}]+")


def _ordinary(character: str) -> bool:
    return character in _PLAIN_CONTROLS or _SEEN.match(character) is not None


def _ranges(codes: Iterable[int]) -> Iterator[str]:
    for _, group in groupby(enumerate(codes), key=lambda each: each[1] - each[0]):
        run = [code for _, code in group]
        yield f"\\U{run[0]:08x}-\\U{run[-1]:08x}"


# --- where they belong ------------------------------------------------------------------------------------------------


def _at_home(text: str, start: int, run: str, at: int) -> bool:
    """Return whether the character *at* in the *run* is one that the characters around it need."""
    before, after = text[start - 1 : start], text[start + len(run) : start + len(run) + 1]
    character = run[at]
    if any(ord(character) in each for each in _VARIATIONS):
        return at == 0 and _has_form(before, character, after)
    if before == _FLAG and run in _REGIONS:
        return True
    if at != len(run) - 1:
        return False
    if character == "\u200b":
        return at == 0 and _script(before) in _UNSPACED and _script(after) in _UNSPACED
    if character not in "\u200c\u200d":
        return False
    if character == "\u200d" and (at == 0 or run in {"\ufe0f\u200d", "\ufe0e\u200d"}) and _is_emoji(before, after):
        return True
    return at == 0 and _joins(before, after)


def _is_emoji(before: str, after: str) -> bool:
    # Skin tones are modifier symbols, arrows mathematical ones.
    return _category(before) in ("So", "Sk", "Sm") and _category(after) in ("So", "Sm")


def _joins(before: str, after: str) -> bool:
    script = _script(before)
    return script in _INDIC or (script in _CURSIVE and (_script(after) in _CURSIVE or script == "ARABIC"))


def _has_form(before: str, selector: str, after: str) -> bool:
    if selector in _EMOJI_VARIATIONS and before in _KEYCAPS and before:
        return after == _KEYCAP
    if _category(before) in ("So", "Sm") or (before and before in _EMOJI_PUNCTUATION):
        return ord(selector) in _VARIATIONS[0]
    if ord(selector) in _VARIATIONS[2]:
        return _script(before) == "MONGOLIAN"
    return _script(before) in ("CJK", "MYANMAR", "PHAGS-PA", "MANICHAEAN", "FULLWIDTH", "IDEOGRAPHIC")


def _category(character: str) -> str:
    return unicodedata.category(character) if character else ""


def _script(character: str) -> str:
    """Return the first word of the name of a letter, mark or sign; of nothing else."""
    return unicodedata.name(character, "").partition(" ")[0] if _category(character)[:1] in "LMP" and character else ""


# --- the texts of values ----------------------------------------------------------------------------------------------


def _texts(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield each text inside *value* with the path to it; a path names keys without their invisible characters."""
    match value:
        case str():
            yield path, value
        case dict():
            for at, (key, item) in enumerate(value.items()):
                yield f"{path}.keys()[{at}]", key
                yield from _texts(item, f"{path}.{key}" if key.isidentifier() and key.isascii() else f"{path}[{key!a}]")
        case list() | tuple():
            for at, item in enumerate(value):
                yield from _texts(item, f"{path}[{at}]")
        case Message():
            yield from _texts_of_message(value, path)
        case Image():
            yield f"{path}.url", value.url
        case File():
            yield from ((f"{path}.url", value.url), (f"{path}.name", value.name))


def _texts_of_message(message: Message, path: str) -> Iterator[tuple[str, str]]:
    for at, part in enumerate(message.parts):
        only = isinstance(part, Text) and len(message.parts) == 1
        place = f"{path}.text" if only else f"{path}.parts[{at}]"
        yield from _texts(part.text if isinstance(part, Text) else part, place)
    yield from ((f"{path}.name", message.name), (f"{path}.tool_call_id", message.tool_call_id))
    for at, call in enumerate(message.tool_calls):
        for name in ("id", "name", "arguments"):
            yield f"{path}.tool_calls[{at}].{name}", getattr(call, name)
