"""A text that a pattern lets through, made by reading the pattern."""

from __future__ import annotations

import re

#: Characters of a pattern that are read, and how deep its groups go.
_LONGEST, _DEEPEST = 500, 16
#: How often a part is repeated at most.
_MOST = 64
_TIMES = re.compile(r"\{(\d{1,4})(?:,(\d{0,4}))?\}", re.ASCII)
_KINDS = {"d": "1", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a", "n": "\n", "t": "\t"}
#: What is tried for a class of characters, in this order.
_TRIED = "a1A -_.@/" + "bcdefghijklmnopqrstuvwxyzBCDEFGHIJKLMNOPQRSTUVWXYZ023456789!#$%&'()*+,:;<=>?[\\]^`{|}~\"\n"


class _Unknown(Exception):
    """The pattern says what is not read here."""


def text_for(pattern: str) -> str | None:
    """Return a text in which *pattern* is found; None for patterns that say what is rarely said of inputs."""
    if len(pattern) > _LONGEST:
        return None
    reader = _Reader(pattern)
    try:
        made = reader.choice(0)
    except _Unknown:
        return None
    try:
        return made if reader.at == len(pattern) and re.search(pattern, made) else None
    except re.error:
        return None


class _Reader:
    """Reads a pattern from its beginning, and writes the shortest text that comes to mind."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _next(self) -> str:
        if self.at >= len(self.text):
            raise _Unknown
        self.at += 1
        return self.text[self.at - 1]

    def choice(self, depth: int) -> str:
        """Read alternatives; the first one is written."""
        if depth > _DEEPEST:
            raise _Unknown
        first = self._sequence(depth)
        while self._peek() == "|":
            self.at += 1
            self._sequence(depth)
        return first

    def _sequence(self, depth: int) -> str:
        parts: list[str] = []
        while self._peek() not in ("", "|", ")"):
            part = self._atom(depth)
            parts.append(part * self._times())
        return "".join(parts)

    def _times(self) -> int:
        """Return how often the part before is to come: once where that may be."""
        if found := _TIMES.match(self.text, self.at):
            self.at = found.end()
            least = int(found[1])
            times = least or (0 if found[2] == "0" or found[2] is None else 1)
        elif self._peek() in ("*", "+", "?"):
            self.at += 1
            times = 1
        else:
            return 1
        if self._peek() in ("?", "+"):
            self.at += 1
        return min(times, _MOST)

    def _atom(self, depth: int) -> str:
        char = self._next()
        match char:
            case "^" | "$":
                return ""
            case ".":
                return "a"
            case "(":
                if self._peek() == "?":
                    self.at += 1
                    if self._next() != ":":
                        raise _Unknown
                made = self.choice(depth + 1)
                if self._next() != ")":
                    raise _Unknown
                return made
            case "[":
                return self._class()
            case "\\":
                return self._escape(self._next())
            case "*" | "+" | "?":
                raise _Unknown
        return char

    def _escape(self, char: str) -> str:
        if char in "bBAZz":
            return ""
        if char in _KINDS:
            return _KINDS[char]
        if char.isalnum():
            raise _Unknown
        return char

    def _class(self) -> str:
        """Return a character of a class: the first of those that are tried."""
        begin = self.at - 1
        self.at += self._peek() == "^"
        self.at += self._peek() == "]"
        while (char := self._next()) != "]":
            if char == "\\":
                self._next()
        try:
            read = re.compile(self.text[begin : self.at])
        except (re.error, FutureWarning):
            raise _Unknown from None
        found = next((each for each in _TRIED if read.fullmatch(each)), None)
        if found is None:
            raise _Unknown
        return found
