"""`promptlib ls`: what is on the shelf, and how it is sorted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from promptlib.cli import completing
from promptlib.cli.asking import asked, moment
from promptlib.cli.options import At, Inputs, Json, Tags
from promptlib.cli.terminal import aligned, cut, on_terminal, paged, plain, print_json, width
from promptlib.cli.versions import age, described, number, short
from promptlib.columns import wide

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from promptlib.cli.terminal import Row
    from promptlib.store import Entry, Facets, View
    from promptlib.store.shelving import Chosen

#: A description takes at least so many columns, however long the names are.
NARROWEST_DESCRIPTION = 24

Described: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--description/--no-description",
        help="Only prompts whose description says more than the name, or only those without such a one.",
        show_default=False,
    ),
]


Prefix: TypeAlias = Annotated[
    str,
    typer.Argument(
        metavar="PREFIX", help="Only names that begin so.", show_default=False, autocompletion=completing.names
    ),
]
LabelOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--label",
        metavar="LABEL",
        help="Only names that carry it.",
        show_default=False,
        autocompletion=completing.all_labels,
    ),
]
Author: TypeAlias = Annotated[
    str, typer.Option(metavar="NAME", help="Only prompts whose newest version is by NAME.", show_default=False)
]
Kind: TypeAlias = Annotated[
    Literal["prompt", "chain"] | None, typer.Option(help="Only prompts, or only chains.", show_default=False)
]
Long: TypeAlias = Annotated[
    bool, typer.Option("--long", "-l", help="With labels, tokens of the source text, tags and the description.")
]


def names(  # noqa: PLR0913 - one option for each facet
    prefix: Prefix = "",
    *,
    tag: Tags = None,
    label: LabelOption = "",
    input_: Inputs = None,
    author: Author = "",
    kind: Kind = None,
    description: Described = None,
    tags: Annotated[bool, typer.Option("--tags", help="Count the tags instead.")] = False,
    facets: Annotated[bool, typer.Option("--facets", help="Count all that there is to choose by instead.")] = False,
    long: Long = False,
    tree: Annotated[bool, typer.Option("--tree", help="As a tree of folders.")] = False,
    at: At = "",
    json: Json = False,
) -> None:
    """List the names: with versions, labels and age for people, bare in a pipe.

    All that is said to choose by must hold at once.
    """
    if sum((tags, facets, tree, long)) > 1:
        raise typer.BadParameter("--tags, --facets, --tree and --long each say what to show: give one")
    chosen: Chosen = {"tags": tag or (), "inputs": input_ or (), "label": label, "author": author}
    chosen["described"] = description
    if kind is not None:
        chosen["kind"] = kind
    with asked(at) as store:
        if tags or facets:
            _count(store.facets(prefix, **chosen), moment(store), tags=tags, json=json)
            return
        if not (json or long or tree or on_terminal() or any(chosen.values()) or description is False):
            paged(plain(name) for name in store.names(prefix))
            return
        found = store.entries(prefix, **chosen)
        weights = store.token_counts(found) if long else None
        if json:
            print_json("names", {"names": [_as_json(each, weights) for each in found], **moment(store)})
        elif weights is not None:
            paged(_long(found, weights))
        elif tree:
            paged(_tree(found))
        elif on_terminal():
            paged(_table(found))
        else:
            paged(plain(each.name) for each in found)


def table(store: View) -> list[Row]:
    """Return a row for each name of *store*: its newest version, labels and age."""
    return _table(store.entries())


def _table(entries: Iterable[Entry]) -> list[Row]:
    """Return a row for each of *entries*; where a terminal is too narrow for it, the age is left out."""
    rows = [_row(each) for each in entries]
    table = aligned(rows)
    fits = not on_terminal() or all(sum(wide(text) for text, _ in row) <= width() for row in table)
    return table if fits else aligned([row[:-1] if len(row) > 1 else row for row in rows])


def _row(entry: Entry) -> Row:
    version = entry.version
    if version is None:
        return ((entry.name, "bold"),)
    return (
        (entry.name, "bold"),
        (number(version), "bold yellow"),
        (short(version), "cyan"),
        (", ".join(version.labels), "bold green"),
        (age(version.time), "dim"),
    )


def _long(entries: Iterable[Entry], weights: Mapping[str, int]) -> Iterator[Row]:
    """Yield a line for each prompt, cut to the terminal's width where there is one."""
    begun = [_begun(each, weights) for each in entries]
    room = width() if on_terminal() else None
    for each, padded in zip(entries, aligned(begun, right=(3,)), strict=True):
        row = padded[:-1]  # without the mark that only keeps the place of the description
        text = each.problem or (each.description if each.described else "(no description)")
        words = " ".join(text.split())
        if room is not None:
            words = cut(words, max(NARROWEST_DESCRIPTION, room - sum(wide(part) for part, _ in row)))
        yield (*row, (words, "" if each.described else "bold red" if each.problem else "yellow"))


