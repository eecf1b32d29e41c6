"""Prompt files byte for byte: as they lie in a store, and as a person wrote them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from promptlib.refs import Ref, check_name
from promptlib.store.layout import Labelled, label_path, prompt_path

if TYPE_CHECKING:
    from typing import Any

    from promptlib import Prompt, Store, Version

STANDARD_INPUT = "-"


def given(path: str) -> tuple[bytes, str]:
    """Return the bytes of the file at *path*, `-` for standard input, and how to call it in errors."""
    if path == STANDARD_INPUT:
        return sys.stdin.buffer.read(), "standard input"
    try:
        return Path(path).read_bytes(), path
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}", param_hint="FILE") from error


def stored(store: Store, ref: str) -> bytes:
    """Return the file of the version that *ref* names, as it lies in *store*; raises what `Store.load` raises."""
    parsed = Ref.parse(ref)
    store.load(parsed)
    files = store._reading().files  # noqa: SLF001 - a prompt's value does not hold its file's comments
    if parsed.label:
        path = label_path(parsed.name, parsed.label)
        return Labelled.from_bytes(files.read(path) or b"", files.shown(path)).data
    if parsed.number is None and not parsed.prefix and not parsed.latest:
        return files.read(prompt_path(parsed.name)) or b""
    version = store.version(parsed)
    return store._past().committed(version.name, version) or b""  # noqa: SLF001 - as above


def commit(store: Store, name: str, prompt: Prompt[Any], data: bytes, *, message: str, expect: str | None) -> Version:
    """Save *prompt* by the rules of `Store.save`, with *data*, the file that it was read from, kept to the byte."""
    with store.transaction(message or f"Save {check_name(name)}") as transaction:
        made = transaction.save(name, prompt, expect=expect)
        if made.outcome == "created":
            transaction._do(lambda draft: draft.put_file(name, data))  # noqa: SLF001 - comments are no part of a value
    return made
