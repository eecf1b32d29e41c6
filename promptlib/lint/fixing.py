"""What can be mended without a person: the edits of findings, applied to a file until there are none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptlib.errors import PromptLibError
from promptlib.lint.linting import looked_at
from promptlib.lint.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptlib.lint.rule import Edit, Finding
    from promptlib.lint.settings import Settings

#: One mending can uncover the next one; none was seen that needs more than three rounds.
MOST_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Mended:
    """A file before and after: both texts, both digests, and what was mended, in words.

    The digest is the same when only the file changed, and not what is sent.
    """

    name: str
    source: str
    before: bytes
    after: bytes
    digest: str
    new_digest: str
    fixes: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether anything was mended."""
        return self.before != self.after

    @property
    def keeps_digest(self) -> bool:
        """Whether the content is the same."""
        return self.digest == self.new_digest

    def to_dict(self) -> dict[str, object]:
        """Return it as plain data, texts apart."""
        return {
            "name": self.name,
            "file": self.source,
            "fixes": list(self.fixes),
            "digest": self.digest,
            "new_digest": self.new_digest,
            "keeps_digest": self.keeps_digest,
        }


def mended(subject: Subject, settings: Settings) -> Mended:
    """Return *subject* with all that can be mended of what *settings* look for.

    What would not read as a prompt afterwards is left as it is. Mending the result again changes nothing. Raises what
    a load of the file raises.
    """
    current, fixes = subject, dict[str, None]()
    for _ in range(MOST_ROUNDS):
        found = [each for each in looked_at([current], settings, mending=True).findings if each.fix is not None]
        edits, told = _without_overlaps(found)
        after = Subject(subject.name, edited(current.text, edits).encode(), subject.source, subject.shelf)
        if after.data == current.data or not is_readable(after):
            break
        fixes |= dict.fromkeys(told)
        current = after
    before, now = subject.stored.digest, current.stored.digest
    return Mended(subject.name, subject.source, subject.data, current.data, before, now, tuple(fixes))


def is_readable(subject: Subject) -> bool:
    """Whether the file still reads as a prompt or chain."""
    try:
        _ = subject.stored
    except PromptLibError:
        return False
    return True


def _without_overlaps(findings: Iterable[Finding]) -> tuple[list[Edit], list[str]]:
    """Return the edits of as many findings as can be applied together, and what they do."""
    taken: list[Edit] = []
    told: list[str] = []
    for each in findings:
        edits = each.fix.edits if each.fix else ()
        if not any(meet(one, other) for one in edits for other in taken):
            taken += edits
            told += [f"{each.rule}: {each.fix.what}"] if each.fix else []
    return sorted(taken, key=lambda edit: edit.start), told


def meet(one: Edit, other: Edit) -> bool:
    """Whether two edits would change the same characters."""
    return one.start < other.end and other.start < one.end


def edited(text: str, edits: Iterable[Edit]) -> str:
    """Return *text* with *edits*, which stand in order and do not meet."""
    parts, at = [], 0
    for edit in edits:
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]])
