"""What a prompt includes: pins by alias, and whether what they name fits where it is put."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from promptlib import inputs as grammar
from promptlib.errors import InvalidPrompt
from promptlib.messages import Message, Prelude
from promptlib.plain import Frozen
from promptlib.refs import Pin
from promptlib.version import Version

if TYPE_CHECKING:
    from promptlib.prompt import Prompt


def targets(given: object) -> Mapping[str, object]:
    """Return what is *given* as includes, a mapping by alias; raises `InvalidPrompt` for anything else."""
    if not isinstance(given, Mapping):
        hint = 'write includes={"style": store.load("support/style")}'
        raise InvalidPrompt(f"includes is a {type(given).__name__}, not a mapping", hint=hint)
    return given


def pinned(alias: str, target: object) -> str:
    """Return the pin that the include *alias* holds for *target*, a version or a pin; raises `InvalidPrompt`."""
    match target:
        case Version():
            return str(target.pin)
        case Pin() | str():
            return str(Pin.parse(str(target)))
    raise InvalidPrompt(f"the include {alias!r} is a {type(target).__name__}", hint="give a prompt, a Version or a pin")


def taken_elsewhere(prompt: Prompt[Any]) -> frozenset[str] | None:
    """Return the inputs that tools and includes take, or None when an include is not at hand to tell."""
    if len(prompt.included) < len(prompt.includes):
        return None
    included = {each.name for _, found in prompt.included for each in found.inputs}
    return frozenset(included.union(*map(bound_inputs, prompt.tools)))


def bound_inputs(tool: Frozen) -> set[str]:
    """Return the inputs that bindings of *tool* take, a mapping by parameter or a list, as Prompty has them."""
    found = tool.get("bindings")
    bindings = found.values() if isinstance(found, Frozen) else found if isinstance(found, tuple) else ()
    return {str(binding["input"]) for binding in bindings if isinstance(binding, Frozen) and "input" in binding}


def check_includes(prompt: Prompt[Any]) -> None:
    """Raise `InvalidPrompt` unless each alias is a word, each pin is one, and what is at hand fits."""
    for alias, pin in prompt.includes.items():
        if not alias.isidentifier():
            raise InvalidPrompt(
                f"the include {alias!r} is no word", hint='an alias is an identifier, as in {% include "style" %}'
            )
        Pin.parse(str(pin))
    for alias, found in prompt.included:
        check_included(prompt, alias, found)


def check_included(prompt: Prompt[Any], alias: str, found: Prompt[Any]) -> None:
    """An include is one message's text, and what it needs is declared here with a type that it accepts."""
    what = f"the include {alias!r}{f' ({found.name})' if found.name else ''}"
    if not hasattr(found, "messages"):
        raise InvalidPrompt(f"{what} is a chain", hint="only a prompt of one message can be included")
    if [type(piece) for piece in found.messages if not isinstance(piece, Prelude)] != [Message]:
        raise InvalidPrompt(
            f"{what} has {len(found.messages)} messages",
            hint="only a prompt of one message can be included: its text is put in place",
        )
    grammar.check_included(found.inputs, prompt.inputs, what)
