"""What a prompt of another library becomes here, put together piece by piece, with all that it loses told."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from promptlib import inputs as grammar
from promptlib.errors import InvalidPrompt, Where
from promptlib.inputs import RESERVED, Input, InputType
from promptlib.messages import ROLES, Message, Placeholder, Text
from promptlib.plain import freeze
from promptlib.prompt import Prompt
from promptlib.rendering import compile_pieces
from promptlib.rendering.untagging import as_template, names_of
from promptlib.trust import FOREIGN, Trust, checked_trust

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pydantic import BaseModel

    from promptlib.formats.arrivals import Lost
    from promptlib.inputs import Kind
    from promptlib.messages import Piece, Role

#: Inputs whose kind does not fit their use become plain data, one after the other.
MOST_TRIES = 64
#: What others call the roles.
_ROLES: dict[str, Role] = {"human": "user", "ai": "assistant", "model": "assistant", "function": "tool"}
_SPECIAL = re.compile(r"\{[{%#]")
#: A line break beside a statement: layout here, which a message does not begin or end with.
_LAYOUT = re.compile(r"[%#]\}[ \t]*\n|\n[ \t]*\{[%#]")


@dataclass(frozen=True, slots=True)
class Moved:
    """A prompt of another library as a prompt of ours, and what it lacks of that one.

    `lost` tells all that was left out, changed or said otherwise, one sentence each, with its place in the source.
    `name`, `number`, `message`, `author`, `time` and `labels` are what the other library says beside the content, as
    it says it: a store keeps them, a prompt does not. `number` and `time` are None where nothing is said.
    """

    prompt: Prompt[Any]
    lost: tuple[Lost, ...] = ()
    name: str = ""
    number: int | None = None
    message: str = ""
    author: str = ""
    time: datetime | None = None
    labels: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return the report as plain data: everything but the prompt, which its digest stands for."""
        return {
            "digest": self.prompt.digest,
            "name": self.name,
            "number": self.number,
            "message": self.message,
            "author": self.author,
            "time": self.time.isoformat() if self.time else None,
            "labels": list(self.labels),
            "lost": [each._asdict() for each in self.lost],
        }


