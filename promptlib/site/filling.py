"""What a page needs to fill a prompt in by itself: a plan of texts and gaps, and a field for each gap."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from promptlib.inputs import describe
from promptlib.messages import Message, Placeholder
from promptlib.plain import thaw
from promptlib.rendering.plainvariables import variables_of
from promptlib.site.markup import cut

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from promptlib.inputs import Input
    from promptlib.messages import Piece
    from promptlib.prompt import Prompt

#: Anything of Jinja, as far as a reader's eye needs it: a value, a statement, a remark.
_TAGS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_PLAIN = re.compile(r"\{\{[ \t]*\w+[ \t]*\}\}")
_LONGEST_TAG = 60
#: Kinds that a field writes as JSON.
AS_JSON = frozenset({"array", "map", "object", "json", "thread"})


class Stretch(NamedTuple):
    """A piece of a source: `text`, `value`, `statement` or `remark`."""

    sort: str
    text: str


class Plan(NamedTuple):
    """How a page renders: a list of messages, each of texts and numbers of fields; or the reason why it does not."""

    items: list[dict[str, object]]
    reason: str = ""
    inputs: int = 0

    @property
    def serves(self) -> bool:
        """Whether there is anything to fill in, and a page can."""
        return bool(self.items and self.inputs)


def stretches(piece: Piece) -> Iterator[Stretch]:
    """Yield the source of *piece* by what it is; a literal message is text and nothing else."""
    text, at = piece.text, 0
    found = () if isinstance(piece, Message) and piece.literal else _TAGS.finditer(text)
    for tag in found:
        if tag.start() > at:
            yield Stretch("text", text[at : tag.start()])
        yield Stretch({"{{": "value", "{%": "statement"}.get(tag[0][:2], "remark"), tag[0])
        at = tag.end()
    if at < len(text):
        yield Stretch("text", text[at:])


def plan(prompt: Prompt[Any]) -> Plan:
    """Return how a page fills *prompt* in; only templates of plain variables are, exactly as `render` does."""
    fields = {each.name: at for at, each in enumerate(prompt.inputs)}
    items: list[dict[str, object]] = []
    for number, piece in enumerate(prompt.messages, 1):
        plain = variables_of(piece)
        if plain is None:
            return Plan([], _reason(piece, number))
        if isinstance(piece, Placeholder):
            items.append({"thread": fields[piece.name]})
        elif isinstance(piece, Message):
            texts, variables = plain
            parts: list[object] = [texts[0]]
            for variable, text in zip(variables, texts[1:], strict=True):
                parts += [fields[variable.name], text]
            items.append({"role": piece.role, "parts": parts})
    return Plan(items, inputs=len(fields))


def _reason(piece: Piece, number: int) -> str:
    where = f"message {number}" if isinstance(piece, Message) else "the template"
    tags = [each.text for each in stretches(piece) if each.sort != "text"]
    more = next((tag for tag in tags if not _PLAIN.fullmatch(tag)), "a template")
    return f"{where} holds {cut(' '.join(more.split()), _LONGEST_TAG)}, which only promptlib renders"


def field(declared: Input) -> dict[str, object]:
    """Return what the script must know of an input; `text` is how Python prints its default, None where it has none."""
    kind = declared.type
    told: dict[str, object] = {
        "name": declared.name,
        "kind": kind.kind,
        "required": declared.required,
        "nullable": kind.nullable,
        "words": describe(kind),
    }
    for name in ("ge", "le", "min_length", "max_length", "pattern"):
        if (limit := getattr(kind, name)) is not None:
            told[name] = limit if name in {"min_length", "max_length", "pattern"} else str(limit)
    if kind.kind == "enum":
        told["choices"] = [str(thaw(value)) for value in kind.values]
    if not declared.required:
        default = declared.default
        told["default"] = thaw(default) if kind.kind in AS_JSON else None
        told["text"] = None if default is None or kind.kind in AS_JSON else _printed(default)
    return told


def _printed(default: object) -> str:
    plain = thaw(default)  # type: ignore[arg-type] # a default is plain data
    return str(plain.get("url", "")) if isinstance(plain, dict) else str(plain)


def shown_default(declared: Input) -> str:
    """Return what stands in the field of an input before anybody has typed."""
    if declared.required or declared.default is None:
        return ""
    if declared.type.kind in AS_JSON:
        return json.dumps(thaw(declared.default), ensure_ascii=False, indent=1)
    return _printed(declared.default)
