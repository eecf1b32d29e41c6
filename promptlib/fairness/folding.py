"""What a reader takes a text for: without what is not seen, and with look-alikes as what they look like."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"\w+")
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK")
#: Letters of two other alphabets that look like Latin ones.
_ALIKE = str.maketrans(
    "аеорсухіјѕһԁАВЕКМНОРСТХІЈЅοναιρκΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcyxijshdABEKMHOPCTXIJSovaipkABEZHIKMNOPTYX",
)


def scripts_of(text: str) -> list[str]:
    """Return the alphabets of *text* that have look-alikes of each other, in words."""
    found = {each for char in text for each in _SCRIPTS if unicodedata.name(char, "").startswith(each)}
    return sorted(each.title() for each in found)


def folded(text: str) -> tuple[str, list[int]]:
    """Return *text* as it is read, and for each of its characters the offset of the one that it stands for.

    What is not seen is left out, wide and joined letters are plain ones, and in a word of several alphabets each
    letter is the Latin one that it looks like. Case stays.
    """
    pairs = [
        (plain, at)
        for at, char in enumerate(text)
        if unicodedata.category(char) != "Cf"
        for plain in unicodedata.normalize("NFKC", char)
    ]
    found = "".join(plain for plain, _ in pairs)
    mixed = [each for each in _WORD.finditer(found) if not each[0].isascii() and len(scripts_of(each[0])) > 1]
    for each in mixed:
        found = found[: each.start()] + each[0].translate(_ALIKE) + found[each.end() :]
    return found, [at for _, at in pairs]


def look(text: str) -> str:
    """Return what two texts share that a reader takes for the same: case and white space do not count."""
    plain = unicodedata.normalize("NFKC", folded(text)[0].translate(_ALIKE).casefold())
    return "".join(plain.split())
