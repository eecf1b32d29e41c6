"""Dates in a prompt: as people write them, without clock and locale."""

from __future__ import annotations

import calendar
import locale
from contextlib import suppress
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from promptlib.errors import InvalidPrompt, RenderFailed, TemplateRejected
from promptlib.inputs import Input, InputType
from promptlib.messages import user
from promptlib.prompt import Prompt
from promptlib.rendering import check, compile_pieces
from promptlib.rendering.dating import DATE_CODES, DAYS, MONTHS, TIME_CODES, dated
from promptlib.trust import FOREIGN, OWN

DUE = "2026-11-02"
WHEN = "2026-11-02T15:04:05.678901+01:00"


def text_of(source: str, trust: str = OWN, **values: object) -> str:
    (message,) = compile_pieces((user(source),), trust=trust).render(values)  # type: ignore[arg-type]  # one of two
    return message.text


@pytest.mark.parametrize("trust", [OWN, FOREIGN])
@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ due | date('%d %B %Y') }}", "02 November 2026"),
        ("{{ due | date('%A, %-d %b %y') }}", "Monday, 2 Nov 26"),
        ("{{ due | date('%-m/%d %a %m %%') }}", "11/02 Mon 11 %"),
        ("{{ due | date }}", "2026-11-02"),
        ("{{ when | date }}", "2026-11-02"),
        ("{{ when | date('%H:%M:%S %z') }}", "15:04:05 +01:00"),
        ("{{ when | date(format='%-I %p, %I.%M') }}", "3 PM, 03.04"),
        ("{{ '2026-11-02 00:30' | date('%-H %I %p') }}", "0 12 AM"),
        ("{{ '2026-11-02T12:00Z' | date('%I %p %z') }}", "12 PM +00:00"),
        ("{{ '0009-01-01' | date('%Y %y') }}", "0009 09"),
        ("{{ '2026-11-02T12:00-09:30' | date('%z') }}", "-09:30"),
        ("{{ [due, '2027-01-01'] | map('date', '%b') | join(' ') }}", "Nov Jan"),
        ("{{ due | date('') }}|{{ due | date('Größe é') }}", "|Größe é"),
        ("{{ due | days_until('2026-11-01') }} {{ due | days_until('2026-11-05') }}", "1 -3"),
        ("{{ due | days_until(when | date) + 1 }}", "1"),
    ],
)  # fmt: skip
def test_dates_are_written_as_asked(trust: str, source: str, text: str) -> None:
    assert text_of(source, trust, due=DUE, when=WHEN) == text


