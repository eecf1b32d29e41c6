"""Merging another line of commits into a store's branch: fast-forward, or one commit with both as its parents."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from promptlib.errors import Busy, Conflict, MergeConflict, NotFound, nearest
from promptlib.store.merging.choosing import Choices
from promptlib.store.merging.choosing import called as name_of
from promptlib.store.merging.combining import Combined, Combining
from promptlib.store.merging.sides import Key, Side, is_file
from promptlib.store.writing import LOCK_SECONDS, MOST_TRIES, identity, moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from promptlib._git import Author, Entry, Repository
    from promptlib._git.merging import Merging
    from promptlib._git.worktree_merging import WorkTreeMerging
    from promptlib.merge import NameConflict
    from promptlib.store.past import History
    from promptlib.store.refusing import Guard
    from promptlib.store.writing import Durability

#: After so many lost races a merge is worked out behind the lock.
PATIENT_TRIES = 3
#: Bases of bases, where people have merged criss-cross again and again.
DEEPEST_BASE = 12
MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class MergeResult:
    """What a merge came to: `unchanged`, `fast-forward` or `merged`.

    `commit` is where the branch stands now, `ours` and `theirs` the two commits that met. `names` and `labels`
    (`name@label`) are what came in from the other side, `merged` the names that were put together from both, and
    `resolved` what somebody had to decide.
    """

    outcome: Literal["unchanged", "fast-forward", "merged"]
    commit: str
    ours: str
    theirs: str
    names: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return the result as JSON data."""
        lists = ("names", "labels", "merged", "resolved")
        told = {name: getattr(self, name) for name in ("outcome", "commit", "ours", "theirs")}
        return {**told, **{name: list(getattr(self, name)) for name in lists}}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a merge of two commits will do, worked out before anything is written.

    `tree` is what git makes of the files that are none of ours, where there is a work tree.
    """

    outcome: Literal["unchanged", "fast-forward", "merged"]
    ours: str | None
    theirs: str
    combined: Combined
    tree: str | None = None

    def result(self, commit: str) -> MergeResult:
        """Return what is told of it once it stands at *commit*."""
        found = self.combined
        names = tuple(sorted(name for name in found.theirs if "@" not in name))
        labels = tuple(sorted(name for name in found.theirs if "@" in name))
        merged, resolved = tuple(sorted(found.merged)), tuple(sorted(found.resolved))
        return MergeResult(self.outcome, commit, self.ours or "", self.theirs, names, labels, merged, resolved)


@dataclass(frozen=True, slots=True)
class Meeting:
    """Works out merges in one store, and writes them into a bare one."""

    repository: Repository
    past: History
    durability: Durability
    guard: Guard | None
    unrelated: bool = False

    @property
    def merging(self) -> Merging:
        """What compares commits."""
        return self.repository.merging()

    def plan(self, ours: str | None, theirs: str, choices: Choices, called: str) -> Plan:
        """Return what a merge of *theirs*, which people call *called*, into *ours* does; nothing is written.

        Raises `MergeConflict` with what is left to decide, `Conflict` for histories that never met or files that
        only git merges, and what the store's rules refuse.
        """
        bases = tuple(sorted(self.repository.merge_bases(ours, theirs))) if ours else ()
        if theirs in bases:
            return Plan("unchanged", ours, theirs, Combined())
        if not bases and ours is not None:
            self._refuse_strangers(called)
        base = self._joined(bases, 0)
        if ours is None or base.commit == ours:
            plan = Plan("fast-forward", ours, theirs, self._brought(ours, theirs))
        else:
            tree = self._rest(ours, theirs, called)
            sides = self._side(ours, known=True), self._side(theirs)
            combined = Combining(base, *sides, choices, prompts_only=tree is not None).combine()
            if combined.left:
                raise conflict_of(combined.left, called)
            plan = Plan("merged", ours, theirs, combined, tree)
        self._check(plan)
        return plan

    def _side(self, commit: str | None, *, known: bool = False) -> Side:
        pinned = self.past.pinned if known else None
        return Side(self.repository, self.merging, self.past.prefix, commit, pinned=pinned)

    def _refuse_strangers(self, called: str) -> None:
        if self.unrelated:
            return
        if self.repository.shallow:
            raise Conflict(
                f"what this branch and {called} have in common is not in this clone: it is shallow",
                hint="bring the whole history here, then do it again: git fetch --unshallow",
            )
        raise Conflict(
            f"this branch and {called} have no commit in common: they are two stores",
            hint="is it the right one? to put two stores together all the same: unrelated=True, --unrelated",
        )

    def _joined(self, bases: tuple[str, ...], depth: int) -> Side:
        """Return the one base of several: they are merged as their own bases tell, and what conflicts is unknown.

        This is git's own recursive rule, but that nothing half merged is taken for what both sides had before.
        """
        made = self._side(bases[0] if bases else None)
        for other in bases[1:]:
            if depth >= DEEPEST_BASE or made.commit is None:
                made.everything_unknown = True
                break
            inner = self._joined(tuple(sorted(self.repository.merge_bases(made.commit, other))), depth + 1)
            combined = Combining(inner, made, self._side(other), Choices()).combine()
            made.laid |= combined.changes
            made.texts |= combined.texts
            made.unknown |= combined.contested
            made.everything_unknown |= inner.everything_unknown
        return made

    def _brought(self, ours: str | None, theirs: str) -> Combined:
        """Return what a fast-forward brings, for those who check and tell it."""
        found, prefix = Combined(), self.past.prefix
        before, after = self._side(ours), self._side(theirs)
        for path in self.merging.differences(before.tree, after.tree, prefix):
            key = Key.of(path.removeprefix(prefix))
            if key.kind == "file" and not self.repository.bare:
                continue
            found.changes[path] = after.entry(path)
            if key.kind in {"prompt", "label"}:
                found.theirs.add(str(key))
        return found

    def _rest(self, ours: str, theirs: str, called: str) -> str | None:
        """Return the tree that git makes of both; raises `Conflict` for files of the application that conflict."""
        if self.repository.bare:
            return None
        tree, told = self.repository.worktree_merging().merged(ours, theirs, unrelated=self.unrelated)
        others = sorted(path for path in told if not self._is_ours(path))
        if others:
            more = f" and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
            raise Conflict(
                f"{', '.join(others[:MOST_NAMED])}{more}: changed on both sides in ways that git cannot merge; "
                "only prompts are merged here, and nothing was changed",
                hint=f"merge with git, settle these files, and commit: git merge {called}",
            )
        return tree

    def _is_ours(self, path: str) -> bool:
        prefix = self.past.prefix
        return path.startswith(prefix) and Key.of(path.removeprefix(prefix)).kind != "file"

    def _check(self, plan: Plan) -> None:
        """What may not be saved may not be merged either; an application's own files are none of a store's."""
        if self.guard is None:
            return
        texts, theirs = plan.combined.texts, self._side(plan.theirs)
        for path, entry in sorted(plan.combined.changes.items()):
            if is_file(entry):
                data = texts.get(entry[1])
                self.guard.file(path, theirs.text(entry) if data is None else data)

    def tree_of(self, plan: Plan) -> str:
        """Write the merged tree and return its id."""
        merging, found = self.merging, plan.combined
        if plan.tree is None:
            return merging.graft(merging.root(plan.ours or ""), found.changes, found.texts, self.durability)
        ours = self._side(plan.ours)
        paths = merging.differences(ours.tree, plan.tree, self.past.prefix) | found.changes.keys()
        entries: dict[str, Entry | None] = {
            path: found.changes[path] if path in found.changes else ours.entry(path)
            for path in paths
            if self._is_ours(path)
        }
        return merging.graft(plan.tree, entries, found.texts, self.durability)

    def write(self, plan: Plan, parents: tuple[str, ...], message: str, author: Author | None) -> str:
        """Write the commit of *plan* in a bare store; no branch holds it yet."""
        return self.merging.commit(
            self.tree_of(plan),
            parents=parents,
            message=message,
            author=author or identity(self.repository),
            time=moment(),
            durability=self.durability,
        )


def merge(meeting: Meeting, other: str, choices: Choices, message: str, author: Author | None) -> MergeResult:
    """Merge the commit that *other* names into the store's branch."""
    theirs = named(meeting.repository, other)
    text = message or f"Merge {other}"
    if meeting.repository.bare:
        return _merge_bare(meeting, theirs, other, choices, (text, author))
    return _merge_work_tree(meeting, theirs, other, choices, (text, author))


