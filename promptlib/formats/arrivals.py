"""Prompts that come from elsewhere: under which names they may come in, and what is told of each."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from promptlib.errors import BadRef, InvalidPrompt, SaveRefused, Superseded
from promptlib.refs import check_name, propose_name
from promptlib.store.describing import TITLE
from promptlib.store.drafts import same_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from promptlib.errors import PromptLibError
    from promptlib.prompt import Prompt
    from promptlib.store import Store, Transaction

#: What the message of a commit says that an import made.
TRAILER = "Promptlib-Source"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A source that was not imported: its name in the source, why, and a valid name to map it to, if there is one.

    `where` is the file and line, where it stands among others in a file.
    """

    name: str
    reason: str
    proposal: str = ""
    where: str = ""


class Lost(NamedTuple):
    """Something of a source that the prompt *name* does not hold, or not as it was: what, and at which file and line.

    Without a name it is said of the whole source.
    """

    name: str
    what: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import of files did: the names that are new, that have a new version, and that were the same already.

    `lost` tells what the prompts lack of their sources, `left_out` which sources are no prompts here, and why; `notes`
    say how the source was read. After a dry run `made` is False: it tells what would have been done.
    """

    created: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    lost: tuple[Lost, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    made: bool = True

    def to_dict(self) -> dict[str, object]:
        """Return the report as plain data."""
        return {
            "made": self.made,
            "created": list(self.created),
            "changed": list(self.changed),
            "unchanged": list(self.unchanged),
            "lost": [each._asdict() for each in self.lost],
            "left_out": [
                {"name": each.name, "where": each.where, "reason": each.reason, "proposal": each.proposal}
                for each in self.left_out
            ],
            "notes": list(self.notes),
        }


class Reported(Protocol):
    """A report that tells what was left out."""

    @property
    def left_out(self) -> tuple[LeftOut, ...]:
        """The sources that were not imported."""


def free_name(proposal: str, taken: set[str]) -> str:
    """Return *proposal*, or the first `proposal-2`, `proposal-3`, … that nobody has or was offered."""
    stem = proposal or "unnamed"
    if stem not in taken:
        return stem
    return next(name for number in count(2) if (name := f"{stem}-{number}") not in taken)


def slug(title: str) -> str:
    """Return the name that *title* says: itself where it is one, else its letters and digits with `-` between them.

    It may be too long for a name, or empty: nothing is cut unseen.
    """
    with suppress(BadRef):
        return check_name(title)
    return re.sub(r"[^a-z0-9._]+", "-", title.lower()).strip("._-")


def rename_file(report: Reported) -> str:
    """Return a TOML file that maps every name left out to its proposal, ready for `--rename`."""
    rows = [f"{_toml(each.name)} = {_toml(each.proposal)}" for each in report.left_out if each.proposal]
    return "\n".join(rows) + "\n" if rows else ""


def _toml(text: str) -> str:
    escaped = "".join(
        f"\\u{ord(char):04x}" if ord(char) < 32 or ord(char) == 127 else char  # noqa: PLR2004 - the control characters
        for char in text.replace("\\", "\\\\").replace('"', '\\"')
    )
    return f'"{escaped}"'


class Arrival(NamedTuple):
    """One prompt of a source: the name that it has there and wants here, and what makes it.

    `make` raises for what cannot be a prompt; it is called once, when the name is free, and returns what is lost too.
    """

    key: str
    name: str
    make: Callable[[], Made]
    where: str = ""


class Made(NamedTuple):
    """A prompt out of a source, and what it lacks of that, each with its place; its file, where that is kept."""

    prompt: Prompt[Any]
    lost: tuple[tuple[str, str], ...] = ()
    file: bytes | None = None


class _DryError(Exception):
    """Ends a transaction that nobody wanted to be written."""


@dataclass(slots=True)
class Bringing:
    """One import into one store: a single commit, or nothing."""

    store: Store
    renames: Mapping[str, str]
    into: str = ""
    taken: dict[str, str] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    left_out: list[tuple[str, str, str | None, str]] = field(default_factory=list)

    def bring(
        self, arrivals: Iterable[Arrival], *, message: str, source: str, dry_run: bool, notes: Sequence[str] = ()
    ) -> Imported:
        """Save what *arrivals* make under their names, in one commit that names its *source* by a digest."""
        self.check_renames()
        try:
            with self.store.transaction(f"{message.rstrip()}\n\n{TRAILER}: {source}\n") as transaction:
                here = set(transaction.names())
                self.gone = frozenset(transaction.gone())
                for each in arrivals:
                    self._one(transaction, each, here)
                if dry_run:
                    raise _DryError  # noqa: TRY301 - it is the transaction that must not see the end of its block
        except _DryError:
            pass
        return self.report(here, notes, made=not dry_run)

    def check_renames(self) -> None:
        """Raise `BadRef` for a mapped name that can be none."""
        for given, name in self.renames.items():
            _check_mapped(given, name)

    def leave(self, key: str, reason: str, *, near: str | None = None, where: str = "") -> None:
        """Tell of a source that is no prompt here; a name *near* to one is proposed where that would help."""
        self.left_out.append((key, reason, near, where))

    def report(self, here: set[str], notes: Sequence[str], *, made: bool) -> Imported:
        """Return what was done, with a free name for each source that was left out and wants one."""
        taken = {*self.taken, *here}
        left = []
        for key, reason, near, where in self.left_out:
            proposal = "" if near is None else free_name(near, taken)
            taken.add(proposal)
            left.append(LeftOut(key, reason, proposal, where))
        done = tuple(self.created), tuple(self.changed), tuple(self.unchanged)
        return Imported(*done, tuple(self.lost), tuple(left), tuple(notes), made)

    def _one(self, transaction: Transaction, arrival: Arrival, here: set[str]) -> None:
        name = self.name_of(arrival.key, arrival.name, arrival.where)
        if name is None:
            return
        try:
            made = arrival.make()
            outcome = self._saved(transaction, name, made, arrival, known=name in here)
        except UnicodeDecodeError as error:
            self.leave(arrival.key, f"not UTF-8 at byte {error.start}", where=arrival.where)
        except (InvalidPrompt, SaveRefused) as error:  # anything else is no fault of this one, and ends the import
            self.leave(arrival.key, _told(error), where=_place(error, arrival))
        else:
            if outcome is not None:
                outcome.append(name)
                self.lost += [Lost(name, what, where) for what, where in made.lost]

    def name_of(self, key: str, name: str, where: str = "") -> str | None:
        """Return the name here of the source *key*, nobody else's of this source; or None, and it is told why."""
        mapped = self.renames.get(key)
        wanted = name if mapped is None else mapped
        if self.into and mapped is None:
            wanted = f"{self.into}/{wanted}" if wanted else ""
        try:
            name = check_name(wanted)
        except BadRef as error:
            reason = error.what if wanted else "nothing of it can be a name"
            self.leave(key, reason, near=propose_name(wanted), where=where)
            return None
        other = self.taken.setdefault(name, key)
        if other != key:
            self.leave(key, f"{name} is the name of {other!r} already", near=name, where=where)
            return None
        return name

    def _saved(
        self, transaction: Transaction, name: str, made: Made, arrival: Arrival, *, known: bool
    ) -> list[str] | None:
        """Save what was *made*, unless that would undo what somebody has done here; return the list of its name."""
        prompt = made.prompt
        if not known:
            return self._begun(transaction, name, made, arrival)
        stored = self._stored(transaction, name)
        if stored is not None and same_words(stored, prompt):
            return self.unchanged
        if stored is not None and stored.digest == prompt.digest and not self.imported(name):
            return self.unchanged  # its words were added here: a description, tags
        other = stored.extra.get(TITLE, "") if stored is not None and stored.digest != prompt.digest else ""
        if other and other != prompt.extra.get(TITLE, other):
            self.leave(arrival.key, f"{name} is the name of {other!r} here", near=name, where=arrival.where)
            return None
        if stored is None or not self.imported(name):
            reason = f"{name} was changed in the store since, and the source says something else"
            self.leave(arrival.key, reason, near=name, where=arrival.where)
            return None
        try:
            outcome = transaction.save(name, prompt, file=made.file).outcome
        except Superseded as error:
            self.leave(arrival.key, _told(error), where=arrival.where)
            return None
        return self.changed if outcome == "created" else self.unchanged

    def _begun(self, transaction: Transaction, name: str, made: Made, arrival: Arrival) -> list[str] | None:
        """Save the first version; a name that was deleted or renamed here is not brought back unasked."""
        if name in self.gone:
            reason = f"{name} was deleted or renamed here, and the source still has it"
            self.leave(arrival.key, reason, near=name, where=arrival.where)
            return None
        transaction.save(name, made.prompt, file=made.file)
        return self.created

    def _stored(self, transaction: Transaction, name: str) -> Prompt[Any] | None:
        try:
            return transaction.load(name)
        except InvalidPrompt:
            return None  # a chain, or broken by hand: no import made such a file

    def imported(self, name: str) -> bool:
        """Whether the newest version was made by an import, so that nobody has touched it since."""
        lines = self.store.version(f"{name}@latest").message.splitlines()
        return any(line.startswith(f"{TRAILER}: ") for line in lines)


def _check_mapped(given: str, name: str) -> None:
    try:
        check_name(name)
    except BadRef as error:
        raise BadRef(f"{given!r} is mapped to {error.what}", hint=error.hint) from error


def _place(error: PromptLibError, arrival: Arrival) -> str:
    """Return where *error* stands in the source, and not in the file that it would have become here."""
    place = str(error.where or "")
    return place if place.startswith(arrival.where) else arrival.where


def _told(error: PromptLibError) -> str:
    return "; ".join(dict.fromkeys([error.what, *(each.what for each in error.others)])).replace("\n", " ")
