"""What meets in a merge: the files of one commit, or of a base that had to be put together first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeGuard

from promptlib.errors import InvalidFile, InvalidPrompt, StoreDamaged
from promptlib.store.homes import LARGEST_FILE
from promptlib.store.layout import (
    INCLUDES,
    PROMPT,
    Labelled,
    include_path,
    label_at,
    label_path,
    name_at,
    prompt_path,
)
from promptlib.store.remembering import content_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from promptlib._git import Entry, Repository
    from promptlib._git.merging import Merging
    from promptlib.chain import Stored
    from promptlib.refs import Pin


class Key(NamedTuple):
    """What a path of a store is: a prompt, a label on it, an include, or a file that is none of ours."""

    kind: str
    name: str
    label: str = ""

    @classmethod
    def of(cls, path: str) -> Key:
        """Return what *path*, below the root, is."""
        if name := name_at(path):
            return cls("prompt", name)
        if label := label_at(path):
            return cls("label", *label)
        if path.startswith(INCLUDES) and path.endswith(PROMPT):
            return cls("include", path.removeprefix(INCLUDES).removesuffix(PROMPT))
        return cls("file", path)

    @property
    def path(self) -> str:
        """Where it lies below the root."""
        if self.kind == "prompt":
            return prompt_path(self.name)
        if self.kind == "label":
            return label_path(self.name, self.label)
        return f"{INCLUDES}{self.name}{PROMPT}" if self.kind == "include" else self.name

    def called(self, name: str) -> Key:
        """Return the same of another *name*."""
        return self._replace(name=name)

    def __str__(self) -> str:
        """Return `name`, `name@label` or the path: what a choice is made by."""
        return f"{self.name}@{self.label}" if self.kind == "label" else self.name


@dataclass(slots=True)
class Side:
    """The files of one commit, None for no commit at all, with what was laid over it.

    `unknown` are the paths at which a base cannot be told: its own two sides did not go together there.
    """

    repository: Repository
    merging: Merging
    prefix: str
    commit: str | None
    laid: dict[str, Entry | None] = field(default_factory=dict)
    texts: dict[str, bytes] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    everything_unknown: bool = False
    #: What the index knows of earlier versions; without it they are looked for among the commits.
    pinned: Callable[[Pin], bytes | None] | None = None

    @property
    def tree(self) -> str | None:
        """The tree of the commit."""
        return self.merging.root(self.commit) if self.commit else None

    def entry(self, path: str) -> Entry | None:
        """Return mode and id of the file at *path*, which begins at the top of the repository."""
        if path in self.laid:
            return self.laid[path]
        return self.merging.entry(self.tree, path)

    def text(self, entry: Entry) -> bytes:
        """Return the bytes of a file."""
        found = self.texts.get(entry[1])
        return self.repository.read(entry[1], limit=LARGEST_FILE) if found is None else found

    def prompt(self, entry: Entry, source: str) -> Stored:
        """Return the prompt in a file; raises `InvalidPrompt` where there is none, and for what is no plain file.

        What cannot be read just now is another error, and never taken for no prompt.
        """
        if not is_file(entry):
            raise InvalidFile(f"{source} is no plain file", hint="a store holds plain files: replace it by one")
        return content_of(self.text(entry), source, (self.repository.place, entry[1]))

    def labelled(self, entry: Entry, source: str) -> Stored:
        """Return the prompt in the file of a label; raises `InvalidPrompt` where its first line says another."""
        data = self.text(entry) if is_file(entry) else b""
        try:
            held = Labelled.from_bytes(data, source)
        except StoreDamaged as error:
            raise InvalidFile(error.what, hint=error.hint) from error
        prompt = content_of(held.data, source)
        if prompt.digest != held.digest:
            raise InvalidFile(f"{source} does not hold what its first line says", hint="move the label again")
        return prompt

    def file_of(self, name: str, digest: str) -> bytes | None:
        """Return a file here whose content is *digest*: that of *name* now, or one that a label keeps."""
        for path in (*((prompt_path(name),) if name else ()), include_path(digest)):
            entry = self.entry(self.prefix + path)
            if entry is None:
                continue
            try:
                if self.prompt(entry, path).digest == digest:
                    return self.text(entry)
            except InvalidPrompt:
                continue
        return None

    def brought(self, name: str, without: str | None) -> Iterator[bytes]:
        """Yield every file that *name* had in the commits of this side that *without* does not reach."""
        path = self.prefix + prompt_path(name)
        stop = (without,) if without else ()
        commits = self.repository.log(self.commit, stop=stop, prefix=self.prefix) if self.commit else ()
        for commit in commits:
            for change in commit.changes:
                if change.path == path and change.blob:
                    yield self.repository.read(change.blob, limit=LARGEST_FILE)


def is_file(entry: Entry | None) -> TypeGuard[Entry]:
    """Tell whether *entry* is a plain file, no link and no submodule."""
    return entry is not None and entry[0].startswith(b"100")
