"""Texts of YAML that may span lines: plain, quoted and block scalars."""

from __future__ import annotations

import re

from promptlib.codec.scalars import double_quoted, resolve, single_quoted
from promptlib.codec.source import Node, Source

BLANK_LINES = re.compile(r"(?: *(?:#[^\n]*)?\n)*")
_BLANKS = re.compile(r" *")
LINE_END = re.compile(r"(?: +#[^\n]*| *)\n")
_PLAIN = re.compile(
    r"[^\n:#]+(?:(?::(?=[^\s])|(?<=[^\s])#)[^\n:#]*)*|:(?=[^\s])[^\n:#]*(?:(?::(?=[^\s])|(?<=[^\s])#)[^\n:#]*)*"
)
_DOUBLE = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
_SINGLE = re.compile(r"'([^']*(?:''[^']*)*)'")
_BLOCK_HEADER = re.compile(r"([|>])(?:([1-9])([-+]?)|([-+])([1-9]?))?(?: +#[^\n]*| *)\n")

_REFUSED = {
    "&": ("anchors are not read here", "write the value out where it is used"),
    "*": ("aliases are not read here", "write the value out, or put the text in quotes"),
    "!": ("tags are not read here", "leave the tag away; put the text in quotes when it is text"),
    "%": ("a value cannot begin with %", "put it in quotes"),
    "@": ("a value cannot begin with @", "put it in quotes"),
    "`": ("a value cannot begin with a back tick", "put it in quotes"),
    "]": ("] without [", "put it in quotes when it is text"),
    "}": ("} without {", "put it in quotes when it is text"),
    ",": ("a value cannot begin with a comma", "put it in quotes"),
    "\t": ("a tab where YAML wants spaces", "use spaces"),
}


