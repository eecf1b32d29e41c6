"""The page of filters and tests names each there is, and every example gives what stands beside it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from promptlib.messages import user
from promptlib.rendering import compile_pieces
from promptlib.rendering.allowed import FILTERS, TESTS
from promptlib.rendering.dating import DATE_CODES, TIME_CODES, dated
from promptlib.rendering.environment import ENVIRONMENT
from promptlib.rendering.words import UNKNOWN_FILTERS, UNKNOWN_STATEMENTS
from promptlib.segments import FINE_TO_COARSE, TRUNCATES, WORDS, Segment
from promptlib.trust import FOREIGN, OWN

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "jinja.md").read_text("utf-8")
VALUES = json.loads(PAGE.partition("```json\n")[2].partition("```")[0])
CELL = re.compile(r"(?<!\\)\|")


def rows(first: str) -> list[list[str]]:
    """Return the cells of all rows below a head that begins with *first*."""
    found: list[list[str]] = []
    for table in re.findall(rf"^\| {first} \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE):
        found += [[cell.strip() for cell in CELL.split(line)[1:-1]] for line in table.splitlines()]
    return found


def words(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


EXAMPLES = [*rows("filter"), *rows("test")]


def test_each_filter_and_test_has_its_row() -> None:
    assert sorted(word for row in rows("filter") for word in words(row[0])) == sorted(ENVIRONMENT.filters)
    assert sorted(word for row in rows("test") for word in words(row[0])) == sorted(ENVIRONMENT.tests)
    absent = [word for row in rows("not here") for word in words(row[0])]
    assert sorted(absent) == sorted([*UNKNOWN_FILTERS, *UNKNOWN_STATEMENTS])


def test_what_only_own_prompts_may_use_says_so() -> None:
    own = [word for row in EXAMPLES if "own prompts only" in row[1] for word in words(row[0])]
    assert sorted(own) == sorted((ENVIRONMENT.filters.keys() - FILTERS) | (ENVIRONMENT.tests.keys() - TESTS))


@pytest.mark.parametrize("row", EXAMPLES, ids=lambda row: row[2])
def test_an_example_gives_what_stands_beside_it(row: list[str]) -> None:
    [source], [expected] = words(row[2]), words(row[3])
    source, expected = source.replace("\\|", "|"), expected.replace("⏎", "\n")
    assert any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", source) for word in words(row[0]))
    for trust in (OWN,) if "own prompts only" in row[1] else (OWN, FOREIGN):
        (message,) = compile_pieces((user(source),), trust=trust).render(VALUES)
        assert message.text.rstrip(" ") == expected


def test_the_codes_of_dates() -> None:
    told = {code: gives for row in rows("code") for code, gives in zip(words(row[0]), words(row[2]), strict=True)}
    assert set(told) == set(DATE_CODES | TIME_CODES)
    assert {code: dated(VALUES["sent"], code) for code in told} == told


# --- segments ---------------------------------------------------------------------------------------------------------


def test_each_attribute_of_a_segment_has_its_row() -> None:
    found = {words(row[0])[0]: row for row in rows("attribute")}
    assert list(found) == list(WORDS)
    # In a text there are no messages whose oldest could go.
    told = {word: [each.strip('"') for each in words(found[word][1])] for word in ("truncate", "boundary")}
    assert told == {"truncate": [each for each in TRUNCATES if each != "oldest"], "boundary": list(FINE_TO_COARSE)}
    for word, row in found.items():
        [example] = words(row[2])
        template = compile_pieces((user(f'{{% segment "s" {example} %}}x{{% endsegment %}}'),))
        assert f"{word}={json.dumps(getattr(template.segments['s'], word), ensure_ascii=False)}" == example
    defaults = compile_pieces((user('{% segment "s" %}x{% endsegment %}'),)).segments["s"]
    for word, row in found.items():
        assert [json.loads(each) for each in words(row[3])] in ([], [getattr(defaults, word)])
        assert bool(words(row[3])) == bool(getattr(defaults, word) or word in ("priority", "min_tokens"))


def stretches(source: str, *marked: str) -> list[tuple[str, int]]:
    """Return the text of each stretch, and how many items it has."""
    template = compile_pieces((user(source),), marked=frozenset(marked))
    (message,), found = template.render_marked(VALUES, dict.fromkeys(marked, Segment()))
    return [(message.text[each.start : each.end], max(0, len(each.items) - 1)) for each in found]


def test_what_is_an_item() -> None:
    found = [words(row[0])[0].replace("\\|", "|").replace("⏎", "\n") for row in rows("in it")]
    assert [stretches(f'{{% segment "s" truncate="items" %}}{each}{{% endsegment %}}') for each in found] == [
        [("- Bo\n- Al\n- Cy", 3)],
        [("Bo, Al, Cy", 3)],
        [("Names: pen; ink; pad.", 3)],
    ]


def test_where_an_input_may_be_shortened() -> None:
    found = [[each.replace("\\|", "|") for each in words(row[0])] for row in rows("written")]
    assert [[stretches(each, "text", "names") for each in row] for row in found] == [
        [[("one two three", 0)], [("one two three", 0)]],
        [[("one two three", 0)]],
        [[("Bo, Al, Cy", 3)], [("BoAlCy", 3)]],
        [[], [], []],
        [[("one two three", 0)]],
    ]
