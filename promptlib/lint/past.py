"""Rules about words and pins that the history has left behind."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from promptlib.errors import PromptLibError
from promptlib.lint.rule import Family, Hit
from promptlib.query import ENGLISH, language
from promptlib.query.porter import stem as porter
from promptlib.query.words import words_of
from promptlib.refs import Pin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.lint.subject import Subject
    from promptlib.prompt import Prompt
    from promptlib.query import Language
    from promptlib.version import Version

FAMILY = Family("past")
#: Words of a description that its text said as well, from which on it can be told that the text has lost them.
FEWEST_WORDS = 2


@FAMILY.rule("missing-description", "no description, or the name once more")
def missing_description(subject: Subject) -> Iterator[Hit]:
    """People and search find a prompt by its description."""
    description = subject.prompt.description.strip()
    title = subject.prompt.extra.get("displayName")
    names = {_bare(subject.name), _bare(subject.name.rpartition("/")[2]), _bare(str(title or ""))}
    if not description:
        yield Hit(subject.place(1), "there is no description", "say in one line what it is for: description: …")
    elif _bare(description) in names:
        yield Hit(
            subject.key("description"),
            "the description is the name once more",
            "say in one line what it is for, in other words than the name",
        )


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


@FAMILY.rule("stale-description", "a description that is older than what the prompt does")
def stale_description(subject: Subject) -> Iterator[Hit]:
    """Old is a description when the text has lost half of the words that both said when it was written."""
    view, now = subject.shelf.view, subject.prompt
    if view is None or not now.description.strip():
        return
    try:
        versions = view.history(subject.name)
        then = _written_in(subject, versions)
    except PromptLibError:
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
    """Return the version that brought the description of today."""
    found = None
    view = subject.shelf.view
    assert view is not None  # noqa: S101 - asked before
    for version in reversed(versions):
        if not version.digest:
            break
        prompt = (
            view.load(f"{version.name}#{version.digest.removeprefix('sha256:')}")
            if version.number is None
            else (view.load(f"{version.name}@v{version.number}"))
        )
        if prompt.description != subject.prompt.description:
            break
        found = version, prompt
    return found


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


@FAMILY.rule("stale-include", "an include that is older than the newest of its name", severity="info")
def stale_include(subject: Subject) -> Iterator[Hit]:
    """A pin keeps what was tested; this tells that there is something newer to test."""
    view = subject.shelf.view
    if view is None:
        return
    for alias, text in subject.prompt.includes.items():
        pin = Pin.parse(str(text))
        try:
            newest = view.version(pin.name) if pin.name else None
        except PromptLibError:
            continue  # deleted, renamed, or in no history
        if newest is not None and newest.digest and newest.digest != pin.digest:
            yield Hit(
                subject.key("metadata", "promptlib", "includes", alias),
                f"the include {alias!r} is pinned to {pin.digest[7:15]}, and {pin.name} is at {newest.ref} by now",
                f"see what is new: promptlib diff '{pin.name}#{pin.digest[7:15]}' {pin.name}@latest",
            )
