"""What a file says, as far as that can be said without its template being read: for thousands of files."""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from promptlib.codec.fence import halves
from promptlib.codec.header import HeaderReader
from promptlib.codec.notes import Notes
from promptlib.codec.parsing import parse
from promptlib.codec.reading import literal_message, stretches_of, threads_of
from promptlib.codec.source import Node, Source
from promptlib.prompt import Prompt

if TYPE_CHECKING:
    from promptlib.codec.fence import Halves
    from promptlib.codec.header import Fields
    from promptlib.inputs import Input
    from promptlib.messages import Piece, Role
    from promptlib.plain import Frozen
    from promptlib.refs import Pin
    from promptlib.trust import Trust, Vouched

#: Versions of one prompt mostly have one header.
MOST_HEADERS = 64


class Outline(NamedTuple):
    """The digest of a prompt or chain, and the words of its file.

    `includes` are the pins, those of a chain's steps too; `follows` the labels that a chain's steps follow, None for a
    prompt.
    """

    digest: str
    derived_from: Pin | None
    renamed_from: str
    includes: Frozen
    description: str
    tags: tuple[str, ...]
    authors: tuple[str, ...]
    extra: Frozen
    inputs: tuple[Input, ...]
    trust: Trust
    vouched: Vouched | None
    follows: Frozen | None = None


def outline(data: bytes) -> Outline:
    """Return what the file *data* says; raises what `read` raises, but for what is wrong with the template."""
    cut = halves(data, "")
    frame = _frame(cut.header.text if cut.header is not None else None)
    if "steps" in frame.fields:
        return _of_chain(cut, frame)
    if frame.literal:
        messages: tuple[Piece, ...] = (literal_message(frame.role, cut.body),)
    else:
        messages = tuple(each.piece for each in stretches_of(cut, frame.threads))
    prompt: Prompt[Any] = object.__new__(Prompt)
    for name, default in _DEFAULTS:
        object.__setattr__(prompt, name, frame.fields.get(name, default))
    object.__setattr__(prompt, "messages", messages)
    prompt._settle()  # noqa: SLF001 - only here is a prompt made whose template nobody reads: it does not leave
    return Outline(*(getattr(prompt, part) for part in Outline._fields if part != "follows"))


def _of_chain(cut: Halves, frame: _Frame) -> Outline:
    from promptlib.codec.chains import chain_of, check_chain_file  # noqa: PLC0415 - few files are chains

    check_chain_file(cut, frame.fields, Node({}, 0, 0), literal=frame.literal or frame.role is not None)
    chain = chain_of(frame.fields)
    return Outline(*(getattr(chain, part) for part in Outline._fields))


_DEFAULTS = tuple((each.name, each.default) for each in fields(Prompt) if each.name not in {"messages", "_template"})


class _Frame(NamedTuple):
    """What a header says."""

    fields: Fields
    literal: bool
    role: Role | None
    threads: frozenset[str]


@lru_cache(maxsize=MOST_HEADERS)
def _frame(text: str | None) -> _Frame:
    source = Source(text or "", "", 2)
    reader = HeaderReader(source, Notes())
    found = reader.read(parse(source) if text is not None else Node({}, 0, 0, "block"))
    return _Frame(found, reader.literal, reader.role, threads_of(found))
