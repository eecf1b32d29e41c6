"""Which prompt a rendered one is: what a trace and a log say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from promptlib.errors import InvalidInputs, PromptLibError
from promptlib.origin import Standing
from promptlib.refs import Pin
from promptlib.version import SHORT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from promptlib.prompt import Prompt
    from promptlib.rendering import RenderedPrompt

    Find = Callable[[str], Prompt[Any]]


class Ran(NamedTuple):
    """A prompt as it ran. `includes` are all pins that were put in, those of included prompts too, nearest first.

    The name is `shared:support/triage` for one of another store; pins mean the store of their prompt.
    """

    name: str
    digest: str
    number: int | None
    edited: bool
    label: str
    commit: str
    includes: tuple[Pin, ...]

    @property
    def ref(self) -> str:
        """`support/triage@v3#3f9c2a1b`; without the number where it is not known, or not this content's."""
        return ref_of(self.name, None if self.edited else self.number, self.digest)


def ref_of(name: str, number: int | None, digest: str) -> str:
    """Return the short ref of a content, with a number where there is one."""
    return f"{name}{'' if number is None else f'@v{number}'}#{digest.removeprefix('sha256:')[:SHORT]}"


def prompt_of(rendered: RenderedPrompt) -> Prompt[Any]:
    """Return the prompt that *rendered* was made of; raises `InvalidInputs` for messages that no prompt made."""
    if rendered.source is None:
        raise InvalidInputs(
            "these messages were made by no prompt, so there is no version to tell",
            hint="give what prompt.render(…) returned",
        )
    return cast("Prompt[Any]", rendered.source.prompt)


def ran(prompt: Prompt[Any], find: Find | None = None) -> Ran:
    """Return what is told of *prompt*; *find* loads an include that it does not carry.

    A history that cannot be read costs the number and the commit, nothing else: what ran has run.
    """
    origin = prompt.origin
    standing = Standing(prompt.digest)
    if origin is not None:
        try:
            standing = origin.standing
        except (PromptLibError, OSError):
            standing = Standing(prompt.digest)
    return Ran(
        name=origin.qualified if origin else "",
        digest=prompt.digest,
        number=standing.number,
        # What was changed by evolve is no longer what was loaded.
        edited=standing.edited or standing.digest != prompt.digest,
        label=origin.label if origin else "",
        commit=standing.commit,
        includes=tuple(dict.fromkeys(_included(prompt, find))),
    )


def _included(prompt: Prompt[Any], find: Find | None) -> Iterator[Pin]:
    store = f"{prompt.origin.store}:" if prompt.origin and prompt.origin.store else ""
    ahead = [prompt]
    seen = {prompt.digest}
    for each in ahead:
        carried = dict(each.included)
        for alias, text in each.includes.items():
            pin = Pin.parse(str(text))
            yield pin
            inner = carried.get(alias) or _found(pin, store, find)
            if inner is not None and inner.digest not in seen:
                seen.add(inner.digest)
                ahead.append(inner)


def _found(pin: Pin, store: str, find: Find | None) -> Prompt[Any] | None:
    if find is None or not pin.name:
        return None
    try:
        return find(f"{store}{pin}")
    except (PromptLibError, OSError):
        return None
