"""Other words for what a text says of people: proposed as a whole new file, and saved by nobody but a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptlib.errors import InvalidInputs
from promptlib.lint.fixing import edited, is_readable, meet
from promptlib.lint.linting import looked_at
from promptlib.lint.settings import Settings
from promptlib.lint.subject import Shelf, Subject
from promptlib.prompt import Prompt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptlib.chain import Stored
    from promptlib.lint.rule import Edit, Finding

#: The rules that propose other words.
SUGGESTING = ("fixed-group", "gendered-title")
#: Rewordings of a rule in one prompt; a person reads them all.
MOST = 1_000


@dataclass(frozen=True, slots=True)
class Proposal:
    """A file as it is and as it could be: both texts, both digests, and the findings whose words were changed.

    Each of `findings` has a `suggestion`: the words, the rewording and the reason. `told` are findings without one:
    they are left to the reader, as in texts where a verb would have to be guessed.
    """

    name: str
    source: str
    before: bytes
    after: bytes
    digest: str
    new_digest: str
    findings: tuple[Finding, ...]
    told: tuple[Finding, ...]

    @property
    def changed(self) -> bool:
        """Whether anything is proposed."""
        return self.before != self.after

    @property
    def message(self) -> str:
        """What a version that takes the words is to say: the rules, and each rewording once."""
        rules = ", ".join(dict.fromkeys(each.rule for each in self.findings))
        words = dict.fromkeys(
            f"{' '.join(each.suggestion.words.split())} becomes {' '.join(each.suggestion.rewording.split())}"
            for each in self.findings
            if each.suggestion
        )
        return f"Reword by {rules}\n\n" + "\n".join(words)

    def to_dict(self) -> dict[str, object]:
        """Return it as plain data, texts apart."""
        return {
            "name": self.name,
            "file": self.source,
            "digest": self.digest,
            "new_digest": self.new_digest,
            "rewordings": [
                {
                    "rule": each.rule,
                    "line": each.where.line,
                    "column": each.where.column,
                    "words": each.suggestion.words,
                    "rewording": each.suggestion.rewording,
                    "reason": each.suggestion.reason,
                }
                for each in self.findings
                if each.suggestion
            ],
        }


def suggest(what: Stored | bytes, *, source: str = "", settings: Settings | None = None) -> Proposal:
    """Return what the rules of `SUGGESTING` propose for a prompt, or for the bytes of a prompt file.

    Nothing is changed or saved: `after` of what is returned is the file with every rewording in it. It reads as a
    prompt with the same inputs, messages and settings, only literal text differs, and suggesting for it again
    proposes nothing. Silences hold. *settings* choose among the two rules. Raises what a load of the file raises.
    """
    if isinstance(what, bytes):
        subject = Subject(source, what, source, Shelf())
    elif isinstance(what, str):
        hint = "suggest takes a prompt, or the bytes of a prompt file: read them by pathlib.Path.read_bytes"
        raise InvalidInputs("what shall be reworded is a text", hint=hint)
    else:
        subject = Subject.of_stored(what, source or what.name or "prompt", Shelf())
    return proposed(subject, settings or Settings(select=SUGGESTING))


def proposed(subject: Subject, settings: Settings) -> Proposal:
    """Return what is proposed for *subject* by those rules of *settings* that propose words."""
    before = subject.stored
    report = looked_at([subject], settings, most=MOST)
    findings = [each for each in report.findings if each.rule in SUGGESTING]
    taken = _apart(each for each in findings if each.suggestion)
    edits = sorted((edit for each in taken if each.suggestion for edit in each.suggestion.edits), key=_start)
    after = Subject(subject.name, edited(subject.text, edits).encode(), subject.source, subject.shelf)
    if not edits or not is_readable(after) or not _is_same_but_for_words(before, after.stored):
        after, taken = subject, []
    told = tuple(each for each in findings if each not in taken)
    new = after.stored.digest
    return Proposal(subject.name, subject.source, subject.data, after.data, before.digest, new, tuple(taken), told)


def _start(edit: Edit) -> int:
    return edit.start


def _apart(findings: Iterable[Finding]) -> list[Finding]:
    taken: list[Finding] = []
    edits: list[Edit] = []
    for each in findings:
        own = each.suggestion.edits if each.suggestion else ()
        if not any(meet(one, other) for one in own for other in edits):
            taken.append(each)
            edits += own
    return taken


def _is_same_but_for_words(before: Stored, after: Stored) -> bool:
    """Whether inputs, settings, segments and the kinds of messages are the same."""
    if not isinstance(before, Prompt) or not isinstance(after, Prompt):
        return False
    return (
        before.inputs == after.inputs
        and before.segments == after.segments
        and before.includes == after.includes
        and [_shape(each) for each in before.messages] == [_shape(each) for each in after.messages]
    )


def _shape(piece: object) -> tuple[object, ...]:
    return type(piece), getattr(piece, "role", None), getattr(piece, "literal", None), getattr(piece, "name", None)
