"""Rules about a prompt among the others of its store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptlib.errors import PromptLibError, raise_if_passing
from promptlib.lint.rule import Family, Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.lint.subject import Subject

FAMILY = Family("shelf")
#: The share of their sequences of five words that two prompts have in common, from which on they are one twice.
SIMILAR = 0.8
_KNOWN = "twins"


@FAMILY.rule("near-duplicate", "a prompt that says almost what another one says")
def near_duplicate(subject: Subject) -> Iterator[Hit]:
    """Whoever mends one of them forgets the other. One that says what it was derived from is no duplicate."""
    for other, share in _twins(subject).get(subject.name, ()):
        yield Hit(
            subject.place(1),
            f"{share:.0%} of it is in {other} as well",
            f"keep one: promptlib diff {other} {subject.name}; or put what both say into a prompt that both include",
        )


def _twins(subject: Subject) -> dict[str, list[tuple[str, float]]]:
    """Return the pairs of the whole store by name, found once for a run."""
    view, known = subject.shelf.view, subject.shelf.known
    if view is None:
        return {}
    if _KNOWN not in known:
        twins: dict[str, list[tuple[str, float]]] = {}
        for each in view.duplicates(SIMILAR):
            if not _related(subject, each.a, each.b):
                twins.setdefault(each.a, []).append((each.b, each.similarity))
                twins.setdefault(each.b, []).append((each.a, each.similarity))
        known[_KNOWN] = twins
    found: dict[str, list[tuple[str, float]]] = known[_KNOWN]
    return found


def _related(subject: Subject, one: str, other: str) -> bool:
    view = subject.shelf.view
    assert view is not None  # noqa: S101 - asked before
    for name, source in ((one, other), (other, one)):
        try:
            derived = view.load(name).derived_from
        except PromptLibError as error:
            raise_if_passing(error)
            continue
        if derived is not None and derived.name == source:
            return True
    return False
