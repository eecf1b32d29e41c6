"""Front matter: a strict reading of a part of YAML 1.2.

Read are mappings, lists and scalars in block and flow style, comments, and texts written with `|` and `>`. Refused,
with the place and what to write instead, is all that makes YAML dangerous or ambiguous: anchors, aliases, tags,
directives, several documents, keys that are no text, duplicate keys, merge keys, dates, numbers with leading zeros.
Where this reader answers, any reader of YAML 1.2 answers the same.
"""

from __future__ import annotations

import re
from typing import NoReturn

from promptlib.codec.scalars import double_quoted, resolve, single_quoted
from promptlib.codec.scanning import Scanner
from promptlib.codec.source import Node, Source

DEEPEST = 32
LONGEST_KEY = 1024
_SIMPLE_KEY = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]*)():(?=[ \n])")
_KEY = re.compile(
    r"""("[^"\\\n]*(?:\\[^\n][^"\\\n]*)*"|'[^'\n]*(?:''[^'\n]*)*')[ ]*:(?=[ \t\n])"""
    r"""|((?:[^\s\-?:,\[\]{}#&*!|>'"%@`]|[-?:](?=[^\s]))[^\n:#]*(?:(?::(?=[^\s])|(?<=[^\s])#)[^\n:#]*)*):(?=[ \t\n])"""
)
_FLOW_SPACE = re.compile(r"(?:[ ]|(?:(?<=[\s])#[^\n]*)?\n)*")
_FLOW_PLAIN = re.compile(r"(?:[^\s:#,\[\]{}]|:(?=[^\s,\[\]{}])|(?<=[^\s])#|[ ]+(?=[^\s:#,\[\]{}]|:(?=[^\s,\[\]{}])))+")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_MARKER = re.compile(r"^(?:---|\.\.\.)(?=[ \t\n])", re.MULTILINE)


def parse(source: Source) -> Node:
    """Return the mapping that *source* holds; raises `InvalidFile` with line and column."""
    found = _CONTROL.search(source.text)
    if found:
        raise source.error(
            found.start(),
            f"the character U+{ord(found[0]):04X} cannot stand in front matter",
            f'write it in double quotes as "\\u{ord(found[0]):04X}"',
        )
    marker = _MARKER.search(source.text)
    if marker:
        raise source.error(marker.start(), "front matter is one document", "take this line out", 3)
    return _Parser(source).document()


