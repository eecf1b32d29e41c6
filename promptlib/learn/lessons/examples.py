"""Examples: turns that show each answer once, in the form that is asked for."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from promptlib.learn.answers import answer_of, choices
from promptlib.learn.lesson import Flaw, Lesson
from promptlib.learn.probing import MARK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.errors import Where
    from promptlib.learn.work import Work
    from promptlib.messages import Message

LESSON = Lesson("examples", rules=("broken-example",))


class Shown(NamedTuple):
    """An example as it is sent: the number of the pair, what is asked, and what is answered."""

    number: int
    asked: str
    answered: str


def _turns(work: Work) -> tuple[Message, ...]:
    """Return what is sent for a new ticket, without the standing orders."""
    return tuple(each for each in work.render().messages if each.role in {"user", "assistant"})


def _shown(work: Work) -> list[Shown]:
    turns = _turns(work)
    pairs = pairwise(turns)
    found = [(one.text, two.text) for one, two in pairs if (one.role, two.role) == ("user", "assistant")]
    return [Shown(number, *each) for number, each in enumerate(found)]


def _at(work: Work, number: int) -> Where:
    """Return the place of the answer of that example; of the one in the loop, where there is a loop."""
    pieces = [at for at, message in work.subject.messages if message.role == "assistant"]
    count = sum(each.role == "assistant" for each in _turns(work))
    if not pieces:
        threads = [each for each in work.flow if each.put == "thread"]
        return work.at_key("inputs", threads[0].text) if threads else work.at_message()
    piece = pieces[min(number, len(pieces) - 1)] if len(pieces) == count else pieces[0]
    text = work.prompt.messages[piece].text
    begin = len(text) - len(text.lstrip())
    return work.at(piece, begin, max(1, len(text.strip().partition("\n")[0])))


@LESSON.check("lost-outputs", "leave outputs: as it was: urgency, one of low, normal, high")
def lost_outputs(work: Work) -> Iterator[Flaw]:
    """The declared answer is what examples are measured by."""
    if not choices(work):
        yield Flaw(work.at_key("outputs"), "the declared answer is gone: no output is one of some values")


@LESSON.check("broken-example", "answer with a value that is declared", own=True)
def broken_example(work: Work) -> Iterator[Flaw]:
    """JSON in the text that breaks the declared answer."""
    for hit in work.hits("broken-example"):
        yield Flaw(hit.where, hit.message, hit.advice)


@LESSON.check("unseen", "write the examples into the prompt, or give the input a default that holds them")
def unseen(work: Work) -> Iterator[Flaw]:
    """Examples that the caller gives belong to no version, and nobody can check them."""
    for strand in work.flow:
        if strand.put == "thread" or work.role(strand.piece) == "assistant":
            for drawn in strand.drawn:
                declared = work.inputs.get(drawn.name)
                if declared is not None and (declared.required or not declared.default):
                    where = work.at_key("inputs", drawn.name)
                    yield Flaw(where, f"the examples come from {drawn.name}, which has no default: the prompt has none")


@LESSON.check("no-turns", "write each example as a message of user: and one of assistant:")
def no_turns(work: Work) -> Iterator[Flaw]:
    """Nothing is shown as it will be."""
    if not any(each.role == "assistant" for each in _turns(work)):
        yield Flaw(work.at_message(["user"]), "no answer is shown as an assistant's message")


@LESSON.check("not-last", "end with a user message that holds the new ticket")
def not_last(work: Work) -> Iterator[Flaw]:
    """What is to be answered stands last."""
    turns = _turns(work)
    if not any(MARK in each.text for each in turns):
        yield Flaw(work.at_message(["user"]), "the new ticket no longer arrives in the prompt")
    elif not (turns[-1].role == "user" and MARK in turns[-1].text):
        yield Flaw(work.at_message(["user"]), f"the last message is one of {turns[-1].role}, and not the new ticket")


@LESSON.check("unpaired", "let each assistant's message follow the user's message that it answers")
def unpaired(work: Work) -> Iterator[Flaw]:
    """Turns take turns."""
    turns = _turns(work)
    for one, two in pairwise(turns):
        if one.role == two.role == "assistant" or (one.role == two.role and MARK not in two.text):
            yield Flaw(work.at_message([one.role]), f"two messages of {one.role} stand one behind the other")
    if turns and turns[0].role == "assistant":
        yield Flaw(_at(work, 0), "the first example answers nothing: no user's message stands before it")


@LESSON.check("broken-answer", 'answer as is declared, and nothing around it: {"urgency": "low"}')
def broken_answer(work: Work) -> Iterator[Flaw]:
    """Every example is an answer that the reader of answers takes."""
    for each in _shown(work) if choices(work) else ():
        _, why = answer_of(work, each.answered)
        if why:
            yield Flaw(_at(work, each.number), f"example {each.number + 1} is not the declared answer: {why}")


@LESSON.check("missing-label", "show an example of each answer that there can be")
def missing_label(work: Work) -> Iterator[Flaw]:
    """An answer that is never shown is rarely given."""
    for name, counts in _counts(work).items():
        for value, count in counts.items():
            if not count:
                yield Flaw(work.at_key("outputs", name), f"no example shows {name} {value!r}")


@LESSON.check("one-sided", "show each answer about as often as the others")
def one_sided(work: Work) -> Iterator[Flaw]:
    """Models lean to what they are shown most."""
    for name, counts in _counts(work).items():
        most, least = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
        if counts[least] and counts[most] > 2 * counts[least]:
            what = f"{name} {most!r} is shown {counts[most]} times, {least!r} only {counts[least]}"
            yield Flaw(work.at_key("outputs", name), what)


def _counts(work: Work) -> dict[str, Counter[object]]:
    """Return how often each value of a choice is shown; empty while the answers are not those declared."""
    found = [answer_of(work, each.answered)[0] for each in _shown(work)]
    answers = [each for each in found if each is not None]
    if not found or len(answers) < len(found):
        return {}
    counts: dict[str, Counter[object]] = {}
    for name, declared in choices(work).items():
        counts[name] = Counter(dict.fromkeys(declared.type.values, 0))
        counts[name].update(each.get(name) for each in answers)
    return counts


@LESSON.check("twice", "show another ticket")
def twice(work: Work) -> Iterator[Flaw]:
    """The same ticket shows nothing new."""
    seen: set[str] = set()
    for each in _shown(work):
        words = " ".join(each.asked.split()).casefold()
        if words in seen:
            yield Flaw(_at(work, each.number), f"example {each.number + 1} asks the same as one before it")
        seen.add(words)


@LESSON.check("other-frame", "put the example's ticket between the same tags as the new one")
def other_frame(work: Work) -> Iterator[Flaw]:
    """An example looks like what is to come."""
    frame = _turns(work)[-1].text.partition(MARK)[0].strip() if _turns(work) else ""
    for each in _shown(work):
        if frame and not each.asked.strip().startswith(frame):
            what = f"example {each.number + 1} does not begin as the new ticket does, with {frame!r:.40}"
            yield Flaw(_at(work, each.number), what)
