"""Where the keys and values of a TOML or JSON text stand, once its own reader has found it right."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from promptlib.fairness.checking import Path

_SPACE = re.compile(r"(?:[\s,]|#[^\n]*)*")
_STRING = re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}|' + r"'''.*?'{3,5}|" + r'"(?:[^"\\]|\\.)*"|' + r"'[^']*'", re.DOTALL)
_PLAIN = re.compile(r"\d{4}-\d\d-\d\d \d\d:[^\s,\]}#]+|[^\s,\]}#]+")


class Place(NamedTuple):
    """A stretch of the text."""

    start: int
    end: int


class Places:
    """By path, where the key or the item of a list stands; `twice` are keys that stand there a second time."""

    def __init__(self, text: str, *, is_json: bool) -> None:
        """Look through *text*, which is valid TOML or JSON."""
        self._text = text
        self._at = 0
        self._found: dict[Path, Place] = {}
        self.twice: list[tuple[Path, Place]] = []
        self._skip()
        if is_json:
            self._value(())
        else:
            self._statements()

    def of(self, path: Path) -> Place:
        """Return the place of *path*, or of the nearest part above it that has one."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._found:
                return self._found[path[:length]]
        return Place(0, 1)

    def _statements(self) -> None:
        table: Path = ()
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                brackets = 2 if self._text.startswith("[[", self._at) else 1
                self._at += brackets
                table = self._keys((), "]")
                self._at += brackets - 1
            else:
                path = self._keys(table, "=")
                self._skip()
                self._value(path)
            self._skip()

    def _keys(self, above: Path, closing: str) -> Path:
        """Read names with dots between them, up to *closing* and beyond it."""
        path = above
        while True:
            self._skip()
            start = self._at
            path = (*path, self._key())
            place = Place(start, self._at)
            self._skip()
            last = self._text[self._at] == closing
            self._put(path, place)
            self._at += 1
            if last:
                return path

    def _key(self) -> str:
        quoted = _STRING.match(self._text, self._at)
        if quoted is not None:
            self._at = quoted.end()
            return _unquoted(quoted[0])
        start = self._at
        while self._text[self._at] not in " \t\n.=]:[":
            self._at += 1
        return self._text[start : self._at]

    def _put(self, path: Path, place: Place) -> None:
        # TOML's own reader refuses a key that stands twice; a table is named again by each table below it.
        if path in self._found:
            self.twice.append((path, place))
        self._found.setdefault(path, place)

    def _value(self, path: Path) -> None:
        char = self._text[self._at]
        if char in "[{":
            self._inside(path, "]" if char == "[" else "}")
            return
        found = _STRING.match(self._text, self._at) or _PLAIN.match(self._text, self._at)
        self._at = found.end() if found else len(self._text)

    def _inside(self, path: Path, closing: str) -> None:
        self._at += 1
        number = 0
        while True:
            self._skip()
            if self._text[self._at] == closing:
                self._at += 1
                return
            start = self._at
            if closing == "]":
                inner: Path = (*path, number)
                number += 1
                self._value(inner)
                self._put(inner, Place(start, self._at))
                continue
            inner = (*path, self._key())
            self._put(inner, Place(start, self._at))
            self._skip()
            self._at += self._text[self._at] in "=:"
            self._skip()
            self._value(inner)

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text)) if text.startswith('"') else text.strip("'")
    except ValueError:
        return text.strip('"')
