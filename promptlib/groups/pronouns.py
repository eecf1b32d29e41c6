"""Pronouns of one person that could be said of everybody: "they", and only where no verb has to be guessed."""

from __future__ import annotations

import re
from typing import NamedTuple

from promptlib.groups.english import PRONOUNS
from promptlib.groups.scanning import Word, words_of

#: What follows a subject and says of itself what its other form is.
_MODALS = ("can", "could", "may", "might", "must", "shall", "should", "will", "would")
_VERBS = {"is": "are", "was": "were", "has": "have", "does": "do"} | {each: each for each in _MODALS}
#: Before a subject such a word is its verb ("does he know"), and the rest of the sentence depends on it.
_TURNED = frozenset(_VERBS) | {"did", "had", "are", "do"}
#: What can lead on to a second verb, which would have to change too: "he is tired and wants".
_LEADS_ON = re.compile(r"[,;:(]|\b(?:and|or|but|then|nor|yet|who|which|that|as|than)\b", re.IGNORECASE)
_SENTENCE_ENDS = re.compile(r"[.!?](?=\s|\Z)|\n[ \t]*\n|\Z")
#: What ends a sentence between two words.
_ENDS = re.compile(r"[.!?\n]")
#: Words of a sentence that are looked at, backwards.
_MOST_WORDS = 60
#: So much of a sentence is read.
_ROOM = 400
_OBJECTS = {"him": "them", "himself": "themselves", "herself": "themselves", "hers": "theirs"}
#: Words behind "his" of which none is what he has.
_NO_NOUN = frozenset(
    ("and", "or", "but", "is", "was", "to", "in", "on", "of", "at", "for", "with", "by", "from", "as", "if", "when")
)


class Pronoun(NamedTuple):
    """A pronoun, with the verb behind it where that changes, and what would stand there; None where nothing is safe."""

    start: int
    end: int
    text: str
    proposed: str | None


def pronouns(text: str) -> tuple[Pronoun, ...]:
    """Return the pronouns of *text*, in their order, with what they become when everybody is meant.

    Nothing is proposed for "her", which is both "them" and "their", for a subject whose verb is not one of a handful,
    stands before it, or is followed by a second one, nor behind a word with a capital that may be a name.
    """
    words = words_of(text)
    found = []
    for at, word in enumerate(words):
        if word.small not in PRONOUNS:
            continue
        after = words[at + 1] if at + 1 < len(words) and text[word.end : words[at + 1].start] == " " else None
        end, proposed = word.end, None
        if word.small in ("he", "she"):
            turned = at > 0 and words[at - 1].small in _TURNED
            if after is not None and after.text in _VERBS and not turned and _is_single(text, after.end):
                end, proposed = after.end, f"they {_VERBS[after.text]}"
        elif word.small == "his":
            if after is not None and after.text.isalpha() and after.text.islower() and after.small not in _NO_NOUN:
                proposed = "their"
        else:
            proposed = _OBJECTS.get(word.small)
        if proposed is not None and _may_be_named(text, words, at):
            proposed = None
        if proposed is not None and word.text[0].isupper():
            proposed = None if len(word.text) > 1 and word.text.isupper() else proposed.capitalize()
        found.append(Pronoun(word.start, end, text[word.start : end], proposed))
    return tuple(found)


def _may_be_named(text: str, words: list[Word], at: int) -> bool:
    """Whether a word with a capital stands before it in the sentence, at which it may point: "Muhammad, ... him"."""
    for before in range(at - 1, max(-1, at - _MOST_WORDS), -1):
        gap = text[words[before].end : words[before + 1].start]
        if _ENDS.search(gap):
            return False
        opens = before == 0 or _ENDS.search(text[words[before - 1].end : words[before].start])
        if words[before].text.istitle() and not opens:
            return True
    return False


def _is_single(text: str, start: int) -> bool:
    """Whether no second verb can follow in the sentence."""
    rest = text[start : start + _ROOM]
    end = _SENTENCE_ENDS.search(rest)
    return not _LEADS_ON.search(rest, 0, end.start() if end else len(rest))
