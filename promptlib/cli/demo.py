"""`promptlib demo`: a throw-away store, and a walk through it."""

from __future__ import annotations

import json
import shlex
from importlib.resources import files
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Annotated

import typer

from promptlib.cli.terminal import emit, plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptlib import Store
    from promptlib.cli.terminal import Row

TRIAGE = "support/triage"
REPLY = "sales/reply"
LETTER = "meeting/letter"
MINUTES = "meeting/minutes"
NEED = "what was agreed in the meeting"
MOST_TOKENS, RESERVED = 2000, 500
ANSWER = "text/answer"
SMALL = 256
GOODWILL = "support/goodwill"
STORE, VALUES, FOUND, COMPLAINT, MODEL = "prompts.git", "conversation.json", "found.json", "complaint.jsonl", "model.py"
COMPLAIN = {"complaint": "The lamp arrived broken, and nobody answers."}
CONVERSATION = {
    "question": "Will this lamp light a table for six? It stands two metres away.",
    "product": "the lamp Vega",
    "history": [
        {"role": "user", "content": "Hello! I am looking for a lamp."},
        {"role": "assistant", "content": "Gladly. How large is the table that it should light?"},
    ],
}

FINDINGS = {
    "question": "Which lamp lights a table for six?",
    "sources": [
        f"The lamp {name} has {lumen} lumen and lights {seats} seats from two metres. It is made of brass and glass, "
        f"comes in {colours} colours, and was sold {sold} times this year."
        for name, lumen, seats, colours, sold in (
            ("Vega", 900, 6, 3, 412), ("Lyra", 450, 2, 5, 390), ("Mira", 700, 4, 2, 118), ("Orion", 1200, 8, 1, 87),
            ("Rigel", 300, 2, 4, 73), ("Atlas", 950, 6, 2, 64),
        )
    ],
    "history": [
        {"role": role, "content": f"{word} number {turn} of this conversation, which is long."}
        for turn in range(1, 11)
        for role, word in (("user", "Question"), ("assistant", "Answer"))
    ],
}  # fmt: skip


def demo(
    *,
    keep: Annotated[
        Path | None, typer.Option(metavar="PATH", help="A new folder for it all; else a temporary one.")
    ] = None,
) -> None:
    """Make a throw-away store of prompts with a history and walk through it: no network, no identity, no key."""
    folder = _folder(keep)
    place = folder / STORE
    with made(place) as store:
        for name, values in ((VALUES, CONVERSATION), (FOUND, FINDINGS)):
            (folder / name).write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
        (folder / COMPLAINT).write_text(json.dumps(COMPLAIN) + "\n", encoding="utf-8")
        (folder / MODEL).write_text(files("promptlib.demo").joinpath(MODEL).read_text("utf-8"), encoding="utf-8")
        emit(
            [
                plain("A small library of prompts, in a git repository of its own.", "bold"),
                plain("Nothing is written outside of its folder. To repeat a step, go there first:"),
                plain(f"$ cd {shlex.quote(str(place))}", "bold cyan"),
            ]
        )
        _walk(store)
    emit(_farewell(folder))


def _folder(keep: Path | None) -> Path:
    if keep is None:
        return Path(mkdtemp(prefix="promptlib-demo-"))
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
                transaction.label(each.name, label, store.version(str(Pin(each.name, each.stored.digest))))
    return store


def _walk(store: Store) -> None:
    from promptlib.cli import chains, differences, log, search  # noqa: PLC0415 - help needs none of them
    from promptlib.cli.lineage import tree  # noqa: PLC0415 - beside it
    from promptlib.diff import diff  # noqa: PLC0415 - beside it

    live, next_one = f"{TRIAGE}@production", f"{TRIAGE}@staging"
    _step("ls", _names(store), "What is here")
    _step(f"search {shlex.quote(NEED)}", search.rows(store.search(NEED)), "What meets a need")
    _step(f"log {TRIAGE}", log.rows(log.entries_of(store, TRIAGE), TRIAGE), "The life of one prompt")
    changes = diff(store.load(live), store.load(next_one))
    _step(f"diff {live} {next_one}", differences.rows(changes), "What going live would change")
    _step(f"lineage {REPLY}", tree(store.lineage(REPLY)), "Where a prompt comes from")
    letter = chains.rows(store.load_chain(LETTER), store.version(LETTER), "")
    _step(f"show {LETTER}", letter, "Prompts in a row, each pinned, each answer wired to the next")
    _render(store)
    _vary(store)
    _learn(store)