class Scanner:
    """Reads scalars from the header's text, at and past `pos`."""

    __slots__ = ("pos", "source", "text")

    def __init__(self, source: Source) -> None:
        """Begin at the start of *source*, whose text ends in a newline unless it is empty."""
        self.source = source
        self.text = source.text
        self.pos = 0

    def next_line(self) -> int:
        """Go to the next line that holds something; return its indentation, or -1 at the end."""
        found = BLANK_LINES.match(self.text, self.pos)
        self.pos = found.end() if found else self.pos
        if self.pos >= len(self.text):
            return -1
        end = self.past_blanks(self.pos)
        if self.text[end] == "\t":
            raise self.source.error(end, "a tab in the indentation", "indent with spaces")
        return end - self.pos

    def past_blanks(self, at: int) -> int:
        """Return where the first character that is no blank stands, from *at* on."""
        found = _BLANKS.match(self.text, at)
        return found.end() if found else at

    def refuse_start(self) -> None:
        """Raise when no plain value can begin here."""
        at, text = self.pos, self.text
        if text[at] in _REFUSED:
            what, hint = _REFUSED[text[at]]
            raise self.source.error(at, what, hint)
        if text[at] in "-?:" and text[at + 1] in " \n":
            what = {"-": "a list item cannot begin here", "?": "keys written with ? are not read here"}.get(
                text[at], "a colon without a key"
            )
            raise self.source.error(at, what, "put items on lines of their own, and text in quotes")

    def end_line(self) -> None:
        """Consume what is left of the line, which may only be a comment."""
        found = LINE_END.match(self.text, self.pos)
        if found is None:
            raise self.source.error(
                self.past_blanks(self.pos),
                "something follows the value on its line",
                "put the whole value in quotes, or begin a new line",
            )
        self.pos = found.end()

    def quoted(self) -> Node:
        """Read a quoted text, which may span lines; stop behind its closing quote."""
        start, text = self.pos, self.text
        double = text[start] == '"'
        found = (_DOUBLE if double else _SINGLE).match(text, start)
        if found is None:
            raise self.source.error(start, "a quote is opened and never closed", f"close it with {text[start]}")
        self.pos = found.end()
        value = double_quoted(found[1], self.source, start + 1) if double else single_quoted(found[1])
        return Node(value, start, self.pos, "quoted")

    def plain(self, parent: int) -> Node:
        """Read a plain value and the lines that go on with it: those indented deeper than *parent*."""
        start = self.pos
        word, end = self._plain_line()
        if self._goes_on(parent):
            word, end = self._plain_rest(word, end, parent)
            return Node(word, start, end)
        return Node(resolve(word, self.source, start), start, end)

    def _plain_line(self) -> tuple[str, int]:
        found = _PLAIN.match(self.text, self.pos)
        if found is None:
            raise self.source.error(self.pos, "no value can begin here", "put it in quotes")
        word = found[0].rstrip(" ")
        if "\t" in word:
            raise self.source.error(self.pos + word.index("\t"), "a tab in a plain value", "put the value in quotes")
        end = self.pos + len(word)
        self.pos = found.end()
        if self.text[self.pos] == ":":
            raise self.source.error(
                self.pos, "a second colon on this line", "put the value in quotes when the colon belongs to it"
            )
        self.pos = self.text.index("\n", self.pos) + 1
        return word, end

    def _goes_on(self, parent: int) -> bool:
        at = self.pos
        while self.text.startswith("\n", at):
            at += 1
        column = self.past_blanks(at) - at
        return column > parent and self.text[at + column] not in "#\n"

    def _plain_rest(self, word: str, end: int, parent: int) -> tuple[str, int]:
        if self.text[end : self.pos].strip():
            raise self.source.error(end, "a comment inside a value of several lines", "write the value with > or |")
        pieces = [word]
        while self._goes_on(parent):
            begin = self.pos
            self.next_line()
            breaks = self.text.count("\n", begin, self.pos)
            self.pos = self.past_blanks(self.pos)
            more, end = self._plain_line()
            pieces += ["\n" * breaks or " ", more]
            if self.text[end : self.pos].strip():
                break
        return "".join(pieces), end

    def block_text(self, parent: int) -> Node:
        """Read a text written with `|` or `>`; its lines are indented deeper than *parent*."""
        start = self.pos
        found = _BLOCK_HEADER.match(self.text, start)
        if found is None:
            raise self.source.error(
                start, f"nothing but - + and one digit can follow {self.text[start]}", "put text in quotes"
            )
        self.pos = found.end()
        digit = found[2] or found[5]
        lines, end = self._block_lines(parent, max(parent, 0) + int(digit) if digit else None)
        return Node(_chomped(lines, found[1], found[3] or found[4] or ""), start, max(end, found.end() - 1), "text")

    def _block_lines(self, parent: int, indent: int | None) -> tuple[list[str], int]:
        """Return the lines without their indentation, blank ones as empty texts, and where the last one ends."""
        lines: list[str] = []
        text, end, widest = self.text, self.pos, 0
        while self.pos < len(text):
            newline = text.index("\n", self.pos)
            line = text[self.pos : newline]
            blanks = len(line) - len(line.lstrip(" "))
            if blanks == len(line) and (indent is None or blanks <= indent):
                widest = max(widest, blanks)
                lines.append("")
            else:
                if indent is None and blanks > parent:
                    indent = blanks
                    if widest > indent:
                        raise self.source.error(
                            self.pos,
                            "the first line of this text is indented less than a blank line above it",
                            "say the indentation as in |2, or shorten the blank line",
                        )
                if indent is None or blanks < indent:
                    break
                lines.append(line[indent:])
                end = newline
            self.pos = newline + 1
        return lines, end


def _chomped(lines: list[str], style: str, chomp: str) -> str:
    kept = len(lines)
    while kept and not lines[kept - 1]:
        kept -= 1
    body = lines[:kept]
    text = "\n".join(body) if style == "|" else _fold(body)
    if chomp == "-":
        return text
    if chomp == "+":
        return text + "\n" * (len(lines) - kept + (1 if body else 0))
    return text + "\n" if body else text


def _fold(lines: list[str]) -> str:
    """Join lines by spaces; blank lines are newlines, and lines that are indented further stand as they are."""
    pieces: list[str] = []
    breaks, before = 0, None
    for line in lines:
        if not line:
            breaks += 1
            continue
        if before is None:
            pieces.append("\n" * breaks)
        elif line[0] in " \t" or before[0] in " \t":
            pieces.append("\n" * (breaks + 1))
        else:
            pieces.append("\n" * breaks or " ")
        pieces.append(line)
        breaks, before = 0, line
    return "".join(pieces)
