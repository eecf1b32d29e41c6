"""A report that somebody changed by hand: it is refused, or it can be shown; nothing else ever happens."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from promptlib.cli import varying
from promptlib.errors import InvalidInputs
from promptlib.fairness import Report, gaps
from promptlib.fairness.wording import found
from tests.fairness.test_report import REPORT

if TYPE_CHECKING:
    from collections.abc import Iterator

WRONG: tuple[object, ...] = (
    *(None, True, "", "x" * 300, "\u202e\x1b</style>", -1, 0, 2**53 - 1, 10**30, -1e308, 1e308, 5e-324, float("nan")),
    *([], [[]], {}, {"a": 1}, "2026-05-03T14:00:00+00:00", "rate", "pair", "differs", "nothing can be concluded"),
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each part of *value*, of the lists only to their first and last items."""
    yield path
    if isinstance(value, dict):
        for key, each in value.items():
            yield from places(each, (*path, key))
    elif isinstance(value, list) and value:
        for at in {0, len(value) - 1}:
            yield from places(value[at], (*path, at))


def changed(data: dict[str, Any], path: tuple[Any, ...], value: object) -> Any:
    if not path:
        return value
    made = copy.deepcopy(data)
    inner: Any = made
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return made


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.soak)])
def test_whatever_stands_in_a_report_it_is_refused_or_shown(every: int) -> None:
    data = json.loads(REPORT.to_json())
    data["texts"] = data["texts"][:2]
    shown = refused = 0
    for path in list(places(data))[::every]:
        for value in WRONG:
            try:
                report = Report.from_dict(changed(data, path, value))
            except InvalidInputs:
                refused += 1
                continue
            shown += 1
            assert "<script" not in report.to_html()
            assert list(varying.rows(report))
            assert found(report)
            assert list(varying.history(gaps([("v1", report), ("v2", REPORT)]), "x"))
            assert report.identity
    assert shown > 100 / every
    assert refused > 1000 / every


@pytest.mark.parametrize("cut", [2, 100, 1000, 5000])
def test_a_report_that_was_cut_off_is_refused(cut: int) -> None:
    with pytest.raises(InvalidInputs):
        Report.from_json(REPORT.to_json()[:-cut])
