"""Includes: what several prompts say alike stands once, and each says which words of it it means."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from promptlib.errors import PromptLibError
from promptlib.learn.laying import laid, opened, resolving
from promptlib.learn.lesson import Flaw, Lesson
from promptlib.learn.probing import MARK, values_for
from promptlib.refs import Pin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.learn.work import Work

LESSON = Lesson(
    "includes",
    rules=("stale-pin", "near-duplicate"),
    lay=partial(laid, "includes", messages=("How we write", "Say what a refund needs")),
    file="answer.prompty",
)
PART, QUESTION = "part/voice", "question"
_SENTENCE = re.compile(r"[^.!?:\n]{12,}")


@LESSON.check("no-include", 'write {% include "voice" %} where the copy stands, and the pin in the front matter')
def no_include(work: Work) -> Iterator[Flaw]:
    """A copy is right until the first change."""
    if not any(each.name == PART for each in _pins(work).values()):
        yield Flaw(work.at_message(["system", "developer"]), f"nothing of {PART} is included")


@LESSON.check("copied", "take the copy out: what is included stands there already")
def copied(work: Work) -> Iterator[Flaw]:
    """What stands twice will not stay the same twice."""
    with opened(work) as view:
        texts = [message.text for each in view.history(PART) for message in view.load(f"{PART}#{_hex(each)}").messages]
    known = {" ".join(each.split()).lower() for text in texts for each in _SENTENCE.findall(text) if "{" not in each}
    for each in work.words:
        for found in _SENTENCE.finditer(each.text):
            if " ".join(found[0].split()).lower() in known:
                start = found.start() + len(found[0]) - len(found[0].lstrip())
                what = f"{' '.join(found[0].split())!r:.60} is a copy of what {PART} says"
                yield Flaw(work.at_words(each, start), what)


@LESSON.check("old-pin", "pin the newest: promptlib -C …/prompts.git show part/voice --json tells its digest")
def old_pin(work: Work) -> Iterator[Flaw]:
    """A pin is a choice: here the newest words are meant."""
    with opened(work) as view:
        newest = view.version(f"{PART}@latest").digest
        known = {each.digest: each.number for each in view.history(PART)}
    for alias, pin in _pins(work).items():
        if pin.name != PART or pin.digest == newest:
            continue
        place = work.at_key("metadata", "promptlib", "includes", alias)
        if pin.digest in known:
            yield Flaw(place, f"the pin is of v{known[pin.digest]}, which lacks what the newest says")
        else:
            hint = "a pin is the whole digest: copy all of its 64 characters"
            yield Flaw(place, f"{PART} never had the content {pin.digest[7:15]}", hint)


@LESSON.check("not-there", "what is included is filled in from your inputs: promptlib show tells what it needs")
def not_there(work: Work) -> Iterator[Flaw]:
    """The words of the part arrive, filled in."""
    if not work.prompt.includes:
        return
    given: dict[str, object] = {"shop": f"{MARK} shop"} if "shop" in work.inputs else {}
    others = values_for(each for each in work.prompt.inputs if each.name not in given)
    try:
        text = work.prompt.render(others | given, resolve=resolving(work)).text
    except PromptLibError as error:
        yield Flaw(work.at_key("metadata", "promptlib", "includes"), error.what, error.hint)
        return
    if given and f"{MARK} shop" not in text:
        yield Flaw(work.at_key("inputs", "shop"), "the name of the shop does not arrive")


@LESSON.check("lost-question", 'put the question back in: {{ question | delimited("question") }}')
def lost_question(work: Work) -> Iterator[Flaw]:
    """The rest of the prompt is as it was."""
    if not any(each.put == "value" and any(one.name == QUESTION for one in each.drawn) for each in work.flow):
        yield Flaw(work.at_key("inputs", QUESTION), "the question does not arrive in the prompt")


@LESSON.check("stale-pin", "look at what changed, then pin the newest", own=True)
def stale_pin(work: Work) -> Iterator[Flaw]:
    """In a store of one's own: an include that is older than the newest of its name."""
    if work.view is not None:
        for hit in work.hits("stale-pin"):
            yield Flaw(hit.where, hit.message, hit.advice)


def _pins(work: Work) -> dict[str, Pin]:
    return {alias: Pin.parse(str(pin)) for alias, pin in work.prompt.includes.items()}


def _hex(version: object) -> str:
    return str(getattr(version, "digest", "")).removeprefix("sha256:")
