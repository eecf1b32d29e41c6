"""How long a text can be that a pattern lets through, as far as the pattern itself proves it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

#: Bytes of the widest character in UTF-8.
WIDEST = 4
#: What stands for one character of a kind; of each kind there are characters outside of ASCII.
_KINDS = frozenset("dDwWsS")
#: Escapes of one character, and of none.
_SINGLE, _NONE = frozenset("nrtfv"), frozenset("bB")
_SIGNS = frozenset(r"\.+*?()|[]{}^$#&-~/<>=!:;,@%`'_" + '" ')
_TIMES = re.compile(r"\{([0-9]{1,6})(,([0-9]{1,6})?)?\}", re.ASCII)
_DEEPEST = 32


class Width(NamedTuple):
    """At most so many characters and bytes (None: no limit), and whether all of them are ASCII."""

    characters: int | None
    bytes: int | None
    ascii: bool


ANY = Width(None, None, ascii=False)
_EMPTY = Width(0, 0, ascii=True)
_CHARACTER = Width(1, WIDEST, ascii=False)
_SIGN = Width(1, 1, ascii=True)


@lru_cache(maxsize=256)
def widest(pattern: str) -> Width:
    """Return how long a text can be in which *pattern* is found.

    It says something of patterns from `^` to `$` only, and of those without flags, properties of Unicode and other
    rare words; of all others nothing is known.
    """
    if not (pattern.startswith("^") and pattern.endswith("$")):
        return ANY
    reader = _Reader(pattern[1:-1])
    try:
        found = reader.sequence(0)
    except _Unknown:
        return ANY
    # An alternative on the top level would be held by one of the two anchors only.
    return found if reader.at == len(reader.text) else ANY


class _Unknown(Exception):
    """The pattern says what is not read here."""


class _Reader:
    """Reads a pattern from its beginning."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def _next(self) -> str:
        if self.at >= len(self.text):
            raise _Unknown
        self.at += 1
        return self.text[self.at - 1]

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _choice(self, depth: int) -> Width:
        """Read alternatives up to the end of their group."""
        if depth > _DEEPEST:
            raise _Unknown
        found = self.sequence(depth)
        while self._peek() == "|":
            self.at += 1
            found = _wider(found, self.sequence(depth))
        self._next()  # what ends a sequence and is no other alternative ends the group, or there is nothing left
        return found

    def sequence(self, depth: int) -> Width:
        """Read what stands one behind the other."""
        found = _EMPTY
        while self._peek() not in ("", "|", ")"):
            found = _sum(found, self._repeated(self._atom(depth)))
        return found

    def _atom(self, depth: int) -> Width:
        char = self._next()
        match char:
            case "(":
                if self.text.startswith("?:", self.at):
                    self.at += 2
                return self._choice(depth + 1)
            case "[":
                return self._class()
            case ".":
                return _CHARACTER
            case "\\":
                return self._escape(self._next())
            case "^" | "$" | "*" | "+" | "?" | "{" | "}" | "]":
                raise _Unknown
        return Width(1, len(char.encode(errors="surrogatepass")), ascii=char.isascii())

    def _escape(self, char: str) -> Width:
        if char in _KINDS:
            return _CHARACTER
        if char in _NONE:
            return _EMPTY
        if char in _SINGLE or char in _SIGNS:
            return _SIGN
        raise _Unknown

    def _class(self) -> Width:
        """Read a class of characters, without classes inside of it and without operations on them."""
        negated = self._peek() == "^"
        self.at += negated
        found, before = _SIGN, ""
        while (char := self._next()) != "]" or not before:
            if char in "[&~" or (char == before == "-"):
                raise _Unknown
            kind = self._escape(self._next()) if char == "\\" else Width(1, 1, ascii=char.isascii())
            if kind == _EMPTY:
                raise _Unknown
            found = found if kind.ascii else _CHARACTER
            before = char
        return _CHARACTER if negated else found

    def _repeated(self, one: Width) -> Width:
        """Read how often *one* may stand there."""
        found = one
        while sign := self._peek():
            times = _TIMES.match(self.text, self.at)
            if sign in "*+":
                self.at += 1
                found = found if found == _EMPTY else Width(None, None, found.ascii)
            elif sign == "?":
                self.at += 1
            elif times is not None:
                self.at = times.end()
                found = _times(found, times)
            else:
                break
        return found


def _times(one: Width, times: re.Match[str]) -> Width:
    least, open_, most = times.groups()
    if one == _EMPTY or (open_ is not None and most is None):
        return one if one == _EMPTY else Width(None, None, one.ascii)
    count = int(most or least)
    if one.characters is None or one.bytes is None:
        return one if count else _EMPTY
    return Width(one.characters * count, one.bytes * count, one.ascii)


def _sum(one: Width, other: Width) -> Width:
    if None in (one.characters, other.characters):
        return Width(None, None, one.ascii and other.ascii)
    return Width(
        (one.characters or 0) + (other.characters or 0),
        (one.bytes or 0) + (other.bytes or 0),
        one.ascii and other.ascii,
    )


def _wider(one: Width, other: Width) -> Width:
    if None in (one.characters, other.characters):
        return Width(None, None, one.ascii and other.ascii)
    return Width(
        max(one.characters or 0, other.characters or 0),
        max(one.bytes or 0, other.bytes or 0),
        one.ascii and other.ascii,
    )
