"""What a field says of the group that a person belongs to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptlib.errors import InvalidPrompt, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from promptlib.inputs.grammar import Input
    from promptlib.plain import Plain

#: The kinds of inputs that a variant set has values for.
DEMOGRAPHIC_KINDS = ("string", "enum", "integer", "float", "date", "datetime")
WORDS = ("axis", "form")

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Demographic:
    """Says that a field tells which group a person belongs to, on one *axis*, in one *form*.

    It stands beside a type, `name: Annotated[str, Demographic("gender", "name")]`, or in the front matter of a file.
    The axis is that of a `promptlib.fairness.VariantSet`, the form one of the set's, such as `name`, `subject` or
    `title`; without a form it is the set's first one. It changes nothing of what is sent or accepted, and is no part
    of the digest. Raises `InvalidPrompt` for what is no word of small letters, digits, `_` and `-`.
    """

    axis: str
    form: str = ""

    def __post_init__(self) -> None:
        """Check both words."""
        if self.axis == "":
            raise InvalidPrompt("a demographic has an empty axis", hint='write Demographic("gender")')
        _check_word("axis", self.axis)
        if self.form != "":
            _check_word("form", self.form)

    def to_plain(self) -> Plain:
        """Return it as a file holds it: the axis alone, or a mapping of both words."""
        from promptlib.plain import Frozen  # noqa: PLC0415 - only a writer needs it

        return Frozen({"axis": self.axis, "form": self.form}) if self.form else self.axis

    def __str__(self) -> str:
        """Return it in words: `gender, as name`."""
        return f"{self.axis}, as {self.form}" if self.form else self.axis


def demographic_of(given: object) -> Demographic:
    """Return *given*, one or what a file holds, as a `Demographic`; raises `InvalidPrompt` with the nearest word."""
    if isinstance(given, Demographic):
        return given
    if isinstance(given, str):
        return Demographic(given)
    if not isinstance(given, Mapping):
        raise InvalidPrompt(f"a demographic is a {type(given).__name__}", hint=HINT)
    if unknown := [word for word in given if word not in WORDS]:
        hint = f"{nearest(str(unknown[0]), WORDS)} words: {', '.join(WORDS)}".strip()
        raise InvalidPrompt(f"a demographic has no {unknown[0]!r:.80}", hint=hint)
    if "axis" not in given:
        raise InvalidPrompt("a demographic without an axis", hint=HINT)
    return Demographic(given["axis"], given.get("form", ""))


def parts(inputs: Iterable[Input], before: str = "") -> Iterator[tuple[str, Input]]:
    """Yield each input by its name, and the properties of objects behind a dot."""
    for each in inputs:
        yield f"{before}{each.name}", each
        yield from parts(each.type.properties, f"{before}{each.name}.")


def demographics(inputs: Iterable[Input]) -> dict[str, Demographic]:
    """Return what *inputs* and the properties of objects tell of groups, by name."""
    return {name: each.demographic for name, each in parts(inputs) if each.demographic is not None}


HINT = "write `demographic: gender`, or `demographic: {axis: gender, form: name}`"


def _check_word(what: str, word: object) -> None:
    if not isinstance(word, str):
        raise InvalidPrompt(f"the {what} of a demographic is a {type(word).__name__}", hint="it is a text")
    if not _NAME.fullmatch(word):
        raise InvalidPrompt(
            f"{word!r:.80} is no {what} of a demographic",
            hint="a word of small letters, digits, _ and - that begins with a letter, such as gender",
        )
