"""What stands around the values of a message: tags, fences, quotes and rules, found in its own words."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, get_args

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.messages import Message, Role
    from promptlib.rendering.flow import Strand

#: Characters of blanks between a tag and the value that it stands before.
FARTHEST = 200
#: Stands for what is no literal text; where the text itself holds one, the strands tell them apart.
_HOLE = "\ufffc"
_TAG = re.compile(r"<(/?)([A-Za-z][\w.-]{0,39})((?:[ \t][^<>\n]{0,200}?)?)(/?)>")
_FENCE = re.compile(r"^[ \t>*-]*(`{3,}|~{3,})([^`\n]*)$", re.MULTILINE)
_TRIPLE = re.compile(r'"""|\'\'\'')
_RULE = re.compile(r"^[ \t]*([-=*#_])\1{2,}[ \t]*$", re.MULTILINE)
_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "«": "»", "„": "“"}
#: Tags of HTML that nothing closes, or that need not be closed.
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "li", "link", "meta", "source", "td", "th", "tr"]
)
#: Other tags of HTML: in a text they are an example of a page, unless they stand right before a value.
HTML = frozenset(
    [
        *("a", "article", "b", "body", "button", "code", "div", "em", "footer", "form", "h1", "h2", "h3", "h4", "h5"),
        *("h6", "head", "header", "html", "i", "label", "main", "nav", "ol", "p", "pre", "script", "section", "span"),
        *("strong", "style", "svg", "table", "tbody", "template", "thead", "title", "u", "ul"),
    ]
)

Kind: TypeAlias = Literal["tag", "fence", "quotes", "rule"]
KINDS: frozenset[Kind] = frozenset(get_args(Kind))


class Mark(NamedTuple):
    """A delimiter in a message: what it is, how it is written, and where, as offsets into the joined text."""

    kind: Kind
    label: str
    start: int
    end: int
    #: Whether it is a tag with more in it than its name.
    dressed: bool = False


class Pair(NamedTuple):
    """Two marks that enclose what is between them."""

    opening: Mark
    closing: Mark


@dataclass(slots=True)
class Around:
    """The delimiters of one message: those that are closed, those that are not, and those that close nothing."""

    piece: int
    role: Role
    text: str
    strands: list[Strand]
    starts: list[int]
    pairs: list[Pair] = field(default_factory=list)
    unclosed: list[Mark] = field(default_factory=list)
    stray: list[Mark] = field(default_factory=list)

    def innermost(self, kinds: frozenset[Kind] = KINDS) -> dict[int, Pair]:
        """Return the innermost pair of *kinds* around each strand that is no literal text, by its joined offset."""
        pairs = sorted((each for each in self.pairs if each.opening.kind in kinds), key=lambda each: each.opening.end)
        found: dict[int, Pair] = {}
        open_now: list[tuple[int, Pair]] = []
        begun = 0
        for at, _ in self.values():
            while begun < len(pairs) and pairs[begun].opening.end <= at:
                heappush(open_now, (-pairs[begun].opening.start, pairs[begun]))
                begun += 1
            while open_now and open_now[0][1].closing.start <= at:
                heappop(open_now)
            if open_now:
                found[at] = open_now[0][1]
        return found

    def values(self) -> Iterator[tuple[int, Strand]]:
        """Yield each strand that is no literal text with its joined offset."""
        return ((at, each) for at, each in zip(self.starts, self.strands, strict=True) if each.put != "text")

    def source(self, at: int) -> int:
        """Return the offset in the message's own text of the joined offset *at*."""
        number = bisect_right(self.starts, at) - 1
        return self.strands[number].start + at - self.starts[number]

    def is_adjacent(self, mark: Mark, at: int) -> bool:
        """Whether only blanks stand between *mark* and the joined offset *at* behind it."""
        return mark.end <= at <= mark.end + FARTHEST and not self.text[mark.end : at].strip()

    def alone(self, mark: Mark) -> bool:
        """Whether *mark* has a line of its own."""
        end = self.text.find("\n", mark.end)
        before = self.text[self.text.rfind("\n", 0, mark.start) + 1 : mark.start]
        behind = self.text[mark.end : end if end >= 0 else len(self.text)]
        return not before.strip() and not behind.strip()


