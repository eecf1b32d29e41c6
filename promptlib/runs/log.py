"""The log of what ran, and selections of its runs."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from promptlib.errors import NotFound, PromptLibError, raise_if_passing
from promptlib.refs import Pin, Ref, check_digest, split_store
from promptlib.runs import asking
from promptlib.runs.appending import append
from promptlib.runs.asking import Wanted
from promptlib.runs.chains import runs_for
from promptlib.runs.outputs import wanted_digest
from promptlib.runs.reading import LONGEST_LINE, Skipped, lines
from promptlib.runs.recording import run_for
from promptlib.runs.run import NoRunError, run_of
from promptlib.version import SHORT, Version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from promptlib.chain import ChainRun
    from promptlib.rendering import RenderedPrompt
    from promptlib.runs.outputs import Output
    from promptlib.runs.ran import Find
    from promptlib.runs.run import Run
    from promptlib.tokens import TokenCount

#: Whoever runs a program may read what it logged; others are given the right, not born with it.
MODE = 0o600
MOST_TOLD = 5
_FOLDERLESS = "a log alone knows digests, and no history that could say"


class Known(Protocol):
    """What turns refs into contents: the history of a store."""

    @property
    def numbered(self) -> bool:
        """Whether there is a history, so that a content that it does not hold has gone."""

    def pin(self, ref: Ref) -> Pin:
        """Return the content that *ref* names; raises `NotFound`."""

    def life(self, name: str) -> tuple[Pin, ...]:
        """Return the versions of *name*, under its older names too; raises `NotFound`."""

    def version(self, pin: Pin) -> Version | None:
        """Return the newest version that *pin* names, or None when the history does not hold it."""

    def load(self, ref: str) -> Any:  # noqa: ANN401 - a Prompt of any inputs
        """Return the prompt that a pin names."""


@dataclass(frozen=True, slots=True)
class UsedVersion:
    """A content that runs used, how many of them, and the times of the first and the last.

    `version` is what the store's history holds of it; None where there is no history, or the content has gone from it.
    """

    name: str
    digest: str
    runs: int
    first: datetime
    last: datetime
    version: Version | None = None

    @property
    def pin(self) -> Pin:
        """The name with the whole digest."""
        return Pin(self.name, self.digest)

    def __str__(self) -> str:
        """Return `support/triage v3 (3f9c2a1b): 12 runs, 2026-11-03 to 2026-11-29`."""
        short = self.digest.removeprefix("sha256:")[:SHORT]
        store = f"{split_store(self.name)[0]}:".lstrip(":")
        known = f"{store}{self.version}" if self.version else ""
        what = known or f"{self.name or 'not stored'} ({short}), not in a history at hand"
        days = [f"{time.astimezone(UTC):%Y-%m-%d}" for time in (self.first, self.last)]
        count = f"{self.runs:,} run{'' if self.runs == 1 else 's'}"
        return f"{what}: {count}, {' to '.join(dict.fromkeys(days))}"


class Runs:
    """The runs of a log that meet every condition so far, oldest first: read anew each time they are iterated over.

    A log may be of any size: it is read in blocks and nothing is kept. Lines that are no runs are skipped, and told to
    the logger `promptlib` with their numbers; `read` hands them to you instead, `problems` lists them.
    """

    def __init__(self, path: str | Path, *, known: Known | None = None, wanted: tuple[Wanted, ...] = ()) -> None:
        """Read the log at *path*, which need not be there yet."""
        self.path = Path(path)
        self._known = known
        self._wanted = wanted

    def __iter__(self) -> Iterator[Run]:
        """Yield the runs, oldest first; tell of skipped lines when all are read."""
        found: list[Skipped] = []
        number = 0

        def told(skipped: Skipped) -> None:
            nonlocal number
            number += 1
            if len(found) < MOST_TOLD:
                found.append(skipped)

        try:
            yield from self.read(told)
        finally:
            if found:
                more = f", and {number - len(found):,} more" if number > len(found) else ""
                logging.getLogger("promptlib").warning("%s: skipped %s%s", self.path, "; ".join(map(str, found)), more)

    def read(self, skipped: Callable[[Skipped], object]) -> Iterator[Run]:
        """Yield the runs, oldest first, and hand each line that is none to *skipped*.

        Lines that cannot meet the conditions are not looked at, sound or not. Raises `StoreError` for a log that
        cannot be read.
        """
        words = min((each.words for each in self._wanted if each.words), key=len, default=())
        for number, data, ended in lines(self.path, words):
            if data is None:
                skipped(Skipped(number, f"it is longer than {LONGEST_LINE >> 20} MiB"))
                continue
            try:
                run = run_of(data)
            except NoRunError as error:
                why = str(error) if ended else "it has no end: its writer was killed, or is at work"
                skipped(Skipped(number, why))
                continue
            if run in self:
                yield run

    def problems(self) -> Iterator[Skipped]:
        """Yield every line of the log that is no run, whatever the conditions."""
        found: list[Skipped] = []
        for _ in Runs(self.path).read(found.append):
            yield from found
            found.clear()
        yield from found

    def of(self, ref: str | Ref | Version | Pin) -> Runs:
        """Return the runs of what *ref* names: any version for a bare name, one version, or what a label was asked for.

        `of("support/triage")` counts the versions under its older names too; `of("support/triage@production")` are
        runs that loaded this label, whatever it pointed at then. A digest is looked for as it stands, whether the
        history still holds it or not; a number needs the history. Raises `BadRef` and `NotFound`.
        """
        return self._narrowed(self._asked(ref, label_as_asked=True).alone())

    def with_version(self, ref: str | Ref | Version | Pin) -> Runs:
        """Return the runs that *ref* had a part in: it ran, or what ran included it, directly or not.

        A label means the version that it points at now. This answers who met a version that turned out to be bad.
        Raises `BadRef` and `NotFound`.
        """
        return self._narrowed(self._asked(ref, label_as_asked=False).anywhere())

    def producing(self, *outputs: Output) -> Runs:
        """Return the runs that answered with exactly one of *outputs*, given as it was or as its digest."""
        digests = frozenset(map(wanted_digest, outputs))
        return self._narrowed(Wanted(tuple(map(asking.word, digests)), lambda run: run.output_digest in digests))

    def between(self, since: datetime | str | None = None, until: datetime | str | None = None) -> Runs:
        """Return the runs from *since* on and before *until*: times with their zone, or texts that `Store.at` takes.

        The times are those of the machines that logged. Raises `BadRef` for what is no time, or says no zone.
        """
        begin, end = asking.moment(since), asking.moment(until)
        return self._narrowed(
            Wanted((), lambda run: (begin is None or begin <= run.time) and (end is None or run.time < end))
        )

    def versions(self, skipped: Callable[[Skipped], object] | None = None) -> tuple[UsedVersion, ...]:
        """Return which contents these runs were of, the one that was used last at the end."""
        counts: dict[Pin, tuple[int, datetime, datetime]] = {}
        for run in self if skipped is None else self.read(skipped):
            number, first, last = counts.get(run.pin, (0, run.time, run.time))
            counts[run.pin] = number + 1, min(first, run.time), max(last, run.time)
        found = [
            UsedVersion(pin.name, pin.digest, number, first, last, self._version(pin))
            for pin, (number, first, last) in counts.items()
        ]
        return tuple(sorted(found, key=lambda each: (each.last, each.name, each.digest)))

    def version(self, run: Run) -> Version | None:
        """Return the newest version of its name that has the content of *run*; None where the history holds none."""
        return self._version(run.pin)

    @property
    def numbered(self) -> bool:
        """Whether a history is at hand: then a run without a `version` is of a content that has gone from it."""
        return self._known is not None and self._known.numbered

    def in_file(self, path: str | Path) -> Runs:
        """Return the runs of another log that meet the same conditions, such as an older file that was moved away."""
        return Runs(path, known=self._known, wanted=self._wanted)

    def __contains__(self, run: Run) -> bool:
        """Whether *run* meets every condition, wherever it was read."""
        return all(each.matches(run) for each in self._wanted)

    def _version(self, pin: Pin) -> Version | None:
        return self._known.version(pin) if self._known is not None and pin.name else None

    def _narrowed(self, wanted: Wanted) -> Runs:
        return Runs(self.path, known=self._known, wanted=(*self._wanted, wanted))

    def _asked(self, given: str | Ref | Version | Pin, *, label_as_asked: bool) -> asking.Asked:
        if isinstance(given, str) and given.startswith("sha256:"):
            return asking.content(Pin("", check_digest(given)))
        if isinstance(given, Version):
            given = given.pin
        if isinstance(given, Pin):
            return asking.content(given, self._names(given.name))
        ref = Ref.parse(given)
        name = f"{ref.store}:{ref.name}" if ref.store else ref.name
        if ref.prefix:
            # The digest says it all: a number may have moved, or the content be gone from the history.
            return asking.beginning(self._names(name), ref.prefix)
        if ref.label and label_as_asked:
            return asking.labelled(name, ref.label)
        if ref.label or ref.number is not None or ref.latest:
            if self._known is None:
                raise NotFound(
                    f"which content {ref} is, {_FOLDERLESS}",
                    hint=f"ask by digest, {name}#3f9c2a1b, or ask a store: Store.open().runs",
                )
            pin = self._known.pin(ref)
            return asking.content(pin, self._names(pin.name))
        return asking.named(name, self._life(name))

    def _names(self, name: str) -> frozenset[str]:
        """Return *name* with the names that it had before; an empty set where any name will do."""
        if not name:
            return frozenset()
        try:
            life = self._known.life(name) if self._known is not None else ()
        except PromptLibError as error:
            raise_if_passing(error)
            life = ()
        return frozenset({name, *(pin.name for pin in life)})

    def _life(self, name: str) -> frozenset[Pin]:
        """Return the versions of *name*; raises `NotFound` when neither the store nor the log knows it."""
        if self._known is None:
            return frozenset()
        try:
            return frozenset(self._known.life(name))
        except NotFound:
            wanted = asking.named(name, frozenset()).anywhere()
            if next(Runs(self.path, wanted=(wanted,)).read(lambda _: None), None) is None:
                raise
            return frozenset()

    def __repr__(self) -> str:
        """Say which file it is, and how many conditions there are."""
        return f"{type(self).__name__}({str(self.path)!r}{f', {len(self._wanted)} conditions' * bool(self._wanted)})"


class RunLog(Runs):
    """A file of JSON lines, one for each run. Any number of processes may write it.

    `store.runs` is the log of a store. `RunLog(path)` is one anywhere, for an application that has no git: it knows
    digests, labels and names, not numbers. The file is opened by its name for each run, so it may be moved away or cut
    off between two; nothing here ever makes it smaller. A folder that is missing is made.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        known: Known | None = None,
        mode: int = MODE,
        links: bool = True,
        folder: Callable[[], object] | None = None,
    ) -> None:
        """Log to *path*; a store says what it knows, and how its file is to be made."""
        super().__init__(path, known=known)
        self._mode = mode
        self._links = links
        self._folder = folder or self._make_folder

    def record(  # noqa: PLR0913 - what there is to tell of a run, all by keyword
        self,
        rendered: RenderedPrompt,
        *,
        output: Output | None = None,
        model: str = "",
        tokens: TokenCount | int | None = None,
        texts: bool = False,
        fields: Mapping[str, object] | None = None,
        time: datetime | None = None,
        run: str | None = None,
    ) -> Run:
        """Append that *rendered* was sent, and return the run as it was written.

        The line holds name, ref, digest, label, commit, all included contents, and digests of the inputs, the messages
        and the *output*; *model* as you call it; *tokens* as you say (a plain int is the provider's), else those that a
        budget counted. **No text is kept** unless *texts* asks for messages and output. *fields* are keys of your own,
        such as a trace's id; *run* is an id of your own instead of a random one; *time* is now.

        It is one write behind all others, and does not wait for the disk. Raises `InvalidInputs` for what cannot be
        told, `StoreReadOnly` and `StoreError` when the file cannot be written.
        """
        find: Find | None = self._known.load if self._known is not None else None
        made = run_for(
            rendered,
            find=find,
            output=output,
            model=model,
            tokens=tokens,
            texts=texts,
            fields=fields,
            time=time,
            run=run,
        )
        append(self.path, made.to_line(), mode=self._mode, links=self._links, folder=self._folder)
        return made

    def record_chain(
        self,
        run: ChainRun,
        *,
        model: str = "",
        texts: bool = False,
        fields: Mapping[str, object] | None = None,
        time: datetime | None = None,
        run_id: str | None = None,
    ) -> tuple[Run, ...]:
        """Append a chain's run, also one that failed, and return the runs as they were written.

        The chain's own stands first. Its line counts the prompts of all steps among what it includes. A step's line is
        that of its prompt, and says the chain (`chain`), the id of the chain's line (`chain_run`) and its name
        (`step`). **No text is kept** unless *texts* asks for the answers. Raises what `record` raises.
        """
        find: Find | None = self._known.load if self._known is not None else None
        made = tuple(runs_for(run, find=find, model=model, texts=texts, fields=fields, time=time, run=run_id))
        data = b"".join(each.to_line() for each in made)
        append(self.path, data, mode=self._mode, links=self._links, folder=self._folder)
        return made

    def _make_folder(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
