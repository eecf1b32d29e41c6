"""Putting a damaged repository right: what is bad is moved aside, only what fits its id is written, nothing deleted."""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING, NamedTuple, Protocol

from promptlib._git.objects import STRUCTURE_LIMIT
from promptlib._git.records import Author
from promptlib._git.seals import broken_seal, is_derived, sealed_files
from promptlib._git.trees import FOLDER, SPECIAL, split
from promptlib._git.verifying import Verifier
from promptlib.errors import GitFailed, PromptLibError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from promptlib._git.layout import Layout
    from promptlib._git.objects import Objects
    from promptlib._git.references import References
    from promptlib._git.runner import Git
    from promptlib._git.trees import Trees

    #: Returns the body of an object that cannot be read, and where it came from; or None.
    Source = Callable[[str, bytes], tuple[bytes, str] | None]

DAMAGED = "promptlib/damaged"
_READ_LIMIT = 64 << 20
_KINDS = (b"blob", b"commit", b"tree", b"tag")


class Told(Protocol):
    """What is remembered of a commit."""

    @property
    def commit(self) -> str:
        """The id."""

    @property
    def parent(self) -> str:
        """The id of the first parent, or an empty text."""

    @property
    def author(self) -> str:
        """The name of who wrote it."""

    @property
    def email(self) -> str:
        """The address."""

    @property
    def seconds(self) -> int:
        """When it was written, in seconds since 1970."""

    @property
    def zone(self) -> str:
        """The zone of that time."""

    @property
    def committed(self) -> int:
        """When it was committed."""

    @property
    def message(self) -> str:
        """The whole message."""


class Mended(NamedTuple):
    """What was put right: of which kind, where, and how."""

    kind: str
    place: str
    what: str


