"""Budget and priority: what of a prompt may go when there is no room, and what goes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.errors import BudgetExceeded
from promptlib.learn.lesson import Flaw, Lesson
from promptlib.learn.probing import MARK, value_for, values_for
from promptlib.tokens import Budget

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.inputs import Input
    from promptlib.learn.work import Work
    from promptlib.rendering import RenderedPrompt

LESSON = Lesson("budget-and-priority", rules=("over-budget", "no-room-for-answer"))
QUESTION, DOCUMENTS, HISTORY = "question", "documents", "history"
#: What a check fills the exercise with: documents of about 60 tokens, turns of about 10.
_DOCUMENTS = [f"{MARK}d{at} {'It rained all day. ' * 10}{MARK}e{at}" for at in range(8)]
_TURNS = [
    {"role": ("user", "assistant")[at % 2], "content": f"{MARK}t{at} a word or two, and no more."} for at in range(40)
]
_QUESTION = f"{MARK}q did it rain on each of the days that the reports are about? {MARK}r"
#: Tokens that are left for turns where all documents fit.
_ROOM = 60
#: Tokens that hold all of it.
_WIDE = 100_000
#: What takes a few tokens each.
_SMALL = frozenset(("enum", "boolean", "integer", "float", "date", "datetime"))
#: Items of a list or thread that a budget is tried with, and the tokens that it has for them.
_MANY, _FEW_TOKENS = 200, 100


@LESSON.check(
    "nothing-goes", "say in the front matter what may go: a segment for it below metadata.promptlib", own=True
)
def nothing_goes(work: Work) -> Iterator[Flaw]:
    """What grows without an end, and may not be cut, ends in an error some day."""
    for each in work.prompt.inputs:
        if not _grows(each):
            continue
        plain = int(_rendered(work, {each.name: _several(each, 1)}, None).tokens)
        try:
            _rendered(work, {each.name: _several(each, _MANY)}, Budget(plain + _FEW_TOKENS))
        except BudgetExceeded as error:
            what = f"{_MANY} items of {each.name} take {error.smallest or 0:,} tokens at least, and none may go"
            yield Flaw(work.at_key("inputs", each.name), what, f"give {each.name} a segment with a priority")


@LESSON.check("lost-value", "put it back in: question, documents and history all belong to the prompt")
def lost_value(work: Work) -> Iterator[Flaw]:
    """Without a budget all of it is there."""
    given = _filled(work)
    text = _rendered(work, given, None).text
    for name, sign in ((QUESTION, f"{MARK}q"), (DOCUMENTS, f"{MARK}d7"), (HISTORY, f"{MARK}t39")):
        if name not in given or sign not in text:
            yield Flaw(work.at_key("inputs", name), f"{name} does not arrive in the prompt")


@LESSON.check("question-cut", "what is asked stays whole: take the segment of the question out")
def question_cut(work: Work) -> Iterator[Flaw]:
    """Half a question is answered by a guess."""
    found = _squeezed(work, 1)
    if found is not None and f"{MARK}r" not in found.text and QUESTION in work.inputs:
        yield Flaw(work.at_key("metadata", "promptlib", "segments", QUESTION), "a small budget cuts the question")


@LESSON.check("words-cut", "let the rules stand outside of segments: what is outside stays")
def words_cut(work: Work) -> Iterator[Flaw]:
    """Rules that go are not kept."""
    found = _squeezed(work, 1)
    if found is None:
        return
    for each in work.words:
        if each.role in ("system", "developer") and each.text.strip() and each.text.strip() not in found.text:
            yield Flaw(work.at_words(each), "a small budget cuts your rules")


@LESSON.check("documents-first", "higher priority stays longer: give documents a higher one than history")
def documents_first(work: Work) -> Iterator[Flaw]:
    """An answer from the documents needs the documents; what was said an hour ago can go."""
    place = work.at_key("metadata", "promptlib", "segments", DOCUMENTS)
    if gone := _gone(_fitted(work, _filled(work), _WIDE)):
        what = f"{gone} of {len(_DOCUMENTS)} documents go although there is room for all"
        yield Flaw(place, what, "max_tokens cuts whatever the budget is: leave it out")
        return
    found = _roomy(work)
    gone = _gone(found)
    if found is not None and gone:
        turns = found.text.count(f"{MARK}t")
        yield Flaw(place, f"{gone} of {len(_DOCUMENTS)} documents go, and {turns} old turns stay")


def _gone(found: RenderedPrompt | None) -> int:
    return 0 if found is None else sum(f"{MARK}d{at} " not in found.text for at in range(len(_DOCUMENTS)))


@LESSON.check("half-document", "cut whole items: truncate: items, on the list and not on its text")
def half_document(work: Work) -> Iterator[Flaw]:
    """Half a report says the opposite of the whole one, and nobody sees that it was cut."""
    for part in (3, 2):
        found = _squeezed(work, part)
        if found is None:
            continue
        for at in range(len(_DOCUMENTS)):
            if f"{MARK}d{at} " in found.text and f"{MARK}e{at}" not in found.text:
                place = work.at_key("metadata", "promptlib", "segments", DOCUMENTS)
                yield Flaw(place, f"a small budget cuts document {at + 1} in the middle")
                return


@LESSON.check("newest-first", "let the oldest go, one by one: truncate: oldest")
def newest_first(work: Work) -> Iterator[Flaw]:
    """What was said last is what the question is about."""
    found = _roomy(work)
    if found is None or HISTORY not in work.inputs:
        return
    newest = f"{MARK}t{len(_TURNS) - 1} " in found.text
    place = work.at_key("metadata", "promptlib", "segments", HISTORY)
    if not newest and f"{MARK}t" in found.text:
        yield Flaw(place, "the newest turn goes, and older ones stay")
    elif not newest and all(f"{MARK}d{at} " in found.text for at in range(len(_DOCUMENTS))):
        yield Flaw(place, f"the whole history goes although {_ROOM} tokens are left for its newest turns")


def _grows(declared: Input) -> bool:
    """Whether it is a thread, or a list of what can be long, of any length."""
    kind = declared.type
    if kind.max_length is not None:
        return False
    items = kind.items.kind if kind.items is not None else None
    return kind.kind == "thread" or (kind.kind == "array" and items not in _SMALL)


def _several(declared: Input, count: int) -> list[object]:
    kind = declared.type
    if kind.kind == "thread":
        return [{"role": "user", "content": f"{MARK} {declared.name} {at}"} for at in range(count)]
    assert kind.items is not None  # noqa: S101 - the grammar gives every array its items
    return [value_for(kind.items, declared.name) for _ in range(max(count, kind.min_length or 0))]


def _filled(work: Work) -> dict[str, object]:
    given: dict[str, object] = {QUESTION: _QUESTION, DOCUMENTS: _DOCUMENTS, HISTORY: _TURNS}
    kinds = {QUESTION: "string", DOCUMENTS: "array", HISTORY: "thread"}
    return {
        name: value
        for name, value in given.items()
        if name in work.inputs and work.inputs[name].type.kind == kinds[name]
    }


def _rendered(work: Work, given: dict[str, object], budget: Budget | None) -> RenderedPrompt:
    others = values_for(each for each in work.prompt.inputs if each.name not in given)
    resolve = work.view.load if work.view is not None else None
    return work.prompt.render(others | given, budget=budget, resolve=resolve)


def _fitted(work: Work, given: dict[str, object], tokens: int) -> RenderedPrompt | None:
    try:
        return _rendered(work, given, Budget(max(1, tokens)))
    except BudgetExceeded:
        return None


def _squeezed(work: Work, documents: int) -> RenderedPrompt | None:
    """Return the exercise in a budget that has room for so many documents; None where it does not fit at all."""
    given = _filled(work)
    fewer = {DOCUMENTS: _DOCUMENTS[:documents], HISTORY: []}
    small = given | {name: value for name, value in fewer.items() if name in given}
    return _fitted(work, given, int(_rendered(work, small, None).tokens) - _ROOM // 3)


def _roomy(work: Work) -> RenderedPrompt | None:
    """Return the exercise in a budget for all documents and a few turns; None where it does not fit at all."""
    given = _filled(work)
    plain = given | ({HISTORY: []} if HISTORY in given else {})
    return _fitted(work, given, int(_rendered(work, plain, None).tokens) + _ROOM)
