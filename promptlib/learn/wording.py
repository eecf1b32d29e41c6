"""What can be read from English words by a plain rule, without a model: orders, forms, sizes, readers.

Each rule is told on the page of the lesson that uses it. None of them knows whether a prompt is good.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptlib.errors import Where
    from promptlib.learn.work import Work
    from promptlib.lint.enclosing import Around
    from promptlib.messages import Role

#: Stands for a value among the words.
HOLE = "\ufffc"
_SENTENCE = re.compile(r"(?:[^.!?\n]|(?<=\d)\.(?=\d)|\n(?![\s#*-]))+[.!?]*")
#: Verbs that say what is to come out. `help`, `handle` or `improve` do not.
VERBS = frozenset(
    [
        *("add", "answer", "arrange", "assign", "build", "calculate", "check", "choose", "cite", "classify"),
        *("collect", "combine", "compare", "complete", "compose", "compute", "condense", "convert", "copy"),
        *("correct", "count", "create", "cut", "define", "deliver", "describe", "design", "detect", "develop"),
        *("distinguish", "divide", "draft", "draw", "estimate", "evaluate", "explain", "extract", "fill"),
        *("filter", "find", "flag", "form", "format", "gather", "generate", "give", "group", "highlight"),
        *("identify", "infer", "label", "list", "make", "map", "mark", "match", "mention", "name", "number"),
        *("order", "organise", "organize", "outline", "paraphrase", "pick", "plan", "predict", "prepare"),
        *("present", "produce", "proofread", "propose", "provide", "pull", "put", "quote", "rank", "rate"),
        *("read", "recommend", "record", "reduce", "reformat", "remove", "rename", "repeat", "rephrase"),
        *("replace", "reply", "report", "respond", "restate", "return", "review", "rewrite", "say", "score"),
        *("select", "separate", "shorten", "show", "simplify", "sketch", "solve", "sort", "spell", "split"),
        *("state", "structure", "suggest", "sum", "summarise", "summarize", "tag", "tell", "transcribe"),
        *("translate", "turn", "verify", "write"),
    ]
)
_VAGUE = re.compile(
    r"\b(?:help|assist|handle|process|improve|deal with|look (?:at|into|over)|work on|do something|take care"
    r"|think about|make (?:it|this|them|that) better|check out|consider|enhance|optimi[sz]e)\b",
    re.IGNORECASE,
)
#: A result that is asked for by its name.
_WANTED = re.compile(
    r"\b(?:i|we) (?:want|need|would like|require)\s+(?!(?:you|help|to|something|some help)\b)"
    r"(?:an? |the |\d+ )?\w+\s+\w+",
    re.IGNORECASE,
)
#: Forms of an answer that the rule of lint does not know, for it looks at what a program could check.
_FORM = re.compile(
    r"\b(?:summar(?:y|ies)|overview|e-?mail|mail|letter|memo|minutes|note|post|article|essay|poem|story|dialogue|report"
    r"|pages?|code|function|script|outline|agenda|update|translation)\b",
    re.IGNORECASE,
)
#: What may stand before an order.
_BEFORE = re.compile(
    r"^(?:[\s#*>\d.)-]*)(?:(?:please|kindly|now|then|next|first|finally|also|and|or|just|only|always|never|carefully"
    r"|briefly|your (?:task|job) is(?: to)?|the task is(?: to)?|your task:|task:"
    r"|you (?:should|must|will|are to|have to|need to)"
    r"|i (?:want|need|would like) you to|(?:can|could|would|will) you|you|to)[\s,:]+)*",
    re.IGNORECASE,
)
_WORD = re.compile(rf"[^\W\d_][\w'\u2019-]*|{HOLE}")
#: Words that are stepped over on the way to the object, those that may stand for one, and what ends it.
_SKIPPED = frozenset(
    [
        *("a", "all", "an", "and", "any", "best", "each", "every", "good", "here", "me", "more", "my", "our"),
        *("please", "the", "them", "there", "us", "well", "you", "your"),
    ]
)
_PRONOUNS = frozenset(["it", "that", "these", "this", "those", "everything", "something", "stuff", "thing", "things"])
_PREPOSITIONS = frozenset(
    ["about", "as", "at", "by", "down", "for", "from", "in", "into", "of", "on", "out", "to", "up", "with"]
)
_SIZE = re.compile(
    r"\b(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty|fifty|hundred|single)\b"
    r"[\w\s-]{0,30}?\b(?:words?|sentences?|lines?|paragraphs?|bullets?|points?|items?|characters?|rows?|steps?|entr(?:y|ies)"
    r"|headings?|sections?|pages?|reasons?|questions?|names?|labels?|letters?|numbers?|titles?|decisions?|columns?)\b",
    re.IGNORECASE,
)
_READER = re.compile(
    r"\bfor (?!(?:this|that|it|me|each|every|example|instance|now|which|what|all|any|one|reference|more|less|fun"
    r"|(?:the |these |this )?(?:following|text|notes?|below|above))\b)[a-z]"
    r"|\b(?:readers?|audience|so that|so they can)\b"
    r"|\bwho (?:was|were|is|are|has|have|had|do|does|did|know|want|need|read|missed)\b"
    r"|\b(?:mail|letter|reply|answer|message|note|memo) to (?:a|an|the|our|my|all|new)\b",
    re.IGNORECASE,
)


class Sentence(NamedTuple):
    """A sentence of a message, with `HOLE` for each value, and where it begins."""

    text: str
    role: Role
    work: Work
    around: Around
    start: int

    def where(self, at: int = 0, width: int = 0) -> Where:
        """Return the place of the character *at*, or of the whole first line of the sentence."""
        piece, source = self.around.piece, self.around.source(self.start + at)
        return self.work.at(piece, source, width or max(1, len(self.text.partition("\n")[0])))


def sentences(work: Work) -> Iterator[Sentence]:
    """Yield the sentences of all messages, in their order."""
    for around in work.subject.around:
        for found in _SENTENCE.finditer(around.text):
            text = found[0]
            skipped = len(text) - len(text.lstrip())
            if text.strip():
                yield Sentence(text.strip(), around.role, work, around, found.start() + skipped)


def orders(work: Work) -> Iterator[Sentence]:
    """Yield the sentences that order something: a clause begins with one of `VERBS` and names an object."""
    return (each for each in sentences(work) if is_order(each.text))


def is_order(sentence: str) -> bool:
    """Whether a clause of *sentence* begins with one of `VERBS`, and a word behind it names what it is about.

    What somebody says that they want is an order too.
    """
    return _WANTED.search(sentence) is not None or any(
        map(_orders, re.split(r"[,;:(]|\band\b|\bthen\b|\bto\b", sentence))
    )


def _orders(clause: str) -> bool:
    words = [word.lower() for word in _WORD.findall(clause[_match_end(clause) :])]
    if not words or words[0] not in VERBS:
        return False
    rest = [word for word in words[1:] if word not in _SKIPPED]
    if rest and rest[0] in _PRONOUNS and (len(rest) == 1 or rest[1] in _PREPOSITIONS or words[0] == "make"):
        return False
    return any(word not in _PREPOSITIONS and word not in _PRONOUNS for word in rest)


def _match_end(clause: str) -> int:
    found = _BEFORE.match(clause)
    return found.end() if found else 0


def vague_order(work: Work) -> tuple[Sentence, re.Match[str]] | None:
    """Return the first sentence with a verb that names no task, and that verb."""
    for each in sentences(work):
        if found := _VAGUE.search(each.text):
            return each, found
    return None


def says_form(text: str) -> bool:
    """Whether *text* names a form that people know: a mail, a summary, minutes."""
    return _FORM.search(text) is not None


def says_size(text: str) -> bool:
    """Whether *text* says how much: a number and what is counted, such as one sentence."""
    return _SIZE.search(text) is not None


def says_reader(text: str) -> bool:
    """Whether *text* says for whom or what for."""
    return _READER.search(text) is not None
