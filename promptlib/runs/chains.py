"""From a chain that ran to the runs that a log holds: one for the chain, and one for each of its steps."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from promptlib.errors import InvalidInputs, InvalidPrompt, PromptLibError
from promptlib.plain import Frozen, freeze
from promptlib.refs import Pin
from promptlib.runs.outputs import output_digest
from promptlib.runs.ran import ran
from promptlib.runs.recording import ID_BYTES, checked_fields, checked_time, checked_word
from promptlib.runs.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from promptlib.chain import ChainRun, StepRun
    from promptlib.runs.ran import Find

#: What the line of a step says of its chain.
CHAIN, CHAIN_RUN, STEP = "chain", "chain_run", "step"


def runs_for(  # noqa: PLR0913 - what there is to tell of a run, all by keyword
    made: ChainRun,
    *,
    find: Find | None,
    model: str,
    texts: bool,
    fields: Mapping[str, object] | None,
    time: datetime | None,
    run: str | None,
) -> Iterator[Run]:
    """Yield the runs that tell of *made*, that of the chain first; see `RunLog.record_chain`."""
    taken = {CHAIN, CHAIN_RUN, STEP} & set(fields or ())
    if taken:
        raise InvalidInputs(
            f"the field {min(taken)!r} tells of the chain", hint=f"choose another name: my_{min(taken)}"
        )
    about = _About(
        fields=checked_fields(fields or {}),
        id=checked_word(run, "run") if run is not None else secrets.token_hex(ID_BYTES),
        time=checked_time(time),
        model=checked_word(model, "model") if model else "",
        texts=texts,
    )
    steps = [(each, _includes(each, find)) for each in made.steps]
    yield _whole(made, steps, about)
    for each, pins in steps:
        try:
            yield _step(made, each, pins, about)
        except InvalidPrompt as error:
            raise InvalidInputs(f"this run cannot be logged: {error.what}", hint=error.hint) from error


class _About(NamedTuple):
    """What all lines of one run have alike."""

    fields: Frozen
    id: str
    time: datetime
    model: str
    texts: bool


def _whole(made: ChainRun, steps: list[tuple[StepRun, tuple[Pin, ...]]], about: _About) -> Run:
    number, edited = _version(made.version)
    tokens = made.tokens
    return Run(
        id=about.id,
        time=about.time,
        digest=made.digest,
        name=made.name,
        number=number,
        edited=edited,
        includes=_once(pin for each, pins in steps for pin in (Pin(_own(each), each.digest), *pins)),
        inputs_digest=made.inputs_digest,
        output_digest=output_digest(made.text) if made.steps else "",
        model=about.model,
        tokens=int(tokens) if made.steps else None,
        exactness=getattr(tokens, "exactness", ""),
        fields=about.fields,
    )


def _step(made: ChainRun, each: StepRun, pins: tuple[Pin, ...], about: _About) -> Run:
    said, (number, edited) = each.provenance, _version(each.provenance.version)
    chain = {CHAIN: f"{made.name}#{made.digest.removeprefix('sha256:')}", CHAIN_RUN: about.id, STEP: each.name}
    return Run(
        id=secrets.token_hex(ID_BYTES),
        time=each.began.astimezone(UTC) if each.began else about.time,
        digest=each.digest,
        name=said.name,
        number=number,
        edited=edited,
        label=said.label,
        commit=said.commit,
        includes=pins,
        inputs_digest=said.inputs_digest,
        result_digest=said.result_digest,
        output_digest=output_digest(each.answer),
        model=about.model,
        tokens=int(each.tokens),
        exactness=each.tokens.exactness,
        output=freeze(each.answer, what="the answer") if about.texts else None,
        fields=Frozen({**about.fields, **chain}),
    )


def _version(told: str | None) -> tuple[int | None, bool]:
    """Return the number in `v3`, and whether it was edited since: then it is that of no version."""
    if told is None:
        return None, False
    return (None, True) if told.endswith("+edited") else (int(told.removeprefix("v")), False)


def _own(each: StepRun) -> str:
    """Return the name as a pin has it: without that of another store."""
    return each.provenance.name.rpartition(":")[2]


def _includes(each: StepRun, find: Find | None) -> tuple[Pin, ...]:
    """Return all that was put in, as deep as it can be found."""
    direct = each.provenance.includes
    if not direct or find is None:
        return direct
    try:
        return ran(find(f"{each.provenance.name}#{each.digest.removeprefix('sha256:')}"), find).includes
    except PromptLibError:
        return direct


def _once(pins: Iterable[Pin]) -> tuple[Pin, ...]:
    return tuple(dict.fromkeys(pins))
