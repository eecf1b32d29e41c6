"""Chains: one prompt a task, each answer checked before the next step reads it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

from promptlib.errors import InvalidChain
from promptlib.learn.laying import laid, opened, resolving
from promptlib.learn.lesson import Flaw, Lesson

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.chain import Chain, Step
    from promptlib.errors import Where
    from promptlib.learn.work import Work

LESSON = Lesson(
    "chains",
    rules=("several-tasks", "floating-step"),
    lay=partial(laid, "chains"),
    file="chain.prompty",
    chains=True,
)
STEPS = ("metadata", "promptlib", "steps")
FACTS, DECIDE, REPLY = "mail/facts", "mail/decide", "mail/reply"
#: Where each input of each step has to come from: the prompt that gives it (none: the chain itself), and its field.
WIRES = {
    FACTS: {"mail": ("", "mail")},
    DECIDE: {"order": (FACTS, "order"), "wish": (FACTS, "wish")},
    REPLY: {"mail": ("", "mail"), "decision": (DECIDE, "decision"), "reason": (DECIDE, "reason")},
}


@LESSON.check("one-prompt", "write a file with steps below metadata.promptlib, and without a body")
def one_prompt(work: Work) -> Iterator[Flaw]:
    """Three tasks in one prompt are tried, and fail, together."""
    if not work.is_chain:
        yield Flaw(work.at_message(), "this is one prompt for three tasks, and no chain")


@LESSON.check("several-tasks", "make it a chain: one prompt a task", own=True, ground="wording")
def several_tasks(work: Work) -> Iterator[Flaw]:
    """Words that lead from one task to the next."""
    if not work.is_chain:
        for hit in work.hits("several-tasks"):
            yield Flaw(hit.where, hit.message, hit.advice)


@LESSON.check("missing-step", "add a step for each of the three prompts in the store")
def missing_step(work: Work) -> Iterator[Flaw]:
    """Each task has its step."""
    if not work.is_chain:
        return
    used = [each.use.name for each in _chain(work).steps]
    for name in WIRES:
        if used.count(name) != 1:
            often = f"{used.count(name)} steps use" if name in used else "no step uses"
            yield Flaw(work.at_key(*STEPS), f"{often} {name}, which does one of the three tasks")


@LESSON.check("does-not-fit", "promptlib show tells what a prompt takes, and what it gives")
def does_not_fit(work: Work) -> Iterator[Flaw]:
    """Every wire is checked by type, against the prompts in the store."""
    if not work.is_chain:
        return
    try:
        _chain(work).at_hand(resolving(work))
    except InvalidChain as error:
        for each in (error, *error.others):
            yield Flaw(_place(work, str(each.where or "")), each.what, each.hint)


@LESSON.check("wrong-wire", "take each input from where it is made: facts from facts, a decision from the decision")
def wrong_wire(work: Work) -> Iterator[Flaw]:
    """What fits by type can still be the wrong text."""
    if not work.is_chain:
        return
    chain = _chain(work)
    prompts = {each.name: each.use.name for each in chain.steps}
    for each in chain.steps:
        for name, (source, field) in WIRES.get(each.use.name, {}).items():
            wire = each.wires.get(name)
            if wire is None:
                continue  # told by its type
            step, _, path = wire.rpartition(".") if isinstance(wire, str) else ("?", "", "")
            if (prompts.get(step, step), path) != (source, field):
                said = wire if isinstance(wire, str) else "a constant"
                wanted = f"{source}'s {field}" if source else f"the chain's {field}"
                what = f"the step {each.name!r} takes {name} from {said}, and {wanted} is what it needs"
                yield Flaw(work.at_key(*STEPS, each.name, "inputs", name), what)


@LESSON.check("floating-step", "pin it: NAME#DIGEST, as in the comments of the file", own=True)
def floating_step(work: Work) -> Iterator[Flaw]:
    """What was tried runs, and not what somebody points a label at."""
    if work.is_chain:
        for hit in work.hits("floating-step"):
            yield Flaw(hit.where, hit.message)


@LESSON.check("not-found", "take the pins from the comments of the file: no character may be missing")
def not_found(work: Work) -> Iterator[Flaw]:
    """A pin is the whole digest of a content that the store holds."""
    if not work.is_chain:
        return
    with opened(work) as view:
        known = {name: {each.digest for each in view.history(name)} for name in view.names()}
    for each in _chain(work).steps:
        digest = getattr(each.use, "digest", None)
        if each.use.name in WIRES and digest is not None and digest not in known.get(each.use.name, ()):
            what = f"{each.use.name} never had the content {str(digest)[7:15]}"
            yield Flaw(work.at_key(*STEPS, each.name, "prompt"), what)


def _chain(work: Work) -> Chain[Any]:
    return cast("Chain[Any]", work.subject.stored)


def _place(work: Work, told: str) -> Where:
    """Return the step that an error names, by its words: the chain itself has no places in a file."""
    steps: tuple[Step, ...] = _chain(work).steps
    named = next((each.name for each in steps if f"'{each.name}'" in told), "")
    return work.at_key(*STEPS, named) if named else work.at_key(*STEPS)
