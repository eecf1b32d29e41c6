"""Rules about words and pins that the history has left behind."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from promptlib.errors import PromptLibError
from promptlib.lint.rule import Family, Hit
from promptlib.query.words import words_of
from promptlib.refs import Pin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.lint.subject import Subject
    from promptlib.prompt import Prompt
    from promptlib.version import Version

FAMILY = Family("past")
#: The share of the words of today that were not there when the description was written, from which on it is old.
NEW_WORDS = 0.5
#: Words that a change of meaning has at least: few words change fast.
FEWEST_WORDS = 30


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
    """Old is a description since which half of the words, or every input, became other ones."""
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
    what = _became_other(prompt, now)
    if what:
        since = f"v{version.number}" if version.number is not None else version.short
        yield Hit(
            subject.key("description"),
            f"the description is that of {since}, and {what} since",
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


def _became_other(then: Prompt[Any], now: Prompt[Any]) -> str:
    before, after = _words(then), _words(now)
    new = sum((after - before).values())
    total = sum(after.values())
    if new >= FEWEST_WORDS and new >= NEW_WORDS * total:
        return f"{new / total:.0%} of the words are new"
    old_names, new_names = ({each.name for each in prompt.inputs} for prompt in (then, now))
    if old_names and new_names and not old_names & new_names:
        return f"the inputs {', '.join(sorted(old_names))} became {', '.join(sorted(new_names))}"
    return ""


def _words(prompt: Prompt[Any]) -> Counter[str]:
    return Counter(
        each.word for piece in prompt.messages for each in words_of(piece.text if hasattr(piece, "text") else "")
    )


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
