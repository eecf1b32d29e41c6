"""What a reader copies: the text of a prompt, and the lines that load it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptlib.chain import Chain
from promptlib.messages import Message, Placeholder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.chain import Stored
    from promptlib.messages import Piece
    from promptlib.site.gathering import Leaf


class Code(NamedTuple):
    """Lines to copy: what they do, the line that is shown, and all of them."""

    title: str
    shown: str
    text: str


def copied(prompt: Stored) -> str:
    """Return the text of *prompt* as it is written; with several messages each below a line that says its role.

    A chain has no text of its own: it is a flowchart.
    """
    if isinstance(prompt, Chain):
        return prompt.to_mermaid()
    if len(prompt.messages) == 1:
        return prompt.messages[0].text
    return "\n\n".join(map(_written, prompt.messages)) + "\n"


def _written(piece: Piece) -> str:
    if isinstance(piece, Message):
        return f"{piece.role}:\n{piece.text}"
    if isinstance(piece, Placeholder):
        return f"{{{{ {piece.name} }}}}{piece.text}"
    return piece.text


def code_lines(leaf: Leaf) -> Iterator[Code]:
    """Yield how *leaf* is loaded: by its label where it has one, as it stands, and as exactly this version."""
    asked = leaf.ref.partition("@")[2]
    labels = [asked] if asked else sorted(leaf.labels, key=lambda label: (label != "production", label))[:1]
    refs = [(f"What {label} is", f"{leaf.name}@{label}") for label in labels]
    if leaf.ref == leaf.name:
        refs.append(("The newest", leaf.name))
    if leaf.version:
        refs.append(("Exactly this version", leaf.version.ref))
    word, verb = ("chain", "load_chain") if isinstance(leaf.prompt, Chain) else ("prompt", "load")
    for title, ref in refs:
        shown = f'{word} = Store.open().{verb}("{ref}")'
        yield Code(title, shown, f"from promptlib import Store\n\n{shown}\n")
    command = f"promptlib show {'' if word == 'chain' else '--text '}{refs[0][1]}"
    yield Code("In the shell", command, command)
