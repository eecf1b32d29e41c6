"""Context and role: who speaks to whom, and the facts that no model can know."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptlib.learn import wording
from promptlib.learn.lesson import Flaw, Lesson
from promptlib.learn.planting import arrives

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.learn.work import Work
    from promptlib.messages import Role

LESSON = Lesson("context-and-role")
OURS: tuple[Role, ...] = ("system", "developer")
#: Words that a standing order has at least.
FEWEST = 5
_PRAISE = re.compile(
    r"\b(?:world['\u2019]?s (?:best|leading|greatest|top|foremost)|world[- ](?:class|renowned|famous|leading)"
    r"|best in the world|genius|guru|ninja|rockstar|wizard|brilliant|legendary|unparalleled|top \d+ ?%|award[- ]winning"
    r"|renowned|seasoned|\d+\+? years(?: of)?(?: \w+)? experience|decades of (?:\w+ )?experience"
    r"|expert(?:ise)? in (?:every|all))\b",
    re.IGNORECASE,
)
_EMPTY_ROLE = re.compile(
    r"\byou are (?:an? )?(?:very |highly |extremely )?"
    r"(?:(?:helpful|useful|friendly|smart|intelligent|powerful|good|great|expert|professional|advanced)[, ]*(?:and )?)*"
    r"(?:ai |language |virtual |digital )*(?:assistant|model|chatbot|bot|expert|ai|professional)\b\s*(?=[.!,\n]|$)",
    re.IGNORECASE,
)
#: Whom it answers for or to, or what it does there.
_RELATION = re.compile(
    r"\b(?:for|of|at|to|on behalf of)\s+(?:(?:the|a|an|our|my|their|its|your)\s+)?"
    r"(?!(?:it|this|that|them|me)\b)[\w\ufffc]"
    r"|\byou (?:help|assist|support|serve|advise|answer|teach|guide|write to|speak with)\s+(?!me\b)[\w\ufffc]",
    re.IGNORECASE,
)


@LESSON.check("lost-value", "put the question back in: {{ question | delimited('question') }}")
def lost_value(work: Work) -> Iterator[Flaw]:
    """The question must still arrive."""
    if not arrives(work):
        yield Flaw(work.at_message(), "the question of the customer no longer arrives in the prompt")


@LESSON.check("no-system", "write system: on a line of its own, before user:, and the standing orders below it")
def no_system(work: Work) -> Iterator[Flaw]:
    """Nothing stands where standing orders belong."""
    if len(work.text(*OURS).split()) < FEWEST:
        yield Flaw(work.at_message(), "no system or developer message says what holds for every question")


@LESSON.check("late-system", "move the system message to the top")
def late_system(work: Work) -> Iterator[Flaw]:
    """Some providers take only a system message that comes first."""
    seen = ""
    for at, message in work.subject.messages:
        if message.role in OURS and seen:
            yield Flaw(work.at(at, 0), f"this {message.role} message stands behind a {seen} message")
        elif message.role not in OURS:
            seen = message.role


@LESSON.check("question-in-system", "put the question of the customer into a user message")
def question_in_system(work: Work) -> Iterator[Flaw]:
    """What a customer writes is no standing order."""
    if arrives(work) and not arrives(work, "user"):
        yield Flaw(work.at_message(OURS), "the customer's words arrive in the system message alone, where yours belong")


@LESSON.check("praise", "take the praise out; say whom it answers for, and to whom", own=True, ground="wording")
def praise(work: Work) -> Iterator[Flaw]:
    """Praise tells a model no fact."""
    for each in wording.sentences(work):
        for found in _PRAISE.finditer(each.text):
            yield Flaw(each.where(found.start(), len(found[0])), f"{found[0]!r} tells the model nothing of the matter")


@LESSON.check("empty-role", "say for whom: You answer customers of a shop for used books", own=True, ground="wording")
def empty_role(work: Work) -> Iterator[Flaw]:
    """A role that every model has anyway."""
    for each in wording.sentences(work):
        if found := _EMPTY_ROLE.search(each.text):
            yield Flaw(each.where(found.start(), len(found[0])), f"{found[0]!r:.60} could stand in any prompt")


@LESSON.check("no-role", "say it in the system message: You answer customers of …", ground="wording")
def no_role(work: Work) -> Iterator[Flaw]:
    """Nothing says for whom or to whom it speaks."""
    ours = [each for each in wording.sentences(work) if each.role in OURS]
    if ours and not any(_RELATION.search(each.text) and not _EMPTY_ROLE.search(each.text) for each in ours):
        yield Flaw(work.at_message(OURS), "the system message does not say for whom the model answers, or to whom")


@LESSON.check("no-context", "declare an input for the policy, and put it between tags in the user message")
def no_context(work: Work) -> Iterator[Flaw]:
    """The facts come as an input of their own, so that they can change without the prompt."""
    put_out = {drawn.name for each in work.flow if each.put in {"value", "thread"} for drawn in each.drawn}
    if len(put_out) < 2:  # noqa: PLR2004 - the question and what it is answered from
        yield Flaw(work.at_key("inputs"), "the prompt takes the question and no facts to answer it from")


@LESSON.check("context-unsaid", "say that the answer comes from the policy alone", ground="wording")
def context_unsaid(work: Work) -> Iterator[Flaw]:
    """Words that point at the facts, by the name of their input or its label."""
    said = re.sub(r"</?[A-Za-z][^<>]*>", " ", work.text()).lower()
    unnamed = [name for name in work.inputs if not all(part in said for part in re.split(r"_+", name.lower()) if part)]
    if len(work.inputs) > 1 and len(unnamed) == len(work.inputs):
        names = " or ".join(unnamed)
        yield Flaw(work.at_message(["user"]), f"no sentence mentions {names}, so nothing says what the facts are for")
