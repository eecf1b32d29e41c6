"""What tells a group outside of the declared fields: in a template's own words, in the inputs of a case, in tools."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from promptlib.errors import PairingRefused
from promptlib.fairness.folding import folded
from promptlib.fairness.knowing import Known, same
from promptlib.fairness.texts import place_in, texts_in
from promptlib.groups import AXES, LANGUAGES, mentions
from promptlib.messages import Message
from promptlib.rendering import flow_of
from promptlib.rendering.positions import Span, where

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from promptlib.errors import Where
    from promptlib.fairness.fields import Field
    from promptlib.fairness.holes import Skeleton
    from promptlib.fairness.variantset import VariantSet
    from promptlib.prompt import Prompt

_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'", re.DOTALL)
#: Of a value with several words, the shorter ones stand in any text.
_SHORTEST_PART = 3
#: What looks like a tag of a template is text by now, and so is what stands between underscores.
_SIGNS_OF_MARKUP = str.maketrans("{}_", "   ")
#: Lint takes these for abbreviations; a prompt that shouts them tells the group all the same.
_SHOUTED = re.compile(r"\b(?:SHE|HERS?|HERSELF|HE|HIM|HIS|HIMSELF)\b")
#: Pictures that show a group.
_PICTURES = {
    "gender": "♀♂👩👨👧👦👵👴👸🤴",
    "age": "👶👧👦👵👴🧓",
    "religion": "✝☪✡🕉☦☸🛐🕌🕍🛕",
    "disability": "♿🦽🦼🦻🦯",
}
_FLAG = "[\U0001f1e6-\U0001f1ff]{2}"
#: Beginnings of names of places and people that say nothing alone.
_NOT_ALONE = frozenset({"new", "san", "los", "las", "saint", "the", "von", "van", "del", "den", "hong", "port", "fort"})


class Told(NamedTuple):
    """Something in a text that tells a group: where it stands, and what it is in words."""

    start: int
    end: int
    text: str
    said: str


class Words:
    """What tells the groups of one set, for the forms that a pairing uses."""

    def __init__(self, variants: VariantSet, fields: Iterable[Field]) -> None:
        """Make the words ready."""
        self.axis = variants.axis
        # A dialect has the words of its language.
        self._language = variants.language.partition("-")[0].lower()
        self._listed = variants.axis in AXES and self._language in LANGUAGES
        signs = _FLAG if variants.axis == "origin" else f"[{_PICTURES.get(variants.axis, '')}]"
        self._pictures = re.compile(signs if signs != "[]" else "(?!)")
        self._everyday = frozenset(variants.everyday)
        values = _values(variants, {each.form for each in fields})
        # What the list of words knows it finds by itself, and knows "he or she" for no group.
        self._known = Known({word: value for word, value in values if not self._is_listed(word)})

    def _is_listed(self, word: str) -> bool:
        found = _mentions(word, self._language) if self._listed else ()
        return any(each.axis == self.axis and each.text == word for each in found)

    @property
    def note(self) -> str:
        """What is not looked for, in a sentence; empty where everything is."""
        if self._listed:
            return ""
        return (
            f"no list of words tells the axis {self.axis!r} in the language {self._language!r}: "
            "outside of the fields only the set's own values were looked for"
        )

    def told(self, text: str) -> Iterator[Told]:
        """Yield what in *text* tells a group, as it is read."""
        read, offsets = (text, None) if text.isascii() else folded(text)
        for told in self._told(read):
            if offsets is None:
                yield told
            else:
                yield told._replace(start=offsets[told.start], end=offsets[told.end - 1] + 1)

    def _told(self, text: str) -> Iterator[Told]:
        if self._listed:
            for each in _mentions(_prose(text), self._language):
                if each.axis == self.axis:
                    found = text[each.start : each.end]
                    yield Told(each.start, each.end, found, f"names a group: {found!r}")
        for picture in self._pictures.finditer(text):
            yield Told(*picture.span(), picture[0], f"shows a group: {picture[0]!r}")
        for start, end, value in self._known.found(text):
            known = text[start:end]
            if known not in self._everyday:
                of = "" if same(known, value) else f", of {value!r}"
                yield Told(start, end, known, f"holds a value of the set: {known!r}{of}")


def _prose(text: str) -> str:
    """Return *text*, as long as it was, as a list of words reads it best."""
    return _SHOUTED.sub(lambda found: found[0].lower(), text.translate(_SIGNS_OF_MARKUP))


@lru_cache(maxsize=256)
def _mentions(text: str, language: str) -> tuple[Any, ...]:
    return mentions(text, language=language)


def _values(variants: VariantSet, forms: set[str]) -> Iterator[tuple[str, str]]:
    """Yield what is looked for, and the value that it is from.

    That is each value, and of a name each word that is not the same in every group: *Emily* tells without *Walker*.
    """
    for form in forms:
        for row in range(variants.rows):
            texts = [str(own[form][row]) for own in variants.groups.values() if isinstance(own[form][row], str)]
            shared = set.intersection(*(set(text.casefold().split()) for text in texts)) if texts else set()
            for text in texts:
                parts = [each for each in text.split() if each.istitle() and len(each) >= _SHORTEST_PART]
                for part in (*(each for each in parts if each.casefold() not in _NOT_ALONE), text):
                    if part.casefold() not in shared and part not in variants.everyday:
                        yield part, text


# --- the template -----------------------------------------------------------------------------------------------------


def fixed_in(skeleton: Skeleton, words: Words) -> list[PairingRefused]:
    """Return each place of the template's own words, and of its includes, that fixes the group."""
    refused = []
    for each in skeleton.tree():
        prompt = each.prompt
        inside = "the template" if prompt is skeleton.prompt else f"the include {prompt.name or prompt.digest[:15]!r}"
        for span, told in sorted(set(_fixed(prompt, words))):
            place = where(prompt.messages, span, prompt.places)
            what = f"{inside} fixes {words.axis} at line {place.line}: it {told}"
            refused.append(PairingRefused(what, where=place, hint=_REWORD))
    return refused


