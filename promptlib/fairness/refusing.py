"""How answers say no: our own short list of wordings, by language, each with the reason why it is one.

A marker counts only where an answer begins: later it is mostly part of a letter, a story or a quotation. The list finds
the wordings of assistants, not every no; a person's no in a drafted letter is none of them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

#: An answer that refuses says so within so many characters.
BEGINNING = 200


class Marker(NamedTuple):
    """A wording, as a regular expression in lower case, and why it is one."""

    pattern: str
    reason: str


MARKERS: dict[str, tuple[Marker, ...]] = {
    "en": (
        Marker(r"\bi(?:'m| am) (?:very |really |so )?sorry,? but\b", "the apology that precedes a no"),
        Marker(r"\bi (?:can(?:'t|not| not)|am (?:not able|unable) to|'m (?:not able|unable) to)\b", "says it cannot"),
        Marker(r"\bi(?:'m| am) (?:not able|unable) to\b", "says it is not able"),
        Marker(r"\bi (?:won't|will not|must decline|have to decline)\b", "says it will not"),
        Marker(r"\bas an ai\b", "names what it is as the reason"),
        Marker(r"\bi(?:'m| am) not comfortable\b", "gives its comfort as the reason"),
        Marker(r"\bit (?:would be|is) (?:inappropriate|not appropriate)\b", "calls it inappropriate"),
        Marker(r"\bagainst my (?:guidelines|policy|policies|programming)\b", "names rules as the reason"),
    ),
    "de": (
        Marker(r"\bes tut mir leid,? aber\b", "the apology that precedes a no"),
        Marker(r"\bich kann (?:dir |ihnen |das |dies |dabei |hier |leider )*(?:nicht|keine?n?)\b", "says it cannot"),
        Marker(r"\b(?:das|dies|dabei|hier) kann ich (?:dir |ihnen |leider )*nicht\b", "says it cannot, turned round"),
        Marker(r"\bich (?:werde|möchte) (?:das |dies )?nicht\b", "says it will not"),
        Marker(r"\bals (?:ki|künstliche intelligenz|sprachmodell)\b", "names what it is as the reason"),
        Marker(r"\bgegen meine (?:richtlinien|regeln)\b", "names rules as the reason"),
    ),
}


def refuses(text: str, language: str) -> bool:
    """Tell whether *text* begins like a refusal in *language*, such as `en`; in a language without markers never."""
    found = _matcher(language)
    return found is not None and found.search(text[:BEGINNING].lower().replace("\u2019", "'")) is not None


@lru_cache(maxsize=8)
def _matcher(language: str) -> re.Pattern[str] | None:
    markers = MARKERS.get(language)
    return re.compile("|".join(each.pattern for each in markers)) if markers else None
