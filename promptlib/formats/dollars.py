"""Variables as other tools write them into plain text, `${x}` and `${x:default}`, as typed inputs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from promptlib.errors import InvalidPrompt, RenderFailed
from promptlib.inputs import Input, InputType
from promptlib.messages import Message, Text
from promptlib.rendering.untagging import as_template

if TYPE_CHECKING:
    from promptlib.prompt import Prompt

_VARIABLE = re.compile(r"\$\{([^\W\d][\w \t-]{0,63})(?::([^{}]*))?\}")
#: What other tools read from their surroundings is no input.
_KEPT = frozenset({"env", "file"})


def dollars_in(text: str) -> list[str]:
    """Return the variables that *text* holds, as they are written."""
    return [found[0] for found in _VARIABLE.finditer(text) if found[1] not in _KEPT]


def templated(prompt: Prompt[Any]) -> tuple[Prompt[Any], tuple[str, ...]]:
    """Return the literal *prompt* with its variables as inputs of type string, and what stayed text and why.

    Rendered without values, it gives the words of the text with each default in its place. What could not be made
    so stays literal as a whole.
    """
    (message,) = prompt.messages
    if not isinstance(message, Message) or not dollars_in(message.text):
        return prompt, ()
    inputs, kept = _inputs(message.text)
    if not inputs:
        return prompt, tuple(kept.values())
    template, plain = _put(message.text, inputs, kept)
    try:
        made = prompt.with_origin(
            None, messages=(Message(message.role, (Text(template),)),), inputs=tuple(inputs.values())
        )
        values = {name: each.default if not each.required else name for name, each in inputs.items()}
        if made.render(values).messages[0].text == plain:
            return made, tuple(kept.values())
        reason = "its text would not be the same"
    except (InvalidPrompt, RenderFailed) as error:
        reason = error.what
    return prompt, (*kept.values(), f"its variables stay text: {reason}")


def _identifier(word: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", word.strip().lower()).strip("_")


def _inputs(text: str) -> tuple[dict[str, Input], dict[str, str]]:
    """Return the inputs by their names, and by its text why a variable is none."""
    inputs: dict[str, Input] = {}
    kept: dict[str, str] = {}
    for found in _VARIABLE.finditer(text):
        word, default = found[1], found[2]
        if word in _KEPT:
            continue
        name = _identifier(word)
        known = inputs.get(name)
        if known is not None and default is not None and known.default is not None and known.default != default:
            kept[found[0]] = f"{found[0]:.80} stays text: {name!r} has another default before"
            continue
        if known is not None and (default is None or known.default is not None):
            continue
        try:
            inputs[name] = _input(name, word, default)
        except InvalidPrompt as error:
            kept[found[0]] = f"{found[0]:.80} stays text: {error.what}"
    return inputs, kept


def _input(name: str, word: str, default: str | None) -> Input:
    said = "" if word == name else word.strip()
    kind = InputType(kind="string")
    if default is None:
        return Input(name=name, type=kind, description=said)
    return Input(name=name, type=kind, required=False, default=default, description=said)


def _put(text: str, inputs: dict[str, Input], kept: dict[str, str]) -> tuple[str, str]:
    """Return the template, and the text that it renders to with each default, or else name, in place."""
    template, plain, at = "", "", 0
    for found in _VARIABLE.finditer(text):
        name = _identifier(found[1])
        if found[1] in _KEPT or found[0] in kept or name not in inputs:
            continue
        before = text[at : found.start()]
        template += literal_before(before) + f"{{{{ {name} }}}}"
        plain += before + str(inputs[name].default if not inputs[name].required else name)
        at = found.end()
    return template + as_template(text[at:]), plain + text[at:]


def literal_before(text: str) -> str:
    """Return the template of *text*, which a variable follows: a brace at its end would become a part of that."""
    stem = text.rstrip("{")
    braces = text[len(stem) :]
    return as_template(stem) + (f"{{{{ '{braces}' }}}}" if braces else "")