def _names(store: Store) -> Iterable[Row]:
    from promptlib.cli.names import table  # noqa: PLC0415 - help needs no table

    return table(store)


def _render(store: Store) -> None:
    from promptlib import Budget  # noqa: PLC0415 - help needs no budget
    from promptlib.cli.render import account, chat  # noqa: PLC0415 - beside it

    limit = Budget(MOST_TOKENS, RESERVED)
    rendered = store.load(f"{REPLY}@staging").render(CONVERSATION, budget=limit)
    options = f"--inputs ../{VALUES} --budget {MOST_TOKENS} --reserve {RESERVED} --tokens"
    report = rendered.report
    table = [(), *account(report, limit)] if report else []
    _step(f"render {REPLY}@staging {options}", [*chat(rendered), *table], "What would be sent, and what it costs")
    _fit(store)


def _fit(store: Store) -> None:
    from promptlib import Budget  # noqa: PLC0415 - help needs no budget
    from promptlib.cli.render import chat, explained  # noqa: PLC0415 - beside it

    rendered = store.load(f"{ANSWER}@staging").render(FINDINGS, budget=Budget(SMALL))
    options = f"--inputs ../{FOUND} --budget {SMALL} --explain"
    account = [(), *explained(rendered.report)] if rendered.report else []
    _step(f"render {ANSWER}@staging {options}", [*chat(rendered), *account], "What of too much fits, and why")


def _vary(store: Store) -> None:
    from promptlib import fairness  # noqa: PLC0415 - help needs no fairness
    from promptlib.cli import varying  # noqa: PLC0415 - beside it
    from promptlib.demo import model  # noqa: PLC0415 - beside it

    prompt = store.load(GOODWILL)
    report = fairness.vary(
        prompt,
        [COMPLAIN],
        variants=fairness.VariantSet.shipped("gender"),
        model=model.answer,
        model_id="made-up",
        measures=[fairness.Outputs(prompt.outputs)],
    )
    command = f"vary {GOODWILL} --set gender --cases ../{COMPLAINT} --with 'python3 ../{MODEL}' --model-id made-up"
    title = "Whether a name changes the answer: of a made-up model, unfair on purpose"
    _step(f"{command} --measure outputs", varying.rows(report), title)


def _learn(store: Store) -> None:
    from promptlib.cli.lesson_screen import reading_of  # noqa: PLC0415 - help needs no lessons
    from promptlib.learn import applied  # noqa: PLC0415 - beside it

    source, data = store.raw(MINUTES)
    reading = applied(data, name=MINUTES, source=source, view=store)
    _step(f"learn --on {MINUTES}", reading_of(reading), "What the lessons of `promptlib learn` say of a prompt")


def _step(command: str, rows: Iterable[Row], title: str) -> None:
    emit([(), plain(f"── {title} ──", "bold yellow"), plain(f"$ promptlib {command}", "bold"), *rows])


def _farewell(folder: Path) -> Iterable[Row]:
    yield ()
    yield plain("── Where to go next ──", "bold yellow")
    yield plain(f"Everything is in {folder}: delete it when you have seen enough.")
    yield from (plain(f"$ {command}", "bold") for command in ("promptlib show support/reply", "git log --stat"))
    yield plain("$ promptlib --help", "bold")
    yield plain("Your own prompts: docs/tutorial/first-prompt.md; how to write good ones: promptlib learn")
