"""`promptlib count`: tokens, offline and exact."""

from __future__ import annotations

from dataclasses import dataclass
from os.path import isfile
from typing import TYPE_CHECKING, Annotated

import typer

from promptlib.cli import completing, counters
from promptlib.cli.options import Json
from promptlib.cli.terminal import aligned, emit, plain, print_json
from promptlib.cli.versions import described, number, signed, subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from promptlib import Store, TokenCount, Version
    from promptlib.cli.terminal import Row
    from promptlib.tokens.counting import Counting


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted: a prompt by its messages, or a text as one."""

    name: str
    messages: tuple[tuple[str, TokenCount], ...]

    @property
    def total(self) -> TokenCount:
        """All of it together."""
        return added(tokens for _, tokens in self.messages)


def added(counts: Iterable[TokenCount]) -> TokenCount:
    """Return the sum, as exact as its weakest part."""
    first, *others = counts
    return sum(others, first)


def count(  # noqa: PLR0913 - one option for each thing that can be counted, or count
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[REF|FILE|-]...",
            help="Prompts of the store, any files, or - for standard input, which is counted when nothing is said.",
            autocompletion=completing.refs,
            show_default=False,
        ),
    ] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Every prompt of the store, as it is now.")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Each version of the prompts, and what it changed.")] = False,
    encoding: counters.Encoding = counters.DEFAULT,
    model: counters.Model = "",
    tokenizer: counters.Tokenizer = "",
    json: Json = False,
) -> None:
    """Count tokens: of a prompt's messages as they are written, values apart, or of a text."""
    if every and what:
        raise typer.BadParameter("--all counts every prompt: name none", param_hint="--all")
    by = counters.chosen(encoding, model, tokenizer).counter
    if diff:
        _changes(what or [], by, every=every, json=json)
        return
    found = [_counted(name, texts, by) for name, texts in _texts(what or ["-"], every=every)]
    if json:
        print_json(
            "count", _one_as_json(found[0]) if (what and len(what) == 1) or not (what or every) else _as_json(found)
        )
    elif len(found) == 1 and not every:
        emit(_one(found[0]))
    else:
        emit(_table(found))


def _counted(name: str, texts: Sequence[tuple[str, str]], by: Counting) -> Counted:
    from promptlib.tokens import count_many  # noqa: PLC0415 - help needs no vocabulary

    counts = count_many((text for _, text in texts), encoding=by)
    return Counted(name, tuple((role, tokens) for (role, _), tokens in zip(texts, counts, strict=True)))


