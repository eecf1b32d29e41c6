"""The page of one prompt, from what the store says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.chain import Chain
from promptlib.messages import Message, Placeholder
from promptlib.site.chains import steps
from promptlib.site.changes import python_line, versions
from promptlib.site.filling import Plan, field, plan, stretches
from promptlib.site.form import form
from promptlib.site.markup import SEARCH, Shell, address, block, line
from promptlib.site.picture import picture
from promptlib.site.tables import budget, settings, table
from promptlib.site.telling import anchor, count, day, told
from promptlib.site.using import code_lines, copied

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import Any

    from promptlib.messages import Piece
    from promptlib.prompt import Prompt
    from promptlib.site.gathering import Leaf, Link
    from promptlib.tokens import TokenCount

#: A text of more lines than this scrolls in a box of its own.
_LONG = 60


class LeafPage:
    """Makes the pages of prompts; `names` are those that have one."""

    def __init__(self, title: str, names: Collection[str]) -> None:
        """Make pages of the site called *title*, which link to the pages of *names*."""
        self._plain = Shell(title, "leaf", "leaf.js")
        self._fillable = Shell(title, "leaf", "preview.js", "leaf.js")
        self._names = frozenset(names)

    def html(self, leaf: Leaf) -> str:
        """Return the whole page of *leaf*."""
        depth = address(leaf.name).count("/")
        root = "../" * depth
        filled = Plan([]) if isinstance(leaf.prompt, Chain) else plan(leaf.prompt)
        verb = "load_chain" if isinstance(leaf.prompt, Chain) else "load"
        data: dict[str, object] = {
            "text": copied(leaf.prompt),
            "codes": [code.text for code in code_lines(leaf)],
            "versions": {anchor(change): python_line(change, verb) for change in leaf.changes},
        }
        if filled.serves:
            data |= {"items": filled.items, "fields": list(map(field, leaf.prompt.inputs))}
        middle = SEARCH.format(root=root)
        body = self._body(leaf, filled, root)
        shell = self._fillable if filled.serves else self._plain
        return shell.page(body, data, title=leaf.name, depth=depth, middle=middle)

    def _body(self, leaf: Leaf, filled: Plan, root: str) -> Iterator[str]:
        yield '<main id="main">'
        yield from _head(leaf, root)
        yield from _jumps(leaf, filled)
        if isinstance(leaf.prompt, Chain):
            yield from steps(leaf.prompt, lambda name, number: self._place(name, number, root))
        else:
            yield from _text_of(leaf, leaf.prompt, filled)
        if leaf.prompt.inputs and not filled.serves:
            yield from table("inputs", "Inputs", leaf.prompt.inputs)
        if leaf.prompt.outputs:
            yield from table("outputs", "It answers with", leaf.prompt.outputs)
        yield from _use(leaf)
        yield from self._neighbours(leaf, root)
        yield from versions(leaf)
        if leaf.nodes:
            yield '<section id="lineage"><h2>Lineage</h2>'
            yield from picture(leaf, lambda name, number: self._place(name, number, root))
            yield "</section>"
        yield "</main>"

    def _place(self, name: str, number: int | None, root: str) -> str:
        """Return where the version *number* of *name* is told of, or nothing where no page of this site tells it."""
        if name not in self._names:
            return ""
        return f"{root}{address(name)}" + (f"#v{number}" if number is not None else "")

    def _neighbours(self, leaf: Leaf, root: str) -> Iterator[str]:
        for key, title, links in (("uses", "Built from", leaf.uses), ("used", "Used by", leaf.used)):
            if links:
                rows = "".join(self._neighbour(link, root) for link in links)
                yield f'<section id="{key}"><h2>{title}</h2><ul class="links">{rows}</ul></section>'

    def _neighbour(self, link: Link, root: str) -> str:
        where = self._place(link.name, link.number, root)
        number = f" v{link.number}" if link.number is not None else ""
        name = f"<bdi>{line(link.name)}</bdi>{number}"
        told = f'<a href="{where}">{name}</a>' if where else name
        note = f' <span class="soft">{line(link.note)}</span>' if link.note else ""
        return f'<li><span class="soft">{line(link.how)}</span> {told}{note}</li>'


# --- the head ---------------------------------------------------------------------------------------------------------


def _head(leaf: Leaf, root: str) -> Iterator[str]:
    folder, _, last = leaf.name.rpartition("/")
    crumbs = f'<a href="{root}index.html">All prompts</a>'
    if folder:
        crumbs += (
            f' <span aria-hidden="true">/</span> <a href="{root}index.html#folder={line(folder)}">{line(folder)}</a>'
        )
    yield f'<header class="head"><nav class="crumbs" aria-label="Where this stands">{crumbs}</nav>'
    before = f'<span class="folder">{line(folder)}/<wbr></span>' if folder else ""
    yield f"<h1>{before}<bdi>{line(last)}</bdi></h1>"
    if leaf.prompt.description:
        yield f'<p class="lead"><bdi>{block(leaf.prompt.description)}</bdi></p>'
    yield from _chips(leaf, root)
    yield f'<dl class="facts">{"".join(_facts(leaf))}</dl>'
    yield (
        f'<div class="actions"><button type="button" class="primary" data-copy="text">{_copies(leaf)}</button>'
        '<button type="button" data-copy="0">Copy Python</button></div>'
        '<p id="said" class="hidden" role="status"></p></header>'
    )


def _copies(leaf: Leaf) -> str:
    return "Copy Mermaid" if isinstance(leaf.prompt, Chain) else "Copy text"


def _chips(leaf: Leaf, root: str) -> Iterator[str]:
    chips = [
        f'<li><a class="chip label" href="{root}index.html#label={line(label)}">{line(label)}'
        f"{f' v{version.number}' if version.number is not None else ''}</a></li>"
        for label, version in leaf.labels.items()
    ]
    chips += [
        f'<li><a class="chip" href="{root}index.html#tag={_quoted(tag)}"><bdi>{line(tag)}</bdi></a></li>'
        for tag in leaf.prompt.tags
    ]
    if isinstance(leaf.prompt, Chain):
        chips.insert(0, f'<li><a class="chip kind" href="{root}index.html#kind=chain">chain</a></li>')
    if leaf.prompt.trust != "own":
        chips.append('<li><span class="chip warn">foreign text</span></li>')
    if chips:
        yield f'<ul class="chips" aria-label="Labels and tags">{"".join(chips)}</ul>'


def _quoted(text: str) -> str:
    from urllib.parse import quote  # noqa: PLC0415 - tags are few

    return quote(text.encode("utf-8", "replace"), safe="")


def _facts(leaf: Leaf) -> Iterator[str]:
    version = leaf.version
    if version:
        number = f"v{version.number}" if version.number is not None else "v?"
        yield f"<div><dt>Version</dt><dd>{number} <code>{version.short}</code></dd></div>"
        yield f"<div><dt>Changed</dt><dd>{day(version.time)} by <bdi>{line(version.author)}</bdi></dd></div>"
    else:
        yield f"<div><dt>Version</dt><dd>not committed <code>{leaf.prompt.digest[7:15]}</code></dd></div>"
    if isinstance(leaf.prompt, Chain):
        yield f"<div><dt>Steps</dt><dd>{len(leaf.prompt.steps)}</dd></div>"
    else:
        yield f"<div><dt>Size</dt><dd>{told(leaf.total)}</dd></div>"
    yield f"<div><dt>Inputs</dt><dd>{len(leaf.prompt.inputs) or 'none'}</dd></div>"


def _jumps(leaf: Leaf, filled: Plan) -> Iterator[str]:
    places = [
        ("try", "Try it", filled.serves),
        ("steps", "Steps", isinstance(leaf.prompt, Chain)),
        ("text", "Text", not isinstance(leaf.prompt, Chain)),
        ("use", "Use it", True),
        ("used", "Used by", bool(leaf.used)),
        ("versions", "Versions", bool(leaf.changes)),
        ("lineage", "Lineage", bool(leaf.nodes)),
    ]
    links = "".join(f'<a href="#{key}">{word}</a>' for key, word, there in places if there)
    yield f'<nav class="jumps" aria-label="On this page">{links}</nav>'


# --- the text ---------------------------------------------------------------------------------------------------------


def _text_of(leaf: Leaf, prompt: Prompt[Any], filled: Plan) -> Iterator[str]:
    """Yield what is a prompt's own: its fields, its messages, its segments, and what a model is called with."""
    if filled.serves:
        yield from form(prompt)
    yield from _text(leaf, prompt, filled)
    yield from budget(prompt)
    yield from settings(prompt)