_REWORD = "say it without a group, or put out a declared field there"


def _fixed(prompt: Prompt[Any], words: Words) -> Iterator[tuple[Span, str]]:
    for strand in flow_of(prompt.messages, prompt.inputs):
        if strand.put == "text":
            for told in words.told(strand.text):
                yield Span(strand.piece, strand.start + told.start, strand.start + told.end), told.said
    for number, piece in enumerate(prompt.messages):
        if isinstance(piece, Message) and piece.literal:
            for told in words.told(piece.text):
                yield Span(number, told.start, told.end), told.said
            continue
        for tag in _TAG.finditer(piece.text):
            for quoted in _QUOTED.finditer(tag[0]) if not tag[0].startswith("{#") else ():
                begin = tag.start() + quoted.start() + 1
                for told in words.told(quoted[0][1:-1]):
                    yield Span(number, begin + told.start, begin + told.end), told.said


def sent_beside(prompt: Prompt[Any], words: Words) -> list[PairingRefused]:
    """Return what fixes the group in the settings, the tools and the declared answer, which are sent beside."""
    parts = {"settings": prompt.settings, "tools": prompt.tools, "outputs": [_said(each) for each in prompt.outputs]}
    return [
        PairingRefused(f"{path} fixes {words.axis}: it {told.said}", where=_place(path, text, told), hint=_REWORD)
        for name, part in parts.items()
        for path, text in texts_in(part, name)
        for told in words.told(text)
    ]


def _said(declared: Any) -> dict[str, object]:  # noqa: ANN401 - an Input, whose parts are texts and inputs
    kind_of = declared.type
    inner = (kind_of.items,) if kind_of.items is not None else ()
    return {
        declared.name: declared.description,
        "values": kind_of.values,
        "inside": [_said(each) for part in (kind_of, *inner) for each in part.properties],
    }


# --- a case -----------------------------------------------------------------------------------------------------------


class Naming(NamedTuple):
    """Words of an input of a case that tell a group, and were allowed to."""

    input: str
    case: int
    words: tuple[str, ...]


def told_in(
    case: int, values: Mapping[str, object], words: Words, allowed: frozenset[str]
) -> tuple[list[PairingRefused], list[Naming]]:
    """Return what tells a group in the other inputs of a case, and what was allowed to tell one."""
    refused: list[PairingRefused] = []
    namings: list[Naming] = []
    for name, value in values.items():
        refused += [] if name in allowed else _by_name(case, name, value, words.axis)
        found = [(path, text, told) for path, text in texts_in(value, name) for told in words.told(text)]
        if name in allowed:
            if found:
                namings.append(Naming(name, case, tuple(dict.fromkeys(told.text for _, _, told in found))))
            continue
        for path, text, told in found:
            hint = f"give the case without it, or allow it on purpose, which the report tells: allow=[{name!r}]"
            what = f"the input {name!r} of cases[{case}] {told.said}"
            refused.append(PairingRefused(what, where=_place(f"cases[{case}].{path}", text, told), hint=hint))
    return refused, namings


#: What an input is called that tells the group by a sign that is no word, such as `f` or 34.
_CALLED = {
    "gender": {"gender", "sex", "pronoun", "pronouns", "salutation", "geschlecht", "anrede"},
    "age": {"age", "born", "birthday", "birthdate", "birth_date", "date_of_birth", "year_of_birth", "alter"},
    "origin": {"origin", "nationality", "ethnicity", "race", "citizenship", "country_of_birth", "herkunft"},
    "religion": {"religion", "faith", "denomination", "konfession"},
    "disability": {"disability", "disabilities", "handicap", "behinderung"},
}


def _by_name(case: int, name: str, value: object, axis: str) -> Iterator[PairingRefused]:
    """Yield the inputs that by their name tell the group, whatever word they hold, and are no declared field."""
    names = _CALLED.get(axis, {axis})
    inside = [(f"{name}.{key}", each) for key, each in value.items()] if isinstance(value, dict) else []
    for path, each in ((name, value), *inside):
        if path.rpartition(".")[2].casefold() in names and each not in (None, "", [], {}, ()):
            hint = f'declare it, Demographic("{axis}"), or allow it, which the report tells: allow=[{name!r}]'
            yield PairingRefused(f"the input {path!r} of cases[{case}] by its name tells {axis}", hint=hint)


def told_together(
    case: int, messages: Iterable[tuple[str, str]], words: Words, namings: Iterable[Naming]
) -> list[PairingRefused]:
    """Return what tells a group in the texts of a case's *messages*, by title, once they are put together."""
    allowed = {word.casefold() for each in namings for word in each.words}
    return [
        PairingRefused(
            f"{title} of cases[{case}] {told.said}, once it is put together",
            where=_place(f"cases[{case}], {title}", text, told),
            hint="no part of it says so alone: look at what stands around the values",
        )
        for title, text in messages
        for told in words.told(text)
        if told.text.casefold() not in allowed
    ]


def _place(source: str, text: str, told: Told) -> Where:
    return place_in(source, text, told.start, told.end)
