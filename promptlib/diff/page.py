"""A difference as HTML: a fragment for notebooks and pages, or a page of its own."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from promptlib.columns import safe
from promptlib.diff.layout import shown_pin, shown_use, shown_value, visible, word_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptlib.diff.comparison import PromptDiff
    from promptlib.diff.counts import DiffTokens, TokenChange
    from promptlib.diff.layout import Line
    from promptlib.diff.rows import FieldChange, IncludeChange, InputChange, MessageChange
    from promptlib.diff.steps import StepChange

# Colours are tints over whatever is behind them, so that light and dark pages and notebooks are served alike.
STYLE = """\
.promptlib-diff{font:14px/1.5 system-ui,sans-serif;container-type:inline-size;max-width:100rem;text-align:left;\
--add:rgba(46,160,67,.16);--added:rgba(46,160,67,.42);--cut:rgba(248,81,73,.14);--gone:rgba(248,81,73,.38);\
--line:rgba(128,128,128,.35);--dim:light-dark(#59636e,#9198a1);--bad:light-dark(#cf222e,#ff7b72)}
.promptlib-diff *{box-sizing:border-box}
.promptlib-diff h2{font-size:1.15em;margin:.2em 0 .4em;overflow-wrap:anywhere}
.promptlib-diff h3{font-size:1em;margin:1.2em 0 .3em}
.promptlib-diff code,.promptlib-diff .text{font:.93em/1.5 ui-monospace,monospace;white-space:pre-wrap;\
overflow-wrap:anywhere;background:none;color:inherit;padding:0}
.promptlib-diff .dim{color:var(--dim)}
.promptlib-diff .breaking{border-left:4px solid #d1242f;background:var(--cut);padding:.4em .8em;margin:.5em 0}
.promptlib-diff .breaking ul,.promptlib-diff ul{margin:.2em 0;padding-left:1.4em}
.promptlib-diff li.added::marker{content:"+ ";color:#2da44e}
.promptlib-diff li.removed::marker{content:"- ";color:#d1242f}
.promptlib-diff li.changed::marker{content:"~ ";color:#bf8700}
.promptlib-diff .why.bad{color:var(--bad);font-weight:600}
.promptlib-diff section.message{border:1px solid var(--line);border-radius:6px;margin:.6em 0;overflow:hidden}
.promptlib-diff section.message>header{padding:.3em .7em;border-bottom:1px solid var(--line);font-weight:600}
.promptlib-diff section.message>header:last-child{border-bottom:0}
.promptlib-diff header .dim{font-weight:400}
.promptlib-diff .line{display:grid;grid-template-columns:1fr 1fr}
.promptlib-diff .line>div{padding:0 .7em;min-height:1.5em;min-width:0}
.promptlib-diff .line>.new{border-left:1px solid var(--line)}
.promptlib-diff .line.one{grid-template-columns:1fr}
.promptlib-diff .line.one>.new{border-left:0}
.promptlib-diff .old.hit{background:var(--cut)}
.promptlib-diff .new.hit{background:var(--add)}
.promptlib-diff del{background:var(--gone);text-decoration:line-through;text-decoration-thickness:1px;color:inherit}
.promptlib-diff ins{background:var(--added);text-decoration:none;color:inherit}
.promptlib-diff .skip{padding:0 .7em;color:var(--dim);background:rgba(128,128,128,.08);font-size:.88em}
@container (max-width:52rem){
.promptlib-diff .line{grid-template-columns:1fr}
.promptlib-diff .line>.new{border-left:0}
.promptlib-diff .line>.old:not(.hit){display:none}
.promptlib-diff .line>.new.empty{display:none}
}"""
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>:root{{color-scheme:light dark}}body{{margin:1.5rem;background:Canvas;color:CanvasText}}</style>
</head>
<body>
{body}
</body>
</html>
"""


def escaped(text: str) -> str:
    """Return *text* as HTML shows it, with what is not to be seen made visible."""
    return escape(safe(visible(text)))


def as_html(difference: PromptDiff, tokens: DiffTokens, *, page: bool) -> str:
    """Return *difference* as a fragment with its style, or as a whole *page*."""
    blocks = "\n".join(blocks_of(difference, tokens))
    body = f'<div class="promptlib-diff">\n<style>\n{STYLE}\n</style>\n{blocks}\n</div>'
    if not page:
        return body
    return _PAGE.format(title=escaped(_title(difference)), body=body)


def _title(difference: PromptDiff) -> str:
    return f"{difference.before or 'nothing'} → {difference.after}"


def blocks_of(difference: PromptDiff, tokens: DiffTokens) -> Iterator[str]:
    """Yield the heading, what breaks, the tokens, each layer, and the messages."""
    yield f"<h2>{escaped(_title(difference))}</h2>"
    if not difference:
        yield "<p>No difference.</p>"
        return
    if difference.breaking:
        causes = "".join(f"<li>{escaped(reason)}</li>" for reason in difference.reasons)
        yield f'<div class="breaking"><strong>Breaking</strong><ul>{causes}</ul></div>'
    if difference.same:
        yield "<p>The content is the same: only what is no part of the digest differs.</p>"
    else:
        yield f'<p>{_arrow(str(tokens))} <span class="dim">({escaped(tokens.note)})</span></p>'
    yield from _list("Metadata", map(_field_row, difference.metadata))
    yield from _list("Inputs", map(_input_row, difference.inputs))
    yield from _list("Outputs", map(_input_row, difference.outputs))
    yield from _list("Settings", map(_field_row, difference.settings))
    yield from _list("Tools", map(_field_row, difference.tools))
    yield from _list("Segments", map(_field_row, difference.segments))
    costs = dict(tokens.includes)
    if difference.includes:
        yield "<h3>Includes</h3>"
    for row in difference.includes:
        yield from _include(row, costs.get(row.path))
    if difference.steps:
        yield "<h3>Steps</h3>"
    for step in difference.steps:
        yield from _step(step, costs.get(step.step))
    yield from _messages(difference.messages, tokens.messages)


def _arrow(text: str) -> str:
    return escaped(text).replace("-&gt;", "→")


def _list(title: str, items: Iterable[str]) -> Iterator[str]:
    found = "".join(items)
    if found:
        yield f"<h3>{title}</h3>\n<ul>{found}</ul>"


def _input_row(row: InputChange) -> str:
    aspect = "" if row.aspect == "input" else f" {row.aspect}"
    return _item(row, aspect, [value for value in (row.before, row.after) if value])


def _field_row(row: FieldChange) -> str:
    before = [] if row.change == "added" else [shown_value(row.before)]
    after = [] if row.change == "removed" else [shown_value(row.after)]
    return _item(row, "", [*before, *after])


def _item(row: InputChange | FieldChange, aspect: str, values: list[str]) -> str:
    shown = " → ".join(f"<code>{escaped(value)}</code>" for value in values)
    why = ""
    if row.reason:
        sort, word = (" bad", "breaking: ") if row.breaking else (" dim", "")
        why = f' <span class="why{sort}">({word}{escaped(row.reason)})</span>'
    return f'<li class="{row.change}"><code>{escaped(row.path)}</code>{aspect}: {shown}{why}</li>'


def _include(row: IncludeChange, cost: TokenChange | None) -> Iterator[str]:
    pins = [shown_pin(row.before, row.old_version), shown_pin(row.after, row.new_version)]
    shown = " → ".join(f"<code>{escaped(pin)}</code>" for pin in pins if pin)
    tokens = f", {_arrow(str(cost))}" if cost is not None and row.content else ""
    yield f'<ul><li class="{row.change}"><code>{escaped(row.path)}</code>: {shown}{tokens}</li></ul>'
    if row.difference is not None and row.change == "changed":
        for each in row.difference.messages:
            if each.change != "same":
                yield _message(each, None, f"{row.path}: ")


def _step(row: StepChange, cost: TokenChange | None) -> Iterator[str]:
    uses = [shown_use(row.old_use, row.old_version), shown_use(row.new_use, row.new_version)]
    pairs = " → ".join(f"<code>{escaped(use)}</code>" for use in dict.fromkeys(uses) if use)
    tokens = f", {_arrow(str(cost))}" if cost is not None and (row.bumped or row.change != "changed") else ""
    inner = "".join([*map(_field_row, row.wires), *map(_input_row, row.outputs)])
    why = f' <span class="why bad">(breaking: {escaped(row.reason)})</span>' if row.change == "removed" else ""
    yield (
        f'<ul><li class="{row.change}"><code>{escaped(row.step)}</code>: {escaped(row.summary)}{tokens}, {pairs}{why}'
        f"{f'<ul>{inner}</ul>' if inner else ''}</li></ul>"
    )
    for each in row.difference.messages if row.difference is not None else ():
        if each.change != "same":
            yield _message(each, None, f"{row.step}: ")


def _messages(messages: tuple[MessageChange, ...], costs: tuple[TokenChange, ...]) -> Iterator[str]:
    changed = [(row, cost) for row, cost in zip(messages, costs, strict=True) if row.change != "same"]
    if not changed:
        return
    yield "<h3>Messages</h3>"
    for row, cost in changed:
        yield _message(row, cost)
    if len(changed) < len(messages):
        yield f'<p class="dim">({len(messages) - len(changed)} unchanged)</p>'


def _message(row: MessageChange, cost: TokenChange | None, above: str = "") -> str:
    tokens = f", {_arrow(str(cost))}" if cost is not None and (cost.change or row.reworded) else ""
    told = f'<span class="dim">: {row.summary}{tokens}</span>'
    lines = "".join(_line(line, two=row.change == "changed") for line in word_lines(row.words))
    return (
        f'<section class="message"><header>{escaped(above + row.title)}{told}</header>'
        f"{f'<div class=text>{lines}</div>' if lines else ''}</section>"
    )


def _line(line: Line, *, two: bool) -> str:
    """Return the old line and the new one beside each other, or where there is only one of them, that one."""
    skipped = f"… {line.skipped} unchanged line{'s' if line.skipped > 1 else ''}" if line.skipped else ""
    gap = f'<div class="skip">{skipped}</div>' if skipped else ""
    sides = {"old": _side(line, "removed", "del"), "new": _side(line, "added", "ins")}
    hits = {name: " hit" if f"<{tag}>" in sides[name] else "" for name, tag in (("old", "del"), ("new", "ins"))}
    cells = "".join(
        f'<div class="{name}{hits[name]}{"" if text else " empty"}">{text}</div>'
        for name, text in sides.items()
        if two or text
    )
    return f'{gap}<div class="line{"" if two else " one"}">{cells}</div>'


def _side(line: Line, edit: str, tag: str) -> str:
    shown = []
    for word in line.words:
        if word.edit == edit:
            shown.append(f"<{tag}>{escaped(word.text.replace(chr(10), '⏎'))}</{tag}>")
        elif word.edit == "same":
            shown.append(escaped(word.text))
    return "".join(shown)