@dataclass(slots=True)
class Moving:
    """A prompt in the making: messages in their order, the inputs that they were found to need, and the losses."""

    source: str
    trust: Trust = FOREIGN
    model: type[BaseModel] | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    lost: list[tuple[str, str]] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    inputs: dict[str, Input] = field(default_factory=dict)
    #: The name that an input has there, by its name here.
    spelt: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a word that is no trust."""
        checked_trust(self.trust)

    def lose(self, what: str, where: str = "") -> None:
        """Tell *what* is lost or said otherwise; the same words at one place are told once."""
        if (what, where) not in self.lost:
            self.lost.append((what, where))

    def refused(self, what: str, where: str, hint: str) -> InvalidPrompt:
        """Return an error at the place *where* of the source."""
        return InvalidPrompt(what, where=Where(f"{self.source}, {where}" if where else self.source), hint=hint)

    def role(self, word: str, where: str) -> Role:
        """Return the role that *word* means; raises `InvalidPrompt` for one that nobody has mapped."""
        named = self.roles.get(word, word).lower()
        role = _ROLES.get(named, named)
        if role not in ROLES:
            hint = f"say which one it is: roles={{{word!r}: 'user'}}; roles here: {', '.join(ROLES)}"
            raise self.refused(f"no role {word!r:.60}", where, hint)
        if word.lower() == "function":
            self.lose("the role function is tool here", where)
        return role

    def named(self, word: str, where: str) -> str:
        """Return the name of the input that *word* is, a word that an input may be called; another one is told."""
        name = re.sub(r"\W+", "_", word.strip()).strip("_")
        if not name or name[0].isdigit():
            name = f"input_{name}".strip("_")
        if name in RESERVED or name == "model_config":
            name = f"{name}_"
        if (other := self.spelt.setdefault(name, word)) != word:
            hint = "give one of them another name in the source"
            raise self.refused(f"{other!r:.60} and {word!r:.60} would both be the input {name!r}", where, hint)
        if name != word:
            self.lose(f"the variable {word!r:.60} is the input {name!r} here", where)
        return name

    def declare(self, name: str, kind: Kind, where: str, **parts: Any) -> None:  # noqa: ANN401 - passed on to Input
        """Declare an input; what a text or a thread is made of is known, whoever comes first."""
        known = self.inputs.get(name)
        if known is None:
            self.inputs[name] = Input(name=name, type=InputType(kind=kind), **parts)
        elif "thread" in (known.type.kind, kind) and known.type.kind != kind:
            hint = "give one of them another name in the source"
            raise self.refused(f"{name!r} is a text in one place and a list of messages in another", where, hint)
        elif known.type.kind == "string" and kind != "string":
            self.inputs[name] = replace(known, type=InputType(kind=kind))

    def default(self, name: str, value: object, where: str) -> None:
        """Let the input *name*, which was declared, have a default; raises `InvalidPrompt` for a second one."""
        known = self.inputs[name]
        if not known.required and known.default != freeze(value):
            hint = "give one of them another name in the source"
            raise self.refused(f"{name!r} has two values that differ, one in each of two templates", where, hint)
        self.inputs[name] = replace(known, required=False, default=freeze(value))

    def say(self, role: Role, text: str, where: str) -> None:
        """Add a message whose *text* is a template; raises `InvalidPrompt` for a broken one."""
        piece = Message(role, (Text(text),))
        try:
            for name in compile_pieces((piece,), trust=self.trust).variables:
                if name not in self.inputs:
                    self.declare(name, "string", where)
        except InvalidPrompt as error:
            raise self._placed(error, where) from error
        self.pieces.append(piece)

    def say_literally(self, role: Role, text: str) -> None:
        """Add a message that is no template."""
        self.pieces.append(Message(role, (Text(text),), literal=_SPECIAL.search(text) is not None))

    def put(self, name: str, where: str, *, optional: bool, most: int | None = None) -> None:
        """Add the place of a list of messages."""
        parts: dict[str, Any] = {"required": False, "default": ()} if optional else {}
        self.declare(name, "thread", where, **parts)
        if most is not None:
            self.inputs[name] = replace(self.inputs[name], type=InputType(kind="thread", max_length=most))
        self.pieces.append(Placeholder(name))

    def made(self, **parts: Any) -> Prompt[Any]:  # noqa: ANN401 - passed on to Prompt
        """Return the prompt; raises `InvalidPrompt` where it cannot be."""
        if not self.pieces:
            raise self.refused("it holds no message", "", "a prompt needs at least one")
        pieces = self._apart()
        if self.model is not None:
            declared = grammar.declare(self.model)
            for name, each in self.inputs.items():
                if not each.required and each.type.kind != "thread":
                    self.lose(f"the value of {name!r} is left out: the given model says its default")
            return Prompt(messages=pieces, inputs=declared, inputs_model=self.model, trust=self.trust, **parts)
        return self._fitted(pieces, parts)

    def _fitted(self, pieces: tuple[Piece, ...], parts: dict[str, Any]) -> Prompt[Any]:
        """Read it; a text whose use says that it is none becomes plain data."""
        for _ in range(MOST_TRIES):
            try:
                return Prompt(messages=pieces, inputs=tuple(self.inputs.values()), trust=self.trust, **parts)
            except InvalidPrompt as error:
                if (name := self._misfit(error)) is None:
                    raise self._placed(error, "") from error
                known = self.inputs[name]
                self.inputs[name] = replace(known, type=InputType(kind="json"))
                self.lose(f"{name!r} may be any plain data here: {error.what}")
        raise self.refused("its inputs do not fit their use", "", "give inputs=, a model of what they are")

    def _misfit(self, error: InvalidPrompt) -> str | None:
        said = [error.what, *(each.what for each in error.others)]
        return next(
            (
                name
                for name, each in self.inputs.items()
                if each.type.kind not in ("json", "thread", "image")
                and any(re.match(rf"{re.escape(name)}(?!\w)", what) for what in said)
            ),
            None,
        )

    def _placed(self, error: InvalidPrompt, where: str) -> InvalidPrompt:
        """Let *error* name the source."""
        place = error.where
        named = ", ".join(filter(None, [self.source, where or (place.source if place else "")]))
        error.where = replace(place, source=named) if place else Where(named)
        return error

    def _apart(self) -> tuple[Piece, ...]:
        """Return the messages so that no name which one sets is seen in another: there each is rendered alone."""
        pieces = tuple(self.pieces)
        if len(pieces) == 1 or not any("{%" in piece.text for piece in pieces):
            return pieces
        names = [names_of((piece,)) if isinstance(piece, Message) else None for piece in pieces]
        apart: list[Piece] = []
        for at, piece in enumerate(pieces):
            others = {name for number, each in enumerate(names) if each and number != at for name in each.all}
            own = names[at]
            if own is not None and own.lasting & others and isinstance(piece, Message):
                text = f'{{{{ "" }}}}{{% with %}}{piece.text}{{% endwith %}}{{{{ "" }}}}'
                apart.append(Message(piece.role, (Text(text),)))
            else:
                apart.append(piece)
        return tuple(apart)


def jinja_as_there(text: str) -> str:
    """Return the template of Jinja that renders here as *text* does by Jinja's own settings.

    Jinja reads every line break as LF, and drops the last one of a template. Here, breaks beside a statement that a
    message would begin or end with are dropped as well: where that could be, a text that is empty holds them.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    return held(text)


def held(text: str) -> str:
    """Return the template *text* so that no line break at its edges is taken for layout."""
    if not _LAYOUT.search(text):
        return text
    before = '{{ "" }}' if text.startswith(("{%", "{#")) else ""
    behind = '{{ "" }}' if text.endswith(("%}", "#}")) else ""
    return f"{before}{text}{behind}"


def filled(parts: list[tuple[str, str]], tail: str) -> str:
    """Return the template of *parts*, each a text and the expression behind it, and of the text *tail* at the end."""
    made = ""
    for text, expression in parts:
        stem = text.rstrip("{")
        braces = text[len(stem) :]
        # A brace right before an expression would become a part of it.
        made += as_template(stem) + (f"{{{{ '{braces}' }}}}" if braces else "") + f"{{{{ {expression} }}}}"
    return made + as_template(tail)
