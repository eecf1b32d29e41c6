"""Templates whose variables stand in double braces and are put in by search and replace, as templates of Jinja."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from promptlib.errors import InvalidPrompt
from promptlib.formats.arrivals import Lost
from promptlib.formats.moving import filled
from promptlib.plain import Frozen, freeze

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from promptlib.formats.moving import Moving

#: A stretch of a text that a value takes the place of: where it begins and ends, and the expression for the value.
Spot: TypeAlias = tuple[int, int, str]


def with_spots(text: str, spots: Iterable[Spot]) -> str:
    """Return the template of Jinja for *text*, whose *spots*, in their order, are expressions; all else stays text."""
    parts: list[tuple[str, str]] = []
    at = 0
    for start, end, expression in spots:
        parts.append((text[at:start], expression))
        at = end
    return filled(parts, text[at:])


def mlflow_spots(text: str, moving: Moving, where: str) -> list[Spot]:
    """Return the variables of an MLflow text; a dotted name there is one name, and here one word."""
    return [(found.start(), found.end(), _declared(found[1], moving, where)) for found in _MLFLOW.finditer(text)]


def langfuse_spots(text: str, moving: Moving, where: str) -> list[Spot]:
    """Return the variables of a Langfuse text; what no name can be stays text, as there, and is told."""
    spots: list[Spot] = []
    at = 0
    while (start := text.find("{{", at)) >= 0 and (end := text.find("}}", start)) >= 0:
        word, at = text[start + 2 : end].strip(), end + 2
        if _WORD.fullmatch(word):
            spots.append((start, at, _declared(word, moving, where)))
        else:
            moving.lose(f"{text[start:at]!r:.60} is no variable, and stays text", where)
    return spots


_NAME = r"[a-zA-Z_][a-zA-Z0-9_]*"
_MLFLOW = re.compile(rf"\{{\{{\s*({_NAME}(?:\.{_NAME})*)\s*\}}\}}")
_WORD = re.compile(r"[^\W\d][\w.\- ]*")


def _declared(word: str, moving: Moving, where: str) -> str:
    name = moving.named(word, where)
    moving.declare(name, "string", where)
    return name


def kept(values: Mapping[str, Any], library: str, moving: Moving) -> dict[str, Any]:
    """Return what a file keeps below `metadata` of what a *library* says beside the content, as far as it is plain."""
    try:
        return {
            "metadata": {library: freeze({key: each for key, each in values.items() if each not in (None, {}, [])})}
        }
    except InvalidPrompt as error:
        moving.lose(f"metadata are left out: {error.what}")
        return {}


def settings_of(config: object, moving: Moving, what: str) -> dict[str, Any]:
    """Return settings out of *config*, as they are; what is no plain mapping is told."""
    if config is None or config == {}:
        return {}
    try:
        plain = freeze(config, what=what)
    except InvalidPrompt as error:
        moving.lose(f"{what} is left out: {error.what}")
        return {}
    if not isinstance(plain, Frozen):
        moving.lose(f"{what} is no mapping: it stands under the setting 'config'")
        return {"config": plain}
    return dict(plain)


def lost_of(moving: Moving, name: str) -> tuple[Lost, ...]:
    """Return the losses, each of the prompt *name*."""
    return tuple(Lost(name, what, where) for what, where in moving.lost)
