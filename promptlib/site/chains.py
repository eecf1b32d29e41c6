"""A chain on its page: its steps in their order, where each takes its inputs from, and what it gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptlib.chain.drawing import gives, wire_of
from promptlib.refs import Pin
from promptlib.site.markup import block, line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from promptlib.chain import Chain, Step
    from promptlib.plain import Plain


def steps(chain: Chain[Any], link: Callable[[str, int | None], str]) -> Iterator[str]:
    """Yield the steps of *chain*, each with a link to its prompt where *link* has an address, and the flowchart."""
    yield '<section id="steps"><h2>Steps</h2><ol class="steps">'
    for at, each in enumerate(chain.steps, 1):
        yield _step(at, each, chain, link)
    yield "</ol>"
    yield (
        f"<details><summary>The same as a Mermaid flowchart</summary>"
        f'<pre class="source boxed">{block(chain.to_mermaid())}</pre></details></section>'
    )


def _step(at: int, step: Step, chain: Chain[Any], link: Callable[[str, int | None], str]) -> str:
    earlier = {each.name for each in chain.steps[: at - 1]}
    rows = "".join(
        f'<li><code>{line(key)}</code> <span class="soft">from</span> {_wire(wire, earlier)}</li>'
        for key, wire in step.wires.items()
    )
    takes = f'<ul class="wires">{rows}</ul>' if rows else ""
    return (
        f'<li id="step-{line(step.name)}"><h3>{at}. <bdi>{line(step.name)}</bdi></h3>'
        f"<p>{_used(step, link)}</p>{takes}"
        f'<p class="gives"><span class="soft">gives</span> <code>{line(gives(step))}</code></p></li>'
    )


def _used(step: Step, link: Callable[[str, int | None], str]) -> str:
    origin = step.prompt.origin if step.prompt is not None else None
    number = origin.number if origin else None
    name = step.use.name
    where = link(name, number)
    if not where:
        return '<span class="soft">a prompt that is not in this catalogue</span>'
    told = f"<bdi>{line(name)}</bdi>" + (f" v{number}" if number is not None else "")
    pinned = (
        f' <span class="soft">pinned to {line(step.use.digest.removeprefix("sha256:")[:8])}</span>'
        if isinstance(step.use, Pin)
        else f' <span class="chip warn">floating: follows {line(step.label)}</span>'
    )
    return f'<a href="{where}">{told}</a>{pinned}'


def _wire(wire: Plain, earlier: set[str]) -> str:
    if not isinstance(wire, str):
        return f"<code>{line(wire_of(wire))}</code>"
    head = wire.partition(".")[0]
    if head in earlier:
        return f'<a href="#step-{line(head)}"><code>{line(wire)}</code></a>'
    return f'<code>{line(wire)}</code> <span class="soft">an input of the chain</span>'
