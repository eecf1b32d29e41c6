"""The inputs of a prompt as fields to fill in, with the preview beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptlib.inputs import describe
from promptlib.plain import thaw
from promptlib.site.filling import AS_JSON, shown_default
from promptlib.site.markup import block, line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.inputs import Input
    from promptlib.prompt import Prompt

_THREAD = '[{"role": "user", "content": "…"}]'


def form(prompt: Prompt[Any]) -> Iterator[str]:
    """Yield the fields of *prompt*, and the place where the script shows what they make."""
    yield '<section id="try"><h2>Try it</h2><noscript><p class="note">The preview needs scripts.</p></noscript>'
    yield '<div class="bench"><form id="form" autocomplete="off" aria-label="Inputs">'
    for at, declared in enumerate(prompt.inputs):
        yield _field(at, declared)
    yield '<div class="actions"><button type="reset">Start over</button></div></form>'
    yield (
        '<div class="preview"><div class="title"><h3>What is sent</h3>'
        '<button type="button" data-copy="messages">Copy as JSON</button>'
        '<button type="button" data-copy="rendered">Copy text</button></div>'
        '<div id="preview" role="region" aria-label="Preview" tabindex="0"></div>'
        '<p id="state" class="soft" role="status"></p></div></div></section>'
    )


def _field(at: int, declared: Input) -> str:
    hint = f'<p class="hint" id="h{at}"><bdi>{block(declared.description)}</bdi></p>' if declared.description else ""
    told = f"h{at} e{at}" if hint else f"e{at}"
    need = "" if not declared.required else ' <span class="need">required</span>'
    shared = f'id="f{at}" data-field="{at}" aria-describedby="{told}"'
    return (
        f'<div class="field {declared.type.kind}"><label for="f{at}"><code>{line(declared.name)}</code>{need} '
        f'<span class="soft">{line(describe(declared.type))}</span></label>{hint}'
        f'{_control(declared, shared)}<p class="wrong" id="e{at}"></p></div>'
    )


def _control(declared: Input, shared: str) -> str:
    kind, now = declared.type, shown_default(declared)
    match kind.kind:
        case "boolean":
            return f'<input type="checkbox" {shared}{" checked" if now == "True" else ""}>'
        case "enum":
            return f"<select {shared}>{''.join(_options(declared))}</select>"
        case "integer" | "float":
            step = "1" if kind.kind == "integer" else "any"
            return f'<input type="number" step="{step}" {shared} value="{line(now)}">'
        case "date":
            return f'<input type="date" {shared} value="{line(now)}">'
        case "datetime":
            # A field of the browser's own knows no zones.
            return f'<input type="text" {shared} value="{line(now)}" placeholder="2026-05-03T14:00:00+02:00">'
        case "image" | "file":
            return f'<input type="text" inputmode="url" {shared} value="{line(now)}" placeholder="https://…">'
    hint = f" placeholder='{_THREAD}'" if kind.kind == "thread" else ""
    sort = ' class="json" spellcheck="false"' if kind.kind in AS_JSON else ""
    # The first line break of a text area is not part of its text.
    return f'<textarea rows="{3 if kind.kind in AS_JSON else 2}" {shared}{sort}{hint}>\n{block(now)}</textarea>'


def _options(declared: Input) -> Iterator[str]:
    default = None if declared.required else declared.default
    if default is None:
        nothing = "none" if declared.type.nullable and not declared.required else "choose…"
        yield f'<option value="" selected>{nothing}</option>'
    chosen = False
    for at, value in enumerate(declared.type.values):
        here = not chosen and type(value) is type(default) and value == default
        chosen = chosen or here
        yield f'<option value="{at}"{" selected" if here else ""}>{line(str(thaw(value)))}</option>'
