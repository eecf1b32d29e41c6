"""`promptlib search`: the prompts that meet a need, are like another one, or say the same twice."""

from __future__ import annotations

import sys
from datetime import datetime
from itertools import starmap
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer

from promptlib.cli import completing
from promptlib.cli.asking import asked, moment
from promptlib.cli.exits import DIFFERENT
from promptlib.cli.options import At, Inputs, Json, Tags
from promptlib.cli.terminal import aligned, cut, emit, on_terminal, paged, plain, print_json, width
from promptlib.cli.versions import described, label_spans, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptlib.cli.terminal import Row
    from promptlib.query import Duplicate, Hit, Hits, Snippet
    from promptlib.store import View

_INDENT = "    "
_MOST_WORDS = 8
#: What an option is called, by the argument of a search that it gives.
_OPTIONS = {
    "tags": "--tag",
    "inputs": "--input",
    "label": "--label",
    "author": "--author",
    "changed_since": "--since",
}

Need: TypeAlias = Annotated[
    list[str] | None, typer.Argument(metavar="NEED", help="What you need, in your own words.", show_default=False)
]
Label: TypeAlias = Annotated[
    str, typer.Option("--label", metavar="LABEL", help="Only what carries it, as it says there.", show_default=False)
]
Author: TypeAlias = Annotated[
    str,
    typer.Option(
        "--author", metavar="AUTHOR", help="Only versions by AUTHOR, a part of name or address.", show_default=False
    ),
]
Since: TypeAlias = Annotated[
    str,
    typer.Option(
        "--since", metavar="TIME", help="Only versions made since then, such as 2026-05-03T00:00Z.", show_default=False
    ),
]
Related: TypeAlias = Annotated[
    str,
    typer.Option(
        "--related",
        metavar="REF",
        help="What is most like REF, instead of a need.",
        autocompletion=completing.refs,
        show_default=False,
    ),
]
Ranking: TypeAlias = Annotated[
    str,
    typer.Option(
        "--ranking",
        metavar="BY",
        help="What orders the hits: lexical (words), semantic (meaning), fused (both). Else the store's settings say.",
        autocompletion=completing.rankings,
        show_default=False,
    ),
]
Embedder: TypeAlias = Annotated[
    str,
    typer.Option(
        "--embedder",
        metavar="NAME",
        help="Whose vectors tell what is meant: wordllama or minilm.",
        autocompletion=completing.embedders,
        show_default=False,
    ),
]


def search(  # noqa: PLR0913 - one option for each thing that a hit may be asked to be
    need: Need = None,
    *,
    tag: Tags = None,
    input_: Inputs = None,
    label: Label = "",
    author: Author = "",
    since: Since = "",
    every: Annotated[bool, typer.Option("--all", help="Older versions too, and names that are gone.")] = False,
    limit: Annotated[int, typer.Option("-n", "--limit", metavar="N", help="Show at most N.", min=1, max=1000)] = 10,
    ranking: Ranking = "",
    embedder: Embedder = "",
    related: Related = "",
    duplicates: Annotated[bool, typer.Option("--duplicates", help="Prompts that say almost the same.")] = False,
    at: At = "",
    json: Json = False,
) -> None:
    """Find the prompts that meet a need, in your own words, the best first.

    Any of the words may stand in name, description, tags, inputs, messages or the message of the commit; operators mean
    nothing. In a pipe the names alone are printed. Exits with 1 when nothing is found.
    """
    if bool(need) + bool(related) + duplicates != 1:
        raise typer.BadParameter("say what you need, or give one of --related REF and --duplicates")
    words = " ".join(need or ())
    filters: dict[str, Any] = {"tags": tag or (), "inputs": input_ or (), "label": label, "author": author}
    filters["changed_since"] = _time(since)
    order = {"ranking": ranking, "embedder": embedder}
    versions: Literal["current", "all"] = "all" if every else "current"
    with asked(at) as store:
        if duplicates:
            _duplicates(store, json=json)
            return
        found = (
            store.related(related, limit=limit)
            if related
            else store.search(words, limit=limit, versions=versions, **_given(filters | order))
        )
        if json:
            print_json("search", {"need": words, "related": related or None, **told(found), **moment(store)})
        else:
            _show(found)
        if not (found or json):
            emit(_alone(related) if related else advice(store, words, filters, found), stream=sys.stderr)
    if not found:
        raise typer.Exit(DIFFERENT)


def _alone(ref: str) -> list[Row]:
    return [plain(f"nothing is like {ref}")]


def _show(found: Hits) -> None:
    if on_terminal() and found:
        paged(list(rows(found)))
    else:
        emit([plain(hit.name) for hit in found])
        emit(_spelled(found), stream=sys.stderr)


