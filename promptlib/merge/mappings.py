"""Plain data that two sides changed: mappings by key, tools by name, words as sets."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from promptlib.codec.reconciling import same
from promptlib.including import pinned
from promptlib.merge.deciding import ABSENT, Three, mapping_given, plain_given, plain_shown
from promptlib.merge.ordering import merged_names
from promptlib.plain import Frozen, digest
from promptlib.prompt import Prompt
from promptlib.refs import Pin

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from promptlib.merge.deciding import Decisions

_WORD = re.compile(r"[A-Za-z0-9_-]+")


def path(field: str, key: str) -> str:
    """Return the field of *key* inside *field*: `settings.options`, and `settings['a.b']` for what is no word."""
    return f"{field}.{key}" if _WORD.fullmatch(key) else f"{field}[{key!r}]"


def alike(one: object, other: object) -> bool:
    """Compare plain data, numbers by kind; what is absent is like nothing else."""
    if one is ABSENT or other is ABSENT:
        return one is other
    return same(one, other)


def merge_mapping(decisions: Decisions, field: str, three: Three) -> Frozen:
    """Return a mapping merged key by key; new keys stand where their side put them."""
    merged: dict[str, Any] = {}
    for key in keys_of(three):
        value = merge_plain(decisions, path(field, key), three.at(key))
        if value is not ABSENT:
            merged[key] = value
    return Frozen(merged)


def keys_of(three: Three) -> list[str]:
    """Return the keys of three mappings, in one order whichever side is ours."""
    # A key may be an empty text, which is no name.
    named = three.each(lambda mapping: [f".{key}" for key in mapping])
    return [name[1:] for name in merged_names(named.base, named.ours, named.theirs)]


def merge_plain(decisions: Decisions, field: str, three: Three) -> Any:  # noqa: ANN401 - plain data or ABSENT
    """Return one value merged: by key while all that is there are mappings, else as a whole."""
    if not alike(three.ours, three.theirs):
        decisions.unit(field)
    inside = all(isinstance(side, Frozen) for side in (three.ours, three.theirs))
    both = not (alike(three.ours, three.base) or alike(three.theirs, three.base))
    if inside and both and field not in decisions.forced:
        base = three.base if isinstance(three.base, Frozen) else Frozen()
        return merge_mapping(decisions, field, Three(base, three.ours, three.theirs))
    return decisions.settle(field, three, alike, shown=plain_shown, given=plain_given)


def merge_includes(decisions: Decisions, three: Three) -> Frozen:
    """Return the pins merged by alias; a version, a pin or a prompt can be chosen for one."""
    merged: dict[str, Any] = {}
    for alias in keys_of(three):
        here, field = three.at(alias), path("includes", alias)
        if not alike(here.ours, here.theirs):
            decisions.unit(field)
        given = partial(_pin_given, alias)
        pin = decisions.settle(field, here, alike, shown=plain_shown, given=given)
        if pin is not ABSENT:
            merged[alias] = pin
    return Frozen(merged)


def _pin_given(alias: str, value: object) -> Any:  # noqa: ANN401 - the text of a pin, or ABSENT
    if value is None:
        return ABSENT
    return str(Pin(value.name, value.digest)) if isinstance(value, Prompt) else pinned(alias, value)


def merge_tools(decisions: Decisions, three: Three) -> tuple[Frozen, ...]:
    """Return the tools merged by name, and each by key; one without a name is what it says, and changes as a whole."""
    named = three.each(_by_name)
    merged: list[Frozen] = []
    for name in merged_names(*map(list, named)):
        here, field = named.at(name), path("tools", name)
        if name in named.ours and name in named.theirs:
            tool = merge_plain(decisions, field, here)
        else:
            decisions.unit(field)
            tool = decisions.settle(field, here, alike, shown=plain_shown, given=mapping_given)
        if tool is not ABSENT:
            merged.append(tool)
    return tuple(merged)


def _by_name(tools: Iterable[Frozen]) -> dict[str, Frozen]:
    named: dict[str, Frozen] = {}
    for tool in tools:
        function = tool.get("function")
        name = tool.get("name") or (function.get("name") if isinstance(function, Frozen) else None)
        word = name if isinstance(name, str) and name else f"({digest(tool)[7:19]})"
        while word in named:
            word += "'"
        named[word] = tool
    return named


def merge_words(three: Three, *, ordered: bool) -> tuple[str, ...]:
    """Return words merged as a set: what one side adds is in, what one side takes out is out.

    They stand as in the base, then what is new: ours first when their order says something, else sorted.
    """
    base, ours, theirs = three
    if theirs in (ours, base):
        return tuple(ours)
    if ours == base:
        return tuple(theirs)
    kept = [word for word in base if word in ours and word in theirs]
    new = [word for word in (*ours, *theirs) if word not in base]
    return tuple(dict.fromkeys([*kept, *(new if ordered else sorted(new))]))
