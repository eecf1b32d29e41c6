"""Reading a store: prompts, versions and labels, whichever home they lie in."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, Unpack, overload

from promptlib.errors import BadRef, InvalidChain, InvalidPrompt, NotFetched, NotFound
from promptlib.prompt import Prompt
from promptlib.refs import Ref, check_name, split_store
from promptlib.store.homes import Commit, state_of
from promptlib.store.loading import Reader
from promptlib.store.reports import Measured
from promptlib.version import Version, instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from pydantic import BaseModel

    from promptlib._git import Repository
    from promptlib._index import Committed
    from promptlib.blame import Blame
    from promptlib.chain import Chain, Stored
    from promptlib.diff import PromptDiff
    from promptlib.lineage import Graph, Impact, Lineage
    from promptlib.query import Duplicate, Hits, Ranking, Versions
    from promptlib.runs import Run
    from promptlib.semantic import Embedder
    from promptlib.store.past import History
    from promptlib.store.preferences import By
    from promptlib.store.searching import Place, Wanted
    from promptlib.store.shelving import Chosen, Entry, Facets, Shelf

ModelT = TypeVar("ModelT", bound="BaseModel")


class There(NamedTuple):
    """Another store that a ref or name begins with, and the rest of it, which that store reads."""

    store: View
    rest: str


class View(Measured):
    """What can be asked of a store. It changes nothing.

    A ref or name may begin with the name of another store of the project, `shared:support/triage`: that one is asked.
    Asking talks to nobody: where a partial clone lacks a text, `NotFetched` says what brings it.
    """

    path: Path
    _repository: Repository | None
    _history: History | None
    _reader: Reader
    #: What refs to this store begin with, where it is read beside another one.
    _called: str = ""

    @overload
    def load(self, ref: str | Ref, *, inputs: type[ModelT]) -> Prompt[ModelT]: ...

    @overload
    def load(self, ref: str | Ref, *, inputs: None = ...) -> Prompt[Any]: ...

    def load(self, ref: str | Ref, *, inputs: type[ModelT] | None = None) -> Prompt[Any]:
        """Return the prompt that *ref* names, typed by the model *inputs* where one is given.

        A bare name is the file on disk in an application's repository, and the newest version elsewhere. Loading
        writes nothing. Raises `NotFound` with what there is instead, `InputsMismatch` field by field, `NumberMoved`
        when `name@v3#digest` is other content now, `InvalidFile` for a file that is no prompt, and `InvalidPrompt` for
        a chain, which `load_chain` loads.
        """
        stored = self._loaded(Ref.parse(ref))
        if not isinstance(stored, Prompt):
            raise InvalidPrompt(
                f"{ref} is a chain of {len(stored.steps)} steps, and no prompt",
                hint=f'load it as what it is: store.load_chain("{ref}")',
            )
        return stored if inputs is None else stored.with_model(inputs)

    @overload
    def load_chain(self, ref: str | Ref, *, inputs: type[ModelT], follow: bool = ...) -> Chain[ModelT]: ...

    @overload
    def load_chain(self, ref: str | Ref, *, inputs: None = ..., follow: bool = ...) -> Chain[Any]: ...

    def load_chain(self, ref: str | Ref, *, inputs: type[ModelT] | None = None, follow: bool = True) -> Chain[Any]:
        """Return the chain that *ref* names with the prompts of its steps, typed by *inputs* where one is given.

        A floating step has the prompt that its label carries now; `follow=False` leaves that out, so that a chain can
        be looked at whatever became of its labels. Raises what `load` raises, `InvalidChain` where a label now
        carries what no longer fits or is gone, and for a prompt, which `load` loads.
        """
        parsed = Ref.parse(ref)
        stored = self._loaded(parsed)
        if isinstance(stored, Prompt):
            raise InvalidChain(f"{ref} is a prompt, and no chain", hint=f'load it as what it is: store.load("{ref}")')
        if follow:
            stored = self._followed(parsed, stored)
        return stored if inputs is None else stored.with_model(inputs)

    def load_stored(self, ref: str | Ref, *, follow: bool = False) -> Prompt[Any] | Chain[Any]:
        """Return what *ref* names, a prompt or a chain: for whoever shows or compares both; raises what these raise."""
        parsed = Ref.parse(ref)
        stored = self._loaded(parsed)
        return stored if isinstance(stored, Prompt) or not follow else self._followed(parsed, stored)

    def _loaded(self, ref: Ref) -> Stored:
        """Return the prompt or chain that *ref* names; the floating steps of a chain are without their prompts."""
        if ref.store:
            return self._other(ref.store)._loaded(replace(ref, store=""))  # noqa: SLF001 - a view
        try:
            return self._reading().load(ref)
        except NotFetched as error:
            raise self._not_here(ref.name) from error

    def _followed(self, ref: Ref, chain: Chain[Any]) -> Chain[Any]:
        """Return *chain*, which *ref* names, with what its floating steps run now, in its own store."""
        if ref.store:
            return self._other(ref.store)._followed(replace(ref, store=""), chain)  # noqa: SLF001 - a view
        with self._asked(ref.name):
            return self._reading().followed(chain)

    def version(self, ref: str | Ref) -> Version:
        """Return the version that *ref* names; a bare name means the newest. Raises `NotFound`."""
        if there := self._there(ref):
            return there.store.version(there.rest)
        parsed = Ref.parse(ref)
        with self._asked(parsed.name):
            return self._past().version(self._label_resolved(parsed))

    def history(self, name: str) -> tuple[Version, ...]:
        """Return the versions of *name*, oldest first, so that `history(name)[0]` is `v1`.

        A renamed prompt's versions under its old name count on. Raises `NotFound`. In a shallow clone the versions
        that are there have no numbers.
        """
        if there := self._there(name):
            return there.store.history(there.rest)
        with self._asked(check_name(name)):
            versions = self._past().versions(name)
            if not versions:
                raise self._reading().missing(name)
            return versions

    def labels(self, name: str) -> dict[str, Version]:
        """Return every label on *name* with the version it points at."""
        if there := self._there(name):
            return there.store.labels(there.rest)
        with self._asked(check_name(name)):
            return {
                label: self._past().labelled(name, digest) for label, digest in self._reading().labels(name).items()
            }

    def names(self, prefix: str = "") -> tuple[str, ...]:
        """Return the names that have a prompt now, in alphabetical order, below *prefix* where one is given.

        `shared:` and what may follow it asks another store, whose name then stands before each.
        """
        if there := self._beginning(prefix):
            return tuple(f"{there.store._called}{name}" for name in there.store.names(there.rest))  # noqa: SLF001 - a view
        return self._reading().names(prefix)

    def state(self) -> str:
        """Return a text that is another one as soon as a prompt, a version or a label is: who stays asks it again.

        No prompt is read for it. A bare store says its commit; elsewhere it is also over the names, sizes and times of
        the files on disk.
        """
        reader = self._reading()
        tip = self._history.tip() if self._history is not None and reader.on_disk else None
        return "\n".join(filter(None, [tip, state_of(reader.files)]))

    def tags(self) -> dict[str, int]:
        """Return every tag with the number of prompts that have it, the most frequent first."""
        return dict(self.facets().tags)

    def facets(self, prefix: str = "", **chosen: Unpack[Chosen]) -> Facets:
        """Count the names that `entries` returns for the same words: by tag, input, label, author, folder and more.

        SQLite counts in the index, where there is one; elsewhere the files are read.
        """
        if there := self._beginning(prefix):
            return there.store.facets(there.rest, **chosen)
        return self._shelf().facets(prefix, chosen)

    def entries(self, prefix: str = "", **chosen: Unpack[Chosen]) -> tuple[Entry, ...]:
        """Return each name with what its file says and its newest version, in alphabetical order.

        Only those that begin with *prefix* and pass what is said by keyword: `tags=` and `inputs=` (all of them;
        `ticket`, `ticket:string`, or `:image` for any of that type), `label=` (on any version), `author=` (of the
        newest version), `folder=` (at any depth), `kind=` (`prompt` or `chain`), and `described=` (whether the
        description says more than name and title). Nothing is opened that the index knows; a file of a work tree that
        was edited is told as it is on disk.
        """
        if there := self._beginning(prefix):
            found = there.store.entries(there.rest, **chosen)
            return tuple(replace(each, name=f"{there.store._called}{each.name}") for each in found)  # noqa: SLF001 - a view
        return self._shelf().entries(prefix, chosen)

    def token_counts(self, entries: Iterable[Entry]) -> dict[str, int]:
        """Return by name the tokens of the source texts of *entries*, which this view has returned, in o200k_base.

        The index remembers them by digest. What cannot be read is left out.
        """
        from promptlib.store.weighing import token_counts  # noqa: PLC0415 - a load counts nothing

        return token_counts(self, self._history, tuple(entries))

    def _shelf(self) -> Shelf:
        from promptlib.store.shelving import Shelf  # noqa: PLC0415 - a load has no shelf

        return Shelf(self._reading(), self._history.now() if self._history is not None else None)

    def diff(self, before: str | Ref, after: str | Ref) -> PromptDiff:
        """Return what changed between two versions, as prompts differ: messages, inputs, settings, includes."""
        from promptlib.diff import diff  # noqa: PLC0415 - a load compares nothing

        return diff(self.load_stored(before), self.load_stored(after))

    def lineage(self, ref: str | Ref, *, runs: Iterable[Run] = ()) -> Lineage:
        """Return where the version that *ref* names came from and what came of it.

        *runs*, such as `store.runs` or a part of it, are among what came of the versions that ran.
        """
        from promptlib.store import tracing  # noqa: PLC0415 - a load asks for no lineage

        if there := self._there(ref):
            from promptlib.store.produced import within  # noqa: PLC0415 - beside it

            return there.store.lineage(there.rest, runs=within(split_store(str(ref))[0], runs))
        parsed = Ref.parse(ref)
        try:
            return tracing.lineage(self._past(), self._label_resolved(parsed), runs)
        except NotFetched as error:
            raise self._not_here(parsed.name) from error

    def impact(self, ref: str | Ref) -> tuple[Impact, ...]:
        """Return every version that includes, runs or derives from this one, transitively, nearest first.

        A bare name means any version of it. Everything else means one content, whichever numbers it has. Each says by
        which path, whether it is the newest of its name, and which labels carry it. Raises `NotFound`.
        """
        from promptlib.store import tracing  # noqa: PLC0415 - a load asks for no lineage

        if there := self._there(ref):
            return there.store.impact(there.rest)
        parsed = Ref.parse(ref)
        try:
            return tracing.impact(self._past(), self._label_resolved(parsed))
        except NotFetched as error:
            raise self._not_here(parsed.name) from error

    def graph(self, *, runs: Iterable[Run] = ()) -> Graph:
        """Return every version of every name with its typed edges: parent, merged, renamed, derived, includes, steps.

        With *runs*, such as `store.runs` or a part of it, each has an edge `produced` to the version that ran.
        """
        from promptlib.store import tracing  # noqa: PLC0415 - a load asks for no lineage

        with self._asked(""):
            return tracing.graph(self._past(), runs)

    def commits(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield message and changed names of every commit that changed a prompt, oldest first."""
        return self._past().commits()

    def search(  # noqa: PLR0913 - one keyword for each thing that a hit may be asked to be
        self,
        need: str,
        *,
        tags: Iterable[str] = (),
        inputs: Iterable[str] = (),
        label: str = "",
        author: str = "",
        changed_since: datetime | None = None,
        versions: Versions = "current",
        limit: int = 10,
        prefix: bool = False,
        ranking: Ranking | None = None,
        embedder: Embedder | str | None = None,
    ) -> Hits:
        """Return the prompts that meet *need*, words as people say them, best first.

        Any of the words may be met, those that are rare on this shelf count most. They are looked for in name,
        description, tags, inputs, messages and the message of the commit; operators mean nothing. When nothing has
        any of the words, the nearest ones that the shelf has are searched for, and told in `Hits.spelled`.

        A hit has all *tags*, all *inputs* (`"ticket"`, or `"ticket:string"` with its kind), carries the *label*, and
        the version that is found was made by *author* (a part of name or address) since *changed_since*. With
        *versions* `"all"` older texts are searched too, of names that are gone as well. With *prefix* the last word
        may be the beginning of a longer one, for a search while somebody types.

        *ranking* is what orders the hits: `"lexical"` words, `"semantic"` meaning, `"fused"` both; None leaves it to
        the store's settings, which say words where they say nothing. Meaning is told by *embedder*, `"wordllama"` or
        `"minilm"`, or any callable from texts to rows with an `id`; what it makes of a prompt is kept beside the
        index. By meaning, every prompt that stands now is more or less like the need.

        Raises `BadRef` for what cannot be asked, `NotFound` for an author or a time in a home without history,
        `NotInstalled` where meaning is asked for without the extra `[semantic]`, and `EmbedderFailed`.
        """
        from promptlib.store import searching  # noqa: PLC0415 - a load searches nothing
        from promptlib.store.preferences import preferred  # noqa: PLC0415 - a load searches nothing

        wanted = searching.Wanted(
            tags=tuple(tags), inputs=tuple(inputs), label=label, author=author, since=changed_since, versions=versions,
            limit=limit,
        )  # fmt: skip
        by = preferred(ranking, embedder, self.path, self._repository)
        return self._found(need, searching.checked(wanted), by, prefix=prefix)

    def _found(self, need: str, wanted: Wanted, by: By, *, prefix: bool) -> Hits:
        if by.ranking == "lexical":
            from promptlib.store import searching  # noqa: PLC0415 - words are found without numpy

            return searching.search(self._searched(by.language), need, wanted, prefix=prefix)
        from promptlib.store import meaning  # noqa: PLC0415 - words are found without numpy

        return meaning.search(self._searched(by.language), need, wanted, by, prefix=prefix)

    @property
    def language(self) -> str:
        """The language by which words are compared in a search, as the settings of the store say it."""
        from promptlib.store.preferences import preferences  # noqa: PLC0415 - a load searches nothing

        return preferences(self.path, self._repository).language

    def related(self, ref: str | Ref, *, limit: int = 5) -> Hits:
        """Return the prompts that say most nearly what the version *ref* says, itself apart; raises what `load` does.

        They are compared by the words that are most particular to it.
        """
        from promptlib.store import searching  # noqa: PLC0415 - a load searches nothing

        return searching.related(self._searched(self.language), Ref.parse(ref), self.file(ref), limit)

    def duplicates(self, threshold: float = 0.8) -> tuple[Duplicate, ...]:
        """Return the pairs of prompts that say almost the same, the most similar first.

        *threshold* is the least share of their sequences of five words that both must have. Every such pair of the
        current texts is found. Raises `BadRef` for a threshold that is no share.
        """
        from promptlib.store import searching  # noqa: PLC0415 - a load searches nothing

        return searching.duplicates(self._reading(), threshold)

    def file(self, ref: str | Ref) -> bytes:
        """Return the file of the prompt that *ref* names, byte for byte, comments included; raises what `load` does."""
        if there := self._there(ref):
            return there.store.file(there.rest)
        parsed = Ref.parse(ref)
        with self._asked(parsed.name):
            return self._reading().file(parsed)

    def raw(self, name: str) -> tuple[str, bytes]:
        """Return how errors call the file that a bare *name* is read from, and its bytes, which may be no prompt.

        Raises `NotFound` for a name that has no file.
        """
        from promptlib.store.layout import prompt_path  # noqa: PLC0415 - a load asks for no bytes

        if there := self._there(name):
            shown, data = there.store.raw(there.rest)
            return f"{there.store._called}{shown}", data  # noqa: SLF001 - a view
        reader, path = self._reading(), prompt_path(check_name(name))
        with self._asked(name):
            found = reader.files.read(path)
        if found is None:
            raise reader.missing(name)
        return reader.files.shown(path), found

    def blame(self, ref: str | Ref) -> Blame:
        """Return who brought each line and each field of the version that *ref* names; a bare name means the newest.

        Lines are those that plain `git blame` tells, along the versions of the name: through renames as far as git
        takes the files for similar, and through merges, to the version on the side that they came from. A name that
        was deleted and written again begins anew. A field is of the version that last changed its meaning. Raises
        `NotFound`, also where a shallow clone cuts off what is asked.
        """
        from promptlib.store.blaming import blame  # noqa: PLC0415 - a load asks nobody who wrote what

        if there := self._there(ref):
            return there.store.blame(there.rest)
        parsed = Ref.parse(ref)
        with self._asked(parsed.name):
            past = self._past()
            return blame(past, past.row(self._label_resolved(parsed)))

    def at(self, when: datetime | str | Version) -> EarlierView:
        """Return the store as it was at *when*: what can be asked of it is answered as it would have been then.

        *when* is a time with its zone (a `datetime`, or a text such as `"2026-05-03 14:00+02:00"`), a commit (its id,
        or 7 digits of it or more), a tag or branch, or a `Version`. A time means the newest commit of the branch's
        first-parent line whose committer's clock says that time or an earlier one, as `git rev-list -1 --first-parent
        --before` does; where clocks went back, the place on the line decides. In an application's repository it is
        what was committed, never the disk. Numbers are those that the commit saw.

        Raises `BadRef` for a time without its zone and for what means no moment, `NotFound` before the first commit
        and for a commit that is not in the branch's history.
        """
        from promptlib.store.earlier import history_at  # noqa: PLC0415 - a load asks for no earlier time

        return EarlierView(self.path, *history_at(self._past(), when))

    def _searched(self, language: str) -> Place:
        from promptlib.store.searching import Place  # noqa: PLC0415 - a load searches nothing

        return Place(self._reader if self._history is None else None, self._history, language)

    def _other(self, name: str) -> View:
        """Return the other store *name*; only a store knows others, as they are now."""
        raise BadRef(
            f"no other store is known here: {name!r} cannot be asked through {self!r}",
            hint="ask it by itself: store.stores[NAME], which has at(…) too",
        )

    def _there(self, ref: str | Ref) -> There | None:
        """Return the other store that *ref* names, and the rest; None where it names none."""
        store, rest = split_store(str(ref)) if isinstance(ref, (str, Ref)) else ("", "")
        if not store:
            return None
        Ref.parse(ref)  # what is no name anywhere is no reason to look for a store
        return There(self._other(store), rest)

    def _beginning(self, prefix: str) -> There | None:
        """Return the other store that *prefix*, the beginning of names, names, and the rest."""
        store, rest = split_store(prefix)
        return There(self._other(store), rest) if store else None

    @contextmanager
    def _asked(self, name: str) -> Iterator[None]:
        """Say what to type where a partial clone lacks what is asked of *name*."""
        try:
            yield
        except NotFetched as error:
            raise self._not_here(name) from error

    def _not_here(self, name: str) -> NotFetched:
        from promptlib.store.fetching import not_here  # noqa: PLC0415 - few clones are partial

        return not_here(self._called, name)

    def _reading(self) -> Reader:
        """A bare store is read as it was at one moment: at the tip that is read now."""
        if self._repository is not None and self._history is not None and self._repository.bare:
            tip = self._history.tip()
            self._history.move_to(tip)
            return Reader(Commit(self._repository, self._history.prefix, tip), self._history)
        return self._reader

    def _past(self) -> History:
        if self._history is None:
            raise NotFound(
                f"{self.path} has no history: it is a {self._kind()}",
                hint="its current files and labels can be loaded; versions are in the repository it was copied from",
            )
        return self._history.now()

    def _kind(self) -> str:
        """Return what kind of home this is, in words."""
        if self._repository is not None:
            return "bare store" if self._repository.bare else "repository"
        return "bundle" if self._reader.files.what == "bundle" else "folder without git"

    def _chosen(self, name: str, version: Version | str) -> Version:
        if isinstance(version, Version):
            return version
        return self.version(Ref(check_name(name)).with_version(version))

    def _label_resolved(self, ref: Ref) -> Ref:
        """A label is a file, not a part of the history: say by digest what it points at."""
        if not ref.label:
            return ref
        digest = self._reading().load(ref).digest
        return Ref(ref.name, prefix=digest.removeprefix("sha256:"))


class EarlierView(View):
    """A store as it was at one commit: everything that can be asked of a store, and nothing that changes one.

    `commit` is its id, and `time` what its committer's clock said, in UTC. What is saved later does not show here.
    """

    def __init__(self, path: Path, at: Committed, history: History) -> None:
        """Read what the commit *at* holds, with the *history* that it saw; `View.at` makes these."""
        self.path = path
        self.commit = at.id
        self.time = instant(at.seconds, "+0000")
        self._repository = history.repository
        self._history = history
        self._reader = Reader(Commit(history.repository, history.prefix, at.id), history)

    def __repr__(self) -> str:
        """Say of which store, and when."""
        return f"EarlierView({str(self.path)!r}, {self.commit[:8]}, {self.time.isoformat()})"
