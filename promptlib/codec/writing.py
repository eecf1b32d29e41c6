"""Prompts to bytes: new files, and the least change to a file that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from promptlib.codec.body import write_body
from promptlib.codec.editing import edited_body, edited_header
from promptlib.codec.emitting import entries
from promptlib.codec.fence import LARGEST_HEADER
from promptlib.codec.header import header_of, is_literal
from promptlib.codec.reading import Parsed, parsed, stored_of
from promptlib.codec.reconciling import reconcile, renew, same
from promptlib.codec.source import plain_of
from promptlib.errors import InvalidPrompt
from promptlib.prompt import Prompt

if TYPE_CHECKING:
    from promptlib.chain import Stored
    from promptlib.messages import Message

FENCE = "---\n"


def write(prompt: Stored) -> bytes:
    """Return a prompt or chain as a new file: the same bytes for the same one, and `read` gives it back exactly.

    Raises `InvalidPrompt` when its settings or texts do not fit into front matter, or a message leaves a tag open.
    """
    header = entries(header_of(prompt))
    if len(header) >= LARGEST_HEADER:
        raise InvalidPrompt(
            f"front matter would be larger than {LARGEST_HEADER // 1024} KiB", hint="long texts belong into messages"
        )
    return f"{FENCE}{header}{FENCE}{_body(prompt)}".encode()


def _body(prompt: Stored) -> str:
    if not isinstance(prompt, Prompt):
        return ""
    if is_literal(prompt.messages):
        return cast("Message", prompt.messages[0]).text
    return write_body(prompt.messages, threads_of(prompt))


def threads_of(prompt: Prompt[Any]) -> frozenset[str]:
    """Return the names that can be placeholders."""
    return frozenset(each.name for each in prompt.inputs if each.type.kind == "thread")


def edit(data: bytes, prompt: Stored, *, source: str = "") -> bytes:
    """Return the file *data* changed to hold a prompt or chain; all that did not change keeps its bytes.

    An unchanged prompt gives the same bytes, and one changed key changes only that key's lines. Comments, quotes, the
    order of keys and line ends stay. Raises `InvalidFile` when *data* is no prompt file.
    """
    found = parsed(data, source)
    old, new = header_of(stored_of(found)), header_of(prompt)
    file = cast("dict[str, Any]", plain_of(found.header))
    body = _edited_body(found, prompt)
    edited = edited_header(found, cast("dict[str, Any]", reconcile(file, old, new))) + body
    if not _holds(edited, prompt, new):
        # Words that the file spells out, such as `required: false`, may speak against what is new.
        anew = edited_header(found, renew(file, old, new)) + body
        return anew.encode() if _holds(anew, prompt, new) else write(prompt)
    return edited.encode()


def _edited_body(found: Parsed, prompt: Stored) -> str:
    if not isinstance(prompt, Prompt):
        return found.halves.body if found.is_chain else ""
    if found.stretches and not is_literal(prompt.messages):
        return edited_body(found.halves, found.stretches, prompt.messages, threads_of(prompt))
    return _body(prompt)


def _holds(text: str, prompt: Stored, header: dict[str, Any]) -> bool:
    """Tell whether the file *text* reads as *prompt*."""
    try:
        back = stored_of(parsed(text.encode()))
    except InvalidPrompt:
        return False
    return back.digest == prompt.digest and _pieces(back) == _pieces(prompt) and same(header_of(back), header)


def _pieces(stored: Stored) -> list[tuple[object, bool]]:
    pieces = stored.messages if isinstance(stored, Prompt) else ()
    return [(piece, getattr(piece, "literal", False)) for piece in pieces]
