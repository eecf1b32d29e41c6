"""`promptlib blame`: who brought each line, or each field, of a version."""

from __future__ import annotations

import json as json_text
from typing import TYPE_CHECKING, Annotated

import typer

from promptlib.cli.asking import asked, moment
from promptlib.cli.options import At, Json, Ref
from promptlib.cli.terminal import aligned, cut, on_terminal, paged, plain, print_json, width
from promptlib.cli.versions import age, number, short
from promptlib.columns import untabbed, wide

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promptlib.blame import Blame, BlamedField, BlamedLine
    from promptlib.cli.terminal import Row
    from promptlib.plain import Plain
    from promptlib.version import Version

#: So many columns a value or an author's name takes, whatever the terminal is.
LONGEST_VALUE, LONGEST_AUTHOR = 60, 20


def blame(
    ref: Ref,
    *,
    fields: Annotated[
        bool, typer.Option("--fields", help="By field of the prompt instead of by line of its file.")
    ] = False,
    at: At = "",
    json: Json = False,
) -> None:
    """Show who brought each line: version, digest, author, age; the lines of one version stand together.

    Lines are what `git blame` says of the file, through renames and merges. A field is of the version that last
    changed its meaning.
    """
    with asked(at) as store:
        found = store.blame(ref)
        if json:
            print_json("blame", found.to_dict() | moment(store))
        else:
            paged(_fields(found) if fields else _lines(found.lines))


def _lines(lines: Sequence[BlamedLine]) -> Iterator[Row]:
    """Yield a row for each line; people are told once what stands before a run of lines."""
    people = on_terminal()
    before = [None, *(each.version for each in lines)]
    rows = [
        (*_facts(each.version, again=people and each.version == last), (str(each.number), "dim"))
        for each, last in zip(lines, before, strict=False)
    ]
    for each, row in zip(lines, aligned(rows, right=(4,)), strict=True):
        yield (*row, ("  ", ""), (untabbed(each.text), ""))


def _facts(version: Version, *, again: bool) -> Row:
    if again:
        return (("", ""),) * 4
    return (
        (number(version), "bold yellow"),
        (short(version), "cyan"),
        (cut(version.author, LONGEST_AUTHOR), "dim"),
        (age(version.time), "dim"),
    )


def _fields(found: Blame) -> Iterator[Row]:
    if found.problem:
        yield plain(f"{found.version} is no prompt: {found.problem}", "yellow")
        return
    rows = [(*_facts(each.version, again=False), (each.path, "bold"), (_shown(each), "")) for each in found.fields]
    most = width() if on_terminal() else None
    for row in aligned(rows):
        room = None if most is None else most - sum(wide(text) for text, _ in row[:-1])
        *before, (value, style) = row
        yield (*before, (value if room is None else cut(value, max(room, 10)), style))


def _shown(field: BlamedField) -> str:
    """Return the value in one line: a text as it is, everything else as JSON."""
    return cut(" ".join(_text(field.value).split()), LONGEST_VALUE)


def _text(value: Plain) -> str:
    from promptlib.plain import Frozen, thaw  # noqa: PLC0415 - help needs no data

    if isinstance(value, Frozen) and "role" in value:
        return f"{value['role']}: {value.get('text', value.get('literal', ''))}"
    return value if isinstance(value, str) else json_text.dumps(thaw(value), ensure_ascii=False)
