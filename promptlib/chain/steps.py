"""One step of a chain: which prompt, where its inputs come from, what it answers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from promptlib import inputs as grammar
from promptlib.errors import InvalidChain, PromptLibError, Where
from promptlib.inputs import Input, InputType
from promptlib.inputs.grammar import checked_inputs
from promptlib.plain import Frozen, freeze, thaw
from promptlib.prompt import Prompt
from promptlib.refs import Pin, Ref
from promptlib.version import Version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from promptlib.plain import Plain

#: What a step can be made of; a text is a pin, `name@label` to follow a label, or any other ref for `resolve` to find.
Use: TypeAlias = "Prompt[Any] | Version | Pin | Ref | str"

LONGEST_STEP = 64
CONSTANT = "constant"
#: A step that declares no output answers in words: one field holds them all.
TEXT: tuple[Input, ...] = (Input(name="text", type=InputType(kind="string")),)
_PATH = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
#: What stands in a pinned step of the canonical content, and in one that follows a label.
DIGEST, LABEL = "digest", "label"


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that a step is always given. `constant` makes one."""

    value: Plain


def constant(value: object) -> Constant:
    """Return *value*, plain data, for an input of a step that is the same in every run: `tone=constant("warm")`.

    Dates are given as ISO text, messages in the shape of chat APIs. Raises `InvalidPrompt` for what is no plain data.
    """
    return Constant(freeze(value, what="a constant"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One prompt of a chain. Immutable; `step` makes one.

    `use` says which prompt: a `Pin`, or a `Ref` with the label that the step follows. `wires` says, by input of the
    prompt, where its value comes from: the text `notes` or `notes.title` (an input of the chain), `summarise.text` (an
    earlier step's output), or `{"constant": value}`. `outputs` is what the step itself declares of its answer; `gives`
    is what holds. `prompt` is the prompt where it is at hand; it is not compared.
    """

    name: str
    use: Pin | Ref
    wires: Frozen = field(default_factory=Frozen)
    outputs: tuple[Input, ...] = ()
    prompt: Prompt[Any] | None = field(default=None, compare=False, repr=False)
    outputs_model: type[BaseModel] | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Check what can be checked of one step alone; raises `InvalidChain`."""
        _check_step_name(self.name)
        if not isinstance(self.use, Pin | Ref):
            raise _no_use(self.name, self.use)
        object.__setattr__(self, "wires", _wires(self.name, self.wires))
        _check_outputs(self.name, self.outputs)

    @property
    def pinned(self) -> bool:
        """Whether it always runs the same content; a floating one follows a label, wherever that is moved."""
        return isinstance(self.use, Pin)

    @property
    def label(self) -> str:
        """The label that it follows; empty for a pinned step."""
        return self.use.label if isinstance(self.use, Ref) else ""

    @property
    def gives(self) -> tuple[Input, ...] | None:
        """The fields of its output: its own, else those that its prompt declares, else `text`; None if unknown."""
        if self.outputs:
            return self.outputs
        return None if self.prompt is None else self.prompt.outputs or TEXT

    @property
    def answers_text(self) -> bool:
        """Whether the whole answer is its output `text`, and no JSON is expected."""
        return not self.outputs and self.prompt is not None and not self.prompt.outputs

    def using(self, prompt: Use) -> Step:
        """Return the same step with another prompt: how a chain is brought up to a new version."""
        use, at_hand = _used(self.name, prompt)
        return replace(self, use=use, prompt=at_hand)

    def content(self) -> Frozen:
        """Return its part of the canonical content."""
        use = {DIGEST: self.use.digest} if isinstance(self.use, Pin) else {LABEL: str(self.use)}
        parts: dict[str, Plain] = {
            "name": self.name,
            "prompt": Frozen(use),
            "inputs": self.wires,
            "outputs": grammar.canonical(self.outputs),
        }
        return Frozen({key: part for key, part in parts.items() if part})

    def __str__(self) -> str:
        """Return `summarise: meetings/summarise (3f9c2a1b)`; what follows a label says so."""
        return f"{self.name}: {self.used}"

    @property
    def used(self) -> str:
        """The prompt in words: `meetings/summarise (3f9c2a1b)`, or `meetings/summarise@production (floating)`."""
        if isinstance(self.use, Pin):
            return f"{self.use.name or '?'} ({self.use.digest.removeprefix('sha256:')[:8]})"
        return f"{self.use} (floating)"


def step(
    name: str,
    prompt: Use,
    wires: Mapping[str, str | Constant] | None = None,
    /,
    *,
    outputs: type[BaseModel] | None = None,
    **inputs: str | Constant,
) -> Step:
    """Return a step that runs *prompt*, its inputs wired by keyword: `step("decide", prompt, summary="read.text")`.

    A wire names an input of the chain (`notes`, or `notes.title` inside of an object) or a field of an earlier step's
    output (`read.text`); `constant(value)` is always the same. *outputs* is the model of what the step answers, as
    JSON; without it that is what the prompt declares, and else the field `text`, the whole answer. *wires* takes
    inputs that are called like a word of this function, `{"outputs": "read.text"}`.

    A prompt, `Version` or `Pin` is pinned by its digest. A text `name@production` follows that label: what the step
    runs changes when the label is moved, and the chain says so. Raises `InvalidChain`.
    """
    use, at_hand = _used(name, prompt)
    try:
        declared = grammar.declare(outputs) if outputs is not None else ()
    except PromptLibError as error:
        raise InvalidChain(
            f"the output of the step {name!r:.80} is outside the grammar: {error.what}",
            where=_where(name),
            hint=error.hint,
        ) from error
    if outputs is not None and not declared:
        raise InvalidChain(
            f"the output of the step {name!r:.80} has no fields", where=_where(name), hint="leave outputs= out for text"
        )
    given = {**(wires or {}), **inputs}
    return Step(
        name=name,
        use=use,
        wires=Frozen({key: _wire(name, key, value) for key, value in given.items()}),
        outputs=declared,
        prompt=at_hand,
        outputs_model=outputs,
    )


def _used(name: str, prompt: object) -> tuple[Pin | Ref, Prompt[Any] | None]:
    if isinstance(prompt, Prompt):
        return Pin(prompt.name, prompt.digest), prompt
    if isinstance(prompt, Version):
        return prompt.pin, None
    if isinstance(prompt, Pin | Ref):
        return prompt, None
    if not isinstance(prompt, str):
        raise _no_use(name, prompt)
    try:
        return Pin.parse(prompt), None
    except PromptLibError:
        pass
    try:
        return Ref.parse(prompt), None
    except PromptLibError as error:
        raise InvalidChain(
            f"the step {name!r:.80} names no prompt: {error.what}", where=_where(name), hint=error.hint
        ) from error


def _no_use(name: str, prompt: object) -> InvalidChain:
    return InvalidChain(
        f"the step {name!r:.80} is given a {type(prompt).__name__}, not a prompt",
        where=_where(name),
        hint="give a Prompt, a Version, a Pin, or a text such as name@production",
    )


def _check_step_name(name: object) -> None:
    if not isinstance(name, str) or not name.isidentifier() or name.startswith("_") or len(name) > LONGEST_STEP:
        raise InvalidChain(
            f"{ascii(name)[:80]} is no name for a step",
            hint="a word of letters, digits and _ that begins with a letter, such as summarise; its output is "
            "summarise.text",
        )


def _wire(name: str, key: str, value: object) -> Plain:
    if isinstance(value, Constant):
        return Frozen({CONSTANT: value.value})
    if isinstance(value, str):
        return value
    raise InvalidChain(
        f"the step {name!r:.80} wires {key!r:.80} to {value!r:.40}, which is no place that a value comes from",
        where=_where(name),
        hint=f"write constant({value!r:.40}) for a value that is always the same",
    )


def _wires(name: str, wires: object) -> Frozen:
    """Return *wires* in their one form: each a path, or one constant."""
    found = freeze(wires, what=f"the wires of the step {name!r:.80}")
    if not isinstance(found, Frozen):
        raise InvalidChain(
            f"the wires of the step {name!r:.80} are no mapping", where=_where(name), hint='such as {"text": "notes"}'
        )
    for key, wire in found.items():
        if isinstance(wire, str) and not _PATH.fullmatch(wire):
            raise InvalidChain(
                f"the step {name!r:.80} takes {key!r:.80} from {wire!r:.80}, which names nothing",
                where=_where(name),
                hint=f"write an input of the chain, or step.field; a text that is always the same is "
                f"constant({wire!r:.40})",
            )
        if not isinstance(wire, str) and (not isinstance(wire, Frozen) or set(wire) != {CONSTANT}):
            raise InvalidChain(
                f"the step {name!r:.80} wires {key!r:.80} to {thaw(wire)!r:.40}",
                where=_where(name),
                hint='a wire is a text such as "notes" or "read.text", or {"constant": value}',
            )
    return found


def _check_outputs(name: str, outputs: tuple[Input, ...]) -> None:
    """A model answers in words, and JSON in them: an image or a list of messages never comes back."""
    object_of = checked_inputs(outputs)
    for each in object_of:
        if kind := _unspoken(each.type):
            raise InvalidChain(
                f"the step {name!r:.80} declares {each.name!r} with a {kind}, which no answer can hold",
                where=_where(name),
                hint="an answer is text or JSON: declare texts, numbers, lists, objects",
            )


def _unspoken(kind_of: InputType) -> str:
    if kind_of.kind in ("thread", "image", "file"):
        return kind_of.kind
    parts = (kind_of.items, *(each.type for each in kind_of.properties))
    return next((found for part in parts if part is not None and (found := _unspoken(part))), "")


def _where(name: object) -> Where:
    return Where(f"step {name!r:.80}")
