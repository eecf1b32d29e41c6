"""What a prompt declares, as tables: inputs, outputs, segments, and what a model is called with."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from promptlib.inputs import describe
from promptlib.inputs.wording import groups_told, shown
from promptlib.messages import Message
from promptlib.plain import thaw
from promptlib.site.markup import block, line
from promptlib.site.telling import told
from promptlib.tokens import count_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promptlib.inputs import Input
    from promptlib.prompt import Prompt
    from promptlib.segments import Segment

_SEGMENT = re.compile(r"""\{%-?\s*segment\s+["']([^"']+)["'].*?%\}(.*?)\{%-?\s*endsegment""", re.DOTALL)


def table(key: str, title: str, declared: Sequence[Input]) -> Iterator[str]:
    """Yield a section of *declared* inputs or outputs; what nobody has described has no column for it."""
    said = {each.name: "\n".join(filter(None, (each.description, *groups_told(each)))) for each in declared}
    described = any(said.values())
    words = ["Takes", "If left out"] if key == "inputs" else ["What", "Always there"]
    heads = ["Name", *words, *(["What it is"] if described else [])]
    yield _opening(key, title, heads)
    for each in declared:
        always = '<span class="need">required</span>' if key == "inputs" else "yes"
        default = always if each.required else f"<code>{line(_short(each))}</code>"
        what = f"<td><bdi>{block(said[each.name])}</bdi></td>" if described else ""
        yield (
            f'<tr><th scope="row"><code>{line(each.name)}</code></th><td>{line(describe(each.type))}</td>'
            f"<td>{default}</td>{what}</tr>"
        )
    yield "</tbody></table></div></section>"


def budget(prompt: Prompt[Any]) -> Iterator[str]:
    """Yield the segments of *prompt* with the tokens of those whose text stands in it, and how a budget cuts them."""
    segments = prompt.all_segments
    if not segments:
        return
    written: dict[str, str] = {}
    for piece in prompt.messages:
        if not (isinstance(piece, Message) and piece.literal):
            written |= {found[1]: found[2] for found in _SEGMENT.finditer(piece.text)}
    defaults = {each.name: each.default for each in prompt.inputs if isinstance(each.default, str)}
    yield _opening("segments", "Inside a budget", ["Segment", "Stays by priority", "How it is cut", "Size as written"])
    for name, segment in segments.items():
        text = written.get(name, defaults.get(name))
        size = "what is given" if text is None else told(count_tokens(text))
        yield (
            f'<tr><th scope="row"><code>{line(name)}</code></th><td>{segment.priority}</td>'
            f"<td>{line(_cut(segment))}</td><td>{line(size)}</td></tr>"
        )
    yield "</tbody></table></div></section>"


def _cut(segment: Segment) -> str:
    words = {
        "end": "its end goes",
        "start": "its start goes",
        "middle": "its middle goes",
        "drop": "kept whole or dropped",
        "oldest": "the oldest messages go",
        "items": "the last items go",
    }
    parts = [words[segment.truncate] if segment.truncate else "as fits the input"]
    parts += [f"at a {segment.boundary}"] if segment.boundary != "token" else []
    parts += [f"at least {segment.min_tokens:,} tokens"] if segment.min_tokens else []
    parts += [f"at most {segment.max_tokens:,} tokens"] if segment.max_tokens is not None else []
    return ", ".join(parts)


def settings(prompt: Prompt[Any]) -> Iterator[str]:
    """Yield what a model is called with, and the tools that it is offered, as JSON."""
    for key, title, value in (("settings", "Settings", prompt.settings), ("tools", "Tools", prompt.tools)):
        if value:
            text = json.dumps(thaw(value), ensure_ascii=False, indent=2)
            yield f'<section id="{key}"><h2>{title}</h2><pre class="source boxed">{block(text)}</pre></section>'


def _opening(key: str, title: str, heads: Sequence[str]) -> str:
    cells = "".join(f'<th scope="col">{head}</th>' for head in heads)
    return (
        f'<section id="{key}"><h2>{title}</h2><div class="scroll" tabindex="0" role="group" aria-label="{title}">'
        f"<table><thead><tr>{cells}</tr></thead><tbody>"
    )


def _short(declared: Input) -> str:
    return shown(thaw(declared.default))
