"""Which includes came, went, or are pinned to another content, and what that changes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from promptlib.diff.rows import IncludeChange
from promptlib.refs import Pin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from promptlib.diff.comparison import PromptDiff
    from promptlib.diff.rows import Change
    from promptlib.plain import Plain
    from promptlib.prompt import Prompt

    Compare: TypeAlias = Callable[[Prompt[Any] | None, Prompt[Any]], PromptDiff]
    Pair: TypeAlias = tuple[str, Prompt[Any] | None, Prompt[Any] | None]


def compare_includes(
    before: Prompt[Any] | None, after: Prompt[Any], compare: Compare | None
) -> tuple[IncludeChange, ...]:
    """Return a row for each include that differs, and then for those that are included by what was bumped.

    *compare* tells what a bump changes, None for nobody who asks. Of one pair of contents it is told once, however
    many ways lead there.
    """
    rows: list[IncludeChange] = []
    told: set[tuple[str, str]] = set()
    ahead: list[Pair] = [("", before, after)]
    for above, old, new in ahead:
        for row, pair in _differing(above, old, new):
            digests = _digest(row.before), _digest(row.after)
            again = digests in told and bool(above)
            told.add(digests)
            if again:
                continue
            if compare is None or pair[2] is None or not row.content or (pair[1] is None and row.before is not None):
                rows.append(row)
                continue
            ahead.append(pair)
            rows.append(replace(row, difference=compare(pair[1], pair[2])))
    return tuple(rows)


def _differing(above: str, old: Prompt[Any] | None, new: Prompt[Any] | None) -> Iterator[tuple[IncludeChange, Pair]]:
    pins, others = ({} if each is None else each.includes for each in (old, new))
    at_hand, at_hand_now = ({} if each is None else dict(each.included) for each in (old, new))
    for alias in {**pins, **others}:
        pin, other = pins.get(alias), others.get(alias)
        if pin == other:
            continue
        one, two = at_hand.get(alias), at_hand_now.get(alias)
        change: Change = "added" if pin is None else "removed" if other is None else "changed"
        row = IncludeChange(
            layer="includes",
            path=above + alias,
            change=change,
            before=pin,
            after=other,
            content=_digest(pin) != _digest(other),
            old_version=_version(one),
            new_version=_version(two),
        )
        yield row, (f"{above}{alias}.", one, two)


def _version(found: Prompt[Any] | None) -> str:
    return (found.origin.version or "") if found is not None and found.origin else ""


def _digest(pin: Plain) -> str:
    return "" if pin is None else Pin.parse(str(pin)).digest
