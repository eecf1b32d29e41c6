"""Bodies of foreign Prompty files: role lines as others write them, loops over a history, pictures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

#: What Prompty takes for a role line.
_ROLE = re.compile(
    r"^[ \t]*(?:#[ \t]*)?(?P<role>system|developer|user|assistant|tool|function)(?P<said>\[[^\]\n]{0,200}\])?"
    r"[ \t]*:[ \t]*\r?$",
    re.MULTILINE | re.IGNORECASE,
)
_SPOKEN = r"\{{\{{-?\s*(?P={of})(?:\.{part}|\[['\"]{part}['\"]\])\s*-?\}}\}}"
#: A loop that writes each message of a history with its role.
_HISTORY = re.compile(
    r"^[ \t]*\{%-?\s*for\s+(?P<one>\w+)\s+in\s+(?P<all>[A-Za-z_]\w*)\s*-?%\}\s*"
    + _SPOKEN.format(of="one", part="role")
    + r"[ \t]*:[ \t]*\r?\n\s*"
    + _SPOKEN.format(of="one", part="content")
    + r"\s*\{%-?\s*endfor\s*-?%\}[ \t]*\r?$",
    re.MULTILINE,
)
_MADE_ROLE = re.compile(r"^[ \t]*\{\{[^{}\n]{0,80}\brole\b[^{}\n]{0,80}\}\}[ \t]*:[ \t]*\r?$", re.MULTILINE)
_PICTURE = re.compile(r"!\[[^\]\n]{0,200}\]\([^)\n]{0,500}\)")


class Adapted(NamedTuple):
    """A body in our words, the inputs that are threads in it, and what is told, each with its line, counted from 0."""

    text: str
    threads: tuple[str, ...]
    told: tuple[tuple[str, int], ...]


def adapted(body: str) -> Adapted:
    """Return *body* with role lines as ours are, and loops over a history as placeholders, line by line the same."""
    told: list[tuple[str, int]] = []
    threads: list[str] = []

    def thread(found: re.Match[str]) -> str:
        threads.append(found["all"])
        told.append((f"the loop that writes the messages of {found['all']!r} is a thread here", _line(found)))
        rest = found[0].count("\n")
        return f"{{{{ {found['all']} }}}}" + "\n" * rest

    def role(found: re.Match[str]) -> str:
        word = found["role"].lower()
        if word == "function":
            told.append(("the role function is tool here", _line(found)))
            word = "tool"
        if found["said"]:
            told.append((f"what the role line says besides is left out: {found['said']:.60}", _line(found)))
        return f"{word}:"

    text = _HISTORY.sub(thread, body)
    _tell(text, _MADE_ROLE, "a role that comes out of a value is text here", told.append)
    _tell(text, _PICTURE, "a picture in Markdown stays text: declare an input of kind image for it", told.append)
    return Adapted(_ROLE.sub(role, text), tuple(threads), tuple(told))


def _line(found: re.Match[str]) -> int:
    return found.string.count("\n", 0, found.start())


def _tell(text: str, pattern: re.Pattern[str], what: str, tell: Callable[[tuple[str, int]], None]) -> None:
    for found in pattern.finditer(text):
        tell((what, _line(found)))
