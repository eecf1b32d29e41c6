"""`promptlib show`: one version, whole."""

from __future__ import annotations

import json as json_text
from typing import TYPE_CHECKING, Annotated, Any

import typer

from promptlib.cli.asking import asked, moment
from promptlib.cli.facts import edited, input_json, input_row, origins, thawed, title_rows, told_facts, version_of
from promptlib.cli.options import At, Json, Ref
from promptlib.cli.terminal import aligned, lines, on_terminal, paged, plain, print_json, write_exactly
from promptlib.cli.versions import described

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib import Prompt, Version
    from promptlib.cli.terminal import Row
    from promptlib.messages import Piece
    from promptlib.segments import Segment


def show(
    ref: Ref,
    *,
    source: Annotated[bool, typer.Option("--source", help="The file alone, byte for byte.")] = False,
    text: Annotated[bool, typer.Option("--text", help="The messages' texts alone.")] = False,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="A chain as a Mermaid flowchart.")] = False,
    at: At = "",
    json: Json = False,
) -> None:
    """Show a version: where it stands, the inputs that it takes, its messages, or the steps of a chain."""
    if source + text + json + mermaid > 1:
        raise typer.BadParameter("give one of --source, --text, --mermaid and --json")
    from promptlib import Prompt  # noqa: PLC0415 - help needs no prompt
    from promptlib.cli import chains  # noqa: PLC0415 - few are shown

    with asked(at) as store:
        if source:
            write_exactly(store.file(ref))
            return
        prompt = store.load_stored(ref)
        if not isinstance(prompt, Prompt):
            chains.show(store, ref, prompt, chains.Form("text" * text or "mermaid" * mermaid or "json" * json))
            return
        if mermaid:
            raise typer.BadParameter(f"{ref} is no chain, and has no flowchart", param_hint="--mermaid")
        if text:
            _write_text(prompt)
            return
        version = version_of(store, prompt)
        if json:
            print_json("prompt", as_json(prompt, version) | moment(store))
        else:
            paged(rows(prompt, version))


def _write_text(prompt: Prompt[Any]) -> None:
    text = "\n\n".join(piece.text for piece in prompt.messages if piece.text)
    write_exactly(text.encode())
    if on_terminal() and not text.endswith("\n"):
        return


def as_json(prompt: Prompt[Any], version: Version | None) -> dict[str, object]:
    """Return the prompt and its version as JSON."""
    from promptlib.codec import write  # noqa: PLC0415 - help needs no codec

    return {
        "name": prompt.name,
        "digest": prompt.digest,
        "edited": edited(prompt),
        "label": (prompt.origin.label if prompt.origin else "") or None,
        "version": described(version) if version else None,
        "description": prompt.description,
        "tags": list(prompt.tags),
        "authors": list(prompt.authors),
        "trust": prompt.trust,
        "vouched": prompt.vouched.to_dict() if prompt.vouched else None,
        "inputs": [input_json(each) for each in prompt.inputs],
        "messages": [_piece_json(piece) for piece in prompt.messages],
        "settings": thawed(prompt.settings),
        "includes": thawed(prompt.includes),
        "segments": [_segment_json(name, each, prompt) for name, each in prompt.all_segments.items()],
        "file": write(prompt).decode(),
    }


def _segment_json(name: str, segment: Segment, prompt: Prompt[Any]) -> dict[str, object]:
    from dataclasses import asdict  # noqa: PLC0415 - few prompts have segments

    return {"name": name, "of": "input" if name in prompt.segments else "message", **asdict(segment)}


def _piece_json(piece: Piece) -> dict[str, object]:
    kind, name = role_of(piece)
    extra = {"literal": True} if getattr(piece, "literal", False) else {}
    return {"role": kind, **({"name": name} if name else {}), "text": piece.text, **extra}


def role_of(piece: Piece) -> tuple[str, str]:
    """Return a message's role, `placeholder` with its input, or `prelude`."""
    from promptlib.messages import Message, Placeholder  # noqa: PLC0415 - help needs no messages

    if isinstance(piece, Message):
        return piece.role, ""
    return ("placeholder", piece.name) if isinstance(piece, Placeholder) else ("prelude", "")


def rows(prompt: Prompt[Any], version: Version | None) -> Iterator[Row]:
    """Yield the prompt for people: heading, inputs, segments, messages."""
    yield from title_rows(prompt, version)
    yield from _facts(prompt)
    if prompt.inputs:
        yield ()
        yield plain("inputs", "bold")
        yield from aligned([input_row(each) for each in prompt.inputs])
    if segments := prompt.all_segments:
        yield ()
        yield plain("segments", "bold")
        yield from aligned([_segment(name, each, prompt) for name, each in segments.items()])
    for piece in prompt.messages:
        kind, name = role_of(piece)
        literal = "  (literal)" if getattr(piece, "literal", False) else ""
        yield ()
        yield ((f"{kind}{f' {name}' if name else ''}:", "bold magenta"), (literal, "dim"))
        if piece.text:
            yield from lines(piece.text)


def _facts(prompt: Prompt[Any]) -> Iterator[Row]:
    settings = ", ".join(f"{key}={_short(value)}" for key, value in prompt.settings.items())
    includes = ", ".join(f"{alias} = {str(pin)[:-56]}" for alias, pin in prompt.includes.items())
    yield from told_facts({"tags": ", ".join(prompt.tags), "authors": ", ".join(prompt.authors), "model": settings})
    yield from told_facts({"includes": includes, **origins(prompt)})
    outputs = ", ".join(each.name for each in prompt.outputs)
    yield from told_facts({"outputs": outputs, "tools": str(len(prompt.tools)) if prompt.tools else ""})


def _short(value: Any) -> str:  # noqa: ANN401 - plain data of any shape
    return json_text.dumps(thawed(value), ensure_ascii=False)


def _segment(name: str, segment: Segment, prompt: Prompt[Any]) -> Row:
    limits = [f"at least {segment.min_tokens:,}" if segment.min_tokens else ""]
    limits += [f"at most {segment.max_tokens:,}" if segment.max_tokens is not None else ""]
    told = " and ".join(filter(None, limits))
    rest = [f"{told} tokens" if told else "", f"marker {_short(segment.marker)}" if segment.marker else ""]
    rest += [f"group {segment.group}" if segment.group else ""]
    return (
        (f"  {name}", "bold"),
        ("input" if name in prompt.segments else "message", "cyan"),
        (f"priority {segment.priority:,}", ""),
        (f"{segment.truncate}{f' by {segment.boundary}' if segment.boundary != 'token' else ''}", "yellow"),
        (", ".join(filter(None, rest)), "dim"),
    )
