"""Several changes as one commit."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from promptlib._git import Author
from promptlib.errors import Conflict, InvalidChain, InvalidPrompt, NotFound, Superseded
from promptlib.prompt import Prompt
from promptlib.refs import Pin, Ref, check_label, check_name
from promptlib.store.layout import prompt_path
from promptlib.store.loading import Reader
from promptlib.version import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promptlib.chain import Chain, Stored
    from promptlib.store.drafts import Draft
    from promptlib.store.past import History
    from promptlib.store.writing import Writer


class Transaction:
    """Changes that become one commit when the block of `Store.transaction` ends, and nothing when it fails.

    Each change is checked when it is made, and once more on the newest tip when the commit is written.
    """

    def __init__(self, writer: Writer, past: History) -> None:
        """Begin over the newest commit."""
        self._writer = writer
        self._past = past
        self._draft = writer.draft()
        self._steps: list[Callable[[Draft], object]] = []

    def save(
        self, name: str, prompt: Stored, *, expect: Version | str | None = None, file: bytes | None = None
    ) -> Version:
        """Save *prompt* under *name*, as `Store.save` does. The version has no commit before the block ends."""
        base = _base(name, prompt, self._digest(name, expect))
        try:
            outcome = self._do(lambda draft: draft.save(name, prompt, base, file))
        except Conflict as error:
            if not isinstance(error, Superseded):  # which is in the history
                self._keep(error, self._draft.offered(name, prompt, file))
            raise
        return Version(
            name=name,
            number=self._draft.number(name),
            digest=prompt.digest,
            commit="",
            author="",
            email="",
            time=datetime.now(UTC),
            message="",
            provisional=True,
            outcome="created" if outcome == "created" else "unchanged",
        )

    def load(self, ref: str | Ref) -> Prompt[Any]:
        """Return the prompt that *ref* names, this transaction's changes included; raises what `Store.load` does."""
        stored = self._stored(Ref.parse(ref))
        if isinstance(stored, Prompt):
            return stored
        raise InvalidPrompt(f"{ref} is a chain, and no prompt", hint=f'load_chain("{ref}") loads it')

    def load_chain(self, ref: str | Ref) -> Chain[Any]:
        """Return the chain that *ref* names with its steps' prompts, this transaction's changes included."""
        stored = self._stored(Ref.parse(ref))
        if isinstance(stored, Prompt):
            raise InvalidChain(f"{ref} is a prompt, and no chain", hint=f'load("{ref}") loads it')
        return Reader(self._draft.files, self._past).followed(stored)

    def _stored(self, parsed: Ref) -> Stored:
        reader = Reader(self._draft.files, self._past)
        if parsed.latest or (parsed.prefix and parsed.number is None and not parsed.label):
            current = self._draft.current(parsed.name)
            if current is not None and current.digest.startswith(f"sha256:{parsed.prefix}"):
                return reader.load(Ref(parsed.name))
        return reader.load(parsed)

    def names(self) -> tuple[str, ...]:
        """Return the names that there are, this transaction's changes included."""
        return self._draft.names()

    def gone(self) -> tuple[str, ...]:
        """Return the names that had versions and were deleted or renamed before this transaction."""
        return self._past.index.removed_names()

    def label(
        self, name: str, label: str, version: Version | str | None, *, expect: Version | str | None = None
    ) -> None:
        """Let *label* on *name* point at *version*, which this transaction may have saved; None takes it away."""
        check_name(name)
        check_label(label)
        target = self._chosen(name, version) if version is not None else None
        held = self._digest(name, expect)
        self._do(lambda draft: draft.label(name, label, self._file(draft, name, target) if target else None, held))

    def revert(self, name: str, version: Version | str) -> Version:
        """Make an older *version* the newest again, byte for byte."""
        target = self._chosen(name, version)
        outcome = self._do(lambda draft: draft.put_file(name, self._file(draft, name, target)))
        return replace(target, name=name, outcome="created" if outcome == "created" else "unchanged")

    def rewrite(self, name: str, file: bytes, *, expect: Version | str | None = None) -> None:
        """Make the bytes *file* the newest of *name*, also where they say the same in other words: other line ends.

        *expect* must be the newest of that name. Unlike a save, this goes back to an older content without a word.
        """
        held = self._digest(check_name(name), expect)
        self._do(lambda draft: draft.put_file(name, file, held))

    def trust(self, name: str, *, reason: str, by: str = "", expect: Version | str | None = None) -> Version:
        """Make the foreign newest content of *name* one's own, for a *reason* that its file tells from now on."""
        if not reason.strip():
            raise InvalidPrompt("trust needs a reason", hint="say who has read the prompt and what was looked at")
        held = self._digest(name, expect)
        outcome = self._do(lambda draft: draft.vouch(check_name(name), _plain(reason.strip()), _plain(by), held))
        made = _uncommitted(name, self._draft.existing(name).digest)
        return replace(made, outcome="created" if outcome == "created" else "unchanged")

    def rename(self, old: str, new: str) -> None:
        """Give *old* the name *new*, with its labels."""
        check_name(new)
        self._do(lambda draft: draft.rename(old, new))

    def delete(self, name: str) -> None:
        """Take *name* and its labels away."""
        self._do(lambda draft: draft.delete(name))

    def keep_report(self, path: str, data: bytes) -> None:
        """Lay the file of a fairness report; see `Store.keep_report`."""
        self._do(lambda draft: draft.files.put(path, data))

    def commit(self, message: str, author: Author | None) -> None:
        """Write the one commit; the block of `Store.transaction` calls this when it ends."""
        if self._steps:
            by = _as_git_writes(author) if author else None
            try:
                self._writer.commit(self._draft, self._replay, _plain(message).rstrip("\n"), by)
            except Conflict as error:
                self._keep(error, self._draft.files.changes)
                raise

    def _keep(self, error: Conflict, changes: Mapping[str, bytes | None]) -> None:
        """Let what was to be saved be found again: somebody else's save must not cost anybody their words."""
        told = self._writer.keep(self._draft, changes, error)
        error.hint = "\n".join(filter(None, [error.hint, told]))

    def _replay(self, draft: Draft) -> None:
        for step in self._steps:
            step(draft)

    def _do(self, step: Callable[[Draft], object]) -> object:
        self._writer.follow(self._draft)
        result = step(self._draft)
        self._steps.append(step)
        return result

    def _digest(self, name: str, version: Version | str | None) -> str | None:
        return self._chosen(name, version).digest if version is not None else None

    def _chosen(self, name: str, version: Version | str) -> Version:
        """Return the version that is meant; one that this transaction has saved has no commit yet."""
        if isinstance(version, Version):
            return version
        ref = Ref(check_name(name)).with_version(version)
        if ref.number is not None:
            return self._past.now().version(ref)
        return _uncommitted(name, self._stored(ref).digest)

    def _file(self, draft: Draft, name: str, target: Version) -> bytes:
        """Return the file of *target*: the one of its commit, else this draft's own, else the newest of its digest."""
        found = self._past.committed(name, target)
        if found is None and (current := draft.current(name)) is not None and current.digest == target.digest:
            found = draft.files.read(prompt_path(name))
        if found is None:
            found = self._past.pinned(Pin(name, target.digest))
        if found is None:
            known = ", ".join(f"v{each.number} {each.short}" for each in self._past.versions(name)[-8:])
            raise NotFound(f"{name} has no version {target.digest[:15]}", hint=f"versions here: {known or 'none'}")
        return found


def _uncommitted(name: str, digest: str) -> Version:
    return Version(name, None, digest, commit="", author="", email="", time=datetime.now(UTC), message="")


def _as_git_writes(author: Author) -> Author:
    """Return *author* without what would end the line that git keeps, so that a version tells what the commit says."""
    line = Author(_plain(author.name), _plain(author.email)).signature((0, "+0000")).decode()
    name, _, rest = line.rpartition(" <")
    return Author(name, rest.partition(">")[0])


def _plain(text: str) -> str:
    """Return *text* as a commit can hold it."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def _base(name: str, prompt: Stored, expect: str | None) -> str | None:
    """Return the digest that must be the newest: what the caller expects, else what the prompt was made from."""
    if not hasattr(prompt, "origin"):
        what = f"what is to be saved as {name} is a {type(prompt).__name__}, not a Prompt or Chain"
        raise InvalidPrompt(what, hint=f'of a text: Prompt.define(user("…")); of a file: promptlib save {name} FILE')
    if expect is not None:
        return expect
    origin = prompt.origin
    return origin.standing.digest if origin is not None and origin.qualified == name else None
