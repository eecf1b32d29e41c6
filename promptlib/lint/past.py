"""Rules about words and pins that the history has left behind."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from promptlib._index import says_more
from promptlib.chain import Chain
from promptlib.errors import PromptLibError, raise_if_passing
from promptlib.lint.rule import Edit, Family, Fix, Hit
from promptlib.query import ENGLISH, language
from promptlib.query.porter import stem as porter
from promptlib.query.words import words_of
from promptlib.refs import Pin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.chain import Step
    from promptlib.errors import Where
    from promptlib.lint.subject import Subject
    from promptlib.prompt import Prompt
    from promptlib.query import Language
    from promptlib.version import Version

FAMILY = Family("past")
#: Words of a description that its text said as well, from which on it can be told that the text has lost them.
FEWEST_WORDS = 2
#: Where a file lists its steps, and characters between the key of a step's prompt and its value.
STEPS, FARTHEST = ("metadata", "promptlib", "steps"), 20


@FAMILY.rule("missing-description", "no description, or the name once more", chains=True)
def missing_description(subject: Subject) -> Iterator[Hit]:
    """People and search find a prompt by its description."""
    description = subject.stored.description.strip()
    title = subject.stored.extra.get("displayName")
    if not description:
        yield Hit(subject.place(1), "there is no description", "say in one line what it is for: description: …")
    elif not says_more(description, subject.name, str(title or "")):
        yield Hit(
            subject.key("description"),
            "the description is the name once more",
            "say in one line what it is for, in other words than the name",
        )


@FAMILY.rule("stale-description", "a description that is older than what the prompt does")
def stale_description(subject: Subject) -> Iterator[Hit]:
    """Old is a description when the text has lost half of the words that both said when it was written."""
    view, now = subject.shelf.view, subject.prompt
    if view is None or not now.description.strip():
        return
    try:
        versions = view.history(subject.name)
        then = _written_in(subject, versions)
    except PromptLibError as error:
        raise_if_passing(error)
        return  # without its history, or with a damaged one, nothing is known
    if then is None:
        return
    version, prompt = then
    lost = _lost(now.description, _words(prompt), _words(now))
    if lost:
        since = f"v{version.number}" if version.number is not None else version.short
        yield Hit(
            subject.key("description"),
            f"the description is that of {since}, and the text no longer speaks of: {', '.join(lost)}",
            "read both, and say what it does now; or change a word of it to say that it still holds",
        )


def _written_in(subject: Subject, versions: tuple[Version, ...]) -> tuple[Version, Prompt[Any]] | None:
    """Return the version that brought the description of today.

    One that the first version had is taken for never changed: reading all versions would cost as much as they are.
    """
    view, found = subject.shelf.view, None
    assert view is not None  # noqa: S101 - asked before
    for version in (versions[0], *reversed(versions)):
        prompt = view.load(_ref(version)) if version.digest else None
        if prompt is not None and prompt.description == subject.prompt.description:
            found = version, prompt
            if version is versions[0]:
                return found
        elif version is not versions[0]:
            break
    return found


def _ref(version: Version) -> str:
    which = f"#{version.digest.removeprefix('sha256:')}" if version.number is None else f"@v{version.number}"
    return f"{version.name}{which}"


def _lost(description: str, then: frozenset[str], now: frozenset[str]) -> list[str]:
    """Return the words of *description* that the text has lost, where they are half of those that it had."""
    words = {_stem(each.word): each.word for each in words_of(description) if each.word not in _language().stops}
    had = words.keys() & then
    lost = [word for stem, word in words.items() if stem in had and stem not in now]
    return lost if len(had) >= FEWEST_WORDS and 2 * len(lost) >= len(had) else []


def _words(prompt: Prompt[Any]) -> frozenset[str]:
    texts = (getattr(piece, "text", "") for piece in prompt.messages)
    return frozenset(_stem(each.word) for text in texts for each in words_of(text))


@lru_cache(maxsize=4096)
def _stem(word: str) -> str:
    return porter(word)


@lru_cache(maxsize=1)
def _language() -> Language:
    # Where the words of another language have no stems and no stop words here, they are compared as they stand.
    return language(ENGLISH)


@FAMILY.rule("stale-pin", "an include or step that is older than the newest of its name", severity="info", chains=True)
def stale_pin(subject: Subject) -> Iterator[Hit]:
    """A pin keeps what was tested; this tells that there is something newer to test."""
    view = subject.shelf.view
    if view is None:
        return
    for what, pin, place in _pins(subject):
        try:
            newest = view.version(pin.name) if pin.name else None
        except PromptLibError as error:
            raise_if_passing(error)
            continue  # deleted, renamed, or in no history
        if newest is not None and newest.digest and newest.digest != pin.digest:
            yield Hit(
                place,
                f"{what} is pinned to {pin.digest[7:15]}, and {pin.name} is at {newest.ref} by now",
                f"see what is new: promptlib diff '{pin.name}#{pin.digest[7:15]}' {pin.name}@latest",
            )


def _pins(subject: Subject) -> Iterator[tuple[str, Pin, Where]]:
    """Yield what is pinned, to what, and where the file says so."""
    stored = subject.stored
    if isinstance(stored, Chain):
        for each in stored.steps:
            if isinstance(each.use, Pin):
                yield f"the step {each.name!r}", each.use, subject.key(*STEPS, each.name, "prompt")
        return
    for alias, text in stored.includes.items():
        place = subject.key("metadata", "promptlib", "includes", alias)
        yield f"the include {alias!r}", Pin.parse(str(text)), place


@FAMILY.rule("floating-step", "a step that follows a label, wherever it is moved", fixes=True, chains=True)
def floating_step(subject: Subject) -> Iterator[Hit]:
    """What was tried with one content runs with another one when somebody moves the label."""
    if not isinstance(subject.stored, Chain):
        return
    for each in subject.stored.steps:
        if not each.pinned:
            place = subject.key(*STEPS, each.name, "prompt")
            yield Hit(
                place,
                f"the step {each.name!r} follows {each.use}: it runs what that label carries then",
                "pin it, NAME#DIGEST: --fix pins what the label carries now",
                _pinned(subject, each, place),
            )


def _pinned(subject: Subject, step: Step, place: Where) -> Fix | None:
    """Return the edit that pins *step* to what its label carries now; None where that is not at hand."""
    view = subject.shelf.view
    written = str(step.use)
    begin = subject.offset(place)
    start = subject.text.find(written, begin, begin + len(written) + FARTHEST)
    if view is None or start < 0:
        return None
    try:
        pin = Pin(step.use.name, view.load(written).digest)
    except PromptLibError as error:
        raise_if_passing(error)
        return None
    return Fix(f"the step {step.name} is pinned to {pin.digest[7:15]}", (Edit(start, start + len(written), str(pin)),))
