"""Published numbers: which of them moved here, which a plain `git pull` would move, and what brings them back.

What was published is what the remote-tracking branch says, along its own first-parent line; and what it said before, as
far as its reflog goes. While that line is a part of HEAD's, no number of it can have moved (`promptlib.history`), and
that is one question to the index. Only where it is none are the two numberings held against each other.
"""

from __future__ import annotations

from contextlib import closing
from shlex import quote
from typing import TYPE_CHECKING

from promptlib._git import Author, Commit
from promptlib._index.orders import Order, bringer, order, touched
from promptlib.errors import StoreError, raise_if_passing
from promptlib.store.fresh import Fresh
from promptlib.store.movement import MovedNumber, Movement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptlib._git import Repository
    from promptlib._index import Index, Row
    from promptlib.store.movement import Cause
    from promptlib.store.past import History

#: A merge that nobody has made yet.
_PULL = "0" * 40
#: Earlier positions of the remote branch that do not lie on its line, the newest ones: each costs a reading.
MOST_EARLIER = 32


def movements(repository: Repository, history: History, names: Iterable[str] = ()) -> tuple[Movement, ...]:
    """Return what moved of the published numbers of *names* (none: of all), each cause apart; nothing is changed."""
    return tuple(each for each in _Published(repository, history, frozenset(names)).moved() if each.numbers)


class _Published:
    """HEAD's numbers beside those of the remote branch."""

    def __init__(self, repository: Repository, history: History, names: frozenset[str]) -> None:
        self._repository = repository
        self._names = names
        self._reference = history.now().reference()
        self._remote = history.remote_reference()
        self._shown = self._remote.removeprefix("refs/remotes/")
        self._head = history.tip() or ""
        self._here = history.index

    def moved(self) -> Iterator[Movement]:
        remote = self._repository.tip(self._remote)
        if not remote or not self._head:
            return
        earlier = [each for each in self._repository.earlier(self._remote) if each != remote]
        holds = self._here.position(remote) is not None
        if holds and all(self._here.position(each) is not None for each in earlier):
            return
        with closing(Order(self._here)) as there:
            there.at(remote)
            if not holds:
                yield from self._here_moved(there, remote)
            yield from self._there_moved(there, [each for each in earlier if there.position(each) is None])

    def _here_moved(self, there: Index, remote: str) -> Iterator[Movement]:
        """Compare with what is published now."""
        merge = bringer(self._here, remote)
        if merge is not None:
            yield self._movement("merge", remote, merge, there, self._here)
        elif bringer(there, self._head) is not None:
            return  # this branch is behind: to follow is all that a pull does
        elif left := self._left(there):
            there.at(left)
            yield self._movement("rewritten", left, left, there, self._here)
            there.at(remote)
        else:
            with closing(Order(self._here, _Pulled(self._repository, self._head, remote))) as pulled:
                pulled.at(_PULL)
                yield self._movement("pull", remote, "", there, pulled)

    def _left(self, there: Index) -> str:
        """Return the newest published commit that this branch stood at, as its reflog tells, and no longer holds."""
        if self._repository.head().reference != self._reference:
            return ""  # a detached HEAD has stood nowhere
        left = {*self._repository.earlier(self._reference)}.difference(order(self._here))
        return next((each for each in reversed(order(there)) if each in left and there.position(each) is not None), "")

    def _there_moved(self, there: Index, earlier: list[str]) -> Iterator[Movement]:
        """Compare what is published now with what was published before, and does not lie on its line."""
        told: list[str] = []
        with closing(Order(self._here)) as before:
            for at in earlier:
                if len(told) < MOST_EARLIER and not any(self._holds(before, line, at) for line in told):
                    try:
                        before.at(at)
                        order(before)
                    except StoreError as error:
                        raise_if_passing(error)
                        continue  # git has cleaned it away, and nobody can ask for its numbers
                    told.append(at)
                    yield self._movement("remote", at, bringer(there, at) or "", before, there)

    def _holds(self, index: Index, line: str, commit: str) -> bool:
        index.at(line)
        return index.position(commit) is not None

    def _movement(self, cause: Cause, at: str, commit: str, old: Index, new: Index) -> Movement:
        return Movement(
            cause, self._shown, at, commit, tuple(self._differing(old, new)), self._remedy(cause, at, commit)
        )

    def _differing(self, old: Index, new: Index) -> Iterator[MovedNumber]:
        """Yield the numbers of *old* that are other content in *new*: up to where the orders part, none is."""
        before, after = order(old), order(new)
        same = next((at for at, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]), len(after))
        for name in touched(old, same):
            if not self._names or name in self._names:
                yield from self._of_a_name(name, old.versions(name), new.versions(name))

    def _of_a_name(self, name: str, before: list[Row], after: list[Row]) -> Iterator[MovedNumber]:
        now = {row.number: row.blob for row in after}
        pairs = [(row, now.get(row.number)) for row in before if now.get(row.number) != row.blob]
        if not pairs:
            return
        # What the files say is asked where it is kept for the next time.
        told = self._here.descriptions(row.blob for row in (*before, *after) if row.blob)
        for row, blob in pairs:
            was, is_now = told[row.blob or ""].digest, told[blob].digest if blob else ""
            if not was or was != is_now:
                alike = (each.number for each in reversed(after) if was and told[each.blob or ""].digest == was)
                yield MovedNumber(name, row.number or 0, was, is_now, next(alike, None))

    def _remedy(self, cause: Cause, at: str, commit: str) -> str:
        if cause == "pull":
            return "promptlib sync merges with the published line first, and moves none"
        if cause == "remote":
            return (
                "that is published: write refs with a digest; name#digest loads, name@v3#digest refuses other content"
            )
        if cause == "rewritten":
            back = self._git(f"reset --keep {at[:12]}")
            return (
                f"never push it with force; promptlib sync puts the published line first; to undo what was done: {back}"
            )
        sync = "promptlib sync puts the published line first before it pushes"
        if commit == self._head and not self._repository.bare:
            return f"{sync}; or undo the merge: {self._git('reset --keep HEAD^1')}"
        # The same files, under a merge whose first parent is the published commit: nothing is lost, no number moves.
        head = self._head[:12] if self._repository.bare else "HEAD"
        move = f"update-ref {quote(self._reference)}" if self._repository.bare else "reset --soft"
        tree = f"-p {quote(self._shown)} -p {head} -m 'Put the published line first' '{head}^{{tree}}'"
        return f"{sync}; or by hand: {self._git(move)} $({self._git(f'commit-tree {tree}')})"

    def _git(self, words: str) -> str:
        place = self._repository.git_dir if self._repository.bare else None
        return f"git {f'-C {quote(str(place))} ' if place else ''}{words}"


class _Pulled(Fresh):
    """The repository as it would be after `git pull`: with a merge of what is here and what is published."""

    def __init__(self, repository: Repository, here: str, remote: str) -> None:
        super().__init__(repository)
        self._parents = (here, remote)

    def log(self, tip: str, *, stop: Iterable[str] = (), prefix: str = "") -> Iterator[Commit]:
        """Yield what the merge *tip* reaches and none of *stop* does, parents first."""
        here, remote = self._parents
        until = set(stop)
        yield from super().log(here, stop=until, prefix=prefix)
        yield from super().log(remote, stop={*until, here}, prefix=prefix)
        # What it would hold comes last, and moves no number.
        yield Commit(tip, self._parents, Author("", ""), 0, "+0000", 0, "", ())
