"""Descriptions: asked for where somebody can answer, and told where they are missing."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from promptlib.cli.terminal import emit, on_terminal, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from promptlib.chain import Stored

#: So many names are told one by one.
MOST_NAMES = 8


def described(name: str, prompt: Stored, file: bytes, description: str | None, *, ask: bool) -> tuple[Stored, bytes]:
    """Return *prompt* and its *file* with the *description* that is given, or that a person at a terminal answers.

    An empty answer leaves both as they are.
    """
    if description is None:
        if not ask or is_described(name, prompt) or not (sys.stdin.isatty() and on_terminal(sys.stderr)):
            return prompt, file
        asked = f"What is {name} for? One line that finds it; Enter leaves it out"
        description = str(typer.prompt(asked, default="", show_default=False, err=True)).strip()
        if not description:
            return prompt, file
    from promptlib import codec  # noqa: PLC0415 - help needs no codec

    changed = prompt.evolve(description=description)
    return changed, codec.edit(file, changed)


@contextmanager
def on_disk(path: Path | None, before: bytes, after: bytes) -> Iterator[None]:
    """Let the edited file at *path* say *after* while it is saved; where that fails, it is as it was *before*."""
    if path is None or before == after:
        yield
        return
    _replace(path, after)
    try:
        yield
    except BaseException:
        _replace(path, before)
        raise


def _replace(path: Path, data: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(data)
        shutil.copymode(path, beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def is_described(name: str, prompt: Stored) -> bool:
    """Whether the description of *prompt* says more than its name and title."""
    from promptlib._index import says_more  # noqa: PLC0415 - beside it
    from promptlib.store.describing import title_of  # noqa: PLC0415 - help needs no store

    return says_more(prompt.description, name, title_of(prompt.extra))


def tell(name: str, prompt: Stored) -> None:
    """Say on stderr that *prompt* has no description, and what to type; nothing where it has one."""
    if not is_described(name, prompt):
        what = "no description" if not prompt.description else "a description that only repeats its name"
        hint = f"give one: promptlib save {shlex.quote(name)} --description '…'"
        emit(
            [plain(f"{name} has {what}: nobody finds it by what it is for", "yellow"), plain(hint, "green")],
            stream=sys.stderr,
        )


def tell_of(names: Sequence[str]) -> None:
    """Say on stderr which *names* have no description, and what to type."""
    if not names:
        return
    count = f"{len(names):,} prompt{' has' if len(names) == 1 else 's have'} no description"
    shown = ", ".join(names[:MOST_NAMES]) + (", …" if len(names) > MOST_NAMES else "")
    told = [
        plain(f"{count}: {shown}", "yellow"),
        plain(f"give one: promptlib save {shlex.quote(names[0])} --description '…'", "green"),
    ]
    if len(names) > 1:
        told.append(plain("all of them: promptlib ls --no-description", "green"))
    emit(told, stream=sys.stderr)