@given(
    st.datetimes(),
    st.none() | st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
def test_every_code_says_what_python_says(moment: datetime, zone: timezone | None) -> None:
    moment = moment.replace(tzinfo=zone)
    numbers = {code for code in DATE_CODES | TIME_CODES if code not in ("%Y", "%z", "%p", "%B", "%b", "%A", "%a")}
    for code in sorted(numbers):
        expected = moment.strftime(code.replace("-", ""))
        assert dated(moment.isoformat(), code) == (expected.lstrip("0") or "0" if "-" in code else expected)
    assert dated(moment.isoformat(), "%Y-%m-%dT%H:%M:%S") == moment.replace(microsecond=0, tzinfo=None).isoformat()
    assert dated(moment.isoformat()) == moment.date().isoformat()
    assert dated(moment.isoformat(), "%A %B") == f"{DAYS[moment.weekday()]} {MONTHS[moment.month - 1]}"
    if zone is not None:
        assert moment.isoformat().endswith(dated(moment.isoformat(), "%z"))


@given(st.dates(), st.dates())
def test_days_between_dates(due: date, today: date) -> None:
    assert text_of("{{ due | days_until(today) }}", due=due.isoformat(), today=today.isoformat()) == str(
        (due - today).days
    )


def test_names_are_english_in_every_locale() -> None:
    before = locale.setlocale(locale.LC_TIME)
    try:
        for name in ("de_DE.UTF-8", "ja_JP.UTF-8", "C"):
            with suppress(locale.Error):
                locale.setlocale(locale.LC_TIME, name)
                assert [dated(f"2026-{month:02}-01", "%B") for month in range(1, 13)] == list(MONTHS)
    finally:
        locale.setlocale(locale.LC_TIME, before)
    if before in ("C", "en_US.UTF-8"):
        assert list(calendar.month_name)[1:] == list(MONTHS)
        assert list(calendar.day_name) == list(DAYS)


READS = "it reads 2026-11-22, 2026-11-22T09:30 or 2026-11-22T09:30:00+01:00"
CODES_OF_A_DATE = "codes of a date: %Y %y %m %-m %B %b %d %-d %A %a %%"


@pytest.mark.parametrize("trust", [OWN, FOREIGN])
@pytest.mark.parametrize(
    ("source", "what", "hint"),
    [
        ("{{ word | date }}", "'tomorrow' is no date in ISO form", READS),
        ("{{ '2026-02-30' | date }}", "'2026-02-30' is no date in ISO form", READS),
        ("{{ '20260230' | date }}", "'20260230' is no date in ISO form", READS),
        ("{{ '2026-02-03T25:00' | date }}", "'2026-02-03T25:00' is no date in ISO form", READS),
        ("{{ '2026-02-03T05:00+29:00' | date }}", "'2026-02-03T05:00+29:00' is no date in ISO form", READS),
        ("{{ '٢026-02-03' | date }}", "'٢026-02-03' is no date in ISO form", READS),
        ("{{ '2026-02-03\\n' | date }}", "'2026-02-03\\n' is no date in ISO form", READS),
        ("{{ (word * 100) | date }}", f"{'tomorrow' * 7 + 'tomo'!r} is no date in ISO form", READS),
        ("{{ n | date }}", "date reads ISO text, and this is a number", READS),
        ("{{ l | date }}", "date reads ISO text, and this is a list", READS),
        (
            "{{ z | date }}",
            "date reads ISO text, and this is None",
            "test it first: {% if due %}{{ due | date }}{% endif %}",
        ),
        ("{{ d.q | date }}", "no key 'q' here",
         'keys here: none; a key that may be missing: {{ value.key | default("…") }}'),
        ("{{ due | date(5) }}", "the format of a date is a text", 'write {{ due | date("%d %B %Y") }}'),
        ("{{ due | date(word ~ '%H') }}", "a date has no time, and '%H' asks for it", CODES_OF_A_DATE),
        (
            "{{ when | date(word ~ '%z') }}",
            "this time says no zone, and '%z' asks for it",
            "give it with its zone, 2026-11-22T09:30:00+01:00, or leave %z out",
        ),
        (
            "{{ due | date(word * 30) }}",
            "the format of a date has more than 200 characters",
            "write the words around the filter",
        ),
        ("{{ due | days_until('') }}", "'' is no date in ISO form", READS),
        (
            "{{ due | days_until(when) }}",
            "days_until counts between dates, and this one has a time",
            "write {{ due | date | days_until(today | date) }}",
        ),
    ],
)  # fmt: skip
def test_what_is_no_date_says_so(trust: str, source: str, what: str, hint: str) -> None:
    values: dict[str, object] = {
        "word": "tomorrow",
        "due": DUE,
        "when": "2026-11-02T15:04",
        "z": None,
        "d": {},
        "n": 5,
        "l": [],
    }
    with pytest.raises(RenderFailed) as caught:
        text_of(f"one\n{source}", trust, **values)
    assert (caught.value.what, caught.value.hint) == (what, hint)
    assert caught.value.where is not None
    assert (caught.value.where.line, caught.value.where.column) == (2, 4)


@pytest.mark.parametrize("code", ["%Q", "%", "%-", "%-B", "%j", "%c", "%\n"])
def test_a_format_is_looked_at_when_the_prompt_is_defined(code: str) -> None:
    source = f"{{{{ due | date({'%d ' + code!r}) }}}}"
    with pytest.raises(InvalidPrompt) as caught:
        compile_pieces((user(source),))
    known = " ".join({**DATE_CODES, **TIME_CODES})
    assert caught.value.what.startswith(f"the format of a date has no {code!r}")
    assert caught.value.hint == f"codes: {known}"
    assert caught.value.where is not None
    assert caught.value.where.column == 15
    with pytest.raises(TemplateRejected):
        compile_pieces((user(source),), trust=FOREIGN)


def test_a_date_that_is_declared_has_no_time() -> None:
    template = compile_pieces((user("{{ due | date('%H') }}{{ n | date }}{{ n | days_until(due) }}"),))
    inputs = (Input(name="due", type=InputType(kind="date")), Input(name="n", type=InputType(kind="integer")))
    with pytest.raises(InvalidPrompt) as caught:
        check(template, inputs)
    assert [(each.what, each.hint) for each in (caught.value, *caught.value.others)] == [
        ("a date has no time, and '%H' asks for it", CODES_OF_A_DATE),
        ("n is an integer, and date reads a date", "declare it as a date or datetime"),
        ("n is an integer, and days_until reads a date", "declare it as a date"),
    ]
    timed = (Input(name="due", type=InputType(kind="datetime")), Input(name="n", type=InputType(kind="string")))
    check(template, timed)


class Order(BaseModel):
    due: date
    at: datetime
    today: date


def test_dates_of_a_model_arrive_as_iso_text() -> None:
    prompt = Prompt.define(
        Order,
        user("Due {{ due | date('%-d %B') }} at {{ at | date('%H:%M %z') }}; {{ due | days_until(today) }} days left."),
    )
    rendered = prompt.render(
        due=date(2026, 12, 1), at=datetime(2026, 12, 1, 9, 30, tzinfo=timezone(timedelta(hours=1))), today="2026-11-22"
    )
    assert rendered.text == "Due 1 December at 09:30 +01:00; 9 days left."


def test_dates_are_weighed() -> None:
    """Thousands fit; a format that is long in a loop that is long does not."""
    rows = [DUE] * 5_000
    assert text_of("{{ rows | map('date', '%-d %b') | list | length }}", FOREIGN, rows=rows) == "5000"
    with pytest.raises(TemplateRejected) as caught:
        text_of("{% for r in rows %}{{ r | date(f) }}{% endfor %}", FOREIGN, rows=rows, f="%B" * 100)
    assert caught.value.rule == "steps"
