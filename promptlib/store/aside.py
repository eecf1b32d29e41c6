"""Commits of any branch: which one is meant, and a store as it stands there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptlib.errors import BadRef, NotFound
from promptlib.store.layout import label_at, name_at
from promptlib.store.past import NOWHERE, History
from promptlib.store.view import EarlierView

if TYPE_CHECKING:
    from promptlib._git import Repository
    from promptlib.store.view import View

_RANGE = "write BASE..HEAD, or BASE...HEAD for what HEAD changed since it left BASE, such as origin/main...HEAD"


@dataclass(frozen=True, slots=True)
class Range:
    """Two commits, and what differs between them below the store's root.

    `names` and `labels` are those whose file differs, in alphabetical order. `asked` is what lineages are asked of: the
    store itself where it stands at the head, because its index walks them. `shallow` says that history is cut off, and
    numbers with it.
    """

    base: EarlierView
    head: EarlierView
    asked: View
    names: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]
    shallow: bool


def between(store: View, text: str) -> Range:
    """Return what *text* means, `BASE..HEAD` or `BASE...HEAD`: commits, branches, tags, whatever git reads.

    Raises `BadRef` for another form, and `NotFound` for a commit that is not here, with what to type.
    """
    history = store._past()  # noqa: SLF001 - of its own package
    repository = history.repository
    one, dots, other = text.partition("...") if "..." in text else text.partition("..")
    if not dots or not one.strip() or not other.strip() or ".." in other or other.startswith("."):
        raise BadRef(f"{text[:80]!r} names no two commits", hint=_RANGE)
    base, head = _commit(repository, one.strip()), _commit(repository, other.strip())
    if dots == "...":
        base = _merge_base(repository, base, head, text)
    changed = [path.removeprefix(history.prefix) for path in repository.changes(base, head, history.prefix)]
    at_head = view(store, head)
    return Range(
        view(store, base),
        at_head,
        store if history.tip() == head else at_head,
        tuple(sorted(name for path in changed if (name := name_at(path)))),
        tuple(sorted(found for path in changed if (found := label_at(path)))),
        repository.shallow,
    )


def _commit(repository: Repository, text: str) -> str:
    found = repository.revision(text)
    if found is None:
        raise NotFound(f"{text[:80]!r} is no commit, branch or tag here", hint=_to_have(repository, f"{text[:80]}"))
    return found


def _to_have(repository: Repository, text: str) -> str:
    if repository.shallow:
        return (
            "this clone is shallow: fetch the rest with git fetch --unshallow; in a workflow give actions/checkout "
            "fetch-depth: 0"
        )
    return f"git fetch origin brings what others have; git rev-parse {text} tells how git reads it"


def _merge_base(repository: Repository, one: str, other: str, text: str) -> str:
    found = repository.merge_bases(one, other)
    if not found:
        raise NotFound(f"the two commits of {text[:80]!r} have no common ancestor", hint=_to_have(repository, one[:12]))
    return found[0]


def view(store: View, commit: str) -> EarlierView:
    """Return the store as *commit* has it, of whatever branch it is."""
    history = store._past()  # noqa: SLF001 - of its own package
    if history.index.commits(commit):
        return store.at(commit)
    aside = AsideHistory(history, commit)
    (found,) = aside.now().index.commits(commit)
    return EarlierView(store.path, found, aside)


class AsideHistory(History):
    """What a commit saw that the store's branch has not; its index lies in memory."""

    def __init__(self, now: History, commit: str) -> None:
        """Answer for *commit* of the repository of *now*."""
        super().__init__(now.repository, now.prefix, NOWHERE)
        self._commit = commit

    def tip(self) -> str:
        """Return the commit."""
        return self._commit
