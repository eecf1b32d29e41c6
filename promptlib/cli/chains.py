"""A chain for people and programs: its steps in a table, as a flowchart, as JSON."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from promptlib.cli.asking import moment
from promptlib.cli.facts import edited, input_json, input_row, origins, title_rows, told_facts, version_of
from promptlib.cli.terminal import aligned, lines, paged, plain, print_json, write_exactly
from promptlib.cli.versions import described

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib import Chain, Step, Version
    from promptlib.cli.terminal import Row
    from promptlib.store import View


class Form(StrEnum):
    """How a chain is shown."""

    TABLE = ""
    TEXT = "text"
    MERMAID = "mermaid"
    JSON = "json"


def show(store: View, ref: str, chain: Chain[Any], form: Form) -> None:
    """Show *chain*, which *ref* names; what its floating steps run now too, and what is wrong with that."""
    from promptlib.errors import InvalidChain  # noqa: PLC0415 - help needs no errors

    problem = ""
    try:
        chain = store.load_chain(ref)
    except InvalidChain as error:
        problem = "\n".join(filter(None, (error.what, error.hint)))
    if form == Form.MERMAID:
        paged(lines(chain.to_mermaid()))
    elif form == Form.TEXT:
        write_exactly("\n".join(f"{each}" for each in chain.steps).encode() + b"\n")
    elif form == Form.JSON:
        print_json("chain", as_json(chain, version_of(store, chain), problem) | moment(store))
    else:
        paged(rows(chain, version_of(store, chain), problem))


def as_json(chain: Chain[Any], version: Version | None, problem: str = "") -> dict[str, object]:
    """Return the chain and its version as JSON."""
    from promptlib.codec import write  # noqa: PLC0415 - help needs no codec

    return {
        "name": chain.name,
        "digest": chain.digest,
        "edited": edited(chain),
        "label": (chain.origin.label if chain.origin else "") or None,
        "version": described(version) if version else None,
        "description": chain.description,
        "tags": list(chain.tags),
        "authors": list(chain.authors),
        "trust": chain.trust,
        "vouched": chain.vouched.to_dict() if chain.vouched else None,
        "pinned": chain.pinned,
        "inputs": [input_json(each) for each in chain.inputs],
        "steps": [_step_json(each) for each in chain.steps],
        "problem": problem or None,
        "file": write(chain).decode(),
    }


def _step_json(step: Step) -> dict[str, object]:
    from promptlib.plain import thaw  # noqa: PLC0415 - help needs no data

    origin = step.prompt.origin if step.prompt is not None else None
    return {
        "name": step.name,
        "prompt": str(step.use),
        "pinned": step.pinned,
        "label": step.label or None,
        "runs": step.prompt.digest if step.prompt is not None else None,
        "version": origin.version if origin else None,
        "inputs": thaw(step.wires),
        "outputs": None if step.gives is None else [input_json(each) for each in step.gives],
    }


def rows(chain: Chain[Any], version: Version | None, problem: str) -> Iterator[Row]:
    """Yield the chain for people: heading, inputs, steps with what they take and give."""
    yield from title_rows(chain, version)
    yield from told_facts({"tags": ", ".join(chain.tags), "authors": ", ".join(chain.authors), **origins(chain)})
    if problem:
        for line in problem.split("\n"):
            yield plain(line, "bold red")
    if chain.inputs:
        yield ()
        yield plain("inputs", "bold")
        yield from aligned([input_row(each) for each in chain.inputs])
    yield ()
    yield plain("steps", "bold")
    for at, each in enumerate(chain.steps, 1):
        yield from _step_rows(at, each)


def _step_rows(at: int, step: Step) -> Iterator[Row]:
    from promptlib.chain.drawing import prompt_of, wire_of  # noqa: PLC0415 - help needs no picture
    from promptlib.inputs import describe  # noqa: PLC0415 - help needs no inputs

    yield (
        (f"  {at}. ", "dim"),
        (step.name, "bold"),
        ("  ", ""),
        (prompt_of(step), "cyan" if step.pinned else "yellow"),
    )
    for key, wire in step.wires.items():
        yield ((f"       {key} = ", ""), (wire_of(wire), "magenta"))
    for given in step.gives or ():
        yield (("       gives ", "dim"), (f"{step.name}.{given.name}", ""), (f": {describe(given.type)}", "dim"))
