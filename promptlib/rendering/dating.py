"""The filters `date` and `days_until`: ISO text as people write dates, in English, without a clock or a locale."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from jinja2.runtime import Undefined

from promptlib.errors import RenderFailed
from promptlib.rendering.showing import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
#: A date that a template can compute with.
ISO = "%Y-%m-%d"
LONGEST_FORMAT = 200
_CODE = re.compile(r"%-?.?", re.DOTALL)
_MOMENT = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)(?:[T ](?P<time>\d\d:\d\d(?::\d\d)?)(?:\.\d{1,9})?(?P<zone>Z|[+-][0-2]\d:[0-5]\d)?)?",
    re.ASCII,
)


def _zone_of(moment: datetime) -> str:
    if moment.tzinfo is None:
        hint = "give it with its zone, 2026-11-22T09:30:00+01:00, or leave %z out"
        raise RenderFailed("this time says no zone, and '%z' asks for it", hint=hint)
    return moment.isoformat()[-6:]


#: What a format can ask of a date.
DATE_CODES: dict[str, Callable[[datetime], str]] = {
    "%Y": lambda moment: f"{moment.year:04}",
    "%y": lambda moment: f"{moment.year % 100:02}",
    "%m": lambda moment: f"{moment.month:02}",
    "%-m": lambda moment: str(moment.month),
    "%B": lambda moment: MONTHS[moment.month - 1],
    "%b": lambda moment: MONTHS[moment.month - 1][:3],
    "%d": lambda moment: f"{moment.day:02}",
    "%-d": lambda moment: str(moment.day),
    "%A": lambda moment: DAYS[moment.weekday()],
    "%a": lambda moment: DAYS[moment.weekday()][:3],
    "%%": lambda moment: "%",  # noqa: ARG005 - every code is called alike
}
#: What a format can ask of a date with a time only.
TIME_CODES: dict[str, Callable[[datetime], str]] = {
    "%H": lambda moment: f"{moment.hour:02}",
    "%-H": lambda moment: str(moment.hour),
    "%I": lambda moment: f"{moment.hour % 12 or 12:02}",
    "%-I": lambda moment: str(moment.hour % 12 or 12),
    "%p": lambda moment: "PM" if moment.hour > 11 else "AM",  # noqa: PLR2004 - noon
    "%M": lambda moment: f"{moment.minute:02}",
    "%S": lambda moment: f"{moment.second:02}",
    "%z": _zone_of,
}
_CODES = DATE_CODES | TIME_CODES


def dated(value: object, format: object = ISO) -> str:  # noqa: A002 - what templates call it
    """Return the ISO text *value*, a date or a date and time, as *format* says: `%d %B %Y`.

    Names are English wherever it runs, the time is told as it is written, in its own zone. Raises `RenderFailed` for
    what is no such text and for a format that asks what is not known.
    """
    if not isinstance(format, str):
        raise RenderFailed("the format of a date is a text", hint='write {{ due | date("%d %B %Y") }}')
    moment, timed = _moment(value, "date")
    problem = format_problem(format, timed=timed)
    if problem is not None:
        raise RenderFailed(problem[0], hint=problem[1])
    return _CODE.sub(lambda code: _CODES[code[0]](moment), format)


def format_problem(written: str, *, timed: bool = True) -> tuple[str, str] | None:
    """Return what is wrong with a format, and what to do; *timed* where the value has a time."""
    if len(written) > LONGEST_FORMAT:
        return f"the format of a date has more than {LONGEST_FORMAT} characters", "write the words around the filter"
    for code in _CODE.findall(written):
        if code not in _CODES:
            return f"the format of a date has no {code!r}", f"codes: {' '.join(_CODES)}"
        if not timed and code in TIME_CODES:
            return f"a date has no time, and {code!r} asks for it", f"codes of a date: {' '.join(DATE_CODES)}"
    return None


def days_until(value: object, today: object) -> int:
    """Return how many days the ISO date *value* is after the ISO date *today*; fewer than none when it is before.

    Raises `RenderFailed` for what is no date, and for a date with a time, which may be another day elsewhere.
    """
    days = []
    for each in (value, today):
        moment, timed = _moment(each, "days_until")
        if timed:
            hint = "write {{ due | date | days_until(today | date) }}"
            raise RenderFailed("days_until counts between dates, and this one has a time", hint=hint)
        days.append(moment.toordinal())
    return days[0] - days[1]


def _moment(value: object, name: str) -> tuple[datetime, bool]:
    """Return what *value* says, and whether it says a time; the filter *name* asks."""
    if isinstance(value, Undefined):
        str(value)  # a name that is not there says so by itself
    hint = "it reads 2026-11-22, 2026-11-22T09:30 or 2026-11-22T09:30:00+01:00"
    if not isinstance(value, str):
        hint = "test it first: {% if due %}{{ due | date }}{% endif %}" if value is None else hint
        raise RenderFailed(f"{name} reads ISO text, and this is {kind_of(value)}", hint=hint)
    found = _MOMENT.fullmatch(value)
    try:
        if found is None:
            raise ValueError  # noqa: TRY301 - told below, as for a 31st of February
        moment = datetime.fromisoformat(f"{found['day']}T{found['time'] or '00:00'}")
        return moment.replace(tzinfo=_zone(found["zone"])), found["time"] is not None
    except ValueError as error:
        raise RenderFailed(f"{value[:60]!r} is no date in ISO form", hint=hint) from error


def _zone(written: str | None) -> tzinfo | None:
    if written is None:
        return None
    if written == "Z":
        return UTC
    hours, minutes = int(written[1:3]), int(written[4:])
    return timezone((-1 if written[0] == "-" else 1) * timedelta(hours=hours, minutes=minutes))