def named(repository: Repository, other: str) -> str:
    """Return the commit that *other* names; raises `NotFound` with the nearest branch."""
    merging = repository.merging()
    found = merging.named(other)
    if found is None:
        known = merging.names()
        listed = f"here are: {', '.join(known[:MOST_NAMED])}" if known else "there is no branch here yet"
        raise NotFound(f"no branch, tag or commit {other!r} here", hint=f"{nearest(other, known)} {listed}".strip())
    return found


def conflict_of(left: list[NameConflict], called: str) -> MergeConflict:
    """Return the error for what nobody has decided."""
    names = ", ".join(name_of(each) for each in left[:MOST_NAMED])
    more = f" and {len(left) - MOST_NAMED} more" if len(left) > MOST_NAMED else ""
    return MergeConflict(
        f"{names}{more}: changed here and in {called} differently; nothing was changed",
        hint="say which holds: resolve={name: 'ours' | 'theirs' | a prompt | {field: value}}; "
        "in the shell --ours, --theirs or --edit",
        conflicts=tuple(left),
    )


def _merge_bare(
    meeting: Meeting, theirs: str, called: str, choices: Choices, told: tuple[str, Author | None]
) -> MergeResult:
    """Objects first, then the branch by compare-and-swap; worked out anew when somebody came first."""
    repository, past = meeting.repository, meeting.past
    reference = past.branch()
    for tried in range(MOST_TRIES):
        work = partial(_prepared, meeting, theirs, called, choices, told)
        plan, made = work() if tried < PATIENT_TRIES else (None, "")
        with repository.lock(timeout=LOCK_SECONDS, reference=reference):
            if plan is None:
                plan, made = work()
            if plan.outcome == "unchanged":
                return plan.result(plan.ours or plan.theirs)
            if repository.tip(reference) != plan.ours:
                continue
            if repository.swap(reference, plan.ours, made, durability=meeting.durability):
                past.move_to(made)
                return plan.result(made)
    raise Busy(
        f"{MOST_TRIES} commits of others came first; nothing was merged",
        hint="another program writes this store without promptlib's lock; try again when it rests",
    )