def around(message: Message, strands: list[Strand], piece: int) -> Around:
    """Return the delimiters of the *message* with the number *piece*, which puts out *strands*."""
    starts, parts, at = [], [], 0
    for each in strands:
        part = each.text if each.put == "text" else _HOLE
        starts.append(at)
        parts.append(part)
        at += len(part)
    found = Around(piece, message.role, "".join(parts), strands, starts)
    fenced = _fences(found)
    _triples(found, fenced)
    _tags(found, fenced)
    _rules(found, fenced)
    _quotes(found)
    return found


def _fences(found: Around) -> list[tuple[int, int]]:
    """Find fences as Markdown closes them; return the stretches of code between them that hold no value."""
    opening: Mark | None = None
    code: list[tuple[int, int]] = []
    for match in _FENCE.finditer(found.text):
        mark = Mark("fence", match[1], match.start(1), match.end())
        if opening is None:
            opening = mark
        elif match[1].startswith(opening.label) and not match[2].strip():
            found.pairs.append(Pair(opening, mark))
            code.append((opening.start, mark.end))
            opening = None
    if opening is not None:
        found.unclosed.append(opening)
    return code


def _inside(stretches: list[tuple[int, int]], at: int) -> bool:
    """Whether *at* lies in one of *stretches*, which are in order and apart."""
    before = bisect_right(stretches, at, key=lambda each: each[0]) - 1
    return before >= 0 and at < stretches[before][1]


def _triples(found: Around, code: list[tuple[int, int]]) -> None:
    opened: dict[str, Mark] = {}
    for match in _TRIPLE.finditer(found.text):
        if _inside(code, match.start()):
            continue
        mark = Mark("quotes", match[0], *match.span())
        if before := opened.pop(match[0], None):
            found.pairs.append(Pair(before, mark))
        elif _begins(found.text, match):
            opened[match[0]] = mark
    found.unclosed += opened.values()


def _begins(text: str, match: re.Match[str]) -> bool:
    """Whether three quotes open something: they begin or end a line, or stand right before a value."""
    before = text[max(0, match.start() - 1) : match.start()]
    return before in {"", "\n"} or (before in {" ", ":", "\t"} and text[match.end() : match.end() + 1] in {"\n", _HOLE})


def _tags(found: Around, code: list[tuple[int, int]]) -> None:
    opened: list[Mark] = []
    waiting: Counter[str] = Counter()
    for match in _TAG.finditer(found.text):
        slash, label, more, empty = match.groups()
        if empty or label.lower() in _VOID or _inside(code, match.start()):
            continue
        mark = Mark("tag", label, *match.span(), dressed=bool(more.strip()))
        if not slash:
            opened.append(mark)
            waiting[label] += 1
        elif not waiting[label]:
            found.stray.append(mark)
        else:
            while (last := opened.pop()).label != label:
                found.unclosed.append(last)
                waiting[last.label] -= 1
            waiting[label] -= 1
            found.pairs.append(Pair(last, mark))
    found.unclosed += opened


def _rules(found: Around, code: list[tuple[int, int]]) -> None:
    """Lines of one sign, such as `---`: each and the next one of the same sign enclose what is between them."""
    last: dict[str, Mark] = {}
    for match in _RULE.finditer(found.text):
        if not _inside(code, match.start()):
            mark = Mark("rule", match[0].strip(), *match.span())
            if match[1] in last:
                found.pairs.append(Pair(last[match[1]], mark))
            last[match[1]] = mark


def _quotes(found: Around) -> None:
    """Signs right before and right behind a value."""
    for at, strand in found.values():
        before, behind = found.text[at - 1 : at], found.text[at + 1 : at + 2]
        if strand.put == "value" and behind and _QUOTES.get(before) == behind:
            opening = Mark("quotes", before, at - 1, at)
            found.pairs.append(Pair(opening, Mark("quotes", behind, at + 1, at + 2)))
