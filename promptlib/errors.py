"""Every error that promptlib raises, as one tree.

    PromptLibError
    ├── BadRef (ValueError)                 a name, label or ref outside its grammar
    ├── NotFound (LookupError)              no such name, version, label, digest or input
    ├── InvalidPrompt (ValueError)          a prompt that cannot be
    │   ├── InvalidFile                     text that is no prompt file
    │   ├── InvalidChain                    a chain that cannot be
    │   ├── InputsMismatch                  the stored inputs and the given model do not fit
    │   └── PairingRefused                  variants of a prompt that would differ outside the declared fields
    ├── InvalidInputs (ValueError)          values that the inputs refuse
    ├── RenderFailed (ValueError)           the template failed on these values
    ├── ChainFailed (RuntimeError)          a step of a chain failed; it holds the run so far
    ├── VaryFailed (RuntimeError)           a model failed on a variant; it holds the answers so far
    ├── TemplateRejected (InvalidPrompt, RenderFailed) a foreign template does what foreign templates may not
    ├── BudgetExceeded (ValueError)         more tokens than the budget allows
    ├── UnknownEncoding (LookupError)       no such vocabulary here
    ├── NotInstalled (ImportError)          a package that only this feature needs
    ├── SiteRefused                         a folder that holds more than an earlier site of ours
    ├── EmbedderFailed (ValueError)         an embedder returned no vectors
    └── StoreError
        ├── NotAStore (LookupError)         nothing here that could be a store
        ├── GitFailed (RuntimeError)        git is missing, refused or failed
        │   ├── NotFetched                  an object that a partial clone has left at its remote
        │   ├── RemoteUnreachable           no answer from a remote, or none to its end
        │   └── NotAuthorised               a remote wants other credentials than it was given
        ├── RemoteRefused                   a remote has heard all of it, and said no
        ├── StoreReadOnly (PermissionError) this home cannot be written
        ├── StoreDamaged                    what is stored is not what was stored
        ├── NewerFormat                     a lock or bundle of a later promptlib
        ├── Busy                            somebody else is at work in this repository
        ├── SaveRefused                     a hook, a missing identity, or a secret in it
        └── Conflict                        the store holds something newer or other
            ├── Superseded                  the content is that of an older version
            ├── NumberMoved                 the number now belongs to other content
            ├── HookChangedContent          a hook stored other bytes than the given
            └── MergeConflict               two lines of work changed the same thing differently

Each says what went wrong, where, and what to do next.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


#: Columns of a line that are shown, and how many always are.
WIDEST = 100
NARROWEST = 20
WIDEST_TAB = 8
#: Words that a mistake is compared with: a mapping can have a million keys.
MOST_KNOWN = 1000


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a text: what holds it, the line and column (from 1), and the line itself."""

    source: str = ""
    line: int | None = None
    column: int | None = None
    text: str = ""
    width: int = 1

    def __str__(self) -> str:
        """Return `source:line:column`, as far as known."""
        return ":".join(str(part) for part in (self.source, self.line, self.column) if part not in ("", None))

    def picture(self, columns: int | None = None) -> str:
        """Return the place, the line and a caret below it, as compilers print them.

        The caret stands by columns as terminals show them: a wide character takes two, and what would be obeyed or not
        be seen is written out. A long line is cut around the place, at *columns* with everything.
        """
        rows = [f"  --> {self}"]
        if self.text and self.line is not None:
            from promptlib.columns import wide  # noqa: PLC0415 - only a picture needs it

            gutter = len(str(self.line))
            before, marked, after = self._window(WIDEST if columns is None else max(NARROWEST, columns - gutter - 3))
            rows += [f"{'':{gutter}} |", f"{self.line} | {before}{marked}{after}"]
            if self.column is not None:
                # A tab stays a tab, so that the caret stands below its character in every terminal.
                blank = "\t".join(" " * wide(part) for part in before.split("\t"))
                rows.append(f"{'':{gutter}} | {blank}{'^' * max(1, wide(marked))}")
        return "\n".join(rows)

    def _window(self, room: int) -> tuple[str, str, str]:
        """Return what is before the place, the place and what is after it: all, or so much as fits into *room*."""
        from promptlib.columns import safe  # noqa: PLC0415 - only a picture needs it

        at = (self.column or 1) - 1
        parts = self.text[:at], self.text[at : at + self.width], self.text[at + self.width :]
        if len(self.text) <= room and sum(map(_room, parts)) <= room:
            before, marked, after = map(safe, parts)
            return before, marked, after
        # The ellipses take two columns; a place that is itself too long shows its beginning.
        inner = room - 2
        marked = _begin(parts[1], inner // 2 if self.width > 1 else inner)
        rest = inner - _room(marked)
        head = _begin(parts[0][::-1], max(rest // 2, rest - _room(_begin(parts[2], rest))))[::-1]
        tail = _begin(parts[2], rest - _room(head)) if marked == parts[1] else ""
        cut_before, cut_after = len(head) < len(parts[0]), marked + tail != parts[1] + parts[2]
        return ("…" if cut_before else "") + safe(head), safe(marked), safe(tail) + ("…" if cut_after else "")


def _room(text: str) -> int:
    """Return the most columns that *text* takes, whatever the terminal makes of a tab."""
    from promptlib.columns import wide  # noqa: PLC0415 - only a picture needs it

    return wide(text) + (WIDEST_TAB - 1) * text.count("\t")


def _begin(text: str, room: int) -> str:
    """Return as much of the beginning of *text* as fits into *room* columns."""
    text = text[:room]
    while text and _room(text) > room:
        text = text[: -max(1, (_room(text) - room) // 10)]
    return text


class PromptLibError(Exception):
    """The root: `what` went wrong, `where`, and a `hint` at what to do next.

    `others` holds further errors that were found at the same time; the text names all of them.
    """

    def __init__(
        self,
        what: str,
        *,
        where: Where | None = None,
        hint: str = "",
        others: Iterable[PromptLibError] = (),
    ) -> None:
        """Keep the three parts; the text is made when it is read."""
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint
        self.others = tuple(others)

    def __str__(self) -> str:
        """Return what, where and what next, each on lines of its own."""
        parts = [self.what, self.where.picture() if self.where and str(self.where) else "", self.hint]
        own = "\n".join(part for part in parts if part)
        return "\n\n".join([own, *map(str, self.others)])

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by parts: worker processes hand errors back."""
        return _rebuild, (type(self), self.args, self.__dict__.copy())


def _rebuild(kind: type[PromptLibError], args: tuple[object, ...], state: dict[str, object]) -> PromptLibError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


def system_error(error: BaseException) -> OSError | None:
    """Return what the system said that *error* was made of, as deep as it was handed on, or None.

    Such an error says nothing of what is stored: a disk failed, no descriptor was left, a git was killed.
    """
    cause = error.__cause__
    if isinstance(cause, PromptLibError):
        return system_error(cause)
    return cause if isinstance(cause, OSError) else None


def may_pass(error: BaseException) -> bool:
    """Whether what *error* tells may work the next time: a permission that is missing lasts, as damage does."""
    cause = system_error(error)
    return cause is not None and not isinstance(cause, PermissionError)


def raise_if_passing(error: PromptLibError) -> None:
    """Raise *error* again if it may pass: for whoever leaves out what cannot be read, or tells it as a problem."""
    if may_pass(error):
        raise error


def raise_if_of_the_system(error: PromptLibError) -> None:
    """Raise *error* again if the system failed or refused, for good or not: for whoever would leave out in silence."""
    if system_error(error) is not None:
        raise error


def nearest(wanted: str, known: Iterable[str]) -> str:
    """Return `did you mean 'x'?` for the known word that is nearest to *wanted*, or an empty text."""
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

    found = get_close_matches(wanted[:200], list(islice(known, MOST_KNOWN)), n=1, cutoff=0.6)
    return f"did you mean {found[0]!r}?" if found else ""


class BadRef(PromptLibError, ValueError):
    """A name, label or ref outside its grammar."""


class NotFound(PromptLibError, LookupError):
    """No such name, version, label or digest; the text names the nearest ones."""


class InvalidPrompt(PromptLibError, ValueError):
    """A prompt that cannot be: its template, its inputs, or the two together."""


class InvalidFile(InvalidPrompt):
    """Text that is no prompt file."""


class InvalidChain(InvalidPrompt):
    """A chain that cannot be: a step without its prompt, or a wire that does not fit; told step by step."""


class InputsMismatch(InvalidPrompt):
    """The inputs that a stored prompt declares do not fit the given model; told field by field."""


class PairingRefused(InvalidPrompt):
    """Variants of a prompt that would differ elsewhere than where a declared field is put out.

    One error holds every reason that was found, each with its place: the first is its own, the rest are its `others`.
    """


class InvalidInputs(PromptLibError, ValueError):
    """Values that the declared inputs refuse: missing, unknown or of another type."""


class RenderFailed(PromptLibError, ValueError):
    """The template failed on these values."""


class ChainFailed(PromptLibError, RuntimeError):
    """A step of a chain failed: its prompt, the model, or an answer that is not what the step declares.

    `step` is its name, `answer` what the model said (None where it did not come to that), and `run` the
    `promptlib.chain.ChainRun` so far: `chain.run(..., resume=error.run)` goes on from this step.
    """

    def __init__(  # noqa: PLR0913 - the parts of every error, and how far the chain came
        self,
        what: str,
        *,
        where: Where | None = None,
        hint: str = "",
        others: Iterable[PromptLibError] = (),
        step: str = "",
        answer: str | None = None,
        run: Any = None,  # noqa: ANN401 - its class is above this module
    ) -> None:
        """Keep the parts of every error, and how far the chain came."""
        super().__init__(what, where=where, hint=hint, others=others)
        self.step, self.answer, self.run = step, answer, run


class VaryFailed(PromptLibError, RuntimeError):
    """A model failed on one variant of a prompt while the groups were compared.

    `group`, `case`, `row` and `repeat` say on which (the last three from 0), and `answers` is the
    `promptlib.fairness.Answers` so far: `vary(..., resume=error.answers)` asks only what is left.
    """

    def __init__(
        self,
        what: str,
        *,
        at: tuple[str, int, int, int] = ("", 0, 0, 0),
        answers: object = None,
        **rest: Any,  # noqa: ANN401 - the parts of every error
    ) -> None:
        """Keep the parts of every error, where *at* it failed, and how far it came."""
        super().__init__(what, **rest)
        self.answers: Any = answers
        self.group, self.case, self.row, self.repeat = at


class TemplateRejected(InvalidPrompt, RenderFailed):
    """A foreign template does what foreign templates may not, or more of it; `rule` is the rule in one word.

    What can be seen is refused when the prompt is defined or read, the rest when it is rendered: whoever catches
    `InvalidPrompt` around the one or `RenderFailed` around the other catches this.
    """

    def __init__(
        self,
        what: str,
        *,
        where: Where | None = None,
        hint: str = "",
        others: Iterable[PromptLibError] = (),
        rule: str = "syntax",
    ) -> None:
        """Keep the parts of every error, and the rule."""
        super().__init__(what, where=where, hint=hint, others=others)
        self.rule = rule


class BudgetExceeded(PromptLibError, ValueError):
    """The rendered prompt holds more tokens than the budget allows; the text shows the arithmetic.

    `smallest` is the smallest `max_tokens` that would do; 0 where the text was too long to be counted.
    """

    def __init__(
        self,
        what: str,
        *,
        where: Where | None = None,
        hint: str = "",
        others: Iterable[PromptLibError] = (),
        smallest: int = 0,
    ) -> None:
        """Keep the parts of every error, and the smallest limit that would do."""
        super().__init__(what, where=where, hint=hint, others=others)
        self.smallest = smallest


class UnknownEncoding(PromptLibError, LookupError):
    """No vocabulary of that name is bundled or registered; nothing is ever downloaded."""


class NotInstalled(PromptLibError, ImportError):
    """A feature needs a package that promptlib does without; the text says how to get it."""


class SiteRefused(PromptLibError):
    """A folder that a site would replace holds what is no part of an earlier site."""


class EmbedderFailed(PromptLibError, ValueError):
    """What an embedder returned is no matrix of one row a text."""


class StoreError(PromptLibError):
    """What can go wrong between a store and its home."""


class NotAStore(StoreError, LookupError):
    """Nothing at this path can be opened as a store."""


class GitFailed(StoreError, RuntimeError):
    """git is missing, refused or failed; secrets are taken out of its words."""


class NotFetched(GitFailed):
    """A partial clone has left this at its remote, or a store was never fetched; nothing is fetched unasked."""


class RemoteUnreachable(GitFailed):
    """A remote gave no answer, or none to its end: no network, a connection that was cut, a server that is silent.

    What was there before is there, and what came half is gone. `remote` is its name, or its address without anything
    that could be secret.
    """

    def __init__(
        self,
        what: str,
        *,
        where: Where | None = None,
        hint: str = "",
        others: Iterable[PromptLibError] = (),
        remote: str = "",
    ) -> None:
        """Keep the parts of every error, and the remote."""
        super().__init__(what, where=where, hint=hint, others=others)
        self.remote = remote


class NotAuthorised(GitFailed):
    """A remote wants credentials, or other ones than it was given. Nothing of them is in this error."""

    def __init__(
        self,
        what: str,
        *,
        where: Where | None = None,
        hint: str = "",
        others: Iterable[PromptLibError] = (),
        remote: str = "",
    ) -> None:
        """Keep the parts of every error, and the remote."""
        super().__init__(what, where=where, hint=hint, others=others)
        self.remote = remote


class RemoteRefused(StoreError):
    """A remote has heard all of it and said no: a hook, a limit of size, a protected branch, a full disk of its own.

    `remote` is its name, `reference` the full name of the ref that was to move there (empty where none was), `reason`
    what the server said, with secrets taken out and control characters shown. Nothing has changed there.
    """

    def __init__(  # noqa: PLR0913 - the parts of every error, and who refused what and why
        self,
        what: str,
        *,
        where: Where | None = None,
        hint: str = "",
        others: Iterable[PromptLibError] = (),
        remote: str = "",
        reference: str = "",
        reason: str = "",
    ) -> None:
        """Keep the parts of every error, and who refused what and why."""
        super().__init__(what, where=where, hint=hint, others=others)
        self.remote, self.reference, self.reason = remote, reference, reason


class StoreReadOnly(StoreError, PermissionError):
    """This home can be read and not written."""


class StoreDamaged(StoreError):
    """What is stored is not what was stored: a digest, object or label that does not verify."""


class NewerFormat(StoreError):
    """A lock or a bundle that a later promptlib wrote: nothing is wrong with it, and this one cannot read it."""


class Busy(StoreError):
    """Somebody else is at work here: a merge, a rebase, a lock, an uncommitted edit."""


class SaveRefused(StoreError):
    """The save was refused by the user's own hook, lacks an identity or holds a secret; nothing has changed."""


class Conflict(StoreError):
    """The store holds something newer or other than the save was made from.

    `expected` and `found` are the two digests, empty where there is none. `kept` is the full name of the ref that keeps
    the content of a save that came too late, for good; it is empty where there was nothing to keep.
    """

    def __init__(  # noqa: PLR0913 - the parts of every error, and what met what
        self,
        what: str,
        *,
        where: Where | None = None,
        hint: str = "",
        others: Iterable[PromptLibError] = (),
        expected: str = "",
        found: str = "",
        kept: str = "",
    ) -> None:
        """Keep the parts of every error, what met what, and where the content is."""
        super().__init__(what, where=where, hint=hint, others=others)
        self.expected, self.found, self.kept = expected, found, kept


class Superseded(Conflict):
    """The content equals an older version; saving it would silently undo what came after."""


class NumberMoved(Conflict):
    """`name@v3#digest`: the third version is now other content."""


class HookChangedContent(Conflict):
    """A hook of the repository committed other bytes than the prompt's."""


class MergeConflict(Conflict):
    """Two lines of work changed the same thing differently, and nobody has said which holds; nothing was changed.

    `conflicts` are the names, labels and includes that are contested, `promptlib.merge.NameConflict`: each holds base,
    ours and theirs, and the fields of a prompt. The text lists them all.
    """

    def __init__(
        self,
        what: str,
        *,
        where: Where | None = None,
        hint: str = "",
        others: Iterable[PromptLibError] = (),
        conflicts: Iterable[Any] = (),
    ) -> None:
        """Keep the parts of every error, and what is contested."""
        super().__init__(what, where=where, hint=hint, others=others)
        # Their class is above this module, which knows only that each has a text.
        self.conflicts = tuple(conflicts)

    def __str__(self) -> str:
        """Return what, each conflict with the texts of both sides, and what next."""
        return "\n".join(part for part in (self.what, *map(str, self.conflicts), self.hint) if part)
