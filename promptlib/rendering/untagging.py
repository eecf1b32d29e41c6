"""Templates without what only promptlib reads: tags of segments taken out, includes put in place, literal text.

What is changed here renders as before, line breaks included, or it is not changed: each new text is read again, and
its tokens are held against those that it should have.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from jinja2 import nodes
from jinja2.filters import FILTERS

from promptlib.errors import InvalidPrompt
from promptlib.messages import Message, Text
from promptlib.rendering.collecting import Soft
from promptlib.rendering.environment import ENVIRONMENT
from promptlib.rendering.lexing import Source
from promptlib.rendering.parsing import parse
from promptlib.rendering.positions import Spans

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptlib.messages import Piece

_TAGS = frozenset({"segment", "endsegment"})
_BINDING = frozenset({"set", "macro"})
_BRANCHES = frozenset({"for", "if"})
_BREAKS_FIRST = re.compile(r"\A(?:[ \t]*(?:\r\n|\r|\n))+")
_BREAKS_LAST = re.compile(r"(?:\r\n|\r|\n)[ \t\r\n]*\Z")
_SPECIAL = re.compile(r"\{[{%#]")
_ENDRAW = re.compile(r"\{(?=%[-+]?\s*endraw\s*[-+]?%\})")


class Names(NamedTuple):
    """The names in a template: all there are, those that a statement binds, and those that stay bound behind it."""

    all: frozenset[str]
    bound: frozenset[str]
    lasting: frozenset[str]


def names_of(pieces: tuple[Piece, ...]) -> Names:
    """Return the names in the template of *pieces*."""
    tree = parse(Spans(pieces))
    names = list(tree.find_all(nodes.Name))
    macros = frozenset(each.name for each in tree.find_all(nodes.Macro))
    targets = [each.target for each in tree.find_all(nodes.Assign)]
    targets += [each.target for each in tree.find_all(nodes.AssignBlock)]
    assigned = [name for target in targets for name in (target, *target.find_all(nodes.Name))]
    return Names(
        all=macros | {each.name for each in names},
        bound=macros | {each.name for each in names if each.ctx != "load"},
        lasting=macros | {name.name for name in assigned if isinstance(name, nodes.Name)},
    )


def own_words(pieces: tuple[Piece, ...]) -> tuple[str, ...]:
    """Return what the template of *pieces* uses and plain Jinja does not know: filters, and statements of loops."""
    tree = parse(Spans(pieces))
    filters = {f"the filter {each.name!r}" for each in tree.find_all(nodes.Filter) if each.name not in FILTERS}
    loops = {f"{{% {type(each).__name__.lower()} %}}" for each in tree.find_all((nodes.Break, nodes.Continue))}
    return tuple(sorted(filters | loops))


def as_template(text: str) -> str:
    """Return the template text that renders as the literal *text*."""
    if not _SPECIAL.search(text):
        return text
    # A tag that would end the block is cut behind its brace.
    inside = _ENDRAW.sub("{% endraw %}{{ '{' }}{% raw %}", text)
    return f"{{% raw %}}{inside}{{% endraw %}}"


def untagged(text: str) -> str:
    """Return the template *text* of a message without its tags of segments.

    Where nothing but a statement can stand for a tag, because of the line breaks beside it or of a `set` behind it, it
    becomes a `with`.
    """
    tokens = _read(text)
    tags = [tag for tag in _statements(tokens) if tag.word in _TAGS]
    if not tags:
        return text
    inside = set(range(len(tokens))).difference(*(range(tag.first, tag.last + 1) for tag in tags))
    wanted = _shape(_items(tokens[at] for at in sorted(inside)))
    found = None if _binds_inside(tokens) else _first_alike(_without(text, tags), wanted)
    return _with_scopes(text, tags) if found is None else found


def _binds_inside(tokens: list[_Token]) -> bool:
    """Whether a segment is the scope of a name."""
    inside = False
    for tag in _statements(tokens):
        if tag.word in _TAGS:
            inside = tag.word == "segment"
        elif inside and tag.word in _BINDING:
            return True
    return False


def put_in_place(text: str, alias: str, inner: str) -> str | None:
    """Return *text* with the template *inner* for each `{% include "alias" %}`; None where that renders otherwise."""
    tokens = _read(text)
    tags = [tag for tag in _statements(tokens) if tag.word == "include" and tokens[tag.first + 2].value == alias]
    put = _shape(_items(_read(inner)))
    if not tags:
        return text
    if any(item.kind == "soft" for item in put):
        return None
    expected: list[_Item] = []
    at = 0
    for tag in tags:
        expected += [*_items(tokens[at : tag.first]), _TEXT, *put, _TEXT]
        at = tag.last + 1
    wanted = _shape([*expected, *_items(tokens[at:])])
    # What may put nothing out protects no layout, as the include did.
    if any(item.kind == "soft" for item in wanted) and not any(item.solid for item in (*put[:1], *put[-1:])):
        return None
    return _first_alike(_without(text, tags, inner), _merged([item for item in wanted if item != _TEXT]))


class _Token(NamedTuple):
    """A token, and where it stands; *soft* is a line break that is layout."""

    kind: str
    value: str
    start: int
    end: int
    soft: bool


class _Tag(NamedTuple):
    """A statement: its word, its first and last token, and where it begins and ends, with the blanks that it cuts."""

    word: str
    first: int
    last: int
    start: int
    end: int
    opening: str
    closing: str


class _Item(NamedTuple):
    """What a template holds between its statements, or one of them."""

    kind: str
    value: str

    @property
    def solid(self) -> bool:
        """Whether it puts out something that is no layout."""
        return self.kind in ("hard", "output")

    @property
    def word(self) -> str:
        """The word of a statement, or an empty text."""
        return self.value.split("\0")[1] if self.kind == "statement" else ""


#: What an include is to the line breaks beside it: a text, even where it is empty.
_TEXT = _Item("output", "")


def _read(text: str) -> list[_Token]:
    spans = Spans((Message("user", (Text(text),)),))
    found = [
        _Token(token.type, str(token.value), spans[token.lineno].start, spans[token.lineno].end, _is_soft(token.value))
        for token in Source(ENVIRONMENT.lexer, spans, ()).tokens()
    ]
    return found[4:]  # the statement that opens the message


def _is_soft(value: object) -> bool:
    return isinstance(value, Soft)


def _statements(tokens: list[_Token]) -> Iterator[_Tag]:
    begin = 0
    for at, token in enumerate(tokens):
        if token.kind == "block_begin":
            begin = at
        elif token.kind == "block_end":
            first = tokens[begin]
            yield _Tag(tokens[begin + 1].value, begin, at, first.start, token.end, first.value, token.value)


def _without(text: str, tags: list[_Tag], inner: str = "") -> str:
    """Return *text* with *inner* for each of *tags* and the blanks that it cuts."""
    parts: list[str] = []
    at = 0
    for tag in tags:
        before = text[at : tag.start]
        parts += [before.rstrip() if tag.opening.endswith("-") else before, inner]
        at = tag.end
    return "".join([*parts, text[at:]])


def _with_scopes(text: str, tags: list[_Tag]) -> str:
    parts: list[str] = []
    at = 0
    for tag in tags:
        word = "with" if tag.word == "segment" else "endwith"
        parts += [text[at : tag.start], tag.opening, f" {word} ", tag.closing]
        at = tag.end
    return "".join([*parts, text[at:]])


def _first_alike(text: str, wanted: list[_Item]) -> str | None:
    """Return *text*, or it without the line breaks at its edges, when its tokens are those *wanted*."""
    first, last = _BREAKS_FIRST.sub("", text), _BREAKS_LAST.sub("", text)
    for candidate in (text, first, last, _BREAKS_LAST.sub("", first)):
        try:
            if _shape(_items(_read(candidate))) == wanted:
                return candidate
        except InvalidPrompt:  # two halves that only met because a tag between them is gone
            continue
    return None


def _shape(given: Iterable[_Item]) -> list[_Item]:
    """Return what decides what *given* renders.

    Layout that is surely dropped is left out, and layout that surely stays is text.
    """
    items = _merged(given)
    while items and items[0].kind == "soft":
        del items[0]
    while items and items[-1].kind == "soft":
        del items[-1]
    return _merged(_settled(items))


def _items(tokens: Iterable[_Token]) -> Iterator[_Item]:
    inside, held = "", list[str]()
    for token in tokens:
        if token.kind == "data":
            yield _Item("soft" if token.soft else "hard", token.value)
        elif token.kind in ("variable_begin", "block_begin"):
            inside, held = "output" if token.kind == "variable_begin" else "statement", []
        elif token.kind in ("variable_end", "block_end"):
            yield _Item(inside, "\0".join(held))
        else:
            held += [token.kind, token.value]


def _merged(items: Iterable[_Item]) -> list[_Item]:
    """Return *items* with texts that touch as one."""
    merged: list[_Item] = []
    for kind, group in groupby(items, key=lambda item: item.kind):
        if kind in ("soft", "hard"):
            merged.append(_Item(kind, "".join([item.value for item in group])))
        else:
            merged += group
    return merged


def _settled(items: list[_Item]) -> Iterator[_Item]:
    """Yield *items* with layout as text where something solid surely stands before it and behind it."""
    whole = _is_whole(items)
    before = _reached(items, whole=whole)
    behind = _reached(items[::-1], whole=whole)[::-1]
    for item, is_behind, is_before in zip(items, before, behind, strict=True):
        yield item._replace(kind="hard") if item.kind == "soft" and is_behind and is_before else item


def _reached(items: list[_Item], *, whole: bool) -> list[bool]:
    """Return for each of *items* whether something solid surely comes before it."""
    reached: list[bool] = []
    begun = whole and bool(items) and items[0].solid
    here = False
    for at, item in enumerate(items):
        reached.append(here or (begun and at > 0))
        here = item.solid or (here and item.kind != "statement")
    return reached


def _is_whole(items: list[_Item]) -> bool:
    """Whether a render goes through *items* from the first to the last: no branch and no loop reaches out of them."""
    depth = 0
    for item in items:
        if item.word in ("break", "continue") or (not depth and item.word in ("else", "elif")):
            return False
        depth += (item.word in _BRANCHES) - (item.word.removeprefix("end") in _BRANCHES and item.word not in _BRANCHES)
        if depth < 0:
            return False
    return depth == 0
