"""From two commits to what differs between them, in the words of prompts."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from promptlib.diff import diff
from promptlib.errors import NotFound, PromptLibError, raise_if_of_the_system, raise_if_passing
from promptlib.review.findings import LabelReview, PromptReview, Review
from promptlib.review.tracing import around, touched
from promptlib.store.aside import between
from promptlib.store.movement import MovedNumber

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.chain import Stored
    from promptlib.review.findings import LabelFate, PromptFate
    from promptlib.store import View
    from promptlib.store.aside import Range
    from promptlib.version import Version

SHALLOW = (
    "the history is cut off, so versions have no numbers here: git fetch --unshallow, or fetch-depth: 0 for "
    "actions/checkout"
)


def review(store: View, commits: str) -> Review:
    """Return what *commits*, `BASE..HEAD`, change about the prompts of *store*.

    `BASE...HEAD` is what HEAD changed since it left BASE: that is a pull request. Both are commits, branches or tags;
    what is only on disk is not looked at. Raises `BadRef` for another form, and `NotFound` for a commit that is not
    here, with what to type.
    """
    found = between(store, commits)
    prompts = tuple(_prompts(found))
    return Review(
        base=found.base.commit,
        head=found.head.commit,
        prompts=prompts,
        labels=tuple(_label(found, name, label) for name, label in found.labels),
        moved=tuple(moved for name in found.names for moved in _moved(found, name)),
        notes=(SHALLOW,) if found.shallow else (),
        lineage=around(found.asked, prompts),
    )


def _prompts(found: Range) -> Iterator[PromptReview]:
    held, now = set(found.base.names()), set(found.head.names())
    gone, new = ([name for name in found.names if (name in held, name in now) == fate] for fate in (_GONE, _NEW))
    renamed = _renamed(found, gone, new)
    for name in found.names:
        if name in renamed.values():
            continue
        old = renamed.get(name, name)
        yield _prompt(found, old if old in held else "", name if name in now else "")


_GONE, _NEW = (True, False), (False, True)


def _renamed(found: Range, gone: list[str], new: list[str]) -> dict[str, str]:
    """Return new name -> old name: what one of the files tells, else the same file to the byte."""
    left = {old: _told_name(found.base, old) for old in gone}
    pairs: dict[str, str] = {}
    for name in new:
        told = _told_name(found.head, name)
        back = (old for old in left if left[old] == name)
        same = (old for old in left if _same_file(found, old, name))
        if old := told if told in left else next(chain(back, same), ""):
            pairs[name] = old
            del left[old]
    return pairs


def _told_name(view: View, name: str) -> str:
    try:
        return view.load_stored(name).renamed_from
    except PromptLibError as error:
        raise_if_of_the_system(error)
        return ""


def _same_file(found: Range, old: str, new: str) -> bool:
    try:
        return found.base.file(old) == found.head.file(new)
    except PromptLibError as error:
        raise_if_of_the_system(error)
        return False


def _prompt(found: Range, old: str, new: str) -> PromptReview:
    """Return what happened to one prompt, which was *old* and is *new*; an empty name for one that is not there."""
    name = new or old
    before, after = _newest(found.base, old), _newest(found.head, new)
    change: PromptFate = "removed" if not new else "added" if not old else "renamed" if old != new else "changed"
    difference, error = None, ""
    if new:
        try:
            difference = diff(_loaded(found.base, old), found.head.load_stored(new))
        except PromptLibError as caught:
            raise_if_passing(caught)
            error = caught.what
    return PromptReview(
        name=name,
        change=change,
        old_name=old if change == "renamed" else "",
        before=before,
        after=after,
        versions=_between(found, old, new),
        difference=difference,
        error=error,
        impact=touched(found.asked, name),
    )


def _newest(view: View, name: str) -> Version | None:
    try:
        return view.version(name) if name else None
    except PromptLibError as error:
        raise_if_of_the_system(error)
        return None


def _loaded(view: View, ref: str) -> Stored | None:
    """Return the prompt at the base; None where there is none, or it could not be read then either."""
    try:
        return view.load_stored(ref) if ref else None
    except PromptLibError as error:
        raise_if_of_the_system(error)
        return None


def _between(found: Range, old: str, new: str) -> tuple[Version, ...]:
    """Return the versions that the head's history has and the base's has not, oldest first."""
    if not new:
        return ()
    known = {version.commit for version in _history(found.base, old)} if old else set()
    return tuple(version for version in _history(found.head, new) if version.commit not in known)


def _moved(found: Range, name: str) -> Iterator[MovedNumber]:
    versions = _history(found.head, name)
    now = {version.number: version.digest for version in versions}
    places = {version.digest: version.number for version in versions}
    for version in _history(found.base, name):
        if version.number is not None and now.get(version.number, version.digest) != version.digest:
            yield MovedNumber(name, version.number, version.digest, now[version.number], places.get(version.digest))


def _history(view: View, name: str) -> tuple[Version, ...]:
    try:
        return view.history(name)
    except PromptLibError as error:
        raise_if_of_the_system(error)
        return ()


def _label(found: Range, name: str, label: str) -> LabelReview:
    before, after = (_labelled(view, name, label) for view in (found.base, found.head))
    change: LabelFate = "removed" if _is_gone(found, name, label) else "moved" if before else "added"
    difference, error = None, ""
    if change != "removed":
        try:
            ref = f"{name}@{label}"
            difference = diff(_loaded(found.base, ref) if before else None, found.head.load_stored(ref))
        except PromptLibError as caught:
            raise_if_passing(caught)
            error = caught.what
    return LabelReview(
        name=name, label=label, change=change, before=before, after=after, difference=difference, error=error
    )


def _labelled(view: View, name: str, label: str) -> Version | None:
    try:
        return view.labels(name).get(label)
    except PromptLibError as error:
        raise_if_of_the_system(error)
        return None


def _is_gone(found: Range, name: str, label: str) -> bool:
    try:
        found.head.load_stored(f"{name}@{label}")
    except NotFound:
        return True
    except PromptLibError as error:
        raise_if_of_the_system(error)
        return False
    return False
