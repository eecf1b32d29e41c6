"""`promptlib check`: can each prompt be read, can it overflow a budget, and does what was published or locked hold?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeAlias

import typer

from promptlib.cli import describing, verdicts
from promptlib.cli.counters import DEFAULT, Encoding, Model, chosen
from promptlib.cli.exits import DIFFERENT
from promptlib.cli.options import Json, Names
from promptlib.cli.terminal import aligned, emit, plain, print_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from promptlib import Budget, PromptLibError, Store
    from promptlib.cli.terminal import Row
    from promptlib.store import Checked
    from promptlib.tokens import WorstCase


Locked: TypeAlias = Annotated[
    bool, typer.Option("--locked", help="Does anything differ from promptlib.lock? See promptlib lock.")
]
LockFile: TypeAlias = Annotated[
    Path | None,
    typer.Option("--lock", metavar="FILE", help="The lock to compare with, instead of the one in the root."),
]
Strict: TypeAlias = Annotated[bool, typer.Option("--strict", help="Fail for warnings too.")]


class Weighed(NamedTuple):
    """A prompt by its name: why it cannot be read, or what it takes at most where that was asked."""

    name: str
    problem: PromptLibError | None = None
    worst: WorstCase | None = None

    @property
    def ok(self) -> bool:
        """Whether it was read, and always fits."""
        return self.problem is None and (self.worst is None or self.worst.fits)


def check(  # noqa: PLR0913 - one option for each thing that a budget says
    names: Names = None,
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
    locked: Locked = False,
    lock: LockFile = None,
    strict: Strict = False,
    json: Json = False,
) -> None:
    """Read every prompt and label with what it includes, and say whether published numbers moved.

    With --budget: can any values make a prompt overflow? With --locked: does a file or label differ from the lock?
    Labels of foreign content, and numbers that a git pull would move, are warnings. Prompts without a description are
    told on stderr, and fail nothing.
    """
    from promptlib import Store  # noqa: PLC0415 - help needs no store

    limit = _budget(budget, reserve, margin, encoding, model)
    with Store.open() as store:
        checked = store.check(*(names or ()), locked=lock or locked)
        found = _weighed(store, checked, limit)
    ok = checked.ok and all(each.ok for each in found) and not (strict and checked.warnings)
    if json:
        print_json(
            "check", {"ok": ok} | _as_json(found, limit) | verdicts.as_json(checked, locked=bool(lock or locked))
        )
    else:
        emit(_rows(found, limit))
        emit(verdicts.rows(checked, locked=bool(lock or locked)))
        describing.tell_of(checked.undescribed)
    if not ok:
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


def _weighed(store: Store, checked: Checked, limit: Budget | None) -> list[Weighed]:
    """Return the prompts that were read, with what each takes at most, and the labels that cannot be read."""
    problems = {each.what: each.error for each in checked.unreadable}
    names = dict.fromkeys([*checked.names, *problems])
    return [_one(store, name, problems.get(name), limit) for name in names]


def _one(store: Store, name: str, problem: PromptLibError | None, limit: Budget | None) -> Weighed:
    from promptlib import Prompt, errors  # noqa: PLC0415 - help needs no errors

    if problem is not None or limit is None:
        return Weighed(name, problem)
    try:
        stored = store.load_stored(name)
        if isinstance(stored, Prompt):
            return Weighed(name, worst=stored.worst_case(limit, resolve=store.load))
        return Weighed(name)  # the prompts of its steps are weighed under their own names
    except (errors.NotFound, errors.InvalidPrompt, errors.RenderFailed, errors.StoreDamaged) as error:
        return Weighed(name, error)


def _as_json(found: Iterable[Weighed], limit: Budget | None) -> dict[str, object]:
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
    return {"budget": budget, "prompts": prompts}


def _errors(each: Weighed) -> list[PromptLibError]:
    return [each.problem, *each.problem.others] if each.problem else []


def _error_json(error: PromptLibError) -> dict[str, object]:
    return {"what": error.what, "where": str(error.where or ""), "hint": error.hint}


def _rows(found: Sequence[Weighed], limit: Budget | None) -> Iterator[Row]:
    """Yield the table, what is wrong with each prompt and what to write, and the sum."""
    if limit is not None:
        yield from aligned([_row(each) for each in found], right=(1, 2))
    for each in found:
        if not each.ok:
            yield plain(each.name, "bold")
            yield from _told(each)
    what = " and labels" if any("@" in each.name for each in found) else ""
    count = f"{len(found):,} prompt{'' if len(found) == 1 else 's'}{what}"
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


def _row(each: Weighed) -> Row:
    name = (each.name, "bold")
    if each.worst is None:
        what = ("cannot be read", "bold red") if each.problem is not None else ("a chain: see its prompts", "dim")
        return name, ("", ""), ("", ""), what
    most, verdict = each.worst.most, ("ok", "green") if each.worst.fits else ("can overflow", "bold red")
    if most is None:
        known = ", ".join(dict.fromkeys(item.name for item in each.worst.unbounded))
        return name, (f"unbounded: {known}", "yellow"), (f"{each.worst.limit:,}", ""), verdict
    return name, (f"{most:,}", ""), (f"{each.worst.limit:,}", ""), verdict


def _told(each: Weighed) -> Iterator[Row]:
    """Yield why, and what to write."""
    for error in _errors(each):
        place = f" ({error.where})" if error.where and str(error.where) else ""
        yield from (plain(f"  {line}") for line in f"{error.what}{place}".split("\n"))
        yield from (plain(f"    {line}", "green") for line in error.hint.split("\n") if line)
    if each.worst is not None:
        yield from (plain(f"  {line}") for line in each.worst.explain().split("\n")[1:])