def _begun(entry: Entry, weights: Mapping[str, int]) -> Row:
    version, tokens = entry.version, weights.get(entry.name)
    return (
        (entry.name, "bold"),
        (number(version) if version else "-", "bold yellow"),
        (", ".join(entry.labels), "bold green"),
        (f"{tokens:,}" if tokens is not None else "-", ""),
        (f"[{', '.join(entry.tags)}]" if entry.tags else "", "cyan"),
        ("|", ""),
    )


def _tree(entries: Iterable[Entry]) -> Iterator[Row]:
    """Yield folders, and what stands in each."""
    before: tuple[str, ...] = ()
    for entry in entries:
        *folders, last = entry.name.split("/")
        for depth, folder in enumerate(folders):
            if before[: depth + 1] != tuple(folders[: depth + 1]):
                yield plain(f"{'  ' * depth}{folder}/", "bold cyan")
        before = tuple(folders)
        labels = ", ".join(entry.version.labels) if entry.version else ""
        which = (("  ", ""), (number(entry.version), "yellow")) if entry.version else ()
        yield (("  " * len(folders), ""), (last, "bold"), *which, *((("  ", ""), (labels, "green")) if labels else ()))


def _count(facets: Facets, when: dict[str, object], *, tags: bool, json: bool) -> None:
    if json:
        told = {"tags": dict(facets.tags), "total": facets.total} if tags else facets.to_dict()
        print_json("tags" if tags else "facets", told | when)
    elif tags:
        paged(_counts(facets.tags))
    else:
        paged(_all_counts(facets))


def _counts(values: Mapping[str, int], indent: str = "") -> list[Row]:
    rows = aligned([((f"{count:,}", "bold yellow"), (word, "")) for word, count in values.items()], right=(0,))
    return [((indent, ""), *row) for row in rows]


def _all_counts(facets: Facets) -> Iterator[Row]:
    yield plain(f"{facets.total:,} name{'' if facets.total == 1 else 's'}", "bold")
    lacking = facets.described.get(False, 0)
    said = {"described": facets.total - lacking, "without a description": lacking}
    shown = {
        "description": {word: count for word, count in said.items() if count},
        "kind": facets.kinds,
        "tag": facets.tags,
        "input": facets.inputs,
        "type": facets.types,
        "label": facets.labels,
        "author": facets.authors,
        "folder": {folder or "(top)": count for folder, count in facets.folders.items()},
    }
    for facet, values in shown.items():
        if values:
            yield plain(facet, "bold cyan")
            yield from _counts(values, "  ")


def _as_json(entry: Entry, weights: Mapping[str, int] | None) -> dict[str, object]:
    told: dict[str, object] = {
        "name": entry.name,
        "version": described(entry.version) if entry.version else None,
        "kind": entry.kind,
        "title": entry.title,
        "description": entry.description,
        "described": entry.described,
        "tags": list(entry.tags),
        "inputs": [{"name": name, "type": kind} for name, kind in entry.inputs],
        "labels": list(entry.labels),
        "problem": entry.problem,
    }
    return told if weights is None else told | {"tokens": weights.get(entry.name)}