class _Parser(Scanner):
    __slots__ = ("depth",)

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.depth = 0

    def document(self) -> Node:
        indent = self.next_line()
        if indent < 0:
            return Node({}, 0, 0, "block")
        self.pos += indent
        if not self._key():
            self._refuse_key()
        node = self._mapping(indent)
        if self.pos < len(self.text):
            raise self.source.error(
                self.pos, "this line is indented less than the first one", "begin it below the first key"
            )
        return node

    def _down(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.source.error(
                self.pos, f"front matter is nested deeper than {DEEPEST} levels", "flatten it, or keep it in the body"
            )

    def _mapping(self, indent: int) -> Node:
        self._down()
        start, entries = self.pos, dict[str, Node]()
        end = start
        while True:
            at, key = self.pos, self._take_key(entries)
            node = self._value(indent)
            node.entry = at
            entries[key] = node
            end = node.end
            found = self.next_line()
            if found < indent:
                break
            self._same_column(found, indent)
            if self.text.startswith("- ", self.pos):
                raise self.source.error(self.pos, "a list item among keys", "indent the list below its key")
        self.depth -= 1
        return Node(entries, start, end, "block")

    def _same_column(self, found: int, indent: int) -> None:
        self.pos += found
        if found > indent:
            raise self.source.error(
                self.pos,
                "this line is indented deeper than the line it should stand below",
                "align it with its siblings",
            )

    def _key(self) -> re.Match[str] | None:
        return _SIMPLE_KEY.match(self.text, self.pos) or _KEY.match(self.text, self.pos)

    def _take_key(self, entries: dict[str, Node]) -> str:
        at, found = self.pos, self._key()
        if found is None:
            self._refuse_key()
        key = self._key_text(found, at)
        self._check_key(key, at, entries)
        self.pos = found.end()
        return key

    def _key_text(self, found: re.Match[str], at: int) -> str:
        if found.re is _SIMPLE_KEY or found[1] is None:
            word = found[1] or found[2].rstrip(" ")
            self._check_plain_key(word, at)
            return word
        if found[1][0] == '"':
            return double_quoted(found[1][1:-1], self.source, at + 1)
        return single_quoted(found[1][1:-1])

    def _check_plain_key(self, word: str, at: int) -> None:
        if "\t" in word:
            raise self.source.error(at + word.index("\t"), "a tab in a key", "put the key in quotes")
        if word == "<<":
            raise self.source.error(at, "merge keys are not read here", "write the keys out", 2)
        if not isinstance(resolve(word, self.source, at), str):
            raise self.source.error(at, f"the key {word} is no text", f'write "{word}"', len(word))

    def _check_key(self, key: str, at: int, entries: dict[str, Node]) -> None:
        if len(key) > LONGEST_KEY:
            raise self.source.error(at, f"a key longer than {LONGEST_KEY} characters", "shorten it")
        if key in entries:
            first = self.source.where(entries[key].at)
            raise self.source.error(
                at, f"the key {key!r} stands twice, first on line {first.line}", "keep one of them", len(key)
            )

    def _refuse_key(self) -> NoReturn:
        self.refuse_start()
        raise self.source.error(self.pos, "here a key and a colon should stand", "lines look like `key: value`")

    def _value(self, indent: int) -> Node:
        """Read what follows a colon; leave `pos` at the start of a line."""
        behind, at = self.pos, self.past_blanks(self.pos)
        self.pos = at
        char = self.text[at]
        if char == "\n" or (char == "#" and at > behind):
            self.pos = self.text.index("\n", at) + 1
            return self._below(indent, behind, items_here=True)
        return self._scalar(indent)

    def _below(self, indent: int, behind: int, *, items_here: bool) -> Node:
        """Read the value that stands on the lines below its key, or nothing."""
        found = self.next_line()
        if found > indent:
            self.pos += found
            return self._block(found, indent)
        if found == indent and items_here and self._at_item(self.pos + found):
            self.pos += found
            return self._sequence(found)
        return Node(None, behind, behind)

    def _at_item(self, at: int) -> bool:
        return self.text.startswith(("- ", "-\n"), at)

    def _block(self, column: int, parent: int) -> Node:
        if self._at_item(self.pos):
            return self._sequence(column)
        if self._key():
            return self._mapping(column)
        return self._scalar(parent)

    def _sequence(self, indent: int) -> Node:
        self._down()
        start, items = self.pos, list[Node]()
        while True:
            at = self.pos
            items.append(self._item(indent))
            items[-1].entry = at
            found = self.next_line()
            if found < indent or (found == indent and not self._at_item(self.pos + found)):
                break
            self._same_column(found, indent)
        self.depth -= 1
        return Node(items, start, items[-1].end, "block")

    def _item(self, indent: int) -> Node:
        behind = self.pos + 1
        self.pos = self.past_blanks(behind)
        char = self.text[self.pos]
        if char in "\n#":
            self.pos = self.text.index("\n", self.pos) + 1
            return self._below(indent, behind, items_here=False)
        return self._block(indent + self.pos - behind + 1, indent)

    def _scalar(self, parent: int) -> Node:
        """Read a value that is no block collection, and what is left of its last line."""
        char = self.text[self.pos]
        if char in "|>":
            return self.block_text(parent)
        if char in "\"'":
            node = self.quoted()
        elif char in "[{":
            node = self._flow()
        else:
            self.refuse_start()
            return self.plain(parent)
        self.end_line()
        return node

    def _flow(self) -> Node:
        self._down()
        start = self.pos
        node = self._flow_list() if self.text[start] == "[" else self._flow_mapping()
        self.depth -= 1
        return Node(node, start, self.pos, "flow")

    def _skip(self, start: int) -> str:
        found = _FLOW_SPACE.match(self.text, self.pos)
        self.pos = found.end() if found else self.pos
        if self.pos >= len(self.text):
            raise self.source.error(start, f"{self.text[start]} is opened and never closed", "close it")
        return self.text[self.pos]

    def _flow_list(self) -> list[Node]:
        start, items = self.pos, list[Node]()
        self.pos += 1
        while self._skip(start) != "]":
            items.append(self._flow_value())
            if self._skip(start) == ":":
                raise self.source.error(self.pos, "a key inside a list", "write it in braces: [{key: value}]")
            self._comma("]")
        self.pos += 1
        return items

    def _flow_mapping(self) -> dict[str, Node]:
        start, entries = self.pos, dict[str, Node]()
        self.pos += 1
        while self._skip(start) != "}":
            at = self.pos
            key = self._flow_key(start, entries)
            node = Node(None, self.pos, self.pos) if self._skip(start) in ",}" else self._flow_value()
            node.entry = at
            entries[key] = node
            self._skip(start)
            self._comma("}")
        self.pos += 1
        return entries

    def _comma(self, closing: str) -> None:
        char = self.text[self.pos]
        if char == ",":
            self.pos += 1
        elif char != closing:
            raise self.source.error(self.pos, f"here , or {closing} should stand", "put text in quotes")

    def _flow_key(self, start: int, entries: dict[str, Node]) -> str:
        at = self.pos
        if self.text[at] in "\"'":
            key = str(self.quoted().value)
        else:
            key = self._flow_word()
            self._check_plain_key(key, at)
        self._check_key(key, at, entries)
        if self._skip(start) != ":" or "\n" in self.text[at : self.pos]:
            raise self.source.error(at, f"the key {key!r} has no colon on its line", "write {key: value}")
        self.pos += 1
        return key

    def _flow_value(self) -> Node:
        char = self.text[self.pos]
        if char in "[{":
            return self._flow()
        if char in "\"'":
            return self.quoted()
        at = self.pos
        word = self._flow_word()
        return Node(resolve(word, self.source, at), at, self.pos)

    def _flow_word(self) -> str:
        self.refuse_start()
        found = _FLOW_PLAIN.match(self.text, self.pos)
        if found is None or found[0][0] in "#|>":
            raise self.source.error(self.pos, "no value can begin here", "put it in quotes")
        self.pos = found.end()
        return found[0]