class Mender:
    """Mends one repository; the caller holds the writers' lock."""

    def __init__(self, layout: Layout, git: Git, objects: Objects, trees: Trees, references: References) -> None:
        """Work below the folders of *layout*."""
        self._layout = layout
        self._git = git
        self._objects = objects
        self._trees = trees
        self._references = references
        self._verifier = Verifier(layout, git, objects, references)

    def aside(self, path: Path) -> str:
        """Move *path* to where damaged files are kept, and return its new place below the repository."""
        folder = self._layout.own_folder() / "damaged"
        folder.mkdir(exist_ok=True)
        name = path.parent.name + path.name if len(path.parent.name) == len("ab") else path.name
        target = folder / name
        count = 0
        while os.path.lexists(target):
            count += 1
            target = folder / f"{name}.{count}"
        path.rename(target)
        return f"{DAMAGED}/{target.name}"

    # Packs, and what git makes of them

    def files(self) -> Iterator[Mended]:
        """Make damaged pack indexes again, save what can be saved of damaged packs, put other derived files aside."""
        for path in list(sealed_files(self._layout)):
            wrong = broken_seal(self._layout, path)
            if not wrong or not path.exists():
                continue
            self._git.close()  # a git that has the file open would go on using it
            if path.suffix == ".pack":
                yield from self._pack(path)
            elif path.suffix == ".idx":
                if path.with_suffix(".pack").exists():
                    yield from self._made_again(path.with_suffix(".pack"))
            elif is_derived(path):
                shown = self._verifier.shown(path)
                yield Mended("file", shown, f"put aside ({self.aside(path)}): git works without it and makes it again")

    def _made_again(self, pack: Path) -> Iterator[Mended]:
        """Make the index of a sound pack again; the damaged one goes first, for git would believe it."""
        index, made = pack.with_suffix(".idx"), pack.with_suffix(".made")
        kept = self.aside(index) if os.path.lexists(index) else ""
        done = self._git.run("index-pack", "-o", os.fspath(made), os.fspath(pack), check=False)
        if done.code:
            made.unlink(missing_ok=True)
            if kept:
                (self._layout.common_dir / kept).rename(index)
            return
        made.rename(index)
        self._git.close()
        aside = f", the damaged one is kept at {kept}" if kept else ""
        yield Mended("file", self._verifier.shown(index), f"made again from its pack{aside}")

    def _pack(self, pack: Path) -> Iterator[Mended]:
        """Copy what is still readable of a damaged pack into a new one, and put the damaged one aside."""
        if broken_seal(self._layout, pack) == "its index is missing":
            yield from self._made_again(pack)
            return
        index = pack.with_suffix(".idx")
        good = [one for one, kind in self._listed(index) if self.sound(one, kind)]
        if good:
            given = "".join(f"{one}\n" for one in good).encode()
            base = os.fspath(pack.parent / "pack")
            options = ("--quiet", "--no-reuse-delta", "--no-reuse-object")
            done = self._git.run("pack-objects", *options, base, given=given, check=False)
            if done.code:
                return
        kept = self.aside(pack)
        # What lists the objects of a pack that is gone would make git look for it.
        for path in [*pack.parent.glob(f"{pack.stem}.*"), *pack.parent.glob("multi-pack-index*")]:
            self.aside(path)
        self._git.close()
        told = f"{len(good)} readable objects were copied into a new pack, this one is kept at {kept}"
        yield Mended("file", self._verifier.shown(pack), told)

    def _listed(self, index: Path) -> Iterator[tuple[str, bytes]]:
        """Yield id and kind of what a pack index lists, as far as that can be told."""
        try:
            listed = self._git.run("show-index", given=index.read_bytes(), check=False).out
        except OSError:
            return
        ids = [row.split(b" ")[1] for row in listed.splitlines() if b" " in row]
        # A process that meets damage may end there: each object that it did not come to is asked for by itself.
        told = self._git.run("cat-file", "--batch-check=%(objecttype)", given=b"\n".join([*ids, b""]), check=False)
        kinds = told.out.splitlines()
        for at, found in enumerate(ids):
            one = found.decode("ascii", "replace")
            kind = kinds[at] if at < len(kinds) else self._git.run("cat-file", "-t", one, check=False).out.strip()
            if kind in _KINDS:
                yield one, kind

    # Objects

    def sound(self, object_id: str, kind: bytes) -> bool:
        """Return whether the object can be read and is what its id says."""
        try:
            self._objects.read(object_id, kind, limit=_READ_LIMIT)
        except GitFailed as error:
            return _is_too_large(error)
        except PromptLibError:
            return False
        return True

    def loose(self) -> Iterator[tuple[str, Path]]:
        """Yield id and file of every loose object that is not what its name says."""
        objects = self._layout.common_dir / "objects"
        for path in sorted(objects.glob("??/*")):
            object_id = path.parent.name + path.name
            if len(object_id) == self._objects.id_length and not self._holds(path, object_id):
                yield object_id, path

    def _holds(self, path: Path, object_id: str) -> bool:
        """A large object that cannot be a prompt is git's to verify."""
        try:
            stream = zlib.decompressobj()
            data = stream.decompress(path.read_bytes(), _READ_LIMIT)
        except (OSError, zlib.error):
            return False
        if stream.unconsumed_tail:
            return True
        head, _, body = data.partition(b"\0")
        kind, _, size = head.partition(b" ")
        whole = stream.eof and not stream.unused_data and size == str(len(body)).encode()
        return whole and self._objects.identify(kind, body) == object_id

    def write(self, object_id: str, kind: bytes, body: bytes) -> bool:
        """Store *body* as the object if it is just that; a file in its place has been moved aside before."""
        if self._objects.identify(kind, body) != object_id:
            return False
        self._objects.write_all([(object_id, kind, body)], "each")
        self._git.close()
        return self.sound(object_id, kind)

    def walk(self, tips: Iterable[str], prefix: str, find: Source) -> Iterator[Mended]:
        """Go through the commits of *tips* and what they hold below *prefix*; what cannot be read, *find* may have."""
        way = split(prefix.strip("/")) if prefix.strip("/") else []
        waiting: list[tuple[str, bytes, int]] = [(tip, b"commit", 0) for tip in tips]
        seen: set[tuple[str, int]] = set()
        cut = self._cut_off()
        while waiting:
            object_id, kind, depth = waiting.pop()
            if (object_id, depth) in seen:
                continue
            seen.add((object_id, depth))
            body, told = self._body(object_id, kind), ""
            if body is None:
                body, told = self._found_again(object_id, kind, find)
            if body is None:
                continue
            if told:
                yield Mended("object", object_id, f"the {kind.decode()} is whole again, {told}")
            if kind == b"commit":
                waiting += [(each, what, 0) for each, what in _of_commit(body, cut=object_id in cut)]
            elif kind == b"tree":
                waiting += self._of_tree(object_id, way, depth)

    def _found_again(self, object_id: str, kind: bytes, find: Source) -> tuple[bytes | None, str]:
        """Return the body of a damaged or missing object and where it was, once it is stored and reads back."""
        path = self._layout.common_dir / "objects" / object_id[:2] / object_id[2:]
        kept = self.aside(path) if os.path.lexists(path) and not self._holds(path, object_id) else ""
        self._git.close()
        aside = f"; the damaged file is kept at {kept}" if kept else ""
        if kept and (body := self._body(object_id, kind)) is not None:
            return body, f"from another pack or store{aside}"
        found = find(object_id, kind)
        if found is not None and self.write(object_id, kind, found[0]):
            return found[0], found[1] + aside
        body = self._body(object_id, kind)
        return body, f"written from git's index{aside}" if body is not None else ""

    def unneeded(self) -> Iterator[Mended]:
        """Put aside what is left of damaged loose objects: nothing that a walk came to needs them."""
        for object_id, path in self.loose():
            yield Mended("object", object_id, f"put aside, no version needs it ({self.aside(path)})")

    def _cut_off(self) -> frozenset[str]:
        try:
            return frozenset((self._layout.common_dir / "shallow").read_text("ascii", "replace").split())
        except OSError:
            return frozenset()

    def _body(self, object_id: str, kind: bytes) -> bytes | None:
        try:
            return self._objects.read(object_id, kind, limit=STRUCTURE_LIMIT)
        except GitFailed as error:
            return b"" if _is_too_large(error) else None
        except PromptLibError:
            return None

    def _of_tree(self, tree: str, way: list[bytes], depth: int) -> list[tuple[str, bytes, int]]:
        try:
            entries = dict(self._trees.entries(tree))
        except PromptLibError:
            return []
        if depth < len(way):
            entries = {name: entry for name, entry in entries.items() if name == way[depth]}
        return [
            (found, b"tree" if mode == FOLDER else b"blob", min(depth + 1, len(way)))
            for mode, found in entries.values()
            if mode not in SPECIAL
        ]

    def retold(self, told: Told, changes: Mapping[str, str | None]) -> Iterator[tuple[str, bytes, bytes]]:
        """Yield id, kind and body of the folders and the commit that *told* and its *changes* of its parent make."""
        try:
            root, folders = self._trees.edited(told.parent or None, changes)
        except (PromptLibError, ValueError):
            return
        yield from folders
        lines = [b"tree %b" % root.encode(), *([b"parent %b" % told.parent.encode()] if told.parent else ())]
        author = Author(told.author, told.email)
        lines += [b"author " + author.signature((told.seconds, told.zone))]
        # A commit of this process is remembered as it was given, and git ends its message with a new line.
        message = told.message.rstrip("\n") + "\n" if told.message else ""
        lines += [b"committer " + author.signature((told.committed, told.zone)), b"", message.encode()]
        body = b"\n".join(lines)
        commit = self._objects.identify(b"commit", body)
        if commit == told.commit:
            self._trees.remember_root(commit, root)
        yield commit, b"commit", body

    def write_index_trees(self) -> None:
        """Let git write the folders that its index describes: where one was lost, this is the same one."""
        if self._layout.work_tree is not None:
            self._git.run("write-tree", "--missing-ok", check=False)
            self._git.close()

    # Refs

    def lines(self, known: Iterable[str]) -> list[str]:
        """Return the newest commits of the lines that no ref holds and that go on from a commit of *known*, if any.

        A commit of *known* that can be read and that no such line continues is the end of its own line.
        """
        rows = self._git.run("fsck", "--no-reflogs", "--no-progress", check=False).out.decode("ascii", "replace")
        ends = [row.split()[2] for row in rows.splitlines() if row.startswith("dangling commit ")]
        start = [commit for commit in known if self.sound(commit, b"commit")]
        if not start:
            return ends
        newest = [commit for commit in start if not any(self._goes_on(commit, other) for other in start)]
        return [end for end in ends if any(end == one or self._goes_on(one, end) for one in newest)] or newest

    def _goes_on(self, commit: str, later: str) -> bool:
        return commit != later and self._references.reaches(later, commit)

    def logged(self, reference: str) -> str:
        """Return the last commit that the reflog of *reference* tells, or an empty text."""
        try:
            rows = (self._layout.common_dir / "logs" / reference).read_bytes().splitlines()
        except OSError:
            return ""
        words = rows[-1].split(b" ", 2) if rows else []
        commit = words[1].decode("ascii", "replace") if len(words) > 1 else ""
        return commit if len(commit) == self._objects.id_length and self.sound(commit, b"commit") else ""

    def set_reference(self, reference: str, commit: str) -> str:
        """Point a damaged *reference* to *commit*; return where its old file is kept, or an empty text for none."""
        path = self._layout.common_dir / reference
        kept = self.aside(path) if os.path.lexists(path) and not path.is_dir() else ""
        self._git.close()
        if not self._references.swap(
            reference, self._references.tip(reference), commit, reflog="promptlib: repair", durability="each"
        ):
            raise GitFailed(f"{reference!r} was moved by somebody else meanwhile", hint="run promptlib fsck again")
        return kept

    def packed_references(self) -> Mended | None:
        """Leave out the lines of packed-refs that are none, for which git refuses all of them; the old file is kept."""
        path = self._layout.common_dir / "packed-refs"
        bad = [text for _, text, wrong in self._verifier.packed() if wrong]
        if not bad:
            return None
        good = [row for row in path.read_bytes().splitlines() if row.decode(errors="replace") not in bad]
        lock = path.with_name("packed-refs.lock")
        with lock.open("xb") as file:
            file.write(b"".join(row + b"\n" for row in good))
        kept = self.aside(path)
        lock.replace(path)
        self._git.close()
        told = ", ".join(repr(row[:80]) for row in bad)
        return Mended("ref", "packed-refs", f"written again without {told}; the damaged file is kept at {kept}")

    def put_back(self, told: str, path: str) -> None:
        """Take back what was put aside, as *told*, to *path*: what is damaged there shows that something is lost."""
        (self._layout.common_dir / told.rpartition(" ")[2]).replace(self._layout.common_dir / path)

    def set_head(self, branch: str) -> str:
        """Let HEAD name *branch*; return where its old file is kept, or an empty text for none."""
        return put_head(self._layout.git_dir / "HEAD", branch, self.aside)


def told_age(seconds: float) -> str:
    """Return an age in words."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if count != 1 else ''} old"
    return "just made"


def put_head(path: Path, branch: str, aside: Callable[[Path], str]) -> str:
    """Write HEAD so that it names *branch*, in one step."""
    kept = aside(path) if os.path.lexists(path) else ""
    temporary = path.with_name(f"HEAD.{os.getpid()}.tmp")
    temporary.write_text(f"ref: {branch}\n", "utf-8")
    temporary.replace(path)
    return kept


def _is_too_large(error: GitFailed) -> bool:
    """An object too large for us is nothing that we could have written, and may be as sound as any."""
    return "are refused" in error.what


def _of_commit(body: bytes, *, cut: bool) -> Iterator[tuple[str, bytes]]:
    for row in body.partition(b"\n\n")[0].split(b"\n"):
        word, _, found = row.partition(b" ")
        if word == b"tree" or (word == b"parent" and not cut):
            yield found.decode("ascii", "replace"), b"tree" if word == b"tree" else b"commit"
