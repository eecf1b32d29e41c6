"""Long context: where the long text goes, where the question goes, and what a cache can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.learn.lesson import Flaw, Lesson
from promptlib.learn.probing import MARK
from promptlib.tokens import count_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.learn.work import Work
    from promptlib.rendering.flow import Strand

LESSON = Lesson("long-context", rules=("late-static-text",))
LONG, SHORT = "contract", "question"
#: Tokens of fixed text that may stand behind the first value: a sentence that leads on to the question.
MOST_BEHIND = 40
#: Words that say what to do with what stands above.
FEWEST_WORDS = 3


@LESSON.check("lost-contract", "put the contract back in: {{ contract }} is what the question is about")
def lost_contract(work: Work) -> Iterator[Flaw]:
    """The long text must still arrive."""
    if LONG not in _arriving(work):
        yield Flaw(work.at_key("inputs", LONG), "the contract does not arrive in the prompt")


@LESSON.check("lost-question", "put the question back in: {{ question }}")
def lost_question(work: Work) -> Iterator[Flaw]:
    """So must the question."""
    if SHORT not in _arriving(work):
        yield Flaw(work.at_key("inputs", SHORT), "the question does not arrive in the prompt")


@LESSON.check("question-first", "move the question behind the contract")
def question_first(work: Work) -> Iterator[Flaw]:
    """A question before a hundred pages is far from where the answer begins, and no two calls begin alike."""
    found = _arriving(work)
    if LONG in found and SHORT in found and found[SHORT] < found[LONG]:
        first = next(iter(_puts(work, SHORT)), None)
        place = work.at_strand(first) if first is not None else work.at_message(["user"])
        yield Flaw(place, "the question stands before the contract that it is about")


@LESSON.check("no-word-behind", "say behind the contract what is asked: Answer this question from the contract above")
def no_word_behind(work: Work) -> Iterator[Flaw]:
    """What stands last is what a model goes on from; a bare value there is no order."""
    contracts = _puts(work, LONG)
    if not contracts:
        return
    last = max(map(_order, contracts))
    behind = [each for each in work.words if (each.piece, each.start) > last]
    if sum(len(each.text.split()) for each in behind) < FEWEST_WORDS:
        yield Flaw(work.at_strand(contracts[-1]), "no words stand behind the contract: it ends, and nothing is asked")


@LESSON.check("late-rules", "put what is the same in each call first, such as in the system message", own=False)
def late_rules(work: Work) -> Iterator[Flaw]:
    """A cache of prefixes holds what begins alike: all up to the first value."""
    values = [each for each in work.flow if each.put in ("value", "thread") and not each.captured]
    if not values:
        return
    first = _order(values[0])
    behind = [each for each in work.words if (each.piece, each.start) > first]
    tokens = sum(int(count_tokens(each.text)) for each in behind)
    if tokens > MOST_BEHIND:
        longest = max(behind, key=lambda each: len(each.text))
        what = f"{tokens} tokens that are the same in each call stand behind {values[0].text}"
        yield Flaw(work.at_words(longest), f"{what}, where no cache can hold them")


@LESSON.check("undelimited", 'write {{ contract | delimited("contract") }} on a line of its own')
def undelimited(work: Work) -> Iterator[Flaw]:
    """A long text needs its borders as much as a short one."""
    for hit in work.hits("undelimited-input"):
        if LONG in hit.message:
            yield Flaw(hit.where, hit.message, hit.advice)


@LESSON.check("late-static-text", "put what is the same in each call first, and what differs last", own=True)
def late_static_text(work: Work) -> Iterator[Flaw]:
    """The same for any prompt, where the fixed text is long enough for a cache."""
    for hit in work.hits("late-static-text"):
        yield Flaw(hit.where, hit.message, hit.advice)


def _arriving(work: Work) -> dict[str, int]:
    """Return where each of the two values first stands in the rendered prompt, for those that arrive."""
    given: dict[str, object] = {name: f"{MARK} {name}" for name in (LONG, SHORT) if name in work.inputs}
    text = work.render(given).text
    return {name: at for name in given if (at := text.find(f"{MARK} {name}")) >= 0}


def _puts(work: Work, name: str) -> list[Strand]:
    return [each for each in work.flow if each.put == "value" and any(one.name == name for one in each.drawn)]


def _order(strand: Strand) -> tuple[int, int]:
    return strand.piece, strand.start
