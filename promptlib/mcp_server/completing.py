"""What can be given for an argument, while a person types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp_types import Completion

from promptlib.errors import NotFound, nearest
from promptlib.mcp_server.shelf import LATEST
from promptlib.mcp_server.spelling import choices
from promptlib.mcp_server.telling import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from promptlib.mcp_server.shelf import Shelf

#: The protocol allows no more.
_MOST = 100


def completion(shelf: Shelf, name: str, argument: str, value: str, given: Mapping[str, str]) -> Completion:
    """Return what *argument* of the prompt *name* can be and begins with *value*, else what holds it.

    Enumerations, true and false, and for the version the labels, `latest` and the numbers, newest first. *given* are
    the arguments that were chosen before: the version among them decides which prompt is meant.
    """
    if argument == VERSION:
        return _matching(_versions(shelf, name), value)
    prompt = shelf.load(name, given.get(VERSION, ""))
    for each in prompt.inputs:
        if each.name == argument:
            return _matching(choices(each.type), value)
    names = [each.name for each in prompt.inputs]
    raise NotFound(
        f"{name} takes no argument {argument[:80]!r}",
        hint=f"{nearest(argument, names)} it takes: {', '.join([*names, VERSION])}".strip(),
    )


def _versions(shelf: Shelf, name: str) -> list[str]:
    bare = shelf.bare(name)
    try:
        numbers = [version.number for version in reversed(shelf.store.history(bare))]
    except NotFound:
        if not shelf.has(bare):
            raise
        return []  # a folder without a history
    labels = sorted(shelf.store.labels(bare))
    return [*labels, LATEST, *(f"v{number}" for number in numbers if number is not None)]


def _matching(values: Iterable[str], value: str) -> Completion:
    typed = value.casefold()
    known = list(values)
    found = [each for each in known if each.casefold().startswith(typed)]
    found = found or [each for each in known if typed in each.casefold()]
    return Completion(values=found[:_MOST], total=len(found), has_more=len(found) > _MOST)
