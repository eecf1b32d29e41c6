"""Where a template puts out a declared field and nothing else: the holes, and the skeleton around them.

What is no hole must not read a declared field at all. So the rule is a list of what is allowed, and whatever a template
can do besides is refused without being known.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import count, product
from string import ascii_letters
from typing import TYPE_CHECKING, Any, NamedTuple

from promptlib.errors import PairingRefused
from promptlib.including import bound_inputs
from promptlib.inputs import with_defaults
from promptlib.messages import Message, Placeholder, Text
from promptlib.prompt import DEEPEST_INCLUDE
from promptlib.rendering import compile_pieces, flow_of, included_text, new_meter
from promptlib.trust import FOREIGN, OWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptlib.messages import Piece
    from promptlib.prompt import Prompt, Resolve
    from promptlib.rendering import Variable
    from promptlib.rendering.flow import Strand
    from promptlib.rendering.metering import Meter

#: The steps to a declared field: `("name",)`, or `("applicant", "name")`.
FieldPath = tuple[str, ...]

#: Filters that say the same value in another spelling.
HARMLESS = ("capitalize", "date", "delimited", "e", "escape", "lower", "string", "title", "tojson", "trim", "upper")

_QUOTED = r"""(?:"[^"\\{}]*"|'[^'\\{}]*')"""
_FILTER = rf"\s*\|\s*(?:{'|'.join(HARMLESS)})\b(?:\(\s*(?:{_QUOTED})?\s*\))?"
_PUT_OUT = re.compile(rf"([A-Za-z]\w*(?:\.[A-Za-z]\w*)*)(?:{_FILTER})*")
_OPENING = re.compile(r"\{\{[+-]?\s*")
_WORD = re.compile(r"[A-Za-z_]\w*")
_STATEMENT = re.compile(r"\{%[+-]?\s*(\w+)")

#: What a statement does with what it reads, where that is more than putting it out.
_DOES = {
    "if": "a condition reads {}",
    "elif": "a condition reads {}",
    "for": "a loop goes over {}",
    "set": "{} is given another name",
    "with": "{} is given another name",
    "call": "a macro is given {}",
    "filter": "a filter is given {}",
    "include": "an include is chosen by {}",
    "macro": "a macro reads {}",
    "segment": "a segment reads {}",
}
_HINT = (
    "write {{{{ {} }}}} by itself, where it is to be read; filters that only spell it otherwise may follow: "
    + ", ".join(HARMLESS)
)


class Hole(NamedTuple):
    """A place where a declared field is put out."""

    path: FieldPath
    expression: str
    piece: int
    start: int
    end: int


class Skeleton(NamedTuple):
    """A prompt whose holes read variables of their own, so that it reads no declared field."""

    prompt: Prompt[Any]
    pieces: tuple[Piece, ...]
    fields: frozenset[FieldPath]
    holes: tuple[Hole, ...]
    #: By expression, the variable that stands in its place.
    variables: Mapping[str, str]
    #: By alias, what is included.
    included: Mapping[str, Skeleton]

    def tree(self) -> Iterator[Skeleton]:
        """Yield this one and what it includes, at any depth."""
        yield self
        for each in self.included.values():
            yield from each.tree()

    def expressions(self) -> dict[str, FieldPath]:
        """Return what is put out here or in an include, and the field that it is."""
        return {hole.expression: hole.path for each in self.tree() for hole in each.holes}

    def render(self, values: Mapping[str, object], marks: Mapping[str, str]) -> tuple[Message, ...]:
        """Return the messages with *values*, of which no declared field is used, and a mark for each expression."""
        return self._rendered(values, marks, new_meter() if self.prompt.trust == FOREIGN else None)

    def _rendered(
        self, values: Mapping[str, object], marks: Mapping[str, str], meter: Meter | None
    ) -> tuple[Message, ...]:
        def include(alias: str) -> str:
            inner = self.included[alias]
            known = {each.name for each in inner.prompt.inputs}
            given = {name: value for name, value in values.items() if name in known}
            complete = with_defaults(given, inner.prompt.inputs)
            return included_text(alias, inner._rendered(complete, marks, meter))  # noqa: SLF001 - of its own class

        template = compile_pieces(self.pieces, places=self.prompt.places, trust=FOREIGN if meter else OWN)
        here = {variable: marks[expression] for expression, variable in self.variables.items()}
        return template.render({**without(values, self.fields), **here}, include=include, meter=meter)


def skeleton_of(
    prompt: Prompt[Any], fields: frozenset[FieldPath], resolve: Resolve | None, above: tuple[str, ...] = ()
) -> tuple[Skeleton, list[PairingRefused]]:
    """Return the skeleton of *prompt* without its declared *fields*, and every place that reads one and is no hole.

    Includes are looked through, at any depth. Raises `NotFound` for one that is not at hand.
    """
    template = compile_pieces(
        prompt.messages, places=prompt.places, trust=prompt.trust, marked=frozenset(prompt.segments)
    )
    strands = flow_of(prompt.messages, prompt.inputs)
    holes = tuple(hole for strand in strands if (hole := _hole(prompt.messages, strand, fields)))
    refused = [
        _refusal(prompt, use, field, strands)
        for use in template.uses
        if not _within(use, holes)
        for field in [each for each in sorted(fields) if overlap((use.name, *use.path), each)][:1]
    ]
    names = _free_names(prompt.messages)
    variables = {expression: next(names) for expression in dict.fromkeys(hole.expression for hole in holes)}
    included: dict[str, Skeleton] = {}
    for alias in template.includes:
        found = prompt.resolve(alias, resolve)
        if found.digest in (*above, prompt.digest) or len(above) >= DEEPEST_INCLUDE:
            what = f"includes go in a circle or deeper than {DEEPEST_INCLUDE}: {found.name or found.digest}"
            raise PairingRefused(what, hint="include the text itself")
        included[alias], others = skeleton_of(found, fields, resolve, (*above, prompt.digest))
        refused += [_inside(alias, each) for each in others]
    pieces = _with_holes(prompt.messages, holes, variables)
    return Skeleton(prompt, pieces, fields, holes, variables, included), refused


