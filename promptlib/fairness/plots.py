"""Differences and distributions as inline SVG: the text stays text, and every mark is told by its shape as well.

Places are percentages, so that a plot is as wide as its page and its marks keep their form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptlib.diff.page import escaped
from promptlib.fairness.verdicts import DIFFERS
from promptlib.fairness.wording import chance, difference, interval, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from promptlib.fairness.report import Comparison, Spread
    from promptlib.fairness.verdicts import Scale

#: So much of the width is left on both sides of what is drawn.
_MARGIN = 0.06
_MIDDLE = 13


class _Axis(NamedTuple):
    low: float
    high: float

    def at(self, value: float) -> str:
        """Return where *value* stands, in percent of the width; what is beyond the axis stands at its end."""
        share = (value - self.low) / (self.high - self.low)
        return f"{100 * min(1.0, max(0.0, share)):.2f}%"

    def width(self, low: float, high: float) -> str:
        return f"{max(0.0, float(self.at(high)[:-1]) - float(self.at(low)[:-1])):.2f}%"


def effects(compared: Sequence[Comparison], same: Comparison | None) -> Iterator[str]:
    """Yield a row for each comparison: its difference and interval, before the band of the same group asked twice."""
    scale = compared[0].scale
    axis = _axis([0.0, *_ends([*compared, *([same] if same else [])]), *_found(compared)])
    yield _head(axis, scale, "difference [interval], p corrected")
    for each in compared:
        yield _effect(each, same, axis, escaped(each.group), "differs" if each.verdict == DIFFERS else "same")
    if same is not None:
        yield _effect(same, same, axis, f"{escaped(same.group)}, asked twice", "again")


def distribution(spreads: Sequence[Spread], scale: Scale) -> Iterator[str]:
    """Yield a row for each group: a bar for a rate, else least, quarters, median and most."""
    axis = _Axis(0.0, 1.0) if scale == "rate" else _axis([end for each in spreads for end in (each.least, each.most)])
    yield _head(axis, scale, "rate" if scale == "rate" else "mean; least to most")
    for each in spreads:
        name = escaped(each.group) + (", second run" if each.again else "")
        told = number(each.mean, scale)
        if scale != "rate":
            told += f"; {number(each.least, scale)} to {number(each.most, scale)}"
        marks = _bar(each, axis) if scale == "rate" else _box(each, axis)
        yield _row("again" if each.again else "same", name, marks, f'{told} <span class="soft">n {each.n:,}</span>')


def _effect(each: Comparison, same: Comparison | None, axis: _Axis, name: str, kind: str) -> str:
    marks = []
    if same is not None and same.low is not None and same.high is not None:
        left, width = axis.at(same.low), axis.width(same.low, same.high)
        marks.append(f'<rect class="band" x="{left}" y="2" width="{width}" height="22"/>')
    marks.append(f'<line class="zero" x1="{axis.at(0)}" x2="{axis.at(0)}" y1="0" y2="26"/>')
    if each.smallest is not None:
        marks += [
            f'<line class="least" x1="{axis.at(at)}" x2="{axis.at(at)}" y1="9" y2="17"/>'
            for at in (-each.smallest, each.smallest)
        ]
    low = axis.low if each.low is None else each.low
    high = axis.high if each.high is None else each.high
    marks.append(f'<line class="whisker" x1="{axis.at(low)}" x2="{axis.at(high)}" y1="{_MIDDLE}" y2="{_MIDDLE}"/>')
    marks.append(_dot(axis.at(each.effect), kind))
    told = f"{difference(each.effect, each.scale)} {interval(each)}, p {chance(each.corrected)}"
    return _row(kind, f"<bdi>{name}</bdi>", marks, f"differs: {told}" if kind == "differs" else told)


def _dot(at: str, kind: str) -> str:
    """A difference is a filled square, none a hollow circle, the same group asked twice a hollow diamond."""
    if kind == "differs":
        return f'<svg x="{at}"><rect class="dot" x="-6" y="{_MIDDLE - 6}" width="12" height="12"/></svg>'
    if kind == "again":
        return f'<svg x="{at}"><path class="dot" d="M0 {_MIDDLE - 7}l7 7-7 7-7-7z"/></svg>'
    return f'<circle class="dot" cx="{at}" cy="{_MIDDLE}" r="6"/>'


def _bar(each: Spread, axis: _Axis) -> list[str]:
    return [
        '<rect class="track" x="0" y="6" width="100%" height="14"/>',
        f'<rect class="bar" x="0" y="6" width="{axis.width(0.0, each.mean)}" height="14"/>',
    ]


def _box(each: Spread, axis: _Axis) -> list[str]:
    quarter, width = axis.at(each.quarter), axis.width(each.quarter, each.three_quarters)
    ends = f'x1="{axis.at(each.least)}" x2="{axis.at(each.most)}"'
    middle = f'x1="{axis.at(each.median)}" x2="{axis.at(each.median)}"'
    return [
        f'<line class="whisker" {ends} y1="{_MIDDLE}" y2="{_MIDDLE}"/>',
        f'<rect class="band" x="{quarter}" y="6" width="{width}" height="14"/>',
        f'<rect class="box" x="{quarter}" y="6" width="{width}" height="14"/>',
        f'<line class="whisker" {middle} y1="4" y2="22"/>',
        _dot(axis.at(each.mean), "mean"),
    ]


def _head(axis: _Axis, scale: Scale, told: str) -> str:
    say = difference if axis.low < 0 else number
    ends = "".join(f"<span>{say(end, scale)}</span>" for end in axis)
    return (
        f'<div class="row head"><span class="name"></span><span class="scale">{ends}</span>'
        f'<span class="told">{told}</span></div>'
    )


def _row(kind: str, name: str, marks: Iterable[str], told: str) -> str:
    drawn = "".join(marks)
    return (
        f'<div class="row {kind}"><span class="name">{name}</span><svg aria-hidden="true">{drawn}</svg>'
        f'<span class="told">{told}</span></div>'
    )


def _ends(compared: Iterable[Comparison]) -> Iterator[float]:
    for each in compared:
        yield each.effect
        yield from (end for end in (each.low, each.high) if end is not None)


def _found(compared: Iterable[Comparison]) -> Iterator[float]:
    for each in compared:
        if each.smallest is not None:
            yield from (-each.smallest, each.smallest)


def _axis(values: Sequence[float]) -> _Axis:
    low, high = min(values), max(values)
    room = (high - low) * _MARGIN or abs(high) * _MARGIN or 1.0
    return _Axis(low - room, high + room)
