"""The page of what foreign templates may use says what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinja2 import nodes

from promptlib.rendering import allowed, limits
from promptlib.rendering.guarded import FOREIGN_ENVIRONMENT, LARGEST_RANGE
from promptlib.rendering.nesting import DEEPEST, DEEPEST_LOOP
from promptlib.rendering.weighedfilters import WEIGHED
from promptlib.rendering.words import LOOP_WORDS

PAGE = (Path(__file__).parents[2] / "docs" / "explanation" / "trust.md").read_text("utf-8")


def told(row: str) -> list[str]:
    """Return the words in code of one row of the table."""
    [found] = [line for line in PAGE.splitlines() if line.startswith(f"| {row} |")]
    return re.findall(r"`([^`]+)`", found.removeprefix(f"| {row} |"))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("statements", allowed.STATEMENTS),
        ("filters", allowed.FILTERS),
        ("tests", allowed.TESTS),
        ("functions", {*allowed.GLOBALS, "caller"}),
        ("of `loop`", LOOP_WORDS),
    ],
    ids=["statements", "filters", "tests", "functions", "loop"],
)
def test_the_table_is_the_list_in_the_code(row: str, words: set[str]) -> None:
    assert sorted(told(row)) == sorted(words)


def test_the_limits_are_those_in_the_code() -> None:
    numbers = [
        limits.STEPS, limits.MESSAGES, LARGEST_RANGE, limits.MOST_SIGNS, limits.LONGEST_TEMPLATE,
        limits.BYTES >> 20, limits.OUTPUT >> 20, len(str(limits.LARGEST_NUMBER)) - 1,
        limits.DEEPEST_VALUE, DEEPEST, DEEPEST_LOOP, limits.DEEPEST_MACRO,
    ]  # fmt: skip
    table = PAGE.partition("## What one render may do")[2]
    assert [number for number in numbers if f"{number:,}" not in table] == []


def test_the_environment_of_foreign_templates_holds_nothing_else() -> None:
    assert set(FOREIGN_ENVIRONMENT.filters) == allowed.FILTERS == set(WEIGHED)
    assert set(FOREIGN_ENVIRONMENT.tests) == allowed.TESTS
    assert set(FOREIGN_ENVIRONMENT.globals) == allowed.GLOBALS


def test_no_node_that_reaches_outside_is_on_the_list() -> None:
    outside = {nodes.Import, nodes.FromImport, nodes.Extends, nodes.EnvironmentAttribute, nodes.ExtensionAttribute,
               nodes.ImportedName, nodes.InternalName, nodes.ContextReference, nodes.EvalContextModifier}  # fmt: skip
    assert not outside & allowed.NODES