def _texts(what: Sequence[str], *, every: bool) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield each thing by name, as (role, text) of each message of a prompt, or the one text of a file."""
    from promptlib import Store  # noqa: PLC0415 - a file needs no store

    names = [each for each in what if not _is_file(each)]
    if not names and not every:
        yield from ((path, _text(path)) for path in what)
        return
    with Store.open() as store:
        for each in store.names() if every else what:
            yield each, _text(each) if not every and _is_file(each) else _messages(store, each)


def _is_file(what: str) -> bool:
    from promptlib.cli import files  # noqa: PLC0415 - beside it

    return what == files.STANDARD_INPUT or isfile(what)  # noqa: PTH113 - it says no to words that no system takes for a path


def _text(path: str) -> list[tuple[str, str]]:
    from promptlib.cli import files  # noqa: PLC0415 - beside it

    data, source = files.given(path)
    try:
        return [("", data.decode())]
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{source} is no UTF-8 text: byte {error.start}") from error


def _messages(store: Store, ref: str) -> list[tuple[str, str]]:
    from promptlib import Prompt  # noqa: PLC0415 - help needs no prompt
    from promptlib.cli.show import role_of  # noqa: PLC0415 - beside it

    stored = store.load_stored(ref, follow=True)
    if isinstance(stored, Prompt):
        return [(" ".join(filter(None, role_of(piece))), piece.text) for piece in stored.messages]
    return [(name, piece.text) for name, prompt in stored.included for piece in prompt.messages]


# --- one, and many ----------------------------------------------------------------------------------------------------


def _one(counted: Counted) -> list[Row]:
    if len(counted.messages) == 1:
        return [_total(counted.total)]
    rows = [((f"  {role}", "magenta"), (f"{tokens:,}", "")) for role, tokens in counted.messages]
    return [*aligned(rows, right=(1,)), _total(counted.total)]


def _table(found: Sequence[Counted]) -> list[Row]:
    if not found:
        return [plain("no prompts here", "dim")]
    rows = [((each.name, "bold"), (f"{each.total:,}", "")) for each in found]
    return [*aligned(rows, right=(1,)), _total(added(each.total for each in found))]


def _total(total: TokenCount) -> Row:
    return ((f"{total:,} tokens", "bold"), (f" ({total.exactness}, {total.engine})", "dim"))


def _numbers(total: TokenCount) -> dict[str, object]:
    return {"total": int(total), "exactness": total.exactness, "engine": total.engine}


def _one_as_json(counted: Counted) -> dict[str, object]:
    messages = [{"role": role, "tokens": int(tokens)} for role, tokens in counted.messages if role]
    return {"of": counted.name, **_numbers(counted.total), "messages": messages}


def _as_json(found: Sequence[Counted]) -> dict[str, object]:
    total = _numbers(added(each.total for each in found)) if found else {"total": 0}
    return {**total, "counts": [_one_as_json(each) for each in found]}


# --- versions ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """A version, its tokens, and how many more there are than in the one before; None for one that cannot be read."""

    version: Version
    tokens: TokenCount | None
    change: int


def _changes(what: Sequence[str], by: Counting, *, every: bool, json: bool) -> None:
    from promptlib import Store  # noqa: PLC0415 - help needs no store

    if not what and not every:
        raise typer.BadParameter("--diff tells of a prompt's versions: name some, or give --all", param_hint="--diff")
    with Store.open() as store:
        found = [(name, list(_history(store, name, by))) for name in (store.names() if every else what)]
    if json:
        print_json("count-diff", {"prompts": [_history_as_json(name, changes) for name, changes in found]})
        return
    for at, (name, changes) in enumerate(found):
        emit([*([()] if at else []), plain(name, "bold"), *_history_rows(changes)])


def _history(store: Store, name: str, by: Counting) -> Iterator[Change]:
    """Yield the versions of *name*, oldest first."""
    from promptlib.errors import PromptLibError, raise_if_passing  # noqa: PLC0415 - help needs no store

    before = 0
    for version in store.history(name):
        which = f"@v{version.number}" if version.number is not None else f"#{version.digest.removeprefix('sha256:')}"
        try:
            tokens = _counted(name, _messages(store, f"{version.name}{which}"), by).total
        except PromptLibError as error:
            raise_if_passing(error)
            yield Change(version, None, 0)  # damaged, or no prompt; `fsck` tells
            continue
        yield Change(version, tokens, int(tokens) - before)
        before = int(tokens)


def _history_rows(changes: Sequence[Change]) -> list[Row]:
    return aligned([_history_row(change) for change in changes], right=(1, 2))


def _history_row(change: Change) -> Row:
    version = change.version
    tokens = "unreadable" if change.tokens is None else f"{change.tokens:,}"
    sign = "" if change.tokens is None else signed(change.change)
    style = "red" if change.change > 0 else "green" if change.change < 0 else "dim"
    return ((f"  {number(version)}", "bold yellow"), (tokens, ""), (sign, style), (subject(version), "dim"))


def _history_as_json(name: str, changes: Sequence[Change]) -> dict[str, object]:
    versions = [
        {
            "version": described(each.version),
            "tokens": None if each.tokens is None else int(each.tokens),
            "change": None if each.tokens is None else each.change,
        }
        for each in changes
    ]
    counted = next((each.tokens for each in changes if each.tokens is not None), None)
    engine = {} if counted is None else {"exactness": counted.exactness, "engine": counted.engine}
    return {"name": name, **engine, "versions": versions}
