"""From a chain that ran to the runs that a log holds: one for the chain, and one for each of its steps."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

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
    own = checked_fields(fields or {})
    word = checked_word(run, "run") if run is not None else secrets.token_hex(ID_BYTES)
    now, called = checked_time(time), checked_word(model, "model") if model else ""
    number, edited = _version(made.version)
    tokens = made.tokens
    steps = [(each, _includes(each, find)) for each in made.steps]
    yield Run(
        id=word,
        time=now,
        digest=made.digest,
        name=made.name,
        number=number,
        edited=edited,
        includes=_once(pin for each, pins in steps for pin in (Pin(_own(each), each.digest), *pins)),
        inputs_digest=made.inputs_digest,
        output_digest=output_digest(made.text) if made.steps else "",
        model=called,
        tokens=int(tokens) if made.steps else None,
        exactness=getattr(tokens, "exactness", ""),
        fields=own,
    )
    for each, pins in steps:
        number, edited = _version(each.provenance.version)
        about = {CHAIN: f"{made.name}#{made.digest.removeprefix('sha256:')}", CHAIN_RUN: word, STEP: each.name}
        try:
            yield Run(
                id=secrets.token_hex(ID_BYTES),
                time=each.began.astimezone(UTC) if each.began else now,
                digest=each.digest,
                name=each.provenance.name,
                number=number,
                edited=edited,
                label=each.provenance.label,
                commit=each.provenance.commit,
                includes=pins,
                inputs_digest=each.provenance.inputs_digest,
                result_digest=each.provenance.result_digest,
                output_digest=output_digest(each.answer),
                model=called,
                tokens=int(each.tokens),
                exactness=each.tokens.exactness,
                output=freeze(each.answer, what="the answer") if texts else None,
                fields=Frozen({**own, **about}),
            )
        except InvalidPrompt as error:
            raise InvalidInputs(f"this run cannot be logged: {error.what}", hint=error.hint) from error


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
