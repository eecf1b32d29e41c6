"""A skeleton that was rendered, and what fills its holes: the messages that a variant has to have, made another way."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from promptlib.fairness.texts import texts_in
from promptlib.fairness.variants import Put
from promptlib.messages import Text, user
from promptlib.rendering import compile_pieces

if TYPE_CHECKING:
    from collections.abc import Mapping

    from promptlib.fairness.holes import FieldPath, Skeleton
    from promptlib.messages import Message, Part

#: Characters that no text has: the private ones of the last plane. A mark is one of them for each expression.
_FIRST, _MOST = 0x100000, 0xFFFD


class Marked:
    """The messages of one case with a mark in each hole, so that they are the same for every group."""

    def __init__(self, skeleton: Skeleton, values: Mapping[str, object]) -> None:
        """Render *skeleton* with the *values* of a case; those of the declared fields are not looked at.

        Raises `RenderFailed` when the template reads a declared field on a way that the syntax does not show.
        """
        self._fields = skeleton.expressions()
        given = [text for _, text in texts_in(dict(values), "")]
        taken = set[str]().union(*given, *(each.text for one in skeleton.tree() for each in one.pieces))
        free = (chr(_FIRST + at) for at in range(_MOST) if chr(_FIRST + at) not in taken)
        self._marks = dict(zip(self._fields, free, strict=False))
        self._expressions = {mark: expression for expression, mark in self._marks.items()}
        self._split = re.compile(f"([{''.join(self._expressions)}])") if self._expressions else re.compile("(?!)")
        self.messages = skeleton.render(values, self._marks)
        self._templates = {
            # The brackets keep what stands at an edge.
            expression: compile_pieces((user(f"[{{{{ {expression} }}}}]"),), trust=skeleton.prompt.trust)
            for expression in self._fields
        }

    @property
    def shown(self) -> frozenset[FieldPath]:
        """The declared fields that these messages put out."""
        found = {char for message in self.messages for char in message.text if char in self._expressions}
        return frozenset(self._fields[self._expressions[char]] for char in found)

    def plain(self, message: Message) -> Message:
        """Return one of the messages with an ellipsis in each hole."""
        parts = [Text(self._split.sub("…", part.text)) if isinstance(part, Text) else part for part in message.parts]
        return replace(message, parts=tuple(parts))

    def put_out(self, values: Mapping[str, object]) -> dict[str, str]:
        """Return what each expression puts out for *values*."""
        return {expression: template.render(values)[0].text[1:-1] for expression, template in self._templates.items()}

    def filled(self, values: Mapping[str, object]) -> tuple[tuple[Message, ...], tuple[Put, ...]]:
        """Return the messages with the holes filled by *values*, and where each filling stands."""
        texts = self.put_out(values)
        fillings: list[Put] = []
        messages: list[Message] = []
        for number, message in enumerate(self.messages):
            at = 0
            parts: list[Part] = []
            for part in message.parts:
                if not isinstance(part, Text):
                    parts.append(part)
                    continue
                pieces = self._split.split(part.text)
                for odd in range(1, len(pieces), 2):
                    expression = self._expressions[pieces[odd]]
                    at += len(pieces[odd - 1])
                    pieces[odd] = texts[expression]
                    name = ".".join(self._fields[expression])
                    fillings.append(Put(name, number, at, at + len(pieces[odd])))
                    at += len(pieces[odd])
                at += len(pieces[-1])
                parts.append(Text("".join(pieces)))
            messages.append(replace(message, parts=tuple(parts)))
        return tuple(messages), tuple(fillings)
