"""Templates of Mustache as templates of Jinja, where both say the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from promptlib.formats.dollars import literal_before
from promptlib.rendering.untagging import as_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptlib.codec.source import Source

_TAG = re.compile(r"\{\{(?:\{(?P<triple>[^{}]*)\}\}\}|(?P<word>[^{}]*)\}\})")
#: What Mustache makes of a value that is put into a page.
HTML = "".join(
    f" | replace('{char}', '&{word};')" for char, word in {"&": "amp", '"': "quot", "<": "lt", ">": "gt"}.items()
)
_SIGNS = frozenset("#^/!>&=")
_NAME = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


class Converted(NamedTuple):
    """The template, and what is said otherwise: the words, and the line of the text, counted from 0."""

    text: str
    told: tuple[tuple[str, int], ...]


def jinja_of(text: str, kinds: Mapping[str, str], source: Source, *, escaped: bool = False) -> Converted:
    """Return the template of Jinja for the Mustache *text*; *kinds* are those of the declared inputs.

    Variables, comments, conditions and loops are carried over: a section over an input declared as boolean, string or
    number is a condition, one over any other a loop. With *escaped*, `{{x}}` is written as HTML, as the specification
    of Mustache says; `{{{x}}}` and `{{&x}}` never are. Raises `InvalidFile`, at the place in *source*, for partials,
    other delimiters, functions, and tags that do not fit together.
    """
    return _Converting(text, kinds, source, escaped=escaped).run()


def _parts(found: re.Match[str]) -> tuple[str, str]:
    """Return the sign of a tag and its word."""
    if found["triple"] is not None:
        return "", found["triple"].strip()
    word = found["word"].strip()
    return (word[0], word[1:].strip()) if word[:1] in _SIGNS and word else ("", word)


def _literal(text: str, *, last: bool = False) -> str:
    """Return the template of *text*; line breaks at its ends stay beside the tags there, and may be layout."""
    solid = text.lstrip("\r\n")
    core = solid.rstrip("\r\n")
    made = literal_before(core) if core == solid and not last else as_template(core)
    return text[: len(text) - len(solid)] + made + solid[len(core) :]


class _Section(NamedTuple):
    word: str
    item: str
    close: str
    offset: int


class _Converting:
    def __init__(self, text: str, kinds: Mapping[str, str], source: Source, *, escaped: bool) -> None:
        self._text = text
        self._escaped = HTML if escaped else ""
        self._kinds = kinds
        self._source = source
        self._open: list[_Section] = []
        self._parts: list[str] = []
        self._told: list[tuple[str, int]] = []

    def run(self) -> Converted:
        at = 0
        for found in _TAG.finditer(self._text):
            sign, word = _parts(found)
            begin, end = self._alone(found) if sign in ("#", "^", "/", "!") else found.span()
            self._parts.append(_literal(self._text[at : max(at, begin)]))
            self._parts.append(self._tag(found, sign, word))
            at = end
        self._parts.append(_literal(self._text[at:], last=True))
        if self._open:
            left = self._open[-1]
            raise self._error(left.offset, f"the section {left.word!r} is never closed", f"write {{{{/{left.word}}}}}")
        return Converted("".join(self._parts), tuple(self._told))

    def _error(self, offset: int, what: str, hint: str) -> Exception:
        return self._source.error(offset, what, hint)

    def _alone(self, found: re.Match[str]) -> tuple[int, int]:
        """A tag that stands alone on its line takes the line with it."""
        begin = self._text.rfind("\n", 0, found.start()) + 1
        end = self._text.find("\n", found.end())
        end = len(self._text) if end < 0 else end + 1
        around = self._text[begin : found.start()] + self._text[found.end() : end]
        return found.span() if around.strip(" \t\r\n") else (begin, end)

    def _tag(self, found: re.Match[str], sign: str, word: str) -> str:
        if sign == "!":
            return ""
        if sign in (">", "="):
            what = "a partial, which is another file" if sign == ">" else "a change of delimiters"
            raise self._error(found.start(), f"{found[0]:.60} is {what}", "put the text in place, and import it again")
        if sign == "/":
            return self._closed(word, found.start())
        name = self._name(word, found.start())
        if sign == "#":
            return self._opened(word, name, found.start())
        if sign == "^":
            self._open.append(_Section(word, "", "{% endif %}", found.start()))
            return f"{{% if not {name} %}}"
        plain = sign == "&" or found["triple"] is not None
        return f"{{{{ {name}{'' if plain else self._escaped} }}}}"

    def _opened(self, word: str, name: str, offset: int) -> str:
        kind = self._kinds.get(word, "")
        if kind in ("boolean", "string", "integer", "float", "enum"):
            self._open.append(_Section(word, "", "{% endif %}", offset))
            return f"{{% if {name} %}}"
        if not kind:
            self._told.append(
                (
                    f"the section {word!r} is of no declared kind, and is read as a loop",
                    self._text.count("\n", 0, offset),
                )
            )
        item = f"{word.rpartition('.')[2]}_item"
        self._open.append(_Section(word, item, "{% endfor %}", offset))
        return f"{{% for {item} in {name} %}}"

    def _closed(self, word: str, offset: int) -> str:
        if not self._open or self._open[-1].word != word:
            known = f"the open one is {self._open[-1].word!r}" if self._open else "none is open"
            raise self._error(offset, f"{{{{/{word}}}}} closes no section: {known}", "each section closes the last one")
        return self._open.pop().close

    def _name(self, word: str, offset: int) -> str:
        """Return what *word* means here: inside of a loop what is no input is a part of its item."""
        item = next((each.item for each in reversed(self._open) if each.item), "")
        if word == "." and item:
            return item
        if not _NAME.fullmatch(word):
            raise self._error(offset, f"{word!r} is no name here", "a name is made of letters, digits and _")
        return f"{item}.{word}" if item and word.partition(".")[0] not in self._kinds else word
