"""`promptlib render`: the messages, with the inputs filled in."""

from __future__ import annotations

import json as json_text
import sys
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from promptlib.cli import counters
from promptlib.cli.asking import asked, moment
from promptlib.cli.options import At, Json, Ref
from promptlib.cli.terminal import aligned, emit, lines, plain, print_json, write_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from promptlib import Budget, RenderedPrompt
    from promptlib.chain import Stored
    from promptlib.cli.terminal import Row
    from promptlib.tokens import BudgetReport

Format = Literal["text", "openai", "anthropic"]
#: No prompt has so many tokens: what is only counted gets this budget.
UNLIMITED = 10**12
Given: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "-i", "--input", metavar="NAME=VALUE", help="One input; what is no text is written as JSON. Repeat it."
    ),
]
Inputs: TypeAlias = Annotated[
    str, typer.Option("--inputs", metavar="FILE|-", help="A JSON file with the inputs.", show_default=False)
]


def render(  # noqa: PLR0913 - one option for each thing that a rendering takes
    ref: Ref,
    *,
    given: Given = None,
    inputs: Inputs = "",
    budget: Annotated[int | None, typer.Option(metavar="N", help="Refuse more than N tokens.", min=1)] = None,
    reserve: Annotated[
        int, typer.Option(metavar="N", help="Tokens of the budget that stay free for the answer.", min=0)
    ] = 0,
    margin: Annotated[
        int, typer.Option(metavar="N", help="Tokens that stay free because the count is an estimate.", min=0)
    ] = 0,
    low_water: Annotated[
        float | None,
        typer.Option(metavar="N", help="How far down a thread is cut: tokens, or a share of the budget.", min=0),
    ] = None,
    grid: Annotated[int | None, typer.Option(metavar="N", help="Cut threads at every N-th message.", min=1)] = None,
    encoding: counters.Encoding = counters.DEFAULT,
    model: counters.Model = "",
    tokenizer: counters.Tokenizer = "",
    form: Annotated[Format, typer.Option("--format", help="For people, or for an API.")] = "text",
    tokens: Annotated[bool, typer.Option("--tokens", help="Show what each message costs.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what the budget kept, cut and dropped, and why.")
    ] = False,
    at: At = "",
    json: Json = False,
) -> None:
    """Fill in the inputs and show the messages as they would be sent; nothing is sent. Of a chain, the first step."""
    from promptlib import Prompt  # noqa: PLC0415 - help needs no prompt

    parts = {"--reserve": reserve, "--margin": margin, "--low-water": low_water, "--grid": grid, "--explain": explain}
    _check_parts(parts, budget)
    by = counters.chosen(encoding, model, tokenizer)
    limit = _limit(budget, reserve, margin, (low_water, grid), by) if budget else None
    with asked(at) as store:
        stored = store.load_stored(ref, follow=True)
        filled = values(stored, inputs, given or [])
        if isinstance(stored, Prompt):
            rendered = stored.render(filled, budget=limit, resolve=store.load)
        else:
            rendered = stored.render_first(filled, budget=limit)
        report = rendered.report or _limit(UNLIMITED, 0, 1, (None, None), by).measure(rendered.messages)
        if json:
            print_json("render", as_json(rendered, report, limit) | moment(store))
            return
    _write(rendered, form)
    _tell([account(report, limit)] * tokens + [explained(report)] * explain, form)


def _tell(tables: Iterable[Iterable[Row]], form: Format) -> None:
    """Write *tables* below the messages; where those are for a program, beside them."""
    for table in tables:
        emit([*([()] if form == "text" else []), *table], stream=sys.stdout if form == "text" else sys.stderr)


def _check_parts(parts: Mapping[str, object], budget: int | None) -> None:
    alone = next((option for option, said in parts.items() if said and not budget), None)
    if alone is not None:
        raise typer.BadParameter(f"{alone} is a part of --budget: give both", param_hint=alone)


def _limit(
    most: int, reserve: int, margin: int, steady: tuple[float | None, int | None], by: counters.Chosen
) -> Budget:
    from promptlib import Budget  # noqa: PLC0415 - help needs no budget

    low_water, grid = steady
    whole = None if low_water is None else int(low_water) if low_water >= 1 else low_water
    counting = {"encoding": by.counter} if isinstance(by.counter, str) else {"counter": by.counter}
    return Budget(most, reserve, margin=margin, low_water=whole, grid=grid, profile=by.profile, **counting)


def _write(rendered: RenderedPrompt, form: Format) -> None:
    if form == "openai":
        write_json(rendered.to_openai())
    elif form == "anthropic":
        write_json(rendered.to_anthropic())
    else:
        emit(chat(rendered))


