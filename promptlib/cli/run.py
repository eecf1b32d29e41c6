"""`promptlib run`: a chain, each step answered by a command of yours."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from promptlib.cli import files
from promptlib.cli.answering import answered_by
from promptlib.cli.asking import asked
from promptlib.cli.exits import DIFFERENT
from promptlib.cli.options import At, Json, Ref
from promptlib.cli.render import Given, Inputs, values
from promptlib.cli.terminal import emit, plain, print_error, print_json, write_exactly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from promptlib import Budget, Chain, ChainRun
    from promptlib.chain.running import Messages
    from promptlib.cli.terminal import Row
    from promptlib.errors import ChainFailed

Command: TypeAlias = Annotated[
    str,
    typer.Option(
        "--with", metavar="COMMAND", help="Answers each step: messages as JSON on stdin, the answer on stdout."
    ),
]
Others: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--step-with", metavar="STEP=COMMAND", help="Another command for one step. Repeat it."),
]


def run(  # noqa: PLR0913 - one option for each thing that a run takes
    ref: Ref,
    *,
    command: Command,
    others: Others = None,
    given: Given = None,
    inputs: Inputs = "",
    budget: Annotated[int | None, typer.Option(metavar="N", help="At most N tokens a step.", min=1)] = None,
    resume: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Go on with the run in FILE, from the step that failed.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write the run to FILE, also one that fails: --resume."),
    ] = None,
    at: At = "",
    json: Json = False,
) -> None:
    """Run a chain: each step is sent to a command, its answer is checked, and feeds the next step.

    The command runs without a shell, and nothing of a prompt is among its arguments. What the last step answered is
    printed; a step that fails ends the run with exit code 1.
    """
    from promptlib.errors import ChainFailed  # noqa: PLC0415 - help needs no errors

    with asked(at) as store:
        chain = store.load_chain(ref)
        model = answered_by(command, "--with")
        try:
            made = chain.run(
                values(chain, inputs, given or []),
                model=model,
                models=dict(_by_step(others or [])),
                budget=_budget(budget),
                resume=_resumed(resume) if resume else None,
                clock=lambda: datetime.now(UTC),
            )
        except ChainFailed as error:
            _tell_failed(error, output, json=json)
            raise typer.Exit(DIFFERENT) from error
    _keep(made, output)
    if json:
        print_json("chain run", {"run": made.to_dict()})
        return
    emit(_steps(chain, made), stream=sys.stderr)
    write_exactly(f"{made.text.removesuffix(chr(10))}\n".encode("utf-8", "backslashreplace"))


def _tell_failed(error: ChainFailed, output: Path | None, *, json: bool) -> None:
    _keep(error.run, output)
    if json:
        print_json("chain run", {"run": error.run.to_dict()})
    print_error(error)
    if output:
        emit([plain(f"go on with: --resume {output}")], stream=sys.stderr)


def _budget(most: int | None) -> Budget | None:
    from promptlib import Budget  # noqa: PLC0415 - few runs have one

    return Budget(most) if most else None


def _by_step(others: list[str]) -> Iterator[tuple[str, Callable[[Messages], str]]]:
    for pair in others:
        name, mark, command = pair.partition("=")
        if not mark:
            raise typer.BadParameter(f"{pair!r} has no =: write STEP=COMMAND", param_hint="--step-with")
        yield name, answered_by(command, "--step-with")


def _resumed(path: Path) -> ChainRun:
    from promptlib import ChainRun  # noqa: PLC0415 - help needs no chain

    data, source = files.given(str(path))
    try:
        return ChainRun.from_json(data.decode())
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{source} is no UTF-8", param_hint="--resume") from error


def _keep(run: ChainRun, path: Path | None) -> None:
    """Write *run* whole or not at all: it may be all that is left of dear answers."""
    if path is not None:
        beside = path.with_name(f".{path.name}.part")
        beside.write_text(run.to_json() + "\n", encoding="ascii")
        beside.replace(path)


def _steps(chain: Chain[Any], run: ChainRun) -> Iterator[Row]:
    """Yield a row for each step: what ran, and what was sent."""
    for at, each in enumerate(run.steps, 1):
        floating = "" if chain.step(each.name).pinned else ", floating"
        yield (
            (f"{at}. ", "dim"),
            (each.name, "bold"),
            (f"  {each.ref}", "cyan"),
            (f"{floating}, {int(each.tokens):,} tokens sent", "dim"),
        )
