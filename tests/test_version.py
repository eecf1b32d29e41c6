"""Versions: how they are shown and named, and git's moments."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptlib.refs import Pin, Ref
from promptlib.version import Version, instant

DIGEST = "sha256:3f9c2a1b" + "0" * 56
VERSION = Version(
    name="support/triage",
    number=3,
    digest=DIGEST,
    commit="c" * 40,
    author="Ada",
    email="ada@example.org",
    time=datetime(2026, 5, 3, 14, 0, tzinfo=UTC),
    message="Ask for the order number first",
)


def test_it_is_shown_by_name_number_and_the_start_of_its_digest() -> None:
    assert str(VERSION) == "support/triage v3 (3f9c2a1b)"
    assert str(replace(VERSION, provisional=True)) == "support/triage v3~ (3f9c2a1b)"
    assert str(replace(VERSION, number=None)) == "support/triage v? (3f9c2a1b)"


def test_its_ref_and_pin_name_the_content() -> None:
    assert VERSION.ref == "support/triage@v3#3f9c2a1b"
    assert replace(VERSION, number=None).ref == "support/triage#3f9c2a1b"
    assert Ref.parse(VERSION.ref) == Ref("support/triage", number=3, prefix="3f9c2a1b")
    assert VERSION.pin == Pin("support/triage", DIGEST)


def test_it_is_frozen_and_hashable_and_survives_a_pickle() -> None:
    as_any: Any = VERSION
    with pytest.raises(FrozenInstanceError):
        as_any.number = 4
    again = pickle.loads(pickle.dumps(VERSION))  # noqa: S301 - made above
    assert again == VERSION
    assert hash(again) == hash(VERSION)


def test_what_a_save_made_of_it_is_no_part_of_it() -> None:
    assert replace(VERSION, outcome="unchanged") == VERSION


@pytest.mark.parametrize(
    ("seconds", "zone", "text"),
    [
        (0, "+0000", "1970-01-01T00:00:00+00:00"),
        (1_700_000_000, "+0200", "2023-11-15T00:13:20+02:00"),
        (1_700_000_000, "-0530", "2023-11-14T16:43:20-05:30"),
        (-1, "+0000", "1969-12-31T23:59:59+00:00"),
        (0, "0", "1970-01-01T00:00:00+00:00"),
        (0, "-0045", "1969-12-31T23:15:00-00:45"),
    ],
)
def test_moments_keep_their_zone(seconds: int, zone: str, text: str) -> None:
    assert instant(seconds, zone).isoformat() == text


@pytest.mark.parametrize("zone", ["+2400", "-9959", "+051800", "-7200"])
def test_a_zone_that_cannot_be_reads_as_utc(zone: str) -> None:
    assert instant(86_400, zone).isoformat() == "1970-01-02T00:00:00+00:00"


@pytest.mark.parametrize(("seconds", "year"), [(10**18, 9999), (-(10**18), 1)])
def test_a_moment_outside_of_the_calendar_is_the_nearest_inside(seconds: int, year: int) -> None:
    assert {instant(seconds, zone).year for zone in ("+0000", "-2359", "+2359")} == {year}


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)), st.integers(-1439, 1439))  # noqa: DTZ001 - hypothesis wants them bare
def test_any_moment_and_zone_agree_with_arithmetic(moment: datetime, minutes: int) -> None:
    moment = moment.replace(microsecond=0)
    sign, hours, rest = ("-" if minutes < 0 else "+"), *divmod(abs(minutes), 60)
    found = instant(int(moment.timestamp()), f"{sign}{hours:02}{rest:02}")
    assert found == moment
    assert found.utcoffset() == timedelta(minutes=minutes)