def overlap(one: FieldPath, other: FieldPath) -> bool:
    """Return whether what lies at *one* holds what lies at *other*, or the other way round; `[]` is any item."""
    return all(here == there or "[]" in (here, there) for here, there in zip(one, other, strict=False))


def bound(prompt: Prompt[Any], fields: frozenset[FieldPath]) -> list[PairingRefused]:
    """Return the tools of *prompt* whose bindings take a declared field: what they are given is in no message."""
    names = {path[0] for path in fields}
    return [
        PairingRefused(f"a tool is given {name!r}", hint="take the binding out: only messages are compared")
        for tool in prompt.tools
        for name in sorted(names & bound_inputs(tool))
    ]


def without(values: Mapping[str, object], fields: frozenset[FieldPath]) -> dict[str, object]:
    """Return *values* without those of *fields*; nothing of the given is changed."""
    found = dict(values)
    for first, *rest in fields:
        if not rest:
            found.pop(first, None)
        elif isinstance(inner := found.get(first), dict):
            found[first] = without(inner, frozenset({tuple(rest)}))
    return found


def _hole(pieces: tuple[Piece, ...], strand: Strand, fields: frozenset[FieldPath]) -> Hole | None:
    """Return the hole that *strand* is, or None for everything else."""
    if strand.put != "value" or strand.captured or len(strand.drawn) != 1:
        return None
    path = (strand.drawn[0].name, *strand.drawn[0].path)
    found = _PUT_OUT.fullmatch(strand.text)
    opening = _OPENING.match(pieces[strand.piece].text, strand.start)
    if path not in fields or found is None or found[1] != ".".join(path) or opening is None:
        return None
    start, end = opening.end(), opening.end() + len(strand.text)
    if pieces[strand.piece].text[start:end] != strand.text:
        return None
    return Hole(path, strand.text, strand.piece, start, end)


def _within(use: Variable, holes: tuple[Hole, ...]) -> bool:
    piece, start, end = use.span
    return any(hole.piece == piece and hole.start <= start and end <= hole.end for hole in holes)


def _refusal(prompt: Prompt[Any], use: Variable, field: FieldPath, strands: tuple[Strand, ...]) -> PairingRefused:
    """Return why *use*, which reads *field*, is no hole, in the words of the statement that it stands in."""
    piece, at, _ = use.span
    text = prompt.messages[piece].text
    name = ".".join(field)
    read = repr(name) if (use.name, *use.path) == field else f"{str(use)!r}, which holds {name!r},"
    opened = max(text.rfind("{%", 0, at), text.rfind("{{", 0, at))
    statement = _STATEMENT.match(text, max(opened, 0))
    captured = any(each.captured and each.piece == piece and each.start <= at < each.end for each in strands)
    if statement is not None:
        what = _DOES.get(statement[1], "a statement reads {}").format(read)
    elif captured:
        what = f"{read} is put out inside of a macro or block, whose text can be read again"
    else:
        what = f"{read} is computed with, and not only put out"
    return PairingRefused(what, where=use.where, hint=_HINT.format(name))


def _inside(alias: str, error: PairingRefused) -> PairingRefused:
    return PairingRefused(f"in the include {alias!r}: {error.what}", where=error.where, hint=error.hint)


def _free_names(pieces: tuple[Piece, ...]) -> Iterator[str]:
    """Yield names that stand nowhere in *pieces*, the shortest first: what stands behind a hole keeps its column."""
    taken = {word for piece in pieces for word in _WORD.findall(piece.text)}
    taken |= {piece.name for piece in pieces if isinstance(piece, Placeholder)}
    for length in count(1):
        for letters in product(ascii_letters, repeat=length):
            if (name := "".join(letters)) not in taken and name not in _KEYWORDS:
                yield name


#: Words of Jinja of less than five letters.
_KEYWORDS = frozenset(
    {
        "and",
        "else",
        "elif",
        "for",
        "if",
        "in",
        "is",
        "not",
        "none",
        "None",
        "or",
        "set",
        "true",
        "True",
        "self",
        "dict",
        "loop",
        "with",
        "raw",
    }
)


def _with_holes(pieces: tuple[Piece, ...], holes: tuple[Hole, ...], variables: Mapping[str, str]) -> tuple[Piece, ...]:
    """Return *pieces* with a variable in the place of each hole."""
    texts = [piece.text for piece in pieces]
    for hole in sorted(holes, key=lambda each: each.start, reverse=True):
        text = texts[hole.piece]
        texts[hole.piece] = text[: hole.start] + variables[hole.expression] + text[hole.end :]
    changed = {hole.piece for hole in holes}
    return tuple(_with_text(piece, texts[at]) if at in changed else piece for at, piece in enumerate(pieces))


def _with_text(piece: Piece, text: str) -> Piece:
    return replace(piece, parts=(Text(text),)) if isinstance(piece, Message) else piece