def chat(rendered: RenderedPrompt) -> Iterator[Row]:
    """Yield the messages for people: each role on a row above its text."""
    for at, (message, shown) in enumerate(zip(rendered.messages, str_of(rendered), strict=True)):
        if at:
            yield ()
        yield plain(f"{message.role}:", "bold magenta")
        yield from lines(shown)


def str_of(rendered: RenderedPrompt) -> Iterator[str]:
    """Yield each message's text as `str(rendered)` shows it, pictures and tool calls named."""
    from promptlib import RenderedPrompt  # noqa: PLC0415 - help needs no rendering

    for message in rendered.messages:
        yield str(RenderedPrompt(messages=(message,))).partition("\n")[2]


def as_json(rendered: RenderedPrompt, report: BudgetReport, limit: Budget | None) -> dict[str, object]:
    """Return everything about *rendered* as JSON."""
    provenance = rendered.provenance
    return {
        "messages": rendered.to_openai(),
        "text": rendered.text,
        "tokens": {
            "total": int(report.total),
            "exactness": report.exactness,
            "engine": report.total.engine,
            "overhead": report.overhead,
            "messages": [
                {"index": each.index, "role": each.role, "tokens": each.tokens, "outcome": each.outcome}
                for each in report.messages
            ],
        },
        "budget": _budget_json(report) if limit else None,
        "provenance": provenance.to_dict() if provenance else None,
    }


def _budget_json(report: BudgetReport) -> dict[str, object]:
    return {
        "max_tokens": report.max_tokens,
        "reserve": report.reserve,
        "margin": report.margin,
        "remaining": report.remaining,
        "segments": report.decisions()["segments"],
        "stable_prefix_tokens": report.stable_prefix_tokens,
    }


#: How each outcome looks.
STYLES = {"kept": "green", "truncated": "yellow", "dropped": "red"}


def explained(report: BudgetReport) -> Iterator[Row]:
    """Yield the account of a budget: its bar, its messages, its segments."""
    for line in str(report.explain()).split("\n"):
        outcome = next((word for word in STYLES if f" {word}" in line), "")
        yield ((line, STYLES.get(outcome, "")),)


def account(report: BudgetReport, limit: Budget | None) -> Iterator[Row]:
    """Yield the table of tokens: each message, the overhead, the total, and what the budget leaves."""
    total = report.total
    chat_profile = f" as {total.profile}" if total.profile else ""
    yield plain(f"tokens ({report.exactness}, {total.engine}{chat_profile})", "bold")
    table: list[Row] = [
        ((f"  {each.index + 1}", "dim"), (each.role, "magenta"), (f"{each.tokens:,}", ""), (_kept(each.outcome), "dim"))
        for each in report.messages
    ]
    numbers = {"overhead": report.overhead, "total": int(total)}
    if limit:
        numbers |= {"reserve": report.reserve, "limit": report.max_tokens, "remaining": report.remaining}
    bold = {"total", "remaining"}
    table += [
        (("", ""), (name, "bold" if name in bold else ""), (f"{number:,}", "bold" if name in bold else ""), ("", ""))
        for name, number in numbers.items()
    ]
    yield from aligned(table, right=(2,))


def _kept(outcome: str) -> str:
    return "" if outcome == "kept" else outcome


def values(stored: Stored, inputs: str, given: list[str]) -> dict[str, object]:
    """Return the values for the inputs of *stored* that a person gave: those of a file, and pairs `NAME=VALUE`."""
    found = _from_file(inputs) if inputs else {}
    kinds = {each.name: each.type for each in stored.inputs}
    for pair in given:
        name, mark, value = pair.partition("=")
        if not mark:
            raise typer.BadParameter(f"{pair!r} has no =: write {pair}=VALUE", param_hint="--input")
        found[name] = value_of(value, kinds[name].kind if name in kinds else "string")
    return found


#: Kinds whose values are written as they are; all others as JSON.
_WRITTEN = frozenset({"string", "date", "datetime", "enum", "image", "file"})


def value_of(text: str, kind: str) -> object:
    """Return what a person wrote as *text* for an input of *kind*: what is no text is JSON."""
    if kind == "string" or kind in _WRITTEN - {"enum"}:
        return text
    try:
        value: object = json_text.loads(text)
    except ValueError:
        return text  # the inputs say what is wrong with it, by name
    return text if kind == "enum" and isinstance(value, str | list | dict) else value


def _from_file(path: str) -> dict[str, object]:
    from promptlib.cli import files  # noqa: PLC0415 - help needs no files

    data, source = files.given(path)
    try:
        values = json_text.loads(data)
    except ValueError as error:
        raise typer.BadParameter(f"{source} is no JSON: {error}", param_hint="--inputs") from error
    if not isinstance(values, dict):
        raise typer.BadParameter(f'{source} holds no object such as {{"ticket": "…"}}', param_hint="--inputs")
    return values
