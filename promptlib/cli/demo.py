"""`promptlib demo`: a throw-away store, and a walk through it."""

from __future__ import annotations

import shlex
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Annotated

import typer

from promptlib.cli.terminal import emit, lines, plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptlib import Store
    from promptlib.cli.terminal import Row

TRIAGE = "support/triage"
REPLY = "sales/reply"
MOST_TOKENS, RESERVED = 2000, 500
QUESTION = "Will this lamp light a table for six? It stands two metres away."
HISTORY = (
    {"role": "user", "content": "Hello! I am looking for a lamp."},
    {"role": "assistant", "content": "Gladly. How large is the table that it should light?"},
)


def demo(
    *,
    keep: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Where the store goes: a new folder, else a temporary one.")
    ] = None,
) -> None:
    """Make a throw-away store of prompts with a history and walk through it: no network, no identity, no key."""
    place = _place(keep)
    store = made(place)
    with store:
        emit(
            [
                (("A small library of prompts, in a git repository of its own: ", "bold"), (str(place), "bold cyan")),
                plain("Nothing is written anywhere else. Each step below is a command that you can repeat there."),
            ]
        )
        _walk(store)
    emit(_farewell(place))


def _place(keep: Path | None) -> Path:
    if keep is None:
        return Path(mkdtemp(prefix="promptlib-demo-")) / "prompts.git"
    if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        raise typer.BadParameter(f"{keep} is there already: name a new folder", param_hint="--keep")
    return keep.absolute()


def made(place: Path) -> Store:
    """Return a new bare store at *place* with the library's whole history."""
    from promptlib import Pin, Store  # noqa: PLC0415 - help needs no store
    from promptlib.demo import events  # noqa: PLC0415 - beside it
    from promptlib.store.replaying import Replayed  # noqa: PLC0415 - beside it

    library = list(events())
    store = Store.init(place, bare=True)
    store.replay(
        Replayed({each.name: each.data}, f"{each.message}\n", each.author, each.email, each.moment) for each in library
    )
    with store.transaction("Say what is live, and what is next") as transaction:
        for each in library:
            for label in each.labels:
                transaction.label(each.name, label, store.version(str(Pin(each.name, each.prompt.digest))))
    return store


def _walk(store: Store) -> None:
    from promptlib.cli import differences, log  # noqa: PLC0415 - help needs neither
    from promptlib.diff import diff  # noqa: PLC0415 - beside it

    live, next_one = f"{TRIAGE}@production", f"{TRIAGE}@staging"
    _step("ls", _names(store), "What is here")
    _step(f"log {TRIAGE}", log.rows(log.entries_of(store, TRIAGE), TRIAGE), "The life of one prompt")
    changes = diff(store.load(live), store.load(next_one))
    _step(f"diff {live} {next_one}", differences.rows(changes), "What going live would change")
    _step(f"lineage {REPLY}", lines(store.lineage(REPLY).tree()), "Where a prompt comes from")
    _render(store)


def _names(store: Store) -> Iterable[Row]:
    from promptlib.cli.names import table  # noqa: PLC0415 - help needs no table

    return table(store, store.names())


def _render(store: Store) -> None:
    from promptlib import Budget  # noqa: PLC0415 - help needs no budget
    from promptlib.cli.render import account, chat  # noqa: PLC0415 - beside it

    limit = Budget(MOST_TOKENS, RESERVED)
    values = {"question": QUESTION, "product": "the lamp Vega", "history": HISTORY}
    rendered = store.load(f"{REPLY}@staging").render(values, budget=limit)
    given = " ".join(f"-i {name}={shlex.quote(str(value))}" for name, value in values.items() if isinstance(value, str))
    command = f"render {REPLY}@staging {given} --budget {MOST_TOKENS} --reserve {RESERVED} --tokens"
    report = rendered.report
    table = [(), *account(report, limit)] if report else []
    _step(command, [*chat(rendered), *table], "What would be sent, with two earlier messages, and what it costs")


def _step(command: str, rows: Iterable[Row], title: str) -> None:
    emit([(), plain(f"── {title} ──", "bold yellow"), plain(f"$ promptlib {command}", "bold"), *rows])


def _farewell(place: Path) -> Iterable[Row]:
    there = shlex.quote(str(place))
    yield ()
    yield plain("── Where to go next ──", "bold yellow")
    yield plain(f"The store is at {place}: delete the folder when you have seen enough.")
    yield plain(f"$ promptlib -C {there} show support/reply")
    yield plain(f"$ git -C {there} log --stat")
    yield plain("$ promptlib --help")
    yield plain("Your own prompts: docs/tutorial/first-prompt.md")
