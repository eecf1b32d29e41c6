"""A chain as a picture: a Mermaid flowchart, and a table for a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptlib.chain.steps import CONSTANT
from promptlib.flowchart import escaped
from promptlib.inputs import described
from promptlib.inputs.wording import shown
from promptlib.plain import Frozen, thaw
from promptlib.tables import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.chain.chain import Chain
    from promptlib.chain.steps import Step
    from promptlib.plain import Plain

WIDEST = 60


def mermaid(chain: Chain[Any]) -> str:
    """Return a flowchart: inputs on top, steps in their order, a dashed edge around what follows a label."""
    inputs = {each.name: f"i{at}" for at, each in enumerate(chain.inputs)}
    steps = {each.name: f"s{at}" for at, each in enumerate(chain.steps)}
    rows = ["flowchart TB"]
    rows += [f'    {inputs[each.name]}(["{escaped(_short(described(each)))}"])' for each in chain.inputs]
    rows += [f'    {steps[each.name]}["{_box(at, each)}"]' for at, each in enumerate(chain.steps, 1)]
    for each in chain.steps:
        rows += [f"    {row}" for row in _arrows(each, inputs | steps)]
    rows += [f"    style {steps[each.name]} stroke-dasharray: 5 5" for each in chain.steps if not each.pinned]
    return "\n".join(rows)


def _box(at: int, step: Step) -> str:
    constants = [f"{key} = {wire_of(wire)}" for key, wire in step.wires.items() if isinstance(wire, Frozen)]
    lines = (f"{at}. {step.name}", prompt_of(step), *constants, f"gives {gives(step)}")
    return "<br/>".join(escaped(_short(line)) for line in lines)


def _arrows(step: Step, ids: dict[str, str]) -> Iterator[str]:
    for key, wire in step.wires.items():
        if isinstance(wire, str):
            head, _, rest = wire.partition(".")
            word = f"{rest} to {key}" if rest and rest != key else key
            yield f"{ids[head]} -->|{escaped(_short(word))}| {ids[step.name]}"


def prompt_of(step: Step) -> str:
    """Return the prompt in words, with the number that it was loaded with, and what it is now if it follows a label."""
    origin = step.prompt.origin if step.prompt is not None else None
    version = f" {origin.version}" if origin and origin.version else ""
    if step.pinned:
        name, _, short = step.used.rpartition(" ")
        return f"{name}{version} {short}"
    now = f", now{version} ({step.prompt.digest[7:15]})" if step.prompt is not None else ""
    return f"{step.use} floating{now}"


def gives(step: Step) -> str:
    """Return the fields of a step's output in words."""
    if step.gives is None:
        return "what its prompt declares"
    return ", ".join(each.name for each in step.gives)


def wires(step: Step) -> str:
    """Return the wires of a step in words: `text = notes, tone = constant 'warm'`."""
    return ", ".join(f"{key} = {wire_of(wire)}" for key, wire in step.wires.items())


def wire_of(wire: Plain) -> str:
    """Return one wire in words: a path, or `constant 'warm'`."""
    return f"constant {shown(thaw(wire[CONSTANT]))}" if isinstance(wire, Frozen) else str(wire)


def _short(text: str) -> str:
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


def html(chain: Chain[Any]) -> str:
    """Return a table of the steps."""
    from html import escape  # noqa: PLC0415 - only a notebook needs it

    left = "text-align:left;vertical-align:top"
    head = "".join(f"<th style='{left}'>{each}</th>" for each in ("step", "prompt", "takes", "gives"))
    rows = [
        "".join(
            f"<td style='{left}'>{escape(cell)}</td>"
            for cell in (f"{at}. {each.name}", prompt_of(each), wires(each), gives(each))
        )
        for at, each in enumerate(chain.steps, 1)
    ]
    inputs = ", ".join(map(described, chain.inputs)) or "no inputs"
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"{TABLE}<caption style='{left}'>{escape(inputs)}</caption><tr>{head}</tr>{body}</table>"