def _text(leaf: Leaf, prompt: Prompt[Any], filled: Plan) -> Iterator[str]:
    yield '<section id="text"><h2>Text</h2>'
    if filled.reason:
        yield f'<p class="note">No live preview: {line(filled.reason)}.</p>'
    elif not prompt.inputs:
        yield '<p class="soft">It takes no inputs: this is what is sent.</p>'
    counts = iter(leaf.tokens)
    for piece in prompt.messages:
        yield _piece(piece, next(counts) if isinstance(piece, Message | Placeholder) else None)
    yield "</section>"


def _piece(piece: Piece, tokens: TokenCount | None) -> str:
    if isinstance(piece, Message):
        head = f"{piece.role}"
    else:
        head = f"messages of <code>{line(piece.name)}</code>" if isinstance(piece, Placeholder) else "statements"
    size = f' <span class="soft">{count(int(tokens), "token")}</span>' if tokens else ""
    if isinstance(piece, Placeholder) and not piece.text.strip():
        return f'<article class="message placeholder"><h3>{head}</h3></article>'
    shown = "".join(
        block(each.text) if each.sort == "text" else f'<span class="{each.sort}">{block(each.text)}</span>'
        for each in stretches(piece)
    )
    long = ' tabindex="0" role="region" aria-label="A long text"' if piece.text.count("\n") > _LONG else ""
    role = piece.role if isinstance(piece, Message) else "prelude"
    return (
        f'<article class="message {role}"><h3>{head}{size}</h3>'
        f'<pre class="source{" long" if long else ""}"{long}>\n{shown}</pre></article>'
    )


def _use(leaf: Leaf) -> Iterator[str]:
    yield '<section id="use"><h2>Use it</h2><ul class="codes">'
    for at, code in enumerate(code_lines(leaf)):
        yield (
            f'<li><span class="soft">{code.title}</span><code class="code">{line(code.shown)}</code>'
            f'<button type="button" data-copy="{at}" aria-label="Copy: {code.title}">Copy</button></li>'
        )
    yield "</ul></section>"