def _time(text: str) -> datetime | None:
    """Return the time that *text* is; whose noon a time without its zone is, nobody knows."""
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no time: {error}", param_hint="--since") from error
    if time.utcoffset() is None:
        raise typer.BadParameter(f"{text!r} has no zone: write {time.isoformat()}Z for UTC", param_hint="--since")
    return time


def _given(filters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in filters.items() if value}


def told(found: Hits) -> dict[str, object]:
    """Return *found* as JSON; the shape is in docs/reference/json.md."""
    hits = [{**hit.to_dict(), "version": described(hit.version) if hit.version else None} for hit in found]
    return {**found.to_dict(), "hits": hits}


def rows(found: Hits) -> Iterator[Row]:
    """Yield for each hit its name and version, what it is for, and where the words stand."""
    yield from _spelled(found)
    for hit in found:
        yield _heading(hit)
        if hit.description and hit.field != "description":
            yield ((_INDENT, ""), (cut(" ".join(hit.description.split()), max(20, width() - len(_INDENT))), ""))
        yield from _shown(hit)
    if found.total > len(found):
        yield plain(f"the best {len(found)} of {found.total:,}: -n shows more", "dim")


def _heading(hit: Hit) -> Row:
    version = hit.version
    marks = ((" ", ""), (number(version), "bold yellow"), *label_spans(version.labels)) if version else ()
    older = f"  and {hit.older} older version{'s' if hit.older > 1 else ''}" if hit.older else ""
    kind = (("  chain", "magenta"),) if hit.kind == "chain" else ()
    meant = "  by meaning" if hit.field == "meaning" else ""
    return ((hit.name, "bold"), *marks, *kind, (older, "dim"), (meant, "dim"))


def _shown(hit: Hit) -> Iterator[Row]:
    read_above = {"name", "title", "meaning"} if hit.description else {"name", "title"}
    if hit.field in read_above or not hit.snippet.text:
        return
    where = {"body": "", "description": "", "meaning": ""}.get(hit.field, f"{hit.field}: ")
    yield ((_INDENT, ""), (where, "dim"), *_marked(hit.snippet))


def _marked(snippet: Snippet) -> Iterator[tuple[str, str]]:
    at = 0
    for start, end in snippet.marks:
        yield snippet.text[at:start], "dim"
        yield snippet.text[start:end], "bold green"
        at = end
    yield snippet.text[at:], "dim"


def _spelled(found: Hits) -> Iterator[Row]:
    for typed, word in found.spelled:
        yield (("nothing has ", ""), (typed, "bold"), (": searched for ", ""), (word, "bold"))


def advice(store: View, words: str, filters: Mapping[str, Any], found: Hits) -> Iterator[Row]:
    """Yield what can be tried where nothing was found."""
    if not found.words:
        yield plain("nothing found: there is no word to search for")
        return
    given = _given(filters)
    counts = {left_out: _count(store, words, _without(given, left_out)) for left_out in given}
    for name, count in counts.items():
        if count:
            yield plain(f"nothing found, but {_matches(count)} without {_said(name, given[name])}")
    if any(counts.values()):
        return
    if len(given) > 1 and (count := _count(store, words, {})):
        yield plain(f"nothing found, but {_matches(count)} without {' '.join(starmap(_said, given.items()))}")
    elif count := store.search(words, versions="all", limit=1, **given).total:
        yield plain(f"nothing found, but {_matches(count)} in older versions: --all")
    else:
        yield plain(f"nothing found: no prompt has any of {', '.join(found.words[:_MOST_WORDS])}")
        yield plain("say it in other words; promptlib ls --tags counts what the prompts are filed under", "green")


def _said(name: str, value: Any) -> str:  # noqa: ANN401 - whatever a filter holds
    """Return a filter as it is written in a shell."""
    values = [value] if isinstance(value, (str, datetime)) else value
    return " ".join(f"{_OPTIONS[name]} {each.isoformat() if isinstance(each, datetime) else each}" for each in values)


def _matches(count: int) -> str:
    return f"{count:,} match{'es' if count == 1 else ''}"


def _without(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {each: value for each, value in given.items() if each != name}


def _count(store: View, words: str, filters: Mapping[str, Any]) -> int:
    return store.search(words, limit=1, **filters).total


def _duplicates(store: View, *, json: bool) -> None:
    found = store.duplicates()
    if json:
        print_json("duplicates", {"duplicates": [each.to_dict() for each in found], **moment(store)})
    elif found:
        paged(aligned([_pair(each) for each in found], right=(0,)))
    else:
        emit([plain("no two prompts say almost the same")], stream=sys.stderr)


def _pair(each: Duplicate) -> Row:
    # 99.9 % the same is not the same.
    share = int(each.similarity * 100)
    return ((f"{share} %", "bold yellow"), (each.a, "bold"), (each.b, "bold"))
