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

    from promptlib.fairness.holes import Skeleton
    from promptlib.messages import Message, Part

#: Characters that no text has: the private ones of the last plane. A mark is one of them for each expression.
_FIRST, _MOST = 0x100000, 0xFFFD


class Fillers:
    """The expressions of a skeleton's holes, each as a template of its own."""

    def __init__(self, skeleton: Skeleton) -> None:
        """Compile each expression once."""
        self._templates = {
            # The brackets keep what stands at an edge.
            expression: compile_pieces((user(f"[{{{{ {expression} }}}}]"),), trust=skeleton.prompt.trust)
            for expression in skeleton.expressions()
        }

    def texts(self, values: Mapping[str, object]) -> dict[str, str]:
        """Return what each expression puts out for plain *values*."""
        return {expression: template.render(values)[0].text[1:-1] for expression, template in self._templates.items()}


class Marked:
    """The messages of one case with a mark in each hole, so that they are the same for every group."""

    def __init__(self, skeleton: Skeleton, values: Mapping[str, object]) -> None:
        """Render *skeleton* with the *values* of a case; those of the declared fields are not looked at.

        Raises `RenderFailed` when the template reads a declared field on a way that the syntax does not show.
        """
        fields = skeleton.expressions()
        given = [text for _, text in texts_in(dict(values), "")]
        taken = set[str]().union(*given, *(each.text for one in skeleton.tree() for each in one.pieces))
        free = (chr(_FIRST + at) for at in range(_MOST) if chr(_FIRST + at) not in taken)
        marks = dict(zip(fields, free, strict=False))
        self._names = {expression: ".".join(path) for expression, path in fields.items()}
        self._split = re.compile(f"([{''.join(marks.values())}])") if marks else re.compile("(?!)")
        self.messages = skeleton.render(values, marks)
        expressions = {mark: expression for expression, mark in marks.items()}
        #: By message the pieces of its parts, an expression in every second place; None where it has no hole.
        self._pieces = [self._taken_apart(each, expressions) for each in self.messages]

    def _taken_apart(self, message: Message, expressions: Mapping[str, str]) -> list[list[str] | Part] | None:
        if not self._split.search(message.text):
            return None
        found: list[list[str] | Part] = []
        for part in message.parts:
            pieces = self._split.split(part.text) if isinstance(part, Text) else []
            pieces[1::2] = [expressions[mark] for mark in pieces[1::2]]
            found.append(pieces or part)
        return found

    @property
    def has_holes(self) -> bool:
        """Whether any of these messages puts out a declared field."""
        return any(pieces is not None for pieces in self._pieces)

    def plain(self, message: Message) -> Message:
        """Return one of the messages with an ellipsis in each hole."""
        parts = [Text(self._split.sub("…", part.text)) if isinstance(part, Text) else part for part in message.parts]
        return replace(message, parts=tuple(parts))

    def filled(self, texts: Mapping[str, str]) -> tuple[tuple[Message, ...], tuple[Put, ...]]:
        """Return the messages with what each expression puts out in its holes, and where it stands."""
        put: list[Put] = []
        messages: list[Message] = []
        for number, (message, parts) in enumerate(zip(self.messages, self._pieces, strict=True)):
            if parts is None:
                messages.append(message)
                continue
            at = 0
            made: list[Part] = []
            for part in parts:
                if not isinstance(part, list):
                    made.append(part)
                    continue
                pieces = part.copy()
                for odd in range(1, len(pieces), 2):
                    at += len(pieces[odd - 1])
                    name, pieces[odd] = self._names[pieces[odd]], texts[pieces[odd]]
                    put.append(Put(name, number, at, at + len(pieces[odd])))
                    at += len(pieces[odd])
                at += len(pieces[-1])
                made.append(Text("".join(pieces)))
            messages.append(replace(message, parts=tuple(made)))
        return tuple(messages), tuple(put)
