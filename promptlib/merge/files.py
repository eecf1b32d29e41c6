"""Merging files: what the prompts say as structures, comments and spelling by lines."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from promptlib import codec
from promptlib.codec.fence import halves
from promptlib.errors import InvalidPrompt
from promptlib.merge.drafts import MARKER_SIZE, longest_sign, marked, marker_lines
from promptlib.merge.merged import Merged, merge_stored
from promptlib.merge.merging import same_prompt
from promptlib.merge.texts import merge_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.chain import Stored

_COMMENT = re.compile(r"^(?:[^'\"#\n]*[ \t])?(#.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class MergedFile:
    """A file that three were merged into.

    `data` is its bytes, with conflict markers where it conflicts, and None when the prompt is deleted. `merged` is the
    merge of the prompts; None when a side is no prompt file, so that only lines were merged. `conflicts` says what is
    contested, in words. `lost` are comments of the front matter that a side wrote and that are in no line of it:
    nothing that a prompt says is ever among them.
    """

    data: bytes | None
    merged: Merged[Any] | None
    conflicts: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


def merge_files(
    base: bytes | None,
    ours: bytes | None,
    theirs: bytes | None,
    *,
    names: tuple[str, str] = ("ours", "theirs"),
    marker_size: int = MARKER_SIZE,
) -> MergedFile:
    """Merge three prompt files; None stands for a file that is not there. *names* are those of ours and theirs.

    The prompts are merged as `merge` does it. Comments, quotes and the order of keys come from both sides where the
    files merge by lines into one that says the same; else the lines of ours are kept and changed as little as can be.
    Where a side is no prompt file, such as one with old conflict markers in it, all three are merged by lines, and the
    outcome conflicts unless it is a prompt file. Raises `InvalidFile` for bytes that are no text.
    """
    try:
        named = ((base, "base"), (ours, names[0]), (theirs, names[1]))
        sides = [None if data is None else codec.read_stored(data, source=name) for data, name in named]
    except InvalidPrompt as error:
        return _by_lines(base, ours, theirs, names, marker_size, error)
    merged = merge_stored(*sides)
    if merged.conflicts:
        data = _draft(merged, base or b"", (ours, theirs), names, marker_size)
    elif merged.prompt is None:
        return MergedFile(None, merged)
    else:
        data = merged_file(merged.prompt, base, ours, theirs)
    return MergedFile(data, merged, tuple(map(str, merged.conflicts)), _lost(base, ours, theirs, data))


def _by_lines(
    base: bytes | None,
    ours: bytes | None,
    theirs: bytes | None,
    names: tuple[str, str],
    size: int,
    error: InvalidPrompt,
) -> MergedFile:
    """Return the merge of files that are not all prompt files."""
    try:
        texts = [(data or b"").decode() for data in (base, ours, theirs)]
    except UnicodeDecodeError:
        raise error from None
    merged = merge_texts(*texts)
    size = max(size, *map(longest_sign, texts))
    data = "".join(marked(merged.taking("ours"), merged.taking("theirs"), names, size)).encode()
    told = [f"merged by lines, for a side is no prompt file: {error.what}"]
    if merged.spots:
        places = marker_lines(data.decode(), size)[::3]
        told.append(f"contested in line{'s' if len(places) > 1 else ''} {', '.join(map(str, places))}")
        return MergedFile(data, None, tuple(told))
    try:
        codec.read_stored(data)
    except InvalidPrompt as still:
        return MergedFile(data, None, (*told, f"what came out is none either: {still.what}"))
    return MergedFile(data, None)


def _draft(
    merged: Merged[Any], base: bytes, sides: tuple[bytes | None, bytes | None], names: tuple[str, str], size: int
) -> bytes:
    """Return the draft over the front matter that keeps comments of both sides, or over that of ours."""
    mine = merged.resolve("ours")
    for file in () if mine is None else _with_merged_heads(mine, base, *sides):
        with suppress(InvalidPrompt):
            return merged.draft(ours=names[0], theirs=names[1], file=file, marker_size=size).encode()
    return merged.draft(ours=names[0], theirs=names[1], file=sides[0] or b"", marker_size=size).encode()


def merged_file(prompt: Stored, base: bytes | None, ours: bytes | None, theirs: bytes | None) -> bytes:
    """Return the file that says *prompt*, the outcome of a merge of the three files, in their words where possible."""
    best: tuple[int, bytes] | None = None
    for made in _candidates(prompt, base or b"", ours, theirs):
        if _says(made, prompt):
            lost = len(_lost(base, ours, theirs, made))
            if not lost:
                return made
            best = min(best or (lost, made), (lost, made), key=itemgetter(0))
    return best[1] if best else codec.write(prompt)


def _candidates(prompt: Stored, base: bytes, ours: bytes | None, theirs: bytes | None) -> Iterator[bytes]:
    """Yield files that may say *prompt*, those that are likely to keep most first."""
    if ours is not None and theirs is not None:
        whole = merge_texts(base.decode(), ours.decode(), theirs.decode())
        if not whole.spots:
            yield whole.taking("ours").encode()
    for data in (*_with_merged_heads(prompt, base, ours, theirs), ours, theirs):
        if data:
            with suppress(InvalidPrompt):  # lines that were merged may be no front matter
                yield codec.edit(data, prompt)


def _with_merged_heads(prompt: Stored, base: bytes, ours: bytes | None, theirs: bytes | None) -> Iterator[bytes]:
    """Yield files with the body of *prompt* and the front matter merged by lines, which may be none any more."""
    if ours is None or theirs is None:
        return
    heads = [halves(data, "").head for data in (base, ours, theirs)]
    body = halves(codec.edit(ours, prompt), "").body
    # What both put in at one place is put in twice over: most often these are keys of two names.
    yield (merge_texts(*heads, by_words=False).with_both() + body).encode()
    yield (merge_texts(*heads).taking("ours") + body).encode()


def _says(data: bytes, prompt: Stored) -> bool:
    try:
        return same_prompt(codec.read_stored(data), prompt)
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
