"""The life of a prompt as its page tells it: version by version, with what each changed."""

from __future__ import annotations

from html import unescape
from itertools import islice
from typing import TYPE_CHECKING

from promptlib.diff.page import blocks_of
from promptlib.prompt import Prompt
from promptlib.site.markup import block, cut, line
from promptlib.site.telling import anchor, count, day, told
from promptlib.site.using import copied

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.site.gathering import Change, Leaf

#: Characters of one difference, and of all on a page, that are shown.
MOST_OF_ONE, MOST_OF_ALL = 120_000, 1_500_000
_LONGEST_MESSAGE = 2_000


def versions(leaf: Leaf) -> Iterator[str]:
    """Yield the section that tells the versions of *leaf*, the newest first; nothing where none are to be told."""
    if not leaf.changes:
        return
    yield (
        f'<section id="versions"><h2>Versions <span class="soft">{len(leaf.changes) + leaf.older}</span></h2>'
        '<ol class="versions" reversed>'
    )
    room = MOST_OF_ALL
    for at, change in enumerate(leaf.changes):
        before = leaf.changes[at + 1].version.ref if at + 1 < len(leaf.changes) else ""
        shown = _difference(change, before, room)
        room -= len(shown)
        text = _text(change, room) if at else ""  # the newest one stands above
        room -= len(text)
        yield _version(change, shown + text)
    yield "</ol>"
    if leaf.older:
        yield f'<p class="soft">{count(leaf.older, "older version")}: <code>promptlib log {line(leaf.name)}</code></p>'
    yield "</section>"


def _difference(change: Change, before: str, room: int) -> str:
    if change.difference is None:
        said = (
            f"No difference can be told: {line(change.why)}"
            if change.why
            else "The version before it is not shown here."
        )
        return f'<p class="soft">{said}</p>'
    blocks = islice(blocks_of(change.difference, change.difference.tokens), 1, None)  # its title stands above
    shown = "\n".join(blocks)
    if len(shown) > min(MOST_OF_ONE, room):
        command = f"promptlib diff {before} {change.version.ref}" if before else f"promptlib show {change.version.ref}"
        return f'<p class="soft">Too long to be shown here: <code>{line(command)}</code></p>'
    return f'<div class="promptlib-diff">{shown or "<p>No difference.</p>"}</div>'


def _text(change: Change, room: int) -> str:
    """Return all that a version says, to be opened; nothing where its difference says as much, or there is no room."""
    difference = change.difference
    prompt = difference.prompts[1] if difference is not None and difference.before is not None else None
    if not isinstance(prompt, Prompt):
        return ""
    text = copied(prompt)
    shown = block(text)
    if len(shown) > min(MOST_OF_ONE, room):
        return ""
    key = f"text-{anchor(change)}"
    # What a reader cannot see is shown by signs: such a text is copied by loading it.
    exact = unescape(shown) == text
    button = f'<button type="button" data-copy="{key}">Copy text</button>' if exact else ""
    return (
        f'<details class="then"><summary>All of its text</summary>{button}'
        f'<pre class="source boxed" id="{key}">\n{shown}</pre></details>'
    )


def _version(change: Change, shown: str) -> str:
    version, key = change.version, anchor(change)
    first, _, rest = version.message.strip().partition("\n")
    labels = "".join(f' <span class="chip label">{line(label)}</span>' for label in version.labels)
    tokens = "token" if abs(change.grown) == 1 else "tokens"
    grown = f'<span class="grown">{change.grown:+,} {tokens}</span>' if change.grown else ""
    whole = (
        f'<p class="message-text"><bdi>{block(cut(rest.strip(), _LONGEST_MESSAGE))}</bdi></p>' if rest.strip() else ""
    )
    number = f"v{version.number}{'~' if version.provisional else ''}" if version.number is not None else "v?"
    size = f" · {line(told(change.tokens))}" if change.tokens is not None else ""
    return (
        f'<li id="{key}"><details><summary><span class="number">{number}</span>'
        f'<span class="subject"><bdi>{line(cut(first, 200)) or "no message"}</bdi>{labels}</span>'
        f'<span class="by">{grown}<bdi>{line(version.author)}</bdi> {day(version.time)}</span></summary>'
        f'<div class="inside">{whole}<p class="meta"><code>{version.short}</code>{size} · '
        f'<a href="#{key}">Permalink</a> '
        f'<button type="button" data-copy="{key}">Copy Python</button></p>{shown}</div></details></li>'
    )


def python_line(change: Change, verb: str) -> str:
    """Return the lines that load the version of *change* by *verb*, and never another content."""
    word = verb.partition("_")[2] or "prompt"
    return f'from promptlib import Store\n\n{word} = Store.open().{verb}("{change.version.ref}")\n'
