"""What a merge asks of git: where two histories meet, what their trees hold, and a commit with several parents."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from promptlib._git.records import commit_body
from promptlib._git.trees import FOLDER, MOST_FILES, Tree, check_depth, split, too_many
from promptlib.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from promptlib._git.objects import Objects
    from promptlib._git.records import Author, Durability, Entry, Moment
    from promptlib._git.runner import Git
    from promptlib._git.trees import Trees

#: What becomes of the names of one folder: another entry, None for none, or changes further down.
Grafts: TypeAlias = "dict[bytes, Entry | Grafts | None]"
#: Stands, in a folder of grafts, for what becomes of a file at the folder's place.
GONE = b""


class Merging:
    """Histories and trees of one repository beside each other."""

    def __init__(self, git: Git, objects: Objects, trees: Trees) -> None:
        """Ask *git* about histories; trees and objects are read and written here."""
        self._git = git
        self._objects = objects
        self._trees = trees
        self._length = objects.id_length

    def named(self, revision: str) -> str | None:
        """Return the commit that *revision* names as git understands it: a branch, a tag, `origin/main`, an id."""
        if not revision or "\0" in revision:
            return None
        asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        found = self._git.run(*asked, check=False)
        return found.out.decode("ascii", "replace").strip() or None if found.code == 0 else None

    def names(self) -> list[str]:
        """Return the short names of all branches, here and as last seen at remotes, and of all tags."""
        found = self._git.run("for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes", "refs/tags")
        return found.out.decode("utf-8", "replace").splitlines()

    def on_line(self, commit: str, tip: str) -> bool:
        """Tell whether *commit*, which *tip* reaches, is reached by its first parents alone."""
        if commit == tip:
            return True
        newer = self._git.run("rev-list", "--first-parent", tip, f"^{commit}").out.decode("ascii", "replace").split()
        return bool(newer) and self._objects.first_parent(newer[-1]) == commit

    def count(self, tip: str, without: Iterable[str]) -> int:
        """Return how many commits *tip* reaches and none of *without* does."""
        return int(self._git.run("rev-list", "--count", tip, *(f"^{commit}" for commit in without)).out)

    def entry(self, tree: str | None, path: str) -> Entry | None:
        """Return mode and id of the file, link or submodule at *path*; None where there is none, or a folder."""
        found = self._trees.find_in(tree, path) if tree else None
        return None if found is None or found[0] == FOLDER else found

    def differences(self, before: str | None, after: str | None, prefix: str = "") -> set[str]:
        """Return every path below the folder *prefix* at which two trees do not hold the same."""
        top = prefix.rstrip("/")
        old, new = (self._trees.find_in(tree, top) if tree else None for tree in (before, after))
        found: set[str] = set()
        for path in self._between(old, new, top):
            found.add(path)
            if len(found) > MOST_FILES:
                raise too_many(prefix)
        return found

    def _between(self, old: Entry | None, new: Entry | None, path: str) -> Iterator[str]:
        if old == new:
            return
        check_depth(path)
        above = f"{path}/" if path else ""
        was, now = self._names(old), self._names(new)
        for name in sorted(was.keys() | now.keys()):
            yield from self._between(was.get(name), now.get(name), above + name.decode("utf-8", "surrogateescape"))
        if any(entry is not None and entry[0] != FOLDER for entry in (old, new)):
            yield path

    def _names(self, entry: Entry | None) -> dict[bytes, Entry]:
        return dict(self._trees.entries(entry[1])) if entry and entry[0] == FOLDER else {}

    def graft(
        self,
        tree: str | None,
        entries: Mapping[str, Entry | None],
        contents: Mapping[str, bytes],
        durability: Durability,
    ) -> str:
        """Write *tree* with *entries* put in, or taken out where they are None, and return its id.

        *contents* are the blobs among them that are new. Raises `Conflict` for a file where a folder is needed.
        """
        grafts: Grafts = {}
        for path, entry in entries.items():
            _place(grafts, split(path), entry)
        written = [(blob, b"blob", body) for blob, body in contents.items()]
        root = self._grafted(tree, grafts, "", written)
        if root is None:
            root = self._objects.identify(b"tree", b"")
            written.append((root, b"tree", b""))
        self._objects.write_all(written, durability)
        return root

    def _grafted(
        self, tree: str | None, grafts: Grafts, above: str, written: list[tuple[str, bytes, bytes]]
    ) -> str | None:
        entries: dict[bytes, Entry | None] = dict(self._trees.entries(tree)) if tree else {}
        for name, graft in grafts.items():
            if name == GONE:
                continue
            path = above + name.decode("utf-8", "surrogateescape")
            was = entries.get(name)
            folder = was[1] if was is not None and was[0] == FOLDER else None
            if isinstance(graft, dict):
                inner = self._grafted(folder, graft, f"{path}/", written)
                given = graft.get(GONE, None if folder is not None else was)
                here = None if isinstance(given, dict) else given
            else:
                inner, here = folder, graft
            if inner is not None and here is not None:
                raise _both(path)
            entries[name] = here if inner is None else (FOLDER, inner)
        body = Tree(b"", self._length, {}).replaced(entries, self._length).raw
        if not body:
            return None
        made = self._objects.identify(b"tree", body)
        written.append((made, b"tree", body))
        return made

    def root(self, commit: str) -> str:
        """Return the tree of *commit*."""
        return self._trees.root(commit)

    def commit(
        self,
        tree: str,
        *,
        parents: Sequence[str],
        message: str,
        author: Author,
        time: Moment,
        durability: Durability,
    ) -> str:
        """Write a commit of *tree* and return its id; `swap` then moves the ref."""
        body = commit_body(tree, parents, message, (author, author), time)
        made = self._objects.identify(b"commit", body)
        self._objects.write_all([(made, b"commit", body)], durability)
        return made


def _place(grafts: Grafts, names: list[bytes], entry: Entry | None) -> None:
    """Put *entry* where it belongs; a file that goes makes room for a folder, and a folder that empties for a file."""
    for name in names[:-1]:
        below = grafts.setdefault(name, {})
        if not isinstance(below, dict):
            below = grafts[name] = {GONE: below}
        grafts = below
    below = grafts.get(names[-1])
    if isinstance(below, dict):
        below[GONE] = entry
    else:
        grafts[names[-1]] = entry


def _both(path: str) -> Conflict:
    return Conflict(
        f"{path!r} would be a file and a folder at once",
        hint="one side made a folder where the other has a file: rename one of them first",
    )
