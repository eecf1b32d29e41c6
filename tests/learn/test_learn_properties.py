"""What holds for every text and every prompt that anybody hands in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from promptlib import Prompt, PromptLibError, assistant, codec, placeholder, system, user
from promptlib.errors import InvalidFile
from promptlib.learn import LESSONS, NAMES, Progress, Report, Standing, Work, applied, checked, lesson, page_of
from promptlib.learn.fitting import text_for
from promptlib.learn.probing import values_for
from tests.strategies import inputs_strategy

if TYPE_CHECKING:
    from promptlib.inputs import Input
    from promptlib.messages import Piece

#: Each example is looked at by every lesson.
FEW = settings(max_examples=max(25, settings().max_examples // 4))
#: What checks look for, whole, halved and crossed.
PIECES = (
    *(
        "{{ text }}",
        "{{ text | delimited('text') }}",
        "{{ rows | join(', ') }}",
        "{{ one.name }}",
        "{{ one | tojson }}",
    ),
    *("{% for row in rows %}{{ row }}{% endfor %}", "{% if flag %}{{ text }}{% endif %}", "{{ text | e }}", "{{", "{%"),
    *("\nuser:\n", "\nassistant:\n", "\nsystem:\n", "\ndeveloper:\n", "\ntool:\n", "<text>", "</text>", "```\n", '"'),
    *("List the decisions in five bullet points, for colleagues. ", "Please help me! ", "If the text does not tell, "),
    *(
        "answer unknown. ",
        "You are a helpful assistant. ",
        '{"urgency": "low"}',
        "Always answer.",
        "\n",
        "\r\n",
        "\ufffc",
    ),
    *("{% macro m(x) %}{{ x }}{% endmacro %}", "{{ m(text) }}", "{% raw %}{{ x }}{% endraw %}", "\u202e", "\x00", "é"),
)
#: Names that a template reads as a value of its own.
CONSTANTS = ("true", "false", "none", "True", "False", "None")
HEAD = """\
---
description: Any
inputs:
  text: {kind: string}
  rows: {kind: array, items: {kind: string}, default: []}
  flag: {kind: boolean, default: false}
  one: {kind: object, properties: {name: {kind: string}}, default: {name: Ada}}
outputs:
  urgency: {kind: string, enumValues: [low, high]}
---
user:
"""


def looked(data: bytes) -> list[Report]:
    """Return what every lesson says; each finding stands somewhere, and says what helps."""
    work = Work(data, "mine")
    reports = [checked(each, work) for each in LESSONS if each.lay is None]
    for report in reports:
        for finding in report.findings:
            assert finding.message
            assert finding.hint, finding
            assert finding.where.source == "mine"
            assert finding.lesson == report.lesson
    return reports


@given(st.binary(max_size=200))
def test_no_bytes_break_a_checker_or_are_taken(data: bytes) -> None:
    assert not any(report.ok for report in looked(data))
    applied(data, name="mine")


@FEW
@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_no_text_breaks_a_checker_and_what_does_not_parse_is_never_taken(text: str) -> None:
    data = (HEAD + text).encode()
    try:
        codec.read_stored(data)
    except PromptLibError:
        assert not any(report.ok for report in looked(data))
    else:
        looked(data)
        applied(data, name="mine")


@FEW
@given(inputs_strategy())
def test_no_valid_prompt_breaks_a_checker(inputs: tuple[Input, ...]) -> None:
    pieces: list[Piece] = [system("Sort these.")]
    for each in inputs:
        if each.type.kind == "thread":
            pieces.append(placeholder(each.name))
        else:
            pieces.append(user(f"{{{{ {each.name} | tojson }}}}"))
    pieces += [assistant("low"), user("Now.")]
    try:
        data = codec.write(Prompt(messages=tuple(pieces), inputs=inputs))
    except PromptLibError:
        reject()
    looked(data)


@FEW
@given(inputs_strategy())
def test_plain_values_are_values(inputs: tuple[Input, ...]) -> None:
    wanted = tuple(each for each in inputs if each.required and each.name not in CONSTANTS)
    pieces = [
        placeholder(each.name) if each.type.kind == "thread" else user(f"{{{{ {each.name} is none }}}}")
        for each in wanted
    ]
    prompt: Prompt[Any] = Prompt(messages=(user("Go."), *pieces), inputs=wanted)
    values = values_for(wanted)
    assert list(values) == [each.name for each in wanted]
    assert prompt.render(values).messages


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"^\d{4}-\d{2}-\d{2}$", "1111-11-11"),
        ("^(kind|plain|firm)$", "kind"),
        ("^[A-Z]{3}-[0-9]+$", "AAA-1"),
        (r"^ORD-\w{2,}\.?$", "ORD-aa."),
        ("^[^a-z]+(?:x|y)?$", "1x"),
        ("needle", "needle"),
        ("^a{0,2}b*$", "ab"),
        ("(?i)^a$", None),
        ("^(a$", None),
        ("[", None),
        ("x" * 501, None),
    ],
)
def test_a_text_that_a_pattern_lets_through(pattern: str, text: str | None) -> None:
    assert text_for(pattern) == text


@FEW
@given(
    st.dictionaries(
        st.sampled_from([*NAMES, "of-a-later-one"]),
        st.builds(
            Standing,
            mended=st.booleans(),
            checks=st.integers(0, 9),
            hints=st.integers(0, 9),
            answer=st.sampled_from(["no", "asked", "before", "after"]),
        ),
    ),
    st.sampled_from(["", *NAMES, "of-a-later-one"]),
)
def test_progress_reads_as_it_was_written(lessons: dict[str, Standing], at: str) -> None:
    from promptlib.learn.progress import _parsed

    assert _parsed(Progress(at=at, lessons=lessons).text().encode(), "file") == Progress(at=at, lessons=lessons)


@given(st.binary(max_size=100) | st.sampled_from(PIECES).map(str.encode))
def test_no_bytes_break_the_reading_of_progress(data: bytes) -> None:
    from promptlib.learn.progress import _parsed

    with pytest.raises(InvalidFile, match="does not say where you are"):
        _parsed(data, "file")


@pytest.mark.parametrize("name", NAMES)
def test_every_broken_prompt_parses(name: str) -> None:
    blocks = page_of(name).blocks("Broken")
    assert blocks
    for block in blocks:
        assert codec.read_stored(block.text.encode()).digest


@pytest.mark.parametrize(
    "bomb",
    [
        "{% for one in range(99999) %}{% for two in range(99999) %}x{% endfor %}{% endfor %}",
        "{{ 'x' * 10 ** 10 }}",
        "{% set ns = namespace(x='x') %}{% for one in range(9999) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    ],
)
def test_what_would_never_end_is_a_finding(bomb: str) -> None:
    (finding, *_) = checked(lesson("delimiters"), Work((HEAD + bomb + "{{ text }}").encode(), "mine")).findings
    assert finding.check in {"does-not-render", "unreadable"}
