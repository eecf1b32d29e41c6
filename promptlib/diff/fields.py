"""What changed in settings, tools, includes, segments and metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promptlib.diff.rows import FieldChange
from promptlib.plain import Frozen, canonical
from promptlib.refs import Pin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptlib.diff.rows import Change, Layer
    from promptlib.plain import Plain
    from promptlib.prompt import Prompt


def compare_settings(before: Prompt[Any] | None, after: Prompt[Any]) -> tuple[FieldChange, ...]:
    """Return a row for each setting that differs."""
    return tuple(_compared("settings", before.settings if before else Frozen(), after.settings))


def compare_tools(before: Prompt[Any] | None, after: Prompt[Any]) -> tuple[FieldChange, ...]:
    """Return a row for each tool that came or went, each value that differs in a tool, and for another order."""
    old, new = _by_name(before.tools if before else ()), _by_name(after.tools)
    rows = list(_compared("tools", old, new))
    old_order, new_order = tuple(name for name in old if name in new), tuple(name for name in new if name in old)
    if old_order != new_order:
        rows.append(FieldChange(layer="tools", path="(order)", change="changed", before=old_order, after=new_order))
    return tuple(rows)


def compare_includes(before: Prompt[Any] | None, after: Prompt[Any]) -> tuple[FieldChange, ...]:
    """Return a row for each include that came, went, or is pinned to another content or name."""
    old = before.includes if before else Frozen()
    rows: list[FieldChange] = []
    for alias in {**old, **after.includes}:
        pin, other = old.get(alias), after.includes.get(alias)
        if pin != other:
            content = _digest(pin) != _digest(other)
            change = _change(pin, other)
            rows.append(
                FieldChange(layer="includes", path=alias, change=change, before=pin, after=other, content=content)
            )
    return tuple(rows)


def compare_segments(before: Prompt[Any] | None, after: Prompt[Any]) -> tuple[FieldChange, ...]:
    """Return a row for each segment of an input that came or went, and for each word that differs in one."""
    return tuple(_compared("segments", before.segments if before else Frozen(), after.segments))


def compare_metadata(before: Prompt[Any] | None, after: Prompt[Any]) -> tuple[FieldChange, ...]:
    """Return a row for each part that is no content: description, tags, authors, where it came from, other keys."""
    old = _metadata(before) if before else Frozen()
    return tuple(_compared("metadata", old, _metadata(after), content=False))


def _metadata(prompt: Prompt[Any]) -> Frozen:
    given: dict[str, Plain] = {
        "description": prompt.description,
        "tags": prompt.tags,
        "authors": prompt.authors,
        "derived_from": str(prompt.derived_from) if prompt.derived_from else "",
        "renamed_from": prompt.renamed_from,
        "extra": prompt.extra,
    }
    return Frozen({key: value for key, value in given.items() if value})


def _compared(
    layer: Layer, before: Mapping[str, Plain], after: Mapping[str, Plain], *, prefix: str = "", content: bool = True
) -> Iterator[FieldChange]:
    """Yield what differs, as deep as both sides are mappings. 1, 1.0 and true differ, though Python says equal."""
    for key in {**before, **after}:
        old, new = before.get(key), after.get(key)
        in_both = key in before and key in after
        if in_both and canonical(old) == canonical(new):
            continue
        path = prefix + key
        if in_both and isinstance(old, Frozen) and isinstance(new, Frozen):
            yield from _compared(layer, old, new, prefix=f"{path}.", content=content)
        else:
            change: Change = "changed" if in_both else "added" if key in after else "removed"
            yield FieldChange(layer=layer, path=path, change=change, before=old, after=new, content=content)


def _change(before: object, after: object) -> Change:
    return "added" if before is None else "removed" if after is None else "changed"


def _digest(pin: Plain) -> str:
    return "" if pin is None else Pin.parse(str(pin)).digest


def _by_name(tools: tuple[Frozen, ...]) -> Frozen:
    """Return the tools by name; a tool without a name, or with that of an earlier one, by its position."""
    named: dict[str, Plain] = {}
    for at, tool in enumerate(tools, 1):
        function = tool.get("function")
        name = tool.get("name") or (function.get("name") if isinstance(function, Frozen) else None)
        usable = isinstance(name, str) and name not in named and not name.startswith("(")
        named[str(name) if usable else f"(tool {at})"] = tool
    return Frozen(named)
