"""What changed in settings, tools, segments and metadata."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from promptlib.diff import answers
from promptlib.diff.rows import FieldChange
from promptlib.plain import Frozen, canonical
from promptlib.trust import FOREIGN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptlib.chain import Stored
    from promptlib.diff.answers import Verdict
    from promptlib.diff.rows import Change, Layer
    from promptlib.plain import Plain
    from promptlib.prompt import Prompt


def compare_settings(before: Prompt[Any] | None, after: Prompt[Any]) -> tuple[FieldChange, ...]:
    """Return a row for each setting that differs; `breaking` where answers may take another form."""
    rows = _compared("settings", before.settings if before else Frozen(), after.settings)
    return tuple(_judged(row, answers.of_setting(row.path)) if before else row for row in rows)


def compare_tools(before: Prompt[Any] | None, after: Prompt[Any]) -> tuple[FieldChange, ...]:
    """Return a row for each tool that came or went, each value that differs in a tool, and for another order.

    `breaking` for code that answers the calls.
    """
    old, new = _by_name(before.tools if before else ()), _by_name(after.tools)
    rows: list[FieldChange] = []
    for name in {**old, **new}:
        one, other = (Frozen({name: side[name]}) if name in side else Frozen() for side in (old, new))
        found = _compared("tools", one, other)
        rows += [_judged(row, _of_tool(row, name, one, other)) if before else row for row in found]
    old_order, new_order = tuple(name for name in old if name in new), tuple(name for name in new if name in old)
    if old_order != new_order:
        rows.append(FieldChange(layer="tools", path="(order)", change="changed", before=old_order, after=new_order))
    return tuple(rows)


def _of_tool(row: FieldChange, name: str, old: Frozen, new: Frozen) -> Verdict:
    if row.path == name:
        return answers.of_tool(old.get(name) if row.change == "removed" else new.get(name), row.change)
    part = row.path.removeprefix(f"{name}.")
    return answers.of_part(new[name], part, row.change, row.before, row.after)


def _judged(row: FieldChange, verdict: Verdict) -> FieldChange:
    return replace(row, breaking=verdict.breaking, reason=verdict.reason)


def compare_segments(before: Prompt[Any] | None, after: Prompt[Any]) -> tuple[FieldChange, ...]:
    """Return a row for each segment of an input that came or went, and for each word that differs in one."""
    return tuple(_compared("segments", before.segments if before else Frozen(), after.segments))


def compare_metadata(before: Stored | None, after: Stored) -> tuple[FieldChange, ...]:
    """Return a row for each part that is no content: description, tags, authors, where it came from, other keys."""
    old = _metadata(before) if before else Frozen()
    return tuple(_compared("metadata", old, _metadata(after), content=False))


def _metadata(prompt: Stored) -> Frozen:
    given: dict[str, Plain] = {
        "description": prompt.description,
        "tags": prompt.tags,
        "authors": prompt.authors,
        "derived_from": str(prompt.derived_from) if prompt.derived_from else "",
        "renamed_from": prompt.renamed_from,
        "trust": prompt.trust if prompt.trust == FOREIGN else "",
        "vouched": Frozen(prompt.vouched.to_dict()) if prompt.vouched else None,
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


def _by_name(tools: tuple[Frozen, ...]) -> Frozen:
    """Return the tools by name; a tool without a name, or with that of an earlier one, by its position."""
    named: dict[str, Plain] = {}
    for at, tool in enumerate(tools, 1):
        function = tool.get("function")
        name = tool.get("name") or (function.get("name") if isinstance(function, Frozen) else None)
        usable = isinstance(name, str) and name not in named and not name.startswith("(")
        named[str(name) if usable else f"(tool {at})"] = tool
    return Frozen(named)
