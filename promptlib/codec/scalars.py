"""Single values of YAML: what a plain word means, and what stands between quotes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptlib.plain import LARGEST_INTEGER

if TYPE_CHECKING:
    from promptlib.codec.source import Source

_WORDS: dict[str, bool | None] = {
    word: value
    for words, value in (
        (("", "~", "null", "Null", "NULL"), None),
        (("true", "True", "TRUE"), True),
        (("false", "False", "FALSE"), False),
    )
    for word in words
}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:.*)?")
#: What some reader of YAML takes for a number, and the core schema of YAML 1.2 does not, or not surely.
_NUMBER_LIKE = re.compile(
    r"[-+]?(?:0[bB][01_]*|0[oO]?[0-9_]+|0[xX][0-9a-fA-F_]+"
    r"|[0-9][0-9_]*(?:\.[0-9_.]*)?(?:[eE][-+]?[0-9]*)?"
    r"|\.[0-9_]+(?:[eE][-+]?[0-9]*)?)"
)
#: Words that YAML 1.1 takes for something else; here they are text, and the emitter quotes them.
_OLD_WORDS = frozenset({"y", "Y", "n", "N"}) | {
    form for word in ("yes", "no", "on", "off") for form in (word, word.title(), word.upper())
}
_MARKS = frozenset({"<<", "="})
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_DIGITS = frozenset("0123456789+-.")
_LONGEST_NUMBER = 40

_QUOTE = "put it in quotes when it is text"


def resolve(word: str, source: Source, offset: int) -> bool | int | float | str | None:
    """Return what the plain *word* means in YAML 1.2; refuse what readers of YAML disagree about."""
    if word in _WORDS:
        return _WORDS[word]
    if word[0] not in _DIGITS:
        if word in _MARKS:
            raise source.error(offset, f"{word} has a meaning of its own in YAML", f'write "{word}"', len(word))
        return word
    if _INTEGER.fullmatch(word) or _BASED.fullmatch(word):
        return _integer(word, source, offset)
    if _FLOAT.fullmatch(word):
        return _float(word, source, offset)
    return _unambiguous(word, source, offset)


def _integer(word: str, source: Source, offset: int) -> int:
    number = int(word, 0) if len(word) <= _LONGEST_NUMBER else LARGEST_INTEGER + 1
    if abs(number) > LARGEST_INTEGER:
        raise source.error(offset, "an integer past 2^53, on which readers disagree", _QUOTE, len(word))
    return number


def _float(word: str, source: Source, offset: int) -> float:
    number = float(word)
    if number in (float("inf"), float("-inf")):
        raise source.error(offset, f"{word[:_LONGEST_NUMBER]} is too large for a number", _QUOTE, len(word))
    return number


def _unambiguous(word: str, source: Source, offset: int) -> str:
    if _NOT_FINITE.fullmatch(word):
        raise source.error(offset, f"{word} is no number that JSON can say", _QUOTE, len(word))
    if _DATE.fullmatch(word):
        raise source.error(
            offset, f"some readers take {word} for a date, others for text", f'write it in quotes: "{word}"', len(word)
        )
    if _NUMBER_LIKE.fullmatch(word):
        shown = word[:_LONGEST_NUMBER]
        raise source.error(
            offset,
            f"readers disagree whether {shown} is a number, and which",
            f'write "{shown}" for the text, or the number as digits without leading zeros',
            len(word),
        )
    return word


def means_itself(word: str) -> bool:
    """Tell whether every reader, of YAML 1.1 or 1.2, takes the plain *word* for that text."""
    if word in _WORDS or word in _OLD_WORDS or word in _MARKS:
        return False
    if word[0] not in _DIGITS:
        return True
    return not any(
        pattern.fullmatch(word)
        for pattern in (_INTEGER, _BASED, _FLOAT, _NOT_FINITE, _DATE, _NUMBER_LIKE, _SEXAGESIMAL)
    )


# Blanks are looked at from where they begin: from each of them on, a long run would take quadratic time.
_FOLD = re.compile(r"(?<![ \t])[ \t]*\n[ \t\n]*")
_ESCAPE = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|\n([ \t\n]*)|(.))"
    r"|((?:(?<![ \t])|(?<=\\[ \t]))[ \t]*\n[ \t\n]*)",
    re.DOTALL,
)
_NAMED = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip


def single_quoted(raw: str) -> str:
    """Return the text of *raw*, which stood between single quotes."""
    if "\n" in raw:
        raw = _FOLD.sub(_folded, raw)
    return raw.replace("''", "'")


def _folded(found: re.Match[str]) -> str:
    return "\n" * (found[0].count("\n") - 1) or " "


def double_quoted(raw: str, source: Source, offset: int) -> str:
    """Return the text of *raw*, which stood between double quotes from *offset* on."""
    if "\\" not in raw:
        return _FOLD.sub(_folded, raw) if "\n" in raw else raw

    def character(found: re.Match[str]) -> str:
        code = found[1] or found[2] or found[3]
        if code is not None:
            return _code_point(int(code, 16), found[0], source, offset + found.start())
        if found[4] is not None:
            return "\n" * found[4].count("\n")
        if found[5] is None:
            return _folded(found)
        if found[5] not in _NAMED:
            raise source.error(
                offset + found.start(),
                f"YAML knows no escape {found[0]}",
                r"write \\ for a back slash, or use single quotes, in which it stands for itself",
                len(found[0]),
            )
        return _NAMED[found[5]]

    return _ESCAPE.sub(character, raw)


def _code_point(code: int, written: str, source: Source, offset: int) -> str:
    if 0xD800 <= code <= 0xDFFF or code > 0x10FFFF:  # noqa: PLR2004 - the bounds of Unicode
        raise source.error(
            offset,
            f"{written} is no character: half of a surrogate pair, or past the end of Unicode",
            r"write the character itself, or its code as \U0001F600",
            len(written),
        )
    return chr(code)
