"""Rules about what stands between the words of a prompt and the values that strangers write."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promptlib.lint.enclosing import HTML
from promptlib.lint.inputs import is_free
from promptlib.lint.rule import Edit, Family, Fix, Hit
from promptlib.rendering.delimiting import LABEL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.lint.enclosing import Around, Kind, Mark, Pair
    from promptlib.lint.subject import Subject
    from promptlib.rendering.flow import Strand

FAMILY = Family("delimiters")
#: Words beside a value from which on it stands among orders, and not behind a label.
FEW_WORDS = 4
#: Delimiters without their other half that are looked at, in one message.
MOST_MARKS = 200
#: Filters after which a value cannot end what is around it: the fence is chosen by the value, or the signs are escaped.
_FENCING = frozenset({"delimited", "tojson", "urlencode"})
_ESCAPING = frozenset({"e", "escape", "forceescape", "striptags", "xmlattr", "replace"})
#: What comes out of them is no text.
_KINDS = frozenset({"integer", "float", "boolean", "date", "datetime", "enum", "image", "file"})
_TAGS: frozenset[Kind] = frozenset({"tag"})
#: An expression whose last filter applies to all of it.
_SIMPLE = re.compile(r"[A-Za-z_][\w.]*(?:\s*\|\s*\w+(?:\([^()]*\))?)*")
#: Messages in which others speak; what stands in the others is told by a rule of its own.
_THEIRS = frozenset({"user", "tool"})


def is_free_value(strand: Strand) -> bool:
    """Whether anybody can write anything into this value."""
    if strand.put != "value" or strand.kind in _KINDS:
        return False
    return any(is_free(each.type) for each in strand.drawn)


@FAMILY.rule("undelimited-input", "text of a stranger among the orders, with nothing around it")
def undelimited_input(subject: Subject) -> Iterator[Hit]:
    """A message that is nothing but the value, or a label and the value, needs no delimiter: its ends are one."""
    for each in subject.around:
        words = sum(len(strand.text.split()) for strand in each.strands if strand.put == "text")
        if each.role not in _THEIRS or words < FEW_WORDS:
            continue
        enclosed = each.innermost()
        for at, strand in each.values():
            if is_free_value(strand) and not _FENCING & set(strand.filters) and at not in enclosed:
                yield Hit(
                    subject.at(each.piece, strand.start, strand.end - strand.start),
                    f"{strand.text} stands among the words of the prompt: where it ends, nobody can tell",
                    _fenced(strand),
                )


def _fenced(strand: Strand) -> str:
    name = strand.drawn[0].name if strand.drawn else "document"
    label = name if LABEL.fullmatch(name) else "document"
    text = strand.text if strand.kind == "string" else f"{strand.text} | tojson"
    return f'write {{{{ {text} | delimited("{label}") }}}} and say what stands between the tags'


@FAMILY.rule("forgeable-delimiter", "a delimiter that the value can write too", fixes=True)
def forgeable_delimiter(subject: Subject) -> Iterator[Hit]:
    """A fixed tag, fence or quote is a delimiter for honest values only."""
    for each in (each for each in subject.around if each.role in _THEIRS):
        enclosed, tagged = each.innermost(), each.innermost(_TAGS)
        for at, strand in each.values():
            pair = enclosed.get(at)
            if pair is None or not is_free_value(strand) or _is_guarded(strand, pair):
                continue
            closing = each.text[pair.closing.start : pair.closing.end].strip()
            yield Hit(
                subject.at(each.piece, each.source(pair.opening.start), pair.opening.end - pair.opening.start),
                f"whoever writes {strand.text} can write {closing} as well, and go on behind it",
                _fenced(strand),
                _refenced(subject, each, tagged.get(at), strand),
            )


def _is_guarded(strand: Strand, pair: Pair) -> bool:
    filters = set(strand.filters)
    if filters & _FENCING:
        return True
    lengths = [each.type.max_length for each in strand.drawn if each.type is not None and each.type.kind == "string"]
    short = all(length is not None and length < pair.closing.end - pair.closing.start for length in lengths)
    return (pair.opening.kind == "tag" and bool(filters & _ESCAPING)) or bool(lengths and short)


def _refenced(subject: Subject, found: Around, pair: Pair | None, strand: Strand) -> Fix | None:
    """Return the edit that lets the filter write the same tags, where that gives the same text for honest values."""
    if pair is None or subject.file is None or strand.kind != "string" or not _SIMPLE.fullmatch(strand.text):
        return None
    label = pair.opening.label
    plain = found.text[pair.opening.start : pair.closing.end] == f"<{label}>\n\ufffc\n</{label}>"
    if not plain or not LABEL.fullmatch(label) or any(each.type and each.type.nullable for each in strand.drawn):
        return None
    first = found.source(pair.opening.start)
    last = found.source(pair.closing.end - 1) + 1
    start = subject.offset(subject.at(found.piece, first))
    end = start + last - first
    if subject.text[start:end] != subject.prompt.messages[found.piece].text[first:last]:
        return None  # the file writes it in another way
    filled = f'{{{{ {strand.text} | delimited("{label}") }}}}'
    return Fix(f"{strand.text} writes its own tags <{label}>", (Edit(start, end, filled),))


@FAMILY.rule("unclosed-delimiter", "a tag, fence or quote that is opened and never closed")
def unclosed_delimiter(subject: Subject) -> Iterator[Hit]:
    """Of tags only those that stand for delimiters: right before a value, or on a line of their own."""
    for each in subject.around:
        includes = [at for at, strand in each.values() if strand.put == "include"]
        for mark in sorted(each.unclosed, key=lambda mark: mark.start)[:MOST_MARKS]:
            if any(at > mark.start for at in includes):
                continue  # what is included may close it
            if mark.kind != "tag" or _delimits(each, mark):
                yield _unclosed(subject, each, mark)


def _delimits(found: Around, mark: Mark) -> bool:
    value = next((at for at, strand in found.values() if strand.put == "value" and at >= mark.end), None)
    if value is not None and found.is_adjacent(mark, value):
        return True
    if mark.dressed or mark.label.lower() in HTML or not found.alone(mark):
        return False
    return value is not None or _closed_otherwise(found, mark) is not None


def _closed_otherwise(found: Around, mark: Mark) -> Mark | None:
    """Return the tag of another name that closes nothing else, behind *mark*."""
    stray = (each for each in found.stray[:MOST_MARKS] if each.start > mark.start)
    return next((each for each in stray if found.alone(each)), None)


def _unclosed(subject: Subject, found: Around, mark: Mark) -> Hit:
    written = found.text[mark.start : mark.end].strip().replace("\ufffc", "…")
    other = _closed_otherwise(found, mark) if mark.kind == "tag" else None
    if other is not None:
        what = f"{written} is closed as </{other.label}>"
        advice = f"write </{mark.label}>, or open it as <{other.label}>"
    else:
        closing = f"</{mark.label}>" if mark.kind == "tag" else mark.label
        what, advice = f"{written} is never closed in this message", f"write {closing} where it ends"
    return Hit(subject.at(found.piece, found.source(mark.start), mark.end - mark.start), what, advice)
