"""Bringing a store and a remote to the same commit: fetch, merge, push, and never force.

The remote is the first parent of a merge made here, so that the numbers of what is published hold. In a bare store the
branch moves after the push: what the server refuses has changed nothing. Whatever is cut, the next sync goes on.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from random import uniform
from typing import TYPE_CHECKING

from promptlib.errors import Busy, NotFound, PromptLibError, RemoteRefused, StoreError
from promptlib.store.merging.meeting import MOST_NAMED, commit_in_tree, in_tree, prepared_in_tree
from promptlib.store.merging.sides import Key
from promptlib.store.writing import LOCK_SECONDS, identity, moment

if TYPE_CHECKING:
    from collections.abc import Collection

    from promptlib._git import Author, Repository
    from promptlib._git.worktree_merging import WorkTreeMerging
    from promptlib.store.merging.choosing import Choices
    from promptlib.store.merging.meeting import Meeting, Plan

HEADS = "refs/heads/"
MOST_SYNCS = 50
#: Seconds that the first loser waits at most, and the last: those who wait unlike long let each other through.
SHORTEST_WAIT, LONGEST_WAIT = 0.05, 2.0


@dataclass(frozen=True, slots=True)
class SyncResult:
    """What a sync came to. Store and remote stand at `tip` now.

    `fetched` and `pushed` count the commits that came and that were sent, `merged` the names that were put together
    from both sides. `theirs` are the names and labels (`name@label`) that came in, `ours` those that went out, and
    `resolved` what somebody had to decide. `commit` is the merge that was made, an empty text for none.
    """

    remote: str
    branch: str
    tip: str
    fetched: int = 0
    merged: int = 0
    pushed: int = 0
    theirs: tuple[str, ...] = ()
    ours: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()
    commit: str = ""
    tries: int = 1

    def to_dict(self) -> dict[str, object]:
        """Return the result as JSON data."""
        told: dict[str, object] = {name: getattr(self, name) for name in self.__slots__}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in told.items()}


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a branch is published: a remote, the branch there, and what people call the two together."""

    remote: str
    branch: str

    @property
    def called(self) -> str:
        return f"{self.remote}/{self.branch}"

    @property
    def reference(self) -> str:
        return f"{HEADS}{self.branch}"


class _Moved(Exception):
    """Our branch has moved in between: what was worked out is out of date."""


