"""Trees: looked up by path, listed, and rebuilt on the paths that changed."""

from __future__ import annotations

import stat
from collections import OrderedDict
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from promptlib._git.objects import STRUCTURE_LIMIT
from promptlib.errors import BadRef, Conflict, NotFound, StoreDamaged
from promptlib.forking import ForkableLock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptlib._git.objects import Objects

FILE, PROGRAM, FOLDER, LINK, SUBMODULE = b"100644", b"100755", b"40000", b"120000", b"160000"
SPECIAL = {LINK: "a symbolic link", SUBMODULE: "a submodule"}
# What no file system could hold, and no store does: somebody has nested or multiplied folders until nothing ends.
DEEPEST = 256
MOST_FILES = 500_000
MOST_CACHED_BYTES = 8 << 20
MOST_CACHED_COMMITS = 4096

#: What becomes of the names of one folder: a new blob, a deletion, or changes further down.
Edits: TypeAlias = "dict[bytes, str | Edits | None]"


class Tree:
    """One folder as git stores it: its bytes, and where each name stands in them."""

    __slots__ = ("_places", "raw")

    def __init__(self, raw: bytes, id_length: int, places: dict[bytes, tuple[int, int]] | None = None) -> None:
        """Read *raw*; `places`, when known already, maps a name to the start of its entry and of its id."""
        self.raw = raw
        self._places = _places(raw, id_length) if places is None else places

    def __contains__(self, name: bytes) -> bool:
        """Tell whether *name* is in this folder."""
        return name in self._places

    def get(self, name: bytes, id_length: int) -> tuple[bytes, str] | None:
        """Return mode and id of *name*, or None."""
        place = self._places.get(name)
        if place is None:
            return None
        start, id_start = place
        mode = self.raw[start : self.raw.index(b" ", start)]
        if mode != FILE:
            mode = _as_git_reads(mode)
        return mode, self.raw[id_start : id_start + id_length // 2].hex()

    def entries(self, id_length: int) -> Iterator[tuple[bytes, bytes, str]]:
        """Yield name, mode and id of each entry, in git's order."""
        for name in self._places:
            found = self.get(name, id_length)
            if found is not None:
                yield name, *found

    def replaced(self, new: Mapping[bytes, tuple[bytes, str] | None], id_length: int) -> Tree:
        """Return this folder with the entries of *new* put in, or taken out where they are None."""
        if all(entry and (old := self.get(name, id_length)) and old[0] == entry[0] for name, entry in new.items()):
            raw = bytearray(self.raw)
            for name, entry in new.items():
                id_start = self._places[name][1]
                raw[id_start : id_start + id_length // 2] = bytes.fromhex(entry[1]) if entry else b""
            return Tree(bytes(raw), id_length, self._places)
        entries: dict[bytes, tuple[bytes, str] | None] = {
            name: (mode, blob) for name, mode, blob in self.entries(id_length)
        }
        entries.update(new)
        # git orders a folder as if its name ended in a slash.
        order = sorted(
            (name + b"/" if entry[0] == FOLDER else name, name, entry) for name, entry in entries.items() if entry
        )
        rows = [b"%s %s\0%s" % (mode, name, bytes.fromhex(blob)) for _, name, (mode, blob) in order]
        return Tree(b"".join(rows), id_length)


def _places(raw: bytes, id_length: int) -> dict[bytes, tuple[int, int]]:
    places: dict[bytes, tuple[int, int]] = {}
    start, step = 0, id_length // 2 + 1
    while start < len(raw):
        end = raw.find(b"\0", start)
        blank = raw.find(b" ", start, end)
        if end < 0 or blank < 0 or end + step > len(raw):
            raise StoreDamaged("a folder's listing in git is cut off", hint="promptlib fsck lists all damage")
        name = raw[blank + 1 : end]
        if name in places:
            raise StoreDamaged(
                f"a folder's listing in git names {name.decode('utf-8', 'replace')!r} twice",
                hint="promptlib fsck lists all damage; take one of them away with plain git",
            )
        places[name] = (start, end + 1)
        start = end + step
    return places


@lru_cache(maxsize=64)
def _as_git_reads(mode: bytes) -> bytes:
    """Return *mode* as one of git's own kinds: old tools wrote leading zeros, and rights that git does not keep."""
    try:
        number = int(mode, 8)
    except ValueError as error:
        raise StoreDamaged("a folder's listing in git holds a mode that is no number", hint="promptlib fsck") from error
    if stat.S_ISREG(number):
        return PROGRAM if number & stat.S_IXUSR else FILE
    return FOLDER if stat.S_ISDIR(number) else LINK if stat.S_ISLNK(number) else SUBMODULE


class Trees:
    """The folders of one repository; parsed ones are kept, since an id never changes its content."""

    def __init__(self, objects: Objects) -> None:
        """Read through *objects*."""
        self._objects = objects
        self._length = objects.id_length
        self._lock = ForkableLock()
        self._cached: OrderedDict[str, Tree] = OrderedDict()
        self._cached_bytes = 0
        self._roots: OrderedDict[str, str] = OrderedDict()

    def root(self, commit: str) -> str:
        """Return the id of the tree of *commit*."""
        found = self._roots.get(commit)
        if found is None:
            body = self._objects.read(commit, b"commit", limit=STRUCTURE_LIMIT)
            found = body[5 : 5 + self._length].decode("ascii", "replace")
            if not body.startswith(b"tree "):
                raise StoreDamaged(f"commit {commit} names no tree", hint="promptlib fsck lists all damage")
            self.remember_root(commit, found)
        return found

    def remember_root(self, commit: str, tree: str) -> None:
        """Keep the tree of a commit that was just written or read."""
        with self._lock:
            self._roots[commit] = tree
            while len(self._roots) > MOST_CACHED_COMMITS:
                self._roots.popitem(last=False)

    def find(self, commit: str, path: str) -> tuple[bytes, str] | None:
        """Return mode and id of what lies at *path* (the root for an empty path), or None."""
        return self.find_in(self.root(commit), path)

    def find_in(self, tree: str, path: str) -> tuple[bytes, str] | None:
        """Return what `find` does, looked up from the folder *tree* on."""
        mode, found = FOLDER, tree
        for name in split(path) if path else ():
            if mode != FOLDER:
                return None
            entry = self._tree(found).get(name, self._length)
            if entry is None:
                return None
            mode, found = entry
        return mode, found

    def blob(self, commit: str, path: str) -> str | None:
        """Return the blob of the file at *path*, None where there is no file; links and submodules are refused."""
        found = self.find(commit, path)
        if found is None or found[0] == FOLDER:
            return None
        _refuse_special(*found[:1], path)
        return found[1]

    def files(self, commit: str, prefix: str) -> Iterator[tuple[str, str]]:
        """Yield path and blob of every regular file at or below *prefix*."""
        found = self.find(commit, prefix.rstrip("/"))
        if found is not None and found[0] == FOLDER:
            yield from self._files(found[1], f"{prefix.rstrip('/')}/".lstrip("/"))

    def folders(self, commit: str, path: str) -> tuple[str, ...]:
        """Return the names of the folders in the folder at *path*; none where there is no such folder."""
        found = self.find(commit, path.rstrip("/"))
        if found is None or found[0] != FOLDER:
            return ()
        entries = self._tree(found[1]).entries(self._length)
        return tuple(name.decode("utf-8", "surrogateescape") for name, mode, _ in entries if mode == FOLDER)

    def _files(self, tree: str, prefix: str) -> Iterator[tuple[str, str]]:
        open_folders = [(prefix, self._tree(tree).entries(self._length))]
        count = 0
        while open_folders:
            above, entries = open_folders[-1]
            entry = next(entries, None)
            if entry is None:
                open_folders.pop()
                continue
            name, mode, found = entry
            path = above + name.decode("utf-8", "surrogateescape")
            if mode == FOLDER:
                check_depth(path)
                open_folders.append((f"{path}/", self._tree(found).entries(self._length)))
            elif mode not in SPECIAL:
                yield path, found
            count += 1
            if count > MOST_FILES:
                raise too_many(prefix)

    def entries(self, tree: str) -> Iterator[tuple[bytes, tuple[bytes, str]]]:
        """Yield name, and mode with id, of all that lies in one folder."""
        for name, mode, found in self._tree(tree).entries(self._length):
            yield name, (mode, found)

    def edited(
        self, commit: str | None, changes: Mapping[str, str | None]
    ) -> tuple[str, list[tuple[str, bytes, bytes]]]:
        """Return the root tree of *commit* with *changes* (path to blob, or None), and the tree objects to write."""
        edits: Edits = {}
        for path, blob in changes.items():
            _place(edits, split(path), blob, path)
        written: list[tuple[str, bytes, bytes]] = []
        root = self._edit(self.root(commit) if commit else None, edits, "", written)
        return root or self._store(Tree(b"", self._length), written), written

    def _edit(self, base: str | None, edits: Edits, prefix: str, written: list[tuple[str, bytes, bytes]]) -> str | None:
        tree = self._tree(base) if base else Tree(b"", self._length, {})
        new: dict[bytes, tuple[bytes, str] | None] = {}
        for name, edit in edits.items():
            path = prefix + name.decode("utf-8", "surrogateescape")
            old = tree.get(name, self._length)
            if old is not None:
                _check_kind(old[0], edit, path)
            if isinstance(edit, dict):
                child = self._edit(old[1] if old else None, edit, path + "/", written)
                new[name] = (FOLDER, child) if child else None
            elif edit is None and old is None:
                raise NotFound(f"there is no {path!r} to delete", hint="somebody else may have deleted it: read again")
            else:
                new[name] = (old[0] if old else FILE, edit) if edit else None
        result = tree.replaced(new, self._length)
        return self._store(result, written) if result.raw else None

    def _store(self, tree: Tree, written: list[tuple[str, bytes, bytes]]) -> str:
        tree_id = self._objects.identify(b"tree", tree.raw)
        self._remember(tree_id, tree)
        written.append((tree_id, b"tree", tree.raw))
        return tree_id

    def _tree(self, tree_id: str) -> Tree:
        tree = self._cached.get(tree_id)
        if tree is None:
            raw = self._objects.read(tree_id, b"tree", limit=STRUCTURE_LIMIT)
            tree = Tree(raw, self._length)
            self._remember(tree_id, tree)
        return tree

    def _remember(self, tree_id: str, tree: Tree) -> None:
        with self._lock:
            if tree_id in self._cached:
                self._cached.move_to_end(tree_id)
                return
            self._cached[tree_id] = tree
            self._cached_bytes += len(tree.raw)
            while self._cached_bytes > MOST_CACHED_BYTES and len(self._cached) > 1:
                self._cached_bytes -= len(self._cached.popitem(last=False)[1].raw)


def too_many(prefix: str) -> StoreDamaged:
    """Return the error for folders that multiply what they hold until no reader would come to an end."""
    return StoreDamaged(
        f"{prefix or 'this store'} holds more than {MOST_FILES:,} files in git",
        hint="no store is that large: see what multiplies them, git ls-tree HEAD",
    )


def check_depth(path: str) -> None:
    """Refuse a folder below so many others that no reader would come to an end."""
    if path.count("/") >= DEEPEST:
        raise StoreDamaged(
            f"folders in git nest more than {DEEPEST} deep: {path[:60]}…",
            hint="no prompt lies there: take them away with plain git",
        )


def split(path: str) -> list[bytes]:
    """Return the names of *path*; refuse what git, or any file system, could read as something else."""
    names = path.encode("utf-8", "surrogateescape").split(b"/")
    for name in names:
        if name in {b"", b".", b".."} or b"\0" in name or name.lower() in {b".git", b"git~1"}:
            raise BadRef(
                f"{path!r} is no path inside a repository", hint="use names joined by '/', without '.' or '..'"
            )
    return names


def _place(edits: Edits, names: list[bytes], blob: str | None, path: str) -> None:
    for name in names[:-1]:
        below = edits.setdefault(name, {})
        if not isinstance(below, dict):
            raise _both(path)
        edits = below
    if isinstance(edits.get(names[-1]), dict):
        raise _both(path)
    edits[names[-1]] = blob


def _check_kind(mode: bytes, edit: str | Edits | None, path: str) -> None:
    _refuse_special(mode, path)
    if (mode == FOLDER) != isinstance(edit, dict):
        raise _both(path)


def _both(path: str) -> Conflict:
    return Conflict(f"{path!r} would be a file and a folder at once", hint="choose another name for one of them")


def _refuse_special(mode: bytes, path: str) -> None:
    if mode in SPECIAL:
        raise StoreDamaged(
            f"{path!r} is {SPECIAL[mode]} in git, not a file", hint="a store holds plain files: replace it by a file"
        )