def _prepared(
    meeting: Meeting, theirs: str, called: str, choices: Choices, told: tuple[str, Author | None]
) -> tuple[Plan, str]:
    """Return what is to be done at the tip as it is now, and the commit that does it, which no branch holds yet."""
    tip = meeting.past.tip()
    meeting.past.move_to(tip)
    plan = meeting.plan(tip, theirs, choices, called)
    if plan.outcome != "merged":
        return plan, theirs
    return plan, meeting.write(plan, (tip or "", theirs), *told)


def _merge_work_tree(
    meeting: Meeting, theirs: str, called: str, choices: Choices, told: tuple[str, Author | None]
) -> MergeResult:
    plan = prepared_in_tree(meeting, theirs, choices, called)

    def finish(tree: WorkTreeMerging, ready: Plan) -> str:
        return commit_in_tree(meeting, tree, ready, *told)

    return in_tree(meeting, plan, theirs, (choices, called), finish)


def prepared_in_tree(meeting: Meeting, theirs: str, choices: Choices, called: str) -> Plan:
    """Return what is to be done in a work tree that is ready for it: nobody is asked before that is sure."""
    with meeting.repository.lock(timeout=LOCK_SECONDS, reference=meeting.past.reference()):
        ours = meeting.repository.worktree_merging().ready()
    meeting.past.move_to(ours)
    return meeting.plan(ours, theirs, choices, called)


def in_tree(
    meeting: Meeting,
    plan: Plan,
    theirs: str,
    asked: tuple[Choices, str],
    finish: Callable[[WorkTreeMerging, Plan], str],
) -> MergeResult:
    """Do *plan* behind the lock with *finish*; worked out anew where the branch has moved since."""
    with meeting.repository.lock(timeout=LOCK_SECONDS, reference=meeting.past.reference()):
        tree = meeting.repository.worktree_merging()
        ours = tree.ready()
        if ours != plan.ours:
            meeting.past.move_to(ours)
            plan = meeting.plan(ours, theirs, *asked)
        commit = finish(tree, plan)
        meeting.past.move_to(commit)
    return plan.result(commit)


def commit_in_tree(meeting: Meeting, tree: WorkTreeMerging, plan: Plan, message: str, author: Author | None) -> str:
    """Let the checked-out branch be what *plan* says, and return its commit."""
    if plan.outcome == "unchanged":
        return plan.ours or plan.theirs
    if plan.outcome == "fast-forward":
        tree.forward(plan.ours, plan.theirs)
        return plan.theirs
    blobs = {path: entry[1] if entry else None for path, entry in plan.combined.changes.items()}
    return tree.commit_merge(
        plan.ours or "",
        plan.theirs,
        meeting.tree_of(plan),
        paths=blobs,
        message=message,
        author=author,
        durability=meeting.durability,
    )
