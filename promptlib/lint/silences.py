"""Where somebody has said that a rule shall not speak, and the rules about that."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promptlib.errors import nearest
from promptlib.lint.rule import Family, Hit
from promptlib.plain import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.codec.source import Node
    from promptlib.errors import Where
    from promptlib.lint.subject import Subject

FAMILY = Family("silences")
#: `lint: off RULE reason`, and several rules with commas between them.
_WORDS = re.compile(r"lint:\s*off\s+([\w-]+(?:\s*,\s*[\w-]+)*)")
_YAML = re.compile(r"(?:^|(?<=[ \t]))#[ \t]*(lint:.*)$", re.MULTILINE)
#: The key of a file's metadata: rules with reasons, or a list of rules.
KEY = "lint"


@dataclass(slots=True)
class Silence:
    """Rules that shall not speak: on some lines, or in the whole file where `lines` is empty."""

    rules: tuple[str, ...]
    where: Where
    lines: frozenset[int] = frozenset()
    #: Those that would have spoken.
    used: set[str] = field(default_factory=set)

    def covers(self, rule: str, line: int | None) -> bool:
        """Whether *rule* is silent on *line*."""
        return rule in self.rules and (not self.lines or line in self.lines)


def silences(subject: Subject) -> list[Silence]:
    """Return what the file says: in comments of its templates and its front matter, and in its metadata."""
    return [*_in_metadata(subject), *_in_header(subject), *_in_templates(subject)]


def _in_metadata(subject: Subject) -> Iterator[Silence]:
    metadata = subject.stored.extra.get("metadata")
    told = metadata.get(KEY) if isinstance(metadata, Frozen) else None
    if isinstance(told, Frozen):
        for rule in told:
            yield Silence((rule,), subject.key("metadata", KEY, rule))
    elif isinstance(told, tuple):
        yield from (Silence((each,), subject.key("metadata", KEY)) for each in told if isinstance(each, str))


def _in_header(subject: Subject) -> Iterator[Silence]:
    if subject.file is None or subject.file.halves.header is None:
        return
    text = subject.file.halves.header.text
    if "lint:" not in text:
        return
    scalars = sorted(_scalars(subject.file.header))
    for comment in _YAML.finditer(text):
        found = _WORDS.match(comment[1])
        before = bisect_right(scalars, comment.start(), key=lambda each: each[0]) - 1
        # In a text such words are words.
        if found and (before < 0 or comment.start() >= scalars[before][1]):
            place = subject.file.halves.header.where(comment.start(), len(comment[0]))
            alone = not place.text[: (place.column or 1) - 1].strip()
            yield _silence(found[1], place, alone=alone)


def _scalars(node: Node) -> Iterator[tuple[int, int]]:
    if isinstance(node.value, dict):
        for each in node.value.values():
            yield from _scalars(each)
    elif isinstance(node.value, list):
        for each in node.value:
            yield from _scalars(each)
    else:
        yield node.start, node.end


def _in_templates(subject: Subject) -> Iterator[Silence]:
    for piece, offset, comment in subject.comments:
        found = _WORDS.match(comment)
        if found:
            text = subject.prompt.messages[piece].text
            line = text[text.rfind("\n", 0, offset) + 1 :].partition("\n")[0]
            yield _silence(
                found[1], subject.at(piece, offset, 2), alone=re.fullmatch(r"\s*\{#.*#\}\s*", line) is not None
            )


def _silence(rules: str, place: Where, *, alone: bool) -> Silence:
    line = place.line or 1
    # A comment on a line of its own speaks of the next one.
    lines = {line, line + 1} if alone else {line}
    return Silence(tuple(re.split(r"\s*,\s*", rules)), place, frozenset(lines))


@FAMILY.rule("unknown-silence", "a silence for a rule that there is not", chains=True)
def unknown_silence(subject: Subject) -> Iterator[Hit]:
    """A misspelt silence silences nothing."""
    for silence in subject.silences:
        for rule in silence.rules:
            if rule not in subject.known_rules:
                hint = nearest(rule, subject.known_rules) or "all rules: promptlib explain"
                yield Hit(silence.where, f"no rule {rule!r:.80} to be silent", hint)


@FAMILY.rule("unused-silence", "a silence where nothing would speak", severity="info", chains=True)
def unused_silence(subject: Subject) -> Iterator[Hit]:
    """A silence that is left behind hides the next finding."""
    for silence in subject.silences:
        for rule in silence.rules:
            if rule in subject.looked and rule not in silence.used:
                yield Hit(silence.where, f"{rule} finds nothing here, so nothing is silenced", "take the silence out")
