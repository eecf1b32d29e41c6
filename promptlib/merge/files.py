"""Merging files: what the prompts say as structures, comments and spelling by lines."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promptlib import codec
from promptlib.codec.fence import halves
from promptlib.errors import InvalidPrompt
from promptlib.merge.drafts import MARKER_SIZE
from promptlib.merge.merged import Merged, merge
from promptlib.merge.merging import same_prompt
from promptlib.merge.texts import merge_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.prompt import Prompt

_COMMENT = re.compile(r"^(?:[^'\"#\n]*[ \t])?(#.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class MergedFile:
    """A file that three were merged into.

    `data` is its bytes, with conflict markers where `merged` conflicts, and None when the prompt is deleted.
    `lost` are comments of the front matter that a side wrote and that are in no line of it: nothing that a prompt
    says is ever among them.
    """

    data: bytes | None
    merged: Merged
    lost: tuple[str, ...] = ()


def merge_files(
    base: bytes | None,
    ours: bytes | None,
    theirs: bytes | None,
    *,
    names: tuple[str, str] = ("ours", "theirs"),
    marker_size: int = MARKER_SIZE,
) -> MergedFile:
    """Merge three prompt files; None stands for a file that is not there.

    The prompts are merged as `merge` does it. Comments, quotes and the order of keys come from both sides where the
    files merge by lines into one that says the same; else the lines of ours are kept and changed as little as can be.
    Raises what `codec.read` raises for a side that is no prompt file.
    """
    sides = [
        None if data is None else codec.read(data, source=source)
        for data, source in ((base, "base"), (ours, names[0]), (theirs, names[1]))
    ]
    merged = merge(*sides)
    if merged.conflicts:
        data = _draft(merged, _with_merged_head(base or b"", ours, theirs), ours or b"", names, marker_size)
    elif merged.prompt is None:
        return MergedFile(None, merged)
    else:
        data = merged_file(merged.prompt, base, ours, theirs)
    return MergedFile(data, merged, _lost(base, ours, theirs, data))


def _draft(merged: Merged, file: bytes, ours: bytes, names: tuple[str, str], size: int) -> bytes:
    """Return the draft over the *file* that keeps most comments, or over *ours* where that is no prompt file."""
    try:
        return merged.draft(ours=names[0], theirs=names[1], file=file, marker_size=size).encode()
    except InvalidPrompt:
        return merged.draft(ours=names[0], theirs=names[1], file=ours, marker_size=size).encode()


def merged_file(prompt: Prompt[Any], base: bytes | None, ours: bytes | None, theirs: bytes | None) -> bytes:
    """Return the file that says *prompt*, the outcome of a merge of the three files, in their words where possible."""
    for made in _candidates(prompt, base or b"", ours, theirs):
        if _says(made, prompt):
            return made
    return codec.write(prompt)


def _candidates(prompt: Prompt[Any], base: bytes, ours: bytes | None, theirs: bytes | None) -> Iterator[bytes]:
    """Yield files that may say *prompt*, those that keep most first."""
    if ours is not None and theirs is not None:
        whole = merge_texts(base.decode(), ours.decode(), theirs.decode())
        if not whole.spots:
            yield whole.taking("ours").encode()
    for data in (_with_merged_head(base, ours, theirs), ours, theirs):
        if data:
            with suppress(InvalidPrompt):  # lines that were merged may be no front matter
                yield codec.edit(data, prompt)


def _with_merged_head(base: bytes, ours: bytes | None, theirs: bytes | None) -> bytes:
    """Return ours with the front matter merged by lines, which need not be front matter any more."""
    if ours is None or theirs is None:
        return ours or b""
    heads = merge_texts(*(halves(data, "").head for data in (base, ours, theirs)))
    return (heads.taking("ours") + halves(ours, "").body).encode()


def _says(data: bytes, prompt: Prompt[Any]) -> bool:
    try:
        return same_prompt(codec.read(data), prompt)
    except InvalidPrompt:
        return False


def _lost(base: bytes | None, ours: bytes | None, theirs: bytes | None, data: bytes) -> tuple[str, ...]:
    """Return the comments that are nowhere in *data*, but for those that a side took out."""
    before, mine, yours = (_comments(each) for each in (base, ours, theirs))
    kept = data.decode()
    wanted = [each for each in {**mine, **yours} if each not in before or (each in mine and each in yours)]
    return tuple(each for each in wanted if each not in kept)


def _comments(data: bytes | None) -> dict[str, None]:
    return {} if data is None else dict.fromkeys(found[1] for found in _COMMENT.finditer(halves(data, "").head))
