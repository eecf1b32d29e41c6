"""`promptlib check`: can each prompt be read, and can it overflow a budget?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from promptlib.cli import completing
from promptlib.cli.counters import DEFAULT, Encoding, Model, chosen
from promptlib.cli.exits import DIFFERENT
from promptlib.cli.options import Json
from promptlib.cli.terminal import aligned, emit, plain, print_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from promptlib import Budget, Prompt, PromptLibError, Store
    from promptlib.cli.terminal import Row
    from promptlib.tokens import WorstCase


class Checked(NamedTuple):
    """A prompt by its name: why it cannot be read, or what it takes at most where that was asked."""

    name: str
    problem: PromptLibError | None = None
    worst: WorstCase | None = None

    @property
    def ok(self) -> bool:
        """Whether it was read, and always fits."""
        return self.problem is None and (self.worst is None or self.worst.fits)


def check(  # noqa: PLR0913 - one option for each thing that a budget says
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME",
            help="The prompts; without any, all of the store.",
            autocompletion=completing.names,
            show_default=False,
        ),
    ] = None,
    *,
    budget: Annotated[
        int | None, typer.Option(metavar="N", help="Can a prompt take more than N tokens, whatever its values?", min=1)
    ] = None,
    reserve: Annotated[
        int, typer.Option(metavar="N", help="Tokens of the budget that stay free for the answer.", min=0)
    ] = 0,
    margin: Annotated[
        int, typer.Option(metavar="N", help="Tokens that stay free besides, where numbers are estimates.", min=0)
    ] = 0,
    encoding: Encoding = DEFAULT,
    model: Model = "",
    json: Json = False,
) -> None:
    """Read every prompt with its includes; with --budget, say whether any values can make one overflow."""
    from promptlib import Store  # noqa: PLC0415 - help needs no store

    limit = _budget(budget, reserve, margin, encoding, model)
    with Store.open() as store:
        found = [_checked(store, name, limit) for name in names or store.names()]
    if json:
        print_json("check", _as_json(found, limit))
    else:
        emit(_rows(found, limit))
    if not all(each.ok for each in found):
        raise typer.Exit(DIFFERENT)


def _budget(budget: int | None, reserve: int, margin: int, encoding: str, model: str) -> Budget | None:
    """Return the budget that was asked for; its other options say nothing without it."""
    given = {"--reserve": reserve, "--margin": margin, "--encoding": encoding != DEFAULT, "--model": model}
    if budget is None:
        alone = next((option for option, value in given.items() if value), None)
        if alone is not None:
            raise typer.BadParameter(f"{alone} is a part of --budget: give both", param_hint=alone)
        return None
    from promptlib import Budget  # noqa: PLC0415 - reading alone needs no tokens

    found = chosen(encoding, model, "")
    if isinstance(found.counter, str):
        return Budget(budget, reserve, found.counter, margin=margin, profile=found.profile)
    return Budget(budget, reserve, counter=found.counter, margin=margin, profile=found.profile)


def _checked(store: Store, name: str, limit: Budget | None) -> Checked:
    from promptlib import errors  # noqa: PLC0415 - help needs no errors

    try:
        prompt = store.load(name)
        _read_includes(store, prompt, set())
        return Checked(name, worst=None if limit is None else prompt.worst_case(limit, resolve=store.load))
    except (errors.NotFound, errors.InvalidPrompt, errors.RenderFailed, errors.StoreDamaged) as error:
        return Checked(name, error)


def _read_includes(store: Store, prompt: Prompt[Any], read: set[str]) -> None:
    """Read what *prompt* includes, and what that includes, each once."""
    if prompt.digest in read:
        return
    read.add(prompt.digest)
    for alias in prompt.includes:
        _read_includes(store, prompt.resolve(alias, store.load), read)


def _as_json(found: Iterable[Checked], limit: Budget | None) -> dict[str, object]:
    budget = None
    if limit is not None:
        budget = {"max_tokens": limit.max_tokens, "reserve": limit.reserve, "margin": limit.margin}
    prompts = [
        {
            "name": each.name,
            "ok": each.ok,
            "errors": [_error_json(error) for error in _errors(each)],
            "worst": each.worst.to_dict() if each.worst else None,
        }
        for each in found
    ]
    return {"ok": all(each["ok"] for each in prompts), "budget": budget, "prompts": prompts}


def _errors(each: Checked) -> list[PromptLibError]:
    return [each.problem, *each.problem.others] if each.problem else []


def _error_json(error: PromptLibError) -> dict[str, object]:
    return {"what": error.what, "where": str(error.where or ""), "hint": error.hint}


def _rows(found: Sequence[Checked], limit: Budget | None) -> Iterator[Row]:
    """Yield the table, what is wrong with each prompt and what to write, and the sum."""
    if limit is not None:
        yield from aligned([_row(each) for each in found], right=(1, 2))
    for each in found:
        if not each.ok:
            yield plain(each.name, "bold")
            yield from _told(each)
    count = f"{len(found):,} prompt{'' if len(found) == 1 else 's'}"
    wrong = sum(not each.ok for each in found)
    if not wrong:
        yield plain(f"{count}: {'all can be read' if limit is None else 'none can overflow'}", "green")
        return
    unread = sum(each.problem is not None for each in found)
    words = [
        f"{unread:,} cannot be read" if unread else "",
        f"{wrong - unread:,} can overflow" if wrong > unread else "",
    ]
    yield plain(f"{count}: {', '.join(filter(None, words))}", "bold red")


def _row(each: Checked) -> Row:
    name = (each.name, "bold")
    if each.worst is None:
        return name, ("", ""), ("", ""), ("cannot be read", "bold red")
    most, verdict = each.worst.most, ("ok", "green") if each.worst.fits else ("can overflow", "bold red")
    if most is None:
        known = ", ".join(dict.fromkeys(item.name for item in each.worst.unbounded))
        return name, (f"unbounded: {known}", "yellow"), (f"{each.worst.limit:,}", ""), verdict
    return name, (f"{most:,}", ""), (f"{each.worst.limit:,}", ""), verdict


def _told(each: Checked) -> Iterator[Row]:
    """Yield why, and what to write."""
    for error in _errors(each):
        place = f" ({error.where})" if error.where and str(error.where) else ""
        yield from (plain(f"  {line}") for line in f"{error.what}{place}".split("\n"))
        yield from (plain(f"    {line}", "green") for line in error.hint.split("\n") if line)
    if each.worst is not None:
        yield from (plain(f"  {line}") for line in each.worst.explain().split("\n")[1:])