class Syncing:
    """One sync."""

    def __init__(
        self,
        meeting: Meeting,
        remote: str | None,
        choices: Choices,
        message: str,
        author: Author | None,
        allow: Collection[str],
    ) -> None:
        """Sync the store's branch with the branch of *remote* that it is published as."""
        self._meeting = meeting
        self._repository = meeting.repository
        self._past = meeting.past
        self._choices = choices
        self._author = author
        self._allow = allow
        self._reference = _branch(meeting)
        self._place = _place(meeting.repository, self._reference, remote)
        self._message = message or f"Sync with {self._place.called}"
        began = meeting.past.tip()
        self._result = SyncResult(self._place.remote, self._place.branch, began or "")
        #: Commits whose pasts are counted already.
        self._seen = [began] if began else []

    def run(self) -> SyncResult:
        """Go on until store and remote are at one commit, or somebody has to decide."""
        self._tidy()
        for tried in range(1, MOST_SYNCS + 1):
            theirs = self._fetched()
            try:
                tip = self._step(theirs)
            except _Moved:
                tip = None
            if tip is not None and (self._tip() or "") == tip:
                return replace(self._result, tip=tip, tries=tried)
            time.sleep(uniform(0, min(LONGEST_WAIT, SHORTEST_WAIT * 2**tried)))  # noqa: S311 - chance parts, and hides nothing
        raise Busy(
            f"{self._place.called}: others came first {MOST_SYNCS} times; nothing was lost",
            hint="sync again when it rests",
        )

    def _tidy(self) -> None:
        """Take back what a merge left in the work tree that was killed."""
        if self._repository.bare or not self._repository.worktree_merging().unfinished:
            return
        with self._repository.lock(timeout=LOCK_SECONDS, reference=self._reference):
            self._repository.worktree_merging().recover()

    def _count(self, commit: str) -> int:
        """Return how many commits *commit* brings that were not counted yet."""
        if commit in self._seen:
            return 0
        found = self._repository.merging().count(commit, self._seen)
        self._seen.append(commit)
        return found

    # The two ends

    def _tip(self) -> str | None:
        tip = self._repository.tip(self._reference)
        self._past.move_to(tip)
        return tip

    def _fetched(self) -> str | None:
        """Return where the branch stands at the remote, None for a remote without any branch."""
        place, repository = self._place, self._repository
        found = repository.fetch(place.remote, place.branch, allow=self._allow).get(place.branch)
        if found is None:
            known = sorted(repository.remotes().branches(place.remote, allow=self._allow).tips)
            if known:
                seen = repository.tip(f"refs/remotes/{place.called}") if "/" not in place.remote else None
                what = "was deleted there" if seen else "is not there"
                listed = ", ".join(known[:MOST_NAMED])
                raise NotFound(
                    f"{place.called} {what}; nothing has changed, here or there",
                    hint=f"branches there: {listed}\nto publish this one: git push {place.remote} {place.branch}",
                )
        else:
            self._result = replace(self._result, fetched=self._result.fetched + self._count(found))
        return found

    def _push(self, commit: str, theirs: str | None) -> bool:
        """Tell whether the remote's branch is at *commit* now; False when somebody else has moved it."""
        place = self._place
        try:
            done = self._repository.push(place.remote, commit, place.reference, expect=theirs, allow=self._allow)
        except RemoteRefused as error:
            error.hint = (
                f"what came from {place.called} is here, and your branch is as it was; nothing was sent\n{error.hint}"
            )
            raise
        if done == "moved":
            return False
        sent = self._repository.merging().count(commit, [theirs] if theirs else [])
        self._seen.append(commit)
        self._result = replace(self._result, pushed=self._result.pushed + sent)
        return True

    # One try

    def _step(self, theirs: str | None) -> str | None:
        """Bring both ends to one commit and return it, empty where there is none; None when somebody came between."""
        ours = self._tip()
        if ours == theirs:
            return ours or ""
        if theirs is None:
            self._note_ours(None, ours or "")
            return ours if self._push(ours or "", None) else None
        repository = self._repository
        bases = repository.merge_bases(ours, theirs) if ours else ()
        if ours is None or ours in bases:
            return self._forward(theirs)
        if theirs not in bases:
            return self._merge_bare(theirs) if repository.bare else self._merge_in_tree(theirs)
        self._note_ours(theirs, ours)
        if repository.merging().on_line(theirs, ours):
            return ours if self._push(ours, theirs) else None
        return self._send(self._wrapped(ours, theirs), ours, theirs)

    def _note_ours(self, theirs: str | None, ours: str) -> None:
        merging, prefix = self._repository.merging(), self._past.prefix
        paths = merging.differences(merging.root(theirs) if theirs else None, merging.root(ours), prefix)
        keys = (Key.of(path.removeprefix(prefix)) for path in paths)
        self._tell(ours={str(key) for key in keys if key.kind in {"prompt", "label"}})

    def _note(self, plan: Plan, commit: str) -> None:
        found = plan.combined
        self._tell(theirs=found.theirs, ours=found.ours, resolved=found.resolved)
        self._result = replace(self._result, commit=commit, merged=len(found.merged))

    def _tell(self, **found: set[str]) -> None:
        """Add names to those that the result tells."""
        told = {part: tuple(sorted({*getattr(self._result, part), *names})) for part, names in found.items()}
        self._result = replace(self._result, **told)  # type: ignore[arg-type] # parts that hold names

    def _forward(self, theirs: str) -> str | None:
        """Let our branch follow the remote's; what was here is in it."""
        plan = self._planned(theirs)
        if plan.outcome != "fast-forward":
            return None  # somebody has saved since
        self._tell(theirs=plan.combined.theirs)
        if not self._repository.bare:
            in_tree(self._meeting, plan, theirs, (self._choices, self._place.called), self._forwarded)
            return theirs
        return theirs if self._swapped(plan.ours, theirs) else None

    def _forwarded(self, tree: WorkTreeMerging, plan: Plan) -> str:
        if plan.outcome != "fast-forward":
            raise _Moved
        return commit_in_tree(self._meeting, tree, plan, "", None)

    def _planned(self, theirs: str) -> Plan:
        if not self._repository.bare:
            return prepared_in_tree(self._meeting, theirs, self._choices, self._place.called)
        return self._meeting.plan(self._tip(), theirs, self._choices, self._place.called)

    def _swapped(self, old: str | None, new: str) -> bool:
        durability = self._meeting.durability
        with self._repository.lock(timeout=LOCK_SECONDS, reference=self._reference):
            done = self._repository.tip(self._reference) == old and self._repository.swap(
                self._reference, old, new, durability=durability
            )
        self._past.move_to(new if done else self._repository.tip(self._reference))
        return done

    def _send(self, made: str, ours: str, theirs: str) -> str | None:
        """Push *made*, which no branch holds yet, and let our branch be it when the remote has it."""
        if not self._push(made, theirs):
            return None
        return made if self._swapped(ours, made) else None

    def _wrapped(self, ours: str, theirs: str) -> str:
        """Put the published line first again: merged the other way round, its numbers would move."""
        parents = (theirs, ours)
        if not self._repository.bare:
            made = self._repository.worktree_merging().wrap(ours, parents, self._message)
        else:
            merging, who = self._repository.merging(), self._author or identity(self._repository)
            made = merging.commit(
                merging.root(ours),
                parents=parents,
                message=self._message,
                author=who,
                time=moment(),
                durability=self._meeting.durability,
            )
        self._result = replace(self._result, commit=made)
        return made

    def _merge_bare(self, theirs: str) -> str | None:
        plan = self._planned(theirs)
        if plan.outcome != "merged":
            return None  # somebody has saved, or synced, since
        made = self._meeting.write(plan, (theirs, plan.ours or ""), self._message, self._author)
        self._note(plan, made)
        return self._send(made, plan.ours or "", theirs)

    def _merge_in_tree(self, theirs: str) -> str | None:
        """Commit through git, with the user's hooks; then the same commit with the remote first; then push.

        Whatever fails after that, the branch goes back to where it was.
        """
        plan = self._planned(theirs)
        if plan.outcome != "merged":
            return None
        merged: list[Plan] = []

        def finish(tree: WorkTreeMerging, ready: Plan) -> str:
            if ready.outcome != "merged":
                raise _Moved
            made = commit_in_tree(self._meeting, tree, ready, self._message, self._author)
            merged.append(ready)
            return tree.with_parents(made, (theirs, ready.ours or ""), self._reference)

        done = in_tree(self._meeting, plan, theirs, (self._choices, self._place.called), finish)
        self._note(merged[0], done.commit)
        try:
            sent = self._push(done.commit, theirs)
        except BaseException as error:
            self._undo(done.commit, merged[0].ours or "", error)
            raise
        if not sent:
            self._undo(done.commit, merged[0].ours or "", None)
        return done.commit if sent else None

    def _undo(self, made: str, ours: str, error: BaseException | None) -> None:
        try:
            with self._repository.lock(timeout=LOCK_SECONDS, reference=self._reference):
                self._repository.worktree_merging().undo(made, ours)
        except StoreError as failure:
            # The merge stays: it is whole, and the next sync sends it.
            if isinstance(error, PromptLibError):
                error.hint = f"{error.hint}\nyour branch holds the merge: {failure.what}".strip()
        self._past.move_to(self._repository.tip(self._reference))


def _branch(meeting: Meeting) -> str:
    reference = meeting.repository.head().reference
    if reference is None and not meeting.repository.bare:
        raise Busy("HEAD is detached: there is no branch to sync", hint="go to a branch first: git switch main")
    return meeting.past.branch()


def _place(repository: Repository, reference: str, remote: str | None) -> _Place:
    """Return where the branch *reference* is published: where the user says, or else git's own configuration."""
    branch = reference.removeprefix(HEADS)
    upstream = repository.remotes().upstream(branch)
    named = remote or (upstream.remote if upstream else "origin")
    if upstream is not None and upstream.remote == named:
        branch = upstream.reference.removeprefix(HEADS)
    return _Place(named, branch)
