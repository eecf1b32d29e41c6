r"""Bodies: messages to lines and back.

A line that is exactly a role and a colon opens a message; a line that is exactly `{{ name }}`, for an input of type
thread, is a placeholder. Both count only in the template's own literal text. Newlines at the edges of a message belong
to the file. What would be misread is marked, and the marks come off again exactly:

- a line that only looks like a role line or a placeholder begins with a back slash (and one more for each it had);
- a line that is one back slash, first or last in a message, guards edge newlines;
- `\<CR>` at the end of a line is a carriage return there (a back slash before it is doubled);
- a literal message stands between `{# literal #}{% raw %}` and `{% endraw %}`, and an `endraw` tag inside it gets a
  back slash before its name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, cast

from promptlib.codec.delimiters import RAW_END, Tag, tags
from promptlib.errors import InvalidPrompt
from promptlib.messages import ROLES, Message, Piece, Placeholder, Prelude, Role, Text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_ROLE = "|".join(ROLES)
_MARK = re.compile(
    rf"^(?:({_ROLE}):|\{{\{{ *([A-Za-z_]\w*) *\}}\}}|(\\+)(?:(?:{_ROLE}):|\{{\{{ *([A-Za-z_]\w*) *\}}\}}))$",
    re.MULTILINE,
)
_CARRIAGE_WRITTEN = re.compile(r"(?<!\\)(\\+)<CR>$", re.MULTILINE)
_CARRIAGE = re.compile(r"(?<!\\)(\\*)(<CR>|\r)$", re.MULTILINE)
_LITERAL_OPEN = "{# literal #}{% raw %}\n"
_LITERAL_CLOSE = "\n{% endraw %}"
_ENDRAW = re.compile(r"(\{%[-+]?\s*)(\\*)(endraw\s*[-+]?%\})")
#: Statements that put text out, and those between whose beginning and end all text is held back.
_LOUD = re.compile(r"\{%[-+]?\s*(?:include|call|filter)\b")
_CAPTURE = re.compile(r"\{%[-+]?\s*(?:(end)(?:macro|set)\b|macro\b|set\b(?![^=|%]*=))")
_GUARD = "\\"


class Stretch(NamedTuple):
    """A piece and the lines of the body that hold it, counted from 0: `first` is its marker's or its text's first."""

    piece: Piece
    first: int
    end: int
    text_line: int


class _Segment:
    """A marker line and what follows it; the one before the first marker has neither role nor placeholder."""

    __slots__ = ("behind", "escapes", "placeholder", "role", "start")

    def __init__(self, start: int, behind: int, role: str = "", placeholder: str = "") -> None:
        self.start = start
        self.behind = behind
        self.role = role
        self.placeholder = placeholder
        #: The places of the back slashes that only keep a line from being a marker.
        self.escapes: list[int] = []


def read_body(body: str, threads: Collection[str]) -> list[Stretch]:
    """Return the pieces of *body*, whose lines end in newlines; *threads* are the names that can be placeholders.

    What stands before the first marker is a prelude when it is only statements, else a system message; without any
    marker the whole body is one system message.
    """
    text = _CARRIAGE_WRITTEN.sub(_carriage_read, body) if "<CR>" in body else body
    segments = _segments(text, threads)
    ends = [segment.start for segment in segments[1:]] + [len(text)]
    found: list[Stretch] = []
    line = at = 0
    for segment, end in zip(segments, ends, strict=True):
        line += text.count("\n", at, segment.start)
        at = segment.start
        content, offset = _content(text, segment, end)
        if content or segment.role or segment.placeholder:
            piece = _piece(segment, content, alone=len(segments) == 1)
            found.append(_stretch(text, segment, piece, content, (line, offset)))
    return found


def _piece(segment: _Segment, content: str, *, alone: bool) -> Piece:
    if segment.role:
        return _message(cast("Role", segment.role), content)
    exact = _unguarded(content)
    if segment.placeholder:
        return Placeholder(segment.placeholder, exact)
    return Prelude(exact) if not alone and _is_silent(exact) else _message("system", content)


def _stretch(text: str, segment: _Segment, piece: Piece, content: str, at: tuple[int, int]) -> Stretch:
    line, offset = at
    text_line = line + text.count("\n", segment.start, offset)
    first = line if segment.role or segment.placeholder else text_line
    end = text_line + content.count("\n") + 1 if content else first + 1
    inner = isinstance(piece, Message) and piece.literal
    return Stretch(piece, first, end, text_line + (inner or content.startswith(f"{_GUARD}\n")))


def _carriage_read(found: re.Match[str]) -> str:
    half, carriage = divmod(len(found[1]), 2)
    return "\\" * half + ("\r" if carriage else "<CR>")


def _segments(text: str, threads: Collection[str]) -> list[_Segment]:
    """Cut *text* at its marker lines."""
    segments = [_Segment(0, 0)]
    for found in _special(text, tags(text) if "{" in text else [], threads):
        if found[3]:
            segments[-1].escapes.append(found.start())
        else:
            behind = min(found.end() + 1, len(text))
            segments.append(_Segment(found.start(), behind, found[1] or "", found[2] or ""))
    return segments


def _special(text: str, inside: list[Tag], threads: Collection[str]) -> Iterable[re.Match[str]]:
    """Yield the lines in literal text that are markers, or would be without their back slashes."""
    at = 0
    for found in _MARK.finditer(text):
        name = found[2] or found[4]
        if name and name not in threads:
            continue
        start = found.start()
        while at < len(inside) and inside[at].end <= start:
            at += 1
        if at >= len(inside) or inside[at].start >= start:
            yield found


def _is_silent(text: str) -> bool:
    """Tell whether *text* puts nothing out: statements, comments and blanks, and what macros and set blocks hold."""
    depth = at = 0
    for tag in tags(text):
        if not depth and text[at : tag.start].strip():
            return False
        at = tag.end
        opened = _CAPTURE.match(text, tag.start) if tag.kind == "statement" else None
        if opened is not None:
            depth = max(0, depth - 1) if opened[1] else depth + 1
        elif not depth and (tag.kind not in {"statement", "comment"} or _LOUD.match(text, tag.start)):
            return False
    return not text[at:].strip()


def _content(text: str, segment: _Segment, end: int) -> tuple[str, int]:
    """Return the text of *segment*, up to *end*, without edge newlines and escapes, and where it begins."""
    start = segment.behind
    while start < end and text[start] == "\n":
        start += 1
    pieces, at = [], start
    for escape in segment.escapes:
        pieces.append(text[at:escape])
        at = escape + 1
    pieces.append(text[at:end])
    return "".join(pieces).rstrip("\n"), start


def _message(role: Role, content: str) -> Message:
    if content.startswith(_LITERAL_OPEN) and content.endswith(_LITERAL_CLOSE):
        inner = content[len(_LITERAL_OPEN) : -len(_LITERAL_CLOSE)]
        if not RAW_END.search(inner):
            return Message(role, (Text(_ENDRAW.sub(_endraw_read, inner)),), literal=True)
    return Message(role, (Text(_unguarded(content)),))


def _endraw_read(found: re.Match[str]) -> str:
    return found[1] + found[2][1:] + found[3]


def _unguarded(content: str) -> str:
    if content == _GUARD:
        return ""
    if content.startswith(_GUARD + "\n"):
        content = content[2:]
    if content.endswith("\n" + _GUARD):
        return content[:-2]
    return "" if content == _GUARD else content


def write_body(pieces: Iterable[Piece], threads: Collection[str]) -> str:
    """Return the body that `read_body` reads as *pieces*, a blank line between them."""
    return "\n".join(write_piece(piece, threads) for piece in pieces)


def write_piece(piece: Piece, threads: Collection[str]) -> str:
    """Return the lines of one piece, its marker first."""
    match piece:
        case Message(role=role, literal=True):
            lines = f"{role}:\n{_LITERAL_OPEN}{_ENDRAW.sub(_endraw_written, piece.text)}{_LITERAL_CLOSE}\n"
        case Message(role=role):
            lines = _marked(f"{role}:\n", piece.text, threads, f"the {role} message")
        case Placeholder(name, text):
            lines = _marked(f"{{{{ {name} }}}}\n", text, threads, f"the placeholder {name!r}")
        case _:
            lines = _marked("", piece.text, threads, "the prelude") if piece.text else f"{_GUARD}\n"
    return _CARRIAGE.sub(_carriage_written, lines) if "\r" in lines or "<CR>" in lines else lines


def _endraw_written(found: re.Match[str]) -> str:
    return f"{found[1]}\\{found[2]}{found[3]}"


def _carriage_written(found: re.Match[str]) -> str:
    doubled = found[1] * 2
    return f"{doubled}\\<CR>" if found[2] == "\r" else f"{doubled}<CR>"


def _marked(marker: str, text: str, threads: Collection[str], what: str) -> str:
    inside = tags(text) if "{" in text else []
    if inside and not inside[-1].closed:
        raise InvalidPrompt(f"{what} leaves a tag open: {text[inside[-1].start :][:40]!r}", hint="close it")
    for found in reversed(list(_special(text, inside, threads))):
        text = f"{text[: found.start()]}\\{text[found.start() :]}"
    if not text:
        return marker
    first, last = text.partition("\n")[0], text.rpartition("\n")[2]
    before = f"{_GUARD}\n" if first in {"", _GUARD} or text.startswith(_LITERAL_OPEN) else ""
    after = f"\n{_GUARD}" if last in {"", _GUARD} else ""
    return f"{marker}{before}{text}{after}\n"
