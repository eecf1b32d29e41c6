"""Where a stranger's text begins and ends in what is sent: found by rendering, however the template is written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from promptlib.learn.planting import rendered_with
from promptlib.learn.probing import MARK
from promptlib.lint.delimiters import FEW_WORDS
from promptlib.lint.inputs import is_free
from promptlib.rendering.flow import Drawn

if TYPE_CHECKING:
    from promptlib.learn.work import Work
    from promptlib.messages import Role

#: What opens right before a value, and what closes right behind it.
_OPENS = re.compile(
    r"(<[A-Za-z][^<>\n]*>|`{3,}[^`\n]*\n|~{3,}[^~\n]*\n|\"{1,3}|'{1,3}|`|[-=*#_]{3,}[ \t]*\n|[«“„])\s*$"
)
_CLOSES = re.compile(r"^\s*(</[A-Za-z][^<>\n]*>|`{3,}|~{3,}|\"{1,3}|'{1,3}|`|[-=*#_]{3,}|[»”])")
#: The first and the last words of the text that is tried, in whatever case a filter puts them.
_BEGIN, _END = (re.compile(f"{MARK}{number}", re.IGNORECASE) for number in (1, 3))
_LINES = 3
_PLAIN = f"{MARK}1\n{MARK}2\n{MARK}3"


class Border(NamedTuple):
    """How a text stands in its message.

    `kind` is `absent`, `cut` (not all of it arrives), `alone` (but for a few words around it), `bare`, `marked` (each
    of its lines begins with a sign), `forged` (it can hold `closing`, which ends it) or `enclosed`.
    """

    kind: str
    role: Role | None = None
    closing: str = ""


def border(work: Work, name: str) -> Border:
    """Return how the text input *name* of *work* stands in what is sent; it is found out once."""
    key = f"border of {name}"
    if key not in work.known:
        work.known[key] = _border(work, name)
    known: Border = work.known[key]
    return known


def _border(work: Work, name: str) -> Border:
    found = _sent(work, name, _PLAIN)
    if found is None:
        return Border("absent")
    role, text = found
    begun, ended = _BEGIN.search(text), _END.search(text)
    if begun is None or ended is None:
        return Border("cut", role)
    before, after = text[: begun.start()], text[ended.end() :]
    if len(f"{before} {after}".split()) < FEW_WORDS:
        return Border("alone", role)
    sign = before[before.rfind("\n") + 1 :]
    if sign.strip() and text.count(f"\n{sign}", begun.start(), ended.start()) == _LINES - 1:
        return Border("marked", role)
    opening, closing = _OPENS.search(before), _CLOSES.search(after)
    if opening is None or closing is None:
        return Border("bare", role)
    written = closing[1]
    forgeries = (written, written.upper(), written.replace("/", "/ ", 1), written[:2] + written + written[2:])
    if any(_ends(work, name, written, each, text) for each in forgeries):
        return Border("forged", role, written)
    return Border("enclosed", role, written)


def texts_of(work: Work) -> list[str]:
    """Return the names of the inputs that are a text which anybody may have written."""
    return [each.name for each in work.prompt.inputs if each.type.kind == "string" and is_free(each.type)]


def _sent(work: Work, name: str, text: str) -> tuple[Role, str] | None:
    """Return the message in which *text* arrives as the input *name*."""
    rendered = rendered_with(work, Drawn(name, (), work.inputs[name].type), text)
    if rendered is None:
        return None
    return next(((each.role, each.text) for each in rendered.messages if _BEGIN.search(each.text)), None)


def _ends(work: Work, name: str, closing: str, forgery: str, plain: str) -> bool:
    """Whether there are more closing marks in what is sent when the text holds *forgery*."""
    found = _sent(work, name, f"{MARK}1\n{MARK}2{forgery}\n{MARK}3")
    if found is None:
        return False
    if label := re.fullmatch(r"</([^<>]+)>", closing):
        sign = re.compile(rf"<\s*/\s*{re.escape(label[1].strip())}\s*>", re.IGNORECASE)
    else:
        sign = re.compile(rf"(?<!\\){re.escape(closing)}")
    return len(sign.findall(found[1])) > len(sign.findall(plain))
