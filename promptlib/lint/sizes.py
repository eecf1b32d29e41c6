"""Rules about tokens: what a cache of prefixes holds, and what a budget must hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.errors import InvalidInputs, PromptLibError, Where, raise_if_passing
from promptlib.lint.rule import Family, Hit
from promptlib.plain import Frozen
from promptlib.tokens import count_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.lint.subject import Subject
    from promptlib.rendering.flow import Strand

FAMILY = Family("sizes")
#: Tokens of the shortest prefix that providers cache; some want more (docs of OpenAI and Anthropic, 2026-11).
SHORTEST_PREFIX = 1024
#: What these are is cached once for each of their few values.
_FEW_VALUES = frozenset({"boolean", "enum"})
#: Where settings say how long an answer may be, in the words of several providers.
_LONGEST_ANSWER = ("maxOutputTokens", "max_output_tokens", "max_completion_tokens", "max_tokens", "maxTokens")


@FAMILY.rule("late-static-text", "fixed text behind a value, which no cache of prefixes can hold")
def late_static_text(subject: Subject) -> Iterator[Hit]:
    """Providers cache what begins alike: all up to the first value that differs from call to call."""
    flow = [each for each in subject.flow if not each.captured]
    at = next((at for at, each in enumerate(flow) if _varies(each)), None)
    # A token is a byte or more: what is too short needs no count.
    if (
        at is None
        or sum(len(each.text.encode("utf-8", "replace")) for each in flow if each.put == "text") < SHORTEST_PREFIX
    ):
        return
    try:
        before, behind = [sum(_tokens(each) for each in part) for part in (flow[:at], flow[at:])]
    except InvalidInputs:
        return  # a run of blanks that no tokenizer takes
    if before < SHORTEST_PREFIX <= before + behind:
        first = flow[at]
        yield Hit(
            subject.at(first.piece, first.start, max(1, first.end - first.start)),
            f"{first.text} stands before {behind:,} tokens of fixed text, and behind {before:,}: providers cache what"
            f" begins alike, from {SHORTEST_PREFIX:,} tokens on",
            "put what is the same in each call first, and what differs last",
        )


def _varies(strand: Strand) -> bool:
    if strand.put == "thread":
        return True
    few = all(each.type is not None and each.type.kind in _FEW_VALUES for each in strand.drawn)
    return strand.put == "value" and bool(strand.drawn) and not few


def _tokens(strand: Strand) -> int:
    return int(count_tokens(strand.text)) if strand.put == "text" else 0


@FAMILY.rule("over-budget", "values that can take more than the budget", severity="error")
def over_budget(subject: Subject) -> Iterator[Hit]:
    """Proven by the types of the inputs, as promptlib check --budget does."""
    budget, view = subject.shelf.budget, subject.shelf.view
    if budget is None:
        return
    try:
        worst = subject.prompt.worst_case(budget, resolve=view.load if view is not None else None)
    except PromptLibError as error:
        raise_if_passing(error)
        return  # what it includes is not at hand, or no tokenizer counts its text: check tells why
    if worst.fits:
        return
    if worst.most is not None:
        shares = sorted(((tokens or 0, name) for name, tokens in worst.shares), reverse=True)
        largest = ", ".join(f"{name} {tokens:,}" for tokens, name in shares[:3])
        yield Hit(
            subject.place(1),
            f"it can take {worst.most:,} tokens, and the budget leaves {worst.limit:,}: {largest}",
            "declare shorter inputs, or let a budget cut them with a segment",
        )
    for each in worst.unbounded:
        where = each.where if each.where is not None and each.where.line is not None else None
        place = subject.key("inputs", each.name) if where is None else _own(subject, where)
        yield Hit(place, f"{each.name} has no limit, so no budget holds it: {each.why}", each.hint)


def _own(subject: Subject, where: Where) -> Where:
    """Return a place in this file; what is included is told at the first line."""
    return (
        subject.place(where.line or 1, where.column or 1, where.width)
        if where.source == subject.source
        else subject.place(1)
    )


@FAMILY.rule("no-room-for-answer", "a budget that leaves less than the answer may take")
def no_room_for_answer(subject: Subject) -> Iterator[Hit]:
    """An answer that does not fit is cut in the middle."""
    budget = subject.shelf.budget
    longest = _longest_answer(subject.prompt.settings)
    if budget is not None and longest is not None and longest > budget.reserve:
        yield Hit(
            subject.key("model"),
            f"the answer may take {longest:,} tokens, and the budget keeps {budget.reserve:,} free",
            f"reserve = {longest} in [tool.promptlib.lint], or a shorter answer",
        )


def _longest_answer(settings: Frozen) -> int | None:
    options = settings.get("options")
    for told in (options if isinstance(options, Frozen) else None, settings):
        for key in _LONGEST_ANSWER:
            value = told.get(key) if told is not None else None
            if isinstance(value, int) and not isinstance(value, bool):
                return value
    return None
