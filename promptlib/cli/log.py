"""`promptlib log`: the versions of a name."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from promptlib.cli import measured
from promptlib.cli.asking import asked, moment
from promptlib.cli.options import At, Json, Name
from promptlib.cli.terminal import aligned, paged, plain, print_json
from promptlib.cli.versions import age, described, number, short, signed, source_tokens, subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from promptlib import Version
    from promptlib.cli.terminal import Row
    from promptlib.store import View


class Entry(NamedTuple):
    """A version with the tokens of its messages, and the change to the version before; None where unreadable."""

    version: Version
    tokens: int | None
    change: int | None
    #: What was varied in the fairness reports of this version, for each of them.
    reports: list[str]


def log(
    name: Name,
    *,
    most: Annotated[int, typer.Option("-n", metavar="N", help="Show at most N.", min=0, show_default=False)] = 0,
    at: At = "",
    json: Json = False,
) -> None:
    """Show the versions of NAME, newest first: number, digest, labels, tokens, age, author, message."""
    with asked(at) as store:
        entries = entries_of(store, name, most)
        if json:
            versions = [_as_json(each) for each in entries]
            print_json("log", {"name": name, "versions": versions, **moment(store)})
        else:
            paged(rows(entries, name))


def _as_json(entry: Entry) -> dict[str, object]:
    told = {"tokens": entry.tokens, "change": entry.change, "reports": len(entry.reports)}
    return described(entry.version) | told


def entries_of(store: View, name: str, most: int = 0) -> list[Entry]:
    """Return the versions of *name*, newest first, at most so many (0: all)."""
    versions = store.history(name)
    kept = versions[-most:] if most else versions
    earlier = versions[: -len(kept)][-1:]
    tokens: dict[str, int | None] = {}
    for version in (*earlier, *kept):
        if version.digest not in tokens:
            tokens[version.digest] = _tokens(store, version)
    reports = measured.axes_of(store, tokens)
    found = []
    for before, version in zip((*(earlier or (None,)), *kept[:-1]), kept, strict=True):
        now, then = tokens[version.digest], tokens[before.digest] if before else 0
        change = None if now is None or then is None else now - then
        found.append(Entry(version, now, change, reports.get(version.digest, [])))
    return found[::-1]


def _tokens(store: View, version: Version) -> int | None:
    from promptlib.errors import PromptLibError, raise_if_passing  # noqa: PLC0415 - help needs no store

    try:
        return source_tokens(store.load_stored(f"{version.name}#{version.digest.removeprefix('sha256:')}"))
    except PromptLibError as error:
        raise_if_passing(error)
        return None  # a version that cannot be read has a place in the log all the same


def rows(entries: Sequence[Entry], name: str) -> Iterator[Row]:
    """Yield two rows for each version: the facts in columns, and the message below."""
    now = datetime.now(UTC)
    facts = aligned([_facts(each, now) for each in entries], right=(3, 4))
    indent = " " * (2 + max((len(number(each.version)) for each in entries), default=0))
    earlier = [each.version for each in entries[1:]]
    for each, row, before in zip(entries, facts, [*earlier, None], strict=True):
        yield row
        if each.version.name != name:
            yield plain(f"{indent}as {each.version.name}", "magenta")
        if told := trust_of(each.version, before):
            yield plain(f"{indent}{told}", "magenta")
        if each.reports:
            yield plain(f"{indent}measured: {measured.told(each.reports)}", "magenta")
        if subject(each.version):
            yield ((indent, ""), (subject(each.version), ""))


def trust_of(version: Version, before: Version | None) -> str:
    """Return what *version* changes of whose words these are, or an empty text."""
    if version.vouched and (before is None or version.vouched != before.vouched):
        return f"vouched for: {version.vouched}"
    changed = before is None or version.trust != before.trust
    return "foreign" if changed and version.trust == "foreign" else ""


def _facts(entry: Entry, now: datetime) -> Row:
    version = entry.version
    return (
        (number(version), "bold yellow"),
        (short(version), "cyan"),
        (", ".join(version.labels), "bold green"),
        ("?" if entry.tokens is None else f"{entry.tokens:,} tokens", ""),
        ("" if entry.change is None else signed(entry.change), _colour(entry.change)),
        (age(version.time, now), "dim"),
        (version.author, "dim"),
    )


def _colour(change: int | None) -> str:
    return "dim" if not change else "red" if change > 0 else "green"
