"""What a notebook shows of a prompt and of what a search found: HTML in which every text of them is escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from promptlib.inputs import describe
from promptlib.inputs.wording import shown
from promptlib.messages import Message, Placeholder
from promptlib.tables import TABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptlib.inputs import Input
    from promptlib.messages import Piece
    from promptlib.prompt import Prompt
    from promptlib.query.hits import Hit, Hits, Snippet

_LEFT = "text-align:left;vertical-align:top"
_TEXT = f"{_LEFT};white-space:pre-wrap"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table; the cells of *rows* are HTML, the titles are none."""
    titles = "".join(f"<th style='{_LEFT}'>{escape(each)}</th>" for each in head)
    body = ["".join(f"<td style='{_TEXT}'>{cell}</td>" for cell in row) for row in rows]
    return f"{TABLE}{''.join(f'<tr>{row}</tr>' for row in [titles, *body] if row)}</table>"


def of_prompt(prompt: Prompt[Any]) -> str:
    """Return what the prompt is called and for, the inputs that it takes, and its messages as they are written."""
    name = f"<strong>{escape(prompt.name)}</strong> " if prompt.name else ""
    origin = prompt.origin
    version = f"{escape(origin.version)} " if origin is not None and origin.version else ""
    digest = prompt.digest.removeprefix("sha256:")[:8]
    heading = f"<div>{name}{version}<code>{digest}</code></div>"
    description = f"<div>{escape(prompt.description)}</div>" if prompt.description else ""
    inputs = table(("input", "takes", "", "what it is"), map(_input, prompt.inputs)) if prompt.inputs else ""
    return f"<div>{heading}{description}{inputs}{table((), map(_piece, prompt.messages))}</div>"


def of_hits(hits: Hits) -> str:
    """Return the hits as a table, with the words that were met marked in their snippets."""
    told = [f"{len(hits)} of {hits.total} that match"] if hits.total > len(hits) else []
    told += [f"nothing has {word}: searched for {other}" for word, other in hits.spelled]
    notes = "".join(f"<div>{escape(each)}</div>" for each in told or ([] if len(hits) else ["nothing found"]))
    return f"<div>{notes}{table(('prompt', 'what it is for', 'where the words are'), map(_hit, hits))}</div>"


def _hit(hit: Hit) -> Iterator[str]:
    number = f" v{hit.version.number}" if hit.version is not None and hit.version.number is not None else ""
    yield f"<strong>{escape(hit.name)}</strong>{number}"
    yield escape(hit.description)
    yield "".join(_marked(hit.snippet))


def _marked(snippet: Snippet) -> Iterator[str]:
    at = 0
    for start, end in snippet.marks:
        yield f"{escape(snippet.text[at:start])}<mark>{escape(snippet.text[start:end])}</mark>"
        at = end
    yield escape(snippet.text[at:])


def _input(declared: Input) -> Iterator[str]:
    yield f"<code>{escape(declared.name)}</code>"
    yield escape(describe(declared.type))
    yield "required" if declared.required else escape(f"{shown(declared.default)} when left out")
    yield escape(declared.description)


def _piece(piece: Piece) -> Iterator[str]:
    if isinstance(piece, Placeholder):
        yield "<em>messages</em>"
        yield f"<code>{escape(piece.name)}</code>"
    else:
        yield f"<strong>{piece.role}</strong>" if isinstance(piece, Message) else ""
        yield escape(piece.text)
